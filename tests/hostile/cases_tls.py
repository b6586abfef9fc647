"""P1, P2, P6: TLS that is slow, wrong, or cut off."""

from __future__ import annotations

import itertools

from tests.support import RawConnection, Script
from tests.support.listener import abandon

from .case import Case
from .judgements import fails, gives, nothing_sent, raises
from .names import slug
from .plan import Ask, Settings
from .servers import OK, Server, closes, hangs, plain, says, speaks, then

_LIMIT = 0.3
_HELLO_LENGTH = 16_384


def _hears(connection: RawConnection) -> None:
    """Take the client's first flight."""
    connection.sock.recv(_HELLO_LENGTH)


def _drips_records(connection: RawConnection) -> None:
    """A handshake record that is announced long, and comes byte by byte."""
    _hears(connection)
    connection.send(b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03")
    connection.drip(itertools.repeat(b"\0"), 0.05)


def _drips_warnings(connection: RawConnection) -> None:
    """Empty handshake records, or alerts that warn, one after the other."""
    _hears(connection)
    connection.drip(itertools.repeat(b"\x15\x03\x03\x00\x02\x01\x5a"), 0.05)


def _alerts(connection: RawConnection) -> None:
    """A fatal alert, ``handshake_failure``."""
    _hears(connection)
    connection.send(b"\x15\x03\x03\x00\x02\x02\x28")


def _without_end(answer: bytes) -> Script:
    """Say ``answer``, and end the connection without ending TLS, as whoever cuts it off would."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(answer)
        abandon(connection.sock)

    return script


def _with_end(answer: bytes) -> Script:
    """Say ``answer``, and end TLS as it is to be ended."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(answer)
        connection.unsecure()

    return script


_NO_TLS = {
    "plain HTTP": speaks(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "garbage": then(_hears, speaks(b"\x00\xff" * 40)),
    "an alert": _alerts,
    "an end": then(_hears, closes),
    "a reset": then(_hears, lambda connection: connection.reset()),
    "an end at once": closes,
    "a record cut off": then(_hears, lambda connection: connection.send(b"\x16\x03\x03\x01")),
    "a record too long": then(_hears, speaks(b"\x16\x03\x03\xff\xff" + b"\0" * 65_535)),
    "warnings without end": _drips_warnings,
    "SSL 2": then(_hears, speaks(b"\x80\x2e\x01\x00\x02" + b"\0" * 60)),
}
_SLOW = {
    "silence": hangs,
    "silence after the hello": then(_hears, hangs),
    "a record that drips": _drips_records,
}
_WRONG = {
    "expired": "127.0.0.1",
    "early": "127.0.0.1",
    "other name": "127.0.0.1",
    "other CA": "127.0.0.1",
    "old": "127.0.0.1",
}
_TRUST = Settings(verify="{ca}")

_BAD_FILES: dict[str, Settings] = {
    "a CA file that is missing": Settings(verify="/nowhere/ca.pem"),
    "a CA file that is a folder without one": Settings(verify="/proc/self/net"),
    "a CA file that is no certificate": Settings(verify="{not_pem}"),
    "a certificate that is missing": Settings(verify="{ca}", cert=("/nowhere/client.pem",)),
    "a certificate that is none": Settings(verify="{ca}", cert=("{not_pem}",)),
    "a key that is missing": Settings(verify="{ca}", cert=("{cert}", "/nowhere/key.pem")),
    "a key that is none": Settings(verify="{ca}", cert=("{cert}", "{not_pem}")),
    "a certificate without its key": Settings(verify="{ca}", cert=("{cert}",)),
}

CASES: list[Case] = [
    *(
        Case(
            name=f"tls-{slug(what)}",
            promise="P2.1",
            servers={"a": Server(script)},
            asks=(Ask(url="https://127.0.0.1:{a.port}/", timeout=1.0),),
            judge=(fails("ConnectionError"),),
        )
        for what, script in _NO_TLS.items()
    ),
    *(
        Case(
            name=f"tls-{slug(what)}-{slug(read)}",
            promise="P1.1",
            servers={"a": Server(script)},
            asks=(Ask(url="https://127.0.0.1:{a.port}/", timeout=_LIMIT, read=read),),
            judge=(fails("Timeout", "ConnectionError", counted="late"),),
        )
        for what, script in _SLOW.items()
        for read in ("whole", "pieces")
    ),
    *(
        Case(
            name=f"tls-certificate-{slug(kind)}",
            promise="P4.6",
            servers={"a": Server(says(plain(b"ok")), tls=kind)},
            settings=_TRUST,
            asks=(Ask(headers=(("Authorization", "Bearer s3cret-of-the-caller"),)),),
            judge=(fails("SSLError"), nothing_sent(counted="credential")),
        )
        for kind in _WRONG
    ),
    Case(
        name="tls-certificate-not-trusted-by-default",
        promise="P4.6",
        servers={"a": Server(says(plain(b"ok")), tls="good")},
        judge=(fails("SSLError"), nothing_sent(counted="credential")),
    ),
    Case(
        name="tls-certificate-of-a-redirect-is-verified-too",
        promise="P4.6",
        servers={
            "a": Server(says(plain(b"", b"Location: https://127.0.0.1:1/", status=b"302 X"))),
            "b": Server(says(plain(b"ok")), tls="other CA"),
        },
        settings=_TRUST,
        asks=(Ask(url="{b}/"),),
        judge=(fails("SSLError"), nothing_sent("b", counted="credential")),
    ),
    Case(
        name="tls-certificate-of-the-client-is-wanted",
        promise="P2.1",
        servers={"a": Server(says(plain(b"ok")), tls="client")},
        settings=_TRUST,
        judge=(fails("ConnectionError"),),
    ),
    Case(
        name="tls-certificate-of-the-client-is-of-another-ca",
        promise="P2.1",
        servers={"a": Server(says(plain(b"ok")), tls="client")},
        settings=Settings(verify="{ca}", cert=("{other_client}",)),
        judge=(fails("ConnectionError"),),
    ),
    Case(
        name="tls-certificate-of-the-client-is-shown",
        promise="P8.1",
        servers={"a": Server(says(plain(b"ok")), tls="client")},
        settings=Settings(verify="{ca}", cert=("{cert}", "{key}")),
        judge=(gives(b"ok"),),
    ),
    *(
        Case(
            name=f"tls-with-{slug(what)}",
            promise="P2.3",
            servers={"a": Server(says(plain(b"ok")), tls="good")},
            settings=settings,
            judge=(raises(), nothing_sent(counted="other")),
        )
        for what, settings in _BAD_FILES.items()
    ),
    *(
        Case(
            name=f"tls-cut-off-{slug(what)}-{slug(read)}",
            promise="P6.6",
            servers={"a": Server(_without_end(answer), tls="good")},
            settings=_TRUST,
            asks=(Ask(read=read),),
            judge=(fails(),),
        )
        for what, answer in (
            ("in a head", OK + b"X: y"),
            ("in a body with a length", OK + b"Content-Length: 9\r\n\r\nhalf"),
            ("in a body without a length", OK + b"\r\nhalf of what there is"),
            ("in a chunk", OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf"),
        )
        for read in ("whole", "pieces")
    ),
    Case(
        name="tls-body-until-close-with-the-end-of-tls",
        promise="P6.8",
        servers={"a": Server(_with_end(OK + b"\r\nall"), tls="good")},
        settings=_TRUST,
        judge=(gives(b"all"),),
    ),
]
