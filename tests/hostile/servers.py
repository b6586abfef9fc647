"""Servers that do what no decent server does: a library of scripts, and the stage they act on.

A *script* is a function of a :class:`~tests.support.RawConnection`, run in a thread for each
connection.  The functions here make the usual ones: say bytes, drip, stall, reset, half-close,
flood, echo, answer a CONNECT.  Two scripts are put one after the other by :func:`then`.

A :class:`Server` is a script with the address and the TLS that it is reached by, and a
:class:`Stage` has several of them at once.  Everything listens on loopback and ends with the
stage; what sends without end sends :data:`FLOOD` bytes at the most.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, cast

from tests.support import Certificates, RawConnection, RawServer, Script
from tests.support.messages import Incoming, ReceivedRequest
from tests.support.ports import free_port, stalled_port

__all__ = [
    "CHUNKED",
    "FLOOD",
    "OK",
    "Inside",
    "Seen",
    "Server",
    "Stage",
    "Wardrobe",
    "answers",
    "closes",
    "drips",
    "each",
    "echoes",
    "floods",
    "half_closes",
    "hangs",
    "honest",
    "listens",
    "plain",
    "resets",
    "says",
    "speaks",
    "stalls",
    "then",
    "tunnels",
    "tunnels_within",
]

T = TypeVar("T")

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
#: Bytes that a flood sends at the most, so that a client that keeps them all survives.
FLOOD = 64 << 20


# -- scripts -----------------------------------------------------------------


def plain(body: bytes = b"", *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole answer with its length; ``fields`` are lines without their ends."""
    lines = [b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def says(*pieces: bytes, hang: bool = False) -> Script:
    """Answer one request with the pieces, each in a write of its own, and close; or be silent."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(*pieces)
        if hang:
            connection.hang()

    return script


def honest(*answers: bytes) -> Script:
    """Answer one request after the other, the last answer for ever, on one connection."""

    def script(connection: RawConnection) -> None:
        for number in itertools.count():
            connection.recv_request()
            connection.send(answers[min(number, len(answers) - 1)])

    return script


def answers(decide: Callable[[ReceivedRequest, int], bytes | None]) -> Script:
    """Answer each request with what ``decide`` returns for it and its number on the connection.

    ``None`` closes the connection without an answer.
    """

    def script(connection: RawConnection) -> None:
        for number in itertools.count():
            answer = decide(connection.recv_request(), number)
            if answer is None:
                return
            connection.send(answer)

    return script


def echoes(
    most: int | None = None, *, closing: Callable[[RawConnection], None] | None = None
) -> Script:
    """Answer with the request's target, ``most`` times on a connection, which then ends.

    :param closing: how it ends; else it is closed.
    """

    def script(connection: RawConnection) -> None:
        for _ in range(most) if most is not None else itertools.count():
            request = connection.recv_request()
            answer = plain(request.target.encode())
            if request.method == "HEAD":
                answer = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            connection.send(answer)
        if closing is not None:
            closing(connection)

    return script


def each(*scripts: Script) -> Script:
    """For each connection in turn another script, the last one for all that follow."""

    def script(connection: RawConnection) -> None:
        scripts[min(connection.number, len(scripts) - 1)](connection)

    return script


def then(*scripts: Script) -> Script:
    """One script after the other on the same connection."""

    def script(connection: RawConnection) -> None:
        for one in scripts:
            one(connection)

    return script


def listens(connection: RawConnection) -> None:
    """Read one request with its body."""
    connection.recv_request()


def hangs(connection: RawConnection) -> None:
    """Say nothing, read nothing, and stay."""
    connection.hang()


def closes(connection: RawConnection) -> None:
    """Close without a word."""
    connection.close()


def resets(*pieces: bytes) -> Script:
    """Answer one request with the pieces, and reset the connection."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(*pieces)
        connection.reset()

    return script


def half_closes(*pieces: bytes) -> Script:
    """Answer one request, end the sending direction only, and go on reading."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(*pieces)
        connection.shutdown()
        connection.wait_closed()

    return script


def stalls(*pieces: bytes) -> Script:
    """Answer one request with the pieces, and then be silent for ever."""
    return says(*pieces, hang=True)


def drips(pieces: bytes | Iterable[bytes], every: float = 0.05, *, begin: bytes = b"") -> Script:
    """Answer one request with ``begin``, and then a piece each ``every`` seconds.

    What is iterated is begun anew for each connection, and for ever.
    """
    parts = [bytes([byte]) for byte in pieces] if isinstance(pieces, bytes) else list(pieces)

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(begin)
        connection.drip(itertools.cycle(parts), every)

    return script


def speaks(pieces: bytes | Iterable[bytes], every: float = 0.0) -> Script:
    """Send without having read anything, as no HTTP server would; then be silent."""

    def script(connection: RawConnection) -> None:
        connection.drip(pieces if not isinstance(pieces, bytes) else [pieces], every)
        connection.hang()

    return script


def floods(begin: bytes, piece: bytes, most: int = FLOOD) -> Script:
    """Answer one request with ``begin`` and then ``piece`` again and again."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(begin)
        for _ in range(most // len(piece)):
            connection.send(piece)

    return script


def tunnels(
    inside: Script, *, tls: str = "good", answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n"
) -> Script:
    """A proxy: answer a CONNECT, then be the origin inside, with the certificate ``tls``."""

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(answer)
        connection.secure(Wardrobe.worn().server(tls))
        inside(connection)

    return script


class Inside:
    """The origin's end of TLS within a proxy's TLS, whose records go out as a script likes.

    It reads from ``connection``, which :func:`tunnels_within` has answered the CONNECT of.
    """

    def __init__(self, connection: RawConnection, context: ssl.SSLContext) -> None:
        self.connection = connection
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._goes, server_side=True)
        self._read(self._tls.do_handshake)
        connection.send(self._goes.read())
        self._incoming = Incoming(cast("socket.socket", self), connection.received)
        self.recv_head = self._incoming.head

    def _read(self, call: Callable[[], T]) -> T:
        """What ``call`` returns, once there is enough for it."""
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                self.connection.send(self._goes.read())
                self._came.write(self.connection.sock.recv(65536))

    def recv(self, size: int) -> bytes:
        """What the client said, decrypted."""
        return self._read(lambda: self._tls.read(size))

    def sealed(self, *pieces: bytes) -> bytes:
        """The pieces, each as a record of its own."""
        for piece in pieces:
            self._tls.write(piece)
        return self._goes.read()


def tunnels_within(inside: Callable[[Inside], None]) -> Script:
    """A proxy that is reached by TLS: answer a CONNECT, then be the origin inside."""

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        inside(Inside(connection, Wardrobe.worn().server("names")))

    return script


# -- certificates ------------------------------------------------------------


class Wardrobe:
    """The certificates that a server may wear, right ones and wrong ones.

    ``good`` and ``client`` (which wants one of the client); ``expired``, ``early`` (not valid
    yet), ``other name``, ``other CA``, ``old`` (TLS 1.1 at the most), ``names`` (every name that
    the cases give to a server).
    """

    _worn: Wardrobe | None = None

    def __init__(self, folder: Path) -> None:
        self._certificates = Certificates(folder)
        other = folder / "other"
        other.mkdir()
        self._other = Certificates(other)
        #: What a client has to trust, and a file of its own to show.
        self.ca = str(self._certificates.ca)
        self.client_cert = str(self._certificates.client_cert)
        self.client_key = str(self._certificates.client_key)
        self.other_client = str(self._other.client_pem)
        self.not_pem = folder / "not.pem"
        self.not_pem.write_text("this is no certificate\n")
        type(self)._worn = self

    @classmethod
    def worn(cls) -> Wardrobe:
        """The one that was made last."""
        if cls._worn is None:
            raise RuntimeError("no certificates were made")
        return cls._worn

    @cache  # noqa: B019 - there is one for each process
    def server(self, kind: str) -> ssl.SSLContext:
        """A server's context with the certificate ``kind``."""
        good = self._certificates
        if kind == "client":
            return good.server_context(client_certificates=ssl.CERT_REQUIRED)
        if kind == "other CA":
            return self._other.server_context()
        if kind == "other name":
            return good.server_context("elsewhere.example")
        if kind == "names":
            return good.server_context(
                "a.example", "b.example", "127.0.0.1", "localhost", "www.a.example"
            )
        if kind in ("expired", "early"):
            return self._of_another_day(kind)
        context = good.server_context()
        if kind == "old":
            context.set_ciphers("ALL:@SECLEVEL=0")
            with _allowed():
                context.minimum_version = ssl.TLSVersion.TLSv1_1
                context.maximum_version = ssl.TLSVersion.TLSv1_1
        return context

    def _of_another_day(self, kind: str) -> ssl.SSLContext:
        now = datetime.datetime.now(datetime.UTC)
        month = datetime.timedelta(days=30)
        if kind == "expired":
            days = {"not_before": now - 2 * month, "not_after": now - month}
        else:
            days = {"not_before": now + month, "not_after": now + 2 * month}
        issued = self._certificates._authority.issue_cert("localhost", "127.0.0.1", **days)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        issued.configure_cert(context)
        return context


@contextlib.contextmanager
def _allowed() -> Iterator[None]:
    """Let the old version of TLS be asked for, which Python warns of."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


# -- the stage ---------------------------------------------------------------


@dataclass(frozen=True)
class Server:
    """A script, and how it is reached.

    :param tls: which certificate of the :class:`Wardrobe` it wears, if any.
    :param host: the address that it listens on.
    :param instead: ``"nobody"`` for a port that refuses, ``"stalled"`` for one that never
        accepts; then the script is not run.
    """

    script: Script = closes
    tls: str | None = None
    host: str = "127.0.0.1"
    instead: str | None = None


_HEAD = re.compile(rb"(?:[A-Z]+) [^\r\n]* HTTP/1\.[01]\r\n(?:[^\r\n]+\r\n)*\r\n")


@dataclass(frozen=True)
class Seen:
    """What a server saw."""

    accepted: int
    received: bytes

    @property
    def heads(self) -> list[bytes]:
        """The heads of the requests, in order."""
        return _HEAD.findall(self.received)

    def count(self, method: str) -> int:
        """How many requests had that method."""
        return sum(head.startswith(method.encode() + b" ") for head in self.heads)


class Stage:
    """Servers by name, from ``with`` to its end."""

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self._servers = servers
        self._stack = contextlib.ExitStack()
        self._running: dict[str, RawServer] = {}
        self._ended = threading.Lock()
        #: What a script raised, by the server's name.
        self.failures: dict[str, Exception] = {}
        #: URL and port of each, and the paths of the certificates.
        self.addresses: dict[str, tuple[str, int]] = {}

    def __enter__(self) -> Self:
        wardrobe = Wardrobe.worn()
        files = {
            "ca": wardrobe.ca,
            "cert": wardrobe.client_cert,
            "key": wardrobe.client_key,
            "other_client": wardrobe.other_client,
            "not_pem": str(wardrobe.not_pem),
        }
        self.addresses.update({name: (path, 0) for name, path in files.items()})
        for name, server in self._servers.items():
            self.addresses[name] = self._begin(name, server)
        return self

    def _begin(self, name: str, server: Server) -> tuple[str, int]:
        scheme = "https" if server.tls else "http"
        if server.instead == "stalled":
            port = self._stack.enter_context(stalled_port())
        elif server.instead == "nobody":
            port = free_port(server.host)
        else:
            tls = Wardrobe.worn().server(server.tls) if server.tls else None
            running = RawServer(server.script, tls=tls, host=server.host, timeout=30.0)
            self._running[name] = running.start()
            port = running.port
        host = f"[{server.host}]" if ":" in server.host else server.host
        return f"{scheme}://{host}:{port}", port

    def end(self) -> None:
        """End every server; whoever still waits for one learns it."""
        with self._ended:
            for name, running in self._running.items():
                try:
                    running.stop()
                except Exception as failure:
                    self.failures[name] = failure
            self._stack.close()

    def seen(self) -> dict[str, Seen]:
        """What each server saw so far."""
        return {
            name: Seen(running.accepted, running.received)
            for name, running in self._running.items()
        }

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()
