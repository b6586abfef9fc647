"""A client in a process of its own, and in the environment that it is installed in.

``python -m tests.hostile.worker NAME`` reads plans from its standard input and writes what came
of each, pickled and with the length before, until that input ends.  What it has open is the
client's alone, and is counted before and after each plan.
"""

from __future__ import annotations

import gc
import os
import pickle
import struct
import sys
import threading
import time
import traceback
import warnings
from dataclasses import replace
from typing import BinaryIO

from .clients import Client, load
from .plan import Plan, Played, Unsupported

__all__ = ["receive", "send"]

_LENGTH = struct.Struct("!I")
#: Seconds that threads have to end by themselves.
_GRACE = 2.0
_DESCRIPTORS = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"


def send(pipe: BinaryIO, thing: object) -> None:
    """Write one thing to the other process."""
    data = pickle.dumps(thing)
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def receive(pipe: BinaryIO) -> object:
    """Read one thing from the other process.

    :raises EOFError: it has ended.
    """
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    return pickle.loads(pipe.read(_LENGTH.unpack(head)[0]))


def _open() -> int:
    return len(os.listdir(_DESCRIPTORS))


def _counted(client: Client, plan: Plan) -> Played:
    """Play ``plan``, and say what is left of it."""
    descriptors, threads = _open(), threading.active_count()
    played = client.play(plan)
    until = time.monotonic() + _GRACE
    while True:
        gc.collect()
        left = replace(
            played,
            descriptors=_open() - descriptors,
            threads=threading.active_count() - threads,
        )
        if (left.descriptors <= 0 and left.threads <= 0) or time.monotonic() > until:
            return left
        time.sleep(0.05)


def main(name: str) -> None:
    """Serve until there is nothing more to read."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a client prints is no answer
    warnings.simplefilter("ignore")
    client = load(name)
    send(answers, client.asynchronous)
    while True:
        try:
            plan = receive(sys.stdin.buffer)
        except EOFError:
            return
        answer: object
        try:
            answer = _counted(client, plan) if isinstance(plan, Plan) else None
        except Unsupported as lack:
            answer = str(lack)
        except Exception:
            answer = traceback.format_exc()
        send(answers, answer)


if __name__ == "__main__":
    main(sys.argv[1])
