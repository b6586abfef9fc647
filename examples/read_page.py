"""Read a web page and print it.

Run it::

    python examples/read_page.py https://example.com/

Without an address it reads from ``python examples/demo_server.py``.
"""

from __future__ import annotations

import sys

import ulak


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/"
    response = ulak.get(url, timeout=10)
    response.raise_for_status()
    print(response.text)


if __name__ == "__main__":
    main()
