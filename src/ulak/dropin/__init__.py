"""The drop-in: ``import requests`` gives ulak, in a program that is not changed.

:func:`install` in the first line of a program, ``python -m ulak.dropin script.py`` in
front of one, or ``pytest -p ulak.dropin.pytest`` for a test run.  Everything that the
program and its packages then import of requests is ulak's own: the same classes, not
copies.

Knows Python's import system and the names that requests has.  Nothing else in ulak
imports it, but for ``ulak.packages``.
"""

from __future__ import annotations

import sys
import threading
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._install import Finder

__all__ = ["RequestsImported", "install", "is_installed", "uninstall"]

_lock = threading.RLock()
_finder: Finder | None = None


class RequestsImported(RuntimeError):
    """requests itself is imported already, so code holds classes of its own."""


def install(force: bool = False) -> None:
    """From now on, ``import requests`` and what is below it give ulak, in this process.

    Whether requests is installed makes no difference.  New sessions have no default
    timeout, like those of requests.  Call it before anything imports requests; to
    call it again changes nothing.

    :param force: install also when requests was imported.  Its modules are put aside
        until :func:`uninstall`; what code has already taken from them it keeps.
    :raises RequestsImported: when requests was imported, and not forced.
    """
    global _finder  # noqa: PLW0603 - there is one per process
    with _lock:
        if _finder is not None:
            _finder.stand_first()
            return
        found = _loaded()
        if any(module is not None for module in found.values()) and not force:
            raise RequestsImported(
                f"requests is imported already{_by_whom()}, so code may hold classes that are "
                "not ulak's. Call ulak.dropin.install() before anything imports requests, or "
                f"install(force=True){_for_tests()}"
            )
        from ._install import Finder

        _finder = Finder(found)


def uninstall() -> None:
    """Take :func:`install` back: the next ``import requests`` gives what it gave before.

    Code that has imported ulak as requests keeps it.  Harmless when not installed.
    """
    global _finder  # noqa: PLW0603
    with _lock:
        if _finder is not None:
            _finder.remove()
            _finder = None


def is_installed() -> bool:
    """Whether ``import requests`` gives ulak."""
    return _finder is not None


def _loaded() -> dict[str, ModuleType | None]:
    """The modules of requests that are imported; ``None`` where that is forbidden."""
    return {
        name: module
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "requests"
    }


def _by_whom() -> str:
    """Which modules hold something of requests, as a part of a sentence."""
    holders = sorted(
        name
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] != "requests" and _holds_requests(module)
    )
    more = f" and {len(holders) - 3} more" if len(holders) > 3 else ""
    return f" (by {', '.join(holders[:3])}{more})" if holders else ""


def _for_tests() -> str:
    """What to do in a test run, where ``conftest.py`` comes after the plugins."""
    if "_pytest.config" not in sys.modules:
        return ""
    return "; under pytest, run `pytest -p ulak.dropin.pytest`, or put that option into addopts"


def _holds_requests(module: Any) -> bool:
    for value in list(getattr(module, "__dict__", {}).values()):
        if isinstance(value, ModuleType):
            home: Any = getattr(value, "__name__", None)
        elif isinstance(value, type | FunctionType):
            home = getattr(value, "__module__", None)
        else:
            continue
        if isinstance(home, str) and home.partition(".")[0] == "requests":
            return True
    return False
