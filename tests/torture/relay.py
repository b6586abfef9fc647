"""A relay in a process of its own that breaks some of the connections it carries.

``python -m tests.torture.relay SEED PORT …`` prints a port of its own for each that it
leads to, and relays until its standard input ends.  With a seed, about a third of the
connections is reset, ended or held up at a random place of what comes or goes.  Without
one (0), the piece of data whose number was ordered is.  All that happens below TLS, and is
the same for any event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Self

from tests.support.child_server import ChildServer

__all__ = ["Relay"]

_ROOT = Path(__file__).parents[2]
_HELD_UP = 0.05


class Relay:
    """Leads to ``server``, inside ``with``; has its URLs.

    :param seed: of what breaks at random; 0 to have broken what :meth:`arm` says.
    """

    def __init__(self, server: ChildServer, seed: int) -> None:
        command = [sys.executable, "-m", "tests.torture.relay", str(seed)]
        command += [str(server.port), str(server.tls_port)]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        plain, tls = self._hear()
        self.url = f"http://127.0.0.1:{plain}"
        self.tls_url = f"https://127.0.0.1:{tls}"

    def _hear(self) -> list[str]:
        assert self._process.stdout is not None
        return self._process.stdout.readline().split()

    def arm(self, at: int, how: str = "") -> int:
        """Break the ``at``-th piece from now on; 0 is never.

        :param how: ``"reset"``, ``"end"``, or ``"half"`` of it, then an end.
        :returns: how many pieces there were since this was last called.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{at} {how}\n")
        self._process.stdin.flush()
        return int(self._hear()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)


# -- what runs in the other process ------------------------------------------


class _Orders:
    """What was ordered, for all connections together."""

    at = count = 0
    how = ""

    @classmethod
    def take(cls, line: str) -> int:
        """Begin to count anew; returns what was counted so far."""
        at, _, how = line.rstrip("\n").partition(" ")
        counted, cls.at, cls.how, cls.count = cls.count, int(at), how, 0
        return counted

    @classmethod
    def due(cls) -> str:
        """Count a piece, and say what is to become of it."""
        cls.count += 1
        return cls.how if cls.count == cls.at else ""


class _Carried:
    """One connection, and what is to become of it; at random, if at all."""

    def __init__(self, random: Random | None) -> None:
        self._how = ""
        self._left = 0
        if random is None:
            return
        self._how = random.choice(("", "", "", "", "reset", "end", "hold up"))
        self._left = random.choice((0, 1, 100, 5000, 100_000))

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            if how := _Orders.due():
                writer.write(data[: len(data) // 2] if how == "half" else b"")
                self._how = how
                await self._break(writer)
            self._left -= len(data)
            if self._how and self._left <= 0:
                writer.write(data[: self._left] if self._left else data)
                await self._break(writer)
            else:
                writer.write(data)
            await writer.drain()
        writer.close()

    async def _break(self, writer: asyncio.StreamWriter) -> None:
        how, self._how = self._how, ""
        if how == "hold up":
            await asyncio.sleep(_HELD_UP)
        elif how == "reset":
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        raise ConnectionAbortedError


async def _main(seed: int, *ports: int) -> None:
    random = Random(seed) if seed else None

    async def relay(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried = _Carried(random)
        there, onward = await asyncio.open_connection("127.0.0.1", port)
        ways = (carried.carry(reader, onward), carried.carry(there, writer))
        with contextlib.suppress(OSError):
            await asyncio.gather(*ways)
        for one in (writer, onward):
            one.close()

    asyncio.get_running_loop().set_exception_handler(lambda loop, said: None)
    servers = [
        await asyncio.start_server(lambda r, w, port=port: relay(port, r, w), "127.0.0.1", 0)
        for port in ports
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(_Orders.take(line), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(*map(int, sys.argv[1:])))
