"""Public modules say what is public, and it is there."""

from __future__ import annotations

import importlib
import operator
import pickle
import typing

import pytest

from tests.house.imports import modules

PUBLIC = [
    name
    for name in modules()
    if not any(part.startswith("_") for part in name.split(".")) or name == "ulak"
]


@pytest.mark.parametrize("name", PUBLIC)
def test_all_names_what_is_there(name: str) -> None:
    module = importlib.import_module(name)
    assert "__all__" in vars(module), f"{name} has no __all__"
    listed = list(module.__all__)
    assert len(listed) == len(set(listed)), "a name stands twice"
    missing = [each for each in listed if getattr(module, each, None) is None]
    assert not missing, f"in __all__ but not in {name}: {missing}"


def test_the_package_offers_its_lazy_names_to_dir() -> None:
    ulak = importlib.import_module("ulak")
    assert set(ulak.__all__) <= set(dir(ulak))


def test_dir_shows_nothing_internal() -> None:
    ulak = importlib.import_module("ulak")
    others = set(dir(ulak)) - set(ulak.__all__)
    assert all(name.startswith("__") and name.endswith("__") for name in others), others


def test_each_public_module_is_offered_by_the_package() -> None:
    ulak = importlib.import_module("ulak")
    ours = {name.removeprefix("ulak.") for name in PUBLIC if name.count(".") == 1}
    assert ours <= set(ulak.__all__)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("session _Resolved", "proxies ResolvedProxies"),
        ("session StreamSwitch", "streaming StreamSwitch"),
        ("session Unentered", "streaming Unentered"),
        ("session default_headers", "headers default_headers"),
        ("session default_user_agent", "headers default_user_agent"),
    ],
)
def test_what_has_moved_is_found_by_pickles_that_name_the_old_place(old: str, new: str) -> None:
    place, name = old.split()
    stored = f"culak._policy.{place}\n{name}\n.".encode()  # the opcode GLOBAL
    module, _, attribute = new.partition(" ")
    moved = getattr(importlib.import_module(f"ulak._policy.{module}"), attribute)
    assert pickle.loads(stored) is moved


def test_an_unknown_name_is_an_attribute_error() -> None:
    ulak = importlib.import_module("ulak")
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = ulak.no_such_name


@pytest.mark.parametrize(
    "name",
    [
        *("Request", "PreparedRequest", "Response", "AsyncResponse", "Session", "AsyncSession"),
        *("adapters.HTTPAdapter", "adapters.BaseAdapter", "auth.AuthBase", "auth.HTTPDigestAuth"),
    ],
)
def test_annotations_can_be_looked_up(name: str) -> None:
    """As attrs and its like do with the bases of a class that they make."""
    found = operator.attrgetter(name)(importlib.import_module("ulak"))
    assert isinstance(typing.get_type_hints(found), dict)
