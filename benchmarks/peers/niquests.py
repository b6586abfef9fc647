"""niquests: a ``Session`` with room for 16 connections."""

from __future__ import annotations

import niquests

from ..target import Target
from ._requests_api import RequestsApi


class Peer(RequestsApi):
    """A ``niquests.Session``."""

    def __init__(self, target: Target) -> None:
        super().__init__(target, niquests.Session(pool_maxsize=16))
