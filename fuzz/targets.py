"""What is searched, and how input for it is made.

A *case* is bytes: it can lie in a file, be handed to a fuzzer and be run again.  Its first
byte chooses the circumstances (the request's method, the coding), the others are what a
peer sends.  What has to hold is known to :mod:`tests.protocol.examination`.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from tests.protocol.answers import HOSTILE, VALID
from tests.protocol.examination import examine_answer, examine_coding, examine_socks
from tests.protocol.grammar import METHODS, Grammar, Mutator
from ulak._protocol.codings import supported

__all__ = ["TARGETS", "Target"]


class Target(NamedTuple):
    """One part of the protocol code."""

    #: A new case, from a source of randomness.
    make: Callable[[Random], bytes]
    #: See what becomes of a case: a word for the statistics, or an exception.
    examine: Callable[[bytes], str]
    #: Cases to begin with.
    seeds: Callable[[], list[bytes]]


def _random_of(case: bytes) -> Random:
    """What else is random about a case; the case alone decides."""
    return Random(zlib.crc32(case))


# -- answers -----------------------------------------------------------------


def _make_answer(random: Random) -> bytes:
    grammar, mutator = Grammar(random), Mutator(random)
    kind = random.random()
    if kind < 0.5:
        wire = grammar.answer()
    elif kind < 0.75:
        wire = mutator.spoil(grammar.answer(), 3)
    else:
        wire = mutator.any()
    return bytes([random.choice((0, 0, 0, 0, 1, 2))]) + wire


def _examine_answer(case: bytes) -> str:
    method = METHODS[case[0] % len(METHODS)] if case else "GET"
    return examine_answer(case[1:], method, _random_of(case))


def _answers() -> list[bytes]:
    cases = (*VALID, *HOSTILE)
    return [bytes([METHODS.index(x.method)]) + x.data for x in cases if len(x.data) < 400]


# -- content codings ---------------------------------------------------------


def _codings() -> list[str]:
    return [*supported(), "gzip, deflate", "deflate, gzip"]


def _encoders() -> dict[str, Callable[[bytes], bytes]]:
    """The other side, by libraries that the decoders do not use for this or cannot avoid."""
    encoders: dict[str, Callable[[bytes], bytes]] = {
        "gzip": lambda data: gzip.compress(data, mtime=0),
        "deflate": zlib.compress,
        "gzip, deflate": lambda data: zlib.compress(gzip.compress(data, mtime=0)),
        "deflate, gzip": lambda data: gzip.compress(zlib.compress(data), mtime=0),
    }
    modules: Any = {}
    for name in supported()[2:]:
        modules[name] = __import__("brotli" if name == "br" else _zstd_name(), fromlist=["*"])
        encoders[name] = modules[name].compress
    return encoders


def _zstd_name() -> str:
    import sys

    return "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"


def _coded(name: str, data: bytes) -> bytes:
    return bytes([_codings().index(name)]) + _encoders()[name](data)


def _make_coding(random: Random) -> bytes:
    alphabet = random.choice((b"a", b"ab\n", bytes(range(256))))
    data = bytes(random.choices(alphabet, k=random.choice((0, 1, 10, 300, 20_000))))
    case = _coded(random.choice(_codings()), data)
    if random.random() < 0.3:
        case += random.choice((case[1:], b"\0", b"\x1f\x8b", b"rest"))
    if random.random() < 0.6:
        case = case[:1] + Mutator(random).spoil(case[1:], 2)
    return case


def _examine_coding(case: bytes) -> str:
    names = _codings()
    return examine_coding(case[1:], names[case[0] % len(names) if case else 0], _random_of(case))


def _coded_bodies() -> list[bytes]:
    return [_coded(name, data) for name in _codings() for data in (b"", b"a", b"ab" * 5000)]


# -- SOCKS -------------------------------------------------------------------

_REPLIES = (
    b"\x00\x5a\0\0\0\0\0\0",
    b"\x00\x5b\0\0\0\0\0\0",
    b"\x05\x00\x05\x00\x00\x01\0\0\0\0\0\0",
    b"\x05\x02\x01\x00\x05\x00\x00\x03\x03abc\0\0",
    b"\x05\x00\x05\x00\x00\x04" + bytes(18),
    b"\x05\xff",
)


def _make_replies(random: Random) -> bytes:
    replies = random.choice(_REPLIES)
    if random.random() < 0.7:
        replies = Mutator(random).spoil(replies, 2)
    return bytes([random.randrange(256)]) + replies


def _examine_replies(case: bytes) -> str:
    return examine_socks(case[1:], _random_of(case))


def _replies() -> list[bytes]:
    return [bytes([n]) + replies for n in range(4) for replies in _REPLIES]


TARGETS = {
    "answers": Target(_make_answer, _examine_answer, _answers),
    "codings": Target(_make_coding, _examine_coding, _coded_bodies),
    "socks": Target(_make_replies, _examine_replies, _replies),
}
