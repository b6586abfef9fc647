"""P10: nothing is injected. Whatever gets past the checks above stops at the codec."""

from __future__ import annotations

import pytest

import ulak
from tests.support import RawConnection
from ulak import exceptions as e

EVIL = ["a\r\nEvil: 1", "a\nEvil: 1", "a\rEvil: 1", "a\0b", "\r\n\r\nGET / HTTP/1.1"]


@pytest.fixture
def listening(start_raw_server):
    """A server that keeps every byte."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"")

    return start_raw_server(script)


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize(
    "place", ["method", "name", "value", "host", "cookie header", "referer", "bearer", "accept"]
)
def test_in_a_call(listening, session: ulak.Session, place: str, evil: str) -> None:
    calls = {
        "method": {"method": evil},
        "name": {"headers": {evil: "x"}},
        "value": {"headers": {"X": evil}},
        "host": {"headers": {"Host": evil}},
        "cookie header": {"headers": {"Cookie": evil}},
        "referer": {"headers": {"Referer": evil}},
        "bearer": {"auth": ulak.auth.HTTPBearerAuth(evil)},
        "accept": {"headers": {"Accept": evil.encode()}},
    }
    options = {"method": "GET", "url": listening.url, **calls[place]}
    with pytest.raises((e.InvalidHeader, e.InvalidMethod, e.InvalidOption)):
        session.request(**options)
    assert listening.received == b""


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("place", ["path", "query", "params", "fragment"])
def test_in_a_url(listening, session: ulak.Session, place: str, evil: str) -> None:
    url = listening.url
    calls = {
        "path": {"url": f"{url}/{evil}"},
        "query": {"url": f"{url}/?{evil}"},
        "params": {"url": url, "params": {evil: evil}},
        "fragment": {"url": f"{url}/#{evil}"},
    }
    try:
        session.get(**calls[place])
    except e.InvalidURL:
        assert listening.received == b""
        return
    head = listening.received.partition(b"\r\n")
    assert head[0].count(b" ") == 2
    assert not any(line.startswith(b"Evil") for line in listening.received.split(b"\n"))
    assert listening.received.count(b" HTTP/1.1\r\n") == 1


@pytest.mark.parametrize("evil", EVIL)
def test_in_cookies(listening, session: ulak.Session, evil: str) -> None:
    for cookies in ({"a": evil}, {evil: "a"}):
        try:
            session.get(listening.url, cookies=cookies)
        except e.RequestException:
            continue
    lines = listening.received.split(b"\n")
    assert not any(line.startswith((b"Evil", b"\rEvil")) for line in lines)
    assert b"\0" not in listening.received


@pytest.mark.parametrize("evil", EVIL)
def test_in_the_parts_of_a_form(listening, session: ulak.Session, evil: str) -> None:
    shapes = [
        {"files": {evil: b"x"}},
        {"files": {"f": (evil, b"x")}},
        {"files": {"f": ("n", b"x", evil)}},
        {"files": {"f": ("n", b"x", "a/b", {"X": evil})}},
        {"files": {"f": ("n", b"x", "a/b", {evil: "x"})}},
        {"files": {"f": b"x"}, "data": {evil: "x"}},
    ]
    for parts in shapes:
        try:
            session.post(listening.url, **parts)
        except e.RequestException:
            continue
    for line in listening.received.split(b"\r\n"):
        assert not line.startswith(b"Evil")


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_in_what_a_proxy_is_told(listening, session, scheme: str, evil: str) -> None:
    proxies = {scheme: listening.url}
    with pytest.raises(e.RequestException):
        session.get(f"{scheme}://a{evil}.example/", proxies=proxies)
    assert listening.received == b""


def test_in_what_a_server_sends(start_raw_server, session: ulak.Session) -> None:
    """A Location of a server is no way to inject either."""
    served = []

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"", b"Location: /a%0d%0aEvil: 1 b", status=b"302 Found")
        served.append(connection.recv_request())
        connection.respond(b"")

    server = start_raw_server(script)
    session.get(server.url)
    assert served[0].target == "/a%0d%0aEvil:%201%20b"
    assert served[0].header("Evil") is None


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("part", ["method", "url", "name", "value"])
def test_after_it_was_prepared(listening, session, part: str, evil: str) -> None:
    prepared = session.prepare_request(ulak.Request("GET", listening.url))
    if part == "name":
        prepared.headers[evil] = "x"
    elif part == "value":
        prepared.headers["X"] = evil
    elif part == "method":
        prepared.method = evil
    else:
        prepared.url = f"{listening.url}/?{evil}"
    try:
        session.send(prepared)
    except e.RequestException:
        assert listening.received == b""
    else:
        assert part == "url"
        assert listening.received.count(b" HTTP/1.1\r\n") == 1
        assert not any(x.startswith(b"Evil") for x in listening.received.split(b"\n"))
