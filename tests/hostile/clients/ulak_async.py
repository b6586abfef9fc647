"""ulak's :class:`~ulak.AsyncSession`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import ulak

from ..plan import Ask, Auth, Got, Settings
from ._async import AsyncClient
from ._outcomes import Kept, apieces, body_of, certificate
from .ulak_sync import Client as SyncClient
from .ulak_sync import guards_of


class Client(AsyncClient):
    """The asynchronous session; its calls take what those of the other take."""

    name = "ulak-async"
    family = (ulak.RequestException,)
    socks = True
    moves = True

    def __init__(self) -> None:
        self._calls = SyncClient()

    def session(self, settings: Settings) -> ulak.AsyncSession:
        return ulak.AsyncSession(
            trust_env=bool(settings.env or settings.netrc is not None),
            headers=dict(settings.headers),  # type: ignore[arg-type]
            cookies=dict(settings.cookies),  # type: ignore[arg-type]
            auth=self._auth(settings.auth),
            proxies={"http": settings.proxy, "https": settings.proxy} if settings.proxy else None,
            verify=settings.verify,
            cert=certificate(settings),
            max_redirects=settings.max_redirects,
            **guards_of(settings),
        )

    def _auth(self, auth: Auth | None) -> Any:
        return self._calls._auth(auth)

    async def request(self, session: ulak.AsyncSession, ask: Ask) -> ulak.AsyncResponse:
        options = self._calls.options(ask)
        body = body_of(ask, apieces)
        if body is not None:
            options["data"] = body
        if ask.changed is not None:
            prepared = self._calls.changed(session, ask)
            return await session.send(prepared, **self._calls.sent(options))
        return await session.request(ask.method, ask.url, stream=ask.read != "whole", **options)

    async def read(self, response: ulak.AsyncResponse, how: str, kept: Kept) -> None:
        if how == "pieces":
            async for piece in response.aiter_content(10_000):
                kept.add(piece)
        elif how == "lines":
            async for line in response.aiter_lines():
                kept.add(line)
        elif how != "head":
            kept.add(await response.aread())
            if how == "text":
                kept.body = bytearray(response.text.encode("utf-8", "replace"))
            elif how == "json":
                kept.body = bytearray(json.dumps(response.json())[:100].encode())

    async def part(self, response: ulak.AsyncResponse) -> None:
        await response.aclose()

    async def close(self, session: ulak.AsyncSession) -> None:
        await session.close()

    def told(self, response: ulak.AsyncResponse, got: Got) -> Got:
        return replace(
            got,
            status=response.status_code,
            url=str(response.url),
            history=tuple(one.status_code for one in response.history),
            shown=f"{response!r} {response.request!r}",
        )
