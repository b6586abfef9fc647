"""The Cookie field: how the cookies that match a request are written (RFC 6265bis, section 5.8.3).

Knows their order, what may stand in a name or value, and how long the field may be.
Refuses to know of jars and URLs: which cookies match is decided before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ._cookie_times import created
from .exceptions import InvalidHeader

if TYPE_CHECKING:
    from http.cookiejar import Cookie

__all__ = ["MAX_FIELD", "check", "value"]

#: Octets of a Cookie field with its name (curl's limit).
MAX_FIELD: Final = 8190

_UNSAFE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f;]")


def value(cookies: list[Cookie]) -> str | None:
    """The Cookie field's value; a cookie that would make it too long is left out.

    :param cookies: in any order; the list is sorted in place.
    :returns: ``None`` when there is nothing to send.
    :raises InvalidHeader: when one may not go on the wire.
    """
    if len(cookies) > 1:
        cookies.sort(key=_order)
    pairs = []
    room = MAX_FIELD - len("Cookie: ")
    for cookie in cookies:
        pair = _pair(cookie)
        size = len(pair) if pair.isascii() else len(pair.encode("utf-8", "surrogatepass"))
        if size <= room:
            pairs.append(pair)
            room -= size + 2
    return "; ".join(pairs) or None


def check(written: str) -> None:
    """See that a field's value, as a jar of another kind wrote it, may go on the wire.

    :raises InvalidHeader: when it may not.
    """
    if _UNSAFE.search(written.replace("; ", "")):
        raise InvalidHeader(
            "a cookie for this URL holds a control character or a semicolon, "
            "which may not go on the wire: remove it from the jar"
        )


def _order(cookie: Cookie) -> tuple[int, float]:
    """Longer paths first, then older cookies."""
    return -len(cookie.path), created(cookie)


def _pair(cookie: Cookie) -> str:
    """``name=value`` as it is sent; a nameless cookie is its value.

    :raises InvalidHeader: when it may not go on the wire.
    """
    name, content = cookie.name, cookie.value
    for part in (name, content):
        if not isinstance(part, str | int | float | None):
            raise InvalidHeader(
                f"the cookie {name!r} should be made of strings, not of {type(part).__name__}"
            )
    pair = str(name) if content is None else f"{name}={content}" if name else str(content)
    if _UNSAFE.search(pair):
        raise InvalidHeader(
            f"the cookie {name!r} holds a control character or a semicolon in its name or value, "
            "which may not go on the wire: encode it, for instance with urllib.parse.quote"
        )
    return pair
