"""ulak's :class:`~ulak.Session`."""

from __future__ import annotations

from typing import Any

import ulak

from ..plan import Ask, Settings
from ._requests_api import RequestsClient


def guards_of(settings: Settings) -> dict[str, Any]:
    """The settings of a session that refuse something."""
    guards = settings.guards
    if guards is None:
        return {}
    policy = None
    if guards.addresses:
        ports = [int(port) for port in guards.ports] or None
        policy = ulak.AddressPolicy(allow=guards.allow, deny=guards.deny, ports=ports)
    return {
        "max_body_size": guards.most,
        "https_only": guards.https_only,
        "address_policy": policy,
        "raise_for_status": guards.raises,
    }


class Client(RequestsClient):
    """The synchronous session."""

    socks = True

    def __init__(self) -> None:
        super().__init__("ulak", ulak)

    def _session(self, settings: Settings) -> Any:
        session = super()._session(settings)
        for name, value in guards_of(settings).items():
            setattr(session, name, value)
        return session

    def timeout(self, ask: Ask) -> Any:
        return ask.timeout if ask.plain else ulak.Timeout(total=ask.timeout)

    def retries(self, count: int) -> dict[str, Any]:
        return {"retries": count}

    def bearer(self, token: str) -> Any:
        return ulak.auth.HTTPBearerAuth(token)
