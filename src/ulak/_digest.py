"""Digest access authentication (RFC 7616) as functions of values.

:func:`choose` picks the challenge to answer, :func:`authorization` writes the
answer.  Which requests are challenged, how often an answer is tried and what is
remembered is decided in ``auth``.

Field values are the octets of the wire read as Latin-1, coming in and going out.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from .exceptions import InvalidHeader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._headers import Challenge

#: hashlib's names by algorithm, the strongest first.  SHA and SHA-512 are no
#: standard, but servers that requests can talk to have them.
_HASHES: Final = {
    "SHA-512-256": "sha512_256",
    "SHA-512": "sha512",
    "SHA-256": "sha256",
    "SHA": "sha1",
    "MD5": "md5",
}
_STRENGTH: Final = {algorithm: -rank for rank, algorithm in enumerate(_HASHES)}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# What needs no percent-encoding in an extended value (RFC 8187, section 3.2.1).
_ATTR_CHARS: Final = "!#$&+-.^_`|~"


class DigestChallenge(NamedTuple):
    """What a server wants to be answered (RFC 7616, section 3.3).  Immutable."""

    realm: str
    nonce: str
    opaque: str | None
    #: As sent; ``None`` means MD5.
    algorithm: str | None
    #: The qualities of protection that are offered; empty for a server of RFC 2069.
    qop: tuple[str, ...]
    #: Whether the user's name is to be sent as a hash.
    userhash: bool
    #: Whether the server reads names and passwords in UTF-8.
    utf8: bool
    #: Whether only the nonce was wrong.
    stale: bool

    @property
    def family(self) -> str:
        """The algorithm without ``-SESS``, in upper case."""
        name = "MD5" if self.algorithm is None else self.algorithm
        return name.upper().removesuffix("-SESS")

    @property
    def session(self) -> bool:
        """Whether it is one of the ``-sess`` algorithms."""
        return (self.algorithm or "").upper().endswith("-SESS")


class Credentials(NamedTuple):
    """Whose answer it is."""

    username: str | bytes
    password: str | bytes

    def __repr__(self) -> str:
        return "<Credentials>"


class Exchange(NamedTuple):
    """The request that an answer is for, and its place among those with the nonce."""

    method: str
    #: The request's target as on the request line.
    target: str
    #: ``None`` when it is not at hand.
    body: bytes | None
    nonce_count: int
    cnonce: str


def choose(challenges: Iterable[Challenge]) -> DigestChallenge | None:
    """The Digest challenge with the strongest algorithm, the first among equals.

    :returns: ``None`` when none can be answered: no realm or nonce, an unknown
        algorithm, or something that may not be sent back.
    """
    readable = [_read(c.params) for c in challenges if c.scheme.lower() == "digest"]
    usable = [challenge for challenge in readable if challenge is not None]
    return max(usable, key=lambda challenge: _STRENGTH[challenge.family], default=None)


def _read(params: dict[str, str]) -> DigestChallenge | None:
    """The challenge, or ``None`` when it cannot be answered."""
    echoed = [params.get(name) for name in ("realm", "nonce", "opaque", "algorithm")]
    realm, nonce, opaque, algorithm = echoed
    if realm is None or not nonce or any(text and _CONTROL.search(text) for text in echoed):
        return None
    offered = [item.strip().lower() for item in params.get("qop", "").split(",") if item.strip()]
    qop = tuple(item for item in offered if item in ("auth", "auth-int"))
    challenge = DigestChallenge(
        realm,
        nonce,
        opaque,
        algorithm,
        qop,
        _is(params, "userhash", "true"),
        _is(params, "charset", "utf-8"),
        _is(params, "stale", "true"),
    )
    if (offered and not qop) or not _is_supported(challenge.family):
        return None
    return challenge


def _is(params: dict[str, str], name: str, value: str) -> bool:
    return params.get(name, "").lower() == value


@lru_cache(maxsize=16)
def _is_supported(family: str) -> bool:
    """Whether this Python's hashlib has the algorithm (it may lack some, or refuse MD5)."""
    if family not in _HASHES:
        return False
    try:
        _hash(family, b"")
    except ValueError:
        return False
    return True


def _hash(family: str, data: bytes) -> str:
    import hashlib

    return hashlib.new(_HASHES[family], data, usedforsecurity=False).hexdigest()


def authorization(
    challenge: DigestChallenge, credentials: Credentials, exchange: Exchange
) -> str | None:
    """The value of the Authorization field (RFC 7616, section 3.4).

    :returns: ``None`` when the server wants the body protected and it is not at hand.
    :raises InvalidHeader: for a control character in the user's name.
    """
    qop = _choose_qop(challenge, exchange.body)
    if qop is None:
        return None
    fields = [
        *_user_fields(challenge, credentials.username),
        f"realm={_quoted(challenge.realm)}",
        f"nonce={_quoted(challenge.nonce)}",
        f"uri={_quoted(exchange.target)}",
        f'response="{_response(challenge, credentials, exchange, qop)}"',
    ]
    if challenge.opaque is not None:
        fields.append(f"opaque={_quoted(challenge.opaque)}")
    if challenge.algorithm is not None:
        fields.append(f"algorithm={challenge.algorithm}")
    if qop:
        fields += [f"qop={qop}", f"nc={exchange.nonce_count:08x}"]
    if qop or challenge.session:
        fields.append(f"cnonce={_quoted(exchange.cnonce)}")
    return "Digest " + ", ".join(fields)


def is_answerable(challenge: DigestChallenge, body: bytes | None) -> bool:
    """Whether there is an answer: a server may want the body protected, and it is not at hand."""
    return _choose_qop(challenge, body) is not None


def _choose_qop(challenge: DigestChallenge, body: bytes | None) -> str | None:
    """``auth`` before ``auth-int``; empty for RFC 2069; ``None`` when there is no way."""
    if not challenge.qop:
        return ""
    if "auth" in challenge.qop:
        return "auth"
    return "auth-int" if body is not None else None


def _response(
    challenge: DigestChallenge, credentials: Credentials, exchange: Exchange, qop: str
) -> str:
    """The proof that the user knows the password (RFC 7616, section 3.4.1)."""

    def digest(*parts: str | bytes) -> str:
        return _hash(challenge.family, b":".join(_octets(part) for part in parts))

    a1 = digest(_secret(credentials.username), challenge.realm, _secret(credentials.password))
    if challenge.session:
        a1 = digest(a1, challenge.nonce, exchange.cnonce)
    a2 = [exchange.method, exchange.target]
    if qop == "auth-int":
        a2.append(_hash(challenge.family, exchange.body or b""))
    if not qop:
        return digest(a1, challenge.nonce, digest(*a2))
    count = f"{exchange.nonce_count:08x}"
    return digest(a1, challenge.nonce, count, exchange.cnonce, qop, digest(*a2))


def _user_fields(challenge: DigestChallenge, username: str | bytes) -> list[str]:
    """How the user is named (RFC 7616, sections 3.4 and 3.4.4)."""
    octets = _secret(username)
    text = octets.decode("latin-1")
    if _CONTROL.search(text):
        raise InvalidHeader(
            "the user's name for Digest authentication has a control character in it, "
            "perhaps a newline at its end; strip it"
        )
    if challenge.userhash:
        hashed = _hash(challenge.family, octets + b":" + _octets(challenge.realm))
        return [f'username="{hashed}"', "userhash=true"]
    if challenge.utf8 and not text.isascii():
        from urllib.parse import quote

        return [f"username*=UTF-8''{quote(octets, safe=_ATTR_CHARS)}"]
    return [f"username={_quoted(text)}"]


def _quoted(text: str) -> str:
    """A quoted-string (RFC 9110, section 5.6.4)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _secret(value: str | bytes) -> bytes:
    """What the user is called, or knows, in octets: text is UTF-8."""
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def _octets(value: str | bytes) -> bytes:
    """What the server sent, or is sent, in octets."""
    if isinstance(value, bytes):
        return value
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
