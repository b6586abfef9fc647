"""Lets a test that is written once run on both sessions.

A :class:`Front` is one of the two kinds of session.  A test opens its sessions by
it, and calls them as a :class:`~ulak.Session` is called.  :class:`AsyncFront` runs
what an :class:`~ulak.AsyncSession` has awaited on a loop of its own, in the test's
thread; between two calls that loop stands still.  Nothing is imitated: below the
names that are spelled differently everything is the real thing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

import ulak
from ulak.adapters import BaseAdapter, HTTPAdapter
from ulak.async_adapters import AsyncBaseAdapter, AsyncHTTPAdapter

__all__ = ["FRONTS", "AsyncFront", "Begun", "Front", "SyncFront"]

#: What is awaited of an AsyncSession.
_VERBS = {"get", "options", "head", "post", "put", "patch", "delete", "query"}
_AWAITED = _VERBS | {"request", "send", "close"}
#: What a response makes of its body, which it has to have read for that.
_OF_THE_BODY = {"apparent_encoding", "text"}

#: A function that yields what has to be awaited, and is sent what comes of it.
Steps = Callable[..., Generator[Any, Any, Any]]


class Begun(Protocol):
    """A call that is under way."""

    def result(self, timeout: float) -> Any:
        """What it returned or raised; ``TimeoutError`` when it did not yet."""
        ...


class Front(Protocol):
    """A kind of session; as a context manager it ends what was begun."""

    #: ``"sync"`` or ``"async"``.
    name: str
    #: The real classes.
    Session: type[Any]
    Response: type[Any]
    HTTPAdapter: type[Any]

    def open(self, session: Any) -> Any:
        """``session``, one of this front's, as a test calls it."""
        ...

    def session(self, **settings: Any) -> Any:
        """A new session with ``settings``, as a test calls it."""
        ...

    def of(self, response: Any) -> Any:
        """``response``, one of this front's, as a test reads it."""
        ...

    def real(self, thing: Any) -> Any:
        """The session or response itself, which callbacks and pickles need."""
        ...

    def adapter(self, plain: BaseAdapter) -> Any:
        """``plain``, which answers without waiting, as an adapter of this front."""
        ...

    def narrow(self, count: int = 1) -> Any:
        """An adapter of at most ``count`` connections to one origin, for which one waits."""
        ...

    def keeping(self, count: int) -> Any:
        """An adapter of any number of connections, of which ``count`` are kept."""
        ...

    def steps(self, function: Steps) -> Callable[..., Any]:
        """``function`` as a callback or a method that this front's sessions call.

        It yields what an AsyncSession's code would await, and is sent what comes of it.
        """
        ...

    def read(self, response: Any) -> Any:
        """What such a function yields to have the body of a real response."""
        ...

    def run(self, outcome: Any) -> Any:
        """What comes of a call of something real."""
        ...

    def begin(self, session: Any, verb: str, *args: Any, **settings: Any) -> Begun:
        """Call ``session.verb`` without waiting for it."""
        ...

    def wait(self, event: threading.Event, seconds: float = 5.0) -> bool:
        """Wait for ``event`` while what was begun goes on; whether it was set."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc_info: object) -> None: ...


# -- as it is ----------------------------------------------------------------


class SyncFront:
    """:class:`ulak.Session` itself; what is begun is done in threads."""

    name = "sync"
    Session = ulak.Session
    Response = ulak.Response
    HTTPAdapter = HTTPAdapter

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    def open(self, session: Any) -> Any:
        return session

    def session(self, **settings: Any) -> Any:
        return self.Session(**settings)

    def of(self, response: Any) -> Any:
        return response

    def real(self, thing: Any) -> Any:
        return thing

    def adapter(self, plain: BaseAdapter) -> Any:
        return plain

    def narrow(self, count: int = 1) -> Any:
        return HTTPAdapter(pool_maxsize=count, pool_block=True)

    def keeping(self, count: int) -> Any:
        return HTTPAdapter(pool_maxsize=count)

    def steps(self, function: Steps) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            outcome: Any = None
            while True:
                try:
                    outcome = generator.send(outcome)
                except StopIteration as stop:
                    return stop.value

        return call

    def read(self, response: Any) -> Any:
        return response.content

    def run(self, outcome: Any) -> Any:
        return outcome

    def begin(self, session: Any, verb: str, *args: Any, **settings: Any) -> Begun:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(16)
        return self._threads.submit(getattr(session, verb), *args, **settings)

    def wait(self, event: threading.Event, seconds: float = 5.0) -> bool:
        return event.wait(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._threads is not None:
            self._threads.shutdown()


# -- on a loop ---------------------------------------------------------------


class AsyncFront:
    """:class:`ulak.AsyncSession` on a loop; what is begun is done in tasks.

    No task may be left when it ends, and no error that nobody saw.
    """

    name = "async"
    Session = ulak.AsyncSession
    Response = ulak.AsyncResponse
    HTTPAdapter = AsyncHTTPAdapter

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._unseen: list[dict[str, Any]] = []
        self._runner.get_loop().set_exception_handler(self._note)

    def _note(self, loop: asyncio.AbstractEventLoop, said: dict[str, Any]) -> None:
        """Note what the loop has nobody to tell, but for a fault of Python 3.11's own.

        Its transport of TLS within TLS cannot be closed for a reason, and says so.
        """
        error = said.get("exception")
        if not (isinstance(error, TypeError) and "SSLProtocol._abort()" in str(error)):
            self._unseen.append(said)

    def open(self, session: Any) -> Any:
        return _SessionOnALoop(session, self)

    def session(self, **settings: Any) -> Any:
        return self.open(self.Session(**settings))

    def of(self, response: Any) -> Any:
        return _ResponseOnALoop(response, self)

    def real(self, thing: Any) -> Any:
        return thing._real

    def adapter(self, plain: BaseAdapter) -> Any:
        return _Awaited(plain)

    def narrow(self, count: int = 1) -> Any:
        return AsyncHTTPAdapter(max_connections_per_host=count)

    def keeping(self, count: int) -> Any:
        return AsyncHTTPAdapter(max_keepalive=count)

    def steps(self, function: Steps) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            resume: Callable[..., Any] = generator.send
            outcome: Any = None
            while True:
                try:
                    awaitable = resume(outcome)
                except StopIteration as stop:
                    return stop.value
                try:
                    outcome, resume = await awaitable, generator.send
                except BaseException as exc:
                    outcome, resume = exc, generator.throw

        return call

    def read(self, response: Any) -> Any:
        return response.aread()

    def run(self, outcome: Awaitable[Any]) -> Any:
        return self._runner.get_loop().run_until_complete(_after_a_turn(outcome))

    def begin(self, session: Any, verb: str, *args: Any, **settings: Any) -> Begun:
        coroutine = getattr(self.real(session), verb)(*args, **settings)
        return _BegunOnALoop(self._runner.get_loop().create_task(coroutine), self)

    def wait(self, event: threading.Event, seconds: float = 5.0) -> bool:
        return self.run(asyncio.to_thread(event.wait, seconds))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.run(asyncio.sleep(0))  # what ends by itself may do so
            left = asyncio.all_tasks(self._runner.get_loop())
        finally:
            self._runner.close()
        if exc is None:
            assert not left, f"tasks left behind: {left}"
            assert not self._unseen, f"errors that nobody saw: {self._unseen}"


async def _after_a_turn(awaitable: Awaitable[Any]) -> Any:
    """Have the loop hear first what came while it stood still, as one would that never does."""
    for _ in range(2):
        await asyncio.sleep(0)
    return await awaitable


class _BegunOnALoop:
    """A task; the loop goes on while its result is waited for."""

    def __init__(self, task: asyncio.Task[Any], front: AsyncFront) -> None:
        self._task = task
        self._front = front

    def result(self, timeout: float) -> Any:
        self._front.run(asyncio.wait([self._task], timeout=timeout))
        if not self._task.done():
            raise TimeoutError
        return _handed_out(self._task.result(), self._front)


class _SessionOnALoop:
    """An AsyncSession that is called as a Session is.

    Whatever else is asked of it, and whatever is set, is asked of and set in the real one.
    """

    _real: Any
    _front: AsyncFront

    def __init__(self, session: Any, front: AsyncFront) -> None:
        self.__dict__.update(_real=session, _front=front)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        return partial(self._run, value) if name in _AWAITED else value

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._real, name, value)

    def __repr__(self) -> str:
        return repr(self._real)

    @property
    def stream(self) -> _SwitchOnALoop:
        switch = _SwitchOnALoop(self._real.stream)
        switch.session = self
        return switch

    def _run(self, method: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        return _handed_out(self._front.run(method(*args, **kwargs)), self._front)

    def __enter__(self) -> Self:
        self._front.run(self._real.__aenter__())
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._front.run(self._real.__aexit__(*exc_info))


class _SwitchOnALoop(int):
    """``session.stream``: a setting, and what a ``with`` block is made of when called."""

    session: _SessionOnALoop

    @contextmanager
    def __call__(self, *args: Any, **settings: Any) -> Iterator[Any]:
        front = self.session._front
        block = self.session._real.stream(*args, **settings)
        response = front.run(block.__aenter__())
        try:
            yield front.of(response)
        except BaseException as exc:
            front.run(block.__aexit__(type(exc), exc, exc.__traceback__))
            raise
        front.run(block.__aexit__(None, None, None))


class _ResponseOnALoop:
    """An AsyncResponse that is read as a Response is, on demand; equal to the real one."""

    _real: Any
    _front: AsyncFront

    def __init__(self, response: Any, front: AsyncFront) -> None:
        self.__dict__.update(_real=response, _front=front)

    def __getattr__(self, name: str) -> Any:
        if name in _OF_THE_BODY:
            self._front.run(self._real.aread())
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._real, name, value)

    def __eq__(self, other: object) -> bool:
        return self._real is (other._real if isinstance(other, _ResponseOnALoop) else other)

    def __hash__(self) -> int:
        return hash(self._real)

    def __bool__(self) -> bool:
        return bool(self._real)

    def __repr__(self) -> str:
        return repr(self._real)

    @property
    def content(self) -> Any:
        return self._front.run(self._real.aread())

    def json(self, **settings: Any) -> Any:
        self._front.run(self._real.aread())
        return self._real.json(**settings)

    def iter_content(
        self, chunk_size: int | None = None, decode_unicode: bool = False
    ) -> Iterator[Any]:
        if decode_unicode and self._real.encoding:
            return self._pieces(self._real.aiter_text(chunk_size))
        return self._pieces(self._real.aiter_content(chunk_size))

    def iter_lines(self, chunk_size: int | None = None, **settings: Any) -> Iterator[Any]:
        return self._pieces(self._real.aiter_lines(chunk_size, **settings))

    def _pieces(self, pieces: AsyncIterator[Any]) -> Iterator[Any]:
        while True:
            try:
                piece = self._front.run(anext(pieces))
            except StopAsyncIteration:
                return
            yield piece

    def close(self) -> None:
        self._front.run(self._real.aclose())

    def __enter__(self) -> Self:
        self._front.run(self._real.__aenter__())
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._front.run(self._real.__aexit__(*exc_info))


def _handed_out(outcome: Any, front: AsyncFront) -> Any:
    """``outcome``, a response as a test reads it."""
    return front.of(outcome) if isinstance(outcome, ulak.AsyncResponse) else outcome


class _Awaited(AsyncBaseAdapter):
    """An adapter that answers without waiting."""

    def __init__(self, plain: BaseAdapter) -> None:
        self.plain = plain

    async def send(self, request: Any, *args: Any, **settings: Any) -> Any:
        return self.plain.send(request, *args, **settings)

    async def close(self) -> None:
        self.plain.close()


#: By name.
FRONTS: dict[str, Callable[[], Front]] = {"sync": SyncFront, "async": AsyncFront}
