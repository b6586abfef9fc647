"""SOCKS for a client: what a proxy is sent for a tunnel, and what its replies mean.

Theory of operation
===================

A :class:`Negotiation` is one request for a tunnel to one place.  All that it may
send is put together, and refused if it cannot be carried, when it is made; what
the proxy says only decides what of it goes out::

    SOCKS4     request ─► reply
    SOCKS5     methods ─► method ─┬───────────────────────┬─► request ─► reply
                                  └─► user, password ─► ok┘

Each version is a generator that is sent the proxy's bytes one at a time, and
yields what to send next, most often nothing.  So a reply cannot be read past its
end, none is kept, and where the network cut it makes no difference.  The two
sides take turns: what comes out of turn, or after the last reply, is an error,
because nobody has used the tunnel yet.

*Sources.*  SOCKS5 is RFC 1928, its user names and passwords are RFC 1929.  SOCKS4
and SOCKS4a have no RFC but two memos by Ying-Da Lee: "SOCKS: A protocol for TCP
proxy across firewalls" and "SOCKS 4A: A Simple Extension to SOCKS 4 Protocol".

*How strict.*  Versions, methods, address types and reserved bytes are what they
must be, or the negotiation fails.  The address that the proxy says it connects
from is skipped.  A user without a password is sent with an empty one, which RFC
1929 does not provide for, and proxies take.

It refuses to know: sockets, deadlines, who resolves names, the proxy's URL.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ..exceptions import InvalidProxyURL, InvalidURL

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Negotiation", "SocksError", "Version"]

Version = Literal[4, 5]
_Script: TypeAlias = "Generator[bytes, int, None]"

#: Most bytes of a name, of a user and of a password: each has a length of one byte.
_MOST: Final = 255
#: What a name may be made of.  With a colon it would be an address gone wrong.
_NAME: Final = re.compile(r"[!-9;-~]+")

#: Authentication methods (RFC 1928, section 3).
_NO_LOGIN, _LOGIN, _NO_METHOD = 0, 2, 0xFF
#: Address types (RFC 1928, section 5), and the lengths of those that have a fixed one.
_IPV4, _BY_NAME, _IPV6 = 1, 3, 4
_LENGTHS: Final = {_IPV4: 4, _IPV6: 16}

#: RFC 1928, section 6.
_REPLIES_5: Final = {
    1: "general failure of the SOCKS server",
    2: "connection not allowed by the ruleset",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}
_GRANTED: Final = 90
#: The memo on SOCKS4.
_REPLIES_4: Final = {
    91: "request rejected or failed",
    92: "rejected: the proxy cannot reach an identd on this machine",
    93: "rejected: identd on this machine names another user",
}


class SocksError(Exception):
    """The proxy refused, hung up, or does not speak SOCKS; the text says which.

    It never holds a user name or a password.
    """


class Negotiation:
    """A client's side of the talk that opens one tunnel.

    Send :attr:`opening`; then give what is received to :meth:`feed`, and send what
    that returns, until :attr:`complete`.

    :param version: 4 or 5.
    :param host: where the tunnel leads: an IPv4 or IPv6 address, without brackets, or
        an ASCII name, which the proxy resolves (in version 4 as SOCKS4a has it).
    :param port: 1 to 65535.
    :param username: empty for none.
    :param password: in version 4, which has no passwords, it is not used.
    :raises InvalidURL: when this version of SOCKS cannot ask for ``host``.
    :raises InvalidProxyURL: when it cannot carry the user name or the password, or
        is the reason why it cannot ask for ``host``.
    """

    __slots__ = ("_script", "complete", "opening")

    def __init__(
        self,
        version: Version,
        host: str,
        port: int,
        *,
        username: bytes = b"",
        password: bytes = b"",
    ) -> None:
        self._script: _Script | None = (
            _talk_4(_request_4(host, port, username))
            if version == 4
            else _talk_5(_request_5(host, port), _login(username, password))
        )
        #: What to send first.
        self.opening: bytes = next(self._script)
        #: Whether the tunnel is open: the next byte on the connection is the caller's.
        self.complete: bool = False

    def feed(self, data: bytes) -> bytes:
        """Take what was received, whatever piece of a reply it is.

        :param data: as :meth:`socket.socket.recv` gives it: ``b""`` is the end of the
            connection.
        :returns: what to send next; ``b""`` for nothing.
        :raises SocksError: when there is to be no tunnel.  The negotiation is of no
            further use then, nor is the connection.
        """
        script, self._script = self._script, None  # and None it stays when this fails
        self.complete = False
        if not data:
            raise SocksError("the proxy closed the connection before the tunnel was open")
        answer = b""
        for byte in data:
            if script is None or answer:
                raise SocksError("the proxy sent more than it was asked for")
            try:
                answer = script.send(byte)
            except StopIteration:
                script = None
        self._script, self.complete = script, script is None
        return answer


def _talk_4(request: bytes) -> _Script:
    """SOCKS4: one request and a reply of eight bytes."""
    _expect(0, (yield request), "SOCKS4")
    code = yield b""
    if code != _GRANTED:
        raise SocksError(_REPLIES_4.get(code, _unknown("reply", code)))
    for _ in range(6):  # a port and an address, of no meaning here
        yield b""


def _talk_5(request: bytes, login: bytes) -> _Script:
    """SOCKS5 (RFC 1928, sections 3 to 6).

    :param login: RFC 1929's message; empty to offer none.
    """
    offered = bytes((_NO_LOGIN, _LOGIN)) if login else bytes((_NO_LOGIN,))
    _expect(5, (yield bytes((5, len(offered))) + offered), "SOCKS5")
    method = yield b""
    if method not in offered:
        raise SocksError(_why_no_method(method, login))
    if method == _LOGIN:
        _expect(1, (yield login), "RFC 1929")
        if (yield b"") != 0:
            raise SocksError("the proxy refused the user name and password")
    _expect(5, (yield request), "SOCKS5")
    code = yield b""
    if code != 0:
        raise SocksError(_REPLIES_5.get(code, _unknown("reply", code)))
    if (yield b"") != 0:
        raise SocksError("the reserved byte of the proxy's reply is not zero")
    kind = yield b""
    length = (yield b"") if kind == _BY_NAME else _LENGTHS.get(kind)
    if length is None:
        raise SocksError(_unknown("address type", kind))
    for _ in range(length + 2):  # the address and the port that the proxy connects from
        yield b""


def _expect(version: int, byte: int, name: str) -> None:
    """Look at the byte that every reply begins with."""
    if byte != version:
        raise SocksError(f"the proxy does not speak {name}: its reply begins with 0x{byte:02x}")


def _why_no_method(method: int, login: bytes) -> str:
    if method != _NO_METHOD and not (method == _LOGIN and not login):
        return _unknown("authentication method", method)
    if login:
        return "the proxy accepts neither the user name and password nor none"
    return "the proxy wants authentication; put user:password@ into its URL"


def _unknown(what: str, code: int) -> str:
    return f"unknown {what} 0x{code:02x}"


def _request_4(host: str, port: int, username: bytes) -> bytes:
    """The request of SOCKS4, or of SOCKS4a where ``host`` is a name."""
    _check_length(username, "user name")
    if b"\0" in username:
        raise InvalidProxyURL("a SOCKS4 user name cannot hold a NUL byte")
    address = _address(host)
    name = b""
    if address is None:
        name = _name(host) + b"\0"
        packed = b"\0\0\0\1"  # says that a name follows, as does any other 0.0.0.x
    elif address.version == 6:
        raise InvalidProxyURL("SOCKS4 knows no IPv6 addresses; use a socks5:// proxy for this host")
    elif 0 < int(address) < 256:
        raise InvalidURL(f"SOCKS4 cannot ask for the address {host}, which stands for a name there")
    else:
        packed = address.packed
    return b"\4\1" + port.to_bytes(2, "big") + packed + username + b"\0" + name


def _request_5(host: str, port: int) -> bytes:
    """The request of SOCKS5 (RFC 1928, sections 4 and 5)."""
    address = _address(host)
    if address is None:
        name = _name(host)
        place = bytes((_BY_NAME, len(name))) + name
    else:
        place = bytes((_IPV4 if address.version == 4 else _IPV6,)) + address.packed
    return b"\5\1\0" + place + port.to_bytes(2, "big")


def _login(username: bytes, password: bytes) -> bytes:
    """The message of RFC 1929, section 2; empty where there is no login."""
    _check_length(username, "user name")
    _check_length(password, "password")
    if not username and password:
        raise InvalidProxyURL("the proxy's URL has a password and no user name; SOCKS5 needs both")
    if not username:
        return b""
    return b"\1" + bytes((len(username),)) + username + bytes((len(password),)) + password


def _check_length(value: bytes, what: str) -> None:
    if len(value) > _MOST:
        raise InvalidProxyURL(f"the proxy's {what} has {len(value)} bytes; SOCKS takes {_MOST}")


def _name(host: str) -> bytes:
    if len(host) > _MOST:
        raise InvalidURL(f"the host name has {len(host)} bytes; SOCKS takes {_MOST}")
    if not _NAME.fullmatch(host):
        raise InvalidURL("the host is neither an address nor an ASCII name, which SOCKS asks for")
    return host.encode("ascii")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """``host`` as an address; ``None`` for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if address.version == 6 and address.scope_id is not None:
        raise InvalidURL("an IPv6 address with a zone means nothing to a proxy; leave the zone out")
    return address
