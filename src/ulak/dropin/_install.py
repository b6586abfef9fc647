"""The finder that gives ulak to whoever imports requests, and what goes with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

from .. import timeouts
from .._protocol import h1
from . import _aliases, _elsewhere, _facade

if TYPE_CHECKING:
    from importlib.metadata import Distribution, DistributionFinder
    from types import ModuleType

__all__ = ["Finder"]

_BUNDLED = ("chardet", "charset_normalizer", "idna", "urllib3")


class Finder(MetaPathFinder, Loader):
    """Finds ``requests`` and the modules below it; the first of ``sys.meta_path``.

    :param replaced: modules of requests itself, to be put aside meanwhile.
    """

    def __init__(self, replaced: dict[str, ModuleType | None]) -> None:
        self._replaced = replaced
        self._facade = _facade.make()
        self._given: list[tuple[ModuleType, str]] = []
        for name in replaced:
            del sys.modules[name]
        self._timeout = timeouts.set_standard(None)
        self._cuts = h1.let_cuts_end_bodies(True)
        self.stand_first()

    def stand_first(self) -> None:
        """Stand in ``sys.meta_path``, also when a test has put an older list back."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Leave everything as it was found."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        timeouts.set_standard(self._timeout)
        h1.let_cuts_end_bodies(self._cuts)
        for name in [name for name in list(sys.modules) if name.partition(".")[0] == "requests"]:
            del sys.modules[name]
        for module, name in self._given:
            vars(module).pop(name, None)
        sys.modules.update(self._replaced)  # type: ignore[arg-type]  # None forbids the import

    # What Python asks of a finder.

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module ``fullname``, if it is ``requests`` or below it."""
        top, _, rest = fullname.partition(".")
        if top != "requests":
            return None
        first, _, below = rest.partition(".")
        if not first or rest == "__version__":
            return ModuleSpec(fullname, self, origin=_facade.ulak.__file__, is_package=not first)
        if first == "packages" and below.partition(".")[0] in _BUNDLED:
            return _aliases.alias(fullname, f"ulak.{rest}")
        if first in _facade.SUBMODULES and not below:
            return _aliases.alias(fullname, f"ulak.{rest}", self._complete)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself, the same one each time."""
        return self._facade if spec.name == "requests" else _facade.about()

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""

    def _complete(self, module: ModuleType) -> None:
        """Give a module of ulak the names that requests' own passes on."""
        for name, value in _elsewhere.missing(module):
            setattr(module, name, value)
            self._given.append((module, name))

    def find_distributions(self, context: DistributionFinder.Context) -> Iterator[Distribution]:
        """The distribution ``requests``, for :mod:`importlib.metadata`."""
        from . import _metadata

        if _metadata.asked_for(context.name):
            yield _metadata.Stated()

    def invalidate_caches(self) -> None:
        """There are none."""
