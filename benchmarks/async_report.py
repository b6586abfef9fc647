"""Turns measurements of asynchronous clients into tables in Markdown."""

from __future__ import annotations

import math
from itertools import product
from statistics import median

from .asynchronous import Row
from .report import line, ratio, spread
from .rounds import Measured
from .scenarios import AsyncScenario

HEADING = (
    "## Asynchronous\n\n"
    "Each client on asyncio's own event loop and on uvloop's. A figure is a median, with the "
    "quartiles in parentheses; ratios are to the raw protocol and to aiohttp on the same loop.\n"
)

_NOTHING = "–"


def table(scenario: AsyncScenario, rows: list[Row]) -> str:
    """The table of one scenario, the fastest first, what is absent below it."""
    heads = ["client", "version", *_heads(scenario)]
    lines = [
        f"### {scenario.title}",
        "",
        line(heads),
        line(["---", "---", *["--:"] * (len(heads) - 2)]),
    ]
    ranked = sorted(rows, key=lambda row: _rank(scenario, row))
    for row in ranked:
        versions = [result.version for result in row.levels.values() if not result.absent]
        if versions:
            lines.append(line([row.name, versions[0], *_cells(scenario, row, rows)]))
    lines += ["", _foot(scenario)]
    lines += [f"- {row.name}{absence}" for row in ranked for absence in _absences(scenario, row)]
    return "\n".join(lines) + "\n"


def _rank(scenario: AsyncScenario, row: Row) -> list[float]:
    """The times at the level that counts most, then at the others: what is absent comes last."""
    results = [row.levels[level] for level in (*scenario.compared, *scenario.levels)]
    return [math.inf if result.absent else median(result.times()) for result in results]


def _heads(scenario: AsyncScenario) -> list[str]:
    """The heads of the columns that :func:`_cells` fills."""
    unit = "ms" if scenario.big else "µs"
    heads = [f"{unit}{_at(scenario, level)}" for level in scenario.levels]
    if scenario.big:
        heads.append("memory growth, MiB")
    comparisons = product(sorted(scenario.compared), scenario.baselines)
    heads += [f"× {name}{_at(scenario, level)}" for level, name in comparisons]
    if scenario.flatness and len(scenario.levels) > 1:
        heads.append(f"{scenario.levels[-1]:,} ÷ {scenario.levels[0]:,}")
    return heads


def _cells(scenario: AsyncScenario, row: Row, rows: list[Row]) -> list[str]:
    cells = [_time(scenario, row.levels[level]) for level in scenario.levels]
    if scenario.big:
        growth = max(result.growth for result in row.levels.values())
        cells.append(f"{growth / 1024:.1f}")
    on_loop = {other.client: other for other in rows if other.loop == row.loop}
    for level, name in product(sorted(scenario.compared), scenario.baselines):
        baseline = on_loop.get(name)
        cells.append(_ratio(row.levels[level], baseline.levels[level]) if baseline else _NOTHING)
    if scenario.flatness and len(scenario.levels) > 1:
        cells.append(_ratio(row.levels[scenario.levels[-1]], row.levels[scenario.levels[0]]))
    return cells


def _time(scenario: AsyncScenario, result: Measured) -> str:
    if result.absent:
        return _NOTHING
    middle, quartiles = spread(result, 1e3, 1) if scenario.big else spread(result, 1e6, 0)
    return f"{middle} ({quartiles})"


def _ratio(result: Measured, baseline: Measured) -> str:
    return _NOTHING if result.absent or baseline.absent else f"{ratio(result, baseline):.2f}"


def _at(scenario: AsyncScenario, *levels: int) -> str:
    """The end of a phrase that names levels, if they count something."""
    if not scenario.unit:
        return ""
    unit = scenario.unit.removesuffix("s") if levels == (1,) else scenario.unit
    return f", {' and '.join(f'{level:,}' for level in levels)} {unit}"


def _foot(scenario: AsyncScenario) -> str:
    if scenario.big:
        return f"{scenario.rounds} rounds of 1."
    return (
        f"{scenario.rounds} rounds of about {scenario.seconds * 1000:.0f} ms each; "
        "fewer rounds for the slowest."
    )


def _absences(scenario: AsyncScenario, row: Row) -> list[str]:
    """What is missing of a row, and why: what has the same reason together."""
    reasons: dict[str, list[int]] = {}
    for level, result in row.levels.items():
        if result.absent:
            reasons.setdefault(result.absent, []).append(level)
    return [
        f"{'' if len(levels) == len(row.levels) else _at(scenario, *levels)}: {reason}"
        for reason, levels in reasons.items()
    ]
