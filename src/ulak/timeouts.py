"""How long the phases of a request may take, as one immutable value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ._types import UNSET, Unset
from .exceptions import InvalidTimeout

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["DEFAULT_TIMEOUT", "Timeout"]

_CONNECT: Final = 10.0
_READ: Final = 300.0

Seconds: TypeAlias = float | None


class Timeout:
    """Limits in seconds; ``None`` means no limit.

    :param connect: to resolve the name, connect, and finish TLS (default 10).
    :param read: to wait for the server's next bytes, in the head and in the
        body (default 300).
    :param write: to wait until the server takes the next bytes of the request
        (default: as ``read``).
    :param pool: to wait for a connection when the pool may not open another
        (default: no limit).
    :param total: a deadline over everything: resolving, connecting, TLS, the
        proxy, sending, every redirect, authentication round and retry with the
        pause before it, and reading the body (default: none).
    :raises InvalidTimeout: when a limit is not a number above zero.

    Values are immutable, hashable and safe to share.
    """

    __slots__ = ("connect", "pool", "read", "total", "write")

    connect: Seconds
    read: Seconds
    write: Seconds
    pool: Seconds
    total: Seconds

    def __init__(
        self,
        connect: Seconds | Unset = UNSET,
        read: Seconds | Unset = UNSET,
        write: Seconds | Unset = UNSET,
        pool: Seconds = None,
        total: Seconds = None,
    ) -> None:
        read = _READ if isinstance(read, Unset) else _checked("read", read)
        values = {
            "connect": _CONNECT if isinstance(connect, Unset) else _checked("connect", connect),
            "read": read,
            "write": read if isinstance(write, Unset) else _checked("write", write),
            "pool": _checked("pool", pool),
            "total": _checked("total", total),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, value: Any) -> Timeout:
        """Read a caller's ``timeout=``.

        :param value: a :class:`Timeout`; seconds for both connecting and
            reading; a pair ``(connect, read)``; ``None`` for no limit at all;
            or a :class:`urllib3.util.Timeout`.
        :raises InvalidTimeout: for anything else.
        """
        if isinstance(value, cls):
            return value
        if value is None:
            return _FOREVER
        if isinstance(value, tuple | list):
            if len(value) != 2:
                raise InvalidTimeout(
                    f"timeout={value!r} should be seconds, a pair (connect, read) or a Timeout"
                )
            return cls(value[0], value[1])
        if isinstance(value, int | float):
            return cls(value, value)
        return _from_urllib3(value)

    def within(self, total: Seconds) -> Timeout:
        """This timeout with another ``total``."""
        return Timeout(self.connect, self.read, self.write, self.pool, total)

    def _key(self) -> tuple[Seconds, ...]:
        return (self.connect, self.read, self.write, self.pool, self.total)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timeout):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in _FIELDS)
        return f"Timeout({fields})"

    def __reduce__(self) -> tuple[type[Timeout], tuple[Seconds, ...]]:
        return Timeout, self._key()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Timeout cannot be changed; make another: Timeout({name}=…)")


_FIELDS = ("connect", "read", "write", "pool", "total")


def _checked(name: str, value: Any) -> Seconds:
    """``value`` as seconds.

    :raises InvalidTimeout: when it is neither ``None`` nor a number above zero.
    """
    if value is None or value is UNSET:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidTimeout(f"timeout {name}={value!r} should be a number of seconds or None")
    if not value > 0:
        raise InvalidTimeout(f"timeout {name}={value!r} should be above zero; None means no limit")
    return None if value == float("inf") else float(value)


def _from_urllib3(value: Any) -> Timeout:
    """Read a :class:`urllib3.util.Timeout`, which adapters for requests hand around."""
    from urllib3.util import Timeout as URLLib3Timeout

    if not isinstance(value, URLLib3Timeout):
        raise InvalidTimeout(
            f"timeout={value!r} should be seconds, a pair (connect, read), a Timeout or None"
        )
    limits = [value._connect, value._read, value.total]
    connect, read, total = (x if isinstance(x, int | float) else None for x in limits)
    return Timeout(connect, read, total=total)


_FOREVER: Final = Timeout(None, None)

#: What a session uses when it is given no ``timeout=``.
DEFAULT_TIMEOUT: Final = Timeout()
