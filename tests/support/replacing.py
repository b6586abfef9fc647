"""Putting something in the place of a function, as tracers do, and noting its calls."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from typing import Any
from unittest import mock

__all__ = ["is_own", "passing"]


def is_own(response: Any) -> bool:
    """Whether ulak's codec has read ``response``, rather than ``http.client``."""
    return type(response.raw).__module__ == "ulak._transport.response"


def passing(place: Any, name: str, seen: list[str]) -> AbstractContextManager[Any]:
    """Replace a function by one that notes its call, and that calls itself equal to it."""
    genuine = getattr(place, name)

    class Equal:
        def __eq__(self, other: object) -> bool:
            return other is genuine

        def __hash__(self) -> int:
            return hash(genuine)

        def __get__(self, one: Any, owner: Any) -> Any:
            return self if one is None else partial(self, one)

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            seen.append(name)
            return genuine(*args, **kwargs)

    return mock.patch.object(place, name, Equal())
