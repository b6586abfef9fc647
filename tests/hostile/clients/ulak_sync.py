"""ulak's :class:`~ulak.Session`."""

from __future__ import annotations

from typing import Any

import ulak

from ..plan import Ask
from ._requests_api import RequestsClient


class Client(RequestsClient):
    """The synchronous session."""

    socks = True

    def __init__(self) -> None:
        super().__init__("ulak", ulak)

    def timeout(self, ask: Ask) -> Any:
        return ask.timeout if ask.plain else ulak.Timeout(total=ask.timeout)

    def retries(self, count: int) -> dict[str, Any]:
        return {"retries": count}

    def bearer(self, token: str) -> Any:
        return ulak.auth.HTTPBearerAuth(token)
