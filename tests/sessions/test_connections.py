"""Connections: kept, replaced, never confused, never shared by accident, never leaked."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import logging
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import ulak
from tests.support import (
    Answer,
    Certificates,
    ForwardProxy,
    HttpServer,
    RawConnection,
    RawServer,
    stalled_port,
)
from tests.support.fronts import Begun, Front
from ulak.adapters import HTTPAdapter
from ulak.exceptions import InvalidOption, ProxyError, SessionClosed

StartRaw = Callable[..., RawServer]
IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY"]


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_proxy_over_tls_is_verified_as_each_request_says(
    http_server: HttpServer, tls_forward_proxy: ForwardProxy, certificates: Certificates, session
) -> None:
    """For http:// URLs, too, whose own connection knows no certificates."""
    session.proxies = {"http": tls_forward_proxy.url}
    url = f"{http_server.url}/get"
    for _ in range(2):
        assert session.get(url, verify=False).ok
        assert session.get(url, verify=str(certificates.ca)).ok
        with pytest.raises(ProxyError):
            session.get(url, verify=True)


# -- reuse -------------------------------------------------------------------


def test_one_connection_for_many_requests(http_server: HttpServer, session) -> None:
    for verb in ("get", "post", "put", "delete", "options"):
        getattr(session, verb)(f"{http_server.url}/anything")
    session.head(f"{http_server.url}/get")
    session.get(f"{http_server.url}/status/204")
    session.get(f"{http_server.url}/status/304")
    session.get(f"{http_server.url}/gzip")
    session.get(f"{http_server.url}/chunked")
    session.get(f"{http_server.url}/status/404")
    assert http_server.connections == 1


def test_a_thousand_requests_on_one_connection(http_server: HttpServer, session) -> None:
    for number in range(1000):
        assert session.get(f"{http_server.url}/get?n={number}").json()["args"]["n"] == str(number)
    assert http_server.connections == 1


@pytest.mark.parametrize("route", ["close", "until-close", "http10"])
def test_no_reuse_when_the_server_says_so(http_server: HttpServer, session, route: str) -> None:
    session.get(f"{http_server.url}/{route}")
    session.get(f"{http_server.url}/get")
    assert http_server.connections == 2


@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
@pytest.mark.parametrize(
    "field",
    [b"Connection: close", b"Connection: x, Close", b"Content-Length: 2\r\nConnection: close"],
)
def test_no_reuse_when_the_server_says_so_and_does_not_close(
    session: ulak.Session, start_raw_server: StartRaw, field: bytes, apart: bool
) -> None:
    read = threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%b\r\n\r\n" % field)
        if apart:
            connection.wait(read)
        connection.send(b"ok")
        connection.hang()

    server = start_raw_server(script)
    for count in (1, 2):
        read.clear()
        response = session.get(server.url, stream=True)
        read.set()
        assert response.content == b"ok"
        assert server.accepted == count


def test_no_reuse_when_the_caller_says_so(http_server: HttpServer, session) -> None:
    session.get(f"{http_server.url}/get", headers={"Connection": "close"})
    session.get(f"{http_server.url}/get")
    assert http_server.connections == 2


@pytest.mark.parametrize("value", ["close", "Close", "x, close"])
def test_no_reuse_when_the_caller_says_so_and_the_server_does_not_close(
    session: ulak.Session, start_raw_server: StartRaw, value: str
) -> None:
    """RFC 9112, section 9.6: a client that sent it must not send another request there."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"ok")
        connection.wait_closed()

    server = start_raw_server(script)
    for count in (1, 2):
        response = session.post(server.url, data=b"x", headers={"Connection": value}, timeout=2)
        assert response.content == b"ok"
        assert server.accepted == count


def test_an_unread_stream_holds_its_connection(http_server: HttpServer, session) -> None:
    with session.get(f"{http_server.url}/stream-bytes/1000000", stream=True):
        session.get(f"{http_server.url}/get")
        session.get(f"{http_server.url}/get")
        assert http_server.connections == 2


def test_a_small_body_holds_nothing(http_server: HttpServer, session: ulak.Session) -> None:
    held = [session.get(f"{http_server.url}/bytes/10", stream=True) for _ in range(3)]
    assert [len(x.content) for x in held] == [10] * 3
    assert http_server.connections <= 3


@pytest.mark.parametrize(("size", "kept"), [(1, 1), (3, 3), (10, 5)])
def test_as_many_idle_connections_as_asked_for(
    http_server: HttpServer, front: Front, size: int, kept: int
) -> None:
    with front.session(adapters={"http://": front.keeping(size)}) as session:
        url = f"{http_server.url}/stream-bytes/300000"
        for response in [session.get(url, stream=True) for _ in range(5)]:
            assert len(response.content) == 300_000
        assert http_server.connections == 5
        for response in [session.get(url, stream=True) for _ in range(5)]:
            assert len(response.content) == 300_000
        assert http_server.connections == 10 - kept


# -- stale connections -------------------------------------------------------


@pytest.fixture
def dies(start_raw_server: StartRaw) -> Callable[[Callable[[RawConnection], None]], RawServer]:
    """A server whose first connection answers once and then ends as told."""

    def start(end: Callable[[RawConnection], None]) -> RawServer:
        def first(connection: RawConnection) -> None:
            connection.recv_request()
            connection.respond(b"first")
            end(connection)

        def later(connection: RawConnection) -> None:
            while True:
                request = connection.recv_request()
                body = b"" if request.method == "HEAD" else b"later"
                connection.respond(body)

        return start_raw_server([first, later, later])

    return start


def closes(connection: RawConnection) -> None:
    connection.close()


def closes_on_the_next_request(connection: RawConnection) -> None:
    connection.recv_head()
    connection.close()


def resets_on_the_next_request(connection: RawConnection) -> None:
    connection.recv_head()
    connection.reset()


@pytest.mark.parametrize("method", IDEMPOTENT)
@pytest.mark.parametrize(
    "end",
    [closes, closes_on_the_next_request, resets_on_the_next_request],
    ids=lambda x: x.__name__,
)
def test_a_stale_connection_is_replaced_unseen(
    session: ulak.Session, dies, end, method: str
) -> None:
    server = dies(end)
    assert session.get(server.url).content == b"first"
    body = None if method in ("GET", "HEAD") else b"body"
    response = session.request(method, server.url, data=body)
    assert response.content == (b"" if method == "HEAD" else b"later")
    assert server.accepted == 2


@pytest.mark.parametrize("kind", ["bytes", "text", "file", "half a file", "form"])
def test_a_body_that_can_be_read_again_goes_to_the_replacement(
    session: ulak.Session, dies, kind: str
) -> None:
    server = dies(resets_on_the_next_request)
    assert session.get(server.url).content == b"first"
    file = io.BytesIO(b"0123the body")
    if kind == "half a file":
        file.seek(4)
    parts: dict = {
        "bytes": {"data": b"the body"},
        "text": {"data": "the body"},
        "file": {"data": file},
        "half a file": {"data": file},
        "form": {"files": {"f": file}},
    }[kind]
    assert session.put(server.url, **parts).content == b"later"
    sent = bytes(server.connections[1].received).partition(b"\r\n\r\n")[2]
    if kind == "form":
        assert b"\r\n\r\n0123the body\r\n--" in sent
    else:
        assert sent == (b"0123the body" if kind == "file" else b"the body")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    "end", [closes_on_the_next_request, resets_on_the_next_request], ids=lambda x: x.__name__
)
def test_a_post_is_never_sent_twice(session: ulak.Session, dies, end, method: str) -> None:
    server = dies(end)
    assert session.get(server.url).content == b"first"
    with pytest.raises(ulak.ConnectionError):
        session.request(method, server.url, data=b"body")
    assert server.received.count(method.encode() + b" / ") == 1
    assert server.accepted == 1


def test_a_post_on_a_connection_that_is_seen_closed(front: Front, session, dies) -> None:
    server = dies(closes)
    session.get(server.url)
    wait_until_heard(front, session, server.url)
    assert session.post(server.url, data=b"x").content == b"later"


def wait_until_heard(front: Front, session: ulak.Session, url: str) -> None:
    """Return when what the idle connection has to say, such as its end, can be seen."""
    adapter = session.get_adapter(url)
    if front.name == "sync":
        (connection,) = adapter.poolmanager.connection_from_url(url)._idle
        assert select.select([connection.sock], [], [], 5)[0]
        return

    async def closed() -> None:
        async with asyncio.timeout(5):
            while adapter._is_open:
                await asyncio.sleep(0.001)

    front.run(closed())


def test_it_is_replaced_only_once(session: ulak.Session, start_raw_server: StartRaw) -> None:
    def first(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"first")
        connection.recv_head()
        connection.close()

    def refuses(connection: RawConnection) -> None:
        connection.recv_head()
        connection.close()

    server = start_raw_server([first, refuses, refuses, refuses])
    session.get(server.url)
    with pytest.raises(ulak.ConnectionError):
        session.get(server.url)
    assert server.accepted == 2


def test_a_new_connection_is_not_replaced(session: ulak.Session, start_raw_server) -> None:
    server = start_raw_server([closes_on_the_next_request] * 3)
    with pytest.raises(ulak.ConnectionError):
        session.get(server.url)
    assert server.accepted == 1


def test_an_answer_that_has_begun_is_not_asked_for_again(session, start_raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"first")
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nConte")
        connection.close()

    server = start_raw_server([script, script])
    session.get(server.url)
    with pytest.raises(ulak.ConnectionError):
        session.get(server.url)
    assert server.accepted == 1


def test_an_iterator_is_not_sent_twice(session: ulak.Session, dies) -> None:
    server = dies(resets_on_the_next_request)
    session.get(server.url)
    with pytest.raises(ulak.ConnectionError):
        session.put(server.url, data=iter([b"x"]))
    assert server.accepted == 1


def test_many_gets_against_a_server_that_drops_connections(http_server, session) -> None:
    for number in range(200):
        if number % 7 == 0:
            http_server.drop_connections()
        assert session.get(f"{http_server.url}/get").status_code == 200
    assert http_server.connections >= 25


# -- bytes left over ---------------------------------------------------------

SECRET = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSECRET"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["length", "chunked", "204", "304", "empty"],
)
@pytest.mark.parametrize("late", [False, True], ids=["together", "later"])
@pytest.mark.parametrize("stream", [False, True])
def test_bytes_left_over_are_never_an_answer(
    front: Front,
    session: ulak.Session,
    start_raw_server: StartRaw,
    answer: bytes,
    late: bool,
    stream: bool,
) -> None:
    sent = threading.Event()
    read = threading.Event()

    def poisons(connection: RawConnection) -> None:
        connection.recv_request()
        if late:
            connection.send(answer)
            connection.wait(read)
            connection.send(SECRET)
        else:
            connection.send(answer + SECRET)
        sent.set()
        connection.wait_closed()

    def good(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"good")

    server = start_raw_server([poisons, good])
    session.get(server.url, stream=stream).content  # noqa: B018
    read.set()
    assert sent.wait(5)
    if late:
        wait_until_heard(front, session, server.url)
    assert session.get(server.url).content == b"good"
    assert server.accepted == 2


def test_a_late_answer_is_not_that_of_the_next_request(session, start_raw_server) -> None:
    def slow(connection: RawConnection) -> None:
        connection.recv_request()
        connection.pause(0.3)
        connection.respond(b"late")

    def good(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"good")

    server = start_raw_server([slow, good])
    with pytest.raises(ulak.ReadTimeout):
        session.get(server.url, timeout=0.15)
    assert session.get(server.url).content == b"good"


# -- uploads that are answered early -----------------------------------------


def refuses(answer: bytes, then: Callable[[RawConnection], None]) -> Callable:
    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(answer)
        then(connection)

    return script


REFUSAL = b"HTTP/1.1 413 Too Large\r\nContent-Length: 7\r\n\r\ntoo big"


def endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 65536


@pytest.mark.parametrize(
    "then",
    [
        lambda connection: connection.close(),
        lambda connection: connection.shutdown(),
        lambda connection: connection.hang(),
        lambda connection: connection.wait_closed(),
    ],
    ids=["close", "shutdown", "hang", "read on"],
)
@pytest.mark.parametrize("body", ["bytes", "iterator", "file"])
def test_an_early_answer_is_returned(
    session: ulak.Session, start_raw_server: StartRaw, tmp_path, then, body: str
) -> None:
    server = start_raw_server([refuses(REFUSAL, then), refuses(REFUSAL, then)])
    with contextlib.ExitStack() as stack:
        data: object = endless()
        if body == "bytes":
            data = b"x" * 20_000_000
        elif body == "file":
            path = tmp_path / "big"
            path.write_bytes(b"x" * 20_000_000)
            data = stack.enter_context(path.open("rb"))
        for count in (1, 2):
            if body == "iterator":
                data = endless()
            response = session.post(server.url, data=data, timeout=5)
            assert (response.status_code, response.content) == (413, b"too big")
            assert response.elapsed.total_seconds() < 4  # no time limit had to tell
            assert server.accepted == count  # and the connection is not used again


@pytest.mark.parametrize(
    "then",
    [
        lambda connection: connection.close(),
        lambda connection: connection.hang(),
        lambda connection: connection.wait_closed(),
    ],
    ids=["close", "hang", "read on"],
)
def test_an_early_answer_whose_body_breaks(
    session: ulak.Session, start_raw_server: StartRaw, then: Callable[[RawConnection], None]
) -> None:
    """What came of it before that is handed out, as of any other."""
    head = b"HTTP/1.1 413 Too Large\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = start_raw_server(refuses(head + b"7\r\ntoo big\r\nZZ\r\n", then))
    response = session.post(server.url, data=b"x" * 20_000_000, timeout=5, stream=True)
    assert response.status_code == 413
    came = []
    with pytest.raises(ulak.exceptions.ChunkedEncodingError):
        for piece in response.iter_content(4):
            came.append(piece)
    assert b"".join(came) == b"too big"


def test_an_early_answer_while_the_client_cannot_write(session, start_raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.pause(0.3)
        connection.send(REFUSAL)
        connection.hang()

    server = start_raw_server(script)
    response = session.post(server.url, data=b"x" * 20_000_000, timeout=5)
    assert response.content == b"too big"
    assert response.elapsed.total_seconds() < 4


def test_a_connection_that_breaks_during_an_upload(session, start_raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.reset()

    server = start_raw_server([script])
    with pytest.raises(ulak.ConnectionError):
        session.post(server.url, data=b"x" * 20_000_000, timeout=5)


# -- Expect: 100-continue ----------------------------------------------------

EXPECT = {"Expect": "100-continue"}


def test_the_body_waits_for_leave(session: ulak.Session, start_raw_server: StartRaw) -> None:
    early: list[bytes] = []

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.sock.settimeout(0.15)
        with contextlib.suppress(TimeoutError):
            early.append(connection.sock.recv(100))
        connection.sock.settimeout(5)
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert connection.recv_body(4) == b"body"
        connection.respond(b"thanks")

    server = start_raw_server(script)
    assert session.post(server.url, data=b"body", headers=EXPECT).content == b"thanks"
    assert not early


def test_no_leave_no_body(session: ulak.Session, start_raw_server: StartRaw) -> None:
    seen: list[bytes] = []

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.respond(b"no", status=b"417 Expectation Failed")
        connection.wait_closed()
        seen.append(bytes(connection.received))

    server = start_raw_server(script)
    response = session.post(server.url, data=b"B" * 1000, headers=EXPECT)
    assert response.status_code == 417
    session.close()
    server.stop()
    assert b"BBBB" not in seen[0]


def test_after_a_second_the_body_goes_anyway(session, start_raw_server: StartRaw) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"thanks")

    server = start_raw_server(script)
    response = session.post(server.url, data=b"body", headers=EXPECT)
    assert response.content == b"thanks"
    assert 0.9 < response.elapsed.total_seconds() < 3


def test_other_interim_answers_are_skipped(session, start_raw_server: StartRaw) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(
            b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        )
        connection.respond(b"final")

    server = start_raw_server(script)
    response = session.get(server.url)
    assert (response.status_code, response.content) == (200, b"final")
    assert "Link" not in response.headers


# -- threads and tasks -------------------------------------------------------


@pytest.mark.front("sync", "threads")
def test_threads_get_their_own_answers(http_server: HttpServer, session) -> None:
    def work(thread: int) -> int:
        crossed = 0
        for number in range(200):
            mark = f"{thread}-{number}"
            response = session.get(f"{http_server.url}/headers", headers={"X-Mark": mark})
            crossed += response.json()["headers"]["X-Mark"] != mark
        return crossed

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(work, range(16))) == 0
    assert http_server.connections <= 16


@pytest.mark.front("async", "tasks")
def test_tasks_get_their_own_answers(http_server: HttpServer, front: Front, session) -> None:
    real = front.real(session)

    async def work(task: int) -> int:
        crossed = 0
        for number in range(100):
            mark = f"{task}-{number}"
            response = await real.get(f"{http_server.url}/headers", headers={"X-Mark": mark})
            crossed += response.json()["headers"]["X-Mark"] != mark
        return crossed

    async def all_of_them() -> int:
        return sum(await asyncio.gather(*map(work, range(32))))

    assert front.run(all_of_them()) == 0
    assert http_server.connections <= 32


@pytest.mark.front("sync", "threads")
def test_threads_on_a_pool_that_blocks(http_server: HttpServer, front: Front) -> None:
    adapters = {"http://": front.narrow(3)}
    with front.session(adapters=adapters) as session, ThreadPoolExecutor(12) as pool:
        urls = [f"{http_server.url}/get?n={n}" for n in range(120)]
        answers = list(pool.map(lambda url: session.get(url).json()["args"]["n"], urls))
    assert answers == [str(n) for n in range(120)]
    assert http_server.connections <= 3


@pytest.mark.front("async", "tasks")
def test_tasks_on_few_connections(http_server: HttpServer, front: Front) -> None:
    with front.session(adapters={"http://": front.narrow(3)}) as session:

        async def ask(number: int) -> str:
            response = await front.real(session).get(f"{http_server.url}/get?n={number}")
            return response.json()["args"]["n"]

        async def all_of_them() -> list[str]:
            return await asyncio.gather(*map(ask, range(120)))

        assert front.run(all_of_them()) == [str(n) for n in range(120)]
    assert http_server.connections <= 3


# -- close -------------------------------------------------------------------


def until_close(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\n\r\npart")
    connection.hang()


def of_length(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart")
    connection.hang()


def in_chunks(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n")
    connection.hang()


def headless(connection: RawConnection) -> None:
    connection.recv_request()
    connection.hang()


@pytest.mark.parametrize(
    "script", [until_close, of_length, in_chunks, headless], ids=lambda x: x.__name__
)
@pytest.mark.parametrize("retries", [0, 3])
@pytest.mark.parametrize("tls", [False, True])
def test_close_ends_a_request_that_is_under_way(
    start_raw_server: StartRaw, front: Front, certificates, script, retries: int, tls: bool
) -> None:
    reading = threading.Event()

    def tells(connection: RawConnection) -> None:
        original = connection.hang
        connection.hang = lambda: (reading.set(), original())  # type: ignore[method-assign]
        script(connection)

    server = start_raw_server(tells, tls=certificates.server_context() if tls else None)
    session = front.session(verify=str(certificates.ca), retries=retries)
    begun = front.begin(session, "get", server.url)
    assert front.wait(reading)
    # The server has nothing more to say: the client is reading, or about to.
    session.close()
    with pytest.raises(SessionClosed):
        begun.result(5)
    assert server.accepted == 1


def test_close_ends_an_upload_that_is_under_way(start_raw_server: StartRaw, front: Front) -> None:
    started = threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        started.set()
        connection.hang()

    server = start_raw_server(script)
    session = front.session()
    begun = front.begin(session, "post", server.url, data=endless())
    assert front.wait(started)
    session.close()
    with pytest.raises(SessionClosed):
        begun.result(5)


def test_close_wakes_who_waits_for_a_connection(http_server: HttpServer, front: Front) -> None:
    session = front.session(adapters={"http://": front.narrow()})
    held = session.get(f"{http_server.url}/stream-bytes/1000000", stream=True)
    begun = front.begin(session, "get", f"{http_server.url}/get")
    with pytest.raises(TimeoutError):
        begun.result(0.1)
    session.close()
    with pytest.raises(SessionClosed):
        begun.result(5)
    held.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_still_dialled_at_close_is_not_sent(
    http_server: HttpServer, front: Front, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    asked, answer = threading.Event(), threading.Event()
    genuine = socket.getaddrinfo

    def slow(*args, **kwargs):
        asked.set()
        answer.wait(5)
        return genuine(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    session = front.session(trust_env=False)
    begun = front.begin(session, "request", method, f"{http_server.at('localhost')}/anything")
    assert front.wait(asked)
    session.close()
    answer.set()
    with pytest.raises(SessionClosed):
        begun.result(5)
    assert not http_server.requests


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"source_address": ("127.0.0.1", 70_000)}, InvalidOption, "source_address="),
        ({"source_address": ("127.0.0.1", -1)}, InvalidOption, "source_address="),
        ({"source_address": ("127.0.0.1",)}, InvalidOption, "source_address="),
        ({"source_address": ("127.0.0.1", "0")}, InvalidOption, "source_address="),
        ({"source_address": 5}, InvalidOption, "source_address="),
        ({"source_address": "no-name.invalid"}, ulak.ConnectionError, "source address 'no-name"),
        ({"source_address": ("no-name.invalid", 0)}, ulak.ConnectionError, "source address 'no-"),
        ({"socket_options": [(1, 2)]}, InvalidOption, "socket_options="),
        ({"socket_options": [(1, 2, "x")]}, InvalidOption, "socket_options="),
        ({"socket_options": [(1, 2, 1 << 80)]}, InvalidOption, "socket_options="),
    ],
)
def test_a_place_to_connect_from_that_makes_no_sense(
    http_server: HttpServer, front: Front, settings: dict[str, Any], error: type, said: str
) -> None:
    """It is no failure of TLS, nor of the server's name, nor anything but ulak's error."""

    class From(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs, **settings)

    adapter = From() if front.name == "sync" else front.HTTPAdapter(**settings)
    with front.session(adapters={"http://": adapter}) as session:
        with pytest.raises(error, match=said) as caught:
            session.get(f"{http_server.url}/get")
        assert type(caught.value) is error
    assert http_server.connections == 0


@pytest.mark.parametrize("url", ["http://host.example/", "https://host.example/"])
@pytest.mark.parametrize("proxy", [None, "http://proxy.example:1", "socks5://proxy.example:1"])
@pytest.mark.parametrize("limit", [None, 5])
@pytest.mark.parametrize("error", [ValueError("forbidden"), KeyError("forbidden")])
def test_what_stands_in_for_the_resolver_raises_arrives(
    session, monkeypatch, url: str, proxy: str | None, limit: float | None, error: Exception
) -> None:
    """A ValueError too, which from anything else on the way is a failure of TLS."""

    def forbid(*args: Any, **settings: Any) -> Any:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", forbid)
    with pytest.raises(type(error), match="forbidden") as caught:
        session.get(url, proxies={"all": proxy} if proxy else None, timeout=limit)
    assert caught.value.args == error.args
    assert not isinstance(caught.value, ulak.RequestException)


@pytest.mark.parametrize("proxy", [None, "http://slow.example:1", "socks5://slow.example:1"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_close_ends_the_lookup_that_is_under_way(
    front: Front, monkeypatch: pytest.MonkeyPatch, scheme: str, proxy: str | None
) -> None:
    """For each of two who wait for one lookup; another session's goes on waiting."""
    asked, answer, genuine = threading.Event(), threading.Event(), socket.getaddrinfo

    def slow(host: Any, *args: Any, **settings: Any) -> Any:
        if host not in (b"slow.example", "slow.example"):
            return genuine(host, *args, **settings)
        asked.set()
        answer.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    url = f"{scheme}://{'slow.example' if proxy is None else '127.0.0.1'}:1/"
    settings = {"trust_env": False, "timeout": 15, "proxies": {"all": proxy} if proxy else None}
    closed, other = front.session(**settings), front.session(**settings)
    begun = [front.begin(session, "get", url) for session in (closed, closed, other)]
    assert front.wait(asked)
    for one in begun:
        with pytest.raises(TimeoutError):
            one.result(0.1)
    start = time.monotonic()
    closed.close()
    for one in begun[:2]:
        with pytest.raises(SessionClosed):
            one.result(10)
    assert time.monotonic() - start < 2
    with pytest.raises(TimeoutError):
        begun[2].result(0.05)
    answer.set()
    with pytest.raises(ulak.ConnectionError, match="Temporary failure"):
        begun[2].result(10)
    other.close()


@pytest.mark.parametrize("proxy", [None, "forwards", "forwards by TLS", "is silent"])
def test_close_ends_the_handshake_that_is_under_way(
    start_raw_server, forward_proxy, tls_forward_proxy, front: Front, certificates, proxy
) -> None:
    """Whether of TLS with the origin, through a tunnel, in TLS, or with the proxy."""
    greeted = threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_body(1)
        greeted.set()
        connection.wait_closed()

    silent = f"https://127.0.0.1:{start_raw_server(script).port}"
    proxies = {
        "forwards": forward_proxy.url,
        "forwards by TLS": tls_forward_proxy.url,
        "is silent": silent,
    }
    settings = {"trust_env": False, "verify": str(certificates.ca), "timeout": 15}
    session = front.session(proxies={"https": proxies[proxy]} if proxy else None, **settings)
    begun = front.begin(session, "get", silent)
    assert front.wait(greeted)
    with pytest.raises(TimeoutError):
        begun.result(0.1)
    start = time.monotonic()
    session.close()
    with pytest.raises(SessionClosed):
        begun.result(10)
    assert time.monotonic() - start < 2


def test_close_ends_the_dialling_that_is_under_way(front: Front) -> None:
    with stalled_port() as port:
        session = front.session(trust_env=False)
        url = f"http://127.0.0.1:{port}/"
        begun = front.begin(session, "get", url, timeout=ulak.Timeout(connect=2))
        if front.name == "sync":
            wait_until_busy(begun, session.get_adapter(url).poolmanager.connection_from_url(url))
        with pytest.raises(TimeoutError):
            begun.result(0.1)
        start = time.monotonic()
        session.close()
        with pytest.raises(SessionClosed):
            begun.result(5)
        assert time.monotonic() - start < 3


def wait_until_busy(begun: Begun, pool) -> None:
    """Return when the thread has begun to dial."""
    for _ in range(100):
        if pool._busy:
            return
        with pytest.raises(TimeoutError):
            begun.result(0.02)


def test_a_body_cut_short_is_not_blamed_on_a_closed_session(session, start_raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart")

    server = start_raw_server(script)
    with (
        session.get(server.url, stream=True) as response,
        pytest.raises(ulak.exceptions.IncompleteBody),
    ):
        _ = response.content


# -- many hosts --------------------------------------------------------------


class EveryAddress:
    """A server on all of 127.0.0.0/8; each address is another host."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("0.0.0.0", 0), backlog=600)
        self.port = self._listener.getsockname()[1]
        self.accepted = 0
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._run)

    def url(self, number: int) -> str:
        return f"http://127.0.{number // 250 + 1}.{number % 250 + 1}:{self.port}/"

    def _run(self) -> None:
        import selectors

        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._stopped, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    sock = key.fileobj
                    if sock is self._stopped:
                        for open_one in list(selector.get_map().values()):
                            open_one.fileobj.close()  # type: ignore[union-attr]
                        return
                    if sock is self._listener:
                        accepted, _ = self._listener.accept()
                        self.accepted += 1
                        selector.register(accepted, selectors.EVENT_READ)
                        continue
                    if sock.recv(65536):  # type: ignore[union-attr]
                        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")  # type: ignore[union-attr]
                    else:
                        selector.unregister(sock)
                        sock.close()  # type: ignore[union-attr]

    def __enter__(self) -> EveryAddress:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.close()
        self._thread.join()


def count_calls(function: Callable[[], object]) -> int:
    import sys

    count = 0

    def profile(frame, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def test_five_hundred_hosts_keep_their_connections(session: ulak.Session) -> None:
    with EveryAddress() as server:
        urls = [server.url(number) for number in range(500)]
        for url in urls:
            assert session.get(url).content == b"ok"
        assert server.accepted == 500
        for url in urls[::-1]:
            assert session.get(url).content == b"ok"
        assert server.accepted == 500
        session.close()


@pytest.mark.front("sync", "a loop does more when the answer takes longer")
def test_a_request_costs_the_same_with_five_hundred_hosts(session: ulak.Session) -> None:
    with EveryAddress() as server:
        for _ in range(2):
            session.get(server.url(0))
        with_one = count_calls(lambda: session.get(server.url(0)))
        for number in range(500):
            session.get(server.url(number))
        session.get(server.url(0))
        assert count_calls(lambda: session.get(server.url(0))) <= with_one * 1.1
        session.close()


# The pools of these three are urllib3's, which there are on one front only.


def test_fewer_pools_when_asked(http_server: HttpServer, second_http_server: HttpServer) -> None:
    with ulak.Session(adapters={"http://": HTTPAdapter(pool_connections=1)}) as session:
        for _ in range(2):
            session.get(f"{http_server.url}/get")
            session.get(f"{second_http_server.url}/get")
    assert http_server.connections == second_http_server.connections == 2


class Crowded(HTTPAdapter):
    """Keeps one pool, and loses it to another thread between finding and using it."""

    def __init__(self, other: str) -> None:
        self.other = other
        super().__init__(pool_connections=1)

    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
        pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
        rival = ulak.Request("GET", self.other).prepare()
        super().get_connection_with_tls_context(rival, verify, proxies, cert)
        return pool


def test_a_pool_that_is_dropped_while_it_is_used_fails_no_request(
    http_server: HttpServer, second_http_server: HttpServer
) -> None:
    adapter = Crowded(second_http_server.url)
    with ulak.Session(adapters={"http://": adapter}) as session:
        for count in (1, 2):
            assert session.get(f"{http_server.url}/get").ok
            assert http_server.connections == count  # a dropped pool keeps nothing
        response = session.get(f"{http_server.url}/stream-bytes/300000", stream=True)
        assert session.get(f"{http_server.url}/get").ok
        assert len(response.content) == 300_000


# -- fork --------------------------------------------------------------------


@pytest.mark.front("sync", "a forked child cannot run its parent's loop")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "streaming"])
def test_a_forked_child_has_its_own_connections(
    http_server: HttpServer, session: ulak.Session, busy: bool
) -> None:
    @http_server.route("/who")
    def who(request) -> Answer:
        return Answer(str(request.connection).encode())

    assert session.get(f"{http_server.url}/who").content == b"0"
    streaming = (
        session.get(f"{http_server.url}/stream-bytes/1000000", stream=True) if busy else None
    )
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = session.get(f"{http_server.url}/who", timeout=5).content
            os.write(writer, said)
            session.close()
        except BaseException as error:
            os.write(writer, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    assert said == b"1"
    # The parent's connections were not disturbed by what the child did or closed.
    if streaming is not None:
        assert len(streaming.content) == 1_000_000
    assert session.get(f"{http_server.url}/who").content == b"0"


class _Interrupting(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if "HTTP/1.1" in record.getMessage():  # the exchange's, and not the pool's
            raise KeyboardInterrupt


def test_an_interrupt_while_it_is_logged_loses_no_place(http_server: HttpServer) -> None:
    adapter = HTTPAdapter(pool_maxsize=1, pool_block=True)
    log, handler = logging.getLogger("urllib3.connectionpool"), _Interrupting()
    level = log.level
    with ulak.Session(adapters={"http://": adapter}, timeout=ulak.Timeout(pool=1)) as session:
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
        try:
            with pytest.raises(KeyboardInterrupt) as kept:
                session.get(f"{http_server.url}/get")
        finally:
            log.removeHandler(handler)
            log.setLevel(level)
        assert session.get(f"{http_server.url}/get").ok
    assert kept.value is not None  # and what it holds


def test_a_handshake_needs_no_second_descriptor(
    start_raw_server: StartRaw, certificates: Certificates, monkeypatch
) -> None:
    def answers(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"fine")

    server = start_raw_server(answers, tls=certificates.server_context())

    def dup(self: socket.socket) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket.socket, "dup", dup)
    with ulak.Session(verify=str(certificates.ca)) as session:
        assert session.get(server.url).content == b"fine"
