"""The headers of a session: those it begins with, and what a call makes of them.

Knows that most calls bring none, so that the session's own are checked once and not for
every request.  What may stand in a header is known below, in ``_headers``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._headers import CheckedHeaders, merge, prepare_headers
from .._protocol import codings
from .._version import __version__
from ..exceptions import InvalidHeader
from ..structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._types import HeadersInput

__all__ = ["HeaderCheck", "default_headers", "default_user_agent"]

_TEXT = {str}


def default_user_agent(name: str = "ulak") -> str:
    """The User-Agent of a session that is given none."""
    return f"{name}/{__version__}"


def default_headers() -> CaseInsensitiveDict[str]:
    """The headers of a session that is given none."""
    return CaseInsensitiveDict(
        {
            "User-Agent": default_user_agent(),
            "Accept-Encoding": ", ".join(codings.supported()),
            "Accept": "*/*",
            "Connection": "keep-alive",
        }
    )


class HeaderCheck:
    """What a session's own headers were when they were checked, and what came of it.

    Safe for use by several threads.
    """

    #: One tuple, so that another thread sees both or neither.
    _last: tuple[Mapping[str, Any] | None, CheckedHeaders] = (None, CheckedHeaders())

    def headers_for(self, headers: Any, own: HeadersInput) -> HeadersInput:
        """The headers of one call; the session's alone are checked once, until they change.

        :param headers: the session's, as they are now.
        :param own: the call's.
        :raises InvalidHeader: when they may not be sent; some of the call's are checked later.
        """
        if type(headers) is not CaseInsensitiveDict:  # whose values may be made as one looks
            return merge(headers, own)
        if own and not (type(own) is dict and set(map(type, own.values())) == _TEXT):
            return merge(headers, own)  # None takes a name away
        try:
            seen, checked = self._last
            if headers._store != seen:
                checked = self._check(headers)
            if not own:
                return checked
            if len(checked._store) == len(headers._store):  # or own may fill a place left free
                return checked.under(own)  # type: ignore[arg-type]  # text by text, as seen above
        except InvalidHeader:
            if not own:
                raise
        return merge(headers, own)  # where own may replace what is wrong, in any case of its name

    def _check(self, headers: CaseInsensitiveDict[Any]) -> CheckedHeaders:
        merged: CaseInsensitiveDict[Any] = CaseInsensitiveDict(headers)
        checked = CheckedHeaders.of(prepare_headers(merge(merged, None)))
        self._last = merged._store, checked
        return checked
