"""Which request follows a redirect (RFC 9110, section 15.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .. import _bodies, _urls
from .._response import REDIRECT_STATI
from ..exceptions import InvalidOption, InvalidSchema, TooManyRedirects
from .credentials import BOUND_HEADERS

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    from .._response import BaseResponse
    from .._types import Proxies
    from ..models import PreparedRequest

__all__ = ["RedirectHost", "method_after", "next_request", "redirect_target"]

#: What tells of a body, and goes with it (RFC 9110, sections 15.4 and 10.1.1).
_BODY_HEADERS = (
    "Content-Length",
    "Content-Type",
    "Transfer-Encoding",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Expect",
)


class RedirectHost(Protocol):
    """What a session decides about redirects; each is an override point."""

    max_redirects: int

    def get_redirect_target(self, resp: BaseResponse) -> str | None: ...
    def rebuild_method(self, prepared_request: PreparedRequest, response: BaseResponse) -> None: ...
    def rebuild_proxies(
        self, prepared_request: PreparedRequest, proxies: Proxies
    ) -> dict[str, str]: ...
    def rebuild_auth(self, prepared_request: PreparedRequest, response: BaseResponse) -> None: ...
    def should_strip_auth(self, old_url: str, new_url: str) -> bool: ...
    def _jar(self) -> CookieJar | None: ...


def redirect_target(response: BaseResponse) -> str | None:
    """The Location to follow, or ``None`` when this is no redirect.

    Servers put UTF-8 into a field that is read as Latin-1.
    """
    if response.status_code not in REDIRECT_STATI:
        return None
    location: str = response.headers.get("location", "")
    if not location:  # an empty reference would lead back here for ever
        return None
    try:
        return location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return location


def method_after(method: str, status: int) -> str:
    """The method that follows ``method`` after a redirect with ``status``.

    303 makes everything but HEAD a GET; 301 and 302 do so to POST (RFC 9110,
    sections 15.4.2 to 15.4.4), and 302 to the other methods too, as browsers do.
    """
    if status in (302, 303) and method != "HEAD":
        return "GET"
    return "GET" if status == 301 and method == "POST" else method


def next_request(
    host: RedirectHost,
    request: PreparedRequest,
    response: BaseResponse,
    location: str,
    *,
    taken: int,
) -> PreparedRequest:
    """The request that follows ``response``; its proxies are rebuilt by the caller.

    :param request: the one that ``response`` answers.
    :param taken: how many redirects were followed already.
    :raises TooManyRedirects: when that is all that are allowed.
    :raises InvalidURL: when the Location cannot be requested.
    :raises InvalidSchema: when it leads from HTTP to something else.
    :raises UnrewindableBodyError: when the body must be sent again and cannot be.
    """
    if not isinstance(host.max_redirects, int):
        raise InvalidOption(f"max_redirects={host.max_redirects!r} should be a whole number")
    if taken >= host.max_redirects:
        raise TooManyRedirects(
            f"Exceeded {host.max_redirects} redirects. "
            f"The last is from {request.method} {_urls.redact(request.url or '')}",
            request=request,
            response=response,
        )
    following = request.copy()
    following.url = _follow(response.url or request.url or "", location)
    host.rebuild_method(following, response)
    _carry_body(following, request, response)
    _carry_headers(host, following, request, response)
    return following


def _follow(base: str, location: str) -> str:
    """The absolute URL of ``location``; it inherits a fragment (RFC 9110, section 10.2.2)."""
    url = _urls.prepare(_urls.join(base, location))
    if "#" not in url and "#" in base:
        url = f"{url}#{base.partition('#')[2]}"
    scheme = url.partition(":")[0].lower()
    if base.partition(":")[0].lower() in ("http", "https") and scheme not in ("http", "https"):
        raise InvalidSchema(f"a redirect from HTTP to {scheme!r} is not followed")
    return url


def _carry_body(
    following: PreparedRequest, request: PreparedRequest, response: BaseResponse
) -> None:
    """Keep the body for the same method, to be sent again; else drop it."""
    kept = response.status_code in (307, 308) or (
        following.method == request.method and following.method not in ("GET", "HEAD")
    )
    if not kept:
        for name in _BODY_HEADERS:
            following.headers.pop(name, None)
        following.body = None
    elif following.body is not None:
        _bodies.check_replayable(following.body, following._body_position)
        following._body_was_sent = True


def _carry_headers(
    host: RedirectHost, following: PreparedRequest, request: PreparedRequest, response: BaseResponse
) -> None:
    """Leave behind what was meant for the last origin only, and set the cookies anew."""
    following.headers.pop("Cookie", None)
    if host.should_strip_auth(request.url or "", following.url or ""):
        for name in BOUND_HEADERS:
            following.headers.pop(name, None)
        if response.request is not request and response.request.url != request.url:
            # A hook answered from elsewhere, which rebuild_auth takes for the last origin.
            following.headers.pop("Authorization", None)
            following.auth_flow = None
        following._leave_cookies()
        following._hosts_left |= {_urls.parse(request.url or "").host}
    following._session_jar = host._jar()
    following.prepare_cookies(None)
