"""Turns measurements into tables in Markdown."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path
from statistics import median, quantiles

from .rounds import Measured
from .scenarios import ProcessScenario, Scenario
from .target import MIB


def heading(server: str, command: str, size: int) -> str:
    """Where and how the figures were taken."""
    today = datetime.datetime.now(datetime.UTC).date()
    return (
        "# Results\n\n"
        f"- machine: {_processor()}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.release()} ({platform.machine()})\n"
        f"- Python: {platform.python_implementation()} {platform.python_version()}\n"
        f"- server: {server}, on loopback\n"
        f"- big bodies: {size // MIB} MiB\n"
        f"- date: {today}\n"
        f"- command: `{command}`\n\n"
        "How to read this: [README.md](README.md).\n"
    )


def table(scenario: Scenario | ProcessScenario, results: list[Measured]) -> str:
    """The table of one scenario, the fastest first, the absent ones below it."""
    present = sorted((r for r in results if not r.absent), key=lambda r: median(r.times()))
    baselines = [
        next(r for r in present if r.peer == name)
        for name in scenario.baselines
        if any(r.peer == name for r in present)
    ]
    head = ["client", "version", *_units(scenario), *(f"× {b.peer}" for b in baselines)]
    lines = [
        f"## {scenario.title}",
        "",
        line(head),
        line(["---", "---", *["--:"] * (len(head) - 2)]),
    ]
    for result in present:
        ratios = [f"{ratio(result, baseline):.2f}" for baseline in baselines]
        lines.append(line([result.peer, result.version, *_figures(scenario, result), *ratios]))
    lines += ["", f"{scenario.rounds} rounds{_of(scenario)}."]
    lines += [f"- {r.peer}: {r.absent}" for r in results if r.absent]
    return "\n".join(lines) + "\n"


def _of(scenario: Scenario | ProcessScenario) -> str:
    return f" of {scenario.repeats}" if isinstance(scenario, Scenario) else ""


def _units(scenario: Scenario | ProcessScenario) -> list[str]:
    """The heads of the columns that :func:`_figures` fills."""
    if isinstance(scenario, ProcessScenario):
        memory = ["memory, MiB"] if scenario.key == "import" else []
        return ["ms", "quartiles", *memory]
    if scenario.big:
        return ["ms", "quartiles", "memory growth, MiB"]
    return ["µs", "quartiles"]


def _figures(scenario: Scenario | ProcessScenario, result: Measured) -> list[str]:
    small = isinstance(scenario, Scenario) and not scenario.big
    factor, digits = (1e6, 0) if small else (1e3, 1)
    figures = list(spread(result, factor, digits))
    if not small and scenario.key not in ("cold", "trust"):
        figures.append(f"{result.growth / 1024:.1f}")
    return figures


def spread(result: Measured, factor: float, digits: int) -> tuple[str, str]:
    """The median and the quartiles of the rounds."""
    times = [seconds * factor for seconds in result.times()]
    low, _, high = quantiles(times, n=4) if len(times) > 1 else (times[0],) * 3
    return f"{median(times):.{digits}f}", f"{low:.{digits}f}–{high:.{digits}f}"


def ratio(result: Measured, baseline: Measured) -> float:
    """The median of the ratios of each round that both were in."""
    both = zip(result.seconds, baseline.seconds, strict=True)
    return median(a / b for a, b in both if a is not None and b is not None)


def line(cells: list[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()
