"""A driver that answers the steps of a conversation from a script.

It is the protocol ``FlowHost`` and nothing more: the decisions that a session
may override are the session's own, taken from the class.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from urllib3 import HTTPHeaderDict, HTTPResponse

import ulak
from ulak._bodies import rewind
from ulak._policy.flow import Conversation
from ulak._policy.steps import Close, Hooks, Load, Pause, Resend, Rewind, Send, Skim
from ulak.adapters import BaseAdapter
from ulak.hooks import dispatch_hook


class Said:
    """What a server answers."""

    def __init__(
        self,
        status: int = 200,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        breaks: ulak.RequestException | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        #: Raised when the body is loaded.
        self.breaks = breaks

    def to(self, request: ulak.PreparedRequest) -> ulak.Response:
        response = ulak.Response()
        response.status_code = self.status
        response.request = request
        response.url = request.url or ""
        fields = HTTPHeaderDict(self.headers)
        response.headers.update(fields)
        response.raw = HTTPResponse(
            io.BytesIO(self.body), headers=fields, status=self.status, preload_content=False
        )
        response.said = self  # type: ignore[attr-defined]
        return response


class Adapter(BaseAdapter):
    """Stands for the adapter; only its policy is looked at."""

    def __init__(self, max_retries: Any = None) -> None:
        self.max_retries = max_retries


Answer = Said | Exception | Callable[[ulak.PreparedRequest], Said]


class Host(ulak.Session):
    """A session whose steps are answered from ``answers`` and noted in ``steps``.

    :param answers: for each exchange in turn; the last one is used again and again.
    """

    def __init__(self, *answers: Answer, adapter: Any = None, **settings: Any) -> None:
        super().__init__(trust_env=False, **settings)
        self._answers = list(answers)
        self._adapter = adapter or Adapter()
        #: What was asked for, in order.
        self.steps: list[Any] = []
        #: The clock's time in pauses.
        self.slept: list[float] = []

    @property
    def sent(self) -> list[ulak.PreparedRequest]:
        """The requests that went out."""
        return [step.request for step in self.steps if isinstance(step, Send | Resend)]

    @property
    def kinds(self) -> list[str]:
        return [type(step).__name__ for step in self.steps]

    def get_adapter(self, url: str) -> Any:
        return self._adapter

    def converse(self, method: str = "GET", url: str = "http://a.example/", **parts: Any) -> Any:
        """Prepare a request and drive its conversation to the end."""
        names = ("timeout", "retries", "proxies", "stream", "allow_redirects")
        settings = {name: parts.pop(name) for name in names if name in parts}
        return self.drive(self.prepare_request(ulak.Request(method, url, **parts)), **settings)

    def drive(self, request: ulak.PreparedRequest, **settings: Any) -> Any:
        """Drive the conversation about ``request`` to the end."""
        rest = {
            name: settings.pop(name) for name in ("retries", "allow_redirects") if name in settings
        }
        options = {"timeout": None, "proxies": None, "stream": False, **settings}
        steps = Conversation(self, options, **rest).run(request)
        outcome: Any = None
        failure: BaseException | None = None
        while True:
            try:
                step = steps.throw(failure) if failure else steps.send(outcome)
            except StopIteration as stop:
                return stop.value
            outcome = failure = None
            self.steps.append(step)
            try:
                outcome = self.answer(step)
            except Exception as exc:
                failure = exc

    def answer(self, step: Any) -> Any:  # noqa: PLR0911 - one for each kind
        """The outcome of one step."""
        match step:
            case Send() | Resend():
                answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                if isinstance(answer, Exception):
                    raise answer
                said = answer if isinstance(answer, Said) else answer(step.request)
                response = said.to(step.request)
                response.connection = self._adapter
                return response
            case Load():
                if step.response.said.breaks is not None:
                    raise step.response.said.breaks
                return step.response.content
            case Skim():
                return step.response._load_at_most(64 * 1024, step.seconds)
            case Hooks():
                return dispatch_hook("response", step.request.hooks, step.response)
            case Close():
                return step.response.close()
            case Rewind():
                return rewind(step.request.body, step.request._body_position)
            case Pause():
                self.slept.append(step.seconds)
                return None
        raise AssertionError(f"an unknown step: {step!r}")
