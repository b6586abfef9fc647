"""The floor: an ``asyncio.Protocol`` for each connection, and just enough parsing to find the end.

It keeps its connections, waits where it has as many as it may, finds the end of
the head and reads Content-Length.  It does nothing else for its user.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque

_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.IGNORECASE)


class _Connection(asyncio.Protocol):
    """One request at a time, kept for the next."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._before = b""
        self._body: asyncio.Future[bytes] = self._loop.create_future()

    def get(self, head: bytes) -> asyncio.Future[bytes]:
        """Send a request; the future gets the whole body."""
        self._body = self._loop.create_future()
        self._transport.write(head)
        return self._body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._before:
            data = self._before + data
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 or len(data) - end < _length(data, end):
            self._before = data
            return
        self._before = b""
        self._body.set_result(data[end:])

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._body.done():
            self._body.set_exception(exc or ConnectionResetError("closed by the server"))


class _Download(asyncio.Protocol):
    """One request for a big body, whose pieces are counted and dropped."""

    def __init__(self, head: bytes) -> None:
        self.size = asyncio.get_running_loop().create_future()
        self._head = head
        self._before = b""
        self._total = self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        if not self._total:
            data = self._before + data
            end = data.find(b"\r\n\r\n") + 4
            if end < 4:
                self._before = data
                return
            self._total = self._left = _length(data, end)
            data = data[end:]
        self._left -= len(data)
        if not self._left:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.size.set_result(self._total - self._left)


class _Host:
    """The connections to one host and port: which are idle, and who waits for one."""

    def __init__(self, authority: str, connections: float) -> None:
        self.name, _, port = authority.partition(":")
        self.port = int(port)
        self._left = connections
        self._idle: list[_Connection] = []
        self._waiting: deque[asyncio.Future[_Connection]] = deque()

    async def get(self, head: bytes) -> bytes:
        connection = self._idle.pop() if self._idle else await self._another()
        body = await connection.get(head)
        if self._waiting:
            self._waiting.popleft().set_result(connection)
        else:
            self._idle.append(connection)
        return body

    async def _another(self) -> _Connection:
        """A new connection, or the next one that is given back where there are enough."""
        loop = asyncio.get_running_loop()
        if self._left:
            self._left -= 1
            _, connection = await loop.create_connection(_Connection, self.name, self.port)
            return connection
        waiter: asyncio.Future[_Connection] = loop.create_future()
        self._waiting.append(waiter)
        return await waiter


class Peer:
    """A dictionary of hosts, each with its connections."""

    def __init__(self, connections: int | None) -> None:
        self._connections = connections or math.inf
        self._hosts: dict[str, _Host] = {}

    async def get(self, url: str) -> int:
        host, head = self._request(url)
        return len(await host.get(head))

    async def stream(self, url: str) -> int:
        host, head = self._request(url)
        loop = asyncio.get_running_loop()
        _, download = await loop.create_connection(lambda: _Download(head), host.name, host.port)
        return int(await download.size)

    def _request(self, url: str) -> tuple[_Host, bytes]:
        """Whom to ask, and with what head."""
        authority, _, path = url.removeprefix("http://").partition("/")
        host = self._hosts.get(authority)
        if host is None:
            host = self._hosts[authority] = _Host(authority, self._connections)
        head = (
            f"GET /{path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: raw\r\n"
            "Accept: */*\r\nConnection: keep-alive\r\n\r\n"
        )
        return host, head.encode()


def _length(data: bytes, end: int) -> int:
    """Content-Length of the head that ends at ``end``."""
    found = _LENGTH.search(data, 0, end)
    return int(found[1]) if found else 0
