"""Headers of the call and of the session: case, order, removal, override, what is refused."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from ..stage import Stage, pieces
from .table import call, requesting

HEADERS: dict[str, Any] = {
    "None": None,
    "empty": {},
    "one": {"X-A": "b"},
    "odd case": {"x-a": "1", "X-B": "2", "xC": "3"},
    "in order": OrderedDict([("X-Z", "1"), ("X-A", "2"), ("X-M", "3")]),
    "empty value": {"X-A": ""},
    "blank inside": {"X-A": "a  b\tc"},
    "blank at the end": {"X-A": "a "},
    "blank at the start": {"X-A": " a"},
    "tab at the start": {"X-A": "\ta"},
    "line break": {"X-A": "a\r\nX-B: c"},
    "line feed": {"X-A": "a\nb"},
    "return": {"X-A": "a\rb"},
    "folded": {"X-A": "a\r\n b"},
    "NUL": {"X-A": "a\x00b"},
    "Latin-1": {"X-A": "ü"},
    "beyond Latin-1": {"X-A": "€"},
    "bytes value": {"X-A": b"bytes"},
    "bytes name": {b"X-A": "b"},
    "bytes of both": {b"X-A": b"\xff"},
    "number": {"X-A": 1},
    "list": {"X-A": ["a"]},
    "None for an unknown": {"X-A": None},
    "no User-Agent": {"User-Agent": None},
    "no Accept": {"Accept": None},
    "no Accept-Encoding": {"Accept-Encoding": None},
    "no Connection": {"Connection": None},
    "none of the defaults": {
        "User-Agent": None,
        "Accept": None,
        "Accept-Encoding": None,
        "Connection": None,
    },
    "no default in small letters": {"accept": None},
    "own User-Agent": {"User-Agent": "mine/1"},
    "own user-agent in small letters": {"user-agent": "mine/1"},
    "empty User-Agent": {"User-Agent": ""},
    "own Accept": {"Accept": "application/json"},
    "own Accept-Encoding": {"Accept-Encoding": "gzip"},
    "own Accept-Encoding identity": {"accept-encoding": "identity"},
    "Connection: close": {"Connection": "close"},
    "Host": {"Host": "example.test"},
    "host in small letters": {"host": "example.test:81"},
    "Host of None": {"Host": None},
    "Cookie": {"Cookie": "a=b; c=d"},
    "Authorization": {"Authorization": "Bearer x"},
    "Referer": {"Referer": "http://a.test/"},
    "Range": {"Range": "bytes=0-1"},
    "name with a blank": {"X A": "b"},
    "name with a colon": {"X:A": "b"},
    "name with a line break": {"X\r\nA": "b"},
    "name with a blank before": {" X-A": "b"},
    "name with a blank after": {"X-A ": "b"},
    "empty name": {"": "b"},
    "name of UTF-8": {"X-ü": "b"},
    "name of signs": {"X_a.b!#$%&'*+^`|~": "b"},
    "long": {"X-A": "a" * 20000},
    "many": {f"X-{n}": str(n) for n in range(80)},
    "two cases of one name": {"X-A": "1", "x-a": "2"},
    "Expect": {"Expect": ""},
    "Upgrade": {"Upgrade": "websocket"},
    "TE": {"TE": "trailers", "Connection": "TE"},
    "Content-Type without a body": {"Content-Type": "a/b"},
}
requesting(
    "headers", {name: lambda x, value=value: {"headers": value} for name, value in HEADERS.items()}
)
requesting(
    "headers",
    {
        "a list of pairs": lambda x: {"headers": [("X-A", "b")]},
        "pairs that repeat": lambda x: {"headers": [("X-A", "b"), ("X-A", "c")]},
        "text": lambda x: {"headers": "X-A: b"},
        "of a CaseInsensitiveDict": lambda x: {
            "headers": x.lib.structures.CaseInsensitiveDict({"X-A": "b"})
        },
    },
)

FRAMING: dict[str, dict[str, Any]] = {
    "Content-Type of a form": {"data": {"a": "1"}, "headers": {"Content-Type": "x/y"}},
    "Content-Type of a form in small letters": {
        "data": {"a": "1"},
        "headers": {"content-type": "x/y"},
    },
    "Content-Type of None": {"data": {"a": "1"}, "headers": {"Content-Type": None}},
    "Content-Type of text": {"data": "x", "headers": {"Content-Type": "x/y"}},
    "Content-Length that is right": {"data": "four", "headers": {"Content-Length": "4"}},
    "Content-Length too large": {"data": "four", "headers": {"Content-Length": "9"}},
    "Content-Length too small": {"data": "four", "headers": {"Content-Length": "2"}},
    "Content-Length without a body": {"headers": {"Content-Length": "0"}},
    "Content-Length of None": {"data": "four", "headers": {"Content-Length": None}},
    "Transfer-Encoding with text": {"data": "four", "headers": {"Transfer-Encoding": "chunked"}},
    "Transfer-Encoding of None": {"data": "four", "headers": {"Transfer-Encoding": None}},
    "Expect with text": {"data": "four", "headers": {"X-Expect": "100-continue"}},
    "Host with text": {"data": "four", "headers": {"Host": "example.test"}},
    "Connection: close": {"data": "four", "headers": {"Connection": "close"}},
}
requesting(
    "headers of a POST",
    {name: lambda x, value=value: value for name, value in FRAMING.items()},
    method="POST",
)
requesting(
    "headers of a POST",
    {
        "Content-Length of a generator": lambda x: {
            "data": pieces(b"four"),
            "headers": {"Content-Length": "4"},
        },
        "Transfer-Encoding of a generator": lambda x: {
            "data": pieces(b"four"),
            "headers": {"Transfer-Encoding": "chunked"},
        },
        "Content-Type of a generator": lambda x: {
            "data": pieces(b"four"),
            "headers": {"Content-Type": "x/y"},
        },
    },
    method="POST",
)


@call("headers: of the session and of the call")
def _(x: Stage) -> object:
    session = x.session()
    session.headers.update({"X-A": "1", "X-B": "2"})
    return session.get(x.url, headers={"x-b": "3", "X-C": "4"})


@call("headers: None takes the session's away")
def _(x: Stage) -> object:
    session = x.session()
    session.headers["X-A"] = "1"
    return session.get(x.url, headers={"x-a": None})


@call("headers: None in the session")
def _(x: Stage) -> object:
    session = x.session()
    session.headers["X-A"] = None
    return session.get(x.url)


@call("headers: None in the session for a default")
def _(x: Stage) -> object:
    session = x.session()
    session.headers["Accept"] = None
    return session.get(x.url)


@call("headers: a plain dict as the session's")
def _(x: Stage) -> object:
    return x.session(headers={"X-A": "1"}).get(x.url, headers={"X-B": "2"})


@call("headers: a session without any")
def _(x: Stage) -> object:
    return x.session(headers={}).get(x.url)


@call("headers: cleared")
def _(x: Stage) -> object:
    session = x.session()
    session.headers.clear()
    return session.get(x.url)


@call("headers: one deleted from the session")
def _(x: Stage) -> object:
    session = x.session()
    del session.headers["accept"]
    return session.get(x.url)


@call("headers: the names of a new session")
def _(x: Stage) -> object:
    return list(x.session().headers.items())


@call("headers: changed on the prepared request")
def _(x: Stage) -> object:
    session = x.session()
    request = session.prepare_request(x.lib.Request("POST", x.url, data="x"))
    request.headers["X-Late"] = "1"
    del request.headers["Accept"]
    return session.send(request)


@call("headers: a line break set on the prepared request")
def _(x: Stage) -> object:
    request = x.lib.Request("GET", x.url).prepare()
    request.headers["X-A"] = "a\r\nX-B: c"
    return x.session().send(request)


@call("headers: all deleted from the prepared request")
def _(x: Stage) -> object:
    request = x.lib.Request("GET", x.url).prepare()
    request.headers.clear()
    return x.session().send(request)


@call("headers: the caller's dict is left as it was")
def _(x: Stage) -> object:
    headers = {"X-A": "1", "Accept": None}
    x.lib.post(x.url, headers=headers, json={})
    return headers
