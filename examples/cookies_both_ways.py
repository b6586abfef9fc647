"""Send cookies, receive cookies, and let a session keep them.

Run it, with ``python examples/demo_server.py`` in another terminal::

    python examples/cookies_both_ways.py http://127.0.0.1:8000
"""

from __future__ import annotations

import sys

import ulak


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"

    response = ulak.get(f"{base}/echo", cookies={"language": "tr"})
    print("sent:         ", response.json()["cookies"])

    response = ulak.get(f"{base}/cookies/set", params={"rider": "Fatma"})
    print("received:     ", response.cookies["rider"])

    with ulak.Session() as session:
        session.cookies.set("language", "tr")
        session.get(f"{base}/cookies/set", params={"rider": "Fatma"})
        print("in a session: ", session.cookies.get_dict())
        # Cookies of one call are sent once, beside those of the session.
        response = session.get(f"{base}/echo", cookies={"theme": "dark"})
        print("sent with one:", response.json()["cookies"])
        print("still there:  ", session.cookies.get_dict())


if __name__ == "__main__":
    main()
