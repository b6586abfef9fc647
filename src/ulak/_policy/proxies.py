"""Which proxies hold for a URL: those that were given, and the environment's.

Knows that a choice holds for one URL alone, and keeps what it was made from, so that
it is made anew on every hop.  What the environment says, and which of several proxies
is meant for a URL, is read in ``_environment``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._environment import resolve_proxies, select_proxy
from ..exceptions import InvalidOption

if TYPE_CHECKING:
    from .._types import Proxies
    from ..models import PreparedRequest

__all__ = ["ResolvedProxies", "checked_proxies", "choose_proxies", "keep_from_origin"]


class ResolvedProxies(dict[str, str]):
    """Proxies that hold for one URL, with those they were made from.

    For another URL, after a redirect, the environment is asked again.
    """

    explicit: Proxies = None


def checked_proxies(proxies: Any) -> Mapping[str, Any]:
    """A caller's ``proxies=``.

    :raises InvalidOption: when it is not a mapping to URLs.
    """
    if not isinstance(proxies, Mapping):
        raise InvalidOption("proxies= should be a mapping such as {'https': 'http://host:port'}")
    for scheme, url in proxies.items():
        if url is not None and not isinstance(url, str):
            raise InvalidOption(
                f"the proxy for {scheme!r} should be a URL, not {type(url).__name__}"
            )
    return proxies


def choose_proxies(url: str, explicit: Proxies, trust_env: bool, asks: bool) -> dict[str, str]:
    """The proxies for ``url``.

    :param explicit: those that the caller and the session name.
    :param trust_env: whether the environment may name some.
    :param asks: whether it does.
    :raises InvalidOption, InvalidURL: when ``explicit`` or ``url`` cannot be read.
    """
    if not explicit and not asks:
        return {}
    if explicit:
        checked_proxies(explicit)
    resolved = ResolvedProxies(resolve_proxies(url, explicit, trust_env))
    resolved.explicit = explicit
    return resolved


def keep_from_origin(prepared: PreparedRequest, proxies: dict[str, str]) -> None:
    """Take away what is meant for a proxy, where there are some but none for this URL."""
    headers = prepared.headers
    if "Proxy-Authorization" in headers and not select_proxy(prepared.url or "", proxies):
        del headers["Proxy-Authorization"]
