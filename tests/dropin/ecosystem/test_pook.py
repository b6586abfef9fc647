"""pook: mocks by putting a function of its own in the place of urllib3's ``urlopen``."""

from __future__ import annotations

import pook
import pytest
import requests
from pook.exceptions import PookNoMatches

from tests.support import HttpServer


@pook.on
def test_a_mock_answers() -> None:
    mock = pook.get(
        "http://letters.example/1",
        params={"page": "2"},
        reply=200,
        response_json={"name": "Güneş"},
    )
    response = requests.get("http://letters.example/1", params={"page": "2"})
    assert response.json() == {"name": "Güneş"}
    assert response.status_code == requests.codes.ok
    assert mock.calls == 1


@pook.on
def test_what_was_sent_is_matched() -> None:
    pook.post("https://letters.example/").json({"a": 1}).header("X-Seal", "red").reply(201)
    response = requests.post("https://letters.example/", json={"a": 1}, headers={"X-Seal": "red"})
    assert response.status_code == requests.codes.created
    assert pook.isdone()


@pook.on
def test_what_is_not_mocked_is_refused() -> None:
    with pytest.raises(PookNoMatches):
        requests.get("http://letters.example/")


def test_the_network_may_be_let_through(http_server: HttpServer) -> None:
    with pook.use(network=True):
        pook.get("http://letters.example/").reply(204)
        assert requests.get("http://letters.example/").status_code == requests.codes.no_content
        assert requests.get(f"{http_server.url}/json").json()["courier"] == "ulak"
    assert requests.get(f"{http_server.url}/json").ok
    assert len(http_server.requests) == 2
