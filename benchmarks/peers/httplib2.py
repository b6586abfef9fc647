"""httplib2's ``Http``: not for several threads, no streaming, no multipart."""

from __future__ import annotations

import json

import httplib2

from ..target import DOCUMENT, Target, varying


class Peer:
    """One object, which keeps one connection for each host."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._small = varying(target.small)
        self._http = httplib2.Http()

    def for_thread(self) -> Peer:
        return Peer(self._target)

    def small(self) -> int:
        return self._read(next(self._small))

    def post(self) -> int:
        return self._read(
            self._target.echo,
            method="POST",
            body=json.dumps(DOCUMENT),
            headers={"content-type": "application/json"},
        )

    def whole(self) -> int:
        return self._read(self._target.big)

    def _read(self, url: str, **options: object) -> int:
        response, content = self._http.request(url, **options)
        response["content-type"]
        return len(content)
