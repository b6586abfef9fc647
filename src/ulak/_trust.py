"""The well-known certificates in a TLS context: the slowest part of a cold start.

OpenSSL takes some 15 ms to read certifi's bundle, and needs no interpreter while it
does.  A script that begins with one https request has the interpreter busy just
then, importing; :func:`begin` lets a thread read the bundle meanwhile.  Knows nothing of
settings: those are made in ``_tls``, which takes the context from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    import threading

__all__ = ["begin", "bundle", "take"]

_thread: threading.Thread | None = None
_ready: list[ssl.SSLContext] = []


def bundle() -> str:
    """The path of certifi's bundle."""
    import certifi

    return certifi.where()


def begin() -> None:
    """Begin to load a context, once per process; returns at once."""
    global _thread  # noqa: PLW0603 - there is one per process
    if _thread is None:
        import threading

        _thread = threading.Thread(target=_load, name="ulak certificates", daemon=True)
        _thread.start()


def _load() -> None:
    try:
        _ready.append(_loaded())
    except OSError:
        return  # whoever takes it loads it anew, and says what is wrong


def _loaded() -> ssl.SSLContext:
    from ._tls_context import new_context

    context = new_context()
    context.load_verify_locations(cafile=bundle())
    return context


def take() -> ssl.SSLContext:
    """A client's context with the bundle loaded and nothing else set; the caller's own.

    :raises OSError: when the bundle cannot be read.
    """
    if _thread is not None:
        _thread.join()
    try:
        return _ready.pop()
    except IndexError:
        return _loaded()
