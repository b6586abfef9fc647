"""P7: what a server sends costs bounded memory and bounded reading."""

from __future__ import annotations

from .case import Case
from .judgements import fails, gives, light, opens
from .names import slug
from .plan import Ask, Auth, Settings
from .servers import CHUNKED, FLOOD, OK, Server, floods

_PIECE = b"x" * 65_536
_DIGEST = b'WWW-Authenticate: Digest realm="r", nonce="n"'

_FLOODS = {
    "a status line": (b"HTTP/1.1 200 ", b"O" * 65536),
    "a field": (OK + b"X: ", b"y" * 65536),
    "a field's name": (OK, b"X" * 65536),
    "fields": (OK, b"X: y\r\n" * 1000),
    "long fields": (OK, b"X: " + b"y" * 60_000 + b"\r\n"),
    "folds": (OK + b"X: y\r\n", b" y\r\n" * 1000),
    "cookies": (OK, b"Set-Cookie: a=b\r\n" * 1000),
    "interim answers": (b"", b"HTTP/1.1 103 Hints\r\nX: y\r\n\r\n" * 100),
    "an interim answer's fields": (b"HTTP/1.1 103 Hints\r\n", b"X: y\r\n" * 1000),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n" * 1000),
    "a trailer": (CHUNKED + b"0\r\nX: ", b"y" * 65536),
    "an extension": (CHUNKED + b"2;", b"x" * 65536),
    "a size": (CHUNKED, b"0" * 65536),
    "blank lines": (b"", b"\r\n" * 10_000),
    "bare CR": (OK, b"\r" * 10_000),
    "NUL": (b"", b"\0" * 65536),
}
_UNREAD = {
    **{
        f"a redirect {status}": (b"HTTP/1.1 %d X\r\nLocation: /next\r\n\r\n" % status, Ask())
        for status in (301, 302, 303, 307, 308)
    },
    "a challenge": (
        b"HTTP/1.1 401 X\r\n" + _DIGEST + b"\r\n\r\n",
        Ask(auth=Auth("digest", "user", "password")),
    ),
    "a refused attempt": (b"HTTP/1.1 503 X\r\nRetry-After: 0\r\n\r\n", Ask(retries=2)),
}

CASES: list[Case] = [
    *(
        Case(
            name=f"flood-of-{slug(what)}",
            promise="P7.1",
            servers={"a": Server(floods(begin, piece))},
            asks=(Ask(timeout=20.0),),
            judge=(fails("RequestException", counted="other"), light(), opens(1)),
            weighed=True,
        )
        for what, (begin, piece) in _FLOODS.items()
    ),
    *(
        Case(
            name=f"flood-in-the-body-of-{slug(what)}",
            promise="P7.3",
            servers={"a": Server(floods(begin, _PIECE))},
            asks=(Ask(**{**vars(ask), "read": "head", "timeout": 20.0}),),
            settings=Settings(max_redirects=2),
            judge=(light(), opens(2 if what == "a challenge" else 3)),
            weighed=True,
        )
        for what, (begin, ask) in _UNREAD.items()
    ),
    *(
        Case(
            name=f"flood-in-the-body-of-a-refused-tunnel-{status}",
            promise="P7.3",
            servers={"p": Server(floods(b"HTTP/1.1 %d X\r\n\r\n" % status, _PIECE))},
            asks=(Ask(url="https://a.example/", timeout=20.0),),
            settings=Settings(proxy="{p}"),
            judge=(fails("ProxyError"), light()),
            weighed=True,
        )
        for status in (302, 400, 407, 502)
    ),
    *(
        Case(
            name=f"flood-that-is-streamed-{slug(what)}",
            promise="P7.4",
            servers={"a": Server(floods(begin, piece, most))},
            asks=(Ask(read="pieces", timeout=30.0),),
            judge=(gives(None) if what == "until close" else fails(counted="other"), light()),
            weighed=True,
        )
        for what, begin, piece, most in (
            ("until close", OK + b"\r\n", _PIECE, FLOOD),
            ("in chunks", CHUNKED, b"10000\r\n" + _PIECE + b"\r\n", FLOOD),
            ("in chunks of a byte", CHUNKED, b"1\r\nx\r\n" * 10_000, FLOOD // 200),
        )
    ),
    *(
        Case(
            name=f"flood-that-is-parted-with-{slug(what)}",
            promise="P7.4",
            servers={"a": Server(floods(OK + framing + b"\r\n", _PIECE))},
            asks=(Ask(read="head", timeout=20.0),),
            judge=(gives(None), light()),
            weighed=True,
        )
        for what, framing in (
            ("until close", b""),
            ("with a length", b"Content-Length: 60000000000\r\n"),
        )
    ),
]
