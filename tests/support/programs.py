"""Real servers as processes: nginx, Squid, microsocks and httpbin.

Each starts in a folder of its own with a configuration written for it, on free
ports of loopback, as root or as anyone else, and is gone when its ``with``
block ends.  Tests that use one carry ``@pytest.mark.real("nginx")`` or so; httpbin
comes with the developers' packages.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .certificates import Certificates
from .ports import free_port, wait_port

_READY_TIMEOUT = 15.0
_STOP_TIMEOUT = 10.0
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def _program(name: str) -> str:
    """Where ``name`` is; Debian keeps servers outside of a user's PATH.

    :raises FileNotFoundError: it is not installed.
    """
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS])
    found = shutil.which(name, path=path)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed")
    return found


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder that any user of this machine may enter: a server may drop root."""
    with tempfile.TemporaryDirectory(prefix="ulak-", ignore_cleanup_errors=True) as name:
        os.chmod(name, 0o755)
        yield Path(name)


@contextlib.contextmanager
def _running(
    command: list[str], folder: Path, *ports: int, patience: float = _STOP_TIMEOUT
) -> Iterator[None]:
    """Run ``command`` until the block ends; inside it, all ``ports`` answer.

    :param patience: seconds that it may take to end by itself.
    :raises RuntimeError: it does not come up; the message is what it printed.
    """
    output = folder / "output.log"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        for port in ports:
            try:
                wait_port(port, timeout=_READY_TIMEOUT, alive=lambda: process.poll() is None)
            except TimeoutError as error:
                said = "".join(log.read_text(errors="replace") for log in folder.glob("*.log"))
                raise RuntimeError(f"{command[0]} does not start:\n{said}") from error
        yield
    finally:
        _stop(process, patience)


def _stop(process: subprocess.Popen[bytes], patience: float) -> None:
    """End a process and the workers in its session."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# -- nginx -------------------------------------------------------------------

_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
{user}
events {{ worker_connections 512; }}
http {{
    types {{
        text/html html;
        text/plain txt;
        application/json json;
        image/png png;
    }}
    default_type application/octet-stream;
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
    server {{
        listen {host}:{port};
        {tls}
        root {folder}/www;
        {server}
    }}
}}
"""

_NGINX_TLS = """\
listen {host}:{port} ssl;
        ssl_certificate {certificates.server_cert};
        ssl_certificate_key {certificates.server_key};
"""


@dataclass(frozen=True)
class NginxServer:
    """A running nginx."""

    port: int
    #: The port of https, or 0 without certificates.
    tls_port: int
    #: The folder whose files it serves.
    root: Path
    _access_log: Path

    @property
    def url(self) -> str:
        """The root over http, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """The root over https, without a slash at the end."""
        return f"https://127.0.0.1:{self.tls_port}"

    @property
    def access_log(self) -> list[str]:
        """The lines of its access log so far."""
        return self._access_log.read_text().splitlines()


@contextlib.contextmanager
def nginx(
    server: str = "",
    *,
    http: str = "",
    files: Mapping[str, str | bytes] | None = None,
    certificates: Certificates | None = None,
) -> Iterator[NginxServer]:
    """nginx with ``server`` inside its ``server {}`` and ``http`` inside its ``http {}``.

    :param files: what it serves, by path below the root.  A snippet finds them,
        and anything else written there, under ``{root}``.
    :param certificates: serve https on a second port, with these.
    """
    with _folder() as folder:
        root = folder / "www"
        root.mkdir()
        for name, content in (files or {}).items():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        port, tls_port = free_port(), free_port() if certificates else 0
        text = _NGINX.format(
            folder=folder,
            host="127.0.0.1",
            port=port,
            # The folder belongs to whoever runs the tests, so the worker stays that user.
            user="user root;" if os.geteuid() == 0 else "",
            http=http.replace("{root}", str(root)),
            server=server.replace("{root}", str(root)),
            tls=_nginx_tls(tls_port, certificates),
        )
        configuration = folder / "nginx.conf"
        configuration.write_text(text)
        command = [_program("nginx"), "-p", str(folder), "-c", str(configuration), "-e", "stderr"]
        with _running(command, folder, *([port, tls_port] if tls_port else [port])):
            yield NginxServer(port, tls_port, root, folder / "access.log")


def _nginx_tls(port: int, certificates: Certificates | None) -> str:
    if certificates is None:
        return ""
    return _NGINX_TLS.format(host="127.0.0.1", port=port, certificates=certificates)


# -- Squid -------------------------------------------------------------------

_SQUID = """\
http_port 127.0.0.1:{port}
{tls}
{user}
{auth}
visible_hostname localhost
pid_filename none
access_log stdio:{folder}/access.log
cache_log {folder}/cache.log
cache deny all
memory_cache_shared off
cache_mem 1 MB
coredump_dir none
netdb_filename none
pinger_enable off
max_filedescriptors 512
shutdown_lifetime 0 seconds
dns_nameservers 127.0.0.1
"""

_SQUID_AUTH = """\
auth_param basic program {helper}
auth_param basic children 1 startup=1 idle=1
auth_param basic realm ulak tests
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
"""

#: Squid asks with "user password" on a line, both percent-encoded.
_SQUID_HELPER = """\
#!/bin/sh
while read -r answer; do
    if [ "$answer" = {wanted} ]; then echo OK; else echo ERR; fi
done
"""


@dataclass(frozen=True)
class SquidServer:
    """A running Squid."""

    port: int
    #: The port where clients speak TLS to the proxy, or 0 without certificates.
    tls_port: int
    _access_log: Path
    _userinfo: str = ""

    @property
    def url(self) -> str:
        """The proxy's URL, with the credentials that it wants."""
        return f"http://{self._userinfo}127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """The same for TLS to the proxy."""
        return f"https://{self._userinfo}127.0.0.1:{self.tls_port}"

    @property
    def access_log(self) -> list[str]:
        """The lines of its access log so far; Squid writes one after an answer or a tunnel."""
        return self._access_log.read_text().splitlines() if self._access_log.exists() else []


@contextlib.contextmanager
def squid(
    *, auth: tuple[str, str] | None = None, certificates: Certificates | None = None
) -> Iterator[SquidServer]:
    """Squid as a forward proxy, for absolute-form requests and CONNECT to anywhere.

    :param auth: the user and password that it insists on (Basic), of characters
        that need no percent-encoding.
    :param certificates: listen for TLS on a second port, with these.
    """
    with _folder() as folder:
        port, tls_port = free_port(), free_port() if certificates else 0
        configuration = folder / "squid.conf"
        configuration.write_text(
            _SQUID.format(
                folder=folder,
                port=port,
                tls=_squid_tls(folder, tls_port, certificates),
                user="" if os.geteuid() else "cache_effective_user proxy",
                auth=_squid_auth(folder, auth),
            )
        )
        if os.geteuid() == 0:
            # Squid refuses to stay root, and writes its logs as this user.
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "proxy")
        # Two of the same name would share memory, and disturb each other.
        name = f"ulak{os.getpid()}x{port}"
        command = [_program("squid"), "-N", "-n", name, "-f", str(configuration)]
        ports = [port, tls_port] if tls_port else [port]
        try:
            # It takes two seconds to end by itself; what a kill leaves is removed below.
            with _running(command, folder, *ports, patience=0):
                userinfo = f"{auth[0]}:{auth[1]}@" if auth else ""
                yield SquidServer(port, tls_port, folder / "access.log", userinfo)
        finally:
            for segment in Path("/dev/shm").glob(f"{name}-*"):
                segment.unlink(missing_ok=True)


def _squid_auth(folder: Path, auth: tuple[str, str] | None) -> str:
    if auth is None:
        return "http_access allow all"
    helper = folder / "helper"
    helper.write_text(_SQUID_HELPER.format(wanted=shlex.quote(" ".join(auth))))
    helper.chmod(0o755)
    return _SQUID_AUTH.format(helper=helper)


def _squid_tls(folder: Path, port: int, certificates: Certificates | None) -> str:
    if certificates is None:
        return ""
    # Copies: the originals may lie where Squid's user cannot look.
    cert = shutil.copy(certificates.server_cert, folder / "cert.pem")
    key = shutil.copy(certificates.server_key, folder / "key.pem")
    return f"https_port 127.0.0.1:{port} tls-cert={cert} tls-key={key}"


# -- microsocks --------------------------------------------------------------


@dataclass(frozen=True)
class SocksServer:
    """A running SOCKS5 server."""

    port: int
    _userinfo: str

    @property
    def url(self) -> str:
        """Its URL, with the credentials that it wants; the client resolves names."""
        return f"socks5://{self._userinfo}127.0.0.1:{self.port}"

    @property
    def remote_dns_url(self) -> str:
        """Its URL when the proxy is to resolve names."""
        return self.url.replace("socks5://", "socks5h://")


@contextlib.contextmanager
def socks(user: str | None = None, password: str | None = None) -> Iterator[SocksServer]:
    """microsocks, a SOCKS5 server; insists on ``user`` and ``password`` if given."""
    with _folder() as folder:
        port = free_port()
        command = [_program("microsocks"), "-i", "127.0.0.1", "-p", str(port)]
        if user is not None and password is not None:
            command += ["-u", user, "-P", password]
        with _running(command, folder, port):
            yield SocksServer(port, f"{user}:{password}@" if user is not None else "")


# -- httpbin -----------------------------------------------------------------


@contextlib.contextmanager
def httpbin(certificates: Certificates | None = None) -> Iterator[str]:
    """httpbin on gunicorn, which keeps connections and takes chunked bodies; yields its root.

    :param certificates: serve https, with these.
    """
    with _folder() as folder:
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
        command += ["--worker-class", "gthread", "--threads", "8", "--keep-alive", "30"]
        if certificates is not None:
            command += ["--certfile", str(certificates.server_cert)]
            command += ["--keyfile", str(certificates.server_key)]
        with _running([*command, "httpbin:app"], folder, port):
            yield f"{'https' if certificates else 'http'}://127.0.0.1:{port}"
