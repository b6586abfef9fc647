"""What came back on an asyncio connection: the head, and the body on demand.

:class:`AsyncRawResponse` is what ``AsyncResponse.raw`` holds.  It holds the
connection until the message is whole, and then gives it back; in every other case
it closes it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from urllib3 import HTTPHeaderDict
from urllib3 import exceptions as lower

from .._errors import TotalTimeoutError, as_urllib3
from .._protocol import codings
from .._protocol.h1 import ProtocolViolation
from ..exceptions import InvalidOption
from . import clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .._protocol.h1 import ResponseHead, ResponseParser
    from .async_connection import AsyncConnection

__all__ = ["AsyncRawResponse"]

#: Decoded bytes that are asked for at a time.
_PIECE_SIZE: Final = 256 * 1024


class Keeper(Protocol):
    """Where a connection goes when its message is whole, or given up: a pool."""

    def give_back(self, conn: AsyncConnection, reusable: bool) -> None: ...
    def give_up_soon(self, conn: AsyncConnection) -> None: ...


class _Lease:
    """Parts with the connection of a body that nobody will read."""

    __slots__ = ("_pool", "conn")

    def __init__(self, conn: AsyncConnection, pool: Keeper) -> None:
        self.conn: AsyncConnection | None = conn
        self._pool = pool

    def __del__(self) -> None:
        if self.conn is not None:
            self._pool.give_up_soon(self.conn)


def _check_reader(conn: AsyncConnection) -> None:
    """See that this is the event loop of ``conn``, and that no other task reads.

    :raises InvalidOption: when it is not, or one does.
    """
    if not conn.is_at_home():
        raise InvalidOption("this response belongs to another event loop; read it there")
    if conn.is_awaited:
        raise InvalidOption("another task is reading this response; read it in one task")


class AsyncRawResponse:
    """An answer whose body comes through ulak's codec.  For one task at a time.

    Attributes: ``status``; ``head``, which the codec read.  What reading raises are
    urllib3's exceptions, as with the ``raw`` of a :class:`~ulak.Response`.
    """

    _conn: AsyncConnection | None = None
    _decoder: codings.Decoder | None = None
    _decoder_known: bool = False
    _failure: Exception | None = None
    _finished: bool = False
    _headers: HTTPHeaderDict | None = None
    _rest: bytes = b""
    #: What was decoded before that failed, for who hands it out first.
    _rescued: bytes = b""
    _deadline: clock.Deadline = None
    #: Bytes that were decoded since the loop had its last turn.
    _in_this_turn: int = 0

    def __init__(
        self,
        head: ResponseHead,
        parser: ResponseParser,
        conn: AsyncConnection,
        pool: Keeper,
        *,
        limit: float | None,
        whole: bool,
    ) -> None:
        """``limit`` is in seconds for each receive; ``whole``: all of the request went out."""
        self.head: ResponseHead = head
        self.status: int = head.status
        if conn.deadline is not None:
            self._deadline = conn.deadline
        if parser.complete:
            self._rest = conn.take()
            pool.give_back(conn, whole and parser.keep_alive)
        else:
            self._conn = conn
            self._parser = parser
            self._pool = pool
            self._limit = limit
            self._whole = whole
            self._lease = _Lease(conn, pool)

    # The head.

    @property
    def headers(self) -> HTTPHeaderDict:
        """The head's fields as urllib3 offers them."""
        if self._headers is None:
            self._headers = HTTPHeaderDict(self.head.fields)
        return self._headers

    @property
    def reason(self) -> str:
        """The reason phrase."""
        return self.head.reason

    @property
    def version(self) -> int:
        """10 or 11."""
        return self.head.version

    @property
    def connection(self) -> AsyncConnection | None:
        """The connection, while the body is still on it."""
        return self._conn

    @property
    def closed(self) -> bool:
        """Whether nothing more can be read."""
        return self._conn is None and not self._rest

    # The body.

    def at_hand(self) -> bytes | None:
        """The whole body, if it is here and nothing has to be done to it; else ``None``."""
        if self._conn is not None or self._failure is not None or self._decoder_known:
            return None
        if self._finished or self.head.coded:
            return None
        self._finished = True
        data, self._rest = self._rest, b""
        return data

    async def read_whole(self) -> bytes:
        """All of the body that is left, decoded."""
        decoder = self._find_decoder()
        if decoder is None:
            return await self.read()
        pieces = []
        while piece := await self._decode_some(decoder, _PIECE_SIZE):
            pieces.append(piece)
        return b"".join(pieces)

    async def read(self) -> bytes:
        """All of the body that is left, as it was sent.

        :raises urllib3.exceptions.HTTPError: when it cannot be read to its end.
        """
        if self._failure is not None:
            raise self._failure
        rest, self._rest = self._rest, b""
        conn = self._conn
        if conn is None:
            return rest
        _check_reader(conn)
        try:
            rest += await conn.receive_rest(self._parser, self._limit)
        except BaseException as exc:
            self._fail(conn, exc)
        self._settle(reusable=self._parser.keep_alive and self._whole)
        return rest

    async def read1(self) -> bytes:
        """What is there of the body, as it was sent, waiting for some; ``b""`` at its end.

        :raises urllib3.exceptions.HTTPError: when it cannot be read to its end.
        """
        if self._failure is not None:
            raise self._failure
        if self._rest or self._conn is None:
            data, self._rest = self._rest, b""
            return data
        conn = self._conn
        _check_reader(conn)
        try:
            data = await conn.receive(self._parser, self._limit)
        except BaseException as exc:
            self._fail(conn, exc)
        if self._parser.complete:
            data += conn.take()
            self._settle(reusable=self._parser.keep_alive and self._whole)
        return data

    async def stream(
        self, amt: int | None = None, decode_content: bool = False
    ) -> AsyncIterator[bytes]:
        """The body in pieces of at most ``amt`` bytes, as they arrive."""
        decoder = self._find_decoder() if decode_content else None
        if decoder is not None:
            size = _PIECE_SIZE if amt is None else amt
            try:
                while piece := await self._decode_some(decoder, size):
                    yield piece
            except lower.DecodeError:
                rescued, self._rescued = self._rescued, b""
                if rescued:
                    yield rescued
                raise
            return
        while data := await self.read1():
            if amt is None or len(data) <= amt:
                yield data
            else:
                for at in range(0, len(data), amt):
                    yield data[at : at + amt]

    def _find_decoder(self) -> codings.Decoder | None:
        """The decoder of this body, or ``None`` where bytes are handed on as they are."""
        if not self._decoder_known:
            self._decoder_known = True
            coding = self.head.get(b"content-encoding")
            if coding:
                try:
                    self._decoder = codings.decoder_for(coding)
                except codings.DecodingError as exc:
                    self.close()
                    self._failure = lower.DecodeError(str(exc), exc)
                    raise self._failure from exc
        return self._decoder

    async def _decode_some(self, decoder: codings.Decoder, size: int) -> bytes:
        """The next decoded bytes, at most ``size``; ``b""`` at the end.

        A few bytes may be made into many: that keeps to the deadline, and lets others have a turn.
        """
        try:
            while not self._finished:
                if self._deadline is not None and clock.monotonic() >= self._deadline:
                    self.close()
                    self._failure = TotalTimeoutError("reading the body")
                    break
                if self._in_this_turn >= _PIECE_SIZE:
                    self._in_this_turn = 0
                    await asyncio.sleep(0)
                if decoder.has_unconsumed_tail:
                    data = decoder.decompress(b"", size)
                elif coded := await self.read1():
                    data = decoder.decompress(coded, size)
                else:
                    self._finished = True
                    data = decoder.flush()
                self._in_this_turn += len(data)
                if len(data) < size and decoder.has_unconsumed_tail:  # much was done for little
                    self._in_this_turn = _PIECE_SIZE
                if data:
                    return data
        except codings.DecodingError as exc:
            self.close()
            self._rescued = exc.decoded
            self._failure = lower.DecodeError(f"{self.head.get(b'content-encoding')}: {exc}", exc)
            raise self._failure from exc
        if self._failure is not None:  # whoever reads again learns of it, too
            raise self._failure
        return b""

    # The connection.

    def hurry(self, seconds: float) -> None:
        """Let reading the rest take at most ``seconds`` in all."""
        self._deadline = clock.earlier(self._deadline, clock.after(seconds))
        conn = self._conn
        if conn is not None:
            conn.deadline = clock.earlier(conn.deadline, clock.after(seconds))

    def close(self) -> None:
        """Drop the rest of the body, and the connection with it.  Never waits."""
        self._finished = True
        self._rest = b""
        if self._conn is not None:
            self._settle(reusable=False)

    async def aclose(self) -> None:
        """:meth:`close`."""
        self.close()

    def _fail(self, conn: AsyncConnection, error: BaseException) -> NoReturn:
        """Give the broken connection up, and raise ``error`` as urllib3 would.

        It is raised again by whoever reads again: what is missing stays missing.
        """
        self._settle(reusable=False)
        if not isinstance(error, ProtocolViolation | OSError | lower.HTTPError):
            self._failure = lower.ProtocolError("reading the body was given up")
            raise error
        self._failure = as_urllib3(error, aborted=conn.aborted)
        if self._failure is error:
            raise error
        raise self._failure from error

    def _settle(self, *, reusable: bool) -> None:
        """Part with the connection, once."""
        conn, self._conn = self._conn, None
        if conn is not None:
            self._lease.conn = None
            if not conn.is_at_home():  # it is only ever given up from elsewhere
                self._pool.give_up_soon(conn)
                return
            self._pool.give_back(conn, reusable)
