"""A deadline for code that has none: urllib3's TLS within TLS.

It calls ``recv`` in a loop, each time with the socket's whole time-out, so that a
server that drips outlasts any.  A :class:`Watchdog` shuts the socket down when the
deadline passes; the next call fails, and the caller sees that it :attr:`~Watchdog.bit`.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clock import Deadline

__all__ = ["Watchdog"]


class Watchdog:
    """Watches one socket until it is called off, in a thread of its own."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        #: Whether the deadline passed first.
        self.bit = False
        self._sock = sock
        self._timer: threading.Timer | None = None
        if deadline is not None:
            self._timer = threading.Timer(max(0.0, deadline - monotonic()), self._bite)
            self._timer.daemon = True
            self._timer.start()

    def _bite(self) -> None:
        self.bit = True
        with suppress(OSError):
            # Not the method of an SSLSocket, which would unwrap what another thread reads.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def call_off(self) -> None:
        """Stop watching; the thread has ended when this returns."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
