"""What a client is asked to do, and what it says came of it: plain values, for any client.

A plan goes to another process and its outcome comes back, so that everything here can be
pickled, and nothing is imported but the standard library: it is read in the environments of
all clients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

__all__ = [
    "Ask",
    "Auth",
    "Got",
    "Guards",
    "Part",
    "Pieces",
    "Plan",
    "Played",
    "Raised",
    "Settings",
    "Unsupported",
    "fill",
]

Texts = tuple[tuple[str | bytes, str | bytes], ...]
T = TypeVar("T")


class Unsupported(Exception):
    """A client has no way to do what the plan says; the case is not for it."""


# -- what to do --------------------------------------------------------------


@dataclass(frozen=True)
class Auth:
    """Credentials: ``kind`` is ``basic``, ``digest`` or ``bearer`` (whose token is ``user``)."""

    kind: str
    user: str
    password: str = ""


@dataclass(frozen=True)
class Pieces:
    """A body that comes in pieces from an iterator, and so cannot be sent again.

    :param endless: the pieces begin anew for ever.
    :param every: seconds before each piece.
    :param fails: the iterator raises :exc:`ZeroDivisionError` at its end, as a caller's may.
    """

    data: tuple[bytes, ...]
    endless: bool = False
    every: float = 0.0
    fails: bool = False


@dataclass(frozen=True)
class Part:
    """One file of a multipart form."""

    name: str
    filename: str | None = "f"
    content: bytes = b"x"
    type: str | None = None
    headers: Texts = ()


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request of a session, and what is done with its response.

    Texts may hold ``{a}`` for the URL of the server ``a``, and ``{a.port}`` for its port.
    """

    url: str = "{a}/"
    method: str = "GET"
    headers: Texts = ()
    params: Texts = ()
    body: bytes | Pieces | None = None
    #: As a file of this many bytes, which can seek.
    file: int | None = None
    form: Texts = ()
    parts: tuple[Part, ...] = ()
    cookies: Texts = ()
    auth: Auth | None = None
    #: A proxy for this request alone.
    proxy: str | None = None
    redirects: bool = True
    retries: int = 0
    #: Seconds for everything, or for each step with ``plain``.  A client without a deadline
    #: is given the number as its plain timeout.
    timeout: float | None = 5.0
    plain: bool = False
    #: ``whole``; ``pieces``, ``lines``, ``text`` or ``json``; ``head``, then the response is
    #: closed; or ``unread``, then it is left open until the session was closed, and read then.
    read: str = "whole"
    #: How often, one after the other or ``together``; each answer has to be its own target.
    times: int = 1
    together: int = 1
    #: Seconds to wait before.
    pause: float = 0.0
    #: After so many seconds: a KeyboardInterrupt, or the cancellation of the task.
    interrupt: float | None = None
    #: After so many seconds the session is closed, by another thread or task.
    close_session: float | None = None
    #: In a child of the process, which closes the session then; an asynchronous client has a
    #: loop of its own there.
    forked: bool = False
    #: Set on the prepared request: ``method``, ``url``, or a header's name, and the value.
    changed: tuple[str, str] | None = None

    @property
    def most(self) -> float:
        """Seconds that it may take a client that keeps its word."""
        limit = self.timeout if self.timeout is not None and self.timeout > 0 else 5.0
        return self.pause + limit * max(1.0, self.times / 50)

    def times_url(self, number: int) -> Ask:
        """This, with ``number`` in the place of ``#`` in its URL."""
        return replace(self, url=self.url.replace("#", str(number)))


@dataclass(frozen=True, kw_only=True)
class Guards:
    """What a session refuses for its caller; settings of ulak's own."""

    #: Most bytes of a body.
    most: int | None = None
    https_only: bool = False
    #: Whether addresses are judged: those that are not public are denied.
    addresses: bool = False
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    #: Whether an error status is raised.
    raises: bool = False


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What holds for the whole session."""

    headers: Texts = ()
    cookies: Texts = ()
    auth: Auth | None = None
    proxy: str | None = None
    verify: bool | str = True
    cert: tuple[str, ...] = ()
    max_redirects: int = 30
    #: The variables of the environment; none of them: the environment is not trusted.
    env: tuple[tuple[str, str], ...] = ()
    netrc: str | None = None
    #: What names mean: addresses; ``("stall",)`` for no answer; ``("fail",)`` for none;
    #: ``("turns", first, then)`` for another one at each lookup.
    names: tuple[tuple[str, tuple[str, ...]], ...] = ()
    guards: Guards | None = None


@dataclass(frozen=True)
class Plan:
    """One session from its opening to its closing."""

    asks: tuple[Ask, ...]
    settings: Settings = Settings()
    #: Whether to measure the memory that it takes.
    weighed: bool = False


# -- what came of it ---------------------------------------------------------


@dataclass(frozen=True)
class Raised:
    """An exception, as far as another process can know it."""

    #: The module and name of its class, and of the classes above.
    lineage: tuple[str, ...]
    #: Whether it is one of those that the client says it raises.
    family: bool
    text: str
    #: ``repr`` of it, and of the request and response that it carries.
    shown: str

    @property
    def name(self) -> str:
        return self.lineage[0]

    def isa(self, name: str) -> bool:
        """Whether a class of that name is in its lineage, whatever the module."""
        return any(known.rpartition(".")[2] == name for known in self.lineage)


@dataclass(frozen=True)
class Got:
    """What came of one :class:`Ask`."""

    seconds: float
    status: int | None = None
    #: The first 64 KiB of the body.
    body: bytes = b""
    length: int = 0
    url: str = ""
    history: tuple[int, ...] = ()
    #: ``repr`` of the response, its request and the session.
    shown: str = ""
    error: Raised | None = None
    #: Of a request that was made many times: how many failed, and how many answers were another's.
    lost: int = 0
    crossed: int = 0


@dataclass(frozen=True)
class Played:
    """What came of a plan."""

    outcomes: tuple[Got, ...]
    #: The most memory in use, in bytes above that before, if it was measured.
    peak: int = 0
    #: What was left when the session was closed.
    descriptors: int = 0
    tasks: int = 0
    threads: int = 0


# -- the servers' addresses --------------------------------------------------

_PLACE = re.compile(r"\{(\w+)(\.port)?\}")


def fill(thing: T, addresses: Mapping[str, tuple[str, int]]) -> T:
    """``thing`` with the URL or port of each server in its place.

    :param addresses: URL and port by name.
    """
    filled: Any = thing
    if isinstance(thing, str):

        def address(found: re.Match[str]) -> str:
            url, port = addresses[found[1]]
            return str(port) if found[2] else url

        filled = _PLACE.sub(address, thing)
    elif isinstance(thing, tuple):
        filled = tuple(fill(part, addresses) for part in thing)
    elif is_dataclass(thing) and not isinstance(thing, type):
        changes = {f.name: fill(getattr(thing, f.name), addresses) for f in fields(thing)}
        filled = replace(thing, **changes)
    return filled
