"""What a bug report should say of the versions at work: ``python -m ulak.help``."""

from __future__ import annotations

import json
import platform
import ssl
import sys
from typing import Any

import charset_normalizer
import idna

from ._version import __version__
from .compat import urllib3_version

__all__ = ["info", "main"]


def info() -> dict[str, Any]:
    """The versions of Python, of the system, and of what ulak builds on.

    With the keys that requests has, so that what reads them finds them; of packages
    that ulak has no use for (chardet, pyOpenSSL, cryptography) the version is empty.
    """
    return {
        "platform": {"system": platform.system(), "release": platform.release()},
        "implementation": {
            "name": platform.python_implementation(),
            "version": platform.python_version(),
        },
        "system_ssl": {"version": f"{ssl.OPENSSL_VERSION_NUMBER:x}"},
        "using_pyopenssl": False,
        "using_charset_normalizer": True,
        "pyOpenSSL": {"version": None, "openssl_version": ""},
        "urllib3": {"version": urllib3_version},
        "chardet": {"version": None},
        "charset_normalizer": {"version": charset_normalizer.__version__},
        "cryptography": {"version": ""},
        "idna": {"version": idna.__version__},
        "ulak": {"version": __version__},
        "requests": {"version": _requests_version()},
    }


def _requests_version() -> str | None:
    """The version that ``import requests`` tells of, where that is ulak."""
    return getattr(sys.modules.get("requests"), "__version__", None)


def main() -> None:
    """Print it as JSON."""
    print(json.dumps(info(), sort_keys=True, indent=2))


if __name__ == "__main__":
    main()
