"""The helpers that requests keeps for itself in a module of this name, and others import."""

from __future__ import annotations

import re
from typing import Any

from .compat import builtin_str

__all__ = ["HEADER_VALIDATORS", "builtin_str", "to_native_string", "unicode_is_ascii"]

_NAME = r"[^:\s][^:\r\n]*"
_VALUE = r"(?:\S[^\r\n]*)?"

#: Patterns for a field's name and its value, by the type of what is matched.  What
#: ulak itself sends is held to stricter ones.
HEADER_VALIDATORS: dict[type, tuple[re.Pattern[Any], re.Pattern[Any]]] = {
    bytes: (re.compile(rb"\A%b\Z" % _NAME.encode()), re.compile(rb"\A%b\Z" % _VALUE.encode())),
    str: (re.compile(rf"\A{_NAME}\Z"), re.compile(rf"\A{_VALUE}\Z")),
}
_HEADER_VALIDATORS_BYTE = HEADER_VALIDATORS[bytes]
_HEADER_VALIDATORS_STR = HEADER_VALIDATORS[str]
_VALID_HEADER_NAME_RE_BYTE, _VALID_HEADER_VALUE_RE_BYTE = _HEADER_VALIDATORS_BYTE
_VALID_HEADER_NAME_RE_STR, _VALID_HEADER_VALUE_RE_STR = _HEADER_VALIDATORS_STR


def to_native_string(string: str | bytes, encoding: str = "ascii") -> str:
    """Text as it is, bytes decoded."""
    return string if isinstance(string, str) else string.decode(encoding)


def unicode_is_ascii(u_string: str) -> bool:
    """Whether the text is ASCII alone."""
    return u_string.isascii()
