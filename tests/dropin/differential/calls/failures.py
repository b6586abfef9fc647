"""Exceptions: what is refused before it is sent, and what fails on the way."""

from __future__ import annotations

import json
import pickle
from typing import Any

from ..recorder import Reply, answer, raw
from ..stage import Stage
from .table import call, requesting

#: A port that nobody listens on.
REFUSED = "http://127.0.0.1:1/"
#: Short enough to wait for.
SHORT = 0.15
#: Long enough for the head of an answer to come on a busy machine.
LONGER = 0.6

for _name, _timeout in {
    "None": None,
    "a number": 5,
    "a float": 5.5,
    "a pair": (5, 5),
    "a pair with None": (None, 5),
    "a pair of None": (None, None),
    "zero": 0,
    "below zero": -1,
    "text": "5",
    "text that is no number": "x",
    "a list": [5, 5],
    "a tuple of one": (5,),
    "a tuple of three": (1, 2, 3),
    "a dict": {},
    "an empty tuple": (),
    "True": True,
    "an object": object(),
    "a pair with text": ("a", 5),
    "a pair with zero": (5, 0),
    "very long": 10.0**9,
}.items():
    requesting("timeout", {_name: lambda x, value=_timeout: {"timeout": value}})


@call("timeout: urllib3's Timeout")
def _(x: Stage) -> object:
    import urllib3

    return x.lib.get(x.url, timeout=urllib3.Timeout(connect=5, read=5))


def _hanging(name: str, reply: Reply, method: str = "GET", **options: Any) -> None:
    def function(x: Stage) -> object:
        x.reply("/r", reply)
        return x.lib.request(method, x.url + "/r", **{"timeout": SHORT, **options})

    call(f"stalls: {name}")(function)


_hanging("before the head", raw(b"", then="hang"))
_hanging("before the head of a POST", raw(b"", then="hang"), "POST", data="x")
_hanging("inside the head", raw(b"HTTP/1.1 200 OK\r\nX-A:", then="hang"))
_hanging(
    "inside the body",
    raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", then="hang"),
    timeout=LONGER,
)
_hanging(
    "inside a chunk",
    raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", then="hang"),
    timeout=LONGER,
)
_hanging("after 100", raw(b"HTTP/1.1 100 Continue\r\n\r\n", then="hang"))


@call("stalls: inside a body that is streamed")
def _(x: Stage) -> object:
    x.reply("/r", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", then="hang"))
    with x.lib.get(x.url + "/r", stream=True, timeout=LONGER) as response:
        return x.attempt(lambda: list(response.iter_content(1)))


@call("stalls: in the TLS handshake")
def _(x: Stage) -> object:
    x.reply("/r", raw(b"", then="hang"))
    return x.lib.get(x.url.replace("http:", "https:"), timeout=SHORT)


@call("stalls: through a proxy")
def _(x: Stage) -> object:
    x.reply("/r", raw(b"", then="hang"))
    return x.lib.get("http://example.test/r", proxies=x.proxies, timeout=SHORT)


@call("stalls: what the error carries")
def _(x: Stage) -> object:
    x.reply("/r", raw(b"", then="hang"))
    try:
        x.lib.get(x.url + "/r", timeout=SHORT)
    except x.lib.RequestException as error:
        return error.request, error.response
    return None


for _method in ("GET", "POST", "HEAD"):
    call(f"failures: refused, {_method}")(
        lambda x, method=_method: x.lib.request(method, REFUSED, timeout=5)
    )


@call("failures: refused, with a body")
def _(x: Stage) -> object:
    return x.lib.post(REFUSED, data="x", timeout=5)


@call("failures: what a refusal carries")
def _(x: Stage) -> object:
    try:
        x.lib.get(REFUSED, timeout=5)
    except x.lib.ConnectionError as error:
        return error.request, error.response
    return None


@call("failures: no such host")
def _(x: Stage) -> object:
    return x.lib.get("http://no-such-host.invalid/", timeout=5)


@call("failures: pickled")
def _(x: Stage) -> object:
    try:
        x.lib.get(REFUSED, timeout=5)
    except x.lib.ConnectionError as error:
        again = pickle.loads(pickle.dumps(error))
        return type(again) is type(error), again.response
    return None


@call("failures: a JSON error, pickled")
def _(x: Stage) -> object:
    x.reply("/r", answer(b"what", kind="application/json"))
    try:
        x.lib.get(x.url + "/r").json()
    except json.JSONDecodeError as error:
        again = pickle.loads(pickle.dumps(error))
        return type(again) is type(error), again.msg, again.doc, again.pos
    return None


@call("failures: a CA bundle that is not there")
def _(x: Stage) -> object:
    return x.lib.get("https://127.0.0.1:1/", verify="/no/such/file", timeout=5)


@call("failures: a certificate that is not there")
def _(x: Stage) -> object:
    return x.lib.get("https://127.0.0.1:1/", cert="/no/such/file", timeout=5)


@call("failures: a key that is not there")
def _(x: Stage) -> object:
    certificate = x.file(b"")
    return x.lib.get("https://127.0.0.1:1/", cert=(certificate.name, "/no/such"), timeout=5)


@call("failures: a CA bundle that is not there, for http")
def _(x: Stage) -> object:
    return x.lib.get(x.url, verify="/no/such/file", timeout=5)


requesting(
    "failures",
    {
        "cookies of a number": lambda x: {"cookies": 5},
        "headers of a number": lambda x: {"headers": 5},
        "auth of a number": lambda x: {"auth": 5},
        "hooks of a list": lambda x: {"hooks": [print]},
        "proxies of text": lambda x: {"proxies": "http://127.0.0.1:1"},
        "params of an object": lambda x: {"params": object()},
        "allow_redirects of None": lambda x: {"allow_redirects": None},
        "stream of text": lambda x: {"stream": ""},
    },
)


@call("failures: a connection that breaks off in the body")
def _(x: Stage) -> object:
    x.reply("/r", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"))
    with x.lib.get(x.url + "/r", stream=True, timeout=5) as response:
        return x.attempt(lambda: response.content), x.attempt(lambda: response.content)


@call("failures: a body that breaks off is streamed")
def _(x: Stage) -> object:
    x.reply("/r", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"))
    seen: list[bytes] = []
    with x.lib.get(x.url + "/r", stream=True, timeout=5) as response:
        error = x.attempt(lambda: seen.extend(response.iter_content(1)))
    return seen, error


@call("failures: a POST on a kept connection that died")
def _(x: Stage) -> object:
    x.reply("/", OK_ONCE, raw(b""))
    session = x.session()
    session.get(x.url)
    return session.post(x.url, data="x", timeout=5)


@call("failures: a GET on a kept connection that died")
def _(x: Stage) -> object:
    x.reply("/", OK_ONCE, raw(b""), OK_ONCE)
    session = x.session()
    session.get(x.url)
    return session.get(x.url, timeout=5)


OK_ONCE = answer(b"ok")
