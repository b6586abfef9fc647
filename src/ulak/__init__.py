"""ulak: the requests API, fast and safe, in pure Python.

>>> import ulak
>>> r = ulak.get("https://example.com", timeout=10)  # doctest: +SKIP
>>> r.status_code  # doctest: +SKIP
200

Names are imported when they are first used, so ``import ulak`` costs next to
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        adapters as adapters,
    )
    from . import (
        api as api,
    )
    from . import (
        async_adapters as async_adapters,
    )
    from . import (
        async_models as async_models,
    )
    from . import (
        async_sessions as async_sessions,
    )
    from . import (
        auth as auth,
    )
    from . import (
        certs as certs,
    )
    from . import (
        compat as compat,
    )
    from . import (
        cookies as cookies,
    )
    from . import (
        dropin as dropin,
    )
    from . import (
        exceptions as exceptions,
    )
    from . import (
        help as help,
    )
    from . import (
        hooks as hooks,
    )
    from . import (
        models as models,
    )
    from . import (
        packages as packages,
    )
    from . import (
        retries as retries,
    )
    from . import (
        sessions as sessions,
    )
    from . import (
        status_codes as status_codes,
    )
    from . import (
        structures as structures,
    )
    from . import (
        timeouts as timeouts,
    )
    from . import (
        utils as utils,
    )
    from ._addresses import AddressPolicy as AddressPolicy
    from ._version import (
        __author__ as __author__,
    )
    from ._version import (
        __description__ as __description__,
    )
    from ._version import (
        __license__ as __license__,
    )
    from ._version import (
        __title__ as __title__,
    )
    from ._version import (
        __version__ as __version__,
    )
    from .api import (
        delete as delete,
    )
    from .api import (
        get as get,
    )
    from .api import (
        head as head,
    )
    from .api import (
        options as options,
    )
    from .api import (
        patch as patch,
    )
    from .api import (
        post as post,
    )
    from .api import (
        put as put,
    )
    from .api import (
        query as query,
    )
    from .api import (
        request as request,
    )
    from .async_adapters import (
        AsyncBaseAdapter as AsyncBaseAdapter,
    )
    from .async_adapters import (
        AsyncHTTPAdapter as AsyncHTTPAdapter,
    )
    from .async_models import AsyncResponse as AsyncResponse
    from .async_sessions import AsyncSession as AsyncSession
    from .exceptions import (
        ChunkedEncodingError as ChunkedEncodingError,
    )
    from .exceptions import (
        ConnectionError as ConnectionError,
    )
    from .exceptions import (
        ConnectTimeout as ConnectTimeout,
    )
    from .exceptions import (
        FileModeWarning as FileModeWarning,
    )
    from .exceptions import (
        HTTPError as HTTPError,
    )
    from .exceptions import (
        JSONDecodeError as JSONDecodeError,
    )
    from .exceptions import (
        ReadTimeout as ReadTimeout,
    )
    from .exceptions import (
        RequestException as RequestException,
    )
    from .exceptions import (
        RequestsDependencyWarning as RequestsDependencyWarning,
    )
    from .exceptions import (
        RetryError as RetryError,
    )
    from .exceptions import (
        SSLError as SSLError,
    )
    from .exceptions import (
        TooManyRedirects as TooManyRedirects,
    )
    from .exceptions import (
        TotalTimeout as TotalTimeout,
    )
    from .exceptions import (
        URLRequired as URLRequired,
    )
    from .models import (
        PreparedRequest as PreparedRequest,
    )
    from .models import (
        Request as Request,
    )
    from .models import (
        Response as Response,
    )
    from .packages import urllib3 as urllib3
    from .sessions import Session as Session
    from .sessions import session as session
    from .status_codes import codes as codes
    from .timeouts import Timeout as Timeout

#: Where each name comes from; a module's own name stands for the module.
_HOMES = {
    "_addresses": ("AddressPolicy",),
    "_version": ("__author__", "__description__", "__license__", "__title__", "__version__"),
    "adapters": (),
    "async_adapters": ("AsyncBaseAdapter", "AsyncHTTPAdapter"),
    "async_models": ("AsyncResponse",),
    "async_sessions": ("AsyncSession",),
    "api": ("delete", "get", "head", "options", "patch", "post", "put", "query", "request"),
    "auth": (),
    "certs": (),
    "compat": (),
    "cookies": (),
    "dropin": (),
    "exceptions": (
        "ChunkedEncodingError",
        "ConnectTimeout",
        "ConnectionError",
        "FileModeWarning",
        "HTTPError",
        "JSONDecodeError",
        "ReadTimeout",
        "RequestException",
        "RequestsDependencyWarning",
        "RetryError",
        "SSLError",
        "TooManyRedirects",
        "TotalTimeout",
        "URLRequired",
    ),
    "help": (),
    "hooks": (),
    "models": ("PreparedRequest", "Request", "Response"),
    "packages": ("urllib3",),
    "retries": (),
    "sessions": ("Session", "session"),
    "status_codes": ("codes",),
    "structures": (),
    "timeouts": ("Timeout",),
    "utils": (),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]  # one list of names, not two
    [*_HOME_OF, *(home for home in _HOMES if not home.startswith("_"))]
)


def __getattr__(name: str) -> object:
    """Import ``name`` on its first use (PEP 562)."""
    from importlib import import_module

    home = _HOME_OF.get(name)
    if home is None:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f"{__name__}.{name}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, and those that Python gives every module."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
