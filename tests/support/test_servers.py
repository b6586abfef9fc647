"""The servers of the tests keep their own promises; the standard library is the client."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from . import (
    Answer,
    Certificates,
    ForwardProxy,
    HttpServer,
    NginxServer,
    PeerClosed,
    RawConnection,
    RawServer,
    ReceivedRequest,
    SocksServer,
    SquidServer,
    free_port,
    stalled_port,
    wait_port,
)
from .routes import TURKISH, pattern

pytestmark = pytest.mark.usefixtures("no_leaks")

Call = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def connection(http_server: HttpServer) -> Iterator[http.client.HTTPConnection]:
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", http_server.port, timeout=10)
    ) as connection:
        yield connection


@pytest.fixture
def call(connection: http.client.HTTPConnection) -> Call:
    """One request on the kept connection: status, fields, body."""

    def call(target: str, method: str = "GET", **more: object) -> tuple[int, dict[str, str], bytes]:
        connection.request(method, target, **more)  # type: ignore[arg-type]
        response = connection.getresponse()
        body = response.read()
        return response.status, dict(response.getheaders()), body

    return call


def fetch(url: str, proxy: str = "", **handlers: object) -> bytes:
    """The body of a page, over a proxy."""
    proxies = urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {})
    opener = urllib.request.build_opener(proxies, *handlers.values())  # type: ignore[arg-type]
    with opener.open(url, timeout=10) as response:
        return bytes(response.read())


def trusting(certificates: Certificates) -> urllib.request.HTTPSHandler:
    return urllib.request.HTTPSHandler(context=certificates.client_context())


# -- the server and its routes -----------------------------------------------


def test_keeps_the_connection_and_records_requests(http_server: HttpServer, call: Call) -> None:
    status, _, body = call("/anything/%2e%2E?a=1&a=%20", headers={"X-One": "1"})
    report = json.loads(body)
    assert (status, report["target"]) == (200, "/anything/%2e%2E?a=1&a=%20")
    assert report["args"] == {"a": ["1", " "]}
    assert ["X-One", "1"] in report["header_list"]
    call("/json", "HEAD")
    assert [(r.method, r.connection) for r in http_server.requests] == [("GET", 0), ("HEAD", 0)]
    assert http_server.connections == 1
    assert http_server.requests[0].head.startswith(b"GET /anything/%2e%2E?a=1&a=%20 HTTP/1.1\r\n")


def test_reads_chunked_bodies(http_server: HttpServer, call: Call) -> None:
    _, _, body = call("/post", "POST", body=iter([b"one", b"two"]), encode_chunked=True)
    assert json.loads(body)["data"] == "onetwo"
    assert http_server.last.wire_body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_answers_an_expectation(http_server: HttpServer) -> None:
    with socket.create_connection(("127.0.0.1", http_server.port), 10) as sock:
        sock.sendall(b"PUT /put HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"ok")
        assert sock.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_reads_forms_and_files(call: Call) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert json.loads(call("/post", "POST", body="a=1&b=%20", headers=kind)[2])["form"] == {
        "a": "1",
        "b": " ",
    }
    part = 'Content-Disposition: form-data; name="f"; filename="ğ.bin"\r\n\r\n'.encode()
    multipart = b"--X\r\n" + part + b"\r\n\x00--X\r\n--X--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=X"}
    report = json.loads(call("/post", "POST", body=multipart, headers=kind)[2])
    assert report["parts"][0]["filename"] == "ğ.bin"
    assert base64.b64decode(report["parts"][0]["content"]) == b"\r\n\x00--X"


@pytest.mark.parametrize(
    ("target", "status", "size"),
    [
        ("/status/418", 418, 0),
        ("/status/204", 204, 0),
        ("/status/teapot", 400, None),
        ("/nowhere", 404, None),
        ("/post", 405, 0),
        ("/bytes/1000", 200, 1000),
        ("/large/200000", 200, 200_000),
        ("/stream-bytes/100000?chunk_size=777", 200, 100_000),
        ("/chunked?chunks=3&size=8&trailer=x", 200, 24),
        ("/drip?numbytes=3&duration=0.03", 200, 3),
        ("/until-close", 200, None),
        ("/http10", 200, None),
        ("/close", 200, None),
        ("/basic-auth/u/p", 401, 0),
        ("/bearer", 401, 0),
    ],
)
def test_a_route(call: Call, target: str, status: int, size: int | None) -> None:
    found, _, body = call(target)
    assert found == status
    assert size is None or len(body) == size


def test_large_bodies_are_the_pattern(call: Call) -> None:
    assert call("/stream-bytes/100000?chunk_size=777")[2] == pattern(100_000)
    assert call("/large/100000")[2] == pattern(100_000)


def test_the_sink_keeps_nothing(http_server: HttpServer, call: Call) -> None:
    body = json.loads(call("/sink", "PUT", body=b"x" * 100_000)[2])
    assert body == {"size": 100_000, "sha256": hashlib.sha256(b"x" * 100_000).hexdigest()}
    assert http_server.last.body == b""


def test_redirects_cookies_and_links(call: Call) -> None:
    assert call("/redirect/2")[1]["Location"] == "/redirect/1"
    assert call("/redirect/1?status_code=307")[0] == 307
    status, fields, _ = call("/redirect-to?url=//elsewhere/%20&status_code=303")
    assert (status, fields["Location"]) == (303, "//elsewhere/ ")
    assert call("/cookies/set?k=v")[1]["Set-Cookie"] == "k=v; Path=/"
    assert json.loads(call("/cookies", headers={"Cookie": "a=1; b=2"})[2]) == {
        "cookies": {"a": "1", "b": "2"}
    }
    assert 'rel="next"' in call("/links?page=2")[1]["Link"]
    assert "next" not in call("/links?page=3")[1]["Link"]


def test_encodings(call: Call) -> None:
    assert call("/encoding/utf8")[2].decode() == TURKISH
    _, fields, body = call("/encoding/iso-8859-9?declare=0")
    assert (fields["Content-Type"], body.decode("iso-8859-9")) == ("text/html", TURKISH)


def test_retry_counts_by_key(call: Call) -> None:
    codes = [call(f"/retry?key={key}&fails=2&retry_after=0")[0] for key in "aababa"]
    assert codes == [503, 503, 503, 200, 503, 200]


def test_a_body_that_breaks_off_can_be_gone_on_with(call: Call) -> None:
    target = "/resumable/1000?key=a&breaks=1"
    with pytest.raises(http.client.IncompleteRead) as broken:
        call(target)
    have = broken.value.partial
    asked = {"Range": f"bytes={len(have)}-"}
    status, fields, rest = call(target, headers=asked | {"If-Range": '"1000"'})
    assert (status, fields["Content-Range"]) == (206, "bytes 500-999/1000")
    assert have + rest == pattern(1000)
    assert call(target, headers=asked | {"If-Range": '"another"'})[0] == 200
    assert call(target, headers={"Range": "bytes=1000-"})[0] == 416


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256", "SHA-256-sess"])
def test_digest(call: Call, algorithm: str) -> None:
    target = f"/digest-auth/auth/u/p/{algorithm}"
    status, fields, _ = call(target)
    nonce = fields["WWW-Authenticate"].partition('nonce="')[2].partition('"')[0]
    assert status == 401
    name = algorithm.removesuffix("-sess").replace("SHA-512-", "sha512_").replace("-", "")

    def h(text: str) -> str:
        return hashlib.new(name.lower(), text.encode()).hexdigest()

    a1 = "u:ulak tests:p"
    if algorithm.endswith("-sess"):
        a1 = f"{h(a1)}:{nonce}:cn"
    proof = h(f"{h(a1)}:{nonce}:00000001:cn:auth:{h(f'GET:{target}')}")
    header = (
        f'Digest username="u", realm="ulak tests", nonce="{nonce}", uri="{target}", '
        f'opaque="op", algorithm={algorithm}, qop=auth, nc=00000001, cnonce="cn", response="'
    )
    assert call(target, headers={"Authorization": f'{header}{"0" * 32}"'})[0] == 401
    assert call(target, headers={"Authorization": f'{header}{proof}"'})[0] == 200
    assert call(target, headers={"Authorization": f'{header}{proof}"'})[0] == 401, "nc is used"


def test_a_test_adds_its_own_route(http_server: HttpServer, call: Call) -> None:
    @http_server.route("/mine")
    def mine(request: ReceivedRequest) -> Answer:
        return Answer(request.parameter("q").encode(), 201, [("X-Mine", "yes")])

    status, fields, body = call("/mine?q=1")
    assert (status, fields["X-Mine"], body) == (201, "yes", b"1")


def test_a_failing_route_fails_the_test() -> None:
    with pytest.raises(ZeroDivisionError), HttpServer() as server:

        @server.route("/mine")
        def mine(request: ReceivedRequest) -> Answer:
            raise ZeroDivisionError

        with pytest.raises(urllib.request.HTTPError, match="500") as caught:
            fetch(f"{server.url}/mine")
        caught.value.close()


def test_drops_connections(http_server: HttpServer, connection: http.client.HTTPConnection) -> None:
    connection.connect()
    connection.request("GET", "/get")
    connection.getresponse().read()
    http_server.drop_connections()
    assert connection.sock.recv(1) == b""


def test_many_at_once(http_server: HttpServer) -> None:
    def ask() -> None:
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", http_server.port, timeout=10)
        ) as connection:
            for _ in range(20):
                connection.request("GET", "/bytes/10")
                connection.getresponse().read()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(http_server.requests), http_server.connections) == (160, 8)


def test_stopping_ends_what_waits() -> None:
    with HttpServer() as server:
        sock = socket.create_connection(("127.0.0.1", server.port), 10)
        sock.sendall(b"GET /delay/30 HTTP/1.1\r\n\r\n")
        server.wait_requests(1)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    sock.close()


def test_tls_and_the_clients_certificate(certificates: Certificates) -> None:
    asking = certificates.server_context(client_certificates=ssl.CERT_REQUIRED)
    with HttpServer(tls=asking) as server:
        context = certificates.client_context()
        context.load_cert_chain(certificates.client_cert, certificates.client_key)
        known = urllib.request.HTTPSHandler(context=context)
        report = json.loads(fetch(f"{server.at('localhost')}/tls", handler=known))
        assert ["commonName", "ulak client"] in [pair for (pair,) in report["certificate"]]
        with pytest.raises(OSError):
            fetch(f"{server.url}/tls", handler=trusting(certificates))


# -- scripts -----------------------------------------------------------------


def test_a_script_for_each_connection(start_raw_server: Callable[..., RawServer]) -> None:
    def half(peer: RawConnection) -> None:
        assert peer.recv_request().body == b"hello"
        peer.send(b"HTTP/1.1 200 OK\r\n", b"Content-Length: 9\r\n\r\n", b"half")

    def reset(peer: RawConnection) -> None:
        peer.recv_head()
        peer.reset()

    server = start_raw_server([half, reset])
    request = urllib.request.Request(server.url, b"hello")
    with pytest.raises(http.client.IncompleteRead), urllib.request.urlopen(request) as response:
        response.read()
    with pytest.raises(ConnectionResetError):
        urllib.request.urlopen(server.url).read()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        urllib.request.urlopen(server.url).read()
    assert server.accepted == 3
    assert server.received.startswith(b"POST / HTTP/1.1\r\n")


def test_a_failing_script_fails_the_test() -> None:
    def script(peer: RawConnection) -> None:
        peer.recv_head()
        raise ZeroDivisionError

    with (
        pytest.raises(ZeroDivisionError),
        RawServer(script) as server,
        socket.create_connection(("127.0.0.1", server.port), 10) as sock,
    ):
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert sock.recv(1) == b""


@pytest.mark.parametrize(
    "script",
    [
        RawConnection.hang,
        RawConnection.recv_head,
        RawConnection.wait_closed,
        lambda peer: peer.pause(60),
        lambda peer: peer.wait(threading.Event()),
        lambda peer: peer.drip(b"*" * 1000, 1),
    ],
)
def test_whatever_a_script_waits_for_it_stops(script: Callable[[RawConnection], None]) -> None:
    server = RawServer(script, timeout=60).start()
    with socket.create_connection(("127.0.0.1", server.port), 10):
        server.wait_connections(1)
        started = time.monotonic()
        server.stop()
    assert time.monotonic() - started < 5


def test_a_peer_that_hangs_up_is_no_failure() -> None:
    seen = threading.Event()

    def script(peer: RawConnection) -> None:
        with pytest.raises(PeerClosed):
            peer.recv_body(100)
        seen.set()
        peer.recv_body(1)

    with RawServer(script) as server:
        socket.create_connection(("127.0.0.1", server.port), 10).close()
        assert seen.wait(5)


# -- the proxy ---------------------------------------------------------------


def test_proxy_forwards_and_tunnels(
    http_server: HttpServer, https_server: HttpServer, certificates: Certificates
) -> None:
    with ForwardProxy() as proxy:
        assert b"/get?a=1" in fetch(f"{http_server.url}/get?a=1", proxy.url)
        assert http_server.last.header("Via") == "1.1 ulak-tests"
        page = fetch(f"{https_server.url}/bytes/300000", proxy.url, tls=trusting(certificates))
        assert page == pattern(300_000)
        assert proxy.tunnels == [f"127.0.0.1:{https_server.port}"]
        assert proxy.requests[0].target == f"{http_server.url}/get?a=1"


def test_proxy_keeps_the_clients_connection(http_server: HttpServer) -> None:
    with (
        ForwardProxy() as proxy,
        contextlib.closing(http.client.HTTPConnection("127.0.0.1", proxy.port)) as connection,
    ):
        for path in ("/get", "/stream/3", "/status/204"):
            connection.request("GET", http_server.url + path)
            connection.getresponse().read()
        assert proxy.connections == 1
        assert http_server.connections == 3


def test_proxy_wants_credentials_and_resolves(http_server: HttpServer) -> None:
    names = {"somewhere.example:80": ("127.0.0.1", http_server.port)}
    with ForwardProxy(auth=("u", "p"), resolve=names) as proxy:
        page = fetch("http://somewhere.example/get", proxy.url_with("u", "p"))
        assert b'"Host": "somewhere.example"' in page
        assert http_server.last.header("Proxy-Authorization") is None
        with pytest.raises(urllib.request.HTTPError, match="407") as caught:
            fetch("http://somewhere.example/get", proxy.url)
        caught.value.close()


def test_proxy_over_tls(tls_forward_proxy: ForwardProxy, certificates: Certificates) -> None:
    address = ("127.0.0.1", tls_forward_proxy.port)
    with HttpServer() as server, socket.create_connection(address, 10) as plain:
        context = certificates.client_context()
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as sock:
            sock.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % server.port)
            assert sock.recv(100).startswith(b"HTTP/1.1 200 ")
            sock.sendall(b"GET /bytes/3 HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert b"".join(iter(lambda: sock.recv(1000), b"")).endswith(b"\r\n\r\n\x00\x01\x02")


def test_proxy_refuses_connect(certificates: Certificates) -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    with ForwardProxy(connect_answer=refusal) as proxy, pytest.raises(OSError, match="403"):
        fetch("https://127.0.0.1:1/", proxy.url, tls=trusting(certificates))


# -- real programs -----------------------------------------------------------


@pytest.mark.real("nginx")
def test_nginx(start_nginx: Callable[..., NginxServer], certificates: Certificates) -> None:
    files = {"a/b.txt": "file"}
    server = start_nginx(
        "location = /x { return 200 here; }", files=files, certificates=certificates
    )
    assert fetch(f"{server.url}/x") == b"here"
    assert fetch(f"{server.tls_url}/a/b.txt", tls=trusting(certificates)) == b"file"


@pytest.mark.real("squid")
@pytest.mark.parametrize("auth", [None, ("u", "p")], ids=["open", "auth"])
def test_squid(
    start_squid: Callable[..., SquidServer],
    http_server: HttpServer,
    https_server: HttpServer,
    certificates: Certificates,
    auth: tuple[str, str] | None,
) -> None:
    server = start_squid(auth=auth, certificates=certificates)
    assert b'"Via"' in fetch(f"{http_server.url}/get", server.url)
    tls = trusting(certificates)
    assert fetch(f"{https_server.url}/bytes/3", server.url, tls=tls) == pattern(3)
    with socket.create_connection(("127.0.0.1", server.tls_port), 10) as plain:
        certificates.client_context().wrap_socket(plain, server_hostname="localhost").close()
    if auth is not None:
        with pytest.raises(urllib.request.HTTPError, match="407") as caught:
            fetch(f"{http_server.url}/get", server.url.replace("u:p@", ""))
        caught.value.close()


@pytest.mark.real("microsocks")
@pytest.mark.parametrize("credentials", [(), ("u", "p")], ids=["open", "auth"])
def test_socks(start_socks: Callable[..., SocksServer], credentials: tuple[str, ...]) -> None:
    server = start_socks(*credentials)
    with socket.create_connection(("127.0.0.1", server.port), 10) as sock:
        sock.sendall(b"\x05\x02\x00\x02")
        assert sock.recv(2) == (b"\x05\x02" if credentials else b"\x05\x00")


# -- ports -------------------------------------------------------------------


def test_ports() -> None:
    port = free_port()
    with pytest.raises(TimeoutError):
        wait_port(port, timeout=0.05)
    with pytest.raises(TimeoutError):
        wait_port(port, alive=lambda: False)
    with RawServer(RawConnection.hang) as server:
        wait_port(server.port)


def test_a_stalled_port_does_not_connect() -> None:
    with stalled_port() as port, pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", port), 0.2)
