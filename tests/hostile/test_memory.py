"""P7: what a server sends costs bounded memory and bounded reading."""

from __future__ import annotations

import itertools
import threading
import tracemalloc
from collections.abc import Callable

import pytest

import ulak
from tests.support import RawConnection, RawServer

LIMIT = 4_000_000


def peak(function: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture
def flooding(start_raw_server) -> Callable[..., tuple[RawServer, list[int]]]:
    """A server that sends a beginning and then a piece for ever; counts the bytes that went out."""

    def start(begin: bytes, piece: bytes) -> tuple[RawServer, list[int]]:
        sent = [0]
        ended = threading.Event()

        def script(connection: RawConnection) -> None:
            connection.recv_request()
            connection.send(begin)
            for _ in itertools.repeat(None):
                connection.send(piece)
                sent[0] += len(piece)
            ended.set()

        return start_raw_server(script), sent

    return start


FLOODS = {
    "a status line": (b"HTTP/1.1 200 ", b"O" * 65536),
    "a field": (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536),
    "a field's name": (b"HTTP/1.1 200 OK\r\n", b"X" * 65536),
    "fields": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000),
    "folds": (b"HTTP/1.1 200 OK\r\nX: y\r\n", b" y\r\n" * 1000),
    "interim answers": (b"", b"HTTP/1.1 103 Hints\r\nX: y\r\n\r\n" * 100),
    "trailers": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"X: y\r\n" * 1000,
    ),
    "an extension": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;",
        b"x" * 65536,
    ),
    "a size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0" * 65536),
    "blank lines": (b"", b"\r\n" * 10_000),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_ends_at_once(flooding, session: ulak.Session, name: str) -> None:
    server, _ = flooding(*FLOODS[name])

    def ask() -> None:
        with pytest.raises(ulak.RequestException) as caught:
            session.get(server.url)
        assert not isinstance(caught.value, ulak.exceptions.Timeout)

    assert peak(ask) < LIMIT


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_body_of_a_redirect(flooding, session: ulak.Session, status: int) -> None:
    begin = b"HTTP/1.1 %d X\r\nLocation: /next\r\n\r\n" % status
    server, _ = flooding(begin, b"x" * 65536)

    def ask() -> None:
        session.max_redirects = 2
        with pytest.raises(ulak.TooManyRedirects) as caught:
            session.get(server.url)
        assert all(len(x.content) <= 65536 for x in caught.value.response.history)

    assert peak(ask) < LIMIT


def test_the_body_of_a_challenge(flooding, session: ulak.Session) -> None:
    begin = b'HTTP/1.1 401 X\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n\r\n'
    server, _ = flooding(begin, b"x" * 65536)

    def ask() -> None:
        auth = ulak.auth.HTTPDigestAuth("u", "p")
        with session.get(server.url, auth=auth, stream=True) as response:
            assert response.status_code == 401

    assert peak(ask) < LIMIT


def test_the_body_of_a_refused_attempt(flooding, session: ulak.Session) -> None:
    server, _ = flooding(b"HTTP/1.1 503 X\r\nRetry-After: 0\r\n\r\n", b"x" * 65536)

    def ask() -> None:
        with session.get(server.url, retries=2, stream=True) as response:
            assert response.status_code == 503

    assert peak(ask) < LIMIT
    assert server.accepted == 3


def test_a_stream_is_read_in_bounded_memory(flooding, session: ulak.Session) -> None:
    server, _ = flooding(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)

    def ask() -> None:
        with session.get(server.url, stream=True) as response:
            total = 0
            for piece in response.iter_content(10_000):
                total += len(piece)
                if total > 20_000_000:
                    break

    assert peak(ask) < LIMIT


def test_closing_reads_nothing_more(flooding, session: ulak.Session) -> None:
    server, sent = flooding(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)
    with session.get(server.url, stream=True):
        pass
    session.close()
    server.stop()
    assert sent[0] < 20_000_000
