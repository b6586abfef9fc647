"""Reading answers that nobody thought of, alone and next to h11."""

from __future__ import annotations

import re

import h11
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.protocol.answers import CHUNKED, HOSTILE, OK, VALID, read, single_bytes
from ulak._protocol.h1 import ProtocolViolation, ResponseParser

TOKEN = st.text("!#$%&'*+-.^_`|~09AZaz", min_size=1, max_size=12).map(str.encode)
VALUE = (
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"))
    .filter(lambda text: not "\x80" <= text <= "\x9f")
    .map(lambda text: text.strip(" ").encode("latin-1"))
)
FRAMING = {b"content-length", b"transfer-encoding", b"connection"}
FIELDS = st.lists(
    st.tuples(TOKEN.filter(lambda name: name.lower() not in FRAMING), VALUE), max_size=8
)


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
    """A valid answer, its fields without those of framing, and its body."""
    fields = draw(FIELDS)
    pieces = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
    space = draw(st.sampled_from([b"", b" ", b"\t "]))
    lines = [b"HTTP/1.1 200 " + draw(VALUE), *(n + b":" + space + v for n, v in fields)]
    if draw(st.booleans()):
        lines.insert(draw(st.integers(1, len(lines))), b"transfer-encoding: chunked")
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    else:
        body = b"".join(pieces)
        lines.insert(draw(st.integers(1, len(lines))), b"CONTENT-LENGTH:%d" % len(body))
    return b"\r\n".join([*lines, b"", body]), fields, b"".join(pieces)


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@given(messages(), st.data())
def test_a_valid_answer_is_read_however_it_is_cut(
    message: tuple[bytes, list[tuple[bytes, bytes]], bytes], data: st.DataObject
) -> None:
    wire, fields, body = message
    seen = read(data.draw(cuts(wire)))
    assert seen.code == ""
    assert (seen.body, seen.complete, seen.keep_alive) == (body, True, True)
    others = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in seen.fields]
    assert [pair for pair in others if pair[0].lower() not in FRAMING] == fields
    assert read([wire]) == read(single_bytes(wire)) == seen


#: Pieces of which wrong answers are made.
SPLINTERS = st.sampled_from(
    [bytes([byte]) for byte in b"\r\n\0 \t:,;01f5-+_x\x0b\x7f\x80\xff"]
    + [b"\r\n", b"\r\n\r\n", b"chunked", b"close", b"HTTP/1.0", b"HTTP/1.1 1"]
    + [b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n"]
)
WIRES = [case.data for case in VALID] + [case.data for case in HOSTILE]
SEEDS = st.sampled_from([wire for wire in WIRES if len(wire) < 400])


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    wire = draw(SEEDS)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(wire)))
        end = at + draw(st.integers(0, 3))
        wire = wire[:at] + draw(SPLINTERS | st.binary(max_size=2)) + wire[end:]
    return wire


METHODS = st.sampled_from(["GET", "HEAD", "CONNECT"])


@settings(max_examples=500)
@given(mutants() | st.binary(max_size=60), METHODS, st.booleans())
def test_whatever_comes_ends_in_an_answer_or_a_violation(
    wire: bytes, method: str, eof: bool
) -> None:
    whole = read([wire], method, eof=eof)
    by_bytes = read(single_bytes(wire), method, eof=eof)
    assert whole.code == by_bytes.code
    if not whole.code:
        assert whole == by_bytes


# ---------------------------------------------------------------- next to h11

# What h11 refuses and the codec reads:
# - whitespace before a chunk extension, which RFC 9112, section 7.1.1, has parsed (BWS);
# - framing fields in the answer that opens a tunnel, which RFC 9110, section 9.3.6, has
#   ignored;
# - 101 to a request that asked for no upgrade: the transport knows what was asked for.

#: Fields that h11 checks wherever they stand.
CHECKED_EVERYWHERE = {"content-length", "transfer-encoding"}


def h11_reads(wire: bytes, method: str) -> bytes | None:
    """Return the body that h11 finds, or ``None`` when it refuses the answer."""
    peer = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    peer.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(wire)
    body = b""
    ended = False
    try:
        while True:
            event = peer.next_event()
            if event is h11.NEED_DATA and not ended:
                ended = True
                peer.receive_data(b"")
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) or event is h11.PAUSED:
                return body
            elif isinstance(event, h11.ConnectionClosed):
                return None
    except h11.RemoteProtocolError:
        return None


@settings(max_examples=1000)
@given(mutants(), st.sampled_from(["GET", "HEAD"]))
@example(CHUNKED + b"1\r\na\r\n0\r\n\r\n", "GET")
@example(OK + b"Content-Length: 2, 2\r\n\r\nab", "GET")
@example(CHUNKED + b"1\r\na\r\n0\r\nContent-Length:: 7\r\n\r\n", "GET")
def test_what_h11_refuses_is_refused(wire: bytes, method: str) -> None:
    parser = ResponseParser(method)
    try:
        body = parser.feed(wire)
        parser.feed_eof()
    except ProtocolViolation:
        return
    if parser.head is not None and parser.head.status == 101:
        return
    if re.search(rb"[0-9A-Fa-f][ \t]+;", wire):
        return
    if any(name.lower() in CHECKED_EVERYWHERE for name, _ in parser.trailers):
        return  # h11 reads them as framing; here trailers never are
    assert h11_reads(wire, method) == body


@given(FIELDS, st.lists(st.binary(max_size=50), max_size=4), st.booleans(), st.booleans())
def test_what_an_h11_server_says_is_understood(
    fields: list[tuple[bytes, bytes]], pieces: list[bytes], chunked: bool, close: bool
) -> None:
    server = h11.Connection(h11.SERVER)
    asked = [(b"Host", b"a"), *([(b"Connection", b"close")] if close else [])]
    request = h11.Connection(h11.CLIENT)
    server.receive_data(request.send(h11.Request(method="GET", target="/", headers=asked)) or b"")
    server.receive_data(request.send(h11.EndOfMessage()) or b"")
    assert isinstance(server.next_event(), h11.Request)
    assert isinstance(server.next_event(), h11.EndOfMessage)
    body = b"".join(pieces)
    framing = (
        (b"Transfer-Encoding", b"chunked") if chunked else (b"Content-Length", b"%d" % len(body))
    )
    unknown = [(name, value) for name, value in fields if name.lower() != b"host"]
    wire = server.send(h11.InformationalResponse(status_code=103, headers=unknown)) or b""
    wire += server.send(h11.Response(status_code=200, headers=[*unknown, framing])) or b""
    for piece in pieces:
        wire += server.send(h11.Data(piece)) or b""
    trailers = unknown if chunked else []
    wire += server.send(h11.EndOfMessage(headers=trailers)) or b""
    seen = read([wire])
    assert (seen.code, seen.body, seen.complete) == ("", body, True)
    assert seen.keep_alive is not close
    assert seen.interim == 103
    assert len(seen.trailers) == len(trailers)
