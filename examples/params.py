"""Put parameters into a URL.

Run it, with ``python examples/demo_server.py`` in another terminal::

    python examples/params.py http://127.0.0.1:8000
"""

from __future__ import annotations

import sys

import ulak


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    url = f"{base}/echo"

    response = ulak.get(url, params={"q": "fast horses", "page": 2})
    print(response.url)

    # A list gives the name several times; None leaves the name out.
    response = ulak.get(url, params={"color": ["bay", "grey"], "age": None})
    print(response.url)

    # Pairs keep their order, and join what the URL has already.
    response = ulak.get(f"{url}?sort=name", params=[("b", "2"), ("a", "1")])
    print(response.url)

    # Whatever may not stand in a URL is encoded.
    response = ulak.get(url, params={"şehir": "İzmir & Kars"})
    print(response.url)
    print(response.json()["params"])


if __name__ == "__main__":
    main()
