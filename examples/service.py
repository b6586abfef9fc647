"""A web service that asks another one: an AsyncSession for as long as it runs.

The session is made when the service starts and closed when it ends; all requests
share its connections.  Starlette calls it, and FastAPI would in the same way.

Run it (``pip install starlette uvicorn``), with ``python examples/demo_server.py`` in
another terminal::

    python examples/service.py http://127.0.0.1:8000 8080

and ask it for http://127.0.0.1:8080/overview.  The second argument is the port; where
8080 is in use, by ``docs_server.py`` for instance, name another.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TypedDict

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import ulak


class State(TypedDict):
    """What lives as long as the service."""

    riders: ulak.AsyncSession


def make_app(api: str) -> Starlette:
    """The service, in front of the API at the URL ``api``."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[State]:
        async with ulak.AsyncSession(
            base_url=api,
            timeout=ulak.Timeout(connect=1, read=1, total=5),
            retries=2,
            raise_for_status=True,
            # Those who use the service must not get each other's cookies.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        ) as session:
            yield {"riders": session}

    return Starlette(
        routes=[
            Route("/overview", overview),
            Route("/riders", add_rider, methods=["POST"]),
            Route("/letters/{number:int}", letter),
            Route("/slow", slow),
        ],
        exception_handlers={ulak.RequestException: failed},
        lifespan=lifespan,
    )


async def overview(request: Request) -> JSONResponse:
    """Two answers of the API in one, asked for at once."""
    session: ulak.AsyncSession = request.state.riders
    users, busy = await session.gather(["/users", "/busy"])
    names = [user["name"] for user in users.json()]
    return JSONResponse({"riders": names, "status": busy.json()["status"]})


async def add_rider(request: Request) -> JSONResponse:
    session: ulak.AsyncSession = request.state.riders
    answer = await session.post("/users", json=await request.json())
    return JSONResponse(answer.json(), status_code=201)


async def letter(request: Request) -> JSONResponse:
    session: ulak.AsyncSession = request.state.riders
    answer = await session.get(f"/letters/{request.path_params['number']}")
    return JSONResponse({"letter": answer.text})


async def slow(request: Request) -> JSONResponse:
    session: ulak.AsyncSession = request.state.riders
    answer = await session.get("/slow", retries=0)
    return JSONResponse({"text": answer.text})


async def failed(request: Request, error: Exception) -> JSONResponse:
    """Whatever went wrong with the API, as an answer of this service."""
    if not isinstance(error, ulak.RequestException):
        raise error
    if isinstance(error, ulak.HTTPError) and error.response.status_code == 404:
        return JSONResponse({"error": "not found"}, status_code=404)
    status = 504 if isinstance(error, ulak.Timeout) else 502
    return JSONResponse({"error": error.code}, status_code=status)


def main() -> None:
    api = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 8080
    uvicorn.run(make_app(api), port=port, log_level="warning")


if __name__ == "__main__":
    main()
