"""multipart/form-data: the bytes, streaming, exact lengths, and nothing injected."""

from __future__ import annotations

import io
import os
import re
import tracemalloc
from email import message_from_bytes
from email.policy import HTTP
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulak._bodies import EncodedBody, blocks, body_length, encode_body, is_replayable, rewind
from ulak._multipart import IN_MEMORY_LIMIT, MultipartStream, encode_multipart
from ulak.exceptions import InvalidBody, InvalidHeader, UnrewindableBodyError

BIG = IN_MEMORY_LIMIT + 1


def without_address(value: object) -> str:
    """A test's id: the value's repr, the same in every worker."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def named(content: bytes, name: Any) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def masked(body: bytes, content_type: str) -> bytes:
    """The body with its boundary replaced, so that two can be compared."""
    return body.replace(content_type.partition("boundary=")[2].encode(), b"BOUNDARY")


def encoded(data: Any = None, **options: Any) -> bytes:
    result = encode_body(data, **options)
    return masked(result.body, result.content_type or "")


class Pipe:
    """A file that can only be read, a little at a time."""

    def __init__(self, content: bytes) -> None:
        self.file = io.BytesIO(content)

    def read(self, size: int = -1, /) -> bytes:
        return self.file.read(size if size < 0 else min(size, 1000))


class TestBytes:
    def test_a_form_with_a_file(self) -> None:
        body = encoded({"a": [1, b"\xff"], "b": None}, files={"f": ("é.txt", "text", "text/plain")})
        assert body == (
            b'--BOUNDARY\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
            b'--BOUNDARY\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n'
            b'--BOUNDARY\r\nContent-Disposition: form-data; name="f"; filename="\xc3\xa9.txt"\r\n'
            b"Content-Type: text/plain\r\n\r\ntext\r\n--BOUNDARY--\r\n"
        )

    def test_the_content_type_names_the_boundary(self) -> None:
        body, content_type, length, position = encode_body(None, {"f": b"x"})
        boundary = content_type.removeprefix("multipart/form-data; boundary=")  # type: ignore[union-attr]
        assert len(boundary) == 32
        assert set(boundary) <= set("0123456789abcdef")
        assert body.startswith(f"--{boundary}\r\n".encode())
        assert (length, position) == (len(body), None)
        assert content_type != encode_body(None, {"f": b"x"}).content_type

    @pytest.mark.parametrize(
        "files",
        [
            {"f": b"x"},
            {"f": "é"},
            {"f": ""},
            {"f": bytearray(b"x")},
            {"f": memoryview(b"x")},
            {"f": 5},
            {"f": None},
            {b"f": b"x"},
            {"f": ("n", None)},
            {"f": ("n", b"x")},
            {"f": ["n", b"x"]},
            {"f": (None, "x")},
            {"f": ("", b"x")},
            {"f": (b"n", b"x")},
            {"f": ("n", b"x", "t/t")},
            {"f": ("n", b"x", None)},
            {"f": ("n", b"x", None, {"X-A": "1"})},
            {"f": ("n", b"x", "", {"X-A": "1"})},
            {"f": ("n", b"x", "a/b", {"X-A": "1", "Content-Type": "q/q"})},
            {"f": ("n", b"x", "a/b", [("X-A", "1"), ("B", "")])},
            {"f": ("n", b"x", "a/b", {"Content-Disposition": "other"})},
            {"f": ("n", b"x", "a/é")},
            {'f"\r\né': b"x"},
            {"f": ('n"\r\n\\é', b"x")},
            [("f", b"x"), ("f", b"y")],
            (("f", b"x"),),
        ],
        ids=without_address,
    )
    @pytest.mark.parametrize(
        "data", [None, {"a": "1"}, [("a", 2.5), ("b", "é")]], ids=without_address
    )
    def test_shapes_are_those_of_requests(self, data: Any, files: Any) -> None:
        requests = import_module("requests")
        theirs = requests.Request("POST", "http://x/", data=data, files=files).prepare()
        assert encoded(data, files=files) == masked(theirs.body, theirs.headers["Content-Type"])

    @pytest.mark.parametrize(
        "name",
        ["/tmp/a b.txt", "b.txt", b"/x/y.bin", "<stdin>", "<x", "x>", "", 5, None, "é", "/x/"],
    )
    def test_names_of_files_are_those_of_requests(self, name: Any) -> None:
        requests = import_module("requests")
        theirs = requests.Request("POST", "http://x/", files={"f": named(b"x", name)}).prepare()
        ours = encoded(files={"f": named(b"x", name)})
        assert ours == masked(theirs.body, theirs.headers["Content-Type"])

    @given(
        st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
        st.lists(
            st.tuples(
                st.text(max_size=5),
                st.tuples(
                    st.none() | st.text(max_size=5), st.binary(max_size=5) | st.text(max_size=5)
                ),
            ),
            min_size=1,
            max_size=3,
        ),
    )
    def test_bodies_are_those_of_requests(self, data: Any, files: Any) -> None:
        requests = import_module("requests")
        theirs = requests.Request("POST", "http://x/", data=data, files=files).prepare()
        expected = masked(theirs.body, theirs.headers["Content-Type"])
        ours = encoded(data, files=files)
        if any(code < 32 or code == 127 for code in "".join(map(repr_names, files)).encode()):
            assert len(ours) >= len(expected)  # requests leaves the other control characters
        elif not any(code < 32 or code == 127 for code in "".join(data).encode()):
            assert ours == expected

    def test_files_are_read_from_where_they_are(self, tmp_path: Path) -> None:
        path = tmp_path / "data.bin"
        path.write_bytes(b"0123456789")
        with path.open("rb") as file:
            file.seek(7)
            assert b'filename="data.bin"\r\n\r\n789\r\n' in encoded(files={"f": file})
            assert not file.closed

    def test_text_files_are_sent_as_utf8(self) -> None:
        assert b"\r\n\r\nt\xe2\x82\xac\r\n" in encoded(files={"f": io.StringIO("t€")})

    def test_one_file_twice_is_sent_twice(self) -> None:
        file = io.BytesIO(b"content")
        assert encoded(files=[("a", file), ("b", file)]).count(b"\r\n\r\ncontent\r\n") == 2

    def test_a_content_type_among_the_headers_counts(self) -> None:
        body = encoded(files={"f": ("n", b"x", None, {"content-TYPE": "a/b"})})
        assert b"\r\nContent-Type: a/b\r\n" in body

    @pytest.mark.parametrize(
        "files",
        [
            "text", b"bytes", 5, [("f",)], ["ab", 5], {"f": ("n",)}, {"f": ()},
            {"f": ("n", b"x", "t", {}, 5)}, {5: b"x"}, {b"\xff": b"x"}, {"f": (b"\xff", b"x")},
            {"f": (5, b"x")}, {"f": Path("x")}, {"f": iter([b"x"])}, {"f": ("n", object())},
            {"f": {"a": 1}}, {"f": "\ud800"},
        ],
        ids=without_address,
    )  # fmt: skip
    def test_other_shapes_are_refused(self, files: Any) -> None:
        with pytest.raises(InvalidBody):
            encode_body(None, files)

    @pytest.mark.parametrize(
        "data", ["text", b"bytes", io.BytesIO(b"x"), iter([b"x"]), bytearray(b"x"), 5]
    )
    def test_other_data_with_files_is_refused(self, data: Any) -> None:
        with pytest.raises(InvalidBody, match="files="):
            encode_body(data, {"f": b"x"})

    def test_a_closed_file_is_refused(self) -> None:
        file = io.BytesIO(b"x")
        file.close()
        with pytest.raises(InvalidBody, match="closed"):
            encode_body(None, {"f": file})


def repr_names(entry: Any) -> str:
    field, (filename, _) = entry
    return f"{field}{filename or ''}"


class TestInjection:
    EVIL = 'a"\r\nX-Evil: 1\r\n\r\n\x00\x0b\x7f"; filename="b'

    @pytest.mark.parametrize(
        ("data", "files"),
        [
            (None, {EVIL: b"x"}),
            (None, {"f": (EVIL, b"x")}),
            (None, {"f": named(b"x", EVIL)}),
            ({EVIL: "1"}, {"f": b"x"}),
            ([(EVIL.encode(), "1")], {"f": b"x"}),
        ],
    )
    def test_names_cannot_leave_their_quotes(self, data: Any, files: Any) -> None:
        heads = [
            part.partition(b"\r\n\r\n")[0] for part in encoded(data, files=files).split(b"--BOUND")
        ]
        for head in heads:
            lines = head.split(b"\r\n")
            assert not any(line.startswith(b"X-Evil") for line in lines)
            assert all(line.count(b'"') in (0, 2, 4) for line in lines)
            assert not set(head) & {*range(9), 11, 12, *range(14, 32), 127}

    @pytest.mark.parametrize("text", ["a\r\nX: y", "a\n", "a\r", "a\x00", "a\x7f", b"a\n"])
    def test_content_types_and_part_headers_are_checked(self, text: Any) -> None:
        for entry in ("n", b"x", text), ("n", b"x", None, {"X-A": text}):
            with pytest.raises(InvalidHeader, match="line break"):
                encode_body(None, {"f": entry})

    @pytest.mark.parametrize("name", ["a\r\nX", "a:", "a b", "", "é"])
    def test_names_of_part_headers_are_checked(self, name: str) -> None:
        with pytest.raises(InvalidHeader, match="token"):
            encode_body(None, {"f": ("n", b"x", None, {name: "1"})})

    @pytest.mark.parametrize(
        "headers", ["text", 5, [1], {"A": 5}, {"A": ["x"]}, {5: "x"}, object()]
    )
    def test_part_headers_of_other_types_are_refused(self, headers: Any) -> None:
        with pytest.raises(InvalidHeader):
            encode_body(None, {"f": ("n", b"x", None, headers)})

    def test_names_of_part_headers_may_be_bytes(self) -> None:
        headers: Any = {b"X-A": b"1", b"content-disposition": "form-data; name=other"}
        body = encoded(files={"f": ("n", b"x", None, headers)})
        assert b"\r\nX-A: 1\r\n" in body
        assert body.lower().count(b"content-disposition") == 1
        with pytest.raises(InvalidHeader):
            encoded(files={"f": ("n", b"x", None, {b"X\r\nY": b"1"})})

    def test_names_that_are_not_text_are_still_names(self) -> None:
        """A file name that is not UTF-8 on the disk comes as half surrogate pairs."""
        assert b'filename="caf?"' in encoded(files={"f": ("caf\udce9", b"x")})

    @given(st.text(max_size=12), st.text(max_size=12), st.binary(max_size=20))
    def test_another_parser_finds_what_was_sent(
        self, field: str, name: str, content: bytes
    ) -> None:
        body, content_type = encode_multipart([("first", b"1")], {field: (name, content)})
        assert isinstance(body, bytes)
        head = f"Content-Type: {content_type}\r\n\r\n".encode()
        parts = list(message_from_bytes(head + body, policy=HTTP).iter_parts())
        assert len(parts) == 2
        assert parts[0].get_content_disposition() == "form-data"
        assert dict(parts[1].items()).keys() == {"Content-Disposition"}
        assert content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") in (
            body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        )


class TestStream:
    def big(self, tmp_path: Path, size: int = BIG) -> Path:
        path = tmp_path / "big.bin"
        path.write_bytes(os.urandom(1000) * (size // 1000) + b"x" * (size % 1000))
        return path

    def test_is_what_it_would_be_in_memory(self, tmp_path: Path) -> None:
        path = self.big(tmp_path, BIG + 10)
        with path.open("rb") as file:
            file.seek(10)
            files: Any = {"f": file, "g": ("n", io.BytesIO(b"small"))}
            result = encode_body({"a": "1"}, files)
            body = result.body
            assert isinstance(body, MultipartStream)
            assert body.content_type == result.content_type
            assert file.tell() == 10
            boundary = result.content_type.partition("boundary=")[2]
            whole, _ = encode_multipart(
                [("a", b"1")],
                {"f": ("big.bin", path.read_bytes()[10:]), "g": ("n", b"small")},
                boundary,
            )
            assert isinstance(whole, bytes)
            assert result.length == len(body) == body_length(body) == len(whole)
            assert b"".join(blocks(body)) == whole
            assert not file.closed
            assert is_replayable(body, result.position)
            rewind(body, result.position)
            assert body.read() == whole
            assert body.read() == b""
            assert bool(body)

    @pytest.mark.parametrize("size", [0, 1, IN_MEMORY_LIMIT - 1, IN_MEMORY_LIMIT])
    def test_small_files_are_in_memory(self, size: int) -> None:
        files = {"f": io.BytesIO(b"x" * (size // 2)), "g": io.BytesIO(b"x" * (size - size // 2))}
        assert isinstance(encode_body(None, files).body, bytes)

    def test_many_small_files_are_one_large(self) -> None:
        files = [("f", io.BytesIO(b"x" * 300_000)) for _ in range(4)]
        body = encode_body(None, files).body
        assert isinstance(body, MultipartStream)
        assert len(body.read()) == len(body)

    def test_bytes_are_in_memory_whatever_their_size(self) -> None:
        assert isinstance(encode_body(None, {"f": b"x" * BIG}).body, bytes)

    @given(st.lists(st.integers(0, 5000) | st.just(0), max_size=20), st.booleans())
    def test_reads_like_a_file(self, sizes: list[int], iterate: bool) -> None:
        files: Any = {"f": ("n", io.BytesIO(bytes(range(256)) * 4097)), "g": io.BytesIO(b"tail")}
        body, _ = encode_multipart([], files, "b")
        assert isinstance(body, MultipartStream)
        whole = io.BytesIO(b"".join(body))
        body.rewind()
        for size in sizes:
            assert body.read(size) == whole.read(size)
        rest = b"".join(body) if iterate else body.read()
        assert rest == whole.read()

    def test_a_file_is_sent_from_where_it_was_when_the_body_was_made(self) -> None:
        file = io.BytesIO(b"ab" * BIG)
        file.seek(2)
        body = encode_body(None, {"f": file}).body
        file.seek(0, os.SEEK_END)
        assert len(body.read()) == len(body)

    @pytest.mark.parametrize("change", [-1, 1, -BIG])
    def test_a_file_that_changed_ends_in_an_error(self, tmp_path: Path, change: int) -> None:
        path = self.big(tmp_path)
        with path.open("rb") as file:
            body = encode_body(None, {"f": file}).body
            os.truncate(path, BIG + change)
            sent = 0
            with pytest.raises(InvalidBody, match="announced"):
                for block in blocks(body):
                    sent += len(block)
            assert sent < len(body)

    def test_a_file_closed_too_early_ends_in_an_error(self, tmp_path: Path) -> None:
        with self.big(tmp_path).open("rb") as file:
            body = encode_body(None, {"f": file}).body
        with pytest.raises((InvalidBody, UnrewindableBodyError)):
            list(blocks(body))

    def test_a_small_pipe_is_in_memory(self) -> None:
        result = encode_body(None, {"f": ("n", Pipe(b"x" * 5000))})
        assert isinstance(result.body, bytes)
        assert result.length == len(result.body)
        assert b"x" * 5000 in result.body

    def test_a_large_pipe_has_no_length_and_is_sent_once(self) -> None:
        content = os.urandom(BIG + 5000)
        files: Any = {"f": ("n", Pipe(content)), "g": b"y"}
        result = encode_body(None, files)
        body = result.body
        assert isinstance(body, MultipartStream)
        assert result == EncodedBody(body, result.content_type, None, 0)
        with pytest.raises(InvalidBody):
            len(body)
        assert not is_replayable(body, 0)
        sent = b"".join(blocks(body))
        assert content in sent
        assert sent.endswith(b"\r\n\r\ny\r\n--" + result.content_type[-32:].encode() + b"--\r\n")  # type: ignore[index]
        for again in body.rewind, lambda: rewind(body, 0):
            with pytest.raises(UnrewindableBodyError, match="second time"):
                again()

    def test_text_files_stream_with_their_length(self, tmp_path: Path) -> None:
        (tmp_path / "t").write_text("é" * BIG, encoding="utf-8")
        with (tmp_path / "t").open(encoding="utf-8") as file:
            body = encode_body(None, {"f": file}).body
            assert len(body.read()) == len(body)
            assert len(body) > 2 * BIG

    def test_memory_stays_flat(self, tmp_path: Path) -> None:
        path = tmp_path / "sparse"
        with path.open("wb") as file:
            file.truncate(1 << 30)
        with path.open("rb") as file:
            tracemalloc.start()
            try:
                result = encode_body({"a": "1"}, {"f": file})
                assert result.length == len(result.body) > 1 << 30
                sent = 0
                for block in blocks(result.body):
                    sent += len(block)
                    if sent > 64 << 20:  # what grows has grown by now
                        break
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert peak < 2 << 20


def test_the_boundary_is_urllib3s(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever compares bodies puts one there that is known, as with requests."""
    monkeypatch.setattr("urllib3.filepost.choose_boundary", lambda: "known")
    body, kind = encode_multipart([], {"a": b"1"})
    assert kind == "multipart/form-data; boundary=known"
    assert body.startswith(b"--known\r\n")
