"""The server's side of Digest authentication (RFC 7616)."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Callable

from .messages import Answer, ReceivedRequest

_REALM = "ulak tests"
_HASHES = {"MD5": "md5", "SHA": "sha1", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_PAIR = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


class DigestGate:
    """Challenges and checks; one for a server, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._highest: dict[str, int] = {}

    def check(
        self,
        request: ReceivedRequest,
        user: str,
        password: str,
        *,
        qop: str = "auth",
        algorithm: str = "MD5",
        stale_after: int = 0,
    ) -> Answer | None:
        """``None`` for the right answer to a challenge of ours, or else the 401.

        :param qop: ``auth``, ``auth-int``, ``auth,auth-int``, or ``none``.
        :param stale_after: how many requests a nonce is good for; 0 is any number.
        """
        scheme, _, rest = (request.header("Authorization") or "").partition(" ")
        given = {key.lower(): quoted or bare for key, quoted, bare in _PAIR.findall(rest)}
        stale = False
        if scheme.lower() == "digest" and self._proves(request, given, user, password, algorithm):
            count = int(given.get("nc", "0"), 16)
            stale = bool(stale_after) and count > stale_after
            if not stale and self._fresh(given["nonce"], count):
                return None
        return self._challenge(qop, algorithm, stale)

    def _challenge(self, qop: str, algorithm: str, stale: bool) -> Answer:
        nonce = secrets.token_hex(16)
        with self._lock:
            self._highest[nonce] = 0
        parts = [f'realm="{_REALM}"', f'nonce="{nonce}"', f"algorithm={algorithm}", 'opaque="op"']
        parts += [f'qop="{qop}"'] if qop != "none" else []
        parts += ["stale=true"] if stale else []
        return Answer(b"", 401, [("WWW-Authenticate", "Digest " + ", ".join(parts))])

    def _fresh(self, nonce: str, count: int) -> bool:
        """Whether the nonce is ours and the count one that was not used (``nc``)."""
        with self._lock:
            if nonce not in self._highest or (count and count <= self._highest[nonce]):
                return False
            self._highest[nonce] = count
            return True

    @staticmethod
    def _proves(
        request: ReceivedRequest, given: dict[str, str], user: str, password: str, algorithm: str
    ) -> bool:
        wanted = {"username": user, "realm": _REALM, "opaque": "op", "uri": request.target}
        if any(given.get(key) != value for key, value in wanted.items()) or "nonce" not in given:
            return False
        return secrets.compare_digest(
            given.get("response", ""), _response(request, given, password, algorithm)
        )


def _response(
    request: ReceivedRequest, given: dict[str, str], password: str, algorithm: str
) -> str:
    """What ``response`` must be (RFC 7616, section 3.4.1)."""
    name = algorithm.upper()
    h = _hasher(name.removesuffix("-SESS"))
    nonce, cnonce, qop = given["nonce"], given.get("cnonce", ""), given.get("qop", "")
    a1 = f"{given['username']}:{_REALM}:{password}".encode()
    if name.endswith("-SESS"):
        a1 = f"{h(a1)}:{nonce}:{cnonce}".encode()
    a2 = f"{request.method}:{given['uri']}"
    if qop == "auth-int":
        a2 += f":{h(request.body)}"
    middle = f"{nonce}:{given.get('nc', '')}:{cnonce}:{qop}" if qop else nonce
    return h(f"{h(a1)}:{middle}:{h(a2.encode())}".encode())


def _hasher(name: str) -> Callable[[bytes], str]:
    return lambda data: hashlib.new(_HASHES[name], data).hexdigest()
