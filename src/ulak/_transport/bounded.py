"""A TLS socket under another TLS, whose time-out is for all that one call takes.

urllib3's TLS within TLS calls ``recv`` below in a loop until it has a whole record of its
own.  With the socket's whole time-out for each of these, a peer that drips outlasts any.
:class:`BoundedSocket` counts from when the time-out was set: whoever calls sets it before.
It knows nothing of HTTP, nor what the bytes are.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

    from .clock import Deadline

__all__ = ["BoundedSocket"]


class BoundedSocket:
    """What urllib3's TLS within TLS uses of a socket; the rest is the socket's own.

    :param sock: belongs to this from now on.
    """

    __slots__ = ("_until", "socket")

    def __init__(self, sock: ssl.SSLSocket) -> None:
        #: The socket under it, as urllib3 calls it.
        self.socket = sock
        self._until: Deadline = None
        self.settimeout(sock.gettimeout())

    def settimeout(self, seconds: float | None) -> None:
        """Let all calls from now on take so long together; 0 lets none of them wait."""
        self._until = monotonic() + seconds if seconds else None
        self.socket.settimeout(seconds)

    def recv(self, size: int) -> bytes:
        """Receive once.

        :raises TimeoutError: when the time is over.
        :raises ssl.SSLWantReadError: when nothing is there, and it may not wait.
        """
        self._hurry()
        return self.socket.recv(size)

    def sendall(self, data: bytes) -> None:
        """Send all of ``data``.

        :raises TimeoutError: when the time is over.
        """
        self._hurry()
        self.socket.sendall(data)

    def _hurry(self) -> None:
        """Leave the next call what is left of the time."""
        if self._until is not None:
            left = self._until - monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self.socket.settimeout(left)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.socket, name)
