"""What a request says on the wire besides what the caller asked for.

Host, Accept-Encoding, what a forwarding proxy wants, the framing of a body, the
head of a CONNECT: decided here once, for whatever carries the bytes.  It knows
no sockets, no pools and no URLs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..exceptions import InvalidBody, InvalidHeader
from .h1 import ResponseParser, request_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..structures import CaseInsensitiveDict
    from .h1 import ResponseHead

__all__ = [
    "ANSWER_WAIT",
    "CONTINUE_WAIT",
    "JOIN_LIMIT",
    "METHODS_WITH_BODY",
    "Tunnel",
    "TunnelRefused",
    "TunnelSpoiled",
    "announce_no_body",
    "body_length",
    "check_bodiless",
    "fields_by_proxy",
    "fields_to_origin",
    "keeps_alive",
    "waits_for_leave",
]

#: Up to this size a body goes out in one piece with its head.
JOIN_LIMIT: Final = 64 * 1024
#: How long ``Expect: 100-continue`` waits for leave (RFC 9110, section 10.1.1).
CONTINUE_WAIT: Final = 1.0
#: How long an answer may take that must be on its way, since the server closed.
ANSWER_WAIT: Final = 1.0

#: The methods whose request is expected to have a body (RFC 9110, section 8.6).  A tuple:
#: what is looked for may be anything, as it is checked later.
METHODS_WITH_BODY: Final = ("PATCH", "POST", "PUT")
_NO_BODY: Final = ("Content-Length", "0")


def fields_to_origin(
    headers: CaseInsensitiveDict[Any], host: str, *, tunnelled: bool = False
) -> list[tuple[str, Any]]:
    """The fields of a head, Host first (RFC 9112, section 3.2).

    :param host: the Host field's value, unless the caller gave one.
    :param tunnelled: whether a proxy carries the bytes: what is meant for it must
        not be seen at the tunnel's end.
    """
    given = headers._store  # its keys are in lower case
    fields = [] if "host" in given else [("Host", host)]
    if "accept-encoding" not in given:
        fields.append(("Accept-Encoding", "identity"))
    fields.extend(given.values())
    if tunnelled:
        return [x for x in fields if x[0].lower() != "proxy-authorization"]
    return fields


def fields_by_proxy(
    headers: CaseInsensitiveDict[Any], host: str, for_proxy: Mapping[str, str]
) -> list[tuple[str, Any]]:
    """The fields of a head that a proxy forwards, with those that are for the proxy."""
    fields = fields_to_origin(headers, host)
    return [*fields, *(x for x in for_proxy.items() if x[0] not in headers)]


def is_absolute(target: str) -> bool:
    """Whether a target is a whole URL, as a forwarding proxy is sent one (RFC 9112, section 3.2.2).

    One in origin form may hold a URL, too, in its query.
    """
    return target[:1] != "/" and "://" in target


def announce_no_body(fields: list[tuple[str, Any]], headers: CaseInsensitiveDict[Any]) -> None:
    """Add a Content-Length of 0 to the fields of a request that could have a body and has none.

    RFC 9110, section 8.6.  A request that was prepared has it; one that was changed later may not.

    :param fields: what :func:`fields_to_origin` or :func:`fields_by_proxy` made of ``headers``.
    """
    given = headers._store
    if "content-length" not in given and "transfer-encoding" not in given:
        fields.insert(("host" not in given) + ("accept-encoding" not in given), _NO_BODY)


def body_length(headers: CaseInsensitiveDict[Any], body: object) -> int | None:
    """The length that ``headers`` announce for ``body``; ``None``: it goes in chunks.

    RFC 9112, section 6.

    :raises InvalidHeader: when they say both, or nothing that can be kept to: two
        readers of such a request would see two different ones.
    :raises InvalidBody: when the body has another length; the server would take
        what is over for the next request.
    """
    length, coding = _said(headers, "content-length"), _said(headers, "transfer-encoding")
    if coding is not None:
        if length is not None:
            raise InvalidHeader("a request has a Content-Length or a Transfer-Encoding, not both")
        if coding.rpartition(",")[2].strip().lower() != "chunked":
            raise InvalidHeader("Transfer-Encoding should end in chunked")
        return None
    if length is None:
        return None
    if not (length.isascii() and length.isdigit()):
        raise InvalidHeader("Content-Length should be a number of bytes, in digits")
    announced = int(length)
    if isinstance(body, bytes) and len(body) != announced:
        raise InvalidBody(
            f"Content-Length is {announced} and the body has {len(body)} bytes; "
            "prepare the request again when its body changes"
        )
    return announced


def check_bodiless(headers: CaseInsensitiveDict[Any]) -> None:
    """Let a request without a body announce none.

    :raises InvalidHeader, InvalidBody: when it does: the server would take the next
        request on the connection for it.
    """
    if body_length(headers, b"") is None and "transfer-encoding" in headers:
        raise InvalidBody("the request has a Transfer-Encoding and no body")


def _said(headers: CaseInsensitiveDict[Any], name: str) -> str | None:
    """A field's value as text, by its name in lower case; signing packages make bytes of it."""
    field = headers._store.get(name)
    if field is None or field[1] is None:
        return None
    return field[1].decode("latin-1") if isinstance(field[1], bytes) else str(field[1])


def keeps_alive(headers: CaseInsensitiveDict[Any]) -> bool:
    """Whether the request leaves the connection open for another (RFC 9112, section 9.6)."""
    field = headers._store.get("connection")
    if field is None or field[1] == "keep-alive":
        return True
    options = field[1] if isinstance(field[1], str) else field[1].decode("latin-1")
    return "close" not in [option.strip().lower() for option in options.split(",")]


def waits_for_leave(headers: CaseInsensitiveDict[Any]) -> bool:
    """Whether the server is asked for leave to send the body (RFC 9110, section 10.1.1)."""
    return (_said(headers, "expect") or "").lower() == "100-continue"


class TunnelRefused(Exception):
    """The proxy opens no tunnel; the text says what it answered."""


class TunnelSpoiled(Exception):
    """The tunnel stands, and something has come through it where TLS lets the client begin."""


class Tunnel:
    """Asking a proxy for a tunnel (RFC 9110, section 9.3.6).

    Nothing of what the proxy says is ever taken for an answer of the origin.  Up to the
    blank line that ends a 2xx, what goes wrong is the proxy's; what follows it came through
    the tunnel, whatever fields of framing the answer has, and is TLS's to judge.

    :param host: the origin's, an IPv6 address with or without its brackets.
    :param fields: what the proxy is told besides, such as Proxy-Authorization.
    """

    def __init__(self, host: str, port: int | None, fields: Iterable[tuple[str, str]]) -> None:
        authority = f"{f'[{host}]' if ':' in host and host[0] != '[' else host}:{port}"
        # From Python 3.12 on, http.client has put a Host of its own among them.
        others = (x for x in fields if x[0].lower() != "host")
        #: What is sent.
        self.head = request_head("CONNECT", authority, [("Host", authority), *others])
        #: What takes in the answer.
        self.parser = ResponseParser("CONNECT")

    def check(self) -> None:
        """See that the tunnel is open, once the answer's head is whole.

        :raises TunnelRefused: when it is not.
        :raises TunnelSpoiled: when it is, and cannot be used, because of what came with it.
        """
        head: ResponseHead | None = self.parser.head
        if head is None or not 200 <= head.status < 300:
            said = "no answer" if head is None else f"{head.status} {head.reason}"
            raise TunnelRefused(f"Tunnel connection failed: {said}")
        if self.parser.leftover:
            raise TunnelSpoiled("data came through the tunnel before the handshake began")
