"""Waiting for a socket where the system has no ``poll``: on Windows, under green threads."""

from __future__ import annotations

import errno
import select
import socket

import pytest

import ulak
from tests.support import HttpServer, RawConnection


@pytest.fixture(autouse=True)
def no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll")


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest) -> HttpServer:
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture
def trusting(certificates, session: ulak.Session) -> ulak.Session:
    session.verify = str(certificates.ca)
    return session


def test_requests_and_large_uploads(server: HttpServer, trusting: ulak.Session) -> None:
    for _ in range(3):
        assert trusting.get(f"{server.url}/get").ok
    assert trusting.post(f"{server.url}/sink", data=b"x" * 3_000_000).json()["size"] == 3_000_000
    assert trusting.post(f"{server.url}/post", data=iter([b"a", b"b"])).json()["data"] == "ab"
    assert server.connections == 1


def _idle_connection(session: ulak.Session, url: str):
    request = ulak.Request("GET", url).prepare()
    adapter = session.get_adapter(url)
    pool = adapter.get_connection_with_tls_context(request, session.verify)
    (connection,) = pool._idle
    return connection


def test_a_stale_connection_is_seen(server: HttpServer, trusting: ulak.Session) -> None:
    url = f"{server.url}/get"
    assert trusting.get(url).ok
    connection = _idle_connection(trusting, url)
    server.drop_connections()
    assert select.select([connection.sock], [], [], 5)[0]
    assert trusting.post(url.replace("get", "post"), data=b"x").ok
    assert server.connections == 2


def test_an_answer_in_the_middle_of_an_upload(start_raw_server, session: ulak.Session) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.respond(b"too big", status=b"413 Too Large")
        connection.hang()

    response = session.post(start_raw_server(script).url, data=b"x" * 20_000_000, timeout=5)
    assert (response.status_code, response.content) == (413, b"too big")


def test_a_server_that_takes_nothing(start_raw_server, session: ulak.Session) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.hang()

    timeout = ulak.Timeout(write=0.2)
    with pytest.raises(ulak.exceptions.WriteTimeout):
        session.post(start_raw_server(script).url, data=b"x" * 30_000_000, timeout=timeout)


class Green(socket.socket):
    """A socket as gevent has them: one that is closed fails whatever it is asked for."""

    def __getattr__(self, name: str) -> None:
        if self.fileno() == -1:
            raise OSError(errno.EBADF, "Bad file descriptor")
        raise AttributeError(name)


def test_closing_passes_over_what_was_dialled_and_is_closed(
    http_server: HttpServer, session: ulak.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", Green)
    response = session.get(f"{http_server.url}/stream-bytes/1000000", stream=True)
    response.raw.connection._awaited = closed = Green()
    closed.close()
    session.close()
    with pytest.raises(ulak.exceptions.SessionClosed):
        response.content  # noqa: B018
