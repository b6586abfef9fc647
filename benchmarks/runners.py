"""How a worker drives a synchronous peer: one after the other, or from many threads.

A runner is a callable ``(repeats) -> (seconds, total bytes)``.  Those for
asynchronous peers are in ``async_runners.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeAlias

THREADS = 16

Runner: TypeAlias = Callable[[int], tuple[float, int]]


def serial(peer: Any, operation: str) -> Runner:
    """One request after the other."""
    call = getattr(peer, operation)

    def run(repeats: int) -> tuple[float, int]:
        total = 0
        start = perf_counter()
        for _ in range(repeats):
            total += call()
        return perf_counter() - start, total

    return run


def threads(peer: Any, operation: str) -> Runner:
    """``repeats`` requests in all, shared among 16 threads that start together."""
    peers = [peer, *(peer.for_thread() for _ in range(THREADS - 1))]

    def run(repeats: int) -> tuple[float, int]:
        gate = threading.Barrier(THREADS + 1)
        totals: list[int] = []

        def work(call: Callable[[], int], count: int) -> None:
            gate.wait()
            totals.append(sum(call() for _ in range(count)))

        crew = [
            threading.Thread(target=work, args=(getattr(each, operation), repeats // THREADS))
            for each in peers
        ]
        for thread in crew:
            thread.start()
        gate.wait()
        start = perf_counter()
        for thread in crew:
            thread.join()
        seconds = perf_counter() - start
        if len(totals) != THREADS:
            raise RuntimeError(f"{THREADS - len(totals)} of {THREADS} threads failed")
        return seconds * repeats / (repeats // THREADS * THREADS), sum(totals)

    return run


RUNNERS: dict[str, Callable[[Any, str], Runner]] = {"serial": serial, "threads": threads}
