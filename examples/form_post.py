"""Send a form, as a browser does.

Run it, with ``python examples/demo_server.py`` in another terminal::

    python examples/form_post.py http://127.0.0.1:8000
"""

from __future__ import annotations

import sys

import ulak


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    response = ulak.post(f"{base}/echo", data={"name": "Çiğdem", "letters": 3})
    print("sent:          ", response.request.body)
    print("as:            ", response.request.headers["Content-Type"])
    print("the server saw:", response.json()["form"])


if __name__ == "__main__":
    main()
