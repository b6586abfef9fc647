"""Imports go downward only (docs/architecture.md), and nothing foreign comes in."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.house.imports import Import, imports, modules

#: A module or package directly under ``ulak``, and the floor that it stands on.
FLOORS = {
    name: floor
    for floor, line in enumerate(
        (
            "exceptions timeouts structures status_codes _callers _forks _inheritance _root _trust"
            " _tls_context _types _version",
            "_urls _headers _bodies _multipart _streams _text _environment _no_proxy _tls _errors"
            " _addresses _cookie_rules retries hooks",
            "models async_models _response auth cookies _protocol _cookie_field _cookie_files"
            " _cookie_limits _cookie_stand_ins _cookie_subdomains _cookie_times"
            " _credentials _digest",
            "_policy",
            "_transport",
            "adapters async_adapters",
            "_gathering api sessions async_sessions",
            " __main__ _internal_utils certs cli compat dropin help packages utils",
        )
    )
    for name in line.split(" ")
}

#: What may be imported wherever it is needed.
CORE = {"urllib3", "certifi", "charset_normalizer", "idna"}
#: What may be imported inside a function, or for types.
OPTIONAL = {
    "backports",
    "brotli",
    "brotlicffi",
    "compression",
    "h2",
    "hpack",
    "hyperframe",
    "publicsuffixlist",
    "pytest",
    "rich",
}


def room(module: str) -> str:
    """``ulak.models`` stands in ``models``, ``ulak._protocol.h1`` in ``_protocol``."""
    return module.partition(".")[2].partition(".")[0]


def is_ours(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] == "ulak"


def goes_up(found: Import) -> bool:
    importer, imported = room(found.importer), room(found.imported)
    if importer == "_protocol" and imported != "_protocol":
        return FLOORS[imported] > 0
    return FLOORS[imported] > FLOORS[importer]


def test_every_module_stands_on_a_floor() -> None:
    homeless = {room(name) for name in modules()} - FLOORS.keys()
    assert not homeless, f"give {sorted(homeless)} a floor here and in docs/architecture.md"


def test_imports_go_downward_only() -> None:
    upward = [str(found) for found in imports() if is_ours(found.imported) and goes_up(found)]
    assert not upward, "\n".join(upward)


def test_imports_on_one_floor_make_no_circle() -> None:
    edges: dict[str, set[str]] = {name: set() for name in modules()}
    for found in imports():
        if is_ours(found.imported) and found.imported != found.importer:
            edges[found.importer].add(found.imported)
    assert not (circle := _circle(edges)), " → ".join(circle)


def _circle(edges: dict[str, set[str]]) -> list[str]:
    """The modules of one circle, the first again at the end; empty if there is none."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for target in sorted(edges.get(name, ())):
            if circle := walk(target, [*path, name]):
                return circle
        done.add(name)
        return []

    for name in edges:
        if circle := walk(name, []):
            return circle
    return []


def test_only_the_four_dependencies_and_optional_extras_are_imported() -> None:
    foreign = []
    for found in imports():
        root = found.imported.split(".")[0]
        if root in sys.stdlib_module_names or root in CORE or is_ours(found.imported):
            continue
        if root not in OPTIONAL or found.at_import:
            foreign.append(str(found))
    assert not foreign, "\n".join(foreign)


def test_the_reader_sees_each_kind_of_import(tmp_path: Path) -> None:
    package = tmp_path / "ulak" / "_policy"
    package.mkdir(parents=True)
    (tmp_path / "ulak" / "models.py").write_text("")
    (tmp_path / "ulak" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "flow.py").write_text(
        "import ssl\n"
        "from .. import models\n"
        "from ..models import Response\n"
        "from . import flow as itself\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n"
        "    import h2.connection\n"
        "def later():\n"
        "    from ulak import get, models\n"
    )
    assert [(i.imported, i.line, i.at_import) for i in imports(tmp_path)] == [
        ("ssl", 1, True),
        ("ulak.models", 2, True),
        ("ulak.models", 3, True),
        ("ulak._policy.flow", 4, True),
        ("typing", 5, True),
        ("h2.connection", 7, False),
        ("ulak", 9, False),
        ("ulak.models", 9, False),
    ]


def test_a_circle_is_found() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"b"}}
    assert _circle(edges) == ["b", "c", "b"]
    assert _circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
