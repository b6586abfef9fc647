"""Objects that are not what they should be: what to say to whoever brought them.

Adapters, requests and responses come from callers and from their subclasses, and those of
requests look like ours.  Knows what is none of ours, and how to name it in a message.
Refuses to know what becomes of those that are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..exceptions import InvalidOption
from ..models import PreparedRequest, checked_hooks

if TYPE_CHECKING:
    from .._response import BaseResponse

__all__ = ["Mounting", "check_adapter", "check_request", "kind_of", "no_response"]

_FOREIGN_ADAPTER = ("requests.adapters", "HTTPAdapter")
_MIXED = (
    "; classes of requests and of ulak do not mix. With ulak.dropin.install() there are only ulak's"
)


class Mounting(Protocol):
    """The session that an adapter is mounted on."""

    _asynchronous: ClassVar[bool]
    _adapter_base: ClassVar[str]


def check_adapter(adapter: Any, session: Mounting) -> None:
    """See that ``adapter`` is one for ``session``.

    :raises InvalidOption: when it has no ``send``, or is of the other kind of session or
        of another library.
    """
    if isinstance(adapter, type) or not callable(getattr(adapter, "send", None)):
        raise InvalidOption(
            f"{adapter!r} is no adapter: give an instance of {session._adapter_base}, or of a "
            "subclass that has a send() of its own"
        )
    # What is no adapter of ulak's says nothing of this, or anything.
    if getattr(adapter, "_asynchronous", None) is (not session._asynchronous):
        raise InvalidOption(
            f"{type(session).__name__} cannot use {type(adapter).__name__}: "
            f"its adapters are {session._adapter_base}"
        )
    for cls in type(adapter).__mro__:
        if (cls.__module__, cls.__name__) == _FOREIGN_ADAPTER:
            raise InvalidOption(
                f"{kind_of(adapter)} is an adapter for requests: derive it from "
                f"{session._adapter_base}{_MIXED}"
            )


def check_request(request: Any) -> None:
    """See that ``request`` can be sent, whoever made or changed it.

    :raises InvalidOption: when it is none of ours, or has parts of types that none has.
    """
    if not isinstance(request, PreparedRequest):
        raise InvalidOption(
            f"You can only send PreparedRequests of ulak, not {kind_of(request)}: "
            f"session.prepare_request() makes one{_hint(request)}"
        )
    url: object = request.url
    if url is not None and not isinstance(url, str):
        raise InvalidOption(f"a request's url should be a str, not {kind_of(url)}")
    if request.hooks:
        checked_hooks(request.hooks)


def no_response(
    value: object, wanted: type[BaseResponse], adapter: object, request: PreparedRequest
) -> InvalidOption:
    """The error for a ``value`` that ``adapter`` returned in the place of a response.

    :param wanted: the class that responses of the session are of.
    """
    article = "an" if wanted.__name__[0] in "AEIOU" else "a"
    return InvalidOption(
        f"{type(adapter).__name__}.send() should return {article} ulak.{wanted.__name__}, "
        f"not {kind_of(value)}{_hint(value)}",
        request=request,
    )


def kind_of(value: object) -> str:
    """What ``value`` is, for whoever returned it by mistake."""
    if hasattr(value, "cr_code"):
        return "a coroutine (hooks that are async functions are for an AsyncSession)"
    module = type(value).__module__
    name = type(value).__qualname__
    return name if module == "builtins" else f"{module}.{name}"


def _hint(value: object) -> str:
    """What else to say of a value that is requests' own."""
    return _MIXED if type(value).__module__.partition(".")[0] == "requests" else ""
