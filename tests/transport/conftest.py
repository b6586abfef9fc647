"""What the tests of the transport share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ulak


@pytest.fixture(autouse=True)
def leaves_nothing(no_leaks: None) -> None:
    """Every test here leaves as many descriptors and threads as it found."""


@pytest.fixture
def session() -> Iterator[ulak.Session]:
    """A session with the default settings."""
    with ulak.Session() as session:
        yield session
