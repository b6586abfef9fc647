"""The address policy end to end: what is dialled was judged, on every hop and by every way.

The servers are on loopback, which a policy denies unless it is told otherwise; names
get the addresses that a test gives them.
"""

from __future__ import annotations

import pickle
import socket
from collections.abc import Callable
from typing import Any

import pytest
from urllib3 import PoolManager

import ulak
from tests.support import Answer, HttpServer, RawConnection
from tests.support.fronts import Front
from ulak import AddressPolicy
from ulak.adapters import BaseAdapter, HTTPAdapter
from ulak.exceptions import AddressDenied, InvalidOption, NameResolutionError

LOOPBACK = AddressPolicy(allow=["127.0.0.0/8", "::1"])
STRICT = AddressPolicy()


class Names:
    """What ``getaddrinfo`` says of the names that a test gives addresses to, and who asked.

    A name that has several lists gives the next one to each who asks.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.known: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self._genuine = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def __setitem__(self, name: str, answers: list[list[str]]) -> None:
        self.known[name] = answers

    def _look_up(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self.known:
            return self._genuine(host, port, *args, **kwargs)
        self.asked.append(name)
        answers = self.known[name]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [info for x in addresses for info in self._genuine(x, port, *args, **kwargs)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


# -- direct ------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "0",
        "LOCALHOST",
        "localhost.",
        "\uff11\uff12\uff17.0.0.1",
        "\u2460\u2461\u2466.0.0.1",
        "127\u30020\u30020\u30021",
        "8.8.8.8@127.0.0.1",
        "8.8.8.8%40127.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::1]",
        "[::]",
    ],
)
def test_however_the_host_is_spelled(http_server: HttpServer, front: Front, host: str) -> None:
    with (
        front.session(address_policy=STRICT) as session,
        pytest.raises(ulak.RequestException) as caught,
    ):
        session.get(f"http://{host}:{http_server.port}/get")
    # A spelling that the URL rules or the resolver refuse leads nowhere, either.
    assert isinstance(
        caught.value, AddressDenied | ulak.exceptions.InvalidURL | NameResolutionError
    )
    assert http_server.connections == 0


def test_the_error(http_server: HttpServer, front: Front, names: Names) -> None:
    names["evil.example"] = [["127.0.0.1"]]
    with (
        front.session(address_policy=STRICT, retries=3) as session,
        pytest.raises(AddressDenied) as caught,
    ):
        session.get(f"http://evil.example:{http_server.port}/get?token=secret")
    error = caught.value
    assert error.code == "address_denied"
    said = "evil.example is at 127.0.0.1; the address policy denies 127.0.0.1 (loopback)"
    url = f"http://evil.example:{http_server.port}/get?token=***"
    assert str(error) == f"GET {url}: {said}"
    assert error.request is not None
    assert error.request.url.endswith("secret")
    assert error.response is None  # nothing led there
    assert "secret" not in str(error)
    assert names.asked == ["evil.example"]  # it is not tried again
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_what_is_allowed_is_reached(http_server: HttpServer, front: Front, names: Names) -> None:
    names["good.example"] = [["127.0.0.1"]]
    with front.session(address_policy=LOOPBACK) as session:
        for _ in range(3):
            assert session.get(f"http://good.example:{http_server.port}/get").ok
    assert http_server.connections == 1
    assert names.asked == ["good.example"]


def test_denied_addresses_of_a_name_are_left_out(http_server, front: Front, names: Names) -> None:
    names["mixed.example"] = [["127.0.0.2", "127.0.0.1"]]
    policy = AddressPolicy(allow=["127.0.0.1"])
    with front.session(address_policy=policy) as session:
        # Nobody listens on the port of a denied address: it would be an error to try it.
        assert session.get(f"http://mixed.example:{http_server.port}/get").ok


def test_a_name_that_moves_between_two_lookups(http_server, front: Front, names: Names) -> None:
    # What was judged is what is dialled: there is no second lookup to rebind.
    policy = AddressPolicy(allow=["127.0.0.1"])
    names["rebind.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    url = f"http://rebind.example:{http_server.port}/get"
    with front.session(address_policy=policy) as session:
        assert session.get(url, headers={"Connection": "close"}).ok
        assert names.asked == ["rebind.example"]
        with pytest.raises(AddressDenied):  # a new connection is a new judgement
            session.get(url)
    assert len(http_server.requests) == 1


@pytest.mark.parametrize("overrides", [False, True])
def test_every_hop_of_a_redirect(
    http_server, second_http_server, front: Front, overrides: bool
) -> None:
    class Own(front.Session):  # type: ignore[name-defined,misc]  # a class by its front
        def send(self, request: Any, **settings: Any) -> Any:
            return super().send(request, **settings)

    policy = AddressPolicy(allow=["127.0.0.1"], ports=[http_server.port])
    url = f"{http_server.url}/redirect-to?url={second_http_server.url}/get"
    with front.open((Own if overrides else front.Session)(address_policy=policy)) as session:
        with pytest.raises(AddressDenied, match=f"port {second_http_server.port}") as caught:
            session.get(url)
        assert caught.value.request.url == f"{second_http_server.url}/get"
        assert caught.value.response.status_code == 302
        assert caught.value.response.url == url
        # What led there was an answer like any other.
        assert session.get(url, allow_redirects=False).status_code == 302
    assert second_http_server.connections == 0


def test_a_retry_on_a_new_connection(start_raw_server, front: Front, names: Names) -> None:
    def dies(connection: RawConnection) -> None:
        connection.recv_head()

    server = start_raw_server(dies)
    names["dying.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    policy = AddressPolicy(allow=["127.0.0.1"])
    with (
        front.session(address_policy=policy, retries=5) as session,
        pytest.raises(AddressDenied, match=r"127\.0\.0\.2"),
    ):
        session.get(f"http://dying.example:{server.port}/")
    assert names.asked == ["dying.example"] * 2


def test_a_stale_connection_is_replaced_under_the_policy(
    http_server: HttpServer, front: Front, names: Names
) -> None:
    names["stale.example"] = [["127.0.0.1"], ["10.0.0.1"]]
    url = f"http://stale.example:{http_server.port}/get"
    with front.session(address_policy=AddressPolicy(allow=["127.0.0.1"])) as session:
        assert session.get(url).ok
        http_server.drop_connections()
        with pytest.raises(AddressDenied, match=r"10\.0\.0\.1"):
            session.get(url)


def test_policies_do_not_share_connections(http_server: HttpServer, front: Front) -> None:
    url = f"{http_server.url}/get"
    with front.session() as session:
        assert session.get(url).ok
        with pytest.raises(AddressDenied):
            session.get(url, address_policy=STRICT)  # though a connection is there
        assert session.get(url, address_policy=LOOPBACK).ok
        assert http_server.connections == 2
        same = AddressPolicy(allow=["127.0.0.0/8", "::1"])
        assert session.get(url, address_policy=same).ok
        assert session.get(url).ok
        assert http_server.connections == 2


def test_the_calls_policy_goes_before_the_sessions(http_server: HttpServer, front: Front) -> None:
    with front.session(address_policy=STRICT) as session:
        assert session.get(f"{http_server.url}/get", address_policy=LOOPBACK).ok
        assert session.get(f"{http_server.url}/get", address_policy=None).ok
        with pytest.raises(AddressDenied):
            session.get(f"{http_server.url}/get")
        session.address_policy = LOOPBACK
        assert session.get(f"{http_server.url}/redirect/2").ok


def test_prepared_requests_are_judged_too(http_server: HttpServer, front: Front) -> None:
    prepared = ulak.Request("GET", f"{http_server.url}/get").prepare()
    with front.session(address_policy=STRICT) as session:
        with pytest.raises(AddressDenied):
            session.send(prepared)
        assert session.send(prepared, address_policy=LOOPBACK).ok
    with front.session() as session:
        assert session.send(prepared).ok  # it was not changed
        with pytest.raises(AddressDenied):
            session.send(prepared, address_policy=STRICT)


def test_a_pickled_session_keeps_its_policy(http_server: HttpServer, front: Front) -> None:
    with front.session(address_policy=LOOPBACK) as session:
        again = pickle.loads(pickle.dumps(front.real(session)))
    assert again.address_policy == LOOPBACK
    with front.open(again) as session:
        assert session.get(f"{http_server.url}/get").ok


def test_https_verifies_the_name_and_not_the_address(
    https_server: HttpServer, certificates, front: Front
) -> None:
    with front.session(address_policy=LOOPBACK, verify=str(certificates.ca)) as session:
        assert session.get(f"{https_server.at('localhost')}/get").ok
        with pytest.raises(AddressDenied):
            session.get(f"{https_server.at('localhost')}/get", address_policy=STRICT)


def test_a_gathering_keeps_it(http_server: HttpServer, front: Front) -> None:
    async def in_tasks(session: Any) -> Any:
        return await session.gather([f"{http_server.url}/get"], return_exceptions=True)

    with front.session(address_policy=STRICT) as session:
        real = front.real(session)
        if front.name == "sync":
            outcome = list(real.gather([f"{http_server.url}/get"], return_exceptions=True))
        else:
            outcome = front.run(in_tasks(real))
    assert [type(x) for x in outcome] == [AddressDenied]
    assert http_server.connections == 0


class AsksAtTheRealm(ulak.auth.FlowAuth):
    """Fetches a token from where the server says, as registries of images have it."""

    requires_response_body = True

    def auth_flow(self, request: ulak.PreparedRequest) -> Any:
        response = yield request
        realm = response.headers["WWW-Authenticate"].partition('realm="')[2].partition('"')[0]
        yield ulak.Request("GET", realm).prepare()


def test_what_an_authentication_asks_elsewhere(
    http_server: HttpServer, second_http_server: HttpServer, front: Front
) -> None:
    challenge = [("WWW-Authenticate", f'Bearer realm="{second_http_server.url}/get"')]
    http_server.route("/guarded")(lambda request: Answer(b"no", 401, challenge))
    policy = AddressPolicy(allow=["127.0.0.1"], ports=[http_server.port])
    with front.session(auth=AsksAtTheRealm()) as session:
        with pytest.raises(AddressDenied):
            session.get(f"{http_server.url}/guarded", address_policy=policy)
        assert second_http_server.connections == 0
        assert session.get(f"{http_server.url}/guarded").ok


# -- by a proxy --------------------------------------------------------------


def test_the_proxys_own_address_is_not_judged(
    https_server, certificates, forward_proxy, front: Front, names: Names
) -> None:
    # The origin's is, here and before the proxy hears of it.
    names["inner.example"] = [["10.0.0.1"]]
    settings = {"proxies": {"https": forward_proxy.url}, "verify": str(certificates.ca)}
    with front.session(address_policy=STRICT, **settings) as session:
        for host in ("127.0.0.1", "inner.example", "[::1]", "2130706433"):
            with pytest.raises(AddressDenied):
                session.get(f"https://{host}:{https_server.port}/get")
    assert forward_proxy.requests == []
    assert forward_proxy.connections == 0


def test_a_tunnel_is_asked_for_to_the_address_that_was_judged(
    https_server, certificates, start_proxy, front: Front, names: Names
) -> None:
    # The proxy would take the name elsewhere.
    proxy = start_proxy(resolve={f"localhost:{https_server.port}": ("127.0.0.1", 1)})
    names["localhost"] = [["::1", "127.0.0.1"]]
    settings = {"proxies": {"https": proxy.url}, "verify": str(certificates.ca)}
    with front.session(address_policy=LOOPBACK, **settings) as session:
        for _ in range(2):
            assert session.get(f"{https_server.at('localhost')}/get").ok
    assert proxy.tunnels == [f"127.0.0.1:{https_server.port}"]
    assert https_server.last.header("Host") == f"localhost:{https_server.port}"


def test_a_name_that_only_the_proxy_knows(front: Front, forward_proxy, names: Names) -> None:
    names["outside.example"] = [[]]
    settings = {"proxies": {"all": forward_proxy.url}}
    with front.session(address_policy=LOOPBACK, **settings) as session:
        with pytest.raises(NameResolutionError, match="the address policy has to see"):
            session.get("https://outside.example/get")
        with pytest.raises(AddressDenied, match="look up"):
            session.get("http://outside.example/get")
    assert forward_proxy.requests == []


def test_a_forwarding_proxy_is_asked_for_addresses_alone(
    http_server, forward_proxy, front: Front
) -> None:
    policy = AddressPolicy(allow=["127.0.0.1"])
    with front.session(address_policy=policy, proxies={"http": forward_proxy.url}) as session:
        assert session.get(f"{http_server.url}/get").ok
        # The kept connection to the proxy leads to whatever it is asked for.
        for host in ("localhost", "2130706433", "10.0.0.1", "169.254.169.254", "127.0.0.1."):
            with pytest.raises(AddressDenied):
                session.get(f"http://{host}:{http_server.port}/get")
        redirect = f"{http_server.url}/redirect-to?url=http://169.254.169.254/latest"
        with pytest.raises(AddressDenied):
            session.get(redirect)
    assert {x.target for x in forward_proxy.requests} == {f"{http_server.url}/get", redirect}


def test_no_proxy_is_as_good_as_a_direct_connection(
    http_server, forward_proxy, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", forward_proxy.url)
    monkeypatch.setenv("no_proxy", "localhost")
    with front.session(address_policy=LOOPBACK) as session:
        assert session.get(f"{http_server.at('localhost')}/get").ok
        with pytest.raises(AddressDenied):
            session.get(f"{http_server.at('localhost')}/get", address_policy=STRICT)
    assert forward_proxy.requests == []


def by_socks_4(connection: RawConnection) -> None:
    """Note what a SOCKS4 client asks for, and refuse."""
    connection.received += connection.sock.recv(1000)
    connection.send(b"\x00\x5b" + bytes(6))


def by_socks_5(connection: RawConnection) -> None:
    """Note what a SOCKS5 client asks for, and refuse."""
    connection.sock.recv(1000)
    connection.send(b"\x05\x00")
    connection.received += connection.sock.recv(1000)
    connection.send(b"\x05\x02\x00\x01" + bytes(6))


@pytest.mark.parametrize(
    ("scheme", "script", "asked"),
    [
        ("socks4", by_socks_4, b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00"),
        ("socks4a", by_socks_4, b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00"),
        ("socks5", by_socks_5, b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50"),
        ("socks5h", by_socks_5, b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50"),
    ],
)
def test_a_socks_proxy_is_asked_for_the_address_that_was_judged(
    start_raw_server, front: Front, names: Names, scheme: str, script: Any, asked: bytes
) -> None:
    names["named.example"] = [["10.0.0.1", "127.0.0.1"]]
    names["inner.example"] = [["10.0.0.1"]]
    names["outside.example"] = [[]]
    server = start_raw_server(script)
    proxies = {"http": f"{scheme}://127.0.0.1:{server.port}"}
    with front.session(address_policy=LOOPBACK, proxies=proxies) as session:
        with pytest.raises(ulak.exceptions.ProxyError):
            session.get("http://named.example/")
        assert server.received == asked
        with pytest.raises(AddressDenied):
            session.get("http://inner.example/")
        with pytest.raises(NameResolutionError, match="the address policy has to see"):
            session.get("http://outside.example/")
    assert server.accepted == 1


@pytest.mark.real("microsocks")
def test_by_microsocks(start_socks: Callable[..., Any], http_server, front: Front) -> None:
    proxies = {"all": start_socks().remote_dns_url}
    with front.session(address_policy=LOOPBACK, proxies=proxies) as session:
        assert session.get(f"{http_server.at('localhost')}/get").ok
        with pytest.raises(AddressDenied):
            session.get(f"{http_server.at('localhost')}/get", address_policy=STRICT)


@pytest.mark.real("squid")
def test_by_squid(start_squid: Callable[..., Any], http_server, https_server, certificates, front):
    proxy = start_squid()
    settings = {"proxies": {"all": proxy.url}, "verify": str(certificates.ca)}
    with front.session(address_policy=LOOPBACK, **settings) as session:
        assert session.get(f"{https_server.at('localhost')}/get").ok
        assert session.get(f"{http_server.url}/get").ok
        with pytest.raises(AddressDenied):
            session.get(f"{http_server.at('localhost')}/get")


# -- adapters ----------------------------------------------------------------


class Made(BaseAdapter):
    """Answers by itself, and notes that it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def send(self, request: Any, **settings: Any) -> Any:
        self.asked += 1
        response = ulak.Response()
        response.status_code = 200
        return response

    def close(self) -> None:
        """Nothing is open."""


def test_an_adapter_that_does_not_say_it_keeps_the_policy_is_not_used(front: Front) -> None:
    made = Made()
    adapter = front.adapter(made)
    with (
        front.session(address_policy=STRICT, adapters={"http://made/": adapter}) as session,
        pytest.raises(InvalidOption, match="keeps_address_policy"),
    ):
        session.get("http://made/")
    assert made.asked == 0


@pytest.mark.front("sync", "its adapters answer with what this one makes")
def test_an_adapter_that_says_so_is_used(front: Front) -> None:
    made = Made()
    made.keeps_address_policy = True
    with front.session(address_policy=STRICT, adapters={"http://made/": made}) as session:
        assert session.get("http://made/").ok


class Theirs(PoolManager):
    """No plain manager, which would be taken for its settings only."""


class Stock(HTTPAdapter):
    """Connects by urllib3's own pools."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager = Theirs()


@pytest.mark.front("sync", "urllib3's pools are beneath that one")
def test_a_pool_that_knows_no_policy_is_not_used(http_server: HttpServer, front: Front) -> None:
    with front.session(address_policy=LOOPBACK, adapters={"http://": Stock()}) as session:
        with pytest.raises(InvalidOption, match="does not keep the address policy"):
            session.get(f"{http_server.url}/get")
        assert session.get(f"{http_server.url}/get", address_policy=None).ok
    assert http_server.connections == 1


@pytest.mark.front("async", "unix sockets are its adapter's")
def test_a_unix_socket_is_nothing_that_a_policy_can_allow(front: Front, tmp_path) -> None:
    # A redirect might lead to the host that it stands for.
    adapter = ulak.AsyncHTTPAdapter(unix_socket=tmp_path / "socket")
    with (
        front.session(address_policy=LOOPBACK, adapters={"http://docker/": adapter}) as session,
        pytest.raises(AddressDenied, match="unix socket"),
    ):
        session.get("http://docker/containers")


@pytest.mark.parametrize("policy", [True, "deny", AddressPolicy, 5])
def test_what_is_no_policy(front: Front, policy: Any) -> None:
    with pytest.raises(InvalidOption, match="AddressPolicy"):
        front.session(address_policy=policy)
    with front.session() as session, pytest.raises(InvalidOption, match="AddressPolicy"):
        session.get("http://127.0.0.1:1/", address_policy=policy)
