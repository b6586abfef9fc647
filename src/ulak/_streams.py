"""A request's body as a stream of bytes: its length, its blocks, and sending it again.

Takes a body of every kind that a request may have: bytes and what is like
bytes, text (sent as UTF-8), files and whatever can be read like one, and
iterables.  Nothing here closes what the caller opened.  Refuses to know what a
body means: forms and JSON are made in ``_bodies``, multipart in ``_multipart``;
framing is the codec's.
"""

from __future__ import annotations

import io
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence, Set, Sized
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from warnings import warn

from ._callers import stacklevel
from .exceptions import FileModeWarning, InvalidBody, UnrewindableBodyError

#: How much is read from a file at once, in bytes.
BLOCK_SIZE: Final = 64 * 1024


#: What ``inspect.CO_COROUTINE`` is; importing inspect takes longer than a request.
_CO_COROUTINE: Final = 0x80


class Rewindable:
    """Whether a file can be sent again, where its position cannot tell."""

    __slots__ = ()

    def __reduce__(self) -> str:  # one object, so that copies and pickles are it
        return "NOT_REWINDABLE"

    def __repr__(self) -> str:
        return "NOT_REWINDABLE"


#: The position of a file whose ``tell()`` failed.
NOT_REWINDABLE: Final = Rewindable()

#: An offset to seek to; NOT_REWINDABLE; or None for what has no position.
Position: TypeAlias = int | Rewindable | None

if TYPE_CHECKING:
    from typing import Protocol, TypeGuard

    class Readable(Protocol):
        """A file, or what can be read like one."""

        def read(self, size: int = ..., /) -> Any: ...

    class Telling(Protocol):
        """What knows its position."""

        def tell(self) -> int: ...

    class Seekable(Telling, Protocol):
        """What can be sent again from a position."""

        def seek(self, offset: int, whence: int = ..., /) -> object: ...


# Not isinstance(): since Python 3.12 that does not see the methods of a wrapper with
# __getattr__, as NamedTemporaryFile() gives.


def is_readable(body: object) -> TypeGuard[Readable]:
    """Whether ``body`` is read like a file."""
    return callable(getattr(body, "read", None))


def is_async_readable(body: object) -> bool:
    """Whether ``body`` is read like a file, but what reading gives is awaited."""
    read = getattr(body, "read", None)
    code = getattr(getattr(read, "__func__", read), "__code__", None)
    return code is not None and bool(code.co_flags & _CO_COROUTINE)


def is_sendable(body: object) -> bool:
    """Whether bytes can be had of ``body`` without awaiting them."""
    return is_readable(body) or isinstance(body, Iterable) or as_buffer(body) is not None


def _can_tell(body: object) -> TypeGuard[Telling]:
    return callable(getattr(body, "tell", None))


def _can_seek(body: object) -> TypeGuard[Seekable]:
    return _can_tell(body) and callable(getattr(body, "seek", None))


class BodyStream(ABC):
    """A body of ulak's own making that is produced while it is sent."""

    #: The number of bytes from the beginning, or None if it is not known before the end.
    length: int | None

    @property
    @abstractmethod
    def replayable(self) -> bool:
        """Whether :meth:`rewind` can work."""

    @abstractmethod
    def __iter__(self) -> Iterator[bytes]:
        """The blocks that have not been read yet."""

    @abstractmethod
    def rewind(self) -> None:
        """Begin anew.

        :raises UnrewindableBodyError: when it cannot.
        """


def as_buffer(body: object) -> memoryview | None:
    """The bytes of a bytes-like object (array, memoryview …), or None if it is not one."""
    try:
        view = memoryview(body)  # type: ignore[arg-type]  # that is the question
    except TypeError:
        return None
    return view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())


# How long.


def body_length(body: object) -> int | None:
    """How many bytes sending ``body`` takes; of a file, from its position to its end.

    The object's own word (``len()`` or ``.len``) comes first; then a file is asked
    where its end is.  None when it cannot be known.  Text counts as UTF-8; a file
    in text mode is read once to count it, and put back.

    :raises InvalidBody: when a file is closed or cannot be read.

    Warns with FileModeWarning of a file in text mode, which is slow and may not
    be sent as it is on the disk.
    """
    if is_readable(body) and _is_text(body) and _descriptor(body) is not None:
        warn(
            "the file was opened in text mode, so it is decoded and sent as UTF-8; "
            "open it in binary mode ('rb')",
            FileModeWarning,
            stacklevel=stacklevel(),
        )
    return stream_length(body)


def stream_length(body: object) -> int | None:
    """As :func:`body_length`, without the warning."""
    if body is None:
        return 0
    if isinstance(body, bytes):
        return len(body)
    if isinstance(body, str):
        return len(encode_text(body))
    if isinstance(body, BodyStream):
        return body.length
    try:
        return _object_length(body)
    except OSError:
        return None
    except ValueError as exc:
        raise InvalidBody(f"the body's file cannot be read: {exc}") from exc


def _object_length(body: object) -> int | None:
    """The bytes left in an object; OSError and ValueError are its own methods'."""
    total = _stated_length(body)
    if total is not None:
        return max(0, total - (body.tell() if _can_tell(body) else 0))
    if not is_readable(body):
        view = as_buffer(body)
        return None if view is None else view.nbytes
    if _is_text(body):
        return _counted_length(body)
    try:
        return _sought_length(body)
    except OSError:
        return _file_length(body)


def _stated_length(body: object) -> int | None:
    """What the object itself says that its whole length is."""
    if isinstance(body, Sequence | Set | memoryview):  # their len() counts something else
        return len(body) if isinstance(body, bytes | bytearray) else None
    if isinstance(body, Sized) and (is_readable(body) or as_buffer(body) is None):
        return len(body)  # pyright: ignore[reportArgumentType]  # Sized too, which TypeGuard forgets
    stated = getattr(body, "len", None)
    return stated if isinstance(stated, int) else None


def _sought_length(body: object) -> int | None:
    """The length by seeking to the end and back.

    That is right for gzip and zip members too, whose descriptor is another file's.
    """
    if not _can_seek(body):
        raise io.UnsupportedOperation("seek")
    here = body.tell()
    body.seek(0, os.SEEK_END)
    end = body.tell()
    body.seek(here)
    return max(0, end - here)


def _file_length(body: object) -> int | None:
    """The length by the file system's word, where seeking is not possible."""
    descriptor = _descriptor(body)
    if descriptor is None:
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return None  # a pipe or a socket, whose size is 0 whatever comes
    return max(0, status.st_size - (body.tell() if _can_tell(body) else 0))


def _descriptor(body: object) -> int | None:
    """The file descriptor behind a file, if there is one."""
    fileno = getattr(body, "fileno", None)
    if fileno is None:
        return None
    try:
        descriptor = fileno()
    except (OSError, ValueError, AttributeError):  # a tar member has the method, not the file
        return None
    return descriptor if isinstance(descriptor, int) else None


def _is_text(body: object) -> bool:
    """Whether reading gives str, as far as can be told without reading."""
    return isinstance(body, io.TextIOBase) or isinstance(getattr(body, "encoding", None), str)


def _counted_length(body: Readable) -> int | None:
    """The length of text as UTF-8, by reading it once and going back."""
    if not _can_seek(body):
        return None
    here = body.tell()
    total = 0
    source: Any = body
    for block in _read(source, BLOCK_SIZE):
        total += len(block)
    body.seek(here)
    return total


# Sending.


def blocks(body: object, size: int = BLOCK_SIZE, *, length: int | None = None) -> Iterator[bytes]:
    """The bytes of ``body`` in blocks, none of them empty.

    :param size: how much is read from a file, or cut from bytes, at once; what an
        iterable yields is passed on as it is.
    :param length: the number of bytes that were announced.  Another number ends in
        InvalidBody before a byte beyond them is given out.
    :raises InvalidBody: when something other than bytes or str is read, or reading
        a file fails.  What an iterable raises passes through.
    """
    found = _blocks(body, size)
    return found if length is None else _exactly(found, length)


def _blocks(body: object, size: int) -> Iterator[bytes]:
    if body is None:
        return iter(())
    if isinstance(body, str):
        body = encode_text(body)
    if isinstance(body, bytes):
        return _cut(memoryview(body), size)
    if isinstance(body, BodyStream):
        return iter(body)
    if is_readable(body):
        return _read(body, size)
    view = as_buffer(body)
    if view is not None:
        return _cut(view, size)
    if isinstance(body, Iterable):
        return _each(body)
    raise InvalidBody(f"a body cannot be of type {type(body).__name__}")


class Measure:
    """Holds a body that is sent in blocks to the length that was announced.

    :param length: in bytes; ``None`` where any will do.
    """

    __slots__ = ("_length", "_sent")

    def __init__(self, length: int | None) -> None:
        self._length = length
        self._sent = 0

    def count(self, block: bytes) -> None:
        """Count a block that is about to be sent.

        :raises InvalidBody: when it would be too much.
        """
        self._sent += len(block)
        if self._length is not None and self._sent > self._length:
            raise InvalidBody(
                f"the body is longer than the {self._length} bytes that were announced; "
                "did it grow while it was sent, or is Content-Length wrong?"
            )

    def end(self) -> None:
        """See that nothing is missing.

        :raises InvalidBody: when something is.
        """
        if self._length is not None and self._sent < self._length:
            raise InvalidBody(
                f"the body ended after {self._sent} of the {self._length} bytes that were "
                "announced; did it change while it was sent, or is Content-Length wrong?"
            )


def _exactly(found: Iterator[bytes], length: int) -> Iterator[bytes]:
    """The blocks, as long as they make up ``length`` bytes."""
    measure = Measure(length)
    for block in found:
        measure.count(block)
        yield block
    measure.end()


def _cut(view: memoryview, size: int) -> Iterator[bytes]:
    for at in range(0, len(view), size):
        yield bytes(view[at : at + size])


def _read(body: Readable, size: int) -> Iterator[bytes]:
    """What a file gives, until its end."""
    while True:
        try:
            block = body.read(size)
        except InvalidBody:
            raise
        except (OSError, ValueError) as exc:
            raise InvalidBody(f"the body's file cannot be read: {exc}") from exc
        if block is None:
            raise InvalidBody("the body's file does not block, so it cannot be sent")
        if not block:
            return
        yield to_bytes(block)


def _each(body: Iterable[Any]) -> Iterator[bytes]:
    for chunk in body:
        if chunk if isinstance(chunk, str | bytes) else as_buffer(chunk) is None or len(chunk):
            yield to_bytes(chunk)


def to_bytes(chunk: object) -> bytes:
    """One piece of a body as bytes."""
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, str):
        return encode_text(chunk)
    view = as_buffer(chunk)
    if view is None:
        raise InvalidBody(
            "a body is made of bytes or str (sent as UTF-8), not of " + type(chunk).__name__
        )
    return bytes(view)


def encode_text(text: str) -> bytes:
    """Text as UTF-8.

    :raises InvalidBody: when it holds half a surrogate pair.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as exc:
        reason = exc.reason  # not the error, which holds the text
    raise InvalidBody(f"the body's text cannot be encoded as UTF-8: {reason}")


# Sending again.


def body_position(body: object) -> Position:
    """Where ``body`` is now, for :func:`rewind` to go back to.

    :raises InvalidBody: when the file is closed.
    """
    if isinstance(body, BodyStream):
        return 0
    if not _can_tell(body):
        return None
    try:
        return body.tell()
    except OSError:
        return NOT_REWINDABLE
    except ValueError as exc:
        raise InvalidBody(f"the body's file cannot be read: {exc}") from exc


def is_replayable(body: object, position: Position) -> bool:
    """Whether ``body`` can be sent once more.

    Bytes and text can; a file when it can seek; an iterable when it is not an
    iterator, so that iterating begins anew.

    :param position: what :func:`body_position` said before it was sent.
    """
    if body is None or isinstance(body, bytes | str):
        return True
    if isinstance(body, BodyStream):
        return body.replayable
    if is_async_readable(body):
        return isinstance(position, int) and _can_seek(body)
    if is_readable(body) or _can_tell(body):
        return isinstance(position, int) and _can_seek(body) and _may_seek(body)
    return not isinstance(body, Iterator) and (
        isinstance(body, Iterable) or as_buffer(body) is not None
    )


def _may_seek(body: object) -> bool:
    """What the file itself says; one that says nothing is believed."""
    seekable = getattr(body, "seekable", None)
    try:
        return seekable is None or bool(seekable())
    except (OSError, ValueError):  # closed
        return False


def check_replayable(body: object, position: Position) -> None:
    """See that ``body`` can be sent once more.

    :raises UnrewindableBodyError: when it cannot be; it must not go out then.
    """
    if not is_replayable(body, position):
        raise UnrewindableBodyError(
            f"Unable to rewind request body ({type(body).__name__}), so that it could be sent a "
            "second time; give bytes, or a file that can seek"
        )


def rewind(body: object, position: Position) -> None:
    """Make ``body`` ready to be sent again from ``position``.

    :raises UnrewindableBodyError: when it cannot be; it must not go out then.
    """
    check_replayable(body, position)
    if isinstance(body, BodyStream):
        body.rewind()
    elif isinstance(position, int) and _can_seek(body):
        try:
            body.seek(position)
        except (OSError, ValueError) as exc:
            raise UnrewindableBodyError(
                f"An error occurred when rewinding request body to send it a second time: {exc}"
            ) from exc
