"""``Session.gather``: many requests on threads, never more at once than it says."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import ulak
from tests.sessions.gate import Gate
from tests.support import HttpServer, RawConnection, RawServer, free_port
from ulak._policy.gathering import LOOKAHEAD
from ulak.adapters import BaseAdapter
from ulak.exceptions import ConnectionError, HTTPError, InvalidOption, MissingSchema

pytestmark = pytest.mark.front("sync", "that of an AsyncSession has tests of its own")


@pytest.fixture
def gate() -> Iterator[Gate]:
    with Gate() as gate:
        yield gate


@pytest.fixture
def consumer() -> Iterator[ThreadPoolExecutor]:
    """Where a gathering is consumed while the test looks on."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


def numbers(responses: Any) -> list[int]:
    return [int(response.content) for response in responses]


def crew() -> list[threading.Thread]:
    """The threads that send."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("ulak-gather")]


# -- what is sent --------------------------------------------------------------


def test_every_kind_of_request(http_server: HttpServer) -> None:
    with ulak.Session(base_url=http_server.url, headers={"X-Own": "mine"}) as session:
        prepared = session.prepare_request(ulak.Request("PUT", "/put", data=b"put"))
        items = [
            "/get?a=1",
            b"/get?a=2",
            f"{http_server.url}/get?a=3",
            ulak.Request("POST", "/post", json={"a": 4}, headers={"X-Call": "this"}),
            prepared,
        ]
        answers = [response.json() for response in session.gather(items)]
    assert [answer["args"].get("a") for answer in answers[:3]] == ["1", "2", "3"]
    assert [answer["method"] for answer in answers] == ["GET", "GET", "GET", "POST", "PUT"]
    assert answers[3]["json"] == {"a": 4}
    assert answers[3]["headers"]["X-Call"] == "this"
    assert answers[4]["data"] == "put"
    assert {answer["headers"]["X-Own"] for answer in answers} == {"mine"}


def test_every_field_of_a_request(http_server: HttpServer, session: ulak.Session) -> None:
    seen: list[int] = []
    request = ulak.Request(
        "POST",
        f"{http_server.url}/post",
        headers={"X-A": "a"},
        files={"f": b"file"},
        data={"d": "data"},
        params={"p": "1"},
        auth=("user", "pass"),
        cookies={"c": "cookie"},
        hooks={"response": lambda response, **_: seen.append(response.status_code)},
    )
    (response,) = session.gather([request])
    answer = response.json()
    assert answer["args"] == {"p": "1"}
    assert answer["form"] == {"d": "data"}
    assert answer["files"] == {"f": "file"}
    assert answer["headers"]["X-A"] == "a"
    assert answer["headers"]["Authorization"].startswith("Basic ")
    assert answer["headers"]["Cookie"] == "c=cookie"
    assert seen == [200]


def test_the_methods_of_a_subclass_are_used(http_server: HttpServer) -> None:
    class Mine(ulak.Session):
        calls: list[str]

        def request(self, method: str, url: Any, *args: Any, **kwargs: Any) -> Any:
            self.calls.append("request")
            return super().request(method, url, *args, **kwargs)

        def send(self, request: ulak.PreparedRequest, **kwargs: Any) -> ulak.Response:
            self.calls.append("send")
            return super().send(request, **kwargs)

    with Mine() as session:
        session.calls = []
        url = f"{http_server.url}/get"
        request = ulak.Request("GET", url)
        list(session.gather([url, request, request.prepare()], limit=1))
        assert session.calls == ["request", "send", "request", "send", "send"]


def test_the_environment_counts(
    http_server: HttpServer, forward_proxy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", forward_proxy.url)
    url = f"{http_server.url}/get"
    with ulak.Session() as session:
        list(session.gather([url, ulak.Request("GET", url), ulak.Request("GET", url).prepare()]))
    assert len(forward_proxy.requests) == 3


def test_nothing_to_send(session: ulak.Session) -> None:
    assert list(session.gather([])) == []
    assert not crew()


# -- limits ----------------------------------------------------------------------


def test_never_more_than_the_limit(
    gate: Gate, session: ulak.Session, consumer: ThreadPoolExecutor
) -> None:
    all_of_them = consumer.submit(lambda: numbers(session.gather(gate.urls(9), limit=3)))
    gate.wait(0, 1, 2)
    gate.let_go(1)
    gate.wait(0, 2, 3)
    gate.let_go(0, 2)
    gate.wait(3, 4, 5)
    gate.open()
    assert all_of_them.result() == list(range(9))
    assert gate.most == 3
    assert gate.connections == 3


def test_no_more_threads_than_flights(gate: Gate, session: ulak.Session) -> None:
    gate.open()
    responses = session.gather(gate.urls(20), limit=1)
    next(responses)
    assert len(crew()) == 1
    assert numbers(responses) == list(range(1, 20))


def test_never_more_to_one_host(session: ulak.Session, consumer: ThreadPoolExecutor) -> None:
    with Gate(origins=2) as gate:
        first = [gate.url(number) for number in range(8)]
        second = [gate.url(number, 1) for number in range(8, 16)]
        all_of_them = consumer.submit(
            lambda: numbers(session.gather([*first, *second], limit=4, per_host=2))
        )
        gate.wait(0, 1, 8, 9)
        gate.let_go(1)
        gate.wait(0, 2, 8, 9)
        gate.open()
        assert all_of_them.result() == list(range(16))
        assert gate.most_of == [2, 2]


def test_the_host_of_every_kind_of_request(consumer: ThreadPoolExecutor) -> None:
    with Gate() as gate, ulak.Session(base_url=gate.url(0).partition("/held")[0]) as session:
        items = [
            "/held?n=0",
            gate.url(1).encode(),
            ulak.Request("GET", "/held?n=2"),
            ulak.Request("GET", gate.url(3)).prepare(),
            "//held?n=4",
        ]
        done = consumer.submit(lambda: list(session.gather(items, limit=9, per_host=1)))
        for number in range(4):
            gate.wait(number)
            gate.let_go(number)
        assert [response.status_code for response in done.result()] == [200] * 4 + [404]
        assert gate.most == 1


# -- order -------------------------------------------------------------------------


def test_as_they_come(gate: Gate, session: ulak.Session, consumer: ThreadPoolExecutor) -> None:
    responses = session.gather(gate.urls(4), limit=4, in_order=False)
    first = consumer.submit(next, responses)
    gate.wait(0, 1, 2, 3)
    gate.let_go(2)
    assert first.result().content == b"2"
    gate.let_go(3)
    assert next(responses).content == b"3"
    gate.open()
    assert sorted(numbers(responses)) == [0, 1]


def test_in_order_however_they_come(
    gate: Gate, session: ulak.Session, consumer: ThreadPoolExecutor
) -> None:
    all_of_them = consumer.submit(lambda: numbers(session.gather(gate.urls(4), limit=2)))
    gate.wait(0, 1)
    gate.let_go(1)
    gate.wait(0, 2)
    gate.let_go(2)
    gate.wait(0, 3)
    gate.open()
    assert all_of_them.result() == [0, 1, 2, 3]


def test_results_run_ahead_only_so_far(
    gate: Gate, session: ulak.Session, consumer: ThreadPoolExecutor
) -> None:
    pulled = itertools.count()
    most = LOOKAHEAD * 2
    gate.let_go(*range(1, 100))
    responses = session.gather((gate.url(next(pulled)) for _ in itertools.count()), limit=2)
    first = consumer.submit(next, responses)
    gate.wait_came(most)
    gate.wait(0)
    gate.let_go(0)
    assert first.result().content == b"0"
    gate.wait()
    assert next(pulled) == most
    responses.close()


# -- laziness ----------------------------------------------------------------------


def test_an_endless_source_is_pulled_while_there_is_room(gate: Gate, session: ulak.Session) -> None:
    gate.open()
    pulled: list[int] = []
    pullers = set()

    def endless() -> Iterator[str]:
        for number in itertools.count():
            pulled.append(number)
            pullers.add(threading.get_ident())
            yield gate.url(number)

    responses = session.gather(endless(), limit=3)
    assert not pulled
    for taken in range(40):
        assert next(responses).content == b"%d" % taken
        assert len(pulled) <= taken + LOOKAHEAD * 3
        seen = len(pulled)
        gate.wait()  # all that began has its answer
        assert len(pulled) == seen, "pulled while nobody asked"
    responses.close()
    assert pullers == {threading.get_ident()}


def test_nothing_begins_before_the_first_is_asked_for(gate: Gate, session: ulak.Session) -> None:
    responses = session.gather(gate.urls(3))
    responses.close()
    assert list(responses) == []
    assert not crew()
    assert gate.connections == 0


# -- failures ------------------------------------------------------------------------


def test_the_first_failure_is_raised_at_once(gate: Gate, session: ulak.Session) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/"
    responses = session.gather([gate.url(0), nowhere, *gate.urls(20)[1:]], limit=2)
    with pytest.raises(ConnectionError) as caught:
        next(responses)
    assert caught.value.request is not None
    assert caught.value.request.url == nowhere
    assert list(responses) == []
    gate.wait(0)  # its thread ends after this one
    gate.open()
    for thread in crew():
        thread.join(10)
    assert gate.came == [0]


def test_failures_in_the_place_of_responses(http_server: HttpServer) -> None:
    def hook(response: ulak.Response, **_: Any) -> None:
        raise LookupError("the caller's own")

    url = http_server.url
    items: list[Any] = [
        f"{url}/get",
        f"{url}/status/404",
        f"http://127.0.0.1:{free_port()}/",
        "no-scheme",
        None,
        42,
        ulak.Request("GET", f"{url}/get", hooks={"response": hook}),
        f"{url}/get",
    ]
    with ulak.Session(raise_for_status=True) as session:
        found = list(session.gather(items, limit=3, per_host=1, return_exceptions=True))
    assert [type(each) for each in found] == [
        ulak.Response,
        HTTPError,
        ConnectionError,
        MissingSchema,
        InvalidOption,
        InvalidOption,
        LookupError,
        ulak.Response,
    ]
    assert "URLs (str or bytes), ulak.Request and ulak.PreparedRequest, not int" in str(found[5])


def test_a_status_is_a_failure_where_the_session_says_so(http_server: HttpServer) -> None:
    with ulak.Session(raise_for_status=True) as session, pytest.raises(HTTPError):
        list(session.gather([f"{http_server.url}/status/500"]))


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_asks_to_end_is_never_a_result(
    http_server: HttpServer, session: ulak.Session, error: type[BaseException]
) -> None:
    def hook(response: ulak.Response, **_: Any) -> None:
        raise error

    request = ulak.Request("GET", f"{http_server.url}/get", hooks={"response": hook})
    with pytest.raises(error):
        list(session.gather([request], return_exceptions=True))


@pytest.mark.parametrize("keep", [False, True])
def test_a_source_that_fails(gate: Gate, session: ulak.Session, keep: bool) -> None:
    def source() -> Iterator[str]:
        yield gate.url(0)
        yield gate.url(1)
        raise LookupError("the source's own")

    with pytest.raises(LookupError, match="the source's own"):
        list(session.gather(source(), return_exceptions=keep))


def test_an_interrupt_while_waiting(gate: Gate, session: ulak.Session) -> None:
    main = threading.current_thread()

    def interrupt() -> None:
        gate.wait(0, 1)
        assert main.ident is not None
        signal.pthread_kill(main.ident, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    responses = session.gather(gate.urls(2))
    with pytest.raises(KeyboardInterrupt):
        next(responses)
    interrupter.join()
    assert list(responses) == []


# -- giving up -----------------------------------------------------------------------


@pytest.mark.parametrize("way", ["break", "exception", "close"])
def test_giving_up_begins_nothing_more(gate: Gate, session: ulak.Session, way: str) -> None:
    gate.let_go(0)
    source = (gate.url(number) for number in itertools.count())
    if way == "close":
        responses = session.gather(source, limit=3)
        next(responses)
        responses.close()
    elif way == "break":
        for response in session.gather(source, limit=3):
            assert response.content == b"0"
            break
    else:
        with pytest.raises(LookupError):
            for _ in session.gather(source, limit=3):
                raise LookupError
    gate.open()
    for thread in crew():
        thread.join(10)
    assert set(gate.came) <= {0, 1, 2, 3}


def test_closing_the_session_cuts_off_what_was_given_up(gate: Gate) -> None:
    with ulak.Session() as session:
        gate.let_go(0)
        responses = session.gather(gate.urls(3))
        next(responses)
        gate.wait(1, 2)
        responses.close()
    for thread in crew():
        thread.join(10)
    assert not crew()
    gate.wait(1, 2)


def test_a_request_that_comes_too_late_keeps_no_connection() -> None:
    """It was under way, and had none, when the gathering was left and the session closed."""
    begun, closed, left = threading.Event(), threading.Event(), threading.Event()

    def script(connection: RawConnection) -> None:
        connection.recv_request()
        connection.respond(b"late")
        connection.wait_closed()
        left.set()

    def slow(request: ulak.PreparedRequest) -> ulak.PreparedRequest:
        begun.set()
        assert closed.wait(10)
        return request

    def source() -> Iterator[ulak.Request]:
        yield ulak.Request("GET", server.url, auth=slow)
        assert begun.wait(10)
        raise LookupError

    with RawServer(script) as server:
        session = ulak.Session()
        with pytest.raises(LookupError):
            list(session.gather(source()))
        session.close()
        closed.set()
        assert left.wait(10)


def test_a_program_that_ends_does_not_wait_for_them(gate: Gate) -> None:
    program = (
        "import sys, ulak\n"
        "responses = ulak.Session().gather(sys.argv[1:])\n"
        "print(next(responses).text, flush=True)\n"
        "input()\n"
    )
    gate.let_go(0)
    done = subprocess.Popen(
        [sys.executable, "-c", program, *gate.urls(2)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    gate.wait(1)
    assert done.communicate("\n", timeout=30)[0] == "0\n"
    assert done.returncode == 0


@pytest.mark.parametrize("in_order", [False, True])
def test_responses_that_nobody_gets_are_closed(in_order: bool) -> None:
    """Those that are there, and one that comes when all is over."""
    let_go = threading.Event()
    came = threading.Semaphore(0)
    closed = threading.Semaphore(0)
    kept = []  # so that none is closed by being forgotten

    def script(connection: RawConnection) -> None:
        target = connection.recv_request().target
        if target == "/late":
            connection.wait(let_go)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        connection.wait_closed()
        closed.release()

    def hook(response: ulak.Response, **_: Any) -> None:
        kept.append(response)
        came.release()

    with RawServer(script) as server, ulak.Session(stream=True, hooks={"response": hook}) as s:
        items = [f"{server.url}/{name}" for name in ("a", "b", "late", "c")]
        responses = s.gather(items, in_order=in_order)
        next(responses).close()
        for _ in range(3):
            assert came.acquire(timeout=10)
        next(responses).close()
        server.wait_connections(4)
        responses.close()
        let_go.set()
        for _ in items:
            assert closed.acquire(timeout=10)


def test_streamed_responses_count_until_they_are_handed_out(http_server: HttpServer) -> None:
    """Each holds a connection; they may not use up those that the others wait for."""
    urls = (f"{http_server.url}/get" for _ in itertools.count())
    with ulak.Session(stream=True) as session:
        responses = session.gather(urls, limit=3)
        for _ in range(5):
            next(responses).close()
        http_server.wait_requests(5)
        assert len(http_server.requests) <= 5 + 3
        responses.close()


class Own(BaseAdapter):
    """Answers out of nothing."""

    def send(self, request: ulak.PreparedRequest, **kwargs: Any) -> ulak.Response:
        response = ulak.Response()
        response.status_code = 200
        response._content = b"own"
        return response

    def close(self) -> None:
        pass


def test_any_adapter(session: ulak.Session) -> None:
    session.mount("own://", Own())
    responses = session.gather([f"own://host/{number}" for number in range(50)], per_host=2)
    assert [response.content for response in responses] == [b"own"] * 50


# -- bad input -------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0, True, 1.5, "4", None])
def test_limits_are_numbers(session: ulak.Session, limit: Any) -> None:
    with pytest.raises(InvalidOption, match="limit="):
        session.gather([], limit=limit)


@pytest.mark.parametrize("limit", [0, False, 1.5, "4"])
def test_limits_of_a_host_are_numbers(session: ulak.Session, limit: Any) -> None:
    with pytest.raises(InvalidOption, match="per_host="):
        session.gather([], per_host=limit)


@pytest.mark.parametrize("requests", ["http://a/", b"http://a/", 3, None, ulak.Request("GET")])
def test_requests_are_many(session: ulak.Session, requests: Any) -> None:
    with pytest.raises(InvalidOption, match="iterable of requests, such as a list of URLs"):
        session.gather(requests)


def test_an_asynchronous_source_is_refused(session: ulak.Session) -> None:
    class Source:
        def __aiter__(self) -> Source:
            return self

    with pytest.raises(InvalidOption, match="iterable of requests"):
        session.gather(Source())  # type: ignore[call-overload]


# -- cost ---------------------------------------------------------------------------------


def test_threads_need_no_asyncio() -> None:
    program = (
        "import sys, ulak\n"
        "assert list(ulak.Session().gather([])) == []\n"
        "assert 'asyncio' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_many_threads_share_a_session(http_server: HttpServer, session: ulak.Session) -> None:
    urls = [f"{http_server.url}/get?n={number}" for number in range(300)]
    found = session.gather(urls, limit=16)
    assert [r.json()["args"]["n"] for r in found] == [str(number) for number in range(300)]
    assert http_server.connections <= 16
