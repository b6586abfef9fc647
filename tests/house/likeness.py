"""How alike two functions are when one awaits what the other waits for.

Reads the source of each module, and nothing is run.  A function is compared by its
statements: without its docstring and annotations, ``async`` and ``await`` stripped,
its own names taken for one another, and names such as ``AsyncPool`` and ``aclose`` for
``Pool`` and ``close``.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

from tests.house.imports import SOURCE, modules

#: What an asynchronous twin calls by another name.
_RENAMED = {
    "aclose": "close",
    "aiter": "iter",
    "aiter_content": "iter_content",
    "aiter_lines": "iter_lines",
    "aiter_text": "iter_text",
    "anext": "next",
    "aread": "read",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}
_DECISIONS = (ast.If, ast.IfExp, ast.Match)


class Function(NamedTuple):
    """One function of ulak."""

    #: Dotted, such as ``ulak.sessions.Session.send``.
    name: str
    #: Whether it belongs to the asynchronous half.
    is_async: bool
    #: Its statements, normalised.
    lines: tuple[str, ...]
    #: Whether one of them chooses between two ways.
    decides: bool

    def likeness(self, other: Function) -> float:
        """From 0, nothing in common, to 1, the same."""
        return SequenceMatcher(None, self.lines, other.lines, autojunk=False).ratio()

    def is_like(self, other: Function, least: float) -> bool:
        """Whether their likeness is ``least`` at least; which is soon told of most."""
        ours, theirs = len(self.lines), len(other.lines)
        shared = len(set(self.lines) & set(other.lines))
        if not shared or 2 * min(ours, theirs) < least * (ours + theirs):
            return False
        return self.likeness(other) >= least


def functions(source: Path = SOURCE) -> list[Function]:
    """Every function and method below ``source``; those inside a function are part of it."""
    return [
        found
        for module, path in modules(source).items()
        for found in _functions_in(
            ast.parse(path.read_text(encoding="utf-8")), module, module.split(".")[-1]
        )
    ]


def _functions_in(tree: ast.AST, prefix: str, *around: str) -> Iterator[Function]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _functions_in(node, f"{prefix}.{node.name}", *around, node.name)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_async = isinstance(node, ast.AsyncFunctionDef) or any(
                name.lower().lstrip("_").startswith("async") for name in around
            )
            yield _function(node, f"{prefix}.{node.name}", is_async)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str, is_async: bool) -> Function:
    plain = _Plain().visit(copy.deepcopy(node))
    _forget_names(plain)
    lines = tuple(ast.unparse(ast.fix_missing_locations(plain)).splitlines()[1:])
    decides = any(isinstance(part, _DECISIONS) for part in ast.walk(plain))
    return Function(name, is_async, lines, decides)


def _forget_names(function: ast.FunctionDef) -> None:
    """Give parameters and local names all the same name: each half calls them as it likes."""
    parts = list(ast.walk(function))
    own = {
        part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
    for part in parts:
        if isinstance(part, ast.arg):
            own.add(part.arg)
            part.arg = "x"
        elif isinstance(part, ast.ExceptHandler) and part.name:
            own.add(part.name)
            part.name = "x"
    for part in parts:
        if isinstance(part, ast.Name) and part.id in own:
            part.id = "x"


def _plain_name(name: str) -> str:
    return _RENAMED.get(name, name).replace("Async", "").replace("async_", "")


def _as(kind: type[Any], node: Any) -> Any:
    """``node`` as its twin that does not await."""
    return kind(**{field: getattr(node, field, None) for field in kind._fields})


class _Plain(ast.NodeTransformer):
    """Takes away what the two halves cannot have in common, and what means nothing."""

    def visit_Await(self, node: ast.Await) -> Any:
        return self.visit(node.value)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> Any:
        return self.visit(_as(ast.For, node))

    def visit_AsyncWith(self, node: ast.AsyncWith) -> Any:
        return self.visit(_as(ast.With, node))

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        node.is_async = 0
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        return self.visit(_as(ast.FunctionDef, node))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.name = _plain_name(node.name)
        node.returns = None
        node.decorator_list = []
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> Any:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None:
            return ast.Pass()
        return self.visit(ast.Assign(targets=[node.target], value=node.value))

    def visit_Name(self, node: ast.Name) -> Any:
        node.id = _plain_name(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        node.attr = _plain_name(node.attr)
        return self.generic_visit(node)
