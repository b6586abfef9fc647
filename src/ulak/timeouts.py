"""How long the phases of a request may take, and the error when one took longer.

Both go by the name :class:`Timeout`: it is the exception that requests has, and
the value that ulak's ``timeout=`` takes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ._root import RequestException
from ._types import UNSET, Unset

if TYPE_CHECKING:
    from ._types import RequestLike, ResponseLike

__all__ = ["DEFAULT_TIMEOUT", "InvalidTimeout", "Timeout"]

_CONNECT: Final = 10.0
_READ: Final = 300.0
#: Beyond this many seconds, 31 years, no clock of the system counts: no limit.
_LONGEST: Final = 1e9

Seconds: TypeAlias = float | None
Limit: TypeAlias = float | Unset | None


class InvalidTimeout(RequestException, ValueError):
    """A timeout is not a positive number of seconds."""

    __module__ = "ulak.exceptions"
    code = "invalid_timeout"


class Timeout(RequestException):
    """Limits in seconds; and the error when one of them is passed.

    As a setting, ``Timeout(connect=3, read=30, total=60)``, where ``None`` means
    no limit:

    :param args: a number alone is for both ``connect`` and ``read``; more are the
        limits in the order below.  Anything else is an error's message.
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

    Settings are compared by value, cannot be changed, and are safe to share.

    As an error, it is the base of :class:`~ulak.exceptions.ConnectTimeout`,
    :class:`~ulak.exceptions.ReadTimeout` and the others, made with a message.
    """

    __module__ = "ulak.exceptions"
    code = "timeout"

    connect: Seconds
    read: Seconds
    write: Seconds
    pool: Seconds
    total: Seconds

    def __init__(  # noqa: PLR0913 - five limits, and what an error carries
        self,
        *args: object,
        connect: Limit = UNSET,
        read: Limit = UNSET,
        write: Limit = UNSET,
        pool: Seconds = None,
        total: Seconds = None,
        request: RequestLike | None = None,
        response: ResponseLike | None = None,
    ) -> None:
        if args and not isinstance(args[0], int | float | None):  # an error's message
            super().__init__(*args, request=request, response=response)
            return
        super().__init__(request=request, response=response)
        if args:
            named = (connect, read, write, pool, total)
            connect, read, write, pool, total = _positional(args, named)
        limit = _READ if isinstance(read, Unset) else _checked("read", read)
        self.__dict__.update(
            connect=_CONNECT if isinstance(connect, Unset) else _checked("connect", connect),
            read=limit,
            write=limit if isinstance(write, Unset) else _checked("write", write),
            pool=_checked("pool", pool),
            total=_checked("total", total),
        )

    @classmethod
    def of(cls, value: Any) -> Timeout:
        """Read a caller's ``timeout=``.

        :param value: a :class:`Timeout`; seconds for both connecting and
            reading; a pair ``(connect, read)``; ``None`` for no limit at all;
            or a :class:`urllib3.util.Timeout`.
        :raises InvalidTimeout: for anything else.
        """
        if type(value) is Timeout and not value.args:
            return value
        if type(value) is int or type(value) is float:
            return _of_numbers(value, value)
        if value is None:
            return _FOREVER
        if isinstance(value, tuple | list):
            return _of_pair(value)
        if isinstance(value, int | float):
            return Timeout(connect=value, read=value)
        return _from_urllib3(value)

    def within(self, total: float) -> Timeout:
        """These limits with another ``total``, which is above zero.

        For every exchange under a deadline: what was checked once is not checked again.
        """
        twin = Timeout.__new__(Timeout)
        twin.__dict__.update(self.__dict__)
        twin.__dict__["total"] = total
        return twin

    def _limits(self) -> tuple[Seconds, ...] | None:
        """The limits of a setting; ``None`` for an error."""
        if type(self) is not Timeout or self.args:
            return None
        return (self.connect, self.read, self.write, self.pool, self.total)

    def __eq__(self, other: object) -> bool:
        limits = self._limits()
        if limits is None or not isinstance(other, Timeout):
            return self is other
        return limits == other._limits()

    def __hash__(self) -> int:
        return hash(self._limits() or id(self))

    def __repr__(self) -> str:
        limits = self._limits()
        if limits is None:
            return super().__repr__()
        fields = ", ".join(f"{name}={x!r}" for name, x in zip(_FIELDS, limits, strict=True))
        return f"Timeout({fields})"

    def __str__(self) -> str:
        return super().__str__() if self._limits() is None else repr(self)

    def __setattr__(self, name: str, value: object) -> None:
        if name in _FIELDS:
            raise AttributeError(f"a Timeout cannot be changed; make another: Timeout({name}=…)")
        super().__setattr__(name, value)


_FIELDS = ("connect", "read", "write", "pool", "total")
_NUMBERS = (int, float, type(None))


@lru_cache(maxsize=256, typed=True)  # True is no number of seconds, and equal to 1
def _of_numbers(connect: Seconds, read: Seconds) -> Timeout:
    """The setting of a caller's number or pair; programs have few, and use them for each call."""
    return Timeout(connect=connect, read=read)


def _of_pair(pair: tuple[Any, ...] | list[Any]) -> Timeout:
    if len(pair) != 2:
        raise InvalidTimeout(
            f"timeout={pair!r} must be an int, float or None, a pair (connect, read) of "
            "them, or a Timeout"
        )
    if all(type(x) in _NUMBERS for x in pair):
        return _of_numbers(*pair)
    return Timeout(connect=pair[0], read=pair[1])


def _positional(args: tuple[object, ...], named: tuple[Any, ...]) -> tuple[Any, ...]:
    """The limits, those of ``args`` without their names and the rest by ``named``."""
    given = args * 2 if len(args) == 1 else args
    pairs = zip(_FIELDS, named, given, strict=False)
    twice = [name for name, x, _ in pairs if x is not UNSET and x is not None]
    if twice or len(given) > len(named):
        first = f"the {args[0]!r}, which is for connect and read," if len(args) == 1 else "order"
        said = f"; {' and '.join(twice)} came twice, by {first} and by name"
        raise InvalidTimeout(
            "Timeout() takes one number, or limits in order, each once and best by its name: "
            f"Timeout(connect=3, read=30, total=60){said if twice else ''}"
        )
    return (*given, *named[len(given) :])


def _checked(name: str, value: Any) -> Seconds:
    """``value`` as seconds.

    :raises InvalidTimeout: when it is neither ``None`` nor a number above zero.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidTimeout(f"timeout {name}={value!r} should be a number of seconds or None")
    if not value > 0:
        raise InvalidTimeout(f"timeout {name}={value!r} should be above zero; None means no limit")
    return None if value >= _LONGEST else float(value)


def _from_urllib3(value: Any) -> Timeout:
    """Read a :class:`urllib3.util.Timeout`, which adapters for requests hand around."""
    from urllib3.util import Timeout as URLLib3Timeout

    if not isinstance(value, URLLib3Timeout):
        raise InvalidTimeout(
            f"timeout={value!r} must be an int, float or None, a pair (connect, read) of them, "
            "or a Timeout"
        )
    limits = [value._connect, value._read, value.total]
    connect, read, total = (x if isinstance(x, int | float) else None for x in limits)
    return Timeout(connect=connect, read=read, total=total)


_FOREVER: Final = Timeout(connect=None, read=None)

#: What a session uses when it is given no ``timeout=``.
DEFAULT_TIMEOUT: Final = Timeout()

_standard: Timeout | None = DEFAULT_TIMEOUT


def standard() -> Timeout | None:
    """The timeout of a new session that is given none: :data:`DEFAULT_TIMEOUT`.

    While :mod:`ulak.dropin` stands for requests it is none, as code for requests expects.
    """
    return _standard


def set_standard(limits: Timeout | None) -> Timeout | None:
    """Set the timeout of new sessions, and return what it was."""
    global _standard  # one for the process, as ``import requests`` is
    before, _standard = _standard, limits
    return before
