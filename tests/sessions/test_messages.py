"""What errors say, and whose line warnings point to: as much as helps, and no secret."""

from __future__ import annotations

import json
import pickle
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from urllib3.exceptions import InsecureRequestWarning
from urllib3.util import Retry

import ulak
from tests.support import (
    Answer,
    Certificates,
    ForwardProxy,
    HttpServer,
    RawConnection,
    RawServer,
    free_port,
    stalled_port,
)
from tests.support.fronts import Front
from ulak._policy.steps import SKIM_LIMIT
from ulak.exceptions import (
    FileModeWarning,
    InvalidSchema,
    MissingSchema,
    ProxyError,
    SSLError,
    StreamConsumedError,
)

# -- whose answer, and what it was -------------------------------------------


def test_not_json(http_server: HttpServer, session: ulak.Session) -> None:
    with pytest.raises(ulak.JSONDecodeError) as caught:
        session.get(f"{http_server.url}/html?token=a-secret").json()
    error = caught.value
    assert str(error) == (
        f"GET {http_server.url}/html?token=***: the body of the answer "
        "(200, text/html; charset=utf-8) is not JSON: "
        "Expecting value: line 1 column 1 (char 0)"
    )
    assert (error.msg, error.pos) == ("Expecting value", 0)
    assert error.doc.startswith("<!DOCTYPE html>")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_an_empty_body_is_not_json(http_server: HttpServer, session: ulak.Session) -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        session.get(f"{http_server.url}/status/204").json()
    assert "(204, no Content-Type) is empty: " in str(caught.value)


def test_too_many_redirects(http_server: HttpServer, session: ulak.Session) -> None:
    session.max_redirects = 2
    with pytest.raises(ulak.TooManyRedirects) as caught:
        session.get(f"{http_server.url}/redirect/9")
    assert str(caught.value) == (
        f"Exceeded 2 redirects. The last is from GET {http_server.url}/redirect/7"
    )


def test_read_twice(http_server: HttpServer, session: ulak.Session) -> None:
    url = f"{http_server.url}/bytes/10"
    response = session.get(url, stream=True)
    list(response.iter_content(3))
    for read in (lambda: response.content, lambda: list(response.iter_content())):
        with pytest.raises(StreamConsumedError) as caught:
            read()
        assert str(caught.value).startswith(f"GET {url}: ")


@pytest.mark.front("async", "a Response that was closed unread is empty, as in requests")
def test_closed_unread(http_server: HttpServer, session: ulak.Session) -> None:
    url = f"{http_server.url}/status/404"
    with pytest.raises(ulak.HTTPError) as caught, session.stream("GET", url) as response:
        response.raise_for_status()
    with pytest.raises(StreamConsumedError, match="closed before its body was read"):
        _ = caught.value.response.content


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_streamed_error_that_the_call_raises_has_its_body(
    http_server: HttpServer, session: ulak.Session, size: int
) -> None:
    http_server.route("/gone")(lambda request: Answer(b"x" * size, 410))
    url = f"{http_server.url}/gone"
    with pytest.raises(ulak.HTTPError) as caught:
        session.stream("GET", url, raise_for_status=True).__enter__()
    assert caught.value.response.content == b"x" * min(size, SKIM_LIMIT)


# -- how often ---------------------------------------------------------------


@pytest.mark.parametrize(("retries", "ending"), [(0, "refused)"), (2, "refused); tried 3 times")])
def test_the_attempts_before_an_error(session: ulak.Session, retries: int, ending: str) -> None:
    with pytest.raises(ulak.ConnectionError) as caught:
        session.get(f"http://127.0.0.1:{free_port()}/", retries=Retry(retries, backoff_factor=0))
    assert str(caught.value).endswith(ending)


def test_the_attempts_before_a_body_that_breaks(session: ulak.Session) -> None:
    def break_off(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")

    with RawServer(break_off) as server:
        with pytest.raises(ulak.ChunkedEncodingError) as caught:
            session.get(server.url, retries=1)
        assert str(caught.value).endswith("; tried 2 times")


def test_the_attempts_before_an_answer(http_server: HttpServer, session: ulak.Session) -> None:
    url = f"{http_server.url}/status/503"
    with pytest.raises(ulak.RetryError) as caught:
        session.get(url, retries=Retry(2, status_forcelist=[503]))
    assert str(caught.value).startswith(f"GET {url}: 3 attempts, ")


def test_a_pause_that_is_too_long(http_server: HttpServer, session: ulak.Session) -> None:
    http_server.route("/busy")(lambda request: Answer(b"", 503, [("Retry-After", "60")]))
    with pytest.raises(ulak.TotalTimeout) as caught:
        session.get(f"{http_server.url}/busy", retries=2, timeout=ulak.Timeout(total=30))
    assert str(caught.value).startswith(f"GET {http_server.url}/busy: the server asks to wait 60 s")


# -- how long ----------------------------------------------------------------


def no_answer(connection: RawConnection) -> None:
    connection.recv_request()
    connection.hang()


def no_reading(connection: RawConnection) -> None:
    connection.recv_head()
    connection.hang()


def half_a_body(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    connection.hang()


@pytest.mark.parametrize(
    ("script", "doing"),
    [
        (no_answer, "waiting for the answer"),
        (no_reading, "sending the request"),
        (half_a_body, "reading the body"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_the_deadline_and_what_took_so_long(
    session: ulak.Session, start_raw_server, script, doing: str
) -> None:
    url = f"{start_raw_server(script).url}/"
    data = b"x" * (30_000_000 if script is no_reading else 1)
    with pytest.raises(ulak.TotalTimeout) as caught:
        session.post(url, data=data, timeout=ulak.Timeout(total=0.4))
    assert str(caught.value) == f"POST {url}: the deadline passed while {doing} (total=0.4 s)"


@pytest.mark.parametrize(
    "read",
    [
        lambda response: response.content,
        lambda response: list(response.iter_content(3)),
        lambda response: list(response.iter_content(None)),
        lambda response: list(response.iter_lines()),
    ],
    ids=["content", "pieces", "pieces as they come", "lines"],
)
@pytest.mark.parametrize("most", [None, 100])
@pytest.mark.parametrize("overrides", [False, True])
def test_the_deadline_while_a_body_is_streamed(
    front: Front, start_raw_server, read: Any, most: int | None, overrides: bool
) -> None:
    class Own(front.Session):  # type: ignore[name-defined,misc]  # a class by its front
        def send(self, request: Any, **settings: Any) -> Any:
            return super().send(request, **settings)

    def moved(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 302 X\r\nLocation: /here\r\nContent-Length: 0\r\n\r\n")
        half_a_body(connection)

    url = start_raw_server(moved).url
    with front.open((Own if overrides else front.Session)(max_body_size=most)) as session:
        response = session.get(url, stream=True, timeout=ulak.Timeout(total=0.3))
        with pytest.raises(ulak.TotalTimeout) as caught:
            read(response)
    said = "the deadline passed while reading the body (total=0.3 s)"
    assert str(caught.value) == f"GET {url}/here: {said}"
    assert caught.value.response.status_code == 200


def test_the_deadline_while_connecting(session: ulak.Session) -> None:
    with stalled_port() as port, pytest.raises(ulak.TotalTimeout) as caught:
        session.get(f"http://127.0.0.1:{port}/", timeout=ulak.Timeout(total=0.1))
    assert str(caught.value).endswith("the deadline passed while connecting (total=0.1 s)")


@pytest.fixture
def stalled(
    start_raw_server: Callable[..., RawServer], monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Places where connecting stalls, by which part of it does."""
    released, genuine = threading.Event(), socket.getaddrinfo

    def look_up(host: Any, *args: Any, **settings: Any) -> Any:
        if host in (b"slow.example", "slow.example"):
            released.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return genuine(host, *args, **settings)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    silent = start_raw_server(lambda connection: connection.wait_closed())
    with stalled_port() as port:
        yield {
            "name": "slow.example:1",
            "port": f"127.0.0.1:{port}",
            "silent": f"127.0.0.1:{silent.port}",
        }
        released.set()


@pytest.mark.parametrize("limit", ["connect", "total"])
@pytest.mark.parametrize(
    ("url", "proxy", "part", "whose"),
    [
        ("http://{name}/", None, "while looking up the name", ""),
        ("https://{name}/", None, "while looking up the name", ""),
        ("http://{port}/", None, "while connecting", ""),
        ("https://{port}/", None, "while connecting", ""),
        ("https://{silent}/", None, "in the TLS handshake", ""),
        ("https://{silent}/", "forwards", "in the TLS handshake", ""),
        ("http://h/", "http://{name}", "while looking up the name", " of the proxy"),
        ("https://h/", "http://{name}", "while looking up the name", " of the proxy"),
        ("http://h/", "socks5h://{name}", "while looking up the name", " of the proxy"),
        ("https://h/", "http://{port}", "while connecting", " to the proxy"),
        ("https://h/", "http://{silent}", "while connecting", " to the proxy"),
        ("http://h/", "socks5h://{silent}", "while connecting", " to the proxy"),
        ("http://h/", "https://{silent}", "in the TLS handshake", " with the proxy"),
        ("https://h/", "https://{silent}", "in the TLS handshake", " with the proxy"),
    ],
)
def test_which_part_of_connecting_took_too_long(
    front: Front,
    stalled: dict[str, str],
    forward_proxy: ForwardProxy,
    url: str,
    proxy: str | None,
    part: str,
    whose: str,
    limit: str,
) -> None:
    settings: dict[str, Any] = {"verify": False, "timeout": ulak.Timeout(**{limit: 0.2})}
    if proxy is not None:
        by = forward_proxy.url if proxy == "forwards" else proxy.format(**stalled)
        settings["proxies"] = {"all": by}
    url = url.format(**stalled)
    with front.session() as session, warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureRequestWarning)
        with pytest.raises(ulak.Timeout) as caught:
            session.get(url, **settings)
    said = str(caught.value)
    assert isinstance(caught.value, ProxyError) is bool(whose)
    if limit == "total":
        assert isinstance(caught.value, ulak.TotalTimeout)
        assert said == f"GET {url}: the deadline passed {part}{whose} (total=0.2 s)"
    else:
        assert isinstance(caught.value, ulak.ConnectTimeout)
        assert said.startswith(f"GET {url}: ")
        assert "no connection in time (" in said
        assert said.endswith(f"0.2 s, {part})")


def test_the_deadline_in_the_queue(http_server: HttpServer, front: Front) -> None:
    with (
        front.session(adapters={"http://": front.narrow()}) as session,
        session.get(f"{http_server.url}/drip?numbytes=99&duration=9", stream=True),
        pytest.raises(ulak.TotalTimeout, match=r"waiting for a free connection \(total=0.1 s\)$"),
    ):
        session.get(f"{http_server.url}/get", timeout=ulak.Timeout(total=0.1))


@pytest.mark.parametrize(
    ("args", "named", "said"),
    [
        ((5,), {"read": 30, "pool": 2}, "read came twice, by the 5, which is for connect and read"),
        ((1, 2), {"connect": 3, "read": 4}, "connect and read came twice, by order and by name"),
    ],
)
def test_a_limit_that_comes_twice(args, named, said: str) -> None:
    with pytest.raises(ulak.exceptions.InvalidTimeout, match=said):
        ulak.Timeout(*args, **named)


# -- where to ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "kind", "hint"),
    [
        ("localhost:5055/page", InvalidSchema, "Perhaps you meant http://localhost:5055/page?"),
        ("example.com/page", MissingSchema, "Perhaps you meant https://example.com/page?"),
        ("/page", MissingSchema, "base_url="),
        (None, MissingSchema, "The url is None."),
    ],
)
def test_a_url_without_a_scheme(session: ulak.Session, url, kind: type, hint: str) -> None:
    with pytest.raises(kind, match=r"were found|No scheme") as caught:
        session.get(url)
    assert hint in str(caught.value)


def greet(connection: RawConnection) -> None:
    """Answers a TLS handshake as a server of plain HTTP does."""
    connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    connection.wait_closed()


def test_https_to_a_plain_port(session: ulak.Session) -> None:
    with RawServer(greet) as server:
        with pytest.raises(SSLError, match="the server does not speak TLS on that port") as caught:
            session.get(f"https://127.0.0.1:{server.port}/")
        assert isinstance(caught.value.__cause__, Exception)


def test_https_to_a_plain_proxy(session: ulak.Session) -> None:
    with RawServer(greet) as server:
        proxies = {"https": f"https://127.0.0.1:{server.port}"}
        with pytest.raises(ProxyError, match="the proxy does not speak TLS on that port"):
            session.get("https://example.com/", proxies=proxies)


# -- whose line --------------------------------------------------------------


def test_a_warning_about_a_file_names_the_callers_line(
    http_server: HttpServer, front: Front, session: ulak.Session, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("Dear friend,")
    with (
        (tmp_path / "letter.txt").open(encoding="utf-8") as file,
        pytest.warns(FileModeWarning) as caught,
    ):
        call(front, session, "post", f"{http_server.url}/post", data=file)
    assert {warning.filename for warning in caught} == {__file__}


def test_a_warning_about_a_file_names_the_line_that_calls_a_function(
    http_server: HttpServer, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("Dear friend,")
    with (
        (tmp_path / "letter.txt").open(encoding="utf-8") as file,
        pytest.warns(FileModeWarning) as caught,
    ):
        ulak.post(f"{http_server.url}/post", data=file)
    assert {warning.filename for warning in caught} == {__file__}


def test_a_warning_about_verification_names_the_callers_line(
    certificates: Certificates, front: Front, session: ulak.Session
) -> None:
    context: ssl.SSLContext = certificates.server_context()
    with HttpServer(tls=context) as server, pytest.warns(InsecureRequestWarning) as caught:
        call(front, session, "get", f"{server.url}/get", verify=False)
    assert {warning.filename for warning in caught} == {__file__}


def call(front: Front, session: ulak.Session, verb: str, url: str, **settings: object) -> None:
    """Call from a line of this file: that of who awaits, where something is awaited."""
    method = getattr(front.real(session), verb)

    async def awaits() -> None:
        await method(url, **settings)

    front.run(awaits() if front.name == "async" else method(url, **settings))
