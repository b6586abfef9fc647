"""What only an AsyncSession has: bodies that are awaited, its end, its loops."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import io
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

import ulak
from tests.support import HttpServer, RawConnection, RawServer
from tests.support.fronts import Front
from ulak.async_adapters import AsyncBaseAdapter
from ulak.exceptions import InvalidOption

pytestmark = pytest.mark.front("async", "see above")

StartRaw = Callable[..., RawServer]


class AsyncFile:
    """A file as the libraries for asynchronous files have it."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    async def read(self, size: int = -1) -> bytes:
        await asyncio.sleep(0)
        return self._file.read(min(size, 4))

    async def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    async def tell(self) -> int:
        return self._file.tell()


class AsyncPipe:
    """One that can only be read."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    async def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


async def blocks(*pieces: bytes | str) -> AsyncIterator[bytes | str]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


class Blocks:
    """An asynchronous iterable that may be iterated again."""

    def __aiter__(self) -> AsyncIterator[bytes | str]:
        return blocks(b"a", b"bc")


# -- bodies ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (lambda: blocks(b"a", b"", b"bc"), b"abc"),
        (lambda: blocks("ü", "x"), "üx".encode()),
        (blocks, b""),
        (Blocks, b"abc"),
        (lambda: AsyncFile(b"0123456789"), b"0123456789"),
        (lambda: AsyncPipe(b"0123456789"), b"0123456789"),
    ],
    ids=["generator", "of text", "empty", "iterable", "file", "pipe"],
)
def test_an_asynchronous_body_is_sent_in_chunks(
    http_server: HttpServer, session: ulak.AsyncSession, data, body: bytes
) -> None:
    assert session.post(f"{http_server.url}/post", data=data()).ok
    assert http_server.last.body == body
    assert http_server.last.header("Transfer-Encoding") == "chunked"
    assert http_server.last.header("Content-Length") is None
    assert http_server.last.wire_body.endswith(b"0\r\n\r\n")


def test_an_asynchronous_file_is_sent_from_where_it_stands(
    http_server: HttpServer, front: Front, session: ulak.AsyncSession
) -> None:
    file = AsyncFile(b"0123456789")
    front.run(file.seek(4))
    session.post(f"{http_server.url}/redirect-to?url=/post&status_code=307", data=file)
    assert [x.body for x in http_server.requests] == [b"456789"] * 2


def test_an_asynchronous_file_is_sent_again_to_a_challenge(
    http_server: HttpServer, session: ulak.AsyncSession
) -> None:
    url = f"{http_server.url}/digest-auth/auth/u/p"
    auth = ulak.auth.HTTPDigestAuth("u", "p")
    assert session.post(url, data=AsyncFile(b"the body"), auth=auth).status_code == 200
    assert [x.body for x in http_server.requests] == [b"the body"] * 2


@pytest.mark.parametrize("stale", [False, True], ids=["retry", "stale connection"])
def test_an_asynchronous_file_is_sent_again_after_a_break(
    session: ulak.AsyncSession, start_raw_server: StartRaw, stale: bool
) -> None:
    bodies: list[bytes] = []

    def breaks(connection: RawConnection) -> None:
        if stale:
            connection.recv_request()
            connection.respond(b"first")
        bodies.append(connection.recv_request().body)
        connection.reset()

    def takes(connection: RawConnection) -> None:
        bodies.append(connection.recv_request().body)
        connection.respond(b"fine")

    server = start_raw_server([breaks, takes])
    if stale:
        assert session.get(server.url).content == b"first"
    response = session.put(server.url, data=AsyncFile(b"the body"), retries=0 if stale else 1)
    assert response.content == b"fine"
    assert bodies == [b"the body"] * 2


@pytest.mark.parametrize(
    "data", [lambda: blocks(b"a"), lambda: AsyncPipe(b"a")], ids=["generator", "pipe"]
)
@pytest.mark.parametrize("path", ["redirect-to?url=/post&status_code=307", "digest-auth/auth/u/p"])
def test_an_asynchronous_body_that_cannot_be_sent_again(
    http_server: HttpServer, session: ulak.AsyncSession, data, path: str
) -> None:
    with pytest.raises(ulak.exceptions.UnrewindableBodyError):
        session.post(
            f"{http_server.url}/{path}", data=data(), auth=ulak.auth.HTTPDigestAuth("u", "p")
        )
    assert len(http_server.requests) == 1


class Mine(Exception):
    """An error of the caller's code."""


@pytest.mark.parametrize("error", [Mine("x"), OSError("disk"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", [0, 1, 3])
def test_what_an_asynchronous_generator_raises_passes_through(
    http_server: HttpServer, session: ulak.AsyncSession, error: BaseException, at: int
) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(at):
            yield b"block"
        raise error

    with pytest.raises(type(error)) as caught:
        session.put(f"{http_server.url}/put", data=body(), retries=3)
    assert caught.value is error
    assert session.get(f"{http_server.url}/get").json()["method"] == "GET"
    assert http_server.connections == 2


def test_an_asynchronous_block_that_is_no_bytes(
    http_server: HttpServer, session: ulak.AsyncSession
) -> None:
    async def body() -> AsyncIterator[int]:
        yield 5

    with pytest.raises(ulak.exceptions.InvalidBody):
        session.post(f"{http_server.url}/post", data=body())


def test_other_tasks_go_on_while_a_body_is_awaited(
    http_server: HttpServer, front: Front, session: ulak.AsyncSession
) -> None:
    real = front.real(session)

    async def body() -> AsyncIterator[bytes]:
        yield b"before "
        yield (await real.get(f"{http_server.url}/bytes/5")).content
        yield b" after"

    sent = session.post(f"{http_server.url}/post", data=body()).request
    assert sent.method == "POST"
    assert http_server.last.body.startswith(b"before ")
    assert len(http_server.last.body) == len(b"before 12345 after")


def test_an_early_answer_is_returned_while_a_body_is_awaited(
    session: ulak.AsyncSession, start_raw_server: StartRaw
) -> None:
    ended = []
    awaited = threading.Event()

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"x"
            awaited.set()
            await asyncio.sleep(20)
        finally:
            ended.append(True)

    def refuses(connection: RawConnection) -> None:
        connection.recv_head()
        assert awaited.wait(10)
        connection.respond(b"too big", status=b"413 Too Large")
        connection.hang()

    response = session.post(start_raw_server(refuses).url, data=body())
    assert (response.status_code, response.content) == (413, b"too big")
    assert response.elapsed.total_seconds() < 10
    assert ended


# -- reading -----------------------------------------------------------------


def test_text_in_pieces(http_server: HttpServer, front: Front, session) -> None:
    async def pieces(size: int | None) -> list[str]:
        async with real.stream("GET", f"{http_server.url}/encoding/utf8") as response:
            return [piece async for piece in response.aiter_text(size)]

    real = front.real(session)
    whole = session.get(f"{http_server.url}/encoding/utf8").text
    for size in (1, 2, 3, 7, None):
        assert "".join(front.run(pieces(size))) == whole


def test_a_response_is_an_asynchronous_context_manager(
    http_server: HttpServer, front: Front, session
) -> None:
    async def some() -> bytes:
        url = f"{http_server.url}/stream-bytes/1000000"
        async with await front.real(session).get(url, stream=True) as response:
            async for piece in response.aiter_content(10):
                return piece
        raise AssertionError

    assert len(front.run(some())) == 10
    assert session.get(f"{http_server.url}/get").ok
    assert http_server.connections == 2


# -- its end -----------------------------------------------------------------


def test_a_with_block_says_which_one_is_meant() -> None:
    with pytest.raises(TypeError, match="async with"), ulak.AsyncSession():
        pass


def test_an_async_with_block_of_a_session_says_so_too(front: Front) -> None:
    async def enter() -> None:
        async with ulak.Session():  # type: ignore[attr-defined]
            """Never reached."""

    with pytest.raises(TypeError, match="use `with` with a Session"):
        front.run(enter())


def test_aclose_is_close(http_server: HttpServer, front: Front) -> None:
    session = front.session()
    assert session.get(f"{http_server.url}/get").ok
    for _ in range(2):
        front.run(session.aclose())
    assert session.get(f"{http_server.url}/get").ok  # as after close()
    assert http_server.connections == 2
    session.close()


@dataclasses.dataclass
class Held(AsyncBaseAdapter):
    """An adapter that has no hash, since it is compared by what it holds."""

    closed: int = 0

    async def close(self) -> None:
        self.closed += 1


def test_an_adapter_need_not_be_hashable(front: Front) -> None:
    held = Held()
    with front.session(adapters={"a://": held, "b://": held}):
        pass
    assert held.closed == 1


def test_a_session_that_is_dropped_says_where_it_was_made(
    http_server: HttpServer, front: Front
) -> None:
    session = front.session()
    assert session.get(f"{http_server.url}/get").ok
    adapter = session.get_adapter("http://")
    with pytest.warns(ResourceWarning, match=f"unclosed <AsyncSession.* made at .*{MADE_AT}"):
        del session
        gc.collect()
    front.run(adapter.close())


#: Where a front makes its sessions.
MADE_AT = r"fronts\.py:\d+"


def test_a_session_that_was_not_used_or_was_closed_is_dropped_in_silence(
    http_server: HttpServer, front: Front
) -> None:
    gc.collect()  # what others left
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        ulak.AsyncSession()
        with front.session() as session:
            session.get(f"{http_server.url}/get")
        del session
        gc.collect()
    assert [str(warning.message) for warning in said] == []


# -- loops -------------------------------------------------------------------


@pytest.fixture
def loops_may_leave_something() -> Iterator[None]:
    """asyncio warns of transports that are open when their loop is closed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def test_one_loop_after_the_other(http_server: HttpServer, loops_may_leave_something: None) -> None:
    """Connections belong to a loop: the next one has its own, and those of a closed one end."""

    async def ask() -> int:
        return (await session.get(f"{http_server.url}/get")).status_code

    async def ask_and_close() -> int:
        async with session:
            return await ask()

    session = ulak.AsyncSession()
    assert [asyncio.run(ask()) for _ in range(3)] == [200] * 3
    assert asyncio.run(ask_and_close()) == 200
    assert http_server.connections == 4


READINGS = {
    "aread": lambda response: response.aread(),
    "aiter_content": lambda response: anext(response.aiter_content()),
}


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("is_closed", [False, True])
def test_a_response_is_read_on_its_own_loop(
    http_server: HttpServer, loops_may_leave_something: None, reading: str, is_closed: bool
) -> None:
    session = ulak.AsyncSession()
    first, second = asyncio.Runner(), asyncio.Runner()
    url = f"{http_server.url}/stream-bytes/3000000"
    response = first.run(session.get(url, stream=True))
    if is_closed:
        first.close()
    with pytest.raises(InvalidOption, match="another event loop; read it there") as caught:
        second.run(READINGS[reading](response))
    assert caught.value.request is response.request
    if not is_closed:

        async def size() -> int:
            return sum([len(piece) async for piece in response.aiter_content()])

        assert first.run(size()) == 3_000_000
    second.run(session.close())
    second.close()
    first.close()


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_response_is_closed_on_any_loop(
    http_server: HttpServer, loops_may_leave_something: None, is_closed: bool
) -> None:
    session = ulak.AsyncSession(adapters={"http://": ulak.AsyncHTTPAdapter(max_connections=1)})
    first, second = asyncio.Runner(), asyncio.Runner()
    response = first.run(session.get(f"{http_server.url}/stream-bytes/3000000", stream=True))
    if is_closed:
        first.close()
    second.run(response.aclose())
    if not is_closed:  # it holds its connection no more
        assert first.run(session.get(f"{http_server.url}/get", timeout=5)).ok
    second.run(session.close())
    second.close()
    first.close()


def test_two_loops_at_once(http_server: HttpServer) -> None:
    session = ulak.AsyncSession()

    async def ask() -> None:
        assert (await session.get(f"{http_server.url}/get")).ok

    with asyncio.Runner() as first, asyncio.Runner() as second:
        for _ in range(3):
            first.run(ask())
            second.run(ask())
        assert http_server.connections == 2
        first.run(session.close())
        second.run(asyncio.sleep(0))  # what close() asked of this loop is done here
        second.run(ask())
        assert http_server.connections == 3
        second.run(session.close())
