"""Reads what each module of ulak imports, from its source: nothing is run.

An import under ``TYPE_CHECKING`` or inside a function counts like any other.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple, TypeGuard

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src"


class Import(NamedTuple):
    """One name that one line imports."""

    #: Dotted names, such as ``ulak.sessions``; a package goes by its own name.
    importer: str
    imported: str
    line: int
    #: Runs when the module is imported (not in a function, not for types only).
    at_import: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def modules(source: Path = SOURCE) -> dict[str, Path]:
    """Every module under ``source``, by its dotted name."""
    found = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(source: Path = SOURCE) -> list[Import]:
    """Every import of every module under ``source``."""
    names = modules(source)
    return [
        found for name, path in names.items() for found in _imports_of(name, path, frozenset(names))
    ]


def _imports_of(name: str, path: Path, names: frozenset[str]) -> list[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    later = _lines_run_later(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            targets = _from_targets(node, package, names)
        else:
            continue
        found += [Import(name, t, node.lineno, node.lineno not in later) for t in targets]
    return found


def _from_targets(node: ast.ImportFrom, package: str, names: frozenset[str]) -> list[str]:
    """What ``from x import a, b`` imports: the modules a and b, or else x."""
    base = node.module or ""
    if node.level:
        parts = package.split(".")
        parents = parts[: len(parts) - node.level + 1]
        base = ".".join([*parents, base] if base else parents)
    targets = []
    for alias in node.names:
        inside = f"{base}.{alias.name}"
        targets.append(inside if inside in names else base)
    return list(dict.fromkeys(targets))


def _lines_run_later(tree: ast.Module) -> set[int]:
    """The lines of functions and of ``if TYPE_CHECKING`` blocks."""
    later: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_for_types(node):
            for block in node.body:
                later.update(range(block.lineno, (block.end_lineno or block.lineno) + 1))
    return later


def _is_for_types(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
