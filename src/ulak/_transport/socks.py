"""Connections by a SOCKS proxy: PySocks dials, by way of urllib3.

Imported only when a SOCKS proxy is used; needs the ``socks`` extra.
"""

from __future__ import annotations

import socket
import warnings
from typing import Any

from urllib3 import exceptions as lower

with warnings.catch_warnings():
    warnings.simplefilter("ignore", lower.DependencyWarning)  # an ImportError follows, and says it
    from urllib3.contrib.socks import SOCKSConnection as _SOCKSConnection
    from urllib3.contrib.socks import SOCKSProxyManager as _SOCKSProxyManager

from . import clock
from .connection import CodecConnection, HTTPSConnection
from .manager import CodecPoolManager
from .pool import CodecPool, HTTPSConnectionPool

__all__ = ["SOCKSProxyManager"]


class SOCKSConnection(CodecConnection, _SOCKSConnection):
    """A connection for ``http://`` by SOCKS."""

    def _new_conn(self) -> socket.socket:  # pyright: ignore[reportIncompatibleMethodOverride]  # a socksocket in fact
        self.timeout = clock.left(None, self._connect_by)
        try:
            sock: socket.socket = _SOCKSConnection._new_conn(self)
        except lower.NewConnectionError as exc:
            raise lower.ProxyError("the SOCKS proxy made no connection", exc) from exc
        self._bound_handshake(sock)
        return sock


class SOCKSHTTPSConnection(SOCKSConnection, HTTPSConnection):
    """A connection for ``https://`` by SOCKS."""


class SOCKSHTTPConnectionPool(CodecPool):
    """Connections to one ``http://`` origin by SOCKS."""

    ConnectionCls = SOCKSConnection


class SOCKSHTTPSConnectionPool(HTTPSConnectionPool):
    """Connections to one ``https://`` origin by SOCKS."""

    ConnectionCls = SOCKSHTTPSConnection


class SOCKSProxyManager(CodecPoolManager, _SOCKSProxyManager):
    """Pools whose connections go by a SOCKS proxy."""

    def __init__(self, proxy_url: str, **kw: Any) -> None:
        _SOCKSProxyManager.__init__(self, proxy_url, **kw)
        self._take_charge()
        self.pool_classes_by_scheme = {
            "http": SOCKSHTTPConnectionPool,
            "https": SOCKSHTTPSConnectionPool,
        }
