"""Every error of the layers below becomes one of ulak's, and the table misses none."""

from __future__ import annotations

import builtins
import http.client
import socket
import ssl

import pytest
import urllib3
from urllib3 import exceptions as lower

import ulak
from ulak import exceptions as e
from ulak._errors import LOWER_ERRORS, TotalTimeoutError, WriteTimeoutError, translate

REQUEST = ulak.Request("GET", "http://user:hunter2@host.example/path").prepare()


def classes(module: object, root: type) -> list[type[Exception]]:
    """The exception classes of a module."""
    return [x for x in vars(module).values() if isinstance(x, type) and issubclass(x, root)]


def make(cls: type[Exception]) -> Exception:
    """An instance, whatever its constructor takes."""
    special = {
        "IncompleteRead": lambda: cls(3, 5),
        "NameResolutionError": lambda: cls("h", None, socket.gaierror(-2, "unknown")),
        "MaxRetryError": lambda: cls(None, "/", lower.ProtocolError("broke")),
        "ProxyError": lambda: cls("the proxy", OSError("no")),
        "HeaderParsingError": lambda: cls([], "x"),
        "LocationParseError": lambda: cls("here"),
        "URLSchemeUnknown": lambda: cls("x"),
        "ProxySchemeUnknown": lambda: cls("x"),
        "InvalidChunkLength": lambda: cls(
            type("R", (), {"tell": lambda s: 0, "length_remaining": 1})(), b"zz"
        ),
        "HostChangedError": lambda: cls(None, "/", 3),
        "UnknownProtocol": lambda: cls("HTTP/9"),
        "SSLCertVerificationError": lambda: cls(1, "certificate verify failed"),
    }
    if cls.__name__ in special:
        return special[cls.__name__]()
    for arguments in (["message"], [None, "message"], [None, None, "message"]):
        try:
            return cls(*arguments)
        except TypeError:
            continue
    raise AssertionError(f"how is {cls} made?")


URLLIB3 = [
    x
    for x in classes(lower, Exception)
    if issubclass(x, lower.HTTPError) and x.__module__ == "urllib3.exceptions"
]
HTTP_CLIENT = classes(http.client, http.client.HTTPException)
SSL = classes(ssl, ssl.SSLError)
SYSTEM = [x for x in classes(builtins, OSError)] + [socket.gaierror, socket.herror, socket.timeout]


def test_the_lists_are_not_empty() -> None:
    assert len(URLLIB3) > 25
    assert len(HTTP_CLIENT) > 10
    assert len(SSL) >= 6
    assert len(SYSTEM) > 12


@pytest.mark.parametrize("phase", ["head", "body"])
@pytest.mark.parametrize(
    "cls", [*URLLIB3, *HTTP_CLIENT, *SSL, *SYSTEM], ids=lambda x: f"{x.__module__}.{x.__name__}"
)
def test_every_lower_error_is_mapped(cls: type[Exception], phase) -> None:
    error = make(cls)
    assert isinstance(error, LOWER_ERRORS)
    ours = translate(error, REQUEST, phase=phase)
    assert isinstance(ours, e.RequestException)
    # The root, and the misuse of urllib3's own Timeout, which never leaves it.
    if cls not in (lower.HTTPError, lower.TimeoutStateError):
        assert type(ours) is not e.RequestException, f"{cls.__name__} has no row of its own"
    assert ours.request is REQUEST
    assert str(ours)
    assert "hunter2" not in str(ours)
    assert " at 0x" not in str(ours)


@pytest.mark.parametrize("name", [x for x in vars(e) if not x.startswith("_")])
def test_our_own_errors_stay_themselves(name: str) -> None:
    cls = getattr(e, name)
    if not (isinstance(cls, type) and issubclass(cls, e.RequestException)):
        return
    error = cls("m", "d", 0) if cls is e.JSONDecodeError else cls("message")
    assert translate(error, REQUEST) is error


@pytest.mark.parametrize(
    ("error", "head", "body"),
    [
        (TotalTimeoutError("x"), e.TotalTimeout, e.TotalTimeout),
        (WriteTimeoutError("x"), e.WriteTimeout, e.WriteTimeout),
        (lower.ConnectTimeoutError(None, "x"), e.ConnectTimeout, e.ConnectTimeout),
        (lower.ReadTimeoutError(None, "/", "x"), e.ReadTimeout, e.BodyReadTimeout),
        (TimeoutError("x"), e.ReadTimeout, e.BodyReadTimeout),
        (lower.NewConnectionError(None, "x"), e.ConnectionError, e.ConnectionError),
        (socket.gaierror(-2, "x"), e.NameResolutionError, e.NameResolutionError),
        (lower.EmptyPoolError(None, "x"), e.PoolTimeout, e.PoolTimeout),
        (lower.ClosedPoolError(None, "x"), e.SessionClosed, e.SessionClosed),
        (lower.SSLError("x"), e.SSLError, e.SSLError),
        (ssl.SSLError("x"), e.SSLError, e.SSLError),
        (ssl.SSLCertVerificationError(1, "x"), e.SSLError, e.SSLError),
        (lower.ProxyError("x", OSError("y")), e.ProxyError, e.ProxyError),
        (lower.DecodeError("x"), e.ContentDecodingError, e.ContentDecodingError),
        (lower.ProtocolError("x"), e.ConnectionError, e.ChunkedEncodingError),
        (
            lower.ProtocolError("x", ConnectionResetError()),
            e.ConnectionError,
            e.ChunkedEncodingError,
        ),
        (lower.ProtocolError("x", lower.IncompleteRead(1, 2)), e.IncompleteBody, e.IncompleteBody),
        (lower.ProtocolError("x", TimeoutError()), e.ReadTimeout, e.BodyReadTimeout),
        (lower.IncompleteRead(1, 2), e.ProtocolError, e.IncompleteBody),
        (http.client.BadStatusLine("x"), e.ProtocolError, e.ChunkedEncodingError),
        (ConnectionResetError(), e.ConnectionError, e.ConnectionError),
        (lower.LocationParseError("x"), e.InvalidURL, e.InvalidURL),
        (lower.InvalidHeader("x"), e.InvalidHeader, e.InvalidHeader),
    ],
    ids=lambda x: x.__name__ if isinstance(x, type) else type(x).__name__,
)
def test_which_it_becomes(error: Exception, head: type, body: type) -> None:
    assert type(translate(error, REQUEST)) is head
    assert type(translate(error, REQUEST, phase="body")) is body


def test_what_is_inside_a_max_retry_error_decides() -> None:
    inner = lower.ConnectTimeoutError(None, "x")
    wrapped = lower.MaxRetryError(None, "/", lower.MaxRetryError(None, "/", inner))
    assert type(translate(wrapped, REQUEST)) is e.ConnectTimeout


def test_a_message_says_where_and_what() -> None:
    text = str(translate(ConnectionResetError(104, "reset by peer"), REQUEST))
    assert text.startswith("GET http://")
    assert "host.example/path" in text
    assert "reset by peer" in text


def test_without_a_request() -> None:
    assert str(translate(OSError("why"), None))


def test_urllib3s_own_warnings_are_no_errors() -> None:
    for cls in classes(urllib3.exceptions, Warning):
        assert not issubclass(cls, lower.HTTPError)
