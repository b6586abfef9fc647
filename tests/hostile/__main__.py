"""The cases from the command line: list them, and compare clients by them.

    python -m tests.hostile                       ulak, both sessions
    python -m tests.hostile --client requests     the same, and requests beside it
    python -m tests.hostile --write               all clients; writes docs/reliability.md
    python -m tests.hostile --list                every case by the clause that it tests
    python -m tests.hostile --only 'deadline-*' --verbose

A client is played in the environment that it is installed in: ``make .venv-bench/.stamp`` and
``make .venv-bench-niquests/.stamp`` make those of the others.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
import tempfile
from pathlib import Path

from . import page
from .cases import CASES
from .clients import CLIENTS
from .promises import CLAUSES
from .remote import ROOT, version
from .servers import Wardrobe
from .tally import Tally, tally

_PAGE = ROOT / "docs" / "reliability.md"


def main() -> int:
    """Do what the command line says.

    :returns: 1 when ulak broke a promise, or the adapter of a client failed; then no page
        is written.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--client", action="append", choices=sorted(CLIENTS), default=[])
    parser.add_argument("--list", action="store_true", help="list the cases, and play none")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="cases of these names")
    parser.add_argument("--workers", type=int, default=6, help="cases played at once")
    parser.add_argument("--verbose", action="store_true", help="every promise that was broken")
    parser.add_argument("--write", action="store_true", help=f"write {_PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    if options.list:
        _list(options.only)
        return 0
    if options.write and options.only != "*":
        parser.error("the page is of all cases: --write does not go with --only")
    names = list(CLIENTS) if options.write else ["ulak", "ulak-async", *options.client]
    cases = [case for case in CASES.values() if fnmatch.fnmatch(case.name, options.only)]
    tallies: list[Tally] = []
    with tempfile.TemporaryDirectory() as folder:
        Wardrobe(Path(folder))
        for name in dict.fromkeys(names):
            found = version(name)
            if found is None:
                parser.error(
                    f"{name} is not in {CLIENTS[name].environment}; `make reliability` installs "
                    "the clients, each in the environment that it is looked for in"
                )
            tallies.append(tally(name, found, cases, options.workers))
            print(file=sys.stderr)
            if options.verbose:
                _explain(tallies[-1])
    print(page.table(tallies))
    failures = any(one.failures for one in tallies)
    if options.write and not failures:
        _PAGE.write_text(page.page(tallies), encoding="utf-8")
    ours = [one for one in tallies if one.client.startswith("ulak")]
    for one in tallies:
        if options.verbose:
            continue
        if one in ours:
            _explain(one)
        else:
            _explain_failures(one)
    return int(failures or any(any(one.broken.values()) for one in ours))


def _list(pattern: str) -> None:
    for clause, text in CLAUSES.items():
        print(f"{clause}  {text}")
        for case in CASES.values():
            if case.promise == clause and fnmatch.fnmatch(case.name, pattern):
                print(f"    {case.name}")


def _explain_failures(tally: Tally) -> None:
    for name, failure in tally.failures.items():
        print(f"{tally.client}: {name}: its adapter failed: {failure}")


def _explain(tally: Tally) -> None:
    _explain_failures(tally)
    for name, found in tally.broken.items():
        for one in found:
            print(f"{tally.client}: {name}: {one.kind}: {one.text[:160]!r}")


if __name__ == "__main__":
    sys.exit(main())
