"""Who a request is addressed to: the origin, or a proxy that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import _urls
from .._credentials import basic
from .._environment import normalise_proxy, select_proxy

if TYPE_CHECKING:
    from .._types import Proxies

__all__ = ["proxy_credentials", "request_target"]


def request_target(url: str, proxies: Proxies) -> str:
    """The request's target: a path, or the whole URL for a forwarding proxy.

    RFC 9112, section 3.2.
    """
    parsed = _urls.parse(url)
    if proxies and parsed.scheme == "http":
        proxy = select_proxy(url, proxies)
        if proxy and not normalise_proxy(proxy).startswith("socks"):
            return _urls.without_userinfo(_urls.without_fragment(parsed.href))
    return parsed.target


def proxy_credentials(proxy: str) -> dict[str, str]:
    """The headers for the proxy itself: its credentials, where its URL has some."""
    user, password = _urls.userinfo_of(proxy)
    return {"Proxy-Authorization": basic(user, password)} if user else {}
