"""The certificates that are trusted, in a TLS context: the slowest part of a cold start.

OpenSSL takes some 15 ms to read a bundle such as certifi's, and needs no interpreter while it
does.  A script that begins with one https request has the interpreter busy just then,
importing; :func:`begin` lets a thread read the bundle meanwhile.  Knows nothing of settings:
those are made in ``_tls``, which takes the context from here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import ssl
    import threading

__all__ = ["Stamp", "begin", "bundle", "stamp", "take"]

#: What tells that a file changed: device, inode, modification time, size.
Stamp: TypeAlias = tuple[int, int, int, int]

_thread: threading.Thread | None = None
#: What a file has at least, in bytes, for it to be worth a thread: some ten certificates.
_WORTH_IT = 16 * 1024

#: What was read ahead: the file, its state before that, and the context.
_ready: list[tuple[str, Stamp, ssl.SSLContext]] = []


def bundle() -> str:
    """The path of certifi's bundle."""
    import certifi

    return certifi.where()


def stamp(path: str) -> Stamp:
    """Tell the state of a file.

    :raises OSError, ValueError: when there is none.
    """
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def begin(ca: str | None) -> None:
    """Begin to load a context, once per process, if that takes long; returns at once.

    :param ca: as for :func:`take`.
    """
    global _thread  # noqa: PLW0603 - there is one per process
    if _thread is None and (ca is None or _is_large(ca)):
        import threading

        _thread = threading.Thread(target=_load, args=(ca,), name="ulak certificates", daemon=True)
        _thread.start()


def _is_large(path: str) -> bool:
    try:
        return stamp(path)[-1] >= _WORTH_IT
    except (OSError, ValueError):
        return False  # whoever takes it says what is wrong


def _load(ca: str | None) -> None:
    try:
        path = ca or bundle()
        state = stamp(path)
        _ready.append((path, state, _loaded(path)))
    except (OSError, ValueError):
        return  # whoever takes it loads it anew, and says what is wrong


def _loaded(path: str) -> ssl.SSLContext:
    from ._tls_context import new_context

    context = new_context()
    if os.path.isdir(path):
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(cafile=path)
    return context


def take(ca: str | None) -> ssl.SSLContext:
    """A client's context with certificates loaded and nothing else set; the caller's own.

    :param ca: a PEM file, or a directory in OpenSSL's layout; ``None`` for certifi's bundle.
    :raises OSError, ValueError: when they cannot be read.
    """
    if _thread is not None:
        _thread.join()
    path = ca or bundle()
    try:
        read, state, context = _ready.pop()
    except IndexError:
        return _loaded(path)
    return context if read == path and state == stamp(path) else _loaded(path)
