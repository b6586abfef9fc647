"""Requests and responses as :mod:`http.cookiejar` wants to see them.

A ``CookieJar`` or ``CookiePolicy`` that the caller brings is written for
``urllib.request``; these stand in for what it expects there.  Nothing here
decides about a cookie.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from . import _urls

if TYPE_CHECKING:
    from collections.abc import Sequence
    from http.cookiejar import Cookie, CookiePolicy

    from ._types import RequestLike


class _URLOnly:
    """A request of which only the URL is known."""

    def __init__(self, url: str) -> None:
        self.method = "GET"
        self.url = url
        self.headers: dict[str, str] = {}


class _SetCookies:
    """Set-Cookie fields with the interface of :class:`email.message.Message`."""

    def __init__(self, values: Sequence[str]) -> None:
        self._values = list(values)

    def get_all(self, name: str, default: Any = None) -> Any:
        return self._values if name.lower() == "set-cookie" and self._values else default


class MockRequest:
    """A prepared request as :class:`http.cookiejar.CookieJar` wants to see one.

    New headers are collected here (:meth:`get_new_headers`); the request itself
    is not changed.

    :param request: with ``url`` and ``headers``; a Host header that the caller
        set stands for the host of the URL, as in requests.
    """

    def __init__(self, request: RequestLike) -> None:
        self._r = request
        self._new_headers: dict[str, str] = {}
        self.type: str = str(request.url).partition("://")[0].lower()

    def get_type(self) -> str:
        return self.type

    def get_host(self) -> str:
        """Host and port of the URL."""
        return _urls.parse(str(self._r.url)).host_header

    def get_origin_req_host(self) -> str:
        return self.get_host()

    def get_full_url(self) -> str:
        """The URL, with the Host header's host if there is one."""
        return effective_url(self._r)

    def is_unverifiable(self) -> bool:
        return True

    def has_header(self, name: str) -> bool:
        return name in self._r.headers or name in self._new_headers

    def get_header(self, name: str, default: str | None = None) -> str | None:
        return self._r.headers.get(name, self._new_headers.get(name, default))  # type: ignore[no-any-return]  # headers are Any here

    def add_header(self, key: str, val: str) -> None:
        """Not for cookies.

        :raises NotImplementedError: always.
        """
        raise NotImplementedError("add cookies with add_unredirected_header()")

    def add_unredirected_header(self, name: str, value: str) -> None:
        self._new_headers[name] = value

    def get_new_headers(self) -> dict[str, str]:
        """What the jar added."""
        return self._new_headers

    @property
    def unverifiable(self) -> bool:
        return self.is_unverifiable()

    @property
    def origin_req_host(self) -> str:
        return self.get_origin_req_host()

    @property
    def host(self) -> str:
        return self.get_host()


class MockResponse:
    """Header fields as :class:`http.cookiejar.CookieJar` wants to see a response.

    :param headers: with the ``get_all`` of :class:`email.message.Message`.
    """

    def __init__(self, headers: Any) -> None:
        self._headers = headers

    def info(self) -> Any:
        return self._headers

    def getheaders(self, name: str) -> Any:
        return self._headers.get_all(name, [])


def request_to(url: str) -> Any:
    """A request to ``url``, for a jar or a policy of :mod:`http.cookiejar`."""
    return MockRequest(_URLOnly(url))


def response_with(set_cookie: Sequence[str]) -> Any:
    """A response with these Set-Cookie fields, for a jar of :mod:`http.cookiejar`."""
    return MockResponse(_SetCookies(set_cookie))


def effective_url(request: RequestLike) -> str:
    """The URL that cookies belong to: a Host header of the caller counts, as in requests."""
    url = str(request.url)
    host = request.headers.get("Host") if request.headers else None
    if not host:
        return url
    if isinstance(host, bytes):
        host = host.decode("latin-1")
    parsed = _urls.parse(url)
    return f"{parsed.scheme}://{host}{parsed.target}"


def set_cookie_lines(response: Any) -> list[str]:
    """The Set-Cookie fields of a urllib3 response, or of one of http.client inside it."""
    original = getattr(response, "_original_response", None)
    message = getattr(original, "msg", None)
    if message is not None:
        return list(message.get_all("Set-Cookie", []))
    headers = getattr(response, "headers", None)
    reader = getattr(headers, "getlist", None) or getattr(headers, "get_all", None)
    return list(reader("Set-Cookie") or []) if reader is not None else []


def permitted(
    policy: CookiePolicy, cookies: list[Cookie], request: Any, now: float
) -> list[Cookie]:
    """Those of ``cookies`` that a caller's policy lets go to ``request``."""
    policy._now = int(now)  # type: ignore[attr-defined]  # DefaultCookiePolicy is told so
    return [
        cookie
        for cookie in cookies
        for known in [_as_stock(cookie)]
        if policy.domain_return_ok(known.domain, request)
        and policy.path_return_ok(known.path, request)
        and policy.return_ok(known, request)
    ]


def acceptable(policy: CookiePolicy, cookie: Cookie, request: Any, now: float) -> bool:
    """Whether a caller's policy lets ``cookie`` in."""
    policy._now = int(now)  # type: ignore[attr-defined]  # DefaultCookiePolicy is told so
    return policy.netscape and policy.set_ok(_as_stock(cookie), request)


def _as_stock(cookie: Cookie) -> Cookie:
    """The cookie as http.cookiejar would have it: it calls ``localhost`` ``localhost.local``."""
    if not cookie.domain or "." in cookie.domain:
        return cookie
    known = copy.copy(cookie)
    known.domain = f"[{cookie.domain}].local" if ":" in cookie.domain else f"{cookie.domain}.local"
    return known
