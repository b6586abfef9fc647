"""tests/dropin/packages.toml: which packages there are, and why some of their tests fail.

Knows the file's keys, and nothing of how tests are run.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Difference", "Package", "packages"]

_FILE = Path(__file__).parent.parent / "packages.toml"


@dataclass(frozen=True)
class Difference:
    """Tests that fail with ulak alone, for one reason."""

    why: str
    tests: tuple[str, ...]

    def covers(self, test: str) -> bool:
        """Whether it is about ``test``: by its id, with its parameters or without."""
        return test in self.tests or test.partition("[")[0] in self.tests


@dataclass(frozen=True)
class Package:
    """One table of the file; its comments say what each key means."""

    name: str
    drive: str | None = None
    tests: str | None = None
    no_tests: str = "it publishes none"
    needs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: str = "shared"
    differences: tuple[Difference, ...] = ()

    def reason(self, test: str) -> str | None:
        """Why ``test`` fails with ulak alone, as far as the file says."""
        return next((each.why for each in self.differences if each.covers(test)), None)


def packages() -> dict[str, Package]:
    """All of them by name, in the file's order.

    :raises TypeError: for a key that there is not.
    """
    read = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {name: _package(name, table) for name, table in read.items()}


def _package(name: str, table: dict[str, Any]) -> Package:
    differences = tuple(
        Difference(" ".join(each["why"].split()), tuple(each["tests"]))
        for each in table.pop("differences", ())
    )
    settings = {
        key.replace("-", "_"): tuple(value) if isinstance(value, list) else value
        for key, value in table.items()
    }
    return Package(name, differences=differences, **settings)
