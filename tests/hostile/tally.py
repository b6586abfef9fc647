"""Playing all cases with a client, and counting how the promises were kept."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from .case import KINDS, Broken, Case, Run, perform
from .plan import Unsupported
from .remote import AdapterFailed, Crashed, Remote

__all__ = ["GETS", "Tally", "asked_of", "tally"]

#: The case whose requests are counted by themselves.
GETS = "keep-closed-at-once-many"


@dataclass
class Tally:
    """What came of all cases with one client."""

    client: str
    version: str
    #: By the case's name.
    broken: dict[str, list[Broken]] = field(default_factory=dict)
    #: Cases that the client has no way to play.
    unsupported: dict[str, str] = field(default_factory=dict)
    #: Cases that the adapter of the client failed to play: mistakes of ours.
    failures: dict[str, str] = field(default_factory=dict)
    #: The longest time past a deadline, in seconds.
    worst: float = 0.0
    #: The most memory that a case took, in bytes.
    peak: int = 0
    #: Of how many GETs to a server that drops connections how many failed.
    gets: tuple[int, int] = (0, 0)
    seconds: float = 0.0

    @property
    def played(self) -> int:
        return len(self.broken)

    @property
    def counts(self) -> Counter[str]:
        """Of each kind, in how many cases a promise was broken so."""
        counts: Counter[str] = Counter({kind: 0 for kind in KINDS})
        for found in self.broken.values():
            counts.update({one.kind for one in found})
        return counts


def asked_of(name: str, cases: Sequence[Case]) -> list[Case]:
    """Those of ``cases`` that are for ``name``: settings of ulak's own are for no other."""
    return [case for case in cases if name.startswith("ulak") or not case.only_ours]


def tally(name: str, version: str, cases: Sequence[Case], workers: int) -> Tally:
    """Play ``cases`` with the client ``name``, several at once.

    What was late by less than a second is played once more by itself, as the machine may have
    been late and not the client; the better time counts.
    """
    result = Tally(name, version)
    cases = asked_of(name, cases)
    begin = time.monotonic()
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    # What is measured in memory or asked thousands of times has the machine for itself.
    alone = [case for case in cases if case.weighed or case.scale > 1]
    for case in cases:
        if case not in alone:
            waiting.put(case)
    lock = threading.Lock()

    def work() -> None:
        with Remote(name) as client:
            while True:
                try:
                    case = waiting.get_nowait()
                except queue.Empty:
                    return
                _play(result, client, case, lock, len(cases))

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    late = [case for case in cases if _is_late(result, case)]
    with Remote(name) as client:
        for case in [*alone, *late]:
            _play(result, client, case, lock, len(cases))
    result.seconds = time.monotonic() - begin
    result.worst = max((_lateness(found) for found in result.broken.values()), default=0.0)
    return result


def _is_late(result: Tally, case: Case) -> bool:
    return 0 < _lateness(result.broken.get(case.name, [])) < 1


def _lateness(found: Sequence[Broken]) -> float:
    """The longest time past a deadline, in seconds, with which each such text begins."""
    times = [one.text.split()[0] for one in found if one.kind == "late"]
    return max((float(time) for time in times if time[0].isdigit()), default=0.0)


def _play(result: Tally, client: Remote, case: Case, lock: threading.Lock, total: int) -> None:
    """Play one case, and note what came of it; a second time, what was better."""
    run: Run | None = None
    try:
        run, broken = perform(case, client, scaled=True)
    except Unsupported as lack:
        with lock:
            result.unsupported[case.name] = str(lack)
        return
    except Crashed as crash:
        broken = [Broken("late", f"99 s: {crash}")]
    except AdapterFailed as failure:
        with lock:
            result.failures[case.name] = str(failure)
        return
    with lock:
        before = result.broken.get(case.name)
        if before is None or _lateness(broken) <= _lateness(before):
            result.broken[case.name] = broken
        if run is not None:
            result.peak = max(result.peak, run.played.peak)
            if case.name == GETS:
                asked = case.asks[0].times * case.scale
                result.gets = (run.last.lost, asked)
    _report(f"{result.client}: {result.played} of {total}", result.played)


def _report(progress: str, count: int) -> None:
    """Say how far it is, on one line of a terminal or else now and then."""
    if sys.stderr.isatty():
        print(f"\r{progress} ", end="", file=sys.stderr, flush=True)
    elif count % 250 == 0:
        print(progress, file=sys.stderr, flush=True)
