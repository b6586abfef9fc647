"""The floor: a socket, ``sendall`` and ``recv``, and just enough parsing to find the body's end."""

from __future__ import annotations

import json
import os
import re
import socket

from ..target import CHUNK, DOCUMENT, Target, address, varying

_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.IGNORECASE)
_FIELDS = "User-Agent: raw\r\nAccept: */*\r\nConnection: keep-alive\r\n"


class Peer:
    """One connection to the server, one to the sink."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._socket = _connect(target.small)
        host, port, path = address(target.small)
        self._small = varying(path)
        self._fields = f"Host: {host}:{port}\r\n{_FIELDS}"
        self._big = _head("GET", target.big)

    def for_thread(self) -> Peer:
        return Peer(self._target)

    def small(self) -> int:
        head = f"GET {next(self._small)} HTTP/1.1\r\n{self._fields}\r\n"
        return len(self._exchange(head.encode()))

    def post(self) -> int:
        body = json.dumps(DOCUMENT).encode()
        head = _head("POST", self._target.echo, len(body), "application/json")
        return len(self._exchange(head + body))

    def stream(self) -> int:
        self._socket.sendall(self._big)
        length, seen = self._length()
        buffer = bytearray(CHUNK)
        while seen < length:
            wanted = min(CHUNK, length - seen)
            seen += self._socket.recv_into(buffer, wanted, socket.MSG_WAITALL)
        return seen

    def whole(self) -> int:
        return len(self._exchange(self._big))

    def upload(self) -> int:
        before = (
            b"--frontier\r\n"
            b'Content-Disposition: form-data; name="file"; filename="upload.bin"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n"
        )
        after = b"\r\n--frontier--\r\n"
        length = len(before) + os.path.getsize(self._target.upload) + len(after)
        with _connect(self._target.sink) as sink, open(self._target.upload, "rb") as file:
            kind = "multipart/form-data; boundary=frontier"
            sink.sendall(_head("POST", self._target.sink, length, kind) + before)
            while block := file.read(CHUNK):
                sink.sendall(block)
            sink.sendall(after)
            return int(sink.recv(CHUNK).rpartition(b"\r\n\r\n")[2])

    def _exchange(self, request: bytes) -> bytes | bytearray:
        self._socket.sendall(request)
        data = self._socket.recv(CHUNK)
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._socket.recv(CHUNK)
        found = _LENGTH.search(data, 0, end + 2)
        length, seen = int(found[1]) if found else 0, len(data) - end - 4
        if seen >= length:
            return data[end + 4 :]
        body = bytearray(length)
        body[:seen] = data[end + 4 :]
        with memoryview(body) as view:
            while seen < length:
                seen += self._socket.recv_into(view[seen:])
        return body

    def _length(self) -> tuple[int, int]:
        """Read a head; the length of its body, and how much of that came with it."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._socket.recv(CHUNK)
        length = _LENGTH.search(data, 0, end + 2)
        return int(length[1]) if length else 0, len(data) - end - 4


def _connect(url: str) -> socket.socket:
    host, port, _ = address(url)
    connection = socket.create_connection((host, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _head(method: str, url: str, length: int | None = None, kind: str = "") -> bytes:
    host, port, path = address(url)
    body = "" if length is None else f"Content-Type: {kind}\r\nContent-Length: {length}\r\n"
    return (f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{_FIELDS}{body}\r\n").encode()
