"""A proxy in front of a server: passes bodies on as they come, both ways.

Neither a request's body nor an answer's is ever whole in memory.  Who reads slowly
slows the other side down: the proxy takes no more than it can hand on.

Run it (``pip install starlette uvicorn``), with ``python examples/demo_server.py`` in
another terminal::

    python examples/streaming_proxy.py http://127.0.0.1:8000 8080

and ask it, for instance, for http://127.0.0.1:8080/download?size=100000000.  The second
argument is the port; where 8080 is in use, by ``docs_server.py`` for instance, name another.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TypedDict

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

import ulak

#: Fields that are about one connection, not about the message (RFC 9110, section 7.6.1).
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class ClientGone(Exception):
    """The client hung up before its request was whole."""


class State(TypedDict):
    """What lives as long as the proxy."""

    session: ulak.AsyncSession


def make_app(upstream: str) -> Starlette:
    """A proxy in front of the server at the URL ``upstream``."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[State]:
        async with ulak.AsyncSession(
            # Only what the client sends is passed on: none of ulak's own fields, ...
            headers={"User-Agent": None, "Accept": None, "Accept-Encoding": None},
            # ... nothing that one client was given to another, nothing of this machine.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
            timeout=ulak.Timeout(connect=5, read=60),
        ) as session:
            yield {"session": session}

    return Starlette(routes=[Mount("/", app=Proxy(upstream))], lifespan=lifespan)


class Proxy:
    """Answers each request with what ``upstream`` answers to it (ASGI)."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session: ulak.AsyncSession = scope["state"]["session"]
        fields = fields_of(scope)
        has_body = "content-length" in fields or "transfer-encoding" in fields
        call = session.stream(
            scope["method"],
            self.upstream + target_of(scope),
            headers=without(fields, {"host", "expect", "accept-encoding"}),
            data=body(receive) if has_body else None,
            allow_redirects=False,
        )
        async with AsyncExitStack() as stack:
            try:
                answer = await stack.enter_async_context(call)
            except ClientGone:
                return
            except ulak.RequestException as error:
                print(error, flush=True)
                status = 504 if isinstance(error, ulak.Timeout) else 502
                await JSONResponse({"error": error.code}, status)(scope, receive, send)
                return
            # From here on a failure can only cut the answer off, which tells the client.
            size = await pass_on(answer, receive, send)
        line = f"{scope['method']} {scope['path']}: {answer.status_code}, {size:,} bytes"
        print(line, flush=True)


def target_of(scope: Scope) -> str:
    """The path as the client wrote it, and the query."""
    query = scope["query_string"].decode("ascii")
    return str(scope["raw_path"].decode("ascii") + ("?" + query if query else ""))


def fields_of(scope: Scope) -> dict[str, str]:
    """The fields of the request, repeated ones joined."""
    fields: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in fields:
            value = fields[name] + ("; " if name == "cookie" else ", ") + value
        fields[name] = value
    return fields


def without(fields: dict[str, str], names: set[str]) -> dict[str, str]:
    """``fields`` but for ``names``, and for those of this one connection."""
    named = {name.strip() for name in fields.get("connection", "").lower().split(",")}
    return {n: value for n, value in fields.items() if n not in names | named | HOP_BY_HOP}


async def body(receive: Receive) -> AsyncIterator[bytes]:
    """The request's body; the next piece is received when this one was taken."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def pass_on(answer: ulak.AsyncResponse, receive: Receive, send: Send) -> int:
    """Send ``answer`` to the client; returns how many bytes its body had.

    ``send`` waits while the client takes nothing, and nobody reads from upstream then.
    """
    head = {"type": "http.response.start", "status": answer.status_code}
    await send({**head, "headers": head_fields(answer)})
    size = 0
    gone = asyncio.create_task(hung_up(receive))
    try:
        async for piece in answer.aiter_content():
            if gone.done():
                return size
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            size += len(piece)
        await send({"type": "http.response.body"})
    finally:
        gone.cancel()
    return size


async def hung_up(receive: Receive) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def head_fields(answer: ulak.AsyncResponse) -> list[tuple[bytes, bytes]]:
    """The fields of the answer, each repeated one by itself."""
    fields = {name.lower(): value for name, value in answer.headers.items()}
    dropped: set[str] = set()
    if "content-encoding" in fields:  # which aiter_content() has undone
        dropped = {"content-encoding", "content-length"}
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name in without(fields, dropped)
        for value in answer.headers.get_all(name)
    ]


def main() -> None:
    upstream = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 8080
    app = make_app(upstream)
    uvicorn.run(app, port=port, log_level="warning", server_header=False, date_header=False)


if __name__ == "__main__":
    main()
