"""Log in with a name and a password (Basic authentication).

It expects a server that asks for them under ``/private/``, such as nginx with
this in its ``server`` block::

    location /private/ {
        auth_basic           "stables";
        auth_basic_user_file /etc/nginx/htpasswd;
    }

where the file has a line from ``htpasswd -nb courier horse``.  Run it::

    python examples/basic_auth.py http://127.0.0.1:8080 courier horse
"""

from __future__ import annotations

import sys

import ulak


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
    user, password = sys.argv[2:4] if len(sys.argv) > 3 else ("courier", "horse")
    url = f"{base}/private/letter.txt"

    response = ulak.get(url)
    print("without:       ", response.status_code, response.headers["WWW-Authenticate"])

    response = ulak.get(url, auth=(user, "wrong"))
    print("wrong password:", response.status_code)

    response = ulak.get(url, auth=(user, password))
    print("right password:", response.status_code, response.text.strip())


if __name__ == "__main__":
    main()
