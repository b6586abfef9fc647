"""Running an example as a reader would: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

RunExample = Callable[..., str]


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
