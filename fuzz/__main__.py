"""``python -m fuzz TARGET``: many random cases, none of which may break a rule.

    python -m fuzz answers --count 1000000 --jobs 2
    python -m fuzz answers --replay fuzz/findings/answers-1b2c3d4e

Every case comes from the seed, the block and the place in it, so that a run can be
repeated.  What breaks a rule, or raises anything but what the code says it raises, is
written to ``fuzz/findings``, and the command ends with 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fuzz.blocks import Block, Outcome, run
from fuzz.targets import TARGETS

__all__ = ["main"]

_BLOCK = 1000
_EVERY = 5.0  # seconds between two lines of progress
FINDINGS = Path(__file__).parent / "findings"


def _blocks(target: str, seed: int, count: int) -> Iterator[Block]:
    for number, start in enumerate(range(0, count, _BLOCK)):
        yield Block(target, seed, number, min(_BLOCK, count - start))


def _outcomes(blocks: Iterable[Block], jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        yield from map(run, blocks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(run, blocks)


def _keep(target: str, case: bytes) -> Path:
    FINDINGS.mkdir(exist_ok=True)
    path = FINDINGS / f"{target}-{zlib.crc32(case):08x}"
    path.write_bytes(case)
    return path


def _search(target: str, seed: int, count: int, jobs: int) -> int:
    """Run it with its progress; the exit status."""
    start = said = time.monotonic()
    done = broken = 0
    words: Counter[str] = Counter()
    for outcome in _outcomes(_blocks(target, seed, count), jobs):
        done += outcome.count
        words += outcome.words
        for case, what in outcome.broken:
            broken += 1
            print(f"BROKEN  {_keep(target, case)}  {what}", flush=True)
        if time.monotonic() - said > _EVERY:
            said = time.monotonic()
            print(f"{done:,} of {count:,}, {done / (said - start):,.0f}/s", flush=True)
    seconds = time.monotonic() - start
    print(f"{done:,} {target} in {seconds:.0f} s, seed {seed}: {broken} broke a rule")
    for word, number in words.most_common():
        print(f"{number:12,}  {word}")
    return 1 if broken else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """What the command line asks for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.split("\n", 1)[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--count", type=int, default=100_000, help="how many cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--replay", type=Path, help="examine the case in this file alone")
    given = parser.parse_args(arguments)
    if given.replay is not None:
        print(TARGETS[given.target].examine(given.replay.read_bytes()))
        return 0
    return _search(given.target, given.seed, given.count, given.jobs)


if __name__ == "__main__":
    sys.exit(main())
