"""P7, P16: what a session is told to refuse: large bodies, plain HTTP, addresses.

The settings are ulak's own, so that other clients are not asked.
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from urllib.parse import unquote

from .case import Case
from .judgements import asked, fails, gives, light, nothing_sent, opens, reaches, within
from .names import slug
from .plan import Ask, Guards, Settings
from .servers import (
    CHUNKED,
    FLOOD,
    OK,
    Server,
    answers,
    drips,
    each,
    echoes,
    floods,
    plain,
    says,
    stalls,
    tunnels,
)

_MOST = 1000
_BROKEN = b"HTTP/1.1 500 Broken\r\n"
_SIZED = Settings(guards=Guards(most=_MOST))
_BOMB = gzip.compress(bytes(50_000_000), mtime=0)
_TLS_ONLY = Settings(verify="{ca}", guards=Guards(https_only=True))
_PUBLIC = Guards(addresses=True)
#: Of this machine's addresses one is allowed, where ``a`` and the proxies are.
_ONE = Guards(addresses=True, allow=("127.0.0.1",))
_STATI = (301, 302, 303, 307, 308)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _coded(coding: bytes, body: bytes) -> bytes:
    return plain(body, b"Content-Encoding: " + coding)


#: More than is allowed, in every way that a body can come.
_LARGE = {
    "announced": says(plain(b"x" * 2000)),
    "announced and never sent": stalls(OK + b"Content-Length: 2000\r\n\r\n"),
    "in one chunk": says(CHUNKED + _chunk(b"x" * 2000) + b"0\r\n\r\n"),
    "in chunks of a byte": says(CHUNKED + _chunk(b"x") * 2000 + b"0\r\n\r\n"),
    "in chunks without end": floods(CHUNKED, _chunk(b"x" * 60_000)),
    "until close": says(OK + b"\r\n" + b"x" * 2000),
    "without end": floods(OK + b"\r\n", b"x" * 60_000),
    "in chunks behind a small length": says(
        OK
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        + _chunk(b"x" * 2000)
        + b"0\r\n\r\n"
    ),
    "in gzip behind a small length": says(_coded(b"gzip", gzip.compress(bytes(2000)))),
    "in a bomb of gzip": says(_coded(b"gzip", _BOMB)),
    "in a bomb of gzip in gzip": says(_coded(b"gzip, gzip", gzip.compress(_BOMB, mtime=0))),
    "in a line without end": floods(OK + b"\r\n", b"x" * 60_000, FLOOD // 4),
}
#: As much as is allowed, and not a byte more.
_ENOUGH = {
    "with a length": says(plain(b"x" * _MOST)),
    "in chunks": says(CHUNKED + _chunk(b"x" * _MOST) + b"0\r\n\r\n"),
    "until close": says(OK + b"\r\n" + b"x" * _MOST),
    "in gzip": says(_coded(b"gzip", gzip.compress(b"x" * _MOST))),
    "with a length that more follows": says(plain(b"x" * _MOST) + b"x" * 2000),
}
#: This machine, in spellings that a system's resolver knows, or a careless parser.
_SPELLED = {
    "decimal": "2130706433",
    "hexadecimal": "0x7f000001",
    "hexadecimal and short": "0x7f.1",
    "octal": "0177.0.0.1",
    "octal in one": "017700000001",
    "short": "127.1",
    "with a dot behind": "127.0.0.1.",
    "with another loopback": "127.99.0.1",
    "in full width": "１２７.0.0.1",
    "in circles": "①②⑦.⓪.⓪.①",
    "as nothing": "0",
    "as unspecified": "0.0.0.0",
    "in IPv6": "[::1]",
    "as unspecified in IPv6": "[::]",
    "mapped": "[::ffff:127.0.0.1]",
    "mapped in hexadecimal": "[::ffff:7f00:1]",
    "translated": "[64:ff9b::7f00:1]",
    "compatible": "[::127.0.0.1]",
    "as a name": "localhost",
    "as a name in capitals": "LOCALHOST",
    "percent encoded": "%31%32%37.0.0.1",
}
#: What only one's own network can reach, and nobody is to try.
_INSIDE = {
    "private 10": "10.0.0.1",
    "private 172": "172.16.0.1",
    "private 192": "192.168.1.1",
    "metadata": "169.254.169.254",
    "metadata in decimal": "2852039166",
    "metadata in IPv6": "[fd00:ec2::254]",
    "metadata mapped": "[::ffff:169.254.169.254]",
    "shared": "100.64.0.1",
    "multicast": "224.0.0.1",
    "broadcast": "255.255.255.255",
    "link-local in IPv6": "[fe80::1]",
    "private in IPv6": "[fc00::1]",
    "6to4": "[2002:7f00:1::]",
}


def _found(location: str, status: int = 302) -> bytes:
    return plain(b"", b"Location: " + location.encode(), status=b"%d X" % status)


def _redirects(status: int = 302) -> Server:
    """A server that redirects to what its request's target is, after the slash."""
    return Server(answers(lambda request, number: _found(unquote(request.target[1:]), status)))


CASES: list[Case] = [
    *(
        Case(
            name=f"size-{slug(what)}-{slug(read)}",
            promise="P7.5",
            servers={"a": Server(script)},
            asks=(Ask(read=read),),
            settings=_SIZED,
            judge=(fails("BodyTooLarge"), light(), within(0, 4)),
            weighed=True,
        )
        for what, script in _LARGE.items()
        for read in ("whole", "pieces", "lines")
    ),
    *(
        Case(
            name=f"size-just-right-{slug(what)}",
            promise="P7.5",
            servers={"a": Server(script)},
            settings=_SIZED,
            judge=(gives(b"x" * _MOST),),
        )
        for what, script in _ENOUGH.items()
    ),
    Case(
        name="size-of-a-redirect-does-not-count",
        promise="P7.5",
        servers={
            "a": Server(
                each(
                    says(plain(b"x" * 5000, b"Location: /next", status=b"302 X")),
                    echoes(),
                )
            )
        },
        settings=_SIZED,
        judge=(gives(b"/next"),),
    ),
    *(
        Case(
            name=f"flood-in-the-body-of-an-error-that-is-raised-{slug(what)}",
            promise="P7.3",
            servers={"a": Server(floods(_BROKEN + fields, piece))},
            settings=Settings(guards=Guards(raises=True, most=most)),
            judge=(fails("HTTPError"), light()),
            weighed=True,
        )
        for what, fields, piece, most in (
            ("with a length", b"Content-Length: %d\r\n\r\n" % FLOOD, b"x" * 60_000, None),
            ("in chunks", CHUNKED[len(OK) :], _chunk(b"x" * 60_000), None),
            ("and limited", b"Content-Length: %d\r\n\r\n" % FLOOD, b"x" * 60_000, _MOST),
        )
    ),
    *(
        Case(
            name=f"drip-in-the-body-of-an-error-that-is-raised-{slug(what)}",
            promise="P7.3",
            servers={"a": Server(each(drips(piece, begin=_BROKEN + begin), echoes()))},
            asks=(Ask(timeout=8.0), Ask(url="{a}/next")),
            settings=Settings(guards=Guards(raises=True)),
            judge=(
                fails("HTTPError", ask=0),
                within(0, 3, ask=0),
                gives(b"/next"),
                opens(2),
            ),
        )
        for what, begin, piece in (
            ("with a length", b"Content-Length: 1000000\r\n\r\n", b"x"),
            ("in chunks", CHUNKED[len(OK) :], (b"1\r\nx\r\n",)),
            ("until close", b"\r\n", b"x"),
        )
    ),
    # -- https_only
    *(
        Case(
            name=f"https-only-{slug(what)}",
            promise="P16.1",
            servers={"b": Server(echoes())},
            asks=(Ask(url=url, method=method),),
            settings=_TLS_ONLY,
            judge=(fails("HTTPSRequired"), nothing_sent("b", counted="other"), opens(0, "b")),
        )
        for what, method, url in (
            ("refuses http", "GET", "{b}/"),
            ("refuses http in capitals", "GET", "HTTP://127.0.0.1:{b.port}/"),
            ("refuses a post", "POST", "{b}/"),
            ("refuses http with a user", "GET", "http://user:password@127.0.0.1:{b.port}/"),
        )
    ),
    *(
        Case(
            name=f"https-only-after-{status}",
            promise="P16.1",
            servers={"a": replace(_redirects(status), tls="good"), "b": Server(echoes())},
            asks=(Ask(url="{a}/{b}/"),),
            settings=_TLS_ONLY,
            judge=(fails("HTTPSRequired"), opens(1, "a"), opens(0, "b")),
        )
        for status in _STATI
    ),
    Case(
        name="https-only-after-two-redirects",
        promise="P16.1",
        servers={"a": replace(_redirects(), tls="good"), "b": Server(echoes())},
        asks=(Ask(url="{a}/{a}/{b}/"),),
        settings=_TLS_ONLY,
        judge=(fails("HTTPSRequired"), asked(2, "a"), opens(0, "b")),
    ),
    Case(
        name="https-only-follows-https",
        promise="P16.1",
        servers={"a": replace(_redirects(), tls="good"), "b": Server(echoes(), tls="good")},
        asks=(Ask(url="{a}/{b}/there"),),
        settings=_TLS_ONLY,
        judge=(gives(b"/there"),),
    ),
    Case(
        name="https-only-asks-no-proxy-for-http",
        promise="P16.1",
        servers={"p": Server(echoes())},
        asks=(Ask(url="http://a.example/", proxy="{p}"),),
        settings=_TLS_ONLY,
        judge=(fails("HTTPSRequired"), opens(0, "p")),
    ),
    # -- addresses
    *(
        Case(
            name=f"address-of-this-machine-{slug(what)}",
            promise="P16.2",
            servers={"a": Server(echoes(), host="::1" if "IPv6" in what else "127.0.0.1")},
            asks=(Ask(url=f"http://{host}:{{a.port}}/"),),
            settings=Settings(guards=_PUBLIC),
            judge=(fails("RequestException"), opens(0)),
        )
        for what, host in _SPELLED.items()
    ),
    *(
        Case(
            name=f"address-inside-{slug(what)}",
            promise="P16.2",
            servers={},
            asks=(Ask(url=f"http://{host}/latest/meta-data/"),),
            settings=Settings(guards=_PUBLIC),
            judge=(fails("AddressDenied"), within(0, 1)),
        )
        for what, host in _INSIDE.items()
    ),
    *(
        Case(
            name=f"address-of-a-name-{slug(what)}",
            promise="P16.2",
            servers={"a": Server(echoes()), "b": Server(echoes(), host="127.0.0.2")},
            asks=(Ask(url="http://two.example:{b.port}/"),),
            settings=Settings(names=(("two.example", addresses),), guards=guards),
            judge=(fails("AddressDenied"), opens(0, "a"), opens(0, "b")),
        )
        for what, addresses, guards in (
            ("inside", ("127.0.0.2",), _PUBLIC),
            ("that is not among the allowed", ("127.0.0.2",), _ONE),
            ("mapped", ("::ffff:127.0.0.2",), _ONE),
            ("all inside", ("127.0.0.2", "10.0.0.1", "::1"), _PUBLIC),
        )
    ),
    Case(
        name="address-of-a-name-that-is-inside-and-outside",
        promise="P16.2",
        servers={"a": Server(echoes()), "b": Server(echoes(), host="127.0.0.2")},
        asks=(Ask(url="http://two.example:{a.port}/x"),),
        settings=Settings(names=(("two.example", ("127.0.0.2", "127.0.0.1")),), guards=_ONE),
        judge=(gives(b"/x"), opens(1), opens(0, "b")),
    ),
    Case(
        name="address-of-a-name-that-is-rebound-once-judged",
        promise="P16.2",
        servers={"a": Server(says(plain(b"ok")))},
        asks=(Ask(url="http://two.example:{a.port}/"),),
        settings=Settings(
            names=(("two.example", ("turns", "127.0.0.1", "127.0.0.2")),), guards=_ONE
        ),
        judge=(gives(b"ok"), opens(1)),
    ),
    Case(
        name="address-of-a-name-that-is-rebound-between-requests",
        promise="P16.2",
        servers={"a": Server(says(plain(b"ok")))},
        asks=(Ask(url="http://two.example:{a.port}/"), Ask(url="http://two.example:{a.port}/")),
        settings=Settings(
            names=(("two.example", ("turns", "127.0.0.1", "127.0.0.2")),), guards=_ONE
        ),
        judge=(gives(b"ok", ask=0), fails("AddressDenied"), opens(1)),
    ),
    Case(
        name="address-with-a-port-that-is-not-allowed",
        promise="P16.2",
        servers={"a": Server(echoes()), "b": Server(echoes())},
        asks=(Ask(url="{a}/x"), Ask(url="{b}/x")),
        settings=Settings(guards=replace(_ONE, ports=("{a.port}",))),
        judge=(gives(b"/x", ask=0), fails("AddressDenied"), opens(0, "b")),
    ),
    Case(
        name="address-that-is-denied-and-allowed",
        promise="P16.2",
        servers={"a": Server(echoes())},
        settings=Settings(guards=replace(_ONE, deny=("127.0.0.0/8",))),
        judge=(fails("AddressDenied"), opens(0)),
    ),
    *(
        Case(
            name=f"address-after-{status}",
            promise="P16.3",
            servers={"a": _redirects(status), "b": Server(echoes(), host="127.0.0.2")},
            asks=(Ask(url="{a}/{b}/", method="POST", body=b"x"),),
            settings=Settings(guards=_ONE),
            judge=(fails("AddressDenied"), opens(1), opens(0, "b")),
        )
        for status in _STATI
    ),
    *(
        Case(
            name=f"address-after-a-redirect-{slug(what)}",
            promise="P16.3",
            servers={"a": _redirects(), "b": Server(echoes(), host="127.0.0.2")},
            asks=(Ask(url=f"{{a}}/{location}"),),
            settings=Settings(names=(("two.example", ("127.0.0.2",)),), guards=_ONE),
            judge=(fails("AddressDenied"), opens(1), opens(0, "b")),
        )
        for what, location in (
            ("to a decimal", "http://2130706434:{b.port}/"),
            ("to hexadecimal", "http://0x7f000002:{b.port}/"),
            ("to a short address", "http://127.2:{b.port}/"),
            ("to a mapped address", "http://[::ffff:127.0.0.2]:{b.port}/"),
            ("to a name", "http://two.example:{b.port}/"),
            ("without a scheme", "//127.0.0.2:{b.port}/"),
            ("with a user like an address", "http://127.0.0.1@127.0.0.2:{b.port}/"),
            ("to metadata", "http://169.254.169.254/latest/"),
            ("and another", "{a}/{b}/"),
        )
    ),
    Case(
        name="address-after-a-redirect-to-a-name-that-was-rebound",
        promise="P16.3",
        servers={"a": Server(each(*[says(_found("/next"))] * 2, echoes()))},
        asks=(Ask(url="http://two.example:{a.port}/"),),
        settings=Settings(
            names=(("two.example", ("turns", "127.0.0.1", "127.0.0.2")),), guards=_ONE
        ),
        judge=(fails("AddressDenied"), opens(1)),
    ),
    *(
        Case(
            name=f"address-by-a-proxy-{slug(what)}",
            promise="P16.4",
            servers={"p": Server(echoes())},
            asks=(Ask(url=url, proxy=f"{scheme}://127.0.0.1:{{p.port}}"),),
            settings=Settings(names=(("two.example", ("127.0.0.2",)),), guards=_ONE),
            judge=(fails("AddressDenied"), nothing_sent("p", counted="other")),
        )
        for what, scheme, url in (
            ("of http to a name that it would look up", "http", "http://two.example/"),
            ("of http to an address inside", "http", "http://10.0.0.1/"),
            ("of http to a decimal", "http", "http://2130706434/"),
            ("of http to a mapped address", "http", "http://[::ffff:10.0.0.1]/"),
            ("in a tunnel to a name inside", "http", "https://two.example/"),
            ("in a tunnel to an address inside", "http", "https://10.0.0.1/"),
            ("of socks5h to a name inside", "socks5h", "http://two.example/"),
            ("of socks5 to an address inside", "socks5", "http://10.0.0.1/"),
            ("of socks4a to a name inside", "socks4a", "http://two.example/"),
        )
    ),
    Case(
        name="address-in-a-tunnel-is-what-was-judged",
        promise="P16.4",
        servers={"p": Server(tunnels(echoes(), tls="names"))},
        asks=(Ask(url="https://a.example:4443/x", proxy="{p}"),),
        settings=Settings(
            verify="{ca}",
            names=(("a.example", ("turns", "127.0.0.1", "127.0.0.2")),),
            guards=_ONE,
        ),
        judge=(gives(b"/x"), reaches(b"CONNECT 127.0.0.1:4443 HTTP/1.1\r\n", server="p")),
    ),
    Case(
        name="address-after-a-redirect-by-a-proxy",
        promise="P16.4",
        servers={"p": Server(answers(lambda request, number: _found("http://10.0.0.1/")))},
        asks=(Ask(url="http://127.0.0.1:1/", proxy="{p}"),),
        settings=Settings(guards=_ONE),
        judge=(fails("AddressDenied"), asked(1, "p")),
    ),
]
