"""What came back, as urllib3's response class: body on demand, headers when asked.

:class:`RawResponse` is what ``Response.raw`` holds.  :class:`BodyReader` is the
file-like object under it that pulls bytes through the codec and settles what
becomes of the connection: back to the pool when the message is whole and clean,
closed in every other case.  Neither knows of requests, redirects or retries.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, NoReturn, Protocol
from weakref import ref

from urllib3 import HTTPHeaderDict
from urllib3 import exceptions as lower
from urllib3.response import HTTPResponse

from .._errors import TotalTimeoutError, as_urllib3
from .._protocol import codings
from .._protocol.h1 import ProtocolViolation
from . import clock
from .connection import RECEIVE_SIZE

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Self

    from .._protocol.h1 import ResponseHead, ResponseParser
    from .connection import CodecConnection

__all__ = ["BodyReader", "RawResponse"]

#: Most of what one ``recv`` asks for inside a large body.
_BULK_SIZE = 256 * 1024
_DRAIN_LIMIT = 64 * 1024


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
    )

    #: Bytes of the body that have come, without their framing, and were not dropped.
    received: int

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

    @property
    def connection(self) -> CodecConnection | None:
        """The connection that the rest of the body comes from, if there is a rest."""
        return self._conn

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
        """The body of an answer that came together with what is wrong in it."""
        reader = cls(parser, b"", None, None, None, source=source)
        error.in_body = True
        reader._failure = as_urllib3(error)
        # Its traceback holds the frame that is given this reader.
        reader._failure.__cause__ = error.with_traceback(None)
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
        while missing and self._conn is not None:
            piece = self._receive(missing)
            if len(piece) > missing:
                self._pending = piece
                self._position = missing
                piece = piece[:missing]
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def read1(self, amt: int | None = None) -> bytes:
        """Read what is there, waiting for some; at most ``amt`` bytes."""
        if self._failure is not None:
            raise self._failure
        size = _BULK_SIZE if amt is None or amt < 0 else amt
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
            whole.write(self._receive(_BULK_SIZE))
        return whole.getvalue()

    def _receive(self, wanted: int) -> bytes:
        """Receive once; the connection is settled when this was the end or failed."""
        conn = self._conn
        if conn is None:
            return b""
        parser = self._parser
        remaining = parser.remaining
        # A byte more than is due shows what the server sent too much.
        size = RECEIVE_SIZE if remaining is None else min(wanted, remaining + 1, _BULK_SIZE)
        conn.in_call = True
        try:
            data = conn.receive(parser, size, self._limit)
        except BaseException as exc:
            self._fail(conn, exc)
        finally:
            conn.in_call = False
        self.received += len(data)
        if parser.complete:
            self._settle(reusable=parser.keep_alive and self._whole)
        return data

    def _fail(self, conn: CodecConnection, error: BaseException) -> NoReturn:
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
        if self._pool is None:
            conn.close()
        else:
            self._pool.give_back(conn, reusable)


class _Buffered:
    """The way from a response to its socket, as it goes in http.client: ``raw._sock``."""

    __slots__ = ("_sock", "raw")

    def __init__(self, conn: CodecConnection | None) -> None:
        self._sock = None if conn is None else conn.sock
        self.raw = self


class RawResponse(HTTPResponse):
    """An answer whose body is read through ulak's codec.

    It is a :class:`urllib3.response.HTTPResponse` to everyone who asks, with the
    same reading methods; what they raise are urllib3's exceptions.  Nothing is
    computed before it is looked at.
    """

    # What urllib3 sets in __init__, which is not called: one request, one object.
    decode_content = False  # as requests asks of urllib3: ``raw`` gives what was sent
    retries: Any = None  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]  # no property
    auto_close = True
    enforce_content_length = True
    msg = None
    chunk_left = None
    _retries = None
    _sock_shutdown = None
    _decoded_buffer: Any = b""  # empty: decoding is done here, not in what is inherited
    _decoder_initialized = True
    _has_decoded_content = False
    _fp: Any
    _body: Any = None
    _decoder: Any = None
    _decoder_known = False
    _headers: HTTPHeaderDict | None = None
    _finished = False
    _hurried = False
    #: The request's: decoding keeps to it too, as a few bytes may be made into many.
    deadline: clock.Deadline = None
    _was_closed = False
    _reason: str | None = None

    def __init__(self, head: ResponseHead, reader: BodyReader, target: str | None = None) -> None:
        # First and in one go: what an interrupt leaves behind can be closed.  The reader is
        # as file-like as http.client's.
        self._fp = self._reader = reader
        self.head = head
        self._request_url = target
        self.status = head.status

    # The head.

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The head's fields in order, repeats kept."""
        return self.head.fields

    @property
    def headers(self) -> HTTPHeaderDict:
        """The head's fields as urllib3 offers them."""
        if self._headers is None:
            self._headers = HTTPHeaderDict(self.head.fields)
        return self._headers

    @headers.setter
    def headers(self, value: HTTPHeaderDict) -> None:
        self._headers = value

    @property
    def was_looked_at(self) -> bool:
        """Whether someone has had :attr:`headers` in hand, and may have changed them."""
        return self._headers is not None

    @property
    def reason(self) -> str | None:
        """The reason phrase."""
        return self._reason if self._reason is not None else self.head.reason

    @reason.setter
    def reason(self, value: str | None) -> None:
        self._reason = value

    @property
    def version(self) -> int:  # type: ignore[override]  # the head's, which does not change
        """10 or 11."""
        return self.head.version

    @property
    def version_string(self) -> str:  # type: ignore[override]
        """``"HTTP/1.1"`` or ``"HTTP/1.0"``."""
        return f"HTTP/{self.version // 10}.{self.version % 10}"

    @property
    def chunked(self) -> bool:  # type: ignore[override]
        """Whether the answer came in chunks; reading gives what is in them."""
        return self.head.chunked

    @property
    def connection(self) -> CodecConnection | None:
        """The connection that the body comes from, until the body is read."""
        return self._reader.source

    @property
    def _original_response(self) -> Any:  # type: ignore[override]
        """What code written for http.client looks into for repeated headers."""
        return _OriginalResponse(self)

    # The body.

    @property
    def data(self) -> bytes:
        """The whole body, decoded; read once and kept."""
        if self._body is None:
            self._body = self.read()
        return self._body  # type: ignore[no-any-return]

    def read_whole(self) -> bytes:
        """All of the body that is left, decoded."""
        if self._decoder is None and not self.head.has(b"content-encoding"):
            return self._fp.read()  # type: ignore[no-any-return]  # others may wrap it
        return self.read(decode_content=True)

    def read(
        self,
        amt: int | None = None,
        decode_content: bool | None = None,
        cache_content: bool = False,
    ) -> bytes:
        """Read ``amt`` bytes, fewer only at the end; all the rest for ``None``."""
        if amt is not None and amt < 0:
            amt = None
        decoder = self._decoder_for(decode_content)
        if decoder is None:
            data: bytes = self._fp.read(amt) if amt is not None else self._fp.read()
        else:
            data = self._read_decoded(decoder, amt)
        if cache_content and amt is None:
            self._body = data
        return data

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Read what is there, waiting for some; at most ``amt`` bytes."""
        decoder = self._decoder_for(decode_content)
        size = RECEIVE_SIZE if amt is None or amt < 0 else amt
        if decoder is None:
            return self._read_some(size)
        while size:
            data = self._decode_some(decoder, size)
            if data or self._finished:
                return data
        return b""

    def stream(
        self, amt: int | None = RECEIVE_SIZE, decode_content: bool | None = None
    ) -> Generator[bytes, None, None]:
        """The body in pieces of at most ``amt`` bytes; if chunked or hurried, as they arrive."""
        size = RECEIVE_SIZE if amt is None or amt < 0 else amt
        as_it_comes = amt is None or self.head.chunked or self._hurried
        read = self.read1 if as_it_comes else self.read
        while data := read(size, decode_content):
            yield data

    def read_chunked(
        self, amt: int | None = None, decode_content: bool | None = None
    ) -> Generator[bytes, None, None]:
        """As :meth:`stream`; the codec has taken the chunks apart.

        :raises urllib3.exceptions.ResponseNotChunked: when it is not chunked.
        """
        if not self.chunked:
            raise lower.ResponseNotChunked("the response is not chunked")
        return self.stream(amt, decode_content)

    def _decoder_for(self, decode_content: bool | None) -> codings.Decoder | None:
        """The decoder of this body, or ``None`` where bytes are handed on as they are."""
        if not (self.decode_content if decode_content is None else decode_content):
            return None
        if not self._decoder_known:
            self._decoder_known = True
            self._init_decoder()
        return self._decoder  # type: ignore[no-any-return]

    def _init_decoder(self) -> None:
        coding = self.head.get(b"content-encoding") if self.head.has(b"content-encoding") else None
        if coding:
            try:
                self._decoder = codings.decoder_for(coding)
            except codings.DecodingError as exc:
                self._reader.close()
                raise lower.DecodeError(str(exc), exc) from exc

    def _read_decoded(self, decoder: codings.Decoder, amt: int | None) -> bytes:
        pieces: list[bytes] = []
        missing = amt
        while not self._finished and missing != 0:
            piece = self._decode_some(decoder, _BULK_SIZE if missing is None else missing)
            pieces.append(piece)
            if missing is not None:
                missing -= len(piece)
        return b"".join(pieces)

    def _read_some(self, size: int) -> bytes:
        """What is there; a wrapper that was put around ``_fp`` sees all of it pass."""
        data: bytes = self._fp.read1(size) if self._fp is self._reader else self._fp.read(size)
        return data

    def hurry(self, seconds: float) -> None:
        """Let reading the rest take at most ``seconds``; a stream hands out what came by then."""
        self._hurried = True
        self.deadline = clock.earlier(self.deadline, clock.after(seconds))
        conn = self._reader.connection
        if conn is not None:
            conn.deadline = clock.earlier(conn.deadline, clock.after(seconds))

    def _decode_some(self, decoder: codings.Decoder, size: int) -> bytes:
        """Decode the next bytes, at most ``size`` of them; may be none."""
        if self._finished:
            return b""
        if self.deadline is not None and clock.monotonic() >= self.deadline:
            self._reader.close()
            raise TotalTimeoutError("reading the body")
        try:
            if decoder.has_unconsumed_tail:
                return decoder.decompress(b"", size)
            coded = self._read_some(RECEIVE_SIZE)
            if coded:
                return decoder.decompress(coded, size)
            self._finished = True
            return decoder.flush()
        except codings.DecodingError as exc:
            self._finished = True
            self._reader.close()
            raise lower.DecodeError(f"{self.head.get(b'content-encoding')}: {exc}", exc) from exc

    # The connection.

    def drain_conn(self) -> None:
        """Read what is left so that the connection can be used again, 64 KiB at most."""
        left = _DRAIN_LIMIT
        try:
            while left > 0 and (data := self._reader.read1(left)):
                left -= len(data)
        except (lower.HTTPError, OSError):
            pass  # it is only drained: a broken one is closed already
        self._reader.close()

    def release_conn(self) -> None:
        """Nothing to do: the connection goes back by itself when the body ends."""

    def close(self) -> None:
        """Drop the rest of the body, and the connection with it."""
        self._finished = self._was_closed = True
        self._reader.close()

    def shutdown(self) -> None:
        """Wake up a thread that is reading; its read fails."""
        conn = self._reader.connection
        if conn is not None:
            conn.abort()

    @property
    def closed(self) -> bool:
        """Whether nothing more can be read; without ``auto_close``, whether it was closed."""
        if not self.auto_close:
            return self._was_closed
        if self._decoder is not None:
            return self._finished
        return bool(self._fp.closed)

    def isclosed(self) -> bool:
        """:attr:`closed`, as http.client calls it."""
        return self.closed

    def fileno(self) -> int:
        """The socket's descriptor, until the body is read.

        :raises OSError: when it is read, or when the session was closed.
        """
        conn = self._reader.source
        if conn is None or conn.sock is None:
            raise OSError("the response has no connection any more")
        return int(conn.sock.fileno())

    def flush(self) -> None:
        """For callers that treat this as a file; there is nothing to flush."""

    def tell(self) -> int:
        """Bytes of the body that were read, before they are decoded."""
        return self._reader.taken

    @property
    def _fp_bytes_read(self) -> int:  # type: ignore[override]  # counted by the reader
        return self._reader.taken

    @property
    def _uncached_read_occurred(self) -> bool:  # type: ignore[override]  # as the reader knows
        """Whether some of the body was read already, so that not all of it is to come."""
        return self._reader.taken > 0

    @property
    def length_remaining(self) -> int | None:  # type: ignore[override]  # counted by the parser
        """Bytes of the body that are still to be read, where a Content-Length says."""
        return self._reader.missing

    @property
    def _connection(self) -> CodecConnection | None:  # type: ignore[override]  # the reader's
        """:attr:`connection`, under the name by which certificates and addresses are asked for."""
        return self._reader.source

    @property
    def _pool(self) -> Any:  # type: ignore[override]  # the connection's
        """The pool of :attr:`connection`, until the body is read."""
        return self._reader.pool

    def supports_chunked_reads(self) -> bool:
        """Whether :meth:`read_chunked` works."""
        return self.chunked


class _OriginalResponse:
    """The little of ``http.client.HTTPResponse`` that others reach through to."""

    __slots__ = ("_raw",)

    def __init__(self, raw: RawResponse) -> None:
        self._raw = raw

    @property
    def msg(self) -> Any:
        """The head's fields as an :class:`email.message.Message`."""
        from email.message import Message

        message = Message()
        for name, value in self._raw.fields:
            message[name] = value
        return message

    @property
    def headers(self) -> Any:
        return self.msg

    def getheader(self, name: str, default: str | None = None) -> str | None:
        return self._raw.headers.get(name, default)

    def getheaders(self) -> list[tuple[str, str]]:
        return list(self._raw.fields)

    @property
    def status(self) -> int:
        return self._raw.status

    @property
    def reason(self) -> str | None:
        return self._raw.reason

    @property
    def version(self) -> int:
        return self._raw.version

    def isclosed(self) -> bool:
        return self._raw.closed

    def close(self) -> None:
        self._raw.close()
