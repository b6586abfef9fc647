"""aiohttp."""

from __future__ import annotations

import json
import ssl
from dataclasses import replace
from typing import Any

import aiohttp

from ..plan import Ask, Auth, Got, Settings, Unsupported
from ._async import AsyncClient
from ._outcomes import Kept, apieces, body_of


class Client(AsyncClient):
    """An ``aiohttp.ClientSession``."""

    name = "aiohttp"
    #: Its documentation adds asyncio's error to its own for timeouts.
    family = (aiohttp.ClientError, TimeoutError)

    def session(self, settings: Settings) -> Any:
        if settings.cert:
            raise Unsupported("a client's certificate as a file")
        options: dict[str, Any] = {"headers": list(settings.headers)}
        if settings.cookies:
            options["cookies"] = dict(settings.cookies)
        if settings.auth is not None:
            options.update(self._auth(settings.auth))
        self._settings = settings
        return aiohttp.ClientSession(
            trust_env=bool(settings.env or settings.netrc is not None),
            connector=aiohttp.TCPConnector(ssl=self._tls(settings)),
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            **options,
        )

    def _tls(self, settings: Settings) -> Any:
        if isinstance(settings.verify, str):
            try:
                return ssl.create_default_context(cafile=settings.verify)
            except OSError as exc:
                raise Unsupported("a CA that is no file: the caller makes the context") from exc
        return settings.verify

    def _auth(self, auth: Auth) -> dict[str, Any]:
        if auth.kind == "basic":
            return {"auth": aiohttp.BasicAuth(auth.user, auth.password)}
        if auth.kind == "digest":
            return {"middlewares": (aiohttp.DigestAuthMiddleware(auth.user, auth.password),)}
        return {"headers": {"Authorization": f"Bearer {auth.user}"}}

    async def request(self, session: Any, ask: Ask) -> Any:
        if ask.retries:
            raise Unsupported("retries")
        if ask.changed:
            raise Unsupported("prepared requests")
        options: dict[str, Any] = {
            "headers": list(ask.headers),
            "timeout": aiohttp.ClientTimeout(total=ask.timeout),
            "allow_redirects": ask.redirects,
            "max_redirects": self._settings.max_redirects,
            "data": body_of(ask, apieces),
        }
        if ask.params:
            options["params"] = dict(ask.params)
        if ask.cookies:
            options["cookies"] = dict(ask.cookies)
        proxy = ask.proxy or self._settings.proxy
        if proxy:
            options["proxy"] = proxy
        if ask.auth is not None:
            options.update(self._auth(ask.auth))
        if ask.form:
            options["data"] = dict(ask.form)
        if ask.parts:
            options["data"] = form = aiohttp.FormData(dict(ask.form))
            for part in ask.parts:
                if part.headers:
                    raise Unsupported("headers of a part")
                form.add_field(
                    part.name, part.content, filename=part.filename, content_type=part.type
                )
        return await session.request(ask.method, ask.url, **options)

    async def read(self, response: Any, how: str, kept: Kept) -> None:
        if how == "pieces":
            async for piece in response.content.iter_chunked(10_000):
                kept.add(piece)
        elif how == "lines":
            async for line in response.content:
                kept.add(line.rstrip(b"\r\n"))
        elif how == "text":
            kept.add((await response.text()).encode("utf-8", "replace"))
        elif how == "json":
            kept.add(json.dumps(await response.json(content_type=None))[:100].encode())
        elif how != "head":
            kept.add(await response.read())

    async def part(self, response: Any) -> None:
        response.close() if not response.content.is_eof() else response.release()

    async def close(self, session: Any) -> None:
        await session.close()

    def told(self, response: Any, got: Got) -> Got:
        return replace(
            got,
            status=response.status,
            url=str(response.url),
            history=tuple(one.status for one in response.history),
            shown=f"{response!r}",
        )
