"""Authentication rounds and hooks as steps."""

from __future__ import annotations

import io

import pytest

import ulak
from tests.policy.host import Host, Said
from ulak import exceptions as e
from ulak.auth import FlowAuth, HTTPDigestAuth
from ulak.retries import resolve

CHALLENGE = {"WWW-Authenticate": 'Digest realm="r", nonce="n1", qop="auth", algorithm=SHA-256'}


class Flow(FlowAuth):
    """Runs a generator function, and notes what becomes of it."""

    def __init__(self, run, *, wants_body: bool = False) -> None:
        self._run = run
        self.requires_response_body = wants_body
        self.ended = False

    def auth_flow(self, request):
        try:
            yield from self._run(request)
        finally:
            self.ended = True


def signed(request: ulak.PreparedRequest, value: str) -> ulak.PreparedRequest:
    copy = request.copy()
    copy.headers["Authorization"] = value
    return copy


def once(request):
    yield request


def twice(request):
    response = yield request
    if response.status_code == 401:
        yield signed(request, "second")


# -- rounds ------------------------------------------------------------------


def test_one_round() -> None:
    flow = Flow(once)
    host = Host(Said(401, body=b"no"))
    response = host.converse(auth=flow)
    assert (response.status_code, response.content) == (401, b"no")
    assert response.history == []
    assert host.kinds == ["Send", "Load"]
    assert flow.ended


def test_two_rounds() -> None:
    flow = Flow(twice)
    host = Host(Said(401, body=b"no"), Said(200, body=b"yes"))
    response = host.converse(auth=flow)
    assert response.content == b"yes"
    assert [x.status_code for x in response.history] == [401]
    assert response.history[0].content == b"no"
    assert host.kinds == ["Send", "Skim", "Send", "Load"]
    assert [x.headers.get("Authorization") for x in host.sent] == [None, "second"]
    assert flow.ended


def test_a_flow_that_wants_the_body() -> None:
    seen: list[bytes] = []

    def run(request):
        response = yield request
        seen.append(response.content)

    host = Host(Said(body=b"body"))
    host.converse(auth=Flow(run, wants_body=True), stream=True)
    assert seen == [b"body"]
    assert host.kinds == ["Send", "Load"]


def test_rounds_are_bounded() -> None:
    def endless(request):
        while True:
            yield request

    flow = Flow(endless)
    host = Host(Said(200, body=b"x" * 100_000))
    response = host.converse(auth=flow)
    assert 2 <= len(host.sent) <= 20
    assert len(response.history) == len(host.sent) - 1
    assert all(x is not response for x in response.history)
    assert len(response.content) == 100_000
    assert flow.ended


def test_a_flow_that_yields_nothing() -> None:
    def nothing(request):
        return
        yield

    host = Host(Said())
    try:
        response = host.converse(auth=Flow(nothing))
    except e.RequestException:
        return
    assert response.status_code == 200


def test_what_a_flow_raises_is_the_callers() -> None:
    def raises(request):
        yield request
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        Host(Said()).converse(auth=Flow(raises))


def test_what_a_flow_raises_gives_the_response_up() -> None:
    """At each round, with the body read and not: nobody else has the response."""

    def raises_at(number: int):
        def run(request):
            for _ in range(number):
                yield request
            raise LookupError("mine")

        return run

    for wants_body in (False, True):
        for number in (1, 2):
            host = Host(Said(401, body=b"no"))
            with pytest.raises(LookupError, match="mine"):
                host.converse(auth=Flow(raises_at(number), wants_body=wants_body))
            last = ["Send", "Load", "Close"] if wants_body else ["Send", "Close"]
            assert host.kinds[-len(last) :] == last


def test_a_body_that_breaks_off_between_rounds_gives_the_response_up() -> None:
    host = Host(Said(401, breaks=e.ChunkedEncodingError("broke off")))
    with pytest.raises(e.ChunkedEncodingError):
        host.converse(auth=Flow(twice, wants_body=True))
    assert host.kinds == ["Send", "Load", "Close"]


def test_an_error_of_the_exchange_ends_the_flow() -> None:
    flow = Flow(twice)
    with pytest.raises(e.ConnectionError):
        Host(e.ConnectionError("reset")).converse(auth=flow)
    assert flow.ended


def test_retries_are_inside_of_a_round() -> None:
    host = Host(e.ConnectionError("reset"), Said(401), e.ConnectionError("reset"), Said())
    response = host.converse(auth=Flow(twice), retries=resolve(2))
    assert response.status_code == 200
    assert [x.headers.get("Authorization") for x in host.sent] == [None, None, "second", "second"]


def test_a_body_is_rewound_for_each_round() -> None:
    file = io.BytesIO(b"body")
    seen: list[bytes] = []

    def reading(status: int):
        def answer(request: ulak.PreparedRequest) -> Said:
            seen.append(request.body.read())
            return Said(status)

        return answer

    Host(reading(401), reading(200)).converse("POST", data=file, auth=Flow(twice))
    assert seen == [b"body", b"body"]


def test_a_body_that_cannot_be_rewound() -> None:
    host = Host(Said(401), Said())
    with pytest.raises(e.UnrewindableBodyError):
        host.converse("POST", data=iter([b"x"]), auth=Flow(twice))
    assert len(host.sent) == 1


def test_cookies_of_every_round_are_kept() -> None:
    host = Host(Said(401, {"Set-Cookie": "one=1"}), Said(200, {"Set-Cookie": "two=2"}))
    host.converse(auth=Flow(twice))
    assert host.cookies.get_dict() == {"one": "1", "two": "2"}


def test_a_redirect_within_the_origin_keeps_the_flow() -> None:
    flow = Flow(twice)
    host = Host(Said(302, {"Location": "/b"}), Said(401), Said())
    response = host.converse(auth=flow)
    assert [x.status_code for x in response.history] == [302, 401]


def test_a_redirect_to_another_origin_leaves_the_flow_behind() -> None:
    host = Host(Said(302, {"Location": "http://b.example/"}), Said(401), Said())
    response = host.converse(auth=Flow(twice))
    assert response.status_code == 401
    assert len(host.sent) == 2


# -- Digest ------------------------------------------------------------------


def test_digest() -> None:
    host = Host(Said(401, CHALLENGE), Said())
    response = host.converse(auth=HTTPDigestAuth("u", "p"))
    assert response.status_code == 200
    first, second = host.sent
    assert "Authorization" not in first.headers
    assert second.headers["Authorization"].startswith("Digest ")
    assert 'nonce="n1"' in second.headers["Authorization"]


def test_digest_gives_up_on_a_second_refusal() -> None:
    host = Host(Said(401, CHALLENGE))
    assert host.converse(auth=HTTPDigestAuth("u", "wrong")).status_code == 401
    assert len(host.sent) == 2


def test_digest_is_signed_anew_for_the_target_of_a_redirect() -> None:
    host = Host(Said(401, CHALLENGE), Said(302, {"Location": "/b"}), Said())
    host.converse(auth=HTTPDigestAuth("u", "p"))
    headers = [x.headers.get("Authorization", "") for x in host.sent]
    assert 'uri="/"' in headers[1]
    assert 'uri="/b"' in headers[2]


def test_digest_does_not_go_to_another_origin() -> None:
    host = Host(
        Said(401, CHALLENGE), Said(302, {"Location": "http://b.example/"}), Said(401, CHALLENGE)
    )
    host.converse(auth=HTTPDigestAuth("u", "p"))
    assert len(host.sent) == 3
    assert "Authorization" not in host.sent[2].headers


# -- hooks -------------------------------------------------------------------


def test_hooks_are_a_step_of_each_hop() -> None:
    host = Host(Said(302, {"Location": "/b"}), Said())
    host.converse(hooks={"response": lambda response: None})
    assert host.kinds == ["Send", "Hooks", "Skim", "Send", "Hooks", "Load"]


def test_no_hooks_no_step() -> None:
    host = Host(Said())
    host.converse()
    assert host.kinds == ["Send", "Load"]


def test_a_hook_may_replace_a_response() -> None:
    other = Said(418, body=b"other")

    def replace(response: ulak.Response) -> ulak.Response:
        made = other.to(response.request)
        made.history = [response]
        return made

    host = Host(Said(200, {"Set-Cookie": "replaced=1"}))
    response = host.converse(hooks={"response": replace})
    assert response.status_code == 418
    assert [x.status_code for x in response.history] == [200]
    assert host.cookies.get_dict() == {"replaced": "1"}


def test_a_hook_may_make_a_redirect_of_it() -> None:
    def redirecting(response: ulak.Response) -> ulak.Response | None:
        if response.history or response.url.endswith("/b"):
            return None
        return Said(302, {"Location": "/b"}).to(response.request)

    host = Host(Said(), Said())
    host.converse(hooks={"response": redirecting})
    assert [x.url for x in host.sent] == ["http://a.example/", "http://a.example/b"]


def test_a_hook_sees_the_last_round_only() -> None:
    seen: list[int] = []
    host = Host(Said(401), Said())
    host.converse(
        auth=Flow(twice), hooks={"response": lambda response: seen.append(response.status_code)}
    )
    assert seen == [200]


def test_what_a_hook_raises_is_not_retried() -> None:
    def broken(response: ulak.Response) -> None:
        raise e.ConnectionError("mine")

    host = Host(Said())
    with pytest.raises(e.ConnectionError, match="mine"):
        host.converse(hooks={"response": broken}, retries=resolve(3))
    assert len(host.sent) == 1


# -- deadlines ---------------------------------------------------------------


def test_a_deadline_that_passes_between_rounds() -> None:
    import time

    def slowly(request):
        yield request
        time.sleep(0.06)
        yield request

    host = Host(Said(401))
    with pytest.raises(e.TotalTimeout) as caught:
        host.converse(auth=Flow(slowly), timeout=ulak.Timeout(total=0.05))
    assert len(host.sent) == 1
    assert caught.value.request is not None


def test_settings_go_to_every_exchange() -> None:
    host = Host(Said(302, {"Location": "/b"}), Said())
    host.converse(timeout=7, proxies={"https": "http://p:1"})
    sends = [step for step in host.steps if hasattr(step, "timeout")]
    assert [ulak.Timeout.of(x.timeout) for x in sends] == [ulak.Timeout(7, 7)] * 2
