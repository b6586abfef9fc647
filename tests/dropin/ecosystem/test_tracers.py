"""Tracers, which replace parts of urllib3 and of http.client, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support import HttpServer, free_port

_PROGRAM = """\
import json, sys
import requests

spans = []
{tracer}
url, nowhere = sys.argv[1:]
with requests.Session() as session, traced():
    seen = [type(session.get(url + "/get?q=a%2fb").raw).__module__]
    seen.append(session.post(url + "/post", json={{"a": 1}}).json()["json"])
    try:
        session.get(nowhere)
    except requests.ConnectionError as exc:
        seen.append(type(exc).__name__)
finish()
json.dump([seen, spans], sys.stdout)
"""

_SENTRY = """\
import sentry_sdk

def keep(event, hint):
    for x in event["spans"]:
        spans.append([x["data"]["http.method"], x["data"].get("http.response.status_code")])

sentry_sdk.init(
    dsn="http://key@127.0.0.1:1/1", traces_sample_rate=1.0, before_send_transaction=keep
)
traced = lambda: sentry_sdk.start_transaction(name="test", op="test")
finish = sentry_sdk.flush
"""

_OPENTELEMETRY = """\
from contextlib import nullcontext as traced
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
URLLib3Instrumentor().instrument(tracer_provider=provider)

def finish():
    for x in exporter.get_finished_spans():
        spans.append([x.name, x.attributes.get("http.status_code")])
"""


@pytest.mark.parametrize(
    ("tracer", "field"),
    [(_SENTRY, "sentry-trace"), (_OPENTELEMETRY, "traceparent")],
    ids=["sentry-sdk", "opentelemetry"],
)
def test_it_sees_each_exchange(http_server: HttpServer, tracer: str, field: str) -> None:
    """And its header goes out; the exchanges stay ulak's."""
    nowhere = f"http://127.0.0.1:{free_port()}/"
    program = _PROGRAM.format(tracer=tracer)
    done = subprocess.run(
        [sys.executable, "-m", "ulak.dropin", "-c", program, http_server.url, nowhere],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    seen, spans = json.loads(done.stdout)
    assert seen == ["ulak._transport.response", {"a": 1}, "ConnectionError"]
    assert spans == [["GET", 200], ["POST", 200], ["GET", None]]
    first, second = http_server.requests
    assert first.target == "/get?q=a%2fb"
    assert first.header(field) != second.header(field)
    assert first.header(field)
    assert second.header(field)
    assert http_server.connections == 1
