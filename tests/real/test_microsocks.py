"""microsocks: SOCKS5, names resolved on either side."""

from __future__ import annotations

import pytest

import ulak
from tests.support import HttpServer
from ulak.exceptions import ProxyError

pytestmark = pytest.mark.real("microsocks")


@pytest.mark.parametrize("remote", [False, True], ids=["socks5", "socks5h"])
def test_both_schemes(start_socks, http_server, https_server, session, remote: bool) -> None:
    proxy = start_socks()
    session.proxies = {"all": proxy.remote_dns_url if remote else proxy.url}
    for server in (http_server, https_server):
        for _ in range(3):
            assert session.get(f"{server.at('localhost')}/get").ok
        assert server.connections == 1
        assert session.post(f"{server.url}/sink", data=b"x" * 3_000_000).json()["size"] == 3_000_000


def test_credentials(start_socks, http_server: HttpServer, session: ulak.Session) -> None:
    proxy = start_socks("user", "secret")
    assert session.get(f"{http_server.url}/get", proxies={"http": proxy.url}).ok
    other = proxy.url.replace("secret", "guess")
    # Another password is another connection, though one that would do is idle.
    with pytest.raises(ProxyError):
        session.get(f"{http_server.url}/get", proxies={"http": other})


def test_a_redirect_from_one_origin_to_another(start_socks, http_server, https_server, session):
    session.proxies = {"all": start_socks().url}
    response = session.get(
        f"{http_server.url}/redirect-to", params={"url": f"{https_server.url}/get"}
    )
    assert response.json()["method"] == "GET"
    assert len(response.history) == 1


def test_a_name_that_the_proxy_does_not_find(start_socks, session: ulak.Session) -> None:
    proxies = {"http": start_socks().remote_dns_url}
    with pytest.raises(ulak.ConnectionError):
        session.get("http://no-such-name.invalid/", proxies=proxies)
