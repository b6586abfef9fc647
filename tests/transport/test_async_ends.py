"""What ends something that waits: a deadline, a closed session, a fork, another loop."""

from __future__ import annotations

import asyncio
import gc
import io
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from urllib3.util import Retry

import ulak
from tests.support import RawConnection, free_port, stalled_port
from tests.support.loops import LOOPS, Loop, warmed_up
from ulak import async_adapters
from ulak.exceptions import SessionClosed, TotalTimeout

#: Seconds within which what is not waited for is done.
SOON = 2.0


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(request.param)


def answers(connection: RawConnection) -> None:
    while True:
        connection.recv_request()
        connection.respond(b"fine")


async def ended(task: asyncio.Task[Any]) -> BaseException | None:
    """What ``task`` raised, soon."""
    done, _ = await asyncio.wait([task], timeout=SOON)
    assert done, "it goes on"
    return task.exception()


# -- a body that takes its time to be sent again -----------------------------


class SlowFile(io.BytesIO):
    """Is read in a thread, until it is told to go on."""

    def __init__(self) -> None:
        super().__init__(b"x" * 10)
        self.may_go_on = threading.Event()

    def __len__(self) -> int:
        return 10

    def read(self, size: int | None = -1) -> bytes:
        self.may_go_on.wait(10)
        return super().read(size)


class File:
    """Like one on a slow disk: what a thread reads, a thread has to be waited for."""

    def __init__(self) -> None:
        self.slow = SlowFile()

    def read(self, size: int = -1) -> bytes:
        return self.slow.read(size)

    def tell(self) -> int:
        return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0


class AsyncFile:
    """Is read at once, and never comes back to its start."""

    def __init__(self) -> None:
        self.pieces = [b"abc", b""]
        self.slow = SlowFile()

    async def read(self, size: int = -1) -> bytes:
        return self.pieces.pop(0)

    async def tell(self) -> int:
        return 0

    async def seek(self, offset: int) -> int:
        await asyncio.sleep(30)
        return 0


class MuteFile(AsyncFile):
    """Does not even say where it is."""

    async def tell(self) -> int:
        await asyncio.sleep(30)
        return 0


def moves(connection: RawConnection) -> None:
    """Answer before the body has come."""
    connection.recv_head()
    connection.send(b"HTTP/1.1 307 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
    connection.wait_closed()


@pytest.mark.parametrize("kind", [File, AsyncFile, MuteFile])
@pytest.mark.parametrize("end", ["the deadline", "closing"])
def test_what_ends_the_rewinding_of_a_body(loop: Loop, start_raw_server, kind, end: str) -> None:
    url = start_raw_server(moves).url

    async def main() -> None:
        body = kind()
        total = 0.3 if end == "the deadline" else None
        async with ulak.AsyncSession(timeout=ulak.Timeout(total=total)) as session:
            task = asyncio.create_task(session.post(url, data=body))
            if end == "closing":
                while not session._waits:
                    await asyncio.sleep(0.01)
                await session.close()
            assert type(await ended(task)) is (SessionClosed if end == "closing" else TotalTimeout)
        body.slow.may_go_on.set()

    loop.run(main())


# -- a body that makes something else of its cancellation --------------------


def test_a_body_that_turns_its_cancellation_into_an_error(loop: Loop, start_raw_server) -> None:
    """The server's answer counts, and the caller's task is not taken for a cancelled one."""

    is_asked = threading.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        is_asked.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise ValueError("mine") from None

    def refuses(connection: RawConnection) -> None:
        connection.recv_head()
        connection.wait(is_asked)
        connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        connection.wait_closed()

    async def main(url: str) -> None:
        task = asyncio.current_task()
        assert task is not None
        async with ulak.AsyncSession() as session:
            assert (await session.post(url, data=body())).status_code == 413
            assert not task.cancelling()

    loop.run(main(start_raw_server(refuses).url))


# -- closing -----------------------------------------------------------------


def test_closing_ends_a_request_that_was_just_given_a_place(loop: Loop, start_raw_server) -> None:
    async def main(url: str, nowhere: str) -> None:
        adapter = ulak.AsyncHTTPAdapter(max_connections=1)
        session = ulak.AsyncSession(adapters={"http://": adapter}, timeout=None)
        response = await session.get(url, stream=True)
        waiting = asyncio.create_task(session.get(nowhere))
        while not adapter._pools[asyncio.get_running_loop()]._book._waiting:
            await asyncio.sleep(0)
        await response.aclose()
        await session.close()
        assert type(await ended(waiting)) is SessionClosed

    def big(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        connection.wait_closed()

    with stalled_port() as port:
        loop.run(main(start_raw_server(big).url, f"http://127.0.0.1:{port}/"))


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # by a loop that was closed too soon
def test_closing_after_a_loop_was_closed_in_the_middle_of_a_pause(start_raw_server) -> None:
    def busy(connection: RawConnection) -> None:
        while True:
            asks = connection.recv_request().head.split()[1]
            status = b"503 Busy" if asks == b"/busy" else b"200 OK"
            connection.send(b"HTTP/1.1 %b\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n" % status)

    url = start_raw_server(busy).url
    session = ulak.AsyncSession(retries=Retry(3, status_forcelist=[503]))
    first = asyncio.new_event_loop()
    task = first.create_task(session.get(f"{url}/busy"))

    async def until_it_waits() -> None:
        while not session._waits:
            await asyncio.sleep(0.01)

    async def again() -> None:
        assert (await session.get(url)).ok
        await session.close()
        assert not session.get_adapter(url)._is_open

    first.run_until_complete(until_it_waits())
    first.close()
    asyncio.run(again())
    assert not task.done()
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is left behind on purpose
    del task, first
    gc.collect()


def test_a_pool_that_another_thread_has_closed_is_not_used_again(loop: Loop, http_server) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            assert (await session.get(f"{http_server.url}/get")).ok
            (pool,) = session.get_adapter("http://")._pools.values()
            pool.abort()  # and the adapter has not heard of it
            assert (await session.get(f"{http_server.url}/get")).ok

    loop.run(main())


# -- more origins than an adapter remembers ----------------------------------


def test_the_limit_of_a_host_outlasts_any_number_of_others(
    loop: Loop, start_raw_server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(async_adapters, "_MOST_ROUTES", 4)
    under_way, most = 0, 0
    lock = threading.Lock()
    may_answer = threading.Event()

    def counts(connection: RawConnection) -> None:
        nonlocal under_way, most
        while True:
            connection.recv_request()
            with lock:
                under_way += 1
                most = max(most, under_way)
            may_answer.wait(10)
            with lock:
                under_way -= 1
            connection.respond(b"fine")

    async def main(url: str) -> None:
        adapter = ulak.AsyncHTTPAdapter(max_connections_per_host=1)
        async with ulak.AsyncSession(adapters={"http://": adapter}) as session:
            first = asyncio.create_task(session.get(url))
            while not under_way:
                await asyncio.sleep(0.01)
            for number in range(2, 40):
                with pytest.raises(ulak.ConnectionError):
                    await session.get(f"http://127.0.0.{number}:{free}/")
            assert len(adapter._routes) <= 5
            second = asyncio.create_task(session.get(url))
            await asyncio.sleep(0)
            may_answer.set()
            assert [(await x).content for x in (first, second)] == [b"fine", b"fine"]

    free = free_port()
    server = start_raw_server(counts)
    loop.run(main(server.url))
    assert most == 1
    assert server.accepted == 1, "the kept connection is found again"


# -- a fork ------------------------------------------------------------------

_FORKED = """
import asyncio, importlib, os, sys
import ulak

url, kind = sys.argv[1:]
loop = importlib.import_module(kind).new_event_loop()
session = ulak.AsyncSession(timeout=5)

async def ask(who, count):
    for n in range(count):
        sent = f"{who} {n}".encode()
        assert (await session.post(url, data=sent)).content == sent, who

loop.run_until_complete(ask("before", 3))
child = os.fork()
if not child:
    asyncio.run(ask("child", 50))  # with the parent's session, on a loop of its own
    os._exit(0)
loop.run_until_complete(ask("parent", 50))
assert os.waitpid(child, 0)[1] == 0
loop.run_until_complete(session.close())
"""


@pytest.mark.parametrize("kind", LOOPS)
def test_a_forked_child_has_connections_of_its_own(start_raw_server, kind: str) -> None:
    def echoes(connection: RawConnection) -> None:
        while True:
            connection.respond(connection.recv_request().body)

    server = start_raw_server(echoes)
    command = [sys.executable, "-W", "ignore", "-c", _FORKED, server.url, kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    assert server.accepted == 2


_FORKED_IN_THE_SAME_LOOP = _FORKED.replace("asyncio.run(ask", "loop.run_until_complete(ask")


def test_a_forked_child_that_goes_on_with_the_loop_has_them_too(start_raw_server) -> None:
    """Such a loop is of little use, but answers may not be crossed on it either."""

    def echoes(connection: RawConnection) -> None:
        while True:
            connection.respond(connection.recv_request().body)

    server = start_raw_server(echoes)
    command = [sys.executable, "-W", "ignore", "-c", _FORKED_IN_THE_SAME_LOOP, server.url]
    done = subprocess.run(
        [*command, "asyncio"], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr


# -- deadlines are kept to ---------------------------------------------------


def test_a_deadline_while_a_thread_reads(loop: Loop, start_raw_server) -> None:
    """The thread cannot be stopped; who waits for it can."""
    url = start_raw_server(answers).url

    async def main() -> None:
        body = File()
        began = time.monotonic()
        async with ulak.AsyncSession(timeout=ulak.Timeout(total=0.3)) as session:
            with pytest.raises(TotalTimeout):
                await session.post(url, data=body)
        assert time.monotonic() - began < SOON
        body.slow.may_go_on.set()

    loop.run(main())
