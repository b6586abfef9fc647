"""One connection: urllib3 dials it, ulak speaks over it.

:class:`CodecConnection` is mixed into urllib3's connection classes.  urllib3
keeps what it is good at (TLS, tunnels, verification); the mixin adds what an
exchange needs: a deadline over connecting, a socket time-out that is only set
when it changes, a cheap look at whether an idle connection is still quiet, and
sending and receiving for the codec of :mod:`ulak._protocol.h1`.  It knows
nothing of pools, redirects or retries.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from urllib3 import exceptions as lower
from urllib3.util.ssl_ import resolve_cert_reqs
from urllib3.util.ssltransport import SSLTransport

from .._errors import TotalTimeoutError, WriteTimeoutError, broken_handshake
from .._protocol import h1
from .._protocol.exchange import (
    ANSWER_WAIT,
    CONTINUE_WAIT,
    JOIN_LIMIT,
    Tunnel,
    TunnelRefused,
    TunnelSpoiled,
)
from ..exceptions import InvalidOption, RequestException
from . import clock, dial, stock
from .payload import CallerError, caller_blocks
from .stock import HTTPConnection as _HTTPConnection
from .stock import HTTPSConnection as _HTTPSConnection
from .targets import unseen

if TYPE_CHECKING:
    from .._addresses import AddressPolicy
    from .clock import Deadline

__all__ = ["CodecConnection", "HTTPConnection", "HTTPSConnection"]

# The values of POLLIN and POLLOUT, which select has only where it has poll.
_READABLE, _WRITABLE = 1, 4

#: Most of what one ``recv`` asks for while the head is awaited.
RECEIVE_SIZE = 64 * 1024


class CodecConnection(_HTTPConnection):
    """What a connection of ours adds to one of urllib3's."""

    #: The deadline of the request that this connection is being made for.
    deadline: Deadline = None
    #: Which addresses the origin may have.  A proxy's own is whoever names it's choice.
    address_policy: AddressPolicy | None = None
    #: The address that the proxy is asked for, where the policy has to look at one.
    _tunnel_address: str | None = None
    #: Whether a thread is using the socket, so that no other may close it.
    in_call: bool = False
    #: Whether the proxy has opened a tunnel.
    tunnel_is_open: bool = False
    #: What was waited for last, before there was a connection.
    _awaited: dial.Awaited | None = None
    #: Another descriptor of the socket that is in a TLS handshake.
    _double: socket.socket | None = None
    _shakes_hands: ClassVar[bool] = False
    #: Whether :meth:`abort` was called.
    aborted: bool = False
    #: What its pool knows it by, and its place there while it is in use.
    reference: Any = None
    #: A weak reference to that pool.
    pool: Any = None
    slot: Any = None
    #: What of the body came while the request was still being sent.
    early: bytes = b""
    #: What the peer's system had taken of all that was sent, when that was last asked.
    _acked: int = 0
    #: Which part of connecting goes on.
    _part: clock.Doing = "connecting"
    _limit: float | None = -1.0
    _is_tls: bool = False
    #: Whether the socket is urllib3's TLS within TLS, which has to be written to at one go.
    _is_nested: bool = False
    _poll: Any = None
    _poll_both: Any = None

    # Connecting.

    def connect(self) -> None:
        """Dial, tunnel and shake hands, all within ``timeout`` and the deadline."""
        self._limit = -1.0
        self.tunnel_is_open = False
        self._part = "connecting"
        self._acked = 0
        self._connect_by = clock.earlier(self.deadline, clock.after(self.timeout))
        try:
            if self.address_policy is not None and self._tunnel_host is not None:
                self._tunnel_address = self._checked_address(self._tunnel_host)
            super().connect()
        except BaseException as exc:
            shakes_hands = self.sock is not None and isinstance(exc, ConnectionError)
            self.close()
            if shakes_hands:
                raise broken_handshake() from exc
            raise
        finally:
            self._drop_double()
        self._is_nested = not isinstance(self.sock, socket.socket)
        self._is_tls = self._is_nested or isinstance(self.sock, ssl.SSLSocket)
        if self._is_tls:  # a connection that was cut off is to look otherwise than one that ended
            secured: Any = self.sock
            secured.suppress_ragged_eofs = False
        self._poll = _poller(self.sock, _READABLE)
        self._poll_both = _poller(self.sock, _READABLE | _WRITABLE)

    def _new_conn(self) -> socket.socket:
        """Dial; urllib3 calls this from its ``connect``."""
        if stock.dials_itself(super(CodecConnection, type(self))):
            return self._dial_by_others()
        self._part = dial.first_part(self._dns_host)
        try:
            sock = dial.connect(
                self._dns_host,
                self.port,
                self._connect_by,
                self.source_address,
                self.socket_options or (),
                self._watch,
                self.address_policy if self.proxy is None else None,
            )
        except socket.gaierror as exc:
            raise lower.NameResolutionError(self.host, self, exc) from exc
        except RequestException:
            raise
        except TimeoutError as exc:
            raise self.too_late() from exc
        except OSError as exc:
            raise lower.NewConnectionError(self, str(exc)) from exc
        self._bound_handshake(sock)
        return sock

    def _dial_by_others(self) -> socket.socket:
        """Dial by what was put in the place of urllib3's own dialling.

        :raises InvalidOption: under an address policy, which that does not know.
        :raises CallerError: with what it raises that is no failure to connect.
        """
        if self.address_policy is not None and self.proxy is None:
            raise InvalidOption(
                "how urllib3 connects was replaced by what does not keep the address policy"
            )
        limit = self.timeout
        try:
            self.timeout = clock.left(None, self._connect_by, "connecting")
            sock = super()._new_conn()
        except lower.ConnectTimeoutError as exc:
            if isinstance(exc, lower.NewConnectionError):
                raise
            raise self.too_late() from exc
        except (OSError, lower.HTTPError, RequestException):
            raise
        except Exception as exc:
            raise CallerError(exc) from exc
        finally:
            self.timeout = limit
        self._watch(sock)
        self._bound_handshake(sock)
        return sock

    def _checked_address(self, host: str) -> str:
        """The address of ``host`` that the proxy is asked for: one that was looked at.

        :raises AddressDenied, NameResolutionError: when there is none.
        """
        port = self._tunnel_port or 443
        try:
            found = dial.resolve(host, port, self._connect_by, self.address_policy, self._watch)
        except socket.gaierror as exc:
            raise unseen(host) from exc
        except RequestException:
            raise
        except TimeoutError as exc:
            raise self.too_late() from exc
        return dial.for_a_tunnel(found)

    def _watch(self, awaited: dial.Awaited) -> None:
        """Let :meth:`abort` reach what is waited for: a lookup, or a socket that is connecting."""
        if isinstance(awaited, socket.socket):  # the address is known
            self._part = "connecting"
        self._awaited = awaited
        if self.aborted:
            raise ConnectionAbortedError("the session was closed")

    def too_late(self) -> Exception:
        """The error for a connect phase that ran out of time."""
        if self.deadline is not None and clock.monotonic() >= self.deadline:
            return TotalTimeoutError(self._part)
        return lower.ConnectTimeoutError(self, clock.ran_out(self.timeout, self._part))

    def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> Any:
        """Shake hands with a proxy; urllib3 calls this, and has TLS go on top where it tunnels."""
        self._keep_within_reach(sock)
        self._part = "in the TLS handshake"
        secured = super()._connect_tls_proxy(hostname, sock)  # type: ignore[misc]
        self._part = "connecting"
        if not self.proxy_is_tunneling:
            return secured
        from .bounded import BoundedSocket

        return BoundedSocket(secured)

    def _bound_handshake(self, sock: socket.socket) -> None:
        """Leave the TLS handshake what remains of the time to connect."""
        is_next = self._shakes_hands and (self.tunnel_is_open or not self.proxy_is_tunneling)
        try:
            sock.settimeout(clock.left(None, self._connect_by, self._part))
            if is_next:
                self._keep_within_reach(sock)
        except BaseException as exc:
            sock.close()
            if isinstance(exc, TotalTimeoutError):
                raise self.too_late() from exc
            raise
        if is_next:
            self._part = "in the TLS handshake"

    def _keep_within_reach(self, sock: socket.socket) -> None:
        """Let :meth:`abort` end the handshake on ``sock``, out of which :mod:`ssl` makes another.

        That other one nobody has before the handshake is done.
        """
        if isinstance(sock, socket.socket):  # and no TLS in TLS, which goes on upon its socket
            self._drop_double()
            with suppress(OSError):  # no descriptor is left: it goes on without
                self._double = sock.dup()
            if self._double is not None:
                self._watch(self._double)

    def _drop_double(self) -> None:
        double, self._double = self._double, None
        if double is not None:
            double.close()

    def _tunnel(self) -> None:
        """Ask the proxy for a tunnel (RFC 9110, section 9.3.6); urllib3 calls this.

        :raises urllib3.exceptions.ProxyError: for whatever goes wrong until it is open;
            nothing of what the proxy says is ever taken for an answer of the origin.
        :raises urllib3.exceptions.SSLError: when it is, and spoiled already.
        """
        sock = self.sock
        given = self._tunnel_headers.items()  # type: ignore[attr-defined]  # http.client's
        host = self._tunnel_address or self._tunnel_host or ""
        tunnel = Tunnel(host, self._tunnel_port, given)
        try:
            sock.sendall(tunnel.head)
            self._receive_answer(sock, tunnel.parser)
            tunnel.check()
        except RequestException:
            raise
        except TimeoutError as exc:
            raise self.too_late() from exc
        except (OSError, h1.ProtocolViolation) as exc:
            raise lower.ProxyError("the proxy broke off the CONNECT", exc) from exc
        except TunnelRefused as exc:
            raise lower.ProxyError("the proxy refused the tunnel", exc) from exc
        except TunnelSpoiled as exc:
            self.tunnel_is_open = True
            raise lower.SSLError(exc) from exc
        self.tunnel_is_open = True
        self._bound_handshake(sock)

    def _receive_answer(self, sock: socket.socket, parser: h1.ResponseParser) -> None:
        """Receive the head of the proxy's answer; its body is not read."""
        while parser.head is None:
            try:
                sock.settimeout(clock.left(None, self._connect_by, "connecting"))
            except TotalTimeoutError as exc:
                raise TimeoutError("timed out") from exc
            data = sock.recv(RECEIVE_SIZE)
            if not data:
                parser.feed_eof()
            parser.feed(data)

    def close(self) -> None:
        """Close the socket.  Harmless when it is closed."""
        self._poll = self._poll_both = None
        super().close()

    def abort(self) -> None:
        """Close a connection that another thread may be using."""
        self.aborted = True
        sock: Any = self.sock
        for waited in (sock, self._awaited):
            if isinstance(waited, threading.Event):  # a lookup's
                waited.set()
            elif waited is not None:
                _shut_down(waited)
        if sock is not None and not self.in_call:
            self.close()

    # Between exchanges.

    def is_quiet(self) -> bool:
        """Whether an idle connection is open and the server has sent nothing.

        A server that closed, or that sent bytes nobody asked for, has ended the
        use of this connection.
        """
        sock = self.sock
        if sock is None or self._poll is None:
            return False
        if not self._is_tls:
            return not self._poll(0)
        if not self._poll(0) and not _pending(sock):
            return True
        return self._receive_now() is None

    def _receive_now(self) -> bytes | None:
        """What can be received without waiting: ``b""`` at the end, ``None`` for nothing.

        A TLS socket may be readable with nothing to read: session tickets.
        """
        self.limit(0.0)
        try:
            return self.sock.recv(RECEIVE_SIZE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError:
            return b""

    # An exchange.

    def limit(self, seconds: float | None) -> None:
        """Let each call on the socket take at most ``seconds``."""
        self.sock.settimeout(seconds)
        self._limit = -1.0 if self._is_nested else seconds  # there it counts from now

    def send_request(
        self,
        head: bytes,
        body: Any,
        length: int | None,
        write: float | None,
        parser: h1.ResponseParser,
    ) -> bool:
        """Send a whole request.

        :param length: of the body, in bytes; ``None`` sends it in chunks.
        :param write: seconds for which the server may take nothing.
        :param parser: gets what the server says before the end.
        :returns: whether all of it went out; if not, the server has answered
            before the end, and the connection is of no further use.
        :raises WriteTimeoutError, TotalTimeoutError, OSError, CallerError:
        """
        seconds = (
            write
            if self.deadline is None
            else clock.left(write, self.deadline, "sending the request")
        )
        try:
            if seconds != self._limit:
                self.limit(seconds)
            if body is None:
                self.sock.sendall(head)
                return True
            if isinstance(body, bytes) and len(body) <= JOIN_LIMIT and length is not None:
                self.sock.sendall(head + body)
                return True
            self.sock.sendall(head)
            return self._send_blocks(body, length, write, parser)
        except TimeoutError as exc:
            self._raise_if_past_deadline(exc, "sending the request")
            raise WriteTimeoutError(f"{write} s") from exc

    def _send_blocks(
        self, body: Any, length: int | None, write: float | None, parser: h1.ResponseParser
    ) -> bool:
        """Send a body block by block, looking for an early answer between them."""
        self.limit(0.0)
        chunked = length is None
        for block in caller_blocks(body, length):
            data = b"%x\r\n%b\r\n" % (len(block), block) if chunked else block
            if not self._send_or_hear(data, write, parser):
                return False
        return not chunked or self._send_or_hear(b"0\r\n\r\n", write, parser)

    def _send_or_hear(self, data: bytes, write: float | None, parser: h1.ResponseParser) -> bool:
        """Send ``data``, unless the server answers first; the socket does not block.

        The server may take nothing for ``write`` seconds, give or take a quarter.  One that
        is slow makes no room here for longer than that: what it took, the system tells.
        """
        if self._is_nested:
            if (self._poll(0) or _pending(self.sock)) and self._answered_early(parser):
                return False
            self.limit(clock.left(write, self.deadline, "sending the request"))
            self.sock.sendall(data)
            return True
        view = memoryview(data)
        now = clock.monotonic()
        until = now + (write or 0.0)  # moved on by what is taken, and not by what is said
        look = now + (write or 0.0) * clock.LOOKS
        wait = None
        while view:
            if write is not None:
                now = clock.monotonic()
                if now >= look:
                    if self._has_taken():
                        until = now + write
                    if now >= until:
                        raise TimeoutError("timed out")
                    look = min(until, now + write * clock.LOOKS)
                wait = look - now
            seconds = clock.left(wait, self.deadline, "sending the request")
            events = self._poll_both(None if seconds is None else seconds * 1000)
            if not events:
                continue
            if events[0][1] & ~_WRITABLE and self._answered_early(parser):
                return False
            if events[0][1] & ~_READABLE:
                try:
                    view = view[self.sock.send(view) :]
                except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                    continue
                until = clock.monotonic() + (write or 0.0)
                if view:  # there is no more room: from here on it is counted
                    self._has_taken()
        return True

    def _has_taken(self) -> bool:
        """Whether the server took something of what was sent since this was asked."""
        from .uptake import acknowledged

        before, self._acked = self._acked, acknowledged(self.sock)
        return self._acked > before

    def _answered_early(self, parser: h1.ResponseParser) -> bool:
        """Whether the server has begun its final answer, or closed."""
        data = self._receive_now()
        if data:
            self.early += parser.feed(data)
        return (data is not None and not data) or parser.head is not None

    def answers_after(self, parser: h1.ResponseParser) -> bool:
        """Whether the server had answered before sending to it failed.

        :raises ProtocolViolation: when it had, with a body that is wrong.
        """
        try:
            while parser.head is None:
                self.early += self.receive(parser, RECEIVE_SIZE, ANSWER_WAIT)
        except (OSError, lower.HTTPError):
            return False
        except h1.ProtocolViolation:
            if parser.head is not None:
                raise
            return False
        return True

    def may_send_body(self, parser: h1.ResponseParser) -> bool:
        """Wait for leave to send the body, a second at the most.

        :returns: ``False`` when the server answered instead.
        """
        until = clock.earlier(self.deadline, clock.after(CONTINUE_WAIT)) or 0.0
        while parser.head is None and not parser.may_continue:  # another 1xx is no leave
            wait = until - clock.monotonic()
            if wait <= 0 or (not self._poll(wait * 1000) and not _pending(self.sock)):
                clock.left(None, self.deadline, "sending the request")
                return True
            try:
                self.early += self.receive(parser, RECEIVE_SIZE, wait)
            except lower.ReadTimeoutError:
                return True
        return parser.head is None

    def receive(self, parser: h1.ResponseParser, size: int, read: float | None) -> bytes:
        """Receive once, into the parser.

        :param size: in bytes, the most to receive.
        :param read: seconds for which the server may send nothing.
        :returns: what of the body came; ``b""`` says nothing about its end,
            ``parser.complete`` does.
        :raises urllib3.exceptions.ReadTimeoutError, TotalTimeoutError, OSError:
        :raises ProtocolViolation: when what came is not valid HTTP.
        """
        sock = self.sock
        if sock is None or self.aborted:
            raise lower.ClosedPoolError(None, "the connection was closed")  # type: ignore[arg-type]
        doing: clock.Doing = "waiting for the answer" if parser.head is None else "reading the body"
        seconds = read if self.deadline is None else clock.left(read, self.deadline, doing)
        if seconds != self._limit:
            self.limit(seconds)
        cut = False
        try:
            data = sock.recv(size)
        except TimeoutError as exc:
            self._raise_if_past_deadline(exc, doing)
            raise lower.ReadTimeoutError(None, None, f"{read} s") from exc  # type: ignore[arg-type]
        except ssl.SSLEOFError:
            data, cut = b"", True
        if data:
            return parser.feed(data)
        if self.aborted:  # what looks like the end is our own doing
            raise lower.ClosedPoolError(None, "the connection was closed")  # pyright: ignore[reportArgumentType]
        parser.feed_eof(cut=cut)
        return b""

    def _raise_if_past_deadline(self, cause: BaseException, doing: clock.Doing) -> None:
        if self.deadline is not None and clock.monotonic() >= self.deadline:
            raise TotalTimeoutError(doing) from cause


class HTTPConnection(CodecConnection):
    """A connection for ``http://``, direct or by a forwarding proxy."""


class HTTPSConnection(CodecConnection, _HTTPSConnection):
    """A connection for ``https://``, direct or through a tunnel."""

    _shakes_hands: ClassVar[bool] = True

    def connect(self) -> None:
        """As :meth:`CodecConnection.connect`.

        :raises InvalidOption: when the server is not to be verified, by a context that
            goes on checking host names, which :mod:`ssl` does not do; nothing is dialled.
        """
        if (
            not self.proxy_is_forwarding  # whose certificate the proxy's own context judges
            and getattr(self.ssl_context, "check_hostname", False)
            and resolve_cert_reqs(self.cert_reqs) == ssl.CERT_NONE
        ):
            raise InvalidOption(
                "verify=False cannot be used with an ssl_context that checks host names: "
                "set check_hostname = False on that context, or leave verify=False out"
            )
        super().connect()


def _shut_down(sock: Any) -> None:
    """End what another thread waits for on ``sock``."""
    with suppress(OSError):  # not connected any more: there is nothing to shut down
        # Not the method of an SSLSocket, which would have what that thread reads go past TLS
        # from here on; and TLS within TLS has none.
        while (below := getattr(sock, "socket", None)) is not None:
            sock = below
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _pending(sock: Any) -> int:
    """Bytes that TLS has received and nobody has read; 0 on a plain socket."""
    if isinstance(sock, SSLTransport):  # which has taken from the socket whatever was there
        return sock.sslobj.pending() + sock.incoming.pending + _pending(sock.socket)
    pending = getattr(sock, "pending", None)
    return pending() if pending is not None else 0


def _poller(sock: socket.socket, events: int) -> Any:
    """``poll(milliseconds)`` for ``sock``: what of ``events`` there is, as select.poll tells it."""
    try:
        poll = select.poll()
    except AttributeError:  # not on Windows, nor where green threads replace it
        return partial(_select, sock, events)
    poll.register(sock, events)
    return poll.poll


def _select(
    sock: socket.socket, events: int, milliseconds: float | None = None
) -> list[tuple[int, int]]:
    """What :func:`select.poll` gives, by :func:`select.select`."""
    reading = [sock] if events & _READABLE else []
    writing = [sock] if events & _WRITABLE else []
    seconds = None if milliseconds is None else milliseconds / 1000
    readable, writable, _ = select.select(reading, writing, [], seconds)
    found = (_READABLE if readable else 0) | (_WRITABLE if writable else 0)
    return [(sock.fileno(), found)] if found else []
