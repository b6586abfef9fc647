"""What ``params=`` may be."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date
from typing import Any

from ..stage import Stage, pieces
from .table import call, requesting

PARAMS: dict[str, Any] = {
    "None": None,
    "empty dict": {},
    "empty text": "",
    "empty list": [],
    "dict": {"a": "1", "b": "2"},
    "ordered": OrderedDict([("z", "1"), ("a", "2")]),
    "dict with None": {"a": None, "b": "2"},
    "only None": {"a": None},
    "dict with lists": {"a": ["1", "2"], "b": ("3",)},
    "dict with an empty list": {"a": [], "b": "1"},
    "list with None": {"a": ["1", None]},
    "dict of numbers": {"a": 1, "b": 2.5, "c": -0},
    "dict of booleans": {"a": True, "b": False},
    "number as key": {1: 2},
    "empty key and value": {"": "", "a": ""},
    "bytes keys and values": {b"a": b"\xff\x00", "b": b"x"},
    "text of UTF-8": {"ä": "ü€😀"},
    "reserved characters": {"a&b": "c=d;e+f g/h?i#j%k"},
    "unreserved characters": {"a": "-._~!*'()"},
    "already encoded": {"a": "%20+"},
    "list of pairs": [("a", "1"), ("a", "2"), ("b", "3")],
    "list of lists": [["a", "1"], ["b", "2"]],
    "tuple of pairs": (("a", "1"), ("b", "2")),
    "pairs with None": [("a", None), ("b", "1")],
    "pairs with lists": [("a", ["1", "2"])],
    "text": "a=1&b=2",
    "text with a blank": "a=1 2&b=ü",
    "text that is encoded": "a=%20%7E&b=%c3%bc",
    "text with a question mark": "?a=1",
    "text with a fragment mark": "a=1#x",
    "bytes": b"a=1&b=%20",
    "bytes of UTF-8": "a=ü".encode(),
    "text without a value": "flag",
    "a set of one pair": {("a", "1")},
    "a date": {"d": date(2026, 1, 2)},
    "line breaks": {"a": "x\r\ny"},
    "a lone percent": {"a": "100%"},
    "a string of a pair": {"a": "b", "c": "d=e&f"},
    "nested dict": {"a": {"b": "c"}},
    "a number": 5,
    "a list of text": ["ab", "cd"],
    "a list of numbers": [1, 2],
    "pairs of three": [("a", "b", "c")],
    "bytearray value": {"a": bytearray(b"xy")},
}

requesting(
    "params", {name: lambda x, value=value: {"params": value} for name, value in PARAMS.items()}
)
requesting(
    "params",
    {
        "a generator of pairs": lambda x: {"params": pieces(("a", "1"), ("b", "2"))},
        "dict items": lambda x: {"params": {"a": "1"}.items()},
        "an iterator as value": lambda x: {"params": {"a": iter(["1", "2"])}},
    },
)

for _path in (
    "/?x=1",
    "/?",
    "/?x=1&",
    "/p?x=a b",
    "/#frag",
    "/?x=1#frag",
    "/p?x=%7E#f?g",
    "?x=1",
    "#f",
):
    requesting("params", {f"dict added to {_path}": lambda x: {"params": {"a": "1"}}}, path=_path)
    requesting("params", {f"text added to {_path}": lambda x: {"params": "b=2"}}, path=_path)


@call("params: of the session and of the call")
def _(x: Stage) -> object:
    return x.session(params={"a": "1", "b": "2"}).get(x.url, params={"b": "3", "c": "4"})


@call("params: None takes the session's away")
def _(x: Stage) -> object:
    return x.session(params={"a": "1", "b": "2"}).get(x.url, params={"a": None})


@call("params: text of the session")
def _(x: Stage) -> object:
    return x.session(params="a=1").get(x.url)


@call("params: pairs of the session, none of the call")
def _(x: Stage) -> object:
    return x.session(params=[("a", "1"), ("a", "2")]).get(x.url)


@call("params: a dict of the session, text of the call")
def _(x: Stage) -> object:
    return x.session(params={"a": "1"}).get(x.url, params="b=2")


@call("params: a dict of the session, pairs of the call")
def _(x: Stage) -> object:
    return x.session(params={"a": "1"}).get(x.url, params=[("b", "2")])


@call("params: text of the session, a dict of the call")
def _(x: Stage) -> object:
    return x.session(params="a=1").get(x.url, params={"b": "2"})


@call("params: pairs of both")
def _(x: Stage) -> object:
    return x.session(params=[("a", "1")]).get(x.url, params=[("b", "2")])


@call("params: not of the session on a redirect")
def _(x: Stage) -> object:
    from ..recorder import redirect

    x.reply("/a", redirect(302, "/b?c=1"))
    return x.session(params={"s": "1"}).get(x.url + "/a", params={"a": "1"})
