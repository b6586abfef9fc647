"""How a worker drives an asynchronous peer: how many tasks at once, and to how many hosts.

A runner prepares a client (opens its connections, which is not measured) and
returns a coroutine function ``(repeats) -> (seconds, total bytes)``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

from .async_peers import AsyncPeer
from .target import SMALL, Target, around, gate, varying

#: How many requests are in flight where the scenario counts something else.
IN_FLIGHT = 50

#: Seconds for as many requests to be in flight as shall be.
PATIENCE = 60

_FILES = Path("/proc/self/fd")

AsyncRunner: TypeAlias = Callable[[int], Coroutine[Any, Any, tuple[float, int]]]
MakePeer: TypeAlias = Callable[[int | None], AsyncPeer]


async def in_flight(make: MakePeer, target: Target, level: int) -> AsyncRunner:
    """``level`` tasks on one client."""
    peer = make(None)
    await _open(peer, target, level)
    return _tasks(peer, varying(target.small), level)


async def hosts(make: MakePeer, target: Target, level: int) -> AsyncRunner:
    """Tasks that go round ``level`` hosts together."""
    peer = make(None)
    run = _tasks(peer, around(target.small, level), IN_FLIGHT)
    await run(max(level, IN_FLIGHT))
    return run


async def connections(make: MakePeer, target: Target, level: int) -> AsyncRunner:
    """Tasks on a client that has opened ``level`` connections and may have no more."""
    peer = make(level)
    before = _sockets()
    await _open(peer, target, level)
    run = _tasks(peer, varying(target.small), IN_FLIGHT)

    async def checked(repeats: int) -> tuple[float, int]:
        measured = await run(repeats)
        if _FILES.exists() and (held := _sockets() - before) < level:
            raise RuntimeError(f"holds {held} connections, not {level}")
        return measured

    return checked


async def stream(make: MakePeer, target: Target, level: int) -> AsyncRunner:
    """The big body, one after the other; ``level`` connections are open."""
    peer = make(None)
    await _open(peer, target, level)

    async def run(repeats: int) -> tuple[float, int]:
        start = perf_counter()
        total = 0
        for _ in range(repeats):
            total += await peer.stream(target.big)
        seconds = perf_counter() - start
        return seconds, _checked(total, repeats, target.big_size)

    return run


async def _open(peer: AsyncPeer, target: Target, level: int) -> None:
    """Open ``level`` connections: by so many requests that are answered when all are there."""
    url = gate(target.gates, f"{os.getpid()}", level)
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(peer.get(url) for _ in range(level)))
    except TimeoutError as error:
        raise RuntimeError(f"does not get {level} requests in flight") from error


def _tasks(peer: AsyncPeer, urls: Iterator[str], count: int) -> AsyncRunner:
    """``count`` tasks, each of which does one request after the other until all are done."""

    async def work(share: Iterator[str]) -> int:
        total = 0
        for url in share:
            total += await peer.get(url)
        return total

    async def run(repeats: int) -> tuple[float, int]:
        start = perf_counter()
        share = islice(urls, repeats)
        totals = await asyncio.gather(*(work(share) for _ in range(count)))
        seconds = perf_counter() - start
        return seconds, _checked(sum(totals), repeats, len(SMALL))

    return run


def _checked(total: int, repeats: int, size: int) -> int:
    """The total, if that is what it has to be."""
    if total != repeats * size:
        raise RuntimeError(f"{total} bytes instead of {repeats} times {size}")
    return total


def _sockets() -> int:
    """How many this process has open, where the system tells."""
    links = _FILES.iterdir() if _FILES.exists() else ()
    return sum(os.path.realpath(link).rpartition("/")[2].startswith("socket:") for link in links)


ASYNC_RUNNERS = {
    "in flight": in_flight,
    "hosts": hosts,
    "connections": connections,
    "stream": stream,
}
