"""Cookies both ways: what a server sets comes back to it, and only to it."""

from __future__ import annotations

import asyncio
import http.cookiejar

import pytest

import ulak
from tests.support import Answer, HttpServer
from tests.support.fronts import Front
from ulak.cookies import RequestsCookieJar


def test_cookies_are_kept_over_requests(http_server: HttpServer, session: ulak.Session) -> None:
    session.get(f"{http_server.url}/cookies/set?a=1&b=2")
    assert session.get(f"{http_server.url}/cookies").json()["cookies"] == {"a": "1", "b": "2"}
    assert session.cookies.get_dict() == {"a": "1", "b": "2"}


def test_cookies_set_by_a_redirect_are_sent_to_its_target(http_server, session) -> None:
    response = session.get(f"{http_server.url}/cookies/set/a/1")
    assert response.json()["cookies"] == {"a": "1"}
    assert len(response.cookies) == 0
    assert response.history[0].cookies.get_dict() == {"a": "1"}


def test_cookies_set_by_a_redirect_that_is_not_followed(http_server, session) -> None:
    session.get(f"{http_server.url}/cookies/set/a/1", allow_redirects=False)
    assert session.cookies.get_dict() == {"a": "1"}


def test_a_redirect_may_delete_a_cookie(http_server: HttpServer, session: ulak.Session) -> None:
    session.get(f"{http_server.url}/cookies/set?a=1&b=2")
    response = session.get(f"{http_server.url}/cookies/delete?a")
    assert response.json()["cookies"] == {"b": "2"}
    assert session.cookies.get_dict() == {"b": "2"}


def test_a_redirect_replaces_the_cookie_it_was_called_with(http_server, session) -> None:
    session.cookies.set("a", "old", domain="127.0.0.1")
    session.get(f"{http_server.url}/cookies/set/a/new")
    assert [x.cookies for x in http_server.requests] == [{"a": "old"}, {"a": "new"}]


def test_the_calls_cookies_are_not_kept(http_server: HttpServer, session: ulak.Session) -> None:
    session.get(f"{http_server.url}/cookies", cookies={"mine": "1"})
    assert len(session.cookies) == 0
    assert session.get(f"{http_server.url}/cookies").json()["cookies"] == {}


@pytest.mark.parametrize("kind", [RequestsCookieJar, http.cookiejar.CookieJar])
def test_a_jar_in_a_call_is_sent(http_server: HttpServer, session: ulak.Session, kind) -> None:
    jar = kind()
    jar.set_cookie(ulak.cookies.create_cookie("a", "1", domain="127.0.0.1"))
    jar.set_cookie(ulak.cookies.create_cookie("b", "2", domain="other.example"))
    seen = session.get(f"{http_server.url}/cookies", cookies=jar).json()["cookies"]
    assert seen == {"a": "1"}


def test_a_plain_cookie_jar_as_the_sessions(http_server: HttpServer, front: Front) -> None:
    jar = http.cookiejar.CookieJar()
    with front.session(cookies=jar) as session:
        session.get(f"{http_server.url}/cookies/set/a/1")
    assert http_server.last.cookies == {"a": "1"}
    assert [(x.name, x.value) for x in jar] == [("a", "1")]


def test_the_callers_cookie_header_wins(http_server: HttpServer, session: ulak.Session) -> None:
    session.cookies.set("a", "jar")
    session.get(f"{http_server.url}/cookies", headers={"Cookie": "a=header"})
    assert http_server.last.values("Cookie") == ["a=header"]


def test_cookies_keep_to_their_host_path_and_scheme(
    http_server: HttpServer, second_http_server: HttpServer, session: ulak.Session
) -> None:
    fields = [
        ("Set-Cookie", "host=1"),
        ("Set-Cookie", "path=1; Path=/anything/deep"),
        ("Set-Cookie", "secure=1; Secure"),
        ("Set-Cookie", "domain=1; Domain=example.com"),
    ]
    http_server.route("/set")(lambda request: Answer(b"", 200, fields))
    session.get(f"{http_server.url}/set")
    session.get(f"{http_server.url}/anything")
    assert http_server.last.cookies == {"host": "1"}
    session.get(f"{http_server.url}/anything/deep/er")
    assert http_server.last.cookies == {"host": "1", "path": "1"}
    session.get(f"{http_server.at('localhost')}/anything")
    assert http_server.last.cookies == {}
    # A port is no boundary to cookies (RFC 6265, section 8.5).
    session.get(f"{second_http_server.url}/anything")
    assert second_http_server.last.cookies == {"host": "1"}


def test_cookies_of_the_session_go_to_the_second_origin_of_a_redirect_if_they_are_its_own(
    http_server: HttpServer, second_http_server: HttpServer, session: ulak.Session
) -> None:
    other = second_http_server.at("localhost")
    session.cookies.set("first", "1", domain="127.0.0.1")
    session.cookies.set("second", "2", domain="localhost.local")
    session.get(f"{other}/cookies/set/theirs/3")
    session.get(f"{http_server.url}/redirect-to?url={other}/get")
    assert http_server.last.cookies == {"first": "1"}
    assert second_http_server.last.cookies.get("theirs") == "3"
    assert "first" not in second_http_server.last.cookies


def test_cookies_of_digest_rounds_are_kept(http_server: HttpServer, session) -> None:
    def handler(request) -> Answer:
        if "Authorization" in dict(request.fields):
            return Answer(b"in", 200, [("Set-Cookie", "second=2")])
        challenge = 'Digest realm="r", nonce="n", qop="auth"'
        return Answer(b"", 401, [("WWW-Authenticate", challenge), ("Set-Cookie", "first=1")])

    http_server.route("/digest")(handler)
    response = session.get(f"{http_server.url}/digest", auth=ulak.auth.HTTPDigestAuth("u", "p"))
    assert response.content == b"in"
    assert session.cookies.get_dict() == {"first": "1", "second": "2"}


@pytest.mark.parametrize("own", [None, "user=set"])
def test_a_cookie_of_a_challenge_goes_with_its_answer(
    http_server: HttpServer, session, own: str | None
) -> None:
    """Servers that tie the nonce to a session would ask for ever."""

    def handler(request) -> Answer:
        if request.header("Authorization"):
            return Answer(b"in")
        challenge = 'Digest realm="r", nonce="n", qop="auth"'
        return Answer(b"", 401, [("WWW-Authenticate", challenge), ("Set-Cookie", "sid=1; Path=/")])

    http_server.route("/digest")(handler)
    session.cookies.set("old", "0", domain="127.0.0.1", path="/")
    response = session.get(
        f"{http_server.url}/digest",
        auth=ulak.auth.HTTPDigestAuth("u", "p"),
        headers={"Cookie": own} if own else {},
    )
    assert response.content == b"in"
    if own:  # what the caller wrote is not touched
        assert http_server.last.header("Cookie") == own
    else:
        assert http_server.last.cookies == {"old": "0", "sid": "1"}


@pytest.mark.front("sync", "threads")
def test_threads_share_the_jar(http_server: HttpServer, session: ulak.Session) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def visit(number: int) -> None:
        url = f"{http_server.url}/response-headers"
        session.get(url, params={"Set-Cookie": f"c{number}=v{number}"})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(40)))
    assert session.cookies.get_dict() == {f"c{n}": f"v{n}" for n in range(40)}


@pytest.mark.front("async", "tasks")
def test_tasks_share_the_jar(http_server: HttpServer, front: Front, session: ulak.Session) -> None:
    async def visit(number: int) -> None:
        url = f"{http_server.url}/response-headers"
        await front.real(session).get(url, params={"Set-Cookie": f"c{number}=v{number}"})

    async def all_of_them() -> None:
        await asyncio.gather(*map(visit, range(40)))

    front.run(all_of_them())
    assert session.cookies.get_dict() == {f"c{n}": f"v{n}" for n in range(40)}
