"""The standard library's ``http.client``: one connection, no pool, no multipart."""

from __future__ import annotations

import http.client
import json

from ..target import CHUNK, DOCUMENT, Target, address, varying


class Peer:
    """One connection; a thread needs one of its own."""

    def __init__(self, target: Target) -> None:
        self._target = target
        host, port, path = address(target.small)
        self._small = varying(path)
        self._connection = http.client.HTTPConnection(host, port)

    def for_thread(self) -> Peer:
        return Peer(self._target)

    def small(self) -> int:
        return self._read("GET", next(self._small))

    def post(self) -> int:
        path = address(self._target.echo).path
        body = json.dumps(DOCUMENT).encode()
        return self._read("POST", path, body, {"Content-Type": "application/json"})

    def stream(self) -> int:
        self._connection.request("GET", address(self._target.big).path)
        response = self._connection.getresponse()
        total = 0
        while block := response.read(CHUNK):
            total += len(block)
        return total

    def whole(self) -> int:
        return self._read("GET", address(self._target.big).path)

    def _read(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> int:
        self._connection.request(method, path, body, headers or {})
        response = self._connection.getresponse()
        response.getheader("content-type")
        return len(response.read())
