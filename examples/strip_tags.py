"""Read a web page and print its words without the tags.

Run it::

    python examples/strip_tags.py https://example.com/

Without an address it reads from ``python examples/demo_server.py``.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser

import ulak


class TextOnly(HTMLParser):
    """Collects what stands between the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words += data.split()


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/"
    response = ulak.get(url, timeout=10)
    parser = TextOnly()
    parser.feed(response.text)
    print(" ".join(parser.words))


if __name__ == "__main__":
    main()
