"""P5: cookies by RFC 6265bis.

The servers are asked through a proxy that plays all of them, so that they can have any name.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.support import ReceivedRequest

from .case import Broken, Case, Judgement, Run
from .judgements import gives
from .names import slug
from .plan import Ask, Settings
from .servers import Server, answers, echoes, plain, says, then, tunnels


def _site(*fields: bytes) -> Server:
    """All servers at once; whoever asks for ``/set`` gets the cookies."""

    def decide(request: ReceivedRequest, number: int) -> bytes:
        if request.target.endswith("/set"):
            return plain(b"set", *(b"Set-Cookie: " + field for field in fields))
        return plain(b"ok")

    return Server(answers(decide))


def _last(run: Run) -> bytes:
    """The Cookie header of the last request, or nothing."""
    head = run.seen["p"].heads[-1]
    lines = [line for line in head.split(b"\r\n") if line.lower().startswith(b"cookie:")]
    return b"; ".join(line.partition(b":")[2].strip() for line in lines)


def _has(*cookies: bytes) -> Judgement:
    def judge(run: Run) -> Iterator[Broken]:
        sent = _last(run).split(b"; ")
        for cookie in cookies:
            if cookie not in sent:
                yield Broken("cookie", f"{cookie!r} is not sent, but {sent}")

    return judge


def _has_not(*names: bytes) -> Judgement:
    def judge(run: Run) -> Iterator[Broken]:
        for name in names:
            if name in _last(run):
                yield Broken("cookie", f"sent: {_last(run)[:200]!r}")

    return judge


def _case(
    name: str,
    promise: str,
    fields: tuple[bytes, ...],
    *judge: Judgement,
    at: str = "http://www.a.example/set",
    then_at: str = "http://www.a.example/",
) -> Case:
    """Ask for cookies at one place, and look at what is sent to another."""
    return Case(
        name=f"cookie-{slug(name)}",
        promise=promise,
        servers={"p": _site(*fields)},
        asks=(Ask(url=at), Ask(url=then_at)),
        settings=Settings(proxy="{p}"),
        judge=(gives(b"ok"), *judge),
    )


_SITE = "http://www.a.example/"

CASES: list[Case] = [
    # -- whom it is sent to
    _case("comes back", "P5.1", (b"a=1",), _has(b"a=1")),
    _case("of a host to its child", "P5.1", (b"a=1",), _has_not(b"a="), then_at="http://x.www.a.example/"),
    _case("of a host to its parent", "P5.1", (b"a=1",), _has_not(b"a="), then_at="http://a.example/"),
    _case("of a host to its sibling", "P5.1", (b"a=1",), _has_not(b"a="), then_at="http://b.a.example/"),
    _case("of a domain to its child", "P5.1", (b"a=1; Domain=a.example",), _has(b"a=1"), then_at="http://b.a.example/"),
    _case("of a domain with a dot", "P5.1", (b"a=1; Domain=.a.example",), _has(b"a=1"), then_at="http://a.example/"),
    _case("of a domain to one that ends alike", "P5.1", (b"a=1; Domain=a.example",), _has_not(b"a="), then_at="http://bada.example/"),
    _case("of a domain in capitals", "P5.1", (b"a=1; DOMAIN=A.EXAMPLE",), _has(b"a=1"), then_at="http://a.example/"),
    _case("of another domain", "P5.1", (b"a=1; Domain=b.example",), _has_not(b"a="), then_at="http://b.example/"),
    _case("of another domain is not kept here", "P5.1", (b"a=1; Domain=b.example",), _has_not(b"a=")),
    _case("of a child domain", "P5.1", (b"a=1; Domain=x.www.a.example",), _has_not(b"a="), then_at="http://x.www.a.example/"),
    _case("of an empty domain", "P5.1", (b"a=1; Domain=",), _has_not(b"a="), then_at="http://b.a.example/"),
    _case("of two domains", "P5.1", (b"a=1; Domain=b.example; Domain=a.example",), _has(b"a=1"), then_at="http://a.example/"),
    _case("of the domain of an address", "P5.1", (b"a=1; Domain=0.0.1",), _has_not(b"a="), at="http://10.0.0.1/set", then_at="http://20.0.0.1/"),
    _case("of an address", "P5.1", (b"a=1",), _has(b"a=1"), at="http://10.0.0.1/set", then_at="http://10.0.0.1/"),
    _case("of an address to another", "P5.1", (b"a=1",), _has_not(b"a="), at="http://10.0.0.1/set", then_at="http://10.0.0.2/"),
    # -- public suffixes
    _case("of a top level", "P5.2", (b"a=1; Domain=example",), _has_not(b"a="), then_at="http://b.example/"),
    _case("of com", "P5.2", (b"a=1; Domain=com",), _has_not(b"a="), at="http://www.a.com/set", then_at="http://b.com/"),
    _case("of dot com", "P5.2", (b"a=1; Domain=.com",), _has_not(b"a="), at="http://www.a.com/set", then_at="http://b.com/"),
    _case("of localhost", "P5.2", (b"a=1",), _has(b"a=1"), at="http://localhost/set", then_at="http://localhost/"),
    _case("of a single label to its child", "P5.2", (b"a=1; Domain=intern",), _has_not(b"a="), at="http://intern/set", then_at="http://x.intern/"),
    # -- paths
    _case("of a path", "P5.1", (b"a=1; Path=/x",), _has(b"a=1"), then_at=f"{_SITE}x/y"),
    _case("of a path to one that begins alike", "P5.1", (b"a=1; Path=/x",), _has_not(b"a="), then_at=f"{_SITE}xy"),
    _case("of a path to its parent", "P5.1", (b"a=1; Path=/x",), _has_not(b"a=")),
    _case("of a path that is none", "P5.1", (b"a=1; Path=x",), _has(b"a=1")),
    # -- Secure and the prefixes
    _case("secure from http", "P5.3", (b"a=1; Secure",), _has_not(b"a=")),
    _case("SECURE in capitals from http", "P5.3", (b"a=1; SECURE",), _has_not(b"a=")),
    _case("prefix Secure without the attribute", "P5.3", (b"__Secure-a=1",), _has_not(b"Secure-a")),
    _case("prefix Secure from http", "P5.3", (b"__Secure-a=1; Secure",), _has_not(b"Secure-a")),
    _case("prefix secure in lower case", "P5.3", (b"__secure-a=1",), _has_not(b"ecure-a")),
    _case("prefix Host from http", "P5.3", (b"__Host-a=1; Secure; Path=/",), _has_not(b"Host-a")),
    _case("prefix Host with a domain", "P5.3", (b"__Host-a=1; Secure; Path=/; Domain=a.example",), _has_not(b"Host-a")),
    _case("a nameless one that says Host", "P5.3", (b"=__Host-a=1",), _has_not(b"Host-a")),
    # -- what is in it
    *(
        _case(f"with the control byte {byte:02x} in its value", "P5.4", (b"a=x%cy" % byte,), _has_not(b"a=x"))
        for byte in (0x01, 0x07, 0x08, 0x0B, 0x0C, 0x1F, 0x7F)
    ),
    *(
        _case(f"with the control byte {byte:02x} in its name", "P5.4", (b"a%cb=x" % byte,), _has_not(b"=x"))
        for byte in (0x01, 0x1F, 0x7F)
    ),
    _case("with a control byte in an attribute", "P5.4", (b"a=1; Path=/\x01",), _has_not(b"a=1")),
    _case("in quotes", "P5.4", (b'a="x y"',), _has(b'a="x y"')),
    _case("with an equals sign", "P5.4", (b"a=b=c",), _has(b"a=b=c")),
    _case("without a name or a value", "P5.4", (b"",), _has_not(b"=")),
    _case("of semicolons", "P5.4", (b";;;;",), _has_not(b"=")),
    _case("of Max-Age 0", "P5.1", (b"a=1", b"a=2; Max-Age=0"), _has_not(b"a=")),
    _case("of Max-Age below 0", "P5.1", (b"a=1; Max-Age=-5",), _has_not(b"a=")),
    _case("of a Max-Age beyond numbers", "P2.1", (b"a=1; Max-Age=" + b"9" * 5000,), _has(b"a=1")),
    _case("of a Max-Age of letters", "P2.1", (b"a=1; Max-Age=x",), _has(b"a=1")),
    _case("of a date long ago", "P5.1", (b"a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",), _has_not(b"a=")),
    _case("of a date beyond dates", "P2.1", (b"a=1; Expires=Fri, 31 Dec 99999 23:59:59 GMT",), _has(b"a=1")),
    _case("of a date of letters", "P2.1", (b"a=1; Expires=never",), _has(b"a=1")),
    _case("of a date of the wrong day", "P2.1", (b"a=1; Expires=Mon, 32 Foo 2090 25:61:61 GMT",), _has(b"a=1")),
    _case("in Latin-1", "P2.1", (b"a=\xe7",)),
    _case("in UTF-8", "P2.1", ("a=ç".encode(),)),
    # -- how many
    _case("of 60 in one answer", "P5.5", tuple(b"c%d=1" % n for n in range(60)), _has(b"c0=1"), _has_not(b"c59=1")),
    _case("of 5000 bytes", "P5.5", (b"a=" + b"x" * 5000,), _has_not(b"a=x")),
    _case("of an attribute of 2000 bytes", "P5.5", (b"a=1; Path=/" + b"x" * 2000,), _has(b"a=1")),
    Case(
        name="cookie-more-than-a-header-holds",
        promise="P5.5",
        servers={
            "p": Server(
                answers(
                    lambda request, number: plain(
                        b"ok",
                        *(
                            b"Set-Cookie: c%d-%d=%b" % (number, each, b"x" * 400)
                            for each in range(20)
                        ),
                    )
                )
            )
        },
        asks=tuple(Ask(url=_SITE) for _ in range(6)),
        settings=Settings(proxy="{p}"),
        judge=(gives(b"ok"), lambda run: _too_long(run, 8190)),
    ),
    Case(
        name="cookie-more-than-a-domain-holds",
        promise="P5.5",
        servers={
            "p": Server(
                answers(
                    lambda request, number: plain(
                        b"ok", *(b"Set-Cookie: c%d-%d=1" % (number, each) for each in range(45))
                    )
                )
            )
        },
        asks=tuple(Ask(url=_SITE) for _ in range(8)),
        settings=Settings(proxy="{p}"),
        judge=(gives(b"ok"), lambda run: _too_many(run, 180)),
    ),
    Case(
        name="cookie-that-is-secure-is-not-overwritten-from-http",
        promise="P5.3",
        servers={
            "a": Server(
                then(says(plain(b"set", b"Set-Cookie: a=right; Secure")), echoes()), tls="good"
            ),
            "b": Server(says(plain(b"set", b"Set-Cookie: a=wrong"))),
        },
        asks=(Ask(url="{a}/"), Ask(url="{b}/"), Ask(url="{a}/2")),
        settings=Settings(verify="{ca}"),
        judge=(gives(b"/2"), lambda run: _kept(run, b"a=right")),
    ),
    Case(
        name="cookie-of-a-redirect-is-sent-on",
        promise="P5.1",
        servers={
            "a": Server(
                then(
                    says(plain(b"", b"Set-Cookie: a=1", b"Location: /2", status=b"302 X")), echoes()
                )
            )
        },
        judge=(gives(b"/2"), lambda run: _kept(run, b"a=1")),
    ),
    Case(
        name="cookie-of-a-proxy's-refusal-is-not-taken".replace("'", ""),
        promise="P13.2",
        servers={
            "p": Server(says(plain(b"no", b"Set-Cookie: a=1; Domain=a.example", status=b"403 X"))),
            "q": Server(tunnels(echoes(), tls="names")),
        },
        asks=(Ask(url="https://a.example/", proxy="{p}"), Ask(url="https://a.example/", proxy="{q}")),
        settings=Settings(verify="{ca}"),
        judge=(lambda run: _kept_not(run, b"a=1"),),
    ),
]  # fmt: skip


def _too_long(run: Run, most: int) -> Iterator[Broken]:
    if len(_last(run)) > most:
        yield Broken("cookie", f"a Cookie header of {len(_last(run))} bytes")


def _too_many(run: Run, most: int) -> Iterator[Broken]:
    count = len(_last(run).split(b"; "))
    if count > most:
        yield Broken("cookie", f"{count} cookies")


def _kept(run: Run, cookie: bytes) -> Iterator[Broken]:
    head = run.seen["a"].heads[-1]
    if b"\r\ncookie: " + cookie + b"\r\n" not in head.replace(b"Cookie", b"cookie"):
        yield Broken("cookie", f"not {cookie!r} in {head!r}")


def _kept_not(run: Run, cookie: bytes) -> Iterator[Broken]:
    if cookie in run.seen["q"].received:
        yield Broken("cookie", f"{cookie!r} was taken from the proxy")
