"""The driver of workers: many short rounds in which the peers take turns.

Whatever disturbs the machine for a while then disturbs all of them; and the
ratio to a baseline is taken within each round, so that it cancels.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
from contextlib import ExitStack
from typing import IO, Any, NamedTuple

from .peers import PeerInfo
from .scenarios import Scenario
from .servers import ROOT
from .target import Target

#: Seconds after which a worker that does not answer is ended.
PATIENCE = 180.0

_INFLUENCES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC")


class Measured(NamedTuple):
    """What came of one peer in one scenario."""

    peer: str
    version: str = ""
    #: One figure a round, in seconds; None for a round that was not run.
    seconds: tuple[float, ...] = ()
    #: How much more memory than before the first round, in KiB.
    growth: int = 0
    #: Why there are no figures.
    absent: str = ""


class WorkerError(Exception):
    """The worker cannot take part, or not any more; the message says why."""


class Worker:
    """A worker process and the lines that are exchanged with it."""

    def __init__(self, python: str, peer: PeerInfo, scenario: Scenario, target: Target) -> None:
        job = {
            "module": peer.module,
            "distribution": peer.distribution,
            "operation": scenario.operation,
            "runner": scenario.runner,
            "target": target._asdict(),
        }
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", json.dumps(job)],
            cwd=ROOT,
            env=plain_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> str:
        """Wait until it is; the version of its client."""
        return str(self._answer()["version"])

    def run(self, repeats: int) -> tuple[float, int]:
        """One round: seconds for each operation, and KiB of growth since ready."""
        commands: IO[str] | None = self._process.stdin
        if commands is not None:
            commands.write(f"{repeats}\n")
            commands.flush()
        answer = self._answer()
        return answer["seconds"], answer["growth"]

    def _answer(self) -> dict[str, Any]:
        timer = threading.Timer(PATIENCE, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline() if self._process.stdout else ""
        finally:
            timer.cancel()
        answer = json.loads(line) if line else {"failed": "the worker ended or took too long"}
        if reason := answer.get("absent") or answer.get("failed"):
            raise WorkerError(reason)
        return dict(answer)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def measure(
    scenario: Scenario, peers: list[PeerInfo], pythons: dict[str, str], target: Target
) -> list[Measured]:
    """Run a scenario; one result for each peer, the absent ones too."""
    results: dict[str, Measured] = {}
    with ExitStack() as stack:
        workers: dict[str, tuple[Worker, str]] = {}
        for peer in peers:
            try:
                worker = Worker(pythons[peer.environment], peer, scenario, target)
                stack.callback(worker.close)
                workers[peer.name] = worker, worker.ready()
            except FileNotFoundError:
                results[peer.name] = Measured(peer.name, absent="its environment is not installed")
            except WorkerError as error:
                results[peer.name] = Measured(peer.name, absent=str(error))
        results |= _take_turns(scenario, workers)
    return [results[peer.name] for peer in peers]


def _take_turns(scenario: Scenario, workers: dict[str, tuple[Worker, str]]) -> dict[str, Measured]:
    """All rounds, in another order each time (the same orders in every run)."""
    order = random.Random(scenario.key)
    results = {name: Measured(name, version) for name, (_, version) in workers.items()}
    for _ in range(scenario.rounds):
        turns = list(results)
        order.shuffle(turns)
        for name in turns:
            result = results[name]
            if result.absent:
                continue
            try:
                seconds, growth = workers[name][0].run(scenario.repeats)
            except (WorkerError, OSError) as error:
                results[name] = Measured(name, result.version, absent=str(error))
            else:
                results[name] = result._replace(seconds=(*result.seconds, seconds), growth=growth)
    return results


def plain_environment() -> dict[str, str]:
    """This environment without what would change how a client behaves.

    Without Python's own switches too: one that forbids writing byte code, say,
    would have what is installed editable compiled again in every process.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name not in _INFLUENCES
        and not name.lower().endswith("_proxy")
        and not name.startswith("PYTHON")
    }
