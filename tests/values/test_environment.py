"""The environment: proxies, NO_PROXY, CA bundles and netrc files."""

from __future__ import annotations

import os
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulak import _environment
from ulak._environment import (
    Netrc,
    bypasses_proxy,
    ca_bundle,
    environment_proxies,
    netrc_credentials,
    normalise_proxy,
    resolve_proxies,
    select_proxy,
)
from ulak.exceptions import InvalidProxyURL, InvalidURL, RequestException, RequestsWarning

Setter = Callable[..., None]


@pytest.fixture(autouse=True)
def setenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Setter:
    """Empty the environment of everything that is read here; give a way to set it."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("REQUEST_METHOD", "NETRC", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(_environment, "_SYSTEM_SETTINGS", False)

    def setenv(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return setenv


# -- proxies of the environment ----------------------------------------------


@pytest.mark.parametrize(
    ("variables", "url", "expected"),
    [
        ({}, "http://h/", {}),
        ({"http_proxy": "p"}, "http://h/", {"http": "p"}),
        ({"HTTP_PROXY": "p"}, "http://h/", {"http": "p"}),
        ({"http_proxy": "p", "HTTP_PROXY": "q"}, "http://h/", {"http": "p"}),
        ({"http_proxy": "", "HTTP_PROXY": "q"}, "http://h/", {}),
        ({"http_proxy": "p"}, "HTTP://h/", {"http": "p"}),
        ({"http_proxy": "p"}, "https://h/", {}),
        ({"https_proxy": "p"}, "https://h/", {"https": "p"}),
        ({"HTTPS_PROXY": "p"}, "https://h/", {"https": "p"}),
        ({"all_proxy": "p"}, "http://h/", {"http": "p"}),
        ({"ALL_PROXY": "p"}, "https://h/", {"https": "p"}),
        ({"http_proxy": "p", "all_proxy": "q"}, "http://h/", {"http": "p"}),
        ({"HTTP_PROXY": "p", "REQUEST_METHOD": "GET"}, "http://h/", {}),
        ({"http_proxy": "p", "REQUEST_METHOD": "GET"}, "http://h/", {"http": "p"}),
        ({"HTTPS_PROXY": "p", "REQUEST_METHOD": "GET"}, "https://h/", {"https": "p"}),
        ({"ftp_proxy": "p"}, "ftp://h/", {"ftp": "p"}),
        ({"FTP_PROXY": "p"}, "Ftp://h/", {"ftp": "p"}),
        ({"http_proxy": "p"}, "\udc80=\x00://h/", {}),
        ({"http_proxy": "p", "no_proxy": "h"}, "http://h/", {}),
        ({"http_proxy": "p", "NO_PROXY": "h"}, "http://h/", {}),
        ({"http_proxy": "p", "no_proxy": "x", "NO_PROXY": "h"}, "http://h/", {"http": "p"}),
        ({"http_proxy": "p", "no_proxy": "", "NO_PROXY": "h"}, "http://h/", {"http": "p"}),
    ],
)
def test_environment_proxies(
    setenv: Setter, variables: dict[str, str], url: str, expected: dict[str, str]
) -> None:
    setenv(**variables)
    assert environment_proxies(url) == expected


def test_a_no_proxy_that_is_passed_stands_for_the_environments(setenv: Setter) -> None:
    setenv(http_proxy="p", no_proxy="h")
    assert environment_proxies("http://h/", "x") == {"http": "p"}
    assert environment_proxies("http://x/", "x") == {}
    assert environment_proxies("http://h/", "") == {"http": "p"}


def test_a_change_of_the_environment_counts_at_once(setenv: Setter) -> None:
    assert environment_proxies("http://h/") == {}
    setenv(http_proxy="p")
    assert environment_proxies("http://h/") == {"http": "p"}


def test_the_systems_settings_count_when_no_variable_is_set(
    setenv: Setter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_environment, "_SYSTEM_SETTINGS", True)
    system = {"http": "S", "https": "T", "ftp": "U"}
    monkeypatch.setattr("urllib.request.getproxies", lambda: system)
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: host == "local")
    assert environment_proxies("http://h/") == {"http": "S"}
    assert environment_proxies("http://local/") == {}
    setenv(REQUEST_METHOD="GET")
    assert environment_proxies("http://h/") == {}
    assert environment_proxies("https://h/") == {"https": "T"}
    setenv(https_proxy="E")
    assert environment_proxies("https://h/") == {"https": "E"}


def test_nothing_is_slow_when_nothing_is_set() -> None:
    calls = 0

    def count(_frame: object, event: str, _what: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        environment_proxies("http://h/")
    finally:
        sys.setprofile(None)
    # Five calls for each of four names; walking the environment takes hundreds.
    assert 0 < calls < 60


# -- NO_PROXY ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("no_proxy", "host", "bypassed"),
    [
        ("*", "h", True),
        ("x, *", "[::1]", True),
        ("", "h", False),
        (" , ,", "h", False),
        ("example.com", "example.com", True),
        ("example.com", "sub.example.com", True),
        ("example.com", "a.b.example.com:8080", True),
        ("example.com", "notexample.com", False),
        ("example.com", "example.com.evil.org", False),
        ("example.com", "com", False),
        (".example.com", "example.com", True),
        (".example.com", "sub.example.com", True),
        (".example.com", "notexample.com", False),
        ("*.example.com", "sub.example.com", True),
        ("ex*.com", "example.com", False),
        ("EXAMPLE.Com", "eXample.com", True),
        ("example.com.", "example.com", True),
        ("example.com", "example.com.", True),
        ("a,example.com ,b", "example.com", True),
        ("a example.com\tb", "example.com", True),
        ("localhost", "localhost", True),
        ("localhost", "127.0.0.1", False),
        (".", "h", False),
        ("münchen.de", "xn--mnchen-3ya.de", True),
        ("xn--mnchen-3ya.de", "www.münchen.de", True),
        ("☃.net", "h", False),
        ("example.com:8080", "example.com:8080", True),
        ("example.com:8080", "example.com", False),
        ("example.com:80", "example.com", True),
        ("example.com:80", "example.com:080", True),
        ("example.com:x", "example.com", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1.", True),
        ("127.0.0.1:81", "127.0.0.1:81", True),
        ("127.0.0.1:81", "127.0.0.1", False),
        ("0.0.1", "127.0.0.1", False),
        (".0.0.1", "127.0.0.1", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.9.9.9/8", "10.1.2.3", True),
        ("10.0.0.0/8:81", "10.1.2.3:81", True),
        ("10.0.0.0/8:81", "10.1.2.3", False),
        ("10.0.0.0/8", "10.example.com", False),
        ("10.0.0.0/99", "10.0.0.0", False),
        ("0.0.0.0/0", "1.2.3.4", True),
        ("0.0.0.0/0", "h", False),
        ("0.0.0.0/0", "[::2]", False),
        ("::1", "[::1]", True),
        ("[::1]", "[::1]", True),
        ("[::1]", "[0:0::0:1]", True),
        ("[::1]:81", "[::1]:81", True),
        ("[::1]:81", "[::1]", False),
        ("::1", "[::2]", False),
        ("fd00::/8", "[fd12::1]", True),
        ("FD00::/8", "[FD12::1]", True),
        ("fd00::/8", "[fe80::1]", False),
        ("[fd00::]/8", "[fd12::1]", True),
        ("[fd00::]/8:81", "[fd12::1]:81", True),
        ("fe80::/10", "[fe80::1%25eth0]", True),
        ("10.0.0.0/8", "[::ffff:10.0.0.1]", True),
        ("::ffff:10.0.0.0/104", "10.1.2.3", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.0/104", "11.1.2.3", False),
        ("[", "h", False),
        ("/", "h", False),
        (":80", "h", False),
    ],
)
def test_no_proxy(no_proxy: str, host: str, bypassed: bool) -> None:
    assert bypasses_proxy(f"http://{host}/", no_proxy) is bypassed


def test_no_proxy_knows_the_default_port_of_https() -> None:
    assert bypasses_proxy("https://h/", "h:443")
    assert not bypasses_proxy("https://h/", "h:80")


def test_without_an_argument_the_environments_list_counts(setenv: Setter) -> None:
    assert not bypasses_proxy("http://h/", None)
    setenv(NO_PROXY="h")
    assert bypasses_proxy("http://h/", None)
    assert not bypasses_proxy("http://h/", "")


def test_a_url_without_a_host_needs_no_proxy() -> None:
    assert bypasses_proxy("file:///etc", "")


@given(st.text(max_size=40), st.sampled_from(["h.example", "127.0.0.1", "[::1]"]))
def test_any_text_is_a_no_proxy_list(no_proxy: str, host: str) -> None:
    assert bypasses_proxy(f"http://{host}/", no_proxy) in {True, False}
    assert bypasses_proxy(f"http://{host}/", f"{no_proxy},{host.strip('[]')}")


@pytest.mark.parametrize(
    "no_proxy",
    ["example.com", ".example.com", "*", "10.0.0.0/8", "10.0.0.1", "a,b, example.com", "h:8080"],
)
@pytest.mark.parametrize(
    "host", ["example.com", "sub.example.com", "10.0.0.1", "10.2.0.1", "h:8080", "h", "[::1]"]
)
def test_ordinary_no_proxy_lists_mean_what_they_mean_in_requests(no_proxy: str, host: str) -> None:
    utils = pytest.importorskip("requests.utils")
    url = f"http://{host}/"
    assert bypasses_proxy(url, no_proxy) == bool(utils.should_bypass_proxies(url, no_proxy))


# -- choosing ----------------------------------------------------------------

_ALL = {"http": "A", "all": "B", "http://h": "C", "all://h": "D"}


@pytest.mark.parametrize(
    ("url", "proxies", "chosen"),
    [
        ("http://h/", _ALL, "C"),
        ("http://H:81/", _ALL, "C"),
        ("http://other/", _ALL, "A"),
        ("https://h/", _ALL, "D"),
        ("https://other/", _ALL, "B"),
        ("http://h/", {"https": "A"}, None),
        ("http://h/", {}, None),
        ("http://h/", None, None),
        ("http://h/", {"http": None, "all": "B"}, None),
        ("http://h/", {"http": "", "all": "B"}, None),
        ("http://h/", {"http://h": None, "http": "A"}, None),
        ("file:///x", {"all": "B", "file": "A"}, "A"),
        ("file:///x", {"all": "B"}, "B"),
    ],
)
def test_select_proxy(url: str, proxies: dict[str, str] | None, chosen: str | None) -> None:
    assert select_proxy(url, proxies) == chosen


@pytest.mark.parametrize("url", ["http://h/", "http://other/x", "https://h/", "https://other/"])
@pytest.mark.parametrize("left_out", [(), ("http",), ("http://h",), ("http", "all"), ("all://h",)])
def test_proxies_are_selected_as_by_requests(url: str, left_out: tuple[str, ...]) -> None:
    utils = pytest.importorskip("requests.utils")
    proxies = {key: value for key, value in _ALL.items() if key not in left_out}
    assert select_proxy(url, proxies) == utils.select_proxy(url, proxies)


@pytest.mark.parametrize(
    ("proxies", "trust_env", "chosen"),
    [
        (None, True, "E"),
        (None, False, None),
        ({}, True, "E"),
        ({"http": "X"}, True, "X"),
        ({"all": "X"}, True, "X"),
        ({"http://h": "X"}, True, "X"),
        ({"https": "X"}, True, "E"),
        ({"https": "X"}, False, None),
        ({"http": None}, True, None),
        ({"http": "X", "no_proxy": "h"}, True, None),
        ({"http": "X", "no_proxy": "h"}, False, None),
        ({"http": "X", "no_proxy": "other"}, True, "X"),
        ({"no_proxy": "h"}, True, None),
        ({"no_proxy": "other"}, True, "E"),
    ],
)
def test_a_callers_proxies_win_over_the_environment(
    setenv: Setter, proxies: dict[str, str] | None, trust_env: bool, chosen: str | None
) -> None:
    setenv(http_proxy="E")
    before = dict(proxies) if proxies else proxies
    resolved = resolve_proxies("http://h/", proxies, trust_env)
    assert select_proxy("http://h/", resolved) == chosen
    assert proxies == before
    assert resolved is not proxies


def test_the_environments_no_proxy_does_not_touch_a_callers_proxies(setenv: Setter) -> None:
    setenv(http_proxy="E", no_proxy="h")
    assert resolve_proxies("http://h/", {"http": "X"}, True) == {"http": "X"}
    assert resolve_proxies("http://h/", {"https": "X"}, True) == {"https": "X"}


# -- the proxy's URL ---------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("localhost:3128", "http://localhost:3128"),
        ("proxy", "http://proxy"),
        ("//proxy:1", "http://proxy:1"),
        ("http://proxy:3128/", "http://proxy:3128"),
        ("HTTPS://Proxy:3128/x?y#z", "https://proxy:3128"),
        ("socks5h://u:p@[::1]:1080", "socks5h://u:p@[::1]:1080"),
        ("socks4a://proxy", "socks4a://proxy"),
        ("u:p@ss@proxy:1", "http://u:p%40ss@proxy:1"),
        (" http://proxy:1 \n", "http://proxy:1"),
        ("http://bücher.example:1", "http://xn--bcher-kva.example:1"),
    ],
)
def test_normalise_proxy(written: str, url: str) -> None:
    assert normalise_proxy(written) == url
    assert normalise_proxy(url) == url


@pytest.mark.parametrize(
    "written",
    [
        "",
        "proxy:",
        "http://",
        "http:///x",
        "ftp://user:secret@proxy",
        "http://user:secret@proxy:port",
        "http://user:secret@",
        "user:secret@proxy:99999",
        "http://user:sec/secret@proxy:1",
        "http://pro xy",
        "http:/proxy:1",
        "://proxy",
        "http://*",
        "socks5://[::1",
    ],
)
def test_unusable_proxies_are_refused_without_their_credentials(written: str) -> None:
    with pytest.raises(InvalidProxyURL) as caught:
        normalise_proxy(written)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert "secret" not in str(chain)
        chain = chain.__cause__


def test_errors_are_typed(setenv: Setter) -> None:
    setenv(http_proxy="p")
    for call in (environment_proxies, lambda url: select_proxy(url, {"http": "p"})):
        with pytest.raises(InvalidURL):
            call("http://*")


# -- CA bundles --------------------------------------------------------------


def test_ca_bundle(setenv: Setter) -> None:
    assert ca_bundle() is None
    setenv(REQUESTS_CA_BUNDLE="", CURL_CA_BUNDLE="/curl")
    assert ca_bundle() == "/curl"
    setenv(REQUESTS_CA_BUNDLE="/requests")
    assert ca_bundle() == "/requests"


# -- netrc -------------------------------------------------------------------


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a netrc file be looked at again at each lookup."""
    monkeypatch.setattr(_environment, "NETRC_INTERVAL", 0.0)
    yield


_FILE = """
machine example.com login user password secret
machine Mixed.Example login m password n
machine account.example account acc password pass
machine nologin.example password pass
machine ::1 login six password pass
"""


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.com", ("user", "secret")),
        ("mixed.example", ("m", "n")),
        ("account.example", ("acc", "pass")),
        ("nologin.example", ("", "pass")),
        ("sub.example.com", None),
        ("other", None),
        ("", None),
    ],
)
def test_netrc(tmp_path: Path, host: str, expected: tuple[str, str] | None) -> None:
    (tmp_path / ".netrc").write_text(_FILE)
    assert Netrc().lookup(host) == expected


def test_netrc_credentials_go_by_host_alone(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(_FILE)
    assert netrc_credentials("https://EXAMPLE.com:8443/x") == ("user", "secret")
    assert netrc_credentials("http://[::1]:81/") == ("six", "pass")
    assert netrc_credentials("file:///x") is None
    with pytest.raises(RequestException):
        netrc_credentials("http://*")


def test_the_default_entry_answers_for_other_hosts(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(_FILE + "default login d password e\n")
    assert Netrc().lookup("other") == ("d", "e")
    assert Netrc().lookup("example.com") == ("user", "secret")
    assert Netrc().lookup("") is None


def test_which_netrc_file_counts(tmp_path: Path, setenv: Setter) -> None:
    assert Netrc().lookup("h") is None
    (tmp_path / "_netrc").write_text("machine h login second password p")
    assert Netrc().lookup("h") == ("second", "p")
    (tmp_path / ".netrc").write_text("machine h login first password p")
    assert Netrc().lookup("h") == ("first", "p")
    (tmp_path / "mine").write_text("machine h login mine password p")
    setenv(NETRC="~/mine")
    assert Netrc().lookup("h") == ("mine", "p")
    for absent in (str(tmp_path / "absent"), os.devnull, str(tmp_path), "a\x01b"):
        setenv(NETRC=absent)
        assert Netrc().lookup("h") is None


def test_a_change_of_the_variable_counts_at_once(tmp_path: Path, setenv: Setter) -> None:
    netrc = Netrc()
    (tmp_path / ".netrc").write_text("machine h login home password p")
    (tmp_path / "mine").write_text("machine h login mine password p")
    assert netrc.lookup("h") == ("home", "p")
    setenv(NETRC=str(tmp_path / "mine"))
    assert netrc.lookup("h") == ("mine", "p")


@pytest.mark.usefixtures("fresh")
def test_a_change_of_the_file_is_seen(tmp_path: Path) -> None:
    netrc = Netrc()
    assert netrc.lookup("h") is None
    (tmp_path / ".netrc").write_text("machine h login a password p")
    assert netrc.lookup("h") == ("a", "p")
    (tmp_path / ".netrc").write_text("machine h login bb password p")
    assert netrc.lookup("h") == ("bb", "p")
    (tmp_path / ".netrc").unlink()
    assert netrc.lookup("h") is None


def test_the_file_is_looked_at_at_most_once_in_the_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_environment, "NETRC_INTERVAL", 3600.0)
    netrc = Netrc()
    assert netrc.lookup("h") is None
    (tmp_path / ".netrc").write_text("machine h login a password p")
    assert netrc.lookup("h") is None


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    "content",
    [
        b"machine h login user password pass word\n",
        b"machine h login user secret\n",
        b"secret\n",
        b"\xff\xfe\x00secret",
        b"\x00secret",
    ],
)
def test_a_malformed_file_is_one_warning_without_its_secrets(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / ".netrc").write_bytes(content)
    netrc = Netrc()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert netrc.lookup("other") is None
        assert netrc.lookup("other") is None
    assert [warning.category for warning in caught] == [RequestsWarning]
    assert str(tmp_path / ".netrc") in str(caught[0].message)
    assert "secret" not in str(caught[0].message)
    assert "word" not in str(caught[0].message).replace("password", "")


@pytest.mark.usefixtures("fresh")
@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
def test_an_unreadable_file_is_one_warning(setenv: Setter) -> None:
    # Reading its first page fails, for root too.
    setenv(NETRC="/proc/self/mem")
    netrc = Netrc()
    with pytest.warns(RequestsWarning, match=r"'/proc/self/mem' cannot be read"):
        assert netrc.lookup("h") is None
    assert netrc.lookup("h") is None


def test_what_was_read_is_neither_pickled_nor_shown(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(_FILE)
    netrc = Netrc()
    assert netrc.lookup("example.com") == ("user", "secret")
    assert b"secret" not in pickle.dumps(netrc)
    assert "secret" not in repr(netrc) + repr(netrc._snapshot)
    assert pickle.loads(pickle.dumps(netrc)).lookup("example.com") == ("user", "secret")


def test_netrc_files_are_read_as_by_requests(tmp_path: Path) -> None:
    utils = pytest.importorskip("requests.utils")
    (tmp_path / ".netrc").write_text(_FILE + "default login d password e\n")
    for host in ("example.com", "account.example", "nologin.example", "other"):
        url = f"https://{host}:8443/x"
        assert netrc_credentials(url) == utils.get_netrc_auth(url)
