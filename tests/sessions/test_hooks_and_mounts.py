"""Hooks, adapters by prefix, and preparing by hand."""

from __future__ import annotations

from typing import ClassVar

import pytest

import ulak
from tests.support import Answer, HttpServer
from tests.support.fronts import Front
from ulak.adapters import BaseAdapter, HTTPAdapter

# -- hooks -------------------------------------------------------------------


def test_a_hook_sees_every_response_of_a_chain(http_server: HttpServer, session) -> None:
    seen: list[int] = []

    def note(response: ulak.Response, **kwargs: object) -> None:
        seen.append(response.status_code)

    response = session.get(f"{http_server.url}/redirect/2", hooks={"response": note})
    assert seen == [302, 302, 200]
    assert response.status_code == 200


def test_a_hook_gets_the_settings(http_server: HttpServer, session: ulak.Session) -> None:
    seen: list[dict] = []
    session.get(
        f"{http_server.url}/get",
        hooks={"response": lambda response, **kwargs: seen.append(kwargs)},
        timeout=7,
    )
    assert {"timeout", "verify", "proxies", "stream", "cert"} <= set(seen[0])
    assert ulak.Timeout.of(seen[0]["timeout"]) == ulak.Timeout(7, 7)
    assert seen[0]["verify"] is True


def test_hooks_run_in_order_and_may_replace_the_response(http_server, front, session) -> None:
    other = front.real(session.get(f"{http_server.url}/bytes/3"))
    seen: list[ulak.Response] = []

    def replace(response: ulak.Response, **kwargs: object) -> ulak.Response:
        return other

    def note(response: ulak.Response, **kwargs: object) -> None:
        seen.append(response)

    hooks = {"response": [replace, note]}
    assert session.get(f"{http_server.url}/get", hooks=hooks) == other
    assert seen == [other]


def test_hooks_of_the_session_and_of_the_call(http_server: HttpServer, session) -> None:
    seen: list[str] = []
    session.hooks["response"].append(lambda r, **k: seen.append("session"))
    session.get(f"{http_server.url}/get")
    session.get(f"{http_server.url}/get", hooks={"response": lambda r, **k: seen.append("call")})
    assert seen[0] == "session"
    assert seen[-1] == "call"


def test_a_hook_may_redirect_elsewhere(http_server: HttpServer, session) -> None:
    def change(response: ulak.Response, **kwargs: object) -> None:
        if "Location" in response.headers:
            response.headers["Location"] = "/bytes/5"

    assert (
        len(session.get(f"{http_server.url}/redirect/1", hooks={"response": change}).content) == 5
    )


def test_a_hook_may_send_again_by_the_adapter(http_server, front: Front, session) -> None:
    @front.steps
    def again(response, **kwargs):
        if response.status_code != 401:
            return None
        yield front.read(response)
        request = response.request.copy()
        request.headers["Authorization"] = "Bearer late"
        following = yield response.connection.send(request, **kwargs)
        following.history.append(response)
        return following

    response = session.get(f"{http_server.url}/bearer", hooks={"response": again})
    assert response.json()["token"] == "late"
    assert [x.status_code for x in response.history] == [401]
    assert http_server.connections == 1


def test_what_a_hook_raises_is_the_callers(http_server: HttpServer, session) -> None:
    def broken(response: ulak.Response, **kwargs: object) -> None:
        raise LookupError("mine")

    for stream in (False, True):
        with pytest.raises(LookupError, match="mine"):
            session.get(
                f"{http_server.url}/stream-bytes/1000000",
                hooks={"response": broken},
                stream=stream,
            )


def test_a_hook_that_raises_an_os_error_is_not_retried(http_server, session) -> None:
    def broken(response: ulak.Response, **kwargs: object) -> None:
        raise ConnectionResetError("mine")

    with pytest.raises(ConnectionResetError) as caught:
        session.get(f"{http_server.url}/get", hooks={"response": broken}, retries=3)
    assert not isinstance(caught.value, ulak.RequestException)
    assert len(http_server.requests) == 1


class Duck:
    """Much like a response, and none."""

    status_code = 200
    ok = True
    history = ()
    headers: ClassVar[dict[str, str]] = {}
    raw = None
    url = "http://duck.example/"
    request = None


@pytest.mark.parametrize("value", ["text", 5, True, object(), Duck()])
def test_a_hook_that_returns_no_response(http_server: HttpServer, session, value) -> None:
    with pytest.raises(ulak.exceptions.InvalidOption, match="hook"):
        session.get(f"{http_server.url}/get", hooks={"response": lambda r, **k: value})


def test_a_hook_that_returns_a_response_of_the_other_front(
    http_server: HttpServer, front: Front, session: ulak.Session
) -> None:
    other = ulak.Response() if front.name == "async" else ulak.AsyncResponse()
    with pytest.raises(ulak.exceptions.InvalidOption, match="hook"):
        session.get(f"{http_server.url}/get", hooks={"response": lambda r, **k: other})


@pytest.mark.front("async", "a Session has nothing to await")
def test_plain_and_asynchronous_hooks_run_in_order(http_server, front: Front, session) -> None:
    seen: list[str] = []
    other = front.real(session.get(f"{http_server.url}/bytes/3"))

    def plain(response: ulak.AsyncResponse, **kwargs: object) -> None:
        seen.append(f"plain {response.url.rpartition('/')[2]}")

    async def replace(response: ulak.AsyncResponse, **kwargs: object) -> ulak.AsyncResponse:
        seen.append(f"asynchronous {len(await response.aread())}")
        return other

    hooks = {"response": [plain, replace, plain]}
    assert session.get(f"{http_server.url}/bytes/5", hooks=hooks) == other
    assert seen == ["plain 5", "asynchronous 5", "plain 3"]


@pytest.mark.parametrize("what", ["hook", "get_redirect_target", "rebuild_auth"])
def test_what_the_caller_raises_after_the_answer_gives_its_connection_up(
    http_server: HttpServer, front: Front, what: str
) -> None:
    http_server.route("/big")(lambda request: Answer(b"x" * 3_000_000, 302, [("Location", "/get")]))

    class Raising(front.Session):
        def get_redirect_target(self, resp):
            self.mine("get_redirect_target")
            return super().get_redirect_target(resp)

        def rebuild_auth(self, prepared_request, response):
            self.mine("rebuild_auth")
            return super().rebuild_auth(prepared_request, response)

        def mine(self, name: str) -> None:
            if name == what:
                raise LookupError("mine")

    raising = Raising(adapters={"http://": front.narrow()}, timeout=ulak.Timeout(pool=0.2))
    with front.open(raising) as session:
        kept = []  # an exception that is kept keeps its frames, and so the response
        for _ in range(2):
            with pytest.raises(LookupError) as caught:
                session.get(
                    f"{http_server.url}/big",
                    hooks={"response": lambda r, **k: session.mine("hook")},
                )
            kept.append(caught.value)


def test_raise_for_status_as_a_hook(http_server: HttpServer, front: Front) -> None:
    hook = lambda r, **k: r.raise_for_status()  # noqa: E731 - as tutorials have it
    with front.session(hooks={"response": hook}) as session, pytest.raises(ulak.HTTPError):
        session.get(f"{http_server.url}/status/500")


# -- mounts ------------------------------------------------------------------


class Named(BaseAdapter):
    """Answers with its own name."""

    def __init__(self, front: Front, name: str) -> None:
        self.front = front
        self.name = name
        self.closed = 0

    def send(self, request, *args, **kwargs):
        response = self.front.Response()
        response.status_code = 200
        response._content = self.name.encode()
        response.request = request
        response.url = request.url
        return response

    def close(self) -> None:
        self.closed += 1


def named(front: Front, name: str):
    return front.adapter(Named(front, name))


def test_the_longest_prefix_wins_whatever_the_order(front: Front) -> None:
    prefixes = ["http://", "http://a", "http://a.example/", "http://a.example/deep", "x://"]
    for order in (prefixes, prefixes[::-1]):
        with front.session() as session:
            for prefix in order:
                session.mount(prefix, named(front, prefix))
            for url, wanted in [
                ("http://a.example/deep/er", "http://a.example/deep"),
                ("http://a.example/x", "http://a.example/"),
                ("HTTP://A.example/x", "http://a.example/"),
                ("http://ab.example/", "http://a"),
                ("http://b.example/", "http://"),
            ]:
                assert session.get(url).text == wanted
            assert session.get("x://anything").text == "x://"


def test_an_adapter_that_has_every_attribute(front: Front, session: ulak.Session) -> None:
    class Agreeable:
        """Has whatever it is asked for, as mocks have."""

        def __getattr__(self, name: str) -> Agreeable:
            return self

        def __call__(self, *args: object, **kwargs: object) -> Agreeable:
            return self

    adapter = Agreeable()
    session.mount("http://", adapter)
    assert session.get_adapter("http://a/") is adapter
    del session.adapters["http://"]


def test_an_adapter_may_be_replaced(front: Front, session: ulak.Session) -> None:
    session.mount("http://", named(front, "one"))
    session.mount("http://", named(front, "two"))
    assert session.get("http://a/").text == "two"
    assert list(session.adapters).count("http://") == 1


def test_mounting_does_not_disturb_who_looks_an_adapter_up(front: Front, session) -> None:
    class Mounting(str):
        """A prefix that mounts another one whenever it is looked at, as a thread might."""

        __slots__ = ()

        def lower(self) -> str:
            session.mount(f"x{len(session.adapters)}://", named(front, "late"))
            return super().lower()

    session.mount(Mounting("http://a.example/deep"), named(front, "deep"))
    session.mount(Mounting("http://a.example/"), named(front, "a"))
    for _ in range(3):
        assert session.get("http://a.example/x").text == "a"
        assert session.get("http://a.example/deep").text == "deep"
    assert len(session.adapters) > 10


@pytest.mark.parametrize("left_out", [("request",), ("url",), ("request", "url")])
def test_an_adapter_that_does_not_say_what_it_answers(
    front: Front, left_out: tuple[str, ...]
) -> None:
    class Terse(BaseAdapter):
        def send(self, request, *args, **kwargs):
            response = front.Response()
            response.status_code = 302 if request.url.endswith("/a") else 200
            response.headers["Location"] = "/b"
            response._content = b"ok"
            for name in {"request", "url"}.difference(left_out):
                setattr(response, name, request if name == "request" else request.url)
            return response

        def close(self) -> None:
            pass

    with front.session(adapters={"http://": front.adapter(Terse())}) as session:
        response = session.get("http://h.example/a")
        assert (response.content, response.url) == (b"ok", "http://h.example/b")
        assert response.request.url == "http://h.example/b"
        assert [x.url for x in response.history] == ["http://h.example/a"]


def test_no_adapter(session: ulak.Session) -> None:
    with pytest.raises(ulak.exceptions.InvalidSchema, match="ftp") as caught:
        session.get("ftp://user:secret@host/")
    assert "secret" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_close_closes_every_adapter(front: Front) -> None:
    adapters = {"http://a": Named(front, "a"), "x://": Named(front, "x")}
    with front.session(adapters={at: front.adapter(one) for at, one in adapters.items()}):
        pass
    assert [adapter.closed for adapter in adapters.values()] == [1, 1]


def test_a_redirect_goes_through_the_adapter_of_its_target(
    http_server: HttpServer, front: Front, session: ulak.Session
) -> None:
    session.mount("http://other.example/", named(front, "other"))
    response = session.get(f"{http_server.url}/redirect-to?url=http://other.example/x")
    assert response.text == "other"
    assert len(response.history) == 1


@pytest.mark.front("sync", "no session is part of it")
def test_the_context_manager_of_an_adapter(front: Front) -> None:
    with HTTPAdapter() as adapter:
        assert isinstance(adapter, HTTPAdapter)
    with Named(front, "x") as adapter:
        pass
    assert adapter.closed == 1


@pytest.mark.front("async", "no session is part of it")
def test_the_context_manager_of_an_asynchronous_adapter(front: Front) -> None:
    async def enter_and_leave(adapter) -> object:
        async with adapter as entered:
            return entered

    plain = Named(front, "x")
    for adapter in (ulak.AsyncHTTPAdapter(), front.adapter(plain)):
        assert front.run(enter_and_leave(adapter)) is adapter
    assert plain.closed == 1


# -- preparing by hand -------------------------------------------------------


def test_prepare_change_send(http_server: HttpServer, session: ulak.Session) -> None:
    request = ulak.Request("POST", f"{http_server.url}/post", data={"a": "1"})
    prepared = session.prepare_request(request)
    prepared.headers["X-Late"] = "1"
    prepared.url += "?late=1"
    settings = session.merge_environment_settings(prepared.url, {}, None, None, None)
    seen = session.send(prepared, **settings).json()
    assert seen["form"] == {"a": "1"}
    assert seen["args"] == {"late": "1"}
    assert seen["headers"]["X-Late"] == "1"


def test_a_request_prepared_alone_has_nothing_of_a_session(http_server, session) -> None:
    session.cookies.set("a", "1")
    prepared = ulak.Request("GET", f"{http_server.url}/get").prepare()
    session.send(prepared)
    assert http_server.last.header("Cookie") is None
    assert http_server.last.header("User-Agent") is None


def test_sending_does_not_change_the_request(http_server: HttpServer, session) -> None:
    prepared = session.prepare_request(
        ulak.Request("POST", f"{http_server.url}/redirect-to?url=/get", data=b"x", auth=("u", "p"))
    )
    before = (prepared.method, prepared.url, dict(prepared.headers), prepared.body)
    for _ in range(2):
        assert session.send(prepared).request is not prepared
    assert (prepared.method, prepared.url, dict(prepared.headers), prepared.body) == before


def test_prepare_request_is_an_override_point(http_server: HttpServer, front: Front) -> None:
    class Mine(front.Session):
        def prepare_request(self, request):
            prepared = super().prepare_request(request)
            prepared.headers["X-Mine"] = "1"
            return prepared

        def merge_environment_settings(self, *args):
            settings = super().merge_environment_settings(*args)
            settings["stream"] = True
            return settings

    with front.open(Mine()) as session:
        response = session.get(f"{http_server.url}/get")
        assert response._content is False
        assert response.json()["headers"]["X-Mine"] == "1"


def test_a_subclass_may_send_in_its_own_way(http_server: HttpServer, front: Front) -> None:
    class Counting(front.Session):
        count = 0

        def send(self, request, **kwargs):
            type(self).count += 1
            return super().send(request, **kwargs)

    with front.open(Counting()) as session:
        session.get(f"{http_server.url}/get")
        session.get(f"{http_server.url}/get", timeout=3, retries=1, allow_redirects=False)
    assert Counting.count == 2
