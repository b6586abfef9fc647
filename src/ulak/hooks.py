"""Hooks: functions of the caller that see a response and may replace it.

There is one kind, ``response``.  Knows how a set of hooks is called; when they
are called is the policy's business.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["HOOKS", "default_hooks", "dispatch_hook", "hook_calls"]

T = TypeVar("T")

#: The events that hooks may be given for.
HOOKS = ["response"]


def default_hooks() -> dict[str, list[Callable[..., Any]]]:
    """A new, empty list of hooks for every event."""
    return {"response": []}


def hook_calls(
    key: str,
    hooks: Mapping[str, Callable[..., Any] | Iterable[Callable[..., Any]] | None] | None,
    hook_data: T,
    **kwargs: Any,
) -> Generator[Any, Any, T]:
    """Call the hooks for the event ``key`` in order, each with the last one's result.

    :param hooks: event -> one function or several; an absent event has none.
    :param hook_data: what the first is called with.  A hook that returns None
        leaves it as it is.
    :param kwargs: passed to every hook.
    :returns: a generator that yields what each hook returned, and is sent that
        again, or what came of it where it was to be awaited.

    What a hook raises is the caller's own and is not wrapped.
    """
    registered = hooks.get(key) if hooks else None
    if not registered:
        return hook_data
    for hook in (registered,) if callable(registered) else registered:
        result = yield hook(hook_data, **kwargs)
        if result is not None:
            hook_data = result
    return hook_data


def dispatch_hook(
    key: str,
    hooks: Mapping[str, Callable[..., Any] | Iterable[Callable[..., Any]] | None] | None,
    hook_data: T,
    **kwargs: Any,
) -> T:
    """What the hooks for the event ``key`` make of ``hook_data``; see :func:`hook_calls`."""
    calls = hook_calls(key, hooks, hook_data, **kwargs)
    outcome: Any = None
    while True:
        try:
            outcome = calls.send(outcome)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
