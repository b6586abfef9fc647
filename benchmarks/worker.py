"""One peer, one scenario, one process.

``python -m benchmarks.worker JOB`` (a JSON object) waits for a line on stdin, then
opens its peer and answers one line of JSON on stdout when it is ready, then one for
each number of repeats that it reads from stdin.  A line with ``absent`` or
``failed`` is its last.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import platform
import sys
from types import ModuleType
from typing import Any

from . import descriptors
from .jobs import Job
from .memory import peak_kib
from .runners import RUNNERS, Runner

WARM_UP = 20


class AbsentError(Exception):
    """This peer cannot take part; the message says why."""


def _say(**message: object) -> None:
    print(json.dumps(message), flush=True)


def _import(job: Job) -> ModuleType:
    """The module of the peer, and all that it needs.

    :raises AbsentError: when it is not there or has not what is asked for.
    """
    try:
        if job.loop:
            importlib.import_module(job.loop)
        module = importlib.import_module(f".{job.module}", __package__)
    except ModuleNotFoundError as error:
        raise AbsentError(f"not installed ({error.name} is missing)") from error
    if job.operation and job.operation not in dir(module.Peer):
        raise AbsentError("not offered by this client")
    return module


def _open(job: Job, peer: Any) -> tuple[Runner, int]:
    """Open a synchronous peer and warm it up; its runner and the fewest bytes of one operation."""
    opened = peer(job.target)
    warm = RUNNERS["serial"](opened, "small")
    warm(1)
    runner = RUNNERS[job.runner](opened, job.operation)
    target = job.target
    fewest = {"stream": target.big_size, "whole": target.big_size, "upload": target.upload_size}
    if job.operation in fewest:
        return runner, fewest[job.operation]
    runner(WARM_UP)
    return runner, 1


def _open_async(job: Job, peer: Any) -> tuple[Runner, int]:
    """Open an asynchronous peer in a loop of its own; likewise."""
    import asyncio

    from .async_runners import ASYNC_RUNNERS

    loop = asyncio.Runner(loop_factory=importlib.import_module(job.loop).new_event_loop)
    run = loop.run(ASYNC_RUNNERS[job.runner](peer, job.target, job.level))
    return lambda repeats: loop.run(run(repeats)), 1


def _version(job: Job) -> str:
    if job.distribution:
        return importlib.metadata.version(job.distribution)
    if job.loop == "uvloop":
        return f"uvloop {importlib.metadata.version('uvloop')}"
    return platform.python_version()


def main(job: Job) -> None:
    """Say ready, then run as often as told until stdin ends."""
    try:
        descriptors.lift()
        module = _import(job)
        sys.stdin.readline()
        runner, fewest = (_open_async if job.loop else _open)(job, module.Peer)
        _say(version=_version(job))
        before = peak_kib()
        for line in sys.stdin:
            repeats = int(line)
            seconds, total = runner(repeats)
            if total < repeats * fewest:
                _say(failed=f"{total} bytes instead of {repeats} times {fewest}")
                return
            _say(seconds=seconds / repeats, growth=peak_kib() - before)
    except AbsentError as error:
        _say(absent=str(error))
    except Exception as error:
        _say(failed=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(Job.load(sys.argv[1]))
