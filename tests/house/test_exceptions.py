"""Every exception survives pickling, has a code, and stands in the tree that is drawn."""

from __future__ import annotations

import pickle
import re

import pytest

from ulak import exceptions
from ulak.exceptions import RequestException

#: ``│   ├── Name   remarks``: the four columns of each level, then the name.
DRAWN = re.compile(r"^ {4}(?P<levels>(?:[│ ] {3})*)(?P<fork>[├└]── )?(?P<name>[A-Z]\w+)\b", re.M)

CLASSES = [
    value
    for name, value in vars(exceptions).items()
    if isinstance(value, type)
    and issubclass(value, Exception)
    and value.__module__ == exceptions.__name__
    and not name.startswith("_")
]
ERRORS = [cls for cls in CLASSES if issubclass(cls, RequestException)]

#: What a class is made from, where one message is not enough.
ARGUMENTS: dict[str, tuple[object, ...]] = {"JSONDecodeError": ("not JSON", "[1,", 3)}


def drawn() -> list[tuple[str, str | None]]:
    """Each name in the tree of the docstring, with the name above it."""
    tree: list[tuple[str, str | None]] = []
    above: list[str] = []
    for found in DRAWN.finditer(exceptions.__doc__ or ""):
        depth = len(found["levels"]) // 4 + 1 if found["fork"] else 0
        del above[depth:]
        tree.append((found["name"], above[-1] if above else None))
        above.append(found["name"])
    return tree


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_pickles(cls: type[Exception]) -> None:
    error = cls(*ARGUMENTS.get(cls.__name__, ("what happened",)))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is cls
    assert (again.args, str(again), vars(again)) == (error.args, str(error), vars(error))


@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.__name__)
def test_has_a_code_of_its_own(cls: type[RequestException]) -> None:
    assert re.fullmatch(r"[a-z][a-z_]+", cls.code)
    assert [other for other in ERRORS if other.code == cls.code] == [cls]


def test_the_tree_draws_every_error_and_nothing_else() -> None:
    assert {name for name, _ in drawn()} == {cls.__name__ for cls in ERRORS}


def test_the_tree_draws_each_error_below_one_of_its_bases() -> None:
    bases = {cls.__name__: {base.__name__ for base in cls.__bases__} for cls in ERRORS}
    wrong = [
        f"{name} below {above}" for name, above in drawn() if above and above not in bases[name]
    ]
    assert not wrong
