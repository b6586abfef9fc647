"""What is seen of a call, in aspects by name, and when two libraries' are the same.

``lines``, ``fields``, ``bodies`` and ``connections`` are the requests on the wire, in
their order: together they are every byte of them.  ``outcome`` is what kind of thing the
call came to, and the other aspects are the parts of its result.

Four things are made alike before they are compared, because they cannot be equal: the
value of the default User-Agent, the boundary of a multipart form, the time of a cookie
that expires so many seconds from now, and the nonce of the client in an answer to Digest,
which the server has checked.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookiejar import CookieJar
from types import ModuleType
from typing import Any

import requests

import ulak
import ulak.exceptions
from tests.support.messages import ReceivedRequest

from .stage import Raised

#: The aspects that are lists with an item for each request.
WIRE = ("lines", "fields", "bodies", "connections")

_AGENT = re.compile(r"(python-requests|ulak)/[\w.]+")
_BOUNDARY = re.compile(r"(?:boundary=|--)([0-9a-f]{32})\b")
#: Seconds within which the time that a cookie expires was counted from now.
_NEAR = 10_000_000
_OURS_OF_DIGEST = re.compile(r'\b(cnonce|response)="[0-9a-f]+"')


@dataclass
class Observation:
    """All that is seen of one call with one library."""

    #: Aspects by name; ``outcome`` is a :class:`Raised`, or what kind of result there is.
    aspects: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, aspect: str) -> Any:
        return self.aspects[aspect]

    @property
    def raised(self) -> str | None:
        """The name of the exception that the call ended with."""
        outcome = self.aspects["outcome"]
        return outcome.kind.__name__ if isinstance(outcome, Raised) else None


def parts(result: Any) -> dict[str, Any]:
    """The aspects of what a call returned, in plain types, or of :class:`Raised`."""
    if isinstance(result, Raised):
        return {"outcome": result}
    return {"outcome": _kind_of(result), **dict(_flat("", _describe(result)))}


def observe(
    received: Iterable[ReceivedRequest], result: Mapping[str, Any], ports: Mapping[int, str]
) -> Observation:
    """All that there is to see.

    :param result: what :func:`parts` made of what the call returned.
    :param ports: what to write in place of each server's port.
    """
    wire = [_on_the_wire(each) for each in received]
    numbers = [each[-1] for each in wire]
    first = {number: order for order, number in enumerate(dict.fromkeys(numbers))}
    aspects: dict[str, Any] = {
        "lines": [line for line, *_ in wire],
        "fields": [fields for _, fields, *_ in wire],
        "bodies": [body for _, _, body, _ in wire],
        "connections": [first[number] for number in numbers],
        **result,
    }
    made = {f":{port}": f":{name}" for port, name in ports.items()}
    made |= dict.fromkeys(_BOUNDARY.findall(str(aspects)), "BOUNDARY")
    return Observation({name: _alike(value, made) for name, value in aspects.items()})


# -- the wire ----------------------------------------------------------------


def _on_the_wire(request: ReceivedRequest) -> tuple[str, list[str], str, int]:
    """Request line, field lines, body with its framing, and connection."""
    head, body = request.head.decode("latin-1"), request.wire_body.decode("latin-1")
    line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
    return line, fields, body, request.connection


def _alike(value: Any, made: Mapping[str, str]) -> Any:
    """``value`` without what cannot be equal; ``made`` says what to write in place of what."""
    if isinstance(value, list | tuple):
        return type(value)(_alike(each, made) for each in value)
    if isinstance(value, dict):
        return {key: _alike(each, made) for key, each in value.items()}
    if not isinstance(value, str):
        return value
    for text, name in made.items():
        value = value.replace(text, name)
    return _OURS_OF_DIGEST.sub(r'\1="…"', _AGENT.sub("AGENT", value))


# -- results -----------------------------------------------------------------


def _is_response(value: Any) -> bool:
    return isinstance(value, requests.Response | ulak.Response)


def _is_request(value: Any) -> bool:
    return isinstance(value, requests.PreparedRequest | ulak.PreparedRequest)


def _kind_of(result: Any) -> str:
    if _is_response(result):
        return "a response"
    return "a request" if _is_request(result) else "a value"


def _describe(value: Any) -> Any:
    """``value`` in plain types."""
    if _is_response(value) or _is_request(value):
        return dict(_parts_of(value)) if _is_response(value) else _request(value)
    if isinstance(value, CookieJar):
        return sorted(_cookie(each) for each in value)
    if isinstance(value, Mapping):
        return [(_describe(key), _describe(each)) for key, each in value.items()]
    if isinstance(value, list | tuple):
        return type(value)(_describe(each) for each in value)
    if value is None or isinstance(value, str | bytes | int | float | Raised):
        return value
    return f"<{type(value).__name__}>"


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Aspects by name, of what :func:`_describe` made of a call's result."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield f"{prefix}{name}", each
    elif isinstance(value, tuple):
        for order, each in enumerate(value):
            yield from _flat(f"{prefix}{order}.", each)
    else:
        yield f"{prefix}value", value


def _attempt(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except Exception as error:
        return Raised(error)


def _parts_of(response: Any) -> Iterator[tuple[str, Any]]:
    yield "status", response.status_code
    yield "reason", response.reason
    yield "url", response.url
    yield "headers", list(response.headers.items())
    yield "history", [(each.status_code, each.url) for each in response.history]
    yield "cookies", _describe(response.cookies)
    yield (
        "flags",
        {
            "ok": response.ok,
            "bool": bool(response),
            "redirect": response.is_redirect,
            "permanent": response.is_permanent_redirect,
        },
    )
    yield "links", response.links
    yield "next", _attempt(lambda: _describe(response.next))
    yield "repr", repr(response)
    yield "elapsed", isinstance(response.elapsed, timedelta)
    yield "content", _attempt(lambda: response.content)
    yield "encoding", response.encoding
    yield "apparent_encoding", _attempt(lambda: response.apparent_encoding)
    yield "text", _attempt(lambda: response.text)
    yield "json", _attempt(lambda: json.dumps(response.json()))
    yield "raise_for_status", _attempt(response.raise_for_status)
    yield from ((f"request.{name}", each) for name, each in _request(response.request).items())


def _request(request: Any) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.url,
        "headers": list((request.headers or {}).items()),
        "body": _body(request.body),
    }


def _body(body: Any) -> Any:
    if isinstance(body, bytes):
        return body.decode("latin-1")  # so that a boundary in it is found
    return body if body is None or isinstance(body, str) else f"<{type(body).__name__}>"


def _cookie(cookie: Any) -> tuple[Any, ...]:
    expires = cookie.expires
    if expires is not None and abs(expires - time.time()) < _NEAR:
        expires = "some time from now"
    names = ("name", "value", "domain", "path", "port", "discard")
    return *(getattr(cookie, name) for name in names), bool(cookie.secure), expires


# -- comparing ---------------------------------------------------------------


def differences(theirs: Observation, ours: Observation) -> dict[str, tuple[Any, Any]]:
    """The aspects in which two observations differ, each with both values.

    Where the two came to different kinds of results, or sent different numbers of
    requests (``sent``), only what both have is compared.
    """
    found: dict[str, tuple[Any, Any]] = {}
    counts = len(theirs["lines"]), len(ours["lines"])
    if counts[0] != counts[1]:
        found["sent"] = counts
    for aspect in WIRE:
        pair = theirs[aspect][: min(counts)], ours[aspect][: min(counts)]
        if pair[0] != pair[1]:
            found[aspect] = pair
    if not same(theirs["outcome"], ours["outcome"]):
        found["outcome"] = (theirs["outcome"], ours["outcome"])
    elif theirs.raised is None:
        for aspect in {**theirs.aspects, **ours.aspects}.keys() - {"outcome", *WIRE}:
            pair = theirs.aspects.get(aspect), ours.aspects.get(aspect)
            if not same(*pair):
                found[aspect] = pair
    return found


def same(theirs: Any, ours: Any) -> bool:
    """Whether two values are the same; exceptions are by :func:`is_kin`."""
    if isinstance(theirs, Raised) and isinstance(ours, Raised):
        return is_kin(theirs.kind, ours.kind)
    if isinstance(theirs, list | tuple) and isinstance(ours, list | tuple):
        return len(theirs) == len(ours) and all(map(same, theirs, ours))
    return type(theirs) is type(ours) and bool(theirs == ours)


def is_kin(theirs: type[BaseException], ours: type[BaseException]) -> bool:
    """Whether who catches ``theirs`` catches ``ours``.

    The rule of docs/errors.md: ours is the class that has the name of theirs, or a finer
    one; and every class of Python or of urllib3 that theirs is.
    """
    for base in theirs.__mro__:
        counterpart = base
        if base.__module__.partition(".")[0] == "requests":
            counterpart = getattr(_module_of(base, ulak), base.__name__, base)
        if not issubclass(ours, counterpart):
            return False
    return issubclass(theirs, requests.RequestException) == issubclass(ours, ulak.RequestException)


def _module_of(base: type[BaseException], lib: ModuleType) -> Any:
    """Where ours of the same name is."""
    return lib.cookies if base.__module__ == "requests.cookies" else lib.exceptions
