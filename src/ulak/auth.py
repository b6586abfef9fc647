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
from weakref import WeakValueDictionary

from . import _bodies, _digest, _urls
from ._credentials import basic as _basic_auth_str
from ._credentials import bearer
from ._forks import renew_lock_in_child
from ._headers import Challenge, parse_challenges
from .exceptions import RequestException

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


CONTENT_TYPE_FORM_URLENCODED = _bodies.FORM
CONTENT_TYPE_MULTI_PART = "multipart/form-data"


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

    A file that is named is read once, here; the other is looked at again when it
    changes.  A request that has an Authorization header keeps it.
    """

    def __init__(self, file: str | os.PathLike[str] | None = None) -> None:
        from ._environment import Netrc, NetrcFile

        self._netrc = Netrc() if file is None else NetrcFile(file)

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the Authorization header, if the file has anything for the host."""
        if "Authorization" not in r.headers:
            found = self._netrc.lookup(_urls.parse(r.url or "").host)
            if found is not None:
                r.headers["Authorization"] = _basic_auth_str(*found)
        return r


_Origin = tuple[str, str, int]

#: Origins whose nonces are kept, per auth.
_MAX_ORIGINS = 100
#: Nonces that are kept for an origin while no request uses them.
_MAX_IDLE = 100
#: Answers to one request: to the first challenge, and again if only its nonce was old.
_MAX_ANSWERS = 2


class _Nonce:
    """A challenge, and how often its nonce was used.  Guarded by the lock of its auth."""

    __slots__ = ("__weakref__", "challenge", "count")

    def __init__(self, challenge: _digest.DigestChallenge) -> None:
        self.challenge = challenge
        self.count = 0


class _Nonces:
    """The nonces of one origin.  Guarded by the lock of its auth.

    Servers want the count of a nonce to grow from request to request (RFC 7616,
    section 3.4), and requests on different connections overtake one another.  So a
    nonce is lent to one request at a time, as a connection is.
    """

    __slots__ = ("_alive", "_idle")

    def __init__(self) -> None:
        self._idle: dict[str, _Nonce] = {}
        # The lent ones too: nobody reports one that is dropped with its request.
        self._alive: WeakValueDictionary[str, _Nonce] = WeakValueDictionary()

    def take(self) -> _Nonce | None:
        """The one that was used last, exclusively, or ``None`` when all are lent."""
        return self._idle.popitem()[1] if self._idle else None

    def last(self) -> _Nonce | None:
        """The one that :meth:`take` would take; it stays."""
        return next(reversed(self._idle.values()), None)

    def lend(self, challenge: _digest.DigestChallenge) -> _Nonce:
        """The nonce of a challenge, exclusively unless the server gave it out twice.

        Then the count goes on, so that no answer is a replay of another.
        """
        nonce = self._alive.get(challenge.nonce)
        if nonce is None:
            nonce = self._alive[challenge.nonce] = _Nonce(challenge)
        self._idle.pop(challenge.nonce, None)
        nonce.challenge = challenge._replace(stale=False)
        return nonce

    def give_back(self, nonce: _Nonce) -> None:
        """Keep a nonce for another request, in the place of the oldest if there are many."""
        value = nonce.challenge.nonce
        self._alive[value] = self._idle[value] = nonce
        if len(self._idle) > _MAX_IDLE:
            del self._idle[next(iter(self._idle))]


class HTTPDigestAuth(FlowAuth):
    """Digest authentication (RFC 7616), and that of RFC 2069 and 2617.

    MD5, SHA-256 and SHA-512-256, each with its ``-sess``; ``auth`` and, for a
    body that is bytes or text, ``auth-int``; ``userhash`` and UTF-8.  The
    nonces of an origin's challenges are kept, so that later requests are answered
    before they are challenged; each is used by one request at a time.

    :param username: text (UTF-8) or bytes.
    :param password: text (UTF-8) or bytes.

    One object may serve any number of threads and tasks.  A pickle of it holds
    the credentials, and no challenges.
    """

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        self.username = username
        self.password = password
        self._nonces: dict[_Origin, _Nonces] = {}
        self._thread_local = threading.local()
        self._renew_lock()
        renew_lock_in_child(self)

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()

    def __eq__(self, other: object) -> bool:
        return _same_user(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.username, self.password))

    def __getstate__(self) -> dict[str, Any]:
        own = ("_lock", "_nonces", "_thread_local")
        return {name: value for name, value in self.__dict__.items() if name not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._nonces = {}
        self._thread_local = threading.local()
        self._renew_lock()
        renew_lock_in_child(self)

    def auth_flow(self, request: PreparedRequest) -> Generator[PreparedRequest, Response, None]:
        """Send ``request``, and again with an answer when it is challenged.

        It carries an answer at once when a nonce is idle.  A challenge that cannot
        be answered, or one from another origin, leaves the response that carries it
        as the answer.  A flow that is closed early, or refused, gives no nonce back.

        :raises InvalidHeader: for a control character in the user's name.
        """
        nonce, signed = self._ahead(request)
        response = yield signed
        for attempt in range(_MAX_ANSWERS):
            challenge = _challenge_of(request, response)
            if challenge is None or (attempt and not challenge.stale):
                break
            nonce, again = self._again(request, challenge)
            if again is None:
                return
            response = yield again
        self._settle(request, nonce, response)

    def _ahead(self, request: PreparedRequest) -> tuple[_Nonce | None, PreparedRequest]:
        """The request with an answer by an idle nonce, if there is one, and that nonce.

        A Digest answer that it carries already was for another exchange.
        """
        given = request.headers.get("Authorization")
        if given is not None and given[:7].lower() != "digest ":
            return None, request
        with self._lock:
            known = self._nonces.get(_origin_of(request))
            nonce = known.take() if known is not None else None
        signed = self._signed(request, nonce) if nonce is not None else None
        return (nonce, signed) if signed is not None else (None, request)

    def _again(
        self, request: PreparedRequest, challenge: _digest.DigestChallenge
    ) -> tuple[_Nonce, PreparedRequest | None]:
        """The request with an answer to ``challenge``, and the nonce that this uses."""
        with self._lock:
            nonce = self._nonces_of(_origin_of(request)).lend(challenge)
        return nonce, self._signed(request, nonce)

    def _signed(self, request: PreparedRequest, nonce: _Nonce) -> PreparedRequest | None:
        """The request with an answer; ``None`` if there is none, and the nonce is idle again."""
        body = _octets_of(request.body)
        header = self._header(request.method or "", request.url or "", body, nonce)
        if header is None:
            self._give_back(request, nonce)
            return None
        signed = request.copy()
        signed.headers["Authorization"] = header
        return signed

    def _header(self, method: str, url: str, body: bytes | None, nonce: _Nonce) -> str | None:
        """The Authorization header; ``None``, and nothing is counted, if the body is missing."""
        with self._lock:
            challenge = nonce.challenge
            if not _digest.is_answerable(challenge, body):
                return None
            nonce.count += 1
            count = nonce.count
        target = _urls.parse(url).target
        exchange = _digest.Exchange(method, target, body, count, os.urandom(16).hex())
        user = _digest.Credentials(self.username, self.password)
        return _digest.authorization(challenge, user, exchange)

    def _settle(self, request: PreparedRequest, nonce: _Nonce | None, response: Response) -> None:
        """Give the nonce of an accepted answer back, or the one that the server wants next."""
        if nonce is None or not _is_accepted(request, response):
            return
        following = _next_nonce(response)
        if following is not None:
            with self._lock:
                challenge = nonce.challenge._replace(nonce=following)
                nonce = self._nonces_of(_origin_of(request)).lend(challenge)
        self._give_back(request, nonce)

    def _give_back(self, request: PreparedRequest, nonce: _Nonce) -> None:
        with self._lock:
            self._nonces_of(_origin_of(request)).give_back(nonce)

    def _nonces_of(self, origin: _Origin) -> _Nonces:
        """The nonces of an origin, which is now the one used last; the lock is held."""
        known = self._nonces.pop(origin, None)
        if known is None:
            known = _Nonces()
            while len(self._nonces) >= _MAX_ORIGINS:
                del self._nonces[next(iter(self._nonces))]
        self._nonces[origin] = known
        return known

    # What code that was written for requests calls.

    def build_digest_header(self, method: str, url: str) -> str | None:
        """An answer to the last challenge of the URL's origin.

        Or to the one that a subclass has put, as a mapping of its parameters, into
        ``_thread_local.chal``; ``last_nonce`` and ``nonce_count`` beside it tell how
        often its nonce was used.

        The nonce is not taken: whoever sends several such answers at once has to
        expect that the server refuses one that was overtaken.

        :returns: the Authorization header's value, or ``None`` when there was no
            challenge, requests use its nonce, or it wants the body protected.
        """
        given = getattr(self._thread_local, "chal", None)
        if given:
            return self._header_for(given, method, url)
        with self._lock:
            known = self._nonces.get(_urls.parse(url).origin)
            nonce = known.last() if known is not None else None
        return None if nonce is None else self._header(method, url, None, nonce)

    def _header_for(self, given: dict[str, str], method: str, url: str) -> str | None:
        """The answer to a subclass's own challenge, whose nonce this thread counts."""
        challenge = _digest.choose([Challenge("Digest", given)])
        if challenge is None:
            return None
        nonce, state = _Nonce(challenge), self._thread_local
        if challenge.nonce == getattr(state, "last_nonce", ""):
            nonce.count = state.nonce_count
        header = self._header(method, url, None, nonce)
        if header is not None:
            state.last_nonce, state.nonce_count = challenge.nonce, nonce.count
        return header

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
        nonce, prepared = self._again(r.request, challenge)
        if prepared is None:
            return r
        r.content  # noqa: B018 - read to its end, so that the connection is free again
        r.close()
        _bodies.rewind(prepared.body, prepared._body_position)
        _take_cookies(r, prepared)
        answer: Response = r.connection.send(prepared, **kwargs)
        self._settle(prepared, nonce, answer)
        answer.history.append(r)
        answer.request = prepared
        return answer

    def handle_redirect(self, r: Response, **kwargs: Any) -> None:
        """Nothing: no state is kept from one response to the next."""

    def init_per_thread_state(self) -> None:
        """Have ``_thread_local`` filled, for a subclass that handles challenges of its own."""
        state = self._thread_local
        if not hasattr(state, "init"):
            state.init, state.chal, state.pos, state.num_401_calls = True, {}, None, None
            state.last_nonce, state.nonce_count = "", 0


def _same_user(auth: HTTPBasicAuth | HTTPDigestAuth, other: object) -> bool:
    return bool(
        auth.username == getattr(other, "username", None)
        and auth.password == getattr(other, "password", None)
    )


def _origin_of(request: PreparedRequest) -> _Origin:
    return _urls.parse(request.url or "").origin


def _challenge_of(request: PreparedRequest, response: Response) -> _digest.DigestChallenge | None:
    """The challenge that ``response`` carries, if it is by the origin of ``request``."""
    if not 400 <= response.status_code < 500:
        return None
    headers = response.headers
    if "WWW-Authenticate" not in headers:
        return None
    if response.url and not _same_origin(response.url, request.url or ""):
        return None
    get_all = getattr(headers, "get_all", None)  # an adapter may have put any mapping there
    values = [headers["WWW-Authenticate"]] if get_all is None else get_all("WWW-Authenticate")
    return _digest.choose(parse_challenges(values))


def _is_accepted(request: PreparedRequest, response: Response) -> bool:
    """Whether the server took the answer, so that its nonce is good for another request."""
    status = response.status_code
    if status == 401 or (400 <= status < 500 and "WWW-Authenticate" in response.headers):
        return False
    return not response.url or _same_origin(response.url, request.url or "")


def _next_nonce(response: Response) -> str | None:
    """The nonce that the server wants next (RFC 7616, section 3.5)."""
    info = response.headers.get("Authentication-Info")
    if not info or "nextnonce" not in info.lower():
        return None
    params = [challenge.params for challenge in parse_challenges(["Digest " + info])]
    nonce = params[0].get("nextnonce") if params else None
    return nonce if nonce and nonce.isprintable() else None


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
    """The body's octets, or ``None`` when they are not at hand.

    :raises InvalidBody: for text that cannot be sent.
    """
    if body is None:
        return b""
    if isinstance(body, str):
        return _bodies.encode_text(body)
    return bytes(body) if isinstance(body, bytes | bytearray | memoryview) else None


def _take_cookies(r: Response, prepared: PreparedRequest) -> None:
    """Let a request have the cookies that came with the challenge."""
    if prepared._cookies is None:
        return
    from .cookies import extract_cookies_to_jar

    extract_cookies_to_jar(prepared._cookies, r.request, r.raw)
    prepared.headers.pop("Cookie", None)
    prepared.prepare_cookies(prepared._cookies)
