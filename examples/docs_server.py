"""The server that the documentation talks to: that of the tests, on loopback.

Run it in a clone, in one terminal, and put its address in the place of
``https://api.example.com`` in what you try from README.md and docs/::

    python examples/docs_server.py            # http://127.0.0.1:8080
    python examples/docs_server.py 9090       # on another port

It needs nothing that is not in the clone.  Its routes are in tests/support/routes.py.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.http_server import HttpServer


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    try:
        server = HttpServer(port=port)
    except OSError as error:
        sys.exit(f"port {port}: {os.strerror(error.errno or 0)}; name another: docs_server.py 9090")
    with server:
        print(f"{server.url} (Ctrl-C ends it)", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("Goodbye.")


if __name__ == "__main__":
    main()
