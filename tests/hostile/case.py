"""A case: servers, what a client is asked to do, and the judgement of what came of it.

Knows no client.  What is judged is a :class:`Run`: what the client said
(:class:`~tests.hostile.plan.Played`) and what the servers saw.  Some things are judged in
every case: that no exception is foreign, that nothing is late, and that nothing is left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from .clients import Client
from .plan import Ask, Got, Plan, Played, Settings, fill
from .servers import Seen, Server, Stage

__all__ = ["KINDS", "PROMISED", "Broken", "Case", "Judgement", "Run", "perform"]

#: Seconds past the deadline that are promised.
PROMISED = 0.25
#: Seconds that the servers wait for a client that does not give up.
PATIENCE = 2.0

#: How a promise can be broken.  All but the last are counted for every client; the last is what
#: only ulak has promised.
KINDS = {
    "foreign": "an exception that is not the client's own leaves it",
    "late": f"a deadline is passed by more than {PROMISED} s",
    "credential": "a secret goes where it does not belong, or into a text",
    "descriptor": "a descriptor, a task or a thread is left",
    "poisoned": "what is broken, cut off or another's is handed out as an answer",
    "lost": "a request fails that could have been repeated",
    "duplicated": "a request is carried out twice that must not be",
    "emptied": "a body that cannot be sent again is sent without what it had",
    "memory": "memory grows with what a server sends",
    "injected": "what was to be a value becomes a line of the request",
    "cookie": "a cookie is taken or sent against RFC 6265bis",
    "other": "what ulak promises besides",
}


@dataclass(frozen=True)
class Broken:
    """A promise that was not kept; ``kind`` is one of :data:`KINDS`."""

    kind: str
    text: str


@dataclass(frozen=True)
class Run:
    """What came of a case."""

    client: str
    played: Played
    seen: Mapping[str, Seen]

    @property
    def ours(self) -> bool:
        """Whether it is ulak, which is held to more than others are."""
        return self.client.startswith("ulak")

    @property
    def last(self) -> Got:
        return self.played.outcomes[-1]

    @property
    def texts(self) -> Iterator[str]:
        """Whatever the client showed as text."""
        for got in self.played.outcomes:
            yield got.shown
            if got.error is not None:
                yield got.error.text
                yield got.error.shown


Judgement = Callable[[Run], Iterable[Broken]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One hostile case, for any client."""

    #: Its id, unique among all; words and hyphens.
    name: str
    #: The clause of ``docs/threat-model.md`` that it tests, such as ``P6.2``.
    promise: str
    servers: Mapping[str, Server]
    asks: tuple[Ask, ...] = (Ask(),)
    settings: Settings = field(default_factory=Settings)
    judge: tuple[Judgement, ...]
    #: Whether to measure its memory.
    weighed: bool = False
    #: Exceptions that are the caller's own, and have to arrive as they are.
    own: tuple[str, ...] = ()
    #: How many times :attr:`Ask.times` a comparison asks.
    scale: int = 1

    def plan(self, *, scaled: bool = False) -> Plan:
        """What a client is asked to do."""
        asks = self.asks
        if scaled and self.scale > 1:
            asks = tuple(
                replace(ask, times=ask.times * self.scale) if ask.times > 1 else ask for ask in asks
            )
        return Plan(asks, self.settings, self.weighed)

    @property
    def only_ours(self) -> bool:
        """Whether it is about settings that other clients do not have: they are not asked."""
        return self.settings.guards is not None

    @property
    def seconds(self) -> float:
        """How long it may take a client that keeps its word."""
        return sum(ask.most for ask in self.asks)


def perform(
    case: Case, client: Client, *, tolerance: float = PROMISED, scaled: bool = False
) -> tuple[Run, list[Broken]]:
    """Play ``case`` with ``client``, and judge it.

    :param tolerance: seconds past a deadline that are forgiven.
    :param scaled: whether to ask as often as a comparison does.
    :raises Unsupported: the client has no way to do it.
    """
    plan = case.plan(scaled=scaled)
    patience = case.seconds * (case.scale if scaled else 1) + tolerance + PATIENCE
    with Stage(case.servers) as stage:
        curtain = threading.Timer(patience, stage.end)
        curtain.start()
        try:
            played = client.play(fill(plan, stage.addresses))
        finally:
            curtain.cancel()
            curtain.join()
    run = Run(client.name, played, stage.seen())
    broken = [*_always(case, run, plan, tolerance)]
    for judgement in case.judge:
        broken += judgement(run)
    if run.ours:
        broken += [Broken("other", f"script of {k}: {v!r}") for k, v in stage.failures.items()]
    return run, broken


def _always(case: Case, run: Run, plan: Plan, tolerance: float) -> Iterator[Broken]:
    """What is judged in every case."""
    for ask, got in zip(plan.asks, run.played.outcomes, strict=False):
        error = got.error
        if error is not None and not error.family and not any(map(error.isa, case.own)):
            yield Broken("foreign", f"{error.name}: {error.text[:120]}")
        if ask.timeout is not None and ask.times == 1 and not ask.plain:
            late = got.seconds - ask.timeout
            if late > tolerance:
                yield Broken("late", f"{late:.2f} s past the deadline of {ask.timeout} s")
    played = run.played
    for count, what in (
        (played.descriptors, "descriptors"),
        (played.tasks, "tasks"),
        (played.threads, "threads"),
    ):
        if count > 0:
            yield Broken("descriptor", f"{count} {what} left")
