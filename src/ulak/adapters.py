"""Adapters: what carries one request to a server and brings its response.

A session mounts an adapter on a URL prefix.  Write your own by subclassing
:class:`BaseAdapter` and its one method, or :class:`HTTPAdapter` and one of its
override points; adapters also compose by wrapping one another.
"""

from __future__ import annotations

from ssl import SSLContext
from typing import TYPE_CHECKING, Any, ClassVar, Final

import urllib3
from urllib3.poolmanager import PoolKey
from urllib3.util import Retry

from . import _tls, _urls
from ._environment import normalise_proxy, select_proxy
from ._errors import LOWER_ERRORS, assign, translate
from ._headers import Headers, prepare_headers
from ._protocol.exchange import is_absolute
from ._transport.answer import Answer
from ._transport.manager import CodecPoolManager, PoolManager, ProxyManager, of_urllib3s
from ._transport.payload import CallerError, Payload
from ._transport.pool import CodecPool
from ._transport.response import RawResponse
from ._transport.stock import urlopen
from ._transport.targets import check_forwarded, proxy_credentials, request_target
from .exceptions import InvalidOption, RequestException
from .models import PreparedRequest, Response
from .retries import resolve
from .structures import CaseInsensitiveDict
from .timeouts import Timeout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from ._addresses import AddressPolicy
    from ._types import Cert, Proxies, RetriesInput, Verify

__all__ = [
    "DEFAULT_POOLBLOCK",
    "DEFAULT_POOLSIZE",
    "DEFAULT_RETRIES",
    "BaseAdapter",
    "HTTPAdapter",
    "Retry",
]

#: How many origins an adapter keeps connections to, the most recently used.
DEFAULT_POOLS: Final = 512
#: How many idle connections it keeps to each.
DEFAULT_POOLSIZE: Final = 100
DEFAULT_POOLBLOCK: Final = False
DEFAULT_POOL_TIMEOUT: Final = None
DEFAULT_RETRIES: Final = 0


class BaseAdapter:
    """The contract of an adapter.

    ``send`` carries out exactly one exchange:

    - it follows no redirects, does no authentication, keeps no cookies;
    - it never changes the request;
    - a status code is not an error: it returns the response, whatever it says;
    - what goes wrong is raised as a :class:`~ulak.exceptions.RequestException`;
    - it may be called by many threads at once;
    - on every path its connection is given back, closed, or handed to the
      response, whose ``close()`` then settles it.
    """

    #: Whether what it sends goes nowhere that the request's
    #: :class:`~ulak.AddressPolicy` denies: by sending through an adapter that keeps it, or
    #: by connecting to nothing.  Without this a session refuses to use it under a policy.
    keeps_address_policy: bool = False

    #: Whether ``send`` is awaited.
    _asynchronous: ClassVar[bool] = False

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies = None,
    ) -> Response:
        """Send ``request`` and return the response, its body not yet read.

        :param stream: whether the caller will read the body piece by piece.
        :param timeout: what :meth:`ulak.Timeout.of` reads; its ``total`` is what
            is left for this exchange and the reading of its body.
        :param verify: whether, or against which certificates, to verify the server.
        :param cert: the client's certificate.
        :param proxies: proxy URLs by scheme or by scheme and host.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Release what the adapter holds.  Harmless when called again."""
        raise NotImplementedError

    def __enter__(self) -> BaseAdapter:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


#: urllib3's keywords for what ``verify`` says, and for what ``cert`` says.
_VERIFYING: Final = ("cert_reqs", "ca_certs")
_IDENTIFYING: Final = ("cert_file", "key_file", "key_password")


class HTTPAdapter(BaseAdapter):
    """The adapter for ``http://`` and ``https://``, on urllib3's pools.

    :param pool_connections: how many origins to keep connections to.
    :param pool_maxsize: how many idle connections to keep to each.
    :param max_retries: a number or a :class:`urllib3.util.Retry`; the session
        retries by it what is sent through this adapter, unless it or the call
        says otherwise.
    :param pool_block: open no more than ``pool_maxsize`` connections to an
        origin, and wait for a free one (``Timeout(pool=…)``).

    Override points: :meth:`init_poolmanager`, :meth:`proxy_manager_for`,
    :meth:`build_connection_pool_key_attributes`,
    :meth:`get_connection_with_tls_context`, :meth:`cert_verify`,
    :meth:`request_url`, :meth:`add_headers`, :meth:`proxy_headers`,
    :meth:`build_response`, :meth:`send` and :meth:`close`.
    """

    __attrs__: ClassVar[list[str]] = [
        "max_retries",
        "config",
        "_pool_connections",
        "_pool_maxsize",
        "_pool_block",
    ]

    keeps_address_policy: bool = True

    #: Whether pools may be looked up by the settings alone; see __init_subclass__.
    _keys_are_plain: bool = True

    max_retries: Retry
    poolmanager: urllib3.PoolManager

    def __init__(
        self,
        pool_connections: int = DEFAULT_POOLS,
        pool_maxsize: int = DEFAULT_POOLSIZE,
        max_retries: RetriesInput = DEFAULT_RETRIES,
        pool_block: bool = DEFAULT_POOLBLOCK,
    ) -> None:
        counts = {"pool_connections": pool_connections, "pool_maxsize": pool_maxsize}
        for name, count in counts.items():
            if not isinstance(count, int):
                raise InvalidOption(f"{name}={count!r} should be a number of connections")
        self.max_retries = resolve(max_retries) or _no_retries()
        self.config: dict[str, Any] = {}
        self.proxy_manager: dict[str, urllib3.PoolManager] = {}
        self._pool_connections = pool_connections
        self._pool_maxsize = pool_maxsize
        self._pool_block = pool_block
        self._known: dict[Any, tuple[Any, int, Any, dict[str, Any]]] = {}
        self.init_poolmanager(pool_connections, pool_maxsize, block=pool_block)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._keys_are_plain = (
            cls.build_connection_pool_key_attributes
            is HTTPAdapter.build_connection_pool_key_attributes
            and cls.proxy_manager_for is HTTPAdapter.proxy_manager_for
        )

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name, None) for name in self.__attrs__}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.proxy_manager = {}
        self.config = {}
        self._known = {}
        for name, value in state.items():
            setattr(self, name, value)
        self.init_poolmanager(self._pool_connections, self._pool_maxsize, block=self._pool_block)

    # Pools.

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = DEFAULT_POOLBLOCK,
        **pool_kwargs: Any,
    ) -> None:
        """Set ``poolmanager``; not for callers, an override point.

        :param pool_kwargs: for :class:`urllib3.PoolManager`, such as
            ``ssl_context``, ``source_address`` or ``socket_options``.
        """
        self._pool_connections = connections
        self._pool_maxsize = maxsize
        self._pool_block = block
        self._known = {}
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs
        )

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> urllib3.PoolManager:
        """The pool manager for ``proxy``, made when first asked for.

        :raises InvalidProxyURL: when the URL cannot be used.
        """
        manager = self.proxy_manager.get(proxy)
        if manager is not None:
            return manager
        settings = {
            "num_pools": self._pool_connections,
            "maxsize": self._pool_maxsize,
            "block": self._pool_block,
            **proxy_kwargs,
        }
        if proxy.lower().startswith("socks"):
            manager = _socks_manager(proxy, **settings)
        else:
            settings["proxy_headers"] = self.proxy_headers(proxy)
            manager = ProxyManager(proxy, **settings)
        # One for all threads that ask at once: what another held would never be closed.
        manager = self.proxy_manager.setdefault(proxy, manager)
        self._forget_proxies()
        return manager

    def _forget_proxies(self) -> None:
        """Drop those that are too many: the ones that were first used the longest ago."""
        known = list(self.proxy_manager)
        for oldest in known[: max(0, len(known) - max(1, self._pool_connections))]:
            dropped = self.proxy_manager.pop(oldest, None)
            if dropped is not None:  # or another thread was faster
                dropped.clear()

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Verify, cert: Cert = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What tells the connections for this request from others.

        :returns: ``(host_params, pool_kwargs)`` for urllib3's
            ``connection_from_host``: where to connect, and with which TLS.
        """
        url = _urls.parse(request.url or "")
        host_params = {"scheme": url.scheme, "host": url.written_host, "port": url.port}
        return host_params, self._tls_settings(url.scheme, verify, cert)

    def _tls_settings(self, scheme: str, verify: Verify, cert: Cert) -> dict[str, Any]:
        """The pool's TLS keywords; a context of the pool manager's own is kept.

        Unless ``verify`` is one: a call's word counts more.
        """
        if scheme != "https":
            return {}
        managers = "ssl_context" in self.poolmanager.connection_pool_kw
        if managers and not isinstance(verify, SSLContext):
            context = self.poolmanager.connection_pool_kw["ssl_context"]
            return _tls.as_keywords(verify, cert, trusts=_trusts_someone(context))
        return {"ssl_context": _tls.context_for(verify, cert)}

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: Verify,
        proxies: Proxies = None,
        cert: Cert = None,
    ) -> urllib3.HTTPConnectionPool:
        """The pool for ``request``, by its proxy if it has one.

        :raises InvalidURL: when the URL or the proxy's cannot be used.
        """
        url = request.url or ""
        proxy = select_proxy(url, proxies) if proxies else None
        key = self._key_of(url, verify, cert, proxy) if self._keys_are_plain else None
        if key is not None:
            policy = getattr(request, "_address_policy", None)
            if policy is not None:
                key = key, policy
            found = self._known.get(key)
            if (
                found is not None
                and found[1] == found[2].generation
                and (proxy is not None or found[2] is self.poolmanager)
                and found[3] == found[2].connection_pool_kw
            ):
                return found[0]  # type: ignore[no-any-return]
        pool, manager = self._find_pool(request, verify, proxy, cert)
        if key is not None and isinstance(manager, CodecPoolManager):
            self._remember(key, pool, manager)
        return pool

    def _key_of(self, url: str, verify: Verify, cert: Cert, proxy: str | None) -> Any:
        """What a pool is remembered by: its place, its TLS context, its proxy."""
        parsed = _urls.parse(url)
        if parsed.scheme == "http":
            if proxy is None or not normalise_proxy(proxy).startswith("https:"):
                return parsed.origin, proxy
            return parsed.origin, proxy, _tls.context_for(verify)  # by which the proxy is known
        if "ssl_context" in self.poolmanager.connection_pool_kw:
            return None
        return parsed.origin, proxy, _tls.context_for(verify, cert)

    def _find_pool(
        self, request: PreparedRequest, verify: Verify, proxy: str | None, cert: Cert
    ) -> tuple[urllib3.HTTPConnectionPool, urllib3.PoolManager]:
        host_params, pool_kwargs = self.build_connection_pool_key_attributes(request, verify, cert)
        manager = self._manager_for(proxy)
        if proxy:
            pool_kwargs = _with_tls_to_proxy(manager, pool_kwargs, verify)
        pool_kwargs = _over_the_managers(manager, pool_kwargs, verify, cert)
        policy = getattr(request, "_address_policy", None)
        if policy is not None and isinstance(manager, CodecPoolManager):
            pool_kwargs = {**pool_kwargs, "address_policy": policy}
        try:
            pool = manager.connection_from_host(**host_params, pool_kwargs=pool_kwargs)
        except TypeError as exc:
            _check_keywords({**manager.connection_pool_kw, **pool_kwargs}, exc)
            raise
        if isinstance(pool, CodecPool):
            pool.tls_settings = verify, cert
        return pool, manager

    def _manager_for(self, proxy: str | None) -> urllib3.PoolManager:
        """The pool manager for ``proxy``, or for none; one of ours, where it is a plain one."""
        if not proxy:
            if not isinstance(self.poolmanager, CodecPoolManager):
                self.poolmanager = of_urllib3s(self.poolmanager)
            return self.poolmanager
        url = normalise_proxy(proxy)
        manager = self.proxy_manager_for(url)
        # Not where a subclass keeps it elsewhere, or makes one for each request.
        if not isinstance(manager, CodecPoolManager) and self.proxy_manager.get(url) is manager:
            self.proxy_manager[url] = manager = of_urllib3s(manager)
        return manager

    def _remember(self, key: Any, pool: Any, manager: CodecPoolManager) -> None:
        """Find ``pool`` at once next time, until the manager drops any of its pools.

        Or until its settings change, as adapters do that set ``assert_hostname`` on it.
        """
        if len(self._known) >= self._pool_connections:
            self._known.clear()
        self._known[key] = (pool, manager.generation, manager, manager.connection_pool_kw.copy())

    def get_connection(self, url: str, proxies: Proxies = None) -> urllib3.HTTPConnectionPool:
        """The pool for ``url``, without the TLS settings of a request.

        Deprecated: :meth:`get_connection_with_tls_context` takes them into account.
        """
        import warnings

        warnings.warn(
            "get_connection() ignores verify= and cert=; "
            "use get_connection_with_tls_context(request, verify, proxies, cert)",
            DeprecationWarning,
            stacklevel=2,
        )
        proxy = select_proxy(url, proxies) if proxies else None
        manager = self._manager_for(proxy)
        return manager.connection_from_url(_urls.parse(url).href)

    def cert_verify(self, conn: Any, url: str, verify: Verify, cert: Cert) -> None:
        """Set on the pool ``conn`` how to verify, for a subclass that changes it.

        The settings of the request are in the pool's key already; what differs
        from them is applied here.
        """
        made_for = conn.tls_settings if isinstance(conn, CodecPool) else None
        if not url.lower().startswith("https") or made_for == (verify, cert):
            return
        if made_for is not None and _tls.are_same(made_for, (verify, cert)):
            return
        if isinstance(verify, SSLContext):
            conn.conn_kw["ssl_context"] = _tls.context_for(verify, cert)
            return
        for name, value in _tls.as_keywords(verify, cert).items():
            setattr(conn, name, value)
        if made_for is not None:
            conn.conn_kw.pop("ssl_context", None)

    # Requests and responses.

    def request_url(self, request: PreparedRequest, proxies: Proxies) -> str:
        """The request's target: a path, or the whole URL for a forwarding proxy.

        RFC 9112, section 3.2.
        """
        return request_target(request.url or "", proxies)

    def add_headers(self, request: PreparedRequest, **kwargs: Any) -> None:
        """Called before sending, with the keywords of :meth:`send`; an override point."""

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """The headers for the proxy itself: its credentials, where its URL has some."""
        return proxy_credentials(proxy)

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """A :class:`Response` from urllib3's ``resp``; an override point.

        Where nobody overrides it, ``resp`` may be what urllib3's is made of later.
        """
        response = Response()
        if type(resp) is Answer:
            response._answer = resp
            response.status_code = resp.head.status
        else:
            response.raw = resp
            response.status_code = resp.status
        response.url = req.url or ""
        response.request = req
        response.connection = self
        # A head of ours is read when it is looked at, unless others changed it before.
        other: Any = resp
        if response._answer is None and (
            not isinstance(resp, RawResponse) or resp._headers is not None
        ):
            response.reason = other.reason
            response.headers = _headers_of(other)
        return response

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies = None,
    ) -> Response:
        """One exchange over HTTP/1.1; see :meth:`BaseAdapter.send` for the contract.

        :raises RequestException: of the class that names what failed.
        """
        limits = Timeout.of(timeout)
        guards = getattr(request, "_guards", None)  # any object may be a request
        try:
            if guards is not None:
                guards.check_scheme(request)
            pool = self.get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
            self.cert_verify(pool, request.url or "", verify, cert)
            target = self.request_url(request, proxies)
            policy = getattr(request, "_address_policy", None)  # any object may be a request
            if policy is not None:
                self._keep_policy(policy, pool, target)
            self.add_headers(
                request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=proxies
            )
            raw = _exchange(pool, request, target, limits)
        except RequestException as exc:
            assign(exc, request)
            raise
        except CallerError as exc:
            callers = exc.args[0]
        except LOWER_ERRORS as exc:
            raise translate(exc, request) from exc
        else:
            if type(raw) is Answer or type(raw) is RawResponse:
                raw.retries = self.max_retries
            if type(raw) is Answer and (
                type(self).build_response is not _OWN_BUILD_RESPONSE
                or "build_response" in self.__dict__
                or Response.raw is not _OWN_RAW
            ):
                raw = raw.as_raw()
            response = self.build_response(request, raw)
            return response if guards is None else guards.limited(response)
        try:
            raise callers  # their own, from reading the body, as they raised it
        finally:
            del callers

    def _keep_policy(self, policy: AddressPolicy, pool: Any, target: str) -> None:
        """See that ``pool`` dials by ``policy``, and that no proxy goes round it.

        :raises AddressDenied: when a proxy may not be asked for ``target``.
        :raises InvalidOption: when the pool is another's, which knows no policy.
        """
        if not isinstance(pool, CodecPool) or pool.address_policy != policy:
            raise InvalidOption(
                f"{type(self).__name__} connects by {type(pool).__name__}, which does not keep "
                "the address policy"
            )
        if is_absolute(target):
            check_forwarded(policy, target)

    def close(self) -> None:
        """Close every connection, those in use too."""
        self._known.clear()
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            if isinstance(manager, CodecPoolManager):
                manager.abort()
            else:
                manager.clear()

    def _retire(self) -> None:
        """Close the idle connections now, and each other one when it is given back."""
        self._known.clear()
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            manager.clear()


_OWN_BUILD_RESPONSE: Final = HTTPAdapter.build_response
_OWN_RAW: Final = Response.raw


def _with_tls_to_proxy(
    manager: urllib3.PoolManager, pool_kwargs: dict[str, Any], verify: Verify
) -> dict[str, Any]:
    """``pool_kwargs`` with what verifies an ``https://`` proxy, as the server is verified."""
    config = manager.proxy_config
    if manager.proxy is None or manager.proxy.scheme != "https" or config is None:
        return pool_kwargs
    if config.ssl_context is not None:
        return pool_kwargs
    context = _tls.context_for(verify)
    config = config._replace(ssl_context=context)
    return {"ssl_context": context, **pool_kwargs, "_proxy_config": config}


def _over_the_managers(
    manager: urllib3.PoolManager, pool_kwargs: dict[str, Any], verify: Verify, cert: Cert
) -> dict[str, Any]:
    """``pool_kwargs`` that take from the manager's what ``verify`` and ``cert`` say otherwise.

    As in requests: what the manager was given for them does not count, but for a context.
    """
    context = pool_kwargs.get("ssl_context")
    if context is None or not _tls.is_shared(context):
        return pool_kwargs
    own = manager.connection_pool_kw.get("ssl_context")
    if own is not None:  # which a proxy's manager may have alone
        files = _tls.as_keywords(verify, cert, trusts=_trusts_someone(own))
        return {**{k: v for k, v in pool_kwargs.items() if k != "ssl_context"}, **files}
    names = _VERIFYING + _IDENTIFYING if cert else _VERIFYING
    without = {name: None for name in names if name in manager.connection_pool_kw}
    return {**without, **pool_kwargs}


def _check_keywords(settings: Mapping[str, Any], error: TypeError) -> None:
    """See that ``settings``, by which no pool could be had, are none but urllib3 knows.

    Not before: a manager may have keys of its own, and know others.

    :raises InvalidOption: from ``error``, when that is about one that it does not know.
    """
    for name in settings:
        if f"key_{name}" not in PoolKey._fields and f"'key_{name}'" in str(error):
            raise InvalidOption(
                f"{name}= is no setting of urllib3's pools, which the adapter's were given"
            ) from error


def _socks_manager(proxy_url: str, **kw: Any) -> urllib3.PoolManager:
    """Connections by a SOCKS proxy.

    :raises InvalidProxyURL: when the URL cannot be used.
    """
    from ._transport.socks import SOCKSProxyManager

    return SOCKSProxyManager(proxy_url, **kw)


def _exchange(pool: Any, request: PreparedRequest, target: str, limits: Timeout) -> Any:
    """Send through ``pool``: an exchange with one of ours, ``urlopen`` with urllib3's own."""
    headers: Any = request.headers
    if not isinstance(headers, CaseInsensitiveDict):
        headers = prepare_headers(headers)
    payload = Payload.of(request, headers)
    if isinstance(pool, CodecPool):
        return pool.exchange(request.method or "", target, headers, limits, payload)
    return urlopen(pool, request.method or "", target, headers, limits, payload)


def _trusts_someone(context: Any) -> bool:
    """Whether certificates were loaded into a caller's context, which then count alone."""
    try:
        return bool(context.cert_store_stats()["x509"])
    except (AttributeError, KeyError):  # pyOpenSSL's
        return False


def _headers_of(resp: Any) -> CaseInsensitiveDict[str]:
    """The headers of any urllib3 response, repeats kept."""
    headers: Any = getattr(resp, "headers", None) or {}
    if hasattr(headers, "iteritems"):
        return Headers(list(headers.iteritems()))
    return CaseInsensitiveDict(headers)


def _no_retries() -> Retry:
    return Retry(0, read=False)
