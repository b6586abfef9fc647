"""Every error that ulak raises, and the warnings that it gives.

Only :class:`RequestException` leaves the public API, whatever a server sends
or a caller passes; the one exception to that are the caller's own errors from
their own callbacks.  The tree::

    RequestException (OSError)
    ├── ConnectionError                  the exchange failed below HTTP
    │   ├── ConnectTimeout               also a Timeout
    │   ├── NameResolutionError          the host name has no address
    │   ├── ProtocolError                the answer is not valid HTTP
    │   ├── ProxyError                   at or before the proxy's CONNECT
    │   │   ├── ProxyTimeout             also a ConnectTimeout
    │   │   └── ProxyTotalTimeout        also a TotalTimeout
    │   ├── SSLError                     the TLS handshake or a certificate
    │   │   └── InvalidCertificate       verify= or cert= names nothing usable
    │   └── SessionClosed                closed while the request was under way
    ├── Timeout
    │   ├── ConnectTimeout               also a ConnectionError
    │   ├── ReadTimeout                  no answer within ``read`` seconds
    │   │   └── BodyReadTimeout          also a ConnectionError
    │   ├── WriteTimeout                 also a ConnectionError
    │   ├── PoolTimeout                  also a ConnectionError
    │   └── TotalTimeout                 the deadline passed; also a ConnectionError
    │       └── ProxyTotalTimeout        also a ProxyError
    ├── HTTPError                        raise_for_status() on 4xx and 5xx
    ├── TooManyRedirects
    ├── AddressDenied                    an AddressPolicy forbids the address
    ├── BodyTooLarge                     more than ``max_body_size``
    ├── RetryError                       answers kept asking for a retry
    ├── ChunkedEncodingError             the body broke off or is framed wrongly
    │   └── IncompleteBody               fewer bytes than were announced
    ├── ContentDecodingError             also urllib3's HTTPError
    ├── StreamConsumedError              also a TypeError and a RuntimeError
    ├── BodyNotRead                      a streamed body has to be awaited; also a RuntimeError
    ├── UnrewindableBodyError            a body that cannot be sent again
    ├── URLRequired
    ├── MissingSchema                    also a ValueError
    ├── InvalidSchema                    also a ValueError
    │   ├── HTTPSRequired                ``https_only`` forbids the URL
    │   └── MissingExtra                 the scheme needs an optional package
    ├── InvalidURL                       also a ValueError
    │   └── InvalidProxyURL
    ├── InvalidMethod                    also a ValueError
    ├── InvalidHeader                    also a ValueError
    ├── InvalidBody                      also a ValueError and a TypeError
    ├── InvalidTimeout                   also a ValueError
    ├── InvalidOption                    also a ValueError and a TypeError
    ├── CookieConflictError              two cookies of one name; also a RuntimeError
    ├── CookieFileError                  a cookie file cannot be read; also a ValueError
    └── InvalidJSONError                 ``json=`` holds NaN or a circle
        └── JSONDecodeError              also a json.JSONDecodeError

:class:`Timeout` is also the value of ``timeout=``.

Each carries ``request`` and ``response`` (or ``None``) and a ``code``: a short,
stable name for logs and metrics.  Each survives pickling.  Messages never hold
a password or a token: whoever raises one redacts the URL first.
"""

from __future__ import annotations

from json import JSONDecodeError as _JSONDecodeError
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError as _URLLib3Error

from ._root import RequestException
from .timeouts import InvalidTimeout, Timeout

if TYPE_CHECKING:
    from ._types import RequestLike, ResponseLike

__all__ = [
    "AddressDenied",
    "BodyNotRead",
    "BodyReadTimeout",
    "BodyTooLarge",
    "ChunkedEncodingError",
    "ConnectTimeout",
    "ConnectionError",
    "ContentDecodingError",
    "CookieConflictError",
    "CookieFileError",
    "FileModeWarning",
    "HTTPError",
    "HTTPSRequired",
    "IncompleteBody",
    "InvalidBody",
    "InvalidCertificate",
    "InvalidHeader",
    "InvalidJSONError",
    "InvalidMethod",
    "InvalidOption",
    "InvalidProxyURL",
    "InvalidSchema",
    "InvalidTimeout",
    "InvalidURL",
    "JSONDecodeError",
    "MissingExtra",
    "MissingSchema",
    "NameResolutionError",
    "PoolTimeout",
    "ProtocolError",
    "ProxyError",
    "ProxyTimeout",
    "ProxyTotalTimeout",
    "ReadTimeout",
    "RequestException",
    "RequestsDependencyWarning",
    "RequestsWarning",
    "RetryError",
    "SSLError",
    "SessionClosed",
    "StreamConsumedError",
    "Timeout",
    "TooManyRedirects",
    "TotalTimeout",
    "URLRequired",
    "UnrewindableBodyError",
    "WriteTimeout",
]


class ConnectionError(RequestException):  # noqa: A001 - the name that requests gave it
    """The exchange failed below HTTP: no connection, or it broke."""

    code = "connection_failed"


class NameResolutionError(ConnectionError):
    """The host name has no address."""

    code = "name_resolution_failed"


class ProtocolError(ConnectionError):
    """The server's answer is not valid HTTP (RFC 9112)."""

    code = "protocol_violated"


class ProxyError(ConnectionError):
    """The proxy could not be reached, or refused the tunnel."""

    code = "proxy_failed"


class SSLError(ConnectionError):
    """The TLS handshake failed, or a certificate was not accepted."""

    code = "tls_failed"


class SessionClosed(ConnectionError):
    """The session was closed while the request was under way."""

    code = "session_closed"


class ConnectTimeout(ConnectionError, Timeout):
    """No connection within ``connect`` seconds.  Nothing was sent: safe to retry."""

    code = "connect_timeout"


class ProxyTimeout(ProxyError, ConnectTimeout):
    """The proxy made no connection within ``connect`` seconds.  Nothing was sent."""

    code = "proxy_timeout"


class ReadTimeout(Timeout):
    """The server sent nothing for ``read`` seconds."""

    code = "read_timeout"


class BodyReadTimeout(ReadTimeout, ConnectionError):
    """The server stalled for ``read`` seconds in the middle of a body."""

    code = "body_read_timeout"


class WriteTimeout(Timeout, ConnectionError):
    """The server took nothing for ``write`` seconds."""

    code = "write_timeout"


class PoolTimeout(Timeout, ConnectionError):
    """No connection became free within ``pool`` seconds."""

    code = "pool_timeout"


class TotalTimeout(Timeout, ConnectionError):
    """The deadline of ``Timeout(total=…)`` passed."""

    code = "total_timeout"


class ProxyTotalTimeout(ProxyError, TotalTimeout):
    """The deadline passed before the proxy had made a connection.  Nothing was sent."""

    code = "proxy_total_timeout"


class HTTPError(RequestException):
    """The status is 4xx or 5xx; raised by ``raise_for_status()``, with its ``response``."""

    code = "http_status"

    response: ResponseLike  # pyright: ignore[reportIncompatibleVariableOverride]  # it always has one


class TooManyRedirects(RequestException):
    """More redirects than ``max_redirects``; ``response`` is the last of them."""

    code = "too_many_redirects"


class AddressDenied(RequestException):
    """The :class:`~ulak.AddressPolicy` forbids where the request would go.  Nothing was sent.

    After a redirect ``response`` is what led there.
    """

    code = "address_denied"


class BodyTooLarge(RequestException):
    """The body is larger than ``max_body_size``; the connection is closed."""

    code = "body_too_large"


class RetryError(RequestException):
    """Every attempt ended in a status that asks for another."""

    code = "retries_exhausted"


class ChunkedEncodingError(RequestException):
    """The body broke off, or its framing is wrong."""

    code = "body_broken"


class IncompleteBody(ChunkedEncodingError):
    """The connection closed before the announced end of the body."""

    code = "body_incomplete"


class ContentDecodingError(RequestException, _URLLib3Error):
    """The body is not what its Content-Encoding says."""

    code = "content_decoding_failed"


class StreamConsumedError(RequestException, TypeError, RuntimeError):
    """The body was already read as a stream, or is lost."""

    code = "stream_consumed"


class BodyNotRead(RequestException, RuntimeError):
    """The body of a streamed :class:`~ulak.AsyncResponse` was looked at before it was read."""

    code = "body_not_read"


class UnrewindableBodyError(RequestException):
    """The body must be sent again (redirect, auth or retry) and cannot be."""

    code = "body_not_rewindable"


class URLRequired(RequestException):
    """There is no URL to send the request to."""

    code = "url_required"


class MissingSchema(RequestException, ValueError):
    """The URL has no scheme such as ``https://``."""

    code = "missing_scheme"


class InvalidSchema(RequestException, ValueError):
    """No adapter is mounted for the URL's scheme."""

    code = "invalid_scheme"


class HTTPSRequired(InvalidSchema):
    """The URL is not ``https://``, and ``https_only`` is set.  Nothing was sent."""

    code = "https_required"


class InvalidURL(RequestException, ValueError):
    """The URL cannot be requested as it is written."""

    code = "invalid_url"


class InvalidProxyURL(InvalidURL):
    """The proxy's URL cannot be used."""

    code = "invalid_proxy_url"


class InvalidMethod(RequestException, ValueError):
    """The method is not a token (RFC 9110, section 9.1)."""

    code = "invalid_method"


class InvalidHeader(RequestException, ValueError):
    """A header's name or value may not go on the wire (RFC 9110, section 5.5)."""

    code = "invalid_header"


class InvalidBody(RequestException, ValueError, TypeError):
    """``data=``, ``files=`` or ``json=`` is of no kind that can be sent."""

    code = "invalid_body"


class InvalidOption(RequestException, ValueError, TypeError):
    """A setting other than those above has a value of the wrong kind."""

    code = "invalid_option"


class InvalidCertificate(SSLError):
    """``verify=`` or ``cert=`` names a file that is missing or not usable."""

    code = "invalid_certificate"


class MissingExtra(InvalidSchema):
    """The URL's or the proxy's scheme needs an optional package; the message says which."""

    code = "missing_extra"


class InvalidJSONError(RequestException):
    """A JSON value that cannot be written or read."""

    code = "invalid_json"


class JSONDecodeError(InvalidJSONError, _JSONDecodeError):
    """The body is not JSON.

    Has the ``msg``, ``doc``, ``pos``, ``lineno`` and ``colno`` of
    :class:`json.JSONDecodeError`.

    :param where: what the message says before json's own: which answer it is about.
    """

    code = "json_not_decodable"

    def __init__(
        self,
        msg: str,
        doc: str,
        pos: int,
        *,
        where: str = "",
        request: RequestLike | None = None,
        response: ResponseLike | None = None,
    ) -> None:
        _JSONDecodeError.__init__(self, msg, doc, pos)
        said = f"{where}{self.args[0]}"
        InvalidJSONError.__init__(self, said, request=request, response=response)


class CookieConflictError(RequestException, RuntimeError):
    """Several cookies have the name; ask for one by its domain and path as well."""

    code = "cookie_conflict"


class CookieFileError(RequestException, ValueError):
    """A file of cookies cannot be read or written."""

    code = "cookie_file_unusable"


class RequestsWarning(Warning):
    """The root of ulak's warnings."""


class FileModeWarning(RequestsWarning, DeprecationWarning):
    """A file was opened in text mode, so its length in bytes is not known."""


class RequestsDependencyWarning(RequestsWarning):
    """An imported dependency is of a version that ulak was not tested with."""
