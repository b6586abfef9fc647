"""Read a page with lxml (``pip install lxml``) and list its links.

Run it::

    python examples/lxml_content.py https://example.com/

Without an address it reads from ``python examples/demo_server.py``.
"""

from __future__ import annotations

import sys

import lxml.html

import ulak


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/"
    response = ulak.get(url, timeout=10)

    # Bytes, not text: the parser finds the page's encoding by itself.
    page = lxml.html.fromstring(response.content, base_url=response.url)
    page.make_links_absolute()
    print("title:", page.findtext(".//title"))
    for link in page.iterfind(".//a"):
        print("link: ", link.text_content(), "->", link.get("href"))


if __name__ == "__main__":
    main()
