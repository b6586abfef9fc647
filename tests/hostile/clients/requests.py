"""requests."""

from __future__ import annotations

import requests

from ._requests_api import RequestsClient


class Client(RequestsClient):
    """A ``requests.Session``."""

    def __init__(self) -> None:
        super().__init__("requests", requests)
