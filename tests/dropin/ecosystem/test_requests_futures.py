"""requests-futures: sessions whose calls give futures, on threads or on processes."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import pytest
import requests
from requests_futures.sessions import FuturesSession

from tests.support.http_server import HttpServer


def test_many_at_once(http_server: HttpServer) -> None:
    with FuturesSession(max_workers=4) as session:
        futures = [session.get(f"{http_server.url}/anything/{n}") for n in range(20)]
        targets = {future.result().json()["target"] for future in as_completed(futures)}
    assert targets == {f"/anything/{n}" for n in range(20)}


@pytest.mark.parametrize("method", ["get", "options", "head", "post", "put", "patch", "delete"])
def test_every_method(http_server: HttpServer, method: str) -> None:
    with FuturesSession() as session:
        response = getattr(session, method)(f"{http_server.url}/anything", params={"q": 1}).result()
    assert response.status_code == 200
    assert http_server.last.method == method.upper()
    assert http_server.last.target == "/anything?q=1"


def test_a_hook_works_in_the_background(http_server: HttpServer) -> None:
    def parse(response: requests.Response, *args: object, **kwargs: object) -> None:
        response.data = response.json()

    with FuturesSession() as session:
        session.hooks["response"] = parse
        assert session.get(f"{http_server.url}/json").result().data["courier"] == "ulak"


def test_a_session_of_the_callers_own(http_server: HttpServer) -> None:
    own = requests.Session()
    own.headers["X-Mark"] = "mine"
    with FuturesSession(session=own) as session:
        session.get(f"{http_server.url}/get").result()
    assert http_server.last.header("X-Mark") == "mine"


def test_failures_come_by_the_future() -> None:
    with FuturesSession() as session:
        future = session.get("http://127.0.0.1:1/")
        assert isinstance(future.exception(), requests.exceptions.ConnectionError)
        with pytest.raises(requests.exceptions.ConnectionError):
            future.result()


def test_retries_of_an_adapter(http_server: HttpServer) -> None:
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retries = Retry(2, status_forcelist=[503], backoff_factor=0)
    with FuturesSession(adapter_kwargs={"max_retries": retries}) as session:
        response = session.get(f"{http_server.url}/retry?key=a&fails=2").result()
    assert response.json()["attempts"] == 3
    assert isinstance(session.adapters["http://"], HTTPAdapter)


def test_processes(http_server: HttpServer) -> None:
    """The session goes to the process, and the response comes back, pickled."""
    executor = ProcessPoolExecutor(1, mp_context=get_context("fork"))
    with FuturesSession(executor=executor) as session:
        session.headers["X-Mark"] = "pickled"
        response = session.get(f"{http_server.url}/get").result()
    executor.shutdown()
    assert response.json()["headers"]["X-Mark"] == "pickled"
    assert response.elapsed.total_seconds() > 0
