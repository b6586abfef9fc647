"""What three readers make of one answer: ulak's codec, h11, and llhttp by way of httptools.

h11 and llhttp have nothing in common with the codec, nor with each other.  Here each of
them reads a whole answer and the end of the connection, and says where the answer ends
and what is in it, or that it is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import h11
import httptools

from ulak._protocol.h1 import ProtocolViolation, ResponseParser

__all__ = ["Reading", "by_h11", "by_llhttp", "by_ulak"]

Fields = list[tuple[bytes, bytes]]


class Reading(NamedTuple):
    """What one of them made of an answer."""

    status: int
    #: Names in lower case, values without surrounding whitespace.  Without the fields that
    #: frame the body: h11 rewrites their values, and ``body`` and ``size`` show what they said.
    fields: Fields
    body: bytes
    trailers: Fields
    #: How many bytes it took up to the end of the answer.
    size: int


def by_ulak(wire: bytes, method: str) -> Reading | None:
    """How ulak reads ``wire``; ``None``: it refuses it."""
    parser = ResponseParser(method)
    try:
        body = parser.feed(wire)
        parser.feed_eof()
    except ProtocolViolation:
        return None
    head = parser.head
    assert head is not None
    size = len(wire) - len(parser.leftover)
    trailers = _as_bytes(parser.trailers)
    return Reading(head.status, _unframed(_as_bytes(head.fields)), body, trailers, size)


def _as_bytes(fields: list[tuple[str, str]]) -> Fields:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]


def _unframed(fields: Iterable[tuple[bytes, bytes]]) -> Fields:
    return [pair for pair in fields if pair[0] not in {b"content-length", b"transfer-encoding"}]


def by_h11(wire: bytes, method: str) -> Reading | None:
    """How h11 reads ``wire``; ``None``: it refuses it."""
    peer = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    peer.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(wire)
    head: h11.Response | None = None
    body, ended = b"", False
    try:
        while True:
            event = peer.next_event()
            if event is h11.NEED_DATA and not ended:
                ended = True
                peer.receive_data(b"")
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif head is not None and (event is h11.PAUSED or isinstance(event, h11.EndOfMessage)):
                trailers = event.headers if isinstance(event, h11.EndOfMessage) else ()
                size = len(wire) - len(peer.trailing_data[0])
                fields = _unframed(head.headers)
                return Reading(head.status_code, fields, body, list(trailers), size)
            elif not isinstance(event, h11.InformationalResponse):
                return None  # the connection ended before the answer
    except h11.RemoteProtocolError:
        return None


def _is_interim(status: int) -> bool:
    return 100 <= status < 200 and status != 101


class _End(Exception):
    """The answer is whole."""


class _Listener:
    """What httptools calls back."""

    def __init__(self, method: str) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self._method = method
        self._bodiless = False
        self.on_message_begin()

    def on_message_begin(self) -> None:
        self.fields: Fields = []
        self.trailers: Fields = []
        self.body = b""
        self.in_body = False

    def on_header(self, name: bytes, value: bytes) -> None:
        (self.trailers if self.in_body else self.fields).append((name.lower(), value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        self.in_body = True
        status = self.parser.get_status_code()
        tunnel = self._method == "CONNECT" and 200 <= status < 300
        if tunnel or (self._method == "HEAD" and status >= 200):
            raise _End  # it cannot be told of the method

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        if not _is_interim(self.parser.get_status_code()):
            raise _End

    def reading(self, size: int) -> Reading:
        status = self.parser.get_status_code()
        return Reading(status, _unframed(self.fields), self.body, self.trailers, size)

    def needs_the_end(self) -> bool:
        """Whether the end of the connection is that of the answer (RFC 9112, section 6.3)."""
        status = self.parser.get_status_code()
        if not self.in_body or _is_interim(status) or status in {204, 304}:
            return False
        for name, value in self.fields:
            if name == b"transfer-encoding":
                return re.search(rb"(?:^|[, \t])chunked[ \t]*$", value.lower()) is None
        return all(name != b"content-length" for name, _ in self.fields)


def by_llhttp(wire: bytes, method: str) -> Reading | None:
    """How llhttp reads ``wire``; ``None``: it refuses it.

    It is fed byte by byte: there is no other way to learn where the answer ended.
    """
    listener = _Listener(method)
    feed: Any = listener.parser.feed_data
    for at in range(len(wire)):
        try:
            feed(wire[at : at + 1])
        except httptools.HttpParserCallbackError:  # ours, and what else would be a mistake here
            return listener.reading(at + 1)
        except httptools.HttpParserUpgrade:
            return listener.reading(at + 1)
        except httptools.HttpParserError:
            return None
    return listener.reading(len(wire)) if listener.needs_the_end() else None
