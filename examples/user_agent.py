"""Say who is asking, and see it from the server's side.

The server is of Python's own ``http.server``, and starts with the program.
Run it::

    python examples/user_agent.py
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import ulak


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        print("the server saw:", self.headers["User-Agent"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing else."""


def main() -> None:
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"

        ulak.get(url)
        ulak.get(url, headers={"User-Agent": "letter-reader/1.0"})

        server.shutdown()


if __name__ == "__main__":
    main()
