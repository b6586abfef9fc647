"""``Timeout.of`` and ``within``: what a caller's ``timeout=`` is read into."""

from __future__ import annotations

import pytest

from ulak.timeouts import InvalidTimeout, Timeout


def test_numbers_that_were_read_before_are_still_told_apart() -> None:
    assert Timeout.of(1) is Timeout.of(1)
    assert Timeout.of((1, None)) is Timeout.of([1, None])
    for wrong in (True, (1, True), (True, True), ([1], 2), -1, (1, -1), float("nan")):
        with pytest.raises(InvalidTimeout):
            Timeout.of(wrong)


def test_what_is_left_changes_the_total_alone() -> None:
    limits = Timeout(connect=1, read=2, write=3, pool=4, total=5)
    twin = limits.within(0.5)
    assert twin == Timeout(connect=1, read=2, write=3, pool=4, total=0.5)
    assert limits.total == 5
    assert repr(twin).endswith("total=0.5)")
