"""Squid: a forward proxy for http, a tunnel for https, with and without a password."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ulak
from tests.support import Certificates, HttpServer, SquidServer, free_port, squid
from ulak.exceptions import ProxyError

pytestmark = pytest.mark.real("squid")


@pytest.fixture(scope="module")
def proxy(certificates: Certificates) -> Iterator[SquidServer]:
    with squid(certificates=certificates) as running:
        yield running


@pytest.fixture(scope="module")
def guarded() -> Iterator[SquidServer]:
    with squid(auth=("user", "secret")) as running:
        yield running


def test_http(proxy: SquidServer, http_server: HttpServer, session: ulak.Session) -> None:
    session.proxies = {"http": proxy.url}
    response = session.post(f"{http_server.url}/post", data={"a": "ü"})
    assert response.json()["form"] == {"a": "ü"}
    assert "squid" in response.headers["Via"]
    assert session.get(f"{http_server.url}/redirect/2").history
    assert session.get(f"{http_server.url}/stream-bytes/300000").content[:3] == b"\0\1\2"
    assert session.get(f"{http_server.url}/gzip").json()["method"] == "GET"
    assert http_server.last.header("Via")


def test_https(proxy: SquidServer, https_server: HttpServer, session: ulak.Session) -> None:
    session.proxies = {"https": proxy.url}
    for _ in range(3):
        assert session.get(f"{https_server.url}/get").ok
    assert https_server.connections == 1
    assert https_server.last.header("Via") is None


def test_tls_to_the_proxy(proxy, http_server, https_server, session) -> None:
    session.proxies = {"all": proxy.tls_url}
    assert session.get(f"{https_server.url}/get").ok
    assert session.get(f"{http_server.url}/get").ok
    assert http_server.last.header("Via")


def test_a_chunked_upload(proxy: SquidServer, http_server, https_server, session) -> None:
    session.proxies = {"all": proxy.url}
    for server in (http_server, https_server):
        body = (b"x" * 1000 for _ in range(100))
        assert session.post(f"{server.url}/post", data=body).json()["data"] == "x" * 100_000


def test_with_a_password(guarded: SquidServer, http_server, https_server, session) -> None:
    session.proxies = {"all": guarded.url}
    for server in (http_server, https_server):
        for _ in range(2):
            assert session.get(f"{server.url}/get").ok
        assert server.last.header("Proxy-Authorization") is None


def test_with_a_wrong_password(guarded: SquidServer, http_server, https_server, session) -> None:
    session.proxies = {"all": guarded.url.replace("secret", "guess")}
    assert session.get(f"{http_server.url}/get").status_code == 407
    with pytest.raises(ProxyError, match="407") as caught:
        session.get(f"{https_server.url}/get")
    assert "guess" not in str(caught.value)
    assert not https_server.requests


def test_an_origin_that_refuses(proxy: SquidServer, session: ulak.Session) -> None:
    session.proxies = {"all": proxy.url}
    assert session.get(f"http://127.0.0.1:{free_port()}/").status_code == 503
    with pytest.raises(ProxyError):
        session.get(f"https://127.0.0.1:{free_port()}/")
