"""Credentials as the value of an Authorization field: Basic and Bearer.

Knows how each is written and what may not be in it; says in no error what the
credentials are.  Digest, which answers a challenge, is in ``_digest``.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from typing import Final

from ._callers import stacklevel
from .exceptions import InvalidHeader, InvalidOption

_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


def basic(username: str | bytes, password: str | bytes) -> str:
    """``Basic …`` (RFC 7617).

    :param username: bytes as they are; text in Latin-1 as requests has it, or
        in UTF-8 when Latin-1 cannot hold the user's name and password.
    :raises InvalidOption: for a colon in the user's name, which the other end
        would take for the end of it.
    :raises InvalidHeader: for control characters, such as the newline at the
        end of a file that a password was read from.
    """
    user, secret = _encode(_text_or_bytes(username, "name"), _text_or_bytes(password, "password"))
    for part, name in ((user, "name"), (secret, "password")):
        if _CONTROL.search(part):
            raise InvalidHeader(
                f"the user's {name} for Basic authentication has a control character in it, "
                "perhaps a newline at its end; strip it"
            )
    if b":" in user:
        raise InvalidOption(
            "the user's name for Basic authentication has a colon in it, which RFC 7617 forbids; "
            "pass the user and the password apart"
        )
    return "Basic " + b2a_base64(user + b":" + secret, newline=False).decode("ascii")


def bearer(token: object) -> str:
    """``Bearer …`` (RFC 6750).

    :raises InvalidOption: when the token is not text.
    :raises InvalidHeader: when it is empty or holds anything but visible ASCII.
    """
    if not isinstance(token, str):
        raise InvalidOption(f"a bearer token should be a str, not {type(token).__name__}")
    if not _TOKEN.fullmatch(token):
        raise InvalidHeader(
            "the bearer token is empty or has white space, control or non-ASCII characters in it; "
            "strip it, and pass it without the word Bearer"
        )
    return "Bearer " + token


def _encode(username: str | bytes, password: str | bytes) -> tuple[bytes, bytes]:
    """Both in one charset: the server has to guess it once."""
    try:
        return _bytes(username, "latin-1"), _bytes(password, "latin-1")
    except UnicodeEncodeError:
        pass
    try:
        return _bytes(username, "utf-8"), _bytes(password, "utf-8")
    except UnicodeEncodeError:
        pass  # what is raised below must not have this as its context: it holds the password
    raise InvalidOption(
        "the user's name or password holds half a surrogate pair, which is no character"
    )


def _bytes(value: str | bytes, charset: str) -> bytes:
    return value if isinstance(value, bytes) else value.encode(charset)


def _text_or_bytes(value: object, name: str) -> str | bytes:
    """What requests makes of a number: text, with a warning."""
    if isinstance(value, str | bytes):
        return value
    import warnings

    warnings.warn(
        f"the user's {name} should be a str or bytes, not {type(value).__name__}",
        DeprecationWarning,
        stacklevel=stacklevel(),
    )
    return str(value)
