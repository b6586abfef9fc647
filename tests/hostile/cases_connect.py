"""P1, P2, P15: connecting. The port that refuses, stalls, or hangs up; and whom is dialled."""

from __future__ import annotations

from .case import Case
from .judgements import fails, gives, opens, raises, sends, within
from .names import slug
from .plan import Ask, Settings
from .servers import Server, closes, each, echoes, plain, resets, says, speaks

_LIMIT = 0.3

#: URLs whose host is not what it seems to one reader or another.
_TWO_HOSTS = {
    "a backslash": "http://127.0.0.1:{a.port}\\@b.example/",
    "a backslash in the user": "http://b.example\\@127.0.0.1:{a.port}/",
    "a space": "http://127.0.0.1 :{a.port}/",
    "a tab": "http://127.0.0.1\t:{a.port}/",
    "a line end": "http://127.0.0.1\r\n:{a.port}/",
    "NUL": "http://127.0.0.1\0:{a.port}/",
    "a port of letters": "http://127.0.0.1:{a.port}x/",
    "a port with a sign": "http://127.0.0.1:+{a.port}/",
    "a port with an underscore": "http://127.0.0.1:8_0/",
    "a port in other digits": "http://127.0.0.1:８０/",
    "a port too large": "http://127.0.0.1:65536/",
    "a negative port": "http://127.0.0.1:-1/",
    "an open bracket": "http://[::1/",
    "a bracket of text": "http://[a.example]:{a.port}/",
    "text behind a bracket": "http://[::1]a:{a.port}/",
    "a zone that is not one": "http://[::1%25%0d%0a]:{a.port}/",
    "no host": "http:///path",
    "a host of nothing": "http://:{a.port}/",
    "a user alone": "http://user@/",
}

CASES: list[Case] = [
    Case(
        name="connect-refused",
        promise="P2.1",
        servers={"a": Server(instead="nobody")},
        judge=(fails("ConnectionError"), within(0, 1)),
    ),
    Case(
        name="connect-refused-with-tls",
        promise="P2.1",
        servers={"a": Server(instead="nobody", tls="good")},
        judge=(fails("ConnectionError"), within(0, 1)),
    ),
    Case(
        name="connect-refused-by-ipv6",
        promise="P2.1",
        servers={"a": Server(instead="nobody", host="::1")},
        judge=(fails("ConnectionError"), within(0, 1)),
    ),
    Case(
        name="connect-to-port-0",
        promise="P2.1",
        servers={},
        asks=(Ask(url="http://127.0.0.1:0/"),),
        judge=(raises(),),
    ),
    *(
        Case(
            name=f"connect-stalls{suffix}",
            promise="P1.1",
            servers={"a": Server(instead="stalled", tls=tls)},
            asks=(Ask(timeout=_LIMIT, plain=plainly),),
            judge=(fails("Timeout", "ConnectionError", counted="late"), within(0, _LIMIT + 1)),
        )
        for suffix, tls, plainly in (
            ("", None, False),
            ("-with-tls", "good", False),
            ("-plain-timeout", None, True),
        )
    ),
    Case(
        name="connect-stalls-then-another-address",
        promise="P1.1",
        servers={"a": Server(says(plain(b"ok"))), "b": Server(instead="stalled")},
        asks=(Ask(url="{b}/", timeout=_LIMIT), Ask(timeout=1.0)),
        judge=(gives(b"ok"),),
    ),
    Case(
        name="connect-then-closed",
        promise="P2.1",
        servers={"a": Server(closes)},
        judge=(fails("ConnectionError"), opens(1)),
    ),
    Case(
        name="connect-then-reset",
        promise="P2.1",
        servers={"a": Server(lambda connection: connection.reset())},
        judge=(fails("ConnectionError"), opens(1)),
    ),
    Case(
        name="connect-reset-after-the-request",
        promise="P2.1",
        servers={"a": Server(resets())},
        judge=(fails("ConnectionError"), opens(1)),
    ),
    Case(
        name="connect-then-the-server-speaks-first",
        promise="P6.7",
        servers={"a": Server(speaks(b"220 mail.example ESMTP\r\n"))},
        asks=(Ask(timeout=_LIMIT * 2),),
        judge=(fails("ConnectionError"),),
    ),
    Case(
        name="connect-again-after-a-failure",
        promise="P9.1",
        servers={"a": Server(each(closes, echoes()))},
        asks=(Ask(), Ask(url="{a}/again")),
        judge=(gives(b"/again"), opens(2)),
    ),
    *(
        Case(
            name=f"dial-{slug(what)}",
            promise="P15.2",
            servers={"a": Server(says(plain(b"ok")))},
            asks=(Ask(url=url, timeout=1.0),),
            settings=Settings(names=(("b.example", ("127.0.0.1",)),)),
            judge=(raises("InvalidURL"), opens(0)),
        )
        for what, url in _TWO_HOSTS.items()
    ),
    *(
        Case(
            name=f"dial-{slug(what)}-as-it-is-said",
            promise="P15.2",
            servers={"a": Server(says(plain(b"ok")))},
            asks=(Ask(url=url, timeout=1.0),),
            settings=Settings(names=(("a.example", ("127.0.0.1",)), ("a.example.", ("127.0.0.1",)))),
            judge=(gives(b"ok"), sends(host)),
        )
        for what, url, host in (
            ("upper case", "http://A.EXAMPLE:{a.port}/", b"\r\nHost: a.example:"),
            ("user and password", "http://b.example:1@127.0.0.1:{a.port}/", b"\r\nHost: 127.0.0.1:"),
            ("two at signs", "http://b.example@c@127.0.0.1:{a.port}/", b"\r\nHost: 127.0.0.1:"),
            ("an at sign in the path", "http://127.0.0.1:{a.port}/@b.example", b"GET /@b.example "),
            ("an at sign in the query", "http://127.0.0.1:{a.port}?@b.example/", b"GET /?@b.example/ "),
            ("an at sign in the fragment", "http://127.0.0.1:{a.port}#@b.example/", b"GET / "),
            ("zeros before the port", "http://127.0.0.1:000{a.port}/", b"\r\nHost: 127.0.0.1:"),
        )
    ),
]  # fmt: skip
