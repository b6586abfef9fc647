"""``AsyncSession.gather``: many requests as tasks, and no task left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

import ulak
from tests.sessions.gate import Gate
from tests.support import HttpServer, RawConnection, RawServer, free_port
from ulak._policy.gathering import LOOKAHEAD
from ulak.exceptions import ConnectionError, HTTPError, InvalidOption, MissingSchema, SessionClosed

Main = Callable[[], Awaitable[None]]


@pytest.fixture
def gate() -> Iterator[Gate]:
    with Gate() as gate:
        yield gate


def run(main: Main) -> None:
    """Run ``main``; no task may be left by it, and nothing reported to the loop."""
    reports: list[dict[str, Any]] = []

    async def watched() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, report: reports.append(report))
        await main()
        gc.collect()
        assert not await others()

    asyncio.run(watched())
    gc.collect()
    assert not reports


async def others() -> set[asyncio.Task[Any]]:
    """The tasks of a gathering, without those that are about to end."""
    for _ in range(20):
        await asyncio.sleep(0)
    return asyncio.all_tasks() - {asyncio.current_task()}


async def inside(gate: Gate, *numbers: int) -> None:
    """Wait as :meth:`Gate.wait` does, and let the loop run meanwhile."""
    await asyncio.to_thread(gate.wait, *numbers)


def numbers(responses: Any) -> list[int]:
    return [int(response.content) for response in responses]


async def slowly(items: Any) -> AsyncIterator[Any]:
    """An asynchronous iterable."""
    for item in items:
        await asyncio.sleep(0)
        yield item


# -- what is sent --------------------------------------------------------------


def test_every_kind_of_request(http_server: HttpServer) -> None:
    async def main() -> None:
        async with ulak.AsyncSession(base_url=http_server.url, headers={"X-Own": "mine"}) as s:
            prepared = s.prepare_request(ulak.Request("PUT", "/put", data=b"put"))
            items = [
                "/get?a=1",
                b"/get?a=2",
                ulak.Request("POST", "/post", json={"a": 4}, headers={"X-Call": "this"}),
                prepared,
            ]
            answers = [response.json() for response in await s.gather(items)]
        assert [answer["args"].get("a") for answer in answers[:2]] == ["1", "2"]
        assert [answer["method"] for answer in answers] == ["GET", "GET", "POST", "PUT"]
        assert answers[2]["json"] == {"a": 4}
        assert answers[2]["headers"]["X-Call"] == "this"
        assert answers[3]["data"] == "put"
        assert {answer["headers"]["X-Own"] for answer in answers} == {"mine"}

    run(main)


@pytest.mark.parametrize("source", [list, iter, slowly])
def test_every_kind_of_source(http_server: HttpServer, source: Callable[[Any], Any]) -> None:
    async def main() -> None:
        urls = [f"{http_server.url}/get?n={number}" for number in range(200)]
        expected = [str(number) for number in range(200)]
        async with ulak.AsyncSession() as session:
            found = await session.gather(source(urls), limit=7)
            assert [r.json()["args"]["n"] for r in found] == expected
            one_by_one = session.gather(source(urls), limit=7, per_host=5, in_order=False)
            found = [response async for response in one_by_one]
            assert sorted(int(r.json()["args"]["n"]) for r in found) == list(range(200))
            assert await session.gather(source([])) == []
        assert http_server.connections <= 7

    run(main)


# -- limits, order ---------------------------------------------------------------


@pytest.mark.parametrize("source", [list, slowly])
def test_never_more_than_the_limit(gate: Gate, source: Callable[[Any], Any]) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            gathering = session.gather(source(gate.urls(9)), limit=3)
            all_of_them = asyncio.ensure_future(gathering)
            await inside(gate, 0, 1, 2)
            gate.let_go(1)
            await inside(gate, 0, 2, 3)
            gate.let_go(0, 2)
            await inside(gate, 3, 4, 5)
            gate.open()
            assert numbers(await all_of_them) == list(range(9))
        assert gate.most == 3

    run(main)


@pytest.mark.parametrize("source", [list, slowly])
def test_never_more_to_one_host(source: Callable[[Any], Any]) -> None:
    async def main() -> None:
        first = [gate.url(number) for number in range(8)]
        second = [gate.url(number, 1) for number in range(8, 16)]
        async with ulak.AsyncSession() as session:
            gathering = session.gather(source([*first, *second]), limit=4, per_host=2)
            all_of_them = asyncio.ensure_future(gathering)
            await inside(gate, 0, 1, 8, 9)
            gate.let_go(1)
            await inside(gate, 0, 2, 8, 9)
            gate.open()
            assert numbers(await all_of_them) == list(range(16))
        assert gate.most_of == [2, 2]

    with Gate(origins=2) as gate:
        run(main)


def test_as_they_come(gate: Gate) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            responses = session.gather(gate.urls(4), in_order=False)
            first = asyncio.ensure_future(anext(responses))
            await inside(gate, 0, 1, 2, 3)
            gate.let_go(2)
            assert (await first).content == b"2"
            gate.let_go(3)
            assert (await anext(responses)).content == b"3"
            gate.open()
            assert sorted(numbers([response async for response in responses])) == [0, 1]

    run(main)


def test_a_slow_source_holds_up_no_response(gate: Gate) -> None:
    async def main() -> None:
        more = asyncio.Event()

        async def source() -> AsyncIterator[str]:
            yield gate.url(0)
            await more.wait()
            yield gate.url(1)

        async with ulak.AsyncSession() as session:
            found = []
            async for response in session.gather(source()):
                found.append(int(response.content))
                more.set()
        assert found == [0, 1]

    gate.open()
    run(main)


def test_a_source_runs_in_one_task_and_one_step_at_a_time(gate: Gate) -> None:
    async def main() -> None:
        tasks = set()

        async def source() -> AsyncIterator[str]:
            async with asyncio.timeout(30):  # can only be left in the task that entered it
                for number in range(20):
                    tasks.add(asyncio.current_task())
                    await asyncio.sleep(0)
                    yield gate.url(number)

        async with ulak.AsyncSession() as session:
            assert numbers(await session.gather(source(), limit=3)) == list(range(20))
        assert len(tasks) == 1

    gate.open()
    run(main)


# -- laziness ----------------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("in_order", [False, True])
def test_an_endless_source_and_a_slow_consumer(
    gate: Gate, asynchronous: bool, in_order: bool
) -> None:
    async def main() -> None:
        pulled = itertools.count()
        endless: Any = (gate.url(next(pulled)) for _ in itertools.count())
        source = slowly(endless) if asynchronous else endless
        taken = 0
        async with ulak.AsyncSession() as session:
            async for _ in session.gather(source, limit=3, in_order=in_order):
                taken += 1
                for _ in range(20):
                    await asyncio.sleep(0)
                assert len(gate.came) <= taken + LOOKAHEAD * 3
                if taken == 40:
                    break
            await inside(gate)
        assert next(pulled) <= taken + LOOKAHEAD * 3

    gate.open()
    run(main)


def test_nothing_begins_before_it_is_awaited(gate: Gate) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            kept = session.gather(gate.urls(3)), aiter(session.gather(slowly(gate.urls(3))))
            assert not await others()
            for each in kept:
                await each.aclose()
            await session.gather(gate.urls(3)).aclose()
            gc.collect()
            assert not await others()
        assert gate.connections == 0

    run(main)


def test_it_is_made_outside_of_a_loop(gate: Gate) -> None:
    session = ulak.AsyncSession()
    gathering = session.gather(gate.urls(2))

    async def main() -> None:
        async with session:
            assert numbers(await gathering) == [0, 1]

    gate.open()
    run(main)


def test_a_plain_for_says_what_is_meant() -> None:
    with pytest.raises(TypeError, match="use `async for`"):
        list(ulak.AsyncSession().gather([]))  # type: ignore[call-overload]


def test_it_is_awaited_once(gate: Gate) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            gathering = session.gather(gate.urls(2))
            await gathering
            with pytest.raises(InvalidOption, match=r"call gather\(\) again"):
                await gathering
            begun = session.gather(gate.urls(2))
            await anext(begun)
            with pytest.raises(InvalidOption, match="has begun already"):
                await begun
            assert numbers([response async for response in begun]) == [1]
            closed = session.gather(gate.urls(2))
            await closed.aclose()
            with pytest.raises(InvalidOption, match="has begun already"):
                await closed

    gate.open()
    run(main)


# -- failures ------------------------------------------------------------------------


@pytest.mark.parametrize("awaited", [False, True])
def test_the_first_failure_ends_everything(gate: Gate, awaited: bool) -> None:
    async def main() -> None:
        begun, cancelled = asyncio.Event(), []

        async def hook(response: ulak.AsyncResponse, **_: Any) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0)  # it takes a while to end
                cancelled.append(response.url)
                raise

        async with ulak.AsyncSession() as session:
            gate.let_go(0)
            slow = ulak.Request("GET", gate.url(0), hooks={"response": hook})
            nowhere = f"http://127.0.0.1:{free_port()}/"

            async def source() -> AsyncIterator[Any]:
                yield slow
                yield gate.url(1)
                await inside(gate, 1)
                await begun.wait()
                yield nowhere
                for number in itertools.count(2):
                    yield gate.url(number)

            gathering = session.gather(source(), limit=3)
            with pytest.raises(ConnectionError) as caught:
                await (gathering if awaited else anext(gathering))
            assert asyncio.all_tasks() == {asyncio.current_task()}, "it did not wait"
            assert caught.value.request is not None
            assert caught.value.request.url == nowhere
            assert [response async for response in gathering] == []
        assert cancelled == [gate.url(0)]
        assert set(gate.came) == {0, 1}

    run(main)


def test_failures_in_the_place_of_responses(http_server: HttpServer) -> None:
    async def hook(response: ulak.AsyncResponse, **_: Any) -> None:
        raise LookupError("the caller's own")

    async def main() -> None:
        url = http_server.url
        items: list[Any] = [
            f"{url}/get",
            f"{url}/status/404",
            f"http://127.0.0.1:{free_port()}/",
            "no-scheme",
            42,
            ulak.Request("GET", f"{url}/get", hooks={"response": hook}),
            f"{url}/get",
        ]
        async with ulak.AsyncSession(raise_for_status=True) as session:
            found = await session.gather(items, limit=3, per_host=1, return_exceptions=True)
            with pytest.raises(HTTPError):
                await session.gather(items[1:2])
        assert [type(each) for each in found] == [
            ulak.AsyncResponse,
            HTTPError,
            ConnectionError,
            MissingSchema,
            InvalidOption,
            LookupError,
            ulak.AsyncResponse,
        ]

    run(main)


def test_many_failures_at_once_are_one(http_server: HttpServer) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            with pytest.raises(InvalidOption):
                await session.gather([42] * 20)

    run(main)


def test_a_request_that_is_cancelled_by_another_is_no_result(gate: Gate) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            gathering = session.gather(gate.urls(2), return_exceptions=True)
            waiting = asyncio.ensure_future(gathering)
            await inside(gate, 0, 1)
            (await others() - {waiting}).pop().cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    run(main)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_source_that_fails(gate: Gate, keep: bool, asynchronous: bool) -> None:
    def source() -> Iterator[str]:
        yield gate.url(0)
        raise LookupError("the source's own")

    async def main() -> None:
        items: Any = slowly(source()) if asynchronous else source()
        async with ulak.AsyncSession() as session:
            with pytest.raises(LookupError, match="the source's own"):
                await session.gather(items, return_exceptions=keep)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_program_that_ends_while_gathering(
    http_server: HttpServer, error: type[BaseException]
) -> None:
    def hook(response: ulak.AsyncResponse, **_: Any) -> None:
        raise error

    async def main() -> None:
        async with ulak.AsyncSession() as session:
            request = ulak.Request("GET", f"{http_server.url}/get", hooks={"response": hook})
            await session.gather([request], return_exceptions=True)

    with pytest.raises(error):
        run(main)


# -- giving up -----------------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("way", ["break", "exception", "aclose", "aclosing"])
def test_giving_up_leaves_nothing(gate: Gate, way: str, asynchronous: bool) -> None:
    async def main() -> None:
        endless: Any = (gate.url(number) for number in itertools.count())
        source = slowly(endless) if asynchronous else endless
        async with ulak.AsyncSession() as session:
            if way == "break":
                async for _ in session.gather(source, limit=3):
                    await asyncio.to_thread(gate.wait_came, 3)
                    break
            elif way == "exception":
                with pytest.raises(LookupError):
                    async for _ in session.gather(source, limit=3):
                        await asyncio.to_thread(gate.wait_came, 3)
                        raise LookupError
            elif way == "aclosing":
                async with contextlib.aclosing(session.gather(source, limit=3)) as responses:
                    async for _ in responses:
                        await asyncio.to_thread(gate.wait_came, 3)
                        break
                assert asyncio.all_tasks() == {asyncio.current_task()}
            else:
                gathering = session.gather(source, limit=3)
                await anext(gathering)
                await asyncio.to_thread(gate.wait_came, 3)
                await gathering.aclose()
                assert asyncio.all_tasks() == {asyncio.current_task()}
                assert [response async for response in gathering] == []
            assert not await others()
        assert max(gate.came) < 4

    gate.let_go(0)
    run(main)


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("awaited", [False, True])
def test_cancelling_the_consumer_leaves_nothing(
    gate: Gate, asynchronous: bool, awaited: bool
) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            urls = gate.urls(5)
            gathering = session.gather(slowly(urls) if asynchronous else urls, limit=3)
            waiting = asyncio.ensure_future(gathering if awaited else anext(gathering))
            await inside(gate, 0, 1, 2)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main)


def test_a_deadline_around_it(gate: Gate) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.gather(gate.urls(3)), 0.1)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main)


def test_a_second_cancellation_leaves_nothing_either(http_server: HttpServer) -> None:
    async def main() -> None:
        begun, end = asyncio.Event(), asyncio.Event()

        async def hook(response: ulak.AsyncResponse, **_: Any) -> None:
            begun.set()
            while not end.is_set():  # deaf
                with contextlib.suppress(asyncio.CancelledError):
                    await end.wait()
            raise LookupError

        async with ulak.AsyncSession() as session:
            request = ulak.Request("GET", f"{http_server.url}/get", hooks={"response": hook})
            waiting = asyncio.ensure_future(session.gather([request]))
            await begun.wait()
            for _ in range(3):
                waiting.cancel()
                assert len(await others()) == 2, "it did not wait"
            end.set()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main)


def test_a_source_that_is_deaf_begins_nothing_more(gate: Gate) -> None:
    async def main() -> None:
        async def source() -> AsyncIterator[str]:
            yield gate.url(0)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            yield gate.url(1)

        async with ulak.AsyncSession() as session:
            gathering = session.gather(source())
            await anext(gathering)
            await gathering.aclose()
            assert asyncio.all_tasks() == {asyncio.current_task()}
        assert gate.came == [0]

    gate.open()
    run(main)


def test_a_source_that_fails_when_it_is_cancelled(gate: Gate) -> None:
    async def main() -> None:
        async def source() -> AsyncIterator[str]:
            yield gate.url(0)
            try:
                await asyncio.Event().wait()
            finally:
                raise LookupError

        async with ulak.AsyncSession() as session:
            gathering = session.gather(source())
            await anext(gathering)
            await gathering.aclose()
            assert asyncio.all_tasks() == {asyncio.current_task()}
        assert gate.came == [0]

    gate.open()
    run(main)


@pytest.mark.parametrize("in_order", [False, True])
def test_responses_that_nobody_gets_are_closed(in_order: bool) -> None:
    """Those that are there, and one that would come when all is over."""
    came = threading.Semaphore(0)
    closed = threading.Semaphore(0)
    kept = []  # so that none is closed by being forgotten

    def script(connection: RawConnection) -> None:
        if connection.recv_request().target != "/late":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        connection.wait_closed()
        closed.release()

    def hook(response: ulak.AsyncResponse, **_: Any) -> None:
        kept.append(response)
        came.release()

    async def main() -> None:
        async with ulak.AsyncSession(stream=True, hooks={"response": hook}) as session:
            items = [f"{server.url}/{name}" for name in ("a", "b", "late", "c")]
            responses = session.gather(items, in_order=in_order)
            await (await anext(responses)).aclose()
            for _ in range(3):
                assert await asyncio.to_thread(came.acquire, timeout=10)
            await (await anext(responses)).aclose()
            await asyncio.to_thread(server.wait_connections, 4)
            await responses.aclose()
            for _ in items:
                assert await asyncio.to_thread(closed.acquire, timeout=10)

    with RawServer(script) as server:
        run(main)


# -- bad input -------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0, True, 1.5, "4"])
@pytest.mark.parametrize("name", ["limit", "per_host"])
def test_limits_are_numbers(name: str, limit: Any) -> None:
    with pytest.raises(InvalidOption, match=f"{name}="):
        ulak.AsyncSession().gather([], **{name: limit})


@pytest.mark.parametrize("requests", ["http://a/", b"http://a/", 3, None, ulak.Request("GET")])
def test_requests_are_many(requests: Any) -> None:
    with pytest.raises(InvalidOption, match="iterable of requests, such as a list of URLs"):
        ulak.AsyncSession().gather(requests)


# -- one task at a time ---------------------------------------------------------


def test_closing_while_another_task_waits_for_a_response(gate: Gate) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            gathering = session.gather(gate.urls(5), limit=2)
            taking = asyncio.ensure_future(anext(gathering))
            await inside(gate, 0, 1)
            await gathering.aclose()
            assert not (await others()) - {taking}
            with pytest.raises(SessionClosed):
                await taking

    run(main)


def test_two_tasks_that_take_responses(gate: Gate) -> None:
    async def main() -> None:
        async with ulak.AsyncSession() as session:
            gathering = session.gather(gate.urls(2))
            taking = asyncio.ensure_future(anext(gathering))
            await asyncio.sleep(0)
            with pytest.raises(InvalidOption):
                await anext(gathering)
            gate.let_go(0, 1)
            assert (await taking).content == b"0"
            await gathering.aclose()

    run(main)


def test_streamed_responses_are_no_list(http_server: HttpServer) -> None:
    """It might wait for ever for the connections that its own responses hold."""

    async def main() -> None:
        async with ulak.AsyncSession(stream=True) as session:
            with pytest.raises(InvalidOption):
                await session.gather([f"{http_server.url}/get"])

    run(main)
