"""P6, P7: content codings that are cut off, wrong, or grow without bound.

Each coding is asked of the client as it is; one that it does not know comes out as it is.
"""

from __future__ import annotations

import gzip
import zlib
from functools import lru_cache

from .case import Case
from .judgements import fails, gives, light, sound
from .names import slug
from .plan import Ask, Settings
from .servers import OK, Server, floods, plain, says

_TEXT = b"The courier rode through the night. " * 40
_GZIP = gzip.compress(_TEXT, mtime=0)
_DEFLATE = zlib.compress(_TEXT)


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def _coded(coding: str, body: bytes, *, length: bool = True) -> bytes:
    field = b"Content-Encoding: " + coding.encode()
    return plain(body, field) if length else OK + field + b"\r\n\r\n" + body


def _spoiled(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]


#: What is cut off.  The framing says that all is there; the coding says that it is not.
_CUT = {
    "gzip in its head": ("gzip", _GZIP[:5]),
    "gzip after its head": ("gzip", _GZIP[:10]),
    "gzip in its middle": ("gzip", _GZIP[: len(_GZIP) // 2]),
    "gzip before its checksum": ("gzip", _GZIP[:-8]),
    "gzip in its checksum": ("gzip", _GZIP[:-2]),
    "deflate in its middle": ("deflate", _DEFLATE[: len(_DEFLATE) // 2]),
    "deflate before its checksum": ("deflate", _DEFLATE[:-4]),
    "raw deflate in its middle": ("deflate", _raw_deflate(_TEXT)[:20]),
    "a second member of gzip": ("gzip", _GZIP + _GZIP[:30]),
    "gzip of gzip": ("gzip, gzip", gzip.compress(_GZIP[:60])),
}
_WRONG = {
    "not gzip": ("gzip", b"this is no gzip"),
    "not deflate": ("deflate", b"\xff\xfethis is no deflate"),
    "a wrong checksum": ("gzip", _spoiled(_GZIP, len(_GZIP) - 8)),
    "a wrong length": ("gzip", _spoiled(_GZIP, len(_GZIP) - 4)),
    "a wrong byte": ("gzip", _spoiled(_GZIP, 20)),
    "a reserved block": ("deflate", b"\x78\x9c\x07" + bytes(10)),
    "a wrong checksum of deflate": ("deflate", _spoiled(_DEFLATE, len(_DEFLATE) - 1)),
    "gzip that is deflate": ("gzip", _DEFLATE),
}
_GOOD = {
    "gzip": ("gzip", _GZIP),
    "GZIP": ("GZIP", _GZIP),
    "x-gzip": ("x-gzip", _GZIP),
    "deflate": ("deflate", _DEFLATE),
    "raw deflate": ("deflate", _raw_deflate(_TEXT)),
    "two members": ("gzip", gzip.compress(_TEXT[:100]) + gzip.compress(_TEXT[100:])),
    "gzip of gzip": ("gzip, gzip", gzip.compress(_GZIP)),
    "identity": ("identity", _TEXT),
}


@lru_cache
def _bomb(layers: int, size: int = 100_000_000) -> bytes:
    """``size`` zeros, compressed that often."""
    packer = zlib.compressobj(9, wbits=31)
    block = bytes(1_000_000)
    packed = b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()
    for _ in range(layers - 1):
        packed = gzip.compress(packed, mtime=0)
    return packed


@lru_cache
def _endless_bomb() -> bytes:
    """4 GB of zeros in a few KiB, which take seconds to be decoded."""
    return gzip.compress(gzip.compress(bytes(10_000_000), mtime=0) * 400, mtime=0)


@lru_cache
def _bomb_of_nothing() -> bytes:
    """Millions of empty gzip streams in a few KiB, which take seconds and give not a byte."""
    some = gzip.compress(gzip.compress(b"", mtime=0) * 100_000, mtime=0)
    return gzip.compress(some * 40, mtime=0)


CASES: list[Case] = [
    *(
        Case(
            name=slug(f"bomb {what} against the deadline {read}"),
            promise="P1.5",
            servers={"a": Server(says(_coded(coding, body)))},
            asks=(Ask(read=read, timeout=0.4),),
            judge=(fails("Timeout", counted="late"),),
        )
        for what, coding, body, reads in (
            ("", "gzip, gzip", _endless_bomb(), ("pieces", "lines")),
            ("of nothing", "gzip, gzip, gzip", _bomb_of_nothing(), ("whole", "pieces", "lines")),
        )
        for read in reads
    ),
    *(
        Case(
            name=f"coding-cut-off-{slug(what)}-{slug(read)}",
            promise="P6.6",
            servers={"a": Server(says(_coded(coding, body)))},
            asks=(Ask(read=read),),
            judge=(fails("ContentDecodingError"),),
        )
        for what, (coding, body) in _CUT.items()
        for read in ("whole", "pieces")
    ),
    *(
        Case(
            name=f"coding-wrong-{slug(what)}-{slug(read)}",
            promise="P2.1",
            servers={"a": Server(says(_coded(coding, body)))},
            asks=(Ask(read=read),),
            judge=(fails("ContentDecodingError"),),
        )
        for what, (coding, body) in _WRONG.items()
        for read in ("whole", "pieces")
    ),
    *(
        Case(
            name=f"coding-{slug(what)}{'-as-a-name-in-capitals' if what.isupper() else ''}",
            promise="P6.8",
            servers={"a": Server(says(_coded(coding, body, length=False)))},
            judge=(gives(_TEXT),),
        )
        for what, (coding, body) in _GOOD.items()
    ),
    Case(
        name="coding-unknown",
        promise="P6.8",
        servers={"a": Server(says(_coded("unknown", b"as it is")))},
        judge=(sound(b"as it is"),),
    ),
    *(
        Case(
            name=f"codings-{count}",
            promise="P7.2",
            servers={"a": Server(says(_coded(", ".join(["gzip"] * count), b"x")))},
            judge=(fails("RequestException", counted="other"), light()),
            weighed=True,
        )
        for count in (6, 100, 2000)
    ),
    *(
        Case(
            name=f"bomb-{slug(what)}-{slug(read)}",
            promise="P7.2",
            servers={"a": Server(says(_coded(coding, body)))},
            asks=(Ask(read=read, timeout=30.0),),
            judge=(light(),),
            weighed=True,
        )
        for what, coding, body in (
            ("of gzip", "gzip", _bomb(1)),
            ("of gzip in gzip", "gzip, gzip", _bomb(2)),
        )
        for read in ("pieces", "head")
    ),
    Case(
        name="bomb-in-a-redirect",
        promise="P7.3",
        servers={
            "a": Server(
                says(
                    b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Encoding: gzip\r\n"
                    b"Content-Length: %d\r\n\r\n%b" % (len(_bomb(1)), _bomb(1))
                )
            )
        },
        asks=(Ask(read="head", timeout=30.0),),
        settings=Settings(max_redirects=2),
        judge=(light(),),
        weighed=True,
    ),
    Case(
        name="flood-of-gzip-without-content",
        promise="P7.2",
        servers={
            "a": Server(
                floods(
                    OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10],
                    b"\x00\x00\x00\xff\xff" * 10_000,
                )
            )
        },
        asks=(Ask(read="pieces", timeout=30.0),),
        judge=(light(),),
        weighed=True,
    ),
]
