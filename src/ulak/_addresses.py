"""Which addresses a request may go to, against requests that strangers forge.

:class:`AddressPolicy` is a value that judges addresses, not names: whoever dials
resolves a name once, has the policy look at what it resolved to, and dials what is
left.  The table of what is not public follows the IANA registries of special-purpose
addresses (RFC 6890) and the address blocks that are not allocated for global use.
Knows nothing of sockets, proxies' ways or redirects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .exceptions import AddressDenied, InvalidOption

if TYPE_CHECKING:
    from ._types import Networks

__all__ = ["AddressPolicy"]

_Address: TypeAlias = IPv4Address | IPv6Address
_Network: TypeAlias = IPv4Network | IPv6Network

#: RFC 6052, section 2.1: IPv4 addresses as a NAT64 gateway is asked for them.
_NAT64: Final = IPv6Network("64:ff9b::/96")
#: RFC 4291, section 2.5.5.2.
_IPV4_MAPPED: Final = IPv6Network("::ffff:0:0/96")
#: RFC 4291, section 2.5.5.1; deprecated.
_IPV4_COMPATIBLE: Final = IPv6Network("::/96")
#: RFC 5214, section 6.1: the upper half of an interface's identifier, whose lower half is
#: an IPv4 address; the mask leaves out whether that is unique in the world.
_ISATAP: Final = 0x00005EFE
_ISATAP_MASK: Final = 0xFDFFFFFF


def _table(*rows: tuple[str, str]) -> tuple[tuple[_Network, str], ...]:
    return tuple((ip_network(network), what) for network, what in rows)


#: What is not public, and what it is; the first row that holds an address names it.
_NOT_PUBLIC: Final = _table(
    ("127.0.0.0/8", "loopback"),
    ("169.254.169.254/32", "cloud metadata"),
    ("169.254.0.0/16", "link-local"),
    ("10.0.0.0/8", "private"),
    ("172.16.0.0/12", "private"),
    ("192.168.0.0/16", "private"),
    ("0.0.0.0/8", "unspecified"),
    ("100.100.100.200/32", "cloud metadata"),  # Alibaba
    ("100.64.0.0/10", "shared, RFC 6598"),
    ("168.63.129.16/32", "cloud metadata"),  # Azure, in the midst of public addresses
    ("192.0.0.192/32", "cloud metadata"),  # Oracle
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("192.88.99.0/24", "6to4 relays"),
    ("198.18.0.0/15", "benchmarking"),
    ("224.0.0.0/4", "multicast"),
    ("255.255.255.255/32", "broadcast"),
    ("240.0.0.0/4", "reserved"),
    ("::1/128", "loopback"),
    ("::/128", "unspecified"),
    ("fd00:ec2::254/128", "cloud metadata"),  # Amazon
    ("fd20:ce::254/128", "cloud metadata"),  # Google
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
    ("64:ff9b:1::/48", "local NAT64"),
    ("2001::/32", "Teredo"),
    ("2001::/23", "protocol assignments"),
    ("2001:db8::/32", "documentation"),
    ("3fff::/20", "documentation"),
    ("2002::/16", "6to4"),
)
#: The only block of global unicast addresses that is in use; RFC 4291, section 2.4.
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True, init=False, repr=False)
class AddressPolicy:
    """Which addresses requests may go to; by default those that are public.

    Not public are private, loopback, link-local, shared, multicast, reserved and
    documentation addresses, those of the clouds' metadata services, and IPv6 addresses
    that hold such an IPv4 address (mapped, NAT64, ISATAP) or belong to no network in use (6to4,
    Teredo).  Immutable, hashable; equal ones are interchangeable.

    :param deny: networks or addresses, such as ``"203.0.113.0/24"``, that are denied
        besides; this goes before ``allow``.
    :param allow: networks or addresses that are allowed though they are not public.
    :param ports: the only ports that are allowed; ``None`` for all.
    :raises InvalidOption: when one is none.
    """

    #: In the order of the argument.
    deny: tuple[_Network, ...]
    #: In the order of the argument.
    allow: tuple[_Network, ...]
    ports: frozenset[int] | None

    def __init__(
        self, *, deny: Networks = (), allow: Networks = (), ports: Iterable[int] | None = None
    ) -> None:
        object.__setattr__(self, "deny", _networks("deny", deny))
        object.__setattr__(self, "allow", _networks("allow", allow))
        object.__setattr__(self, "ports", None if ports is None else _ports(ports))

    def __repr__(self) -> str:
        parts = [
            f"{name}={[str(network) for network in networks]}"
            for name, networks in (("deny", self.deny), ("allow", self.allow))
            if networks
        ]
        if self.ports is not None:
            parts.append(f"ports={sorted(self.ports)}")
        return f"AddressPolicy({', '.join(parts)})"

    def objection(self, address: str, port: int | None = None) -> str | None:
        """Why ``address`` is denied, in a few words; ``None`` when it is allowed.

        :param address: an IPv4 or IPv6 address; a zone (``%eth0``) is not looked at.
        :param port: where one counts.
        :raises InvalidOption: when it is no address.
        """
        if port is not None and self.ports is not None and port not in self.ports:
            return f"port {port} is not among the allowed"
        try:
            judged = ip_address(str(address).partition("%")[0])
        except ValueError as exc:
            raise InvalidOption(f"{address!r} is no IP address") from exc
        for form in _forms(judged):
            objection = self._objection(form)
            if objection is not None:
                return objection if str(form) == address else f"{objection}, as {form}"
        return None

    def _objection(self, address: _Address) -> str | None:
        if any(address in network for network in self.deny):
            return "denied"
        if any(address in network for network in self.allow):
            return None
        for network, what in _NOT_PUBLIC:
            if address in network:
                return what
        if address.version == 6 and address not in _GLOBAL_UNICAST and address not in _NAT64:
            return "not allocated"
        return None

    def permitted(self, host: str, port: int, addresses: Sequence[Any]) -> list[Any]:
        """Those of a host's ``addresses`` that may be dialled; the others are left out.

        :param addresses: as :func:`socket.getaddrinfo` lists them.
        :raises AddressDenied: when none may be.
        """
        denied = ""
        allowed = []
        for info in addresses:
            address = str(info[4][0])
            objection = self.objection(address, port)
            if objection is None:
                allowed.append(info)
            elif not denied:
                denied = f"the address policy denies {address} ({objection})"
                if address != host:
                    denied = f"{host} is at {address}; {denied}"
        if denied and not allowed:
            raise AddressDenied(denied)
        return allowed

    def check_peer(self, host: str, peer: Any) -> None:
        """See that a connection for ``host`` is to where it may be.

        :param peer: as :meth:`socket.socket.getpeername` tells it.
        :raises AddressDenied: when it is denied, or no address that can be judged.
        """
        if not isinstance(peer, tuple):  # of a unix socket
            raise AddressDenied(f"{host} was connected to at {peer!r}, which is no address")
        self.permitted(host, peer[1], [(None, None, 0, "", peer)])

    def check_forwarded(self, host: str, port: int) -> None:
        """See that a proxy may be asked for ``host``, to which it connects by itself.

        :param host: an IPv6 address may have brackets.
        :raises AddressDenied: when it is denied; or when it is a name, or an address
            in a spelling that two may read differently, so that the proxy might go
            to another address than was looked at.
        """
        host = host.strip("[]")
        try:
            objection = self.objection(host, port)
        except InvalidOption:
            raise AddressDenied(
                f"the proxy would look up {host} itself, out of the address policy's sight; "
                "use https://, a SOCKS proxy or no proxy for it"
            ) from None
        if objection is not None:
            raise AddressDenied(f"the address policy denies {host} ({objection})")


def _forms(address: _Address) -> list[_Address]:
    """The addresses that a packet to ``address`` may come to; all of them are judged."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:  # the system dials it as IPv4
        return [address.ipv4_mapped]
    forms: list[_Address] = [address]
    low_32_bits = IPv4Address(int(address) & 0xFFFFFFFF)
    compatible = address in _IPV4_COMPATIBLE and int(address) > 1
    isatap = (int(address) >> 32) & _ISATAP_MASK == _ISATAP
    if address in _NAT64 or compatible or isatap:
        forms.append(low_32_bits)
    if address.sixtofour is not None:
        forms.append(address.sixtofour)
    elif address.teredo is not None:
        forms.append(address.teredo[1])
    return forms


def _as_dialled(network: _Network) -> _Network:
    """``network`` as IPv4 where its addresses are IPv4-mapped: they are judged as IPv4."""
    if isinstance(network, IPv6Network) and network.subnet_of(_IPV4_MAPPED):
        lowest = int(network.network_address) & 0xFFFFFFFF
        return IPv4Network((lowest, network.prefixlen - 96))
    return network


def _networks(name: str, given: Any) -> tuple[_Network, ...]:
    """A caller's networks.

    :raises InvalidOption: when one is none.
    """
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise InvalidOption(f"{name}={given!r} should be a list of networks such as '10.0.0.0/8'")
    try:
        return tuple(_as_dialled(ip_network(str(network))) for network in given)
    except ValueError as exc:
        raise InvalidOption(f"{name}= should be a list of networks: {exc}") from exc


def _ports(given: Any) -> frozenset[int]:
    """A caller's ports.

    :raises InvalidOption: when one is none.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidOption(f"ports={given!r} should be a list of port numbers")
    ports = list(given)
    if any(type(port) is not int or not 0 < port < 65536 for port in ports):
        raise InvalidOption(f"ports={given!r} should be a list of port numbers")
    return frozenset(ports)
