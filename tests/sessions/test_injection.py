"""P10 on both fronts: nothing that a proxy is told, or that is set late, injects anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import ulak
from tests.support import RawConnection, RawServer
from tests.support.fronts import Front
from ulak.exceptions import InvalidBody, InvalidHeader, InvalidMethod, RequestException

EVIL = ["a\r\nEvil: 1", "a\nEvil: 1", "a\rEvil: 1", "a\0b", "\r\n\r\nGET / HTTP/1.1"]
EACH = pytest.mark.parametrize("evil", EVIL, ids=repr)


@pytest.fixture
def listening(start_raw_server: Callable[..., RawServer]) -> RawServer:
    """A server that keeps every byte, and answers."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"")

    return start_raw_server(script)


@EACH
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("part", ["name", "value"])
def test_headers_for_a_proxy(
    listening: RawServer, front: Front, scheme: str, part: str, evil: str
) -> None:
    class Telling(front.HTTPAdapter):  # type: ignore[name-defined,misc]  # a class by its front
        def proxy_headers(self, proxy: str) -> dict[str, str]:
            return {evil: "x"} if part == "name" else {"Proxy-Authorization": evil}

    settings = {"proxies": {scheme: listening.url}, "adapters": {f"{scheme}://": Telling()}}
    with front.session(**settings) as session, pytest.raises(InvalidHeader):
        session.get(f"{scheme}://example.com/")
    assert listening.received == b""


@EACH
@pytest.mark.parametrize("part", ["name", "value", "method", "cookie", "length", "coding", "auth"])
def test_what_is_set_after_preparing(
    listening: RawServer, front: Front, part: str, evil: str
) -> None:
    prepared = ulak.Request("POST", listening.url, data=b"body").prepare()
    if part == "method":
        prepared.method = evil
    elif part == "name":
        prepared.headers[evil] = "x"
    else:
        names = {"value": "X", "cookie": "Cookie", "auth": "Authorization"}
        names |= {"length": "Content-Length", "coding": "Transfer-Encoding"}
        prepared.headers[names[part]] = evil
    with front.session() as session, pytest.raises((InvalidHeader, InvalidMethod)):
        session.send(prepared)
    assert listening.received == b""


@EACH
def test_what_an_auth_sets(listening: RawServer, front: Front, evil: str) -> None:
    def sign(request: ulak.PreparedRequest) -> ulak.PreparedRequest:
        request.headers["X-Signature"] = evil
        return request

    with front.session(auth=sign) as session, pytest.raises(InvalidHeader):
        session.get(listening.url)
    assert listening.received == b""


@EACH
def test_what_a_mapping_of_another_kind_holds(
    listening: RawServer, front: Front, evil: str
) -> None:
    prepared = ulak.Request("GET", listening.url).prepare()
    for headers in ({"X": evil}, {evil: "x"}, {"X": evil.encode()}):
        prepared.headers = headers  # type: ignore[assignment]  # as signing libraries do
        with front.session() as session, pytest.raises(InvalidHeader):
            session.send(prepared)
    assert listening.received == b""


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "3"},
        {"Content-Length": "5"},
        {"Content-Length": "+4"},
        {"Content-Length": "4, 4"},
        {"Content-Length": "4", "Transfer-Encoding": "chunked"},
        {"content-length": "4", "Content-Length": "9"},
        {"Transfer-Encoding": "chunked, identity"},
        {"Transfer-Encoding": "xchunked"},
    ],
)
def test_a_body_of_another_length_than_is_said(
    listening: RawServer, front: Front, headers: dict[str, str]
) -> None:
    prepared = ulak.Request("POST", listening.url, data=b"body").prepare()
    prepared.headers = headers  # type: ignore[assignment]  # as signing libraries do
    with front.session() as session, pytest.raises((InvalidHeader, InvalidBody)):
        session.send(prepared)
    assert listening.received == b""


@EACH
def test_a_jar_of_the_callers(listening: RawServer, front: Front, evil: str) -> None:
    for name, value in (("a", evil), (evil, "a")):
        with front.session() as session, pytest.raises(RequestException):
            session.cookies.set_cookie(ulak.cookies.create_cookie(name, value))
            session.get(listening.url)
    assert listening.received == b""
