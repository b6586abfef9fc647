"""What ``data=``, ``json=`` and ``files=`` may be, and what is sent of it."""

from __future__ import annotations

import io
from collections import OrderedDict
from decimal import Decimal
from typing import Any

from ..stage import Stage, pieces
from .table import call, requesting

DATA: dict[str, Any] = {
    "None": None,
    "empty text": "",
    "empty bytes": b"",
    "empty dict": {},
    "empty list": [],
    "empty tuple": (),
    "dict": {"a": "1", "b": "2"},
    "dict in order": OrderedDict([("z", "1"), ("a", "2")]),
    "dict with lists": {"a": ["1", "2"], "b": ("3", "4")},
    "dict with None": {"a": None, "b": "1"},
    "dict with numbers": {"a": 1, "b": 2.5, "c": True},
    "dict of bytes": {b"a": b"\xff", "b": b"x y"},
    "dict of UTF-8": {"ä": "ü €"},
    "dict with reserved characters": {"a&": "b=c+d e/%"},
    "dict with line breaks": {"a": "x\r\ny"},
    "dict with an empty list": {"a": []},
    "pairs": [("a", "1"), ("a", "2")],
    "tuple of pairs": (("a", "1"), ("b", "2")),
    "pairs with None": [("a", None), ("b", "1")],
    "text": "text",
    "text of UTF-8": "tüxt €",
    "text that looks like a form": "a=1&b=2",
    "bytes": b"\x00\xffbytes",
    "bytearray": bytearray(b"array"),
    "a number": 5,
    "a float": 1.5,
    "True": True,
    "zero": 0,
    "a list of text": ["ab", "cd"],
    "a list of numbers": [1, 2],
    "a list of bytes": [b"ab", b"cd"],
    "a list of longer bytes": [b"abc", b"def"],
    "an object": object(),
}

requesting(
    "data",
    {name: lambda x, value=value: {"data": value} for name, value in DATA.items()},
    method="POST",
)


class Sized:
    """An iterable with a length."""

    def __len__(self) -> int:
        return 6

    def __iter__(self) -> Any:
        return pieces(b"one", b"two")


class Reader:
    """A file-like without a length."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    def read(self, size: int = -1) -> Any:
        return self._answers.pop(0) if self._answers else b""

    def __iter__(self) -> Any:
        while piece := self.read():
            yield piece


class WithLen(io.BytesIO):
    """A file-like that says how long it is."""

    len = 4


def _moved(file: Any, to: int) -> Any:
    file.seek(to)
    return file


STREAMS = {
    "a generator": lambda x: pieces(b"ab", b"cde"),
    "a generator of text": lambda x: pieces("ab", "cde"),
    "a generator with an empty piece": lambda x: pieces(b"ab", b"", b"c"),
    "an empty generator": lambda x: pieces(),
    "an iterator of a list": lambda x: iter([b"ab", b"c"]),
    "a generator of bytearrays": lambda x: pieces(bytearray(b"ab"), bytearray(b"c")),
    "an iterable with a length": lambda x: Sized(),
    "BytesIO": lambda x: io.BytesIO(b"bytes of io"),
    "an empty BytesIO": lambda x: io.BytesIO(),
    "BytesIO from the middle": lambda x: _moved(io.BytesIO(b"0123456789"), 4),
    "BytesIO at its end": lambda x: _moved(io.BytesIO(b"0123"), 4),
    "StringIO of ASCII": lambda x: io.StringIO("text of io"),
    "StringIO of UTF-8": lambda x: io.StringIO("tüxt"),
    "a file": lambda x: x.file(b"content of a file"),
    "an empty file": lambda x: x.file(b""),
    "a file from the middle": lambda x: _moved(x.file(b"0123456789"), 3),
    "a large file": lambda x: x.file(b"0123456789abcdef" * 5000),
    "a reader without a length": lambda x: Reader(b"one", b"two"),
    "a reader with len": lambda x: WithLen(b"four"),
    "a generator of numbers": lambda x: pieces(1, 2),
}
requesting(
    "data",
    {name: lambda x, make=make: {"data": make(x)} for name, make in STREAMS.items()},
    method="POST",
)
requesting(
    "data of a GET",
    {
        "dict": lambda x: {"data": {"a": "1"}},
        "text": lambda x: {"data": "x"},
        "empty": lambda x: {"data": ""},
        "a generator": lambda x: {"data": pieces(b"x")},
        "json": lambda x: {"json": {"a": 1}},
    },
)

JSON: dict[str, Any] = {
    "dict": {"a": 1, "b": [True, None, 1.5]},
    "empty dict": {},
    "list": [1, 2],
    "empty list": [],
    "zero": 0,
    "number": 12,
    "False": False,
    "True": True,
    "None": None,
    "empty text": "",
    "text": "text",
    "UTF-8": {"ä": "ü€😀"},
    "nested": {"a": {"b": {"c": []}}},
    "numbers as keys": {5: "a", 2.5: "b", True: "c", None: "d"},
    "a long integer": 10**30,
    "a tuple": (1, 2),
    "NaN": float("nan"),
    "infinity": [float("inf")],
    "a set": {1},
    "bytes": b"x",
    "a decimal": Decimal("1"),
    "an object": object(),
    "a surrogate": "\ud800",
    "slashes and controls": "</a>\x00\x7f\u2028",
}
requesting(
    "json",
    {name: lambda x, value=value: {"json": value} for name, value in JSON.items()},
    method="POST",
)


def _circle() -> Any:
    circle: list[Any] = []
    circle.append(circle)
    return circle


requesting(
    "json",
    {
        "a circle": lambda x: {"json": _circle()},
        "with data as dict": lambda x: {"json": {"a": 1}, "data": {"b": "2"}},
        "with data as text": lambda x: {"json": {"a": 1}, "data": "x"},
        "with empty data": lambda x: {"json": {"a": 1}, "data": ""},
        "with empty dict as data": lambda x: {"json": {"a": 1}, "data": {}},
        "with zero as data": lambda x: {"json": {"a": 1}, "data": 0},
        "with a generator as data": lambda x: {"json": {"a": 1}, "data": pieces(b"x")},
        "with files": lambda x: {"json": {"a": 1}, "files": {"f": b"x"}},
        "with a Content-Type": lambda x: {"json": {"a": 1}, "headers": {"Content-Type": "x/y"}},
        "with a Content-Type in small letters": lambda x: {
            "json": {"a": 1},
            "headers": {"content-type": "x/y"},
        },
        "with a Content-Type of None": lambda x: {
            "json": {"a": 1},
            "headers": {"Content-Type": None},
        },
    },
    method="POST",
)

requesting(
    "files",
    {
        "bytes": lambda x: {"files": {"f": b"content"}},
        "text": lambda x: {"files": {"f": "tëxt"}},
        "bytearray": lambda x: {"files": {"f": bytearray(b"xy")}},
        "empty bytes": lambda x: {"files": {"f": b""}},
        "None": lambda x: {"files": {"f": None}},
        "one of two is None": lambda x: {"files": {"f": None, "g": b"x"}},
        "an empty dict": lambda x: {"files": {}},
        "an empty dict with data": lambda x: {"files": {}, "data": {"a": "1"}},
        "an open file": lambda x: {"files": {"f": x.file(b"content", "name.txt")}},
        "an open file, from the middle": lambda x: {"files": {"f": _moved(x.file(b"0123"), 2)}},
        "an empty file": lambda x: {"files": {"f": x.file(b"", "empty")}},
        "BytesIO": lambda x: {"files": {"f": io.BytesIO(b"x")}},
        "StringIO": lambda x: {"files": {"f": io.StringIO("tëxt")}},
        "name and bytes": lambda x: {"files": {"f": ("n.txt", b"x")}},
        "name and text": lambda x: {"files": {"f": ("n.txt", "x")}},
        "name and file": lambda x: {"files": {"f": ("n.txt", x.file(b"x"))}},
        "name, file and type": lambda x: {"files": {"f": ("n", x.file(b"x"), "text/csv")}},
        "name, bytes, type and headers": lambda x: {
            "files": {"f": ("n", b"x", "text/csv", {"Expires": "0", "X-A": "b"})}
        },
        "headers that repeat the type": lambda x: {
            "files": {"f": ("n", b"x", "text/csv", {"Content-Type": "x/y"})}
        },
        "no name": lambda x: {"files": {"f": (None, "value")}},
        "no name but a type": lambda x: {"files": {"f": (None, '{"a": 1}', "application/json")}},
        "empty name": lambda x: {"files": {"f": ("", b"x")}},
        "type None": lambda x: {"files": {"f": ("n", b"x", None)}},
        "name and None": lambda x: {"files": {"f": ("n", None)}},
        "a list of pairs": lambda x: {"files": [("f", b"1"), ("f", b"2")]},
        "a list of pairs with tuples": lambda x: {
            "files": [("f", ("a", b"1")), ("f", ("b", b"2", "x/y"))]
        },
        "a tuple of pairs": lambda x: {"files": (("f", b"1"), ("g", b"2"))},
        "a name of UTF-8": lambda x: {"files": {"f": ("näme€.txt", b"x")}},
        "a name with quotes": lambda x: {"files": {"f": ('a"b\\c', b"x")}},
        "a name with a line break": lambda x: {"files": {"f": ("a\r\nb", b"x")}},
        "a name of bytes": lambda x: {"files": {"f": (b"name", b"x")}},
        "a field of UTF-8": lambda x: {"files": {"fïeld": b"x"}},
        "a field with quotes": lambda x: {"files": {'a"b': b"x"}},
        "with data as dict": lambda x: {"files": {"f": b"x"}, "data": {"a": "1", "b": ["2", "3"]}},
        "with data as pairs": lambda x: {"files": {"f": b"x"}, "data": [("a", "1"), ("a", "2")]},
        "with data of UTF-8": lambda x: {"files": {"f": b"x"}, "data": {"ä": "ü"}},
        "with data of bytes": lambda x: {"files": {"f": b"x"}, "data": {b"a": b"\xff"}},
        "with data of numbers": lambda x: {"files": {"f": b"x"}, "data": {"a": 1, "b": None}},
        "with data as text": lambda x: {"files": {"f": b"x"}, "data": "text"},
        "with data as bytes": lambda x: {"files": {"f": b"x"}, "data": b"text"},
        "with data as a generator": lambda x: {"files": {"f": b"x"}, "data": pieces(b"x")},
        "with a Content-Type": lambda x: {
            "files": {"f": b"x"},
            "headers": {"Content-Type": "multipart/form-data; boundary=abc"},
        },
        "a number": lambda x: {"files": {"f": 5}},
        "a list of text": lambda x: {"files": ["f"]},
        "text as files": lambda x: {"files": "f"},
        "a generator": lambda x: {"files": {"f": pieces(b"x")}},
        "a tuple of one": lambda x: {"files": {"f": ("n",)}},
        "a tuple of five": lambda x: {"files": {"f": ("n", b"x", "t", {}, 1)}},
        "a type with a line break": lambda x: {"files": {"f": ("n", b"x", "a\r\nb: c")}},
        "a file of a folder": lambda x: {"files": {"f": x.file(b"x", "deep name.bin")}},
        "a guessed type": lambda x: {"files": {"f": x.file(b"{}", "a.json")}},
        "over PUT": lambda x: {"files": {"f": b"x"}},
        "a reader without a length": lambda x: {"files": {"f": Reader(b"one")}},
    },
    method="POST",
)


@call("files: of a GET")
def _(x: Stage) -> object:
    return x.lib.get(x.url, files={"f": b"x"})


@call("data: a generator that fails")
def _(x: Stage) -> object:
    def failing() -> Any:
        yield b"some"
        raise KeyError("mine")

    return x.lib.post(x.url, data=failing())


@call("data: a file that is closed")
def _(x: Stage) -> object:
    file = x.file(b"x")
    file.close()
    return x.lib.post(x.url, data=file)


@call("data: a file again for a second request")
def _(x: Stage) -> object:
    file = x.file(b"content")
    session = x.session()
    return session.post(x.url, data=file), session.post(x.url, data=file)


@call("data: a text file")
def _(x: Stage) -> object:
    path = x.folder / "text"
    path.write_text("text of a file")
    return x.lib.post(x.url, data=x.keep(path.open(encoding="utf-8")))
