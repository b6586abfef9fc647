"""PyGithub: adapters of its own with retries, against a server that plays api.github.com."""

from __future__ import annotations

import base64

import pytest
from github import Auth, Github, GithubException, GithubRetry, UnknownObjectException

from tests.support import Answer, HttpServer, ReceivedRequest

_REPO = {"id": 7, "name": "letters", "full_name": "fatma/letters", "private": False}


def issue(number: int) -> dict[str, object]:
    return {"number": number, "title": f"Letter {number}", "state": "open", "id": number}


@pytest.fixture
def server(http_server: HttpServer) -> HttpServer:
    http_server.route("/api/v3/user")(lambda _: Answer.json({"login": "fatma", "id": 1}))
    repo = {**_REPO, "url": f"{http_server.url}/api/v3/repos/fatma/letters"}
    http_server.route("/api/v3/repos/fatma/letters")(lambda _: Answer.json(repo))

    @http_server.route("/api/v3/repos/fatma/letters/issues")
    def issues(request: ReceivedRequest) -> Answer:
        if request.method == "POST":
            return Answer.json({**issue(9), **request.json()}, status=201)
        page = int(request.parameter("page", "1"))
        more = f'<{http_server.url}{request.path}?page={page + 1}>; rel="next"'
        fields = [("Link", more)] if page < 3 else []
        return Answer.json([issue(2 * page - 1), issue(2 * page)], headers=fields)

    return http_server


@pytest.fixture
def github(server: HttpServer):
    with Github(
        base_url=f"{server.url}/api/v3",
        auth=Auth.Token("s3cret"),
        seconds_between_requests=None,
        seconds_between_writes=None,
        per_page=2,
    ) as github:
        yield github


def test_who_am_i(github: Github, server: HttpServer) -> None:
    assert github.get_user().login == "fatma"
    assert server.last.header("Authorization") == "token s3cret"
    assert server.last.header("User-Agent") == "PyGithub/Python"


def test_pages(github: Github, server: HttpServer) -> None:
    found = github.get_repo("fatma/letters").get_issues(state="open")
    assert [x.number for x in found] == [1, 2, 3, 4, 5, 6]
    assert [x.target for x in server.requests[1:]] == [
        "/api/v3/repos/fatma/letters/issues?per_page=2&state=open",
        "/api/v3/repos/fatma/letters/issues?page=2",
        "/api/v3/repos/fatma/letters/issues?page=3",
    ]
    assert server.connections == 1


def test_a_post(github: Github, server: HttpServer) -> None:
    made = github.get_repo("fatma/letters").create_issue("Güneş", body="Dear friend")
    assert (made.number, made.title) == (9, "Güneş")
    assert server.last.json() == {"title": "Güneş", "body": "Dear friend"}
    assert server.last.header("Content-Type") == "application/json"


def test_a_file(github: Github, server: HttpServer) -> None:
    content = {
        "type": "file",
        "encoding": "base64",
        "content": base64.b64encode("Güneş".encode()).decode(),
        "path": "letter.txt",
        "url": f"{server.url}/api/v3/x",
    }
    server.route("/api/v3/repos/fatma/letters/contents/letter.txt")(lambda _: Answer.json(content))
    file = github.get_repo("fatma/letters").get_contents("letter.txt")
    assert file.decoded_content.decode() == "Güneş"


def test_what_is_not_there(github: Github, server: HttpServer) -> None:
    said = Answer.json({"message": "Not Found"}, status=404)
    server.route("/api/v3/repos/fatma/absent")(lambda _: said)
    with pytest.raises(UnknownObjectException) as caught:
        github.get_repo("fatma/absent")
    assert caught.value.status == 404


def test_a_redirect(github: Github, server: HttpServer) -> None:
    where = f"{server.url}/api/v3/repos/fatma/letters"
    server.route("/api/v3/repos/fatma/old")(lambda _: Answer(b"", 301, [("Location", where)]))
    assert github.get_repo("fatma/old").name == "letters"


def test_retries(server: HttpServer) -> None:
    left = [Answer(b"", 502), Answer(b"", 503)]
    server.route("/api/v3/user")(lambda _: left.pop() if left else Answer.json({"login": "fatma"}))
    retry = GithubRetry(total=3, backoff_factor=0)
    with Github(base_url=f"{server.url}/api/v3", retry=retry) as github:
        assert github.get_user().login == "fatma"
    assert len(server.requests) == 3


def test_its_policy_reads_what_a_403_says(server: HttpServer) -> None:
    said = Answer.json({"message": "Bad credentials"}, status=403)
    server.route("/api/v3/user")(lambda _: said)
    with (
        Github(base_url=f"{server.url}/api/v3", retry=GithubRetry(total=1)) as github,
        pytest.raises(GithubException, match="Bad credentials"),
    ):
        assert github.get_user().login


def test_https(https_server: HttpServer, certificates) -> None:
    https_server.route("/api/v3/user")(lambda _: Answer.json({"login": "fatma"}))
    url = f"{https_server.url}/api/v3"
    with Github(base_url=url, verify=str(certificates.ca)) as github:
        assert github.get_user().login == "fatma"
