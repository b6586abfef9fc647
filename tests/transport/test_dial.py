"""Dialling: names, addresses, deadlines."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

import ulak
from tests.support import HttpServer, free_port, stalled_port
from ulak._transport import dial
from ulak._transport.async_dial import Resolver


def connect(host: str, port: int, *, seconds: float | None = 3.0) -> socket.socket:
    deadline = None if seconds is None else time.monotonic() + seconds
    return dial.connect(host, port, deadline, None, ())


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def infos(*ports: int) -> list[tuple]:
    kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    return [(*kind, ("127.0.0.1", port)) for port in ports]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("seconds", [3.0, None])
def test_it_connects(listener: socket.socket, host: str, seconds: float | None) -> None:
    with connect(host, listener.getsockname()[1], seconds=seconds) as sock:
        assert sock.getpeername() == listener.getsockname()


def test_ipv6() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        for host in ("::1", "[::1]"):
            with connect(host, listener.getsockname()[1]) as sock:
                assert sock.family == socket.AF_INET6


def test_options_are_set_before_connecting(listener: socket.socket) -> None:
    option = (socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    address = ("127.0.0.1", listener.getsockname()[1])
    with dial.connect(*address, None, ("127.0.0.7", 0), [option]) as sock:
        assert sock.getsockname()[0] == "127.0.0.7"
        assert sock.getsockopt(*option[:2]) == 2 * 8192


def test_the_next_address_when_one_refuses(listener, monkeypatch) -> None:
    good = listener.getsockname()[1]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: infos(free_port(), good))
    with connect("two.example", 1) as sock:
        assert sock.getpeername()[1] == good


def test_the_next_address_when_one_is_silent(listener, monkeypatch) -> None:
    good = listener.getsockname()[1]
    with stalled_port() as silent:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: infos(silent, good))
        start = time.monotonic()
        with connect("two.example", 1, seconds=0.6) as sock:
            assert sock.getpeername()[1] == good
        # Each gets its share: the silent one had half.
        assert 0.25 < time.monotonic() - start < 1.5


def test_the_last_error_is_raised(monkeypatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: infos(free_port(), free_port()))
    with pytest.raises(ConnectionRefusedError):
        connect("two.example", 1)


def test_a_deadline_over_all_addresses(monkeypatch) -> None:
    with stalled_port() as port:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: infos(port, port, port))
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            connect("many.example", 1, seconds=0.3)
        assert 0.28 < time.monotonic() - start < 1.5


def test_a_deadline_over_the_name_server(monkeypatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: release.wait(5) and infos(1))
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        connect("slow.example", 1, seconds=0.2)
    assert time.monotonic() - start < 1.5
    release.set()


def test_who_asks_again_of_a_silent_name_server_joins_the_lookup(listener, monkeypatch) -> None:
    port = listener.getsockname()[1]
    release, asked = threading.Event(), []

    def slow(*args, **kwargs):
        asked.append(threading.current_thread())
        release.wait(5)
        return infos(port)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    for _ in range(5):
        with pytest.raises(TimeoutError):
            connect("slow.example", port, seconds=0.02)
    with pytest.raises(TimeoutError):
        connect("another.example", port, seconds=0.05)
    late = threading.Timer(0.3, release.set)
    late.start()
    connect("slow.example", port).close()
    late.join()
    assert len(asked) == 2
    for thread in asked:
        thread.join(5)
    connect("slow.example", port).close()
    assert len(asked) == 3  # what it said is not kept


def test_an_address_asks_no_name_server(listener, monkeypatch) -> None:
    threads: list[str] = []
    genuine = socket.getaddrinfo

    def note(*args, **kwargs):
        threads.append(threading.current_thread().name)
        return genuine(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", note)
    connect("127.0.0.1", listener.getsockname()[1]).close()
    assert set(threads) <= {threading.current_thread().name}


@pytest.mark.parametrize("host", ["no-such-name.invalid", "x" * 64 + ".example", "a..b"])
@pytest.mark.parametrize("seconds", [3.0, None])
def test_a_name_without_address(host: str, seconds: float | None) -> None:
    with pytest.raises(socket.gaierror):
        connect(host, 1, seconds=seconds)


@pytest.mark.parametrize("error", [MemoryError(), KeyError("odd")])
def test_whatever_the_resolver_raises_arrives(monkeypatch, error: Exception) -> None:
    def raising(*args, **kwargs):
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", raising)
    with pytest.raises(type(error)):
        connect("odd.example", 1, seconds=2)


def test_a_deadline_that_has_passed(listener) -> None:
    with pytest.raises(TimeoutError):
        dial.connect("127.0.0.1", listener.getsockname()[1], time.monotonic() - 1, None, ())


def test_the_error_of_a_session_is_typed(session: ulak.Session) -> None:
    with pytest.raises(ulak.exceptions.NameResolutionError) as caught:
        session.get("http://no-such-name.invalid/")
    assert isinstance(caught.value, ulak.ConnectionError)
    assert "no-such-name.invalid" in str(caught.value)
    assert caught.value.request.url == "http://no-such-name.invalid/"


def test_a_session_over_ipv6(start_http_server, session: ulak.Session) -> None:
    server: HttpServer = start_http_server(host="::1")
    assert session.get(f"{server.url}/get").ok
    assert server.last.header("Host") == f"[::1]:{server.port}"


@pytest.mark.parametrize("why", ["can't start new thread", "interpreter shutdown"])
def test_a_name_is_resolved_where_no_thread_can_be_started(
    start_http_server, session: ulak.Session, monkeypatch, why: str
) -> None:
    server: HttpServer = start_http_server()
    genuine = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name.startswith("resolve"):
            refused.append(thread.name)
            raise RuntimeError(why)
        genuine(thread)

    refused: list[str] = []
    monkeypatch.setattr(threading.Thread, "start", start)
    assert session.get(f"{server.at('localhost')}/get").ok
    assert refused


class Blocked(Exception):
    """What a program puts in the place of ``getaddrinfo`` to forbid it; not made of its args."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port} is blocked")


@pytest.mark.parametrize("asking", [1, 4])
def test_what_a_lookup_raises_arrives(monkeypatch, asking: int) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def forbidden(host: object, port: int, *args: object, **kwargs: object) -> None:
        asked.set()
        go_on.wait(5)
        raise Blocked("name.example", port)

    monkeypatch.setattr(socket, "getaddrinfo", forbidden)

    def ask(_: int) -> BaseException | None:
        try:
            dial.resolve("name.example", 80, monotonic() + 5)
        except BaseException as exc:
            return exc
        return None

    with ThreadPoolExecutor(asking) as pool:
        found = [pool.submit(ask, n) for n in range(asking)]
        asked.wait(5)
        go_on.set()
        assert {type(x.result()) for x in found} == {Blocked}


@pytest.mark.parametrize("front", ["sync", "async"])
def test_what_a_lookup_raises_is_the_same_object_for_one_who_asks(monkeypatch, front: str) -> None:
    blocked = RuntimeError("blocked")  # which could be copied

    def forbidden(*args: object, **kwargs: object) -> None:
        raise blocked

    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    with pytest.raises(RuntimeError) as caught:
        if front == "sync":
            dial._resolve_in_thread("name.example", 80, monotonic() + 5, None)
        else:
            asyncio.run(Resolver().resolve("name.example", 80))
    assert caught.value is blocked


@pytest.mark.parametrize("asked_by", ["a request", "itself"])
def test_a_failed_lookup_leaves_nothing_to_collect(
    session: ulak.Session, monkeypatch, asked_by: str
) -> None:
    def failing(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            with contextlib.suppress(ulak.RequestException, socket.gaierror):
                if asked_by == "a request":
                    session.get("http://name.example/")
                else:
                    dial.resolve("name.example", 80, monotonic() + 5)
        left = [x for x in gc.get_objects() if type(x) is dial._Lookup]
    finally:
        gc.enable()
    assert len(left) <= 1
