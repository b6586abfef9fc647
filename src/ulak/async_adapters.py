"""Adapters of an :class:`~ulak.AsyncSession`: what carries one request, and is awaited.

The contract is that of :mod:`ulak.adapters`, with ``async def send``.  Write your own
by subclassing :class:`AsyncBaseAdapter` and its one method; adapters also compose by
wrapping one another.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from typing import TYPE_CHECKING, Any, ClassVar, Final

from urllib3 import exceptions as lower

from . import _tls, _urls
from ._environment import normalise_proxy, select_proxy
from ._errors import LOWER_ERRORS, assign, translate
from ._headers import prepare_headers
from ._protocol.exchange import (
    METHODS_WITH_BODY,
    announce_no_body,
    fields_by_proxy,
    fields_to_origin,
    keeps_alive,
)
from ._protocol.h1 import RequestHeads
from ._protocol.pool import Limits
from ._transport import clock
from ._transport.async_limit import Limit
from ._transport.async_pool import AsyncPool
from ._transport.async_route import ProxyRoute, Route
from ._transport.payload import CallerError, Payload
from ._transport.targets import check_forwarded, proxy_credentials, request_target
from .async_models import AsyncResponse
from .exceptions import AddressDenied, InvalidOption, InvalidURL, RequestException
from .retries import resolve
from .structures import CaseInsensitiveDict
from .timeouts import Timeout

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from urllib3.util import Retry

    from ._addresses import AddressPolicy
    from ._transport.async_response import AsyncRawResponse
    from ._types import Cert, Path, Proxies, RetriesInput, Verify
    from .models import PreparedRequest

__all__ = ["AsyncBaseAdapter", "AsyncHTTPAdapter"]

#: Open connections in all: well below the 1,024 descriptors that a process usually has.
DEFAULT_CONNECTIONS: Final = 512
#: Seconds that an idle connection is kept; most servers keep it for longer.
DEFAULT_EXPIRY: Final = 30.0
#: Ways to origins that an adapter remembers, at least.
_MOST_ROUTES: Final = 4096


class AsyncBaseAdapter:
    """The contract of an adapter.

    ``send`` carries out exactly one exchange:

    - it follows no redirects, does no authentication, keeps no cookies;
    - it never changes the request;
    - a status code is not an error: it returns the response, whatever it says;
    - what goes wrong is raised as a :class:`~ulak.exceptions.RequestException`;
    - many tasks may await it at once, and any of them may be cancelled;
    - on every path its connection is given back, closed, or handed to the
      response, whose ``aclose()`` then settles it.

    The response's ``raw`` gives the body: it has ``stream(size, decode_content=True)``,
    an asynchronous iterator of bytes, or ``read(size)``, plain or ``async``; and ``close()`` or
    ``async def aclose()``.
    An adapter that has the body already sets ``response.raw = io.BytesIO(body)``.
    """

    #: As in :class:`~ulak.adapters.BaseAdapter`.
    keeps_address_policy: bool = False

    #: Whether ``send`` is awaited.
    _asynchronous: ClassVar[bool] = True

    async def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies = None,
    ) -> AsyncResponse:
        """Send ``request`` and return the response, its body not yet read.

        :param stream: whether the caller will read the body piece by piece.
        :param timeout: what :meth:`ulak.Timeout.of` reads; its ``total`` is what
            is left for this exchange and the reading of its body.
        :param verify: whether, or against which certificates, to verify the server.
        :param cert: the client's certificate.
        :param proxies: proxy URLs by scheme or by scheme and host.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Release what the adapter holds, if anything.  Harmless when called again."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncHTTPAdapter(AsyncBaseAdapter):
    """The adapter for ``http://`` and ``https://``, on asyncio or a loop like it.

    Who finds no connection free waits in a queue, first come, first served, for as long
    as ``Timeout(pool=…)`` says; a host at its limit holds up nobody else's.  Connections
    belong to the event loop that they were made on: an adapter may be used from
    several, and has connections of its own on each.

    :param max_connections: that may be open at a time; ``None`` for any number.
    :param max_connections_per_host: of these, to one scheme, host and port.
    :param max_keepalive: how many idle ones to keep; ``None`` for all, 0 for none.
    :param keepalive_expiry: seconds to keep an idle one.
    :param max_age: seconds after which a connection is not used again; for servers
        behind a name that moves.
    :param max_retries: a number or a :class:`urllib3.util.Retry`; the session
        retries by it what is sent through this adapter, unless it or the call
        says otherwise.
    :param source_address: the local address to connect from, or ``(address, port)``.
    :param socket_options: for :meth:`socket.socket.setsockopt`, before connecting.
    :param unix_socket: the path of a unix socket to connect to, whatever the URL says.
    :raises InvalidOption: when a limit can never be met.
    """

    keeps_address_policy: bool = True

    __attrs__: ClassVar[list[str]] = [
        "max_retries",
        "limits",
        "source_address",
        "socket_options",
        "unix_socket",
    ]

    def __init__(  # noqa: PLR0913 - keywords, each a limit of its own
        self,
        *,
        max_connections: int | None = DEFAULT_CONNECTIONS,
        max_connections_per_host: int | None = None,
        max_keepalive: int | None = None,
        keepalive_expiry: float | None = DEFAULT_EXPIRY,
        max_age: float | None = None,
        max_retries: RetriesInput = 0,
        source_address: tuple[str, int] | str | None = None,
        socket_options: Sequence[tuple[Any, ...]] = (),
        unix_socket: Path | None = None,
    ) -> None:
        self.max_retries: Retry | None = resolve(max_retries)
        #: The limits on connections.
        self.limits: Limits = _checked_limits(
            Limits(
                max_connections,
                max_connections_per_host,
                max_keepalive,
                keepalive_expiry,
                max_age,
            )
        )
        self.source_address: tuple[str, int] | str | None = source_address
        self.socket_options: tuple[tuple[Any, ...], ...] = tuple(socket_options)
        self.unix_socket: Path | None = unix_socket
        self._begin()

    def _begin(self) -> None:
        self._pools: dict[asyncio.AbstractEventLoop, AsyncPool] = {}
        self._current: tuple[asyncio.AbstractEventLoop | None, Any] = (None, None)
        self._routes: dict[Any, Route] = {}
        self._most_routes = _MOST_ROUTES
        self._heads = RequestHeads()
        _adapters.add(self)

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name, None) for name in self.__attrs__}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.limits!r}>"

    # Requests and responses.

    async def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies = None,
    ) -> AsyncResponse:
        """One exchange over HTTP/1.1; see :meth:`AsyncBaseAdapter.send` for the contract.

        :raises RequestException: of the class that names what failed.
        """
        guards = getattr(request, "_guards", None)  # any object may be a request
        try:
            if guards is not None:
                guards.check_scheme(request)
            limits = Timeout.of(timeout)
            pool = self._pool()
            deadline = clock.after(limits.total)
            url = _urls.parse(request.url or "")
            route = None
            policy = getattr(request, "_address_policy", None)  # any object may be a request
            if policy is not None:
                self._check_way(policy, url)
            elif not proxies and not cert and (verify is True or url.scheme == "http"):
                route = self._routes.get(url.origin)
            if route is None:
                limit = Limit(limits.connect, deadline, "connecting")
                try:
                    async with limit.scope:
                        route = await self._find_route(url, verify, cert, proxies, policy)
                except TimeoutError as exc:
                    late = f"the certificates were not read in {limits.connect} s"
                    raise limit.late(lower.ConnectTimeoutError(None, late)) from exc
            headers: Any = request.headers
            if not isinstance(headers, CaseInsensitiveDict):
                headers = prepare_headers(headers)
            method = request.method or ""
            target = request_target(url.href, proxies) if proxies else url.target
            if policy is not None and route.forwards:
                check_forwarded(policy, target)
            head = self._head(route, request, target, url, headers)
            payload = Payload.of(request, headers)
            raw = await pool.exchange(
                route, head, method, limits, deadline, payload, keep_alive=keeps_alive(headers)
            )
        except RequestException as exc:
            assign(exc, request)
            raise
        except CallerError as exc:
            callers = exc.args[0]
        except LOWER_ERRORS as exc:
            raise translate(exc, request) from exc
        else:
            response = self.build_response(request, raw)
            return response if guards is None else guards.limited(response)
        try:
            raise callers  # their own, from reading the body, as they raised it
        finally:
            del callers

    def _head(
        self,
        route: Route,
        request: PreparedRequest,
        target: str,
        url: _urls.URL,
        headers: CaseInsensitiveDict[Any],
    ) -> bytes:
        """The head of the request as it goes on the wire."""
        host = url.host_header
        if route.forwards:
            fields = fields_by_proxy(headers, host, route.proxy.headers)  # type: ignore[union-attr]
        else:
            fields = fields_to_origin(headers, host, tunnelled=route.proxy is not None)
        method = request.method or ""
        if request.body is None and method in METHODS_WITH_BODY:
            announce_no_body(fields, headers)
        return self._heads.head(method, target, fields)

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """The headers for the proxy itself: its credentials, where its URL has some."""
        return proxy_credentials(proxy)

    def build_response(self, req: PreparedRequest, resp: AsyncRawResponse) -> AsyncResponse:
        """An :class:`~ulak.AsyncResponse` from what was read; an override point."""
        response = AsyncResponse()
        response.raw = resp
        response.status_code = resp.status
        response.url = req.url or ""
        response.request = req
        response.connection = self
        return response

    # Routes.

    def _check_way(self, policy: AddressPolicy, url: _urls.URL) -> None:
        """See that what is dialled for ``url`` is something that ``policy`` can look at.

        :raises AddressDenied: when it is a unix socket: a redirect might lead there.
        """
        if self.unix_socket is not None:
            raise AddressDenied(
                f"{url.host} is served by a unix socket, of which the address policy knows nothing"
            )

    async def _find_route(
        self,
        url: _urls.URL,
        verify: Verify,
        cert: Cert,
        proxies: Proxies,
        policy: AddressPolicy | None,
    ) -> Route:
        """The route for a request, made when first asked for.

        :raises InvalidURL: when the URL or the proxy's cannot be used.
        """
        if url.scheme not in ("http", "https"):
            raise InvalidURL(f"{type(self).__name__} cannot send to {url.scheme}:// URLs")
        context = await _context_for(verify, cert) if url.scheme == "https" else None
        selected = select_proxy(url.href, proxies) if proxies else None
        if not selected:
            is_plain = context is None or (verify is True and not cert)
            key: Any = url.origin if is_plain else (url.origin, context)
            if policy is not None:
                key = key, policy
            return self._remember(key, lambda: Route(url, context, None, policy))
        proxy = normalise_proxy(selected)
        to_proxy = await _context_for(verify, None) if proxy.startswith("https") else None
        # One that forwards takes requests for whatever origin on the same connection.
        forwards = context is None and not proxy.startswith("socks")
        key = None if forwards else url.origin, context, proxy, to_proxy, policy
        return self._remember(
            key, lambda: Route(url, context, self._proxy_route(proxy, to_proxy), policy)
        )

    def _remember(self, key: Any, make: Callable[[], Route]) -> Route:
        route = self._routes.get(key)
        if route is None:
            if len(self._routes) >= self._most_routes:
                self._forget_routes()
            route = self._routes[key] = make()
        return route

    def _forget_routes(self) -> None:
        """Keep the routes that connections belong to: with another they would not be found."""
        used = {route for pool in list(self._pools.values()) for route in pool.routes()}
        # In one step: other threads have loops, too.
        self._routes = {key: route for key, route in self._routes.copy().items() if route in used}
        self._most_routes = max(_MOST_ROUTES, 2 * len(self._routes))

    def _proxy_route(self, proxy: str, context: ssl.SSLContext | None) -> ProxyRoute:
        if proxy.startswith("socks"):
            from ._transport.socks import SocksProxy

            socks = SocksProxy.of(proxy)
            return ProxyRoute(proxy, socks.host, socks.port, None, {}, socks)
        url = _urls.parse(proxy)
        return ProxyRoute(
            proxy,
            url.host.strip("[]"),
            url.effective_port or 0,
            context,
            self.proxy_headers(proxy),
            None,
        )

    # Connections.

    def _pool(self) -> AsyncPool:
        """The connections that belong to the loop that runs."""
        loop = asyncio.get_running_loop()
        current, pool = self._current
        if current is loop and not pool.is_closed:  # as another thread may have done meanwhile
            return pool  # type: ignore[no-any-return]
        known = self._pools.get(loop)
        if known is None or known.is_closed:
            for other in list(self._pools):  # another thread may be doing the same
                if other.is_closed() and (left := self._pools.pop(other, None)) is not None:
                    left.forget()
            known = self._pools[loop] = AsyncPool(
                loop,
                self.limits,
                source_address=self.source_address,
                socket_options=self.socket_options,
                unix_socket=None if self.unix_socket is None else str(self.unix_socket),
            )
        self._current = loop, known
        return known

    @property
    def _is_open(self) -> bool:
        """Whether a connection is open."""
        return any(not pool.is_empty for pool in self._pools.values())

    def _drop_after_fork(self) -> None:
        """In a forked child: begin without connections."""
        self._inherited = self._pools  # whose transports nobody may collect, which would close them
        self._pools = {}
        self._current = (None, None)
        for pool in self._inherited.values():
            pool.drop_after_fork()

    async def close(self) -> None:
        """Close every connection, those in use too: what is under way ends with SessionClosed."""
        pools, self._pools = self._pools, {}
        self._current = (None, None)
        running = asyncio.get_running_loop()
        for loop, pool in pools.items():
            if loop is running:
                await pool.close()
            else:
                try:
                    loop.call_soon_threadsafe(pool.abort)
                except RuntimeError:  # that loop is closed
                    pool.forget()


_adapters: weakref.WeakSet[AsyncHTTPAdapter] = weakref.WeakSet()


def _after_fork() -> None:
    for adapter in list(_adapters):
        adapter._drop_after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork)


async def _context_for(verify: Verify, cert: Cert) -> ssl.SSLContext:
    """The TLS context; built in a thread, since reading certificates takes some milliseconds."""
    known = _tls.known_context(verify, cert)
    return await asyncio.to_thread(_tls.context_for, verify, cert) if known is None else known


def _checked_limits(limits: Limits) -> Limits:
    """``limits``.

    :raises InvalidOption: when one can never be met.
    """
    for name, least in (
        ("max_connections", 1),
        ("max_connections_per_host", 1),
        ("max_keepalive", 0),
    ):
        value = getattr(limits, name)
        if value is not None and (type(value) is not int or value < least):
            raise InvalidOption(f"{name}={value!r} should be a whole number from {least}, or None")
    for name in ("keepalive_expiry", "max_age"):
        value = getattr(limits, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InvalidOption(f"{name}={value!r} should be a number of seconds, or None")
        if value is not None and not value >= 0:
            raise InvalidOption(f"{name}={value!r} should not be below zero")
    return limits
