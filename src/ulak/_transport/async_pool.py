"""The connections of one adapter on one event loop, and an exchange over one of them.

Who may use which connection is decided in :mod:`ulak._protocol.pool`; here its
word is carried out: connections are opened and closed, tasks wait and are woken.
An exchange takes a connection, sends the request, reads the head of the answer, and
leaves the connection to the response or gives it back.  On every way out, that of
a cancelled task too, the connection is given back or closed, and what was handed to
a task that is no more goes to the next.
"""

from __future__ import annotations

import asyncio
import os
import sys
import warnings
from contextlib import suppress
from ssl import CERT_NONE
from time import monotonic
from typing import TYPE_CHECKING, Any

from urllib3 import exceptions as lower

from .._callers import stacklevel
from .._errors import as_urllib3
from .._protocol import h1
from .._protocol.exchange import ANSWER_WAIT
from .._protocol.pool import Limits, Pool
from .._protocol.reuse import may_send_again
from . import async_source, clock
from .async_connection import new_buffer
from .async_dial import Resolver
from .async_limit import Limit
from .async_outbox import FEW, Outbox
from .async_response import AsyncRawResponse
from .async_route import Dialler, Progress, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..timeouts import Timeout
    from .async_connection import AsyncConnection
    from .clock import Deadline
    from .payload import Payload

__all__ = ["AsyncPool"]

#: Seconds that closing waits for sockets to be closed, which takes one turn of the loop.
_CLOSE_WAIT = 1.0


class _Waiter:
    """A task in the queue, and what it waits for."""

    __slots__ = ("future", "route")

    def __init__(self, route: Route, future: asyncio.Future[AsyncConnection | None]) -> None:
        self.route = route
        self.future = future

    def serve(self, conn: AsyncConnection | None) -> bool:
        """Wake it; ``False`` when it waits no more."""
        if self.future.done():
            return False
        self.future.set_result(conn)
        return True

    def refuse(self) -> None:
        """Let its wait fail: the session was closed."""
        if not self.future.done():
            self.future.set_exception(_session_closed())

    @property
    def was_served(self) -> bool:
        """Whether it got something that nobody else will care for."""
        future = self.future
        return future.done() and not future.cancelled() and future.exception() is None


class AsyncPool:
    """All connections of one adapter that belong to one loop; for its thread only."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        *,
        source_address: tuple[str, int] | str | None = None,
        socket_options: Sequence[tuple[Any, ...]] = (),
        unix_socket: str | None = None,
    ) -> None:
        self._loop = loop
        self._book: Pool[Route, AsyncConnection, _Waiter] = Pool(limits)
        self._expires = limits.keepalive_expiry is not None or limits.max_age is not None
        self._sweeper: asyncio.TimerHandle | None = None
        #: Connections whose sockets are not closed yet.
        self._live: set[AsyncConnection] = set()
        #: What is awaited besides connections, to be cut short when this is closed.
        self._scopes: set[asyncio.Timeout] = set()
        self._emptied: asyncio.Future[None] | None = None
        #: Whether it was closed: it opens nothing more.
        self.is_closed: bool = False
        self._outbox = Outbox(loop)
        #: How many requests are under way whose answer has not begun.
        self._asking = 0
        self._dialler = Dialler(
            loop,
            Resolver(),
            source_address,
            socket_options,
            unix_socket,
            None if sys.platform == "win32" else new_buffer(),  # there many are received at once
            self._gone,
        )

    def routes(self) -> list[Route]:
        """Those that connections or waiting tasks belong to."""
        return self._book.keys()

    @property
    def is_empty(self) -> bool:
        """Whether no socket is open."""
        return not self._live

    # An exchange.

    async def exchange(  # noqa: PLR0913 - what there is to know of a request
        self,
        route: Route,
        head: bytes,
        method: str,
        limits: Timeout,
        deadline: Deadline,
        payload: Payload | None,
        *,
        keep_alive: bool,
    ) -> AsyncRawResponse:
        """Send one request and read the head of its answer.

        :param head: as it goes on the wire.
        :param keep_alive: whether the connection may be used again.
        :raises urllib3.exceptions.HTTPError: when it fails; the connection is closed then.
        :raises CallerError: when reading the body does.
        """
        now = monotonic()
        conn = self._book.take(route, now)
        if self._book.doomed:
            self._close_doomed()
        at_once = payload is None or payload.goes_with_the_head
        together = at_once and self._asking >= FEW  # then the outbox looks for news
        if conn is not None and not together and conn.has_news():
            conn = await self._take_quiet(conn, route)
        reused = True
        if conn is None:
            conn, reused = await self._connect(route, limits, deadline)
        while True:
            parser = h1.ResponseParser(method, keep_alive=keep_alive)
            self._asking += 1
            try:
                conn.begin(parser, deadline)
                whole = True
                if at_once:
                    self._send(conn, head, payload, together=together and reused)
                elif payload is not None:
                    whole = await conn.send(head, payload, limits.write)
                while parser.head is None:
                    conn.check()
                    await conn.wait(limits.read if whole else ANSWER_WAIT)
                break
            except (OSError, h1.ProtocolViolation) as exc:
                again = reused and may_send_again(
                    method,
                    exc,
                    sent=not conn.unsent,
                    answered=parser.started,
                    replayable=payload is None or payload.is_replayable(),
                )
                if not again or conn.aborted:
                    self.give_back(conn, reusable=False)
                    raise as_urllib3(exc, aborted=conn.aborted) from exc
            except BaseException:
                self.give_back(conn, reusable=False)
                raise
            finally:
                self._asking -= 1
            reused = False
            conn = await self._replace(conn, route, limits, deadline, payload)
        return AsyncRawResponse(parser.head, parser, conn, self, limit=limits.read, whole=whole)

    def _send(
        self, conn: AsyncConnection, head: bytes, payload: Payload | None, *, together: bool
    ) -> None:
        """Send a request that is one piece: now, or ``together`` with others."""
        conn.unsent = head
        if payload is not None:
            conn.unsent += payload.body
            conn.has_body = True
        if together:
            self._outbox.add(conn)
        else:
            conn.send_unsent()

    async def _take_quiet(
        self, conn: AsyncConnection | None, route: Route
    ) -> AsyncConnection | None:
        """An idle connection on which the server said nothing that nobody asked for."""
        while conn is not None and not await self._is_of_use(conn):
            self.give_back(conn, reusable=False)
            conn = self._book.take(route, monotonic())
        return conn

    async def _replace(
        self,
        conn: AsyncConnection,
        route: Route,
        limits: Timeout,
        deadline: Deadline,
        payload: Payload | None,
    ) -> AsyncConnection:
        """A new connection for one that was kept and turned out to be dead, in its slot."""
        conn.abort()
        self._book.vacate(conn)
        try:
            if payload is not None:
                await self._rewind(payload, deadline)
        except BaseException:
            self._release(route)
            raise
        return await self._open(route, limits, deadline)

    async def _rewind(self, payload: Payload, deadline: Deadline) -> None:
        """Make the body ready to be sent again, which takes a while if a thread still reads it."""
        limit = Limit(None, deadline, "sending the request")
        try:
            async with limit.scope:
                self._scopes.add(limit.scope)
                await async_source.rewind(payload.body, payload.position)
        except TimeoutError as exc:
            if not limit.scope.expired():  # it is the body's own
                raise
            raise (_session_closed() if self.is_closed else limit.late(exc)) from exc
        finally:
            self._scopes.discard(limit.scope)

    # Getting a connection.

    async def _connect(
        self, route: Route, limits: Timeout, deadline: Deadline
    ) -> tuple[AsyncConnection, bool]:
        """A new connection, or one that comes free first; and whether it was used before.

        :raises urllib3.exceptions.EmptyPoolError: when there was none within
            ``limits.pool`` seconds.
        """
        if self.is_closed:
            raise _session_closed()
        if self._book.reserve(route):
            self._close_doomed()
        else:
            served = await self._wait(route, limits.pool, deadline)
            if served is not None:
                if await self._is_of_use(served):
                    return served, True
                served.abort()
                self._book.vacate(served)
        return await self._open(route, limits, deadline), False

    async def _is_of_use(self, conn: AsyncConnection) -> bool:
        """Whether a kept connection is open, and the server said nothing nobody asked for.

        It is given up when looking is.
        """
        try:
            return not conn.closed and (not conn.has_news() or await conn.hear_news())
        except BaseException:
            self.give_back(conn, reusable=False)
            raise

    async def _wait(
        self, route: Route, seconds: float | None, deadline: Deadline
    ) -> AsyncConnection | None:
        """Wait in the queue for a connection, or for leave to open one."""
        limit = Limit(seconds, deadline, "waiting for a free connection")
        waiter = _Waiter(route, self._loop.create_future())
        self._book.wait(route, waiter)
        try:
            async with limit.scope:
                return await waiter.future
        except BaseException as exc:
            if not self._book.forget(route, waiter) and waiter.was_served:
                self._pass_on(route, waiter.future.result())
            if not isinstance(exc, TimeoutError):
                raise
            none = lower.EmptyPoolError(None, f"{seconds} s")  # type: ignore[arg-type]
            raise limit.late(none) from exc

    def _pass_on(self, route: Route, conn: AsyncConnection | None) -> None:
        """Give away what a task was served that is gone."""
        if conn is None:
            self._release(route)
        else:
            self.give_back(conn, reusable=not conn.closed)

    async def _open(self, route: Route, limits: Timeout, deadline: Deadline) -> AsyncConnection:
        """Open a connection in the slot that is reserved for it."""
        try:
            if self.is_closed:  # since the slot was given
                raise _session_closed()
            if route.context is not None and route.context.verify_mode == CERT_NONE:
                warnings.warn(
                    f"the certificate of {route.host} is not verified (verify=False)",
                    lower.InsecureRequestWarning,
                    stacklevel=stacklevel(),
                )
            conn = await self._dial(route, limits, deadline)
        except BaseException:
            self._release(route)
            raise
        self._book.opened(route, conn, monotonic())
        return conn

    async def _dial(self, route: Route, limits: Timeout, deadline: Deadline) -> AsyncConnection:
        """A connection along ``route``, within the time to connect."""
        limit = Limit(limits.connect, deadline, "connecting")
        progress = Progress()
        try:
            async with limit.scope:
                self._scopes.add(limit.scope)
                conn = await self._dialler.open(route, progress)
                self._live.add(conn)
        except TimeoutError as exc:
            if self.is_closed:
                raise _session_closed() from exc
            limit.doing = progress.doing
            said = clock.ran_out(limits.connect, progress.doing)
            late = limit.late(lower.ConnectTimeoutError(None, said))
            if not progress.is_beyond_proxy:
                late = lower.ProxyError("Unable to connect to proxy", late)
            raise late from exc
        finally:
            self._scopes.discard(limit.scope)
        if self.is_closed:
            conn.abort()
            raise _session_closed()
        return conn

    # Being done with one.

    def give_back(self, conn: AsyncConnection, reusable: bool) -> None:
        """Keep ``conn`` for the next exchange, or close it."""
        book = self._book
        if reusable and not conn.closed and conn.is_clear():
            conn.rest()
            book.give_back(conn, monotonic(), True)
            if self._expires and self._sweeper is None:
                self._sweep()
        else:
            conn.parser = None
            conn.abort()
            book.give_back(conn, 0.0, False)
        if book.served or book.doomed:
            self._serve()

    def give_up_soon(self, conn: AsyncConnection) -> None:
        """Close ``conn``, which a response held that was dropped; from any thread."""
        with suppress(RuntimeError):  # the loop is closed, and its sockets are
            self._loop.call_soon_threadsafe(self.give_back, conn, False)

    def _release(self, route: Route) -> None:
        self._book.release(route)
        self._serve()

    def _serve(self) -> None:
        """Wake those whose wait is over, and close what is of no use any more."""
        book = self._book
        while book.served:
            waiter, conn = book.served.pop(0)
            if waiter.serve(conn):
                continue
            if conn is None:
                book.release(waiter.route)
            else:
                book.give_back(conn, monotonic(), reusable=not conn.closed)
        if book.doomed:
            self._close_doomed()

    def _close_doomed(self) -> None:
        doomed = self._book.doomed
        while doomed:
            doomed.pop().abort()

    def _gone(self, conn: AsyncConnection) -> None:
        """A connection was closed, by whomever."""
        self._live.discard(conn)
        self._book.lost(conn)
        if not self._live and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    def _sweep(self) -> None:
        """Close what was idle for too long, and come back for the next."""
        self._sweeper = None
        now = monotonic()
        when = self._book.expire(now)
        self._close_doomed()
        if when is not None:
            self._sweeper = self._loop.call_later(max(0.0, when - now), self._sweep)

    # The end.

    def abort(self) -> None:
        """Close every connection; what is under way ends with an error."""
        self.is_closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for waiter in self._book.drain():
            waiter.refuse()
        self._close_doomed()
        for scope in list(self._scopes):
            if not scope.expired():
                scope.reschedule(self._loop.time())
        for conn in list(self._live):
            conn.abort_from_outside()

    def forget(self) -> None:
        """Close the sockets of a loop that runs no more."""
        self.is_closed = True
        for conn in list(self._live):
            conn.forget()
        self._live.clear()

    def drop_after_fork(self) -> None:
        """In a forked child: part with the parent's connections, and leave the loop alone.

        What the loop polls with is the parent's, too: a transport that is closed here would be
        heard no more there.
        """
        self.is_closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            for conn in list(self._live):
                conn.drop_after_fork(nothing)
        finally:
            os.close(nothing)

    async def close(self) -> None:
        """:meth:`abort`, and wait until the sockets are closed."""
        self.abort()
        if self._live:
            self._emptied = self._loop.create_future()
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_WAIT):
                    await self._emptied


def _session_closed() -> Exception:
    return lower.ClosedPoolError(None, "the session was closed")  # type: ignore[arg-type]
