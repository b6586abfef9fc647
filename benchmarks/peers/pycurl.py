"""libcurl through pycurl: one handle, set up once for each kind of request."""

from __future__ import annotations

import io
import json

import pycurl

from ..target import DOCUMENT, MIB, Target, varying


class Peer:
    """A handle for each operation; a thread needs its own."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._small = _handle(target.small)
        self._urls = varying(target.small)
        self._big = _handle(target.big)
        self._big.setopt(pycurl.BUFFERSIZE, MIB // 2)
        self._post = _handle(target.echo)
        self._post.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json"])

    def for_thread(self) -> Peer:
        return Peer(self._target)

    def small(self) -> int:
        self._small.setopt(pycurl.URL, next(self._urls))
        return len(self._read(self._small))

    def post(self) -> int:
        self._post.setopt(pycurl.POSTFIELDS, json.dumps(DOCUMENT))
        return len(self._read(self._post))

    def stream(self) -> int:
        total = 0

        def count(block: bytes) -> None:
            nonlocal total
            total += len(block)

        self._big.setopt(pycurl.WRITEFUNCTION, count)
        self._big.perform()
        return total

    def whole(self) -> int:
        return len(self._read(self._big))

    def upload(self) -> int:
        handle = _handle(self._target.sink)
        handle.setopt(pycurl.HTTPPOST, [("file", (pycurl.FORM_FILE, self._target.upload))])
        size = int(self._read(handle))
        handle.close()
        return size

    @staticmethod
    def _read(handle: pycurl.Curl) -> bytes:
        body = io.BytesIO()
        handle.setopt(pycurl.WRITEDATA, body)
        handle.perform()
        handle.getinfo(pycurl.CONTENT_TYPE)
        return body.getvalue()


def _handle(url: str) -> pycurl.Curl:
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.NOSIGNAL, 1)
    return handle
