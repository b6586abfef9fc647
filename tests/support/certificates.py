"""A certificate authority for the tests, and what it has signed."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme

#: The names that the servers of this package are reached by.
SERVER_NAMES = ("localhost", "127.0.0.1", "::1")


class Certificates:
    """A CA with a server's and a client's certificate, as files and as contexts.

    ``folder`` receives PEM files, which a test may hand to ``verify=`` and
    ``cert=``; it must outlive this object.
    """

    def __init__(self, folder: Path) -> None:
        import trustme  # which examples/docs_server.py does without

        self._folder = folder
        self._authority = trustme.CA()
        #: The CA's certificate, for ``verify=``.
        self.ca = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca))
        server = self._authority.issue_cert(*SERVER_NAMES)
        #: A server's chain and key, for programs that take files.
        self.server_cert, self.server_key = self._write(server, "server")
        client = self._authority.issue_cert("client@example.com", common_name="ulak client")
        #: A client's certificate and its key, for ``cert=``.
        self.client_cert, self.client_key = self._write(client, "client")
        #: The same two in one file.
        self.client_pem = folder / "client.pem"
        self.client_pem.write_bytes(self.client_cert.read_bytes() + self.client_key.read_bytes())

    def _write(self, issued: trustme.LeafCert, name: str) -> tuple[Path, Path]:
        chain, key = self._folder / f"{name}-cert.pem", self._folder / f"{name}-key.pem"
        chain.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return chain, key

    def server_context(
        self, *names: str, client_certificates: ssl.VerifyMode = ssl.CERT_NONE
    ) -> ssl.SSLContext:
        """A server's TLS context, for ``names`` or else for loopback.

        :param client_certificates: ``ssl.CERT_OPTIONAL`` asks clients for a
            certificate of this CA, ``ssl.CERT_REQUIRED`` insists on it.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(*(names or SERVER_NAMES)).configure_cert(context)
        self._authority.configure_trust(context)
        context.verify_mode = client_certificates
        return context

    def client_context(self) -> ssl.SSLContext:
        """A client's TLS context that trusts this CA and nothing else."""
        return ssl.create_default_context(cafile=str(self.ca))
