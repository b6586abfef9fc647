"""What the tests of adapters share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ulak
from tests.support import Certificates


@pytest.fixture(autouse=True)
def leaves_nothing(no_leaks: None) -> None:
    """Every test here leaves as many descriptors and threads as it found."""


@pytest.fixture
def session() -> Iterator[ulak.Session]:
    """A session with the default settings."""
    with ulak.Session() as session:
        yield session


@pytest.fixture
def verifying(certificates: Certificates) -> Iterator[ulak.Session]:
    """A session that trusts the CA of the tests."""
    with ulak.Session(verify=str(certificates.ca)) as session:
        yield session
