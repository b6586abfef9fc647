"""requests-unixsocket: an adapter with pools and connections of urllib3, over a socket file."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
import requests_unixsocket

from tests.support.messages import Incoming, PeerClosed, ReceivedRequest
from tests.support.routes import Routes


@contextlib.contextmanager
def serving(path: Path) -> Iterator[list[bytes]]:
    """The routes of the test server at a socket file; gives the request heads as they come."""
    stopping = threading.Event()
    routes, heads, open_sockets = Routes(stopping), [], []

    def serve(sock: socket.socket) -> None:
        incoming = Incoming(sock)
        with sock, contextlib.suppress(PeerClosed, OSError):
            while True:
                head = incoming.head()
                body = b"".join(piece for piece, _ in incoming.framed_body(head))
                heads.append(head)
                request = ReceivedRequest(head, body, body, 0)
                routes.answer(request).send(sock, request.method)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                if stopping.is_set():
                    sock.close()
                    return
                open_sockets.append(sock)
                threads.append(threading.Thread(target=serve, args=[sock], daemon=True))
                threads[-1].start()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        threads = [threading.Thread(target=accept, daemon=True)]
        threads[0].start()
        try:
            yield heads
        finally:
            stopping.set()
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(path))
            for sock in open_sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(5)


@pytest.fixture
def server(tmp_path: Path):
    with serving(tmp_path / "s") as heads:
        yield heads


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"http+unix://{quote(str(tmp_path / 's'), safe='')}"


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_every_method(server, url: str, method: str) -> None:
    with requests_unixsocket.Session() as session:
        response = getattr(session, method)(f"{url}/{method}?q=a%20b", params={"page": 2})
    assert response.status_code == 200
    assert response.json()["target"] == f"/{method}?q=a%20b&page=2"
    assert response.json()["headers"]["Host"] == "localhost"
    assert isinstance(response.connection, requests_unixsocket.UnixAdapter)


def test_bodies_both_ways(server, url: str) -> None:
    with requests_unixsocket.Session() as session:
        assert session.post(f"{url}/post", json={"a": 1}).json()["json"] == {"a": 1}
        assert session.post(f"{url}/post", data=iter([b"x", b"y"])).json()["data"] == "xy"
        assert len(session.get(f"{url}/stream-bytes/100000").content) == 100_000
        assert session.get(f"{url}/gzip").json()["method"] == "GET"
        with session.get(f"{url}/stream/5", stream=True) as response:
            assert len(list(response.iter_lines())) == 5


def test_functions(server, url: str) -> None:
    assert requests_unixsocket.get(f"{url}/get").status_code == 200
    assert requests_unixsocket.head(f"{url}/get").content == b""


def test_patching_requests_itself(server, url: str) -> None:
    with pytest.raises(requests.exceptions.InvalidSchema):
        requests.get(f"{url}/get")
    with requests_unixsocket.monkeypatch():
        assert requests.get(f"{url}/get").status_code == 200
        assert requests.get is requests_unixsocket.get
    with pytest.raises(requests.exceptions.InvalidSchema):
        requests.get(f"{url}/get")


def test_no_one_listens(url: str) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        requests_unixsocket.get(f"{url}/get")
