"""P6: strict framing. What is not valid HTTP/1.1 is an error, never a guess.

Every answer comes once in one piece and once cut: no event may depend on where the network
cuts.  Bodies come read at once and streamed too.
"""

from __future__ import annotations

from .case import Case, Judgement
from .judgements import asked, fails, gives, opens
from .names import slug
from .plan import Ask
from .servers import CHUNKED, OK, Server, says, stalls

#: Sizes beyond which an answer is cut in two and not byte by byte.
_LONG = 2000

HEADS: dict[str, dict[str, bytes]] = {
    "P6.1": {
        "garbage": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/0.9": b"<html>old</html>",
        "HTTP/2": b"HTTP/2 200 OK\r\n\r\n",
        "HTTP/3.0": b"HTTP/3.0 200 OK\r\n\r\n",
        "lower case": b"http/1.1 200 OK\r\n\r\n",
        "a line before": b"\r\n" + OK + b"\r\n",
        "a space before": b" " + OK + b"\r\n",
        "two spaces": b"HTTP/1.1  200 OK\r\n\r\n",
        "a tab for a space": b"HTTP/1.1\t200 OK\r\n\r\n",
        "two digits": b"HTTP/1.1 20 OK\r\n\r\n",
        "four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
        "no digits": b"HTTP/1.1 abc OK\r\n\r\n",
        "no status": b"HTTP/1.1\r\n\r\n",
        "a negative status": b"HTTP/1.1 -20 OK\r\n\r\n",
        "status 099": b"HTTP/1.1 099 OK\r\n\r\n",
        "digits of another script": "HTTP/1.1 ２００ OK\r\n\r\n".encode(),
        "bare LF": OK.replace(b"\r\n", b"\n") + b"\n",
        "bare LF in a field": OK + b"X: y\nZ: w\r\n\r\n",
        "bare CR in a value": OK + b"X: a\rb\r\n\r\n",
        "bare CR as a line end": OK + b"X: a\rContent-Length: 0\r\n\r\n",
        "NUL in a value": OK + b"X: a\0b\r\n\r\n",
        "NUL in a name": OK + b"X\0Y: a\r\n\r\n",
        "NUL in the reason": b"HTTP/1.1 200 O\0K\r\n\r\n",
        "a space before the colon": OK + b"Content-Length : 2\r\n\r\nok",
        "a tab before the colon": OK + b"Content-Length\t: 2\r\n\r\nok",
        "no colon": OK + b"Content-Length 2\r\n\r\nok",
        "no name": OK + b": x\r\n\r\n",
        "a name with a space": OK + b"X Y: z\r\n\r\n",
        "a name of other bytes": OK + b"X\xff: z\r\n\r\n",
        "a fold before the first field": OK + b" X: y\r\n\r\n",
        "chunked in disguise": OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        "an unknown coding": OK + b"Transfer-Encoding: gzip\r\n\r\n",
        "chunked twice": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "chunked in two fields": OK
        + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "chunked not last": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "xchunked": OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "chunked in quotes": OK + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    },
    "P6.2": {
        "length of letters": OK + b"Content-Length: abc\r\n\r\n",
        "length with a sign": OK + b"Content-Length: +2\r\n\r\nok",
        "a negative length": OK + b"Content-Length: -2\r\n\r\nok",
        "length in hex": OK + b"Content-Length: 0x2\r\n\r\nok",
        "length with a point": OK + b"Content-Length: 2.0\r\n\r\nok",
        "length with an exponent": OK + b"Content-Length: 2e0\r\n\r\nok",
        "length with an underscore": OK + b"Content-Length: 1_0\r\n\r\n0123456789",
        "length with a space inside": OK + b"Content-Length: 1 0\r\n\r\n0123456789",
        "length in quotes": OK + b'Content-Length: "2"\r\n\r\nok',
        "length in other digits": OK + "Content-Length: ２\r\n\r\nok".encode(),
        "length with a parameter": OK + b"Content-Length: 2;x\r\n\r\nok",
        "an empty length": OK + b"Content-Length: \r\n\r\n",
        "a comma alone": OK + b"Content-Length: ,\r\n\r\n",
        "lengths that differ": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        "a list that differs": OK + b"Content-Length: 2, 3\r\n\r\nok!",
        "a list with an empty member": OK + b"Content-Length: 2,,2\r\n\r\nok",
        "a length beyond numbers": OK + b"Content-Length: " + b"9" * 50 + b"\r\n\r\n",
        "a length folded": OK + b"Content-Length: 1\r\n 0\r\n\r\n0123456789",
    },
    "P6.5": {
        "interim answers without end": b"HTTP/1.1 103 Hints\r\n\r\n" * 70 + OK + b"\r\n",
        "an interim answer that is wrong": b"HTTP/1.1 100 Continue\r\nX\r\n\r\n" + OK + b"\r\n",
    },
    "P6.6": {
        "nothing": b"",
        "a head cut off": OK + b"X: y\r\n",
        "a head cut off in a name": OK + b"Content-Le",
        "a head cut off before its end": OK + b"Content-Length: 2\r\n\r",
        "a status cut off": b"HTTP/1.1 2",
        "only interim": b"HTTP/1.1 100 Continue\r\n\r\n",
    },
    "P7.1": {
        "too many fields": OK + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n",
        "a line too long": OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
        "a reason too long": b"HTTP/1.1 200 " + b"y" * 70_000 + b"\r\n\r\n",
        "a head too long": OK
        + b"".join(b"X-%d: %b\r\n" % (n, b"y" * 5000) for n in range(60))
        + b"\r\n",
    },
}
#: What RFC 9112 lets a lenient reader take, or is a limit of ulak's own: no harm in others.
LENIENT = {
    "a line before", "two spaces", "a tab for a space", "bare LF", "bare LF in a field",
    "status 099", "two digits", "four digits", "lower case", "too many fields",
    "a line too long", "a reason too long", "a head too long", "interim answers without end",
    "a list with an empty member", "a space after the size",
    "a size with bare LF", "trailers without end", "a tab after the size",
}  # fmt: skip

BODIES: dict[str, dict[str, bytes]] = {
    "P6.6": {
        "length too short": OK + b"Content-Length: 9\r\n\r\nshort",
        "no chunk at all": CHUNKED,
        "a chunk cut off": CHUNKED + b"5\r\nab",
        "a chunk cut off in its size": CHUNKED + b"5",
        "a chunk cut off before its end": CHUNKED + b"2\r\nab\r",
        "no last chunk": CHUNKED + b"2\r\nab\r\n",
        "no end of the last chunk": CHUNKED + b"2\r\nab\r\n0\r\n",
        "a trailer cut off": CHUNKED + b"2\r\nab\r\n0\r\nX: y\r\n",
    },
    "P6.3": {
        "a size of letters": CHUNKED + b"xyz\r\nab\r\n0\r\n\r\n",
        "a size with a sign": CHUNKED + b"+2\r\nab\r\n0\r\n\r\n",
        "a negative size": CHUNKED + b"-2\r\nab\r\n0\r\n\r\n",
        "a size with 0x": CHUNKED + b"0x2\r\nab\r\n0\r\n\r\n",
        "a size with an underscore": CHUNKED + b"1_0\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n",
        "a size in other digits": CHUNKED + "２\r\nab\r\n0\r\n\r\n".encode(),
        "a size with a point": CHUNKED + b"2.0\r\nab\r\n0\r\n\r\n",
        "a size in quotes": CHUNKED + b'"2"\r\nab\r\n0\r\n\r\n',
        "an empty size": CHUNKED + b"\r\nab\r\n0\r\n\r\n",
        "an extension without a size": CHUNKED + b";a=b\r\nab\r\n0\r\n\r\n",
        "a space before the size": CHUNKED + b" 2\r\nab\r\n0\r\n\r\n",
        "a space after the size": CHUNKED + b"2 \r\nab\r\n0\r\n\r\n",
        "a tab after the size": CHUNKED + b"2\t\r\nab\r\n0\r\n\r\n",
        "a size beyond numbers": CHUNKED + b"f" * 20 + b"\r\nab",
        "a size with bare LF": CHUNKED + b"2\nab\n0\n\n",
        "a size with NUL": CHUNKED + b"2\0\r\nab\r\n0\r\n\r\n",
        "an extension with bare CR": CHUNKED + b"2;a\rb\r\nab\r\n0\r\n\r\n",
        "an extension with bare LF": CHUNKED + b"2;a\nb\r\nab\r\n0\r\n\r\n",
        "no CRLF after the data": CHUNKED + b"2\r\nab0\r\n\r\n",
        "only LF after the data": CHUNKED + b"2\r\nab\n0\r\n\r\n",
        "more data than the size": CHUNKED + b"2\r\nabc\r\n0\r\n\r\n",
        "a trailer that is wrong": CHUNKED + b"0\r\nX y\r\n\r\n",
        "a trailer with NUL": CHUNKED + b"0\r\nX: \0\r\n\r\n",
    },
    "P7.1": {
        "an extension without end": CHUNKED + b"2;" + b"x" * 100_000,
        "trailers without end": CHUNKED + b"0\r\n" + b"X: y\r\n" * 400 + b"\r\n",
    },
}

GOOD: dict[str, dict[str, bytes]] = {
    "P6.8": {
        "no reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        "an empty reason": b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
        "a reason beyond ASCII": b"HTTP/1.1 200 \xc3\xa7ok\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "a folded field": OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
        "spaces around a value": OK + b"Content-Length: \t 2 \t\r\n\r\nok",
        "no space after the colon": OK + b"Content-Length:2\r\n\r\nok",
        "an empty value": OK + b"X:\r\nContent-Length: 2\r\n\r\nok",
        "a value beyond ASCII": OK + b"X: \xe7\xff\r\nContent-Length: 2\r\n\r\nok",
        "zeros before a size": CHUNKED + b"0002\r\nok\r\n000\r\n\r\n",
        "an extension": CHUNKED + b'2;a=b;c="d"\r\nok\r\n0;e\r\n\r\n',
        "upper case hex": CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n",
        "trailers": CHUNKED + b"2\r\nok\r\n0\r\nX: y\r\nZ: w\r\n\r\n",
        "chunks of one byte": CHUNKED + b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        "CHUNKED": OK + b"Transfer-Encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "until close": OK + b"\r\nok",
    },
    "P6.2": {
        "lengths that agree": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        "a list that agrees": OK + b"Content-Length: 2, 2\r\n\r\nok",
        "zeros before a length": OK + b"Content-Length: 002\r\n\r\nok",
    },
    "P6.5": {
        "100 before the answer": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
        "103 before the answer": b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
        + OK
        + b"Content-Length: 2\r\n\r\nok",
        "64 before the answer": b"HTTP/1.1 103 Hints\r\n\r\n" * 64
        + OK
        + b"Content-Length: 2\r\n\r\nok",
    },
}  # fmt: skip

_TWO_LENGTHS = {
    "chunked before a length": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    "a length before chunked": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    "a length that is right": b"Content-Length: 15\r\nTransfer-Encoding: chunked\r\n",
}


def _cut(answer: bytes) -> list[bytes]:
    """``answer`` byte by byte; one that is long in two pieces."""
    if len(answer) > _LONG:
        return [answer[:1000], answer[1000:]]
    return [answer[at : at + 1] for at in range(len(answer))]


def _cut_body(answer: bytes) -> list[bytes]:
    """The head in one piece, and the first of the body byte by byte."""
    head, mark, body = answer.partition(b"\r\n\r\n")
    return [head + mark, *(body[at : at + 1] for at in range(min(len(body), 300))), body[300:]]


def _harm(what: str) -> str:
    return "other" if what in LENIENT else "poisoned"


def _head_judges(what: str, clause: str) -> tuple[Judgement, ...]:
    violation = ("ProtocolError",) if clause != "P6.6" else ()
    return fails("ConnectionError", *violation, counted=_harm(what)), opens(1)


def _body_judges(what: str, clause: str) -> tuple[Judgement, ...]:
    kind = "IncompleteBody" if clause == "P6.6" else "ChunkedEncodingError"
    return fails(kind, counted=_harm(what)), opens(1)


CASES: list[Case] = [
    *(
        Case(
            name=f"head-{slug(what)}-{how}",
            promise=clause,
            servers={"a": Server(says(*(_cut(answer) if how == "cut" else [answer])))},
            judge=_head_judges(what, clause),
        )
        for clause, group in HEADS.items()
        for what, answer in group.items()
        for how in ("whole", "cut")
    ),
    *(
        Case(
            name=f"body-{slug(what)}-{how}-{'streamed' if read == 'pieces' else 'read'}",
            promise=clause,
            servers={"a": Server(says(*(_cut_body(answer) if how == "cut" else [answer])))},
            asks=(Ask(read=read),),
            judge=_body_judges(what, clause),
        )
        for clause, group in BODIES.items()
        for what, answer in group.items()
        for how in ("whole", "cut")
        for read in ("whole", "pieces")
    ),
    *(
        Case(
            name=f"odd-{slug(what)}-{how}",
            promise=clause,
            servers={"a": Server(says(*(_cut(answer) if how == "cut" else [answer])))},
            judge=(gives(b"0123456789" if what == "upper case hex" else b"ok"),),
        )
        for clause, group in GOOD.items()
        for what, answer in group.items()
        for how in ("whole", "cut")
    ),
    *(
        Case(
            name=f"framed-twice-{slug(what)}",
            promise="P6.4",
            servers={"a": Server(stalls(OK + fields + b"\r\n5\r\nhello\r\n0\r\n\r\n"))},
            asks=(Ask(timeout=1.0), Ask(timeout=1.0)),
            judge=(gives(b"hello", counted="poisoned"), asked(2), opens(2)),
        )
        for what, fields in _TWO_LENGTHS.items()
    ),
]
