"""Proxies: how each kind is used, what it is told, and what it is not."""

from __future__ import annotations

import hashlib
import io
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import ulak
from tests.support import (
    ForwardProxy,
    RawConnection,
    free_port,
    stalled_port,
)
from tests.support.routes import pattern
from ulak.adapters import HTTPAdapter
from ulak.exceptions import InvalidProxyURL, ProxyError

StartProxy = Callable[..., ForwardProxy]
BASIC = ulak.auth._basic_auth_str("user", "secret")


# -- http --------------------------------------------------------------------


def test_http_by_a_proxy(http_server, forward_proxy: ForwardProxy, session) -> None:
    session.proxies = {"http": forward_proxy.url}
    for _ in range(3):
        session.get(f"{http_server.url}/get?a=b#part")
    assert {x.target for x in forward_proxy.requests} == {f"{http_server.url}/get?a=b"}
    assert forward_proxy.requests[0].header("Host") == f"127.0.0.1:{http_server.port}"
    assert forward_proxy.connections == 1
    assert http_server.last.target == "/get?a=b"


def test_the_proxys_target_has_no_userinfo(http_server, forward_proxy, session) -> None:
    url = http_server.url.replace("://", "://user:secret@")
    session.get(f"{url}/get", proxies={"http": forward_proxy.url})
    assert forward_proxy.requests[0].target == f"{http_server.url}/get"
    assert http_server.last.header("Authorization") == BASIC


def test_a_body_by_a_proxy(http_server, forward_proxy: ForwardProxy, session) -> None:
    session.proxies = {"http": forward_proxy.url}
    assert session.post(f"{http_server.url}/post", data=b"x" * 100_000).ok
    assert len(http_server.last.body) == 100_000
    assert session.post(f"{http_server.url}/post", data=iter([b"a", b"b"])).json()["data"] == "ab"


def test_threads_that_ask_for_a_proxy_at_once_share_its_connections() -> None:
    """Else a limit would hold for each of them, and close() reach the last one's alone."""
    together = threading.Barrier(8, timeout=5)

    class Slow(HTTPAdapter):
        def proxy_headers(self, proxy: str) -> dict[str, str]:
            together.wait()
            return super().proxy_headers(proxy)

    adapter = Slow(pool_connections=1)
    with ThreadPoolExecutor(8) as threads:
        for proxies in (["http://h:1"] * 8, [f"http://h:{n}" for n in range(2, 10)]):
            together.reset()
            found = list(threads.map(adapter.proxy_manager_for, proxies))
            assert len(set(map(id, found))) == len(set(proxies))


@pytest.mark.parametrize(
    "form", ["{proxy}", "HTTP://{netloc}", "{netloc}", "//{netloc}", "{proxy}/"]
)
def test_spellings_of_a_proxy(http_server, forward_proxy, session, form: str) -> None:
    netloc = f"127.0.0.1:{forward_proxy.port}"
    session.get(
        f"{http_server.url}/get",
        proxies={"http": form.format(proxy=forward_proxy.url, netloc=netloc)},
    )
    assert len(forward_proxy.requests) == 1


# -- https -------------------------------------------------------------------


def test_a_url_in_the_query_does_not_make_a_proxys_target(
    http_server, https_server, forward_proxy: ForwardProxy, verifying
) -> None:
    verifying.proxies = {"all": forward_proxy.url}
    for server in (http_server, https_server):
        assert verifying.get(f"{server.url}/get?url=http://other.example/").ok
        assert server.last.target == "/get?url=http://other.example/"
    assert forward_proxy.tunnels == [f"127.0.0.1:{https_server.port}"]


def test_https_by_a_tunnel(https_server, forward_proxy: ForwardProxy, verifying) -> None:
    verifying.proxies = {"https": forward_proxy.url}
    for _ in range(3):
        assert verifying.get(f"{https_server.url}/get").ok
    assert forward_proxy.tunnels == [f"127.0.0.1:{https_server.port}"]
    connect = forward_proxy.requests[0]
    assert connect.header("Host") == f"127.0.0.1:{https_server.port}"
    assert {name.lower() for name, _ in connect.fields} <= {
        "host",
        "user-agent",
        "proxy-connection",
    }
    assert https_server.last.target == "/get"


def test_an_untrusted_origin_behind_a_proxy(https_server, forward_proxy, session) -> None:
    with pytest.raises(ulak.exceptions.SSLError) as caught:
        session.get(f"{https_server.url}/get", proxies={"https": forward_proxy.url})
    assert not isinstance(caught.value, ProxyError)


def test_tls_to_the_proxy(
    http_server, https_server, tls_forward_proxy: ForwardProxy, verifying
) -> None:
    verifying.proxies = {"all": tls_forward_proxy.url}
    assert verifying.get(f"{http_server.url}/get").ok
    assert verifying.get(f"{https_server.url}/get").ok
    assert tls_forward_proxy.tunnels == [f"127.0.0.1:{https_server.port}"]
    assert tls_forward_proxy.requests[0].target == f"{http_server.url}/get"


def test_tls_to_a_proxy_that_is_not_trusted(https_server, tls_forward_proxy, session) -> None:
    with pytest.raises(ProxyError):
        session.get(f"{https_server.url}/get", proxies={"https": tls_forward_proxy.url})


class SmallBuffer(HTTPAdapter):
    """Its sockets take little at once, as those of a slow network do."""

    def proxy_manager_for(self, proxy, **kwargs):
        options = [(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)]
        return super().proxy_manager_for(proxy, socket_options=options, **kwargs)


@pytest.mark.parametrize("kind", ["bytes", "file", "iterator"])
def test_an_upload_through_tls_in_tls_arrives_whole(
    https_server, tls_forward_proxy: ForwardProxy, certificates, kind: str
) -> None:
    body = pattern(1_500_000)
    data = {
        "bytes": body,
        "file": io.BytesIO(body),
        "iterator": (body[i : i + 70_000] for i in range(0, len(body), 70_000)),
    }[kind]
    with ulak.Session(
        adapters={"https://": SmallBuffer()},
        verify=str(certificates.ca),
        proxies={"https": tls_forward_proxy.url},
        timeout=10,
    ) as session:
        seen = session.post(f"{https_server.url}/sink", data=data).json()
        assert seen["sha256"] == hashlib.sha256(body).hexdigest()
        assert session.get(f"{https_server.url}/get").ok
    assert tls_forward_proxy.connections == 1


@pytest.mark.parametrize("tls", [True, False], ids=["https proxy", "http proxy"])
@pytest.mark.parametrize(
    "timeout", [ulak.Timeout(connect=0.3), ulak.Timeout(total=0.3)], ids=["connect", "total"]
)
def test_a_handshake_through_a_tunnel_that_drips_ends_in_time(
    start_raw_server, verifying, certificates, tls: bool, timeout
) -> None:
    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.sock.recv(9999)  # what comes before the tunnel is used is no handshake
        connection.drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + b"a" * 9999, 0.05)

    server = start_raw_server(script, tls=certificates.server_context() if tls else None)
    start = time.monotonic()
    with pytest.raises(ulak.ConnectionError):
        verifying.get("https://origin.example/", proxies={"https": server.url}, timeout=timeout)
    assert 0.25 < time.monotonic() - start < 1.5


# -- who we are to the proxy -------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_credentials_of_the_proxys_url(
    http_server, https_server, start_proxy: StartProxy, verifying, scheme: str
) -> None:
    proxy = start_proxy(auth=("user", "secret"))
    server = http_server if scheme == "http" else https_server
    verifying.proxies = {scheme: proxy.url_with("user", "secret")}
    for _ in range(2):
        assert verifying.get(f"{server.url}/get").ok
    assert proxy.requests[0].header("Proxy-Authorization") == BASIC
    assert server.last.header("Proxy-Authorization") is None
    assert proxy.connections == 1


def test_credentials_that_need_encoding(http_server, start_proxy, session) -> None:
    proxy = start_proxy(auth=("us@r", "p:w"))
    session.get(
        f"{http_server.url}/get", proxies={"http": proxy.url_with("us%40r", "p%3Aw")}
    ).raise_for_status()


def test_a_wrong_password_and_plain_http(http_server, start_proxy, session) -> None:
    proxy = start_proxy(auth=("user", "secret"))
    response = session.get(
        f"{http_server.url}/get", proxies={"http": proxy.url_with("user", "wrong")}
    )
    assert response.status_code == 407
    assert not http_server.requests


def test_a_wrong_password_and_a_tunnel(https_server, start_proxy, verifying) -> None:
    proxy = start_proxy(auth=("user", "secret"))
    with pytest.raises(ProxyError, match="407") as caught:
        verifying.get(f"{https_server.url}/get", proxies={"https": proxy.url_with("user", "wrong")})
    assert "wrong" not in str(caught.value)
    assert caught.value.response is None
    assert not https_server.requests


def test_a_header_for_the_proxy_does_not_reach_the_origin(
    https_server, http_server, forward_proxy, verifying
) -> None:
    verifying.proxies = {"all": forward_proxy.url}
    headers = {"Proxy-Authorization": "Basic c2VjcmV0"}
    verifying.get(f"{https_server.url}/get", headers=headers)
    assert https_server.last.header("Proxy-Authorization") is None


def test_a_header_for_the_proxy_is_not_sent_without_one(http_server, session) -> None:
    session.trust_env = False
    prepared = session.prepare_request(ulak.Request("GET", f"{http_server.url}/redirect/1"))
    prepared.headers["Proxy-Authorization"] = "Basic c2VjcmV0"
    session.send(prepared)
    assert http_server.last.header("Proxy-Authorization") is None


def test_credentials_are_part_of_the_pools_key(http_server, start_proxy, session) -> None:
    proxy = start_proxy()
    for user in ("one", "two", "one"):
        session.get(f"{http_server.url}/get", proxies={"http": proxy.url_with(user, "p")})
    assert proxy.connections == 2
    sent = [x.header("Proxy-Authorization") for x in proxy.requests]
    assert sent[0] == sent[2] != sent[1]


def test_with_and_without_a_proxy_are_different_connections(
    http_server, forward_proxy, session
) -> None:
    for proxies in ({}, {"http": forward_proxy.url}, {}, {"http": forward_proxy.url}):
        session.get(f"{http_server.url}/get", proxies=proxies)
    assert len(forward_proxy.requests) == 2


def test_proxies_that_rotate_are_forgotten(http_server, forward_proxy: ForwardProxy) -> None:
    adapter = HTTPAdapter(pool_connections=3)
    with ulak.Session(adapters={"http://": adapter}) as session:
        proxies = [{"http": forward_proxy.url_with(f"u{n}", "p")} for n in range(12)]
        url = f"{http_server.url}/stream-bytes/300000"
        held = session.get(url, proxies=proxies[0], stream=True)
        managers = []
        for one in proxies:
            assert session.get(f"{http_server.url}/get", proxies=one).ok
            managers.append(adapter.proxy_manager[one["http"]])
        assert len(adapter.proxy_manager) <= 3
        assert sum(len(manager.pools) for manager in managers) <= 3
        # Who was using one that is forgotten is not disturbed.
        assert len(held.content) == 300_000


# -- failures ----------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_listens(session: ulak.Session, scheme: str) -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ProxyError) as caught:
        session.get(f"{scheme}://127.0.0.1:1/", proxies={scheme: proxy}, timeout=3)
    assert isinstance(caught.value, ulak.ConnectionError)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_has_no_address(session: ulak.Session, scheme: str) -> None:
    with pytest.raises(ProxyError):
        session.get(
            f"{scheme}://127.0.0.1:1/", proxies={scheme: "http://no-such.invalid:1"}, timeout=3
        )


ANSWERS = {
    "403": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nSECRET",
    "502": b"HTTP/1.1 502 Bad Gateway\r\n\r\nSECRET",
    "302": b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\n\r\n",
    "garbage": b"SSH-2.0-OpenSSH\r\n\r\n",
    "nothing": b"",
    "half": b"HTTP/1.1 200 Conn",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_proxy_may_say_to_connect(start_proxy, session, name: str) -> None:
    proxy = start_proxy(connect_answer=ANSWERS[name])
    with pytest.raises(ProxyError) as caught:
        session.get("https://origin.example/", proxies={"https": proxy.url}, timeout=3)
    assert "SECRET" not in str(caught.value)
    assert caught.value.response is None


def test_a_big_body_after_a_refused_connect_is_not_read(start_raw_server, session) -> None:
    sent = []

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 407 No\r\nContent-Length: 999999999\r\n\r\n")
        for _ in range(10_000):
            connection.send(b"x" * 65536)
            sent.append(1)

    server = start_raw_server(script)
    with pytest.raises(ProxyError):
        session.get("https://origin.example/", proxies={"https": server.url}, timeout=3)
    session.close()
    server.stop()
    assert len(sent) < 1000


@pytest.mark.parametrize("script", ["silent", "drip"])
@pytest.mark.parametrize(
    "timeout", [ulak.Timeout(connect=0.3), ulak.Timeout(total=0.3)], ids=["connect", "total"]
)
def test_a_slow_connect_ends_in_time(start_raw_server, session, script: str, timeout) -> None:
    def silent(connection: RawConnection) -> None:
        connection.recv_head()
        connection.hang()

    def drip(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 200 OK\r\n")
        connection.drip((b"X: y\r\n" for _ in range(9999)), 0.02)

    server = start_raw_server(silent if script == "silent" else drip)
    start = time.monotonic()
    with pytest.raises((ProxyError, ulak.TotalTimeout)):
        session.get("https://origin.example/", proxies={"https": server.url}, timeout=timeout)
    assert 0.25 < time.monotonic() - start < 1.5


def test_a_proxy_that_cannot_be_reached_in_time(session: ulak.Session) -> None:
    with stalled_port() as port:
        start = time.monotonic()
        with pytest.raises(ProxyError):
            session.get(
                "http://origin.example/",
                proxies={"http": f"http://127.0.0.1:{port}"},
                timeout=ulak.Timeout(connect=0.3),
            )
        assert time.monotonic() - start < 1.5


def test_a_silent_proxy_is_a_timeout_too(start_raw_server, session: ulak.Session) -> None:
    def silent(connection: RawConnection) -> None:
        connection.recv_head()
        connection.hang()

    server = start_raw_server(silent)
    with pytest.raises(ulak.Timeout) as caught:
        session.get("https://origin.example/", proxies={"https": server.url}, timeout=0.3)
    assert isinstance(caught.value, ProxyError)
    assert isinstance(caught.value, ulak.ConnectTimeout)


# -- which proxy -------------------------------------------------------------


def test_no_proxy_is_looked_at_on_every_hop(
    http_server, second_http_server, forward_proxy, session, monkeypatch
) -> None:
    monkeypatch.setenv("http_proxy", forward_proxy.url)
    monkeypatch.setenv("no_proxy", "localhost")
    inside, outside = second_http_server.at("localhost"), http_server.url
    session.get(f"{outside}/redirect-to", params={"url": f"{inside}/get"})
    assert [x.target.partition("?")[0] for x in forward_proxy.requests] == [
        f"{outside}/redirect-to"
    ]
    assert second_http_server.last.header("Via") is None
    session.get(f"{inside}/redirect-to", params={"url": f"{outside}/get"})
    assert [x.target.partition("?")[0] for x in forward_proxy.requests][1:] == [f"{outside}/get"]


@pytest.mark.parametrize("no_proxy", ["127.0.0.1", "127.0.0.0/8", "*", "127.0.0.1:{port}"])
def test_no_proxy(http_server, forward_proxy, session, monkeypatch, no_proxy: str) -> None:
    monkeypatch.setenv("http_proxy", forward_proxy.url)
    monkeypatch.setenv("NO_PROXY", no_proxy.format(port=http_server.port))
    session.get(f"{http_server.url}/get")
    assert not forward_proxy.requests


def test_a_redirect_from_http_to_https_changes_the_proxy(
    http_server, https_server, start_proxy, verifying
) -> None:
    plain, tunnel = start_proxy(), start_proxy()
    verifying.proxies = {"http": plain.url, "https": tunnel.url}
    response = verifying.get(
        f"{http_server.url}/redirect-to", params={"url": f"{https_server.url}/get"}
    )
    assert response.ok
    assert len(plain.requests) == 1
    assert tunnel.tunnels == [f"127.0.0.1:{https_server.port}"]


def test_a_proxy_for_one_host(http_server, second_http_server, forward_proxy, session) -> None:
    session.proxies = {"http://localhost": forward_proxy.url}
    session.get(f"{http_server.url}/get")
    session.get(f"{second_http_server.at('localhost')}/get")
    assert len(forward_proxy.requests) == 1


def test_the_proxy_resolves_names(start_proxy, http_server, session) -> None:
    address = ("127.0.0.1", http_server.port)
    proxy = start_proxy(resolve={"nowhere.invalid:80": address})
    assert session.get("http://nowhere.invalid/get", proxies={"http": proxy.url}).ok


@pytest.mark.parametrize("proxy", ["ftp://h:1", "http://", "http://h:x", "http://[", "h:99999"])
def test_proxy_urls_that_cannot_be_used(session: ulak.Session, proxy: str) -> None:
    with pytest.raises(InvalidProxyURL):
        session.get("http://origin.example/", proxies={"http": proxy})
