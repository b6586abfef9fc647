"""One request and everything that follows from it, as a generator of steps.

A :class:`Conversation` yields what is to be done (:mod:`ulak._policy.steps`) and is
sent the outcomes; it returns the response that the caller gets.  It holds the
whole policy: redirects, authentication rounds, retries with their pauses,
cookies, hooks, the deadline.  It opens, sends, reads and closes nothing, so that any
front can drive it, whether that waits or awaits.

A conversation is a chain of *hops*, one for each redirect; a hop is a few
*attempts* by the retry policy; with a :class:`~ulak.auth.FlowAuth` it is a few
*rounds* of attempts.
"""

from __future__ import annotations

from collections.abc import Generator
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from urllib3.response import HTTPResponse
from urllib3.util import Retry

from .. import _bodies
from .._errors import about
from .._response import BaseResponse
from .._root import say_more, say_total
from .._types import UNSET
from ..exceptions import (
    AddressDenied,
    ChunkedEncodingError,
    ConnectionError,
    InvalidOption,
    RequestException,
    SessionClosed,
    TooManyRedirects,
    TotalTimeout,
)
from ..models import PreparedRequest
from ..retries import after_error, after_response, keeps, pause, reads_bodies, resolve
from ..timeouts import Timeout
from .redirects import RedirectHost, next_request
from .steps import ERROR_TIME, Close, Hooks, Load, Pause, Resend, Rewind, Send, Skim
from .strangers import check_request, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.cookiejar import CookieJar

    from .._types import Proxies, Unset
    from .guards import Guards
    from .steps import Step

__all__ = ["Conversation", "FlowHost"]

Steps: TypeAlias = "Generator[Step, Any, BaseResponse]"

#: Rounds of one authentication, so that a server cannot keep one going for ever.
MAX_AUTH_ROUNDS = 8


class FlowHost(RedirectHost, Protocol):
    """The session that a conversation belongs to."""

    #: How often it was closed: a conversation ends with the session that it began in.
    _closings: int

    @property
    def _overrides_send(self) -> bool:
        """Whether it sends in a way of its own, to be used on every hop."""
        ...

    #: What its responses are.
    _response_class: ClassVar[type[BaseResponse]]

    @property
    def cookies(self) -> CookieJar: ...
    def get_adapter(self, url: str) -> Any: ...


class Conversation:
    """One request on its way to its response; used once.

    :param host: the session.
    :param options: what an adapter is sent with: of these, ``timeout``, ``proxies`` and
        ``stream`` count here.
    :param retries: the policy; left unset, it is the adapter's own.
    :param guards: what it refuses; ``None`` for nothing.
    :param raises: whether an error status is going to be raised: the body goes into the
        exception, and is not worth more than a bounded part.
    """

    __slots__ = (
        "_allow_redirects",
        "_closings",
        "_deadline",
        "_guards",
        "_host",
        "_led_here",
        "_policy",
        "_proxies",
        "_raises",
        "_stream",
        "_timeout",
    )

    def __init__(
        self,
        host: FlowHost,
        options: Mapping[str, Any],
        retries: Retry | Unset | None = UNSET,
        allow_redirects: bool = True,
        guards: Guards | None = None,
        raises: bool = False,
    ) -> None:
        self._host = host
        self._raises = raises
        self._guards = guards
        self._closings = host._closings
        self._policy = retries
        self._proxies: Proxies = options["proxies"]
        self._stream: bool = options["stream"]
        self._allow_redirects = allow_redirects
        timeout = self._timeout = options["timeout"]
        self._led_here: BaseResponse | None = None
        self._deadline: float | None = None
        total = getattr(timeout, "total", None)
        if total is not None:
            self._timeout = Timeout.of(timeout)
            self._deadline = monotonic() + total

    def run(self, request: PreparedRequest) -> Steps:
        """The whole conversation.

        :returns: by ``StopIteration``, the response, its history set; its body
            is read unless it is streamed.
        """
        history: list[BaseResponse] = []
        response: BaseResponse
        guards = self._guards
        request = request if guards is None else guards.bind(request)
        while True:
            if history and self._host._overrides_send:
                response = yield from self._resend(request)
            elif request.auth_flow is None:
                response = yield from self._attempt(request)
            else:
                response = yield from self._authenticate(request)
            try:
                if request.hooks and request.hooks.get("response"):
                    response = yield from self._run_hooks(request, response)
                location = self._judge(request, response, history)
                if location is not None:
                    request = yield from self._redirect(request, response, location, history)
                    history.append(response)
                    continue
                if self._raises and response._is_error():
                    yield Skim(response, ERROR_TIME)
                    return response
                if self._stream or response._load_at_hand():
                    return response
                try:
                    yield Load(response)
                except RequestException as exc:
                    wait = self._wait_after_error(request, exc)
                else:
                    return response
                yield from self._prepare_again(request, wait)
                response.history = []
            except GeneratorExit:  # nobody carries out a step any more
                raise
            except BaseException:
                yield Close(response)
                raise

    def _judge(
        self, request: PreparedRequest, response: BaseResponse, history: list[BaseResponse]
    ) -> str | None:
        """Where to go next, or ``None`` when ``response`` is the last; its cookies are kept.

        :raises BodyTooLarge: when it is the last, and announces more than is allowed.
        """
        self._keep_cookies(response)
        if history:
            response.history = [*history, *response.history]
        location = self._host.get_redirect_target(response)
        if location is not None and not self._allow_redirects:
            self._note_next(request, response, location)
            location = None
        if location is None and self._guards is not None:
            self._guards.limit(response)  # a hook may have put another there
            if not (self._raises and response._is_error()):
                response._check_announced()
        return location

    # One hop.

    def _resend(self, request: PreparedRequest) -> Steps:
        """Send by the session's own ``send``."""
        self._check_open(request)
        limits = self._limits(request)
        request._raises = self._raises
        try:
            response: BaseResponse = yield Resend(
                request, self._proxies, limits, self._policy, self._guards
            )
        except AddressDenied as exc:
            self._say_what_led_there(exc)
            raise
        if self._deadline is not None:
            response._total = self._timeout.total
        return response

    def _run_hooks(self, request: PreparedRequest, response: BaseResponse) -> Steps:
        """Let the caller's hooks see the response, and replace it."""
        hooked: BaseResponse = yield Hooks(request, response)
        if not isinstance(hooked, self._host._response_class):
            raise InvalidOption(
                f"a response hook returned {kind_of(hooked)}; it should return "
                f"{self._host._response_class.__name__}, or None to keep the one it was given",
                request=request,
                response=response,
            )
        for earlier in hooked.history:
            self._keep_cookies(earlier)
        return hooked

    def _attempt(self, request: PreparedRequest, *, again: bool = False) -> Steps:
        """Send, and again for as long as the retry policy says.

        :param again: whether the body went out already.
        """
        if request.body is not None and (again or request._body_was_sent):
            yield Rewind(request, self._deadline)
        guards = self._guards
        if guards is not None:  # an authentication may have made a request of its own
            request = guards.bind(request)
        while True:
            self._check_open(request)
            try:
                if guards is not None:
                    guards.check(request, self._host.get_adapter(url=request.url or ""))
                timeout = self._timeout if self._deadline is None else self._limits(request)
                response: BaseResponse = yield Send(request, self._proxies, timeout)
            except RequestException as exc:
                wait = self._wait_after_error(request, exc)
            else:
                if self._deadline is not None:
                    response._total = self._timeout.total
                if guards is not None:
                    guards.limit(response)
                policy = self._policy_for(request, response)
                if policy is None:
                    return response
                _note_retries(response, policy)
                if type(policy) is Retry and keeps(policy, response.status_code):
                    return response
                try:
                    after = yield from self._ask(policy, request, response)
                except Exception:  # of a policy of the caller's own, too
                    yield Skim(response)
                    raise
                if after is None:
                    return response
                wait = after
                yield Skim(response)
            yield from self._prepare_again(request, wait)

    def _prepare_again(self, request: PreparedRequest, wait: float) -> Generator[Step, Any, None]:
        """Pause, and make the body ready to be sent again."""
        if request.body is not None:
            yield Rewind(request, self._deadline)
        if wait > 0:
            yield Pause(wait, request)

    def _authenticate(self, request: PreparedRequest) -> Steps:
        """Rounds of attempts, as the request's :class:`~ulak.auth.FlowAuth` asks for them."""
        auth: Any = request.auth_flow
        rounds = auth.auth_flow(request)
        if not isinstance(rounds, Generator):
            raise InvalidOption(
                f"auth_flow() of {type(auth).__name__} should be a generator, which yields "
                f"requests; it returned {kind_of(rounds)}",
                request=request,
            )
        history: list[BaseResponse] = []
        try:
            opening: PreparedRequest | None = next(rounds, None)
            if opening is None:
                raise InvalidOption(
                    f"auth_flow() of {type(auth).__name__} should yield the request to send first",
                    request=request,
                )
            current = _yielded(auth, opening)
            while True:
                response: BaseResponse = yield from self._attempt(current, again=bool(history))
                try:
                    following = yield from self._next_round(request, response, rounds, history)
                except GeneratorExit:  # nobody carries out a step any more
                    raise
                except BaseException:
                    yield Close(response)
                    raise
                if following is None:
                    break
                history.append(response)
                current = following
        finally:
            rounds.close()
        response.history = [*history, *response.history]
        return response

    def _next_round(
        self,
        request: PreparedRequest,
        response: BaseResponse,
        rounds: Generator[PreparedRequest, Any, Any],
        history: list[BaseResponse],
    ) -> Generator[Step, Any, PreparedRequest | None]:
        """What the authentication sends next; ``None`` when ``response`` is its last."""
        if request.auth_flow.requires_response_body:
            yield Load(response)
        try:
            following = _yielded(request.auth_flow, rounds.send(response))
        except StopIteration:
            return None
        if len(history) == MAX_AUTH_ROUNDS - 1:
            return None
        yield Skim(response)
        self._keep_cookies(response)
        return self._with_new_cookies(following) if response._set_cookie_lines() else following

    def _with_new_cookies(self, following: PreparedRequest) -> PreparedRequest:
        """The next round's request with the cookies that a challenge has just set."""
        renewed = following.copy()
        renewed._renew_cookies(self._host._jar())
        return renewed

    def _check_open(self, request: PreparedRequest) -> None:
        """See that the session was not closed meanwhile: it would begin anew.

        :raises SessionClosed: when it was.
        """
        if self._host._closings != self._closings:
            raise SessionClosed(f"{about(request)}the session was closed", request=request)

    # Retries.

    def _wait_after_error(self, request: PreparedRequest, error: RequestException) -> float:
        """Seconds to wait before trying again after ``error``.

        :raises RequestException: ``error``, when that is not to be tried again.
        """
        if error.request is None:  # such as that there is no adapter for its URL
            error.request = request
        if isinstance(error, ConnectionError | Timeout | ChunkedEncodingError):
            policy = self._policy_for(request, None)
            following = after_error(policy, request, error) if policy is not None else None
            if following is not None and _can_send_again(request):
                wait = pause(following, None)
                if self._deadline is None or monotonic() + wait < self._deadline:
                    self._policy = following
                    return wait
        if isinstance(error, AddressDenied):
            self._say_what_led_there(error)
        self._say_how_long(error)
        self._say_how_often(error)
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    def _ask(
        self, policy: Retry, request: PreparedRequest, response: BaseResponse
    ) -> Generator[Step, Any, float | None]:
        """Seconds to wait before trying again after ``response``; ``None`` to keep it.

        A policy of the caller's own may judge by the body, which is read for it.
        """
        if reads_bodies(policy, request, response):
            try:
                yield Load(response)
            except RequestException as exc:
                return self._wait_after_error(request, exc)
        return self._wait_after_response(policy, request, response)

    def _wait_after_response(
        self, policy: Retry, request: PreparedRequest, response: BaseResponse
    ) -> float | None:
        """:meth:`_ask`, when what there is to see has been read."""
        following = after_response(policy, request, response)
        if following is None or not _can_send_again(request):
            return None
        wait = pause(following, response)
        if self._deadline is not None and monotonic() + wait >= self._deadline:
            more = " or more" if wait >= getattr(policy, "retry_after_max", wait + 1) else ""
            raise TotalTimeout(
                f"{about(request)}the server asks to wait {wait:g} s{more} before the next "
                f"attempt, which is past the request's deadline (total={self._timeout.total:g} s)",
                request=request,
                response=response,
            )
        self._policy = following
        return wait

    def _say_what_led_there(self, error: AddressDenied) -> None:
        """Give ``error`` the redirect that it follows from, as when a guard refuses to go."""
        if error.response is None:
            error.response = self._led_here

    def _say_how_long(self, error: RequestException) -> None:
        """Add to an error of the deadline which that was, where an adapter knows what is left.

        What strikes while a body is read is the response's, and says so already.
        """
        total = None if self._deadline is None else self._timeout.total
        if total is not None and error.response is None and isinstance(error, TotalTimeout):
            say_total(error, total)

    def _say_how_often(self, error: RequestException) -> None:
        """Add to the last error's message how many attempts it ends, if there was a retry."""
        tried = len(getattr(self._policy, "history", ())) + 1
        if tried > 1:
            say_more(error, f"; tried {tried} times")

    def _policy_for(self, request: PreparedRequest, response: BaseResponse | None) -> Retry | None:
        """The retry policy: the call's or the session's, or else the adapter's."""
        policy = self._policy
        if policy is UNSET:
            adapter = (
                self._host.get_adapter(url=request.url or "")
                if response is None
                else response.connection
            )
            policy = getattr(adapter, "max_retries", None)
            if not isinstance(policy, Retry):  # set later, or of an adapter of another kind
                policy = resolve(policy) if isinstance(policy, int) else None
        if policy is None:
            return None
        if policy.total == 0 and not policy.history and not policy.status_forcelist:
            return None  # it allowed no retry to begin with, rather than used them up
        return policy

    # Redirects.

    def _redirect(
        self,
        request: PreparedRequest,
        response: BaseResponse,
        location: str,
        history: list[BaseResponse],
    ) -> Generator[Step, Any, PreparedRequest]:
        """Part with ``response`` and make the request that follows it."""
        yield Skim(response)
        try:
            following = next_request(self._host, request, response, location, taken=len(history))
            self._proxies = self._host.rebuild_proxies(following, self._proxies)
            self._host.rebuild_auth(following, response)
            if self._guards is not None:
                self._guards.check(following, self._host.get_adapter(url=following.url or ""))
        except RequestException as exc:
            exc.request = exc.request or request
            exc.response = response
            if isinstance(exc, TooManyRedirects):
                self._note_next(request, response, location)  # to go on by hand
            raise
        response._next = following
        self._led_here = response
        return following

    def _note_next(self, request: PreparedRequest, response: BaseResponse, location: str) -> None:
        """Set ``response.next`` when the redirect is not followed; best effort.

        A Location that cannot be followed is for the caller to look at.
        """
        try:
            following = next_request(self._host, request, response, location, taken=-1)
            self._host.rebuild_proxies(following, self._proxies)
            self._host.rebuild_auth(following, response)
        except RequestException:
            return
        response._next = following

    # Cookies and time.

    def _keep_cookies(self, response: BaseResponse) -> None:
        if lines := response._set_cookie_lines():
            from ..cookies import store_from_response

            store_from_response(self._host.cookies, response.request.url or "", lines)

    def _limits(self, request: PreparedRequest) -> Any:
        """The timeout of the next exchange: ``total`` is what is left.

        :raises TotalTimeout: when nothing is.
        """
        if self._deadline is None:
            return self._timeout
        left = self._deadline - monotonic()
        if left <= 0:
            raise TotalTimeout(
                f"{about(request)}the deadline passed before it was sent", request=request
            )
        return self._timeout.within(left)


def _note_retries(response: BaseResponse, policy: Retry) -> None:
    """Leave ``policy``, with its history, where urllib3 leaves it: on ``raw``."""
    if response._answer is not None:
        response._answer.retries = policy
    elif isinstance(response.raw, HTTPResponse):
        response.raw.retries = policy


def _can_send_again(request: PreparedRequest) -> bool:
    return request.body is None or _bodies.is_replayable(request.body, request._body_position)


def _yielded(auth: Any, request: Any) -> PreparedRequest:
    """``request``, which the ``auth_flow()`` of ``auth`` yielded.

    :raises InvalidOption: when it is none that can be sent.
    """
    try:
        check_request(request)
    except InvalidOption as exc:
        raise InvalidOption(
            f"auth_flow() of {type(auth).__name__} should yield prepared requests: {exc}"
        ) from exc
    return request  # type: ignore[no-any-return]  # as was just seen
