"""Pools by place and settings: urllib3's pool managers, with our pools in them.

Besides the choice of classes this adds three things: closing what is in use,
forgetting the parent's connections in a forked child, and telling the adapter
when a pool was dropped for being used the least.  A manager of urllib3's own, as many
adapters make one, is taken for its settings: :func:`of_urllib3s`.
"""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any

from urllib3 import poolmanager as _stock
from urllib3.poolmanager import PoolManager as _PoolManager
from urllib3.poolmanager import ProxyManager as _ProxyManager

from .pool import CodecPool, HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CodecPoolManager", "PoolManager", "ProxyManager", "of_urllib3s"]

POOL_CLASSES = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}

_managers: weakref.WeakSet[CodecPoolManager] = weakref.WeakSet()


class CodecPoolManager(_PoolManager):
    """What a manager of ours adds to one of urllib3's."""

    #: Goes up by one whenever a pool is dropped.
    generation: int = 0

    def _take_charge(self) -> None:
        """Use our pools, and hear of those that are dropped."""
        self.pool_classes_by_scheme = POOL_CLASSES  # type: ignore[assignment]
        self.pools.dispose_func = self._dropper()
        for scheme, key_of in self.key_fn_by_scheme.items():
            self.key_fn_by_scheme[scheme] = _with_policy(key_of)  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]  # any function of a context will do
        _managers.add(self)

    def _dropper(self) -> Callable[[Any], None]:
        """What a dropped pool is given to; it does not keep the manager alive."""
        reference = weakref.ref(self)

        def drop(pool: Any) -> None:
            manager = reference()
            if manager is not None:
                manager.generation += 1
            if isinstance(pool, CodecPool):
                pool.drain()
            else:
                pool.close()

        return drop

    def abort(self) -> None:
        """Close every connection, those in use too."""
        pools = [self.pools[key] for key in self.pools.keys()]  # noqa: SIM118 - not iterable
        self.clear()
        for pool in pools:
            if isinstance(pool, CodecPool):
                pool.abort()

    def drop_after_fork(self) -> None:
        """In a forked child: start again without connections."""
        old, self.pools = self.pools, type(self.pools)(self.pools._maxsize, self._dropper())
        self.generation += 1
        for pool in old._container.values():
            if isinstance(pool, CodecPool):
                pool.drop_after_fork()


def _with_policy(key_of: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """A pool's key with the address policy in it: what is open was dialled under that one."""

    def key(context: dict[str, Any]) -> Any:
        if "address_policy" not in context:
            return key_of(context)
        plain = dict(context)
        policy = plain.pop("address_policy")
        return key_of(plain), policy

    return key


class PoolManager(CodecPoolManager):
    """Connections without a proxy."""

    def __init__(self, num_pools: int = 10, **kw: Any) -> None:
        _PoolManager.__init__(self, num_pools, **kw)
        self._take_charge()


class ProxyManager(CodecPoolManager, _ProxyManager):
    """Connections by an HTTP or HTTPS proxy."""

    def __init__(self, proxy_url: str, **kw: Any) -> None:
        _ProxyManager.__init__(self, proxy_url, **kw)
        self._take_charge()


def of_urllib3s(manager: _PoolManager) -> _PoolManager:
    """A manager of ours with the settings of one of urllib3's own, and none of its connections.

    Any other is given back as it is: a subclass, or one whose pools, keys or methods
    somebody has changed, means what it does.
    """
    if (
        type(manager) not in (_PoolManager, _ProxyManager)
        or manager.pool_classes_by_scheme is not _stock.pool_classes_by_scheme
        or manager.key_fn_by_scheme != _stock.key_fn_by_scheme
        or any(callable(getattr(type(manager), name, None)) for name in vars(manager))
    ):
        return manager
    settings: dict[str, Any] = {"num_pools": manager.pools._maxsize, "headers": manager.headers}
    ours: CodecPoolManager
    if isinstance(manager, _ProxyManager):
        proxy: Any = manager.proxy  # always set, as is its configuration
        config: Any = manager.proxy_config
        ours = ProxyManager(
            proxy.url,
            proxy_headers=manager.proxy_headers,
            proxy_ssl_context=config.ssl_context,
            use_forwarding_for_https=config.use_forwarding_for_https,
            proxy_assert_hostname=config.assert_hostname,
            proxy_assert_fingerprint=config.assert_fingerprint,
            **settings,
        )
    else:
        ours = PoolManager(**settings)
    ours.connection_pool_kw = manager.connection_pool_kw  # whoever has the other may change it
    # One for all threads that ask at once.
    return vars(manager).setdefault("_of_ulak", ours)  # type: ignore[no-any-return]


def _after_fork() -> None:
    for manager in list(_managers):
        manager.drop_after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork)
