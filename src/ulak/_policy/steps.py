"""What a conversation asks of whoever drives it.

Each step is one piece of I/O, or a callback of the caller's.  The driver carries
it out and sends the outcome back into the generator, or throws the failure in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from .._types import UNSET

if TYPE_CHECKING:
    from .._response import BaseResponse
    from .._types import Proxies
    from ..models import PreparedRequest
    from .guards import Guards

__all__ = [
    "ERROR_TIME",
    "SKIM_LIMIT",
    "SKIM_TIME",
    "Close",
    "Hooks",
    "Load",
    "Pause",
    "Resend",
    "Rewind",
    "Send",
    "Skim",
    "Step",
]

#: Bytes that are read of a redirect's or a refused attempt's body, so that the
#: connection can be kept; beyond, it is closed.  So many there are of an error's.
SKIM_LIMIT = 64 * 1024
#: Seconds that reading them may take, however long the timeout is.
SKIM_TIME = 1.0
#: Seconds that reading an error's body may take, which goes into the exception.  The status
#: is known, and whoever asked for it to be raised waits for no more than that; but the text
#: may say what was wrong, and 64 KiB come within this over 300 kbit/s.
ERROR_TIME = 2.0


class Send(NamedTuple):
    """Send through the adapter for the URL; the outcome is the response."""

    request: PreparedRequest
    proxies: Proxies
    timeout: Any


class Resend(NamedTuple):
    """Send by the session's own overridden ``send``; the outcome is the response."""

    request: PreparedRequest
    proxies: Proxies
    timeout: Any
    #: What is left of the retry policy; unset for the adapter's.
    retries: Any
    guards: Guards | None

    def options(self, sent_with: dict[str, Any]) -> dict[str, Any]:
        """The keywords for ``send``, after a conversation that sends with ``sent_with``."""
        again = {**sent_with, "timeout": self.timeout, "proxies": self.proxies}
        if self.retries is not UNSET:
            again["retries"] = self.retries
        if self.guards is not None:
            again.update(self.guards.given)
        return again


class Hooks(NamedTuple):
    """Run the request's response hooks; the outcome is the response that they leave."""

    request: PreparedRequest
    response: BaseResponse


class Load(NamedTuple):
    """Read the whole body."""

    response: BaseResponse


class Skim(NamedTuple):
    """Read a body that nobody asked for, up to :data:`SKIM_LIMIT`, and part with it."""

    response: BaseResponse
    #: How long that may take.
    seconds: float = SKIM_TIME


class Close(NamedTuple):
    """Part with a response at once; its connection is not kept."""

    response: BaseResponse


class Rewind(NamedTuple):
    """Make the request's body ready to be sent once more."""

    request: PreparedRequest
    #: When the request's time is used up, by :func:`time.monotonic`; ``None`` for never.
    deadline: float | None


class Pause(NamedTuple):
    """Wait before ``request`` is sent again."""

    seconds: float
    request: PreparedRequest


Step: TypeAlias = Send | Resend | Hooks | Load | Skim | Close | Rewind | Pause
