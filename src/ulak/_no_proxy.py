"""NO_PROXY: the hosts that are asked without a proxy.

Knows the syntax of the list and when a URL is meant by it, as ``_environment`` tells those
who ask.  Refuses to know where the list comes from.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ._urls import URL, encode_host

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

__all__ = ["NoProxy"]

_SEPARATORS = re.compile(r"[\s,]+")
_ENTRY_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\](/[0-9]+)?(?::([0-9]+))?")


class NoProxy(NamedTuple):
    """A NO_PROXY list, read.  A port of ``None`` means every port."""

    everything: bool
    names: tuple[tuple[str, int | None], ...]
    networks: tuple[tuple[IPv4Network | IPv6Network, int | None], ...]

    @classmethod
    def read(cls, text: str) -> NoProxy:
        """Read a list; entries that make no sense are left out."""
        names: list[tuple[str, int | None]] = []
        networks: list[tuple[IPv4Network | IPv6Network, int | None]] = []
        entries = [entry for entry in _SEPARATORS.split(text.lower()) if entry]
        for entry in entries:
            host, port = _split_entry(entry)
            network = _read_network(host)
            if network is not None:
                networks.append((network, port))
                continue
            name = host.removeprefix("*").strip(".")
            if not name.isascii():
                try:
                    name = encode_host(name)
                except ValueError:
                    continue
            if name:
                names.append((name, port))
        return cls("*" in entries, tuple(names), tuple(networks))

    def exempts(self, url: URL) -> bool:
        """Say whether an entry matches the URL's host and port."""
        if self.everything:
            return True
        host = url.host.removesuffix(".")
        port = url.effective_port
        address = _read_address(host)
        if address is not None:
            return any(
                address in network and wanted in {None, port} for network, wanted in self.networks
            )
        return any(
            (host == name or host.endswith(f".{name}")) and wanted in {None, port}
            for name, wanted in self.names
        )


def _split_entry(entry: str) -> tuple[str, int | None]:
    """Split an entry into host (or CIDR block) and port."""
    match = _ENTRY_IN_BRACKETS.fullmatch(entry)
    if match:
        host, block, digits = match.groups()
        return host + (block or ""), int(digits) if digits else None
    host, colon, digits = entry.partition(":")
    if colon and digits.isascii() and digits.isdigit() and len(digits) <= 5:
        return host, int(digits)
    return entry, None


def _read_network(text: str) -> IPv4Network | IPv6Network | None:
    """Read an address or a CIDR block; an IPv4-mapped one becomes IPv4."""
    from ipaddress import IPv4Network, IPv6Network, ip_network

    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - 96))
    return network


def _read_address(host: str) -> IPv4Address | IPv6Address | None:
    """Read a host that is an address; an IPv4-mapped one becomes IPv4."""
    from ipaddress import IPv4Address, IPv6Address

    try:
        if ":" not in host:
            return IPv4Address(host)
        address = IPv6Address(host.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address
