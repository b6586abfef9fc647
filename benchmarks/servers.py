"""Starts and stops the servers of a run, each a process of its own.

nginx where it is on the machine, for what it is best at (small answers, big
files, TLS); the bundled server for uploads, and for all of it without nginx.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import certifi

from . import descriptors
from .target import BACKLOG, MIB, SMALL, Target

ROOT = Path(__file__).parent.parent

_NGINX = """\
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; {user}
worker_rlimit_nofile {files}; events {{ worker_connections {files}; }}
http {{
    access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
    keepalive_timeout 600s; keepalive_requests 1000000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    add_header ETag '"5f3c-1a2b"'; add_header Cache-Control no-cache;
    add_header Vary Accept-Encoding; add_header X-Request-Id 7d9f2c31;
    default_type application/json;
    server {{
        listen {port} backlog={backlog}; allow 127.0.0.0/8; deny all;
        listen 127.0.0.1:{tls_port} ssl;
        ssl_certificate {certificate}; ssl_certificate_key {certificate};
        location = /small {{ return 200 '{small}'; }}
        location = /echo {{ return 200 '{small}'; }}
        location = /gate {{ proxy_pass http://127.0.0.1:{gate_port}; }}
        location = /big {{ alias {folder}/big; }}
    }}
}}
"""


@contextmanager
def running(size: int, *, bundled: bool = False) -> Iterator[tuple[Target, str]]:
    """Serve until the block ends; yields the target and what serves it.

    :param size: of the big download and of the file to upload, in bytes.
    :param bundled: leave nginx alone even if it is here.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.chmod(0o755)
        certificate, ca = _certificates(folder)
        upload = folder / "upload.bin"
        _fill(upload, size)
        sink = stack.enter_context(_bundled(size))
        http, tls, name = sink, None, "the bundled server"
        nginx = None if bundled else _find_nginx()
        if nginx:
            http, tls = stack.enter_context(_nginx(nginx, folder, certificate, size, sink))
            name = _version_of(nginx)
        if tls is None:
            tls = stack.enter_context(_bundled(size, certificate))
        base = f"http://127.0.0.1:{http}"
        yield (
            Target(
                small=f"{base}/small",
                gates=f"{base}/gate",
                echo=f"{base}/echo",
                big=f"{base}/big",
                big_size=size,
                sink=f"http://127.0.0.1:{sink}/sink",
                upload=str(upload),
                upload_size=size,
                tls=f"https://localhost:{tls}/small",
                ca=str(ca),
                trusting=_trusting_certifi(folder, ca),
            ),
            name,
        )


def _trusting_certifi(folder: Path, ca: Path) -> str:
    """A folder for PYTHONPATH: certifi with one certificate more."""
    copy = folder / "trusting" / "certifi"
    shutil.copytree(Path(certifi.where()).parent, copy)
    with (copy / "cacert.pem").open("ab") as bundle:
        bundle.write(b"\n" + ca.read_bytes())
    return str(copy.parent)


def _certificates(folder: Path) -> tuple[Path, Path]:
    """A server certificate with its key, and the CA that signed it."""
    import trustme

    authority = trustme.CA()
    certificate, ca = folder / "server.pem", folder / "ca.pem"
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(certificate)
    )
    authority.cert_pem.write_to_path(str(ca))
    return certificate, ca


def _fill(path: Path, size: int) -> None:
    """Write a file of ``size`` bytes that are really on the disk (or in its cache)."""
    block = os.urandom(MIB)
    with path.open("wb") as file:
        for _ in range(size // MIB):
            file.write(block)


@contextmanager
def _bundled(big_size: int, certificate: Path | None = None) -> Iterator[int]:
    """The bundled server as a process; yields its port."""
    command = [sys.executable, "-m", "benchmarks.server", str(big_size)]
    if certificate:
        command.append(str(certificate))
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield int(_pipe(process.stdout).readline())
        finally:
            _pipe(process.stdin).close()
            _stop(process)


@contextmanager
def _nginx(
    program: str, folder: Path, certificate: Path, big_size: int, gate_port: int
) -> Iterator[tuple[int, int]]:
    """nginx on a configuration of its own; yields its ports for http and https."""
    port, tls_port = _free_port(), _free_port()
    with (folder / "big").open("wb") as big:
        big.truncate(big_size)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _NGINX.format(
            folder=folder,
            user="user root;" if os.geteuid() == 0 else "",
            files=descriptors.lift(),
            backlog=BACKLOG,
            port=port,
            tls_port=tls_port,
            gate_port=gate_port,
            certificate=certificate,
            small=SMALL.decode(),
        ),
        encoding="utf-8",
    )
    with subprocess.Popen(
        [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _wait_for(port, process, folder / "error.log")
            yield port, tls_port
        finally:
            _stop(process)


def _find_nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _version_of(nginx: str) -> str:
    done = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True)
    return done.stderr.strip().removeprefix("nginx version: ")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the port accepts; raise if the process ends or 10 s pass."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"nginx did not start: {log.read_text(encoding='utf-8')}")


def _stop(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    """A pipe that was asked for."""
    if pipe is None:
        raise RuntimeError("the process has no such pipe")
    return pipe
