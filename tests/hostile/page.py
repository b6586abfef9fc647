"""The comparison as text: a table for the terminal, and docs/reliability.md around it."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Callable, Sequence

from .case import KINDS, PROMISED
from .cases import CASES
from .clients import CLIENTS
from .tally import Tally

__all__ = ["page", "table"]


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


def _gets(one: Tally) -> str:
    return f"{one.gets[0]:,} of {one.gets[1]:,}" if one.gets[1] else "not asked"


_ROWS: list[tuple[str, Callable[[Tally], str]]] = [
    ("version", lambda one: one.version),
    ("cases played", lambda one: f"{one.played:,}"),
    ("not possible with it", lambda one: str(len(one.unsupported))),
    ("**foreign exceptions**", _count("foreign")),
    (f"**past a deadline by more than {PROMISED} s**", _late),
    ("**leaked credentials**", _count("credential")),
    ("**leaked descriptors, tasks, threads**", _count("descriptor")),
    ("**poisoned answers**", _count("poisoned")),
    ("**lost requests**", _count("lost")),
    ("GETs lost at a server that drops connections", _gets),
    ("**duplicated requests**", _count("duplicated")),
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
    """For each promise, in how many of its cases one of the counted things went wrong."""
    lines = [
        "| promise | cases | " + " | ".join(one.client for one in tallies) + " |",
        "|---|---|" + "---|" * len(tallies),
    ]
    promises = list(dict.fromkeys(case.promise.partition(".")[0] for case in CASES.values()))
    for promise in sorted(promises, key=lambda name: int(name[1:])):
        names = [n for n, case in CASES.items() if case.promise.partition(".")[0] == promise]
        cells = [str(sum(_counted(one, name) for name in names)) for one in tallies]
        lines.append(f"| {promise} | {len(names)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _counted(one: Tally, name: str) -> bool:
    ours = one.client.startswith("ulak")
    return any(ours or broken.kind != "other" for broken in one.broken.get(name, []))


def page(tallies: Sequence[Tally]) -> str:
    """docs/reliability.md."""
    today = datetime.datetime.now(datetime.UTC).date()
    deadlines = "\n".join(
        f"| {one.client} | {CLIENTS[one.client].deadline} | {one.seconds:.0f} |" for one in tallies
    )
    kinds = "\n".join(f"- *{kind}*: {text}." for kind, text in KINDS.items())
    return f"""\
# Reliability

What HTTP clients do when a server is slow, broken or hostile: {len(CASES):,} cases, the same for every client, each with a server of its own on loopback that does one thing wrong. A number says in how many of the cases it went so.

This page is written by `python -m tests.hostile --write`; the run of {today} was on {platform.system()} {platform.machine()} with {os.cpu_count()} processors and Python {platform.python_version()}. [The threat model](threat-model.md) says which promise each case tests; `python -m tests.hostile --list` lists them all, and `python -m tests.hostile --client requests --verbose` shows each that was not kept.

{table(tallies)}

## By promise

In how many cases of each promise one of the above happened. What only ulak has promised, such as the class of an error, is not held against others.

{_by_promise(tallies)}

## What is counted

{kinds}

A case may count in several rows. `poisoned` is what RFC 9112 calls an error; where it lets a reader be lenient, as with a bare LF, or where the limit is ulak's own, an answer counts for nothing with the other clients.

## How to read it

- The cases were written for ulak's promises, by those who made them. Other clients promise less in places: requests and httpx say of their timeouts that they are no deadlines. The numbers compare the promises as much as the clients. Corrections are welcome.
- Each client is used as its documentation says, in a process of its own whose descriptors and threads are counted before and after each case. aiohttp is given a jar that takes cookies of addresses, as the others do.
- *Foreign* is an exception that is not of the client's own family: for requests and niquests `RequestException`; for httpx `HTTPError`, `InvalidURL`, `CookieConflict` and `StreamError`; for aiohttp `ClientError` and `TimeoutError`. A `ValueError` for a bad argument may be that client's intention all the same.
- A client with no deadline was given the same number as its timeout. A server that drips ends two seconds after the deadline, so the longest time says no more than that the client was still waiting then.
- What was late was played once more by itself, and the better time counts.
- httpx, requests, niquests and aiohttp were not asked what they need further packages for (SOCKS), or have no setting for (retries of a call).

| client | the deadline of a case is given as | seconds for all cases |
|---|---|---|
{deadlines}
"""
