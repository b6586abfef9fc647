"""httpx2: a ``Client`` with its own defaults, but for a time-out that a big body may need."""

from __future__ import annotations

import httpx2

from ..target import Target
from ._httpx_api import HttpxApi


class Peer(HttpxApi):
    """A ``httpx2.Client``."""

    def __init__(self, target: Target) -> None:
        super().__init__(target, httpx2.Client(timeout=60))
