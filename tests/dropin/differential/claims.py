"""How a difference is claimed: for which calls, in which aspect, and of what values.

A claim explains no more than it says.  :func:`explains` is asked for each aspect in
which a call differs, and a claim that explains nothing any more is stale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import requests

import ulak

from .stage import Raised

#: Whether what requests shows and what ulak shows are what a claim says.
Check = Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Claim:
    """These calls differ so, in these aspects."""

    check: Check
    aspects: tuple[str, ...]
    calls: tuple[str, ...]

    def explains(self, call: str, aspect: str, theirs: Any, ours: Any) -> bool:
        """Whether this is the difference that is claimed."""
        return call in self.calls and aspect in self.aspects and self.check(theirs, ours)


def claim(check: Check, aspects: str, *calls: str) -> Claim:
    """A claim; ``aspects`` are separated by blanks."""
    return Claim(check, tuple(aspects.split()), calls)


# -- exceptions --------------------------------------------------------------


def one_family(theirs: Any, ours: Any) -> bool:
    """Some exception of Python's, and ours is a RequestException that is that as well.

    "As well" is promised of ValueError, TypeError and plain RuntimeError.
    """
    if not (isinstance(theirs, Raised) and isinstance(ours, Raised)):
        return False
    promised = [each for each in (ValueError, TypeError) if issubclass(theirs.kind, each)]
    promised += [RuntimeError] if theirs.kind in (RuntimeError, _CONFLICT) else []
    return (
        not issubclass(theirs.kind, requests.RequestException)
        and issubclass(ours.kind, ulak.RequestException)
        and all(issubclass(ours.kind, each) for each in promised)
    )


_CONFLICT = requests.cookies.CookieConflictError


def accepted(theirs: Any, ours: Any) -> bool:
    """Requests ends with an exception that is none of its own; ulak has a result."""
    return (
        isinstance(theirs, Raised)
        and not issubclass(theirs.kind, requests.RequestException)
        and not isinstance(ours, Raised)
    )


def refused(name: str) -> Check:
    """Requests has a result; ulak raises exactly the class of this name."""
    return lambda theirs, ours: not isinstance(theirs, Raised) and _is(ours, name)


def raises(theirs_name: str, ours_name: str) -> Check:
    """Both raise, these classes."""
    return lambda theirs, ours: _is(theirs, theirs_name) and _is(ours, ours_name)


def answers(name: str) -> Check:
    """Requests raises exactly the class of this name; ulak has a result."""
    return lambda theirs, ours: _is(theirs, name) and not isinstance(ours, Raised)


def _is(value: Any, name: str) -> bool:
    return isinstance(value, Raised) and value.kind.__name__ == name


# -- values ------------------------------------------------------------------


def exactly(theirs_value: Any, ours_value: Any) -> Check:
    """These two values."""
    return lambda theirs, ours: bool(theirs == theirs_value and ours == ours_value)


def made_by(change: Callable[[Any], Any]) -> Check:
    """Ours is what ``change`` makes of theirs."""
    return lambda theirs, ours: bool(change(theirs) == ours)


def asks(theirs_target: str, ours_target: str) -> Check:
    """The targets of the last request, or the ends of two URLs without their fragments."""

    def check(theirs: Any, ours: Any) -> bool:
        ends = [_target(value) for value in (theirs, ours)]
        return ends[0].endswith(theirs_target) and ends[1].endswith(ours_target)

    return check


def _target(value: Any) -> str:
    if isinstance(value, list):
        return str(value[-1].split(" ")[1])
    return str(value).partition("#")[0]


# -- fields ------------------------------------------------------------------


def fields(theirs: Iterable[str] = (), ours: Iterable[str] = ()) -> Check:
    """Header fields that differ in nothing but these.

    :param theirs: how lines begin that only requests sends; each has to be there.
    :param ours: the same of ulak.
    """
    theirs, ours = tuple(theirs), tuple(ours)

    def check(their_value: Any, our_value: Any) -> bool:
        pairs = list(zip(_lines(their_value), _lines(our_value), strict=True))
        gone = [line for one, other in pairs for line in one if line not in other]
        new = [line for one, other in pairs for line in other if line not in one]
        same_rest = all(
            [line for line in one if line in other] == [line for line in other if line in one]
            for one, other in pairs
        )
        return same_rest and _begin(gone, theirs) and _begin(new, ours)

    return check


def _begin(lines: list[str], starts: tuple[str, ...]) -> bool:
    """Whether each line begins with one of ``starts``, and each of these begins a line."""
    return all(line.startswith(starts) for line in lines) and all(
        any(line.startswith(start) for line in lines) for start in starts
    )


def _lines(value: Any) -> list[list[str]]:
    """The field lines of each request; of headers as pairs there is one."""
    if value and isinstance(value[0], list):
        return list(value)
    return [[f"{name}: {text}" for name, text in value]]
