"""P6: strict framing. What is not valid HTTP/1.1 is an error, never a guess."""

from __future__ import annotations

import pytest

import ulak
from ulak.exceptions import ChunkedEncodingError, IncompleteBody, ProtocolError

OK = b"HTTP/1.1 200 OK\r\n"

BAD_HEADS = {
    "nothing": b"",
    "garbage": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "HTTP/0.9": b"<html>old</html>",
    "HTTP/2": b"HTTP/2 200 OK\r\n\r\n",
    "HTTP/3.0": b"HTTP/3.0 200 OK\r\n\r\n",
    "lower case": b"http/1.1 200 OK\r\n\r\n",
    "a line before": b"\r\n" + OK + b"\r\n",
    "a space before": b" " + OK + b"\r\n",
    "two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "no digits": b"HTTP/1.1 abc OK\r\n\r\n",
    "a negative status": b"HTTP/1.1 -20 OK\r\n\r\n",
    "status 099": b"HTTP/1.1 099 OK\r\n\r\n",
    "digits of another script": "HTTP/1.1 ２００ OK\r\n\r\n".encode(),
    "bare LF": OK.replace(b"\r\n", b"\n") + b"\n",
    "bare LF in a field": OK + b"X: y\nZ: w\r\n\r\n",
    "bare CR in a value": OK + b"X: a\rb\r\n\r\n",
    "NUL in a value": OK + b"X: a\0b\r\n\r\n",
    "NUL in the reason": b"HTTP/1.1 200 O\0K\r\n\r\n",
    "a space before the colon": OK + b"Content-Length : 2\r\n\r\nok",
    "a tab before the colon": OK + b"Content-Length\t: 2\r\n\r\nok",
    "no colon": OK + b"Content-Length 2\r\n\r\nok",
    "no name": OK + b": x\r\n\r\n",
    "a name with a space": OK + b"X Y: z\r\n\r\n",
    "a name of other bytes": OK + b"X\xff: z\r\n\r\n",
    "a fold before the first field": OK + b" X: y\r\n\r\n",
    "length of letters": OK + b"Content-Length: abc\r\n\r\n",
    "length with a sign": OK + b"Content-Length: +2\r\n\r\nok",
    "a negative length": OK + b"Content-Length: -2\r\n\r\nok",
    "length in hex": OK + b"Content-Length: 0x2\r\n\r\nok",
    "length with a point": OK + b"Content-Length: 2.0\r\n\r\nok",
    "length with an underscore": OK + b"Content-Length: 1_0\r\n\r\n0123456789",
    "an empty length": OK + b"Content-Length: \r\n\r\n",
    "lengths that differ": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "a list that differs": OK + b"Content-Length: 2, 3\r\n\r\nok!",
    "a length beyond numbers": OK + b"Content-Length: " + b"9" * 50 + b"\r\n\r\n",
    "an unknown coding": OK + b"Transfer-Encoding: gzip\r\n\r\n",
    "chunked twice": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked in disguise": OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a head cut off": OK + b"X: y\r\n",
    "a status cut off": b"HTTP/1.1 2",
    "too many fields": OK + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n",
    "a line too long": OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
    "a head too long": OK
    + b"".join(b"X-%d: %b\r\n" % (n, b"y" * 5000) for n in range(60))
    + b"\r\n",
    "interim answers without end": b"HTTP/1.1 103 Hints\r\n\r\n" * 70 + OK + b"\r\n",
    "an interim answer that is wrong": b"HTTP/1.1 100 Continue\r\nX\r\n\r\n" + OK + b"\r\n",
}


@pytest.mark.parametrize("name", BAD_HEADS)
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "byte by byte"])
def test_a_head_that_is_not_valid(saying, session: ulak.Session, name: str, cut: bool) -> None:
    answer = BAD_HEADS[name]
    if cut and len(answer) > 2000:
        pieces = [answer[:1000], answer[1000:]]
    else:
        pieces = [answer[i : i + 1] for i in range(len(answer))] if cut else [answer]
    server = saying(*pieces)
    with pytest.raises(ulak.ConnectionError) as caught:
        session.get(server.url)
    assert not isinstance(caught.value, ulak.exceptions.Timeout)
    if name not in ("nothing", "a head cut off", "a status cut off"):
        assert isinstance(caught.value, ProtocolError)
    assert server.accepted == 1


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BAD_BODIES = {
    "length too short": OK + b"Content-Length: 9\r\n\r\nshort",
    "no chunk at all": CHUNKED,
    "a chunk cut off": CHUNKED + b"5\r\nab",
    "no last chunk": CHUNKED + b"2\r\nab\r\n",
    "no end of the last chunk": CHUNKED + b"2\r\nab\r\n0\r\n",
    "a size of letters": CHUNKED + b"xyz\r\nab\r\n0\r\n\r\n",
    "a size with a sign": CHUNKED + b"+2\r\nab\r\n0\r\n\r\n",
    "a negative size": CHUNKED + b"-2\r\nab\r\n0\r\n\r\n",
    "a size with 0x": CHUNKED + b"0x2\r\nab\r\n0\r\n\r\n",
    "a size with an underscore": CHUNKED + b"1_0\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n",
    "an empty size": CHUNKED + b"\r\nab\r\n0\r\n\r\n",
    "a space before the size": CHUNKED + b" 2\r\nab\r\n0\r\n\r\n",
    "a space after the size": CHUNKED + b"2 \r\nab\r\n0\r\n\r\n",
    "a size beyond numbers": CHUNKED + b"f" * 20 + b"\r\nab",
    "a size with bare LF": CHUNKED + b"2\nab\n0\n\n",
    "no CRLF after the data": CHUNKED + b"2\r\nab0\r\n\r\n",
    "more data than the size": CHUNKED + b"2\r\nabc\r\n0\r\n\r\n",
    "an extension without end": CHUNKED + b"2;" + b"x" * 100_000,
    "a trailer that is wrong": CHUNKED + b"0\r\nX y\r\n\r\n",
    "trailers without end": CHUNKED + b"0\r\n" + b"X: y\r\n" * 400 + b"\r\n",
}
SHORT = ("length too short", "no chunk at all", "a chunk cut off", "no last chunk",
         "no end of the last chunk")  # fmt: skip


@pytest.mark.parametrize("name", BAD_BODIES)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("cut", [False, True], ids=["together", "apart"])
def test_a_body_that_is_not_valid(
    saying, session: ulak.Session, name: str, stream: bool, cut: bool
) -> None:
    head, mark, body = BAD_BODIES[name].partition(b"\r\n\r\n")
    pieces = [body[i : i + 1] for i in range(min(len(body), 500))] + [body[500:]]
    server = saying(head + mark, *pieces) if cut else saying(head + mark + body)
    with pytest.raises(ulak.RequestException) as caught:
        response = session.get(server.url, stream=stream)
        for _ in response.iter_content(3):
            pass
    assert isinstance(caught.value, ChunkedEncodingError), repr(caught.value)
    if name in SHORT:
        assert isinstance(caught.value, IncompleteBody)
    assert server.accepted == 1


@pytest.mark.parametrize(
    "head",
    [
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_chunked_and_a_length(saying, session: ulak.Session, head: bytes) -> None:
    """Chunked counts, and the connection is not used again."""
    server = saying(OK + head + b"\r\n5\r\nhello\r\n0\r\n\r\n", hang=True)
    for count in (1, 2):
        assert session.get(server.url).content == b"hello"
        assert server.accepted == count


GOOD = {
    "lengths that agree": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "a list that agrees": OK + b"Content-Length: 2, 2\r\n\r\nok",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    "an empty reason": b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a folded field": OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "spaces around a value": OK + b"Content-Length: \t 2 \t\r\n\r\nok",
    "no space after the colon": OK + b"Content-Length:2\r\n\r\nok",
    "zeros before a length": OK + b"Content-Length: 002\r\n\r\nok",
    "zeros before a size": CHUNKED + b"0002\r\nok\r\n000\r\n\r\n",
    "an extension": CHUNKED + b'2;a=b;c="d"\r\nok\r\n0;e\r\n\r\n',
    "upper case hex": CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"2\r\nok\r\n0\r\nX: y\r\nZ: w\r\n\r\n",
    "CHUNKED": OK + b"Transfer-Encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "interim answers": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
    + OK
    + b"Content-Length: 2\r\n\r\nok",
    "until close": OK + b"\r\nok",
    "status 999": b"HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok",
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "byte by byte"])
def test_what_is_odd_but_valid(saying, session: ulak.Session, name: str, cut: bool) -> None:
    answer = GOOD[name]
    pieces = [answer[i : i + 1] for i in range(len(answer))] if cut else [answer]
    assert session.get(saying(*pieces).url).content in (b"ok", b"0123456789")
