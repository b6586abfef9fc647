"""hvac: a session of its own against a server that plays Vault."""

from __future__ import annotations

import hvac
import pytest

from tests.support import Answer, Certificates, HttpServer, ReceivedRequest


class Vault:
    """Secrets by path, for who has the token."""

    def __init__(self, server: HttpServer) -> None:
        self.secrets: dict[str, object] = {}
        server.route("/v1/sys/seal-status")(lambda _: Answer.json({"sealed": False}))
        server.route("/v1/secret/data/letters")(self.data)
        server.route("/v1/auth/approle/login")(self.login)
        server.route("/v1/auth/token/lookup-self")(lambda _: Answer.json({"data": {"id": "x"}}))

    def login(self, request: ReceivedRequest) -> Answer:
        assert request.json() == {"role_id": "courier", "secret_id": "s3cret"}
        return Answer.json({"auth": {"client_token": "token"}})

    def data(self, request: ReceivedRequest) -> Answer:
        if request.header("X-Vault-Token") != "token":
            return Answer.json({"errors": ["permission denied"]}, status=403)
        if request.method == "POST":
            self.secrets["letters"] = request.json()["data"]
            return Answer.json({"data": {"version": 1}})
        if "letters" not in self.secrets:
            return Answer.json({"errors": []}, status=404)
        return Answer.json({"data": {"data": self.secrets["letters"], "metadata": {"version": 1}}})


@pytest.fixture(params=["http", "https"])
def client(request, certificates: Certificates, monkeypatch):
    monkeypatch.delenv("VAULT_TOKEN", raising=False)
    server: HttpServer = request.getfixturevalue(f"{request.param}_server")
    Vault(server)
    return hvac.Client(url=server.url, token="token", verify=str(certificates.ca))


def test_secrets(client: hvac.Client) -> None:
    assert client.is_authenticated()
    assert not client.sys.is_sealed()
    kept = client.secrets.kv.v2
    with pytest.raises(hvac.exceptions.InvalidPath):
        kept.read_secret_version("letters", raise_on_deleted_version=True)
    kept.create_or_update_secret("letters", {"seal": "kırmızı"})
    read = kept.read_secret_version("letters", raise_on_deleted_version=True)
    assert read["data"]["data"] == {"seal": "kırmızı"}


def test_a_login_gives_the_token(client: hvac.Client) -> None:
    client.token = None
    with pytest.raises(hvac.exceptions.Forbidden, match="permission denied"):
        client.secrets.kv.v2.create_or_update_secret("letters", {})
    client.auth.approle.login("courier", "s3cret")
    assert client.token == "token"
    client.secrets.kv.v2.create_or_update_secret("letters", {})


def test_the_request_itself(http_server: HttpServer) -> None:
    client = hvac.Client(url=http_server.url, token="token", namespace="post")
    http_server.route("/v1/any")(lambda _: Answer(b"", 204))
    assert client.adapter.request("LIST", "/v1/any").status_code == 204
    assert http_server.last.method == "LIST"
    assert http_server.last.header("X-Vault-Namespace") == "post"
    assert http_server.last.header("X-Vault-Request") == "true"
