"""What came back, as urllib3's response class: body on demand, headers when asked.

:class:`RawResponse` is what ``Response.raw`` holds.  It decodes what the file-like
object under it reads (:mod:`ulak._transport.body`), and leaves to that what becomes
of the connection.  It does not know of requests, redirects or retries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from urllib3 import HTTPHeaderDict
from urllib3 import exceptions as lower
from urllib3.response import HTTPResponse

from .._errors import TotalTimeoutError
from .._protocol import codings
from . import clock
from .body import BULK_SIZE
from .connection import RECEIVE_SIZE

if TYPE_CHECKING:
    from collections.abc import Generator

    from .._protocol.h1 import ResponseHead
    from .body import BodyReader
    from .connection import CodecConnection

__all__ = ["RawResponse"]

_DRAIN_LIMIT = 64 * 1024


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
        if self._decoder is None and not self.head.coded:
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
        """The body in pieces of at most ``amt`` bytes, as they arrive if it is chunked.

        What came before it broke off is handed out before that is raised.
        """
        size = RECEIVE_SIZE if amt is None or amt < 0 else amt
        as_it_comes = amt is None or self.head.chunked
        read = self.read1 if as_it_comes else self.read
        try:
            while data := read(size, decode_content):
                yield data
        except (lower.HTTPError, OSError):
            rescued, self._reader.rescued = self._reader.rescued, b""
            if rescued:
                yield rescued
            raise

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
        coding = self.head.get(b"content-encoding") if self.head.coded else None
        if coding:
            try:
                self._decoder = codings.decoder_for(coding)
            except codings.DecodingError as exc:
                failure = lower.DecodeError(str(exc), exc)
                self._reader.give_up(failure, b"")
                raise failure from exc

    def _read_decoded(self, decoder: codings.Decoder, amt: int | None) -> bytes:
        pieces: list[bytes] = []
        missing = amt
        try:
            while not self._finished and missing != 0:
                piece = self._decode_some(decoder, BULK_SIZE if missing is None else missing)
                pieces.append(piece)
                if missing is not None:
                    missing -= len(piece)
        except Exception:
            self._reader.rescued = b"".join(pieces) + self._reader.rescued
            raise
        return b"".join(pieces)

    def _read_some(self, size: int) -> bytes:
        """What is there; a wrapper that was put around ``_fp`` sees all of it pass."""
        data: bytes = self._fp.read1(size) if self._fp is self._reader else self._fp.read(size)
        return data

    def hurry(self, seconds: float) -> None:
        """Let reading the rest take at most ``seconds`` in all."""
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
            self._decoder = None  # from here on there is nothing but this error to be had
            failure = lower.DecodeError(f"{self.head.get(b'content-encoding')}: {exc}", exc)
            self._reader.give_up(failure, exc.decoded)
            raise failure from exc

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
            return self._finished or self._reader.failed
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
