"""The times of a cookie: when it was first stored, when it was last used, whether it has ended.

``http.cookiejar.Cookie`` has a field for the last of these alone; what a jar notes
besides stands in the cookie's dictionary, so that it is copied and pickled with it.
Knows no jar, no rule and no clock: all times are seconds since the epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from http.cookiejar import Cookie

__all__ = ["CREATED", "USED", "created", "has_ended", "used"]

#: When a cookie was first stored: the order in which cookies are sent.
CREATED: Final = "_created"
#: When it was last set or sent; only a server's cookies have it.
USED: Final = "_used"


def created(cookie: Cookie) -> float:
    """When ``cookie`` was first stored; 0 where no jar noted it."""
    return cookie.__dict__.get(CREATED, 0.0)  # type: ignore[no-any-return]  # set by the jar alone


def used(cookie: Cookie) -> float:
    """When ``cookie`` was last set or sent; 0 for one that the caller made."""
    return cookie.__dict__.get(USED, 0.0)  # type: ignore[no-any-return]  # set by the jar alone


def has_ended(cookie: Cookie, now: float) -> bool:
    """Whether ``cookie`` is over at ``now``; a session cookie never is."""
    return cookie.expires is not None and cookie.expires <= now
