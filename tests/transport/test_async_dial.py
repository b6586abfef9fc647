"""Dialling from an event loop: names, races, cancellation at every await."""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.util
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import open_descriptors
from tests.support import free_port, stalled_port
from ulak._transport import async_dial
from ulak._transport.async_dial import Resolver, connect_unix
from ulak._transport.dial import AddressInfo

LOOPS = ["asyncio"]
if importlib.util.find_spec("uvloop"):
    LOOPS.append("uvloop")

#: What nothing here should take, and what ends a test that would hang.
LONG = 10.0


# -- a loop, and what may not be left in it ----------------------------------


class Loop:
    """Runs coroutines, and fails if one leaves a task or an error that nobody saw."""

    def __init__(self, factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self.factory = factory

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        unseen: list[dict[str, Any]] = []

        async def main() -> Any:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: unseen.append(context))
            async with asyncio.timeout(LONG):
                try:
                    return await coroutine
                finally:
                    assert asyncio.all_tasks() == {asyncio.current_task()}

        with asyncio.Runner(loop_factory=self.factory) as runner:
            result = runner.run(main())
            gc.collect()  # a future says that nobody saw its error when it is collected
        assert not unseen, unseen
        return result


def factory_of(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module(name).new_event_loop
    return factory


@pytest.fixture(scope="module", autouse=True)
def loops_have_run() -> None:
    """The first loop of a kind may open what the process then keeps: uvloop's does."""
    for name in LOOPS:
        with asyncio.Runner(loop_factory=factory_of(name)) as runner:
            runner.run(asyncio.sleep(0))


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(factory_of(request.param))


class Fixed(Resolver):
    """Answers with the same addresses whatever it is asked."""

    def __init__(self, *addresses: AddressInfo) -> None:
        super().__init__()
        self.addresses = list(addresses)

    async def resolve(self, host: str, port: int) -> list[AddressInfo]:
        return self.addresses


def v4(port: int, host: str = "127.0.0.1") -> AddressInfo:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))


def v6(port: int, host: str = "::1") -> AddressInfo:
    return (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (host, port, 0, 0))


async def connect(
    host: str,
    port: int = 1,
    *,
    source_address: Any = None,
    options: Any = (),
    resolver: Resolver | None = None,
) -> socket.socket:
    return await async_dial.connect(
        host,
        port,
        source_address=source_address,
        options=options,
        resolver=Resolver() if resolver is None else resolver,
    )


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def listener6() -> Iterator[socket.socket]:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as sock:
        yield sock


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


# -- one address -------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_it_connects(loop: Loop, listener: socket.socket, host: str) -> None:
    with loop.run(connect(host, port_of(listener))) as sock:
        assert sock.getpeername() == listener.getsockname()
        assert sock.gettimeout() == 0


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6(loop: Loop, listener6: socket.socket, host: str) -> None:
    with loop.run(connect(host, port_of(listener6))) as sock:
        assert sock.getpeername() == listener6.getsockname()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "::1", "[::1]", "fe80::1%lo"])
def test_an_address_needs_no_thread(loop: Loop, monkeypatch, host: str) -> None:
    threads: list[threading.Thread] = []
    genuine = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        threads.append(thread)
        genuine(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    found = loop.run(Resolver().resolve(host, 7))
    assert [address[4][1] for address in found] == [7]
    assert not threads


def test_what_only_looks_like_an_address_reaches_no_name_server(loop: Loop, monkeypatch) -> None:
    genuine = socket.getaddrinfo

    def note(*args: Any) -> Any:
        asked.append(args[5])
        return genuine(*args)

    asked: list[int] = []
    monkeypatch.setattr(socket, "getaddrinfo", note)
    for host in ("::nonsense", "fe80::1%no-such-zone", "1.2.3.4 "):
        with pytest.raises(socket.gaierror):
            loop.run(connect(host))
    assert asked == [socket.AI_NUMERICHOST] * 3


def test_one_address_makes_no_task(loop: Loop, listener: socket.socket) -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(refuse)
        try:
            (await connect("127.0.0.1", port_of(listener))).close()
        finally:
            asyncio.get_running_loop().set_task_factory(None)

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a task")

    loop.run(main())


def test_a_closed_port_says_why(loop: Loop) -> None:
    with pytest.raises(ConnectionRefusedError) as caught:
        loop.run(connect("127.0.0.1", free_port()))
    assert str(caught.value) == "[Errno 111] Connection refused"


def test_options_are_set_before_connecting(loop: Loop, listener: socket.socket) -> None:
    option = (socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    with loop.run(connect("127.0.0.1", port_of(listener), options=[option])) as sock:
        assert sock.getsockopt(*option[:2]) == 2 * 8192
        # The window that was offered when connecting is that of the small buffer.
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP) <= 2 * 8192


def test_a_refused_option_closes_the_socket(loop: Loop) -> None:
    for addresses in ([v4(1)], [v4(1), v6(1)]):
        with pytest.raises(OSError, match="Protocol not available"):
            loop.run(connect("any.example", options=[(6, 9999, 1)], resolver=Fixed(*addresses)))


def test_options_that_are_none(loop: Loop) -> None:
    for addresses in ([v4(1)], [v4(1), v6(1)]):
        with pytest.raises(TypeError):
            loop.run(connect("any.example", options=[("a", "b", "c")], resolver=Fixed(*addresses)))


# -- the source address ------------------------------------------------------


@pytest.mark.parametrize("source", ["127.0.0.7", ("127.0.0.7", 0)])
def test_a_source_address(loop: Loop, listener: socket.socket, source: Any) -> None:
    with loop.run(connect("127.0.0.1", port_of(listener), source_address=source)) as sock:
        assert sock.getsockname()[0] == "127.0.0.7"


def test_a_source_port(loop: Loop, listener: socket.socket) -> None:
    port = free_port()
    with loop.run(connect("127.0.0.1", port_of(listener), source_address=("", port))) as sock:
        assert sock.getsockname() == ("127.0.0.1", port)


def test_a_source_by_name(loop: Loop, listener: socket.socket) -> None:
    with loop.run(connect("127.0.0.1", port_of(listener), source_address="localhost")) as sock:
        assert sock.getpeername() == listener.getsockname()


def test_a_source_of_several_addresses(loop: Loop, listener: socket.socket) -> None:
    class Both(Resolver):
        async def resolve(self, host: str, port: int) -> list[AddressInfo]:
            if host == "server.example":
                return [v4(port_of(listener))]
            return [v6(port), v4(port, "127.0.0.7"), v4(port, "127.0.0.8")]

    dialling = connect("server.example", source_address="us.example", resolver=Both())
    with loop.run(dialling) as sock:
        assert sock.getsockname()[0] == "127.0.0.7"


def test_a_source_without_address(loop: Loop, listener: socket.socket) -> None:
    with pytest.raises(OSError, match=r"source address 'x\.\.y'") as caught:
        loop.run(connect("127.0.0.1", port_of(listener), source_address="x..y"))
    assert not isinstance(caught.value, socket.gaierror)  # the server's name is in order


def test_addresses_of_another_family_than_the_source_are_passed_over(
    loop: Loop, listener: socket.socket, listener6: socket.socket
) -> None:
    resolver = Fixed(v6(port_of(listener6)), v4(port_of(listener)))
    for source, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
        with loop.run(connect("both.example", source_address=source, resolver=resolver)) as sock:
            assert sock.family == family


def test_no_address_of_the_source_s_family(loop: Loop) -> None:
    with pytest.raises(OSError, match=r"both\.example has no address .* '127\.0\.0\.1'"):
        loop.run(connect("both.example", source_address="127.0.0.1", resolver=Fixed(v6(1))))


def test_a_source_that_is_not_of_this_machine(loop: Loop, listener: socket.socket) -> None:
    with pytest.raises(OSError, match="Cannot assign"):
        loop.run(connect("127.0.0.1", port_of(listener), source_address="203.0.113.1"))


# -- several addresses -------------------------------------------------------


def test_no_address_at_all(loop: Loop) -> None:
    with pytest.raises(OSError, match=r"none\.example has no address$"):
        loop.run(connect("none.example", resolver=Fixed()))


@pytest.mark.parametrize("first", [v4, v6])
def test_the_next_address_at_once_when_one_refuses(
    loop: Loop, listener: socket.socket, first: Callable[[int], AddressInfo], monkeypatch
) -> None:
    monkeypatch.setattr(async_dial, "CONNECTION_ATTEMPT_DELAY", LONG)
    refused = first(free_port("127.0.0.1" if first is v4 else "::1"))
    resolver = Fixed(refused, refused, v4(port_of(listener)))
    with loop.run(connect("three.example", resolver=resolver)) as sock:
        assert sock.getpeername() == listener.getsockname()


def test_the_next_address_when_the_first_is_silent(loop: Loop, listener: socket.socket) -> None:
    async def main(silent: int) -> tuple[socket.socket, float]:
        now = asyncio.get_running_loop().time
        start = now()
        resolver = Fixed(v4(silent), v4(port_of(listener)))
        return await connect("two.example", resolver=resolver), now() - start

    with stalled_port() as silent:
        sock, seconds = loop.run(main(silent))
        with sock:
            assert sock.getpeername() == listener.getsockname()
        assert 0.24 < seconds < 2


def test_a_failure_does_not_cut_short_the_head_start_of_a_later_attempt(
    loop: Loop, listener: socket.socket
) -> None:
    """The first refuses at once, the second is silent: the third waits for its turn."""

    async def main(silent: int) -> float:
        now = asyncio.get_running_loop().time
        start = now()
        resolver = Fixed(v4(free_port()), v4(silent), v4(port_of(listener)))
        (await connect("three.example", resolver=resolver)).close()
        return now() - start

    with stalled_port() as silent:
        assert 0.24 < loop.run(main(silent)) < 2


def test_a_slow_address_may_still_win(loop: Loop, monkeypatch) -> None:
    """The first is silent until the second has begun, and answers when room is made."""
    monkeypatch.setattr(async_dial, "CONNECTION_ATTEMPT_DELAY", 0.01)
    with ExitStack() as stack:
        slow = stack.enter_context(socket.socket())
        slow.bind(("127.0.0.1", 0))
        slow.listen(0)
        filler = stack.enter_context(socket.create_connection(slow.getsockname()))
        silent = stack.enter_context(stalled_port())

        async def main() -> socket.socket:
            async with asyncio.TaskGroup() as group:
                resolver = Fixed(v4(port_of(slow)), v4(silent))
                dialling = group.create_task(connect("two.example", resolver=resolver))
                await asyncio.sleep(0.05)
                slow.accept()[0].close()
            return dialling.result()

        sock = stack.enter_context(loop.run(main()))
        assert sock.getpeername() == slow.getsockname()
        assert filler.getpeername() == slow.getsockname()


def test_two_that_connect_at_once(loop: Loop, listener: socket.socket, monkeypatch) -> None:
    monkeypatch.setattr(async_dial, "CONNECTION_ATTEMPT_DELAY", 0)
    resolver = Fixed(*[v4(port_of(listener))] * 8)
    before = open_descriptors()
    with loop.run(connect("many.example", resolver=resolver)) as sock:
        assert sock.getpeername() == listener.getsockname()
        assert len(open_descriptors()) == len(before) + 1


def test_all_refuse_with_the_same_words(loop: Loop) -> None:
    resolver = Fixed(v4(free_port()), v6(free_port("::1")), v4(free_port()))
    with pytest.raises(ConnectionRefusedError) as caught:
        loop.run(connect("three.example", resolver=resolver))
    assert str(caught.value) == "[Errno 111] Connection refused"


def test_each_fails_with_its_own_words(loop: Loop) -> None:
    # Nothing is behind the loopback but the loopback.
    resolver = Fixed(v6(1, "ff02::1"), v4(free_port()))
    with pytest.raises(OSError, match=r"ff02::1: .*; 127\.0\.0\.1: Connection refused") as caught:
        loop.run(connect("two.example", resolver=resolver))
    assert caught.value.errno not in (None, 111)  # the first one's


def test_the_loop_need_not_name_the_reason_for_it_to_be_told(loop: Loop, tmp_path: Path) -> None:
    family = (socket.AF_UNIX, socket.SOCK_STREAM, 0, "", str(tmp_path / "absent"))
    with pytest.raises(FileNotFoundError, match="No such file"):
        loop.run(connect("odd.example", resolver=Fixed(family)))


def test_a_race_is_no_garbage(loop: Loop, listener: socket.socket) -> None:
    """A cycle would keep the errors and what their frames hold until it is looked for."""

    def races() -> set[int]:
        return {id(each) for each in gc.get_objects() if isinstance(each, async_dial._Race)}

    async def main() -> set[int]:
        before = races()  # of other tests, whose errors may be kept for the report
        for last in (port_of(listener), free_port()):
            resolver = Fixed(v4(free_port()), v4(last))
            with suppress(ConnectionRefusedError):
                (await connect("two.example", resolver=resolver)).close()
        return races() - before

    gc.collect()
    gc.disable()
    try:
        assert loop.run(main()) == set()
    finally:
        gc.enable()


@given(st.lists(st.tuples(st.sampled_from([2, 10, 30]), st.integers()), max_size=12))
def test_families_take_turns(pairs: list[tuple[int, int]]) -> None:
    addresses: list[AddressInfo] = [(family, 1, 6, "", number) for family, number in pairs]
    mixed = async_dial._interleaved(addresses)
    order = list(dict.fromkeys(family for family, _ in pairs))
    for family in order:  # each in its own order, and all of it
        assert [a for a in mixed if a[0] == family] == [a for a in addresses if a[0] == family]
    families = [address[0] for address in mixed]
    turns = [
        (families[:position].count(family), order.index(family))
        for position, family in enumerate(families)
    ]
    assert turns == sorted(turns)


# -- unix sockets ------------------------------------------------------------


@contextmanager
def unix_listener(path: Path, backlog: int = 5) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen(backlog)
        yield sock


def test_a_unix_socket(loop: Loop, tmp_path: Path) -> None:
    option = (socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    path = str(tmp_path / "s")
    with unix_listener(tmp_path / "s"), loop.run(connect_unix(path, [option])) as sock:
        assert sock.getpeername() == path
        assert sock.gettimeout() == 0
        assert sock.getsockopt(*option[:2]) == 2 * 8192


def test_a_unix_socket_whose_queue_is_full(loop: Loop, tmp_path: Path) -> None:
    path = str(tmp_path / "s")

    async def main(listener: socket.socket) -> socket.socket:
        async with asyncio.TaskGroup() as group:
            dialling = group.create_task(connect_unix(path, ()))
            await asyncio.sleep(0.05)
            assert not dialling.done()
            listener.accept()[0].close()
        return dialling.result()

    with unix_listener(tmp_path / "s", 0) as listener, socket.socket(socket.AF_UNIX) as filler:
        filler.connect(path)
        with loop.run(main(listener)) as sock:
            assert sock.getpeername() == path


def test_a_unix_socket_where_nobody_listens(loop: Loop, tmp_path: Path) -> None:
    with unix_listener(tmp_path / "s"):
        pass
    for name, error in (
        ("s", ConnectionRefusedError),
        ("absent", FileNotFoundError),
        ("x" * 200, OSError),
    ):
        with pytest.raises(error):
            loop.run(connect_unix(str(tmp_path / name), ()))
    with pytest.raises(OSError, match="not supported"):
        option = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop.run(connect_unix(str(tmp_path / "s"), [option]))


# -- names -------------------------------------------------------------------


class NameServer:
    """Stands in for :func:`socket.getaddrinfo`: silent until told, and counts."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()
        self._may_answer = threading.Event()
        self._reached = threading.Condition(self._lock)

    def __call__(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            self.asked.append(host)
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
            self._reached.notify_all()
        answered = self._may_answer.wait(LONG)
        with self._lock:
            self.at_once -= 1
        assert answered
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def speak(self) -> None:
        self._may_answer.set()

    async def reached(self, number: int) -> None:
        """Return when ``number`` lookups have been begun."""

        def wait() -> bool:
            with self._lock:
                return self._reached.wait_for(lambda: len(self.asked) >= number, LONG)

        # In the loop's own executor, which no lookup may occupy.
        assert await asyncio.get_running_loop().run_in_executor(None, wait)


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer([v4(1)])
    monkeypatch.setattr(socket, "getaddrinfo", server)
    yield server
    server.speak()


@pytest.mark.parametrize("host", ["no-such-name.invalid", "x" * 64 + ".example", "a..b", "ü" * 70])
def test_a_name_without_address(loop: Loop, host: str) -> None:
    with pytest.raises(socket.gaierror):
        loop.run(connect(host))


@pytest.mark.parametrize("error", [MemoryError(), KeyError("odd"), SystemError("odd")])
def test_whatever_the_resolver_raises_arrives(
    loop: Loop, name_server: NameServer, error: Exception
) -> None:
    name_server.answer = error
    name_server.speak()
    with pytest.raises(type(error)) as caught:
        loop.run(connect("odd.example"))
    assert repr(caught.value) == repr(error)


def test_a_silent_name_server_can_be_left(loop: Loop, name_server: NameServer) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connect("slow.example")

    loop.run(main())  # and the thread finds its loop closed


def test_lookups_of_the_same_place_share_one(loop: Loop, name_server: NameServer) -> None:
    async def main() -> list[list[AddressInfo]]:
        resolver = Resolver()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(resolver.resolve("a.example", 80)) for _ in range(50)]
            other = group.create_task(resolver.resolve("a.example", 81))
            gone = group.create_task(resolver.resolve("a.example", 80))
            await name_server.reached(2)
            gone.cancel()  # which is nothing to the others
            name_server.speak()
        assert gone.cancelled()
        assert await other == [v4(1)]
        assert await resolver.resolve("a.example", 80) == [v4(1)]  # anew: nothing is remembered
        return [await task for task in tasks]

    results = loop.run(main())
    assert results == [[v4(1)]] * 50
    assert len({id(each) for each in results}) == 50
    assert name_server.asked == ["a.example"] * 3


def test_an_error_is_each_asker_s_own(loop: Loop, name_server: NameServer) -> None:
    async def main() -> list[Any]:
        resolver = Resolver()
        name_server.speak()
        asked = [resolver.resolve("a.example", 80) for _ in range(20)]
        return await asyncio.gather(*asked, return_exceptions=True)

    name_server.answer = socket.gaierror(socket.EAI_NONAME, "no such name")
    errors = loop.run(main())
    assert len({id(error) for error in errors}) == 20
    for error in errors:
        assert repr(error) == repr(name_server.answer)
        traceback, frames = error.__traceback__, 0
        while traceback is not None:
            traceback, frames = traceback.tb_next, frames + 1
        assert frames < 5


def test_threads_are_few_and_the_rest_wait_in_order(loop: Loop, name_server: NameServer) -> None:
    names = [f"n{number}.example" for number in range(40)]

    async def main() -> None:
        resolver = Resolver()
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(resolver.resolve(name, 80))
            await name_server.reached(16)
            name_server.speak()

    loop.run(main())
    assert name_server.most_at_once <= 16
    assert sorted(name_server.asked[:16]) == sorted(names[:16])
    assert sorted(name_server.asked) == sorted(names)


def test_the_queue_keeps_its_order(loop: Loop, name_server: NameServer, monkeypatch) -> None:
    monkeypatch.setattr(async_dial, "MOST_LOOKUPS", 1)
    names = [f"n{number}.example" for number in range(12)]

    async def main() -> None:
        resolver = Resolver()
        name_server.speak()
        await asyncio.gather(*[resolver.resolve(name, 80) for name in names])

    loop.run(main())
    assert name_server.asked == names
    assert name_server.most_at_once == 1


def test_hung_lookups_hold_their_threads_and_those_given_up_in_the_queue_are_dropped(
    loop: Loop, name_server: NameServer
) -> None:
    async def main() -> None:
        resolver = Resolver()

        async def ask(name: str) -> None:
            async with asyncio.timeout(0.05):
                await resolver.resolve(name, 80)

        names = [f"n{number}.example" for number in range(40)]
        outcomes = await asyncio.gather(*map(ask, names), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {TimeoutError}
        await name_server.reached(16)
        # The first joins what hangs, the others have to wait until a thread is free.
        late = [resolver.resolve(name, 80) for name in ("n0.example", "n39.example", "x.example")]
        answers = asyncio.gather(*late)
        await asyncio.sleep(0)
        assert len(name_server.asked) == 16
        name_server.speak()
        assert await answers == [[v4(1)]] * 3

    loop.run(main())
    assert name_server.asked[16:] in (["n39.example", "x.example"], ["x.example", "n39.example"])


def test_one_of_two_askers_in_the_queue_gives_up(
    loop: Loop, name_server: NameServer, monkeypatch
) -> None:
    monkeypatch.setattr(async_dial, "MOST_LOOKUPS", 1)

    async def main() -> None:
        resolver = Resolver()
        async with asyncio.TaskGroup() as group:
            first = group.create_task(resolver.resolve("first.example", 80))
            gone = group.create_task(resolver.resolve("second.example", 80))
            stays = group.create_task(resolver.resolve("second.example", 80))
            await name_server.reached(1)
            gone.cancel()
            await asyncio.wait([gone])
            name_server.speak()
        assert first.result() == stays.result() == [v4(1)]

    loop.run(main())
    assert name_server.asked == ["first.example", "second.example"]


@pytest.mark.parametrize("why", ["can't start new thread", "interpreter shutdown"])
def test_a_name_is_resolved_where_no_thread_can_be_started(
    loop: Loop, listener: socket.socket, monkeypatch, why: str
) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError(why)

    async def main() -> list[list[AddressInfo]]:
        resolver = Resolver()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start)
            places = [("localhost", 1), ("localhost", 1), ("localhost", 2)]
            found = await asyncio.gather(*[resolver.resolve(*place) for place in places])
        return [*found, await resolver.resolve("localhost", 1)]

    one, same, other, again = loop.run(main())
    assert one == same == again != other


def test_a_resolver_serves_one_loop(loop: Loop) -> None:
    resolver = Resolver()
    loop.run(resolver.resolve("localhost", 1))
    with pytest.raises(RuntimeError, match="make another"):
        loop.run(resolver.resolve("localhost", 1))


_EXIT = """
import asyncio, socket, threading
from ulak._transport.async_dial import Resolver

begun = threading.Event()

def silent(*args, **kwargs):
    begun.set()
    threading.Event().wait()

async def main():
    resolver = Resolver()
    asking = asyncio.ensure_future(resolver.resolve("slow.example", 80))
    assert await asyncio.get_running_loop().run_in_executor(None, begun.wait, 10)
    asking.cancel()

socket.getaddrinfo = silent
asyncio.run(main())
print("done")
"""


def test_a_silent_name_server_does_not_keep_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _EXIT], capture_output=True, text=True, timeout=30, check=True
    )
    assert (done.stdout, done.stderr) == ("done\n", "")


# -- cancellation at every await ---------------------------------------------


class CancelledAt:
    """Awaits a coroutine, and cancels the task at the ``numbers``-th suspensions of it.

    :param late: cancel when what was waited for is there, but before the coroutine
        has seen it, instead of while it is waited for.
    """

    def __init__(self, awaitable: Awaitable[Any], numbers: set[int], *, late: bool) -> None:
        self._awaitable = awaitable
        self._numbers = numbers
        self._late = late
        self.suspensions = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        task = asyncio.current_task()
        assert task is not None
        steps = self._awaitable.__await__()
        send: Callable[[], Any] = steps.__next__
        while True:
            try:
                waited_for = send()
            except StopIteration as end:
                return end.value
            self.suspensions += 1
            if self.suspensions in self._numbers:
                if self._late and waited_for is not None:
                    waited_for.add_done_callback(lambda _: task.cancel())
                else:
                    task.cancel()
            try:
                yield waited_for
            except BaseException as exc:
                send = lambda exc=exc: steps.throw(exc)  # noqa: E731
            else:
                send = steps.__next__


Dial = Callable[[], Coroutine[Any, Any, socket.socket]]


async def cancel_everywhere(dial: Dial, cancelled: Callable[[int], set[int]], late: bool) -> int:
    """Cancel ``dial()`` at each of its suspensions in turn, and look for what is left.

    :param cancelled: the suspensions to cancel at, of which this is the first.
    :returns: how many suspensions there were.
    """

    async def dialled(stepper: CancelledAt) -> socket.socket | None:
        try:
            return await stepper
        except OSError:
            return None

    for number in count(1):
        before = open_descriptors()
        stepper = CancelledAt(dial(), cancelled(number), late=late)
        task = asyncio.ensure_future(dialled(stepper))
        await asyncio.wait([task])
        assert asyncio.all_tasks() == {asyncio.current_task()}
        if not task.cancelled():
            if (sock := task.result()) is not None:
                sock.close()
            assert stepper.suspensions < number
            return number - 1
        assert open_descriptors() == before
    raise AssertionError


@pytest.fixture(params=["one", "name", "refused, good", "silent, good", "all at once", "refused"])
def dial(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    listener: socket.socket,
    name_server: NameServer,
) -> Iterator[Dial]:
    """Ways to connect that take an event loop different paths."""
    good = v4(port_of(listener))
    name_server.answer = [good]
    name_server.speak()
    monkeypatch.setattr(async_dial, "CONNECTION_ATTEMPT_DELAY", 0.01)
    with stalled_port() as silent:
        resolver = {
            "one": Fixed(good),
            "name": None,
            "refused, good": Fixed(v4(free_port()), good),
            "silent, good": Fixed(v4(silent), good, v4(silent)),
            "all at once": Fixed(*[good] * 4),
            "refused": Fixed(*[v4(free_port())] * 3),
        }[request.param]
        yield lambda: connect("some.example", resolver=resolver)


@pytest.mark.parametrize("late", [False, True], ids=["while it waits", "when it has what it wants"])
@pytest.mark.parametrize("twice", [False, True], ids=["once", "again while it ends"])
def test_cancelled_at_every_await(loop: Loop, dial: Dial, late: bool, twice: bool) -> None:
    def cancelled(number: int) -> set[int]:
        return {number, number + 1} if twice else {number}

    assert loop.run(cancel_everywhere(dial, cancelled, late)) > 0


def test_cancelled_while_a_unix_socket_s_queue_is_full(loop: Loop, tmp_path: Path) -> None:
    async def main(listener: socket.socket) -> None:
        async with asyncio.TaskGroup() as group:
            before = open_descriptors()
            dialling = group.create_task(connect_unix(path, ()))
            await asyncio.sleep(0.03)
            assert open_descriptors() != before
            dialling.cancel()
            await asyncio.wait([dialling])
            assert open_descriptors() == before

    path = str(tmp_path / "s")
    with unix_listener(tmp_path / "s", 0) as listener, socket.socket(socket.AF_UNIX) as filler:
        filler.connect(path)
        loop.run(main(listener))


def test_the_loop_ends_while_attempts_are_under_way(loop: Loop) -> None:
    """As when a program is interrupted: everything is cancelled, in no order."""

    async def main(silent: int) -> None:
        resolver = Fixed(v4(silent), v4(silent))
        asking = asyncio.ensure_future(connect("two.example", resolver=resolver))
        await asyncio.sleep(0.3)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    with stalled_port() as silent:
        loop.run(main(silent))
