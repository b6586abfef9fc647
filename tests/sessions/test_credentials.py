"""Carriers × hops over real servers: no byte of a secret reaches who was not meant.

What each carrier is, and which hops there are, is told in full by
``tests/policy/test_credentials_matrix.py``, without I/O.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

import ulak
from tests.support import ForwardProxy, HttpServer
from tests.support.fronts import Front

BASIC = base64.b64encode(b"user:secret")


def shows_secret(server: HttpServer) -> list[bool]:
    """Of each request that ``server`` had, whether it has the secret in any form."""
    digest = b'username="user"'
    return [
        any(x in request.head for x in (b"secret", BASIC, digest)) for request in server.requests
    ]


def by_call(**settings: Any) -> Callable[..., Any]:
    return lambda session, url, netrc: (url, settings)


def by_session(name: str, value: Any) -> Callable[..., Any]:
    def prepare(session: Any, url: str, netrc: Any) -> Any:
        setattr(session, name, value)
        return url, {}

    return prepare


def by_header_of_the_session(session: Any, url: str, netrc: Any) -> Any:
    session.headers["authorization"] = "Bearer secret"
    return url, {}


def by_userinfo(session: Any, url: str, netrc: Any) -> Any:
    return url.replace("://", "://user:secret@", 1), {}


def by_netrc(session: Any, url: str, netrc: Callable[[str], None]) -> Any:
    netrc(f"machine {ulak._urls.parse(url).host} login user password secret\n")
    return url, {}


def by_netrcs_default(session: Any, url: str, netrc: Callable[[str], None]) -> Any:
    netrc("default login user password secret\n")
    return url, {}


def by_the_jar(session: Any, url: str, netrc: Any) -> Any:
    session.cookies.set("c", "secret")
    return url, {}


CARRIERS: dict[str, Callable[..., Any]] = {
    "header": by_call(headers={"aUTHORIZATION": "Bearer secret"}),
    "header of the session": by_header_of_the_session,
    "auth=": by_call(auth=("user", "secret")),
    "auth= of the session": by_session("auth", ("user", "secret")),
    "Bearer": by_call(auth=ulak.auth.HTTPBearerAuth("secret")),
    "userinfo": by_userinfo,
    "netrc": by_netrc,
    "default of netrc": by_netrcs_default,
    "cookies=": by_call(cookies={"c": "secret"}),
    "jar, for no domain": by_the_jar,
    "Cookie": by_call(headers={"cookie": "c=secret"}),
    "Referer": by_call(headers={"referer": "http://secret/"}),
    "Proxy-Authorization": by_call(headers={"proxy-authorization": "Bearer secret"}),
}
EACH = pytest.mark.parametrize("carrier", CARRIERS)


@EACH
@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["other port", "other host"])
def test_from_one_server_to_another_and_back(
    http_server: HttpServer,
    second_http_server: HttpServer,
    front: Front,
    netrc: Any,
    carrier: str,
    status: int,
    host: str,
) -> None:
    back = f"{second_http_server.at(host)}/redirect-to?url={http_server.url}/anything"
    start = f"{http_server.url}/redirect-to?status_code={status}&url={back}"
    with front.session() as session:
        url, settings = CARRIERS[carrier](session, start, netrc)
        response = session.post(url, data=b"body", **settings)
    assert response.status_code == 200
    assert shows_secret(http_server) == [True, False]
    assert shows_secret(second_http_server) == [False]
    assert second_http_server.last.body == (b"body" if status == 307 else b"")


@EACH
def test_from_https_to_http_of_the_same_host(
    https_server: HttpServer,
    http_server: HttpServer,
    certificates: Any,
    front: Front,
    netrc: Any,
    carrier: str,
) -> None:
    start = f"{https_server.url}/redirect-to?url={http_server.url}/get"
    with front.session(verify=str(certificates.ca)) as session:
        url, settings = CARRIERS[carrier](session, start, netrc)
        assert session.get(url, **settings).ok
    assert shows_secret(https_server) == [True]
    assert shows_secret(http_server) == [False]


def test_a_digest_answer_goes_to_no_other_origin(
    http_server: HttpServer, second_http_server: HttpServer, front: Front
) -> None:
    there = f"{second_http_server.url}/digest-auth/auth/user/hidden"
    with front.session(auth=ulak.auth.HTTPDigestAuth("user", "secret")) as session:
        assert session.get(f"{http_server.url}/digest-auth/auth/user/secret").ok
        response = session.get(f"{http_server.url}/redirect-to?url={there}")
    assert response.status_code == 401
    assert shows_secret(second_http_server) == [False]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxys_credentials_stay_with_the_proxy(
    http_server: HttpServer,
    https_server: HttpServer,
    start_proxy: Callable[..., ForwardProxy],
    certificates: Any,
    front: Front,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    # The first hop goes by the proxy, the second past it, as NO_PROXY has it.
    server = http_server if scheme == "http" else https_server
    proxy = start_proxy(auth=("user", "secret"))
    monkeypatch.setenv("all_proxy", proxy.url_with("user", "secret"))
    monkeypatch.setenv("no_proxy", "localhost")
    past = f"{server.at('localhost')}/redirect-to?url={server.url}/get"
    with front.session(verify=str(certificates.ca)) as session:
        assert session.get(f"{server.url}/redirect-to?url={past}").ok
    assert {x.header("Proxy-Authorization") for x in proxy.requests} == {f"Basic {BASIC.decode()}"}
    assert [x.header("Proxy-Authorization") for x in server.requests] == [None] * 3
    assert len(proxy.requests) == (2 if scheme == "http" else 1)


def test_a_header_for_the_proxy_is_not_for_a_host_that_is_exempt(
    http_server: HttpServer,
    forward_proxy: ForwardProxy,
    front: Front,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headers = {"proxy-authorization": "Bearer secret"}
    with front.session(headers=headers) as session:
        # Without any proxy it is for whoever the caller sends it to.
        assert session.get(f"{http_server.url}/get").ok
        monkeypatch.setenv("http_proxy", forward_proxy.url)
        monkeypatch.setenv("no_proxy", "localhost")
        assert session.get(f"{http_server.at('localhost')}/get").ok
        assert session.get(f"{http_server.url}/get").ok
    assert shows_secret(http_server) == [True, False, False]
    assert forward_proxy.requests[0].header("Proxy-Authorization") == "Bearer secret"


def test_what_is_meant_for_a_tunnels_proxy_does_not_go_through_it(
    https_server: HttpServer, forward_proxy: ForwardProxy, certificates: Any, front: Front
) -> None:
    settings = {"proxies": {"https": forward_proxy.url}, "verify": str(certificates.ca)}
    headers = {"Proxy-Authorization": "Bearer secret", "Authorization": "Bearer secret"}
    with front.session(**settings) as session:
        assert session.get(f"{https_server.url}/get", headers=headers).ok
    assert https_server.last.header("Proxy-Authorization") is None
    assert https_server.last.header("Authorization") == "Bearer secret"
    # Nor is what is meant for the origin told to the proxy.
    assert b"Bearer secret" not in forward_proxy.requests[0].head
