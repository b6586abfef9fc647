"""HTTP/1.1 for a client, after RFC 9112: a request's head to bytes, bytes to an answer.

Theory of operation
===================

**Out.**  :func:`request_head` is the last gate before the wire.  It joins the
whole head, with NUL between a name and its value, and matches it against one
pattern.  No part may hold NUL or a line end, so each line holds exactly one NUL
and there are exactly as many lines as fields; if anything was smuggled in, one
of the two does not hold.  Only a head that fails is taken apart, to say why.

**In.**  One :class:`ResponseParser` reads the answer to one request, 1xx answers
included.  It passes through these states, never backwards (but for 1xx)::

    HEAD ─┬─► LENGTH ───────────────┐
          ├─► CHUNKED ─► TRAILERS ──┼─► DONE
          ├─► CLOSE ────────────────┤
          └─► (no body) ────────────┘

*Fast path.*  A head nearly always comes in one piece.  Then one pattern checks
all of it and finds its end, another finds the fields that decide on framing,
and the rest stays bytes until somebody asks for it.

*Slow path.*  Whatever that pattern does not match, because it is incomplete,
folded, very long or wrong, goes to a :class:`_FieldSection`, which reads line by
line, looks at each byte once, and knows what to complain about.  Both accept
the same heads; the fast path merely does not know why it refuses one.  What is
wrong is found at the same byte however the input was cut, so the error is the
same too.

*How strict* (RFC 9112 and 9110 where nothing else is said):

- Lines end in CRLF.  A bare LF or CR is an error, though section 2.2 would allow
  to accept the former: two readings of one message are how answers are smuggled.
- The status line is ``HTTP/1.x``, a space and three digits from 100; the reason
  and the space before it may be missing.  Nothing may come before it.
- Field names are tokens, with no space before the colon.  Values hold no control
  characters but HTAB.  A folded value (section 5.2) is joined with a space; a fold
  before the first field is an error.
- Content-Length is 1 to 18 digits; repeats, or a list, must be the same, digit by digit.
- Transfer-Encoding is ``chunked``, once, and nothing else: ulak sends no TE field,
  so a server has no business with other codings.  Together with a Content-Length,
  or in an HTTP/1.0 answer, it counts and the connection ends (section 6.1).
- A chunk size is 1 to 16 hex digits, with no space around; extensions are skipped.
- A status that has no body (section 6.3) ends with its head.  Framing fields that
  are wrong are an error there too, other than in a 2xx to CONNECT, where RFC 9110
  (section 9.3.6) has them ignored.
- Trailers are kept apart and never change the framing.

After a :class:`.ProtocolViolation` a parser is of no further use.  It carries the body
bytes that came in the same ``feed`` before the fault, so that they too are the same
however the input was cut.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..exceptions import InvalidHeader, InvalidMethod, InvalidURL, RequestException
from .errors import Incomplete, ProtocolViolation, shown
from .limits import (
    MAX_CHUNK_DIGITS,
    MAX_CHUNK_LINE,
    MAX_FIELDS,
    MAX_HEAD,
    MAX_INTERIM,
    MAX_LENGTH_DIGITS,
    MAX_LINE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Incomplete",
    "ProtocolViolation",
    "RequestHeads",
    "ResponseHead",
    "ResponseParser",
    "let_cuts_end_bodies",
    "request_head",
]

# The alphabets of RFC 9110: 5.6.2 (token) and 5.5 (field-value, with obs-text).
_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_VALUE: Final = r"[\t -~\x80-\xff]"
_VALUE_START: Final = r"[!-~\x80-\xff]"

# ---------------------------------------------------------------- requests

_request = re.compile(
    rf"{_TOKEN}+ [!-~]+ HTTP/1\.1\r\n(?:{_TOKEN}+\0(?:{_VALUE_START}{_VALUE}*)?\r\n)*\r\n"
).fullmatch


_request_start = re.compile(
    rf"{_TOKEN}+ [!-~]+ HTTP/1\.1\r\nHost: (?:{_VALUE_START}{_VALUE}*)?\r\n"
).fullmatch


def request_head(
    method: str, target: str, fields: Iterable[tuple[str | bytes, str | bytes]]
) -> bytes:
    """Return the head of a request, its blank line included, or raise (0 bytes are sent).

    :param method: a token; sent as it is.
    :param target: in any of the forms of RFC 9112, section 3.2: visible ASCII, not empty.
    :param fields: names and values in the order in which to send them.  Values are
        of Latin-1; bytes are sent as they are.  They may be empty and may end in
        whitespace, but not begin with it, and hold no control character but HTAB.
    :raises InvalidMethod: the method is not a token.
    :raises InvalidURL: the target could not be told from what follows it.
    :raises InvalidHeader: names the field, never its value.
    """
    pairs = list(fields)
    try:
        lines = [
            " ".join((method, target, "HTTP/1.1")),
            *map("\0".join, pairs),  # type: ignore[arg-type]  # bytes are a TypeError
            "",
            "",
        ]
        text = "\r\n".join(lines)
    except TypeError:
        if not any(isinstance(part, bytes) for pair in pairs for part in pair):
            raise _refusal(method, target, pairs) from None
        return request_head(method, target, [(_text(name), _text(value)) for name, value in pairs])
    if _request(text) is None or text.count("\r\n") != len(lines) - 1:
        raise _refusal(method, target, pairs)
    return text.replace("\0", ": ").encode("latin-1")


class RequestHeads:
    """Makes heads like :func:`request_head`, and remembers the fields of the last one.

    Requests of one session differ in their target and host more often than in their
    other fields.  Safe for concurrent use.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: tuple[Sequence[tuple[str | bytes, str | bytes]], bytes] = ((), b"")

    def head(
        self, method: str, target: str, fields: Sequence[tuple[str | bytes, str | bytes]]
    ) -> bytes:
        """Return the head of a request; as :func:`request_head`, and with its errors."""
        name, host = fields[0] if fields else ("", "")
        if name != "Host" or not (type(method) is type(target) is type(host) is str):
            return request_head(method, target, fields)
        rest = fields[1:]
        known, lines = self._last
        start = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n"
        if rest == known and _request_start(start):
            return start.encode("latin-1") + lines
        head = request_head(method, target, fields)
        self._last = rest, head[len(start) :]
        return head


def _text(part: str | bytes) -> str:
    return part.decode("latin-1") if isinstance(part, bytes) else part


def _refusal(method: object, target: object, pairs: Sequence[Sequence[object]]) -> RequestException:
    """Say which part of a request's head may not go on the wire."""
    if not isinstance(method, str) or re.fullmatch(rf"{_TOKEN}+", method) is None:
        return InvalidMethod(
            f"The method {str(method)[:40]!r} is not a token: it may hold letters, digits "
            "and !#$%&'*+-.^_`|~ only."
        )
    if not isinstance(target, str) or re.fullmatch(r"[!-~]+", target) is None:
        return InvalidURL(
            "The request target is empty, or holds a space, a control character or a "
            "character that is not ASCII; percent-encode it."
        )
    for name, value, *_ in pairs:
        if not isinstance(name, str) or re.fullmatch(rf"{_TOKEN}+", name) is None:
            begin = re.match(rf"{_TOKEN}*", name) if isinstance(name, str) else None
            return InvalidHeader(
                f"The name of the header that begins with {begin[0][:40] if begin else ''!r} "
                "is not a token: it may hold letters, digits and !#$%&'*+-.^_`|~ only."
            )
        if (
            not isinstance(value, str)
            or re.fullmatch(rf"(?:{_VALUE_START}{_VALUE}*)?", value) is None
        ):
            return InvalidHeader(
                f"The value of the header {name[:40]!r} may not be sent: it must be text or "
                "bytes, of Latin-1 characters, without leading whitespace, line ends and "
                "other control characters."
            )
    return InvalidHeader("A header is not a pair of a name and a value.")


# ---------------------------------------------------------------- answers

_B_TOKEN: Final = _TOKEN.encode("ascii")
_B_VALUE: Final = _VALUE.encode("ascii")
# Possessive, since no part may hold what follows it: a fifth is saved that way.
_STATUS_LINE: Final = rb"HTTP/1\.[0-9] [1-9][0-9]{2}(?: %b*+)?+\r\n" % _B_VALUE
_FIELD_LINE: Final = rb"%b++:%b*+\r\n" % (_B_TOKEN, _B_VALUE)

_head = re.compile(rb"%b(?:%b){0,%d}+\r\n" % (_STATUS_LINE, _FIELD_LINE, MAX_FIELDS)).match
_FIELD_NAME: Final = rb"(%b{1,60})[ \t]*:" % _B_TOKEN
_FOLD: Final = rb"[ \t]%b*\r\n" % _B_VALUE
_FOLDS: Final = rb"\r\n[ \t]+"

# To be used on a head in lower case, whose lines were checked: the fields that frame, and
# two that are asked for with every answer.
_telling = re.compile(
    rb"\r\n(con(?:tent-(?:length|encoding)|nection)|transfer-encoding|set-cookie)"
    rb":[ \t]*+([^\r]*+)"
).findall

_CHUNK_EXTENSION: Final = rb"[ \t]*;%b*" % _B_VALUE
_field_lines = re.compile(r"([^:\r]+):[ \t]*([^\r]*)\r\n").findall
_chunk = re.compile(rb"([0-9a-fA-F]{1,%d})(?:%b)?\r\n" % (MAX_CHUNK_DIGITS, _CHUNK_EXTENSION)).match
_CHUNK_SO_FAR: Final = rb"[0-9a-fA-F]{1,%d}(?:[ \t]*|%b)\r?" % (MAX_CHUNK_DIGITS, _CHUNK_EXTENSION)

# The states.
_HEAD, _LENGTH, _CHUNKED, _TRAILERS, _CLOSE, _DONE = range(6)

# Where a chunked body is, when not so many bytes before the end of a chunk's data.
_AT_END, _AT_SIZE = 0, -1


_cuts_end_bodies = False


def let_cuts_end_bodies(allowed: bool) -> bool:
    """Let a body without a length end where TLS was not ended, and return what was so before.

    Servers that are written in Python close like that.  Only for programs that take it so:
    anyone on the way may have cut the body short.
    """
    global _cuts_end_bodies  # one for the process, as ``import requests`` is
    before, _cuts_end_bodies = _cuts_end_bodies, allowed
    return before


class ResponseHead:
    """The head of a final answer; its fields are split when they are first looked at.

    ``version`` is 10 or 11 (a higher minor version counts as 11: RFC 9110, section
    6.2), ``raw`` the head's bytes with any folds undone.  ``content_length`` and
    ``chunked`` are what the fields say; whether there is a body also depends on
    the method and the status.  ``coded`` and ``sets_cookies`` tell whether there is a
    Content-Encoding and a Set-Cookie.
    """

    content_length: int | None = None
    chunked: bool = False
    coded: bool = False
    sets_cookies: bool = False
    _fields: list[tuple[str, str]] | None = None

    def __init__(self, raw: bytes) -> None:
        """Take over a head that was checked."""
        self.raw: bytes = raw
        self._lower = raw.lower()
        self.status: int = int(raw[9:12])
        self.version: int = 10 if raw[7] == 0x30 else 11

    def read_framing(self) -> bool:
        """Read the fields that frame the body; return whether the connection may persist.

        Sets ``content_length``, ``chunked``, ``coded`` and ``sets_cookies``.  RFC 9112,
        sections 6 and 9.3.
        """
        keep_alive = self.version == 11
        close = False
        coded = False
        said = b""
        for name, value in _telling(self._lower):
            if name == b"content-length":
                digits = value if value.isdigit() else _listed_length(value)
                if len(digits) > MAX_LENGTH_DIGITS or (said and said != digits):
                    raise _bad_length(value)
                said = digits
                self.content_length = int(digits)
            elif name == b"connection":
                if value != b"keep-alive":
                    options = [option.strip(b" \t") for option in value.split(b",")]
                    close = close or b"close" in options
                    keep_alive = keep_alive or b"keep-alive" in options
                else:
                    keep_alive = True
            elif name == b"content-encoding":
                self.coded = True
            elif name == b"set-cookie":
                self.sets_cookies = True
            elif coded or value.rstrip(b" \t") != b"chunked":
                raise ProtocolViolation(
                    "bad_transfer_encoding",
                    "The answer's Transfer-Encoding is not chunked, once, and nothing else: "
                    f"{shown(value)}.",
                )
            else:
                coded = True
        if coded:
            self.chunked = True
            # RFC 9112, sections 6.1 and 6.3: faulty framing, so the connection must end.
            close = close or self.version == 10 or self.content_length is not None
        return keep_alive and not close

    def __repr__(self) -> str:
        return f"<ResponseHead {self.status}>"

    @property
    def reason(self) -> str:
        """The reason phrase, which may be empty and means nothing (RFC 9112, section 4)."""
        return self.raw[13 : self.raw.index(b"\r\n")].decode("latin-1").strip(" \t")

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Names as they were sent and values without surrounding whitespace, in order."""
        fields = self._fields
        if fields is None:
            start = self.raw.index(b"\r\n") + 2
            fields = self._fields = _split(self.raw[start:])
        return fields

    def has(self, name: bytes) -> bool:
        """Tell whether there is a field of this name, which is given in lower case."""
        return b"\r\n" + name + b":" in self._lower

    def get(self, name: bytes) -> str | None:
        """Return a field's value, by its name in lower case; repeats are joined with ``, ``."""
        key = b"\r\n" + name + b":"
        at = self._lower.find(key)
        if at < 0:
            return None
        start = at + len(key)
        end = self.raw.index(b"\r\n", start)
        value = self.raw[start:end].decode("latin-1").strip(" \t")
        while (at := self._lower.find(key, end)) >= 0:
            start = at + len(key)
            end = self.raw.index(b"\r\n", start)
            value += ", " + self.raw[start:end].decode("latin-1").strip(" \t")
        return value


def _listed_length(value: bytes) -> bytes:
    """The digits of a Content-Length that is not just digits: a list of equal ones, or wrong."""
    lengths = {length.strip(b" \t") for length in value.split(b",")}
    digits = lengths.pop()
    if lengths or not digits.isdigit():
        raise _bad_length(value)
    return digits


def _bad_length(value: bytes) -> ProtocolViolation:
    return ProtocolViolation(
        "bad_content_length",
        f"The answer's Content-Length is not one number, or contradicts another: {shown(value)}.",
    )


def _split(section: bytes) -> list[tuple[str, str]]:
    """Split field lines that were checked, and end in a blank line, into names and values."""
    text = section.decode("latin-1")
    fields: list[tuple[str, str]] = _field_lines(text)
    if " \r" in text or "\t\r" in text:
        return [(name, value.rstrip(" \t")) for name, value in fields]
    return fields


class _FieldSection:
    """Reads a head or a trailer section line by line, in whatever pieces it comes.

    Each byte is looked at once, so the work is linear; what is kept is bounded
    by :data:`.MAX_HEAD` and the size of the last piece.
    """

    __slots__ = ("_buffer", "_count", "_folded", "_in_head", "_line", "_seen", "rest")

    def __init__(self, *, in_head: bool) -> None:
        self._in_head = in_head
        self._buffer = bytearray()
        self._line = 0  # where the line being read begins
        self._seen = 0  # how far it was searched for its end
        self._count = 0  # lines before it, folds not counted
        self._folded = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes | None:
        """Return the section when it is whole, and what came after it in ``rest``."""
        buffer = self._buffer
        buffer += data
        while (end := buffer.find(b"\n", self._seen) + 1) > 0:
            self._check_room(end)
            line = bytes(buffer[self._line : end])
            if line == b"\r\n":
                self.rest = bytes(buffer[end:])
                section = bytes(buffer[:end])
                return re.sub(_FOLDS, b" ", section) if self._folded else section
            self._check_line(line)
            self._line = self._seen = end
        self._check_room(len(buffer))
        self._seen = len(buffer)
        return None

    def _check_room(self, end: int) -> None:
        """Check what can be told of a line before its end is there."""
        if self._in_head and self._line == 0 and not b"HTTP/1.".startswith(self._buffer[:7]):
            raise _bad_status_line(self._buffer)
        if end > MAX_HEAD or end - self._line > MAX_LINE:
            raise ProtocolViolation(
                "head_too_large" if self._in_head else "trailer_too_large",
                f"The {self._name} has more than {MAX_HEAD // 1024} KiB, "
                f"or a line of more than {MAX_LINE // 1024} KiB.",
            )

    def _check_line(self, line: bytes) -> None:
        if self._in_head and self._line == 0:
            if re.fullmatch(_STATUS_LINE, line) is None:
                raise _bad_status_line(line)
        elif line[0] in b" \t" and self._count > self._in_head:
            if re.fullmatch(_FOLD, line) is None:
                raise self._bad_field(line)
            self._folded = True
            return
        elif re.fullmatch(_FIELD_LINE, line) is None:
            raise self._bad_field(line)
        elif self._count >= MAX_FIELDS + self._in_head:
            raise ProtocolViolation(
                "too_many_fields", f"The {self._name} has more than {MAX_FIELDS} fields."
            )
        self._count += 1

    def _bad_field(self, line: bytes) -> ProtocolViolation:
        """Say which line is wrong, by its name: the value may be a cookie."""
        name = re.match(_FIELD_NAME, line)
        which = f"the field {shown(name[1])}" if name else "it"
        return ProtocolViolation(
            "bad_field",
            f"Line {self._count + 1} of the {self._name} is not a valid field: {which} has "
            "no proper name and colon, ends in a bare LF, or holds a control character.",
        )

    @property
    def _name(self) -> str:
        return "answer's head" if self._in_head else "trailer section"


def _bad_status_line(line: bytes | bytearray) -> ProtocolViolation:
    lone = line.endswith(b"\n") and not line.endswith(b"\r\n")
    why = ", which ends in CRLF" if lone else ""
    return ProtocolViolation(
        "bad_status_line",
        f"The answer does not begin with an HTTP/1 status line{why}: {shown(line)}.",
    )


class ResponseParser:
    """Reads the answer to one request from bytes that are handed in as they come.

    :param method: the request's: it decides whether the answer has a body.
    :param keep_alive: whether the request left the connection open for another.

    Attributes, all to be read only:

    ``head``
        the final head, once it is whole; ``None`` until then.
    ``complete``
        the answer has ended.
    ``keep_alive``
        true once it is complete, and the connection may carry another request.
        False when the server or its version says so, the body ended with the
        connection, the framing was ambiguous, bytes were left over, or the
        connection is no longer HTTP/1.1's (101, 2xx to CONNECT).
    ``started``
        at least one byte came.
    ``may_continue``
        a ``100 Continue`` came, whatever came after it (RFC 9110, section 10.1.1).
    ``remaining``
        bytes of the body still to come where Content-Length tells, else ``None``.
    ``trailers``
        names and values of the trailer section, once complete.

    Not safe for concurrent use.
    """

    # As the class has them until they are set: most answers set few.
    _state: int = _HEAD
    _section: _FieldSection | None = None
    _persist: bool = False
    _interims: int = 0
    _left: int = 0
    _partial: bytes = b""
    _leftover: bytearray | None = None
    head: ResponseHead | None = None
    complete: bool = False
    keep_alive: bool = False
    started: bool = False
    may_continue: bool = False
    remaining: int | None = None
    _trailers: list[tuple[str, str]] | None = None

    def __init__(self, method: str, *, keep_alive: bool = True) -> None:
        self._method = method
        self._may_persist = keep_alive

    @property
    def trailers(self) -> list[tuple[str, str]]:
        """Names and values of the trailer section."""
        return [] if self._trailers is None else self._trailers

    @property
    def leftover(self) -> bytes:
        """The bytes that came after the end of the answer."""
        return b"" if self._leftover is None else bytes(self._leftover)

    def feed(self, data: bytes) -> bytes:
        """Take in what was received; return the bytes of the body that it brought.

        Chunk framing is removed, content codings are not.  Empty input means
        nothing: the end of the connection is :meth:`feed_eof`.

        :raises ProtocolViolation: the answer is not valid; see its ``code``, and ``given``
            for what of the body came before that.
        """
        if self._state != _HEAD:
            return self._feed_body(data)
        while data:
            self.started = True
            match = _head(data) if self._section is None else None
            if match is not None and (end := match.end()) <= MAX_LINE:
                raw = data[:end]
                data = data[end:]
            else:
                raw, data = self._feed_section(data)
                if not raw:
                    break
            head = ResponseHead(raw)
            status = head.status
            if 100 <= status < 200 and status != 101:
                self._skip_interim(head)
                continue
            return self._begin_body(head, data)
        return b""

    def feed_eof(self, *, cut: bool = False, reset: bool = False) -> None:
        """Take note that the peer closed the connection.

        :param cut: whether TLS was not ended before.  Then anyone on the way may have cut
            the connection, and it is no end of a body (RFC 9112, section 9.8), unless
            :func:`let_cuts_end_bodies` said so.
        :param reset: whether the peer reset the connection, for the words of the error.
        :raises Incomplete: before the end of the answer.
        """
        if self._state == _DONE:
            return
        ended = "reset" if reset else "closed"
        if self._state == _CLOSE:
            if cut and not _cuts_end_bodies:
                raise Incomplete(
                    "incomplete_body",
                    "The connection was cut off without TLS's end, and the body has no length.",
                )
            self._finish(b"")
        elif self._state == _HEAD:
            part = "in the middle of the answer's head" if self.started else "without an answer"
            raise Incomplete(
                "incomplete_head", f"The peer {ended} the connection {part}.", started=self.started
            )
        elif self.head is not None and self.remaining is not None:
            expected = self.head.content_length or 0
            received = expected - self.remaining
            raise Incomplete(
                "incomplete_body",
                f"The peer {ended} the connection after {received} of {expected} "
                "bytes of the body.",
                received=received,
                expected=expected,
            )
        else:
            raise Incomplete(
                "incomplete_body", f"The peer {ended} the connection before the last chunk's end."
            )

    def _feed_section(self, data: bytes) -> tuple[bytes, bytes]:
        """Read a head or trailers by line; return them, or ``b""`` as yet, and what follows."""
        section = self._section
        if section is None:
            section = self._section = _FieldSection(in_head=self._state == _HEAD)
        raw = section.feed(data)
        if raw is None:
            return b"", b""
        self._section = None
        return raw, section.rest

    def _skip_interim(self, head: ResponseHead) -> None:
        head.read_framing()
        self._interims += 1
        if self._interims > MAX_INTERIM:
            raise ProtocolViolation(
                "too_many_interim", f"More than {MAX_INTERIM} interim (1xx) answers came."
            )
        self.may_continue = self.may_continue or head.status == 100

    def _begin_body(self, head: ResponseHead, data: bytes) -> bytes:
        """Choose the framing (RFC 9112, section 6.3) and read what there is of the body."""
        status = head.status
        if status == 101 or (self._method == "CONNECT" and 200 <= status < 300):
            # RFC 9110, section 9.3.6: a tunnel has no body, whatever its fields say.
            head.sets_cookies = head.has(b"set-cookie")
            self.head = head
            self._finish(data)
            return b""
        self._persist = head.read_framing() and self._may_persist
        self.head = head
        if status in {204, 304} or self._method == "HEAD":
            if status == 204 and (head.chunked or head.content_length):
                self._persist = False  # a server that announces a body may well send it
            self._finish(data)
            return b""
        length = head.content_length
        if head.chunked:
            self._state = _CHUNKED
            self._left = _AT_SIZE
        elif length is None:
            self._state = _CLOSE
            self._persist = False
        elif length == len(data):  # as _feed_body would: this is most answers
            self._state = _DONE
            self.remaining = 0
            self.complete = True
            self.keep_alive = self._persist
            return data
        else:
            self._state = _LENGTH
            self.remaining = length
        return self._feed_body(data)

    def _feed_body(self, data: bytes) -> bytes:
        state = self._state
        if state == _LENGTH:
            left = (self.remaining or 0) - len(data)
            if left > 0:
                self.remaining = left
                return data
            self.remaining = 0
            if left == 0:
                self._finish(b"")
                return data
            self._finish(data[left:])
            return data[:left]
        if state == _CHUNKED:
            return self._feed_chunks(data)
        if state == _CLOSE:
            return data
        if state == _TRAILERS:
            self._feed_trailers(data)
        else:
            self._finish(data)
        return b""

    def _finish(self, rest: bytes) -> None:
        """End the answer, or note what came after its end."""
        self.complete = True
        self._state = _DONE
        if rest:
            if self._leftover is None:
                self._leftover = bytearray()
            self._leftover += rest
        self.keep_alive = self._persist and self._leftover is None

    def _feed_chunks(self, data: bytes) -> bytes:
        """Take chunks apart (RFC 9112, section 7.1)."""
        if self._left > len(data):
            self._left -= len(data)
            return data
        if self._partial:
            data = self._partial + data
            self._partial = b""
        pieces = []
        at, size, left = 0, len(data), self._left
        try:
            while at < size:
                if left > 0:
                    piece = data[at : at + left]
                    pieces.append(piece)
                    at += len(piece)
                    left -= len(piece)
                elif left == _AT_END:
                    if data.startswith(b"\r\n", at):
                        at += 2
                        left = _AT_SIZE
                    elif data[at:] == b"\r":
                        break
                    else:
                        raise ProtocolViolation(
                            "bad_chunk_end",
                            f"A chunk is not followed by CRLF but by {shown(data[at : at + 2])}.",
                        )
                else:
                    match = _chunk(data, at)
                    if match is None or match.end() - at > MAX_CHUNK_LINE:
                        _check_chunk_so_far(data[at : at + MAX_CHUNK_LINE + 1])
                        break
                    at = match.end()
                    left = int(match[1], 16)
                    if left == 0:
                        self._state = _TRAILERS
                        self._feed_trailers(data[at:])
                        return b"".join(pieces)
        except ProtocolViolation as exc:
            exc.given = b"".join(pieces)
            raise
        self._left = left
        self._partial = data[at:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _feed_trailers(self, data: bytes) -> None:
        if self._section is None and data.startswith(b"\r\n"):
            self._finish(data[2:])
            return
        raw, data = self._feed_section(data)
        if raw:
            self._trailers = _split(raw)
            self._finish(data)


def _check_chunk_so_far(line: bytes) -> None:
    """Raise unless this, which is not a whole line before a chunk, may become one."""
    if len(line) > MAX_CHUNK_LINE or re.fullmatch(_CHUNK_SO_FAR, line) is None:
        raise ProtocolViolation(
            "bad_chunk_size", f"The line before a chunk is not a size in hex: {shown(line)}."
        )
