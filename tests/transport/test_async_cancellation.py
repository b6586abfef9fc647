"""Cancellation at every await of a request: what is left is as if it had never been sent.

Each scenario is run again and again, and the n-th time cancelled at its n-th suspension,
until it comes to its end before that.  After each the same session, which may have one
connection only, has to answer at once, rightly, and with no more open than that one.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from urllib3.util import Retry

import ulak
from tests.conftest import open_descriptors
from tests.support import Certificates, RawConnection, RawServer, stalled_port
from tests.support.child_server import ChildServer, body_of
from tests.support.loops import LOOPS, CancelledAt, Loop, TurnCounter, warmed_up
from ulak.exceptions import SessionClosed

#: For what comes after a cancellation: whatever is not given back shows up soon.
SOON = ulak.Timeout(connect=5, read=5, pool=2, total=10)
LARGE = bytes(range(256)) * 2000


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(scope="module")
def server(certificates: Certificates) -> Iterator[ChildServer]:
    with ChildServer(certificates) as server:
        yield server


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(request.param)


# -- what is cancelled -------------------------------------------------------

#: A request in a session under a name of its own, and whether it brought what it should.
Ask = Callable[[ulak.AsyncSession, str], Coroutine[Any, Any, bool]]


class Ground(NamedTuple):
    """Where the requests go."""

    plain: str
    secure: str
    file: Path

    @property
    def by_name(self) -> str:
        return self.plain.replace("127.0.0.1", "localhost")

    def socks(self, kind: str) -> str:
        return self.plain.replace("http", kind)


class Scenario(NamedTuple):
    """What is asked for, and how."""

    ask: Ask
    #: The proxy.
    by: str | None = None
    #: Whether what follows is asked for by TLS.
    secure: bool = False
    #: Whether each time begins without a connection.
    afresh: bool = False


def one_connection(**settings: Any) -> ulak.AsyncSession:
    """A session that may have one connection only."""
    adapter = ulak.AsyncHTTPAdapter(max_connections=1)
    adapters = {"https://": adapter, "http://": adapter}
    return ulak.AsyncSession(adapters=adapters, **{"timeout": SOON, **settings})


def get(url: str, **how: Any) -> Ask:
    async def ask(session: ulak.AsyncSession, name: str) -> bool:
        response = await session.get(f"{url}/{name}", **how)
        return response.content == body_of(response.request.path_url)

    return ask


def streamed(url: str, *, most: int = 1 << 30) -> Ask:
    async def ask(session: ulak.AsyncSession, name: str) -> bool:
        whole = b""
        async with session.stream("GET", f"{url}/{name}") as response:
            wanted = body_of(response.request.path_url)
            async with contextlib.aclosing(response.aiter_content(20_000)) as pieces:
                async for piece in pieces:
                    whole += piece
                    if len(whole) >= most:
                        return wanted.startswith(whole)
        return whole == wanted

    return ask


def put(url: str, make: Callable[[], Any], **how: Any) -> Ask:
    async def ask(session: ulak.AsyncSession, name: str) -> bool:
        with contextlib.ExitStack() as stack:
            data = make()
            if hasattr(data, "close"):
                stack.callback(data.close)
            answer = await session.post(f"{url}/{name}", data=data, **how)
        return answer.content == LARGE

    return ask


def waiting(url: str, holds: Ask) -> Ask:
    """A request that waits until the only connection is held no more."""

    async def ask(session: ulak.AsyncSession, name: str) -> bool:
        async with asyncio.TaskGroup() as group:
            holder = group.create_task(holds(session, "holder"))
            await asyncio.sleep(0)
            good = await get(url)(session, name)
            return good and await holder

    return ask


async def blocks() -> AsyncIterator[bytes]:
    for at in range(0, len(LARGE), 100_000):
        await asyncio.sleep(0)
        yield LARGE[at : at + 100_000]


DIGEST = ulak.auth.HTTPDigestAuth("u", "p")
PATIENT = Retry(4, status_forcelist=[503], backoff_factor=0.002)
EXPECT = {"Expect": "100-continue"}

SCENARIOS: dict[str, Callable[[Ground], Scenario]] = {
    "plain": lambda g: Scenario(get(f"{g.plain}/plain/300"), afresh=True),
    "by name": lambda g: Scenario(get(f"{g.by_name}/plain/300"), afresh=True),
    "tls": lambda g: Scenario(get(f"{g.secure}/plain/300"), secure=True, afresh=True),
    "by a proxy": lambda g: Scenario(get(f"{g.plain}/plain/300"), g.plain, afresh=True),
    "tls by a proxy": lambda g: Scenario(get(f"{g.secure}/plain/300"), g.plain, True, True),
    "tls by a tls proxy": lambda g: Scenario(get(f"{g.secure}/plain/300"), g.secure, True, True),
    "socks4": lambda g: Scenario(get(f"{g.plain}/plain/300"), g.socks("socks4"), False, True),
    "a name by socks5": lambda g: Scenario(
        get(f"{g.by_name}/plain/300"), g.socks("socks5"), False, True
    ),
    "tls by socks5h": lambda g: Scenario(
        get(f"{g.secure}/plain/300"), g.socks("socks5h"), True, True
    ),
    "waiting for a slot": lambda g: Scenario(
        waiting(f"{g.plain}/plain/300", streamed(f"{g.plain}/half/90000", most=20_000))
    ),
    "waiting for a connection": lambda g: Scenario(
        waiting(f"{g.plain}/plain/300", get(f"{g.plain}/late/300"))
    ),
    "reused": lambda g: Scenario(get(f"{g.plain}/plain/300")),
    "upload of bytes": lambda g: Scenario(put(f"{g.plain}/echo/0", lambda: LARGE)),
    "upload of a file": lambda g: Scenario(put(f"{g.plain}/echo/0", lambda: g.file.open("rb"))),
    "upload of an async iterator": lambda g: Scenario(put(f"{g.plain}/echo/0", blocks)),
    "upload with leave": lambda g: Scenario(
        put(f"{g.plain}/echo/0", lambda: LARGE, headers=EXPECT)
    ),
    "late head": lambda g: Scenario(get(f"{g.plain}/late/300")),
    "body in pieces": lambda g: Scenario(get(f"{g.plain}/pieces/90000")),
    "large body": lambda g: Scenario(get(f"{g.plain}/plain/3000000")),
    "coded body": lambda g: Scenario(get(f"{g.plain}/gzip/90000")),
    "body until the end": lambda g: Scenario(get(f"{g.plain}/end/90000")),
    "streamed": lambda g: Scenario(streamed(f"{g.plain}/pieces/90000")),
    "streamed in chunks": lambda g: Scenario(streamed(f"{g.plain}/chunked/90000")),
    "streamed in part": lambda g: Scenario(streamed(f"{g.plain}/half/90000", most=20_000)),
    "streamed by tls": lambda g: Scenario(streamed(f"{g.secure}/pieces/90000"), secure=True),
    "redirect": lambda g: Scenario(get(f"{g.plain}/moved/300")),
    "retry": lambda g: Scenario(get(f"{g.plain}/third/300", retries=PATIENT)),
    "digest": lambda g: Scenario(get(f"{g.plain}/digest/300", auth=DIGEST)),
}


#: Those in which uvloop does something else than asyncio.
NATIVE = ("plain", "by name", "tls", "tls by a proxy", "tls by a tls proxy", "tls by socks5h")
NATIVE += ("waiting for a slot", "upload of bytes", "upload of a file", "body in pieces")
NATIVE += ("streamed by tls", "streamed in part")
CASES = [
    (kind, name) for kind in LOOPS for name in SCENARIOS if kind == "asyncio" or name in NATIVE
]


@pytest.fixture(scope="module")
def ground(server: ChildServer, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    file = tmp_path_factory.mktemp("upload") / "upload"
    file.write_bytes(LARGE)
    return Ground(server.url, server.tls_url, file)


# -- and what has to be whole afterwards -------------------------------------

#: Runs what is asked for, cancelling it at the given number; tells whether it came to that.
Strike = Callable[[Coroutine[Any, Any, bool], int], Coroutine[Any, Any, bool]]


async def cancel_everywhere(
    scenario: Scenario, ground: Ground, certificates: Certificates, strike: Strike
) -> int:
    """Cancel a scenario everywhere in turn, and look for what is left.

    :returns: at how many places it was cancelled.
    """
    after = f"{ground.secure if scenario.secure else ground.plain}/plain/200"
    async with one_connection(
        verify=str(certificates.ca),
        proxies={"all": scenario.by} if scenario.by else None,
        trust_env=False,
    ) as session:
        assert await scenario.ask(session, "before")
        await session.close()
        before = open_descriptors()
        for number in count(1):
            if scenario.afresh:
                await session.close()
            struck = await strike(scenario.ask(session, f"n{number}"), number)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert await get(after)(session, f"after{number}")
            opened = open_descriptors().items() - before.items()
            assert len(opened) == 1, opened
            if not struck:
                await session.close()
                assert open_descriptors() == before
                return number - 1
        raise AssertionError


def at_suspensions(late: bool, twice: bool) -> Strike:
    async def strike(asked: Coroutine[Any, Any, bool], number: int) -> bool:
        stepper = CancelledAt(asked, {number, number + 1} if twice else {number}, late=late)

        async def awaited() -> bool:
            return bool(await stepper)

        task = asyncio.create_task(awaited())
        await asyncio.wait([task])
        if stepper.struck:
            assert task.cancelled(), task
            return True
        assert task.result()
        return False

    return strike


MODES = {
    "while it waits": at_suspensions(False, False),
    "when it has what it wants": at_suspensions(True, False),
    "again while it ends": at_suspensions(False, True),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_cancelled_at_every_await(
    ground: Ground, certificates: Certificates, kind: str, name: str, mode: str
) -> None:
    scenario = SCENARIOS[name](ground)
    assert Loop(kind).run(cancel_everywhere(scenario, ground, certificates, MODES[mode])) > 0


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_cancelled_at_every_turn_of_the_loop(
    ground: Ground, certificates: Certificates, name: str, first: bool
) -> None:
    async def strike(asked: Coroutine[Any, Any, bool], number: int) -> bool:
        turns = asyncio.get_running_loop()
        assert isinstance(turns, TurnCounter)
        task = asyncio.create_task(asked)
        turns.at(number, task.cancel, first=first)
        await asyncio.wait([task])
        struck = turns.turns >= number
        turns.at(0, task.cancel, first=first)
        if task.cancelled():
            assert struck
        else:  # what came in that turn may have been the last that it waited for
            assert task.result()
        return struck

    loop = Loop()
    loop.factory = TurnCounter
    scenario = SCENARIOS[name](ground)
    assert loop.run(cancel_everywhere(scenario, ground, certificates, strike)) > 0


# -- closing the session at each of them -------------------------------------


#: Awaits what is asked, and does something at the given number; tells whether it came to that.
Act = Callable[[Coroutine[Any, Any, bool], int, Callable[[], object]], Coroutine[Any, Any, bool]]


async def close_everywhere(
    scenario: Scenario, ground: Ground, certificates: Certificates, act_at: Act
) -> int:
    """Close the session over a scenario at each of so many places in turn.

    :returns: how often that was the end of a request.
    """
    ended = 0
    after = f"{ground.secure if scenario.secure else ground.plain}/plain/200"
    session = one_connection(
        verify=str(certificates.ca),
        proxies={"all": scenario.by} if scenario.by else None,
        trust_env=False,
    )
    assert await scenario.ask(session, "before")
    await session.close()
    before = open_descriptors()
    for number in count(1):
        closing: list[asyncio.Task[None]] = []
        asking: list[asyncio.Task[bool]] = []

        async def close(asking: list[asyncio.Task[bool]] = asking) -> None:
            await session.close()
            for _ in range(10):
                await asyncio.sleep(0)
            if not asking[0].done():  # a thread may still be reading a file
                await asyncio.wait(asking)
                assert isinstance(asking[0].exception(), SessionClosed), "it went on"

        def begin(close: Any = close, closing: list[asyncio.Task[None]] = closing) -> None:
            closing.append(asyncio.create_task(close()))

        asked = act_at(scenario.ask(session, f"c{number}"), number, begin)
        asking.append(asyncio.create_task(asked))
        try:
            struck = await asking[0]
        except SessionClosed:
            ended, struck = ended + 1, True
        await asyncio.gather(*closing)
        await asyncio.sleep(0)  # generators that were left may be closed by a task
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert await get(after)(session, f"after{number}")
        await session.close()
        assert open_descriptors() == before
        if not struck:
            return ended
    raise AssertionError


def act_at_suspensions(late: bool) -> Act:
    async def act_at(asked: Any, number: int, act: Callable[[], object]) -> bool:
        stepper = CancelledAt(asked, {number}, late=late, act=act)
        assert await stepper
        return stepper.struck

    return act_at


def act_at_turns(first: bool) -> Act:
    async def act_at(asked: Any, number: int, act: Callable[[], object]) -> bool:
        turns = asyncio.get_running_loop()
        assert isinstance(turns, TurnCounter)
        turns.at(number, act, first=first)
        try:
            assert await asked
            return turns.turns >= number
        finally:
            turns.at(0, act, first=first)

    return act_at


# Two at once, of which one holds what the other waits for, end in more than one error.
ALONE = [(kind, name) for kind, name in CASES if "waiting" not in name]


@pytest.mark.parametrize("late", [False, True], ids=["while it waits", "when it has what it wants"])
@pytest.mark.parametrize(("kind", "name"), ALONE)
def test_closed_at_every_await(
    ground: Ground, certificates: Certificates, kind: str, name: str, late: bool
) -> None:
    scenario = SCENARIOS[name](ground)
    closed = close_everywhere(scenario, ground, certificates, act_at_suspensions(late))
    assert Loop(kind).run(closed) > 0


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("name", [name for kind, name in ALONE if kind == "asyncio"])
def test_closed_at_every_turn_of_the_loop(
    ground: Ground, certificates: Certificates, name: str, first: bool
) -> None:
    loop = Loop()
    loop.factory = TurnCounter
    scenario = SCENARIOS[name](ground)
    closed = close_everywhere(scenario, ground, certificates, act_at_turns(first))
    assert loop.run(closed) > 0


# -- by what the standard library cancels with -------------------------------


@pytest.mark.parametrize("how", ["never", "half"])
@pytest.mark.parametrize("by", ["timeout", "wait_for", "a sibling"])
def test_what_cancels_a_request(loop: Loop, server: ChildServer, by: str, how: str) -> None:
    async def fail_soon() -> None:
        await asyncio.sleep(0.02)
        raise LookupError

    async def main() -> None:
        async with one_connection() as session:
            url = f"{server.url}/{how}/9000/x"
            if by == "timeout":
                with pytest.raises(TimeoutError) as caught:
                    async with asyncio.timeout(0.02):
                        await session.get(url)
                assert not isinstance(caught.value, ulak.RequestException)
            elif by == "wait_for":
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(session.get(url), 0.02)
            else:
                with pytest.raises(ExceptionGroup) as group:
                    async with asyncio.TaskGroup() as tasks:
                        asking = tasks.create_task(session.get(url))
                        waiting = tasks.create_task(session.get(url))
                        tasks.create_task(fail_soon())
                assert [type(exc) for exc in group.value.exceptions] == [LookupError]
                assert asking.cancelled()
                assert waiting.cancelled()
            assert await get(f"{server.url}/plain/300")(session, "after")

    loop.run(main())


def test_a_timeout_that_does_not_pass_changes_nothing(loop: Loop, server: ChildServer) -> None:
    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        async with one_connection() as session:
            for _ in range(3):
                async with asyncio.timeout(5):
                    assert await get(f"{server.url}/late/300")(session, "x")
            # A limit of ours that passes is no cancellation that somebody else would see.
            with pytest.raises(ulak.ReadTimeout):
                await session.get(f"{server.url}/never/0/x", timeout=0.02)
            async with session.stream("GET", f"{server.url}/half/9000/x") as response:
                assert response.ok
                with pytest.raises(ulak.exceptions.PoolTimeout):
                    await session.get(f"{server.url}/plain/1/x", timeout=ulak.Timeout(pool=0.02))
            with stalled_port() as port, pytest.raises(ulak.ConnectTimeout):
                await session.get(f"http://127.0.0.1:{port}/", timeout=0.02)
            assert task.cancelling() == 0
            await asyncio.sleep(0)

    loop.run(main())


def test_gather_with_its_exceptions(loop: Loop, server: ChildServer) -> None:
    async def main() -> None:
        async with one_connection() as session:
            first = asyncio.create_task(session.get(f"{server.url}/never/0/x", timeout=0.1))
            others = [session.get(f"{server.url}/plain/300/{n}") for n in range(20)]
            asyncio.get_running_loop().call_later(0.02, first.cancel)
            refused = session.get("http://127.0.0.1:1/")
            outcomes = await asyncio.gather(first, refused, *others, return_exceptions=True)
        assert isinstance(outcomes[0], asyncio.CancelledError)
        assert isinstance(outcomes[1], ulak.ConnectionError)
        for number, outcome in enumerate(outcomes[2:]):
            assert outcome.content == body_of(f"/plain/300/{number}")

    loop.run(main())


def test_a_program_that_is_interrupted_with_requests_under_way(server: ChildServer) -> None:
    """As ``asyncio.run`` does it: everything is cancelled, and awaited."""
    outcomes: list[type[BaseException] | None] = []

    async def ask(session: ulak.AsyncSession, how: str) -> None:
        try:
            await session.get(f"{server.url}/{how}/9000/x")
        except BaseException as exc:
            outcomes.append(type(exc))
            raise

    async def main() -> None:
        async with ulak.AsyncSession() as session:
            tasks = [asyncio.ensure_future(ask(session, how)) for how in ("never", "half") * 5]
            await asyncio.sleep(0.02)
            assert not any(task.done() for task in tasks)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main(), debug=True)
    # Closing the session came first.
    assert set(outcomes) <= {SessionClosed, asyncio.CancelledError}
    assert len(outcomes) == 10


# -- closing the session over requests ---------------------------------------


#: What the server has said in vain, and what is asked of the session at the server's URL.
Phase = tuple[list[bytes], Callable[[ulak.AsyncSession, str], Coroutine[Any, Any, Any]]]

TUNNEL = b"HTTP/1.1 200 OK\r\n\r\n"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"
MOVED = b"HTTP/1.1 302 No\r\nLocation: /x\r\nContent-Length: 10\r\n\r\n12345"
AGAIN = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After: 30\r\n\r\n"


def by(kind: str, url: str) -> dict[str, str]:
    return {"all": url.replace("http", kind)}


async def reads_slowly(session: ulak.AsyncSession, url: str) -> None:
    async with session.stream("GET", url) as response:
        async for _ in response.aiter_content():
            pass


async def has_nothing_to_send(session: ulak.AsyncSession, url: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"block"
        await asyncio.get_running_loop().create_future()

    await session.post(url, data=body())


PHASES: dict[str, Phase] = {
    "tls": ([], lambda s, url: s.get(url.replace("http", "https"))),
    "a tunnel": ([], lambda s, url: s.get("https://x.example", proxies={"all": url})),
    "tls to a proxy": ([], lambda s, url: s.get("http://x.example", proxies=by("https", url))),
    "tls in a tunnel": ([TUNNEL], lambda s, url: s.get("https://x.example", proxies={"all": url})),
    "socks4": ([], lambda s, url: s.get("http://127.0.0.1", proxies=by("socks4", url))),
    "socks5": ([b"\x05\x00"], lambda s, url: s.get("http://127.0.0.1", proxies=by("socks5", url))),
    "an upload": ([], lambda s, url: s.post(url, data=bytes(50_000_000))),
    "a body that does not come": ([], has_nothing_to_send),
    "leave": ([], lambda s, url: s.post(url, data=b"x", headers=EXPECT)),
    "the head": ([], lambda s, url: s.get(url)),
    "half a head": ([b"HTTP/1.1 200 OK\r\nX: "], lambda s, url: s.get(url)),
    "the body": ([HALF], lambda s, url: s.get(url)),
    "the body, streamed": ([HALF], reads_slowly),
    "a redirect's body": ([MOVED], lambda s, url: s.get(url)),
    "a pause": ([AGAIN], lambda s, url: s.get(url, retries=Retry(1, status_forcelist=[503]))),
}


@pytest.mark.parametrize("name", PHASES)
def test_closing_over_a_request(loop: Loop, server: ChildServer, start_raw_server, name) -> None:
    answers, ask = PHASES[name]
    stopped = threading.Event()

    def script(connection: RawConnection) -> None:
        for answer in answers or [b""]:
            connection.sock.recv(9999)
            connection.send(answer)
        stopped.set()
        connection.hang()

    raw: RawServer = start_raw_server(script)
    closes_over(loop, server, lambda session: ask(session, raw.url), stopped)


def closes_over(
    loop: Loop,
    server: ChildServer,
    ask: Callable[[ulak.AsyncSession], Coroutine[Any, Any, Any]],
    stopped: threading.Event,
) -> None:
    """Close a session while a request waits for what does not come."""

    async def main() -> None:
        async with one_connection(trust_env=False, timeout=60) as session:
            task = asyncio.create_task(ask(session))
            assert await asyncio.to_thread(stopped.wait, 5)
            await asyncio.sleep(0.02)
            assert not task.done()
            await session.close()
            with pytest.raises(SessionClosed):
                async with asyncio.timeout(2):
                    await task
            assert await get(f"{server.url}/plain/300")(session, "after")

    loop.run(main())


def test_closing_over_a_connection_that_is_made(loop: Loop, server: ChildServer) -> None:
    at_once = threading.Event()
    at_once.set()
    with stalled_port() as port:
        closes_over(loop, server, lambda s: s.get(f"http://127.0.0.1:{port}/"), at_once)


def test_closing_over_a_name_that_is_looked_up(
    loop: Loop, server: ChildServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, release = threading.Event(), threading.Event()
    genuine = socket.getaddrinfo

    def slow(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "slow.example":
            return genuine(host, *args, **kwargs)
        asked.set()
        release.wait(5)
        raise socket.gaierror(socket.EAI_NONAME, "none")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        closes_over(loop, server, lambda s: s.get("http://slow.example/"), asked)
    finally:
        release.set()


def test_closing_over_certificates_that_are_read(
    loop: Loop, server: ChildServer, certificates: Certificates, tmp_path: Path
) -> None:
    """In a thread, where the pool does not know of the request yet."""
    release = threading.Event()
    unread = tmp_path / "ca.pem"
    unread.write_bytes(certificates.ca.read_bytes())

    async def main() -> None:
        executor = ThreadPoolExecutor(1)
        executor.submit(release.wait, 10)
        asyncio.get_running_loop().set_default_executor(executor)
        async with one_connection(verify=str(unread)) as session:
            task = asyncio.create_task(session.get(f"{server.tls_url}/plain/300/x"))
            for _ in range(10):
                await asyncio.sleep(0)
            await session.close()
            release.set()
            with pytest.raises(SessionClosed):
                await task

    loop.run(main())


def test_closing_over_those_who_wait_for_a_connection(loop: Loop, server: ChildServer) -> None:
    async def main() -> None:
        async with one_connection() as session:
            urls = [f"{server.url}/never/0/{n}" for n in range(10)]
            tasks = [asyncio.create_task(session.get(url)) for url in urls]
            await asyncio.sleep(0.02)
            await session.close()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {SessionClosed}
            assert await get(f"{server.url}/plain/300")(session, "after")

    loop.run(main())


# -- sessions that nobody closes ---------------------------------------------


def test_a_session_left_open_says_where_it_was_made(loop: Loop, server: ChildServer) -> None:
    async def main() -> None:
        adapter = ulak.AsyncHTTPAdapter()
        session = ulak.AsyncSession(adapters={"http://": adapter})
        made_at = f"{__file__}:{inspect.currentframe().f_lineno - 1}"  # type: ignore[union-attr]
        assert await get(f"{server.url}/plain/300")(session, "x")
        async with adapter:
            with pytest.warns(ResourceWarning) as caught:
                del session
                gc.collect()
        assert [made_at in str(w.message) for w in caught] == [True]
        assert "unclosed <AsyncSession" in str(caught[0].message)

    loop.run(main())


def test_a_session_that_has_no_connection_says_nothing(loop: Loop, server: ChildServer) -> None:
    async def main() -> None:
        session = ulak.AsyncSession()
        assert await get(f"{server.url}/end/300")(session, "x")
        await asyncio.sleep(0.01)
        del session
        closed = ulak.AsyncSession()
        assert await get(f"{server.url}/plain/300")(closed, "x")
        await closed.close()
        del closed
        gc.collect()

    loop.run(main())
