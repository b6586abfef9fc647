"""TLS on asyncio: who is trusted, who the client is; a difference is another connection."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import ssl
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from urllib3.exceptions import InsecureRequestWarning

import ulak
from tests.support import Certificates, HttpServer, RawConnection, RawServer
from tests.support.loops import LOOPS, Loop, warmed_up
from tests.support.routes import pattern
from ulak.exceptions import InvalidCertificate, SSLError


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warmed_up():
        yield


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(request.param)


@pytest.fixture
def mutual_server(start_http_server, certificates: Certificates) -> HttpServer:
    """A server that insists on a client certificate."""
    return start_http_server(tls=certificates.server_context(client_certificates=ssl.CERT_REQUIRED))


@pytest.fixture
def other_server(start_http_server, certificates: Certificates) -> HttpServer:
    """A server whose certificate is for another name."""
    return start_http_server(tls=certificates.server_context("other.example"))


def session_of(**settings: Any) -> ulak.AsyncSession:
    """A session that may have one connection only, so that none can be lost unseen."""
    adapter = ulak.AsyncHTTPAdapter(max_connections=1)
    adapters = {"https://": adapter, "http://": adapter}
    limits = ulak.Timeout(connect=5, read=5, pool=1)
    return ulak.AsyncSession(adapters=adapters, **{"timeout": limits, **settings})


# -- the server's certificate ------------------------------------------------


def test_a_ca_of_ones_own(loop: Loop, https_server: HttpServer, certificates) -> None:
    async def main() -> None:
        async with session_of() as session:
            url = f"{https_server.url}/get"
            for verify in (str(certificates.ca), certificates.ca, certificates.client_context()):
                assert (await session.get(url, verify=verify)).ok
            url = f"{https_server.at('localhost')}/get"
            assert (await session.get(url, verify=str(certificates.ca))).ok

    loop.run(main())


def test_who_is_not_trusted(loop: Loop, https_server: HttpServer, certificates, tmp_path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))

    async def main() -> None:
        async with session_of() as session:
            for verify in (True, str(other)):
                with pytest.raises(SSLError, match=r"certificate verify failed") as caught:
                    await session.get(f"{https_server.url}/get", verify=verify)
                assert isinstance(caught.value, ulak.ConnectionError)
                assert caught.value.request is not None
            assert (await session.get(f"{https_server.url}/get", verify=certificates.ca)).ok

    loop.run(main())
    assert len(https_server.requests) == 1


def test_another_name(loop: Loop, other_server: HttpServer, certificates) -> None:
    async def main() -> None:
        async with session_of(verify=certificates.ca) as session:
            for _ in range(2):
                with pytest.raises(SSLError, match=r"not valid for '127\.0\.0\.1'"):
                    await session.get(f"{other_server.url}/get")

    loop.run(main())
    assert not other_server.requests


def test_no_verification_is_told_of_where_it_is_asked_for(
    loop: Loop, other_server: HttpServer
) -> None:
    async def main() -> None:
        async with session_of(verify=False) as session:
            with pytest.warns(InsecureRequestWarning, match=r"127\.0\.0\.1") as caught:
                response = await session.get(f"{other_server.url}/redirect/1")
                line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
            assert response.ok
            assert [(w.filename, w.lineno) for w in caught] == [(__file__, line)]
            with warnings.catch_warnings():  # the connection is there already
                warnings.simplefilter("error")
                assert (await session.get(f"{other_server.url}/get")).ok

    loop.run(main())
    assert other_server.connections == 1


def test_a_warning_that_is_an_error(loop: Loop, other_server: HttpServer) -> None:
    async def main() -> None:
        async with session_of() as session:
            for _ in range(3):
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    with pytest.raises(InsecureRequestWarning):
                        await session.get(f"{other_server.url}/get", verify=False)
            await asyncio.sleep(0.02)
            assert not session.adapters["https://"]._is_open
            with pytest.warns(InsecureRequestWarning):
                assert (await session.get(f"{other_server.url}/get", verify=False)).ok

    loop.run(main())
    assert len(other_server.requests) == 1


def test_verification_is_not_shared_by_connections(loop: Loop, https_server, certificates) -> None:
    """A connection that was made without verifying never serves one that wants it."""
    url = f"{https_server.url}/get"

    async def main() -> None:
        async with ulak.AsyncSession() as session:
            with pytest.warns(InsecureRequestWarning):
                assert (await session.get(url, verify=False)).ok
            with pytest.raises(SSLError):
                await session.get(url, verify=True)
            assert (await session.get(url, verify=str(certificates.ca))).ok
            with pytest.raises(SSLError):
                await session.get(url)
            assert (await session.get(url, verify=str(certificates.ca))).ok

    loop.run(main())
    assert len(https_server.requests) == 3
    assert {x.connection for x in https_server.requests} == {0, 2}


def test_a_ca_that_is_renewed_on_disk(loop: Loop, https_server, certificates, tmp_path) -> None:
    path = tmp_path / "ca.pem"

    async def main() -> None:
        async with ulak.AsyncSession() as session:
            for verify in (str(path), path):
                trustme.CA().cert_pem.write_to_path(str(path))
                with pytest.raises(SSLError):
                    await session.get(f"{https_server.url}/get", verify=verify)
                path.write_bytes(certificates.ca.read_bytes())
                assert (await session.get(f"{https_server.url}/get", verify=verify)).ok

    loop.run(main())


@pytest.mark.parametrize("verify", ["/no/such/file", __file__], ids=["absent", "no certificate"])
def test_a_ca_that_cannot_be_read(loop: Loop, https_server: HttpServer, verify: str) -> None:
    async def main() -> None:
        async with session_of(verify=verify) as session:
            for _ in range(2):
                with pytest.raises(InvalidCertificate, match=Path(verify).name):
                    await session.get(f"{https_server.url}/get")

    loop.run(main())
    assert https_server.connections == 0


# -- servers that speak something else ---------------------------------------


def test_plain_http_on_a_tls_port(loop: Loop, https_server: HttpServer) -> None:
    async def main() -> None:
        async with session_of() as session:
            for _ in range(2):
                with pytest.raises(ulak.ConnectionError):
                    await session.get(https_server.url.replace("https:", "http:") + "/get")

    loop.run(main())


def test_tls_on_a_plain_port(loop: Loop, start_raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.sock.recv(1)
        connection.respond(b"plain", status=b"400 Bad Request")

    server: RawServer = start_raw_server(script)

    async def main() -> None:
        async with session_of() as session:
            for _ in range(2):
                with pytest.raises(SSLError, match="does not speak TLS"):
                    await session.get(server.url.replace("http:", "https:") + "/get")

    loop.run(main())


@pytest.mark.parametrize("end", ["closes", "resets", "closes at once"])
def test_a_server_that_hangs_up_in_the_handshake(loop: Loop, start_raw_server, end: str) -> None:
    def script(connection: RawConnection) -> None:
        if end != "closes at once":
            connection.sock.recv(5)
        if end == "resets":
            connection.reset()

    server: RawServer = start_raw_server(script)

    async def main() -> None:
        async with session_of() as session:
            for _ in range(3):
                with pytest.raises(ulak.ConnectionError) as caught:
                    await session.get(server.url.replace("http:", "https:"))
                assert not isinstance(caught.value, ulak.Timeout)

    loop.run(main())
    assert server.accepted == 3


def test_a_server_that_says_nothing(loop: Loop, start_raw_server) -> None:
    server: RawServer = start_raw_server(lambda connection: connection.hang())

    async def main() -> None:
        async with session_of(timeout=ulak.Timeout(connect=0.15, pool=1)) as session:
            for _ in range(2):
                with pytest.raises(ulak.ConnectTimeout, match=r"0\.15 s"):
                    await session.get(server.url.replace("http:", "https:"))

    loop.run(main())


# -- what goes over it -------------------------------------------------------


def test_one_connection_and_one_handshake(loop: Loop, https_server, certificates) -> None:
    async def main() -> None:
        async with session_of(verify=str(certificates.ca)) as session:
            for _ in range(5):
                seen = (await session.get(f"{https_server.url}/tls")).json()
            assert seen["version"] == "TLSv1.3"

    loop.run(main())
    assert https_server.connections == 1


def test_the_bytes_of_a_large_answer(loop: Loop, https_server: HttpServer, certificates) -> None:
    size = 3_000_000
    wanted = hashlib.sha256(pattern(size))

    async def body() -> AsyncIterator[bytes]:
        for at in range(0, size, 70_000):
            yield pattern(size)[at : at + 70_000]

    async def main() -> None:
        async with session_of(verify=str(certificates.ca)) as session:
            url = f"{https_server.url}/stream-bytes/{size}"
            assert (await session.get(url)).content == pattern(size)
            async with session.stream("GET", url) as response:
                digest = hashlib.sha256()
                async for piece in response.aiter_content(777):
                    digest.update(piece)
                assert digest.digest() == wanted.digest()
            for data in (pattern(size), body()):
                seen = (await session.post(f"{https_server.url}/sink", data=data)).json()
                assert seen == {"size": size, "sha256": wanted.hexdigest()}

    loop.run(main())
    assert https_server.connections == 1


def test_many_handshakes_at_once(loop: Loop, https_server: HttpServer, certificates) -> None:
    async def main() -> None:
        async with ulak.AsyncSession(verify=str(certificates.ca)) as session:
            urls = [f"{https_server.url}/get?n={n}" for n in range(20)]
            answers = await asyncio.gather(*map(session.get, urls))
            assert [int(answer.json()["args"]["n"]) for answer in answers] == [*range(20)]

    loop.run(main())


# -- the client's certificate ------------------------------------------------


def test_a_client_certificate(loop: Loop, mutual_server, certificates: Certificates) -> None:
    pair = (certificates.client_cert, certificates.client_key)

    async def main() -> None:
        async with ulak.AsyncSession(verify=str(certificates.ca)) as session:
            for cert in (pair, tuple(map(str, pair)), list(pair), certificates.client_pem):
                seen = (await session.get(f"{mutual_server.url}/tls", cert=cert)).json()
                assert "ulak client" in str(seen["certificate"])
        async with session_of(verify=certificates.ca, cert=certificates.client_pem) as session:
            assert (await session.get(f"{mutual_server.url}/get")).ok

    loop.run(main())


def test_no_client_certificate(loop: Loop, mutual_server, certificates: Certificates) -> None:
    """With TLS 1.3 the server says so only when the handshake is over for the client."""

    async def main() -> None:
        async with session_of(verify=str(certificates.ca)) as session:
            for _ in range(2):
                with pytest.raises(ulak.ConnectionError):
                    await session.get(f"{mutual_server.url}/get")

    loop.run(main())
    assert not mutual_server.requests


def test_a_client_certificate_that_cannot_be_read(loop: Loop, mutual_server, certificates) -> None:
    async def main() -> None:
        async with session_of(verify=str(certificates.ca)) as session:
            for cert in ("/no/such/file", (certificates.client_cert, certificates.server_key)):
                with pytest.raises(InvalidCertificate):
                    await session.get(f"{mutual_server.url}/get", cert=cert)

    loop.run(main())
    assert mutual_server.connections == 0


def test_a_client_is_not_another_client(loop: Loop, start_http_server, certificates) -> None:
    """A connection with a certificate serves no request without it, and the other way."""
    context = certificates.server_context(client_certificates=ssl.CERT_OPTIONAL)
    server: HttpServer = start_http_server(tls=context)

    async def main() -> None:
        async with ulak.AsyncSession(verify=str(certificates.ca)) as session:
            url = f"{server.url}/tls"
            for _ in range(2):
                assert (await session.get(url)).json()["certificate"] is None
                seen = await session.get(url, cert=str(certificates.client_pem))
                assert seen.json()["certificate"]

    loop.run(main())
    assert server.connections == 2


def test_a_client_certificate_stays_at_home_on_plain_http(
    loop: Loop, http_server: HttpServer, certificates: Certificates
) -> None:
    async def main() -> None:
        async with session_of(cert=str(certificates.client_pem)) as session:
            assert (await session.get(f"{http_server.url}/get")).ok

    loop.run(main())
