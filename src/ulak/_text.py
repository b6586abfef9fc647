"""Bytes and text: which encoding a body has, decoding it, and cutting it into lines.

Knows how a charset is named (Content-Type, byte order marks, a guess) and how
to decode whole or piece by piece.  Whatever a server names or sends, decoding
gives text and raises nothing.  Refuses to know where the bytes come from.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, AnyStr, Protocol

from ._headers import parse_content_type
from .exceptions import InvalidOption

# Python's own codecs, which no server means: some raise whatever the error
# handler, some take quadratic time on hostile input.
_NOT_CHARSETS = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}
    | {"unicode-escape", "raw-unicode-escape"}
)
_CHARSET_NAME = r"[A-Za-z0-9][A-Za-z0-9 ._:+()-]*"
_LONGEST_CHARSET_NAME = 64


def encoding_from_content_type(value: str | None) -> str | None:
    """The charset of a Content-Type value, or of its type where it names none.

    Text is ISO-8859-1, as RFC 2616, section 3.7.1, had it and requests keeps it;
    JSON is UTF-8 (RFC 8259, section 8.1); of anything else it is not known: None.
    The name is the server's and may be of no known encoding.
    """
    if not value:
        return None
    kind, params = parse_content_type(value)
    charset = params.get("charset", "").strip("'\" ")
    if charset:
        return charset
    if "text" in kind:
        return "ISO-8859-1"
    return "utf-8" if "application/json" in kind else None


def detect(content: bytes) -> str:
    """The likeliest encoding of ``content``, judged by nothing but its bytes.

    Plain ASCII and valid UTF-8 are told at once; the rest is charset-normalizer's
    guess, and UTF-8 where it has none.
    """
    if b"\0" not in content and b"\x1b" not in content:
        if content.isascii():
            return "ascii" if content else "utf-8"
        if not content.startswith(codecs.BOM_UTF8) and _is_utf8(content):
            return "utf-8"
    from charset_normalizer import detect as guess

    encoding = guess(content)["encoding"]
    return encoding if isinstance(encoding, str) else "utf-8"


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(maxsize=128)
def _codec(charset: str) -> str | None:
    """The Python codec for a charset's name, or None if it is not of text."""
    if len(charset) > _LONGEST_CHARSET_NAME or not re.fullmatch(_CHARSET_NAME, charset):
        return None
    try:
        name = codecs.lookup(charset).name
        b"x".decode(name, "replace")  # refuses what does not make text, such as rot13
    except (LookupError, ValueError):
        return None
    return None if name in _NOT_CHARSETS else name


def _with_order(codec: str, head: bytes) -> str:
    """The codec, with a byte order where it has none and ``head`` shows no mark.

    Python's own choice depends on the machine, and its incremental decoders raise;
    little-endian is what browsers take (WHATWG Encoding, section 4.2).
    """
    marks = _MARKS.get(codec)
    return f"{codec}-le" if marks and not head.startswith(marks) else codec


_MARKS = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}
_LONGEST_MARK = 4


def decode(content: bytes, encoding: str | None) -> str:
    """``content`` as text; what cannot be decoded becomes U+FFFD.

    An ``encoding`` that is None or of no known charset counts as UTF-8.
    """
    codec = (_codec(encoding) if encoding else None) or "utf-8"
    return content.decode(_with_order(codec, content), "replace")


def decode_strictly(content: bytes, encoding: str) -> str | None:
    """``content`` as text, or None where it is not in ``encoding`` or that is no known charset."""
    codec = _codec(encoding)
    if codec is None:
        return None
    try:
        return content.decode(codec)
    except ValueError:
        return None


def decode_reason(phrase: bytes) -> str:
    """A reason phrase as text: UTF-8 where it is that, else ISO-8859-1."""
    return phrase.decode("utf-8" if _is_utf8(phrase) else "iso-8859-1")


class TextDecoder:
    """Decodes a body that comes in pieces: joined, the same as :func:`decode` of the whole.

    Characters cut by a piece's end are put together.

    :param encoding: as for :func:`decode`.
    """

    __slots__ = ("_codec", "_decoder", "_head")

    def __init__(self, encoding: str | None) -> None:
        self._codec = (_codec(encoding) if encoding else None) or "utf-8"
        self._head = b""
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, chunk: bytes) -> str:
        """The text that ``chunk`` completes."""
        if self._decoder is None:
            self._head += chunk
            if self._codec in _MARKS and len(self._head) < _LONGEST_MARK:
                return ""
            chunk = self._head
            self._decoder = self._begin()
        try:
            return self._decoder.decode(chunk)
        except UnicodeError:  # some of Python's give up, whatever they are told to do instead
            self._decoder.reset()
            return "\N{REPLACEMENT CHARACTER}" + chunk.decode(self._codec, "replace")

    def end(self) -> str:
        """What is left at the end."""
        decoder = self._decoder
        try:
            return (
                self._begin().decode(self._head, True)
                if decoder is None
                else decoder.decode(b"", True)
            )
        except UnicodeError:
            return "\N{REPLACEMENT CHARACTER}"

    def _begin(self) -> codecs.IncrementalDecoder:
        return codecs.getincrementaldecoder(_with_order(self._codec, self._head))("replace")


def iter_decode(chunks: Iterable[bytes], encoding: str | None) -> Iterator[str]:
    """The text of ``chunks`` in pieces, none of them empty; see :class:`TextDecoder`."""
    decoder = TextDecoder(encoding)
    for chunk in chunks:
        if text := decoder.feed(chunk):
            yield text
    if rest := decoder.end():
        yield rest


def guess_json_utf(data: bytes) -> str | None:
    """Which UTF a JSON text is in, by its first four bytes; None if in none.

    JSON begins with two ASCII characters, so where the zero bytes are tells the
    width and the order (RFC 4627, section 3); a byte order mark tells at once.
    """
    head = data[:4]
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = bytes(not byte for byte in head)
    if not any(zeros):
        return "utf-8"
    return {
        b"\1\1\1\0": "utf-32-be",
        b"\0\1\1\1": "utf-32-le",
        b"\1\0\1\0": "utf-16-be",
        b"\0\1\0\1": "utf-16-le",
    }.get(zeros)


def line_cutter(delimiter: str | bytes | None = None, keepends: bool = False) -> LineCutter:
    """What cuts a text into lines that comes in chunks, wherever the chunks are cut.

    Without a delimiter they are those of ``splitlines(keepends)`` on the whole.
    With one, those of ``split(delimiter)``, less an empty last one; ``keepends``
    does not apply then.  The time is linear in the text; what is held is the line
    that is not yet complete.

    :raises InvalidOption: when the delimiter is neither text nor bytes.
    """
    if delimiter and not isinstance(delimiter, str | bytes | bytearray):
        raise InvalidOption(f"delimiter={delimiter!r} should be str or bytes")
    return _Splitter(delimiter) if delimiter else _LineSplitter(keepends)


def iter_lines(
    chunks: Iterable[AnyStr], delimiter: AnyStr | None = None, keepends: bool = False
) -> Iterator[AnyStr]:
    """The lines of ``chunks``; see :func:`line_cutter`.

    :raises InvalidOption: when the delimiter is str and the chunks are bytes, or
        the other way round.
    """
    cutter = line_cutter(delimiter, keepends)
    for chunk in chunks:
        yield from cutter.feed(chunk)
    yield from cutter.end()


class LineCutter(Protocol):
    """Takes a text's chunks in, and gives its lines out."""

    def feed(self, chunk: Any) -> list[Any]:
        """The lines that ``chunk`` completes.

        :raises InvalidOption: when it is not of the delimiter's type.
        """
        ...

    def end(self) -> list[Any]:
        """The line that nothing ended, if there is one."""
        ...


# Any, not AnyStr, from here on: pyright does not know that AnyStr.join makes an AnyStr.


class _LineSplitter:
    """Lines as ``splitlines`` would give them."""

    __slots__ = ("_held", "_keepends")

    def __init__(self, keepends: bool) -> None:
        self._keepends = keepends
        self._held: list[Any] = []  # the pieces of the last line, its end included

    def feed(self, chunk: Any) -> list[Any]:
        done: list[Any] = []
        held = self._held
        if held and chunk and _is(held[-1][-1:], "\r"):  # the line's end, or half of CR LF?
            if _is(chunk[:1], "\n"):
                held.append(chunk[:1])
                chunk = chunk[1:]
            done = self.end()
        if not chunk:
            return done
        lines = chunk.splitlines(self._keepends)
        tail = chunk[:0]
        last = chunk[-1:]
        if _is(last, "\r"):
            tail = lines.pop() if self._keepends else lines.pop() + last
        elif last.splitlines()[0]:  # not the end of a line
            tail = lines.pop()
        if lines:
            self._held.append(lines[0])
            lines[0] = chunk[:0].join(self._held)
            done += lines
            self._held = []
        if tail:
            self._held.append(tail)
        return done

    def end(self) -> list[Any]:
        pieces, self._held = self._held, []
        if not pieces:
            return []
        line = pieces[0][:0].join(pieces)
        return [line if self._keepends else line.splitlines()[0]]


def _is(character: AnyStr, wanted: str) -> bool:
    """Whether a str or bytes of one character is ``wanted``."""
    return ord(character) == ord(wanted)


class _Splitter:
    """The pieces between delimiters, less an empty last one."""

    __slots__ = ("_delimiter", "_held", "_tail")

    def __init__(self, delimiter: Any) -> None:
        self._delimiter = delimiter
        self._held: list[Any] = []
        self._tail = delimiter[:0]  # the end of what is held, shorter than a delimiter

    def feed(self, chunk: Any) -> list[Any]:
        delimiter = self._delimiter
        if isinstance(chunk, str) is not isinstance(delimiter, str):
            raise InvalidOption(
                f"the delimiter is {type(delimiter).__name__}, but the lines are "
                f"{type(chunk).__name__}; give both as the same type"
            )
        overlap = len(delimiter) - 1  # so much of a delimiter may be in what is held
        window = self._tail + chunk
        pieces: list[Any] = window.split(delimiter)
        if len(pieces) > 1:
            before = delimiter[:0].join(self._held)
            pieces[0] = before[: len(before) - len(self._tail)] + pieces[0]
            window = pieces.pop()
            self._held = [window]
        else:
            self._held.append(chunk)
            pieces = []
        self._tail = window[-overlap:] if overlap else delimiter[:0]
        return pieces

    def end(self) -> list[Any]:
        last = self._delimiter[:0].join(self._held)
        return [last] if last else []
