"""stripe: its client on requests, with retries of its own and a streamed file."""

from __future__ import annotations

import pytest
import stripe

from tests.support import Answer, HttpServer, free_port


def client_for(url: str, **settings) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_letters",
        base_addresses={"api": url, "files": url},
        http_client=stripe.RequestsClient(timeout=5),
        **settings,
    )


def test_a_charge(http_server: HttpServer) -> None:
    made = {"id": "cus_1", "object": "customer", "name": "Güneş"}
    http_server.route("/v1/customers")(lambda _: Answer.json(made))
    customer = client_for(http_server.url).v1.customers.create({"name": "Güneş"})
    assert (customer.id, customer.name) == ("cus_1", "Güneş")
    sent = http_server.last
    assert sent.method == "POST"
    assert sent.header("Authorization") == "Bearer sk_test_letters"
    assert sent.header("Idempotency-Key")
    assert sent.body == b"name=G%C3%BCne%C5%9F"


def test_a_list_and_an_error(http_server: HttpServer) -> None:
    listed = {"object": "list", "data": [{"id": "ch_1", "object": "charge"}], "has_more": False}
    http_server.route("/v1/charges")(lambda _: Answer.json(listed))
    client = client_for(http_server.url)
    assert [x.id for x in client.v1.charges.list({"limit": 3}).auto_paging_iter()] == ["ch_1"]
    assert http_server.last.query == [("limit", "3")]
    refused = {"error": {"type": "card_error", "code": "card_declined", "message": "Declined."}}
    http_server.route("/v1/charges")(lambda _: Answer.json(refused, status=402))
    with pytest.raises(stripe.CardError, match="Declined") as caught:
        client.v1.charges.list()
    assert caught.value.http_status == 402


def test_it_tries_again(http_server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe.RequestsClient, "INITIAL_DELAY", 0.0)
    monkeypatch.setattr(stripe.RequestsClient, "MAX_DELAY", 0.0)
    left = [Answer.json({"error": {}}, status=503)] * 2
    balance = Answer.json({"object": "balance", "available": []})
    http_server.route("/v1/balance")(lambda _: left.pop() if left else balance)
    client = client_for(http_server.url, max_network_retries=2)
    assert client.v1.balance.retrieve().available == []
    assert len(http_server.requests) == 3


def test_no_connection() -> None:
    client = client_for(f"http://127.0.0.1:{free_port()}", max_network_retries=0)
    with pytest.raises(stripe.APIConnectionError) as caught:
        client.v1.balance.retrieve()
    assert caught.value.should_retry


def test_a_file_goes_up_and_comes_down(http_server: HttpServer, tmp_path) -> None:
    made = {"id": "file_1", "object": "file"}
    http_server.route("/v1/files")(lambda _: Answer.json(made))
    (tmp_path / "letter.png").write_bytes(b"\x89PNG" * 1000)
    client = client_for(http_server.url)
    with (tmp_path / "letter.png").open("rb") as file:
        up = client.v1.files.create({"purpose": "identity_document", "file": file})
    assert up.id == "file_1"
    assert b"\x89PNG" * 1000 in http_server.last.body
    assert http_server.last.header("Content-Type").startswith("multipart/form-data; boundary=")
    http_server.route("/v1/quotes/qt_1/pdf")(lambda _: Answer([b"%PDF", b"-1.7"] * 100))
    down = client.v1.quotes.pdf("qt_1")
    assert down.io.read() == b"%PDF-1.7" * 100
