"""P9: interrupts, cancels, closing, forks: nothing is left, and nothing crosses."""

from __future__ import annotations

from .case import Case
from .judgements import fails, gives, opens, within
from .names import slug
from .plan import Ask, Pieces
from .servers import CHUNKED, OK, Server, drips, each, echoes, hangs, plain, says, stalls, then

_AFTER = 0.12
_LONG = OK + b"Content-Length: 1000000\r\n\r\n"

#: Where the request is when it is interrupted.
_PLACES: dict[str, tuple[Server, Ask]] = {
    "connecting": (Server(instead="stalled"), Ask()),
    "a handshake": (Server(hangs), Ask(url="https://127.0.0.1:{a.port}/")),
    "waiting": (Server(stalls()), Ask()),
    "a head": (Server(drips(b"y", begin=OK + b"X: ")), Ask()),
    "a body": (Server(drips(b"y", begin=_LONG)), Ask()),
    "a body that is streamed": (Server(drips(b"y", begin=_LONG)), Ask(read="pieces")),
    "a chunk": (Server(drips(b"y", begin=CHUNKED + b"fff\r\n")), Ask(read="lines")),
    "an upload": (Server(hangs), Ask(method="POST", body=b"x" * 30_000_000)),
    "an upload of pieces": (
        Server(stalls()),
        Ask(method="POST", body=Pieces((b"x",), endless=True, every=0.01)),
    ),
    "a redirect": (
        Server(then(says(plain(b"", b"Location: /b", status=b"302 X")), stalls())),
        Ask(),
    ),
    "a pause": (
        Server(says(plain(b"", b"Retry-After: 60", status=b"503 X"), hang=True)),
        Ask(retries=2),
    ),
}
_CLOSABLE = [
    place for place in _PLACES if place not in ("an upload of pieces", "connecting", "a handshake")
]


CASES: list[Case] = [
    *(
        Case(
            name=f"interrupt-in-{slug(place)}",
            promise="P9.4",
            servers={"a": server, "b": Server(echoes())},
            asks=(
                Ask(**{**vars(ask), "interrupt": _AFTER, "timeout": 3.0}),
                Ask(url="{b}/right"),
            ),
            judge=(gives(b"/right", counted="poisoned"),),
            own=("KeyboardInterrupt", "CancelledError"),
        )
        for place, (server, ask) in _PLACES.items()
    ),
    *(
        Case(
            name=f"interrupt-in-{slug(place)}-of-a-kept-connection",
            promise="P9.4",
            servers={"a": Server(each(then(echoes(1), script), echoes()))},
            asks=(
                Ask(url="{a}/1"),
                Ask(url="{a}/2", interrupt=_AFTER, timeout=3.0, read=read),
                Ask(url="{a}/right"),
            ),
            judge=(gives(b"/right", counted="poisoned"), opens(2)),
            own=("KeyboardInterrupt", "CancelledError"),
        )
        for place, script, read in (
            ("waiting", stalls(), "whole"),
            ("a body", drips(b"y", begin=_LONG), "whole"),
            ("a body that is streamed", drips(b"y", begin=_LONG), "pieces"),
        )
    ),
    *(
        Case(
            name=f"close-the-session-in-{slug(place)}",
            promise="P9.2",
            servers={"a": _PLACES[place][0]},
            asks=(Ask(**{**vars(_PLACES[place][1]), "close_session": _AFTER, "timeout": 2.0}),),
            judge=(fails("ConnectionError", counted="other"), within(0, 1.5)),
        )
        for place in _CLOSABLE
    ),
    *(
        Case(
            name=f"close-the-session-before-a-body-{slug(what)}-is-read",
            promise="P9.2",
            servers={"a": Server(says(answer, hang=True))},
            asks=(Ask(read="unread"),),
            judge=(fails("SessionClosed", "ConnectionError", counted="other"),),
        )
        for what, answer in (
            ("that is half here", _LONG + b"x" * 1000),
            ("in chunks", CHUNKED + b"5\r\nhello\r\n"),
            ("until close", OK + b"\r\nhello"),
        )
    ),
    Case(
        name="close-with-many-bodies-unread",
        promise="P9.2",
        servers={"a": Server(says(_LONG + b"x" * 1000, hang=True))},
        asks=tuple(Ask(read="unread") for _ in range(12)),
        judge=(fails("ConnectionError", counted="other"), opens(12)),
    ),
    Case(
        name="fork-has-connections-of-its-own",
        promise="P9.3",
        servers={"a": Server(echoes())},
        asks=(Ask(url="{a}/1"), Ask(url="{a}/2", forked=True), Ask(url="{a}/3")),
        judge=(gives(b"/2", ask=1, counted="poisoned"), gives(b"/3", counted="poisoned"), opens(2)),
    ),
    Case(
        name="fork-while-a-body-is-unread",
        promise="P9.3",
        servers={"a": Server(each(says(_LONG + b"x" * 100, hang=True), echoes()))},
        asks=(Ask(read="unread"), Ask(url="{a}/2", forked=True), Ask(url="{a}/3")),
        judge=(gives(b"/2", ask=1, counted="poisoned"), gives(b"/3", counted="poisoned")),
    ),
    Case(
        name="fork-many",
        promise="P9.3",
        servers={"a": Server(echoes())},
        asks=(
            Ask(url="{a}/0"),
            *(Ask(url=f"{{a}}/{n}", forked=n % 2 == 1) for n in range(1, 8)),
        ),
        judge=(gives(b"/7", counted="poisoned"), gives(b"/6", ask=6, counted="poisoned")),
    ),
]
