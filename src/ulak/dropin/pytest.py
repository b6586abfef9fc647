"""A pytest plugin, ``pytest -p ulak.dropin.pytest``: the tests' ``import requests`` gives ulak.

Named on the command line, it is there before other plugins and the tests import
requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._version import __version__
from . import RequestsImported, install, uninstall

if TYPE_CHECKING:
    from typing import Any

__all__ = ["pytest_addoption", "pytest_report_header", "pytest_unconfigure"]


def pytest_addoption(parser: Any) -> None:
    """Install: of all hooks, the one that pytest calls first."""
    try:
        install()
    except RequestsImported as error:
        from pytest import UsageError

        raise UsageError(str(error)) from error


def pytest_report_header() -> str:
    """A line for the head of the report."""
    return f"requests: is ulak {__version__} (ulak.dropin)"


def pytest_unconfigure() -> None:
    """Uninstall, when pytest ends."""
    uninstall()
