"""The contract of ``AsyncBaseAdapter``, kept by ours and by wrappers; and the limits of ours."""

from __future__ import annotations

import asyncio
import io
import pickle
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from urllib3.util import Retry

import ulak
from tests.sessions.gate import Gate
from tests.support import Answer, HttpServer, RawConnection, RawServer, free_port
from tests.support.loops import LOOPS, Loop, warmed_up
from tests.support.routes import pattern
from ulak import AsyncBaseAdapter, AsyncHTTPAdapter
from ulak.exceptions import InvalidHeader, InvalidOption, PoolTimeout, SessionClosed


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(request.param)


class Wrapping(AsyncBaseAdapter):
    """Hands everything on."""

    def __init__(self, inner: AsyncBaseAdapter) -> None:
        self.inner = inner

    async def send(self, request: ulak.PreparedRequest, **settings: Any) -> ulak.AsyncResponse:  # type: ignore[override]
        return await self.inner.send(request, **settings)

    async def close(self) -> None:
        await self.inner.close()


class Overriding(AsyncHTTPAdapter):
    """Makes responses of a class of its own."""

    class Response(ulak.AsyncResponse):
        """Nothing more."""

    def build_response(self, req: ulak.PreparedRequest, resp: Any) -> ulak.AsyncResponse:
        response = super().build_response(req, resp)
        response.__class__ = self.Response
        return response


NETWORK: dict[str, Callable[[], AsyncBaseAdapter]] = {
    "AsyncHTTPAdapter": AsyncHTTPAdapter,
    "one connection": lambda: AsyncHTTPAdapter(max_connections=1),
    "overriding": Overriding,
    "wrapping twice": lambda: Wrapping(Wrapping(AsyncHTTPAdapter())),
}
Network = pytest.mark.parametrize("name", NETWORK)


def prepare(method: str, url: str, **parts: Any) -> ulak.PreparedRequest:
    return ulak.Request(method, url, **parts).prepare()


async def body_of(response: ulak.AsyncResponse) -> bytes:
    return await response.aread()


# -- one exchange, and nothing else ------------------------------------------


@Network
def test_it_returns_the_response(loop: Loop, http_server: HttpServer, name: str) -> None:
    async def main() -> None:
        async with NETWORK[name]() as adapter:
            request = prepare("GET", f"{http_server.url}/get", headers={"X": "1"})
            response = await adapter.send(request, timeout=5)
            assert response.status_code == 200
            assert response.reason == "OK"
            assert response.url == request.url
            assert response.request is request
            assert response.headers["Content-Type"] == "application/json"
            assert b'"X": "1"' in await body_of(response)
            assert response.json()["headers"]["X"] == "1"

    loop.run(main())


@pytest.mark.parametrize("status", [204, 302, 304, 401, 404, 407, 429, 500, 503])
def test_a_status_is_no_error_and_followed_by_nothing(
    loop: Loop, http_server: HttpServer, status: int
) -> None:
    fields = [("Location", "/get"), ("Retry-After", "0"), ("WWW-Authenticate", "Basic realm=x")]
    fields.append(("Set-Cookie", "a=b"))
    http_server.route("/it")(lambda request: Answer(b"body", status, fields))

    async def main() -> None:
        async with AsyncHTTPAdapter(max_retries=5) as adapter:
            for _ in range(2):
                request = prepare("GET", f"{http_server.url}/it", auth=("u", "p"))
                response = await adapter.send(request, timeout=5)
                assert response.status_code == status
                assert await body_of(response) == (b"" if status in (204, 304) else b"body")

    loop.run(main())
    assert len(http_server.requests) == 2
    assert http_server.connections == 1
    assert http_server.last.header("Cookie") is None


async def blocks() -> AsyncIterator[bytes]:
    yield b"a"
    yield b""
    yield b"b"


class AsyncFile:
    """As the libraries for files have them."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    async def read(self, size: int = -1) -> bytes:
        await asyncio.sleep(0)
        return self._file.read(size)


BODIES: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "bytes": lambda: b"bytes",
    "text": lambda: "text",
    "file": lambda: io.BytesIO(b"file"),
    "iterator": lambda: iter([b"a", b"b"]),
    "async iterator": blocks,
    "async file": lambda: AsyncFile(b"file"),
}


@pytest.mark.parametrize("kind", BODIES)
@Network
def test_it_does_not_change_the_request(loop: Loop, http_server, name: str, kind: str) -> None:
    async def main() -> None:
        async with NETWORK[name]() as adapter, ulak.AsyncSession() as session:
            request = session.prepare_request(
                ulak.Request(
                    "POST", f"{http_server.url}/post", data=BODIES[kind](), auth=("u", "p")
                )
            )
            before = (request.method, request.url, list(request.headers.items()), request.body)
            response = await adapter.send(request, timeout=5)
            await body_of(response)
            assert response.json()["method"] == "POST"
            after = (request.method, request.url, list(request.headers.items()), request.body)
            assert after == before

    loop.run(main())


def test_repeated_headers_are_kept_apart(loop: Loop, http_server: HttpServer) -> None:
    fields = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X", "1"), ("X", "2")]
    http_server.route("/it")(lambda request: Answer(b"", 200, fields))

    async def main() -> None:
        async with AsyncHTTPAdapter() as adapter:
            response = await adapter.send(prepare("GET", f"{http_server.url}/it"), timeout=5)
            assert response.headers["X"] == "1, 2"
            assert response.cookies.get_dict() == {"a": "1", "b": "2"}
            assert response.raw.headers.getlist("Set-Cookie") == ["a=1", "b=2"]

    loop.run(main())


def test_what_may_be_overridden(loop: Loop, http_server: HttpServer) -> None:
    async def main() -> None:
        async with ulak.AsyncSession(adapters={"http://": Overriding()}) as session:
            response = await session.get(f"{http_server.url}/redirect/1")
            assert [type(each) for each in (response, *response.history)] == [
                Overriding.Response
            ] * 2

    loop.run(main())


# -- errors ------------------------------------------------------------------


def silent(connection: RawConnection) -> None:
    connection.recv_request()
    connection.hang()


def resets(connection: RawConnection) -> None:
    connection.recv_request()
    connection.reset()


def says(answer: bytes) -> Callable[[RawConnection], None]:
    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.send(answer)

    return script


HEADS = {
    "silent": (silent, ulak.ReadTimeout),
    "reset": (resets, ulak.ConnectionError),
    "empty": (says(b""), ulak.ConnectionError),
    "garbage": (says(b"garbage\r\n\r\n"), ulak.exceptions.ProtocolError),
    "cut": (says(b"HTTP/1.1 2"), ulak.ConnectionError),
    "many": (says(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"), ulak.ConnectionError),
    "long": (says(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400_000), ulak.ConnectionError),
    "two lengths": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        ulak.exceptions.ProtocolError,
    ),
    "too many 1xx": (says(b"HTTP/1.1 102 P\r\n\r\n" * 100), ulak.exceptions.ProtocolError),
}


@pytest.mark.parametrize("case", HEADS)
def test_errors_before_the_answer(loop: Loop, start_raw_server, case: str) -> None:
    """Each is typed, names its request, and leaves no connection behind."""
    script, error = HEADS[case]
    server: RawServer = start_raw_server(script)
    limit = 0.1 if error is ulak.ReadTimeout else 5  # which is waited for

    async def main() -> None:
        async with AsyncHTTPAdapter(max_connections=1) as adapter:
            for _ in range(3):
                request = prepare("GET", server.url)
                with pytest.raises(error) as caught:
                    await adapter.send(request, timeout=ulak.Timeout(limit, pool=1))
                assert isinstance(caught.value, ulak.RequestException)
                assert caught.value.request is request

    loop.run(main())
    assert server.accepted == 3


def test_nobody_listens(loop: Loop) -> None:
    async def main() -> None:
        async with AsyncHTTPAdapter(max_connections=1) as adapter:
            for url in (f"http://127.0.0.1:{free_port()}/", f"https://127.0.0.1:{free_port()}/"):
                with pytest.raises(ulak.ConnectionError, match="refused") as caught:
                    await adapter.send(prepare("GET", url), timeout=ulak.Timeout(5, pool=1))
                assert caught.value.request is not None
            with pytest.raises(ulak.exceptions.NameResolutionError):
                await adapter.send(prepare("GET", "http://no-such-name.invalid/"), timeout=5)

    loop.run(main())


@pytest.mark.parametrize("header", [("X", "a\r\nEvil: 1"), ("X\r\nEvil", "1"), ("X y", "1")])
def test_nothing_is_injected(loop: Loop, http_server: HttpServer, header: Any) -> None:
    async def main() -> None:
        async with AsyncHTTPAdapter() as adapter:
            request = prepare("GET", f"{http_server.url}/get")
            request.headers[header[0]] = header[1]
            with pytest.raises(InvalidHeader):
                await adapter.send(request, timeout=5)

    loop.run(main())
    assert http_server.connections == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"Content-Length": "5", "Transfer-Encoding": "chunked"},
        {"Transfer-Encoding": "gzip"},
        {"Content-Length": "abc"},
        {"Content-Length": "5, 5"},
    ],
    ids=str,
)
def test_framing_that_two_readers_would_read_in_two_ways(
    loop: Loop, http_server: HttpServer, fields: dict[str, str]
) -> None:
    async def main() -> None:
        async with AsyncHTTPAdapter() as adapter:
            request = prepare("POST", f"{http_server.url}/post", data=b"abcde")
            del request.headers["Content-Length"]
            request.headers.update(fields)
            with pytest.raises(InvalidHeader):
                await adapter.send(request, timeout=5)

    loop.run(main())
    assert http_server.connections == 0


@pytest.mark.parametrize("error", [OSError("mine"), LookupError("mine"), TimeoutError("mine")])
@pytest.mark.parametrize("kind", ["iterator", "async iterator"])
def test_what_the_callers_body_raises_is_theirs(
    loop: Loop, http_server: HttpServer, error: Exception, kind: str
) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b"block"
        await asyncio.sleep(0)
        raise error

    def at_once() -> Iterator[bytes]:
        yield b"block"
        raise error

    async def main() -> None:
        async with ulak.AsyncSession(
            adapters={"http://": AsyncHTTPAdapter(max_connections=1)}, retries=3
        ) as session:
            for _ in range(2):
                body = at_once() if kind == "iterator" else slowly()
                with pytest.raises(type(error)) as caught:
                    await session.put(f"{http_server.url}/put", data=body)
                assert caught.value is error
            assert (await session.get(f"{http_server.url}/get")).ok

    loop.run(main())


def test_a_scheme_that_it_does_not_speak(loop: Loop) -> None:
    async def main() -> None:
        async with AsyncHTTPAdapter() as adapter:
            with pytest.raises(ulak.exceptions.InvalidURL, match="ftp"):
                await adapter.send(prepare("GET", "ftp://example.com/"))

    loop.run(main())


# -- connections -------------------------------------------------------------


@Network
def test_connections_are_kept(loop: Loop, http_server: HttpServer, name: str) -> None:
    async def main() -> None:
        async with NETWORK[name]() as adapter:
            for _ in range(5):
                request = prepare("GET", f"{http_server.url}/get")
                assert await body_of(await adapter.send(request, timeout=5))

    loop.run(main())
    assert http_server.connections == 1


def test_a_connection_that_is_to_be_closed(loop: Loop, http_server: HttpServer) -> None:
    async def main() -> None:
        async with ulak.AsyncSession(headers={"Connection": "close"}) as session:
            for _ in range(2):
                assert (await session.get(f"{http_server.url}/get")).ok

    loop.run(main())
    assert http_server.connections == 2


@Network
def test_close_may_be_repeated(loop: Loop, http_server: HttpServer, name: str) -> None:
    async def main() -> None:
        adapter = NETWORK[name]()
        for _ in range(2):
            request = prepare("GET", f"{http_server.url}/get")
            assert await body_of(await adapter.send(request, timeout=5))
            await adapter.close()
            await adapter.close()

    loop.run(main())
    assert http_server.connections == 2


def test_many_tasks(loop: Loop, http_server: HttpServer) -> None:
    async def main() -> None:
        async with ulak.AsyncSession(
            adapters={"http://": AsyncHTTPAdapter(max_connections=8)}
        ) as session:

            async def work(worker: int) -> None:
                for number in range(5):
                    url = f"{http_server.url}/get?n={worker}.{number}"
                    answer = await session.get(url)
                    assert answer.json()["args"]["n"] == f"{worker}.{number}"

            async with asyncio.TaskGroup() as group:
                for worker in range(30):
                    group.create_task(work(worker))

    loop.run(main())
    assert http_server.connections <= 8
    assert len(http_server.requests) == 150


@Network
def test_a_session_on_it(loop: Loop, http_server: HttpServer, name: str) -> None:
    async def main() -> None:
        async with ulak.AsyncSession(adapters={"http://": NETWORK[name]()}) as session:
            response = await session.get(f"{http_server.url}/redirect-to?url=/cookies/set/a/b")
            assert response.json()["cookies"] == {"a": "b"}
            assert len(response.history) == 2
            digest = ulak.auth.HTTPDigestAuth("u", "p")
            assert (await session.get(f"{http_server.url}/digest-auth/auth/u/p", auth=digest)).ok
            seen = await session.post(f"{http_server.url}/post", files={"f": b"x"}, data={"a": "1"})
            assert (seen.json()["files"], seen.json()["form"]) == ({"f": "x"}, {"a": "1"})
            assert (await session.post(f"{http_server.url}/post", data=blocks())).json()[
                "data"
            ] == "ab"
            params = {"key": f"{name} {loop.name}", "fails": "1", "retry_after": "0"}
            assert (await session.get(f"{http_server.url}/retry", params=params, retries=1)).ok
            async with session.stream("GET", f"{http_server.url}/bytes/70000") as streamed:
                assert b"".join([x async for x in streamed.aiter_content(999)]) == pattern(70_000)

    loop.run(main())


# -- adapters of one's own ---------------------------------------------------


class Ready(AsyncBaseAdapter):
    """Has the body already."""

    closed = 0

    async def send(self, request: ulak.PreparedRequest, **settings: Any) -> ulak.AsyncResponse:  # type: ignore[override]
        await asyncio.sleep(0)
        response = ulak.AsyncResponse()
        response.status_code = 200
        response.headers["Content-Type"] = "text/plain; charset=utf-8"
        response.url = request.url or ""
        response.request = request
        response.raw = None
        response._content = "gövde".encode()
        return response

    async def close(self) -> None:
        self.closed += 1


class Body:
    """The least that ``raw`` has to be."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)
        self.closed = False

    async def read(self, size: int) -> bytes:
        await asyncio.sleep(0)
        return self._file.read(size)

    async def aclose(self) -> None:
        self.closed = True


class Reading(Ready):
    """Leaves the body to be read."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []

    async def send(self, request: ulak.PreparedRequest, **settings: Any) -> ulak.AsyncResponse:  # type: ignore[override]
        response = await super().send(request, **settings)
        self.bodies.append(Body("gövde".encode()))
        response.raw = self.bodies[-1]
        response._content = False
        return response


@pytest.mark.parametrize("kind", [Ready, Reading])
def test_an_adapter_of_ones_own(loop: Loop, kind: type[Ready]) -> None:
    async def main() -> None:
        adapter = kind()
        async with ulak.AsyncSession(adapters={"x://": adapter, "y://": adapter}) as session:
            response = await session.get("x://any/where")
            assert (response.text, response.url) == ("gövde", "x://any/where")
            async with session.stream("GET", "y://any/where") as response:
                pieces = [piece async for piece in response.aiter_content(4)]
                assert pieces == ["göv".encode(), b"de"]
            async with session.stream("GET", "y://any/where") as response:
                assert [x async for x in response.aiter_text(2)]
        assert adapter.closed == 1
        if isinstance(adapter, Reading):
            async with session.stream("GET", "x://any/where"):
                pass
            assert adapter.bodies[-1].closed

    loop.run(main())


def test_an_adapter_that_fails(loop: Loop) -> None:
    class Failing(Ready):
        async def send(self, request: ulak.PreparedRequest, **settings: Any) -> Any:  # type: ignore[override]
            raise ulak.ConnectionError("none today")

    async def main() -> None:
        async with ulak.AsyncSession(adapters={"x://": Failing()}, retries=Retry(2)) as session:
            with pytest.raises(ulak.ConnectionError, match="none today"):
                await session.get("x://any/")

    loop.run(main())


def test_an_adapter_of_the_other_kind_is_refused(loop: Loop) -> None:
    async def main() -> None:
        with pytest.raises(InvalidOption, match="AsyncBaseAdapter"):
            ulak.AsyncSession(adapters={"http://": ulak.adapters.HTTPAdapter()})

    loop.run(main())


# -- limits ------------------------------------------------------------------


@pytest.fixture
def gate() -> Iterator[Gate]:
    with Gate(2) as gate:
        yield gate


async def inside(gate: Gate, *numbers: int) -> None:
    """Wait until exactly these are at the server."""
    await asyncio.to_thread(gate.wait, *numbers)


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def session_of(**limits: Any) -> ulak.AsyncSession:
    adapter = AsyncHTTPAdapter(**limits)
    return ulak.AsyncSession(adapters={"https://": adapter, "http://": adapter}, timeout=20)


def test_so_many_connections_first_come_first_served(loop: Loop, gate: Gate) -> None:
    async def main() -> None:
        async with session_of(max_connections=2) as session:
            tasks = [asyncio.create_task(session.get(gate.url(n))) for n in range(6)]
            await inside(gate, 0, 1)
            for number in range(6):
                gate.let_go(number)
                await inside(gate, *range(number + 1, min(number + 3, 6)))
                assert (await tasks[number]).text == str(number)

    loop.run(main())
    assert gate.most == 2
    assert gate.connections == 2
    assert gate.came[:2] in ([0, 1], [1, 0])
    assert gate.came[2:] == [2, 3, 4, 5]


def test_a_host_at_its_limit_holds_up_no_other(loop: Loop, gate: Gate) -> None:
    async def main() -> None:
        async with session_of(max_connections_per_host=1, max_connections=2) as session:
            busy = [asyncio.create_task(session.get(gate.url(n, 0))) for n in range(5)]
            await inside(gate, 0)
            other = [asyncio.create_task(session.get(gate.url(n, 1))) for n in (5, 6)]
            await inside(gate, 0, 5)
            gate.let_go(5, 6)
            assert [(await task).text for task in other] == ["5", "6"]
            gate.open()
            assert [(await task).text for task in busy] == ["0", "1", "2", "3", "4"]

    loop.run(main())
    assert gate.most_of == [1, 1]
    assert [n for n in gate.came if n < 5] == [0, 1, 2, 3, 4]


def test_hosts_take_turns_by_who_came_first(loop: Loop, gate: Gate) -> None:
    async def main() -> None:
        async with session_of(max_connections=1) as session:
            tasks = []
            for number in range(6):
                tasks.append(asyncio.create_task(session.get(gate.url(number, number % 2))))
                await turns()
            gate.open()
            await asyncio.gather(*tasks)

    loop.run(main())
    assert gate.came == [0, 1, 2, 3, 4, 5]
    assert gate.most == 1


def test_who_waits_for_too_long(loop: Loop, gate: Gate) -> None:
    async def main() -> None:
        async with session_of(max_connections=1) as session:
            first = asyncio.create_task(session.get(gate.url(0)))
            await inside(gate, 0)
            start = time.monotonic()
            late = session.get(gate.url(1), timeout=ulak.Timeout(pool=0.1))
            patient = asyncio.create_task(session.get(gate.url(2)))
            gone = asyncio.create_task(session.get(gate.url(3)))
            last = asyncio.create_task(session.get(gate.url(4), timeout=ulak.Timeout(pool=10)))
            with pytest.raises(PoolTimeout, match=r"0\.1 s") as caught:
                await late
            assert 0.09 < time.monotonic() - start < 1
            assert isinstance(caught.value, ulak.ConnectionError)
            assert caught.value.request is not None
            gone.cancel()
            gate.open()
            assert [(await task).text for task in (first, patient, last)] == ["0", "2", "4"]

    loop.run(main())
    assert gate.came == [0, 2, 4]
    assert gate.connections == 1


def test_a_streamed_response_counts(loop: Loop, gate: Gate, http_server: HttpServer) -> None:
    async def main() -> None:
        async with session_of(max_connections=1) as session:
            brief = ulak.Timeout(pool=0.05)
            async with session.stream("GET", f"{http_server.url}/large/9000000") as response:
                with pytest.raises(PoolTimeout):
                    await session.get(f"{http_server.url}/get", timeout=brief)
                await response.aread()
                assert (await session.get(f"{http_server.url}/get", timeout=brief)).ok

    loop.run(main())
    assert http_server.connections == 1


def test_an_idle_connection_makes_room_for_another_host(
    loop: Loop, http_server: HttpServer, second_http_server: HttpServer
) -> None:
    async def main() -> None:
        async with session_of(max_connections=1) as session:
            for _ in range(2):
                for server in (http_server, second_http_server):
                    for _ in range(2):
                        brief = ulak.Timeout(pool=1)
                        assert (await session.get(f"{server.url}/get", timeout=brief)).ok

    loop.run(main())
    assert (http_server.connections, second_http_server.connections) == (2, 2)


@pytest.mark.parametrize(
    ("limits", "connections"),
    [({}, 4), ({"max_keepalive": 1}, 7), ({"max_keepalive": 0}, 8), ({"keepalive_expiry": 0}, 8)],
    ids=str,
)
def test_so_many_are_kept(loop: Loop, gate: Gate, limits: Any, connections: int) -> None:
    async def main() -> None:
        async with session_of(**limits) as session:
            for numbers in (range(4), range(4, 8)):
                tasks = [asyncio.create_task(session.get(gate.url(n))) for n in numbers]
                await inside(gate, *numbers)
                gate.let_go(*numbers)
                await asyncio.gather(*tasks)

    loop.run(main())
    assert gate.connections == connections


@pytest.mark.parametrize("limits", [{"keepalive_expiry": 0.1}, {"max_age": 0.1}], ids=str)
def test_an_idle_connection_is_closed_in_time(loop: Loop, start_raw_server, limits: Any) -> None:
    """Also when nobody asks for it."""
    closed = threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"fine")
        connection.wait_closed()
        closed.set()

    server: RawServer = start_raw_server(script)

    async def main() -> None:
        async with session_of(**limits) as session:
            start = time.monotonic()
            assert (await session.get(server.url)).content == b"fine"
            assert await asyncio.to_thread(closed.wait, 5)
            assert 0.09 < time.monotonic() - start < 2
            assert (await session.get(server.url)).content == b"fine"

    loop.run(main())
    assert server.accepted == 2


def test_a_connection_in_use_does_not_expire(loop: Loop, http_server: HttpServer) -> None:
    async def main() -> None:
        async with session_of(keepalive_expiry=0.6) as session:
            for _ in range(4):
                assert (await session.get(f"{http_server.url}/get")).ok
                await asyncio.sleep(0.2)
            assert (await session.get(f"{http_server.url}/delay/0.8")).ok
            assert (await session.get(f"{http_server.url}/get")).ok

    loop.run(main())
    assert http_server.connections == 1


def test_an_old_connection_is_not_used_again(loop: Loop, http_server: HttpServer) -> None:
    async def main() -> None:
        async with session_of(max_age=1) as session:
            async with session.stream("GET", f"{http_server.url}/large/300000") as response:
                await asyncio.sleep(1.1)
                assert len(await response.aread()) == 300_000  # nobody is interrupted
            for _ in range(3):
                assert (await session.get(f"{http_server.url}/get")).ok

    loop.run(main())
    assert http_server.connections == 2


BAD = [
    *[
        {name: value}
        for name in ("max_connections", "max_connections_per_host")
        for value in (0, -1, 1.5, "5", True)
    ],
    *[{"max_keepalive": value} for value in (-1, 1.5, "5", False)],
    *[
        {name: value}
        for name in ("keepalive_expiry", "max_age")
        for value in (-1, -0.1, "5", True, float("nan"))
    ],
    {"max_retries": "many"},
]


@pytest.mark.parametrize("limits", BAD, ids=str)
def test_limits_that_can_never_be_met(limits: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match=next(iter(limits)).removeprefix("max_")):
        AsyncHTTPAdapter(**limits)


def test_no_limits_at_all(loop: Loop, gate: Gate) -> None:
    async def main() -> None:
        names = ("max_connections", "max_connections_per_host", "max_keepalive")
        limits = dict.fromkeys((*names, "keepalive_expiry", "max_age"))
        async with session_of(**limits) as session:
            tasks = [asyncio.create_task(session.get(gate.url(n))) for n in range(60)]
            await inside(gate, *range(60))
            gate.open()
            await asyncio.gather(*tasks)

    loop.run(main())
    assert gate.connections == 60


# -- what a pickle keeps -----------------------------------------------------


def test_pickles(loop: Loop, http_server: HttpServer) -> None:
    adapter = Wide(
        max_connections=7,
        max_connections_per_host=3,
        max_keepalive=2,
        keepalive_expiry=1.5,
        max_age=60,
        max_retries=2,
        source_address="127.0.0.1",
        socket_options=[(6, 1, 1)],
    )

    async def main() -> None:
        async with ulak.AsyncSession(adapters={"http://": adapter}, headers={"X": "1"}) as session:
            assert (await session.get(f"{http_server.url}/get")).ok
            other = pickle.loads(pickle.dumps(session))
        twin = other.adapters["http://"]
        assert type(twin) is Wide
        assert twin.limits == adapter.limits
        assert twin.max_retries.total == 2
        assert (twin.source_address, twin.socket_options) == ("127.0.0.1", ((6, 1, 1),))
        assert repr(twin) == repr(adapter)
        async with other:
            answer = await other.get(f"{http_server.url}/get")
            assert answer.json()["headers"]["X"] == "1"
            assert pickle.loads(pickle.dumps(answer)).json() == answer.json()

    loop.run(main())


class Wide(AsyncHTTPAdapter):
    """Found again by its name."""


# -- several loops -----------------------------------------------------------


def test_one_loop_after_the_other(loop: Loop, http_server: HttpServer) -> None:
    """Each has connections of its own; those of a loop that is gone are closed."""
    session = ulak.AsyncSession(timeout=5)

    async def main(*, close: bool) -> None:
        for _ in range(2):
            assert (await session.get(f"{http_server.url}/get")).ok
        if close:
            await session.close()

    for _ in range(3):
        loop.run(main(close=True))
    assert http_server.connections == 3


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_session_that_was_not_closed_on_its_first_loop(
    loop: Loop, http_server: HttpServer
) -> None:
    session = ulak.AsyncSession(timeout=5)

    async def main(*, close: bool) -> None:
        assert (await session.get(f"{http_server.url}/get")).ok
        if close:
            await session.close()

    loop.run(main(close=False))
    loop.run(main(close=False))
    loop.run(main(close=True))
    assert http_server.connections == 3
    # That nothing of them is open any more is for the fixture of every test here.


def test_two_loops_at_once(loop: Loop, http_server: HttpServer) -> None:
    session = session_of(max_connections=4)
    together = threading.Barrier(3, timeout=10)

    async def main(thread: int) -> None:
        together.wait()
        for number in range(20):
            urls = [f"{http_server.url}/get?n={thread}.{number}.{each}" for each in range(3)]
            answers = await asyncio.gather(*map(session.get, urls))
            for each, answer in enumerate(answers):
                assert answer.json()["args"]["n"] == f"{thread}.{number}.{each}"
        together.wait()
        if thread == 0:
            await session.close()
        together.wait()

    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(loop.run, main(thread)) for thread in range(3)]:
            done.result()
    assert 3 <= http_server.connections <= 9


def test_closing_from_another_loop(loop: Loop, gate: Gate) -> None:
    """What is under way ends there as it does here."""
    session = session_of()

    async def ask() -> None:
        with pytest.raises(SessionClosed):
            await session.get(gate.url(0))

    async def close() -> None:
        await inside(gate, 0)
        await session.close()

    with ThreadPoolExecutor(2) as threads:
        asking = threads.submit(loop.run, ask())
        threads.submit(loop.run, close()).result(10)
        asking.result(5)
