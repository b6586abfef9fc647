"""The command line: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from . import async_report, asynchronous, processes, report, synchronous
from .async_peers import ASYNC_PEERS
from .peers import PEERS
from .scenarios import SCENARIOS, AnyScenario, AsyncScenario, ProcessScenario
from .servers import ROOT, running
from .target import MIB, Target


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
        (options.peers, list(dict.fromkeys(p.name for p in (*PEERS, *ASYNC_PEERS)))),
    ):
        if unknown := set(asked or ()) - set(there):
            parser.error(f"there is no {', '.join(sorted(unknown))}; there are: {', '.join(there)}")
    return options


def _list(text: str) -> list[str]:
    return text.split(",")


def main() -> None:
    """Run what was asked for and print a table for each scenario."""
    options = _arguments()
    size = (options.size or (16 if options.quick else 256)) * MIB
    pages = []

    def show(page: str) -> None:
        pages.append(page)
        print(page, flush=True)

    with running(size, bundled=options.bundled) as (target, server):
        show(report.heading(server, " ".join(["make bench", _given()]).strip(), size))
        for scenario in _chosen(options):
            if isinstance(scenario, AsyncScenario) and async_report.HEADING not in pages:
                show(async_report.HEADING)
            show(_measure(scenario, options, target))
    if options.write:
        path = Path(__file__).parent / "RESULTS.md"
        path.write_text("\n".join(pages), encoding="utf-8")
        print(f"written to {path.relative_to(ROOT)}")


def _chosen(options: argparse.Namespace) -> Iterator[AnyScenario]:
    """The scenarios as they were asked for."""
    for scenario in SCENARIOS:
        if not options.only or scenario.key in options.only:
            chosen = scenario.quick() if options.quick else scenario
            yield chosen._replace(rounds=options.rounds) if options.rounds else chosen


def _measure(scenario: AnyScenario, options: argparse.Namespace, target: Target) -> str:
    """Run a scenario; its table."""
    pythons = {"bench": sys.executable, "niquests": options.niquests_python}
    if isinstance(scenario, AsyncScenario):
        async_peers = [p for p in ASYNC_PEERS if not options.peers or p.name in options.peers]
        rows = asynchronous.measure(scenario, async_peers, pythons, target)
        return async_report.table(scenario, rows)
    peers = [p for p in PEERS if not options.peers or p.name in options.peers]
    if isinstance(scenario, ProcessScenario):
        results = processes.measure(scenario, peers, pythons, target)
    else:
        results = synchronous.measure(scenario, peers, pythons, target)
    return report.table(scenario, results)


def _given() -> str:
    """The arguments as one would hand them to make."""
    return f'ARGS="{" ".join(sys.argv[1:])}"' if sys.argv[1:] else ""


if __name__ == "__main__":
    main()
