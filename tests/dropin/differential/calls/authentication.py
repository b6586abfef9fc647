"""Basic, Digest, netrc, user and password in the URL, and auth of one's own."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable
from typing import Any

from tests.support.messages import ReceivedRequest

from ..recorder import OK, Answering, Reply, answer, redirect
from ..stage import Stage, pieces
from .table import Call, call, requesting

_PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


requesting(
    "auth",
    {
        "None": lambda x: {"auth": None},
        "a tuple": lambda x: {"auth": ("user", "pass")},
        "a list": lambda x: {"auth": ["user", "pass"]},
        "an empty tuple": lambda x: {"auth": ()},
        "a tuple of three": lambda x: {"auth": ("a", "b", "c")},
        "text": lambda x: {"auth": "user:pass"},
        "empty user and password": lambda x: {"auth": ("", "")},
        "bytes": lambda x: {"auth": (b"us\xffer", b"p\xfcss")},
        "Latin-1": lambda x: {"auth": ("üser", "pässword")},
        "beyond Latin-1": lambda x: {"auth": ("us€r", "pass")},
        "a colon in the user": lambda x: {"auth": ("us:er", "pass")},
        "a colon in the password": lambda x: {"auth": ("user", "pa:ss")},
        "a line break": lambda x: {"auth": ("us\r\ner", "pass")},
        "HTTPBasicAuth": lambda x: {"auth": x.lib.auth.HTTPBasicAuth("user", "pass")},
        "HTTPProxyAuth": lambda x: {"auth": x.lib.auth.HTTPProxyAuth("user", "pass")},
        "over an Authorization header": lambda x: {
            "auth": ("user", "pass"),
            "headers": {"Authorization": "Bearer x"},
        },
        "a function": lambda x: {"auth": _signing},
        "a function that replaces the body": lambda x: {"auth": _rewriting, "data": "old"},
        "a function that returns nothing": lambda x: {"auth": lambda request: None},
        "a function that fails": lambda x: {"auth": _failing},
        "long": lambda x: {"auth": ("u" * 300, "p" * 300)},
    },
)


def _signing(request: Any) -> Any:
    request.headers["X-Signed"] = f"{request.method} {request.body}"
    return request


def _rewriting(request: Any) -> Any:
    request.body = "other and longer"
    return request


def _failing(request: Any) -> Any:
    raise KeyError("mine")


@call("auth: numbers")
def _(x: Stage) -> object:
    return x.attempt(lambda: x.lib.Request("GET", x.url, auth=(1, 2)).prepare().headers)


@call("auth: None and a password")
def _(x: Stage) -> object:
    return x.attempt(lambda: x.lib.Request("GET", x.url, auth=(None, "p")).prepare().headers)


@call("auth: equality")
def _(x: Stage) -> object:
    basic, digest = x.lib.auth.HTTPBasicAuth, x.lib.auth.HTTPDigestAuth
    return (
        basic("a", "b") == basic("a", "b"),
        basic("a", "b") != basic("a", "c"),
        digest("a", "b") == digest("a", "b"),
        digest("a", "b") == basic("a", "b"),
        basic("a", "b") == "a",
    )


@call("auth: of the session")
def _(x: Stage) -> object:
    return x.session(auth=("user", "pass")).get(x.url)


@call("auth: of the call over that of the session")
def _(x: Stage) -> object:
    return x.session(auth=("user", "pass")).get(x.url, auth=("own", "p"))


@call("auth: of the session and an Authorization header")
def _(x: Stage) -> object:
    return x.session(auth=("user", "pass")).get(x.url, headers={"Authorization": "Bearer x"})


@call("auth: an AuthBase of one's own")
def _(x: Stage) -> object:
    class Own(x.lib.auth.AuthBase):  # type: ignore[misc,name-defined]
        def __call__(self, r: Any) -> Any:
            r.headers["Authorization"] = "Own x"
            return r

    return x.lib.post(x.url, data="x", auth=Own())


@call("auth: an AuthBase that is none")
def _(x: Stage) -> object:
    return x.lib.get(x.url, auth=x.lib.auth.AuthBase())


@call("auth: one that hooks a 401 and asks again")
def _(x: Stage) -> object:
    def hook(response: Any, **kwargs: Any) -> Any:
        if response.status_code != 401:
            return response
        response.content  # noqa: B018 - the connection is free again
        response.close()
        again = response.request.copy()
        again.headers["X-Token"] = "t"
        answered = response.connection.send(again, **kwargs)
        answered.history.append(response)
        answered.request = again
        return answered

    def own(request: Any) -> Any:
        request.register_hook("response", hook)
        return request

    x.reply("/", answer(b"no", status="401 No"), OK)
    return x.lib.get(x.url, auth=own)


#: Where the credentials stand in a URL.
for _name, _userinfo in {
    "plain": "user:pass@",
    "encoded": "us%40er:p%3Ass@",
    "UTF-8": "%C3%BCser:p%C3%A4ss@",
    "no password": "user@",
    "empty password": "user:@",
    "empty user": ":pass@",
    "empty": "@",
    "only a colon": ":@",
    "a plus": "us+er:pa+ss@",
    "two colons": "a:b:c@",
}.items():
    call(f"auth in the URL: {_name}")(
        lambda x, userinfo=_userinfo: x.lib.get(x.url.replace("//", f"//{userinfo}") + "/p")
    )


@call("auth in the URL: auth= wins")
def _(x: Stage) -> object:
    return x.lib.get(x.url.replace("//", "//user:pass@"), auth=("own", "p"))


@call("auth in the URL: and that of the session")
def _(x: Stage) -> object:
    return x.session(auth=("own", "p")).get(x.url.replace("//", "//user:pass@"))


@call("auth in the URL: and an Authorization header")
def _(x: Stage) -> object:
    url = x.url.replace("//", "//user:pass@")
    return x.lib.get(url, headers={"Authorization": "Bearer x"})


@call("auth in the URL: of a redirect")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, x.url.replace("//", "//user:pass@") + "/b"))
    return x.lib.get(x.url + "/a")


# -- netrc -------------------------------------------------------------------

_MACHINE = "machine 127.0.0.1 login netuser password netpass\n"
_DEFAULT = "default login anyone password anypass\n"


def _netrc(name: str, text: str, **options: Any) -> None:
    def function(x: Stage) -> object:
        x.netrc(text)
        return x.lib.get(x.url, **options)

    call(f"netrc: {name}")(function)


_netrc("an entry", _MACHINE)
_netrc("no entry", "machine other.test login a password b\n")
_netrc("the default entry", _DEFAULT)
_netrc("no password", "machine 127.0.0.1 login netuser\n")
_netrc("an empty file", "")
_netrc("auth= wins", _MACHINE, auth=("own", "p"))
_netrc("an Authorization header", _MACHINE, headers={"Authorization": "Bearer x"})
_netrc("an account", "machine 127.0.0.1 account acc password p\n")


@call("netrc: a broken file")
def _(x: Stage) -> object:
    x.netrc("what is this\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        response = x.lib.get(x.url)
    return response, [each.category.__name__ for each in caught]


@call("netrc: and the session's auth")
def _(x: Stage) -> object:
    x.netrc(_MACHINE)
    return x.session(auth=("own", "p")).get(x.url)


@call("netrc: and the URL's")
def _(x: Stage) -> object:
    x.netrc(_MACHINE)
    return x.lib.get(x.url.replace("//", "//user:pass@"))


@call("netrc: not without trust_env")
def _(x: Stage) -> object:
    x.netrc(_MACHINE)
    return x.session(trust_env=False).get(x.url)


@call("netrc: on a redirect to its host")
def _(x: Stage) -> object:
    x.netrc(_MACHINE)
    x.reply("/a", redirect(302, x.url + "/b"))
    return x.lib.get(x.localhost + "/a")


@call("netrc: on a redirect away from its host")
def _(x: Stage) -> object:
    x.netrc(_MACHINE)
    x.reply("/a", redirect(302, x.localhost + "/b"))
    return x.lib.get(x.url + "/a")


@call("netrc: the default entry on a redirect")
def _(x: Stage) -> object:
    x.netrc("machine localhost login a password b\n" + _DEFAULT)
    x.reply("/a", redirect(302, x.url + "/b"))
    return x.lib.get(x.localhost + "/a")


@call("netrc: through prepare_request")
def _(x: Stage) -> object:
    x.netrc(_MACHINE)
    return x.session().prepare_request(x.lib.Request("GET", x.url))


# -- digest ------------------------------------------------------------------


def _hash(algorithm: str) -> Callable[[str], str]:
    names = {"MD5": "md5", "SHA": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}
    name = names[algorithm.upper().removesuffix("-SESS")]
    return lambda text: hashlib.new(name, text.encode("latin-1")).hexdigest()


def _proof(given: dict[str, str], method: str, password: str, body: bytes) -> str:
    """What ``response`` has to be (RFC 7616, section 3.4.1)."""
    algorithm = given.get("algorithm", "MD5")
    h = _hash(algorithm)
    first = h(f"{given['username']}:{given['realm']}:{password}")
    if algorithm.upper().endswith("-SESS"):
        first = h(f"{first}:{given['nonce']}:{given['cnonce']}")
    second = f"{method}:{given['uri']}"
    if given.get("qop") == "auth-int":
        second += ":" + h(body.decode("latin-1"))
    middle = given["nonce"]
    if "qop" in given:
        middle += f":{given['nc']}:{given['cnonce']}:{given['qop']}"
    return h(f"{first}:{middle}:{h(second)}")


def digest(challenge: str, status: str = "401 Unauthorized") -> Answering:
    """Answer the right proof with 200, and anything else with the challenge."""

    def check(request: ReceivedRequest) -> Reply:
        scheme, _, rest = (request.header("Authorization") or "").partition(" ")
        given = {name: quoted or bare for name, quoted, bare in _PAIR.findall(rest)}
        if scheme == "Digest" and {"username", "realm", "nonce", "uri", "response"} <= given.keys():
            right = given["uri"] == request.target
            if right and given["response"] == _proof(given, request.method, "pass", request.body):
                return answer(b"welcome")
        return answer(b"who?", f"WWW-Authenticate: {challenge}", status=status)

    return check


CHALLENGES = {
    "plain": 'Digest realm="r", nonce="n", qop="auth"',
    "no qop": 'Digest realm="r", nonce="n"',
    "opaque": 'Digest realm="r", nonce="n", qop="auth", opaque="o"',
    "MD5 by name": 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5',
    "MD5 in quotes": 'Digest realm="r", nonce="n", qop="auth", algorithm="MD5"',
    "MD5-sess": 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess',
    "SHA": 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA',
    "SHA-256": 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256',
    "SHA-512": 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-512',
    "unknown algorithm": 'Digest realm="r", nonce="n", qop="auth", algorithm=WHAT',
    "auth of two": 'Digest realm="r", nonce="n", qop="auth,auth-int"',
    "auth-int": 'Digest realm="r", nonce="n", qop="auth-int"',
    "unknown qop": 'Digest realm="r", nonce="n", qop="what"',
    "no nonce": 'Digest realm="r", qop="auth"',
    "no realm": 'Digest nonce="n", qop="auth"',
    "small letters": 'digest realm="r", nonce="n", qop="auth"',
    "no blanks": 'Digest realm="r",nonce="n",qop="auth"',
    "commas inside": 'Digest realm="a, b", nonce="n=,", qop="auth"',
    "after Basic": 'Basic realm="b", Digest realm="r", nonce="n", qop="auth"',
    "before Basic": 'Digest realm="r", nonce="n", qop="auth", Basic realm="b"',
    "only Basic": 'Basic realm="b"',
    "stale": 'Digest realm="r", nonce="n", qop="auth", stale=true',
}


def _digest(challenge: str, method: str = "GET", **options: Any) -> Call:
    def function(x: Stage) -> object:
        x.reply("/d", digest(challenge))
        auth = x.lib.auth.HTTPDigestAuth("user", "pass")
        return x.lib.request(method, x.url + "/d?q=1", auth=auth, **options)

    return function


for _name, _challenge in CHALLENGES.items():
    if _name != "auth-int":
        call(f"digest: {_name}")(_digest(_challenge))


@call("digest: auth-int")
def _(x: Stage) -> object:
    x.reply("/d", digest(CHALLENGES["auth-int"]))
    auth = x.lib.auth.HTTPDigestAuth("user", "pass")
    return x.lib.post(x.url + "/d", data="signed", auth=auth).status_code


_PLAIN = CHALLENGES["plain"]
call("digest: with a body")(_digest(_PLAIN, "POST", data={"a": "1"}))
call("digest: with json")(_digest(_PLAIN, "PUT", json={"a": 1}))
call("digest: HEAD")(_digest(_PLAIN, "HEAD"))
call("digest: cookies")(_digest(_PLAIN, cookies={"a": "b"}))


@call("digest: the wrong password")
def _(x: Stage) -> object:
    x.reply("/d", digest(_PLAIN))
    return x.lib.get(x.url + "/d", auth=x.lib.auth.HTTPDigestAuth("user", "wrong"))


@call("digest: two requests of a session")
def _(x: Stage) -> object:
    x.reply("/d", digest(_PLAIN))
    session = x.session(auth=x.lib.auth.HTTPDigestAuth("user", "pass"))
    return session.get(x.url + "/d"), session.get(x.url + "/d?again")


@call("digest: nothing asks for it")
def _(x: Stage) -> object:
    return x.lib.get(x.url, auth=x.lib.auth.HTTPDigestAuth("user", "pass"))


@call("digest: a file")
def _(x: Stage) -> object:
    x.reply("/d", digest(_PLAIN))
    auth = x.lib.auth.HTTPDigestAuth("user", "pass")
    return x.lib.post(x.url + "/d", data=x.file(b"content"), auth=auth)


@call("digest: a generator")
def _(x: Stage) -> object:
    x.reply("/d", digest(_PLAIN))
    auth = x.lib.auth.HTTPDigestAuth("user", "pass")
    return x.lib.post(x.url + "/d", data=pieces(b"content"), auth=auth)


@call("digest: a cookie with the challenge")
def _(x: Stage) -> object:
    x.reply(
        "/d", answer(b"", "Set-Cookie: a=b", f"WWW-Authenticate: {_PLAIN}", status="401 No"), OK
    )
    return x.lib.get(x.url + "/d", auth=x.lib.auth.HTTPDigestAuth("user", "pass"))


@call("digest: user of Latin-1")
def _(x: Stage) -> object:
    x.reply("/d", digest(_PLAIN))
    auth = x.lib.auth.HTTPDigestAuth("üser", "pass")
    return x.lib.get(x.url + "/d", auth=auth).status_code


@call("digest: after a redirect")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/d"))
    x.reply("/d", digest(_PLAIN))
    return x.lib.get(x.url + "/a", auth=x.lib.auth.HTTPDigestAuth("user", "pass"))


@call("digest: a redirect once it is answered")
def _(x: Stage) -> object:
    x.reply("/d", answer(b"", f"WWW-Authenticate: {_PLAIN}", status="401 No"), redirect(302, "/e"))
    return x.lib.get(x.url + "/d", auth=x.lib.auth.HTTPDigestAuth("user", "pass"))
