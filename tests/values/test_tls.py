"""TLS contexts: what they trust, what they show, and when they are built."""

from __future__ import annotations

import os
import pickle
import socket
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.support.certificates import Certificates
from ulak import _tls, _trust
from ulak._tls import context_for, is_default
from ulak._tls_context import new_context
from ulak.exceptions import InvalidCertificate, InvalidOption

PASSWORD = "s3cret-pässword"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def locked_key(certificates: Certificates) -> Path:
    """The client's key, encrypted with PASSWORD."""
    key = load_pem_private_key(certificates.client_key.read_bytes(), None)
    path = certificates.client_key.with_name("locked.pem")
    encryption = BestAvailableEncryption(PASSWORD.encode())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    return path


def handshake(
    client: ssl.SSLContext, server: ssl.SSLContext, name: str = "localhost"
) -> dict[str, Any]:
    """Shake hands over a connection on loopback; say what the server saw.

    :raises ssl.SSLError: what the client's side raises.
    """
    seen: dict[str, Any] = {}

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            try:
                with server.wrap_socket(connection, server_side=True) as secured:
                    seen.update(
                        version=secured.version(),
                        alpn=secured.selected_alpn_protocol(),
                        peer=secured.getpeercert(),
                        compression=secured.compression(),
                    )
                    secured.sendall(b"hello")
            except (ssl.SSLError, OSError) as exc:
                seen["error"] = exc

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with (
                socket.create_connection(listener.getsockname(), timeout=10) as plain,
                client.wrap_socket(plain, server_hostname=name) as secured,
            ):
                # With TLS 1.3 a refused client certificate shows only when reading.
                seen["read"] = secured.recv(5)
        finally:
            thread.join(10)
    return seen


# -- handshakes --------------------------------------------------------------


def test_a_ca_file_is_trusted_and_alpn_is_http_1_1(certificates: Certificates) -> None:
    server = certificates.server_context()
    server.set_alpn_protocols(["h2", "http/1.1"])
    seen = handshake(context_for(certificates.ca), server)
    assert seen["read"] == b"hello"
    assert seen["alpn"] == "http/1.1"
    assert seen["compression"] is None


def test_a_path_may_be_text_bytes_or_an_object(certificates: Certificates) -> None:
    context = context_for(str(certificates.ca))
    assert context_for(certificates.ca) is context
    assert context_for(os.fsencode(certificates.ca)) is context  # type: ignore[arg-type]


def test_a_ca_directory_is_trusted(certificates: Certificates, tmp_path: Path) -> None:
    # OpenSSL finds a CA by the hash of its name, which its own tool computes.
    context = ssl.create_default_context(cafile=str(certificates.ca))
    der = context.get_ca_certs(binary_form=True)[0]
    (tmp_path / f"{_subject_hash(der):08x}.0").write_bytes(certificates.ca.read_bytes())
    assert handshake(context_for(tmp_path), certificates.server_context())["read"] == b"hello"


def _subject_hash(der: bytes) -> int:
    """X509_NAME_hash: SHA-1 of the canonical name, as OpenSSL lays it out."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    canonical = b""
    for rdn in x509.load_der_x509_certificate(der).subject.rdns:
        attributes = b""
        for attribute in rdn:
            oid = x509.Name([attribute]).public_bytes()
            value = " ".join(str(attribute.value).split()).lower().encode()
            # SEQUENCE { SET { SEQUENCE { OID, value } } }: take the OID over.
            start = oid.index(b"\x06")
            name = oid[start : start + 2 + oid[start + 1]]
            body = name + b"\x0c" + bytes([len(value)]) + value
            attributes += b"\x30" + bytes([len(body)]) + body
        canonical += b"\x31" + bytes([len(attributes)]) + attributes
    digest = hashes.Hash(hashes.SHA1())
    digest.update(canonical)
    return int.from_bytes(digest.finalize()[:4], "little")


def test_another_ca_is_not_trusted(
    certificates: Certificates, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Certificates(tmp_path_factory.mktemp("other"))
    for verify in (True, other.ca, tmp_path):
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(context_for(verify), certificates.server_context())


def test_another_host_is_not_trusted(certificates: Certificates) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.example"):
        handshake(context_for(certificates.ca), certificates.server_context(), "other.example")


def test_without_verification_anyone_is_trusted(certificates: Certificates) -> None:
    seen = handshake(context_for(False), certificates.server_context(), "other.example")
    assert seen["read"] == b"hello"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_1_1_is_refused(certificates: Certificates) -> None:
    server = certificates.server_context()
    server.minimum_version = ssl.TLSVersion.TLSv1
    server.maximum_version = ssl.TLSVersion.TLSv1_1
    server.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        handshake(context_for(certificates.ca), server)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("shape", ["pem", "list", "pair", "none", "locked", "locked bytes"])
def test_a_client_certificate_is_shown(
    certificates: Certificates, locked_key: Path, shape: str, version: ssl.TLSVersion
) -> None:
    pair = (certificates.client_cert, certificates.client_key)
    cert: Any = {
        "pem": certificates.client_pem,
        "list": list(pair),
        "pair": pair,
        "none": (str(certificates.client_pem), None),
        "locked": (certificates.client_cert, locked_key, PASSWORD),
        "locked bytes": (certificates.client_cert, str(locked_key), PASSWORD.encode()),
    }[shape]
    server = certificates.server_context(client_certificates=ssl.CERT_REQUIRED)
    server.maximum_version = version
    seen = handshake(context_for(certificates.ca, cert), server)
    assert seen["read"] == b"hello"
    assert (("commonName", "ulak client"),) in seen["peer"]["subject"]


def test_a_client_certificate_that_is_asked_for_and_missing(certificates: Certificates) -> None:
    server = certificates.server_context(client_certificates=ssl.CERT_REQUIRED)
    with pytest.raises(OSError):
        handshake(context_for(certificates.ca), server)


# -- settings ----------------------------------------------------------------


def test_what_a_context_is_set_to(certificates: Certificates) -> None:
    for verify in (True, None, certificates.ca):
        context = context_for(verify)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
    unverified = context_for(False)
    assert unverified.verify_mode is ssl.CERT_NONE
    assert not unverified.check_hostname
    for context in (context_for(True), unverified):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert context.options & ssl.OP_NO_COMPRESSION
    assert len(context_for(True).get_ca_certs()) > 50
    assert len(context_for(certificates.ca).get_ca_certs()) == 1


def test_the_environment_does_not_choose_the_cas(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    monkeypatch.setattr(_tls, "_contexts", _tls._Contexts())
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context_for(True), certificates.server_context())


def test_a_ready_context_is_used_as_it_is(certificates: Certificates) -> None:
    mine = ssl.create_default_context()
    assert context_for(mine) is mine
    assert context_for(mine, "") is mine
    with pytest.raises(InvalidOption, match="load_cert_chain"):
        context_for(mine, certificates.client_pem)


def test_keys_are_logged_when_sslkeylogfile_is_set(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_tls, "_contexts", _tls._Contexts())
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    handshake(context_for(certificates.ca), certificates.server_context())
    assert "SECRET" in (tmp_path / "keys").read_text()
    monkeypatch.setattr(_tls, "_contexts", _tls._Contexts())
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "absent" / "keys"))
    with pytest.raises(InvalidOption, match="SSLKEYLOGFILE"):
        context_for(certificates.ca)


def test_is_default(certificates: Certificates) -> None:
    assert is_default(True)
    assert is_default(None, None)
    assert not is_default(False)
    assert not is_default(certificates.ca)
    assert not is_default(True, certificates.client_pem)


# -- keeping -----------------------------------------------------------------


def test_one_context_per_configuration(certificates: Certificates, locked_key: Path) -> None:
    cert = (certificates.client_cert, locked_key, PASSWORD)
    settings: list[tuple[Any, Any]] = [
        (True, None),
        (False, None),
        (certificates.ca, None),
        (certificates.ca.parent, None),
        (True, certificates.client_pem),
        (False, certificates.client_pem),
        (True, (certificates.client_cert, certificates.client_key)),
        (True, cert),
    ]
    contexts = [context_for(*setting) for setting in settings]
    assert len(set(contexts)) == len(settings)
    assert [context_for(*setting) for setting in settings] == contexts


def test_a_renewed_file_is_another_context(certificates: Certificates, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(certificates.ca.read_bytes())
    first = context_for(ca)
    assert context_for(ca) is first
    ca.write_bytes(certificates.ca.read_bytes() * 2)
    second = context_for(ca)
    assert second is not first
    assert context_for(ca) is second
    os.utime(ca, ns=(1, 1))
    assert context_for(ca) is not second
    ca.unlink()
    with pytest.raises(InvalidCertificate):
        context_for(ca)


def test_a_renewed_client_certificate_is_shown(certificates: Certificates, tmp_path: Path) -> None:
    cert = tmp_path / "client.pem"
    cert.write_bytes(certificates.client_pem.read_bytes())
    first = context_for(certificates.ca, cert)
    cert.write_bytes(certificates.server_cert.read_bytes() + certificates.server_key.read_bytes())
    second = context_for(certificates.ca, cert)
    assert second is not first
    server = certificates.server_context(client_certificates=ssl.CERT_REQUIRED)
    names = handshake(second, server)["peer"]["subjectAltName"]
    assert ("DNS", "localhost") in names


def test_few_contexts_are_kept(
    certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = _tls._Contexts()
    monkeypatch.setattr(_tls, "_contexts", kept)
    for number in range(_tls.KEPT + 10):
        ca = tmp_path / f"{number}.pem"
        ca.write_bytes(certificates.ca.read_bytes())
        context_for(ca)
    assert len(kept._contexts) == _tls.KEPT


def test_threads_get_the_same_context(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_tls, "_contexts", _tls._Contexts())
    barrier = threading.Barrier(8)

    def get() -> ssl.SSLContext:
        barrier.wait(10)
        return context_for(True, certificates.client_pem)

    with ThreadPoolExecutor(8) as pool:
        contexts = [future.result(10) for future in [pool.submit(get) for _ in range(8)]]
    assert len(set(contexts)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_child_forked_while_a_context_is_built_can_build_its_own() -> None:
    program = (
        "import os, sys\n"
        "from ulak import _tls\n"
        "_tls._contexts._lock.acquire()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    _tls.context_for(False)\n"
        "    os._exit(7)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    path = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        timeout=20,
        check=False,
    )
    assert done.returncode == 7


# -- reading ahead -----------------------------------------------------------


@pytest.fixture
def bundle(certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CA file that is large, in a process that has read nothing ahead."""
    monkeypatch.setattr(_trust, "_thread", None)
    monkeypatch.setattr(_trust, "_ready", [])
    path = tmp_path / "bundle.pem"
    path.write_bytes(certificates.ca.read_bytes() * 40)
    return path


def read_ahead(path: Path) -> ssl.SSLContext | None:
    """The context that a thread makes of a file."""
    _trust.begin(str(path))
    if _trust._thread is None:
        return None
    _trust._thread.join(10)
    return _trust._ready[0][2] if _trust._ready else None


def test_a_large_ca_file_is_read_ahead_and_used_once(bundle: Path) -> None:
    ahead = read_ahead(bundle)
    assert ahead is not None
    assert context_for(bundle) is ahead
    assert _trust.take(str(bundle)) is not ahead
    assert len(ahead.get_ca_certs()) == 1


def test_what_changed_since_it_was_read_ahead_is_read_again(bundle: Path) -> None:
    ahead = read_ahead(bundle)
    os.utime(bundle, ns=(1, 1))
    assert context_for(bundle) is not ahead


def test_another_file_than_was_read_ahead_is_read(certificates: Certificates, bundle: Path) -> None:
    ahead = read_ahead(bundle)
    assert context_for(certificates.ca) is not ahead


def test_what_cannot_be_read_ahead_is_said_when_it_is_wanted(bundle: Path) -> None:
    bundle.write_bytes(b"-" * 40_000)
    assert read_ahead(bundle) is None
    with pytest.raises(InvalidCertificate, match="cannot be used"):
        context_for(bundle)


@pytest.mark.parametrize("name", ["ca.pem", "absent.pem", "nul\0.pem"])
def test_small_and_missing_files_have_no_thread(
    certificates: Certificates, bundle: Path, name: str
) -> None:
    assert bundle.exists()
    assert read_ahead(certificates.ca.with_name(name)) is None
    assert _trust._thread is None


# -- names -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["localhost", "xn--bcher-kva.example", "bücher.example"])
def test_the_servers_name_is_sent_in_a_labels(certificates: Certificates, name: str) -> None:
    sent: list[str | None] = []
    server = certificates.server_context("localhost", "bücher.example")
    server.sni_callback = lambda _socket, name, _context: sent.append(name)
    handshake(context_for(certificates.ca), server, name)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = context_for(certificates.ca).wrap_bio(incoming, outgoing, server_hostname=name)
    expected = name.encode("idna").decode()
    assert (sent, secured.server_hostname) == ([expected], expected)


def test_contexts_are_of_what_stands_in_the_place_of_ssls(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FromTheSystem(ssl.SSLContext):
        pass

    monkeypatch.setattr(ssl, "SSLContext", FromTheSystem)
    assert type(new_context()) is FromTheSystem
    assert type(_trust.take(str(bundle))) is FromTheSystem


# -- what cannot be used -----------------------------------------------------


def test_missing_files_are_named(certificates: Certificates) -> None:
    absent = str(certificates.ca.with_name("absent.pem"))
    cases: list[tuple[Any, Any, str]] = [
        (absent, None, "Could not find a suitable TLS CA certificate bundle, invalid path: "),
        (True, absent, "Could not find the TLS certificate file, invalid path: "),
        (True, (certificates.client_cert, absent), "Could not find the TLS key file, invalid "),
        ("\0", None, "Could not find a suitable TLS CA certificate bundle, invalid path: "),
    ]
    for verify, cert, message in cases:
        with pytest.raises(InvalidCertificate) as caught:
            context_for(verify, cert)
        assert str(caught.value).startswith(message)
        assert isinstance(caught.value, OSError)
        assert str(caught.value).endswith((absent, "\0"))


def test_files_that_are_no_certificates(certificates: Certificates, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    cases: list[tuple[Any, Any]] = [
        (tmp_path / "empty", None),
        (tmp_path / "text", None),
        (certificates.client_key, None),
        ("", None),
        (True, tmp_path / "empty"),
        (True, tmp_path),
        (True, certificates.client_cert),
        (True, certificates.client_key),
        (True, (certificates.client_cert, certificates.server_key)),
        (True, (certificates.client_cert, tmp_path / "empty")),
    ]
    for verify, cert in cases:
        with pytest.raises(InvalidCertificate):
            context_for(verify, cert)


def test_settings_of_the_wrong_kind_never_turn_verification_off(
    certificates: Certificates,
) -> None:
    cert = certificates.client_cert
    cases: list[tuple[Any, Any]] = [
        (0, None),
        (1, None),
        ((), None),
        ([], None),
        (0.0, None),
        (object(), None),
        (True, 5),
        (True, (cert,)),
        (True, (cert, cert, "p", "q")),
        (True, (5, cert)),
        (True, (cert, 5)),
        (True, (cert, cert, 5)),
    ]
    for verify, setting in cases:
        with pytest.raises(InvalidOption):
            context_for(verify, setting)


@pytest.mark.parametrize("password", [None, "", "wrong-s3cret", b"wrong-s3cret", "s3cret" * 500])
def test_a_wrong_password_is_an_error_that_does_not_show_it(
    certificates: Certificates, locked_key: Path, password: Any
) -> None:
    with pytest.raises(InvalidCertificate) as caught:
        context_for(True, (certificates.client_cert, locked_key, password))
    chain: BaseException | None = caught.value
    assert str(locked_key) in str(chain)
    assert "password" in str(chain)
    while chain is not None:
        assert "s3cret" not in repr(chain)
        chain = chain.__cause__
    assert "s3cret" not in repr(pickle.dumps(caught.value))


def test_the_terminal_is_not_asked_for_a_password(
    certificates: Certificates, locked_key: Path
) -> None:
    with pytest.raises(InvalidCertificate, match="encrypted"):
        context_for(True, (certificates.client_cert, locked_key))


def test_the_key_of_a_kept_context_does_not_show_the_password(
    certificates: Certificates, locked_key: Path
) -> None:
    context_for(True, (certificates.client_cert, locked_key, PASSWORD))
    assert PASSWORD not in repr(_tls._contexts._contexts)


_REPLACED_FIRST = """\
import ssl
class Replacing(ssl.SSLContext):
    seen = []
    def wrap_socket(self, *args, server_hostname=None, **options):
        self.seen.append(server_hostname)
        return super().wrap_socket(*args, server_hostname=server_hostname, **options)
ssl.SSLContext = Replacing
from ulak._tls_context import new_context
context = new_context()
try:
    context.wrap_socket(None, server_hostname="localhost")
except AttributeError:
    pass
print(type(context).__name__, Replacing.seen)
"""


def test_a_class_that_took_the_place_of_ssls_before_is_given_text() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _REPLACED_FIRST], capture_output=True, text=True, check=True
    )
    assert done.stdout == "Replacing ['localhost']\n"


def test_one_that_takes_it_later_is_used_from_then_on(monkeypatch) -> None:
    class Replacing(ssl.SSLContext):
        """With settings of its own, as those of ssl's class look for that class by its name."""

        options = minimum_version = verify_mode = verify_flags = 0  # type: ignore[assignment]

    before = context_for(False)
    monkeypatch.setattr(ssl, "SSLContext", Replacing)
    assert type(context_for(False)) is Replacing
    assert context_for(False) is context_for(False)
    monkeypatch.undo()
    assert isinstance(before, ssl.SSLContext)
