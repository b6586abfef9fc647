"""Rust's reqwest through pyreqwest's blocking client."""

from __future__ import annotations

from pathlib import Path

from pyreqwest.client import SyncClientBuilder
from pyreqwest.multipart import FormBuilder
from pyreqwest.request import SyncRequestBuilder

from ..target import CHUNK, DOCUMENT, Target, varying


class Peer:
    """One client for all threads."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._small = varying(target.small)
        self._client = SyncClientBuilder().pool_max_idle_per_host(16).build()

    def for_thread(self) -> Peer:
        return self

    def small(self) -> int:
        return self._read(self._client.get(next(self._small)))

    def post(self) -> int:
        return self._read(self._client.post(self._target.echo).body_json(DOCUMENT))

    def stream(self) -> int:
        total = 0
        with self._client.get(self._target.big).build_streamed() as response:
            while block := response.body_reader.read(CHUNK):
                total += len(block)
        return total

    def whole(self) -> int:
        return self._read(self._client.get(self._target.big))

    def upload(self) -> int:
        form = FormBuilder().sync_file("file", Path(self._target.upload))
        request = self._client.post(self._target.sink).multipart(form).build()
        return int(bytes(request.send().bytes()))

    @staticmethod
    def _read(request: SyncRequestBuilder) -> int:
        response = request.build().send()
        response.headers["content-type"]
        return len(response.bytes())
