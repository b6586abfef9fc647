"""What is measured: each scenario names an operation of the peers and how often it is done.

Two kinds.  A :class:`Scenario` runs inside long-lived workers, in alternating
rounds; a :class:`ProcessScenario` times whole interpreters.
"""

from __future__ import annotations

from typing import NamedTuple


class Scenario(NamedTuple):
    """Rounds of ``repeats`` times ``operation``, driven by ``runner`` (see ``runners.py``)."""

    key: str
    title: str
    operation: str
    runner: str
    rounds: int
    repeats: int
    #: Whose time each peer's time is divided by, in the same round.
    baselines: tuple[str, ...]
    #: A big body: report milliseconds and throughput, and how memory grew.
    big: bool = False

    def quick(self) -> Scenario:
        """The same, only to see that it works."""
        return self._replace(rounds=min(self.rounds, 3), repeats=max(1, self.repeats // 4))


class ProcessScenario(NamedTuple):
    """``rounds`` times a fresh interpreter for each peer."""

    key: str
    title: str
    rounds: int
    baselines: tuple[str, ...]

    def quick(self) -> ProcessScenario:
        """The same, only to see that it works."""
        return self._replace(rounds=3)


SCENARIOS: tuple[Scenario | ProcessScenario, ...] = (
    Scenario("small", "Small GET on a kept connection", "small", "serial", 30, 200, ("raw loop",)),
    Scenario("post", "POST JSON on a kept connection", "post", "serial", 30, 200, ("raw loop",)),
    Scenario(
        "threads",
        "Small GETs, 16 threads on one session",
        "small",
        "threads",
        20,
        800,
        ("raw loop",),
    ),
    Scenario(
        "stream", "Download, streamed", "stream", "serial", 15, 1, ("raw loop", "http.client"), True
    ),
    Scenario(
        "whole", "Download, whole", "whole", "serial", 15, 1, ("raw loop", "http.client"), True
    ),
    Scenario(
        "upload", "Multipart upload from a file", "upload", "serial", 9, 1, ("raw loop",), True
    ),
    ProcessScenario("import", "Import", 30, ("requests",)),
    ProcessScenario("cold", "Cold script: one https GET", 30, ("requests",)),
    ProcessScenario(
        "trust", "Cold script: one https GET with certifi's certificates", 30, ("requests",)
    ),
)
