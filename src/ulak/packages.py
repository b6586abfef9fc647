"""``ulak.packages.urllib3``, ``.idna``, ``.chardet``: names from when requests bundled them.

Each is the package itself, not a copy, and so is each of its modules:
``ulak.packages.urllib3.exceptions is urllib3.exceptions``.
"""

from __future__ import annotations

import charset_normalizer
import idna
import urllib3

from .dropin import _aliases

__all__ = ["chardet", "charset_normalizer", "idna", "urllib3"]

chardet = charset_normalizer

#: A package, so that ``import ulak.packages.urllib3.util`` asks for what is in it.
__path__: list[str] = []

_aliases.add(
    __name__,
    {
        "chardet": "charset_normalizer",
        "charset_normalizer": "charset_normalizer",
        "idna": "idna",
        "urllib3": "urllib3",
    },
)
