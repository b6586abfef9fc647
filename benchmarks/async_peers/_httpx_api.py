"""What httpx and httpx2 are asked in the same words."""

from __future__ import annotations

from typing import Any

from ..target import CHUNK
from . import KEPT


def limits(connections: int | None) -> dict[str, float | None]:
    """The arguments of ``Limits``.

    Where there is a choice, no more idle connections are kept than by default: each of
    them makes each request slower, by more than it costs to open one.
    """
    return {
        "max_connections": connections,
        "max_keepalive_connections": connections or 20,
        "keepalive_expiry": KEPT,
    }


class AsyncHttpxApi:
    """One client for all tasks."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def get(self, url: str) -> int:
        response = await self._client.get(url)
        response.headers["content-type"]
        return len(response.content)

    async def stream(self, url: str) -> int:
        total = 0
        async with self._client.stream("GET", url) as response:
            async for piece in response.aiter_bytes(CHUNK):
                total += len(piece)
        return total
