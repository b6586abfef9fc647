"""requests-aws4auth and requests-auth-aws-sigv4: an auth that signs the prepared request.

The server computes the signature from the bytes that it received, so that whatever
is changed between signing and sending is found.
"""

from __future__ import annotations

import io

import pytest
import requests
from requests_auth_aws_sigv4 import AWSSigV4
from requests_aws4auth import AWS4Auth

from tests.support.http_server import HttpServer
from tests.support.messages import Answer, ReceivedRequest

from .signatures import is_signed

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AWS4AUTH = AWS4Auth("AKIDEXAMPLE", SECRET, "eu-central-1", "letters", session_token="a-token")
SIGV4 = AWSSigV4(
    "letters",
    region="eu-central-1",
    aws_access_key_id="AKIDEXAMPLE",
    aws_secret_access_key=SECRET,
)


@pytest.fixture
def server(http_server: HttpServer) -> HttpServer:
    """Takes what is signed, and nothing else."""

    def check(request: ReceivedRequest) -> Answer:
        return Answer(request.body, 200 if is_signed(request, SECRET) else 403)

    for path in ("/inbox", "/inbox/a%20letter", "/inbox/%C4%9F"):
        http_server.route(path)(check)
    return http_server


CALLS = [
    ("GET", "/inbox", {}),
    ("GET", "/inbox", {"params": {"b": "2", "a": "1"}}),
    ("DELETE", "/inbox", {}),
    ("PUT", "/inbox", {"data": b"bytes \x00\xff"}),
    ("POST", "/inbox", {"data": "text ğ"}),
    ("POST", "/inbox", {"data": {"form": "a b"}}),
    ("POST", "/inbox", {"json": {"a": [1, 2]}}),
]


@pytest.mark.parametrize(("method", "path", "call"), CALLS)
@pytest.mark.parametrize("stream", [False, True])
def test_aws4auth(server: HttpServer, method: str, path: str, call: dict, stream: bool) -> None:
    with requests.Session() as session:
        session.auth = AWS4AUTH
        response = session.request(method, server.url + path, stream=stream, **call)
    assert response.status_code == 200
    assert server.last.header("x-amz-security-token") == "a-token"


@pytest.mark.parametrize("path", ["/inbox/a%20letter", "/inbox/%C4%9F"])
def test_aws4auth_with_a_path_that_is_encoded(server: HttpServer, path: str) -> None:
    """For S3, whose paths are signed as they are sent; elsewhere they are encoded twice."""
    auth = AWS4Auth("AKIDEXAMPLE", SECRET, "eu-central-1", "s3")
    assert requests.get(server.url + path, auth=auth).status_code == 200


def test_aws4auth_with_a_body_that_is_read_by_then(server: HttpServer) -> None:
    response = requests.post(f"{server.url}/inbox", data=io.BytesIO(b"a file"), auth=AWS4AUTH)
    assert (response.status_code, response.content) == (200, b"a file")


@pytest.mark.parametrize(("method", "path", "call"), CALLS)
def test_sigv4(server: HttpServer, method: str, path: str, call: dict) -> None:
    # It signs the host without its port.
    call = {**call, "headers": {"Host": f"127.0.0.1:{server.port}"}}
    response = requests.request(method, server.url + path, auth=SIGV4, **call)
    assert response.status_code == 200


def test_what_was_changed_is_refused(server: HttpServer) -> None:
    with requests.Session() as session:
        request = session.prepare_request(
            requests.Request("POST", f"{server.url}/inbox", data=b"one", auth=AWS4AUTH)
        )
        assert session.send(request).status_code == 200
        request.prepare_body(b"two", None)
        assert session.send(request).status_code == 403
