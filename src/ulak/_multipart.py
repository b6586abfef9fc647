"""multipart/form-data (RFC 7578): forms with files, streamed from where the files are.

Knows how a part is written, in the bytes that browsers and requests send: names
and file names as raw UTF-8, with quotes and line breaks percent-encoded (WHATWG
HTML, section 4.10.21.8), so that no name can end its header.  What is in memory
or small becomes plain bytes; larger files are read while they are sent.  Never
closes the caller's files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ._headers import merge, shown_name
from ._streams import (
    BodyStream,
    Position,
    as_buffer,
    blocks,
    body_position,
    encode_text,
    is_async_readable,
    is_readable,
    is_replayable,
    rewind,
    stream_length,
)
from .exceptions import InvalidBody, InvalidHeader, UnrewindableBodyError

if TYPE_CHECKING:
    from ._types import Files

#: Files that are together no longer than this, in bytes, are read at once.
IN_MEMORY_LIMIT: Final = 1024 * 1024

_CRLF = b"\r\n"
# WHATWG encodes the quote, CR and LF; the other control characters end a line for some parsers.
_ESCAPES = {ord('"'): "%22"} | {code: f"%{code:02X}" for code in (*range(0x20), 0x7F)}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class _File(NamedTuple):
    """One entry of ``files=``, in its full form."""

    field: str
    filename: str | None
    content: Any
    content_type: str | None = None
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None


class _Source:
    """A file's content, to be read while the body is sent."""

    __slots__ = ("content", "length", "position", "prefix")

    content: Any
    #: In bytes, or None.
    length: int | None
    position: Position
    #: What was already read from ``content``, when that cannot seek.
    prefix: bytes

    def __init__(self, content: Any) -> None:
        self.content = content
        self.length = stream_length(content) or None  # 0 may mean: not known (/proc)
        self.position = body_position(content)
        self.prefix = b""

    @property
    def replayable(self) -> bool:
        return is_replayable(self.content, self.position)

    def blocks(self) -> Iterator[bytes]:
        """The content, from where the file was when the body was made."""
        if self.replayable:
            rewind(self.content, self.position)
        elif self.prefix:
            yield self.prefix
        yield from blocks(self.content, length=self.length)

    def fetch(self, limit: int) -> bytes | None:
        """All of the content if it has at most ``limit`` bytes; None, and nothing lost, if more."""
        taken = bytearray()
        for block in self.blocks():
            taken += block
            if len(taken) > limit:
                self.prefix = b"" if self.replayable else bytes(taken)
                return None
        return bytes(taken)


class MultipartStream(BodyStream):
    """A multipart body that is read from its files while it is sent.

    Reads like a binary file.  Each file is sent from the position that it had when
    the body was made, and is left open.  A file whose length was known then and
    is another one now ends in InvalidBody: no false message is completed.

    ``content_type`` has the boundary; ``length`` is exact, or None if some file
    cannot tell its own.  ``len()`` of such a stream raises InvalidBody.
    """

    def __init__(self, pieces: list[bytes | _Source], content_type: str) -> None:
        self._pieces = pieces
        self.content_type = content_type
        total: int | None = 0
        for piece in pieces:
            length = len(piece) if isinstance(piece, bytes) else piece.length
            total = None if total is None or length is None else total + length
        self.length = total
        self._begin()

    def _begin(self) -> None:
        self._started = False
        self._rest = b""
        self._source = self._produce()

    def _produce(self) -> Iterator[bytes]:
        self._started = True
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece.blocks()

    def __len__(self) -> int:
        if self.length is None:
            raise InvalidBody("the length of this multipart body is not known before its end")
        return self.length

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[bytes]:
        if self._rest:
            rest, self._rest = self._rest, b""
            yield rest
        yield from self._source

    def read(self, size: int | None = -1) -> bytes:
        """At most ``size`` bytes, fewer only at the end; without a size, all the rest."""
        if size is None or size < 0:
            return b"".join(self)
        taken = [self._rest]
        missing = size - len(self._rest)
        while missing > 0:
            block = next(self._source, None)
            if block is None:
                break
            taken.append(block)
            missing -= len(block)
        data = b"".join(taken)
        self._rest = data[size:]
        return data[:size]

    @property
    def replayable(self) -> bool:
        return all(isinstance(piece, bytes) or piece.replayable for piece in self._pieces)

    def rewind(self) -> None:
        if self._started and not self.replayable:
            raise UnrewindableBodyError(
                "a file of the multipart body cannot seek, so it cannot be sent a second time"
            )
        self._begin()


def encode_multipart(
    fields: Iterable[tuple[str, bytes]], files: Files, boundary: str | None = None
) -> tuple[bytes | MultipartStream, str]:
    """A form with files: its body and its Content-Type.

    :param fields: the plain fields, which come first.
    :param files: as in requests: a mapping or pairs, of field name to a file, bytes or
        str, or to a tuple of file name, content and optionally content type and
        headers.  A content of None is left out.
    :param boundary: 1 to 70 characters; a random one if not given.
    :raises InvalidBody: when an entry is of no such shape.
    :raises InvalidHeader: when a part's content type or headers may not be sent.
    """
    from urllib3 import filepost

    if boundary is None:  # looked up each time: tests put one there that they know
        boundary = filepost.choose_boundary()
    opening = f"--{boundary}\r\n".encode("ascii")
    pieces: list[bytes | _Source] = []
    for name, value in fields:
        pieces += [opening, _disposition(name, None), _CRLF, value, _CRLF]
    for file in _entries(files):
        content = _content(file)
        pieces += [opening, _part_head(file), content, _CRLF]
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    content_type = f"multipart/form-data; boundary={boundary}"
    settled = _settle(pieces)
    body = _joined(settled)
    return (MultipartStream(settled, content_type) if body is None else body), content_type


def _settle(pieces: list[bytes | _Source]) -> list[bytes | _Source]:
    """The pieces, with the content of files that are small taken into memory.

    A file that does not know its length is read for the first part of it: if that
    is all, the length of the body is known.
    """
    settled: list[bytes | _Source] = []
    known = 0
    for piece in pieces:
        content: bytes | _Source = piece
        if isinstance(piece, _Source):
            if piece.length is None:
                fetched = piece.fetch(IN_MEMORY_LIMIT)
                content = piece if fetched is None else fetched
                known += IN_MEMORY_LIMIT + 1 if fetched is None else len(fetched)
            else:
                known += piece.length
        settled.append(content)
    if known > IN_MEMORY_LIMIT:
        return settled
    return [piece if isinstance(piece, bytes) else b"".join(piece.blocks()) for piece in settled]


def _joined(pieces: list[bytes | _Source]) -> bytes | None:
    """The pieces as one, if they are all in memory."""
    ready = [piece for piece in pieces if isinstance(piece, bytes)]
    return b"".join(ready) if len(ready) == len(pieces) else None


def _entries(files: Files) -> Iterator[_File]:
    """The entries of ``files=``, those without content left out."""
    try:
        pairs = [
            (field, entry)
            for field, entry in (files.items() if isinstance(files, Mapping) else files or ())
        ]
    except (TypeError, ValueError):
        raise InvalidBody(
            "files= should be a mapping or pairs of field name and file, "
            f"not {type(files).__name__}"
        ) from None
    entry: Any
    for field, entry in pairs:
        name = _name(field, "field")
        if isinstance(entry, tuple | list):
            if not 2 <= len(entry) <= 4:
                raise InvalidBody(
                    f"files= has a tuple of {len(entry)} items for field {name!r}; it should be "
                    "(filename, content[, content_type[, headers]])"
                )
            filename, *rest = entry
            file = _File(name, None if filename is None else _name(filename, "file"), *rest)
        else:
            file = _File(name, filename_of(entry) or name, entry)
        if file.content is not None:
            yield file


def _name(name: object, kind: str) -> str:
    """The name of a field or file as str."""
    if isinstance(name, bytes):
        try:
            return name.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidBody(f"a {kind} name in bytes must be UTF-8") from None
    if isinstance(name, str):
        return name
    raise InvalidBody(f"a {kind} name must be str, not {type(name).__name__}")


def filename_of(content: object) -> str | None:
    """The last part of a file's own name, if that is of a real file."""
    name = getattr(content, "name", None)
    if not isinstance(name, str | bytes) or not name:
        return None
    text = os.fsdecode(name)
    return None if text[0] == "<" or text[-1] == ">" else os.path.basename(text)


def _content(file: _File) -> bytes | _Source:
    """What a part holds."""
    content = file.content
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return encode_text(content)
    if isinstance(content, int):
        return str(content).encode("ascii")
    if is_async_readable(content):
        raise InvalidBody(
            f"field {file.field!r} of files= is an asynchronous file; give an ordinary one, which "
            "an AsyncSession reads in a thread, or bytes"
        )
    if is_readable(content):
        return _Source(content)
    view = as_buffer(content)
    if view is None:
        raise InvalidBody(
            f"field {file.field!r} of files= should be an open file, bytes or str, "
            f"not {type(content).__name__}"
        )
    return bytes(view)


def _disposition(field: str, filename: str | None) -> bytes:
    """The Content-Disposition line of a part (RFC 7578, section 4.2)."""
    line = f'Content-Disposition: form-data; name="{field.translate(_ESCAPES)}"'
    if filename is not None:
        line += f'; filename="{filename.translate(_ESCAPES)}"'
    return line.encode("utf-8", "replace") + _CRLF


def _part_head(file: _File) -> bytes:
    """A file part's header fields and the empty line after them.

    The part's own headers come last, without a Content-Disposition, which is
    made here; their Content-Type counts if the entry names none.
    """
    try:
        headers = merge(None, file.headers or None)
    except InvalidHeader as exc:
        raise InvalidHeader(
            f"the part headers of field {file.field!r} in files= should be a mapping or pairs "
            "of names and values as str or bytes"
        ) from exc
    headers.pop("Content-Disposition", None)
    own_type = headers.pop("Content-Type", None)
    lines = [_disposition(file.field, file.filename)]
    for name, value in [("Content-Type", file.content_type or own_type), *headers.items()]:
        if value:
            lines.append(_header_line(name, value))
    return b"".join([*lines, _CRLF])


def _header_line(name: str, value: object) -> bytes:
    """One header field of a part."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        raise InvalidHeader(
            f"the value of part header {name!r} must be str or bytes, not {type(value).__name__}"
        )
    if not _TOKEN.fullmatch(name):
        raise InvalidHeader(f"{shown_name(name)}, of a part, is not a token (RFC 9110, 5.6.2)")
    if _CONTROL.search(value):
        raise InvalidHeader(
            f"the value of part header {name!r} holds a line break or another control character"
        )
    return f"{name}: {value}\r\n".encode("utf-8", "replace")
