"""Modules under a second name: ``requests.adapters`` is the module ``ulak.adapters`` itself.

Knows Python's import system.  Refuses to know which names there are and why: it is
told a prefix and what stands for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

__all__ = ["AliasLoader", "Aliases", "add"]


class AliasLoader(Loader):
    """Loads a module by importing another, which it then is.

    :param real: the name of that other.
    :param settle: called with it when it is imported.
    """

    def __init__(self, real: str, settle: Callable[[ModuleType], None] | None = None) -> None:
        self.real = real
        self._settle = settle

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to Python to make a module, which is soon replaced."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Replace ``module``, which Python allows a module to do to itself."""
        real = import_module(self.real)
        if self._settle is not None:
            self._settle(real)
        sys.modules[module.__name__] = real


class Aliases(MetaPathFinder):
    """A finder of ``sys.meta_path`` for packages, and the modules in them, below one package.

    :param package: the name of that one.
    :param real: of a name below it, the package that it stands for.
    """

    def __init__(self, package: str, real: Mapping[str, str]) -> None:
        self._package = package
        self._real = real

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module ``fullname``; ``None`` where no other stands for it."""
        if not fullname.startswith(f"{self._package}."):
            return None
        name, dot, below = fullname[len(self._package) + 1 :].partition(".")
        real = self._real.get(name)
        return None if real is None else alias(fullname, f"{real}{dot}{below}")


def alias(
    fullname: str, real: str, settle: Callable[[ModuleType], None] | None = None
) -> ModuleSpec | None:
    """How to import the module ``real`` as ``fullname``; ``None`` when there is none."""
    found = find_spec(real)
    if found is None:
        return None
    package = found.submodule_search_locations is not None
    return ModuleSpec(fullname, AliasLoader(real, settle), origin=found.origin, is_package=package)


def add(package: str, real: Mapping[str, str]) -> None:
    """Find what is below ``package`` where ``real`` says, from now on."""
    sys.meta_path.insert(0, Aliases(package, real))
