"""Measures an asynchronous scenario: each client on each event loop at each level."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from . import rounds
from .async_peers import LOOPS, AsyncPeerInfo
from .async_runners import IN_FLIGHT
from .jobs import Job
from .rounds import Entry, Measured, Pace
from .scenarios import AsyncScenario
from .target import Target


class Row(NamedTuple):
    """What came of one client on one event loop."""

    client: str
    loop: str
    #: By level, the absent ones too.
    levels: dict[int, Measured]

    @property
    def name(self) -> str:
        """How the tables call it."""
        return self.client if self.loop == "asyncio" else f"{self.client} +{self.loop}"


def measure(
    scenario: AsyncScenario, peers: list[AsyncPeerInfo], pythons: dict[str, str], target: Target
) -> list[Row]:
    """Run a scenario, the rounds of all its levels in turn."""
    rows = [Row(peer.name, loop, {}) for peer in peers for loop in LOOPS]
    by_name = {peer.name: peer for peer in peers}
    entries = []
    for row, level in product(rows, scenario.levels):
        peer = by_name[row.client]
        if scenario.runner == "connections" and level > (peer.most_kept or level):
            row.levels[level] = Measured(row.name, absent="left out, as far slower")
            continue
        job = Job(
            f"async_peers.{peer.module}",
            peer.distribution,
            scenario.runner,
            target,
            loop=row.loop,
            level=level,
        )
        entry = Entry(row.name, pythons[peer.environment], job, _pace(scenario, level))
        entries.append((row, entry))
    measured = rounds.measure([entry for _, entry in entries], scenario.rounds, scenario.key)
    for (row, entry), result in zip(entries, measured, strict=True):
        row.levels[entry.job.level] = result
    return rows


def _pace(scenario: AsyncScenario, level: int) -> Pace:
    """Two requests for each of the usual tasks at least, or one where there are more tasks."""
    if scenario.big:
        return Pace(1)
    tasks = level if scenario.runner == "in flight" else IN_FLIGHT
    return Pace(max(2 * IN_FLIGHT, tasks), scenario.seconds)
