"""From a host and a port to a connected socket, without a thread that waits for it.

The async sibling of :mod:`.dial`, for any event loop that has ``sock_connect``.
Deadlines are the caller's: at every await a cancellation ends the work and closes
what it opened.  What cannot be ended is a thread inside :func:`socket.getaddrinfo`;
a :class:`Resolver` keeps those few, and away from the loop's own executor, which
a silent name server would fill and which the program waits for when it exits.

Addresses race as RFC 8305 has it: families take turns, each attempt has a head
start over the next, and the first to connect wins.  Of its section 3 (asking for
both families separately) nothing is done here: ``getaddrinfo`` asks for both and
answers when it has both, ordered by RFC 6724.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
import threading
from collections import OrderedDict
from contextlib import suppress
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeAlias

from . import dial
from .dial import AddressInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .._addresses import AddressPolicy

__all__ = ["Resolver", "connect", "connect_unix"]

#: RFC 8305 sections 5 and 8, "Connection Attempt Delay": the head start of an attempt,
#: in seconds.
CONNECTION_ATTEMPT_DELAY = 0.25
#: How many threads of one resolver are inside ``getaddrinfo`` at once.
MOST_LOOKUPS = 16
#: Seconds until a unix socket whose queue is full is tried again.
UNIX_QUEUE_DELAY = 0.01

SocketOptions: TypeAlias = "Sequence[tuple[Any, ...]]"
#: What to bind a socket of each family to; ``None`` where nothing is to be bound.
LocalAddresses: TypeAlias = "dict[int, Any] | None"


# -- connecting --------------------------------------------------------------


async def connect(  # noqa: PLR0913 - what there is to know of a socket
    host: str,
    port: int,
    *,
    source_address: tuple[str, int] | str | None,
    options: SocketOptions,
    resolver: Resolver,
    policy: AddressPolicy | None = None,
    begin: Callable[[], None] | None = None,
) -> socket.socket:
    """Connect to the address of ``host`` that answers first.

    Takes as long as it takes: the caller sets the deadline, by cancelling.

    :param source_address: to connect from; a ``str`` leaves the port to the system.
        Addresses of a family that it does not have are passed over.
    :param options: for :meth:`socket.socket.setsockopt`, set before connecting.
    :param policy: which addresses may be dialled.
    :param begin: called when the addresses are known.
    :returns: a connected, non-blocking socket, which the caller closes.
    :raises socket.gaierror: when the name has no address.
    :raises AddressDenied: when ``policy`` allows none of them.
    :raises OSError: when no address answers: what they said, where they differ with
        the address of each and the ``errno`` of the first.
    """
    addresses = await resolver.resolve(host, port)
    if begin is not None:
        begin()
    if policy is not None:
        addresses = policy.permitted(host.strip("[]"), port, addresses)
    local = await _local_addresses(source_address, resolver)
    if local is not None:
        addresses = [address for address in addresses if address[0] in local]
    if not addresses:
        origin = "" if local is None else f" that can be reached from {source_address!r}"
        raise OSError(errno.EADDRNOTAVAIL, f"{host} has no address{origin}")
    if len(addresses) == 1:
        return await _connect_one(addresses[0], local, options)
    return await _Race(_interleaved(addresses), local, options).run()


async def connect_unix(path: str, options: SocketOptions) -> socket.socket:
    """Connect to the server that listens at ``path``, waiting while its queue is full.

    :param options: for :meth:`socket.socket.setsockopt`; those of TCP are an error here.
    :returns: a connected, non-blocking socket, which the caller closes.
    :raises OSError: when nobody listens there, or ``path`` is too long for a socket.
    """
    if sys.platform == "win32":
        raise OSError(errno.EAFNOSUPPORT, "Python has no unix sockets on Windows")
    sock = dial.new_socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, options)
    try:
        sock.setblocking(False)
        while not _connects_at_once(sock, path):
            await asyncio.sleep(UNIX_QUEUE_DELAY)
    except BaseException:
        sock.close()
        raise
    return sock


def _connects_at_once(sock: socket.socket, path: str) -> bool:
    """Whether a unix socket is connected now; it is not while the server's queue is full.

    Not by ``sock_connect``: for a full queue Linux says EAGAIN and means that nothing
    has begun, but event loops take it for a connection that is being made, and soon
    for one that was.
    """
    try:
        sock.connect(path)
    except BlockingIOError:
        return False
    return True


async def _connect_one(
    address: AddressInfo, local: LocalAddresses, options: SocketOptions
) -> socket.socket:
    family, kind, protocol, _, target = address
    sock = dial.new_socket(family, kind, protocol, options)
    try:
        sock.setblocking(False)
        if local is not None:
            sock.bind(local[family])
        await asyncio.get_running_loop().sock_connect(sock, target)
    except OSError as exc:
        sock.close()
        failure = _in_plain_words(exc).with_traceback(None)
    except BaseException:
        sock.close()
        raise
    else:
        return sock
    try:
        raise failure  # out here it has no context, whose frames would lead back to it
    finally:
        del failure


def _in_plain_words(error: OSError) -> OSError:
    """``error`` as the system puts it; event loops name the address and leave the reason out."""
    if error.errno and str(error.strerror).startswith("Connect call failed"):
        return OSError(error.errno, os.strerror(error.errno))
    return error


async def _local_addresses(
    source_address: tuple[str, int] | str | None, resolver: Resolver
) -> LocalAddresses:
    """What ``source_address`` is in each family that has it.

    :raises OSError: when it is a name that has no address.
    """
    if source_address is None:
        return None
    host, port = dial.local_address(source_address)[:2]
    if not host:
        return dict.fromkeys((socket.AF_INET, socket.AF_INET6), ("", port))
    try:
        found = _literal(host, port) or await resolver.resolve(host, port)
    except socket.gaierror as exc:  # which from here would seem to be about the server's name
        raise OSError(errno.EADDRNOTAVAIL, f"source address {host!r}: {exc.strerror}") from exc
    return {address[0]: address[4] for address in reversed(found)}


# -- racing ------------------------------------------------------------------


def _interleaved(addresses: Iterable[AddressInfo]) -> list[AddressInfo]:
    """The families by turns, the first one's first, each in its order (RFC 8305 section 4)."""
    families: dict[int, list[AddressInfo]] = {}
    for address in addresses:
        families.setdefault(address[0], []).append(address)
    turns = zip_longest(*families.values())
    return [address for turn in turns for address in turn if address is not None]


class _Race:
    """Attempts at several addresses, of which one wins (RFC 8305 section 5)."""

    def __init__(
        self, addresses: list[AddressInfo], local: LocalAddresses, options: SocketOptions
    ) -> None:
        self._addresses = addresses
        self._local = local
        self._options = options
        self._winner: socket.socket | None = None
        self._failures: dict[int, OSError] = {}

    async def run(self) -> socket.socket:
        """The first socket to be connected; when this returns or raises, no attempt is left."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._start(group)
        except BaseException as exc:
            if self._winner is not None:
                self._winner.close()
            if isinstance(exc, BaseExceptionGroup):  # no OSError: a mistake in the options
                raise exc.exceptions[0] from None
            raise
        if self._winner is None:
            raise self._failure()
        return self._winner

    async def _start(self, group: asyncio.TaskGroup) -> None:
        """Begin one attempt after the other, and end all when one has won."""
        begun: list[asyncio.Task[None]] = []
        for position in range(len(self._addresses)):
            begun.append(group.create_task(self._attempt(position)))
            await self._head_start(begun)
            if self._winner is not None:
                break
        while self._winner is None and (running := _running(begun)):
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in begun:
            task.cancel()

    async def _head_start(self, begun: list[asyncio.Task[None]]) -> None:
        """Wait until the next attempt may begin: the last one failed, or had its time."""
        now = asyncio.get_running_loop().time
        end = now() + CONNECTION_ATTEMPT_DELAY
        while self._winner is None and not begun[-1].done() and (left := end - now()) > 0:
            await asyncio.wait(_running(begun), timeout=left, return_when=asyncio.FIRST_COMPLETED)

    async def _attempt(self, position: int) -> None:
        try:
            sock = await _connect_one(self._addresses[position], self._local, self._options)
        except OSError as exc:
            # Its traceback refers to this object, which refers to it.
            self._failures[position] = exc.with_traceback(None)
            return
        if self._winner is None:
            self._winner = sock
        else:  # two were connected in the same turn of the loop
            sock.close()

    def _failure(self) -> OSError:
        """One error for those of all addresses."""
        # Taken out: what is raised from here would refer to itself by way of this object.
        failures = [self._failures.pop(position) for position in range(len(self._addresses))]
        if len({str(failure) for failure in failures}) == 1:
            return failures[-1]
        reasons = [
            f"{address[4][0]}: {failure.strerror or failure}"
            for address, failure in zip(self._addresses, failures, strict=True)
        ]
        return OSError(failures[0].errno, "; ".join(reasons))


def _running(tasks: list[asyncio.Task[None]]) -> list[asyncio.Task[None]]:
    return [task for task in tasks if not task.done()]


# -- resolving ---------------------------------------------------------------


class Resolver:
    """Finds the addresses of hosts, for one event loop; a subclass may find them elsewhere.

    Each lookup occupies a daemon thread, :data:`MOST_LOOKUPS` at most; more wait for
    their turn, in order.  Who asks for a host and port that are being looked up joins
    that lookup.  Who gives up leaves the thread behind: it stays inside
    ``getaddrinfo``, and counts, until the system answers (as a rule within half a
    minute), but keeps neither the loop nor the program from ending.  A lookup that
    has no thread yet is dropped when nobody waits for it any more.  Where the system
    has no thread to give, the lookup blocks the loop.

    Nothing is remembered between lookups, and nothing has to be closed.
    """

    # Everything here is read and written in the loop's thread only.

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lookups: dict[tuple[str, int], _Lookup] = {}
        self._queue: OrderedDict[_Lookup, None] = OrderedDict()
        self._threads = 0

    async def resolve(self, host: str, port: int) -> list[AddressInfo]:
        """The addresses of ``host``, in the system's order of preference.

        :param host: a name or an address, an IPv6 one with or without brackets.
        :raises socket.gaierror: when there is none.
        """
        host = host.strip("[]")
        if (found := _literal(host, port)) is not None:
            return found
        outcome = await self._ask(host, port)
        if isinstance(outcome, BaseException):
            try:
                raise outcome
            finally:
                del outcome  # its traceback holds this frame
        return list(outcome)

    async def _ask(self, host: str, port: int) -> list[AddressInfo] | BaseException:
        """What the lookup of ``host`` comes to: one that is under way, or a new one.

        An error is for this one who asks, and no other, where it can be copied.
        """
        loop = self._own_loop()
        lookup = self._lookups.get((host, port))
        if lookup is None:
            lookup = self._lookups[host, port] = _Lookup(host, port)
            self._queue[lookup] = None
        waiter: asyncio.Future[list[AddressInfo] | BaseException] = loop.create_future()
        lookup.waiters.add(waiter)
        self._start_queued(loop)
        try:
            return await waiter
        finally:
            lookup.waiters.discard(waiter)
            if not lookup.waiters and lookup in self._queue:
                del self._queue[lookup], self._lookups[host, port]

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise RuntimeError("a Resolver serves one event loop; make another for this loop")
        return loop

    def _start_queued(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give threads to the lookups whose turn it is."""
        while self._queue and self._threads < MOST_LOOKUPS:
            lookup, _ = self._queue.popitem(last=False)
            thread = threading.Thread(
                target=self._work, args=(loop, lookup), name=f"resolve {lookup.host}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # none to be had: at the interpreter's end, or at a limit
                self._deliver(lookup, lookup.outcome())
            else:
                self._threads += 1

    def _work(self, loop: asyncio.AbstractEventLoop, lookup: _Lookup) -> None:
        """What a thread does."""
        outcome = lookup.outcome()
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            loop.call_soon_threadsafe(self._finish, loop, lookup, outcome)

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        lookup: _Lookup,
        outcome: list[AddressInfo] | BaseException,
    ) -> None:
        self._threads -= 1
        self._deliver(lookup, outcome)
        self._start_queued(loop)

    def _deliver(self, lookup: _Lookup, outcome: list[AddressInfo] | BaseException) -> None:
        del self._lookups[lookup.host, lookup.port]
        alone = len(lookup.waiters) == 1
        for waiter in lookup.waiters:
            if not waiter.done():
                own = outcome
                if isinstance(outcome, BaseException) and not alone:
                    own = dial.to_raise(outcome)
                waiter.set_result(own)


class _Lookup:
    """One call of ``getaddrinfo``, and the futures of those who wait for it."""

    __slots__ = ("host", "port", "waiters")

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.waiters: set[asyncio.Future[list[AddressInfo] | BaseException]] = set()

    def outcome(self) -> list[AddressInfo] | BaseException:
        """The addresses, or why there are none; never raises."""
        try:
            return dial.look_up(self.host, self.port)
        except BaseException as exc:
            return exc.with_traceback(None)  # which holds this frame


def _literal(host: str, port: int) -> list[AddressInfo] | None:
    """The address that ``host`` is; ``None`` when it is a name.

    :raises socket.gaierror: when it is an IPv6 address in form only.
    """
    if not dial.is_address(host):
        return None
    # The flag keeps what only looks like an address from reaching a name server.
    return dial.look_up(host, port, socket.AI_NUMERICHOST)
