"""``session.stream``, the setting and the method, and what the method gives.

Knows how one name can be both, and how to tell of a block that was never entered.  How a
streamed request is sent, and who closes its response, each kind of session knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .._callers import caller, warn_unused

if TYPE_CHECKING:
    from typing import Unpack

    from .._types import AllOptions

__all__ = ["StreamSwitch", "Streamer", "Unentered"]

#: What ``session.stream(...)`` gives: a context manager.
Opened = TypeVar("Opened")
Opened_co = TypeVar("Opened_co", covariant=True)


class Streamer(Protocol[Opened_co]):
    """The session that a switch belongs to."""

    def _open_stream(self, method: str, url: str | bytes, options: Any) -> Opened_co: ...


class Unentered:
    """What ``session.stream(...)`` gives: it warns when nobody enters it."""

    #: Where it was made, until it is entered.
    _made_at: str = ""

    def __init__(self) -> None:
        self._made_at = caller()

    def __del__(self) -> None:
        """Tell of one that did nothing."""
        if self._made_at:
            warn_unused(self, f"stream(…), made at {self._made_at}, was never entered with `with`")


class StreamSwitch(int, Generic[Opened]):
    """``session.stream``: the setting, true or false, and the method of that name.

    requests has the setting; ``with session.stream("GET", url) as response`` is
    what the other clients have.
    """

    _session: Streamer[Opened]

    def __new__(cls, setting: object, session: Streamer[Opened]) -> StreamSwitch[Opened]:
        """The setting of ``session``."""
        switch = super().__new__(cls, bool(setting))
        switch._session = session
        return switch

    def __call__(self, method: str, url: str | bytes, **kwargs: Unpack[AllOptions]) -> Opened:
        """Send a request, and leave its body to be read inside the ``with`` block."""
        return self._session._open_stream(method, url, {**kwargs, "stream": True})

    def __repr__(self) -> str:
        return repr(bool(self))

    def __reduce__(self) -> tuple[type[bool], tuple[int]]:
        return bool, (int(self),)
