"""When a failed request is made again: policy values, no I/O.

The policy itself is urllib3's immutable :class:`~urllib3.util.Retry`; this
module reads a caller's ``retries=`` into one and asks it, in terms of ulak's
errors and responses, whether and when to try again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ._errors import about
from ._root import Message
from ._urls import redact
from .exceptions import (
    ChunkedEncodingError,
    ConnectionError,
    ConnectTimeout,
    InvalidCertificate,
    InvalidOption,
    NameResolutionError,
    PoolTimeout,
    ProxyError,
    RequestException,
    RetryError,
    SessionClosed,
    Timeout,
    TotalTimeout,
)

if TYPE_CHECKING:
    from urllib3.util import Retry

    from ._types import RequestLike, ResponseLike

#: The idempotent methods (RFC 9110, section 9.2.2), and QUERY, which is safe.
RETRIED_METHODS: Final = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PUT", "QUERY", "TRACE"))

#: Seconds that a server may ask for by Retry-After, where ``retries=`` is a number.
LONGEST_PAUSE: Final = 120

__all__ = ["after_error", "after_response", "keeps", "pause", "reads_bodies", "resolve"]


def resolve(value: Any) -> Retry | None:
    """Read a caller's ``retries=``.

    :param value: a number of further attempts, a :class:`urllib3.util.Retry`,
        or ``None``, ``False`` or ``0`` for none.
    :returns: the policy, or ``None`` where there is nothing to retry.
    :raises InvalidOption: for anything else.

    A number means what it means to urllib3: that many further attempts after a
    failed connection, after a broken or missing answer to an idempotent method,
    and after a 413, 429 or 503 that carries a Retry-After.
    """
    if value is None or value is False:
        return None
    from urllib3.util import Retry

    if isinstance(value, Retry):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidOption(f"retries={value!r} should be a whole number from 0 or a urllib3 Retry")
    if not value:
        return None
    return Retry(value, allowed_methods=RETRIED_METHODS, retry_after_max=LONGEST_PAUSE)


def keeps(policy: Retry, status: int) -> bool:
    """Whether a policy of urllib3's own class keeps a response of ``status``, as most are."""
    return status not in policy.status_forcelist and status not in policy.RETRY_AFTER_STATUS_CODES


def after_error(policy: Retry, request: RequestLike, error: RequestException) -> Retry | None:
    """The policy for the next attempt after ``error``, or ``None`` to give up."""
    from urllib3.exceptions import HTTPError

    if isinstance(
        error, SessionClosed | PoolTimeout | TotalTimeout | InvalidCertificate
    ) or not isinstance(error, ConnectionError | Timeout | ChunkedEncodingError):
        return None
    try:
        return policy.increment(request.method, _where(request), error=_as_urllib3(error))
    except HTTPError:
        return None


def _as_urllib3(error: RequestException) -> Exception:
    """The urllib3 error by which a ``Retry`` tells its counters apart."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError

    if isinstance(error, ConnectTimeout):
        return ConnectTimeoutError(str(error))
    never_sent = isinstance(error, NameResolutionError | ProxyError) or isinstance(
        error.__cause__, NewConnectionError
    )
    return ConnectTimeoutError(str(error)) if never_sent else ProtocolError(str(error))


def after_response(policy: Retry, request: RequestLike, response: ResponseLike) -> Retry | None:
    """The policy for the next attempt after ``response``, or ``None`` to keep it.

    :raises RetryError: when the attempts are used up and the policy's
        ``raise_on_status`` is set.
    """
    from urllib3.exceptions import MaxRetryError

    status = response.status_code
    if not policy.is_retry(request.method, status, "retry-after" in response.headers):
        return None
    seen = _as_seen(policy, response)
    try:
        return policy.increment(request.method, _where(request), response=seen)
    except MaxRetryError as exc:
        if not policy.raise_on_status:
            return None
        attempts = len(policy.history) + 1
        said = f"{attempts} attempts, too many {status} error responses: Max retries exceeded"
        raise RetryError(
            Message(f"{about(request)}{said}", exc.reason),
            request=request,
            response=response,
        ) from exc


def _where(request: RequestLike) -> str:
    """The URL as urllib3 may log it and keep it in the policy's history."""
    return redact(request.url or "")


def pause(policy: Retry, response: ResponseLike | None) -> float:
    """Seconds to wait before the next attempt: Retry-After, or else the backoff."""
    from urllib3.exceptions import InvalidHeader

    if response is not None and policy.respect_retry_after_header:
        try:
            wait = policy.get_retry_after(_as_seen(policy, response))
        except (InvalidHeader, ValueError, OverflowError):  # no date that a calendar holds
            wait = None
        if wait:
            return wait
    return policy.get_backoff_time()


def reads_bodies(policy: Retry, request: RequestLike, response: ResponseLike) -> bool:
    """Whether ``policy`` is of the caller's own making, and may judge ``response`` by its body."""
    from urllib3.util import Retry

    if type(policy) is Retry:
        return False
    return policy.is_retry(request.method, response.status_code, "retry-after" in response.headers)


#: What a body is no longer, once it has been read.
_FRAMING: Final = frozenset(("content-encoding", "content-length", "transfer-encoding"))


def _as_seen(policy: Retry, response: ResponseLike) -> Any:
    """``response`` in urllib3's own class.

    A ``Retry`` looks at its status and its pause; a subclass may look at all of it, once
    :func:`reads_bodies` has had the body read.
    """
    from io import BytesIO

    from urllib3.response import HTTPResponse
    from urllib3.util import Retry

    own = type(policy) is not Retry
    left_out = _FRAMING if own else {x.lower() for x in response.headers} - {"retry-after"}
    return HTTPResponse(
        body=BytesIO(response.content if own else b""),
        headers={k: v for k, v in response.headers.items() if k.lower() not in left_out},
        status=response.status_code,
        reason=response.reason,
        preload_content=False,
    )
