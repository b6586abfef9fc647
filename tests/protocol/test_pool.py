"""The book-keeping of the pool: rule by rule, beside a naive one, and what it costs."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections import Counter
from collections.abc import Callable
from random import Random
from types import FrameType
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ulak._protocol.pool import Limits, Pool, Pooled

T = TypeVar("T")


class Connection(Pooled):
    def __init__(self, key: str, made_at: float = 0.0) -> None:
        self.key = key
        self.made_at = made_at
        self.idle_since = made_at


Key = str
Waiter = int
ThePool = Pool[Key, Connection, Waiter]


def make_pool(
    total: int | None = None,
    per_host: int | None = None,
    keep: int | None = None,
    expiry: float | None = None,
    max_age: float | None = None,
) -> ThePool:
    return Pool(Limits(total, per_host, keep, expiry, max_age))


def connect(pool: ThePool, key: Key, now: float = 0.0) -> Connection:
    """A new connection, busy."""
    assert pool.reserve(key)
    conn = Connection(key, now)
    pool.opened(key, conn, now)
    return conn


def connect_idle(pool: ThePool, *keys: Key, now: float = 0.0) -> list[Connection]:
    """New connections, given back in this order."""
    made = [connect(pool, key, now) for key in keys]
    for conn in made:
        pool.give_back(conn, now, True)
    return made


def queue(pool: ThePool, key: Key, *waiters: Waiter) -> None:
    """Wait as a caller does: where there is nothing to take or to reserve."""
    for waiter in waiters:
        assert pool.take(key, 0.0) is None
        assert not pool.reserve(key)
        pool.wait(key, waiter)


def emptied(found: list[T]) -> list[T]:
    before = found[:]
    found.clear()
    return before


def leftovers(pool: ThePool) -> dict[str, object]:
    """All that a pool holds, which is nothing when nothing is open and nobody waits."""
    held = {name: getattr(pool, name) for name in Pool.__slots__}
    sized = {name: what for name, what in held.items() if hasattr(what, "__len__") and len(what)}
    counts = {name: held[name] for name in ("_open", "_waiting", "_stale") if held[name]}
    return {**sized, **counts}


# -- taking and giving back --------------------------------------------------


def test_an_unknown_place_has_nothing_to_take() -> None:
    assert make_pool().take("a", 0.0) is None


def test_the_one_used_last_is_taken_first() -> None:
    pool = make_pool()
    one, two, three = connect_idle(pool, "a", "a", "a")
    assert pool.take("a", 1.0) is three
    assert pool.take("a", 1.0) is two
    pool.give_back(three, 2.0, True)
    assert pool.take("a", 3.0) is three
    assert pool.take("a", 3.0) is one
    assert pool.take("a", 3.0) is None


def test_a_place_has_its_own_connections() -> None:
    pool = make_pool()
    (one,) = connect_idle(pool, "a")
    assert pool.take("b", 0.0) is None
    assert pool.take("a", 0.0) is one


def test_what_is_not_reusable_is_not_kept_and_not_doomed() -> None:
    pool = make_pool()
    pool.give_back(connect(pool, "a"), 0.0, False)
    assert pool.take("a", 0.0) is None
    assert leftovers(pool) == {}


def test_what_left_cannot_come_back() -> None:
    pool = make_pool()
    conn = connect(pool, "a")
    pool.give_back(conn, 0.0, False)
    for reusable in (True, False):
        with pytest.raises(AttributeError):
            pool.give_back(conn, 0.0, reusable)
    assert leftovers(pool) == {}


def test_all_that_was_opened_is_listed_until_it_left() -> None:
    pool = make_pool()
    (idle,) = connect_idle(pool, "a")
    busy, gone = connect(pool, "a"), connect(pool, "b")
    pool.give_back(gone, 0.0, False)
    assert pool.reserve("c")
    assert set(pool.connections()) == {idle, busy}


def test_a_connection_may_be_an_asyncio_protocol() -> None:
    class Slotted(Pooled, asyncio.Protocol):
        __slots__ = ("more",)

    pool: Pool[str, Slotted, int] = Pool(Limits())
    assert pool.reserve("a")
    conn = Slotted()
    pool.opened("a", conn, 0.0)
    pool.give_back(conn, 0.0, True)
    assert pool.take("a", 0.0) is conn


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_connections=0),
        Limits(max_connections_per_host=0),
        Limits(max_keepalive=-1),
        Limits(keepalive_expiry=-0.1),
        Limits(max_age=float("nan")),
    ],
)
def test_a_limit_that_cannot_be_met_is_refused(limits: Limits) -> None:
    ((name, _),) = [pair for pair in limits._asdict().items() if pair[1] is not None]
    with pytest.raises(ValueError, match=f"^{name} has to be [01] or more, or None"):
        Pool(limits)


# -- limits ------------------------------------------------------------------


def test_connections_that_are_being_made_count() -> None:
    pool = make_pool(total=2)
    assert pool.reserve("a")
    assert pool.reserve("b")
    assert not pool.reserve("a")
    pool.release("b")
    assert pool.reserve("c")


def test_a_place_has_its_own_limit() -> None:
    pool = make_pool(per_host=2)
    assert pool.reserve("a")
    connect(pool, "a")
    assert not pool.reserve("a")
    assert pool.reserve("b")


def test_at_the_total_the_least_recently_used_makes_way() -> None:
    pool = make_pool(total=3)
    a, b, c = connect_idle(pool, "a", "b", "c")
    assert pool.take("a", 1.0) is a
    pool.give_back(a, 1.0, True)
    assert pool.reserve("d")
    assert emptied(pool.doomed) == [b]
    assert pool.reserve("d")
    assert emptied(pool.doomed) == [c]
    assert pool.take("a", 2.0) is a
    assert not pool.reserve("d")


def test_at_the_limit_of_a_place_only_its_own_make_way() -> None:
    pool = make_pool(per_host=1)
    (other,) = connect_idle(pool, "b")
    (own,) = connect_idle(pool, "a")
    assert pool.reserve("a")
    assert emptied(pool.doomed) == [own]
    assert not pool.reserve("a")
    assert pool.take("b", 0.0) is other


def test_a_dead_connection_can_be_replaced_without_queueing() -> None:
    pool = make_pool(total=1)
    conn = connect(pool, "a")
    queue(pool, "b", 1)
    pool.vacate(conn)
    assert not pool.served
    assert not pool.connections()
    new = Connection("a")
    pool.opened("a", new, 0.0)
    pool.give_back(new, 0.0, False)
    assert pool.served == [(1, None)]


# -- how long connections are kept -------------------------------------------


def test_one_idle_for_too_long_is_not_taken() -> None:
    pool = make_pool(expiry=5.0)
    one, two = connect_idle(pool, "a", "a", now=1.0)
    assert pool.take("a", 5.9) is two
    pool.give_back(two, 5.9, True)
    assert pool.take("a", 10.8) is two
    assert pool.take("a", 10.8) is None
    assert pool.doomed == [one]


def test_exactly_the_expiry_is_too_long() -> None:
    pool = make_pool(expiry=5.0)
    connect_idle(pool, "a", now=1.0)
    assert pool.take("a", 6.0) is None


def test_one_too_old_is_not_taken() -> None:
    pool = make_pool(max_age=10.0)
    (old,) = connect_idle(pool, "a", now=0.0)
    (young,) = connect_idle(pool, "a", now=5.0)
    assert pool.take("a", 9.9) is young
    assert pool.take("a", 9.9) is old
    pool.give_back(young, 9.9, True)
    pool.give_back(old, 9.9, True)
    assert pool.take("a", 10.0) is young
    assert pool.doomed == [old]


def test_one_that_comes_back_too_old_makes_room() -> None:
    pool = make_pool(total=1, max_age=10.0)
    conn = connect(pool, "a", now=0.0)
    queue(pool, "a", 1)
    pool.give_back(conn, 10.0, True)
    assert (pool.doomed, pool.served) == ([conn], [(1, None)])


def test_no_more_than_that_many_are_kept() -> None:
    pool = make_pool(keep=2)
    a, b, c = connect_idle(pool, "a", "b", "a")
    assert emptied(pool.doomed) == [a]
    assert pool.take("b", 0.0) is b
    pool.give_back(b, 0.0, True)
    connect_idle(pool, "d")
    assert pool.doomed == [c]


@pytest.mark.parametrize("limits", [Limits(1, 1, 0), Limits(1, 1, None, 0.0)])
def test_what_is_not_kept_still_goes_to_those_who_wait(limits: Limits) -> None:
    pool: ThePool = Pool(limits)
    conn = connect(pool, "a")
    queue(pool, "a", 1)
    pool.give_back(conn, 0.0, True)
    assert pool.served == [(1, conn)]
    assert not pool.doomed
    pool.give_back(conn, 0.0, True)
    assert pool.doomed == [conn]


def test_the_idle_expire_in_turn() -> None:
    pool = make_pool(expiry=5.0)
    assert pool.expire(0.0) is None
    (one,) = connect_idle(pool, "a", now=1.0)
    (two,) = connect_idle(pool, "b", now=2.0)
    assert pool.expire(2.0) == 6.0
    assert pool.expire(6.0) == 7.0
    assert emptied(pool.doomed) == [one]
    assert pool.expire(7.0) is None
    assert emptied(pool.doomed) == [two]
    assert leftovers(pool) == {}


def test_age_counts_whatever_the_order_of_use() -> None:
    pool = make_pool(max_age=10.0)
    old, young, busy = (connect(pool, "a", now) for now in (0.0, 1.0, 0.5))
    pool.give_back(young, 2.0, True)
    pool.give_back(old, 3.0, True)
    assert pool.expire(3.0) == 10.0
    # That a busy one grows old may cost a call, and does not end it.
    assert pool.expire(10.0) in {10.5, 11.0}
    assert emptied(pool.doomed) == [old]
    assert pool.expire(10.5) == 11.0
    assert set(pool.connections()) == {young, busy}
    assert pool.expire(11.0) is None
    assert emptied(pool.doomed) == [young]


def test_what_nothing_ends_needs_no_timer() -> None:
    pool = make_pool()
    connect_idle(pool, "a")
    assert pool.expire(1e9) is None
    assert not pool.doomed


def test_a_lost_connection_leaves() -> None:
    pool = make_pool(total=1)
    (conn,) = connect_idle(pool, "a")
    assert pool.lost(conn)
    assert not pool.lost(conn)
    assert pool.take("a", 0.0) is None
    assert pool.reserve("b")
    assert not pool.doomed


def test_one_lost_while_busy_is_its_users_business() -> None:
    pool = make_pool(total=1)
    conn = connect(pool, "a")
    assert not pool.lost(conn)
    assert not pool.lost(Connection("never opened"))
    assert not pool.reserve("b")
    pool.give_back(conn, 0.0, False)
    assert pool.reserve("b")


# -- those who wait ----------------------------------------------------------


def test_a_connection_goes_to_the_first_who_waits_for_it() -> None:
    pool = make_pool(per_host=1)
    conn = connect(pool, "a")
    queue(pool, "a", 1, 2)
    pool.give_back(conn, 0.0, True)
    assert emptied(pool.served) == [(1, conn)]
    pool.give_back(conn, 0.0, True)
    assert emptied(pool.served) == [(2, conn)]
    pool.give_back(conn, 0.0, True)
    assert pool.take("a", 0.0) is conn


def test_who_waits_for_his_own_place_holds_up_nobody() -> None:
    pool = make_pool(total=3, per_host=1)
    first, second = connect(pool, "a"), connect(pool, "b")
    queue(pool, "a", 1)
    assert pool.reserve("c")
    queue(pool, "d", 2)
    pool.give_back(second, 0.0, True)
    assert emptied(pool.served) == [(2, None)]
    pool.give_back(first, 0.0, True)
    assert emptied(pool.served) == [(1, first)]


def test_an_earlier_waiter_elsewhere_gets_the_slot() -> None:
    pool = make_pool(total=1)
    conn = connect(pool, "a")
    queue(pool, "b", 1)
    queue(pool, "a", 2)
    pool.give_back(conn, 0.0, True)
    assert (emptied(pool.served), emptied(pool.doomed)) == ([(1, None)], [conn])
    pool.release("b")
    assert emptied(pool.served) == [(2, None)]


def test_a_later_waiter_elsewhere_does_not() -> None:
    pool = make_pool(total=1)
    conn = connect(pool, "a")
    queue(pool, "a", 1)
    queue(pool, "b", 2)
    pool.give_back(conn, 0.0, True)
    assert (emptied(pool.served), pool.doomed) == ([(1, conn)], [])
    pool.give_back(conn, 0.0, True)
    assert (emptied(pool.served), emptied(pool.doomed)) == ([(2, None)], [conn])


def test_a_doomed_connection_leaves_room_in_its_place() -> None:
    pool = make_pool(total=2, per_host=1)
    a, b = connect(pool, "a"), connect(pool, "b")
    queue(pool, "c", 1)
    queue(pool, "a", 2)
    pool.give_back(a, 0.0, True)
    assert emptied(pool.served) == [(1, None)]
    pool.give_back(b, 0.0, True)
    assert emptied(pool.served) == [(2, None)]
    assert pool.doomed == [a, b]


def test_a_slot_goes_to_the_earliest_who_can_use_it() -> None:
    pool = make_pool(total=3, per_host=2)
    connect(pool, "a")
    connect(pool, "a")
    other = connect(pool, "b")
    queue(pool, "a", 1)
    queue(pool, "c", 2)
    queue(pool, "b", 3)
    queue(pool, "c", 4)
    pool.give_back(other, 0.0, False)
    assert emptied(pool.served) == [(2, None)]
    pool.release("c")
    assert emptied(pool.served) == [(3, None)]
    pool.release("b")
    assert emptied(pool.served) == [(4, None)]
    pool.release("a")
    assert emptied(pool.served) == [(1, None)]


def test_places_take_turns_in_the_order_of_their_waiters() -> None:
    pool = make_pool(total=1)
    assert pool.reserve("z")
    keys = ["a", "b", "a", "c", "b", "a"]
    for waiter, key in enumerate(keys):
        queue(pool, key, waiter)
    last = "z"
    for waiter, key in enumerate(keys):
        pool.release(last)
        assert emptied(pool.served) == [(waiter, None)]
        last = key


@given(
    st.lists(st.integers(0, 30), min_size=30, max_size=90).map(lambda keys: [*map(str, keys)]),
    st.integers(0, 30),
    st.floats(0.3, 0.95),
    st.randoms(use_true_random=False),
)
def test_many_places_take_turns_whoever_forgets(
    keys: list[Key], first: int, share: float, random: Random
) -> None:
    pool = make_pool(total=1)
    assert pool.reserve("")
    for waiter, key in enumerate(keys):
        queue(pool, key, waiter)
    served: list[Waiter] = []

    def serve() -> None:
        pool.release(keys[served[-1]] if served else "")
        served.extend(waiter for waiter, _ in emptied(pool.served))

    for _ in range(first):
        serve()
    gone = random.sample(range(first, len(keys)), int(share * (len(keys) - first)))
    for waiter in gone:
        assert pool.forget(keys[waiter], waiter)
    staying = [waiter for waiter in range(len(keys)) if waiter not in gone]
    for _ in staying[first:]:
        serve()
    assert served == staying


def test_who_forgot_is_not_served() -> None:
    pool = make_pool(total=1)
    conn = connect(pool, "a")
    queue(pool, "a", 1, 2, 3)
    assert pool.forget("a", 1)
    assert not pool.forget("a", 1)
    assert pool.forget("a", 2)
    pool.give_back(conn, 0.0, True)
    assert emptied(pool.served) == [(3, conn)]
    assert not pool.forget("a", 3)
    assert not pool.forget("never seen", 3)


def test_the_turn_of_who_forgot_is_not_that_of_the_next() -> None:
    pool = make_pool(total=1)
    assert pool.reserve("z")
    queue(pool, "a", 1)
    queue(pool, "b", 2)
    queue(pool, "a", 3)
    assert pool.forget("a", 1)
    pool.release("z")
    assert pool.served == [(2, None)]


def test_who_comes_to_a_place_that_all_forgot_is_last() -> None:
    pool = make_pool(total=2)
    assert pool.reserve("a")
    assert pool.reserve("z")
    queue(pool, "a", 1)
    queue(pool, "b", 2)
    queue(pool, "c", 3)
    assert pool.forget("a", 1)
    queue(pool, "a", 4)
    for waiter in (2, 3, 4):
        pool.release("z" if waiter == 2 else "bc"[waiter - 3])
        assert emptied(pool.served) == [(waiter, None)]


def test_what_was_served_to_a_cancelled_one_goes_to_the_next() -> None:
    pool = make_pool(total=1)
    conn = connect(pool, "a")
    queue(pool, "a", 1, 2)
    queue(pool, "b", 3, 4)
    pool.give_back(conn, 0.0, True)
    assert emptied(pool.served) == [(1, conn)]
    assert not pool.forget("a", 1)
    pool.give_back(conn, 0.0, True)
    assert emptied(pool.served) == [(2, conn)]
    pool.give_back(conn, 0.0, False)
    assert emptied(pool.served) == [(3, None)]
    assert not pool.forget("b", 3)
    pool.release("b")
    assert emptied(pool.served) == [(4, None)]


def test_a_drained_pool_keeps_nothing() -> None:
    pool = make_pool(total=3, per_host=2)
    (idle,) = connect_idle(pool, "b")
    busy, other = connect(pool, "a"), connect(pool, "a")
    queue(pool, "a", 1)
    assert pool.take("b", 0.0) is idle
    queue(pool, "c", 2)
    queue(pool, "a", 3)
    queue(pool, "c", 4)
    assert pool.drain() == [1, 2, 3, 4]
    assert not pool.doomed
    pool.give_back(idle, 0.0, True)
    pool.give_back(busy, 0.0, True)
    assert emptied(pool.doomed) == [idle, busy]
    pool.give_back(other, 0.0, False)
    assert leftovers(pool) == {}


def test_draining_dooms_what_is_idle() -> None:
    pool = make_pool()
    idle = connect_idle(pool, "a", "b", "a")
    assert pool.drain() == []
    assert emptied(pool.doomed) == idle
    assert leftovers(pool) == {}


def test_a_drained_pool_still_serves() -> None:
    pool = make_pool(total=1)
    conn = connect(pool, "a")
    queue(pool, "b", 1)
    assert pool.drain() == [1]
    queue(pool, "b", 2)
    pool.give_back(conn, 0.0, True)
    assert (pool.served, pool.doomed) == ([(2, None)], [conn])


# -- nothing is left behind --------------------------------------------------


@pytest.mark.parametrize("limits", [Limits(), Limits(10, 2, 5, 60.0, 600.0)])
def test_places_leave_nothing_behind(limits: Limits) -> None:
    pool: ThePool = Pool(limits)
    for number in range(100_000):
        (conn,) = connect_idle(pool, f"place {number}")
        assert pool.lost(conn)
    assert leftovers(pool) == {}


def test_places_that_made_way_leave_nothing_behind() -> None:
    pool = make_pool(total=10)
    for number in range(10_000):
        connect_idle(pool, f"place {number}")
        pool.doomed.clear()
    assert len(pool.connections()) == len(pool._places) == 10


@pytest.mark.parametrize("places", [1, 7, 100_000])
def test_waiters_leave_nothing_behind(places: int) -> None:
    pool = make_pool(total=1)
    assert pool.reserve("busy")
    at_once = 20
    for waiter in range(100_000):
        queue(pool, str(waiter % places), waiter)
        if waiter >= at_once:
            assert pool.forget(str((waiter - at_once) % places), waiter - at_once)
        assert len(pool._heap) <= 2 * at_once + 2
        assert len(pool._places) <= at_once + 2
    for waiter in range(100_000 - at_once, 100_000):
        assert pool.forget(str(waiter % places), waiter)
    pool.release("busy")
    assert leftovers(pool) == {}


def test_one_who_stays_does_not_keep_those_who_left() -> None:
    pool = make_pool(total=1)
    assert pool.reserve("busy")
    queue(pool, "patient", 0)
    for waiter in range(1, 10_000):
        queue(pool, str(waiter), waiter)
        assert pool.forget(str(waiter), waiter)
    assert len(pool._heap) <= 2
    assert len(pool._places) == 2
    pool.release("busy")
    assert emptied(pool.served) == [(0, None)]
    pool.release("patient")
    assert leftovers(pool) == {}


def test_a_closed_connection_is_no_garbage_to_look_for() -> None:
    pool = make_pool(total=2, expiry=5.0, max_age=60.0)
    conns = [connect(pool, "a"), connect(pool, "a")]
    left = [weakref.ref(conn) for conn in conns]
    pool.give_back(conns.pop(), 0.0, False)
    pool.give_back(conns.pop(), 0.0, True)
    pool.expire(9.0)
    pool.doomed.clear()
    assert [ref() for ref in left] == [None, None]


# -- beside a naive one ------------------------------------------------------


class NaivePool:
    """The same rules in lists that are searched from end to end."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.keeps = True
        #: Where a connection is being made.
        self.slots: list[Key] = []
        self.busy: list[Connection] = []
        #: The one given back last is last.
        self.idle: list[Connection] = []
        #: Who came first is first.
        self.queue: list[tuple[Waiter, Key]] = []
        self.doomed: list[Connection] = []
        self.served: list[tuple[Waiter, Connection | None]] = []

    def open_at(self) -> Counter[Key]:
        return Counter([*self.slots, *(conn.key for conn in (*self.busy, *self.idle))])

    def is_full(self) -> bool:
        total = self.limits.max_connections
        return total is not None and self.open_at().total() >= total

    def is_full_at(self, key: Key) -> bool:
        most = self.limits.max_connections_per_host
        return most is not None and self.open_at()[key] >= most

    def deadline(self, conn: Connection) -> float:
        """When an idle connection is to be closed."""
        expiry, max_age = self.limits.keepalive_expiry, self.limits.max_age
        return min(
            float("inf") if expiry is None else conn.idle_since + expiry,
            float("inf") if max_age is None else conn.made_at + max_age,
        )

    def doom(self, conn: Connection) -> None:
        self.idle.remove(conn)
        self.doomed.append(conn)

    def take(self, key: Key, now: float) -> Connection | None:
        for conn in self.idle[::-1]:
            if conn.key != key:
                continue
            if self.deadline(conn) > now:
                self.idle.remove(conn)
                self.busy.append(conn)
                return conn
            self.doom(conn)
        return None

    def reserve(self, key: Key) -> bool:
        if self.is_full_at(key):
            victims = [conn for conn in self.idle if conn.key == key][-1:]
        else:
            victims = self.idle[:1] if self.is_full() else []
        for conn in victims:
            self.doom(conn)
        if self.is_full_at(key) or self.is_full():
            return False
        self.slots.append(key)
        return True

    def opened(self, conn: Connection) -> None:
        self.slots.remove(conn.key)
        self.busy.append(conn)

    def give_back(self, conn: Connection, now: float, reusable: bool) -> None:
        self.busy.remove(conn)
        max_age = self.limits.max_age
        if reusable and max_age is not None and conn.made_at + max_age <= now:
            self.doomed.append(conn)
            reusable = False
        if not reusable:
            self.serve_slots()
            return
        for waiter, key in self.queue:
            if key == conn.key:
                self.queue.remove((waiter, key))
                self.busy.append(conn)
                self.served.append((waiter, conn))
                return
            if not self.is_full_at(key):
                self.doomed.append(conn)
                self.serve_slots()
                return
        conn.idle_since = now
        self.idle.append(conn)
        most = 0 if not self.keeps else self.limits.max_keepalive
        if self.limits.keepalive_expiry == 0:
            most = 0
        if most is not None and len(self.idle) > most:
            self.doom(self.idle[0])

    def serve_slots(self) -> None:
        for waiter, key in self.queue[:]:
            if not self.is_full() and not self.is_full_at(key):
                self.queue.remove((waiter, key))
                self.slots.append(key)
                self.served.append((waiter, None))

    def release(self, key: Key) -> None:
        self.slots.remove(key)
        self.serve_slots()

    def vacate(self, conn: Connection) -> None:
        self.busy.remove(conn)
        self.slots.append(conn.key)

    def expire(self, now: float) -> None:
        for conn in self.idle[:]:
            if self.deadline(conn) <= now:
                self.doom(conn)

    def drain(self) -> list[Waiter]:
        self.keeps = False
        for conn in self.idle[:]:
            self.doom(conn)
        return [waiter for waiter, _ in emptied(self.queue)]


def none_or(least: int, most: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(least, most)


KEYS = st.sampled_from("abcd")
#: Which of those that there are.
CHOICES = st.integers(0, 30)


class BesideANaiveOne(RuleBasedStateMachine):
    """Both are told the same, and have to say the same; what is promised holds after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.begin(Limits(), timer=False)

    @initialize(
        limits=st.builds(
            Limits,
            none_or(1, 4),
            none_or(1, 3),
            none_or(0, 3),
            none_or(0, 5),
            none_or(0, 9),
        ),
        timer=st.booleans(),
    )
    def begin(self, limits: Limits, timer: bool) -> None:
        self.now = 0.0
        self.last_waiter = 0
        self.pool: ThePool = Pool(limits)
        self.naive = NaivePool(limits)
        self.left: list[Connection] = []
        #: Whether :meth:`Pool.expire` is called whenever it asked to be.
        self.has_timer = timer
        self.due: float | None = None

    def settle(self) -> None:
        """Compare what came of the last call."""
        served = emptied(self.pool.served)
        assert served == emptied(self.naive.served)
        for waiter, conn in served:
            self.check_that_nobody_was_passed_over(waiter, conn)
        self.compare_doomed()
        if self.has_timer and self.due is None:
            self.expire()

    def compare_doomed(self) -> None:
        doomed = emptied(self.pool.doomed)
        assert Counter(doomed) == Counter(emptied(self.naive.doomed))
        self.left += doomed

    def check_that_nobody_was_passed_over(self, waiter: Waiter, conn: Connection | None) -> None:
        for other, key in self.naive.queue:
            if other < waiter:
                assert conn is None or conn.key != key
                assert self.naive.is_full_at(key)

    # Getting a connection.

    @rule(key=KEYS)
    def request(self, key: Key) -> None:
        conn = self.pool.take(key, self.now)
        assert conn is self.naive.take(key, self.now)
        if conn is None:
            self.request_new(key)
        self.settle()

    @rule(key=KEYS)
    def request_new(self, key: Key) -> None:
        may_open = self.pool.reserve(key)
        assert may_open is self.naive.reserve(key)
        if not may_open:
            self.last_waiter += 1
            self.pool.wait(key, self.last_waiter)
            self.naive.queue.append((self.last_waiter, key))
        self.settle()

    @precondition(lambda self: self.naive.slots)
    @rule(choice=CHOICES)
    def succeed(self, choice: int) -> None:
        key = self.naive.slots[choice % len(self.naive.slots)]
        conn = Connection(key, self.now)
        self.pool.opened(key, conn, self.now)
        self.naive.opened(conn)

    @precondition(lambda self: self.naive.slots)
    @rule(choice=CHOICES)
    def fail(self, choice: int) -> None:
        key = self.naive.slots[choice % len(self.naive.slots)]
        self.pool.release(key)
        self.naive.release(key)
        self.settle()

    @precondition(lambda self: self.naive.queue)
    @rule(choice=CHOICES)
    def give_up(self, choice: int) -> None:
        waiter, key = self.naive.queue.pop(choice % len(self.naive.queue))
        assert self.pool.forget(key, waiter)
        assert not self.pool.forget(key, waiter)
        self.settle()

    # Being done with one.

    @precondition(lambda self: self.naive.busy)
    @rule(choice=CHOICES, reusable=st.sampled_from([True, True, False]))
    def finish(self, choice: int, reusable: bool) -> None:
        conn = self.naive.busy[choice % len(self.naive.busy)]
        self.pool.give_back(conn, self.now, reusable)
        self.naive.give_back(conn, self.now, reusable)
        self.settle()

    @precondition(lambda self: self.naive.busy)
    @rule(choice=CHOICES)
    def find_dead(self, choice: int) -> None:
        conn = self.naive.busy[choice % len(self.naive.busy)]
        self.pool.vacate(conn)
        self.naive.vacate(conn)
        self.settle()

    @precondition(lambda self: self.naive.idle)
    @rule(choice=CHOICES)
    def lose(self, choice: int) -> None:
        conn = self.naive.idle.pop(choice % len(self.naive.idle))
        assert self.pool.lost(conn)
        self.settle()

    @rule()
    def lose_what_is_not_idle(self) -> None:
        assert not any(self.pool.lost(conn) for conn in (*self.naive.busy, *self.left))

    # As time goes by.

    @rule(seconds=st.integers(1, 4))
    def pass_time(self, seconds: int) -> None:
        end = self.now + seconds
        while self.has_timer and self.due is not None and self.due <= end:
            self.now = max(self.now, self.due)
            self.expire()
            self.settle()
        self.now = end
        if self.has_timer:
            assert all(self.naive.deadline(conn) > end for conn in self.naive.idle)

    @precondition(lambda self: not self.has_timer)
    @rule()
    def look_for_what_expired(self) -> None:
        self.expire()
        self.settle()

    def expire(self) -> None:
        self.due = self.pool.expire(self.now)
        self.naive.expire(self.now)
        first = min(map(self.naive.deadline, self.naive.idle), default=float("inf"))
        if self.due is None:
            assert first == float("inf")
        else:
            assert self.now < self.due <= first < float("inf")
        self.compare_doomed()

    @precondition(lambda self: self.naive.keeps)
    @rule(choice=CHOICES)
    def drain(self, choice: int) -> None:
        if choice == 0:  # or little else would be seen
            assert self.pool.drain() == self.naive.drain()
            self.settle()

    # What is promised.

    @invariant()
    def no_limit_is_exceeded(self) -> None:
        limits, open_at = self.naive.limits, self.naive.open_at()
        if limits.max_connections is not None:
            assert open_at.total() <= limits.max_connections
        if limits.max_connections_per_host is not None:
            assert max(open_at.values(), default=0) <= limits.max_connections_per_host
        if limits.max_keepalive is not None:
            assert len(self.naive.idle) <= limits.max_keepalive

    @invariant()
    def nobody_waits_without_need(self) -> None:
        for _, key in self.naive.queue:
            assert all(conn.key != key for conn in self.naive.idle)
            if not self.naive.is_full_at(key):
                assert self.naive.is_full()
                assert not self.naive.idle

    @invariant()
    def all_connections_are_known(self) -> None:
        assert set(self.pool.connections()) == {*self.naive.busy, *self.naive.idle}

    @invariant()
    def as_much_is_held_as_is_there(self) -> None:
        used = self.naive.open_at().keys() | {key for _, key in self.naive.queue}
        assert self.pool._places.keys() == used

    @invariant()
    def the_heap_is_in_order(self) -> None:
        heap = [place for _, place in self.pool._heap]
        assert len(heap) == len({*map(id, heap)})
        assert self.pool._stale == sum(not place.waiters for place in heap) <= len(heap) / 2
        for key, place in self.pool._places.items():
            assert place.in_heap == any(place is each for each in heap)
            if place.in_heap or place.waiters:
                assert place.in_heap != self.naive.is_full_at(key)

    def teardown(self) -> None:
        """Everybody is done, so that everybody who waits is served, and all is gone."""
        while self.naive.slots or self.naive.busy:
            if self.naive.slots:
                self.fail(0)
            else:
                self.finish(0, False)
        assert not self.naive.queue
        while self.naive.idle:
            self.lose(0)
        assert leftovers(self.pool) == {}


BesideANaiveOne.TestCase.settings = settings(max_examples=300, stateful_step_count=60)
TestBesideANaiveOne = BesideANaiveOne.TestCase


# -- what it costs -----------------------------------------------------------


def steps_of(function: Callable[[], object]) -> Counter[str]:
    """Count the calls, of Python and of C functions, and the lines that one call runs."""
    counted: Counter[str] = Counter()

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        counted[event] += 1

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            note(frame, event, argument)
        return trace

    profile_before, trace_before = sys.getprofile(), sys.gettrace()
    gc.disable()  # a collection calls functions too
    sys.setprofile(note)
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(trace_before)
        sys.setprofile(profile_before)
        gc.enable()
    return counted


def exchange(pool: ThePool) -> None:
    conn = pool.take("a", 2.0)
    assert conn is not None
    pool.give_back(conn, 2.0, True)


def exchange_elsewhere(pool: ThePool) -> None:
    """An idle connection of another place makes way."""
    assert pool.reserve("new")
    pool.release("new")


def lose_one(pool: ThePool) -> None:
    assert pool.lost(next(iter(pool._idle)))


def expire_one(pool: ThePool) -> None:
    pool.expire(6.0)
    assert len(pool.doomed) == 1


@pytest.mark.parametrize("action", [exchange, exchange_elsewhere, lose_one, expire_one])
@pytest.mark.parametrize("in_one_place", [True, False])
def test_steps_do_not_grow_with_connections(
    action: Callable[[ThePool], None], in_one_place: bool
) -> None:
    def crowded(count: int) -> ThePool:
        pool = make_pool(count, count, count, expiry=5.0, max_age=90.0)
        connect_idle(pool, "first", now=1.0)
        connect_idle(pool, *("a" if in_one_place else str(n) for n in range(count - 2)), now=2.0)
        connect_idle(pool, "a", now=2.0)
        return pool

    few, many = crowded(10), crowded(10_000)
    assert steps_of(lambda: action(few)) == steps_of(lambda: action(many))


def wait_in_vain(pool: ThePool) -> None:
    pool.wait("new", -1)
    assert pool.forget("new", -1)


def pass_a_connection_on(pool: ThePool) -> None:
    conn = pool.connections()[0]
    pool.give_back(conn, 0.0, True)
    assert pool.served == [(0, conn)]


def pass_a_slot_on(pool: ThePool) -> None:
    pool.give_back(pool.connections()[0], 0.0, False)
    assert pool.served == [(0, None)]


@pytest.mark.parametrize("action", [wait_in_vain, pass_a_connection_on, pass_a_slot_on])
@pytest.mark.parametrize("in_one_place", [True, False])
def test_steps_do_not_grow_with_waiters(
    action: Callable[[ThePool], None], in_one_place: bool
) -> None:
    def crowded(count: int) -> ThePool:
        pool = make_pool(total=1)
        connect(pool, "a")
        for waiter in range(count):
            pool.wait("a" if in_one_place or waiter == 0 else str(waiter), waiter)
        return pool

    few, many = crowded(10), crowded(10_000)
    assert steps_of(lambda: action(few)) == steps_of(lambda: action(many))


def test_a_warm_exchange_takes_few_steps() -> None:
    pool = make_pool(100, 10, 20, 60.0, 600.0)
    connect_idle(pool, "a")
    counted = steps_of(lambda: exchange(pool))
    assert counted["call"] <= 4  # take, give_back and the two functions here
    assert counted["c_call"] <= 5  # popitem and len, and what ends the count
