"""A server that does on the wire exactly what a test's script says.

For everything that a decent server would not do: half an answer, a reset, one
byte a second.  It knows sockets and lets the script say the rest.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from .listener import Listener
from .messages import Incoming, PeerClosed, ReceivedRequest

__all__ = ["PeerClosed", "RawConnection", "RawServer", "Script"]


class RawConnection:
    """One accepted connection, in the hands of a script.

    Every wait ends when the server stops, and every read after ``timeout``
    seconds; both raise an ``OSError``, which ends the script quietly, as does
    a peer that hangs up.
    """

    def __init__(
        self, sock: socket.socket, number: int, listener: Listener, timeout: float
    ) -> None:
        self.sock = sock
        #: Which connection of the server this is, from 0.
        self.number = number
        #: Every byte that arrived and was read.
        self.received = bytearray()
        self._incoming = Incoming(sock, self.received)
        self._listener = listener
        self._stopping = listener.stopping
        self._timeout = timeout
        sock.settimeout(timeout)

    # -- reading

    def recv_head(self) -> bytes:
        """The next request's line and fields, with the empty line."""
        return self._incoming.head()

    def recv_body(self, count: int) -> bytes:
        """Exactly ``count`` bytes."""
        return self._incoming.exactly(count)

    def recv_request(self) -> ReceivedRequest:
        """The next request with its body, as its own framing delimits it."""
        head = self.recv_head()
        pieces = list(self._incoming.framed_body(head))
        content = b"".join(piece for piece, _ in pieces)
        return ReceivedRequest(head, content, b"".join(wire for _, wire in pieces), self.number)

    def wait_closed(self) -> None:
        """Read until the peer ends the connection, or resets it."""
        with contextlib.suppress(ConnectionError):
            while data := self.sock.recv(65536):
                self.received += data

    # -- writing

    def send(self, *pieces: bytes) -> None:
        """Write each piece in a call of its own."""
        for piece in pieces:
            self.sock.sendall(piece)

    def respond(self, body: bytes = b"", *fields: bytes, status: bytes = b"200 OK") -> None:
        """Write a plain answer with a Content-Length; ``fields`` are whole lines."""
        lines = [b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body)]
        self.sock.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)

    def drip(self, pieces: bytes | Iterable[bytes], every: float) -> None:
        """Write a piece each ``every`` seconds; ``bytes`` are dripped one by one.

        An endless iterable is fine: the peer or the end of the test stops it.
        """
        if isinstance(pieces, bytes):
            pieces = (bytes([byte]) for byte in pieces)
        for piece in pieces:
            self.sock.sendall(piece)
            self.pause(every)

    # -- waiting and ending

    def pause(self, seconds: float) -> None:
        """Do nothing for so long, but end with the server."""
        if self._stopping.wait(seconds):
            raise PeerClosed("the server stops")

    def hang(self) -> None:
        """Stay silent, and connected, until the server stops."""
        self._stopping.wait()

    def wait(self, event: threading.Event) -> None:
        """Wait for a test's event.

        :raises TimeoutError: it is not set within the connection's timeout.
        """
        remaining = self._timeout
        while remaining > 0 and not self._stopping.is_set():
            if event.wait(0.02):
                return
            remaining -= 0.02
        raise TimeoutError("the event was not set")

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from here on, as in a tunnel.

        :raises OSError: the handshake fails.
        """
        plain = self.sock
        self.sock = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self._listener.swap(plain, self.sock)
        self.sock.do_handshake()
        self._incoming = Incoming(self.sock, self.received)

    def unsecure(self) -> None:
        """End TLS (a ``close_notify``), and wait for the peer's end of it."""
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.unwrap()

    def shutdown(self) -> None:
        """End the sending direction only (a FIN); reading goes on."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the connection."""
        self.sock.close()

    def reset(self) -> None:
        """Close with a RST, which the peer sees as ECONNRESET."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Script = Callable[[RawConnection], None]


class RawServer:
    """Runs ``script`` for each connection, in a thread of its own.

    :param script: one for every connection; or a sequence with one for each
        in turn, after which connections are accepted and closed.
    :param tls: a server's context, for https.
    :param timeout: seconds that a script's read or wait may take.

    Leaving the ``with`` block stops it, and raises what a script raised, an
    ``OSError`` apart.
    """

    def __init__(
        self,
        script: Script | Sequence[Script],
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        timeout: float = 10.0,
    ) -> None:
        self._script = script
        self._timeout = timeout
        self._failures: list[BaseException] = []
        self._changed = threading.Condition()
        #: The connections so far, each with the bytes that it received.
        self.connections: list[RawConnection] = []
        self._listener = Listener(self._serve, host=host, tls=tls, name="raw-server")
        self.host = host
        self.port = self._listener.port
        authority = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        #: The server's root, without a slash at the end.
        self.url = f"{'https' if tls else 'http'}://{authority}"

    def _serve(self, sock: socket.socket, number: int) -> None:
        connection = RawConnection(sock, number, self._listener, self._timeout)
        with self._changed:
            self.connections.append(connection)
            self._changed.notify_all()
        if callable(self._script):
            script = self._script
        elif number < len(self._script):
            script = self._script[number]
        else:
            return
        try:
            script(connection)
        except OSError:
            pass  # the peer hung up, or the server stops
        except BaseException as failure:
            self._failures.append(failure)
        finally:
            if connection.sock is not sock:
                self._listener.release(connection.sock)

    @property
    def accepted(self) -> int:
        """How many connections were made so far, TLS or not."""
        return self._listener.accepted

    @property
    def received(self) -> bytes:
        """Every byte that was read, on all connections in their order."""
        ordered = sorted(self.connections, key=lambda connection: connection.number)
        return b"".join(bytes(connection.received) for connection in ordered)

    def wait_connections(self, count: int, timeout: float = 5.0) -> None:
        """Return when ``count`` connections have come.

        :raises TimeoutError: they do not within ``timeout`` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.connections) >= count, timeout):
                raise TimeoutError(f"{len(self.connections)} connections, not {count}")

    def start(self) -> Self:
        """Begin to accept."""
        self._listener.start()
        return self

    def stop(self) -> None:
        """End everything; raises the first failure of a script."""
        self._listener.stop()
        if self._failures:
            raise self._failures[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        except Exception:
            # The test's own failure says more than what it did to the script.
            if error is None:
                raise
