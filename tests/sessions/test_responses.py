"""The response: every attribute and method, over real answers."""

from __future__ import annotations

import datetime
import gzip
import io
import itertools
import json
import random
import signal
import types
import unittest.mock
import zlib
from typing import Any

import pytest
import urllib3

import ulak
from tests.support import Answer, HttpServer, RawConnection
from tests.support.fronts import Front
from tests.support.routes import TURKISH, pattern
from ulak.exceptions import InvalidOption

#: Gigabytes of zeros, which take seconds to be decoded.
ENDLESS = gzip.compress(gzip.compress(bytes(10_000_000), mtime=0) * 400, mtime=0)


@pytest.fixture
def answer(http_server: HttpServer, session: ulak.Session):
    """Has the server answer with what it is given, and asks for it."""

    def answer(body=b"", *fields: tuple[str, str], status: int = 200, **settings):
        reason = settings.pop("reason", None)
        http_server.route("/it")(lambda request: Answer(body, status, fields, reason))
        return session.get(f"{http_server.url}/it", **settings)

    return answer


# -- the head ----------------------------------------------------------------


def test_the_attributes(answer, http_server: HttpServer, front: Front) -> None:
    response = answer(b"body", ("X-A", "1"), ("Content-Type", "text/plain; charset=latin-1"))
    assert response.status_code == 200
    assert response.reason == "OK"
    assert response.url == f"{http_server.url}/it"
    assert response.headers["x-a"] == "1"
    assert response.encoding == "latin-1"
    assert response.content == b"body"
    assert response.text == "body"
    assert response.history == []
    assert response.ok is True
    assert bool(response) is True
    assert response.next is None
    assert response.links == {}
    assert not response.is_redirect
    assert not response.is_permanent_redirect
    assert len(response.cookies) == 0
    assert response.request.method == "GET"
    assert response.request.url == response.url
    assert repr(response) == "<Response [200]>"
    assert isinstance(response.connection, front.HTTPAdapter)
    assert response.raise_for_status() is None


def test_headers_repeated_are_joined(answer) -> None:
    response = answer(b"", ("X-A", "1"), ("x-a", "2"), ("Empty", ""))
    assert response.headers["X-A"] == "1, 2"
    assert response.headers["empty"] == ""
    assert response.headers.get("absent") is None


@pytest.mark.parametrize(
    ("status", "ok", "words"),
    [
        (200, True, None),
        (204, True, None),
        (302, True, None),
        (400, False, "400 Client Error: Bad Request for url: "),
        (404, False, "404 Client Error: Not Found for url: "),
        (499, False, "499 Client Error: Unknown for url: "),
        (500, False, "500 Server Error: Internal Server Error for url: "),
        (599, False, "599 Server Error: Unknown for url: "),
        (600, True, None),
    ],
)
def test_status(answer, status: int, ok: bool, words: str | None) -> None:
    response = answer(b"", status=status)
    assert (response.ok, bool(response)) == (ok, ok)
    if words is None:
        response.raise_for_status()
        return
    with pytest.raises(ulak.HTTPError) as caught:
        response.raise_for_status()
    assert str(caught.value) == words + response.url
    assert caught.value.response == response
    assert caught.value.request is response.request


def test_raise_for_status_names_no_password(http_server: HttpServer, session) -> None:
    url = http_server.url.replace("://", "://user:secret@") + "/status/404"
    with pytest.raises(ulak.HTTPError) as caught:
        session.get(url).raise_for_status()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("reason", ["", "Très bien"])
def test_reason(answer, reason: str) -> None:
    assert answer(b"", reason=reason).reason == reason


@pytest.mark.parametrize(
    ("status", "location", "redirect", "permanent"),
    [
        (301, "/get", True, True),
        (302, "/get", True, False),
        (303, "/get", True, False),
        (307, "/get", True, False),
        (308, "/get", True, True),
        (301, None, False, False),
        (300, "/get", False, False),
        (201, "/get", False, False),
    ],
)
def test_is_redirect(
    answer, status: int, location: str | None, redirect: bool, permanent: bool
) -> None:
    fields = [("Location", location)] if location else []
    response = answer(b"", *fields, status=status, allow_redirects=False)
    assert response.is_redirect is redirect
    assert response.is_permanent_redirect is permanent


def test_links(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.get(f"{http_server.url}/links")
    assert response.links["next"]["url"] == "/links?page=2&pages=3"
    assert response.links["last"] == {"url": "/links?page=3&pages=3", "rel": "last"}


def test_cookies_of_a_response_are_its_own(http_server: HttpServer, session) -> None:
    first = session.get(f"{http_server.url}/response-headers?Set-Cookie=a%3D1&Set-Cookie=b%3D2")
    assert first.cookies.get_dict() == {"a": "1", "b": "2"}
    assert session.get(f"{http_server.url}/get").cookies.get_dict() == {}
    assert session.cookies.get_dict() == {"a": "1", "b": "2"}


def test_elapsed_ends_with_the_head(http_server: HttpServer, session: ulak.Session) -> None:
    slow_head = session.get(f"{http_server.url}/delay/0.15")
    assert isinstance(slow_head.elapsed, datetime.timedelta)
    assert 0.14 < slow_head.elapsed.total_seconds() < 1
    slow_body = session.get(f"{http_server.url}/drip?numbytes=2&duration=0.6")
    assert 0 < slow_body.elapsed.total_seconds() < 0.55


# -- text and JSON -----------------------------------------------------------


@pytest.mark.parametrize("charset", ["utf8", "iso-8859-9", "utf-16"])
def test_text_in_the_declared_charset(http_server: HttpServer, session, charset: str) -> None:
    assert session.get(f"{http_server.url}/encoding/{charset}").text == TURKISH


def test_text_without_a_charset_looks_at_the_bytes(answer) -> None:
    response = answer(TURKISH.encode())
    assert response.encoding is None
    assert response.apparent_encoding.lower().replace("-", "") == "utf8"
    assert response.text == TURKISH


def test_encoding_may_be_set(answer) -> None:
    response = answer(TURKISH.encode("iso-8859-9"), ("Content-Type", "text/plain; charset=utf-8"))
    response.encoding = "iso-8859-9"
    assert response.text == TURKISH


def test_headers_that_are_changed_later_do_not_change_the_encoding(answer) -> None:
    response = answer("ü".encode(), ("Content-Type", "text/plain; charset=utf-8"))
    response.headers["Content-Type"] = "text/plain; charset=iso-8859-1"
    assert (response.encoding, response.text) == ("utf-8", "ü")


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_a_reason_of_bytes_keeps_its_letters(charset: str) -> None:
    response = ulak.Response()
    response.status_code, response.url = 404, "http://h/"
    response.reason = "Très loin".encode(charset)  # type: ignore[assignment]
    with pytest.raises(ulak.HTTPError, match="404 Client Error: Très loin"):
        response.raise_for_status()


@pytest.mark.parametrize("charset", ["no-such", "hex", "rot13", "idna", "a\tb", "utf-8\x00"[:5]])
def test_a_charset_that_is_none_does_not_stop_text(answer, charset: str) -> None:
    response = answer(b"caf\xc3\xa9", ("Content-Type", f"text/plain; charset={charset}"))
    assert "caf" in response.text


def test_text_of_no_body(answer) -> None:
    assert answer(b"").text == ""


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_json_in_every_utf(answer, charset: str) -> None:
    assert answer('{"ü": [1]}'.encode(charset)).json() == {"ü": [1]}


def test_json_takes_the_keywords_of_loads(answer) -> None:
    from decimal import Decimal

    assert answer(b"1.5").json(parse_float=Decimal) == Decimal("1.5")


@pytest.mark.parametrize(
    ("charset", "body"), [("unicode_escape", rb'"\x41"'), ("punycode", b'"-a"')]
)
def test_json_is_not_read_by_a_codec_that_is_no_charset(answer, charset: str, body: bytes) -> None:
    """Such codecs warn, or take quadratic time; the body is read as if none were named."""
    kind = ("Content-Type", f"application/json; charset={charset}")
    assert answer(b'"a"', kind).json() == "a"
    response = answer(body, kind)
    try:
        read = response.json()
    except ulak.JSONDecodeError:
        read = None
    assert read == (None if b"\\" in body else "-a")


@pytest.mark.parametrize("encoding", [5, b"utf-8", [], True])
def test_an_encoding_is_the_name_of_one(answer, encoding) -> None:
    response = answer(b"text")
    with pytest.raises(InvalidOption) as caught:
        response.encoding = encoding
    assert isinstance(caught.value, TypeError)
    assert response.text == "text"


@pytest.mark.parametrize("delimiter", [5, True, ["x"], object()])
def test_a_delimiter_is_text_or_bytes(answer, delimiter) -> None:
    with pytest.raises(InvalidOption) as caught:
        list(answer(b"text").iter_lines(delimiter=delimiter))
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"<html>", b"\xff\xfe", b"[" * 100_000, b"1" * 5_000, b"nul"],
    ids=["empty", "open", "html", "bytes", "deep", "digits", "word"],
)
def test_what_is_not_json(answer, body: bytes) -> None:
    response = answer(body)
    with pytest.raises(ulak.JSONDecodeError) as caught:
        response.json()
    assert isinstance(caught.value, json.JSONDecodeError)
    assert isinstance(caught.value, ulak.RequestException)
    assert caught.value.response == response
    assert caught.value.lineno >= 1


# -- the body ----------------------------------------------------------------


@pytest.mark.parametrize("route", ["bytes", "stream-bytes", "large"])
@pytest.mark.parametrize("size", [1, 7, 1024, 10_000, None])
def test_iter_content(http_server: HttpServer, session, route: str, size: int | None) -> None:
    response = session.get(f"{http_server.url}/{route}/3001?chunk_size=1000", stream=True)
    pieces = list(response.iter_content(size))
    assert b"".join(pieces) == pattern(3001)
    assert all(pieces)
    if size:
        assert max(map(len, pieces)) <= size
        if route != "stream-bytes":
            assert [len(x) for x in pieces[:-1]] == [size] * (len(pieces) - 1)


def test_iter_content_of_what_is_read_already(http_server: HttpServer, session) -> None:
    response = session.get(f"{http_server.url}/bytes/10")
    for _ in range(2):
        assert [len(x) for x in response.iter_content(4)] == [4, 4, 2]


def test_iter_content_of_nothing(http_server: HttpServer, session: ulak.Session) -> None:
    assert list(session.get(f"{http_server.url}/bytes/0").iter_content(10)) == []
    assert list(session.get(f"{http_server.url}/bytes/0", stream=True).iter_content(10)) == []
    assert list(session.get(f"{http_server.url}/status/204", stream=True).iter_content(10)) == []


@pytest.mark.front("sync", "as requests has it")
def test_iteration_is_in_pieces_of_128(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.get(f"{http_server.url}/bytes/300", stream=True)
    assert [len(x) for x in response] == [128, 128, 44]


@pytest.mark.front("async", "a Response is iterated in pieces of 128")
def test_iteration_is_in_pieces_as_they_arrive(http_server, front: Front, session) -> None:
    async def pieces() -> list[bytes]:
        return [piece async for piece in front.real(response)]

    response = session.get(f"{http_server.url}/stream-bytes/3001?chunk_size=1000", stream=True)
    assert b"".join(front.run(pieces())) == pattern(3001)


@pytest.mark.front("async", "a Response reads on demand")
@pytest.mark.parametrize("read", ["content", "text", "json", "apparent_encoding"])
def test_a_body_that_was_not_read_is_not_there(http_server, front, session, read: str) -> None:
    response = session.get(f"{http_server.url}/stream-bytes/100", stream=True)
    real = front.real(response)
    with pytest.raises(ulak.exceptions.BodyNotRead) as caught:
        real.json() if read == "json" else getattr(real, read)
    assert caught.value.response is real
    assert "aread" in str(caught.value)
    for _ in range(2):
        assert front.run(real.aread()) == pattern(100)
    assert real.content == pattern(100)


@pytest.mark.parametrize("charset", ["utf8", "utf-16"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_iter_content_as_text(http_server: HttpServer, session, charset: str, size: int) -> None:
    response = session.get(f"{http_server.url}/encoding/{charset}", stream=True)
    pieces = list(response.iter_content(size, decode_unicode=True))
    assert "".join(pieces) == TURKISH
    assert all(isinstance(x, str) for x in pieces)


def test_a_streamed_body_is_read_once(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.get(f"{http_server.url}/bytes/10", stream=True)
    assert b"".join(response.iter_content(3)) == pattern(10)
    for read in (
        lambda: response.content,
        lambda: response.text,
        lambda: list(response.iter_content()),
    ):
        with pytest.raises(ulak.exceptions.StreamConsumedError) as caught:
            read()
        assert isinstance(caught.value, TypeError)
        assert isinstance(caught.value, RuntimeError)


def test_content_of_a_stream_is_kept(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.get(f"{http_server.url}/bytes/10", stream=True)
    assert response.content is response.content
    assert list(response.iter_content(6)) == [pattern(10)[:6], pattern(10)[6:]]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "brotli"])
@pytest.mark.parametrize("stream", [False, True])
def test_content_codings(http_server: HttpServer, session, coding: str, stream: bool) -> None:
    response = session.get(f"{http_server.url}/{coding}", stream=stream)
    assert response.json()["method"] == "GET"
    assert response.headers["Content-Encoding"]


@pytest.mark.parametrize("route", ["close", "until-close", "http10"])
def test_ends_of_a_body(http_server: HttpServer, session: ulak.Session, route: str) -> None:
    for _ in range(2):
        assert session.get(f"{http_server.url}/{route}").json()["method"] == "GET"
    assert http_server.connections == 2


def test_a_trailer_is_no_header(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.get(f"{http_server.url}/chunked?trailer=yes")
    assert response.content == b"x" * 24
    assert "X-Trailer" not in response.headers
    session.get(f"{http_server.url}/get")
    assert http_server.connections == 1


#: Answers whose bodies cannot be read to their end, and as what that is told.
BROKEN = {
    "cut off": (b"Content-Length: 9\r\n\r\nabc", "IncompleteBody", 5),
    "a wrong chunk": (b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "ChunkedEncodingError", 5),
    "no gzip": (
        b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
        "ContentDecodingError",
        5,
    ),
    "six codings": (
        b"Content-Encoding: %b\r\nContent-Length: 1\r\n\r\na" % b",".join([b"gzip"] * 6),
        "ContentDecodingError",
        5,
    ),
    "too much to decode in time": (
        b"Content-Encoding: gzip,gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(ENDLESS), ENDLESS),
        "TotalTimeout",
        ulak.Timeout(total=0.1),
    ),
}


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest, start_raw_server) -> tuple[str, str, object]:
    """Where there is such a body, its error, and what time it is asked for with."""
    rest, error, timeout = BROKEN[request.param]

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\n" + rest)

    return start_raw_server(script).url, error, timeout


def test_whoever_reads_a_broken_body_again_learns_the_same(broken, session) -> None:
    """And not that it is empty, nor that it was read."""
    url, error, timeout = broken
    reads = {
        "whole": lambda response: response.content,
        "in pieces": lambda response: list(response.iter_content(4096)),
        "as it comes": lambda response: list(response.iter_content(None)),
    }
    for first, again in itertools.product(reads, repeat=2):
        response = session.get(url, stream=True, timeout=timeout)
        said = []
        for how in (first, again, again):
            with pytest.raises(ulak.RequestException) as caught:
                reads[how](response)
            assert type(caught.value).__name__ == error, (first, again)
            said.append(str(caught.value))
        assert len(set(said)) == 1


def test_of_a_broken_body_that_was_not_streamed_nothing_is_kept(broken, session, front) -> None:
    url, error, timeout = broken
    with pytest.raises(ulak.RequestException) as caught:
        session.get(url, timeout=timeout)
    assert type(caught.value).__name__ == error
    response = front.of(caught.value.response)
    assert response.status_code == 200
    for read in (lambda: response.content, lambda: list(response.iter_content(9))):
        with pytest.raises(ulak.exceptions.StreamConsumedError, match="reading the body failed"):
            read()


class FailsOnce(ulak.adapters.BaseAdapter):
    """Answers by a ``raw`` that seems to have ended when it is asked again."""

    def __init__(self, response_class: type[Any]) -> None:
        self._response_class = response_class

    def send(self, request: ulak.PreparedRequest, **settings: object) -> Any:
        response = self._response_class()
        response.status_code = 200
        pieces = [b"abc", OSError(5, "the disk failed")]

        def read(size: int) -> bytes:
            piece = pieces.pop(0) if pieces else b""
            if isinstance(piece, OSError):
                raise piece
            return piece

        response.raw = types.SimpleNamespace(read=read)
        return response

    def close(self) -> None:
        """Nothing is open."""


def test_a_raw_that_fails_once_is_not_taken_for_one_that_ended(front: Front) -> None:
    with front.session(adapters={"http://": front.adapter(FailsOnce(front.Response))}) as session:
        response = session.get("http://h/", stream=True)
        with pytest.raises(ulak.RequestException, match="the disk failed"):
            response.content  # noqa: B018
        for read in (lambda: response.content, lambda: list(response.iter_content(9))):
            with pytest.raises(ulak.exceptions.StreamConsumedError, match="reading the body fail"):
                read()


@pytest.mark.front("sync", "a task is cancelled, by nothing that comes out of a read")
def test_a_body_whose_reading_was_interrupted_is_not_taken_for_an_empty_one(
    start_raw_server, session
) -> None:
    class Alarm(Exception):
        """What a signal handler raises."""

    def ring(*_: object) -> None:
        raise Alarm

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        connection.wait_closed()

    response = session.get(start_raw_server(script).url, stream=True)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Alarm):
            response.content  # noqa: B018
    finally:
        signal.signal(signal.SIGALRM, before)
    for read in (lambda: response.content, lambda: list(response.iter_content(9))):
        with pytest.raises(ulak.RequestException):
            read()


@pytest.mark.front("sync", "nothing is asynchronous before it is awaited")
def test_a_streamed_body_is_refused_at_once_when_it_was_read(http_server, session) -> None:
    response = session.get(f"{http_server.url}/bytes/10", stream=True)
    assert len(list(response.iter_content(3))) == 4
    with pytest.raises(ulak.exceptions.StreamConsumedError):
        response.iter_content(3)


# -- closing -----------------------------------------------------------------


def test_close_in_the_middle_gives_the_connection_up(http_server: HttpServer, session) -> None:
    response = session.get(f"{http_server.url}/stream-bytes/1000000", stream=True)
    next(response.iter_content(10))
    response.close()
    response.close()
    assert session.get(f"{http_server.url}/get").json()["method"] == "GET"
    assert http_server.connections == 2


def test_the_context_manager_closes(http_server: HttpServer, session: ulak.Session) -> None:
    with session.get(f"{http_server.url}/stream-bytes/1000000", stream=True) as response:
        assert response.status_code == 200
    assert response.raw.closed


def test_a_stream_is_there_inside_its_block(http_server: HttpServer, session) -> None:
    with session.stream("GET", f"{http_server.url}/stream-bytes/1000000") as response:
        assert response._content is False
        assert len(next(response.iter_content(10))) == 10
    assert response.raw.closed
    assert http_server.last.method == "GET"
    with session.stream("POST", f"{http_server.url}/post", data=b"x", stream=False) as response:
        assert response._content is False
        assert response.json()["data"] == "x"
    assert not session.stream
    assert http_server.connections == 2


def test_a_stream_is_parted_with_when_its_block_fails(http_server: HttpServer, session) -> None:
    with (
        pytest.raises(LookupError),
        session.stream("GET", f"{http_server.url}/stream-bytes/1000000") as response,
    ):
        raise LookupError
    assert response.raw.closed


def test_nothing_is_sent_before_the_block_of_a_stream(http_server: HttpServer, session) -> None:
    block = session.stream("GET", f"{http_server.url}/status/404", raise_for_status=True)
    assert not http_server.requests
    with pytest.raises(ulak.HTTPError), block:
        pass


def test_close_at_the_end_keeps_the_connection(http_server: HttpServer, session) -> None:
    for _ in range(3):
        with session.get(f"{http_server.url}/stream-bytes/100000", stream=True) as response:
            for _piece in response.iter_content(1000):
                pass
    assert http_server.connections == 1


def test_a_response_that_is_dropped_gives_its_connection_up(
    http_server: HttpServer, front: Front
) -> None:
    timeout = ulak.Timeout(pool=5)
    with front.session(adapters={"http://": front.narrow()}, timeout=timeout) as session:
        for _ in range(5):
            session.get(f"{http_server.url}/stream-bytes/1000000", stream=True)
        assert session.get(f"{http_server.url}/get").ok
    assert http_server.connections == 6


def test_a_body_read_after_the_session_is_closed(http_server: HttpServer, front: Front) -> None:
    with front.session() as session:
        response = session.get(f"{http_server.url}/bytes/100")
    assert response.content == pattern(100)


def test_a_stream_read_after_the_session_is_closed(http_server: HttpServer, front: Front) -> None:
    with front.session() as session:
        response = session.get(f"{http_server.url}/stream-bytes/1000000", stream=True)
    with pytest.raises(ulak.exceptions.SessionClosed):
        _ = response.content


def test_a_session_works_again_after_close(http_server: HttpServer, session) -> None:
    session.get(f"{http_server.url}/get")
    session.close()
    session.close()
    assert session.get(f"{http_server.url}/get").status_code == 200
    assert http_server.connections == 2


# -- raw ---------------------------------------------------------------------


def test_raw_gives_the_bytes_of_the_wire(http_server: HttpServer, front: Front, session) -> None:
    response = session.get(f"{http_server.url}/gzip", stream=True)
    assert gzip.decompress(front.run(response.raw.read()))[:1] == b"{"


@pytest.mark.front("sync", "this raw is a urllib3 HTTPResponse")
def test_raw_decodes_on_demand(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.get(f"{http_server.url}/gzip", stream=True)
    assert response.raw.read(decode_content=True)[:1] == b"{"


@pytest.mark.front("sync", "this raw is a file")
def test_raw_may_be_copied_to_a_file(http_server: HttpServer, session, tmp_path) -> None:
    import shutil

    with (
        session.get(f"{http_server.url}/stream-bytes/100000", stream=True) as response,
        (tmp_path / "copy").open("wb") as file,
    ):
        shutil.copyfileobj(response.raw, file)
    assert (tmp_path / "copy").read_bytes() == pattern(100_000)


# -- broken ------------------------------------------------------------------


@pytest.mark.parametrize("by", ["content", "text", "json", "raw", "iter_lines"])
@pytest.mark.parametrize("framing", [b"Content-Length: 99", b"Transfer-Encoding: chunked"])
def test_a_body_that_broke_is_never_an_empty_one(
    start_raw_server, front: Front, session: ulak.Session, framing: bytes, by: str
) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n3\r\nabc\r\n")

    response = session.get(start_raw_server(script).url, stream=True)
    with pytest.raises(ulak.exceptions.IncompleteBody):
        list(response.iter_content(2))
    again = {
        "content": lambda: response.content,
        "text": lambda: response.text,
        "json": response.json,
        "raw": lambda: front.run(response.raw.read()),
        "iter_lines": lambda: list(response.iter_lines()),
    }
    for _ in range(2):
        with pytest.raises((ulak.RequestException, urllib3.exceptions.HTTPError)):
            again[by]()


@pytest.mark.parametrize("size", [None, 1, 7, 64 * 1024])
@pytest.mark.parametrize("coding", ["", "gzip"])
@pytest.mark.parametrize("framing", ["Content-Length: 999", "Transfer-Encoding: chunked"])
def test_what_came_of_a_body_that_broke_is_handed_out_first(
    start_raw_server, session: ulak.Session, framing: str, coding: str, size: int | None
) -> None:
    """So that a download can go on from there."""
    text = b"".join(b"line %d\n" % n for n in range(10))
    body = zlib.compress(text, wbits=31)[:-8] if coding else text

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(f"HTTP/1.1 200 OK\r\n{framing}\r\n".encode())
        connection.send(f"Content-Encoding: {coding}\r\n\r\n".encode() if coding else b"\r\n")
        for piece in (body[:20], body[20:]):
            chunked = framing.endswith("chunked")
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            connection.pause(0.05)

    url, came, lines = start_raw_server(script).url, [], []
    with pytest.raises(ulak.exceptions.IncompleteBody):
        for piece in session.get(url, stream=True).iter_content(size):
            came.append(piece)
    with pytest.raises(ulak.exceptions.IncompleteBody):
        for line in session.get(url, stream=True).iter_lines(size or 512):
            lines.append(line)
    assert b"".join(came) == text
    assert len(lines) >= 9


@pytest.mark.parametrize("size", [None, 3, 5, 7])
@pytest.mark.parametrize("coding", ["", "gzip"])
@pytest.mark.parametrize("packets", [(0,), (0, 1), (0, 2), (0, 1, 2)], ids=str)
def test_what_came_before_a_fault_does_not_depend_on_packets(
    start_raw_server, session: ulak.Session, packets, coding: str, size: int | None
) -> None:
    """The head, a chunk and what is wrong, in packets that begin with these."""
    text = b"abcdefgh"
    body = zlib.compress(text, wbits=31) if coding else text
    head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
    head += f"Content-Encoding: {coding}\r\n\r\n" if coding else "\r\n"
    parts = [head.encode(), b"%x\r\n%b\r\n" % (len(body), body), b"ZZ\r\n"]

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        for begin, end in itertools.pairwise([*packets, 3]):
            connection.send(b"".join(parts[begin:end]))
            connection.pause(0.05)

    response, came = session.get(start_raw_server(script).url, stream=True), []
    with pytest.raises(ulak.exceptions.ChunkedEncodingError):
        for piece in response.iter_content(size):
            came.append(piece)
    assert b"".join(came) == text
    with pytest.raises(ulak.exceptions.ChunkedEncodingError):
        list(response.iter_content(size))


@pytest.mark.parametrize("size", [None, 1000, 300_000])
def test_what_was_decoded_of_a_body_that_is_wrong_is_handed_out_first(
    http_server: HttpServer, session: ulak.Session, size: int | None
) -> None:
    """And whoever reads again learns of it again."""
    text = random.Random(1).randbytes(100_000)
    coded = bytearray(zlib.compress(text, wbits=31))
    coded[-6] ^= 0xFF  # of the checksum
    headers = [("Content-Encoding", "gzip")]
    http_server.route("/wrong")(lambda request: Answer(bytes(coded), headers=headers))
    response, came = session.get(f"{http_server.url}/wrong", stream=True), []
    with pytest.raises(ulak.exceptions.ContentDecodingError):
        for piece in response.iter_content(size):
            came.append(piece)
    assert text.startswith(b"".join(came))
    assert len(b"".join(came)) > 80_000  # the rest was in what is wrong, as far as zlib tells
    for _ in range(2):
        with pytest.raises(ulak.RequestException):
            list(response.iter_content(size))


# -- made by hand ------------------------------------------------------------


def by_hand(front: Front, raw: object = None, content: bytes | None = None) -> ulak.Response:
    response = front.Response()
    response.status_code = 200
    response.raw = raw
    if content is not None:
        response._content = content
    return front.of(response)


def test_a_raw_that_can_only_be_read(front: Front) -> None:
    class Readable:
        def __init__(self) -> None:
            self.file = io.BytesIO(b"hello")

        @front.steps
        def read(self, size: int = -1):
            yield from ()
            return self.file.read(size)

    assert by_hand(front, Readable()).content == b"hello"
    assert list(by_hand(front, Readable()).iter_content(2)) == [b"he", b"ll", b"o"]
    response = by_hand(front, Readable())
    front.run(front.real(response)._load_at_most(3, 1.0))
    assert response.content[:3] == b"hel"
    response.close()


@pytest.mark.front("sync", "a file cannot be awaited")
def test_a_file_as_raw_stays_open(front: Front) -> None:
    raw = io.BytesIO(b"hello")
    assert by_hand(front, raw).content == b"hello"
    assert raw.getvalue() == b"hello"


def test_content_that_was_set_is_iterated(front: Front) -> None:
    response = by_hand(front, content=b"a\nb")
    assert list(response.iter_lines()) == [b"a", b"b"]
    assert list(response.iter_lines()) == [b"a", b"b"]
    assert list(response.iter_content(2)) == [b"a\n", b"b"]
    assert response.content == b"a\nb"


def test_a_mock_as_raw(front: Front) -> None:
    response = by_hand(front, unittest.mock.Mock())
    assert dict(response.headers) == {}
    assert response.cookies.get_dict() == {}


@pytest.mark.parametrize("reason", ["yolculuk ş".encode(), "ei löydy".encode("latin-1")])
def test_a_reason_of_bytes_is_read(reason: bytes) -> None:
    """As UTF-8 where it is, as Latin-1 where it is not."""
    response = ulak.Response()
    response.status_code, response.reason, response.url = 500, reason, "http://h/"
    with pytest.raises(ulak.HTTPError, match=r"yolculuk ş|ei löydy"):
        response.raise_for_status()
