"""What importing ulak costs, and what one warm request does."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import ulak
from tests.support import Certificates, HttpServer

#: Calls of Python functions in one warm ``Session.get``.  http.client alone makes
#: about 140; requests makes 1,700.
MOST_PYTHON_CALLS = 200
#: Calls of functions written in C, which are cheaper; http.client alone makes about 310.
MOST_C_CALLS = 500

#: Calls of ulak's own Python functions in one warm ``AsyncSession.get``, without asyncio's.
MOST_ASYNC_CALLS = 100

#: Modules of ulak that a first https request loads, of its 100; each costs 0.1 ms and more.
MOST_MODULES = 58

#: What a first https request leaves for who needs it.
LATER_STILL = {
    "asyncio",
    "charset_normalizer",
    "dataclasses",
    "encodings.idna",
    "http.cookiejar",
    "http.cookies",
    "idna",
    "netrc",
    "stringprep",
    "urllib.request",
}

#: What ``import ulak`` leaves for the first call that needs it.
LATER = {
    "asyncio",
    "certifi",
    "charset_normalizer",
    "dataclasses",
    "email",
    "hashlib",
    "http",
    "idna",
    "inspect",
    "json",
    "mimetypes",
    "netrc",
    "socket",
    "ssl",
    "tempfile",
    "urllib3",
}

_NEW_MODULES = """\
import sys
before = set(sys.modules)
import ulak
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""

_FIRST_REQUEST = """\
import sys
before = set(sys.modules)
import ulak
assert ulak.get(sys.argv[1], verify=sys.argv[2]).ok
print(*sorted(set(sys.modules) - before))
"""

_BODY = json.dumps({"id": 4711, "name": "Ada Lovelace", "roles": ["author", "editor"]}).encode()
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: bundled\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\nConnection: keep-alive\r\n"
    b'ETag: "5f3c-1a2b"\r\nCache-Control: no-cache\r\nVary: Accept-Encoding\r\n'
    b"X-Request-Id: 7d9f2c31\r\n\r\n%b" % (len(_BODY), _BODY)
)


def test_import_loads_nothing_that_can_wait() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _NEW_MODULES], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "ulak" in loaded
    assert not loaded & LATER


def test_a_first_request_loads_nothing_that_can_wait(
    https_server: HttpServer, certificates: Certificates
) -> None:
    url = https_server.url.replace("127.0.0.1", "localhost")
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_REQUEST, url, certificates.ca],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stdout.split()
    assert not LATER_STILL & set(loaded)
    own = [name for name in loaded if name.partition(".")[0] == "ulak"]
    assert len(own) <= MOST_MODULES, own


@contextmanager
def keep_alive_server() -> Iterator[str]:
    """Answers each request of one connection with the same bytes; yields the URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                while connection.recv(65536):
                    connection.sendall(_ANSWER)

        thread = threading.Thread(target=serve, name="keep-alive server")
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/users?page=2"
        finally:
            # Whoever never came would leave the server waiting.
            socket.create_connection(listener.getsockname()).close()
            thread.join(10)


def count_calls(action: Callable[[], object]) -> Counter[str]:
    """How often ``action`` calls Python and C functions, in this thread only."""
    counted: Counter[str] = Counter()

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        counted[event] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(before)
    return counted


def test_the_count_sees_calls_of_both_kinds() -> None:
    counted = count_calls(lambda: [len(_BODY), keep_alive_server])
    assert counted["call"] == 1
    assert counted["c_call"] == 2  # len, and the call that ends the profile


def test_a_warm_get_makes_few_calls() -> None:
    with keep_alive_server() as url, ulak.Session() as session:

        def get() -> tuple[str, bytes]:
            response = session.get(url)
            return response.headers["content-type"], response.content

        for _ in range(3):
            assert get() == ("application/json", _BODY)
        counted = count_calls(get)
    assert counted["call"] <= MOST_PYTHON_CALLS, dict(counted)
    assert counted["c_call"] <= MOST_C_CALLS, dict(counted)


class Answers(asyncio.Protocol):
    """Answers whatever comes on each of many connections with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # of TCP

    def data_received(self, data: bytes) -> None:
        self._transport.write(_ANSWER)


async def count_own_calls(session: ulak.AsyncSession, url: str) -> int:
    """How often a warm ``session.get`` calls functions of ulak."""
    for _ in range(3):
        assert (await session.get(url)).content == _BODY
    calls = 0

    def note(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call" and str(frame.f_globals.get("__name__")).startswith("ulak.")

    before = sys.getprofile()
    gc.disable()  # others' callbacks from it would be counted, too
    sys.setprofile(note)
    try:
        await session.get(url)
    finally:
        sys.setprofile(before)
        gc.enable()
    return calls


async def calls_beside(hosts: int, connections: int) -> int:
    """The calls of a GET while ``connections`` to each of ``hosts`` are pooled.

    The hosts are loopback addresses, of which Linux has 16 million and others one.
    """
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answers, "0.0.0.0", 0)
    port = server.sockets[0].getsockname()[1]
    urls = [f"http://127.0.{n // 250}.{n % 250 + 1}:{port}/" for n in range(hosts)]
    adapter = ulak.AsyncHTTPAdapter(max_connections=None)
    async with server, ulak.AsyncSession(adapters={"http://": adapter}) as session:
        for url in urls:
            await asyncio.gather(*(session.get(url) for _ in range(connections)))
        return await count_own_calls(session, urls[0])


def test_a_warm_async_get_makes_few_calls_whatever_is_pooled() -> None:
    few = asyncio.run(calls_beside(hosts=1, connections=1))
    assert few <= MOST_ASYNC_CALLS
    assert asyncio.run(calls_beside(hosts=1, connections=100)) == few
    assert asyncio.run(calls_beside(hosts=100, connections=1)) == few
