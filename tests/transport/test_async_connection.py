"""One asynchronous connection: how much it takes, how long it waits, what it makes of an end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import hashlib
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from urllib3.util import Retry

import ulak
from tests.support import Certificates, RawConnection, RawServer, stalled_port
from tests.support.loops import LOOPS, Loop, warmed_up
from tests.support.routes import pattern
from ulak._transport.async_connection import AsyncConnection
from ulak.exceptions import (
    BodyReadTimeout,
    ContentDecodingError,
    IncompleteBody,
    TotalTimeout,
    WriteTimeout,
)

MIB = 1 << 20
#: More than sockets, TLS and the pieces of a body that wait may hold; far less than all of it.
A_LITTLE = 6 * MIB
OK = b"HTTP/1.1 200 OK\r\n"
FINE = OK + b"Content-Length: 4\r\n\r\nfine"
TOO_LARGE = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"

Script = Callable[[RawConnection], object]


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(request.param)


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def start(request: pytest.FixtureRequest, start_raw_server, certificates) -> Any:
    """Starts a scripted server, with TLS and without."""
    tls = certificates.server_context() if request.param else None
    return lambda script: start_raw_server(script, tls=tls)


@pytest.fixture
def narrow(certificates: Certificates) -> Callable[..., ulak.AsyncSession]:
    """A session that may have one connection only, whose socket holds little."""
    names = (socket.SO_RCVBUF, socket.SO_SNDBUF)

    def make(**settings: Any) -> ulak.AsyncSession:
        options = [(socket.SOL_SOCKET, name, 65536) for name in names]
        adapter = ulak.AsyncHTTPAdapter(max_connections=1, socket_options=options)
        return ulak.AsyncSession(
            adapters={"https://": adapter, "http://": adapter},
            verify=str(certificates.ca),
            **{"timeout": ulak.Timeout(connect=5, read=5, pool=2), **settings},
        )

    return make


def memory() -> int:
    """What this process has of the machine's memory now, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


async def settled(value: Callable[[], int]) -> int:
    """What ``value`` comes to, when it has not changed for some time."""
    last = -1
    while (now := value()) != last:
        last = now
        await asyncio.sleep(0.06)
    return now


async def endless(count: list[int], size: int = 65536) -> AsyncIterator[bytes]:
    block = bytes(size)
    while True:
        count[0] += size
        yield block


def says(*answers: bytes, close: bool = False) -> Script:
    """Answer each request with the next of these, and then no more."""

    def script(connection: RawConnection) -> None:
        for answer in answers:
            connection.recv_request()
            connection.send(answer)
        if not close:
            connection.wait_closed()

    return script


# -- as much as is taken -----------------------------------------------------


def test_a_body_that_nobody_takes_stays_with_the_server(loop: Loop, start, narrow) -> None:
    sent = [0]
    size = 64 * MIB
    block = pattern(65536)

    def script(connection: RawConnection) -> None:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.recv_request()
        connection.send(OK + b"Content-Length: %d\r\n\r\n" % size)
        while sent[0] < size:
            connection.send(block)
            sent[0] += len(block)
        connection.recv_request()
        connection.respond(b"fine")

    async def main(url: str) -> None:
        async with narrow() as session:
            async with session.stream("GET", url) as response:
                before = memory()
                assert 0 < await settled(lambda: sent[0]) < A_LITTLE
                pieces = response.aiter_content(100_000)
                digest = hashlib.sha256(await anext(pieces))
                assert await settled(lambda: sent[0]) < A_LITTLE
                async for piece in pieces:
                    digest.update(piece)
                assert memory() - before < 2 * A_LITTLE
            whole = hashlib.sha256()
            for _ in range(size // len(block)):
                whole.update(block)
            assert digest.digest() == whole.digest()
            assert (await session.get(url)).content == b"fine"

    server: RawServer = start(script)
    loop.run(main(server.url))
    assert server.accepted == 1


@pytest.mark.parametrize(
    ("kind", "tls"), [("iterator", False), ("iterator", True), ("bytes", False), ("file", False)]
)
def test_a_body_that_the_server_does_not_take(
    loop: Loop, start_raw_server, certificates, narrow, tmp_path, kind: str, tls: bool
) -> None:
    count = [0]
    file = tmp_path / "large"
    with file.open("wb") as sparse:
        sparse.truncate(64 * MIB)
    done = threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.wait(done)

    async def main(url: str) -> None:
        async with narrow(timeout=ulak.Timeout(connect=5, read=60, write=0.12)) as session:
            with file.open("rb") as opened:
                data: Any = opened
                if kind != "file":
                    data = bytes(64 * MIB) if kind == "bytes" else endless(count)
                before, start = memory(), time.monotonic()
                with pytest.raises(WriteTimeout):
                    await session.post(url, data=data)
                assert 0.11 < time.monotonic() - start < 2
                assert memory() - before < A_LITTLE
                assert count[0] < A_LITTLE
                if kind == "file":
                    assert opened.tell() < A_LITTLE
        done.set()

    server = start_raw_server(script, tls=certificates.server_context() if tls else None)
    loop.run(main(server.url))


def test_a_server_that_stops_taking_is_given_up_in_time(loop: Loop, start, narrow) -> None:
    async def main(url: str) -> None:
        async with narrow(timeout=ulak.Timeout(connect=5, read=60, write=0.8)) as session:
            began = time.monotonic()
            with pytest.raises(WriteTimeout):
                await session.post(url, data=bytes(64 * MIB))
            assert 0.7 < time.monotonic() - began < 1.4

    loop.run(main(start(RawConnection.hang).url))


def takes(size: int, piece: int, every: float, many: int) -> Script:
    """Take ``piece`` bytes so often, then all the rest, and answer."""

    def script(connection: RawConnection) -> None:
        # Not less than a segment: of that, systems send a window's worth each 0.2 s.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.recv_head()
        for _ in range(many):
            connection.recv_body(piece)
            connection.pause(every)
        connection.recv_body(size - many * piece)
        connection.respond(b"fine")

    return script


def test_a_server_that_is_slow_and_takes_something_is_waited_for(loop: Loop, start, narrow) -> None:
    size = 3 * MIB

    async def main(url: str) -> None:
        async with narrow(timeout=ulak.Timeout(connect=5, read=5, write=0.25)) as session:
            assert (await session.post(url, data=bytes(size))).content == b"fine"

    loop.run(main(start(takes(size, 60_000, 0.035, 14)).url))


def test_the_wait_for_the_answer_begins_when_all_is_sent(
    loop: Loop, start_raw_server, certificates: Certificates, narrow
) -> None:
    """What still lies in our own buffers is not sent; with TLS that may be much."""
    size = 700_000

    async def main(url: str) -> None:
        async with narrow(timeout=ulak.Timeout(connect=5, read=0.45, write=5)) as session:
            assert (await session.post(url, data=bytes(size))).content == b"fine"

    script = takes(size, 30_000, 0.03, 22)
    loop.run(main(start_raw_server(script, tls=certificates.server_context()).url))


def test_a_large_body_both_ways(loop: Loop, start, narrow) -> None:
    body = pattern(5_000_000)

    def script(connection: RawConnection) -> None:
        for _ in range(3):
            connection.respond(connection.recv_request().body)

    async def blocks() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 300_000):
            yield body[at : at + 300_000]

    async def main(url: str) -> None:
        async with narrow() as session:
            assert (await session.post(url, data=body)).content == body
            assert (await session.post(url, data=blocks())).content == body
            async with session.stream("POST", url, data=body) as response:
                assert b"".join([piece async for piece in response]) == body

    server: RawServer = start(script)
    loop.run(main(server.url))
    assert server.accepted == 1


# -- an answer before the end of the request ---------------------------------


async def stalls(
    ended: list[BaseException], stalled: threading.Event | None = None
) -> AsyncIterator[bytes]:
    yield b"block"
    try:
        if stalled is not None:
            stalled.set()
        await asyncio.get_running_loop().create_future()
    except BaseException as exc:
        ended.append(exc)
        raise


@pytest.mark.parametrize("then", ["closes", "resets", "waits", "reads on"])
@pytest.mark.parametrize("kind", ["bytes", "iterator", "a body that stalls"])
def test_an_early_answer(loop: Loop, start, narrow, kind: str, then: str) -> None:
    def script(connection: RawConnection) -> None:
        if connection.number:
            connection.recv_request()
            connection.respond(b"fine")
            return
        connection.recv_head()
        if kind == "a body that stalls":
            connection.wait(stalled)
        connection.send(TOO_LARGE)
        if then == "resets":
            connection.sock.recv(1)
            connection.pause(0.05)  # until the answer has come
            connection.reset()
        elif then == "waits":
            connection.wait(done)
        elif then == "reads on":
            connection.wait_closed()

    async def main(url: str) -> None:
        ended: list[BaseException] = []
        async with narrow() as session:
            data = {
                "bytes": bytes(20 * MIB),
                "iterator": endless([0]),
                "a body that stalls": stalls(ended, stalled),
            }[kind]
            async with asyncio.timeout(3):
                response = await session.post(url, data=data)
            assert (response.status_code, response.content) == (413, b"big")
            if kind == "a body that stalls":
                assert [type(exc) for exc in ended] == [asyncio.CancelledError]
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0
            assert (await session.get(url)).content == b"fine"
        done.set()

    done, stalled = threading.Event(), threading.Event()
    server: RawServer = start(script)
    loop.run(main(server.url))
    assert server.accepted == 2


def test_what_comes_after_a_fault_is_not_read(loop: Loop, start, narrow) -> None:
    """Nor taken for more of the body, or for its end, however long it is until that is read."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        connection.wait(begun)
        connection.send(b"3\r\ndef\r\nZZ\r\n")
        connection.pause(0.05)  # until that has come
        connection.send(b"3\r\nghi\r\n0\r\n\r\n")
        connection.wait_closed()
        closed.set()

    async def main(url: str) -> None:
        async with narrow() as session:
            response = await session.get(url, stream=True)
            begun.set()
            assert await asyncio.to_thread(closed.wait, 3)
            came = []
            with pytest.raises(ulak.exceptions.ChunkedEncodingError):
                async for piece in response.aiter_content():
                    came.append(piece)
            assert b"".join(came) == b"abcdef"

    begun, closed = threading.Event(), threading.Event()
    loop.run(main(start(script).url))


def test_who_is_cancelled_when_the_answer_comes_early(loop: Loop, start, narrow) -> None:
    """Both at once: ours must not swallow theirs."""

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.wait(stalled)
        connection.send(TOO_LARGE)
        connection.wait_closed()

    async def main(url: str) -> None:
        async with narrow() as session:

            async def body() -> AsyncIterator[bytes]:
                yield b"block"
                stalled.set()
                try:
                    await asyncio.get_running_loop().create_future()
                finally:  # the answer has come
                    asking.cancel()

            asking = asyncio.create_task(session.post(url, data=body()))
            await asyncio.wait([asking], timeout=3)
            assert asking.cancelled()

    stalled = threading.Event()
    loop.run(main(start(script).url))


@pytest.mark.parametrize("answer", [OK, b"HTTP/1.1 302 Found\r\nLocation: /other\r\n"])
def test_an_answer_after_which_nothing_is_sent(
    loop: Loop, start_raw_server, narrow, answer: bytes
) -> None:
    """What is left of a request must not be taken for the next."""
    seen: list[bytes] = []

    def script(connection: RawConnection) -> None:
        seen.append(connection.recv_head().split(b" ")[1])
        if connection.number:
            connection.respond(b"fine")
        else:
            connection.send(answer + b"Content-Length: 0\r\n\r\n")
        connection.wait_closed()
        rest.append(bytes(connection.received).partition(b"\r\n\r\n")[2])

    async def main(url: str) -> None:
        async with narrow() as session:
            await session.post(f"{url}/first", data=stalls([]), allow_redirects=False)
            assert (await session.get(f"{url}/second")).content == b"fine"

    rest: list[bytes] = []
    server: RawServer = start_raw_server(script)
    loop.run(main(server.url))
    server.stop()
    assert seen == [b"/first", b"/second"]
    assert b"GET" not in b"".join(rest)


# -- leave to send -----------------------------------------------------------

EXPECT = {"Expect": "100-continue"}


@pytest.mark.parametrize("kind", ["bytes", "iterator"])
def test_leave_is_granted(loop: Loop, start_raw_server, narrow, kind: str) -> None:
    early: list[bytes] = []

    def script(connection: RawConnection) -> None:
        for _ in range(2):
            head = connection.recv_head()
            connection.pause(0.05)
            early.append(bytes(connection.received).partition(head)[2])
            connection.received.clear()
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.recv_body(5 if kind == "bytes" else 15)
            connection.respond(b"fine")

    async def body() -> AsyncIterator[bytes]:
        yield b"hello"

    async def main(url: str) -> None:
        async with narrow() as session:
            for _ in range(2):
                data = b"hello" if kind == "bytes" else body()
                start = time.monotonic()
                assert (await session.post(url, data=data, headers=EXPECT)).content == b"fine"
                assert time.monotonic() - start < 0.9

    server: RawServer = start_raw_server(script)
    loop.run(main(server.url))
    assert early == [b"", b""]
    assert server.accepted == 1


def test_leave_is_refused(loop: Loop, start_raw_server, narrow) -> None:
    def script(connection: RawConnection) -> None:
        if connection.number:
            connection.recv_request()
            connection.respond(b"fine")
        else:
            connection.recv_head()
            connection.respond(b"no", status=b"417 Expectation Failed")
        connection.wait_closed()

    async def main(url: str) -> None:
        async with narrow() as session:
            response = await session.post(url, data=b"SECRET", headers=EXPECT)
            assert (response.status_code, response.content) == (417, b"no")
            assert (await session.get(url)).content == b"fine"

    server: RawServer = start_raw_server(script)
    loop.run(main(server.url))
    server.stop()
    assert server.accepted == 2
    assert b"SECRET" not in server.received


def test_leave_is_not_given(start_raw_server, narrow) -> None:
    """The body goes out after a second all the same; early hints are no leave."""
    waited: list[float] = []

    def script(begin: bytes) -> Script:
        def script(connection: RawConnection) -> None:
            connection.recv_head()
            start = time.monotonic()
            connection.send(begin)
            connection.recv_body(5)
            waited.append(time.monotonic() - start)
            connection.respond(b"fine")

        return script

    async def main() -> None:
        async with narrow() as one, narrow() as other:
            asked = [
                x.post(url, data=b"hello", headers=EXPECT)
                for x, url in zip((one, other), urls, strict=True)
            ]
            for answer in await asyncio.gather(*asked):
                assert answer.content == b"fine"

    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    urls = [start_raw_server(script(begin)).url for begin in (b"", hints)]
    Loop().run(main())
    assert 0.9 < min(waited) < max(waited) < 2.5


# -- the next request on the same connection ---------------------------------


@pytest.mark.parametrize(
    ("head", "connections"),
    [
        (OK, 1),
        (OK + b"Connection: keep-alive\r\n", 1),
        (OK + b"Connection: close\r\n", 3),
        (b"HTTP/1.0 200 OK\r\n", 3),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", 1),
    ],
)
def test_when_a_connection_is_kept(
    loop: Loop, start_raw_server, narrow, head: bytes, connections
) -> None:
    def script(connection: RawConnection) -> None:
        while True:
            connection.recv_request()
            connection.send(head + b"Content-Length: 4\r\n\r\nfine")

    async def main(url: str) -> None:
        async with narrow() as session:
            assert (await session.get(url)).content == b"fine"
            async with session.stream("GET", url) as response:
                assert await response.aread() == b"fine"
            assert (await session.post(url, data=b"x")).content == b"fine"

    server: RawServer = start_raw_server(script)
    loop.run(main(server.url))
    assert server.accepted == connections


@pytest.mark.parametrize("busy", [False, True], ids=["seen", "not seen"])
@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_connection_that_was_closed_while_it_was_idle(
    loop: Loop, start, narrow, method: str, busy: bool
) -> None:
    """Whether the loop had a turn to see that, or not."""
    may_close, closed = threading.Event(), threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"fine")
        if connection.number == 0:
            connection.wait(may_close)
            connection.close()
            closed.set()
        else:
            connection.wait_closed()

    async def main(url: str) -> None:
        async with narrow() as session:
            assert (await session.get(url)).content == b"fine"
            may_close.set()
            if busy:
                assert closed.wait(5)
            else:
                assert await asyncio.to_thread(closed.wait, 5)
                await asyncio.sleep(0.02)
            response = await session.request(method, url, data=None if method == "GET" else b"x")
            assert response.content == b"fine"

    server: RawServer = start(script)
    loop.run(main(server.url))
    assert server.accepted == 2


@pytest.mark.parametrize("kind", ["GET", "PUT", "PUT a stream", "POST", "POST nothing"])
@pytest.mark.parametrize("end", ["closes", "resets"])
def test_a_connection_that_dies_under_a_request(loop: Loop, start, narrow, kind, end) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"fine")
        if connection.number == 0:
            connection.recv_request()
            if end == "resets":
                connection.reset()
            return
        while True:
            connection.recv_request()
            connection.respond(b"fine")

    async def body() -> AsyncIterator[bytes]:
        yield b"x"

    async def main(url: str) -> None:
        method, _, what = kind.partition(" ")
        data = {"": b"x", "a stream": body(), "nothing": None}[what]
        async with narrow() as session:
            assert (await session.get(url)).content == b"fine"
            if kind in ("GET", "PUT"):
                response = await session.request(method, url, data=data)
                assert response.content == b"fine"
            else:
                with pytest.raises(ulak.ConnectionError):
                    await session.request(method, url, data=data)
            assert (await session.get(url)).content == b"fine"

    server: RawServer = start(script)
    loop.run(main(server.url))
    server.stop()
    requests = server.received.count(b" HTTP/1.1\r\n")
    assert requests == (4 if kind in ("GET", "PUT") else 3)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_is_handed_over_and_dies(
    loop: Loop, start_raw_server, narrow, method: str
) -> None:
    """To who waited for it, it is one that was used before."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.wait(may_answer)
        connection.respond(b"fine")
        connection.recv_request()

    async def main(url: str) -> None:
        async with narrow() as session:
            first = asyncio.create_task(session.get(url))
            for _ in range(10):
                await asyncio.sleep(0)
            second = asyncio.create_task(session.request(method, url))
            for _ in range(10):
                await asyncio.sleep(0)
            may_answer.set()
            assert (await first).content == b"fine"
            if method == "GET":
                assert (await second).content == b"fine"
            else:
                with pytest.raises(ulak.ConnectionError):
                    await second

    may_answer = threading.Event()
    server: RawServer = start_raw_server(script)
    loop.run(main(server.url))
    server.stop()
    assert server.received.count(b" HTTP/1.1\r\n") == (3 if method == "GET" else 2)


@pytest.mark.parametrize("begun", [b"", b"H"])
def test_a_request_is_repeated_once_and_never_after_a_byte(
    loop: Loop, start_raw_server, narrow, begun
) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        if connection.number == 0:
            connection.respond(b"fine")
            connection.recv_request()
        connection.send(begun)

    async def main(url: str) -> None:
        async with narrow() as session:
            assert (await session.get(url)).content == b"fine"
            with pytest.raises(ulak.ConnectionError):
                await session.get(url)

    server: RawServer = start_raw_server(script)
    loop.run(main(server.url))
    assert server.accepted == (1 if begun else 2)


def test_a_first_request_is_not_repeated(loop: Loop, start_raw_server, narrow) -> None:
    async def main(url: str) -> None:
        async with narrow() as session:
            with pytest.raises(ulak.ConnectionError):
                await session.get(url)

    server: RawServer = start_raw_server(says(b"", close=True))
    loop.run(main(server.url))
    assert server.accepted == 1


@pytest.mark.parametrize("when", ["with the answer", "later", "while the program is busy"])
def test_what_nobody_asked_for_is_nobodys_answer(loop: Loop, start, narrow, when: str) -> None:
    extra = OK + b"Content-Length: 6\r\n\r\nSECRET"
    may_send, sent = threading.Event(), threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        if connection.number:
            connection.respond(b"fine")
        elif when == "with the answer":
            connection.send(FINE + extra)
        else:
            connection.send(FINE)
            connection.wait(may_send)
            connection.send(extra)
            sent.set()
        connection.wait_closed()

    async def main(url: str) -> None:
        async with narrow() as session:
            assert (await session.get(url)).content == b"fine"
            may_send.set()
            if when == "later":
                assert await asyncio.to_thread(sent.wait, 5)
                await asyncio.sleep(0.02)
            elif when == "while the program is busy":
                assert sent.wait(5)
            for _ in range(2):
                assert (await session.post(url, data=b"x")).content == b"fine"

    server: RawServer = start(says_again(script))
    loop.run(main(server.url))
    assert server.accepted == 2


def says_again(script: Script) -> Script:
    """``script``, and from the second connection on "fine" for ever."""

    def both(connection: RawConnection) -> None:
        if connection.number == 0:
            script(connection)
            return
        while True:
            connection.recv_request()
            connection.send(FINE)

    return both


# -- bodies ------------------------------------------------------------------

BODY = pattern(70_000)
CHUNKED = b"".join(b"%x\r\n%b\r\n" % (len(x), x) for x in (BODY[:1], BODY[1:60_000], BODY[60_000:]))
FRAMINGS = {
    "length": (b"Content-Length: 70000\r\n\r\n" + BODY, True),
    "chunks": (b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED + b"0\r\n\r\n", True),
    "trailers": (b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED + b"0\r\nA: b\r\n\r\n", True),
    "end": (b"\r\n" + BODY, False),
}


async def read(response: ulak.AsyncResponse, how: str) -> bytes:
    if how == "loaded":
        return response.content
    if how == "read":
        return await response.aread()
    return b"".join([piece async for piece in response.aiter_content(777)])


@pytest.mark.parametrize("how", ["loaded", "read", "streamed"])
@pytest.mark.parametrize("cut", [1 << 20, 9999])
@pytest.mark.parametrize("name", FRAMINGS)
def test_framings(loop: Loop, start_raw_server, narrow, name: str, cut: int, how: str) -> None:
    message, kept = FRAMINGS[name]
    message = OK + message

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        for at in range(0, len(message), cut):
            connection.send(message[at : at + cut])
        if kept:
            connection.recv_request()
            connection.send(FINE)

    async def main(url: str) -> None:
        async with narrow() as session:
            response = await session.get(url, stream=how != "loaded")
            assert await read(response, how) == BODY
            if kept:
                assert (await session.get(url)).content == b"fine"

    server: RawServer = start_raw_server(script)
    loop.run(main(server.url))
    assert server.accepted == 1


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_answers_without_a_body(loop: Loop, start_raw_server, narrow, method: str) -> None:
    status = b"200 OK" if method == "HEAD" else b"304 Not Modified"

    async def main(url: str) -> None:
        async with narrow() as session:
            for _ in range(2):
                response = await session.request(method, url)
                assert (response.content, response.headers["Content-Length"]) == (b"", "99")
            async with session.stream(method, url) as response:
                assert await response.aread() == b""

    server: RawServer = start_raw_server(
        says(*[b"HTTP/1.1 " + status + b"\r\nContent-Length: 99\r\n\r\n"] * 3)
    )
    loop.run(main(server.url))
    assert server.accepted == 1


def zstd(data: bytes) -> bytes:
    from backports import zstd

    return bytes(zstd.compress(data))


CODINGS = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstd}


@pytest.mark.parametrize("how", ["loaded", "read", "streamed"])
@pytest.mark.parametrize("coding", CODINGS)
def test_codings(loop: Loop, start_raw_server, narrow, coding: str, how: str) -> None:
    plain = pattern(3_000_000)
    coded = CODINGS[coding](plain)

    async def main(url: str) -> None:
        async with narrow() as session:
            assert await read(await session.get(url, stream=how != "loaded"), how) == plain
            with pytest.raises(ContentDecodingError):
                await read(await session.get(url, stream=how != "loaded"), how)
            assert (await session.get(url)).content == b"fine"

    def script(connection: RawConnection) -> None:
        field = b"Content-Encoding: %b" % coding.encode()
        for body in (coded, coded[: len(coded) // 2]):
            connection.recv_request()
            connection.respond(body, field)
        connection.recv_request()
        connection.respond(b"fine")

    loop.run(main(start_raw_server(says_again(script)).url))


LENGTH = OK + b"Content-Length: 9\r\n\r\nabcd"
CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BROKEN = {
    "short": (LENGTH, IncompleteBody),
    "in a chunk": (CHUNKS + b"5\r\nab", IncompleteBody),
    "between chunks": (CHUNKS + b"2\r\nab\r\n", IncompleteBody),
    "in trailers": (CHUNKS + b"2\r\nab\r\n0\r\nA: b", IncompleteBody),
    "no size": (CHUNKS + b"2\r\nab\r\nzz\r\n", ulak.ChunkedEncodingError),
    "no end of a chunk": (CHUNKS + b"2\r\nabcd", ulak.ChunkedEncodingError),
}


@pytest.mark.parametrize("end", ["closes", "resets"])
@pytest.mark.parametrize("how", ["loaded", "read", "streamed"])
@pytest.mark.parametrize("name", BROKEN)
def test_bodies_that_break_off(loop: Loop, start_raw_server, narrow, name, how, end) -> None:
    answer, error = BROKEN[name]

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(answer)
        if end == "resets":
            connection.wait(may_reset)
            connection.reset()

    async def main(url: str) -> None:
        async with narrow() as session:
            if how == "loaded":
                asyncio.get_running_loop().call_later(0.05, may_reset.set)
                with pytest.raises(ulak.ChunkedEncodingError) as caught:
                    await session.get(url)
            else:
                response = await session.get(url, stream=True)
                may_reset.set()
                with pytest.raises(ulak.ChunkedEncodingError) as caught:
                    await read(response, how)
                with pytest.raises(ulak.RequestException):  # nor is there more for who asks again
                    await response.aread()
            if end == "closes":
                assert isinstance(caught.value, error)
            assert caught.value.request is not None
            assert (await session.get(url)).content == b"fine"

    may_reset = threading.Event()
    server: RawServer = start_raw_server(says_again(script))
    loop.run(main(server.url))
    assert server.accepted == 2


# -- responses that nobody reads ---------------------------------------------


@pytest.mark.parametrize("how", ["unread", "begun", "read in pieces", "in another thread"])
def test_a_streamed_response_that_is_dropped(loop: Loop, http_server, narrow, how: str) -> None:
    async def main() -> None:
        async with narrow() as session:
            for _ in range(3):
                response = await session.get(f"{http_server.url}/large/30000000", stream=True)
                pieces = response.aiter_content(1000)
                if how != "unread":
                    await anext(pieces)
                if how == "in another thread":
                    holder = [response, pieces]
                    del response, pieces
                    await asyncio.to_thread(holder.clear)
                elif how == "read in pieces":
                    del response
                    assert await anext(pieces)
                    del pieces
                else:
                    del response, pieces
                assert (await session.get(f"{http_server.url}/get")).ok
            await asyncio.sleep(0.01)

    loop.run(main())
    assert http_server.connections <= 6


@pytest.mark.parametrize("how", ["aiter_content", "aiter_text", "aiter_lines"])
def test_an_iteration_that_is_closed_leaves_no_task(loop: Loop, http_server, narrow, how) -> None:
    """Nor a generator inside of it that the loop would have to close."""

    async def main() -> None:
        async with narrow() as session:
            url = f"{http_server.url}/stream/100000"
            async with session.stream("GET", url) as response:
                async with contextlib.aclosing(getattr(response, how)()) as pieces:
                    async for _ in pieces:
                        break
                for _ in range(5):
                    assert asyncio.all_tasks() == {asyncio.current_task()}
                    await asyncio.sleep(0)

    loop.run(main())


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_response_that_is_dropped_when_its_loop_is_closed(loop: Loop, http_server) -> None:
    """Nothing can be done about it any more, and nothing is."""

    async def main() -> ulak.AsyncResponse:
        return await session.get(f"{http_server.url}/large/30000000", stream=True)

    async def again() -> bool:
        try:
            return (await session.get(f"{http_server.url}/get")).ok
        finally:
            await session.close()

    session = ulak.AsyncSession()
    response = loop.run(main())
    del response
    gc.collect()
    assert loop.run(again())


def test_a_response_is_closed_and_read_by_turns(loop: Loop, http_server, narrow) -> None:
    async def main() -> None:
        async with narrow() as session:
            url = f"{http_server.url}/bytes/300000"
            response = await session.get(url, stream=True)
            await response.aclose()
            await response.aclose()
            async with session.stream("GET", url) as response:
                assert len(await response.aread()) == 300_000
                assert len(await response.aread()) == 300_000
            async with await session.get(url, stream=True) as response:
                async for _ in response.aiter_content(10):
                    break
            assert (await session.get(url)).ok

    loop.run(main())


# -- for how long ------------------------------------------------------------


def test_a_head_that_does_not_come(loop: Loop, start_raw_server, narrow) -> None:
    async def main(url: str) -> None:
        async with narrow(timeout=ulak.Timeout(read=0.1, pool=2)) as session:
            for _ in range(2):
                start = time.monotonic()
                with pytest.raises(ulak.ReadTimeout) as caught:
                    await session.post(url, data=b"x")
                assert 0.09 < time.monotonic() - start < 1
                assert not isinstance(caught.value, ulak.ConnectionError)
                assert "0.1 s" in str(caught.value)

    loop.run(main(start_raw_server(says(b"HTTP/1.1 200")).url))


@pytest.mark.parametrize("how", ["loaded", "read", "streamed"])
def test_a_body_that_stalls(loop: Loop, start_raw_server, narrow, how: str) -> None:
    async def main(url: str) -> None:
        async with narrow(timeout=ulak.Timeout(read=0.1, pool=2)) as session:
            start = time.monotonic()
            with pytest.raises(BodyReadTimeout) as caught:
                await read(await session.get(url, stream=how != "loaded"), how)
            assert 0.09 < time.monotonic() - start < 1
            assert isinstance(caught.value, ulak.ConnectionError)
            assert (await session.get(url)).content == b"fine"

    loop.run(main(start_raw_server(says_again(says(LENGTH))).url))


@pytest.mark.parametrize("how", ["loaded", "streamed"])
def test_a_slow_answer_is_not_a_late_one(loop: Loop, start_raw_server, narrow, how: str) -> None:
    """The limit is for each wait: in the head, and between the pieces of the body."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        pieces = [b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", b"Content-Length: 5\r\n", b"\r\n", *b"hello"]
        pieces = [bytes([piece]) if isinstance(piece, int) else piece for piece in pieces]
        connection.drip(pieces, 0.12)

    async def main(url: str) -> None:
        async with narrow(timeout=ulak.Timeout(read=0.9, pool=2)) as session:
            assert await read(await session.get(url, stream=how != "loaded"), how) == b"hello"

    loop.run(main(start_raw_server(script).url))


def test_who_takes_his_time_to_read_is_not_late(loop: Loop, start_raw_server, narrow) -> None:
    async def main(url: str) -> None:
        async with narrow(timeout=ulak.Timeout(read=0.5, pool=2)) as session:
            response = await session.get(url, stream=True)
            await asyncio.sleep(0.6)
            assert await response.aread() == b"fine"
            assert (await session.get(url)).content == b"fine"
            await asyncio.sleep(0.6)
            assert (await session.get(url)).content == b"fine"

    server: RawServer = start_raw_server(says(FINE, FINE, FINE))
    loop.run(main(server.url))
    assert server.accepted == 1


class ClosedTwice(asyncio.Transport):
    """The transport of asyncio's TLS, which knows nothing any more once it was closed twice."""

    def __init__(self) -> None:
        super().__init__({"ssl_object": object()})
        self.times = 0

    def close(self) -> None:
        self.times += 1

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if self.times > 1:
            raise AttributeError("'NoneType' object has no attribute '_get_extra_info'")
        return super().get_extra_info(name, default)


def test_a_transport_that_is_gone_is_not_asked_whether_it_was_tls() -> None:
    lost: list[AsyncConnection] = []
    transport = ClosedTwice()
    with contextlib.closing(asyncio.new_event_loop()) as loop, socket.socket() as sock:
        connection = AsyncConnection(loop, sock, memoryview(bytearray(9)), lost.append)
        connection.connection_made(transport)
        transport.close()
        transport.close()
        connection.connection_lost(TypeError("a fault of the loop's"))
    assert lost == [connection]


# -- the deadline ------------------------------------------------------------

TOTAL = ulak.Timeout(connect=30, read=30, write=30, pool=30, total=0.2)
#: By how much it may be missed.
LATE = 0.25

Ask = Callable[[ulak.AsyncSession, str], Coroutine[Any, Any, Any]]


def end_in_time(loop: Loop, asked: dict[str, Callable[[], Coroutine[Any, Any, Any]]]) -> None:
    """Hold requests to their deadline: the best of three is good, for the machine's sake."""

    async def taken(ask: Callable[[], Coroutine[Any, Any, Any]]) -> float:
        start = time.monotonic()
        with pytest.raises(TotalTimeout):
            await ask()
        return time.monotonic() - start

    async def main() -> list[Any]:
        asking = [taken(ask) for ask in asked.values()]
        return await asyncio.gather(*asking, return_exceptions=True)

    for _ in range(3):
        times = dict(zip(asked, loop.run(main(), seconds=10), strict=True))
        # A pause that would be too long is not made, so that a little less is right too.
        wrong = {k: x for k, x in times.items() if isinstance(x, BaseException) or x < 0.17}
        assert not wrong, wrong
        late = {name: seconds for name, seconds in times.items() if seconds > 0.2 + LATE}
        if not late:
            return
    raise AssertionError(late)


def by_session(ask: Ask, url: str) -> Callable[[], Coroutine[Any, Any, Any]]:
    async def asked() -> None:
        async with ulak.AsyncSession(timeout=TOTAL, max_redirects=10_000) as session:
            await ask(session, url)

    return asked


async def stream(session: ulak.AsyncSession, url: str, pause: float = 0) -> None:
    async with session.stream("GET", url) as response:
        async for _ in response.aiter_content():
            if pause:
                await asyncio.sleep(pause)


async def upload(session: ulak.AsyncSession, url: str, pause: float | None) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        while True:
            if pause is not None:
                await asyncio.sleep(pause)
            yield bytes(1000)

    await session.post(url, data=blocks())


def silent(connection: RawConnection) -> None:
    connection.hang()


def drips(begin: bytes, piece: bytes, every: float = 0.02) -> Script:
    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(begin)
        while True:
            connection.send(piece)
            connection.pause(every)

    return script


def floods(begin: bytes, piece: bytes) -> Script:
    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(begin)
        while True:
            connection.send(piece)

    return script


def swallows(connection: RawConnection) -> None:
    while connection.sock.recv(65536):
        pass


def redirects(connection: RawConnection) -> None:
    while True:
        connection.recv_request()
        connection.pause(0.02)
        connection.respond(b"", b"Location: /", status=b"302 Found")


def takes_no_more(connection: RawConnection) -> None:
    connection.recv_head()
    connection.hang()


ENDLESS = OK + b"Content-Length: 99999999999\r\n\r\n"
PROXIED = "http://origin.example/"
PATIENT = Retry(9999, status_forcelist=[503], backoff_factor=0.01, backoff_max=0.02)
DEADLINES: dict[str, tuple[Script, Ask]] = {
    "tls": (silent, lambda s, url: s.get(url.replace("http", "https"))),
    "tls that drips": (
        lambda c: c.drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + b"a" * 9999, 0.02),
        lambda s, url: s.get(url.replace("http", "https")),
    ),
    "tls to a proxy": (
        silent,
        lambda s, url: s.get(PROXIED, proxies={"all": url.replace("http", "https")}),
    ),
    "a tunnel": (silent, lambda s, url: s.get("https://x.example", proxies={"all": url})),
    "a tunnel that drips": (
        drips(OK, b"A: b\r\n"),
        lambda s, url: s.get("https://x.example", proxies={"all": url}),
    ),
    "tls in a tunnel": (
        drips(OK + b"\r\n", b"", 9),
        lambda s, url: s.get("https://x.example", proxies={"all": url}),
    ),
    "socks4": (
        silent,
        lambda s, url: s.get("http://127.0.0.1", proxies={"all": url.replace("http", "socks4")}),
    ),
    "socks5": (
        silent,
        lambda s, url: s.get("http://127.0.0.1", proxies={"all": url.replace("http", "socks5")}),
    ),
    "an upload that is not taken": (
        takes_no_more,
        lambda s, url: s.post(url, data=bytes(16 * MIB)),
    ),
    "an upload without end": (swallows, lambda s, url: upload(s, url, None)),
    "an upload that drips": (swallows, lambda s, url: upload(s, url, 0.02)),
    "an upload that stalls": (swallows, lambda s, url: upload(s, url, 9)),
    "leave": (swallows, lambda s, url: s.post(url, data=b"x", headers=EXPECT)),
    "a head": (swallows, lambda s, url: s.get(url)),
    "a head that drips": (drips(OK, b"A: b\r\n"), lambda s, url: s.get(url)),
    "interim answers": (drips(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), lambda s, url: s.get(url)),
    "a body": (drips(ENDLESS, b"", 9), lambda s, url: s.get(url)),
    "a body that drips": (drips(ENDLESS, b"x"), lambda s, url: s.get(url)),
    "a body in a flood": (floods(ENDLESS, bytes(16384)), lambda s, url: s.get(url)),
    "a stream that drips": (drips(ENDLESS, b"x"), stream),
    "a stream in a flood": (floods(ENDLESS, bytes(16384)), stream),
    "a stream that is read slowly": (
        floods(ENDLESS, bytes(16384)),
        lambda s, url: stream(s, url, 0.01),
    ),
    "a stream in chunks": (
        drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        stream,
    ),
    "trailers": (drips(CHUNKS + b"0\r\n", b"A: b\r\n"), lambda s, url: s.get(url)),
    "redirects": (redirects, lambda s, url: s.get(url)),
    "a redirect's body": (
        drips(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 999\r\n\r\n", b"x"),
        lambda s, url: s.get(url),
    ),
    "retries": (
        says(*[b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"] * 10_000),
        lambda s, url: s.get(url, retries=PATIENT),
    ),
}


#: Those that leave the loop no peace, which makes others late.
BUSY = ["an upload without end", *(name for name in DEADLINES if "flood" in name or "read" in name)]


def test_deadlines(loop: Loop, start_raw_server, narrow) -> None:
    """All at once, each by a session and a server of its own."""
    asked = {}
    for name, (script, ask) in DEADLINES.items():
        if name not in BUSY:
            server: RawServer = start_raw_server(script, timeout=60)
            asked[name] = by_session(ask, server.url)

    async def waits() -> None:
        async with narrow() as session, session.stream("GET", held.url, timeout=None):
            await session.get(held.url, timeout=TOTAL)

    held: RawServer = start_raw_server(drips(ENDLESS, b"", 9))
    asked["a connection that is held"] = waits
    with stalled_port() as port:
        asked["connecting"] = by_session(lambda s, url: s.get(url), f"http://127.0.0.1:{port}/")
        end_in_time(loop, asked)


@pytest.mark.parametrize("name", BUSY)
def test_deadlines_amid_much_to_do(loop: Loop, start_raw_server, name: str) -> None:
    script, ask = DEADLINES[name]
    end_in_time(loop, {name: by_session(ask, start_raw_server(script).url)})


def test_the_deadline_of_a_name(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    genuine = socket.getaddrinfo

    def slow(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "slow.example":
            return genuine(host, *args, **kwargs)
        release.wait(5)
        raise socket.gaierror(socket.EAI_NONAME, "none")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        end_in_time(loop, {"": by_session(lambda s, url: s.get(url), "http://slow.example/")})
    finally:
        release.set()


def test_the_deadline_is_that_of_one_request(loop: Loop, start_raw_server, narrow) -> None:
    """Not of the next on the same connection, nor of a body that was read before."""

    async def main(url: str) -> None:
        async with narrow() as session:
            for total in (0.5, None):
                response = await session.get(url, timeout=ulak.Timeout(total=total))
                await asyncio.sleep(0.6)
                assert response.content == b"fine"
            response = await session.get(url, stream=True, timeout=ulak.Timeout(total=0.5))
            await asyncio.sleep(0.6)
            assert await response.aread() == b"fine"  # which had come in time

    server: RawServer = start_raw_server(says(FINE, FINE, FINE))
    loop.run(main(server.url))
    assert server.accepted == 1
