"""What httpx and httpx2 are asked in the same words."""

from __future__ import annotations

from typing import Any

from ..target import CHUNK, DOCUMENT, Target, varying


class HttpxApi:
    """One client for all threads."""

    def __init__(self, target: Target, client: Any) -> None:
        self._target = target
        self._small = varying(target.small)
        self._client = client

    def for_thread(self) -> HttpxApi:
        return self

    def small(self) -> int:
        return self._read(self._client.get(next(self._small)))

    def post(self) -> int:
        return self._read(self._client.post(self._target.echo, json=DOCUMENT))

    def stream(self) -> int:
        with self._client.stream("GET", self._target.big) as response:
            return sum(len(block) for block in response.iter_bytes(CHUNK))

    def whole(self) -> int:
        return self._read(self._client.get(self._target.big))

    def upload(self) -> int:
        with open(self._target.upload, "rb") as file:
            return int(self._client.post(self._target.sink, files={"file": file}).content)

    @staticmethod
    def _read(response: Any) -> int:
        response.headers["content-type"]
        return len(response.content)
