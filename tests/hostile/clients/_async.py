"""What the adapters of asynchronous clients share: tasks, and the order of a plan."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from ..plan import Ask, Got, Plan, Played, Raised, Settings, Unsupported
from ._outcomes import (
    Kept,
    check_no_socks,
    in_a_child,
    outcome_of,
    raised,
    tasks_left,
    weighed,
    world,
)

__all__ = ["AsyncClient"]


class AsyncClient:
    """Plays plans on a loop of its own; a subclass knows its client."""

    asynchronous = True
    name: str
    family: tuple[type[BaseException], ...]
    #: Whether it does SOCKS without a further package.
    socks = False
    #: Whether a session may be used on another loop than the one that it was made in.
    moves = False

    # -- what a subclass knows

    def session(self, settings: Settings) -> Any:
        """An asynchronous context manager."""
        raise NotImplementedError

    async def request(self, session: Any, ask: Ask) -> Any:
        """The response, its body not read."""
        raise NotImplementedError

    async def read(self, response: Any, how: str, kept: Kept) -> None:
        """Read the body as :attr:`Ask.read` says."""
        raise NotImplementedError

    async def part(self, response: Any) -> None:
        """Close the response."""
        raise NotImplementedError

    async def close(self, session: Any) -> None:
        """Close the session."""
        raise NotImplementedError

    def told(self, response: Any, got: Got) -> Got:
        """``got`` with what the response's head says."""
        raise NotImplementedError

    # -- the plan

    def play(self, plan: Plan) -> Played:
        if not self.socks:
            check_no_socks(plan)
        with world(plan), asyncio.Runner() as runner:
            # The result of a task is shown as text by asyncio.run, whatever its size.
            played: list[Played] = []

            async def main() -> None:
                played.append(await self._play(plan))

            def run() -> Played:
                runner.run(main())
                return played[0]

            return weighed(run, plan)

    async def _play(self, plan: Plan) -> Played:
        outcomes: list[Got] = []
        unread: list[tuple[int, Any]] = []
        begin = time.perf_counter()
        try:
            async with self.session(plan.settings) as session:
                for ask in plan.asks:
                    await asyncio.sleep(ask.pause)
                    outcomes.append(await self._asked(session, ask, unread, len(outcomes)))
        except Unsupported:
            raise
        except Exception as error:  # a setting that is refused
            outcomes.append(Got(time.perf_counter() - begin, error=self._raised(error)))
        for position, response in unread:
            outcomes[position] = await self._got(_at_once(response), Ask(), [])
        for _ in range(3):
            await asyncio.sleep(0)  # what ends by itself may do so
        return Played(tuple(outcomes), tasks=tasks_left())

    async def _asked(self, session: Any, ask: Ask, unread: list[Any], position: int) -> Got:
        if ask.forked:
            if not self.moves:
                raise Unsupported("a forked child: a session belongs to one loop")
            return in_a_child(lambda: asyncio.run(self._last(session, ask)))
        if ask.times == 1:
            left: list[Any] = []
            got = await self._once(session, ask, left)
            unread += [(position, response) for response in left]
            return got
        begin = time.perf_counter()
        asks = [ask.times_url(n) for n in range(ask.times)]
        if ask.together == 1:
            return outcome_of(begin, [await self._once(session, one, []) for one in asks])
        room = asyncio.Semaphore(ask.together)

        async def one_of(one: Ask) -> Got:
            async with room:
                return await self._once(session, one, [])

        return outcome_of(begin, list(await asyncio.gather(*map(one_of, asks))))

    async def _last(self, session: Any, ask: Ask) -> Got:
        got = await self._once(session, ask, [])
        await self.close(session)
        return got

    async def _once(self, session: Any, ask: Ask, left: list[Any]) -> Got:
        if ask.interrupt is None and ask.close_session is None:
            return await self._got(self.request(session, ask), ask, left)
        task = asyncio.create_task(self._got(self.request(session, ask), ask, left))
        begin = time.perf_counter()
        await asyncio.wait([task], timeout=ask.interrupt or ask.close_session)
        if ask.interrupt is None:
            await self.close(session)
        else:
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError as error:
            return Got(time.perf_counter() - begin, error=self._raised(error))

    async def _got(self, request: Awaitable[Any], ask: Ask, left: list[Any]) -> Got:
        kept = Kept()
        response: Any = None
        error: Raised | None = None
        begin = time.perf_counter()
        try:
            response = await request
            if ask.read == "unread":
                left.append(response)
            else:
                try:
                    await self.read(response, ask.read, kept)
                finally:
                    await self.part(response)
        except Unsupported:
            raise
        except Exception as failure:
            error = self._raised(failure)
        got = Got(time.perf_counter() - begin, error=error)
        if response is None:
            return got
        got = replace(got, body=bytes(kept.body), length=kept.length)
        with contextlib.suppress(AttributeError):
            got = self.told(response, got)
        return got

    def _raised(self, error: BaseException) -> Raised:
        return raised(error, self.family)


async def _at_once(response: Any) -> Any:
    return response
