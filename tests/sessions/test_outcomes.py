"""Whose outcome it is: what was asked for stands beside each response and each error."""

from __future__ import annotations

import gc
from collections.abc import Awaitable
from typing import Any

import pytest

import ulak
from tests.support import HttpServer, free_port
from tests.support.fronts import Front
from ulak import exceptions as e
from ulak.adapters import BaseAdapter


def gathered(front: Front, gathering: Any) -> list[Any]:
    """All that comes of a gathering, whichever front's."""

    async def wait() -> list[Any]:
        found: list[Any] = await gathering
        return found

    return front.run(wait()) if isinstance(gathering, Awaitable) else list(gathering)


def gather(front: Front, session: Any, items: Any, **options: Any) -> Any:
    return front.real(session).gather(items, **options)


# -- errors --------------------------------------------------------------------

#: Calls that fail before there is anything to send, or before it is sent.
EARLY = [
    ("no-scheme", {}, e.MissingSchema),
    ("http://", {}, e.InvalidURL),
    ("gopher://host/", {}, e.InvalidSchema),
    ("http://host/", {"headers": {"a b": "c"}}, e.InvalidHeader),
    ("http://host/", {"data": object()}, e.InvalidBody),
    ("http://host/", {"hooks": {"response": 5}}, e.InvalidOption),
    ("http://host/", {"verify": 5}, e.InvalidOption),
    ("http://host/", {"proxies": {"http": 5}}, e.InvalidOption),
    ("http://host/", {"timeout": -1}, e.InvalidTimeout),
    ("http://host/", {"retries": -1}, e.InvalidOption),
    ("http://host/", {"max_body_size": -1}, e.InvalidOption),
    ("http://host/", {"https_only": True}, e.HTTPSRequired),
]


@pytest.mark.parametrize(
    ("url", "options", "kind"), EARLY, ids=lambda x: next(iter(x), "") if type(x) is dict else ""
)
def test_an_early_error_has_the_request(
    session: Any, url: str, options: dict[str, Any], kind: type[e.RequestException]
) -> None:
    with pytest.raises(kind) as caught:
        session.request("PUT", url, **options)
    request = caught.value.request
    assert request is not None
    assert (request.method, request.url) == ("PUT", url)


def test_an_early_error_has_all_that_was_asked_for(session: Any) -> None:
    with pytest.raises(e.MissingSchema) as caught:
        session.post("no-scheme", json={"a": 1}, params={"b": "2"}, auth=("u", "a-secret"))
    request: Any = caught.value.request
    assert type(request) is ulak.Request
    assert (request.json, request.params) == ({"a": 1}, {"b": "2"})
    assert "a-secret" not in str(caught.value) + repr(request)


def test_a_prepared_request_that_is_refused(session: Any) -> None:
    prepared = ulak.Request("GET", "http://host/").prepare()
    for options in ({"retries": -1}, {"max_body_size": -1}, {"timeout": -1}):
        with pytest.raises(e.RequestException) as caught:
            session.send(prepared, **options)
        assert caught.value.request is prepared


class Bare(e.ConnectionError):
    """An error of the caller's own, which says nothing to its base."""

    def __init__(self) -> None:
        """Nothing."""


def test_an_error_of_an_adapter_of_ones_own_gets_the_request(front: Front) -> None:
    class Failing(BaseAdapter):
        def send(self, request: Any, *args: Any, **options: Any) -> Any:
            raise Bare

        def close(self) -> None:
            """Nothing to close."""

    with (
        front.session(adapters={"own://": front.adapter(Failing())}) as session,
        pytest.raises(Bare) as caught,
    ):
        session.get("own://host/")
    assert caught.value.request is not None
    assert caught.value.request.url == "own://host/"


def test_each_outcome_of_many_has_its_request(
    http_server: HttpServer, front: Front, session: Any
) -> None:
    url = f"{http_server.url}/get"
    nowhere = f"http://127.0.0.1:{free_port()}/"
    items = [url, "no-scheme", ulak.Request("PUT", "http://"), nowhere, b"gopher://host/"]
    outcomes = gathered(front, gather(front, session, items, return_exceptions=True))
    assert [outcome.request.url for outcome in outcomes] == [
        *(url, "no-scheme", "http://", nowhere, b"gopher://host/".decode())
    ]


# -- items ---------------------------------------------------------------------


class Numbered(ulak.Request):
    """A request that knows more than it sends."""

    number = 7


@pytest.mark.parametrize("in_order", [True, False])
def test_outcomes_with_the_items(
    http_server: HttpServer, front: Front, session: Any, in_order: bool
) -> None:
    url = f"{http_server.url}/redirect-to?url=/get"
    items = [url, "no-scheme", Numbered("GET", url), ulak.Request("GET", url).prepare(), 42]
    gathering = gather(front, session, items, in_order=in_order, return_exceptions=True)
    found = gathered(front, gathering.with_items())
    by_item = {id(item): outcome for item, outcome in found}
    kinds = [type(by_item[id(item)]) for item in items]
    answer = front.Response
    assert kinds == [answer, e.MissingSchema, answer, answer, e.InvalidOption]
    if in_order:
        assert all(item is given for (item, _), given in zip(found, items, strict=True))


def test_items_are_asked_for_before_it_begins(
    http_server: HttpServer, front: Front, session: Any
) -> None:
    gathering = gather(front, session, [f"{http_server.url}/get"])
    gathered(front, gathering)
    with pytest.raises(e.InvalidOption, match="has begun already"):
        gathering.with_items()


# -- what it shows ---------------------------------------------------------------


def test_a_gathering_tells_how_far_it_is(
    http_server: HttpServer, front: Front, session: Any
) -> None:
    gathering = gather(front, session, [f"{http_server.url}/get"] * 3, limit=1)
    name = type(gathering).__name__
    assert repr(gathering) == f"<{name}: not begun>"
    if front.name == "sync":
        next(gathering)
    else:
        front.run(anext(gathering))
    assert repr(gathering) == f"<{name}: 1 of at most 1 under way, 1 handed out>"
    if front.name == "sync":
        assert len(list(gathering)) == 2
    else:
        front.run(gathering.aclose())
    assert repr(gathering) == f"<{name}: over>"


@pytest.mark.parametrize("what", ["gather", "stream"])
def test_what_is_never_used_warns(front: Front, session: Any, what: str) -> None:
    args: Any = [["http://host/"]] if what == "gather" else ["GET", "http://host/"]
    with pytest.warns(RuntimeWarning, match=rf"{what}\(…\), made at .*{__name__[-13:]}\.py:\d+, "):
        getattr(front.real(session), what)(*args)
        gc.collect()


def test_what_was_used_is_deleted_in_silence(
    http_server: HttpServer, front: Front, session: Any
) -> None:
    url = f"{http_server.url}/get"
    with session.stream("GET", url):
        pass
    with pytest.raises(e.MissingSchema), session.stream("GET", "no-scheme"):
        pass
    gathered(front, gather(front, session, [url]))
    with pytest.raises(e.InvalidOption):
        gather(front, session, url)
    gc.collect()


def test_a_coroutine_is_nothing_to_gather(front: Front, session: Any) -> None:
    async def something() -> None:
        """Nothing to send."""

    coroutine = something()
    with pytest.raises(e.InvalidOption, match=r"not coroutine \(coroutines: asyncio\.gather\)"):
        gathered(front, gather(front, session, [coroutine]))
    coroutine.close()
