"""Sessions: settings, cookies and connections that last over many requests.

A :class:`Session` carries out, one after the other, the steps of the
conversation that ``_policy`` decides on.  Its settings, and everything else that
needs no I/O, it has in common with :class:`~ulak.AsyncSession`.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, overload

from ._bodies import rewind
from ._policy import redirects
from ._policy.headers import default_headers, default_user_agent
from ._policy.session import BaseSession, Call, with_verbs
from ._policy.settings import merge_hooks, merge_setting
from ._policy.steps import (
    ERROR_TIME,
    SKIM_LIMIT,
    SKIM_TIME,
    Close,
    Hooks,
    Load,
    Pause,
    Resend,
    Rewind,
    Send,
    Skim,
)
from ._policy.streaming import Unentered
from ._response import BaseResponse
from .adapters import HTTPAdapter
from .hooks import dispatch_hook
from .models import REDIRECT_STATI, PreparedRequest, Response
from .timeouts import standard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType
    from typing import Literal, Self, TypeAlias

    from ._gathering import Gathering, Item
    from ._types import Cert, Proxies, Verify

__all__ = [
    "REDIRECT_STATI",
    "Session",
    "SessionRedirectMixin",
    "default_headers",
    "default_user_agent",
    "merge_hooks",
    "merge_setting",
    "preferred_clock",
    "session",
]


@with_verbs(None)
class Session(BaseSession[Response, "OpenStream"]):
    """Settings, cookies and connections for many requests; for many threads at once.

    Use it as a context manager, or call :meth:`close`.  Every argument is also
    an attribute, which may be changed later.
    """

    _response_class: ClassVar[type[BaseResponse]] = Response
    _adapter_base: ClassVar[str] = "ulak.adapters.HTTPAdapter or ulak.adapters.BaseAdapter"

    def _set_up(self) -> None:
        if type(self).timeout is BaseSession.timeout:  # a subclass may have said otherwise
            self.__dict__.setdefault("timeout", standard())
        self.mount("https://", HTTPAdapter())
        self.mount("http://", HTTPAdapter())

    @property
    def _overrides_send(self) -> bool:
        return type(self).send is not _OWN_SEND or "send" in self.__dict__

    def _perform(self, call: Call) -> Response:
        prepared, options = self._begin(call)
        raises = prepared._raises
        response = self.send(prepared, **options)
        if raises and response._is_error():
            # Where an overridden send left it unread:
            response._load_at_most(SKIM_LIMIT, ERROR_TIME)
            response.raise_for_status()
        return response

    def _open_stream(self, method: str, url: str | bytes, options: Any) -> OpenStream:
        return OpenStream(self, method, url, options)

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:
        """Send a prepared request; an override point, called on every redirect too.

        :param kwargs: ``stream``, ``timeout``, ``verify``, ``cert``, ``proxies``,
            ``allow_redirects``, ``retries``, ``max_body_size``, ``https_only`` and
            ``address_policy``, as for :meth:`request`; what is not given is the
            session's.
        :raises RequestException: of the class that names what failed.
        """
        steps = self._converse(request, kwargs)
        outcome: Any = None
        failure: BaseException | None = None
        try:
            while True:  # carry out the steps; every failure goes back into the conversation
                try:
                    step: Any = steps.send(outcome) if failure is None else steps.throw(failure)
                except StopIteration as stop:
                    return stop.value  # type: ignore[no-any-return]
                outcome = failure = None
                try:
                    kind = type(step)
                    if kind is Send:
                        sent = step.request
                        adapter = self.get_adapter(url=sent.url or "")
                        kwargs["timeout"] = step.timeout  # hooks are told what was sent
                        kwargs["proxies"] = step.proxies
                        start = perf_counter()
                        outcome = adapter.send(sent, **kwargs)
                        self._accept(outcome, sent, adapter, start)
                    elif kind is not Load:
                        outcome = _OTHER_STEPS[kind](self, step, kwargs)
                    else:
                        step.response._load()
                except BaseException as exc:
                    failure = exc
        finally:
            del failure  # its traceback holds this frame

    def _resend(self, step: Resend, options: dict[str, Any]) -> Response:
        again = step.options(options)
        return self.send(step.request, allow_redirects=False, **again)

    def _run_hooks(self, step: Hooks, options: dict[str, Any]) -> Any:
        return dispatch_hook("response", step.request.hooks, step.response, **options)

    def _skim(self, step: Skim, options: dict[str, Any]) -> None:
        step.response._load_at_most(SKIM_LIMIT, step.seconds)  # type: ignore[attr-defined]  # ours

    def _close_response(self, step: Close, options: dict[str, Any]) -> None:
        step.response.close()  # type: ignore[attr-defined]  # ours

    def _rewind(self, step: Rewind, options: dict[str, Any]) -> None:
        rewind(step.request.body, step.request._body_position)

    def _pause(self, step: Pause, options: dict[str, Any]) -> None:
        from threading import Event

        closed = Event()
        pauses: set[Event] = self.__dict__.setdefault("_pauses", set())
        pauses.add(closed)
        try:
            closed.wait(step.seconds)
        finally:
            pauses.discard(closed)

    def resolve_redirects(  # noqa: PLR0913 - the signature of requests
        self,
        resp: Response,
        req: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies = None,
        yield_requests: bool = False,
        **adapter_kwargs: Any,
    ) -> Iterator[Any]:
        """Follow the redirect ``resp``, which answers ``req``, hop by hop.

        :returns: an iterator of the responses, or with ``yield_requests`` of the
            requests that would be sent; each response holds those before it.
        :raises TooManyRedirects: after ``max_redirects``.
        """
        history: list[Response] = []
        kwargs = {"stream": stream, "timeout": timeout, "verify": verify, "cert": cert}
        while (location := self.get_redirect_target(resp)) is not None:
            resp._load_at_most(SKIM_LIMIT, SKIM_TIME)
            req = redirects.next_request(self, req, resp, location, taken=len(history))
            proxies = self.rebuild_proxies(req, proxies)
            self.rebuild_auth(req, resp)
            history.append(resp)
            if yield_requests:
                yield req
                return
            resp = self.send(
                req, proxies=proxies, allow_redirects=False, **kwargs, **adapter_kwargs
            )
            resp.history = list(history)
            yield resp

    @overload
    def gather(
        self,
        requests: Iterable[Item],
        *,
        limit: int = 16,
        per_host: int | None = None,
        in_order: bool = True,
        return_exceptions: Literal[False] = False,
    ) -> Gathering[Response]: ...
    @overload
    def gather(
        self,
        requests: Iterable[Item],
        *,
        limit: int = 16,
        per_host: int | None = None,
        in_order: bool = True,
        return_exceptions: bool,
    ) -> Gathering[Response | Exception]: ...
    def gather(
        self,
        requests: Iterable[Item],
        *,
        limit: int = 16,
        per_host: int | None = None,
        in_order: bool = True,
        return_exceptions: bool = False,
    ) -> Gathering[Any]:
        """Send many requests at once, on threads, and hand out the responses one by one.

        The iterator is lazy: it begins with the first response that is asked for, and
        asks ``requests`` for more only while responses are taken, in the thread that
        takes them.  So ``requests`` may be endless; what is ahead of the consumer is
        bounded.  A list of all is ``list(session.gather(urls))``.

        Leaving the loop early, or calling ``close()`` on the iterator, lets no further
        request begin.  Those under way cannot be stopped: each thread ends after the
        one that it is at, and its response is closed.  To cut them off as well, close
        the session.

        :param requests: an iterable of URLs (GET) and :class:`~ulak.Request`, which are
            sent as by :meth:`request`, and of :class:`~ulak.PreparedRequest`, which are
            sent as by :meth:`send`.
        :param limit: how many are under way at once, each in a thread of its own.
        :param per_host: how many of them to the same scheme, host and port.  One whose
            host is busy waits aside while others go.  A redirect counts for the host
            that the request was for at first.
        :param in_order: hand out the responses in the order of ``requests``; else as
            they come.
        :param return_exceptions: hand out what a request raised in the place of its
            response; else the first failure is raised as soon as it is known, and ends
            the iteration.
        :returns: an iterator of the responses; their bodies are read, unless the
            session's ``stream`` is set.  Its ``with_items()`` makes that pairs: an item
            of ``requests``, as it was given, and the response to it.
        :raises InvalidOption: at once, when an argument makes no sense.
        :raises RequestException: while iterating; what an item that cannot be sent
            raises is a failure of that request.
        """
        from ._gathering import Gathering
        from ._policy.gathering import Schedule

        schedule = Schedule(
            limit=limit,
            per_host=per_host,
            in_order=in_order,
            return_exceptions=return_exceptions,
            holds=bool(self._streams),
        )
        return Gathering(self, requests, schedule)

    def close(self) -> None:
        """Close every connection, those of unread responses too.  Harmless when repeated.

        Requests that are under way end with :class:`~ulak.exceptions.SessionClosed`.
        """
        if self._is_brief:
            self._retire()
            return
        self._closings += 1
        for pause in list(self.__dict__.get("_pauses", ())):
            pause.set()
        for adapter in self.adapters.values():
            adapter.close()

    def _retire(self) -> None:
        """Close what is idle; a response that is still being read keeps its connection."""
        for adapter in self.adapters.values():
            if isinstance(adapter, HTTPAdapter):
                adapter._retire()
            else:
                adapter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __aenter__(self) -> None:
        """Say which ``with`` is meant.

        :raises TypeError: always.
        """
        raise TypeError("use `with` with a Session; `async with` is for an AsyncSession")

    def __aexit__(self, *exc_info: object) -> None:
        """Never called."""


#: Where requests has the methods that follow redirects.
SessionRedirectMixin: TypeAlias = Session
preferred_clock = perf_counter

_OWN_SEND = Session.send

_OTHER_STEPS: dict[type, Any] = {
    Hooks: Session._run_hooks,
    Skim: Session._skim,
    Close: Session._close_response,
    Rewind: Session._rewind,
    Pause: Session._pause,
    Resend: Session._resend,
}


class OpenStream(Unentered):
    """One streamed request: sent when its ``with`` block begins, closed when that ends."""

    def __init__(self, session: Session, method: str, url: str | bytes, options: Any) -> None:
        super().__init__()
        self._call = session, method, url, options
        self._response: Response | None = None

    def __enter__(self) -> Response:
        self._made_at = ""
        session, method, url, options = self._call
        self._response = session.request(method, url, **options)
        return self._response

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._response is not None:
            self._response.close()


def session() -> Session:
    """A new session.  Deprecated in favour of :class:`Session`."""
    return Session()
