"""What is made of an answer: text, JSON, lines, links, headers, and of broken ones."""

from __future__ import annotations

import gzip
import json
import pickle
import zlib
from collections.abc import Callable
from typing import Any

from ..recorder import Reply, answer, raw
from ..stage import Stage
from .table import Call, call


def _answered(*replies: Reply, method: str = "GET", **options: Any) -> Call:
    def function(x: Stage) -> object:
        x.reply("/r", *replies)
        return x.lib.request(method, x.url + "/r", **{"timeout": 5, **options})

    return function


def _plain(name: str, body: bytes, *fields: str, **options: Any) -> None:
    call(f"responses: {name}")(_answered(answer(body, *fields, **options)))


def _wire(name: str, data: bytes, **options: Any) -> None:
    call(f"responses: {name}")(_answered(raw(data), **options))


# -- status ------------------------------------------------------------------

for _code in (200, 201, 202, 203, 204, 205, 206, 226, 299, 300, 304, 400, 401, 403, 404, 405, 407):
    call(f"responses: status {_code}")(_answered(answer(b"", status=f"{_code} Reason")))
for _code in (410, 413, 418, 429, 451, 499, 500, 501, 502, 503, 504, 511, 599):
    call(f"responses: status {_code}")(_answered(answer(b"body", status=f"{_code} Reason")))
for _code in (600, 700, 999):
    call(f"responses: status {_code}")(_answered(answer(b"body", status=f"{_code} Reason")))
for _name, _line in {
    "no reason": "200",
    "an empty reason": "200 ",
    "a long reason": "200 " + "r" * 500,
    "a reason of many words": "200 All is  well, really!",
    "a reason of Latin-1": "200 Schön",
    "a reason of UTF-8": "404 Schön".encode().decode("latin-1"),
}.items():
    call(f"responses: {_name}")(_answered(answer(b"ok", status=_line)))

# -- headers -----------------------------------------------------------------

_plain("a repeated header", b"", "X-A: 1", "X-A: 2")
_plain("headers in odd case", b"", "x-lower: 1", "X-UPPER: 2", "X-mIxEd: 3")
_plain("a repeated header in two cases", b"", "X-A: 1", "x-a: 2", "X-B: 3")
_plain("an empty header", b"", "X-A:")
_plain("a header with blanks", b"", "X-A:   a  b  ")
_plain("a header of Latin-1", b"", "X-A: ü")
_plain("a header of UTF-8", b"", "X-A: ü€".encode().decode("latin-1"))
_plain("many headers", b"", *[f"X-{n}: {n}" for n in range(90)])
_plain("a long header", b"", "X-A: " + "a" * 30000)
_plain("two Set-Cookies", b"", "Set-Cookie: a=b", "Set-Cookie: c=d; Path=/")
_plain(
    "two Set-Cookies with dates",
    b"",
    "Set-Cookie: a=b; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
    "Set-Cookie: c=d",
)
_wire("a folded header", b"HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 0\r\n\r\n")
_wire("no headers", b"HTTP/1.1 200 OK\r\n\r\nbody")
_wire("HTTP/1.0", b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nbody")
_wire("HTTP/1.0 with a length", b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody")

# -- links -------------------------------------------------------------------

for _name, _value in {
    "one": '<http://a.test/1>; rel="next"',
    "two": '<http://a.test/1>; rel="next", <http://a.test/2>; rel="last"',
    "without quotes": "<http://a.test/1>; rel=next",
    "without rel": "<http://a.test/1>",
    "with more": '<http://a.test/1>; rel="next"; title="a b"; type=text/html',
    "single quotes": "<http://a.test/1>; rel='next'",
    "relative": '</p?page=2>; rel="next"',
    "comma in the URL": '<http://a.test/a,b>; rel="next"',
    "semicolon in the URL": '<http://a.test/a;b>; rel="next"',
    "comma in a value": '<http://a.test/1>; rel="next"; title="a, b"',
    "no brackets": 'http://a.test/1; rel="next"',
    "no blanks": '<http://a.test/1>;rel="next",<http://a.test/2>;rel="prev"',
    "empty": "",
    "only a comma": ",",
    "one rel twice": '<http://a.test/1>; rel="next", <http://a.test/2>; rel="next"',
}.items():
    _plain(f"a Link, {_name}", b"", f"Link: {_value}")

# -- text and its encoding ---------------------------------------------------

_UMLAUTS = "Grüße aus Köln, schöne Übersetzung mit Umlauten äöüß. " * 4
for _name, (_kind, _body) in {
    "UTF-8 by name": ("text/plain; charset=utf-8", _UMLAUTS.encode()),
    "UTF-8 in capitals and quotes": ('text/plain; charset="UTF-8"', _UMLAUTS.encode()),
    "single quotes": ("text/plain; charset='utf-8'", _UMLAUTS.encode()),
    "CHARSET in capitals": ("text/plain; CHARSET=utf-8", _UMLAUTS.encode()),
    "blanks around the charset": ("text/plain; charset = utf-8", _UMLAUTS.encode()),
    "an empty charset": ("text/plain; charset=", _UMLAUTS.encode()),
    "more parameters": ("text/plain; a=b; charset=utf-8; c=d", _UMLAUTS.encode()),
    "no charset": ("text/plain", _UMLAUTS.encode()),
    "no charset, Latin-1": ("text/html", _UMLAUTS.encode("latin-1")),
    "no charset, not text": ("application/x-own", _UMLAUTS.encode()),
    "no charset, XML": ("application/xml", _UMLAUTS.encode()),
    "Latin-1 by name": ("text/plain; charset=iso-8859-1", _UMLAUTS.encode("latin-1")),
    "cp1252": ("text/plain; charset=windows-1252", "“€”".encode("cp1252")),
    "UTF-16": ("text/plain; charset=utf-16", "text".encode("utf-16")),
    "a BOM": ("text/plain; charset=utf-8", b"\xef\xbb\xbftext"),
    "utf-8-sig": ("text/plain; charset=utf-8-sig", b"\xef\xbb\xbftext"),
    "Shift JIS": ("text/plain; charset=shift_jis", "日本語".encode("shift_jis")),
    "the wrong charset": ("text/plain; charset=utf-8", _UMLAUTS.encode("latin-1")),
    "an unknown charset": ("text/plain; charset=what", _UMLAUTS.encode()),
    "a charset with NUL": ("text/plain; charset=\x01", b"text"),
    "the charset idna": ("text/plain; charset=idna", b"text"),
    "the charset base64": ("text/plain; charset=base64", b"text"),
    "the charset unicode_escape": ("text/plain; charset=unicode_escape", b"te\\u00fcxt"),
    "ASCII": ("text/plain; charset=us-ascii", b"te\xffxt"),
    "JSON": ("application/json", '{"a": "ü€"}'.encode()),
    "JSON with a charset": ("application/json; charset=latin-1", '{"a": "ü"}'.encode("latin-1")),
    "JSON in UTF-16": ("application/json", '{"a": "ü€"}'.encode("utf-16")),
    "JSON in UTF-16 without a BOM": ("application/json", '{"a": "ü€"}'.encode("utf-16-le")),
    "JSON in UTF-32": ("application/json", '{"a": "ü€"}'.encode("utf-32")),
    "JSON with a BOM": ("application/json", b'\xef\xbb\xbf{"a": 1}'),
    "JSON as text": ("text/plain", '{"a": "ü"}'.encode()),
    "JSON as HTML": ("text/html; charset=utf-8", '["ü"]'.encode()),
    "JSON of a number": ("application/json", b"1"),
    "JSON of a long number": ("application/json", b"1" * 5000),
    "JSON that nests deep": ("application/json", b"[" * 100_000),
    "JSON of NaN": ("application/json", b"[NaN, Infinity]"),
    "JSON with duplicates": ("application/json", b'{"a": 1, "a": 2}'),
    "JSON that is none": ("application/json", b"<html>"),
    "JSON that is cut": ("application/json", b'{"a": '),
    "JSON with more behind": ("application/json", b"{} {}"),
    "JSON that is empty": ("application/json", b""),
    "JSON in vendor's clothes": ("application/vnd.api+json", '{"a": "ü"}'.encode()),
    "JSON with bad UTF-8": ("application/json", b'{"a": "\xff"}'),
}.items():
    call(f"text: {_name}")(_answered(answer(_body, kind=_kind)))
call("text: no Content-Type")(_answered(answer(_UMLAUTS.encode(), kind=None)))
call("text: no Content-Type and no body")(_answered(answer(b"", kind=None)))
call("text: an empty Content-Type")(_answered(answer(b"text", kind="")))


@call("text: an encoding that is set")
def _(x: Stage) -> object:
    x.reply("/r", answer("ü".encode(), kind="text/plain"))
    response = x.lib.get(x.url + "/r")
    before = response.text
    response.encoding = "utf-8"
    return before, response.text, response


@call("text: an encoding that is unknown")
def _(x: Stage) -> object:
    response = x.lib.get(x.url)
    response.encoding = "what"
    return response.text


@call("text: json() with arguments")
def _(x: Stage) -> object:
    x.reply("/r", answer(b'{"a": 1.5}', kind="application/json"))
    return x.lib.get(x.url + "/r").json(parse_float=str)["a"]


@call("text: what a JSON error carries")
def _(x: Stage) -> object:
    x.reply("/r", answer(b'{"a": what}', kind="application/json"))
    try:
        x.lib.get(x.url + "/r").json()
    except json.JSONDecodeError as error:
        return error.msg, error.doc, error.pos, error.lineno, error.colno
    return None


# -- content codings ---------------------------------------------------------

_TEXT = b"what is compressed " * 50
_GZIP = gzip.compress(_TEXT, mtime=0)


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


for _name, (_coding, _body) in {
    "gzip": ("gzip", _GZIP),
    "GZIP in capitals": ("GZIP", _GZIP),
    "x-gzip": ("x-gzip", _GZIP),
    "deflate": ("deflate", zlib.compress(_TEXT)),
    "deflate without a head": ("deflate", _raw_deflate(_TEXT)),
    "gzip twice": ("gzip, gzip", gzip.compress(_GZIP, mtime=0)),
    "two members of gzip": ("gzip", _GZIP + _GZIP),
    "rubbish behind gzip": ("gzip", _GZIP + b"rubbish"),
    "identity": ("identity", _TEXT),
    "an unknown coding": ("what", _TEXT),
    "gzip that is none": ("gzip", b"not gzip"),
    "deflate that is none": ("deflate", b"\xff\xff\xff"),
    "gzip that is cut": ("gzip", _GZIP[:-8]),
    "gzip that is cut early": ("gzip", _GZIP[:20]),
    "deflate that is cut": ("deflate", zlib.compress(_TEXT)[:-6]),
    "gzip with a wrong sum": ("gzip", _GZIP[:-8] + b"\0" * 8),
    "an empty body of gzip": ("gzip", b""),
    "six codings": ("gzip, gzip, gzip, gzip, gzip, gzip", _GZIP),
    "an empty coding": ("", _TEXT),
    "gzip of nothing": ("gzip", gzip.compress(b"", mtime=0)),
}.items():
    call(f"codings: {_name}")(_answered(answer(_body, f"Content-Encoding: {_coding}")))
call("codings: gzip of HEAD")(_answered(answer(_GZIP, "Content-Encoding: gzip"), method="HEAD"))
call("codings: gzip of 204")(_answered(raw(b"HTTP/1.1 204 None\r\nContent-Encoding: gzip\r\n\r\n")))
call("codings: gzip in chunks")(
    _answered(
        raw(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
            + b"%x\r\n%b\r\n0\r\n\r\n" % (len(_GZIP), _GZIP)
        )
    )
)


def _of_raw(name: str, function: Callable[[Any], Any]) -> None:
    def read(x: Stage) -> object:
        x.reply("/r", answer(_GZIP, "Content-Encoding: gzip", "X-A: 1", "X-A: 2"))
        with x.lib.get(x.url + "/r", stream=True) as response:
            return x.attempt(lambda: function(response.raw))

    call(f"raw: {name}")(read)


def _copied(file: Any) -> bytes:
    import io
    import shutil

    into = io.BytesIO()
    shutil.copyfileobj(file, into)
    return into.getvalue()


_of_raw("read()", lambda r: r.read())
_of_raw("read() in parts", lambda r: (r.read(10), r.read(5), len(r.read()), r.read()))
_of_raw("read() decoded", lambda r: r.read(decode_content=True))
_of_raw(
    "read() decoded in parts",
    lambda r: (r.read(7, decode_content=True), r.read(7, decode_content=True)),
)
_of_raw("stream()", lambda r: b"".join(r.stream(16)))
_of_raw("stream() decoded", lambda r: list(r.stream(100, decode_content=True)))
_of_raw("read1()", lambda r: len(r.read1()) > 0)
_of_raw("iteration", b"".join)
_of_raw("status and reason", lambda r: (r.status, r.reason, r.version))
_of_raw("headers", lambda r: list(r.headers.items()))
_of_raw("getheader", lambda r: (r.headers.get("x-a"), r.headers.getlist("X-A"), r.getheader("x-a")))
_of_raw("tell()", lambda r: (r.tell(), len(r.read(10)), r.tell()))
_of_raw("closed", lambda r: (r.closed, r.read() and None, r.closed))
_of_raw("close()", lambda r: (r.close(), r.closed))
_of_raw("readable and so on", lambda r: (r.readable(), r.writable(), r.seekable()))
_of_raw("data", lambda r: r.data)
_of_raw("readinto()", lambda r: (r.readinto(bytearray(5)),))
_of_raw("release_conn()", lambda r: r.release_conn())
_of_raw("geturl()", lambda r: r.geturl())
_of_raw("length_remaining", lambda r: r.length_remaining)
_of_raw("shutil", _copied)
_of_raw("the fields beneath", lambda r: r._original_response.msg.get_all("X-A"))


# -- streaming ---------------------------------------------------------------


def _streaming(name: str, function: Callable[[Any], Any], body: bytes = b"0123456789") -> None:
    def read(x: Stage) -> object:
        x.reply("/r", answer(body, kind="text/plain; charset=utf-8"))
        with x.lib.get(x.url + "/r", stream=True) as response:
            return x.attempt(lambda: function(response))

    call(f"streaming: {name}")(read)


_streaming("iter_content", lambda r: list(r.iter_content()))
_streaming("iter_content by four", lambda r: list(r.iter_content(4)))
_streaming("iter_content by None", lambda r: b"".join(r.iter_content(None)))
_streaming("iter_content by zero", lambda r: list(r.iter_content(0)))
_streaming("iter_content below zero", lambda r: list(r.iter_content(-1)))
_streaming("iter_content by text", lambda r: list(r.iter_content("4")))
_streaming("iter_content by True", lambda r: list(r.iter_content(True)))
_streaming("iter_content twice", lambda r: (list(r.iter_content(4)), list(r.iter_content(4))))
_streaming("content, then iter_content", lambda r: (r.content, list(r.iter_content(4))))
_streaming("iter_content, then content", lambda r: (list(r.iter_content(4)), r.content))
_streaming("iter_content, then text", lambda r: (list(r.iter_content(4)), r.text))
_streaming("a part of iter_content, then content", lambda r: (next(r.iter_content(4)), r.content))
_streaming("content twice", lambda r: r.content is r.content)
_streaming("iteration", list)
_streaming("decoded", lambda r: list(r.iter_content(3, decode_unicode=True)), "aüb€c".encode())
_streaming(
    "decoded, cut inside",
    lambda r: "".join(r.iter_content(1, decode_unicode=True)),
    "ü€😀".encode(),
)
_streaming(
    "decoded, bad bytes", lambda r: "".join(r.iter_content(1, decode_unicode=True)), b"a\xffb\xc3"
)
_streaming("lines", lambda r: list(r.iter_lines()), b"a\nb\r\nc\rd\n\ne")
_streaming("lines of text", lambda r: list(r.iter_lines(decode_unicode=True)), "ä\nü\n".encode())
_streaming("lines with an end", lambda r: list(r.iter_lines()), b"a\nb\n")
_streaming("lines of nothing", lambda r: list(r.iter_lines()), b"")
_streaming("lines of line ends", lambda r: list(r.iter_lines()), b"\n\n\n")
_streaming("lines by small chunks", lambda r: list(r.iter_lines(chunk_size=2)), b"abc\ndef\ngh")
_streaming("lines cut inside CR LF", lambda r: list(r.iter_lines(chunk_size=2)), b"a\r\nb\r\nc\r\n")
_streaming("lines by a delimiter", lambda r: list(r.iter_lines(delimiter=b"|")), b"a|b|c")
_streaming("lines by a delimiter at the end", lambda r: list(r.iter_lines(delimiter=b"|")), b"a|b|")
_streaming(
    "lines by a text delimiter",
    lambda r: list(r.iter_lines(delimiter="|", decode_unicode=True)),
    b"a|b",
)
_streaming("lines by the wrong delimiter", lambda r: list(r.iter_lines(delimiter="|")), b"a|b")
_streaming("lines of vertical tabs", lambda r: list(r.iter_lines()), b"a\x0bb\x0cc\x1cd\x85e")
_streaming(
    "lines of text separators",
    lambda r: list(r.iter_lines(decode_unicode=True)),
    "a\u2028b\x85c\x1cd".encode(),
)
_streaming("close()", lambda r: r.close())
_streaming("close, then content", lambda r: (r.close(), r.content))
_streaming("pickled", lambda r: pickle.loads(pickle.dumps(r)))


@call("streaming: by the session's setting")
def _(x: Stage) -> object:
    x.reply("/r", answer(b"body"))
    with x.session(stream=True).get(x.url + "/r") as response:
        return response._content is False, response.content


@call("streaming: keeps the connection once it is read")
def _(x: Stage) -> object:
    session = x.session()
    list(session.get(x.url, stream=True).iter_content(1))
    return session.get(x.url)


@call("streaming: an unread body and another request")
def _(x: Stage) -> object:
    session = x.session()
    x.reply("/r", answer(b"x" * 300_000))
    first = x.keep(session.get(x.url + "/r", stream=True))
    return session.get(x.url), len(first.content)


@call("streaming: closed early, and another request")
def _(x: Stage) -> object:
    session = x.session()
    x.reply("/r", answer(b"x" * 300_000))
    session.get(x.url + "/r", stream=True).close()
    return session.get(x.url)


# -- framing -----------------------------------------------------------------

_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n%b"
for _name, _data in {
    "chunks": _CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    "chunk sizes in capitals": _CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n",
    "chunk extensions": _CHUNKED + b"3;a=b\r\nabc\r\n0\r\n\r\n",
    "trailers": _CHUNKED + b"3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
    "leading zeros": _CHUNKED + b"0003\r\nabc\r\n0\r\n\r\n",
    "chunks without an end": _CHUNKED + b"3\r\nabc\r\n",
    "a chunk that is cut": _CHUNKED + b"9\r\nabc",
    "chunk garbage": _CHUNKED + b"what\r\nabc\r\n0\r\n\r\n",
    "an empty chunk size": _CHUNKED + b"\r\nabc\r\n0\r\n\r\n",
    "a negative chunk size": _CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n",
    "a chunk size with 0x": _CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk size with a blank": _CHUNKED + b" 3 \r\nabc\r\n0\r\n\r\n",
    "a chunk size with a plus": _CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n",
    "a chunk without its CR LF": _CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "a chunk with other bytes for its CR LF": _CHUNKED + b"3\r\nabcXX0\r\n\r\n",
    "a chunk size that ends in LF": _CHUNKED + b"3\nabc\r\n0\r\n\r\n",
    "a length": _LENGTH % (b"3", b"abc"),
    "a length too large": _LENGTH % (b"9", b"abc"),
    "a length too small": _LENGTH % (b"2", b"abc"),
    "a length that is none": _LENGTH % (b"abc", b"abc"),
    "a length with a plus": _LENGTH % (b"+3", b"abc"),
    "a length with an underscore": _LENGTH % (b"1_0", b"0123456789"),
    "a negative length": _LENGTH % (b"-3", b"abc"),
    "an empty length": _LENGTH % (b"", b"abc"),
    "a length twice": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 2\r\n\r\nabc",
    "two lengths in one": _LENGTH % (b"3, 2", b"abc"),
    "a length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"
    b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "Transfer-Encoding of gzip": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
    b"3\r\nabc\r\n0\r\n\r\n",
    "Transfer-Encoding unknown": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nabc",
    "Transfer-Encoding in capitals": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
    b"3\r\nabc\r\n0\r\n\r\n",
    "until the end": b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    "nothing at all": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nX-A: b\r\n",
    "half a status line": b"HTTP/1.1 20",
    "not HTTP": b"220 smtp ready\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH\r\n",
    "an unknown version": b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of letters": b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "lines that end in LF": b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
    "a blank before the colon": b"HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 3\r\n\r\nabc",
    "a line without a colon": b"HTTP/1.1 200 OK\r\nwhat\r\nContent-Length: 3\r\n\r\nabc",
    "a fold before the first": b"HTTP/1.1 200 OK\r\n X-A: b\r\nContent-Length: 3\r\n\r\nabc",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 3\r\n\r\nabc",
    "a bare CR in a value": b"HTTP/1.1 200 OK\r\nX-A: a\rX-B: c\r\nContent-Length: 3\r\n\r\nabc",
    "an empty name": b"HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 3\r\n\r\nabc",
    "an empty line first": b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "100 first": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "65 times 100 first": b"HTTP/1.1 100 Continue\r\n\r\n" * 65
    + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "101 headers": b"HTTP/1.1 200 OK\r\n"
    + b"".join(b"X-%d: 1\r\n" % n for n in range(150))
    + b"Content-Length: 3\r\n\r\nabc",
    "300 headers": b"HTTP/1.1 200 OK\r\n"
    + b"".join(b"X-%d: 1\r\n" % n for n in range(300))
    + b"Content-Length: 3\r\n\r\nabc",
    "a line of 70 KiB": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 70_000 + b"\r\n\r\n",
    "204 with a length": b"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n",
    "204 with a body": b"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc",
    "304 with a length": b"HTTP/1.1 304 No\r\nContent-Length: 3\r\n\r\n",
    "204 in chunks": b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
    "205 with a body": b"HTTP/1.1 205 No\r\nContent-Length: 3\r\n\r\nabc",
    "an empty body in chunks": _CHUNKED + b"0\r\n\r\n",
}.items():
    call(f"framing: {_name}")(_answered(raw(_data)))
for _code in (b"102", b"103"):

    @call(f"framing: {_code.decode()} first")
    def _(x: Stage, code: bytes = _code) -> object:
        final = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
        x.reply("/r", raw(b"HTTP/1.1 %b Early\r\n\r\n" % code + final))
        response = x.lib.get(x.url + "/r", timeout=5)
        return response.status_code, response.content


call("framing: HEAD with a length")(
    _answered(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n"), method="HEAD")
)
call("framing: HEAD in chunks")(_answered(raw(_CHUNKED), method="HEAD"))
call("framing: a large body")(_answered(answer(b"0123456789abcdef" * 40_000)))


@call("framing: a POST that is answered by nothing")
def _(x: Stage) -> object:
    x.reply("/r", raw(b""))
    return x.lib.post(x.url + "/r", data="x", timeout=5)


@call("framing: bytes left over")
def _(x: Stage) -> object:
    x.reply("/r", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore", then="keep"))
    session = x.session()
    session.get(x.url + "/r")
    return session.get(x.url)


# -- what Python asks of a response ------------------------------------------


@call("responses: raise_for_status carries the response")
def _(x: Stage) -> object:
    x.reply("/r", answer(b"gone", status="404 Not Found"))
    try:
        x.lib.get(x.url + "/r").raise_for_status()
    except x.lib.HTTPError as error:
        return error.response, error.request, str(error)
    return None


@call("responses: raise_for_status with a password in the URL")
def _(x: Stage) -> object:
    x.reply("/r", answer(b"gone", status="404 Not Found"))
    try:
        x.lib.get(x.url.replace("//", "//user:secret@") + "/r").raise_for_status()
    except x.lib.HTTPError as error:
        return str(error)
    return None


@call("responses: pickled")
def _(x: Stage) -> object:
    x.reply("/r", answer(b"body", "X-A: 1", "Set-Cookie: a=b"))
    return pickle.loads(pickle.dumps(x.lib.get(x.url + "/r")))


@call("responses: a Response made by hand")
def _(x: Stage) -> object:
    response = x.lib.Response()
    response.status_code = 404
    response.reason = "Not Found"
    response.url = "http://a.test/"
    response._content = b'{"a": 1}'
    response.headers["Content-Type"] = "application/json"
    response.encoding = "utf-8"
    return response.json(), response.text, response.ok, x.attempt(response.raise_for_status)


@call("responses: an empty Response")
def _(x: Stage) -> object:
    response = x.lib.Response()
    return (
        response.status_code,
        response.reason,
        response.url,
        response.encoding,
        response.history,
        list(response.headers),
        response.request,
        response.raw,
        response.content,
        response.text,
        repr(response),
        x.attempt(lambda: response.ok),
    )


@call("responses: a reason of bytes")
def _(x: Stage) -> object:
    response = x.lib.Response()
    response.status_code, response.url = 500, "http://a.test/"
    response.reason = "Fehler ü".encode("latin-1")
    try:
        response.raise_for_status()
    except x.lib.HTTPError as error:
        return str(error)
    return None


@call("responses: headers are a mapping")
def _(x: Stage) -> object:
    x.reply("/r", answer(b"", "X-A: 1", "X-A: 2"))
    headers = x.lib.get(x.url + "/r").headers
    return (
        headers["x-a"],
        headers.get("X-A"),
        headers.get("none"),
        "X-a" in headers,
        len(headers),
        list(headers),
        sorted(headers.keys()),
        x.attempt(lambda: headers["none"]),
        headers == {"content-type": "text/plain", "x-a": "1, 2", "CONTENT-LENGTH": "0"},
        isinstance(headers, x.lib.structures.CaseInsensitiveDict),
        repr(headers),
        list(headers.copy().items()),
        list(headers.lower_items()),
    )


@call("responses: connection and raw")
def _(x: Stage) -> object:
    response = x.lib.get(x.url)
    import urllib3

    return (
        isinstance(response.raw, urllib3.HTTPResponse),
        isinstance(response.connection, x.lib.adapters.HTTPAdapter),
        response.raw.status,
    )


@call("responses: set headers")
def _(x: Stage) -> object:
    response = x.lib.get(x.url)
    response.headers["X-New"] = "1"
    response.headers = x.lib.structures.CaseInsensitiveDict({"Content-Type": "text/x; charset=b"})
    return response.headers, response.encoding
