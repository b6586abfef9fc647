"""What a conversation asks of whoever drives it.

Each step is one piece of I/O, or a callback of the caller's.  The driver carries
it out and sends the outcome back into the generator, or throws the failure in.
Nobody compares steps or takes them apart, so they are no named tuples, each of which takes
ten times as long to define.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

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


class Send:
    """Send through the adapter for the URL; the outcome is the response."""

    __slots__ = ("proxies", "request", "timeout")

    def __init__(self, request: PreparedRequest, proxies: Proxies, timeout: Any) -> None:
        self.request: Final = request
        self.proxies: Final = proxies
        self.timeout: Final = timeout


class Resend:
    """Send by the session's own overridden ``send``; the outcome is the response.

    :param retries: what is left of the retry policy; unset for the adapter's.
    """

    __slots__ = ("guards", "proxies", "request", "retries", "timeout")

    def __init__(
        self,
        request: PreparedRequest,
        proxies: Proxies,
        timeout: Any,
        retries: Any,
        guards: Guards | None,
    ) -> None:
        self.request: Final = request
        self.proxies: Final = proxies
        self.timeout: Final = timeout
        self.retries: Final = retries
        self.guards: Final = guards

    def options(self, sent_with: dict[str, Any]) -> dict[str, Any]:
        """The keywords for ``send``, after a conversation that sends with ``sent_with``."""
        again = {**sent_with, "timeout": self.timeout, "proxies": self.proxies}
        if self.retries is not UNSET:
            again["retries"] = self.retries
        if self.guards is not None:
            again.update(self.guards.given)
        return again


class Hooks:
    """Run the request's response hooks; the outcome is the response that they leave."""

    __slots__ = ("request", "response")

    def __init__(self, request: PreparedRequest, response: BaseResponse) -> None:
        self.request: Final = request
        self.response: Final = response


class Load:
    """Read the whole body."""

    __slots__ = ("response",)

    def __init__(self, response: BaseResponse) -> None:
        self.response: Final = response


class Skim:
    """Read a body that nobody asked for, up to :data:`SKIM_LIMIT`, and part with it.

    :param seconds: how long that may take.
    """

    __slots__ = ("response", "seconds")

    def __init__(self, response: BaseResponse, seconds: float = SKIM_TIME) -> None:
        self.response: Final = response
        self.seconds: Final = seconds


class Close:
    """Part with a response at once; its connection is not kept."""

    __slots__ = ("response",)

    def __init__(self, response: BaseResponse) -> None:
        self.response: Final = response


class Rewind:
    """Make the request's body ready to be sent once more.

    :param deadline: when the request's time is used up, by :func:`time.monotonic`; ``None``
        for never.
    """

    __slots__ = ("deadline", "request")

    def __init__(self, request: PreparedRequest, deadline: float | None) -> None:
        self.request: Final = request
        self.deadline: Final = deadline


class Pause:
    """Wait before ``request`` is sent again."""

    __slots__ = ("request", "seconds")

    def __init__(self, seconds: float, request: PreparedRequest) -> None:
        self.seconds: Final = seconds
        self.request: Final = request


Step: TypeAlias = Send | Resend | Hooks | Load | Skim | Close | Rewind | Pause
