"""Cookies: RFC 6265bis (promise P5), the API of requests, and cost."""

from __future__ import annotations

import copy
import http.cookiejar
import json
import os
import pickle
import stat
import sys
import threading
import time
import types
import urllib.request
from datetime import UTC, datetime
from email.message import Message
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulak import _cookie_files
from ulak import _cookie_rules as rules
from ulak import cookies as ours
from ulak.cookies import (
    CookieConflictError,
    CookieFileError,
    MockRequest,
    MockResponse,
    RequestsCookieJar,
    cookie_header_for,
    cookiejar_from_dict,
    copy_cookie_jar,
    create_cookie,
    extract_cookies_to_jar,
    get_cookie_header,
    merge_cookies,
    morsel_to_cookie,
    remove_cookie_by_name,
    store_from_response,
)
from ulak.exceptions import InvalidHeader, InvalidOption, RequestException

HTTPS = "https://www.example.com/a/b?q"


def received(*answers: tuple[str, ...]) -> RequestsCookieJar:
    """A jar after answers: each a URL and its Set-Cookie fields."""
    jar = RequestsCookieJar()
    for url, *lines in answers:
        store_from_response(jar, url, lines)
    return jar


def only(jar: http.cookiejar.CookieJar) -> http.cookiejar.Cookie:
    (cookie,) = jar
    return cookie


# -- Set-Cookie ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("a=b", "a", "b"),
        (" a \t= b c \t", "a", "b c"),
        ("a=", "a", ""),
        ("a=b=c", "a", "b=c"),
        ("=b", "", "b"),
        ("b", "", "b"),
        ("b;Secure", "", "b"),
        ('a="b c"', "a", '"b c"'),
        ('a="b\\"c"', "a", '"b\\"c"'),
        ('a="b;c"', "a", '"b'),
        ("a=b,c=d", "a", "b,c=d"),
        ("a=b\tc", "a", "b\tc"),
        ("a=\xe9", "a", "\xe9"),
        ("a=" + "v" * 4095, "a", "v" * 4095),
    ],
)
def test_name_and_value(line: str, name: str, value: str) -> None:
    said = rules.parse_set_cookie(line, 0)
    assert said is not None
    assert (said.name, said.value) == (name, value)


@pytest.mark.parametrize(
    "line",
    ["", "=", " = ; Secure", ";", "; Path=/", "a=" + "v" * 4096, "a" * 4097]
    + [f"a=b{chr(code)}c" for code in (0, 1, 8, 10, 13, 31, 127)]
    + ["a\0b=c", "a=b; Path=/\x01", "a=b\r\nSet-Cookie: c=d"],
)
def test_ignored_as_a_whole(line: str) -> None:
    assert rules.parse_set_cookie(line, 0) is None


@pytest.mark.parametrize(
    ("attributes", "field", "expected"),
    [
        ("Domain=EXAMPLE.com", "domain", "example.com"),
        ("domain = .example.com ", "domain", "example.com"),
        ("Domain=a.com; DOMAIN=b.com", "domain", "b.com"),
        ("Domain=a.com; Domain=", "domain", ""),
        ("Path=/x", "path", "/x"),
        ("Path=/x; Path=y", "path", ""),
        ("Path=", "path", ""),
        ("Path=/" + "x" * 1023, "path", "/" + "x" * 1023),
        ("Path=/ok; Path=/" + "x" * 1024, "path", "/ok"),
        ("Secure", "secure", True),
        ("secure=false", "secure", True),
        ("", "secure", False),
        (
            "HTTPONLY; samesite=Lax; Odd=1",
            "rest",
            {"HttpOnly": None, "SameSite": "Lax", "Odd": "1"},
        ),
        ("=x; ; ", "rest", {}),
        ("Max-Age=10", "expires", 1010),
        ("Max-Age=0", "expires", 0),
        ("Max-Age=-1", "expires", 0),
        ("Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:01 GMT", "expires", 1010),
        ("Expires=Thu, 01 Jan 1970 00:30:00 GMT", "expires", 1800),
        ("Expires=Thu, 01 Jan 1970 00:30:00 GMT; Expires=never", "expires", 1800),
        ("Max-Age=10; Max-Age=x", "expires", 1010),
        ("Max-Age=+10", "expires", None),
        ("Max-Age=1.5", "expires", None),
        ("Max-Age=", "expires", None),
        ("Max-Age=-", "expires", None),
        ("Max-Age=\u0661", "expires", None),
        ("Max-Age=" + "9" * 1000, "expires", 1000 + 400 * 86400),
        ("Expires=Fri, 31 Dec 9999 23:59:59 GMT", "expires", 1000 + 400 * 86400),
    ],
)
def test_attributes(attributes: str, field: str, expected: object) -> None:
    said = rules.parse_set_cookie("a=b;" + attributes, 1000)
    assert said is not None
    assert getattr(said, field) == expected


@given(st.text(max_size=200), st.floats(0, 1e10))
def test_any_text_is_read_or_ignored(line: str, now: float) -> None:
    said = rules.parse_set_cookie(line, now)
    if said is not None:
        assert ";" not in said.name + said.value
        assert "=" not in said.name
        assert said.name == said.name.strip(" \t")
        assert not any(ord(c) < 9 or 9 < ord(c) < 32 for c in said.name + said.value)


_TOKEN = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='=;,"\\'), min_size=1
)


@given(_TOKEN, _TOKEN, st.lists(st.sampled_from(["Secure", "Path=/", "X=y", "HttpOnly", " "])))
def test_what_is_stored_is_what_is_sent(name: str, value: str, attributes: list[str]) -> None:
    line = "; ".join([f"{name}={value}", *attributes])
    jar = received((HTTPS, line))
    if name.lower().startswith(("__host-", "__secure-")):
        return
    assert cookie_header_for(jar, HTTPS) == f"{name}={value}"


# -- dates ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "6 november 94 8:49:37",
        "08:49:37 1994 NOVEMBER 6th",
        "Mon, 06-Nov-1994 08:49:37 +0700",
        "6-Nov-1994T 08:49:37",
        "08:49:37;06@Nov[1994",
        "6 Nov 1994x 08:49:37x",
    ],
)
def test_dates(text: str) -> None:
    assert rules.parse_date(text) == 784111777


@pytest.mark.parametrize(
    ("year", "meant"), [("69", 2069), ("70", 1970), ("99", 1999), ("00", 2000), ("1601", 1601)]
)
def test_years(year: str, meant: int) -> None:
    moment = rules.parse_date(f"1 Jan {year} 00:00:00")
    assert moment == datetime(meant, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "never",
        "0",
        "784111777",
        "06 Nov 1994",
        "Nov 1994 08:49:37",
        "06 1994 08:49:37",
        "06 Nov 08:49:37",
        "06 No 1994 08:49:37",
        "31 Feb 1994 08:49:37",
        "29 Feb 1995 08:49:37",
        "0 Nov 1994 08:49:37",
        "32 Nov 1994 08:49:37",
        "6 Nov 1600 08:49:37",
        "6 Nov 19940 08:49:37",
        "6 Nov 1994 24:00:00",
        "6 Nov 1994 08:60:00",
        "6 Nov 1994 08:49:60",
        "6 Nov 1994 08:49",
        "6 Nov 1994 08:49:377",
        "6 anf 1994 08:49:37",
        "\u0666 Nov 1994 08:49:37",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert rules.parse_date(text) is None


@given(st.text(max_size=100))
def test_any_text_is_a_date_or_none(text: str) -> None:
    moment = rules.parse_date(text)
    assert moment is None or moment == int(moment)


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2069, 12, 31)),
    st.sampled_from(
        ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"]
    ),
)
def test_every_moment_in_every_form(moment: datetime, form: str) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    assert rules.parse_date(moment.strftime(form)) == moment.timestamp()


# -- matching ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "cookie_path", "matches"),
    [
        ("/", "/", True),
        ("/a", "/", True),
        ("/a", "/a", True),
        ("/a/", "/a", True),
        ("/a/b", "/a", True),
        ("/a/b", "/a/", True),
        ("/ab", "/a", False),
        ("/a", "/a/", False),
        ("/", "/a", False),
        ("/A", "/a", False),
        ("/%61", "/a", False),
    ],
)
def test_path_match(path: str, cookie_path: str, matches: bool) -> None:
    assert rules.path_matches(path, cookie_path) is matches


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://h.example", "/"),
        ("http://h.example/", "/"),
        ("http://h.example?x=/y/z", "/"),
        ("http://h.example/a", "/"),
        ("http://h.example/a/", "/a"),
        ("http://h.example/a/b/c?x=/y/z#/f/g", "/a/b"),
        ("http://h.example/a%2Fb/c", "/a%2Fb"),
    ],
)
def test_default_path(url: str, path: str) -> None:
    assert only(received((url, "a=b"))).path == path
    assert only(received((url, "a=b; Path=nonsense"))).path == path


@pytest.mark.parametrize(
    ("host", "domain", "matches"),
    [
        ("example.com", "example.com", True),
        ("www.example.com", "example.com", True),
        ("wwwexample.com", "example.com", False),
        ("example.com", "www.example.com", False),
        ("1.2.3.4", "3.4", False),
        ("1.2.3.4", "1.2.3.4", True),
        ("::ffff:1.2.3.4", "2.3.4", False),
    ],
)
def test_domain_match(host: str, domain: str, matches: bool) -> None:
    assert rules.domain_matches(host, domain) is matches


# -- what may be set, and where it goes (promise P5) ---------------------------

WWW = "https://www.example.com/"
APEX = "https://example.com/"
SUB = "https://a.www.example.com/"
OTHER = "https://other.example.com/"
EVIL = "https://www.evil.test/"
EVERYWHERE = (WWW, APEX, SUB, OTHER, EVIL)


@pytest.mark.parametrize(
    ("domain", "reaches"),
    [
        ("", {WWW}),
        ("; Domain=", {WWW}),
        ("; Domain=.", {WWW}),
        ("; Domain=www.example.com", {WWW, SUB}),
        ("; Domain=.www.example.com", {WWW, SUB}),
        ("; Domain=example.com", {WWW, APEX, SUB, OTHER}),
        ("; Domain=EXAMPLE.COM", {WWW, APEX, SUB, OTHER}),
        ("; Domain=a.www.example.com", set()),
        ("; Domain=other.example.com", set()),
        ("; Domain=evil.test", set()),
        ("; Domain=com", set()),
        ("; Domain=.com", set()),
        ("; Domain=com.", set()),
        ("; Domain=xample.com", set()),
        ("; Domain=..example.com", set()),
        ("; Domain=example.com.", set()),
        ("; Domain=ex\xe4mple.com", set()),
        ("; Domain=example.com; Domain=evil.test", set()),
        ("; Domain=evil.test; Domain=example.com", {WWW, APEX, SUB, OTHER}),
    ],
)
def test_domains(domain: str, reaches: set[str]) -> None:
    jar = received((WWW, "a=b" + domain))
    assert {url for url in EVERYWHERE if cookie_header_for(jar, url)} == reaches


@pytest.mark.parametrize(
    ("url", "domain", "stays"),
    [
        ("http://127.0.0.1/", "127.0.0.1", True),
        ("http://127.0.0.1/", ".127.0.0.1", True),
        ("http://127.0.0.1/", "0.0.1", False),
        ("http://127.0.0.1/", "1", False),
        ("http://[::1]:8080/", "", True),
        ("http://[::1]/", "[::1]", False),
        ("http://localhost/", "localhost", True),
        ("http://localhost:8080/", "", True),
        ("http://a.localhost/", "localhost", False),
    ],
)
def test_addresses_and_single_labels_have_no_domain(url: str, domain: str, stays: bool) -> None:
    jar = received((url, f"a=b; Domain={domain}"))
    assert cookie_header_for(jar, url) == ("a=b" if stays else None)
    assert not stays or not only(jar).domain_specified
    below = url.replace("//", "//x.").replace("[", "").replace("::1]", "ip")
    assert cookie_header_for(jar, below) is None


@pytest.mark.parametrize("domain", ["co.uk", ".co.uk", "github.io"])
def test_public_suffixes(domain: str) -> None:
    pytest.importorskip("publicsuffixlist")
    suffix = domain.removeprefix(".")
    jar = received((f"https://mine.{suffix}/", f"a=b; Domain={domain}"))
    assert len(jar) == 0
    # The suffix's own host may keep a cookie, for itself.
    jar = received((f"https://{suffix}/", f"a=b; Domain={domain}"))
    assert cookie_header_for(jar, f"https://{suffix}/") == "a=b"
    assert cookie_header_for(jar, f"https://mine.{suffix}/") is None


def test_without_the_list_only_single_labels_are_suffixes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "publicsuffixlist", None)
    for cached in (rules.is_public_suffix, rules._suffix_list):
        cached.cache_clear()
    try:
        assert len(received(("https://mine.co.uk/", "a=b; Domain=co.uk"))) == 1
        assert len(received(("https://mine.uk/", "a=b; Domain=uk"))) == 0
    finally:
        for cached in (rules.is_public_suffix, rules._suffix_list):
            cached.cache_clear()


@pytest.mark.parametrize(
    ("url", "line", "accepted"),
    [
        ("http://h.example/", "a=b; Secure", False),
        ("https://h.example/", "a=b; Secure", True),
        ("http://localhost/", "a=b; Secure", False),
        ("https://h.example/", "__Secure-a=b", False),
        ("https://h.example/", "__Secure-a=b; Secure", True),
        ("http://h.example/", "__Secure-a=b; Secure", False),
        ("https://h.example/", "__SECURE-a=b", False),
        ("https://h.example/", "__Host-a=b; Secure; Path=/", True),
        ("https://h.example/", "__Host-a=b; Secure", False),
        ("https://h.example/", "__Host-a=b; Path=/", False),
        ("https://h.example/", "__Host-a=b; Secure; Path=/x", False),
        ("https://h.example/", "__Host-a=b; Secure; Path=/; Domain=h.example", False),
        ("https://h.example/", "__hOsT-a=b; Secure; Path=/; Domain=h.example", False),
        ("https://h.example/", "__Host-a=b; Secure; Path=/; Domain=", True),
        ("https://h.example/", "=__Host-a=b; Secure; Path=/", False),
        ("https://h.example/", "__secure-a", False),
        ("https://h.example/", "__Hostile=b", True),
    ],
)
def test_secure_and_prefixes(url: str, line: str, accepted: bool) -> None:
    assert len(received((url, line))) == accepted


def test_a_secure_cookie_goes_over_https_alone() -> None:
    jar = received((HTTPS, "a=b; Secure"))
    assert cookie_header_for(jar, HTTPS) == "a=b"
    assert cookie_header_for(jar, HTTPS.replace("https", "http")) is None
    assert cookie_header_for(jar, "wss://www.example.com/a/b") == "a=b"


@pytest.mark.parametrize(
    ("secure", "over_http", "kept_out"),
    [
        (("https://h.example/", "s=1; Secure"), ("http://h.example/", "s=2"), True),
        (("https://h.example/", "s=1; Secure"), ("http://h.example/x/y", "s=2"), True),
        (
            ("https://h.example/", "s=1; Secure; Path=/x"),
            ("http://h.example/", "s=2; Path=/"),
            False,
        ),
        (("https://h.example/", "s=1; Secure"), ("http://h.example/", "t=2"), False),
        (("https://h.example/", "s=1"), ("http://h.example/", "s=2"), False),
        (("https://h.example/", "s=1; Secure"), ("https://h.example/", "s=2"), False),
        # A domain cookie from below or above shadows it as well.
        (
            ("https://h.example/", "s=1; Secure; Domain=h.example"),
            ("http://a.h.example/", "s=2; Domain=h.example"),
            True,
        ),
        (
            ("https://b.a.h.example/", "s=1; Secure"),
            ("http://c.h.example/", "s=2; Domain=h.example"),
            True,
        ),
        (
            ("https://h.example/", "s=1; Secure; Domain=h.example"),
            ("http://a.h.example/", "s=2"),
            True,
        ),
        (("https://ah.example/", "s=1; Secure"), ("http://h.example/", "s=2"), False),
    ],
)
def test_secure_cookies_are_left_alone(
    secure: tuple[str, ...], over_http: tuple[str, ...], kept_out: bool
) -> None:
    jar = received(secure, over_http)
    name, _, value = over_http[1].partition(";")[0].partition("=")
    assert ((name, value) in jar.items()) is not kept_out
    assert len(received(over_http)) == 1


def test_the_number_of_a_descriptor_is_no_file(tmp_path: Path) -> None:
    """Else one that somebody has open would be read and closed."""
    path = tmp_path / "jar"
    RequestsCookieJar().save(path)
    with path.open() as file:
        with pytest.raises(CookieFileError):
            RequestsCookieJar().load(file.fileno())  # type: ignore[arg-type]
        assert file.readline()


def test_a_secure_cookie_that_has_ended_keeps_none_out() -> None:
    """No request over http would ever meet it, to drop it."""
    jar = received((HTTPS, "a=1; Secure; Path=/; Max-Age=1000"))
    only(jar).expires = int(time.time()) - 1
    store_from_response(jar, "http://www.example.com/", ["a=2"])
    assert cookie_header_for(jar, "http://www.example.com/") == "a=2"


def test_secure_cookies_are_left_alone_in_a_jar_that_was_changed_by_hand() -> None:
    jar = received(("http://x.example/", "a=1"), ("http://x.example/", "b=1"))
    jar._cookies.update(received(("https://a.b.h.example/", "s=1; Secure"))._cookies)
    store_from_response(jar, "http://h.example/", ["s=2; Domain=h.example"])
    assert jar["s"] == "1"
    jar.clear(".h.example" if ".h.example" in jar._cookies else "a.b.h.example")
    store_from_response(jar, "http://h.example/", ["s=2; Domain=h.example"])
    assert jar["s"] == "2"


# -- time ----------------------------------------------------------------------


def test_the_past_removes() -> None:
    jar = received(
        (HTTPS, "a=b", "c=d", "a=; Max-Age=0", "x=; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    )
    assert jar.items() == [("c", "d")]
    assert list(jar._cookies) == ["www.example.com"]
    store_from_response(jar, HTTPS, ["c=; Max-Age=-1"])
    assert jar._cookies == {}


def test_expired_cookies_are_not_sent_and_go_when_met() -> None:
    jar = RequestsCookieJar()
    jar.set("old", "1", domain="www.example.com", expires=int(time.time()) - 1)
    jar.set("new", "1", domain="www.example.com", expires=int(time.time()) + 1000)
    assert cookie_header_for(jar, HTTPS) == "new=1"
    assert jar.keys() == ["new"]


def test_an_age_of_one_second_is_not_shortened() -> None:
    before = time.time()
    cookie = only(received((HTTPS, "a=b; Max-Age=1")))
    assert cookie.expires is not None
    assert cookie.expires >= before + 1
    assert not cookie.discard


# -- order, replacement, names -------------------------------------------------


def test_longer_paths_then_older_cookies() -> None:
    jar = received(
        ("https://www.example.com/a/b/c", "one=1; Path=/"),
        ("https://www.example.com/a/b/c", "two=2; Path=/a/b"),
        ("https://www.example.com/a/b/c", "three=3; Path=/; Domain=example.com"),
        ("https://www.example.com/a/b/c", "four=4; Path=/"),
        ("https://www.example.com/a/b/c", "five=5; Path=/a"),
        ("https://www.example.com/a/b/c", "one=again; Path=/"),
    )
    sent = cookie_header_for(jar, "https://www.example.com/a/b/c")
    assert sent == "two=2; five=5; one=again; three=3; four=4"
    assert cookie_header_for(pickle.loads(pickle.dumps(jar)), HTTPS) == cookie_header_for(
        jar, HTTPS
    )


def test_host_only_and_domain_cookies_are_two() -> None:
    jar = received((WWW, "a=1"), (WWW, "a=2; Domain=www.example.com"))
    assert cookie_header_for(jar, WWW) == "a=1; a=2"
    assert cookie_header_for(jar, SUB) == "a=2"


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("=b", "b"),
        ("b", "b"),
        ("a=", "a="),
        ('a="b c"', 'a="b c"'),
        ('a="\\"b\\""', 'a="\\"b\\""'),
        ("a=b c", "a=b c"),
        ("a=\xfc", "a=\xfc"),
    ],
)
def test_values_go_back_as_they_came(line: str, sent: str) -> None:
    assert cookie_header_for(received((HTTPS, line)), HTTPS) == sent


def test_http_only_and_the_rest_are_kept() -> None:
    cookie = only(received((HTTPS, "a=b; HTTPonly; SameSite=Lax")))
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"


@pytest.mark.parametrize("url", ["", "nonsense", "http:///x", "mailto:a@example.com"])
def test_a_url_without_a_host_has_no_cookies(url: str) -> None:
    jar = cookiejar_from_dict({"a": "b"})
    store_from_response(jar, url, ["c=d"])
    assert jar.keys() == ["a"]
    assert cookie_header_for(jar, url) is None


def test_ports_do_not_matter_unless_the_caller_says_so() -> None:
    jar = received(("http://h.example:8080/", "a=b"))
    assert cookie_header_for(jar, "http://h.example:9090/") == "a=b"
    jar = RequestsCookieJar()
    jar.set("a", "b", port="80,8080")
    assert cookie_header_for(jar, "http://h.example/") == "a=b"
    assert cookie_header_for(jar, "http://h.example:9090/") is None


# -- limits --------------------------------------------------------------------


def test_at_most_50_cookies_of_a_response() -> None:
    assert len(received((HTTPS, *(f"a{i}=b" for i in range(60))))) == 50


def test_at_most_180_cookies_of_a_domain_and_secure_ones_stay() -> None:
    jar = RequestsCookieJar()
    store_from_response(jar, HTTPS, ["first=1; Secure", "second=1"])
    for i in range(10):
        store_from_response(jar, HTTPS, [f"n{i}-{j}=1; Domain=www.example.com" for j in range(20)])
    assert len(jar) == 180
    assert "first" in jar
    assert "second" not in jar
    assert "n9-19" in jar


def test_what_is_sent_counts_as_used() -> None:
    jar = received((HTTPS, "keep=1; Path=/keep"))
    for i in range(4):
        store_from_response(jar, HTTPS, [f"n{i}-{j}=1; Path=/n" for j in range(40)])
    cookie_header_for(jar, "https://www.example.com/keep")
    store_from_response(jar, HTTPS, [f"last-{j}=1; Path=/n" for j in range(40)])
    assert "keep" in jar
    assert "n0-0" not in jar


def test_at_most_3000_cookies_and_never_those_of_the_caller() -> None:
    jar = RequestsCookieJar()
    for i in range(500):
        jar.set(f"mine{i}", "1", domain="mine.example")
    for i in range(80):
        store_from_response(jar, f"https://h{i}.example/", [f"a{j}=1" for j in range(50)])
        assert len(jar) <= 3500
    assert sum(c.domain == "mine.example" for c in jar) == 500
    assert cookie_header_for(jar, "https://h79.example/") is not None
    assert cookie_header_for(jar, "https://h0.example/") is None


def test_a_copied_jar_counts_what_it_has() -> None:
    jar = RequestsCookieJar()
    for i in range(59):
        store_from_response(jar, f"https://h{i}.example/", [f"a{j}=1" for j in range(50)])
    jar = jar.copy()
    for i in range(40):
        store_from_response(jar, f"https://i{i}.example/", [f"a{j}=1" for j in range(50)])
    assert len(jar) <= 3000


def test_the_header_is_at_most_8190_octets() -> None:
    lines = [f"a{i}={'v' * 1000}" for i in range(20)]
    header = cookie_header_for(received((HTTPS, *lines)), HTTPS)
    assert header is not None
    assert 7000 < len("Cookie: " + header) <= 8190
    jar = cookiejar_from_dict({"euros": "\u20ac" * 3000, "small": "1"})
    assert cookie_header_for(jar, HTTPS) == "small=1"


def test_removed_cookies_leave_nothing_behind() -> None:
    jar = RequestsCookieJar()
    for i in range(200):
        store_from_response(jar, f"https://h{i}.example/", [f"a=1; Path=/{i}"])
        store_from_response(jar, f"https://h{i}.example/", [f"a=; Path=/{i}; Max-Age=0"])
    assert jar._cookies == {}


# -- cost ----------------------------------------------------------------------


def calls(action: Any) -> int:
    """How many functions ``action`` calls, in Python and in C."""
    count = 0

    def seen(frame: types.FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def test_cookies_of_other_domains_cost_nothing() -> None:
    few = received((HTTPS, "a=1", "b=2; Domain=example.com"))
    many = RequestsCookieJar()
    for i in range(10_000):
        many.set("a", "1", domain=f"host{i}.example.org")
    many.update(few)

    def use(jar: RequestsCookieJar) -> None:
        cookie_header_for(jar, HTTPS)
        store_from_response(jar, HTTPS, ["c=3", "d=4; Domain=example.com"])

    def use_http(jar: RequestsCookieJar) -> None:
        store_from_response(jar, "http://www.example.com/", ["e=5; Domain=example.com"])

    for jar in (few, many):  # what is made once and kept
        use(jar)
        use_http(jar)
    assert calls(lambda: use(many)) == calls(lambda: use(few))
    assert calls(lambda: use_http(many)) == calls(lambda: use_http(few))


def test_an_empty_jar_costs_nothing() -> None:
    jar = RequestsCookieJar()
    assert calls(lambda: cookie_header_for(jar, HTTPS)) <= 4


# -- the caller's cookies ------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "reaches"),
    [
        ({}, set(EVERYWHERE)),
        ({"domain": "example.com"}, {WWW, APEX, SUB, OTHER}),
        ({"domain": ".example.com"}, {WWW, APEX, SUB, OTHER}),
        ({"domain": "www.example.com"}, {WWW, SUB}),
        ({"domain": "", "path": "/x"}, set()),
    ],
)
def test_a_cookie_that_the_caller_set(settings: dict[str, Any], reaches: set[str]) -> None:
    jar = RequestsCookieJar()
    jar.set("a", "b", **settings)
    assert {url for url in EVERYWHERE if cookie_header_for(jar, url)} == reaches


def test_the_name_that_http_cookiejar_has_for_localhost() -> None:
    jar = RequestsCookieJar()
    jar.set("a", "b", domain="localhost.local")
    assert cookie_header_for(jar, "http://localhost:8080/") == "a=b"


@pytest.mark.parametrize(
    ("name", "value"),
    [("a", f"b{c}c") for c in "\r\n\0;\x7f"] + [("a\r\nX: y", "b"), ("a;b", "c"), ("a", b"b")],
)
def test_what_may_not_go_on_the_wire(name: str, value: Any) -> None:
    jar = RequestsCookieJar()
    jar.set(name, value)
    with pytest.raises(InvalidHeader) as caught:
        cookie_header_for(jar, HTTPS)
    assert isinstance(caught.value, ValueError)
    jar = RequestsCookieJar()
    jar.set(name, value, domain="elsewhere.example")
    assert cookie_header_for(jar, HTTPS) is None


def test_the_error_does_not_show_the_value() -> None:
    with pytest.raises(InvalidHeader) as caught:
        cookie_header_for(cookiejar_from_dict({"a": "s3cret\n"}), HTTPS)
    assert "s3cret" not in str(caught.value)


def test_numbers_as_values() -> None:
    assert cookie_header_for(cookiejar_from_dict({"a": 1, 2: "b"}), HTTPS) == "a=1; 2=b"  # type: ignore[dict-item]  # a caller may


def test_extra_cookies_win_over_the_jar() -> None:
    jar = received((WWW, "a=1", "b=1"))
    jar.set("c", "1")
    extra = cookiejar_from_dict({"c": "2", "d": "2"})
    extra.set("a", "2", domain="www.example.com")
    header = cookie_header_for(jar, WWW, extra)
    assert header is not None
    assert sorted(header.split("; ")) == ["a=2", "b=1", "c=2", "d=2"]
    assert len(jar) == 3
    assert cookie_header_for(RequestsCookieJar(), WWW, RequestsCookieJar()) is None
    assert cookie_header_for(stock_jar(), WWW, extra) == "n=v; c=2; d=2; a=2"


@pytest.mark.parametrize("kind", [RequestsCookieJar, http.cookiejar.CookieJar])
def test_cookies_of_no_domain_can_be_left_out(kind: type[http.cookiejar.CookieJar]) -> None:
    jar, extra = kind(), kind()
    for each, name in ((jar, "a"), (extra, "b")):
        each.set_cookie(create_cookie(name, "1"))
        each.set_cookie(create_cookie(name + name, "1", domain="www.example.com"))
    assert cookie_header_for(jar, WWW, unbound=False) == "aa=1"
    assert cookie_header_for(jar, WWW, extra, unbound=False) == "aa=1; bb=1"
    assert len(jar) == 2
    assert cookie_header_for(kind(), WWW, unbound=False) is None


# -- the API of requests -------------------------------------------------------


def fill(module: Any) -> Any:
    jar = module.RequestsCookieJar()
    jar.set("a", "1")
    jar["b"] = "2"
    jar.set("c", "3", domain="h.example", path="/x")
    jar.set("c", "4", domain="i.example", path="/y", secure=True, expires=4102444800)
    jar.set("gone", "5")
    jar.set("gone", None)
    jar.update({"u": "6"})
    jar.set("m", SimpleCookie("m=7; path=/z; max-age=100; secure; httponly")["m"])
    return jar


OUTCOMES = {
    "keys": lambda jar: jar.keys(),
    "values": lambda jar: jar.values(),
    "items": lambda jar: jar.items(),
    "iterators": lambda jar: [*jar.iterkeys(), *jar.itervalues(), *jar.iteritems()],
    "len": len,
    "bool": bool,
    "dict": lambda jar: jar.get_dict(),
    "dict of domain": lambda jar: jar.get_dict(domain="h.example"),
    "dict of path": lambda jar: jar.get_dict(path="/y"),
    "dict()": lambda jar: dict({k: v for k, v in jar.items() if k != "c"}),
    "domains": lambda jar: jar.list_domains(),
    "paths": lambda jar: jar.list_paths(),
    "get": lambda jar: (jar.get("a"), jar.get("none"), jar.get("none", 1)),
    "get where": lambda jar: (jar.get("c", domain="h.example"), jar.get("c", path="/y")),
    "get nowhere": lambda jar: jar.get("c", domain="z.example"),
    "item": lambda jar: jar["b"],
    "in": lambda jar: ("a" in jar, "c" in jar, "none" in jar),
    "pop": lambda jar: (jar.pop("a"), jar.pop("none", None), jar.keys()),
    "setdefault": lambda jar: (jar.setdefault("a", "9"), jar.setdefault("n", "9")),
    "del": lambda jar: (jar.__delitem__("c"), jar.keys()),
    "equal": lambda jar: (jar == jar.copy(), jar == {"a": "1"}),
    "clear": lambda jar: (jar.clear("h.example"), jar.keys(), jar.clear(), jar.keys()),
    "session": lambda jar: (jar.clear_session_cookies(), jar.keys()),
    "str": str,
    "cookies": lambda jar: [
        {k: v for k, v in vars(c).items() if not k.startswith("_") and k != "expires"} for c in jar
    ],
    "pickled": lambda jar: pickle.loads(pickle.dumps(jar)).items(),
    "copied": lambda jar: (copy.copy(jar).items(), copy.deepcopy(jar).items(), jar.copy().items()),
    "policy": lambda jar: type(jar.get_policy()),
    "missing": lambda jar: jar["none"],
    "conflict": lambda jar: jar["c"],
    "conflict in get": lambda jar: jar.get("c"),
    "unknown parameter": lambda jar: jar.set("a", "b", colour="red"),
}


def outcome(action: Any, jar: Any) -> Any:
    try:
        return action(jar)
    except Exception as error:
        # What code that was written for requests can catch.
        builtin = (KeyError, RuntimeError, TypeError, ValueError)
        return {cls.__name__ for cls in builtin if isinstance(error, cls)}


@pytest.mark.parametrize("name", OUTCOMES)
def test_as_in_requests(name: str) -> None:
    theirs = pytest.importorskip("requests.cookies")
    expected = outcome(OUTCOMES[name], fill(theirs))
    found = outcome(OUTCOMES[name], fill(ours))
    if isinstance(expected, set):
        assert expected <= found
    else:
        assert found == expected


def test_multiple_domains() -> None:
    jar = RequestsCookieJar()
    jar.set("a", "1", domain="h.example")
    jar.set("b", "1", domain="h.example")
    assert not jar.multiple_domains()
    jar.set("a", "1", domain="i.example")
    assert jar.multiple_domains()


def test_conflicts_are_of_the_family() -> None:
    with pytest.raises(CookieConflictError, match=r"h\.example/x, i\.example/y") as caught:
        fill(ours)["c"]
    assert isinstance(caught.value, RequestException)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)


def test_from_a_dictionary() -> None:
    jar = cookiejar_from_dict({"a": "1"})
    assert cookiejar_from_dict({"a": "2", "b": "2"}, jar, overwrite=False) is jar
    assert jar.items() == [("a", "1"), ("b", "2")]
    cookiejar_from_dict({"a": "2"}, jar)
    assert jar["a"] == "2"
    assert len(cookiejar_from_dict(None)) == 0
    stock = cookiejar_from_dict({"a": "1"}, http.cookiejar.CookieJar())
    assert only(stock).name == "a"
    for wrong in (["a"], "a=b", [("a", "b")], 1):
        with pytest.raises(InvalidOption):
            cookiejar_from_dict(wrong)  # type: ignore[call-overload]  # the point


def test_merging() -> None:
    jar = cookiejar_from_dict({"a": "1"})
    assert merge_cookies(jar, {"a": "2", "b": "2"}) is jar
    assert jar.items() == [("a", "1"), ("b", "2")]
    other = cookiejar_from_dict({"a": "3"})
    merge_cookies(jar, other)
    assert jar["a"] == "3"
    assert all(cookie is not only(other) for cookie in jar)
    assert merge_cookies(jar, None) is jar
    with pytest.raises(InvalidOption) as caught:
        merge_cookies({}, {})  # type: ignore[type-var]  # the point
    assert isinstance(caught.value, ValueError)


def test_removing_by_name() -> None:
    jar = fill(ours)
    remove_cookie_by_name(jar, "c", domain="h.example")
    assert jar["c"] == "4"
    remove_cookie_by_name(jar, "c", path="/elsewhere")
    assert jar["c"] == "4"
    remove_cookie_by_name(jar, "c")
    assert "c" not in jar


@pytest.mark.parametrize(
    ("attribute", "value", "expires"),
    [
        ("max-age", "", None),
        ("expires", "", None),
        ("expires", "Thu, 01-Jan-1970 00:00:01 GMT", 1),
        ("expires", "Thu, 01 Jan 1970 00:00:01 GMT", 1),
        ("expires", 100, InvalidOption),
        ("expires", "woops", InvalidOption),
        ("max-age", "woops", InvalidOption),
    ],
)
def test_morsels(attribute: str, value: Any, expires: Any) -> None:
    morsel = SimpleCookie("a=b")["a"]
    morsel[attribute] = value
    if expires is InvalidOption:
        with pytest.raises(InvalidOption) as caught:
            morsel_to_cookie(morsel)
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, TypeError)
    else:
        assert morsel_to_cookie(morsel).expires == expires


def test_a_morsels_age() -> None:
    morsel = SimpleCookie("a=b; max-age=60")["a"]
    assert abs((morsel_to_cookie(morsel).expires or 0) - time.time() - 60) < 5


@pytest.mark.parametrize(
    "settings", [{"colour": 1}, {"expires": "x"}, {"expires": float("inf")}, {"domain": 5}]
)
def test_what_a_cookie_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        create_cookie("a", "b", **settings)


# -- pickles, copies, files ----------------------------------------------------


@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy", "update", "file", "merge"])
def test_host_only_cookies_stay_so(way: str, tmp_path: Path) -> None:
    jar = received(
        (WWW, "host=1; Secure; Max-Age=99; HttpOnly", "domain=1; Domain=www.example.com")
    )
    other = RequestsCookieJar()
    if way == "pickle":
        other = pickle.loads(pickle.dumps(jar))
    elif way == "copy":
        other = jar.copy()
    elif way == "deepcopy":
        other = copy.deepcopy(jar)
    elif way == "update":
        other.update(jar)
    elif way == "merge":
        merge_cookies(other, jar)
    else:
        jar.save(tmp_path / "jar")
        other.load(tmp_path / "jar")
    assert [vars(c) for c in other] == [vars(c) for c in jar]
    assert cookie_header_for(other, SUB) == "domain=1"
    assert cookie_header_for(other, WWW) == "host=1; domain=1"
    assert cookie_header_for(other, WWW.replace("https", "http")) == "domain=1"
    store_from_response(other, WWW, ["more=1"])
    assert "more" in other
    assert "more" not in jar


def test_a_copy_keeps_the_class_and_the_policy() -> None:
    class Jar(RequestsCookieJar):
        def __init__(self, needed: str) -> None:
            super().__init__()
            self.needed = needed

    jar = Jar("x")
    policy = http.cookiejar.DefaultCookiePolicy(blocked_domains=["h.example"])
    jar.set_policy(policy)
    twin = jar.copy()
    assert isinstance(twin, Jar)
    assert twin.needed == "x"
    assert twin.get_policy() is policy


def test_the_file(tmp_path: Path) -> None:
    path = tmp_path / "jar.json"
    path.write_text("old")
    path.chmod(0o644)
    inode = path.stat().st_ino
    jar = received((HTTPS, "session=1", "lasting=1; Max-Age=1000"))
    jar.set("over", "1", expires=1)
    jar.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_ino != inode
    assert os.listdir(tmp_path) == ["jar.json"]
    loaded = RequestsCookieJar()
    loaded.load(str(path))
    assert sorted(loaded.keys()) == ["lasting", "session"]


def test_a_symbolic_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = tmp_path / "jar"
    path.symlink_to(victim)
    cookiejar_from_dict({"a": "1"}).save(path)
    assert victim.read_text() == "precious"
    assert not path.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = RequestsCookieJar()
    loaded.load(path)
    assert loaded["a"] == "1"


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_save_that_breaks_off_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = tmp_path / "jar"
    cookiejar_from_dict({"a": "1"}).save(path)

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, full)
    with pytest.raises(CookieFileError, match="No space"):
        cookiejar_from_dict({"a": "2"}).save(path)
    loaded = RequestsCookieJar()
    loaded.load(path)
    assert loaded["a"] == "1"
    assert os.listdir(tmp_path) == ["jar"]


@pytest.mark.parametrize("value", ["Strict", "Lax", "None", "Odd", ""])
def test_same_site_is_for_browsers(value: str) -> None:
    jar = received((HTTPS, f"a=b; SameSite={value}"))
    assert cookie_header_for(jar, HTTPS) == "a=b"


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "jar"
    cookiejar_from_dict({"a": "1"}).save(path)
    before = path.read_bytes()
    jar = cookiejar_from_dict({"a": object()})
    with pytest.raises(CookieFileError):
        jar.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["jar"]
    with pytest.raises(CookieFileError):
        jar.save(tmp_path / "missing" / "jar")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CookieFileError):
        cookiejar_from_dict({"a": "1"}).save(tmp_path / "folder")
    assert sorted(os.listdir(tmp_path)) == ["folder", "jar"]


def broken(**changes: Any) -> str:
    jar = cookiejar_from_dict({"ok": "1"})
    jar.set("a", "b")
    entries = [_cookie_files.to_json(c) for c in jar]
    entries[-1].update(changes)
    return json.dumps({"format": "ulak-cookies-1", "cookies": entries})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"format": "other", "cookies": []}',
        '{"format": "ulak-cookies-1"}',
        '{"format": "ulak-cookies-1", "cookies": [1]}',
        '{"format": "ulak-cookies-1", "cookies": [{}]}',
        "[" * 100_000,
        "\xff",
        "# Netscape HTTP Cookie File",
        broken(name=1),
        broken(domain=None),
        broken(expires="x"),
        broken(expires=float("inf")),
        broken(expires=float("nan")),
        broken(rest=[]),
        broken(secure="yes"),
        broken(port_specified=True),
    ],
    ids=lambda text: text[:30],
)
def test_a_file_that_is_none_of_ours(text: str, tmp_path: Path) -> None:
    path = tmp_path / "jar"
    path.write_bytes(text.encode("latin-1"))
    jar = RequestsCookieJar()
    with pytest.raises(CookieFileError) as caught:
        jar.load(path)
    assert isinstance(caught.value, RequestException)
    assert len(jar) == 0


@pytest.mark.parametrize(
    "text",
    [
        "# Netscape HTTP Cookie File\nh.example\tFALSE\t/\tFALSE\t0\ta\tsecret\n",
        '#LWP-Cookies-2.0\nSet-Cookie3: a=secret; path="/"; domain=h.example; version=0\n',
        '[{"domain": "h.example", "name": "a", "value": "secret"}]',
        '{"format": "other", "cookies": ["secret"]}',
        "\xff secret",
        "",
    ],
)
def test_whose_file_it_is_not(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(CookieFileError) as caught:
        RequestsCookieJar().load(path)
    said = str(caught.value)
    assert said.startswith(f"cookies cannot be loaded from {str(path)!r}: it is no cookie file of")
    assert "http.cookiejar.MozillaCookieJar" in said
    assert "secret" not in said


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CookieFileError, match="nowhere"):
        RequestsCookieJar().load(tmp_path / "nowhere")


# -- http.cookiejar ------------------------------------------------------------


def stock_jar() -> http.cookiejar.CookieJar:
    jar = http.cookiejar.CookieJar()
    jar.set_cookie(create_cookie("n", "v", domain="www.example.com"))
    return jar


def info(*lines: str) -> MockResponse:
    message = Message()
    for line in lines:
        message["Set-Cookie"] = line
    return MockResponse(message)


def test_it_is_a_cookie_jar_for_urllib() -> None:
    jar: Any = RequestsCookieJar()
    request = urllib.request.Request("https://www.example.com/")
    jar.extract_cookies(info("a=1; Secure", "b=2; Domain=com", "c=3; Domain=example.com"), request)
    assert sorted(jar.keys()) == ["a", "c"]
    jar.add_cookie_header(request)
    assert request.get_header("Cookie") == "a=1; c=3"
    other = urllib.request.Request("http://other.example.com/")
    jar.add_cookie_header(other)
    assert other.get_header("Cookie") == "c=3"
    other.add_unredirected_header("Cookie", "mine")
    jar.add_cookie_header(other)
    assert other.get_header("Cookie") == "mine"
    assert isinstance(jar, http.cookiejar.CookieJar)


def test_stock_jars_decide_by_their_own_policy(tmp_path: Path) -> None:
    policy = http.cookiejar.DefaultCookiePolicy(blocked_domains=["www.example.com"])
    jar = http.cookiejar.MozillaCookieJar(tmp_path / "jar", policy=policy)
    store_from_response(jar, HTTPS, ["a=1"])
    assert len(jar) == 0
    store_from_response(jar, APEX, ["a=1; Max-Age=1000", "b=2; HttpOnly"])
    assert cookie_header_for(jar, APEX) == "a=1; b=2"
    assert cookie_header_for(jar, EVIL) is None
    jar.save()
    again = http.cookiejar.MozillaCookieJar(tmp_path / "jar")
    again.load()
    assert cookie_header_for(again, APEX) == "a=1"


def test_stock_jars_are_checked_as_well() -> None:
    jar = http.cookiejar.CookieJar()
    jar.set_cookie(create_cookie("a", "b\r\nX: y"))
    with pytest.raises(InvalidHeader):
        cookie_header_for(jar, HTTPS)


class Refuse(http.cookiejar.CookiePolicy):
    """What callers of requests set to have no cookies at all."""

    netscape = True
    rfc2965 = hide_cookie2 = False

    def set_ok(self, cookie: Any, request: Any) -> bool:
        return False

    def return_ok(self, cookie: Any, request: Any) -> bool:
        return False


def test_a_policy_that_refuses_everything() -> None:
    jar = RequestsCookieJar(Refuse())
    jar.set("a", "b")
    store_from_response(jar, HTTPS, ["c=d"])
    assert jar.keys() == ["a"]
    assert cookie_header_for(jar, HTTPS) is None


@pytest.mark.parametrize("url", [HTTPS, "http://localhost/", "http://127.0.0.1/", "http://[::1]/"])
def test_the_default_policy_refuses_nothing_that_is_right(url: str) -> None:
    jar = RequestsCookieJar()
    jar.set_policy(http.cookiejar.DefaultCookiePolicy())
    store_from_response(jar, url, ["a=b; Path=/"])
    assert cookie_header_for(jar, url) == "a=b"
    store_from_response(jar, url, ["wrong=1; Domain=com", "__Host-x=1"])
    assert len(jar) == 1


def test_a_policy_that_was_handed_out_is_asked() -> None:
    jar = RequestsCookieJar()
    policy: Any = jar.get_policy()
    policy.set_blocked_domains(["www.example.com"])
    store_from_response(jar, HTTPS, ["a=b"])
    assert len(jar) == 0
    assert jar.get_policy() is policy
    store_from_response(other := RequestsCookieJar(), HTTPS, ["a=b"])
    assert len(other) == 1


def test_a_stock_jar_is_copied_with_its_kind_and_policy() -> None:
    jar = http.cookiejar.LWPCookieJar(policy=Refuse())
    jar.set_cookie(create_cookie("a", "b"))
    twin = copy_cookie_jar(jar)
    assert type(twin) is http.cookiejar.LWPCookieJar
    assert isinstance(twin._policy, Refuse)  # type: ignore[attr-defined]  # http.cookiejar's own
    twin.clear()
    assert len(jar) == 1
    assert type(copy_cookie_jar(RequestsCookieJar())) is RequestsCookieJar


class Asked:
    """A prepared request, as far as cookies care."""

    method = "GET"

    def __init__(self, url: str, **headers: str) -> None:
        self.url = url
        self.headers = headers


class Answer:
    """A urllib3 response, as far as cookies care."""

    def __init__(self, *lines: str) -> None:
        from urllib3 import HTTPHeaderDict

        self.headers = HTTPHeaderDict([("Set-Cookie", line) for line in lines])


def test_requests_and_responses() -> None:
    jar = RequestsCookieJar()
    extract_cookies_to_jar(
        jar, Asked(HTTPS), Answer("a=1", "b=2; Expires=Fri, 31 Dec 9999 23:59:59 GMT")
    )
    assert get_cookie_header(jar, Asked(HTTPS)) == "a=1; b=2"
    assert get_cookie_header(jar, Asked(HTTPS, Cookie="mine")) is None
    assert get_cookie_header(jar, Asked(EVIL)) is None
    # A Host header of the caller's own says whose cookies they are.
    assert (
        get_cookie_header(jar, Asked("https://127.0.0.1/a/", Host="www.example.com")) == "a=1; b=2"
    )
    extract_cookies_to_jar(jar, Asked(HTTPS), object())
    assert len(jar) == 2


def test_a_response_of_http_client_inside() -> None:
    class Original:
        msg = info("a=1", "b=2").info()

    class Raw:
        _original_response = Original()

    jar = http.cookiejar.CookieJar()
    extract_cookies_to_jar(jar, Asked(HTTPS), Raw())
    assert sorted(c.name for c in jar) == ["a", "b"]


def test_the_stand_in_for_a_request() -> None:
    request = MockRequest(Asked("https://h.example:8443/x", Host="i.example", X="y"))
    assert request.get_full_url() == "https://i.example/x"
    assert request.host == request.origin_req_host == request.get_host() == "h.example:8443"
    assert request.type == request.get_type() == "https"
    assert request.unverifiable
    assert request.has_header("X")
    assert request.get_header("X") == "y"
    assert request.get_header("Z", "none") == "none"
    request.add_unredirected_header("Cookie", "a=b")
    assert request.has_header("Cookie")
    assert request.get_new_headers() == {"Cookie": "a=b"}
    with pytest.raises(NotImplementedError):
        request.add_header("A", "b")


# -- threads -------------------------------------------------------------------


class Meanwhile(http.cookiejar.Cookie):
    """A cookie during whose copying another thread sets a cookie in the same jar."""

    jar: RequestsCookieJar

    def __getstate__(self) -> dict[str, Any]:
        other = threading.Thread(target=self.jar.set, args=("b", "2"), kwargs={"domain": "b.c"})
        other.start()
        other.join()
        return {name: value for name, value in self.__dict__.items() if name != "jar"}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda jar: pickle.loads(pickle.dumps(jar))])
def test_a_jar_is_copied_and_pickled_while_others_use_it(copied: Any) -> None:
    jar = RequestsCookieJar()
    cookie = create_cookie("a", "1", domain="a.b")
    cookie.__class__ = Meanwhile
    cookie.__dict__["jar"] = jar
    jar.set_cookie(cookie)
    other = copied(jar)
    assert other.get_dict() == {"a": "1"}
    assert jar.get_dict() == {"a": "1", "b": "2"}
    other.set("c", "3")
    assert "c" not in jar


def test_a_shallow_copy_of_a_jar_is_a_jar_of_its_own() -> None:
    jar = RequestsCookieJar()
    jar.set("a", "1")
    copy.copy(jar).set("b", "2")
    assert jar.get_dict() == {"a": "1"}


def test_many_threads_one_jar() -> None:
    jar = RequestsCookieJar()
    errors: list[BaseException] = []
    start = threading.Barrier(6)

    def work(number: int) -> None:
        try:
            start.wait()
            for i in range(150):
                url = f"https://h{number}.example/"
                store_from_response(jar, url, [f"a{i % 40}=1", f"b=2; Max-Age={i % 2}"])
                cookie_header_for(jar, url)
                jar.set(f"mine{number}", str(i))
                list(jar), len(jar), jar.get_dict()
                jar.copy()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert jar["mine3"] == "149"
    assert sum(c.domain == "h5.example" for c in jar) >= 40
