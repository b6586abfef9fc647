"""The address policy as a value: what it denies, what it allows, what it says."""

from __future__ import annotations

import pickle
import socket
from typing import Any

import pytest

import ulak
from ulak import AddressPolicy
from ulak.exceptions import AddressDenied, InvalidOption

DENIED = [
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("0.0.0.0", "unspecified"),
    ("0.1.2.3", "unspecified"),
    ("10.0.0.1", "private"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.168.1.1", "private"),
    ("169.254.1.1", "link-local"),
    ("169.254.169.254", "cloud metadata"),
    ("169.254.170.2", "link-local"),
    ("100.64.0.1", "shared"),
    ("100.127.255.255", "shared"),
    ("100.100.100.200", "cloud metadata"),
    ("168.63.129.16", "cloud metadata"),
    ("192.0.0.192", "cloud metadata"),
    ("192.0.0.8", "protocol"),
    ("192.0.2.1", "documentation"),
    ("198.51.100.1", "documentation"),
    ("203.0.113.1", "documentation"),
    ("192.88.99.1", "6to4"),
    ("198.18.0.1", "benchmarking"),
    ("198.19.255.255", "benchmarking"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("fe80::1", "link-local"),
    ("fe80::1%lo", "link-local"),
    ("fec0::1", "site-local"),
    ("fc00::1", "private"),
    ("fd00:ec2::254", "cloud metadata"),
    ("fd20:ce::254", "cloud metadata"),
    ("fdff::1", "private"),
    ("ff02::1", "multicast"),
    ("2001:db8::1", "documentation"),
    ("3fff::1", "documentation"),
    ("2001::1", "Teredo"),
    ("2001:10::1", "protocol"),
    ("2002:7f00:1::", "6to4"),
    ("2002:808:808::", "6to4"),
    ("64:ff9b:1::1", "local NAT64"),
    ("100::1", "not allocated"),
    ("4000::1", "not allocated"),
    ("5f00::1", "not allocated"),
    # IPv4 in IPv6.
    ("::ffff:127.0.0.1", "loopback, as 127.0.0.1"),
    ("::ffff:a9fe:a9fe", "cloud metadata, as 169.254.169.254"),
    ("64:ff9b::10.0.0.1", "private, as 10.0.0.1"),
    ("64:ff9b::a9fe:a9fe", "cloud metadata, as 169.254.169.254"),
    ("::7f00:1", "not allocated"),
]


@pytest.mark.parametrize(("address", "what"), DENIED)
def test_what_is_not_public_is_denied(address: str, what: str) -> None:
    said = AddressPolicy().objection(address)
    assert said is not None
    assert what in said


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "198.17.255.255",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00::1",
        "2001:200::1",
        "2003::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_what_is_public_is_allowed(address: str) -> None:
    assert AddressPolicy().objection(address) is None


def test_the_callers_denial_goes_before_their_allowance_and_that_before_the_table() -> None:
    policy = AddressPolicy(deny=["10.1.0.0/16", "8.8.8.8"], allow=["10.0.0.0/8", "::1"])
    assert policy.objection("10.2.0.1") is None
    assert policy.objection("::ffff:10.2.0.1") is None
    assert policy.objection("64:ff9b::10.2.0.1") is None
    assert policy.objection("::1") is None
    assert policy.objection("10.1.0.1") == "denied"
    assert policy.objection("8.8.8.8") == "denied"
    assert policy.objection("64:ff9b::8.8.8.8") == "denied, as 8.8.8.8"
    assert policy.objection("127.0.0.1") == "loopback"


def test_an_allowance_of_a_form_does_not_allow_what_it_stands_for() -> None:
    policy = AddressPolicy(allow=["2002::/16", "::/96", "2001::/32"])
    assert policy.objection("2002:7f00:1::") == "loopback, as 127.0.0.1"
    assert policy.objection("::7f00:1") == "loopback, as 127.0.0.1"
    assert policy.objection("2001:0:0808:0808::80ff:fffe") == "loopback, as 127.0.0.1"
    assert policy.objection("2002:808:808::") is None


def test_ports() -> None:
    policy = AddressPolicy(ports=[80, 443])
    assert policy.objection("8.8.8.8", 443) is None
    assert policy.objection("8.8.8.8", 25) == "port 25 is not among the allowed"
    assert AddressPolicy().objection("8.8.8.8", 25) is None


def info(address: str) -> Any:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.SOCK_STREAM, 6, "", (address, 443)


def test_of_several_addresses_the_permitted_are_left() -> None:
    addresses = [info(x) for x in ("10.0.0.1", "8.8.8.8", "::1", "2a00::1")]
    left = AddressPolicy().permitted("example.com", 443, addresses)
    assert [x[4][0] for x in left] == ["8.8.8.8", "2a00::1"]


def test_when_none_is_left_the_error_says_which_and_why() -> None:
    with pytest.raises(AddressDenied) as caught:
        AddressPolicy().permitted("evil.example", 443, [info("::1"), info("10.0.0.1")])
    said = "evil.example is at ::1; the address policy denies ::1 (loopback)"
    assert str(caught.value) == said
    assert caught.value.code == "address_denied"
    assert not isinstance(caught.value, ulak.ConnectionError)


def test_no_address_is_no_denial() -> None:
    assert AddressPolicy().permitted("example.com", 443, []) == []


@pytest.mark.parametrize(
    "host",
    ["example.com", "2130706433", "0x7f.1", "0177.0.0.1", "8.8.8.8.", "010.8.8.8", "8.8.2056"],
)
def test_a_forwarding_proxy_is_asked_for_no_name_and_no_odd_spelling(host: str) -> None:
    with pytest.raises(AddressDenied, match="look up"):
        AddressPolicy(allow=["0.0.0.0/0"]).check_forwarded(host, 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:10.0.0.1]"])
def test_nor_for_a_denied_address(host: str) -> None:
    with pytest.raises(AddressDenied, match="denies"):
        AddressPolicy().check_forwarded(host, 80)
    AddressPolicy().check_forwarded("8.8.8.8", 80)
    AddressPolicy().check_forwarded("[2a00::1]", 80)


def test_it_is_a_value() -> None:
    policy = AddressPolicy(deny=["10.0.0.0/8"], allow=["::1"], ports=[443, 80])
    same = AddressPolicy(deny=("10.0.0.0/8",), allow=["::1/128"], ports={80, 443})
    assert policy == same
    assert hash(policy) == hash(same)
    assert policy != AddressPolicy(deny=["10.0.0.0/8"], allow=["::1"])
    again = pickle.loads(pickle.dumps(policy))
    assert again == policy
    assert again.objection("10.0.0.1") == "denied"
    with pytest.raises(AttributeError):
        policy.allow = ()  # type: ignore[misc]  # it is frozen
    said = "AddressPolicy(deny=['10.0.0.0/8'], allow=['::1/128'], ports=[80, 443])"
    assert repr(policy) == said
    assert eval(said) == policy
    assert repr(AddressPolicy()) == "AddressPolicy()"


@pytest.mark.parametrize(
    "settings",
    [
        {"deny": "10.0.0.0/8"},
        {"deny": ["10.0.0.1/8"]},
        {"allow": ["example.com"]},
        {"allow": [None]},
        {"allow": 5},
        {"deny": [10]},  # to ipaddress it is 0.0.0.10, which nobody means
        {"deny": [b"\x0a\0\0\1"]},
        {"ports": [0]},
        {"ports": [[80]]},
        {"ports": [65536]},
        {"ports": ["80"]},
        {"ports": 80},
        {"ports": "80"},
    ],
)
def test_what_is_no_policy(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match=next(iter(settings))):
        AddressPolicy(**settings)


@pytest.mark.parametrize("address", ["example.com", "", "127.1", "10.0.0.0/8", 5, None])
def test_what_is_no_address(address: Any) -> None:
    with pytest.raises(InvalidOption):
        AddressPolicy().objection(address)


@pytest.mark.parametrize(
    ("network", "denied", "allowed"),
    [
        ("::ffff:8.8.8.8", ["8.8.8.8", "::ffff:8.8.8.8"], ["8.8.4.4", "::ffff:8.8.4.4"]),
        ("::ffff:8.8.0.0/112", ["8.8.4.4", "::ffff:8.8.4.4"], ["8.9.0.0"]),
        ("::ffff:0:0/96", ["8.8.8.8", "::ffff:8.8.8.8"], ["2606:4700::1111"]),
    ],
)
def test_an_ipv4_mapped_network_is_the_ipv4_network(network, denied, allowed) -> None:
    policy = AddressPolicy(deny=[network])
    assert [policy.objection(x) is None for x in denied] == [False] * len(denied)
    assert [policy.objection(x) for x in allowed] == [None] * len(allowed)
    private = AddressPolicy(allow=["::ffff:10.0.0.0/104"])
    assert private == AddressPolicy(allow=["10.0.0.0/8"])
    assert private.objection("10.1.2.3") is None


@pytest.mark.parametrize("unique", ["", "200:"])
def test_an_isatap_address_holds_an_ipv4_address(unique: str) -> None:
    prefix = f"2606:4700:1:2:{unique or '0:'}5efe:"
    policy = AddressPolicy()
    assert policy.objection(f"{prefix}10.0.0.1") == "private, as 10.0.0.1"
    assert policy.objection(f"{prefix}169.254.169.254") == "cloud metadata, as 169.254.169.254"
    assert policy.objection(f"{prefix}8.8.8.8") is None
    assert policy.objection("2606:4700:1:2:1:5efe:10.0.0.1") is None
    both = AddressPolicy(allow=["2002::/16"])  # 6to4 as well
    assert both.objection("2002:808:808:1:0:5efe:10.0.0.1") == "private, as 10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "said"),
    [
        (
            ("10.0.0.1", 443),
            "x.example is at 10.0.0.1; the address policy denies 10.0.0.1 (private)",
        ),
        (("fe80::1%eth0", 443, 0, 2), "link-local"),
        (("8.8.8.8", 80), "port 80"),
        ("/run/x.sock", "no address"),
        ("", "no address"),
        (b"\0abstract", "no address"),
    ],
)
def test_what_a_socket_is_connected_to(peer: object, said: str) -> None:
    policy = AddressPolicy(ports=[443])
    with pytest.raises(AddressDenied) as caught:
        policy.check_peer("x.example", peer)
    assert said in str(caught.value)
    policy.check_peer("x.example", ("8.8.8.8", 443))
