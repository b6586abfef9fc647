"""Every piece of data on its way is lost in turn: for uvloop, whose calls nobody else sees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ulak
from tests.support import Certificates
from tests.support.child_server import ChildServer
from tests.support.loops import LOOPS, warmed_up
from tests.torture.ground import Ground, new_front
from tests.torture.relay import Relay
from tests.torture.scenarios import SCENARIOS, SMALL, Place

#: uvloop notices only by the limit that TLS inside TLS was broken off in its handshake.
LIMITS = ulak.Timeout(connect=0.7, read=2, write=2, pool=1, total=10)
#: More pieces than any scenario has.
MOST = 200


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(scope="module")
def relay(certificates: Certificates) -> Iterator[Relay]:
    with ChildServer(certificates) as server, Relay(server, 0) as relay:
        yield relay


@pytest.fixture(scope="module")
def place(relay: Relay, tmp_path_factory: pytest.TempPathFactory) -> Place:
    file = tmp_path_factory.mktemp("upload") / "upload"
    file.write_bytes(SMALL)
    return Place(relay.url, relay.tls_url, file)


# The end of the connection ends this one's body wherever it comes: nobody can tell.
NAMES = [name for name in SCENARIOS if name != "download to the end"]


@pytest.mark.parametrize("how", ["reset", "end", "half"])
@pytest.mark.parametrize("name", NAMES)
def test_every_piece_is_lost(
    place: Place, relay: Relay, certificates: Certificates, name: str, how: str
) -> None:
    with (
        new_front(LOOPS[-1]) as front,
        Ground(front, place, SCENARIOS[name], str(certificates.ca), LIMITS) as ground,
    ):
        for at in range(1, MOST):
            ground.session.close()
            relay.arm(at, how)
            error = ground.outlast(f"{at}-{how}", (ulak.RequestException,))
            struck = relay.arm(0) >= at
            ground.check(f"after-{at}")
            if not struck:
                assert not error, "it failed before its turn"
                break
        else:
            pytest.fail("there are more pieces than this test looks at")
    assert at > 1
