"""Python in a process of its own, where what stands for requests may be set up at will."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from functools import cache
from pathlib import Path

import urllib3

from tests.house.imports import SOURCE

_PATIENCE = 50.0


def run(
    *arguments: str, without_requests: bool = False, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``python *arguments``, every warning an error, and return how it ended.

    :param without_requests: where requests is not installed.
    :param folder: where it runs.
    """
    environment = dict(os.environ)
    options = ["-W", "error"]
    if without_requests:
        options.append("-S")  # only what PYTHONPATH names
        environment["PYTHONPATH"] = os.pathsep.join([str(SOURCE), all_but_requests()])
    return subprocess.run(
        [sys.executable, *options, *arguments],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
        cwd=folder,
        env=environment,
    )


def output_of(source: str, *arguments: str, without_requests: bool = False) -> str:
    """What a program prints that ends well.

    :param source: the program; its indentation is taken away.
    """
    done = run("-c", textwrap.dedent(source), *arguments, without_requests=without_requests)
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def all_but_requests() -> str:
    """A folder with links to everything that is installed, without requests."""
    folder = tempfile.mkdtemp(prefix="ulak-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for installed in Path(urllib3.__file__).parent.parent.iterdir():
        if not installed.name.startswith("requests"):
            Path(folder, installed.name).symlink_to(installed)
    return folder
