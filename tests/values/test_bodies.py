"""What a request's body may be, how long it is, its blocks, and sending it again."""

from __future__ import annotations

import array
import gzip
import io
import math
import mmap
import os
import sys
import tarfile
import tempfile
import zipfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulak._bodies import (
    NOT_REWINDABLE,
    EncodedBody,
    blocks,
    body_length,
    body_position,
    encode_body,
    is_replayable,
    rewind,
)
from ulak.exceptions import (
    FileModeWarning,
    InvalidBody,
    InvalidHeader,
    InvalidJSONError,
    RequestException,
    UnrewindableBodyError,
)

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
NOTHING = EncodedBody(None, None, None, None)


def once(*chunks: Any) -> Iterator[Any]:
    yield from chunks


async def later() -> AsyncIterator[bytes]:
    yield b"x"


class OnlyRead:
    """A file that can do nothing but be read."""

    def __init__(self, content: bytes | str = b"content") -> None:
        self.file: Any = io.StringIO(content) if isinstance(content, str) else io.BytesIO(content)

    def read(self, size: int = -1, /) -> Any:
        return self.file.read(size)


class Untellable(io.BytesIO):
    def tell(self) -> int:
        raise OSError("no position")


class OwnLength(OnlyRead):
    def __len__(self) -> int:
        return 7


class TestForms:
    @pytest.mark.parametrize(
        ("data", "body"),
        [
            ({"a": 1}, "a=1"),
            ({"a": [1, None, "x", b"y", 2.5, True]}, "a=1&a=x&a=y&a=2.5&a=True"),
            ({"a": None}, ""),
            ({"a": []}, ""),
            ({"a": ""}, "a="),
            ([("a", "b"), ("a", "c")], "a=b&a=c"),
            ((("a", "b"),), "a=b"),
            ({"é": "€ +&="}, "%C3%A9=%E2%82%AC+%2B%26%3D"),
            ({b"a": b"\xff"}, "a=%FF"),
            ({"a": bytearray(b"xy")}, "a=xy"),
            ({"a": ("x", "y")}, "a=x&a=y"),
            ({"a": once("x", "y")}, "a=x&a=y"),
            ({1: 2}, "1=2"),
        ],
    )
    def test_table(self, data: Any, body: str) -> None:
        assert encode_body(data) == EncodedBody(body, FORM, len(body), None)

    @pytest.mark.parametrize(
        "data", [[1], ["a"], [b"x", b"y"], [("a",)], [("a", "b", "c")], ("ab", 1)]
    )
    def test_what_is_not_pairs_is_refused(self, data: Any) -> None:
        with pytest.raises(InvalidBody, match="pairs"):
            encode_body(data)

    @pytest.mark.parametrize(
        ("data", "hint"),
        [
            (Path("letter.txt"), r": open it, with open\(path, 'rb'\); give bytes, str \("),
            (lambda: b"", ": call it, and give what it returns; "),
            (" ".join, "; give bytes"),
        ],
        ids=lambda x: type(x).__name__,
    )
    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_what_leads_to_a_body_is_told(self, data: Any, hint: str, asynchronous: bool) -> None:
        with pytest.raises(InvalidBody, match=f"{type(data).__name__}{hint}") as caught:
            encode_body(data, asynchronous=asynchronous)
        assert ("asynchronous iterable or file" in str(caught.value)) is asynchronous

    def test_half_a_surrogate_pair_is_refused(self) -> None:
        with pytest.raises(InvalidBody):
            encode_body({"a": "\ud800"})


class TestJson:
    @pytest.mark.parametrize("data", [None, {}, [], (), "", b"", 0, False])
    @pytest.mark.parametrize(
        ("value", "body"),
        [
            ({}, b"{}"), ([], b"[]"), (0, b"0"), (False, b"false"), ("", b'""'),
            ({"a": "é"}, b'{"a": "\\u00e9"}'), ([1, {"b": None}], b'[1, {"b": null}]'),
        ],
    )  # fmt: skip
    def test_counts_when_there_is_no_data(self, data: Any, value: Any, body: bytes) -> None:
        assert encode_body(data, None, value) == EncodedBody(body, JSON, len(body), None)

    def test_data_wins(self) -> None:
        assert encode_body({"a": 1}, None, {"b": 1}).body == "a=1"

    def test_none_is_no_json(self) -> None:
        assert encode_body(None, None, None) == NOTHING
        assert encode_body({}, None, None) == NOTHING

    def test_the_callers_own_function_makes_it(self) -> None:
        result = encode_body(None, None, [1], json_dumps=lambda value: "é")
        assert result == EncodedBody("é".encode(), JSON, 2, None)
        assert encode_body(None, None, [1], json_dumps=lambda value: b"x").body == b"x"

    @pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf], 10**5000], ids="abcd")
    def test_what_json_cannot_hold(self, value: Any) -> None:
        with pytest.raises(InvalidJSONError):
            encode_body(None, None, value)

    def test_circles_and_depths(self) -> None:
        circle: list[Any] = []
        circle.append(circle)
        depth: list[Any] = []
        for _ in range(100_000):
            depth = [depth]
        for value in circle, depth:
            with pytest.raises(InvalidJSONError):
                encode_body(None, None, value)

    @pytest.mark.parametrize("value", [object(), b"x", {1, 2}, {(1, 2): 3}])
    def test_what_json_has_no_form_for(self, value: Any) -> None:
        with pytest.raises(InvalidBody) as caught:
            encode_body(None, None, value)
        assert isinstance(caught.value, TypeError)

    def test_the_callers_function_raises_its_own_errors(self) -> None:
        with pytest.raises(ZeroDivisionError):
            encode_body(None, None, 1, json_dumps=lambda value: str(1 / 0))

    def test_the_callers_function_must_return_text(self) -> None:
        with pytest.raises(InvalidBody, match="dict"):
            encode_body(None, None, 1, json_dumps=lambda value: {})  # type: ignore[arg-type,return-value]


class TestPlain:
    def test_bytes_and_text_go_as_they_are(self) -> None:
        assert encode_body(b"\xff\x00") == EncodedBody(b"\xff\x00", None, 2, None)
        assert encode_body("é") == EncodedBody("é", None, 2, None)
        assert list(blocks("é")) == ["é".encode()]

    @pytest.mark.parametrize(
        ("data", "sent"),
        [
            (bytearray(b"xy"), b"xy"),
            (memoryview(b"xyz")[1:], b"yz"),
            (memoryview(b"a_b_c_")[::2], b"abc"),
            (array.array("H", [0x4141, 0x4242]), b"AABB"),
        ],
    )
    def test_what_is_like_bytes(self, data: Any, sent: bytes) -> None:
        encoded = encode_body(data)
        assert encoded == EncodedBody(data, None, len(sent), None)
        assert b"".join(blocks(data)) == sent
        assert is_replayable(data, encoded.position)

    @pytest.mark.parametrize("data", [None, b"", "", {}, [], (), bytearray(), 0, False])
    def test_nothing_is_no_body(self, data: Any) -> None:
        assert encode_body(data) == NOTHING
        assert encode_body(data, {}) == NOTHING

    @pytest.mark.parametrize("data", [5, 2.5, object(), len, print])
    def test_other_things_are_refused(self, data: Any) -> None:
        with pytest.raises(InvalidBody, match=type(data).__name__) as caught:
            encode_body(data)
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, TypeError)

    def test_half_a_surrogate_pair_is_refused(self) -> None:
        with pytest.raises(InvalidBody):
            encode_body("\ud800")


class TestStreams:
    def test_a_file_is_sent_from_where_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"0123456789")
        with path.open("rb") as file:
            file.seek(4)
            encoded = encode_body(file)
            assert encoded == EncodedBody(file, None, 6, 4)
            assert file.tell() == 4
            assert b"".join(blocks(file)) == b"456789"
            rewind(file, encoded.position)
            assert b"".join(blocks(file)) == b"456789"
            assert not file.closed

    def test_iterators_and_iterables_have_no_length(self) -> None:
        data = once(b"a", "é", b"", bytearray(b"c"), memoryview(b"d"), "", memoryview(b""))
        assert encode_body(data) == EncodedBody(data, None, None, None)
        assert list(blocks(data)) == [b"a", "é".encode(), b"c", b"d"]
        several = deque([b"a", b"b"])
        assert encode_body(several).length is None
        assert list(blocks(several)) == [b"a", b"b"]

    def test_an_empty_stream_is_sent_chunked_as_in_requests(self) -> None:
        assert encode_body(io.BytesIO()).length is None

    @pytest.mark.parametrize("wrong", [[1], [None], [b"a", object()], [["a"]]])
    def test_chunks_of_other_types_are_refused(self, wrong: Any) -> None:
        with pytest.raises(InvalidBody, match=type(wrong[-1]).__name__):
            list(blocks(iter(wrong)))

    def test_a_body_of_another_type_is_refused(self) -> None:
        with pytest.raises(InvalidBody, match="object"):
            blocks(object())

    def test_an_asynchronous_iterable_needs_leave(self) -> None:
        data: Any = later()
        with pytest.raises(InvalidBody, match="AsyncSession"):
            encode_body(data)
        assert encode_body(data, asynchronous=True) == EncodedBody(data, None, None, None)

    @given(st.binary(max_size=50), st.integers(1, 60))
    def test_blocks_are_the_body(self, content: bytes, size: int) -> None:
        for body in content, bytearray(content), io.BytesIO(content), OnlyRead(content):
            found = list(blocks(body, size))
            assert b"".join(found) == content
            assert all(0 < len(block) <= size for block in found)

    def test_nothing_has_no_blocks(self) -> None:
        assert list(blocks(None)) == []

    def test_what_an_iterable_raises_passes_through(self) -> None:
        def broken() -> Iterator[bytes]:
            yield b"a"
            raise OSError("mine")

        with pytest.raises(OSError, match="mine") as caught:
            list(blocks(broken()))
        assert type(caught.value) is OSError

    def test_what_a_file_raises_is_typed(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"x\xff")
        with (tmp_path / "file").open("rb") as file:
            pass
        for use in encode_body, body_length, body_position, lambda body: list(blocks(body)):
            with pytest.raises(InvalidBody, match="closed"):
                use(file)
        with (
            (tmp_path / "file").open(encoding="utf-8") as text,
            pytest.raises(InvalidBody, match="decode"),
        ):
            list(blocks(text))
        with (tmp_path / "file").open("ab") as unreadable, pytest.raises(InvalidBody, match="read"):
            list(blocks(unreadable))

    def test_a_file_that_does_not_block_is_refused(self) -> None:
        class Empty(OnlyRead):
            def read(self, size: int = -1, /) -> Any:
                return None

        with pytest.raises(InvalidBody, match="block"):
            list(blocks(Empty()))

    @pytest.mark.parametrize(
        "make",
        [
            lambda: b"0123456789",
            lambda: "0123456789",
            lambda: io.BytesIO(b"0123456789"),
            lambda: once(b"01234", b"56789"),
        ],
    )
    def test_an_announced_length_is_kept(self, make: Callable[[], Any]) -> None:
        assert b"".join(blocks(make(), 4, length=10)) == b"0123456789"
        for length in 0, 9, 11:
            sent = b""
            with pytest.raises(InvalidBody, match="announced"):
                for block in blocks(make(), 4, length=length):
                    sent += block
            assert len(sent) <= length


class TestLength:
    def test_of_simple_things(self) -> None:
        assert body_length(None) == 0
        assert body_length(b"abc") == 3
        assert body_length("é€") == 5
        assert body_length(object()) is None
        assert body_length(iter([b"a"])) is None
        assert body_length([b"abc"]) is None
        assert body_length({b"a", b"b"}) is None

    def test_the_objects_own_word(self) -> None:
        class Len(OnlyRead):
            len = 5

        class Sent:
            """As in recipes for a progress bar."""

            def __len__(self) -> int:
                return 4

            def __iter__(self) -> Iterator[bytes]:
                yield b"abcd"

        assert body_length(OwnLength()) == 7
        assert body_length(Len()) == 5
        assert body_length(Sent()) == 4
        assert encode_body(Sent()).length == 4

    def test_what_is_left_of_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"0123456789")
        with path.open("rb") as file:
            assert body_length(file) == 10
            file.read(3)
            assert body_length(file) == 7
            assert file.read() == b"3456789"
            assert body_length(file) == 0
            file.seek(100)
            assert body_length(file) == 0
        with path.open("rb", buffering=0) as raw:
            assert body_length(raw) == 10
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
            mapped.seek(2)
            assert body_length(mapped) == 8
            assert b"".join(blocks(mapped)) == b"23456789"

    def test_temporary_files(self) -> None:
        with tempfile.NamedTemporaryFile() as named, tempfile.SpooledTemporaryFile() as spooled:
            for file in named, spooled:
                file.write(b"abc")
                file.seek(1)
                assert body_length(file) == 2

    def test_members_of_archives_have_their_own_length(self, tmp_path: Path) -> None:
        content = b"x" * 5000
        with gzip.open(tmp_path / "g", "wb") as file:
            file.write(content)
        with gzip.open(tmp_path / "g") as member:
            assert body_length(member) == 5000
            assert b"".join(blocks(member)) == content
        with zipfile.ZipFile(tmp_path / "z", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("m", content)
        with zipfile.ZipFile(tmp_path / "z") as archive, archive.open("m") as zipped:
            assert body_length(zipped) == 5000
        (tmp_path / "m").write_bytes(content)
        with tarfile.open(tmp_path / "t", "w") as tar:
            tar.add(tmp_path / "m", "m")
        with tarfile.open(tmp_path / "t") as tar, tar.extractfile("m") as tarred:  # type: ignore[union-attr]
            assert body_length(tarred) == 5000

    def test_what_cannot_tell(self) -> None:
        assert body_length(OnlyRead()) is None
        assert body_length(Untellable(b"abc")) is None
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb") as pipe:
            os.write(writer, b"abc")
            os.close(writer)
            assert body_length(pipe) is None
            assert body_position(pipe) is NOT_REWINDABLE

            class Wrapper:
                read = pipe.read
                fileno = pipe.fileno

            assert body_length(Wrapper()) is None
            assert encode_body(pipe).length is None
            assert b"".join(blocks(pipe)) == b"abc"

    if sys.platform == "linux":

        def test_files_that_claim_to_be_empty_are_read(self) -> None:
            with Path("/proc/self/status").open("rb") as file:
                assert encode_body(file).length is None
                assert b"".join(blocks(file))

    def test_a_wrapper_that_only_has_the_descriptor(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"0123456789")
        with (tmp_path / "file").open("rb") as file:

            class Wrapper:
                read = file.read
                tell = file.tell
                fileno = file.fileno

            file.read(4)
            assert body_length(Wrapper()) == 6

    def test_text_files_are_counted_as_utf8(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes("aé€\r\n".encode("utf-16"))
        with (tmp_path / "file").open(encoding="utf-16") as file:
            with pytest.warns(FileModeWarning, match="binary"):
                length = body_length(file)
            content = b"".join(blocks(file))
        assert content == "aé€\n".encode()
        assert length == len(content)

    def test_text_in_memory_is_counted_without_a_warning(self) -> None:
        text = io.StringIO("aé€")
        assert body_length(text) == 6
        text.read(1)
        assert body_length(text) == 5
        assert b"".join(blocks(text)) == "é€".encode()

    @pytest.mark.parametrize(
        "make",
        [
            lambda: io.BytesIO(b"12345"),
            lambda: io.StringIO("12345"),
            OwnLength,
            lambda: bytearray(b"123"),
            lambda: "1234",
        ],
    )
    def test_is_what_requests_finds(self, make: Callable[[], Any]) -> None:
        assert body_length(make()) == import_module("requests.utils").super_len(make())


class TestReplay:
    def test_positions(self) -> None:
        file = io.BytesIO(b"abc")
        file.read(1)
        assert body_position(file) == 1
        assert body_position(Untellable()) is NOT_REWINDABLE
        assert body_position(b"x") is None
        assert body_position(once()) is None

    @pytest.mark.parametrize("body", [None, b"abc", "abc", bytearray(b"a"), deque([b"a"])])
    def test_what_can_always_be_sent_again(self, body: Any) -> None:
        assert is_replayable(body, body_position(body))
        rewind(body, body_position(body))

    def test_an_iterable_that_begins_anew(self) -> None:
        class Anew:
            def __iter__(self) -> Iterator[bytes]:
                return iter([b"a"])

        body = Anew()
        assert is_replayable(body, None)
        assert list(blocks(body)) == list(blocks(body)) == [b"a"]

    @pytest.mark.parametrize(
        "make",
        [
            lambda: once(b"a"),
            lambda: iter([b"a"]),
            lambda: map(bytes, []),
            OnlyRead,
            OwnLength,
            Untellable,
            later,
            object,
        ],
    )
    def test_what_cannot(self, make: Callable[[], Any]) -> None:
        body = make()
        position = body_position(body)
        assert not is_replayable(body, position)
        with pytest.raises(UnrewindableBodyError, match=type(body).__name__):
            rewind(body, position)

    def test_a_file_that_knows_its_position_but_cannot_seek(self) -> None:
        class Pulled(io.BytesIO):
            def seekable(self) -> bool:
                return False

        assert not is_replayable(Pulled(), 0)
        assert is_replayable(io.BytesIO(), 0)

    def test_a_seek_that_fails(self) -> None:
        class Failing(io.BytesIO):
            def seek(self, offset: int, whence: int = 0, /) -> int:
                raise OSError("broken")

        with pytest.raises(UnrewindableBodyError, match="broken"):
            rewind(Failing(), 0)

    def test_a_closed_file(self) -> None:
        file = io.BytesIO(b"a")
        file.close()
        assert not is_replayable(file, 0)
        with pytest.raises(UnrewindableBodyError):
            rewind(file, 0)

    def test_not_rewindable_survives_copying(self) -> None:
        import copy
        import pickle

        assert copy.deepcopy(NOT_REWINDABLE) is NOT_REWINDABLE
        assert pickle.loads(pickle.dumps(NOT_REWINDABLE)) is NOT_REWINDABLE


SCALARS = st.none() | st.text(max_size=4) | st.binary(max_size=4) | st.integers() | st.booleans()
NAMES = st.text(max_size=4) | st.binary(max_size=4) | st.integers()
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.tuples(SCALARS)
DATA = (
    st.none()
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.dictionaries(NAMES, VALUES, max_size=3)
    | st.lists(st.tuples(NAMES, VALUES), max_size=3)
)
JSONS = st.recursive(SCALARS.filter(lambda x: not isinstance(x, bytes)), st.lists)


@given(DATA, JSONS)
def test_bodies_are_those_of_requests(data: Any, json: Any) -> None:
    requests = import_module("requests")
    theirs = requests.Request("POST", "http://x/", data=data, json=json).prepare()
    ours = encode_body(data, None, json)
    assert (ours.body, ours.content_type) == (theirs.body, theirs.headers.get("Content-Type"))
    if theirs.body:
        assert str(ours.length) == theirs.headers["Content-Length"]


ODD = st.recursive(
    SCALARS
    | st.floats()
    | st.builds(object)
    | st.builds(io.BytesIO)
    | st.builds(once)
    | st.just(Path("x"))
    | st.sets(st.integers()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.tuples(inner, inner, inner)
        | st.dictionaries(SCALARS, inner, max_size=2)
    ),
)


@given(ODD, ODD, ODD)
def test_only_our_errors_leave(data: Any, files: Any, json: Any) -> None:
    try:
        encoded = encode_body(data, files, json)
        for _ in blocks(encoded.body):
            pass
    except (InvalidBody, InvalidHeader, InvalidJSONError) as error:
        assert isinstance(error, RequestException)
