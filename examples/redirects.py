"""Follow a redirect, look at its steps, or refuse to follow.

It expects a server that sends ``/oldpage.html`` to ``/newpage.html``, such as
nginx with this in its ``server`` block::

    location = /oldpage.html { return 301 /newpage.html; }

Run it::

    python examples/redirects.py http://127.0.0.1:8080
"""

from __future__ import annotations

import sys

import ulak


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
    url = f"{base}/oldpage.html"

    response = ulak.get(url)
    print("asked for: ", url)
    print("arrived at:", response.url)
    for step in response.history:
        print("by way of: ", step.status_code, step.reason, "to", step.headers["Location"])

    response = ulak.get(url, allow_redirects=False)
    print("stopped at:", response.status_code, response.url)
    print("permanent: ", response.is_permanent_redirect)


if __name__ == "__main__":
    main()
