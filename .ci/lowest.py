"""Print pip constraints that pin every dependency to the lowest version allowed.

Reads pyproject.toml beside the folder that this file is in; prints one line for
each requirement of the core and of the extras, ``>=`` made ``==``.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)>=(?P<lowest>[\w.]+)[^;]*(?P<marker>;.*)?")


def main() -> None:
    """Print the constraints."""
    text = Path(__file__).parent.parent.joinpath("pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"].values()
    for requirement in [*project["dependencies"], *(line for extra in extras for line in extra)]:
        if found := REQUIREMENT.fullmatch(requirement):
            print(f"{found['name']}=={found['lowest']}{found['marker'] or ''}")


if __name__ == "__main__":
    main()
