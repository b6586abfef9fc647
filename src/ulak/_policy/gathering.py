"""Many requests at once: which may begin, when the next is asked for, what is handed out.

Theory of operation.  A request is *pulled* from the caller's iterable; it is *aside* while
its host is busy, *in flight* from its beginning until it *landed*, and over once it was
*handed out*.  Three rules hold between any two calls:

1. One is pulled only while a place is free among those in flight.  So nobody ever waits
   for such a place: who is aside waits for his host alone, and in nobody's way.
2. One that lands leaves a place to all and a place at its host, and the first who is aside
   for that host has both.  So there is nothing to search and nothing to sort.
3. There are at most :data:`LOOKAHEAD` times as many pulled and not handed out as may fly.
   This bounds who is aside, and how far results run ahead of one that is slow or of a
   consumer who takes his time.

It follows that whenever nothing can be handed out, and nothing pulled, something flies: to
wait for a landing is never in vain.  Each request costs the same, however many there are.

This sends nothing, waits for nothing and advances no iterator; it is for one thread.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ..exceptions import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

__all__ = ["LOOKAHEAD", "Flight", "Schedule"]

#: How many may be pulled and not handed out, for each that may fly.
LOOKAHEAD = 5

_IN_THE_AIR: Any = object()


class Flight:
    """One request of many, from when it is pulled until it is handed out."""

    __slots__ = ("host", "item", "outcome")

    def __init__(self, item: Any, host: Hashable) -> None:
        #: What the caller gave.
        self.item: Any = item
        self.host: Hashable = host
        #: The response, or the exception in its place, once it landed.
        self.outcome: Any = _IN_THE_AIR


class Schedule:
    """The book-keeping of one gathering.

    :param limit: how many may be in flight.
    :param per_host: how many to one host; ``None`` for as many as there are.
    :param in_order: hand out in the order of pulling, not of landing.
    :param return_exceptions: hand out a failure in the place of its response.
    :param holds: whether a response holds its connection until it is read.  Then one
        that is not handed out counts as in flight, or the flights could run out of
        connections and wait for each other.
    :raises InvalidOption: when a limit is not a number of requests.

    The driver pulls while :attr:`may_pull`, and tells of each by :meth:`add`, or of the
    end by :meth:`end`; begins what it is given; tells how each ended by :meth:`land`; and
    hands out while :attr:`is_ready`, until :attr:`is_over`.
    """

    __slots__ = (
        "_aside",
        "_at_host",
        "_ended",
        "_flying",
        "_handed_out",
        "_in_order",
        "_keeps_errors",
        "_limit",
        "_line",
        "_pending",
        "_per_host",
        "_window",
        "holds",
        "with_items",
    )

    def __init__(
        self,
        *,
        limit: int,
        per_host: int | None = None,
        in_order: bool = True,
        return_exceptions: bool = False,
        holds: bool = False,
    ) -> None:
        self._limit = _checked("limit", limit)
        self._per_host = None if per_host is None else _checked("per_host", per_host)
        self._in_order = in_order
        self._keeps_errors = return_exceptions
        #: See the parameter.
        self.holds: bool = holds
        #: Hand out pairs, of what the caller gave and what came of it.
        self.with_items: bool = False
        self._window = limit if holds else LOOKAHEAD * limit
        self._ended = False
        #: How many are pulled and not handed out.
        self._pending = 0
        self._flying = 0
        self._handed_out = 0
        #: How many are in flight to each host; only hosts that have some are here.
        self._at_host: dict[Hashable, int] = {}
        #: Who waits for each host; only hosts that somebody waits for are here.
        self._aside: dict[Hashable, deque[Flight]] = {}
        #: What is handed out next is first: all that is pulled, or if the order does
        #: not matter all that landed.
        self._line: deque[Flight] = deque()

    @property
    def tells_hosts_apart(self) -> bool:
        """Whether :meth:`add` has a use for the host."""
        return self._per_host is not None

    @property
    def flying(self) -> int:
        """How many are in flight."""
        return self._flying

    @property
    def may_pull(self) -> bool:
        """Whether there is room for one more."""
        return not self._ended and self._flying < self._limit and self._pending < self._window

    def add(self, item: Any, host: Hashable = None) -> Flight | None:
        """Take in what was pulled, when :attr:`may_pull` was true.

        :param host: where it goes; ``None`` where nobody knows, which is never busy.
        :returns: the flight to begin now; ``None`` when it waits aside.
        """
        flight = Flight(item, host)
        self._pending += 1
        if self._in_order:
            self._line.append(flight)
        if self._per_host is not None and host is not None:
            busy = self._at_host.get(host, 0)
            if busy == self._per_host:
                self._aside.setdefault(host, deque()).append(flight)
                return None
            self._at_host[host] = busy + 1
        self._flying += 1
        return flight

    def end(self) -> None:
        """Know that there is nothing more to pull."""
        self._ended = True

    def land(self, flight: Flight, outcome: Any) -> Flight | None:
        """Take in how a flight ended.

        :param outcome: the response, or the exception that there was instead.
        :returns: the flight that has its place and is to begin now, if there is one.
        :raises BaseException: ``outcome``, when it ends the gathering.
        """
        if isinstance(outcome, BaseException) and not self._keeps(outcome):
            try:
                raise outcome
            finally:
                del outcome  # its traceback holds this frame
        flight.outcome = outcome
        if not self._in_order:
            self._line.append(flight)
        follower = self._next_at(flight.host)
        if follower is None:
            self._flying -= 1
        return follower

    def _keeps(self, error: BaseException) -> bool:
        """Whether ``error`` is handed out: never one that asks a task or program to end."""
        return self._keeps_errors and isinstance(error, Exception)

    def _next_at(self, host: Hashable) -> Flight | None:
        """Who has the place that came free at ``host``; it is forgotten with its last flight."""
        if self._per_host is None or host is None:
            return None
        waiting = self._aside.get(host)
        if waiting is not None:
            follower = waiting.popleft()
            if not waiting:
                del self._aside[host]
            return follower
        if self._at_host[host] == 1:
            del self._at_host[host]
        else:
            self._at_host[host] -= 1
        return None

    @property
    def is_ready(self) -> bool:
        """Whether something can be handed out."""
        return bool(self._line) and self._line[0].outcome is not _IN_THE_AIR

    def hand_out(self) -> Any:
        """The next response, or exception in its place, when :attr:`is_ready`."""
        self._pending -= 1
        self._handed_out += 1
        flight = self._line.popleft()
        return (flight.item, flight.outcome) if self.with_items else flight.outcome

    @property
    def is_over(self) -> bool:
        """Whether everything was handed out and nothing more will come."""
        return self._ended and not self._pending

    def unclaimed(self) -> Iterator[Any]:
        """What landed and will not be handed out, when the gathering is given up."""
        while self._line:
            outcome = self._line.popleft().outcome
            if outcome is not _IN_THE_AIR:
                yield outcome

    def __repr__(self) -> str:
        return f"{self._flying} of at most {self._limit} under way, {self._handed_out} handed out"


def _checked(name: str, limit: Any) -> int:
    """``limit``, when it is a number of requests.

    :raises InvalidOption: when it is not.
    """
    if type(limit) is not int or limit < 1:
        raise InvalidOption(f"{name}={limit!r} should be a whole number of requests, 1 or more")
    return limit
