"""What may be sent to another process: sessions, responses, requests, errors."""

from __future__ import annotations

import copy
import pickle

import pytest

import ulak
from tests.support import HttpServer, RawConnection
from tests.support.fronts import Front
from ulak import exceptions


@pytest.fixture(params=range(2, pickle.HIGHEST_PROTOCOL + 1))
def over(request: pytest.FixtureRequest):
    """To a pickle and back."""
    return lambda value: pickle.loads(pickle.dumps(value, request.param))


def test_a_session(http_server: HttpServer, front: Front, over) -> None:
    with front.session(
        base_url=http_server.url,
        headers={"X": "1"},
        params={"a": "b"},
        auth=("u", "p"),
        timeout=ulak.Timeout(1, 2, total=3),
        retries=4,
        raise_for_status=True,
        max_redirects=5,
    ) as session:
        session.get("/cookies/set/c/d")
        with front.open(over(front.real(session))) as again:
            for name in front.Session.__attrs__:
                if name not in ("adapters", "cookies"):
                    assert getattr(again, name) == getattr(session, name), name
            assert again.cookies.get_dict() == {"c": "d"}
            again.get("/get")
    assert http_server.last.header("X") == "1"
    assert http_server.last.cookies == {"c": "d"}
    assert http_server.last.target == "/get?a=b"


class Sub(ulak.Session):
    def send(self, request, **kwargs):
        return super().send(request, **kwargs)


class AsyncSub(ulak.AsyncSession):
    async def send(self, request, **kwargs):
        return await super().send(request, **kwargs)


@pytest.mark.parametrize("kind", [Sub, AsyncSub])
def test_a_session_of_a_subclass(over, kind: type) -> None:
    session = over(kind())  # with nothing to close
    assert type(session) is kind
    assert session._overrides_send


@pytest.mark.parametrize("stream", [False, True])
def test_a_response(http_server: HttpServer, front: Front, session, over, stream: bool) -> None:
    url = f"{http_server.url}/cookies/set/a/b"
    response = session.get(url, stream=stream, auth=("u", "p"))
    if front.name == "async":
        assert response.content  # which a pickle cannot await
    again = front.of(over(front.real(response)))
    assert type(front.real(again)) is front.Response
    assert again.status_code == 200
    assert again.content == response.content
    assert again.json() == response.json()
    assert again.url == response.url
    assert again.headers == response.headers
    assert again.encoding == response.encoding
    assert again.reason == response.reason
    assert again.elapsed == response.elapsed
    assert [x.status_code for x in again.history] == [302]
    assert again.history[0].cookies.get_dict() == {"a": "b"}
    assert again.request.url == response.request.url
    assert list(again.iter_content(7))
    again.close()


@pytest.mark.front("async", "a Response is read while it is pickled")
def test_a_response_whose_body_was_not_read(http_server: HttpServer, front, session, over) -> None:
    with session.get(f"{http_server.url}/bytes/10", stream=True) as response:
        with pytest.raises(exceptions.BodyNotRead):
            over(front.real(response))
        assert len(response.content) == 10
        assert over(front.real(response)).content == response.content


def test_a_response_whose_body_was_handed_over(http_server, front: Front, session, over) -> None:
    """What is left of it is all but the body."""
    response = session.get(f"{http_server.url}/bytes/10", stream=True)
    assert len(b"".join(response.iter_content(3))) == 10
    again = over(front.real(response))
    assert type(again) is front.Response
    assert (again.status_code, again.url) == (200, response.url)
    assert again.headers == response.headers


def test_a_prepared_request(http_server: HttpServer, session: ulak.Session, over) -> None:
    request = ulak.Request(
        "POST", f"{http_server.url}/post", data={"a": "1"}, cookies={"c": "d"}, headers={"X": "1"}
    )
    again = over(session.prepare_request(request))
    assert session.send(again).json()["form"] == {"a": "1"}
    assert http_server.last.header("X") == "1"
    assert http_server.last.cookies == {"c": "d"}


def test_a_prepared_request_with_what_cannot_be_pickled(session, over) -> None:
    request = ulak.Request(
        "POST",
        "http://host/",
        data=iter([b"x"]),
        auth=ulak.auth.HTTPDigestAuth("u", "p"),
        hooks={"response": lambda r, **k: None},
    )
    again = over(session.prepare_request(request))
    assert again.method == "POST"
    assert again.hooks == {"response": []}


def test_an_error_of_a_real_exchange(http_server: HttpServer, session, over) -> None:
    with pytest.raises(ulak.HTTPError) as caught:
        session.get(f"{http_server.url}/status/404", raise_for_status=True)
    again = over(caught.value)
    assert type(again) is ulak.HTTPError
    assert str(again) == str(caught.value)
    assert again.response.status_code == 404
    assert again.request.url == caught.value.request.url


@pytest.mark.parametrize("body", [b"half", b"", b"nogzip", b"9\r\nhalf"])
def test_an_error_of_a_body_that_is_not_to_be_had(
    start_raw_server, front: Front, session, over, body: bytes
) -> None:
    """Streamed, it broke off, or nobody read it: a pickle of the error does without it."""
    fields = {
        b"half": b"Content-Length: 9",
        b"": b"Content-Length: 9",
        b"nogzip": b"Content-Length: 6\r\nContent-Encoding: gzip",
        b"9\r\nhalf": b"Transfer-Encoding: chunked",
    }[body]

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 404 Not Found\r\n" + fields + b"\r\n\r\n" + body)

    server = start_raw_server(script)
    response = session.get(server.url, stream=True)
    with pytest.raises(exceptions.HTTPError) as unread:
        response.raise_for_status()
    with pytest.raises(exceptions.RequestException) as broken:
        list(response.iter_content(4))
    for error in (unread.value, broken.value):
        again = over(error)
        assert str(again) == str(error)
        assert again.response.status_code == 404
        assert again.response.url == response.url


@pytest.mark.front("async", "a Session reads the body for the pickle")
def test_an_error_of_a_body_that_was_not_awaited(http_server: HttpServer, session, over) -> None:
    with session.get(f"{http_server.url}/status/404", stream=True) as response:
        with pytest.raises(exceptions.HTTPError) as caught:
            response.raise_for_status()
        again = over(caught.value).response
    assert again.status_code == 404
    assert again.headers == response.headers
    with pytest.raises(exceptions.RequestException):
        _ = again.content


def test_an_error_before_anything_was_prepared(session: ulak.Session, over) -> None:
    """It has the caller's own request, of which not everything can be pickled."""
    with pytest.raises(exceptions.MissingSchema) as caught:
        session.post("no-scheme", data=iter([b"x"]), hooks={"response": lambda r, **k: None})
    again = over(caught.value)
    assert str(again) == str(caught.value)
    assert (again.request.method, again.request.url) == ("POST", "no-scheme")


def test_an_error_without_an_answer(session: ulak.Session, over) -> None:
    with pytest.raises(ulak.ConnectionError) as caught:
        session.post("http://127.0.0.1:1/", data=iter([b"x"]))
    again = over(caught.value)
    assert type(again) is type(caught.value)
    assert str(again) == str(caught.value)
    assert again.request.method == "POST"


@pytest.mark.parametrize(
    "value",
    [
        ulak.Timeout(connect=1, read=2, write=3, pool=4, total=5),
        ulak.auth.HTTPBasicAuth("u", "p"),
        ulak.auth.HTTPDigestAuth("u", "p"),
        ulak.auth.HTTPBearerAuth("t"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_values(over, value) -> None:
    assert over(value) == value


def test_an_asynchronous_adapter(over) -> None:
    settings = {
        "max_connections": 7,
        "max_connections_per_host": 3,
        "max_keepalive": 2,
        "keepalive_expiry": 1.5,
        "max_age": 60.0,
    }
    adapter = over(ulak.AsyncHTTPAdapter(max_retries=5, source_address="127.0.0.1", **settings))
    assert adapter.max_retries.total == 5
    assert adapter.source_address == "127.0.0.1"
    assert {name: getattr(adapter.limits, name) for name in settings} == settings


def test_an_adapter(over) -> None:
    adapter = over(ulak.adapters.HTTPAdapter(3, 4, 5, pool_block=True))
    assert adapter.max_retries.total == 5
    assert adapter.poolmanager.connection_pool_kw["maxsize"] == 4
    assert adapter.poolmanager.connection_pool_kw["block"] is True
    adapter.close()


def test_a_copy_of_a_prepared_request_is_independent(session: ulak.Session) -> None:
    prepared = session.prepare_request(ulak.Request("GET", "http://h/", cookies={"a": "b"}))
    for again in (prepared.copy(), copy.copy(prepared.copy())):
        again.headers = again.headers.copy()
        again.headers["X"] = "1"
        again.url = "http://other/"
    assert "X" not in prepared.headers
    assert prepared.url == "http://h/"


def test_every_error_class_survives(over) -> None:
    for name in vars(exceptions):
        cls = getattr(exceptions, name)
        if not (isinstance(cls, type) and issubclass(cls, exceptions.RequestException)):
            continue
        error = cls("m", "doc", 0) if cls is exceptions.JSONDecodeError else cls("message")
        again = over(error)
        assert type(again) is cls
        assert str(again) == str(error)
        assert again.code == error.code


def test_the_reason_of_an_error_stays_behind(session: ulak.Session, over) -> None:
    """It may hold what the message must not."""
    with pytest.raises(ulak.ConnectionError) as caught:
        session.get("http://127.0.0.1:1/")
    error = caught.value
    assert error.args[0].reason is error.__cause__
    again = over(error)
    assert again.args == error.args
    assert type(again.args[0]) is str
