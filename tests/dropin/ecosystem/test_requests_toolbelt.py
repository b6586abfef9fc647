"""requests-toolbelt: bodies, adapters, sessions, authentication, and its view into responses."""

from __future__ import annotations

import hashlib
import io
import socket
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from requests.auth import HTTPDigestAuth
from requests_toolbelt import (
    GuessAuth,
    MultipartDecoder,
    MultipartEncoder,
    MultipartEncoderMonitor,
    SourceAddressAdapter,
    SSLAdapter,
    StreamingIterator,
    user_agent,
)
from requests_toolbelt.adapters.fingerprint import FingerprintAdapter
from requests_toolbelt.adapters.host_header_ssl import HostHeaderSSLAdapter
from requests_toolbelt.adapters.socket_options import SocketOptionsAdapter, TCPKeepAliveAdapter
from requests_toolbelt.auth.guess import GuessProxyAuth
from requests_toolbelt.auth.handler import AuthHandler
from requests_toolbelt.auth.http_proxy_digest import HTTPProxyDigestAuth
from requests_toolbelt.cookies.forgetful import ForgetfulCookieJar
from requests_toolbelt.downloadutils import stream, tee
from requests_toolbelt.exceptions import StreamingError
from requests_toolbelt.sessions import BaseUrlSession
from requests_toolbelt.threaded import pool
from requests_toolbelt.utils import dump, formdata

from tests.support.certificates import Certificates
from tests.support.digest import DigestGate
from tests.support.forward_proxy import ForwardProxy
from tests.support.http_server import HttpServer
from tests.support.messages import Answer, ReceivedRequest


@pytest.fixture
def session():
    with requests.Session() as session:
        yield session


# -- bodies ------------------------------------------------------------------


def test_a_multipart_encoder_is_streamed_with_its_length(http_server: HttpServer) -> None:
    encoder = MultipartEncoder(
        fields={
            "field": "value",
            "letter": ("letter.txt", io.BytesIO(b"x" * 300_000), "text/plain"),
        }
    )
    response = requests.post(
        f"{http_server.url}/post", data=encoder, headers={"Content-Type": encoder.content_type}
    )
    body = response.json()
    assert body["form"] == {"field": "value"}
    assert body["files"] == {"letter": "x" * 300_000}
    assert body["headers"]["Content-Length"] == str(encoder.len)
    assert "Transfer-Encoding" not in body["headers"]


def test_a_monitor_sees_every_read(http_server: HttpServer) -> None:
    seen = []
    monitor = MultipartEncoderMonitor.from_fields(
        fields={"file": ("f", io.BytesIO(b"y" * 1_000_000), "application/octet-stream")},
        callback=lambda m: seen.append(m.bytes_read),
    )
    response = requests.post(
        f"{http_server.url}/post", data=monitor, headers={"Content-Type": monitor.content_type}
    )
    assert len(response.json()["files"]["file"]) == 1_000_000
    assert seen == sorted(seen)
    assert seen[-1] == monitor.len
    assert len(seen) > 5


def test_a_multipart_response_is_decoded(http_server: HttpServer) -> None:
    encoder = MultipartEncoder(fields={"a": "1", "b": ("b.txt", "two", "text/plain")})
    content, kind = encoder.read(), encoder.content_type

    @http_server.route("/parts")
    def parts(request: ReceivedRequest) -> Answer:
        return Answer(content, 200, [("Content-Type", kind)])

    decoder = MultipartDecoder.from_response(requests.get(f"{http_server.url}/parts"))
    assert [part.text for part in decoder.parts] == ["1", "two"]
    assert decoder.parts[1].headers[b"Content-Type"] == b"text/plain"


def test_an_iterator_of_known_size_is_not_chunked(http_server: HttpServer) -> None:
    pieces = (b"abc" for _ in range(1000))
    response = requests.post(f"{http_server.url}/post", data=StreamingIterator(3000, pieces))
    assert response.json()["data"] == "abc" * 1000
    assert response.json()["headers"]["Content-Length"] == "3000"
    assert "Transfer-Encoding" not in response.json()["headers"]


def test_nested_form_data(http_server: HttpServer) -> None:
    data = formdata.urlencode({"user": {"name": "Fatma"}})
    body = requests.post(
        f"{http_server.url}/post",
        data=data,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ).json()
    assert body["form"] == {"user[name]": "Fatma"}


# -- adapters ----------------------------------------------------------------


def test_the_ssl_version_is_the_adapters(
    session: requests.Session, https_server: HttpServer, certificates: Certificates
) -> None:
    session.mount("https://", SSLAdapter(ssl.PROTOCOL_TLS_CLIENT))
    session.verify = str(certificates.ca)
    assert session.get(f"{https_server.url}/tls").json()["version"] == "TLSv1.3"


def test_the_ssl_version_is_the_adapters_through_a_proxy_too(
    session: requests.Session,
    https_server: HttpServer,
    forward_proxy: ForwardProxy,
    certificates: Certificates,
) -> None:
    session.mount("https://", SSLAdapter(ssl.PROTOCOL_TLS_CLIENT))
    session.verify = str(certificates.ca)
    session.proxies["https"] = forward_proxy.url
    assert session.get(f"{https_server.url}/get").status_code == 200
    assert forward_proxy.tunnels == [f"127.0.0.1:{https_server.port}"]


@pytest.mark.parametrize("source", ["127.0.0.2", ("127.0.0.3", 0)])
def test_the_source_address(
    session: requests.Session, http_server: HttpServer, source: object
) -> None:
    session.mount("http://", SourceAddressAdapter(source))
    wanted = source if isinstance(source, str) else source[0]
    assert session.get(f"{http_server.url}/echo-ip").json()["origin"] == wanted


def test_a_fingerprint_stands_for_the_name(
    session: requests.Session, https_server: HttpServer, certificates: Certificates
) -> None:
    pem = ssl.get_server_certificate(("127.0.0.1", https_server.port), ca_certs=certificates.ca)
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    session.mount(https_server.url, FingerprintAdapter(digest))
    assert session.get(f"{https_server.url}/get", verify=str(certificates.ca)).ok
    session.mount(https_server.url, FingerprintAdapter(digest.replace(digest[0], "0")[::-1]))
    with pytest.raises(requests.exceptions.SSLError):
        session.get(f"{https_server.url}/get", verify=str(certificates.ca))


def _option(session: requests.Session, url: str, level: int, name: int) -> int:
    """A socket option of the connection that answers ``url``."""
    with session.get(url, stream=True) as response:
        return response.raw.connection.sock.getsockopt(level, name)


def test_socket_options(session: requests.Session, http_server: HttpServer) -> None:
    nodelay = (socket.IPPROTO_TCP, socket.TCP_NODELAY)
    url = f"{http_server.url}/bytes/1000000"
    session.mount("http://", SocketOptionsAdapter(socket_options=[(*nodelay, 0)]))
    assert _option(session, url, *nodelay) == 0
    session.mount("http://", SocketOptionsAdapter())
    assert _option(session, url, *nodelay) != 0


def test_keep_alive_probes(session: requests.Session, http_server: HttpServer) -> None:
    session.mount("http://", TCPKeepAliveAdapter(idle=120, interval=10))
    url = f"{http_server.url}/bytes/1000000"
    assert _option(session, url, socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
    assert _option(session, url, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 120
    assert _option(session, url, socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 10


def test_the_host_header_is_the_name_in_the_certificate(
    session: requests.Session, start_http_server, certificates: Certificates
) -> None:
    server = start_http_server(tls=certificates.server_context("letters.example"))
    session.verify = str(certificates.ca)
    session.mount("https://", HostHeaderSSLAdapter())
    url = f"{server.url}/get"
    assert session.get(url, headers={"Host": "letters.example"}).status_code == 200
    assert server.last.header("Host") == "letters.example"
    # The adapter changes its pool manager's settings between two calls.
    for headers in ({"Host": "other.example"}, {}):
        with pytest.raises(requests.exceptions.SSLError):
            session.get(url, headers=headers)
    assert session.get(url, headers={"Host": "letters.example"}).status_code == 200
    assert len(server.requests) == 2


# -- sessions ----------------------------------------------------------------


def test_a_base_url(http_server: HttpServer) -> None:
    with BaseUrlSession(base_url=f"{http_server.url}/anything/v1/") as session:
        assert session.get("letters", params={"page": 2}).json()["target"] == (
            "/anything/v1/letters?page=2"
        )
        assert session.get("/anything/v2").json()["target"] == "/anything/v2"
        request = session.prepare_request(requests.Request("GET", "hello"))
        assert request.url == f"{http_server.url}/anything/v1/hello"
        assert session.send(request).json()["target"] == "/anything/v1/hello"


def test_a_forgetful_jar(session: requests.Session, http_server: HttpServer) -> None:
    session.cookies = ForgetfulCookieJar()
    session.get(f"{http_server.url}/cookies/set/a/1")
    assert session.get(f"{http_server.url}/cookies").json() == {"cookies": {}}
    assert len(session.cookies) == 0


def test_the_user_agent(http_server: HttpServer) -> None:
    agent = user_agent("courier", "1.2", extras=[("requests", requests.__version__)])
    body = requests.get(f"{http_server.url}/user-agent", headers={"User-Agent": agent}).json()
    assert body["user-agent"].startswith(f"courier/1.2 requests/{requests.__version__} CPython/")


# -- authentication ----------------------------------------------------------


@pytest.mark.parametrize("path", ["/basic-auth/fatma/secret", "/digest-auth/auth/fatma/secret"])
def test_it_guesses_the_scheme(
    session: requests.Session, http_server: HttpServer, path: str
) -> None:
    session.auth = GuessAuth("fatma", "secret")
    response = session.get(http_server.url + path)
    assert response.json() == {"authenticated": True, "user": "fatma"}
    assert [earlier.status_code for earlier in response.history] == [401]
    assert http_server.connections == 1
    assert session.get(http_server.url + path).history == []
    assert len(http_server.requests) == 3


def test_it_sends_a_file_again(session: requests.Session, http_server: HttpServer) -> None:
    wanted = requests.auth._basic_auth_str("fatma", "secret")

    @http_server.route("/upload")
    def upload(request: ReceivedRequest) -> Answer:
        if request.header("Authorization") != wanted:
            return Answer(b"no", 401, [("WWW-Authenticate", 'Basic realm="letters"')])
        return Answer(request.body)

    response = session.post(
        f"{http_server.url}/upload", data=io.BytesIO(b"letter"), auth=GuessAuth("fatma", "secret")
    )
    assert response.content == b"letter"


def test_strategies_by_host(http_server: HttpServer, second_http_server: HttpServer) -> None:
    auth = AuthHandler(
        {
            http_server.url: ("fatma", "secret"),
            second_http_server.url: HTTPDigestAuth("ali", "geheim"),
        }
    )
    with requests.Session() as session:
        session.auth = auth
        basic = session.get(f"{http_server.url}/basic-auth/fatma/secret")
        digest = session.get(f"{second_http_server.url}/digest-auth/auth/ali/geheim")
    assert (basic.json()["user"], digest.json()["user"]) == ("fatma", "ali")


def _digest_proxy(server: HttpServer, url: str) -> None:
    """Make ``server`` a proxy for ``url`` that wants Digest authentication."""
    gate = DigestGate()
    renamed = {"www-authenticate": "Proxy-Authenticate"}

    @server.route(url)
    def forward(request: ReceivedRequest) -> Answer:
        head = request.head.replace(b"Proxy-Authorization:", b"Authorization:")
        head = head.replace(url.encode(), urlsplit(url).path.encode())
        asked = ReceivedRequest(head, request.body, b"", request.connection)
        refusal = gate.check(asked, "fatma", "secret")
        if refusal is None:
            return Answer(b"delivered")
        fields = [(renamed.get(name.lower(), name), value) for name, value in refusal.headers]
        return Answer(b"", 407, fields)


@pytest.mark.parametrize(
    "auth",
    [
        HTTPProxyDigestAuth("fatma", "secret"),
        GuessProxyAuth("user", "other", "fatma", "secret"),
    ],
    ids=["digest", "guess"],
)
def test_digest_for_a_proxy(
    session: requests.Session, http_server: HttpServer, auth: requests.auth.AuthBase
) -> None:
    url = "http://letters.example/inbox"
    _digest_proxy(http_server, url)
    session.proxies["http"] = http_server.url
    response = session.get(url, auth=auth)
    assert (response.status_code, response.text) == (200, "delivered")
    assert [earlier.status_code for earlier in response.history] == [407]
    assert response.request.headers["Proxy-Authorization"].startswith("Digest ")


# -- responses ---------------------------------------------------------------


def test_a_dump_shows_both_messages(session: requests.Session, http_server: HttpServer) -> None:
    response = session.post(f"{http_server.url}/post", data="a letter", headers={"X-Mark": "1"})
    lines = dump.dump_response(response).decode().split("\r\n")
    assert lines[0] == "< POST /post HTTP/1.1"
    assert f"< Host: 127.0.0.1:{http_server.port}" in lines
    assert {"< X-Mark: 1", "< Content-Length: 8", "< a letter"} <= set(lines)
    assert {"> HTTP/1.1 200 OK", "> Content-Type: application/json"} <= set(lines)


def test_a_dump_of_all_redirects(session: requests.Session, http_server: HttpServer) -> None:
    response = session.get(f"{http_server.url}/redirect/2")
    text = dump.dump_all(response).decode()
    assert [line for line in text.splitlines() if line.endswith(" HTTP/1.1")] == [
        "< GET /redirect/2 HTTP/1.1",
        "< GET /redirect/1 HTTP/1.1",
        "< GET /get HTTP/1.1",
    ]
    assert text.count("> HTTP/1.1 302 Found") == 2


def test_a_dump_shows_the_proxy(
    session: requests.Session, http_server: HttpServer, forward_proxy: ForwardProxy
) -> None:
    session.proxies["http"] = forward_proxy.url
    text = dump.dump_response(session.get(f"{http_server.url}/get")).decode()
    assert text.startswith(f"< GET {http_server.url}/get HTTP/1.1\r\n")


def test_downloads(session: requests.Session, http_server: HttpServer, tmp_path: Path) -> None:
    @http_server.route("/named")
    def named(request: ReceivedRequest) -> Answer:
        return Answer(b"z" * 5000, 200, [("Content-Disposition", "attachment; filename=z.bin")])

    with session.get(f"{http_server.url}/named", stream=True) as response:
        assert stream.stream_response_to_file(response, path=str(tmp_path)) == (
            str(tmp_path / "z.bin")
        )
    assert (tmp_path / "z.bin").read_bytes() == b"z" * 5000
    with (
        session.get(f"{http_server.url}/get", stream=True) as response,
        pytest.raises(StreamingError),
    ):
        stream.stream_response_to_file(response, path=str(tmp_path))


@pytest.mark.parametrize("decode", [True, False])
def test_tee(
    session: requests.Session, http_server: HttpServer, tmp_path: Path, decode: bool
) -> None:
    beside = io.BytesIO()
    with session.get(f"{http_server.url}/gzip", stream=True) as response:
        content = b"".join(tee.tee(response, beside, decode_content=decode))
    assert beside.getvalue() == content
    assert content.startswith(b"{" if decode else b"\x1f\x8b")

    array = bytearray()
    with session.get(f"{http_server.url}/bytes/9000", stream=True) as response:
        assert sum(map(len, tee.tee_to_bytearray(response, array, 100))) == 9000
    assert len(array) == 9000

    with session.get(f"{http_server.url}/stream-bytes/9000", stream=True) as response:
        assert b"".join(tee.tee_to_file(response, str(tmp_path / "f"))) == bytes(array)
    assert (tmp_path / "f").read_bytes() == bytes(array)


# -- threads -----------------------------------------------------------------


def test_a_pool_of_threads(http_server: HttpServer) -> None:
    gate = threading.Event()

    @http_server.route("/gate")
    def wait(request: ReceivedRequest) -> Answer:
        gate.wait(10)
        return Answer(request.target.encode())

    urls = [f"{http_server.url}/gate?{number}" for number in range(20)]
    # Its threads begin before they have a place for the first answer.
    workers = pool.Pool.from_urls([*urls, "http://127.0.0.1:1/refused"], num_processes=4)
    gate.set()
    workers.join_all()
    assert {response.text for response in workers.responses()} == {
        f"/gate?{number}" for number in range(20)
    }
    failures = list(workers.exceptions())
    assert [type(failure.exception) for failure in failures] == [
        requests.exceptions.ConnectionError
    ]
