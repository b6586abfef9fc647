"""What a server said before it broke an upload off, where TLS would not hear it any more.

A server that refuses an upload answers and closes; as it has not read everything, its
system resets the connection.  The answer lies in our system's queue then, but the next
send fails, and an event loop that fails to send closes the socket without another look.
:class:`LastWords` stands between the TCP transport and TLS while a request's body is
on its way.  When the connection breaks it takes what is in the queue, and hands it up
through all the TLS that is above: the decrypted bytes come out where they always do.

It knows asyncio's protocols, and nothing of HTTP nor what the bytes are.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import socket

__all__ = ["LastWords", "receive_rest"]

#: Most that is received at once, in bytes.
_SIZE: Final = 256 * 1024


class Hearer(Protocol):
    """Whose connection it is."""

    def hear_out(self, error: ConnectionError, tls: asyncio.BufferedProtocol) -> None:
        """The connection is broken; ``tls`` takes what is left, and does not know of it yet."""
        ...


class LastWords(asyncio.BufferedProtocol):
    """Hands all on to the TLS that it stands before, and tells ``hearer`` first of the end.

    :param transport: of TCP, and open; it has this for its protocol until :meth:`leave`.
    """

    __slots__ = ("_hearer", "_tls", "_transport")

    def __init__(self, transport: Any, hearer: Hearer) -> None:
        self._transport = transport
        self._hearer = hearer
        self._tls: asyncio.BufferedProtocol = transport.get_protocol()
        transport.set_protocol(self)

    def leave(self) -> None:
        """Let the transport have TLS for its protocol again."""
        self._transport.set_protocol(self._tls)

    def get_buffer(self, sizehint: int) -> Any:
        """Where the loop is to put what comes."""
        return self._tls.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        """Something came."""
        self._tls.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        """The peer sends no more."""
        return self._tls.eof_received()

    def pause_writing(self) -> None:
        """The peer does not keep up."""
        self._tls.pause_writing()

    def resume_writing(self) -> None:
        """The peer took most of what was sent."""
        self._tls.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Have what is left heard, if the connection broke; the socket is open until this ends."""
        try:
            if isinstance(exc, ConnectionError):
                self._hearer.hear_out(exc, self._tls)
        finally:
            self._tls.connection_lost(exc)


def receive_rest(sock: socket.socket, protocol: asyncio.BufferedProtocol) -> None:
    """Hand ``protocol`` what lies in the queue of ``sock``, which is broken, or at its end.

    So nothing is added to it, and it is no longer than the system let it become.
    """
    while True:
        buffer: Any = protocol.get_buffer(_SIZE)
        try:
            count = sock.recv_into(buffer)
        except OSError:  # there is nothing more
            return
        if not count:
            return
        protocol.buffer_updated(count)
