"""P2, P12, P15: redirects that lead nowhere, for ever, or elsewhere than they seem."""

from __future__ import annotations

from .case import Case
from .judgements import asked, fails, gives, only_once, opens, raises, reaches, sends
from .names import slug
from .plan import Ask, Pieces, Settings
from .servers import OK, Server, answers, each, echoes, plain, says, then

#: What cannot be followed.
_UNUSABLE = {
    "of bytes": b"http://\xff\xfe.example/\xff",
    "without a host": b"http:///path",
    "with an open bracket": b"http://[::1/",
    "with a port of letters": b"http://127.0.0.1:port/",
    "with a port too large": b"http://127.0.0.1:99999/",
    "to another scheme": b"ftp://127.0.0.1/",
    "to a file": b"file:///etc/passwd",
    "to javascript": b"javascript:alert(1)",
    "to data": b"data:text/plain,x",
    "with a long label": b"http://" + b"a" * 70 + b".example/",
    "with an empty label": b"http://a..example/",
    "with a host beyond names": "http://\N{SNOWMAN}..example/".encode(),
    "with two ports": b"http://127.0.0.1:80:80/",
}
#: What is followed, and the target that it leads to.
_USABLE = {
    "relative": (b"next", b"GET /next "),
    "of a path": (b"/a/../b", b"GET /b "),
    "of a query": (b"?q=1", b"GET /?q=1 "),
    "with spaces": (b"/a b", b"GET /a%20b "),
    "beyond ASCII": ("/\xe7".encode(), b"GET /%C3%A7 "),
    "of Latin-1": (b"/\xe7", b"GET /%"),
    "encoded": (b"/%2e%2e%2F%41", b"GET /%2e%2e%2F%41 "),
    "with a fragment": (b"/next#part", b"GET /next "),
    "with a line end encoded": (b"/a%0d%0aX:y", b"GET /a%0d%0aX:y "),
    "without a scheme": (b"//127.0.0.1:{a.port}/next", b"GET /next "),
}
_STATI = (301, 302, 303, 307, 308)


def _found(location: bytes, status: bytes = b"302 Found", *fields: bytes) -> bytes:
    return plain(b"", b"Location: " + location, *fields, status=status)


CASES: list[Case] = [
    *(
        Case(
            name=f"redirect-{slug(what)}-is-not-followed",
            promise="P2.1",
            servers={"a": Server(says(_found(location)))},
            asks=(Ask(timeout=1.0),),
            judge=(raises("RequestException"), opens(1)),
        )
        for what, location in _UNUSABLE.items()
    ),
    *(
        Case(
            name=f"redirect-{slug(what)}-is-seen-unfollowed",
            promise="P2.1",
            servers={"a": Server(says(_found(location)))},
            asks=(Ask(redirects=False),),
            judge=(gives(b"", 302),),
        )
        for what, location in _UNUSABLE.items()
    ),
    *(
        Case(
            name=f"redirect-{slug(what)}",
            promise="P15.1",
            servers={"a": Server(then(says(_found(location)), echoes()))},
            judge=(gives(None), sends(target)),
        )
        for what, (location, target) in _USABLE.items()
        if b"{" not in location
    ),
    Case(
        name="redirect-loop",
        promise="P2.1",
        servers={"a": Server(answers(lambda request, number: _found(b"/")))},
        settings=Settings(max_redirects=5),
        judge=(fails("TooManyRedirects", counted="other"), asked(6)),
    ),
    Case(
        name="redirect-without-end",
        promise="P2.1",
        servers={"a": Server(answers(lambda request, number: _found(b"/%d" % number)))},
        asks=(Ask(timeout=10.0),),
        judge=(fails("TooManyRedirects", counted="other"), asked(31)),
    ),
    Case(
        name="redirect-that-grows",
        promise="P2.1",
        servers={"a": Server(answers(lambda request, number: _found(b"/" + b"x" * 2000 * number)))},
        asks=(Ask(timeout=10.0),),
        judge=(fails("TooManyRedirects", counted="other"),),
    ),
    Case(
        name="redirect-with-a-location-of-60000-bytes",
        promise="P2.1",
        servers={"a": Server(then(says(_found(b"/" + b"x" * 60_000)), echoes()))},
        judge=(gives(b"/" + b"x" * 60_000),),
    ),
    Case(
        name="redirect-without-a-location",
        promise="P2.1",
        servers={"a": Server(says(plain(b"here", status=b"302 Found")))},
        judge=(gives(b"here", 302),),
    ),
    Case(
        name="redirect-with-an-empty-location",
        promise="P2.1",
        servers={"a": Server(answers(lambda request, number: _found(b"")))},
        settings=Settings(max_redirects=3),
        judge=(),
    ),
    Case(
        name="redirect-with-two-locations",
        promise="P2.1",
        servers={"a": Server(then(says(_found(b"/1", b"302 X", b"Location: /2")), echoes()))},
        judge=(),
    ),
    *(
        Case(
            name=f"redirect-{status}-to-{slug(what)}",
            promise="P2.1",
            servers={"a": Server(each(says(_found(b"/next", b"%d X" % status)), says(answer)))},
            judge=(fails("RequestException"),),
        )
        for status in (302, 307)
        for what, answer in (
            ("nothing", b""),
            ("a wrong head", b"x\r\n\r\n"),
            ("a short body", OK + b"Content-Length: 9\r\n\r\nx"),
        )
    ),
    *(
        Case(
            name=f"redirect-{status}-whose-body-is-{slug(what)}",
            promise="P2.1",
            servers={
                "a": Server(
                    each(
                        says(b"HTTP/1.1 %d X\r\nLocation: /next\r\n%b" % (status, broken)), echoes()
                    )
                )
            },
            judge=(gives(b"/next"),),
        )
        for status in (302, 307)
        for what, broken in (
            ("cut off", b"Content-Length: 99\r\n\r\nx"),
            ("wrongly chunked", b"Transfer-Encoding: chunked\r\n\r\nz\r\n"),
            ("no gzip", b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno"),
        )
    ),
    *(
        Case(
            name=f"redirect-{status}-of-a-post-of-bytes",
            promise="P12.1",
            servers={
                "a": Server(
                    then(says(_found(b"/next", b"%d X" % status)), says(plain(b"taken")))
                )
            },
            asks=(Ask(method="POST", body=b"the-body"),),
            judge=(gives(b"taken"), only_once(count=2 if status in (307, 308) else 1)),
        )
        for status in _STATI
    ),
    *(
        Case(
            name=f"redirect-{status}-of-a-post-of-pieces",
            promise="P12.1",
            servers={
                "a": Server(
                    then(says(_found(b"/next", b"%d X" % status)), says(plain(b"taken")))
                )
            },
            asks=(Ask(method="POST", body=Pieces((b"the-body",))),),
            judge=(
                raises("UnrewindableBodyError", "RequestException")
                if status in (307, 308)
                else gives(b"taken"),
                only_once(counted="emptied"),
            ),
        )
        for status in _STATI
    ),
    *(
        Case(
            name=f"redirect-{status}-of-a-post-of-a-file",
            promise="P12.1",
            servers={
                "a": Server(
                    then(says(_found(b"/next", b"%d X" % status)), says(plain(b"taken")))
                )
            },
            asks=(Ask(method="POST", file=1000),),
            judge=(gives(b"taken"), reaches(b"POST /next HTTP/1.1", b"f" * 1000)),
        )
        for status in (307, 308)
    ),
]  # fmt: skip
