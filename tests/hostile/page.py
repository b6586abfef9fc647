"""The comparison as text: a table for the terminal, and docs/reliability.md around it.

The words of that page are in ``reliability.md.in``.
"""

from __future__ import annotations

import datetime
import os
import platform
import string
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from .case import KINDS, PROMISED
from .cases import CASES
from .clients import CLIENTS
from .tally import Tally, asked_of

__all__ = ["page", "table"]

_TEMPLATE = Path(__file__).with_name("reliability.md.in")


def _count(kind: str) -> Callable[[Tally], str]:
    return lambda one: str(one.counts[kind])


def _late(one: Tally) -> str:
    count = one.counts["late"]
    if not count:
        return "0"
    longest = "ended by us" if one.worst > 90 else f"{one.worst:.1f} s"
    return f"{count} (longest {longest})"


def _other(one: Tally) -> str:
    return str(one.counts["other"]) if one.client.startswith("ulak") else "not asked"


def _not_asked(one: Tally) -> int:
    return len(CASES) - len(asked_of(one.client, list(CASES.values())))


def _gets(one: Tally) -> str:
    return f"{one.gets[0]:,} of {one.gets[1]:,}" if one.gets[1] else "not asked"


_ROWS: list[tuple[str, Callable[[Tally], str]]] = [
    ("version", lambda one: one.version),
    ("cases played", lambda one: f"{one.played:,}"),
    ("cases not possible with it", lambda one: str(len(one.unsupported))),
    ("cases of settings that only ulak has", lambda one: str(_not_asked(one))),
    ("**foreign exceptions**", _count("foreign")),
    (f"**past a deadline by more than {PROMISED} s**", _late),
    ("**leaked credentials**", _count("credential")),
    ("**leaked descriptors, tasks, threads**", _count("descriptor")),
    ("**poisoned answers**", _count("poisoned")),
    ("**lost requests**", _count("lost")),
    ("GETs lost at a server that drops connections", _gets),
    ("**duplicated requests**", _count("duplicated")),
    ("uploads sent again without their body", _count("emptied")),
    ("injected lines or requests", _count("injected")),
    ("memory that grows with the answer", _count("memory")),
    ("cookies against RFC 6265bis", _count("cookie")),
    ("what only ulak has promised", _other),
]


def table(tallies: Sequence[Tally]) -> str:
    """The comparison; each number is of cases in which a promise was broken so."""
    lines = [
        "| | " + " | ".join(one.client for one in tallies) + " |",
        "|---|" + "---|" * len(tallies),
    ]
    lines += [
        f"| {name} | " + " | ".join(cell(one) for one in tallies) + " |" for name, cell in _ROWS
    ]
    return "\n".join(lines)


def _by_promise(tallies: Sequence[Tally]) -> str:
    """For each promise, in how many of the cases played one of the counted things went wrong."""
    lines = [
        "| promise | cases | " + " | ".join(one.client for one in tallies) + " |",
        "|---|---|" + "---|" * len(tallies),
    ]
    promises = list(dict.fromkeys(case.promise.partition(".")[0] for case in CASES.values()))
    for promise in sorted(promises, key=lambda name: int(name[1:])):
        names = [n for n, case in CASES.items() if case.promise.partition(".")[0] == promise]
        cells = [_of_promise(one, names) for one in tallies]
        lines.append(f"| {promise} | {len(names)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _of_promise(one: Tally, names: Sequence[str]) -> str:
    played = [name for name in names if name in one.broken]
    if not played:
        return "not asked"
    return f"{sum(_counted(one, name) for name in played)} of {len(played)}"


def _counted(one: Tally, name: str) -> bool:
    ours = one.client.startswith("ulak")
    return any(ours or broken.kind != "other" for broken in one.broken.get(name, []))


def _lacks(tallies: Sequence[Tally]) -> str:
    """For each client why cases were not possible with it, and how many."""
    lines = ["| client | what it has no way to do | cases |", "|---|---|---|"]
    for one in tallies:
        lines += [
            f"| {one.client} | {lack} | {count} |"
            for lack, count in Counter(one.unsupported.values()).most_common()
        ]
    return "\n".join(lines)


def page(tallies: Sequence[Tally]) -> str:
    """docs/reliability.md, of clients that were asked all cases that are for them."""
    today = datetime.datetime.now(datetime.UTC).date()
    deadlines = "\n".join(
        f"| {one.client} | {CLIENTS[one.client].deadline} | {one.seconds:.0f} |" for one in tallies
    )
    kinds = "\n".join(f"- *{kind}*: {text}." for kind, text in KINDS.items())
    return string.Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        cases=f"{len(CASES):,}",
        today=today,
        system=f"{platform.system()} {platform.machine()}",
        processors=os.cpu_count(),
        python=platform.python_version(),
        table=table(tallies),
        promises=_by_promise(tallies),
        lacks=_lacks(tallies),
        kinds=kinds,
        deadlines=deadlines,
    )
