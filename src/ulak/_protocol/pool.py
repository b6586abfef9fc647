"""Who may use which connection, who waits, and what is closed when.

Theory of operation.  A *place* is where connections are interchangeable: a
key, its connections and those who wait for one.  A connection is open from the
moment it is :meth:`reserved <Pool.reserve>`, before it exists, until it left;
both limits count the open ones.  It is *busy* with whom it was given to, or
*idle*.  The book-keeping rests on two rules that hold between any two calls:

1. A place at which somebody waits has no idle connection.
2. When somebody waits whose place is below its own limit, then the total is
   reached and no connection at all is idle.

So whatever is idle may be taken without a look at those who wait, and only a
connection that comes back, or a slot that comes free, can serve one of them:
the earliest that can use it.  Who is held up by the limit of his own place
stands in no other's way: the heap holds, for each place below its limit, only
the first who waits there.

Nothing that a request needs takes longer because there are more connections,
places or waiters, but for the heap, which only those who wait come to.  A
place is forgotten with its last connection and its last waiter.

This knows no clock: the ``now`` of every call is in seconds, and never goes
back.  It knows no connection either, closes none and wakes nobody: it leaves
word in :attr:`Pool.doomed` and :attr:`Pool.served`.  It is for one thread, that
of an event loop; no method waits, none calls back.
"""

from __future__ import annotations

import math
import sys
from collections import OrderedDict
from collections.abc import Hashable
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any, Generic, NamedTuple, TypeVar

__all__ = ["Limits", "Pool", "Pooled"]


class Limits(NamedTuple):
    """How many connections there may be, and for how long; ``None`` is no limit."""

    #: Open ones in all.
    max_connections: int | None = None
    #: Open ones of one place.
    max_connections_per_host: int | None = None
    #: Idle ones in all; 0 keeps none.
    max_keepalive: int | None = None
    #: Seconds that an idle one is kept; 0 keeps none.
    keepalive_expiry: float | None = None
    #: Seconds after which a connection is given to nobody, counted from when it was opened.
    max_age: float | None = None


class Pooled:
    """A connection, as far as a pool is concerned: to be inherited from.

    The attributes are the pool's, from :meth:`Pool.opened` until the connection
    left; giving back one that left is an AttributeError.  Connections are told
    apart by identity: do not define ``__eq__``.
    """

    __slots__ = ("idle_until", "old_at", "place")

    place: _Place[Any, Any, Any]
    #: When it is too old to be used again.
    old_at: float
    #: When it was idle for long enough, or is too old; means something while it is idle.
    idle_until: float


K = TypeVar("K", bound=Hashable)
C = TypeVar("C", bound=Pooled)
W = TypeVar("W", bound=Hashable)


class _Place(Generic[K, C, W]):
    """The connections that are interchangeable, and those who wait for one of them."""

    __slots__ = ("idle", "in_heap", "key", "open", "waiters")

    def __init__(self, key: K) -> None:
        self.key: K = key
        #: How many are reserved, busy or idle.
        self.open: int = 0
        #: The one given back last is last.
        self.idle: dict[C, None] = {}
        #: Who waits, and when he came, the first first; ``None`` until somebody did.
        self.waiters: OrderedDict[W, int] | None = None
        self.in_heap: bool = False


class Pool(Generic[K, C, W]):
    """The connections of one client, by place.

    :param limits: see :class:`Limits`.
    :raises ValueError: when a limit can never be met.

    To get a connection, :meth:`take` an idle one; where there is none,
    :meth:`reserve` a slot and open one; where there is none, :meth:`wait`, with
    no other call in between.  Then, whatever happens:

    - a slot ends in :meth:`opened` or :meth:`release`;
    - a busy connection ends in :meth:`give_back` or :meth:`vacate`;
    - a waiter ends in :attr:`served`, :meth:`forget` or :meth:`drain`.

    The caller empties :attr:`doomed`, to which :meth:`take`, :meth:`reserve`,
    :meth:`give_back`, :meth:`expire` and :meth:`drain` add, and
    :attr:`served`, to which :meth:`give_back` and :meth:`release` do.
    """

    __slots__ = (
        "_arrivals",
        "_by_age",
        "_expiry",
        "_heap",
        "_idle",
        "_max_age",
        "_most",
        "_most_at_place",
        "_most_idle",
        "_open",
        "_places",
        "_present",
        "_stale",
        "_waiting",
        "doomed",
        "served",
    )

    def __init__(self, limits: Limits) -> None:
        _check(limits)
        self._most = _or_endless(limits.max_connections)
        self._most_at_place = _or_endless(limits.max_connections_per_host)
        self._most_idle = _or_endless(limits.max_keepalive)
        self._expiry = math.inf if limits.keepalive_expiry is None else limits.keepalive_expiry
        self._max_age = math.inf if limits.max_age is None else limits.max_age
        if self._expiry <= 0:
            self._most_idle = 0

        #: Connections that left the pool and are still to be closed.
        self.doomed: list[C] = []
        #: Who waits no longer, and the connection that is now his; ``None`` where he has
        #: a slot and opens one.
        self.served: list[tuple[W, C | None]] = []

        self._places: dict[K, _Place[K, C, W]] = {}
        self._open = 0
        #: All that is idle, in the order in which it was given back.
        self._idle: OrderedDict[C, None] = OrderedDict()
        #: All that was opened and is still here.
        self._present: set[C] = set()
        #: The same in the order of age, without the busy ones that are known to be too old.
        #: Empty when age does not count.
        self._by_age: OrderedDict[C, None] = OrderedDict()

        self._waiting = 0
        self._arrivals = 0
        #: Places below their limit at which somebody waits, each once, by the arrival of
        #: the first.  An entry is too early when its waiter gave up, and stale when all did.
        self._heap: list[tuple[int, _Place[K, C, W]]] = []
        self._stale = 0

    # Getting a connection.

    def take(self, key: K, now: float) -> C | None:
        """An idle connection of ``key``, the one used last; ``None`` when there is none.

        Those found to be kept for too long, or too old, are doomed.
        """
        try:
            place = self._places[key]
        except KeyError:
            return None
        idle = place.idle
        while idle:
            conn = idle.popitem()[0]
            del self._idle[conn]
            if conn.idle_until > now:
                return conn
            self._doom(conn)
        return None

    def reserve(self, key: K) -> bool:
        """Whether a new connection may be opened; if so, it counts from now on.

        An idle connection is doomed where that makes room: the one used least
        recently when the total is reached, or one of ``key`` when its limit is.
        """
        place = self._places.get(key)
        if place is not None and place.open >= self._most_at_place:
            if not place.idle:
                return False
            conn = place.idle.popitem()[0]
            del self._idle[conn]
            self._doom(conn)
        elif self._open >= self._most:
            if not self._idle:
                return False
            self._doom_idle(next(iter(self._idle)))
        self._count(self._place(key))
        return True

    def opened(self, key: K, conn: C, now: float) -> None:
        """The connection that a slot was reserved for is there, and busy."""
        conn.place = self._places[key]
        conn.old_at = now + self._max_age
        self._present.add(conn)
        if self._max_age < math.inf:
            self._by_age[conn] = None

    def wait(self, key: K, waiter: W) -> None:
        """Queue up, behind all who wait.

        :param waiter: anything hashable that waits only once at a time.
        """
        place = self._place(key)
        if place.waiters is None:
            place.waiters = OrderedDict()
        if place.in_heap and not place.waiters:
            self._stale -= 1
        self._arrivals += 1
        self._waiting += 1
        place.waiters[waiter] = self._arrivals
        self._enter_heap(place)

    def forget(self, key: K, waiter: W) -> bool:
        """Wait no longer.

        :returns: False when ``waiter`` does not wait: what it was served, if
            anything, is to be given back or released.
        """
        place = self._places.get(key)
        if place is None or not place.waiters or waiter not in place.waiters:
            return False
        del place.waiters[waiter]
        self._waits_no_more(place)
        self._drop_if_empty(place)
        return True

    # Being done with one.

    def give_back(self, conn: C, now: float, reusable: bool) -> None:
        """A busy connection is free again, or gone.

        :param reusable: False when it is closed, or the caller closes it.  What
            is reusable and yet of no use is doomed.
        """
        if not reusable:
            self._free_slot(self._leave(conn))
            return
        old_at = conn.old_at
        if old_at <= now:
            self._free_slot(self._leave(conn))
            self.doomed.append(conn)
            return
        if self._waiting and self._pass_on(conn):
            return
        until = now + self._expiry
        conn.idle_until = until if until < old_at else old_at
        conn.place.idle[conn] = None
        idle = self._idle
        idle[conn] = None
        if len(idle) > self._most_idle:
            self._doom_idle(next(iter(idle)))

    def release(self, key: K) -> None:
        """A slot was reserved, and no connection came of it."""
        self._free_slot(self._places[key])

    def vacate(self, conn: C) -> None:
        """A busy connection is gone, and its slot is reserved for a new one.

        For who was given a connection that turned out to be dead: it need not
        queue up again.
        """
        self._leave(conn)

    def lost(self, conn: C) -> bool:
        """The peer closed a connection.

        :returns: whether it was idle, and left.  Who has a busy one notices, and
            gives it back.
        """
        if conn not in self._idle:
            return False
        self._remove_idle(conn)
        return True

    # As time goes by.

    def expire(self, now: float) -> float | None:
        """Doom the idle connections that were kept for too long, or are too old.

        :returns: when to call again, or ``None`` when nothing idle ever will be.
            A connection that becomes idle later is not due before that time, so
            one timer is enough; after ``None``, the next to be kept needs one.
        """
        idle, by_age = self._idle, self._by_age
        while idle and (conn := next(iter(idle))).idle_until <= now:
            self._doom_idle(conn)
        while by_age and (conn := next(iter(by_age))).old_at <= now:
            if conn in idle:
                self._doom_idle(conn)
            else:
                del by_age[conn]
        if not idle:
            return None
        when = next(iter(idle)).idle_until
        if by_age:
            when = min(when, next(iter(by_age)).old_at)
        return when if when < math.inf else None

    def drain(self) -> list[W]:
        """Doom all that is idle, and keep nothing from now on.

        :returns: all who waited, the first first: they will not be served.
        """
        self._most_idle = 0
        while self._idle:
            self._doom_idle(next(iter(self._idle)))
        waiters: list[tuple[int, W]] = []
        for place in list(self._places.values()):
            if place.waiters:
                waiters.extend((arrival, waiter) for waiter, arrival in place.waiters.items())
                place.waiters.clear()
            place.in_heap = False
            self._drop_if_empty(place)
        self._waiting = self._stale = 0
        self._heap.clear()
        waiters.sort(key=lambda pair: pair[0])
        return [waiter for _, waiter in waiters]

    def connections(self) -> list[C]:
        """All that were opened and have not left, idle or busy."""
        return list(self._present)

    def keys(self) -> list[K]:
        """Of the places with a connection or a waiter."""
        return list(self._places)

    # Places.

    def _place(self, key: K) -> _Place[K, C, W]:
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = _Place(key)
        return place

    def _count(self, place: _Place[K, C, W]) -> None:
        place.open += 1
        self._open += 1

    def _uncount(self, place: _Place[K, C, W]) -> None:
        place.open -= 1
        self._open -= 1
        self._drop_if_empty(place)

    def _drop_if_empty(self, place: _Place[K, C, W]) -> None:
        if not place.open and not place.waiters:
            del self._places[place.key]

    # Connections.

    def _leave(self, conn: C) -> _Place[K, C, W]:
        """Know a connection that is not idle no more; its slot stays counted."""
        place: _Place[K, C, W] = conn.place
        del conn.place
        self._present.remove(conn)
        self._by_age.pop(conn, None)
        return place

    # What is idle leaves without a look at those who wait: by the rules at the top, its
    # slot is of use to none of them.

    def _doom(self, conn: C) -> None:
        """Doom one that was just taken from the idle ones."""
        self._uncount(self._leave(conn))
        self.doomed.append(conn)

    def _doom_idle(self, conn: C) -> None:
        self._remove_idle(conn)
        self.doomed.append(conn)

    def _remove_idle(self, conn: C) -> None:
        del self._idle[conn]
        del conn.place.idle[conn]
        self._uncount(self._leave(conn))

    # Those who wait.

    def _pass_on(self, conn: C) -> bool:
        """Serve the earliest of those who could do with ``conn`` or its slot, if any.

        :returns: False when nobody could.
        """
        place: _Place[K, C, W] = conn.place
        first = self._first_in_heap()
        if place.waiters and (first is None or _arrival(place) <= _arrival(first)):
            waiter, _ = place.waiters.popitem(last=False)
            self._waits_no_more(place)
            self.served.append((waiter, conn))
            return True
        if first is None:
            return False
        self._free_slot(self._leave(conn))
        self.doomed.append(conn)
        return True

    def _free_slot(self, place: _Place[K, C, W]) -> None:
        """A slot of ``place`` came free: it goes to the earliest who can use it."""
        self._uncount(place)
        if not self._waiting:
            return
        self._enter_heap(place)
        first = self._first_in_heap()
        if first is None or not first.waiters:
            return
        waiter, _ = first.waiters.popitem(last=False)
        self._waiting -= 1
        self._count(first)
        heappop(self._heap)
        first.in_heap = False
        self._enter_heap(first)
        self._clean_heap()
        self.served.append((waiter, None))

    def _waits_no_more(self, place: _Place[K, C, W]) -> None:
        """One of the waiters of ``place`` gave up, or was given a connection."""
        self._waiting -= 1
        if place.in_heap and not place.waiters:
            self._stale += 1
            self._clean_heap()

    # The heap.  A place in it stays below its limit: as long as it holds anybody the total
    # is reached, so that a slot comes to a place only from here; and it never holds only
    # stale entries.

    def _enter_heap(self, place: _Place[K, C, W]) -> None:
        if place.waiters and not place.in_heap and place.open < self._most_at_place:
            place.in_heap = True
            heappush(self._heap, (_arrival(place), place))

    def _first_in_heap(self) -> _Place[K, C, W] | None:
        """The place whose first waiter is the earliest that only the total holds up."""
        heap = self._heap
        while heap:
            arrival, place = heap[0]
            if not place.waiters:
                heappop(heap)
                place.in_heap = False
                self._stale -= 1
            elif arrival == _arrival(place):
                return place
            else:
                heapreplace(heap, (_arrival(place), place))
        return None

    def _clean_heap(self) -> None:
        """Take out what is stale once it is more than half, so that each costs O(1)."""
        if self._stale * 2 <= len(self._heap):
            return
        live = []
        for _, place in self._heap:
            if place.waiters:
                live.append((_arrival(place), place))
            else:
                place.in_heap = False
        heapify(live)
        self._heap = live
        self._stale = 0


def _arrival(place: _Place[K, C, W]) -> int:
    """When the first of those who wait came."""
    return next(iter(place.waiters.values())) if place.waiters else sys.maxsize


def _or_endless(limit: int | None) -> int:
    return sys.maxsize if limit is None else limit


def _check(limits: Limits) -> None:
    for name, value, least in zip(limits._fields, limits, (1, 1, 0, 0, 0), strict=True):
        if value is not None and not value >= least:  # NaN is refused too
            raise ValueError(f"{name} has to be {least} or more, or None for no limit: {value!r}")
