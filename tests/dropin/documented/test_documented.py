"""Each program prints under ``python -m ulak.dropin`` what it prints with requests."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import Certificates, ForwardProxy, HttpServer, httpbin, socks

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="module")
def places(certificates: Certificates) -> Iterator[dict[str, str]]:
    """Where the programs find httpbin, and what else they need, by the names of variables."""
    mutual = certificates.server_context(client_certificates=ssl.CERT_REQUIRED)
    with (
        httpbin() as plain,
        httpbin(certificates) as secure,
        HttpServer(tls=mutual) as with_certificates,
        ForwardProxy() as proxy,
    ):
        yield {
            "HTTPBIN": plain,
            "HTTPBIN_TLS": secure,
            "MUTUAL_TLS": with_certificates.url,
            "PROXY": proxy.url,
            "CA": str(certificates.ca),
            "CLIENT_CERT": str(certificates.client_cert),
            "CLIENT_KEY": str(certificates.client_key),
            "CLIENT_PEM": str(certificates.client_pem),
        }


def run(program: Path, places: dict[str, str], *how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *how, str(program)],
        env=os.environ | places,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


def shows_the_same(name: str, places: dict[str, str]) -> None:
    program = PROGRAMS / f"{name}.py"
    on_requests = run(program, places)
    assert (on_requests.returncode, on_requests.stderr) == (0, "")
    assert on_requests.stdout.count("\n") > 0
    on_ulak = run(program, places, "-m", "ulak.dropin")
    assert (on_ulak.stdout, on_ulak.stderr, on_ulak.returncode) == (on_requests.stdout, "", 0)


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in PROGRAMS.glob("*.py") if path.stem != "socks_proxies")
)
def test_it_shows_the_same(name: str, places: dict[str, str]) -> None:
    shows_the_same(name, places)


@pytest.mark.real("microsocks")
def test_it_shows_the_same_by_socks(places: dict[str, str]) -> None:
    with socks() as proxy:
        shows_the_same("socks_proxies", places | {"SOCKS": f"127.0.0.1:{proxy.port}"})


def test_they_are_two_libraries(tmp_path: Path) -> None:
    program = tmp_path / "which.py"
    program.write_text("import requests\nprint(requests.get.__module__)\n")
    assert run(program, {}).stdout == "requests.api\n"
    assert run(program, {}, "-m", "ulak.dropin").stdout == "ulak.api\n"
