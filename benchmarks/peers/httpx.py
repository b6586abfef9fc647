"""httpx: a ``Client`` with its own defaults, but for a time-out that a big body may need."""

from __future__ import annotations

import httpx

from ..target import Target
from ._httpx_api import HttpxApi


class Peer(HttpxApi):
    """A ``httpx.Client``."""

    def __init__(self, target: Target) -> None:
        super().__init__(target, httpx.Client(timeout=60))
