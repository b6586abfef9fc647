"""SOCKS proxies: what they are sent, what they may say, and how long they may take."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import pytest

import ulak
from tests.support import RawConnection, RawServer, free_port, stalled_port
from ulak.adapters import HTTPAdapter
from ulak.exceptions import InvalidProxyURL, InvalidURL, ProxyError, ProxyTimeout, SessionClosed

SCHEMES = ["socks4", "socks4a", "socks5", "socks5h"]
GRANTED_4 = b"\x00\x5a" + bytes(6)
GRANTED_5 = b"\x05\x00\x00\x01" + bytes(6)
LIMITS = pytest.mark.parametrize(
    ("timeout", "error"),
    [
        (ulak.Timeout(connect=0.3), ProxyTimeout),
        (ulak.Timeout(total=0.3), ulak.exceptions.TotalTimeout),
    ],
    ids=["connect", "total"],
)


def relay(connection: RawConnection, port: int) -> None:
    """Pass bytes between ``connection`` and a server here, until both have ended."""
    with socket.create_connection(("127.0.0.1", port), 5) as upstream:

        def back() -> None:
            with suppress(OSError):  # a side that broke off has ended too
                while data := upstream.recv(65536):
                    connection.send(data)
                connection.shutdown()

        thread = threading.Thread(target=back)
        thread.start()
        try:
            while data := connection.sock.recv(65536):
                upstream.sendall(data)
            upstream.shutdown(socket.SHUT_WR)
        finally:
            thread.join(5)


def saying(*replies: bytes) -> Callable[[RawConnection], None]:
    """A script that answers each message with the next of ``replies``, then closes."""

    def script(connection: RawConnection) -> None:
        for reply in replies:
            connection.received += connection.sock.recv(1000)
            connection.send(reply)
        connection.received += connection.sock.recv(1000)

    return script


def proxies(scheme: str, server: RawServer, userinfo: str = "") -> dict[str, str]:
    return {"all": f"{scheme}://{userinfo}127.0.0.1:{server.port}"}


def only_these(monkeypatch: pytest.MonkeyPatch, name: str, addresses: Iterable[tuple]) -> list:
    """Let ``name`` have these addresses; gives what names are looked up."""
    asked: list[str] = []
    genuine = socket.getaddrinfo
    found = [(family, socket.SOCK_STREAM, 6, "", place) for family, place in addresses]

    def look_up(host, *args, **kwargs):
        asked.append(host)
        return found if host == name else genuine(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


# -- over a real one ---------------------------------------------------------


@pytest.mark.real("microsocks")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_socks5(start_socks, http_server, https_server, verifying, scheme: str) -> None:
    server = http_server if scheme == "http" else https_server
    proxy = start_socks()
    verifying.proxies = {scheme: proxy.url}
    for _ in range(3):
        assert verifying.get(f"{server.at('localhost')}/get").ok
    assert server.connections == 1
    assert server.last.target == "/get"


@pytest.mark.real("microsocks")
def test_socks5h_resolves_at_the_proxy(start_socks, http_server, session, monkeypatch) -> None:
    proxy = start_socks()
    asked = only_these(monkeypatch, "", [])
    url = f"{http_server.at('localhost')}/get"
    assert session.get(url, proxies={"http": proxy.remote_dns_url}).ok
    assert asked == ["127.0.0.1"]
    assert session.get(url, proxies={"http": proxy.url}).ok
    assert "localhost" in asked


@pytest.mark.real("microsocks")
def test_ipv6_by_socks5(start_socks, start_http_server, session) -> None:
    server = start_http_server(host="::1")
    proxy = start_socks()
    for url in (proxy.url, proxy.remote_dns_url):
        assert session.get(f"{server.url}/get", proxies={"http": url}).ok
    assert server.last.header("Host") == f"[::1]:{server.port}"


@pytest.mark.real("microsocks")
def test_socks5_with_a_password(start_socks, http_server, session) -> None:
    proxy = start_socks("user", "secret")
    assert session.get(f"{http_server.url}/get", proxies={"http": proxy.url}).ok
    bad = proxy.url.replace("secret", "guess")
    with pytest.raises(ProxyError, match="refused the user name and password") as caught:
        session.get(f"{http_server.url}/get", proxies={"http": bad})
    assert "guess" not in str(caught.value)
    with pytest.raises(ProxyError, match="wants authentication"):
        session.get(
            f"{http_server.url}/get", proxies={"http": proxy.url.replace("user:secret@", "")}
        )
    assert len(http_server.requests) == 1


@pytest.mark.real("microsocks")
def test_socks_and_an_origin_that_refuses(start_socks, session) -> None:
    with pytest.raises(ProxyError, match="connection refused"):
        session.get(
            f"http://127.0.0.1:{free_port()}/", proxies={"http": start_socks().url}, timeout=3
        )


def test_no_package_is_needed(start_raw_server, http_server, session, monkeypatch) -> None:
    for name in ("socks", "urllib3.contrib.socks"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "ulak._transport.socks", raising=False)

    def script(connection: RawConnection) -> None:
        connection.sock.recv(100)
        connection.send(b"\x05\x00")
        connection.sock.recv(100)
        connection.send(GRANTED_5)
        relay(connection, http_server.port)

    server = start_raw_server(script)
    assert session.get(f"{http_server.url}/get", proxies=proxies("socks5", server)).ok
    session.close()


# -- what goes over the wire -------------------------------------------------


def test_socks4_and_socks4a(start_raw_server, http_server, session) -> None:
    """What goes over the wire, and that the connection is then the origin's."""
    asked: list[bytes] = []

    def script(connection: RawConnection) -> None:
        asked.append(connection.sock.recv(100))
        connection.send(GRANTED_4)
        relay(connection, http_server.port)

    server = start_raw_server(script)
    url = f"{http_server.at('localhost')}/close"
    for scheme in ("socks4", "socks4a"):
        assert session.get(url, proxies=proxies(scheme, server, "us%20er@"), timeout=5).ok
    port = http_server.port.to_bytes(2, "big")
    assert asked == [
        b"\x04\x01" + port + b"\x7f\x00\x00\x01us er\x00",
        b"\x04\x01" + port + b"\x00\x00\x00\x01us er\x00localhost\x00",
    ]


@pytest.mark.parametrize(
    ("userinfo", "login"),
    [
        ("us%40r:p%3Aw%FF@", b"\x01\x04us@r\x04p:w\xff"),
        ("user:@", b"\x01\x04user\x00"),
        ("user@", b"\x01\x04user\x00"),
        ("b%C3%BC:%E2%82%AC@", b"\x01\x03b\xc3\xbc\x03\xe2\x82\xac"),
    ],
)
def test_credentials_are_decoded(start_raw_server, session, userinfo: str, login: bytes) -> None:
    server = start_raw_server(saying(b"\x05\x02", b"\x01\x00", b"\x05\x02"))
    with pytest.raises(ProxyError, match="not allowed by the ruleset") as caught:
        session.get("http://origin.example/", proxies=proxies("socks5h", server, userinfo))
    request = b"\x05\x01\x00\x03\x0eorigin.example\x00\x50"
    assert server.received == b"\x05\x02\x00\x02" + login + request
    assert userinfo.rstrip("@") not in str(caught.value)


def test_other_credentials_are_another_connection(start_raw_server, http_server, session) -> None:
    seen: list[bytes] = []

    def script(connection: RawConnection) -> None:
        connection.sock.recv(100)
        connection.send(b"\x05\x02")
        seen.append(connection.sock.recv(100))
        connection.send(b"\x01\x00")
        connection.sock.recv(100)
        connection.send(GRANTED_5)
        relay(connection, http_server.port)

    server = start_raw_server(script)
    for userinfo in ("one:pass@", "two:pass@", "one:word@", "one:pass@"):
        url = f"{http_server.url}/get"
        assert session.get(url, proxies=proxies("socks5", server, userinfo)).ok
    assert seen == [b"\x01\x03one\x04pass", b"\x01\x03two\x04pass", b"\x01\x03one\x04word"]
    session.close()


def test_a_pool_shows_no_credentials() -> None:
    with HTTPAdapter() as adapter:
        manager = adapter.proxy_manager_for("socks5://user:secret@127.0.0.1:1")
        pool = manager.connection_from_url("http://origin.example/")
        shown = f"{pool.conn_kw} {manager.pools.keys()} {manager.connection_pool_kw}"
        assert "_socks_options" in shown
        assert "secret" not in shown


def test_socks4_asks_for_an_address_that_it_can_name(start_raw_server, session, monkeypatch):
    only_these(
        monkeypatch,
        "both.example",
        [(socket.AF_INET6, ("2001:db8::1", 80, 0, 0)), (socket.AF_INET, ("192.0.2.1", 80))],
    )
    server = start_raw_server(saying(b"\x00\x5b"))
    with pytest.raises(ProxyError, match="rejected"):
        session.get("http://both.example/", proxies=proxies("socks4", server))
    assert server.received == b"\x04\x01\x00\x50\xc0\x00\x02\x01\x00"


@pytest.mark.parametrize(
    ("scheme", "userinfo", "url", "error"),
    [
        ("socks4", "", "http://[::1]/", InvalidProxyURL),
        ("socks4a", "", "http://[::1]/", InvalidProxyURL),
        ("socks4a", "a%00b@", "http://origin.example/", InvalidProxyURL),
        ("socks5h", ":secret@", "http://origin.example/", InvalidProxyURL),
        ("socks5h", "u" * 256 + ":secret@", "http://origin.example/", InvalidProxyURL),
        ("socks5h", "user:" + "secret" * 50 + "@", "http://origin.example/", InvalidProxyURL),
        ("socks5h", "", "http://[fe80::1%25eth0]/", InvalidURL),
    ],
)
def test_what_socks_cannot_carry_is_not_sent(
    start_raw_server, session, scheme: str, userinfo: str, url: str, error: type[Exception]
) -> None:
    server = start_raw_server(lambda connection: connection.hang())
    with pytest.raises(error) as caught:
        session.get(url, proxies=proxies(scheme, server, userinfo))
    assert "secret" not in str(caught.value)
    assert caught.value.request.url
    assert server.accepted == 0


@pytest.mark.parametrize("proxy", ["socks://h:1", "socks6://h:1", "socks5://", "socks5://h:x"])
def test_proxy_urls_that_cannot_be_used(session: ulak.Session, proxy: str) -> None:
    with pytest.raises(InvalidProxyURL):
        session.get("http://origin.example/", proxies={"http": proxy})
    with HTTPAdapter() as adapter, pytest.raises(InvalidProxyURL):
        adapter.proxy_manager_for(proxy)


# -- what a proxy may say ----------------------------------------------------

ANSWERS = {
    "nothing": (["socks4", "socks5"], [b""], "closed the connection"),
    "http": (["socks4", "socks5"], [b"HTTP/1.1 400 Bad Request\r\n\r\n"], "does not speak SOCKS"),
    "half a reply of 4": (["socks4", "socks4a"], [GRANTED_4[:5]], "closed the connection"),
    "half a method": (["socks5", "socks5h"], [b"\x05"], "closed the connection"),
    "half a reply of 5": (["socks5"], [b"\x05\x00", GRANTED_5[:-1]], "closed the connection"),
    "a refusal of 4": (["socks4", "socks4a"], [b"\x00\x5b"], "request rejected or failed"),
    "a refusal of 5": (["socks5"], [b"\x05\x00", b"\x05\x04"], "host unreachable"),
    "no method": (["socks5"], [b"\x05\xff"], "accepts neither"),
    "an address of no type": (["socks5h"], [b"\x05\x00", b"\x05\x00\x00\x09"], "0x09"),
    "both replies at once": (["socks5"], [b"\x05\x00" + GRANTED_5], "more than it was asked for"),
    "bytes after a reply of 4": (
        ["socks4"],
        [GRANTED_4 + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSECRET"],
        "more than it was asked for",
    ),
    "bytes after a reply of 5": (
        ["socks5"],
        [b"\x05\x00", GRANTED_5 + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSECRET"],
        "more than it was asked for",
    ),
}
CASES = [(scheme, name) for name, (schemes, _, _) in ANSWERS.items() for scheme in schemes]


@pytest.mark.parametrize(("scheme", "name"), CASES)
def test_what_a_socks_proxy_may_say(start_raw_server, session, scheme: str, name: str) -> None:
    _, replies, words = ANSWERS[name]

    def script(connection: RawConnection) -> None:
        for reply in replies:
            connection.sock.recv(1000)
            connection.send(reply)
        connection.shutdown()
        connection.wait_closed()

    server = start_raw_server(script)
    with pytest.raises(ProxyError, match=words) as caught:
        session.get(
            "http://127.0.0.1:1/", proxies=proxies(scheme, server, "user:hunter2@"), timeout=5
        )
    assert "SECRET" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert isinstance(caught.value, ulak.ConnectionError)
    assert not isinstance(caught.value, ulak.Timeout)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_socks_proxy_that_resets(start_raw_server, session, scheme: str) -> None:
    def script(connection: RawConnection) -> None:
        connection.sock.recv(1)
        connection.reset()

    with pytest.raises(ProxyError):
        session.get(
            "http://127.0.0.1:1/", proxies=proxies(scheme, start_raw_server(script)), timeout=5
        )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_socks_server(session: ulak.Session, scheme: str) -> None:
    with pytest.raises(ProxyError):
        session.get(
            "http://127.0.0.1:1/",
            proxies={"http": f"{scheme}://127.0.0.1:{free_port()}"},
            timeout=3,
        )


def test_a_name_without_an_address_here(session: ulak.Session) -> None:
    with pytest.raises(ProxyError, match=r"no-such-name\.invalid has no address here.*socks5h"):
        session.get("http://no-such-name.invalid/", proxies={"all": "socks5://127.0.0.1:1"})


def test_a_certificate_that_is_not_trusted(start_raw_server, https_server, session) -> None:
    def script(connection: RawConnection) -> None:
        connection.sock.recv(100)
        connection.send(GRANTED_4)
        relay(connection, https_server.port)

    with pytest.raises(ulak.exceptions.SSLError) as caught:
        session.get(f"{https_server.url}/", proxies=proxies("socks4", start_raw_server(script)))
    assert not isinstance(caught.value, ProxyError)


# -- how long it may take ----------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
@LIMITS
def test_a_silent_socks_server(start_raw_server, session, scheme: str, timeout, error) -> None:
    server = start_raw_server(lambda connection: connection.hang())
    start = time.monotonic()
    with pytest.raises(error):
        session.get("http://127.0.0.1:1/", proxies=proxies(scheme, server), timeout=timeout)
    assert 0.25 < time.monotonic() - start < 1.5


@pytest.mark.parametrize("scheme", SCHEMES)
@LIMITS
def test_a_socks_server_that_cannot_be_reached(session, scheme: str, timeout, error) -> None:
    with stalled_port() as port:
        start = time.monotonic()
        with pytest.raises(error):
            session.get(
                "http://127.0.0.1:1/",
                proxies={"http": f"{scheme}://127.0.0.1:{port}"},
                timeout=timeout,
            )
        assert 0.25 < time.monotonic() - start < 1.5


@pytest.mark.parametrize("scheme", SCHEMES)
@LIMITS
def test_a_socks_server_that_drips(start_raw_server, session, scheme: str, timeout, error) -> None:
    def script(connection: RawConnection) -> None:
        connection.sock.recv(100)
        if scheme.startswith("socks4"):
            connection.drip(GRANTED_4, 0.1)
        else:
            connection.send(b"\x05\x00")
            connection.sock.recv(300)
            connection.drip(b"\x05\x00\x00\x03\xff" + b"a" * 255 + b"\x00\x50", 0.05)
        connection.hang()

    server = start_raw_server(script)
    start = time.monotonic()
    with pytest.raises(error):
        session.get("http://127.0.0.1:1/", proxies=proxies(scheme, server), timeout=timeout)
    assert 0.25 < time.monotonic() - start < 1.5


@pytest.mark.parametrize("scheme", ["socks4", "socks5"])
@LIMITS
def test_a_handshake_through_socks_that_drips_ends_in_time(
    start_raw_server, verifying, scheme: str, timeout, error
) -> None:
    def script(connection: RawConnection) -> None:
        connection.sock.recv(1000)
        if scheme == "socks5":
            connection.send(b"\x05\x00")
            connection.sock.recv(1000)
        connection.send(GRANTED_4 if scheme == "socks4" else GRANTED_5)
        connection.sock.recv(1000)
        connection.drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + b"a" * 9999, 0.05)

    server = start_raw_server(script)
    start = time.monotonic()
    with pytest.raises((error, ulak.ConnectTimeout)) as caught:
        verifying.get("https://127.0.0.1:1/", proxies=proxies(scheme, server), timeout=timeout)
    assert not isinstance(caught.value, ProxyError)  # the tunnel was open
    assert 0.25 < time.monotonic() - start < 1.5


def test_a_handshake_after_a_slow_negotiation_has_what_is_left(start_raw_server, verifying) -> None:
    def script(connection: RawConnection) -> None:
        connection.sock.recv(1000)
        connection.pause(1.0)
        connection.send(GRANTED_4)
        connection.hang()

    start = time.monotonic()
    with pytest.raises(ulak.ConnectTimeout):
        verifying.get(
            "https://127.0.0.1:1/",
            proxies=proxies("socks4", start_raw_server(script)),
            timeout=ulak.Timeout(connect=1.2),
        )
    assert 1.1 < time.monotonic() - start < 2.1


@pytest.mark.parametrize("scheme", ["socks4", "socks5"])
def test_a_name_that_socks_has_resolved_here_is_resolved_in_time(
    start_raw_server, session, monkeypatch, scheme: str
) -> None:
    server = start_raw_server(lambda connection: connection.hang())
    release = threading.Event()
    genuine = socket.getaddrinfo

    def slow(host, *args, **kwargs):
        if host != "slow.example":
            return genuine(host, *args, **kwargs)
        release.wait(5)
        raise socket.gaierror(socket.EAI_NONAME, "none")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    start = time.monotonic()
    with pytest.raises(ProxyTimeout):
        session.get(
            "http://slow.example/",
            proxies=proxies(scheme, server),
            timeout=ulak.Timeout(connect=0.3),
        )
    assert time.monotonic() - start < 1.5
    release.set()


def test_no_thread_watches_over_a_negotiation(start_raw_server, session) -> None:
    threads: list[str] = []

    def script(connection: RawConnection) -> None:
        connection.sock.recv(100)
        threads.extend(thread.name for thread in threading.enumerate())

    with pytest.raises(ProxyError):
        session.get(
            "http://127.0.0.1:1/", proxies=proxies("socks5", start_raw_server(script)), timeout=5
        )
    assert threads
    assert not [name for name in threads if "Timer" in name or "resolve" in name]


# -- which address, and who ends it ------------------------------------------


def test_the_proxys_next_address_when_one_is_silent(
    start_raw_server, http_server, session, monkeypatch
) -> None:
    def script(connection: RawConnection) -> None:
        connection.sock.recv(100)
        connection.send(GRANTED_4)
        relay(connection, http_server.port)

    server = start_raw_server(script)
    with stalled_port() as silent:
        places = [(socket.AF_INET, ("127.0.0.1", port)) for port in (silent, server.port)]
        only_these(monkeypatch, "proxy.example", places)
        start = time.monotonic()
        assert session.get(
            f"{http_server.url}/close",
            proxies={"http": "socks4://proxy.example"},
            timeout=ulak.Timeout(connect=0.6),
        ).ok
        assert 0.25 < time.monotonic() - start < 1.5


def test_source_address_and_options_are_for_the_proxys_connection(
    start_raw_server, session
) -> None:
    peers: list[str] = []

    def script(connection: RawConnection) -> None:
        peers.append(connection.sock.getpeername()[0])

    class Bound(HTTPAdapter):
        def proxy_manager_for(self, proxy, **kwargs):
            return super().proxy_manager_for(proxy, source_address=("127.0.0.7", 0), **kwargs)

    session.mount("http://", Bound())
    with pytest.raises(ProxyError):
        session.get("http://127.0.0.1:1/", proxies=proxies("socks4", start_raw_server(script)))
    assert peers == ["127.0.0.7"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_closing_the_session_ends_a_negotiation(start_raw_server, session, scheme: str) -> None:
    asked = threading.Event()
    raised: list[BaseException] = []

    def script(connection: RawConnection) -> None:
        connection.sock.recv(100)
        asked.set()
        connection.wait_closed()

    server = start_raw_server(script)

    def get() -> None:
        try:
            session.get("http://127.0.0.1:1/", proxies=proxies(scheme, server), timeout=None)
        except BaseException as exc:
            raised.append(exc)

    thread = threading.Thread(target=get)
    thread.start()
    assert asked.wait(5)
    session.close()
    thread.join(5)
    assert not thread.is_alive()
    assert [type(exc) for exc in raised] == [SessionClosed]
