"""twilio: prepares its requests itself, and signs some of them when they are prepared."""

from __future__ import annotations

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from twilio.http.http_client import TwilioHttpClient
from twilio.http.validation_client import ValidationClient
from twilio.rest import Client

from tests.support import HttpServer


@pytest.mark.parametrize("pooled", [True, False])
def test_a_request(http_server: HttpServer, pooled: bool) -> None:
    client = Client("AC1", "s3cret", http_client=TwilioHttpClient(pool_connections=pooled))
    data = {"To": "+90", "Body": "Güneş", "Media": ["a", "b"]}
    said = client.request("POST", f"{http_server.url}/anything", data=data, params={"a": "b"})
    assert said.status_code == 200
    sent = http_server.last
    assert sent.query == [("a", "b")]
    assert sent.body == b"To=%2B90&Body=G%C3%BCne%C5%9F&Media=a&Media=b"
    assert sent.header("Authorization") == "Basic QUMxOnMzY3JldA=="
    assert sent.header("User-Agent").startswith("twilio-python/")


def test_redirects_are_the_callers(http_server: HttpServer) -> None:
    client = TwilioHttpClient()
    assert client.request("GET", f"{http_server.url}/redirect/1").status_code == 302
    said = client.request("GET", f"{http_server.url}/redirect/1", allow_redirects=True)
    assert said.status_code == 200


def test_hooks_and_timeouts(http_server: HttpServer) -> None:
    seen = []
    hooks = {"response": [lambda response, **_: seen.append(response.status_code)]}
    client = TwilioHttpClient(request_hooks=hooks, timeout=0.2)
    assert client.request("GET", f"{http_server.url}/status/404").status_code == 404
    assert seen == [404]
    with pytest.raises(requests.exceptions.Timeout):
        client.request("GET", f"{http_server.url}/delay/2")


def test_a_signed_request(http_server: HttpServer) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    client = ValidationClient("AC1", "SK1", "CR1", pem.decode())
    said = client.request(
        "POST", f"{http_server.url}/post", data={"a": "b"}, auth=("AC1", "s3cret")
    )
    assert said.status_code == 200
    sent = http_server.last
    claims = jwt.decode(
        sent.header("Twilio-Client-Validation"),
        key.public_key(),
        algorithms=["RS256"],
        options={"verify_aud": False},
    )
    assert claims["hrh"] == "authorization;host"
    assert sent.header("Host") == f"127.0.0.1:{http_server.port}"
