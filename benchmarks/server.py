"""The bundled server: everything that a peer asks for, from one asyncio process.

``python -m benchmarks.server BIG_SIZE [CERTIFICATE]`` prints its port and serves
until its standard input ends.  It reads uploads (which nginx will not do by
itself) and stands in for nginx where that is absent.  It trusts its clients:
it is no HTTP server for anything else.  All of 127.0.0.0/8 leads to it, and nobody
from elsewhere.

GET /small  the small answer      POST /sink  reads the body, answers its size
POST /echo  the body again        GET /big    BIG_SIZE zero bytes

GET /gate?NAME/SIZE  answers when SIZE requests wait at this gate: all at once
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import sys
from typing import ClassVar

from . import descriptors
from .target import BACKLOG, MIB, SMALL

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect: *100-continue\r\n", re.IGNORECASE)
_BLOCK = bytes(256 * 1024)
_EXTRA = (
    b"Server: bundled\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nConnection: keep-alive\r\n"
    b'ETag: "5f3c-1a2b"\r\nCache-Control: no-cache\r\nVary: Accept-Encoding\r\n'
    b"X-Request-Id: 7d9f2c31\r\n"
)


def _head(length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + _EXTRA + b"Content-Length: %d\r\n\r\n" % length


class Bundled(asyncio.Protocol):
    """One connection: requests one after the other, none pipelined."""

    #: Who waits, by the query of the gate.
    _gates: ClassVar[dict[bytes, list[Bundled]]] = {}

    def __init__(self, big_size: int) -> None:
        self._big_size = big_size
        self._buffer = b""
        self._path = self._query = b""
        self._expected = -1
        self._received = 0
        self._left_to_send = 0
        self._small = _head(len(SMALL)) + SMALL

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        if not transport.get_extra_info("peername")[0].startswith("127."):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._expected < 0:
            data = self._start(self._buffer + data)
            if self._expected < 0:
                self._buffer = data
                return
        self._received += len(data)
        if self._path == b"/echo":
            self._buffer += data
        if self._received >= self._expected:
            self._answer()

    def _start(self, data: bytes) -> bytes:
        """Read the head when it is complete; return what follows it."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return data
        self._path, _, self._query = data.split(b" ", 2)[1].partition(b"?")
        length = _LENGTH.search(data, 0, end + 2)
        self._expected = int(length[1]) if length else 0
        self._received = 0
        self._buffer = b""
        if _EXPECT.search(data, 0, end + 2):
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return data[end + 4 :]

    def _answer(self) -> None:
        self._expected = -1
        if self._path == b"/small":
            self._transport.write(self._small)
        elif self._path == b"/gate":
            self._wait_at_gate()
        elif self._path == b"/big":
            self._transport.write(_head(self._big_size))
            self._left_to_send = self._big_size
            self._transport.set_write_buffer_limits(high=2 * MIB)
            self.resume_writing()
        else:
            body = self._buffer if self._path == b"/echo" else b"%d" % self._received
            self._transport.write(_head(len(body)) + body)
        self._buffer = b""

    def _wait_at_gate(self) -> None:
        waiting = self._gates.setdefault(self._query, [])
        waiting.append(self)
        if len(waiting) == int(self._query.rpartition(b"/")[2]):
            for each in self._gates.pop(self._query):
                each._transport.write(self._small)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        while self._left_to_send and not self._paused:
            block = _BLOCK[: self._left_to_send]
            self._left_to_send -= len(block)
            self._transport.write(block)


async def _serve(big_size: int, certificate: str | None) -> None:
    descriptors.lift()
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Bundled(big_size), "0.0.0.0", 0, ssl=context, backlog=BACKLOG
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
