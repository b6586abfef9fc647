"""What is wrong with an answer, in terms of HTTP alone.

The transport turns these into the errors that users see: it knows the URL and
whether the head or the body was being read.
"""

from __future__ import annotations

from .limits import MAX_SHOWN


class ProtocolViolation(Exception):
    """The peer sent something that is not HTTP/1.1 as RFC 9112 has it, or too much of it.

    :param code: a short, stable name, such as ``"bad_status_line"``.
    :param message: one sentence; holds at most :data:`.MAX_SHOWN` bytes of the peer's.

    The parser that raised it is of no further use, nor is its connection.
    """

    #: Whether the head was whole already: set by who feeds the parser.
    in_body: bool = False

    #: Bytes of the body that came before the fault, in the same call of the parser.
    given: bytes = b""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code

    def __str__(self) -> str:
        return str(self.args[1])


class Incomplete(ProtocolViolation):
    """The peer closed the connection before the end of its answer.

    ``code`` is ``"incomplete_head"`` or ``"incomplete_body"``.  ``started`` is
    False when not one byte of an answer came.  ``received`` and ``expected``
    count body bytes, where a Content-Length announced them.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        received: int | None = None,
        expected: int | None = None,
        started: bool = True,
    ) -> None:
        super().__init__(code, message)
        self.received = received
        self.expected = expected
        self.started = started


def shown(data: bytes | bytearray) -> str:
    """A peer's bytes as they may stand in a message: escaped and cut short."""
    text = repr(bytes(data[:MAX_SHOWN]))[1:]
    return text if len(data) <= MAX_SHOWN else text + "…"
