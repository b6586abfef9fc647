"""What a jar full of other hosts' cookies costs a whole conversation: nothing."""

from __future__ import annotations

import gc
import sys
from types import FrameType

from tests.policy.host import Host, Said
from ulak.cookies import RequestsCookieJar

ANSWERS = (
    Said(302, [("Location", "/next"), ("Set-Cookie", "a=2")]),
    Said(200, [("Set-Cookie", "b=3; Domain=h.example")]),
)


def conversation(others: int) -> tuple[int, list[str | None]]:
    """The calls of a conversation with a redirect and cookies both ways, and what was sent."""
    jar = RequestsCookieJar()
    for number in range(others):
        jar.set("a", "1", domain=f"host{number}.example.org")
    jar.set("a", "1", domain="www.h.example")

    def converse() -> Host:
        host = Host(*ANSWERS, cookies=jar)
        host.converse(url="http://www.h.example/")
        return host

    converse()  # what is made once
    calls = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    gc.disable()  # others' callbacks from it would be counted, too
    sys.setprofile(note)
    try:
        host = converse()
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls, [request.headers.get("Cookie") for request in host.sent]


def test_cookies_of_other_hosts_cost_a_conversation_nothing() -> None:
    few, sent = conversation(0)
    assert sent == ["a=2; b=3", "a=2; b=3"]
    assert conversation(10_000) == (few, sent)
