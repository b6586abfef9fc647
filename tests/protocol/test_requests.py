"""Writing the head of a request: what goes through, and that nothing is injected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulak._protocol.h1 import RequestHeads, request_head
from ulak.exceptions import InvalidHeader, InvalidMethod, InvalidURL, RequestException

SECRET = "hunter2"


def test_a_head_is_written_in_order() -> None:
    assert (
        request_head(
            "PATCH",
            "/a%20b?c=d&e='~",
            [("Host", "a.example:81"), ("x-A", ""), ("X-a", "1,\t2 "), ("Cookie", "a=b; c=d")],
        )
        == b"PATCH /a%20b?c=d&e='~ HTTP/1.1\r\nHost: a.example:81\r\nx-A: \r\nX-a: 1,\t2 \r\n"
        b"Cookie: a=b; c=d\r\n\r\n"
    )


def test_a_head_may_have_no_field() -> None:
    assert request_head("GET", "/", []) == b"GET / HTTP/1.1\r\n\r\n"


def test_fields_may_be_any_iterable() -> None:
    expected = b"GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n"
    fields: dict[str, str | bytes] = {"A": "b", "C": "d"}
    assert request_head("GET", "/", fields.items()) == expected
    assert request_head("GET", "/", (field for field in fields.items())) == expected


def test_bytes_are_sent_as_they_are() -> None:
    assert request_head("GET", "/", iter([(b"A", "b")])) == b"GET / HTTP/1.1\r\nA: b\r\n\r\n"
    head = request_head("GET", "*", [(b"A", b"\xff\x80 \xc3\xa9"), ("B", "é")])
    assert head == b"GET * HTTP/1.1\r\nA: \xff\x80 \xc3\xa9\r\nB: \xe9\r\n\r\n"


INJECTIONS = [
    "\r\nEvil: 1",
    "\nEvil: 1",
    "\rEvil: 1",
    "\r\n\r\nGET /evil HTTP/1.1\r\n\r\n",
    "\r\n folded",
    "\0",
    "\0\r\nEvil\0",
    "\r\nEvil\0" + "1",
    "\x0b",
    "\x1b",
    "\x7f",
    "Ċ",  # its low byte is LF
    "č",  # its low byte is CR
    "\u560a",
    "\ud800",
    "\u2028",
    "😀",
]


@pytest.mark.parametrize("place", [f"{SECRET}%s", f"%s{SECRET}", f"a%s{SECRET}"])
@pytest.mark.parametrize("evil", INJECTIONS)
def test_a_value_cannot_break_out(evil: str, place: str) -> None:
    with pytest.raises(InvalidHeader, match="X-Key") as caught:
        request_head("GET", "/", [("A", "b"), ("X-Key", place % evil), ("C", "d")])
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("evil", [text for text in INJECTIONS if text < "\x80"])
def test_a_value_of_bytes_cannot_break_out(evil: str) -> None:
    with pytest.raises(InvalidHeader, match="X-Key") as caught:
        request_head("GET", "/", [("X-Key", SECRET.encode() + evil.encode())])
    assert SECRET not in str(caught.value)


NOT_TOKENS = ["", " ", "a b", "a:", "a: b", "Evil: 1\r\nA", "a\t", " a", "é", "(a)", "a\0b", "a/b"]


@pytest.mark.parametrize("name", [*NOT_TOKENS, *(f"X{evil}" for evil in INJECTIONS)])
def test_a_name_cannot_break_out(name: str) -> None:
    with pytest.raises(InvalidHeader):
        request_head("GET", "/", [(name, "b")])
    with pytest.raises(InvalidHeader):
        request_head("GET", "/", [(name.encode("utf-8", "replace"), b"b")])


def test_a_wrong_name_is_shown_without_what_follows_it() -> None:
    with pytest.raises(InvalidHeader, match="'Authorization'") as caught:
        request_head("GET", "/", [(f"Authorization: {SECRET}", "")])
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("method", [*NOT_TOKENS, "GET / HTTP/1.1\r\nA: b\r\n\r\nGET", "GET\r\n"])
def test_a_method_cannot_break_out(method: str) -> None:
    with pytest.raises(InvalidMethod):
        request_head(method, "/", [("A", "b")])


@pytest.mark.parametrize(
    "target", ["", " ", "/a b", "/ HTTP/1.1", "/é", "/\x7f", *(f"/{e}" for e in INJECTIONS)]
)
def test_a_target_cannot_break_out(target: str) -> None:
    with pytest.raises(InvalidURL) as caught:
        request_head("GET", target and target + SECRET, [("A", "b")])
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("value", [" b", "\tb", " ", None, 1, ["b"], bytearray(b"b")])
def test_a_value_must_be_text_that_does_not_begin_with_whitespace(value: Any) -> None:
    with pytest.raises(InvalidHeader, match="'A'"):
        request_head("GET", "/", [("A", value)])


@pytest.mark.parametrize("method", [None, b"GET", 1])
def test_a_method_must_be_text(method: Any) -> None:
    with pytest.raises(InvalidMethod):
        request_head(method, "/", [("A", "b")])


@pytest.mark.parametrize("target", [None, b"/", 1])
def test_a_target_must_be_text(target: Any) -> None:
    with pytest.raises(InvalidURL):
        request_head("GET", target, [("A", b"b")])


@pytest.mark.parametrize("fields", [[("A", "b", "c")], ["Host"]])
def test_a_field_must_be_a_pair(fields: Any) -> None:
    with pytest.raises(InvalidHeader):
        request_head("GET", "/", fields)


TEXTS = st.text(
    st.sampled_from("\r\n\0: \taZ9-é\xff\u010a") | st.characters(max_codepoint=0x110), max_size=8
)


@given(TEXTS, TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_a_peer_reads_what_was_meant_or_nothing_is_sent(
    method: str, target: str, fields: list[tuple[str, str]]
) -> None:
    try:
        head = request_head(method, target, fields)
    except RequestException:
        return
    line, *lines = head.split(b"\r\n")
    assert line == f"{method} {target} HTTP/1.1".encode("ascii")
    assert line.count(b" ") == 2
    assert lines[-2:] == [b"", b""]
    assert lines[:-2] == [f"{name}: {value}".encode("latin-1") for name, value in fields]
    assert all(name and ":" not in name for name, _ in fields)
    assert b"\r" not in b"".join(lines)
    assert b"\n" not in b"".join(lines)


@given(
    st.lists(
        st.tuples(
            st.text("abcXYZ09-_", min_size=1, max_size=9).map(lambda name: f"x-{name}"),
            st.text(
                st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f")
            ).map(lambda text: text.strip(" ")),
        ),
        max_size=6,
    )
)
def test_an_h11_server_understands(fields: list[tuple[str, str]]) -> None:
    server = h11.Connection(h11.SERVER)
    server.receive_data(request_head("GET", "/a?b", [("Host", "a"), *fields]))
    event = server.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (b"GET", b"/a?b")
    assert list(event.headers)[1:] == [(n.lower().encode(), v.encode("latin-1")) for n, v in fields]


_PARTS = st.sampled_from(
    ["GET", "Host", "/x", "a.example", "X-A", "1", "", " ", "\r\n", "é", "€", "A: b", b"/x", None]
)


@given(
    st.lists(
        st.tuples(_PARTS, _PARTS, st.lists(st.tuples(_PARTS, _PARTS), max_size=3)),
        min_size=1,
        max_size=4,
    )
)
def test_remembered_fields_make_no_difference(requests: list[tuple[Any, Any, Any]]) -> None:
    def outcome(make: Callable[[Any, Any, Any], bytes], request: tuple[Any, Any, Any]) -> object:
        try:
            return make(*request)
        except RequestException as exc:
            return type(exc), str(exc)

    remembering = RequestHeads().head
    for request in [*requests, *requests]:
        assert outcome(remembering, request) == outcome(request_head, request)
