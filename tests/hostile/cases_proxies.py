"""P13: whatever goes wrong at a proxy, or before it, is a ProxyError, and never an answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.support import RawConnection, Script

from .case import Broken, Case, Run
from .judgements import fails, gives, opens, raises, says_not, sound
from .names import slug
from .plan import Ask, Pieces, Settings
from .servers import (
    OK,
    Inside,
    Server,
    closes,
    each,
    echoes,
    plain,
    says,
    speaks,
    then,
    tunnels,
    tunnels_within,
)

_PAGE = b"<html>the proxy's own page</html>"
_SECRET = "s3cret-of-the-caller"


def _hears(connection: RawConnection) -> None:
    """Take the first flight of what the client sends to the origin."""
    connection.sock.recv(16_384)


#: What a proxy says to a CONNECT.
_ANSWERS: dict[str, Script] = {
    **{f"status {n}": says(plain(_PAGE, status=b"%d X" % n)) for n in (302, 400, 403, 404, 407, 418, 500, 502, 503, 504)},
    "a redirect": says(plain(_PAGE, b"Location: http://127.0.0.1:1/", status=b"302 X")),
    "a wrong head": says(b"nonsense\r\n\r\n"),
    "HTTP/0.9": says(_PAGE),
    "half a head": says(b"HTTP/1.1 200 OK\r\n"),
    "an end": closes,
    "an end after the request": says(),
    "a reset": lambda connection: (connection.recv_head(), connection.reset()),  # type: ignore[dict-item,return-value]
    "bare LF": says(b"HTTP/1.1 200 OK\n\n"),
    "a field without a colon": says(b"HTTP/1.1 200 OK\r\nX\r\n\r\n"),
    "interim answers without end": says(b"HTTP/1.1 100 Continue\r\n\r\n" * 70),
    "too many fields": says(OK + b"X: y\r\n" * 300 + b"\r\n"),
    "a challenge that is wrong": says(plain(b"", b"Proxy-Authenticate: Digest", status=b"407 X")),
    "a challenge of bytes": says(plain(b"", b"Proxy-Authenticate: \xff", status=b"407 X")),
    "101": says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    "304": says(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "bytes before": speaks(b"220 smtp\r\n"),
}  # fmt: skip
#: What comes after the tunnel is open: no fault of the proxy's that is known to be one.
_INSIDE: dict[str, Script] = {
    "an end": says(b"HTTP/1.1 200 OK\r\n\r\n"),
    "an end after a 204": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "a reset after the hello": then(
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), _hears, lambda proxy: proxy.reset()
    ),
    "plain HTTP": says(b"HTTP/1.1 200 OK\r\n\r\n" + plain(_PAGE)),
    "garbage": says(b"HTTP/1.1 200 OK\r\n\r\n" + b"\0" * 100, hang=True),
    "two lengths": says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    "a body of the answer": says(plain(_PAGE), hang=True),
    "a certificate of another": tunnels(echoes(), tls="other CA"),
    "a certificate of another name": tunnels(echoes(), tls="other name"),
}


def _socks(*replies: bytes, last: Script = closes) -> Script:
    """A SOCKS proxy that answers each message with the next of the replies."""

    def script(connection: RawConnection) -> None:
        for reply in replies:
            connection.sock.recv(600)
            connection.send(reply)
        last(connection)

    return script


_GRANTED = b"\x05\0\0\x01" + bytes(6)
_SOCKS: dict[str, tuple[str, Script]] = {
    "an end": ("socks5h", closes),
    "HTTP": ("socks5h", _socks(plain(_PAGE))),
    "another version": ("socks5h", _socks(b"\x04\0")),
    "no method": ("socks5h", _socks(b"\x05\xff")),
    "a method that was not offered": ("socks5h", _socks(b"\x05\x02")),
    "half a greeting": ("socks5h", _socks(b"\x05")),
    **{
        f"refusal {code}": ("socks5h", _socks(b"\x05\0", b"\x05%c\0\x01" % code + bytes(6)))
        for code in (1, 2, 3, 4, 5, 6, 7, 8, 9, 255)
    },
    "half a reply": ("socks5h", _socks(b"\x05\0", b"\x05\0\0")),
    "an address of no kind": ("socks5h", _socks(b"\x05\0", b"\x05\0\0\x09" + bytes(6))),
    "a version that changes": ("socks5h", _socks(b"\x05\0", b"\x04\0\0\x01" + bytes(6))),
    **{
        f"SOCKS 4 refusal {code}": ("socks4a", _socks(b"\0%c" % code + bytes(6)))
        for code in (91, 92, 93, 0, 255)
    },
    "SOCKS 4 of another version": ("socks4a", _socks(b"\x05\x5a" + bytes(6))),
    "SOCKS 4 cut off": ("socks4a", _socks(b"\0\x5a")),
}


# Inside of two layers of TLS.


def _drips_a_record(inside: Inside, before: bytes = b"") -> None:
    """Answer by a record that comes byte by byte, after the one with ``before``."""
    inside.recv_head()
    inside.connection.send(inside.sealed(before) if before else b"")
    inside.connection.drip(inside.sealed(b"x" * 9000), 0.05)


def _answers_twice(inside: Inside) -> None:
    """Say more than was asked for, in a record that comes together with the answer's."""
    inside.recv_head()
    inside.connection.send(inside.sealed(plain(b"right"), plain(b"poison")))
    inside.connection.hang()


def _answers_once(inside: Inside) -> None:
    inside.recv_head()
    inside.connection.send(inside.sealed(plain(b"right")))


def _refuses_a_body(inside: Inside) -> None:
    """Answer the head, and take what else comes."""
    inside.recv_head()
    inside.connection.send(inside.sealed(plain(b"no", status=b"413 X")))
    inside.connection.wait_closed()


def _no_page(run: Run) -> Iterator[Broken]:
    """Nothing of what the proxy says is handed out."""
    for got in run.played.outcomes:
        if _PAGE[6:20] in got.body:
            yield Broken("poisoned", "the proxy's page is the origin's answer")


CASES: list[Case] = [
    *(
        Case(
            name=f"tunnel-refused-by-{slug(what)}-{slug(read)}",
            promise="P13.1",
            servers={"p": Server(script)},
            asks=(Ask(url="https://a.example/", timeout=2.0, read=read),),
            settings=Settings(proxy="{p}", verify="{ca}"),
            judge=(fails("ProxyError"), _no_page),
        )
        for what, script in _ANSWERS.items()
        for read in ("whole", "pieces")
    ),
    *(
        Case(
            name=f"tunnel-that-has-{slug(what)}-inside",
            promise="P13.2",
            servers={"p": Server(script)},
            asks=(Ask(url="https://a.example/", timeout=2.0),),
            settings=Settings(proxy="{p}", verify="{ca}"),
            judge=(fails("SSLError"), _no_page),
        )
        for what, script in _INSIDE.items()
    ),
    *(
        Case(
            name=f"socks-{slug(what)}",
            promise="P13.1",
            servers={"p": Server(script)},
            asks=(Ask(url="http://a.example/", timeout=2.0),),
            settings=Settings(proxy=f"{scheme}://127.0.0.1:{{p.port}}"),
            judge=(fails("ProxyError"), _no_page),
        )
        for what, (scheme, script) in _SOCKS.items()
    ),
    *(
        Case(
            name=f"socks-that-drops-what-follows-{slug(what)}",
            promise="P13.2",
            servers={"p": Server(_socks(b"\x05\0", _GRANTED, last=last))},
            asks=(Ask(url="http://a.example/", timeout=2.0),),
            settings=Settings(proxy="socks5h://127.0.0.1:{p.port}"),
            judge=(fails("ConnectionError"),),
        )
        for what, last in (("at once", closes), ("in a head", says(b"HTTP/1.1 2")))
    ),
    *(
        Case(
            name=f"proxy-{slug(what)}-for-{scheme}",
            promise="P13.1",
            servers={"p": Server(instead=instead)},
            asks=(Ask(url=f"{scheme}://a.example/", timeout=0.3, plain=True),),
            settings=Settings(proxy="{p}"),
            judge=(fails("ProxyError"),),
        )
        for what, instead in (("that refuses", "nobody"), ("that never accepts", "stalled"))
        for scheme in ("http", "https")
    ),
    *(
        Case(
            name=f"proxy-without-an-address-for-{scheme}",
            promise="P13.1",
            servers={},
            asks=(Ask(url=f"{scheme}://a.example/", timeout=1.0),),
            settings=Settings(
                proxy="http://nowhere.example:3128", names=(("nowhere.example", ("fail",)),)
            ),
            judge=(fails("ProxyError"),),
        )
        for scheme in ("http", "https")
    ),
    *(
        Case(
            name=f"proxy-with-tls-that-is-{slug(what)}-for-{scheme}",
            promise="P13.1",
            servers={"p": Server(script, tls=tls)},
            asks=(Ask(url=f"{scheme}://a.example/", timeout=1.0),),
            settings=Settings(proxy="https://127.0.0.1:{p.port}", verify="{ca}"),
            judge=(fails("ProxyError"),),
        )
        for what, script, tls in (
            ("of another CA", echoes(), "other CA"),
            ("of another name", echoes(), "other name"),
            ("expired", echoes(), "expired"),
            ("none", speaks(b"HTTP/1.1 400 Bad Request\r\n\r\n"), None),
        )
        for scheme in ("http", "https")
    ),
    *(
        Case(
            name=f"proxy-that-forwards-{slug(what)}",
            promise="P2.1",
            servers={"p": Server(says(answer))},
            asks=(Ask(url="http://a.example/"),),
            settings=Settings(proxy="{p}"),
            judge=(fails("RequestException"),),
        )
        for what, answer in (
            ("a wrong head", b"nonsense\r\n\r\n"),
            ("nothing", b""),
            ("a short body", OK + b"Content-Length: 9\r\n\r\nx"),
        )
    ),
    *(
        Case(
            name=f"proxy-url-{slug(what)}",
            promise="P2.3",
            servers={},
            asks=(Ask(url="http://a.example/", timeout=1.0),),
            settings=Settings(proxy=url),
            judge=(raises("RequestException"), says_not(_SECRET)),
        )
        for what, url in (
            ("without a host", "http://"),
            ("of another scheme", f"ftp://user:{_SECRET}@127.0.0.1:3128"),
            ("with a port of letters", f"http://user:{_SECRET}@127.0.0.1:x"),
            ("with a port too large", "http://127.0.0.1:99999"),
            ("with an open bracket", f"http://user:{_SECRET}@[::1"),
            ("with a line end", "http://127.0.0.1\r\n:3128"),
            ("with an empty label", "http://a..example:3128"),
        )
    ),
    *(
        Case(
            name=f"tunnel-by-tls-{slug(what)}-that-drips-{slug(read)}",
            promise="P1.2",
            servers={"p": Server(tunnels_within(script), tls="names")},
            asks=(Ask(url="https://a.example/", timeout=0.4, read=read),),
            settings=Settings(proxy="{p}", verify="{ca}"),
            judge=(fails("Timeout", "ConnectionError", counted="late"),),
        )
        for what, script in (
            ("a head", _drips_a_record),
            ("a body", partial(_drips_a_record, before=OK + b"Content-Length: 9000\r\n\r\n")),
        )
        for read in ("whole", "pieces")
    ),
    Case(
        name="tunnel-by-tls-with-an-answer-too-many",
        promise="P6.7",
        servers={"p": Server(each(tunnels_within(_answers_twice), tunnels_within(_answers_once)), tls="names")},
        asks=(Ask(url="https://a.example/1"), Ask(url="https://a.example/2", pause=0.05)),
        settings=Settings(proxy="{p}", verify="{ca}"),
        judge=(sound(b"right"), gives(b"right"), opens(2, "p")),
    ),
    Case(
        name="tunnel-by-tls-with-an-upload-refused",
        promise="P12.2",
        servers={"p": Server(tunnels_within(_refuses_a_body), tls="names")},
        asks=(Ask(url="https://a.example/", method="POST", body=Pieces((b"x" * 65_536,), endless=True)),),
        settings=Settings(proxy="{p}", verify="{ca}"),
        judge=(gives(b"no", 413),),
    ),
    Case(
        name="tunnel-after-a-refusal",
        promise="P13.2",
        servers={"p": Server(each(says(plain(_PAGE, status=b"502 X"), hang=True), tunnels(echoes(), tls="names")))},
        asks=(Ask(url="https://a.example/1"), Ask(url="https://a.example/2")),
        settings=Settings(proxy="{p}", verify="{ca}"),
        judge=(gives(b"/2"), _no_page),
    ),
]  # fmt: skip
