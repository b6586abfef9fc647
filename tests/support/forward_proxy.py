"""A forward HTTP proxy: absolute-form requests and CONNECT, and a record of both.

For tests of how ulak uses a proxy; :func:`tests.support.squid` is the proof that
a real one agrees.
"""

from __future__ import annotations

import base64
import selectors
import socket
import ssl
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from .listener import Listener, abandon
from .messages import Answer, Incoming, PeerClosed, ReceivedRequest, field_value, parse_fields

_CONNECT_TIMEOUT = 5.0
_PIECE = 1 << 16
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
#: Fields that are for the proxy and not for the origin (RFC 9110, section 7.6.1).
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-authorization", "proxy-connection", "te"}


class ForwardProxy:
    """Proxies from :meth:`start` to :meth:`stop`, or inside ``with``.

    :param auth: the user and password that it insists on (Basic).
    :param tls: a server's context: clients must speak TLS to the proxy.
    :param resolve: where to dial instead, by ``"host:port"``; lets a test have
        origins of any name.
    :param connect_answer: sent for every CONNECT instead of dialling.
    """

    def __init__(
        self,
        *,
        auth: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        resolve: Mapping[str, tuple[str, int]] | None = None,
        connect_answer: bytes | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self._resolve = dict(resolve or {})
        self._connect_answer = connect_answer
        self._wanted = auth and "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        self._listener = Listener(self._serve, host=host, tls=tls, name="forward-proxy")
        self._lock = threading.Lock()
        self._requests: list[ReceivedRequest] = []
        self._upstream: set[socket.socket] = set()
        self.host = host
        self.port = self._listener.port
        #: The proxy's URL, without credentials.
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What clients asked of the proxy, CONNECT too; tunnelled bytes are not looked at."""
        with self._lock:
            return list(self._requests)

    @property
    def tunnels(self) -> list[str]:
        """The targets of the CONNECTs so far."""
        return [request.target for request in self.requests if request.method == "CONNECT"]

    @property
    def connections(self) -> int:
        """How many connections clients made so far."""
        return self._listener.accepted

    def url_with(self, user: str, password: str) -> str:
        """The proxy's URL with credentials in it."""
        return self.url.replace("://", f"://{user}:{password}@")

    def start(self) -> Self:
        """Begin to accept."""
        self._listener.start()
        return self

    def stop(self) -> None:
        """End everything."""
        self._listener.stopping.set()
        with self._lock:
            for sock in self._upstream:
                abandon(sock)
        self._listener.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # -- one connection

    def _serve(self, sock: socket.socket, number: int) -> None:
        incoming = Incoming(sock)
        while True:
            try:
                request = self._receive(incoming, sock, number)
            except PeerClosed:
                return
            if self._wanted and request.header("Proxy-Authorization") != self._wanted:
                fields = [("Proxy-Authenticate", 'Basic realm="ulak tests"')]
                Answer(b"the proxy wants to know you\n", 407, fields).send(sock, request.method)
            elif request.method == "CONNECT":
                self._tunnel(sock, request)
                return
            elif not self._forward(sock, request):
                return

    def _receive(self, incoming: Incoming, sock: socket.socket, number: int) -> ReceivedRequest:
        head = incoming.head()
        pieces = list(incoming.framed_body(head))
        body, wire = (b"".join(piece[column] for piece in pieces) for column in (0, 1))
        request = ReceivedRequest(head, body, wire, number, sock.getpeername()[:2])
        with self._lock:
            self._requests.append(request)
        return request

    def _dial(self, authority: str, default_port: int) -> socket.socket:
        parts = urlsplit(f"//{authority}")
        port = parts.port or default_port
        host = parts.hostname or ""
        address = self._resolve.get(f"{host}:{port}", (host, port))
        sock = socket.create_connection(address, _CONNECT_TIMEOUT)
        sock.settimeout(None)
        with self._lock:
            self._upstream.add(sock)
        if self._listener.stopping.is_set():
            abandon(sock)
        return sock

    def _hang_up(self, sock: socket.socket) -> None:
        with self._lock:
            self._upstream.discard(sock)
        sock.close()

    def _forward(self, sock: socket.socket, request: ReceivedRequest) -> bool:
        """Pass one absolute-form request on; true when the connection can go on."""
        target = urlsplit(request.target)
        if target.scheme != "http":
            Answer(b"absolute-form http only\n", 400, close=True).send(sock, request.method)
            return False
        try:
            upstream = self._dial(target.netloc.rpartition("@")[2], 80)
        except OSError as error:
            Answer(f"{error}\n".encode(), 502).send(sock, request.method)
            return True
        try:
            upstream.sendall(_origin_form(request))
            return _relay_answer(upstream, sock, request.method)
        finally:
            self._hang_up(upstream)

    def _tunnel(self, sock: socket.socket, request: ReceivedRequest) -> None:
        if self._connect_answer is not None:
            sock.sendall(self._connect_answer)
            return
        try:
            upstream = self._dial(request.target, 443)
        except OSError as error:
            Answer(f"{error}\n".encode(), 502, close=True).send(sock)
            return
        try:
            sock.sendall(_ESTABLISHED)
            _splice(sock, upstream)
        finally:
            self._hang_up(upstream)


def _origin_form(request: ReceivedRequest) -> bytes:
    path = "/" + request.target.partition("://")[2].partition("/")[2]
    lines = [f"{request.method} {path} {request.version}"]
    lines += [f"{k}: {v}" for k, v in request.fields if k.lower() not in _HOP_BY_HOP]
    lines += ["Via: 1.1 ulak-tests", "Connection: close"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + request.wire_body


def _relay_answer(upstream: socket.socket, sock: socket.socket, method: str) -> bool:
    """Pass the answer back as it comes; true when its end can be seen without a close."""
    incoming = Incoming(upstream)
    head = incoming.head()
    while head[9:10] == b"1":
        sock.sendall(head)
        head = incoming.head()
    fields = parse_fields(head)
    framed = field_value(fields, "Content-Length") or field_value(fields, "Transfer-Encoding")
    kept = [head.partition(b"\r\n")[0].decode("latin-1")]
    kept += [f"{name}: {value}" for name, value in fields if name.lower() != "connection"]
    kept.append("Via: 1.1 ulak-tests")
    sock.sendall(("\r\n".join(kept) + "\r\n\r\n").encode("latin-1"))
    for piece in incoming.rest():
        sock.sendall(piece)
    return bool(framed) or method == "HEAD" or head[9:12] in (b"204", b"304")


def _splice(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes both ways until either side ends.

    In one thread, because a TLS socket may not be read and written in two.
    """
    peers = {one: other, other: one}
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ)
        selector.register(other, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                source = one if key.fileobj is one else other
                if not _pass_on(source, peers[source]):
                    return


def _pass_on(source: socket.socket, target: socket.socket) -> bool:
    while True:
        data = source.recv(_PIECE)
        if not data:
            return False
        target.sendall(data)
        if not (isinstance(source, ssl.SSLSocket) and source.pending()):
            return True
