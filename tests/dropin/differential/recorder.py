"""A server that writes down every request to the byte, and answers by a script.

Its answers hold nothing that changes from run to run.  It knows sockets and the
framing of requests; what it answers, the call says that is being made.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.support.listener import Listener
from tests.support.messages import Incoming, PeerClosed, ReceivedRequest

#: Seconds that the rest of a request may take.  A body that is shorter than it says ends here.
_PATIENCE = 0.5
#: Seconds that a connection may be idle, or may need to end when a call is over.
_GRACE = 5.0


@dataclass(frozen=True)
class Reply:
    """What is written for one request, and what happens to the connection then.

    ``then`` is ``keep``, ``close`` or ``hang``: silent until the client hangs up.
    """

    head: bytes
    body: bytes = b""
    then: str = "keep"


Answering = Reply | Callable[[ReceivedRequest], Reply]


def answer(
    body: bytes = b"ok",
    *fields: str | bytes,
    status: str = "200 OK",
    kind: str | None = "text/plain",
    then: str = "keep",
) -> Reply:
    """A well-formed answer; ``fields`` are whole lines, ``kind`` is its Content-Type."""
    lines = [f"HTTP/1.1 {status}".encode("latin-1")]
    lines += [f"Content-Type: {kind}".encode("latin-1")] if kind else []
    lines += [each if isinstance(each, bytes) else each.encode("latin-1") for each in fields]
    lines += [b"Content-Length: %d" % len(body)]
    return Reply(b"\r\n".join(lines) + b"\r\n\r\n", body, then)


def redirect(status: int, location: str | bytes, *fields: str | bytes) -> Reply:
    """A redirect with a short body."""
    if isinstance(location, str):
        location = location.encode("latin-1")
    return answer(b"moved", b"Location: " + location, *fields, status=f"{status} Moved")


def raw(data: bytes, then: str = "close") -> Reply:
    """Exactly ``data``."""
    return Reply(data, b"", then)


OK = answer()


class Recorder:
    """Serves from ``with`` to its end; :meth:`begin` starts a new record and a new script."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        #: The client whose connection was accepted last.
        self._last: object = None
        self._script: dict[str, list[Answering]] = {}
        self._requests: list[ReceivedRequest] = []
        self._listener = Listener(self._serve, name="recorder")
        self.port = self._listener.port

    def begin(self) -> None:
        """Forget the requests and the script."""
        with self._changed:
            self._script = {}
            self._requests = []

    def reply(self, path: str, *replies: Answering) -> None:
        """Answer requests for ``path`` by these in turn, and by the last from then on.

        :param path: of the target, without its query; or, of what is asked as of a
            proxy, the whole URL.
        """
        with self._changed:
            self._script[path] = list(replies)

    def requests(self) -> list[ReceivedRequest]:
        """What came since :meth:`begin`; every connection is ended, once it is read to its end.

        A client may keep connections for as long as it likes, so it is not waited for.

        :raises TimeoutError: a connection does not end.
        """
        self._wait_for_accepted()
        with self._changed:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RD)  # what has arrived can still be read
            if not self._changed.wait_for(lambda: not self._open, _GRACE):
                raise TimeoutError("a connection does not end")
            return list(self._requests)

    def wait_until_closed(self) -> None:
        """Return when every connection was closed by the script.

        :raises TimeoutError: one was not.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._open, _GRACE):
                raise TimeoutError("a connection stays open")

    def _wait_for_accepted(self) -> None:
        """Return when all who connected so far are being served: they are served in turn."""
        with socket.create_connection((self._listener.host, self.port)) as last:
            name = last.getsockname()
            with self._changed:
                if not self._changed.wait_for(lambda: self._last == name, _GRACE):
                    raise TimeoutError("connections are not accepted")

    def _serve(self, sock: socket.socket, number: int) -> None:
        with self._changed:
            self._open.add(sock)
            self._last = sock.getpeername()
            self._changed.notify_all()
        try:
            sock.settimeout(_GRACE)
            self._converse(sock, Incoming(sock), number)
        finally:
            sock.close()
            with self._changed:
                self._open.discard(sock)
                self._changed.notify_all()

    def _converse(self, sock: socket.socket, incoming: Incoming, number: int) -> None:
        while True:
            head = incoming.head()
            sock.settimeout(_PATIENCE)
            request, whole = _rest(incoming, head, number)
            sock.settimeout(_GRACE)
            with self._changed:
                self._requests.append(request)
                reply = self._next(request)
            if not whole:
                return
            sock.sendall(reply.head + (b"" if request.method == "HEAD" else reply.body))
            if reply.then == "hang":
                incoming.head()
            if reply.then != "keep":
                return

    def _next(self, request: ReceivedRequest) -> Reply:
        """The reply to ``request``; the lock is held."""
        target = request.path
        path = "/" + target.partition("://")[2].partition("/")[2] if "://" in target else target
        replies = self._script.get(target) or self._script.get(path) or [OK]
        chosen = replies.pop(0) if len(replies) > 1 else replies[0]
        return chosen if isinstance(chosen, Reply) else chosen(request)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.stop()


def _rest(incoming: Incoming, head: bytes, number: int) -> tuple[ReceivedRequest, bool]:
    """The request that ``head`` begins, and whether its body is all there."""
    content, wire = b"", b""
    whole = True
    try:
        for piece, octets in incoming.framed_body(head):
            content += piece
            wire += octets
    except (PeerClosed, TimeoutError, ValueError):
        whole = False
    return ReceivedRequest(head, content, wire, number), whole
