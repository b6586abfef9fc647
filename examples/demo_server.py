"""The server that the examples talk to: the standard library, on loopback.

Run it in one terminal, and the examples in another::

    python examples/demo_server.py            # http://127.0.0.1:8000
    python examples/demo_server.py 8080       # on another port
"""

from __future__ import annotations

import base64
import email
import email.policy
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

PAGE = """<!DOCTYPE html>
<html>
  <head><title>The courier</title></head>
  <body>
    <h1>The courier</h1>
    <p>An <em>ulak</em> carried letters on horseback.</p>
    <ul><li><a href="/old">an old road</a></li><li><a href="/users">the riders</a></li></ul>
  </body>
</html>
"""
RIDERS = ["Aysel", "Baran", "Ceyda", "Deniz", "Emre"]
PER_PAGE = 2
USER, PASSWORD = "courier", "horse"


class DemoHandler(BaseHTTPRequestHandler):
    """Answers one request after the other on a connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.params = dict(parse_qsl(url.query, keep_blank_values=True))
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.routes.get(url.path)
        if answer is None:
            self.reply("There is nothing here.\n", status=404)
        else:
            answer(self)

    do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = do_QUERY = do_GET

    def page(self) -> None:
        self.reply(PAGE, "text/html; charset=utf-8")

    def echo(self) -> None:
        """Say as JSON what was received."""
        cookies = SimpleCookie(self.headers.get("Cookie", ""))
        report = {
            "method": self.command,
            "params": self.params,
            "headers": dict(self.headers),
            "cookies": {name: morsel.value for name, morsel in cookies.items()},
            **self.read_body(),
        }
        self.reply_json(report)

    def old(self) -> None:
        self.reply("", status=301, headers={"Location": "/new"})

    def new(self) -> None:
        self.reply("You have arrived on the new road.\n")

    def loop(self) -> None:
        self.reply("", status=302, headers={"Location": "/loop"})

    def set_cookie(self) -> None:
        """``?name=value`` becomes a cookie."""
        name, value = next(iter(self.params.items()))
        self.reply("Take this cookie.\n", headers={"Set-Cookie": f"{name}={value}; Path=/"})

    def private(self) -> None:
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {wanted}":
            self.reply("Welcome, courier.\n")
        else:
            challenge = {"WWW-Authenticate": 'Basic realm="stables"'}
            self.reply("Who are you?\n", status=401, headers=challenge)

    def download(self) -> None:
        """``?size=`` bytes."""
        size = int(self.params.get("size", "1000000"))
        self.reply(b"ulak" * (size // 4) + b"ulak"[: size % 4], "application/octet-stream")

    def slow(self) -> None:
        time.sleep(2)
        self.reply("Sorry for the delay.\n")

    def users(self) -> None:
        """A list in pages with links from each to the next; POST adds to no list."""
        if self.command == "POST":
            self.reply_json({"id": len(RIDERS) + 1, **json.loads(self.body)}, status=201)
            return
        start = (int(self.params.get("page", "1")) - 1) * PER_PAGE
        users = [{"id": i + 1, "name": name} for i, name in enumerate(RIDERS)]
        more = start + PER_PAGE < len(users)
        link = f'</users?page={start // PER_PAGE + 2}>; rel="next"'
        self.reply_json(users[start : start + PER_PAGE], headers={"Link": link} if more else {})

    busy_times: ClassVar[int] = 0

    def busy(self) -> None:
        """Asks to come back at once, every other time."""
        DemoHandler.busy_times += 1
        if DemoHandler.busy_times % 2:
            self.reply("Too busy.\n", status=503, headers={"Retry-After": "0"})
        else:
            self.reply_json({"status": "ready"})

    routes: ClassVar[dict[str, Callable[[DemoHandler], None]]] = {
        "/": page,
        "/echo": echo,
        "/old": old,
        "/new": new,
        "/loop": loop,
        "/cookies/set": set_cookie,
        "/private": private,
        "/download": download,
        "/slow": slow,
        "/users": users,
        "/busy": busy,
    }

    # -- what the routes are made of

    def read_body(self) -> dict[str, object]:
        """The body by its kind: a form's fields and files, JSON, or text."""
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            return {"json": json.loads(self.body)}
        if kind.startswith("application/x-www-form-urlencoded"):
            return {"form": dict(parse_qsl(self.body.decode()))}
        if kind.startswith("multipart/form-data"):
            return self.read_parts(kind)
        return {"text": self.body.decode(errors="replace")}

    def read_parts(self, kind: str) -> dict[str, object]:
        head = f"Content-Type: {kind}\r\n\r\n".encode()
        message = email.message_from_bytes(head + self.body, policy=email.policy.HTTP)
        form, files = {}, {}
        for part in message.iter_parts():
            name = part.get_param("name", header="Content-Disposition")
            payload = part.get_payload(decode=True)
            content = payload if isinstance(payload, bytes) else b""
            if part.get_filename() is None:
                form[name] = content.decode()
            else:
                files[name] = {"filename": part.get_filename(), "size": len(content)}
        return {"form": form, "files": files}

    def reply_json(
        self, value: object, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self.reply(json.dumps(value), "application/json", status, headers)

    def reply(
        self,
        body: str | bytes,
        kind: str = "text/plain; charset=utf-8",
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the examples have the word."""


class DemoServer(ThreadingHTTPServer):
    """Says nothing of clients that hang up, as those with a timeout do."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def running_server() -> Iterator[str]:
    """Run the server on a free port in the background; gives its URL."""
    with DemoServer(("127.0.0.1", 0), DemoHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    try:
        server = DemoServer(("127.0.0.1", port), DemoHandler)
    except OSError as error:
        sys.exit(f"port {port}: {os.strerror(error.errno or 0)}; name another: demo_server.py 9090")
    with server:
        print(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Goodbye.")


if __name__ == "__main__":
    main()
