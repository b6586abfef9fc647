"""HTTP/1.1 messages as a server meets them: a request that came in, an answer to give.

Reads what is well-formed (RFC 9112) and gives up on the rest; it is deliberately
not the codec that the tests test.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

_HEAD_LIMIT = 1 << 20
_PIECE = 1 << 16
_BODILESS = (204, 304)

Fields = list[tuple[str, str]]


class PeerClosed(ConnectionError):
    """The peer ended the connection where more bytes were expected."""


def parse_fields(head: bytes) -> Fields:
    """The fields of a head, in order, as text (Latin-1)."""
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return [(name, value.strip(" \t")) for name, _, value in pairs]


def field_value(fields: Fields, name: str) -> str | None:
    """All values of ``name`` joined by commas, or ``None`` without one."""
    found = [value for key, value in fields if key.lower() == name.lower()]
    return ", ".join(found) if found else None


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it arrived."""

    #: Request line and fields, up to and including the empty line.
    head: bytes
    #: The content, without the framing of chunks.
    body: bytes
    #: The content as it was on the wire, chunk sizes and all.
    wire_body: bytes
    #: The number of its connection, from 0.
    connection: int
    #: The address that it came from.
    peer: tuple[str, int] = ("", 0)
    #: ``version``, ``cipher`` and ``certificate`` (the client's subject) under TLS.
    tls: Mapping[str, object] | None = None
    #: Size and SHA-256 of a body that was not kept.
    discarded: tuple[int, str] | None = None

    @cached_property
    def _line(self) -> list[str]:
        return self.head.partition(b"\r\n")[0].decode("latin-1").split(" ", 2)

    @property
    def method(self) -> str:
        return self._line[0]

    @property
    def target(self) -> str:
        """The request target, exactly as it was received (RFC 9112, section 3.2)."""
        return self._line[1]

    @property
    def version(self) -> str:
        return self._line[2]

    @cached_property
    def path(self) -> str:
        """The target's path, not decoded."""
        return self.target.partition("?")[0]

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The target's parameters, decoded, in order."""
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @cached_property
    def fields(self) -> Fields:
        """The fields in order and as they were written."""
        return parse_fields(self.head)

    def header(self, name: str) -> str | None:
        """All values of a field joined by commas, or ``None`` without one."""
        return field_value(self.fields, name)

    def values(self, name: str) -> list[str]:
        """Each value of a field by itself, in order."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    @cached_property
    def cookies(self) -> dict[str, str]:
        """The cookies that were sent."""
        pairs = (pair.strip().partition("=") for pair in (self.header("Cookie") or "").split(";"))
        return {name: value for name, _, value in pairs if name}

    def parameter(self, name: str, default: str = "") -> str:
        """The first parameter called ``name``."""
        return next((value for key, value in self.query if key == name), default)

    def json(self) -> object:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Answer:
    """What a handler returns.

    A body of bytes is framed by Content-Length, any other iterable by chunks,
    unless ``headers`` already say how.  With ``close`` the connection ends
    after it.
    """

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    reason: str | None = None
    close: bool = False
    version: str = "HTTP/1.1"
    _named: set[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._named = {name.lower() for name, _ in self.headers}

    @classmethod
    def text(
        cls, text: str, *, kind: str = "text/plain; charset=utf-8", status: int = 200
    ) -> Answer:
        """An answer of text in UTF-8."""
        return cls(text.encode(), status, [("Content-Type", kind)])

    @classmethod
    def json(
        cls, value: object, *, status: int = 200, headers: Iterable[tuple[str, str]] = ()
    ) -> Answer:
        """An answer of JSON."""
        body = json.dumps(value, indent=2).encode() + b"\n"
        return cls(body, status, [("Content-Type", "application/json"), *headers])

    @property
    def _chunked(self) -> bool:
        return not self._framed and not self.close and not isinstance(self.body, bytes)

    @property
    def _framed(self) -> bool:
        return not self._named.isdisjoint({"content-length", "transfer-encoding"})

    def head(self) -> bytes:
        """Status line and fields, with the framing that the body needs."""
        if self.reason is not None:
            reason = self.reason
        else:
            known = self.status in HTTPStatus._value2member_map_
            reason = HTTPStatus(self.status).phrase if known else "Unknown"
        lines = [f"{self.version} {self.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self._chunked:
            lines.append("Transfer-Encoding: chunked")
        elif isinstance(self.body, bytes) and not self._framed and self.status not in _BODILESS:
            lines.append(f"Content-Length: {len(self.body)}")
        if self.close and "connection" not in self._named:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def send(self, sock: socket.socket, method: str = "GET") -> None:
        """Write it; a HEAD gets the head only, and small answers go in one piece."""
        if method == "HEAD" or self.status in _BODILESS:
            sock.sendall(self.head())
        elif isinstance(self.body, bytes):
            sock.sendall(self.head() + self.body)
        else:
            sock.sendall(self.head())
            for piece in self.body:
                sock.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)
            if self._chunked:
                sock.sendall(b"0\r\n\r\n")


class Incoming:
    """The bytes that arrive on a connection, taken in the units of HTTP/1.1.

    Every method raises :exc:`PeerClosed` when the connection ends too early.
    ``record``, if given, receives each byte as it is read from the socket.
    """

    def __init__(self, sock: socket.socket, record: bytearray | None = None) -> None:
        self._sock = sock
        self._buffer = bytearray()
        self._record = record

    def _fill(self) -> None:
        data = self._sock.recv(_PIECE)
        if not data:
            raise PeerClosed("the peer closed the connection")
        self._buffer += data
        if self._record is not None:
            self._record += data

    def until(self, mark: bytes) -> bytes:
        """Everything up to and including ``mark``."""
        searched = 0
        while (at := self._buffer.find(mark, searched)) < 0:
            searched = max(0, len(self._buffer) - len(mark) + 1)
            if searched > _HEAD_LIMIT:
                raise PeerClosed(f"{mark!r} does not come")
            self._fill()
        return self._take(at + len(mark))

    def exactly(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        return b"".join(self.pieces(count))

    def pieces(self, count: int) -> Iterator[bytes]:
        """The next ``count`` bytes, as they come."""
        while count:
            if not self._buffer:
                self._fill()
            piece = self._take(min(count, len(self._buffer)))
            count -= len(piece)
            yield piece

    def rest(self) -> Iterator[bytes]:
        """Everything until the peer ends the connection."""
        while True:
            if self._buffer:
                yield self._take(len(self._buffer))
            try:
                self._fill()
            except PeerClosed:
                return

    def head(self) -> bytes:
        """A message's first line and fields, with the empty line."""
        return self.until(b"\r\n\r\n")

    def framed_body(self, head: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The body that ``head`` announces: pieces of content, each with its wire form."""
        fields = parse_fields(head)
        if (field_value(fields, "Transfer-Encoding") or "").lower().endswith("chunked"):
            yield from self._chunks()
        else:
            for piece in self.pieces(int(field_value(fields, "Content-Length") or 0)):
                yield piece, piece

    def _chunks(self) -> Iterator[tuple[bytes, bytes]]:
        while True:
            line = self.until(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            if size == 0:
                break
            data = self.exactly(size + 2)
            yield data[:-2], line + data
        while True:
            trailer = self.until(b"\r\n")
            line += trailer
            if trailer == b"\r\n":
                break
        yield b"", line

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken
