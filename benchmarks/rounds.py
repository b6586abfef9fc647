"""The driver of workers: many short rounds in which the entries take turns.

Whatever disturbs the machine for a while then disturbs all of them; and the
ratio to a baseline is taken within each round, so that it cancels.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
from contextlib import ExitStack, suppress
from typing import IO, Any, NamedTuple

from .jobs import Job
from .servers import ROOT

#: Seconds after which a worker that does not answer is ended.
PATIENCE = 180.0

#: In how many rounds even the slowest takes part, where there are so many.
FEWEST_ROUNDS = 3

_INFLUENCES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC")


class Pace(NamedTuple):
    """How many operations a round has."""

    least: int
    #: How long a round should last, in seconds: a fast client does as many as fit.
    seconds: float = 0.0


class Entry(NamedTuple):
    """Who takes part: a client, and what its worker does."""

    name: str
    python: str
    job: Job
    pace: Pace


class Measured(NamedTuple):
    """What came of one entry."""

    peer: str
    version: str = ""
    #: One figure a round, in seconds; None for a round that was left to the others.
    seconds: tuple[float | None, ...] = ()
    #: How much more memory than before the first round, in KiB.
    growth: int = 0
    #: Why there are no figures.
    absent: str = ""

    def times(self) -> list[float]:
        """The figures of the rounds that were run."""
        return [seconds for seconds in self.seconds if seconds is not None]


class WorkerError(Exception):
    """The worker cannot take part, or not any more; the message says why."""


class Worker:
    """A worker process and the lines that are exchanged with it."""

    def __init__(self, entry: Entry) -> None:
        self._pace = entry.pace
        self._process = subprocess.Popen(
            [entry.python, "-m", "benchmarks.worker", entry.job.dump()],
            cwd=ROOT,
            env=plain_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        #: How many operations it does in a round, and in every which round.
        self.repeats, self.every = entry.pace.least, 1

    def ready(self) -> str:
        """Have it open its client; the version of that."""
        return str(self._ask("open")["version"])

    def find_pace(self, rounds: int) -> None:
        """Do a round that is not counted; where it takes far too long, skip some rounds."""
        least, seconds = self._pace
        if not seconds:
            return
        each, _ = self.run(least)
        self.repeats = max(least, int(seconds / each))
        excess = int(self.repeats * each / (4 * seconds))
        self.every = max(1, min(excess, rounds // FEWEST_ROUNDS))

    def run(self, repeats: int) -> tuple[float, int]:
        """One round: seconds for each operation, and KiB of growth since ready."""
        answer = self._ask(str(repeats))
        return answer["seconds"], answer["growth"]

    def _ask(self, line: str) -> dict[str, Any]:
        commands: IO[str] | None = self._process.stdin
        if commands is not None:
            # A worker that has ended has said why.
            with suppress(BrokenPipeError):
                commands.write(f"{line}\n")
                commands.flush()
        timer = threading.Timer(PATIENCE, self._process.kill)
        timer.start()
        try:
            reply = self._process.stdout.readline() if self._process.stdout else ""
        finally:
            timer.cancel()
        answer = json.loads(reply) if reply else {"failed": "the worker ended or took too long"}
        if reason := answer.get("absent") or answer.get("failed"):
            raise WorkerError(reason)
        return dict(answer)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        with suppress(BrokenPipeError):
            self._process.communicate()


def measure(entries: list[Entry], rounds: int, seed: str) -> list[Measured]:
    """Run all entries; one result for each, the absent ones too.

    :param seed: names the orders in which they take turns: the same ones in every run.
    """
    results = [Measured(entry.name, absent="not started") for entry in entries]
    with ExitStack() as stack:
        workers: dict[int, Worker] = {}
        for index, entry in enumerate(entries):
            try:
                workers[index] = Worker(entry)
            except FileNotFoundError:
                absent = "its environment is not installed"
                results[index] = Measured(entry.name, absent=absent)
            else:
                stack.callback(workers[index].close)
        for index, worker in workers.items():
            try:
                results[index] = Measured(entries[index].name, worker.ready())
            except WorkerError as error:
                results[index] = Measured(entries[index].name, absent=str(error))
        for index, worker in workers.items():
            if not results[index].absent:
                try:
                    worker.find_pace(rounds)
                except WorkerError as error:
                    results[index] = results[index]._replace(absent=str(error))
        _take_turns(results, workers, rounds, random.Random(seed))
    return results


def _take_turns(
    results: list[Measured], workers: dict[int, Worker], rounds: int, order: random.Random
) -> None:
    """All rounds, in another order each time."""
    for number in range(rounds):
        turns = list(workers)
        order.shuffle(turns)
        for index in turns:
            result, worker = results[index], workers[index]
            if result.absent:
                continue
            if number % worker.every:
                results[index] = result._replace(seconds=(*result.seconds, None))
                continue
            try:
                seconds, growth = worker.run(worker.repeats)
            except WorkerError as error:
                results[index] = Measured(result.peer, result.version, absent=str(error))
            else:
                results[index] = result._replace(seconds=(*result.seconds, seconds), growth=growth)


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
