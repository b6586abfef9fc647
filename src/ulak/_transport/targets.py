"""Who a request is addressed to: the origin, or a proxy that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import _urls
from .._environment import normalise_proxy, select_proxy
from ..exceptions import NameResolutionError

if TYPE_CHECKING:
    from .._addresses import AddressPolicy
    from .._types import Proxies

__all__ = ["check_forwarded", "proxy_credentials", "request_target", "unseen"]


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
    if not user:
        return {}
    from .._credentials import basic

    return {"Proxy-Authorization": basic(user, password)}


def check_forwarded(policy: AddressPolicy, target: str) -> None:
    """See that a forwarding proxy may be asked for ``target``, a whole URL.

    It looks the name up itself, so that nothing but an address can be judged.

    :raises AddressDenied: when it may not.
    """
    url = _urls.parse(target)
    policy.check_forwarded(url.host, url.effective_port or 0)


def unseen(host: str) -> NameResolutionError:
    """The error for a name that only a proxy could look up, where a policy has to judge."""
    return NameResolutionError(
        f"{host} has no address here, and the address policy has to see the one that a proxy "
        "is asked for"
    )
