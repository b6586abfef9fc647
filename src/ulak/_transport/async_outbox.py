"""Requests that go out together, at the end of a turn of the event loop.

Knows when what was written is sent; refuses to know what it says.

A server that has nothing to do sleeps, and whoever sends to it pays for waking it: on
loopback that takes longer than all the rest of sending.  When each of many tasks sends as
soon as it is resumed, the server answers one and sleeps again before the next comes.  Sent
in one go, the requests find it awake.  A task that is alone with its request has
nobody to wait for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

    from .async_connection import AsyncConnection

__all__ = ["FEW", "Outbox"]

#: While fewer requests than that wait for an answer, one more is sent at once.
FEW: Final = 3


class Outbox:
    """The connections of one loop that have something to send.

    A connection that is closed meanwhile keeps it: then nothing went out.
    """

    __slots__ = ("_conns", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._conns: list[AsyncConnection] = []

    def add(self, conn: AsyncConnection) -> None:
        """Let ``conn``, which was used before, send what is in its ``unsent``, soon.

        It is refused if the server says something first.
        """
        if not self._conns:
            self._loop.call_soon(self._send)
        self._conns.append(conn)

    def _send(self) -> None:
        conns, self._conns = self._conns, []
        for conn in conns:
            if conn.closed:
                continue
            if conn.has_news():
                conn.refuse()
            else:
                conn.send_unsent()
