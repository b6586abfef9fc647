"""What ``import requests`` gives while the drop-in is installed.

A module of its own, because it has a version of its own: code compares
``requests.__version__`` with the versions of requests.  Everything else it has from ulak,
and what is set on it is set on ulak, so that ``mock.patch("requests.get")`` reaches
everyone who uses either.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from .. import _version

__all__ = ["ABOUT", "VERSION", "Requests"]

#: The package whose names these are; it stands above this module.
ulak = import_module("ulak")

#: The version of requests whose API this is.
VERSION = "2.34.2"

#: What the module says of itself, in the module ``requests.__version__`` too.
ABOUT: dict[str, Any] = {
    "__title__": "requests",
    "__description__": f"The API of requests, by ulak {_version.__version__}.",
    "__url__": "",
    "__version__": VERSION,
    "__build__": 0x023402,
    "__author__": _version.__author__,
    "__author_email__": "",
    "__license__": _version.__license__,
    "__copyright__": f"Copyright {_version.__author__}",
    "__cake__": "✨ 🍰 ✨",
}

#: The modules of requests that there are.
SUBMODULES = frozenset(
    {"__version__", "_internal_utils", "adapters", "api", "auth", "certs", "compat", "cookies"}
    | {"exceptions", "help", "hooks", "models", "packages", "sessions", "status_codes"}
    | {"structures", "utils"}
)

#: Names at the top of requests that come from elsewhere than ulak.
_FROM_ELSEWHERE = {
    "DependencyWarning": "urllib3.exceptions",
    "NullHandler": "logging",
    "logging": "",
    "ssl": "",
    "warnings": "",
}
#: What ``from requests import *`` gives; more would take the place of builtins.
_PUBLIC = [
    "ConnectTimeout",
    "ConnectionError",
    "HTTPError",
    "JSONDecodeError",
    "PreparedRequest",
    "ReadTimeout",
    "Request",
    "RequestException",
    "Response",
    "Session",
    "Timeout",
    "TooManyRedirects",
    "URLRequired",
    "codes",
    "delete",
    "get",
    "head",
    "options",
    "packages",
    "patch",
    "post",
    "put",
    "request",
    "session",
    "utils",
]
#: Names of ulak that mean the same here.
_ULAKS = frozenset(ulak.__all__) - SUBMODULES


class Requests(ModuleType):
    """The module ``requests``: names of its own that begin with two underscores, else ulak's."""

    def __getattribute__(self, name: str) -> Any:
        if name in _ULAKS:  # at once: to find out that it is not its own takes longer
            return getattr(ulak, name)
        return super().__getattribute__(name)

    def __getattr__(self, name: str) -> Any:
        if name in SUBMODULES:
            return import_module(f"requests.{name}")
        home = _FROM_ELSEWHERE.get(name)
        if home is not None:
            return getattr(import_module(home), name) if home else import_module(name)
        if name[:2] != "__":
            try:
                return getattr(ulak, name)
            except AttributeError:
                pass
        raise AttributeError(f"module 'requests' has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name[:2] != "__":
            setattr(ulak, name, value)
        elif not isinstance(value, ModuleType):  # requests.__version__ is no module here
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name[:2] != "__":
            delattr(ulak, name)
        else:
            super().__delattr__(name)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # a copy that writes through
        """What is set: mock.patch looks here for what it has to put back."""
        return _Names(self)

    def __dir__(self) -> list[str]:
        return sorted({*dir(ulak), *ABOUT, *SUBMODULES, *_FROM_ELSEWHERE})


class _Names(dict[str, Any]):
    """The module's dictionary, for code that reads and replaces its functions there."""

    def __init__(self, module: ModuleType) -> None:
        own: dict[str, Any] = _OWN(module)
        super().__init__({**vars(ulak), **own})
        self._module = module

    def __missing__(self, name: str) -> Any:
        """What ulak imports only when it is first used."""
        try:
            return getattr(self._module, name)
        except AttributeError:
            raise KeyError(name) from None

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self._module, name, value)
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        delattr(self._module, name)
        super().__delitem__(name)


_OWN: Any = vars(ModuleType)["__dict__"].__get__


def make() -> Requests:
    """The module, as Python would have it if it were a package on disk."""
    module = Requests("requests", ulak.__doc__)
    own = {**ABOUT, "__all__": list(_PUBLIC), "__file__": ulak.__file__, "__path__": []}
    for name, value in own.items():
        setattr(module, name, value)
    return module


def about() -> ModuleType:
    """The module ``requests.__version__``."""
    module = ModuleType("requests.__version__", "What requests says of itself.")
    vars(module).update(ABOUT)
    return module
