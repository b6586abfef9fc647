"""Tell errors apart by their type.

Run it, with ``python examples/demo_server.py`` in another terminal::

    python examples/errors.py http://127.0.0.1:8000
"""

from __future__ import annotations

import sys

import ulak
from ulak import exceptions


def explain(url: str) -> str:
    """What came of a request, in words."""
    try:
        response = ulak.get(url, timeout=1)
        response.raise_for_status()
        words = f"fine: {len(response.json())} items"
    except exceptions.HTTPError as error:
        words = f"the server refused with {error.response.status_code}"
    except exceptions.JSONDecodeError:
        words = "the answer is not JSON"
    except exceptions.Timeout:
        words = "it took too long"
    except exceptions.TooManyRedirects:
        words = "it goes round in circles"
    except exceptions.ConnectionError:
        words = "nobody is there"
    except exceptions.InvalidURL:
        words = "this is not a URL that can be requested"
    except exceptions.RequestException as error:
        # The root of them all: nothing else leaves ulak.
        words = f"{type(error).__name__}: {error}"
    return words


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    for url in (
        f"{base}/users",
        f"{base}/nowhere",
        f"{base}/",
        f"{base}/slow",
        f"{base}/loop",
        "http://127.0.0.1:9/",
        "http://:80/",
        "example.com",
    ):
        print(f"{url}: {explain(url)}")


if __name__ == "__main__":
    main()
