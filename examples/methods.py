"""Call every method, with functions of the same names.

Run it, with ``python examples/demo_server.py`` in another terminal::

    python examples/methods.py http://127.0.0.1:8000
"""

from __future__ import annotations

import sys

import ulak


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    url = f"{base}/echo"

    for response in (
        ulak.get(url),
        ulak.head(url),
        ulak.options(url),
        ulak.post(url, json={"name": "Fatma"}),
        ulak.put(url, json={"name": "Fatma"}),
        ulak.patch(url, json={"horse": "Doru"}),
        ulak.delete(url),
        # QUERY reads like GET, and has a body like POST.
        ulak.query(url, json={"horse": "Doru"}),
        # Any other method goes by its name.
        ulak.request("GET", url),
    ):
        # The answer to HEAD has headers and no body.
        heard = response.json()["method"] if response.content else "(no body)"
        print(f"{response.request.method:8} {response.status_code}  the server heard {heard}")


if __name__ == "__main__":
    main()
