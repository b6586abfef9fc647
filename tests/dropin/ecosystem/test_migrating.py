"""Each row of docs/migrating.md's tables of httpx and aiohttp, run with both libraries."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import httpx
import pytest
import urllib3.exceptions

import ulak
from tests.house.imports import ROOT
from tests.support import Answer, Certificates, ForwardProxy, HttpServer, free_port
from ulak import exceptions as e


@dataclass(frozen=True)
class World:
    """What a row may need."""

    server: HttpServer
    secure: HttpServer
    proxy: ForwardProxy
    context: ssl.SSLContext
    folder: Path

    @property
    def url(self) -> str:
        return self.server.url

    @asynccontextmanager
    async def unix_server(self) -> AsyncIterator[str]:
        """A server on a Unix socket that says ``unix``; gives its path."""

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nunix")
            writer.close()

        path = str(self.folder / "socket")
        async with await asyncio.start_unix_server(answer, path):
            yield path


Check = Callable[[World], Awaitable[None]]


class Table:
    """A table of the page, and the checks of its rows by how their first cell begins."""

    def __init__(self, heading: str) -> None:
        page = (ROOT / "docs/migrating.md").read_text(encoding="utf-8")
        section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        self.rows = re.findall(r"^\| (`.*?) \| .* \|$", section, re.MULTILINE)
        self.checks: dict[str, Check] = {}

    def row(self, beginning: str) -> Callable[[Check], Check]:
        def add(check: Check) -> Check:
            assert beginning not in self.checks
            self.checks[beginning] = check
            return check

        return add

    def unmatched(self) -> list[str]:
        """Rows without exactly one check, and checks without exactly one row."""

        def pairs(one: str, others: list[str], flip: bool) -> int:
            return sum((x if flip else one).startswith(one if flip else x) for x in others)

        rows = [x for x in self.rows if pairs(x, list(self.checks), False) != 1]
        return rows + [x for x in self.checks if pairs(x, self.rows, True) != 1]


from_httpx = Table("From httpx")
from_aiohttp = Table("From aiohttp")


@pytest.fixture
def world(
    http_server: HttpServer,
    https_server: HttpServer,
    forward_proxy: ForwardProxy,
    certificates: Certificates,
    tmp_path: Path,
) -> Iterator[World]:
    yield World(http_server, https_server, forward_proxy, certificates.client_context(), tmp_path)


@pytest.mark.parametrize("table", [from_httpx, from_aiohttp], ids=["httpx", "aiohttp"])
def test_every_row_is_run(table: Table) -> None:
    assert len(table.rows) > 20
    assert table.unmatched() == []


@pytest.mark.parametrize("row", from_httpx.checks)
def test_a_row_of_httpx(row: str, world: World) -> None:
    asyncio.run(from_httpx.checks[row](world))


@pytest.mark.parametrize("row", from_aiohttp.checks)
def test_a_row_of_aiohttp(row: str, world: World) -> None:
    asyncio.run(from_aiohttp.checks[row](world))


# -- httpx -------------------------------------------------------------------

SETTINGS = {
    "headers": {"X-Seal": "red"},
    "params": {"page": "2"},
    "cookies": {"ink": "blue"},
    "auth": ("user", "secret"),
}
SEEN = ("X-Seal", "Cookie", "Authorization")


def seen(world: World) -> tuple:
    """What of :data:`SETTINGS` the last request had, and its target."""
    last = world.server.last
    return last.method, last.target, last.body, [last.header(name) for name in SEEN]


@from_httpx.row("`httpx.get(")
async def get(w: World) -> None:
    httpx.get(f"{w.url}/get", **SETTINGS)
    theirs = seen(w)
    ulak.get(f"{w.url}/get", **SETTINGS)
    assert seen(w) == theirs


@from_httpx.row("`Client(base_url")
async def client(w: World) -> None:
    settings = {**SETTINGS, "base_url": w.url, "verify": True, "trust_env": False}
    with httpx.Client(**settings) as c, ulak.Session(**settings) as s:
        c.get("/get")
        theirs = seen(w)
        s.get("/get")
        assert seen(w) == theirs


@from_httpx.row("`AsyncClient(base_url")
async def async_client(w: World) -> None:
    settings = {**SETTINGS, "base_url": w.url, "verify": True, "trust_env": False}
    async with httpx.AsyncClient(**settings) as c, ulak.AsyncSession(**settings) as s:
        await c.get("/get")
        theirs = seen(w)
        await s.get("/get")
        assert seen(w) == theirs


@from_httpx.row("`follow_redirects=True`")
async def redirects(w: World) -> None:
    url = f"{w.url}/redirect/1"
    with httpx.Client(follow_redirects=True) as c, ulak.Session() as s:
        assert c.get(url).status_code == s.get(url).status_code == 200
        theirs = c.get(url, follow_redirects=False).status_code
        assert theirs == s.get(url, allow_redirects=False).status_code == 302


@from_httpx.row("`max_redirects=5`")
async def max_redirects(w: World) -> None:
    with pytest.raises(httpx.TooManyRedirects):
        httpx.Client(max_redirects=5, follow_redirects=True).get(f"{w.url}/redirect/6")
    with ulak.Session(max_redirects=5) as s, pytest.raises(e.TooManyRedirects):
        s.get(f"{w.url}/redirect/6")


@from_httpx.row("`timeout=httpx.Timeout")
async def timeout(w: World) -> None:
    theirs = httpx.Timeout(5, read=30, pool=2)
    ours = ulak.Timeout(connect=5, read=30, write=5, pool=2)
    for name in ("connect", "read", "write", "pool"):
        assert getattr(theirs, name) == getattr(ours, name)
    assert httpx.Timeout(5).pool == 5
    assert ulak.Timeout.of(5).pool is None
    async with httpx.AsyncClient(timeout=theirs) as c, ulak.AsyncSession(timeout=ours) as s:
        assert (await c.get(w.url)).status_code == (await s.get(w.url)).status_code


@from_httpx.row("`limits=httpx.Limits")
async def limits(w: World) -> None:
    theirs = httpx.Limits(max_connections=2, max_keepalive_connections=1, keepalive_expiry=9)
    adapter = ulak.AsyncHTTPAdapter(max_connections=2, max_keepalive=1, keepalive_expiry=9)
    for settings, kind in (
        ({"limits": theirs}, httpx.AsyncClient),
        ({"adapters": {"http://": adapter}}, ulak.AsyncSession),
    ):
        before = w.server.connections
        async with kind(**settings) as c:
            await asyncio.gather(*(c.get(f"{w.url}/delay/0.02") for _ in range(6)))
        assert w.server.connections - before <= 6
        assert w.server.connections > before


@from_httpx.row("`transport=AsyncHTTPTransport(uds=…)`")
async def sockets(w: World) -> None:
    async with w.unix_server() as path:
        transport = httpx.AsyncHTTPTransport(uds=path)
        adapter = ulak.AsyncHTTPAdapter(unix_socket=path)
        async with (
            httpx.AsyncClient(transport=transport) as c,
            ulak.AsyncSession(adapters={"http://": adapter}) as s,
        ):
            assert (await c.get("http://x/")).text == (await s.get("http://x/")).text == "unix"
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.9")
    adapter = ulak.AsyncHTTPAdapter(source_address="127.0.0.9")
    async with (
        httpx.AsyncClient(transport=transport) as c,
        ulak.AsyncSession(adapters={"http://": adapter}) as s,
    ):
        theirs = (await c.get(f"{w.url}/echo-ip")).json()["origin"]
        assert theirs == (await s.get(f"{w.url}/echo-ip")).json()["origin"] == "127.0.0.9"


@from_httpx.row("`transport=HTTPTransport(retries=2)`")
async def retries(w: World) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(httpx.ConnectError):
        httpx.Client(transport=httpx.HTTPTransport(retries=2)).get(nobody)
    with ulak.Session(retries=2) as s, pytest.raises(e.ConnectionError, match="3 times"):
        s.get(nobody)


@from_httpx.row("`mounts={")
async def mounts(w: World) -> None:
    transport = httpx.HTTPTransport(local_address="127.0.0.9")
    adapter = ulak.adapters.HTTPAdapter()
    adapter.init_poolmanager(1, 1, source_address=("127.0.0.9", 0))
    with (
        httpx.Client(mounts={"http://127.0.0.1": transport}) as c,
        ulak.Session(adapters={"http://127.0.0.1": adapter}) as s,
    ):
        url = f"{w.url}/echo-ip"
        assert c.get(url).json()["origin"] == s.get(url).json()["origin"] == "127.0.0.9"


@from_httpx.row('`proxy="http')
async def proxy(w: World) -> None:
    with httpx.Client(proxy=w.proxy.url) as c, ulak.Session(proxies={"all": w.proxy.url}) as s:
        c.get(f"{w.url}/get")
        s.get(f"{w.url}/get")
    assert [x.target for x in w.proxy.requests] == [f"{w.url}/get"] * 2


@from_httpx.row("`verify=ssl_context`")
async def verify(w: World) -> None:
    with httpx.Client(verify=w.context) as c, ulak.Session(verify=w.context) as s:
        assert c.get(f"{w.secure.url}/get").status_code == 200
        assert s.get(f"{w.secure.url}/get").status_code == 200


@from_httpx.row("`event_hooks=")
async def hooks(w: World) -> None:
    called = []
    with httpx.Client(event_hooks={"response": [lambda r: called.append(r.status_code)]}) as c:
        c.get(f"{w.url}/get")
    with ulak.Session(hooks={"response": lambda r, **_: called.append(r.status_code)}) as s:
        s.get(f"{w.url}/get")
    assert called == [200, 200]


@from_httpx.row('`auth=("u", "p")`')
async def auths(w: World) -> None:
    kinds = (
        ("basic-auth/u/p", ("u", "p"), ("u", "p")),
        ("basic-auth/u/p", httpx.BasicAuth("u", "p"), ulak.auth.HTTPBasicAuth("u", "p")),
        ("digest-auth/auth/u/p", httpx.DigestAuth("u", "p"), ulak.auth.HTTPDigestAuth("u", "p")),
    )
    for path, theirs, ours in kinds:
        assert httpx.get(f"{w.url}/{path}", auth=theirs).json()["authenticated"]
        assert ulak.get(f"{w.url}/{path}", auth=ours).json()["authenticated"]
    netrc = w.folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETRC", str(netrc))
        assert httpx.get(f"{w.url}/basic-auth/u/p", auth=httpx.NetRCAuth(str(netrc))).is_success
        assert ulak.get(f"{w.url}/basic-auth/u/p", auth=ulak.auth.NetrcAuth()).ok


@from_httpx.row("`class Own(httpx.Auth)`")
async def own_auth(w: World) -> None:
    def auth_flow(self, request):
        response = yield request
        if response.status_code == 401:
            request.headers["Authorization"] = "Bearer token"
            yield request

    url = f"{w.url}/bearer"
    theirs = httpx.get(url, auth=type("Own", (httpx.Auth,), {"auth_flow": auth_flow})())
    ours = ulak.get(url, auth=type("Own", (ulak.auth.FlowAuth,), {"auth_flow": auth_flow})())
    assert theirs.json() == ours.json() == {"authenticated": True, "token": "token"}


@from_httpx.row("`content=")
async def content(w: World) -> None:
    theirs = httpx.post(f"{w.url}/post", content=b"letter").json()["data"]
    assert theirs == ulak.post(f"{w.url}/post", data=b"letter").json()["data"] == "letter"


@from_httpx.row("`data={…}`, `json=…`, `files={…}`")
async def bodies(w: World) -> None:
    for body in (
        {"data": {"a": ["1", "2"], "b": "ü"}},
        {"json": {"name": "Güneş"}},
        {"files": {"letter": ("letter.txt", b"Dear", "text/plain")}, "data": {"a": "1"}},
    ):
        theirs, ours = (x.post(f"{w.url}/post", **body).json() for x in (httpx, ulak))
        assert [theirs[key] for key in ("form", "json", "files")] == [
            ours[key] for key in ("form", "json", "files")
        ]


@from_httpx.row("`client.build_request(")
async def prepared(w: World) -> None:
    with httpx.Client(headers={"X": "1"}) as c, ulak.Session(headers={"X": "1"}) as s:
        theirs = c.send(c.build_request("GET", f"{w.url}/get")).json()["headers"]["X"]
        ours = s.send(s.prepare_request(ulak.Request("GET", f"{w.url}/get"))).json()
        assert theirs == ours["headers"]["X"] == "1"


@from_httpx.row("`with client.stream(")
async def stream(w: World) -> None:
    for client in (httpx.Client(), ulak.Session()):
        with client, client.stream("GET", f"{w.url}/stream/3") as r:
            assert len(list(r.iter_lines())) == 3
    for client in (httpx.AsyncClient(), ulak.AsyncSession()):
        async with client, client.stream("GET", f"{w.url}/stream/3") as r:
            assert len([line async for line in r.aiter_lines()]) == 3


@from_httpx.row("`r.iter_bytes()`")
async def reading(w: World) -> None:
    url = f"{w.url}/encoding/utf8"

    def read(client, *names) -> list:
        found = []
        for name, arguments in names:
            with client.stream("GET", url) as r:
                value = getattr(r, name)
                value = value if isinstance(value, bytes) else value(**arguments)
                found.append(value if isinstance(value, bytes) else list(value))
        return ["".join(found[1]), b"".join(found[0]), found[2], found[3]]

    decoded = {"decode_unicode": True}
    with httpx.Client() as c, ulak.Session() as s:
        theirs = read(c, ("iter_bytes", {}), ("iter_text", {}), ("iter_lines", {}), ("read", {}))
        ours = read(
            s,
            ("iter_content", {"chunk_size": 8192}),
            ("iter_content", {"chunk_size": 8192, **decoded}),
            ("iter_lines", decoded),
            ("content", {}),
        )
    assert ours == theirs


@from_httpx.row("`r.aiter_bytes()`")
async def async_reading(w: World) -> None:
    url = f"{w.url}/encoding/utf8"

    async def read(client, *names) -> list:
        found = []
        for name, arguments in names:
            async with client.stream("GET", url) as r:
                found.append([x async for x in getattr(r, name)(**arguments)])
        async with client.stream("GET", url) as r:
            found.append(await r.aread())
        return [b"".join(found[0]), "".join(found[1]), *found[2:]]

    async with httpx.AsyncClient() as c, ulak.AsyncSession() as s:
        theirs = await read(c, ("aiter_bytes", {}), ("aiter_text", {}), ("aiter_lines", {}))
        lines = ("aiter_lines", {"decode_unicode": True})
        assert await read(s, ("aiter_content", {}), ("aiter_text", {}), lines) == theirs


@from_httpx.row("`r.status_code`, `r.headers`")
async def attributes(w: World) -> None:
    fields = [("Set-Cookie", "a=b"), ("Link", '</2>; rel="next"'), ("Content-Type", "text/x")]
    w.server.route("/it")(lambda _: Answer(b'{"a": 1}', 200, fields))
    url = f"{w.url}/redirect-to?url=/it"
    theirs, ours = httpx.get(url, follow_redirects=True), ulak.get(url)
    for name in ("status_code", "content", "text"):
        assert getattr(theirs, name) == getattr(ours, name)
    assert theirs.json() == ours.json()
    assert theirs.headers["content-type"] == ours.headers["content-type"]
    assert dict(theirs.cookies) == dict(ours.cookies) == {"a": "b"}
    assert [x.status_code for x in theirs.history] == [x.status_code for x in ours.history]
    assert theirs.links["next"]["url"] == ours.links["next"]["url"] == "/2"
    assert theirs.elapsed.total_seconds() > 0 < ours.elapsed.total_seconds()


@from_httpx.row("`r.is_success`")
async def success(w: World) -> None:
    for path in ("get", "status/404", "redirect/1"):
        url = f"{w.url}/{path}"
        theirs, ours = httpx.get(url), ulak.get(url, allow_redirects=False)
        assert theirs.reason_phrase == ours.reason
        assert theirs.has_redirect_location == ours.is_redirect
        if path == "redirect/1":
            assert not theirs.is_success
            assert ours.ok  # a status below 400 is
            assert str(theirs.next_request.url) == ours.next.url
        else:
            assert theirs.is_success == ours.ok


@from_httpx.row("`str(r.url)`")
async def the_url(w: World) -> None:
    assert str(httpx.get(f"{w.url}/get?a=b").url) == ulak.get(f"{w.url}/get?a=b").url


@from_httpx.row("`r.raise_for_status()`")
async def raising(w: World) -> None:
    theirs, ours = httpx.get(w.url), ulak.get(w.url)
    assert theirs.raise_for_status() is theirs
    assert ours.raise_for_status() is None
    with pytest.raises(httpx.HTTPStatusError) as their_error:
        httpx.get(f"{w.url}/status/404").raise_for_status()
    with pytest.raises(e.HTTPError) as our_error:
        ulak.get(f"{w.url}/status/404").raise_for_status()
    assert their_error.value.response.status_code == our_error.value.response.status_code == 404


@from_httpx.row("`client.close()`")
async def closing(w: World) -> None:
    for client in (httpx.Client(), ulak.Session()):
        client.close()
    for client in (httpx.AsyncClient(), ulak.AsyncSession()):
        await client.aclose()


@from_httpx.row("`HTTPError`, `RequestError`")
async def error_roots(w: World) -> None:
    assert issubclass(httpx.ConnectError, httpx.RequestError)
    assert issubclass(httpx.RequestError, httpx.HTTPError)
    assert issubclass(httpx.HTTPStatusError, httpx.HTTPError)
    assert issubclass(e.ConnectionError, e.RequestException)
    assert issubclass(e.HTTPError, e.RequestException)


def fails(theirs: type[Exception], ours: type[Exception], url: str, **settings) -> None:
    with pytest.raises(theirs), httpx.Client(follow_redirects=True, **settings) as c:
        c.get(url)
    with pytest.raises(ours), ulak.Session(**settings) as s:
        s.get(url)


@from_httpx.row("`TimeoutException`")
async def errors(w: World) -> None:
    slow, nobody = f"{w.url}/delay/2", f"http://127.0.0.1:{free_port()}/"
    fails(httpx.TimeoutException, e.Timeout, slow, timeout=0.1)
    fails(httpx.ReadTimeout, e.ReadTimeout, slow, timeout=0.1)
    assert issubclass(httpx.ConnectTimeout, httpx.TimeoutException)
    assert issubclass(e.ConnectTimeout, e.Timeout)
    fails(httpx.ConnectError, e.ConnectionError, nobody)
    broken = [("Content-Length", "1"), ("Content-Length", "2")]
    w.server.route("/broken")(lambda _: Answer(b"xx", 200, broken, close=True))
    fails(httpx.RemoteProtocolError, e.ProtocolError, f"{w.url}/broken")
    short = [("Content-Length", "9")]
    w.server.route("/short")(lambda _: Answer(b"xx", 200, short, close=True))
    fails(httpx.RemoteProtocolError, e.ChunkedEncodingError, f"{w.url}/short")


@from_httpx.row("`TooManyRedirects`, `UnsupportedProtocol`")
async def more_errors(w: World) -> None:
    fails(httpx.TooManyRedirects, e.TooManyRedirects, f"{w.url}/redirect/40")
    fails(httpx.UnsupportedProtocol, e.InvalidSchema, "letters://x")
    fails(httpx.InvalidURL, e.InvalidURL, "http://a:b/")


@from_httpx.row("`ResponseNotRead`")
async def body_errors(w: World) -> None:
    async with httpx.AsyncClient() as c, ulak.AsyncSession() as s:
        async with c.stream("GET", w.url) as r:
            with pytest.raises(httpx.ResponseNotRead):
                r.content  # noqa: B018
            [x async for x in r.aiter_bytes()]
            with pytest.raises(httpx.StreamConsumed):
                [x async for x in r.aiter_bytes()]
        async with s.stream("GET", w.url) as r:
            with pytest.raises(e.BodyNotRead):
                r.content  # noqa: B018
            [x async for x in r.aiter_content()]
            with pytest.raises(e.StreamConsumedError):
                [x async for x in r.aiter_content()]


# -- aiohttp -----------------------------------------------------------------


@from_aiohttp.row("`ClientSession(base_url")
async def session(w: World) -> None:
    settings = {
        "base_url": w.url,
        "headers": {"X-Seal": "red"},
        "cookies": {"ink": "blue"},
        "raise_for_status": True,
    }
    async with aiohttp.ClientSession(**settings) as c, ulak.AsyncSession(**settings) as s:
        async with c.get("/get"):
            theirs = seen(w)
        await s.get("/get")
        assert seen(w) == theirs
        with pytest.raises(aiohttp.ClientResponseError):
            await c.get("/status/404")
        with pytest.raises(e.HTTPError):
            await s.get("/status/404")


@from_aiohttp.row("`trust_env=True`")
async def environment(w: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("http_proxy", w.proxy.url)
        async with aiohttp.ClientSession(trust_env=True) as c, c.get(f"{w.url}/get") as r:
            assert r.status == 200
        async with ulak.AsyncSession() as s:
            assert (await s.get(f"{w.url}/get")).ok
    assert len(w.proxy.requests) == 2


@from_aiohttp.row("`json_serialize=dumps`")
async def serialising(w: World) -> None:
    def dumps(value: object) -> str:
        return json.dumps(value, separators=(",", ":"))

    async with aiohttp.ClientSession(json_serialize=dumps) as c:
        await c.post(f"{w.url}/post", json={"a": [1, 2]})
    async with ulak.AsyncSession(json_dumps=dumps) as s:
        await s.post(f"{w.url}/post", json={"a": [1, 2]})
    assert [x.body for x in w.server.requests] == [b'{"a":[1,2]}'] * 2


@from_aiohttp.row("`auth=BasicAuth")
async def basic(w: World) -> None:
    url = f"{w.url}/basic-auth/u/p"
    async with aiohttp.ClientSession(auth=aiohttp.BasicAuth("u", "p")) as c, c.get(url) as r:
        assert r.status == 200
    async with ulak.AsyncSession(auth=("u", "p")) as s:
        assert (await s.get(url)).status_code == 200


@from_aiohttp.row("`timeout=ClientTimeout")
async def client_timeout(w: World) -> None:
    url = f"{w.url}/delay/2"
    for values in ((60, 5, 0.1), (0.1, 5, 30)):
        total, connect, read = values
        limit = aiohttp.ClientTimeout(total=total, sock_connect=connect, sock_read=read)
        async with aiohttp.ClientSession(timeout=limit) as c:
            with pytest.raises(asyncio.TimeoutError):
                await c.get(url)
        limit = ulak.Timeout(total=total, connect=connect, read=read)
        async with ulak.AsyncSession(timeout=limit) as s:
            with pytest.raises(ulak.Timeout):
                await s.get(url)


@from_aiohttp.row("`connector=TCPConnector")
async def connector(w: World) -> None:
    theirs = aiohttp.TCPConnector(limit=100, limit_per_host=2, keepalive_timeout=15)
    ours = ulak.AsyncHTTPAdapter(
        max_connections=100, max_connections_per_host=2, keepalive_expiry=15
    )
    url = f"{w.url}/delay/0.02"
    async with (
        aiohttp.ClientSession(connector=theirs) as c,
        ulak.AsyncSession(adapters={"http://": ours}) as s,
    ):

        async def get() -> None:
            async with c.get(url) as r:
                await r.read()

        await asyncio.gather(*(get() for _ in range(6)))
        assert w.server.connections == 2
        await asyncio.gather(*(s.get(url) for _ in range(6)))
        assert w.server.connections == 4


@from_aiohttp.row("`TCPConnector(local_addr=…)`")
async def addresses(w: World) -> None:
    url = f"{w.url}/echo-ip"
    local = aiohttp.TCPConnector(local_addr=("127.0.0.9", 0))
    async with aiohttp.ClientSession(connector=local) as c, c.get(url) as r:
        assert (await r.json())["origin"] == "127.0.0.9"
    adapter = ulak.AsyncHTTPAdapter(source_address=("127.0.0.9", 0))
    async with ulak.AsyncSession(adapters={"http://": adapter}) as s:
        assert (await s.get(url)).json()["origin"] == "127.0.0.9"
    async with w.unix_server() as path:
        unix = aiohttp.UnixConnector(path)
        async with aiohttp.ClientSession(connector=unix) as c, c.get("http://x/") as r:
            assert await r.text() == "unix"
        adapter = ulak.AsyncHTTPAdapter(unix_socket=path)
        async with ulak.AsyncSession(adapters={"http://": adapter}) as s:
            assert (await s.get("http://x/")).text == "unix"


@from_aiohttp.row("`ssl=context`")
async def tls(w: World) -> None:
    url = f"{w.secure.url}/get"
    async with aiohttp.ClientSession() as c, ulak.AsyncSession() as s:
        async with c.get(url, ssl=w.context) as r:
            assert r.status == (await s.get(url, verify=w.context)).status_code
        async with c.get(url, ssl=False) as r:
            with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
                assert r.status == (await s.get(url, verify=False)).status_code


@from_aiohttp.row('`proxy="http')
async def aiohttp_proxy(w: World) -> None:
    async with aiohttp.ClientSession() as c, c.get(f"{w.url}/get", proxy=w.proxy.url) as r:
        assert r.status == 200
    async with ulak.AsyncSession(proxies={"all": w.proxy.url}) as s:
        assert (await s.get(f"{w.url}/get")).ok
    assert len(w.proxy.requests) == 2


@from_aiohttp.row("`async with session.get(url) as r: data = await r.json()`")
async def a_json(w: World) -> None:
    async with aiohttp.ClientSession() as session, ulak.AsyncSession() as ours:
        async with session.get(f"{w.url}/json") as r:
            theirs = await r.json()
        r = await ours.get(f"{w.url}/json")
        assert r.json() == theirs


@from_aiohttp.row("`r.status`, `r.reason`")
async def names(w: World) -> None:
    async with aiohttp.ClientSession() as c, ulak.AsyncSession() as s:
        for path in ("encoding/utf8", "status/404"):
            ours = await s.get(f"{w.url}/{path}")
            async with c.get(f"{w.url}/{path}") as r:
                theirs = (r.status, r.reason, r.ok, await r.read(), await r.text())
            assert theirs == (ours.status_code, ours.reason, ours.ok, ours.content, ours.text)


@from_aiohttp.row('`r.headers.getall("X")`')
async def repeats(w: World) -> None:
    w.server.route("/it")(lambda _: Answer(b"", 200, [("X", "1"), ("X", "2")]))
    async with aiohttp.ClientSession() as c, ulak.AsyncSession() as s:
        async with c.get(f"{w.url}/it") as r:
            theirs = r.headers.getall("X")
        assert (await s.get(f"{w.url}/it")).raw.headers.getlist("X") == theirs == ["1", "2"]


@from_aiohttp.row("`str(r.url)`, `r.history`")
async def history(w: World) -> None:
    async with aiohttp.ClientSession() as c, ulak.AsyncSession() as s:
        ours = await s.get(f"{w.url}/redirect/2")
        async with c.get(f"{w.url}/redirect/2") as r:
            assert (str(r.url), r.content_type) == (ours.url, ours.headers["content-type"])
            assert [x.status for x in r.history] == [x.status_code for x in ours.history]


@from_aiohttp.row("`async with session.get(url) as r: async for piece")
async def pieces(w: World) -> None:
    url = f"{w.url}/bytes/1000"
    async with aiohttp.ClientSession() as c, ulak.AsyncSession() as s:
        async with c.get(url) as r:
            theirs = [piece async for piece in r.content.iter_chunked(100)]
        async with s.stream("GET", url) as r:
            assert [piece async for piece in r.aiter_content(100)] == theirs


@from_aiohttp.row("`async for line in r.content`")
async def lines(w: World) -> None:
    url = f"{w.url}/stream/3"
    async with aiohttp.ClientSession() as c, ulak.AsyncSession() as s:
        async with c.get(url) as r:
            theirs = [line async for line in r.content]
        async with s.stream("GET", url) as r:
            assert [line + b"\n" async for line in r.aiter_lines()] == theirs


@from_aiohttp.row("`session.get(url, allow_redirects=False")
async def aiohttp_redirects(w: World) -> None:
    url = f"{w.url}/redirect/6"
    async with aiohttp.ClientSession() as c, ulak.AsyncSession(max_redirects=5) as s:
        async with c.get(url, allow_redirects=False) as r:
            assert r.status == (await s.get(url, allow_redirects=False)).status_code
        with pytest.raises(aiohttp.TooManyRedirects):
            await c.get(url, max_redirects=5)
        with pytest.raises(e.TooManyRedirects):
            await s.get(url)


@from_aiohttp.row('`data={…}`, `data=b"…"`, `json=…`')
async def aiohttp_bodies(w: World) -> None:
    async with aiohttp.ClientSession() as c, ulak.AsyncSession() as s:
        for body in ({"data": {"a": "ü"}}, {"data": b"letter"}, {"json": {"a": 1}}):
            async with c.post(f"{w.url}/post", **body) as r:
                theirs = await r.json()
            ours = (await s.post(f"{w.url}/post", **body)).json()
            assert [ours[x] for x in ("form", "data", "json")] == [
                theirs[x] for x in ("form", "data", "json")
            ]


@from_aiohttp.row("`data=FormData()`")
async def form_data(w: World) -> None:
    form = aiohttp.FormData()
    form.add_field("a", "1")
    form.add_field("letter", b"Dear", filename="letter.txt", content_type="text/plain")
    async with aiohttp.ClientSession() as c, ulak.AsyncSession() as s:
        async with c.post(f"{w.url}/post", data=form) as r:
            theirs = await r.json()
        files = {"letter": ("letter.txt", b"Dear", "text/plain")}
        ours = (await s.post(f"{w.url}/post", data={"a": "1"}, files=files)).json()
    assert (ours["form"], ours["files"]) == (theirs["form"], theirs["files"])
    assert ours["files"] == {"letter": "Dear"}


@from_aiohttp.row("`data=async_generator()`")
async def generated(w: World) -> None:
    async def letters() -> AsyncIterator[bytes]:
        yield b"Dear "
        yield b"friend"

    async with aiohttp.ClientSession() as c, ulak.AsyncSession() as s:
        await c.post(f"{w.url}/post", data=letters())
        await s.post(f"{w.url}/post", data=letters())
    assert [x.body for x in w.server.requests] == [b"Dear friend"] * 2


@from_aiohttp.row("`session.cookie_jar")
async def jars(w: World) -> None:
    url = f"{w.url}/cookies/set?a=b"
    jar = aiohttp.CookieJar(unsafe=True)  # which allows addresses
    async with aiohttp.ClientSession(cookie_jar=jar) as c, ulak.AsyncSession() as s:
        await c.get(url)
        await s.get(url)
        theirs = {name: x.value for name, x in c.cookie_jar.filter_cookies(w.url).items()}
        assert s.cookies.get_dict() == theirs == {"a": "b"}


@from_aiohttp.row("`await session.close()`")
async def aiohttp_closing(w: World) -> None:
    await aiohttp.ClientSession().close()
    await ulak.AsyncSession().aclose()


async def both_fail(theirs: type[BaseException], ours: type[BaseException], url: str) -> list:
    caught = []
    async with aiohttp.ClientSession(raise_for_status=True) as c:
        with pytest.raises(theirs) as error:
            async with c.get(url) as r:
                await r.read()
        caught.append(error.value)
    async with ulak.AsyncSession(raise_for_status=True) as s:
        with pytest.raises(ours) as error:
            await s.get(url)
        caught.append(error.value)
    return caught


@from_aiohttp.row("`ClientError`; `ClientResponseError`")
async def aiohttp_errors(w: World) -> None:
    await both_fail(aiohttp.ClientError, e.RequestException, f"http://127.0.0.1:{free_port()}/")
    await both_fail(aiohttp.ClientResponseError, e.HTTPError, f"{w.url}/status/500")


@from_aiohttp.row("`error.status`, `error.message`")
async def error_attributes(w: World) -> None:
    theirs, ours = await both_fail(aiohttp.ClientResponseError, e.HTTPError, f"{w.url}/status/404")
    assert theirs.status == ours.response.status_code == 404
    assert theirs.message == ours.response.reason


@from_aiohttp.row("`ClientConnectorError`, `ServerDisconnectedError`")
async def connection_errors(w: World) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/"
    await both_fail(aiohttp.ClientConnectorError, e.ConnectionError, nobody)

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        await both_fail(aiohttp.ServerDisconnectedError, e.ConnectionError, url)


@from_aiohttp.row("`ClientPayloadError`")
async def payload_errors(w: World) -> None:
    short = [("Content-Length", "9")]
    w.server.route("/short")(lambda _: Answer(b"xx", 200, short, close=True))
    await both_fail(aiohttp.ClientPayloadError, e.ChunkedEncodingError, f"{w.url}/short")
    coded = [("Content-Encoding", "gzip")]
    w.server.route("/coded")(lambda _: Answer(b"no gzip", 200, coded))
    await both_fail(aiohttp.ClientPayloadError, e.ContentDecodingError, f"{w.url}/coded")


@from_aiohttp.row("`InvalidURL`, `TooManyRedirects`")
async def url_errors(w: World) -> None:
    await both_fail(aiohttp.InvalidURL, e.InvalidURL, "http://a:b/")
    await both_fail(aiohttp.TooManyRedirects, e.TooManyRedirects, f"{w.url}/redirect/40")


@from_aiohttp.row("`asyncio.TimeoutError`")
async def timeouts(w: World) -> None:
    assert issubclass(aiohttp.ServerTimeoutError, asyncio.TimeoutError)
    async with aiohttp.ClientSession() as c, ulak.AsyncSession() as s:
        with pytest.raises(aiohttp.ServerTimeoutError):
            await c.get(f"{w.url}/delay/2", timeout=aiohttp.ClientTimeout(sock_read=0.1))
        with pytest.raises(ulak.Timeout):
            await s.get(f"{w.url}/delay/2", timeout=0.1)
