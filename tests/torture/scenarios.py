"""Small conversations, each written once for both kinds of session.

Each says whether it brought what it should: a wrong answer is an error of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from urllib3.util import Retry

import ulak
from tests.support.child_server import body_of

__all__ = ["SCENARIOS", "SMALL", "Place", "Scenario"]

#: What is uploaded: more than goes out in one piece with a head.
SMALL = bytes(range(256)) * 300


class Place(NamedTuple):
    """Where the requests go."""

    plain: str
    secure: str
    file: Path


class Scenario(NamedTuple):
    """What is asked for, in a session and under a name of its own, and how."""

    ask: Callable[[Any, Place, str], bool]
    #: The proxy's scheme, or what of the place is the proxy.
    by: str | None = None
    #: Whether it is TLS that ends at the origin.
    secure: bool = False


def _root(place: Place, secure: bool) -> str:
    return place.secure if secure else place.plain


def _get(how: str, size: int = 300, *, hops: int = 0, secure: bool = False, **settings: Any) -> Any:
    def ask(session: Any, place: Place, name: str) -> bool:
        made = {key: value() for key, value in settings.items()}
        response = session.get(f"{_root(place, secure)}/{how}/{size}/{name}", **made)
        right = response.content == body_of(response.request.path_url)
        return right and len(response.history) == hops

    return ask


def _streamed(how: str, size: int, *, secure: bool = False) -> Any:
    def ask(session: Any, place: Place, name: str) -> bool:
        url = f"{_root(place, secure)}/{how}/{size}/{name}"
        with session.stream("GET", url) as response:
            wanted = body_of(response.request.path_url)
            return b"".join(response.iter_content(7000)) == wanted

    return ask


def _put(make: Callable[[Place], dict[str, Any]], *, secure: bool = False) -> Any:
    def ask(session: Any, place: Place, name: str) -> bool:
        with ExitStack() as stack:
            settings = make(place)
            for value in (*settings.values(), *settings.get("files", {}).values()):
                if hasattr(value, "close"):
                    stack.callback(value.close)
            answer = session.post(f"{_root(place, secure)}/echo/0/{name}", **settings)
        content = answer.content
        return SMALL in content if "files" in settings else content == SMALL

    return ask


def _blocks(place: Place) -> Iterator[bytes]:
    return (SMALL[at : at + 20_000] for at in range(0, len(SMALL), 20_000))


def _digest() -> ulak.auth.HTTPDigestAuth:
    return ulak.auth.HTTPDigestAuth("u", "p")


def _patient() -> Retry:
    return Retry(4, status_forcelist=[503], backoff_factor=0)


_EXPECT = {"Expect": "100-continue"}

SCENARIOS: dict[str, Scenario] = {
    "plain": Scenario(_get("plain")),
    "tls": Scenario(_get("plain", secure=True), secure=True),
    "by a proxy": Scenario(_get("plain"), "http"),
    "by a tls proxy": Scenario(_get("plain"), "https"),
    "tls by a proxy": Scenario(_get("plain", secure=True), "http", True),
    "tls by a tls proxy": Scenario(_get("plain", secure=True), "https", True),
    "by socks4": Scenario(_get("plain"), "socks4"),
    "tls by socks5": Scenario(_get("plain", secure=True), "socks5h", True),
    "redirect": Scenario(_get("moved", hops=1)),
    "digest": Scenario(_get("digest", hops=1, auth=_digest)),
    "retry": Scenario(_get("third", retries=_patient)),
    "upload": Scenario(_put(lambda place: {"data": SMALL})),
    "upload by tls": Scenario(_put(lambda place: {"data": SMALL}, secure=True), secure=True),
    "upload of a file": Scenario(_put(lambda place: {"data": place.file.open("rb")})),
    "upload of a form": Scenario(_put(lambda place: {"files": {"f": place.file.open("rb")}})),
    "upload in chunks": Scenario(_put(lambda place: {"data": _blocks(place)})),
    "upload with leave": Scenario(_put(lambda place: {"data": SMALL, "headers": _EXPECT})),
    "download": Scenario(_streamed("plain", 150_000)),
    "download by tls": Scenario(_streamed("plain", 60_000, secure=True), secure=True),
    "download in chunks": Scenario(_streamed("chunked", 30_000)),
    "download of gzip": Scenario(_streamed("gzip", 30_000)),
    "download to the end": Scenario(_streamed("end", 30_000)),
}
