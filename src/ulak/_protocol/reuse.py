"""When a request whose connection died may be sent again, unasked.

A server may close an idle connection at any time (RFC 9112, section 9.3.1), so
a request that is sent just then finds it dead.  Sending it again is safe when
the server cannot have acted on it, or when acting twice is the same as acting
once (RFC 9110, section 9.2.2).
"""

from __future__ import annotations

from typing import Final

from .errors import Incomplete

__all__ = ["IDEMPOTENT_METHODS", "may_send_again"]

#: RFC 9110, section 9.2.2, and QUERY of draft-ietf-httpbis-safe-method-w-body.
IDEMPOTENT_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"))


def may_send_again(
    method: str, error: Exception, *, answered: bool, replayable: bool, sent: bool = True
) -> bool:
    """Whether to repeat, once, a request that failed on a reused connection.

    :param error: how it failed.
    :param answered: whether a byte of an answer came.
    :param replayable: whether the body can be sent from its start.
    :param sent: whether anything of the request went out.
    """
    if answered or not replayable or (sent and method not in IDEMPOTENT_METHODS):
        return False
    return isinstance(error, OSError | Incomplete) and not isinstance(error, TimeoutError)
