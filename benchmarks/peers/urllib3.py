"""urllib3's ``PoolManager``.  Its multipart encoder wants the file in memory."""

from __future__ import annotations

from pathlib import Path

import urllib3

from ..target import CHUNK, DOCUMENT, Target, varying


class Peer:
    """One manager for all threads."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._small = varying(target.small)
        self._manager = urllib3.PoolManager(maxsize=16)

    def for_thread(self) -> Peer:
        return self

    def small(self) -> int:
        return self._read(self._manager.request("GET", next(self._small)))

    def post(self) -> int:
        return self._read(self._manager.request("POST", self._target.echo, json=DOCUMENT))

    def stream(self) -> int:
        response = self._manager.request("GET", self._target.big, preload_content=False)
        total = sum(len(block) for block in response.stream(CHUNK))
        response.release_conn()
        return total

    def whole(self) -> int:
        return self._read(self._manager.request("GET", self._target.big))

    def upload(self) -> int:
        fields = {"file": ("upload.bin", Path(self._target.upload).read_bytes())}
        response = self._manager.request("POST", self._target.sink, fields=fields)
        return int(response.data)

    @staticmethod
    def _read(response: urllib3.BaseHTTPResponse) -> int:
        response.headers["content-type"]
        return len(response.data)
