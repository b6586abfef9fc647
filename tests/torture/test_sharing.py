"""One session for many threads, tasks and processes: nobody gets another's answer."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import ulak
from tests.support import Certificates
from tests.support.child_server import ChildServer, body_of
from tests.support.loops import LOOPS, Loop, warmed_up
from ulak.adapters import HTTPAdapter

#: How many at once, and how many requests each.
WORKERS, REQUESTS = 16, 1000
SLOW = 240


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(scope="module")
def server(certificates: Certificates) -> Iterator[ChildServer]:
    with ChildServer(certificates) as server:
        yield server


def target(worker: int, request: int) -> str:
    """Now and then a larger body, one in chunks, or a connection that is closed."""
    how = {0: "chunked/3000", 1: "close/300", 2: "plain/90000"}.get(request % 50, "plain/100")
    return f"/{how}/{worker}-{request}"


@pytest.mark.timeout(SLOW)
def test_16_threads_of_1000_requests(no_leaks: None, server: ChildServer) -> None:
    def work(worker: int) -> int:
        crossed = 0
        for request in range(REQUESTS):
            path = target(worker, request)
            crossed += session.get(server.url + path).content != body_of(path)
        return crossed

    adapter = HTTPAdapter(pool_maxsize=WORKERS // 2, pool_block=True)
    with (
        ulak.Session(adapters={"http://": adapter}, trust_env=False) as session,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        assert sum(pool.map(work, range(WORKERS))) == 0


@pytest.mark.timeout(SLOW)
@pytest.mark.parametrize("name", LOOPS)
def test_16_tasks_of_1000_requests(server: ChildServer, name: str) -> None:
    async def work(session: ulak.AsyncSession, worker: int) -> int:
        crossed = 0
        for request in range(REQUESTS):
            path = target(worker, request)
            crossed += (await session.get(server.url + path)).content != body_of(path)
        return crossed

    async def main() -> int:
        adapter = ulak.AsyncHTTPAdapter(max_connections=WORKERS // 2)
        async with ulak.AsyncSession(adapters={"http://": adapter}, trust_env=False) as session:
            return sum(await asyncio.gather(*(work(session, n) for n in range(WORKERS))))

    assert Loop(name, debug=False).run(main(), seconds=SLOW) == 0


# -- from another thread -----------------------------------------------------


def shut_down(session: ulak.Session, response: ulak.Response) -> None:
    response.raw.shutdown()


def close_response(session: ulak.Session, response: ulak.Response) -> None:
    response.close()


def close_session(session: ulak.Session, response: ulak.Response) -> None:
    session.close()


@pytest.mark.parametrize("end", [shut_down, close_session])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_read_that_another_thread_ends(
    no_leaks: None,
    server: ChildServer,
    certificates: Certificates,
    secure: bool,
    end: Callable[[ulak.Session, ulak.Response], None],
) -> None:
    url = server.tls_url if secure else server.url
    adapter = HTTPAdapter(pool_maxsize=1, pool_block=True)
    with ulak.Session(
        adapters={"https://": adapter, "http://": adapter}, verify=str(certificates.ca)
    ) as session:
        for number in range(10):
            with session.stream("GET", f"{url}/half/9000/{number}", timeout=10) as response:
                pieces = response.iter_content(1000)
                next(pieces)
                timer = threading.Timer(0.005 * (number % 3), end, (session, response))
                timer.start()
                start = time.monotonic()
                with pytest.raises(ulak.RequestException):
                    list(pieces)
                assert time.monotonic() - start < 5
                timer.join()
            answer = session.get(f"{url}/plain/100/{number}", timeout=ulak.Timeout(5, pool=1))
            assert answer.content == body_of(f"/plain/100/{number}")


@pytest.mark.parametrize("end", [shut_down, close_response, close_session])
@pytest.mark.parametrize(
    "by", ["", "http", "https"], ids=["direct", "by a proxy", "by a tls proxy"]
)
def test_no_byte_is_wrong_of_a_body_that_another_thread_ends(
    no_leaks: None,
    server: ChildServer,
    certificates: Certificates,
    by: str,
    end: Callable[[ulak.Session, ulak.Response], None],
) -> None:
    """What TLS has not decrypted is no body, nor is what comes on another connection."""
    proxy = server.tls_url if by == "https" else server.url
    cut = 0
    with ulak.Session(
        verify=str(certificates.ca), proxies={"all": proxy} if by else None, trust_env=False
    ) as session:
        for number in range(12):
            path = f"/plain/9000000/{number}"
            wanted, at = body_of(path), 0
            with session.stream("GET", server.tls_url + path, timeout=10) as response:
                timer = threading.Timer(0.001 * number, end, (session, response))
                timer.start()
                try:
                    for piece in response.iter_content(100_000):
                        assert wanted[at : at + len(piece)] == piece, "not of this body"
                        at += len(piece)
                except ulak.RequestException:
                    cut += 1
                timer.join()
            assert session.get(f"{server.tls_url}/plain/9/x").content == body_of("/plain/9/x")
    assert cut


def test_a_session_that_is_closed_under_16_threads(no_leaks: None, server: ChildServer) -> None:
    def work(worker: int) -> int:
        done = 0
        while not over.is_set():
            path = target(worker, done)
            try:
                content = session.get(server.url + path).content
            except ulak.exceptions.SessionClosed:
                continue
            assert content == body_of(path)
            done += 1
        return done

    over = threading.Event()
    with ulak.Session(trust_env=False) as session, ThreadPoolExecutor(WORKERS) as pool:
        counts = [pool.submit(work, worker) for worker in range(WORKERS)]
        for _ in range(50):
            time.sleep(0.01)  # long enough for some requests, of which one is then cut off
            session.close()
        over.set()
        assert all(count.result() for count in counts)


# -- in a child --------------------------------------------------------------


def test_children_that_are_forked_while_threads_send(server: ChildServer) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-m", "tests.torture.forks"]
    command.append(server.url)
    ended = subprocess.run(command, timeout=50, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("what", ["jar", "digest"])
def test_a_child_does_not_wait_for_a_lock_that_a_thread_of_its_parent_holds(what: str) -> None:
    digest = ulak.auth.HTTPDigestAuth("u", "p")
    session = ulak.Session(auth=digest, cookies={"a": "b"})
    lock = session.cookies._cookies_lock if what == "jar" else digest._lock
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        free = session.cookies._cookies_lock if what == "jar" else digest._lock
        os._exit(0 if free.acquire(timeout=1) else 1)
    _, status = os.waitpid(child, 0)
    over.set()
    thread.join()
    assert status == 0
