"""Corners of the asynchronous transport: two things at once, and ends that come early or twice."""

from __future__ import annotations

import asyncio
import gzip
import io
import select
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import ulak
from tests.support import Certificates, HttpServer, RawConnection, RawServer
from tests.support.loops import LOOPS, Loop, warmed_up
from tests.support.routes import pattern
from ulak._transport.async_connection import HIGH_WATER
from ulak.exceptions import IncompleteBody, InvalidHeader, TotalTimeout

MIB = 1 << 20
OK = b"HTTP/1.1 200 OK\r\n"
TOO_LARGE = b"HTTP/1.1 413 Too Large\r\n"
#: Seconds within which what is not waited for is done.
SOON = 3


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(request.param)


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def start(request: pytest.FixtureRequest, start_raw_server, certificates) -> Any:
    """Starts a scripted server, with TLS and without."""
    tls = certificates.server_context() if request.param else None
    return lambda script: start_raw_server(script, tls=tls)


@pytest.fixture
def narrow(certificates: Certificates) -> Callable[..., ulak.AsyncSession]:
    """A session that may have one connection only, whose socket holds little."""

    def make(**settings: Any) -> ulak.AsyncSession:
        options = [
            (socket.SOL_SOCKET, each, 65536) for each in (socket.SO_RCVBUF, socket.SO_SNDBUF)
        ]
        adapter = ulak.AsyncHTTPAdapter(max_connections=1, socket_options=options)
        return ulak.AsyncSession(
            adapters={"https://": adapter, "http://": adapter},
            verify=str(certificates.ca),
            **{"timeout": ulak.Timeout(connect=5, read=8, pool=5), **settings},
        )

    return make


async def happens(event: threading.Event) -> None:
    """Return when a server's script has come so far."""
    assert await asyncio.to_thread(event.wait, 10)


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def answers(connection: RawConnection) -> None:
    """Answer everything."""
    while True:
        connection.recv_request()
        connection.respond(b"fine")


# -- a connection that is handed over ----------------------------------------


def test_unread_bytes_are_not_handed_over(loop: Loop, start_raw_server, narrow) -> None:
    """Reading was stopped at the answer's end, so that nobody has seen what follows it."""
    may_go_on, gone_on = threading.Event(), threading.Event()
    size = HIGH_WATER + 1  # the last byte stops the reading

    def script(connection: RawConnection) -> None:
        if connection.number:
            answers(connection)
        connection.recv_request()
        connection.respond(bytes(size))
        connection.wait(may_go_on)
        connection.respond(b"SECRET")
        gone_on.set()
        connection.wait_closed()

    async def main(url: str) -> None:
        async with narrow() as session:
            first = await session.get(url, stream=True)
            while not first.raw._parser.complete:
                await asyncio.sleep(0.005)
            second = asyncio.create_task(session.get(url))
            await turns(10)
            may_go_on.set()
            await happens(gone_on)
            assert len(await first.aread()) == size
            assert (await second).content == b"fine"

    server: RawServer = start_raw_server(script)
    loop.run(main(server.url))
    assert server.accepted == 2


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_connection_whose_end_was_just_heard(
    loop: Loop, start_raw_server, narrow, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """It is not taken for the next request, where nothing tells of it but the loop."""
    monkeypatch.delattr(select, "poll", raising=False)
    may_close, closed = threading.Event(), threading.Event()

    def script(connection: RawConnection) -> None:
        if connection.number:
            answers(connection)
        connection.recv_request()
        connection.respond(b"fine")
        connection.wait(may_close)
        connection.close()
        closed.set()

    async def main(url: str) -> None:
        async with narrow() as session:
            assert (await session.get(url)).content == b"fine"
            may_close.set()
            assert closed.wait(5)  # the loop has not heard of it yet
            await turns(count)
            assert (await session.post(url, data=b"x")).content == b"fine"

    loop.run(main(start_raw_server(script).url))


# -- after the answer --------------------------------------------------------


def test_what_follows_an_answer_that_nobody_reads(loop: Loop, start, narrow) -> None:
    """It is not kept, and not for ever received."""
    may_go_on, ended = threading.Event(), threading.Event()
    sent = [0]

    def script(connection: RawConnection) -> None:
        if connection.number:
            answers(connection)
        connection.recv_request()
        connection.send(OK + b"Content-Length: 10\r\n\r\n12345")
        connection.wait(may_go_on)
        try:
            connection.send(b"67890")
            while sent[0] < 64 * MIB:
                connection.send(bytes(65536))
                sent[0] += 65536
        finally:
            ended.set()

    async def main(url: str) -> None:
        async with narrow() as session:
            response = await session.get(url, stream=True)
            may_go_on.set()
            await happens(ended)
            assert sent[0] < 8 * MIB
            assert len(response.raw._parser.leftover) < MIB
            assert await response.aread() == b"1234567890"
            assert (await session.get(url)).content == b"fine"

    loop.run(main(start(script).url))


@pytest.mark.parametrize("how", ["in pieces", "whole"])
def test_a_response_that_another_task_closes(loop: Loop, start, narrow, how: str) -> None:
    """Who reads it does not wait for the limit, of which there is none here."""

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(OK + b"Content-Length: 10\r\n\r\n12345")
        connection.wait_closed()

    async def main(url: str) -> None:
        async with narrow(timeout=None) as session:
            response = await session.get(url, stream=True)
            got = asyncio.Event()

            async def pieces() -> None:
                async for _ in response.aiter_content():
                    got.set()

            reading = asyncio.create_task(pieces() if how == "in pieces" else response.aread())
            if how == "in pieces":
                await got.wait()
            await turns(10)
            assert not reading.done()
            await response.aclose()
            done, _ = await asyncio.wait([reading], timeout=SOON)
            assert done
            assert isinstance(reading.exception(), ulak.RequestException)

    loop.run(main(start(script).url))


@pytest.mark.parametrize("framing", [b"", b"Content-Length: %d\r\n"], ids=["to its end", "length"])
def test_a_last_byte_is_not_lost_in_silence(
    loop: Loop, start_raw_server, certificates: Certificates, framing: bytes
) -> None:
    """A server that closes without saying so in TLS, while the body waits to be taken."""
    body = pattern(HIGH_WATER + 300_000)
    head = OK + b"Connection: close\r\n" + (framing % len(body) if framing else b"") + b"\r\n"
    closed = threading.Semaphore(0)

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(head + body)
        connection.close()
        closed.release()

    async def main(url: str) -> None:
        async with ulak.AsyncSession(verify=str(certificates.ca), timeout=8) as session:
            for _ in range(5):
                async with session.stream("GET", url) as response:
                    assert await asyncio.to_thread(closed.acquire, timeout=5)
                    await turns(20)
                    try:
                        got = await response.aread()
                    except IncompleteBody:
                        # Without a length, only the end of TLS says that this is all; and
                        # uvloop throws away what it has.
                        assert loop.name == "uvloop" or not framing
                    else:
                        assert framing and got == body

    loop.run(main(start_raw_server(script, tls=certificates.server_context()).url))


def test_a_body_that_ends_as_tls_says_is_whole(
    loop: Loop, start_raw_server, certificates: Certificates
) -> None:
    """Though its last bytes are more than may wait, and come together with the end."""
    body = pattern(HIGH_WATER + 80_000)

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(OK + b"Connection: close\r\n\r\n" + body)
        connection.sock.unwrap()  # type: ignore[attr-defined]  # of TLS

    async def main(url: str) -> None:
        async with ulak.AsyncSession(verify=str(certificates.ca), timeout=8) as session:
            for count in range(20):
                async with session.stream("GET", url) as response:
                    await turns(count)
                    assert b"".join([x async for x in response.aiter_content(10_000)]) == body

    loop.run(main(start_raw_server(script, tls=certificates.server_context()).url))


# -- uploads -----------------------------------------------------------------


def test_a_body_that_pauses_after_the_server_was_waited_for(loop: Loop, start, narrow) -> None:
    """The limit on sending is none on the caller's own iterator."""

    async def body() -> AsyncIterator[bytes]:
        for _ in range(16):
            yield bytes(256 * 1024)  # more than fits: each is waited for
        await asyncio.sleep(0.75)
        yield b"end"

    async def main(url: str) -> None:
        limits = ulak.Timeout(connect=5, read=8, write=0.5)
        async with narrow(timeout=limits) as session:
            assert (await session.post(url, data=body())).content == b"fine"

    loop.run(main(start(answers).url))


@pytest.mark.parametrize("end", ["at once", "late"])
def test_an_early_answer_to_a_body_that_is_all_written(loop: Loop, start, narrow, end: str) -> None:
    """And not sent: the next request must not queue up behind it."""

    def script(connection: RawConnection) -> None:
        if connection.number:
            answers(connection)
        connection.recv_head()
        connection.recv_body(1)
        connection.send(TOO_LARGE + b"Content-Length: 3\r\n\r\nbig")
        connection.hang()

    async def body() -> AsyncIterator[bytes]:
        yield bytes(20 * MIB)
        if end == "late":
            await asyncio.get_running_loop().create_future()

    async def main(url: str) -> None:
        length = {"Content-Length": str(20 * MIB)}
        async with narrow() as session, asyncio.timeout(SOON):
            response = await session.post(url, data=body(), headers=length)
            assert (response.status_code, response.content) == (413, b"big")
            assert (await session.get(url)).content == b"fine"

    server: RawServer = start(script)
    loop.run(main(server.url))
    assert server.accepted == 2


@pytest.mark.parametrize("size", [4, 300_000])
def test_an_early_answer_that_ends_with_the_connection(
    loop: Loop, start_raw_server, narrow, size: int
) -> None:
    """The end is heard although the server takes nothing of what is still to be sent."""
    said = pattern(size)

    def script(connection: RawConnection) -> None:
        connection.recv_head()
        connection.recv_body(1)
        connection.send(TOO_LARGE + b"Connection: close\r\n\r\n" + said)
        connection.shutdown()
        connection.hang()

    async def main(url: str) -> None:
        async with narrow() as session, asyncio.timeout(SOON):
            response = await session.post(url, data=bytes(20 * MIB))
            assert (response.status_code, response.content) == (413, said)

    loop.run(main(start_raw_server(script).url))


class Slow:
    """A file whose first read takes until it is allowed to end.

    :param measurable: whether it tells its length.
    """

    def __init__(self, content: bytes, *, measurable: bool) -> None:
        self._file = io.BytesIO(content)
        self._measurable = measurable
        self._inside = False
        self.reading = threading.Event()
        self.may_end = threading.Event()
        #: What was done to it while it was being read.
        self.disturbed: list[str] = []

    def read(self, size: int = -1) -> bytes:
        self._note("read")
        self._inside = True
        self.reading.set()
        self.may_end.wait(10)
        block = self._file.read(min(size, 1000) if size >= 0 else size)
        self._inside = False
        return block

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        self._note("seek")
        if whence == 2 and not self._measurable:
            raise OSError("no end")
        return self._file.seek(offset, whence)

    def _note(self, what: str) -> None:
        if self._inside:
            self.disturbed.append(what)


@pytest.mark.parametrize("measurable", [False, True])
def test_a_file_that_a_thread_still_reads(
    loop: Loop, start_raw_server, narrow, measurable: bool
) -> None:
    """It is sent again from its beginning when that thread is done, and not before."""
    file = Slow(pattern(2500), measurable=measurable)
    bodies: list[bytes] = []

    def script(connection: RawConnection) -> None:
        if connection.number:
            bodies.append(connection.recv_request().body)
            connection.respond(b"fine")
            return
        connection.recv_head()
        connection.wait(file.reading)
        connection.respond(b"", b"Location: /", b"Connection: close", status=b"307 There")
        connection.pause(0.1)  # it has come
        file.may_end.set()

    async def main(url: str) -> None:
        async with narrow() as session:
            assert (await session.post(url, data=file)).content == b"fine"

    loop.run(main(start_raw_server(script).url))
    assert bodies == [pattern(2500)]
    assert file.disturbed == []


# -- certificates, proxies ---------------------------------------------------


@contextmanager
def busy_threads() -> Iterator[None]:
    """The loop's threads have other things to do."""
    release = threading.Event()
    threads = ThreadPoolExecutor(1)
    threads.submit(release.wait, 10)
    asyncio.get_running_loop().set_default_executor(threads)
    try:
        yield
    finally:
        release.set()


@pytest.mark.parametrize(
    ("timeout", "error"),
    [
        (ulak.Timeout(connect=8, total=0.15), TotalTimeout),
        (ulak.Timeout(connect=0.15, read=8), ulak.ConnectTimeout),
        (ulak.Timeout(connect=0.15, total=8), ulak.ConnectTimeout),
    ],
)
def test_limits_hold_while_certificates_are_read(
    loop: Loop, certificates: Certificates, tmp_path: Path, timeout: Any, error: type[Exception]
) -> None:
    unread = tmp_path / "ca.pem"
    unread.write_bytes(certificates.ca.read_bytes())

    async def main() -> None:
        with busy_threads():
            async with ulak.AsyncSession(timeout=timeout) as session, asyncio.timeout(SOON):
                with pytest.raises(error) as caught:
                    await session.get("https://127.0.0.1:1/", verify=str(unread))
                assert type(caught.value) is error

    loop.run(main())


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@pytest.mark.parametrize("verify", [False, "the CA"])
def test_settings_that_are_known_need_no_thread(
    loop: Loop, https_server: HttpServer, certificates: Certificates, verify: Any
) -> None:
    verify = str(certificates.ca) if verify else False

    async def main() -> None:
        async with ulak.AsyncSession(timeout=8, verify=verify) as session:
            url = f"{https_server.url}/get"
            assert (await session.get(url, headers={"Connection": "close"})).ok
            with busy_threads():
                async with asyncio.timeout(SOON):
                    assert (await session.get(url)).ok

    loop.run(main())
    assert https_server.connections == 2


def test_what_is_wrong_with_a_header_for_the_proxy_is_no_failure_of_tls(
    loop: Loop, start_raw_server
) -> None:
    class Telling(ulak.AsyncHTTPAdapter):
        def proxy_headers(self, proxy: str) -> dict[str, str]:
            return {"X-Told": "a\r\nb"}

    server: RawServer = start_raw_server(lambda connection: connection.wait_closed())

    async def main() -> None:
        async with ulak.AsyncSession(adapters={"https://": Telling()}, timeout=8) as session:
            with pytest.raises(InvalidHeader, match="X-Told"):
                await session.get("https://origin.example/", proxies={"all": server.url})

    loop.run(main())
    server.stop()
    assert server.received == b""


# -- several loops -----------------------------------------------------------


class Watched(asyncio.SelectorEventLoop):
    """Two threads that ask whether it is closed hear so at the same time."""

    together: threading.Barrier | None = None

    def is_closed(self) -> bool:
        together = self.together
        if together is not None:
            together.wait()
            self.together = None
        return super().is_closed()


def test_two_loops_find_a_third_closed(http_server: HttpServer) -> None:
    adapter = ulak.AsyncHTTPAdapter()
    session = ulak.AsyncSession(adapters={"http://": adapter}, timeout=8)

    async def ask() -> None:
        assert (await session.get(f"{http_server.url}/get", headers={"Connection": "close"})).ok

    dead = Watched()
    dead.run_until_complete(ask())
    dead.close()
    dead.together = threading.Barrier(2, timeout=5)
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(Loop().run, ask()) for _ in range(2)]:
            done.result()
    Loop().run(session.close())


# -- decoding ----------------------------------------------------------------


def test_others_have_turns_while_a_body_is_decoded(loop: Loop, start_raw_server) -> None:
    """A few bytes that are here already may be made into very many."""
    bomb = gzip.compress(gzip.compress(bytes(20_000_000)))
    head = OK + b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(head + bomb)
        connection.wait_closed()

    async def main(url: str) -> None:
        had = 0

        async def other() -> None:
            nonlocal had
            while True:
                await asyncio.sleep(0)
                had += 1

        async with (
            ulak.AsyncSession(timeout=10) as session,
            session.stream("GET", url) as response,
        ):
            task = asyncio.create_task(other())
            had = 0
            assert len(await response.aread()) == 20_000_000
            task.cancel()
        assert had > 50

    loop.run(main(start_raw_server(script).url))
