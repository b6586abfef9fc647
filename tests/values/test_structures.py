"""CaseInsensitiveDict, LookupDict and the table of status codes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping, MutableMapping
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from ulak.status_codes import _codes, codes
from ulak.structures import CaseInsensitiveDict, LookupDict

NAMES = st.sampled_from(["a", "A", "b", "B", "Content-Type", "content-type", "ß", "x"])


class TestCaseInsensitiveDict:
    def test_finds_keys_in_any_case(self) -> None:
        headers = CaseInsensitiveDict({"Content-Type": "text/html"})
        assert headers["content-TYPE"] == "text/html"
        assert "CONTENT-type" in headers
        assert headers.get("content-type") == "text/html"
        assert "Accept" not in headers
        assert headers.get("accept") is None
        assert headers.get("accept", "x") == "x"
        with pytest.raises(KeyError):
            headers["accept"]

    def test_keeps_the_last_case_and_the_first_place(self) -> None:
        headers = CaseInsensitiveDict([("One", 1), ("Two", 2)])
        headers["ONE"] = 3
        assert list(headers) == ["ONE", "Two"]
        assert list(headers.items()) == [("ONE", 3), ("Two", 2)]
        assert list(headers.keys()) == ["ONE", "Two"]
        assert list(headers.values()) == [3, 2]
        assert list(headers.lower_items()) == [("one", 3), ("two", 2)]
        assert headers._store == {"one": ("ONE", 3), "two": ("Two", 2)}

    def test_is_made_from_mappings_pairs_and_keywords(self) -> None:
        expected = {"A": 1, "b": 2}
        assert dict(CaseInsensitiveDict({"A": 1, "b": 2})) == expected
        assert dict(CaseInsensitiveDict(iter([("A", 1), ("b", 2)]))) == expected
        assert dict(CaseInsensitiveDict({"a": 0}, A=1, b=2)) == expected
        assert dict(CaseInsensitiveDict(A=1, b=2)) == expected
        assert dict(CaseInsensitiveDict()) == {}

    def test_is_a_mutable_mapping(self) -> None:
        headers = CaseInsensitiveDict(A=1, B=2, C=3, D=4)
        assert isinstance(headers, MutableMapping)
        assert headers.pop("a") == 1
        assert headers.setdefault("b", 9) == 2
        assert headers.setdefault("E", 5) == 5
        del headers["C"]
        headers.update({"d": 6}, F=7)
        assert dict(headers) == {"B": 2, "d": 6, "E": 5, "F": 7}
        assert len(headers) == 4
        headers.clear()
        assert not headers

    def test_views_are_live_sets(self) -> None:
        headers = CaseInsensitiveDict(A=1)
        items, values = headers.items(), headers.values()
        headers["B"] = 2
        assert ("B", 2) in items
        assert 2 in values
        assert items & {("A", 1)} == {("A", 1)}

    def test_equality_ignores_case_only(self) -> None:
        headers = CaseInsensitiveDict(A=1)
        assert headers == {"a": 1}
        assert headers == CaseInsensitiveDict(a=1)
        assert headers != {"a": 2}
        assert headers != {"a": 1, "b": 1}
        assert headers != "a"
        with pytest.raises(TypeError):
            hash(headers)

    def test_looks_like_a_dictionary(self) -> None:
        assert repr(CaseInsensitiveDict(A=1, b="x")) == "{'A': 1, 'b': 'x'}"

    @pytest.mark.parametrize(
        "twin_of",
        [
            CaseInsensitiveDict,
            CaseInsensitiveDict.copy,
            copy.copy,
            copy.deepcopy,
            lambda d: pickle.loads(pickle.dumps(d)),
        ],
    )
    def test_copies_are_independent(self, twin_of: Any) -> None:
        headers = CaseInsensitiveDict({"Content-Type": "a"})
        twin = twin_of(headers)
        assert type(twin) is CaseInsensitiveDict
        assert list(twin.items()) == [("Content-Type", "a")]
        twin["content-type"] = "b"
        twin["new"] = "c"
        assert list(headers.items()) == [("Content-Type", "a")]

    def test_a_subclass_is_shallow_copied_with_its_attributes(self) -> None:
        class Named(CaseInsensitiveDict[int]):
            name = ""

        named = Named(A=1)
        named.name = "x"
        twin = copy.copy(named)
        assert type(twin) is Named
        assert twin.name == "x"
        twin["A"] = 2
        assert named["A"] == 1

    def test_a_key_needs_a_case(self) -> None:
        headers: Any = CaseInsensitiveDict({b"A": 1})  # type: ignore[arg-type]  # bytes have one
        assert headers[b"a"] == 1
        with pytest.raises(AttributeError):
            headers[1]

    @given(st.lists(st.tuples(st.sampled_from("sdu"), NAMES, st.integers())))
    def test_behaves_as_a_model(self, steps: list[tuple[str, str, int]]) -> None:
        tested: CaseInsensitiveDict[int] = CaseInsensitiveDict()
        model: dict[str, tuple[str, int]] = {}
        for what, key, value in steps:
            if what == "d":
                assert tested.pop(key, None) == model.pop(key.lower(), (key, None))[1]
            else:
                if what == "s":
                    tested[key] = value
                else:
                    tested.update({key: value})
                model[key.lower()] = (key, value)
            assert list(tested.items()) == list(model.values())
            assert len(tested) == len(model)
            assert tested == CaseInsensitiveDict(list(model.values()))


class TestLookupDict:
    def test_reads_by_attribute_and_by_item(self) -> None:
        table: LookupDict[int] = LookupDict(name="things")
        setattr(table, "one", 1)  # noqa: B010 - as the table of codes is made
        assert table["one"] == table.one == table.get("one") == 1
        assert table["two"] is None
        assert table.get("two", 2) == 2
        assert repr(table) == "<lookup 'things'>"
        with pytest.raises(AttributeError, match="two"):
            _ = table.two

    def test_survives_pickling(self) -> None:
        assert pickle.loads(pickle.dumps(codes)).not_found == 404
        assert copy.deepcopy(codes)["ok"] == 200


class TestCodes:
    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("ok", 200),
            ("OK", 200),
            ("\\o/", 200),
            ("✓", 200),
            ("early_hints", 103),
            ("temporary_redirect", 307),
            ("PERMANENT_REDIRECT", 308),
            ("-o-", 404),
            ("-O-", 404),
            ("teapot", 418),
            ("too_many_requests", 429),
            ("server_error", 500),
            ("loop_detected", 508),
        ],
    )
    def test_names(self, name: str, code: int) -> None:
        assert codes[name] == code
        assert getattr(codes, name) == code

    def test_the_names_of_a_code(self) -> None:
        for code, names in requests.status_codes._codes.items():
            assert set(names) <= set(_codes[code])

    def test_an_unknown_name_is_none_as_an_item_only(self) -> None:
        assert codes["no_such"] is None
        with pytest.raises(AttributeError):
            _ = codes.no_such

    def test_the_standard_library_knows_no_code_that_is_missing(self) -> None:
        from http import HTTPStatus

        assert {status.value for status in HTTPStatus} <= set(entries(codes).values())

    def test_has_every_name_of_requests(self) -> None:
        theirs = entries(pytest.importorskip("requests").codes)
        assert len(theirs) > 200
        assert theirs.items() <= entries(codes).items()


def entries(table: Mapping[str, int]) -> dict[str, int]:
    return {name: code for name, code in vars(table).items() if name != "name"}
