"""P2: what is made of a body: text in unknown charsets, JSON that is none, lines."""

from __future__ import annotations

from .case import Case
from .judgements import fails, gives, raises
from .names import slug
from .plan import Ask
from .servers import OK, Server, plain, says

#: Charsets that name no codec of text, or one that does something else.
_CHARSETS = (
    "unknown", "idna", "punycode", "undefined", "base64", "hex", "zlib", "bz2", "rot13", "uu",
    "quopri", "unicode_escape", "raw_unicode_escape", "mbcs", "oem", "utf-7", "utf-16", "utf-32",
    "", "\"\"", "'utf-8'", "utf-8;", "utf-8\t", "a" * 5000, "..", "../codecs", "\xe7", "ascii",
    "utf_8_sig", "string_escape",
)  # fmt: skip

_JSON = {
    "nothing": b"",
    "text": b"<html>",
    "cut off": b'{"a": 1',
    "an integer of 5000 digits": b"1" * 5000,
    "a float of 5000 digits": b"1" * 5000 + b".5e" + b"9" * 500,
    "100000 brackets": b"[" * 100_000,
    "100000 objects": b'{"a":' * 100_000,
    "closed brackets": b"[" * 100_000 + b"]" * 100_000,
    "half a UTF-16": b"\xff\xfe[\0",
    "a BOM alone": b"\xef\xbb\xbf",
    "two values": b"1 2",
    "a NUL": b"\0",
    "NULs": b"\0\0\0\0",
}
_FINE = ("a float of 5000 digits",)


def _typed(kind: str, body: bytes) -> bytes:
    return plain(body, b"Content-Type: " + kind.encode("latin-1"))


CASES: list[Case] = [
    *(
        Case(
            name=f"text-{number}-{slug(charset)[:20]}",
            promise="P2.2",
            servers={"a": Server(says(_typed(f"text/plain; charset={charset}", b"ok")))},
            asks=(Ask(read="text"),),
            judge=(gives(None),),
        )
        for number, charset in enumerate(_CHARSETS)
    ),
    *(
        Case(
            name=f"text-that-is-not-{charset}",
            promise="P2.2",
            servers={"a": Server(says(_typed(f"text/plain; charset={charset}", b"\xffok\x80")))},
            asks=(Ask(read="text"),),
            judge=(gives(None),),
        )
        for charset in ("utf-8", "ascii", "utf-16", "utf-7", "idna", "euc-jp")
    ),
    *(
        Case(
            name=f"text-of-type-{slug(what)}",
            promise="P2.2",
            servers={"a": Server(says(_typed(kind, b"ok")))},
            asks=(Ask(read="text"),),
            judge=(gives(b"ok"),),
        )
        for what, kind in (
            ("nothing", ""),
            ("semicolons", ";;;;;;"),
            ("an equals sign", "text/plain; ="),
            ("an open quote", 'text/plain; charset="'),
            ("ten thousand parameters", "text/plain" + ";a=b" * 10_000),
            ("two charsets", "text/plain; charset=ascii; charset=utf-8"),
            ("bytes", "text/plain; \xff=\xfe"),
        )
    ),
    *(
        Case(
            name=f"json-{slug(what)}",
            promise="P2.2",
            servers={"a": Server(says(_typed("application/json", body)))},
            asks=(Ask(read="json"),),
            judge=(raises("JSONDecodeError", "ValueError"),),
        )
        for what, body in _JSON.items()
        if what not in _FINE
    ),
    *(
        Case(
            name=f"json-in-{slug(codec)}-which-is-no-charset",
            promise="P2.2",
            servers={"a": Server(says(_typed(f"application/json; charset={codec}", b'{"a": 1}')))},
            asks=(Ask(read="json"),),
            judge=(gives(None),),
        )
        for codec in ("punycode", "unicode_escape", "rot13", "zlib")
    ),
    *(
        Case(
            name=f"json-with-{slug(what)}",
            promise="P2.2",
            servers={"a": Server(says(_typed("application/json", body)))},
            asks=(Ask(read="json"),),
            judge=(gives(None),),
        )
        for what, body in {
            "a float of 5000 digits": _JSON["a float of 5000 digits"],
            "bytes that are not UTF-8": b'"\xff\xfe\xfa"',
            "a lone surrogate": rb'"\ud800"',
            "keys that repeat": b'{"a":1,"a":2}',
        }.items()
    ),
    *(
        Case(
            name=f"body-broken-off-{slug(read)}-{slug(what)}",
            promise="P2.1",
            servers={"a": Server(says(OK + framing + b"\r\nhalf"))},
            asks=(Ask(read=read),),
            judge=(fails("RequestException"),),
        )
        for read in ("whole", "text", "json", "lines", "pieces")
        for what, framing in (
            ("length", b"Content-Length: 100\r\n"),
            ("chunks", b"Transfer-Encoding: chunked\r\n"),
        )
    ),
    *(
        Case(
            name=f"lines-{slug(what)}",
            promise="P2.2",
            servers={"a": Server(says(plain(body)))},
            asks=(Ask(read="lines"),),
            judge=(gives(None),),
        )
        for what, body in (
            ("that are empty", b"\n" * 5000),
            ("of one megabyte", b"x" * 1_000_000 + b"\n"),
            ("with every end", b"a\rb\nc\r\nd\x0be\x0cf\x1cg"),
            ("of nothing", b""),
        )
    ),
    *(
        Case(
            name=f"no-body-{status}-{slug(what)}",
            promise="P6.7",
            servers={
                "a": Server(says(b"HTTP/1.1 %d X\r\n" % status + framing + b"\r\nextra", hang=True))
            },
            asks=(Ask(timeout=1.0), Ask(timeout=1.0)),
            judge=(gives(b"", status, counted="poisoned"), gives(b"", status, ask=0)),
        )
        for status in (204, 304)
        for what, framing in (
            ("with a length", b"Content-Length: 5\r\n"),
            ("with chunks", b"Transfer-Encoding: chunked\r\n"),
            ("without a framing", b""),
        )
    ),
    Case(
        name="no-body-of-head",
        promise="P6.7",
        servers={"a": Server(says(plain(b"extra"), hang=True))},
        asks=(Ask(method="HEAD", timeout=1.0), Ask(method="HEAD", timeout=1.0)),
        judge=(gives(b"", counted="poisoned"),),
    ),
]
