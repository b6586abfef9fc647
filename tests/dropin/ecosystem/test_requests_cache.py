"""requests-cache: a session that keeps responses, in memory or in SQLite, and gives them back."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import requests_cache
from requests_cache import CachedResponse, CachedSession, CacheMixin, SQLiteCache

from tests.support.http_server import HttpServer
from tests.support.messages import Answer, ReceivedRequest


@pytest.fixture(params=["memory", "sqlite", "filesystem"])
def session(request, tmp_path: Path):
    with CachedSession(str(tmp_path / "cache"), backend=request.param, expire_after=60) as session:
        yield session
        session.cache.close()


def _counting(server: HttpServer, *fields: tuple[str, str], path: str = "/page") -> str:
    """A page that says how often it was made."""
    numbers = itertools.count(1)

    @server.route(path)
    def page(request: ReceivedRequest) -> Answer:
        return Answer(f"edition {next(numbers)}".encode(), 200, list(fields))

    return server.url + path


def test_the_second_time_it_is_not_asked_for(session, http_server: HttpServer) -> None:
    url = _counting(http_server, ("X-Mark", "1"), ("X-Mark", "2"), ("Set-Cookie", "a=1"))
    first, second = session.get(url), session.get(url)
    assert (first.from_cache, second.from_cache) == (False, True)
    assert first.text == second.text == "edition 1"
    assert len(http_server.requests) == 1
    assert isinstance(second, CachedResponse)
    assert isinstance(second, requests.Response)
    for response in (first, second):
        assert (response.status_code, response.reason, response.url) == (200, "OK", url)
        assert response.headers["X-Mark"] == "1, 2"
        assert response.cookies.get_dict() == {"a": "1"}
        assert response.request.method == "GET"
        assert response.elapsed > timedelta(0)
    assert second.raw.headers["X-Mark"] == "1, 2"


@pytest.mark.parametrize("path", ["/gzip", "/stream-bytes/100000", "/encoding/utf8", "/bytes/0"])
def test_bodies_of_every_kind(session, http_server: HttpServer, path: str) -> None:
    first, second = (session.get(http_server.url + path) for _ in range(2))
    assert second.from_cache
    assert first.content == second.content
    assert first.encoding == second.encoding
    assert list(first.iter_lines()) == list(second.iter_lines())
    again = session.get(http_server.url + path, stream=True)
    assert b"".join(again.iter_content(1000)) == first.content


def test_what_is_old_is_asked_for_again(session, http_server: HttpServer) -> None:
    url = _counting(http_server)
    assert session.get(url, expire_after=1).text == "edition 1"
    stored = session.cache.get_response(session.cache.create_key(requests.Request("GET", url)))
    assert stored.expires_delta in (0, 1)
    assert session.get(url, force_refresh=True).text == "edition 2"
    assert session.get(url).text == "edition 2"
    session.cache.clear()
    assert session.get(url).text == "edition 3"
    assert session.get(url, only_if_cached=True).from_cache
    assert session.get(f"{url}?other", only_if_cached=True).status_code == 504


@pytest.mark.parametrize("validator", ["ETag", "Last-Modified"])
def test_what_may_be_old_is_asked_about(session, http_server: HttpServer, validator: str) -> None:
    value = '"v1"' if validator == "ETag" else "Sat, 28 Nov 2026 10:00:00 GMT"
    condition = "If-None-Match" if validator == "ETag" else "If-Modified-Since"

    @http_server.route("/page")
    def page(request: ReceivedRequest) -> Answer:
        if request.header(condition):
            return Answer(b"", 304, [(validator, value)])
        return Answer(b"the page", 200, [(validator, value)])

    session.settings.cache_control = True
    url = f"{http_server.url}/page"
    session.get(url)
    again = session.get(url, refresh=True)
    assert (again.text, again.from_cache, again.revalidated) == ("the page", True, True)
    assert http_server.last.header(condition) == value


def test_the_servers_own_words(session, http_server: HttpServer) -> None:
    session.settings.cache_control = True
    never = _counting(http_server, ("Cache-Control", "no-store"), path="/never")
    assert [session.get(never).text for _ in range(2)] == ["edition 1", "edition 2"]
    kept = _counting(http_server, ("Cache-Control", "max-age=60"), path="/kept")
    assert [session.get(kept).text for _ in range(2)] == ["edition 1", "edition 1"]


def test_an_error_gives_what_was_kept(session, http_server: HttpServer) -> None:
    session.settings.stale_if_error = True
    statuses = iter([200, 500])
    http_server.route("/page")(lambda request: Answer(b"good", next(statuses), [("ETag", '"v1"')]))
    url = f"{http_server.url}/page"
    session.get(url)
    response = session.get(url, refresh=True)
    assert (response.status_code, response.text, response.from_cache) == (200, "good", True)
    assert len(http_server.requests) == 2


def test_requests_are_told_apart(session, http_server: HttpServer) -> None:
    session.settings.allowable_methods = ("GET", "POST")
    session.settings.match_headers = ["Accept"]
    url = f"{http_server.url}/anything"
    calls = [
        ("GET", {"params": {"a": "1", "b": "2"}}),
        ("GET", {"params": {"a": "2"}}),
        ("GET", {"headers": {"Accept": "text/plain"}}),
        ("POST", {"json": {"a": 1}}),
        ("POST", {"json": {"a": 2}}),
        ("POST", {"data": {"a": "1"}}),
    ]
    for method, call in calls:
        assert not session.request(method, url, **call).from_cache
        assert session.request(method, url, **call).from_cache
    assert session.get(url, params={"b": "2", "a": "1"}).from_cache
    assert len(http_server.requests) == len(calls)


def test_redirects_are_kept_with_their_history(session, http_server: HttpServer) -> None:
    url = f"{http_server.url}/redirect/2"
    first, second = session.get(url), session.get(url)
    assert second.from_cache
    assert [r.status_code for r in second.history] == [302, 302]
    assert [r.url for r in second.history] == [r.url for r in first.history]
    assert session.get(f"{http_server.url}/redirect/1").from_cache


def test_sqlite_outlives_the_session(http_server: HttpServer, tmp_path: Path) -> None:
    url = _counting(http_server)
    for from_cache in (False, True):
        backend = SQLiteCache(str(tmp_path / "kept.sqlite"))
        with CachedSession(backend=backend) as session:
            response = session.get(url)
            assert (response.text, response.from_cache) == ("edition 1", from_cache)
        backend.close()


@pytest.mark.parametrize("serializer", ["pickle", "json", "yaml"])
def test_serializers(http_server: HttpServer, tmp_path: Path, serializer: str) -> None:
    with CachedSession(str(tmp_path / "c"), backend="filesystem", serializer=serializer) as session:
        first, second = (session.get(f"{http_server.url}/json") for _ in range(2))
    assert second.from_cache
    assert second.json() == first.json()


def test_requests_itself_with_a_cache(http_server: HttpServer) -> None:
    url = _counting(http_server)
    plain = requests.Session
    requests_cache.install_cache(backend="memory")
    try:
        assert requests.get(url).text == requests.get(url).text == "edition 1"
        with requests_cache.disabled():
            assert requests.get(url).text == "edition 2"
    finally:
        requests_cache.uninstall_cache()
    assert requests.Session is plain
    assert requests.get(url).text == "edition 3"


def test_mixed_into_another_session(http_server: HttpServer) -> None:
    class Marked(requests.Session):
        def __init__(self, *args, **kwargs) -> None:
            super().__init__(*args, **kwargs)
            self.headers["X-Mark"] = "mine"

    class Both(CacheMixin, Marked):
        pass

    url = _counting(http_server)
    with Both(backend="memory") as session:
        assert [session.get(url).from_cache for _ in range(2)] == [False, True]
        assert http_server.last.header("X-Mark") == "mine"


def test_a_hook_is_called_for_what_was_kept(session, http_server: HttpServer) -> None:
    seen = []
    session.hooks["response"].append(lambda response, **_: seen.append(type(response)))
    url = _counting(http_server)
    for _ in range(2):
        session.get(url)
    assert (seen[0], seen[-1]) == (requests.Response, CachedResponse)
