"""Many requests of all kinds, cancelled and timed out at random, and nothing left of them.

``python -m tests.transport.async_soak 100000 [SEED] [LOOP]`` runs so many and prints figures;
:mod:`tests.transport.test_async_soak` runs a few thousand.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import ulak
from tests.conftest import open_descriptors
from tests.support import Certificates
from tests.support.child_server import ChildServer, body_of
from tests.support.loops import Loop

__all__ = ["Soak", "run"]

#: How many requests are under way at once, and on how many connections at most.
TASKS, CONNECTIONS = 32, 20
#: How many times memory is looked at.
SAMPLES = 40

#: What is asked for, and how often.
HOWS = {"plain": 10, "chunked": 4, "gzip": 3, "pieces": 2, "close": 1, "end": 1, "moved": 2}
WAYS = {"whole": 12, "streamed": 3, "in part": 2, "dropped": 2, "echo": 2, "echo in pieces": 2}
FATES = {"": 14, "cancelled": 4, "cancelled soon": 2, "timed out": 1}


class Figures(NamedTuple):
    """What came of it."""

    requests: int
    seconds: float
    #: How many ended how.
    ends: Counter[str]
    #: Bytes of memory per request, over the second half.
    slope: float
    #: Bytes of memory at the end.
    memory: int
    #: Sockets that are open and were not before.
    descriptors: set[str]
    tasks: set[Any]
    threads: list[str]


class Soak:
    """Sends ``count`` requests to ``server``.

    :param server: has the URLs of a :class:`ChildServer`.
    :param seed: of all that is random but for the timing.
    :param by: also has such URLs, and may break what goes by it: a third of the requests does.
    """

    def __init__(
        self, server: ChildServer, ca: Path, count: int, seed: int = 1, by: Any = None
    ) -> None:
        self._server = server
        self._by = by
        self._ca = ca
        self._count = count
        self._random = Random(seed)
        self._begun = 0
        self._ends: Counter[str] = Counter()
        self._memory: list[tuple[int, int]] = []

    async def run(self) -> Figures:
        """Send them all.

        :raises AssertionError: when an answer is not what belongs to its URL.
        """
        threads = set(threading.enumerate())
        before = sockets()
        start = time.monotonic()
        adapter = ulak.AsyncHTTPAdapter(max_connections=CONNECTIONS)
        adapters = {"https://": adapter, "http://": adapter}
        limits = ulak.Timeout(connect=10, read=10, pool=20)
        async with ulak.AsyncSession(
            adapters=adapters, verify=str(self._ca), timeout=limits, trust_env=False
        ) as session:
            async with asyncio.TaskGroup() as group:
                for _ in range(TASKS):
                    group.create_task(self._work(session))
            seconds = time.monotonic() - start
            # All that were cancelled have left their connections: there is room for as many.
            urls = [f"{self._server.url}/late/100/{n}" for n in range(CONNECTIONS)]
            async with asyncio.timeout(10):
                for answer in await asyncio.gather(*map(session.get, urls)):
                    self._check(answer, answer.content)
        await asyncio.sleep(0.01)
        return Figures(
            self._begun,
            seconds,
            self._ends,
            self._slope(),
            self._memory[-1][1],
            sockets() - before,
            asyncio.all_tasks() - {asyncio.current_task()},
            [x.name for x in threading.enumerate() if x not in threads and "asyncio" not in x.name],
        )

    # One request after the other.

    async def _work(self, session: ulak.AsyncSession) -> None:
        while self._begun < self._count:
            self._begun += 1
            if self._begun % (self._count // SAMPLES or 1) == 0:
                gc.collect()
                self._memory.append((self._begun, memory()))
            self._ends[await self._one(session, self._begun)] += 1

    async def _one(self, session: ulak.AsyncSession, number: int) -> str:
        """Send a request, and tell how it ended."""
        way, how, fate = (self._choice(kinds) for kinds in (WAYS, HOWS, FATES))
        size = self._random.choice((0, 1, 300, 300, 300, 3000, 30_000, 300_000))
        breaks = self._by is not None and self._random.random() < 0.3
        if breaks and how == "end":  # which nobody can tell from a connection that broke
            how = "chunked"
        server = self._by if breaks else self._server
        root = server.tls_url if self._random.random() < 0.1 else server.url
        by_proxy = self._random.random() < 0.05
        settings: dict[str, Any] = {"proxies": {"all": self._server.url}} if by_proxy else {}
        if fate == "timed out":
            settings["timeout"] = ulak.Timeout(total=self._random.uniform(0.0005, 0.01))
        asked = self._ask(session, way, f"{root}/{how}/{size}/{number}", settings)
        if not fate.startswith("cancelled"):
            return await self._ended(asked, way, breaks)
        task = asyncio.ensure_future(asked)
        if fate == "cancelled":
            asyncio.get_running_loop().call_later(self._random.uniform(0, 0.01), task.cancel)
        else:
            for _ in range(self._random.randrange(12)):
                await asyncio.sleep(0)
            task.cancel()
        await asyncio.wait([task])
        return await self._ended(task, way, breaks)

    async def _ended(self, asked: Any, way: str, breaks: bool) -> str:
        try:
            await asked
        except asyncio.CancelledError:
            return "cancelled"
        except ulak.exceptions.TotalTimeout:
            return "timed out"
        except ulak.RequestException:
            if breaks:
                return "broken"
            # The server closes connections unannounced, and a POST is not repeated.
            if not way.startswith("echo"):
                raise
            return "connection closed under a POST"
        return "answered"

    async def _ask(
        self, session: ulak.AsyncSession, way: str, url: str, settings: dict[str, Any]
    ) -> None:
        if way.startswith("echo"):
            await self._echo(session, way, url, settings)
        elif way == "whole":
            response = await session.get(url, **settings)
            self._check(response, response.content)
        elif way == "dropped":
            response = await session.get(url, stream=True, **settings)
            if self._random.random() < 0.5:
                async for _ in response.aiter_content(100):
                    break
        else:
            async with session.stream("GET", url, **settings) as response:
                whole = b""
                async for piece in response.aiter_content(1000):
                    whole += piece
                    if way == "in part":
                        assert body_of(response.request.path_url).startswith(whole)
                        return
                self._check(response, whole)

    async def _echo(
        self, session: ulak.AsyncSession, way: str, url: str, settings: dict[str, Any]
    ) -> None:
        _, _, root, _, size, number = url.split("/")
        body = body_of(f"/echo/{size}/{number}")
        data: Any = body
        if way == "echo in pieces":
            data = pieces(body)
        where = f"{url.partition('//')[0]}//{root}/echo/{size}/{number}"
        answer = await session.post(where, data=data, **settings)
        assert answer.content == body, where

    def _check(self, response: ulak.AsyncResponse, body: bytes) -> None:
        path = response.request.path_url
        assert response.status_code == 200
        assert body == body_of(path), f"another body than that of {path}"

    def _choice(self, kinds: dict[str, int]) -> str:
        return self._random.choices(list(kinds), list(kinds.values()))[0]

    def _slope(self) -> float:
        """By least squares."""
        points = self._memory[len(self._memory) // 2 :]
        mean_x, mean_y = (sum(column) / len(points) for column in zip(*points, strict=True))
        above = sum((x - mean_x) * (y - mean_y) for x, y in points)
        return above / sum((x - mean_x) ** 2 for x, _ in points)


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), 5000):
        await asyncio.sleep(0)
        yield body[at : at + 5000]


def sockets() -> set[str]:
    """What sockets this process has open; a loop of its own opens other things when it likes."""
    return {what for what in open_descriptors().values() if what.startswith("socket:")}


def memory() -> int:
    """What this process has of the machine's memory now, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def run(loop: Loop, count: int, seed: int, certificates: Certificates) -> Figures:
    """Run it on ``loop``; ``loop`` sees to tasks and errors that nobody sees."""
    with ChildServer(certificates) as server:
        soak = Soak(server, certificates.ca, count, seed)
        return loop.run(soak.run(), seconds=60 + count / 50)


if __name__ == "__main__":
    arguments = dict(enumerate(sys.argv))
    with tempfile.TemporaryDirectory() as folder:
        figures = run(
            Loop(arguments.get(3, "asyncio"), debug=False),
            int(arguments.get(1, "100000")),
            int(arguments.get(2, "1")),
            Certificates(Path(folder)),
        )
    for name, value in figures._asdict().items():
        print(f"{name:12} {value}")
