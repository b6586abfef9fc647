"""Event loops for the tests: what is run on one may leave nothing in it.

Knows asyncio and uvloop, and nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.util
from asyncio import constants
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

__all__ = ["LONG", "LOOPS", "CancelledAt", "Loop", "TurnCounter", "warmed_up"]

LOOPS = ["asyncio"]
if importlib.util.find_spec("uvloop"):
    LOOPS.append("uvloop")

#: Seconds that nothing here should take, and that end a test which would hang.
LONG = 20.0

T = TypeVar("T")


@contextmanager
def warmed_up() -> Iterator[None]:
    """Do once what is done once: for a fixture of a module whose tests run loops.

    The first loop of a kind may open what the process then keeps; uvloop's does.  And
    what is there by now is no garbage: looking through it after each test takes long.  So
    does what loops in debug mode keep of the stack for each of their objects.
    """
    depth, constants.DEBUG_STACK_DEPTH = constants.DEBUG_STACK_DEPTH, 1
    for name in LOOPS:
        with asyncio.Runner(loop_factory=importlib.import_module(name).new_event_loop) as runner:
            runner.run(asyncio.sleep(0))
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    constants.DEBUG_STACK_DEPTH = depth


class Loop:
    """Runs coroutines, and fails if one leaves a task or an error that nobody saw.

    :param name: of :data:`LOOPS`.
    :param debug: whether the loop looks closely at what is done with it.
    :param overlooks: tells what of the errors that nobody saw is none of ours.
    """

    def __init__(
        self,
        name: str = "asyncio",
        *,
        debug: bool = True,
        overlooks: Callable[[dict[str, Any]], bool] = lambda said: False,
    ) -> None:
        self.name = name
        self._overlooks = overlooks
        self._debug = debug
        #: What makes the loop.
        self.factory: Callable[[], asyncio.AbstractEventLoop]
        self.factory = importlib.import_module(name).new_event_loop

    def run(self, coroutine: Coroutine[Any, Any, T], *, seconds: float = LONG) -> T:
        """What ``coroutine`` returns or raises.

        :param seconds: that it may take.
        """
        unseen: list[dict[str, Any]] = []
        tasks: set[Any] = set()

        async def main() -> T:
            asyncio.get_running_loop().set_exception_handler(lambda _, said: unseen.append(said))
            try:
                async with asyncio.timeout(seconds):
                    return await coroutine
            finally:
                tasks.update(asyncio.all_tasks() - {asyncio.current_task()})

        with asyncio.Runner(debug=self._debug, loop_factory=self.factory) as runner:
            result = runner.run(main())
            gc.collect()  # a future says that nobody saw its error when it is collected
        assert not tasks, f"tasks left behind: {tasks}"
        unseen = [said for said in unseen if not self._overlooks(said)]
        assert not unseen, unseen
        return result

    def __repr__(self) -> str:
        return f"<Loop of {self.name}>"


class CancelledAt:
    """Awaits something, and cancels the task at some of the suspensions of it.

    :param numbers: of the suspensions, from 1.
    :param late: cancel when what was waited for is there, but before the coroutine
        has seen it, instead of while it is waited for.
    :param act: what to do instead of cancelling.
    """

    def __init__(
        self,
        awaitable: Awaitable[Any],
        numbers: Iterable[int],
        *,
        late: bool,
        act: Callable[[], object] | None = None,
    ) -> None:
        self._awaitable = awaitable
        self._numbers = frozenset(numbers)
        self._late = late
        self._act = act
        self.suspensions = 0

    @property
    def struck(self) -> bool:
        """Whether the task was cancelled, or would have been by now."""
        return self.suspensions >= min(self._numbers)

    def __await__(self) -> Generator[Any, Any, Any]:
        task = asyncio.current_task()
        assert task is not None
        act = task.cancel if self._act is None else self._act
        steps = self._awaitable.__await__()
        send: Callable[[], Any] = steps.__next__
        while True:
            try:
                waited_for = send()
            except StopIteration as end:
                return end.value
            self.suspensions += 1
            if self.suspensions in self._numbers:
                if self._late and waited_for is not None:
                    waited_for.add_done_callback(lambda _: act())
                else:
                    act()
            try:
                yield waited_for
            except BaseException as exc:
                send = lambda exc=exc: steps.throw(exc)  # noqa: E731
            else:
                send = steps.__next__


class TurnCounter(asyncio.SelectorEventLoop):
    """Counts the turns in which sockets had something for it, and may act at one of them.

    Between two suspensions of a task there are many such turns: the flights of a TLS
    handshake, the pieces of a head.
    """

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0
        self._target = 0
        self._act: Callable[[], object] | None = None
        self._first = False

    def at(self, turn: int, act: Callable[[], object], *, first: bool) -> None:
        """Call ``act`` at the ``turn``-th turn from now on.

        :param first: before what came in is handed over, instead of after it.
        """
        self.turns = 0
        self._target, self._act, self._first = turn, act, first

    def _process_events(self, event_list: list[Any]) -> None:
        due = False
        if event_list:
            self.turns += 1
            due = self._act is not None and self.turns == self._target
        if due and self._first and self._act is not None:
            self._act()
        super()._process_events(event_list)  # type: ignore[misc]  # not in the stubs
        if due and not self._first and self._act is not None:
            self._act()
