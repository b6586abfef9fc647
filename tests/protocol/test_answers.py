"""Reading answers: each of them whole, split at every byte, and byte by byte."""

from __future__ import annotations

import pickle

import pytest

from tests.protocol.answers import (
    CHUNKED,
    HOSTILE,
    HOSTILE_LARGE,
    OK,
    VALID,
    VALID_LARGE,
    Answer,
    Hostile,
    read,
    single_bytes,
)
from ulak._protocol.h1 import Incomplete, ProtocolViolation, ResponseHead, ResponseParser


def _named(cases: list[Answer] | list[Hostile]) -> list[object]:
    return [pytest.param(case, id=case.name) for case in cases]


def head_of(data: bytes) -> ResponseHead:
    parser = ResponseParser("GET")
    parser.feed(data)
    assert parser.head is not None
    return parser.head


@pytest.mark.parametrize("answer", _named(VALID + VALID_LARGE))
def test_a_valid_answer_is_read(answer: Answer) -> None:
    seen = read([answer.data], answer.method)
    assert seen.code == ""
    assert seen.body == answer.body
    assert seen.complete is answer.ends
    assert seen.leftover == answer.leftover
    assert seen.keep_alive is answer.keep_alive


@pytest.mark.parametrize("answer", _named(VALID + VALID_LARGE))
def test_the_end_of_the_connection_ends_an_answer_only_where_it_may(answer: Answer) -> None:
    seen = read([answer.data], answer.method, eof=True)
    assert seen.code == ""
    assert seen.complete
    assert seen.body == answer.body
    assert seen.keep_alive is answer.keep_alive


@pytest.mark.parametrize("answer", _named(VALID))
def test_a_valid_answer_is_the_same_wherever_it_is_split(answer: Answer) -> None:
    whole = read([answer.data], answer.method)
    for at in range(len(answer.data) + 1):
        assert read([answer.data[:at], answer.data[at:]], answer.method) == whole


@pytest.mark.parametrize("answer", _named(VALID + VALID_LARGE))
def test_a_valid_answer_is_the_same_byte_by_byte(answer: Answer) -> None:
    whole = read([answer.data], answer.method)
    assert read(single_bytes(answer.data), answer.method) == whole


@pytest.mark.parametrize("answer", _named([a for a in VALID if a.ends and not a.leftover]))
def test_an_answer_cut_short_is_never_complete(answer: Answer) -> None:
    for at in range(len(answer.data)):
        seen = read([answer.data[:at]], answer.method, eof=True)
        assert seen.code in {"incomplete_head", "incomplete_body"}
        assert not seen.complete
        assert not seen.keep_alive


@pytest.mark.parametrize("hostile", _named(HOSTILE + HOSTILE_LARGE))
def test_a_hostile_answer_is_refused(hostile: Hostile) -> None:
    seen = read([hostile.data], hostile.method, eof=hostile.eof)
    assert seen.code == hostile.code
    assert not seen.complete
    assert not seen.keep_alive


@pytest.mark.parametrize("hostile", _named(HOSTILE))
def test_a_hostile_answer_is_refused_wherever_it_is_split(hostile: Hostile) -> None:
    """And what of the body came before is the same at every split."""
    whole = read([hostile.data], hostile.method, eof=hostile.eof)
    for at in range(len(hostile.data) + 1):
        seen = read([hostile.data[:at], hostile.data[at:]], hostile.method, eof=hostile.eof)
        assert (seen.code, seen.body) == (hostile.code, whole.body)


@pytest.mark.parametrize("fault", [b"ZZ\r\n", b"0\r\nA : b\r\n\r\n", b"1\r\nf!!", b"-1\r\n"])
def test_a_fault_carries_the_body_that_came_with_it(fault: bytes) -> None:
    body = b"abcdef" if fault.startswith(b"1") else b"abcde"
    for pieces in ([CHUNKED + b"5\r\nabcde\r\n" + fault], [CHUNKED, b"5\r\nabcde\r\n" + fault]):
        seen = read(pieces)
        assert seen.code
        assert seen.body == body


@pytest.mark.parametrize("hostile", _named(HOSTILE + HOSTILE_LARGE))
def test_a_hostile_answer_is_refused_byte_by_byte(hostile: Hostile) -> None:
    seen = read(single_bytes(hostile.data), hostile.method, eof=hostile.eof)
    assert seen.code == hostile.code


@pytest.mark.parametrize("hostile", _named(HOSTILE + HOSTILE_LARGE))
def test_a_message_shows_little_of_what_the_peer_sent(hostile: Hostile) -> None:
    parser = ResponseParser(hostile.method)
    with pytest.raises(ProtocolViolation) as caught:
        parser.feed(hostile.data)
        parser.feed_eof()
    assert len(str(caught.value)) < 450
    assert str(caught.value).isprintable()


def test_a_message_never_shows_a_value() -> None:
    with pytest.raises(ProtocolViolation, match="Set-Cookie") as caught:
        ResponseParser("GET").feed(OK + b"Set-Cookie: id=secret\0\r\n\r\n")
    assert "secret" not in str(caught.value)


def test_garbage_is_refused_before_its_line_ends() -> None:
    with pytest.raises(ProtocolViolation, match="status line"):
        ResponseParser("GET").feed(b"SSH")


def test_the_head_shows_its_parts() -> None:
    head = head_of(
        b"HTTP/1.0 404  Not  Found \r\nServer:  a b\t\r\nSet-Cookie: a=b:c\r\nX:\r\n"
        b"set-cookie:d\r\nN: \xa0\xe9\x85\r\nConnection: close\r\n\r\n"
    )
    assert (head.version, head.status, head.reason) == (10, 404, "Not  Found")
    assert (head.content_length, head.chunked) == (None, False)
    assert head.fields == [
        ("Server", "a b"),
        ("Set-Cookie", "a=b:c"),
        ("X", ""),
        ("set-cookie", "d"),
        ("N", "\xa0é\x85"),
        ("Connection", "close"),
    ]
    assert head.fields is head.fields
    assert head.get(b"set-cookie") == "a=b:c, d"
    assert head.get(b"x") == ""
    assert head.get(b"n") == "\xa0é\x85"
    assert head.get(b"cookie") is None
    assert head.has(b"server")
    assert head.has(b"x")
    assert not head.has(b"cookie")
    assert not head.has(b"http/1.0 404")
    assert repr(head) == "<ResponseHead 404>"


@pytest.mark.parametrize("pieces", [1, 2])
def test_folds_are_undone(pieces: int) -> None:
    data = OK + b"A: b \r\n\t c\r\nD: \r\n e\r\nContent-Length: 0\r\n\r\n"
    parser = ResponseParser("GET")
    for piece in [data] if pieces == 1 else [data[:30], data[30:]]:
        parser.feed(piece)
    head = parser.head
    assert head is not None
    assert head.fields == [("A", "b  c"), ("D", "e"), ("Content-Length", "0")]
    assert head.get(b"a") == "b  c"
    assert b"\r\n\t" not in head.raw


def test_a_head_without_fields_has_none() -> None:
    head = head_of(OK + b"\r\n")
    assert head.fields == []
    assert head.reason == "OK"
    assert head_of(b"HTTP/1.1 200\r\n\r\n").reason == ""


def test_an_interim_answer_is_seen_before_the_final_one() -> None:
    parser = ResponseParser("POST")
    assert parser.feed(b"HTTP/1.1 103 Hints\r\n\r\n") == b""
    assert (parser.may_continue, parser.head, parser.started) == (False, None, True)
    assert parser.feed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n") == b""
    assert (parser.may_continue, parser.head) == (True, None)
    parser.feed(b"HTTP/1.1 417 X\r\nContent-Length: 0\r\n\r\n")
    assert parser.head is not None
    assert parser.head.status == 417
    assert parser.may_continue


def test_what_remains_is_counted_where_a_length_tells() -> None:
    parser = ResponseParser("GET")
    assert parser.remaining is None
    parser.feed(OK + b"Content-Length: 5\r\n\r\n")
    assert parser.remaining == 5
    parser.feed(b"abc")
    assert parser.remaining == 2
    parser.feed(b"de")
    assert parser.remaining == 0
    chunked = ResponseParser("GET")
    chunked.feed(CHUNKED + b"5\r\nab")
    assert chunked.remaining is None


def test_the_largest_length_is_only_a_number() -> None:
    parser = ResponseParser("GET")
    assert parser.feed(OK + b"Content-Length: 999999999999999999\r\n\r\nabc") == b"abc"
    assert parser.remaining == 999999999999999996


def test_body_bytes_come_out_as_they_come_in() -> None:
    parser = ResponseParser("GET")
    assert parser.feed(CHUNKED + b"5\r\nab") == b"ab"
    assert parser.feed(b"cde\r\n3\r\nf") == b"cdef"
    assert parser.feed(b"") == b""
    assert parser.feed(b"gh\r\n0\r\n") == b"gh"
    assert not parser.complete
    assert parser.feed(b"\r\n") == b""
    assert parser.complete


def test_trailers_are_kept_apart() -> None:
    parser = ResponseParser("GET")
    parser.feed(CHUNKED + b"0\r\nX-Sum: 1\r\n 2\r\nTransfer-Encoding: gzip\r\n\r\n")
    assert parser.trailers == [("X-Sum", "1 2"), ("Transfer-Encoding", "gzip")]
    assert parser.head is not None
    assert parser.head.fields == [("Transfer-Encoding", "chunked")]
    assert parser.keep_alive


def test_bytes_that_come_later_end_the_connection_too() -> None:
    parser = ResponseParser("GET")
    parser.feed(OK + b"Content-Length: 0\r\n\r\n")
    assert parser.keep_alive
    assert parser.feed(b"abc") == b""
    assert parser.feed(b"def") == b""
    assert not parser.keep_alive
    assert parser.leftover == b"abcdef"
    parser.feed_eof()
    assert parser.complete


def test_a_body_without_a_length_ends_where_tls_ends() -> None:
    """Not where the connection was cut off; what has a length does not care."""
    parser = ResponseParser("GET")
    parser.feed(OK + b"\r\nhalf")
    with pytest.raises(Incomplete) as caught:
        parser.feed_eof(cut=True)
    assert caught.value.code == "incomplete_body"
    assert not parser.complete
    whole = ResponseParser("GET")
    whole.feed(OK + b"Content-Length: 2\r\n\r\nok")
    whole.feed_eof(cut=True)
    assert whole.complete


def test_nothing_at_all_is_told_from_something() -> None:
    parser = ResponseParser("GET")
    parser.feed(b"")
    assert not parser.started
    with pytest.raises(Incomplete, match="without an answer") as caught:
        parser.feed_eof()
    assert not caught.value.started
    parser.feed(b"H")
    with pytest.raises(Incomplete, match="in the middle") as caught:
        parser.feed_eof()
    assert caught.value.started


def test_a_short_body_is_counted() -> None:
    parser = ResponseParser("GET")
    parser.feed(OK + b"Content-Length: 10\r\n\r\nabc")
    with pytest.raises(Incomplete, match="3 of 10") as caught:
        parser.feed_eof()
    assert (caught.value.received, caught.value.expected) == (3, 10)


def test_errors_survive_pickling() -> None:
    error = pickle.loads(pickle.dumps(Incomplete("incomplete_body", "Cut.", received=1)))
    assert (error.code, str(error), error.received, error.started) == (
        "incomplete_body",
        "Cut.",
        1,
        True,
    )
