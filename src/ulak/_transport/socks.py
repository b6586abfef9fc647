"""Connections by a SOCKS proxy.

Knows what a SOCKS proxy's URL says, and on which side names are resolved; what goes
over the wire is :mod:`ulak._protocol.socks`.  From there on the connection is like any
other.  Imported only when a SOCKS proxy is used.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote_to_bytes

from urllib3 import exceptions as lower

from .. import _urls
from .._environment import normalise_proxy
from .._errors import TotalTimeoutError
from .._protocol.socks import Negotiation, SocksError, Version
from ..exceptions import InvalidProxyURL, RequestException
from . import clock, dial
from .connection import RECEIVE_SIZE, CodecConnection, HTTPSConnection
from .manager import CodecPoolManager
from .pool import CodecPool, HTTPSConnectionPool
from .targets import unseen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from urllib3.response import BaseHTTPResponse

    from .._addresses import AddressPolicy

__all__ = ["SOCKSProxyManager", "SocksProxy"]

DEFAULT_PORT: Final = 1080

#: By scheme: the version, and whether the proxy resolves names.
_SCHEMES: Final[dict[str, tuple[Version, bool]]] = {
    "socks4": (4, False),
    "socks4a": (4, True),
    "socks5": (5, False),
    "socks5h": (5, True),
}


class SocksProxy(NamedTuple):
    """What a SOCKS proxy's URL says.  Immutable, and its ``repr`` has no credentials."""

    version: Version
    #: Whether the proxy resolves names, rather than this machine.
    remote_dns: bool
    #: What is dialled: a name or an address without brackets.
    host: str
    port: int
    #: Percent-decoded; empty for none.
    username: bytes
    password: bytes

    @classmethod
    def of(cls, url: str) -> SocksProxy:
        """Read a proxy's URL.

        :raises InvalidProxyURL: when it cannot be used, or is none of SOCKS.
        """
        scheme, _, rest = normalise_proxy(url).partition("://")
        if scheme not in _SCHEMES:
            raise InvalidProxyURL(f"{scheme}:// is no scheme of SOCKS; use socks5:// or socks5h://")
        parsed = _urls.parse(f"http://{rest}")
        user, _, password = (parsed.userinfo or "").partition(":")
        return cls(
            *_SCHEMES[scheme],
            parsed.host,
            parsed.port or DEFAULT_PORT,
            unquote_to_bytes(user),
            unquote_to_bytes(password),
        )

    def negotiation(self, host: str, port: int) -> Negotiation:
        """The talk that opens a tunnel to ``host``, which this side has resolved if it should.

        :raises InvalidURL: when SOCKS cannot carry the host, the user or the password.
        """
        return Negotiation(self.version, host, port, username=self.username, password=self.password)

    def choose(self, addresses: Sequence[dial.AddressInfo]) -> str:
        """Which of the origin's addresses to ask for: the first that this version can name."""
        usable = (x for x in addresses if self.version == 5 or x[0] == socket.AF_INET)
        return str(next(usable, addresses[0])[4][0])

    def __repr__(self) -> str:
        return f"<SocksProxy version {self.version} at {self.host}:{self.port}>"


class SOCKSConnection(CodecConnection):
    """A connection for ``http://`` by SOCKS."""

    def __init__(self, *args: Any, _socks_options: Mapping[str, SocksProxy], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._socks = _socks_options["proxy"]

    def _new_conn(self) -> socket.socket:
        """Dial the proxy, and have it connect to the origin.

        :raises urllib3.exceptions.ProxyError: for whatever goes wrong.
        """
        try:
            sock = self._tunnel_by_socks()
        except RequestException:
            raise
        except (TimeoutError, TotalTimeoutError) as exc:
            late = self.too_late()
            raise lower.ProxyError("the SOCKS proxy made no connection", late) from exc
        except SocksError as exc:
            said = OSError(str(exc))
            raise lower.ProxyError("the SOCKS proxy made no connection", said) from exc
        except OSError as exc:
            raise lower.ProxyError("the SOCKS proxy made no connection", exc) from exc
        self._bound_handshake(sock)
        return sock

    def _tunnel_by_socks(self) -> socket.socket:
        """A socket whose other end is the origin."""
        proxy = self._socks
        negotiation = proxy.negotiation(self._target(), self.port)
        self._part = dial.first_part(proxy.host)
        sock = dial.connect(
            proxy.host,
            proxy.port,
            self._connect_by,
            self.source_address,
            self.socket_options or (),
            self._watch,
        )
        try:
            self._negotiate(sock, negotiation)
        except BaseException:
            sock.close()
            raise
        return sock

    def _target(self) -> str:
        """What the proxy is asked for: the origin's name, or the address that it has here."""
        policy = self.address_policy
        if self._socks.remote_dns and policy is None:
            return self._dns_host
        try:
            addresses = dial.resolve(
                self._dns_host, self.port, self._connect_by, policy, self._watch
            )
        except socket.gaierror as exc:
            if policy is not None:
                raise unseen(self.host) from exc
            said = f"{self.host} has no address here; a socks5h:// proxy looks names up itself"
            raise OSError(said) from exc
        return self._socks.choose(addresses)

    def _negotiate(self, sock: socket.socket, negotiation: Negotiation) -> None:
        """Talk until the tunnel is open; each call has what is left of the time to connect."""
        message = negotiation.opening
        while not negotiation.complete:
            if message:
                sock.settimeout(clock.left(None, self._connect_by, "connecting"))
                sock.sendall(message)
            sock.settimeout(clock.left(None, self._connect_by, "connecting"))
            message = negotiation.feed(sock.recv(RECEIVE_SIZE))


class SOCKSHTTPSConnection(SOCKSConnection, HTTPSConnection):
    """A connection for ``https://`` by SOCKS."""


class SOCKSHTTPConnectionPool(CodecPool):
    """Connections to one ``http://`` origin by SOCKS."""

    _connection = SOCKSConnection

    def _check_peer(self, policy: AddressPolicy, conn: CodecConnection) -> None:
        """The other end is the proxy; what it is asked for was judged."""

    def _exchange_by_urllib3(self, *exchange: Any) -> BaseHTTPResponse:
        """Refuse: what stands in for urllib3's connections would go past the proxy."""
        said = OSError("urllib3's connections were replaced by what knows no SOCKS")
        raise lower.ProxyError("the SOCKS proxy was not asked", said)


class SOCKSHTTPSConnectionPool(SOCKSHTTPConnectionPool, HTTPSConnectionPool):
    """Connections to one ``https://`` origin by SOCKS."""

    _connection = SOCKSHTTPSConnection


class SOCKSProxyManager(CodecPoolManager):
    """Pools whose connections go by a SOCKS proxy.

    :param proxy_url: has one of the schemes ``socks4``, ``socks4a``, ``socks5``, ``socks5h``.
    :raises InvalidProxyURL: when it cannot be used.
    """

    def __init__(self, proxy_url: str, **kw: Any) -> None:
        self.proxy_url = proxy_url
        # The mapping is part of urllib3's key of a pool: other credentials, other pools.
        super().__init__(**kw, _socks_options={"proxy": SocksProxy.of(proxy_url)})
        self._take_charge()
        self.pool_classes_by_scheme = {
            "http": SOCKSHTTPConnectionPool,
            "https": SOCKSHTTPSConnectionPool,
        }
