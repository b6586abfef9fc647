"""One peer, one scenario, one process.

``python -m benchmarks.worker JOB`` (a JSON object) answers one line of JSON on
stdout when it is ready, then one for each number of repeats that it reads from
stdin.  A line with ``absent`` or ``failed`` is its last.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import platform
import sys
from typing import Any

from .memory import peak_kib
from .runners import RUNNERS, Runner
from .target import Target

WARM_UP = 20


def _say(**message: object) -> None:
    print(json.dumps(message), flush=True)


def _prepare(job: dict[str, Any]) -> tuple[Runner, int] | None:
    """Open the peer and warm it up; the runner and the fewest bytes of one operation.

    None, and the reason said, if this peer cannot take part.
    """
    try:
        module = importlib.import_module(f".peers.{job['module']}", __package__)
    except ModuleNotFoundError as error:
        _say(absent=f"not installed ({error.name} is missing)")
        return None
    if job["operation"] not in dir(module.Peer):
        _say(absent="not offered by this client")
        return None
    target = Target(**job["target"])
    peer = module.Peer(target)
    warm = RUNNERS["serial"](peer, "small")
    warm(1)
    runner = RUNNERS[job["runner"]](peer, job["operation"])
    fewest = {"stream": target.big_size, "whole": target.big_size, "upload": target.upload_size}
    if job["operation"] in fewest:
        return runner, fewest[job["operation"]]
    runner(WARM_UP)
    return runner, 1


def main(job: dict[str, Any]) -> None:
    """Say ready, then run as often as told until stdin ends."""
    try:
        prepared = _prepare(job)
        if prepared is None:
            return
        runner, fewest = prepared
        name = job["distribution"]
        version = importlib.metadata.version(name) if name else platform.python_version()
        _say(version=version)
        before = peak_kib()
        for line in sys.stdin:
            repeats = int(line)
            seconds, total = runner(repeats)
            if total < repeats * fewest:
                _say(failed=f"{total} bytes instead of {repeats} times {fewest}")
                return
            _say(seconds=seconds / repeats, growth=peak_kib() - before)
    except Exception as error:
        _say(failed=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
