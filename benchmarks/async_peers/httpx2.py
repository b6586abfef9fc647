"""httpx2: an ``AsyncClient`` with its own defaults, but for the limits and the time-out."""

from __future__ import annotations

import httpx2

from ._httpx_api import AsyncHttpxApi, limits


class Peer(AsyncHttpxApi):
    """A ``httpx2.AsyncClient``."""

    def __init__(self, connections: int | None) -> None:
        super().__init__(
            httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(**limits(connections)))
        )
