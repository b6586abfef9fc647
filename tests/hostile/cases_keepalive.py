"""P3, P6: connections that are used again: dead ones, and ones that say more than they should.

``keep-…-many`` is asked 200 times in the suite, and 10,000 times in a comparison.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.support import RawConnection

from .case import Case
from .judgements import asked, fails, gives, keeps, only_once, opens, sound
from .names import slug
from .plan import Ask, Pieces
from .servers import OK, Server, each, echoes, half_closes, plain, says, stalls, then

_MANY = 200
_SCALE = 50
_PAUSE = 0.03


def _close(connection: RawConnection) -> None:
    connection.close()


def _close_on_the_next(connection: RawConnection) -> None:
    """Take one more request, and hang up on it without an answer."""
    connection.recv_request()
    connection.close()


def _reset_on_the_next(connection: RawConnection) -> None:
    connection.recv_request()
    connection.reset()


def _close_at_the_next(connection: RawConnection) -> None:
    """Hang up as soon as a byte of the next request comes."""
    connection.sock.recv(1)
    connection.reset()


_ENDS: dict[str, Callable[[RawConnection], None]] = {
    "closed at once": _close,
    "reset at once": lambda connection: connection.reset(),
    "closed on the next request": _close_on_the_next,
    "reset on the next request": _reset_on_the_next,
    "reset at the next byte": _close_at_the_next,
    "half closed at once": lambda connection: (connection.shutdown(), connection.wait_closed()),
}  # type: ignore[dict-item,return-value]

_REPEATED = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE")
#: Methods that are never repeated once a byte may have arrived.
_ONCE = ("POST", "PATCH")

_MORE = {
    "a whole answer": plain(b"poison"),
    "a byte": b"x",
    "a line end": b"\r\n",
    "half an answer": b"HTTP/1.1 200 OK\r\nX",
    "an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n",
}
_FRAMED = {
    "a length": plain(b"right"),
    "chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nright\r\n0\r\n\r\n",
    "no body": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
}


def _later(more: bytes) -> Callable[[RawConnection], None]:
    """Answer, and say something more while nobody asks."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(plain(b"right"))
        connection.pause(_PAUSE / 3)
        connection.send(more)
        connection.wait_closed()

    return script


CASES: list[Case] = [
    *(
        Case(
            name=f"keep-{slug(how)}-{method.lower()}",
            promise="P3.1",
            servers={"a": Server(each(echoes(1, closing=end), echoes()))},
            asks=(Ask(url="{a}/1"), Ask(url="{a}/2", method=method, pause=_PAUSE)),
            judge=(gives(None, counted="lost"), opens(2)),
        )
        for how, end in _ENDS.items()
        for method in _REPEATED
        if method == "GET" or "on the next" in how
    ),
    *(
        Case(
            name=f"keep-{slug(how)}-many",
            promise="P3.3",
            servers={"a": Server(echoes(1 + number % 3, closing=end))},
            asks=(Ask(url="{a}/#", times=_MANY, timeout=30.0),),
            judge=(keeps(),),
            scale=_SCALE if how == "closed at once" else 5,
        )
        for number, (how, end) in enumerate(_ENDS.items())
    ),
    *(
        Case(
            name=f"keep-{slug(how)}-many-at-once",
            promise="P3.3",
            servers={"a": Server(echoes(3, closing=end))},
            asks=(Ask(url="{a}/#", times=_MANY, together=4, timeout=30.0),),
            judge=(keeps(),),
        )
        for how, end in _ENDS.items()
        if "closed" in how
    ),
    *(
        Case(
            name=f"keep-{slug(how)}-{method.lower()}",
            promise="P3.2",
            servers={
                "a": Server(each(then(echoes(1), end), then(echoes(1), end), echoes())),
            },
            asks=(Ask(url="{a}/1"), Ask(url="{a}/2", method=method, body=b"pay", pause=_PAUSE)),
            judge=(only_once(method=method), fails(counted="duplicated")),
        )
        for how, end in _ENDS.items()
        for method in _ONCE
        if "on the next" in how
    ),
    *(
        Case(
            name=f"keep-closed-before-a-post-{slug(what)}",
            promise="P3.2",
            servers={"a": Server(each(echoes(1), echoes()))},
            asks=(Ask(url="{a}/1"), Ask(url="{a}/2", method="POST", body=body, pause=_PAUSE)),
            judge=(only_once(), gives(b"/2")),
        )
        for what, body in (
            ("of bytes", b"pay"),
            ("of pieces", Pieces((b"pay",))),
            ("of nothing", None),
        )
    ),
    Case(
        name="keep-post-whose-answer-breaks-off",
        promise="P3.2",
        servers={"a": Server(each(then(echoes(1), says(OK + b"X")), echoes()))},
        asks=(Ask(url="{a}/1"), Ask(url="{a}/2", method="POST", body=b"pay")),
        judge=(only_once(), fails()),
    ),
    Case(
        name="keep-post-that-is-not-answered",
        promise="P3.2",
        servers={"a": Server(stalls())},
        asks=(Ask(method="POST", body=b"pay", timeout=0.3, plain=True, retries=3),),
        judge=(only_once(), fails("Timeout", counted="duplicated")),
    ),
    Case(
        name="keep-post-on-a-new-connection-that-is-closed",
        promise="P3.2",
        servers={"a": Server(each(lambda c: c.recv_request() and None, echoes()))},  # type: ignore[func-returns-value]
        asks=(Ask(method="POST", body=b"pay"),),
        judge=(only_once(), fails(counted="duplicated")),
    ),
    Case(
        name="keep-get-whose-answer-began",
        promise="P3.4",
        servers={"a": Server(each(then(echoes(1), says(OK + b"X")), echoes()))},
        asks=(Ask(url="{a}/1"), Ask(url="{a}/2")),
        judge=(fails("ConnectionError", counted="other"), opens(1)),
    ),
    Case(
        name="keep-get-on-a-new-connection-that-is-closed",
        promise="P3.4",
        servers={"a": Server(_close_on_the_next)},
        judge=(fails("ConnectionError", counted="other"), opens(1)),
    ),
    Case(
        name="keep-put-of-pieces-is-not-repeated",
        promise="P3.4",
        servers={"a": Server(each(then(echoes(1), _reset_on_the_next), echoes()))},
        asks=(Ask(url="{a}/1"), Ask(url="{a}/2", method="PUT", body=Pieces((b"x", b"y")))),
        judge=(only_once(method="PUT"), fails("RequestException", counted="duplicated")),
    ),
    Case(
        name="keep-replaced-once-and-not-for-ever",
        promise="P3.4",
        servers={"a": Server(each(then(echoes(1), _close_on_the_next), _close_on_the_next))},
        asks=(Ask(url="{a}/1"), Ask(url="{a}/2")),
        judge=(fails("ConnectionError", counted="other"), opens(2)),
    ),
    *(
        Case(
            name=f"more-after-{slug(framed)}-{slug(what)}",
            promise="P6.7",
            servers={"a": Server(each(says(answer + more, hang=True), echoes()))},
            asks=(Ask(), Ask(url="{a}/2", timeout=1.0)),
            judge=(sound(b"right", b"", b"/2"), gives(b"/2"), opens(2)),
        )
        for framed, answer in _FRAMED.items()
        for what, more in _MORE.items()
    ),
    *(
        Case(
            name=f"more-a-moment-later-{slug(what)}",
            promise="P6.7",
            servers={"a": Server(each(_later(more), echoes()))},
            asks=(Ask(), Ask(url="{a}/2", pause=_PAUSE, timeout=1.0)),
            judge=(sound(b"right", b"/2"), gives(b"/2"), opens(2)),
        )
        for what, more in _MORE.items()
    ),
    *(
        Case(
            name=f"more-of-a-{slug(what)}-is-not-the-next-answer",
            promise="P6.7",
            servers={"a": Server(each(says(answer, hang=True), echoes()))},
            asks=(Ask(read="head"), Ask(url="{a}/2", timeout=1.0)),
            judge=(gives(b"/2", counted="poisoned"),),
        )
        for what, answer in (
            ("body that is not read", OK + b"Content-Length: 40\r\n\r\n" + plain(b"poison")),
            ("body that is partly here", OK + b"Content-Length: 4000\r\n\r\n" + plain(b"poison")),
            ("body in chunks", OK + b"Transfer-Encoding: chunked\r\n\r\n28\r\n" + plain(b"poison")),
        )
    ),
    *(
        Case(
            name=f"keep-not-{slug(what)}",
            promise="P6.7",
            servers={"a": Server(each(half_closes(answer), echoes()))},
            asks=(Ask(), Ask(url="{a}/2", timeout=1.0)),
            judge=(gives(b"/2", counted="lost"), opens(2)),
        )
        for what, answer in (
            ("after close", OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok"),
            ("after close among others", OK + b"Connection: x, CLOSE\r\nContent-Length: 2\r\n\r\nok"),
            ("after HTTP/1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            ("after a half close", plain(b"ok")),
            ("after 101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
        )
    ),
    Case(
        name="keep-after-an-error-status",
        promise="P3.1",
        servers={"a": Server(then(says(plain(b"no", status=b"500 X")), echoes()))},
        asks=(Ask(), Ask(url="{a}/2")),
        judge=(gives(b"/2"), opens(1), asked(2)),
    ),
]  # fmt: skip
