"""Every call on a socket goes wrong in every way; nothing is left, and the next answer is right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ulak
from tests.support import Certificates
from tests.support.child_server import ChildServer
from tests.support.loops import warmed_up
from tests.torture.faults import ASYNC_FAULTS, SYNC_FAULTS, Fault, Trap
from tests.torture.ground import SOON, Ground, LoopFront, new_front
from tests.torture.scenarios import SCENARIOS, SMALL, Place

#: For a request whose peer falls silent.
LIMITS = ulak.Timeout(connect=0.2, read=0.05, write=0.05, pool=0.5, total=5)
#: More calls than any scenario makes, where not every byte is a call of its own.
MOST = 400


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(scope="module")
def place(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    file = tmp_path_factory.mktemp("upload") / "upload"
    file.write_bytes(SMALL)
    with ChildServer(certificates) as server:
        yield Place(server.url, server.tls_url, file)


CASES = [("sync", fault) for fault in SYNC_FAULTS] + [("asyncio", fault) for fault in ASYNC_FAULTS]


@pytest.mark.parametrize("first", [True, False], ids=["first", "kept"])
@pytest.mark.parametrize(("kind", "fault"), CASES, ids=lambda x: getattr(x, "name", x))
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_call_goes_wrong(
    place: Place,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    kind: str,
    fault: Fault,
    first: bool,
) -> None:
    trap = Trap(monkeypatch, fault)
    with new_front(kind) as front:
        if isinstance(front, LoopFront):
            trap.cancel = front.cancel
        limits = LIMITS if fault.lasts and not fault.is_harmless else SOON
        ca = str(certificates.ca)
        with Ground(front, place, SCENARIOS[name], ca, limits) as ground:
            at = torture(ground, trap, first=first)
    assert at > 1


def torture(ground: Ground, trap: Trap, *, first: bool) -> int:
    """Spring the trap at one call after the other.

    :param first: whether each time begins without a connection.
    :returns: the number of the call that the scenario did not come to.
    """
    fault = trap.fault
    errors = () if fault.is_harmless else (ulak.RequestException, *fault.error)
    for at in _calls(fault):
        if first:
            ground.session.close()
        for attempt in range(5):  # a busy machine may pass a limit before it comes to that
            trap.arm(at)
            error = ground.outlast(f"{at}-{attempt}", errors)
            sprung = trap.sprung
            trap.arm(0)
            ground.check(f"after-{at}")
            if sprung or not error:
                break
        if not sprung:
            assert not error, "it failed before its turn"
            return at
    pytest.fail("there are more calls than this test looks at")


def _calls(fault: Fault) -> Iterator[int]:
    if fault.lasts and fault.is_harmless:  # a call for each byte: from the first on says it all
        yield 1
        yield 1 << 30
    else:
        yield from range(1, MOST)
