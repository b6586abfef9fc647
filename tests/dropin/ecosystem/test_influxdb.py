"""influxdb: bodies that it compresses itself, answers in msgpack, streams in JSON lines."""

from __future__ import annotations

import gzip
import json

import msgpack
import pytest
from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError

from tests.support import Answer, HttpServer, ReceivedRequest

_RESULT = {"series": [{"name": "letters", "columns": ["time", "n"], "values": [[1, 7]]}]}


@pytest.fixture
def server(http_server: HttpServer) -> HttpServer:
    version = [("X-Influxdb-Version", "1.8.10")]
    http_server.route("/ping")(lambda _: Answer(b"", 204, version))
    http_server.route("/write")(lambda _: Answer(b"", 204))

    @http_server.route("/query")
    def query(request: ReceivedRequest) -> Answer:
        if request.parameter("chunked") == "true":
            piece = json.dumps({"results": [_RESULT]}).encode() + b"\n"
            return Answer([piece] * 3, 200, [("Content-Type", "application/json")])
        packed = msgpack.packb({"results": [_RESULT]})
        return Answer(packed, 200, [("Content-Type", "application/x-msgpack")])

    return http_server


@pytest.fixture
def client(server: HttpServer):
    with InfluxDBClient("127.0.0.1", server.port, "fatma", "s3cret", "post", gzip=True) as client:
        yield client


def test_ping(client: InfluxDBClient) -> None:
    assert client.ping() == "1.8.10"


def test_write(client: InfluxDBClient, server: HttpServer) -> None:
    point = {"measurement": "letters", "tags": {"to": "Güneş"}, "fields": {"n": 7}, "time": 1}
    assert client.write_points([point])
    sent = server.last
    assert gzip.decompress(sent.body).decode() == "letters,to=Güneş n=7i 1\n"
    assert sent.header("Content-Encoding") == "gzip"
    assert sent.header("Content-Length") == str(len(sent.body))
    assert dict(sent.query) == {"db": "post"}
    assert sent.header("Authorization") == "Basic ZmF0bWE6czNjcmV0"


def test_query(client: InfluxDBClient, server: HttpServer) -> None:
    found = client.query("select * from letters where n = $n", bind_params={"n": 7})
    assert list(found.get_points()) == [{"time": 1, "n": 7}]
    assert json.loads(server.last.parameter("params")) == {"n": 7}
    assert server.last.header("Accept") == "application/x-msgpack"


def test_a_query_in_chunks(client: InfluxDBClient) -> None:
    pieces = list(client.query("select * from letters", chunked=True))
    assert [list(piece.get_points()) for piece in pieces] == [[{"time": 1, "n": 7}]] * 3


def test_an_error(client: InfluxDBClient, server: HttpServer) -> None:
    server.route("/query")(lambda _: Answer.json({"error": "database not found"}, status=404))
    with pytest.raises(InfluxDBClientError, match="database not found") as caught:
        client.query("select 1")
    assert caught.value.code == 404
