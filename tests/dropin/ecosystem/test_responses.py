"""responses: takes the place of ``requests.adapters.HTTPAdapter.send``, and builds responses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import requests
import responses
from requests.adapters import HTTPAdapter
from responses import _recorder, matchers, registries
from urllib3.util import Retry

from tests.support.http_server import HttpServer

URL = "http://letters.example/inbox"


@responses.activate
def test_the_decorator() -> None:
    responses.get(URL, json={"id": 7}, status=201, headers={"X-Mark": "1"})
    response = requests.get(URL)
    assert (response.json(), response.status_code) == ({"id": 7}, 201)
    assert response.headers["x-mark"] == "1"
    assert response.headers["Content-Type"] == "application/json"
    (call,) = responses.calls
    assert call.request.url == URL
    assert call.response.text == '{"id": 7}'
    responses.assert_call_count(URL, 1)


def test_what_is_not_registered() -> None:
    with responses.RequestsMock() as mock:
        with pytest.raises(requests.exceptions.ConnectionError, match="Connection refused"):
            requests.get("http://other.example/")
        mock.add(responses.GET, URL, body="")
        requests.get(URL)


def test_all_has_to_be_asked_for() -> None:
    with (
        pytest.raises(AssertionError, match="Not all requests"),
        responses.RequestsMock() as mock,
    ):
        mock.add(responses.GET, URL)


@responses.activate
def test_an_error_as_the_body() -> None:
    responses.get(URL, body=requests.exceptions.ReadTimeout("slow"))
    with pytest.raises(requests.exceptions.Timeout, match="slow"):
        requests.get(URL)


@responses.activate
def test_callbacks_and_patterns() -> None:
    def answer(request: requests.PreparedRequest):
        numbers = json.loads(request.body)["numbers"]
        return 200, {"X-Sum": "yes"}, json.dumps(sum(numbers))

    responses.add_callback(responses.POST, re.compile(r"http://letters\.example/.*"), answer)
    response = requests.post(f"{URL}/sum", json={"numbers": [1, 2, 3]})
    assert (response.json(), response.headers["X-Sum"]) == (6, "yes")


@responses.activate
def test_matchers() -> None:
    responses.post(
        URL,
        body="form",
        match=[
            matchers.urlencoded_params_matcher({"left": "1"}),
            matchers.header_matcher({"X-Mark": "1"}),
        ],
    )
    responses.get(
        URL,
        body="query",
        match=[
            matchers.query_param_matcher({"page": "2"}),
            matchers.request_kwargs_matcher({"stream": False, "verify": True}),
        ],
    )
    responses.post(
        f"{URL}/files",
        body="files",
        match=[matchers.multipart_matcher({"letter": b"text"}, {"left": "1"})],
    )
    assert requests.post(URL, data={"left": 1}, headers={"X-Mark": "1"}).text == "form"
    assert requests.get(URL, params={"page": 2}).text == "query"
    sent = requests.post(f"{URL}/files", files={"letter": b"text"}, data={"left": "1"})
    assert sent.text == "files"
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(URL)


@responses.activate(registry=registries.OrderedRegistry)
def test_retries_run_inside_of_it() -> None:
    bad = [responses.get(URL, status=503) for _ in range(2)]
    good = responses.get(URL, body="at last")
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(3, status_forcelist=[503])))
        assert session.get(URL).text == "at last"
    assert [answer.call_count for answer in (*bad, good)] == [1, 1, 1]


@responses.activate
def test_retries_run_out() -> None:
    responses.get(URL, status=503)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(2, status_forcelist=[503])))
        with pytest.raises(requests.exceptions.RetryError):
            session.get(URL)
    responses.assert_call_count(URL, 3)


@responses.activate
def test_redirects_and_cookies() -> None:
    responses.get(
        URL, status=302, headers={"Location": "http://letters.example/new", "Set-Cookie": "a=1"}
    )
    responses.get("http://letters.example/new", body="here")
    with requests.Session() as session:
        response = session.get(URL)
        assert (response.text, response.url) == ("here", "http://letters.example/new")
        assert session.cookies.get_dict() == {"a": "1"}
    assert response.history[0].cookies.get_dict() == {"a": "1"}
    assert responses.calls[1].request.headers["Cookie"] == "a=1"


@responses.activate
def test_streams() -> None:
    responses.get(URL, body=b"line 1\nline 2\n", auto_calculate_content_length=True)
    with requests.get(URL, stream=True) as response:
        assert list(response.iter_lines()) == [b"line 1", b"line 2"]
        assert response.headers["Content-Length"] == "14"
    with requests.get(URL, stream=True) as response:
        assert response.raw.read(4) == b"line"


def test_the_real_server_beside_it(http_server: HttpServer) -> None:
    with responses.RequestsMock() as mock:
        mock.add_passthru(http_server.url)
        mock.add(responses.GET, URL, body="mocked")
        assert requests.get(f"{http_server.url}/get").json()["method"] == "GET"
        assert requests.get(URL).text == "mocked"
    assert requests.get(f"{http_server.url}/get").ok


def test_record_and_replay(http_server: HttpServer, tmp_path: Path) -> None:
    file = tmp_path / "letters.yaml"
    url = f"{http_server.url}/json"

    @_recorder.record(file_path=file)
    def record() -> str:
        return requests.get(url).text

    recorded = record()
    http_server.clear()
    with responses.RequestsMock() as mock:
        mock._add_from_file(file_path=file)
        assert requests.get(url).text == recorded
    assert http_server.requests == []


def test_a_hook_sees_the_response() -> None:
    seen = []
    with responses.RequestsMock(response_callback=lambda r: seen.append(r) or r) as mock:
        mock.add(responses.GET, URL, body="a")
        response = requests.get(URL)
    assert seen == [response]
