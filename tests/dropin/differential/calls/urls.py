"""Odd URLs: what of them is sent, what is asked for, what is refused."""

from __future__ import annotations

from typing import Any

from ..stage import Stage
from .table import asking, call

asking(
    "urls",
    {
        "no path": "{root}",
        "a path": "{root}/a/b.c",
        "a slash at the end": "{root}/a/",
        "two slashes": "{root}/a//b",
        "two slashes at the start": "{root}//a",
        "three slashes at the start": "{root}///a",
        "no path but a query": "{root}?a=1",
        "no path but a fragment": "{root}#f",
        "a lone question mark": "{root}/a?",
        "a lone number sign": "{root}/a#",
        "two question marks": "{root}/a?b?c",
        "a fragment with a question mark": "{root}/a#b?c",
        "an empty parameter": "{root}/a?&&b=&=c",
        "dot segments": "{root}/a/./b/../c",
        "dots at the end": "{root}/a/b/..",
        "dots above the root": "{root}/../a",
        "encoded dots": "{root}/a/%2e%2e/b",
        "three dots": "{root}/a/.../b",
        "a blank in the path": "{root}/a b",
        "a blank in the query": "{root}/a?b c",
        "a blank in the fragment": "{root}/a#b c",
        "a blank before": " {root}/a",
        "a blank after": "{root}/a ",
        "a tab before": "\t{root}/a",
        "a line break before": "\n{root}/a",
        "a line break after": "{root}/a\n",
        "a line break inside": "{root}/a\r\nX: y",
        "a tab inside": "{root}/a\tb",
        "a NUL inside": "{root}/a\x00b",
        "UTF-8 in the path": "{root}/ä/€/😀",
        "UTF-8 in the query": "{root}/?ä=ü",
        "UTF-8 in the fragment": "{root}/#ä",
        "encoded UTF-8": "{root}/%C3%A4",
        "encoded in small letters": "{root}/%c3%a4?%c3%a4",
        "encoded needlessly": "{root}/%7Ea%2Db?%7E",
        "an encoded slash": "{root}/a%2Fb",
        "an encoded percent": "{root}/a%2525",
        "a lone percent": "{root}/a%b%zz%",
        "a lone percent in the query": "{root}/?a=100%",
        "encoded NUL": "{root}/a%00b",
        "signs in the path": "{root}/-._~!$&'()*+,;=:@",
        "signs in the query": "{root}/?-._~!$&'()*+,;=:@/?",
        "brackets in the path": "{root}/a[1]",
        "brackets in the query": "{root}/?a[1]=2",
        "unsafe signs in the path": '{root}/"<>^`{|}',
        "unsafe signs in the query": '{root}/?"<>^`{|}',
        "a backslash in the path": "{root}/a\\b",
        "a backslash in the query": "{root}/?a\\b",
        "a semicolon": "{root}/a;b=c?d;e",
        "a colon in the path": "{root}/a:b",
        "a URL in the path": "{root}/http://x/y",
        "a URL in the query": "{root}/?u=http://x/y?z#w",
        "an at sign in the path": "{root}/a@b",
        "the scheme in capitals": "HTTP://127.0.0.1:{port}/A",
        "localhost": "{localhost}/",
        "localhost in capitals": "http://LOCALHOST:{port}/",
        "long": "{root}/" + "a" * 5000,
        "a long query": "{root}/?" + "a=1&" * 2000,
        "plus": "{root}/a+b?c+d",
        "user and an at sign in the query": "{root}/?a@b",
        "a leading zero in the port": "http://127.0.0.1:0{port}/",
        "a host that is an integer": "http://2130706433:{port}/",
        "a short IPv4 address": "http://127.1:{port}/",
    },
)

#: Prepared only: the hosts are not there.
asking(
    "prepared urls",
    {
        "plain": "http://example.test",
        "https": "https://example.test/",
        "capitals": "HTTP://EXAMPLE.Test/Path",
        "mixed scheme": "hTTp://example.test/",
        "default port": "http://example.test:80/",
        "default port of https": "https://example.test:443/",
        "an empty port": "http://example.test:/",
        "port zero": "http://example.test:0/",
        "the last port": "http://example.test:65535/",
        "a port too large": "http://example.test:65536/",
        "a port that is none": "http://example.test:abc/",
        "a negative port": "http://example.test:-80/",
        "two ports": "http://example.test:80:80/",
        "IPv6": "http://[::1]/",
        "IPv6 with a port": "http://[::1]:8080/a",
        "IPv6 in capitals": "http://[2001:DB8::A]/",
        "IPv6 with a zone": "http://[fe80::1%25eth0]/",
        "IPv6 without brackets": "http://::1/",
        "IPv6 that is none": "http://[::g]/",
        "a bracket that is open": "http://[::1/",
        "IDNA": "http://bücher.test/",
        "IDNA in capitals": "http://BÜCHER.test/",
        "IDNA of many": "http://例え.テスト/",
        "IDNA of a sharp s": "http://straße.test/",
        "IDNA of emoji": "http://😀.test/",
        "A-label": "http://xn--bcher-kva.test/",
        "A-label that is none": "http://xn--ü.test/",
        "an underscore": "http://a_b.test/",
        "a dot at the end": "http://example.test./",
        "two dots": "http://example..test/",
        "a dot at the start": "http://.example.test/",
        "a star": "http://*.example.test/",
        "a star alone": "http://*/",
        "a long label": "http://" + "a" * 64 + ".test/",
        "a blank in the host": "http://exa mple.test/",
        "a blank at the end of the host": "http://example.test /",
        "an encoded host": "http://ex%61mple.test/",
        "a sign in the host": "http://exa|mple.test/",
        "a backslash in the host": "http://a\\b.test/",
        "a backslash before an at sign": "http://a\\@b.test/",
        "a backslash for a slash": "http:\\\\example.test\\a",
        "user": "http://user@example.test/",
        "user and password": "http://user:pass@example.test/",
        "an at sign in the password": "http://user:p@ss@example.test/",
        "a slash in the password": "http://user:p/ss@example.test/",
        "UTF-8 in the userinfo": "http://üser:pass@example.test/",
        "a blank in the userinfo": "http://us er:pass@example.test/",
        "a number sign in the host": "http://a#@b.test/",
        "no host": "http://",
        "no host but a path": "http:///a",
        "no host but a query": "http://?a",
        "no host but a port": "http://:80/",
        "one slash": "http:/example.test/",
        "no slashes": "http:example.test/",
        "four slashes": "http:////example.test/",
        "no scheme": "example.test/a",
        "no scheme but a port": "example.test:80/a",
        "only a path": "/a",
        "two slashes first": "//example.test/a",
        "only a word": "word",
        "only a number": "127.0.0.1",
        "empty": "",
        "only blanks": "   ",
        "only a scheme": "http",
        "a scheme and a colon": "http:",
        "mailto": "mailto:user@example.test",
        "data": "data:text/plain,hello world",
        "file": "file:///tmp/a b",
        "ftp": "ftp://example.test/ä",
        "another scheme": "x-own://Host/a b?c#d",
        "a scheme that begins with http": "http+unix://%2Ftmp%2Fs/a b",
        "httpx": "httpx://example.test/a b",
        "a unix path": "unix:///tmp/s",
        "javascript": "javascript:alert(1)",
        "a scheme with a blank": "ht tp://example.test/",
        "a scheme with a digit first": "1http://example.test/",
        "full-width dot": "http://example。test/",
        "full-width letters": "http://ｅｘａｍｐｌｅ.test/",
        "an address in circles": "http://①②⑦.⓪.⓪.①/",
        "a soft hyphen": "http://exa\u00admple.test/",
        "IPv4 with five parts": "http://1.2.3.4.5/",
        "IPv4 too large": "http://256.1.1.1/",
        "hexadecimal": "http://0x7f.1/",
    },
    prepared=True,
)


def _as(name: str, make: Any) -> None:
    call(f"urls: {name}")(lambda x: x.lib.get(make(x.url + "/a")))


class Text(str):
    """A str of a class of its own."""


class Shown:
    """An object whose text is a URL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __str__(self) -> str:
        return self.url


_as("as bytes", lambda url: url.encode())
_as("as a subclass of str", Text)
_as("as an object with a text", Shown)
_as("as None", lambda url: None)
_as("as a number", lambda url: 5)
_as("as bytes of UTF-8", lambda url: (url + "/ü").encode())
_as("as bytes that are not UTF-8", lambda url: url.encode() + b"/\xff")
_as("as a list", lambda url: [url])


@call("urls: no such scheme")
def _(x: Stage) -> object:
    return x.lib.get("gopher://127.0.0.1/")


@call("urls: file")
def _(x: Stage) -> object:
    return x.lib.get("file:///etc/hosts")


@call("urls: changed on the prepared request")
def _(x: Stage) -> object:
    request = x.lib.Request("GET", "http://other.test/").prepare()
    request.url = x.url + "/set/here"
    return x.session().send(request)


@call("urls: path_url and its kin")
def _(x: Stage) -> object:
    return [
        x.lib.Request("GET", url).prepare().path_url
        for url in (
            "http://a.test",
            "http://a.test/?",
            "http://a.test?b=c",
            "http://a.test/p;q?r#s",
        )
    ]


@call("urls: of a prepared request without one")
def _(x: Stage) -> object:
    return x.lib.Request("GET").prepare()


@call("urls: a target in absolute form through a proxy")
def _(x: Stage) -> object:
    return x.lib.get("http://Example.test:8080/a/../b?c#d", proxies=x.proxies)
