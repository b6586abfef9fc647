"""What requests, niquests and ulak are asked in the same words."""

from __future__ import annotations

from typing import Any

from ..target import CHUNK, DOCUMENT, Target, varying


class RequestsApi:
    """One session for all threads."""

    def __init__(self, target: Target, session: Any) -> None:
        self._target = target
        self._small = varying(target.small)
        self._session = session

    def for_thread(self) -> RequestsApi:
        return self

    def small(self) -> int:
        return self._read(self._session.get(next(self._small)))

    def post(self) -> int:
        return self._read(self._session.post(self._target.echo, json=DOCUMENT))

    def stream(self) -> int:
        with self._session.get(self._target.big, stream=True) as response:
            return sum(len(block) for block in response.iter_content(CHUNK))

    def whole(self) -> int:
        return self._read(self._session.get(self._target.big))

    def upload(self) -> int:
        with open(self._target.upload, "rb") as file:
            return int(self._session.post(self._target.sink, files={"file": file}).content)

    @staticmethod
    def _read(response: Any) -> int:
        response.headers["content-type"]
        return len(response.content)
