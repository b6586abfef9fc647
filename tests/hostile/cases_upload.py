"""P12: uploads that are refused early, cut off, or cannot be made twice."""

from __future__ import annotations

from dataclasses import replace

from tests.support import RawConnection, Script

from .case import Case
from .judgements import asked, fails, gives, opens, reaches, within
from .names import slug
from .plan import Ask, Part, Pieces
from .servers import Server, each, echoes, plain, says, then

_BIG = 8_000_000
_EXPECT = (("Expect", "100-continue"),)
_LEAVE = b"HTTP/1.1 100 Continue\r\n\r\n"
_HINTS = b"HTTP/1.1 103 Hints\r\n\r\n"


def _refuses(answer: bytes, *, reset: bool = False, some: int = 0) -> Script:
    """Answer after the head, and ``some`` bytes of the body; then close, or reset."""

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        if some:
            connection.recv_body(some)
        connection.send(answer)
        if reset:
            connection.pause(0.1)
            connection.reset()
        else:
            connection.shutdown()
            connection.wait_closed()

    return script


def _expects(interim: bytes, answer: bytes = plain(b"taken")) -> Script:
    """Say ``interim`` after the head, and ``answer`` after the body."""

    def script(connection: RawConnection) -> None:
        head = connection.recv_head()
        connection.send(interim)
        for _ in connection._incoming.framed_body(head):
            pass
        connection.send(answer)

    return script


_REFUSALS = {
    f"{status}": plain(b"no", b"Connection: close", status=b"%d X" % status)
    for status in (400, 401, 403, 413, 417, 500, 503)
}
_BODIES: dict[str, Ask] = {
    "bytes": Ask(method="POST", body=b"x" * _BIG),
    "a file": Ask(method="PUT", file=_BIG),
    "pieces": Ask(method="POST", body=Pieces((b"x" * 65_536,) * 120)),
    "a form": Ask(method="POST", parts=(Part("f", content=b"x" * _BIG),)),
}


def _of(ask: Ask, **changes: object) -> Ask:
    """``ask`` with some of it changed."""
    return replace(ask, **changes)  # type: ignore[arg-type]


CASES: list[Case] = [
    *(
        Case(
            name=f"upload-of-{slug(what)}-refused-with-{status}",
            promise="P12.2",
            servers={"a": Server(each(_refuses(answer), echoes()))},
            asks=(_of(ask, timeout=5.0), Ask(url="{a}/2")),
            judge=(gives(b"no", int(status), ask=0), gives(b"/2"), opens(2)),
        )
        for what, ask in _BODIES.items()
        for status, answer in _REFUSALS.items()
        if what in ("bytes", "pieces") or status == "413"
    ),
    *(
        Case(
            name=f"upload-of-{slug(what)}-refused-in-its-middle",
            promise="P12.2",
            servers={"a": Server(_refuses(_REFUSALS["413"], some=100_000))},
            asks=(_of(ask, timeout=5.0),),
            judge=(gives(b"no", 413),),
        )
        for what, ask in _BODIES.items()
    ),
    *(
        Case(
            name=f"upload-of-{slug(what)}-answered-and-reset",
            promise="P12.2",
            servers={"a": Server(_refuses(_REFUSALS["413"], reset=True))},
            asks=(_of(ask, timeout=5.0),),
            judge=(),
        )
        for what, ask in _BODIES.items()
    ),
    *(
        Case(
            name=f"upload-of-{slug(what)}-cut-off",
            promise="P2.1",
            servers={"a": Server(lambda connection: (connection.recv_head(), connection.reset()))},  # type: ignore[arg-type,return-value]
            asks=(_of(ask, timeout=5.0),),
            judge=(fails("ConnectionError"), opens(1)),
        )
        for what, ask in _BODIES.items()
    ),
    # -- Expect
    Case(
        name="expect-that-is-granted",
        promise="P12.3",
        servers={"a": Server(_expects(b"HTTP/1.1 100 Continue\r\n\r\n"))},
        asks=(Ask(method="POST", body=b"the-body", headers=_EXPECT),),
        judge=(gives(b"taken"), reaches(b"the-body"), within(0, 0.9)),
    ),
    Case(
        name="expect-that-is-never-granted",
        promise="P12.3",
        servers={"a": Server(_expects(b""))},
        asks=(Ask(method="POST", body=b"the-body", headers=_EXPECT),),
        judge=(gives(b"taken"), reaches(b"the-body"), within(0.9, 2.0)),
    ),
    *(
        Case(
            name=f"expect-and-other-interim-answers{when}",
            promise="P12.3",
            servers={"a": Server(_expects(b"".join(interims)))},
            asks=(Ask(method="POST", body=b"the-body", headers=_EXPECT),),
            judge=(gives(b"taken"), within(0, 0.9)),
        )
        for when, interims in (("", (_HINTS, _LEAVE)), ("-after-it", (_LEAVE, _HINTS)))
    ),
    *(
        Case(
            name=f"expect-that-is-refused-with-{status}",
            promise="P12.3",
            servers={"a": Server(_refuses(plain(b"no", status=b"%d X" % status)))},
            asks=(Ask(method="POST", body=Pieces((b"the-body",)), headers=_EXPECT),),
            judge=(gives(b"no", status), within(0, 0.9)),
        )
        for status in (401, 413, 417)
    ),
    # -- bodies that cannot be sent again
    *(
        Case(
            name=f"upload-retry-of-{slug(what)}",
            promise="P12.1",
            servers={
                "a": Server(
                    then(
                        says(plain(b"", b"Retry-After: 0", status=b"503 X")), says(plain(b"taken"))
                    )
                )
            },
            asks=(_of(ask, method="PUT", retries=2),),
            judge=(judge,),
        )
        for what, ask, judge in (
            ("bytes", Ask(body=b"the-body"), gives(b"taken")),
            ("a file", Ask(file=1000), gives(b"taken")),
            ("pieces", Ask(body=Pieces((b"the-body",))), gives(b"", 503)),
        )
    ),
    # -- the caller's own failures
    *(
        Case(
            name=f"upload-whose-iterator-fails-{slug(when)}",
            promise="P2.5",
            servers={"a": Server(each(lambda c: c.wait_closed(), echoes()))},
            asks=(
                Ask(method="POST", body=Pieces(pieces, fails=True)),
                Ask(url="{a}/2"),
            ),
            judge=(gives(b"/2"), asked(1)),
            own=("ZeroDivisionError",),
        )
        for when, pieces in (
            ("at once", ()),
            ("after a piece", (b"x",)),
            ("after much", (b"x" * 65_536,) * 10),
        )
    ),
    *(
        Case(
            name=f"upload-of-{slug(what)}-arrives",
            promise="P12.1",
            servers={"a": Server(says(plain(b"taken")))},
            asks=(ask,),
            judge=(gives(b"taken"),),
        )
        for what, ask in _BODIES.items()
    ),
]
