"""Running an example as a reader would: in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support import wait_port

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

RunExample = Callable[..., str]


class Running:
    """An example that is a server, and after its end what it printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.printed = ""


StartExample = Callable[..., AbstractContextManager[Running]]


def python(*arguments: str | Path) -> list[str]:
    """A command that runs this Python, with warnings as errors."""
    return [sys.executable, "-W", "error", *map(str, arguments)]


def environment() -> dict[str, str]:
    """This process's environment, with text in UTF-8 and no delay in printing."""
    return os.environ | {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def run_example(tmp_path: Path) -> RunExample:
    """Runs an example by its name, in an empty folder, and returns what it prints.

    It must end well and print nothing to the error output.
    """

    def run(name: str, *arguments: str | Path) -> str:
        done = subprocess.run(
            python(EXAMPLES / name, *arguments),
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            encoding="utf-8",
            timeout=45,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        return done.stdout

    return run


@pytest.fixture
def start_example(tmp_path: Path) -> StartExample:
    """Runs an example that is a server on ``port`` while a ``with`` block lasts.

    Then it is asked to end (Ctrl-C); it must do so well, with nothing on the error output.
    """

    @contextmanager
    def start(name: str, *arguments: str | Path, port: int) -> Iterator[Running]:
        with subprocess.Popen(
            python(EXAMPLES / name, *arguments),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as process:
            running = Running(process)
            try:
                wait_port(port, timeout=30, alive=lambda: process.poll() is None)
                yield running
                process.send_signal(signal.SIGINT)
                running.printed, complaints = process.communicate(timeout=30)
                assert (process.returncode, complaints) == (0, "")
            finally:
                process.kill()

    return start


@pytest.fixture
def demo_server() -> Iterator[str]:
    """The URL of examples/demo_server.py in a process of its own."""
    command = python(EXAMPLES / "demo_server.py", "0")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, encoding="utf-8", env=environment()
    ) as process:
        try:
            yield str(process.stdout and process.stdout.readline()).split("/ ")[0]
        finally:
            process.terminate()
