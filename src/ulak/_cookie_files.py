"""Cookies on disk: a JSON file, so that reading one runs no code.

Knows which fields a cookie has and which types they may be of, and how a file
is replaced in one step.  What is stored, and what becomes of what is read, is
the jar's business.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ._cookie_times import CREATED, USED
from .exceptions import CookieFileError

if TYPE_CHECKING:
    from http.cookiejar import Cookie

_FORMAT: Final = "ulak-cookies-1"
_NOT_OURS: Final = (
    "it is no cookie file of ulak's, which save() writes; "
    "Netscape's (cookies.txt) is read by http.cookiejar.MozillaCookieJar"
)


class _Field(NamedTuple):
    """A field of a cookie in a file: its name and the types that it may have."""

    name: str
    types: type | tuple[type, ...]


_TEXT_OR_NONE: Final = (str, type(None))
_FIELDS: Final = (
    _Field("version", (int, type(None))),
    _Field("name", str),
    _Field("value", _TEXT_OR_NONE),
    _Field("port", _TEXT_OR_NONE),
    _Field("port_specified", bool),
    _Field("domain", str),
    _Field("domain_specified", bool),
    _Field("domain_initial_dot", bool),
    _Field("path", str),
    _Field("path_specified", bool),
    _Field("secure", bool),
    _Field("expires", (int, float, type(None))),
    _Field("discard", bool),
    _Field("comment", _TEXT_OR_NONE),
    _Field("comment_url", (str, bool, type(None))),
    _Field("rfc2109", bool),
    _Field("rest", dict),
)


def to_json(cookie: Cookie) -> dict[str, Any]:
    """The entry of a cookie in a file."""
    state = {**cookie.__dict__, "rest": cookie.__dict__["_rest"]}
    entry = {field.name: state[field.name] for field in _FIELDS}
    entry["created"] = cookie.__dict__.get(CREATED)
    entry["used"] = cookie.__dict__.get(USED)
    return entry


def from_json(entry: Any) -> Cookie:
    """The cookie of one entry of a file.

    :raises ValueError: when it is not one that :func:`to_json` made.
    """
    if not isinstance(entry, dict):
        raise ValueError("a cookie is not an object")
    for field in _FIELDS:
        if field.name not in entry or not isinstance(entry[field.name], field.types):
            raise ValueError(f"a cookie has no usable {field.name!r}")
    from http.cookiejar import Cookie

    cookie = Cookie(**{field.name: entry[field.name] for field in _FIELDS})
    for mark, key in ((CREATED, "created"), (USED, "used")):
        if isinstance(entry.get(key), int | float):
            cookie.__dict__[mark] = entry[key]
    return cookie


def write(path: str | os.PathLike[str], entries: list[dict[str, Any]]) -> None:
    """Replace the file at ``path`` in one step; readable by its owner alone.

    :raises CookieFileError: when that cannot be done; an old file is as it was.
    """
    import json
    import tempfile

    temporary = None
    try:
        text = json.dumps({"format": _FORMAT, "cookies": entries}, indent=1)
        folder, name = os.path.split(os.path.abspath(os.fspath(path)))
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)  # made with 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        temporary = None
    except (OSError, ValueError, TypeError) as exc:
        raise CookieFileError(f"cookies cannot be saved to {str(path)!r}: {exc}") from exc
    finally:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)


def read(path: str | os.PathLike[str]) -> list[Cookie]:
    """The cookies in the file at ``path``.

    :raises CookieFileError: when it cannot be read or is not one that :func:`write` made.
    """
    import json

    try:
        with open(os.fspath(path), encoding="utf-8") as file:  # no descriptor of somebody else
            try:
                content = json.load(file)
            except (ValueError, RecursionError) as exc:
                raise ValueError(f"{_NOT_OURS} ({exc})") from exc
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise ValueError(_NOT_OURS)
        if not isinstance(content.get("cookies"), list):
            raise ValueError("it has no list of cookies")
        return [from_json(entry) for entry in content["cookies"]]
    except (OSError, ValueError, TypeError, OverflowError, RecursionError) as exc:
        raise CookieFileError(f"cookies cannot be loaded from {str(path)!r}: {exc}") from exc
