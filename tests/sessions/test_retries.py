"""Retries: what is tried again, how often, after which pause, and what is not."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import ClassVar

import pytest
from urllib3.util import Retry

import ulak
from tests.support import Answer, HttpServer, RawConnection, RawServer, free_port
from tests.support.fronts import Front

StartRaw = Callable[..., RawServer]


def breaks(connection: RawConnection) -> None:
    connection.recv_request()
    connection.reset()


def answers(connection: RawConnection) -> None:
    while True:
        connection.recv_request()
        connection.respond(b"fine")


def stops_short(connection: RawConnection) -> None:
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfi")
    connection.shutdown()


# -- errors ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "method"),
    [(breaks, method) for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY")]
    + [(stops_short, method) for method in ("GET", "OPTIONS", "PUT", "DELETE", "QUERY")],
    ids=lambda x: getattr(x, "__name__", x),
)
def test_a_broken_exchange_of_an_idempotent_method(
    session: ulak.Session, start_raw_server: StartRaw, script, method: str
) -> None:
    server = start_raw_server([script, script, answers])
    response = session.request(method, server.url, retries=2)
    assert response.content == (b"" if method == "HEAD" else b"fine")
    assert server.accepted == 3


@pytest.mark.parametrize("script", [breaks, stops_short], ids=lambda x: x.__name__)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_broken_exchange_of_another_method(
    session: ulak.Session, start_raw_server: StartRaw, script, method: str
) -> None:
    server = start_raw_server([script, answers])
    with pytest.raises((ulak.ConnectionError, ulak.ChunkedEncodingError)):
        session.request(method, server.url, data=b"x", retries=5)
    assert server.accepted == 1


def test_other_methods_when_the_policy_says_so(session, start_raw_server: StartRaw) -> None:
    server = start_raw_server([breaks, answers])
    retries = Retry(1, allowed_methods=["POST"])
    assert session.post(server.url, data=b"x", retries=retries).content == b"fine"
    assert server.received.count(b"POST / ") == 2


def test_the_error_when_attempts_are_used_up(session, start_raw_server: StartRaw) -> None:
    server = start_raw_server([breaks, breaks, breaks, answers])
    with pytest.raises(ulak.ConnectionError):
        session.get(server.url, retries=2)
    assert server.accepted == 3


def test_a_refused_connection_for_every_method(session: ulak.Session) -> None:
    port = free_port()
    start = time.monotonic()
    with pytest.raises(ulak.ConnectionError):
        session.post(f"http://127.0.0.1:{port}/", data=b"x", retries=Retry(2, backoff_factor=0.1))
    # Nothing was sent, so a POST is tried again too: pauses of 0 and 0.2 seconds.
    assert 0.19 <= time.monotonic() - start < 3


def test_read_timeouts(session: ulak.Session, start_raw_server: StartRaw) -> None:
    def silent(connection: RawConnection) -> None:
        connection.recv_request()
        connection.hang()

    server = start_raw_server([silent, answers])
    assert session.get(server.url, retries=1, timeout=0.2).content == b"fine"
    server = start_raw_server([silent, answers])
    with pytest.raises(ulak.ReadTimeout):
        session.post(server.url, data=b"x", retries=1, timeout=0.2)
    assert server.accepted == 1


def test_without_retries_there_is_one_attempt(session, start_raw_server: StartRaw) -> None:
    for value in (None, 0, False, Retry(0), Retry(False)):
        server = start_raw_server([breaks, answers])
        with pytest.raises(ulak.ConnectionError):
            session.get(server.url, retries=value)
        assert server.accepted == 1, value


def test_a_streams_body_is_the_callers(session: ulak.Session, start_raw_server) -> None:
    server = start_raw_server([stops_short, answers])
    response = session.get(server.url, retries=3, stream=True)
    with pytest.raises(ulak.exceptions.IncompleteBody):
        _ = response.content
    assert server.accepted == 1


@pytest.mark.parametrize(
    "body", [lambda: b"x" * 300_000, lambda: io.BytesIO(b"y" * 300_000)], ids=["bytes", "file"]
)
def test_a_body_is_sent_again_whole(session, start_raw_server: StartRaw, body) -> None:
    bodies: list[bytes] = []

    def takes_and_breaks(connection: RawConnection) -> None:
        bodies.append(connection.recv_request().body)
        connection.reset()

    def takes(connection: RawConnection) -> None:
        bodies.append(connection.recv_request().body)
        connection.respond(b"fine")

    server = start_raw_server([takes_and_breaks, takes])
    assert session.put(server.url, data=body(), retries=1).content == b"fine"
    assert len(bodies[0]) == 300_000
    assert bodies[0] == bodies[1]


def test_a_body_that_cannot_be_sent_again_is_not_retried(session, start_raw_server) -> None:
    server = start_raw_server([breaks, answers])
    with pytest.raises(ulak.ConnectionError):
        session.put(server.url, data=iter([b"x"]), retries=3)
    assert server.accepted == 1


@pytest.mark.parametrize(
    "call",
    [
        {"headers": {"X": "a\nb"}},
        {"url": "http://["},
        {"timeout": -1},
        {"verify": "/no/such/file"},
    ],
    ids=lambda x: next(iter(x)),
)
def test_mistakes_of_the_caller_are_not_retried(session: ulak.Session, call) -> None:
    call = {"url": "https://127.0.0.1:1/", **call}
    start = time.monotonic()
    with pytest.raises(ulak.RequestException) as caught:
        session.get(retries=Retry(3, backoff_factor=5), **call)
    assert "no connection" not in str(caught.value)
    assert time.monotonic() - start < 3


# -- answers -----------------------------------------------------------------


@pytest.mark.parametrize("status", [413, 429, 503])
def test_an_answer_with_retry_after(http_server: HttpServer, session, status: int) -> None:
    params = {"key": "a", "fails": "2", "retry_after": "0", "status": str(status)}
    response = session.get(f"{http_server.url}/retry", params=params, retries=3)
    assert response.json()["attempts"] == 3
    assert http_server.connections == 1


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("GET", {"retry_after": ""}),
        ("GET", {"retry_after": "0", "status": "500"}),
        ("GET", {"retry_after": "0", "status": "404"}),
        ("POST", {"retry_after": "0"}),
    ],
)
def test_an_answer_that_is_kept(http_server: HttpServer, session, method: str, params) -> None:
    params = {"key": "a", "fails": "2", **params}
    response = session.request(method, f"{http_server.url}/retry", params=params, retries=3)
    assert response.status_code >= 400
    assert len(http_server.requests) == 1


def test_retry_after_is_waited_for(http_server: HttpServer, session: ulak.Session) -> None:
    params = {"key": "a", "fails": "1", "retry_after": "1"}
    start = time.monotonic()
    response = session.get(f"{http_server.url}/retry", params=params, retries=1)
    assert response.json()["attempts"] == 2
    assert 0.95 <= time.monotonic() - start < 4


@pytest.mark.parametrize("value", ["soon", "-1", "1.5.2", "1e3000", "\xff", " "])
def test_a_retry_after_that_makes_no_sense(http_server: HttpServer, session, value: str) -> None:
    seen = []

    def handler(request) -> Answer:
        seen.append(1)
        return Answer(b"", 503 if len(seen) == 1 else 200, [("Retry-After", value)])

    http_server.route("/odd")(handler)
    response = session.get(f"{http_server.url}/odd", retries=1, timeout=ulak.Timeout(total=3))
    assert response.status_code in (200, 503)


def test_a_date_that_has_passed_is_no_pause(http_server: HttpServer, session) -> None:
    past = formatdate(time.time() - 100, usegmt=True)
    params = {"key": "a", "fails": "1", "retry_after": past}
    assert session.get(f"{http_server.url}/retry", params=params, retries=1).status_code == 200


def test_status_forcelist(http_server: HttpServer, session: ulak.Session) -> None:
    params = {"key": "a", "fails": "2", "status": "500"}
    retries = Retry(3, status_forcelist=[500], backoff_factor=0.01)
    response = session.get(f"{http_server.url}/retry", params=params, retries=retries)
    assert response.json()["attempts"] == 3


@pytest.mark.parametrize("total", [1, 2])
def test_the_error_when_every_answer_asks_for_another_attempt(
    http_server: HttpServer, session: ulak.Session, total: int
) -> None:
    params = {"key": "a", "fails": "99", "status": "500"}
    retries = Retry(total, status_forcelist=[500])
    with pytest.raises(ulak.RetryError) as caught:
        session.get(f"{http_server.url}/retry", params=params, retries=retries)
    assert len(http_server.requests) == total + 1
    assert caught.value.response.status_code == 500
    assert caught.value.response.content == b"try again\n"


@pytest.mark.parametrize("policy", ["number", "not raising"])
def test_the_last_answer_when_nothing_is_to_be_raised(http_server, session, policy: str) -> None:
    params = {"key": "a", "fails": "99", "retry_after": "0"}
    retries = 2 if policy == "number" else Retry(2, status_forcelist=[503], raise_on_status=False)
    response = session.get(f"{http_server.url}/retry", params=params, retries=retries)
    assert response.status_code == 503
    assert response.content == b"try again\n"
    assert len(http_server.requests) == 3


def test_the_body_of_a_refused_attempt_is_read_so_that_the_connection_stays(
    http_server: HttpServer, session: ulak.Session
) -> None:
    seen = []

    def handler(request) -> Answer:
        seen.append(1)
        ready = len(seen) > 2
        return Answer(b"x" * 50_000, 200 if ready else 503, [("Retry-After", "0")])

    http_server.route("/it")(handler)
    response = session.get(f"{http_server.url}/it", retries=2, stream=True)
    assert len(response.content) == 50_000
    assert http_server.connections == 1


# -- where the policy comes from ---------------------------------------------


def test_the_call_the_session_and_the_adapter(start_raw_server: StartRaw, front: Front) -> None:
    def attempts(**call) -> int:
        server = start_raw_server([breaks] * 9)
        with pytest.raises(ulak.ConnectionError):
            session.get(server.url, **call)
        return server.accepted

    with front.session(adapters={"http://": front.HTTPAdapter(max_retries=1)}) as session:
        assert attempts() == 2
        session.retries = 2
        assert attempts() == 3
        assert attempts(retries=3) == 4
        assert attempts(retries=0) == 1
        assert attempts(retries=None) == 1


def test_retries_count_over_a_redirect(http_server: HttpServer, session) -> None:
    def handler(request) -> Answer:
        return Answer(b"", 503, [("Retry-After", "0")])

    http_server.route("/busy")(handler)
    response = session.get(f"{http_server.url}/redirect-to?url=/busy", retries=2)
    assert response.status_code == 503
    assert len(http_server.requests) == 4


@pytest.mark.parametrize("of", ["call", "session"])
@pytest.mark.parametrize("fails", [2, 9])
def test_retries_of_a_subclass_that_sends_in_its_own_way(
    http_server: HttpServer, front: Front, of: str, fails: int
) -> None:
    """They hold after a redirect too, and are one budget for all hops."""
    seen: list[str] = []

    def handler(request) -> Answer:
        seen.append(request.path)
        if seen.count(request.path) <= (1 if request.path == "/a" else fails):
            return Answer(b"", 503, [("Retry-After", "0")])
        return Answer(b"", 302, [("Location", "/b")]) if request.path == "/a" else Answer(b"fine")

    http_server.route("/a")(handler)
    http_server.route("/b")(handler)

    class Own(front.Session):
        def send(self, request, **kwargs):
            return super().send(request, **kwargs)

    with front.open(Own(retries=4 if of == "session" else None)) as session:
        response = session.get(f"{http_server.url}/a", **({"retries": 4} if of == "call" else {}))
    assert response.status_code == (200 if fails == 2 else 503)
    assert (seen.count("/a"), seen.count("/b")) == (2, 3 if fails == 2 else 4)


def test_a_retry_policy_is_not_changed(http_server: HttpServer, session) -> None:
    policy = Retry(2)
    for key in "ab":
        params = {"key": key, "fails": "2", "retry_after": "0"}
        assert session.get(f"{http_server.url}/retry", params=params, retries=policy).ok
    assert policy.total == 2


# -- a policy of the caller's own --------------------------------------------


class Judge(Retry):
    """Judges by the body and by fields of its own, which a subclass may."""

    seen: ClassVar[list[tuple[str, str]]] = []

    def increment(self, *args, response=None, **kwargs) -> Retry:
        if response is not None and response.headers["X-Kind"] == "final":
            raise PermissionError(response.data.decode())
        assert response is None or "Content-Encoding" not in response.headers
        return super().increment(*args, response=response, **kwargs)

    def get_retry_after(self, response) -> float:
        self.seen.append((response.reason, response.data.decode()))
        return float(response.headers["X-Wait"])


@pytest.fixture
def judge() -> Judge:
    Judge.seen.clear()
    return Judge(2, status_forcelist=[403], raise_on_status=False)


def says(kind: str, text: str) -> Answer:
    fields = [("Content-Encoding", "gzip"), ("X-Kind", kind), ("X-Wait", "0")]
    return Answer(gzip.compress(text.encode()), 403, fields, reason="Told off")


def test_a_policy_may_judge_by_the_body(http_server: HttpServer, session, judge) -> None:
    left = [says("busy", "later"), says("busy", "soon")]
    http_server.route("/it")(lambda _: left.pop() if left else Answer(b"fine"))
    assert session.get(f"{http_server.url}/it", retries=judge).text == "fine"
    assert judge.seen == [("Told off", "soon"), ("Told off", "later")]
    assert http_server.connections == 1


def test_what_such_a_policy_keeps_can_still_be_read(http_server, session, judge) -> None:
    http_server.route("/it")(lambda _: says("busy", "never"))
    response = session.get(f"{http_server.url}/it", retries=judge, stream=True)
    assert (response.status_code, response.content) == (403, b"never")
    assert len(http_server.requests) == 3


def test_what_such_a_policy_raises_is_raised(http_server, session, judge) -> None:
    http_server.route("/it")(lambda _: says("final", "no entry"))
    with pytest.raises(PermissionError, match="no entry"):
        session.get(f"{http_server.url}/it", retries=judge)
    assert len(http_server.requests) == 1


def test_a_body_that_breaks_off_before_such_a_policy(session, start_raw_server, judge) -> None:
    def stops_short_of_a_403(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nfi")
        connection.shutdown()

    server = start_raw_server([stops_short_of_a_403, answers])
    assert session.get(server.url, retries=judge).text == "fine"
    assert judge.seen == []


def test_what_is_done_to_the_policy_of_a_number_stays_in_its_session(
    http_server: HttpServer,
) -> None:
    with ulak.Session(retries=3) as session:
        policy = session.get(f"{http_server.url}/get").raw.retries
        policy.total, policy.status_forcelist = 0, {200}
    with ulak.Session(retries=3) as session:
        assert session.get(f"{http_server.url}/get").ok
        assert session.get(f"{http_server.url}/get").raw.retries.total == 3
        session.retries = 2
        assert session.get(f"{http_server.url}/get").raw.retries.total == 2
