"""Where ulak was called from, so that a warning names the caller's line and not one of ulak's.

Here is also the warning of what was made there and never used: its deletion is when
that is known, and Python's own warnings of coroutines know nothing of it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["caller", "stacklevel", "warn_unused"]


def stacklevel() -> int:
    """What ``warnings.warn`` takes, where this is called, to point at whoever called ulak."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
        level += 1
    return level


def caller() -> str:
    """The place in the program that called ulak, as ``file:line``."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def warn_unused(source: object, said: str) -> None:
    """Warn that what was made to be used never was; for ``__del__``.

    :param source: what it is.
    :param said: what it is called, where it was made, and what nobody did.
    """
    if sys.is_finalizing():
        return
    import warnings

    warnings.warn(said, RuntimeWarning, source=source, stacklevel=3)


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] == __package__
