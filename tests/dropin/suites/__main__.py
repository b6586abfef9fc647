"""``python -m tests.dropin.suites [package ...] [--write]``."""

from __future__ import annotations

import argparse
import sys

from .page import PAGE, write
from .results import FAILED, PASSED, SKIPPED, Comparison
from .run import ROOT, WORK, CannotRun, compare
from .table import Package, packages

_RESULTS = WORK / "results"


def main() -> int:
    """Run what is asked for; 0 when every failure with ulak alone has its reason."""
    known = packages()
    options = _options(list(known))
    chosen = options.packages or ([] if options.write and options.only_write else list(known))
    problems = 0
    for name in chosen:
        package = known[name]
        if package.tests is None:
            _say(f"{name}: not run: {package.no_tests}")
            continue
        _say(name)
        try:
            found = compare(package, _say)
        except CannotRun as error:
            _say(f"  cannot run: {error}")
            problems += 1
            continue
        found.save(_RESULTS)
        problems += _report(package, found)
    if options.write:
        problems += _write(list(known.values()))
    return 1 if problems else 0


def _options(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.dropin.suites",
        description="Run the tests that packages publish, with requests and with ulak.",
    )
    parser.add_argument("packages", nargs="*", metavar="package", help="which; all without")
    parser.add_argument("--write", action="store_true", help="write docs/compatibility.md")
    parser.add_argument(
        "--only-write", action="store_true", help="write it of the results that there are"
    )
    options = parser.parse_args()
    unknown = set(options.packages) - set(names)
    if unknown:
        parser.error(f"not in tests/dropin/packages.toml: {', '.join(sorted(unknown))}")
    options.write = options.write or options.only_write
    return options


def _report(package: Package, found: Comparison) -> int:
    """Tell how it went; gives how many failures the table does not explain, or explains away."""
    counts = [f"{found.count(outcome)} {outcome}" for outcome in (PASSED, FAILED, SKIPPED)]
    _say(f"  with ulak: {', '.join(counts)}; {len(found.both)} fail with requests too")
    unexplained, outdated = found.unexplained(package), found.outdated(package)
    for test in found.only_ulak:
        _say(f"    {'UNEXPLAINED' if test in unexplained else 'explained'} {test}")
    for test in outdated:
        _say(f"    IN THE TABLE, BUT DOES NOT FAIL {test}")
    return len(unexplained) + len(outdated)


def _write(known: list[Package]) -> int:
    results, problems = {}, 0
    for package in known:
        if package.tests is None:
            continue
        found = Comparison.load(_RESULTS, package.name)
        if found is None:
            _say(f"{package.name}: no result, so the page cannot be written")
            return 1
        results[package.name] = found
        problems += len(found.unexplained(package))
    if problems:
        _say(f"{problems} failures without a reason, so the page is not written")
        return problems
    try:
        write(known, results)
    except CannotRun as error:
        _say(f"cannot write the page: {error}")
        return 1
    _say(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
