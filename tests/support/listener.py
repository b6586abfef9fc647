"""A listening socket with a thread for each connection, and a stop that ends.

Every server in this package that is not a real program is made of one.  It
knows sockets, TLS and threads, and nothing of HTTP.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable

_BACKLOG = 256
_HANDSHAKE_TIMEOUT = 5.0
_STOP_TIMEOUT = 10.0

#: Called in a thread of its own with the connection and its number, from 0.
Serve = Callable[[socket.socket, int], None]


def abandon(sock: socket.socket) -> None:
    """End both directions of ``sock``, waking whoever reads from it."""
    with contextlib.suppress(OSError):
        # Not SSLSocket's own method, which takes the TLS state from the reader.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Listener:
    """Accepts on loopback from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        serve: Serve,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        name: str = "server",
    ) -> None:
        self._serve = serve
        self._tls = tls
        self._name = name
        self._sock = socket.create_server(
            (host, port),
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            backlog=_BACKLOG,
        )
        self.host = host
        self.port = int(self._sock.getsockname()[1])
        #: Set when the server stops; a handler that waits, waits on this.
        self.stopping = threading.Event()
        self._waker, self._wake = socket.socketpair()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._accepted = 0

    @property
    def accepted(self) -> int:
        """How many connections were made so far."""
        with self._lock:
            return self._accepted

    def start(self) -> None:
        """Begin to accept."""
        thread = threading.Thread(target=self._accept, name=self._name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """End every connection and thread.

        :raises RuntimeError: a handler did not return in time.
        """
        self.stopping.set()
        self._wake.close()
        self.drop_connections()
        deadline = time.monotonic() + _STOP_TIMEOUT
        # The first one accepts and may append to the list until it has ended.
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._sock.close()
        self._waker.close()
        stuck = [thread.name for thread in self._threads if thread.is_alive()]
        if stuck:
            raise RuntimeError(f"handlers that do not end: {', '.join(stuck)}")

    def drop_connections(self) -> None:
        """Cut the connections that are open now, and go on accepting."""
        with self._lock:
            for sock in self._open:
                abandon(sock)

    def swap(self, old: socket.socket, new: socket.socket) -> None:
        """Know the connection ``old`` as ``new``, which took its descriptor away from it."""
        with self._lock:
            self._open.discard(old)
            self._open.add(new)
        if self.stopping.is_set():
            abandon(new)

    def release(self, sock: socket.socket) -> None:
        """Close what was swapped in."""
        with self._lock:
            self._open.discard(sock)
        sock.close()

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            selector.register(self._waker, selectors.EVENT_READ)
            while not self.stopping.is_set():
                if any(key.fileobj is self._sock for key, _ in selector.select()):
                    self._accept_one()

    def _accept_one(self) -> None:
        try:
            sock, _ = self._sock.accept()
        except OSError:
            return  # the peer went away between select and accept
        with self._lock:
            number = self._accepted
            self._accepted += 1
            self._open.add(sock)
            # Thousands of short connections must not leave thousands of threads.
            self._threads[1:] = [thread for thread in self._threads[1:] if thread.is_alive()]
            name = f"{self._name}-{number}"
            thread = threading.Thread(target=self._run, args=(sock, number), name=name, daemon=True)
            self._threads.append(thread)
        thread.start()

    def _run(self, plain: socket.socket, number: int) -> None:
        sock = plain
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock = self._secure(plain, self._tls)
            if not self.stopping.is_set():
                self._serve(sock, number)
        except OSError:
            pass  # the peer hung up, which is its right
        finally:
            with self._lock:
                self._open -= {plain, sock}
            sock.close()
            plain.close()

    def _secure(self, plain: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        plain.settimeout(_HANDSHAKE_TIMEOUT)
        secured = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.swap(plain, secured)
        try:
            secured.do_handshake()
        except OSError:
            secured.close()
            raise
        secured.settimeout(None)
        return secured
