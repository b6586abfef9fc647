"""A client for an API: a class of your own around a session.

The session holds what all calls have in common: where the API is, how long to
wait, how often to try again, and that a bad status is an error.

Run it, with ``python examples/demo_server.py`` in another terminal::

    python examples/api_client.py http://127.0.0.1:8000
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import ulak


@dataclass(frozen=True)
class User:
    id: int
    name: str


class Riders:
    """The riders' API.  Errors are those of :mod:`ulak.exceptions`."""

    def __init__(self, base_url: str, token: str) -> None:
        self._session = ulak.Session(
            base_url=base_url,
            timeout=ulak.Timeout(connect=3, read=30, total=60),
            retries=3,
            headers={"Authorization": f"Bearer {token}"},
            raise_for_status=True,
        )

    def users(self) -> Iterator[User]:
        """All users; asks for the next page when it is needed."""
        url: str | None = "/users"
        while url:
            response = self._session.get(url)
            for item in response.json():
                yield User(**item)
            url = response.links.get("next", {}).get("url")

    def add(self, name: str) -> User:
        return User(**self._session.post("/users", json={"name": name}).json())

    def status(self) -> str:
        answer: dict[str, Any] = self._session.get("/busy").json()
        return str(answer["status"])

    def letter(self, number: int) -> str:
        return self._session.get(f"/letters/{number}").text

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    with Riders(base, token="a-secret") as riders:
        for user in riders.users():
            print(user)
        print("added:", riders.add("Fatma"))

        # The server is too busy for the first attempt.
        print("status:", riders.status())

        try:
            riders.letter(404)
        except ulak.HTTPError as error:
            print("error:", error)


if __name__ == "__main__":
    main()
