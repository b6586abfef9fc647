"""Send JSON, and read JSON.

Run it, with ``python examples/demo_server.py`` in another terminal::

    python examples/json_both_ways.py http://127.0.0.1:8000
"""

from __future__ import annotations

import sys

import ulak


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    letter = {"to": "Çiğdem", "pages": 2, "tags": ["urgent", "private"], "sealed": True}

    response = ulak.post(f"{base}/echo", json=letter)
    print("sent as: ", response.request.headers["Content-Type"])
    print("received:", response.json()["json"])
    print("the same:", response.json()["json"] == letter)

    # A page is not JSON, and says so.
    try:
        ulak.get(f"{base}/").json()
    except ulak.JSONDecodeError as error:
        print("not JSON:", error)


if __name__ == "__main__":
    main()
