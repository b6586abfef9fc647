"""What the peers are pointed at: the URLs of the servers and the sizes served there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle
from typing import NamedTuple
from urllib.parse import urlsplit

MIB = 1024 * 1024

#: How much a streaming peer asks for at a time, in bytes.
CHUNK = 64 * 1024

#: How many connections a server may not yet have accepted.
BACKLOG = 4096

#: The small answer.
SMALL = (
    b'{"id": 4711, "name": "Ada Lovelace", "email": "ada@example.com", "active": true, '
    b'"roles": ["author", "editor"], "score": 98.6, "comment": null}\n'
)

#: What is posted as JSON.
DOCUMENT = {"name": "Ada Lovelace", "tags": ["engine", "notes"], "year": 1843, "active": True}


class Target(NamedTuple):
    """The addresses of one run; crosses to the workers as JSON."""

    small: str
    #: Where :func:`gate` is.
    gates: str
    echo: str
    big: str
    big_size: int
    sink: str
    upload: str
    upload_size: int
    tls: str
    ca: str
    #: A folder with a copy of certifi that has that CA in its bundle.
    trusting: str


class Address(NamedTuple):
    """A URL taken apart, for peers that want its parts."""

    host: str
    port: int
    path: str


def address(url: str) -> Address:
    """Take an ``http`` URL with a port apart."""
    parts = urlsplit(url)
    return Address(parts.hostname or "", parts.port or 80, parts.path)


def varying(url: str) -> Iterator[str]:
    """``url`` for ever, with a query that never repeats: nobody can keep what it parsed.

    Threads may share it.
    """
    return map(f"{url}?n={{}}".format, count())


def around(url: str, hosts: int) -> Iterator[str]:
    """Like :func:`varying`, at one address of the loopback network after the other."""
    _, port, path = address(url)
    urls = [f"http://127.0.{n // 250}.{n % 250 + 1}:{port}{path}?n=" for n in range(hosts)]
    return map("{}{}".format, cycle(urls), count())


def gate(url: str, name: str, size: int) -> str:
    """The address of a gate: nobody there gets an answer before ``size`` have come."""
    return f"{url}?{name}/{size}"
