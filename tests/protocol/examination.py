"""What has to hold for whatever the codec is fed, and where it differs from others on purpose.

:func:`examine_answer` and its kin take anything at all and raise :class:`Finding` when a
rule is broken.  The tests, the long runs of :mod:`fuzz` and its coverage-guided target all
ask these functions, and differ only in where the input comes from.
"""

from __future__ import annotations

import re
import zlib
from random import Random
from typing import Any, NamedTuple

from tests.protocol.answers import Outcome, read, single_bytes
from tests.protocol.grammar import cut
from tests.protocol.judges import Reading, by_h11, by_llhttp, by_ulak
from ulak._protocol import codings
from ulak._protocol.socks import Negotiation, SocksError

__all__ = [
    "DIFFERENCES",
    "Difference",
    "Finding",
    "examine_answer",
    "examine_coding",
    "examine_socks",
]


class Finding(AssertionError):
    """A rule is broken; the text says which, and by what."""


# -- answers -----------------------------------------------------------------


class Difference(NamedTuple):
    """Something that ulak reads otherwise than h11 or llhttp, on purpose."""

    #: What is read differently, as the table in fuzz/README.md has it.
    what: str
    #: The section that decides.
    rfc: str
    #: The shortest answer that shows it.
    wire: bytes
    #: Who reads it: any of ``ulak``, ``h11``, ``llhttp``.
    read_by: frozenset[str]
    method: str = "GET"


def _by(*names: str) -> frozenset[str]:
    return frozenset(names)


_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"

#: All differences that are known; each is shown by a test.
DIFFERENCES = (
    Difference(
        "whitespace before a chunk extension is skipped",
        "RFC 9112, 7.1.1 (BWS has to be parsed)",
        _CHUNKED + b"1 ;a\r\nx\r\n0\r\n\r\n",
        _by("ulak"),
    ),
    Difference(
        "framing fields in a 2xx to CONNECT are ignored, whatever they say",
        "RFC 9110, 9.3.6",
        _OK + b"Content-Length: x\r\n\r\n",
        _by("ulak"),
        "CONNECT",
    ),
    Difference(
        "101 ends the codec's part, whether or not an upgrade was asked for",
        "RFC 9110, 15.2.2 (the transport knows what was asked for)",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        _by("ulak", "llhttp"),
    ),
    Difference(
        "a higher minor version counts as 1.1",
        "RFC 9110, 6.2",
        b"HTTP/1.2 200 OK\r\nContent-Length: 1\r\n\r\nx",
        _by("ulak", "h11"),
    ),
    Difference(
        "an interim answer may say HTTP/1.0",
        "RFC 9110, 15.2 (a client has to be able to parse them)",
        b"HTTP/1.0 100 Continue\r\n\r\n" + _OK + b"Content-Length: 1\r\n\r\nx",
        _by("ulak", "h11"),
    ),
    Difference(
        "a folded value is joined with a space",
        "RFC 9112, 5.2",
        _OK + b"A: b\r\n c\r\nContent-Length: 1\r\n\r\nx",
        _by("ulak", "h11"),
    ),
    Difference(
        "chunked counts when there is a Content-Length too, and the connection ends",
        "RFC 9112, 6.1 and 6.3",
        _OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        _by("ulak", "h11"),
    ),
    Difference(
        "a Content-Length that is repeated, or a list, and always says the same, is one",
        "RFC 9110, 8.6",
        _OK + b"Content-Length: 1, 1\r\n\r\nx",
        _by("ulak", "h11"),
    ),
    Difference(
        "framing fields in trailers are fields like any other",
        "RFC 9110, 6.5.1 (they must not change the framing)",
        _CHUNKED + b"0\r\nContent-Length: x\r\n\r\n",
        _by("ulak"),
    ),
    Difference(
        "a bare LF does not end a line",
        "RFC 9112, 2.2 (it may; two readings of one message are how answers are smuggled)",
        _OK + b"Content-Length: 1\n\r\nx",
        _by("h11"),
    ),
    Difference(
        "a chunk size is hex digits up to the CRLF or an extension, and nothing else",
        "RFC 9112, 7.1",
        _CHUNKED + b"1 \r\nx\r\n0\r\n\r\n",
        _by("h11"),
    ),
    Difference(
        "a chunk size has at most 16 digits",
        "RFC 9112, 7.1 (recipients have to anticipate large ones)",
        _CHUNKED + b"00000000000000001\r\nx\r\n0\r\n\r\n",
        _by("h11", "llhttp"),
    ),
    Difference(
        "a chunk extension holds no control character",
        "RFC 9112, 7.1.1",
        _CHUNKED + b"1;\0\r\nx\r\n0\r\n\r\n",
        _by("h11"),
    ),
    Difference(
        "a Content-Length has at most 18 digits",
        "RFC 9110, 8.6 (recipients have to anticipate large ones)",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 1000000000000000000\r\n\r\n",
        _by("h11", "llhttp"),
    ),
    Difference(
        "HTTP/1.x is the only version that is spoken here",
        "RFC 9112, 2.3",
        b"HTTP/2.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        _by("h11", "llhttp"),
    ),
    Difference(
        "a reason phrase holds no control character",
        "RFC 9112, 4",
        b"HTTP/1.1 200 \x1b[31m\r\nContent-Length: 1\r\n\r\nx",
        _by("h11", "llhttp"),
    ),
    Difference(
        "a field's value holds no control character but HTAB",
        "RFC 9110, 5.5",
        _OK + b"A: \x01\r\nContent-Length: 1\r\n\r\nx",
        _by("h11"),
    ),
    Difference(
        "a status has three digits and begins at 100",
        "RFC 9110, 15",
        b"HTTP/1.1 099 OK\r\nContent-Length: 1\r\n\r\nx",
        _by("llhttp"),
    ),
    Difference(
        "chunked is the only transfer coding, since no other was asked for",
        "RFC 9112, 7.4",
        _OK + b"Transfer-Encoding: gzip\r\n\r\nx",
        _by("llhttp"),
    ),
)

_SPACE_BEFORE_EXTENSION = re.compile(rb"[0-9A-Fa-f][ \t]+;")
_FRAMING_FIELDS = {b"content-length", b"transfer-encoding"}


def _is_on_purpose(reading: Reading, wire: bytes, method: str) -> bool:
    """Whether one of :data:`DIFFERENCES` tells why ulak alone reads this."""
    return (
        reading.status == 101
        or (method == "CONNECT" and 200 <= reading.status < 300)
        or _SPACE_BEFORE_EXTENSION.search(wire) is not None
        or any(name in _FRAMING_FIELDS for name, _ in reading.trailers)
    )


def examine_answer(wire: bytes, method: str, random: Random) -> str:
    """Read ``wire`` in all ways, and hold the readings against each other.

    :param random: decides where it is cut, besides whole and byte by byte.
    :returns: who reads it: of ``ulak``, ``h11`` and ``llhttp``, with ``+`` between them.
    :raises Finding: when it is read differently in other pieces, when ulak alone reads it
        and should not, or when the readings differ.
    """
    eof = random.random() < 0.8
    whole = read([wire], method, eof=eof)
    _compare(whole, read(single_bytes(wire), method, eof=eof), f"byte by byte: {method} {wire!r}")
    pieces = cut(random, wire)
    _compare(whole, read(pieces, method, eof=eof), f"{method} {pieces!r}")
    ours = by_ulak(wire, method)
    others = {"h11": by_h11(wire, method), "llhttp": by_llhttp(wire, method)}
    names = [name for name, reading in others.items() if reading is not None]
    if ours is None:
        return "+".join(names) or "nobody"
    if not names and not _is_on_purpose(ours, wire, method):
        raise Finding(f"only ulak reads {method} {wire!r}")
    for name in names:
        if _comparable(others[name]) != _comparable(ours):
            raise Finding(f"{name} has {others[name]}, ulak {ours}: {method} {wire!r}")
    return "+".join(["ulak", *names])


def _comparable(reading: Reading | None) -> Reading | None:
    """``reading`` without what h11 rewrites in trailers too."""
    if reading is None or not reading.trailers:
        return reading
    trailers = [pair for pair in reading.trailers if pair[0] not in _FRAMING_FIELDS]
    return reading._replace(trailers=trailers)


def _compare(whole: Outcome, cut_up: Outcome, what: str) -> None:
    """See that pieces made no difference, to what came before a fault neither."""
    if whole != cut_up:
        raise Finding(f"{whole} as a whole, {cut_up} in pieces: {what}")


# -- content codings ---------------------------------------------------------


def examine_coding(coded: bytes, coding: str, random: Random) -> str:
    """Undo ``coding`` in one go and in pieces, with and without limits.

    :returns: ``"decoded"`` or ``"refused"``.
    :raises Finding: when pieces make a difference, a limit is passed, or for gzip and
        deflate zlib itself finds something else.
    """
    whole = _decode(coded, coding, None)
    least = len(whole or b"") // 200 + 1  # a limit of one byte is slow for a large body
    for limit in (least, least * random.randint(1, 100), -1):
        pieces = _decode(coded, coding, random, limit)
        if pieces != whole:
            raise Finding(f"{coding} of {coded!r}: {pieces!r} in pieces, {whole!r} as a whole")
    expected = _by_zlib(coded, coding)
    if expected is not None and whole != expected:
        raise Finding(f"{coding} of {coded!r}: zlib has {expected!r}, ulak {whole!r}")
    return "refused" if whole is None else "decoded"


def _decode(coded: bytes, coding: str, random: Random | None, limit: int = -1) -> bytes | None:
    """What comes out; ``None`` when it is refused."""
    decoder = codings.decoder_for(coding)
    assert decoder is not None
    pieces = [coded] if random is None else cut(random, coded)
    body = bytearray()
    try:
        for piece in pieces:
            output = decoder.decompress(piece, limit)
            while True:
                if 0 <= limit < len(output):
                    raise Finding(
                        f"{len(output)} bytes for a limit of {limit}: {coding} {pieces!r}"
                    )
                body += output
                if not decoder.has_unconsumed_tail:
                    break
                output = decoder.decompress(b"", limit)
        body += decoder.flush()
    except codings.DecodingError:
        return None
    return bytes(body)


def _by_zlib(coded: bytes, coding: str) -> bytes | None:
    """What zlib makes of one whole stream and nothing after it; ``None`` otherwise."""
    if coding not in {"gzip", "deflate"}:
        return None
    stream: Any = zlib.decompressobj(31 if coding == "gzip" else 15)
    try:
        body = stream.decompress(coded)
    except zlib.error:
        return None
    return bytes(body) if stream.eof and not stream.unused_data else None


# -- SOCKS -------------------------------------------------------------------


class _Talk(NamedTuple):
    complete: bool
    refused: bool
    sent: bytes


def examine_socks(replies: bytes, random: Random) -> str:
    """Negotiate with a proxy that says ``replies``.

    Who talks out of turn is refused, and bytes that come together may be out of turn where
    single ones are not: so pieces may be read where the whole is refused, never otherwise.

    :returns: ``"open"``, ``"refused"`` or ``"waiting"``.
    :raises Finding: when that does not hold.
    """
    version, user = random.choice(((4, b""), (4, b"u"), (5, b""), (5, b"u")))
    settings = {"username": user, "password": user}
    whole, by_bytes = (
        _talk(Negotiation(version, "a.example", 80, **settings), pieces)  # type: ignore[arg-type]
        for pieces in ([replies], list(single_bytes(replies)))
    )
    if not whole.refused and whole != by_bytes:
        raise Finding(f"{whole} as a whole, {by_bytes} in pieces: {version} {replies!r}")
    if by_bytes.complete and replies[:2] not in _GRANTS[version]:
        raise Finding(f"a tunnel by {version} {replies!r}")
    return "open" if by_bytes.complete else "refused" if by_bytes.refused else "waiting"


#: What replies begin with that may end in a tunnel.
_GRANTS = {4: (b"\0\x5a",), 5: (b"\5\0", b"\5\2")}


def _talk(negotiation: Negotiation, pieces: list[bytes]) -> _Talk:
    sent = negotiation.opening
    try:
        for piece in pieces:
            if piece:
                sent += negotiation.feed(piece)
    except SocksError as error:
        assert str(error)
        return _Talk(False, True, sent)
    return _Talk(negotiation.complete, False, sent)
