"""A relay in a process of its own that breaks some of the connections it carries.

``python -m tests.torture.relay SEED PORT …`` prints a port of its own for each that it
leads to, and relays until its standard input ends.  About a third of the connections is
reset, ended or held up at a random place of what comes or goes: below TLS, for any loop.
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
    """Leads to ``server``, inside ``with``; has its URLs."""

    def __init__(self, server: ChildServer, seed: int) -> None:
        command = [sys.executable, "-m", "tests.torture.relay", str(seed)]
        command += [str(server.port), str(server.tls_port)]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        plain, tls = self._process.stdout.readline().split()
        self.url = f"http://127.0.0.1:{plain}"
        self.tls_url = f"https://127.0.0.1:{tls}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)


# -- what runs in the other process ------------------------------------------


class _Carried:
    """One connection, and what is to become of it."""

    def __init__(self, random: Random) -> None:
        self._how = random.choice(("", "", "", "", "reset", "end", "hold up"))
        self._left = random.choice((0, 1, 100, 5000, 100_000))

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
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
        raise ConnectionAbortedError


async def _main(seed: int, *ports: int) -> None:
    random = Random(seed)

    async def relay(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried = _Carried(random)
        there, onward = await asyncio.open_connection("127.0.0.1", port)
        ways = (carried.carry(reader, onward), carried.carry(there, writer))
        with contextlib.suppress(OSError):
            await asyncio.gather(*ways)
        for one in (writer, onward):
            one.transport.abort()

    asyncio.get_running_loop().set_exception_handler(lambda loop, said: None)
    servers = [
        await asyncio.start_server(lambda r, w, port=port: relay(port, r, w), "127.0.0.1", 0)
        for port in ports
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main(*map(int, sys.argv[1:])))
