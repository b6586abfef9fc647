"""``gather``: many requests at once, on threads or on asyncio.

What may begin, be pulled or be handed out is decided in :mod:`ulak._policy.gathering`.
Here are the two that carry it out.  Both are driven by the consumer: the caller's
iterator is advanced, and the next request begun, when the consumer asks for the next
response, and not in between.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from ._callers import caller, warn_unused
from ._response import BaseResponse
from ._urls import as_text, join_base, parse
from .exceptions import InvalidOption, RequestException, SessionClosed
from .models import PreparedRequest, Request

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Generator, Iterable, Iterator
    from typing import Self

    from ._policy.gathering import Flight, Schedule

    #: What can be gathered.
    Item: TypeAlias = str | bytes | Request | PreparedRequest
    #: A flight, and the response or the exception that it ended with.
    Landing: TypeAlias = tuple[Flight, Any]

__all__ = ["AsyncGathering", "Gathering"]

#: What is handed out.
R = TypeVar("R")


class _Front(Protocol):
    """A session: its methods return a response, or what is awaited for one."""

    base_url: str | None

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> Any: ...
    def send(self, request: PreparedRequest, **kwargs: Any) -> Any: ...


class _SyncFront(_Front, Protocol):
    """A session for threads."""

    _closings: int

    def _retire(self) -> None: ...


def _send(session: _Front, item: Any) -> Any:
    """What the session's own methods give for one item.

    :raises InvalidOption: when it is nothing that can be sent.
    """
    if isinstance(item, str | bytes):
        return session.request("GET", item)
    if isinstance(item, PreparedRequest):
        return session.send(item)
    if isinstance(item, Request):
        return session.request(
            item.method,  # type: ignore[arg-type]  # request() says what is wrong with None
            item.url,  # type: ignore[arg-type]  # likewise
            params=item.params,
            data=item.data,
            headers=item.headers,
            cookies=item.cookies,
            files=item.files,
            auth=item.auth,
            hooks=item.hooks,
            json=item.json,
        )
    hint = " (coroutines: asyncio.gather)" if isinstance(item, Awaitable) else ""
    raise InvalidOption(
        "gather() sends URLs (str or bytes), ulak.Request and ulak.PreparedRequest, "
        f"not {type(item).__name__}{hint}"
    )


def _origin(session: _Front, item: Any) -> tuple[str, str, int] | None:
    """Where ``item`` goes first; ``None`` for one that will fail before it goes anywhere."""
    try:
        if isinstance(item, PreparedRequest):
            return parse(item.url or "").origin
        url = item.url if isinstance(item, Request) else item
        return parse(join_base(session.base_url or "", as_text(url))).origin
    except RequestException:
        return None


def _iterator(requests: Any) -> Iterator[Any]:
    """An iterator of the items.

    :raises InvalidOption: when ``requests`` is a single one, or nothing to iterate over.
    """
    if not isinstance(requests, str | bytes):
        try:
            return iter(requests)
        except TypeError:
            pass
    raise InvalidOption(
        "gather() takes an iterable of requests, such as a list of URLs, "
        f"not {type(requests).__name__}"
    )


class _Driver:
    """What both drivers do between one wait and the next."""

    def __init__(self, session: _Front, schedule: Schedule) -> None:
        self.session = session
        self.schedule = schedule
        #: What landed and was not taken in yet.
        self.landed: deque[Landing] = deque()

    @abstractmethod
    def begin(self, flight: Flight | None) -> None:
        """Send what is in ``flight``; its end will be in :attr:`landed`."""

    def take_in(self) -> None:
        """Take in what landed, and begin what has its places.

        :raises BaseException: the first failure, when it ends the gathering.
        """
        while self.landed:
            self.begin(self.schedule.land(*self.landed.popleft()))

    def fill(self, source: Iterator[Any]) -> None:
        """Pull while there is room."""
        while self.schedule.may_pull:
            try:
                item = next(source)
            except StopIteration:
                self.schedule.end()
            else:
                self.add(item)

    def add(self, item: Any) -> None:
        """Begin ``item``, or set it aside."""
        apart = self.schedule.tells_hosts_apart
        self.begin(self.schedule.add(item, _origin(self.session, item) if apart else None))

    def untaken(self) -> Iterator[BaseResponse]:
        """The responses that landed and were not taken in; for any thread."""
        while True:
            try:
                outcome = self.landed.popleft()[1]
            except IndexError:
                return
            if isinstance(outcome, BaseResponse):
                yield outcome

    def unclaimed(self) -> Iterator[BaseResponse]:
        """All the responses that landed, and that nobody will get now."""
        yield from self.untaken()
        yield from (x for x in self.schedule.unclaimed() if isinstance(x, BaseResponse))


class _Once:
    """What both kinds of gathering know of their use: there is one, or the lack of it is told."""

    #: Whether it was begun, or was not even made.
    _begun: bool = True
    #: Whether nothing more is handed out.
    _is_over: bool = False
    #: What somebody should have done.
    _use: str

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._made_at = caller()
        self._begun = False

    def _pair(self) -> None:
        """Hand out pairs.

        :raises InvalidOption: when something was handed out already.
        """
        if self._begun:
            raise _has_begun()
        self._schedule.with_items = True

    def __repr__(self) -> str:
        state = repr(self._schedule) if self._begun else "not begun"
        return f"<{type(self).__name__}: {'over' if self._is_over else state}>"

    def __del__(self) -> None:
        """Tell of one that did nothing."""
        if not self._begun:
            warn_unused(self, f"gather(…), made at {self._made_at}, was never {self._use}")


def _has_begun() -> InvalidOption:
    return InvalidOption("this gathering has begun already; call gather() again")


# On threads.


class Gathering(_Once, Generic[R]):
    """Many requests at once, used once: an iterator over the responses.

    It begins with the first that is asked for.  Leaving the loop early lets nothing more
    begin, and so does :meth:`close`.
    """

    _use = "iterated over"

    def __init__(self, session: _SyncFront, requests: Iterable[Item], schedule: Schedule) -> None:
        """Begin nothing yet.

        :raises InvalidOption: when ``requests`` cannot be iterated over.
        """
        self._responses: Generator[R, None, None] = _gather(session, _iterator(requests), schedule)
        super().__init__(schedule)

    def with_items(self) -> Gathering[tuple[Any, R]]:
        """This gathering, handing out pairs: what it was given, and the response to that.

        :raises InvalidOption: when it has begun.
        """
        self._pair()
        return self  # type: ignore[return-value]  # what it hands out is other from here on

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> R:
        self._begun = True
        try:
            return next(self._responses)
        except BaseException:
            self._is_over = True
            raise

    def close(self) -> None:
        """Let nothing more begin; what is under way ends by itself, and is closed."""
        self._begun = self._is_over = True
        self._responses.close()


def _gather(
    session: _SyncFront, source: Iterator[Any], schedule: Schedule
) -> Generator[Any, None, None]:
    crew = _Crew(session, schedule)
    try:
        while True:
            crew.news.clear()
            crew.take_in()
            crew.fill(source)
            if schedule.is_ready:
                yield schedule.hand_out()
            elif schedule.is_over:
                return
            else:
                crew.news.wait()
    finally:
        crew.dismiss()


class _Crew(_Driver):
    """Threads that send, as many as there ever are flights at once.

    They end when they are dismissed, each after the request that it is at; a program
    that ends does not wait for them.
    """

    session: _SyncFront

    def __init__(self, session: _SyncFront, schedule: Schedule) -> None:
        from queue import SimpleQueue
        from threading import Event

        super().__init__(session, schedule)
        self._closings = session._closings
        #: Set when something landed.
        self.news = Event()
        self._orders: SimpleQueue[Flight | None] = SimpleQueue()
        self._threads = 0
        self._dismissed = False

    def begin(self, flight: Flight | None) -> None:
        if flight is None:
            return
        if self.schedule.flying > self._threads:
            self._hire()
        self._orders.put(flight)

    def _hire(self) -> None:
        from threading import Thread

        Thread(target=self._work, name=f"ulak-gather-{self._threads}", daemon=True).start()
        self._threads += 1

    def _work(self) -> None:
        while (flight := self._orders.get()) is not None:
            self.landed.append((flight, self._outcome(flight.item)))
            self.news.set()
            if self._dismissed:  # whoever dismissed us may have looked before that
                _close(self.untaken())
            if self.session._closings != self._closings:  # it may have opened a connection since
                self.session._retire()
            del flight  # not to be kept while there is nothing to do

    def _outcome(self, item: Any) -> Any:
        """The response, or the exception that there was instead."""
        try:
            return _send(self.session, item)
        except BaseException as exc:
            return exc

    def dismiss(self) -> None:
        """Let nothing more begin, and let the threads end."""
        self._dismissed = True
        for _ in range(self._threads):
            self._orders.put(None)
        _close(self.unclaimed())


def _close(responses: Iterator[BaseResponse]) -> None:
    for response in responses:
        response.close()  # type: ignore[attr-defined]  # a Session's have it


# On asyncio.


class AsyncGathering(_Once, Generic[R]):
    """Many requests at once, used once: awaited for a list, or iterated over.

    ``await gathering`` gives the list of the responses; ``async for response in gathering``
    one after the other.  It begins nothing before that.  Leaving the loop early cancels
    what is in flight; :meth:`aclose` does so and waits until it is done.
    """

    _use = "awaited or iterated over"

    def __init__(
        self,
        session: _Front,
        requests: Iterable[Item] | AsyncIterable[Item],
        schedule: Schedule,
    ) -> None:
        """Begin nothing yet.

        :raises InvalidOption: when ``requests`` cannot be iterated over.
        """
        source = aiter(requests) if isinstance(requests, AsyncIterable) else _iterator(requests)
        self._flights = _Flights(session, schedule)
        self._responses: AsyncGenerator[R, None] = _gather_async(self._flights, source)
        self._reading = False
        super().__init__(schedule)

    def with_items(self) -> AsyncGathering[tuple[Any, R]]:
        """This gathering, handing out pairs: what it was given, and the response to that.

        :raises InvalidOption: when it has begun.
        """
        self._pair()
        return self  # type: ignore[return-value]  # what it hands out is other from here on

    def __await__(self) -> Generator[Any, Any, list[R]]:
        if self._begun:
            raise _has_begun()
        self._begun = True
        if self._flights.schedule.holds:
            raise InvalidOption(
                "responses that are streamed hold their connections, so that a list of all might "
                "never be complete; use `async for` and close each, or do not stream"
            )
        return self._collect().__await__()

    async def _collect(self) -> list[R]:
        return [response async for response in self]

    def __aiter__(self) -> Self:
        return self

    def __iter__(self) -> None:
        """Say which ``for`` is meant.

        :raises TypeError: always.
        """
        self._begun = True  # enough is said
        raise TypeError("use `async for` with the gather() of an AsyncSession, or await it")

    def __anext__(self) -> Awaitable[R]:
        self._begun = True
        return self._next()

    async def _next(self) -> R:
        if self._reading:
            raise InvalidOption("another task takes the responses of this gathering")
        self._reading = True
        try:
            return await self._responses.__anext__()
        except BaseException:
            self._is_over = True
            raise
        finally:
            self._reading = False

    async def aclose(self) -> None:
        """Cancel what is in flight, and return when nothing is left of it.

        A task that waits for the next response meanwhile gets a SessionClosed.
        """
        self._begun = self._is_over = True
        if self._reading:
            await self._flights.cancel()
        else:
            await self._responses.aclose()


async def _gather_async(
    flights: _Flights, source: Iterator[Any] | AsyncIterator[Any]
) -> AsyncGenerator[Any, None]:
    schedule = flights.schedule
    try:
        while True:
            if flights.is_cancelled:
                raise SessionClosed("the gathering was closed")
            flights.news.clear()
            flights.take_in()
            if isinstance(source, AsyncIterator):
                flights.fill_from(source)
            else:
                flights.fill(source)
            if schedule.is_ready:
                yield schedule.hand_out()
            elif schedule.is_over:
                return
            else:
                await flights.news.wait()
    finally:
        await flights.cancel()


class _Flights(_Driver):
    """A task for each request, and one for an asynchronous source.

    That one is advanced in a task of its own, always the same, so that a slow source
    holds up no response.
    """

    def __init__(self, session: _Front, schedule: Schedule) -> None:
        import asyncio

        super().__init__(session, schedule)
        #: Set when something landed, or the source ended.
        self.news = asyncio.Event()
        self._tasks: dict[asyncio.Task[Any], Flight] = {}
        self._pulling: asyncio.Task[None] | None = None
        #: Set when there may be room for more.
        self._room = asyncio.Event()
        self.is_cancelled = False

    def begin(self, flight: Flight | None) -> None:
        if flight is None or self.is_cancelled:
            return
        from asyncio import create_task

        task = create_task(_answer(self.session, flight.item))
        self._tasks[task] = flight
        task.add_done_callback(self._has_landed)

    def _has_landed(self, task: asyncio.Task[Any]) -> None:
        self.landed.append((self._tasks.pop(task), _outcome(task)))
        self.news.set()

    def take_in(self) -> None:
        super().take_in()
        if self._pulling is not None and self._pulling.done():
            self._pulling.result()

    def fill_from(self, source: AsyncIterator[Any]) -> None:
        """Let the source be advanced while there is room."""
        if self._pulling is None:
            from asyncio import create_task

            self._pulling = create_task(self._pull(source))
            self._pulling.add_done_callback(self._has_pulled)
        self._room.set()

    async def _pull(self, source: AsyncIterator[Any]) -> None:
        while await self._room.wait():
            self._room.clear()
            while self.schedule.may_pull:
                try:
                    item = await anext(source)
                except StopAsyncIteration:
                    self.schedule.end()
                    return
                self.add(item)

    def _has_pulled(self, task: asyncio.Task[None]) -> None:
        _outcome(task)  # so that a failure is not reported when nobody asks for it any more
        self.news.set()

    async def cancel(self) -> None:
        """Cancel everything, and return when it has ended, whoever cancels this meanwhile."""
        from asyncio import CancelledError, wait

        self.is_cancelled = True
        self.news.set()
        interruption = None
        while unfinished := self._unfinished():
            for task in unfinished:
                task.cancel()
            try:
                await wait(unfinished)
            except CancelledError as exc:
                interruption = exc
        self._pulling = None
        for response in self.unclaimed():
            await response.aclose()  # type: ignore[attr-defined]  # an AsyncSession's have it
        try:
            if interruption is not None:
                raise interruption
        finally:
            del interruption  # its traceback holds this frame

    def _unfinished(self) -> list[asyncio.Task[Any]]:
        tasks = [*self._tasks]
        if self._pulling is not None and not self._pulling.done():
            tasks.append(self._pulling)
        return tasks


async def _answer(session: _Front, item: Any) -> Any:
    return await _send(session, item)


def _outcome(task: asyncio.Task[Any]) -> Any:
    """The response, or the exception that there was instead."""
    if task.cancelled():
        from asyncio import CancelledError

        return CancelledError()
    error = task.exception()
    return task.result() if error is None else error
