"""Crawl a site: every page that its pages lead to, many at once.

Only the hosts that it begins with are asked, each for a few pages at a time.  The
links of a page are handed to the same ``gather`` that the page came out of.  It
reads pages whole and no robots.txt: it is for sites of your own.

Run it, with ``python examples/demo_server.py`` in another terminal::

    python examples/crawler.py http://127.0.0.1:8000/
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import ulak

#: How many pages are asked for at once, and how many of one host.
AT_ONCE = 32
PER_HOST = 4
#: How many pages are asked for in all.
MOST_PAGES = 1000


class Links(HTMLParser):
    """The targets of a page's links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if tag == "a" and target:
            self.found.append(target)


class Frontier:
    """Which pages are known, and which of them are still to be asked for."""

    def __init__(self, start: Iterable[str]) -> None:
        start = list(start)
        self._hosts = {urlsplit(url).netloc for url in start}
        self._known: set[str] = set()
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue()
        self._open = 0
        for url in start:
            self._ask_for(url)

    def has(self, url: str) -> bool:
        """Whether ``url`` is on one of the hosts."""
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and parts.netloc in self._hosts

    def add(self, url: str) -> None:
        """Ask for ``url`` too, unless it is known or leads elsewhere."""
        url = urldefrag(url).url
        if url not in self._known and self.has(url) and len(self._known) < MOST_PAGES:
            self._ask_for(url)

    def _ask_for(self, url: str) -> None:
        self._known.add(url)
        self._open += 1
        self._waiting.put_nowait(url)

    def seen(self) -> None:
        """One page was looked at; what it leads to was added before."""
        self._open -= 1
        if self._open == 0:
            self._waiting.put_nowait(None)

    async def pages(self) -> AsyncIterator[str]:
        """The pages to ask for, as they become known; ends with the last that was seen."""
        while (url := await self._waiting.get()) is not None:
            yield url


async def crawl(start: Iterable[str]) -> Counter[str]:
    """Print a line for each page; returns how many there were of each kind."""
    frontier = Frontier(start)
    kinds: Counter[str] = Counter()
    async with ulak.AsyncSession(timeout=ulak.Timeout(connect=5, read=10, total=30)) as session:
        async for outcome in session.gather(
            frontier.pages(),
            limit=AT_ONCE,
            per_host=PER_HOST,
            in_order=False,
            return_exceptions=True,
        ):
            if isinstance(outcome, ulak.AsyncResponse):
                kinds["found" if outcome.ok else "missing"] += 1
                print(outcome.status_code, outcome.url)
                for link in links_of(outcome):
                    frontier.add(link)
            elif isinstance(outcome, ulak.RequestException):
                kinds["failed"] += 1
                print(outcome)
            else:
                raise outcome
            frontier.seen()
    return kinds


def links_of(page: ulak.AsyncResponse) -> list[str]:
    """Where a page leads to; a redirect may have led to another than was asked for."""
    if not page.ok or "html" not in page.headers.get("content-type", ""):
        return []
    return [urljoin(page.url, link) for link in Links(page.text).found]


def main() -> None:
    start = sys.argv[1:] or ["http://127.0.0.1:8000/"]
    began = time.perf_counter()
    kinds = asyncio.run(crawl(start))
    seconds = time.perf_counter() - began
    print(f"{kinds['found']} found, {kinds['missing']} missing, {kinds['failed']} failed", end=" ")
    print(f"in {seconds:.1f} s")


if __name__ == "__main__":
    main()
