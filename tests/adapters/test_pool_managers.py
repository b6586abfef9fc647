"""What an adapter makes of its pool managers: plain ones of urllib3, and their TLS keywords."""

from __future__ import annotations

import contextlib
import ssl
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3
from urllib3.poolmanager import PoolKey

import ulak
from tests.support import Certificates, ForwardProxy, HttpServer, RawConnection
from tests.support.replacing import is_own
from ulak import _tls
from ulak.adapters import HTTPAdapter
from ulak.exceptions import InvalidCertificate, InvalidOption


def adapter_with(make: Any) -> HTTPAdapter:
    """An adapter whose manager is what ``make`` makes."""

    class Own(HTTPAdapter):
        def init_poolmanager(self, connections, maxsize, block=False, **kwargs):
            self.poolmanager = make(connections, maxsize=maxsize, block=block, **kwargs)

    return Own()


# -- managers of urllib3's own -----------------------------------------------


def test_a_plain_manager_is_taken_for_its_settings(start_raw_server) -> None:
    peers: list[str] = []

    def serve(conn: RawConnection) -> None:
        peers.append(conn.sock.getpeername()[0])
        for _ in range(2):
            conn.recv_head()
            conn.respond(b"whole")
        conn.recv_head()
        conn.send(b"HTTP/1.1 200 OK\r\n")
        conn.drip([b"A: b\r\n"] * 1_000, 0.02)

    server = start_raw_server(serve)

    def make(connections, **kwargs):
        return urllib3.PoolManager(
            7, headers={"X-Of": "manager"}, source_address=("127.0.0.2", 0), **kwargs
        )

    adapter = adapter_with(make)
    with ulak.Session(adapters={"http://": adapter}) as session:
        assert is_own(session.get(server.url))
        assert session.get(server.url).text == "whole"
        with pytest.raises(ulak.TotalTimeout):
            session.get(server.url, timeout=ulak.Timeout(total=0.3))
        assert adapter.poolmanager.pools._maxsize == 7
        assert adapter.poolmanager.headers == {"X-Of": "manager"}
    assert peers == ["127.0.0.2"]


def keyed(*args: Any, **kwargs: Any) -> urllib3.PoolManager:
    """A manager with pools by keys of its own."""
    manager = urllib3.PoolManager(*args, **kwargs)

    def key(context: dict[str, Any]) -> PoolKey:
        return urllib3.poolmanager._default_key_normalizer(PoolKey, context)

    manager.key_fn_by_scheme["http"] = key
    return manager


def classy(*args: Any, **kwargs: Any) -> urllib3.PoolManager:
    """A manager with pools of its own."""
    manager = urllib3.PoolManager(*args, **kwargs)
    manager.pool_classes_by_scheme = dict(manager.pool_classes_by_scheme)
    return manager


class Subclass(urllib3.PoolManager):
    """A manager that may do what it likes."""


@pytest.mark.parametrize("make", [keyed, classy, Subclass])
def test_another_manager_stays(http_server: HttpServer, make: Any) -> None:
    adapter = adapter_with(make)
    manager = adapter.poolmanager
    with ulak.Session(adapters={"http://": adapter}) as session:
        assert not is_own(session.get(f"{http_server.url}/get"))
    assert adapter.poolmanager is manager


@pytest.mark.parametrize("kept", [True, False])
def test_a_manager_for_a_proxy(http_server, forward_proxy: ForwardProxy, kept: bool) -> None:
    """Is taken for its settings where it is kept as requests keeps them."""
    made = []

    class Own(HTTPAdapter):
        def proxy_manager_for(self, proxy, **kwargs):
            if proxy not in self.proxy_manager:
                manager = urllib3.ProxyManager(proxy, proxy_headers={"X-To-Proxy": "1"})
                made.append(manager)
                if not kept:
                    return manager
                self.proxy_manager[proxy] = manager
            return self.proxy_manager[proxy]

    proxies = {"http": forward_proxy.url}
    with ulak.Session(adapters={"http://": Own()}) as session:
        for _ in range(2):
            assert is_own(session.get(f"{http_server.url}/get", proxies=proxies)) is kept
    assert [x.header("X-To-Proxy") for x in forward_proxy.requests] == ["1", "1"]
    assert len(made) == (1 if kept else 2)
    assert forward_proxy.connections == (1 if kept else 2)
    for manager in made:
        manager.clear()


def test_a_manager_with_a_method_of_its_own_stays(http_server: HttpServer) -> None:
    asked = []

    def patched(*args: Any, **kwargs: Any) -> urllib3.PoolManager:
        manager = urllib3.PoolManager(*args, **kwargs)
        genuine = manager.connection_from_host
        manager.connection_from_host = lambda *a, **k: asked.append(a) or genuine(*a, **k)
        return manager

    with ulak.Session(adapters={"http://": adapter_with(patched)}) as session:
        session.get(f"{http_server.url}/get")
    assert asked


def test_all_threads_get_one_manager() -> None:
    adapter = adapter_with(urllib3.PoolManager)
    barrier = threading.Barrier(8)

    def ask(_: int) -> Any:
        barrier.wait()
        return adapter._manager_for(None)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, pool.map(ask, range(8))))) == 1


def test_settings_that_are_changed_later(https_server, certificates) -> None:
    """On the manager that the adapter was given, as some keep it."""
    manager = urllib3.PoolManager()
    with ulak.Session(
        adapters={"https://": adapter_with(lambda *args, **kwargs: manager)},
        verify=str(certificates.ca),
    ) as session:
        assert session.get(f"{https_server.url}/get").ok
        manager.connection_pool_kw["assert_hostname"] = "other.example"
        with pytest.raises(ulak.SSLError, match=r"other\.example"):
            session.get(f"{https_server.url}/get")


def test_a_path_may_be_asked_of_a_proxy(http_server: HttpServer, forward_proxy) -> None:
    """By a manager for a proxy, as the adapter's own: nothing tunnels to an http origin."""
    adapter = adapter_with(lambda *args, **kwargs: urllib3.ProxyManager(http_server.url))
    with ulak.Session(adapters={"http://": adapter}) as session:
        assert session.get("http://far.example/get").json()["method"] == "GET"
    assert http_server.last.target == "/get"


@pytest.mark.parametrize("by", ["keyword", "manager"])
def test_a_context_for_the_way_by_a_proxy(https_server, forward_proxy, certificates, by) -> None:
    context = certificates.client_context()

    class Own(HTTPAdapter):
        def proxy_manager_for(self, proxy, **kwargs):
            if by == "keyword":
                return super().proxy_manager_for(proxy, ssl_context=context, **kwargs)
            manager = urllib3.ProxyManager(proxy, ssl_context=context)
            return self.proxy_manager.setdefault(proxy, manager)

    with ulak.Session(adapters={"https://": Own()}) as session:
        for _ in range(2):
            assert session.get(f"{https_server.url}/get", proxies={"https": forward_proxy.url}).ok
    assert https_server.connections == 1


# -- keywords of TLS ---------------------------------------------------------


def given(place: str, **keywords: Any) -> HTTPAdapter:
    """An adapter that gives urllib3's keywords to its manager, or sets them on its pools."""

    class Own(HTTPAdapter):
        def init_poolmanager(self, connections, maxsize, block=False, **kwargs):
            if place == "plain":
                self.poolmanager = urllib3.PoolManager(connections, maxsize=maxsize, **keywords)
            elif place == "ours":
                super().init_poolmanager(connections, maxsize, block, **keywords)
            else:
                super().init_poolmanager(connections, maxsize, block, **kwargs)

        def cert_verify(self, conn, url, verify, cert):
            super().cert_verify(conn, url, verify, cert)
            if place == "pool":
                for name, value in keywords.items():
                    setattr(conn, name, value)

    return Own()


PLACES = pytest.mark.parametrize("place", ["plain", "ours", "pool"])


@PLACES
@pytest.mark.parametrize(
    "keywords",
    [
        {"ssl_minimum_version": ssl.TLSVersion.TLSv1_3},
        {"ssl_maximum_version": ssl.TLSVersion.TLSv1_2},
        {"ssl_version": ssl.PROTOCOL_TLSv1_2},
    ],
    ids=lambda x: next(iter(x)),
)
@pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLSv1_2:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:'ssl_version' option is deprecated:FutureWarning")
def test_the_version_of_tls(start_http_server, certificates, place: str, keywords) -> None:
    """Is the adapter's, and no other session's."""
    context = certificates.server_context()
    low = "ssl_minimum_version" in keywords
    if low:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    server: HttpServer = start_http_server(tls=context)
    with ulak.Session(
        adapters={"https://": given(place, **keywords)}, verify=str(certificates.ca)
    ) as session:
        if low:
            with pytest.raises(ulak.SSLError, match=r"(?i)protocol.version"):
                session.get(f"{server.url}/get")
        else:
            session.get(f"{server.url}/get")
            assert server.last.tls["version"] == "TLSv1.2"
    with ulak.Session(verify=str(certificates.ca)) as session:
        session.get(f"{server.url}/get")
    assert server.last.tls["version"] == ("TLSv1.2" if low else "TLSv1.3")


@PLACES
def test_a_clients_certificate(start_http_server, certificates: Certificates, place: str) -> None:
    """Is shown by the adapter's connections, and by no other session's."""
    context = certificates.server_context(client_certificates=ssl.CERT_OPTIONAL)
    server: HttpServer = start_http_server(tls=context)
    files = {
        "cert_file": str(certificates.client_cert),
        "key_file": str(certificates.client_key),
    }
    with ulak.Session(
        adapters={"https://": given(place, **files)}, verify=str(certificates.ca)
    ) as session:
        session.get(f"{server.url}/get")
        assert server.last.tls["certificate"]
    with ulak.Session(verify=str(certificates.ca)) as session:
        session.get(f"{server.url}/get")
    assert not server.last.tls["certificate"]


@PLACES
@pytest.mark.parametrize(
    "keywords",
    [
        {"assert_hostname": False},
        {"assert_hostname": "localhost"},
        {"assert_fingerprint": "00" * 32},
        {"cert_reqs": ssl.CERT_NONE, "assert_hostname": False},
        {"cert_reqs": "CERT_OPTIONAL"},
    ],
    ids=lambda x: "-".join(f"{k}={v!s:.9}" for k, v in x.items()),
)
@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_the_contexts_that_all_share_stay_as_they_are(
    https_server, certificates, place: str, keywords: dict[str, Any]
) -> None:
    for verify in (True, False, str(certificates.ca)):
        shared = _tls.context_for(verify)
        before = (shared.check_hostname, shared.verify_mode, shared.cert_store_stats())
        with (
            ulak.Session(adapters={"https://": given(place, **keywords)}, verify=verify) as session,
            contextlib.suppress(ulak.SSLError),
        ):
            session.get(f"{https_server.url}/get")
        assert _tls.context_for(verify) is shared
        assert (shared.check_hostname, shared.verify_mode, shared.cert_store_stats()) == before


@pytest.mark.parametrize(
    "keywords", [{"proxy_assert_hostname": False}, {"proxy_assert_fingerprint": "00" * 32}], ids=str
)
def test_how_a_proxy_of_tls_is_verified_is_its_managers(
    http_server, start_proxy, certificates, keywords: dict[str, Any]
) -> None:
    proxy = start_proxy(tls=certificates.server_context())
    shared = _tls.context_for(str(certificates.ca))

    class Own(HTTPAdapter):
        def proxy_manager_for(self, proxy, **kwargs):
            return super().proxy_manager_for(proxy, **kwargs, **keywords)

    with (
        ulak.Session(adapters={"http://": Own()}, verify=str(certificates.ca)) as session,
        contextlib.suppress(ulak.exceptions.ProxyError),
    ):
        session.get(f"{http_server.url}/get", proxies={"http": f"https://127.0.0.1:{proxy.port}"})
    assert shared.check_hostname


def test_threads_whose_first_connections_leave_the_shared_contexts(
    https_server: HttpServer, certificates: Certificates
) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(5):
            adapter = given("ours", cert_file=str(certificates.client_pem))
            with (
                ulak.Session(
                    adapters={"https://": adapter}, verify=str(certificates.ca)
                ) as session,
                ThreadPoolExecutor(8) as pool,
            ):
                urls = [f"{https_server.url}/get?{n}" for n in range(16)]
                assert all(x.ok for x in pool.map(session.get, urls))
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("place", ["plain", "ours"])
@pytest.mark.parametrize("keyword", ["ca_certs", "ca_cert_data"])
def test_who_is_trusted(https_server, certificates, place: str, keyword: str) -> None:
    """As with requests ``verify`` counts, and not the manager's file; data is trusted, too."""
    value: Any = str(certificates.ca)
    if keyword == "ca_cert_data":
        value = certificates.ca.read_text()
    with ulak.Session(adapters={"https://": given(place, **{keyword: value})}) as session:
        if keyword == "ca_certs":
            with pytest.raises(ulak.SSLError):
                session.get(f"{https_server.url}/get")
        else:
            assert session.get(f"{https_server.url}/get").ok
    with ulak.Session() as session, pytest.raises(ulak.SSLError):
        session.get(f"{https_server.url}/get")


@pytest.mark.parametrize("place", ["plain", "ours"])
def test_verify_counts_and_not_the_managers(https_server, place: str) -> None:
    with (
        ulak.Session(adapters={"https://": given(place, cert_reqs="CERT_NONE")}) as session,
        pytest.raises(ulak.SSLError),
    ):
        session.get(f"{https_server.url}/get")


def test_a_pool_may_be_told_not_to_verify(https_server: HttpServer) -> None:
    adapter = given("pool", cert_reqs="CERT_NONE", assert_hostname=False)
    with (
        ulak.Session(adapters={"https://": adapter}) as session,
        pytest.warns(urllib3.exceptions.InsecureRequestWarning),
    ):
        assert session.get(f"{https_server.url}/get").ok
    with ulak.Session() as session, pytest.raises(ulak.SSLError):
        session.get(f"{https_server.url}/get")


def test_the_way_through_a_proxy_of_tls(https_server, start_proxy, certificates) -> None:
    """Nobody else trusts what an adapter's manager does, the proxy's certificate included."""
    proxy = start_proxy(tls=certificates.server_context())
    url = f"https://127.0.0.1:{proxy.port}"
    trusting = {"ca_cert_data": certificates.ca.read_text()}

    class Own(HTTPAdapter):
        def proxy_manager_for(self, proxy, **kwargs):
            return super().proxy_manager_for(proxy, **kwargs, **trusting)

    with ulak.Session(adapters={"https://": Own()}) as session:
        assert session.get(f"{https_server.url}/get", proxies={"https": url}).ok
    with ulak.Session() as session, pytest.raises(ulak.exceptions.ProxyError):
        session.get(f"{https_server.url}/get", proxies={"https": url})


class Subclassed(urllib3.PoolManager):
    """One that is not taken for its settings only."""


@pytest.mark.parametrize("make", [None, urllib3.PoolManager, Subclassed])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_keyword_that_is_misspelt(make: Any, scheme: str) -> None:
    class Own(HTTPAdapter):
        def init_poolmanager(self, connections, maxsize, block=False, **settings):
            if make is None:
                super().init_poolmanager(connections, maxsize, block, source_adress="::1")
            else:
                self.poolmanager = make(connections, source_adress="::1")

    url = f"{scheme}://127.0.0.1:1/"
    with ulak.Session(adapters={f"{scheme}://": Own()}) as session:
        with pytest.raises(InvalidOption, match=r"^source_adress= is no setting") as caught:
            session.get(url)
        assert isinstance(caught.value, TypeError)
        assert caught.value.request.url == url


def test_a_keyword_for_one_proxy_that_is_misspelt() -> None:
    class Own(HTTPAdapter):
        def proxy_manager_for(self, proxy, **settings):
            return super().proxy_manager_for(proxy, source_adress="::1", **settings)

    with (
        ulak.Session(adapters={"http://": Own()}) as session,
        pytest.raises(InvalidOption, match=r"^source_adress= is no setting"),
    ):
        session.get("http://127.0.0.1:1/", proxies={"http": "http://127.0.0.1:2"})


def test_a_type_error_of_the_managers_own_is_its_own() -> None:
    class Wrong(urllib3.PoolManager):
        def connection_from_host(self, *args, **settings):
            raise TypeError("not like this")

    class Own(HTTPAdapter):
        def init_poolmanager(self, *args, **settings):
            self.poolmanager = Wrong(source_adress="::1")

    with (
        ulak.Session(adapters={"http://": Own()}) as session,
        pytest.raises(TypeError, match=r"^not like this"),
    ):
        session.get("http://127.0.0.1:1/")


# -- what verify= means to a manager with a context of its own ---------------


class Subclassed(urllib3.PoolManager):
    """Which adapters leave as it is."""


def with_a_context(*args: Any, **settings: Any) -> urllib3.PoolManager:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # so that verify=False may be used with it
    return urllib3.PoolManager(*args, ssl_context=context, **settings)


@pytest.mark.parametrize("make", [with_a_context, Subclassed])
@pytest.mark.parametrize("empty", ["", b"", 0, [], 1, 2.0])
def test_what_is_no_setting_of_verify_never_turns_it_off(
    https_server: HttpServer, make: Any, empty: Any
) -> None:
    """Such as a variable that is empty."""
    with ulak.Session(adapters={"https://": adapter_with(make)}, trust_env=False) as session:
        with pytest.raises((InvalidCertificate, InvalidOption)):
            session.get(https_server.url, verify=empty)
        prepared = ulak.Request("GET", https_server.url).prepare()
        with pytest.raises((InvalidCertificate, InvalidOption)):
            session.get_adapter(https_server.url).send(prepared, verify=empty)
    assert not https_server.requests


@pytest.mark.parametrize("make", [with_a_context, Subclassed])
def test_a_context_for_verify_counts_before_a_managers(
    https_server: HttpServer, certificates: Certificates, make: Any
) -> None:
    stranger = ssl.create_default_context()
    with ulak.Session(adapters={"https://": adapter_with(make)}) as session:
        for _ in range(2):
            assert session.get(https_server.url, verify=certificates.client_context()).ok
            with pytest.raises(ulak.exceptions.SSLError):
                session.get(https_server.url, verify=stranger)
        with pytest.raises(InvalidOption, match="cert= cannot be used with verify=SSLContext"):
            session.get(https_server.url, verify=stranger, cert="any.pem")
