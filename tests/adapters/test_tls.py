"""TLS: who is trusted, who the client is, and that a difference is another connection."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from pathlib import Path

import pytest
import trustme
from urllib3.exceptions import InsecureRequestWarning

import ulak
from tests.support import Certificates, HttpServer, RawConnection, RawServer
from ulak.exceptions import InvalidCertificate, SSLError


@pytest.fixture
def ca_folder(certificates: Certificates, tmp_path: Path) -> Path:
    """The CA in a folder of OpenSSL's layout."""
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(certificates.ca)]
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    folder = tmp_path / "cas"
    folder.mkdir()
    (folder / f"{name}.0").write_bytes(certificates.ca.read_bytes())
    return folder


@pytest.fixture
def mutual_server(start_http_server, certificates: Certificates) -> HttpServer:
    """A server that insists on a client certificate."""
    return start_http_server(tls=certificates.server_context(client_certificates=ssl.CERT_REQUIRED))


# -- the server's certificate ------------------------------------------------


def test_a_ca_of_ones_own(https_server: HttpServer, certificates, session) -> None:
    for verify in (str(certificates.ca), certificates.ca, certificates.client_context()):
        assert session.get(f"{https_server.url}/get", verify=verify).ok
    assert session.get(f"{https_server.at('localhost')}/get", verify=str(certificates.ca)).ok


def test_settings_that_are_written_in_another_way_are_the_same(
    https_server: HttpServer, certificates: Certificates, session: ulak.Session
) -> None:
    """Else the pool would lose its context, and read the files for each new connection."""
    names = str(certificates.client_cert), str(certificates.client_key)
    paths = [certificates.client_cert, certificates.client_key]
    url = f"{https_server.url}/get"
    for verify, cert in ((str(certificates.ca), names), (certificates.ca, paths)):
        assert session.get(url, verify=verify, cert=cert).ok  # type: ignore[arg-type]
    pool = session.get_adapter(url).get_connection_with_tls_context(
        ulak.Request("GET", url).prepare(), str(certificates.ca), cert=names
    )
    assert "ssl_context" in pool.conn_kw
    assert https_server.connections == 1


@pytest.mark.real("openssl")
def test_a_folder_of_cas(https_server: HttpServer, ca_folder: Path, session) -> None:
    assert session.get(f"{https_server.url}/get", verify=str(ca_folder)).ok


def test_an_unknown_ca(https_server: HttpServer, session: ulak.Session) -> None:
    with pytest.raises(SSLError, match=r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"):
        session.get(f"{https_server.url}/get")
    assert not https_server.requests


def test_another_ca(https_server: HttpServer, session, tmp_path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with pytest.raises(SSLError) as caught:
        session.get(f"{https_server.url}/get", verify=str(other))
    assert isinstance(caught.value, ulak.ConnectionError)


def test_another_name(start_http_server, certificates, session) -> None:
    server = start_http_server(tls=certificates.server_context("other.example"))
    with pytest.raises(SSLError):
        session.get(f"{server.url}/get", verify=str(certificates.ca))


def test_no_verification(start_http_server, certificates, session) -> None:
    server = start_http_server(tls=certificates.server_context("other.example"))
    with pytest.warns(InsecureRequestWarning):
        assert session.get(f"{server.url}/get", verify=False).ok


def test_verification_is_not_shared_by_connections(https_server, certificates, session) -> None:
    """A connection that was made without verifying never serves one that wants it."""
    with pytest.warns(InsecureRequestWarning):
        assert session.get(f"{https_server.url}/get", verify=False).ok
    with pytest.raises(SSLError):
        session.get(f"{https_server.url}/get", verify=True)
    assert session.get(f"{https_server.url}/get", verify=str(certificates.ca)).ok
    with pytest.raises(SSLError):
        session.get(f"{https_server.url}/get")
    assert len(https_server.requests) == 2


def test_a_ca_that_is_renewed_on_disk(https_server, certificates, session, tmp_path) -> None:
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    for verify in (str(path), path):
        trustme.CA().cert_pem.write_to_path(str(path))
        with pytest.raises(SSLError):
            session.get(f"{https_server.url}/get", verify=verify)
        path.write_bytes(certificates.ca.read_bytes())
        assert session.get(f"{https_server.url}/get", verify=verify).ok


def test_plain_http_on_a_tls_port(https_server: HttpServer, session: ulak.Session) -> None:
    with pytest.raises(ulak.ConnectionError):
        session.get(https_server.url.replace("https:", "http:") + "/get", timeout=3)


def test_tls_on_a_plain_port(start_raw_server, session: ulak.Session) -> None:
    def script(connection: RawConnection) -> None:
        connection.sock.recv(1)
        connection.respond(b"plain", status=b"400 Bad Request")

    server: RawServer = start_raw_server(script)
    with pytest.raises(SSLError):
        session.get(server.url.replace("http:", "https:") + "/get", timeout=3)


def test_a_server_that_hangs_up_in_the_handshake(start_raw_server, session) -> None:
    server: RawServer = start_raw_server(lambda connection: connection.sock.recv(5))
    with pytest.raises(ulak.ConnectionError):
        session.get(server.url.replace("http:", "https:"), timeout=3)


def test_one_connection_and_one_handshake(https_server, certificates, session) -> None:
    session.verify = str(certificates.ca)
    for _ in range(5):
        session.get(f"{https_server.url}/get")
    assert https_server.connections == 1


def test_the_bytes_of_a_large_answer_over_tls(https_server, certificates, session) -> None:
    from tests.support.routes import pattern

    session.verify = str(certificates.ca)
    url = f"{https_server.url}/stream-bytes/3000000"
    assert session.get(url).content == pattern(3_000_000)
    with session.get(url, stream=True) as response:
        digest = hashlib.sha256(b"".join(response.iter_content(777)))
    assert digest.digest() == hashlib.sha256(pattern(3_000_000)).digest()
    seen = session.post(f"{https_server.url}/sink", data=pattern(3_000_000)).json()
    assert seen["sha256"] == digest.hexdigest()
    assert https_server.connections == 1


# -- the client's certificate ------------------------------------------------


@pytest.fixture
def locked_key(certificates: Certificates, tmp_path: Path) -> Path:
    """The client's key, under the password ``open sesame``."""
    from cryptography.hazmat.primitives import serialization as s

    key = s.load_pem_private_key(certificates.client_key.read_bytes(), None)
    path = tmp_path / "locked.pem"
    path.write_bytes(
        key.private_bytes(
            s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"open sesame")
        )
    )
    return path


def test_a_client_certificate(mutual_server, certificates: Certificates, session) -> None:
    session.verify = str(certificates.ca)
    pair = (certificates.client_cert, certificates.client_key)
    for cert in (pair, tuple(map(str, pair)), list(pair), certificates.client_pem):
        seen = session.get(f"{mutual_server.url}/tls", cert=cert).json()
        assert "ulak client" in str(seen["certificate"])


def test_a_client_certificate_of_the_session(mutual_server, certificates) -> None:
    with ulak.Session(verify=str(certificates.ca), cert=str(certificates.client_pem)) as session:
        assert session.get(f"{mutual_server.url}/get").ok


def test_no_client_certificate(mutual_server, certificates, session) -> None:
    with pytest.raises(ulak.ConnectionError):
        session.get(f"{mutual_server.url}/get", verify=str(certificates.ca), timeout=3)


def test_a_key_with_a_password(mutual_server, certificates, locked_key, session) -> None:
    session.verify = str(certificates.ca)
    cert = certificates.client_cert
    assert session.get(f"{mutual_server.url}/get", cert=(cert, locked_key, "open sesame")).ok
    for bad in ((cert, locked_key), (cert, locked_key, "guess")):
        with pytest.raises(InvalidCertificate) as caught:
            session.get(f"{mutual_server.url}/get", cert=bad)
        assert "guess" not in str(caught.value)


def test_a_client_is_not_another_client(start_http_server, certificates, session) -> None:
    """A connection with a certificate serves no request without it, and the other way."""
    server = start_http_server(
        tls=certificates.server_context(client_certificates=ssl.CERT_OPTIONAL)
    )
    session.verify = str(certificates.ca)
    url = f"{server.url}/tls"
    for _ in range(2):
        assert session.get(url).json()["certificate"] is None
        assert session.get(url, cert=str(certificates.client_pem)).json()["certificate"]
    assert server.connections == 2


def test_a_client_certificate_stays_at_home_on_plain_http(http_server, certificates) -> None:
    with ulak.Session(cert=str(certificates.client_pem)) as session:
        assert session.get(f"{http_server.url}/get").ok
