"""The one table from the errors of the layers below to ulak's own.

urllib3, :mod:`ssl`, :mod:`http.client` and the operating system raise their own
errors; :func:`translate` says which of ulak's each becomes, in which words.  It
knows no more of a request than its method and URL, and it puts nothing into a
message that could be a secret.
"""

from __future__ import annotations

import re
import socket
import ssl
from http.client import HTTPException
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from urllib3 import exceptions as lower

from . import exceptions as ulak
from ._root import Message
from ._urls import redact

if TYPE_CHECKING:
    from ._types import RequestLike, ResponseLike

__all__ = [
    "LOWER_ERRORS",
    "TotalTimeoutError",
    "WriteTimeoutError",
    "about",
    "as_urllib3",
    "assign",
    "broken_handshake",
    "translate",
]

_PREFIX: Final = r"(?:None|\w*Connection(?:Pool)?\([^()]*\)): "

#: Where an exchange was when it failed: before the answer's head was whole, or after.
Phase = Literal["head", "body"]


class WriteTimeoutError(lower.TimeoutError):
    """The peer took nothing for the ``write`` limit."""


class TotalTimeoutError(lower.TimeoutError):
    """The deadline of the whole request passed, while what the text says."""


#: How it is said of a proxy.
_BY_PROXY: Final = {"looking up the name": "of", "in the TLS handshake": "with"}


def during(doing: str, who: str = "") -> str:
    """What went on when time ran out, for a message: "while connecting".

    :param doing: one of :data:`ulak._transport.clock.Doing`.
    :param who: the other side, where that is not the server.
    """
    said = doing if doing.startswith("in ") else f"while {doing}"
    return f"{said} {_BY_PROXY.get(doing, 'to')} {who}" if who else said


#: What :func:`translate` accepts; whoever calls a lower layer catches these.
LOWER_ERRORS: Final = (lower.HTTPError, OSError, HTTPException)

_Row: TypeAlias = tuple[
    type[Exception], type[ulak.RequestException], type[ulak.RequestException], str
]


def _alike(
    below: type[Exception], above: type[ulak.RequestException], words: str
) -> tuple[_Row, ...]:
    """The row of an error that is the same in the head and in the body."""
    return ((below, above, above, words),)


def _in_body(below: type[Exception], words: str) -> tuple[_Row, ...]:
    """The row of an error of framing."""
    return ((below, ulak.ProtocolError, ulak.ChunkedEncodingError, words),)


#: The first row whose class matches decides.  Columns: the lower class, ours
#: while waiting for the head, ours in the body, and what happened in words.
_TABLE: Final[tuple[_Row, ...]] = (
    *_alike(TotalTimeoutError, ulak.TotalTimeout, "the deadline passed"),
    *_alike(WriteTimeoutError, ulak.WriteTimeout, "the server took no more data in time"),
    *_alike(lower.NameResolutionError, ulak.NameResolutionError, "the host name has no address"),
    *_alike(lower.NewConnectionError, ulak.ConnectionError, "no connection"),
    *_alike(lower.ConnectTimeoutError, ulak.ConnectTimeout, "no connection in time"),
    (lower.TimeoutError, ulak.ReadTimeout, ulak.BodyReadTimeout, "Read timed out, no data in time"),
    *_alike(lower.ProxyError, ulak.ProxyError, "the proxy failed"),
    *_alike(lower.SSLError, ulak.SSLError, "TLS failed"),
    *_alike(lower.EmptyPoolError, ulak.PoolTimeout, "no connection became free in time"),
    *_alike(lower.ClosedPoolError, ulak.SessionClosed, "the session was closed"),
    *_alike(lower.ProxySchemeUnknown, ulak.InvalidProxyURL, "the proxy's scheme is unknown"),
    *_alike(lower.ProxySchemeUnsupported, ulak.InvalidProxyURL, "the proxy's scheme is unknown"),
    *_alike(lower.URLSchemeUnknown, ulak.InvalidSchema, "the URL has an unknown scheme"),
    *_alike(lower.LocationValueError, ulak.InvalidURL, "the URL cannot be used"),
    *_alike(lower.InvalidHeader, ulak.InvalidHeader, "a header is not valid"),
    *_alike(lower.HeaderParsingError, ulak.ProtocolError, "the answer is not valid HTTP"),
    *_alike(lower.DecodeError, ulak.ContentDecodingError, "the body cannot be decoded"),
    *_alike(lower.UnrewindableBodyError, ulak.UnrewindableBodyError, "the body cannot go twice"),
    (lower.IncompleteRead, ulak.ProtocolError, ulak.IncompleteBody, "the body broke off"),
    *_in_body(lower.InvalidChunkLength, "the body's framing is wrong"),
    *_in_body(lower.ResponseNotChunked, "the body is not chunked"),
    *_in_body(lower.BodyNotHttplibCompatible, "the body cannot be read in chunks"),
    (lower.ProtocolError, ulak.ConnectionError, ulak.ChunkedEncodingError, "the connection broke"),
    *_alike(lower.ResponseError, ulak.RetryError, "the retries are used up"),
    *_alike(lower.RequestError, ulak.ConnectionError, "the request failed"),
    *_alike(lower.PoolError, ulak.ConnectionError, "the connection pool failed"),
    *_alike(lower.HTTPError, ulak.RequestException, "the request failed"),
    *_alike(ssl.SSLError, ulak.SSLError, "TLS failed"),
    *_alike(socket.gaierror, ulak.NameResolutionError, "the host name has no address"),
    (TimeoutError, ulak.ReadTimeout, ulak.BodyReadTimeout, "Read timed out, no data in time"),
    *_in_body(HTTPException, "the answer is not valid HTTP"),
    *_alike(OSError, ulak.ConnectionError, "the connection broke"),
)

_UNKNOWN: Final[_Row] = (
    Exception,
    ulak.RequestException,
    ulak.RequestException,
    "the request failed",
)

#: As urllib3 puts it, for who looks for that in a message.
_NO_CONNECTION: Final = "Failed to establish a new connection"

#: What OpenSSL says of bytes that are no TLS record, such as an answer in plain HTTP.
_NOT_TLS: Final = (
    r"\[SSL: (?:WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|HTTP_REQUEST)\]|\[SSL\] record layer failure"
)


def translate(
    error: Exception,
    request: RequestLike | None,
    response: ResponseLike | None = None,
    *,
    phase: Phase = "head",
) -> ulak.RequestException:
    """Ulak's error for ``error``; the caller raises it ``from`` that one.

    :param error: one of :data:`LOWER_ERRORS`.
    :param phase: ``"head"`` until the answer's head is whole, then ``"body"``.
    :returns: ``error`` itself when it is one of ulak's already.
    """
    if isinstance(error, ulak.RequestException):
        return error
    cause = _root(error)
    row = next((row for row in _TABLE if isinstance(cause, row[0])), _UNKNOWN)
    cls, words = row[1] if phase == "head" else row[2], row[3]
    if isinstance(cause, lower.ProxyError) and isinstance(cause.original_error, TotalTimeoutError):
        cls, words = ulak.ProxyTotalTimeout, "the deadline passed"
    elif isinstance(cause, lower.ProxyError) and _is_late(cause.original_error):
        cls, words = ulak.ProxyTimeout, "the proxy made no connection in time"
    if isinstance(cause, lower.ProtocolError):
        cls, words = _what_broke(cause, cls, words)
    message = Message(_message(words, cause, request), cause)
    return cls(message, request=request, response=response)


def as_urllib3(error: Exception, *, aborted: bool = False) -> Exception:
    """``error``, which an exchange met with, in urllib3's terms: what ``Response.raw`` raises.

    :param error: of the codec, the operating system, :mod:`ssl`, urllib3 or ulak.
    :param aborted: whether we ended the connection ourselves, by closing the session.
    """
    if aborted and not isinstance(error, ulak.RequestException):
        return lower.ClosedPoolError(None, "the session was closed")  # type: ignore[arg-type]
    if isinstance(error, lower.HTTPError | ulak.RequestException):
        return error
    if isinstance(error, ssl.SSLError):
        return lower.SSLError(error)
    if getattr(error, "started", True) is False:
        gone = ConnectionResetError("the server closed the connection without an answer")
        return lower.ProtocolError("Connection aborted.", gone)
    if isinstance(error, OSError):
        return lower.ProtocolError("Connection aborted.", error)
    return lower.ProtocolError(str(error), error)


def broken_handshake() -> ssl.SSLError:
    """The error for a TLS handshake that the peer ended, whether it closed or reset.

    Which of the two it was depends on how far either side was, and says nothing.
    """
    return ssl.SSLError(ssl.SSL_ERROR_EOF, "the peer broke the TLS handshake off")


def _root(error: Exception) -> Exception:
    """``error`` without urllib3's ``MaxRetryError`` and hollow wrappers around it."""
    while isinstance(error, lower.MaxRetryError) and error.reason is not None:
        error = error.reason
    wrapped = error.args[1] if len(error.args) > 1 else None
    if type(error) is lower.ProtocolError and isinstance(wrapped, TimeoutError):
        return wrapped
    return error


def _is_late(error: Exception) -> bool:
    """Whether time ran out; urllib3 counts a refused connection among its time-outs."""
    return isinstance(error, TimeoutError | lower.TimeoutError) and not isinstance(
        error, lower.NewConnectionError
    )


def _what_broke(
    error: lower.ProtocolError, cls: type[ulak.RequestException], words: str
) -> tuple[type[ulak.RequestException], str]:
    """Tell a codec's refusal, in the head or in the body, from a connection that broke."""
    inner = error.args[1] if len(error.args) > 1 else None
    code = getattr(inner, "code", None)
    if code == "incomplete_body" or isinstance(inner, lower.IncompleteRead):
        return ulak.IncompleteBody, "the body broke off"
    if getattr(inner, "in_body", False):  # even when it came together with the head
        return ulak.ChunkedEncodingError, "the body's framing is wrong"
    if isinstance(code, str) or isinstance(inner, HTTPException):
        in_body = cls is ulak.ChunkedEncodingError
        return (cls if in_body else ulak.ProtocolError), "the answer is not valid HTTP"
    return cls, words


def about(request: RequestLike | None) -> str:
    """The beginning of a message: which request, without its secrets; "" where there is none."""
    return "" if request is None else f"{request.method} {redact(str(request.url))}: "


def assign(error: ulak.RequestException, request: RequestLike) -> None:
    """Tell an error of ours, raised where the request was not known, whose it is.

    The message of an :class:`AddressDenied` then begins with it.
    """
    if error.request is not None:
        return
    error.request = request
    if isinstance(error, ulak.AddressDenied):
        error.args = (f"{about(request)}{error}",)


def _message(words: str, cause: Exception, request: RequestLike | None) -> str:
    """One sentence: which request, what happened, and what the lower layer said."""
    said = _detail(cause)
    if isinstance(cause, TotalTimeoutError):
        return f"{about(request)}{words} {during(said)}"
    if isinstance(cause, lower.ProxyError) and isinstance(cause.original_error, TotalTimeoutError):
        doing = during(str(cause.original_error), "the proxy")
        return f"{about(request)}{words} {doing}"
    if re.search(_NOT_TLS, said):
        who = "proxy" if isinstance(cause, lower.ProxyError) else "server"
        words = f"the {who} does not speak TLS on that port; perhaps its URL should be http://"
    return f"{about(request)}{words}" + (f" ({said})" if said and said != words else "")


def _detail(cause: Exception) -> str:
    """What the lower layer said, without the pool and connection that it names."""
    if isinstance(cause, lower.ProxyError):
        return f"{_plain(cause.args[0])}: {_detail(cause.original_error)}"
    if type(cause) is lower.NewConnectionError and cause.args:
        said = _plain(cause.args[-1])
        return said if said.startswith(_NO_CONNECTION) else f"{_NO_CONNECTION}: {said}"
    if type(cause) in (lower.ProtocolError, lower.DecodeError) and len(cause.args) > 1:
        return str(cause.args[1]) or type(cause.args[1]).__name__
    return _plain(cause.args[-1] if cause.args else cause)


def _plain(value: object) -> str:
    """The text after the pool or connection that urllib3 puts first."""
    return re.sub(_PREFIX, "", str(value), count=1)
