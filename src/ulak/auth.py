"""Ways to authenticate a request.

An :class:`AuthBase` is called with a prepared request and adds what it has to
add.  A :class:`FlowAuth` also sees the answers and may send again; it never does
so itself, but yields requests to whoever drives it.

Nothing here decides whether credentials may go to a host: an auth that is asked
answers, and the policy asks only on behalf of the origin it was given for.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from . import _bodies, _digest, _urls
from ._credentials import basic as _basic_auth_str
from ._credentials import bearer
from ._headers import Headers, parse_challenges
from .exceptions import InvalidOption, RequestException

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .models import PreparedRequest, Response

__all__ = [
    "AuthBase",
    "FlowAuth",
    "HTTPBasicAuth",
    "HTTPBearerAuth",
    "HTTPDigestAuth",
    "HTTPProxyAuth",
    "NetrcAuth",
    "_basic_auth_str",
]


class AuthBase:
    """The base of every way to authenticate.

    A subclass is called with the prepared request, everything else of which is
    ready; it changes that request and returns it.
    """

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        raise NotImplementedError(f"{type(self).__name__} has to define __call__(self, r)")

    def __repr__(self) -> str:
        # Credentials are never text, those of a caller's subclass neither.
        return f"<{type(self).__name__}>"


class FlowAuth(AuthBase):
    """An authentication that takes more than one exchange.

    :meth:`auth_flow` is a generator, made anew for each request.  It yields the
    request to send, is sent the response, and yields the next request or
    returns; then the last response is the answer.  It does no I/O and does not
    change the request that it was given.  The driver limits the rounds.
    """

    #: Whether the flow needs the request's body as bytes.
    requires_request_body = False
    #: Whether the driver has to read a response's body before it sends it in.
    requires_response_body = False

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.auth_flow = self
        return r

    def auth_flow(self, request: PreparedRequest) -> Generator[PreparedRequest, Response, None]:
        """The conversation about ``request``."""
        yield request


class HTTPBasicAuth(AuthBase):
    """Basic authentication (RFC 7617).

    :param username: text or bytes, without a colon.
    :param password: text or bytes.
    """

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        self.username = username
        self.password = password

    def __eq__(self, other: object) -> bool:
        return _same_user(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.username, self.password))

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the Authorization header.

        :raises InvalidOption, InvalidHeader: for what a name or password may not contain.
        """
        r.headers["Authorization"] = _basic_auth_str(self.username, self.password)
        return r


class HTTPProxyAuth(HTTPBasicAuth):
    """Basic authentication to a proxy."""

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the Proxy-Authorization header."""
        r.headers["Proxy-Authorization"] = _basic_auth_str(self.username, self.password)
        return r


class HTTPBearerAuth(AuthBase):
    """A bearer token (RFC 6750).

    :param token: the token, or a callable that returns it; that is called for
        each request, so that it can renew the token.
    """

    def __init__(self, token: str | Callable[[], str]) -> None:
        self.token = token

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HTTPBearerAuth) and self.token == other.token

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.token)

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the Authorization header.

        :raises InvalidOption, InvalidHeader: when the token is none.
        """
        token = self.token() if callable(self.token) else self.token
        r.headers["Authorization"] = bearer(token)
        return r


class NetrcAuth(AuthBase):
    """Basic authentication with what a netrc file has for the request's host.

    :param file: the file; without one, that of the ``NETRC`` variable,
        ``~/.netrc`` or ``~/_netrc``, where there need not be any.
    :raises InvalidOption: when ``file`` cannot be read.

    The file is read once, here.  A request that has an Authorization header
    keeps it.
    """

    def __init__(self, file: str | os.PathLike[str] | None = None) -> None:
        from ._environment import Netrc

        self._entries = Netrc() if file is None else _NetrcFile(file)

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the Authorization header, if the file has anything for the host."""
        if "Authorization" not in r.headers:
            found = self._entries.lookup(_urls.parse(r.url or "").host)
            if found is not None:
                r.headers["Authorization"] = _basic_auth_str(*found)
        return r


class _NetrcFile:
    """A netrc file that the caller named."""

    def __init__(self, file: str | os.PathLike[str]) -> None:
        from netrc import NetrcParseError, netrc

        path = os.path.expanduser(file)
        try:
            self._netrc = netrc(os.fspath(path))
        except NetrcParseError as exc:
            # The parser's own message may quote a password, and so would its traceback.
            raise InvalidOption(
                f"the netrc file {path!r} cannot be read: line {exc.lineno} is malformed"
            ) from None
        except (OSError, ValueError) as exc:
            raise InvalidOption(f"the netrc file {path!r} cannot be read: {exc}") from exc

    def lookup(self, host: str) -> tuple[str, str] | None:
        """User and password for a host, by its own entry or ``default``."""
        entry = self._netrc.authenticators(host)
        if entry is None:
            return None
        login, account, password = entry
        return login or account or "", password or ""


_Origin = tuple[str, str, int]

#: Origins whose last challenge is remembered, per auth.
_MAX_ORIGINS = 100
#: Answers to one request: to the first challenge, and again if only its nonce was old.
_MAX_ANSWERS = 2


class HTTPDigestAuth(FlowAuth):
    """Digest authentication (RFC 7616), and that of RFC 2069 and 2617.

    MD5, SHA-256 and SHA-512-256, each with its ``-sess``; ``auth`` and, for a
    body that is bytes or text, ``auth-int``; ``userhash`` and UTF-8.  A
    challenge is remembered for its origin, so that later requests are answered
    before they are challenged.

    :param username: text (UTF-8) or bytes.
    :param password: text (UTF-8) or bytes.

    One object may serve any number of threads and tasks.  A pickle of it holds
    the credentials, and no challenges.
    """

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        self.username = username
        self.password = password
        self._lock = threading.Lock()
        # The last challenge of each origin, and how often its nonce was used.
        self._known: dict[_Origin, tuple[_digest.DigestChallenge, int]] = {}

    def __eq__(self, other: object) -> bool:
        return _same_user(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.username, self.password))

    def __getstate__(self) -> dict[str, Any]:
        own = ("_lock", "_known")
        return {name: value for name, value in self.__dict__.items() if name not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self._known = {}

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Answer the origin's last challenge, if there was one, and ask to see the response.

        :raises InvalidHeader: for a control character in the user's name.
        """
        header = self._answer(r)
        if header is not None:
            r.headers["Authorization"] = header
        return super().__call__(r)

    def auth_flow(self, request: PreparedRequest) -> Generator[PreparedRequest, Response, None]:
        """Send ``request``, and again with an answer when it is challenged.

        A challenge that cannot be answered, or one from another origin, leaves
        the response that carries it as the answer.
        """
        response = yield self._signed(request)
        for attempt in range(_MAX_ANSWERS):
            challenge = _challenge_of(request, response)
            if challenge is None or (attempt and not challenge.stale):
                break
            again = self._again(request, challenge)
            if again is None:
                return
            response = yield again
        self._note_next_nonce(request, response)

    def _signed(self, request: PreparedRequest) -> PreparedRequest:
        """The request with an answer for its own target, where a challenge is known.

        On a redirect, the answer that it carries is for the target before.
        """
        given = request.headers.get("Authorization")
        if given is not None and (
            given[:7].lower() != "digest "
            or _digest.answers(given, _urls.parse(request.url or "").target)
        ):
            return request
        header = self._answer(request)
        return request if header is None else _with_authorization(request, header)

    def _again(
        self, request: PreparedRequest, challenge: _digest.DigestChallenge
    ) -> PreparedRequest | None:
        """The request with an answer to ``challenge``, which is remembered."""
        origin = _urls.parse(request.url or "").origin
        with self._lock:
            known = self._known.pop(origin, None)
            if known is None or known[0].nonce != challenge.nonce:
                known = challenge._replace(stale=False), 0
            self._remember(origin, *known)
        header = self._answer(request)
        return None if header is None else _with_authorization(request, header)

    def _remember(self, origin: _Origin, challenge: _digest.DigestChallenge, count: int) -> None:
        """Note a challenge; the lock is held."""
        while len(self._known) >= _MAX_ORIGINS:
            del self._known[next(iter(self._known))]
        self._known[origin] = challenge, count

    def _answer(self, request: PreparedRequest) -> str | None:
        """The Authorization header by what is known of the request's origin."""
        return self._header(request.method or "", request.url or "", _octets_of(request.body))

    def _header(self, method: str, url: str, body: bytes | None) -> str | None:
        parsed = _urls.parse(url)
        with self._lock:
            if parsed.origin not in self._known:
                return None
            challenge, count = self._known[parsed.origin]
            count += 1
            self._known[parsed.origin] = challenge, count
        exchange = _digest.Exchange(method, parsed.target, body, count, os.urandom(16).hex())
        user = _digest.Credentials(self.username, self.password)
        return _digest.authorization(challenge, user, exchange)

    def _note_next_nonce(self, request: PreparedRequest, response: Response) -> None:
        """Take over the nonce that the server wants next (RFC 7616, section 3.5)."""
        info = response.headers.get("Authentication-Info")
        if not info or "nextnonce" not in info.lower():
            return
        params = [challenge.params for challenge in parse_challenges(["Digest " + info])]
        nonce = params[0].get("nextnonce") if params else None
        origin = _urls.parse(request.url or "").origin
        with self._lock:
            if nonce and nonce.isprintable() and origin in self._known:
                self._known[origin] = self._known[origin][0]._replace(nonce=nonce), 0

    # What code that was written for requests calls.

    def build_digest_header(self, method: str, url: str) -> str | None:
        """An answer to the last challenge of the URL's origin.

        :returns: the Authorization header's value, or ``None`` when there was no
            challenge or it wants the body protected.
        """
        return self._header(method, url, None)

    def handle_401(self, r: Response, **kwargs: Any) -> Response:
        """Answer the challenge of ``r``, once, through the adapter that ``r`` came from.

        For use as a response hook, outside a session's own flow.

        :param kwargs: what the adapter's ``send`` takes.
        :returns: the response to the answer, with ``r`` in its history; or ``r``,
            when it carries no challenge or its request was an answer to it.
        :raises UnrewindableBodyError: when the body cannot be sent again.
        """
        challenge = _challenge_of(r.request, r)
        if challenge is None or _was_answered(r, challenge):
            return r
        prepared = self._again(r.request, challenge)
        if prepared is None:
            return r
        r.content  # noqa: B018 - read to its end, so that the connection is free again
        r.close()
        _bodies.rewind(prepared.body, prepared._body_position)
        _take_cookies(r, prepared)
        answer: Response = r.connection.send(prepared, **kwargs)
        answer.history.append(r)
        answer.request = prepared
        return answer

    def handle_redirect(self, r: Response, **kwargs: Any) -> None:
        """Nothing: no state is kept from one response to the next."""

    def init_per_thread_state(self) -> None:
        """Nothing: no state is kept per thread."""


def _same_user(auth: HTTPBasicAuth | HTTPDigestAuth, other: object) -> bool:
    return bool(
        auth.username == getattr(other, "username", None)
        and auth.password == getattr(other, "password", None)
    )


def _with_authorization(request: PreparedRequest, value: str) -> PreparedRequest:
    signed = request.copy()
    signed.headers["Authorization"] = value
    return signed


def _challenge_of(request: PreparedRequest, response: Response) -> _digest.DigestChallenge | None:
    """The challenge that ``response`` carries, if it is by the origin of ``request``."""
    if not 400 <= response.status_code < 500:
        return None
    headers = response.headers
    if "WWW-Authenticate" not in headers:
        return None
    if response.url and not _same_origin(response.url, request.url or ""):
        return None
    if isinstance(headers, Headers):
        values = headers.get_all("WWW-Authenticate")
    else:
        values = [headers["WWW-Authenticate"]]
    return _digest.choose(parse_challenges(values))


def _same_origin(url: str, other: str) -> bool:
    try:
        return _urls.parse(url).origin == _urls.parse(other).origin
    except RequestException:
        return False


def _was_answered(r: Response, challenge: _digest.DigestChallenge) -> bool:
    """Whether the request of ``r`` answered a challenge, so that another try is of no use."""
    given = r.request.headers.get("Authorization") or ""
    return given[:7].lower() == "digest " and not challenge.stale and challenge.nonce in given


def _octets_of(body: Any) -> bytes | None:
    """The body's octets, or ``None`` when they are not at hand."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    return bytes(body) if isinstance(body, bytes | bytearray | memoryview) else None


def _take_cookies(r: Response, prepared: PreparedRequest) -> None:
    """Let a request have the cookies that came with the challenge."""
    if prepared._cookies is None:
        return
    from .cookies import extract_cookies_to_jar

    extract_cookies_to_jar(prepared._cookies, r.request, r.raw)
    prepared.headers.pop("Cookie", None)
    prepared.prepare_cookies(prepared._cookies)
