"""P1, P2: looking names up. The system's resolver is told what the names of a case mean."""

from __future__ import annotations

from .case import Case
from .judgements import fails, gives, reaches, within
from .names import slug
from .plan import Ask, Settings
from .servers import Server, plain, says

_LIMIT = 0.3

#: Hosts that have no address, or that nobody may look up.
_UNKNOWN = {
    "a name without an address": "nowhere.example",
    "a label of 64 letters": f"{'a' * 64}.example",
    "a name of 300 letters": ".".join(["a" * 49] * 6),
    "an empty label": "a..example",
    "a dot before": ".example",
    "a dot alone": ".",
    "a hyphen before": "-a.example",
    "an underscore": "a_b.example",
    "beyond ASCII": "ç\N{SNOWMAN}.example",
    "a soft hyphen": "\N{SOFT HYPHEN}.example",
    "right to left": "\N{ARABIC LETTER ALEF}a\N{ARABIC LETTER BEH}.example",
    "a long label beyond ASCII": "ç" * 63 + ".example",
    "a bad A-label": "xn--a.example",
    "a percent sign": "a%00b.example",
    "digits and dots": "1.2.3.4.5",
    "an octet of 256": "127.0.0.256",
}

CASES: list[Case] = [
    *(
        Case(
            name=f"name-{slug(what)}",
            promise="P2.3",
            servers={},
            asks=(Ask(url=f"http://{host}/", timeout=2.0),),
            settings=Settings(names=((host, ("fail",)),)),
            judge=(fails(counted="other"),),
        )
        for what, host in _UNKNOWN.items()
    ),
    *(
        Case(
            name=f"name-that-stalls-{slug(how)}",
            promise="P1.1",
            servers={"p": Server(says(plain()))},
            asks=(Ask(url=url, timeout=_LIMIT, proxy=proxy),),
            settings=Settings(names=(("slow.example", ("stall",)),)),
            judge=(fails("Timeout", counted="late"),),
        )
        for how, url, proxy in (
            ("of the server", "http://slow.example/", None),
            ("of the server with TLS", "https://slow.example/", None),
            ("of the proxy", "http://a.example/", "http://slow.example:3128"),
        )
    ),
    Case(
        name="name-that-stalls-in-a-redirect",
        promise="P1.1",
        servers={"a": Server(says(plain(b"", b"Location: http://slow.example/", status=b"302 X")))},
        asks=(Ask(timeout=_LIMIT),),
        settings=Settings(names=(("slow.example", ("stall",)),)),
        judge=(fails("Timeout", counted="late"),),
    ),
    Case(
        name="name-whose-first-address-refuses",
        promise="P1.1",
        servers={"a": Server(says(plain(b"ok")))},
        asks=(Ask(url="http://two.example:{a.port}/", timeout=2.0),),
        settings=Settings(names=(("two.example", ("127.0.0.9", "127.0.0.1")),)),
        judge=(gives(b"ok"), reaches(b"Host: two.example:")),
    ),
    Case(
        name="name-whose-addresses-all-refuse",
        promise="P2.1",
        servers={"a": Server(says(plain(b"ok")))},
        asks=(Ask(url="http://two.example:{a.port}/", timeout=2.0),),
        settings=Settings(names=(("two.example", ("127.0.0.8", "127.0.0.9")),)),
        judge=(fails("ConnectionError"), within(0, 1.5)),
    ),
]
