"""The table, and the two ways to enter a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..stage import PATIENCE, Stage

Call = Callable[[Stage], Any]

#: Every call by its name, ``subject: what it does``.
CALLS: dict[str, Call] = {}


def call(name: str) -> Callable[[Call], Call]:
    """Enter the decorated function."""

    def enter(function: Call) -> Call:
        if name in CALLS:
            raise ValueError(f"two calls are named {name!r}")
        CALLS[name] = function
        return function

    return enter


def requesting(
    subject: str,
    cases: Mapping[str, Callable[[Stage], dict[str, Any]]],
    method: str = "GET",
    path: str = "/",
) -> None:
    """Enter a request for each case: a function that gives its arguments."""

    def one(arguments: Callable[[Stage], dict[str, Any]]) -> Call:
        def function(x: Stage) -> Any:
            return x.lib.request(method, x.url + path, **{"timeout": PATIENCE, **arguments(x)})

        return function

    for name, arguments in cases.items():
        call(f"{subject}: {name}")(one(arguments))


def asking(subject: str, urls: Mapping[str, str], prepared: bool = False) -> None:
    """Enter a GET for each URL, in which ``{root}``, ``{port}`` and so on stand for the server's.

    :param prepared: only prepare the request; nothing is sent.
    """

    def one(url: str) -> Call:
        def function(x: Stage) -> Any:
            whole = url.replace("{root}", x.url).replace("{localhost}", x.localhost)
            whole = whole.replace("{port}", str(x.port))
            if prepared:
                return x.lib.Request("GET", whole).prepare()
            return x.lib.get(whole, timeout=PATIENCE)

        return function

    for name, url in urls.items():
        call(f"{subject}: {name}")(one(url))
