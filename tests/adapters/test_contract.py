"""The contract of ``BaseAdapter``, kept by ours, by urllib3's own pools, and by wrappers."""

from __future__ import annotations

import importlib.util
import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import urllib3

import ulak
from tests.support import Answer, HttpServer, RawConnection, RawServer, free_port
from tests.support.routes import pattern
from ulak.adapters import BaseAdapter, HTTPAdapter

_EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_adapter.py"


def _example():
    spec = importlib.util.spec_from_file_location("custom_adapter", _EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


example = _example()


class Theirs(urllib3.PoolManager):
    """No plain manager, which would be taken for its settings only."""


class StockAdapter(HTTPAdapter):
    """On urllib3's own pools, and so on http.client."""

    def init_poolmanager(self, connections, maxsize, block=False, **pool_kwargs):
        self.poolmanager = Theirs(
            num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs
        )


class Wrapping(BaseAdapter):
    """Hands everything on."""

    def __init__(self, inner: BaseAdapter) -> None:
        self.inner = inner

    def send(self, request, **settings):
        return self.inner.send(request, **settings)

    def close(self) -> None:
        self.inner.close()


NETWORK = {
    "HTTPAdapter": HTTPAdapter,
    "stock": StockAdapter,
    "wrapping": lambda: Wrapping(HTTPAdapter()),
    "wrapping twice": lambda: Wrapping(Wrapping(StockAdapter())),
    "reporting": lambda: example.Reporting(HTTPAdapter(), lambda line: None),
}


@pytest.fixture(params=NETWORK)
def adapter(request: pytest.FixtureRequest) -> Iterator[BaseAdapter]:
    """Each adapter that speaks HTTP."""
    with NETWORK[request.param]() as adapter:
        yield adapter


def prepare(method: str, url: str, **parts) -> ulak.PreparedRequest:
    return ulak.Request(method, url, **parts).prepare()


# -- one exchange, and nothing else ------------------------------------------


def test_it_returns_the_response(http_server: HttpServer, adapter: BaseAdapter) -> None:
    request = prepare("GET", f"{http_server.url}/get", headers={"X": "1"})
    response = adapter.send(request, timeout=5)
    assert response.status_code == 200
    assert response.reason == "OK"
    assert response.url == request.url
    assert response.request is request
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["headers"]["X"] == "1"


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500, 503])
def test_a_status_is_no_error_and_followed_by_nothing(
    http_server: HttpServer, adapter: BaseAdapter, status: int
) -> None:
    fields = [("Location", "/get"), ("Retry-After", "0"), ("WWW-Authenticate", "Basic realm=x")]
    http_server.route("/it")(lambda request: Answer(b"body", status, fields))
    response = adapter.send(prepare("GET", f"{http_server.url}/it", auth=("u", "p")), timeout=5)
    assert (response.status_code, response.content) == (status, b"body")
    assert len(http_server.requests) == 1


def test_it_keeps_no_cookies(http_server: HttpServer, adapter: BaseAdapter) -> None:
    response = adapter.send(prepare("GET", f"{http_server.url}/cookies/set/a/b"), timeout=5)
    assert response.cookies.get_dict() == {"a": "b"}
    again = adapter.send(prepare("GET", f"{http_server.url}/cookies"), timeout=5)
    assert again.json() == {"cookies": {}}


@pytest.mark.parametrize("kind", ["none", "bytes", "text", "file", "iterator"])
def test_it_does_not_change_the_request(http_server, adapter: BaseAdapter, kind: str) -> None:
    body = {
        "none": None,
        "bytes": b"bytes",
        "text": "text",
        "file": io.BytesIO(b"file"),
        "iterator": iter([b"a", b"b"]),
    }[kind]
    request = prepare("POST", f"{http_server.url}/post", data=body, auth=("u", "p"))
    before = (request.method, request.url, list(request.headers.items()), request.body)
    assert adapter.send(request, timeout=5).json()["method"] == "POST"
    assert (request.method, request.url, list(request.headers.items()), request.body) == before


def test_repeated_headers_are_kept_apart(http_server, adapter: BaseAdapter) -> None:
    fields = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X", "1"), ("X", "2")]
    http_server.route("/it")(lambda request: Answer(b"", 200, fields))
    response = adapter.send(prepare("GET", f"{http_server.url}/it"), timeout=5)
    assert response.headers["X"] == "1, 2"
    assert response.cookies.get_dict() == {"a": "1", "b": "2"}
    assert response.raw.headers.getlist("Set-Cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("route", ["bytes/70000", "stream-bytes/70000", "large/70000"])
@pytest.mark.parametrize("size", [1000, None])
def test_the_body_is_read_on_demand(http_server, adapter, route: str, size) -> None:
    response = adapter.send(prepare("GET", f"{http_server.url}/{route}"), stream=True, timeout=5)
    assert b"".join(response.iter_content(size)) == pattern(70_000)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "brotli"])
def test_the_body_is_decoded(http_server: HttpServer, adapter: BaseAdapter, coding: str) -> None:
    response = adapter.send(prepare("GET", f"{http_server.url}/{coding}"), timeout=5)
    assert response.json()["method"] == "GET"


def test_raw_is_a_response_of_urllib3(http_server: HttpServer, adapter: BaseAdapter) -> None:
    response = adapter.send(prepare("GET", f"{http_server.url}/gzip"), stream=True, timeout=5)
    assert isinstance(response.raw, urllib3.HTTPResponse)
    assert response.raw.read(2) == b"\x1f\x8b"  # as on the wire
    response.close()


# -- errors ------------------------------------------------------------------


def silent(connection: RawConnection) -> None:
    connection.recv_request()
    connection.hang()


def resets(connection: RawConnection) -> None:
    connection.recv_request()
    connection.reset()


def says(answer: bytes) -> Callable[[RawConnection], None]:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(answer)

    return script


HEAD_ERRORS = [
    (silent, ulak.ReadTimeout),
    (resets, ulak.ConnectionError),
    (says(b""), ulak.ConnectionError),
    (says(b"garbage\r\n\r\n"), ulak.ConnectionError),
    (says(b"HTTP/1.1 2"), ulak.ConnectionError),
    (says(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"), ulak.ConnectionError),
]


@pytest.mark.parametrize(
    ("script", "error"), HEAD_ERRORS, ids=["silent", "reset", "empty", "garbage", "cut", "many"]
)
def test_errors_before_the_answer(start_raw_server, adapter: BaseAdapter, script, error) -> None:
    server: RawServer = start_raw_server(script)
    request = prepare("GET", server.url)
    with pytest.raises(error) as caught:
        adapter.send(request, timeout=0.3)
    assert isinstance(caught.value, ulak.RequestException)
    assert caught.value.request is request


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["length", "chunk", "size"],
)
@pytest.mark.parametrize("by", ["content", "iter_content"])
def test_a_broken_body(start_raw_server, adapter: BaseAdapter, answer: bytes, by: str) -> None:
    server: RawServer = start_raw_server(says(answer))
    with pytest.raises(ulak.ChunkedEncodingError) as caught:
        response = adapter.send(prepare("GET", server.url), stream=True, timeout=5)
        _ = response.content if by == "content" else list(response.iter_content(5))
    assert caught.value.request is not None


def test_a_body_that_is_not_of_its_coding(http_server, adapter: BaseAdapter) -> None:
    fields = [("Content-Encoding", "gzip")]
    http_server.route("/it")(lambda request: Answer(b"not gzip", 200, fields))
    response = adapter.send(prepare("GET", f"{http_server.url}/it"), stream=True, timeout=5)
    with pytest.raises(ulak.exceptions.ContentDecodingError):
        _ = response.content


def test_nobody_listens(adapter: BaseAdapter) -> None:
    with pytest.raises(ulak.ConnectionError) as caught:
        adapter.send(prepare("GET", f"http://127.0.0.1:{free_port()}/"), timeout=5)
    assert caught.value.request is not None


@pytest.mark.parametrize("header", [("X", "a\r\nEvil: 1"), ("X\r\nEvil", "1"), ("X y", "1")])
def test_nothing_is_injected(http_server, adapter: BaseAdapter, header) -> None:
    request = prepare("GET", f"{http_server.url}/get")
    request.headers[header[0]] = header[1]
    with pytest.raises(ulak.exceptions.InvalidHeader):
        adapter.send(request, timeout=5)
    assert not http_server.requests


@pytest.mark.parametrize(
    ("parts", "framing", "wire"),
    [
        (lambda: {"data": iter([b"abc", b"de"])}, ("Content-Length", "5"), b"abcde"),
        (
            lambda: {"data": b"abcde"},
            ("Transfer-Encoding", "chunked"),
            b"5\r\nabcde\r\n0\r\n\r\n",
        ),
        (
            lambda: {"data": iter([b"abc", b"de"])},
            ("Transfer-Encoding", "chunked"),
            b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        ),
        (
            lambda: {"data": {"a": "bcd"}},
            ("Transfer-Encoding", "chunked"),
            b"5\r\na=bcd\r\n0\r\n\r\n",
        ),
    ],
    ids=["iterator of a length", "bytes in chunks", "iterator in chunks", "form in chunks"],
)
def test_a_body_is_framed_as_the_caller_says(http_server, adapter, parts, framing, wire) -> None:
    request = prepare("POST", f"{http_server.url}/post", headers=dict([framing]), **parts())
    assert adapter.send(request, timeout=5).ok
    seen = http_server.last
    assert seen.wire_body == wire
    assert [x for x in seen.fields if x[0].lower() in ("content-length", "transfer-encoding")] == [
        framing
    ]


@pytest.mark.parametrize("kind", ["bytes", "iterator"])
@pytest.mark.parametrize(
    "fields",
    [
        {"Content-Length": "5", "Transfer-Encoding": "chunked"},
        {"Transfer-Encoding": "gzip"},
        {"Content-Length": "abc"},
        {"Content-Length": "-5"},
        {"Content-Length": "+5"},
        {"Content-Length": "5, 5"},
        {"Content-Length": "\u0665"},
        {"Content-Length": ""},
    ],
    ids=str,
)
def test_framing_that_two_readers_would_read_in_two_ways(
    http_server, adapter: BaseAdapter, fields: dict[str, str], kind: str
) -> None:
    request = prepare("POST", f"{http_server.url}/post", data=b"abcde")
    if kind == "iterator":
        request.body = iter([b"abc", b"de"])
    del request.headers["Content-Length"]
    request.headers.update(fields)
    with pytest.raises(ulak.exceptions.InvalidHeader):
        adapter.send(request, timeout=5)
    assert not http_server.requests
    assert http_server.connections == 0


@pytest.mark.parametrize("error", [OSError("mine"), ConnectionResetError("mine"), LookupError("x")])
def test_what_the_callers_body_raises_is_theirs(http_server, adapter, error: Exception) -> None:
    def body() -> Iterator[bytes]:
        calls.append(1)
        yield b"block"
        raise error

    calls: list[int] = []
    with pytest.raises(type(error)) as caught:
        adapter.send(prepare("PUT", f"{http_server.url}/put", data=body()), timeout=5)
    assert caught.value is error
    with ulak.Session(adapters={"http://": adapter}, retries=3) as session:
        with pytest.raises(type(error)) as caught:
            session.put(f"{http_server.url}/put", data=body())
        assert caught.value is error
    assert len(calls) == 2


@pytest.mark.parametrize("by", ["hand", "auth"])
def test_headers_that_are_a_plain_dict(http_server, adapter: BaseAdapter, by: str) -> None:
    def sign(request: ulak.PreparedRequest) -> ulak.PreparedRequest:
        request.headers = {**request.headers, "x-signed": "1"}  # type: ignore[assignment]
        return request

    with ulak.Session(adapters={"http://": adapter}) as session:
        for parts in ({}, {"data": b"body"}, {"data": iter([b"bo", b"dy"])}):
            url = f"{http_server.url}/anything"
            request = ulak.Request("PUT", url, auth=sign if by == "auth" else None, **parts)
            prepared = session.prepare_request(request)
            if by == "hand":
                prepared = sign(prepared)
            seen = session.send(prepared, timeout=5).json()
            assert seen["data"] == ("body" if parts else "")
            assert http_server.last.header("X-Signed") == "1"
        following = sign(prepare("GET", f"{http_server.url}/redirect/2"))
        assert session.send(following, timeout=5).url == f"{http_server.url}/get"


# -- connections -------------------------------------------------------------


def test_connections_are_kept(http_server: HttpServer, adapter: BaseAdapter) -> None:
    for _ in range(5):
        assert adapter.send(prepare("GET", f"{http_server.url}/get"), timeout=5).content
    assert http_server.connections == 1


def test_close_of_a_response_settles_its_connection(http_server, adapter: BaseAdapter) -> None:
    url = f"{http_server.url}/stream-bytes/1000000"
    response = adapter.send(prepare("GET", url), stream=True, timeout=5)
    next(response.iter_content(10))
    response.close()
    assert adapter.send(prepare("GET", f"{http_server.url}/get"), timeout=5).ok


def test_close_may_be_repeated(http_server: HttpServer, adapter: BaseAdapter) -> None:
    assert adapter.send(prepare("GET", f"{http_server.url}/get"), timeout=5).content
    adapter.close()
    adapter.close()
    assert adapter.send(prepare("GET", f"{http_server.url}/get"), timeout=5).content


def test_many_threads(http_server: HttpServer, adapter: BaseAdapter) -> None:
    def work(number: int) -> bool:
        request = prepare("GET", f"{http_server.url}/get?n={number}")
        return adapter.send(request, timeout=5).json()["args"]["n"] == str(number)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(80)))


def test_a_failed_exchange_leaves_the_adapter_whole(start_raw_server, adapter) -> None:
    ready = threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        if not ready.is_set():
            connection.reset()
        else:
            connection.respond(b"fine")

    server: RawServer = start_raw_server(script)
    for _ in range(5):
        with pytest.raises(ulak.ConnectionError):
            adapter.send(prepare("POST", server.url, data=b"x"), timeout=5)
    ready.set()
    assert adapter.send(prepare("GET", server.url), timeout=5).content == b"fine"


# -- in a session ------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORK)
def test_a_session_on_it(http_server: HttpServer, name: str) -> None:
    with ulak.Session(adapters={"http://": NETWORK[name]()}) as session:
        response = session.get(f"{http_server.url}/redirect-to?url=/cookies/set/a/b")
        assert response.json()["cookies"] == {"a": "b"}
        assert len(response.history) == 2
        digest = ulak.auth.HTTPDigestAuth("u", "p")
        assert session.get(f"{http_server.url}/digest-auth/auth/u/p", auth=digest).ok
        seen = session.post(f"{http_server.url}/post", files={"f": b"x"}, data={"a": "1"}).json()
        assert (seen["files"], seen["form"]) == ({"f": "x"}, {"a": "1"})
        chunked = session.post(f"{http_server.url}/post", data=iter([b"a", b"b"])).json()
        assert chunked["data"] == "ab"
        assert session.head(f"{http_server.url}/get").status_code == 200
        params = {"key": name, "fails": "1", "retry_after": "0"}
        assert session.get(f"{http_server.url}/retry", params=params, retries=1).ok


# -- the adapters of the examples --------------------------------------------


def test_the_file_adapter(tmp_path) -> None:
    path = tmp_path / "a file ü.txt"
    path.write_bytes(b"content")
    with ulak.Session(adapters={"file://": example.FileAdapter()}) as session:
        response = session.get(path.as_uri())
        assert (response.status_code, response.content, response.text) == (
            200,
            b"content",
            "content",
        )
        assert response.url == path.as_uri()
        assert response.request.method == "GET"
        missing = session.get((tmp_path / "none").as_uri())
        assert missing.status_code == 404
        with pytest.raises(ulak.HTTPError):
            missing.raise_for_status()
        streamed = session.get(path.as_uri(), stream=True)
        assert list(streamed.iter_content(3)) == [b"con", b"ten", b"t"]
        assert list(session.get(path.as_uri()).iter_lines()) == [b"content"]


def test_the_dict_adapter_and_the_reporting_one() -> None:
    lines: list[str] = []
    adapter = example.Reporting(example.DictAdapter({"dict://a/b": "hello"}), lines.append)
    with ulak.Session(adapters={"dict://": adapter}) as session:
        assert session.get("dict://a/b").text == "hello"
        assert session.get("dict://a/c").status_code == 404
    assert lines == ["[GET dict://a/b: 200]", "[GET dict://a/c: 404]"]


# -- the base ----------------------------------------------------------------


def test_the_base_does_nothing() -> None:
    base = BaseAdapter()
    with pytest.raises(NotImplementedError):
        base.send(prepare("GET", "http://h/"))
    with pytest.raises(NotImplementedError):
        base.close()
