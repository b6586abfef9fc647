"""httpx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from ..plan import Ask, Auth, Settings, Unsupported
from ._outcomes import body_of, certificate
from ._requests_api import RequestsClient


class Client(RequestsClient):
    """A ``httpx.Client``."""

    #: What its documentation says that it raises: the errors of requests, and these of the caller.
    FAMILY = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)

    def __init__(self) -> None:
        self.name = "httpx"
        self._family = self.FAMILY

    def _session(self, settings: Settings) -> httpx.Client:
        return httpx.Client(
            trust_env=bool(settings.env or settings.netrc is not None),
            headers=list(settings.headers),  # type: ignore[arg-type]
            cookies=dict(settings.cookies),  # type: ignore[arg-type]
            auth=self._auth(settings.auth),
            proxy=settings.proxy,
            verify=settings.verify,
            cert=certificate(settings),
            max_redirects=settings.max_redirects,
        )

    def _request(self, session: httpx.Client, ask: Ask) -> Any:
        if ask.changed or ask.retries or ask.proxy:
            raise Unsupported("prepared requests, retries and proxies of a call")
        options: dict[str, Any] = {"headers": list(ask.headers), "timeout": ask.timeout}
        body = body_of(ask)
        if body is not None:
            options["content"] = body
        if ask.params:
            options["params"] = dict(ask.params)
        if ask.form:
            options["data"] = dict(ask.form)
        if ask.cookies:
            options["cookies"] = dict(ask.cookies)
        if ask.parts:
            options["files"] = [
                (part.name, (part.filename, part.content, part.type, dict(part.headers)))
                for part in ask.parts
            ]
        request = session.build_request(ask.method, ask.url, **options)
        auth = {} if ask.auth is None else {"auth": self._auth(ask.auth)}
        stream = ask.read != "whole"
        return _Response(
            session.send(request, stream=stream, follow_redirects=ask.redirects, **auth)
        )

    def _auth(self, auth: Auth | None) -> Any:
        if auth is None:
            return None
        if auth.kind == "digest":
            return httpx.DigestAuth(auth.user, auth.password)
        if auth.kind == "basic":
            return (auth.user, auth.password)
        return self.bearer(auth.user)


class _Response:
    """A response of httpx under the names of requests."""

    def __init__(self, real: httpx.Response) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __enter__(self) -> _Response:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._real.close()

    def __repr__(self) -> str:
        return repr(self._real)

    @property
    def content(self) -> bytes:
        return self._real.read()

    @property
    def text(self) -> str:
        self._real.read()
        return self._real.text

    def json(self) -> Any:
        self._real.read()
        return self._real.json()

    def iter_content(self, size: int) -> Iterator[bytes]:
        return self._real.iter_bytes(size)

    def iter_lines(self) -> Iterator[bytes]:
        return (line.encode() for line in self._real.iter_lines())
