"""The override points of ``HTTPAdapter``: each is called, and what it returns is used."""

from __future__ import annotations

import ssl

import pytest
import trustme
import urllib3

import ulak
from tests.support import Certificates, ForwardProxy, HttpServer, free_port
from ulak.adapters import HTTPAdapter
from ulak.exceptions import InvalidOption


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def recording(calls: list[str]) -> HTTPAdapter:
    """An adapter that notes which of its methods are called."""

    def noting(name: str):
        def method(self, *args, **kwargs):
            calls.append(name)
            return getattr(HTTPAdapter, name)(self, *args, **kwargs)

        return method

    names = (
        "init_poolmanager",
        "proxy_manager_for",
        "build_connection_pool_key_attributes",
        "get_connection_with_tls_context",
        "cert_verify",
        "request_url",
        "add_headers",
        "proxy_headers",
        "build_response",
        "send",
        "close",
    )
    return type("Recording", (HTTPAdapter,), {name: noting(name) for name in names})()


def test_each_is_called_on_a_plain_request(http_server, recording, calls) -> None:
    with ulak.Session(adapters={"http://": recording}) as session:
        for _ in range(2):
            calls.clear()
            session.get(f"{http_server.url}/get")
            for name in (
                "send",
                "get_connection_with_tls_context",
                "build_connection_pool_key_attributes",
                "cert_verify",
                "request_url",
                "add_headers",
                "build_response",
            ):
                assert calls.count(name) == 1, name
    assert calls[-1] == "close"


def test_each_is_called_with_a_proxy(http_server, forward_proxy, recording, calls) -> None:
    assert calls == ["init_poolmanager"]
    settings = {"proxies": {"http": forward_proxy.url}}
    with ulak.Session(adapters={"http://": recording}, **settings) as session:
        session.get(f"{http_server.url}/get")
    assert "proxy_manager_for" in calls
    assert "proxy_headers" in calls


def test_init_poolmanager_takes_settings_of_urllib3(http_server: HttpServer) -> None:
    class Bound(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, source_address=("127.0.0.9", 0), **kwargs)

    with ulak.Session(adapters={"http://": Bound()}) as session:
        assert session.get(f"{http_server.url}/echo-ip").json()["origin"] == "127.0.0.9"


@pytest.mark.parametrize("how", ["again", "assigned"])
def test_another_pool_manager_holds_from_the_next_request_on(http_server, how: str) -> None:
    with HTTPAdapter() as adapter, ulak.Session(adapters={"http://": adapter}) as session:
        url = f"{http_server.url}/echo-ip"
        assert session.get(url).json()["origin"] == "127.0.0.1"
        former = adapter.poolmanager
        if how == "again":
            adapter.init_poolmanager(5, 5, source_address=("127.0.0.9", 0))
        else:
            adapter.poolmanager = type(former)(5, source_address=("127.0.0.9", 0))
        assert session.get(url).json()["origin"] == "127.0.0.9"
        former.clear()


def test_socket_options(http_server: HttpServer) -> None:
    import socket

    class Alive(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
            super().init_poolmanager(*args, socket_options=options, **kwargs)

    with (
        ulak.Session(adapters={"http://": Alive()}) as session,
        session.get(f"{http_server.url}/stream-bytes/1000000", stream=True) as response,
    ):
        sock = response.raw.connection.sock
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


@pytest.mark.parametrize("verify", [True, "ca"])
def test_an_ssl_context_of_the_subclass(
    https_server: HttpServer, certificates: Certificates, verify
) -> None:
    context = certificates.client_context()

    class Own(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

    if verify == "ca":
        verify = str(certificates.ca)
    with ulak.Session(adapters={"https://": Own()}) as session:
        response = session.get(f"{https_server.url}/tls", verify=verify)
    assert response.json()["version"] in ("TLSv1.2", "TLSv1.3")


def test_an_ssl_context_with_a_setting_of_its_own(https_server, certificates) -> None:
    context = certificates.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    class Old(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

        def proxy_manager_for(self, proxy, **kwargs):
            return super().proxy_manager_for(proxy, ssl_context=context, **kwargs)

    with ulak.Session(adapters={"https://": Old()}) as session:
        assert session.get(f"{https_server.url}/tls").json()["version"] == "TLSv1.2"
        with ForwardProxy() as proxy:
            seen = session.get(f"{https_server.url}/tls", proxies={"https": proxy.url}).json()
        assert seen["version"] == "TLSv1.2"


@pytest.mark.parametrize("proxied", [False, True])
def test_an_ssl_context_that_checks_names_of_what_is_not_verified(
    https_server: HttpServer, certificates: Certificates, proxied: bool
) -> None:
    context = certificates.client_context()

    class Own(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

        def proxy_manager_for(self, proxy, **kwargs):
            return super().proxy_manager_for(proxy, ssl_context=context, **kwargs)

    with ForwardProxy() as proxy, ulak.Session(adapters={"https://": Own()}) as session:
        session.proxies = {"https": proxy.url} if proxied else {}
        with pytest.raises(InvalidOption, match="check_hostname = False") as caught:
            session.get(f"{https_server.url}/tls", verify=False)
        assert caught.value.request.url == f"{https_server.url}/tls"
        assert (https_server.connections, proxy.connections) == (0, 0)
        assert session.get(f"{https_server.url}/tls").ok  # the context was not changed
        context.check_hostname = False
        with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
            assert session.get(f"{https_server.url}/tls", verify=False).ok


@pytest.mark.parametrize("verify", [True, None])
@pytest.mark.parametrize("of", ["session", "call"])
def test_an_ssl_context_that_trusts_one_ca_goes_on_trusting_one(
    https_server, certificates, verify: bool | None, of: str
) -> None:
    context = certificates.client_context()

    class Pinning(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

    with ulak.Session(adapters={"https://": Pinning()}) as session:
        if of == "session":
            session.verify = verify
        assert session.get(f"{https_server.url}/get", verify=verify).ok
    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("verify", [True, None])
def test_an_ssl_context_of_the_subclass_refuses_what_it_does_not_trust(
    https_server, tmp_path, verify: bool | None
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    context = ssl.create_default_context(cafile=str(other))

    class Pinning(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

    with (
        ulak.Session(adapters={"https://": Pinning()}) as session,
        pytest.raises(ulak.exceptions.SSLError, match="verify failed"),
    ):
        session.verify = verify
        session.get(f"{https_server.url}/get")
    assert not https_server.requests


@pytest.mark.parametrize("kind", ["ours", "stock", "a context without names"])
def test_who_is_trusted_when_verify_is_none(https_server, tmp_path, kind: str) -> None:
    """As with ``True``: those who are trusted anyway."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    context = ssl.create_default_context(cafile=str(other))
    context.check_hostname = False

    class Own(HTTPAdapter):
        def init_poolmanager(self, connections, maxsize, block=False, **kwargs):
            if kind == "stock":
                self.poolmanager = urllib3.PoolManager(connections, maxsize=maxsize)
            else:
                super().init_poolmanager(connections, maxsize, block, ssl_context=context)

    adapter = HTTPAdapter() if kind == "ours" else Own()
    with (
        ulak.Session(adapters={"https://": adapter}, verify=None) as session,
        pytest.raises(ulak.exceptions.SSLError, match="verify failed"),
    ):
        session.get(f"{https_server.url}/get")
    assert not https_server.requests


def test_the_key_of_a_pool_may_be_changed(https_server, certificates) -> None:
    context = certificates.client_context()

    class Keyed(HTTPAdapter):
        def build_connection_pool_key_attributes(self, request, verify, cert=None):
            host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
            pool["ssl_context"] = context
            return host, pool

    with ulak.Session(adapters={"https://": Keyed()}) as session:
        assert session.get(f"{https_server.url}/get").ok


def test_another_host_may_be_dialled(http_server: HttpServer) -> None:
    class Elsewhere(HTTPAdapter):
        def build_connection_pool_key_attributes(self, request, verify, cert=None):
            host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
            return {**host, "host": "127.0.0.1", "port": http_server.port}, pool

    with ulak.Session(adapters={"http://": Elsewhere()}) as session:
        assert session.get("http://far.example/get", headers={"Host": "far.example"}).ok
    assert http_server.last.header("Host") == "far.example"


def test_cert_verify_may_change_a_pool(https_server, certificates) -> None:
    class Trusting(HTTPAdapter):
        def cert_verify(self, conn, url, verify, cert):
            super().cert_verify(conn, url, str(certificates.ca), cert)

    with ulak.Session(adapters={"https://": Trusting()}) as session:
        assert session.get(f"{https_server.url}/get").ok


def test_add_headers_and_request_url(http_server: HttpServer) -> None:
    seen: list[dict] = []

    class Adding(HTTPAdapter):
        def add_headers(self, request, **kwargs):
            seen.append(kwargs)
            request.headers["X-Added"] = "1"

        def request_url(self, request, proxies):
            return super().request_url(request, proxies) + "?changed"

    with ulak.Session(adapters={"http://": Adding()}) as session:
        session.get(f"{http_server.url}/get")
    assert http_server.last.header("X-Added") == "1"
    assert http_server.last.target == "/get?changed"
    assert set(seen[0]) == {"stream", "timeout", "verify", "cert", "proxies"}


def test_build_response_may_return_another_class(http_server: HttpServer) -> None:
    class Mine(ulak.Response):
        pass

    class Building(HTTPAdapter):
        def build_response(self, req, resp):
            response = super().build_response(req, resp)
            response.__class__ = Mine
            response.headers["X-Seen"] = "1"
            return response

    with ulak.Session(adapters={"http://": Building()}) as session:
        response = session.get(f"{http_server.url}/get")
    assert type(response) is Mine
    assert response.headers["X-Seen"] == "1"


@pytest.mark.parametrize("where", ["a subclass", "the class", "an adapter"])
def test_build_response_is_given_urllib3s(http_server: HttpServer, monkeypatch, where: str) -> None:
    given = []
    own = HTTPAdapter.build_response

    def build_response(self, req, resp):
        given.append((type(resp), resp.tell()))
        return own(self, req, resp)

    adapter = HTTPAdapter()
    if where == "a subclass":
        adapter = type("Mine", (HTTPAdapter,), {"build_response": build_response})()
    elif where == "the class":
        monkeypatch.setattr(HTTPAdapter, "build_response", build_response)
    else:
        monkeypatch.setattr(
            adapter, "build_response", lambda *args: build_response(adapter, *args), raising=False
        )
    with ulak.Session(adapters={"http://": adapter}) as session:
        response = session.get(f"{http_server.url}/get")
    assert [issubclass(kind, urllib3.HTTPResponse) for kind, _ in given] == [True]
    assert response.json()


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_class_may_keep_its_raw_itself(
    http_server: HttpServer, monkeypatch, stream: bool
) -> None:
    class Keeping(ulak.Response):
        @property
        def raw(self):
            return self.__dict__.get("kept")

        @raw.setter
        def raw(self, value):
            self.__dict__["kept"] = value

    monkeypatch.setattr("ulak.adapters.Response", Keeping)
    with ulak.Session() as session:
        response = session.get(f"{http_server.url}/get", stream=stream)
        assert isinstance(response.raw, urllib3.HTTPResponse)
        assert response.json()


@pytest.mark.parametrize("kind", [ulak.structures.CaseInsensitiveDict, dict])
@pytest.mark.parametrize("by", ["build_response", "hook"])
def test_headers_may_be_replaced(http_server: HttpServer, kind, by: str) -> None:
    class Replacing(HTTPAdapter):
        def build_response(self, req, resp):
            response = super().build_response(req, resp)
            if by == "build_response":
                response.headers = kind(response.headers)
            return response

    def replace(response: ulak.Response, **kwargs: object) -> None:
        if by == "hook":
            response.headers = kind(response.headers)

    with ulak.Session(adapters={"http://": Replacing()}) as session:
        url = f"{http_server.url}/redirect-to?url=/get&set_cookie=a=1"
        response = session.get(url, hooks={"response": replace}, allow_redirects=False)
        assert response.cookies.get_dict() == {"a": "1"}
        assert session.cookies.get_dict() == {"a": "1"}


def test_send_may_be_wrapped(http_server: HttpServer) -> None:
    class Slower(HTTPAdapter):
        def send(self, request, *args, **kwargs):
            kwargs["timeout"] = 0.2
            return super().send(request, *args, **kwargs)

    with (
        ulak.Session(adapters={"http://": Slower()}) as session,
        pytest.raises(ulak.ReadTimeout),
    ):
        session.get(f"{http_server.url}/delay/5")


def test_send_takes_positional_arguments(http_server: HttpServer) -> None:
    with HTTPAdapter() as adapter:
        request = ulak.Request("GET", f"{http_server.url}/get").prepare()
        assert adapter.send(request, False, 5, True, None, None).ok


def test_proxy_headers_of_a_subclass(http_server, forward_proxy: ForwardProxy) -> None:
    class Telling(HTTPAdapter):
        def proxy_headers(self, proxy):
            return {**super().proxy_headers(proxy), "X-To-Proxy": "1"}

    with ulak.Session(adapters={"http://": Telling()}) as session:
        session.get(f"{http_server.url}/get", proxies={"http": forward_proxy.url})
    assert forward_proxy.requests[0].header("X-To-Proxy") == "1"


def test_a_stock_pool_manager_with_tls(https_server, certificates) -> None:
    class Stock(HTTPAdapter):
        def init_poolmanager(self, connections, maxsize, block=False, **kwargs):
            self.poolmanager = urllib3.PoolManager(connections, maxsize=maxsize, block=block)

    with ulak.Session(adapters={"https://": Stock()}, verify=str(certificates.ca)) as session:
        assert session.get(f"{https_server.url}/get").ok
        with pytest.raises(ulak.exceptions.SSLError):
            session.get(f"{https_server.url}/get", verify=True)


def test_get_connection_still_works_and_warns(http_server: HttpServer) -> None:
    with HTTPAdapter() as adapter, pytest.warns(DeprecationWarning):
        pool = adapter.get_connection(f"{http_server.url}/get")
        assert pool.urlopen("GET", "/get").status == 200


def test_a_pool_of_ours_is_a_pool_of_urllib3s(http_server: HttpServer) -> None:
    """Who takes the pool manager and uses it as urllib3's gets urllib3's answers."""
    with HTTPAdapter() as adapter:
        response = adapter.poolmanager.request("GET", f"{http_server.url}/redirect/1")
        assert response.status == 200
        assert response.json()["method"] == "GET"
        posted = adapter.poolmanager.request("POST", f"{http_server.url}/post", json={"a": 1})
        assert posted.json()["json"] == {"a": 1}
        streamed = adapter.poolmanager.request(
            "GET", f"{http_server.url}/stream-bytes/1000", preload_content=False
        )
        assert len(b"".join(streamed.stream(100))) == 1000
        streamed.release_conn()
        with pytest.raises(urllib3.exceptions.HTTPError):
            adapter.poolmanager.request("GET", f"http://127.0.0.1:{free_port()}/", retries=False)


def test_a_setting_of_the_pool_manager_may_change_between_requests(
    start_http_server, certificates: Certificates
) -> None:
    """An adapter that says which name the certificate has to have, request by request."""

    class ByHost(HTTPAdapter):
        def send(self, request, **kwargs):
            self.poolmanager.connection_pool_kw["assert_hostname"] = request.headers["Host"]
            return super().send(request, **kwargs)

    server = start_http_server(tls=certificates.server_context("letters.example"))
    with ulak.Session(verify=certificates.ca, adapters={"https://": ByHost()}) as session:
        for name in ("letters.example", "other.example", "letters.example"):
            if name == "other.example":
                with pytest.raises(ulak.exceptions.SSLError):
                    session.get(f"{server.url}/get", headers={"Host": name})
            else:
                assert session.get(f"{server.url}/get", headers={"Host": name}).ok
    assert [request.header("Host") for request in server.requests] == ["letters.example"] * 2


def test_build_response_may_change_the_head(http_server: HttpServer) -> None:
    class Corrected(HTTPAdapter):
        def build_response(self, req, resp):
            del resp.headers["Content-Type"]
            resp.headers.update({"X-Corrected": "yes"})
            return super().build_response(req, resp)

    with ulak.Session(adapters={"http://": Corrected()}) as session:
        response = session.get(f"{http_server.url}/get")
    assert response.headers["x-corrected"] == "yes"
    assert "Content-Type" not in response.headers
    assert response.json()["method"] == "GET"
