"""Settings: of the call, of the session, of the environment, and who wins."""

from __future__ import annotations

import ssl

import pytest

import ulak
from tests.support import Certificates, ForwardProxy, HttpServer
from tests.support.fronts import Front
from ulak import Timeout
from ulak.adapters import BaseAdapter, HTTPAdapter
from ulak.cookies import RequestsCookieJar


class Recorder(BaseAdapter):
    """Keeps what ``send`` is called with; answers 204."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.calls: list[dict] = []

    def send(self, request, **settings):
        self.calls.append({"request": request, **settings})
        response = self.front.Response()
        response.status_code = 204
        response.request = request
        response.url = request.url
        return response

    def close(self) -> None:
        pass

    @property
    def last(self) -> dict:
        return self.calls[-1]


@pytest.fixture
def recorder(front: Front) -> Recorder:
    return Recorder(front)


@pytest.fixture
def recorded(front: Front, session: ulak.Session, recorder: Recorder) -> ulak.Session:
    """A session whose requests are only recorded."""
    session.mount("https://", front.adapter(recorder))
    session.mount("http://", front.adapter(recorder))
    return session


# -- defaults ----------------------------------------------------------------


def test_the_defaults(session: ulak.Session) -> None:
    assert session.headers["User-Agent"] == f"ulak/{ulak.__version__}"
    assert session.headers["Accept"] == "*/*"
    assert session.headers["Connection"] == "keep-alive"
    assert {"gzip", "deflate", "br", "zstd"} <= set(session.headers["Accept-Encoding"].split(", "))
    assert session.params == {}
    assert session.auth is None
    assert session.proxies == {}
    assert session.verify is True
    assert session.cert is None
    assert session.trust_env is True
    assert session.max_redirects == 30
    assert session.stream == False  # noqa: E712 - it is a method, too
    assert session.hooks == {"response": []}
    assert list(session.adapters) == ["https://", "http://"]
    assert session.base_url is None
    assert session.timeout == Timeout(connect=10, read=300)
    assert session.retries is None
    assert session.raise_for_status is False
    assert isinstance(session.cookies, RequestsCookieJar)
    assert len(session.cookies) == 0


def test_keywords_are_attributes(front: Front, recorder: Recorder) -> None:
    adapter, context = front.adapter(recorder), ssl.create_default_context()
    values = {
        "params": {"a": "b"},
        "auth": ("u", "p"),
        "proxies": {"http": "http://127.0.0.1:1"},
        "verify": context,
        "cert": "/c.pem",
        "trust_env": False,
        "max_redirects": 3,
        "stream": True,
        "base_url": "https://host/",
        "timeout": 5,
        "retries": 2,
        "raise_for_status": True,
        "json_loads": str,
        "json_dumps": repr,
    }
    with front.session(
        headers={"X": "y"},
        cookies={"c": "d"},
        hooks={"response": print},
        adapters={"dict://": adapter},
        **values,
    ) as session:
        assert {name: getattr(session, name) for name in values} == values
        assert session.headers["X"] == "y"
        assert session.headers["Accept"] == "*/*"
        assert session.cookies["c"] == "d"
        assert session.hooks == {"response": [print]}
        assert session.get_adapter("dict://x") is adapter


def test_a_cookie_jar_is_used_as_it_is(front: Front) -> None:
    jar = RequestsCookieJar()
    with front.session(cookies=jar) as session:
        assert session.cookies is jar


def test_constructor_values_are_not_shared_with_the_caller(front: Front) -> None:
    headers, proxies = {"X": "y"}, {"http": "http://127.0.0.1:1"}
    with front.session(headers=headers, proxies=proxies) as session:
        session.headers["Z"] = "z"
        session.proxies["https"] = "http://127.0.0.1:1"
    assert headers == {"X": "y"}
    assert list(proxies) == ["http"]


def test_session_is_a_function_too() -> None:
    with ulak.session() as session:
        assert type(session) is ulak.Session


# -- headers -----------------------------------------------------------------


def test_headers_are_merged_in_any_case(recorded: ulak.Session, recorder: Recorder) -> None:
    recorded.headers["X-One"] = "session"
    recorded.headers["X-Two"] = "session"
    recorded.get("https://host/", headers={"x-one": "call"})
    sent = recorder.last["request"].headers
    assert sent["X-ONE"] == "call"
    assert sent["X-Two"] == "session"
    assert recorded.headers["X-One"] == "session"


@pytest.mark.parametrize("name", ["Accept-Encoding", "user-agent", "ACCEPT", "Connection"])
def test_none_takes_a_header_away(recorded: ulak.Session, recorder: Recorder, name: str) -> None:
    recorded.get("https://host/", headers={name: None})
    assert name not in recorder.last["request"].headers
    assert name in recorded.headers


def test_none_in_the_session_takes_a_header_away(
    recorded: ulak.Session, recorder: Recorder
) -> None:
    recorded.headers["Accept"] = None
    recorded.get("https://host/")
    assert "Accept" not in recorder.last["request"].headers


def test_a_plain_dict_as_session_headers(http_server: HttpServer, session: ulak.Session) -> None:
    session.headers = {"X-Only": "1"}
    session.get(f"{http_server.url}/get", headers={"x-only": "2", "Y": None})
    assert http_server.last.values("X-Only") == ["2"]
    assert http_server.last.header("User-Agent") is None


def test_without_an_accept_encoding_none_is_wanted(
    http_server: HttpServer, session: ulak.Session
) -> None:
    session.get(f"{http_server.url}/get", headers={"Accept-Encoding": None})
    assert http_server.last.header("Accept-Encoding") == "identity"


def test_headers_as_pairs(recorded: ulak.Session, recorder: Recorder) -> None:
    recorded.get("https://host/", headers=[("X", "1"), ("Y", "2")])
    sent = recorder.last["request"].headers
    assert (sent["X"], sent["Y"], sent["Accept"]) == ("1", "2", "*/*")


def test_headers_keep_their_order_and_spelling(
    http_server: HttpServer, session: ulak.Session
) -> None:
    session.headers = {}
    session.get(f"{http_server.url}/get", headers={"x-B": "1", "X-a": "2", "x-C": "3"})
    names = [name for name, _ in http_server.last.fields if name.lower().startswith("x-")]
    assert names == ["x-B", "X-a", "x-C"]


def test_the_callers_mappings_are_not_changed(http_server: HttpServer, front: Front) -> None:
    headers = {"X": "1"}
    params = {"a": "1"}
    data = {"b": "2"}
    cookies = {"c": "3"}
    with front.session(params={"z": "9"}) as session:
        session.post(
            f"{http_server.url}/post", headers=headers, params=params, data=data, cookies=cookies
        )
    assert (headers, params, data, cookies) == ({"X": "1"}, {"a": "1"}, {"b": "2"}, {"c": "3"})


def test_a_host_header_of_the_caller_is_sent(
    http_server: HttpServer, session: ulak.Session
) -> None:
    session.get(f"{http_server.url}/get", headers={"Host": "other.example"})
    assert http_server.last.values("Host") == ["other.example"]


# -- params ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_session", "of_call", "target"),
    [
        ({"a": "1"}, None, "/get?a=1"),
        ({"a": "1"}, {"b": "2"}, "/get?a=1&b=2"),
        ({"a": "1"}, {"a": "2"}, "/get?a=2"),
        ({"a": "1", "b": "2"}, {"a": None}, "/get?b=2"),
        ({}, [("a", "1"), ("a", "2")], "/get?a=1&a=2"),
        ({}, {"a": ["1", "2"], "b": None}, "/get?a=1&a=2"),
        ({}, "a=1&b", "/get?a=1&b"),
        ({}, b"a=1", "/get?a=1"),
        ("a=1", None, "/get?a=1"),
        ([("a", "1"), ("a", "2")], None, "/get?a=1&a=2"),
    ],
)
def test_params(http_server: HttpServer, front: Front, of_session, of_call, target: str) -> None:
    with front.session(params=of_session) as session:
        session.get(f"{http_server.url}/get", params=of_call)
    assert http_server.last.target == target


def test_params_are_added_to_the_urls_own(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.get(f"{http_server.url}/get?a=1#part", params={"b": "ü&"})
    assert http_server.last.target == "/get?a=1&b=%C3%BC%26"
    assert response.url == f"{http_server.url}/get?a=1&b=%C3%BC%26#part"


# -- auth, cookies -----------------------------------------------------------


def test_the_calls_auth_wins_over_the_sessions(recorded: ulak.Session, recorder: Recorder) -> None:
    recorded.auth = ("session", "p")
    recorded.get("https://host/")
    of_session = recorder.last["request"].headers["Authorization"]
    recorded.get("https://host/", auth=("call", "p"))
    of_call = recorder.last["request"].headers["Authorization"]
    assert of_session == ulak.auth._basic_auth_str("session", "p")
    assert of_call == ulak.auth._basic_auth_str("call", "p")


def test_the_calls_cookies_are_added_for_this_call_only(
    http_server: HttpServer, session: ulak.Session
) -> None:
    session.cookies.set("a", "session")
    session.cookies.set("b", "session")
    url = f"{http_server.url}/cookies"
    assert session.get(url, cookies={"b": "call", "c": "call"}).json()["cookies"] == {
        "a": "session",
        "b": "call",
        "c": "call",
    }
    assert session.get(url).json()["cookies"] == {"a": "session", "b": "session"}


# -- timeout, stream, verify, cert -------------------------------------------


@pytest.mark.parametrize(
    ("of_session", "of_call", "wanted"),
    [
        ({}, {}, Timeout(10, 300)),
        ({"timeout": 5}, {}, Timeout(5, 5)),
        ({"timeout": 5}, {"timeout": (1, 2)}, Timeout(1, 2)),
        ({"timeout": 5}, {"timeout": None}, Timeout(None, None)),
        ({"timeout": None}, {}, Timeout(None, None)),
    ],
)
def test_timeout_of_call_then_session(
    front: Front, recorder: Recorder, of_session, of_call, wanted
) -> None:
    with front.session(adapters={"https://": front.adapter(recorder)}, **of_session) as session:
        session.get("https://host/", **of_call)
    assert Timeout.of(recorder.last["timeout"]) == wanted


@pytest.mark.parametrize(
    ("of_session", "of_call", "wanted"),
    [(False, None, False), (True, None, True), (True, False, False), (False, True, True)],
)
def test_stream_of_call_then_session(
    recorded: ulak.Session, recorder: Recorder, of_session, of_call, wanted
) -> None:
    recorded.stream = of_session
    recorded.get("https://host/", stream=of_call)
    assert recorder.last["stream"] is wanted


@pytest.mark.parametrize(
    ("of_session", "of_call", "environment", "wanted"),
    [
        (True, None, None, True),
        (True, None, "/env.pem", "/env.pem"),
        (False, None, "/env.pem", False),
        ("/session.pem", None, "/env.pem", "/session.pem"),
        ("/session.pem", "/call.pem", "/env.pem", "/call.pem"),
        ("/session.pem", False, "/env.pem", False),
        (False, True, None, True),
        (True, True, "/env.pem", "/env.pem"),
    ],
)
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_verify_of_call_then_session_then_environment(
    recorded: ulak.Session,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    of_session,
    of_call,
    environment,
    wanted,
    variable: str,
) -> None:
    if environment:
        monkeypatch.setenv(variable, environment)
    recorded.verify = of_session
    recorded.get("https://host/", verify=of_call)
    assert recorder.last["verify"] == wanted


def test_trust_env_false_ignores_the_environment(
    recorded: ulak.Session, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, netrc
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/env.pem")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    netrc("machine host login u password p\n")
    recorded.get("https://host/")
    assert recorder.last["verify"] == "/env.pem"
    assert recorder.last["proxies"]["https"] == "http://127.0.0.1:1"
    assert "Authorization" in recorder.last["request"].headers
    recorded.trust_env = False
    recorded.get("https://host/")
    assert recorder.last["verify"] is True
    assert not recorder.last["proxies"]
    assert "Authorization" not in recorder.last["request"].headers


def test_cert_of_call_then_session(recorded: ulak.Session, recorder: Recorder) -> None:
    recorded.cert = "/session.pem"
    recorded.get("https://host/")
    assert recorder.last["cert"] == "/session.pem"
    recorded.get("https://host/", cert=("/call.pem", "/key.pem"))
    assert recorder.last["cert"] == ("/call.pem", "/key.pem")


# -- proxies -----------------------------------------------------------------

A, B, C = (f"http://127.0.0.1:{port}" for port in (1, 2, 3))


@pytest.mark.parametrize(
    ("of_session", "of_call", "environment", "wanted"),
    [
        ({}, None, {}, None),
        ({}, None, {"https_proxy": C}, C),
        ({}, None, {"HTTPS_PROXY": C}, C),
        ({}, None, {"all_proxy": C}, C),
        ({}, None, {"https_proxy": C, "no_proxy": "host"}, None),
        ({"https": B}, None, {"https_proxy": C}, B),
        ({"all": B}, None, {"https_proxy": C}, B),
        ({"https": B}, {"https": A}, {"https_proxy": C}, A),
        ({"https": B}, {"http": A}, {}, B),
        ({"https": B}, {"https://host": A}, {}, A),
        ({}, {"https://host": A}, {"https_proxy": C}, A),
        ({"https": B}, {"https": None}, {}, None),
        ({}, {"https": ""}, {"https_proxy": C}, None),
    ],
)
def test_proxies_of_call_then_session_then_environment(
    recorded: ulak.Session,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    of_session,
    of_call,
    environment,
    wanted,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    recorded.proxies = of_session
    recorded.get("https://host/", proxies=of_call)
    assert ulak._environment.select_proxy("https://host/", recorder.last["proxies"]) == wanted


def test_the_environments_proxy_is_used(
    http_server: HttpServer,
    forward_proxy: ForwardProxy,
    session: ulak.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", forward_proxy.url)
    assert session.get(f"{http_server.url}/get").status_code == 200
    assert [x.target for x in forward_proxy.requests] == [f"{http_server.url}/get"]


def test_send_with_a_prepared_request_uses_the_sessions_settings(
    http_server: HttpServer, forward_proxy: ForwardProxy, front: Front
) -> None:
    with front.session(proxies={"http": forward_proxy.url}) as session:
        prepared = session.prepare_request(ulak.Request("GET", f"{http_server.url}/get"))
        assert session.send(prepared).status_code == 200
        assert len(forward_proxy.requests) == 1
        assert session.send(prepared, proxies={}).status_code == 200
        assert len(forward_proxy.requests) == 1


def test_https_with_a_ca_of_the_session(
    https_server: HttpServer, certificates: Certificates, front: Front
) -> None:
    with front.session(verify=str(certificates.ca)) as session:
        assert session.get(f"{https_server.url}/get").status_code == 200
        with pytest.raises(ulak.exceptions.SSLError):
            session.get(f"{https_server.url}/get", verify=True)


# -- raise_for_status, json --------------------------------------------------


@pytest.mark.parametrize(
    ("of_session", "of_call", "raises"),
    [(False, None, False), (True, None, True), (True, False, False), (False, True, True)],
)
@pytest.mark.parametrize("stream", [False, True])
def test_raise_for_status(
    http_server: HttpServer,
    front: Front,
    of_session: bool,
    of_call: bool | None,
    raises: bool,
    stream: bool,
) -> None:
    url = f"{http_server.url}/drip?code=404&numbytes=3&duration=0"
    with front.session(raise_for_status=of_session) as session:
        if not raises:
            assert session.get(url, raise_for_status=of_call, stream=stream).content == b"***"
            return
        with pytest.raises(ulak.HTTPError, match="404 Client Error: Not Found") as caught:
            session.get(url, raise_for_status=of_call, stream=stream)
        assert caught.value.response.status_code == 404
        assert caught.value.request.url == url
        assert caught.value.response.content == b"***"


def test_raise_for_status_lets_success_and_redirects_pass(
    http_server: HttpServer, front: Front
) -> None:
    with front.session(raise_for_status=True) as session:
        assert session.get(f"{http_server.url}/redirect/1").status_code == 200
        assert session.get(f"{http_server.url}/redirect/1", allow_redirects=False).is_redirect


def test_json_functions_of_the_session(http_server: HttpServer, front: Front) -> None:
    def dumps(value: object) -> str:
        return f'{{"dumped": {value}}}'

    def loads(text: str, **more: object) -> object:
        return "loaded", len(text), more

    with front.session(json_dumps=dumps, json_loads=loads) as session:
        response = session.post(f"{http_server.url}/post", json=5)
        assert http_server.last.body == b'{"dumped": 5}'
        assert http_server.last.header("Content-Type") == "application/json"
        assert response.json(x=1) == ("loaded", len(response.text), {"x": 1})


def test_json_dumps_may_return_bytes(http_server: HttpServer, front: Front) -> None:
    with front.session(json_dumps=lambda value: b"[1]") as session:
        session.post(f"{http_server.url}/post", json={})
    assert http_server.last.body == b"[1]"


def test_what_json_dumps_raises_is_the_callers(http_server: HttpServer, front: Front) -> None:
    def dumps(value: object) -> str:
        raise KeyError("mine")

    with front.session(json_dumps=dumps) as session, pytest.raises(KeyError, match="mine"):
        session.post(f"{http_server.url}/post", json=5)
    assert not http_server.requests


def test_json_functions_are_those_of_the_session_that_asked(front: Front) -> None:
    """Even where an adapter gives two of them the same response, as one from memory may."""
    kept = front.Response()
    kept.status_code = 200
    kept.raw, kept._content = None, b"[1]"

    class Memory(Recorder):
        def send(self, request, **settings):
            kept.request, kept.url = request, request.url
            return kept

    adapter = front.adapter(Memory(front))
    with (
        front.session(json_loads=lambda text: "ours", adapters={"x://": adapter}) as ours,
        front.session(adapters={"x://": adapter}) as another,
    ):
        assert ours.get("x://h/").json() == "ours"
        assert another.get("x://h/").json() == [1]
        assert ours.get("x://h/").json() == "ours"


# -- subclasses --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", "http://api.example/v1"),
        ("timeout", 5),
        ("retries", 3),
        ("raise_for_status", True),
        ("json_loads", len),
        ("json_dumps", repr),
    ],
)
@pytest.mark.parametrize("how", ["class", "before", "property"])
def test_what_a_subclass_declares_is_not_overwritten(
    front: Front, name: str, value: object, how: str
) -> None:
    class Before(front.Session):
        def __init__(self, **settings: object) -> None:
            setattr(self, name, value)  # as some do, and call ours afterwards
            super().__init__(**settings)

    held = staticmethod(value) if callable(value) else value
    kind = {
        "class": type("Declared", (front.Session,), {name: held}),
        "before": Before,
        "property": type("Reading", (front.Session,), {name: property(lambda self: value)}),
    }[how]
    with front.open(kind()) as session:
        assert getattr(session, name) == value
    if how != "property":
        none = None if name != "raise_for_status" else False
        with front.open(kind(**{name: none})) as session:
            assert not getattr(session, name)  # what is passed still wins


def test_a_subclass_may_declare_stream(front: Front, recorder: Recorder) -> None:
    """Which hides a property of ours; what is set later counts."""
    kind = type("Streaming", (front.Session,), {"stream": True})
    with front.open(kind(adapters={"http://": front.adapter(recorder)})) as session:
        for value in (True, False, True):
            front.real(session).stream = value
            session.get("http://a.example/")
            assert recorder.last["stream"] is value
            session.send(session.prepare_request(ulak.Request("GET", "http://a.example/")))
            assert recorder.last["stream"] is value
            session.get("http://a.example/", stream=not value)
            assert recorder.last["stream"] is not value


def test_a_subclass_may_have_a_base_url_of_its_own(front: Front, recorder: Recorder) -> None:
    class Api(front.Session):
        base_url = None

        def __init__(self, base_url: str | None = None) -> None:
            if base_url:
                self.base_url = base_url
            super().__init__()

        def request(self, method, url, *args, **kwargs):
            return super().request(method, self.base_url + url, *args, **kwargs)

    with front.open(Api("http://api.example")) as session:
        session.mount("http://", front.adapter(recorder))
        session.get("/x")
    assert recorder.last["request"].url == "http://api.example/x"


@pytest.mark.parametrize(
    "kind",
    [
        ulak.Session,
        HTTPAdapter,
        ulak.Response,
        ulak.AsyncSession,
        ulak.AsyncHTTPAdapter,
        ulak.AsyncResponse,
    ],
    ids=lambda x: x.__name__,
)
def test_a_subclass_may_add_to_what_is_pickled(kind: type) -> None:
    mine = type("Mine", (kind,), {"__attrs__": kind.__attrs__ + ["extra"]})()  # noqa: RUF005
    mine.extra = "kept"
    assert mine.__getstate__()["extra"] == "kept"


# -- threads -----------------------------------------------------------------


def test_a_header_that_is_set_while_headers_are_checked_is_sent(
    http_server: HttpServer, session: ulak.Session, monkeypatch
) -> None:
    session.headers["Authorization"] = "Bearer old"
    genuine = ulak._policy.headers.prepare_headers

    def late(headers):
        checked = genuine(headers)
        session.headers["Authorization"] = "Bearer new"  # as another thread would
        return checked

    with monkeypatch.context() as patch:
        patch.setattr("ulak._policy.headers.prepare_headers", late)
        session.get(f"{http_server.url}/get")
    session.get(f"{http_server.url}/get")
    assert http_server.last.header("Authorization") == "Bearer new"
