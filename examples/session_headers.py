"""Give a session headers for all its requests.

Run it, with ``python examples/demo_server.py`` in another terminal::

    python examples/session_headers.py http://127.0.0.1:8000
"""

from __future__ import annotations

import sys

import ulak


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    with ulak.Session(base_url=base, headers={"X-Rider": "Fatma"}) as session:
        session.headers["Accept-Language"] = "tr"

        heard = session.get("/echo").json()["headers"]
        print("from the session:", heard["X-Rider"], heard["Accept-Language"])

        # A call's own headers win.
        heard = session.get("/echo", headers={"X-Rider": "Deniz"}).json()["headers"]
        print("from the call:   ", heard["X-Rider"], heard["Accept-Language"])

        # None leaves one out.
        heard = session.get("/echo", headers={"X-Rider": None}).json()["headers"]
        print("left out:        ", heard.get("X-Rider"), heard["Accept-Language"])


if __name__ == "__main__":
    main()
