"""Times whole interpreters: what an import costs, and a script that makes one request."""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
from collections.abc import Callable
from time import perf_counter

from .memory import PEAK_KIB_SOURCE
from .peers import VERIFIES, PeerInfo
from .rounds import PATIENCE, Measured, plain_environment
from .scenarios import ProcessScenario
from .target import Target

#: What an interpreter costs that does nothing.
EMPTY = PeerInfo("an empty script", "", None, "bench", "pass", "pass")

_IMPORT = (
    PEAK_KIB_SOURCE
    + """
from time import perf_counter
before, start = peak_kib(), perf_counter()
{statement}
seconds = perf_counter() - start
print([seconds, peak_kib() - before])
"""
)
_VERSION = "import importlib.metadata as m; print(m.version({distribution!r}))"
_PYTHON_VERSION = "import platform; print(platform.python_version())"


class ScriptError(Exception):
    """A script failed; the message is the last line that it wrote."""


def measure(
    scenario: ProcessScenario, peers: list[PeerInfo], pythons: dict[str, str], target: Target
) -> list[Measured]:
    """Run a scenario; one result for each peer, the absent ones too."""
    once = {"import": _import_once, "cold": _cold_once, "trust": _trusting_once}[scenario.key]
    if scenario.key == "cold":
        peers = [EMPTY, *peers]
    results = {peer.name: _first(peer, pythons, target, once) for peer in peers}
    order = random.Random(scenario.key)
    for _ in range(scenario.rounds):
        turns = [peer for peer in peers if not results[peer.name].absent]
        order.shuffle(turns)
        for peer in turns:
            result = results[peer.name]
            seconds, growth = once(pythons[peer.environment], peer, target)
            results[peer.name] = result._replace(
                seconds=(*result.seconds, seconds), growth=max(result.growth, growth)
            )
    return [results[peer.name] for peer in peers]


def _first(
    peer: PeerInfo,
    pythons: dict[str, str],
    target: Target,
    once: Callable[[str, PeerInfo, Target], tuple[float, int]],
) -> Measured:
    """A run that is not counted: it writes the byte code, and shows whether it works at all."""
    python = pythons[peer.environment]
    name = peer.distribution
    try:
        once(python, peer, target)
        version = _run(python, _VERSION.format(distribution=name) if name else _PYTHON_VERSION)
    except FileNotFoundError:
        return Measured(peer.name, absent="its environment is not installed")
    except ScriptError as error:
        return Measured(peer.name, absent=str(error))
    return Measured(peer.name, version.strip())


def _import_once(python: str, peer: PeerInfo, _target: Target) -> tuple[float, int]:
    seconds, growth = json.loads(_run(python, _IMPORT.format(statement=peer.statement)))
    return float(seconds), int(growth)


def _cold_once(python: str, peer: PeerInfo, target: Target) -> tuple[float, int]:
    if peer.cold is None:
        raise ScriptError("not measured")
    script = peer.cold.format(url=target.tls, ca=target.ca)
    start = perf_counter()
    _run(python, script)
    return perf_counter() - start, 0


def _trusting_once(python: str, peer: PeerInfo, target: Target) -> tuple[float, int]:
    """A script that says nothing of certificates, and so loads certifi's, all of them.

    The server's own is among them: PYTHONPATH leads to a copy of certifi that has it.
    """
    if peer.cold is None or VERIFIES not in peer.cold:
        raise ScriptError("takes its certificates from elsewhere")
    script = peer.cold.replace(VERIFIES, "").format(url=target.tls, ca=target.ca)
    start = perf_counter()
    _run(python, script, PYTHONPATH=target.trusting)
    return perf_counter() - start, 0


def _run(python: str, script: str, **variables: str) -> str:
    """What a script prints."""
    done = subprocess.run(
        [python, "-c", script],
        cwd=tempfile.gettempdir(),
        env={**plain_environment(), **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ScriptError(lines[-1])
    return done.stdout
