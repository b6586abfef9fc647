"""The command line: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import processes, report, rounds
from .peers import PEERS
from .scenarios import SCENARIOS, Scenario
from .servers import ROOT, running
from .target import MIB


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    known = ", ".join(s.key for s in SCENARIOS)
    parser.add_argument("--quick", action="store_true", help="only see that it works (< 60 s)")
    parser.add_argument("--only", type=_list, help=f"these scenarios, of: {known}")
    parser.add_argument("--peers", type=_list, help="these clients, by name")
    parser.add_argument("--size", type=int, help="of big bodies, in MiB (256; 16 with --quick)")
    parser.add_argument("--rounds", type=int, help="instead of the scenario's own number")
    parser.add_argument("--bundled", action="store_true", help="leave nginx alone if it is here")
    parser.add_argument("--write", action="store_true", help="also write benchmarks/RESULTS.md")
    parser.add_argument(
        "--niquests-python",
        default=str(ROOT / ".venv-bench-niquests/bin/python"),
        help="the interpreter of the environment that niquests has to itself",
    )
    options = parser.parse_args()
    for asked, there in (
        (options.only, [s.key for s in SCENARIOS]),
        (options.peers, [p.name for p in PEERS]),
    ):
        if unknown := set(asked or ()) - set(there):
            parser.error(f"there is no {', '.join(sorted(unknown))}; there are: {', '.join(there)}")
    return options


def _list(text: str) -> list[str]:
    return text.split(",")


def main() -> None:
    """Run what was asked for and print a table for each scenario."""
    options = _arguments()
    peers = [p for p in PEERS if not options.peers or p.name in options.peers]
    pythons = {"bench": sys.executable, "niquests": options.niquests_python}
    size = (options.size or (16 if options.quick else 256)) * MIB
    pages = []
    with running(size, bundled=options.bundled) as (target, server):
        pages.append(report.heading(server, " ".join(["make bench", _given()]).strip(), size))
        print(pages[0], flush=True)
        for scenario in SCENARIOS:
            if options.only and scenario.key not in options.only:
                continue
            chosen = scenario.quick() if options.quick else scenario
            if options.rounds:
                chosen = chosen._replace(rounds=options.rounds)
            if isinstance(chosen, Scenario):
                results = rounds.measure(chosen, peers, pythons, target)
            else:
                results = processes.measure(chosen, peers, pythons, target)
            pages.append(report.table(chosen, results))
            print(pages[-1], flush=True)
    if options.write:
        path = Path(__file__).parent / "RESULTS.md"
        path.write_text("\n".join(pages), encoding="utf-8")
        print(f"written to {path.relative_to(ROOT)}")


def _given() -> str:
    """The arguments as one would hand them to make."""
    return f'ARGS="{" ".join(sys.argv[1:])}"' if sys.argv[1:] else ""


if __name__ == "__main__":
    main()
