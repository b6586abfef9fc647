"""What a server answered, as far as sync and async share it.

Knows the head, and what a body means once it is read: text, JSON, lines.
Refuses to know how it is read: :class:`ulak.Response` and :class:`ulak.AsyncResponse`
each do that in their way.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final, Protocol

from urllib3 import HTTPHeaderDict

from . import _text, _urls
from ._errors import about, translate
from ._headers import Headers, ReceivedHeaders, parse_links
from ._protocol.h1 import ResponseHead
from ._protocol.limits import MAX_LENGTH_DIGITS
from ._root import RequestException, say_total
from ._types import UNSET, JSONLoads, Unset
from .exceptions import (
    BodyTooLarge,
    HTTPError,
    InvalidOption,
    JSONDecodeError,
    StreamConsumedError,
    TotalTimeout,
)
from .structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from .cookies import RequestsCookieJar

__all__ = ["CONTENT_CHUNK_SIZE", "ITER_CHUNK_SIZE", "REDIRECT_STATI", "BaseResponse", "slices"]

#: The statuses whose Location is followed (RFC 9110, section 15.4).
REDIRECT_STATI: Final = (301, 302, 303, 307, 308)
CONTENT_CHUNK_SIZE: Final = 64 * 1024
ITER_CHUNK_SIZE: Final = 512


class WholeAnswer(Protocol):
    """An answer of which all has come; see :class:`._transport.answer.Answer`."""

    head: ResponseHead
    retries: Any

    def fits(self, limit: int | None) -> bool: ...
    def take(self) -> bytes: ...
    def as_raw(self) -> Any: ...


class BaseResponse:
    """The head of an answer, and its body once it is read.

    Attributes: ``status_code``; ``reason``; ``url``; ``request``, the
    :class:`PreparedRequest` that this answers; ``history``, the responses that
    led here; ``raw``, what the adapter reads the body from; ``connection``, the adapter.
    """

    __attrs__: Final = [
        "_content",
        "status_code",
        "url",
        "headers",
        "history",
        "encoding",
        "reason",
        "cookies",
        "elapsed",
        "request",
    ]

    status_code: int = None  # type: ignore[assignment]  # until an adapter sets it, as in requests
    url: str = None  # type: ignore[assignment]  # likewise
    request: Any = None
    connection: Any = None
    history: list[Any]
    _content: Any = False
    _content_consumed: bool = False
    #: Why its body is not to be had, where it was not handed over: see :meth:`_consumed`.
    _lost: str = ""
    #: What ``raw`` is.
    _raw: Any = None
    #: An answer that came whole; ``raw`` is made of it when that is looked at.
    _answer: WholeAnswer | None = None
    _next: Any = None
    _headers: CaseInsensitiveDict[str] | None = None
    _cookies: Any = None
    _encoding: str | Unset | None = UNSET
    _reason: str | Unset | None = UNSET
    _seconds: float = 0.0
    #: What was set in its place.
    _elapsed: Any = UNSET
    _json_loads: JSONLoads | None = None
    #: The seconds of the deadline that reading the body has to keep, if it has one.
    _total: float | None = None
    #: Most bytes of the body, decoded; ``None`` for any number.
    _body_limit: int | None = None
    #: How many were handed over, where there is a limit.
    _body_seen: int = 0

    def __init__(self) -> None:
        self.history = []

    # What the head says.

    @property
    def raw(self) -> Any:
        """What the adapter reads the body from."""
        if self._answer is not None:
            self._raw, self._answer = self._answer.as_raw(), None
        return self._raw

    @raw.setter
    def raw(self, value: Any) -> None:
        self._raw, self._answer = value, None

    def _received_head(self) -> ResponseHead | None:
        """The head that ulak's codec read, where the answer is of its making."""
        if self._answer is not None:
            return self._answer.head
        head = getattr(self._raw, "head", None)
        return head if isinstance(head, ResponseHead) else None

    @property
    def headers(self) -> Headers:
        """The response's headers; names in any case, repeats joined with a comma."""
        if self._headers is None:
            head = self._received_head()
            self._headers = Headers() if head is None else ReceivedHeaders(head)
        return self._headers  # type: ignore[return-value]  # or what an adapter put there

    @headers.setter
    def headers(self, value: CaseInsensitiveDict[str]) -> None:
        self._headers = value

    @property
    def reason(self) -> str:
        """The reason phrase; it means nothing, and may be empty."""
        if self._reason is UNSET:
            answer = self._answer
            self._reason = getattr(self._raw if answer is None else answer.head, "reason", None)
        return self._reason  # type: ignore[return-value]  # None until an adapter set it, as in requests

    @reason.setter
    def reason(self, value: str) -> None:
        self._reason = value

    @property
    def encoding(self) -> str | None:
        """The charset that ``text`` decodes with, from Content-Type; may be set."""
        if self._encoding is UNSET:
            # Of the head as it came: who changes ``headers`` later does not change the body.
            head = self._received_head()
            kind = self.headers.get("content-type") if head is None else head.get(b"content-type")
            return _text.encoding_from_content_type(kind)
        return self._encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        if value is not None and not isinstance(value, str):
            raise InvalidOption(f"encoding={value!r} should be the name of a charset, or None")
        self._encoding = value

    @property
    def cookies(self) -> RequestsCookieJar:
        """The cookies that this response set."""
        if self._cookies is None:
            from .cookies import RequestsCookieJar, store_from_response

            self._cookies = RequestsCookieJar()
            lines = self._set_cookie_lines()
            if lines:
                store_from_response(self._cookies, self.request.url or "", lines)
        return self._cookies  # type: ignore[no-any-return]

    @cookies.setter
    def cookies(self, value: RequestsCookieJar) -> None:
        self._cookies = value

    def _set_cookie_lines(self) -> list[str]:
        """The values of Set-Cookie, each on its own."""
        head = self._received_head()
        if head is not None:
            if not head.sets_cookies:
                return []
            return [value for name, value in head.fields if name.lower() == "set-cookie"]
        headers = getattr(self._raw, "headers", None)
        return headers.getlist("set-cookie") if isinstance(headers, HTTPHeaderDict) else []

    @property
    def elapsed(self) -> timedelta:
        """The time from sending the request to the end of the response's head."""
        if not isinstance(self._elapsed, Unset):
            return self._elapsed  # type: ignore[no-any-return]  # or what somebody put there
        from datetime import timedelta

        return timedelta(seconds=self._seconds)

    @elapsed.setter
    def elapsed(self, value: timedelta) -> None:
        self._elapsed = value

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return not self._is_error()

    def _is_error(self) -> bool:
        return 400 <= (self.status_code or 0) < 600

    @property
    def is_redirect(self) -> bool:
        """Whether this is a redirect that can be followed."""
        return self.status_code in REDIRECT_STATI and "location" in self.headers

    @property
    def is_permanent_redirect(self) -> bool:
        """Whether this is a redirect that says the move is for good."""
        return self.status_code in (301, 308) and "location" in self.headers

    @property
    def next(self) -> Any:
        """The request that follows this redirect, or would if it were followed."""
        return self._next

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The Link header's links, by ``rel`` or else by URL (RFC 8288)."""
        header = self.headers.get("link")
        return {x.get("rel") or x.get("url", ""): x for x in parse_links(header)} if header else {}

    def raise_for_status(self) -> None:
        """Raise when the status is 4xx or 5xx.

        :raises HTTPError: with this response; its message names no password.
        """
        if not self._is_error():
            return
        reason: Any = self.reason
        if isinstance(reason, bytes):
            reason = _text.decode_reason(reason)
        kind = "Client" if self.status_code < 500 else "Server"
        where = _urls.redact(str(self.url))
        raise HTTPError(
            f"{self.status_code} {kind} Error: {reason} for url: {where}", response=self
        )

    # The body, once it is read.

    @property
    @abstractmethod
    def content(self) -> bytes:
        """The whole body, decoded from its Content-Encoding."""

    @abstractmethod
    def _load_at_hand(self) -> bool:
        """Take the body over, if all of it is here and nothing is to be waited for.

        :returns: whether it was.
        """

    def _check_iterable(self, chunk_size: Any) -> None:
        """See that the body can be handed over in pieces of ``chunk_size``.

        :raises StreamConsumedError: when it was already read as a stream.
        """
        if self._content_consumed and isinstance(self._content, bool):
            raise self._consumed()
        if chunk_size is not None and (type(chunk_size) is not int or chunk_size < 1):
            raise InvalidOption(f"chunk_size={chunk_size!r} should be a number of bytes or None")

    def _consumed(self) -> StreamConsumedError:
        """The error for a body that was handed over and not kept, or lost."""
        why = self._lost or (
            "the body was already read as a stream, or given up; keep its pieces, or do not stream"
        )
        return StreamConsumedError(f"{about(self.request)}{why}", response=self)

    # What goes wrong while it is read.

    def _body_error(self, error: Exception) -> RequestException:
        """Ulak's error for ``error``, one of the lower ones, which reading the body met with."""
        ours = translate(error, self.request, self, phase="body")
        self._lost = "reading the body failed, and what came of it was not kept; stream it for that"
        if self._total is not None and isinstance(ours, TotalTimeout):
            say_total(ours, self._total)
        return ours

    # How large the body may be.

    def _check_announced(self) -> None:
        """See that the body is no larger than is allowed, as far as that is known.

        :raises BodyTooLarge: when it does.
        """
        limit = self._body_limit
        if limit is None or self._content is None:
            return
        if self._answer is not None and self._answer.fits(limit):
            return  # all of it is here
        # An adapter, or a hook, may have the body already.
        announced = self._announced_length() if self._content is False else len(self._content)
        if announced is not None and announced > limit:
            raise self._too_large(limit, f"it has {announced} bytes")

    def _announced_length(self) -> int | None:
        """Bytes that are left when the body is decoded, where the head says; else ``None``."""
        headers = self.headers
        length = headers.get("content-length", "").strip()
        without_body = getattr(self.request, "method", None) == "HEAD" or self.status_code in (
            204,
            304,
        )
        if without_body or not (length.isascii() and length.isdigit()):
            return None
        if "transfer-encoding" in headers or "content-encoding" in headers:
            return None
        return int(length[:MAX_LENGTH_DIGITS])

    def _piece_size(self, wanted: int | None) -> int | None:
        """The size of the pieces to read the body in, so that none is far beyond the limit.

        :param wanted: the caller's; where it is the smaller one, or all fits in one
            piece, there is no difference.
        """
        if self._body_limit is None or (wanted is None and self._received_head() is not None):
            return wanted  # ulak's own ``raw`` hands over what is there, never all
        most = self._body_limit + 1
        return most if wanted is None else min(wanted, most)

    def _count(self, piece: Any) -> None:
        """Take note of a piece of the body.

        :raises BodyTooLarge: when there are more bytes than are allowed.
        """
        if self._body_limit is not None:
            self._body_seen += len(piece)
            if self._body_seen > self._body_limit:
                raise self._too_large(self._body_limit, "it has more")

    def _too_large(self, limit: int, what: str) -> BodyTooLarge:
        self._lost = "the body was refused for its size (max_body_size)"
        return BodyTooLarge(
            f"{about(self.request)}the body may have {limit} bytes (max_body_size), and {what}",
            response=self,
        )

    @property
    def apparent_encoding(self) -> str:
        """The charset that the body looks like, by its bytes."""
        return _text.detect(self.content or b"")

    @property
    def text(self) -> str:
        """The body as text, in ``encoding`` or else ``apparent_encoding``."""
        content = self.content
        if not content:
            return ""
        return _text.decode(content, self.encoding or self.apparent_encoding)

    def json(self, **kwargs: Any) -> Any:
        """The body read as JSON (RFC 8259).

        :param kwargs: for :func:`json.loads`, or the session's ``json_loads``.
        :raises JSONDecodeError: when it is not JSON.
        """
        text = self._json_text()
        loads = self._json_loads
        if loads is None:
            import json

            loads = json.loads
        elif not callable(loads):
            raise InvalidOption(f"json_loads={loads!r} should be callable")
        try:
            return loads(text, **kwargs)
        except JSONDecodeError:
            raise
        except (ValueError, RecursionError) as exc:
            message = getattr(exc, "msg", None) or str(exc) or type(exc).__name__
            raise JSONDecodeError(
                message,
                getattr(exc, "doc", None) or text,
                getattr(exc, "pos", 0),
                where=self._not_json(),
                response=self,
            ) from exc

    def _not_json(self) -> str:
        """What an error says of a body that is not JSON: whose, and what it claims to be."""
        kind = str(self.headers.get("content-type", "no Content-Type"))[:100]
        what = "is not JSON" if self.content else "is empty"
        return f"{about(self.request)}the body of the answer ({self.status_code}, {kind}) {what}: "

    def _json_text(self) -> str:
        """The body as text; JSON without a charset is UTF-8, -16 or -32."""
        content = self.content or b""
        encoding = self.encoding
        if encoding is None and len(content) > 3:
            encoding = _text.guess_json_utf(content)
        if encoding is None:
            return self.text
        return _text.decode_strictly(content, encoding) or self.text

    # What Python asks of an object.

    def __bool__(self) -> bool:
        """``ok``: whether the status is below 400."""
        return self.ok

    __nonzero__ = __bool__

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"

    def _for_a_pickle(self) -> BaseResponse:
        """What of this the pickle of an error holds: all but a body that is not to be had."""
        try:
            self.__getstate__()
        except RequestException:
            bare = type(self).__new__(type(self))
            bare.__setstate__({name: getattr(self, name, None) for name in self.__attrs__})
            return bare
        return self

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._content_consumed = True
        self.raw = None


def slices(content: bytes | None, size: int | None) -> Iterator[bytes]:
    """``content`` in pieces of ``size``."""
    content = content or b""
    step = len(content) if size is None else size
    return (content[i : i + step] for i in range(0, len(content), step or 1))
