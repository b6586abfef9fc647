"""Hooks are called in order and may replace what they see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ulak.hooks import HOOKS, default_hooks, dispatch_hook


def add(text: str) -> Callable[..., str]:
    return lambda data, **kwargs: data + text


def test_there_is_a_list_for_every_event() -> None:
    assert HOOKS == ["response"]
    assert default_hooks() == {"response": []}
    default_hooks()["response"].append(add("x"))
    assert default_hooks() == {"response": []}


@pytest.mark.parametrize(
    ("hooks", "result"),
    [
        (None, "data"),
        ({}, "data"),
        ({"response": None}, "data"),
        ({"response": []}, "data"),
        ({"other": add("x")}, "data"),
        ({"response": add("x")}, "datax"),
        ({"response": [add("x"), add("y")]}, "dataxy"),
        ({"response": (add("x"), lambda data, **kwargs: None, add("y"))}, "dataxy"),
        ({"response": iter([add("x")])}, "datax"),
    ],
)
def test_each_hook_gets_the_last_ones_result(hooks: Any, result: str) -> None:
    assert dispatch_hook("response", hooks, "data") == result


def test_keywords_reach_every_hook() -> None:
    seen: list[object] = []

    def hook(data: str, **kwargs: object) -> None:
        seen.append((data, kwargs))

    dispatch_hook("response", {"response": [hook, hook]}, "data", timeout=1)
    assert seen == [("data", {"timeout": 1})] * 2


def test_what_a_hook_raises_passes_through() -> None:
    def hook(data: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        dispatch_hook("response", {"response": hook}, "data")


def test_a_falsy_result_still_replaces() -> None:
    assert dispatch_hook("response", {"response": lambda data: ""}, "data") == ""
