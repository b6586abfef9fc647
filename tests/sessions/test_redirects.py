"""Redirects over real servers: methods, bodies, history, limits, credentials."""

from __future__ import annotations

import functools
import io
import itertools

import pytest

import ulak
from tests.support import Answer, HttpServer
from tests.support.fronts import Front
from ulak.exceptions import InvalidSchema, InvalidURL, UnrewindableBodyError

#: The method after a redirect, by status: as browsers and requests have it.
AFTER = {
    301: {"POST": "GET"},
    302: {"POST": "GET", "PUT": "GET", "PATCH": "GET", "DELETE": "GET", "OPTIONS": "GET"},
    303: {"POST": "GET", "PUT": "GET", "PATCH": "GET", "DELETE": "GET", "OPTIONS": "GET"},
    307: {},
    308: {},
}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


@pytest.mark.parametrize(("status", "method"), list(itertools.product(AFTER, METHODS)))
def test_method_and_body_after_a_redirect(
    http_server: HttpServer, session: ulak.Session, status: int, method: str
) -> None:
    body = None if method in ("GET", "HEAD", "OPTIONS") else b"the body"
    url = f"{http_server.url}/redirect-to?url=/anything&status_code={status}"
    response = session.request(method, url, data=body, headers={"Content-Type": "text/x"})
    wanted = AFTER[status].get(method, method)
    first, last = http_server.requests
    assert last.method == wanted
    assert [x.status_code for x in response.history] == [status]
    if body and wanted == method:
        assert last.body == first.body == body
        assert last.header("Content-Type") == "text/x"
    else:
        assert last.body == b""
        if wanted != method:
            assert last.header("Content-Type") is None
            assert last.header("Content-Length") is None


@pytest.mark.parametrize(
    "body",
    [b"bytes", "text", io.BytesIO(b"file"), {"a": "1"}],
    ids=["bytes", "str", "file", "form"],
)
@pytest.mark.parametrize("status", [307, 308])
def test_a_body_is_sent_again(
    http_server: HttpServer, session: ulak.Session, body, status: int
) -> None:
    if isinstance(body, io.BytesIO):
        body.seek(1)
    session.post(
        f"{http_server.url}/redirect-to?url=/post&status_code={status}", data=body
    ).raise_for_status()
    first, second = http_server.requests
    assert first.body == second.body != b""


def test_a_multipart_body_is_sent_again(http_server, session, tmp_path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"x" * 300_000)
    with path.open("rb") as file:
        url = f"{http_server.url}/redirect-to?url=/post&status_code=307"
        session.post(url, files={"f": file}, data={"a": "1"}).raise_for_status()
    first, second = http_server.requests
    assert first.body == second.body
    assert len(first.body) > 300_000


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_that_cannot_be_sent_again(
    http_server: HttpServer, session: ulak.Session, status: int
) -> None:
    url = f"{http_server.url}/redirect-to?url=/post&status_code={status}"
    with pytest.raises(UnrewindableBodyError):
        session.post(url, data=iter([b"a", b"b"]))
    assert len(http_server.requests) == 1


def test_a_body_that_is_dropped_need_not_be_sent_again(
    http_server: HttpServer, session: ulak.Session
) -> None:
    url = f"{http_server.url}/redirect-to?url=/get&status_code=303"
    assert session.post(url, data=iter([b"a"])).json()["data"] == ""
    assert http_server.last.header("Transfer-Encoding") is None


# -- history and limits ------------------------------------------------------


def test_history(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.get(f"{http_server.url}/redirect/3")
    assert [x.status_code for x in response.history] == [302, 302, 302]
    assert [x.url.rpartition("/")[2] for x in response.history] == ["3", "2", "1"]
    assert [len(x.history) for x in response.history] == [0, 1, 2]
    assert all(x.content == b"moved\n" for x in response.history)
    assert response.url == f"{http_server.url}/get"
    assert response.request.url == response.url
    assert http_server.connections == 1


@pytest.mark.parametrize(("limit", "count"), [(30, 30), (2, 2), (0, 0)])
def test_as_many_redirects_as_allowed(
    http_server: HttpServer, session: ulak.Session, limit: int, count: int
) -> None:
    session.max_redirects = limit
    path = f"redirect/{count}" if count else "get"
    assert len(session.get(f"{http_server.url}/{path}").history) == count


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_too_many_redirects(http_server: HttpServer, session: ulak.Session, limit: int) -> None:
    session.max_redirects = limit
    with pytest.raises(ulak.TooManyRedirects) as caught:
        session.get(f"{http_server.url}/redirect/9")
    assert len(http_server.requests) == limit + 1
    assert caught.value.response.status_code == 302
    assert len(caught.value.response.history) == limit
    assert caught.value.request is not None


def test_a_loop_ends(http_server: HttpServer, session: ulak.Session) -> None:
    http_server.route("/loop")(lambda request: Answer(b"", 302, [("Location", "/loop")]))
    with pytest.raises(ulak.TooManyRedirects):
        session.get(f"{http_server.url}/loop")
    assert http_server.connections == 1


def test_redirects_not_followed(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.post(
        f"{http_server.url}/redirect-to?url=/get&status_code=303", data=b"x", allow_redirects=False
    )
    assert response.status_code == 303
    assert response.history == []
    assert response.next.method == "GET"
    assert response.next.url == f"{http_server.url}/get"
    assert response.next.body is None
    assert session.send(response.next).json()["method"] == "GET"


def test_a_big_body_of_a_redirect_is_not_read(http_server: HttpServer, session) -> None:
    def endless(request) -> Answer:
        return Answer((b"x" * 65536 for _ in range(100_000)), 302, [("Location", "/get")])

    http_server.route("/endless")(endless)
    response = session.get(f"{http_server.url}/endless", timeout=5)
    assert response.json()["method"] == "GET"
    assert len(response.history[0].content) <= 64 * 1024
    assert http_server.connections == 2


def test_a_streamed_response_after_a_redirect(http_server: HttpServer, session) -> None:
    response = session.get(f"{http_server.url}/redirect-to?url=/stream-bytes/100000", stream=True)
    assert sum(map(len, response.iter_content(None))) == 100_000
    assert http_server.connections == 1


# -- where to ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "target", "fragment"),
    [
        ("/get", "/get", "start"),
        ("get", "/get", "start"),
        ("./get", "/get", "start"),
        ("../get", "/get", "start"),
        ("?a=b", "/redirect-to?a=b", "start"),
        ("/get#end", "/get", "end"),
        ("/get?x=%2F%7e", "/get?x=%2F%7e", "start"),
        ("/get?q=ü b", "/get?q=%C3%BC%20b", "start"),
        ("//{netloc}/get", "/get", "start"),
        ("{root}/get", "/get", "start"),
    ],
)
def test_locations(
    http_server: HttpServer, session, location: str, target: str, fragment: str
) -> None:
    netloc = f"{http_server.host}:{http_server.port}"
    location = location.format(netloc=netloc, root=http_server.url)
    value = location.encode().decode("latin-1")
    http_server.route("/redirect-to")(
        lambda request: Answer(
            b"", 302 if "a=b" not in request.target else 200, [("Location", value)]
        )
    )
    response = session.get(f"{http_server.url}/redirect-to#start")
    assert http_server.last.target == target
    assert response.url == f"{http_server.url}{target}#{fragment}"


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http://[", InvalidURL),
        ("http://", InvalidURL),
        ("http://host:99999/", InvalidURL),
        ("http://ho st/", InvalidURL),
        ("http:///path", InvalidURL),
        ("file:///etc/passwd", InvalidSchema),
        ("ftp://127.0.0.1/", InvalidSchema),
        ("data:text/plain,x", InvalidSchema),
        ("javascript:alert(1)", InvalidSchema),
    ],
)
def test_unusable_locations(http_server: HttpServer, session, location: str, error) -> None:
    http_server.route("/bad")(lambda request: Answer(b"", 302, [("Location", location)]))
    with pytest.raises(error) as caught:
        session.get(f"{http_server.url}/bad")
    assert caught.value.response.status_code == 302
    assert caught.value.request.url == f"{http_server.url}/bad"
    # Not followed, it is an answer as any other.
    response = session.get(f"{http_server.url}/bad", allow_redirects=False)
    assert response.headers["Location"] == location
    assert response.next is None


@pytest.mark.parametrize("fields", [[], [("Location", "")]], ids=["none", "empty"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_nowhere_is_the_answer(
    http_server: HttpServer, session: ulak.Session, fields, status: int
) -> None:
    http_server.route("/nowhere")(lambda request: Answer(b"here", status, fields))
    response = session.get(f"{http_server.url}/nowhere")
    assert (response.status_code, response.content) == (status, b"here")
    assert len(http_server.requests) == 1


@pytest.mark.parametrize("status", [300, 304, 305, 306, 399, 200, 201])
def test_other_statuses_are_not_followed(http_server, session, status: int) -> None:
    http_server.route("/it")(lambda request: Answer(b"", status, [("Location", "/get")]))
    assert session.get(f"{http_server.url}/it").status_code == status


# -- credentials -------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_credentials_stay_at_their_origin(
    http_server: HttpServer, second_http_server: HttpServer, session, status: int, name: str
) -> None:
    other = f"{second_http_server.url}/get"
    session.get(
        f"{http_server.url}/redirect-to",
        params={"url": other, "status_code": status},
        headers={name: "Bearer secret", "Cookie": "user=set", "Referer": "http://a/secret"},
    )
    assert http_server.last.header("Authorization") == "Bearer secret"
    head = second_http_server.last.head.lower()
    assert b"secret" not in head
    assert b"user=set" not in head


@pytest.mark.parametrize("where", ["call", "session", "url", "netrc", "cookies", "jar"])
def test_no_kind_of_credentials_travels(
    http_server: HttpServer, second_http_server: HttpServer, session, netrc, where: str
) -> None:
    url = f"{http_server.url}/redirect-to?url={second_http_server.at('localhost')}/get"
    settings = {}
    if where == "call":
        settings["auth"] = ("user", "secret")
    elif where == "session":
        session.auth = ("user", "secret")
    elif where == "url":
        url = url.replace("http://", "http://user:secret@", 1)
    elif where == "netrc":
        netrc("machine 127.0.0.1 login user password secret\n")
    elif where == "cookies":
        settings["cookies"] = {"c": "secret"}
    else:
        session.cookies.set("c", "secret", domain="127.0.0.1")
    session.get(url, **settings)
    carried = http_server.last.header("Authorization") or http_server.last.header("Cookie")
    assert carried
    assert second_http_server.last.header("Authorization") is None
    assert second_http_server.last.header("Cookie") is None
    assert b"secret" not in second_http_server.last.head


def test_netrcs_default_does_not_travel(
    http_server: HttpServer, second_http_server: HttpServer, session, netrc
) -> None:
    netrc("default login user password secret\n")
    session.get(f"{http_server.url}/redirect-to?url={second_http_server.at('localhost')}/get")
    assert http_server.last.header("Authorization")
    assert second_http_server.last.header("Authorization") is None


def test_netrc_for_the_new_host_is_used(
    http_server: HttpServer, second_http_server: HttpServer, session, netrc
) -> None:
    netrc("machine localhost login user password p\n")
    session.get(f"{http_server.url}/redirect-to?url={second_http_server.at('localhost')}/get")
    assert http_server.last.header("Authorization") is None
    assert second_http_server.last.header("Authorization") == ulak.auth._basic_auth_str("user", "p")


@pytest.mark.parametrize("name", ["Authorization", "authorization", "COOKIE", "referer"])
def test_credentials_in_plain_headers_stay_at_their_origin(
    http_server: HttpServer, second_http_server: HttpServer, session: ulak.Session, name: str
) -> None:
    prepared = ulak.Request(
        "GET", f"{http_server.url}/redirect-to?url={second_http_server.url}/get"
    ).prepare()
    prepared.headers = {name: "secret"}  # type: ignore[assignment]  # as signing libraries do
    assert session.send(prepared).ok
    assert http_server.last.header(name) == "secret"
    assert second_http_server.last.header(name) is None


def test_what_was_stripped_does_not_come_back(
    http_server: HttpServer, second_http_server: HttpServer, session
) -> None:
    back = f"{second_http_server.url}/redirect-to?url={http_server.url}/get"
    session.get(
        f"{http_server.url}/redirect-to",
        params={"url": back},
        auth=("user", "secret"),
        cookies={"c": "secret"},
    )
    first, last = http_server.requests
    assert first.header("Authorization")
    assert last.path == "/get"
    assert last.header("Authorization") is None
    assert last.header("Cookie") is None


def test_credentials_travel_within_an_origin(http_server: HttpServer, session) -> None:
    session.get(f"{http_server.url}/redirect/2", auth=("u", "p"), cookies={"c": "d"})
    assert len({x.header("Authorization") for x in http_server.requests}) == 1
    assert [x.cookies for x in http_server.requests] == [{"c": "d"}] * 3


def test_other_headers_travel(
    http_server: HttpServer, second_http_server: HttpServer, session
) -> None:
    session.get(
        f"{http_server.url}/redirect-to?url={second_http_server.url}/get",
        headers={"X-Mine": "1", "Host": "other.example"},
    )
    assert http_server.last.header("Host") == "other.example"
    assert second_http_server.last.header("X-Mine") == "1"
    assert second_http_server.last.header("Host") == f"127.0.0.1:{second_http_server.port}"


def test_userinfo_in_a_location_is_not_sent_as_text(
    http_server: HttpServer, second_http_server: HttpServer, session
) -> None:
    other = second_http_server.url.replace("http://", "http://user:secret@")
    session.get(f"{http_server.url}/redirect-to", params={"url": f"{other}/get"})
    assert b"secret" not in second_http_server.last.head


def test_digest_does_not_answer_another_origin(
    http_server: HttpServer, second_http_server: HttpServer, session
) -> None:
    url = f"{second_http_server.url}/digest-auth/auth/u/p"
    response = session.get(
        f"{http_server.url}/redirect-to",
        params={"url": url},
        auth=ulak.auth.HTTPDigestAuth("u", "p"),
    )
    assert response.status_code == 401
    assert len(second_http_server.requests) == 1


def test_the_environments_ca_holds_after_a_redirect_to_https(
    http_server: HttpServer,
    https_server: HttpServer,
    session: ulak.Session,
    certificates,
    monkeypatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.ca))
    url = f"{http_server.url}/redirect-to?url={https_server.url}/get"
    assert session.get(url).url == f"{https_server.url}/get"


# -- override points ---------------------------------------------------------


def test_override_points_are_called_on_every_hop(http_server: HttpServer, front: Front) -> None:
    calls: list[str] = []

    class Mine(front.Session):
        def send(self, request, **kwargs):
            calls.append(f"send {request.url.rpartition('/')[2]}")
            return super().send(request, **kwargs)

        def rebuild_method(self, prepared_request, response):
            calls.append("rebuild_method")
            return super().rebuild_method(prepared_request, response)

        def rebuild_auth(self, prepared_request, response):
            calls.append("rebuild_auth")
            return super().rebuild_auth(prepared_request, response)

        def rebuild_proxies(self, prepared_request, proxies):
            calls.append("rebuild_proxies")
            return super().rebuild_proxies(prepared_request, proxies)

        def get_redirect_target(self, resp):
            calls.append("get_redirect_target")
            return super().get_redirect_target(resp)

        def get_adapter(self, url):
            calls.append("get_adapter")
            return super().get_adapter(url)

    with front.open(Mine()) as session:
        response = session.get(f"{http_server.url}/redirect/2", auth=("u", "p"))
    assert len(response.history) == 2
    assert [x for x in calls if x.startswith("send")] == ["send 2", "send 1", "send get"]
    for name in ("rebuild_method", "rebuild_auth", "rebuild_proxies"):
        assert calls.count(name) >= 2, name
    assert calls.count("get_adapter") >= 3
    assert calls.count("get_redirect_target") >= 3


@pytest.mark.parametrize("where", ["subclass", "class", "instance"])
def test_send_is_called_on_every_hop_however_it_was_replaced(
    http_server: HttpServer, front: Front, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    sent: list[str] = []
    genuine = front.Session.send

    def send(self, request, **kwargs):
        sent.append(request.url.rpartition("/")[2])
        return genuine(self, request, **kwargs)

    kind = type("Sub", (front.Session,), {"send": send}) if where == "subclass" else front.Session
    real = kind()
    with front.open(real) as session:
        if where == "class":  # as tools that trace requests do
            monkeypatch.setattr(front.Session, "send", send)
        elif where == "instance":
            monkeypatch.setattr(real, "send", functools.partial(send, real))
        response = session.get(f"{http_server.url}/redirect/2")
    assert sent == ["2", "1", "get"]
    assert len(response.history) == 2


def test_what_send_makes_of_a_response_is_what_the_next_hop_is_judged_by(
    http_server: HttpServer, front: Front
) -> None:
    class Changing(front.Session):
        @front.steps
        def send(self, request, **kwargs):
            response = yield super().send(request, **kwargs)
            if response.headers.get("Location") == "/redirect/1":
                response.headers["Location"] = "/bytes/5"
            return response

    with front.open(Changing()) as session:
        assert len(session.get(f"{http_server.url}/redirect/3").content) == 5
    assert [x.path for x in http_server.requests] == ["/redirect/3", "/redirect/2", "/bytes/5"]


def test_should_strip_auth_decides(
    http_server: HttpServer, second_http_server: HttpServer, front: Front
) -> None:
    class Trusting(front.Session):
        def should_strip_auth(self, old_url: str, new_url: str) -> bool:
            return False

    with front.open(Trusting()) as session:
        url = f"{http_server.url}/redirect-to?url={second_http_server.url}/get"
        session.get(url, auth=("u", "p"))
    assert second_http_server.last.header("Authorization")


def test_a_redirect_of_a_response_that_a_hook_put_there(
    http_server: HttpServer, second_http_server: HttpServer, front: Front, session: ulak.Session
) -> None:
    """It is resolved and judged by where that response came from."""
    second_http_server.route("/x/login")(lambda r: Answer(b"", 302, [("Location", "next")]))
    second_http_server.route("/x/next")(lambda r: Answer(b"in"))
    session.cookies.set("mine", "1", domain="127.0.0.1", path="/get")

    with front.session() as other:

        @front.steps
        def log_in(response, **kwargs):
            if not response.url.startswith(http_server.url):
                return None
            url = f"{second_http_server.url}/x/login"
            return (yield front.real(other).get(url, allow_redirects=False))

        response = session.get(
            f"{http_server.url}/get",
            hooks={"response": log_in},
            auth=("user", "secret"),
            headers={"Referer": "http://secret.example/"},
        )
    assert (response.url, response.content) == (f"{second_http_server.url}/x/next", b"in")
    for name in ("Authorization", "Cookie", "Referer"):
        assert second_http_server.last.header(name) is None, name


@pytest.mark.front("sync", "resolve_redirects is there for code that was written for requests")
def test_resolve_redirects_yields_each_response(http_server: HttpServer, session) -> None:
    first = session.get(f"{http_server.url}/redirect/3", allow_redirects=False)
    rest = list(session.resolve_redirects(first, first.request))
    assert [x.status_code for x in rest] == [302, 302, 200]
    assert [len(x.history) for x in rest] == [1, 2, 3]
    assert rest[-1].history[0] is first


def test_each_redirect_of_a_history_knows_what_followed(
    http_server: HttpServer, session: ulak.Session
) -> None:
    response = session.get(f"{http_server.url}/redirect/3")
    urls = [each.url for each in (*response.history, response)]
    assert [each.next.url for each in response.history] == urls[1:]
    assert response.next is None


def test_after_too_many_redirects_the_next_request_is_at_hand(
    http_server: HttpServer, session: ulak.Session
) -> None:
    session.max_redirects = 1
    with pytest.raises(ulak.TooManyRedirects) as caught:
        session.get(f"{http_server.url}/redirect/2")
    assert session.send(caught.value.response.next).status_code == 200


@pytest.mark.front("sync", "resolve_redirects is there for code that was written for requests")
def test_resolve_redirects_yields_the_next_request(http_server: HttpServer, session) -> None:
    first = session.get(f"{http_server.url}/redirect/3", allow_redirects=False)
    (following,) = session.resolve_redirects(first, first.request, yield_requests=True)
    assert following.url == f"{http_server.url}/redirect/2"
    assert len(http_server.requests) == 1
