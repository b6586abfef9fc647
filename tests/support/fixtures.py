"""The servers of this package as fixtures; tests/conftest.py loads them.

``http_server`` and its kin are running servers.  The fixtures whose name begins
with ``start_`` are functions: each call starts one more, and all of them stop
when the test ends.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from .certificates import Certificates
from .forward_proxy import ForwardProxy
from .http_server import HttpServer
from .programs import NginxServer, SocksServer, SquidServer, nginx, socks, squid
from .raw_server import RawServer


@pytest.fixture
def servers() -> Iterator[contextlib.ExitStack]:
    """Ends, after the test, whatever context manager it enters here."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The CA of the tests, with a server's and a client's certificate."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def http_server() -> Iterator[HttpServer]:
    """A server on http."""
    with HttpServer() as server:
        yield server


@pytest.fixture
def second_http_server() -> Iterator[HttpServer]:
    """Another origin on http."""
    with HttpServer() as server:
        yield server


@pytest.fixture
def https_server(certificates: Certificates) -> Iterator[HttpServer]:
    """A server on https; its CA is ``certificates.ca``."""
    with HttpServer(tls=certificates.server_context()) as server:
        yield server


@pytest.fixture
def second_https_server(certificates: Certificates) -> Iterator[HttpServer]:
    """Another origin on https."""
    with HttpServer(tls=certificates.server_context()) as server:
        yield server


@pytest.fixture
def start_http_server(servers: contextlib.ExitStack) -> Callable[..., HttpServer]:
    """Takes what :class:`HttpServer` takes."""
    return lambda **settings: servers.enter_context(HttpServer(**settings))


@pytest.fixture
def start_raw_server(servers: contextlib.ExitStack) -> Callable[..., RawServer]:
    """Takes what :class:`RawServer` takes."""
    return lambda script, **settings: servers.enter_context(RawServer(script, **settings))


@pytest.fixture
def start_proxy(servers: contextlib.ExitStack) -> Callable[..., ForwardProxy]:
    """Takes what :class:`ForwardProxy` takes."""
    return lambda **settings: servers.enter_context(ForwardProxy(**settings))


@pytest.fixture
def forward_proxy() -> Iterator[ForwardProxy]:
    """A proxy for http and CONNECT, without authentication."""
    with ForwardProxy() as proxy:
        yield proxy


@pytest.fixture
def tls_forward_proxy(certificates: Certificates) -> Iterator[ForwardProxy]:
    """The same, where clients speak TLS to the proxy."""
    with ForwardProxy(tls=certificates.server_context()) as proxy:
        yield proxy


@pytest.fixture
def start_nginx(servers: contextlib.ExitStack) -> Callable[..., NginxServer]:
    """Takes what :func:`nginx` takes."""
    return lambda server="", **settings: servers.enter_context(nginx(server, **settings))


@pytest.fixture
def start_squid(servers: contextlib.ExitStack) -> Callable[..., SquidServer]:
    """Takes what :func:`squid` takes."""
    return lambda **settings: servers.enter_context(squid(**settings))


@pytest.fixture
def start_socks(servers: contextlib.ExitStack) -> Callable[..., SocksServer]:
    """Takes what :func:`socks` takes."""
    return lambda *credentials: servers.enter_context(socks(*credentials))
