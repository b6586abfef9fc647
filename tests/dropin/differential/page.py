"""Makes docs/differences.md of the entries."""

from __future__ import annotations

from pathlib import Path

from .differences import INTRODUCTION, SECTIONS, Entry, Section, Table

PAGE = Path(__file__).parents[3] / "docs" / "differences.md"
COMMAND = "python -m tests.dropin.differential --write"


def text() -> str:
    """The page, whole."""
    head = (
        f"<!-- Made by `{COMMAND}` of the entries in "
        "tests/dropin/differential/differences.py: change those. -->\n\n"
        "# Differences from requests\n\n"
    )
    return head + INTRODUCTION.strip() + "\n\n" + "\n".join(map(_section, SECTIONS))


def _section(section: Section) -> str:
    parts = [f"## {section.title}"]
    parts += [_table(each) if isinstance(each, Table) else _entry(each) for each in section.parts]
    return "\n\n".join(parts) + "\n"


def _entry(entry: Entry) -> str:
    said = [f"**{entry.title}**" if entry.title else "", entry.requests, entry.ulak]
    said += [f"*Why:* {entry.why}" if entry.why else ""]
    prose = " ".join(each for each in said if each)
    return f"{prose}\n\n```python\n{entry.example.strip()}\n```" if entry.example else prose


def _table(table: Table) -> str:
    lines = [table.introduction, "", "| the server sends | requests | ulak |", "|---|---|---|"]
    lines += [f"| {each.title} | {each.requests} | {each.ulak} |" for each in table.rows]
    return "\n".join(lines)
