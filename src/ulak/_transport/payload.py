"""A request's body on its way out: how it is framed, and whose fault a failure is."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Any, Final

from .. import _bodies
from .._protocol import exchange
from ..exceptions import InvalidBody

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..structures import CaseInsensitiveDict

__all__ = ["CallerError", "Payload", "caller_blocks", "guarded"]


class CallerError(Exception):
    """Code of the caller's failed, such as a body that was read; ``args[0]`` is what it raised."""


class Payload:
    """A request's body, and how it goes out.

    :param length: in bytes; ``None`` sends it in chunks.
    :param position: where it began, to send it again from there.
    :param waits_for_leave: whether the server is asked for leave first (RFC 9110, section
        10.1.1).
    """

    __slots__ = ("body", "length", "position", "waits_for_leave")

    def __init__(
        self, body: Any, length: int | None, position: _bodies.Position, waits_for_leave: bool
    ) -> None:
        self.body: Final = body
        self.length: Final = length
        self.position: Final = position
        self.waits_for_leave: Final = waits_for_leave

    @classmethod
    def of(cls, request: Any, headers: CaseInsensitiveDict[Any]) -> Payload | None:
        """The body of a prepared request, framed as ``headers`` say; ``None`` if it has none.

        :raises InvalidHeader, InvalidBody: when it cannot be framed so, or sent at all.
        """
        body = request.body
        if body is None:
            announced = headers._store
            if "content-length" in announced or "transfer-encoding" in announced:
                exchange.check_bodiless(headers)
            return None
        if isinstance(body, str):
            body = _bodies.encode_text(body)
        elif not (isinstance(body, bytes) or _bodies.is_sendable(body) or _is_awaited(body)):
            raise InvalidBody(f"a body cannot be of type {type(body).__name__}")
        length = exchange.body_length(headers, body)
        return cls(body, length, request._body_position, exchange.waits_for_leave(headers))

    @property
    def goes_with_the_head(self) -> bool:
        """Whether it is short enough to be sent together with the head, and may be."""
        return (
            isinstance(self.body, bytes)
            and len(self.body) <= exchange.JOIN_LIMIT
            and self.length is not None
            and not self.waits_for_leave
        )

    def is_replayable(self) -> bool:
        return _bodies.is_replayable(self.body, self.position)

    def rewind(self) -> None:
        _bodies.rewind(self.body, self.position)


def _is_awaited(body: object) -> bool:
    return isinstance(body, AsyncIterable) or _bodies.is_async_readable(body)


def guarded(body: Any) -> Any:
    """``body`` for a stock pool of urllib3: what fails in the caller's code says so."""
    return body if isinstance(body, bytes | str) else caller_blocks(body, None)


def caller_blocks(body: Any, length: int | None, size: int = _bodies.BLOCK_SIZE) -> Iterator[bytes]:
    """The body's blocks; what fails in the caller's code is a :class:`CallerError`.

    :param length: what was announced; another length fails before it goes wrong.
    """
    blocks = _bodies.blocks(body, size, length=length)
    while True:
        try:
            block = next(blocks)
        except StopIteration:
            return
        except Exception as exc:
            raise CallerError(exc) from exc
        yield block
