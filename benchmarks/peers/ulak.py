"""ulak: a ``Session`` as it comes."""

from __future__ import annotations

import ulak

from ..target import Target
from ._requests_api import RequestsApi


class Peer(RequestsApi):
    """A ``ulak.Session``."""

    def __init__(self, target: Target) -> None:
        super().__init__(target, ulak.Session())
