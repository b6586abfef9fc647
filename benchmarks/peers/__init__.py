"""The clients that are measured, and how each is used.

One module for each, with a class ``Peer``: opened once on a :class:`~benchmarks.target.Target`,
it does what a scenario names and returns how many body bytes it saw.  Each uses
its client the way that client's own documentation does, with a pool that holds
16 connections.  A method that a client has no counterpart for is not there, and
the table says so.

To add a client: a module here, and a line in :data:`PEERS`.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class SyncPeer(Protocol):
    """What a scenario may ask of a peer.  Every method but ``small`` is optional."""

    def for_thread(self) -> SyncPeer:
        """What one more thread shall use: this very object if threads may share it."""

    def small(self) -> int:
        """GET ``target.small`` with a new query, look at a header, read the body."""

    def post(self) -> int:
        """POST ``DOCUMENT`` as JSON to ``target.echo``, look at a header, read the body."""

    def stream(self) -> int:
        """GET ``target.big`` in pieces of about ``CHUNK`` bytes, keeping none."""

    def whole(self) -> int:
        """GET ``target.big`` into one bytes object."""

    def upload(self) -> int:
        """POST the file ``target.upload`` as multipart/form-data to ``target.sink``.

        Returns the size that the server says it read.
        """


class PeerInfo(NamedTuple):
    """A line of the table of peers."""

    name: str
    #: The module in this package.
    module: str
    #: What is asked for its version; none for the standard library.
    distribution: str | None
    #: Which environment it is installed in: ``bench`` or ``niquests``.
    environment: str
    #: The import that a script begins with.
    statement: str
    #: One GET of ``{url}``, checked against the CA file ``{ca}``; none where nobody writes that.
    cold: str | None


#: How a script names the server's CA, where it would else take certifi's.
VERIFIES = ", verify={ca!r}"

_HTTP_CLIENT = """\
import http.client, ssl, urllib.parse
parts = urllib.parse.urlsplit({url!r})
context = ssl.create_default_context(cafile={ca!r})
connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context)
connection.request("GET", parts.path)
response = connection.getresponse()
assert response.status == 200 and response.read()
"""
_URLLIB3 = """\
import urllib3
response = urllib3.PoolManager(ca_certs={ca!r}).request("GET", {url!r})
assert response.status == 200 and response.data
"""
_REQUESTS_LIKE = """\
import {{module}}
response = {{module}}.get({url!r}, verify={ca!r})
assert response.status_code == 200 and response.content
"""
_HTTPX_LIKE = """\
import ssl
import {{module}}
response = {{module}}.get({url!r}, verify=ssl.create_default_context(cafile={ca!r}))
assert response.status_code == 200 and response.content
"""
_HTTPLIB2 = """\
import httplib2
response, content = httplib2.Http(ca_certs={ca!r}).request({url!r})
assert response.status == 200 and content
"""
_PYCURL = """\
import io, pycurl
body, curl = io.BytesIO(), pycurl.Curl()
curl.setopt(pycurl.URL, {url!r})
curl.setopt(pycurl.CAINFO, {ca!r})
curl.setopt(pycurl.WRITEDATA, body)
curl.perform()
assert curl.getinfo(pycurl.RESPONSE_CODE) == 200 and body.getvalue()
"""
_PYREQWEST = """\
from pyreqwest.client import SyncClientBuilder
with open({ca!r}, "rb") as file:
    builder = SyncClientBuilder().add_root_certificate_pem(file.read())
with builder.build() as client:
    response = client.get({url!r}).build().send()
    assert response.status == 200 and response.bytes()
"""


def _as(template: str, module: str) -> str:
    return template.replace("{{module}}", module)


PEERS = (
    PeerInfo("raw loop", "raw", None, "bench", "import socket", None),
    PeerInfo("http.client", "http_client", None, "bench", "import http.client", _HTTP_CLIENT),
    PeerInfo("urllib3", "urllib3", "urllib3", "bench", "import urllib3", _URLLIB3),
    PeerInfo(
        "requests",
        "requests",
        "requests",
        "bench",
        "import requests",
        _as(_REQUESTS_LIKE, "requests"),
    ),
    PeerInfo("httpx", "httpx", "httpx", "bench", "import httpx", _as(_HTTPX_LIKE, "httpx")),
    PeerInfo("httpx2", "httpx2", "httpx2", "bench", "import httpx2", _as(_HTTPX_LIKE, "httpx2")),
    PeerInfo("httplib2", "httplib2", "httplib2", "bench", "import httplib2", _HTTPLIB2),
    PeerInfo(
        "niquests",
        "niquests",
        "niquests",
        "niquests",
        "import niquests",
        _as(_REQUESTS_LIKE, "niquests"),
    ),
    PeerInfo("pycurl", "pycurl", "pycurl", "bench", "import pycurl", _PYCURL),
    PeerInfo(
        "pyreqwest",
        "pyreqwest",
        "pyreqwest",
        "bench",
        "from pyreqwest.client import SyncClientBuilder",
        _PYREQWEST,
    ),
    PeerInfo("ulak", "ulak", "ulak", "bench", "import ulak", _as(_REQUESTS_LIKE, "ulak")),
)
