"""jira: a session with another signature of ``request``, and attachments by a multipart encoder."""

from __future__ import annotations

import io

import pytest
from jira import JIRA, JIRAError

from tests.support import Answer, HttpServer, ReceivedRequest


def issue(url: str, key: str = "ULAK-1") -> dict[str, object]:
    fields = {"summary": "Güneş", "comment": {"comments": []}}
    return {"id": "1", "key": key, "self": f"{url}/rest/api/2/issue/1", "fields": fields}


@pytest.fixture
def server(http_server: HttpServer) -> HttpServer:
    api = "/rest/api/2"
    info = {"version": "9.4.0", "versionNumbers": [9, 4, 0], "deploymentType": "Server"}
    http_server.route(f"{api}/serverInfo")(lambda _: Answer.json(info))
    project = {"id": "10", "key": "ULAK", "self": f"{http_server.url}{api}/project/ULAK"}
    http_server.route(f"{api}/project/ULAK")(lambda _: Answer.json(project))
    http_server.route(f"{api}/field")(lambda _: Answer.json([{"id": "summary", "name": "Summary"}]))
    http_server.route(f"{api}/issue/ULAK-1")(lambda _: Answer.json(issue(http_server.url)))
    http_server.route(f"{api}/issue")(lambda _: Answer.json({"key": "ULAK-1"}, status=201))

    @http_server.route(f"{api}/search")
    def search(request: ReceivedRequest) -> Answer:
        start = int(request.parameter("startAt", "0"))
        found = [issue(http_server.url, f"ULAK-{n}") for n in range(start, min(start + 2, 5))]
        return Answer.json({"startAt": start, "maxResults": 2, "total": 5, "issues": found})

    return http_server


@pytest.fixture
def jira(server: HttpServer):
    jira = JIRA(server.url, basic_auth=("fatma", "s3cret"), max_retries=0)
    yield jira
    jira.close()


def test_an_issue(jira: JIRA, server: HttpServer) -> None:
    found = jira.issue("ULAK-1")
    assert (found.key, found.fields.summary) == ("ULAK-1", "Güneş")
    assert server.last.header("Authorization") == "Basic ZmF0bWE6czNjcmV0"
    assert server.last.header("Accept") == "application/json,*/*;q=0.9"


def test_create(jira: JIRA, server: HttpServer) -> None:
    made = jira.create_issue(project="ULAK", summary="Güneş", issuetype={"name": "Task"})
    assert made.key == "ULAK-1"
    sent = next(x for x in server.requests if x.method == "POST")
    assert sent.json()["fields"]["summary"] == "Güneş"
    assert sent.header("Content-Type") == "application/json"


def test_a_search_of_several_pages(jira: JIRA, server: HttpServer) -> None:
    found = jira.search_issues("project = ULAK", maxResults=False)
    assert [x.key for x in found] == [f"ULAK-{n}" for n in range(5)]
    assert server.last.parameter("jql") == "project = ULAK"


def test_an_attachment(jira: JIRA, server: HttpServer) -> None:
    path = "/rest/api/2/issue/ULAK-1/attachments"
    said = [{"id": "9", "filename": "letter.txt", "size": 11, "self": f"{server.url}/x"}]
    server.route(path)(lambda _: Answer.json(said))
    made = jira.add_attachment("ULAK-1", io.BytesIO(b"Dear friend"), "letter.txt")
    assert made.filename == "letter.txt"
    assert b'filename="letter.txt"' in server.last.body
    assert b"Dear friend" in server.last.body
    assert server.last.header("X-Atlassian-Token") == "no-check"


def test_an_error(jira: JIRA, server: HttpServer) -> None:
    said = {"errorMessages": ["Issue Does Not Exist"], "errors": {}}
    server.route("/rest/api/2/issue/ULAK-9")(lambda _: Answer.json(said, status=404))
    with pytest.raises(JIRAError, match="Issue Does Not Exist") as caught:
        jira.issue("ULAK-9")
    assert caught.value.status_code == 404
    assert caught.value.response.json() == said


def test_a_token(server: HttpServer) -> None:
    jira = JIRA(server.url, token_auth="s3cret", get_server_info=False)
    assert jira.issue("ULAK-1").key == "ULAK-1"
    assert server.last.header("Authorization") == "Bearer s3cret"
    jira.close()
