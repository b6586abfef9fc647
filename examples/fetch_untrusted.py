"""Fetch URLs that strangers gave, and let them gain nothing by it.

A preview of each URL is printed, or why there is none.  Run it::

    python examples/fetch_untrusted.py https://example.com http://127.0.0.1:22/

Options come first: ``--allow 127.0.0.0/8`` permits a network that is not public, and
``--http`` permits URLs that are not https, as for the server of these examples.
"""

from __future__ import annotations

import argparse
import re
import sys

import ulak
from ulak import exceptions

MOST_BYTES = 100_000


def guarded_session(allow: list[str], https_only: bool) -> ulak.Session:
    """A session that may be given any URL: it has no secrets, and limits for all."""
    return ulak.Session(
        address_policy=ulak.AddressPolicy(allow=allow),
        https_only=https_only,
        max_body_size=MOST_BYTES,
        max_redirects=5,
        timeout=ulak.Timeout(connect=3, read=5, total=10),
        trust_env=False,
        headers={"Accept": "text/html"},
    )


def preview(session: ulak.Session, url: str) -> str:
    """The title of the page, or what may be told to a stranger."""
    try:
        response = session.get(url)
        response.raise_for_status()
        title = re.search(r"<title>\s*([^<]*?)\s*</title>", response.text, re.IGNORECASE)
    except exceptions.AddressDenied as error:
        # The message says which address a name has in here: that is for the log alone.
        print(f"denied: {error}", file=sys.stderr)
        words = "this address is not for you"
    except exceptions.HTTPSRequired:
        words = "only https, please"
    except exceptions.BodyTooLarge:
        words = "this is too large to look at"
    except exceptions.RequestException as error:
        words = f"no preview ({error.code})"
    else:
        words = title[1] if title else "a page without a title"
    return words


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--allow", action="append", default=[], metavar="NETWORK")
    arguments.add_argument("--http", action="store_true")
    arguments.add_argument("urls", nargs="+", metavar="URL")
    given = arguments.parse_args()
    for url in given.urls:
        # Strangers share no cookies: each has a session of their own.
        with guarded_session(given.allow, https_only=not given.http) as session:
            print(f"{url}: {preview(session, url)}")


if __name__ == "__main__":
    main()
