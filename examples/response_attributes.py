"""Show what a response knows.

Run it::

    python examples/response_attributes.py https://example.com/

Without an address it asks ``python examples/demo_server.py``.
"""

from __future__ import annotations

import sys

import ulak


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/"
    response = ulak.get(url, timeout=10)

    print("url:              ", response.url)
    print("status_code:      ", response.status_code)
    print("reason:           ", response.reason)
    print("ok:               ", response.ok)
    print("elapsed:          ", response.elapsed)
    print("encoding:         ", response.encoding)
    print("apparent_encoding:", response.apparent_encoding)
    print("history:          ", response.history)
    print("is_redirect:      ", response.is_redirect)
    print("cookies:          ", dict(response.cookies))
    print("links:            ", response.links)
    print("content:          ", type(response.content).__name__, len(response.content), "bytes")
    print("text:             ", type(response.text).__name__, len(response.text), "characters")

    # Names of headers may be written in any case.
    print("content type:     ", response.headers["Content-Type"])
    print("the same:         ", response.headers["content-type"])

    print("headers:")
    for name, value in response.headers.items():
        print(f"    {name}: {value}")

    print("what was sent:    ", response.request.method, response.request.url)
    for name, value in response.request.headers.items():
        print(f"    {name}: {value}")


if __name__ == "__main__":
    main()
