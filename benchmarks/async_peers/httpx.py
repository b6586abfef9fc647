"""httpx: an ``AsyncClient`` with its own defaults, but for the limits and the time-out."""

from __future__ import annotations

import httpx

from ._httpx_api import AsyncHttpxApi, limits


class Peer(AsyncHttpxApi):
    """A ``httpx.AsyncClient``."""

    def __init__(self, connections: int | None) -> None:
        super().__init__(httpx.AsyncClient(timeout=60, limits=httpx.Limits(**limits(connections))))
