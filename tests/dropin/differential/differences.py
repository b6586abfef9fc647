"""Every difference from requests that is meant: what each library does, why, and the calls.

Data only.  An entry either has claims, which the calls of the table show, or says why no
call can show it.  What differs and is not here is a fault of ulak.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .claims import (
    Claim,
    accepted,
    answers,
    asks,
    claim,
    exactly,
    fields,
    made_by,
    one_family,
    raises,
    refused,
)


@dataclass(frozen=True)
class Entry:
    """One difference; its texts are the page's, in Markdown."""

    id: str
    title: str
    requests: str = ""
    ulak: str = ""
    why: str = ""
    claims: tuple[Claim, ...] = ()
    #: Why no call of the table shows it.
    stated: str = ""
    #: Python that runs with the page.
    example: str = ""


@dataclass(frozen=True)
class Table:
    """Entries as the rows of a table, all for the reason that its introduction gives."""

    introduction: str
    rows: tuple[Entry, ...]


@dataclass(frozen=True)
class Section:
    """A section of the page."""

    title: str
    parts: tuple[Entry | Table, ...]


def entries() -> Iterator[Entry]:
    """Every entry, in the order of the page."""
    for section in SECTIONS:
        for part in section.parts:
            yield from part.rows if isinstance(part, Table) else [part]


#: Of entries that only name what ulak has besides.
NEW = "it is new, and requests has nothing to compare it with"

INTRODUCTION = (
    "What is not on this page behaves as in requests 2.34; [Moving to ulak](migrating.md) has the "
    "steps. A test makes more than a thousand calls with both libraries against the same local "
    "server, and compares every byte that is sent, the responses and the exceptions. A call that "
    "differs needs an entry here, and an entry a call that shows it, or a reason why none can; "
    "`python -m tests.dropin.differential --write` makes this page of these entries."
)

TIME = Section(
    "Time",
    (
        Entry(
            "default-timeout",
            "A default timeout.",
            "requests waits for ever when you pass none.",
            "ulak waits 10 seconds to connect and 300 seconds for each piece of the answer.",
            "a server that stops answering holds a thread, or a whole service, for good. "
            "`timeout=None` waits for ever, on a call or a session.",
            stated="a call would have to wait for minutes",
        ),
        Entry(
            "more-timeouts",
            "More limits.",
            "`requests.Timeout` is an exception, and `timeout=` an argument of calls.",
            "`timeout=` on a session, `Timeout(total=…)`, and limits for writing and for the "
            "pool are new, and so are their errors. `ulak.Timeout` is that exception, and "
            "also the value that `timeout=` takes.",
            stated=NEW,
        ),
        Entry(
            "body-stall",
            "A stall in the body",
            "is a plain `ConnectionError` in requests, and so not caught by `except Timeout`.",
            "Here it is a `BodyReadTimeout`: a `ConnectionError` and a `Timeout`.",
            stated="`BodyReadTimeout` is a finer class of `ConnectionError`, which the comparison "
            "takes for the same; the calls named `stalls` show it",
        ),
        Entry(
            "handshake",
            "The TLS handshake counts as connecting.",
            "A server that accepts and then says nothing is a `ReadTimeout` in requests,",
            "here a `ConnectTimeout`.",
            "nothing of the request was sent, so it is safe to try again.",
            (
                claim(
                    raises("ReadTimeout", "ConnectTimeout"),
                    "outcome",
                    "stalls: in the TLS handshake",
                ),
            ),
        ),
    ),
)


_FAMILY = (
    "auth: a function that returns nothing",
    "auth: a tuple of three",
    "auth: text",
    "cookie jar: create_cookie with an unknown part",
    "cookie jar: dict()",
    "cookie jar: get() of two",
    "cookie jar: item of two",
    "cookies: a list",
    "cookies: text",
    "cookies: value beyond Latin-1",
    "cookies: value with a line break",
    "data: True",
    "data: a file that is closed",
    "data: a float",
    "data: a generator of numbers",
    "data: a list of longer bytes",
    "data: a list of numbers",
    "data: a number",
    "data: an object",
    "failures: a CA bundle that is not there",
    "failures: a certificate that is not there",
    "failures: a key that is not there",
    "failures: auth of a number",
    "failures: cookies of a number",
    "failures: headers of a number",
    "failures: hooks of a list",
    "failures: params of an object",
    "failures: proxies of text",
    "files: a generator",
    "files: a list of text",
    "files: a tuple of five",
    "files: a tuple of one",
    "files: text as files",
    "files: with data as a generator",
    "files: with data as bytes",
    "files: with data as text",
    "headers: a line break set on the prepared request",
    "headers: beyond Latin-1",
    "headers: name of UTF-8",
    "headers: text",
    "hooks: an unknown event",
    "hooks: register_hook of an unknown event",
    "json: a decimal",
    "json: a set",
    "json: an object",
    "json: bytes",
    "params: a list of numbers",
    "params: a number",
    "params: pairs of three",
    "prepared: a Request that is sent",
    "prepared: send() of what is no request",
    "streaming: iter_content by text",
    "streaming: iter_content, then content",
    "streaming: iter_content, then text",
    "streaming: lines by the wrong delimiter",
    "timeout: True",
    "timeout: a dict",
    "timeout: a pair with text",
    "timeout: a pair with zero",
    "timeout: a tuple of one",
    "timeout: a tuple of three",
    "timeout: an empty tuple",
    "timeout: an object",
    "timeout: below zero",
    "timeout: text",
    "timeout: text that is no number",
    "timeout: zero",
    "urls: as bytes that are not UTF-8",
    "verbs: the method 'GET\\r\\nX: y'",
    "verbs: the method 'GET\\x00'",
    "verbs: the method 'GÉT'",
    "verbs: the method 'G\\tET'",
    "verbs: the method 'G ET'",
)

ERRORS = Section(
    "Errors",
    (
        Entry(
            "one-family",
            "What fails is a `RequestException`.",
            "From requests you may see `ValueError` (a timeout of 0, an unknown hook), "
            "`TypeError`, `AttributeError`, `UnicodeError` (a redirect's `Location` that is "
            "not UTF-8, a header beyond Latin-1, a charset such as `idna`), `KeyError` (a "
            "Digest challenge without a nonce), `RecursionError` and `OSError` (a missing CA "
            "file), and classes of urllib3.",
            "Where requests raises a `ValueError` or a `TypeError`, ulak's class is that as well "
            "(`InvalidTimeout` is a `ValueError`).",
            "one `except` should be enough.",
            (
                claim(one_family, "outcome", *_FAMILY),
                claim(
                    one_family,
                    "json",
                    "text: JSON of a long number",
                    "text: JSON that nests deep",
                    "text: the charset idna",
                ),
                claim(
                    one_family,
                    "0.apparent_encoding 0.content 0.json 0.text",
                    "redirects: streamed",
                ),
            ),
        ),
        Entry(
            "accepted",
            "Some calls that end in such an exception",
            "of requests, a `TypeError`, `ValueError`, `AttributeError` or `KeyError`, just "
            "work here:",
            "ulak takes `auth=` as a list, user and password beyond Latin-1 (as UTF-8), "
            "headers as pairs, numbers as cookies, a pair of timeouts as a list, params as "
            "bytes of UTF-8, a request without a method that is only prepared, and a "
            "`Location` in Latin-1; it gives the 401 back when a Digest challenge cannot be "
            "answered, and a `Response` made by hand is `ok` before it has a status.",
            "what can be understood in one way only need not fail.",
            (
                claim(
                    accepted,
                    "outcome",
                    "Location: of Latin-1",
                    "auth: a list",
                    "auth: beyond Latin-1",
                    "cookies: value of a number",
                    "digest: no nonce",
                    "digest: no realm",
                    "headers: a list of pairs",
                    "headers: pairs that repeat",
                    "params: bytes of UTF-8",
                    "prepared: without a method",
                    "timeout: a list",
                ),
                claim(
                    exactly(0, 1),
                    "sent",
                    "auth: a list",
                    "auth: beyond Latin-1",
                    "cookies: value of a number",
                    "headers: a list of pairs",
                    "headers: pairs that repeat",
                    "params: bytes of UTF-8",
                    "timeout: a list",
                ),
                claim(exactly(1, 2), "sent", "Location: of Latin-1"),
                claim(accepted, "next", "responses: pickled", "streaming: pickled"),
                claim(accepted, "11.value", "responses: an empty Response"),
            ),
        ),
        Entry(
            "finer",
            "Finer classes,",
            "",
            "each a subclass of the one in requests: `NameResolutionError` and "
            "`ProtocolError` (`ConnectionError`), `IncompleteBody` (`ChunkedEncodingError`) "
            "and others; see [Errors](errors.md). `CookieConflictError` is a "
            "`RequestException` too, `StreamConsumedError` a `RuntimeError` too.",
            "who wants to know more can, and who does not catches what they caught before.",
            (
                claim(
                    lambda theirs, ours: (
                        set(theirs) < set(ours)
                        and set(ours) - set(theirs) == {("StreamConsumedError", "RuntimeError")}
                    ),
                    "value",
                    "names: the tree of exceptions",
                ),
            ),
        ),
        Entry(
            "messages",
            "Messages say more.",
            "",
            "`JSONDecodeError` has `msg`, `doc` and `pos` of the `json` module; its text begins "
            "with the method, the URL, the status and the Content-Type. `TooManyRedirects` adds "
            'the URL to "Exceeded 30 redirects.", and a URL without a scheme gets a better guess.',
            stated="texts of exceptions are not compared",
        ),
        Entry(
            "reasons",
            "The first argument of an error",
            "is an exception of urllib3 in requests: `error.args[0]` is a `MaxRetryError`, a "
            "`ReadTimeoutError` or a `ProtocolError`.",
            "Here it is the message, text that has a `reason`: what went wrong below, such as "
            "urllib3's `NewConnectionError`, which is `error.args[0].reason` in requests, too, and "
            "`error.__cause__`. So `isinstance(error.args[0], ReadTimeoutError)` becomes "
            "`isinstance(error.__cause__, ReadTimeoutError)`. The message has urllib3's words "
            '"Failed to establish a new connection", "Failed to resolve", "Read timed out" and '
            '"too many 503 error responses"; "Max retries exceeded" it says only where there were '
            "retries that a status used up. A pickle holds the text alone.",
            "a message that the user can read, and that leaves known secrets out, is what errors "
            "are printed for.",
            stated="arguments of exceptions are not compared; programs of the tests look for "
            "reasons and for these words",
        ),
        Entry(
            "secrets",
            "Messages leave secrets out.",
            "`raise_for_status()` in requests prints the URL with user, password and tokens.",
            "ulak prints `***` in the place of user and password, and of query fields of "
            "[well-known names](errors.md#what-a-message-hides); the rest of the URL it prints. "
            "`repr()` of an auth object or a session shows no credentials.",
            "messages end in logs.",
            (
                claim(
                    made_by(lambda shown: shown.replace("user:secret", "***")),
                    "value",
                    "responses: raise_for_status with a password in the URL",
                ),
            ),
        ),
        Entry(
            "chunk-size",
            "A `chunk_size` is a whole number above zero, or `None`.",
            "requests hands over nothing at all for 0, takes `True` for 1, and a negative number "
            "for the whole body.",
            "ulak raises `InvalidOption`.",
            "a body that seems to be empty is a silent loss.",
            (
                claim(
                    refused("InvalidOption"),
                    "outcome",
                    "streaming: iter_content below zero",
                    "streaming: iter_content by True",
                    "streaming: iter_content by zero",
                ),
            ),
        ),
        Entry(
            "hook-not-callable",
            "A hook that cannot be called",
            "is left out in silence by requests.",
            "ulak raises `InvalidOption`, before anything is sent.",
            "a check that never runs is worse than none.",
            (
                claim(refused("InvalidOption"), "outcome", "hooks: one that cannot be called"),
                claim(exactly(1, 0), "sent", "hooks: one that cannot be called"),
            ),
        ),
        Entry(
            "method-empty",
            "A method that is empty",
            "is sent by requests, as a request line that begins with a blank.",
            "ulak raises `InvalidMethod`.",
            "RFC 9110 has no such method, and servers read such a line in different ways.",
            (
                claim(refused("InvalidMethod"), "outcome", "verbs: the method ''"),
                claim(exactly(1, 0), "sent", "verbs: the method ''"),
            ),
        ),
    ),
)

CONNECTIONS = Section(
    "Connections",
    (
        Entry(
            "stale",
            "A dead kept connection is replaced once.",
            "requests raises `ConnectionError` when a server closed an idle connection just before "
            "it is used.",
            "ulak sends the request again on a new one, if nothing of an answer came and the "
            "method is idempotent. A POST is not repeated.",
            "servers close idle connections whenever they like, and the caller can do nothing "
            "about it.",
            (
                claim(
                    answers("ConnectionError"),
                    "outcome",
                    "failures: a GET on a kept connection that died",
                ),
                claim(exactly(2, 3), "sent", "failures: a GET on a kept connection that died"),
            ),
        ),
        Entry(
            "close",
            "`Session.close()` closes everything.",
            "In requests the connections of responses that are still being read live on.",
            "In ulak reading on raises `SessionClosed`.",
            "after `close()` nothing of yours should be open.",
            stated="a connection that lives on is seen only when it is waited for; "
            "`tests/sessions/test_closing.py` tests it",
        ),
        Entry(
            "pools",
            "More pools.",
            "requests keeps connections to 10 origins, and 10 idle ones to each; with 11 hosts it "
            "reconnects all the time.",
            "ulak keeps 512 and 100.",
            stated="it takes more servers than the table has",
        ),
        Entry(
            "left-over",
            "Left-over bytes close a connection.",
            "If a server sends more than its answer, requests may drop the rest and use the "
            "connection again.",
            "ulak closes it.",
            "nobody knows what else is on the way.",
            (claim(exactly([0, 0], [0, 1]), "connections", "framing: bytes left over"),),
        ),
        Entry(
            "raw",
            "`Response.raw`",
            "",
            "is a urllib3 `HTTPResponse`, as in requests, but nothing of `http.client` is under "
            "it; `raw._original_response` offers its header fields only.",
            stated="who looks beneath urllib3 sees objects that are not compared",
        ),
        Entry(
            "replaced-below",
            "What is replaced in urllib3 or `http.client`",
            "is always on the way of requests.",
            "In ulak it is where [the guide](guide/dropin.md#what-is-replaced-below-requests) "
            "says so: what carries exchanges out does so here too, and is refused under an "
            "`AddressPolicy`; what looks on, as tracers do, is called around an exchange of "
            "ulak's.",
            stated="the table replaces nothing; tests/transport/test_stock.py and test_watched.py "
            "test it",
        ),
        Entry(
            "connect-host",
            "CONNECT",
            "is asked of a proxy in HTTP/1.0 and without a Host field by requests before Python "
            "3.12,",
            "in HTTP/1.1 and with it by ulak.",
            "RFC 9112, section 3.2, requires it.",
            (
                *(
                    ()
                    if sys.version_info >= (3, 12)  # whose http.client does it like ulak
                    else (
                        claim(
                            made_by(lambda lines: [x.replace("/1.0", "/1.1") for x in lines]),
                            "lines",
                            "proxies: one that refuses CONNECT",
                        ),
                        claim(
                            fields(ours=["Host: example.test:443"]),
                            "fields",
                            "proxies: one that refuses CONNECT",
                        ),
                    )
                ),
            ),
            stated="Python 3.12 sends it" if sys.version_info >= (3, 12) else "",
        ),
    ),
)


def _framing(ident: str, sent: str, theirs: str, error: str, *calls: str) -> Entry:
    names = tuple(f"framing: {each}" for each in calls)
    return Entry(
        ident,
        sent,
        theirs,
        f"`{error}`",
        claims=(claim(refused(error), "outcome", *names),),
    )


READING = Section(
    "What is read of an answer",
    (
        Table(
            "ulak refuses what RFC 9112 does not allow, where two readers could understand two "
            "different messages. *Why:* that is how answers are smuggled past proxies and caches. "
            "requests accepts each of these:",
            (
                _framing(
                    "length-syntax",
                    "`Content-Length: +5`, `1_0`, `-3`, `abc`, or an empty one",
                    "reads some number, or until the end",
                    "ProtocolError",
                    "a length that is none",
                    "a length with a plus",
                    "a length with an underscore",
                    "a negative length",
                    "an empty length",
                ),
                _framing(
                    "transfer-coding",
                    "`Transfer-Encoding: gzip, chunked`, `xchunked`",
                    "decodes, or ignores it",
                    "ProtocolError",
                    "Transfer-Encoding of gzip",
                    "Transfer-Encoding unknown",
                ),
                _framing(
                    "chunk-syntax",
                    "a chunk size of `0x5`, `+5`, or with blanks around, or whose line ends in LF; "
                    "a chunk not followed by CRLF",
                    "accepted",
                    "ChunkedEncodingError",
                    "a chunk size with 0x",
                    "a chunk size with a blank",
                    "a chunk size with a plus",
                    "a chunk size that ends in LF",
                    "a chunk with other bytes for its CR LF",
                ),
                Entry(
                    "chunk-negative",
                    "a chunk size of `-5`",
                    "`ValueError`",
                    "`ChunkedEncodingError`",
                    claims=(
                        claim(
                            raises("ValueError", "ChunkedEncodingError"),
                            "outcome",
                            "framing: a negative chunk size",
                        ),
                    ),
                ),
                _framing(
                    "lone-lf",
                    "header lines that end in LF",
                    "accepted",
                    "ProtocolError",
                    "lines that end in LF",
                ),
                _framing(
                    "colon",
                    "`Name : value`, a line without a colon or without a name",
                    "this and all further fields are dropped",
                    "ProtocolError",
                    "a blank before the colon",
                    "a line without a colon",
                    "an empty name",
                ),
                Entry(
                    "controls",
                    "a NUL, a bare CR, or another control character in a value",
                    "accepted; the CR begins a new field",
                    "`ProtocolError`",
                    claims=(
                        claim(
                            refused("ProtocolError"),
                            "outcome",
                            "cookies set: a control character",
                            "framing: NUL in a value",
                            "framing: a bare CR in a value",
                            "text: a charset with NUL",
                        ),
                        claim(exactly(3, 1), "sent", "cookies set: a control character"),
                    ),
                ),
                _framing(
                    "first-fold",
                    "a folded line before the first field",
                    "ignored",
                    "ProtocolError",
                    "a fold before the first",
                ),
                _framing(
                    "half-head",
                    "the connection ends in the head",
                    "an answer with the fields so far",
                    "ProtocolError",
                    "half a head",
                ),
                _framing(
                    "interim-many",
                    "more than 64 interim answers (1xx)",
                    "all are read",
                    "ProtocolError",
                    "65 times 100 first",
                ),
                Entry(
                    "interim",
                    "`103 Early Hints`, or `102`, before the answer",
                    "the 103 is the answer",
                    "skipped",
                    claims=(
                        claim(exactly(102, 200), "0.value", "framing: 102 first"),
                        claim(exactly(103, 200), "0.value", "framing: 103 first"),
                        claim(
                            exactly(b"", b"abc"),
                            "1.value",
                            "framing: 102 first",
                            "framing: 103 first",
                        ),
                    ),
                ),
                Entry(
                    "no-body-in-chunks",
                    "a 204 that says it comes in chunks",
                    "waits for chunks: `ChunkedEncodingError`",
                    "an empty body",
                    claims=(
                        claim(answers("ChunkedEncodingError"), "outcome", "framing: 204 in chunks"),
                    ),
                ),
                Entry(
                    "cut-tls",
                    "a body without a length, in TLS that the server does not end before it closes",
                    "what there is, as if it were all",
                    "`IncompleteBody`, but for the [drop-in](guide/dropin.md)",
                    stated="the table's server has no TLS; tests/hostile shows it",
                ),
                Entry(
                    "cut-coding",
                    "a gzip or deflate body that is cut off",
                    "what there is, as if it were all",
                    "`ContentDecodingError`",
                    claims=(
                        claim(
                            refused("ContentDecodingError"),
                            "outcome",
                            "codings: deflate that is cut",
                            "codings: gzip that is cut",
                            "codings: gzip that is cut early",
                        ),
                    ),
                ),
            ),
        ),
        Entry(
            "limits",
            "",
            "",
            "Other limits: a head of 256 KiB, a line of 64 KiB, 256 fields (requests: 100), five "
            "content codings. Different `Content-Length` fields are `InvalidHeader` in requests, "
            "here `ProtocolError`.",
            "`InvalidHeader` is for what the caller writes, and a program that sends 101 fields "
            "does no harm.",
            (
                claim(answers("ConnectionError"), "outcome", "framing: 101 headers"),
                claim(
                    raises("InvalidHeader", "ProtocolError"),
                    "outcome",
                    "framing: two lengths",
                    "framing: two lengths in one",
                ),
            ),
        ),
        Entry(
            "blanks",
            "Blanks at the end of a field's value",
            "stay in requests,",
            "and go in ulak.",
            "RFC 9110, section 5.5, says they are no part of it.",
            (
                claim(
                    made_by(lambda headers: [(name, text.rstrip()) for name, text in headers]),
                    "headers 0.headers",
                    "cookies set: blanks",
                    "responses: a header with blanks",
                ),
            ),
        ),
        Entry(
            "skim",
            "A redirect's body.",
            "requests reads all of it into memory.",
            "ulak reads 64 KiB at most, and then the connection is closed; so is the body of an "
            "answer that is retried.",
            "a body that nobody asked for must not fill the memory.",
            (
                claim(exactly([0, 0], [0, 1]), "connections", "redirects: with a large body"),
                claim(exactly(200_000, 65_536), "1.value", "redirects: with a large body"),
            ),
        ),
        Entry(
            "lines",
            "`iter_lines()`.",
            "In requests a CR LF that is cut in two gives an empty line, and a `delimiter` at the "
            "end an empty last one.",
            "ulak gives the same lines wherever the network cut them.",
            "what is read must not depend on chance.",
            (
                claim(
                    exactly([b"a", b"", b"b", b"c", b""], [b"a", b"b", b"c"]),
                    "value",
                    "streaming: lines cut inside CR LF",
                ),
                claim(
                    exactly([b"a", b"b", b""], [b"a", b"b"]),
                    "value",
                    "streaming: lines by a delimiter at the end",
                ),
            ),
        ),
        Entry(
            "charset",
            "Charsets.",
            "requests takes every codec of Python for a charset, and an empty charset for UTF-8.",
            "What Python calls a codec but is no charset (`idna`, `unicode_escape`) counts as "
            "unknown in ulak, and an empty one as not named. `application/json` is UTF-8 "
            "where no charset is named, in both.",
            "a server must not choose a codec that does more than decode text.",
            (
                claim(accepted, "text", "text: the charset idna"),
                claim(exactly("teüxt", r"te\u00fcxt"), "text", "text: the charset unicode_escape"),
                claim(exactly("", "ISO-8859-1"), "encoding", "text: an empty charset"),
                claim(
                    made_by(lambda text: text.encode().decode("latin-1")),
                    "text",
                    "text: an empty charset",
                ),
            ),
        ),
        Entry(
            "links",
            "Links.",
            "requests cuts a Link field at every semicolon, and makes a link of a lone comma.",
            "ulak reads it as RFC 8288 has it, so that a URL may have a semicolon.",
            "the URL is the server's, and what is left of it leads elsewhere.",
            (
                claim(
                    exactly(
                        {"http://a.test/a": {"url": "http://a.test/a"}},
                        {"next": {"url": "http://a.test/a;b", "rel": "next"}},
                    ),
                    "links",
                    "responses: a Link, semicolon in the URL",
                ),
                claim(exactly({",": {"url": ","}}, {}), "links", "responses: a Link, only a comma"),
            ),
        ),
        Entry(
            "codes",
            "`codes`",
            "",
            "has `early_hints`, `loop_detected` and `request_header_fields_too_large` besides.",
            "they are in the registry.",
            (
                claim(
                    lambda theirs, ours: (
                        set(theirs) < set(ours)
                        and {name.lower() for name, _ in set(ours) - set(theirs)}
                        == {"early_hints", "loop_detected", "request_header_fields_too_large"}
                    ),
                    "value",
                    "names: every status code",
                ),
            ),
        ),
    ),
)

#: Call, what requests asks for, what ulak asks for.
_PATHS = (
    ("params: dict added to /p?x=%7E#f?g", "/p?x=~&a=1", "/p?x=%7E&a=1"),
    ("params: text added to /p?x=%7E#f?g", "/p?x=~&b=2", "/p?x=%7E&b=2"),
    ("Location: encoded needlessly", "/~b", "/%7Eb"),
    ("Location: with encoded dots", "/b", "/x/%2e%2e/b"),
    ("urls: dot segments", "/a/c", "/a/./b/../c"),
    ("urls: dots at the end", "/a/", "/a/b/.."),
    ("urls: dots above the root", "/a", "/../a"),
    ("urls: encoded dots", "/a/../b", "/a/%2e%2e/b"),
    ("urls: encoded in small letters", "/%C3%A4?%C3%A4", "/%c3%a4?%c3%a4"),
    ("urls: encoded needlessly", "/~a-b?~", "/%7Ea%2Db?%7E"),
    (
        "urls: a target in absolute form through a proxy",
        "http://example.test:8080/b?c",
        "http://example.test:8080/a/../b?c",
    ),
)
_ASKED = "lines url request.url"

URLS = Section(
    "URLs",
    (
        Entry(
            "path",
            "The path is yours.",
            "requests decodes `%7E`, writes `%c3` as `%C3`, and resolves `.`, `..` and `%2e%2e` in "
            "the path.",
            "ulak sends what you wrote, and encodes only what may not stand in a URL. A redirect's "
            "`Location` is resolved as RFC 3986 says.",
            "signatures are computed over the exact path, and servers tell these spellings apart.",
            (
                *(claim(asks(theirs, ours), _ASKED, call) for call, theirs, ours in _PATHS),
                claim(
                    asks("/?a=%20~&b=%C3%BC", "/?a=%20%7E&b=%c3%bc"),
                    "lines",
                    "params: text that is encoded",
                ),
                claim(
                    asks("/?a=%20~&b=%c3%bc", "/?a=%20%7E&b=%c3%bc"),
                    "url request.url",
                    "params: text that is encoded",
                ),
                claim(asks("/b%20%C3%BC%2F", "/b%20%C3%BC%2f"), "lines", "Location: encoded"),
                claim(asks("/b%C3%BC", "/b%c3%bc"), "lines", "Location: encoded in small letters"),
            ),
            example="""
import ulak

request = ulak.Request("GET", "https://api.example.com/%7Efatma/a/../b").prepare()
assert request.url.endswith("/%7Efatma/a/../b")
""",
        ),
        Entry(
            "host",
            "Hosts are read strictly.",
            "`http://a\\@b/` is a request to the host `a` in requests, other readers see `b`.",
            "It is `InvalidURL` here. A host with a blank, from a `Location` too, one with an "
            "empty or overlong label, with percent-encodings or signs that no name has, and port "
            "0 are `InvalidURL` as well.",
            "what one reader takes for the host must not be another's path.",
            (
                claim(
                    refused("InvalidURL"),
                    "outcome",
                    "prepared urls: a backslash before an at sign",
                    "prepared urls: a backslash in the host",
                    "prepared urls: a long label",
                    "prepared urls: a sign in the host",
                    "prepared urls: an encoded host",
                    "prepared urls: port zero",
                    "prepared urls: two dots",
                ),
                claim(
                    raises("ConnectionError", "InvalidURL"),
                    "outcome",
                    "Location: of a host with a blank",
                ),
            ),
        ),
        Entry(
            "idna",
            "International names in other spellings",
            "(full-width letters or dots, a soft hyphen) are `InvalidURL` in requests.",
            "ulak maps them as UTS 46 says, as browsers do.",
            "people paste such names, and they mean one host only.",
            (
                claim(
                    answers("InvalidURL"),
                    "outcome",
                    "prepared urls: a soft hyphen",
                    "prepared urls: full-width dot",
                    "prepared urls: full-width letters",
                ),
            ),
        ),
        Entry(
            "lone-mark",
            "A lone `?` or `#` at the end of a URL",
            "is dropped by requests.",
            "It stays there; so does an `@` without a user.",
            "the URL is yours, as the path is.",
            (
                claim(
                    asks("/a", "/a?"),
                    _ASKED,
                    "urls: a lone question mark",
                ),
                claim(asks("/b", "/b?"), _ASKED, "Location: with a question mark at the end"),
                claim(
                    made_by(lambda url: f"{url}#"), "url request.url", "urls: a lone number sign"
                ),
                claim(
                    made_by(lambda url: url.replace("//", "//@")),
                    "url request.url",
                    "auth in the URL: empty",
                ),
                claim(
                    exactly(["/", "/", "/?b=c", "/p;q?r"], ["/", "/?", "/?b=c", "/p;q?r"]),
                    "value",
                    "urls: path_url and its kin",
                ),
            ),
        ),
        Entry(
            "url-as-sent",
            "`response.url` after a redirect",
            "is not quite what was asked for in requests: `%`, `[` and `]` stand there as the "
            "server wrote them, and the path may be missing.",
            "In ulak it is what was sent.",
            "who asks for `response.url` again should ask for the same.",
            (
                claim(asks("/b%", "/b%25"), "url request.url", "Location: with a percent"),
                claim(asks("/b[c]", "/b%5Bc%5D"), "url request.url", "Location: with brackets"),
                claim(
                    made_by(lambda url: url.replace(":PORT", ":PORT/")),
                    "url request.url",
                    "Location: without a path",
                    "Location: with a query and no path",
                ),
            ),
        ),
        Entry(
            "location-characters",
            "Blanks and tabs of a `Location`.",
            "requests sends the blanks at its end as `%20`, and drops tabs.",
            "ulak drops the blanks, and sends a tab as `%09`.",
            "RFC 9110, section 5.5: the blanks are no part of the value, and what is inside is.",
            (
                claim(asks("/b%20%20", "/b"), _ASKED, "Location: with blanks around"),
                claim(asks("/bc", "/b%09c"), _ASKED, "Location: with a tab inside"),
            ),
        ),
        Entry(
            "location-fragment",
            "A `Location` with an empty fragment",
            "keeps the old fragment in requests,",
            "and takes it away in ulak.",
            "RFC 9110, section 10.2.2: only where there is none is the old one kept.",
            (
                claim(
                    made_by(lambda url: url.replace("#f", "#")),
                    "url request.url",
                    "Location: with an empty fragment",
                ),
            ),
        ),
        Entry(
            "params-mark",
            "A `#` in `params` of text",
            "makes the rest a fragment in requests, which is not sent.",
            "ulak encodes it.",
            "what is passed as a parameter is meant to be sent.",
            (claim(asks("/?a=1", "/?a=1%23x"), _ASKED, "params: text with a fragment mark"),),
        ),
    ),
)

_BODY_AFTER = ("DELETE", "PATCH", "PUT")

REDIRECTS = Section(
    "Redirects",
    (
        Entry(
            "body-after-301",
            "The body stays with the method.",
            "After a 301, requests sends PUT, PATCH and DELETE again without their body.",
            "ulak sends it along. (302 and 303 make them GETs in both.)",
            "RFC 9110, section 15.4.2, has it so: the same request, elsewhere.",
            (
                claim(
                    fields(
                        ["Content-Length: 0"],
                        ["Content-Length: 3", "Content-Type: application/x-www-form-urlencoded"],
                    ),
                    "fields",
                    "redirects: 301 of PATCH with a form",
                    "redirects: 301 of PUT with a form",
                ),
                claim(
                    fields(
                        [], ["Content-Length: 3", "Content-Type: application/x-www-form-urlencoded"]
                    ),
                    "fields request.headers",
                    *(f"redirects: 301 of {each} with a form" for each in _BODY_AFTER),
                ),
                claim(
                    exactly(["a=1", ""], ["a=1", "a=1"]),
                    "bodies",
                    *(f"redirects: 301 of {each} with a form" for each in _BODY_AFTER),
                ),
                claim(
                    exactly(None, "a=1"),
                    "request.body",
                    *(f"redirects: 301 of {each} with a form" for each in _BODY_AFTER),
                ),
                claim(
                    fields([], ["Content-Length: 0"]),
                    "fields request.headers",
                    "redirects: 301 of DELETE",
                    "redirects: 301 of OPTIONS",
                    "redirects: 301 of PATCH",
                ),
                claim(
                    lambda theirs, ours: (
                        [sorted(each) for each in theirs] == [sorted(each) for each in ours]
                    ),
                    "fields",
                    "redirects: 301 of PATCH",
                ),
            ),
        ),
        Entry(
            "body-headers",
            "What tells of a body goes with it.",
            "When a redirect drops the body, requests takes away `Content-Length`, `Content-Type` "
            "and `Transfer-Encoding`.",
            "ulak also takes `Content-Encoding`, `Content-Language`, `Content-Location` and "
            "`Expect`.",
            "RFC 9110, sections 15.4 and 10.1.1: they would tell of a body that is not there, and "
            "leave would be asked to send it.",
            (
                claim(
                    fields(
                        [
                            "Content-Encoding: identity",
                            "Content-Language: tr",
                            "Content-Location: /x",
                        ]
                    ),
                    "fields request.headers",
                    "redirects: 301 of POST with headers of the body",
                    "redirects: 302 of POST with headers of the body",
                    "redirects: 303 of POST with headers of the body",
                ),
            ),
        ),
        Entry(
            "left-behind",
            "More stays behind when a redirect leads to another origin.",
            "requests takes along the call's `cookies=`, session cookies that are bound to no "
            "domain, and `Referer` and `Host` headers of your own.",
            "ulak leaves them.",
            "whoever can redirect you would learn them; a foreign `Host` would ask the new server "
            "for the old one's pages.",
            (
                claim(
                    fields(["Cookie: a=b"]),
                    "fields request.headers",
                    "cookies: of no domain on a redirect to another origin",
                    "cookies: of the call on a redirect to another origin",
                ),
                claim(
                    fields(["Referer: http://a.test/secret"]),
                    "fields request.headers 0.request.headers",
                    "redirects with a Referer header: to another host",
                    "redirects with a Referer header: to another port",
                ),
                claim(
                    made_by(lambda names: [each for each in names if each != "Referer"]),
                    "1.value",
                    "redirects with a Referer header: to another port",
                ),
                claim(
                    fields(["Host: example.test"], ["Host: localhost:PORT"]),
                    "fields",
                    "redirects with a Host header: to another host",
                ),
                claim(
                    fields(["Host: example.test"], ["Host: 127.0.0.1:OTHER"]),
                    "fields",
                    "redirects with a Host header: to another port",
                ),
                claim(
                    fields(["Host: example.test"]),
                    "request.headers 0.request.headers",
                    "redirects with a Host header: to another host",
                    "redirects with a Host header: to another port",
                ),
                claim(
                    made_by(lambda names: [each for each in names if each != "Host"]),
                    "1.value",
                    "redirects with a Host header: to another port",
                ),
            ),
        ),
        Entry(
            "schemes",
            "Only `http` and `https` are followed from HTTP.",
            "requests follows to `file:` or any other scheme that an adapter is mounted for, at a "
            "server's word.",
            stated="the table mounts no adapter for another scheme on a session that is redirected",
        ),
        Entry(
            "unusable-location",
            "An unusable `Location` (`http://`, `http:///x`, `http:x`)",
            "makes requests ask the old host again.",
            "It is `InvalidURL` here.",
            "RFC 9110, section 4.2.1: such a URL is invalid, and guessing a host is no answer.",
            (
                claim(
                    refused("InvalidURL"),
                    "outcome",
                    "Location: of no host",
                    "Location: of nothing but a scheme",
                    "Location: with a scheme and no slashes",
                ),
                claim(
                    exactly(2, 1),
                    "sent",
                    "Location: of no host",
                    "Location: of nothing but a scheme",
                    "Location: with a scheme and no slashes",
                ),
            ),
        ),
        Entry(
            "unrewindable",
            "A body that cannot be sent again.",
            "requests sends the request with an empty body if it was a generator.",
            "ulak raises `UnrewindableBodyError` on a 307 or 308, a Digest challenge or a retry.",
            "an upload of nothing would count as done.",
            (
                claim(
                    refused("UnrewindableBodyError"),
                    "outcome",
                    "digest: a generator",
                    "redirects: 307 of a generator",
                    "redirects: 308 of a generator",
                ),
                claim(
                    exactly(2, 1),
                    "sent",
                    "digest: a generator",
                    "redirects: 307 of a generator",
                    "redirects: 308 of a generator",
                ),
            ),
        ),
        Entry(
            "history",
            "`history` and `next` are whole.",
            "requests leaves the 401 of a Digest challenge out after a redirect, the responses of "
            "`resolve_redirects()` but the first without a history, and the first of a chain "
            "without a `next`.",
            "In ulak `history` has every answer that came before, and each redirect in it knows "
            "the request that followed.",
            "a record with gaps misleads.",
            (
                claim(
                    exactly(
                        [(302, "http://127.0.0.1:PORT/a")],
                        [(302, "http://127.0.0.1:PORT/a"), (401, "http://127.0.0.1:PORT/d")],
                    ),
                    "history",
                    "digest: after a redirect",
                ),
                claim(
                    exactly(
                        [], [(302, "http://127.0.0.1:PORT/a"), (302, "http://127.0.0.1:PORT/b")]
                    ),
                    "1.history",
                    "redirects: resolve_redirects by hand",
                ),
                claim(
                    lambda theirs, ours: (
                        theirs is None
                        and ours["method"] == "GET"
                        and ours["url"].startswith("http://127.0.0.1:PORT/b")
                    ),
                    "1.next",
                    "redirects: a chain",
                    "redirects: a fragment that is kept",
                ),
            ),
        ),
    ),
)

_DIGEST = (
    "MD5-sess", "SHA", "SHA-256", "SHA-512", "MD5 by name", "MD5 in quotes",
)  # fmt: skip
_DIGEST_PLAIN = (
    "HEAD", "a file", "after Basic", "after a redirect", "auth of two", "before Basic",
    "commas inside", "cookies", "no blanks", "opaque", "plain", "small letters", "stale",
    "the wrong password",
    "two requests of a session", "with a body", "with json",
)  # fmt: skip


def _unquoted(value: Any) -> Any:
    """Without quotes around qop and algorithm, in fields or headers."""
    if isinstance(value, list | tuple):
        return type(value)(_unquoted(each) for each in value)
    for name in ("auth", "MD5-sess", "MD5", "SHA-256", "SHA-512", "SHA"):
        for key in ("qop", "algorithm"):
            value = value.replace(f'{key}="{name}"', f"{key}={name}")
    return value


def _sorted(value: Any) -> Any:
    """Fields, of each request or of one, in the order of their names."""
    return sorted(map(sorted, value)) if isinstance(value[0], list) else sorted(value)


AUTHENTICATION = Section(
    "Authentication",
    (
        Entry(
            "over-netrc",
            "An `Authorization` header wins over netrc,",
            "and over user and password in the URL, which win over netrc too. In requests "
            "netrc replaces both, and the URL's replace the header.",
            "",
            "what you wrote into the call counts more than a file in the home directory.",
            (
                claim(
                    fields(["Authorization: Basic"], ["Authorization: Bearer x"]),
                    "fields request.headers",
                    "auth in the URL: and an Authorization header",
                    "netrc: an Authorization header",
                ),
                claim(
                    fields(
                        ["Authorization: Basic bmV0dXNlcjpuZXRwYXNz"],
                        ["Authorization: Basic dXNlcjpwYXNz"],
                    ),
                    "fields request.headers",
                    "netrc: and the URL's",
                ),
            ),
        ),
        Entry(
            "netrc-default",
            "netrc's `default` entry",
            "is sent by requests to whatever host a redirect leads to.",
            "ulak uses it for hosts that you ask, not for those that a redirect leads to.",
            "a server could send you anywhere to have it.",
            (
                claim(
                    fields(["Authorization: Basic YW55b25lOmFueXBhc3M="]),
                    "fields request.headers",
                    "netrc: the default entry on a redirect",
                ),
            ),
        ),
        Entry(
            "netrc-once",
            "netrc is read once per session, and looked at again at most once a second.",
            "requests reads the file for each request.",
            "Whether the environment names proxies, a CA bundle or a netrc is looked at when a "
            "variable is added or removed, and otherwise once a second too.",
            stated="a call would have to change the file while a session is in use, and wait",
        ),
        Entry(
            "netrc-broken",
            "A netrc file that cannot be read",
            "is passed over in silence by requests.",
            "ulak gives a `RequestsWarning`, and sends no credentials either.",
            "a typing error in it would be looked for elsewhere.",
            (claim(exactly([], ["RequestsWarning"]), "1.value", "netrc: a broken file"),),
        ),
        Entry(
            "basic",
            "Basic:",
            "a colon in the user's name and control characters in either part are sent by "
            "requests,",
            "and refused by ulak; text beyond Latin-1 is sent as UTF-8 where requests raises "
            "`UnicodeEncodeError`.",
            "RFC 7617 forbids both: the server would read another name.",
            (
                claim(refused("InvalidOption"), "outcome", "auth: a colon in the user"),
                claim(refused("InvalidHeader"), "outcome", "auth: a line break"),
                claim(exactly(1, 0), "sent", "auth: a colon in the user", "auth: a line break"),
            ),
        ),
        Entry(
            "digest",
            "Digest also does SHA-512-256, `auth-int`, and UTF-8.",
            "requests quotes `qop` and `algorithm`, and repeats a request without an answer when "
            "it knows none.",
            "ulak writes them as RFC 7616, section 3.4, has them, and gives the 401 back; it "
            "answers the next request at once, after a redirect too. Its 401s are rounds of "
            "the session, not response hooks, so a cookie that came with one stands behind "
            "the answer.",
            "strict servers refuse the quotes, and an answer in Latin-1 where the name has an "
            "umlaut.",
            (
                claim(
                    made_by(_unquoted),
                    "fields request.headers 0.request.headers 1.request.headers",
                    *(f"digest: {each}" for each in (*_DIGEST, *_DIGEST_PLAIN)),
                ),
                claim(
                    lambda theirs, ours: fields(ours=["Authorization: Digest"])(
                        _unquoted(theirs), ours
                    ),
                    "fields request.headers",
                    "digest: a redirect once it is answered",
                ),
                claim(
                    lambda theirs, ours: _sorted(_unquoted(theirs)) == _sorted(ours),
                    "fields request.headers",
                    "digest: a cookie with the challenge",
                ),
                claim(exactly(401, 200), "value", "digest: auth-int", "digest: user of Latin-1"),
                claim(
                    fields(["Authorization: Digest"], ["Authorization: Digest"]),
                    "fields",
                    "digest: user of Latin-1",
                ),
                claim(fields(ours=["Authorization: Digest"]), "fields", "digest: auth-int"),
                claim(exactly(2, 1), "sent", "digest: unknown algorithm", "digest: unknown qop"),
                claim(
                    exactly([(401, "http://127.0.0.1:PORT/d?q=1")], []),
                    "history",
                    "digest: unknown algorithm",
                    "digest: unknown qop",
                ),
            ),
        ),
    ),
)

SETTINGS = Section(
    "Settings",
    (
        Entry(
            "environment",
            "The call wins over the session, the session over the environment.",
            "In requests `REQUESTS_CA_BUNDLE` overrides `session.verify`, even `session.verify = "
            "False` or a path; and the environment's proxies override `session.proxies`.",
            "",
            "what the program says about itself should not depend on who starts it.",
            (
                claim(
                    exactly("/from/environment", "/of/the/session"),
                    "value",
                    "environment: a CA bundle and session.verify",
                ),
                claim(
                    exactly("/from/environment", False),
                    "value",
                    "environment: a CA bundle and verify=False of the session",
                ),
                claim(
                    answers("ProxyError"), "outcome", "proxies: the environment and the session's"
                ),
                claim(exactly(0, 1), "sent", "proxies: the environment and the session's"),
            ),
        ),
        Entry(
            "verify-context",
            "`verify`",
            "",
            "takes an `ssl.SSLContext`.",
            stated=NEW,
        ),
        Entry(
            "stream-method",
            "`session.stream` is also a method:",
            "",
            '`with session.stream("GET", url) as response:`, as in other clients. As the setting '
            "it is a number that is equal to `True` or `False`, prints like it, and may be set as "
            "ever; but it is neither of the two objects, so `session.stream is False` is never "
            "true. Write `not session.stream`.",
            stated=NEW,
            example="""
with ulak.Session() as session:
    assert session.stream == False and not session.stream
    assert session.stream is not False
    with session.stream("GET", "https://api.example.com/stream/3") as response:
        assert len(list(response.iter_lines())) == 3
""",
        ),
        Entry(
            "no-proxy",
            "`no_proxy`",
            "in `proxies=` says nothing to requests.",
            "ulak heeds it; and it understands IPv6 addresses and blocks, and a port after an "
            "address, in the environment too.",
            "what was to go directly must not pass through a proxy.",
            (
                claim(
                    exactly(
                        ["GET http://127.0.0.1:PORT/direct HTTP/1.1"], ["GET /direct HTTP/1.1"]
                    ),
                    "lines",
                    "no_proxy: as a proxy of the call",
                ),
            ),
        ),
        Entry(
            "header-none",
            "Header values of `None` take a header away.",
            'With `headers={"User-Agent": None}` urllib3 sends its own in requests.',
            "ulak sends none. (Without `Accept-Encoding` both send `identity`, or a server might "
            "choose anything.)",
            "who takes a header away does not want another in its place.",
            (
                claim(
                    fields(["User-Agent: python-urllib3/"]),
                    "fields",
                    "adapters: send() by hand",
                    "headers: a plain dict as the session's",
                    "headers: a session without any",
                    "headers: all deleted from the prepared request",
                    "headers: cleared",
                    "headers: no User-Agent",
                    "headers: none of the defaults",
                    "prepared: PreparedRequest() by hand",
                    "prepared: body changed by prepare_body()",
                    "prepared: body changed, and its length",
                    "prepared: method changed",
                    "prepared: prepare_url() and prepare_headers()",
                    "prepared: send() with allow_redirects",
                    "prepared: sent twice",
                    "prepared: sent without a session's settings",
                    "urls: changed on the prepared request",
                ),
                claim(
                    fields(["User-Agent: python-urllib3/", "Content-Length: 0"]),
                    "fields",
                    "prepared: method in small letters",
                ),
            ),
        ),
        Entry(
            "header-checks",
            "Header names and values are checked.",
            "requests sends names with a blank, and values with a NUL.",
            "A name with a blank or another character that no name has, and a value with a control "
            "character, is `InvalidHeader` in ulak.",
            "servers cut a head at such a character, and read another request.",
            (
                claim(
                    refused("InvalidHeader"),
                    "outcome",
                    "cookies: value with a semicolon",
                    "files: a type with a line break",
                    "headers: NUL",
                    "headers: name with a blank",
                    "headers: name with a blank after",
                ),
                claim(
                    exactly(1, 0),
                    "sent",
                    "cookies: value with a semicolon",
                    "files: a type with a line break",
                    "headers: NUL",
                    "headers: name with a blank",
                    "headers: name with a blank after",
                ),
            ),
        ),
        Entry(
            "agent",
            "The User-Agent",
            "",
            "is `ulak/` and the version.",
            stated="the default is made alike before values are compared",
        ),
        Entry(
            "params-shapes",
            "Params of two shapes.",
            "When the session's `params` are no mapping, or the call's are of another shape, "
            "requests drops the session's.",
            "In ulak both are sent, the session's first.",
            "nothing that was set is lost.",
            (
                claim(asks("/", "/?a=1"), _ASKED, "params: text of the session"),
                claim(
                    asks("/", "/?a=1&a=2"), _ASKED, "params: pairs of the session, none of the call"
                ),
                claim(
                    asks("/?b=2", "/?a=1&b=2"),
                    _ASKED,
                    "params: a dict of the session, pairs of the call",
                    "params: a dict of the session, text of the call",
                    "params: pairs of both",
                    "params: text of the session, a dict of the call",
                ),
            ),
        ),
    ),
)

_IN_JAR = "0.cookies 1.value"


def _changed(**parts: Any) -> Any:
    """Cookies as they are described, with these parts changed."""
    order = {"name": 0, "value": 1, "domain": 2, "path": 3, "expires": 7}

    def change(cookies: Any) -> Any:
        made = []
        for cookie in cookies:
            values = list(cookie)
            for name, value in parts.items():
                values[order[name]] = value
            made.append(tuple(values))
        return made

    return made_by(change)


_HERE = ("127.0.0.1", "/p", None, True, False, None)


def _capped(theirs: Any, ours: Any) -> bool:
    """The one that expires in 2100 does so earlier, and nothing else differs."""
    return all(
        one[:7] == other[:7] and (one[7] == other[7] or (one[7] == 4_102_444_800 > other[7]))
        for one, other in zip(theirs, ours, strict=True)
    )


COOKIES = Section(
    "Cookies",
    (
        Entry(
            "cookies-refused",
            "Cookies follow RFC 6265bis.",
            "requests stores cookies that are `Secure` from http, `__Host-` and `__Secure-` "
            "ones without what these promise, and more than 50 of one response.",
            "ulak refuses them, and control characters in them.",
            "who can answer on http could plant a cookie for https.",
            (
                claim(
                    lambda theirs, ours: len(theirs) == 1 and ours == [],
                    _IN_JAR,
                    "cookies set: a Secure- prefix",
                    "cookies set: a prefix that is kept",
                    "cookies set: a prefix that is not kept",
                    "cookies set: secure",
                ),
                claim(
                    fields(["Cookie: __"]),
                    "fields",
                    "cookies set: a Secure- prefix",
                    "cookies set: a prefix that is not kept",
                ),
                claim(
                    lambda theirs, ours: (
                        (len(theirs), len(ours)) == (51, 50)
                        and [each for each in theirs if each[0] != "c50"] == ours
                    ),
                    _IN_JAR,
                    "cookies set: fifty-one",
                ),
                claim(
                    made_by(
                        lambda heads: [[x.replace("; c50=50", "") for x in each] for each in heads]
                    ),
                    "fields",
                    "cookies set: fifty-one",
                ),
            ),
        ),
        Entry(
            "cookies-host",
            "A cookie without a `Domain` stays with its host.",
            "requests sends it to the hosts below, too. A cookie of `localhost` is kept under "
            "`localhost.local`, and one of an IP address under `.127.0.0.1`.",
            "In ulak it goes to that host alone, and is kept under `localhost` and `127.0.0.1`.",
            "the hosts below may be somebody else's.",
            (
                claim(fields(["Cookie: a=b"]), "fields", "cookies set: of no domain"),
                claim(_changed(domain="localhost"), _IN_JAR, "cookies: of localhost"),
                claim(_changed(domain="127.0.0.1"), _IN_JAR, "cookies set: for the host"),
            ),
        ),
        Entry(
            "cookies-read",
            "What a Set-Cookie field says is read as browsers read it.",
            "requests reads it by older rules: it drops a cookie whose `Max-Age` is no number, "
            "that has a `Port` or no name, keeps one with a `Path` that is no path for no request "
            "at all, takes `a` for a name without a value, and never sends what was made with "
            "`version=1`.",
            "In ulak such attributes count as absent, `a` is a value without a name, and nothing "
            "lives longer than 400 days.",
            "RFC 6265bis, section 5; servers are tested with browsers.",
            (
                claim(_changed(path="/p"), _IN_JAR, "cookies set: a path that is no path"),
                claim(_changed(path="/p"), _IN_JAR, "cookies set: version"),
                claim(
                    exactly([], [("a", "b", *_HERE)]), _IN_JAR, "cookies set: Max-Age that is none"
                ),
                claim(exactly([], [("a", "b", *_HERE)]), _IN_JAR, "cookies set: Port"),
                claim(exactly([], [("", "b", *_HERE)]), _IN_JAR, "cookies set: no name"),
                claim(_changed(name="", value="a"), _IN_JAR, "cookies set: no equals sign"),
                claim(
                    fields(ours=["Cookie: a=b"]),
                    "fields",
                    "cookies set: Max-Age that is none",
                    "cookies set: Port",
                    "cookies set: a path that is no path",
                ),
                claim(fields(ours=["Cookie: b"]), "fields", "cookies set: no name"),
                claim(
                    fields(ours=["Cookie: a=b c"]), "fields request.headers", "cookies: version 1"
                ),
                claim(
                    _capped,
                    "0.cookies 1.value cookies",
                    "cookies set: Expires later",
                    "cookies set: Expires with dashes",
                    "responses: two Set-Cookies with dates",
                ),
            ),
        ),
        Entry(
            "cookies-by-url",
            "Cookies go by the URL.",
            "In requests a `Host` header of the caller's own chooses the cookies.",
            "In ulak it does not.",
            "what is dialled is what counts, so that a header cannot fetch another host's cookies.",
            (
                claim(
                    fields(["Cookie: a=b"], ["Cookie: c=d"]),
                    "fields request.headers",
                    "cookies: by the Host header",
                ),
            ),
        ),
    ),
)

BODIES = Section(
    "Bodies",
    (
        Entry(
            "multipart",
            "Multipart is streamed.",
            "requests reads all files into memory and makes `PreparedRequest.body` bytes.",
            "Here it is bytes when the files are together no larger than 1 MiB, else an object "
            "that reads them while it is sent.",
            stated="what is sent is the same, and the files of the table are small",
        ),
        Entry(
            "list-of-bytes",
            "A list of `bytes` as `data`,",
            "",
            "and any other type that cannot be a body, is `InvalidBody` before a connection "
            "is made.",
            stated="the calls that show it are those of the first entry about [errors](#errors)",
        ),
        Entry(
            "text-file",
            "Text in a file-like object (`io.StringIO`).",
            "requests announces the number of characters and cuts the body there.",
            "ulak sends it as UTF-8 with its true length.",
            "the last letters would be lost.",
            (
                claim(
                    fields(["Content-Length: 4"], ["Content-Length: 5"]),
                    "fields request.headers",
                    "data: StringIO of UTF-8",
                ),
                claim(exactly(["tÃ¼x"], ["tÃ¼xt"]), "bodies", "data: StringIO of UTF-8"),
            ),
        ),
        Entry(
            "announced-bodies",
            "A request announces the body that it has.",
            "A `Content-Length` or `Transfer-Encoding` of your own, on a request without a body, "
            "is sent by requests.",
            "In ulak it is an error before anything is sent.",
            "the server would take the next request on the connection for the body.",
            stated="the table's server would wait for the body; tests/hostile shows it",
        ),
        Entry(
            "framing-of-requests",
            "One framing.",
            "With a `Content-Length` of your own for a generator, requests sends that and "
            "`Transfer-Encoding`; with a `Transfer-Encoding: chunked` of your own for bytes, it "
            "sends a `Content-Length`, and no chunks; a form that turns out empty goes in chunks.",
            "In ulak what you say holds and is kept to, and what is empty has the length 0.",
            "a request with both is how requests are smuggled (RFC 9112, section 6.1).",
            (
                claim(
                    fields(["Transfer-Encoding: chunked"]),
                    "fields",
                    "headers of a POST: Content-Length of a generator",
                ),
                claim(
                    exactly([""], ["four"]),
                    "bodies",
                    "headers of a POST: Content-Length of a generator",
                ),
                claim(
                    fields(["Content-Length: 4"]),
                    "fields",
                    "headers of a POST: Transfer-Encoding with text",
                ),
                claim(
                    exactly([""], ["4\r\nfour\r\n0\r\n\r\n"]),
                    "bodies",
                    "headers of a POST: Transfer-Encoding with text",
                ),
                claim(
                    answers("ConnectionError"),
                    "outcome",
                    "headers of a POST: Content-Length of a generator",
                    "headers of a POST: Transfer-Encoding with text",
                ),
                claim(
                    fields(["Transfer-Encoding: chunked"], ["Content-Length: 0"]),
                    "fields",
                    "data: dict with an empty list",
                ),
                claim(
                    fields(ours=["Content-Length: 0"]),
                    "request.headers",
                    "data: dict with an empty list",
                ),
                claim(exactly(["0\r\n\r\n"], [""]), "bodies", "data: dict with an empty list"),
            ),
        ),
    ),
)

MISSING = Section(
    "What is not here",
    (
        Entry(
            "foreign-responses",
            "An adapter that returns another kind of response,",
            "such as a mock or an object with a `status_code`, is taken by requests, which asks "
            "of it what it needs.",
            "ulak raises `InvalidOption`: an adapter returns a `Response`, and so does a mock of "
            "`HTTPAdapter.send`. A mock of `Session.send`, `Session.request` or `requests.get` "
            "may return anything.",
            "redirects, cookies, retries and limits are decided by what a response is, and a "
            "mock says yes to everything.",
            stated="every adapter of the calls returns responses",
        ),
        Entry(
            "names-of-settings",
            "An attribute of a session that has the name of a setting of ulak's,",
            "`base_url`, `timeout`, `retries`, `raise_for_status`, means nothing to requests.",
            "Here it is that setting, on a class or on a session, in the place of requests, too: "
            "with `retries = 3` the session tries again by itself, and `timeout` has to be one. "
            "A method of such a name is none, and is left to its class. Subclasses whose "
            "attribute means another thing give it another name.",
            "it is the same class, and who moves to ulak sets these.",
            stated="the calls set only what both have",
        ),
        Entry(
            "who-retries",
            "The session retries,",
            "where in requests urllib3 does, inside of an adapter's `send`.",
            "So `HTTPAdapter.send` is called for each attempt, and what was derived from `Retry` "
            "is asked by the session. `response.raw.retries` is the policy at the end, with its "
            "history.",
            "so a retry obeys the deadline, the guards and the authentication of its request.",
            stated="no call counts the calls of an adapter",
        ),
        Entry(
            "besides",
            "",
            "",
            "What is here and not in requests: an [asynchronous session](guide/async.md), [many "
            "requests at once](guide/sessions.md#many-at-once), `base_url`, what [the first "
            "section](#time) tells of time, and [safety limits](guide/safety.md): "
            "`max_body_size`, `https_only` and `address_policy`.",
            stated=NEW,
        ),
        Entry(
            "helpers",
            "",
            "",
            "A module of requests also offers what it happens to import, such as "
            "`requests.sessions.urljoin`. ulak's modules have what the module of requests defines; "
            "the rest is there [in the place of requests](guide/dropin.md). Of the names that "
            "begin with two underscores there are `__title__`, `__description__`, `__version__`, "
            "`__author__` and `__license__`.",
            stated="names that are not there are not called",
        ),
    ),
)

SECTIONS = (
    TIME,
    ERRORS,
    CONNECTIONS,
    READING,
    URLS,
    REDIRECTS,
    AUTHENTICATION,
    SETTINGS,
    COOKIES,
    BODIES,
    MISSING,
)
