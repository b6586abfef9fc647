"""Reading answers that nobody thought of, alone and next to h11 and llhttp."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fuzz.__main__ as long_search
from fuzz.__main__ import main as search
from fuzz.targets import TARGETS
from tests.protocol import examination
from tests.protocol.answers import CHUNKED, OK, read, single_bytes
from tests.protocol.examination import DIFFERENCES, Difference, Finding, examine_answer
from tests.protocol.grammar import METHODS, Grammar, Mutator
from tests.protocol.judges import Reading, by_h11, by_llhttp, by_ulak

TOKEN = st.text("!#$%&'*+-.^_`|~09AZaz", min_size=1, max_size=12).map(str.encode)
VALUE = (
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"))
    .filter(lambda text: not "\x80" <= text <= "\x9f")
    .map(lambda text: text.strip(" ").encode("latin-1"))
)
FRAMING = {b"content-length", b"transfer-encoding", b"connection"}
FIELDS = st.lists(
    st.tuples(TOKEN.filter(lambda name: name.lower() not in FRAMING), VALUE), max_size=8
)


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
    """A valid answer, its fields without those of framing, and its body."""
    fields = draw(FIELDS)
    pieces = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
    space = draw(st.sampled_from([b"", b" ", b"\t "]))
    lines = [b"HTTP/1.1 200 " + draw(VALUE), *(n + b":" + space + v for n, v in fields)]
    if draw(st.booleans()):
        lines.insert(draw(st.integers(1, len(lines))), b"transfer-encoding: chunked")
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    else:
        body = b"".join(pieces)
        lines.insert(draw(st.integers(1, len(lines))), b"CONTENT-LENGTH:%d" % len(body))
    return b"\r\n".join([*lines, b"", body]), fields, b"".join(pieces)


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@given(messages(), st.data())
def test_a_valid_answer_is_read_however_it_is_cut(
    message: tuple[bytes, list[tuple[bytes, bytes]], bytes], data: st.DataObject
) -> None:
    wire, fields, body = message
    seen = read(data.draw(cuts(wire)))
    assert seen.code == ""
    assert (seen.body, seen.complete, seen.keep_alive) == (body, True, True)
    others = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in seen.fields]
    assert [pair for pair in others if pair[0].lower() not in FRAMING] == fields
    assert read([wire]) == read(single_bytes(wire)) == seen


def made(make: Callable[[Random], bytes]) -> st.SearchStrategy[bytes]:
    """What ``make`` makes of hypothesis' randomness, which it can shrink."""
    return st.randoms(use_true_random=False).map(make)


#: Answers by the grammar, those and the known ones spoiled, and anything at all.
WIRES = (
    made(lambda random: Grammar(random).answer())
    | made(lambda random: Mutator(random).spoil(Grammar(random).answer()))
    | made(lambda random: Mutator(random).any())
    | st.binary(max_size=60)
)


@settings(max_examples=600)
@given(WIRES, st.sampled_from(METHODS), st.randoms(use_true_random=False))
@example(CHUNKED + b"1\r\na\r\n0\r\n\r\n", "GET", Random(0))
@example(OK + b"Content-Length: 2, 2\r\n\r\nab", "GET", Random(0))
@example(CHUNKED + b"1\r\na\r\n0\r\nContent-Length:: 7\r\n\r\n", "GET", Random(0))
def test_whatever_comes_is_read_as_others_read_it_and_however_it_is_cut(
    wire: bytes, method: str, random: Random
) -> None:
    examine_answer(wire, method, random)


def test_an_answer_by_the_grammar_is_mostly_valid() -> None:
    """What is refused anyway shows little."""
    random = Random(1)
    seen = Counter(examine_answer(Grammar(random).answer(), "GET", random) for _ in range(500))
    assert seen["ulak+h11+llhttp"] > 150
    assert seen["nobody"] < 250


READERS = {"ulak": by_ulak, "h11": by_h11, "llhttp": by_llhttp}


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda x: x.what)
def test_each_difference_from_other_readers_is_there(difference: Difference) -> None:
    wire, method = difference.wire, difference.method
    read_by = {name for name, reads in READERS.items() if reads(wire, method) is not None}
    assert read_by == difference.read_by
    examine_answer(wire, method, Random(0))


def test_the_differences_are_those_of_the_table() -> None:
    page = Path("fuzz/README.md").read_text(encoding="utf-8")
    rows = {line for line in page.splitlines() if line.startswith("| ") and "RFC" in line}
    assert rows == {f"| {x.what} | {x.rfc} | {', '.join(sorted(x.read_by))} |" for x in DIFFERENCES}


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (Reading(200, [], b"b", [], 40), "has"),
        (Reading(404, [], b"a", [], 40), "has"),
        (Reading(200, [(b"a", b"b")], b"a", [], 40), "has"),
        (None, "only ulak"),
    ],
)
def test_the_examination_finds_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, wrong: Reading | None, what: str
) -> None:
    for name in ("by_h11", "by_llhttp"):
        monkeypatch.setattr(examination, name, lambda wire, method: wrong)
    with pytest.raises(Finding, match=what):
        examine_answer(OK + b"Content-Length: 1\r\n\r\na", "GET", Random(0))


# ---------------------------------------------------------------- the long runs


@pytest.mark.parametrize(
    ("target", "count"), [("answers", 3000), ("codings", 300), ("socks", 3000)]
)
def test_a_short_run_of_the_long_search(target: str, count: int, capsys) -> None:
    assert search([target, "--count", str(count), "--seed", "20"]) == 0
    assert f"{count:,} {target} in" in capsys.readouterr().out


def test_a_case_that_breaks_a_rule_is_kept_and_can_be_run_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    def examine(case: bytes) -> str:
        if len(case) > 100:
            raise LookupError("foreign")
        return "fine"

    monkeypatch.setattr(long_search, "FINDINGS", tmp_path)
    monkeypatch.setitem(TARGETS, "answers", TARGETS["answers"]._replace(examine=examine))
    assert search(["answers", "--count", "50"]) == 1
    said = capsys.readouterr().out
    assert "LookupError: foreign" in said
    kept = sorted(tmp_path.iterdir())
    assert said.count("BROKEN") >= len(kept) > 0
    with pytest.raises(LookupError):
        search(["answers", "--replay", str(kept[0])])


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_breaks_no_rule(target: str) -> None:
    cases = [path.read_bytes() for path in Path("fuzz/corpus", target).iterdir()]
    assert len(cases) > 10
    for case in cases:
        TARGETS[target].examine(case)


# ---------------------------------------------------------------- next to h11


@given(FIELDS, st.lists(st.binary(max_size=50), max_size=4), st.booleans(), st.booleans())
def test_what_an_h11_server_says_is_understood(
    fields: list[tuple[bytes, bytes]], pieces: list[bytes], chunked: bool, close: bool
) -> None:
    server = h11.Connection(h11.SERVER)
    asked = [(b"Host", b"a"), *([(b"Connection", b"close")] if close else [])]
    request = h11.Connection(h11.CLIENT)
    server.receive_data(request.send(h11.Request(method="GET", target="/", headers=asked)) or b"")
    server.receive_data(request.send(h11.EndOfMessage()) or b"")
    assert isinstance(server.next_event(), h11.Request)
    assert isinstance(server.next_event(), h11.EndOfMessage)
    body = b"".join(pieces)
    framing = (
        (b"Transfer-Encoding", b"chunked") if chunked else (b"Content-Length", b"%d" % len(body))
    )
    unknown = [(name, value) for name, value in fields if name.lower() != b"host"]
    wire = server.send(h11.InformationalResponse(status_code=103, headers=unknown)) or b""
    wire += server.send(h11.Response(status_code=200, headers=[*unknown, framing])) or b""
    for piece in pieces:
        wire += server.send(h11.Data(piece)) or b""
    trailers = unknown if chunked else []
    wire += server.send(h11.EndOfMessage(headers=trailers)) or b""
    seen = read([wire])
    assert (seen.code, seen.body, seen.complete) == ("", body, True)
    assert seen.keep_alive is not close
    assert not seen.may_continue
    assert len(seen.trailers) == len(trailers)
