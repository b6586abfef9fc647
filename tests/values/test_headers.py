"""Header mappings, what a caller may give, and the parsers of what a server sends."""

from __future__ import annotations

import copy
import pickle
import re
import time
from importlib import import_module
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ulak._headers import (
    Challenge,
    Headers,
    merge,
    parse_challenges,
    parse_content_type,
    parse_dict_header,
    parse_links,
    parse_list_header,
    prepare_headers,
)
from ulak.exceptions import InvalidHeader, RequestException
from ulak.structures import CaseInsensitiveDict

FIELDS = [("Server", "x"), ("Set-Cookie", "a=1"), ("Vary", "b"), ("set-cookie", "c=2")]
NAMES = st.sampled_from(["a", "A", "b", "B", "c"])
VALUES = st.text("xyz", max_size=3)


class TestHeaders:
    def test_joins_repeats_and_keeps_them(self) -> None:
        headers = Headers(FIELDS)
        assert headers["SET-COOKIE"] == "a=1, c=2"
        assert list(headers.items()) == [("Server", "x"), ("Set-Cookie", "a=1, c=2"), ("Vary", "b")]
        assert headers.get_all("set-cookie") == ["a=1", "c=2"]
        assert headers.get_all("vary") == ["b"]
        assert headers.get_all("no-such") == []
        assert headers.multi_items() == FIELDS
        assert headers == {"server": "x", "set-cookie": "a=1, c=2", "vary": "b"}

    def test_is_made_from_anything_that_a_dictionary_is(self) -> None:
        assert Headers().multi_items() == []
        assert Headers({"A": "1"}, b="2").multi_items() == [("A", "1"), ("b", "2")]
        assert Headers(Headers(FIELDS)).multi_items() == FIELDS
        assert Headers(iter(FIELDS)).multi_items() == FIELDS
        assert type(CaseInsensitiveDict(Headers(FIELDS))) is CaseInsensitiveDict

    def test_does_not_share_its_lists(self) -> None:
        given = list(FIELDS)
        headers = Headers(given)
        given.clear()
        headers.multi_items().clear()
        headers.get_all("vary").clear()
        assert headers.multi_items() == FIELDS

    def test_setting_replaces_all_of_a_name(self) -> None:
        headers = Headers(FIELDS)
        headers["SET-Cookie"] = "z"
        assert headers.multi_items() == [("Server", "x"), ("SET-Cookie", "z"), ("Vary", "b")]
        assert headers["set-cookie"] == "z"

    def test_deleting_removes_all_of_a_name(self) -> None:
        headers = Headers(FIELDS)
        del headers["set-COOKIE"]
        assert headers.multi_items() == [("Server", "x"), ("Vary", "b")]
        with pytest.raises(KeyError):
            del headers["set-cookie"]

    @pytest.mark.parametrize(
        "twin_of",
        [
            Headers,
            Headers.copy,
            copy.copy,
            copy.deepcopy,
            lambda headers: pickle.loads(pickle.dumps(headers)),
        ],
    )
    def test_copies_are_whole_and_independent(self, twin_of: Any) -> None:
        headers = Headers(FIELDS)
        twin = twin_of(headers)
        assert type(twin) is Headers
        assert twin.multi_items() == FIELDS
        assert twin == headers
        twin["vary"] = "other"
        del twin["set-cookie"]
        assert headers.multi_items() == FIELDS
        assert headers["vary"] == "b"

    @given(
        st.lists(st.tuples(NAMES, VALUES)),
        st.lists(st.tuples(st.sampled_from("sdpu"), NAMES, VALUES)),
    )
    def test_the_views_agree_whatever_is_done(
        self, fields: list[tuple[str, str]], steps: list[tuple[str, str, str]]
    ) -> None:
        headers = Headers(fields)
        for what, name, value in steps:
            if what == "s":
                headers[name] = value
            elif what == "d":
                headers.pop(name, None)
            elif what == "p":
                headers.setdefault(name, value)
            else:
                headers.update({name: value})
            assert Headers(headers.multi_items())._store == headers._store
            for key in headers:
                assert ", ".join(headers.get_all(key)) == headers[key]


class TestMerge:
    @pytest.mark.parametrize(
        ("session", "call", "merged"),
        [
            (None, None, []),
            ({"A": "1"}, None, [("A", "1")]),
            (None, {"A": "1"}, [("A", "1")]),
            ({"A": "1", "B": "2"}, {"b": "3", "C": "4"}, [("A", "1"), ("b", "3"), ("C", "4")]),
            ({"A": "1", "B": "2"}, {"a": None}, [("B", "2")]),
            ({"A": None, "B": "2"}, {}, [("B", "2")]),
            ({"A": None}, {"A": "1"}, [("A", "1")]),
            ({"A": "1"}, [("B", "2"), ("B", "3")], [("A", "1"), ("B", "3")]),
            ({"A": "1"}, {b"a": None}, []),
            ({"A": ""}, {"B": b""}, [("A", ""), ("B", b"")]),
        ],
    )
    def test_the_call_wins_and_none_removes(self, session: Any, call: Any, merged: Any) -> None:
        assert list(merge(session, call).items()) == merged
        if session is not None:
            assert list(merge(CaseInsensitiveDict(session), call).items()) == merged

    def test_leaves_what_it_is_given_alone(self) -> None:
        session = CaseInsensitiveDict(A="1")
        merge(session, {"a": None, "B": "2"})
        assert dict(session) == {"A": "1"}

    @given(
        st.dictionaries(NAMES, st.none() | VALUES),
        st.none() | st.dictionaries(NAMES, st.none() | VALUES),
    )
    def test_is_what_requests_does(self, session: Any, call: Any) -> None:
        sessions = import_module("requests.sessions")
        theirs = sessions.merge_setting(
            call, CaseInsensitiveDict(session), dict_class=CaseInsensitiveDict
        )
        expected = [item for item in theirs.items() if item[1] is not None]
        assert list(merge(CaseInsensitiveDict(session), call).items()) == expected

    @pytest.mark.parametrize("wrong", ["text", b"bytes", 5, ["a"], [("a", "b", "c")], object()])
    def test_refuses_what_is_neither_a_mapping_nor_pairs(self, wrong: Any) -> None:
        with pytest.raises(InvalidHeader, match="mapping or pairs"):
            merge({}, wrong)


class TestPrepareHeaders:
    @pytest.mark.parametrize(
        ("given_", "prepared"),
        [
            (None, {}),
            ({}, {}),
            ([], {}),
            ({"A": "b c", "B": ""}, {"A": "b c", "B": ""}),
            ([("A", "1"), ("a", "2")], {"a": "2"}),
            ({"A": b"bytes"}, {"A": b"bytes"}),
            ({b"A": "1", "b": "2"}, {"A": "1", "b": "2"}),
            ({"A": "\xe9\xff"}, {"A": "\xe9\xff"}),
            ({"A": b"\xc3\xa9"}, {"A": b"\xc3\xa9"}),
            ({"A": "x\ty "}, {"A": "x\ty "}),
            (CaseInsensitiveDict({"X-A": "1"}), {"X-A": "1"}),
        ],
    )
    def test_takes(self, given_: Any, prepared: dict[str, Any]) -> None:
        result = prepare_headers(given_)
        assert type(result) is CaseInsensitiveDict
        assert dict(result) == prepared

    def test_the_result_is_new(self) -> None:
        headers = CaseInsensitiveDict({"A": "1"})
        prepare_headers(headers)["a"] = "2"
        assert headers["A"] == "1"

    @pytest.mark.parametrize("good", [{}, {"First": "1"}], ids=["alone", "after another"])
    @pytest.mark.parametrize(
        ("name", "value", "says"),
        [
            ("X-Int", 1, "X-Int.*int"),
            ("X-None", None, "X-None.*NoneType"),
            ("X-List", ["a"], "X-List.*list"),
            ("A", " secret", "white space"),
            ("A", "\tsecret", "white space"),
            ("A", b" secret", "white space"),
            ("A", "\u2028secret", "white space"),
            ("A", "secret\r\nX: y", "line break"),
            ("A", "secret\n", "line break"),
            ("A", "secret\r", "line break"),
            ("A", b"secret\n", "line break"),
            ("A", "secret\x00", "control"),
            ("A", "secret\x7f", "control"),
            ("A", "secret €", "Latin-1"),
            ("A\n", "secret", "token"),
            ("A\nB", "secret\n", "token"),
            ("A:", "secret", "token"),
            (" A", "secret", "token"),
            ("A ", "secret", "token"),
            ("A B", "secret", "token"),
            ("", "secret", "token"),
            ("Ä", "secret", "token"),
            (b"A\r", "secret", "token"),
            (b"\xff", "secret", "token"),
            (5, "secret", "name.*int"),
            (None, "secret", "name.*NoneType"),
        ],
    )
    def test_refuses(self, good: dict[Any, Any], name: Any, value: Any, says: str) -> None:
        with pytest.raises(InvalidHeader, match=says) as caught:
            prepare_headers({**good, name: value})
        assert "secret" not in str(caught.value)
        assert isinstance(caught.value, ValueError)

    @given(
        st.dictionaries(
            st.text("Aa-\n\r: \x00é", max_size=3), st.text("a \n\r\t\x00é€", max_size=3)
        )
    )
    @example({"A": "b\nC"})
    @example({"A\nb": ""})
    def test_nothing_is_injected(self, headers: dict[str, str]) -> None:
        """What passes gives exactly its own lines; what would give others is refused."""
        lines = [f"{name}: {value}" for name, value in headers.items()]
        sound = all(
            re.fullmatch("[Aa-]+: ([aé][aé\t ]*)?", line, re.DOTALL) is not None for line in lines
        )
        try:
            prepared = prepare_headers(headers)
        except InvalidHeader:
            assert not sound
        else:
            assert sound
            assert prepared == CaseInsensitiveDict(headers)


class TestLists:
    @pytest.mark.parametrize(
        ("value", "items"),
        [
            ("", []),
            ("a", ["a"]),
            (' a , b,"c, d" ', ["a", "b", "c, d"]),
            ('"a\\"b", c', ['a"b', "c"]),
            ('"\\\\"', ["\\"]),
            ("a,,b,", ["a", "b"]),
            ('"unfinished, a', ["unfinished, a"]),
            ('x="a, b"', ['x="a, b"']),
        ],
    )
    def test_lists(self, value: str, items: list[str]) -> None:
        assert parse_list_header(value) == items

    @pytest.mark.parametrize(
        ("value", "entries"),
        [
            ("", {}),
            ('foo="is a fish", bar="as well"', {"foo": "is a fish", "bar": "as well"}),
            ("a, b=", {"a": None, "b": ""}),
            ('a = "x, y" , A=z', {"a": "x, y", "A": "z"}),
            ("a=b=c", {"a": "b=c"}),
            ('a="b\\"c"', {"a": 'b"c'}),
        ],
    )
    def test_dictionaries(self, value: str, entries: dict[str, str | None]) -> None:
        assert parse_dict_header(value) == entries

    @given(st.lists(st.text("ab =\\\"';x", min_size=1, max_size=5)))
    def test_quoted_items_come_back(self, items: list[str]) -> None:
        quoted = ", ".join('"' + re.sub(r'([\\"])', r"\\\1", item) + '"' for item in items)
        assert parse_list_header(quoted) == items

    @given(st.lists(st.sampled_from(["a", "b c", '"x, y"', '"q\\"r"', "k=v", 'k="v, w"'])))
    def test_well_formed_lists_are_what_requests_finds(self, items: list[str]) -> None:
        utils = import_module("requests.utils")
        value = ", ".join(items)
        assert parse_list_header(value) == utils.parse_list_header(value)
        keyed = ", ".join(item for item in items if item[0] != '"')
        assert parse_dict_header(keyed) == utils.parse_dict_header(keyed)


class TestChallenges:
    @pytest.mark.parametrize(
        ("value", "challenges"),
        [
            ("", []),
            (" , ,", []),
            ("Basic", [("Basic", {}, None)]),
            ('Basic realm="a b"', [("Basic", {"realm": "a b"}, None)]),
            ('Basic REALM = "x" , charset="UTF-8"',
             [("Basic", {"realm": "x", "charset": "UTF-8"}, None)]),
            ("Negotiate, NTLM", [("Negotiate", {}, None), ("NTLM", {}, None)]),
            ("Negotiate YII==, Basic realm=x",
             [("Negotiate", {}, "YII=="), ("Basic", {"realm": "x"}, None)]),
            (
                'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
                [
                    ("Newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}, None),
                    ("Basic", {"realm": "simple"}, None),
                ],
            ),
            (
                'Digest realm="a, b", nonce=abc==, qop="auth,auth-int",algorithm=SHA-256',
                [("Digest", {"realm": "a, b", "nonce": "abc==", "qop": "auth,auth-int",
                             "algorithm": "SHA-256"}, None)],
            ),
            # What broken servers send.
            ("realm=x", []),
            ('Digest realm="a" nonce="b"', [("Digest", {"realm": "a", "nonce": "b"}, None)]),
            ("Digest realm=a b, nonce=c", [("Digest", {"realm": "a", "nonce": "c"}, None)]),
            ("@@, Basic realm=x", [("Basic", {"realm": "x"}, None)]),
            ('Basic realm="open, Digest x=y', [("Basic", {"realm": "open, Digest x=y"}, None)]),
            ('Basic realm="open\\', [("Basic", {"realm": "open\\"}, None)]),
            ("Basic realm=a, realm=b", [("Basic", {"realm": "a"}, None)]),
            ("Bearer uri=https://x/y?z=1, a=b",
             [("Bearer", {"uri": "https://x/y?z=1", "a": "b"}, None)]),
        ],
    )  # fmt: skip
    def test_one_field(self, value: str, challenges: list[Any]) -> None:
        assert parse_challenges([value]) == [Challenge(*each) for each in challenges]

    def test_several_fields_in_order(self) -> None:
        found = parse_challenges(["Digest nonce=1", 'Basic realm="x"', "nonce=2"])
        assert found == [Challenge("Digest", {"nonce": "1"}), Challenge("Basic", {"realm": "x"})]

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["Basic", "Digest", "X-a"]),
                st.dictionaries(st.sampled_from(["realm", "nonce", "qop"]), st.text('a,\\" =b')),
            )
        )
    )
    def test_well_formed_challenges_come_back(self, wanted: list[Any]) -> None:
        def quote(text: str) -> str:
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

        value = ", ".join(
            f"{scheme} {', '.join(f'{name}={quote(text)}' for name, text in params.items())}"
            for scheme, params in wanted
        )
        assert parse_challenges([value]) == [Challenge(*each) for each in wanted]


class TestContentType:
    @pytest.mark.parametrize(
        ("value", "parsed"),
        [
            ("", ("", {})),
            ("text/html", ("text/html", {})),
            ("Text/HTML ; Charset=UTF-8", ("text/html", {"charset": "UTF-8"})),
            ('a/b; charset="utf-8"; x=y', ("a/b", {"charset": "utf-8", "x": "y"})),
            ("a/b; charset='utf-8'", ("a/b", {"charset": "utf-8"})),
            ('a/b; x="c;d\\"e"; y=z', ("a/b", {"x": 'c;d"e', "y": "z"})),
            ("a/b; charset", ("a/b", {})),
            ("a/b; charset=", ("a/b", {})),
            ("a/b;;;x=y;", ("a/b", {"x": "y"})),
            ("a/b; x=1; X=2", ("a/b", {"x": "2"})),
            ('a/b; x="open; y=z', ("a/b", {"x": "open; y=z"})),
            (";charset=x", ("", {"charset": "x"})),
        ],
    )
    def test_table(self, value: str, parsed: tuple[str, dict[str, str]]) -> None:
        assert parse_content_type(value) == parsed


class TestLinks:
    @pytest.mark.parametrize(
        ("value", "links"),
        [
            ("", []),
            (",, ,", []),
            ("<a>", [{"url": "a"}]),
            ("<a>;", [{"url": "a"}]),
            ("<>", [{"url": ""}]),
            ('<a>; rel=next; type="x/y"', [{"url": "a", "rel": "next", "type": "x/y"}]),
            ('<a>; rel="x",<b>;', [{"url": "a", "rel": "x"}, {"url": "b"}]),
            ("<a,b;c>; rel=x", [{"url": "a,b;c", "rel": "x"}]),
            ('<a>; title="x;y=z, <q>"; rel=p', [{"url": "a", "title": "x;y=z, <q>", "rel": "p"}]),
            ("<a>; REL=x; rel=y", [{"url": "a", "rel": "x"}]),
            ("<a>; rel='x'", [{"url": "a", "rel": "x"}]),
            ("a; rel=x", [{"url": "a", "rel": "x"}]),
            ("<a", [{"url": "a"}]),
            ("<a> junk; rel=x, <b>", [{"url": "a"}, {"url": "b"}]),
            ("<a>; rel", [{"url": "a"}]),
        ],
    )
    def test_table(self, value: str, links: list[dict[str, str]]) -> None:
        assert parse_links(value) == links

    @given(
        st.lists(
            st.tuples(
                st.text("abc/?=.", min_size=1, max_size=8),
                st.dictionaries(st.sampled_from(["rel", "title"]), st.text("ab ", min_size=1)),
            )
        )
    )
    def test_well_formed_links_are_what_requests_finds(self, links: Any) -> None:
        utils = import_module("requests.utils")
        value = ", ".join(
            "; ".join([f"<{url}>", *(f'{name}="x{text}x"' for name, text in params.items())])
            for url, params in links
        )
        assert parse_links(value) == utils.parse_header_links(value)


PARSERS = [
    parse_list_header,
    parse_dict_header,
    lambda value: parse_challenges([value]),
    parse_content_type,
    parse_links,
]


@pytest.mark.parametrize("parser", PARSERS)
@given(st.text("aB=,;<>\"'\\ \t\r\n\x00\x85é", max_size=40) | st.text(max_size=20))
def test_no_parser_raises(parser: Any, value: str) -> None:
    parser(value)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    "piece",
    ['"', "\\", '\\"', ",", ", ", " ", "=", "a=", "a ", "a,", 'a="', 'a=",', "<", "<,", ">;", ";",
     "; ", ";=", '"\\,', 'a ="x"y', "a=b c ", "\t", "a", "é", '<a>;"', "a \t"],
)  # fmt: skip
def test_parsers_take_linear_time(parser: Any, piece: str) -> None:
    """32 KiB of what a hostile server may repeat; in quadratic time they take minutes."""
    value = piece * (32768 // len(piece))
    started = time.process_time()
    parser(value)
    parser("Basic " + value)
    parser("<a>; b=" + value)
    parser("a; b=" + value + '"')
    assert time.process_time() - started < 2


def test_header_errors_are_of_the_family() -> None:
    assert issubclass(InvalidHeader, RequestException)
