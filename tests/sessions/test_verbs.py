"""The verbs, on a session and as functions; base_url; the functions' connections."""

from __future__ import annotations

import gc
import inspect
import sys
from unittest import mock

import pytest

import ulak
from tests.support import Answer, HttpServer
from tests.support.fronts import Front

WITH_BODY = ("post", "put", "patch", "delete", "options", "query")
VERBS = ("get", *WITH_BODY)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_sends_its_method(http_server: HttpServer, session: ulak.Session, verb: str) -> None:
    response = getattr(session, verb)(f"{http_server.url}/{verb}")
    assert response.json()["method"] == verb.upper()
    assert http_server.last.method == verb.upper()


@pytest.mark.parametrize("verb", WITH_BODY)
def test_a_verb_may_have_a_body(http_server: HttpServer, session: ulak.Session, verb: str) -> None:
    response = getattr(session, verb)(f"{http_server.url}/{verb}", data={"a": "b c"})
    assert response.json()["form"] == {"a": "b c"}


@pytest.mark.parametrize("verb", [*VERBS, "request"])
def test_a_verb_is_a_function_of_its_session(front: Front, verb: str) -> None:
    """Its name is in messages, and mocks look at it to know what they should return."""
    function = getattr(front.Session, verb)
    assert function.__qualname__ == f"{front.Session.__name__}.{verb}"
    assert function.__module__ == front.Session.__module__
    assert inspect.signature(function) == inspect.signature(getattr(ulak.Session, verb))
    is_async = front.name == "async"
    if sys.version_info >= (3, 12):
        assert inspect.iscoroutinefunction(function) is is_async
    with mock.patch.object(front.Session, verb) as mocked:
        assert isinstance(mocked, mock.AsyncMock) is is_async
    specified = mock.create_autospec(front.Session, instance=True)
    assert isinstance(getattr(specified, verb), mock.AsyncMock) is is_async


def test_an_unknown_keyword_is_told_by_its_session(front: Front, session) -> None:
    name = front.Session.__name__
    with pytest.raises(TypeError, match=rf"^{name}\.request\(\) got .* argument 'content'$"):
        session.post("http://host/", content=b"")


@pytest.mark.front("async", "nothing else is awaited")
def test_a_forgotten_await_is_told_of_request(session, front: Front) -> None:
    with pytest.warns(RuntimeWarning, match=r"'AsyncSession\.request' was never awaited"):
        front.real(session).get("http://host/")
        gc.collect()


@pytest.mark.parametrize("verb", ["post", "query"])
def test_data_and_json_are_positional(
    http_server: HttpServer, session: ulak.Session, verb: str
) -> None:
    response = getattr(session, verb)(f"{http_server.url}/{verb}", None, {"a": 1})
    assert response.json()["json"] == {"a": 1}
    assert http_server.last.header("Content-Type") == "application/json"


def test_get_with_a_body(http_server: HttpServer, session: ulak.Session) -> None:
    assert session.get(f"{http_server.url}/get", data=b"x").json()["data"] == "x"


def test_head_has_no_body_and_follows_no_redirect(
    http_server: HttpServer, session: ulak.Session
) -> None:
    check_head(session, http_server)


def check_head(caller, server: HttpServer) -> None:
    plain = caller.head(f"{server.url}/get")
    assert plain.status_code == 200
    assert plain.content == b""
    assert int(plain.headers["Content-Length"]) > 0
    assert caller.head(f"{server.url}/redirect/1").status_code == 302
    followed = caller.head(f"{server.url}/redirect/1", allow_redirects=True)
    assert followed.status_code == 200
    assert [x.method for x in server.requests[-2:]] == ["HEAD", "HEAD"]


@pytest.mark.parametrize("verb", ["get", "options"])
def test_get_and_options_follow_redirects(
    http_server: HttpServer, session: ulak.Session, verb: str
) -> None:
    assert getattr(session, verb)(f"{http_server.url}/redirect/1").history


@pytest.mark.parametrize(
    ("given", "sent"), [("get", "GET"), ("Post", "POST"), ("mkcol", "MKCOL"), (b"get", "GET")]
)
def test_request_takes_any_method(
    http_server: HttpServer, session: ulak.Session, given: str, sent: str
) -> None:
    session.request(given, f"{http_server.url}/anything")
    assert http_server.last.method == sent


def test_requests_order_of_positional_arguments(
    http_server: HttpServer, session: ulak.Session
) -> None:
    def stamp(response: ulak.Response, **kwargs: object) -> None:
        response.stamped = True  # type: ignore[attr-defined]

    response = session.request(
        "POST",
        f"{http_server.url}/post",
        {"p": "1"},
        {"d": "2"},
        {"X-H": "3"},
        {"c": "4"},
        None,
        ("u", "p"),
        5,
        True,
        {},
        {"response": stamp},
        False,
        True,
        None,
        None,
    )
    seen = response.json()
    assert seen["args"] == {"p": "1"}
    assert seen["form"] == {"d": "2"}
    assert seen["headers"]["X-H"] == "3"
    assert seen["headers"]["Cookie"] == "c=4"
    assert seen["headers"]["Authorization"].startswith("Basic ")
    assert response.stamped  # type: ignore[attr-defined]


def test_a_url_may_be_bytes(http_server: HttpServer, session: ulak.Session) -> None:
    assert session.get(f"{http_server.url}/get?a=b".encode()).json()["args"] == {"a": "b"}


# -- functions, which there are of one front only ----------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_a_function_sends_its_method(http_server: HttpServer, verb: str) -> None:
    response = getattr(ulak, verb)(f"{http_server.url}/{verb}", params={"a": "b"})
    assert response.json()["args"] == {"a": "b"}
    assert http_server.last.method == verb.upper()


def test_the_head_function_has_no_body_and_follows_no_redirect(http_server: HttpServer) -> None:
    check_head(ulak, http_server)


def test_a_function_closes_its_connection(http_server: HttpServer) -> None:
    @http_server.route("/kept")
    def kept(request) -> Answer:
        return Answer(b"body")

    for _ in range(3):
        assert ulak.get(f"{http_server.url}/kept").content == b"body"
    assert http_server.connections == 3  # none was kept, and no_leaks sees that none is open


def test_a_function_keeps_no_cookies(http_server: HttpServer) -> None:
    ulak.get(f"{http_server.url}/cookies/set/a/b", allow_redirects=False)
    assert ulak.get(f"{http_server.url}/cookies").json() == {"cookies": {}}


def test_a_function_with_stream_keeps_the_connection_until_the_end(
    http_server: HttpServer,
) -> None:
    response = ulak.get(f"{http_server.url}/stream-bytes/500000", stream=True)
    assert sum(map(len, response.iter_content(10_000))) == 500_000


def test_a_function_with_stream_is_a_context_manager(http_server: HttpServer) -> None:
    with ulak.get(f"{http_server.url}/stream-bytes/500000", stream=True) as response:
        assert len(next(response.iter_content(10))) == 10


# -- base_url ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "given", "target"),
    [
        ("", "/get", "/get"),
        ("", "get", "/get"),
        ("/", "get", "/get"),
        ("/anything", "v1", "/anything/v1"),
        ("/anything/", "v1", "/anything/v1"),
        ("/anything", "/v1", "/anything/v1"),
        ("/anything", "?a=b", "/anything?a=b"),
        ("/anything", "", "/anything"),
    ],
)
def test_a_relative_url_is_appended_to_base_url(
    http_server: HttpServer, front: Front, base: str, given: str, target: str
) -> None:
    with front.session(base_url=http_server.url + base) as session:
        session.get(given)
    assert http_server.last.target == target


def test_an_absolute_url_ignores_base_url(
    http_server: HttpServer, second_http_server: HttpServer, front: Front
) -> None:
    with front.session(base_url=http_server.url) as session:
        session.get(f"{second_http_server.url}/get")
    assert not http_server.requests
    assert second_http_server.last.target == "/get"


def test_base_url_may_be_set_later_and_taken_away(
    http_server: HttpServer, session: ulak.Session
) -> None:
    session.base_url = f"{http_server.url}/anything"
    session.get("a", params={"b": "c"})
    assert http_server.last.target == "/anything/a?b=c"
    session.base_url = None
    with pytest.raises(ulak.exceptions.MissingSchema):
        session.get("a")


def test_base_url_takes_bytes_as_url(http_server: HttpServer, front: Front) -> None:
    with front.session(base_url=http_server.url) as session:
        session.get(b"/get")
    assert http_server.last.target == "/get"


def test_a_redirect_is_not_resolved_against_base_url(http_server: HttpServer, front: Front) -> None:
    with front.session(base_url=f"{http_server.url}/redirect-to") as session:
        response = session.get("", params={"url": "/get"})
    assert response.url == f"{http_server.url}/get"
