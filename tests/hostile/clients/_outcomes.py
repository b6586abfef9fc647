"""What all clients share: the world that a plan asks for, and outcomes in plain values.

Knows the system and the standard library, and no client.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import pickle
import socket
import tempfile
import threading
import time
import tracemalloc
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from ..plan import Ask, Got, Pieces, Plan, Played, Raised, Settings, Unsupported

__all__ = [
    "KEPT",
    "Kept",
    "apieces",
    "body_of",
    "certificate",
    "check_no_socks",
    "in_a_child",
    "outcome_of",
    "pieces",
    "raised",
    "target_of",
    "tasks_left",
    "weighed",
    "world",
]

#: Bytes of a body that an outcome keeps.
KEPT = 1 << 16
#: Seconds that a name which stalls takes at the most.
_STALL = 6.0
_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


# -- what is sent ------------------------------------------------------------


def pieces(body: Pieces) -> Iterator[bytes]:
    """The iterator that ``body`` stands for."""
    while True:
        for piece in body.data:
            if body.every:
                time.sleep(body.every)
            yield piece
        if not body.endless:
            break
    if body.fails:
        raise ZeroDivisionError("of the caller")


async def apieces(body: Pieces) -> AsyncIterator[bytes]:
    """The same, asynchronous."""
    while True:
        for piece in body.data:
            await asyncio.sleep(body.every)
            yield piece
        if not body.endless:
            break
    if body.fails:
        raise ZeroDivisionError("of the caller")


def body_of(ask: Ask, iterate: Callable[[Pieces], Any] = pieces) -> Any:
    """What is handed to the client as the body, or ``None``."""
    if ask.file is not None:
        return io.BytesIO(b"f" * ask.file)
    return iterate(ask.body) if isinstance(ask.body, Pieces) else ask.body


def certificate(settings: Settings) -> Any:
    """What is handed to the client as its certificate: a path, a pair, or ``None``."""
    return settings.cert[0] if len(settings.cert) == 1 else settings.cert or None


def target_of(url: str) -> bytes:
    """The target that a server which echoes it answers with."""
    return ("/" + url.split("/", 3)[3]).encode()


# -- what came ---------------------------------------------------------------


class Kept:
    """The beginning of a body, and its length."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.length = 0

    def add(self, piece: bytes) -> None:
        """Count ``piece``; keep it while there is room."""
        self.length += len(piece)
        if len(self.body) < KEPT:
            self.body += piece[: KEPT - len(self.body)]

    def all_of(self, pieces: Iterable[bytes]) -> None:
        """Count all of them."""
        for piece in pieces:
            self.add(piece)


def raised(error: BaseException, family: tuple[type[BaseException], ...]) -> Raised:
    """``error`` in plain values."""
    known = [kind for kind in type(error).__mro__ if kind is not object]
    lineage = tuple(f"{kind.__module__}.{kind.__qualname__}" for kind in known)
    carried = [error]
    for name in ("request", "response"):
        with contextlib.suppress(Exception):
            carried.append(getattr(error, name))
    shown = " ".join(_shown(thing) for thing in carried)
    return Raised(lineage, isinstance(error, family), _text(error), shown)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as failure:
        return f"str() fails: {failure!r}"


def _shown(thing: object) -> str:
    try:
        return repr(thing)
    except Exception as failure:
        return f"repr() fails: {failure!r}"


def outcome_of(begin: float, many: list[Got], together: bool = False) -> Got:
    """One outcome of what was asked many times."""
    seconds = time.perf_counter() - begin
    errors = [got.error for got in many if got.error]
    lost = len(errors)
    crossed = sum(not got.error and got.body != target_of(got.url) for got in many)
    last = next((got for got in many if got.error), many[-1])
    return replace(last, seconds=seconds, lost=lost, crossed=crossed)


def in_a_child(ask: Callable[[], Got]) -> Got:
    """What ``ask`` returns in a forked child, which leaves all that is the parent's as it is."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Later Pythons warn of threads; those of the servers are of no concern to the child.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            os.write(writer, pickle.dumps(ask()))
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with open(reader, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    got: Got = pickle.loads(told)
    return got


# -- the world around a plan -------------------------------------------------


@contextlib.contextmanager
def world(plan: Plan) -> Iterator[None]:
    """The environment, the netrc file and the names that ``plan`` asks for."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(_environment(plan.settings))
        if plan.settings.names:
            stack.enter_context(_names(plan.settings))
        yield


@contextlib.contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    wanted = dict(settings.env)
    before = dict(os.environ)
    for name in list(os.environ):
        if name.lower() in _VARIABLES or name == "NETRC":
            del os.environ[name]
    os.environ.update(wanted)
    with contextlib.ExitStack() as stack:
        if settings.netrc is not None:
            file = stack.enter_context(tempfile.NamedTemporaryFile("w", suffix=".netrc"))
            file.write(settings.netrc)
            file.flush()
            os.environ["NETRC"] = file.name
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextlib.contextmanager
def _names(settings: Settings) -> Iterator[None]:
    """Let the system's resolver know the names of the plan."""
    known = dict(settings.names)
    turns: Counter[str] = Counter()
    real = socket.getaddrinfo
    ended = threading.Event()

    def lookup(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        addresses = known.get(name)
        if addresses is None:
            return real(host, port, *args, **kwargs)
        if addresses == ("stall",):
            ended.wait(_STALL)
        if addresses in (("stall",), ("fail",)):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if addresses[0] == "turns":
            turns[name] += 1
            addresses = (addresses[min(turns[name], len(addresses) - 1)],)
        found = []
        for address in addresses:
            found += real(address, port, 0, socket.SOCK_STREAM)
        return found

    socket.getaddrinfo = lookup
    try:
        yield
    finally:
        socket.getaddrinfo = real
        ended.set()


def check_no_socks(plan: Plan) -> None:
    """For clients that need a further package for SOCKS.

    :raises Unsupported: the plan wants it.
    """
    proxies = [plan.settings.proxy, *(ask.proxy for ask in plan.asks)]
    if any(proxy and proxy.startswith("socks") for proxy in proxies):
        raise Unsupported("SOCKS needs a further package")


def tasks_left() -> int:
    """How many tasks there are besides the one that asks."""
    return len(asyncio.all_tasks() - {asyncio.current_task()})


def weighed(play: Callable[[], Played], plan: Plan) -> Played:
    """What ``play`` returns, with the memory that it took if ``plan`` wants it."""
    if not plan.weighed:
        return play()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        played = play()
        return replace(played, peak=tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
