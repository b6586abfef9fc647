"""A server that refuses an upload, and whose system resets the connection: the answer is heard.

It reads the head alone, answers, and closes.  As bytes of the body are unread then, its
system sends a reset.  The client is made to send once more before it looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import select
import socket
import ssl
import sys
import termios
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

import ulak
from tests.hostile.servers import Inside
from tests.support import Certificates, RawConnection, RawServer
from tests.support.loops import LONG, LOOPS, Loop, warmed_up
from ulak.exceptions import ChunkedEncodingError, IncompleteBody

WAYS = ["plain", "tls", "a tunnel", "tls in tls"]
BLOCK = b"x" * 20_000
WORDS = b"no" * 5_000
#: How often the same is done where it is not in our hands what comes first.
OFTEN = 40

HEAD = b"HTTP/1.1 413 Too Large\r\n"
WITH_LENGTH = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(WORDS), WORDS)
IN_CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(WORDS), WORDS)
UNTIL_CLOSE = HEAD + b"\r\n" + WORDS
IN_PART = HEAD + b"Content-Length: 1000\r\n\r\n" + b"x" * 500


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


class Turns:
    """Who does what after what: the client sends and sends, the server reads and closes."""

    def __init__(self) -> None:
        self.head_came, self.body_came, self.may_close, self.closed = (
            threading.Event() for _ in range(4)
        )

    def blocks(self) -> Iterator[bytes]:
        """The body, whose last block meets with a reset."""
        assert self.head_came.wait(LONG)
        yield BLOCK
        assert self.body_came.wait(LONG)
        self.may_close.set()
        assert self.closed.wait(LONG)
        yield BLOCK

    async def awaited_blocks(self) -> AsyncIterator[bytes]:
        """As :meth:`blocks`; the loop goes round until the answer may come, and not after."""
        while not self.head_came.is_set():
            await asyncio.sleep(0.001)
        yield BLOCK
        while not self.body_came.is_set():
            await asyncio.sleep(0.001)
        self.may_close.set()
        assert self.closed.wait(LONG)
        yield BLOCK

    def refuses(self, connection: RawConnection, answer: bytes, inside: Inside | None) -> None:
        self.head_came.set()
        select.select([connection.sock], [], [], LONG)
        self.body_came.set()
        connection.wait(self.may_close)
        refuses(connection, answer, inside)
        self.closed.set()


def refuses(connection: RawConnection, answer: bytes, inside: Inside | None) -> None:
    connection.send(answer if inside is None else inside.sealed(answer))
    if answer is UNTIL_CLOSE and isinstance(connection.sock, ssl.SSLSocket):
        connection.sock.setblocking(False)
        with contextlib.suppress(OSError):  # the client's end of TLS is not there to be read
            connection.sock.unwrap()
    connection.close()


Refusal = Callable[[RawConnection, bytes, Inside | None], None]


class Place:
    """A server, and the way to it.  It refuses requests by one method, and answers others."""

    def __init__(self, way: str, start: Callable[..., RawServer], certificates: Certificates):
        self.way = way
        self.answer = b""
        self.refused = b"POST"
        self.refuses: Refusal = refuses
        self._context = certificates.server_context()
        outer = self._context if way in ("tls", "tls in tls") else None
        self.server = start(self._script, tls=outer)
        proxied = way in ("a tunnel", "tls in tls")
        self.url = "https://localhost:9/" if proxied else self.server.url
        self.settings: dict[str, Any] = {
            "verify": str(certificates.ca),
            "proxies": {"https": self.server.url.replace("127.0.0.1", "localhost")}
            if proxied
            else {},
            "timeout": ulak.Timeout(connect=5, read=5, write=5),
        }

    def _script(self, connection: RawConnection) -> None:
        inside = None
        if self.settings["proxies"]:
            connection.recv_head()
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        if self.way == "a tunnel":
            connection.secure(self._context)
        elif self.way == "tls in tls":
            inside = Inside(connection, self._context)
        head = connection.recv_head() if inside is None else inside.recv_head()
        if head.startswith(self.refused):
            self.refuses(connection, self.answer, inside)
        else:
            fine = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
            connection.send(fine if inside is None else inside.sealed(fine))
            connection.wait_closed()


@pytest.fixture(params=WAYS)
def place(request: pytest.FixtureRequest, start_raw_server, certificates) -> Place:
    return Place(request.param, start_raw_server, certificates)


def overlooks(said: dict[str, Any]) -> bool:
    """Whether it is the fault of Python 3.11, whose TLS in TLS cannot be closed for a reason."""
    return "SSLProtocol._abort()" in str(said.get("exception"))


@pytest.fixture(params=["sync", *LOOPS])
def posts(request: pytest.FixtureRequest, place: Place) -> Callable[[Callable[[bool], Any]], Any]:
    """Post what is made for the awaiting, or the other, kind of session; then get something.

    Brings the outcomes of both; the second is always asked for on a connection of its own.
    """

    def in_sync(body: Callable[[bool], Any]) -> list[Any]:
        with ulak.Session(**place.settings) as session:
            try:
                first: Any = session.post(place.url, data=body(False))
            except ulak.RequestException as exc:
                first = exc
            return [first, session.get(place.url)]

    async def on_a_loop(body: Callable[[bool], Any]) -> list[Any]:
        async with ulak.AsyncSession(**place.settings) as session:
            try:
                first: Any = await session.post(place.url, data=body(True))
            except ulak.RequestException as exc:
                first = exc
            return [first, await session.get(place.url)]

    if request.param == "sync":
        return in_sync
    loop = Loop(request.param, overlooks=overlooks)
    return lambda body: loop.run(on_a_loop(body))


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        *((way, answer) for way in WAYS for answer in (WITH_LENGTH, IN_CHUNKS)),
        # Without TLS nobody could tell its end from what a reset cuts off.
        *((way, UNTIL_CLOSE) for way in ("tls", "a tunnel")),
    ],
    indirect=["place"],
    ids=lambda value: (
        {WITH_LENGTH: "length", IN_CHUNKS: "chunks"}.get(value, "until close")
        if isinstance(value, bytes)
        else value
    ),
)
def test_an_answer_that_a_reset_follows(place: Place, posts, answer: bytes) -> None:
    turns = Turns()
    place.answer, place.refuses = answer, turns.refuses
    refused, fine = posts(lambda awaits: turns.awaited_blocks() if awaits else turns.blocks())
    assert (refused.status_code, refused.content) == (413, WORDS)
    assert fine.content == b"fine"
    assert place.server.accepted == 2  # the connection is not used again


def test_an_answer_that_a_reset_cuts_off(place: Place, posts, request) -> None:
    turns = Turns()
    place.answer, place.refuses = IN_PART, turns.refuses
    cut, fine = posts(lambda awaits: turns.awaited_blocks() if awaits else turns.blocks())
    assert isinstance(cut, ChunkedEncodingError)
    if "sync" not in request.node.callspec.id:
        assert isinstance(cut, IncompleteBody)
        assert "reset the connection after 500 of 1000 bytes" in str(cut)
    assert fine.content == b"fine"
    assert place.server.accepted == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", LOOPS)
def test_a_long_answer_that_nobody_reads_until_the_end(
    place: Place, name: str, method: str
) -> None:
    """What TLS holds back, as enough lies here unread, is not lost: the POST ends in a reset."""
    came, closed = b"y" * 700_000, threading.Event()

    def says_much(connection: RawConnection, answer: bytes, inside: Inside | None) -> None:
        connection.send(answer if inside is None else inside.sealed(answer))
        while unacknowledged(connection.sock):
            connection.pause(0.01)
        connection.pause(0.1)  # until the client has taken it from its system
        connection.close()
        closed.set()

    async def main() -> None:
        async with (
            ulak.AsyncSession(**place.settings) as session,
            session.stream(method, place.url, data=data) as response,
        ):
            while not closed.is_set():
                await asyncio.sleep(0.01)
            until = time.monotonic() + 0.1  # for TLS is not told at once
            while not response.raw.connection.closed and time.monotonic() < until:
                await asyncio.sleep(0)
            assert b"".join([piece async for piece in response]) == came

    place.answer = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(came), came)
    place.refuses, place.refused = says_much, method.encode()
    data = bytes(20_000_000) if method == "POST" else None
    Loop(name, overlooks=overlooks).run(main())


def unacknowledged(sock: socket.socket) -> int:
    """Bytes that were sent, and are not with the peer's system yet."""
    return int.from_bytes(fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)


@pytest.mark.parametrize("size", [60_000, 1_000_000])
def test_many_that_are_refused(place: Place, posts, size: int) -> None:
    """What comes first differs from time to time: the answer, the reset, or the failure."""
    place.answer = WITH_LENGTH
    for _ in range(OFTEN):
        refused, _ = posts(lambda _: b"x" * size)
        assert (refused.status_code, refused.content) == (413, WORDS)
