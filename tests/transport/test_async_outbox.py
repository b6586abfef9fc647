"""Requests that go out together: all of them, in order, and none to a server that spoke first."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import ulak
from tests.support import RawConnection
from tests.support.loops import LOOPS, Loop, warmed_up
from ulak._transport.async_connection import AsyncConnection
from ulak._transport.async_outbox import FEW
from ulak.exceptions import SessionClosed

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
MANY = FEW + 5


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(request.param)


class Server:
    """Echoes bodies; may act on the connections that it keeps."""

    def __init__(self, start_raw_server: Any) -> None:
        self.kept: list[socket.socket] = []
        self.echoed: list[bytes] = []
        self._lock = threading.Lock()
        self._together = threading.Barrier(MANY)
        self.url = start_raw_server(self._serve).url

    def _serve(self, connection: RawConnection) -> None:
        with self._lock:
            self.kept.append(connection.sock)
        first = True
        while True:
            request = connection.recv_request()
            if first and len(self.kept) <= MANY:
                self._together.wait(5)  # so that each has a connection of its own
            first = False
            with self._lock:
                self.echoed.append(request.body)
            connection.send(FINE % (len(request.body), request.body))


def bodies(prefix: str) -> list[bytes]:
    return [f"{prefix}-{n}".encode() for n in range(MANY)]


async def send_all(session: ulak.AsyncSession, url: str, prefix: str) -> list[bytes]:
    sent = [session.post(url, data=body) for body in bodies(prefix)]
    return [response.content for response in await asyncio.gather(*sent)]


def test_each_gets_the_answer_to_what_it_sent(loop: Loop, start_raw_server) -> None:
    server = Server(start_raw_server)

    async def main() -> None:
        async with ulak.AsyncSession(timeout=5) as session:
            for turn in range(5):
                assert await send_all(session, server.url, f"turn {turn}") == bodies(f"turn {turn}")

    loop.run(main())
    assert len(server.kept) == MANY
    assert len(server.echoed) == 5 * MANY


@pytest.mark.parametrize("says", ["an answer nobody asked for", "that it hangs up"])
def test_a_server_that_speaks_before_anything_went_out(
    loop: Loop, start_raw_server, says: str
) -> None:
    """Its connection is replaced, and a POST is sent once, on the new one."""
    server = Server(start_raw_server)

    def speak(conns: list[AsyncConnection]) -> None:
        """Hold the loop up until what the server says to ``conns`` has come."""
        servers = {peer.getpeername(): peer for peer in server.kept}
        for conn in conns:
            peer = servers[conn._sock.getsockname()]
            if says == "that it hangs up":
                peer.shutdown(socket.SHUT_WR)
            else:
                peer.sendall(FINE % (6, b"poison"))
            assert select.select([conn._sock.fileno()], [], [], 5)[0]

    async def main() -> None:
        async with ulak.AsyncSession(timeout=5) as session:
            await send_all(session, server.url, "first")
            (pool,) = session.get_adapter(server.url)._pools.values()
            sending = asyncio.create_task(send_all(session, server.url, "second"))
            while not pool._outbox._conns:
                await asyncio.sleep(0)
            spoken_to.extend(pool._outbox._conns)
            speak(spoken_to)
            assert await sending == bodies("second")

    spoken_to: list[AsyncConnection] = []
    loop.run(main())
    assert len(spoken_to) == MANY - FEW
    assert sorted(server.echoed) == sorted([*bodies("first"), *bodies("second")])


def test_a_session_that_is_closed_before_anything_went_out(loop: Loop, start_raw_server) -> None:
    server = Server(start_raw_server)

    async def main() -> None:
        session = ulak.AsyncSession(timeout=5)
        await send_all(session, server.url, "first")
        (pool,) = session.get_adapter(server.url)._pools.values()
        sending = [
            asyncio.create_task(session.post(server.url, data=body)) for body in bodies("late")
        ]
        while not pool._outbox._conns:
            await asyncio.sleep(0)
        await session.close()
        ends = await asyncio.gather(*sending, return_exceptions=True)
        assert {type(end) for end in ends} == {SessionClosed}

    loop.run(main())
    assert not {*bodies("late")[FEW:]} & {*server.echoed}
