"""Which domains of a jar lie below a given one, without looking at all of them.

A cookie from http may not get in the way of a Secure one of any domain below its own
(RFC 6265bis, section 5.7, step 15), and a jar may hold thousands.  Knows domains
alone, and nothing of the cookies under them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _cookie_rules as rules

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Subdomains"]


class Subdomains:
    """The index of one jar, which tells it of every domain that comes and goes.

    :param cookies: the jar's cookies by domain.  A caller may change that
        dictionary without asking, which :meth:`covers` notices.
    """

    __slots__ = ("_below", "_cookies", "_known")

    def __init__(self, cookies: dict[str, Any]) -> None:
        self._cookies = cookies
        self._known = 0
        self._below: dict[str, set[str]] = {}
        for domain in cookies:
            self.add(domain)

    def covers(self, cookies: dict[str, Any]) -> bool:
        """Whether it still is the index of ``cookies``, as they are now."""
        return self._cookies is cookies and self._known == len(cookies)

    def add(self, domain: str) -> None:
        """Note a domain that was not in the jar; a leading dot does not count."""
        self._known += 1
        for parent in rules.parents(domain.removeprefix(".")):
            self._below.setdefault(parent, set()).add(domain)

    def discard(self, domain: str) -> None:
        """Forget a domain that was in the jar."""
        self._known -= 1
        for parent in rules.parents(domain.removeprefix(".")):
            below = self._below.get(parent, set())
            below.discard(domain)
            if not below:
                self._below.pop(parent, None)

    def below(self, domain: str) -> Iterable[str]:
        """The jar's domains below ``domain``, as they are written there."""
        return self._below.get(domain, ())
