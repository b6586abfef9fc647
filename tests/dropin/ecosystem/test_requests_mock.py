"""requests-mock: an adapter that answers by itself, put in by dotted path or by mounting."""

from __future__ import annotations

import io

import pytest
import requests
import requests_mock
from requests_mock import NoMockAddress

from tests.support.http_server import HttpServer

URL = "http://letters.example/inbox"


def test_the_fixture(requests_mock: requests_mock.Mocker) -> None:
    requests_mock.get(URL, text="a letter", headers={"X-Mark": "1"}, status_code=201)
    response = requests.get(URL, params={"page": 2}, headers={"X-Token": "t"})
    assert (response.text, response.status_code, response.reason) == ("a letter", 201, None)
    assert response.headers["x-mark"] == "1"
    assert response.encoding == "utf-8"
    (seen,) = requests_mock.request_history
    assert (seen.method, seen.hostname, seen.path, seen.qs) == (
        "GET",
        "letters.example",
        "/inbox",
        {"page": ["2"]},
    )
    assert seen.headers["X-Token"] == "t"


def test_context_manager_and_decorator() -> None:
    with requests_mock.Mocker() as mocker:
        mocker.post(URL, json={"id": 7})
        response = requests.post(URL, json={"name": "Fatma"}, timeout=3, verify=False)
        assert response.json() == {"id": 7}
        assert mocker.last_request.json() == {"name": "Fatma"}
        assert (mocker.last_request.timeout, mocker.last_request.verify) == (3, False)

    @requests_mock.Mocker(kw="mocker")
    def decorated(mocker: requests_mock.Mocker) -> str:
        mocker.get(URL, text="decorated")
        return requests.get(URL).text

    assert decorated() == "decorated"


def test_what_is_not_registered() -> None:
    with requests_mock.Mocker(), pytest.raises(NoMockAddress) as caught:
        requests.get(URL)
    assert caught.value.request.url == URL


def test_the_real_server_beside_it(http_server: HttpServer) -> None:
    with requests_mock.Mocker(real_http=True) as mocker:
        mocker.get(URL, text="mocked")
        assert requests.get(f"{http_server.url}/get").json()["method"] == "GET"
        assert requests.get(URL).text == "mocked"


def test_an_adapter_for_a_scheme() -> None:
    session = requests.Session()
    adapter = requests_mock.Adapter()
    session.mount("mock://", adapter)
    adapter.register_uri("GET", "mock://test.com/path", text="data")
    assert session.get("mock://test.com/path").text == "data"


def test_a_session_of_ones_own(http_server: HttpServer) -> None:
    session = requests.Session()
    with requests_mock.Mocker(session=session) as mocker:
        mocker.get(requests_mock.ANY, text="mocked")
        assert session.get(f"{http_server.url}/get").text == "mocked"
        assert requests.get(f"{http_server.url}/get").json()["method"] == "GET"


def test_answers_in_turn_and_callbacks(requests_mock: requests_mock.Mocker) -> None:
    def answer(request, context) -> str:
        context.status_code = 202
        context.headers["X-Path"] = request.path
        return "made"

    requests_mock.get(URL, [{"text": "one"}, {"content": b"two"}, {"text": answer}])
    assert [requests.get(URL).text for _ in range(4)] == ["one", "two", "made", "made"]
    response = requests.get(URL)
    assert (response.status_code, response.headers["X-Path"]) == (202, "/inbox")


@pytest.mark.parametrize(
    "error", [requests.exceptions.ConnectTimeout, requests.exceptions.SSLError]
)
def test_errors_to_be_raised(requests_mock: requests_mock.Mocker, error: type[Exception]) -> None:
    requests_mock.get(URL, exc=error)
    with pytest.raises(error):
        requests.get(URL)


def test_redirects_and_cookies(requests_mock: requests_mock.Mocker) -> None:
    jar = requests_mock_jar()
    requests_mock.get(URL, status_code=302, headers={"Location": "/new"})
    requests_mock.get("http://letters.example/new", text="moved here", cookies=jar)
    with requests.Session() as session:
        response = session.get(URL)
        assert response.text == "moved here"
        assert [earlier.status_code for earlier in response.history] == [302]
        assert response.cookies["from"] == "jar"


def requests_mock_jar() -> requests_mock.CookieJar:
    jar = requests_mock.CookieJar()
    jar.set("from", "jar", domain="letters.example", path="/")
    return jar


def test_bodies_are_streams(requests_mock: requests_mock.Mocker) -> None:
    requests_mock.get(URL, body=io.BytesIO(b"line 1\nline 2\n"))
    with requests.get(URL, stream=True) as response:
        assert list(response.iter_lines()) == [b"line 1", b"line 2"]
    requests_mock.get(URL, content=b"12345678")
    with requests.get(URL, stream=True) as response:
        assert response.raw.read(3) == b"123"
        assert b"".join(response.iter_content(2)) == b"45678"


def test_matching(requests_mock: requests_mock.Mocker) -> None:
    requests_mock.post(URL, text="json", additional_matcher=lambda r: r.json() == {"a": 1})
    requests_mock.get(f"{URL}?a=1", request_headers={"X-Mark": "1"}, text="marked")
    assert requests.post(URL, json={"a": 1}).text == "json"
    assert requests.get(URL, params={"a": 1, "b": 2}, headers={"X-Mark": "1"}).text == "marked"
    with pytest.raises(NoMockAddress):
        requests.get(f"{URL}?a=1")


def test_a_session_is_as_it_was_afterwards(http_server: HttpServer) -> None:
    send, adapter = requests.Session.send, requests.Session.get_adapter
    with requests_mock.Mocker() as mocker:
        mocker.get(URL, text="mocked")
        assert requests.get(URL).text == "mocked"
        assert requests.Session.send is not send
    assert (requests.Session.send, requests.Session.get_adapter) == (send, adapter)
    assert requests.get(f"{http_server.url}/get").ok
