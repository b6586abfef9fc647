"""Each name of requests is there, or stands here with the reason why it is not."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.dropin.child import output_of
from tests.support import HttpServer

#: Public names of requests, by module, that the drop-in does not have.
LEFT_OUT = {
    "check_compatibility chardet_version charset_normalizer_version": (
        "requests",
        "part of a check that requests makes of its dependencies when it is imported",
    ),
    "imported_mod mod package target sys": (
        "requests.packages",
        "variables of the loop that makes the other names",
    ),
    "OpenSSL pyopenssl cryptography chardet requests_version": (
        "requests.help",
        "packages that requests looks for and ulak has no use for; info() has the keys",
    ),
}
#: Modules of requests that the drop-in does not have.
MODULES_LEFT_OUT = {"requests._types": "shapes for the type annotations of requests"}
#: Names that look as if the module defined them, and are another's.
PASSED_ON = {
    "requests.adapters": {"DEFAULT_CA_BUNDLE_PATH", "SOCKSProxyManager"},
    "requests.sessions": {"DEFAULT_PORTS", "DEFAULT_REDIRECT_LIMIT"},
}
#: What a module has for its annotations.
TYPING = {"Final", "Generator", "Iterator", "Literal", "TYPE_CHECKING", "TypeVar", "annotations"}
TYPING |= {"Any", "Callable", "cast", "overload", "typing"}

#: The names of each module: whether the module itself defines what the name stands for.
_LIST = """
import importlib, json, pkgutil, types
import requests
found = {}
inside = [f"requests.{each.name}" for each in pkgutil.iter_modules(requests.__path__)]
for name in ["requests", *inside]:
    module = importlib.import_module(name)
    found[name] = {
        key: getattr(value, "__module__", None) == name
        or key.isupper() and not isinstance(value, types.ModuleType)
        for key, value in vars(module).items()
        if not key.startswith("_")
    }
print(json.dumps(found))
"""

_HAVE = """
import importlib, json, sys
import ulak.dropin
if sys.argv[2] == "requests":
    ulak.dropin.install()
have = {}
for name, keys in json.loads(sys.argv[1]).items():
    module = importlib.import_module(sys.argv[2] + name.removeprefix("requests"))
    have[name] = [key for key in keys if hasattr(module, key)]
print(json.dumps(have))
"""


@cache
def names() -> dict[str, dict[str, bool]]:
    """The public names of every module of requests, and whether it defines them."""
    found: dict[str, dict[str, bool]] = json.loads(output_of(_LIST))
    return {name: keys for name, keys in found.items() if name not in MODULES_LEFT_OUT}


@cache
def have(package: str) -> dict[str, list[str]]:
    """Those that are in the same modules below ``package``."""
    wanted = {name: list(keys) for name, keys in names().items()}
    if package == "ulak":
        del wanted["requests.__version__"]  # what a package says of itself
    have: dict[str, list[str]] = json.loads(output_of(_HAVE, json.dumps(wanted), package))
    return have


def left_out(module: str) -> set[str]:
    return {
        name for names, (home, _) in LEFT_OUT.items() if home == module for name in names.split()
    }


MODULES = [
    "requests",
    *(
        f"requests.{name}"
        for name in (
            "__version__",
            "_internal_utils",
            "adapters",
            "api",
            "auth",
            "certs",
            "compat",
            "cookies",
            "exceptions",
            "help",
            "hooks",
            "models",
            "packages",
            "sessions",
            "status_codes",
            "structures",
            "utils",
        )
    ),
]


def test_every_module_of_requests_is_compared() -> None:
    assert set(names()) == set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_each_name_is_there_or_left_out_for_a_reason(module: str) -> None:
    missing = names()[module].keys() - set(have("requests")[module])
    assert missing - TYPING == left_out(module)


@pytest.mark.parametrize("module", [name for name in MODULES if name != "requests.__version__"])
def test_what_a_module_defines_is_in_ulaks_own(module: str) -> None:
    defined = {name for name, own in names()[module].items() if own}
    defined -= PASSED_ON.get(module, set()) | TYPING
    assert defined - set(have("ulak")[module]) <= left_out(module)


def test_each_name_at_the_top_is_at_the_top_of_ulak() -> None:
    imported = {"DependencyWarning", "NullHandler", "logging", "ssl", "warnings"}  # for itself
    missing = names()["requests"].keys() - set(have("ulak")["requests"])
    assert missing == imported | left_out("requests")


def test_the_list_tells_what_a_module_defines() -> None:
    own = names()["requests.adapters"]
    assert own["HTTPAdapter"] and own["DEFAULT_POOLSIZE"]
    assert not own["urlparse"]


#: Lines as code in the wild has them.
IMPORTS = """\
from requests import Session, adapters, codes, exceptions, packages, utils
from requests.adapters import DEFAULT_POOLBLOCK, DEFAULT_POOLSIZE, DEFAULT_RETRIES, HTTPAdapter
from requests.adapters import PoolManager, Retry, TimeoutSauce, extract_cookies_to_jar
from requests.auth import AuthBase, HTTPBasicAuth, _basic_auth_str
from requests.compat import basestring, is_py3, json, quote, urljoin, urlparse
from requests.cookies import MockRequest, MockResponse, RequestsCookieJar, create_cookie
from requests.cookies import extract_cookies_to_jar, get_cookie_header, merge_cookies
from requests.cookies import morsel_to_cookie, remove_cookie_by_name
from requests.exceptions import ConnectTimeout, JSONDecodeError, RequestsDependencyWarning
from requests.models import CONTENT_CHUNK_SIZE, ITER_CHUNK_SIZE, REDIRECT_STATI, complexjson
from requests.models import PreparedRequest, RequestEncodingMixin, RequestHooksMixin, Response
from requests.packages import urllib3
from requests.packages.urllib3.connectionpool import HTTPSConnectionPool
from requests.packages.urllib3.exceptions import InsecureRequestWarning
from requests.packages.urllib3.util.retry import Retry
from requests.sessions import SessionRedirectMixin, merge_setting, preferred_clock
from requests.status_codes import _codes, codes
from requests.structures import CaseInsensitiveDict, LookupDict
from requests.utils import _parse_list_header
from requests._internal_utils import _HEADER_VALIDATORS_BYTE, _HEADER_VALIDATORS_STR
from requests._internal_utils import _VALID_HEADER_NAME_RE_BYTE, _VALID_HEADER_VALUE_RE_STR
from requests.utils import default_headers, dict_from_cookiejar, super_len, to_key_val_list
from requests.__version__ import __build__, __version__
import requests.packages.urllib3.util.ssl_
import requests.packages.chardet
import requests.packages.idna.core
requests.packages.urllib3.disable_warnings(InsecureRequestWarning)
requests.urllib3.disable_warnings()
from requests import *
get, Response, codes, ConnectTimeout
"""


@pytest.mark.parametrize("absent", [False, True], ids=["installed", "not-installed"])
def test_imports_as_code_in_the_wild_has_them(absent: bool) -> None:
    output_of(f"import ulak.dropin\nulak.dropin.install()\n{IMPORTS}", without_requests=absent)


def test_what_was_bundled_is_the_package_itself() -> None:
    import charset_normalizer
    import idna
    import ulak.packages.urllib3.util.retry
    import urllib3
    from ulak.packages.chardet import detect
    from ulak.packages.urllib3.util.retry import Retry

    packages: Any = ulak.packages
    assert packages.urllib3 is urllib3
    assert packages.idna is idna
    assert packages.urllib3.util.retry is urllib3.util.retry
    assert Retry is urllib3.util.Retry
    assert detect is charset_normalizer.detect


@pytest.mark.parametrize("name", ["ulak.packages.nothing", "ulak.packages.urllib3.nothing"])
def test_there_is_nothing_else_in_packages(name: str) -> None:
    import importlib

    with pytest.raises(ModuleNotFoundError, match="nothing"):
        importlib.import_module(name)


#: Classes of requests whose methods code looks for, replaces and takes away.
CLASSES = [
    "adapters.HTTPAdapter",
    "exceptions.RequestException",
    "models.PreparedRequest",
    "models.Request",
    "models.Response",
    "sessions.Session",
    "structures.CaseInsensitiveDict",
]

_OWN_NAMES = """
import importlib, json, sys
if sys.argv[1] == "ulak":
    import ulak.dropin
    ulak.dropin.install()
found = {}
for place in sys.argv[2:]:
    module, name = place.split(".")
    found[place] = list(vars(getattr(importlib.import_module(f"requests.{module}"), name)))
print(json.dumps(found))
"""
#: What Python writes into a class, and what no code but requests' own asks for.
NOT_LOOKED_FOR = {"__annotations__", "__dict__", "__static_attributes__", "__firstlineno__"}
NOT_LOOKED_FOR |= {"__weakref__", "_get_idna_encoded_host"}


@cache
def own_names(library: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(output_of(_OWN_NAMES, library, *CLASSES))
    return found


@pytest.mark.parametrize("place", CLASSES)
def test_what_a_class_of_requests_defines_ulaks_does_itself(place: str) -> None:
    missing = set(own_names("requests")[place]) - set(own_names("ulak")[place])
    assert missing <= NOT_LOOKED_FOR


_TAKEN_AWAY = """
import sys, ulak, ulak.dropin
ulak.dropin.install()
import requests
del requests.sessions.Session.request
class Mine(requests.Session): pass
for call in (requests.get, requests.Session().post, Mine().get, requests.put):
    try:
        call(sys.argv[1])
    except AttributeError as error:
        print(error.name)
"""


def test_a_method_that_is_taken_away_is_nowhere_else() -> None:
    """The documentation of pytest does so, lest a test sends anything."""
    with HttpServer() as server:
        assert output_of(_TAKEN_AWAY, server.url).split() == ["request"] * 4
        assert not server.requests
