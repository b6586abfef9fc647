"""Basic, Bearer, proxy and netrc authentication, and what none of them shows (promise P11)."""

from __future__ import annotations

import base64
import pickle
from pathlib import Path
from typing import Any

import pytest

from ulak.auth import (
    AuthBase,
    FlowAuth,
    HTTPBasicAuth,
    HTTPBearerAuth,
    HTTPDigestAuth,
    HTTPProxyAuth,
    NetrcAuth,
    _basic_auth_str,
)
from ulak.exceptions import InvalidHeader, InvalidOption, RequestException
from ulak.models import PreparedRequest, Request

URL = "https://h.example/p"


def prepared(auth: Any, url: str = URL, **options: Any) -> PreparedRequest:
    return Request("GET", url, auth=auth, **options).prepare()


def decoded(header: str) -> bytes:
    scheme, _, value = header.partition(" ")
    assert scheme == "Basic"
    return base64.b64decode(value, validate=True)


@pytest.mark.parametrize(
    ("user", "password", "octets"),
    [
        ("user", "pass", b"user:pass"),
        ("", "", b":"),
        ("user", "", b"user:"),
        ("user", "p:a:s:s", b"user:p:a:s:s"),
        ("\xe9", "\xe8", b"\xe9:\xe8"),
        ("\u20ac", "pass", b"\xe2\x82\xac:pass"),
        ("\xe9", "\u20ac", b"\xc3\xa9:\xe2\x82\xac"),
        (b"\xff\xfe", b"\x80", b"\xff\xfe:\x80"),
        ("user", "x" * 200, b"user:" + b"x" * 200),
    ],
)
def test_basic(user: str, password: str, octets: bytes) -> None:
    assert decoded(_basic_auth_str(user, password)) == octets
    request = prepared(HTTPBasicAuth(user, password))
    assert decoded(request.headers["Authorization"]) == octets


@pytest.mark.parametrize("user", ["user", "\xe9", b"user"])
def test_basic_as_in_requests(user: Any) -> None:
    theirs = pytest.importorskip("requests.auth")
    for password in ("", "pass", "\xff", b"bytes", "a:b"):
        assert _basic_auth_str(user, password) == theirs._basic_auth_str(user, password)


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\r\nX: y", "\x7f"])
def test_control_characters(bad: str) -> None:
    for user, password in (
        ("us" + bad, "pass"),
        ("user", "pa" + bad),
        (b"us" + bad.encode(), b"p"),
    ):
        with pytest.raises(InvalidHeader) as caught:
            _basic_auth_str(user, password)
        assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("user", ["us:er", b"us:er", ":"])
def test_a_colon_in_the_name(user: Any) -> None:
    with pytest.raises(InvalidOption, match="colon"):
        prepared(HTTPBasicAuth(user, "pass"))


def test_numbers_are_text_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match="int"):
        assert decoded(_basic_auth_str(1, "s3cret")) == b"1:s3cret"  # type: ignore[arg-type]  # a caller may
    with pytest.warns(DeprecationWarning) as caught:
        _basic_auth_str("user", 5309211)  # type: ignore[arg-type]  # a caller may
    assert "5309211" not in str(caught[0].message)


def test_a_proxy_has_its_own_header() -> None:
    request = prepared(HTTPProxyAuth("user", "pass"))
    assert decoded(request.headers["Proxy-Authorization"]) == b"user:pass"
    assert "Authorization" not in request.headers


def test_bearer() -> None:
    assert prepared(HTTPBearerAuth("t0ken")).headers["Authorization"] == "Bearer t0ken"
    tokens = iter(["one", "two"])
    auth = HTTPBearerAuth(lambda: next(tokens))
    assert [prepared(auth).headers["Authorization"] for _ in range(2)] == [
        "Bearer one",
        "Bearer two",
    ]


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("", InvalidHeader),
        ("a b", InvalidHeader),
        ("a\n", InvalidHeader),
        ("a\r\nX: y", InvalidHeader),
        ("\xe9", InvalidHeader),
        (b"bytes", InvalidOption),
        (None, InvalidOption),
        (lambda: None, InvalidOption),
    ],
)
def test_what_is_no_token(token: Any, error: type[RequestException]) -> None:
    with pytest.raises(error):
        prepared(HTTPBearerAuth(token))


def test_a_callback_of_the_callers_fails_as_it_does() -> None:
    def renew() -> str:
        raise LookupError("no more tokens")

    with pytest.raises(LookupError):
        prepared(HTTPBearerAuth(renew))


ALIKE = [HTTPBasicAuth, HTTPProxyAuth, HTTPDigestAuth]


@pytest.mark.parametrize("kind", ALIKE)
def test_equality_as_in_requests(kind: Any) -> None:
    auth = kind("user", "pass")
    assert auth == kind("user", "pass")
    assert not auth != kind("user", "pass")  # noqa: SIM202 - the operator is the point
    assert hash(auth) == hash(kind("user", "pass"))
    assert auth == HTTPBasicAuth("user", "pass")
    assert auth != kind("user", "other")
    assert auth != kind("other", "pass")
    assert auth != "user"
    assert auth != ("user", "pass")


def test_equality_of_tokens() -> None:
    assert HTTPBearerAuth("a") == HTTPBearerAuth("a")
    assert HTTPBearerAuth("a") != HTTPBearerAuth("b")
    assert HTTPBearerAuth("a") != HTTPBasicAuth("a", "a")
    assert len({HTTPBearerAuth("a"), HTTPBearerAuth("a")}) == 1


class Signing(AuthBase):
    """An auth as callers write them."""

    def __init__(self) -> None:
        self.key = "s3cret"

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers["X-Signature"] = "signed"
        return r


@pytest.mark.parametrize(
    "auth",
    [
        *(kind("us3cret", "s3cret") for kind in ALIKE),
        HTTPBearerAuth("s3cret"),
        Signing(),
        FlowAuth(),
    ],
    ids=lambda auth: type(auth).__name__,
)
def test_secrets_are_never_text(auth: AuthBase) -> None:
    for text in (repr(auth), str(auth), f"{auth}", f"{[auth]}"):
        assert "s3cret" not in text
        assert type(auth).__name__ in text
    if type(auth) is not Signing:
        assert "s3cret" not in repr(pickle.loads(pickle.dumps(auth)))


@pytest.mark.parametrize(
    "auth",
    [
        HTTPBasicAuth("s3cret:", "s3cret"),
        HTTPBasicAuth("s3cret\n", "s3cret"),
        HTTPBasicAuth("user", "s3cret\n"),
        HTTPBearerAuth("s3cret\n"),
    ],
)
def test_errors_show_no_secret(auth: AuthBase) -> None:
    with pytest.raises(RequestException) as caught:
        prepared(auth)
    error: BaseException | None = caught.value
    while error is not None:
        assert "s3cret" not in f"{error!r}{error}"
        error = error.__cause__ or error.__context__


def test_an_auth_of_the_callers_own() -> None:
    assert prepared(Signing()).headers["X-Signature"] == "signed"
    with pytest.raises(NotImplementedError, match="AuthBase"):
        AuthBase()(prepared(None))


def test_a_flow_takes_part_in_the_exchange() -> None:
    auth = FlowAuth()
    request = prepared(auth)
    assert request.auth_flow is auth
    assert list(auth.auth_flow(request)) == [request]
    assert not auth.requires_response_body


# -- netrc ---------------------------------------------------------------------


@pytest.fixture
def netrc(tmp_path: Path) -> Path:
    file = tmp_path / "netrc"
    file.write_text(
        "machine h.example login user password pass\n"
        "machine other.example login \xe9 password p:w\n"
        "machine NAMED.example login upper password case\n"
        "default login nobody password none\n"
    )
    return file


@pytest.mark.parametrize(
    ("url", "octets"),
    [
        ("https://h.example/p", b"user:pass"),
        ("https://H.EXAMPLE:8443/p", b"user:pass"),
        ("https://other.example/p", b"\xe9:p:w"),
        ("https://x.h.example/p", b"nobody:none"),
        ("https://named.example/p", b"upper:case"),
    ],
)
def test_netrc(netrc: Path, url: str, octets: bytes) -> None:
    for file in (netrc, str(netrc)):
        assert decoded(prepared(NetrcAuth(file), url).headers["Authorization"]) == octets


def test_an_explicit_header_beats_netrc(netrc: Path) -> None:
    request = prepared(NetrcAuth(netrc), headers={"authorization": "mine"})
    assert request.headers["Authorization"] == "mine"


def test_the_users_netrc(netrc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Authorization" not in prepared(NetrcAuth()).headers
    monkeypatch.setenv("NETRC", str(netrc))
    assert decoded(prepared(NetrcAuth()).headers["Authorization"]) == b"user:pass"


def test_netrc_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="nowhere"):
        NetrcAuth(tmp_path / "nowhere")
    (tmp_path / "bad").write_text("machine h.example login user password\ns3cret s3cret\n")
    with pytest.raises(InvalidOption, match="line") as caught:
        NetrcAuth(tmp_path / "bad")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    (tmp_path / "binary").write_bytes(b"\xff\xfe\0")
    with pytest.raises(InvalidOption):
        NetrcAuth(tmp_path / "binary")
