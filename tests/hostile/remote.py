"""Clients in other processes and environments, as the cases use those in this one."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from .clients import CLIENTS
from .plan import Plan, Played, Unsupported
from .worker import receive, send

__all__ = ["ROOT", "AdapterFailed", "Crashed", "Remote", "interpreter", "version"]

ROOT = Path(__file__).parents[2]
#: Seconds beyond those of a plan after which a client is taken to hang for ever.
_PATIENCE = 15.0


class Crashed(Exception):
    """The client's process ended, or had to be ended."""


class AdapterFailed(Exception):
    """What plays the client made a mistake of its own."""


def interpreter(name: str) -> Path:
    """The Python of the environment that a client is installed in."""
    environment = CLIENTS[name].environment
    if environment == ".venv":
        return Path(sys.executable)
    return ROOT / environment / "bin" / "python"


def version(name: str) -> str | None:
    """The client's version; ``None`` when it is not installed."""
    code = f"from importlib.metadata import version as v; print(v({CLIENTS[name].distribution!r}))"
    python = interpreter(name)
    if not python.exists():
        return None
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


class Remote:
    """A client in a process of its own, from ``with`` to its end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asynchronous = False
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._start()
        return self

    def _start(self) -> subprocess.Popen[bytes]:
        command = [str(interpreter(self.name)), "-m", "tests.hostile.worker", self.name]
        self._process = process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if process.stdout is None:
            raise Crashed("no pipe")
        self.asynchronous = bool(receive(process.stdout))
        return process

    def play(self, plan: Plan) -> Played:
        """Carry out ``plan`` there.

        :raises Unsupported: the client cannot.
        :raises Crashed: the process ended, or went on far beyond the plan's time.
        """
        process = self._process or self._start()
        if process.stdin is None or process.stdout is None:
            raise Crashed("no pipe")
        seconds = sum(ask.most for ask in plan.asks)
        end = threading.Timer(seconds + _PATIENCE, process.kill)
        end.start()
        try:
            send(process.stdin, plan)
            answer = receive(process.stdout)
        except (EOFError, OSError) as exc:
            self._stop()
            raise Crashed("the client's process did not come to an end, and was ended") from exc
        finally:
            end.cancel()
            end.join()
        if isinstance(answer, Played):
            return answer
        if isinstance(answer, str) and "Traceback" in answer:
            raise AdapterFailed(answer)
        raise Unsupported(answer)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with process:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(5.0)
            except subprocess.TimeoutExpired:
                process.kill()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()
