"""docker: a session whose adapter speaks to a Unix socket, and whose streams reach below urllib3.

The daemon is played by a small server on such a socket.
"""

from __future__ import annotations

import json
import socketserver
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import docker
import pytest

_PREFIX = "/v1.44"
_VERSION = {"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Version": "25.0.0", "Os": "linux"}
_CONTAINERS = [{"Id": "c0ffee", "Names": ["/courier"], "Image": "ulak:latest", "State": "running"}]
_PULL = [
    {"status": "Pulling from library/ulak", "id": "latest"},
    {"status": "Downloading", "progressDetail": {"current": 1, "total": 2}, "id": "layer"},
    {"status": "Status: Downloaded newer image for ulak:latest"},
]
_EVENTS = [{"Type": "container", "Action": action, "id": "c0ffee"} for action in ("start", "die")]


def frame(stream: int, data: bytes) -> bytes:
    """One frame of an attached container's output, as the daemon multiplexes it."""
    return struct.pack(">BxxxL", stream, len(data)) + data


class Daemon(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """What a docker daemon says, as much as the tests below ask."""

    daemon_threads = True

    def __init__(self, path: str) -> None:
        super().__init__(path, Handler)
        #: Method, path, parameters and body of each request.
        self.seen: list[tuple[str, str, dict[str, list[str]], bytes]] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Daemon

    def do_GET(self) -> None:
        path = self.note()
        if path == "/_ping":
            self.whole(b"OK", "text/plain")
        elif path == "/version":
            self.say(_VERSION)
        elif path == "/containers/json":
            self.say(_CONTAINERS)
        elif path == "/containers/c0ffee/json":
            self.say({"Id": "c0ffee", "Config": {"Tty": False}})
        elif path == "/containers/c0ffee/logs":
            self.pieces([frame(1, b"out\n"), frame(2, b"err\n"), frame(1, b"more\n")])
        elif path == "/events":
            self.pieces([json.dumps(event).encode() + b"\n" for event in _EVENTS])
        elif path == "/containers/c0ffee/export":
            self.pieces([b"tar" * 1000] * 3)
        else:
            self.say({"message": f"No such container: {path}"}, 404)

    def do_POST(self) -> None:
        path = self.note()
        if path == "/images/create":
            self.pieces([json.dumps(line).encode() + b"\r\n" for line in _PULL])
        elif path == "/containers/create":
            self.say({"Id": "c0ffee", "Warnings": []}, 201)
        elif path == "/containers/c0ffee/start":
            self.send_response(204)
            self.end_headers()
        else:
            self.say({"message": "no such path"}, 404)

    def note(self) -> str:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, parts.path, parse_qs(parts.query), body))
        return parts.path.removeprefix(_PREFIX)

    def say(self, value: object, status: int = 200) -> None:
        self.whole(json.dumps(value).encode(), "application/json", status)

    def whole(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pieces(self, pieces: list[bytes]) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        """A test's output is its own."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(str(tmp_path / "docker.sock")) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="daemon")
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)


@pytest.fixture
def client(daemon: Daemon) -> Iterator[docker.APIClient]:
    client = docker.APIClient(base_url=f"unix://{daemon.server_address}", version="1.44")
    yield client
    client.close()


def test_ping_and_version(client: docker.APIClient, daemon: Daemon) -> None:
    assert client.ping() is True
    assert client.version()["Version"] == "25.0.0"
    assert [path for _, path, _, _ in daemon.seen] == [f"{_PREFIX}/_ping", f"{_PREFIX}/version"]


def test_it_finds_out_the_version(daemon: Daemon) -> None:
    client = docker.APIClient(base_url=f"unix://{daemon.server_address}", version="auto")
    assert client.api_version == "1.44"
    assert daemon.seen[0][1] == "/version"
    client.close()


def test_containers(client: docker.APIClient, daemon: Daemon) -> None:
    found = client.containers(all=True, filters={"status": "running"})
    assert found == _CONTAINERS
    method, path, params, _ = daemon.seen[-1]
    assert (method, path) == ("GET", f"{_PREFIX}/containers/json")
    assert params["all"] == ["1"]
    assert json.loads(params["filters"][0]) == {"status": ["running"]}


def test_create_and_start(client: docker.APIClient, daemon: Daemon) -> None:
    made = client.create_container("ulak:latest", command=["deliver"], environment={"A": "b"})
    assert made["Id"] == "c0ffee"
    client.start(made["Id"])
    sent = json.loads(next(body for _, path, _, body in daemon.seen if path.endswith("create")))
    assert (sent["Image"], sent["Cmd"], sent["Env"]) == ("ulak:latest", ["deliver"], ["A=b"])


@pytest.mark.parametrize("stream", [False, True])
def test_logs(client: docker.APIClient, stream: bool) -> None:
    logs = client.logs("c0ffee", stream=stream)
    assert (b"".join(logs) if stream else logs) == b"out\nerr\nmore\n"


def test_pull_events(client: docker.APIClient, daemon: Daemon) -> None:
    assert list(client.pull("ulak", tag="latest", stream=True, decode=True)) == _PULL
    assert daemon.seen[-1][2] == {"tag": ["latest"], "fromImage": ["ulak"]}


def test_events(client: docker.APIClient) -> None:
    assert list(client.events(decode=True)) == _EVENTS


def test_binary(client: docker.APIClient) -> None:
    assert b"".join(client.export("c0ffee")) == b"tar" * 3000


def test_what_is_not_there(client: docker.APIClient) -> None:
    with pytest.raises(docker.errors.NotFound, match="No such container") as caught:
        client.inspect_container("absent")
    assert caught.value.response.status_code == 404


def test_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(docker.errors.DockerException, match="API version"):
        docker.APIClient(base_url=f"unix://{tmp_path}/absent.sock", version="auto")


def test_the_high_level_client(daemon: Daemon) -> None:
    client = docker.DockerClient(base_url=f"unix://{daemon.server_address}", version="1.44")
    assert client.ping()
    assert client.containers.list(ignore_removed=True, sparse=True)[0].id == "c0ffee"
    client.close()


def test_over_tcp(http_server) -> None:
    from tests.support import Answer

    http_server.route("/v1.44/_ping")(lambda _: Answer(b"OK"))
    client = docker.APIClient(base_url=f"tcp://127.0.0.1:{http_server.port}", version="1.44")
    assert client.ping()
    client.close()
