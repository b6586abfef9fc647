"""Who looks on at an exchange sees it as urllib3 and http.client would have it; it stays ulak's."""

from __future__ import annotations

import http.client
import io
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

import ulak
from tests.support import Certificates, HttpServer, RawConnection, free_port, socks
from tests.support.replacing import is_own, passing
from ulak.exceptions import AddressDenied, InvalidHeader

_CLIENT = http.client.HTTPConnection

PLACES = [
    (HTTPConnectionPool, "urlopen"),
    (HTTPConnection, "putrequest"),
    (_CLIENT, "putrequest"),
    (_CLIENT, "putheader"),
    (_CLIENT, "endheaders"),
    (_CLIENT, "send"),
    (_CLIENT, "getresponse"),
]


@pytest.mark.parametrize(("place", "name"), PLACES)
def test_it_is_called(http_server, session, place: Any, name: str) -> None:
    assert is_own(session.get(f"{http_server.url}/json"))
    seen: list[str] = []
    with passing(place, name, seen):
        response = session.get(f"{http_server.url}/json")
        assert response.json()["courier"] == "ulak"
        assert is_own(response)
    assert set(seen) == {name}
    seen.clear()
    assert is_own(session.get(f"{http_server.url}/json"))
    assert not seen
    assert http_server.connections == 1


class Tracer:
    """Traces as packages do that know ``http.client`` alone, and marks what it has seen."""

    def __init__(self, field: tuple[str, str] = ("Traceparent", "00-1-2-01")) -> None:
        self.field = field
        self.asked: list[str] = []
        self.sent: list[bytes] = []
        self.answers: list[Any] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        tracer, putrequest, getresponse, send = (
            self,
            _CLIENT.putrequest,
            _CLIENT.getresponse,
            _CLIENT.send,
        )

        def traced_putrequest(conn: Any, method: str, url: str, *args: Any, **kwargs: Any) -> None:
            scheme = "https" if conn.default_port == 443 else "http"
            place = url if "://" in url else f"{scheme}://{conn.host}:{conn.port}{url}"
            tracer.asked.append(f"{method} {place}")
            putrequest(conn, method, url, *args, **kwargs)
            conn.putheader(*tracer.field)

        def traced_send(conn: Any, data: Any) -> None:
            tracer.sent.append(data)
            send(conn, data)

        def traced_getresponse(conn: Any, *args: Any, **kwargs: Any) -> Any:
            answer = getresponse(conn, *args, **kwargs)
            tracer.answers.append((answer.status, answer.reason, dict(answer.getheaders())))
            assert answer.getheader("content-type") == answer.msg["Content-Type"]
            assert answer.getheader("no-such") is None
            # Whoever waits for the end of the body need not.
            assert (answer.chunked, answer.length, answer.isclosed()) == (False, None, True)
            return answer

        with ExitStack() as stack:
            for name, function in (
                ("putrequest", traced_putrequest),
                ("send", traced_send),
                ("getresponse", traced_getresponse),
            ):
                stack.enter_context(mock.patch.object(_CLIENT, name, function))
            yield


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, []),
        (b"whole", [b"whole"]),
        ("text", [b"text"]),
        ([b"in ", b"pieces"], []),
        (io.BytesIO(b"a file"), []),
    ],
    ids=["none", "bytes", "text", "iterable", "file"],
)
def test_a_tracer(http_server: HttpServer, session, body: Any, told: list[bytes]) -> None:
    tracer = Tracer()
    url = f"{http_server.url}/anything/a%2fb/../c?q=%2E"
    with tracer.at_work():
        response = session.post(url, data=iter(body) if isinstance(body, list) else body)
    (request,) = http_server.requests
    assert tracer.asked == [f"POST {http_server.url}/anything/a%2fb/../c?q=%2E"]
    assert tracer.sent[1:] == told
    assert [x.lower() for x in tracer.sent[0].split(b"\r\n")] == [
        x.lower() for x in request.head.split(b"\r\n")
    ]
    assert request.fields[0] == ("Traceparent", "00-1-2-01")
    assert tracer.answers[0][:2] == (200, "OK")
    assert tracer.answers[0][2]["Content-Type"] == response.headers["content-type"]
    assert is_own(response)


def test_https_and_its_port(
    https_server: HttpServer, certificates: Certificates, session: ulak.Session
) -> None:
    tracer = Tracer()
    with tracer.at_work():
        assert is_own(session.get(f"{https_server.url}/get", verify=certificates.ca))
    assert tracer.asked == [f"GET {https_server.url}/get"]


def test_by_proxies(http_server, https_server, certificates, start_proxy, session) -> None:
    tracer = Tracer()
    proxy = start_proxy(auth=("user", "secret"))
    with tracer.at_work():
        for url in (http_server.url, https_server.url):
            answer = session.get(
                f"{url}/get",
                proxies={"all": f"http://user:secret@127.0.0.1:{proxy.port}"},
                verify=certificates.ca,
            )
            assert answer.ok
    assert tracer.asked == [f"GET {http_server.url}/get", f"GET {https_server.url}/get"]
    assert b"secret" not in b"".join(tracer.sent[1:])
    assert http_server.requests[0].header("Traceparent") == "00-1-2-01"
    assert https_server.requests[0].header("Traceparent") == "00-1-2-01"
    assert https_server.requests[0].header("Proxy-Authorization") is None


def test_by_socks(http_server: HttpServer, session: ulak.Session) -> None:
    tracer = Tracer()
    with socks() as proxy, tracer.at_work():
        answer = session.get(f"{http_server.url}/get", proxies={"http": proxy.url})
    assert answer.ok
    assert len(tracer.asked) == 1


def test_under_an_address_policy(http_server: HttpServer, session: ulak.Session) -> None:
    """It is kept, and who looks on sees what it refused."""
    tracer, seen = Tracer(), []
    with tracer.at_work(), passing(HTTPConnectionPool, "urlopen", seen):
        policy = ulak.AddressPolicy(allow=["127.0.0.0/8"])
        assert session.get(f"{http_server.url}/get", address_policy=policy).ok
        with pytest.raises(AddressDenied):
            session.get(f"{http_server.url}/get", address_policy=ulak.AddressPolicy())
    assert len(tracer.asked) == len(seen) == 2


@contextmanager
def marking(mark: dict[str, Any]) -> Iterator[list[str]]:
    """Has urllib3's ``urlopen`` called with other arguments; notes the targets."""
    urlopen = HTTPConnectionPool.urlopen
    seen: list[str] = []

    def marked(pool: HTTPConnectionPool, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        seen.append(f"{pool.scheme}://{pool.host}:{pool.port}{url}")
        kwargs["headers"] = {**kwargs["headers"], **mark.get("headers", {})}
        if "body" in mark:
            kwargs["body"] = mark["body"]
        return urlopen(pool, method, mark.get("url", url), *args, **kwargs)

    with mock.patch.object(HTTPConnectionPool, "urlopen", marked):
        yield seen


def test_urlopen_is_called_with_the_request(http_server: HttpServer, session) -> None:
    path = "/anything/a%2fb/../c?q=%2E"
    with marking({"headers": {"Traceparent": "1"}}) as seen:
        answer = session.post(f"{http_server.url}{path}", data=b"body")
    (request,) = http_server.requests
    assert seen == [f"{http_server.url}{path}"]
    assert (request.target, request.header("Traceparent"), request.body) == (path, "1", b"body")
    assert is_own(answer)


def test_urlopen_and_a_proxys_target(start_proxy, http_server: HttpServer, session) -> None:
    target = f"{http_server.url}/anything/a%2fb/../c?q=%2E"
    proxy = start_proxy()
    with marking({}):
        session.get(target, proxies={"http": f"http://127.0.0.1:{proxy.port}"})
    assert http_server.requests[0].target == "/anything/a%2fb/../c?q=%2E"


def test_urlopen_may_change_the_request(http_server: HttpServer, session) -> None:
    changed = {"url": "/anything/else", "body": b"more", "headers": {"Content-Length": "4"}}
    with marking(changed):
        session.post(f"{http_server.url}/anything", data=b"a body")
    (request,) = http_server.requests
    assert (request.target, request.body) == ("/anything/else", b"more")


@pytest.mark.parametrize(
    ("field", "error"),
    [
        (("Content-Length", "3"), InvalidHeader),
        (("Transfer-Encoding", "chunked"), InvalidHeader),
        (("X", "a\r\nInjected: yes"), ValueError),
    ],
)
def test_no_tracer_breaks_a_request(http_server, session, field, error) -> None:
    tracer = Tracer(field)
    with tracer.at_work(), pytest.raises(error):
        session.get(f"{http_server.url}/get")
    assert not http_server.requests


def test_an_answer_from_elsewhere(session: ulak.Session) -> None:
    """What a test puts in the place of ``getresponse`` is the answer; nothing is sent."""
    fields = http.client.HTTPMessage()
    fields["Content-Type"] = "text/plain"
    given = SimpleNamespace(
        **{"status": 203, "version": 11, "reason": "Fine", "msg": fields, "headers": fields}
    )
    body = io.BytesIO(b"given")
    given.read, given.close, given.isclosed = body.read, body.close, lambda: body.closed
    with mock.patch.object(_CLIENT, "getresponse", lambda conn: given):
        answer = session.get("http://nowhere.invalid/")
    assert (answer.status_code, answer.reason, answer.content) == (203, "Fine", b"given")


def test_what_an_onlooker_raises_arrives(http_server: HttpServer, session) -> None:
    def forbidden(*args: Any, **kwargs: Any) -> None:
        raise LookupError("no network in tests")

    for place, name in PLACES:
        with mock.patch.object(place, name, forbidden), pytest.raises(LookupError):
            session.get(f"{http_server.url}/get")
    assert session.get(f"{http_server.url}/get").ok
    assert http_server.connections == 1


class Blocked(Exception):
    """What an onlooker raises."""


@pytest.mark.parametrize("place", [(HTTPConnectionPool, "urlopen"), (_CLIENT, "getresponse")])
@pytest.mark.parametrize("path", ["/get", "/stream-bytes/100000?chunk_size=1000"])
def test_an_onlooker_that_fails_after_the_answer(http_server, place, path: str) -> None:
    """The connection and its place in the pool are free at once."""
    genuine = getattr(*place)

    def failing(*args: Any, **kwargs: Any) -> None:
        genuine(*args, **kwargs)
        raise Blocked

    adapter = ulak.adapters.HTTPAdapter(pool_maxsize=1, pool_block=True)
    with ulak.Session(adapters={"http://": adapter}, timeout=ulak.Timeout(5, pool=0.5)) as session:
        with mock.patch.object(*place, failing), pytest.raises(Blocked) as caught:
            session.get(f"{http_server.url}{path}", stream=True)
        assert session.get(f"{http_server.url}/get").ok
        del caught


@pytest.mark.parametrize(
    ("mark", "error"),
    [
        ({"headers": {"X": "a\r\nInjected: yes"}}, InvalidHeader),
        ({"body": b"of another length"}, ulak.exceptions.InvalidBody),
    ],
)
def test_what_urlopen_may_not_send(http_server: HttpServer, session, mark, error) -> None:
    with marking(mark), pytest.raises(error):
        session.post(f"{http_server.url}/post", data=b"body")
    assert not http_server.requests


def test_the_callers_request_stays_as_it_is(http_server: HttpServer, session) -> None:
    urlopen = HTTPConnectionPool.urlopen

    def marked(pool: Any, *args: Any, headers: Any, **kwargs: Any) -> Any:
        headers["Traceparent"] = f"of {kwargs['url']}"
        return urlopen(pool, *args, headers=headers, **kwargs)

    with mock.patch.object(HTTPConnectionPool, "urlopen", marked):
        answer = session.get(f"{http_server.url}/redirect/1")
    assert [x.header("Traceparent") for x in http_server.requests] == ["of /redirect/1", "of /get"]
    assert "Traceparent" not in answer.request.headers
    assert "Traceparent" not in answer.history[0].request.headers


@pytest.mark.parametrize("replayable", [True, False])
def test_urlopen_called_twice(http_server: HttpServer, session, replayable: bool) -> None:
    urlopen = HTTPConnectionPool.urlopen

    def twice(*args: Any, **kwargs: Any) -> Any:
        urlopen(*args, **kwargs).drain_conn()
        return urlopen(*args, **kwargs)

    body: Any = io.BytesIO(b"a file") if replayable else iter([b"once"])
    with mock.patch.object(HTTPConnectionPool, "urlopen", twice):
        if replayable:
            session.post(f"{http_server.url}/post", data=body)
            assert [x.body for x in http_server.requests] == [b"a file"] * 2
        else:
            with pytest.raises(ulak.exceptions.UnrewindableBodyError):
                session.post(f"{http_server.url}/post", data=body)
            assert len(http_server.requests) == 1


def test_a_body_is_not_held_twice(http_server: HttpServer, session) -> None:
    seen: list[str] = []
    body = b"x" * 20_000_000
    tracemalloc.start()
    try:
        with passing(_CLIENT, "putrequest", seen):
            session.post(f"{http_server.url}/sink", data=body)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_debuglevel(http_server, session, capsys) -> None:
    with mock.patch.object(_CLIENT, "debuglevel", 1):
        assert is_own(session.post(f"{http_server.url}/post", data=b"body"))
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("send: b'POST /post HTTP/1.1\\r\\nHost: ")
    assert printed[1:3] == ["send: b'body'", "reply: 'HTTP/1.1 200 OK\\r\\n'"]
    assert "header: Content-Type: application/json" in printed[3:]
    session.get(f"{http_server.url}/json")
    assert not capsys.readouterr().out


# -- the promises hold -------------------------------------------------------


@pytest.fixture(params=PLACES, ids=lambda x: f"{x[0].__module__}-{x[1]}")
def watched(request) -> Iterator[list[str]]:
    """Somebody looks on; the calls."""
    seen: list[str] = []
    with passing(*request.param, seen):
        yield seen
    assert seen


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_the_deadline(watched, start_raw_server, session, begin: bytes) -> None:
    def drip(conn: RawConnection) -> None:
        conn.recv_head()
        conn.send(begin)
        conn.drip([b"A: b\r\n"] * 1_000, 0.02)

    server = start_raw_server(drip)
    started = monotonic()
    with pytest.raises(ulak.TotalTimeout):
        session.get(server.url, timeout=ulak.Timeout(total=0.3))
    assert monotonic() - started < 0.3 + 0.25


def test_a_dead_connection_is_replaced(watched, start_raw_server, session) -> None:
    def once(conn: RawConnection) -> None:
        conn.recv_head()
        conn.respond(b"first")
        if conn.number == 1:
            conn.recv_head()

    server = start_raw_server(once)
    for _ in range(2):
        assert session.get(server.url).text == "first"
    assert server.accepted == 2


def test_interim_answers_without_end(watched, start_raw_server, session) -> None:
    def endless(conn: RawConnection) -> None:
        conn.recv_head()
        conn.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)
        conn.hang()

    with pytest.raises(ulak.exceptions.ProtocolError):
        session.get(start_raw_server(endless).url, timeout=3)


def test_failures_are_what_they_are(watched, start_raw_server, session) -> None:
    with pytest.raises(ulak.ConnectionError, match="refused"):
        session.get(f"http://127.0.0.1:{free_port()}/")
    server = start_raw_server(lambda conn: conn.send(b"HTTP/1.1 400 No TLS\r\n\r\n"))
    with pytest.raises(ulak.SSLError):
        session.get(server.url.replace("http:", "https:"))


def test_errors_of_the_transport_are_seen_by_who_looks_on(session) -> None:
    seen: list[BaseException] = []
    getresponse = _CLIENT.getresponse

    def traced(conn: Any) -> Any:
        try:
            return getresponse(conn)
        except BaseException as exc:
            seen.append(exc)
            raise

    with (
        mock.patch.object(_CLIENT, "getresponse", traced),
        pytest.raises(ulak.ConnectionError) as caught,
    ):
        session.get(f"http://127.0.0.1:{free_port()}/")
    assert seen == [caught.value.__cause__]
