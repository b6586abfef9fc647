"""Calls on sockets that go wrong: the n-th of them, in one of several ways.

The sockets are real, and so is what is at their other end.  :class:`Trap` puts subclasses
of :class:`socket.socket` and :class:`ssl.SSLSocket` in place where ulak makes its sockets;
asyncio calls their methods too.  uvloop goes past them, down to the descriptors: for it
there is :mod:`tests.torture.relay`.
"""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

__all__ = ["ASYNC_FAULTS", "SYNC_FAULTS", "Fault", "Trap"]

#: The methods that are calls to the system, of both kinds of sockets.
_CALLS = ("connect", "recv", "recv_into", "send", "sendall", "sendmsg", "shutdown")
_TLS_CALLS = (*_CALLS[:-2], "do_handshake", "shutdown")
_RECEIVING = {"recv", "recv_into"}
_SENDING = {"send", "sendall", "sendmsg"}

#: A socket, the name of a method, the genuine one, its arguments.
_Way = Callable[["Trap", Any, str, Callable[..., Any], tuple[Any, ...]], Any]


class Fault(NamedTuple):
    """A way in which a call goes wrong."""

    name: str
    way: _Way
    #: What may come of it besides a :class:`~ulak.exceptions.RequestException`.
    error: tuple[type[BaseException], ...] = ()
    #: Whether it may be an error at all.
    is_harmless: bool = False
    #: Whether the calls after the n-th go wrong too.
    lasts: bool = False


class Trap:
    """Makes the :attr:`at`-th call go wrong while it is armed.

    :param patch: puts it in place, and takes it away.
    :param fault: how.
    """

    def __init__(self, patch: pytest.MonkeyPatch, fault: Fault) -> None:
        self.fault = fault
        self.at = 0
        self.count = 0
        #: Interrupts what is under way, for a fault that does.
        self.cancel: Callable[[], object] = lambda: None
        kinds = {
            genuine: type(genuine.__name__, (genuine,), self._methods(genuine, names))
            for genuine, names in ((socket.socket, _CALLS), (ssl.SSLSocket, _TLS_CALLS))
        }
        patch.setattr("ulak._transport.dial.socket", _Module(kinds[socket.socket]))
        patch.setattr(ssl.SSLContext, "sslsocket_class", kinds[ssl.SSLSocket])

    def arm(self, at: int) -> None:
        """Count from now on, to ``at``; to 0 is never."""
        self.at, self.count = at, 0

    @property
    def sprung(self) -> bool:
        """Whether it came to that call."""
        return 0 < self.at <= self.count

    def _methods(self, genuine: type[Any], names: tuple[str, ...]) -> dict[str, Any]:
        return {name: self._method(name, getattr(genuine, name)) for name in names}

    def _method(self, name: str, genuine: Callable[..., Any]) -> Callable[..., Any]:
        def method(sock: Any, *args: Any) -> Any:
            if self.at:
                self.count += 1
                if self.count == self.at or (self.fault.lasts and self.count > self.at):
                    return self.fault.way(self, sock, name, genuine, args)
            return genuine(sock, *args)

        return method


class _Module:
    """The module ``socket`` as :mod:`ulak._transport.dial` sees it."""

    def __init__(self, kind: type[socket.socket]) -> None:
        self.socket = kind

    def __getattr__(self, name: str) -> object:
        return getattr(socket, name)


# -- the ways ----------------------------------------------------------------


def _cut(sock: Any) -> None:
    """End the connection for good, as what follows has to see."""
    with suppress(OSError):  # it is not connected
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _reset(trap: Trap, sock: Any, name: str, genuine: Any, args: Any) -> Any:
    _cut(sock)
    raise ConnectionResetError("reset by the torture")


def _late(trap: Trap, sock: Any, name: str, genuine: Any, args: Any) -> Any:
    raise TimeoutError("timed out by the torture")


def _never(trap: Trap, sock: Any, name: str, genuine: Any, args: Any) -> Any:
    """Nothing comes and nothing goes any more, on a socket that does not block."""
    if name in _RECEIVING | _SENDING:
        raise BlockingIOError
    return genuine(sock, *args)


def _end(trap: Trap, sock: Any, name: str, genuine: Any, args: Any) -> Any:
    _cut(sock)
    if name == "recv":
        return b""
    if name == "recv_into":
        return 0
    if name == "do_handshake":
        raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "EOF occurred in violation of protocol")
    raise BrokenPipeError("ended by the torture")


def _short(trap: Trap, sock: Any, name: str, genuine: Any, args: Any) -> Any:
    """A little of what there is to receive or to send; the rest is for later calls."""
    most = 97 if trap.fault.lasts else 1
    if name == "recv":
        return genuine(sock, min(most, args[0]))
    if name in {"recv_into", "send"}:
        return genuine(sock, memoryview(args[0])[:most])
    if name == "sendmsg":
        return socket.socket.send(sock, memoryview(next(iter(args[0])))[:most])
    return genuine(sock, *args)


def _half(trap: Trap, sock: Any, name: str, genuine: Any, args: Any) -> Any:
    """Half of what was to be sent goes out, then the connection breaks."""
    if name in {"send", "sendall"}:
        data = memoryview(args[0])
        genuine(sock, data[: len(data) // 2])
    return _reset(trap, sock, name, genuine, args)


def _allow_garbage(name: str) -> None:
    """Let a socket be closed by the garbage collector, where Python leaves it to that.

    While it shakes hands, an SSLSocket is known to the standard library alone, which closes
    it on an OSError and a ValueError only.
    """
    if name == "do_handshake":
        warnings.simplefilter("ignore", ResourceWarning)


def _interrupted(trap: Trap, sock: Any, name: str, genuine: Any, args: Any) -> Any:
    _allow_garbage(name)
    raise KeyboardInterrupt("before the call")


def _interrupted_after(trap: Trap, sock: Any, name: str, genuine: Any, args: Any) -> Any:
    genuine(sock, *args)
    _allow_garbage(name)
    raise KeyboardInterrupt("after the call")


def _no_memory(trap: Trap, sock: Any, name: str, genuine: Any, args: Any) -> Any:
    _allow_garbage(name)
    raise MemoryError("of the torture")


def _cancelled(trap: Trap, sock: Any, name: str, genuine: Any, args: Any) -> Any:
    trap.cancel()
    return genuine(sock, *args)


_COMMON = (
    Fault("reset", _reset),
    Fault("end", _end),
    Fault("half", _half),
    Fault("short", _short, is_harmless=True),
    Fault("short from there on", _short, is_harmless=True, lasts=True),
)
SYNC_FAULTS = (
    *_COMMON,
    Fault("late", _late),
    Fault("interrupt before", _interrupted, (KeyboardInterrupt,)),
    Fault("interrupt after", _interrupted_after, (KeyboardInterrupt,)),
    Fault("no memory", _no_memory, (MemoryError,)),
)


def _async_faults() -> tuple[Fault, ...]:
    import asyncio

    cancelled = (asyncio.CancelledError,)
    return (
        *_COMMON,
        Fault("nothing from there on", _never, lasts=True),
        Fault("cancelled", _cancelled, cancelled),
    )


ASYNC_FAULTS = _async_faults()
