"""What is measured: each scenario names an operation of the peers and how often it is done.

Three kinds.  A :class:`Scenario` runs inside long-lived workers, in alternating
rounds; so does an :class:`AsyncScenario`, on event loops and at several levels; a
:class:`ProcessScenario` times whole interpreters.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


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


class AsyncScenario(NamedTuple):
    """Rounds of a runner of ``async_runners.py``: each client, on each loop, at each level."""

    key: str
    title: str
    runner: str
    #: What the levels count.
    unit: str
    levels: tuple[int, ...]
    rounds: int
    #: How long a round should take, in seconds: a slow client does less in it.
    seconds: float
    #: At which levels each peer's time is divided by that of the baselines on the same loop;
    #: the first of them ranks the peers.
    compared: tuple[int, ...]
    baselines: tuple[str, ...] = ("raw protocol", "aiohttp")
    #: Report too how many times as long an operation takes at the last level as at the first.
    flatness: bool = False
    #: The levels of a quick run, where all would take long.
    brief: tuple[int, ...] = ()
    #: A big body: one a round; report milliseconds, and how memory grew.
    big: bool = False

    def quick(self) -> AsyncScenario:
        """The same, only to see that it works."""
        levels = self.brief or self.levels
        compared = tuple(level for level in self.compared if level in levels) or levels
        return self._replace(rounds=3, seconds=self.seconds / 4, levels=levels, compared=compared)


ASYNC_SCENARIOS = (
    AsyncScenario(
        "async-small",
        "Small GETs in flight",
        "in flight",
        "in flight",
        (1, 50, 500),
        10,
        0.06,
        (50, 1, 500),
        brief=(50,),
    ),
    AsyncScenario(
        "async-hosts",
        "Small GETs round many hosts, 50 in flight",
        "hosts",
        "hosts",
        (1, 10, 100, 200, 1000),
        10,
        0.06,
        (200,),
        flatness=True,
        brief=(100,),
    ),
    AsyncScenario(
        "async-pool",
        "Small GETs with many pooled connections, 50 in flight",
        "connections",
        "connections",
        (10, 100, 1000),
        10,
        0.06,
        (1000,),
        flatness=True,
        brief=(10, 1000),
    ),
    AsyncScenario("async-stream", "Download, streamed", "stream", "", (1,), 6, 0.0, (1,), big=True),
)

AnyScenario: TypeAlias = Scenario | ProcessScenario | AsyncScenario

SCENARIOS: tuple[AnyScenario, ...] = (
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
    *ASYNC_SCENARIOS,
)
