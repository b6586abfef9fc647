"""An interrupt at any call on the socket leaves the pool whole and the next answer right."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable

import pytest

import ulak
from tests.support import HttpServer
from ulak.adapters import HTTPAdapter


class Interrupting:
    """Raises once, at the ``at``-th call of any of a socket's methods."""

    METHODS = ("connect", "settimeout", "send", "sendall", "recv", "recv_into")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> None:
        self.count = 0
        self.raised = False
        outer = self

        def counting(genuine: Callable) -> Callable:
            def method(sock, *args, **kwargs):
                if sock.type == socket.SOCK_STREAM and outer.armed:
                    outer.count += 1
                    if outer.count == at and not outer.raised:
                        outer.raised = True
                        raise error
                return genuine(sock, *args, **kwargs)

            return method

        self.armed = False

        class Socket(socket.socket):
            pass

        # After a reset while sending, the client looks whether there is an answer: slow here.
        skipped = ("send", "sendall") if isinstance(error, ConnectionResetError) else ()
        for name in set(self.METHODS).difference(skipped):
            setattr(Socket, name, counting(getattr(socket.socket, name)))

        class Module:
            """The module as ``dial`` sees it; the servers of the tests keep the genuine one."""

            socket = Socket

            def __getattr__(self, name: str) -> object:
                return getattr(socket, name)

        monkeypatch.setattr("ulak._transport.dial.socket", Module())


ERRORS = [KeyboardInterrupt, SystemExit, ConnectionResetError, TimeoutError, MemoryError]


@pytest.mark.parametrize("error", ERRORS, ids=lambda x: x.__name__)
@pytest.mark.parametrize("warm", [False, True], ids=["first", "kept"])
def test_at_every_call(
    http_server: HttpServer, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], warm: bool
) -> None:
    for at in range(1, 40):
        with monkeypatch.context() as patch:
            trap = Interrupting(patch, at, error("interrupted"))
            adapter = HTTPAdapter(pool_maxsize=2, pool_block=True)
            with ulak.Session(adapters={"http://": adapter}) as session:
                session.get(f"{http_server.url}/get?warm") if warm else None
                trap.armed = True
                url = f"{http_server.url}/stream-bytes/30000?chunk_size=3000&n={at}"
                try:
                    session.post(url, data=b"x" * 100_000, timeout=0.2)
                except BaseException as caught:
                    assert trap.raised
                    assert isinstance(caught, error | ulak.RequestException), repr(caught)
                trap.armed = False
                # The pool has both its places, and the next answers are those of their requests.
                held = [
                    session.get(f"{http_server.url}/get?n={n}", stream=True, timeout=5)
                    for n in (1, 2)
                ]
                assert [x.json()["args"]["n"] for x in held] == ["1", "2"]
                pool = adapter.poolmanager.connection_from_url(http_server.url)
                assert not pool._busy
            if not trap.raised:
                break
    else:
        pytest.fail("there are more calls than this test looks at")
    assert at > 4


def test_an_interrupt_in_the_middle_of_a_stream(http_server: HttpServer, monkeypatch) -> None:
    trap = Interrupting(monkeypatch, 3, KeyboardInterrupt())
    with ulak.Session() as session:
        response = session.get(f"{http_server.url}/stream-bytes/900000", stream=True)
        trap.armed = True
        with pytest.raises(KeyboardInterrupt):
            for _ in response.iter_content(10_000):
                pass
        assert session.get(f"{http_server.url}/get").json()["method"] == "GET"
    assert http_server.connections == 2


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, MemoryError, OSError], ids=lambda x: x.__name__
)
@pytest.mark.parametrize("where", ["looking", "making"])
def test_an_interrupt_while_a_connection_is_chosen(
    http_server: HttpServer, monkeypatch, where: str, error: type[BaseException]
) -> None:
    adapter = HTTPAdapter(pool_maxsize=1, pool_block=True)
    with ulak.Session(adapters={"http://": adapter}, timeout=ulak.Timeout(pool=0.2)) as session:

        def interrupted(*args: object) -> object:
            raise error("interrupted")

        url = f"{http_server.url}/get"
        pool = adapter.poolmanager.connection_from_url(url)
        with monkeypatch.context() as patch:
            if where == "looking":
                session.get(url)
                patch.setattr(pool._idle[0], "_poll", interrupted)
            else:
                patch.setattr(pool, "_new_conn", interrupted)
            with pytest.raises((error, ulak.RequestException)):
                session.get(url)
        assert session.get(url).ok


class AtLine:
    """Interrupts at the ``at``-th line of the code that keeps the pool's books."""

    FILES = tuple(f"/_transport/{name}.py" for name in ("pool", "response", "body", "connection"))

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0

    def __call__(self, frame, event: str, arg: object) -> object:
        ours = frame.f_code.co_filename.replace("\\", "/").endswith(self.FILES)
        # What a finalizer raises, Python only prints.
        return (
            self._line if ours and frame.f_code.co_name not in {"_close_each", "__del__"} else None
        )

    def _line(self, frame, event: str, arg: object) -> object:
        self.count += event == "line"
        if self.count == self.at:
            sys.settrace(None)
            raise KeyboardInterrupt
        return self._line


# What is dropped in the middle of the book-keeping is closed as the garbage that it is.
@pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("path", ["/get", "/stream-bytes/30000?chunk_size=3000"])
@pytest.mark.parametrize("warm", [False, True], ids=["first", "kept"])
def test_at_every_line_of_the_book_keeping(http_server: HttpServer, path: str, warm: bool) -> None:
    """A pool that blocks has its only connection again, wherever the interrupt came."""
    before = sys.gettrace()
    for at in range(1, 500):
        adapter = HTTPAdapter(pool_maxsize=1, pool_block=True)
        with ulak.Session(adapters={"http://": adapter}, trust_env=False) as session:
            session.get(f"{http_server.url}/get?warm")
            if not warm:
                session.close()
            trap = AtLine(at)
            sys.settrace(trap)
            try:
                session.get(f"{http_server.url}{path}")
            except KeyboardInterrupt:
                pass
            finally:
                sys.settrace(before)
            soon = ulak.Timeout(5, pool=0.5)
            assert session.get(f"{http_server.url}/get?n={at}", timeout=soon).json()["args"] == {
                "n": str(at)
            }
        if trap.count < at:
            break
    else:
        pytest.fail("there are more lines than this test looks at")
    assert at > 50
