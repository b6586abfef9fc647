"""A session that is tortured, and the look at what the torture left of it."""

from __future__ import annotations

import asyncio
import threading
import warnings
from typing import Any, Self

import ulak
from tests.conftest import open_descriptors
from tests.support.child_server import body_of
from tests.support.fronts import AsyncFront, Front, SyncFront
from tests.support.loops import Loop
from tests.torture.scenarios import Place, Scenario

__all__ = ["CONNECTIONS", "SOON", "Ground", "LoopFront", "new_front"]

#: How many connections to one origin a session may have, and has to have left.
CONNECTIONS = 2
#: For what comes after: whatever was not given back shows up soon.
SOON = ulak.Timeout(connect=5, read=5, write=5, pool=1, total=10)


class LoopFront(AsyncFront):
    """An :class:`AsyncFront` on a loop of choice, whose task under way can be cancelled."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._runner.close()
        self._runner = asyncio.Runner(loop_factory=Loop(name).factory)
        self._runner.get_loop().set_exception_handler(self._note)
        self._task: asyncio.Task[Any] | None = None

    def _note(self, loop: asyncio.AbstractEventLoop, said: dict[str, Any]) -> None:
        # TLS inside TLS fails so in Python 3.11, whatever the reason; ulak lives with it.
        if "SSLProtocol._abort() takes 1" not in str(said.get("exception")):
            self._unseen.append(said)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """What it runs on."""
        return self._runner.get_loop()

    def run(self, outcome: Any) -> Any:
        async def after_a_turn() -> Any:
            for _ in range(2):
                await asyncio.sleep(0)
            return await outcome

        self._task = self.loop.create_task(after_a_turn())
        try:
            return self.loop.run_until_complete(self._task)
        finally:
            self._task = None

    def cancel(self) -> None:
        """Cancel what is under way, as soon as the loop has done what it is at."""
        if self._task is not None:
            self.loop.call_soon(self._task.cancel)


def new_front(name: str) -> Front:
    """``"sync"``, or a loop's name."""
    return SyncFront() if name == "sync" else LoopFront(name)


class Ground:
    """One session for one scenario, with a pool of :data:`CONNECTIONS`; a context manager.

    When it ends, the session is closed, and nothing may be left.

    :param front: which kind of session.
    :param limits: for the requests that are tortured.
    """

    def __init__(
        self, front: Any, place: Place, scenario: Scenario, ca: str, limits: ulak.Timeout
    ) -> None:
        self._front = front
        self._place = place
        self._scenario = scenario
        adapter = front.narrow(CONNECTIONS)
        self.session = front.session(
            adapters={"https://": adapter, "http://": adapter},
            verify=ca,
            proxies={"all": self._proxy()} if scenario.by else None,
            trust_env=False,
            timeout=SOON,
        )
        self.ask("warm")
        self.session.timeout = limits
        self.session.close()
        self._descriptors = self._open()
        self._threads = set(threading.enumerate())

    def _proxy(self) -> str:
        place, scheme = self._place, str(self._scenario.by)
        return place.secure if scheme == "https" else place.plain.replace("http", scheme)

    def _open(self) -> set[str]:
        return {what for what in open_descriptors().values() if what.startswith("socket:")}

    def ask(self, name: str) -> None:
        """Carry the scenario out.

        :raises AssertionError: when it brings something else than it should.
        """
        assert self._scenario.ask(self.session, self._place, name), "another answer"

    def outlast(self, name: str, errors: tuple[type[BaseException], ...]) -> str:
        """Carry it out under torture; only ``errors`` may come of that, or the right answer.

        :returns: the name of the error's class, or ``""``.
        """
        with warnings.catch_warnings():
            try:
                self.ask(name)
            except errors as error:
                return type(error).__name__
            return ""

    def check(self, name: str) -> None:
        """See that the session has all its connections, and gets the answers it asks for."""
        root = self._place.secure if self._scenario.secure else self._place.plain
        held = [
            self.session.get(f"{root}/pieces/600/{name}-{n}", stream=True, timeout=SOON)
            for n in range(CONNECTIONS)
        ]
        for response in held:
            assert response.content == body_of(response.request.path_url), "another answer"
        self._check_nothing_runs()
        opened = self._open() - self._descriptors
        assert len(opened) <= CONNECTIONS, f"{len(opened)} sockets for {CONNECTIONS} connections"

    def _check_nothing_runs(self) -> None:
        # A loop's executor keeps its threads, and has one more when all of them read files.
        now = {x for x in threading.enumerate() if not x.name.startswith(("asyncio_", "uvloop_"))}
        left = now - self._threads
        assert not left, f"threads: {left}"
        if isinstance(self._front, LoopFront):
            tasks = asyncio.all_tasks(self._front.loop)
            assert not tasks, f"tasks: {tasks}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.session.close()
        if kind is None:
            self.check_nothing_is_open()

    def check_nothing_is_open(self) -> None:
        """See that the session, which is closed, has left no socket."""
        assert self._open() <= self._descriptors
