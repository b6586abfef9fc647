"""Every case with both sessions of ulak: no promise is broken, and nothing is left."""

from __future__ import annotations

import pytest

from .case import Case, perform
from .cases import CASES
from .clients import Client, load
from .servers import Wardrobe

#: Seconds past a deadline that fail here, where others may want the processor too.  What is
#: promised is measured by ``python -m tests.hostile``.
TOLERANCE = 1.0

CLIENTS: dict[str, Client] = {name: load(name) for name in ("ulak", "ulak-async")}


@pytest.fixture(scope="session", autouse=True)
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Wardrobe:
    """The certificates that the servers of all cases wear."""
    return Wardrobe(tmp_path_factory.mktemp("wardrobe"))


@pytest.mark.filterwarnings("ignore:The netrc file:ulak.exceptions.RequestsWarning")
@pytest.mark.parametrize(
    ("case", "client"),
    [
        pytest.param(case, client, id=f"{case.name}-{name}")
        for case in CASES.values()
        for name, client in CLIENTS.items()
    ],
)
def test_case(wardrobe: Wardrobe, no_leaks: None, case: Case, client: Client) -> None:
    _, broken = perform(case, client, tolerance=TOLERANCE)
    assert not broken, "\n".join(f"{one.kind}: {one.text}" for one in broken)
