"""A body that breaks: what came before is handed out, the same however the packets were cut."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import pytest
import urllib3

import ulak
from tests.support import RawConnection, RawServer
from tests.support.fronts import Front

StartRaw = Callable[..., RawServer]

TEXT = b"a line\nanother\r\nand the last"
CHUNKED = b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
GZIP = b"Content-Encoding: gzip\r\n\r\n"


def chunks(data: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(x), x) for x in (data[:7], data[7:]))


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


class Broken(NamedTuple):
    """An answer, what of its body comes before the fault, and what the fault is."""

    wire: bytes
    text: bytes
    error: type[ulak.RequestException]


CODED = zlib.compress(TEXT, wbits=31)
TWICE = zlib.compress(zlib.compress(TEXT), wbits=31)


def deflated(text: bytes) -> bytes:
    """``text``, and a block of a kind that there is not (RFC 1951, section 3.2.3)."""
    coder = zlib.compressobj(wbits=-15)
    return coder.compress(text) + coder.flush(zlib.Z_SYNC_FLUSH) + b"\x07"


ANSWERS = {
    "chunk size": Broken(
        CHUNKED + b"\r\n" + chunks(TEXT) + b"ZZ\r\n", TEXT, ulak.exceptions.ChunkedEncodingError
    ),
    "chunk end": Broken(
        CHUNKED + b"\r\n" + chunks(TEXT)[:-2] + b"!!", TEXT, ulak.exceptions.ChunkedEncodingError
    ),
    "trailer": Broken(
        CHUNKED + b"\r\n" + chunks(TEXT) + b"0\r\nA : b\r\n\r\n",
        TEXT,
        ulak.exceptions.ChunkedEncodingError,
    ),
    "cut off": Broken(CHUNKED + b"\r\n" + chunks(TEXT)[:-2], TEXT, ulak.exceptions.IncompleteBody),
    "short": Broken(
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + TEXT,
        TEXT,
        ulak.exceptions.IncompleteBody,
    ),
    "chunk size in gzip": Broken(
        CHUNKED + GZIP + chunks(CODED[:-8]) + b"ZZ\r\n",
        TEXT,
        ulak.exceptions.ChunkedEncodingError,
    ),
    "gzip's checksum": Broken(
        CHUNKED + GZIP + chunks(flipped(CODED, -8)) + b"0\r\n\r\n",
        TEXT,
        ulak.exceptions.ContentDecodingError,
    ),
    "deflate in the middle": Broken(
        CHUNKED + b"Content-Encoding: deflate\r\n\r\n" + chunks(deflated(TEXT[:20])) + b"0\r\n\r\n",
        TEXT[:20],
        ulak.exceptions.ContentDecodingError,
    ),
    "the outer of two codings": Broken(
        CHUNKED + b"Content-Encoding: deflate, gzip\r\n\r\n" + chunks(flipped(TWICE, -8)),
        TEXT,
        ulak.exceptions.ContentDecodingError,
    ),
}


def pieces_of(size: int | None) -> Callable[[Any, Front], Iterable[bytes]]:
    return lambda response, front: response.iter_content(size)


def lines(response: Any, front: Front) -> Iterable[bytes]:
    for line in response.iter_lines():
        yield line + b"|"


def raw(response: Any, front: Front) -> Iterable[bytes]:
    """By what there is to read a little with; that of a ``Session`` is asked to decode."""
    read = partial(response.raw.read, 1, True) if front.name == "sync" else response.raw.read1
    while piece := front.run(read()):
        yield piece


def whole(response: Any, front: Front) -> Iterable[bytes]:
    yield response.content


def raw_whole(response: Any, front: Front) -> Iterable[bytes]:
    yield front.run(response.raw.read())


WAYS = {
    "pieces": pieces_of(None),
    "pieces of 4": pieces_of(4),
    "pieces of 999": pieces_of(999),
    "lines": lines,
    "whole": whole,
    "raw": raw,
    "raw whole": raw_whole,
}


def outcome(response: Any, front: Front, way: str) -> tuple[bytes, str]:
    """What is handed out, and the class of what is raised then; and again, by whoever reads on."""
    came: list[bytes] = []
    raised: list[str] = []
    for _ in range(2):
        try:
            for piece in WAYS[way](response, front):
                came.append(piece)
            raised.append("nothing")
        except (ulak.RequestException, urllib3.exceptions.HTTPError) as exc:
            raised.append(type(exc).__name__)
    assert "nothing" not in raised
    assert response.raw.closed
    return b"".join(came), raised[0]


@pytest.mark.parametrize(
    ("name", "way"),
    [
        (name, way)
        for name, answer in ANSWERS.items()
        for way in WAYS
        # What is not decoded has no fault of its coding.
        if not way.startswith("raw") or answer.error is not ulak.exceptions.ContentDecodingError
    ],
)
def test_what_came_before_a_fault_is_the_same_at_every_split(
    start_raw_server: StartRaw, front: Front, session: ulak.Session, name: str, way: str
) -> None:
    wire, text, error = ANSWERS[name]
    cut = len(wire)

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        pieces = wire[:cut], wire[cut:]
        connection.send(pieces[0])
        connection.pause(0.001)  # so that it is read, mostly; nothing fails where it is not
        connection.send(pieces[1])

    url = start_raw_server(script).url
    expected = outcome(session.get(url, stream=True), front, way)
    if way.startswith("pieces"):
        assert expected == (text, error.__name__)
    for cut in range(wire.index(b"\r\n\r\n"), len(wire)):
        assert outcome(session.get(url, stream=True), front, way) == expected, cut
