"""A package's own tests from its source distribution, with requests and with ulak.

Makes an environment for them with pip; both runs are in the same one, where ulak is
put in the place of requests by ``-p ulak.dropin.pytest``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from .results import Comparison, outcomes
from .table import Package

__all__ = ["ROOT", "WORK", "CannotRun", "compare"]

ROOT = Path(__file__).parents[3]
#: Environments, downloads and results; `make clean` removes it.
WORK = ROOT / ".venv-suites"

_LIMIT = 1200.0
_STAND_IN = ("-p", "ulak.dropin.pytest")


class CannotRun(Exception):
    """The tests cannot be had or run; the message says why."""


def compare(package: Package, tell: object = print) -> Comparison:
    """Run the tests twice.

    :param tell: called with a line for each step.
    :raises CannotRun:
    """
    say = tell if callable(tell) else print
    say("  source distribution")
    archive = _download(package.name)
    version = archive.name.removesuffix(".tar.gz").rpartition("-")[2]
    say(f"  {version}: environment")
    python = _environment(package, version)
    runs = []
    for name, plugin in (("requests", ()), ("ulak", _STAND_IN)):
        say(f"  {version}: tests with {name}")
        runs.append(_run(package, archive, python, plugin))
    return Comparison(package.name, version, f"{sys.version_info[0]}.{sys.version_info[1]}", *runs)


def _pip(python: Path | str, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT)
    if done.returncode:
        raise CannotRun(_tail(done.stderr))


def _download(name: str) -> Path:
    """The latest source distribution."""
    folder = WORK / "downloads" / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    _pip(sys.executable, "download", "--no-deps", "--no-binary", name, "--dest", str(folder), name)
    found = list(folder.glob("*.tar.gz"))
    if not found:
        raise CannotRun("there is no source distribution")
    return found[0]


def _environment(package: Package, version: str) -> Path:
    """A Python with the package, what its tests need, requests, and ulak."""
    home = WORK / package.environment
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, timeout=_LIMIT)
        _pip(python, "install", "--upgrade", "pip")
        _pip(python, "install", "--editable", f"{ROOT}[all]")
    tools = ["pytest", "pytest-timeout", "setuptools<81", "requests"]
    _pip(python, "install", *tools, f"{package.name}=={version}", *package.needs)
    return python


def _run(package: Package, archive: Path, python: Path, plugin: tuple[str, ...]) -> dict[str, str]:
    """The outcomes of one run, in a fresh copy of the sources."""
    # The same place for both runs: some tests have it in their ids.
    # And apart from this repository, whose configuration of pytest is not for them.
    sources = Path(tempfile.gettempdir()) / "ulak-suites" / package.name
    shutil.rmtree(sources, ignore_errors=True)
    with tarfile.open(archive) as packed:
        packed.extractall(sources, filter="data")
    (top,) = sources.iterdir()
    with tempfile.TemporaryDirectory() as folder:
        junit = Path(folder) / "junit.xml"
        command = [str(python), "-m", "pytest", *plugin, "-p", "no:cacheprovider", "-q"]
        command += ["-o", "addopts=", "-W", "default", "--timeout", "60"]
        command += ["--junitxml", str(junit), *package.arguments, package.tests or "."]
        done = subprocess.run(
            command,
            cwd=top,
            env=_variables(Path(folder)),
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT,
        )
        kept = WORK / "logs" / f"{package.name}-{'ulak' if plugin else 'requests'}.log"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(done.stdout + done.stderr, encoding="utf-8")
        found = outcomes(junit) if junit.exists() else {}
        if not found:
            raise CannotRun(_tail(done.stdout + done.stderr))
        return found


def _variables(home: Path) -> dict[str, str]:
    """The environment without what leads elsewhere: proxies, CA bundles, a netrc."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith(("_proxy", "_bundle")) and not name.startswith("PYTEST")
    }
    return {**ours, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-15:])
