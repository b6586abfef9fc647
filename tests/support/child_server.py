"""A server in a process of its own: what this process has open is then the client's alone.

It speaks HTTP/1.1, is a proxy (CONNECT, absolute-form requests, SOCKS), and does so on
one port in plain and on another with TLS.  It trusts its clients to send what is
well-formed.  ``python -m tests.support.child_server CERTIFICATE KEY`` prints its ports
and serves until its standard input ends.

``/HOW/SIZE/NAME`` is answered with :func:`body_of` that target:

======== =====================================================================
plain    with a Content-Length
chunked  in chunks
gzip     compressed
pieces   head and body in several writes, with turns of the loop in between
close    and the connection is closed, which nobody was told before
end      framed by the end of the connection
moved    as a redirect to ``/plain``
digest   to who has an ``Authorization``, after a 401 that asks for one
third    to who asks the third time, after two 503
late     after a moment
half     of which the second half never comes
never    not at all
======== =====================================================================

A POST to ``/echo`` is answered with what it brought.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import signal
import ssl
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from .certificates import Certificates

__all__ = ["ChildServer", "body_of"]

_BACKLOG = 1024
_PIECE = 1 << 16
_MOMENT = 0.005
_STOP_TIMEOUT = 10.0
_ROOT = Path(__file__).parents[2]


def body_of(target: str) -> bytes:
    """The body that belongs to the target ``/HOW/SIZE/NAME``, and to no other."""
    size = int(target.split("/")[2])
    unit = hashlib.sha256(target.encode()).digest()
    return (unit * (size // len(unit) + 1))[:size]


class ChildServer:
    """Serves inside ``with``."""

    def __init__(self, certificates: Certificates) -> None:
        command = [sys.executable, "-m", "tests.support.child_server"]
        command += [str(certificates.server_cert), str(certificates.server_key)]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        ports = self._process.stdout.readline().split()
        self.port, self.tls_port = map(int, ports)
        #: The roots, without a slash at the end; both are also proxies.
        self.url = f"http://127.0.0.1:{self.port}"
        self.tls_url = f"https://127.0.0.1:{self.tls_port}"

    def stop(self) -> None:
        """End it."""
        with self._process as process:
            process.send_signal(signal.SIGCONT)  # it may be stopped
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()

    def freeze(self) -> None:
        """Let it do nothing at all; the system goes on accepting connections for it."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


# -- what runs in the other process ------------------------------------------


class _Connection:
    """One client, from its first byte to its last."""

    _times: ClassVar[Counter[str]] = Counter()

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def serve(self) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            first = await self._reader.readexactly(1)
            if first == b"\x05":
                await self._socks5()
            elif first == b"\x04":
                await self._socks4()
            else:
                while await self._exchange(first):
                    first = b""
        self._writer.close()

    async def _exchange(self, begin: bytes) -> bool:
        """Answer one request; whether there may be another."""
        head = begin + await self._reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            await self._splice(host, int(port), b"HTTP/1.1 200 OK\r\n\r\n")
            return False
        if target.startswith("http://"):
            target = "/" + target.split("/", 3)[3]
        fields = head.lower()
        if b"\r\nexpect: 100-continue\r\n" in fields:
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await self._body(fields)
        how = target.split("/")[1]
        if how == "echo":
            self._respond(body)
        elif how == "digest" and b"\r\nauthorization:" not in fields:
            challenge = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n'
            self._respond(b"who?", challenge, status=b"401 Unauthorized")
        else:
            await getattr(self, f"_{how}", self._plain)(target)
        await self._writer.drain()
        return how not in ("close", "end")

    async def _body(self, fields: bytes) -> bytes:
        if b"\r\ntransfer-encoding: chunked\r\n" in fields:
            whole = bytearray()
            while size := int(await self._reader.readuntil(b"\r\n"), 16):
                whole += (await self._reader.readexactly(size + 2))[:-2]
            await self._reader.readexactly(2)
            return bytes(whole)
        _, _, rest = fields.partition(b"\r\ncontent-length:")
        return await self._reader.readexactly(int(rest.split(b"\r\n", 1)[0])) if rest else b""

    def _respond(self, body: bytes, fields: bytes = b"", status: bytes = b"200 OK") -> None:
        head = b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n" % (status, fields, len(body))
        self._writer.write(head + body)

    async def _plain(self, target: str) -> None:
        self._respond(body_of(target))

    async def _close(self, target: str) -> None:
        self._respond(body_of(target))

    async def _gzip(self, target: str) -> None:
        self._respond(gzip.compress(body_of(target), 1), b"Content-Encoding: gzip\r\n")

    async def _chunked(self, target: str) -> None:
        body = body_of(target)
        self._writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        size = len(body) // 3 + 1
        for at in range(0, len(body), size):
            piece = body[at : at + size]
            self._writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self._writer.write(b"0\r\n\r\n")

    async def _pieces(self, target: str) -> None:
        body = body_of(target)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        cut = len(body) // 2
        for piece in (head[:20], head[20:], body[:cut], body[cut:]):
            self._writer.write(piece)
            await asyncio.sleep(_MOMENT / 5)

    async def _end(self, target: str) -> None:
        self._writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + body_of(target))

    async def _moved(self, target: str) -> None:
        where = target.replace("/moved/", "/plain/").encode()
        self._respond(b"moved", b"Location: %b\r\n" % where, b"302 Found")

    async def _third(self, target: str) -> None:
        self._times[target] += 1
        if self._times[target] < 3:
            self._respond(b"again", status=b"503 Service Unavailable")
        else:
            self._respond(body_of(target))

    async def _late(self, target: str) -> None:
        await asyncio.sleep(_MOMENT)
        self._respond(body_of(target))

    async def _half(self, target: str) -> None:
        body = body_of(target)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._writer.write(head + body[: len(body) // 2])
        await self._reader.read()

    async def _never(self, target: str) -> None:
        await self._reader.read()

    async def _socks5(self) -> None:
        (count,) = await self._reader.readexactly(1)
        await self._reader.readexactly(count)
        self._writer.write(b"\x05\x00")
        kind = (await self._reader.readexactly(4))[3]
        if kind == 3:
            (length,) = await self._reader.readexactly(1)
            host = (await self._reader.readexactly(length)).decode()
        else:
            host = ".".join(map(str, await self._reader.readexactly(4)))
        port = int.from_bytes(await self._reader.readexactly(2), "big")
        await self._splice(host, port, b"\x05\x00\x00\x01" + bytes(6))

    async def _socks4(self) -> None:
        await self._reader.readexactly(1)
        port = int.from_bytes(await self._reader.readexactly(2), "big")
        host = ".".join(map(str, await self._reader.readexactly(4)))
        await self._reader.readuntil(b"\0")
        if host.startswith("0.0.0."):
            host = (await self._reader.readuntil(b"\0"))[:-1].decode()
        await self._splice(host, port, b"\x00\x5a" + bytes(6))

    async def _splice(self, host: str, port: int, granted: bytes) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        self._writer.write(granted)
        await asyncio.gather(_pump(self._reader, writer), _pump(reader, self._writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_PIECE):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _main(certificate: str, key: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Connection(reader, writer).serve()

    servers = [
        await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls, backlog=_BACKLOG)
        for tls in (None, context)
    ]
    asyncio.get_running_loop().set_exception_handler(lambda loop, said: None)
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
