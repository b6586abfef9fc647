"""URLs: parts, encoding, references, and what is shown of them."""

from __future__ import annotations

import contextlib
import pickle
import time
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ulak import _urls
from ulak._urls import (
    URL,
    encode_params,
    join,
    join_base,
    parse,
    prepare,
    redact,
    remove_dot_segments,
    userinfo_of,
    without_fragment,
    without_userinfo,
)
from ulak.exceptions import InvalidOption, InvalidURL, MissingSchema, RequestException

# -- parts -------------------------------------------------------------------


def test_every_part_has_its_place() -> None:
    url = parse("HTTPS://Us:P%40w@Example.COM:8443/a/B?x=1&y#frag")
    assert url == URL(
        scheme="https",
        userinfo="Us:P%40w",
        host="example.com",
        port=8443,
        path="/a/B",
        query="x=1&y",
        fragment="frag",
        target="/a/B?x=1&y",
        href="https://Us:P%40w@example.com:8443/a/B?x=1&y#frag",
        host_header="example.com:8443",
        effective_port=8443,
        origin=("https", "example.com", 8443),
    )
    assert url.authority_form == "example.com:8443"
    assert str(url) == url.href


@pytest.mark.parametrize(
    ("text", "host", "header", "port", "href"),
    [
        ("http://h", "h", "h", 80, "http://h/"),
        ("https://h", "h", "h", 443, "https://h/"),
        ("http://h:80", "h", "h", 80, "http://h:80/"),
        ("https://h:80", "h", "h:80", 80, "https://h:80/"),
        ("http://h:", "h", "h", 80, "http://h/"),
        ("http://h:00080/", "h", "h", 80, "http://h:80/"),
        ("http://h:65535/", "h", "h:65535", 65535, "http://h:65535/"),
        ("http://h?x", "h", "h", 80, "http://h/?x"),
        ("http://h#x", "h", "h", 80, "http://h/#x"),
        ("http://h.", "h.", "h.", 80, "http://h./"),
        ("http://a_b.c-d", "a_b.c-d", "a_b.c-d", 80, "http://a_b.c-d/"),
        ("http://[::1]", "::1", "[::1]", 80, "http://[::1]/"),
        ("http://[FE80::A]:81", "fe80::a", "[fe80::a]:81", 81, "http://[fe80::a]:81/"),
        ("http://[fe80::1%25eth0]/", "fe80::1%eth0", "[fe80::1]", 80, "http://[fe80::1%25eth0]/"),
        ("http://[::ffff:1.2.3.4]/", "::ffff:1.2.3.4", "[::ffff:1.2.3.4]", 80, None),
        ("http://127.1/", "127.1", "127.1", 80, None),
        ("http://0X7F.1/", "0x7f.1", "0x7f.1", 80, "http://0x7f.1/"),
        ("http://2130706433/", "2130706433", "2130706433", 80, None),
        ("http://127.0.0.1./", "127.0.0.1.", "127.0.0.1.", 80, None),
        ("http://münchen.de/", "xn--mnchen-3ya.de", "xn--mnchen-3ya.de", 80, None),
        ("http://MÜNCHEN。de:8/", "xn--mnchen-3ya.de", "xn--mnchen-3ya.de:8", 8, None),
        ("http://straße.de/", "xn--strae-oqa.de", "xn--strae-oqa.de", 80, None),
        ("http://u@h/", "h", "h", 80, "http://u@h/"),
        ("http://a@b:c@h/", "h", "h", 80, "http://a%40b:c@h/"),
        ("http://@h/", "h", "h", 80, "http://@h/"),
        ("  \n\thttp://h/", "h", "h", 80, "http://h/"),
    ],
)
def test_hosts_and_ports(text: str, host: str, header: str, port: int, href: str | None) -> None:
    url = parse(text)
    assert (url.host, url.host_header, url.effective_port) == (host, header, port)
    assert url.origin == (url.scheme, host, port)
    if href is not None:
        assert url.href == href


def test_the_written_host_is_what_urllib3_takes() -> None:
    import urllib3

    with urllib3.PoolManager() as manager:
        for text in ("http://[fe80::1%25En0]:81/", "http://[::1]/", "http://a_b./"):
            url = parse(text)
            assert f"//{url.written_host}" in url.href
            pool = manager.connection_from_host(url.written_host, url.port, url.scheme)
            assert pool.host.lower() == url.host.lower()


def test_the_authority_form_has_its_port_and_brackets() -> None:
    assert parse("http://[fe80::1%25en0]/").authority_form == "[fe80::1]:80"
    assert parse("https://h/").authority_form == "h:443"


@pytest.mark.parametrize(
    "text",
    [
        "http://",
        "http:",
        "http:h",
        "http:/h",
        "http:///h",
        "http://?x",
        "http://#x",
        "http://:80/",
        "http://u:p@/",
        "http://*",
        "http://*.example.com",
        "http://.example.com",
        "http://a..b/",
        "http://./",
        "http://h:port/",
        "http://h:-1/",
        "http://h:+80/",
        "http://h:8 0/",
        "http://h:٣/",
        "http://h:0/",
        "http://h:65536/",
        f"http://h:{'9' * 5000}/",
        "http://h h/",
        "http://h\t/",
        "http://h\x00/",
        "http://h\x7f/",
        "http://h\r\nx: y/",
        "http://h ",
        "http://h%41/",
        "http://%31%32%37.0.0.1/",
        "http://h<x>/",
        'http://h"/',
        "http://h^/",
        "http://h`/",
        "http://{h}/",
        "http://h|/",
        "http://good.com\\@evil.com/",
        "http://good.com\\.evil.com/",
        "http:\\\\h/",
        "http://[::1",
        "http://::1]/",
        "http://::1/",
        "http://[]/",
        "http://[::1]x/",
        "http://x[::1]/",
        "http://[::1]:x/",
        "http://[127.0.0.1]/",
        "http://[v1.fe]/",
        "http://[fe80::1%eth0]/",
        "http://[fe80::1%25]/",
        "http://[fe80::1%25a/b]/",
        "http://[fe80::1%25a%20]/",
        "http://[12345::1]/",
        f"http://{'a' * 64}.com/",
        f"http://{'a.' * 127}a/",
        "http://☃.net/",
        "http://a℀b.com/",
        "http://①②⑦.0.0.1/",
        "http://１２７.1/",
        "http://-ü.de/",
        f"http://{'ü' * 64}.de/",
        f"http://{'ü' * 100_000}.de/",
        "http://\udc80.de/",
        "http://h/\udc80",
        "http://h/?\udc80",
        "http://\udc80@h/",
        "http://h/" + "a" * _urls.MAX_LENGTH,
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(text: str) -> None:
    with pytest.raises(InvalidURL):
        parse(text)
    with pytest.raises(ValueError):
        prepare(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("h", "Perhaps you meant https://h?"),
        ("example.com/x", "Perhaps you meant https://example.com/x?"),
        ("httpſ://h", "Perhaps you meant https://httpſ://h?"),
        ("//h/x", "Perhaps you meant https://h/x?"),
        ("//localhost/x", "Perhaps you meant http://localhost/x?"),
        ("127.0.0.1", "Perhaps you meant http://127.0.0.1?"),
        ("httpbin.org:80/x", "Perhaps you meant http://httpbin.org:80/x?"),
        ("httpbin.org:443/x", "Perhaps you meant https://httpbin.org:443/x?"),
        ("", "The url is empty."),
        (" ", "The url is empty."),
        ("/", "A URL without a host needs a session with base_url=."),
        ("?page=2", "A URL without a host needs a session with base_url=."),
    ],
)
def test_a_url_without_scheme_says_what_was_perhaps_meant(text: str, hint: str) -> None:
    with pytest.raises(MissingSchema) as caught:
        prepare(text)
    assert str(caught.value) == f"Invalid URL {text.strip()!r}: No scheme supplied. {hint}"


def test_none_is_no_url() -> None:
    with pytest.raises(MissingSchema, match="None: No scheme supplied"):
        prepare(None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("localhost:5055/page", "http://localhost:5055/page"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000/x", "http://[::1]:8000/x"),
        ("www.example.com:80/x", "http://www.example.com:80/x"),
        ("www.example.com:443?q", "https://www.example.com:443?q"),
        ("rider:horse@example.com/x", "https://***@example.com/x"),
        ("//rider:horse@example.com/x", "https://***@example.com/x"),
    ],
)
def test_a_host_and_port_are_no_scheme(text: str, meant: str) -> None:
    assert _urls.without_scheme(text) == f". Perhaps you meant {meant}?"


@pytest.mark.parametrize("text", ["tel:0123456789", "foo:bar", "mailto:a@b.example", "htpp://h/x"])
def test_what_looks_like_no_host_has_no_hint(text: str) -> None:
    assert _urls.without_scheme(text) == ""


def test_the_largest_host_and_url_are_accepted() -> None:
    host = f"{'a' * 63}." * 3 + "a" * 61
    assert len(host) == 253
    assert parse(f"http://{host}./").host == f"{host}."
    long = "http://h/" + "a" * (_urls.MAX_LENGTH - 9)
    assert parse(long).href == long


# -- encoding ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("/%2e%2e/%2E/%2F%2f", "/%2e%2e/%2E/%2F%2f"),
        ("/a/../b/./c/..", "/a/../b/./c/.."),
        ("//a//", "//a//"),
        ("/CaSe", "/CaSe"),
        ("/%7euser/%41", "/%7euser/%41"),
        ("/a b", "/a%20b"),
        ("/100%", "/100%25"),
        ("/%zz%20%1", "/%25zz%20%251"),
        ("/%%41", "/%25%41"),
        ("/ü/日", "/%C3%BC/%E6%97%A5"),
        ("/😀", "/%F0%9F%98%80"),
        ("/\"<>^`{|}\\[]'", "/%22%3C%3E%5E%60%7B%7C%7D%5C%5B%5D'"),
        ("/\r\n\t\x00\x7f", "/%0D%0A%09%00%7F"),
        ("/!$&'()*+,;=:@-._~", "/!$&'()*+,;=:@-._~"),
        ("/?a=b&c=/?:@!$'()*+,;", "/?a=b&c=/?:@!$'()*+,;"),
        ('/?a[]=1&b=ü "%', "/?a%5B%5D=1&b=%C3%BC%20%22%25"),
        ("/?", "/?"),
        ("?", "/?"),
        ("", "/"),
        ("/x#y", "/x"),
    ],
)
def test_the_path_is_the_callers(written: str, target: str) -> None:
    assert parse(f"http://h{written}").target == target


def test_fragments_are_kept_and_encoded_and_never_sent() -> None:
    url = parse("http://h/x?y#a b#ü")
    assert url.href == "http://h/x?y#a%20b%23%C3%BC"
    assert url.target == "/x?y"


def test_userinfo_is_encoded() -> None:
    assert parse('http://ü:p w"%zz@h/').href == "http://%C3%BC:p%20w%22%25zz@h/"


# The host as it may be attacked, with the rest of the URL around it.
_NASTY = st.text(
    alphabet=st.one_of(
        st.sampled_from("abhz019.-_:@/?#[]%\\ \t\r\n\x00*&;=,<>\"'^`{|}~!$()+"),
        st.sampled_from("üßİK。．／＠？：①℀\u200d\u00ad\udc80😀"),
    ),
    max_size=30,
)
_ODD = st.one_of(st.just(""), st.just(""), _NASTY.map(lambda text: text[:2]))
_AUTHORITY = st.tuples(
    st.one_of(st.just(""), _NASTY.map(lambda text: f"{text}@")),
    st.sampled_from(["h", "A.b", "1.2", "[::1]", "[FE80::1%25E]", "bücher.de", "H."]),
    _ODD,
    st.sampled_from(["", ".c", ":", ":1", ":080"]),
    _ODD,
    st.one_of(st.just(""), _NASTY.map(lambda text: f"/{text}")),
).map("".join)


_URL = st.one_of(
    st.tuples(st.sampled_from(["http://", "HTTPS://", "http:", ""]), _NASTY).map("".join),
    st.tuples(st.sampled_from(["http://", "HTTPS://"]), _AUTHORITY).map("".join),
    _AUTHORITY.map(lambda text: f"http://{text}"),
)


@given(_URL)
@example("http://a\\@b")
@example("http://[::1%25x]:81")
@example("http://u@[v1.x]")
@example("http://a@b@c:1")
def test_all_readers_agree_on_the_host(text: str) -> None:
    try:
        url = parse(text)
    except (InvalidURL, MissingSchema):
        return
    if url.scheme not in {"http", "https"}:
        return
    seen = urlsplit(url.href)
    assert url.href.isascii()
    assert url.href.isprintable() and " " not in url.href
    assert seen.scheme == url.scheme
    assert seen.hostname == url.host.replace("%", "%25")
    assert (seen.port or _urls.DEFAULT_PORTS[url.scheme]) == url.effective_port
    if "%" not in url.host:
        sent = urlsplit(f"//{url.host_header}")
        assert (sent.hostname, sent.port or _urls.DEFAULT_PORTS[url.scheme]) == (
            url.host,
            url.effective_port,
        )
    assert url.target.startswith("/") and "#" not in url.target
    # What the caller wrote, as another reader sees it.
    try:
        raw = urlsplit(text.lstrip()).hostname
    except ValueError:
        return
    if raw is not None and raw.isascii():
        assert raw == url.host.replace("%", "%25")


@given(_NASTY)
def test_a_prepared_url_is_left_alone(rest: str) -> None:
    try:
        href = prepare("http://h/" + rest)
    except InvalidURL:
        return
    _urls._seen.clear()
    assert prepare(href) == href
    assert unquote(parse(href).path) == unquote(("/" + rest).partition("#")[0].partition("?")[0])


@given(st.text(max_size=40))
def test_only_typed_errors(text: str) -> None:
    for call in (parse, prepare, lambda t: prepare("http://" + t), lambda t: join("http://h", t)):
        with contextlib.suppress(RequestException):
            call(text)
    assert isinstance(redact(text), str)
    userinfo_of(text)
    without_userinfo(text)


def test_hostile_urls_take_linear_time() -> None:
    size = _urls.MAX_LENGTH - 20
    begun = time.perf_counter()
    for unit in (
        "a.",
        "%",
        "@",
        ":",
        "[",
        "../",
        " ",
        "ü",
        "?",
        "1.",
        "0x",
        "\\",
        "?token",
        "token-",
        "%3f%74oken",
        "%25",
        "&key=",
    ):
        text = unit * (size // len(unit))
        for url in (f"http://{text}", f"http://h/{text}"):
            with contextlib.suppress(InvalidURL):
                join("http://h/", url)
            redact(url)
            userinfo_of(url)
    assert time.perf_counter() - begun < 20


# -- other schemes -----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "mailto:user@example.org",
        "data:SSDimaUgUHl0aG9uIQ==",
        "file:///etc/a b",
        "localhost:3128",
        "10.122.1.1:3128/",
        "ftp://h/ü",
        'mock://a b/"',
    ],
)
def test_urls_of_other_schemes_are_left_to_their_adapters(text: str) -> None:
    assert prepare(text, {"a": "b"}) == text
    assert prepare("  " + text) == text


def test_other_schemes_are_split() -> None:
    url = parse("Mock://u:p@Name:7/a b?q#f")
    assert (url.scheme, url.userinfo, url.host, url.port) == ("mock", "u:p", "Name", 7)
    assert (url.target, url.fragment, url.effective_port) == ("/a%20b?q", "f", 7)
    assert parse("mock://name").target == "/"
    assert parse("mock://name").effective_port == 0
    assert parse("mailto:a@b").host == ""


def test_relatives_of_http_take_params() -> None:
    assert prepare("http+unix://%2Fvar%2Frun%2Fx.sock/a b", {"q": 1}) == (
        "http+unix://%2Fvar%2Frun%2Fx.sock/a%20b?q=1"
    )
    assert parse("http+unix://%2Fvar%2Fx").host == "%2Fvar%2Fx"


# -- preparing ---------------------------------------------------------------


class _Printed:
    def __str__(self) -> str:
        return "http://h/obj"


@pytest.mark.parametrize("url", [b"http://h/\xc3\xbc", "http://h/ü", "http://h/%C3%BC"])
def test_bytes_and_text_are_urls(url: object) -> None:
    assert prepare(url) == "http://h/%C3%BC"


def test_objects_are_urls_by_their_text() -> None:
    assert prepare(_Printed()) == "http://h/obj"
    with pytest.raises(MissingSchema):
        prepare(None)
    with pytest.raises(InvalidURL):
        prepare(b"http://h/\xff")


@pytest.mark.parametrize(
    ("url", "params", "href"),
    [
        ("http://h", {"a": "b"}, "http://h/?a=b"),
        ("http://h/?x=1#f", {"a": "b c"}, "http://h/?x=1&a=b+c#f"),
        ("http://h/?", {"a": "b"}, "http://h/?a=b"),
        ("http://h/", "a b", "http://h/?a%20b"),
        ("http://h/", "a#b", "http://h/?a%23b"),
        ("http://h/", b"a=\xc3\xbc", "http://h/?a=%C3%BC"),
        ("http://h/", {}, "http://h/"),
        ("http://h/?x", "", "http://h/?x"),
        ("http://h/", {"a": None}, "http://h/"),
        ("http://u:p@[::1]:8/y", [("a", 1)], "http://u:p@[::1]:8/y?a=1"),
    ],
)
def test_params_are_added_to_the_query(url: str, params: object, href: str) -> None:
    assert prepare(url, params) == href
    _urls._seen.clear()
    assert parse(href).href == href


def test_a_url_with_params_is_remembered_as_it_would_be_parsed() -> None:
    href = prepare("http://u:p@[::1]:8/y?z=1#f", {"a": "ü b"})
    remembered = parse(href)
    _urls._seen.clear()
    assert parse(href) == remembered


def test_params_may_not_make_a_url_without_bound() -> None:
    with pytest.raises(InvalidURL):
        prepare("http://h", {"a": "b" * _urls.MAX_LENGTH})


@pytest.mark.parametrize(
    ("params", "encoded"),
    [
        ("as is ü", "as is ü"),
        (b"as=is", "as=is"),
        ({"a": "b c", "d": "é&="}, "a=b+c&d=%C3%A9%26%3D"),
        ([("a", 1), ("a", 2.5), ("b", True)], "a=1&a=2.5&b=True"),
        ({"a": ["x", None, "y"], "b": None}, "a=x&a=y"),
        ({"a": ("x", b"\xff")}, "a=x&a=%FF"),
        ({"a": (c for c in "xy")}, "a=x&a=y"),
        ({"a": {"k": 1}}, "a=k"),
        ({"a": []}, ""),
        ({b"k": b"v w"}, "k=v+w"),
        ({1: 2}, "1=2"),
        ({"": ""}, "="),
        ({"a": [["x", "y"], ["z"]]}, "a=x&a=y&a=z"),
        ({"~-._": "~-._/"}, "~-._=~-._%2F"),
        ((pair for pair in [("a", "b")]), "a=b"),
        ([], ""),
    ],
)
def test_params_are_encoded_as_a_form(params: object, encoded: str) -> None:
    assert encode_params(params) == encoded


@pytest.mark.parametrize(
    "params", [5, None, object(), [1], ["abc"], [("a", "b", "c")], b"\xff", {"a": "\udc80"}]
)
def test_params_of_no_kind_that_can_be_sent(params: object) -> None:
    with pytest.raises(InvalidOption):
        encode_params(params)


# -- against requests --------------------------------------------------------

_WORD = st.text("abcXYZ019-._~", max_size=6)
_SEGMENT = st.text("abcXYZ019-_~!$&'()*+,;=:@ üé日", max_size=6)
_VALUE = st.one_of(st.text(max_size=6).filter(lambda t: t.isprintable()), st.integers(), st.none())


@given(
    scheme=st.sampled_from(["http", "https", "HTTP"]),
    host=st.sampled_from(["example.com", "EXAMPLE.com", "127.0.0.1", "[::1]", "bücher.example"]),
    port=st.sampled_from(["", ":", ":80", ":8080", ":443"]),
    segments=st.lists(_SEGMENT, max_size=4),
    query=st.none() | st.text("abc=&+ü/?:@ ", min_size=1, max_size=8),
    fragment=st.none() | st.text("ab/? ü", min_size=1, max_size=4),
    params=st.none() | st.dictionaries(_WORD, _VALUE | st.lists(_VALUE, max_size=3), max_size=3),
)
def test_ordinary_urls_are_prepared_as_by_requests(
    *,
    scheme: str,
    host: str,
    port: str,
    segments: list[str],
    query: str | None,
    fragment: str | None,
    params: Any,
) -> None:
    requests = pytest.importorskip("requests")
    text = f"{scheme}://{host}{port}" + "".join(f"/{segment}" for segment in segments)
    text += "" if query is None else f"?{query}"
    text += "" if fragment is None else f"#{fragment}"
    theirs = requests.Request("GET", text, params=params).prepare()
    assert prepare(text, params) == theirs.url
    assert parse(prepare(text, params)).target == theirs.path_url


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [
        ("http://h/a/../b", "http://h/a/../b", "http://h/b"),
        ("http://h/%2f%2e", "http://h/%2f%2e", "http://h/%2F."),
        ("http://h/%7e", "http://h/%7e", "http://h/~"),
        ("http://h/?", "http://h/?", "http://h/"),
        ("http://h/%zz%20", "http://h/%25zz%20", "http://h/%25zz%2520"),
    ],
)
def test_where_requests_rewrites_the_path_it_is_left_alone(
    text: str, ours: str, theirs: str
) -> None:
    requests = pytest.importorskip("requests")
    assert requests.Request("GET", text).prepare().url == theirs
    assert prepare(text) == ours


# -- references --------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "resolved"),
    [
        # RFC 3986, sections 5.4.1 and 5.4.2, as far as the result is an http URL.
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/../x", "http://a/b/c/g#s/../x"),
        # What servers send.
        ("https://H/x/../y", "https://h/y"),
        ("HTTP://h", "http://h/"),
        ("//h:81/x", "http://h:81/x"),
        ("/a b/ü", "http://a/a%20b/%C3%BC"),
        ("%2e%2e/g", "http://a/b/c/%2e%2e/g"),
        ("/%2F/%2e", "http://a/%2F/%2e"),
        (" /g \r\n", "http://a/g"),
        # White space that is no blank belongs to the path.
        ("/g\u3000", "http://a/g%E3%80%80"),
        ("\xa0g\x85", "http://a/b/c/%C2%A0g%C2%85"),
        ("/\\evil.com", "http://a/%5Cevil.com"),
        ("\\\\evil.com", "http://a/b/c/%5C%5Cevil.com"),
        ("mailto:x@y", "mailto:x@y"),
        ("g:h", "g:h"),
        ("ftp://h/x", "ftp://h/x"),
    ],
)
def test_references_are_resolved_by_rfc_3986(reference: str, resolved: str) -> None:
    assert join("http://a/b/c/d;p?q", reference) == resolved


@pytest.mark.parametrize(
    "location", ["http:g", "http:/g", "http:///g", "///g", "//", "http://", "//*", "//h:x/"]
)
def test_a_location_without_usable_host_is_refused(location: str) -> None:
    with pytest.raises(InvalidURL):
        join("http://a/b", location)


def test_a_relative_reference_keeps_the_bases_authority() -> None:
    assert join("https://u:p@[::1]:8443?q", "x") == "https://u:p@[::1]:8443/x"


def _dots_by_the_letter(path: str) -> str:
    """RFC 3986, section 5.2.4, step by step."""
    left, done = path, ""
    while left:
        if left.startswith(("../", "./")):
            left = left.partition("/")[2]
        elif left.startswith("/./") or left == "/.":
            left = "/" + left[3:]
        elif left.startswith("/../") or left == "/..":
            left, done = "/" + left[4:], done[: max(done.rfind("/"), 0)]
        elif left in {".", ".."}:
            left = ""
        else:
            end = left.find("/", 1)
            end = len(left) if end < 0 else end
            left, done = left[end:], done + left[:end]
    return done


@given(st.text("./a", max_size=14))
def test_dot_segments_are_removed_by_the_letter(text: str) -> None:
    assert remove_dot_segments("/" + text) == _dots_by_the_letter("/" + text)


@given(st.text("./ab?", max_size=12).filter(lambda t: not t.startswith("//")))
def test_references_are_resolved_as_by_urllib(reference: str) -> None:
    base = "http://h/x/y?z"
    # urllib drops an empty query, and keeps empty segments differently.
    if reference.endswith("?") or "//" in reference:
        return
    assert join(base, reference) == urljoin(base, reference)


@pytest.mark.parametrize(
    ("base", "url", "joined"),
    [
        ("https://h/v1", "/users", "https://h/v1/users"),
        ("https://h/v1/", "/users", "https://h/v1/users"),
        ("https://h/v1", "users", "https://h/v1/users"),
        ("https://h", "users", "https://h/users"),
        ("https://h", "", "https://h"),
        ("https://h/v1/", "", "https://h/v1/"),
        ("https://h/v1", "/", "https://h/v1/"),
        ("https://h/v1", "?q=1", "https://h/v1?q=1"),
        ("https://h/v1", "#f", "https://h/v1#f"),
        ("https://h/v1", "http://other/x", "http://other/x"),
        ("https://h/v1", "HTTPS://other/x", "HTTPS://other/x"),
        ("https://h/v1", "mock://x", "mock://x"),
        ("https://h/v1", "http:x", "http:x"),
        ("https://h/v1", "//evil.com/x", "https://h/v1//evil.com/x"),
        ("https://h/v1", "../x", "https://h/v1/../x"),
        ("https://h/v1", "a:b", "https://h/v1/a:b"),
        ("https://h/v1", "  /users", "https://h/v1/users"),
        ("https://h/v1#f", "x", "https://h/v1/x"),
        ("https://h/v1?k=1", "/x", "https://h/v1/x?k=1"),
        ("https://h/v1?k=1", "/x?y=2#z", "https://h/v1/x?k=1&y=2#z"),
        ("https://h/v1?k=1", "?y=2", "https://h/v1?k=1&y=2"),
        ("", "/users", "/users"),
    ],
)
def test_a_base_url_is_a_folder(base: str, url: str, joined: str) -> None:
    assert join_base(base, url) == joined


# -- credentials -------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h/x", "http://h/x"),
        ("http://user:secret@h:8/x?y#z", "http://***@h:8/x?y#z"),
        ("http://secret@h/", "http://***@h/"),
        ("socks5h://user:secret@h:1", "socks5h://***@h:1"),
        ("user:secret@h:3128", "***@h:3128"),
        ("//user:secret@h", "//***@h"),
        ("http:/user:secret@h", "http:/***@h"),
        ("http:user:secret@h", "http:***@h"),
        ("http:\\\\user:secret@h", "http:\\\\***@h"),
        ("  http://user:secret@h", "  http://***@h"),
        ("http://user:sec@ret@h/", "http://***@h/"),
        ("http://user:sec/ret@h/", "http://***@h/"),
        ("http://user:sec?ret@h/", "http://***@h/"),
        ("http://user:sec#ret@h/", "http://***@h/"),
        ("http://user:sec\\ret@h/", "http://***@h/"),
        ("http//user:secret@h", "***@h"),
        ("/x/a@b", "/x/a@b"),
        ("http://h/@user", "http://h/@user"),
        ("http://h:8/a@b", "http://h:8/a@b"),
        ("http://h/?mail=a@b", "http://h/?mail=a@b"),
        ("mailto:a@b", "mailto:a@b"),
        ("http://h/?a=1&access_token=secret&b=2", "http://h/?a=1&access_token=***&b=2"),
        ("http://h/?API_KEY=secret", "http://h/?API_KEY=***"),
        ("http://h/#token=secret", "http://h/#token=***"),
        ("http://h/?X-Amz-Security-Token=secret&b=2", "http://h/?X-Amz-Security-Token=***&b=2"),
        ("http://h/?accessToken=secret", "http://h/?accessToken=***"),
        ("http://h/?PHPSESSIONID=secret", "http://h/?PHPSESSIONID=***"),
        ("http://h/?code=secret&state=1", "http://h/?code=***&state=1"),
        ("http://h/?subscription-key=secret", "http://h/?subscription-key=***"),
        ("http://h/?to=%2Fcb%3Ftoken%3Dsecret&b=2", "http://h/?to=%2Fcb%3Ftoken%3D***&b=2"),
        ("http://h/?to=/cb%3Fa%3D1%26sig=secret", "http://h/?to=/cb%3Fa%3D1%26sig=***"),
        ("http://h/?%74oken=secret&api%5Fkey=secret", "http://h/?%74oken=***&api%5Fkey=***"),
        ("http://h/?to=%2Fcb%3F%2574oken%3Dsecret", "http://h/?to=%2Fcb%3F%2574oken%3D***"),
        ("http://h/?%zz%token=secret", "http://h/?%zz%token=***"),
        ("http://h/?user%5Bpassword%5D=secret", "http://h/?user%5Bpassword%5D=***"),
        ("http://h/?user[token]=secret&a.jwt=secret", "http://h/?user[token]=***&a.jwt=***"),
        ("http://h/?a=b?token=secret?sig=secret", "http://h/?a=b?token=***"),
        ("http://h/?keys=1&barcode=2&passage=3", "http://h/?keys=1&barcode=2&passage=3"),
        ("http://h/?k%65ys=1&%70assage=3", "http://h/?k%65ys=1&%70assage=3"),
        ("http://h/?my_token_count=1", "http://h/?my_token_count=1"),
        (b"http://user:secret\xff@h", "http://***@h"),
        ("", ""),
    ],
)
def test_secrets_are_not_shown(url: str | bytes, shown: str) -> None:
    assert redact(url) == shown
    assert "secret" not in shown


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret@h:port/",
        "http://user:secret@*",
        "http://user:secret/x@h",
        "http://user:secret@[::1",
        "http://user:secret@",
        "user:secret@h",
        "http//user:secret@h",
        "http://user:secret@" + "h" * 400,
        "http://" + "x" * 290 + ":secret/@h",
    ],
)
def test_error_messages_have_no_secrets(url: str) -> None:
    try:
        parse(url)
    except (InvalidURL, MissingSchema) as exc:
        assert "secret" not in str(exc) + repr(exc)
        assert len(str(exc)) < 1000
    else:
        assert "secret" not in repr(parse(url))


def test_a_url_is_shown_without_its_secrets_and_cannot_be_changed() -> None:
    url = parse("http://user:secret@h/?token=secret")
    assert repr(url) == "URL('http://***@h/?token=***')"
    assert pickle.loads(pickle.dumps(url)) == url
    with pytest.raises(AttributeError):
        url.host = "evil"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://user:pass@h/", ("user", "pass")),
        ("http://us%40er:p%2Fa%3As@h/", ("us@er", "p/a:s")),
        ("http://user%user:pass@h/", ("user%user", "pass")),
        ("http://user:pass pass@h/", ("user", "pass pass")),
        ("http://user:a:b@h/", ("user", "a:b")),
        ("http://a@b:c@h/", ("a@b", "c")),
        ("http://user:@h/", ("user", "")),
        ("http://user@h/", ("", "")),
        ("http://h/", ("", "")),
        ("http://h/user:pass@x", ("", "")),
        ("socks5h://user:pass@h:1", ("user", "pass")),
        ("mailto:user:pass@h", ("", "")),
        ("http://user:p@[", ("user", "p")),
        ("", ("", "")),
    ],
)
def test_userinfo_of(url: str, expected: tuple[str, str]) -> None:
    assert userinfo_of(url) == expected


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("http://user:pass@h:8/%2e?x#y", "http://h:8/%2e?x#y"),
        ("http://a@b@h", "http://h"),
        ("http://h/a@b", "http://h/a@b"),
        ("HTTP://H", "HTTP://H"),
        ("mailto:a@b", "mailto:a@b"),
    ],
)
def test_without_userinfo(url: str, bare: str) -> None:
    assert without_userinfo(url) == bare


def test_without_fragment() -> None:
    assert without_fragment("http://h/x?y#z#") == "http://h/x?y"
    assert without_fragment("http://h/x") == "http://h/x"


# -- memory ------------------------------------------------------------------


def test_what_is_remembered_is_bounded() -> None:
    for number in range(3000):
        parse(f"http://h/{number}")
        prepare("http://h/", {"n": number})
    assert len(_urls._seen) <= 1025
    long = "http://h/" + "a" * 5000
    parse(long)
    assert long not in _urls._seen


def test_the_second_look_gives_the_same_object() -> None:
    assert parse("http://h/same") is parse("http://h/same")
    assert parse(prepare("http://H/same?", {"a": 1})) is parse("http://h/same?a=1")


_ORIGINS = ("http://a.example", "https://a.example:443", "http://[::1]:80", "HTTP://A.example")


@given(
    st.sampled_from(_ORIGINS),
    st.text(alphabet="abz09/?#%25:@[]&=+~!$'()*,;. é\\|{}<>\"^`-_", max_size=25),
)
def test_a_known_origin_makes_no_difference(origin: str, rest: str) -> None:
    def outcome() -> object:
        try:
            return tuple(parse(origin + rest))
        except RequestException as exc:
            return type(exc), str(exc)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_urls, "_seen", {})
        patch.setattr(_urls, "_origins", {})
        at_first = outcome()
        for known in _ORIGINS:
            parse(known)
        _urls._seen.clear()
        assert outcome() == at_first


@pytest.mark.parametrize("character", "／＠：？＃℀")
def test_a_character_that_others_read_as_a_delimiter(character: str) -> None:
    """As :func:`urllib.parse.urlsplit` refuses it, so that both see one host or none."""
    url = f"http://good.example{character}evil.example/"
    with pytest.raises(ValueError):
        urlsplit(url)
    with pytest.raises(InvalidURL):
        _urls.parse(url)
