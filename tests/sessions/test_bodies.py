"""What may be sent as a body, and what is sent of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest

import ulak
from tests.support import HttpServer

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("data", "body", "kind"),
    [
        (b"\x00bytes\xff", b"\x00bytes\xff", None),
        ("text ü", "text ü".encode(), None),
        (bytearray(b"array"), b"array", None),
        (memoryview(b"view"), b"view", None),
        ({"a": "1", "b": "ü &"}, b"a=1&b=%C3%BC+%26", FORM),
        ({"a": ["1", "2"], "b": None}, b"a=1&a=2", FORM),
        ([("a", "1"), ("b", 2), ("a", "3")], b"a=1&b=2&a=3", FORM),
        ((("a", "1"),), b"a=1", FORM),
        (io.BytesIO(b"file"), b"file", None),
    ],
    ids=lambda x: type(x).__name__,
)
def test_data_of_known_length(
    http_server: HttpServer, session: ulak.Session, data, body: bytes, kind: str | None
) -> None:
    if isinstance(data, io.BytesIO):
        data.seek(0)
    session.post(f"{http_server.url}/post", data=data)
    assert http_server.last.body == body
    assert http_server.last.header("Content-Type") == kind
    assert http_server.last.header("Content-Length") == str(len(body))
    assert http_server.last.header("Transfer-Encoding") is None


def blocks(*pieces: bytes) -> Iterator[bytes]:
    yield from pieces


@pytest.mark.parametrize(
    "data",
    [
        lambda: blocks(b"ab", b"", b"c"),
        lambda: iter([b"a", b"bc"]),
        lambda: iter(["a", "bc"]),
    ],
    ids=["generator", "iterator", "of text"],
)
def test_an_iterator_is_sent_in_chunks(
    http_server: HttpServer, session: ulak.Session, data: Callable[[], Iterator[bytes]]
) -> None:
    session.post(f"{http_server.url}/post", data=data())
    assert http_server.last.body == b"abc"
    assert http_server.last.header("Transfer-Encoding") == "chunked"
    assert http_server.last.header("Content-Length") is None
    assert http_server.last.wire_body.endswith(b"0\r\n\r\n")


def test_each_block_is_a_chunk_and_an_empty_one_does_not_end_the_body(
    http_server: HttpServer, session: ulak.Session
) -> None:
    session.post(f"{http_server.url}/post", data=blocks(b"one", b"", b"three"))
    assert http_server.last.wire_body == b"3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"


def test_a_file_like_without_length_is_sent_in_chunks(
    http_server: HttpServer, session: ulak.Session
) -> None:
    class Stream:
        def __init__(self) -> None:
            self.pieces = [b"one", b"two"]

        def read(self, size: int = -1) -> bytes:
            return self.pieces.pop(0) if self.pieces else b""

    session.post(f"{http_server.url}/post", data=Stream())
    assert http_server.last.body == b"onetwo"
    assert http_server.last.header("Transfer-Encoding") == "chunked"


@pytest.mark.parametrize(("method", "length"), [("PUT", "0"), ("POST", "0"), ("OPTIONS", None)])
def test_a_method_that_is_changed_later_announces_that_there_is_no_body(
    http_server: HttpServer, session: ulak.Session, method: str, length: str | None
) -> None:
    prepared = session.prepare_request(ulak.Request("GET", f"{http_server.url}/anything"))
    prepared.method = method
    session.send(prepared)
    assert http_server.last.header("Content-Length") == length


def test_the_length_stands_before_the_type(http_server: HttpServer, session: ulak.Session) -> None:
    """As requests has it, for recordings that hold the order."""
    session.post(f"{http_server.url}/post", json={})
    names = [name for name, _ in http_server.last.fields]
    assert names[-2:] == ["Content-Length", "Content-Type"]


def test_an_iterator_with_a_length_is_not_chunked(
    http_server: HttpServer, session: ulak.Session
) -> None:
    class Sized:
        def __len__(self) -> int:
            return 6

        def __iter__(self) -> Iterator[bytes]:
            return blocks(b"one", b"two")

    session.post(f"{http_server.url}/post", data=Sized())
    assert http_server.last.header("Content-Length") == "6"
    assert http_server.last.wire_body == b"onetwo"


def test_a_file_is_sent_from_where_it_stands(
    http_server: HttpServer, session: ulak.Session, tmp_path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        file.seek(4)
        session.post(f"{http_server.url}/post", data=file)
        assert not file.closed
    assert http_server.last.body == b"456789"
    assert http_server.last.header("Content-Length") == "6"


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ({"a": [1, None]}, b'{"a": [1, null]}'),
        ([], b"[]"),
        ({}, b"{}"),
        (0, b"0"),
        (False, b"false"),
        ("ü", b'"\\u00fc"'),
    ],
)
def test_json(http_server: HttpServer, session: ulak.Session, value, body: bytes) -> None:
    session.post(f"{http_server.url}/post", json=value)
    assert http_server.last.body == body
    assert http_server.last.header("Content-Type") == "application/json"


def test_data_goes_before_json(http_server: HttpServer, session: ulak.Session) -> None:
    session.post(f"{http_server.url}/post", data={"a": "1"}, json={"b": 2})
    assert http_server.last.body == b"a=1"
    assert http_server.last.header("Content-Type") == FORM


def test_the_callers_content_type_is_kept(http_server: HttpServer, session: ulak.Session) -> None:
    session.post(f"{http_server.url}/post", json=1, headers={"content-type": "text/x"})
    assert http_server.last.values("Content-Type") == ["text/x"]


@pytest.mark.parametrize(
    ("verb", "length"),
    [("post", "0"), ("put", "0"), ("patch", "0"), ("delete", "0"), ("get", None), ("head", None)],
)
def test_content_length_of_no_body(
    http_server: HttpServer, session: ulak.Session, verb: str, length: str | None
) -> None:
    getattr(session, verb)(f"{http_server.url}/anything")
    assert http_server.last.header("Content-Length") == length


def test_a_body_above_what_one_send_takes(http_server: HttpServer, session: ulak.Session) -> None:
    body = bytes(range(256)) * 40_000
    assert session.post(f"{http_server.url}/sink", data=body).json()["size"] == len(body)


# -- the caller's own errors -------------------------------------------------


class Mine(Exception):
    """An error of the caller's code."""


@pytest.mark.parametrize(
    "error", [Mine("x"), OSError("disk"), ValueError("v"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("at", [0, 1, 3])
def test_what_a_generator_raises_passes_through(
    http_server: HttpServer, session: ulak.Session, error: BaseException, at: int
) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(at):
            yield b"block"
        raise error

    with pytest.raises(type(error)) as caught:
        session.post(f"{http_server.url}/post", data=body())
    assert caught.value is error
    # The half-sent request did not stay on a connection that is used again.
    assert session.get(f"{http_server.url}/get").json()["method"] == "GET"


@pytest.mark.parametrize("explicit", [True, False])
def test_what_led_to_what_a_generator_raises_is_kept(
    http_server: HttpServer, session: ulak.Session, explicit: bool
) -> None:
    reason = ZeroDivisionError("why")

    def body() -> Iterator[bytes]:
        yield b"block"
        try:
            raise reason
        except ZeroDivisionError:
            if explicit:
                raise Mine("what") from reason
            raise Mine("what")  # noqa: B904 - its context is what this is about

    with pytest.raises(Mine) as caught:
        session.post(f"{http_server.url}/post", data=body())
    assert caught.value.__cause__ is (reason if explicit else None)
    assert caught.value.__context__ is reason
    assert caught.value.__suppress_context__ is explicit


def test_what_a_files_read_raises_passes_through(
    http_server: HttpServer, session: ulak.Session
) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise Mine("read")

    with pytest.raises(Mine):
        session.post(f"{http_server.url}/post", data=Broken(b"abc"))


def test_a_generator_that_fails_is_not_retried(
    http_server: HttpServer, session: ulak.Session
) -> None:
    calls = []

    def body() -> Iterator[bytes]:
        calls.append(1)
        raise ConnectionResetError("the caller's")
        yield b""

    with pytest.raises(ConnectionResetError) as caught:
        session.put(f"{http_server.url}/put", data=body(), retries=3)
    assert not isinstance(caught.value, ulak.RequestException)
    assert len(calls) == 1


# -- files -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "filename", "kind", "content"),
    [
        (b"bytes", "field", None, "bytes"),
        ("text ü", "field", None, "text ü"),
        (io.BytesIO(b"file"), "field", None, "file"),
        (("n.txt", b"x"), "n.txt", None, "x"),
        (("n.txt", "x"), "n.txt", None, "x"),
        (("n.bin", io.BytesIO(b"x"), "image/png"), "n.bin", "image/png", "x"),
        (("n", b"x", "a/b", {"X-Part": "1"}), "n", "a/b", "x"),
        ((None, b"plain"), None, None, "plain"),
        (("ü ışık.txt", b"x"), "ü ışık.txt", None, "x"),
    ],
)
@pytest.mark.parametrize("shape", [dict, list])
def test_files_of_every_shape(
    http_server: HttpServer,
    session: ulak.Session,
    file,
    filename: str | None,
    kind: str | None,
    content: str,
    shape,
) -> None:
    if isinstance(file, io.BytesIO):
        file.seek(0)
    elif isinstance(file, tuple) and isinstance(file[1], io.BytesIO):
        file[1].seek(0)
    files = {"field": file} if shape is dict else [("field", file)]
    (part,) = session.post(f"{http_server.url}/post", files=files).json()["parts"]
    assert part["name"] == "field"
    assert part["filename"] == filename
    assert part["text"] == content
    fields = {name.lower(): value for name, value in part["headers"]}
    if kind:
        assert fields["content-type"] == kind
    if isinstance(file, tuple) and len(file) == 4:
        assert fields["x-part"] == "1"


def test_files_with_fields_keep_their_order(http_server: HttpServer, session: ulak.Session) -> None:
    response = session.post(
        f"{http_server.url}/post",
        data=[("a", "1"), ("b", ["2", "3"])],
        files=[("f", ("one", b"1")), ("f", ("two", b"2"))],
    )
    parts = [(p["name"], p["filename"], p["text"]) for p in response.json()["parts"]]
    assert parts == [
        ("a", None, "1"),
        ("b", None, "2"),
        ("b", None, "3"),
        ("f", "one", "1"),
        ("f", "two", "2"),
    ]
    kind = http_server.last.header("Content-Type") or ""
    assert kind.startswith("multipart/form-data; boundary=")
    assert http_server.last.header("Content-Length") == str(len(http_server.last.body))


def test_an_open_files_name_is_its_filename(
    http_server: HttpServer, session: ulak.Session, tmp_path
) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(b"png")
    with path.open("rb") as file:
        (part,) = session.post(f"{http_server.url}/post", files={"f": file}).json()["parts"]
        assert not file.closed
    assert part["filename"] == "photo.png"


@pytest.mark.parametrize("bad", ['a"b', "a\r\nX: y", "a\nb"])
def test_names_of_parts_cannot_break_out(
    http_server: HttpServer, session: ulak.Session, bad: str
) -> None:
    session.post(f"{http_server.url}/post", files={bad: (bad, b"x")})
    heads = [x for x in http_server.last.body.split(b"\r\n") if b"Content-Disposition" in x]
    assert len(heads) == 1
    assert heads[0].count(b'"') == 4
    assert b"X: y" not in http_server.last.body.split(b"\r\n")


@pytest.mark.parametrize(
    ("method", "body", "length"), [("DELETE", None, b"0"), ("PUT", "four", b"4")]
)
def test_a_length_in_bytes(http_server, session, method: str, body: str | None, length) -> None:
    """Packages that sign requests make bytes of all fields."""
    prepared = session.prepare_request(
        ulak.Request(method, f"{http_server.url}/anything", data=body)
    )
    prepared.headers["Content-Length"] = length
    assert session.send(prepared).ok
    assert http_server.last.header("Content-Length") == length.decode()


def test_a_coding_in_bytes(http_server, session) -> None:
    prepared = session.prepare_request(
        ulak.Request("PUT", f"{http_server.url}/anything", data="four")
    )
    del prepared.headers["Content-Length"]
    prepared.headers["Transfer-Encoding"] = b"chunked"
    assert session.send(prepared).ok
    assert http_server.last.body == b"four"
