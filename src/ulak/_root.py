"""The root of ulak's errors, for :mod:`ulak.exceptions` and :mod:`ulak.timeouts` to build on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import RequestLike, ResponseLike

__all__ = ["Message", "RequestException", "say_more", "say_total"]


class RequestException(OSError):
    """The root of every error that ulak raises.

    :param args: the message, as with any exception.
    :param request: the request that failed, if there is one yet.
    :param response: the response that it is about, if there is one.
    """

    #: A short, stable name for this kind of failure, for logs and metrics.
    code: ClassVar[str] = "request_failed"

    __module__ = "ulak.exceptions"

    # Of a subclass whose own __init__ does not call this one, too.
    request: RequestLike | None = None
    response: ResponseLike | None = None

    def __init__(
        self,
        *args: object,
        request: RequestLike | None = None,
        response: ResponseLike | None = None,
    ) -> None:
        if request is None and response is not None:
            request = getattr(response, "request", None)
        self.request = request
        self.response = response
        super().__init__(*args)

    def __reduce__(self) -> tuple[Callable[..., RequestException], tuple[Any, ...]]:
        state = self.__dict__.copy()
        for name in ("request", "response"):
            slim = getattr(state.get(name), "_for_a_pickle", None)
            if slim is not None:
                state[name] = slim()
        return _rebuild, (type(self), self.args, state)


class Message(str):
    """What an error says, and the error below of which it says it.

    Code for requests looks there: ``error.args[0].reason``.  A pickle holds the text alone.
    """

    __slots__ = ("reason",)

    reason: Exception | None

    def __new__(cls, text: str, reason: Exception | None) -> Message:
        """``text``, about ``reason``."""
        message = super().__new__(cls, text)
        message.reason = reason
        return message

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def say_more(error: RequestException, more: str) -> None:
    """Add ``more`` to what ``error`` says, where that is one message."""
    if len(error.args) == 1:
        said = error.args[0]
        error.args = (Message(f"{said}{more}", getattr(said, "reason", None)),)


def say_total(error: RequestException, seconds: float) -> None:
    """Add to an error of a deadline which that was."""
    say_more(error, f" (total={seconds:g} s)")


def _rebuild(
    cls: type[RequestException], args: tuple[object, ...], state: dict[str, Any]
) -> RequestException:
    """Make an exception again from its pickle, without calling ``__init__``."""
    error = cls.__new__(cls)
    OSError.__init__(error, *args)
    error.__dict__.update(state)
    return error
