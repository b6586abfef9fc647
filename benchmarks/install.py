"""Install one dependency group of pyproject.toml, each requirement for itself.

A peer that cannot be had on this machine is named on stderr and left out; the
benchmark then lists it as absent.  Runs in the environment that it fills.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]


def main(group: str) -> None:
    """Install the requirements of ``group``: all at once, else one by one."""
    text = Path(__file__).parent.parent.joinpath("pyproject.toml").read_text(encoding="utf-8")
    requirements: list[str] = tomllib.loads(text)["dependency-groups"][group]
    if subprocess.run([*PIP, *requirements], check=False).returncode == 0:
        return
    for requirement in requirements:
        if subprocess.run([*PIP, requirement], check=False).returncode:
            print(f"{requirement} cannot be installed here: left out", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
