"""How a session's settings and a call's become one.

The call wins.  Mappings are merged by key, and a value of ``None`` in the
call's takes the session's away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._urls import encode_params
from ..exceptions import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._types import Hooks

__all__ = ["merge_hooks", "merge_params", "merge_setting"]


def merge_setting(
    request_setting: Any,
    session_setting: Any,
    dict_class: Callable[[Any], Any] = dict,
) -> Any:
    """The setting that holds for one call.

    :param request_setting: the call's, or ``None`` where it has none.
    :param session_setting: the session's, or ``None`` where it has none.
    :param dict_class: what a merged mapping is made with.
    """
    if session_setting is None:
        return request_setting
    if request_setting is None:
        return session_setting
    if not isinstance(session_setting, Mapping) or not isinstance(request_setting, Mapping):
        return request_setting
    merged = dict_class(session_setting)
    merged.update(request_setting)
    for key in [key for key, value in merged.items() if value is None]:
        del merged[key]
    return merged


def merge_params(request_params: Any, session_params: Any) -> Any:
    """The params of one call: by key where both are mappings, else one after the other."""
    if not session_params:
        return request_params
    if not request_params:
        return merge_setting(None, session_params)
    if isinstance(request_params, Mapping) and isinstance(session_params, Mapping):
        return merge_setting(request_params, session_params)
    return "&".join(x for x in map(encode_params, (session_params, request_params)) if x)


def merge_hooks(request_hooks: Hooks, session_hooks: Hooks) -> Hooks:
    """The hooks of one call: its own, or else the session's."""
    if type(session_hooks) is dict and not any(session_hooks.values()):
        return request_hooks  # most sessions
    if session_hooks and not isinstance(session_hooks, Mapping):
        raise InvalidOption(f"hooks={session_hooks!r} should be a mapping")
    if not session_hooks or not any(session_hooks.values()):
        return request_hooks
    if not request_hooks or not any(request_hooks.values()):
        return session_hooks
    return merge_setting(request_hooks, session_hooks)  # type: ignore[no-any-return]
