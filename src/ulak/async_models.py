"""The response of an :class:`~ulak.AsyncSession`, whose body is awaited.

It has the attributes of a :class:`~ulak.Response`; ``content``, ``text`` and
``json()`` work once the body was read, which a session does unless it is streamed.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import aclosing, nullcontext
from typing import TYPE_CHECKING, Any

from . import _text
from ._errors import LOWER_ERRORS, about
from ._inheritance import hand_down
from ._response import CONTENT_CHUNK_SIZE, BaseResponse, slices
from .exceptions import BodyNotRead, BodyTooLarge, InvalidOption, RequestException
from .models import PreparedRequest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping
    from types import TracebackType
    from typing import Self

__all__ = ["AsyncResponse"]

_CLOSED_UNREAD = (
    "the response was closed before its body was read; read it inside the block "
    "(raise_for_status=True in the call does, for an error)"
)


class AsyncResponse(BaseResponse):
    """What the server answered.

    The body is there already, unless it was asked for with ``stream=True``.  Then
    :meth:`aread` reads it whole and keeps it; :meth:`aiter_content`, :meth:`aiter_text`
    and :meth:`aiter_lines` hand it over piece by piece, no faster than the pieces are
    taken.  A streamed response holds its connection until the body is read to its
    end or :meth:`aclose` is called; ``async with`` closes it.  For one task at a time.

    Attributes: ``status_code``; ``reason``; ``url``; ``request``, the
    :class:`PreparedRequest` that this answers; ``history``, the responses that
    led here; ``raw``, what the adapter reads the body from; ``connection``, the adapter.
    """

    request: PreparedRequest = None  # type: ignore[assignment]  # until an adapter sets it
    history: list[AsyncResponse]
    _next: PreparedRequest | None = None
    #: Whether pieces of the body were handed over.
    _was_begun: bool = False

    @property
    def content(self) -> bytes:
        """The whole body, decoded from its Content-Encoding, once it was read.

        :raises BodyNotRead: when it was not: await :meth:`aread` first.
        :raises StreamConsumedError: when it was already read as a stream.
        """
        if self._content is False:
            if self._content_consumed or self._lost:
                raise self._consumed()
            if self.raw is not None:
                raise BodyNotRead(
                    f"{about(self.request)}the body was not read yet; "
                    "await response.aread() first (in a hook too: it sees the response before)",
                    response=self,
                )
            self._content = None
        return self._content  # type: ignore[no-any-return]  # None if made by hand without a body

    async def aread(self) -> bytes:
        """Read the body whole, and keep it as ``content``.

        :raises StreamConsumedError: when it was already read as a stream.
        :raises RequestException: when it cannot be read to its end.
        """
        if self._content is False and not self._content_consumed and self.raw is not None:
            if self._was_begun and not self._lost:
                raise self._consumed()
            await self._load()
        return self.content

    def _load_at_hand(self) -> bool:
        """Take the body over, if all of it is here already; tells whether it was."""
        at_hand = getattr(self._raw, "at_hand", None)
        if at_hand is None or self._content is not False or self._content_consumed:
            return False
        if self._body_limit is not None:
            return False
        content = at_hand()
        if content is None:
            return False
        self._content = content
        self._content_consumed = True
        return True

    async def _load(self) -> None:
        """Read the body whole, the shortest way.

        :raises RequestException: when it cannot be read to its end.
        """
        if self._content is not False or self.raw is None or self._load_at_hand():
            return
        if self._content_consumed and not self._was_begun:  # a hook closed it
            return
        read_whole = getattr(self.raw, "read_whole", None)
        if read_whole is None or self._content_consumed or self._body_limit is not None:
            pieces = [piece async for piece in self.aiter_content(CONTENT_CHUNK_SIZE)]
            self._content = b"".join(pieces)
            self._content_consumed = True
            return
        try:
            self._content = await read_whole()
        except InvalidOption as exc:  # it was not begun: another task or loop may read it
            exc.request = self.request
            raise
        except BaseException as exc:
            if isinstance(exc, RequestException) or not isinstance(exc, LOWER_ERRORS):
                self._content_consumed = True
                raise
            raise self._body_error(exc) from exc
        self._content_consumed = True

    async def _load_at_most(self, limit: int, seconds: float) -> None:
        """Read the body of a response that is only passed through, up to ``limit`` bytes.

        What is beyond is not read, nor what has not come within ``seconds``: the
        connection is closed.  Never raises for a broken body, since nobody asked for
        it, nor for one beyond ``max_body_size``, of which that much is kept.
        """
        if self._content is not False or self._content_consumed or self.raw is None:
            return
        hurry = getattr(self.raw, "hurry", None)
        if hurry is not None:
            hurry(seconds)
        if self._body_limit is not None:
            limit, self._body_limit = min(limit, self._body_limit), None
        pieces: list[bytes] = []
        size = 0
        try:
            async with _closing(self.aiter_content(CONTENT_CHUNK_SIZE)) as body:
                async for piece in body:
                    pieces.append(piece[: limit - size])
                    size += len(piece)
                    if size >= limit:
                        break
        except LOWER_ERRORS:
            pass
        finally:
            await self._close_raw()
        self._content = b"".join(pieces)
        self._content_consumed = True

    async def aiter_content(self, chunk_size: int | None = None) -> AsyncGenerator[bytes, None]:
        """The body in pieces, decoded from its Content-Encoding.

        :param chunk_size: at most so many bytes each; ``None`` hands over each piece
            as it arrives.
        :raises StreamConsumedError: when it was already read as a stream.
        :raises RequestException: when it cannot be read to its end.
        """
        self._check_iterable(chunk_size)
        if self._content is not False:
            for piece in slices(self._content, chunk_size):
                yield piece
            return
        self._was_begun = True
        raw = self.raw
        stream = getattr(raw, "stream", None)
        try:
            if limited := self._body_limit is not None:
                self._check_announced()
                chunk_size = self._piece_size(chunk_size)
            if stream is not None:
                async with _closing(stream(chunk_size, decode_content=True)) as pieces:
                    async for piece in pieces:
                        if limited:
                            self._count(piece)
                        yield piece
            elif raw is not None:
                while piece := await _read(raw, chunk_size):
                    self._count(piece)
                    yield piece
        except BodyTooLarge:
            await self.aclose()
            self._content_consumed = True
            raise
        except RequestException as exc:
            exc.request = exc.request or self.request
            raise
        except LOWER_ERRORS as exc:
            raise self._body_error(exc) from exc
        if self._lost:  # earlier, of which a ``raw`` of another's says nothing the second time
            raise self._consumed()
        self._content_consumed = True

    async def aiter_text(
        self, chunk_size: int | None = None, encoding: str | None = None
    ) -> AsyncGenerator[str, None]:
        """The body's text in pieces, characters that were cut put together.

        :param chunk_size: as for :meth:`aiter_content`, in bytes.
        :param encoding: a charset; ``encoding`` of the response, or else UTF-8.
        """
        decoder = _text.TextDecoder(encoding or self.encoding)
        async with _closing(self.aiter_content(chunk_size)) as pieces:
            async for piece in pieces:
                if text := decoder.feed(piece):
                    yield text
        if rest := decoder.end():
            yield rest

    async def aiter_lines(
        self,
        chunk_size: int | None = None,
        decode_unicode: bool = False,
        delimiter: str | bytes | None = None,
    ) -> AsyncGenerator[Any, None]:
        """The body's lines without their ends, the same however the bytes arrive.

        :param decode_unicode: yield ``str``, decoded as by :meth:`aiter_text`, instead of
            ``bytes``, as ``iter_lines`` of a :class:`~ulak.Response` does.
        :param delimiter: what ends a line, instead of any line break.
        """
        cutter = _text.line_cutter(delimiter)
        body: AsyncIterator[Any] = self.aiter_content(chunk_size)
        if decode_unicode and self.encoding:
            body = self.aiter_text(chunk_size)
        async with _closing(body) as pieces:
            async for piece in pieces:
                for line in cutter.feed(piece):
                    yield line
        for line in cutter.end():
            yield line

    async def aclose(self) -> None:
        """Part with the response; a body that is not yet read is lost, and its connection."""
        if self.raw is not None and not self._content_consumed:
            self._content_consumed = True
            if not self._was_begun and not self._lost:
                self._lost = _CLOSED_UNREAD
            await self._close_raw()

    async def _close_raw(self) -> None:
        """Close ``raw``, in whichever way it is closed."""
        close = getattr(self.raw, "aclose", None)
        if close is not None:
            await close()
        elif (close := getattr(self.raw, "close", None)) is not None:
            close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.aiter_content()

    def __getstate__(self) -> Mapping[str, Any]:
        if not self._content_consumed and not self._lost:
            self.content  # noqa: B018 - a pickle holds the body
        return {name: getattr(self, name, None) for name in self.__attrs__}


def _closing(pieces: Any) -> Any:
    """A context in which ``pieces`` is iterated over, and which closes it, if it can be closed.

    A generator that is left half-way is closed by a task of the loop's own, at some later time.
    """
    return aclosing(pieces) if hasattr(pieces, "aclose") else nullcontext(pieces)


async def _read(raw: Any, size: int | None) -> bytes:
    """The next piece of a body that is read like a file, asynchronous or not."""
    piece = raw.read(-1 if size is None else size)
    return (await piece) if isinstance(piece, Awaitable) else piece  # type: ignore[no-any-return]


hand_down(BaseResponse, AsyncResponse)
