"""Carriers of credentials × kinds of hops: what of the first request the second one has.

Every carrier holds the word ``secret``, or what is made of it; :data:`HOPS` says for each
hop whether credentials may travel.  Some carriers never do: they are for one request.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ulak
from tests.policy.host import Host, Said
from ulak._policy.credentials import may_travel
from ulak.auth import AuthBase, FlowAuth, HTTPBasicAuth, HTTPBearerAuth

#: From, to, and whether what was meant for the one may go to the other.
HOPS = {
    "same origin": ("http://a.example/x", "http://a.example/y", True),
    "default port written": ("http://a.example/", "http://a.example:80/", True),
    "default port left out": ("https://a.example:443/", "https://a.example/", True),
    "case of the host": ("http://a.example/", "http://A.Example/", True),
    "case of the scheme": ("http://a.example/", "HTTP://a.example/", True),
    "IDNA": ("http://bücher.example/", "http://xn--bcher-kva.example/", True),
    "IDNA, composed otherwise": ("http://bücher.example/", "http://bu\u0308cher.example/", True),
    "to https, default ports": ("http://a.example/", "https://a.example/", True),
    "to https, both written": ("http://a.example:80/", "https://a.example:443/", True),
    "to https, same other port": ("http://a.example:8080/", "https://a.example:8080/", False),
    "to https on another port": ("http://a.example/", "https://a.example:8443/", False),
    "to https from another port": ("http://a.example:8080/", "https://a.example/", False),
    "to http": ("https://a.example/", "http://a.example/", False),
    "to http on the port of https": ("https://a.example/", "http://a.example:443/", False),
    "other port": ("http://a.example/", "http://a.example:8080/", False),
    "other port of https": ("https://a.example/", "https://a.example:8443/", False),
    "other host": ("http://a.example/", "http://b.example/", False),
    "to https of another host": ("http://a.example/", "https://b.example/", False),
    "subdomain": ("http://a.example/", "http://sub.a.example/", False),
    "parent": ("http://sub.a.example/", "http://a.example/", False),
    "sibling": ("http://a.b.example/", "http://c.b.example/", False),
    "begins alike": ("http://a.example/", "http://a.example.evil.example/", False),
    "ends alike": ("http://a.example/", "http://evila.example/", False),
    "trailing dot": ("http://a.example/", "http://a.example./", False),
    "address": ("http://a.example/", "http://192.0.2.1/", False),
    "other address": ("http://192.0.2.1/", "http://192.0.2.2/", False),
    "other spelling of an address": ("http://127.0.0.1/", "http://127.1/", False),
    "IPv6 address": ("http://[2001:db8::1]/", "http://[2001:db8::2]/", False),
    "a user of that name": ("http://a.example/", "http://a.example@b.example/", False),
}
PAIRS = pytest.mark.parametrize(("old", "new", "travels"), HOPS.values(), ids=HOPS)
BASIC = base64.b64encode(b"user:secret").decode()


class Signed(AuthBase):
    """Signs by a header of the usual name."""

    def __call__(self, r: ulak.PreparedRequest) -> ulak.PreparedRequest:
        r.headers["authorization"] = "Custom secret"
        return r


class Flow(FlowAuth):
    """Signs whatever it is asked to send."""

    def auth_flow(self, request: ulak.PreparedRequest) -> Iterator[Any]:
        signed = request.copy()
        signed.headers["Authorization"] = "Flow secret"
        yield signed


def header(name: str, value: str = "secret") -> Callable[..., dict[str, Any]]:
    return lambda session, url: {"url": url, "headers": {name: value}}


def auth(value: Any) -> Callable[..., dict[str, Any]]:
    return lambda session, url: {"url": url, "auth": value}


def of_the_session(name: str, value: Any) -> Callable[..., dict[str, Any]]:
    def prepare(session: Any, url: str) -> dict[str, Any]:
        setattr(session, name, value)
        return {"url": url}

    return prepare


def header_of_the_session(session: Any, url: str) -> dict[str, Any]:
    session.headers["AUTHORIZATION"] = "Bearer secret"
    return {"url": url}


def userinfo(session: Any, url: str) -> dict[str, Any]:
    return {"url": url.replace("://", "://user:secret@", 1)}


def unbound_cookie(session: Any, url: str) -> dict[str, Any]:
    session.cookies.set("c", "secret")
    return {"url": url}


#: What brings a secret into the first request.
CARRIERS: dict[str, Callable[..., dict[str, Any]]] = {
    "Authorization": header("Authorization", "Bearer secret"),
    "authorization": header("authorization", "Bearer secret"),
    "aUTHORIZATION": header("aUTHORIZATION", "Bearer secret"),
    "session header": header_of_the_session,
    "auth=": auth(("user", "secret")),
    "auth= of the session": of_the_session("auth", ("user", "secret")),
    "Basic": auth(HTTPBasicAuth("user", "secret")),
    "Bearer": auth(HTTPBearerAuth("secret")),
    "Bearer of the session": of_the_session("auth", HTTPBearerAuth(lambda: "secret")),
    "custom auth": auth(Signed()),
    "custom flow": auth(Flow()),
    "custom flow of the session": of_the_session("auth", Flow()),
    "userinfo": userinfo,
    "cookies=": lambda session, url: {"url": url, "cookies": {"c": "secret"}},
    "jar, for no domain": unbound_cookie,
    "Referer": header("Referer", "http://a.example/secret"),
    "referer": header("referer", "http://a.example/secret"),
}

#: Of these each is for the one request that it was written for.
FOR_ONE = {
    "Cookie": header("Cookie", "c=secret"),
    "cookie": header("cookie", "c=secret"),
    "Proxy-Authorization": header("Proxy-Authorization", f"Basic {BASIC}"),
    "proxy-authorization": header("proxy-authorization", f"Basic {BASIC}"),
}


def shows_secret(request: ulak.PreparedRequest) -> bool:
    """Whether a header of the request, as it goes out, has the secret."""
    text = repr(dict(request.headers))
    return "secret" in text or BASIC in text


def redirect(new: str, status: int = 302) -> Said:
    return Said(status, {"Location": new})


@PAIRS
def test_the_one_function(old: str, new: str, travels: bool) -> None:
    assert may_travel(old, new) is travels


@PAIRS
@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_may_travel_travels_and_nothing_else(
    carrier: str, old: str, new: str, travels: bool
) -> None:
    session = Host(redirect(new), Said())
    session.converse(**CARRIERS[carrier](session, old))
    first, second = session.sent
    assert shows_secret(first)
    assert shows_secret(second) is travels


@PAIRS
@pytest.mark.parametrize("carrier", FOR_ONE)
def test_what_is_for_one_request_never_travels(
    carrier: str, old: str, new: str, travels: bool
) -> None:
    session = Host(redirect(new), Said())
    session.converse(**FOR_ONE[carrier](session, old))
    first, second = session.sent
    assert shows_secret(first)
    assert not shows_secret(second)


BACK = [(old, new) for old, new, travels in HOPS.values() if not travels]


@pytest.mark.parametrize(("old", "new"), BACK)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_was_stripped_does_not_come_back(carrier: str, old: str, new: str) -> None:
    session = Host(redirect(new), redirect(old), redirect("/again"), Said())
    session.converse(**CARRIERS[carrier](session, old))
    assert [shows_secret(x) for x in session.sent] == [True, False, False, False]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_whatever_the_status_and_with_a_body(carrier: str, status: int) -> None:
    session = Host(redirect("http://b.example/", status), Said())
    session.converse("PUT", data=b"body", **CARRIERS[carrier](session, "http://a.example/"))
    first, second = session.sent
    assert shows_secret(first)
    assert not shows_secret(second)
    assert (second.body is not None) is (status in (301, 307, 308))


# -- netrc -------------------------------------------------------------------


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def write(text: str) -> None:
        file = tmp_path / "netrc"
        file.write_text(text)
        file.chmod(0o600)
        monkeypatch.setenv("NETRC", str(file))

    return write


@PAIRS
@pytest.mark.parametrize("entry", ["machine {host} login user password secret", "default"])
def test_netrc(netrc: Callable[[str], None], entry: str, old: str, new: str, travels: bool) -> None:
    # The file knows no schemes and ports: what it has for a host is not for all of that.
    host = ulak._urls.parse(old).host
    netrc("default login user password secret" if entry == "default" else entry.format(host=host))
    session = Host(redirect(new), redirect(old), Said())
    session.trust_env = True
    session.converse(url=old)
    back = travels and may_travel(new, old)
    assert [shows_secret(x) for x in session.sent] == [True, travels, back]


def test_netrc_has_credentials_for_a_host_that_a_redirect_leads_to(netrc: Any) -> None:
    netrc("machine b.example login user password secret")
    session = Host(redirect("http://b.example/"), redirect("http://c.example/"), Said())
    session.trust_env = True
    session.converse(url="http://a.example/")
    assert [shows_secret(x) for x in session.sent] == [False, True, False]


def test_but_not_again_for_one_that_the_chain_has_left(netrc: Any) -> None:
    netrc("machine b.example login user password secret")
    chain = ("http://b.example/", "http://c.example/", "http://b.example/", "http://b.example:81/")
    session = Host(*map(redirect, chain), Said())
    session.trust_env = True
    session.converse(url="http://a.example/")
    assert [shows_secret(x) for x in session.sent] == [False, True, False, False, False]


def test_an_explicit_header_beats_netrc(netrc: Any) -> None:
    netrc("machine a.example login user password secret")
    session = Host(redirect("/again"), Said())
    session.trust_env = True
    session.converse(url="http://a.example/", headers={"authorization": "Bearer mine"})
    assert [x.headers["Authorization"] for x in session.sent] == ["Bearer mine"] * 2


# -- Digest ------------------------------------------------------------------


@PAIRS
def test_a_digest_answer_is_for_its_origin_alone(old: str, new: str, travels: bool) -> None:
    challenge = Said(401, {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'})
    session = Host(challenge, redirect(new), challenge, Said())
    auth = ulak.auth.HTTPDigestAuth("user", "secret")
    session.converse(url=old, auth=auth)
    unsigned, signed, *there = session.sent
    assert "Authorization" not in unsigned.headers
    assert signed.headers["Authorization"].startswith("Digest ")
    answered = [x.headers.get("Authorization", "").startswith("Digest ") for x in there]
    if not travels:
        assert answered == [False]  # a challenge there is left as it is
    elif ulak._urls.parse(old).origin == ulak._urls.parse(new).origin:
        assert answered == [True, True]
    else:  # its nonces are another origin's
        assert answered == [False, True]
