"""P1: deadlines. A server that says a little now and then is the one that outlasts a timeout.

Each phase is once dripped, and once stalled; what is read of a body is read in each of the ways
that there are.
"""

from __future__ import annotations

import gzip
import itertools
import zlib
from dataclasses import replace

from tests.support import RawConnection, Script

from .case import Case
from .judgements import asked, fails, gives, is_both, within
from .names import slug
from .plan import Ask, Auth, Pieces, Settings
from .servers import (
    CHUNKED,
    OK,
    Server,
    answers,
    drips,
    each,
    hangs,
    plain,
    says,
    speaks,
    stalls,
    then,
    tunnels,
)

_LIMIT = 0.2
_EVERY = 0.05
_LONG = OK + b"Content-Length: 1000000\r\n\r\n"
_GZIPPED = OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"


def _empty_blocks() -> list[bytes]:
    """Chunks of a gzip stream that stays without content, for ever."""
    begin = gzip.compress(b"")[:10]
    block = b"\x00\x00\x00\xff\xff"  # stored, of no bytes, and not the last
    return [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (begin, *[block] * 200)]


#: What comes before an answer's body, again and again.
_HEADS: dict[str, Script] = {
    "silence": stalls(),
    "a status line that drips": drips(b"HTTP/1.1 200 " + b"O" * 400),
    "a status line that stalls": stalls(b"HTTP/1.1 2"),
    "a field that drips": drips(b"y", begin=OK + b"X: "),
    "a field that stalls": stalls(OK + b"X: y"),
    "fields that drip": drips([b"X: y\r\n"], begin=OK),
    "a head that stalls before its end": stalls(OK + b"Content-Length: 2\r\n"),
    "100 again and again": drips([b"HTTP/1.1 100 Continue\r\n\r\n"], 0.02),
    "103 again and again": drips([b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"], 0.02),
    "an interim answer that drips": drips(b"HTTP/1.1 103 Hints\r\nLink: xxxxxxxxxx"),
    "an interim answer and silence": stalls(b"HTTP/1.1 100 Continue\r\n\r\n"),
}
_BODIES: dict[str, Script] = {
    "a body that drips": drips(b"x", begin=_LONG),
    "a body that stalls": stalls(_LONG + b"x"),
    "a body that stalls at its begin": stalls(_LONG),
    "a body until close that drips": drips(b"x", begin=OK + b"\r\n"),
    "a body until close that stalls": stalls(OK + b"\r\nx"),
    "lines that drip": drips([b"x\n"], begin=OK + b"\r\n"),
    "chunks that drip": drips([b"1\r\nx\r\n"], begin=CHUNKED),
    "a chunk that drips": drips(b"x", begin=CHUNKED + b"ffffff\r\n"),
    "a chunk that stalls": stalls(CHUNKED + b"ff\r\nx"),
    "a chunk size that drips": drips(b"0", begin=CHUNKED + b"1\r\nx\r\n"),
    "a chunk size that stalls": stalls(CHUNKED + b"1\r\nx\r\n1"),
    "an extension that drips": drips(b"e", begin=CHUNKED + b"1;"),
    "no last chunk": stalls(CHUNKED + b"1\r\nx\r\n"),
    "trailers that drip": drips([b"X: y\r\n"], begin=CHUNKED + b"1\r\nx\r\n0\r\n"),
    "a trailer that drips": drips(b"y", begin=CHUNKED + b"1\r\nx\r\n0\r\nX: "),
    "trailers that stall": stalls(CHUNKED + b"1\r\nx\r\n0\r\n"),
    "gzip without content that drips": drips(_empty_blocks(), begin=_GZIPPED),
    "gzip that stalls": stalls(
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 1000)[:20]
    ),
    "deflate that drips": drips(
        zlib.compress(b"x" * 100_000)[2:40], begin=OK + b"Content-Encoding: deflate\r\n\r\n"
    ),
}


def _redirects_slowly(connection: RawConnection) -> None:
    """Each hop takes a while, and leads to another."""
    for number in itertools.count():
        connection.recv_request()
        connection.pause(_EVERY * 2)
        connection.respond(b"", b"Location: /%d" % number, status=b"302 Found")


def _closes_slowly(connection: RawConnection) -> None:
    """Hang up on a request, after a while."""
    connection.recv_request()
    connection.pause(_EVERY)


def _slowly(connection: RawConnection) -> None:
    """A whole answer, bit by bit."""
    connection.recv_request()
    connection.drip([bytes([byte]) for byte in plain(b"slow")], 0.005)


def _begins(status: bytes, *fields: bytes) -> bytes:
    """A head with a body that does not end soon."""
    return b"\r\n".join([b"HTTP/1.1 " + status, *fields, b"Content-Length: 9999"]) + b"\r\n\r\n"


_DIGEST = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'
_FOUND = _begins(b"302 Found", b"Location: /next")
_CHALLENGE = _begins(b"401 Unauthorized", _DIGEST)
_BUSY = _begins(b"503 Busy", b"Retry-After: 0")
_AUTH = Auth("digest", "user", "password")


_ROUNDS: dict[str, tuple[Script, Ask]] = {
    "redirects without end": (_redirects_slowly, Ask(timeout=_LIMIT)),
    "a redirect to silence": (
        then(says(plain(b"", b"Location: /b", status=b"302 X")), stalls()),
        Ask(timeout=_LIMIT),
    ),
    "the body of a redirect that drips": (
        each(drips(b"x", begin=_FOUND), stalls()),
        Ask(timeout=_LIMIT),
    ),
    "the body of a redirect that stalls": (each(stalls(_FOUND), stalls()), Ask(timeout=_LIMIT)),
    "the body of a challenge that drips": (
        each(drips(b"x", begin=_CHALLENGE), stalls()),
        Ask(timeout=_LIMIT, auth=_AUTH),
    ),
    "the body of a challenge that stalls": (
        each(stalls(_CHALLENGE), stalls()),
        Ask(timeout=_LIMIT, auth=_AUTH),
    ),
    "silence after a challenge": (
        then(says(plain(b"", _DIGEST, status=b"401 X")), stalls()),
        Ask(timeout=_LIMIT, auth=_AUTH),
    ),
    "the body of a refused attempt that drips": (
        drips(b"x", begin=_BUSY),
        Ask(timeout=_LIMIT, retries=3),
    ),
    "a pause of an hour before a retry": (
        answers(lambda request, number: plain(b"", b"Retry-After: 3600", status=b"503 Busy")),
        Ask(timeout=_LIMIT, retries=3),
    ),
    "attempts that each take a while": (
        _closes_slowly,
        Ask(timeout=_LIMIT, retries=100),
    ),
}

# -- proxies


def _greets(connection: RawConnection, reply: bytes = b"\x05\x00") -> None:
    connection.sock.recv(100)
    connection.send(reply)


def _takes(connection: RawConnection) -> None:
    connection.sock.recv(300)


_TUNNELS: dict[str, Script] = {
    "silence": hangs,
    "a status line that drips": drips(b"HTTP/1.1 200 " + b"O" * 400),
    "fields that drip": drips([b"X: y\r\n"], begin=OK),
    "100 again and again": drips([b"HTTP/1.1 100 Continue\r\n\r\n"], 0.02),
    "a refusal whose body drips": drips(b"x", begin=_begins(b"502 Bad Gateway")),
    "a refusal whose body stalls": stalls(_begins(b"407 Who", b"Proxy-Authenticate: Basic")),
    "no TLS inside": says(b"HTTP/1.1 200 OK\r\n\r\n", hang=True),
    "silence inside": tunnels(stalls(), tls="names"),
    "a body inside that drips": tunnels(drips(b"x", begin=_LONG), tls="names"),
}
_SOCKS: dict[str, tuple[str, Script]] = {
    "silence": ("socks5h", hangs),
    "silence to SOCKS 4": ("socks4a", hangs),
    "a greeting cut short": ("socks5h", then(_takes, speaks(b"\x05"))),
    "no reply": ("socks5h", then(_greets, _takes, hangs)),
    "a reply that drips": (
        "socks5h",
        then(
            _greets, _takes, speaks([b"\x05", b"\0", b"\0", b"\x03", b"\xff", *[b"a"] * 200], 0.05)
        ),
    ),
    "a reply to SOCKS 4 that drips": (
        "socks4a",
        then(_takes, speaks([b"\0", b"\x5a", *[b"\0"] * 2], 0.1)),
    ),
    "no answer behind it": (
        "socks5h",
        then(_greets, _takes, speaks(b"\x05\0\0\x01" + bytes(6))),
    ),
}

# -- uploads


def _takes_slowly(connection: RawConnection) -> None:
    """Take a little of a body now and then."""
    connection.recv_head()
    for _ in itertools.repeat(None):
        connection.sock.recv(512)
        connection.pause(_EVERY)


def _endless() -> Pieces:
    return Pieces((b"x" * 65_536,), endless=True)


_UPLOADS: dict[str, tuple[Script, Ask]] = {
    "a body that nobody takes": (hangs, Ask(body=b"x" * 30_000_000)),
    "a body that is taken slowly": (_takes_slowly, Ask(body=b"x" * 30_000_000)),
    "a file that nobody takes": (hangs, Ask(file=30_000_000)),
    "an endless body that nobody takes": (hangs, Ask(body=_endless())),
    "an endless body that is taken": (
        lambda connection: connection.recv_request(),
        Ask(body=_endless()),
    ),
    "a head that nobody takes": (
        hangs,
        Ask(method="GET", headers=tuple((f"X-{n}", "y" * 60_000) for n in range(90))),
    ),
    "pieces that come slowly": (
        lambda connection: connection.recv_request(),
        Ask(body=Pieces((b"x",), endless=True, every=0.02)),
    ),
    "a form that nobody takes": (hangs, Ask(form=(("a", "x" * 6_000_000),))),
    "leave to send and then silence": (
        stalls(b"HTTP/1.1 100 Continue\r\n\r\n"),
        Ask(body=b"x", headers=(("Expect", "100-continue"),)),
    ),
}


def _timed(ask: Ask, **changes: object) -> Ask:
    """``ask`` with the deadline of these cases."""
    return replace(ask, timeout=_LIMIT, **changes)  # type: ignore[arg-type]


def _reads(what: str) -> tuple[str, ...]:
    return ("lines", "pieces") if "lines" in what else ("whole", "pieces")


CASES: list[Case] = [
    *(
        Case(
            name=f"deadline-head-{slug(what)}-{slug(how)}",
            promise="P1.4",
            servers={"a": Server(script)},
            asks=(Ask(timeout=_LIMIT, read=read),),
            judge=(fails("Timeout", counted="late"),),
        )
        for what, script in _HEADS.items()
        for how, read in (("read", "whole"), ("streamed", "pieces"))
    ),
    *(
        Case(
            name=f"deadline-body-{slug(what)}-{slug(read)}",
            promise="P1.5",
            servers={"a": Server(script)},
            asks=(Ask(timeout=_LIMIT, read=read),),
            judge=(fails("Timeout", "ConnectionError", counted="late"),),
        )
        for what, script in _BODIES.items()
        for read in _reads(what)
    ),
    *(
        Case(
            name=f"deadline-rounds-{slug(what)}",
            promise="P1.6",
            servers={"a": Server(script)},
            asks=(_timed(ask),),
            # Where there is no time for another attempt, the error of the last one is the answer.
            judge=(
                is_both("RequestException" if "attempts" in what else "Timeout"),
                within(0, _LIMIT + 1),
            ),
        )
        for what, (script, ask) in _ROUNDS.items()
    ),
    *(
        Case(
            name=f"deadline-tunnel-{slug(what)}",
            promise="P1.2",
            servers={"p": Server(script)},
            asks=(Ask(url="https://a.example/", timeout=_LIMIT),),
            settings=Settings(proxy="{p}", verify="{ca}"),
            judge=(
                fails("ConnectionError" if "inside" in what else "ProxyError", counted="late"),
                is_both(*([] if "refusal" in what or "no TLS" in what else ["TotalTimeout"])),
            ),
        )
        for what, script in _TUNNELS.items()
    ),
    *(
        Case(
            name=f"deadline-proxy-{slug(what)}",
            promise="P1.2",
            servers={"p": Server(script)},
            asks=(Ask(url="http://a.example/", timeout=_LIMIT),),
            settings=Settings(proxy="{p}"),
            judge=(fails("Timeout", counted="late"),),
        )
        for what, script in (
            ("silence", hangs),
            ("a body that drips", drips(b"x", begin=_LONG)),
        )
    ),
    Case(
        name="deadline-proxy-that-never-accepts",
        promise="P1.2",
        servers={"p": Server(instead="stalled")},
        asks=(Ask(url="http://a.example/", timeout=_LIMIT),),
        settings=Settings(proxy="{p}"),
        judge=(fails("TotalTimeout", "ProxyError", counted="late"),),
    ),
    *(
        Case(
            name=f"deadline-socks-{slug(what)}",
            promise="P1.2",
            servers={"p": Server(script)},
            asks=(Ask(url="http://a.example/", timeout=_LIMIT),),
            settings=Settings(proxy=f"{scheme}://127.0.0.1:{{p.port}}"),
            judge=(
                fails("TotalTimeout", counted="late"),
                is_both(*([] if "behind" in what else ["ProxyError"])),
            ),
        )
        for what, (scheme, script) in _SOCKS.items()
    ),
    *(
        Case(
            name=f"deadline-upload-{slug(what)}",
            promise="P1.3",
            servers={"a": Server(script)},
            asks=(_timed(ask, method=ask.method if ask.headers[1:] else "POST"),),
            judge=(fails("Timeout", counted="late"),),
        )
        for what, (script, ask) in _UPLOADS.items()
    ),
    *(
        Case(
            name=f"stall-{slug(what)}-{slug(read)}",
            promise="P1.7",
            servers={"a": Server(script)},
            # Long enough for the head to be there, however busy the machine is.
            asks=(Ask(timeout=_LIMIT * 2, plain=True, read=read),),
            judge=(fails("Timeout", "ConnectionError", counted="late"), within(_LIMIT, _LIMIT + 2)),
        )
        for what, script in _BODIES.items()
        if "stall" in what
        for read in _reads(what)
    ),
    *(
        Case(
            name=f"deadline-reused-connection-{slug(what)}",
            promise="P1.4",
            servers={"a": Server(then(says(plain(b"ok")), script))},
            asks=(Ask(), Ask(timeout=_LIMIT)),
            judge=(fails("Timeout", counted="late"), asked(2)),
        )
        for what, script in (
            ("that is silent", stalls()),
            ("whose body drips", drips(b"x", begin=_LONG)),
        )
    ),
    *(
        Case(
            name=f"parting-with-{slug(what)}",
            promise="P1.5",
            servers={"a": Server(script)},
            asks=(Ask(read="head", timeout=3.0),),
            judge=(gives(None), within(0, 2.0)),
        )
        for what, script in _BODIES.items()
        if "drips" in what
    ),
    Case(
        name="deadline-that-is-kept",
        promise="P1.5",
        servers={"a": Server(_slowly)},
        asks=(Ask(timeout=2.0),),
        judge=(gives(b"slow"),),
    ),
]
