"""pysolr: a session whose attributes it sets, and errors that it tells apart."""

from __future__ import annotations

import pysolr
import pytest

from tests.support import Answer, HttpServer, ReceivedRequest, free_port


@pytest.fixture
def server(http_server: HttpServer) -> HttpServer:
    @http_server.route("/solr/letters/select/")
    def select(request: ReceivedRequest) -> Answer:
        found = {"numFound": 1, "start": 0, "docs": [{"id": "1", "title": "Güneş"}]}
        return Answer.json({"responseHeader": {"status": 0, "QTime": 1}, "response": found})

    ok = {"responseHeader": {"status": 0, "QTime": 1}}
    http_server.route("/solr/letters/update/")(lambda _: Answer.json(ok))
    http_server.route("/solr/letters/admin/ping/")(lambda _: Answer.json({"status": "OK"}))
    return http_server


@pytest.fixture
def solr(server: HttpServer) -> pysolr.Solr:
    return pysolr.Solr(f"{server.url}/solr/letters/", always_commit=True, auth=("u", "p"))


def test_search(solr: pysolr.Solr, server: HttpServer) -> None:
    assert [x["title"] for x in solr.search("güneş", rows=5)] == ["Güneş"]
    assert dict(server.last.query)["q"] == "güneş"
    assert server.last.header("Authorization") == "Basic dTpw"


def test_a_long_search_is_posted(solr: pysolr.Solr, server: HttpServer) -> None:
    assert solr.search("ay " * 2000).hits == 1
    assert server.last.method == "POST"
    assert server.last.header("Content-Type").startswith("application/x-www-form-urlencoded")


def test_add_and_ping(solr: pysolr.Solr, server: HttpServer) -> None:
    solr.add([{"id": "1", "title": "Güneş"}])
    assert server.last.json() == [{"id": "1", "title": "Güneş"}]
    assert server.last.parameter("commit") == "true"
    assert "OK" in solr.ping()
    solr.delete(id="1")
    assert server.last.body == b"<delete><id>1</id></delete>"


def test_errors(solr: pysolr.Solr, server: HttpServer) -> None:
    said = {"error": {"msg": "undefined field", "code": 400}}
    server.route("/solr/letters/select/")(lambda _: Answer.json(said, status=400))
    with pytest.raises(pysolr.SolrError, match="HTTP 400"):
        solr.search("x")
    absent = pysolr.Solr(f"http://127.0.0.1:{free_port()}/solr/", timeout=2)
    with pytest.raises(pysolr.SolrError, match="Failed to connect to server"):
        absent.search("x")
    slow = pysolr.Solr(f"{server.url}/delay/2?", timeout=0.2)
    with pytest.raises(pysolr.SolrError, match="timed out"):
        slow.search("x")
