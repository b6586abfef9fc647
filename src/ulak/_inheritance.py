"""Methods that stand in each class that is derived from a base, and nowhere behind it.

Sync and async share their bases, of which code for requests does not know: it takes
``Session.request`` away and expects that no request can be sent then, or looks for a
method in ``vars(Response)``.  So a base lends what is public to the classes right below
it and keeps nothing that would be found in its stead.  Knows nothing of what that does.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

__all__ = ["hand_down"]

#: What Python gives a base of its own when it is taken out; it is lent and kept.
_KEPT = {
    "__attrs__",
    "__bool__",
    "__getstate__",
    "__init__",
    "__nonzero__",
    "__repr__",
    "__setstate__",
}
#: What each base lends.
_LENT: dict[type, dict[str, Any]] = {}


def hand_down(base: type, heir: type) -> None:
    """Give ``heir`` what is public of ``base``: functions of the same code, by its own name.

    The first time takes them out of ``base``, so nothing may be called on that itself.
    """
    if base not in _LENT:
        public = {name: x for name, x in vars(base).items() if _is_lent(name, x)}
        _LENT[base] = public
        for name in public.keys() - _KEPT:
            delattr(base, name)
    for name, value in _LENT[base].items():
        if name not in vars(heir):
            setattr(heir, name, _copy(value, heir) if isinstance(value, FunctionType) else value)


def _is_lent(name: str, value: object) -> bool:
    return name in _KEPT or (name[0] != "_" and isinstance(value, FunctionType | property))


def _copy(shared: FunctionType, heir: type) -> FunctionType:
    """``shared`` as a function that says it is a method of ``heir``; pickles look there, too."""
    name = shared.__name__
    own = FunctionType(
        shared.__code__, shared.__globals__, name, shared.__defaults__, shared.__closure__
    )
    own.__kwdefaults__ = shared.__kwdefaults__
    own.__annotations__ = shared.__annotations__
    own.__doc__ = shared.__doc__
    own.__dict__.update(shared.__dict__)
    own.__qualname__ = f"{heir.__name__}.{name}"
    own.__module__ = heir.__module__
    return own
