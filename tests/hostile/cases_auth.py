"""P2, P12: authentication against servers that challenge wrongly, or for ever."""

from __future__ import annotations

from .case import Case
from .judgements import asked, gives, light, only_once, raises
from .names import slug
from .plan import Ask, Auth, Pieces
from .servers import Server, answers, plain, says, then

_DIGEST = Auth("digest", "user", "s3cret-of-the-caller")

_CHALLENGES = {
    "nothing": b"",
    "only the name": b"Digest",
    "no nonce": b'Digest realm="r"',
    "no realm": b'Digest nonce="n"',
    "an empty nonce": b'Digest realm="r", nonce=""',
    "an unknown algorithm": b'Digest realm="r", nonce="n", algorithm=MD4',
    "an algorithm of bytes": b'Digest realm="r", nonce="n", algorithm=\xff',
    "an unknown qop": b'Digest realm="r", nonce="n", qop="maybe"',
    "an empty qop": b'Digest realm="r", nonce="n", qop=""',
    "auth-int alone": b'Digest realm="r", nonce="n", qop="auth-int"',
    "an open quote": b'Digest realm="r, nonce="n',
    "quotes": b'Digest """"""""',
    "commas": b"Digest ,,,,,,,,",
    "equals signs": b"Digest ====,===",
    "a realm of bytes": b'Digest realm="\xff\xfe", nonce="n"',
    "a realm of 60000 bytes": b'Digest realm="' + b"r" * 60_000 + b'", nonce="n"',
    "a nonce of 60000 bytes": b'Digest realm="r", nonce="' + b"n" * 60_000 + b'"',
    "twenty thousand parameters": b'Digest realm="r", nonce="n"' + b",a=b" * 15_000,
    "two nonces": b'Digest realm="r", nonce="n", nonce="m"',
    "a backslash at the end": b'Digest realm="r", nonce="n\\"',
    "a quote in the realm": b'Digest realm="a\\"b", nonce="n"',
    "userhash": b'Digest realm="r", nonce="n", userhash=true',
    "a charset": b'Digest realm="r", nonce="n", charset="x"',
    "Basic": b'Basic realm="r"',
    "Bearer": b"Bearer",
    "many": b'Basic realm="a", Bearer, Digest realm="r", nonce="n", Negotiate x==',
}


def _challenge(challenge: bytes) -> bytes:
    return plain(b"who?", b"WWW-Authenticate: " + challenge, status=b"401 Unauthorized")


_GOOD = _challenge(b'Digest realm="r", nonce="n", qop="auth"')

CASES: list[Case] = [
    *(
        Case(
            name=f"digest-{slug(what)}",
            promise="P2.1",
            servers={"a": Server(answers(lambda request, number, c=challenge: _challenge(c)))},  # type: ignore[misc]
            asks=(Ask(auth=_DIGEST),),
            judge=(),
        )
        for what, challenge in _CHALLENGES.items()
    ),
    Case(
        name="digest-that-is-never-content",
        promise="P2.1",
        servers={"a": Server(answers(lambda request, number: _GOOD))},
        asks=(Ask(auth=_DIGEST),),
        judge=(gives(b"who?", 401), asked(2)),
    ),
    Case(
        name="digest-that-is-always-stale",
        promise="P2.1",
        servers={
            "a": Server(
                answers(
                    lambda request, number: _challenge(
                        b'Digest realm="r", nonce="n%d", stale=true' % number
                    )
                )
            )
        },
        asks=(Ask(auth=_DIGEST, timeout=3.0),),
        judge=(gives(b"who?", 401),),
    ),
    Case(
        name="digest-of-a-post-of-bytes",
        promise="P12.1",
        servers={"a": Server(then(says(_GOOD), says(plain(b"taken"))))},
        asks=(Ask(method="POST", body=b"the-body", auth=_DIGEST),),
        judge=(gives(b"taken"), only_once(count=2)),
    ),
    Case(
        name="digest-of-a-post-of-pieces",
        promise="P12.1",
        servers={"a": Server(then(says(_GOOD), says(plain(b"taken"))))},
        asks=(Ask(method="POST", body=Pieces((b"the-body",)), auth=_DIGEST),),
        judge=(raises("UnrewindableBodyError"), only_once(counted="emptied")),
    ),
    Case(
        name="digest-with-a-body-that-is-no-gzip",
        promise="P2.1",
        servers={
            "a": Server(
                then(
                    says(
                        plain(
                            b"no gzip",
                            b'WWW-Authenticate: Digest realm="r", nonce="n"',
                            b"Content-Encoding: gzip",
                            status=b"401 X",
                        )
                    ),
                    says(plain(b"ok")),
                )
            )
        },
        asks=(Ask(auth=_DIGEST),),
        judge=(gives(b"ok"),),
    ),
    *(
        Case(
            name=f"basic-{slug(what)}",
            promise="P10.1",
            servers={"a": Server(says(plain(b"ok")))},
            asks=(Ask(auth=Auth("basic", user, password)),),
            judge=(),
        )
        for what, user, password in (
            ("with a colon in the user", "a:b", "c"),
            ("with a line end", "a\r\nEvil: 1", "b"),
            ("with NUL", "a\0", "b"),
            ("beyond Latin-1", "ç\N{SNOWMAN}", "\N{SNOWMAN}"),
            ("with a lone surrogate", "a\ud800", "b"),
            ("of nothing", "", ""),
        )
    ),
    *(
        Case(
            name=f"auth-header-of-{size}-bytes",
            promise="P7.1",
            servers={"a": Server(says(plain(b"x", b"WWW-Authenticate: " + b"a," * (size // 2), status=b"401 X")))},
            asks=(Ask(auth=_DIGEST),),
            judge=(light(16_000_000),),
            weighed=True,
        )
        for size in (1000, 60_000)
    ),
]  # fmt: skip
