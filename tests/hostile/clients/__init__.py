"""The clients that the cases can be run with, and how each is used.

A module for each, with a class :class:`Client`, imported only when that client is asked for.
Each uses its client the way that client's own documentation does.  To add one: a module here,
and a line in :data:`CLIENTS`.
"""

from __future__ import annotations

import importlib
from typing import NamedTuple, Protocol

from ..plan import Ask, Plan, Played

__all__ = ["CLIENTS", "Client", "Info", "load"]


class Client(Protocol):
    """What a case needs of a client."""

    name: str
    #: Whether it waits in coroutines.
    asynchronous: bool

    def play(self, plan: Plan) -> Played:
        """Carry out ``plan`` in a session of its own."""
        ...


class Info(NamedTuple):
    """A line of the table of clients."""

    name: str
    #: The module in this package.
    module: str
    #: What is asked for its version.
    distribution: str
    #: The environment that it is installed in.
    environment: str
    #: What of it is in the page that compares.
    deadline: str


CLIENTS = {
    info.name: info
    for info in (
        Info("ulak", "ulak_sync", "ulak", ".venv", "`Timeout(total=…)`"),
        Info("ulak-async", "ulak_async", "ulak", ".venv", "`Timeout(total=…)`"),
        Info("requests", "requests", "requests", ".venv-bench", "none: `timeout=`"),
        Info("httpx", "httpx", "httpx", ".venv-bench", "none: `timeout=`"),
        Info("aiohttp", "aiohttp", "aiohttp", ".venv-bench", "`ClientTimeout(total=…)`"),
        Info(
            "niquests",
            "niquests",
            "niquests",
            ".venv-bench-niquests",
            "`TimeoutConfiguration(total=…)`",
        ),
    )
}


def load(name: str) -> Client:
    """The client of that name; its package has to be installed."""
    module = importlib.import_module(f".{CLIENTS[name].module}", __name__)
    client: Client = module.Client()
    # What it imports when it is first used is not what a case costs.
    client.play(Plan((Ask(url="http://127.0.0.1:1/"),)))
    return client
