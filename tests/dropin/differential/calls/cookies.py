"""Cookies: of the call, of the session, set by answers, sent again or not."""

from __future__ import annotations

import pickle
from http.cookiejar import CookieJar, DefaultCookiePolicy
from http.cookies import Morsel, SimpleCookie
from typing import Any

from ..recorder import answer, redirect
from ..stage import Stage
from .table import Call, call, requesting

COOKIES: dict[str, Any] = {
    "None": None,
    "empty": {},
    "one": {"a": "b"},
    "two": {"b": "1", "a": "2"},
    "empty value": {"a": ""},
    "value with a blank": {"a": "b c"},
    "value with a semicolon": {"a": "b;c"},
    "value with a comma": {"a": "b,c"},
    "value with quotes": {"a": '"b"'},
    "value with a quote inside": {"a": 'b"c'},
    "value with an equals sign": {"a": "b=c"},
    "value with a percent": {"a": "%20"},
    "value of UTF-8": {"a": "ü"},
    "value beyond Latin-1": {"a": "€"},
    "value with a line break": {"a": "b\r\nX: y"},
    "value None": {"a": None},
    "value of a number": {"a": 1},
    "name with a blank": {"a b": "c"},
    "odd name": {"$a": "b", "a.b": "c"},
    "a list": [("a", "b")],
    "text": "a=b",
}
requesting(
    "cookies", {name: lambda x, value=value: {"cookies": value} for name, value in COOKIES.items()}
)
requesting(
    "cookies",
    {
        "with a Cookie header": lambda x: {"cookies": {"a": "b"}, "headers": {"Cookie": "c=d"}},
        "with a cookie header in small letters": lambda x: {
            "cookies": {"a": "b"},
            "headers": {"cookie": "c=d"},
        },
    },
)


def _jar(x: Stage, *cookies: tuple[str, str, dict[str, Any]]) -> Any:
    jar = x.lib.cookies.RequestsCookieJar()
    for name, value, rest in cookies:
        jar.set(name, value, **rest)
    return jar


JARS: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    "a jar": (("a", "b", {}),),
    "of the host": (("a", "b", {"domain": "127.0.0.1", "path": "/"}),),
    "of another host": (("a", "b", {"domain": "example.test", "path": "/"}),),
    "of a path": (("a", "b", {"path": "/p"}), ("c", "d", {"path": "/q"})),
    "of longer paths first": (("a", "1", {"path": "/"}), ("b", "2", {"path": "/p"})),
    "secure": (("a", "b", {"secure": True}), ("c", "d", {})),
    "expired": (("a", "b", {"expires": 1}), ("c", "d", {})),
    "of a later time": (("a", "b", {"expires": 4_000_000_000}),),
    "of a port": (("a", "b", {"port": "80"}), ("c", "d", {})),
    "two of one name": (("a", "1", {"path": "/"}), ("a", "2", {"path": "/p"})),
    "version 1": (("a", "b c", {"version": 1}),),
    "quoted": (("a", '"b c"', {}),),
}
for _name, _cookies in JARS.items():
    requesting("cookies", {_name: lambda x, c=_cookies: {"cookies": _jar(x, *c)}}, path="/p/q")

#: What the server sets.
SET: dict[str, list[str]] = {
    "plain": ["a=b"],
    "two": ["a=b", "c=d"],
    "with a path": ["a=b; Path=/p", "c=d; Path=/x"],
    "with no path": ["a=b"],
    "a path that is no path": ["a=b; Path=x"],
    "a path without the end": ["a=b; Path=/p/"],
    "for the host": ["a=b; Domain=127.0.0.1"],
    "for another host": ["a=b; Domain=example.test"],
    "secure": ["a=b; Secure"],
    "HttpOnly": ["a=b; HttpOnly"],
    "SameSite": ["a=b; SameSite=Strict"],
    "Max-Age": ["a=b; Max-Age=4000000"],
    "Max-Age of zero": ["a=b; Max-Age=0"],
    "Max-Age below zero": ["a=b; Max-Age=-1"],
    "Max-Age that is none": ["a=b; Max-Age=x"],
    "expired": ["a=b; Expires=Thu, 01 Jan 1970 00:00:01 GMT"],
    "Expires later": ["a=b; Expires=Fri, 01 Jan 2100 00:00:00 GMT"],
    "Expires with dashes": ["a=b; Expires=Fri, 01-Jan-2100 00:00:00 GMT"],
    "Expires that is none": ["a=b; Expires=soon"],
    "quotes": ['a="b c"'],
    "a quote inside": ['a=b"c'],
    "an equals sign": ["a=b=c"],
    "an empty value": ["a="],
    "no equals sign": ["a"],
    "no name": ["=b"],
    "blanks": ["  a  =  b  ; Path = / "],
    "a comma": ["a=b,c=d"],
    "Latin-1": ["a=\xfc"],
    "an unknown attribute": ["a=b; What=ever"],
    "again": ["a=b", "a=c"],
    "a control character": ["a=b\x01c"],
    "a prefix that is kept": ["__Host-a=b; Path=/; Secure"],
    "a prefix that is not kept": ["__Host-a=b"],
    "a Secure- prefix": ["__Secure-a=b"],
    "fifty-one": [f"c{n}={n}" for n in range(51)],
    "version": ["a=b; Version=1"],
    "Port": ["a=b; Port=80"],
    "long": ["a=" + "b" * 3000],
}


def _set(lines: list[str]) -> Call:
    def function(x: Stage) -> object:
        session = x.session()
        x.reply("/p/set", answer(b"ok", *[f"Set-Cookie: {line}" for line in lines]))
        first = session.get(x.url + "/p/set")
        session.get(x.url + "/p/q")
        session.get(x.url + "/")
        return first, session.cookies

    return function


for _name, _lines in SET.items():
    call(f"cookies set: {_name}")(_set(_lines))

#: What a server of ``www.example.test`` sets, which is then asked for at other hosts.
DOMAINS = {
    "of no domain": "a=b",
    "of the domain above": "a=b; Domain=example.test",
    "with a dot": "a=b; Domain=.example.test",
    "in capitals": "a=b; Domain=EXAMPLE.test",
    "of the top": "a=b; Domain=test",
    "of a stranger": "a=b; Domain=example.org",
    "of a longer name": "a=b; Domain=a.www.example.test",
}


def _domain(line: str) -> Call:
    def function(x: Stage) -> object:
        session = x.session(proxies=x.proxies)
        x.reply("/set", answer(b"ok", f"Set-Cookie: {line}"))
        session.get("http://www.example.test/set")
        for host in ("www.example.test", "example.test", "a.www.example.test", "other.test"):
            session.get(f"http://{host}/")
        return session.cookies

    return function


for _name, _line in DOMAINS.items():
    call(f"cookies set: {_name}")(_domain(_line))


@call("cookies: a plain CookieJar")
def _(x: Stage) -> object:
    jar = CookieJar()
    jar.set_cookie(x.lib.cookies.create_cookie("a", "b"))
    return x.lib.get(x.url, cookies=jar)


@call("cookies: of the session and of the call")
def _(x: Stage) -> object:
    session = x.session()
    session.cookies.set("a", "1")
    session.cookies.set("b", "2")
    response = session.get(x.url, cookies={"b": "3", "c": "4"})
    session.get(x.url)
    return response, session.cookies


@call("cookies: None takes the session's away")
def _(x: Stage) -> object:
    session = x.session()
    session.cookies.set("a", "1")
    return session.get(x.url, cookies={"a": None})


@call("cookies: a dict put into the session's")
def _(x: Stage) -> object:
    session = x.session()
    session.cookies.update({"a": "1"})
    session.cookies["b"] = "2"
    return session.get(x.url)


@call("cookies: a dict in place of the session's")
def _(x: Stage) -> object:
    session = x.session()
    session.cookies = x.lib.cookies.cookiejar_from_dict({"a": "1"})
    return session.get(x.url)


@call("cookies: a plain CookieJar as the session's")
def _(x: Stage) -> object:
    session = x.session(cookies=CookieJar())
    x.reply("/", answer(b"ok", "Set-Cookie: a=b"))
    session.get(x.url)
    return session.get(x.url)


@call("cookies: a policy that refuses")
def _(x: Stage) -> object:
    session = x.session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    x.reply("/", answer(b"ok", "Set-Cookie: a=b"))
    session.get(x.url)
    return session.get(x.url), session.cookies


@call("cookies: set by a redirect")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b", "Set-Cookie: a=b"))
    session = x.session()
    return session.get(x.url + "/a"), session.cookies


@call("cookies: set by a redirect, of a function")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b", "Set-Cookie: a=b; Path=/"))
    x.reply("/b", answer(b"ok", "Set-Cookie: c=d; Path=/"))
    response = x.lib.get(x.url + "/a", cookies={"own": "1"})
    return response, response.history[0].cookies


@call("cookies: of the call on a redirect to the same origin")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    return x.lib.get(x.url + "/a", cookies={"a": "b"})


@call("cookies: of the call on a redirect to another origin")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, x.localhost + "/b"))
    return x.lib.get(x.url + "/a", cookies={"a": "b"})


@call("cookies: of no domain on a redirect to another origin")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, x.localhost + "/b"))
    session = x.session()
    session.cookies.set("a", "b")
    return session.get(x.url + "/a")


@call("cookies: a Cookie header on a redirect to the same origin")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    return x.lib.get(x.url + "/a", headers={"Cookie": "a=b"})


@call("cookies: a Cookie header on a redirect to another origin")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, x.localhost + "/b"))
    return x.lib.get(x.url + "/a", headers={"Cookie": "a=b"})


@call("cookies: removed by a redirect")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b", "Set-Cookie: a=; Max-Age=0; Path=/"))
    session = x.session()
    session.cookies.set("a", "b", domain="127.0.0.1", path="/")
    return session.get(x.url + "/a"), session.cookies


@call("cookies: by the Host header")
def _(x: Stage) -> object:
    session = x.session()
    session.cookies.set("a", "b", domain="example.test", path="/")
    session.cookies.set("c", "d", domain="127.0.0.1", path="/")
    return session.get(x.url, headers={"Host": "example.test"})


@call("cookies: of localhost")
def _(x: Stage) -> object:
    session = x.session()
    x.reply("/", answer(b"ok", "Set-Cookie: a=b"))
    session.get(x.localhost)
    return session.get(x.localhost), session.cookies


@call("cookies: set from a hook's response")
def _(x: Stage) -> object:
    def hook(response: Any, **kwargs: Any) -> None:
        response.cookies.set("h", "1")

    return x.lib.get(x.url, hooks={"response": hook})


def _on_a_jar(name: str) -> Any:
    def enter(function: Any) -> Any:
        def of_jar(x: Stage) -> object:
            jar = _jar(
                x,
                ("a", "1", {"domain": "one.test", "path": "/"}),
                ("b", "2", {"domain": "one.test", "path": "/p"}),
                ("a", "3", {"domain": "two.test", "path": "/"}),
            )
            return x.attempt(lambda: function(x, jar))

        call(f"cookie jar: {name}")(of_jar)
        return function

    return enter


_on_a_jar("get()")(lambda x, jar: jar.get("b"))
_on_a_jar("get() of none")(lambda x, jar: (jar.get("z"), jar.get("z", "default")))
_on_a_jar("get() of two")(lambda x, jar: jar.get("a"))
_on_a_jar("get() by domain")(lambda x, jar: jar.get("a", domain="two.test"))
_on_a_jar("get() by path")(lambda x, jar: jar.get("b", path="/p"))
_on_a_jar("item")(lambda x, jar: jar["b"])
_on_a_jar("item of none")(lambda x, jar: jar["z"])
_on_a_jar("item of two")(lambda x, jar: jar["a"])
_on_a_jar("in")(lambda x, jar: ("b" in jar, "z" in jar))
_on_a_jar("in of two")(lambda x, jar: "a" in jar)
_on_a_jar("keys")(lambda x, jar: (list(jar.keys()), list(jar.iterkeys())))
_on_a_jar("values")(lambda x, jar: (list(jar.values()), list(jar.itervalues())))
_on_a_jar("items")(lambda x, jar: (list(jar.items()), list(jar.iteritems())))
_on_a_jar("len, bool and iteration")(lambda x, jar: (len(jar), bool(jar), [c.name for c in jar]))
_on_a_jar("list_domains")(lambda x, jar: jar.list_domains())
_on_a_jar("list_paths")(lambda x, jar: jar.list_paths())
_on_a_jar("multiple_domains")(lambda x, jar: jar.multiple_domains())
_on_a_jar("get_dict")(lambda x, jar: list(jar.get_dict().items()))
_on_a_jar("get_dict by domain")(lambda x, jar: list(jar.get_dict(domain="one.test").items()))
_on_a_jar("dict()")(lambda x, jar: dict(jar))
_on_a_jar("set None")(lambda x, jar: (jar.set("b", None), jar))
_on_a_jar("set of a Morsel")(lambda x, jar: (jar.set("m", _morsel()), jar))
_on_a_jar("deleted item")(lambda x, jar: (jar.__delitem__("a"), jar))
_on_a_jar("pop")(lambda x, jar: (jar.pop("b"), jar))
_on_a_jar("pop of none")(lambda x, jar: jar.pop("z"))
_on_a_jar("popitem is there")(lambda x, jar: callable(jar.popitem))
_on_a_jar("setdefault")(lambda x, jar: (jar.setdefault("b", "9"), jar.setdefault("n", "5"), jar))
_on_a_jar("update with a jar")(lambda x, jar: (jar.update(_jar(x, ("n", "1", {}))), jar))
_on_a_jar("copy")(lambda x, jar: (jar.copy(), jar.copy() is jar, type(jar.copy()) is type(jar)))
_on_a_jar("pickle")(lambda x, jar: pickle.loads(pickle.dumps(jar)))
_on_a_jar("clear")(lambda x, jar: (jar.clear(), jar))
_on_a_jar("clear of a domain")(lambda x, jar: (jar.clear("one.test"), jar))
_on_a_jar("equality")(lambda x, jar: jar == jar.copy())
_on_a_jar("get_policy")(lambda x, jar: isinstance(jar.get_policy(), DefaultCookiePolicy))
_on_a_jar("create_cookie with an unknown part")(
    lambda x, jar: x.lib.cookies.create_cookie("a", "b", what="ever")
)
_on_a_jar("remove_cookie_by_name")(
    lambda x, jar: (x.lib.cookies.remove_cookie_by_name(jar, "a"), jar)
)
_on_a_jar("merge_cookies")(lambda x, jar: x.lib.cookies.merge_cookies(jar, {"b": "9", "n": "5"}))
_on_a_jar("cookiejar_from_dict without overwriting")(
    lambda x, jar: x.lib.cookies.cookiejar_from_dict({"b": "9"}, jar, overwrite=False)
)
_on_a_jar("get_cookie_header")(
    lambda x, jar: x.lib.cookies.get_cookie_header(
        jar, x.lib.Request("GET", "http://one.test/p/q").prepare()
    )
)


def _morsel() -> Morsel[str]:
    cookie: SimpleCookie = SimpleCookie()
    cookie["m"] = "v"
    cookie["m"]["path"] = "/m"
    return cookie["m"]
