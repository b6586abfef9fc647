"""requests-file: an adapter of its own for ``file:``, whose response it fills by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from requests_file import FileAdapter


@pytest.fixture
def session():
    with requests.Session() as session:
        session.mount("file://", FileAdapter())
        yield session


def test_a_file_is_a_response(session: requests.Session, tmp_path: Path) -> None:
    letter = tmp_path / "a letter.txt"
    letter.write_text("güneş\nay\n", encoding="utf-8")
    response = session.get(letter.as_uri())
    response.raise_for_status()
    assert response.status_code == requests.codes.ok
    assert response.headers["Content-Length"] == str(letter.stat().st_size)
    assert response.content.decode() == "güneş\nay\n"
    response.encoding = "utf-8"
    assert response.text == "güneş\nay\n"


def test_it_streams(session: requests.Session, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\ntwo\n" * 10_000)
    with session.get(path.as_uri(), stream=True) as response:
        assert list(response.iter_lines()) == [b"one", b"two"] * 10_000
    assert response.raw.closed


def test_what_is_not_there_is_404(session: requests.Session, tmp_path: Path) -> None:
    response = session.get((tmp_path / "absent").as_uri())
    assert response.status_code == requests.codes.not_found
    with pytest.raises(requests.exceptions.HTTPError):
        response.raise_for_status()


def test_it_only_gets(session: requests.Session, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Invalid request method"):
        session.post((tmp_path / "body").as_uri())


def test_a_host_is_refused(session: requests.Session) -> None:
    with pytest.raises(ValueError, match="hostname"):
        session.get("file://example.com/etc/passwd")
