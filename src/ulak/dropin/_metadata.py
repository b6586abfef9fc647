"""What :mod:`importlib.metadata` finds as the distribution ``requests``.

Packages ask it for the version of requests that is installed; where the drop-in stands
for requests, the answer is the version whose API that is, like ``requests.__version__``.
"""

from __future__ import annotations

from importlib.metadata import Distribution
from os import PathLike
from typing import Any

from . import _facade

__all__ = ["Stated", "asked_for"]


class Stated(Distribution):
    """A distribution of which there are a name and a version, and no files."""

    def read_text(self, filename: str | PathLike[str]) -> str | None:
        """The text of a metadata file, ``None`` where there is no such."""
        if str(filename) == "METADATA":
            return (
                "Metadata-Version: 2.1\nName: requests\n"
                f"Version: {_facade.VERSION}\n"
                f"Summary: {_facade.ABOUT['__description__']}\n"
            )
        return "requests\n" if str(filename) == "top_level.txt" else None

    def locate_file(self, path: str | PathLike[str]) -> Any:
        """Nowhere: there are no files."""
        raise FileNotFoundError(f"ulak stands for requests, and has no file {path}")


def asked_for(name: str | None) -> bool:
    """Whether a search for ``name``, or for all where it is ``None``, wants it."""
    return name is None or name.lower() == "requests"
