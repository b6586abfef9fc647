"""Ports of this machine: a free one, one that answers, one that never does."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator

_CONNECT_TIMEOUT = 0.25
_POLL = 0.01


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port on ``host`` that nothing listens on at this moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def wait_port(
    port: int,
    host: str = "127.0.0.1",
    *,
    timeout: float = 10.0,
    alive: Callable[[], bool] = lambda: True,
) -> None:
    """Return when ``host:port`` accepts a connection.

    :param alive: asked between attempts; false ends the wait at once.
    :raises TimeoutError: nothing accepted within ``timeout`` seconds, or
        ``alive`` said that nothing will.
    """
    deadline = time.monotonic() + timeout
    while alive() and time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), _CONNECT_TIMEOUT).close()
        except OSError:
            time.sleep(_POLL)
        else:
            return
    raise TimeoutError(f"nothing accepts connections on {host}:{port}")


@contextlib.contextmanager
def stalled_port(host: str = "127.0.0.1") -> Iterator[int]:
    """A port where connecting hangs: its queue is full and nobody empties it.

    Relies on Linux, which drops a SYN that finds the queue full.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        listener.bind((host, 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(4):
            filler = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            filler.setblocking(False)
            filler.connect_ex(address)
        yield address[1]
