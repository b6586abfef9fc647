"""Redirects as a decision: which request follows, and what it takes along."""

from __future__ import annotations

import io
import itertools

import pytest

import ulak
from tests.policy.host import Host, Said
from ulak._policy.credentials import may_travel
from ulak.exceptions import InvalidSchema, InvalidURL, UnrewindableBodyError

STATUSES = (301, 302, 303, 307, 308)
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


def to(location: str, status: int = 302, **fields: str) -> Said:
    return Said(status, {"Location": location, **fields}, b"moved")


def method_after(method: str, status: int) -> str:
    """By the table of requests, which is that of browsers."""
    if status == 303 and method != "HEAD":
        return "GET"
    if status == 302 and method != "HEAD":
        return "GET"
    return "GET" if (status, method) == (301, "POST") else method


@pytest.mark.parametrize(("status", "method"), list(itertools.product(STATUSES, METHODS)))
@pytest.mark.parametrize("with_body", [False, True])
def test_method_and_body(status: int, method: str, with_body: bool) -> None:
    host = Host(to("/b", status), Said())
    response = host.converse(method, data=b"body" if with_body else None)
    assert response.status_code == 200
    first, second = host.sent
    assert (first.method, second.method) == (method, method_after(method, status))
    assert second.url == "http://a.example/b"
    if with_body and status in (307, 308):
        assert second.body == b"body"
        assert second.headers["Content-Length"] == "4"
    elif second.method != method:
        assert second.body is None
        for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
            assert name not in second.headers
    assert first.headers is not second.headers


@pytest.mark.parametrize("status", STATUSES)
def test_what_tells_of_a_body_goes_where_it_goes(status: int) -> None:
    telling = {
        "Content-Type": "text/plain",
        "content-encoding": "gzip",
        "Content-Language": "tr",
        "Content-Location": "/letter",
        "Expect": "100-continue",
    }
    host = Host(to("/b", status), Said())
    host.converse("POST", data=b"body", headers={**telling, "Content-Security": "mine"})
    second = host.sent[1]
    kept = telling if status in (307, 308) else {}
    assert {name: second.headers.get(name) for name in kept} == kept
    assert [name for name in telling if name in second.headers] == list(kept)
    assert second.headers["Content-Security"] == "mine"


@pytest.mark.parametrize(("status", "method"), list(itertools.product((307, 308), METHODS)))
def test_a_file_is_rewound_to_where_it_stood(status: int, method: str) -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(3)

    def reading(request: ulak.PreparedRequest) -> Said:
        assert request.body.read() == b"3456789"
        return to("/b", status)

    def again(request: ulak.PreparedRequest) -> Said:
        assert request.body.read() == b"3456789"
        return Said()

    Host(reading, again).converse(method, data=file)


@pytest.mark.parametrize("status", STATUSES)
def test_an_iterator_cannot_be_sent_again(status: int) -> None:
    host = Host(to("/b", status), Said())
    if status in (307, 308):
        with pytest.raises(UnrewindableBodyError):
            host.converse("POST", data=iter([b"x"]))
        assert len(host.sent) == 1
    else:
        assert host.converse("POST", data=iter([b"x"])).status_code == 200
        assert host.sent[1].body is None


def test_a_chain_forgets_a_dropped_body() -> None:
    host = Host(to("/b", 303), to("/c", 307), Said())
    host.converse("POST", data=b"x")
    assert [(x.method, x.body) for x in host.sent] == [("POST", b"x"), ("GET", None), ("GET", None)]


# -- the order of things -----------------------------------------------------


def test_the_steps_of_a_redirect() -> None:
    host = Host(to("/b"), Said())
    host.converse()
    assert host.kinds == ["Send", "Skim", "Send", "Load"]


def test_the_steps_of_a_streamed_redirect() -> None:
    host = Host(to("/b"), Said())
    response = host.converse(stream=True)
    assert host.kinds == ["Send", "Skim", "Send"]
    assert [x.content for x in response.history] == [b"moved"]


def test_history() -> None:
    host = Host(to("/1"), to("/2"), to("/3"), Said())
    response = host.converse()
    assert [x.url for x in response.history] == [
        "http://a.example/",
        "http://a.example/1",
        "http://a.example/2",
    ]
    assert [len(x.history) for x in response.history] == [0, 1, 2]


@pytest.mark.parametrize("limit", [0, 1, 5, 30])
def test_the_limit(limit: int) -> None:
    host = Host(to("/again"), max_redirects=limit)
    with pytest.raises(ulak.TooManyRedirects) as caught:
        host.converse()
    assert len(host.sent) == limit + 1
    assert caught.value.response.status_code == 302
    assert len(caught.value.response.history) == limit


def test_as_many_as_the_limit_are_fine() -> None:
    host = Host(*[to("/x")] * 5, Said(), max_redirects=5)
    assert len(host.converse().history) == 5


@pytest.mark.parametrize("status", STATUSES)
def test_not_followed(status: int) -> None:
    host = Host(to("/b", status))
    response = host.converse("POST", data=b"x", allow_redirects=False)
    assert response.status_code == status
    assert len(host.sent) == 1
    assert response.next.url == "http://a.example/b"
    assert response.next.method == method_after("POST", status)
    assert response.history == []


@pytest.mark.parametrize("location", ["http://[", "file:///x", "http://a:99999/"])
def test_next_of_an_unusable_location(location: str) -> None:
    response = Host(to(location)).converse(allow_redirects=False)
    assert response.next is None
    assert response.headers["Location"] == location


# -- where to ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "location", "wanted"),
    [
        ("http://a.example/x/y?q", "/z", "http://a.example/z"),
        ("http://a.example/x/y?q", "z", "http://a.example/x/z"),
        ("http://a.example/x/y?q", "../z", "http://a.example/z"),
        ("http://a.example/x/y?q", "../../../z", "http://a.example/z"),
        ("http://a.example/x/y?q", "?r", "http://a.example/x/y?r"),
        ("http://a.example/x/y?q", "#f", "http://a.example/x/y?q#f"),
        ("http://a.example/x", "//b.example/z", "http://b.example/z"),
        ("https://a.example/x", "//b.example/z", "https://b.example/z"),
        ("http://a.example/x", "https://b.example", "https://b.example/"),
        ("http://a.example/x", "HTTP://B.Example/Z", "http://b.example/Z"),
        ("http://a.example/x#f", "/z", "http://a.example/z#f"),
        ("http://a.example/x#f", "/z#g", "http://a.example/z#g"),
        ("http://a.example/x#f", "http://b.example/", "http://b.example/#f"),
        ("http://a.example/x", "/a b", "http://a.example/a%20b"),
        ("http://a.example/x", "/%2e%2F%7e", "http://a.example/%2e%2F%7e"),
        ("http://a.example:8080/x", "/z", "http://a.example:8080/z"),
        ("http://a.example/x", "http:z", None),
    ],
)
def test_where_to(base: str, location: str, wanted: str | None) -> None:
    host = Host(to(location), Said())
    if wanted is None:
        # Old relative form (RFC 3986, section 5.2.2): followed or refused, but not sent elsewhere.
        try:
            response = host.converse(url=base)
        except ulak.RequestException:
            return
        assert response.url.startswith("http://a.example/")
        return
    assert host.converse(url=base).url == wanted


@pytest.mark.parametrize("base", ["http+unix://%2Ftmp%2Fx", "http+docker://host", "mem://host"])
@pytest.mark.parametrize("location", ["/b", "{base}/b"])
def test_a_redirect_within_a_scheme_of_an_adapter(base: str, location: str) -> None:
    host = Host(to(location.format(base=base)), Said())
    assert host.converse(url=f"{base}/a").url.lower() == f"{base}/b".lower()


def test_utf8_in_a_location() -> None:
    location = "/ışık".encode().decode("latin-1")
    response = Host(to(location), Said()).converse()
    assert response.url == "http://a.example/%C4%B1%C5%9F%C4%B1k"


def test_latin1_in_a_location() -> None:
    assert Host(to("/caf\xe9"), Said()).converse().status_code == 200


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http://[", InvalidURL),
        ("http://", InvalidURL),
        ("//", InvalidURL),
        ("http://a b/", InvalidURL),
        ("http://a:port/", InvalidURL),
        ("file:///etc/passwd", InvalidSchema),
        ("ftp://a.example/", InvalidSchema),
        ("javascript:alert(1)", InvalidSchema),
        ("data:,x", InvalidSchema),
        ("unix:///var/run/docker.sock", InvalidSchema),
    ],
)
def test_unusable(location: str, error: type[Exception]) -> None:
    host = Host(to(location), Said())
    with pytest.raises(error) as caught:
        host.converse()
    assert len(host.sent) == 1
    assert caught.value.response.status_code == 302
    assert caught.value.request is not None


@pytest.mark.parametrize("status", [200, 201, 204, 300, 304, 305, 306, 309, 404])
def test_no_redirect(status: int) -> None:
    host = Host(Said(status, {"Location": "/b"}))
    assert host.converse().status_code == status
    assert len(host.sent) == 1


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
def test_a_redirect_to_nowhere(status: int, headers: dict[str, str]) -> None:
    host = Host(Said(status, headers))
    assert host.converse().status_code == status
    assert len(host.sent) == 1


# -- what may travel ---------------------------------------------------------

A = "http://a.example/"
MATRIX = [
    (A, "http://a.example/other?q", True),
    (A, "http://a.example:80/", True),
    (A, "HTTP://A.EXAMPLE/", True),
    (A, "https://a.example/", True),
    (A, "https://a.example:443/", True),
    ("https://a.example/", "https://a.example:443/x", True),
    ("https://a.example/", "http://a.example/", False),
    (A, "http://a.example:8080/", False),
    ("http://a.example:8080/", "http://a.example/", False),
    ("http://a.example:8080/", "https://a.example:8443/", False),
    ("http://a.example:443/", "https://a.example/", False),
    (A, "https://a.example:444/", False),
    (A, "http://b.example/", False),
    (A, "http://www.a.example/", False),
    ("http://www.a.example/", A, False),
    (A, "http://a.example.evil/", False),
    (A, "http://a.example@b.example/", False),
    (A, "http://127.0.0.1/", False),
    ("http://127.0.0.1/", "http://localhost/", False),
    ("http://xn--bcher-kva.example/", "http://bücher.example/", True),
    (A, "http://a.example./", False),
]


@pytest.mark.parametrize(("old", "new", "travels"), MATRIX)
def test_the_matrix(old: str, new: str, travels: bool) -> None:
    assert may_travel(old, new) is travels
    host = Host(to(new), Said())
    host.converse(
        url=old,
        headers={"authorization": "Bearer x", "Cookie": "user=set", "Referer": "http://a/"},
        cookies={"call": "1"},
    )
    second = host.sent[1].headers
    assert ("Authorization" in second) is travels
    assert ("Referer" in second) is travels
    assert "user=set" not in second.get("Cookie", "")


@pytest.mark.parametrize(("old", "new", "travels"), MATRIX)
@pytest.mark.parametrize("kind", ["auth", "session", "userinfo", "cookies"])
def test_the_matrix_for_each_kind(old: str, new: str, travels: bool, kind: str) -> None:
    host = Host(to(new), Said())
    parts: dict = {}
    if kind == "auth":
        parts["auth"] = ("u", "secret")
    elif kind == "session":
        host.auth = ("u", "secret")
    elif kind == "userinfo":
        if "@" in new:
            return
        old = old.replace("://", "://u:secret@")
    else:
        parts["cookies"] = {"c": "secret"}
    host.converse(url=old, **parts)
    name = "Cookie" if kind == "cookies" else "Authorization"
    assert name in host.sent[0].headers
    if kind == "cookies" and travels and old.startswith("http:") and new.startswith("https"):
        return  # whether the call's own cookies go along to https is no question of leaking
    assert (name in host.sent[1].headers) is travels


def test_what_was_stripped_does_not_come_back() -> None:
    host = Host(to("http://b.example/"), to("http://a.example/"), Said())
    host.converse(url=A, auth=("u", "p"), cookies={"c": "d"}, headers={"Referer": "http://x/"})
    last = host.sent[2].headers
    assert not {"Authorization", "Cookie", "Referer"} & set(last)


def test_the_host_header_stays_with_its_origin() -> None:
    host = Host(to("/same"), to("http://b.example/"), Said())
    host.converse(url=A, headers={"Host": "virtual.example"})
    assert [x.headers.get("Host") for x in host.sent] == [
        "virtual.example",
        "virtual.example",
        None,
    ]


def test_proxy_authorization_is_rebuilt() -> None:
    host = Host(to("http://b.example/"), Said())
    host.converse(url=A, headers={"Proxy-Authorization": "Basic x"})
    assert "Proxy-Authorization" not in host.sent[1].headers


@pytest.mark.parametrize("location", ["/same", "http://b.example/"])
def test_the_next_request_has_no_proxy_authorization(location: str) -> None:
    response = Host(to(location)).converse(
        url=A, headers={"Proxy-Authorization": "Basic x"}, allow_redirects=False
    )
    assert "Proxy-Authorization" not in response.next.headers


def test_proxies_are_rebuilt_on_each_hop() -> None:
    proxies = {"http": "http://p:1", "no_proxy": "b.example"}
    host = Host(to("http://b.example/"), to("http://c.example/"), Said())
    host.converse(url=A, proxies=proxies)
    used = [
        ulak._environment.select_proxy(step.request.url, step.proxies)
        for step in host.steps
        if hasattr(step, "proxies")
    ]
    assert used[1:] == [None, "http://p:1"]


# -- cookies -----------------------------------------------------------------


def test_cookies_over_hops() -> None:
    host = Host(
        to("/b", **{"Set-Cookie": "one=1; Path=/"}),
        to("http://b.example/", **{"Set-Cookie": "two=2; Path=/"}),
        to("http://a.example/c", **{"Set-Cookie": "three=3"}),
        Said(200, {"Set-Cookie": "four=4"}),
    )
    host.converse(url=A)
    assert [x.headers.get("Cookie") for x in host.sent] == [None, "one=1", None, "one=1; two=2"]
    assert set(host.cookies.get_dict(domain="b.example")) == {"three"}
    assert set(host.cookies.get_dict(domain="a.example")) >= {"one", "two", "four"}


def test_the_calls_cookies_go_along_within_the_origin() -> None:
    host = Host(to("/b"), Said())
    host.converse(url=A, cookies={"c": "d"})
    assert [x.headers["Cookie"] for x in host.sent] == ["c=d", "c=d"]
    assert len(host.cookies) == 0


# -- subclasses --------------------------------------------------------------


def test_a_subclass_that_sends_in_its_own_way_is_asked_on_every_hop() -> None:
    class Own(Host):
        def send(self, request, **kwargs):
            return super().send(request, **kwargs)

    host = Own(to("/b"), to("/c"), Said())
    host.converse()
    assert [x for x in host.kinds if x in ("Send", "Resend")] == ["Send", "Resend", "Resend"]


def test_a_subclass_decides_where_to() -> None:
    class Own(Host):
        def get_redirect_target(self, resp):
            return None if resp.url.endswith("/mine") else "/mine"

    host = Own(Said(), Said())
    host.converse()
    assert host.sent[1].url == "http://a.example/mine"


def test_a_subclass_decides_the_method_and_the_auth() -> None:
    class Own(Host):
        def rebuild_method(self, prepared_request, response):
            prepared_request.method = "PUT"

        def rebuild_auth(self, prepared_request, response):
            prepared_request.headers["Authorization"] = "mine"

    host = Own(to("http://b.example/"), Said())
    host.converse("POST", data=b"x")
    assert host.sent[1].method == "PUT"
    assert host.sent[1].headers["Authorization"] == "mine"


def test_the_request_of_the_caller_is_not_changed() -> None:
    host = Host(to("http://b.example/", 303), Said())
    request = host.prepare_request(
        ulak.Request("POST", A, data=b"x", auth=("u", "p"), cookies={"c": "d"})
    )
    before = (request.method, request.url, dict(request.headers), request.body)
    host.drive(request)
    assert (request.method, request.url, dict(request.headers), request.body) == before
