"""The helpers of ``ulak.utils`` give what those of requests give."""

from __future__ import annotations

import io
import re
import types
import warnings
import zipfile
from collections import OrderedDict
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest
import requests
import requests.certs
import requests.compat
import requests.help
import requests.utils

import ulak
import ulak.certs
import ulak.compat
import ulak.help
import ulak.utils


def _result(module: Any, name: str, arguments: tuple[Any, ...]) -> Any:
    """What a helper gives, or the class of what it raises; iterators as lists."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = getattr(module, name)(*arguments)
        except Exception as error:
            value = type(error).__name__
        if isinstance(value, types.GeneratorType) or hasattr(value, "__next__"):
            value = list(value)
    return value, [warning.category.__name__ for warning in caught]


class Sized:
    """Knows how much is left of it."""

    len = 7


class Named(io.BytesIO):
    name = "/tmp/some.txt"


def _read_to(position: int) -> io.BytesIO:
    body = io.BytesIO(b"0123456789")
    body.seek(position)
    return body


_URLS = [
    "http://user:pa%20ss@host:80/p?q#f",
    "http://host/p",
    "//user:p@host/p",
    "http://user@host/",
    "mailto:a@b",
    "",
]
_QUOTED = ["http://h/%7euser/%2F?a=b c", "http://h/ü", "http://h/100%", "http://h/%zz", "%%20"]
_BYTES = ['{"a":1}'.encode(x) for x in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32-le")]

_CALLS: dict[str, list[tuple[Any, ...]]] = {
    "address_in_network": [("192.168.1.1", "192.168.1.0/24"), ("172.16.0.1", "192.168.1.0/24")],
    "check_header_validity": [
        (header,)
        for header in [("A", "b"), (b"A", b"b"), ("A", " b"), ("A", "b\n"), ("A\r", "b"), ("A", 1)]
    ],
    "dict_from_cookiejar": [(ulak.cookies.cookiejar_from_dict({"a": "1"}),)],
    "dict_to_sequence": [({"a": 1}.items(),), ([("a", 1)],)],
    "dotted_netmask": [(0,), (8,), (24,), (32,)],
    "extract_zipped_paths": [("/no/such/file",), (__file__,), (f"{__file__}/inner",), ("",)],
    "from_key_val_list": [([("a", 1)],), ({"a": 1},), (None,), ("text",), (1,), (b"x",)],
    "get_auth_from_url": [(url,) for url in _URLS],
    "get_encoding_from_headers": [
        (requests.structures.CaseInsensitiveDict(headers),)
        for headers in [
            {},
            {"content-type": "text/html"},
            {"Content-Type": "text/html; charset=utf-8"},
            {"Content-Type": "application/json"},
            {"Content-Type": "application/json; charset='latin-1'"},
            {"Content-Type": "image/png"},
        ]
    ],
    "get_encodings_from_content": [
        ('<meta charset="utf-8">',),
        ('<meta http-equiv="x" content="text/html; charset=latin-1">',),
        ('<?xml version="1.0" encoding="iso-8859-5"?>',),
        ("<p>none</p>",),
    ],
    "guess_filename": [(Named(),), (io.BytesIO(),), ("text",)],
    "guess_json_utf": [(text,) for text in _BYTES],
    "is_ipv4_address": [("8.8.8.8",), ("8.8.8.8.8",), ("localhost",), ("",)],
    "is_valid_cidr": [
        (net,) for net in ("192.168.1.0/24", "8.8.8.8", "192.168.1.0/a", "1.2.3.4/0", "1.2.3.4/33")
    ],
    "iter_slices": [("abcdefg", 3), (b"abc", 2), ("abc", None), ("abc", 0), ("abc", -1), ("", 2)],
    "parse_dict_header": [('foo="is a fish", bar="as well"',), ("key_without_value",), ("",)],
    "parse_header_links": [('<http://h/a>; rel=front; type="image/jpeg", <http://h/b>',), ("",)],
    "parse_list_header": [('token, "quoted, value"',), ("a,b , c",), ("",)],
    "prepend_scheme_if_needed": [
        (url, "http") for url in ("example.com/pa", "http://u:p@h/x", "//h/p?q#f", "h:8080/p")
    ],
    "requote_uri": [(uri,) for uri in _QUOTED],
    "select_proxy": [
        ("http://a.b/p", {"http": "h", "http://a.b": "x"}),
        ("https://a.b/p", {"all": "y", "all://a.b": "z"}),
        ("https://a.b/p", {"http": "h"}),
        ("https://a.b/p", None),
    ],
    "should_bypass_proxies": [
        (url, no_proxy)
        for url in ("http://192.168.0.1:5000/", "http://localhost/", "http://sub.h.com/")
        for no_proxy in ("192.168.0.0/24,localhost", "h.com", "*", "", None)
    ],
    "super_len": [
        (body,)
        for body in (b"abc", "aüc", Sized(), _read_to(0), _read_to(4), [1, 2], None, 5, iter(()))
    ],
    "to_key_val_list": [([("a", 1)],), ({"a": 1},), (None,), ("text",), (True,), (((1, 2),),)],
    "to_native_string": [("a",), (b"a",), (b"\xff", "latin-1"), (b"\xff",)],
    "unquote_header_value": [
        (value, is_filename)
        for value in (r'"a\"b\\c"', '"a', "a", "", r'"\\server\file"', '""')
        for is_filename in (False, True)
    ],
    "unquote_unreserved": [(uri,) for uri in _QUOTED],
    "urldefragauth": [(url,) for url in _URLS if "//" in url],
    "_parse_content_type_header": [
        ("application/json",),
        ("text/html; charset=utf-8; boundary='a'",),
        ("a/b ; Charset = UTF-8 ",),
    ],
}
_EACH = [(name, arguments) for name, calls in _CALLS.items() for arguments in calls]
_IDS = [f"{name}-{number}" for name, calls in _CALLS.items() for number in range(len(calls))]


@pytest.mark.parametrize("name,arguments", _EACH, ids=_IDS)
def test_a_helper_gives_what_that_of_requests_gives(
    monkeypatch: pytest.MonkeyPatch, name: str, arguments: tuple[Any, ...]
) -> None:
    monkeypatch.setenv("no_proxy", "sub.h.com")
    assert _result(ulak.utils, name, arguments) == _result(requests.utils, name, arguments)


@pytest.mark.parametrize("module", [requests.utils, ulak.utils], ids=["requests", "ulak"])
class TestBoth:
    """What is stated of one holds for the other."""

    def test_set_environ(self, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        import os

        monkeypatch.setenv("ULAK_SET", "before")
        monkeypatch.delenv("ULAK_NEW", raising=False)
        with pytest.raises(KeyError), module.set_environ("ULAK_SET", "inside"):
            assert os.environ["ULAK_SET"] == "inside"
            raise KeyError
        with module.set_environ("ULAK_NEW", "inside"), module.set_environ("ULAK_SET", None):
            assert (os.environ["ULAK_NEW"], os.environ["ULAK_SET"]) == ("inside", "before")
        assert os.environ["ULAK_SET"] == "before" and "ULAK_NEW" not in os.environ

    def test_atomic_open(self, module: Any, tmp_path: Path) -> None:
        place = tmp_path / "file"
        with module.atomic_open(str(place)) as file:
            file.write(b"whole")
            assert not place.exists()
        with pytest.raises(KeyError), module.atomic_open(str(place)) as file:
            file.write(b"ha")
            raise KeyError
        assert place.read_bytes() == b"whole" and list(tmp_path.iterdir()) == [place]

    def test_extract_zipped_paths(
        self, module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("inner/member.pem", "pem")
        found = module.extract_zipped_paths(str(tmp_path / "a.zip" / "inner" / "member.pem"))
        assert Path(found).read_text() == "pem" and Path(found).parent == tmp_path
        missing = str(tmp_path / "a.zip" / "inner" / "other")
        assert module.extract_zipped_paths(missing) == missing

    def test_netrc(self, module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = tmp_path / "netrc"
        monkeypatch.setenv("NETRC", str(file))
        assert module.get_netrc_auth("http://host/") is None
        file.write_text("machine host login user password secret\n")
        assert module.get_netrc_auth("http://host:80/") == ("user", "secret")
        assert module.get_netrc_auth("http://other/", raise_errors=True) is None

    def test_netrc_that_is_none(
        self, module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from netrc import NetrcParseError

        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        tmp_path.joinpath("netrc").write_text("machine\n")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ulak.exceptions.RequestsWarning)
            assert module.get_netrc_auth("http://host/") is None
        with pytest.raises(NetrcParseError):
            module.get_netrc_auth("http://host/", raise_errors=True)

    def test_environ_proxies(self, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", "http://p:1")
        monkeypatch.setenv("https_proxy", "http://p:2")
        monkeypatch.setenv("no_proxy", "exempt.com")
        proxies = module.get_environ_proxies("https://h/")
        assert (proxies["http"], proxies["https"]) == ("http://p:1", "http://p:2")
        assert module.get_environ_proxies("https://exempt.com/") == {}
        assert module.get_environ_proxies("https://h/", no_proxy="h") == {}
        request = requests.Request("GET", "https://h/").prepare()
        resolved = module.resolve_proxies(request, {"http": "http://own:1"})
        assert module.select_proxy("https://h/", resolved) == "http://p:2"
        assert module.resolve_proxies(request, {}, trust_env=False) == {}

    def test_jars(self, module: Any) -> None:
        jar = CookieJar()
        assert module.add_dict_to_cookiejar(jar, {"a": "1", "b": "2"}) is jar
        assert module.dict_from_cookiejar(jar) == {"a": "1", "b": "2"}

    def test_text_of_a_response(self, module: Any) -> None:
        response = requests.Response()
        response.encoding = "utf-8"
        pieces = [b"\xc3", b"\xa4b"]
        assert "".join(module.stream_decode_response_unicode(iter(pieces), response)) == "äb"
        response.encoding = None
        assert list(module.stream_decode_response_unicode(iter(pieces), response)) == pieces
        response._content = "ä".encode("latin-1")
        response.headers["content-type"] = "text/plain; charset=latin-1"
        with pytest.warns(DeprecationWarning, match="get_unicode_from_response"):
            assert module.get_unicode_from_response(response) == "ä"

    def test_order_is_kept(self, module: Any) -> None:
        assert type(module.from_key_val_list([("b", 1), ("a", 2)])) is OrderedDict


def test_a_body_is_rewound() -> None:
    body = _read_to(3)
    request = ulak.Request("POST", "http://h/", data=body).prepare()
    body.read()
    ulak.utils.rewind_body(request)
    assert body.tell() == 3
    request = ulak.Request("POST", "http://h/", data=iter([b"a"])).prepare()
    with pytest.raises(ulak.exceptions.UnrewindableBodyError):
        ulak.utils.rewind_body(request)


def test_deprecated_helpers_point_to_the_caller() -> None:
    with pytest.warns(DeprecationWarning) as caught:
        ulak.utils.get_encodings_from_content("")
    assert caught[0].filename == __file__


def test_the_names_of_compat_are_what_those_of_requests_are() -> None:
    for name in set(ulak.compat.__all__) - {"has_simplejson", "chardet"}:
        assert getattr(ulak.compat, name) == getattr(requests.compat, name), name


def test_the_patterns_for_headers_are_those_of_requests() -> None:
    for kind, patterns in ulak.utils.HEADER_VALIDATORS.items():
        for ours, theirs in zip(patterns, requests.utils.HEADER_VALIDATORS[kind], strict=True):
            for text in ("", "a", " a", "a b", "a\n", "a\r", "a:b", ":", "\xff", "a\n b"):
                value: Any = text if kind is str else text.encode("latin-1")
                assert bool(ours.match(value)) == bool(re.match(theirs, value)), (ours, value)


def test_certs_and_help() -> None:
    assert ulak.certs.where() == requests.certs.where() == ulak.utils.DEFAULT_CA_BUNDLE_PATH
    ours, theirs = ulak.help.info(), requests.help.info()
    assert ours.keys() - {"ulak"} == theirs.keys()
    same = ("platform", "implementation", "system_ssl", "urllib3", "idna", "charset_normalizer")
    assert {key: ours[key] for key in same} == {key: theirs[key] for key in same}
    assert ours["ulak"] == {"version": ulak.__version__}
