"""Each call of the table comes to the same with both libraries, or an entry says why not."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests

import ulak

from .calls import CALLS
from .claims import Claim
from .differences import SECTIONS, Table, entries
from .observation import Observation, differences, observe, parts
from .page import COMMAND, PAGE, text
from .recorder import Recorder
from .stage import Raised, Stage

Difference = dict[str, tuple[Any, Any]]
Compare = Callable[[str], Difference]

CLAIMS = [(entry.id, claim) for entry in entries() for claim in entry.claims]


@pytest.fixture(scope="module")
def compare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compare]:
    """In which aspects the two libraries differ, by the name of a call."""
    for lib in ("requests", "ulak"):
        for name in ("adapters", "auth", "cookies", "exceptions", "models", "structures"):
            importlib.import_module(f"{lib}.{name}")
    with Recorder() as recorder, Recorder() as other:

        @cache
        def run(name: str) -> Difference:
            folder = tmp_path_factory.mktemp("call")
            theirs, ours = (
                _observe(lib, name, recorder, other, folder) for lib in (requests, ulak)
            )
            return differences(theirs, ours)

        yield run


def _observe(lib: Any, name: str, recorder: Recorder, other: Recorder, folder: Path) -> Observation:
    stage = Stage(lib, recorder, other, folder)
    try:
        try:
            result = parts(CALLS[name](stage))
        except Exception as error:
            result = parts(Raised(error))
    finally:
        stage.close()
    received = [*recorder.requests(), *other.requests()]
    return observe(received, result, {recorder.port: "PORT", other.port: "OTHER"})


@pytest.mark.parametrize("name", CALLS)
def test_call(name: str, compare: Compare) -> None:
    unexplained = {
        aspect: pair
        for aspect, pair in compare(name).items()
        if not any(claim.explains(name, aspect, *pair) for _, claim in CLAIMS)
    }
    shown = [
        f"{x}:\n  requests {theirs!r}\n  ulak     {ours!r}"
        for x, (theirs, ours) in unexplained.items()
    ]
    assert not unexplained, "\n".join(shown)


@pytest.mark.parametrize(
    ("entry", "claim"), CLAIMS, ids=[f"{entry}-{order}" for order, (entry, _) in enumerate(CLAIMS)]
)
def test_each_claim_is_needed(entry: str, claim: Claim, compare: Compare) -> None:
    seen = set()
    for name in claim.calls:
        explained = {
            aspect for aspect, pair in compare(name).items() if claim.explains(name, aspect, *pair)
        }
        assert explained, f"{entry}: {name!r} does not differ so any more"
        seen |= explained
    assert seen == set(claim.aspects), f"{entry}: no call differs in {set(claim.aspects) - seen}"


def test_each_entry_is_shown_or_says_why_it_cannot_be() -> None:
    for entry in entries():
        assert bool(entry.claims) != bool(entry.stated), entry.id
    assert len({entry.id for entry in entries()}) == len(list(entries()))


def test_each_difference_that_is_shown_has_a_reason() -> None:
    parts = [part for section in SECTIONS for part in section.parts]
    for part in parts:
        if isinstance(part, Table):
            assert "*Why:*" in part.introduction
        else:
            assert part.why or part.stated, part.id


def test_the_page_is_what_the_entries_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), f"write it anew: {COMMAND}"


def test_the_table_is_as_large_as_it_is_said_to_be() -> None:
    assert len(CALLS) > 1000
