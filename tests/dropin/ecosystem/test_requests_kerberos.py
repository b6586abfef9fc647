"""requests-kerberos: its response hooks, which send by the response's connection.

Kerberos itself, which needs a realm, is played by a ticket of three lines; the
server's side of the conversation is told here too.
"""

from __future__ import annotations

import base64
import io

import pytest
import requests
import spnego
from requests_kerberos import DISABLED, OPTIONAL, REQUIRED, HTTPKerberosAuth
from requests_kerberos.exceptions import MutualAuthenticationError

from tests.support.certificates import Certificates
from tests.support.http_server import HttpServer
from tests.support.messages import Answer, ReceivedRequest

TICKET = "Negotiate " + base64.b64encode(b"ticket").decode()


class Ticket:
    """One side of a security context: shows a ticket, and knows the server's answer."""

    def step(self, in_token: bytes | None = None) -> bytes:
        if in_token in (None, b""):
            return b"ticket"
        if in_token != b"it is me":
            raise spnego.exceptions.InvalidTokenError(context_msg="not the server")
        return b""


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The settings of every context that the package asks for."""
    settings = []

    def client(**wanted) -> Ticket:
        settings.append(wanted)
        return Ticket()

    monkeypatch.setattr(spnego, "client", client)
    return settings


def _guard(server: HttpServer, proof: bytes = b"it is me", status: int = 200) -> str:
    """A page for those who show the ticket; the answer proves who the server is."""

    @server.route("/inbox")
    def inbox(request: ReceivedRequest) -> Answer:
        if request.header("Authorization") != TICKET:
            return Answer(b"no", 401, [("WWW-Authenticate", "Negotiate")])
        fields = [("WWW-Authenticate", f"Negotiate {base64.b64encode(proof).decode()}")]
        return Answer(b"letters: " + request.body, status, fields if proof else [])

    return f"{server.url}/inbox"


def test_the_ticket_is_shown_on_the_same_connection(http_server: HttpServer, asked) -> None:
    with requests.Session() as session:
        session.auth = HTTPKerberosAuth()
        response = session.get(_guard(http_server))
    assert (response.status_code, response.text) == (200, "letters: ")
    assert [earlier.status_code for earlier in response.history] == [401]
    assert http_server.connections == 1
    assert asked[0]["hostname"] == "127.0.0.1"


def test_a_file_is_sent_again(http_server: HttpServer) -> None:
    response = requests.post(
        _guard(http_server), data=io.BytesIO(b"a letter"), auth=HTTPKerberosAuth()
    )
    assert response.text == "letters: a letter"


def test_a_ticket_shown_at_once(http_server: HttpServer) -> None:
    auth = HTTPKerberosAuth(force_preemptive=True)
    response = requests.get(_guard(http_server), auth=auth)
    assert response.history == []
    assert len(http_server.requests) == 1


@pytest.mark.parametrize("proof", [b"", b"someone else"])
def test_the_server_has_to_prove_itself(http_server: HttpServer, proof: bytes) -> None:
    url = _guard(http_server, proof)
    with pytest.raises(MutualAuthenticationError):
        requests.get(url, auth=HTTPKerberosAuth(mutual_authentication=REQUIRED))
    mild = DISABLED if proof else OPTIONAL
    assert requests.get(url, auth=HTTPKerberosAuth(mutual_authentication=mild)).ok


def test_an_error_without_proof_is_emptied(http_server: HttpServer) -> None:
    url = _guard(http_server, b"", 500)
    response = requests.get(url, auth=HTTPKerberosAuth(), headers={"X-Mark": "1"})
    assert response.status_code == 500
    assert isinstance(response, requests.Response)
    assert (response.content, dict(response.headers)) == ("", {"content-length": "0"})
    plain = HTTPKerberosAuth(sanitize_mutual_error_response=False)
    assert requests.get(url, auth=plain).text == "letters: "


def test_it_gives_up(http_server: HttpServer) -> None:
    @http_server.route("/never")
    def never(request: ReceivedRequest) -> Answer:
        return Answer(b"no", 401, [("WWW-Authenticate", "Negotiate")])

    response = requests.get(f"{http_server.url}/never", auth=HTTPKerberosAuth())
    assert response.status_code == 401
    assert len(http_server.requests) == 3


def test_the_channel_binding(https_server: HttpServer, certificates: Certificates, asked) -> None:
    url = _guard(https_server)
    assert requests.get(url, auth=HTTPKerberosAuth(), verify=str(certificates.ca)).ok
    binding = asked[0]["channel_bindings"].application_data
    assert binding.startswith(b"tls-server-end-point:")
    assert len(binding) == len(b"tls-server-end-point:") + 32
