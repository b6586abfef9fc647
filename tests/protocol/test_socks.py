"""SOCKS without a socket: what is sent, what the replies mean, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulak._protocol.socks import Negotiation, SocksError
from ulak.exceptions import InvalidProxyURL, InvalidURL

NO_LOGIN, LOGIN = b"\x05\x01\x00", b"\x05\x02\x00\x02"
GRANTED_4 = b"\x00\x5a\x00\x50\x0a\x00\x00\x01"
GRANTED_5 = b"\x05\x00\x00\x01\x0a\x00\x00\x01\x04\x38"
BY_NAME = b"\x05\x00\x00\x03\x05proxy\x04\x38"
BY_IPV6 = b"\x05\x00\x00\x04" + IPv6Address("2001:db8::1").packed + b"\x04\x38"
LONGEST = b"\x05\x00\x00\x03\xff" + b"n" * 255 + b"\x04\x38"


class Talk(NamedTuple):
    """All that a negotiation brought to light."""

    sent: tuple[bytes, ...]
    complete: bool
    error: str


def talk(negotiation: Negotiation, replies: Iterable[Iterable[bytes]]) -> Talk:
    """Give each reply piece by piece."""
    sent = [negotiation.opening]
    try:
        for pieces in replies:
            sent += filter(None, [negotiation.feed(piece) for piece in pieces if piece])
    except SocksError as error:
        assert not negotiation.complete
        return Talk(tuple(sent), False, str(error))
    return Talk(tuple(sent), negotiation.complete, "")


def single_bytes(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def fails(negotiation: Negotiation, *replies: bytes) -> str:
    """What the refusal of the last of ``replies`` says."""
    for reply in replies[:-1]:
        negotiation.feed(reply)
    with pytest.raises(SocksError) as caught:
        negotiation.feed(replies[-1])
    assert not negotiation.complete
    return str(caught.value)


# -- what goes over the wire -------------------------------------------------


def test_socks4() -> None:
    """The memo: VN, CD, DSTPORT, DSTIP, USERID, NULL."""
    negotiation = Negotiation(4, "66.102.7.99", 80, username=b"fred", password=b"not sent")
    assert negotiation.opening == b"\x04\x01\x00\x50\x42\x66\x07\x63fred\x00"
    assert negotiation.feed(GRANTED_4) == b""
    assert negotiation.complete


def test_socks4_without_a_user() -> None:
    assert Negotiation(4, "10.0.0.1", 8080).opening == b"\x04\x01\x1f\x90\x0a\x00\x00\x01\x00"


def test_socks4a() -> None:
    """The memo: an address 0.0.0.x, and the name after the user."""
    negotiation = Negotiation(4, "origin.example", 443, username=b"fred")
    assert negotiation.opening == b"\x04\x01\x01\xbb\x00\x00\x00\x01fred\x00origin.example\x00"


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("192.0.2.7", b"\x01\xc0\x00\x02\x07"),
        ("2001:db8::7", b"\x04" + IPv6Address("2001:db8::7").packed),
        ("::1", b"\x04" + bytes(15) + b"\x01"),
        ("origin.example", b"\x03\x0eorigin.example"),
        ("xn--bcher-kva.example.", b"\x03\x16xn--bcher-kva.example."),
        ("127.1", b"\x03\x05127.1"),
        ("0x7f.0.0.1", b"\x03\x0a0x7f.0.0.1"),
        ("n" * 255, b"\x03\xff" + b"n" * 255),
    ],
)
@pytest.mark.parametrize("reply", [GRANTED_5, BY_NAME, BY_IPV6, LONGEST])
def test_socks5(host: str, place: bytes, reply: bytes) -> None:
    """RFC 1928, sections 3 to 6."""
    negotiation = Negotiation(5, host, 443)
    assert negotiation.opening == NO_LOGIN
    assert negotiation.feed(b"\x05\x00") == b"\x05\x01\x00" + place + b"\x01\xbb"
    assert not negotiation.complete
    assert negotiation.feed(reply) == b""
    assert negotiation.complete


@pytest.mark.parametrize("password", [b"secret", b"", b"p" * 255])
def test_socks5_with_a_login(password: bytes) -> None:
    """RFC 1929, section 2."""
    negotiation = Negotiation(5, "192.0.2.7", 80, username=b"fred", password=password)
    assert negotiation.opening == LOGIN
    login = b"\x01\x04fred" + bytes([len(password)]) + password
    assert negotiation.feed(b"\x05\x02") == login
    assert negotiation.feed(b"\x01\x00") == b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50"
    negotiation.feed(GRANTED_5)
    assert negotiation.complete


def test_a_login_that_the_proxy_does_not_ask_for_is_not_sent() -> None:
    negotiation = Negotiation(5, "192.0.2.7", 80, username=b"fred", password=b"secret")
    assert negotiation.feed(b"\x05\x00") == b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50"


# -- however it is cut -------------------------------------------------------

NAMES = st.from_regex(r"[a-z][a-z0-9\-]{0,20}(\.[a-z]{1,10}){0,3}", fullmatch=True)
V4, V6 = st.ip_addresses(v=4), st.ip_addresses(v=6)
SECRETS = st.binary(min_size=1, max_size=255).filter(lambda x: b"\0" not in x)
PORTS = st.integers(1, 65535)


def as_reply(address: IPv4Address | IPv6Address | bytes, port: int) -> bytes:
    if isinstance(address, bytes):
        place = b"\x03" + bytes([len(address)]) + address
    else:
        place = (b"\x01" if address.version == 4 else b"\x04") + address.packed
    return b"\x05\x00\x00" + place + port.to_bytes(2, "big")


@st.composite
def conversations(draw: st.DrawFn) -> tuple[dict[str, object], list[bytes]]:
    """What a negotiation is made from, and the replies that grant it."""
    version = draw(st.sampled_from([4, 5]))
    hosts = NAMES | V4.filter(lambda x: int(x) > 255).map(str)
    setting = {"version": version, "port": draw(PORTS)}
    if draw(st.booleans()):
        setting["username"], setting["password"] = draw(SECRETS), draw(SECRETS)
    if version == 4:
        return setting | {"host": draw(hosts)}, [
            b"\0\x5a" + draw(st.binary(min_size=6, max_size=6))
        ]
    bound = draw(V4 | V6 | st.binary(max_size=255))
    methods = [b"\x05\x02", b"\x01\x00"] if "username" in setting else [b"\x05\x00"]
    replies = [*methods, as_reply(bound, draw(st.integers(0, 65535)))]
    return setting | {"host": draw(hosts | V6.map(str))}, replies


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@given(conversations(), st.data())
def test_a_tunnel_opens_however_the_replies_are_cut(conversation, data: st.DataObject) -> None:
    setting, replies = conversation
    seen = talk(Negotiation(**setting), [data.draw(cuts(reply)) for reply in replies])
    assert seen.complete
    assert len(seen.sent) == len(replies)
    assert seen == talk(Negotiation(**setting), [[reply] for reply in replies])
    assert seen == talk(Negotiation(**setting), map(single_bytes, replies))


@given(conversations(), st.data())
def test_the_tunnel_is_not_open_before_the_last_byte(conversation, data: st.DataObject) -> None:
    setting, replies = conversation
    last = replies[-1][: data.draw(st.integers(0, len(replies[-1]) - 1))]
    negotiation = Negotiation(**setting)
    assert talk(negotiation, [*([x] for x in replies[:-1]), [last]])[1:] == (False, "")
    assert "closed" in fails(negotiation, b"")


@given(conversations(), st.binary(min_size=1, max_size=5), st.data())
def test_nothing_may_follow_a_reply(conversation, more: bytes, data: st.DataObject) -> None:
    setting, replies = conversation
    at = data.draw(st.integers(0, len(replies) - 1))
    negotiation = Negotiation(**setting)
    for reply in replies[:at]:
        negotiation.feed(reply)
    assert "more than it was asked for" in fails(negotiation, replies[at] + more)


@given(conversations(), st.binary(min_size=1, max_size=5))
def test_nothing_may_follow_the_last_reply_later(conversation, more: bytes) -> None:
    setting, replies = conversation
    negotiation = Negotiation(**setting)
    for reply in replies:
        negotiation.feed(reply)
    assert negotiation.complete
    assert "more than it was asked for" in fails(negotiation, more)


@st.composite
def disturbed(draw: st.DrawFn) -> tuple[dict[str, object], list[bytes]]:
    """A conversation in which one reply has other bytes in it."""
    setting, replies = draw(conversations())
    at = draw(st.integers(0, len(replies) - 1))
    reply = bytearray(replies[at])
    for _ in range(draw(st.integers(1, 3))):
        reply[draw(st.integers(0, min(len(reply), 5) - 1))] = draw(st.integers(0, 255))
    return setting, [*replies[:at], bytes(reply)]


@given(disturbed(), st.data())
def test_a_wrong_reply_is_the_same_error_however_it_is_cut(
    conversation, data: st.DataObject
) -> None:
    setting, replies = conversation

    def outcome(pieces: list[bytes]) -> Talk:
        return talk(Negotiation(**setting), [*([x] for x in replies[:-1]), pieces])

    last = replies[-1]
    assert outcome([last]) == outcome(single_bytes(last)) == outcome(data.draw(cuts(last)))


@given(st.sampled_from([4, 5]), st.lists(st.binary(min_size=1, max_size=300), max_size=5))
def test_whatever_comes_it_is_refused_or_waited_for(version: int, pieces: list[bytes]) -> None:
    negotiation = Negotiation(version, "origin.example", 80, username=b"fred", password=b"secret")
    try:
        for piece in pieces:
            negotiation.feed(piece)
    except SocksError as error:
        assert not negotiation.complete
        assert "fred" not in str(error)
        assert "secret" not in str(error)


# -- refusals ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "general failure"),
        (2, "not allowed"),
        (3, "network unreachable"),
        (4, "host unreachable"),
        (5, "connection refused"),
        (6, "TTL expired"),
        (7, "command not supported"),
        (8, "address type not supported"),
        (9, "unknown reply 0x09"),
        (255, "unknown reply 0xff"),
    ],
)
def test_socks5_says_why_not(code: int, words: str) -> None:
    """Two bytes are enough: a proxy may close after them."""
    assert words in fails(Negotiation(5, "10.0.0.1", 1), b"\x05\x00", bytes((5, code)))


@pytest.mark.parametrize(
    ("code", "words"),
    [(91, "rejected or failed"), (92, "identd"), (93, "another user"), (0, "unknown reply 0x00")],
)
def test_socks4_says_why_not(code: int, words: str) -> None:
    assert words in fails(Negotiation(4, "10.0.0.1", 1), bytes((0, code)))


@pytest.mark.parametrize(
    ("login", "method", "words"),
    [
        (b"", 0xFF, "put user:password@ into its URL"),
        (b"", 2, "put user:password@ into its URL"),
        (b"", 1, "unknown authentication method 0x01"),
        (b"fred", 0xFF, "neither the user name and password nor none"),
        (b"fred", 3, "unknown authentication method 0x03"),
    ],
)
def test_no_method_of_authentication(login: bytes, method: int, words: str) -> None:
    negotiation = Negotiation(5, "10.0.0.1", 1, username=login, password=login)
    assert words in fails(negotiation, bytes((5, method)))


@pytest.mark.parametrize("status", [1, 255])
def test_a_login_that_is_refused(status: int) -> None:
    negotiation = Negotiation(5, "10.0.0.1", 1, username=b"fred", password=b"secret")
    said = fails(negotiation, b"\x05\x02", bytes((1, status)))
    assert "refused the user name and password" in said
    assert "fred" not in said + repr(negotiation)
    assert "secret" not in said + repr(negotiation)


@pytest.mark.parametrize(
    ("version", "replies", "words"),
    [
        pytest.param(4, [b"HTTP/1.1 400 Bad Request\r\n"], "SOCKS4", id="http, 4"),
        pytest.param(5, [b"HTTP/1.1 400 Bad Request\r\n"], "SOCKS5", id="http, 5"),
        pytest.param(4, [b"\x04\x5a"], "SOCKS4", id="a reply of version 4"),
        pytest.param(5, [b"\x04\x00"], "SOCKS5", id="method, version 4"),
        pytest.param(5, [b"\x05\x02", b"\x05\x00"], "RFC 1929", id="login, version 5"),
        pytest.param(5, [b"\x05\x00", b"\x00\x5a"], "SOCKS5", id="reply of SOCKS4"),
        pytest.param(5, [b"\x05\x00", b"\x05\x00\x01"], "reserved", id="reserved byte"),
        pytest.param(5, [b"\x05\x00", b"\x05\x00\x00\x00"], "address type 0x00", id="type 0"),
        pytest.param(5, [b"\x05\x00", b"\x05\x00\x00\x02"], "address type 0x02", id="type 2"),
    ],
)
def test_what_is_not_socks(version: int, replies: list[bytes], words: str) -> None:
    negotiation = Negotiation(version, "10.0.0.1", 1, username=b"fred", password=b"secret")
    assert words in fails(negotiation, *replies)


@pytest.mark.parametrize("version", [4, 5])
def test_the_end_of_the_connection(version: int) -> None:
    assert "closed the connection" in fails(Negotiation(version, "10.0.0.1", 1), b"")


@pytest.mark.parametrize("more", [b"\x05", b"\x05\x00", GRANTED_5])
def test_after_an_error_there_is_no_tunnel(more: bytes) -> None:
    negotiation = Negotiation(5, "10.0.0.1", 1)
    fails(negotiation, b"\x05\x00", b"\x05\x05")
    fails(negotiation, more)


# -- what cannot be asked for ------------------------------------------------


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize(
    "host",
    [
        "",
        "n" * 256,
        "a\0b",
        "a b",
        "a\nb",
        "bücher.example",
        "[::1]",
        "a:b",
        "fe80::1%eth0",
    ],
)
def test_hosts_that_cannot_be_asked_for(version: int, host: str) -> None:
    with pytest.raises(InvalidURL):
        Negotiation(version, host, 80)


def test_socks4_and_ipv6() -> None:
    with pytest.raises(InvalidProxyURL, match="use a socks5://"):
        Negotiation(4, "::1", 80)


@pytest.mark.parametrize("host", ["0.0.0.1", "0.0.0.255"])
def test_an_address_that_says_that_a_name_follows(host: str) -> None:
    with pytest.raises(InvalidURL, match=r"0\.0\.0\."):
        Negotiation(4, host, 80)
    assert Negotiation(5, host, 80)
    assert Negotiation(4, "0.0.0.0", 80)
    assert Negotiation(4, "0.0.1.0", 80)


@pytest.mark.parametrize(
    ("version", "login", "words"),
    [
        (4, (b"u" * 256, b""), "user name has 256 bytes"),
        (4, (b"u\0v", b""), "NUL"),
        (5, (b"u" * 256, b"p"), "user name has 256 bytes"),
        (5, (b"u", b"p" * 256), "password has 256 bytes"),
        (5, (b"", b"p"), "no user name"),
    ],
)
def test_logins_that_cannot_be_carried(version: int, login: tuple[bytes, bytes], words: str):
    with pytest.raises(InvalidProxyURL, match=words) as caught:
        Negotiation(version, "10.0.0.1", 80, username=login[0], password=login[1])
    assert "uu" not in str(caught.value)
    assert "pp" not in str(caught.value)
