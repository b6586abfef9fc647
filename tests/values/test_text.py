"""Charsets, decoding whole and in pieces, and lines at every chunk boundary."""

from __future__ import annotations

import codecs
import encodings.aliases
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ulak._text import (
    TextDecoder,
    decode,
    detect,
    encoding_from_content_type,
    guess_json_utf,
    iter_decode,
    iter_lines,
)
from ulak.exceptions import InvalidOption

NOT_CHARSETS = [
    "", "rot13", "zlib", "zip", "hex", "base64", "bz2", "quopri", "uu", "idna", "punycode",
    "undefined", "unicode_escape", "raw_unicode_escape", "no-such", "utf-8\x00", "\x00", "..", "é",
    "x" * 10_000, "utf-8;", "a/b", "encodings.aliases", "'utf-8'", " ",
]  # fmt: skip
#: Those whose decoders in pieces are C code with a state, and an end to their patience.
MULTIBYTE = [
    "big5", "big5hkscs", "cp932", "cp949", "cp950", "euc_jis_2004", "euc_jisx0213", "euc_jp",
    "euc_kr", "gb18030", "gb2312", "gbk", "hz", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2",
    "iso2022_jp_2004", "iso2022_jp_3", "iso2022_jp_ext", "iso2022_kr", "johab", "shift_jis",
    "shift_jis_2004", "shift_jisx0213",
]  # fmt: skip
CODECS = sorted({*encodings.aliases.aliases.values(), "utf-8", "utf_8_sig", "mbcs", "oem"})


class TestEncoding:
    @pytest.mark.parametrize(
        ("value", "encoding"),
        [
            (None, None),
            ("", None),
            ("text/html", "ISO-8859-1"),
            ("TEXT/plain", "ISO-8859-1"),
            ("text", "ISO-8859-1"),
            ("text/html; charset=utf-8", "utf-8"),
            ('text/html; CharSet="UTF-8"', "UTF-8"),
            ("text/html; charset='x y'", "x y"),
            ("text/html; charset=", "ISO-8859-1"),
            ("text/html; charset", "ISO-8859-1"),
            ("application/json", "utf-8"),
            ("application/json; charset=latin1", "latin1"),
            ("application/problem+json", None),
            ("image/png", None),
            (";charset=x", "x"),
        ],
    )
    def test_of_a_content_type(self, value: str | None, encoding: str | None) -> None:
        assert encoding_from_content_type(value) == encoding

    @pytest.mark.parametrize("kind", ["text/html", "application/json", "a/b"])
    @pytest.mark.parametrize("rest", ["", "; charset=x", ';charset="y"', "; a=b; charset=z"])
    def test_is_what_requests_finds(self, kind: str, rest: str) -> None:
        utils = pytest.importorskip("requests.utils")
        theirs = utils.get_encoding_from_headers({"content-type": kind + rest})
        assert encoding_from_content_type(kind + rest) == theirs

    @pytest.mark.parametrize(
        ("content", "encoding"),
        [
            (b"", "utf-8"),
            (b"plain", "ascii"),
            ("héllo".encode(), "utf-8"),
            ("\ufeffabc".encode(), "utf-8-sig"),
            ("abc".encode("utf-16"), "utf-16"),
            ("Ваш браузер не поддерживается, обновите его".encode("cp1251") * 3, "cp1251"),
        ],
    )
    def test_detection(self, content: bytes, encoding: str) -> None:
        found = detect(content)
        assert codecs.lookup(found).name == encoding
        content.decode(found)

    @given(st.binary(max_size=60))
    def test_detection_names_an_encoding_of_anything(self, content: bytes) -> None:
        decode(content, detect(content))

    @pytest.mark.parametrize(
        "encoding",
        [
            "utf-8",
            "utf-8-sig",
            "utf-16",
            "utf-16-le",
            "utf-16-be",
            "utf-32",
            "utf-32-le",
            "utf-32-be",
        ],
    )
    @given(
        value=st.dictionaries(st.text(max_size=3), st.integers()) | st.lists(st.text(max_size=3))
    )
    def test_json_is_recognised_in_every_utf(self, encoding: str, value: Any) -> None:
        data = json.dumps(value).encode(encoding)
        assert json.loads(data.decode(guess_json_utf(data) or "")) == value

    def test_json_in_no_utf(self) -> None:
        assert guess_json_utf(b"\0\0\0\0") is None
        assert guess_json_utf(b"") == "utf-8"

    @given(st.binary(max_size=6))
    def test_json_guess_is_that_of_requests(self, data: bytes) -> None:
        assert guess_json_utf(data) == pytest.importorskip("requests.utils").guess_json_utf(data)


class TestDecode:
    def test_decodes(self) -> None:
        assert decode("é".encode("latin-1"), "ISO-8859-1") == "é"
        assert decode("é".encode("cp1252"), "Windows-1252") == "é"
        assert decode("日本".encode("shift_jis"), "Shift_JIS") == "日本"
        assert decode(b"\xff", "utf-8") == "\ufffd"

    @pytest.mark.parametrize("name", [*NOT_CHARSETS, None])
    def test_what_is_no_charset_counts_as_utf8(self, name: str | None) -> None:
        assert decode("é".encode() + b"\xff\\z", name) == "é\ufffd\\z"
        assert "".join(iter_decode(["é".encode(), b"\xff\\z"], name)) == "é\ufffd\\z"

    @pytest.mark.parametrize("codec", CODECS)
    @given(content=st.binary(max_size=30))
    @example(b"")
    @example(b"\x1b$B\x1b(~\x0e\x0f+AGE-~{\xff\xfe\x00")
    def test_no_codec_raises(self, codec: str, content: bytes) -> None:
        assert isinstance(decode(content, codec), str)
        "".join(iter_decode([content[:3], b"", content[3:]], codec))

    @pytest.mark.parametrize(
        "codec", ["utf-8", "utf-16", "utf-32", "utf-8-sig", "shift_jis", "gb18030"]
    )
    @given(content=st.binary(max_size=20) | st.text(max_size=9).map(str.encode), data=st.data())
    def test_pieces_decode_like_the_whole(self, codec: str, content: bytes, data: Any) -> None:
        pieces = list(iter_decode(cuts(content, data), codec))
        assert "".join(pieces) == decode(content, codec)
        assert all(pieces)

    @pytest.mark.parametrize("codec", MULTIBYTE)
    @given(
        content=st.binary(max_size=24)
        | st.lists(
            st.sampled_from(
                [b"\x1b", b"\x1b$", b"\x1b(", b"$", b"+", b"(", b"~{", b"\x0e", b"\x81"]
            )
            | st.binary(min_size=1, max_size=2),
            max_size=16,
        ).map(b"".join),
        data=st.data(),
    )
    @example(b"\x1b$$\xd8\x1b+$\x00+", None)
    @example(b"\x1b" * 20, None)
    @example(b"\x1b$" + b"\xff" * 20, None)
    def test_no_multibyte_codec_raises_at_any_split(
        self, codec: str, content: bytes, data: Any
    ) -> None:
        for chunks in [
            [content[at : at + 1] for at in range(len(content))],
            *([cuts(content, data)] if data else []),
        ]:
            decoder = TextDecoder(codec)
            assert all(isinstance(decoder.feed(chunk), str) for chunk in chunks)
            assert isinstance(decoder.end(), str)

    def test_what_comes_after_a_decoder_gave_up_is_read(self) -> None:
        hostile, rest = b"\x1b$$\xd8\x1b+$\x00+", b"\x1b(B and so on"
        text = "".join(iter_decode([bytes([byte]) for byte in hostile + rest], "iso-2022-jp"))
        assert "\ufffd" in text
        assert text.endswith(" and so on")

    def test_an_unfinished_character_is_not_lost(self) -> None:
        assert list(iter_decode([b"a", b"\xc3"], "utf-8")) == ["a", "\ufffd"]

    def test_utf16_without_a_mark_is_little_endian_on_every_machine(self) -> None:
        content = "é".encode("utf-16-le")
        assert decode(content, "utf-16") == "".join(iter_decode([content], "utf-16")) == "é"
        assert decode("\ufeffé".encode("utf-16-be"), "utf-16") == "é"

    @pytest.mark.parametrize("name", ["idna", "punycode", "utf-7", "unicode_escape", "hz"])
    def test_takes_linear_time(self, name: str) -> None:
        started = time.process_time()
        decode(b"xn--" + b"a-" * 200_000, name)
        assert time.process_time() - started < 2


def cuts(whole: Any, data: st.DataObject) -> list[Any]:
    """``whole`` cut into chunks, empty ones too."""
    places = data.draw(st.lists(st.integers(0, len(whole)), max_size=6).map(sorted))
    return [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True)]


class TestLines:
    @given(st.text("a\r\n\v\f\x1c\x85\u2028é", max_size=12), st.booleans(), st.data())
    @example("\r\n", False, None)
    def test_text_lines_are_splitlines(self, text: str, keepends: bool, data: Any) -> None:
        for chunks in [list(text), *([cuts(text, data)] if data else [])]:
            assert list(iter_lines(chunks, keepends=keepends)) == text.splitlines(keepends)

    @given(st.text("a\r\n\v\f\x1c\x85", max_size=12), st.booleans(), st.data())
    def test_byte_lines_are_splitlines(self, text: str, keepends: bool, data: Any) -> None:
        content = text.encode("latin-1")
        for chunks in cuts(content, data), [bytes([byte]) for byte in content]:
            assert list(iter_lines(chunks, keepends=keepends)) == content.splitlines(keepends)

    @given(
        st.text("ab|", max_size=14),
        st.sampled_from(["|", "||", "ab", "aab", "aa", "a|a"]),
        st.data(),
    )
    def test_delimited_lines_are_those_of_split(self, text: str, delimiter: str, data: Any) -> None:
        expected = text.split(delimiter)
        if not expected[-1]:
            expected.pop()
        for chunks in cuts(text, data), list(text):
            assert list(iter_lines(chunks, delimiter)) == expected
        encoded = [chunk.encode() for chunk in cuts(text, data)]
        assert list(iter_lines(encoded, delimiter.encode())) == [each.encode() for each in expected]

    @pytest.mark.parametrize("delimiter", [None, "", "\n"])
    def test_no_chunks_have_no_lines(self, delimiter: str | None) -> None:
        assert list(iter_lines([], delimiter)) == []
        assert list(iter_lines(["", ""], delimiter)) == []

    def test_a_line_is_given_out_once_it_is_complete(self) -> None:
        asked: list[int] = []

        def chunks() -> Iterator[bytes]:
            for number, chunk in enumerate([b"a\nb", b"\r", b"c", b"\n"]):
                asked.append(number)
                yield chunk

        lines = iter_lines(chunks())
        assert next(lines) == b"a"
        assert asked == [0]
        assert next(lines) == b"b"
        assert asked == [0, 1, 2]  # whether LF follows CR had to be seen
        assert list(lines) == [b"c"]

    @pytest.mark.parametrize(("chunk", "delimiter"), [(b"a", "|"), ("a", b"|")])
    def test_a_delimiter_of_the_other_type_is_refused(self, chunk: Any, delimiter: Any) -> None:
        with pytest.raises(InvalidOption, match="delimiter") as caught:
            list(iter_lines([chunk], delimiter))
        assert isinstance(caught.value, TypeError)

    @pytest.mark.parametrize("delimiter", [None, b"\r\n\r\n"])
    @pytest.mark.parametrize("chunk", [b"a", b"\r", b"\n", b"ab", b"\r\n\r"])
    def test_a_long_line_in_small_chunks_takes_linear_time(
        self, delimiter: bytes | None, chunk: bytes
    ) -> None:
        started = time.process_time()
        for _ in iter_lines([chunk] * 300_000, delimiter):
            pass
        assert time.process_time() - started < 3
