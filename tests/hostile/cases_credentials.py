"""P4, P11: credentials stay with their origin, and are never text.

Each carrier of a secret is redirected from the server ``a`` to another origin ``b``, and where
it can be, back to ``a``.  The origins differ in the port, in the name, or in the scheme.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.support import ReceivedRequest

from .case import Broken, Case, Run
from .judgements import fails, gives, raises, reaches, says_not, sends_not
from .names import slug
from .plan import Ask, Auth, Settings
from .servers import Server, answers, each, echoes, honest, plain, says, then, tunnels

_SECRET = "s3cret-of-the-caller"
_OTHER = "0ther-secret-of-his"
_USER = "the-user"
_NETRC = f"machine 127.0.0.1 login {_USER} password {_SECRET}\n"
_DEFAULT = f"default login {_USER} password {_SECRET}\n"
_DIGEST = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'


def _sends_on(request: ReceivedRequest, number: int) -> bytes:
    """A redirect to what the query says, with the query's rest; else the target."""
    path, _, query = request.target.partition("?")
    if not query:
        return plain(path.encode())
    where, _, rest = query.partition("!")
    target = where + (f"?{rest}" if rest else "")
    return plain(b"", b"Location: " + target.encode(), status=b"307 Found")


#: What carries the secret: settings of the session, and what is asked.
_CARRIERS: dict[str, tuple[Settings, Ask]] = {
    "an Authorization header": (
        Settings(),
        Ask(headers=(("Authorization", f"Bearer {_SECRET}"),)),
    ),
    "authorization in lower case": (
        Settings(),
        Ask(headers=(("authorization", f"Bearer {_SECRET}"),)),
    ),
    "AUTHORIZATION in capitals": (
        Settings(),
        Ask(headers=(("AUTHORIZATION", f"Bearer {_SECRET}"),)),
    ),
    "an Authorization header of the session": (
        Settings(headers=(("Authorization", f"Bearer {_SECRET}"),)),
        Ask(),
    ),
    "Basic of a call": (Settings(), Ask(auth=Auth("basic", _USER, _SECRET))),
    "Basic of the session": (Settings(auth=Auth("basic", _USER, _SECRET)), Ask()),
    "a token of a call": (Settings(), Ask(auth=Auth("bearer", _SECRET))),
    "a token of the session": (Settings(auth=Auth("bearer", _SECRET)), Ask()),
    "a user in the URL": (Settings(), Ask(url=f"http://{_USER}:{_SECRET}@127.0.0.1:{{a.port}}/")),
    "netrc": (Settings(netrc=_NETRC), Ask()),
    "netrc's default": (Settings(netrc=_DEFAULT), Ask()),
    "a Cookie header": (Settings(), Ask(headers=(("Cookie", f"a={_SECRET}"),))),
    "a Cookie header in lower case": (Settings(), Ask(headers=(("cookie", f"a={_SECRET}"),))),
    "cookies of a call": (Settings(), Ask(cookies=(("a", _SECRET),))),
    "a Proxy-Authorization header": (
        Settings(),
        Ask(headers=(("Proxy-Authorization", f"Basic {_SECRET}"),)),
    ),
    "a Referer": (Settings(), Ask(headers=(("Referer", f"http://a.example/?token={_SECRET}"),))),
}
#: Where another origin is, and how it is called.
_ELSEWHERE = {
    "another port": "{b}",
    "another name": "http://localhost:{b.port}",
    "another address": "{c}",
    "another scheme": "{d}",
}


def _redirected(ask: Ask, *hops: str) -> Ask:
    """``ask`` with the way that the servers send it."""
    return replace(ask, url=f"{ask.url}?{'!'.join(hop + '/there' for hop in hops)}")


_PLAY = {
    "a": Server(answers(_sends_on)),
    "b": Server(answers(_sends_on)),
    "c": Server(answers(_sends_on), host="127.0.0.2"),
    "d": Server(answers(_sends_on), tls="good"),
}
_SERVER_OF = {
    "another port": "b",
    "another name": "b",
    "another address": "c",
    "another scheme": "d",
}


def _trusting(settings: Settings) -> Settings:
    return replace(settings, verify="{ca}")


def _is_kept(run: Run) -> Iterator[Broken]:
    """The request inside the tunnel has the credentials that the first one had."""
    inside = run.seen["p"].received.partition(b"GET /there")[2]
    if run.ours and b"authorization: " not in inside.lower():
        yield Broken("other", "the credentials were taken away")


def _not_inside(run: Run) -> Iterator[Broken]:
    """The proxy's credentials are in the head of the CONNECT, and not in the request inside."""
    inside = run.seen["p"].received.partition(b"GET /")[2]
    if b"proxy-authorization" in inside.lower():
        yield Broken("credential", "the origin got the proxy's credentials")


CASES: list[Case] = [
    *(
        Case(
            name=f"secret-in-{slug(carrier)}-to-{slug(where)}",
            promise="P4.1",
            servers=_PLAY,
            asks=(_redirected(ask, url),),
            settings=_trusting(settings),
            judge=(
                sends_not(_SECRET, server=_SERVER_OF[where]),
                gives(b"/there"),
                reaches(b"GET /there HTTP/1.1", server=_SERVER_OF[where]),
            ),
        )
        for carrier, (settings, ask) in _CARRIERS.items()
        for where, url in _ELSEWHERE.items()
        # netrc has no ports and no schemes: to the same host it says the same.
        if not (carrier == "netrc" and where in ("another port", "another scheme"))
    ),
    *(
        Case(
            name=f"secret-in-{slug(carrier)}-there-and-back",
            promise="P4.2",
            servers=_PLAY,
            asks=(_redirected(ask, "{c}", "{b}"),),
            settings=_trusting(settings),
            judge=(
                sends_not(_SECRET, server="c"),
                *(() if carrier == "netrc" else (sends_not(_SECRET, server="b"),)),
                gives(b"/there"),
            ),
        )
        for carrier, (settings, ask) in _CARRIERS.items()
    ),
    *(
        Case(
            name=f"secret-in-{slug(carrier)}-stays-on-the-same-origin",
            promise="P4.1",
            servers=_PLAY,
            asks=(_redirected(ask, "{a}"),),
            settings=_trusting(settings),
            judge=(gives(b"/there"),),
        )
        for carrier, (settings, ask) in _CARRIERS.items()
    ),
    *(
        Case(
            name=f"secret-in-a-digest-to-{slug(where)}",
            promise="P4.1",
            servers={
                **_PLAY,
                "a": Server(then(says(plain(b"", _DIGEST, status=b"401 X")), answers(_sends_on))),
            },
            asks=(_redirected(Ask(auth=Auth("digest", _USER, _SECRET)), url),),
            settings=Settings(verify="{ca}"),
            judge=(sends_not(_SECRET, _USER, "Digest username", server=_SERVER_OF[where]),),
        )
        for where, url in _ELSEWHERE.items()
    ),
    *(
        Case(
            name=f"secret-in-{slug(carrier)}-from-http-to-https-of-the-same-host",
            promise="P4.3",
            servers={
                "p": Server(
                    each(
                        says(plain(b"", b"Location: https://a.example/there", status=b"302 X")),
                        tunnels(echoes(), tls="names"),
                    )
                )
            },
            asks=(replace(ask, url="http://a.example/"),),
            settings=replace(settings, proxy="{p}", verify="{ca}"),
            judge=(gives(b"/there"), _is_kept),
        )
        for carrier, (settings, ask) in _CARRIERS.items()
        if carrier in ("an Authorization header", "Basic of a call", "Basic of the session")
    ),
    Case(
        name="secret-in-a-digest-is-not-given-to-who-asks-elsewhere",
        promise="P4.1",
        servers={
            "a": Server(answers(_sends_on)),
            "b": Server(honest(plain(b"", _DIGEST, status=b"401 X"))),
        },
        asks=(_redirected(Ask(auth=Auth("digest", _USER, _SECRET)), "{b}"),),
        judge=(sends_not(_USER),),
    ),
    Case(
        name="secret-of-netrc-yields-to-a-header",
        promise="P4.4",
        servers={"a": Server(echoes())},
        asks=(Ask(headers=(("Authorization", f"Bearer {_OTHER}"),)),),
        settings=Settings(netrc=_NETRC),
        judge=(sends_not(_SECRET, server="a"), reaches(_OTHER.encode())),
    ),
    Case(
        name="secret-of-netrc-yields-to-the-url",
        promise="P4.4",
        servers={"a": Server(echoes())},
        asks=(Ask(url=f"http://{_USER}:{_OTHER}@127.0.0.1:{{a.port}}/"),),
        settings=Settings(netrc=_NETRC),
        judge=(sends_not(_SECRET, server="a"),),
    ),
    Case(
        name="secret-of-netrc-for-another-machine",
        promise="P4.4",
        servers={"a": Server(echoes())},
        asks=(Ask(url="http://localhost:{a.port}/"),),
        settings=Settings(netrc=_NETRC),
        judge=(sends_not(_SECRET, server="a"),),
    ),
    *(
        Case(
            name=f"secret-of-a-netrc-that-is-{slug(what)}",
            promise="P2.3",
            servers={"a": Server(echoes())},
            settings=Settings(netrc=text),
            judge=(gives(b"/"),),
        )
        for what, text in (
            ("wrong", "machine 127.0.0.1 nonsense here\n"),
            ("cut off", "machine 127.0.0.1 login"),
            ("empty", ""),
            ("of control bytes", "machine \x01\x02 login \x03 password \x04\n"),
        )
    ),
    *(
        Case(
            name=f"secret-of-a-proxy-{slug(what)}",
            promise="P4.5",
            servers={"a": Server(echoes()), "b": Server(echoes()), "p": Server(answers(_sends_on))},
            asks=(ask,),
            settings=settings,
            judge=(sends_not(_SECRET, server="a"), gives(None)),
        )
        for what, settings, ask in (
            (
                "goes to no origin that is excepted",
                Settings(
                    env=(
                        ("http_proxy", f"http://{_USER}:{_SECRET}@127.0.0.1:{{p.port}}"),
                        ("no_proxy", "127.0.0.1"),
                    )
                ),
                Ask(),
            ),
            (
                "goes to no origin that a redirect excepts",
                Settings(
                    env=(
                        ("http_proxy", f"http://{_USER}:{_SECRET}@127.0.0.1:{{p.port}}"),
                        ("no_proxy", "127.0.0.1"),
                    )
                ),
                Ask(url="http://a.example/?{a}/there"),
            ),
        )
    ),
    Case(
        name="secret-of-a-proxy-is-sent-to-it-after-a-redirect",
        promise="P4.5",
        servers={"a": Server(answers(_sends_on)), "p": Server(echoes())},
        asks=(Ask(url="{a}/?http://a.example/there"),),
        settings=Settings(
            env=(("http_proxy", "http://127.0.0.1:{p.port}"), ("no_proxy", "127.0.0.1"))
        ),
        judge=(reaches(b"GET http://a.example/there HTTP/1.1", server="p"),),
    ),
    Case(
        name="secret-of-a-proxy-is-not-in-the-tunnel",
        promise="P4.5",
        servers={"p": Server(tunnels(echoes(), tls="names"))},
        asks=(Ask(url="https://a.example/"),),
        settings=Settings(proxy=f"http://{_USER}:{_SECRET}@127.0.0.1:{{p.port}}", verify="{ca}"),
        judge=(gives(b"/"), _not_inside, says_not(_SECRET)),
    ),
    # -- never text
    *(
        Case(
            name=f"text-of-an-error-{slug(what)}-hides-{slug(carrier)}",
            promise="P11.1",
            servers={"a": server},
            asks=(replace(ask, timeout=0.3),),
            settings=settings,
            judge=(fails(counted="other"), says_not(_SECRET)),
        )
        for what, server in (
            ("of connecting", Server(instead="nobody")),
            ("of reading", Server(says(b"nonsense\r\n\r\n"))),
            ("of a body", Server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"))),
            (
                "of redirects",
                Server(answers(lambda r, n: plain(b"", b"Location: ?x", status=b"302 X"))),
            ),
        )
        for carrier, (settings, ask) in (
            (name, _CARRIERS[name])
            for name in (
                "an Authorization header",
                "Basic of a call",
                "a token of the session",
                "a user in the URL",
                "cookies of a call",
            )
        )
    ),
    *(
        Case(
            name=f"text-of-an-error-hides-the-proxy's-password-{slug(what)}".replace("'", ""),
            promise="P11.1",
            servers={"p": server},
            asks=(Ask(url=url, timeout=1.0),),
            settings=Settings(proxy=f"http://{_USER}:{_SECRET}@127.0.0.1:{{p.port}}"),
            judge=(fails(counted="other"), says_not(_SECRET)),
        )
        for url in ("http://a.example/", "https://a.example/")
        for what, server in (
            (f"{url[:5].strip(':')} refused", Server(instead="nobody")),
            (f"{url[:5].strip(':')} nonsense", Server(says(b"nonsense\r\n\r\n"))),
        )
    ),
    *(
        Case(
            name=f"text-of-a-response-hides-{slug(carrier)}",
            promise="P11.2",
            servers={"a": Server(says(plain(b"no", status=b"403 Forbidden")))},
            asks=(ask,),
            settings=settings,
            judge=(gives(b"no", 403), says_not(_SECRET)),
        )
        for carrier, (settings, ask) in _CARRIERS.items()
    ),
    *(
        Case(
            name=f"text-of-an-error-hides-a-password-in-a-url-that-is-{slug(what)}",
            promise="P11.1",
            servers={},
            asks=(Ask(url=url, timeout=1.0),),
            judge=(raises("RequestException"), says_not(_SECRET)),
        )
        for what, url in (
            ("without a host", f"http://{_USER}:{_SECRET}@/"),
            ("without a scheme", f"{_USER}:{_SECRET}@a.example"),
            ("of another scheme", f"ftp://{_USER}:{_SECRET}@a.example/"),
            ("wrong in its port", f"http://{_USER}:{_SECRET}@a.example:x/"),
            ("wrong in its host", f"http://{_USER}:{_SECRET}@a..example/"),
            ("wrong in its brackets", f"http://{_USER}:{_SECRET}@[::1/"),
            ("with a space", f"http://{_USER}:{_SECRET}@a b.example/"),
        )
    ),
]
