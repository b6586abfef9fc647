"""A few thousand requests of all kinds, cancelled at random; ``ULAK_SOAK`` says how many."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support import Certificates
from tests.support.loops import LOOPS, Loop, warmed_up
from tests.transport import async_soak

COUNT = int(os.environ.get("ULAK_SOAK", "5000"))
#: Bytes by which memory may grow over the second half, however many requests that is.
GROWTH = 4 << 20


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.mark.timeout(60 + COUNT / 50)
@pytest.mark.parametrize(("name", "share"), [*zip(LOOPS, (1.0, 0.2), strict=False)])
def test_nothing_is_left_of_many_requests(
    certificates: Certificates, name: str, share: float
) -> None:
    count = int(COUNT * share)
    figures = async_soak.run(Loop(name, debug=False), count, 1, certificates)
    assert figures.requests >= count
    assert figures.ends["answered"] > count / 2
    assert figures.ends["cancelled"] > count / 10
    assert figures.ends["connection closed under a POST"] < count / 50
    assert figures.slope * count / 2 < GROWTH
    assert not figures.descriptors
    assert not figures.tasks
    assert not figures.threads
