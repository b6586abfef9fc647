"""docs/compatibility.md, from what was run.

Knows how the page reads; runs nothing but the drives of tests/dropin/ecosystem.
"""

from __future__ import annotations

import ast
import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from .results import FAILED, PASSED, SKIPPED, Comparison, outcomes
from .run import ROOT, CannotRun
from .table import Package

__all__ = ["PAGE", "write"]

PAGE = ROOT / "docs" / "compatibility.md"

_DRIVES = ROOT / "tests" / "dropin" / "ecosystem"
_PYTHON = ROOT / ".venv-ecosystem" / "bin" / "python"

_HEAD = """\
# Packages built on requests

What is built on requests runs on ulak unchanged, with [the drop-in](guide/dropin.md). \
This page is what was measured: it is written by

```console
$ make ecosystem
$ python -m tests.dropin.suites --write
```

which fails when a test fails with ulak alone and there is no reason for it here.
"""

_DRIVEN = """\
## Driven

The latest of each from PyPI, unchanged, in an environment where requests is not installed. \
The tests in `tests/dropin/ecosystem` go through what the package's own documentation shows, \
and look at what arrives at a server on this machine and what comes back. All of them pass.

| package | version | tests | what it is |
|---|---|---|---|
"""

_SUITES = """\
## Their own tests

The tests that packages publish in their source distributions, run twice on Python {python}: \
with requests {requests}, and with ulak in its place. *Fails in both* are tests that requests \
itself does not pass here, most because they ask the internet or want a server of their own. \
What is skipped asks for another system, or another version of something.

| package | version | passed | fails in both | with requests only | with ulak only | skipped |
|---|---|---|---|---|---|---|
"""


def write(packages: Iterable[Package], results: dict[str, Comparison]) -> None:
    """Write the page.

    :param results: by name, of those packages whose tests are run.
    :raises CannotRun: when a drive fails, or there is no environment for them.
    """
    packages = list(packages)
    parts = [_HEAD, _DRIVEN + "".join(_driven(packages)), _suites(packages, results)]
    parts += [_failures(package, results[package.name]) for package in packages if package.tests]
    text = "\n".join(part for part in parts if part)
    PAGE.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def _driven(packages: list[Package]) -> Iterable[str]:
    if not _PYTHON.exists():
        raise CannotRun("there is no .venv-ecosystem: run `make ecosystem` first")
    versions, counts = _versions(), _drive()
    for package in packages:
        if package.drive is not None:
            what = ast.get_docstring(ast.parse((_DRIVES / package.drive).read_text())) or "?"
            about = what.partition("\n")[0].partition(": ")[2] or what.partition("\n")[0]
            count = counts[package.drive.removesuffix(".py")]
            version = versions.get(_normal(package.name), "?")
            about = about.rstrip(".").replace("``", "`")
            yield f"| {package.name} | {version} | {count} | {about} |\n"


def _versions() -> dict[str, str]:
    command = [str(_PYTHON), "-m", "pip", "--disable-pip-version-check", "list", "--format=json"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return {_normal(each["name"]): each["version"] for each in json.loads(listed.stdout)}


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _drive() -> Counter[str]:
    """How many tests there are for each file of the drives, which have all to pass."""
    with tempfile.TemporaryDirectory() as folder:
        junit = Path(folder) / "junit.xml"
        command = [str(_PYTHON), "-m", "pytest", "-q", "-p", "ulak.dropin.pytest", "-W", "default"]
        command += ["--junitxml", str(junit), str(_DRIVES)]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=600)
        found = outcomes(junit)
    failed = [test for test, outcome in found.items() if outcome == FAILED]
    if failed:
        raise CannotRun(f"drives that fail: {', '.join(failed)}")
    return Counter(test.partition("::")[0].split(".")[3] for test in found)


def _suites(packages: list[Package], results: dict[str, Comparison]) -> str:
    some = next(iter(results.values()))
    lines = [_SUITES.format(python=some.python, requests=results["requests"].version)]
    for package in packages:
        if package.tests is None:
            continue
        found = results[package.name]
        columns = [
            package.name,
            found.version,
            found.count(PASSED),
            len(found.both),
            len(found.only_requests),
            len(found.only_ulak),
            found.count(SKIPPED),
        ]
        lines.append("| " + " | ".join(str(column) for column in columns) + " |\n")
    without = [f"{p.name} ({p.no_tests})" for p in packages if p.tests is None]
    if without:
        lines.append(f"\nThe tests of these are not run: {', '.join(without)}.\n")
    return "".join(lines)


def _failures(package: Package, found: Comparison) -> str:
    """Why tests of one package fail."""
    if not found.only_ulak and not found.both:
        return ""
    lines = [f"### {package.name} {found.version}\n"]
    for each in package.differences:
        covered = [test for test in found.only_ulak if each.covers(test)]
        if covered:
            lines.append(f"{each.why}\n\n" + _listed(covered))
    if found.both:
        lines.append("Fails with requests too:\n\n" + _listed(found.both))
    return "\n".join(lines)


def _listed(tests: list[str]) -> str:
    """The tests as a list, those that differ in their parameters once."""
    counts = Counter(test.partition("[")[0] for test in tests)
    return "".join(f"- `{test}`{f' ({n} times)' if n > 1 else ''}\n" for test, n in counts.items())
