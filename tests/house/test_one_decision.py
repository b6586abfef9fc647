"""No decision stands twice: what sync and async have to decide, they decide in one place.

The two sessions are siblings on one base, drive one conversation, and have nothing
of their own but how a step is carried out.  Below them, what is written twice may
only differ in waiting or awaiting where there is no third place for it.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, get_args

import pytest

import ulak
from tests.house.imports import modules
from tests.house.likeness import Function, functions
from ulak import async_sessions, sessions
from ulak._policy.steps import Load, Send, Step

# -- what the two sessions do not share --------------------------------------

#: Names that stand on one session, or on each in its own way; all others are one object, or
#: functions of one code.
OF_A_SESSION = {
    "carrying out a step": "_close_response _pause _resend _rewind _run_hooks _skim send",
    "awaiting what the other waits for": "_open_stream _perform",
    "many at once, on threads or in tasks": "gather",
    "the classes it works with": "_adapter_base _asynchronous _response_class _set_up",
    "its own send, to know an overridden one": "_overrides_send",
    "its end": "__enter__ __exit__ __aenter__ __aexit__ aclose close _retire __del__",
    "where it was made, for its end": "__setstate__ _begin_life _made_at",
    "awaiting what closing cuts short": "_cut_short _note_position _while_open",
    "for code that was written for requests": "resolve_redirects",
}

#: The same of a response.
OF_A_RESPONSE = {
    "reading the body": "content _is_read_otherwise _load _load_at_hand _load_at_most _stream"
    " _was_begun aread",
    "handing it over": "__iter__ __aiter__ iter_content iter_lines"
    " aiter_content aiter_text aiter_lines",
    "its end": "__enter__ __exit__ __aenter__ __aexit__ aclose close _close_raw",
    "a pickle holds the body, which only one can read by itself": "__getstate__",
}

#: What Python itself writes into classes.
BY_PYTHON = {
    "__abstractmethods__",
    "__annotate__",
    "__annotate_func__",
    "__annotations__",
    "__annotations_cache__",
    "__doc__",
    "__firstlineno__",
    "__module__",
    "__orig_bases__",
    "__parameters__",
    "__static_attributes__",
}


def differing(sync: type, asynchronous: type) -> set[str]:
    """The names that are not one object on both classes, nor functions that do the same."""
    names = {*dir(sync), *dir(asynchronous)} - BY_PYTHON
    return {
        name
        for name in names
        if what_is_done(inspect.getattr_static(sync, name, None))
        != what_is_done(inspect.getattr_static(asynchronous, name, None))
    }


def what_is_done(value: Any) -> Any:
    """What two functions have in common that decide in one place, or else ``value`` by itself."""
    if not inspect.isfunction(value):
        return id(value)
    defaults = value.__defaults__, value.__kwdefaults__
    return id(value.__code__), id(value.__globals__), value.__closure__, defaults


def check(found: set[str], listed: dict[str, str]) -> None:
    names = {name for line in listed.values() for name in line.split()}
    new = found - names
    assert not new, f"write it once, for both, or say above why not: {sorted(new)}"
    gone = names - found
    assert not gone, f"take off the list what is shared by now: {sorted(gone)}"


def test_the_sessions_differ_only_in_carrying_out() -> None:
    check(differing(ulak.Session, ulak.AsyncSession), OF_A_SESSION)


def test_the_responses_differ_only_in_reading() -> None:
    check(differing(ulak.Response, ulak.AsyncResponse), OF_A_RESPONSE)


def test_a_difference_is_found() -> None:
    class Base:
        same = 1

        def decides(self) -> int:
            return 1

        def shared(self, limit: int = 1) -> int:
            return limit

        def tuned(self, limit: int = 1) -> int:
            return limit

    class Sync(Base):
        pass

    class Asynchronous(Base):
        def decides(self) -> int:
            return 1

        def alone(self) -> None:
            pass

        shared = copied(Base.shared, (1,))
        tuned = copied(Base.tuned, (2,))

    assert differing(Sync, Asynchronous) == {"decides", "alone", "tuned"}


def copied(function: Any, defaults: tuple[Any, ...]) -> FunctionType:
    return FunctionType(function.__code__, function.__globals__, "copy", defaults)


# -- one conversation --------------------------------------------------------


def test_there_is_one_place_that_begins_a_conversation() -> None:
    naming = {
        module
        for module, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Conversation"
    }
    assert naming == {"ulak._policy.session"}


@pytest.mark.parametrize("front", [sessions, async_sessions], ids=lambda x: x.__name__)
def test_every_step_is_carried_out(front: Any) -> None:
    assert {Send, Load, *front._OTHER_STEPS} == set(get_args(Step))


# -- what a session has no word for ------------------------------------------

METHODS = {
    "CONNECT",
    "DELETE",
    "GET",
    "HEAD",
    "OPTIONS",
    "PATCH",
    "POST",
    "PUT",
    "QUERY",
    "TRACE",
}
FIELDS = {
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "location",
    "proxy-authenticate",
    "proxy-authorization",
    "referer",
    "retry-after",
    "set-cookie",
    "te",
    "transfer-encoding",
    "user-agent",
    "www-authenticate",
}
#: What a decision about a request or an answer looks at.
LOOKED_AT = {
    "headers",
    "is_permanent_redirect",
    "is_redirect",
    "method",
    "ok",
    "reason",
    "status_code",
}


def decisions(source: str) -> Iterator[str]:
    """What in a module is about statuses, methods and fields, as ``line: what``."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(text)) if text in METHODS or text.lower() in FIELDS:
                yield f"{node.lineno}: {text!r}"
            case ast.Constant(value=int(number)) if 100 <= number <= 599:
                yield f"{node.lineno}: {number}"
            case ast.Attribute(attr=name) if name in LOOKED_AT:
                yield f"{node.lineno}: .{name}"


@pytest.mark.parametrize("front", [sessions, async_sessions], ids=lambda x: x.__name__)
def test_a_session_knows_no_status_method_or_field(front: Any) -> None:
    found = list(decisions(Path(front.__file__).read_text(encoding="utf-8")))
    assert not found, "this belongs into _policy: " + ", ".join(found)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("if response.status_code in (301, 302): pass", ["1: .status_code", "1: 301", "1: 302"]),
        ('x = request["Location"]', ["1: 'Location'"]),
        ('if method == "HEAD": pass', ["1: 'HEAD'"]),
        ('def send():\n    """Follow a 302 by GET."""', []),
        ("limit = 50", []),
    ],
)
def test_a_decision_of_a_session_is_found(code: str, found: list[str]) -> None:
    assert sorted(decisions(code)) == sorted(found)


# -- functions that are alike ------------------------------------------------

#: Functions with fewer statements are idioms.
SHORTEST = 4
#: The share of statements from which on two functions are twins, and below which they
#: are no longer; what lies between leaves the list as it is.
ALIKE = 0.6
APART = 0.4

#: Twins that may stand, and why; the first of each is the asynchronous one.
TWINS = {
    (
        "ulak.async_sessions.AsyncSession.send",
        "ulak.sessions.Session.send",
    ): "the driver: what it loops over is decided in the conversation",
    (
        "ulak.async_sessions.AsyncSession._perform",
        "ulak.sessions.Session._perform",
    ): "what is raised, and how much is read for it, is decided in the conversation",
    (
        "ulak.async_models.AsyncResponse._load_at_most",
        "ulak.models.Response._load_at_most",
    ): "the loop itself waits; its limits are the caller's",
    (
        "ulak.async_models.AsyncResponse.aiter_content",
        "ulak.models.Response._stream",
    ): "a generator cannot be both",
    (
        "ulak._transport.async_response.AsyncRawResponse._fail",
        "ulak._transport.body.BodyReader._fail",
    ): "which error it is, is decided by as_urllib3",
    (
        "ulak.async_adapters.AsyncHTTPAdapter.send",
        "ulak.adapters.HTTPAdapter.send",
    ): "the order of what an adapter catches; each error is told by translate",
    (
        "ulak._gathering._gather_async",
        "ulak._gathering._gather",
    ): "what begins, waits and is handed out is decided by Schedule",
}


def twins(found: list[Function], likeness: float = ALIKE) -> set[tuple[str, str]]:
    """Pairs, one of each half, that decide something and are alike."""
    of_size = [one for one in found if one.decides and len(one.lines) >= SHORTEST]
    return {
        (one.name, other.name)
        for one in of_size
        if one.is_async
        for other in of_size
        if not other.is_async and one.is_like(other, likeness)
    }


def test_no_function_that_decides_stands_in_both_halves() -> None:
    found = functions()
    new = twins(found) - TWINS.keys()
    assert not new, f"decide in one place, or say in TWINS why not: {sorted(new)}"
    gone = TWINS.keys() - twins(found, APART)
    assert not gone, f"take off TWINS what is alike no more: {sorted(gone)}"


def test_twins_are_found(tmp_path: Path) -> None:
    package = tmp_path / "ulak"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "pool.py").write_text(
        "class Pool:\n"
        "    def take(self, key: str) -> Connection:\n"
        "        '''One that is idle.'''\n"
        "        for candidate in self._idle(key):\n"
        "            if candidate.age < LIMIT:\n"
        "                return candidate\n"
        "            candidate.close()\n"
        "        return Connection(key)\n"
        "    def put(self, connection):\n"
        "        self._idle.append(connection)\n"
    )
    (package / "async_pool.py").write_text(
        "class AsyncPool:\n"
        "    async def take(self, origin: str) -> AsyncConnection:\n"
        "        async for one in self._idle(origin):\n"
        "            if one.age < LIMIT:\n"
        "                return one\n"
        "            await one.aclose()\n"
        "        return await AsyncConnection(origin)\n"
        "    async def put(self, connection):\n"
        "        self._idle.append(connection)\n"
        "    async def other(self, origin: str):\n"
        "        if origin in self._idle:\n"
        "            return None\n"
        "        await self._lock\n"
        "        return await self._dial(origin)\n"
    )
    found = {one.name: one for one in functions(tmp_path)}
    assert {name: one.is_async for name, one in found.items()} == {
        "ulak.pool.Pool.take": False,
        "ulak.pool.Pool.put": False,
        "ulak.async_pool.AsyncPool.take": True,
        "ulak.async_pool.AsyncPool.put": True,
        "ulak.async_pool.AsyncPool.other": True,
    }
    pair = ("ulak.async_pool.AsyncPool.take", "ulak.pool.Pool.take")
    assert twins(list(found.values())) == {pair}
    assert found[pair[0]].likeness(found[pair[1]]) == 1.0
