"""prometheus-api-client: mounts an adapter with retries on the URL of its server alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from prometheus_api_client import PrometheusApiClientException, PrometheusConnect

from tests.support import Answer, HttpServer


def success(data: object) -> Answer:
    return Answer.json({"status": "success", "data": data})


@pytest.fixture
def server(http_server: HttpServer) -> HttpServer:
    http_server.route("/")(lambda _: Answer(b"ok"))
    http_server.route("/api/v1/label/__name__/values")(lambda _: success(["up", "letters"]))
    sample = {"metric": {"__name__": "up"}, "value": [1.0, "1"]}
    http_server.route("/api/v1/query")(lambda _: success({"result": [sample]}))
    series = {"metric": {"__name__": "up"}, "values": [[1.0, "1"], [2.0, "1"]]}
    http_server.route("/api/v1/query_range")(lambda _: success({"result": [series]}))
    return http_server


def test_queries(server: HttpServer) -> None:
    with PrometheusConnect(server.url, headers={"X-Scope": "post"}) as prometheus:
        assert prometheus.check_prometheus_connection()
        assert prometheus.all_metrics() == ["up", "letters"]
        assert prometheus.custom_query('up{job="ulak"}')[0]["value"] == [1.0, "1"]
        assert server.last.query == [("query", 'up{job="ulak"}')]
        when = datetime.fromtimestamp(1, UTC)
        found = prometheus.custom_query_range("up", when, when, step="15s")
        assert len(found[0]["values"]) == 2
        assert dict(server.last.query)["step"] == "15s"
    assert {x.header("X-Scope") for x in server.requests} == {"post"}
    assert server.connections == 1


def test_its_retries(server: HttpServer) -> None:
    left = [Answer(b"", 503)] * 2
    server.route("/api/v1/query")(lambda _: left.pop() if left else success({"result": []}))
    with PrometheusConnect(server.url) as prometheus:
        assert prometheus.custom_query("up") == []
    assert len(server.requests) == 3


def test_an_error(server: HttpServer) -> None:
    server.route("/api/v1/query")(lambda _: Answer(b"bad query", 400))
    with (
        PrometheusConnect(server.url) as prometheus,
        pytest.raises(PrometheusApiClientException, match="HTTP Status Code 400"),
    ):
        prometheus.custom_query("up{")
