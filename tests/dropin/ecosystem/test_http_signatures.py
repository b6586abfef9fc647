"""httpsig and requests-http-signature: requests that are signed, and answers that are verified."""

from __future__ import annotations

import gzip

import pytest
import requests
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from httpsig.requests_auth import HTTPSignatureAuth as DraftAuth
from httpsig.verify import HeaderVerifier
from requests_http_signature import HTTPSignatureAuth, InvalidSignature

from tests.support.http_server import HttpServer
from tests.support.messages import Answer, ReceivedRequest

KEY = b"k" * 32
RESOLVER = MappingKeyResolver(private_keys={"key": KEY}, public_keys={"key": KEY})


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_draft_that_many_services_use(http_server: HttpServer, method: str) -> None:
    names = ["(request-target)", "host", "date", "content-type"]
    auth = DraftAuth("key", "secret", "hmac-sha256", names)
    headers = {"Date": "Sat, 28 Nov 2026 10:00:00 GMT", "Content-Type": "text/plain"}
    url = f"{http_server.url}/anything?q=a%20b"
    assert requests.request(method, url, data="x", headers=headers, auth=auth).ok
    seen = http_server.last
    verifier = HeaderVerifier(
        dict(seen.fields), "secret", names, method=seen.method, path=seen.target
    )
    assert verifier.verify()


def _auth(**settings) -> HTTPSignatureAuth:
    return HTTPSignatureAuth(
        signature_algorithm=algorithms.HMAC_SHA256, key=KEY, key_id="key", **settings
    )


def _verified(server: HttpServer):
    """What the last request's signature covers, computed from what arrived."""
    seen = server.last
    received = requests.Request(
        seen.method, server.url + seen.target, headers=dict(seen.fields), data=seen.body
    ).prepare()
    return _verify(received)


def _verify(message):
    return HTTPSignatureAuth.verify(
        message, signature_algorithm=algorithms.HMAC_SHA256, key_resolver=RESOLVER
    )


@pytest.mark.parametrize("call", [{}, {"data": b"bytes"}, {"json": {"a": 1}}, {"data": {"a": "b"}}])
def test_a_signature_of_rfc_9421(http_server: HttpServer, call: dict) -> None:
    method = "POST" if call else "GET"
    url = f"{http_server.url}/anything?q=a%20b"
    with requests.Session() as session:
        session.auth = _auth(use_nonce=True)
        assert session.request(method, url, **call).ok
    covered = _verified(http_server).covered_components
    assert covered['"@method"'] == method
    assert covered['"@target-uri"'] == url


def test_a_changed_body_is_found(http_server: HttpServer) -> None:
    prepared = requests.Request(
        "POST", f"{http_server.url}/post", data=b"one", auth=_auth()
    ).prepare()
    prepared.body = b"two"
    with requests.Session() as session:
        session.send(prepared)
    with pytest.raises(InvalidSignature):
        _verified(http_server)


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_an_answer_is_verified(http_server: HttpServer, coding: str | None) -> None:
    """Before it is decoded: the package reads the raw response, and puts another in its place."""
    body = gzip.compress(b"a letter") if coding else b"a letter"

    @http_server.route("/signed")
    def signed(request: ReceivedRequest) -> Answer:
        answer = requests.Response()
        answer.status_code = 200
        answer.request = requests.Request("GET", http_server.url + request.target).prepare()
        answer.headers.update({"Content-Type": "text/plain"})
        if coding:
            answer.headers["Content-Encoding"] = coding
        names = ("@status", '"@method";req', '"@authority";req', '"@target-uri";req')
        signer = HTTPMessageSigner(
            signature_algorithm=algorithms.HMAC_SHA256, key_resolver=RESOLVER
        )
        signer.sign(answer, key_id="key", covered_component_ids=names, body=body)
        return Answer(body, 200, list(answer.headers.items()))

    with requests.get(f"{http_server.url}/signed", stream=True) as response:
        result = _verify(response)
        assert result.covered_components['"@status"'] == "200"
        assert result.body == body
        assert response.content == b"a letter"
        response.status_code = 201
        with pytest.raises(InvalidSignature):
            _verify(response)
