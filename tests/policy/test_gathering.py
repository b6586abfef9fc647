"""The schedule of a gathering, alone: nothing is sent, and landings come in any order."""

from __future__ import annotations

import sys
from asyncio import CancelledError
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulak._policy.gathering import LOOKAHEAD, Flight, Schedule
from ulak.exceptions import InvalidOption


class Simulation:
    """A driver whose flights land when it says so, and who checks what it is told.

    The items are numbers, and their hosts are those of ``hosts``.
    """

    def __init__(self, hosts: list[str | None], **terms: Any) -> None:
        self.schedule = Schedule(**terms)
        self.hosts = hosts
        self.limit: int = terms["limit"]
        self.per_host: int = terms.get("per_host") or sys.maxsize
        self.window = self.limit * (1 if terms.get("holds") else LOOKAHEAD)
        self.in_order: bool = terms.get("in_order", True)
        self.pulled = 0
        #: Those in flight, the first begun first.
        self.flying: list[Flight] = []
        self.aside: list[int] = []
        self.landed: list[int] = []
        self.handed_out: list[Any] = []

    def busy(self) -> Counter[str | None]:
        counted = Counter(flight.host for flight in self.flying)
        del counted[None]
        return counted

    def begin(self, flight: Flight | None) -> None:
        if flight is None:
            return
        if flight.item in self.aside:
            earlier = self.aside[: self.aside.index(flight.item)]
            assert flight.host not in {self.hosts[item] for item in earlier}, "out of turn"
            self.aside.remove(flight.item)
        self.flying.append(flight)

    def pull(self) -> None:
        if self.pulled == len(self.hosts):
            self.schedule.end()
            return
        item = self.pulled
        self.pulled += 1
        flight = self.schedule.add(item, self.hosts[item])
        if flight is None:
            self.aside.append(item)
        self.begin(flight)

    def land(self, which: int) -> None:
        flight = self.flying.pop(which % len(self.flying))
        self.landed.append(flight.item)
        self.begin(self.schedule.land(flight, flight.item))

    def hand_out(self) -> None:
        self.handed_out.append(self.schedule.hand_out())

    def check(self) -> None:
        busy = self.busy()
        assert self.schedule.flying == len(self.flying) <= self.limit
        assert max(busy.values(), default=0) <= self.per_host
        assert self.pulled - len(self.handed_out) <= self.window
        for item in self.aside:
            assert busy[self.hosts[item]] == self.per_host, f"{item} waits for no reason"
        expected = list(range(self.pulled)) if self.in_order else self.landed
        assert self.handed_out == expected[: len(self.handed_out)]
        ready = len(self.handed_out) < len(expected) and (
            expected[len(self.handed_out)] in self.landed
        )
        assert self.schedule.is_ready == ready
        if not (self.schedule.is_ready or self.schedule.may_pull or self.schedule.is_over):
            assert self.flying, "nothing can happen any more"

    def step(self, choice: int) -> None:
        """Do one of the things that can be done."""
        possible = []
        if self.schedule.may_pull:
            possible.append(self.pull)
        if self.schedule.is_ready:
            possible.append(self.hand_out)
        if self.flying:
            possible.append(lambda: self.land(choice // 3))
        possible[choice % len(possible)]()
        self.check()


TERMS = st.fixed_dictionaries(
    {
        "limit": st.integers(1, 4),
        "per_host": st.none() | st.integers(1, 5),
        "in_order": st.booleans(),
        "holds": st.booleans(),
    }
)
HOSTS = st.lists(st.sampled_from(["a", "a", "b", "c", None]), max_size=60)


@given(hosts=HOSTS, terms=TERMS, data=st.data())
def test_limits_order_bounds_and_progress(
    hosts: list[str | None], terms: dict[str, Any], data: st.DataObject
) -> None:
    simulation = Simulation(hosts, **terms)
    choices = data.draw(st.lists(st.integers(0, 1000), min_size=1, max_size=300))
    turn = 0
    while not simulation.schedule.is_over:
        simulation.step(choices[turn % len(choices)] + turn // len(choices))
        turn += 1
        assert turn < 100 * (len(hosts) + 1), "it does not end"
    assert sorted(simulation.handed_out) == list(range(len(hosts)))
    assert not simulation.schedule._at_host, "a host is remembered without a reason"
    assert not simulation.schedule._aside
    assert not simulation.schedule._line


@given(terms=TERMS)
def test_an_endless_source_and_a_consumer_who_takes_nothing(terms: dict[str, Any]) -> None:
    simulation = Simulation(["a", "b"] * 100, **terms)
    while simulation.schedule.may_pull or simulation.flying:
        if simulation.schedule.may_pull:
            simulation.pull()
        else:
            simulation.land(-1)
        simulation.check()
    assert simulation.pulled == simulation.window


def test_a_busy_host_holds_up_no_other() -> None:
    simulation = Simulation(["a", "a", "a", "b", "a"], limit=2, per_host=1)
    while simulation.schedule.may_pull:
        simulation.pull()
    assert [flight.item for flight in simulation.flying] == [0, 3]
    simulation.land(0)
    assert [flight.item for flight in simulation.flying] == [3, 1]


def test_only_so_many_wait_aside() -> None:
    simulation = Simulation(["a"] * 1000, limit=10, per_host=2)
    while simulation.schedule.may_pull:
        simulation.pull()
    assert simulation.pulled == LOOKAHEAD * 10


def test_a_host_that_nobody_knows_is_never_busy() -> None:
    simulation = Simulation([None] * 3, limit=3, per_host=1)
    while simulation.schedule.may_pull:
        simulation.pull()
    assert len(simulation.flying) == 3


def one_flying(**terms: Any) -> tuple[Schedule, Flight]:
    schedule = Schedule(limit=4, **terms)
    flight = schedule.add("item")
    assert flight is not None
    return schedule, flight


class Odd(BaseException):
    pass


@pytest.mark.parametrize("error", [ValueError(), CancelledError(), KeyboardInterrupt(), Odd()])
@pytest.mark.parametrize("in_order", [False, True])
def test_a_failure_is_raised(error: BaseException, in_order: bool) -> None:
    schedule, flight = one_flying(in_order=in_order)
    with pytest.raises(type(error)) as caught:
        schedule.land(flight, error)
    assert caught.value is error
    assert not schedule.is_ready


@pytest.mark.parametrize("error", [ValueError(), InvalidOption("so")])
def test_a_failure_that_is_kept_is_handed_out(error: Exception) -> None:
    schedule, flight = one_flying(return_exceptions=True)
    schedule.land(flight, error)
    assert schedule.hand_out() is error


@pytest.mark.parametrize("error", [CancelledError(), KeyboardInterrupt(), SystemExit(), Odd()])
def test_what_asks_to_end_is_never_kept(error: BaseException) -> None:
    schedule, flight = one_flying(return_exceptions=True)
    with pytest.raises(type(error)):
        schedule.land(flight, error)


@pytest.mark.parametrize("in_order", [False, True])
def test_unclaimed_is_what_landed(in_order: bool) -> None:
    schedule, _ = one_flying(in_order=in_order)
    second, third = schedule.add("second"), schedule.add("third")
    assert second and third
    schedule.land(third, "landed third")
    schedule.land(second, "landed second")
    assert sorted(schedule.unclaimed()) == ["landed second", "landed third"]
    assert list(schedule.unclaimed()) == []


@pytest.mark.parametrize("limit", [0, -1, True, 2.0, "8", None])
def test_a_limit_is_a_number_of_requests(limit: Any) -> None:
    with pytest.raises(InvalidOption, match=f"limit={limit!r} should be a whole number"):
        Schedule(limit=limit)
    if limit is not None:
        with pytest.raises(InvalidOption, match=f"per_host={limit!r} should be a whole number"):
            Schedule(limit=1, per_host=limit)
