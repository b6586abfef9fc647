"""Hooks: functions of the caller that see a response and may replace it.

There is one kind, ``response``.  Knows how a set of hooks is called; when they
are called is the policy's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["HOOKS", "default_hooks", "dispatch_hook"]

T = TypeVar("T")

#: The events that hooks may be given for.
HOOKS = ["response"]


def default_hooks() -> dict[str, list[Callable[..., Any]]]:
    """A new, empty list of hooks for every event."""
    return {"response": []}


def dispatch_hook(
    key: str,
    hooks: Mapping[str, Callable[..., Any] | Iterable[Callable[..., Any]] | None] | None,
    hook_data: T,
    **kwargs: Any,
) -> T:
    """Call the hooks for the event ``key`` in order, each with the last one's result.

    :param hooks: event -> one function or several; an absent event has none.
    :param hook_data: what the first is called with.  A hook that returns None
        leaves it as it is.
    :param kwargs: passed to every hook.

    What a hook raises is the caller's own and is not wrapped.
    """
    registered = hooks.get(key) if hooks else None
    if not registered:
        return hook_data
    for hook in (registered,) if callable(registered) else registered:
        result = hook(hook_data, **kwargs)
        if result is not None:
            hook_data = result
    return hook_data
