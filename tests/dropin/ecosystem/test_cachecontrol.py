"""CacheControl: an adapter that reads along, and answers in the place of the server."""

from __future__ import annotations

import email.utils
import gzip
import itertools
import time
from pathlib import Path

import pytest
import requests
from cachecontrol import CacheControl, CacheControlAdapter
from cachecontrol.caches import FileCache, SeparateBodyFileCache
from cachecontrol.heuristics import ExpiresAfter, LastModified, OneDayCache

from tests.support.http_server import HttpServer
from tests.support.messages import Answer, ReceivedRequest
from tests.support.routes import pattern, pattern_pieces


@pytest.fixture(params=["memory", "files", "separate bodies"])
def session(request, tmp_path: Path):
    caches = {
        "memory": lambda: None,
        "files": lambda: FileCache(tmp_path / "cache"),
        "separate bodies": lambda: SeparateBodyFileCache(tmp_path / "cache"),
    }
    with CacheControl(requests.Session(), cache=caches[request.param]()) as session:
        yield session


@pytest.fixture
def plain():
    with requests.Session() as session:
        yield session


def _fresh(*more: tuple[str, str]) -> list[tuple[str, str]]:
    """What lets an answer be kept for a minute."""
    return [
        ("Date", email.utils.formatdate(usegmt=True)),
        ("Cache-Control", "max-age=60"),
        *more,
    ]


def _counting(server: HttpServer, path: str, *fields: tuple[str, str], body=None) -> str:
    """A page that says how often it was made."""
    numbers = itertools.count(1)

    @server.route(path)
    def page(request: ReceivedRequest) -> Answer:
        number = next(numbers)
        return Answer(body or f"edition {number}".encode(), 200, list(fields))

    return server.url + path


def test_what_is_fresh_is_not_asked_for(session, http_server: HttpServer) -> None:
    url = _counting(http_server, "/page", *_fresh(("X-Mark", "kept")))
    first, second = session.get(url), session.get(url)
    assert (first.from_cache, second.from_cache) == (False, True)
    assert first.text == second.text == "edition 1"
    assert second.headers["X-Mark"] == "kept"
    assert second.status_code == 200
    assert second.url == url
    assert len(http_server.requests) == 1
    assert session.get(url, headers={"Cache-Control": "no-cache"}).text == "edition 2"


@pytest.mark.parametrize("kind", ["gzip", "chunked gzip", "chunked", "large", "empty"])
def test_bodies_of_every_kind_are_kept(session, http_server: HttpServer, kind: str) -> None:
    coded = gzip.compress(pattern(200_000))
    bodies = {
        "gzip": lambda: coded,
        "chunked gzip": lambda: [coded[:100], coded[100:]],
        "chunked": lambda: pattern_pieces(200_000, 999),
        "large": lambda: pattern(200_000),
        "empty": lambda: b"",
    }
    fields = {name: [("Content-Encoding", "gzip")] * ("gzip" in name) for name in bodies}

    @http_server.route("/page")
    def page(request: ReceivedRequest) -> Answer:
        return Answer(bodies[kind](), 200, _fresh(*fields[kind]))

    url = f"{http_server.url}/page"
    first, second = session.get(url), session.get(url)
    assert (first.from_cache, second.from_cache) == (False, True)
    assert first.content == second.content == (pattern(200_000) if kind != "empty" else b"")
    assert first.headers.get("Content-Encoding") == second.headers.get("Content-Encoding")


@pytest.mark.parametrize("framing", [[], [("Content-Length", "200000")]], ids=["chunks", "length"])
def test_a_stream_is_kept_when_it_was_read(session, http_server: HttpServer, framing) -> None:
    pieces = [b"x" * 10_000] * 20
    fields = _fresh(*framing)
    url = _counting(http_server, "/page", *fields, body=pieces)
    with session.get(url, stream=True) as response:
        next(response.iter_content(1000))
    assert not session.get(url, stream=True).from_cache
    with session.get(url, stream=True) as response:
        assert b"".join(response.iter_content(1000)) == b"".join(pieces)
    again = session.get(url)
    assert again.from_cache
    assert again.content == b"".join(pieces)


def test_what_is_stale_is_asked_about(session, http_server: HttpServer) -> None:
    @http_server.route("/page")
    def page(request: ReceivedRequest) -> Answer:
        fields = [("ETag", '"v1"'), ("Cache-Control", "max-age=0"), ("X-Seen", str(time.time()))]
        if request.header("If-None-Match") == '"v1"':
            return Answer(b"", 304, fields)
        return Answer(b"the page", 200, fields)

    url = f"{http_server.url}/page"
    first, second = session.get(url), session.get(url)
    assert second.status_code == 200
    assert (second.text, second.from_cache) == ("the page", True)
    assert second.headers["X-Seen"] > first.headers["X-Seen"]
    assert [r.header("If-None-Match") for r in http_server.requests] == [None, '"v1"']
    assert http_server.connections == 1


def test_another_variant_is_asked_for(session, http_server: HttpServer) -> None:
    url = _counting(http_server, "/page", *_fresh(("Vary", "Accept")))
    assert session.get(url, headers={"Accept": "text/a"}).text == "edition 1"
    assert session.get(url, headers={"Accept": "text/a"}).text == "edition 1"
    assert session.get(url, headers={"Accept": "text/b"}).text == "edition 2"


def test_what_may_not_be_kept_is_not(session, http_server: HttpServer) -> None:
    url = _counting(http_server, "/page", ("Cache-Control", "no-store, max-age=60"))
    assert [session.get(url).text for _ in range(2)] == ["edition 1", "edition 2"]


def test_a_change_clears_what_was_kept(session, http_server: HttpServer) -> None:
    url = _counting(http_server, "/page", *_fresh())
    assert session.get(url).text == session.get(url).text == "edition 1"
    session.put(url, data="new")
    assert session.get(url).text == "edition 3"


def test_a_permanent_redirect_is_kept(session, http_server: HttpServer) -> None:
    @http_server.route("/old")
    def old(request: ReceivedRequest) -> Answer:
        return Answer(b"", 301, _fresh(("Location", "/new")))

    _counting(http_server, "/new", *_fresh())
    for _ in range(2):
        assert session.get(f"{http_server.url}/old").text == "edition 1"
    assert [request.path for request in http_server.requests] == ["/old", "/new"]


def test_files_outlive_the_session(http_server: HttpServer, tmp_path: Path) -> None:
    url = _counting(http_server, "/page", *_fresh())
    for _ in range(2):
        with CacheControl(requests.Session(), cache=FileCache(tmp_path)) as session:
            assert session.get(url).text == "edition 1"


def test_a_heuristic_changes_what_the_server_said(plain, http_server: HttpServer) -> None:
    plain.mount("http://", CacheControlAdapter(heuristic=OneDayCache()))
    url = _counting(http_server, "/page", ("Date", email.utils.formatdate(usegmt=True)))
    first, second = plain.get(url), plain.get(url)
    assert first.text == second.text == "edition 1"
    for response in (first, second):
        assert response.headers["Cache-Control"] == "public"
        assert response.headers["Warning"].startswith("110 - ")


def test_heuristics_of_time(plain, http_server: HttpServer) -> None:
    now = time.time()
    fields = [
        ("Date", email.utils.formatdate(now, usegmt=True)),
        ("Last-Modified", email.utils.formatdate(now - 10 * 86400, usegmt=True)),
    ]
    url = _counting(http_server, "/page", *fields)
    plain.mount("http://", CacheControlAdapter(heuristic=LastModified()))
    assert plain.get(url).text == plain.get(url).text == "edition 1"
    plain.mount("http://", CacheControlAdapter(heuristic=ExpiresAfter(days=1)))
    assert plain.get(url).text == plain.get(url).text == "edition 2"
