"""Bad input of every kind ends in a typed error; where requests raised a builtin, in that too."""

from __future__ import annotations

import io
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import requests

import ulak
from tests.support import HttpServer
from tests.support.fronts import Front
from ulak import exceptions as e
from ulak.adapters import HTTPAdapter

#: The builtins that code written for requests may catch.
BUILTINS = (ValueError, TypeError, LookupError, RuntimeError, OSError, AttributeError)


class Bad(NamedTuple):
    """One call that cannot work."""

    what: str
    error: type[Exception]
    url: Any = "{url}/get"
    method: Any = "POST"
    options: dict[str, Any] = {}  # noqa: RUF012 - a NamedTuple's default, never changed
    #: Whether requests is asked too; not where it goes out to the network or hangs.
    compared: bool = True


class Unreadable(io.BytesIO):
    """A file that was closed."""

    def __init__(self) -> None:
        super().__init__(b"x")
        self.close()


URLS = [
    Bad("empty", e.MissingSchema, ""),
    Bad("None", e.MissingSchema, None),
    Bad("a number", e.MissingSchema, 5),
    Bad("no scheme", e.MissingSchema, "example.com/x"),
    Bad("only a path", e.MissingSchema, "/x"),
    Bad("protocol-relative", e.MissingSchema, "//example.com/"),
    Bad("no host", e.InvalidURL, "http://"),
    Bad("no host but a path", e.InvalidURL, "http:///path"),
    Bad("no host but a port", e.InvalidURL, "http://:80/"),
    Bad("open bracket", e.InvalidURL, "http://["),
    Bad("bad IPv6", e.InvalidURL, "http://[::z]/"),
    Bad("a wildcard host", e.InvalidURL, "http://*/"),
    Bad("a dot before the host", e.InvalidURL, "http://.example.com/"),
    Bad("an empty label", e.InvalidURL, "http://a..example/"),
    Bad("a long label", e.InvalidURL, "http://" + "a" * 70 + ".example/"),
    # What requests makes of this one depends on the urllib3 below it.
    Bad("a host with a space", e.InvalidURL, "http://ho st/", compared=False),
    Bad("a host with a line end", e.InvalidURL, "http://host\r\nX: y/"),
    Bad("a host with NUL", e.InvalidURL, "http://ho\0st/", compared=False),
    Bad("a port too high", e.InvalidURL, "http://127.0.0.1:65536/"),
    Bad("a port that is a word", e.InvalidURL, "http://127.0.0.1:port/"),
    Bad("a negative port", e.InvalidURL, "http://127.0.0.1:-1/"),
    Bad("bytes that are no text", e.RequestException, b"http://\xff\xfe/"),
    Bad("an unknown scheme", e.InvalidSchema, "gopher://host/"),
    Bad("a file", e.InvalidSchema, "file:///etc/passwd"),
    Bad("a mail address", e.InvalidSchema, "mailto:a@example.com"),
    Bad("a scheme that is none", e.RequestException, "ht!tp://host/"),
]

METHODS = [
    Bad("no method", e.InvalidMethod, method="", compared=False),
    Bad("None", e.InvalidMethod, method=None, compared=False),
    Bad("a number", e.InvalidMethod, method=5),
    Bad("a space", e.InvalidMethod, method="GET X"),
    Bad("a line end", e.InvalidMethod, method="GET / HTTP/1.1\r\nHost: evil\r\n\r\nGET"),
    Bad("not ASCII", e.InvalidMethod, method="GÉT"),
    Bad("bytes that are no token", e.InvalidMethod, method=b"G\xff"),
]

HEADERS = [
    Bad("text", e.InvalidHeader, options={"headers": "X: y"}),
    Bad("a number", e.InvalidHeader, options={"headers": 5}),
    Bad("a list of numbers", e.InvalidHeader, options={"headers": [1, 2]}),
    Bad("a name that is a number", e.InvalidHeader, options={"headers": {5: "x"}}),
    Bad("a value that is a number", e.InvalidHeader, options={"headers": {"X": 5}}),
    Bad("a value that is a list", e.InvalidHeader, options={"headers": {"X": ["a"]}}),
    Bad("a value with CRLF", e.InvalidHeader, options={"headers": {"X": "a\r\nEvil: b"}}),
    Bad("a value with LF", e.InvalidHeader, options={"headers": {"X": "a\nEvil: b"}}),
    Bad("a value with NUL", e.InvalidHeader, options={"headers": {"X": "a\0"}}, compared=False),
    Bad("a value with a space before it", e.InvalidHeader, options={"headers": {"X": " a"}}),
    Bad("a value outside of Latin-1", e.InvalidHeader, options={"headers": {"X": "€"}}),
    Bad("an empty name", e.InvalidHeader, options={"headers": {"": "x"}}),
    Bad("a name with a space", e.InvalidHeader, options={"headers": {"X Y": "x"}}),
    Bad("a name with a colon", e.InvalidHeader, options={"headers": {"X:": "x"}}),
    Bad("a name with a line end", e.InvalidHeader, options={"headers": {"X\r\nY": "x"}}),
    Bad("a name that is not ASCII", e.InvalidHeader, options={"headers": {"Ü": "x"}}),
    Bad("a value in bytes with CRLF", e.InvalidHeader, options={"headers": {"X": b"a\r\nb"}}),
]

BODIES = [
    Bad("data is a number", e.InvalidBody, options={"data": 5}),
    Bad("data is an object", e.InvalidBody, options={"data": object()}),
    Bad("data is a list of numbers", e.InvalidBody, options={"data": [1, 2]}),
    Bad("data is a list of bytes", e.InvalidBody, options={"data": [b"abc"]}),
    Bad("data holds half a character", e.InvalidBody, options={"data": {"a": "\ud800"}}),
    Bad("data is half a character", e.InvalidBody, options={"data": "\ud800"}),
    Bad("data with files is text", e.InvalidBody, options={"data": "x", "files": {"a": b"x"}}),
    Bad("json holds NaN", e.InvalidJSONError, options={"json": float("nan")}),
    Bad("json holds a set", e.InvalidBody, options={"json": {1, 2}}),
    Bad("json holds bytes", e.InvalidBody, options={"json": b"x"}),
    Bad("files is a number", e.InvalidBody, options={"files": 5}),
    Bad("files is text", e.InvalidBody, options={"files": "path"}),
    Bad("files is a list of text", e.InvalidBody, options={"files": ["path"]}),
    Bad("a file is an empty tuple", e.InvalidBody, options={"files": {"a": ()}}),
    Bad("a file of five parts", e.InvalidBody, options={"files": {"a": (1, 2, 3, 4, 5)}}),
    Bad("a file is an object", e.InvalidBody, options={"files": {"a": object()}}),
    Bad(
        "a file's type breaks out",
        e.InvalidHeader,
        options={"files": {"a": ("n", b"x", "a/b\r\nX: y")}},
        compared=False,
    ),
    Bad(
        "a file's headers break out",
        e.InvalidHeader,
        options={"files": {"a": ("n", b"x", "a/b", {"X": "a\r\nY: b"})}},
        compared=False,
    ),
]

PARAMS = [
    Bad("a number", e.InvalidOption, options={"params": 5}),
    Bad("a list of numbers", e.InvalidOption, options={"params": [1]}),
    Bad("half a character", e.RequestException, options={"params": {"a": "\ud800"}}),
]

TIMEOUTS = [
    Bad(str(value), e.InvalidTimeout, options={"timeout": value}, compared=compared)
    for value, compared in [
        (0, True),
        (-1, True),
        ("5", True),
        ((1, 2, 3), True),
        ((1,), True),
        ((), True),
        (("a", 1), True),
        (float("nan"), False),
        (True, True),
        (object, False),
        ((0, 1), True),
        (ulak.Timeout("an error"), False),
        (ulak.ReadTimeout("an error"), False),
    ]
]

AUTHS = [
    Bad("text", e.InvalidOption, options={"auth": "user:password"}),
    Bad("a number", e.InvalidOption, options={"auth": 5}),
    Bad("one value", e.InvalidOption, options={"auth": ("user",)}),
    Bad("three values", e.InvalidOption, options={"auth": ("a", "b", "c")}),
    Bad("half a character", e.RequestException, options={"auth": ("\ud800", "p")}),
    Bad("a callable that returns nothing", e.InvalidOption, options={"auth": lambda r: None}),
    Bad(
        "a line end",
        e.RequestException,
        options={"auth": ulak.auth.HTTPBearerAuth("a\r\nb")},
        compared=False,
    ),
]

COOKIES = [
    Bad("text", e.InvalidOption, options={"cookies": "a=b"}),
    Bad("a number", e.InvalidOption, options={"cookies": 5}),
    Bad("a list", e.InvalidOption, options={"cookies": ["a"]}),
]

HOOKS = [
    Bad("a list", e.InvalidOption, options={"hooks": [print]}),
    Bad("a number", e.InvalidOption, options={"hooks": 5}),
    Bad("an unknown event", e.InvalidOption, options={"hooks": {"request": print}}),
    Bad("a hook that is a number", e.InvalidOption, options={"hooks": {"response": 5}}),
    Bad("a hook that is text", e.InvalidOption, options={"hooks": {"response": "print"}}),
    Bad(
        "a list with a number",
        e.InvalidOption,
        options={"hooks": {"response": [5]}},
        compared=False,
    ),
]

PROXIES = [
    Bad("text", e.InvalidOption, options={"proxies": "http://127.0.0.1:1"}),
    Bad("a number", e.InvalidOption, options={"proxies": 5}),
    Bad("a list", e.InvalidOption, options={"proxies": ["http://127.0.0.1:1"]}),
    Bad("a value that is a number", e.RequestException, options={"proxies": {"http": 5}}),
    Bad("no host", e.InvalidProxyURL, options={"proxies": {"http": "http://"}}),
    Bad("no host but a path", e.InvalidProxyURL, options={"proxies": {"http": "http:///x"}}),
    Bad("a bad port", e.InvalidProxyURL, options={"proxies": {"http": "http://h:99999"}}),
    Bad("an unknown scheme", e.InvalidProxyURL, options={"proxies": {"http": "ftp://h:1"}}),
    Bad("a colon too many", e.InvalidProxyURL, options={"proxies": {"http": "h:1:2"}}),
    Bad("nobody listens", e.ProxyError, options={"proxies": {"http": "http://127.0.0.1:1"}}),
]

TLS = "https://127.0.0.1:1/"
VERIFIES = [
    Bad("verify names nothing", e.InvalidCertificate, TLS, options={"verify": "/no/such"}),
    Bad("verify is empty", e.InvalidCertificate, TLS, options={"verify": ""}, compared=False),
    Bad(
        "verify is no PEM", e.InvalidCertificate, TLS, options={"verify": __file__}, compared=False
    ),
    Bad("verify is a number", e.InvalidOption, TLS, options={"verify": 5}),
    Bad("verify is a list", e.InvalidOption, TLS, options={"verify": []}, compared=False),
    Bad("verify is zero", e.InvalidOption, TLS, options={"verify": 0}, compared=False),
    Bad("cert names nothing", e.InvalidCertificate, TLS, options={"cert": "/no/such"}),
    Bad("cert's key names nothing", e.InvalidCertificate, TLS, options={"cert": (__file__, "/no")}),
    Bad("cert is no PEM", e.InvalidCertificate, TLS, options={"cert": __file__}, compared=False),
    Bad("cert is a number", e.InvalidOption, TLS, options={"cert": 5}),
    # requests stumbles over these two by accident: an IndexError, and a file called 1.
    Bad("cert has one part", e.InvalidOption, TLS, options={"cert": ("/no/such",)}, compared=False),
    Bad(
        "cert has five parts", e.InvalidOption, TLS, options={"cert": (1, 2, 3) * 2}, compared=False
    ),
    Bad(
        "cert with a context",
        e.InvalidOption,
        TLS,
        options={"cert": "/no/such", "verify": ssl.create_default_context()},
        compared=False,
    ),
]

RETRIES = [
    Bad(repr(value), e.InvalidOption, options={"retries": value}, compared=False)
    for value in ("3", -1, 1.5, True, [3])
]

CASES = {
    "url": URLS,
    "method": METHODS,
    "headers": HEADERS,
    "body": BODIES,
    "params": PARAMS,
    "timeout": TIMEOUTS,
    "auth": AUTHS,
    "cookies": COOKIES,
    "hooks": HOOKS,
    "proxies": PROXIES,
    "tls": VERIFIES,
    "retries": RETRIES,
}
ALL = [pytest.param(bad, id=f"{kind}: {bad.what}") for kind, bads in CASES.items() for bad in bads]


def call(request: Callable[..., Any], bad: Bad, server: HttpServer) -> Any:
    url = bad.url.format(url=server.url) if isinstance(bad.url, str) else bad.url
    return request(bad.method, url, **{"timeout": 2, **bad.options})


@pytest.mark.parametrize("bad", ALL)
def test_bad_input(http_server: HttpServer, session: ulak.Session, bad: Bad) -> None:
    check(session, bad, http_server)


@pytest.mark.front("sync", "an AsyncSession sends it")
def test_an_asynchronous_body(http_server: HttpServer, session: ulak.Session) -> None:
    async def generate():
        yield b"x"

    bad = Bad("data is asynchronous", e.InvalidBody, options={"data": generate()})
    check(session, bad, http_server)
    check_beside_requests(session, bad, http_server)


def check(session: ulak.Session, bad: Bad, http_server: HttpServer) -> None:
    with pytest.raises(e.RequestException) as caught:
        call(session.request, bad, http_server)
    error = caught.value
    assert isinstance(error, bad.error), repr(error)
    assert str(error)
    assert error.code != e.RequestException.code
    assert not http_server.requests  # not a byte was sent


@pytest.mark.parametrize("bad", [x for x in ALL if x.values[0].compared])
def test_who_catches_what_requests_raised_catches_this(
    http_server: HttpServer, session: ulak.Session, bad: Bad
) -> None:
    check_beside_requests(session, bad, http_server)


def check_beside_requests(session: ulak.Session, bad: Bad, http_server: HttpServer) -> None:
    try:
        with requests.Session() as other:
            other.trust_env = False
            call(other.request, bad, http_server)
    except Exception as exc:
        theirs = exc
    else:
        return  # requests lets it pass; that ulak does not is the test above
    with pytest.raises(e.RequestException) as caught:
        call(session.request, bad, http_server)
    ours = caught.value
    for builtin in BUILTINS:
        if isinstance(theirs, builtin) and builtin is not AttributeError:
            assert isinstance(ours, builtin), f"{theirs!r} is a {builtin.__name__}, {ours!r} not"
    # And the classes of requests that have the same name here.
    for cls in type(theirs).__mro__:
        if cls.__module__ == "requests.exceptions":
            assert isinstance(ours, getattr(e, cls.__name__)), f"{theirs!r}, {ours!r}"


# -- sessions ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("base_url", "example.com", e.MissingSchema),
        ("base_url", "http://[", e.InvalidURL),
        ("base_url", 5, e.RequestException),
        ("headers", "text", e.InvalidHeader),
        ("headers", 5, e.InvalidHeader),
        ("headers", {5: "x"}, e.InvalidHeader),
        ("proxies", "text", e.InvalidOption),
        ("proxies", 5, e.InvalidOption),
        ("cookies", 5, e.InvalidOption),
        ("cookies", "a=b", e.InvalidOption),
        ("hooks", 5, e.InvalidOption),
        ("hooks", [print], e.InvalidOption),
        ("hooks", {"response": 5}, e.InvalidOption),
        ("hooks", {"response": [5]}, e.InvalidOption),
        ("hooks", {"request": print}, e.InvalidOption),
        ("adapters", [1], e.InvalidOption),
        ("adapters", {"x://": 5}, e.InvalidOption),
        ("timeout", "5", e.InvalidTimeout),
        ("timeout", -1, e.InvalidTimeout),
        ("retries", "3", e.InvalidOption),
        ("retries", -1, e.InvalidOption),
    ],
)
def test_bad_settings_of_a_session(
    front: Front, name: str, value: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        front.Session(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("params", 5, e.InvalidOption),
        ("auth", 5, e.InvalidOption),
        ("verify", 5, e.InvalidOption),
        ("cert", 5, e.InvalidOption),
        ("headers", {"X": "a\nb"}, e.InvalidHeader),
        ("headers", {"X": 5}, e.InvalidHeader),
        ("timeout", "5", e.InvalidTimeout),
        ("retries", "5", e.InvalidOption),
        ("proxies", "text", e.InvalidOption),
        ("base_url", 5, e.RequestException),
        ("hooks", {"response": 5}, e.InvalidOption),
    ],
)
def test_bad_values_set_later(session, name: str, value: object, error) -> None:
    setattr(session, name, value)
    with pytest.raises(error):
        session.get("https://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hooks", 5),
        ("hooks", "text"),
        ("max_redirects", None),
        ("max_redirects", "x"),
        ("json_loads", 5),
        ("json_dumps", 5),
    ],
)
@pytest.mark.parametrize("how", ["argument", "attribute"])
def test_settings_that_matter_late(
    http_server: HttpServer, front: Front, session: ulak.Session, name: str, value, how: str
) -> None:
    with pytest.raises((e.InvalidOption, e.InvalidBody)) as caught:
        if how == "argument":
            with front.session(**{name: value}) as other:
                other.post(f"{http_server.url}/redirect-to?url=/json", json={"a": 1}).json()
        else:
            setattr(session, name, value)
            session.post(f"{http_server.url}/redirect-to?url=/json", json={"a": 1}).json()
    assert name in str(caught.value)


@pytest.mark.parametrize(
    "adapter", [None, 5, "x", object, dict(), HTTPAdapter, ulak.AsyncHTTPAdapter]
)
def test_mounting_what_is_no_adapter(session: ulak.Session, adapter: object) -> None:
    with pytest.raises(e.InvalidOption):
        session.mount("x://", adapter)  # type: ignore[arg-type]


def test_an_adapter_of_the_other_front(http_server: HttpServer, front: Front) -> None:
    of_the_other = HTTPAdapter if front.name == "async" else ulak.AsyncHTTPAdapter
    with pytest.raises(e.InvalidOption):
        front.session(adapters={"http://": of_the_other()}).get(f"{http_server.url}/get")
    assert not http_server.requests


@pytest.mark.parametrize(
    "request_",
    [None, 5, "http://h/", ulak.Request("GET", "http://h/"), ulak.PreparedRequest()],
    ids=["None", "number", "url", "Request", "empty"],
)
def test_sending_what_is_not_prepared(session: ulak.Session, request_: object) -> None:
    with pytest.raises(e.RequestException) as caught:
        session.send(request_)  # type: ignore[arg-type]
    assert isinstance(caught.value, ValueError)


def test_base_url_with_a_bad_url(front: Front) -> None:
    with front.session(base_url="http://127.0.0.1:1/") as session:
        for url in (5, b"\xff", object(), "http://["):
            with pytest.raises(e.RequestException):
                session.get(url)  # type: ignore[arg-type]


class Address:
    """What other libraries have for a URL: its text is the URL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __str__(self) -> str:
        return self.url


@pytest.mark.parametrize("kind", [str.encode, Address])
@pytest.mark.parametrize("how", ["argument", "attribute"])
def test_base_url_may_be_what_a_url_may_be(
    http_server: HttpServer, front: Front, session: ulak.Session, kind: Any, how: str
) -> None:
    if how == "argument":
        with front.session(base_url=kind(http_server.url)) as other:
            assert other.get("/get").ok
    session.base_url = kind(http_server.url)
    assert session.get("/get").ok


@pytest.mark.parametrize("value", [5, object(), [], b"\xff", bytearray(b"http://h/")])
def test_bad_base_urls_set_later(session: ulak.Session, value: Any) -> None:
    session.base_url = value
    with pytest.raises(e.RequestException) as caught:
        session.get("/get")
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("name", "value"),
    [("url", 5), ("url", b"http://127.0.0.1:1/"), ("url", []), ("hooks", 5), ("hooks", [print])],
)
@pytest.mark.parametrize("by", ["hand", "an auth"])
def test_what_is_put_into_a_prepared_request(
    http_server: HttpServer, session: ulak.Session, name: str, value: object, by: str
) -> None:
    def put(prepared: ulak.PreparedRequest) -> ulak.PreparedRequest:
        setattr(prepared, name, value)
        return prepared

    request = ulak.Request("GET", f"{http_server.url}/get", auth=put if by == "an auth" else None)
    prepared = session.prepare_request(request)
    if by == "hand":
        put(prepared)
    with pytest.raises(e.InvalidOption) as caught:
        session.send(prepared)
    assert isinstance(caught.value, TypeError)
    assert not http_server.requests


@pytest.mark.parametrize(
    "bad",
    [
        {"proxies": 5},
        {"proxies": b"http://h"},
        {"proxies": {"http": 5}},
        {"proxies": {"http": b"http://h"}},
        {"url": 5},
        {"url": b"http://h/"},
        {"url": {"a": "b"}},
    ],
    ids=repr,
)
def test_bad_input_of_an_adapter(front: Front, session: ulak.Session, bad: dict[str, Any]) -> None:
    """Asked by itself, it is no less strict than a session that asks it."""
    prepared = ulak.Request("GET", "http://127.0.0.1:1/").prepare()
    prepared.url = bad.get("url", prepared.url)
    adapter = session.get_adapter("http://")
    with pytest.raises(e.InvalidOption) as caught:
        front.run(adapter.send(prepared, proxies=bad.get("proxies")))
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("name", ["pool_connections", "pool_maxsize"])
@pytest.mark.parametrize("value", [None, "10", 1.5, []])
def test_counts_of_connections(name: str, value: Any) -> None:
    with pytest.raises(e.InvalidOption, match=name) as caught:
        HTTPAdapter(**{name: value})
    assert isinstance(caught.value, TypeError)


@pytest.mark.front("sync", "the other adapter has other settings")
def test_an_adapter_that_keeps_no_pools_has_a_proxy(session: ulak.Session) -> None:
    session.mount("http://", HTTPAdapter(pool_connections=0))
    with pytest.raises(e.ProxyError):
        session.get("http://127.0.0.1:2/", proxies={"http": "http://127.0.0.1:1"})


@pytest.mark.parametrize("headers", [5, None, b"x", "x", [("X", "y")]])
def test_an_auth_that_leaves_no_headers(session: ulak.Session, headers: Any) -> None:
    def auth(prepared: ulak.PreparedRequest) -> ulak.PreparedRequest:
        prepared.headers = headers
        return prepared

    with pytest.raises(e.InvalidOption) as caught:
        session.post("http://127.0.0.1:1/", data=b"x", auth=auth)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("where", [{"port": 80}, {"path": None}, {"path": 5}, {"port": b"80"}])
def test_cookies_whose_place_is_no_text(where: dict[str, Any]) -> None:
    with pytest.raises(e.InvalidOption) as caught:
        ulak.cookies.RequestsCookieJar().set("a", "b", domain="h.example", **where)
    assert isinstance(caught.value, TypeError)


# -- what is changed after it was prepared -----------------------------------


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("method", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", e.InvalidMethod),
        ("method", None, e.InvalidMethod),
        ("method", {"GET": 1}, e.InvalidMethod),
        ("method", ["GET"], e.InvalidMethod),
        ("url", "http://[", e.InvalidURL),
        ("url", None, e.RequestException),
        ("header", ("X", "a\r\nEvil: 1"), e.InvalidHeader),
        ("header", ("X\r\nEvil", "1"), e.InvalidHeader),
        ("header", ("X", 5), e.InvalidHeader),
        ("header", ("Host", "a\r\nEvil: 1"), e.InvalidHeader),
        ("header", ("Cookie", "a\nEvil: 1"), e.InvalidHeader),
        ("body", 5, e.RequestException),
        ("body", object(), e.RequestException),
        ("body", "\ud800aa", e.InvalidBody),
    ],
)
def test_the_last_gate_before_the_wire(http_server, session, name: str, value, error) -> None:
    prepared = session.prepare_request(ulak.Request("POST", f"{http_server.url}/post"))
    if name == "header":
        prepared.headers[value[0]] = value[1]
    else:
        if isinstance(value, str):
            value = value.replace("{port}", str(http_server.port))
        setattr(prepared, name, value)
    with pytest.raises(error):
        session.send(prepared)
    assert not http_server.requests, "no byte goes out"


def test_a_target_that_is_changed_after_it_was_prepared(http_server, session) -> None:
    prepared = session.prepare_request(ulak.Request("GET", f"{http_server.url}/get"))
    prepared.url = f"{http_server.url}/get?a b\r\nEvil: y"
    session.send(prepared)
    assert http_server.last.target == "/get?a%20b%0D%0AEvil:%20y"
    assert http_server.last.header("Evil") is None


@pytest.mark.parametrize("size", [0, -1, "1", 1.5, True])
def test_bad_sizes_of_pieces(http_server: HttpServer, session: ulak.Session, size) -> None:
    response = session.get(f"{http_server.url}/bytes/10", stream=True)
    with pytest.raises(e.InvalidOption) as caught:
        list(response.iter_content(size))
    assert isinstance(caught.value, TypeError)
    response.close()


@pytest.mark.front("sync", "nothing is asynchronous before it is awaited")
def test_a_bad_size_of_pieces_is_refused_at_once(http_server: HttpServer, session) -> None:
    with (
        session.get(f"{http_server.url}/bytes/10", stream=True) as response,
        pytest.raises(e.InvalidOption),
    ):
        response.iter_content(0)


def test_messages_hold_no_secret(http_server: HttpServer, session: ulak.Session) -> None:
    """Whatever goes wrong, a password of the URL, proxy or auth is not in the text."""
    urls = [
        "http://user:hunter2@[",
        "http://user:hunter2@127.0.0.1:1/",
        "x://user:hunter2@h/",
        "http://user:hunter2@no-such.invalid/",
        "user:hunter2@host/",
        "http://user:hunter2@h:99999/",
    ]
    for url in urls:
        with pytest.raises(e.RequestException) as caught:
            session.get(url, timeout=2)
        assert "hunter2" not in f"{caught.value} {caught.value!r}"
    for proxy in (
        "http://user:hunter2@127.0.0.1:1",
        "ftp://user:hunter2@h",
        "http://user:hunter2@[",
    ):
        with pytest.raises(e.RequestException) as caught:
            session.get(f"{http_server.url}/get", proxies={"http": proxy})
        assert "hunter2" not in f"{caught.value} {caught.value!r}"
    for headers in ({"Authorization": "hunter2\n"}, {"Cookie": "hunter2\x00"}):
        with pytest.raises(e.RequestException) as caught:
            session.get(f"{http_server.url}/get", headers=headers)
        assert "hunter2" not in f"{caught.value} {caught.value!r}"
    prepared = ulak.Request("GET", "http://user:hunter2@h/", auth=("u", "hunter2")).prepare()
    assert "hunter2" not in repr(prepared)
    session.auth = ("u", "hunter2")
    assert "hunter2" not in repr(session)


def test_a_url_set_later_is_encoded_at_the_last_gate(
    http_server: HttpServer, session: ulak.Session
) -> None:
    prepared = session.prepare_request(ulak.Request("GET", f"{http_server.url}/get"))
    prepared.url = f"{http_server.url}/anything/a b\r\nX: y"
    session.send(prepared)
    assert http_server.last.head.startswith(b"GET /anything/a%20b%0D%0AX:%20y HTTP/1.1\r\n")


@pytest.mark.parametrize("body", [b"longer than it was", b"x", "longer than it was", "x"])
def test_a_body_set_later_that_its_length_does_not_fit(
    http_server: HttpServer, session: ulak.Session, body: bytes | str
) -> None:
    prepared = session.prepare_request(
        ulak.Request("POST", f"{http_server.url}/post", data=b"seven..")
    )
    prepared.body = body
    with pytest.raises(e.InvalidBody):
        session.send(prepared)
    assert not http_server.requests
