"""How a session's settings and a call's become one.

The call wins.  Mappings are merged by key, and a value of ``None`` in the
call's takes the session's away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._types import Hooks

__all__ = ["merge_headers", "merge_hooks", "merge_setting"]


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


def merge_headers(request_headers: Any, session_headers: Any) -> Any:
    """The headers of one call; a new mapping."""
    if not request_headers and isinstance(session_headers, CaseInsensitiveDict):
        merged = session_headers.copy()
        if None not in merged.values():
            return merged
    if request_headers is not None and not isinstance(request_headers, Mapping):
        request_headers = CaseInsensitiveDict(request_headers)
    return merge_setting(request_headers, session_headers, CaseInsensitiveDict)


def merge_hooks(request_hooks: Hooks, session_hooks: Hooks) -> Hooks:
    """The hooks of one call: its own, or else the session's."""
    if not session_hooks or not any(session_hooks.values()):
        return request_hooks
    if not request_hooks or not any(request_hooks.values()):
        return session_hooks
    return merge_setting(request_hooks, session_hooks)  # type: ignore[no-any-return]
