"""What the hostile cases share: a server that says a thing, and who asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import ulak
from tests.support import RawConnection, RawServer


@pytest.fixture(autouse=True)
def leaves_nothing(no_leaks: None) -> None:
    """Every case leaves as many descriptors and threads as it found."""


@pytest.fixture
def session() -> Iterator[ulak.Session]:
    """A session that gives up after two seconds."""
    with ulak.Session(timeout=ulak.Timeout(total=2), trust_env=False) as session:
        yield session


@pytest.fixture
def saying(start_raw_server: Callable[..., RawServer]) -> Callable[..., RawServer]:
    """A server that answers the first request of each connection with given bytes.

    Then it closes, or with ``hang`` says nothing more.
    """

    def start(*pieces: bytes, hang: bool = False) -> RawServer:
        def script(connection: RawConnection) -> None:
            connection.recv_request()
            connection.send(*pieces)
            if hang:
                connection.hang()

        return start_raw_server(script)

    return start
