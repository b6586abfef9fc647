"""Answers that nobody thought of: made by the grammar, nearly by it, and spoiled.

:class:`Grammar` writes answers as RFC 9112 has them, and now and then takes a form that
is not quite right; :class:`Mutator` spoils any bytes.  Both draw from a
:class:`random.Random` and from nothing else: a seed, hypothesis (``st.randoms()``) or
a fuzzer decides what comes out.  They know no parser, and not which answers are valid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from tests.protocol.answers import HOSTILE, VALID

__all__ = ["METHODS", "SEEDS", "SPLINTERS", "Grammar", "Mutator", "cut"]

#: Methods by which an answer may end differently.
METHODS = ("GET", "HEAD", "CONNECT")

#: What is spoiled: the tables of answers that were thought of, where they are short.
SEEDS = [case.data for case in (*VALID, *HOSTILE) if len(case.data) < 400]

#: Pieces of which wrong answers are made.
SPLINTERS = [bytes([byte]) for byte in b"\r\n\0 \t:,;01f5-+_x\x0b\x7f\x80\xff"]
SPLINTERS += [b"\r\n", b"\r\n\r\n", b"\n\n", b"chunked", b"close", b"HTTP/1.0", b"HTTP/1.1 1"]
SPLINTERS += [b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n "]
SPLINTERS += [b"0\r\n\r\n", b"1\r\na\r\n", b"HTTP/1.1 200 OK\r\n"]

_TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz"
_TEXT = bytes(range(0x20, 0x7F)) + b"\t" + bytes(range(0x80, 0x100))
_NAMES = (b"Server", b"X", b"Set-Cookie", b"Content-Type", b"Date", b"Upgrade", b"Trailer")


def cut(random: Random, data: bytes, most: int = 6) -> list[bytes]:
    """``data`` in pieces, some of them perhaps empty."""
    places = sorted(random.randint(0, len(data)) for _ in range(random.randint(0, most)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


class Grammar:
    """Writes one answer after another.

    :param random: decides everything.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._oddness = 0.0

    def answer(self) -> bytes:
        """Interim answers, a head, a body framed in some way, and perhaps a rest."""
        random = self._random
        self._oddness = random.choice((0.0, 0.0, 0.02, 0.08))
        interim = b"".join(self._interim() for _ in range(self._rarely(2)))
        head, body = self._framed()
        rest = random.choice((b"", b"", b"", b"\r\n", b"H", b"HTTP/1.1 200 OK\r\n\r\n"))
        whole = interim + head + body + rest
        if random.random() < 0.05:
            whole = whole[: random.randint(0, len(whole))]
        return whole

    # -- the choices

    def _odd(self, usual: bytes, *odd: bytes) -> bytes:
        """``usual``, or now and then one of ``odd``."""
        return self._random.choice(odd) if self._random.random() < self._oddness else usual

    def _rarely(self, most: int) -> int:
        return self._random.randint(1, most) if self._random.random() < 0.1 else 0

    def _of(self, alphabet: bytes, least: int, most: int) -> bytes:
        count = self._random.randint(least, most)
        return bytes(self._random.choice(alphabet) for _ in range(count))

    def _end(self) -> bytes:
        return self._odd(b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n")

    # -- the head

    def _interim(self) -> bytes:
        status = self._random.choice((b"100", b"102", b"103", b"199"))
        return self._status_line(status) + self._fields(2) + self._end()

    def _status_line(self, status: bytes) -> bytes:
        version = self._odd(
            self._random.choice((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0")),
            *(b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b"HTTP/11", b"HTTP/1.1.", b"ICY"),
        )
        space = self._odd(b" ", b"  ", b"\t", b"")
        number = self._odd(status, b"20", b"2000", b"099", b"2 0", b"+20", b"\xb2\xb2\xb2")
        reason = self._random.choice((b" OK", b" ", b"", b" Not Found", b" \xe7\xa0 x"))
        return version + space + number + self._odd(reason, b"OK", b" a\0", b" a\x1b") + self._end()

    def _fields(self, most: int) -> bytes:
        return b"".join(self._field() for _ in range(self._random.randint(0, most)))

    def _field(self) -> bytes:
        random = self._random
        name = random.choice(_NAMES) if random.random() < 0.7 else self._of(_TOKEN, 1, 8)
        return self._line(name, self._of(_TEXT, 0, 20).strip(b" \t"))

    def _line(self, name: bytes, value: bytes) -> bytes:
        random = self._random
        name = self._odd(name, name + b" ", b" " + name, b"", name + b"\0", b"\xe4", name + b"\t")
        colon = self._odd(b":", b"", b"::", b" :")
        before = random.choice((b" ", b" ", b"", b"\t", b"  "))
        after = random.choice((b"", b"", b"", b" ", b"\t"))
        folds = b"".join(
            b"\r\n" + random.choice((b" ", b"\t", b"  ")) + self._of(_TEXT, 0, 6)
            for _ in range(random.random() < 0.04)
        )
        value = self._odd(value + folds, value + b"\0", value + b"\x7f", value + b"\x0b", b"\r")
        return name + colon + before + value + after + self._end()

    # -- the framing and the body

    def _framed(self) -> tuple[bytes, bytes]:
        """A head, its empty line included, and the body that belongs to it."""
        random = self._random
        status = random.choice((b"200", b"200", b"200", b"200", b"404", b"204", b"304", b"101"))
        lines = [self._field() for _ in range(random.randint(0, 4))]
        body = b""
        for way in random.choices(("length", "chunks", "close"), (5, 5, 1), k=1 + self._rarely(1)):
            line, body = getattr(self, f"_by_{way}")()
            if line:
                lines.append(line)
        if random.random() < 0.3:
            options = (b"close", b"keep-alive", b"Keep-Alive, x", b"x, close", b"upgrade", b"")
            lines.append(self._line(self._cased(b"Connection"), random.choice(options)))
        random.shuffle(lines)
        if status in {b"204", b"304", b"101"} and random.random() < 0.8:
            body = b""
        return self._status_line(status) + b"".join(lines) + self._end(), body

    def _cased(self, name: bytes) -> bytes:
        return self._random.choice((name, name, name.lower(), name.upper()))

    def _by_length(self) -> tuple[bytes, bytes]:
        body = self._of(_TEXT + b"\r\n\0", 0, 30)
        number = b"%d" % len(body)
        odd = (b"", b"+" + number, b"-1", b"0x1", number + b"," + number, number + b", 7")
        odd += (b"0" + number, number + b"_0", b"9" * 19, b"\xb2", number + b" 1", number + b",")
        return self._line(self._cased(b"Content-Length"), self._odd(number, *odd)), body

    def _by_chunks(self) -> tuple[bytes, bytes]:
        odd = (b"gzip", b"gzip, chunked", b"chunked, gzip", b"chunked, chunked", b"identity")
        odd += (b"xchunked", b"chunked;a=b", b'"chunked"', b"", b",chunked", b"chunked,", b"\x0bx")
        coding = self._odd(self._cased(b"chunked"), *odd)
        body = b"".join(
            self._chunk(self._random.randint(1, 20)) for _ in range(self._rarely(3) or 1)
        )
        body += self._size(0) + (self._fields(2) if self._random.random() < 0.2 else b"")
        return self._line(self._cased(b"Transfer-Encoding"), coding), body + self._end()

    def _chunk(self, size: int) -> bytes:
        data = self._of(_TEXT + b"\r\n\0", size, size)
        return self._size(size) + data + self._end()

    def _size(self, size: int) -> bytes:
        digits = self._random.choice((b"%x", b"%X", b"00%x")) % size
        odd = (b"", b"0x" + digits, b"+" + digits, b"-" + digits, digits + b"g", digits + b"_0")
        odd += (digits.zfill(17), b" " + digits, digits + b" ", b"f" * 16, b"f" * 17, b"1" + digits)
        extension = b""
        if self._random.random() < 0.1:
            extension = self._random.choice((b";", b";a", b";a=b", b' ; a="b;c"', b";a=\xff"))
        extension = self._odd(extension, b";\0", b";\r", b";a\n", b"\t;a", b" a")
        return self._odd(digits, *odd) + extension + self._end()

    def _by_close(self) -> tuple[bytes, bytes]:
        return b"", self._of(_TEXT + b"\r\n\0", 0, 30)


class Mutator:
    """Spoils bytes in the ways in which parsers go wrong.

    :param random: decides everything.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._ways: Sequence[Callable[[bytes], bytes]] = (
            self._splinter,
            self._splinter,
            self._splinter,
            self._flip,
            self._drop,
            self._double,
            self._exchange_lines,
            self._cross,
        )

    def spoil(self, wire: bytes, most: int = 4) -> bytes:
        """``wire`` after 1 to ``most`` changes."""
        for _ in range(self._random.randint(1, most)):
            wire = self._random.choice(self._ways)(wire)
        return wire

    def any(self) -> bytes:
        """An answer of the tables, spoiled."""
        return self.spoil(self._random.choice(SEEDS))

    def _part(self, wire: bytes, most: int) -> tuple[int, int]:
        at = self._random.randint(0, len(wire))
        return at, min(len(wire), at + self._random.randint(0, most))

    def _splinter(self, wire: bytes) -> bytes:
        at, end = self._part(wire, 3)
        return wire[:at] + self._random.choice(SPLINTERS) + wire[end:]

    def _flip(self, wire: bytes) -> bytes:
        if not wire:
            return wire
        at = self._random.randrange(len(wire))
        return wire[:at] + bytes([wire[at] ^ 1 << self._random.randrange(8)]) + wire[at + 1 :]

    def _drop(self, wire: bytes) -> bytes:
        at, end = self._part(wire, 12)
        return wire[:at] + wire[end:]

    def _double(self, wire: bytes) -> bytes:
        at, end = self._part(wire, 40)
        return wire[:end] + wire[at:]

    def _exchange_lines(self, wire: bytes) -> bytes:
        lines = wire.split(b"\r\n")
        a, b = (self._random.randrange(len(lines)) for _ in range(2))
        lines[a], lines[b] = lines[b], lines[a]
        return b"\r\n".join(lines)

    def _cross(self, wire: bytes) -> bytes:
        other = self._random.choice(SEEDS)
        return wire[: self._random.randint(0, len(wire))] + other[self._part(other, 0)[0] :]
