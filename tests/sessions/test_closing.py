"""Closing a session over a request that is between two exchanges, on both fronts."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from urllib3.util import Retry

from tests.support import RawConnection, RawServer
from tests.support.fronts import Front
from ulak.exceptions import SessionClosed

PATIENT = Retry(1, status_forcelist=[503])


@pytest.fixture(params=["as it is", "with a send of its own"])
def kind(request: pytest.FixtureRequest, front: Front) -> type[Any]:
    """A session, and a subclass that is asked to send each hop anew."""
    if request.param == "as it is":
        return front.Session

    class Sending(front.Session):
        def send(self, request, **settings):
            return super().send(request, **settings)

    return Sending


def test_in_the_body_of_a_redirect(start_raw_server, front: Front, kind: type[Any]) -> None:
    """The next hop is not begun, which would open what was closed."""
    moved = threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 10\r\n\r\n12345")
        moved.set()
        connection.wait_closed()

    server: RawServer = start_raw_server(script)
    session = front.open(kind(timeout=20))
    begun = front.begin(session, "get", f"{server.url}/first")
    assert front.wait(moved)
    with pytest.raises(TimeoutError):
        begun.result(0.1)
    session.close()
    with pytest.raises(SessionClosed):
        begun.result(5)
    server.stop()
    assert server.accepted == 1
    assert b"/next" not in server.received


def test_in_the_pause_before_a_retry(start_raw_server, front: Front, kind: type[Any]) -> None:
    """It is not slept to its end."""
    answered = threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"", b"Retry-After: 10", status=b"503 Busy")
        answered.set()
        connection.wait_closed()

    server: RawServer = start_raw_server(script)
    session = front.open(kind(retries=PATIENT, timeout=20))
    begun = front.begin(session, "get", server.url)
    assert front.wait(answered)
    with pytest.raises(TimeoutError):
        begun.result(0.1)
    start = time.monotonic()
    session.close()
    with pytest.raises(SessionClosed) as caught:
        begun.result(5)
    assert time.monotonic() - start < 5
    assert server.accepted == 1
    assert str(caught.value) == f"GET {server.url}/: the session was closed"
    assert caught.value.request.url == f"{server.url}/"


def test_every_pause_ends(start_raw_server, front: Front) -> None:
    together, all_paused = threading.Barrier(3, timeout=5), threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"", b"Retry-After: 10", b"Connection: close", status=b"503 Busy")
        together.wait()
        all_paused.set()

    server: RawServer = start_raw_server(script)
    session = front.session(retries=PATIENT, timeout=20)
    begun = [front.begin(session, "get", server.url) for _ in range(3)]
    assert front.wait(all_paused)
    with pytest.raises(TimeoutError):
        begun[0].result(0.1)
    session.close()
    for one in begun:
        with pytest.raises(SessionClosed):
            one.result(5)


def test_what_begins_afterwards_is_not_affected(http_server, front: Front, kind: type[Any]) -> None:
    with front.open(kind(retries=1)) as session:
        for _ in range(2):
            assert session.get(f"{http_server.url}/redirect/2").ok
            session.close()
        params = {"key": "a", "fails": "1", "retry_after": "0"}
        assert session.get(f"{http_server.url}/retry", params=params).ok
