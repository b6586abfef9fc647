"""What the tests of sessions share.

A test that takes ``session`` or ``front`` runs once on each front.  One that is
about a single front says which, and why: ``@pytest.mark.front("sync", "the reason")``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.fronts import FRONTS, Front


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", "front(name, reason): runs on this front only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what takes ``front``, itself or by ``session``, on each front."""
    if "front" not in metafunc.fixturenames:
        return
    names = list(FRONTS)
    mark = metafunc.definition.get_closest_marker("front")
    if mark is not None:
        only, _reason = mark.args
        names = [names[names.index(only)]]
    metafunc.parametrize("front", names, indirect=True)


@pytest.fixture(autouse=True)
def leaves_nothing(no_leaks: None) -> None:
    """Every test here leaves as many descriptors and threads as it found."""


@pytest.fixture
def front(request: pytest.FixtureRequest) -> Iterator[Front]:
    """The kind of session that the test is about."""
    with FRONTS[request.param]() as front:
        yield front


@pytest.fixture
def session(front: Front) -> Iterator[Any]:
    """A session with the default settings, called as a :class:`ulak.Session` is."""
    with front.session() as session:
        yield session


@pytest.fixture
def netrc(tmp_path, monkeypatch):
    """Write a netrc file and have ulak find it."""

    def write(text: str) -> None:
        file = tmp_path / "netrc"
        file.write_text(text)
        file.chmod(0o600)
        monkeypatch.setenv("NETRC", str(file))

    return write
