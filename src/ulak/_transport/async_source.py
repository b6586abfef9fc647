"""A request's body, read block by block without making the event loop wait.

What is in memory, and what an iterable yields, is taken on the loop; files and
multipart forms are read in the loop's executor; asynchronous iterables and files
are awaited.  Nothing here closes what the caller opened.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterable, Awaitable
from typing import TYPE_CHECKING, Any, Final, Protocol

from .. import _bodies
from .payload import CallerError, caller_blocks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = ["Source", "position_of", "rewind", "source_of"]

#: Bytes that are read at a time: each time costs a trip to a thread and back.
_BLOCK_SIZE: Final = 256 * 1024


class Source(Protocol):
    """The blocks of one body."""

    async def read(self) -> bytes:
        """The next block; ``b""`` at the end.

        :raises CallerError: when the caller's own code fails.
        """
        ...


def source_of(body: Any, length: int | None) -> Source:
    """The blocks of ``body``.

    :param length: what was announced; another length fails before it goes wrong.
    """
    if _bodies.is_async_readable(body):
        return _Asynchronous(_read(body), length)
    if isinstance(body, AsyncIterable):
        return _Asynchronous(aiter(body), length)
    blocks = caller_blocks(body, length, _BLOCK_SIZE)
    waits = isinstance(body, _bodies.BodyStream) or _bodies.is_readable(body)
    if waits and not isinstance(body, io.BytesIO | io.StringIO):
        return _InThread(body, blocks)
    return _AtHand(blocks)


class _AtHand:
    """Blocks that need no waiting."""

    __slots__ = ("_blocks",)

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    async def read(self) -> bytes:
        return next(self._blocks, b"")


#: What a thread is reading, by the body's ``id``: whoever waited may have been cancelled since.
_being_read: dict[int, asyncio.Future[bytes]] = {}


async def _wait_for_thread(body: object) -> None:
    """Wait until no thread reads ``body`` any more; it would spoil what comes next."""
    reading = _being_read.get(id(body))
    if reading is not None and reading.get_loop() is asyncio.get_running_loop():
        await asyncio.wait([reading])


class _InThread:
    """Blocks from files."""

    __slots__ = ("_blocks", "_body")

    def __init__(self, body: Any, blocks: Iterator[bytes]) -> None:
        self._body = body
        self._blocks = blocks

    async def read(self) -> bytes:
        body = self._body
        await _wait_for_thread(body)
        loop = asyncio.get_running_loop()
        reading = _being_read[id(body)] = loop.run_in_executor(None, next, self._blocks, b"")

        def done(future: asyncio.Future[bytes]) -> None:
            if _being_read.get(id(body)) is future:
                del _being_read[id(body)]
            if not future.cancelled():
                future.exception()  # nobody may be there to ask

        reading.add_done_callback(done)
        return await asyncio.shield(reading)


class _Asynchronous:
    """Blocks that are awaited, measured as they go out."""

    __slots__ = ("_blocks", "_measure")

    def __init__(self, blocks: AsyncIterator[Any], length: int | None) -> None:
        self._blocks = blocks
        self._measure = _bodies.Measure(length)

    async def read(self) -> bytes:
        try:
            async for block in self._blocks:
                data = _bodies.to_bytes(block)
                if data:
                    self._measure.count(data)
                    return data
            self._measure.end()
        except Exception as exc:
            raise CallerError(exc) from exc
        return b""


async def _read(file: Any) -> AsyncIterator[Any]:
    while block := await file.read(_BLOCK_SIZE):
        yield block


async def position_of(file: Any) -> _bodies.Position:
    """Where an asynchronous file is now, for :func:`rewind` to go back to."""
    try:
        position = await file.tell()
    except (AttributeError, TypeError, OSError, ValueError):
        return _bodies.NOT_REWINDABLE
    return position if isinstance(position, int) else _bodies.NOT_REWINDABLE


async def rewind(body: Any, position: _bodies.Position) -> None:
    """Make ``body`` ready to be sent again from ``position``.

    :raises UnrewindableBodyError: when it cannot be; it must not go out then.
    """
    if not _bodies.is_async_readable(body):
        await _wait_for_thread(body)
        _bodies.rewind(body, position)
        return
    _bodies.check_replayable(body, position)
    sought = body.seek(position)
    if isinstance(sought, Awaitable):
        await sought
