"""One asyncio connection: what the loop brings goes to the codec, one exchange at a time.

Theory of operation
===================

The event loop calls the methods of :class:`asyncio.BufferedProtocol`; one task at a
time carries out an exchange and waits.  What arrives is parsed at once, in
:meth:`~AsyncConnection.buffer_updated`; the task is woken only for what it waits
for: the head, the next piece of the body, or with a *sink* the end of all of it.

The loop receives into one buffer that is always there.  With a plain
:class:`asyncio.Protocol` it would make 256 KiB of new bytes for each answer, and
throw most of them away: that alone takes longer than all that is done here.

Backpressure works both ways.  More than :data:`HIGH_WATER` bytes of a body that
nobody has taken stop the reading from the socket; more than the transport's
mark of unsent bytes stop the sending, until the peer took some.

*Time.*  Every wait has a limit of its own, and none goes past the deadline of the
request.  A timer for each wait would cost more than the wait: here one timer of a
connection is set when there is none, or when it would be late.  A wait only
notes when it expires; a timer that fires too early is set again.

A failure is kept in ``error``, for whoever waits and whoever comes next.  The
connection is then of no further use: its owner calls :meth:`~AsyncConnection.abort`.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import ssl
import sys
from contextlib import suppress
from io import BytesIO
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from urllib3 import exceptions as lower

from .._errors import TotalTimeoutError, WriteTimeoutError
from .._protocol.exchange import CONTINUE_WAIT
from .._protocol.h1 import ProtocolViolation, ResponseParser
from .._protocol.pool import Pooled
from .async_last_words import LastWords, receive_rest
from .async_source import Source, source_of
from .clock import LOOKS
from .uptake import acknowledged

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clock import Deadline, Doing
    from .payload import Payload

__all__ = ["HIGH_WATER", "AsyncConnection", "new_buffer"]

#: Bytes of a body that may lie here before reading from the socket stops.
HIGH_WATER: Final = 512 * 1024
#: Bytes in a TLS record, and how many more it takes than what is in it (RFC 8446, section 5.2).
_RECORD, _RECORD_OVERHEAD = 16384, 22
#: Most that is received at once.
BUFFER_SIZE: Final = 256 * 1024
#: In how many turns of the loop it has read what was there to be read.
_TURNS: Final = 3


def new_buffer() -> memoryview:
    """What the connections of a loop are received into."""
    return memoryview(bytearray(BUFFER_SIZE))


class AsyncConnection(Pooled, asyncio.BufferedProtocol):
    """A connection to an origin, or to a proxy for it.

    :param loop: the one that it is made on, and used on.
    :param sock: connected; it belongs to the transport from ``connection_made`` on.
    :param buffer: what is received into; other connections of the loop may have the
        same, since what is in it is taken out before the loop does anything else.
    :param gone: called with this connection when it is closed, by whomever.
    """

    __slots__ = (
        "_acked",
        "_acked_before",
        "_buffer",
        "_drained",
        "_expires",
        "_gone",
        "_hears_interim",
        "_last_words",
        "_limit",
        "_loop",
        "_moved",
        "_paused",
        "_pieces",
        "_poll",
        "_reading",
        "_sending",
        "_sink",
        "_size",
        "_sock",
        "_tcp",
        "_timer",
        "_timer_when",
        "_unsent",
        "_waiter",
        "_was_long",
        "_write_paused",
        "_written",
        "aborted",
        "before_tls",
        "closed",
        "deadline",
        "error",
        "has_body",
        "is_tls",
        "parser",
        "transport",
        "unsent",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        buffer: memoryview,
        gone: Callable[[AsyncConnection], None],
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._buffer = buffer
        self._gone = gone
        self.transport: Any = None
        #: The transport below all TLS, and what may be between the two.
        self._tcp: Any = None
        self._last_words: LastWords | None = None
        #: Reads the answer to the request that is under way; ``None`` between exchanges.
        self.parser: ResponseParser | None = None
        #: The deadline of that request.
        self.deadline: Deadline = None
        #: What ended the use of this connection.
        self.error: Exception | None = None
        #: What goes out next; when the connection was closed before that, it stays here.
        self.unsent: bytes = b""
        #: Whether the request has a body, of which some may lie in buffers after the answer.
        self.has_body: bool = False
        #: Whether TLS is spoken on it, to the origin or to a proxy.
        self.is_tls: bool = False
        #: What came before TLS was there to read it; ``None`` when TLS is not about to be.
        self.before_tls: bytes | None = None
        #: Whether the session was closed over it.
        self.aborted: bool = False
        #: Whether the socket is closed, or will be as soon as the loop goes round.
        self.closed: bool = False
        self._pieces: list[bytes] = []
        self._size = 0
        self._sink: BytesIO | None = None
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._reading: asyncio.Task[Any] | None = None
        self._write_paused = False
        self._hears_interim = False
        self._sending = False
        self._was_long = False
        self._written = self._acked_before = 0
        self._unsent = self._acked = 0
        self._moved = 0.0
        self._limit: float | None = None
        self._expires: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_when = 0.0
        self._poll: Any = None

    # What the loop calls.

    def connection_made(self, transport: Any) -> None:
        """Begin; TLS may be put on top of ``transport`` later."""
        self.transport = self._tcp = transport
        if hasattr(select, "poll"):  # not on Windows
            poll = select.poll()
            poll.register(self._sock, select.POLLIN)
            self._poll = poll.poll

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the loop is to put what comes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Parse what came, and wake the task if it waits for that."""
        data = bytes(self._buffer[:nbytes])
        parser = self.parser
        if parser is None or self.unsent:  # nobody has asked for anything
            if self.before_tls is not None:
                self.before_tls += data
                self.transport.pause_reading()
                return
            self.abort()
            self._gone(self)
            return
        if parser.complete:  # nobody asked for more than that: what is here is the last of it
            self.abort()
            return
        try:
            body = parser.feed(data)
        except ProtocolViolation as exc:
            self._fail_with(exc, parser)
            self.parser = None  # it would make anything of what comes after that
            self.abort()
            return
        if body:
            if self._sink is not None:
                self._sink.write(body)
            else:
                self._pieces.append(body)
                self._size += len(body)
                if self._size > HIGH_WATER and not self._paused and not self.closed:
                    self._paused = True
                    self.transport.pause_reading()
                    self._keep_last_words()
        if self._waiter is not None:
            if (
                parser.complete  # type: ignore[redundant-expr]  # which feed() has changed
                or (parser.head is not None and self._sink is None)
                or (self._hears_interim and parser.may_continue)
            ):
                self._wake()
            elif self._limit is not None:
                self._expires = self._next_expiry(self._limit)
        elif self._sending and parser.head is not None:
            self._rouse()  # to find that it need not send the rest

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that the socket is about to be closed, by whichever side."""
        self.closed = True
        self._last_words = None  # which refers to this
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._gone(self)
        if exc is not None and not isinstance(exc, OSError):
            # A fault of the loop's: such as that of Python 3.11, whose TLS transport cannot
            # be closed for a reason by a TLS inside it.
            broken = ConnectionAbortedError(f"the event loop closed the connection: {exc!r}")
            broken.__cause__ = exc
            exc = broken
        self._end(exc, cut=self.is_tls)

    def eof_received(self) -> None:
        """Take note that the peer sends no more; we have nothing more to tell it either.

        asyncio would close the socket when the peer has taken all that was sent to it,
        which it may never do.
        """
        self._end(None, cut=self.is_tls and not self._tls_ended())
        self.abort()
        if self.parser is None:
            self._gone(self)

    def _tls_ended(self) -> bool:
        """Whether the peer ended TLS (a ``close_notify``), and did not just close the socket.

        The loop tells of both in the same way; a read then finds the one and not the other.
        """
        try:
            return not self.transport.get_extra_info("ssl_object").read(1)
        except ssl.SSLError:  # that there is nothing to read is such an error too
            return False

    def _end(self, exc: Exception | None, *, cut: bool = False) -> None:
        """Nothing more comes: wake whoever waits, for the end of the answer or an error.

        :param cut: whether TLS was not ended before.
        """
        parser = self.parser
        if parser is not None and not parser.complete and self.error is None:
            try:
                self._take_end(parser, exc, cut=cut)
            except ProtocolViolation as error:
                self._fail_with(error, parser)
                return
            except OSError as error:
                self._fail(error)
                return
        self._rouse()

    def _take_end(self, parser: ResponseParser, exc: Exception | None, *, cut: bool) -> None:
        """Learn whether the answer is whole, now that nothing more comes.

        :raises OSError, ProtocolViolation: when it is not.
        """
        reset = exc is not None
        if exc is not None and (self._sending or self.has_body):
            self._hear_last_words()
            if parser.complete or self.error is not None:
                return
            if parser.head is not None and (self._sending or parser.remaining is not None):
                exc = None
        if exc is not None:
            raise exc
        parser.feed_eof(cut=cut, reset=reset)

    def pause_writing(self) -> None:
        """The peer does not keep up."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """The peer took most of what was sent."""
        self._write_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _hear_last_words(self) -> None:
        """Take in what the server had answered before sending to it failed.

        A server that refuses an upload often answers and closes before it has
        read it all: what it said is the answer (RFC 9110, section 10.1.1).
        """
        if not self.is_tls:  # which has heard all by now
            receive_rest(self._sock, self)

    @property
    def holds_back(self) -> bool:
        """Whether there is too much here that nobody has taken."""
        return self._paused and not self.closed

    def hear_out(self, tls: asyncio.BufferedProtocol) -> None:
        """Take in by ``tls`` what the server had answered before the connection broke."""
        self.closed = True  # nobody is to use it again, not even before TLS says that it ended
        if self._paused:
            self._go_on()
        receive_rest(self._sock, tls)

    def _keep_last_words(self) -> None:
        """Let no end of the connection go before what came; until :meth:`rest`."""
        if self.is_tls and self._last_words is None and not self._tcp.is_closing():
            self._last_words = LastWords(self._tcp, self)

    # Waiting.

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def _rouse(self) -> None:
        """Wake the task, whatever it waits for: something else happened."""
        self._wake()
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        if self._reading is not None:
            task, self._reading = self._reading, None
            task.cancel()

    def _fail(self, error: Exception) -> None:
        """Keep ``error``, and wake whoever waits."""
        if self.error is None:
            self.error = error
        self._rouse()

    def _fail_with(self, error: ProtocolViolation, parser: ResponseParser) -> None:
        """Keep ``error``, after what of the body came together with it."""
        error.in_body = parser.head is not None
        given, error.given = error.given, b""
        if given:
            self._pieces.append(given)
        self._fail(error)

    def wait(self, seconds: float | None) -> asyncio.Future[None]:
        """What to await for something to happen; ``error`` says when that is a failure.

        :param seconds: for which the peer may send nothing.
        """
        waiter = self._waiter = self._loop.create_future()
        self._limit = seconds
        deadline = self.deadline
        if seconds is None:
            expires = deadline
        else:
            expires = monotonic() + seconds
            if deadline is not None and deadline < expires:
                expires = deadline
        self._expires = expires
        if expires is not None and (self._timer is None or expires < self._timer_when):
            self._set_alarm(expires)
        return waiter

    def _next_expiry(self, seconds: float | None) -> float:
        deadline = self.deadline
        if seconds is None:
            return deadline  # type: ignore[return-value]  # one of the two is set
        expires = monotonic() + seconds
        return expires if deadline is None or expires < deadline else deadline

    def _set_alarm(self, expires: float) -> None:
        self._expires = expires
        if self._timer is not None:
            if self._timer_when <= expires:
                return
            self._timer.cancel()
        self._timer_when = expires
        self._timer = self._loop.call_later(max(0.0, expires - monotonic()), self._on_alarm)

    def _on_alarm(self) -> None:
        self._timer = None
        expires = self._expires
        if expires is None or not (self._waiter or self._drained or self._reading):
            return
        now = monotonic()
        if now < expires:
            self._set_alarm(expires)
            return
        if self.deadline is not None and now >= self.deadline:
            self._fail(TotalTimeoutError(self._doing()))
        elif self._drained is not None:
            self._look_for_room(now)
        elif self._may_be_sending() and self._has_taken():
            self._set_alarm(self._next_expiry(self._limit))  # it is slow, and takes something
        else:
            said = f"{self._limit} s"
            self._fail(lower.ReadTimeoutError(None, None, said))  # type: ignore[arg-type]

    def _look_for_room(self, now: float) -> None:
        """Fail when the peer has taken nothing for as long as it may, give or take a quarter."""
        limit = self._limit
        if limit is None:  # an alarm of before
            return
        if self._has_taken():
            self._moved = now
        left = self._moved + limit - now
        if left <= 0:
            self._fail(WriteTimeoutError(f"{limit} s"))
        else:
            self._set_alarm(self._next_expiry(min(left, limit * LOOKS)))

    def _doing(self) -> Doing:
        """What goes on in the exchange."""
        if self._sending:
            return "sending the request"
        answered = self.parser is None or self.parser.head is not None
        return "reading the body" if answered else "waiting for the answer"

    def _may_be_sending(self) -> bool:
        """Whether some of a long body may lie in our buffers still; with TLS, nobody can tell."""
        if not self._was_long:
            return False
        return self.is_tls or self.transport.get_write_buffer_size() > 0

    def _has_taken(self) -> bool:
        """Whether the peer took something of what was sent since this was asked."""
        before = self._unsent, self._acked
        self._unsent = self.transport.get_write_buffer_size()
        self._acked = acknowledged(self._sock)
        return self._unsent < before[0] or self._acked > before[1]

    async def _wait_for_room(self, write: float | None) -> None:
        """Wait until the peer took most of what was sent.

        Or until something else happened, which is for the caller to see.
        """
        self._drained = self._loop.create_future()
        self._has_taken()
        self._moved = monotonic()
        self._limit = write
        if write is not None or self.deadline is not None:
            self._set_alarm(self._next_expiry(None if write is None else write * LOOKS))
        try:
            await self._drained
        finally:
            self._drained = None

    # An exchange.

    def has_news(self) -> bool:
        """Whether something came on an idle connection that the loop has not read yet.

        It would be taken for the answer to the next request.  With TLS it may be a
        mere session ticket, which is not for us.
        """
        return self._poll is not None and bool(self._poll(0))

    async def hear_news(self) -> bool:
        """Let the loop read what came; tells whether the connection is still of use."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            if self.closed or not self.has_news():
                return not self.closed
        return False

    def begin(self, parser: ResponseParser, deadline: Deadline) -> None:
        """Begin an exchange whose answer goes into ``parser``.

        :raises OSError: when the connection is closed.
        """
        self.parser = parser
        self.deadline = deadline
        self.check()

    def check(self) -> None:
        """See that there is something to wait for.

        :raises OSError, ProtocolViolation, urllib3.exceptions.TimeoutError: what ended the use
            of this connection.
        """
        if self.error is not None:
            raise self.error
        if self.closed and (self._last_words is None or not self._last_words.goes_on):
            raise ConnectionResetError("the connection is closed")

    def refuse(self) -> None:
        """Send nothing: what came, unasked, would be taken for the answer."""
        self._fail(ConnectionResetError("the server spoke, or hung up, before it was asked"))

    def send_unsent(self) -> None:
        """Send what is in ``unsent``."""
        data, self.unsent = self.unsent, b""
        try:
            self.transport.write(data)
        except RuntimeError as exc:  # uvloop has closed it, and has not said so yet
            self.unsent = data
            self._fail(ConnectionResetError(str(exc)))
            return
        if self.has_body and self.is_tls and self._tcp.get_write_buffer_size():
            self._keep_last_words()

    async def send(self, head: bytes, payload: Payload, write: float | None) -> bool:
        """Send a request whose body takes its time.

        :returns: whether all of it went out; if not, the server has answered, and the
            connection is of no use after that.
        :raises urllib3.exceptions.TimeoutError, OSError, ProtocolViolation, CallerError:
        """
        self._sending = True
        self._keep_last_words()
        self._written = len(head)
        self._acked_before = acknowledged(self._sock)
        try:
            self.transport.write(head)
            if payload.waits_for_leave and not await self._has_leave():
                return False
            self.has_body = self._was_long = True
            went = await self._send_blocks(payload, write)
            self._has_taken()  # from here on it is counted
            return went
        finally:
            self._sending = False

    async def _has_leave(self) -> bool:
        """Wait for leave to send the body, a second at the most; ``False``: it answered."""
        parser = self.parser
        assert parser is not None  # there is an exchange under way
        self._hears_interim = True
        try:
            async with asyncio.timeout(CONTINUE_WAIT):
                while parser.head is None and self.error is None and not parser.may_continue:
                    await self.wait(None)  # another 1xx is no leave
        except TimeoutError:
            return True
        finally:
            self._hears_interim = False
            self._waiter = None
        return parser.head is None and self.error is None

    async def _send_blocks(self, payload: Payload, write: float | None) -> bool:
        parser = self.parser
        assert parser is not None  # there is an exchange under way
        source = source_of(payload.body, payload.length)
        left = payload.length
        while self.error is None and (parser.head is None or left == 0):
            if left == 0 and parser.head is not None:
                return True
            if self.has_news() and not await self._hears(parser):
                continue
            block = await self._next_block(source)
            if self.deadline is not None and monotonic() >= self.deadline:
                raise TotalTimeoutError(self._doing())
            if not block and left == 0:
                return True
            if block is None or self.closed:
                return False
            if not block:
                self.transport.write(b"0\r\n\r\n")
                return parser.head is None
            if left is None:
                self.transport.write(b"%x\r\n%b\r\n" % (len(block), block))
            else:
                self.transport.write(block)
                left -= len(block)
            self._written += len(block)
            if self._write_paused:
                await self._wait_for_room(write)
            elif left != 0:
                await asyncio.sleep(0)  # others have a turn, and an early answer is heard
        return False

    async def _hears(self, parser: ResponseParser) -> bool:
        """Let the loop read what came, before sending more can fail; ``False``: the answer."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            if parser.head is not None or self.error is not None or not self.has_news():
                break
        return parser.head is None and self.error is None

    async def _next_block(self, source: Source) -> bytes | None:
        """The next block of the body; ``None`` when something happened to the exchange first.

        The caller's own code may take its time: it is cancelled then, as
        :func:`asyncio.timeout` would.
        """
        task: Any = asyncio.current_task()
        cancelled_before = task.cancelling()
        self._reading = task
        self._expires = None  # the server is not who is waited for
        if self.deadline is not None:
            self._set_alarm(self.deadline)
        block: bytes | None = None
        try:
            block = await source.read()
        except BaseException as exc:
            if self._reading is not None:
                raise
            # We have cancelled it, whatever it made of that; and perhaps others have, too.
            cancelled = task.uncancel() > cancelled_before
            if isinstance(exc, asyncio.CancelledError) and not cancelled:
                return None
            if not isinstance(exc, Exception):
                raise
        else:
            if self._reading is None:  # it was cancelled, and did not mind
                task.uncancel()
        finally:
            self._reading = None
        return block

    # The body of the answer.

    def is_at_home(self) -> bool:
        """Whether the event loop that runs here is its own."""
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:  # none does
            return False

    @property
    def is_awaited(self) -> bool:
        """Whether a task waits for something of this connection."""
        return self._waiter is not None

    def take(self) -> bytes:
        """What of the body is here; reading goes on if it was stopped."""
        pieces = self._pieces
        if not pieces:
            return b""
        self._pieces = []
        self._size = 0
        if self._paused:
            self._go_on()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _go_on(self) -> None:
        self._paused = False
        self.transport.resume_reading()
        if self._last_words is not None:
            self._last_words.go_on()

    async def receive(self, parser: ResponseParser, read: float | None) -> bytes:
        """The next piece of the body; ``b""`` at its end.

        :param read: seconds for which the server may send nothing.
        :raises urllib3.exceptions.TimeoutError, OSError, ProtocolViolation:
        """
        if self.deadline is not None and not parser.complete and monotonic() >= self.deadline:
            raise TotalTimeoutError(self._doing())
        while not self._pieces and not parser.complete:
            self.check()
            await self.wait(read)
        return self.take()

    async def receive_rest(self, parser: ResponseParser, read: float | None) -> bytes:
        """All that is left of the body; as :meth:`receive`, but woken once."""
        sink = BytesIO()
        sink.write(self.take())
        self._sink = sink
        try:
            while not parser.complete:
                self.check()
                await self.wait(read)
        finally:
            self._sink = None
        return sink.getvalue()

    # The end.

    def is_clear(self) -> bool:
        """Whether nothing of the last request is left to be sent: an early answer ended it."""
        if not self.has_body:
            return True
        if self.transport.get_write_buffer_size():
            return False
        if not self._was_long or not self.is_tls or sys.platform != "linux":
            return True
        least = self._written + self._written // _RECORD * _RECORD_OVERHEAD
        return acknowledged(self._sock) - self._acked_before >= least

    def rest(self) -> None:
        """Be ready for the next exchange."""
        self.has_body = self._was_long = False
        if self._last_words is not None:
            self._last_words.leave()
            self._last_words = None
        self.parser = None
        self.deadline = None
        self._expires = None
        if self._paused:
            self._go_on()

    def abort(self) -> None:
        """Close the socket at once.  Harmless when it is closed."""
        self.closed = True
        self._expires = None
        if self.transport is not None:
            self.transport.abort()
        else:
            self._sock.close()

    def forget(self) -> None:
        """Close the socket where the loop is closed, and will not do it."""
        self.closed = True
        with suppress(RuntimeError):  # that the loop is closed
            self.transport.abort()
        with suppress(OSError):
            self._sock.close()

    def drop_after_fork(self, nothing: int) -> None:
        """In a forked child: let its descriptor be a copy of ``nothing``; the parent keeps its own.

        Closed, its number would be that of the next socket, which the loop takes for this one.
        """
        self.closed = True
        with suppress(OSError):  # it is closed
            os.dup2(nothing, self._sock.fileno())

    def abort_from_outside(self) -> None:
        """Close the socket over whoever uses it: that fails."""
        self.aborted = True
        self._fail(ConnectionAbortedError("the session was closed"))
        self.abort()
