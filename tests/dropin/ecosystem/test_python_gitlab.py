"""python-gitlab: an auth object of its own, uploads by a multipart encoder, pages and retries."""

from __future__ import annotations

import gitlab
import pytest
import requests

from tests.support import Answer, HttpServer, ReceivedRequest


@pytest.fixture
def server(http_server: HttpServer) -> HttpServer:
    http_server.route("/api/v4/user")(lambda _: Answer.json({"id": 1, "username": "fatma"}))
    http_server.route("/api/v4/version")(lambda _: Answer.json({"version": "18", "revision": "a"}))

    @http_server.route("/api/v4/projects")
    def projects(request: ReceivedRequest) -> Answer:
        if request.method == "POST":
            return Answer.json({"id": 9, **request.json()}, status=201)
        page = int(request.parameter("page", "1"))
        following = f"{http_server.url}/api/v4/projects?page={page + 1}&per_page=2"
        fields = [("X-Page", str(page)), ("X-Per-Page", "2"), ("X-Total", "4")]
        if page < 2:
            fields += [("Link", f'<{following}>; rel="next"'), ("X-Next-Page", str(page + 1))]
        return Answer.json([{"id": 2 * page - 1}, {"id": 2 * page}], headers=fields)

    http_server.route("/api/v4/projects/7")(lambda _: Answer.json({"id": 7, "name": "letters"}))
    return http_server


@pytest.fixture
def client(server: HttpServer):
    with gitlab.Gitlab(server.url, private_token="s3cret", per_page=2) as client:
        yield client


def test_who_am_i(client: gitlab.Gitlab, server: HttpServer) -> None:
    client.auth()
    assert client.user.username == "fatma"
    assert server.last.header("PRIVATE-TOKEN") == "s3cret"
    assert server.last.header("User-Agent").startswith("python-gitlab/")
    assert client.version() == ("18", "a")


@pytest.mark.parametrize(
    ("how", "name", "value"),
    [
        ({"oauth_token": "s3cret"}, "Authorization", "Bearer s3cret"),
        ({"job_token": "s3cret"}, "JOB-TOKEN", "s3cret"),
        ({"http_username": "u", "http_password": "p"}, "Authorization", "Basic dTpw"),
    ],
)
def test_tokens(server: HttpServer, how: dict[str, str], name: str, value: str) -> None:
    with gitlab.Gitlab(server.url, **how) as client:
        assert client.projects.get(7).name == "letters"
    assert server.last.header(name) == value


def test_pages(client: gitlab.Gitlab, server: HttpServer) -> None:
    found = client.projects.list(iterator=True, search="let ter")
    assert found.total == 4
    assert [x.id for x in found] == [1, 2, 3, 4]
    assert server.requests[0].query == [("search", "let ter"), ("per_page", "2")]
    assert server.connections == 1


def test_create(client: gitlab.Gitlab, server: HttpServer) -> None:
    made = client.projects.create({"name": "Güneş"})
    assert made.name == "Güneş"
    assert server.last.json() == {"name": "Güneş"}


def test_an_upload(client: gitlab.Gitlab, server: HttpServer) -> None:
    kinds = []

    @server.route("/api/v4/projects/7/uploads")
    def uploads(request: ReceivedRequest) -> Answer:
        kinds.append(request.header("Content-Type"))
        said = {"alt": "letter", "url": "/uploads/letter.txt", "markdown": "!"}
        return Answer.json({**said, "full_path": "/x", "id": 1})

    said = client.projects.get(7).upload("letter.txt", filedata=b"Dear friend" * 1000)
    assert said["url"] == "/uploads/letter.txt"
    assert kinds[0].startswith("multipart/form-data; boundary=")
    assert b"Dear friend" * 1000 in server.last.body
    assert server.last.header("Content-Length") == str(len(server.last.body))


def test_a_streamed_download(client: gitlab.Gitlab, server: HttpServer) -> None:
    pieces = [b"zip" * 1000] * 20
    path = "/api/v4/projects/7/jobs/3/artifacts"
    server.route(path)(lambda _: Answer(pieces, 200, [("Content-Type", "application/zip")]))
    job = client.projects.get(7, lazy=True).jobs.get(3, lazy=True)
    got: list[bytes] = []
    job.artifacts(streamed=True, action=got.append, chunk_size=512)
    assert b"".join(got) == b"".join(pieces)
    assert {len(x) for x in got} <= set(range(1, 513))


def test_it_waits_when_told_to(client: gitlab.Gitlab, server: HttpServer) -> None:
    left = [Answer(b"", 429, [("Retry-After", "0")])] * 2
    answer = Answer.json({"id": 7, "name": "letters"})
    server.route("/api/v4/projects/7")(lambda _: left.pop() if left else answer)
    assert client.projects.get(7).name == "letters"
    assert len(server.requests) == 3


def test_errors(client: gitlab.Gitlab, server: HttpServer) -> None:
    with pytest.raises(gitlab.exceptions.GitlabGetError) as caught:
        client.projects.get(404)
    assert caught.value.response_code == 404
    server.route("/api/v4/user")(lambda _: Answer.json({"message": "401 Unauthorized"}, status=401))
    with pytest.raises(gitlab.exceptions.GitlabAuthenticationError, match="401"):
        client.auth()
    with pytest.raises(requests.ConnectionError), gitlab.Gitlab("http://127.0.0.1:1") as absent:
        absent.http_get("/version")


def test_a_redirected_post_is_refused(client: gitlab.Gitlab, server: HttpServer) -> None:
    where = [("Location", f"{server.url}/api/v4/projects/7")]
    server.route("/api/v4/projects")(lambda _: Answer(b"", 301, where))
    with pytest.raises(gitlab.exceptions.RedirectError, match="301"):
        client.projects.create({"name": "x"})


def test_a_session_of_the_callers(server: HttpServer) -> None:
    with requests.Session() as session:
        session.headers["X-Seal"] = "red"
        client = gitlab.Gitlab(server.url, session=session)
        assert client.projects.get(7).name == "letters"
    assert server.last.header("X-Seal") == "red"
