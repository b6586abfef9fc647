"""What a request's body may be, and what it is on the wire.

Turns ``data=``, ``files=`` and ``json=`` into a body with its Content-Type and
its length, as requests does.  Forms and JSON are made here, multipart in
``_multipart``; ``_streams`` knows lengths, blocks and sending again, and its
functions are offered here too, so that the floors above need one module.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from functools import lru_cache
from os import PathLike
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from ._streams import (
    BLOCK_SIZE,
    NOT_REWINDABLE,
    BodyStream,
    Measure,
    Position,
    blocks,
    body_length,
    body_position,
    check_replayable,
    encode_text,
    is_async_readable,
    is_readable,
    is_replayable,
    is_sendable,
    rewind,
    to_bytes,
)
from .exceptions import InvalidBody, InvalidJSONError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Data, Files, JSONDumps

__all__ = [
    "BLOCK_SIZE",
    "NOT_REWINDABLE",
    "BodyStream",
    "EncodedBody",
    "Measure",
    "Position",
    "blocks",
    "body_length",
    "body_position",
    "check_replayable",
    "encode_body",
    "encode_text",
    "is_async_readable",
    "is_readable",
    "is_replayable",
    "is_sendable",
    "rewind",
    "to_bytes",
]

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class EncodedBody(NamedTuple):
    """A body as it will be sent."""

    #: bytes, str (sent as UTF-8), what is like bytes, a file, an iterable; None: no body.
    body: Any
    #: For the Content-Type header, unless the caller gives one; None: say nothing.
    content_type: str | None
    #: In bytes; None when there is no body or the length is not known: send it chunked.
    length: int | None
    #: What :func:`rewind` goes back to; None where that does not apply.
    position: Position


_NOTHING = EncodedBody(None, None, None, None)


def encode_body(
    data: Data,
    files: Files = None,
    json: Any = None,
    *,
    json_dumps: JSONDumps | None = None,
    asynchronous: bool = False,
) -> EncodedBody:
    """The body for what the caller gave.

    ``files`` make a multipart form, with ``data`` as its plain fields.  Otherwise
    ``data`` goes out: a mapping or pairs as a form; bytes and str as they are; a
    file or another iterable as a stream.  ``json`` counts when ``data`` is absent
    or empty; None is no JSON.

    :param json_dumps: makes str or bytes of ``json``; what it raises passes through.
    :param asynchronous: take an asynchronous iterable too.
    :raises InvalidBody: when it is of no kind that can be sent.
    :raises InvalidHeader: when a file's content type or headers may not be sent.
    :raises InvalidJSONError: when ``json`` holds what JSON cannot: NaN, a circle.

    Nothing of a stream is read, but small files of a form are; none is closed.
    """
    if files:
        return _multipart(data, files)
    if _is_absent(data):
        return _NOTHING if json is None else _json(json, json_dumps)
    if isinstance(data, bytes):
        return EncodedBody(data, None, len(data), None)
    if isinstance(data, str):
        return EncodedBody(data, None, len(encode_text(data)), None)
    if isinstance(data, Mapping | list | tuple):
        return _form(data)
    return _stream(data, asynchronous)


def _is_absent(data: object) -> bool:
    """Whether there is no ``data``; of unknown types not every one has a truth value."""
    return data is None or (isinstance(data, _PLAIN) and not data)


_PLAIN = (bytes, str, Mapping, list, tuple, bytearray, int, float)


def _stream(data: Any, asynchronous: bool) -> EncodedBody:
    """A body that is read while it is sent."""
    is_async = isinstance(data, AsyncIterable) and not isinstance(data, Iterable)
    if is_async or is_async_readable(data):
        if asynchronous:
            return EncodedBody(data, None, None, None)
        raise InvalidBody(
            f"data= is an asynchronous iterable or file ({type(data).__name__}), "
            "which only an AsyncSession can send"
        )
    if not is_sendable(data):
        others = ", or an asynchronous iterable or file" if asynchronous else ""
        raise InvalidBody(
            f"data= cannot be of type {type(data).__name__}{_what_to_do(data)}; give bytes, str "
            "(sent as UTF-8), a mapping, pairs, an open file or an iterator of bytes or str"
            f"{others}"
        )
    # A length of 0 is no proof: files of /proc and pipes claim it too.
    return EncodedBody(data, None, body_length(data) or None, body_position(data))


def _what_to_do(data: object) -> str:
    """With what is no body, and leads to one."""
    if isinstance(data, PathLike):
        return ": open it, with open(path, 'rb')"
    if isinstance(data, FunctionType | MethodType):
        return ": call it, and give what it returns"
    return ""


def _json(value: Any, dumps: JSONDumps | None) -> EncodedBody:
    """``value`` as JSON (RFC 8259)."""
    if dumps is not None and not callable(dumps):
        raise InvalidBody(f"json_dumps={dumps!r} should be callable")
    text = _dump(value) if dumps is None else dumps(value)
    body = encode_text(text) if isinstance(text, str) else text
    if not isinstance(body, bytes):
        raise InvalidBody(f"json_dumps should return str or bytes, not {type(body).__name__}")
    return EncodedBody(body, JSON, len(body), None)


def _dump(value: Any) -> str:
    try:
        return _json_encoder()(value)
    except (ValueError, RecursionError) as exc:
        raise InvalidJSONError(f"json= holds a value that JSON cannot: {exc}") from exc
    except TypeError as exc:
        raise InvalidBody(f"json= cannot be sent: {exc}") from exc


@lru_cache(maxsize=1)
def _json_encoder() -> Callable[[Any], str]:
    """The standard encoder, without NaN and Infinity (RFC 8259, section 6)."""
    from json import JSONEncoder

    return JSONEncoder(allow_nan=False).encode


def _form(data: Mapping[Any, Any] | Iterable[Any]) -> EncodedBody:
    """A form as a browser would send it (WHATWG URL, section 5.2)."""
    try:
        body = urlencode(list(_fields(data)), doseq=True)
    except UnicodeEncodeError as exc:
        reason = exc.reason  # not the error, which holds the text
    else:
        return EncodedBody(body, FORM, len(body), None)
    raise InvalidBody(f"data= holds text that is not valid: {reason}")


def _multipart(data: Any, files: Files) -> EncodedBody:
    """A form with files."""
    from ._multipart import encode_multipart

    if _is_absent(data):
        data = ()
    if isinstance(data, str | bytes):
        raise InvalidBody("with files=, data= is a mapping or pairs of fields, not text or bytes")
    if not isinstance(data, Mapping | list | tuple):
        raise InvalidBody(
            f"data= is a stream ({type(data).__name__}), which cannot be sent together with files="
        )
    fields = [(_field_name(name), _field_value(value)) for name, value in _fields(data)]
    body, content_type = encode_multipart(fields, files)
    if isinstance(body, bytes):
        return EncodedBody(body, content_type, len(body), None)
    return EncodedBody(body, content_type, body.length, body_position(body))


def _fields(data: Mapping[Any, Any] | Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """The fields of a form: one for each value of a list, none for None."""
    for pair in data.items() if isinstance(data, Mapping) else data:
        try:
            name, values = pair
        except (TypeError, ValueError):
            raise InvalidBody(
                "data= as a list should hold pairs of name and value; to send several blocks of "
                "bytes, give iter(the list)"
            ) from None
        if isinstance(values, str | bytes | bytearray) or not isinstance(values, Iterable):
            values = (values,)
        for value in values:
            if value is not None:
                yield name, bytes(value) if isinstance(value, bytearray) else value


def _field_name(name: object) -> str:
    """A field's name in a multipart form."""
    if not isinstance(name, bytes):
        return str(name)
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidBody("a field name in bytes must be UTF-8") from None


def _field_value(value: object) -> bytes:
    """A field's value in a multipart form."""
    return value if isinstance(value, bytes) else encode_text(str(value))
