"""The time that one phase of a request may take, awaited."""

from __future__ import annotations

import asyncio

from .._errors import TotalTimeoutError
from . import clock

__all__ = ["Limit"]


class Limit:
    """A phase's own limit, or what is left of the request's time, whichever is less.

    What is awaited within :attr:`scope` ends with :class:`TimeoutError` then, and
    :meth:`late` says what that means.

    :raises TotalTimeoutError: when nothing is left.
    """

    __slots__ = ("_is_total", "doing", "scope")

    def __init__(self, seconds: float | None, deadline: clock.Deadline, doing: clock.Doing) -> None:
        left = clock.left(seconds, deadline, doing)
        #: What goes on, for the message; whoever knows better sets it.
        self.doing: clock.Doing = doing
        # Told from the limits and not from the clock, since loops may be early by a tick.
        self._is_total = seconds is None or (left is not None and left < seconds)
        #: For ``async with``.
        self.scope = asyncio.timeout(left)

    def late(self, error: Exception) -> Exception:
        """``error``, which says that the phase took too long; or that the whole request did."""
        if self._is_total:
            return TotalTimeoutError(self.doing)
        return error
