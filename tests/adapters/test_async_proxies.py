"""Proxies on asyncio: how each kind is used, what it is told, and what it may say."""

from __future__ import annotations

import asyncio
import hashlib
import io
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from urllib3.exceptions import InsecureRequestWarning

import ulak
from tests.support import (
    Certificates,
    ForwardProxy,
    HttpServer,
    RawConnection,
    RawServer,
    free_port,
    stalled_port,
)
from tests.support.child_server import ChildServer, body_of
from tests.support.loops import LOOPS, Loop, warmed_up
from tests.support.routes import pattern
from ulak.exceptions import InvalidProxyURL, InvalidURL, ProxyError, ProxyTimeout, SSLError

StartProxy = Callable[..., ForwardProxy]
BASIC = ulak.auth._basic_auth_str("user", "secret")
SCHEMES = ["socks4", "socks4a", "socks5", "socks5h"]
GRANTED_4 = b"\x00\x5a" + bytes(6)
GRANTED_5 = b"\x05\x00\x00\x01" + bytes(6)
SECRET = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSECRET"
#: Less than it takes for a machine that is busy, more than a limit of :data:`BRIEF`.
SOON = 1.5
BRIEF = [ulak.Timeout(connect=0.06, pool=1), ulak.Timeout(total=0.06)]


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(request.param)


@pytest.fixture(scope="module")
def child(certificates: Certificates) -> Iterator[ChildServer]:
    with ChildServer(certificates) as child:
        yield child


@pytest.fixture
def open_session(certificates: Certificates) -> Callable[..., ulak.AsyncSession]:
    """A session that may have one connection only, so that none can be lost unseen."""

    def open_session(**settings: Any) -> ulak.AsyncSession:
        adapter = ulak.AsyncHTTPAdapter(max_connections=1)
        adapters = {"https://": adapter, "http://": adapter}
        limits = ulak.Timeout(connect=5, read=5, pool=1)
        defaults: dict[str, Any] = {"timeout": limits, "verify": str(certificates.ca)}
        return ulak.AsyncSession(adapters=adapters, **{**defaults, **settings})

    return open_session


def by(server: Any, scheme: str = "http", userinfo: str = "") -> dict[str, str]:
    return {"all": f"{scheme}://{userinfo}127.0.0.1:{server.port}"}


# -- http --------------------------------------------------------------------


def test_http_by_a_proxy(loop: Loop, http_server, forward_proxy, open_session) -> None:
    async def main() -> None:
        async with open_session(proxies=by(forward_proxy)) as session:
            for _ in range(3):
                assert (await session.get(f"{http_server.url}/get?a=b#part")).ok
            assert (await session.post(f"{http_server.url}/post", data=b"x" * 100_000)).ok
            assert len(http_server.last.body) == 100_000
            url = http_server.url.replace("://", "://user:secret@")
            assert (await session.get(f"{url}/get?a=b")).ok

    loop.run(main())
    targets = [x.target for x in forward_proxy.requests if x.method == "GET"]
    assert targets == [f"{http_server.url}/get?a=b"] * 4
    assert forward_proxy.requests[0].header("Host") == f"127.0.0.1:{http_server.port}"
    assert forward_proxy.connections == 1
    assert http_server.last.header("Authorization") == BASIC


def test_a_proxy_serves_all_origins_on_one_connection(
    loop: Loop, http_server, second_http_server, forward_proxy, open_session
) -> None:
    async def main() -> None:
        async with open_session(proxies=by(forward_proxy)) as session:
            for _ in range(2):
                for server in (http_server, second_http_server):
                    assert (await session.get(f"{server.url}/get")).ok

    loop.run(main())
    assert forward_proxy.connections == 1


def test_a_proxy_and_none_are_different_connections(loop: Loop, http_server, forward_proxy) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            for proxies in ({}, by(forward_proxy), {}, by(forward_proxy)):
                assert (await session.get(f"{http_server.url}/get", proxies=proxies)).ok

    loop.run(main())
    assert len(forward_proxy.requests) == 2
    assert forward_proxy.connections == 1


# -- https -------------------------------------------------------------------


def test_https_by_a_tunnel(loop: Loop, https_server, forward_proxy, open_session) -> None:
    async def main() -> None:
        async with open_session(proxies=by(forward_proxy)) as session:
            for _ in range(3):
                assert (await session.get(f"{https_server.url}/get")).ok

    loop.run(main())
    assert forward_proxy.tunnels == [f"127.0.0.1:{https_server.port}"]
    connect = forward_proxy.requests[0]
    assert connect.header("Host") == f"127.0.0.1:{https_server.port}"
    assert {name.lower() for name, _ in connect.fields} <= {"host", "user-agent"}
    assert https_server.last.target == "/get"


def test_a_tunnel_is_for_one_origin(
    loop: Loop, https_server, second_https_server, forward_proxy, open_session
) -> None:
    async def main() -> None:
        async with open_session(proxies=by(forward_proxy)) as session:
            for server in (https_server, second_https_server):
                assert (await session.get(f"{server.url}/get")).ok

    loop.run(main())
    assert len(forward_proxy.tunnels) == forward_proxy.connections == 2


def test_an_untrusted_origin_behind_a_proxy(
    loop: Loop, https_server, forward_proxy, open_session
) -> None:
    async def main() -> None:
        async with open_session(proxies=by(forward_proxy), verify=True) as session:
            for _ in range(2):
                with pytest.raises(SSLError) as caught:
                    await session.get(f"{https_server.url}/get")
                assert not isinstance(caught.value, ProxyError)

    loop.run(main())
    assert not https_server.requests


def test_tls_to_the_proxy(
    loop: Loop, http_server, https_server, tls_forward_proxy, open_session
) -> None:
    """TLS in TLS, for an origin that has it too."""

    async def main() -> None:
        async with open_session(proxies=by(tls_forward_proxy, "https")) as session:
            for _ in range(2):
                for server in (http_server, https_server):
                    for _ in range(2):
                        assert (await session.get(f"{server.url}/get")).ok

    loop.run(main())
    assert tls_forward_proxy.tunnels == [f"127.0.0.1:{https_server.port}"] * 2
    assert tls_forward_proxy.requests[0].target == f"{http_server.url}/get"
    assert tls_forward_proxy.connections == 4


def test_tls_to_a_proxy_that_is_not_trusted(
    loop: Loop, http_server, https_server, tls_forward_proxy, open_session
) -> None:
    async def main() -> None:
        proxies = by(tls_forward_proxy, "https")
        async with open_session(proxies=proxies, verify=True) as session:
            for server in (http_server, https_server):
                with pytest.raises(ProxyError, match="certificate verify failed"):
                    await session.get(f"{server.url}/get")

    loop.run(main())
    assert not tls_forward_proxy.requests


def test_a_proxy_whose_certificate_is_not_verified(
    loop: Loop, https_server, tls_forward_proxy, open_session
) -> None:
    async def main() -> None:
        proxies = by(tls_forward_proxy, "https")
        async with open_session(proxies=proxies, verify=False) as session:
            with pytest.warns(InsecureRequestWarning) as caught:
                assert (await session.get(f"{https_server.url}/get")).ok
            assert {warning.filename for warning in caught} == {__file__}

    loop.run(main())


def test_a_plain_proxy_is_no_tls_proxy(loop: Loop, start_raw_server, open_session) -> None:
    def script(connection: RawConnection) -> None:
        connection.sock.recv(1)
        connection.respond(b"plain", status=b"400 Bad Request")

    server: RawServer = start_raw_server(script)

    async def main() -> None:
        async with open_session(proxies=by(server, "https")) as session:
            for url in ("http://origin.example/", "https://origin.example/"):
                with pytest.raises(ProxyError, match="the proxy does not speak TLS on that port"):
                    await session.get(url)

    loop.run(main())


@pytest.mark.parametrize("kind", ["bytes", "file", "iterator"])
@pytest.mark.parametrize("proxy", ["http", "https"])
def test_large_bodies_through_a_tunnel(
    loop: Loop, child: ChildServer, open_session, kind: str, proxy: str
) -> None:
    body = pattern(1_500_000)

    async def blocks() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 70_000):
            yield body[at : at + 70_000]

    async def main() -> None:
        url = child.url if proxy == "http" else child.tls_url
        async with open_session(proxies={"all": url}) as session:
            data = {"bytes": body, "file": io.BytesIO(body), "iterator": blocks()}[kind]
            seen = await session.post(f"{child.tls_url}/echo/0/x", data=data)
            assert hashlib.sha256(seen.content).digest() == hashlib.sha256(body).digest()
            answer = await session.get(f"{child.tls_url}/plain/300/x")
            assert answer.content == body_of("/plain/300/x")

    loop.run(main())


# -- who we are to the proxy -------------------------------------------------


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_credentials_of_the_proxys_url(
    loop: Loop, http_server, https_server, start_proxy: StartProxy, open_session, tls: bool
) -> None:
    proxy = start_proxy(auth=("us@r", "s:cret"))
    server = https_server if tls else http_server

    async def main() -> None:
        async with open_session(proxies={"all": proxy.url_with("us%40r", "s%3Acret")}) as session:
            for _ in range(2):
                assert (await session.get(f"{server.url}/get")).ok

    loop.run(main())
    assert server.last.header("Proxy-Authorization") is None
    assert proxy.connections == 1


def test_a_wrong_password(
    loop: Loop, http_server, https_server, start_proxy: StartProxy, open_session
) -> None:
    proxy = start_proxy(auth=("user", "secret"))

    async def main() -> None:
        async with open_session(proxies={"all": proxy.url_with("user", "guess")}) as session:
            assert (await session.get(f"{http_server.url}/get")).status_code == 407
            for _ in range(2):
                with pytest.raises(ProxyError, match="407") as caught:
                    await session.get(f"{https_server.url}/get")
                assert "guess" not in str(caught.value)
                assert caught.value.response is None
            right = {"all": proxy.url_with("user", "secret")}
            assert (await session.get(f"{https_server.url}/get", proxies=right)).ok

    loop.run(main())
    assert not http_server.requests
    assert len(https_server.requests) == 1


def test_a_header_for_the_proxy_does_not_reach_the_origin(
    loop: Loop, https_server, http_server, forward_proxy, open_session
) -> None:
    headers = {"Proxy-Authorization": "Basic c2VjcmV0"}

    async def main() -> None:
        async with open_session(headers=headers) as session:
            await session.get(f"{https_server.url}/get", proxies=by(forward_proxy))
            assert https_server.last.header("Proxy-Authorization") is None
            await session.get(f"{http_server.url}/get", proxies=by(forward_proxy))
            assert forward_proxy.requests[-1].header("Proxy-Authorization") == "Basic c2VjcmV0"
            assert http_server.last.header("Proxy-Authorization") is None

    loop.run(main())


def test_other_credentials_are_another_connection(
    loop: Loop, http_server, start_proxy: StartProxy
) -> None:
    proxy = start_proxy()

    async def main() -> None:
        async with ulak.AsyncSession() as session:
            for user in ("one", "two", "one"):
                proxies = {"http": proxy.url_with(user, "p")}
                assert (await session.get(f"{http_server.url}/get", proxies=proxies)).ok

    loop.run(main())
    assert proxy.connections == 2
    first, second, third = (x.header("Proxy-Authorization") for x in proxy.requests)
    assert first == third != second


def test_what_a_proxy_is_told_may_be_overridden(
    loop: Loop, https_server, forward_proxy, certificates: Certificates
) -> None:
    class Telling(ulak.AsyncHTTPAdapter):
        def proxy_headers(self, proxy: str) -> dict[str, str]:
            return {**super().proxy_headers(proxy), "X-Told": "1"}

    async def main() -> None:
        async with ulak.AsyncSession(
            adapters={"https://": Telling()}, verify=str(certificates.ca)
        ) as session:
            assert (await session.get(f"{https_server.url}/get", proxies=by(forward_proxy))).ok

    loop.run(main())
    assert forward_proxy.requests[0].header("X-Told") == "1"
    assert https_server.last.header("X-Told") is None


# -- what a proxy may say ----------------------------------------------------

ANSWERS = {
    "403": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nSECRET",
    "407": b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\n\r\nSECRET",
    "502": b"HTTP/1.1 502 Bad Gateway\r\n\r\nSECRET",
    "302": b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\n\r\n",
    "garbage": b"SSH-2.0-OpenSSH\r\n\r\n",
    "nothing": b"",
    "half": b"HTTP/1.1 200 Conn",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_proxy_may_say_to_connect(
    loop: Loop, start_proxy: StartProxy, open_session, name: str
) -> None:
    proxy = start_proxy(connect_answer=ANSWERS[name])

    async def main() -> None:
        async with open_session(proxies=by(proxy)) as session:
            for _ in range(3):
                with pytest.raises(ProxyError) as caught:
                    await session.get("https://origin.example/")
                assert "SECRET" not in str(caught.value)
                assert caught.value.response is None
                assert not isinstance(caught.value, ulak.Timeout)

    loop.run(main())
    assert proxy.connections == 3


@pytest.mark.parametrize("when", ["at once", "later", "in the handshake"])
def test_bytes_after_the_tunnel_are_no_answer(loop: Loop, start_raw_server, open_session, when):
    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        if when == "later":
            connection.pause(0.05)
        elif when == "in the handshake":
            connection.sock.recv(1)
        connection.send(SECRET)
        connection.wait_closed()

    server: RawServer = start_raw_server(script)

    async def main() -> None:
        async with open_session(proxies=by(server)) as session:
            for _ in range(2):
                with pytest.raises(ulak.ConnectionError) as caught:
                    await session.get("https://origin.example/")
                assert "SECRET" not in str(caught.value)

    loop.run(main())


def test_a_big_body_after_a_refused_connect_is_not_read(
    loop: Loop, start_raw_server, open_session
) -> None:
    sent = []

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 407 No\r\nContent-Length: 999999999\r\n\r\n")
        for _ in range(10_000):
            connection.send(b"x" * 65536)
            sent.append(1)

    server: RawServer = start_raw_server(script)

    async def main() -> None:
        async with open_session(proxies=by(server)) as session:
            with pytest.raises(ProxyError):
                await session.get("https://origin.example/")

    loop.run(main())
    server.stop()
    assert len(sent) < 1000


def silent(connection: RawConnection) -> None:
    connection.recv_head()
    connection.hang()


def drips(connection: RawConnection) -> None:
    connection.recv_head()
    connection.send(b"HTTP/1.1 200 OK\r\n")
    connection.drip((b"X: y\r\n" for _ in range(9999)), 0.02)


@pytest.mark.parametrize("timeout", BRIEF, ids=["connect", "total"])
@pytest.mark.parametrize("script", [silent, drips])
def test_a_slow_connect_ends_in_time(
    loop: Loop, start_raw_server, open_session, script: Any, timeout: ulak.Timeout
) -> None:
    server: RawServer = start_raw_server(script)

    async def main() -> None:
        async with open_session(proxies=by(server), timeout=timeout) as session:
            start = time.monotonic()
            error = ProxyTimeout if timeout.total is None else ulak.exceptions.TotalTimeout
            with pytest.raises(error) as caught:
                await session.get("https://origin.example/")
            assert 0.05 < time.monotonic() - start < SOON
            assert isinstance(caught.value, ulak.Timeout)

    loop.run(main())


@pytest.mark.parametrize("tls", [True, False], ids=["https proxy", "http proxy"])
@pytest.mark.parametrize("timeout", BRIEF, ids=["connect", "total"])
def test_a_handshake_through_a_tunnel_that_drips_ends_in_time(
    loop: Loop, start_raw_server, open_session, certificates, tls: bool, timeout
) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.sock.recv(9999)  # what comes before the tunnel is used is no handshake
        connection.drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + b"a" * 9999, 0.05)

    server = start_raw_server(script, tls=certificates.server_context() if tls else None)

    async def main() -> None:
        async with open_session(proxies={"all": server.url}, timeout=timeout) as session:
            start = time.monotonic()
            with pytest.raises(ulak.Timeout) as caught:
                await session.get("https://origin.example/")
            assert isinstance(caught.value, ulak.ConnectionError)
            assert 0.05 < time.monotonic() - start < SOON

    loop.run(main())


# -- proxies that cannot be reached ------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https", *SCHEMES])
def test_nobody_listens(loop: Loop, open_session, scheme: str) -> None:
    async def main() -> None:
        async with open_session() as session:
            for proxy in (f"{scheme}://127.0.0.1:{free_port()}", f"{scheme}://no-such.invalid:1"):
                for url in ("http://127.0.0.1:1/", "https://127.0.0.1:1/"):
                    with pytest.raises(ProxyError) as caught:
                        await session.get(url, proxies={"all": proxy})
                    assert isinstance(caught.value, ulak.ConnectionError)
                    assert caught.value.request.url == url

    loop.run(main())


@pytest.mark.parametrize("scheme", ["http", "socks4", "socks5h"])
def test_a_proxy_that_cannot_be_reached_in_time(loop: Loop, open_session, scheme: str) -> None:
    async def main(port: int) -> None:
        proxies = {"all": f"{scheme}://127.0.0.1:{port}"}
        async with open_session(proxies=proxies, timeout=BRIEF[0]) as session:
            start = time.monotonic()
            with pytest.raises(ProxyTimeout):
                await session.get("http://127.0.0.1/")
            assert time.monotonic() - start < SOON

    with stalled_port() as port:
        loop.run(main(port))


# -- which proxy -------------------------------------------------------------


@pytest.mark.parametrize("no_proxy", ["127.0.0.1", "127.0.0.0/8", "*", "127.0.0.1:{port}"])
def test_no_proxy(loop: Loop, http_server, forward_proxy, monkeypatch, no_proxy: str) -> None:
    monkeypatch.setenv("http_proxy", forward_proxy.url)
    monkeypatch.setenv("NO_PROXY", no_proxy.format(port=http_server.port))

    async def main() -> None:
        async with ulak.AsyncSession() as session:
            assert (await session.get(f"{http_server.url}/get")).ok

    loop.run(main())
    assert not forward_proxy.requests


def test_no_proxy_is_looked_at_on_every_hop(
    loop: Loop, http_server, second_http_server, forward_proxy, monkeypatch
) -> None:
    monkeypatch.setenv("http_proxy", forward_proxy.url)
    monkeypatch.setenv("no_proxy", "localhost")
    inside, outside = second_http_server.at("localhost"), http_server.url

    async def main() -> None:
        async with ulak.AsyncSession() as session:
            for here, there in ((outside, inside), (inside, outside)):
                params = {"url": f"{there}/get"}
                assert (await session.get(f"{here}/redirect-to", params=params)).ok

    loop.run(main())
    targets = [x.target.partition("?")[0] for x in forward_proxy.requests]
    assert targets == [f"{outside}/redirect-to", f"{outside}/get"]


def test_a_redirect_from_http_to_https_changes_the_proxy(
    loop: Loop, http_server, https_server, start_proxy: StartProxy, open_session
) -> None:
    plain, tunnel = start_proxy(), start_proxy()

    async def main() -> None:
        async with open_session(proxies={"http": plain.url, "https": tunnel.url}) as session:
            params = {"url": f"{https_server.url}/get"}
            assert (await session.get(f"{http_server.url}/redirect-to", params=params)).ok

    loop.run(main())
    assert len(plain.requests) == 1
    assert tunnel.tunnels == [f"127.0.0.1:{https_server.port}"]


def test_the_proxy_resolves_names(loop: Loop, start_proxy: StartProxy, http_server, open_session):
    proxy = start_proxy(resolve={"nowhere.invalid:80": ("127.0.0.1", http_server.port)})

    async def main() -> None:
        async with open_session(proxies=by(proxy)) as session:
            assert (await session.get("http://nowhere.invalid/get")).ok

    loop.run(main())


@pytest.mark.parametrize(
    "proxy",
    ["ftp://h:1", "http://", "http://h:x", "http://[", "h:99999", "socks6://h:1", "socks5://"],
)
def test_proxy_urls_that_cannot_be_used(loop: Loop, open_session, proxy: str) -> None:
    async def main() -> None:
        async with open_session() as session:
            with pytest.raises(InvalidProxyURL):
                await session.get("http://origin.example/", proxies={"http": proxy})

    loop.run(main())


# -- SOCKS -------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_socks(loop: Loop, child: ChildServer, open_session, scheme: str, tls: bool) -> None:
    url = (child.tls_url if tls else child.url).replace("127.0.0.1", "localhost")

    async def main() -> None:
        async with open_session(proxies=by(child, scheme)) as session:
            for number in range(3):
                answer = await session.get(f"{url}/plain/300/{number}")
                assert answer.content == body_of(f"/plain/300/{number}")
            body = pattern(500_000)
            assert (await session.post(f"{url}/echo/0/x", data=body)).content == body

    loop.run(main())


@pytest.mark.real("microsocks")
@pytest.mark.parametrize("remote", [False, True], ids=["socks5", "socks5h"])
def test_microsocks(
    loop: Loop, start_socks, http_server, https_server, open_session, remote: bool
) -> None:
    proxy = start_socks("user", "secret")
    url = proxy.remote_dns_url if remote else proxy.url

    async def main() -> None:
        async with open_session(proxies={"all": url}) as session:
            for server in (http_server, https_server):
                for _ in range(3):
                    assert (await session.get(f"{server.at('localhost')}/get")).ok
                assert server.connections == 1
            with pytest.raises(ProxyError, match="connection refused"):
                await session.get(f"http://127.0.0.1:{free_port()}/")
            bad = {"all": url.replace("secret", "guess")}
            with pytest.raises(ProxyError, match="refused the user name and password") as caught:
                await session.get(f"{http_server.url}/get", proxies=bad)
            assert "guess" not in str(caught.value)
            none = {"all": url.replace("user:secret@", "")}
            with pytest.raises(ProxyError, match="wants authentication"):
                await session.get(f"{http_server.url}/get", proxies=none)

    loop.run(main())


def only_these(monkeypatch: pytest.MonkeyPatch, name: str, places: list[Any]) -> list[str]:
    """Let ``name`` have these addresses; gives what names are looked up."""
    asked: list[str] = []
    genuine = socket.getaddrinfo
    found = [(family, socket.SOCK_STREAM, 6, "", place) for family, place in places]

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        return found if host == name else genuine(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("scheme", SCHEMES)
def test_who_resolves_names(
    loop: Loop, child: ChildServer, open_session, monkeypatch, scheme: str
) -> None:
    asked = only_these(monkeypatch, "here.example", [(socket.AF_INET, ("127.0.0.1", 1))])

    async def main() -> None:
        async with open_session(proxies=by(child, scheme)) as session:
            name = "localhost" if scheme in ("socks4a", "socks5h") else "here.example"
            url = child.url.replace("127.0.0.1", name)
            assert (await session.get(f"{url}/plain/300/x")).content == body_of("/plain/300/x")

    loop.run(main())
    names = [host for host in asked if host != "127.0.0.1"]
    assert names == ([] if scheme in ("socks4a", "socks5h") else ["here.example"])


def test_a_name_without_an_address_here(loop: Loop, child: ChildServer, open_session) -> None:
    async def main() -> None:
        async with open_session() as session:
            for scheme in ("socks4", "socks5"):
                words = r"no-such-name\.invalid has no address here.*socks5h"
                with pytest.raises(ProxyError, match=words):
                    await session.get("http://no-such-name.invalid/", proxies=by(child, scheme))

    loop.run(main())


def saying(*replies: bytes) -> Callable[[RawConnection], None]:
    """A script that answers each message with the next of ``replies``, then closes."""

    def script(connection: RawConnection) -> None:
        for reply in replies:
            connection.received += connection.sock.recv(1000)
            connection.send(reply)
        connection.shutdown()
        connection.wait_closed()

    return script


@pytest.mark.parametrize(
    ("scheme", "userinfo", "replies", "sent"),
    [
        ("socks4", "us%20er@", [b"\x00\x5b"], b"\x04\x01\x00\x50\x7f\x00\x00\x01us er\x00"),
        (
            "socks4a",
            "us%20er@",
            [b"\x00\x5b"],
            b"\x04\x01\x00\x50\x00\x00\x00\x01us er\x00localhost\x00",
        ),
        (
            "socks5",
            "us%40r:p%3Aw%FF@",
            [b"\x05\x02", b"\x01\x00", b"\x05\x02"],
            b"\x05\x02\x00\x02\x01\x04us@r\x04p:w\xff\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50",
        ),
        (
            "socks5h",
            "",
            [b"\x05\x00", b"\x05\x02"],
            b"\x05\x01\x00\x05\x01\x00\x03\x09localhost\x00\x50",
        ),
    ],
)
def test_what_socks_proxies_are_sent(
    loop: Loop, start_raw_server, open_session, monkeypatch, scheme, userinfo, replies, sent
) -> None:
    only_these(monkeypatch, "localhost", [(socket.AF_INET, ("127.0.0.1", 80))])
    server: RawServer = start_raw_server(saying(*replies))

    async def main() -> None:
        async with open_session(proxies=by(server, scheme, userinfo)) as session:
            with pytest.raises(ProxyError) as caught:
                await session.get("http://localhost/")
            assert not userinfo or userinfo.rstrip("@") not in str(caught.value)

    loop.run(main())
    server.stop()
    assert server.received == sent


SAID = {
    "nothing": (["socks4", "socks5"], [b""], "closed the connection"),
    "http": (["socks4", "socks5"], [b"HTTP/1.1 400 Bad Request\r\n\r\n"], "does not speak SOCKS"),
    "half a reply of 4": (["socks4", "socks4a"], [GRANTED_4[:5]], "closed the connection"),
    "half a reply of 5": (["socks5"], [b"\x05\x00", GRANTED_5[:-1]], "closed the connection"),
    "a refusal of 4": (["socks4", "socks4a"], [b"\x00\x5b"], "request rejected or failed"),
    "a refusal of 5": (["socks5"], [b"\x05\x00", b"\x05\x04"], "host unreachable"),
    "no method": (["socks5h"], [b"\x05\xff"], "accepts neither"),
    "both replies at once": (["socks5"], [b"\x05\x00" + GRANTED_5], "more than it was asked for"),
    "bytes after a reply of 4": (["socks4"], [GRANTED_4 + SECRET], "more than it was asked for"),
    "bytes after a reply of 5": (
        ["socks5"],
        [b"\x05\x00", GRANTED_5 + SECRET],
        "more than it was asked for",
    ),
}
CASES = [(scheme, name) for name, (schemes, _, _) in SAID.items() for scheme in schemes]


@pytest.mark.parametrize(("scheme", "name"), CASES)
def test_what_a_socks_proxy_may_say(
    loop: Loop, start_raw_server, open_session, scheme: str, name: str
) -> None:
    _, replies, words = SAID[name]
    server: RawServer = start_raw_server(saying(*replies))

    async def main() -> None:
        async with open_session(proxies=by(server, scheme, "user:hunter2@")) as session:
            for _ in range(2):
                with pytest.raises(ProxyError, match=words) as caught:
                    await session.get("http://127.0.0.1:1/")
                assert "SECRET" not in str(caught.value)
                assert "hunter2" not in str(caught.value)
                assert not isinstance(caught.value, ulak.Timeout)

    loop.run(main())
    assert server.accepted == 2


@pytest.mark.parametrize("timeout", BRIEF, ids=["connect", "total"])
@pytest.mark.parametrize("scheme", ["socks4", "socks5"])
@pytest.mark.parametrize("how", ["silent", "drips"])
def test_a_slow_socks_proxy(
    loop: Loop, start_raw_server, open_session, how: str, scheme: str, timeout: ulak.Timeout
) -> None:
    def script(connection: RawConnection) -> None:
        connection.sock.recv(100)
        if how == "drips":
            if scheme == "socks5":
                connection.send(b"\x05\x00")
                connection.sock.recv(100)
            connection.drip(GRANTED_4 if scheme == "socks4" else GRANTED_5, 0.02)
        connection.hang()

    server: RawServer = start_raw_server(script)

    async def main() -> None:
        async with open_session(proxies=by(server, scheme), timeout=timeout) as session:
            start = time.monotonic()
            error = ProxyTimeout if timeout.total is None else ulak.exceptions.TotalTimeout
            with pytest.raises(error):
                await session.get("http://127.0.0.1:1/")
            assert 0.05 < time.monotonic() - start < SOON

    loop.run(main())


def test_an_origin_behind_socks_that_is_not_trusted(
    loop: Loop, child: ChildServer, open_session
) -> None:
    async def main() -> None:
        async with open_session(proxies=by(child, "socks5"), verify=True) as session:
            with pytest.raises(SSLError) as caught:
                await session.get(f"{child.tls_url}/plain/300/x")
            assert not isinstance(caught.value, ProxyError)

    loop.run(main())


@pytest.mark.parametrize("scheme", ["http", "socks4"])
def test_a_late_handshake_in_a_tunnel_is_not_the_proxys(
    loop: Loop, start_raw_server, open_session, scheme: str
) -> None:
    def script(connection: RawConnection) -> None:
        connection.sock.recv(9999)
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n" if scheme == "http" else GRANTED_4)
        connection.hang()

    server: RawServer = start_raw_server(script)

    async def main() -> None:
        limit = ulak.Timeout(connect=0.5, pool=1)  # which the proxy's answer has to be in time for
        async with open_session(proxies=by(server, scheme), timeout=limit) as session:
            with pytest.raises(ulak.ConnectTimeout) as caught:
                await session.get("https://127.0.0.1:1/")
            assert not isinstance(caught.value, ProxyError)

    loop.run(main())


@pytest.mark.parametrize(
    ("scheme", "userinfo", "url", "error"),
    [
        ("socks4", "", "http://[::1]/", InvalidProxyURL),
        ("socks4a", "a%00b@", "http://origin.example/", InvalidProxyURL),
        ("socks5h", ":secret@", "http://origin.example/", InvalidProxyURL),
        ("socks5h", "u" * 256 + ":secret@", "http://origin.example/", InvalidProxyURL),
        ("socks5h", "", "http://[fe80::1%25eth0]/", InvalidURL),
    ],
)
def test_what_socks_cannot_carry_is_not_sent(
    loop: Loop, start_raw_server, open_session, scheme, userinfo, url, error
) -> None:
    server: RawServer = start_raw_server(lambda connection: connection.sock.recv(1))

    async def main() -> None:
        async with open_session(proxies=by(server, scheme, userinfo)) as session:
            for _ in range(2):
                with pytest.raises(error) as caught:
                    await session.get(url)
                assert "secret" not in str(caught.value)
                assert caught.value.request.url

    loop.run(main())
    server.stop()
    assert server.received == b""


def test_other_credentials_of_socks_are_another_connection(
    loop: Loop, start_raw_server, certificates: Certificates
) -> None:
    logins: list[bytes] = []

    def script(connection: RawConnection) -> None:
        connection.sock.recv(100)
        connection.send(b"\x05\x02")
        logins.append(connection.sock.recv(100))
        connection.send(b"\x01\x00")
        connection.sock.recv(100)
        connection.send(GRANTED_5)
        while True:
            connection.recv_request()
            connection.respond(b"fine")

    server: RawServer = start_raw_server(script)

    async def main() -> None:
        async with ulak.AsyncSession(timeout=5) as session:
            for userinfo in ("one:pass@", "two:pass@", "one:word@", "one:pass@"):
                proxies = by(server, "socks5", userinfo)
                assert (await session.get("http://127.0.0.1:1/", proxies=proxies)).ok
        await asyncio.sleep(0)

    loop.run(main())
    assert logins == [b"\x01\x03one\x04pass", b"\x01\x03two\x04pass", b"\x01\x03one\x04word"]


# -- real ones ---------------------------------------------------------------


@pytest.mark.real("squid")
def test_squid(loop: Loop, start_squid, http_server, https_server, certificates) -> None:
    proxy = start_squid(auth=("user", "secret"), certificates=certificates)

    async def main() -> None:
        for url in (proxy.url, proxy.tls_url):
            async with ulak.AsyncSession(
                proxies={"all": url}, verify=str(certificates.ca), timeout=10
            ) as session:
                server: HttpServer
                for server in (http_server, https_server):
                    answers = await asyncio.gather(
                        *[session.get(f"{server.url}/get?n={n}") for n in range(10)]
                    )
                    assert [int(x.json()["args"]["n"]) for x in answers] == [*range(10)]
                    sent = await session.post(f"{server.url}/sink", data=bytes(1_000_000))
                    assert sent.json()["size"] == 1_000_000
                wrong = {"all": url.replace("secret", "guess")}
                with pytest.raises(ProxyError, match="407"):
                    await session.get(f"{https_server.url}/get", proxies=wrong)

    loop.run(main())


@pytest.mark.parametrize("when", ["handshake", "body"])
def test_what_is_no_tls_inside_the_tls_of_a_proxy(
    open_session, start_raw_server, certificates: Certificates, child, loop: Loop, when: str
) -> None:
    """Python 3.11's TLS transport fails when it is to close for a reason: that is not ours."""

    def script(connection: RawConnection) -> None:
        if when == "body":
            connection.recv_head()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234")
        socket.socket.sendall(connection.sock, b"garbage" * 9)  # past TLS
        connection.wait_closed()

    tls = certificates.server_context() if when == "body" else None
    server = start_raw_server(script, tls=tls)

    async def main() -> None:
        async with open_session() as session:
            await session.get(
                f"https://127.0.0.1:{server.port}/", proxies={"all": child.tls_url}, timeout=5
            )

    start = time.monotonic()
    with pytest.raises(ulak.RequestException) as caught:
        loop.run(main())
    assert not isinstance(caught.value, ulak.Timeout)
    assert time.monotonic() - start < SOON
