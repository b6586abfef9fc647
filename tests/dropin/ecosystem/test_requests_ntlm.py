"""requests-ntlm: a handshake over one connection, in response hooks, that sends by the response.

The server's side is pyspnego's, which checks the proof and the channel binding.
"""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import requests
import spnego
from requests_ntlm import HttpNtlmAuth

from tests.support.certificates import Certificates
from tests.support.http_server import HttpServer
from tests.support.messages import Answer, ReceivedRequest


class NtlmGate:
    """Lets a connection pass that has proved who it is, as NTLM has it."""

    def __init__(self, header: str = "Authorization", scheme: str = "NTLM") -> None:
        self._header, self._scheme = header, scheme
        self._refusal = (401, "WWW-Authenticate")
        if header.startswith("Proxy"):
            self._refusal = (407, "Proxy-Authenticate")
        self._contexts: dict[int, spnego.ContextProxy] = {}

    def __call__(self, request: ReceivedRequest) -> Answer:
        known = self._contexts.get(request.connection)
        if known is not None and known.complete:
            return self._granted(request, known)
        scheme, _, token = (request.header(self._header) or "").partition(" ")
        if scheme != self._scheme:
            return self._challenge("")
        if known is None:
            known = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
            self._contexts[request.connection] = known
        try:
            answer = known.step(base64.b64decode(token))
        except spnego.exceptions.SpnegoError:
            del self._contexts[request.connection]
            return self._challenge("")
        if known.complete:
            return self._granted(request, known)
        return self._challenge(base64.b64encode(answer).decode())

    def _granted(self, request: ReceivedRequest, context: spnego.ContextProxy) -> Answer:
        body = {"user": context.client_principal, "body": request.body.decode()}
        return Answer.json(body)

    def _challenge(self, token: str) -> Answer:
        status, name = self._refusal
        return Answer(b"who are you?", status, [(name, f"{self._scheme} {token}".strip())])


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one account that the server knows."""
    file = tmp_path / "users"
    file.write_text("COURIER:fatma:secret\n", encoding="utf-8")
    monkeypatch.setenv("NTLM_USER_FILE", str(file))


@pytest.fixture
def session():
    with requests.Session() as session:
        session.auth = HttpNtlmAuth("COURIER\\fatma", "secret")
        yield session


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_the_handshake(session: requests.Session, http_server: HttpServer, scheme: str) -> None:
    http_server.route("/inbox")(NtlmGate(scheme=scheme))
    response = session.get(f"{http_server.url}/inbox")
    assert response.json()["user"] == "COURIER\\fatma"
    assert [earlier.status_code for earlier in response.history] == [401, 401]
    assert http_server.connections == 1
    # The connection is trusted from now on.
    assert session.get(f"{http_server.url}/inbox").history == []
    assert [request.connection for request in http_server.requests] == [0, 0, 0, 0]


def test_a_wrong_password(http_server: HttpServer) -> None:
    http_server.route("/inbox")(NtlmGate())
    auth = HttpNtlmAuth("COURIER\\fatma", "guess")
    assert requests.get(f"{http_server.url}/inbox", auth=auth).status_code == 401


@pytest.mark.parametrize("stream", [False, True])
def test_the_body_is_sent_again(
    session: requests.Session, http_server: HttpServer, stream: bool
) -> None:
    http_server.route("/send")(NtlmGate())
    response = session.post(f"{http_server.url}/send", data="a letter", stream=stream)
    assert response.json() == {"user": "COURIER\\fatma", "body": "a letter"}
    assert http_server.connections == 1


def test_the_proxys_own_challenge(http_server: HttpServer) -> None:
    url = "http://letters.example/inbox"
    http_server.route(url)(NtlmGate(header="Proxy-Authorization"))
    response = requests.get(
        url,
        proxies={"http": http_server.url},
        auth=HttpNtlmAuth("COURIER\\fatma", "secret"),
    )
    assert response.json()["user"] == "COURIER\\fatma"


def test_the_channel_binding(
    session: requests.Session,
    https_server: HttpServer,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes the server's certificate from the socket under the response."""
    seen = []
    make = spnego.client

    def client(*args, **settings):
        seen.append(settings["channel_bindings"])
        return make(*args, **settings)

    monkeypatch.setattr(spnego, "client", client)
    https_server.route("/inbox")(NtlmGate())
    response = session.get(f"{https_server.url}/inbox", verify=str(certificates.ca))
    assert response.json()["user"] == "COURIER\\fatma"
    (binding,) = seen
    assert binding.application_data.startswith(b"tls-server-end-point:")
    assert len(binding.application_data) == len(b"tls-server-end-point:") + 32
