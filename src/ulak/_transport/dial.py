"""From a host and a port to a connected socket, before a deadline.

Neither :func:`socket.getaddrinfo` nor a sequence of ``connect`` calls has a
deadline of its own.  Here a name is resolved in a thread that is left behind
when it takes too long, and each address gets its fair share of what is left.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
from time import monotonic
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import urllib3.util.connection

from ..exceptions import InvalidOption
from .payload import CallerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._addresses import AddressPolicy
    from .clock import Deadline, Doing

__all__ = [
    "AddressInfo",
    "Awaited",
    "connect",
    "first_part",
    "for_a_tunnel",
    "is_address",
    "local_address",
    "look_up",
    "new_socket",
    "resolve",
]

#: What :func:`socket.getaddrinfo` lists: family, kind, protocol, canonical name, address.
AddressInfo: TypeAlias = tuple[Any, Any, int, str, Any]

#: What whoever connects waits for: a lookup, until this is set, or a socket that is connecting.
Awaited: TypeAlias = threading.Event | socket.socket


def connect(  # noqa: PLR0913 - what there is to know of a socket
    host: str,
    port: int,
    deadline: Deadline,
    source_address: tuple[str, int] | None,
    options: Sequence[tuple[Any, ...]],
    watch: Callable[[Awaited], None] | None = None,
    policy: AddressPolicy | None = None,
) -> socket.socket:
    """Connect to the first address of ``host`` that answers.

    :param options: for :meth:`socket.socket.setsockopt`, set before connecting.
    :param watch: is given what is going to be waited for, for another thread to end it: by
        setting the event, or by shutting the socket down.
    :param policy: which addresses may be dialled.
    :returns: a connected socket, which the caller closes.
    :raises socket.gaierror: when the name has no address.
    :raises AddressDenied: when ``policy`` allows none of them.
    :raises TimeoutError: when the deadline passed first.
    :raises InvalidOption: when ``source_address`` or ``options`` are none.
    :raises OSError: what the last address said.
    """
    addresses = resolve(host, port, deadline, policy, watch)
    for position, address in enumerate(addresses):
        share = _share(deadline, len(addresses) - position)
        try:
            return _connect_one(address, share, source_address, options, watch)
        except OSError:
            if position == len(addresses) - 1:
                raise
    raise OSError(f"{host} has no address")


def _share(deadline: Deadline, attempts: int) -> float | None:
    """Seconds for the next of ``attempts`` attempts."""
    if deadline is None:
        return None
    remaining = deadline - monotonic()
    if remaining <= 0:
        raise TimeoutError("timed out")
    return remaining / attempts


def _connect_one(
    address: AddressInfo,
    seconds: float | None,
    source_address: tuple[str, int] | None,
    options: Sequence[tuple[Any, ...]],
    watch: Callable[[Awaited], None] | None,
) -> socket.socket:
    family, kind, protocol, _, target = address
    sock = new_socket(family, kind, protocol, options)
    try:
        sock.settimeout(seconds)
        if source_address:
            _bind(sock, source_address)
        if watch is not None:
            watch(sock)
        sock.connect(target)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind(sock: socket.socket, source_address: tuple[Any, ...] | str) -> None:
    """Have ``sock`` connect from ``source_address``.

    :raises OSError: when that is none of this machine's.
    :raises InvalidOption: when it is none at all.
    """
    host, port, *rest = local_address(source_address)
    try:
        sock.bind((host, port, *rest))
    except socket.gaierror as exc:  # not of the name that is connected to
        raise OSError(errno.EADDRNOTAVAIL, f"source address {host!r}: {exc.strerror}") from exc


def local_address(source_address: Any) -> tuple[Any, ...]:
    """A caller's ``source_address=``: host and port, and what else an IPv6 address has.

    :raises InvalidOption: when it is none.
    """
    found = (source_address, 0) if isinstance(source_address, str) else source_address
    if isinstance(found, tuple | list) and 2 <= len(found) <= 4:
        host, port, *rest = found
        if isinstance(host, str) and {type(x) for x in (port, *rest)} == {int} and port >> 16 == 0:
            return tuple(found)
    raise InvalidOption(
        f"source_address={source_address!r} should be an address, or a pair of it and a port"
    )


def new_socket(
    family: int, kind: int, protocol: int, options: Sequence[tuple[Any, ...]]
) -> socket.socket:
    """An unconnected socket with ``options`` set, which the caller closes.

    :raises InvalidOption: when they are none that can be set.
    """
    sock = socket.socket(family, kind, protocol)
    try:
        for option in options:
            sock.setsockopt(*option)
    except (TypeError, ValueError, OverflowError) as exc:
        sock.close()
        raise InvalidOption(f"socket_options={options!r} cannot be set: {exc}") from exc
    except BaseException:
        sock.close()
        raise
    return sock


def resolve(
    host: str,
    port: int,
    deadline: Deadline,
    policy: AddressPolicy | None = None,
    watch: Callable[[Awaited], None] | None = None,
) -> list[AddressInfo]:
    """The addresses of ``host``, in the system's order of preference.

    :param policy: which of them to give: whoever dials dials what it has looked at.
    :param watch: as for :func:`connect`.
    :raises socket.gaierror: when there is none.
    :raises AddressDenied: when ``policy`` allows none of them.
    :raises TimeoutError: when the deadline passed first.
    :raises ConnectionAbortedError: when another thread ended the wait.
    """
    host = host.strip("[]")
    if deadline is None or is_address(host):
        found = look_up(host, port)
    else:
        found = _resolve_in_thread(host, port, deadline, watch)
    return found if policy is None else policy.permitted(host, port, found)


def for_a_tunnel(addresses: Sequence[AddressInfo]) -> str:
    """Which of an origin's addresses to have a proxy connect to: IPv4, which all of them can."""
    usable = (info for info in addresses if info[0] == socket.AF_INET)
    return str(next(usable, addresses[0])[4][0])


def look_up(host: str, port: int, flags: int = 0) -> list[AddressInfo]:
    """Ask the system for the addresses of ``host``, for as long as it takes.

    :param host: without brackets.
    :raises socket.gaierror: when there is none.
    :raises CallerError: with the ``ValueError`` of what stands in for the system, which is no
        failure of TLS, as one would be that is raised later in connecting.
    """
    # The family that urllib3 would ask for; programs replace it to have IPv4 only.
    family = 0 if is_address(host) else urllib3.util.connection.allowed_gai_family()
    try:
        if not _is_own(socket.getaddrinfo):
            # What stands there may know others' calls only: without keywords, and with a str.
            given = (0, flags) if flags else ()
            return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, *given)
        # A str would be passed through the idna codec, which takes longer to import
        # than a name takes to resolve; ours is in A-labels already.
        name = host.encode("ascii") if host.isascii() else host
        return socket.getaddrinfo(name, port, family, socket.SOCK_STREAM, flags=flags)
    except UnicodeError as exc:  # a label that no name server could hold
        raise socket.gaierror(socket.EAI_NONAME, str(exc)) from exc
    except ValueError as exc:
        raise CallerError(exc) from exc


def _is_own(function: Any) -> bool:
    """Whether ``getaddrinfo`` is the one of :mod:`socket`."""
    return type(function) is FunctionType and function.__globals__ is vars(socket)


def first_part(host: str) -> Doing:
    """What connecting to ``host`` begins with."""
    return "connecting" if is_address(host) else "looking up the name"


def is_address(host: str) -> bool:
    """Whether ``host`` needs no name server; a scoped IPv6 address counts."""
    if ":" in host:
        return True
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


def to_raise(error: BaseException) -> BaseException:
    """``error`` for one of several who asked: one of its own, as each raise adds to a traceback.

    Itself where there can be no other: its class may not be made of its arguments.
    """
    from copy import copy

    try:
        own = copy(error)
    except Exception:
        return error
    return own if type(own) is type(error) and own.args == error.args else error


class _Lookup:
    """One call of ``getaddrinfo`` in a thread, and whoever waits for it.

    A name server that is silent holds its thread for half a minute or so.  Who asks for a
    name that is being looked up joins that lookup, so that a program which gives up and
    asks again does not leave a thread behind each time.
    """

    __slots__ = ("_asked", "_key", "_waiting", "done", "outcome")

    #: Those under way.  Each puts itself in and takes itself out, in its own thread: what an
    #: interrupt keeps from starting is not here.
    under_way: ClassVar[dict[tuple[str, int, int], _Lookup]] = {}

    def __init__(self, host: str, port: int) -> None:
        self._asked = socket.getaddrinfo  # whose id is its own for as long
        self._key = (host, port, id(self._asked))
        self._waiting: list[threading.Event] = []
        self.done = False
        self.outcome: list[AddressInfo] | BaseException = []

    @classmethod
    def join(cls, host: str, port: int) -> _Lookup:
        """The lookup of ``host`` that is under way, or a new one.

        :raises RuntimeError: when there is no thread to be had for it.
        """
        lookup = cls(host, port)
        found = cls.under_way.get(lookup._key)
        if found is not None:
            return found
        threading.Thread(target=lookup._work, name=f"resolve {host}", daemon=True).start()
        return lookup

    def _work(self) -> None:
        under_way, key = self.under_way, self._key
        here = under_way.setdefault(key, self) is self
        try:
            self.outcome = look_up(*key[:2])
        except BaseException as exc:  # such as a test's that forbids it
            self.outcome = exc.with_traceback(None)  # which holds this frame
        finally:
            if here:
                del under_way[key]
            self.done = True
            for waiting in self._waiting.copy():
                waiting.set()

    def wait(self, seconds: float, waiting: threading.Event) -> bool:
        """Wait until it is done or ``waiting`` is set, ``seconds`` at most; whether it was set.

        :param waiting: a new one, which is set as well when the lookup is done.
        """
        self._waiting.append(waiting)  # before looking: it may end just now
        return self.done or waiting.wait(seconds)

    @property
    def has_one_waiter(self) -> bool:
        """Whether nobody else has waited; who comes now finds two, and copies what was raised."""
        return len(self._waiting) == 1


if hasattr(os, "register_at_fork"):  # the threads stay with the parent
    os.register_at_fork(after_in_child=_Lookup.under_way.clear)


def _resolve_in_thread(
    host: str, port: int, deadline: float, watch: Callable[[Awaited], None] | None
) -> list[AddressInfo]:
    """Resolve where a wait can be given up; the thread ends when the system does."""
    waiting = threading.Event()
    if watch is not None:
        watch(waiting)
    try:
        lookup = _Lookup.join(host, port)
    except RuntimeError:  # no thread to be had: at the interpreter's end, or at a limit
        return look_up(host, port)
    if not lookup.wait(max(0.0, deadline - monotonic()), waiting):
        raise TimeoutError("timed out")
    if not lookup.done:
        raise ConnectionAbortedError("the wait for a name's addresses was ended")
    outcome = lookup.outcome
    if isinstance(outcome, BaseException):
        error = outcome if lookup.has_one_waiter else to_raise(outcome)
        try:
            raise error
        finally:
            del error, lookup, outcome  # its traceback holds this frame
    return list(outcome)
