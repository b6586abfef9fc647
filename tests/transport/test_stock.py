"""What a program puts in the place of urllib3's connections is used, for as long as it is there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest import mock

import pytest
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

import ulak
from tests.support import Certificates, ForwardProxy, HttpServer
from ulak._transport.response import RawResponse
from ulak.exceptions import InvalidOption

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


def is_own(response: ulak.Response) -> bool:
    """Whether the codec has read ``response``."""
    return isinstance(response.raw, RawResponse)


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


def test_urlopen_replaced(http_server: HttpServer, session: ulak.Session) -> None:
    seen = []
    urlopen = HTTPConnectionPool.urlopen

    def traced(pool, method, url, *args, **kwargs):
        seen.append((pool.host, method, url))
        return urlopen(pool, method, url, *args, **kwargs)

    with mock.patch.object(HTTPConnectionPool, "urlopen", traced):
        assert session.get(f"{http_server.url}/json").json()["courier"] == "ulak"
    assert seen == [("127.0.0.1", "GET", "/json")]
    assert is_own(session.get(f"{http_server.url}/json"))


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


@pytest.mark.parametrize(("what", "after"), [("class", "RawResponse"), ("urlopen", "HTTPResponse")])
def test_it_may_be_there_before_the_transport_is(http_server, what: str, after: str) -> None:
    """Nothing of it stays when it is gone, but for the way, where ``urlopen`` was not seen."""
    url = f"{http_server.url}/stream/3"
    done = subprocess.run(
        [sys.executable, "-c", _LATE, url, what], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (f"False {after}\n", "")
