"""Rust's reqwest through pyreqwest's asynchronous client."""

from __future__ import annotations

from datetime import timedelta

from pyreqwest.client import ClientBuilder

from ..target import CHUNK
from . import KEPT


class Peer:
    """A ``pyreqwest.client.Client``."""

    def __init__(self, connections: int | None) -> None:
        builder = ClientBuilder().pool_idle_timeout(timedelta(seconds=KEPT))
        self._client = builder.max_connections(connections).build()

    async def get(self, url: str) -> int:
        response = await self._client.get(url).build().send()
        response.headers["content-type"]
        return len(await response.bytes())

    async def stream(self, url: str) -> int:
        total = 0
        async with self._client.get(url).build_streamed() as response:
            while piece := await response.body_reader.read(CHUNK):
                total += len(piece)
        return total
