"""The asynchronous session: the names and the meaning of :class:`~ulak.Session`, awaited.

An :class:`AsyncSession` carries out, in a task, the steps of the conversation that
``_policy`` decides on.  Its settings, and everything else that needs no I/O, it
has in common with :class:`~ulak.Session`.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Coroutine
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, overload

from . import _bodies
from ._callers import caller
from ._errors import about
from ._policy.session import BaseSession, Call, with_verbs
from ._policy.steps import (
    ERROR_TIME,
    SKIM_LIMIT,
    Close,
    Hooks,
    Load,
    Pause,
    Resend,
    Rewind,
    Send,
    Skim,
)
from ._policy.streaming import Unentered
from ._response import BaseResponse
from ._transport.async_source import position_of, rewind
from .async_adapters import AsyncHTTPAdapter
from .async_models import AsyncResponse
from .exceptions import SessionClosed, TotalTimeout
from .hooks import hook_calls
from .timeouts import Timeout

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping
    from types import FunctionType, TracebackType
    from typing import Literal, Self

    from ._gathering import AsyncGathering, Item
    from .models import PreparedRequest

__all__ = ["AsyncSession"]

T = TypeVar("T")


def mark_coroutine_function(function: FunctionType) -> None:
    """Let ``function`` be known for what it is: what it returns is to be awaited.

    :func:`asyncio.iscoroutinefunction` knows it then, by which :mod:`unittest.mock`
    chooses an ``AsyncMock``, and from Python 3.12 on :mod:`inspect` does.
    """
    if sys.version_info >= (3, 12):
        inspect.markcoroutinefunction(function)
    else:
        function.__dict__["_is_coroutine"] = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]


@with_verbs(mark_coroutine_function)
class AsyncSession(BaseSession[Coroutine[Any, Any, AsyncResponse], "AsyncOpenStream"]):
    """Settings, cookies and connections for many requests; for many tasks at once.

    Use it with ``async with``, or await :meth:`close`.  Every argument is also an
    attribute, which may be changed later.  The verbs, :meth:`request` and :meth:`send`
    are awaited for an :class:`~ulak.AsyncResponse`; hooks may be ``async`` functions;
    bodies may also be asynchronous iterables and files.
    """

    _response_class: ClassVar[type[BaseResponse]] = AsyncResponse
    _adapter_base: ClassVar[str] = "ulak.AsyncHTTPAdapter or ulak.AsyncBaseAdapter"
    _asynchronous: ClassVar[bool] = True
    #: Where it was made, for a warning.
    _made_at: str = ""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        super().__setstate__(state)
        self._begin_life()

    def _begin_life(self) -> None:
        self._made_at = caller()
        #: What is awaited besides the adapters, and where.
        self._waits: set[tuple[asyncio.AbstractEventLoop, asyncio.Timeout]] = set()

    def _set_up(self) -> None:
        self._begin_life()
        adapter = AsyncHTTPAdapter()
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    @property
    def _overrides_send(self) -> bool:
        return type(self).send is not _OWN_SEND or "send" in self.__dict__

    async def _perform(self, call: Call) -> AsyncResponse:
        prepared, options = self._begin(call)
        raises = prepared._raises
        response = await self.send(prepared, **options)
        if raises and response._is_error():
            # Where an overridden send left it unread:
            await response._load_at_most(SKIM_LIMIT, ERROR_TIME)
            response.raise_for_status()
        return response

    #: Who forgets an ``await`` is told so of what he called.
    _perform.__qualname__ = "AsyncSession.request"

    def _open_stream(self, method: str, url: str | bytes, options: Any) -> AsyncOpenStream:
        return AsyncOpenStream(self, method, url, options)

    async def send(self, request: PreparedRequest, **kwargs: Any) -> AsyncResponse:
        """Send a prepared request; an override point, called on every redirect too.

        :param kwargs: ``stream``, ``timeout``, ``verify``, ``cert``, ``proxies``,
            ``allow_redirects``, ``retries``, ``max_body_size``, ``https_only`` and
            ``address_policy``, as for :meth:`request`; what is not given is the
            session's.
        :raises RequestException: of the class that names what failed.
        """
        steps = self._converse(request, kwargs)
        if request.body is not None:
            await self._note_position(request, kwargs["timeout"])
        outcome: Any = None
        failure: BaseException | None = None
        try:
            while True:  # carry out the steps; every failure goes back into the conversation
                try:
                    step: Any = steps.send(outcome) if failure is None else steps.throw(failure)
                except StopIteration as stop:
                    return stop.value  # type: ignore[no-any-return]
                outcome = failure = None
                try:
                    kind = type(step)
                    if kind is Send:
                        sent = step.request
                        adapter = self.get_adapter(url=sent.url or "")
                        kwargs["timeout"] = step.timeout  # hooks are told what was sent
                        kwargs["proxies"] = step.proxies
                        start = perf_counter()
                        outcome = await adapter.send(sent, **kwargs)
                        self._accept(outcome, sent, adapter, start)
                    elif kind is not Load:
                        outcome = await _OTHER_STEPS[kind](self, step, kwargs)
                    else:
                        await step.response._load()
                except BaseException as exc:
                    failure = exc
        finally:
            del failure  # its traceback holds this frame

    async def _resend(self, step: Resend, options: dict[str, Any]) -> AsyncResponse:
        again = step.options(options)
        return await self.send(step.request, allow_redirects=False, **again)

    async def _run_hooks(self, step: Hooks, options: dict[str, Any]) -> Any:
        calls = hook_calls("response", step.request.hooks, step.response, **options)
        outcome: Any = None
        while True:
            try:
                outcome = calls.send(outcome)
            except StopIteration as stop:
                return stop.value
            if isinstance(outcome, Awaitable):
                outcome = await outcome

    async def _skim(self, step: Skim, options: dict[str, Any]) -> None:
        await step.response._load_at_most(SKIM_LIMIT, step.seconds)  # type: ignore[attr-defined]  # ours

    async def _close_response(self, step: Close, options: dict[str, Any]) -> None:
        await step.response.aclose()  # type: ignore[attr-defined]  # ours

    async def _rewind(self, step: Rewind, options: dict[str, Any]) -> None:
        request = step.request
        rewinding = rewind(request.body, request._body_position)
        await self._while_open(rewinding, step.deadline, request)

    async def _pause(self, step: Pause, options: dict[str, Any]) -> None:
        await self._while_open(asyncio.sleep(step.seconds), None, step.request)

    async def _note_position(self, request: PreparedRequest, timeout: Any) -> None:
        """Note where an asynchronous file is, to send it again from there."""
        if _bodies.is_async_readable(request.body) and request._body_position is None:
            total = Timeout.of(timeout).total
            deadline = None if total is None else monotonic() + total
            telling = position_of(request.body)
            request._body_position = await self._while_open(telling, deadline, request)

    async def _while_open(
        self,
        awaitable: Awaitable[T],
        deadline: float | None = None,
        request: PreparedRequest | None = None,
    ) -> T:
        """What ``awaitable`` returns, if that comes in time, and before the session is closed.

        :param deadline: of ``request``, by :func:`time.monotonic`.
        :raises TotalTimeout, SessionClosed: when it does not.
        """
        scope = asyncio.timeout(None if deadline is None else deadline - monotonic())
        wait = asyncio.get_running_loop(), scope
        closings = self._closings
        try:
            async with scope:
                self._waits.add(wait)
                return await awaitable
        except TimeoutError as exc:
            if not scope.expired():  # the caller's file has time-outs of its own
                raise
            if self._closings != closings:
                closed = f"{about(request)}the session was closed"
                raise SessionClosed(closed, request=request) from exc
            late = f"{about(request)}the deadline passed while finding where the body begins"
            raise TotalTimeout(late, request=request) from exc
        finally:
            self._waits.discard(wait)

    def _cut_short(self, wait: tuple[asyncio.AbstractEventLoop, asyncio.Timeout]) -> None:
        loop, scope = wait
        if wait in self._waits and not scope.expired():
            scope.reschedule(loop.time())

    @overload
    def gather(
        self,
        requests: Iterable[Item] | AsyncIterable[Item],
        *,
        limit: int = 50,
        per_host: int | None = None,
        in_order: bool = True,
        return_exceptions: Literal[False] = False,
    ) -> AsyncGathering[AsyncResponse]: ...
    @overload
    def gather(
        self,
        requests: Iterable[Item] | AsyncIterable[Item],
        *,
        limit: int = 50,
        per_host: int | None = None,
        in_order: bool = True,
        return_exceptions: bool,
    ) -> AsyncGathering[AsyncResponse | Exception]: ...
    def gather(
        self,
        requests: Iterable[Item] | AsyncIterable[Item],
        *,
        limit: int = 50,
        per_host: int | None = None,
        in_order: bool = True,
        return_exceptions: bool = False,
    ) -> AsyncGathering[Any]:
        """Send many requests at once, a task for each.

        ``await session.gather(urls)`` gives the list of the responses; ``async for response
        in session.gather(urls)`` hands them out one by one.  Nothing begins before that.

        Iterating is lazy: ``requests`` is asked for more only while responses are taken,
        so it may be endless; what is ahead of the consumer is bounded.  Leaving the loop
        early cancels what is under way; to wait until that is done, use
        :func:`contextlib.aclosing`.

        :param requests: an iterable, or an asynchronous one, of URLs (GET) and
            :class:`~ulak.Request`, which are sent as by :meth:`request`, and of
            :class:`~ulak.PreparedRequest`, which are sent as by :meth:`send`.
        :param limit: how many are under way at once.
        :param per_host: how many of them to the same scheme, host and port.  One whose
            host is busy waits aside while others go.  A redirect counts for the host
            that the request was for at first.
        :param in_order: hand out the responses in the order of ``requests``; else as
            they come.
        :param return_exceptions: hand out what a request raised in the place of its
            response; else the first failure is raised as soon as it is known, after
            everything under way was cancelled and has ended.
        :returns: what is awaited or iterated over, once; the responses' bodies are read,
            unless the session's ``stream`` is set.  Its ``with_items()`` makes that
            pairs: an item of ``requests``, as it was given, and the response to it.
        :raises InvalidOption: at once, when an argument makes no sense.
        :raises RequestException: when awaited; what an item that cannot be sent raises
            is a failure of that request.
        """
        from ._gathering import AsyncGathering
        from ._policy.gathering import Schedule

        schedule = Schedule(
            limit=limit,
            per_host=per_host,
            in_order=in_order,
            return_exceptions=return_exceptions,
            holds=bool(self._streams),
        )
        return AsyncGathering(self, requests, schedule)

    async def close(self) -> None:
        """Close every connection, those of unread responses too.  Harmless when repeated.

        Requests that are under way end with :class:`~ulak.exceptions.SessionClosed`.
        """
        self._closings += 1
        for wait in list(self._waits):
            try:
                wait[0].call_soon_threadsafe(self._cut_short, wait)
            except RuntimeError:  # its loop is closed, and waits no more
                self._waits.discard(wait)
        for adapter in {id(each): each for each in self.adapters.values()}.values():
            await adapter.close()

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __enter__(self) -> None:
        """Say which ``with`` is meant.

        :raises TypeError: always.
        """
        raise TypeError("use `async with` with an AsyncSession")

    def __exit__(self, *exc_info: object) -> None:
        """Never called."""

    def __del__(self) -> None:
        """Warn of connections that nobody will close."""
        adapters = self.__dict__.get("adapters", {}).values()
        if not sys.is_finalizing() and any(getattr(x, "_is_open", False) for x in adapters):
            import warnings

            warnings.warn(
                f"unclosed {self!r}, made at {self._made_at}: "
                "use `async with`, or `await session.close()`",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )


_OWN_SEND = AsyncSession.send

_OTHER_STEPS: dict[type, Any] = {
    Hooks: AsyncSession._run_hooks,
    Skim: AsyncSession._skim,
    Close: AsyncSession._close_response,
    Rewind: AsyncSession._rewind,
    Pause: AsyncSession._pause,
    Resend: AsyncSession._resend,
}


class AsyncOpenStream(Unentered):
    """One streamed request: sent when its ``async with`` block begins, closed when that ends."""

    def __init__(self, session: AsyncSession, method: str, url: str | bytes, options: Any) -> None:
        super().__init__()
        self._call = session, method, url, options
        self._response: AsyncResponse | None = None

    def __await__(self) -> NoReturn:
        """Say what to do instead.

        :raises TypeError: always.
        """
        self._made_at = ""  # enough is said
        raise TypeError("use `async with session.stream(...) as response`")

    __enter__ = __await__

    def __exit__(self, *exc_info: object) -> None:
        """Never called."""

    async def __aenter__(self) -> AsyncResponse:
        self._made_at = ""
        session, method, url, options = self._call
        self._response = await session.request(method, url, **options)
        return self._response

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._response is not None:
            await self._response.aclose()
