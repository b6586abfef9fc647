"""Exchanges that somebody looks on at: tracers, and who wants to see what goes over the wire.

They put functions of their own in the place of ``urlopen`` of urllib3's pools, or of the
methods of ``http.client.HTTPConnection``, and call from there what they replaced.  Both
are called here as urllib3 would call them, around an exchange that stays ulak's: its
deadline, its strict reading and the one replacement of a dead connection hold.  What an
onlooker sees of the conversation is the head of the request, its body where that is
bytes, and the head of the answer; it may add fields to the request.  Imported only when
somebody looks on.  Knows how urllib3 and ``http.client`` call their own parts; knows
nothing of who looks on, nor why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3 import exceptions as lower
from urllib3._collections import HTTPHeaderDict
from urllib3.response import HTTPResponse
from urllib3.util.url import parse_url

from .. import _bodies
from .._headers import prepare_headers
from .._protocol import h1
from ..exceptions import InvalidHeader
from ..structures import CaseInsensitiveDict
from . import clock, stock
from .answer import Answer
from .payload import Payload
from .stock import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3.response import BaseHTTPResponse

    from ..timeouts import Timeout

__all__ = ["exchange"]

_FRAMING = (b"content-length", b"transfer-encoding")


class Carrier(Protocol):
    """A pool of ours, which carries exchanges out; see :class:`.pool.CodecPool`."""

    host: str
    port: int | None

    def urlopen_is_own(self) -> bool: ...

    def head(
        self,
        method: str,
        target: str,
        headers: CaseInsensitiveDict[Any],
        payload: Payload | None,
    ) -> bytes: ...

    def exchange(
        self,
        method: str,
        target: str,
        headers: CaseInsensitiveDict[Any],
        timeout: Timeout,
        payload: Payload | None = None,
        *,
        head: bytes | None = None,
    ) -> Answer | BaseHTTPResponse: ...


class _Request(NamedTuple):
    """What is to be sent, and by when it must be answered."""

    method: str
    target: str
    headers: CaseInsensitiveDict[Any]
    timeout: Timeout
    payload: Payload | None
    deadline: clock.Deadline

    def limits(self) -> Timeout:
        """The time-out for what is left to do.

        :raises TotalTimeoutError: when no time is.
        """
        left = clock.left(None, self.deadline, "sending the request")
        return self.timeout if left is None else self.timeout.within(left)


def exchange(
    pool: Carrier,
    method: str,
    target: str,
    headers: CaseInsensitiveDict[Any],
    timeout: Timeout,
    payload: Payload | None,
) -> BaseHTTPResponse:
    """:meth:`.pool.CodecPool.exchange`, with all who look on.

    :raises urllib3.exceptions.HTTPError, OSError, CallerError: when the exchange fails.
    :raises Exception: what an onlooker raises.
    """
    request = _Request(method, target, headers, timeout, payload, clock.after(timeout.total))
    if pool.urlopen_is_own():
        return _by_http_client(pool, request)
    kind = _SecurePool if isinstance(pool, HTTPSConnectionPool) else _Pool
    return kind(pool, request).answer()


# -- urlopen of urllib3's pools ----------------------------------------------


class _NoConnection:
    """What urllib3's ``urlopen`` holds for a connection; the exchange takes its own."""

    timeout: Any = None
    is_closed = False
    proxy = None

    def close(self) -> None:
        """Nothing: the exchange closes what it has opened."""


class _Pool(HTTPConnectionPool):
    """A pool as ``urlopen`` sees it, for one exchange, which the pool behind it carries out.

    What an onlooker sets on it is gone with the exchange.
    """

    def __init__(self, pool: Carrier, request: _Request) -> None:
        # All that can be asked about a pool, without making a second one.
        self.__dict__.update(vars(pool))
        self.proxy_headers = {}  # the exchange adds them
        self._behind = pool
        self._request = request
        self._failure: BaseException | None = None
        self._answer: BaseHTTPResponse | None = None
        self._was_sent = False

    def answer(self) -> BaseHTTPResponse:
        """Call ``urlopen``, whoever stands there."""
        method, target, headers, timeout, payload, _ = self._request
        body = None if payload is None else payload.body
        try:
            return stock.call(self, method, target, headers, timeout, payload, body)
        except lower.ProtocolError as exc:
            # So urllib3 says of every OSError; which one it was is ours to say.
            if self._failure is None or self._failure not in exc.args:
                raise
            failure = self._failure
        except BaseException:
            if self._answer is not None:  # an onlooker's own, after the answer
                self._answer.close()
            raise
        raise failure

    def _get_conn(self, timeout: float | None = None) -> Any:
        return _NoConnection()

    def _put_conn(self, conn: Any) -> None:
        """Nothing: it is none."""

    def _make_request(  # type: ignore[override]
        self,
        conn: Any,
        method: str,
        url: str,
        body: Any = None,
        headers: Any = None,
        **options: Any,
    ) -> BaseHTTPResponse:
        """Carry the exchange out as it is asked for here."""
        try:
            self._answer = _by_http_client(self._behind, self._asked(method, url, body, headers))
        except BaseException as exc:
            self._failure = exc
            raise
        return self._answer

    def _asked(self, method: str, url: str, body: Any, headers: Any) -> _Request:
        """The request as an onlooker has asked for it.

        :raises RequestException: when it must not be sent, or not again.
        """
        request = self._request
        if not isinstance(headers, CaseInsensitiveDict):
            headers = prepare_headers(headers or {})
        payload = request.payload
        if body is not (None if payload is None else payload.body):
            payload = Payload.of(_Replaced(body), headers)
        elif payload is not None and self._was_sent:
            payload.rewind()
        self._was_sent = True
        target = request.target if _is_written_as(url, request.target) else url
        return request._replace(method=method, target=target, headers=headers, payload=payload)


class _SecurePool(_Pool, HTTPSConnectionPool):  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]  # as above
    """The same for ``https://``."""


def _is_written_as(url: str, target: str) -> bool:
    """Whether ``url`` is how urllib3 writes ``target``, which goes out as the caller wrote it."""
    if target.startswith("/"):
        return unquote_to_bytes(url) == unquote_to_bytes(target)
    return url == parse_url(target).url


class _Replaced:
    """A body that an onlooker gave instead of the request's."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self._body_position = _bodies.body_position(body)


# -- http.client -------------------------------------------------------------


def _by_http_client(pool: Carrier, request: _Request) -> BaseHTTPResponse:
    """The exchange, with those who look on at ``http.client``."""
    method, target, headers, _, payload, _ = request

    def carry_out(method: str, target: str, head: bytes) -> BaseHTTPResponse:
        answer = pool.exchange(method, target, headers, request.limits(), payload, head=head)
        return answer.as_raw() if isinstance(answer, Answer) else answer

    head = pool.head(method, target, headers, payload)

    kind = _SecureConversation if isinstance(pool, HTTPSConnectionPool) else _Conversation
    return kind(pool, carry_out).hold(head, payload)


class _Ear:
    """Where a socket would be: keeps the head that is sent."""

    def __init__(self) -> None:
        self.heard = b""
        self.listens = True

    def sendall(self, data: bytes) -> None:
        if self.listens:
            self.heard += data

    def close(self) -> None:
        """Nothing is open."""


class _Answer:
    """What ``http.client`` makes to read an answer: it has the exchange carried out."""

    #: ``http.client`` asks: whether the connection is of no further use.  This one never is.
    will_close = True
    # The body is not read by this: it is of no known length, and has ended.
    chunked = False
    length = None
    fp = None

    def __init__(self, carry_out: Callable[[], BaseHTTPResponse], *, prints: bool) -> None:
        self._carry_out = carry_out
        self._prints = prints
        self.raw: Any = None

    def begin(self) -> None:
        """Read the head; ``http.client`` calls this when the request has been sent."""
        self.raw = raw = self._carry_out()
        if self._prints:
            version = raw.version_string
            print("reply:", repr(f"{version} {raw.status} {raw.reason or ''}\r\n"))
            for name, value in raw.headers.iteritems():
                print("header:", f"{name}:", value)

    def close(self) -> None:
        """Close the answer, if there is one yet."""
        if self.raw is not None:
            self.raw.close()

    # As http.client's has them, which urllib3's has not.

    def isclosed(self) -> bool:
        return True

    @property
    def msg(self) -> Any:
        return self.raw.headers

    def getheaders(self) -> list[tuple[str, str]]:
        return list(self.raw.headers.iteritems())

    def getheader(self, name: str, default: str | None = None) -> str | None:
        value: str | None = self.raw.headers.get(name, default)
        return value

    def __getattr__(self, name: str) -> Any:
        if self.raw is None:
            raise AttributeError(name)
        return getattr(self.raw, name)


class _Conversation(HTTPConnection):
    """A request and its answer as ``http.client`` would lead them, on no connection."""

    def __init__(
        self, pool: Carrier, carry_out: Callable[[str, str, bytes], BaseHTTPResponse]
    ) -> None:
        super().__init__(pool.host, pool.port)
        self._carry_out = carry_out
        self._ear = _Ear()
        self._read: _Answer | None = None
        self._head = b""

    def connect(self) -> None:
        """What is sent stays here."""
        self.sock: Any = self._ear

    def hold(self, head: bytes, payload: Payload | None) -> BaseHTTPResponse:
        """Lead the conversation, and return its answer."""
        method, target, fields = _parts(head)
        self.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in fields:
            self.putheader(name.decode("latin-1"), value)  # type: ignore[arg-type]  # http.client takes bytes
        self.endheaders()
        said = self._ear.heard
        self._ear.listens = False
        self._head = head if said == head else _told_otherwise(head, said)
        if payload is not None and isinstance(payload.body, bytes):
            self.send(payload.body)
        try:
            answer: Any = super(HTTPConnection, self).getresponse()
        except BaseException:
            if self._read is not None:  # an onlooker's own, after the answer
                self._read.close()
            raise
        if self._read is not None and self._read.raw is not None:
            raw: BaseHTTPResponse = self._read.raw
            return raw
        return _given(answer, method, target)

    def response_class(  # type: ignore[override]
        self, sock: Any, debuglevel: int = 0, *, method: str | None = None
    ) -> _Answer:
        """What ``http.client`` makes for every answer."""
        asked, target, _ = _parts(self._head)
        self._read = _Answer(
            lambda: self._carry_out(asked, target, self._head), prints=debuglevel > 0
        )
        return self._read


class _SecureConversation(_Conversation, HTTPSConnection):  # pyright: ignore[reportIncompatibleVariableOverride]  # as above
    """The same for ``https://``."""


def _parts(head: bytes) -> tuple[str, str, list[tuple[bytes, bytes]]]:
    """The method, the target and the fields of a head."""
    line, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, target, _ = line.decode("latin-1").split(" ")
    fields = (field.partition(b":") for field in lines)
    return method, target, [(name, value.strip(b" \t")) for name, _, value in fields]


def _told_otherwise(head: bytes, said: bytes) -> bytes:
    """The head that an onlooker has made of ``head``.

    :raises InvalidHeader: when it must not be sent: there is something wrong in it, or it
        does not announce the body that the request has.
    """
    method, target, fields = _parts(said)
    if _framing(fields) != _framing(_parts(head)[2]):
        raise InvalidHeader(
            "what stands in the place of http.client announces another body than the request's"
        )
    return h1.request_head(method, target, fields)


def _framing(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in fields if name.lower() in _FRAMING]


def _given(answer: Any, method: str, target: str) -> BaseHTTPResponse:
    """An answer from elsewhere, without an exchange, as urllib3 makes it one of its own."""
    return HTTPResponse(
        body=answer,
        headers=HTTPHeaderDict(answer.msg.items()),
        status=answer.status,
        version=answer.version,
        reason=answer.reason,
        preload_content=False,
        decode_content=False,
        original_response=answer,
        enforce_content_length=True,
        request_method=method,
        request_url=target,
    )
