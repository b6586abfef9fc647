"""P2: whatever value a caller passes, what is raised is one family, and says what was wrong."""

from __future__ import annotations

from .case import Case
from .judgements import gives, nothing_sent, raises
from .names import slug
from .plan import Ask, Auth, Settings
from .servers import Server, plain, says

_URLS = {
    "nothing": "",
    "a space": " ",
    "a word": "word",
    "a path": "/path",
    "a scheme alone": "http:",
    "a scheme and slashes": "http://",
    "three slashes": "http:///a",
    "one slash": "http:/127.0.0.1/",
    "no scheme": "127.0.0.1:80/",
    "a scheme that is unknown": "gopher://127.0.0.1/",
    "a scheme of digits": "1http://127.0.0.1/",
    "a mail address": "mailto:a@a.example",
    "a lone surrogate in the host": "http://\ud800.example/",
    "an empty port": "http://a..b:/",
    "brackets": "http://[]/",
    "a bracket closed": "http://a]/",
    "an address of five groups": "http://[1:2:3:4:5]/",
    "an address of too many digits": "http://[12345::1]/",
    "a zone alone": "http://[::1%]/",
    "a NUL": "http://a\0b.example/",
    "a percent sign in the host": "http://a%zz.example/",
    "a host of 300 bytes": f"http://{'a.' * 150}example/",
    "ten thousand slashes": "/" * 10_000,
    "ten thousand brackets": "http://" + "[" * 10_000,
    "ten thousand at signs": "http://" + "@" * 10_000,
}
_METHODS = {
    "nothing": "",
    "a space": "GET ",
    "a slash": "GE/T",
    "a letter beyond ASCII": "GÉT",
    "a lone surrogate": "\ud800",
    "a comma": "GET,POST",
}
_HEADERS = {
    "a name of nothing": ("", "x"),
    "a name with a space": ("a b", "x"),
    "a name with a colon": ("a:", "x"),
    "a name beyond ASCII": ("ç", "x"),
    "a value beyond Latin-1": ("X", "\N{SNOWMAN}"),
    "a value of a lone surrogate": ("X", "\ud800"),
    "a value with a control byte": ("X", "a\x01b"),
    "a length of letters": ("Content-Length", "x"),
    "a length that is negative": ("Content-Length", "-1"),
    "a length of a body that is not there": ("Content-Length", "5"),
    "chunks that are not there": ("Transfer-Encoding", "chunked"),
}
#: What is odd, and sent.
_FINE = {
    "a value with a tab": ("X", "a\tb"),
    "a value of Latin-1": ("X", "\xe7"),
    "a value of nothing": ("X", ""),
}

CASES: list[Case] = [
    *(
        Case(
            name=f"input-url-of-{slug(what)}",
            promise="P2.4",
            servers={},
            asks=(Ask(url=url, timeout=1.0),),
            settings=Settings(names=(("word", ("fail",)), ("a", ("fail",)))),
            judge=(raises("RequestException", "ValueError"),),
        )
        for what, url in _URLS.items()
    ),
    *(
        Case(
            name=f"input-method-of-{slug(what)}",
            promise="P2.4",
            servers={"a": Server(says(plain(b"ok")))},
            asks=(Ask(method=method),),
            judge=(raises("InvalidMethod", "ValueError"), nothing_sent(counted="other")),
        )
        for what, method in _METHODS.items()
    ),
    *(
        Case(
            name=f"input-header-with-{slug(what)}",
            promise="P2.4",
            servers={"a": Server(says(plain(b"ok")))},
            asks=(Ask(headers=(pair,), timeout=1.0),),
            judge=(raises("RequestException", "ValueError"), nothing_sent(counted="other")),
        )
        for what, pair in _HEADERS.items()
    ),
    *(
        Case(
            name=f"input-header-with-{slug(what)}",
            promise="P2.3",
            servers={"a": Server(says(plain(b"ok")))},
            asks=(Ask(headers=(pair,)),),
            judge=(gives(b"ok"),),
        )
        for what, pair in _FINE.items()
    ),
    *(
        Case(
            name=f"input-timeout-of-{slug(str(seconds))}{'-below-0' if seconds < 0 else ''}",
            promise="P2.4",
            servers={"a": Server(says(plain(b"ok")))},
            asks=(Ask(timeout=seconds, plain=True),),
            judge=(raises("InvalidTimeout", "ValueError"),),
        )
        for seconds in (0.0, -1.0, float("nan"))
    ),
    *(
        Case(
            name=f"input-params-of-{slug(what)}",
            promise="P2.3",
            servers={"a": Server(says(plain(b"ok")))},
            asks=(Ask(params=params),),
            judge=(),
        )
        for what, params in (
            ("a lone surrogate", (("a", "\ud800"),)),
            ("ten thousand", tuple((f"k{n}", "v") for n in range(10_000))),
            ("nothing", (("", ""),)),
        )
    ),
    *(
        Case(
            name=f"input-cookie-of-{slug(what)}",
            promise="P2.3",
            servers={"a": Server(says(plain(b"ok")))},
            asks=(Ask(cookies=((name, value),)),),
            judge=(),
        )
        for what, name, value in (
            ("a snowman", "a", "\N{SNOWMAN}"),
            ("a lone surrogate", "a", "\ud800"),
            ("a semicolon", "a", "b; c=d"),
            ("a name of nothing", "", "b"),
            ("a name with a space", "a b", "c"),
        )
    ),
    *(
        Case(
            name=f"input-digest-of-{slug(what)}",
            promise="P2.3",
            servers={
                "a": Server(
                    says(
                        plain(
                            b"", b'WWW-Authenticate: Digest realm="r", nonce="n"', status=b"401 X"
                        )
                    )
                )
            },
            asks=(Ask(auth=Auth("digest", user, password)),),
            judge=(),
        )
        for what, user, password in (
            ("a quote", 'a"b', "c"),
            ("a snowman", "\N{SNOWMAN}", "\N{SNOWMAN}"),
            ("a lone surrogate", "\ud800", "b"),
            ("nothing", "", ""),
        )
    ),
    *(
        Case(
            name=f"input-environment-{slug(what)}",
            promise="P2.3",
            servers={"a": Server(says(plain(b"ok")))},
            asks=(Ask(timeout=1.0),),
            settings=Settings(env=env),
            judge=(judge,),
        )
        for what, env, judge in (
            ("a proxy that is none", (("http_proxy", "::::"),), raises("RequestException")),
            ("a proxy with a port of letters", (("http_proxy", "http://a:x/"),), raises()),
            ("an empty proxy", (("http_proxy", ""),), gives(b"ok")),
            (
                "no_proxy of nonsense",
                (
                    ("http_proxy", "http://127.0.0.1:1"),
                    ("no_proxy", ",,[,*:x,127.0.0.1/99,127.0.0.1"),
                ),
                gives(b"ok"),
            ),
        )
    ),
]
