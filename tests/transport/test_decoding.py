"""Content codings over a real connection: exact pieces, truncation, bounded memory."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest

import ulak
from tests.support import Answer, HttpServer
from ulak.exceptions import ContentDecodingError

try:
    from compression import zstd  # Python 3.14
except ImportError:
    from backports import zstd

TEXT = b"".join(b"line %d of a text that compresses well\n" % n for n in range(20_000))


def raw_deflate(data: bytes) -> bytes:
    coder = zlib.compressobj(wbits=-15)
    return coder.compress(data) + coder.flush()


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "two members": ("gzip", lambda data: gzip.compress(data[:5000]) + gzip.compress(data[5000:])),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "br": ("br", lambda data: brotli.compress(data, quality=2)),
    "zstd": ("zstd", zstd.compress),
    "two": ("deflate, gzip", lambda data: gzip.compress(zlib.compress(data))),
    "identity": ("identity", lambda data: data),
}
STREAMED = [name for name in CODERS if name != "identity"]


@pytest.fixture
def serve(http_server: HttpServer, session: ulak.Session):
    """Has the server answer with a coded body."""

    def serve(body: bytes, coding: str, *, chunk: int = 0, stream: bool = True) -> ulak.Response:
        whole = [body[i : i + chunk] for i in range(0, len(body), chunk)] if chunk else body
        fields = [("Content-Encoding", coding)]
        http_server.route("/coded")(lambda request: Answer(whole, 200, fields))
        return session.get(f"{http_server.url}/coded", stream=stream)

    return serve


@pytest.mark.parametrize("name", CODERS)
@pytest.mark.parametrize("chunk", [0, 1000])
@pytest.mark.parametrize("stream", [False, True])
def test_content(serve, name: str, chunk: int, stream: bool) -> None:
    coding, encode = CODERS[name]
    assert serve(encode(TEXT), coding, chunk=chunk, stream=stream).content == TEXT


@pytest.mark.parametrize("name", CODERS)
@pytest.mark.parametrize("size", [1_000, 65_536, 10_000_000])
def test_pieces_are_exactly_as_large_as_asked(serve, name: str, size: int) -> None:
    coding, encode = CODERS[name]
    sizes = [len(x) for x in serve(encode(TEXT), coding).iter_content(size)]
    assert sum(sizes) == len(TEXT)
    assert set(sizes[:-1]) <= {size}
    assert sizes[-1] <= size


@pytest.mark.parametrize("name", CODERS)
def test_chunks_are_at_most_as_large_as_asked(serve, name: str) -> None:
    coding, encode = CODERS[name]
    pieces = list(serve(encode(TEXT), coding, chunk=777).iter_content(100))
    assert b"".join(pieces) == TEXT
    assert max(map(len, pieces)) <= 100
    assert all(pieces)


@pytest.mark.parametrize("name", CODERS)
def test_raw_reads_decoded_on_demand(serve, name: str) -> None:
    coding, encode = CODERS[name]
    raw = serve(encode(TEXT), coding).raw
    pieces = []
    while piece := raw.read(1234, decode_content=True):
        pieces.append(piece)
    assert b"".join(pieces) == TEXT
    assert {len(x) for x in pieces[:-1]} == {1234}


@pytest.mark.parametrize("name", STREAMED)
@pytest.mark.parametrize("stream", [False, True])
def test_a_truncated_body(serve, name: str, stream: bool) -> None:
    """The framing is whole, the coded data is not."""
    coding, encode = CODERS[name]
    for cut in (1, 8, len(encode(TEXT)) // 2):
        with pytest.raises(ContentDecodingError) as caught:
            _ = serve(encode(TEXT)[:-cut], coding, stream=stream).content
        assert caught.value.response is not None


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("body", [b"not coded at all", b"\x00" * 100, TEXT])
def test_a_body_of_another_kind(serve, coding: str, body: bytes) -> None:
    with pytest.raises(ContentDecodingError):
        _ = serve(body, coding).content


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity", ""])
def test_an_empty_body(serve, coding: str) -> None:
    assert serve(b"", coding).content == b""


@pytest.mark.parametrize("coding", ["unknown", "compress", "aws-chunked"])
def test_an_unknown_coding_is_left_as_it_is(serve, coding: str) -> None:
    assert serve(b"as it is", coding).content == b"as it is"


def test_too_many_codings(serve) -> None:
    with pytest.raises(ContentDecodingError):
        _ = serve(b"x", ", ".join(["gzip"] * 6)).content


def test_after_a_body_that_cannot_be_decoded_the_next_is_right(serve, http_server, session) -> None:
    for _ in range(3):
        with pytest.raises(ContentDecodingError):
            _ = serve(b"x" * 500_000, "gzip").content
        assert session.get(f"{http_server.url}/get").json()["method"] == "GET"


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_read_in_bounded_memory(serve, name: str) -> None:
    coding, encode = CODERS[name]
    bomb = encode(bytes(50_000_000))
    response = serve(bomb, coding)
    tracemalloc.start()
    try:
        for _, piece in zip(range(300), response.iter_content(10_000), strict=False):
            assert len(piece) <= 10_000
        _, top = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    response.close()
    assert top < 4_000_000


def test_a_redirects_bomb_is_not_unpacked(http_server: HttpServer, session) -> None:
    bomb = gzip.compress(bytes(100_000_000))
    fields = [("Content-Encoding", "gzip"), ("Location", "/get")]
    http_server.route("/bomb")(lambda request: Answer(bomb, 302, fields))
    tracemalloc.start()
    try:
        response = session.get(f"{http_server.url}/bomb")
        _, top = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert response.json()["method"] == "GET"
    assert len(response.history[0].content) <= 64 * 1024
    assert top < 4_000_000


def test_head_of_a_coded_answer(start_raw_server, session: ulak.Session) -> None:
    def script(connection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n")

    assert session.head(start_raw_server(script).url).content == b""
