"""What cookies of other domains cost a request: ``python -m benchmarks.cookies``.

Prepares a GET in a session whose jar holds two cookies of the request's host and many
of others, with ulak and with requests, in turn, and prints the medians.  No server takes
part: what is measured is choosing the cookies, with all else that preparing does.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import requests

import ulak

#: Cookies of other domains.
OTHERS = (0, 100, 1_000, 10_000)
ROUNDS = 21
#: Seconds that a round should last at least.
ROUND_TIME = 0.02
URL = "https://www.example.com/a/b"

Library = Any  # the module ulak or requests, which have the same names


def preparing(library: Library, others: int) -> Callable[[], Any]:
    """What prepares one request in a session with that many cookies of other domains."""
    session = library.Session()
    session.trust_env = False
    for number in range(others):
        session.cookies.set("id", "1", domain=f"host{number}.example.org")
    session.cookies.set("id", "2", domain="www.example.com")
    session.cookies.set("theme", "dark", domain=".example.com")
    request = library.Request("GET", URL)

    def prepare() -> Any:
        return session.prepare_request(request)

    sent = set(prepare().headers["Cookie"].split("; "))
    if sent != {"id=2", "theme=dark"}:
        raise SystemExit(f"{library.__name__} would send {sent}")
    return prepare


def times(action: Callable[[], Any]) -> int:
    """How often ``action`` has to be done for a round to last long enough."""
    count = 1
    while (taken := seconds(action, count)) < ROUND_TIME:
        count = max(count + 1, int(count * ROUND_TIME / max(taken, 1e-6)))
    return count


def seconds(action: Callable[[], Any], count: int) -> float:
    """How long it takes to do ``action`` so often."""
    start = time.perf_counter()
    for _ in range(count):
        action()
    return time.perf_counter() - start


def measure() -> dict[tuple[str, int], float]:
    """Microseconds for one request, by library and cookies of others: medians over rounds."""
    actions = {
        (library.__name__, others): preparing(library, others)
        for library in (ulak, requests)
        for others in OTHERS
    }
    counts = {key: times(action) for key, action in actions.items()}
    taken: dict[tuple[str, int], list[float]] = {key: [] for key in actions}
    for _ in range(ROUNDS):
        for key, action in actions.items():
            taken[key].append(seconds(action, counts[key]) / counts[key] * 1e6)
    return {key: statistics.median(values) for key, values in taken.items()}


def main() -> None:
    """Print the table."""
    medians = measure()
    print("| cookies of other domains | ulak, µs | requests, µs |")
    print("|---:|---:|---:|")
    for others in OTHERS:
        ours, theirs = (medians[name, others] for name in ("ulak", "requests"))
        print(f"| {others:,} | {ours:,.1f} | {theirs:,.1f} |")


if __name__ == "__main__":
    main()
