"""``python -m tests.torture.soak``: requests of all kinds for minutes, and nothing left of them.

Rounds of threads, of tasks on asyncio and of tasks on uvloop take turns.  A third of the
requests goes by a relay that breaks connections; some are cancelled, cut off by another
thread or run out of time; connections are dropped, answers are redirected and retried,
bodies are of nothing to 300 KB.  Every body is compared with the one that belongs to it.
Between the rounds no socket, task or thread may be left, and memory is looked at: over the
second half it may grow by :data:`GROWTH` and :data:`SLOPE` for each request.  What is wrong
is said, and the command ends with 1.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from urllib3.util import Retry

import ulak
from tests.support import Certificates
from tests.support.child_server import ChildServer, body_of
from tests.support.loops import LOOPS, Loop
from tests.torture.relay import Relay
from tests.transport.async_soak import HOWS, Soak, memory, sockets
from ulak.adapters import HTTPAdapter

__all__ = ["main"]

#: Bytes by which memory may grow over the second half, in all and for each request.
GROWTH, SLOPE = 4 << 20, 16
THREADS, CONNECTIONS = 12, 8
#: How long threads send in one round, and how many requests tasks do.
ROUND, TASKS = 3.0, 1500
_WAYS = {"whole": 12, "streamed": 3, "in part": 2, "cut off": 2, "echo": 2, "echo in pieces": 2}


class Place(NamedTuple):
    """Where the requests go: to the server, or by what breaks connections."""

    server: ChildServer
    relay: Relay
    ca: Path


class Threads:
    """A session that many threads use until time is up.

    :param seed: of all that is random but for the timing.
    """

    def __init__(self, place: Place, seed: int) -> None:
        self._place = place
        self._seed = seed
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._ends: Counter[str] = Counter()
        self._failures: list[BaseException] = []

    def run(self, seconds: float) -> Counter[str]:
        """How many requests ended how.

        :raises AssertionError: when an answer is not what belongs to its URL.
        """
        adapter = HTTPAdapter(pool_maxsize=CONNECTIONS, pool_block=True)
        with ulak.Session(
            adapters={"https://": adapter, "http://": adapter},
            verify=str(self._place.ca),
            trust_env=False,
            timeout=ulak.Timeout(connect=10, read=10, pool=20),
        ) as session:
            threads = [
                threading.Thread(target=self._work, args=(session, Random(f"{self._seed} {n}")))
                for n in range(THREADS)
            ]
            for thread in threads:
                thread.start()
            if not self._over.wait(seconds / 2):
                session.close()  # in the middle of it all
                self._over.wait(seconds / 2)
            self._over.set()
            for thread in threads:
                thread.join()
            if self._failures:
                raise self._failures[0]
            self._check_pool(session)
        return self._ends

    def _check_pool(self, session: ulak.Session) -> None:
        """See that no place in the pool was lost."""
        url = f"{self._place.server.url}/pieces/600"
        soon = ulak.Timeout(10, pool=1)
        held = [session.get(f"{url}/{n}", stream=True, timeout=soon) for n in range(CONNECTIONS)]
        for response in held:
            assert response.content == body_of(response.request.path_url)

    def _work(self, session: ulak.Session, random: Random) -> None:
        number = 0
        try:
            while not self._over.is_set():
                number += 1
                end = self._one(session, random, f"{random.random()}-{number}")
                with self._lock:
                    self._ends[end] += 1
        except BaseException as error:
            self._failures.append(error)
            self._over.set()

    def _one(self, session: ulak.Session, random: Random, name: str) -> str:
        """Send a request, and tell how it ended."""
        breaks = random.random() < 0.3
        way = random.choices(list(_WAYS), list(_WAYS.values()))[0]
        server = self._place.relay if breaks else self._place.server
        root = server.tls_url if random.random() < 0.15 else server.url
        how = random.choices(["third", *HOWS], [2, *HOWS.values()])[0]
        if breaks and how == "end":  # which nobody can tell from a connection that broke
            how = "chunked"
        size = random.choice((0, 1, 300, 300, 300, 3000, 30_000, 300_000))
        settings: dict[str, Any] = {
            "retries": Retry(3, status_forcelist=[503], backoff_factor=0.001, read=0, connect=0)
        }
        if random.random() < 0.05:
            settings["proxies"] = {"all": self._place.server.url}
        may_be_late = random.random() < 0.05
        if may_be_late:
            settings["timeout"] = ulak.Timeout(total=random.uniform(0.0005, 0.02))
        try:
            self._ask(session, random, way, f"{root}/{how}/{size}/{name}", settings)
        except ulak.exceptions.SessionClosed:
            return "cut off"
        except ulak.exceptions.TotalTimeout:
            if not may_be_late:
                raise
            return "timed out"
        except ulak.RequestException:
            # The server closes connections unannounced, and a POST is not repeated.
            if not (breaks or way.startswith("echo") or way == "cut off"):
                raise
            return "broken"
        return "answered"

    def _ask(
        self, session: ulak.Session, random: Random, way: str, url: str, settings: dict[str, Any]
    ) -> None:
        if way.startswith("echo"):
            parts = url.split("/")
            path = f"/echo/{parts[-2]}/{parts[-1]}"
            body = body_of(path)
            data: Any = body if way == "echo" else _pieces(body)
            answer = session.post("/".join(parts[:3]) + path, data=data, **settings)
            assert answer.content == body, f"another body than that of {path}"
        elif way == "whole":
            response = session.get(url, **settings)
            _check(response, response.content)
        else:
            with session.stream("GET", url, **settings) as response:
                self._read(response, random, way)

    def _read(self, response: ulak.Response, random: Random, way: str) -> None:
        wanted = body_of(response.request.path_url)
        whole = b""
        timer = None
        if way == "cut off":
            timer = threading.Timer(random.uniform(0, 0.003), response.raw.shutdown)
            timer.start()
        try:
            for piece in response.iter_content(5000):
                whole += piece
                assert wanted.startswith(whole), f"another body than that of {response.url}"
                if way == "in part":
                    return
        finally:
            if timer is not None:
                timer.join()
        _check(response, whole)


def _pieces(body: bytes) -> Iterator[bytes]:
    return (body[at : at + 5000] for at in range(0, len(body), 5000))


def _check(response: ulak.Response, body: bytes) -> None:
    path = response.request.path_url
    assert response.status_code == 200, f"{response.status_code} for {path}"
    assert body == body_of(path), f"another body than that of {path}"


class Report:
    """What was counted, and what is wrong."""

    def __init__(self) -> None:
        self._sockets = sockets()
        self._threads = set(threading.enumerate())
        self._begun = time.monotonic()
        self.requests = 0
        self.ends: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._memory: list[tuple[int, int]] = []

    def add(self, ends: Counter[str]) -> None:
        """Count a round, and look at what it left."""
        self.requests += sum(ends.values())
        self.ends += ends
        gc.collect()
        self._memory.append((self.requests, memory()))
        left = sockets() - self._sockets
        if left:
            self.wrong.append(f"sockets left open: {left}")
        threads = set(threading.enumerate()) - self._threads
        if threads:
            self.wrong.append(f"threads left: {threads}")

    def say(self) -> None:
        """One line of progress."""
        print(
            f"{time.monotonic() - self._begun:5.0f} s  {self.requests:9,} requests  "
            f"{self._memory[-1][1] / 1e6:6.1f} MB  {len(sockets()):3} sockets  {dict(self.ends)}",
            flush=True,
        )

    def finish(self) -> int:
        """Say what it came to; the exit status."""
        half = self._memory[len(self._memory) // 2 :]
        count, growth = half[-1][0] - half[0][0], half[-1][1] - half[0][1]
        allowed = GROWTH + SLOPE * count
        print(
            f"memory grew by {growth:,} bytes over the last {count:,} requests: "
            f"{growth / max(1, count):.1f} a request; {allowed:,} are allowed"
        )
        if growth > allowed:
            self.wrong.append("memory grew too much")
        for wrong in self.wrong:
            print("WRONG ", wrong)
        print("nothing is wrong" if not self.wrong else "something is wrong")
        return 1 if self.wrong else 0


def _is_the_loops_own(said: dict[str, Any]) -> bool:
    """Whether a TLS handshake failed in the turn in which its task was cancelled.

    Event loops do not look at the failure then, and complain of that themselves.
    """
    lost = isinstance(said.get("exception"), ConnectionError)
    return lost and "never retrieved" in said["message"]


def _rounds(place: Place, report: Report, until: float, seed: int, tasks: int) -> None:
    """Rounds of each kind by turns, until time is up; one of each at the least."""
    number = 0
    while number == 0 or time.monotonic() < until:
        number += 1
        report.add(Threads(place, seed + number).run(min(ROUND, tasks / 500)))
        for name in LOOPS:
            soak = Soak(place.server, place.ca, tasks, seed + number, place.relay)
            loop = Loop(name, debug=False, overlooks=_is_the_loops_own)
            figures = loop.run(soak.run(), seconds=120)
            if figures.tasks or figures.threads:
                report.wrong.append(f"left by {name}: {figures.tasks} {figures.threads}")
            report.add(figures.ends)
        report.say()


def main(arguments: Sequence[str] | None = None) -> int:
    """What the command line asks for; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture.soak", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tasks", type=int, default=TASKS, help="requests of tasks in a round")
    given = parser.parse_args(arguments)
    until = time.monotonic() + given.seconds
    with ExitStack() as stack:
        certificates = Certificates(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        server = stack.enter_context(ChildServer(certificates))
        relay = stack.enter_context(Relay(server, given.seed))
        place = Place(server, relay, certificates.ca)
        report = Report()
        try:
            _rounds(place, report, until, given.seed, given.tasks)
        except Exception as error:
            report.wrong.append(f"{type(error).__name__}: {error}")
            report.add(Counter())
        return report.finish()


if __name__ == "__main__":
    sys.exit(main())
