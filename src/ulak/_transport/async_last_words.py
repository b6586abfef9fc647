"""What a server said before its connection ended, where TLS would not hear it any more.

A server that refuses an upload answers and closes; as it has not read everything, its
system resets the connection.  The answer lies in our system's queue then, but the next
send fails, and an event loop that fails to send closes the socket without another look.
Likewise TLS forgets what it holds back, for a reader who does not keep up, when it
learns that the connection ended.

:class:`LastWords` stands between the TCP transport and TLS where that may happen.  When
the connection breaks it takes what is in the queue, and hands it up through all the TLS
that is above: the decrypted bytes come out where they always do.  And TLS learns of an
end no sooner than it has handed on what came before.

It knows asyncio's protocols, and nothing of HTTP nor what the bytes are.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

__all__ = ["LastWords", "receive_rest"]

#: Most that is received at once, in bytes.
_SIZE: Final = 256 * 1024
#: In how many turns of the loop TLS, and TLS in TLS, has handed on what it held back.
_TURNS: Final = 8


class Hearer(Protocol):
    """Whose connection it is, above all TLS."""

    @property
    def holds_back(self) -> bool:
        """Whether it is not to be given anything now, but will be later."""
        ...

    def hear_out(self, tls: asyncio.BufferedProtocol) -> None:
        """The connection broke; have ``tls``, which does not know yet, receive what is left.

        From then on nothing is held back.
        """
        ...

    def connection_lost(self, exc: Exception | None) -> None:
        """As of a protocol; TLS tells it as well, some turns of the loop later."""
        ...


class LastWords(asyncio.BufferedProtocol):
    """Hands all on to the TLS that it stands before, the end when all else was heard.

    :param transport: of TCP, and open; it has this for its protocol until :meth:`leave`.
    """

    __slots__ = ("_ends", "_hearer", "_tls", "_transport", "goes_on")

    def __init__(self, transport: Any, hearer: Hearer) -> None:
        self._transport = transport
        self._hearer = hearer
        #: What TLS is to be told when it has handed on what came before.
        self._ends: list[Callable[[], None]] = []
        #: Whether it is handing that on.
        self.goes_on: bool = False
        self._tls: asyncio.BufferedProtocol = transport.get_protocol()
        transport.set_protocol(self)

    def leave(self) -> None:
        """Let the transport have TLS for its protocol again."""
        self._transport.set_protocol(self._tls)
        if self._ends:
            asyncio.get_running_loop().call_soon(self._tell)

    def go_on(self) -> None:
        """Take note that TLS was told to hand on what it holds back."""
        self.goes_on = True
        asyncio.get_running_loop().call_soon(self._wait, _TURNS)

    def get_buffer(self, sizehint: int) -> Any:
        """Where the loop is to put what comes."""
        return self._tls.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        """Something came."""
        self._tls.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        """The peer sends no more."""
        if not self._is_behind:
            return self._tls.eof_received()
        self._ends.append(self._end)
        return True

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
                self._hearer.hear_out(self._tls)
        finally:
            if self._is_behind:
                self._ends.append(partial(self._lose, exc))
            else:
                self._lose(exc)

    @property
    def _is_behind(self) -> bool:
        """Whether TLS may hold something back."""
        return self.goes_on or self._hearer.holds_back

    def _wait(self, turns: int) -> None:
        """Let TLS go on for some turns of the loop, and then tell it what came meanwhile."""
        if turns and not self._hearer.holds_back:
            asyncio.get_running_loop().call_soon(self._wait, turns - 1)
            return
        self.goes_on = False
        if not self._hearer.holds_back:
            self._tell()

    def _tell(self) -> None:
        ends, self._ends = self._ends, []
        for end in ends:
            end()

    def _end(self) -> None:
        if not self._tls.eof_received():
            self._transport.close()

    def _lose(self, exc: Exception | None) -> None:
        self._ends = []
        try:
            if isinstance(exc, ConnectionError):  # the reason may be of use before TLS tells it
                self._hearer.connection_lost(exc)
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
