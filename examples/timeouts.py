"""Bound how long a request may take.

Run it, with ``python examples/demo_server.py`` in another terminal::

    python examples/timeouts.py http://127.0.0.1:8000
"""

from __future__ import annotations

import sys
import time

import ulak
from ulak import exceptions


def try_it(url: str, timeout: float | tuple[float, float] | ulak.Timeout) -> None:
    started = time.monotonic()
    try:
        outcome = str(ulak.get(url, timeout=timeout).status_code)
    except exceptions.Timeout as error:
        outcome = type(error).__name__
    print(f"{timeout}: {outcome} after {time.monotonic() - started:.1f} s")


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    slow = f"{base}/slow"  # takes two seconds to answer

    # Seconds to connect, and to wait for each piece of the answer.
    try_it(slow, timeout=0.5)

    # One for connecting, one for reading.
    try_it(slow, timeout=(3, 0.5))

    # A deadline over everything: redirects, retries and the body too.
    try_it(slow, timeout=ulak.Timeout(connect=3, read=30, total=0.5))

    # Long enough.
    try_it(slow, timeout=ulak.Timeout(connect=3, read=30, total=60))


if __name__ == "__main__":
    main()
