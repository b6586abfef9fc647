"""The asyncio clients that are measured, and how each is used.

One module for each, with a class ``Peer``: made once, inside the running loop, and
shared by all tasks.  Each uses its client the way that client's own documentation
does, but for its limits, which are lifted for all of them alike.

To add a client: a module here, and a line in :data:`ASYNC_PEERS`.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

#: For how many seconds a connection that nobody uses is to be kept: longer than a run.
KEPT = 3600

#: The event loops under each client.
LOOPS = ("asyncio", "uvloop")


class AsyncPeer(Protocol):
    """What a scenario may ask of a peer, from any number of tasks at once."""

    def __init__(self, connections: int | None) -> None:
        """Open no more than ``connections``, to one host or in all, and keep them.

        Whoever comes then waits for one.  None: open as many as there are requests,
        and keep as many as the client does best with: all, for most of them.
        """

    async def get(self, url: str) -> int:
        """GET ``url``, look at a header, read the body; its size."""

    async def stream(self, url: str) -> int:
        """GET ``url`` in pieces of about ``CHUNK`` bytes, keeping none; its size."""


class AsyncPeerInfo(NamedTuple):
    """A line of the table of peers."""

    name: str
    #: The module in this package.
    module: str
    #: What is asked for its version; none for the standard library.
    distribution: str | None
    #: Which environment it is installed in: ``bench`` or ``niquests``.
    environment: str
    #: The most connections that it is made to keep.  Some look at all of them for each
    #: request, which then takes more than ten milliseconds.
    most_kept: int | None = None


ASYNC_PEERS = (
    AsyncPeerInfo("raw protocol", "raw", None, "bench"),
    AsyncPeerInfo("aiohttp", "aiohttp", "aiohttp", "bench"),
    AsyncPeerInfo("httpx", "httpx", "httpx", "bench", most_kept=100),
    AsyncPeerInfo("httpx2", "httpx2", "httpx2", "bench", most_kept=100),
    AsyncPeerInfo("niquests", "niquests", "niquests", "niquests"),
    AsyncPeerInfo("pyreqwest", "pyreqwest", "pyreqwest", "bench"),
    AsyncPeerInfo("ulak", "ulak", "ulak", "bench"),
)
