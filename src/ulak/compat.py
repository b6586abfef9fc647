"""The names of the standard library that requests has in a module of this name.

They bridged Python 2 and 3 once, and much code imports them from here still.
"""

from __future__ import annotations

import builtins
import json
import urllib.request
from collections import OrderedDict
from collections.abc import Callable, Mapping, MutableMapping
from http import cookiejar as cookielib
from http.cookies import Morsel
from io import StringIO
from json import JSONDecodeError
from typing import Any
from urllib.parse import (
    quote,
    quote_plus,
    unquote,
    unquote_plus,
    urldefrag,
    urlencode,
    urljoin,
    urlparse,
    urlsplit,
    urlunparse,
)
from urllib.request import (
    getproxies,
    getproxies_environment,
    parse_http_list,
    proxy_bypass,
)

import charset_normalizer as chardet
from urllib3._version import __version__ as urllib3_version

__all__ = [
    "Callable",
    "JSONDecodeError",
    "Mapping",
    "Morsel",
    "MutableMapping",
    "OrderedDict",
    "StringIO",
    "basestring",
    "builtin_str",
    "bytes",
    "chardet",
    "cookielib",
    "getproxies",
    "getproxies_environment",
    "has_simplejson",
    "integer_types",
    "is_py2",
    "is_py3",
    "is_urllib3_1",
    "json",
    "numeric_types",
    "parse_http_list",
    "proxy_bypass",
    "proxy_bypass_environment",
    "quote",
    "quote_plus",
    "str",
    "unquote",
    "unquote_plus",
    "urldefrag",
    "urlencode",
    "urljoin",
    "urllib3_version",
    "urlparse",
    "urlsplit",
    "urlunparse",
]

#: As :func:`proxy_bypass`, of the environment alone; typeshed does not know it.
proxy_bypass_environment: Callable[..., Any] = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]

is_py2 = False
is_py3 = True
is_urllib3_1: bool = int(urllib3_version.partition(".")[0]) == 1
#: ``json`` is always the standard library's; ``Session(json_loads=…)`` takes another.
has_simplejson = False

builtin_str = builtins.str
str = builtins.str  # noqa: A001 - the name of requests
bytes = builtins.bytes  # noqa: A001 - likewise
basestring: tuple[type, ...] = (builtins.str, builtins.bytes)
numeric_types: tuple[type, ...] = (int, float)
integer_types: tuple[type, ...] = (int,)
