"""Answers to feed to the codec, and what the codec makes of them.

``VALID`` and ``HOSTILE`` are the tables that every way of feeding goes through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ulak._protocol.h1 import ProtocolViolation, ResponseParser

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LONG_LINE = b"X: " + b"a" * (64 * 1024 - 5) + b"\r\n"  # 64 KiB exactly


class Answer(NamedTuple):
    """A valid answer.  ``ends`` tells whether it does so before the connection."""

    name: str
    data: bytes
    body: bytes = b""
    keep_alive: bool = True
    method: str = "GET"
    leftover: bytes = b""
    ends: bool = True


class Hostile(NamedTuple):
    """An answer that must be refused.  ``eof``: it takes the end of the connection to tell."""

    name: str
    data: bytes
    code: str
    eof: bool = False
    method: str = "GET"


class Outcome(NamedTuple):
    """All that an exchange with the parser brought to light."""

    body: bytes
    complete: bool
    keep_alive: bool
    leftover: bytes
    status: int
    fields: list[tuple[str, str]]
    raw: bytes
    trailers: list[tuple[str, str]]
    may_continue: bool
    remaining: int | None
    code: str


def read(pieces: Iterable[bytes], method: str = "GET", *, eof: bool = False) -> Outcome:
    """Feed an answer piece by piece; errors other than violations are the test's to see."""
    parser = ResponseParser(method)
    body = b""
    code = ""
    try:
        for piece in pieces:
            body += parser.feed(piece)
        if eof:
            parser.feed_eof()
    except ProtocolViolation as violation:
        code = violation.code
        body += violation.given
        assert str(violation)
    return outcome(parser, body, code)


def outcome(parser: ResponseParser, body: bytes, code: str) -> Outcome:
    head: Any = parser.head
    return Outcome(
        body=body,
        complete=parser.complete,
        keep_alive=parser.keep_alive,
        leftover=parser.leftover,
        status=head.status if head else 0,
        fields=head.fields if head else [],
        raw=head.raw if head else b"",
        trailers=parser.trailers,
        may_continue=parser.may_continue,
        remaining=None if code else parser.remaining,
        code=code,
    )


def single_bytes(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def _length(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


VALID = [
    Answer("length", _length(b"hello"), b"hello"),
    Answer("no bytes", _length(b"")),
    Answer("no field at all", OK + b"\r\nrest", b"rest", keep_alive=False, ends=False),
    Answer("until close", OK + b"A: b\r\n\r\n12", b"12", keep_alive=False, ends=False),
    Answer("reason missing", b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", b"x"),
    Answer("reason and space missing", b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", b"x"),
    Answer("reason of Latin-1", b"HTTP/1.1 200 \xe7ok\r\nContent-Length: 1\r\n\r\nx", b"x"),
    Answer("status 999", _length(b"a", status=b"999 Odd"), b"a"),
    Answer("minor version 9", b"HTTP/1.9 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x"),
    Answer("1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x", keep_alive=False),
    Answer(
        "1.0 keep-alive",
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx",
        b"x",
    ),
    Answer("close", _length(b"a", b"Connection: close"), b"a", keep_alive=False),
    Answer("close in a list", _length(b"a", b"connection: x,\tCLOSE , y"), b"a", keep_alive=False),
    Answer(
        "close wins",
        _length(b"a", b"Connection: close", b"Connection: keep-alive"),
        b"a",
        keep_alive=False,
    ),
    Answer("close is no substring", _length(b"a", b"Connection: closed, x-close"), b"a"),
    Answer("length repeated", OK + b"Content-Length: 2\r\ncontent-length: 2\r\n\r\nab", b"ab"),
    Answer("length as a list", OK + b"Content-Length: 2, 2\t,2\r\n\r\nab", b"ab"),
    Answer("length with zeros", OK + b"Content-Length: 0002\r\n\r\nab", b"ab"),
    Answer("length with whitespace", OK + b"Content-Length:\t 2 \t\r\n\r\nab", b"ab"),
    Answer("length folded", OK + b"A: b\r\nContent-Length:\r\n 2\r\n\r\nab", b"ab"),
    Answer(
        "a name that ends alike", OK + b"X-Content-Length: 9\r\nContent-Length: 1\r\n\r\na", b"a"
    ),
    Answer("a fold", _length(b"a", b"X: b\r\n\t c\r\n  \r\n d"), b"a"),
    Answer("HEAD", _length(b"")[:-4].replace(b"0", b"5") + b"\r\n\r\n", method="HEAD"),
    Answer("HEAD, chunked", CHUNKED, method="HEAD"),
    Answer("HEAD, nothing said", OK + b"\r\n", method="HEAD"),
    Answer("204", b"HTTP/1.1 204 No Content\r\n\r\n"),
    Answer("204, no bytes", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
    Answer(
        "204 that announces a body",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n",
        keep_alive=False,
    ),
    Answer("304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"),
    Answer(
        "left over", _length(b"ab") + b"HTTP/1.1", b"ab", keep_alive=False, leftover=b"HTTP/1.1"
    ),
    Answer("left over after 304", b"HTTP/1.1 304 A\r\n\r\nx", keep_alive=False, leftover=b"x"),
    Answer("chunked", CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    Answer("chunks", CHUNKED + b"1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n", b"a0123456789"),
    Answer("no chunk", CHUNKED + b"0\r\n\r\n"),
    Answer("chunk sizes with zeros", CHUNKED + b"0001\r\na\r\n000\r\n\r\n", b"a"),
    Answer("16 digits", CHUNKED + b"0000000000000001\r\na\r\n0\r\n\r\n", b"a"),
    Answer("extensions", CHUNKED + b'1;a="b;c"\r\na\r\n1 ; \tx\r\nb\r\n0;\r\n\r\n', b"ab"),
    Answer(
        "longest extension",
        CHUNKED + b"1;" + b"e" * (4096 - 4) + b"\r\na\r\n0\r\n\r\n",
        b"a",
    ),
    Answer("line ends in chunks", CHUNKED + b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n"),
    Answer("trailers", CHUNKED + b"1\r\na\r\n0\r\nX: 1\r\nContent-Length: 7\r\n\r\n", b"a"),
    Answer("a folded trailer", CHUNKED + b"0\r\nX: 1\r\n 2\r\n\r\n"),
    Answer(
        "left over after chunks",
        CHUNKED + b"0\r\n\r\n\r\n",
        keep_alive=False,
        leftover=b"\r\n",
    ),
    Answer(
        "chunked and a length",
        OK + b"Content-Length: 3\r\nTransfer-Encoding: Chunked \r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"a",
        keep_alive=False,
    ),
    Answer(
        "chunked in 1.0",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        keep_alive=False,
    ),
    Answer("100 first", b"HTTP/1.1 100 Continue\r\n\r\n" + _length(b"a"), b"a"),
    Answer(
        "103 with fields, and 102",
        b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 102\r\n\r\n" + _length(b"a"),
        b"a",
    ),
    Answer("64 interim answers", b"HTTP/1.1 199 X\r\n\r\n" * 64 + _length(b"a"), b"a"),
    Answer(
        "101",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n\0\1",
        keep_alive=False,
        leftover=b"\0\1",
    ),
    Answer(
        "CONNECT",
        b"HTTP/1.1 200 Connected\r\nContent-Length: 3\r\nTransfer-Encoding: x\r\n\r\nabcde",
        keep_alive=False,
        method="CONNECT",
        leftover=b"abcde",
    ),
    Answer("CONNECT refused", _length(b"no", status=b"407 X"), b"no", method="CONNECT"),
    Answer("256 fields", OK + b"A: b\r\n" * 255 + b"Content-Length: 1\r\n\r\na", b"a"),
]

#: Too large to be split at every byte.
VALID_LARGE = [
    Answer("longest line", OK + LONG_LINE + b"Content-Length: 1\r\n\r\na", b"a"),
    Answer(
        "longest head",
        OK
        + LONG_LINE * 3
        + b"Y: "
        + b"a" * (64 * 1024 - len(OK) - len(b"Y: \r\nContent-Length: 1\r\n\r\n"))
        + b"\r\nContent-Length: 1\r\n\r\na",
        b"a",
    ),
]

_FIELD = "bad_field"
_STATUS = "bad_status_line"
_CHUNK = "bad_chunk_size"
_LENGTH = "bad_content_length"
_CODING = "bad_transfer_encoding"

HOSTILE = [
    Hostile("HTTP/0.9", b"<html>hello</html>", _STATUS),
    Hostile("ICY", b"ICY 200 OK\r\n\r\n", _STATUS),
    Hostile("HTTP/2.0", b"HTTP/2.0 200 OK\r\n\r\n", _STATUS),
    Hostile("HTTP/2 alone", b"HTTP/2 200\r\n\r\n", _STATUS),
    Hostile("lower case", b"http/1.1 200 OK\r\n\r\n", _STATUS),
    Hostile("two digits of version", b"HTTP/1.10 200 OK\r\n\r\n", _STATUS),
    Hostile("no version", b"HTTP/1. 200 OK\r\n\r\n", _STATUS),
    Hostile("SSH", b"SSH-2.0-OpenSSH_9.2\r\n", _STATUS),
    Hostile("TLS alert", b"\x15\x03\x01\x00\x02\x02\x16", _STATUS),
    Hostile("empty line first", b"\r\nHTTP/1.1 200 OK\r\n\r\n", _STATUS),
    Hostile("space first", b" HTTP/1.1 200 OK\r\n\r\n", _STATUS),
    Hostile("two spaces", b"HTTP/1.1  200 OK\r\n\r\n", _STATUS),
    Hostile("tab", b"HTTP/1.1\t200 OK\r\n\r\n", _STATUS),
    Hostile("status of two digits", b"HTTP/1.1 20 OK\r\n\r\n", _STATUS),
    Hostile("status of four digits", b"HTTP/1.1 2000 OK\r\n\r\n", _STATUS),
    Hostile("status 099", b"HTTP/1.1 099 OK\r\n\r\n", _STATUS),
    Hostile("status of letters", b"HTTP/1.1 2OO OK\r\n\r\n", _STATUS),
    Hostile("signed status", b"HTTP/1.1 +20 OK\r\n\r\n", _STATUS),
    Hostile("reason attached", b"HTTP/1.1 200OK\r\n\r\n", _STATUS),
    Hostile("NUL in the reason", b"HTTP/1.1 200 O\0K\r\n\r\n", _STATUS),
    Hostile("CR in the reason", b"HTTP/1.1 200 O\rK\r\n\r\n", _STATUS),
    Hostile("escape in the reason", b"HTTP/1.1 200 \x1b[31m\r\n\r\n", _STATUS),
    Hostile("bare LF in the status line", b"HTTP/1.1 200 OK\n", _STATUS),
    Hostile("bare LF", OK + b"A: b\nC: d\r\n\r\n", _FIELD),
    Hostile("bare LF at the end", OK + b"A: b\r\n\n", _FIELD),
    Hostile("bare CR", OK + b"A: b\rC: d\r\n\r\n", _FIELD),
    Hostile("two CRs", OK + b"A: b\r\r\n\r\n", _FIELD),
    Hostile("CR as an empty line", OK + b"A: b\r\n\r\r\n", _FIELD),
    Hostile("NUL in a value", OK + b"A: b\0\r\n\r\n", _FIELD),
    Hostile("NUL in a name", OK + b"A\0: b\r\n\r\n", _FIELD),
    Hostile("DEL in a value", OK + b"A: \x7f\r\n\r\n", _FIELD),
    Hostile("vertical tab in a value", OK + b"A: b\x0bc\r\n\r\n", _FIELD),
    Hostile("space before the colon", OK + b"Content-Length : 3\r\n\r\n", _FIELD),
    Hostile("tab before the colon", OK + b"A\t: 3\r\n\r\n", _FIELD),
    Hostile("space in a name", OK + b"A B: 3\r\n\r\n", _FIELD),
    Hostile("no colon", OK + b"Content-Length 3\r\n\r\n", _FIELD),
    Hostile("no name", OK + b": 3\r\n\r\n", _FIELD),
    Hostile("name of Latin-1", OK + b"\xe4: 3\r\n\r\n", _FIELD),
    Hostile("fold before the first field", OK + b" A: b\r\n\r\n", _FIELD),
    Hostile("blank fold before the first field", OK + b" \r\nA: b\r\n\r\n", _FIELD),
    Hostile("NUL in a fold", OK + b"A: b\r\n \0\r\n\r\n", _FIELD),
    Hostile("two words of length", OK + b"A: b\r\nContent-Length: 1\r\n 2\r\n\r\n", _LENGTH),
    Hostile("lengths differ", OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", _LENGTH),
    Hostile("lengths in a list differ", OK + b"Content-Length: 1, 2\r\n\r\n", _LENGTH),
    Hostile("1 and 01", OK + b"Content-Length: 1, 01\r\n\r\n", _LENGTH),
    Hostile("2 and 02", OK + b"Content-Length: 2\r\nContent-Length: 02\r\n\r\nab", _LENGTH),
    Hostile("length +1", OK + b"Content-Length: +1\r\n\r\n", _LENGTH),
    Hostile("length -1", OK + b"Content-Length: -1\r\n\r\n", _LENGTH),
    Hostile("length 1_0", OK + b"Content-Length: 1_0\r\n\r\n", _LENGTH),
    Hostile("length 0x1", OK + b"Content-Length: 0x1\r\n\r\n", _LENGTH),
    Hostile("length 1.0", OK + b"Content-Length: 1.0\r\n\r\n", _LENGTH),
    Hostile("length of nothing", OK + b"Content-Length:\r\n\r\n", _LENGTH),
    Hostile("length of a comma", OK + b"Content-Length: 1,\r\n\r\n", _LENGTH),
    Hostile("superscript", OK + b"Content-Length: \xb2\r\n\r\n", _LENGTH),
    Hostile("19 digits", OK + b"Content-Length: 1000000000000000000\r\n\r\n", _LENGTH),
    Hostile("5000 digits", OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", _LENGTH),
    Hostile("gzip", OK + b"Transfer-Encoding: gzip\r\n\r\n", _CODING),
    Hostile("gzip, chunked", OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", _CODING),
    Hostile("chunked, gzip", OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n", _CODING),
    Hostile("chunked, chunked", OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n", _CODING),
    Hostile(
        "chunked twice",
        OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        _CODING,
    ),
    Hostile("xchunked", OK + b"Transfer-Encoding: xchunked\r\n\r\n", _CODING),
    Hostile("identity", OK + b"Transfer-Encoding: identity\r\n\r\n", _CODING),
    Hostile("no coding", OK + b"Transfer-Encoding:\r\n\r\n", _CODING),
    Hostile("quoted", OK + b'Transfer-Encoding: "chunked"\r\n\r\n', _CODING),
    Hostile("with NBSP", OK + b"Transfer-Encoding: \xa0chunked\r\n\r\n", _CODING),
    Hostile("in an interim answer", b"HTTP/1.1 103 A\r\nContent-Length: x\r\n\r\n", _LENGTH),
    Hostile("257 fields", OK + b"A: b\r\n" * 257 + b"\r\n", "too_many_fields"),
    Hostile("65 interim answers", b"HTTP/1.1 100 A\r\n\r\n" * 65, "too_many_interim"),
    Hostile("chunk size 0x1", CHUNKED + b"0x1\r\na\r\n", _CHUNK),
    Hostile("chunk size +1", CHUNKED + b"+1\r\na\r\n", _CHUNK),
    Hostile("chunk size -1", CHUNKED + b"-1\r\na\r\n", _CHUNK),
    Hostile("chunk size 1_0", CHUNKED + b"1_0\r\na\r\n", _CHUNK),
    Hostile("chunk size G", CHUNKED + b"G\r\n", _CHUNK),
    Hostile("no chunk size", CHUNKED + b"\r\na\r\n", _CHUNK),
    Hostile("extension alone", CHUNKED + b";a\r\n", _CHUNK),
    Hostile("space before a chunk size", CHUNKED + b" 1\r\na\r\n", _CHUNK),
    Hostile("space after a chunk size", CHUNKED + b"1 \r\na\r\n", _CHUNK),
    Hostile("17 digits of chunk size", CHUNKED + b"00000000000000001\r\na\r\n", _CHUNK),
    Hostile("bare LF after a chunk size", CHUNKED + b"1\na\r\n", _CHUNK),
    Hostile("bare CR after a chunk size", CHUNKED + b"1\ra\r\n", _CHUNK),
    Hostile("LF in an extension", CHUNKED + b"1;a\n\r\na\r\n", _CHUNK),
    Hostile("CR in an extension", CHUNKED + b"1;a\rb\r\na\r\n", _CHUNK),
    Hostile("NUL in an extension", CHUNKED + b"1;\0\r\na\r\n", _CHUNK),
    Hostile("long extension", CHUNKED + b"1;" + b"e" * (4096 - 3) + b"\r\na\r\n", _CHUNK),
    Hostile("endless extension", CHUNKED + b"1;" + b"e" * 5000, _CHUNK),
    Hostile("chunk too long", CHUNKED + b"1\r\nab\r\n", "bad_chunk_end"),
    Hostile("LF after a chunk", CHUNKED + b"1\r\na\n0\r\n\r\n", "bad_chunk_end"),
    Hostile("CR after a chunk", CHUNKED + b"1\r\na\r0\r\n\r\n", "bad_chunk_end"),
    Hostile("trailer without a colon", CHUNKED + b"0\r\nabc\r\n\r\n", _FIELD),
    Hostile("trailer with a fold first", CHUNKED + b"0\r\n a: b\r\n\r\n", _FIELD),
    Hostile("trailer with a bare LF", CHUNKED + b"0\r\na: b\n\r\n", _FIELD),
    Hostile("bare LF for a trailer", CHUNKED + b"0\r\n\n", _FIELD),
    Hostile("257 trailers", CHUNKED + b"0\r\n" + b"A: b\r\n" * 257, "too_many_fields"),
    Hostile("nothing", b"", "incomplete_head", eof=True),
    Hostile("cut in the version", b"HTTP/1", "incomplete_head", eof=True),
    Hostile("cut in the head", OK + b"A: b\r\n", "incomplete_head", eof=True),
    Hostile("cut in the empty line", OK + b"A: b\r\n\r", "incomplete_head", eof=True),
    Hostile("cut after 100", b"HTTP/1.1 100 A\r\n\r\n", "incomplete_head", eof=True),
    Hostile("no body", OK + b"Content-Length: 3\r\n\r\n", "incomplete_body", eof=True),
    Hostile("short body", OK + b"Content-Length: 3\r\n\r\nab", "incomplete_body", eof=True),
    Hostile("cut before a chunk", CHUNKED, "incomplete_body", eof=True),
    Hostile("cut in a chunk", CHUNKED + b"5\r\nab", "incomplete_body", eof=True),
    Hostile("cut after a chunk", CHUNKED + b"2\r\nab", "incomplete_body", eof=True),
    Hostile("cut in a chunk's CRLF", CHUNKED + b"2\r\nab\r", "incomplete_body", eof=True),
    Hostile("cut before the last chunk", CHUNKED + b"2\r\nab\r\n", "incomplete_body", eof=True),
    Hostile("cut after the last chunk", CHUNKED + b"0\r\n", "incomplete_body", eof=True),
    Hostile("cut in the trailers", CHUNKED + b"0\r\nA: b\r\n", "incomplete_body", eof=True),
]

#: Too large to be split at every byte.
HOSTILE_LARGE = [
    Hostile("long line", OK + b"X" + LONG_LINE, "head_too_large"),
    Hostile("long status line", b"HTTP/1.1 200 " + b"a" * 65536 + b"\r\n\r\n", "head_too_large"),
    Hostile("endless line", OK + b"A: " + b"a" * 70000, "head_too_large"),
    Hostile("endless name", OK + b"a" * 70000, "head_too_large"),
    Hostile("endless whitespace", OK + b"A: b\r\n" + b" " * 70000, "head_too_large"),
    Hostile("long head", OK + LONG_LINE * 4 + b"\r\n", "head_too_large"),
    Hostile("many long folds", OK + b"A: b\r\n" + (b" " * 999 + b"\r\n") * 300, "head_too_large"),
    Hostile("long trailer", CHUNKED + b"0\r\nX" + LONG_LINE, "trailer_too_large"),
    Hostile("long trailers", CHUNKED + b"0\r\n" + LONG_LINE * 5, "trailer_too_large"),
]
