"""What the codec costs: few calls when all is well, linear work when it is not.

Patterns that go back and forth would need hours for what is fed here; the
suite's time-out is what fails then.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.protocol.answers import CHUNKED, OK, read, single_bytes
from ulak._protocol.h1 import ProtocolViolation, ResponseParser, _FieldSection, request_head

TYPICAL = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 01 Jul 2025 10:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: 150\r\n"
    b"Last-Modified: Tue, 01 Jul 2025 09:00:00 GMT\r\nConnection: keep-alive\r\n"
    b'ETag: "6863a3f0-96"\r\nCache-Control: max-age=60\r\nAccept-Ranges: bytes\r\n\r\n'
) + b"x" * 150


def calls_of(function: Callable[[], object]) -> int:
    """Count the calls, of Python and of C functions, that one call makes."""
    count = 0

    def note(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count - 2  # the function itself and the return to the old profile


def test_a_typical_answer_takes_few_calls() -> None:
    def exchange() -> None:
        parser = ResponseParser("GET")
        parser.feed(TYPICAL)

    assert calls_of(exchange) <= 12


def test_a_typical_request_takes_few_calls() -> None:
    fields = [(f"Field-{number}", "value") for number in range(6)]
    assert calls_of(lambda: request_head("GET", "/a?b=c", fields)) <= 8


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: OK + b"A: " + b"a" * n, id="a line of a head"),
        pytest.param(lambda n: OK + (b"A: b\r\n" + b" c\r\n" * 50) * (n // 200), id="folds"),
        pytest.param(lambda n: CHUNKED + b"1\r\na\r\n" * (n // 6), id="chunks"),
        pytest.param(lambda n: CHUNKED + b"0\r\nA: " + b"a" * n, id="a trailer"),
        pytest.param(lambda n: b"HTTP/1.1 100 A\r\n\r\n" * (n // 2000), id="interim answers"),
    ],
)
def test_twice_the_bytes_take_twice_the_calls(make: Callable[[int], bytes]) -> None:
    once = make(20_000)
    twice = make(40_000)
    first = calls_of(lambda: read(single_bytes(once)))
    assert calls_of(lambda: read(single_bytes(twice))) <= 2.1 * first


def test_a_line_is_not_searched_twice_for_its_end() -> None:
    section = _FieldSection(in_head=True)
    for piece in single_bytes(OK + b"A: bcd"):
        section.feed(piece)
        assert section._seen == len(section._buffer)


def test_a_large_head_by_bytes_is_read() -> None:
    head = OK + (b"A: " + b"a" * 60_000 + b"\r\n") * 4 + b"Content-Length: 0\r\n\r\n"
    assert read(single_bytes(head)).complete


def test_a_megabyte_in_chunks_of_one_byte_is_read() -> None:
    parser = ResponseParser("GET")
    parser.feed(CHUNKED)
    wire = b"1\r\nx\r\n" * 1_000_000 + b"0\r\n\r\n"
    size = sum(len(parser.feed(wire[at : at + 65536])) for at in range(0, len(wire), 65536))
    assert (size, parser.complete) == (1_000_000, True)


@pytest.mark.parametrize(
    "tail",
    [
        pytest.param(b"A:" + b" " * 65_000 + b"\0", id="whitespace"),
        pytest.param(b"A:" + b" a" * 32_000 + b"\0", id="words"),
        pytest.param(b"a" * 65_000, id="a name"),
        pytest.param((b"A: b" + b" " * 900 + b"\r\n") * 255 + b"\0", id="fields"),
        pytest.param(b"A: b\r\n" + (b" " * 900 + b"\r\n") * 255 + b"\0", id="folds"),
        pytest.param(b"Content-Length: " + b"1," * 30_000 + b"\r\n\r\n", id="a list"),
        pytest.param(b"Connection: close" + b" ," * 30_000 + b"\r\n\0", id="options"),
    ],
)
def test_no_head_sends_the_patterns_astray(tail: bytes) -> None:
    parser = ResponseParser("GET")
    with pytest.raises(ProtocolViolation):
        parser.feed(OK + tail)
        parser.feed_eof()


def test_no_request_sends_the_pattern_astray() -> None:
    fields = [("A", "b" + " " * 60_000)] * 250
    assert len(request_head("GET", "/", fields)) > 15_000_000
    with pytest.raises(ValueError, match="'B'"):
        request_head("GET", "/", [*fields, ("B", "\0")])
