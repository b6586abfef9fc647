"""How many cookies servers may leave in a jar, and which make way when there are more.

Knows the numbers and the order of eviction (RFC 6265bis, sections 5.7 and 6.1).  Cookies
that the caller set are counted by nobody and never go.  Refuses to know how a jar keeps
its cookies: it is given them, and says which are too many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._cookie_times import has_ended, used

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http.cookiejar import Cookie

__all__ = [
    "MAX_PER_DOMAIN",
    "MAX_PER_RESPONSE",
    "MAX_TOTAL",
    "PURGE",
    "surplus_of_domain",
    "surplus_of_jar",
]

#: Cookies that one response may set (curl's limit).
MAX_PER_RESPONSE: Final = 50
#: Cookies from servers that one domain may hold (Chrome's limit).
MAX_PER_DOMAIN: Final = 180
#: Cookies from servers in a jar (RFC 6265bis, section 6.1).
MAX_TOTAL: Final = 3000
#: How many go at once when there are more, so that the next ones cost nothing (as in Chrome).
PURGE: Final = 300


def surplus_of_domain(cookies: Iterable[Cookie], now: float) -> list[Cookie]:
    """Those of one domain's ``cookies`` that are too many: Secure ones go last."""
    received = [c for c in cookies if used(c)]
    received.sort(key=lambda c: (not has_ended(c, now), c.secure, used(c)))
    return received[: max(0, len(received) - MAX_PER_DOMAIN)]


def surplus_of_jar(cookies: Iterable[Cookie], now: float) -> tuple[list[Cookie], int]:
    """Those of a jar's ``cookies`` that are too many: those longest unused go first.

    :returns: with them, how many more servers may add before it is worth asking again.
    """
    received = [c for c in cookies if used(c)]
    if len(received) <= MAX_TOTAL:
        return [], MAX_TOTAL - len(received)
    received.sort(key=lambda c: (not has_ended(c, now), used(c)))
    return received[: len(received) - (MAX_TOTAL - PURGE)], PURGE
