"""betamax: an adapter that records what came back on a cassette, and plays it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from betamax import Betamax
from betamax.exceptions import BetamaxError

from tests.support import Answer, HttpServer


@pytest.fixture
def session():
    with requests.Session() as session:
        yield session


@pytest.fixture
def recorder(session: requests.Session, tmp_path: Path) -> Betamax:
    return Betamax(session, cassette_library_dir=str(tmp_path))


def cassette(folder: Path, name: str) -> list[dict]:
    return json.loads((folder / f"{name}.json").read_text())["http_interactions"]


def test_what_was_recorded_is_played(
    http_server: HttpServer, session: requests.Session, recorder: Betamax, tmp_path: Path
) -> None:
    url = f"{http_server.url}/anything/letters"

    def ask() -> tuple:
        got = session.get(url, params={"page": "2"}, headers={"X-Seal": "red"})
        sent = session.post(url, json={"name": "Güneş"})
        return (
            (got.status_code, got.reason, got.url, got.json()["args"], got.encoding),
            (sent.json()["json"], sent.headers["Content-Type"], sent.ok),
        )

    with recorder.use_cassette("letters"):
        first = ask()
    assert first[0][3] == {"page": "2"}
    assert first[1][0] == {"name": "Güneş"}
    assert len(http_server.requests) == 2
    recorded = cassette(tmp_path, "letters")
    assert [x["request"]["method"] for x in recorded] == ["GET", "POST"]
    assert recorded[0]["request"]["headers"]["X-Seal"] == ["red"]
    assert recorded[1]["request"]["body"]["string"] == '{"name": "G\\u00fcne\\u015f"}'
    with recorder.use_cassette("letters", record="none"):
        assert ask() == first
    assert len(http_server.requests) == 2


def test_a_gzipped_body_is_kept_as_it_came(
    http_server: HttpServer, session: requests.Session, recorder: Betamax, tmp_path: Path
) -> None:
    bodies = []
    for _ in range(2):
        with recorder.use_cassette("gzip"):
            bodies.append(session.get(f"{http_server.url}/gzip").json()["method"])
    assert bodies == ["GET", "GET"]
    assert len(http_server.requests) == 1
    response = cassette(tmp_path, "gzip")[0]["response"]
    assert response["headers"]["Content-Encoding"] == ["gzip"]
    assert "base64_string" in response["body"]


def test_redirects_and_cookies_are_played(
    http_server: HttpServer, session: requests.Session, recorder: Betamax
) -> None:
    for _ in range(2):
        session.cookies.clear()
        with recorder.use_cassette("cookies"):
            response = session.get(f"{http_server.url}/cookies/set?seal=red")
            assert response.json() == {"cookies": {"seal": "red"}}
            assert [x.status_code for x in response.history] == [302]
            assert session.cookies["seal"] == "red"
    assert len(http_server.requests) == 2


def test_a_repeated_field(
    http_server: HttpServer, session: requests.Session, recorder: Betamax
) -> None:
    answer = Answer(b"x", 200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    http_server.route("/two")(lambda _: answer)
    for _ in range(2):
        session.cookies.clear()
        with recorder.use_cassette("two"):
            session.get(f"{http_server.url}/two")
        assert session.cookies.get_dict() == {"a": "1", "b": "2"}
    assert len(http_server.requests) == 1


def test_what_is_on_no_cassette_is_refused(
    http_server: HttpServer, session: requests.Session, recorder: Betamax
) -> None:
    with recorder.use_cassette("one"):
        session.get(f"{http_server.url}/get")
    with recorder.use_cassette("one", record="none"), pytest.raises(BetamaxError):
        session.get(f"{http_server.url}/json")
    assert len(http_server.requests) == 1


def test_placeholders_hide_a_secret(
    http_server: HttpServer, session: requests.Session, recorder: Betamax, tmp_path: Path
) -> None:
    secret = [{"placeholder": "<TOKEN>", "replace": "s3cret"}]
    for _ in range(2):
        with recorder.use_cassette("secret", placeholders=secret):
            response = session.get(
                f"{http_server.url}/bearer", headers={"Authorization": "Bearer s3cret"}
            )
            assert response.json()["token"] == "s3cret"
    assert "s3cret" not in (tmp_path / "secret.json").read_text()
