"""A session's headers with those of a call: the short way gives what the long way gives."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ulak._headers import merge, prepare_headers
from ulak._policy.headers import HeaderCheck
from ulak.exceptions import InvalidHeader
from ulak.structures import CaseInsensitiveDict

names = st.sampled_from(["X-A", "x-a", "X-B", "Accept", "accept", "bad name", "X\nY"])
values = st.sampled_from(
    ["1", "", "two words", " blank first", "a\r\nb", "ü", "☃", None, b"raw", 3]
)
fields = st.dictionaries(names, values, max_size=4)


def prepared(headers: Any) -> list[tuple[str, Any]] | str:
    try:
        return prepare_headers(headers).pairs()
    except InvalidHeader as exc:
        return str(exc)


def checked(check: HeaderCheck, session: Any, call: Any) -> list[tuple[str, Any]] | str:
    try:
        return prepared(check.headers_for(session, call))
    except InvalidHeader as exc:
        return str(exc)


@given(session=fields, call=fields)
@example(session={"X-A": None}, call={"x-a": "1"})
@example(session={"bad name": "1"}, call={"bad name": None})
@example(session={"X-A": "a\r\nb"}, call={"x-a": "1"})
@example(session={"X-A": "1", "X-B": "2"}, call={"x-a": "3"})
@example(session={}, call={"X-A": " blank first", "x-a": "1"})
def test_both_ways_agree(session: dict[str, Any], call: dict[str, Any]) -> None:
    headers = CaseInsensitiveDict(session)
    expected = prepared(merge(headers, call))
    check = HeaderCheck()
    for _ in range(2):  # the first time, and when they were seen before
        found = checked(check, headers, call)
        assert (type(found), found) == (type(expected), expected) or (
            # Which of several faults is named may differ.
            isinstance(found, str) and isinstance(expected, str)
        )
    assert headers == CaseInsensitiveDict(session)


def test_what_one_call_adds_is_not_kept() -> None:
    check, headers = HeaderCheck(), CaseInsensitiveDict({"X-A": "1"})
    assert checked(check, headers, {"X-B": "2"}) == [("X-A", "1"), ("X-B", "2")]
    assert checked(check, headers, {}) == [("X-A", "1")]
    assert checked(check, headers, {"x-a": "3"}) == [("x-a", "3")]
    assert checked(check, headers, {"X-A": None}) == []


def test_values_that_are_made_as_one_looks_are_looked_at_each_time() -> None:
    class Rotating(CaseInsensitiveDict[str]):
        token = "one"

        def __getitem__(self, key: str) -> str:
            return self.token if key.lower() == "authorization" else super().__getitem__(key)

        def items(self) -> Any:
            return [(name, self[name]) for name in self]

    check, headers = HeaderCheck(), Rotating({"Authorization": "one"})
    for call in ({}, {"X-A": "1"}):
        Rotating.token = "one"
        assert ("Authorization", "one") in checked(check, headers, call)
        Rotating.token = "two"
        assert ("Authorization", "two") in checked(check, headers, call)
