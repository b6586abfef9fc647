"""Where connections go to and come from: several addresses, source addresses, unix sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ulak
from tests.conftest import open_descriptors
from tests.support import HttpServer, free_port, stalled_port
from tests.support.loops import LOOPS, Loop, warmed_up
from ulak.exceptions import NameResolutionError

Place = tuple[int, tuple[Any, ...]]


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(request.param)


def session_of(**of_adapter: Any) -> ulak.AsyncSession:
    """A session that may have one connection only, so that none can be lost unseen."""
    adapter = ulak.AsyncHTTPAdapter(max_connections=1, **of_adapter)
    adapters = {"https://": adapter, "http://": adapter}
    return ulak.AsyncSession(adapters=adapters, timeout=ulak.Timeout(connect=5, read=5, pool=1))


# -- several addresses -------------------------------------------------------


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Place]]:
    """Names that this machine knows from now on, each with its places."""
    known: dict[str, list[Place]] = {}
    genuine = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        places = known.get(host)
        if places is None:
            return genuine(host, *args, **kwargs)
        return [(family, socket.SOCK_STREAM, 6, "", place) for family, place in places]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def v4(port: int) -> Place:
    return socket.AF_INET, ("127.0.0.1", port)


def v6(port: int) -> Place:
    return socket.AF_INET6, ("::1", port, 0, 0)


@pytest.mark.parametrize("first", ["silent", "refuses", "both refuse"])
def test_the_address_that_answers(
    loop: Loop, http_server: HttpServer, names: dict[str, list[Place]], first: str
) -> None:
    async def main() -> None:
        async with session_of() as session:
            start = time.monotonic()
            answer = await session.get("http://many.example/get")
            assert answer.ok
            if first == "silent":  # the head start that RFC 8305 gives it
                assert time.monotonic() - start > 0.2
            assert time.monotonic() - start < 2
            assert (await session.get("http://many.example/get")).ok

    good = v4(http_server.port)
    with stalled_port() as silent:
        names["many.example"] = {
            "silent": [v4(silent), good, v4(silent)],
            "refuses": [v6(free_port("::1")), good],
            "both refuse": [v6(free_port("::1")), v4(free_port()), good],
        }[first]
        loop.run(main())
    assert http_server.connections == 1
    assert http_server.last.header("Host") == "many.example"


def test_only_the_winner_stays_open(loop: Loop, http_server: HttpServer, names) -> None:
    async def main() -> None:
        async with session_of() as session:
            before = open_descriptors()
            async with session.stream("GET", "http://many.example/large/30000000") as response:
                assert response.ok
                opened = [what for _, what in open_descriptors().items() - before.items()]
                # Both ends of it are in this process.
                assert sum(what.startswith("socket:") for what in opened) == 2

    good = v4(http_server.port)
    with stalled_port() as silent:
        names["many.example"] = [v6(free_port("::1")), v4(silent), good, good, v4(silent)]
        loop.run(main())
    assert http_server.connections == 1


def test_no_address_answers(loop: Loop, names: dict[str, list[Place]]) -> None:
    names["none.example"] = [v6(free_port("::1")), v4(free_port())]

    async def main() -> None:
        async with session_of() as session:
            for _ in range(2):
                with pytest.raises(ulak.ConnectionError, match="refused") as caught:
                    await session.get("http://none.example/")
                assert not isinstance(caught.value, ulak.Timeout)

    loop.run(main())


def test_no_address_answers_in_time(loop: Loop, names: dict[str, list[Place]]) -> None:
    async def main() -> None:
        async with session_of() as session:
            start = time.monotonic()
            with pytest.raises(ulak.ConnectTimeout, match=r"0\.27 s"):
                await session.get("http://slow.example/", timeout=ulak.Timeout(0.27, pool=1))
            assert 0.26 < time.monotonic() - start < 1

    with stalled_port() as silent:
        names["slow.example"] = [v4(silent)] * 5
        loop.run(main())


def test_a_name_without_an_address(loop: Loop) -> None:
    async def main() -> None:
        async with session_of() as session:
            for host in ("no-such-name.invalid", "x" * 63 + ".invalid"):
                with pytest.raises(NameResolutionError, match="no address") as caught:
                    await session.get(f"http://{host}/")
                assert isinstance(caught.value, ulak.ConnectionError)

    loop.run(main())


def test_many_requests_ask_for_a_name_once(
    loop: Loop, http_server: HttpServer, monkeypatch
) -> None:
    asked: list[Any] = []
    genuine = socket.getaddrinfo
    release = threading.Event()

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host == "localhost":
            asked.append(host)
            release.wait(5)
        return genuine(host, *args, **kwargs)

    async def main() -> None:
        async with ulak.AsyncSession() as session:
            url = f"{http_server.at('localhost')}/get"
            tasks = [asyncio.create_task(session.get(url)) for _ in range(20)]
            for _ in range(20):
                await asyncio.sleep(0)
            release.set()
            assert all([(await task).ok for task in tasks])

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    loop.run(main())
    assert len(asked) == 1


@pytest.mark.parametrize("host", ["::1", "127.0.0.1"])
def test_addresses_in_urls(loop: Loop, start_http_server, host: str) -> None:
    server: HttpServer = start_http_server(host=host)

    async def main() -> None:
        async with session_of() as session:
            for _ in range(2):
                assert (await session.get(f"{server.url}/get")).ok

    loop.run(main())
    assert server.connections == 1
    wanted = f"[{host}]" if ":" in host else host
    assert server.last.header("Host") == f"{wanted}:{server.port}"


# -- the source address, and options of sockets ------------------------------


@pytest.mark.parametrize("source", ["127.0.0.7", ("127.0.0.7", 0)], ids=str)
def test_a_source_address(loop: Loop, http_server: HttpServer, source: Any) -> None:
    async def main() -> None:
        async with session_of(source_address=source) as session:
            for host in ("127.0.0.1", "localhost"):
                seen = await session.get(f"{http_server.at(host)}/echo-ip")
                assert seen.json()["origin"] == "127.0.0.7"

    loop.run(main())


def test_a_source_port(loop: Loop, http_server: HttpServer) -> None:
    port = free_port()

    async def main() -> None:
        async with session_of(source_address=("127.0.0.1", port)) as session:
            for _ in range(2):
                seen = await session.get(f"{http_server.url}/echo-ip")
                assert seen.json() == {"origin": "127.0.0.1", "port": port}

    loop.run(main())


def test_a_source_address_that_does_not_go(loop: Loop, http_server: HttpServer) -> None:
    async def main() -> None:
        for source, words in (
            ("203.0.113.1", "Cannot assign"),
            ("::1", "127.0.0.1 has no address"),
        ):
            async with session_of(source_address=source) as session:
                for _ in range(2):
                    with pytest.raises(ulak.ConnectionError, match=words):
                        await session.get(f"{http_server.url}/get")

    loop.run(main())
    assert http_server.connections == 0


def test_a_source_address_is_for_the_proxys_connection(
    loop: Loop, http_server: HttpServer, forward_proxy
) -> None:
    async def main() -> None:
        async with session_of(source_address="127.0.0.7") as session:
            proxies = {"http": forward_proxy.url}
            assert (await session.get(f"{http_server.url}/get", proxies=proxies)).ok

    loop.run(main())
    assert forward_proxy.requests[0].peer[0] == "127.0.0.7"


def test_options_of_the_socket(loop: Loop, http_server: HttpServer) -> None:
    options = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.SOL_SOCKET, socket.SO_RCVBUF, 8192),
    ]

    async def main() -> None:
        url = f"{http_server.url}/large/9000000"
        session = session_of(socket_options=options)
        async with session, session.stream("GET", url) as response:
            sock = response.raw.connection.transport.get_extra_info("socket")
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 2 * 8192
            assert len(await response.aread()) == 9_000_000

    loop.run(main())


def test_no_delay_is_set_unasked(loop: Loop, http_server: HttpServer) -> None:
    """A head and a body that are sent one after the other do not wait for each other."""

    async def main() -> None:
        session = session_of()
        url = f"{http_server.url}/large/9000000"
        async with session, session.stream("GET", url) as response:
            sock = response.raw.connection.transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    loop.run(main())


def test_options_that_a_socket_refuses(loop: Loop, http_server: HttpServer) -> None:
    async def main() -> None:
        async with session_of(socket_options=[(6, 9999, 1)]) as session:
            for _ in range(2):
                with pytest.raises(ulak.ConnectionError, match="Protocol not available"):
                    await session.get(f"{http_server.url}/get")

    loop.run(main())
    assert http_server.connections == 0


# -- unix sockets ------------------------------------------------------------


@contextlib.contextmanager
def unix_server(path: Path, answer: Callable[[bytes], bytes]) -> Iterator[list[int]]:
    """Answers every request at ``path``; gives how many connections there were."""
    accepted = [0]

    def serve(sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):  # a peer may hang up
            data = b""
            while piece := sock.recv(65536):
                data += piece
                while b"\r\n\r\n" in data:
                    head, _, data = data.partition(b"\r\n\r\n")
                    body = answer(head)
                    sock.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                    )

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            accepted[0] += 1
            thread = threading.Thread(target=serve, args=(sock,))
            threads.append(thread)
            thread.start()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        threads = [threading.Thread(target=accept)]
        threads[0].start()
        try:
            yield accepted
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(5)


def test_a_unix_socket(loop: Loop, tmp_path: Path) -> None:
    path = tmp_path / "s"

    async def main(where: Any) -> None:
        async with session_of(unix_socket=where) as session:
            for number in range(3):
                answer = await session.get(f"http://whatever.example/path?n={number}")
                assert answer.text.startswith(f"GET /path?n={number} HTTP/1.1")
                assert "host: whatever.example\r\n" in answer.text.lower()
            assert (await session.get("http://another.example/")).ok

    for where in (path, str(path)):
        with unix_server(path, lambda head: head) as accepted:
            loop.run(main(where))
            assert accepted == [2]  # one for each origin
        path.unlink()


def test_a_large_body_from_a_unix_socket(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with session_of(unix_socket=tmp_path / "s") as session:
            answers = [session.get(f"http://x.example/{n}") for n in range(3)]
            for answer in await asyncio.gather(*answers):
                assert answer.content == bytes(3_000_000)

    with unix_server(tmp_path / "s", lambda head: bytes(3_000_000)):
        loop.run(main())


def test_a_unix_socket_where_nobody_listens(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        paths = (tmp_path / "absent", tmp_path / ("x" * 200))
        for path, words in zip(paths, ("No such file", "too long"), strict=True):
            async with session_of(unix_socket=path) as session:
                for _ in range(2):
                    with pytest.raises(ulak.ConnectionError, match=words) as caught:
                        await session.get("http://x.example/")
                    assert caught.value.request.url == "http://x.example/"

    loop.run(main())


def test_a_unix_socket_with_tls(
    loop: Loop, tmp_path: Path, https_server: HttpServer, certificates
) -> None:
    """The certificate has to be for the host of the URL."""
    path = tmp_path / "s"

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to, back = await asyncio.open_connection("127.0.0.1", https_server.port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, back), pump(to, writer))

    async def main() -> None:
        adapter = ulak.AsyncHTTPAdapter(unix_socket=path)
        server = await asyncio.start_unix_server(relay, str(path))
        async with (
            server,
            ulak.AsyncSession(
                adapters={"https://": adapter}, verify=str(certificates.ca), timeout=5
            ) as session,
        ):
            assert (await session.get("https://localhost/get")).ok
            with pytest.raises(ulak.exceptions.SSLError):
                await session.get("https://other.example/get")
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0.001)

    loop.run(main())
