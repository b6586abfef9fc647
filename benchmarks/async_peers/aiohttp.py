"""aiohttp: a ``ClientSession`` with its own defaults, but for the limits."""

from __future__ import annotations

import aiohttp

from ..target import CHUNK
from . import KEPT


class Peer:
    """A ``aiohttp.ClientSession``."""

    def __init__(self, connections: int | None) -> None:
        connector = aiohttp.TCPConnector(limit=connections or 0, keepalive_timeout=KEPT)
        self._session = aiohttp.ClientSession(connector=connector)

    async def get(self, url: str) -> int:
        async with self._session.get(url) as response:
            response.headers["content-type"]
            return len(await response.read())

    async def stream(self, url: str) -> int:
        total = 0
        async with self._session.get(url) as response:
            async for piece in response.content.iter_chunked(CHUNK):
                total += len(piece)
        return total
