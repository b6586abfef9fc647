"""What a program puts in the place of urllib3's connections is used, for as long as it is there."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from unittest import mock

import pytest
import urllib3.util.connection
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

import ulak
from tests.support import Certificates, ForwardProxy, HttpServer
from tests.support.replacing import is_own, passing
from ulak._transport import pool as pools
from ulak.exceptions import AddressDenied, InvalidOption

Asked = list[tuple[str, str]]
StandIns = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def asked() -> Asked:
    """The methods and targets that the stand-ins were asked for."""
    return []


@pytest.fixture
def stand_ins(asked: Asked) -> StandIns:
    """Puts classes that note what they are asked for where urllib3's pools look for theirs."""

    def noting(base: type[HTTPConnection]) -> type[HTTPConnection]:
        class Noting(base):
            def request(self, method, url, *args, **kwargs):
                asked.append((method, url))
                return super().request(method, url, *args, **kwargs)

        return Noting

    @contextmanager
    def replaced() -> Iterator[None]:
        with (
            mock.patch.object(HTTPConnectionPool, "ConnectionCls", noting(HTTPConnection)),
            mock.patch.object(HTTPSConnectionPool, "ConnectionCls", noting(HTTPSConnection)),
        ):
            yield

    return replaced


def test_it_is_used_while_it_is_there(http_server, session, asked, stand_ins) -> None:
    url = f"{http_server.url}/post"
    assert is_own(session.post(url, data="before"))
    for _ in range(2):
        with stand_ins():
            for _ in range(2):
                response = session.post(url, data="while", headers={"X": "ü"})
                assert not is_own(response)
                assert (response.json()["data"], response.headers["Content-Type"]) == (
                    "while",
                    "application/json",
                )
        assert is_own(session.post(url, data="after"))
    assert asked == [("POST", "/post")] * 4
    assert [x.body for x in http_server.requests].count(b"while") == 4


def test_a_chunked_body_and_an_error(http_server, session, asked, stand_ins) -> None:
    with stand_ins():
        response = session.post(f"{http_server.url}/post", data=iter([b"a", b"b"]))
        assert response.json()["data"] == "ab"
        with pytest.raises(ulak.ConnectionError), ulak.Session() as other:
            other.get("http://127.0.0.1:1/")
        with pytest.raises(ulak.exceptions.InvalidHeader):
            session.get(http_server.url, headers={"X": "a\r\nb: c"})
    assert asked == [("POST", "/post"), ("GET", "/")]


def test_https_verifies_as_ever(
    https_server: HttpServer, certificates: Certificates, asked: Asked, stand_ins: StandIns
) -> None:
    with stand_ins():
        with ulak.Session(verify=str(certificates.ca)) as session:
            response = session.get(f"{https_server.url}/get")
            assert response.ok
            assert not is_own(response)
        with ulak.Session() as session, pytest.raises(ulak.exceptions.SSLError):
            session.get(f"{https_server.url}/get")
    assert asked == [("GET", "/get")]


def test_by_a_proxy(
    http_server: HttpServer,
    https_server: HttpServer,
    certificates: Certificates,
    start_proxy: Callable[..., ForwardProxy],
    asked: Asked,
    stand_ins: StandIns,
) -> None:
    proxy = start_proxy(auth=("user", "secret"))
    with stand_ins():
        url = proxy.url.replace("://", "://user:secret@")
        with ulak.Session(verify=str(certificates.ca), proxies={"all": url}) as session:
            assert session.get(f"{http_server.url}/get").ok
            assert session.get(f"{https_server.url}/get").ok
        assert asked == [("GET", f"{http_server.url}/get"), ("GET", "/get")]
        assert [x.method for x in proxy.requests] == ["GET", "CONNECT"]


def test_socks_is_refused_rather_than_passed_by(http_server, session, asked, stand_ins) -> None:
    with stand_ins(), pytest.raises(ulak.exceptions.ProxyError, match="SOCKS"):
        session.get(http_server.url, proxies={"http": "socks5://127.0.0.1:1"})
    assert asked == []
    assert http_server.connections == 0


def test_an_address_policy_is_not_passed_by(http_server, session, asked, stand_ins) -> None:
    """What stands there dials as it likes."""
    policy = ulak.AddressPolicy(allow=["127.0.0.0/8"])
    with stand_ins(), pytest.raises(InvalidOption):
        session.get(f"{http_server.url}/get", address_policy=policy)
    assert not asked
    assert session.get(f"{http_server.url}/get", address_policy=policy).ok


# -- what urllib3's pools and connections do ----------------------------------


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (HTTPConnectionPool, "_make_request"),
        (HTTPConnectionPool, "_get_conn"),
        (HTTPConnection, "request"),
        (HTTPConnection, "getresponse"),
    ],
)
def test_a_function_replaced(http_server, session, place: Any, name: str) -> None:
    assert is_own(session.get(f"{http_server.url}/json"))
    seen: list[str] = []
    with passing(place, name, seen):
        response = session.get(f"{http_server.url}/json")
        assert response.json()["courier"] == "ulak"
        assert not is_own(response)
    assert set(seen) == {name}
    assert is_own(session.get(f"{http_server.url}/json"))


# -- dialling ----------------------------------------------------------------


@contextmanager
def dialled_by_others(to: tuple[str, int] | Exception) -> Iterator[list[Any]]:
    """urllib3's ``create_connection`` goes ``to`` elsewhere; gives what it was asked for."""
    asked = []
    genuine = urllib3.util.connection.create_connection

    def create_connection(address, *args, **kwargs):
        asked.append(address)
        if isinstance(to, Exception):
            raise to
        return genuine(to, *args, **kwargs)

    with mock.patch.object(urllib3.util.connection, "create_connection", create_connection):
        yield asked


def test_create_connection_replaced(http_server: HttpServer) -> None:
    with (
        dialled_by_others(("127.0.0.1", http_server.port)) as asked,
        ulak.Session() as session,
    ):
        for _ in range(2):
            assert is_own(session.get("http://my.invalid:81/get"))
    assert asked == [("my.invalid", 81)]


def test_https_is_dialled_so_too(https_server: HttpServer, certificates: Certificates) -> None:
    with (
        dialled_by_others(("127.0.0.1", https_server.port)) as asked,
        ulak.Session(verify=str(certificates.ca)) as session,
    ):
        assert session.get("https://localhost:81/get").ok
    assert asked == [("localhost", 81)]


class Offline(Exception):
    """What a test's guard raises."""


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (Offline("no network here"), Offline),
        (ValueError("not that host"), ValueError),
        (socket.gaierror(socket.EAI_NONAME, "none"), ulak.exceptions.NameResolutionError),
        (TimeoutError(), ulak.ConnectTimeout),
        (ConnectionRefusedError("no"), ulak.ConnectionError),
    ],
)
def test_a_guard_is_not_passed_by(http_server, session, error, raised) -> None:
    with dialled_by_others(error) as asked, pytest.raises(raised):
        session.get(f"{http_server.url}/get")
    assert len(asked) == 1
    assert not http_server.connections


def test_new_conn_replaced(http_server: HttpServer, session: ulak.Session) -> None:
    seen: list[str] = []
    with passing(HTTPConnection, "_new_conn", seen):
        assert is_own(session.get(f"{http_server.url}/get"))
    assert seen == ["_new_conn"]


def test_an_address_policy_refuses_what_dials_otherwise(http_server, session) -> None:
    policy = ulak.AddressPolicy(allow=["127.0.0.0/8"])
    with dialled_by_others(("127.0.0.1", http_server.port)) as asked, pytest.raises(InvalidOption):
        session.get("http://my.invalid/", address_policy=policy)
    assert not asked


def test_names_are_looked_up_in_urllib3s_family(http_server, monkeypatch) -> None:
    asked = []
    genuine = socket.getaddrinfo

    def look_up(*args):
        """Takes no keywords, and knows the host as text."""
        asked.append(args)
        return genuine("127.0.0.1", *args[1:])

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(urllib3.util.connection, "allowed_gai_family", lambda: socket.AF_INET)
    for timeout in (None, 5):
        with ulak.Session() as session:
            assert session.get(f"{http_server.at('my.invalid')}/get", timeout=timeout).ok
    assert asked == [("my.invalid", http_server.port, socket.AF_INET, socket.SOCK_STREAM)] * 2


class Forbidden(BaseException):
    """As a test framework's own, which no ``except Exception`` is to catch."""


def test_what_a_resolver_raises_arrives(monkeypatch, session) -> None:
    def look_up(*args):
        raise Forbidden

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(Forbidden):
        session.get("http://my.invalid/", timeout=5)


# -- a class of connections on one pool --------------------------------------


class Given(ulak.adapters.HTTPAdapter):
    """Has its pools make connections of a class of its own."""

    def __init__(self, connection: Any) -> None:
        super().__init__()
        self.connection = connection

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self.connection
        return pool


class TheirConnection(HTTPConnection):
    pass


class OurConnection(pools.HTTPConnection):
    #: Where it goes, whatever it is asked for.
    place: tuple[str, int]

    def _new_conn(self) -> socket.socket:
        return socket.create_connection(self.place)


@pytest.mark.parametrize("own", [False, True])
def test_a_pool_with_a_class_of_its_own(http_server, session, monkeypatch, own: bool) -> None:
    monkeypatch.setattr(OurConnection, "place", ("127.0.0.1", http_server.port), raising=False)
    session.mount("http://", Given(OurConnection if own else TheirConnection))
    url = http_server.at("my.invalid") if own else http_server.url
    for _ in range(2):
        assert is_own(session.get(f"{url}/get")) == own
    if not own:
        with pytest.raises(InvalidOption):
            session.get(url, address_policy=ulak.AddressPolicy(allow=["127.0.0.0/8"]))


def test_where_it_is_connected_to_is_judged(http_server, session, monkeypatch) -> None:
    monkeypatch.setattr(OurConnection, "place", ("127.0.0.1", http_server.port), raising=False)
    session.mount("http://", Given(OurConnection))
    with pytest.raises(AddressDenied, match=r"my\.invalid is at 127\.0\.0\.1"):
        session.get("http://my.invalid/get", address_policy=ulak.AddressPolicy())
    assert not http_server.requests
    policy = ulak.AddressPolicy(allow=["127.0.0.0/8"])
    assert session.get("http://my.invalid/get", address_policy=policy).ok


# -- what urllib3 tells ------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_line_of_an_exchange(http_server, session, caplog, stand_ins, method: str) -> None:
    """The same as urllib3's, but for secrets."""
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        session.request(method, f"{http_server.url}/json")
        with stand_ins():
            session.request(method, f"{http_server.url}/json")
        session.get(f"{http_server.url}/json?token=abc")
    lines = [x.getMessage() for x in caplog.records if "HTTP/1.1" in x.getMessage()]
    assert lines[0] == lines[1]
    assert "/json?token=*** HTTP/1.1" in lines[2]


def test_the_count_of_requests(http_server, session) -> None:
    for _ in range(3):
        session.get(f"{http_server.url}/get")
    pool = session.get_adapter(http_server.url).poolmanager.connection_from_url(http_server.url)
    assert (pool.num_connections, pool.num_requests) == (1, 3)


@pytest.mark.parametrize("stood_in", [False, True])
def test_what_a_body_comes_on(http_server, session, stand_ins, stood_in: bool) -> None:
    """Until it is read, as urllib3 tells it, though all of it came with the head."""
    with stand_ins() if stood_in else nullcontext():
        for _ in range(5):
            response = session.get(f"{http_server.url}/json", stream=True)
            raw = response.raw
            assert is_own(response) != stood_in
            assert raw.fileno() == raw._connection.sock.fileno()
            assert raw._connection is raw.connection
            assert (raw._pool.host, raw._pool.port) == ("127.0.0.1", http_server.port)
            assert response.json()["courier"] == "ulak"
            assert raw.connection is None


_LATE = """\
import sys
from unittest import mock
import urllib3.connection, urllib3.connectionpool
from urllib3.connectionpool import HTTPConnectionPool

class StandIn(urllib3.connection.HTTPConnection):
    pass

def urlopen(*args, **kwargs):
    return real(*args, **kwargs)

real = HTTPConnectionPool.urlopen
with (
    mock.patch.object(urllib3.connection, "HTTPConnection", StandIn),
    mock.patch.object(HTTPConnectionPool, "ConnectionCls", StandIn),
    mock.patch.object(HTTPConnectionPool, "urlopen", real if sys.argv[2] == "class" else urlopen),
):
    import ulak
    with ulak.Session() as session, session.get(sys.argv[1], stream=True) as response:
        assert isinstance(response.raw.connection, StandIn), response.raw.connection
with ulak.Session() as session, session.get(sys.argv[1], stream=True) as response:
    assert response.ok
    print(StandIn in type(response.raw.connection).__mro__, type(response.raw).__name__)
"""


@pytest.mark.parametrize("what", ["class", "urlopen"])
def test_it_may_be_there_before_the_transport_is(http_server, what: str) -> None:
    """Nothing of it stays when it is gone."""
    url = f"{http_server.url}/stream/3"
    done = subprocess.run(
        [sys.executable, "-c", _LATE, url, what], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("False RawResponse\n", "")
