"""google-auth: a transport on requests, and a session that refreshes its token."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from urllib.parse import parse_qs

import google.auth.exceptions
import google.auth.transport.requests
import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import credentials, service_account

from tests.support import Answer, Certificates, HttpServer, ReceivedRequest


class Issuer:
    """A token endpoint, and a resource that takes the token issued last."""

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.issued = 0
        self.asked: list[dict[str, list[str]]] = []
        server.route("/token")(self.token)
        server.route("/letters")(self.letters)

    def token(self, request: ReceivedRequest) -> Answer:
        self.asked.append(parse_qs(request.body.decode()))
        self.issued += 1
        said = {"access_token": f"token-{self.issued}", "expires_in": 3600, "token_type": "Bearer"}
        return Answer.json(said)

    def letters(self, request: ReceivedRequest) -> Answer:
        if request.header("Authorization") != f"Bearer token-{self.issued}":
            return Answer.json({"error": "stale"}, status=401)
        return Answer.json({"method": request.method, "data": request.body.decode()})

    def of_a_user(self) -> credentials.Credentials:
        return credentials.Credentials(
            token=None,
            refresh_token="refresh",
            token_uri=f"{self.server.url}/token",
            client_id="client",
            client_secret="s3cret",
        )


@pytest.fixture
def issuer(http_server: HttpServer) -> Issuer:
    return Issuer(http_server)


def test_the_transport(http_server: HttpServer) -> None:
    with requests.Session() as session:
        transport = Request(session)
        response = transport(
            f"{http_server.url}/anything", method="PUT", body=b"letter", headers={"X-Seal": "red"}
        )
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    said = json.loads(response.data)
    assert (said["method"], said["data"], said["headers"]["X-Seal"]) == ("PUT", "letter", "red")


def test_its_errors() -> None:
    transport = Request()
    with pytest.raises(google.auth.exceptions.TransportError) as caught:
        transport("http://127.0.0.1:1/", timeout=5)
    assert isinstance(caught.value.__cause__, requests.exceptions.ConnectionError)


def test_a_session_fetches_its_token(issuer: Issuer) -> None:
    with AuthorizedSession(issuer.of_a_user()) as session:
        for _ in range(2):
            assert session.get(f"{issuer.server.url}/letters").json()["method"] == "GET"
    assert issuer.issued == 1
    assert issuer.asked[0]["grant_type"] == ["refresh_token"]
    assert issuer.asked[0]["client_secret"] == ["s3cret"]


def test_a_401_refreshes_and_repeats(issuer: Issuer) -> None:
    with AuthorizedSession(issuer.of_a_user()) as session:
        session.get(f"{issuer.server.url}/letters")
        issuer.issued += 1  # elsewhere: the token of this session is stale now
        response = session.post(f"{issuer.server.url}/letters", data="Dear friend")
        assert response.json() == {"method": "POST", "data": "Dear friend"}
    statuses = [x.header("Authorization") for x in issuer.server.requests if x.path == "/letters"]
    assert statuses == ["Bearer token-1", "Bearer token-1", "Bearer token-3"]


def test_it_gives_up_refreshing(issuer: Issuer) -> None:
    issuer.server.route("/letters")(lambda _: Answer(b"", 401))
    with AuthorizedSession(issuer.of_a_user(), max_refresh_attempts=2) as session:
        assert session.get(f"{issuer.server.url}/letters").status_code == 401
    assert issuer.issued == 3


def test_a_service_account(issuer: Issuer) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    info = {
        "client_email": "courier@letters.example",
        "private_key": pem.decode(),
        "token_uri": f"{issuer.server.url}/token",
    }
    account = service_account.Credentials.from_service_account_info(info, scopes=["letters"])
    with AuthorizedSession(account) as session:
        assert session.get(f"{issuer.server.url}/letters").ok
    claims = jwt.decode(
        issuer.asked[0]["assertion"][0],
        key.public_key(),
        algorithms=["RS256"],
        audience="https://oauth2.googleapis.com/token",
    )
    assert (claims["iss"], claims["scope"]) == ("courier@letters.example", "letters")


def test_a_refused_refresh(issuer: Issuer) -> None:
    said = {"error": "invalid_grant", "error_description": "revoked"}
    issuer.server.route("/token")(lambda _: Answer.json(said, status=400))
    with (
        AuthorizedSession(issuer.of_a_user()) as session,
        pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant"),
    ):
        session.get(f"{issuer.server.url}/letters")


def test_the_time_allowed(issuer: Issuer) -> None:
    hold = threading.Event()

    @issuer.server.route("/slow")
    def slow(_: ReceivedRequest) -> Answer:
        hold.wait(5)
        return Answer(b"")

    with (
        AuthorizedSession(issuer.of_a_user()) as session,
        pytest.raises(requests.exceptions.Timeout),
    ):
        session.get(f"{issuer.server.url}/slow", timeout=0.2, max_allowed_time=0.2)
    hold.set()


def test_mutual_tls(
    issuer: Issuer,
    start_http_server: Callable[..., HttpServer],
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOOGLE_API_USE_CLIENT_CERTIFICATE", "true")
    server = start_http_server(
        tls=certificates.server_context(client_certificates=ssl.CERT_REQUIRED)
    )
    pair = certificates.client_cert.read_bytes(), certificates.client_key.read_bytes()
    with AuthorizedSession(issuer.of_a_user()) as session:
        session.configure_mtls_channel(lambda: pair)
        assert session.is_mtls
        said = session.get(f"{server.url}/tls", verify=str(certificates.ca)).json()
        assert said["certificate"]
    with (
        AuthorizedSession(issuer.of_a_user()) as session,
        pytest.raises(requests.exceptions.ConnectionError),
    ):
        session.get(f"{server.url}/tls", verify=str(certificates.ca))
