"""Methods, by functions and by sessions."""

from __future__ import annotations

from ..stage import Stage
from .table import Call, call, requesting

VERBS = ("get", "options", "head", "post", "put", "patch", "delete")


def _function(verb: str) -> Call:
    return lambda x: getattr(x.lib, verb)(x.url + "/path?q=1")


def _method(verb: str) -> Call:
    return lambda x: getattr(x.session(), verb)(x.url + "/path?q=1")


def _with_body(verb: str) -> Call:
    return lambda x: getattr(x.lib, verb)(x.url, data={"a": "1"})


for _verb in VERBS:
    call(f"verbs: {_verb}() the function")(_function(_verb))
    call(f"verbs: {_verb}() the method")(_method(_verb))
    call(f"verbs: {_verb}() with a form")(_with_body(_verb))
    requesting("verbs", {f"request({_verb.upper()!r}) without a body": lambda x: {}}, _verb.upper())

for _method_name in ("TRACE", "PROPFIND", "M-SEARCH", "get", "pOsT", "X", "QUERY"):
    requesting("verbs", {f"request({_method_name!r})": lambda x: {}}, _method_name)
    requesting(
        "verbs", {f"request({_method_name!r}) with text": lambda x: {"data": "x"}}, _method_name
    )

for _bad in ("", "G ET", "GET\r\nX: y", "GÉT", "GET\x00", "G\tET"):
    requesting("verbs", {f"the method {_bad!r}": lambda x: {}}, _bad)


@call("verbs: the method as bytes")
def _(x: Stage) -> object:
    return x.lib.request(b"GET", x.url)


@call("verbs: the method None, prepared")
def _(x: Stage) -> object:
    return x.lib.Request(None, x.url).prepare()


@call("verbs: positional params of get()")
def _(x: Stage) -> object:
    return x.lib.get(x.url, {"a": 1})


@call("verbs: positional data and json of post()")
def _(x: Stage) -> object:
    return x.lib.post(x.url, None, {"a": 1})


@call("verbs: positional data of put()")
def _(x: Stage) -> object:
    return x.lib.put(x.url, b"x")


@call("verbs: positional data of patch()")
def _(x: Stage) -> object:
    return x.lib.patch(x.url, b"x")


@call("verbs: no such keyword")
def _(x: Stage) -> object:
    return x.lib.get(x.url, no_such=1)


@call("verbs: no URL at all")
def _(x: Stage) -> object:
    return x.lib.get()


@call("verbs: head() follows when asked to")
def _(x: Stage) -> object:
    from ..recorder import redirect

    x.reply("/a", redirect(302, "/b"))
    return x.lib.head(x.url + "/a", allow_redirects=True)


@call("verbs: head() does not follow by itself")
def _(x: Stage) -> object:
    from ..recorder import redirect

    x.reply("/a", redirect(302, "/b"))
    return x.lib.head(x.url + "/a")


@call("verbs: request() with HEAD does follow")
def _(x: Stage) -> object:
    from ..recorder import redirect

    x.reply("/a", redirect(302, "/b"))
    return x.lib.request("HEAD", x.url + "/a")
