"""Deadlines: points in monotonic time, and what is left until them."""

from __future__ import annotations

from time import monotonic
from typing import Final, Literal

from .._errors import TotalTimeoutError, during

__all__ = ["LOOKS", "Doing", "after", "earlier", "left", "monotonic", "ran_out"]

#: After what part of the time to write it is looked whether the peer took something.
LOOKS: Final = 0.25

#: What goes on when a deadline passes; for the message.
Doing = Literal[
    "waiting for a free connection",
    "looking up the name",
    "connecting",
    "in the TLS handshake",
    "sending the request",
    "waiting for the answer",
    "reading the body",
]

#: A point in :func:`time.monotonic`, or ``None`` for never.
Deadline = float | None


def after(seconds: float | None) -> Deadline:
    """The deadline that is ``seconds`` from now."""
    return None if seconds is None else monotonic() + seconds


def earlier(a: Deadline, b: Deadline) -> Deadline:
    """Whichever of two deadlines comes first."""
    if a is None or b is None:
        return b if a is None else a
    return min(a, b)


def left(limit: float | None, deadline: Deadline, doing: Doing) -> float | None:
    """How long the next I/O call may take: ``limit``, but not past ``deadline``.

    :param doing: what the call is for.
    :raises TotalTimeoutError: when the deadline has passed.
    """
    if deadline is None:
        return limit
    remaining = deadline - monotonic()
    if remaining <= 0:
        raise TotalTimeoutError(doing)
    return remaining if limit is None else min(limit, remaining)


def ran_out(seconds: float | None, doing: Doing) -> str:
    """What an error says of the ``seconds`` to connect, which ended while ``doing``."""
    return f"{seconds} s, {during(doing)}"
