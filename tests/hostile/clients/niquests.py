"""niquests."""

from __future__ import annotations

from typing import Any

import niquests

from ..plan import Ask
from ._requests_api import RequestsClient


class Client(RequestsClient):
    """A ``niquests.Session``."""

    def __init__(self) -> None:
        super().__init__("niquests", niquests)

    def timeout(self, ask: Ask) -> Any:
        return ask.timeout if ask.plain else niquests.TimeoutConfiguration(total=ask.timeout)
