"""niquests: an ``AsyncSession`` whose pools have room for all connections."""

from __future__ import annotations

import niquests

from ..target import CHUNK
from . import KEPT

#: As many as there will ever be: it wants a number.
ROOM = 10_000


class Peer:
    """A ``niquests.AsyncSession``."""

    def __init__(self, connections: int | None) -> None:
        self._session = niquests.AsyncSession(keepalive_delay=KEPT)
        adapter = niquests.adapters.AsyncHTTPAdapter(
            pool_connections=connections or ROOM,
            pool_maxsize=connections or ROOM,
            pool_block=True,
            keepalive_delay=KEPT,
        )
        self._session.mount("http://", adapter)

    async def get(self, url: str) -> int:
        response = await self._session.get(url)
        response.headers["content-type"]
        return len(response.content or b"")

    async def stream(self, url: str) -> int:
        total = 0
        response = await self._session.get(url, stream=True)
        async for piece in await response.iter_content(CHUNK):
            total += len(piece)
        return total
