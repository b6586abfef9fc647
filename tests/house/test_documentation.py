"""Every Python block of the documentation parses; those for users also run.

CONTRIBUTING.md ("Documentation that runs") says how to write such a block.
"""

from __future__ import annotations

import ast
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import uvloop

from tests.house.imports import ROOT
from tests.support import HttpServer
from ulak import _urls

#: The host that the documentation shows; while a page runs it is a server on loopback.
SHOWN = "https://api.example.com"

_BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)
#: A block that runs an event loop is a complete program.
_PROGRAM = re.compile(r"^(asyncio|uvloop)\.run\(", re.MULTILINE)
#: A block that replaces what other code imports needs a process of its own.
_PROCESS = re.compile(r"\bdropin\.install\(")
#: Whose level a page sets.
_LOGGER = logging.getLogger("urllib3.connectionpool")


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


def pages_that_run() -> list[str]:
    """README.md and those of the folder ``docs`` that show Python."""
    return [page for page in pages() if page.startswith(("README", "docs/")) and any(blocks(page))]


@pytest.fixture(scope="module")
def warm_uvloop() -> None:
    """libuv opens two descriptors with its first loop, and keeps them."""
    uvloop.new_event_loop().close()


@pytest.fixture
def log_level() -> Iterator[None]:
    """What a page sets is set back."""
    level = _LOGGER.level
    yield
    _LOGGER.setLevel(level)


@pytest.mark.parametrize("page", pages_that_run())
def test_python_blocks_run(
    page: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    warm_uvloop: None,
    no_leaks: None,
    log_level: None,
) -> None:
    monkeypatch.chdir(tmp_path)
    with HttpServer() as server:
        shared: dict[str, object] = {"__name__": "__main__"}
        for block in blocks(page):
            namespace = {"__name__": "__main__"} if _PROGRAM.search(block.source) else shared
            source = block.source.replace(SHOWN, server.url)
            if _PROCESS.search(source):
                subprocess.run([sys.executable, "-W", "error", "-c", source], check=True)
                continue
            exec(compile(source, str(ROOT / block.page), "exec"), namespace)


def test_the_pages_that_run_are_found() -> None:
    found = pages_that_run()
    assert {"README.md", "docs/quickstart.md", "docs/guide/async.md"} <= set(found)
    assert all(_PROGRAM.search(block.source) for block in blocks("docs/guide/async.md"))


def test_the_query_fields_that_messages_hide_are_those_that_are_listed() -> None:
    text = ROOT.joinpath("docs/errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`token`.*?|`pwd`.*?) \|", text, re.MULTILINE)
    endings, whole = (re.findall(r"`(\w+)`", row) for row in rows)

    def is_hidden(field: str) -> bool:
        return "value" not in _urls.redact(f"https://h/?a=1&{field}=value#b")

    spelled = {name.replace("_", between) for name in endings for between in ("_", "-", "")}
    assert all(is_hidden(f"{before}{name}") for name in spelled for before in ("", "X-Amz-", "my_"))
    assert all(is_hidden(name) and is_hidden(name.upper()) for name in whole)
    assert not any(is_hidden(f"my_{name}") for name in whole if name not in endings)
