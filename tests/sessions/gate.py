"""A server that keeps requests waiting until a test lets them go, and counts them."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tests.support import Answer, HttpServer, ReceivedRequest


class Gate:
    """Answers the requests of :meth:`url`, each when it may, with their numbers.

    :param origins: how many servers.
    :param is_open: whether it lets everything pass from the beginning.
    """

    def __init__(self, origins: int = 1, *, is_open: bool = False) -> None:
        self._servers = [HttpServer() for _ in range(origins)]
        self._stack = ExitStack()
        self._changed = threading.Condition()
        self._open = is_open
        self._let_go: set[int] = set()
        self._inside: list[int] = []
        self._inside_of = [0] * origins
        #: The numbers in the order in which they came.
        self.came: list[int] = []
        #: The most that were ever inside, in all and of each origin.
        self.most = 0
        self.most_of = [0] * origins

    def url(self, number: int, origin: int = 0) -> str:
        return f"{self._servers[origin].url}/held?n={number}"

    def urls(self, count: int) -> list[str]:
        return [self.url(number) for number in range(count)]

    @property
    def connections(self) -> int:
        """How many connections were made so far."""
        return sum(server.connections for server in self._servers)

    def wait(self, *numbers: int, timeout: float = 10.0) -> None:
        """Return when exactly these are inside.

        :raises TimeoutError: when it never happens.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: sorted(self._inside) == sorted(numbers), timeout):
                raise TimeoutError(f"{self._inside} are inside, not {numbers}")

    def wait_came(self, count: int, timeout: float = 10.0) -> None:
        """Return when so many have come.

        :raises TimeoutError: when they do not.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.came) >= count, timeout):
                raise TimeoutError(f"{len(self.came)} came, not {count}")

    def let_go(self, *numbers: int) -> None:
        """Answer these, now or when they come."""
        with self._changed:
            self._let_go.update(numbers)
            self._changed.notify_all()

    def open(self) -> None:
        """Answer all, those to come as well."""
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def _handle(self, request: ReceivedRequest, origin: int) -> Answer:
        number = int(request.parameter("n"))
        with self._changed:
            self.came.append(number)
            self._inside.append(number)
            self._inside_of[origin] += 1
            self.most = max(self.most, len(self._inside))
            self.most_of[origin] = max(self.most_of[origin], self._inside_of[origin])
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._open or number in self._let_go)
            self._inside.remove(number)
            self._inside_of[origin] -= 1
            self._changed.notify_all()
        return Answer(b"%d" % number)

    def __enter__(self) -> Self:
        for origin, server in enumerate(self._servers):
            server.route("/held")(lambda request, origin=origin: self._handle(request, origin))
            self._stack.enter_context(server)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.open()
        self._stack.__exit__(kind, error, traceback)
