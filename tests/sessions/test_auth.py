"""Authentication against servers that insist on it."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest

import ulak
from tests.support import Answer, HttpServer
from tests.support.fronts import Front
from ulak.auth import (
    AuthBase,
    FlowAuth,
    HTTPBasicAuth,
    HTTPBearerAuth,
    HTTPDigestAuth,
    NetrcAuth,
    _basic_auth_str,
)
from ulak.exceptions import InvalidOption

ALGORITHMS = ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"]


@pytest.mark.parametrize("auth", [("u", "p"), ["u", "p"], HTTPBasicAuth("u", "p")])
def test_basic(http_server: HttpServer, session: ulak.Session, auth) -> None:
    url = f"{http_server.url}/basic-auth/u/p"
    assert session.get(url).status_code == 401
    assert session.get(url, auth=auth).json()["authenticated"]


@pytest.mark.parametrize(
    ("user", "password"), [("ü", "ş"), ("u", ""), ("", "p"), ("u", "p:q"), (b"u", b"p")]
)
def test_basic_with_any_text(http_server: HttpServer, session, user, password) -> None:
    session.get(f"{http_server.url}/get", auth=(user, password))
    assert http_server.last.header("Authorization") == _basic_auth_str(user, password)


def test_userinfo_of_the_url(http_server: HttpServer, session: ulak.Session) -> None:
    url = http_server.url.replace("://", "://u%40x:p%3Aw@")
    response = session.get(f"{url}/get")
    assert http_server.last.header("Authorization") == _basic_auth_str("u@x", "p:w")
    assert http_server.last.target == "/get"
    assert http_server.last.header("Host") == f"127.0.0.1:{http_server.port}"
    assert response.status_code == 200


def test_auth_of_the_call_beats_the_urls(http_server: HttpServer, session) -> None:
    url = http_server.url.replace("://", "://a:b@")
    session.get(f"{url}/get", auth=("u", "p"))
    assert http_server.last.header("Authorization") == _basic_auth_str("u", "p")


def test_bearer(http_server: HttpServer, session: ulak.Session) -> None:
    tokens = iter(["one", "two"])
    session.auth = HTTPBearerAuth(lambda: next(tokens))
    for token in ("one", "two"):
        assert session.get(f"{http_server.url}/bearer").json()["token"] == token


def test_a_callable(http_server: HttpServer, session: ulak.Session) -> None:
    def sign(request: ulak.PreparedRequest) -> ulak.PreparedRequest:
        request.headers["X-Sign"] = f"{request.method} {request.body}"
        return request

    session.post(f"{http_server.url}/post", data="body", auth=sign)
    assert http_server.last.header("X-Sign") == "POST body"


def test_a_callable_may_change_the_body(http_server: HttpServer, session) -> None:
    class Longer(AuthBase):
        def __call__(self, r: ulak.PreparedRequest) -> ulak.PreparedRequest:
            r.body += b" signed"
            return r

    session.post(f"{http_server.url}/post", data=b"body", auth=Longer())
    assert http_server.last.body == b"body signed"
    assert http_server.last.header("Content-Length") == "11"


def test_what_a_callable_raises_is_the_callers(http_server: HttpServer, session) -> None:
    def broken(request: ulak.PreparedRequest) -> ulak.PreparedRequest:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        session.get(f"{http_server.url}/get", auth=broken)
    assert not http_server.requests


# -- netrc -------------------------------------------------------------------


def test_netrc(http_server: HttpServer, session: ulak.Session, netrc) -> None:
    netrc("machine 127.0.0.1 login u password p\n")
    url = f"{http_server.url}/basic-auth/u/p"
    assert session.get(url).status_code == 200
    assert session.get(url.encode()).status_code == 200
    session.trust_env = False
    assert session.get(url).status_code == 401
    assert session.get(url, auth=NetrcAuth()).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        lambda: {"Authorization": "Bearer x"},
        lambda: {"authorization": "Bearer x"},
        lambda: {b"Authorization": b"Bearer x"},
        lambda: [("Authorization", "Bearer x")],
        lambda: iter([("Authorization", "Bearer x")]),
    ],
    ids=["dict", "lower", "bytes", "pairs", "iterator"],
)
def test_a_header_beats_netrc(http_server: HttpServer, session, netrc, headers) -> None:
    netrc("machine 127.0.0.1 login u password p\n")
    session.get(f"{http_server.url}/get", headers=headers())
    assert http_server.last.values("Authorization") == ["Bearer x"]


@pytest.mark.parametrize("machine", [None, "other.example", "127.0.0.1"])
@pytest.mark.parametrize("of", ["call", "session"])
def test_a_header_beats_the_urls_userinfo(
    http_server: HttpServer, session, netrc, machine: str | None, of: str
) -> None:
    """Whether there is a netrc file or not."""
    if machine:
        netrc(f"machine {machine} login user password p\n")
    url = http_server.url.replace("://", "://u:p@") + "/get"
    header = {"Authorization": "Bearer x"}
    if of == "session":
        session.headers.update(header)
    session.get(url, headers=header if of == "call" else None)
    assert http_server.last.values("Authorization") == ["Bearer x"]


@pytest.mark.parametrize("kind", ["update", "dict"])
def test_a_header_of_the_session_beats_netrc(http_server, session, netrc, kind: str) -> None:
    netrc("machine 127.0.0.1 login u password p\n")
    if kind == "update":
        session.headers["Authorization"] = "Bearer x"
    else:
        session.headers = {"Authorization": "Bearer x"}
    session.get(f"{http_server.url}/get")
    assert http_server.last.values("Authorization") == ["Bearer x"]


def test_auth_and_userinfo_beat_netrc(http_server: HttpServer, session, netrc) -> None:
    netrc("default login u password p\n")
    session.get(f"{http_server.url}/get", auth=("a", "b"))
    assert http_server.last.header("Authorization") == _basic_auth_str("a", "b")
    session.get(http_server.url.replace("://", "://c:d@") + "/get")
    assert http_server.last.header("Authorization") == _basic_auth_str("c", "d")


# -- Digest ------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("qop", ["auth", "auth-int", "auth,auth-int", "none"])
def test_digest(http_server: HttpServer, session, algorithm: str, qop: str) -> None:
    url = f"{http_server.url}/digest-auth/{qop}/u/p%20w/{algorithm}"
    session.auth = HTTPDigestAuth("u", "p w")
    response = session.get(url, params={"a": "b,c"})
    assert response.status_code == 200
    assert [x.status_code for x in response.history] == [401]
    assert http_server.connections == 1
    # The challenge is remembered: the next ones are answered before they come.
    for method in ("GET", "POST", "PUT"):
        body = None if method == "GET" else b"body"
        again = session.request(method, url, data=body)
        assert (again.status_code, again.history) == (200, [])


def test_digest_with_wrong_credentials(http_server: HttpServer, session) -> None:
    response = session.get(
        f"{http_server.url}/digest-auth/auth/u/p", auth=HTTPDigestAuth("u", "wrong")
    )
    assert response.status_code == 401
    assert len(http_server.requests) == 2


def test_digest_when_the_nonce_is_stale(http_server: HttpServer, session) -> None:
    auth = HTTPDigestAuth("u", "p")
    url = f"{http_server.url}/digest-auth/auth/u/p/SHA-256/2"
    statuses = [session.get(url, auth=auth).status_code for _ in range(6)]
    assert statuses == [200] * 6


@pytest.mark.parametrize(
    "body",
    [lambda: b"x" * 100_000, lambda: {"a": "1"}, lambda: io.BytesIO(b"file")],
    ids=["bytes", "form", "file"],
)
def test_digest_sends_the_body_again(http_server: HttpServer, session, body) -> None:
    url = f"{http_server.url}/digest-auth/auth/u/p"
    assert session.post(url, data=body(), auth=HTTPDigestAuth("u", "p")).status_code == 200
    first, second = http_server.requests
    assert first.body == second.body != b""


def test_digest_with_a_body_that_cannot_be_sent_again(http_server: HttpServer, session) -> None:
    url = f"{http_server.url}/digest-auth/auth/u/p"
    with pytest.raises(ulak.exceptions.UnrewindableBodyError):
        session.post(url, data=iter([b"x"]), auth=HTTPDigestAuth("u", "p"))


@pytest.mark.parametrize(
    "challenge",
    [
        "Digest",
        "Digest ",
        'Digest realm="r"',
        'Digest nonce="n"',
        'Digest realm="r", nonce="n", algorithm=unknown',
        'Digest realm="r", nonce="n", qop="other"',
        'Digest realm="r, nonce="n"',
        "Digest ,,,=,",
        "Basic realm=x",
        "Negotiate",
        "\xff",
        "",
    ],
)
def test_a_challenge_that_cannot_be_answered(http_server, session, challenge: str) -> None:
    fields = [("WWW-Authenticate", challenge)]
    http_server.route("/odd")(lambda request: Answer(b"no", 401, fields))
    response = session.get(f"{http_server.url}/odd", auth=HTTPDigestAuth("u", "p"))
    assert (response.status_code, response.content) == (401, b"no")
    assert len(http_server.requests) <= 2


@pytest.mark.front("sync", "threads")
def test_digest_in_threads(http_server: HttpServer, session: ulak.Session) -> None:
    from concurrent.futures import ThreadPoolExecutor

    session.auth = HTTPDigestAuth("u", "p")
    url = f"{http_server.url}/digest-auth/none/u/p"
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: session.get(url).status_code, range(40)))
    assert set(statuses) == {200}


@pytest.mark.front("async", "tasks")
def test_digest_in_tasks(http_server: HttpServer, front: Front, session: ulak.Session) -> None:
    session.auth = HTTPDigestAuth("u", "p")
    url = f"{http_server.url}/digest-auth/none/u/p"

    async def all_of_them() -> list[ulak.AsyncResponse]:
        return await asyncio.gather(*(front.real(session).get(url) for _ in range(40)))

    assert {response.status_code for response in front.run(all_of_them())} == {200}


@pytest.mark.front("sync", "threads")
def test_digest_in_threads_when_counts_have_to_grow(http_server: HttpServer, session) -> None:
    """RFC 7616, section 3.4: requests on different connections overtake one another."""
    from concurrent.futures import ThreadPoolExecutor

    session.auth = HTTPDigestAuth("u", "p")
    url = f"{http_server.url}/digest-auth/auth/u/p/MD5"

    def work(_: int) -> list[int]:
        responses = [session.get(url) for _ in range(50)]
        return [x.status_code for response in responses for x in (*response.history, response)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for worker in pool.map(work, range(8)) for status in worker]
    assert statuses.count(200) == 400
    # Never more nonces than requests at once, and no answer was refused.
    assert statuses.count(401) <= 8
    assert len(statuses) == len(http_server.requests)


@pytest.mark.front("async", "tasks")
def test_digest_in_tasks_when_counts_have_to_grow(
    http_server: HttpServer, front: Front, session: ulak.Session
) -> None:
    """RFC 7616, section 3.4: requests on different connections overtake one another."""
    session.auth = HTTPDigestAuth("u", "p")
    url = f"{http_server.url}/digest-auth/auth/u/p/MD5"

    async def work() -> list[int]:
        responses = [await front.real(session).get(url) for _ in range(50)]
        return [x.status_code for response in responses for x in (*response.history, response)]

    async def all_of_them() -> list[list[int]]:
        return await asyncio.gather(*(work() for _ in range(8)))

    statuses = [status for worker in front.run(all_of_them()) for status in worker]
    assert statuses.count(200) == 400
    assert statuses.count(401) <= 8
    assert len(statuses) == len(http_server.requests)


def test_digest_after_a_redirect_at_the_same_origin(http_server: HttpServer, session) -> None:
    response = session.get(
        f"{http_server.url}/redirect-to?url=/digest-auth/auth/u/p", auth=HTTPDigestAuth("u", "p")
    )
    assert response.status_code == 200
    assert [x.status_code for x in response.history] == [302, 401]


# -- flows of the caller's ---------------------------------------------------


class TwoSteps(FlowAuth):
    """Fetches a token, then sends it."""

    requires_response_body = True

    def __init__(self, token_url: str) -> None:
        self.token_url = token_url

    def auth_flow(self, request):
        ask = request.copy()
        ask.url = self.token_url
        ask.method = "GET"
        response = yield ask
        signed = request.copy()
        signed.headers["Authorization"] = f"Bearer {response.json()['token']}"
        yield signed


def test_a_flow_may_ask_elsewhere_first(http_server, second_http_server, session) -> None:
    second_http_server.route("/token")(lambda request: Answer.json({"token": "t0ken"}))
    response = session.get(
        f"{http_server.url}/bearer", auth=TwoSteps(f"{second_http_server.url}/token")
    )
    assert response.json()["token"] == "t0ken"
    assert [x.url for x in response.history] == [f"{second_http_server.url}/token"]


def test_a_flow_without_end_ends(http_server: HttpServer, session: ulak.Session) -> None:
    class Endless(FlowAuth):
        def auth_flow(self, request):
            while True:
                yield request

    response = session.get(f"{http_server.url}/bytes/100000", auth=Endless())
    assert len(response.content) == 100_000
    assert response not in response.history
    assert len(http_server.requests) == len(response.history) + 1 < 20


def test_what_a_flow_raises_is_the_callers(http_server: HttpServer, session) -> None:
    closed = []

    class Raises(FlowAuth):
        def auth_flow(self, request):
            try:
                yield request
                raise LookupError("mine")
            finally:
                closed.append(True)

    with pytest.raises(LookupError, match="mine"):
        session.get(f"{http_server.url}/stream-bytes/1000000", auth=Raises(), stream=True)
    assert closed == [True]


@pytest.mark.parametrize("number", [1, 2])
def test_what_a_flow_raises_gives_the_connection_up(
    http_server: HttpServer, front: Front, number: int
) -> None:
    """There is one only, and the error is kept with all that it refers to."""

    class Raises(FlowAuth):
        def auth_flow(self, request):
            for _ in range(number):
                yield request
            raise LookupError("mine")

    with front.session(
        adapters={"http://": front.narrow()}, timeout=ulak.Timeout(10, pool=2)
    ) as session:
        with pytest.raises(LookupError, match="mine") as caught:
            session.get(f"{http_server.url}/stream-bytes/1000000", auth=Raises())
        assert session.get(f"{http_server.url}/get").ok
        assert caught.value


def test_a_flow_sees_errors_of_the_exchange(http_server: HttpServer, session) -> None:
    closed = []

    class Watching(FlowAuth):
        def auth_flow(self, request):
            try:
                yield request
            finally:
                closed.append(True)

    with pytest.raises(ulak.ReadTimeout):
        session.get(f"{http_server.url}/delay/5", auth=Watching(), timeout=0.2)
    assert closed == [True]


def _with_url(request: ulak.PreparedRequest, url: Any) -> ulak.PreparedRequest:
    other = request.copy()
    other.url = url
    return other


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param(lambda request: None, id="returns nothing"),
        pytest.param(lambda request: [request], id="returns a list"),
        pytest.param(lambda request: iter([5]), id="returns an iterator"),
        pytest.param(lambda request: (x for x in [5]), id="yields a number"),
        pytest.param(lambda request: (x for x in [request, "x"]), id="then yields text"),
        pytest.param(
            lambda request: (x for x in [ulak.Request("GET", request.url)]), id="not prepared"
        ),
        pytest.param(
            lambda request: (_with_url(request, x) for x in [request.url, 5]), id="then no url"
        ),
    ],
)
def test_a_flow_that_yields_what_cannot_be_sent(http_server, session, flow) -> None:
    class Wrong(FlowAuth):
        def auth_flow(self, request):
            return flow(request)

    with pytest.raises(InvalidOption, match=r"auth_flow\(\) of Wrong should") as caught:
        session.get(f"{http_server.url}/get", auth=Wrong())
    assert isinstance(caught.value, TypeError)
