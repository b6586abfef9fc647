"""Ways to an origin, and how a connection is opened along one: dial, tunnel, shake hands.

A :class:`Route` says where to connect, by which proxy, and with which TLS; two
requests with equal routes may use the same connection.  Opening has no limit in
time of its own: whoever opens sets one, by cancelling.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from urllib3 import exceptions as lower

from .. import _urls
from .._errors import broken_handshake
from .._protocol.exchange import Tunnel, TunnelRefused, TunnelSpoiled
from .._protocol.h1 import ProtocolViolation
from .._protocol.socks import Negotiation, SocksError
from ..exceptions import RequestException
from . import async_dial, dial
from .async_connection import AsyncConnection, new_buffer
from .targets import unseen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._addresses import AddressPolicy
    from .async_dial import Resolver
    from .clock import Doing
    from .socks import SocksProxy

__all__ = ["Dialler", "Progress", "ProxyRoute", "Route"]

_RECEIVE_SIZE: Final = 1024
#: Whoever opens a connection limits that; asyncio would limit the handshake to a minute.
_HANDSHAKE_TIME: Final = 24 * 60 * 60.0


class ProxyRoute(NamedTuple):
    """The proxy on a route."""

    #: Normalised, with its credentials.
    url: str
    host: str
    port: int
    #: For a proxy that is itself reached by TLS.
    context: ssl.SSLContext | None
    #: What the proxy is told, such as its credentials.
    headers: Mapping[str, str]
    #: For one that speaks SOCKS.
    socks: SocksProxy | None

    def __repr__(self) -> str:
        return f"<proxy {_urls.redact(self.url)}>"


class Route:
    """Where to connect to, and how.  Two routes are the same only if they are one object."""

    __slots__ = ("context", "forwards", "host", "policy", "port", "proxy")

    def __init__(
        self,
        url: _urls.URL,
        context: ssl.SSLContext | None,
        proxy: ProxyRoute | None,
        policy: AddressPolicy | None = None,
    ) -> None:
        #: A name or an address without brackets.
        self.host = url.host.strip("[]")
        self.port = url.effective_port or 0
        #: For an ``https`` origin.
        self.context = context
        self.proxy = proxy
        #: Which addresses the origin may have.  A proxy's own is whoever names it's choice.
        self.policy = policy
        #: Whether a proxy reads the requests, rather than carrying bytes.
        self.forwards = proxy is not None and proxy.socks is None and context is None

    def __repr__(self) -> str:
        return f"<Route to {self.host}:{self.port}{f' by {self.proxy}' if self.proxy else ''}>"


class Progress:
    """How far the opening of a connection came, for who cuts it short."""

    __slots__ = ("doing", "is_beyond_proxy")

    def __init__(self) -> None:
        #: Whether the proxy has done its part, or there is none.
        self.is_beyond_proxy = False
        #: Which part goes on.
        self.doing: Doing = "connecting"

    def connects(self) -> None:
        """Note that it is connecting, or talking to a proxy that does."""
        self.doing = "connecting"

    def shakes_hands(self) -> None:
        """Note that it has come to a TLS handshake."""
        self.doing = "in the TLS handshake"


class Dialler(NamedTuple):
    """What opening a connection needs besides its route."""

    loop: asyncio.AbstractEventLoop
    resolver: Resolver
    source_address: tuple[str, int] | str | None
    socket_options: Sequence[tuple[Any, ...]]
    #: The unix socket to connect to, whatever the URL says.
    unix_socket: str | None
    #: What connections are received into, where the loop receives at one at a time.
    buffer: memoryview | None
    #: Told of each connection that is closed.
    gone: Callable[[AsyncConnection], None]

    async def open(self, route: Route, progress: Progress) -> AsyncConnection:
        """A connection along ``route``, ready for a request.

        :raises urllib3.exceptions.HTTPError: when there is none to be had.
        """
        proxy = route.proxy
        if proxy is None:
            progress.is_beyond_proxy = True
            try:
                sock = await self._dial(progress, route.host, route.port, route.policy)
                return await self._wrap(progress, sock, route.context, route.host)
            except RequestException:
                raise
            except (OSError, ValueError) as exc:
                raise _connect_error(route.host, exc) from exc
        talk = None if proxy.socks is None else await self._socks_talk(proxy.socks, route)
        tunnel = None if talk is not None else await self._tunnel_for(route, proxy)
        try:
            sock = await self._dial(progress, proxy.host, proxy.port)
            if talk is not None:
                await self._negotiate(sock, talk)
                conn = None
            else:
                conn = await self._wrap(progress, sock, proxy.context, proxy.host)
        except RequestException:
            raise
        except SocksError as exc:
            said = OSError(str(exc))
            raise lower.ProxyError("the SOCKS proxy made no connection", said) from exc
        except (OSError, ValueError) as exc:
            error = _connect_error(proxy.host, exc)
            raise lower.ProxyError("Unable to connect to proxy", error) from exc
        try:
            if conn is None:
                progress.is_beyond_proxy = True
                return await self._wrap(progress, sock, route.context, route.host)
            if tunnel is not None:
                await self._tunnel(conn, route, tunnel, progress)
            return conn
        except RequestException:
            raise
        except (OSError, ValueError) as exc:
            raise _connect_error(route.host, exc) from exc

    async def _tunnel_for(self, route: Route, proxy: ProxyRoute) -> Tunnel | None:
        """What an HTTP proxy is asked for, if a tunnel: under a policy to an allowed address.

        :raises InvalidHeader: when what the proxy is to be told may not go on the wire.
        """
        if route.context is None:
            return None
        place = route.host
        if route.policy is not None:
            place = dial.for_a_tunnel(await self._seen(route))
        return Tunnel(place, route.port, proxy.headers.items())

    async def _seen(self, route: Route) -> list[dial.AddressInfo]:
        """The origin's addresses, those that the route's policy allows if it has one.

        :raises AddressDenied: when there is none among them.
        :raises NameResolutionError: when there is none, and the policy has to see one.
        """
        try:
            found = await self.resolver.resolve(route.host, route.port)
        except OSError as exc:
            if route.policy is None:
                raise
            raise unseen(route.host) from exc
        if route.policy is None:
            return found
        return route.policy.permitted(route.host, route.port, found)

    async def _dial(
        self, progress: Progress, host: str, port: int, policy: AddressPolicy | None = None
    ) -> socket.socket:
        if self.unix_socket is not None:
            return await async_dial.connect_unix(self.unix_socket, self.socket_options)
        progress.doing = dial.first_part(host)
        return await async_dial.connect(
            host,
            port,
            source_address=self.source_address,
            options=self.socket_options,
            resolver=self.resolver,
            policy=policy,
            begin=progress.connects,
        )

    async def _wrap(
        self, progress: Progress, sock: socket.socket, context: ssl.SSLContext | None, host: str
    ) -> AsyncConnection:
        """A connection over ``sock``, which is closed when this fails."""
        buffer = new_buffer() if self.buffer is None else self.buffer
        conn = AsyncConnection(self.loop, sock, buffer, self.gone)
        if context is not None:
            progress.shakes_hands()
            conn.before_tls = b""
        try:
            await self.loop.create_connection(lambda: conn, sock=sock)
            if context is not None:
                await self._shake_hands(conn, context, host)
        except BaseException as exc:
            conn.abort()
            if context is not None and isinstance(exc, ConnectionError):
                raise broken_handshake() from exc
            raise
        progress.connects()
        return conn

    async def _socks_talk(self, proxy: SocksProxy, route: Route) -> Negotiation:
        """What is to be said to the proxy; it has resolved the origin, if this side does.

        :raises InvalidURL, InvalidProxyURL: when SOCKS cannot say it.
        """
        host = route.host
        if not proxy.remote_dns or route.policy is not None:
            try:
                host = proxy.choose(await self._seen(route))
            except RequestException:
                raise
            except OSError as exc:
                said = f"{host} has no address here; a socks5h:// proxy looks names up itself"
                none = lower.ProxyError("the SOCKS proxy made no connection", OSError(said))
                raise none from exc
        return proxy.negotiation(host, route.port)

    async def _negotiate(self, sock: socket.socket, talk: Negotiation) -> None:
        """Have the SOCKS proxy connect ``sock`` to the origin; it is closed when this fails."""
        try:
            message = talk.opening
            while not talk.complete:
                if message:
                    await self.loop.sock_sendall(sock, message)
                message = talk.feed(await self.loop.sock_recv(sock, _RECEIVE_SIZE))
        except BaseException:
            sock.close()
            raise

    async def _tunnel(
        self, conn: AsyncConnection, route: Route, tunnel: Tunnel, progress: Progress
    ) -> None:
        """Have the proxy open a tunnel, and shake hands with the origin through it.

        :raises urllib3.exceptions.ProxyError: for whatever the proxy does wrong until it
            has opened the tunnel.
        """
        try:
            try:
                conn.begin(tunnel.parser, None)
                conn.transport.write(tunnel.head)
                while tunnel.parser.head is None:
                    conn.check()
                    await conn.wait(None)
                tunnel.check()
            except RequestException:
                raise
            except TunnelRefused as exc:
                raise lower.ProxyError("the proxy refused the tunnel", exc) from exc
            except TunnelSpoiled as exc:
                raise lower.SSLError(exc) from exc
            except (OSError, ProtocolViolation) as exc:
                raise lower.ProxyError("the proxy broke off the CONNECT", exc) from exc
            progress.is_beyond_proxy = True
            progress.shakes_hands()
            conn.rest()
            await self._shake_hands(
                conn,
                route.context,  # type: ignore[arg-type]  # a tunnel is for TLS
                route.host,
            )
        except BaseException as exc:
            conn.abort()
            # A TypeError is what Python 3.11 makes of any failure of TLS inside TLS.
            if progress.is_beyond_proxy and isinstance(exc, ConnectionError | TypeError):
                raise broken_handshake() from exc
            raise

    async def _shake_hands(self, conn: AsyncConnection, context: ssl.SSLContext, host: str) -> None:
        """Put TLS on top of what ``conn`` has; it has to be aborted when this fails.

        :raises OSError, ssl.CertificateError: when there is no agreement.
        """
        if conn.closed:  # the server hung up before it was greeted
            raise broken_handshake()
        came, conn.before_tls = conn.before_tls, None
        if came:  # which TLS takes before it begins
            self.loop.call_soon(_hand_over, conn.transport, came)
        # Not by create_connection(), which would not show the transport below.
        conn.transport = await self.loop.start_tls(
            conn.transport,
            conn,
            context,
            server_hostname=_server_name(host),
            ssl_handshake_timeout=_HANDSHAKE_TIME,
        )
        if conn.transport is None:
            raise broken_handshake()
        conn.is_tls = True


def _hand_over(transport: Any, data: bytes) -> None:
    """Let the protocol that ``transport`` has now receive ``data``; nothing if it is closed."""
    protocol = transport.get_protocol()
    if protocol is not None:
        protocol.get_buffer(len(data))[: len(data)] = data
        protocol.buffer_updated(len(data))


def _server_name(host: str) -> str:
    """What the certificate has to be for: without a root dot, and without a zone."""
    return host.partition("%")[0].rstrip(".")


def _connect_error(host: str, error: Exception) -> Exception:
    """The error for a connection that could not be made, as urllib3 words it."""
    if isinstance(error, lower.HTTPError):
        return error
    if isinstance(error, ssl.SSLError | ssl.CertificateError | ValueError):
        return lower.SSLError(error)
    if isinstance(error, socket.gaierror):
        return lower.NameResolutionError(host, None, error)  # type: ignore[arg-type]  # no pool
    return lower.NewConnectionError(None, str(error))  # type: ignore[arg-type]  # likewise
