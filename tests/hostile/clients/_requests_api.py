"""A client with the API of requests: ulak, requests and niquests, each by its own module."""

from __future__ import annotations

import contextlib
import gc
import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType, ModuleType
from typing import Any

from ..plan import Ask, Auth, Got, Plan, Played, Raised, Settings, Unsupported
from ._outcomes import (
    Kept,
    body_of,
    certificate,
    check_no_socks,
    in_a_child,
    outcome_of,
    raised,
    weighed,
    world,
)

__all__ = ["RequestsClient"]


class RequestsClient:
    """Plays plans with ``module``'s ``Session``."""

    asynchronous = False
    #: Whether it does SOCKS without a further package.
    socks = False

    def __init__(self, name: str, module: ModuleType) -> None:
        self.name = name
        self._module: Any = module
        self._family = (module.exceptions.RequestException,)

    def play(self, plan: Plan) -> Played:
        if not self.socks:
            check_no_socks(plan)
        with world(plan):
            return weighed(lambda: self._play(plan), plan)

    def _play(self, plan: Plan) -> Played:
        outcomes: list[Got] = []
        unread: list[tuple[int, Any]] = []
        begin = time.perf_counter()
        try:
            with self._session(plan.settings) as session:
                for ask in plan.asks:
                    time.sleep(ask.pause)
                    outcomes.append(self._asked(session, ask, unread, len(outcomes)))
        except Unsupported:
            raise
        except Exception as error:  # a setting that is refused
            outcomes.append(Got(time.perf_counter() - begin, error=self._raised(error)))
        for position, response in unread:
            outcomes[position] = self._got(lambda response=response: response, Ask())
        return Played(tuple(outcomes))

    def _session(self, settings: Settings) -> Any:
        session = self._module.Session()
        session.trust_env = bool(settings.env or settings.netrc is not None)
        session.headers.update(_headers(settings.headers))
        session.cookies.update(dict(settings.cookies))
        session.auth = self._auth(settings.auth)
        session.verify = settings.verify
        session.max_redirects = settings.max_redirects
        session.cert = certificate(settings)
        if settings.proxy:
            session.proxies = {"http": settings.proxy, "https": settings.proxy}
        return session

    # -- one ask

    def _asked(self, session: Any, ask: Ask, unread: list[Any], position: int) -> Got:
        if ask.forked:
            return in_a_child(lambda: self._last(session, ask))
        if ask.times == 1:
            got, response = self._once(session, ask)
            if response is not None:
                unread.append((position, response))
            return got
        begin = time.perf_counter()
        asks = (ask.times_url(n) for n in range(ask.times))
        if ask.together == 1:
            return outcome_of(begin, [self._once(session, one)[0] for one in asks])
        with ThreadPoolExecutor(ask.together) as threads:
            many = list(threads.map(lambda one: self._once(session, one)[0], asks))
        return outcome_of(begin, many)

    def _last(self, session: Any, ask: Ask) -> Got:
        got, _ = self._once(session, ask)
        session.close()
        return got

    def _once(self, session: Any, ask: Ask) -> tuple[Got, Any]:
        left: list[Any] = []

        def request() -> Any:
            response = self._request(session, ask)
            if ask.read == "unread":
                left.append(response)
            return response

        with _interrupted(ask.interrupt), _closed(session, ask.close_session):
            return self._got(request, ask), left[0] if left else None

    def _got(self, request: Any, ask: Ask) -> Got:
        """Read the response that ``request`` returns the way ``ask`` says."""
        kept = Kept()
        response: Any = None
        error: Raised | None = None
        begin = time.perf_counter()
        try:
            response = request()
            if ask.read != "unread":
                with response:
                    _read(response, ask.read, kept)
        except Unsupported:
            raise
        except (Exception, KeyboardInterrupt) as failure:
            error = self._raised(failure)
        seconds = time.perf_counter() - begin
        if response is None:
            return Got(seconds, error=error)
        return Got(
            seconds,
            response.status_code,
            bytes(kept.body),
            kept.length,
            str(response.url),
            tuple(one.status_code for one in response.history),
            f"{response!r} {response.request!r}",
            error,
        )

    def _request(self, session: Any, ask: Ask) -> Any:
        options = self.options(ask)
        if ask.changed is None:
            return session.request(ask.method, ask.url, stream=ask.read != "whole", **options)
        return session.send(self.changed(session, ask), **self.sent(options))

    def changed(self, session: Any, ask: Ask) -> Any:
        """A request that ``session`` has prepared, and that was changed since."""
        headers = _headers(ask.headers) if ask.headers else None
        request = self._module.Request(ask.method, ask.url, headers=headers)
        prepared = session.prepare_request(request)
        part, value = ask.changed or ("", "")
        if part in ("method", "url"):
            setattr(prepared, part, value)
        else:
            prepared.headers[part] = value
        return prepared

    def sent(self, options: dict[str, Any]) -> dict[str, Any]:
        """Those keywords of a call that sending what is prepared takes."""
        return {name: options[name] for name in ("timeout", "allow_redirects")}

    def options(self, ask: Ask) -> dict[str, Any]:
        """The keywords of the call."""
        options: dict[str, Any] = {
            "timeout": self.timeout(ask),
            "allow_redirects": ask.redirects,
        }
        if ask.headers:
            options["headers"] = _headers(ask.headers)
        if ask.params:
            options["params"] = dict(ask.params)
        if ask.cookies:
            options["cookies"] = dict(ask.cookies)
        if ask.auth is not None:
            options["auth"] = self._auth(ask.auth)
        if ask.proxy:
            options["proxies"] = {"http": ask.proxy, "https": ask.proxy}
        if ask.retries:
            options.update(self.retries(ask.retries))
        if ask.parts:
            options["files"] = [
                (part.name, (part.filename, part.content, part.type, dict(part.headers)))
                for part in ask.parts
            ]
        if ask.form:
            options["data"] = dict(ask.form)
        body = body_of(ask)
        if body is not None:
            options["data"] = body
        return options

    def timeout(self, ask: Ask) -> Any:
        """What ``timeout=`` is given."""
        return ask.timeout

    def retries(self, count: int) -> dict[str, Any]:
        """The keywords that ask for so many further attempts."""
        raise Unsupported("retries of a call")

    def _auth(self, auth: Auth | None) -> Any:
        if auth is None:
            return None
        if auth.kind == "digest":
            return self._module.auth.HTTPDigestAuth(auth.user, auth.password)
        if auth.kind == "basic":
            return (auth.user, auth.password)
        return self.bearer(auth.user)

    def bearer(self, token: str) -> Any:
        """An auth of that token."""

        def add(request: Any) -> Any:
            request.headers["Authorization"] = f"Bearer {token}"
            return request

        return add

    def _raised(self, error: BaseException) -> Raised:
        return raised(error, self._family)


def _headers(headers: Any) -> dict[Any, Any]:
    return dict(headers)


def _read(response: Any, how: str, kept: Kept) -> None:
    if how == "whole":
        kept.add(response.content or b"")
    elif how == "pieces":
        kept.all_of(response.iter_content(10_000))
    elif how == "lines":
        kept.all_of(response.iter_lines())
    elif how == "text":
        kept.add((response.text or "").encode("utf-8", "replace"))
    elif how == "json":
        kept.add(json.dumps(response.json())[:100].encode())


@contextlib.contextmanager
def _interrupted(seconds: float | None) -> Iterator[None]:
    """Have a KeyboardInterrupt come after so many seconds."""
    if seconds is None:
        yield
        return

    def strike(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.collect(0)  # what the interrupt left in a frame


@contextlib.contextmanager
def _closed(session: Any, seconds: float | None) -> Iterator[None]:
    """Have the session be closed after so many seconds."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, session.close)
    timer.start()
    try:
        yield
    finally:
        timer.join()
