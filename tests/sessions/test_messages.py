"""What errors say, and whose line warnings point to: as much as helps, and no secret."""

from __future__ import annotations

import json
import pickle
import ssl
from pathlib import Path

import pytest
from urllib3.exceptions import InsecureRequestWarning
from urllib3.util import Retry

import ulak
from tests.support import Answer, Certificates, HttpServer, RawConnection, RawServer, free_port
from tests.support.fronts import Front
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
