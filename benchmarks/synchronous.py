"""Measures a synchronous scenario: each client in a worker of its own."""

from __future__ import annotations

from . import rounds
from .jobs import Job
from .peers import PeerInfo
from .rounds import Entry, Measured, Pace
from .scenarios import Scenario
from .target import Target


def measure(
    scenario: Scenario, peers: list[PeerInfo], pythons: dict[str, str], target: Target
) -> list[Measured]:
    """Run a scenario; one result for each peer, the absent ones too."""
    entries = [
        Entry(
            peer.name,
            pythons[peer.environment],
            Job(
                f"peers.{peer.module}",
                peer.distribution,
                scenario.runner,
                target,
                operation=scenario.operation,
            ),
            Pace(scenario.repeats),
        )
        for peer in peers
    ]
    return rounds.measure(entries, scenario.rounds, scenario.key)
