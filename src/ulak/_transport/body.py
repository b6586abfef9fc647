"""The body's bytes, pulled through the codec, and what becomes of the connection.

:class:`BodyReader` is the file-like object under a response.  It settles the connection:
back to the pool when the message is whole and clean, closed in every other case.  It
does not know of heads, content codings, requests, redirects or retries.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, NoReturn, Protocol
from weakref import ref

from urllib3 import exceptions as lower

from .._errors import as_urllib3
from .._protocol.h1 import ProtocolViolation
from .connection import RECEIVE_SIZE

if TYPE_CHECKING:
    from typing import Self

    from .._protocol.h1 import ResponseParser
    from .connection import CodecConnection

__all__ = ["BULK_SIZE", "BodyReader"]

#: Most of what one ``recv`` asks for inside a large body.
BULK_SIZE = 256 * 1024


class Keeper(Protocol):
    """Where a connection goes when its message is whole: a pool."""

    def give_back(self, conn: CodecConnection, reusable: bool) -> None: ...


class BodyReader:
    """The body's bytes without their framing, still in their content coding.

    Holds the connection until the message is whole; :meth:`close` before that
    closes the connection.  For one thread at a time.
    """

    __slots__ = (
        "_conn",
        "_failure",
        "_limit",
        "_parser",
        "_pending",
        "_pool",
        "_position",
        "_source",
        "_whole",
        "received",
        "rescued",
    )

    #: Bytes of the body that have come, without their framing, and were not dropped.
    received: int
    #: What came before the failure of the last :meth:`read`, for who hands that out first.
    rescued: bytes
    _conn: CodecConnection | _Fault | None

    def __init__(  # noqa: PLR0913 - made in one place, for each answer
        self,
        parser: ResponseParser,
        pending: bytes,
        conn: CodecConnection | None,
        pool: Keeper | None,
        limit: float | None,
        whole: bool = True,
        source: CodecConnection | None = None,
    ) -> None:
        """``limit`` is in seconds for each receive; ``whole``: all of the request went out.

        ``source`` is the connection that a body came on which is here already.
        """
        self._parser = parser
        self._pending = pending
        self._position = 0
        self._conn = conn
        self._pool = pool
        self._limit = limit
        self._whole = whole
        served = conn or source
        self._source = None if served is None else ref(served)
        self._failure: Exception | None = None
        self.received = len(pending)
        self.rescued = b""

    @property
    def connection(self) -> CodecConnection | None:
        """The connection that the rest of the body comes from, if there is a rest."""
        conn = self._conn
        return None if isinstance(conn, _Fault) else conn

    @property
    def source(self) -> CodecConnection | None:
        """The connection that the body comes from, until the body is read.

        It may be in the pool, or at work for another, where all has been
        received: it is to be looked at, not to be used.
        """
        return None if self._source is None or self.closed else self._source()

    @property
    def pool(self) -> Any:
        """The pool of :attr:`source`, for as long."""
        conn = self.source
        return None if conn is None or conn.pool is None else conn.pool()

    @property
    def fp(self) -> _Buffered | None:
        """What http.client reads from; ``fp.raw._sock`` is where others look for the certificate.

        ``None`` when nothing more can be read, which is how they learn of the end.
        """
        conn = self.source
        return None if conn is None and self.closed else _Buffered(conn)

    @classmethod
    def of_broken(
        cls, parser: ResponseParser, error: ProtocolViolation, source: CodecConnection
    ) -> Self:
        """The body of an answer that came together with what is wrong in it.

        What came before that is read first, as if it had come alone.
        """
        came, source.early = source.early + error.given, b""
        reader = cls(parser, came, None, None, None, source=source)
        reader._conn = _Fault(error, aborted=source.aborted)
        return reader

    @property
    def taken(self) -> int:
        """Bytes of the body that were read, without their framing."""
        return self.received - self._waiting()

    @property
    def missing(self) -> int | None:
        """Bytes of the body that are still to be read, where a Content-Length says."""
        remaining = self._parser.remaining
        return None if remaining is None else remaining + self._waiting()

    def _waiting(self) -> int:
        """How many bytes have come and were not read."""
        return max(0, len(self._pending) - self._position)

    @property
    def closed(self) -> bool:
        """Whether nothing more can be read."""
        return self._conn is None and self._position >= len(self._pending)

    @property
    def failed(self) -> bool:
        """Whether reading raised, and does from here on."""
        return self._failure is not None

    def read(self, amt: int | None = None) -> bytes:
        """Read ``amt`` bytes, fewer only at the end; all the rest for ``None``."""
        if self._failure is not None:
            raise self._failure
        if amt is None or amt < 0:
            if self._conn is None and self._position == 0:
                data, self._pending = self._pending, b""
                return data
            return self._read_rest()
        data = self._take(amt)
        if len(data) == amt or self._conn is None:
            return data
        pieces = [data]
        missing = amt - len(data)
        try:
            while missing and self._conn is not None:
                piece = self._receive(missing)
                if len(piece) > missing:
                    self._pending = piece
                    self._position = missing
                    piece = piece[:missing]
                pieces.append(piece)
                missing -= len(piece)
        except Exception:
            self.rescued = b"".join(pieces)
            raise
        return b"".join(pieces)

    def read1(self, amt: int | None = None) -> bytes:
        """Read what is there, waiting for some; at most ``amt`` bytes."""
        if self._failure is not None:
            raise self._failure
        size = BULK_SIZE if amt is None or amt < 0 else amt
        data = self._take(size)
        while size and not data and self._conn is not None:
            self._pending = self._receive(size)
            self._position = 0
            data = self._take(size)
        return data

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Read into ``buffer``; returns how many bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Drop what is left of the body, and the connection with it.

        Where another thread is reading, that read fails, and parts with the connection: a
        socket that is closed under it might be another one's by the time it looks.
        """
        self.received -= self._waiting()
        self._pending, self._position = b"", 0
        conn = self._conn
        if conn is not None and conn.in_call:
            conn.abort()
        else:
            self._settle(reusable=False)

    def give_up(self, failure: Exception, rescued: bytes) -> None:
        """Drop what is left, for ``failure``, which is raised by whoever reads again."""
        self.close()
        self._failure = failure
        self.rescued = rescued

    def flush(self) -> None:
        """For callers that treat this as a file; there is nothing to flush."""

    def _take(self, amt: int) -> bytes:
        """Up to ``amt`` bytes of what was received already."""
        start = self._position
        if start == 0 and len(self._pending) <= amt:
            data = self._pending
            self._pending = b""
            return data
        data = self._pending[start : start + amt]
        self._position = start + len(data)
        if self._position >= len(self._pending):
            self._pending = b""
            self._position = 0
        return data

    def _read_rest(self) -> bytes:
        """All that is left, held once: a list of pieces would be held twice to join it."""
        first = self._take(len(self._pending))
        conn = self._conn
        if conn is None:
            return first
        whole = BytesIO()
        whole.write(first)
        while self._conn is not None:
            whole.write(self._receive(BULK_SIZE))
        return whole.getvalue()

    def _receive(self, wanted: int) -> bytes:
        """Receive once; the connection is settled when this was the end or failed.

        What came together with a fault is returned, and the fault is there the next time.
        """
        conn = self._conn
        if conn is None:
            return b""
        parser = self._parser
        remaining = parser.remaining
        # A byte more than is due shows what the server sent too much.
        size = RECEIVE_SIZE if remaining is None else min(wanted, remaining + 1, BULK_SIZE)
        conn.in_call = True
        try:
            data = conn.receive(parser, size, self._limit)
        except ProtocolViolation as exc:
            data = exc.given
            if not data:
                self._fail(conn, exc)
            self._settle(reusable=False)
            self._conn = _Fault(exc, aborted=conn.aborted)
        except BaseException as exc:
            self._fail(conn, exc)
        finally:
            conn.in_call = False
        self.received += len(data)
        if parser.complete:
            self._settle(reusable=parser.keep_alive and self._whole)
        return data

    def _fail(self, conn: CodecConnection | _Fault, error: BaseException) -> NoReturn:
        """Give the broken connection up, and raise ``error`` as urllib3 would.

        It is raised again by whoever reads again: what is missing stays missing.
        """
        self._settle(reusable=False)
        self.received -= self._waiting()
        self._pending, self._position = b"", 0
        if isinstance(error, ProtocolViolation):
            error.in_body = True
        if not isinstance(error, ProtocolViolation | OSError | lower.HTTPError):
            raise error
        self._failure = as_urllib3(error, aborted=conn.aborted)
        if self._failure is error:
            raise error
        raise self._failure from error

    def _settle(self, *, reusable: bool) -> None:
        """Part with the connection, once."""
        conn, self._conn = self._conn, None
        if conn is None:
            return
        if self._pool is None or isinstance(conn, _Fault):
            conn.close()
        else:
            self._pool.give_back(conn, reusable)


class _Fault:
    """Stands where the connection was that has brought a fault, until that is raised."""

    __slots__ = ("_error", "aborted", "in_call")

    def __init__(self, error: ProtocolViolation, *, aborted: bool) -> None:
        error.given = b""  # whoever makes this hands that out
        self._error = error.with_traceback(None)  # which holds who reads
        self.aborted = aborted
        self.in_call = False

    def receive(self, parser: ResponseParser, size: int, read: float | None) -> NoReturn:
        """As that of a connection.

        :raises ProtocolViolation: always.
        """
        raise self._error

    def abort(self) -> None:
        """Nothing: the connection is closed."""

    def close(self) -> None:
        """Nothing: the connection is closed."""


class _Buffered:
    """The way from a response to its socket, as it goes in http.client: ``raw._sock``."""

    __slots__ = ("_sock", "raw")

    def __init__(self, conn: CodecConnection | None) -> None:
        self._sock = None if conn is None else conn.sock
        self.raw = self
