"""An answer of which all has come with its head, as most have: no connection is behind it.

:class:`Answer` is what such an exchange brings.  What urllib3 has for it, a
:class:`RawResponse` over a file-like reader, costs more than all else that a small answer
does, and few look at it: it is made when somebody does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .body import BodyReader
from .response import RawResponse

if TYPE_CHECKING:
    from .._protocol.h1 import ResponseHead, ResponseParser
    from .clock import Deadline
    from .connection import CodecConnection

__all__ = ["Answer"]


class Answer:
    """A head, and a body as it was sent, still in its content coding."""

    __slots__ = (
        "_body",
        "_is_taken",
        "_parser",
        "_source",
        "_target",
        "deadline",
        "head",
        "retries",
    )

    #: What :attr:`RawResponse.retries` is going to be.
    retries: Any
    #: The request's; taking a coding off keeps to it.
    deadline: Deadline

    def __init__(
        self,
        head: ResponseHead,
        parser: ResponseParser,
        body: bytes,
        source: CodecConnection,
        target: str,
        deadline: Deadline,
    ) -> None:
        """``parser`` has read it, from ``source``, in answer to a request for ``target``."""
        self.head = head
        self.deadline = deadline
        self.retries = None
        self._parser = parser
        self._body = body
        self._is_taken = False
        self._source = source.reference
        self._target = target

    def fits(self, limit: int | None) -> bool:
        """Whether the body needs no decoding, and has at most ``limit`` bytes; ``None`` for any."""
        return not self.head.coded and (limit is None or len(self._body) <= limit)

    def take(self) -> bytes:
        """The body, which counts as read from here on."""
        self._is_taken = True
        return self._body

    def as_raw(self) -> RawResponse:
        """The same as urllib3's class; to be asked for once."""
        source = self._source()
        reader = BodyReader(self._parser, self._body, None, None, None, source=source)
        if self._is_taken:
            reader.read()
        raw = RawResponse(self.head, reader, self._target)
        raw.deadline = self.deadline
        raw.retries = self.retries
        return raw
