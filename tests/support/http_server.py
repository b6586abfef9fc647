"""A small, honest HTTP/1.1 server that keeps connections and remembers requests.

Its routes are in :mod:`tests.support.routes`; a test adds its own with
:meth:`HttpServer.route`.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from .listener import Listener
from .messages import Answer, Incoming, PeerClosed, ReceivedRequest
from .routes import Routes

Handler = Callable[[ReceivedRequest], Answer]

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpServer:
    """Serves from :meth:`start` to :meth:`stop`, or inside ``with``.

    :param tls: a server's context, for https.
    :param host: the address to listen on; ``"::1"`` works too.
    :param port: the port, or 0 for any that is free.

    Leaving the ``with`` block stops it, and raises what a handler raised.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._listener = Listener(self._serve, host=host, port=port, tls=tls, name="http-server")
        self._routes = Routes(self._listener.stopping)
        self._own: dict[str, Handler] = {}
        self._changed = threading.Condition()
        self._requests: list[ReceivedRequest] = []
        self._failures: list[Exception] = []
        self.scheme = "https" if tls else "http"
        self.host = host
        self.port = self._listener.port
        #: The server's root, without a slash at the end.
        self.url = self.at(f"[{host}]" if ":" in host else host)

    def at(self, host: str) -> str:
        """The server's root under another name of this machine, such as ``localhost``."""
        return f"{self.scheme}://{host}:{self.port}"

    # -- what it saw

    @property
    def requests(self) -> list[ReceivedRequest]:
        """Every request so far, in the order of their arrival; a copy."""
        with self._changed:
            return list(self._requests)

    @property
    def last(self) -> ReceivedRequest:
        """The latest request."""
        return self.requests[-1]

    @property
    def connections(self) -> int:
        """How many connections were made so far."""
        return self._listener.accepted

    def wait_requests(self, count: int, timeout: float = 5.0) -> list[ReceivedRequest]:
        """The requests, as soon as there are ``count`` of them.

        :raises TimeoutError: there are not within ``timeout`` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._requests) >= count, timeout):
                raise TimeoutError(f"{len(self._requests)} requests, not {count}")
            return list(self._requests)

    def clear(self) -> None:
        """Forget the requests so far."""
        with self._changed:
            self._requests.clear()

    # -- what it does

    def route(self, path: str) -> Callable[[Handler], Handler]:
        """Decorator: answer exactly this path (without its query) with a function.

        The function runs in a connection's thread, perhaps in several at once.
        """

        def add(handler: Handler) -> Handler:
            self._own[path] = handler
            return handler

        return add

    def drop_connections(self) -> None:
        """Cut every connection that is open now, as a restarting server does."""
        self._listener.drop_connections()

    def start(self) -> Self:
        """Begin to accept."""
        self._listener.start()
        return self

    def stop(self) -> None:
        """End everything; raises the first failure of a handler."""
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
            # The test's own failure says more than what it did to a handler.
            if error is None:
                raise

    # -- one connection

    def _serve(self, sock: socket.socket, number: int) -> None:
        incoming = Incoming(sock)
        while True:
            try:
                request = self._receive(sock, incoming, number)
            except PeerClosed:
                return
            except ValueError as error:
                Answer(f"bad request: {error}\n".encode(), 400, close=True).send(sock)
                return
            with self._changed:
                self._requests.append(request)
                self._changed.notify_all()
            answer = self._answer(request)
            answer.send(sock, request.method)
            if _closes(request, answer):
                return

    def _receive(self, sock: socket.socket, incoming: Incoming, number: int) -> ReceivedRequest:
        head = incoming.head()
        early = ReceivedRequest(head, b"", b"", number)
        if early.head.count(b" ", 0, head.find(b"\r\n")) != 2:
            raise ValueError("the request line needs three parts")
        if (early.header("Expect") or "").lower() == "100-continue":
            sock.sendall(_CONTINUE)
        peer, tls = sock.getpeername()[:2], _tls(sock)
        if early.path == "/sink":
            seen = _discard(incoming, head)
            return ReceivedRequest(head, b"", b"", number, peer, tls, seen)
        pieces = list(incoming.framed_body(head))
        body, wire = (b"".join(column) for column in zip(*pieces, strict=True)) if pieces else _NONE
        return ReceivedRequest(head, body, wire, number, peer, tls)

    def _answer(self, request: ReceivedRequest) -> Answer:
        try:
            own = self._own.get(request.path)
            return own(request) if own else self._routes.answer(request)
        except OSError:
            raise
        except Exception as error:
            self._failures.append(error)
            return Answer(f"{error!r}\n".encode(), 500, close=True)


_NONE = (b"", b"")


def _discard(incoming: Incoming, head: bytes) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for piece, _ in incoming.framed_body(head):
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()


def _tls(sock: socket.socket) -> dict[str, object] | None:
    if not isinstance(sock, ssl.SSLSocket):
        return None
    certificate = sock.getpeercert() or {}
    cipher = sock.cipher()
    return {
        "version": sock.version(),
        "cipher": cipher and cipher[0],
        "certificate": certificate.get("subject"),
    }


def _closes(request: ReceivedRequest, answer: Answer) -> bool:
    tokens = (request.header("Connection") or "").lower()
    return answer.close or "close" in tokens or "HTTP/1.0" in (request.version, answer.version)
