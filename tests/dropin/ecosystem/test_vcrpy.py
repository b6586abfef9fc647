"""vcrpy: records and plays by classes that it puts in the place of urllib3's connections."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
import vcr
import yaml
from vcr.errors import CannotOverwriteExistingCassetteException

from tests.support import Certificates, HttpServer


@pytest.fixture
def recorder(tmp_path: Path) -> vcr.VCR:
    return vcr.VCR(cassette_library_dir=str(tmp_path), match_on=["method", "uri", "body"])


def test_what_was_recorded_is_played(
    http_server: HttpServer, recorder: vcr.VCR, tmp_path: Path
) -> None:
    url = f"{http_server.url}/anything/letters"

    def ask() -> tuple:
        got = requests.get(url, params={"page": "2"}, headers={"X-Seal": "red"})
        sent = requests.post(url, json={"name": "Güneş"})
        form = requests.post(url, data={"a": "b"})
        return (
            (got.status_code, got.reason, got.url, got.json()["args"], got.encoding),
            (sent.json()["json"], sent.headers["Content-Type"], sent.ok),
            form.json()["form"],
        )

    with recorder.use_cassette("letters.yaml"):
        first = ask()
    assert first[0][3] == {"page": "2"}
    assert first[1][0] == {"name": "Güneş"}
    assert len(http_server.requests) == 3
    recorded = yaml.safe_load((tmp_path / "letters.yaml").read_text())["interactions"]
    assert [x["request"]["method"] for x in recorded] == ["GET", "POST", "POST"]
    assert recorded[0]["request"]["headers"]["X-Seal"] == ["red"]
    assert recorded[0]["request"]["uri"] == f"{url}?page=2"
    with recorder.use_cassette("letters.yaml", record_mode="none") as tape:
        assert ask() == first
        assert tape.all_played
    assert len(http_server.requests) == 3
    assert requests.get(url).ok
    assert len(http_server.requests) == 4


def test_a_session_keeps_what_is_recorded_apart(http_server: HttpServer, recorder) -> None:
    url = f"{http_server.url}/echo-ip"
    with requests.Session() as session:
        before = session.get(url).json()["port"]
        for _ in range(2):
            with recorder.use_cassette("ip.yaml"):
                recorded = session.get(url).json()["port"]
        assert recorded != before
        assert session.get(url).json()["port"] not in (recorded,)
    assert len(http_server.requests) == 3


def test_over_tls(https_server: HttpServer, certificates: Certificates, recorder) -> None:
    for _ in range(2):
        with recorder.use_cassette("tls.yaml"):
            response = requests.get(f"{https_server.url}/json", verify=str(certificates.ca))
            assert response.json()["courier"] == "ulak"
    assert len(https_server.requests) == 1


def test_codings_redirects_and_cookies(http_server: HttpServer, recorder: vcr.VCR) -> None:
    for _ in range(2):
        with recorder.use_cassette("several.yaml"), requests.Session() as session:
            assert session.get(f"{http_server.url}/gzip").json()["method"] == "GET"
            response = session.get(f"{http_server.url}/cookies/set?seal=red")
            assert response.json() == {"cookies": {"seal": "red"}}
            assert [x.status_code for x in response.history] == [302]
            with session.get(f"{http_server.url}/stream/3", stream=True) as lines:
                assert len(list(lines.iter_lines())) == 3
    assert len(http_server.requests) == 4


def test_an_upload(http_server: HttpServer, recorder: vcr.VCR, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_bytes(b"Dear friend")
    with recorder.use_cassette("upload.yaml"), (tmp_path / "letter.txt").open("rb") as letter:
        response = requests.post(f"{http_server.url}/post", files={"letter": letter})
        assert response.json()["files"] == {"letter": "Dear friend"}
    assert b"Dear friend" in http_server.last.body


def test_what_is_on_no_cassette_is_refused(http_server: HttpServer, recorder: vcr.VCR) -> None:
    with (
        recorder.use_cassette("none.yaml", record_mode="none"),
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        requests.get(http_server.url)
    assert http_server.requests == []


def test_a_header_is_kept_off_the_cassette(http_server, recorder, tmp_path: Path) -> None:
    headers = {"Authorization": "Bearer s3cret"}
    with recorder.use_cassette("secret.yaml", filter_headers=["authorization"]):
        assert requests.get(f"{http_server.url}/bearer", headers=headers).status_code == 200
    recorded = yaml.safe_load((tmp_path / "secret.yaml").read_text())["interactions"]
    assert "Authorization" not in recorded[0]["request"]["headers"]
    assert http_server.last.header("Authorization") == "Bearer s3cret"


@vcr.use_cassette("/dev/null", record_mode="none")
def test_as_a_decorator() -> None:
    with pytest.raises(CannotOverwriteExistingCassetteException):
        requests.get("http://127.0.0.1:1/")
