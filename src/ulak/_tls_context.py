"""A client's TLS context that takes the name of a server as it is.

:mod:`ssl` passes every name that is text through the ``idna`` codec, an ASCII one too, and
importing that takes a quarter of the time of a handshake.  The names that come here are ASCII:
a URL's host is in A-labels when it has been read.  Knows nothing of settings.
"""

from __future__ import annotations

import ssl
from typing import Any

__all__ = ["new_context"]


class Context(ssl.SSLContext):
    """As its base; a name in ASCII goes on as bytes, which need no codec."""

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*args, **_plain(options))

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        return super().wrap_bio(*args, **_plain(options))


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """The keywords of a call, with the server's name as bytes."""
    name = options.get("server_hostname")
    if isinstance(name, str) and name.isascii():
        options["server_hostname"] = name.encode("ascii")
    return options


def new_context() -> ssl.SSLContext:
    """A context for a client, with nothing set.

    Where another class was put in the place of ssl's, as some programs do to have the system's
    certificates, it is of that, which may want the name as text.
    """
    own = ssl.SSLContext is Context.__base__ and ssl.SSLContext.__module__ == "ssl"
    return (Context if own else ssl.SSLContext)(ssl.PROTOCOL_TLS_CLIENT)
