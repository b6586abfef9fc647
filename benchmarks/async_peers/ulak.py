"""ulak: an ``AsyncSession`` with its own defaults, but for the limits."""

from __future__ import annotations

import ulak

from ..target import CHUNK
from . import KEPT


class Peer:
    """A ``ulak.AsyncSession``."""

    def __init__(self, connections: int | None) -> None:
        self._session = ulak.AsyncSession()
        adapter = ulak.AsyncHTTPAdapter(
            max_connections=connections,
            max_connections_per_host=connections,
            max_keepalive=connections,
            keepalive_expiry=KEPT,
        )
        self._session.mount("http://", adapter)

    async def get(self, url: str) -> int:
        response = await self._session.get(url)
        response.headers["content-type"]
        return len(response.content)

    async def stream(self, url: str) -> int:
        total = 0
        async with self._session.stream("GET", url) as response:
            async for piece in response.aiter_content(CHUNK):
                total += len(piece)
        return total
