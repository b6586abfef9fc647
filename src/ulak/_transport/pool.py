"""Connections to one place, and one exchange over one of them.

:class:`CodecPool` is mixed into urllib3's pool classes.  An exchange takes a
connection, sends the request, reads the head of the answer, and hands the
connection to the body's reader or back to the pool.  On every way out the
connection is given back or closed.  The one decision made here is P3 of the
promises: a kept connection that turns out to be dead is replaced once, unseen,
where the request cannot have been carried out twice.
"""

from __future__ import annotations

import logging
import ssl
import threading
import warnings
import weakref
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from urllib3 import HTTPConnectionPool as _HTTPConnectionPool
from urllib3 import HTTPSConnectionPool as _HTTPSConnectionPool
from urllib3 import exceptions as lower

from .. import _tls
from .._callers import stacklevel
from .._errors import as_urllib3
from .._protocol import h1
from .._protocol.exchange import (
    METHODS_WITH_BODY,
    announce_no_body,
    fields_by_proxy,
    fields_to_origin,
    is_absolute,
    keeps_alive,
)
from .._protocol.reuse import may_send_again
from .._urls import parse, redact
from ..exceptions import InvalidOption, RequestException
from ..structures import CaseInsensitiveDict
from . import clock, stock
from .answer import Answer
from .body import BodyReader
from .connection import (
    RECEIVE_SIZE,
    CodecConnection,
    HTTPConnection,
    HTTPSConnection,
)
from .response import RawResponse
from .stock import OwnParts

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3.response import BaseHTTPResponse

    from .._addresses import AddressPolicy
    from ..timeouts import Timeout
    from .payload import Payload

_log = logging.getLogger("urllib3.connectionpool")
_DEBUG = logging.DEBUG

__all__ = ["CodecPool", "HTTPConnectionPool", "HTTPSConnectionPool"]

_NO_POLICY = "urllib3's connections are replaced by others, which do not keep the address policy"


class Outgoing:
    """A request as a connection sends it.

    :param tunnelled: whether it goes through a proxy's tunnel, rather than to a forwarding
        proxy.
    """

    __slots__ = ("deadline", "head", "method", "payload", "target", "timeout", "tunnelled")

    def __init__(  # noqa: PLR0913 - what there is to know of it
        self,
        method: str,
        target: str,
        head: bytes,
        payload: Payload | None,
        tunnelled: bool,
        timeout: Timeout,
        deadline: clock.Deadline,
    ) -> None:
        self.method: Final = method
        self.target: Final = target
        self.head: Final = head
        self.payload: Final = payload
        self.tunnelled: Final = tunnelled
        self.timeout: Final = timeout
        self.deadline: Final = deadline


class _ConnectionCls:
    """What urllib3 makes a pool's connections of: ours, or what was put in the place of its own.

    No property, so that a pool or a subclass may have a class of its own, as with urllib3.
    """

    def __get__(self, pool: CodecPool | None, owner: type[CodecPool]) -> Any:
        return owner._stock.ConnectionCls if owner._own_parts.are_carried() else owner._connection


class Slot:
    """One of the connections that a pool that blocks may have; free again when it is dropped."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: list[threading.Semaphore] = []

    def wait(self, slots: threading.Semaphore, seconds: float | None) -> bool:
        """Wait for one of ``slots``; whether there was one in time."""
        self._held += [slots] * slots.acquire(timeout=seconds)  # in one go, for interrupts
        return bool(self._held)

    def free(self) -> None:
        """Let another have it.  Harmless when repeated."""
        while self._held:
            self._held.pop().release()

    def __del__(self) -> None:
        self.free()


class CodecPool(_HTTPConnectionPool):
    """What a pool of ours adds to one of urllib3's."""

    ConnectionCls: Any = _ConnectionCls()
    #: urllib3's pool under ours, of which somebody may replace parts.
    _stock: ClassVar[type[_HTTPConnectionPool]] = _HTTPConnectionPool
    _own_parts: ClassVar[OwnParts] = OwnParts(_HTTPConnectionPool, stock.HTTPConnection)
    #: Whether a subclass has connections of its own.
    _brings_its_own: ClassVar[bool] = False
    _connection: ClassVar[type[CodecConnection]] = HTTPConnection

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        found = next(vars(c)["ConnectionCls"] for c in cls.__mro__ if "ConnectionCls" in vars(c))
        cls._brings_its_own = type(found) is not _ConnectionCls

    #: The ``verify`` and ``cert`` that an adapter looked this pool up with.
    tls_settings: tuple[Any, Any] | None = None

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        maxsize: int = 1,
        block: bool = False,
        address_policy: AddressPolicy | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(host, port, maxsize=maxsize if block else 1, block=block, **kw)
        #: Which addresses its connections may be to; part of the pool's key.
        self.address_policy = address_policy
        self._idle: deque[CodecConnection] = deque()
        self._most_idle = maxsize
        self._slots = threading.Semaphore(maxsize) if block else None
        # By id, and weak: what an interrupt leaves behind, wherever it strikes, is closed when
        # nobody has it any more, and its slot comes free.
        self._busy: dict[int, weakref.ref[CodecConnection]] = {}
        self._host_field = _host_header(self.scheme or "http", host, port)
        self._heads = h1.RequestHeads()
        self._reference = weakref.ref(self)
        weakref.finalize(self, _close_each, self._idle)

    # Taking and giving back.

    def take(self, timeout: Timeout, deadline: clock.Deadline, *, fresh: bool) -> CodecConnection:
        """A connection for one exchange: a quiet one that was kept, or a new one.

        :param fresh: whether it must be a new one.
        :raises urllib3.exceptions.EmptyPoolError: when none came free within
            ``timeout.pool`` seconds.
        :raises urllib3.exceptions.ClosedPoolError: when the pool is closed.
        """
        slot = None
        if self._slots is not None:
            slot = self._wait_for_slot(self._slots, timeout, deadline)
        try:
            conn: Any = None if fresh else self._take_idle()
            if conn is None:
                conn = self._new_conn()
                conn.reference = weakref.ref(conn)
                conn.pool = self._reference
                if self.address_policy is not None:
                    conn.address_policy = self.address_policy
        except BaseException:
            if slot is not None:  # and not only when whoever catches this is done with it
                slot.free()
            raise
        conn.slot = slot
        self._busy[id(conn)] = conn.reference
        if self.pool is None:
            self.give_back(conn, reusable=False)
            raise lower.ClosedPoolError(self, "the pool is closed")
        conn.deadline = deadline
        return conn  # type: ignore[no-any-return]

    def _wait_for_slot(
        self, slots: threading.Semaphore, timeout: Timeout, deadline: clock.Deadline
    ) -> Slot:
        slot = Slot()
        doing: clock.Doing = "waiting for a free connection"
        if not slot.wait(slots, clock.left(timeout.pool, deadline, doing)):
            clock.left(None, deadline, doing)
            raise lower.EmptyPoolError(self, f"{timeout.pool} s")
        return slot

    def _take_idle(self) -> CodecConnection | None:
        """The kept connection that was used last, if one is still quiet."""
        idle = self._idle
        while idle:
            try:
                conn = idle.pop()
            except IndexError:  # another thread was faster
                break
            quiet = False
            try:
                quiet = conn.is_quiet()
            finally:
                if not quiet:
                    conn.close()
            if quiet:
                return conn
        return None

    def give_back(self, conn: CodecConnection, reusable: bool) -> None:
        """Keep ``conn`` for the next exchange, or close it."""
        self._busy.pop(id(conn), None)
        slot, conn.slot = conn.slot, None
        if not reusable or self.pool is None or len(self._idle) >= self._most_idle:
            conn.close()
        else:
            self._idle.append(conn)
        if slot is not None:
            slot.free()

    def drain(self) -> None:
        """Close the idle connections, and keep none from now on.

        Who found this pool before it was dropped may still use it.
        """
        self._most_idle = 0
        _close_each(self._idle)

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they come back."""
        super().close()
        _close_each(self._idle)
        if self._slots is not None:
            self._slots.release()  # one who waits finds the pool closed, and wakes the next

    def abort(self) -> None:
        """Close every connection, those in use too; what waits on them fails."""
        self.close()
        for conn in self._in_use():
            conn.abort()

    def _in_use(self) -> list[CodecConnection]:
        """The connections that somebody has."""
        found = (reference() for reference in self._busy.copy().values())
        return [conn for conn in found if conn is not None]

    def drop_after_fork(self) -> None:
        """In a forked child: let go of the parent's connections without a word to the server."""
        for conn in (*self._idle, *self._in_use()):
            if conn.sock is not None:
                conn.sock.close()
        self._idle.clear()
        self._busy.clear()

    # An exchange.

    def exchange(
        self,
        method: str,
        target: str,
        headers: CaseInsensitiveDict[Any],
        timeout: Timeout,
        payload: Payload | None = None,
        *,
        head: bytes | None = None,
    ) -> Answer | BaseHTTPResponse:
        """Send one request and read the head of its answer.

        :param target: in the form that goes on the wire.
        :param timeout: a :class:`ulak.Timeout`; ``total`` counts from here.
        :param head: the request's, where others have looked at it already.
        :returns: an :class:`Answer` where all has come, else a :class:`RawResponse`; what
            stands in for urllib3's connections may give another.
        :raises urllib3.exceptions.HTTPError, OSError: when it fails; the
            connection is closed then.
        :raises CallerError: when reading the body does.
        """
        if head is None:
            if (
                not self._own_parts.is_untouched()
                or self._brings_its_own
                or "ConnectionCls" in self.__dict__
            ):
                other = self._other_way()
                if other is not None:
                    return other(method, target, headers, timeout, payload)
            head = self.head(method, target, headers, payload)
        self.num_requests += 1
        out = Outgoing(
            method,
            target,
            head,
            payload,
            self.proxy is not None and self._tunnels(target),
            timeout,
            None if timeout.total is None else clock.after(timeout.total),
        )
        conn = self.take(timeout, out.deadline, fresh=False)
        reused = conn.sock is not None
        keep_alive = keeps_alive(headers)
        parser = h1.ResponseParser(method, keep_alive=keep_alive)
        try:
            return self._exchange_on(conn, out, parser)
        except (OSError, h1.ProtocolViolation) as exc:
            again = reused and may_send_again(
                method,
                exc,
                answered=parser.started,
                replayable=payload is None or payload.is_replayable(),
            )
            if not again or conn.aborted:
                raise as_urllib3(exc, aborted=conn.aborted) from exc
        if payload is not None:
            payload.rewind()
        conn = self.take(timeout, out.deadline, fresh=True)
        try:
            return self._exchange_on(conn, out, h1.ResponseParser(method, keep_alive=keep_alive))
        except (OSError, h1.ProtocolViolation) as exc:
            raise as_urllib3(exc, aborted=conn.aborted) from exc

    def _other_way(self) -> Callable[..., BaseHTTPResponse] | None:
        """What to exchange by instead, because of what was replaced, if anything."""
        if self._own_parts.are_carried():
            return self._exchange_by_urllib3
        connection = self.ConnectionCls
        if not (isinstance(connection, type) and issubclass(connection, CodecConnection)):
            return self._exchange_by_urllib3
        return partial(_watched, self) if self._own_parts.are_watched() else None

    def _exchange_by_urllib3(self, *exchange: Any) -> BaseHTTPResponse:
        """:meth:`exchange` by what stands in the place of urllib3's connections.

        :raises InvalidOption: under an address policy, which that does not know.
        """
        if self.address_policy is not None:
            raise InvalidOption(_NO_POLICY)
        return stock.urlopen(self, *exchange)

    def _tunnels(self, target: str) -> bool:
        """Whether a request for ``target`` goes through the proxy's tunnel, rather than to it."""
        return self.scheme == "https" and not is_absolute(target)

    def urlopen_is_own(self) -> bool:
        """Whether nobody has replaced what urllib3's pools are called by."""
        return self._own_parts.has_urlopen()

    def head(
        self,
        method: str,
        target: str,
        headers: CaseInsensitiveDict[Any],
        payload: Payload | None,
    ) -> bytes:
        """The head of a request, as it goes to this pool's origin or proxy.

        :raises RequestException: when it must not be sent.
        """
        if self.proxy is None:
            fields = fields_to_origin(headers, self._host_field)
        elif self._tunnels(target):
            fields = fields_to_origin(headers, self._host_field, tunnelled=True)
        else:
            host = parse(target).host_header if is_absolute(target) else self._host_field
            fields = fields_by_proxy(headers, host, self.proxy_headers)
        if payload is None and method in METHODS_WITH_BODY:
            announce_no_body(fields, headers)
        return self._heads.head(method, target, fields)

    def _exchange_on(
        self, conn: CodecConnection, out: Outgoing, parser: h1.ResponseParser
    ) -> Answer | RawResponse:
        """The exchange on ``conn``, which is given back or closed on every way out."""
        timeout = out.timeout
        try:
            conn.in_call = True
            if conn.sock is None:
                self._open(conn, timeout.connect, out.tunnelled)
            if conn.aborted:  # while it was dialled, when there was nothing to close yet
                raise lower.ClosedPoolError(self, "the session was closed")
            whole = self._send(conn, out, parser)
            body = b""
            if conn.early:
                body, conn.early = conn.early, b""
            while parser.head is None:
                body = conn.receive(parser, RECEIVE_SIZE, timeout.read)
            conn.in_call = False
            if _log.isEnabledFor(_DEBUG):
                self._note(out, parser.head, parser.head.content_length)
        except BaseException as exc:
            self.give_back(conn, reusable=False)
            if isinstance(exc, h1.ProtocolViolation) and parser.head is not None:
                # The answer is there, and its body is wrong: for whoever reads that to learn.
                reader = BodyReader.of_broken(parser, exc, conn)
                raw = RawResponse(parser.head, reader, out.target)
                raw.deadline = out.deadline
                return raw
            raise
        if parser.complete:
            self.give_back(conn, whole and parser.keep_alive)
            return Answer(parser.head, parser, body, conn, out.target, out.deadline)
        reader = BodyReader(parser, body, conn, self, timeout.read, whole)
        raw = RawResponse(parser.head, reader, out.target)
        raw.deadline = out.deadline
        return raw

    def _note(self, out: Outgoing, head: h1.ResponseHead, length: int | None) -> None:
        """Log an exchange as urllib3 does, without the secrets that a target may have."""
        bodiless = out.method == "HEAD" or head.status in (204, 304)
        _log.debug(
            '%s://%s:%s "%s %s %s" %s %s',
            self.scheme,
            self.host,
            self.port,
            out.method,
            redact(out.target),
            f"HTTP/{head.version // 10}.{head.version % 10}",
            head.status,
            0 if bodiless or head.chunked else length,
        )

    def _open(self, conn: CodecConnection, seconds: float | None, tunnelled: bool) -> None:
        """Connect, within ``seconds``."""
        conn.timeout = seconds
        try:
            if tunnelled:
                self._prepare_proxy(conn)  # pyright: ignore[reportArgumentType]  # its protocol knows host as a variable only
            else:
                conn.connect()
            if self.address_policy is not None:
                self._check_peer(self.address_policy, conn)
        except (OSError, ValueError, lower.HTTPError) as exc:
            raise self._connect_error(conn, exc) from exc
        if self.scheme == "https" and not conn.is_verified and not conn.proxy_is_verified:
            warnings.warn(
                f"the certificate of {self.host} is not verified (verify=False)",
                lower.InsecureRequestWarning,
                stacklevel=stacklevel(),
            )

    def _check_peer(self, policy: AddressPolicy, conn: CodecConnection) -> None:
        """See that ``conn`` is where the policy allows, whoever has dialled it.

        :raises AddressDenied: when it is not; the caller closes it.
        """
        if self.proxy is None:
            policy.check_peer(self.host, conn.sock.getpeername())

    def _connect_error(self, conn: CodecConnection, error: Exception) -> Exception:
        """The error for a connection that could not be made, as urllib3 words it."""
        if conn.aborted:
            return lower.ClosedPoolError(self, "the session was closed")
        if isinstance(error, RequestException | lower.ProxyError):
            return error
        if isinstance(error, TimeoutError) and not isinstance(error, lower.HTTPError):
            error = conn.too_late()
        if isinstance(error, ssl.SSLError | ValueError):
            error = lower.SSLError(error)
        if self.proxy is not None and not conn.tunnel_is_open:
            return lower.ProxyError("Unable to connect to proxy", error)
        if isinstance(error, OSError) and not isinstance(error, lower.HTTPError):
            return lower.NewConnectionError(conn, str(error))
        return error

    def _send(self, conn: CodecConnection, out: Outgoing, parser: h1.ResponseParser) -> bool:
        """Send the request; tells whether all of it went out.

        A server that refuses an upload often answers and closes before it has
        read it all: what it said is the answer (RFC 9110, section 10.1.1).
        """
        payload, write = out.payload, out.timeout.write
        if payload is None:
            return conn.send_request(out.head, None, None, write, parser)
        head = out.head
        if payload.waits_for_leave:
            conn.send_request(head, None, None, write, parser)
            if not conn.may_send_body(parser):
                return False
            head = b""
        try:
            return conn.send_request(head, payload.body, payload.length, write, parser)
        except (ConnectionError, ssl.SSLError):
            if not conn.answers_after(parser):
                raise
            return False


class HTTPConnectionPool(CodecPool):
    """Connections to one ``http://`` origin, or to the proxy for it."""


class HTTPSConnectionPool(CodecPool, _HTTPSConnectionPool):  # pyright: ignore[reportIncompatibleVariableOverride]  # ConnectionCls
    """Connections to one ``https://`` origin."""

    _stock = _HTTPSConnectionPool
    _own_parts = OwnParts(_HTTPSConnectionPool, stock.HTTPSConnection)
    _connection: ClassVar[type[CodecConnection]] = HTTPSConnection

    def _new_conn(self) -> Any:
        if self.tls_settings is not None and self._has_something_to_set():
            self._leave_shared_contexts(*self.tls_settings)
        return super()._new_conn()

    def _has_something_to_set(self) -> bool:
        """Whether urllib3 would change the contexts that it is given for a connection."""
        proxy = self.proxy_config
        return (
            any(getattr(self, name) is not None for name in _SET_ON_A_CONTEXT)
            or self.conn_kw.get("ca_cert_data") is not None
            or (proxy is not None and (proxy.assert_hostname, proxy.assert_fingerprint) != _UNSET)
        )

    def _leave_shared_contexts(self, verify: Any, cert: Any) -> None:
        """Have urllib3 build contexts for this pool alone, from what it was given to set on them.

        An adapter may give a client's certificate or a version of TLS to its pool manager,
        or set them on its pools; urllib3 would load that into a context that others use.
        """
        context = self.conn_kw.get("ssl_context")
        if context is None or not _tls.is_shared(context):
            return
        for name, value in _tls.as_keywords(verify, cert).items():
            if getattr(self, name) is None:
                setattr(self, name, value)
        proxy = self.proxy_config
        shown = None if proxy is None else proxy.ssl_context
        if proxy is not None and shown is not None and _tls.is_shared(shown):
            self.conn_kw["proxy_config"] = proxy._replace(ssl_context=None)
        self.conn_kw.pop("ssl_context", None)  # last, as another thread may be here


#: What of a pool urllib3 sets on the context that a connection is made with.
_SET_ON_A_CONTEXT = (
    "cert_file",
    "key_file",
    "cert_reqs",
    "ca_certs",
    "ca_cert_dir",
    "ssl_version",
    "ssl_minimum_version",
    "ssl_maximum_version",
    "assert_hostname",
    "assert_fingerprint",
)
_UNSET = (None, None)


def _watched(*exchange: Any) -> BaseHTTPResponse:
    """An exchange that somebody looks on at."""
    from . import watched

    return watched.exchange(*exchange)


def _close_each(idle: deque[CodecConnection]) -> None:
    """Close the idle connections; holds no reference to their pool."""
    while True:
        try:
            idle.pop().close()
        except IndexError:  # none left, or another thread was faster
            return


def _host_header(scheme: str, host: str, port: int | None) -> str:
    """The Host field's value for a pool's own origin (RFC 9110, section 7.2)."""
    name = f"[{host}]" if ":" in host and not host.startswith("[") else host
    usual = 443 if scheme == "https" else 80
    return name if port in (None, usual) else f"{name}:{port}"
