"""Digest authentication: RFC 7616's vectors, its flow, and hostile challenges (promises P2, P4)."""

from __future__ import annotations

import copy
import hashlib
import io
import pickle
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulak import _digest
from ulak._headers import Headers, parse_challenges
from ulak.auth import HTTPDigestAuth
from ulak.exceptions import InvalidHeader, UnrewindableBodyError
from ulak.models import PreparedRequest, Request, Response
from ulak.structures import CaseInsensitiveDict

URL = "http://h.example/dir/index.html?a=1"


def fields_of(header: str) -> dict[str, str]:
    """The parameters of an Authorization field, read independently of ulak."""
    assert header.startswith("Digest ")
    found = re.findall(r'([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', header[7:])
    return {name: re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in found}


def answer_to(
    challenge: str,
    user: str | bytes = "Mufasa",
    password: str | bytes = "Circle of Life",
    **exchange: Any,
) -> str | None:
    chosen = _digest.choose(parse_challenges([challenge]))
    if chosen is None:
        return None
    settings = {"method": "GET", "target": "/dir/index.html", "body": b"", "nonce_count": 1}
    return _digest.authorization(
        chosen,
        _digest.Credentials(user, password),
        _digest.Exchange(**{**settings, "cnonce": "c0c0", **exchange}),
    )


# -- vectors -------------------------------------------------------------------

RFC7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_section_3_9_1(algorithm: str, response: str) -> None:
    header = answer_to(
        RFC7616.format(algorithm), cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    )
    assert header is not None
    assert fields_of(header) == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
        "response": response,
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }


def test_rfc_7616_section_3_9_2_with_its_erratum() -> None:
    """The RFC's own hashes are not of SHA-512/256; erratum 4897 has the right ones."""
    header = answer_to(
        'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
        'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
        'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true',
        "J\xe4s\xf8n Doe",
        "Secret, or not?",
        target="/doe.json",
        cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    )
    assert header is not None
    fields = fields_of(header)
    assert fields["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    assert fields["response"] == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    assert fields["userhash"] == "true"


def test_rfc_2617_section_3_5() -> None:
    header = answer_to(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
        password="Circle Of Life",
        cnonce="0a4f113b",
    )
    assert header is not None
    assert fields_of(header)["response"] == "6629fae49393a05397450978507c4ef1"
    assert "algorithm" not in fields_of(header)


def test_rfc_2069() -> None:
    """Section 2.4, with the response of its errata."""
    header = answer_to(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"',
        password="CircleOfLife",
    )
    assert header is not None
    assert fields_of(header)["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert {"qop", "nc", "cnonce"}.isdisjoint(fields_of(header))


_NAMES = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA-256": "sha256",
    "SHA-512": "sha512",
    "SHA-512-256": "sha512_256",
}


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("session", [False, True])
@pytest.mark.parametrize("qop", ["auth", "auth-int", ""])
def test_every_algorithm(name: str, session: bool, qop: str) -> None:
    def h(text: str) -> str:
        return hashlib.new(_NAMES[name], text.encode()).hexdigest()

    algorithm = name.lower() + ("-sess" if session else "")
    challenge = f'Digest realm="r", nonce="n", algorithm={algorithm}'
    header = answer_to(challenge + (f', qop="{qop}"' if qop else ""), method="PUT", body=b"body")
    assert header is not None
    a1 = h("Mufasa:r:Circle of Life")
    a1 = h(f"{a1}:n:c0c0") if session else a1
    a2 = h("PUT:/dir/index.html" + (":" + h("body") if qop == "auth-int" else ""))
    middle = f"n:00000001:c0c0:{qop}" if qop else "n"
    fields = fields_of(header)
    assert fields["response"] == h(f"{a1}:{middle}:{a2}")
    assert fields.get("qop", "") == qop
    assert fields["algorithm"] == algorithm
    assert ("cnonce" in fields) == bool(qop or session)


# -- which challenge -----------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "nonce"),
    [
        (['Basic realm="b"', 'Digest realm="r", nonce="md5"'], "md5"),
        (['Digest realm="r", nonce="md5", Basic realm="b"'], "md5"),
        (['Basic realm="Digest ", Digest realm="r", nonce="md5"'], "md5"),
        (['DIGEST realm="r", nonce="md5"'], "md5"),
        (
            ['Digest realm="r", nonce="md5"', 'Digest realm="r", nonce="s", algorithm=SHA-256'],
            "s",
        ),
        (
            [
                'Digest realm="r", nonce="s5", algorithm=sha-512-256, '
                'Digest realm="r", nonce="s", algorithm=SHA-256'
            ],
            "s5",
        ),
        (
            ['Digest realm="r", nonce="x", algorithm=SHA3', 'Digest realm="r", nonce="md5"'],
            "md5",
        ),
        (
            ['Digest realm="1", nonce="one"', 'Digest realm="2", nonce="two", algorithm=MD5'],
            "one",
        ),
        (['Digest nonce="x"', 'Digest realm="r", nonce="md5", qop="auth"'], "md5"),
        (['Digest realm="", nonce="md5"'], "md5"),
        (["Digest realm=r, nonce=md5"], "md5"),
    ],
)
def test_the_strongest_that_can_be_answered(values: list[str], nonce: str) -> None:
    chosen = _digest.choose(parse_challenges(values))
    assert chosen is not None
    assert chosen.nonce == nonce


UNANSWERABLE = [
    "Digest",
    "Digest ",
    'Digest realm="r"',
    'Digest nonce="n"',
    'Digest realm="r", nonce=""',
    'Digest realm="r", nonce="n", algorithm=SHA3-256',
    'Digest realm="r", nonce="n", algorithm=',
    'Digest realm="r", nonce="n", algorithm="MD5\x01"',
    'Digest realm="r", nonce="n", algorithm=-sess',
    'Digest realm="r", nonce="n", qop="conf"',
    'Digest realm="r\x00", nonce="n"',
    'Digest realm="r", nonce="n\x7f"',
    'Basic realm="digest realm=r, nonce=n"',
    "Digest = , ,, =",
    'Digest realm="r',
    "Negotiate abc==",
    "\xff\xfe",
    "",
]


@pytest.mark.parametrize("value", UNANSWERABLE)
def test_what_cannot_be_answered(value: str) -> None:
    assert _digest.choose(parse_challenges([value])) is None


@given(st.text(max_size=120), st.sampled_from(["", 'Digest realm="r", nonce="n", ', "Digest "]))
def test_any_challenge_is_answered_or_not(text: str, start: str) -> None:
    header = answer_to(start + text)
    assert header is None or not re.search(r"[\x00-\x1f\x7f]", header)


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")),
    st.text(st.characters(min_codepoint=32, max_codepoint=126)),
)
def test_nothing_is_injected(user: str, realm: str) -> None:
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    header = answer_to(f'Digest realm="{quoted}", nonce="n", qop="auth"', user.encode("latin-1"))
    assert header is not None
    fields = fields_of(header)
    assert fields["username"] == user
    assert fields["realm"] == realm
    assert sorted(fields) == [
        "cnonce",
        "nc",
        "nonce",
        "qop",
        "realm",
        "response",
        "uri",
        "username",
    ]


@pytest.mark.parametrize("user", ["us\r\nX: y", "us\0er", b"user\n"])
def test_control_characters_in_the_name(user: Any) -> None:
    with pytest.raises(InvalidHeader, match="newline"):
        answer_to('Digest realm="r", nonce="n"', user)


# -- names beyond ASCII --------------------------------------------------------


def test_names_in_utf_8() -> None:
    header = answer_to('Digest realm="r", nonce="n", charset=UTF-8', "J\xe4s\xf8n \u20ac'")
    assert header is not None
    assert "username*=UTF-8''J%C3%A4s%C3%B8n%20%E2%82%AC%27" in header
    assert " username=" not in header
    header = answer_to('Digest realm="r", nonce="n", charset=UTF-8', "plain")
    assert header is not None
    assert 'username="plain"' in header


def test_the_name_on_the_wire_is_the_name_that_is_hashed() -> None:
    header = answer_to('Digest realm="r", nonce="n"', "J\xe4s\xf8n", "p\u20ac")
    assert header is not None
    fields = fields_of(header)
    assert fields["username"].encode("latin-1") == "J\xe4s\xf8n".encode()

    def h(octets: bytes) -> str:
        return hashlib.md5(octets).hexdigest()

    a1 = h("J\xe4s\xf8n:r:p\u20ac".encode())
    assert fields["response"] == h(f"{a1}:n:{h(b'GET:/dir/index.html')}".encode())


def test_a_realm_beyond_ascii_is_hashed_as_it_came() -> None:
    on_the_wire = 'Digest realm="caf\xe9 \u20ac", nonce="n"'.encode()
    header = answer_to(on_the_wire.decode("latin-1"), b"u", b"p")
    assert header is not None

    def h(octets: bytes) -> str:
        return hashlib.md5(octets).hexdigest()

    a1 = h("u:caf\xe9 \u20ac:p".encode())
    assert fields_of(header)["response"] == h(f"{a1}:n:{h(b'GET:/dir/index.html')}".encode())
    assert 'realm="caf\xe9 \u20ac"'.encode() in header.encode("latin-1")


# -- the flow ------------------------------------------------------------------


def request_for(auth: Any, url: str = URL, method: str = "GET", **options: Any) -> PreparedRequest:
    return Request(method, url, auth=auth, **options).prepare()


def response_to(request: PreparedRequest, status: int = 401, *challenges: str) -> Response:
    response = Response()
    response.status_code = status
    response.url = request.url or ""
    response.request = request
    response.headers = Headers([("WWW-Authenticate", value) for value in challenges])
    return response


def drive(
    auth: HTTPDigestAuth,
    request: PreparedRequest,
    server: Callable[[PreparedRequest], Response],
) -> tuple[list[PreparedRequest], Response]:
    """What a session does with a flow: everything that was sent, and the answer."""
    flow = auth.auth_flow(request)
    sent = [next(flow)]
    while True:
        response = server(sent[-1])
        try:
            sent.append(flow.send(response))
        except StopIteration:
            return sent, response


class Server:
    """Asks for Digest; each nonce is good for ``uses`` requests."""

    def __init__(self, uses: int = 1000, password: str = "pass", extra: str = 'qop="auth"') -> None:
        self.uses, self.password, self.extra = uses, password, extra
        self.nonce, self.used = 0, 0
        self.counts: list[str] = []

    def challenge(self, stale: bool) -> str:
        self.nonce += 1
        self.used = 0
        text = f'Digest realm="r", nonce="n{self.nonce}", {self.extra}'
        return text + (", stale=TRUE" if stale else "")

    def __call__(self, request: PreparedRequest) -> Response:
        header = request.headers.get("Authorization")
        if header is None or not self.proves(request, fields_of(header)):
            return response_to(request, 401, self.challenge(stale=False))
        given = fields_of(header)
        if given["nonce"] != f"n{self.nonce}" or self.used >= self.uses:
            return response_to(request, 401, self.challenge(stale=True))
        self.used += 1
        self.counts.append(given["nc"])
        return response_to(request, 200)

    def proves(self, request: PreparedRequest, given: dict[str, str]) -> bool:
        def h(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        a1, a2 = h(f"user:r:{self.password}"), f"{request.method}:{request.path_url}"
        if given["qop"] == "auth-int":
            body = request.body or b""
            a2 += ":" + hashlib.md5(body if isinstance(body, bytes) else body.encode()).hexdigest()
        middle = f"{given['nonce']}:{given['nc']}:{given['cnonce']}:{given['qop']}"
        return given["uri"] == request.path_url and given["response"] == h(f"{a1}:{middle}:{h(a2)}")


def test_challenged_once_then_ahead() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server()
    request = request_for(auth)
    assert request.auth_flow is auth
    assert "Authorization" not in request.headers
    sent, response = drive(auth, request, server)
    assert response.status_code == 200
    assert len(sent) == 2
    assert sent[0] is request
    assert sent[1] is not request
    assert "Authorization" not in request.headers  # the caller's is left alone
    for _ in range(3):
        sent, response = drive(auth, request_for(auth), server)
        assert (response.status_code, len(sent)) == (200, 1)
    assert server.counts == ["00000001", "00000002", "00000003", "00000004"]


def test_a_stale_nonce_is_answered_once_more() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server(uses=1)
    drive(auth, request_for(auth), server)
    sent, response = drive(auth, request_for(auth), server)
    assert (response.status_code, len(sent)) == (200, 2)
    assert server.counts == ["00000001", "00000001"]


def test_always_stale_ends() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server(uses=0)
    sent, response = drive(auth, request_for(auth), server)
    assert (response.status_code, len(sent)) == (401, 3)


def test_a_wrong_password_ends() -> None:
    auth, server = HTTPDigestAuth("user", "wrong"), Server()
    sent, response = drive(auth, request_for(auth), server)
    assert (response.status_code, len(sent)) == (401, 2)
    sent, response = drive(auth, request_for(auth), server)  # nothing was kept of the first
    assert (response.status_code, len(sent)) == (401, 2)


def test_a_nonce_that_comes_again_is_counted_on() -> None:
    auth = HTTPDigestAuth("user", "pass")
    same = 'Digest realm="r", nonce="n", qop="auth"'
    for expected in (["00000001"], ["00000002", "00000003"]):
        # Refuses the first of each two.
        statuses = iter([401, 200])
        sent, _ = drive(
            auth, request_for(auth), lambda r, s=statuses: response_to(r, next(s), same)
        )  # type: ignore[misc]  # mypy cannot infer s
        headers = [r.headers["Authorization"] for r in sent if "Authorization" in r.headers]
        assert [fields_of(header)["nc"] for header in headers] == expected


@pytest.mark.parametrize("value", UNANSWERABLE[:10])
def test_an_unusable_challenge_is_the_answer(value: str) -> None:
    auth = HTTPDigestAuth("user", "pass")
    sent, response = drive(auth, request_for(auth), lambda r: response_to(r, 401, value))
    assert (response.status_code, len(sent)) == (401, 1)


@pytest.mark.parametrize("status", [200, 302, 500])
def test_only_4xx_is_answered(status: int) -> None:
    auth = HTTPDigestAuth("user", "pass")
    challenge = 'Digest realm="r", nonce="n"'
    sent, _ = drive(auth, request_for(auth), lambda r: response_to(r, status, challenge))
    assert len(sent) == 1


def test_headers_that_are_a_plain_mapping() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server()

    def joined(request: PreparedRequest) -> Response:
        response = server(request)
        value = response.headers.get("WWW-Authenticate")
        response.headers = CaseInsensitiveDict(
            {"www-authenticate": f'Basic realm="b", {value}'} if value else {}
        )
        return response

    assert drive(auth, request_for(auth), joined)[1].status_code == 200


def test_a_challenge_of_another_origin_is_not_answered() -> None:
    auth = HTTPDigestAuth("user", "pass")

    def elsewhere(request: PreparedRequest) -> Response:
        response = response_to(request, 401, 'Digest realm="r", nonce="n"')
        response.url = "http://evil.example/"
        return response

    sent, _ = drive(auth, request_for(auth), elsewhere)
    assert len(sent) == 1
    for url in ("https://h.example/", "http://h.example:81/", "http://i.example/", "nonsense"):
        response = response_to(request_for(auth), 401, 'Digest realm="r", nonce="n"')
        response.url = url
        assert len(drive(auth, request_for(auth), lambda r, a=response: a)[0]) == 1  # type: ignore[misc]  # mypy cannot infer a
    # The same one, written differently.
    response.url = "HTTP://H.example:80/elsewhere"
    flow = auth.auth_flow(request_for(auth))
    next(flow)
    assert "Authorization" in flow.send(response).headers


def test_what_one_origin_asked_is_not_told_to_another() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server()
    drive(auth, request_for(auth), server)
    assert "Authorization" in next(auth.auth_flow(request_for(auth))).headers
    for url in ("http://i.example/", "https://h.example/", "http://h.example:81/"):
        assert "Authorization" not in next(auth.auth_flow(request_for(auth, url))).headers
        assert auth.build_digest_header("GET", url) is None


def test_on_a_redirect_the_answer_is_for_the_new_target() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server()
    drive(auth, request_for(auth), server)
    before = auth.build_digest_header("GET", URL)
    hop = request_for(auth, headers={"Authorization": before})
    hop.url = "http://h.example/elsewhere"
    sent, response = drive(auth, hop, server)
    assert (response.status_code, len(sent)) == (200, 1)
    assert fields_of(sent[0].headers["Authorization"])["uri"] == "/elsewhere"
    assert hop.headers["Authorization"] == before


def test_a_header_of_the_callers_own_stays_until_there_is_a_challenge() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server()
    drive(auth, request_for(auth), server)
    request = request_for(None, headers={"Authorization": "Bearer mine"})
    flow = auth.auth_flow(request)
    assert next(flow) is request


def test_the_next_nonce() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server()

    def renewing(request: PreparedRequest) -> Response:
        response = server(request)
        if response.status_code == 200:
            server.nonce += 1
            response.headers["Authentication-Info"] = f'nextnonce="n{server.nonce}", qop=auth'
        return response

    drive(auth, request_for(auth), renewing)
    for _ in range(2):
        sent, response = drive(auth, request_for(auth), renewing)
        assert (response.status_code, len(sent)) == (200, 1)
    assert server.counts == ["00000001"] * 3


@pytest.mark.parametrize("info", ["", "nextnonce", 'nextnonce="', 'nextnonce=""', "nextnonce=\x01"])
def test_a_next_nonce_that_is_none(info: str) -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server()

    def odd(request: PreparedRequest) -> Response:
        response = server(request)
        response.headers["Authentication-Info"] = info
        return response

    for _ in range(2):
        assert drive(auth, request_for(auth), odd)[1].status_code == 200


@pytest.mark.parametrize("body", [b"bytes", "text \xe9", {"a": "form"}, None])
def test_the_body_is_protected_where_the_server_wants_it(body: Any) -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server(extra='qop="auth-int"')
    sent, response = drive(auth, request_for(auth, method="POST", data=body), server)
    assert response.status_code == 200
    assert fields_of(sent[1].headers["Authorization"])["qop"] == "auth-int"


def test_a_stream_cannot_be_protected() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server(extra='qop="auth-int"')
    request = request_for(auth, method="POST", data=io.BytesIO(b"stream"))
    sent, response = drive(auth, request, server)
    assert (response.status_code, len(sent)) == (401, 1)
    assert auth.build_digest_header("GET", URL) is None


def test_auth_is_preferred_to_auth_int() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server(extra='qop="auth-int , AUTH"')
    request = request_for(auth, method="POST", data=io.BytesIO(b"stream"))
    assert drive(auth, request, server)[1].status_code == 200


def test_origins_are_forgotten_in_the_end() -> None:
    auth = HTTPDigestAuth("user", "pass")
    for i in range(300):
        request = request_for(auth, f"http://h{i}.example/")
        flow = auth.auth_flow(request)
        next(flow)
        flow.send(response_to(request, 401, 'Digest realm="r", nonce="n"'))
        with pytest.raises(StopIteration):
            flow.send(response_to(request, 200))
    assert len(auth._nonces) == 100
    assert auth.build_digest_header("GET", "http://h299.example/") is not None
    assert auth.build_digest_header("GET", "http://h0.example/") is None


def test_threads_never_use_a_count_twice() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server()
    drive(auth, request_for(auth), server)
    counts: list[str] = []

    def work() -> None:
        for _ in range(200):
            header = auth.build_digest_header("GET", URL)
            counts.append(fields_of(header or "Digest ")["nc"])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [f"{i:08x}" for i in range(2, 802)]


# -- nonces in flight ----------------------------------------------------------


class Wide(Server):
    """Keeps count of each nonce that it gave out, and takes no count but a higher one."""

    def __init__(self) -> None:
        super().__init__()
        self.highest: dict[str, int] = {}

    def challenge(self, stale: bool) -> str:
        text = super().challenge(stale)
        self.highest[f"n{self.nonce}"] = 0
        return text

    def __call__(self, request: PreparedRequest) -> Response:
        given = fields_of(request.headers.get("Authorization") or "Digest ")
        count = int(given.get("nc", "0"), 16)
        if count <= self.highest.get(given.get("nonce", ""), count):
            return response_to(request, 401, self.challenge(stale=False))
        self.highest[given["nonce"]] = count
        return response_to(request, 200)


def test_a_nonce_is_in_flight_once() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Wide()
    drive(auth, request_for(auth), server)
    flows = [auth.auth_flow(request_for(auth)) for _ in range(3)]
    sent = [next(flow) for flow in flows]
    assert ["Authorization" in request.headers for request in sent] == [True, False, False]
    # Those that found none are challenged, and own what they are given.
    sent[1:] = [
        flow.send(server(request)) for flow, request in zip(flows[1:], sent[1:], strict=True)
    ]
    given = [fields_of(request.headers["Authorization"]) for request in sent]
    assert [(x["nonce"], x["nc"]) for x in given] == [
        ("n1", "00000002"),
        ("n2", "00000001"),
        ("n3", "00000001"),
    ]
    for flow, request in reversed(list(zip(flows, sent, strict=True))):
        with pytest.raises(StopIteration):
            flow.send(server(request))
    # All are idle again.
    flows = [auth.auth_flow(request_for(auth)) for _ in range(3)]
    given = [fields_of(next(flow).headers["Authorization"]) for flow in flows]
    assert sorted((x["nonce"], x["nc"]) for x in given) == [
        ("n1", "00000003"),
        ("n2", "00000002"),
        ("n3", "00000002"),
    ]


@pytest.mark.parametrize("ending", ["close", "forget", "refused", "elsewhere"])
def test_a_nonce_that_was_not_accepted_is_dropped(ending: str) -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Wide()
    drive(auth, request_for(auth), server)
    flow = auth.auth_flow(request_for(auth))
    request = next(flow)
    assert "Authorization" in request.headers
    if ending == "close":
        flow.close()
    elif ending == "forget":
        del flow
    else:
        response = response_to(request, 401 if ending == "refused" else 200)
        response.url = URL if ending == "refused" else "http://i.example/"
        with pytest.raises(StopIteration):
            flow.send(response)
    assert "Authorization" not in next(auth.auth_flow(request_for(auth))).headers
    assert auth.build_digest_header("GET", URL) is None


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_a_nonce_is_kept_whatever_the_answer_is(status: int) -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Wide()
    drive(auth, request_for(auth), server)
    drive(auth, request_for(auth), lambda request: response_to(request, status))
    assert "Authorization" in next(auth.auth_flow(request_for(auth))).headers


def test_a_nonce_that_the_server_gives_out_twice_is_counted_once() -> None:
    auth = HTTPDigestAuth("user", "pass")
    same = 'Digest realm="r", nonce="n", qop="auth"'
    flows = [auth.auth_flow(request_for(auth)) for _ in range(3)]
    sent = [flow.send(response_to(next(flow), 401, same)) for flow in flows]
    counts = [fields_of(request.headers["Authorization"])["nc"] for request in sent]
    assert counts == ["00000001", "00000002", "00000003"]
    for flow, request in zip(flows, sent, strict=True):
        with pytest.raises(StopIteration):
            flow.send(response_to(request, 200))
    flows = [auth.auth_flow(request_for(auth)) for _ in range(2)]
    assert ["Authorization" in next(flow).headers for flow in flows] == [True, False]


def test_idle_nonces_are_forgotten_in_the_end() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Wide()
    flows = [auth.auth_flow(request_for(auth)) for _ in range(150)]
    sent = [flow.send(server(next(flow))) for flow in flows]
    for flow, request in zip(flows, sent, strict=True):
        with pytest.raises(StopIteration):
            flow.send(server(request))
    flows = [auth.auth_flow(request_for(auth)) for _ in range(150)]
    headers = [next(flow).headers.get("Authorization") for flow in flows]
    idle = [fields_of(header)["nonce"] for header in headers if header is not None]
    assert idle == [f"n{i}" for i in range(150, 50, -1)]  # the one used last comes first


def test_an_answer_that_was_sent_is_not_sent_again() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Wide()
    sent, _ = drive(auth, request_for(auth), server)
    again, response = drive(auth, sent[-1], server)
    assert (response.status_code, len(again)) == (200, 1)


def test_what_cannot_be_answered_leaves_no_gap_in_the_count() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server(extra='qop="auth-int"')
    drive(auth, request_for(auth), server)
    stream = request_for(auth, method="POST", data=io.BytesIO(b"stream"))
    assert next(auth.auth_flow(stream)) is stream
    drive(auth, request_for(auth), server)
    assert server.counts == ["00000001", "00000002"]


def test_copies_have_the_credentials_and_no_challenge() -> None:
    auth, server = HTTPDigestAuth("user", "pass"), Server()
    drive(auth, request_for(auth), server)
    for twin in (pickle.loads(pickle.dumps(auth)), copy.copy(auth), copy.deepcopy(auth)):
        assert twin == auth
        assert twin.build_digest_header("GET", URL) is None
        assert drive(twin, request_for(twin), server)[1].status_code == 200


# -- what code written for requests calls --------------------------------------


class Connection:
    """An adapter in front of a server."""

    def __init__(self, server: Callable[[PreparedRequest], Response]) -> None:
        self.server = server
        self.sent: list[PreparedRequest] = []
        self.bodies: list[Any] = []
        self.options: dict[str, Any] = {}

    def send(self, request: PreparedRequest, **options: Any) -> Response:
        self.sent.append(request)
        body = request.body
        self.bodies.append(body.read() if hasattr(body, "read") else body)
        self.options = options
        response = self.server(request)
        response.connection = self
        return response


def test_handle_401() -> None:
    auth, connection = HTTPDigestAuth("user", "pass"), Connection(Server())
    request = request_for(auth, cookies={"a": "b"})
    first = connection.send(request)
    answer = auth.handle_401(first, timeout=3)
    assert answer.status_code == 200
    assert answer.history == [first]
    assert answer.request is connection.sent[1]
    assert connection.sent[1].headers["Cookie"] == "a=b"
    assert connection.options == {"timeout": 3}
    assert auth.handle_401(answer) is answer
    assert auth.build_digest_header("GET", URL) is not None


def test_handle_401_answers_once() -> None:
    auth, connection = HTTPDigestAuth("user", "wrong"), Connection(Server())
    same = 'Digest realm="r", nonce="n", qop="auth"'
    connection.server = lambda request: response_to(request, 401, same)
    answer = auth.handle_401(connection.send(request_for(auth)))
    assert answer.status_code == 401
    assert auth.handle_401(answer) is answer
    assert len(connection.sent) == 2


def test_handle_401_sends_a_file_from_where_it_was() -> None:
    auth, connection = HTTPDigestAuth("user", "pass"), Connection(Server())
    file = io.BytesIO(b"skipped body")
    file.seek(8)
    request = request_for(auth, method="POST", data=file)
    assert auth.handle_401(connection.send(request)).status_code == 200
    assert connection.bodies == [b"body", b"body"]


def test_handle_401_does_not_send_half_a_body() -> None:
    auth, connection = HTTPDigestAuth("user", "pass"), Connection(Server())
    request = request_for(auth, method="POST", data=iter([b"once"]))
    with pytest.raises(UnrewindableBodyError):
        auth.handle_401(connection.send(request))
    assert len(connection.sent) == 1


def test_what_has_nothing_to_do_any_more() -> None:
    auth = HTTPDigestAuth("user", "pass")
    auth.init_per_thread_state()
    auth.handle_redirect(response_to(request_for(auth), 302))
    assert auth.build_digest_header("GET", URL) is None


def test_a_subclass_answers_a_challenge_of_its_own() -> None:
    """As for a proxy, where it is not the origin that asks."""
    auth = HTTPDigestAuth("user", "pass")
    auth.init_per_thread_state()
    local = auth._thread_local
    assert (local.chal, local.last_nonce, local.nonce_count) == ({}, "", 0)
    local.chal = {"realm": "proxy", "nonce": "one", "qop": "auth"}
    counts = []
    for nonce in ("one", "one", "two"):
        local.chal = {**local.chal, "nonce": nonce}
        fields = fields_of(auth.build_digest_header("GET", URL) or "")
        assert (fields["nonce"], fields["realm"]) == (nonce, "proxy")
        counts.append(fields["nc"])
    assert counts == ["00000001", "00000002", "00000001"]
    assert (local.last_nonce, local.nonce_count) == ("two", 1)
    auth.init_per_thread_state()
    assert local.last_nonce == "two"
    local.chal = {"realm": "proxy"}
    assert auth.build_digest_header("GET", URL) is None


def test_a_pickle_leaves_the_threads_state_behind() -> None:
    auth = HTTPDigestAuth("user", "pass")
    auth.init_per_thread_state()
    auth._thread_local.chal = {"realm": "proxy", "nonce": "one"}
    assert pickle.loads(pickle.dumps(auth)).build_digest_header("GET", URL) is None
