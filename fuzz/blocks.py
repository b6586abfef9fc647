"""Some of the cases of a long run: what one of its processes does at a time."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import NamedTuple

from fuzz.targets import TARGETS

__all__ = ["Block", "Outcome", "run"]


class Block(NamedTuple):
    """Some of the cases of a run."""

    target: str
    seed: int
    number: int
    count: int


class Outcome(NamedTuple):
    """What came of a block."""

    count: int
    words: Counter[str]
    #: Cases that broke a rule, and how.
    broken: list[tuple[bytes, str]]


def run(block: Block) -> Outcome:
    """Make the cases of ``block``, and examine them."""
    target = TARGETS[block.target]
    random = Random(f"{block.target} {block.seed} {block.number}")
    words: Counter[str] = Counter()
    broken: list[tuple[bytes, str]] = []
    for _ in range(block.count):
        case = target.make(random)
        try:
            words[target.examine(case)] += 1
        except Exception as error:  # whatever it is, it should not be
            words["broken"] += 1
            broken.append((case, f"{type(error).__name__}: {error}"))
    return Outcome(block.count, words, broken)
