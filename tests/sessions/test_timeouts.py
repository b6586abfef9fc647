"""Time limits of every kind: the class of the error, and that it comes in time."""

from __future__ import annotations

import contextlib
import itertools
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import ulak
from tests.support import HttpServer, RawConnection, RawServer, free_port, stalled_port
from tests.support.fronts import Front
from ulak import Timeout
from ulak._policy.steps import SKIM_LIMIT, SKIM_TIME
from ulak.exceptions import (
    BodyReadTimeout,
    ConnectTimeout,
    PoolTimeout,
    ReadTimeout,
    TotalTimeout,
    WriteTimeout,
)

StartRaw = Callable[..., RawServer]

#: How much later than its limit an error may come here.  What is promised is 0.25 s;
#: the rest is for a machine that is busy with something else.
SLACK = 1.0
LIMIT = 0.3
#: Where nothing has to happen before it: there are many such cases.
SHORT = 0.12
BIG = b"x" * 30_000_000


@contextlib.contextmanager
def within(limit: float, *, at_least: float | None = None) -> Iterator[None]:
    """The block ends not before ``limit`` seconds and not long after."""
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    least = limit * 0.9 if at_least is None else at_least
    assert least <= took <= limit + SLACK, f"took {took:.2f} s, limit {limit} s"


def silent(connection: RawConnection) -> None:
    connection.recv_request()
    connection.hang()


def takes_nothing(connection: RawConnection) -> None:
    connection.recv_head()
    connection.hang()


# -- connect -----------------------------------------------------------------


def test_connect(session: ulak.Session) -> None:
    with stalled_port() as port, within(LIMIT), pytest.raises(ConnectTimeout) as caught:
        session.get(f"http://127.0.0.1:{port}/", timeout=Timeout(connect=LIMIT))
    assert isinstance(caught.value, ulak.ConnectionError)
    assert isinstance(caught.value, ulak.exceptions.Timeout)
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert " at 0x" not in str(caught.value)


@pytest.mark.parametrize("timeout", [LIMIT, (LIMIT, 9), Timeout(total=LIMIT)])
def test_connect_by_other_spellings(session: ulak.Session, timeout) -> None:
    kind = TotalTimeout if isinstance(timeout, Timeout) else ConnectTimeout
    with stalled_port() as port, within(LIMIT), pytest.raises(kind):
        session.get(f"http://127.0.0.1:{port}/", timeout=timeout)


def test_connect_covers_the_tls_handshake(
    session: ulak.Session, start_raw_server: StartRaw
) -> None:
    server = start_raw_server(lambda connection: connection.hang())
    url = server.url.replace("http:", "https:")
    with within(LIMIT), pytest.raises(ConnectTimeout):
        session.get(url, timeout=Timeout(connect=LIMIT))


def test_connect_covers_every_address(
    session: ulak.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stalled_port() as port:
        infos = socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: infos * 4)
        with within(LIMIT), pytest.raises(ConnectTimeout):
            session.get(f"http://many.example:{port}/", timeout=Timeout(connect=LIMIT))


def test_connect_covers_the_name_server(
    session: ulak.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def slow(*args: object, **kwargs: object):
        release.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with within(LIMIT), pytest.raises(ConnectTimeout):
        session.get("http://slow.example/", timeout=Timeout(connect=LIMIT))
    release.set()


def test_a_refused_connection_is_no_timeout(session: ulak.Session) -> None:
    with pytest.raises(ulak.ConnectionError) as caught:
        session.get(f"http://127.0.0.1:{free_port()}/", timeout=5)
    assert not isinstance(caught.value, ulak.exceptions.Timeout)


# -- read --------------------------------------------------------------------


@pytest.mark.parametrize("timeout", [LIMIT, (9, LIMIT), Timeout(read=LIMIT)])
def test_read_before_the_head(session, start_raw_server: StartRaw, timeout) -> None:
    server = start_raw_server(silent)
    with within(LIMIT), pytest.raises(ReadTimeout) as caught:
        session.get(server.url, timeout=timeout)
    assert not isinstance(caught.value, ulak.ConnectionError)
    assert "None" not in str(caught.value)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "begin",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\n\r\nab",
    ],
    ids=["length", "chunked", "close"],
)
def test_read_in_the_body(
    session: ulak.Session, start_raw_server: StartRaw, begin: bytes, stream: bool
) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(begin)
        connection.hang()

    server = start_raw_server(script)
    with within(LIMIT), pytest.raises(BodyReadTimeout) as caught:
        _ = session.get(server.url, timeout=LIMIT, stream=stream).content
    assert isinstance(caught.value, ReadTimeout)
    assert isinstance(caught.value, ulak.ConnectionError)
    assert caught.value.request.url == server.url + "/"


def test_read_counts_anew_for_each_byte(session: ulak.Session, start_raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 0.01)

    server = start_raw_server(script)
    assert session.get(server.url, timeout=0.25).content == b"x"


def test_after_a_timeout_the_connection_is_not_used_again(http_server, session) -> None:
    with pytest.raises(ReadTimeout):
        session.get(f"{http_server.url}/delay/0.4", timeout=0.2)
    assert session.get(f"{http_server.url}/get?second").json()["target"] == "/get?second"
    assert http_server.connections == 2


# -- write -------------------------------------------------------------------


def endless() -> Iterator[bytes]:
    return itertools.repeat(b"x" * 65536)


@pytest.mark.parametrize("body", [BIG, "iterator", "file"], ids=["bytes", "iterator", "file"])
def test_write(session: ulak.Session, start_raw_server: StartRaw, tmp_path, body) -> None:
    server = start_raw_server(takes_nothing)
    with contextlib.ExitStack() as stack:
        if body == "iterator":
            body = endless()
        elif body == "file":
            path = tmp_path / "big"
            path.write_bytes(BIG)
            body = stack.enter_context(path.open("rb"))
        with within(LIMIT), pytest.raises(WriteTimeout):
            session.post(server.url, data=body, timeout=Timeout(write=LIMIT))


@pytest.mark.parametrize("tls", [False, True])
def test_write_is_not_prolonged_by_an_answer_that_drips(
    session: ulak.Session, start_raw_server: StartRaw, certificates, tls: bool
) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.drip(b"HTTP/1.1 413 No" + b"o" * 40, LIMIT / 5)

    server = start_raw_server(script, tls=certificates.server_context() if tls else None)
    session.verify = str(certificates.ca)
    with within(LIMIT), pytest.raises(WriteTimeout):
        session.post(server.url, data=BIG, timeout=Timeout(write=LIMIT, read=9))


@pytest.mark.skipif(sys.platform != "linux", reason="what was taken is known on Linux alone")
@pytest.mark.parametrize("tls", [False, True])
def test_write_counts_from_what_was_taken_last(
    session: ulak.Session, start_raw_server: StartRaw, certificates, tls: bool
) -> None:
    """Little is taken at a time, so that there is no room for more on our side for long."""

    def script(connection: RawConnection) -> None:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.recv_head()
        with contextlib.suppress(OSError):
            while connection.sock.recv(65536):
                connection.pause(0.02)

    server = start_raw_server(script, tls=certificates.server_context() if tls else None)
    session.verify = str(certificates.ca)
    with within(2.4), pytest.raises(TotalTimeout):
        session.post(server.url, data=BIG, timeout=Timeout(write=0.8, read=9, total=2.4))


def test_write_is_as_long_as_read_by_default(session, start_raw_server: StartRaw) -> None:
    server = start_raw_server(takes_nothing)
    with within(LIMIT), pytest.raises(WriteTimeout) as caught:
        session.post(server.url, data=BIG, timeout=LIMIT)
    assert isinstance(caught.value, ulak.ConnectionError)


# -- pool --------------------------------------------------------------------


@pytest.fixture
def narrow(front: Front) -> Iterator[ulak.Session]:
    """A session that has one connection to each origin."""
    with front.session(adapters={"http://": front.narrow()}) as session:
        yield session


@pytest.mark.parametrize(
    ("timeout", "error"), [(Timeout(pool=LIMIT), PoolTimeout), (Timeout(total=LIMIT), TotalTimeout)]
)
def test_pool(http_server: HttpServer, narrow: ulak.Session, timeout: Timeout, error) -> None:
    with narrow.get(f"{http_server.url}/drip?numbytes=99&duration=9", stream=True):
        with within(LIMIT), pytest.raises(error) as caught:
            narrow.get(f"{http_server.url}/get", timeout=timeout)
        assert isinstance(caught.value, ulak.ConnectionError)
    assert narrow.get(f"{http_server.url}/get", timeout=5).status_code == 200


def test_a_waiter_gets_the_connection_when_it_is_free(http_server, front: Front, narrow) -> None:
    first = narrow.get(f"{http_server.url}/stream-bytes/300000", stream=True)
    waiter = front.begin(narrow, "get", f"{http_server.url}/get", timeout=5)
    with pytest.raises(TimeoutError):
        waiter.result(0.05)
    assert len(first.content) == 300_000
    assert waiter.result(5).status_code == 200
    assert http_server.connections == 1


# -- total -------------------------------------------------------------------


def forever() -> Iterator[int]:
    return itertools.count()


def drip_head(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\n")
    connection.drip((b"X-%d: y\r\n" % n for n in forever()), 0.02)


def drip_status(connection: RawConnection) -> None:
    connection.recv_request()
    connection.drip(b"HTTP/1.1 200 " + b"O" * 999, 0.02)


def drip_length(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n")
    connection.drip((b"x" for _ in forever()), 0.02)


def drip_chunks(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.drip((b"1\r\nx\r\n" for _ in forever()), 0.02)


def drip_chunk_size(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    connection.drip((b"e" for _ in forever()), 0.02)


def drip_trailers(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    connection.drip((b"X-%d: y\r\n" % n for n in forever()), 0.02)


def drip_until_close(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
    connection.drip((b"x" for _ in forever()), 0.02)


def drip_interim(connection: RawConnection) -> None:
    connection.recv_request()
    connection.drip((b"HTTP/1.1 103 Early Hints\r\n\r\n" for _ in range(60)), 0.02)


def drip_redirects(connection: RawConnection) -> None:
    for number in forever():
        connection.recv_request()
        connection.pause(0.05)
        connection.respond(b"", b"Location: /%d" % number, status=b"302 Found")


def drip_redirect_body(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 99999\r\n\r\n")
    connection.drip((b"x" for _ in forever()), 0.02)


def drip_gzip(connection: RawConnection) -> None:
    import gzip

    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    connection.drip(gzip.compress(bytes(range(256)) * 40), 0.02)


def expand_to_nothing(connection: RawConnection) -> None:
    """A million empty streams in another, and a fault, in one packet."""
    import gzip

    connection.recv_request()
    body = gzip.compress(gzip.compress(b"") * 1_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.send(head + b"%x\r\n%b\r\nZZ\r\n" % (len(body), body))
    connection.hang()


def drip_challenges(connection: RawConnection) -> None:
    for number in forever():
        connection.recv_request()
        connection.pause(0.05)
        challenge = b'WWW-Authenticate: Digest realm="r", nonce="%d", stale=true' % number
        connection.respond(b"", challenge, status=b"401 Unauthorized")


def drip_upload(connection: RawConnection) -> None:
    connection.recv_head()
    while True:
        connection.sock.recv(1000)
        connection.pause(0.02)


DRIPS = [
    silent,
    drip_status,
    drip_head,
    drip_length,
    drip_chunks,
    drip_chunk_size,
    drip_trailers,
    drip_until_close,
    drip_interim,
    drip_redirects,
    drip_redirect_body,
    drip_gzip,
    expand_to_nothing,
    drip_challenges,
]


@pytest.mark.parametrize("script", DRIPS, ids=lambda x: x.__name__)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_total(session: ulak.Session, start_raw_server: StartRaw, script, stream: bool) -> None:
    server = start_raw_server(script)
    session.max_redirects = 10_000
    with within(SHORT), pytest.raises(TotalTimeout) as caught:
        response = session.get(
            server.url,
            timeout=Timeout(total=SHORT),
            stream=stream,
            auth=ulak.auth.HTTPDigestAuth("u", "p"),
        )
        for _ in response.iter_content(3):
            pass
    assert isinstance(caught.value, ulak.ConnectionError)
    assert isinstance(caught.value, ulak.exceptions.Timeout)
    assert caught.value.request is not None


def redirects_late(connection: RawConnection) -> None:
    connection.recv_request()
    connection.pause(0.2)
    connection.respond(b"", b"Location: /next", status=b"302 Found")
    connection.recv_request()
    connection.hang()


def challenges_late(connection: RawConnection) -> None:
    connection.recv_request()
    connection.pause(0.2)
    connection.respond(
        b"", b'WWW-Authenticate: Digest realm="r", nonce="n"', status=b"401 Unauthorized"
    )
    connection.recv_request()
    connection.hang()


def refuses_late(connection: RawConnection) -> None:
    connection.recv_request()
    connection.pause(0.2)
    connection.respond(b"", b"Retry-After: 0", status=b"503 Busy")
    connection.recv_request()
    connection.hang()


@pytest.mark.parametrize(
    "script", [redirects_late, challenges_late, refuses_late], ids=lambda x: x.__name__
)
def test_the_second_exchange_has_what_the_first_left(session, start_raw_server, script) -> None:
    server = start_raw_server(script)
    start = time.monotonic()
    with pytest.raises(TotalTimeout):
        session.get(
            server.url,
            timeout=Timeout(total=LIMIT),
            retries=1,
            auth=ulak.auth.HTTPDigestAuth("u", "p"),
        )
    assert LIMIT * 0.9 < time.monotonic() - start < LIMIT + SLACK


@pytest.mark.parametrize("script", [takes_nothing, drip_upload], ids=lambda x: x.__name__)
@pytest.mark.parametrize("body", [BIG, "iterator"], ids=["bytes", "iterator"])
def test_total_of_an_upload(session, start_raw_server: StartRaw, script, body) -> None:
    server = start_raw_server(script)
    with within(SHORT), pytest.raises(TotalTimeout):
        data = endless() if body == "iterator" else body
        session.post(server.url, data=data, timeout=Timeout(total=SHORT))


def test_total_while_leave_to_send_is_awaited(session, start_raw_server: StartRaw) -> None:
    server = start_raw_server(takes_nothing)
    with within(LIMIT), pytest.raises(TotalTimeout):
        session.post(
            server.url,
            data=b"x",
            headers={"Expect": "100-continue"},
            timeout=Timeout(total=LIMIT),
        )


@pytest.mark.parametrize("after", ["5", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_total_is_shorter_than_retry_after(http_server: HttpServer, session, after: str) -> None:
    params = {"key": after, "fails": "9", "retry_after": after}
    with within(LIMIT, at_least=0), pytest.raises(TotalTimeout) as caught:
        session.get(
            f"{http_server.url}/retry", params=params, retries=3, timeout=Timeout(total=LIMIT)
        )
    assert caught.value.response.status_code == 503


def test_total_over_retries_of_broken_connections(session, start_raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.pause(0.1)
        connection.reset()

    server = start_raw_server(script)
    with within(LIMIT, at_least=0), pytest.raises(ulak.ConnectionError):
        session.get(server.url, retries=100, timeout=Timeout(total=LIMIT))
    assert 2 <= server.accepted <= 5


def test_total_counts_from_the_call(http_server: HttpServer, session: ulak.Session) -> None:
    """A caller that is slow to read a stream uses its own time."""
    response = session.get(
        f"{http_server.url}/drip?numbytes=4&duration=0.8", stream=True, timeout=Timeout(total=LIMIT)
    )
    with pytest.raises(TotalTimeout):
        _ = response.content


def test_total_of_one_call_is_not_that_of_the_next(http_server: HttpServer, session) -> None:
    for _ in range(3):
        session.get(f"{http_server.url}/delay/0.15", timeout=Timeout(total=LIMIT))
    session.get(f"{http_server.url}/delay/0.4", timeout=5)
    assert http_server.connections == 1


def test_no_timeout_at_all(http_server: HttpServer, session: ulak.Session) -> None:
    assert session.get(f"{http_server.url}/delay/0.1", timeout=None).status_code == 200


@pytest.mark.parametrize("timeout", [1e300, float("inf"), 10**20, Timeout(total=1e300)])
def test_limits_beyond_what_the_system_can_count(http_server, session, timeout) -> None:
    assert session.get(f"{http_server.url}/get", timeout=timeout).status_code == 200


def test_urllib3s_timeout(http_server: HttpServer, session: ulak.Session) -> None:
    import urllib3

    with pytest.raises(ReadTimeout):
        session.get(f"{http_server.url}/delay/5", timeout=urllib3.Timeout(connect=5, read=0.2))


@pytest.mark.parametrize("key", ["total"])
def test_urllib3s_total_is_a_deadline(session, start_raw_server: StartRaw, key: str) -> None:
    import urllib3

    server = start_raw_server(drip_head)
    with within(LIMIT), pytest.raises(ulak.exceptions.Timeout):
        session.get(server.url, timeout=urllib3.Timeout(**{key: LIMIT}))


@pytest.mark.parametrize("status", [b"302 Found", b"401 Unauthorized", b"503 Busy"])
def test_a_body_that_nobody_asked_for_is_not_waited_for(
    session: ulak.Session, start_raw_server: StartRaw, status: bytes
) -> None:
    def stalls(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(
            b"HTTP/1.1 " + status + b"\r\nLocation: /next\r\nRetry-After: 0\r\n"
            b'WWW-Authenticate: Digest realm="r", nonce="n"\r\nContent-Length: 99\r\n\r\npart'
        )
        connection.hang()

    def answers(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"fine")

    server = start_raw_server([stalls, answers])
    auth = ulak.auth.HTTPDigestAuth("u", "p")
    with within(SKIM_TIME):
        response = session.get(server.url, timeout=(1, 9), retries=1, auth=auth)
    assert response.content == b"fine"


def test_a_body_of_a_redirect_is_not_waited_for_beyond_what_is_read_of_it(
    session: ulak.Session, start_raw_server: StartRaw
) -> None:
    def stalls(connection: RawConnection) -> None:
        connection.recv_request()
        head = b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: %d\r\n\r\n"
        connection.send(head % (SKIM_LIMIT + 1) + b"x" * SKIM_LIMIT)
        connection.hang()

    def answers(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"fine")

    server = start_raw_server([stalls, answers])
    with within(0):  # and not SKIM_TIME
        response = session.get(server.url, timeout=9)
    assert response.content == b"fine"
    assert response.history[0].content == b"x" * SKIM_LIMIT
