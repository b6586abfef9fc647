"""``Response.raw``: urllib3's response class, with all that people do with it."""

from __future__ import annotations

import gc
import io
import threading
from collections.abc import Callable

import pytest
import urllib3
from urllib3 import exceptions as lower

import ulak
from tests.support import Answer, HttpServer, RawConnection
from tests.support.routes import pattern
from ulak.adapters import HTTPAdapter

BODY = pattern(10_000)


@pytest.fixture(params=["length", "chunked", "close"])
def raw(request, http_server: HttpServer, session) -> urllib3.HTTPResponse:
    """A response of 10,000 bytes, framed in each way."""
    pieces = [BODY[i : i + 700] for i in range(0, len(BODY), 700)]
    answers: dict[str, Callable[[], Answer]] = {
        "length": lambda: Answer(BODY, 200, [("X", "1"), ("X", "2")]),
        "chunked": lambda: Answer(pieces, 200, [("X", "1"), ("X", "2")]),
        "close": lambda: Answer(pieces, 200, [("X", "1"), ("X", "2")], close=True),
    }
    http_server.route("/raw")(lambda _: answers[request.param]())
    return session.get(f"{http_server.url}/raw", stream=True).raw


def test_what_it_is(raw: urllib3.HTTPResponse) -> None:
    assert isinstance(raw, urllib3.HTTPResponse)
    assert isinstance(raw, urllib3.BaseHTTPResponse)
    assert isinstance(raw, io.IOBase)
    assert raw.status == 200
    assert raw.reason == "OK"
    assert raw.version == 11
    assert raw.version_string == "HTTP/1.1"
    assert raw.readable()
    assert not raw.closed
    assert isinstance(raw.headers, urllib3.HTTPHeaderDict)
    assert raw.headers.getlist("x") == ["1", "2"]
    assert raw.headers["X"] == "1, 2"
    assert raw._original_response.msg.get_all("X") == ["1", "2"]
    assert raw.read() == BODY


def test_read_whole(raw) -> None:
    assert raw.read() == BODY
    assert raw.read() == b""
    assert raw.read(10) == b""


@pytest.mark.parametrize("size", [1, 7, 699, 700, 701, 4096, 9_999, 10_000, 10_001])
def test_read_gives_exactly_as_much_as_asked(raw, size: int) -> None:
    pieces = []
    while piece := raw.read(size):
        pieces.append(piece)
    assert b"".join(pieces) == BODY
    assert all(len(piece) == size for piece in pieces[:-1])


def test_read_nothing(raw) -> None:
    assert raw.read(0) == b""
    assert raw.read() == BODY


def test_read_part_then_the_rest(raw) -> None:
    assert raw.read(100) + raw.read() == BODY


@pytest.mark.parametrize("size", [1, 100, 100_000, None])
def test_read1(raw, size: int | None) -> None:
    pieces = []
    while piece := raw.read1(size) if size else raw.read1():
        pieces.append(piece)
    assert b"".join(pieces) == BODY
    assert size is None or max(map(len, pieces)) <= size


def test_readinto(raw) -> None:
    buffer = bytearray(3_000)
    total = b""
    while count := raw.readinto(buffer):
        total += buffer[:count]
    assert total == BODY


@pytest.mark.parametrize("size", [1, 100, 2**16, None])
def test_stream(raw, size: int | None) -> None:
    assert b"".join(raw.stream(size)) == BODY


def test_read_chunked(raw) -> None:
    if raw.chunked:
        assert b"".join(raw.read_chunked(100)) == BODY
    else:
        with pytest.raises(lower.ResponseNotChunked):
            b"".join(raw.read_chunked())


def test_data_is_kept(raw) -> None:
    assert raw.data == BODY
    assert raw.data == BODY


def test_a_buffered_reader_and_lines(raw) -> None:
    raw.auto_close = False
    lines = io.BufferedReader(raw).readlines()
    assert b"".join(lines) == BODY
    assert all(line.endswith(b"\n") for line in lines[:-1])


def test_iteration(raw) -> None:
    assert b"".join(raw) == BODY


def test_copyfileobj(raw) -> None:
    import shutil

    target = io.BytesIO()
    shutil.copyfileobj(raw, target, 333)
    assert target.getvalue() == BODY


def test_drain_gives_the_connection_back(http_server: HttpServer, session) -> None:
    for _ in range(3):
        response = session.get(f"{http_server.url}/stream-bytes/20000", stream=True)
        response.raw.read(10)
        response.raw.drain_conn()
    assert http_server.connections == 1


def test_drain_gives_up_on_much(http_server: HttpServer, session) -> None:
    response = session.get(f"{http_server.url}/stream-bytes/100000000", stream=True)
    response.raw.drain_conn()
    assert session.get(f"{http_server.url}/get").ok
    assert http_server.connections == 2


def test_close(raw) -> None:
    raw.close()
    assert raw.closed
    assert raw.read() == b""
    raw.close()


def test_release_conn_at_the_end(http_server: HttpServer, session) -> None:
    response = session.get(f"{http_server.url}/bytes/100000", stream=True)
    response.raw.read()
    response.raw.release_conn()
    session.get(f"{http_server.url}/get")
    assert http_server.connections == 1


def test_a_dropped_raw_closes(start_raw_server) -> None:
    """The connection is closed, and its place in the pool is free."""
    closed = threading.Semaphore(0)

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", bytes(1000))
        connection.wait_closed()
        closed.release()

    url = start_raw_server(script).url
    with ulak.Session() as session:
        session.mount("http://", HTTPAdapter(pool_maxsize=1, pool_block=True))
        for _ in range(3):
            response = session.get(url, stream=True, timeout=ulak.Timeout(pool=1))
            assert response.raw.read(10) == bytes(10)
            del response
            gc.collect()
            assert closed.acquire(timeout=5)


def test_a_head_has_no_body(http_server: HttpServer, session: ulak.Session) -> None:
    raw = session.head(f"{http_server.url}/bytes/10", stream=True).raw
    assert raw.read() == b""
    assert raw.headers["Content-Length"] == "10"


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body(start_raw_server, session, status: int) -> None:
    def script(connection: RawConnection) -> None:
        for _ in range(2):
            connection.recv_request()
            connection.send(b"HTTP/1.1 %d X\r\nETag: x\r\n\r\n" % status)

    server = start_raw_server(script)
    for _ in range(2):
        raw = session.get(server.url, stream=True).raw
        assert (raw.status, raw.read()) == (status, b"")
    assert server.accepted == 1


@pytest.mark.parametrize("how", ["read", "read1", "stream", "readinto", "data"])
def test_a_broken_body_raises_as_urllib3_does(start_raw_server, session, how: str) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart")

    raw = session.get(start_raw_server(script).url, stream=True).raw
    ways = {
        "read": raw.read,
        "read1": lambda: raw.read1() + raw.read1(),
        "stream": lambda: list(raw.stream(3)),
        "readinto": lambda: raw.readinto(bytearray(50)),
        "data": lambda: raw.data,
    }
    with pytest.raises(lower.ProtocolError):
        ways[how]()


def test_a_stalled_body_raises_as_urllib3_does(start_raw_server, session) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart")
        connection.hang()

    raw = session.get(start_raw_server(script).url, stream=True, timeout=0.2).raw
    with pytest.raises(lower.ReadTimeoutError):
        raw.read()


def test_shutdown_wakes_a_reader(start_raw_server, session) -> None:
    import threading

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart")
        connection.hang()

    response = session.get(start_raw_server(script).url, stream=True)
    errors: list[BaseException] = []

    def read() -> None:
        try:
            response.raw.read()
        except BaseException as error:
            errors.append(error)

    assert response.raw.read(4) == b"part"
    thread = threading.Thread(target=read)
    thread.start()
    response.raw.shutdown()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(errors[0], lower.HTTPError)


def test_it_has_what_urllib3s_own_has(raw: urllib3.HTTPResponse) -> None:
    """Its ``__init__`` is not called; a new attribute there must not be missed here."""
    names = vars(urllib3.response.HTTPResponse(b""))
    assert names
    assert [name for name in names if not hasattr(raw, name)] == []


def test_tell_counts_what_was_read(raw: urllib3.HTTPResponse) -> None:
    """As with urllib3: progress bars are drawn by it."""
    assert raw.tell() == 0
    raw.read(5000)
    assert raw.tell() == 5000
    raw.read()
    assert raw.tell() == len(BODY)


def test_tell_counts_before_decoding(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.get(f"{http_server.url}/gzip", stream=True)
    length = int(response.headers["Content-Length"])
    assert len(response.content) != length
    assert response.raw.tell() == length


@pytest.mark.parametrize("size", [5, 1_000_000])
def test_nothing_was_read_before_someone_reads(http_server: HttpServer, session, size) -> None:
    """Not even where the whole body came with the head."""
    raw = session.get(f"{http_server.url}/bytes/{size}", stream=True).raw
    assert (raw.tell(), raw._uncached_read_occurred) == (0, False)
    raw.read(3)
    assert (raw.tell(), raw._uncached_read_occurred) == (3, True)
    raw.close()
    assert raw.tell() == 3


@pytest.mark.parametrize("name", ["connection", "_connection"])
def test_the_socket_can_be_reached_while_streaming(http_server, session, name: str) -> None:
    raw = session.get(f"{http_server.url}/stream-bytes/1000000", stream=True).raw
    assert getattr(raw, name).sock.getpeername() == ("127.0.0.1", http_server.port)
    raw.read()
    assert getattr(raw, name) is None


def test_the_certificate_can_be_reached_while_streaming(https_server, certificates, session):
    url = f"{https_server.url}/stream-bytes/1000000"
    with session.get(url, stream=True, verify=str(certificates.ca)) as response:
        assert response.raw._connection.sock.getpeercert()["subjectAltName"]


@pytest.mark.parametrize("size", [5, 1_000_000], ids=["whole", "on its way"])
def test_the_certificate_is_where_http_client_has_it(https_server, certificates, session, size):
    """Authentication that binds itself to the channel looks under the reader for it."""
    url = f"{https_server.url}/bytes/{size}"
    with session.get(url, stream=True, verify=str(certificates.ca)) as response:
        certificate = response.raw._fp.fp.raw._sock.getpeercert(True)
        assert certificate == response.raw._connection.sock.getpeercert(True)
        assert certificate.startswith(b"\x30")
        response.raw.read()
        assert response.raw._fp.fp is None
        assert response.raw._connection is None


def test_its_url(http_server: HttpServer, session: ulak.Session) -> None:
    raw = session.get(f"{http_server.url}/get?a=b#part").raw
    assert raw.url == raw.geturl() == raw._request_url == "/get?a=b"


def test_the_response_of_http_client_inside(raw: urllib3.HTTPResponse) -> None:
    inside = raw._original_response
    assert inside.getheader("x") == "1, 2"
    assert inside.getheader("none") is None
    assert inside.getheader("none", "default") == "default"
    assert [value for name, value in inside.getheaders() if name == "X"] == ["1", "2"]


def test_chunks_can_be_read_where_it_says_so(raw: urllib3.HTTPResponse) -> None:
    assert raw.supports_chunked_reads() is raw.chunked
    if not raw.chunked:
        with pytest.raises(lower.ResponseNotChunked):
            list(raw.read_chunked())
    else:
        assert b"".join(raw.read_chunked()) == BODY


def test_what_remains_is_counted_where_a_length_says(raw: urllib3.HTTPResponse) -> None:
    known = "Content-Length" in raw.headers
    raw.read(5000)
    left = raw.length_remaining
    assert left == (len(BODY) - 5000 if known else None)
    raw.read()
    assert raw.length_remaining == (0 if known else None)


class Tee:
    """Wraps ``raw._fp`` as caches do: sees what goes through ``read``, and no other method."""

    def __init__(self, inner, seen: list[bytes]) -> None:
        self.inner = inner
        self.seen = seen

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def read(self, amt: int | None = None) -> bytes:
        data = self.inner.read(amt)
        self.seen.append(data)
        return data


@pytest.mark.parametrize("route", ["bytes/70000", "gzip", "chunked", "stream/3", "until-close"])
@pytest.mark.parametrize("how", ["content", "iter_content", "iter_lines", "read", "stream"])
def test_a_wrapper_around_the_file_sees_every_byte(
    http_server: HttpServer, session: ulak.Session, route: str, how: str
) -> None:
    url = f"{http_server.url}/{route}"
    wire = session.get(url, stream=True).raw.read()
    response = session.get(url, stream=True)
    seen: list[bytes] = []
    response.raw._fp = Tee(response.raw._fp, seen)
    {
        "content": lambda: response.content,
        "iter_content": lambda: list(response.iter_content(100)),
        "iter_lines": lambda: list(response.iter_lines()),
        "read": lambda: response.raw.read(decode_content=True),
        "stream": lambda: list(response.raw.stream(100, decode_content=True)),
    }[how]()
    assert wire
    assert b"".join(seen) == wire


@pytest.mark.parametrize("at_once", [True, False])
def test_a_body_that_breaks_is_not_closed_before_that_is_said(
    start_raw_server, session, at_once: bool
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        if at_once:
            connection.send(head + b"5\r\nabcde\r\nZZ\r\n")
            return
        connection.send(head)
        connection.pause(0.05)
        connection.send(b"5\r\nabcde\r\nZZ\r\n")

    raw = session.get(start_raw_server(script).url, stream=True).raw
    assert raw.read(5) == b"abcde"
    assert not raw.closed
    for _ in range(2):
        with pytest.raises(lower.ProtocolError):
            raw.read(5)
    assert raw.closed


@pytest.mark.parametrize("size", [0, 13])
def test_of_a_body_that_was_read(http_server: HttpServer, session, size: int) -> None:
    http_server.route("/small")(lambda _: Answer(b"x" * size, 200, [("X", "1"), ("X", "2")]))
    response = session.get(f"{http_server.url}/small")
    raw = response.raw
    assert isinstance(raw, urllib3.HTTPResponse)
    assert raw is response.raw
    assert (raw.status, raw.reason, raw.headers.getlist("x")) == (200, "OK", ["1", "2"])
    assert raw.retries is session.get_adapter(http_server.url).max_retries
    assert (raw.tell(), raw.closed, raw.read()) == (size, True, b"")
    assert response.content == b"x" * size


@pytest.mark.parametrize("size", [13, 300_000])
def test_a_hook_finds_it_unread(http_server: HttpServer, session, size: int) -> None:
    http_server.route("/body")(lambda _: Answer(pattern(size)))
    found = []

    def look(response: ulak.Response, **kwargs: object) -> None:
        found.append((response.raw.tell(), response.raw.read()))

    response = session.get(f"{http_server.url}/body", hooks={"response": look})
    assert found == [(0, pattern(size))]
    assert response.content == b""


def test_one_that_nobody_looked_at_can_be_closed(http_server: HttpServer, session) -> None:
    with session.get(f"{http_server.url}/get", stream=True) as response:
        pass
    assert response.raw.closed
    assert response.content == b""
    with session.get(f"{http_server.url}/get") as response:
        pass
    assert response.raw.closed
    assert response.json()
