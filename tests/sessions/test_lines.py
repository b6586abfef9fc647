"""iter_lines: the same lines however the bytes arrive."""

from __future__ import annotations

import pytest

import ulak
from tests.support import Answer, HttpServer

TEXTS = [
    b"one\ntwo\nthree",
    b"one\r\ntwo\r\n\r\nfour\r\n",
    b"one\rtwo\r\rfour\r",
    b"\n\n",
    b"\r\n",
    b"a\n\rb",
    b"no end",
    b"",
]


def cut(text: bytes, at: int) -> list[bytes]:
    return [piece for piece in (text[:at], text[at:]) if piece]


@pytest.mark.parametrize("text", TEXTS)
def test_lines_at_every_boundary(
    http_server: HttpServer, session: ulak.Session, text: bytes
) -> None:
    wanted = text.splitlines()
    for at in range(len(text) + 1):
        pieces = cut(text, at)
        http_server.route("/lines")(lambda request, pieces=pieces: Answer(pieces))
        for size in (1, 2, 3, 512, None):
            response = session.get(f"{http_server.url}/lines", stream=True)
            assert list(response.iter_lines(size)) == wanted, (at, size)


@pytest.mark.parametrize(
    ("text", "delimiter", "wanted"),
    [
        (b"a||b||c", b"||", [b"a", b"b", b"c"]),
        (b"a||b||", b"||", [b"a", b"b"]),
        (b"a\r\nb", b"\r\n", [b"a", b"b"]),
        (b"a|||b", b"||", [b"a", b"|b"]),
        (b"||", b"||", [b""]),
    ],
)
def test_a_delimiter_at_every_boundary(
    http_server: HttpServer, session: ulak.Session, text: bytes, delimiter: bytes, wanted
) -> None:
    for at in range(len(text) + 1):
        pieces = cut(text, at)
        http_server.route("/lines")(lambda request, pieces=pieces: Answer(pieces))
        response = session.get(f"{http_server.url}/lines", stream=True)
        assert list(response.iter_lines(1, delimiter=delimiter)) == wanted, at


@pytest.mark.parametrize("size", [1, 2, 5, 512])
def test_lines_as_text(http_server: HttpServer, session: ulak.Session, size: int) -> None:
    text = "ığüş\u2028çö\nsatır\u0085son\r\n"
    kind = ("Content-Type", "text/plain; charset=utf-8")
    http_server.route("/lines")(lambda request: Answer(text.encode(), 200, [kind]))
    response = session.get(f"{http_server.url}/lines", stream=True)
    assert list(response.iter_lines(size, decode_unicode=True)) == text.splitlines()


def test_a_line_is_there_before_the_body_ends(session: ulak.Session, start_raw_server) -> None:
    """A stream of events is not held back for a chunk that is not full."""

    def script(connection) -> None:
        connection.recv_request()
        connection.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"c\r\nfirst\nsecond\r\n"
        )
        connection.hang()

    server = start_raw_server(script)
    with session.get(server.url, stream=True, timeout=5) as response:
        assert next(response.iter_lines()) == b"first"


def test_lines_of_what_is_read_already(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.get(f"{http_server.url}/stream/3")
    assert len(list(response.iter_lines())) == 3
    assert len(list(response.iter_lines())) == 3
