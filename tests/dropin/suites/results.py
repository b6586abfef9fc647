"""What a run of a package's tests gave, and how two runs compare.

Reads pytest's JUnit files; remembers results as JSON, so that a page can be made of
runs at different times.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from .table import Package

__all__ = ["Comparison", "outcomes"]

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


def outcomes(junit: Path) -> dict[str, str]:
    """Each test's id and outcome; what could not be collected has failed."""
    found: dict[str, str] = {}
    for case in ElementTree.parse(junit).iter("testcase"):
        home, name = case.get("classname") or "", case.get("name") or ""
        test = f"{home}::{name}" if home else name
        if case.find("failure") is not None or case.find("error") is not None:
            outcome = FAILED
        else:
            outcome = SKIPPED if case.find("skipped") is not None else PASSED
        if found.get(test) != FAILED:  # a test that passes may fail when it is torn down
            found[test] = outcome
    return found


@dataclass(frozen=True)
class Comparison:
    """A package's tests with requests and with ulak."""

    package: str
    version: str
    python: str
    requests: dict[str, str] = field(default_factory=dict)
    ulak: dict[str, str] = field(default_factory=dict)

    def count(self, outcome: str) -> int:
        """Tests with this outcome, with ulak."""
        return sum(found == outcome for found in self.ulak.values())

    @property
    def only_ulak(self) -> list[str]:
        """Tests that pass with requests, and fail or are missing with ulak."""
        passed = (test for test, outcome in self.requests.items() if outcome == PASSED)
        return [test for test in passed if self.ulak.get(test, FAILED) == FAILED] + [
            test
            for test, outcome in self.ulak.items()
            if outcome == FAILED and test not in self.requests
        ]

    @property
    def both(self) -> list[str]:
        """Tests that fail with requests itself, and with ulak."""
        return [
            test
            for test, outcome in self.requests.items()
            if outcome == FAILED and self.ulak.get(test) == FAILED
        ]

    @property
    def only_requests(self) -> list[str]:
        """Tests that fail with requests itself, and pass with ulak."""
        return [
            test
            for test, outcome in self.requests.items()
            if outcome == FAILED and self.ulak.get(test) == PASSED
        ]

    def unexplained(self, package: Package) -> list[str]:
        """Failures with ulak alone for which the table has no reason."""
        return [test for test in self.only_ulak if package.reason(test) is None]

    def outdated(self, package: Package) -> list[str]:
        """Ids in the table that stand for no such failure any more."""
        failing = {part for test in self.only_ulak for part in (test, test.partition("[")[0])}
        return [test for each in package.differences for test in each.tests if test not in failing]

    def save(self, folder: Path) -> None:
        """Remember it; the folder has one file for each package."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=1)
        folder.joinpath(f"{self.package}.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, package: str) -> Comparison | None:
        """What was remembered of a package, if anything was."""
        file = folder / f"{package}.json"
        return cls(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None
