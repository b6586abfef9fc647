"""Connections by a SOCKS proxy: PySocks dials, by way of urllib3.

Imported only when a SOCKS proxy is used; needs the ``socks`` extra.
"""

from __future__ import annotations

import socket
import warnings
from typing import Any

import socks
from urllib3 import exceptions as lower

with warnings.catch_warnings():
    warnings.simplefilter("ignore", lower.DependencyWarning)  # an ImportError follows, and says it
    from urllib3.contrib.socks import SOCKSConnection as _SOCKSConnection
    from urllib3.contrib.socks import SOCKSProxyManager as _SOCKSProxyManager

from . import clock, dial
from .connection import CodecConnection, HTTPSConnection
from .manager import CodecPoolManager
from .pool import CodecPool, HTTPSConnectionPool
from .watchdog import Watchdog

__all__ = ["SOCKSProxyManager"]


class SOCKSConnection(CodecConnection, _SOCKSConnection):
    """A connection for ``http://`` by SOCKS."""

    def _new_conn(self) -> socket.socket:  # pyright: ignore[reportIncompatibleMethodOverride]  # a socksocket in fact
        """Dial the proxy, and have it connect to the origin."""
        options = self._socks_options
        try:
            addresses = dial.resolve(
                options["proxy_host"] or "", int(options["proxy_port"] or 1080), self._connect_by
            )
            target = (self.host if options["rdns"] else self._resolved(), self.port)
            return self._connect_by_socks(addresses, target)
        except TimeoutError as exc:
            raise self.too_late() from exc
        except OSError as exc:
            raise lower.ProxyError("the SOCKS proxy made no connection", exc) from exc

    def _resolved(self) -> str:
        """The origin's address, for a proxy that is not asked to resolve it."""
        return str(dial.resolve(self.host, self.port, self._connect_by)[0][4][0])

    def _connect_by_socks(self, addresses: list[Any], target: tuple[str, int]) -> socket.socket:
        """A connection to ``target`` by the first of the proxy's addresses that gives one."""
        failure: OSError = OSError("the proxy has no address")
        for family, kind, protocol, _, place in addresses:
            sock = socks.socksocket(family, kind, protocol)
            watchdog = None
            try:
                self._negotiate(sock, place)
                watchdog = Watchdog(sock, self._connect_by)
                sock.connect(target)
            except BaseException as exc:
                sock.close()
                if watchdog is not None and watchdog.bit:
                    raise TimeoutError("timed out") from exc
                if not isinstance(exc, OSError):
                    raise
                failure = exc
            else:
                self._bound_handshake(sock)
                return sock  # type: ignore[no-any-return]  # PySocks has no types
            finally:
                if watchdog is not None:
                    watchdog.call_off()
        raise failure

    def _negotiate(self, sock: Any, place: Any) -> None:
        """Tell PySocks who its proxy is."""
        options = self._socks_options
        for option in self.socket_options or ():
            sock.setsockopt(*option)
        if self.source_address:
            sock.bind(self.source_address)
        sock.set_proxy(
            options["socks_version"],
            place[0],
            place[1],
            options["rdns"],
            options["username"],
            options["password"],
        )
        sock.settimeout(clock.left(None, self._connect_by))


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
