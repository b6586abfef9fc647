"""Which credentials may travel with a request to another URL.

One function decides, from scheme, host and port.  Everything that carries a
secret asks it: Authorization and Digest (in ``Session.rebuild_auth``, which may be
overridden), Cookie, ``cookies=``, Referer.
"""

from __future__ import annotations

from .._urls import parse

__all__ = ["BOUND_HEADERS", "may_travel"]

#: The caller's other headers that are meant for the origin they were given for.
BOUND_HEADERS = ("Cookie", "Host", "Referer")


def may_travel(old_url: str, new_url: str) -> bool:
    """Whether what was given for ``old_url`` may be sent to ``new_url``.

    The origins must be the same (RFC 6454), but for one step that only adds
    safety: from http to https on the default ports of the same host.
    """
    old, new = parse(old_url), parse(new_url)
    if old.origin == new.origin:
        return True
    return old.host == new.host and (
        (old.scheme, old.effective_port, new.scheme, new.effective_port)
        == ("http", 80, "https", 443)
    )
