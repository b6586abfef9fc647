"""Tunnels by a proxy: whose fault it is that there is none, or that it is of no use.

Until the head of a 2xx is whole, whatever goes wrong is the proxy's.  Then the tunnel stands
(RFC 9110, section 9.3.6), what comes is taken for the origin's, and TLS is what fails.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support import Certificates, RawConnection, RawServer
from tests.support.fronts import Front
from ulak.exceptions import ProxyError, SSLError, Timeout

StartRaw = Callable[..., RawServer]
Script = Callable[[RawConnection], None]

SECRET = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSECRET"
URL = "https://a.example/"

#: Heads that open a tunnel; their fields say nothing of what follows.
OPEN = {
    "200": b"HTTP/1.1 200 Connection established\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "299 of HTTP/1.0": b"HTTP/1.0 299 X\r\nConnection: close\r\n\r\n",
    "no length": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: 46\r\n\r\n",
    "chunks": b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: x\r\n\r\n",
    "an interim answer first": b"HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
}
#: Heads that open none, and ends before there is one.
SHUT: dict[str, Script] = {
    "an end": lambda proxy: None,
    "a reset": lambda proxy: proxy.reset(),
    "half a head": lambda proxy: proxy.send(b"HTTP/1.1 200 OK\r\nX: y\r\n"),
    "a refusal": lambda proxy: proxy.send(b"HTTP/1.1 502 X\r\n\r\n", SECRET),
    "a head that is wrong": lambda proxy: proxy.send(b"HTTP/1.1 200 OK\r\n X\r\n\r\n"),
    "another protocol": lambda proxy: proxy.send(b"HTTP/1.1 101 X\r\nUpgrade: x\r\n\r\n"),
}


def hears(proxy: RawConnection) -> None:
    """Take the first flight of the handshake."""
    assert proxy.sock.recv(16_384)


def after_the_hello(*answer: bytes) -> Script:
    def script(proxy: RawConnection) -> None:
        hears(proxy)
        proxy.send(*answer)

    return script


def resets(proxy: RawConnection) -> None:
    hears(proxy)
    proxy.reset()


def speaks_first(proxy: RawConnection) -> None:
    proxy.pause(0.05)  # so that it comes in a segment of its own
    proxy.send(SECRET)
    proxy.wait_closed()


#: What may come through a tunnel in the place of a handshake.
INSIDE: dict[str, Script] = {
    "an end": lambda proxy: None,
    "an end after the hello": hears,
    "a reset": resets,
    "plain HTTP": after_the_hello(SECRET),
    "garbage": after_the_hello(b"\0" * 100),
    "an alert": after_the_hello(b"\x15\x03\x03\x00\x02\x02\x28"),
    "half a record": after_the_hello(b"\x16\x03\x03\x00\x50SECRET"),
    "bytes with the head": lambda proxy: proxy.wait_closed(),
    "bytes after the head": speaks_first,
}


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    """What is spoken to the proxy."""
    scheme: str = request.param
    return scheme


@pytest.fixture
def start(start_raw_server: StartRaw, certificates: Certificates, scheme: str) -> StartRaw:
    """Starts a proxy with a script; the CONNECT has been received when that begins."""

    def start(script: Script) -> RawServer:
        def connected(proxy: RawConnection) -> None:
            assert proxy.recv_head().startswith(b"CONNECT a.example:443 HTTP/1.1\r\n")
            script(proxy)

        tls = certificates.server_context() if scheme == "https" else None
        return start_raw_server(connected, tls=tls)

    return start


def fails(
    front: Front, certificates: Certificates, proxy: RawServer, scheme: str, kind: type[Exception]
) -> None:
    """Both a request and the next fail so, each on a connection of its own."""
    settings = {"proxies": {"all": f"{scheme}://127.0.0.1:{proxy.port}"}, "timeout": 9}
    with front.session(verify=str(certificates.ca), **settings) as session:
        for stream in (False, True):
            with pytest.raises(kind) as caught:
                session.get(URL, stream=stream)
            assert type(caught.value) is kind
            assert caught.value.response is None
            assert "SECRET" not in str(caught.value)
    assert len(proxy.connections) == 2


@pytest.mark.parametrize("what", SHUT)
def test_what_goes_wrong_before_the_tunnel_stands_is_the_proxys(
    front: Front, certificates: Certificates, start: StartRaw, scheme: str, what: str
) -> None:
    fails(front, certificates, start(SHUT[what]), scheme, ProxyError)


@pytest.mark.parametrize("what", INSIDE)
@pytest.mark.parametrize("head", ["200", "204", "a length", "two lengths"])
def test_what_goes_wrong_inside_a_tunnel_is_tls(
    front: Front, certificates: Certificates, start: StartRaw, scheme: str, head: str, what: str
) -> None:
    def script(proxy: RawConnection) -> None:
        proxy.send(OPEN[head] + (SECRET if what == "bytes with the head" else b""))
        INSIDE[what](proxy)

    fails(front, certificates, start(script), scheme, SSLError)


@pytest.mark.parametrize("head", OPEN)
def test_a_tunnel_has_no_body_whatever_its_head_says(
    front: Front, certificates: Certificates, start_raw_server: StartRaw, head: str
) -> None:
    tls = certificates.server_context("a.example")

    def script(proxy: RawConnection) -> None:
        proxy.recv_head()
        proxy.send(OPEN[head])
        proxy.secure(tls)
        for _ in range(2):
            proxy.respond(proxy.recv_request().head.split()[1])

    proxy = start_raw_server(script)
    settings = {"proxies": {"https": f"http://127.0.0.1:{proxy.port}"}, "timeout": 9}
    with front.session(verify=str(certificates.ca), **settings) as session:
        assert [session.get(f"{URL}{n}").text for n in (1, 2)] == ["/1", "/2"]
    assert len(proxy.connections) == 1


@pytest.mark.parametrize("end", [hears, resets], ids=["an end", "a reset"])
def test_so_it_is_without_a_proxy(front: Front, start_raw_server: StartRaw, end: Script) -> None:
    server = start_raw_server(end)
    with front.session() as session, pytest.raises(SSLError) as caught:
        session.get(f"https://127.0.0.1:{server.port}/", timeout=9)
    assert not isinstance(caught.value, Timeout)


@pytest.mark.parametrize("end", [hears, resets], ids=["an end", "a reset"])
def test_tls_with_the_proxy_itself_is_the_proxys(
    front: Front, start_raw_server: StartRaw, end: Script
) -> None:
    proxy = start_raw_server(end)
    by = {"all": f"https://127.0.0.1:{proxy.port}"}
    for url in (URL, "http://a.example/"):
        with front.session(proxies=by) as session, pytest.raises(ProxyError):
            session.get(url, timeout=9)


@pytest.mark.parametrize("end", [hears, resets], ids=["an end", "a reset"])
def test_inside_a_tunnel_of_socks_it_is_tls(
    front: Front, start_raw_server: StartRaw, end: Script
) -> None:
    def script(proxy: RawConnection) -> None:
        proxy.recv_body(3)
        proxy.send(b"\5\0")
        proxy.recv_body(4 + 1 + len("a.example") + 2)
        proxy.send(b"\5\0\0\1" + bytes(6))
        end(proxy)

    by = {"all": f"socks5h://127.0.0.1:{start_raw_server(script).port}"}
    with front.session(proxies=by) as session, pytest.raises(SSLError):
        session.get(URL, timeout=9)
