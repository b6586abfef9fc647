"""requests: a ``Session`` with room for 16 connections (its default keeps 10)."""

from __future__ import annotations

import requests
from requests.adapters import HTTPAdapter

from ..target import Target
from ._requests_api import RequestsApi


class Peer(RequestsApi):
    """A ``requests.Session``."""

    def __init__(self, target: Target) -> None:
        session = requests.Session()
        session.mount("http://", HTTPAdapter(pool_maxsize=16))
        super().__init__(target, session)
