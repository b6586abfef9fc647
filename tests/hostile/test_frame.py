"""The frame itself: every clause has its cases, and a client that breaks a promise is caught."""

from __future__ import annotations

import re
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from . import page
from .case import KINDS, Broken, Case, perform
from .cases import CASES
from .judgements import fails, keeps, light, only_once, says_not, sends_not
from .plan import Ask, Got, Plan, Played, Raised, fill
from .promises import CLAUSES, PROMISES
from .remote import Remote
from .servers import Server, Wardrobe, honest, plain, says
from .tally import Tally, asked_of

PAGE = Path(__file__).parents[2] / "docs" / "threat-model.md"
#: The comparison on record.
RELIABILITY = PAGE.with_name("reliability.md")
SECRET = "s3cret-of-the-caller"


@pytest.fixture(scope="module", autouse=True)
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Wardrobe:
    """The certificates that a stage wants."""
    return Wardrobe(tmp_path_factory.mktemp("wardrobe"))


def test_every_clause_has_cases_and_every_case_a_clause() -> None:
    assert {case.promise for case in CASES.values()} == set(CLAUSES)
    assert {clause.partition(".")[0] for clause in CLAUSES} == set(PROMISES)


def test_the_page_has_every_clause_with_cases_that_there_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    lines = dict(re.findall(r"^- \*\*(P[\d.]+)\*\* (.*)$", text, re.M))
    assert set(lines) == set(CLAUSES)
    for clause, line in lines.items():
        assert CLAUSES[clause] in line
        names = re.findall(r"`([a-z0-9.+-]+)`", line.partition("Cases: ")[2])
        assert names, clause
        assert {CASES[name].promise for name in names} == {clause}


def test_names_are_words() -> None:
    assert not [name for name in CASES if not re.fullmatch(r"[a-z0-9.+-]+", name)]


# -- a client that breaks its word


class Faithless:
    """A client whose outcome is what a test says."""

    name = "ulak"
    asynchronous = False

    def __init__(self, play: Callable[[Plan], Played]) -> None:
        self.play = play


def _played(**values: object) -> Callable[[Plan], Played]:
    return lambda plan: Played((Got(0.0, **values),))  # type: ignore[arg-type]


def _case(*judge: object, server: Server | None = None, **settings: object) -> Case:
    return Case(
        name="a-case",
        promise="P1.1",
        servers={"a": server or Server(says(plain(b"ok")))},
        judge=judge,  # type: ignore[arg-type]
        **settings,  # type: ignore[arg-type]
    )


def _kinds(case: Case, play: Callable[[Plan], Played]) -> set[str]:
    _, broken = perform(case, Faithless(play))
    return {one.kind for one in broken}


FOREIGN = Raised(("builtins.ValueError", "builtins.Exception"), False, "no", "ValueError('no')")
OURS = Raised(("ulak.exceptions.Timeout",), True, f"at {SECRET}", "Timeout()")


@pytest.mark.parametrize(
    ("case", "play", "kinds"),
    [
        (_case(), _played(status=200), set()),
        (_case(), _played(error=FOREIGN), {"foreign"}),
        (_case(own=("ValueError",)), _played(error=FOREIGN), set()),
        (_case(fails()), _played(status=200), {"poisoned"}),
        (_case(fails("ProxyError")), _played(error=OURS), {"other"}),
        (_case(fails("Timeout")), _played(error=OURS), set()),
        (_case(says_not(SECRET)), _played(error=OURS), {"credential"}),
        (_case(keeps()), _played(lost=1), {"lost"}),
        (_case(keeps()), _played(crossed=1), {"poisoned"}),
        (_case(light()), lambda plan: Played((Got(0.0),), peak=5_000_000), {"memory"}),
        (_case(), lambda plan: Played((Got(0.0),), descriptors=1), {"descriptor"}),
        (_case(), lambda plan: Played((Got(0.0),), tasks=1), {"descriptor"}),
        (_case(asks=(Ask(timeout=0.2),)), lambda plan: Played((Got(0.5),)), {"late"}),
        (_case(asks=(Ask(timeout=0.2),)), lambda plan: Played((Got(0.4),)), set()),
    ],
)
def test_what_a_client_says_is_judged(
    case: Case, play: Callable[[Plan], Played], kinds: set[str]
) -> None:
    assert _kinds(case, play) == kinds
    assert kinds <= set(KINDS)


@pytest.mark.parametrize(
    ("carried", "kinds"),
    [
        (b"Authorization: Bearer " + SECRET.encode(), {"credential"}),
        (b"Authorization: Basic dXNlcjpzM2NyZXQtb2YtdGhlLWNhbGxlcg==", {"credential"}),
        (b"Cookie: a=" + SECRET.encode(), {"credential"}),
        (b"X: y", set()),
    ],
)
def test_what_a_server_sees_is_judged(carried: bytes, kinds: set[str]) -> None:
    def play(plan: Plan) -> Played:
        port = int(plan.asks[0].url.rpartition(":")[2].rstrip("/"))
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(b"POST / HTTP/1.1\r\n" + carried + b"\r\n\r\n")
            sock.recv(1000)
        return Played((Got(0.0, status=200),))

    assert _kinds(_case(sends_not(SECRET, server="a")), play) == kinds
    twice = _case(only_once(), server=Server(honest(plain(b"ok"))))
    assert _kinds(twice, lambda plan: (play(plan), play(plan))[0]) == {"duplicated"}


def test_a_client_that_never_gives_up_is_freed_and_late() -> None:
    """The servers wait two seconds longer than the deadline, and then end."""

    def play(plan: Plan) -> Played:
        begin = time.perf_counter()
        port = int(plan.asks[0].url.rpartition(":")[2].rstrip("/"))
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while sock.recv(1000):
                pass
        return Played((Got(time.perf_counter() - begin),))

    waiting = _case(asks=(Ask(timeout=0.1),), server=Server(says(hang=True)))
    _, broken = perform(waiting, Faithless(play))
    assert [one.kind for one in broken] == ["late"]


def test_what_was_counted_is_written() -> None:
    ours, other = Tally("ulak", "1.0"), Tally("requests", "2.0")
    ours.broken = {"head-nothing-whole": []}
    other.broken = {
        "head-nothing-whole": [Broken("poisoned", ""), Broken("other", "")],
        "head-nothing-cut": [Broken("poisoned", ""), Broken("late", "2.1 s past it")],
    }
    other.worst, other.gets = 2.1, (7, 10_000)
    written = page.page([ours, other])
    assert "| **poisoned answers** | 0 | 2 |" in written
    assert "| **past a deadline by more than 0.25 s** | 0 | 1 (longest 2.1 s) |" in written
    assert "| GETs lost at a server that drops connections | not asked | 7 of 10,000 |" in written
    assert "| what only ulak has promised | 0 | not asked |" in written
    assert re.search(r"^\| P6 \| \d+ \| 0 of 1 \| 2 of 2 \|$", written, re.M)
    assert "$" not in written


def _rows(text: str, first: str) -> dict[str, list[str]]:
    """The rows of the page's table that begins with ``first``, by their first cells."""
    table = text.partition(f"\n{first} ")[2].partition("\n\n")[0]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {row[0]: row[1:] for row in cells}


def _numbers(row: list[str]) -> list[int]:
    """Of each cell the last number; 0 where nothing was asked."""
    return [int((re.findall(r"[\d,]+", cell) or ["0"])[-1].replace(",", "")) for cell in row]


def _check_sums(text: str) -> None:
    """Every case is counted once for every client, and every one played once by its promise."""
    rows = _rows(text, "| | ulak |")
    clauses = {name: _numbers(row) for name, row in _rows(text, "| promise | cases |").items()}
    total = sum(row[0] for row in clauses.values())
    assert f": {total:,} cases, each" in text
    assert f"and make {total:,} together" in text
    played = _numbers(rows["cases played"])
    lacks = _numbers(rows["cases not possible with it"])
    settings = _numbers(rows["cases of settings that only ulak has"])
    assert [sum(counts) for counts in zip(played, lacks, settings, strict=True)] == [
        total for _ in played
    ]
    assert [sum(counts) for counts in zip(*clauses.values(), strict=True)] == [total, *played]
    why = text.partition("\n| client | what it has no way to do |")[2].partition("\n\n")[0]
    assert sum(map(int, re.findall(r"(\d+) \|$", why, re.M))) == sum(lacks)


def test_the_numbers_of_cases_add_up() -> None:
    cases = list(CASES.values())
    ours, other = Tally("ulak", "1.0"), Tally("requests", "2.0")
    ours.broken = {case.name: [] for case in cases}
    other.broken = {case.name: [] for case in asked_of("requests", cases)}
    for lack, count in (("to sing", 3), ("to dance", 2)):
        for _ in range(count):
            other.unsupported[other.broken.popitem()[0]] = lack
    other.seconds = 7.0  # no case
    written = page.page([ours, other])
    _check_sums(written)
    assert "| requests | to sing | 3 |\n| requests | to dance | 2 |" in written


def test_the_page_on_record_is_of_the_cases_that_there_are() -> None:
    text = RELIABILITY.read_text(encoding="utf-8")
    recorded = {name: int(row[0]) for name, row in _rows(text, "| promise | cases |").items()}
    there_are = Counter(case.promise.partition(".")[0] for case in CASES.values())
    assert recorded == there_are, "cases came or went since it was written: run `make reliability`"
    _check_sums(text)


def test_settings_of_ulaks_own_are_asked_of_no_other() -> None:
    cases = list(CASES.values())
    assert asked_of("ulak-async", cases) == cases
    others = asked_of("requests", cases)
    clauses = {case.promise for case in cases}
    left_out = clauses - {case.promise for case in others}
    assert left_out == {"P7.5", "P16.1", "P16.2", "P16.3", "P16.4"}
    # A promise that a client was not asked about is not one that it kept.
    other = Tally("requests", "2.0")
    other.broken = {case.name: [] for case in others}
    written = page.page([other])
    assert re.search(r"^\| P16 \| \d+ \| not asked \|$", written, re.M)
    assert re.search(r"^\| P7 \| \d+ \| 0 of \d+ \|$", written, re.M)


def test_a_plan_is_filled_with_addresses() -> None:
    plan = Plan((Ask(url="{a}/x", headers=(("X", "{b.port}"),), body=b"{a}"),))
    filled = fill(plan, {"a": ("http://h:1", 1), "b": ("http://h:2", 2)})
    assert filled == Plan((Ask(url="http://h:1/x", headers=(("X", "2"),), body=b"{a}"),))


def test_a_client_in_another_process(no_leaks: None) -> None:
    case = _case(fails("ProtocolError"), server=Server(says(b"nonsense\r\n\r\n")))
    with Remote("ulak-async") as client:
        assert client.asynchronous
        for _ in range(2):
            run, broken = perform(case, client)
            assert not broken
            assert run.last.error is not None
            assert run.last.error.name == "ulak.exceptions.ProtocolError"
