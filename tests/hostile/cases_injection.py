"""P10: nothing is injected. Whatever gets past the checks above stops at the codec."""

from __future__ import annotations

from collections.abc import Iterator

from .case import Broken, Case, Run
from .judgements import nothing_sent, raises
from .plan import Ask, Auth, Part
from .servers import Server, each, plain, says

_EVIL = {
    "crlf": "a\r\nEvil: 1",
    "lf": "a\nEvil: 1",
    "cr": "a\rEvil: 1",
    "nul": "a\0Evil: 1",
    "request": "\r\n\r\nGET /evil HTTP/1.1",
}
_CALLS = {
    "method": lambda evil: Ask(method=evil),
    "name": lambda evil: Ask(headers=((evil, "x"),)),
    "value": lambda evil: Ask(headers=(("X", evil),)),
    "value-of-bytes": lambda evil: Ask(headers=(("X", evil.encode()),)),
    "host": lambda evil: Ask(headers=(("Host", evil),)),
    "cookie-header": lambda evil: Ask(headers=(("Cookie", evil),)),
    "referer": lambda evil: Ask(headers=(("Referer", evil),)),
    "user-agent": lambda evil: Ask(headers=(("User-Agent", evil),)),
    "content-type": lambda evil: Ask(method="POST", body=b"x", headers=(("Content-Type", evil),)),
    "token": lambda evil: Ask(auth=Auth("bearer", evil)),
    "content-length": lambda evil: Ask(
        method="POST", body=b"x", headers=(("Content-Length", evil),)
    ),
    "transfer-encoding": lambda evil: Ask(
        method="POST", body=b"x", headers=(("Transfer-Encoding", evil),)
    ),
}
_URLS = {
    "path": lambda evil: Ask(url="{a}/" + evil),
    "query": lambda evil: Ask(url="{a}/?" + evil),
    "params": lambda evil: Ask(params=((evil, evil),)),
    "fragment": lambda evil: Ask(url="{a}/#" + evil),
    "user": lambda evil: Ask(url=f"http://{evil}@127.0.0.1:{{a.port}}/"),
}
_LOOSE = {
    "cookie-value": lambda evil: Ask(cookies=(("a", evil),)),
    "cookie-name": lambda evil: Ask(cookies=((evil, "a"),)),
    "basic": lambda evil: Ask(auth=Auth("basic", evil, evil)),
    "form": lambda evil: Ask(method="POST", form=((evil, evil),)),
    "part-name": lambda evil: Ask(method="POST", parts=(Part(evil),)),
    "part-filename": lambda evil: Ask(method="POST", parts=(Part("f", evil),)),
    "part-type": lambda evil: Ask(method="POST", parts=(Part("f", "n", type=evil),)),
    "part-header": lambda evil: Ask(method="POST", parts=(Part("f", "n", headers=(("X", evil),)),)),
    "part-header-name": lambda evil: Ask(
        method="POST", parts=(Part("f", "n", headers=((evil, "x"),)),)
    ),
}
_CHANGED = {
    "method": lambda evil: Ask(changed=("method", evil)),
    "url": lambda evil: Ask(changed=("url", "{a}/?" + evil)),
    "value": lambda evil: Ask(changed=("X", evil)),
    "name": lambda evil: Ask(changed=(evil, "x")),
}


def _one_request(run: Run) -> Iterator[Broken]:
    """What arrived is one request at the most, and none of its lines is evil."""
    received = run.seen["a"].received
    head = received.partition(b"\r\n\r\n")[0]
    lines = received.replace(b"\r", b"\n").split(b"\n")
    if any(line.lower().startswith(b"evil") for line in lines):
        yield Broken("injected", f"a line of its own: {received[:200]!r}")
    if received.count(b" HTTP/1.1\r\n") > 1 or head.partition(b"\r\n")[0].count(b" ") > 2:
        yield Broken("injected", f"more than one request: {received[:200]!r}")
    if b"\0" in received:
        yield Broken("injected", f"NUL: {received[:200]!r}")


def _second_is_clean(run: Run) -> Iterator[Broken]:
    heads = run.seen["a"].heads
    for head in heads:
        if b"\nEvil" in head or head.partition(b"\r\n")[0].count(b" ") != 2:
            yield Broken("injected", f"{head!r}")
    if run.ours and len(heads) != 2:
        yield Broken("other", f"{len(heads)} requests")


def _answer() -> dict[str, Server]:
    return {"a": Server(says(plain(b"ok")))}


def _redirecting(location: bytes) -> Server:
    found = plain(b"", b"Location: " + location, status=b"302 Found")
    return Server(each(says(found), says(plain(b"ok"))))


CASES: list[Case] = [
    *(
        Case(
            name=f"inject-{how}-into-the-{place}",
            promise="P10.1",
            servers=_answer(),
            asks=(call(evil),),
            judge=(raises("RequestException"), nothing_sent(), _one_request),
        )
        for place, call in _CALLS.items()
        for how, evil in _EVIL.items()
    ),
    *(
        Case(
            name=f"inject-{how}-into-the-{place}",
            promise="P10.1",
            servers=_answer(),
            asks=(call(evil),),
            judge=(_one_request,),
        )
        for place, call in _URLS.items()
        for how, evil in _EVIL.items()
    ),
    *(
        Case(
            name=f"inject-{how}-into-the-{place}",
            promise="P10.2" if "cookie" in place else "P10.3",
            servers=_answer(),
            asks=(call(evil),),
            judge=(_one_request,),
        )
        for place, call in _LOOSE.items()
        for how, evil in _EVIL.items()
    ),
    *(
        Case(
            name=f"inject-{how}-into-the-{place}-once-prepared",
            promise="P10.5",
            servers=_answer(),
            asks=(call(evil),),
            judge=(_one_request, *(() if place == "url" else (nothing_sent(),))),
        )
        for place, call in _CHANGED.items()
        for how, evil in _EVIL.items()
    ),
    *(
        Case(
            name=f"inject-{how}-into-what-a-proxy-is-told-for-{scheme}",
            promise="P10.4",
            servers=_answer(),
            asks=(Ask(url=f"{scheme}://a{evil}.example/", proxy="{a}"),),
            judge=(raises("RequestException"), nothing_sent()),
        )
        for scheme in ("http", "https")
        for how, evil in _EVIL.items()
    ),
    *(
        Case(
            name=f"inject-{how}-into-the-header-for-a-proxy",
            promise="P10.4",
            servers=_answer(),
            asks=(
                Ask(
                    url="http://a.example/",
                    proxy="{a}",
                    headers=(("Proxy-Authorization", evil),),
                ),
            ),
            judge=(raises("RequestException"), nothing_sent()),
        )
        for how, evil in _EVIL.items()
    ),
    *(
        Case(
            name=f"inject-{how}-by-a-location",
            promise="P10.1",
            servers={"a": _redirecting(location)},
            judge=(_second_is_clean,),
        )
        for how, location in (
            ("crlf-encoded", b"/a%0d%0aEvil: 1 b"),
            ("a-space", b"/a HTTP/1.1 b"),
            ("a-tab", b"/a\tb"),
            ("bytes", b"/\xff\xfe"),
        )
    ),
    *(
        Case(
            name=f"inject-a-target-of-{how}",
            promise="P15.1",
            servers=_answer(),
            asks=(Ask(url="{a}" + path),),
            judge=(_one_request, lambda run, t=target: _target_is(run, t)),  # type: ignore[misc]
        )
        for how, path, target in (
            ("encoded-dots", "/a/%2e%2e/b", b"/a/%2e%2e/b"),
            ("an-encoded-slash", "/a%2Fb", b"/a%2Fb"),
            ("lower-case-hex", "/a%2fb%c3%a7", b"/a%2fb%c3%a7"),
            ("letter-case", "/AbC", b"/AbC"),
            ("two-slashes", "//a//b", b"//a//b"),
            ("a-space", "/a b", b"/a%20b"),
            ("beyond-ascii", "/ç", b"/%C3%A7"),
            ("brackets-and-bars", "/a|b{ c}^`", b"/a%7Cb%7B%20c%7D%5E%60"),
            ("a-percent-sign", "/100%", b"/100%25"),
            ("a-plus", "/a+b?c+d", b"/a+b?c+d"),
            ("an-empty-query", "/a?", None),
            ("a-semicolon", "/a;b=c", b"/a;b=c"),
            ("a-backslash", "/a\\b", b"/a%5Cb"),
        )
    ),
]


def _target_is(run: Run, target: bytes | None) -> Iterator[Broken]:
    heads = run.seen["a"].heads
    if run.ours and target is not None and not heads[0].startswith(b"GET " + target + b" "):
        yield Broken("other", f"{heads[0][:100]!r}, not {target!r}")
