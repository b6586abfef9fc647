"""Retries as a decision: whether, how often, after which pause."""

from __future__ import annotations

import io
from email.utils import formatdate
from time import time

import pytest
from urllib3.util import Retry

import ulak
from tests.policy.host import Adapter, Host, Said
from ulak import Timeout
from ulak import exceptions as e
from ulak.retries import resolve

IDEMPOTENT = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY")
OTHER = ("POST", "PATCH")
BUSY = Said(503, {"Retry-After": "0"}, b"busy")


def wrapped(error: Exception) -> e.ConnectionError:
    """A connection that could not be made, as the adapter raises it."""
    ours = e.ConnectionError("no connection")
    ours.__cause__ = error
    return ours


def never_sent() -> e.ConnectionError:
    from urllib3.exceptions import NewConnectionError

    return wrapped(NewConnectionError(None, "refused"))


NEVER_SENT = {
    "refused": never_sent,
    "connect timeout": lambda: e.ConnectTimeout("late"),
    "no address": lambda: e.NameResolutionError("none"),
    "proxy": lambda: e.ProxyError("refused"),
}
PERHAPS_SENT = {
    "reset": lambda: e.ConnectionError("reset"),
    "read timeout": lambda: e.ReadTimeout("late"),
    "write timeout": lambda: e.WriteTimeout("late"),
    "protocol": lambda: e.ProtocolError("garbage"),
}
NEVER_AGAIN = {
    "invalid header": e.InvalidHeader("x"),
    "invalid url": e.InvalidURL("x"),
    "certificate": e.InvalidCertificate("x"),
    "closed": e.SessionClosed("x"),
    "total": e.TotalTimeout("x"),
    "decoding": e.ContentDecodingError("x"),
    "the caller's": LookupError("mine"),
    "the caller's OSError": ConnectionResetError("mine"),
}


@pytest.mark.parametrize("name", NEVER_SENT)
@pytest.mark.parametrize("method", [*IDEMPOTENT, *OTHER])
def test_what_was_never_sent_is_tried_again(name: str, method: str) -> None:
    host = Host(NEVER_SENT[name](), Said())
    assert host.converse(method, retries=resolve(1)).status_code == 200
    assert len(host.sent) == 2


@pytest.mark.parametrize("name", PERHAPS_SENT)
@pytest.mark.parametrize("method", IDEMPOTENT)
def test_what_may_be_repeated_is_tried_again(name: str, method: str) -> None:
    host = Host(PERHAPS_SENT[name](), PERHAPS_SENT[name](), Said())
    assert host.converse(method, retries=resolve(2)).status_code == 200
    assert len(host.sent) == 3


@pytest.mark.parametrize("name", PERHAPS_SENT)
@pytest.mark.parametrize("method", OTHER)
def test_what_may_not_be_repeated_is_not(name: str, method: str) -> None:
    error = PERHAPS_SENT[name]()
    host = Host(error, Said())
    with pytest.raises(type(error)) as caught:
        host.converse(method, data=b"x", retries=resolve(5))
    assert caught.value is error
    assert len(host.sent) == 1


@pytest.mark.parametrize("name", NEVER_AGAIN)
def test_what_is_never_tried_again(name: str) -> None:
    error = NEVER_AGAIN[name]
    host = Host(error, Said())
    with pytest.raises(type(error)) as caught:
        host.converse(retries=resolve(5))
    assert caught.value is error
    assert len(host.sent) == 1


@pytest.mark.parametrize("retries", [None, resolve(0), resolve(False), Retry(0), Retry(False)])
def test_none(retries: Retry | None) -> None:
    host = Host(never_sent(), Said())
    with pytest.raises(e.ConnectionError):
        host.converse(retries=retries)
    assert len(host.sent) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_the_last_error_is_raised(count: int) -> None:
    errors = [e.ConnectionError(str(n)) for n in range(count + 1)]
    host = Host(*errors, Said())
    with pytest.raises(e.ConnectionError) as caught:
        host.converse(retries=resolve(count))
    assert caught.value is errors[-1]
    assert len(host.sent) == count + 1


def test_each_counter_of_the_policy() -> None:
    for policy, error in (
        (Retry(9, connect=1), never_sent()),
        (Retry(9, read=1), e.ReadTimeout("x")),
    ):
        host = Host(error)
        with pytest.raises(e.RequestException):
            host.converse(retries=policy)
        assert len(host.sent) == 2


# -- bodies ------------------------------------------------------------------


def test_a_body_is_rewound() -> None:
    file = io.BytesIO(b"body")
    seen: list[bytes] = []

    def broken(request: ulak.PreparedRequest) -> Said:
        seen.append(request.body.read())
        raise e.ConnectionError("reset")

    def fine(request: ulak.PreparedRequest) -> Said:
        seen.append(request.body.read())
        return Said()

    Host(broken, fine).converse("PUT", data=file, retries=resolve(1))
    assert seen == [b"body", b"body"]


@pytest.mark.parametrize("answer", [e.ConnectionError("reset"), BUSY])
def test_an_iterator_is_not_sent_again(answer: Exception | Said) -> None:
    host = Host(answer, Said())
    if isinstance(answer, Exception):
        with pytest.raises(e.ConnectionError):
            host.converse("PUT", data=iter([b"x"]), retries=resolve(3))
    else:
        assert host.converse("PUT", data=iter([b"x"]), retries=resolve(3)).status_code == 503
    assert len(host.sent) == 1


# -- broken answers ----------------------------------------------------------


def test_a_body_that_breaks_off_is_asked_for_again() -> None:
    host = Host(Said(breaks=e.IncompleteBody("short")), Said(body=b"whole"))
    assert host.converse(retries=resolve(1)).content == b"whole"
    assert host.kinds == ["Send", "Load", "Send", "Load"]


def test_a_body_of_a_post_is_not_asked_for_again() -> None:
    host = Host(Said(breaks=e.IncompleteBody("short")), Said())
    with pytest.raises(e.IncompleteBody):
        host.converse("POST", retries=resolve(3))
    assert len(host.sent) == 1


def test_a_streams_body_is_the_callers() -> None:
    host = Host(Said(breaks=e.IncompleteBody("short")))
    assert host.converse(stream=True, retries=resolve(3)).status_code == 200
    assert host.kinds == ["Send"]


def test_a_body_that_breaks_off_after_a_redirect() -> None:
    host = Host(
        Said(302, {"Location": "/b"}), Said(breaks=e.IncompleteBody("short")), Said(body=b"whole")
    )
    response = host.converse(retries=resolve(1))
    assert response.content == b"whole"
    assert [x.status_code for x in response.history] == [302]
    assert [x.url[-2:] for x in host.sent] == ["e/", "/b", "/b"]


# -- answers that ask for it -------------------------------------------------


@pytest.mark.parametrize("status", [413, 429, 503])
@pytest.mark.parametrize("method", IDEMPOTENT)
def test_retry_after(status: int, method: str) -> None:
    host = Host(Said(status, {"Retry-After": "7"}, b"busy"), Said())
    assert host.converse(method, retries=resolve(1)).status_code == 200
    assert host.slept == [7]
    assert host.kinds == ["Send", "Skim", "Pause", "Send", "Load"]


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("GET", Said(503)),
        ("GET", Said(500, {"Retry-After": "0"})),
        ("GET", Said(404, {"Retry-After": "0"})),
        ("GET", Said(200, {"Retry-After": "0"})),
        ("POST", Said(503, {"Retry-After": "0"})),
        ("PATCH", Said(429, {"Retry-After": "0"})),
    ],
)
def test_answers_that_are_kept(method: str, said: Said) -> None:
    host = Host(said)
    assert host.converse(method, retries=resolve(3)).status_code == said.status
    assert len(host.sent) == 1


def test_retry_after_as_a_date() -> None:
    host = Host(Said(503, {"Retry-After": formatdate(time() + 100, usegmt=True)}), Said())
    host.converse(retries=resolve(1))
    assert len(host.slept) == 1
    assert 95 < host.slept[0] <= 100


@pytest.mark.parametrize("value", ["soon", "1.5", "", "-5", "x" * 1000, "9" * 400, "\x00"])
def test_a_retry_after_that_makes_no_sense(value: str) -> None:
    host = Host(Said(503, {"Retry-After": value}), Said())
    try:
        assert host.converse(retries=resolve(1), timeout=Timeout(total=5)).status_code in (200, 503)
    except e.TotalTimeout:
        assert set(value) == {"9"}
    assert all(seconds >= 0 for seconds in host.slept)


@pytest.mark.parametrize(
    "value",
    [
        "9" * 5000,
        "9" * 11,
        "3600",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 31 Dec 99999 23:59:59 GMT",
        "Fri, 99 Dec 2030 99:99:99 GMT",
        "Fri, 31 Dec 2030 23:59:59 +99999999",
    ],
    ids=lambda x: x[:30],
)
def test_a_server_cannot_ask_for_a_pause_of_hours(value: str) -> None:
    host = Host(Said(503, {"Retry-After": value}), Said())
    assert host.converse(retries=resolve(1), timeout=Timeout(10, 10)).status_code in (200, 503)
    assert sum(host.slept) <= 120


def test_retry_after_may_be_ignored() -> None:
    policy = Retry(2, respect_retry_after_header=False)
    host = Host(BUSY)
    assert host.converse(retries=policy).status_code == 503
    assert len(host.sent) == 1


def test_status_forcelist() -> None:
    host = Host(Said(500), Said(502), Said())
    policy = Retry(5, status_forcelist=[500, 502])
    assert host.converse(retries=policy).status_code == 200
    assert len(host.sent) == 3


@pytest.mark.parametrize("total", [1, 3])
def test_used_up_and_raised(total: int) -> None:
    host = Host(Said(500, body=b"why"))
    with pytest.raises(e.RetryError) as caught:
        host.converse(retries=Retry(total, status_forcelist=[500]))
    assert len(host.sent) == total + 1
    assert caught.value.response.status_code == 500
    assert caught.value.request is not None


def test_used_up_and_returned() -> None:
    for policy, said in (
        (Retry(2, status_forcelist=[500], raise_on_status=False), Said(500, body=b"why")),
        (resolve(2), BUSY),
    ):
        host = Host(said)
        response = host.converse(retries=policy)
        assert response.status_code == said.status
        assert response.content == said.body
        assert len(host.sent) == 3


# -- pauses ------------------------------------------------------------------


def test_backoff() -> None:
    host = Host(*[e.ConnectionError("reset")] * 5, Said())
    host.converse(retries=Retry(5, backoff_factor=1, backoff_max=6))
    assert host.slept in ([2, 4, 6, 6], [1, 2, 4, 6, 6])


def test_no_pause_by_default() -> None:
    host = Host(*[e.ConnectionError("reset")] * 3, Said())
    host.converse(retries=resolve(3))
    assert host.slept == []


def test_a_pause_beyond_the_deadline_after_an_answer() -> None:
    host = Host(Said(503, {"Retry-After": "60"}), Said())
    with pytest.raises(e.TotalTimeout) as caught:
        host.converse(retries=resolve(3), timeout=Timeout(total=10))
    assert host.slept == []
    assert len(host.sent) == 1
    assert caught.value.response.status_code == 503


def test_a_pause_beyond_the_deadline_after_an_error() -> None:
    error = e.ConnectionError("reset")
    host = Host(error, error, Said())
    with pytest.raises(e.ConnectionError) as caught:
        host.converse(retries=Retry(3, backoff_factor=60), timeout=Timeout(total=10))
    assert host.slept == []
    assert caught.value is error


def test_what_is_left_of_the_total_goes_to_each_exchange() -> None:
    host = Host(e.ConnectionError("x"), Said(302, {"Location": "/b"}), Said())
    host.converse(retries=resolve(1), timeout=Timeout(1, 2, total=30))
    limits = [step.timeout for step in host.steps if hasattr(step, "timeout")]
    assert len(limits) == 3
    assert all((x.connect, x.read) == (1, 2) for x in limits)
    assert 30 > limits[0].total > limits[1].total > limits[2].total > 29


# -- whose policy ------------------------------------------------------------


def test_the_adapters_policy_holds_where_nothing_else_is_said() -> None:
    host = Host(e.ConnectionError("x"), Said(), adapter=Adapter(Retry(1)))
    assert host.converse().status_code == 200
    host = Host(e.ConnectionError("x"), Said(), adapter=Adapter(Retry(1)))
    with pytest.raises(e.ConnectionError):
        host.converse(retries=None)


def test_an_adapter_that_knows_no_retries() -> None:
    host = Host(e.ConnectionError("x"), Said(), adapter=object())
    with pytest.raises(e.ConnectionError):
        host.converse()


def test_the_policy_is_used_up_over_the_whole_conversation() -> None:
    host = Host(
        e.ConnectionError("x"), Said(302, {"Location": "/b"}), e.ConnectionError("y"), Said()
    )
    with pytest.raises(e.ConnectionError, match="y"):
        host.converse(retries=resolve(1))


class Failing(Retry):
    """A policy of the caller's own, at which something is wrong."""

    def is_retry(self, *args: object, **settings: object) -> bool:
        raise LookupError("mine")


def test_what_a_policy_raises_gives_the_response_up() -> None:
    host = Host(Said(503, body=b"busy"))
    with pytest.raises(LookupError, match="mine"):
        host.converse(retries=Failing(3, status_forcelist=[503]))
    assert host.kinds == ["Send", "Skim"]


@pytest.mark.parametrize("value", [True, -1, 1.5, "3", [1], object()])
def test_what_is_no_policy(value: object) -> None:
    with pytest.raises(e.InvalidOption):
        resolve(value)
