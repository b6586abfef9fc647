"""P11: what a program prints, logs or reports holds no password and no token."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ulak
from tests.support import Answer, HttpServer, RawConnection, free_port
from tests.support.fronts import Front
from ulak import _digest
from ulak.auth import AuthBase, HTTPBasicAuth, HTTPBearerAuth, HTTPDigestAuth, HTTPProxyAuth
from ulak.exceptions import RequestException

SECRET = "s3cr3t"
#: What a secret looks like in Basic, whatever is before it, and percent-encoded.
FORMS = (SECRET, "dXNlcjpzM2NyM3", "s3cr3%74")


def shown(error: BaseException | None, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """All that is said of an error, and of those that it came of; reports show these, too."""
    if error is None or id(error) in seen:
        return
    seen |= {id(error)}
    yield from (str(error), repr(error), *map(repr, error.args))
    yield from getattr(error, "__notes__", ())
    yield from shown(error.__cause__, seen)
    yield from shown(error.__context__, seen)


def check(*texts: str) -> None:
    for text in texts:
        found = [form for form in FORMS if form in text]
        assert not found, text


def fails(session: Any, url: str, **settings: Any) -> RequestException:
    with pytest.raises(RequestException) as caught:
        session.get(url, **settings)
    error = caught.value
    check(*shown(error), *shown(pickle.loads(pickle.dumps(error))))
    return error


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails the test that logs a secret, whoever's logger it is."""
    with caplog.at_level(logging.DEBUG):
        yield
    check(*(record.getMessage() for record in caplog.records))


URLS = [
    "http://user:{s}@127.0.0.1:1/",
    "http://user:{s}@nowhere.invalid/",
    "https://user:{s}@127.0.0.1:1/?a=b#c",
    "http://user:{s}@[::1/",
    "http://user:{s}@127.0.0.1:port/",
    "http://user:{s}@127.0.0.1:99999/",
    "http://user:{s}@a b/",
    "http://user:{s}@/",
    "http://user:{s}@.example/",
    "http://user:{s}@exa\x00mple/",
    "http://user:{s}@exa\r\nmple/",
    "http:///user:{s}@host/",
    "http:user:{s}@host/",
    "//user:{s}@host/",
    "user:{s}@host/",
    "ftp://user:{s}@host/",
    "http://user:{s}@xn--\udcff.example/",
    "http://user:{s}@" + "a" * 64 + ".example/",
    "http://127.0.0.1:1/?access_token={s}",
    "http://127.0.0.1:1/?x=1&token={s}&y=2",
    "http://127.0.0.1:1/?api_key={s}",
    "http://127.0.0.1:1/?password={s}#part",
]


@pytest.mark.parametrize("url", URLS)
def test_in_a_url_that_fails(front: Front, logged: None, url: str) -> None:
    with front.session(timeout=2) as session:
        fails(session, url.format(s=SECRET))


@pytest.mark.parametrize(
    "proxy",
    [
        "http://user:{s}@127.0.0.1:1",
        "https://user:{s}@127.0.0.1:1",
        "socks5://user:{s}@127.0.0.1:1",
        "socks5h://user:{s}@nowhere.invalid:1",
        "socks4://user:{s}@127.0.0.1:1",
        "socks9://user:{s}@127.0.0.1:1",
        "ftp://user:{s}@127.0.0.1:1",
        "http://user:{s}@127.0.0.1:port",
        "http://user:{s}@[::1",
        "user:{s}@127.0.0.1:1",
        "http://user:{s}\r\n@127.0.0.1:1",
        "socks5://user:{s}" + "x" * 300 + "@127.0.0.1:1",
        "socks5://:{s}@127.0.0.1:1",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_in_a_proxys_url(front: Front, logged: None, scheme: str, proxy: str) -> None:
    proxies = {scheme: proxy.format(s=SECRET)}
    with front.session(proxies=proxies, timeout=2) as session:
        fails(session, f"{scheme}://127.0.0.1:1/")
        check(repr(session), *(repr(x) for x in session.adapters.values()))


@pytest.mark.parametrize(
    "settings",
    [
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        {"headers": {"Authorization": f"Bearer {SECRET}\n"}},
        {"headers": {"X-Api-Key": f"{SECRET}\u20ac"}},
        {"headers": {"X-Api-Key": f"{SECRET}\0"}},
        {"auth": ("user", SECRET)},
        {"auth": ("user", f"{SECRET}\n")},
        {"auth": ("user", SECRET, "more")},
        {"auth": HTTPBearerAuth(f"{SECRET} ")},
        {"auth": HTTPDigestAuth("us\0er", SECRET)},
        {"auth": SECRET},
        {"cookies": {"c": SECRET}},
        {"cookies": {"c": f"{SECRET};"}},
        {"cookies": {"c": f"{SECRET}\n"}},
        {"cert": ("/nowhere.pem", "/nowhere.key", SECRET)},
        {"headers": {f"Authorization: Bearer {SECRET}": ""}},
        {"headers": [(f"Authorization: Bearer {SECRET}".encode(), "")]},
        {"files": {"f": ("n", b"x", None, {f"Authorization: {SECRET}": "1"})}},
        # Half a surrogate pair: Python's own error holds all of the text.
        {"auth": ("user", f"{SECRET}\ud800")},
        {"params": {"p": f"{SECRET}\ud800"}},
        {"params": f"password={SECRET}\ud800"},
        {"data": {"p": f"{SECRET}\ud800"}},
        {"data": f"password={SECRET}\ud800"},
        {"data": {"p": f"{SECRET}\ud800"}, "files": {"f": b"x"}},
        {"json": {"password": SECRET, "x": float("nan")}},
        {"json": {"password": SECRET, "x": {1}}},
    ],
    ids=repr,
)
def test_in_what_a_request_carries(front: Front, logged: None, settings: dict[str, Any]) -> None:
    url = f"{'https' if 'cert' in settings else 'http'}://127.0.0.1:{free_port()}/"
    with front.session() as session:
        fails(session, url, **settings)


def test_in_errors_of_an_answer(http_server: HttpServer, front: Front, logged: None) -> None:
    url = http_server.url.replace("://", f"://user:{SECRET}@")
    http_server.route("/wrong")(lambda request: Answer(b"{", 200))
    with front.session(cookies={"c": SECRET}, max_body_size=1000) as session:
        for path in ("/status/404?token=", "/status/503?client_secret="):
            with pytest.raises(ulak.HTTPError) as caught:
                session.get(f"{url}{path}{SECRET}").raise_for_status()
            check(*shown(caught.value))
        with pytest.raises(ulak.JSONDecodeError) as wrong:
            session.get(f"{url}/wrong?token={SECRET}").json()
        check(*shown(wrong.value))
        fails(session, f"{url}/bytes/2000?token={SECRET}")
        fails(session, f"{url}/get?token={SECRET}", https_only=True)
        fails(session, f"{url}/get?token={SECRET}", address_policy=ulak.AddressPolicy())
        fails(session, f"{url}/redirect-to?url=http://u:{SECRET}@[x/")
        fails(session, f"{url}/redirect-to?url=ftp://u:{SECRET}@x/")
        session.max_redirects = 0
        fails(session, f"{url}/redirect-to?url=/get%3Ftoken={SECRET}")


def test_in_what_breaks_off(start_raw_server: Callable[..., Any], front: Front, logged) -> None:
    def broken(connection: RawConnection) -> None:
        head = connection.recv_head()
        # A server that gives back what it was sent, where no answer should be.
        connection.send(
            b"HTTP/1.1 200 OK\r\n", head.replace(b"\r\n", b"\r\n ").strip(), b"\r\n\r\n"
        )

    server = start_raw_server(broken)
    with front.session() as session, pytest.raises(RequestException) as caught:
        session.get(f"http://user:{SECRET}@127.0.0.1:{server.port}/")
    check(str(caught.value))


class Own(AuthBase):
    """A caller's."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, r: ulak.PreparedRequest) -> ulak.PreparedRequest:
        r.headers["Authorization"] = self.token
        return r


def test_in_the_repr_of_what_holds_them(front: Front) -> None:
    auths = [
        HTTPBasicAuth("user", SECRET),
        HTTPProxyAuth("user", SECRET),
        HTTPDigestAuth("user", SECRET),
        HTTPBearerAuth(SECRET),
        Own(SECRET),
    ]
    for auth in (*auths, _digest.Credentials("user", SECRET)):
        check(repr(auth), str(auth))
    url = f"http://user:{SECRET}@127.0.0.1/?token={SECRET}"
    request = ulak.Request("GET", url, auth=("user", SECRET), cookies={"c": SECRET})
    check(repr(request), str(request))
    prepared = request.prepare()
    check(repr(prepared), str(prepared))
    with front.session(
        auth=auths[0],
        headers={"Authorization": SECRET},
        cookies={"c": SECRET},
        proxies={"all": f"http://user:{SECRET}@127.0.0.1:1"},
    ) as session:
        real = front.real(session)
        check(repr(real), str(real), *(repr(x) for x in real.adapters.values()))
        if front.name == "sync":
            adapter = real.get_adapter("http://")
            for proxy in ("http://user:{}@127.0.0.1:1", "socks5://user:{}@127.0.0.1:1"):
                manager = adapter.proxy_manager_for(proxy.format(SECRET))
                check(repr(manager), repr(manager.connection_from_host("example.com", 80)))


def test_in_a_traceback(front: Front, logged: None) -> None:
    # As a program that logs its exceptions prints it: no line of code holds a value.
    url = f"http://user:{SECRET}@127.0.0.1:{free_port()}/?token={SECRET}"
    with front.session(headers={"Authorization": f"Bearer {SECRET}"}) as session:
        try:
            session.get(url)
        except ulak.ConnectionError as error:
            check("".join(traceback.format_exception(error)))
