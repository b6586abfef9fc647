"""Every Python block of the documentation parses; those of the quickstart and README run.

CONTRIBUTING.md ("Documentation that runs") says how to write such a block.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house.imports import ROOT
from tests.support import HttpServer

#: The pages whose blocks are run, in order, in one namespace for each page.
RUN = ("README.md", "docs/quickstart.md")
#: The host that the documentation shows; while a page runs it is a server on loopback.
SHOWN = "https://api.example.com"

_BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block, with the blank lines before it that keep the numbers of its lines right."""

    page: str
    line: int
    source: str


def blocks(page: str) -> Iterator[Block]:
    text = ROOT.joinpath(page).read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("code"))
        yield Block(page, line + 1, "\n" * line + found["code"])


def pages() -> list[str]:
    folders = (ROOT.glob("*.md"), ROOT.joinpath("docs").rglob("*.md"))
    return sorted(str(path.relative_to(ROOT)) for folder in folders for path in folder)


@pytest.mark.parametrize("page", pages())
def test_python_blocks_parse(page: str) -> None:
    for block in blocks(page):
        ast.parse(block.source, block.page)


@pytest.mark.parametrize("page", RUN)
def test_python_blocks_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_leaks: None
) -> None:
    monkeypatch.chdir(tmp_path)
    found = list(blocks(page))
    assert found, f"{page} shows no Python"
    with HttpServer() as server:
        namespace: dict[str, object] = {"__name__": "__main__"}
        for block in found:
            source = block.source.replace(SHOWN, server.url)
            exec(compile(source, str(ROOT / block.page), "exec"), namespace)
