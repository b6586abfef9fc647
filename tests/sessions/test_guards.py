"""``max_body_size`` and ``https_only``: what is refused, when, and what becomes of connections."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import socket
import threading
import time
import tracemalloc
from typing import Any

import pytest

import ulak
from tests.support import Answer, HttpServer, RawConnection
from tests.support.fronts import Front
from ulak._policy.steps import ERROR_TIME
from ulak.adapters import BaseAdapter
from ulak.exceptions import BodyTooLarge, HTTPSRequired, InvalidOption, StreamConsumedError

BOMB = gzip.compress(bytes(64 * 1024 * 1024))

#: A way of reading a response to its end.
WAYS = {
    "content": lambda response: response.content,
    "text": lambda response: response.text,
    "pieces of 7": lambda response: list(response.iter_content(7)),
    "large pieces": lambda response: list(response.iter_content(1 << 30)),
    "pieces as they come": lambda response: list(response.iter_content(None)),
    "lines": lambda response: list(response.iter_lines()),
}


def answers(body: bytes, framing: str, status: bytes = b"200 OK") -> Any:
    """A script that answers one request after the other with ``body``."""

    def script(connection: RawConnection) -> None:
        if framing == "length":
            fields, framed = b"Content-Length: %d\r\n" % len(body), body
        elif framing == "gzip":
            coded = gzip.compress(body)
            fields, framed = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(coded), coded
        elif framing == "chunked":
            fields = b"Transfer-Encoding: chunked\r\n"
            framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        else:
            fields, framed = b"Connection: close\r\n", body
        while True:
            connection.recv_head()
            connection.send(b"HTTP/1.1 %b\r\n" % status, fields, b"\r\n", framed)
            if framing == "close":
                return

    return script


@pytest.mark.parametrize("framing", ["length", "gzip", "chunked", "close"])
@pytest.mark.parametrize("way", WAYS)
def test_a_body_may_have_so_many_bytes_and_no_more(
    start_raw_server, front: Front, way: str, framing: str
) -> None:
    body = b"0123456789" * 10
    url = f"http://127.0.0.1:{start_raw_server(answers(body, framing)).port}/"
    with front.session() as session:
        response = session.get(url, max_body_size=100, stream=True)
        assert len(WAYS[way](response)) > 0
        if way == "content":
            assert response.content == body
        with pytest.raises(BodyTooLarge) as caught:
            WAYS[way](session.get(url, max_body_size=99, stream=True))
        assert caught.value.code == "body_too_large"
        assert caught.value.response is not None
        assert "99 bytes (max_body_size)" in str(caught.value)
        with pytest.raises(BodyTooLarge):
            session.get(url, max_body_size=99)
        assert session.get(url).content == body


def test_what_is_announced_is_refused_at_once(start_raw_server, front: Front) -> None:
    def announce(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")
        connection.wait_closed()  # the body never comes

    server = start_raw_server(announce)
    with front.session(max_body_size=1000, timeout=5) as session:
        for stream in (False, True):
            with pytest.raises(BodyTooLarge, match="it has 1001 bytes"):
                session.get(f"http://127.0.0.1:{server.port}/", stream=stream)


@pytest.mark.parametrize("stream", [False, True])
def test_the_connection_is_closed_and_the_next_request_is_right(
    http_server: HttpServer, front: Front, stream: bool
) -> None:
    with front.session() as session:
        for path in ("/bytes/300000", "/stream-bytes/3000000"):
            with pytest.raises(BodyTooLarge):
                response = session.get(
                    f"{http_server.url}{path}", max_body_size=100_000, stream=stream
                )
                for _ in response.iter_content(1000):
                    pass
            assert session.get(f"{http_server.url}/get").json()["method"] == "GET"
    assert http_server.connections == 3


def test_nothing_is_left_to_read_after_the_error(start_raw_server, front: Front) -> None:
    url = f"http://127.0.0.1:{start_raw_server(answers(bytes(1000), 'chunked')).port}/"
    with front.session(max_body_size=10) as session:
        response = session.get(url, stream=True)
        for _ in range(2):
            with pytest.raises((BodyTooLarge, StreamConsumedError)):
                list(response.iter_content(5))
        with pytest.raises(StreamConsumedError):  # a cut body is not taken for a whole one
            response.content  # noqa: B018


def test_pieces_before_the_limit_are_handed_over(start_raw_server, front: Front) -> None:
    url = f"http://127.0.0.1:{start_raw_server(answers(bytes(1000), 'chunked')).port}/"
    got = 0
    with front.session(max_body_size=100) as session:
        response = session.get(url, stream=True)
        with pytest.raises(BodyTooLarge):
            for piece in response.iter_content(30):
                got += len(piece)
    assert 0 < got <= 100


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("size", [1000, None, 1 << 30])
def test_a_bomb_costs_no_more_than_the_limit(
    http_server: HttpServer, front: Front, stream: bool, size: int | None
) -> None:
    @http_server.route("/bomb")
    def bomb(request: Any) -> Answer:
        return Answer(BOMB, 200, [("Content-Encoding", "gzip")])

    with front.session(max_body_size=1_000_000) as session:
        session.get(f"{http_server.url}/get")
        tracemalloc.start()
        try:
            with pytest.raises(BodyTooLarge):
                response = session.get(f"{http_server.url}/bomb", stream=stream)
                for _ in response.iter_content(size):
                    pass
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 6_000_000


def test_what_has_no_body_may_announce_any(http_server: HttpServer, front: Front) -> None:
    with front.session(max_body_size=10) as session:
        assert session.head(f"{http_server.url}/bytes/5000").headers["Content-Length"] == "5000"


def test_bodies_on_the_way_do_not_count(http_server: HttpServer, front: Front) -> None:
    @http_server.route("/away")
    def away(request: Any) -> Answer:
        return Answer(bytes(5000), 302, [("Location", "/bytes/10")])

    @http_server.route("/denied")
    def denied(request: Any) -> Answer:
        if request.header("Authorization"):
            return Answer(b"welcome", 200)
        challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'
        return Answer(bytes(5000), 401, [("WWW-Authenticate", challenge)])

    with front.session(max_body_size=10) as session:
        response = session.get(f"{http_server.url}/away")
        assert len(response.content) == 10
        assert len(response.history[0].content) <= 10
        auth = ulak.auth.HTTPDigestAuth("user", "password")
        assert session.get(f"{http_server.url}/denied", auth=auth).content == b"welcome"


def test_a_hook_reads_no_more_either(http_server: HttpServer, front: Front) -> None:
    seen = []

    def read(response: Any, **settings: Any) -> Any:
        try:
            yield front.read(response)
        except BodyTooLarge as error:
            seen.append(error)

    hook = front.steps(read)
    if front.name == "sync":

        def hook(response: Any, **settings: Any) -> None:
            with pytest.raises(BodyTooLarge) as caught:
                response.content  # noqa: B018
            seen.append(caught.value)

    with (
        front.session(max_body_size=10) as session,
        pytest.raises((BodyTooLarge, StreamConsumedError)),
    ):
        session.get(f"{http_server.url}/stream-bytes/300000", hooks={"response": hook})
    assert len(seen) == 1


class FromMemory(BaseAdapter):
    """Answers from memory, by a ``raw`` that is a file."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def send(self, request: Any, **settings: Any) -> Any:
        response = ulak.Response()
        response.status_code = 200
        response.raw = io.BytesIO(self.body)
        return response

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.front("sync", "the other front's are awaited files")
def test_whatever_the_adapter_is(front: Front) -> None:
    adapters = {"memory://": FromMemory(bytes(100))}
    with front.session(max_body_size=100, adapters=adapters) as session:
        assert len(session.get("memory://").content) == 100
        session.max_body_size = 99
        for stream in (False, True):
            with pytest.raises(BodyTooLarge):
                list(session.get("memory://", stream=stream).iter_content(None))


@pytest.mark.front("sync", "the other front's adapters make other responses")
def test_a_body_that_the_adapter_has_read_already(front: Front) -> None:
    class Kept(FromMemory):
        def send(self, request: Any, **settings: Any) -> Any:
            response = super().send(request, **settings)
            assert response.content == self.body
            return response

    with front.session(max_body_size=100, adapters={"memory://": Kept(bytes(100))}) as session:
        assert session.get("memory://").ok
        with pytest.raises(BodyTooLarge):
            session.get("memory://", max_body_size=99)


def test_a_number_of_the_call_goes_before_the_sessions(
    http_server: HttpServer, front: Front
) -> None:
    url = f"{http_server.url}/bytes/100"
    with front.session(max_body_size=10) as session:
        assert session.get(url, max_body_size=100).ok
        assert session.get(url, max_body_size=None).ok
        with pytest.raises(BodyTooLarge):
            session.get(url)
        session.max_body_size = None
        assert session.get(url).ok
        with pytest.raises(BodyTooLarge):
            session.get(url, max_body_size=0)
        assert session.get(f"{http_server.url}/bytes/0", max_body_size=0).ok


@pytest.mark.parametrize("framing", ["length", "gzip", "chunked", "close"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("most", "kept"), [(None, 64 * 1024), (10, 10), (70_000, 64 * 1024)])
def test_of_an_error_that_is_raised_a_bounded_part_is_read(
    start_raw_server, front: Front, framing: str, stream: bool, most: int | None, kept: int
) -> None:
    """The status is what is raised, however large its body is."""
    server = start_raw_server(answers(bytes(100_000), framing, b"500 Broken"))
    url = f"http://127.0.0.1:{server.port}/"
    with front.session(max_body_size=most, raise_for_status=True) as session:
        with pytest.raises(ulak.HTTPError, match="500 Server Error") as caught:
            session.get(url, stream=stream)
        assert caught.value.response.content == bytes(kept)
        assert session.request("GET", url, raise_for_status=False, max_body_size=None).text


def test_an_error_whose_body_is_cut_off_is_still_that_error(start_raw_server, front: Front) -> None:
    def cut(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 404 No\r\nContent-Length: 100\r\n\r\nabc")

    url = f"http://127.0.0.1:{start_raw_server(cut).port}/"
    with front.session() as session:
        with pytest.raises(ulak.HTTPError, match="404") as caught:
            session.get(url, raise_for_status=True)
        assert caught.value.response.content == b"abc"
        with pytest.raises(ulak.exceptions.ChunkedEncodingError):
            session.get(url)


@pytest.mark.parametrize("framing", ["length", "gzip"])
def test_an_error_waits_a_short_time_for_its_body(
    start_raw_server, front: Front, framing: str
) -> None:
    """What has come by then is there, and the connection is closed."""
    closed = threading.Event()
    coded = gzip.compress(os.urandom(60_000), 0)
    begin = b"abc" if framing == "length" else coded[:1000]

    def stalling(connection: RawConnection) -> None:
        connection.recv_head()
        fields = b"Content-Encoding: gzip\r\n" if framing == "gzip" else b""
        connection.send(b"HTTP/1.1 404 No\r\n", fields, b"Content-Length: 9999\r\n\r\n", begin)
        assert connection.sock.recv(1) == b""
        closed.set()

    url = f"http://127.0.0.1:{start_raw_server(stalling).port}/"
    with front.session(timeout=20) as session:
        start = time.monotonic()
        with pytest.raises(ulak.HTTPError, match="404") as caught:
            session.get(url, raise_for_status=True)
        assert ERROR_TIME <= time.monotonic() - start < ERROR_TIME + 3
        assert closed.wait(5)
    content = caught.value.response.content
    if framing == "length":
        assert content == b"abc"
    else:
        assert 900 < len(content) < 1000


def test_what_was_cut_for_an_error_is_whole_when_it_is_sent_for_itself(
    http_server: HttpServer, front: Front
) -> None:
    @http_server.route("/broken")
    def broken(request: Any) -> Answer:
        return Answer(bytes(100_000), 500)

    with front.session() as session:
        with pytest.raises(ulak.HTTPError) as caught:
            session.get(f"{http_server.url}/redirect-to?url=/broken", raise_for_status=True)
        response = caught.value.response
        assert len(response.content) == 64 * 1024
        for request in (response.request, response.history[0].request, response.history[0].next):
            assert len(session.send(request).content) == 100_000


def test_an_overridden_send_holds_no_more_of_an_error(
    http_server: HttpServer, front: Front
) -> None:
    @http_server.route("/broken")
    def broken(request: Any) -> Answer:
        return Answer(bytes(100_000), 500)

    class Noting(front.Session):  # type: ignore[name-defined,misc]  # a class by its front
        def send(self, request: Any, **settings: Any) -> Any:
            return super().send(request, **settings)

    with front.open(Noting(raise_for_status=True)) as session:
        for path in ("/broken", "/redirect-to?url=/broken"):
            with pytest.raises(ulak.HTTPError) as caught:
                session.get(f"{http_server.url}{path}")
            assert len(caught.value.response.content) == 64 * 1024


@pytest.mark.parametrize("size", [-1, 1.5, "10", True])
def test_what_is_no_size(front: Front, size: Any) -> None:
    with pytest.raises(InvalidOption, match="max_body_size"):
        front.session(max_body_size=size)
    with front.session() as session, pytest.raises(InvalidOption, match="max_body_size"):
        session.get("http://127.0.0.1:1/", max_body_size=size)


# -- https_only --------------------------------------------------------------


@pytest.fixture
def no_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails the test that looks a name up."""

    def look_up(*args: Any, **settings: Any) -> Any:
        raise AssertionError(f"looked up {args[0]!r}")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("url", ["http://example.com/", "HTTP://127.0.0.1/", "http://[::1]/"])
def test_plain_http_is_refused_before_anything_is_done(
    front: Front, no_lookup: None, url: str
) -> None:
    with (
        front.session(https_only=True, retries=3) as session,
        pytest.raises(HTTPSRequired) as caught,
    ):
        session.post(url, data=b"secret")
    assert caught.value.code == "https_required"
    assert isinstance(caught.value, ulak.exceptions.InvalidSchema | ValueError)
    with front.session() as session, pytest.raises(HTTPSRequired):
        session.get(url, https_only=True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_plain_http_is_not_followed(
    https_server: HttpServer, http_server: HttpServer, certificates, front: Front, status: int
) -> None:
    url = f"{https_server.url}/redirect-to?status_code={status}&url={http_server.url}/get"
    with front.session(https_only=True, verify=str(certificates.ca)) as session:
        with pytest.raises(HTTPSRequired) as caught:
            session.get(url)
        assert caught.value.response is not None
        assert caught.value.response.status_code == status
        assert session.get(url, allow_redirects=False).status_code == status
        assert session.get(f"{https_server.url}/redirect/3").ok
    assert http_server.connections == 0


def test_it_holds_for_an_overridden_send(
    https_server: HttpServer, http_server: HttpServer, certificates, front: Front
) -> None:
    class Noting(front.Session):  # type: ignore[name-defined,misc]  # a class by its front
        def send(self, request: Any, **settings: Any) -> Any:
            return super().send(request, **settings)

    url = f"{https_server.url}/redirect-to?url={http_server.url}/get"
    with front.open(Noting(verify=str(certificates.ca))) as session:
        with pytest.raises(HTTPSRequired):
            session.get(url, https_only=True)
        url = f"{https_server.url}/redirect-to?url=/bytes/11"
        with pytest.raises(BodyTooLarge):
            session.get(url, max_body_size=10)
        session.max_body_size = 5
        assert session.get(url, max_body_size=None).ok
    assert http_server.connections == 0


def test_an_overridden_send_that_knows_no_guards(http_server: HttpServer, front: Front) -> None:
    class Plain(front.Session):  # type: ignore[name-defined,misc]  # a class by its front
        def send(self, request: Any, stream: bool = False, **settings: Any) -> Any:
            assert settings.keys() <= {"timeout", "verify", "cert", "proxies", "allow_redirects"}
            return super().send(request, stream=stream, **settings)

    policy = ulak.AddressPolicy(allow=["127.0.0.1"])
    with front.open(Plain(max_body_size=10, address_policy=policy)) as session:
        assert session.get(f"{http_server.url}/redirect-to?url=/bytes/10").ok
        with pytest.raises(BodyTooLarge):
            session.get(f"{http_server.url}/redirect-to?url=/bytes/11")
        with pytest.raises(ulak.exceptions.AddressDenied):
            session.get(f"{http_server.url}/redirect-to?url={http_server.at('127.0.0.2')}/")


def test_a_proxy_that_is_reached_by_http_carries_tls(
    https_server: HttpServer, http_server, certificates, forward_proxy, front: Front
) -> None:
    settings = {"proxies": {"all": forward_proxy.url}, "verify": str(certificates.ca)}
    with front.session(https_only=True, **settings) as session:
        assert session.get(f"{https_server.url}/get").ok
        with pytest.raises(HTTPSRequired):
            session.get(f"{http_server.url}/get")
    assert [x.method for x in forward_proxy.requests] == ["CONNECT"]


def test_the_call_says_otherwise(http_server: HttpServer, front: Front) -> None:
    with front.session(https_only=True) as session:
        assert session.get(f"{http_server.url}/get", https_only=False).ok
        with pytest.raises(HTTPSRequired):
            session.get(f"{http_server.url}/get", https_only=None)
    with pytest.raises(InvalidOption, match="https_only"):
        front.session(https_only="yes")


def test_a_pickled_session_keeps_them(front: Front) -> None:
    with front.session(https_only=True, max_body_size=5) as session:
        again = pickle.loads(pickle.dumps(front.real(session)))
    assert (again.https_only, again.max_body_size) == (True, 5)


# -- on the request's way, whoever sends it ----------------------------------


@pytest.fixture(params=["max_body_size", "https_only", "address_policy"])
def guard(request: Any, https_server: HttpServer) -> Any:
    """A setting that lets ``https_server`` pass, what lifts it, and what it raises elsewhere."""
    policy = ulak.AddressPolicy(allow=["127.0.0.0/8"], ports=[https_server.port])
    value, lifted, error = {
        "max_body_size": (10, None, BodyTooLarge),
        "https_only": (True, False, HTTPSRequired),
        "address_policy": (policy, None, ulak.exceptions.AddressDenied),
    }[request.param]
    return {request.param: value}, {request.param: lifted}, error


@pytest.mark.parametrize("pickled", [False, True])
def test_what_follows_a_redirect_is_guarded_where_it_is_sent_by_hand(
    https_server: HttpServer, http_server, certificates, front: Front, guard: Any, pickled: bool
) -> None:
    """By what the call said that led to it."""
    setting, lifted, error = guard
    url = f"{https_server.url}/redirect-to?url={http_server.url}/bytes/11"
    with front.session(verify=str(certificates.ca)) as session:
        following = session.get(url, allow_redirects=False, **setting).next
        if pickled:
            following = pickle.loads(pickle.dumps(following))
        with pytest.raises(error):
            session.send(following)
        assert len(session.send(following, **lifted).content) == 11
        assert len(session.get(following.url).content) == 11


def test_a_hook_that_sends_it_again_elsewhere_is_guarded(
    https_server: HttpServer, http_server, certificates, front: Front, guard: Any
) -> None:
    setting, lifted, error = guard

    def again(response: Any, **settings: Any) -> Any:
        copy = response.request.copy()
        copy.url = f"{http_server.url}/bytes/11"
        answer = yield response.connection.send(copy, **settings)
        yield front.read(answer)
        return answer

    hooks = {"response": front.steps(again)}
    with front.session(verify=str(certificates.ca), **setting) as session:
        with pytest.raises(error):
            session.get(f"{https_server.url}/bytes/1", hooks=hooks)
        response = session.get(f"{https_server.url}/bytes/1", hooks=hooks, **lifted)
        assert len(response.content) == 11


def test_what_a_session_prepared_is_guarded_where_an_adapter_sends_it(
    http_server: HttpServer, front: Front, guard: Any
) -> None:
    setting, lifted, error = guard
    request = ulak.Request("GET", f"{http_server.url}/bytes/11")

    def send(session: Any) -> Any:
        adapter = session.get_adapter(request.url)
        response = front.run(adapter.send(session.prepare_request(request), timeout=5))
        front.run(front.read(response))
        return response

    with front.session(**setting) as session:
        with pytest.raises(error):
            send(session)
        for name, value in lifted.items():
            setattr(session, name, value)
        assert len(send(session).content) == 11


def test_what_was_prepared_is_sent_as_it_is(http_server: HttpServer, front: Front) -> None:
    """The guards do not make it another request."""
    request = ulak.Request("GET", f"{http_server.url}/bytes/1")
    with front.session(max_body_size=10) as session:
        prepared = session.prepare_request(request)
        assert session.send(prepared).request is prepared
        assert session.send(prepared, max_body_size=5).request is not prepared


# -- functions ---------------------------------------------------------------


@pytest.mark.front("sync", "there is no function of one request that is awaited")
def test_the_functions_take_them(http_server: HttpServer, front: Front) -> None:
    with pytest.raises(BodyTooLarge):
        ulak.get(f"{http_server.url}/bytes/100", max_body_size=99)
    with pytest.raises(HTTPSRequired):
        ulak.get(f"{http_server.url}/get", https_only=True)
    with pytest.raises(ulak.exceptions.AddressDenied):
        ulak.post(f"{http_server.url}/post", address_policy=ulak.AddressPolicy())
    assert len(http_server.requests) == 1
