"""TLS settings: from ``verify`` and ``cert`` to an :class:`ssl.SSLContext`.

For the transports.  A context is expensive (reading the CA bundle takes 10 ms and
more), so one is built per configuration and shared by all sessions of the process.
Files are part of the configuration together with their time and size: a certificate
that was renewed on disk counts for the next new connection.

What it knows: urllib3's recommended settings, which are those
of :func:`ssl.create_default_context` (TLS 1.2 and later, no compression, SSLKEYLOGFILE,
and from Python 3.13 on VERIFY_X509_STRICT; whoever has a CA that is not made by
RFC 5280 passes a context of their own).  Every failure of loading becomes
:exc:`~ulak.exceptions.InvalidCertificate`; no password is ever printed, or asked for on
the terminal.  It refuses to know: connections, pools, and where the settings come from.
"""

from __future__ import annotations

import os
import ssl
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from . import _trust
from .exceptions import InvalidCertificate, InvalidOption

if TYPE_CHECKING:
    from ._types import Cert, Verify

#: How many configurations are kept.  A session keeps the contexts that it uses itself.
KEPT = 64


def context_for(verify: Verify, cert: Cert = None) -> ssl.SSLContext:
    """Give the context for a configuration.  Safe to call from any thread.

    The same configuration gives the same context until one of its files changes, so
    the context's identity may be part of a pool's key.  Nobody may change it, except
    one that the caller passed, which is given back as it is.

    :param verify: ``True`` (or ``None``): certifi's CAs.  ``False``: any certificate for
        any host.  A path: the CAs of that file, or of that directory in OpenSSL's layout.
        A context: that one.
    :param cert: the client's certificate; the key may stand in the same PEM file.  Or
        (certificate, key) or (certificate, key, password).
    :raises InvalidCertificate: if a file is missing, is not PEM, does not fit, or is
        encrypted and the password is missing or wrong.
    :raises InvalidOption: if a setting is of the wrong kind, if ``cert`` comes with a ready
        context, or if SSLKEYLOGFILE cannot be written.
    """
    if isinstance(verify, ssl.SSLContext):
        if cert:
            raise InvalidOption(
                "cert= cannot be used with verify=SSLContext: "
                "load it with load_cert_chain() of that context."
            )
        return verify
    if verify is None:
        verify = True
    if verify is True and not cert:
        # On the way of each https request: certifi's file does not change under a process.
        return _contexts.kept(_DEFAULT, ())
    settings = _read_settings(verify, cert)
    return _contexts.kept(settings, settings.stamps())


def known_context(verify: Verify, cert: Cert = None) -> ssl.SSLContext | None:
    """What :func:`context_for` gives, if it need not be built; ``None`` if it does.

    :raises InvalidCertificate, InvalidOption: as :func:`context_for`.
    """
    if isinstance(verify, ssl.SSLContext):
        return context_for(verify, cert)
    settings = _DEFAULT
    if not (verify is True or verify is None) or cert:
        settings = _read_settings(True if verify is None else verify, cert)
    return _contexts.known(settings, settings.stamps())


def is_default(verify: Verify, cert: Cert = None) -> bool:
    """Say whether these are the settings of someone who set nothing."""
    return (verify is True or verify is None) and not cert


def is_shared(context: ssl.SSLContext) -> bool:
    """Whether ``context`` was made here, for all of the process; so nobody may change it."""
    return context in _shared


def as_keywords(verify: Verify, cert: Cert = None, *, trusts: bool = False) -> dict[str, Any]:
    """``verify`` and ``cert`` as urllib3's keywords, for pools with a context of their own.

    :param verify: no context, which is none of their keywords.
    :param trusts: whether that context needs no certificates but its own.
    :raises InvalidCertificate: if a file is missing.
    :raises InvalidOption: if a setting is of the wrong kind.
    """
    settings = _read_settings(True if verify is None else verify, cert)
    keywords: dict[str, Any] = {"cert_reqs": "CERT_REQUIRED" if settings.verify else "CERT_NONE"}
    if settings.verify and not (trusts and settings.ca is None):
        place = settings.ca or default_ca_bundle()
        if not os.path.exists(place):
            raise InvalidCertificate(f"verify={place!r}: there is no such file or directory")
        keywords["ca_cert_dir" if os.path.isdir(place) else "ca_certs"] = place
    if cert:
        given = len(cert) if isinstance(cert, tuple | list) else 1
        names = ("cert_file", "key_file", "key_password")
        values = (settings.cert, settings.key, settings.password)
        keywords.update(zip(names[:given], values, strict=False))
    return keywords


def are_same(one: tuple[Verify, Cert], other: tuple[Verify, Cert]) -> bool:
    """Say whether two pairs of settings mean the same, however they are written.

    ``None`` is ``True``, a path is its text, and a list is a tuple.

    :raises InvalidCertificate, InvalidOption: as :func:`context_for`.
    """
    if isinstance(one[0], ssl.SSLContext) or isinstance(other[0], ssl.SSLContext):
        return one[0] is other[0] and not one[1] and not other[1]
    first, second = ((True if verify is None else verify, cert) for verify, cert in (one, other))
    return _read_settings(*first) == _read_settings(*second)


class _Settings(NamedTuple):
    """A configuration, as the key under which its context is kept."""

    verify: bool
    #: A file or directory; ``None`` means certifi's.
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    password: str | bytes | None = None

    def __repr__(self) -> str:
        return f"<TLS settings: verify={self.verify}, ca={self.ca!r}, cert={self.cert!r}>"

    def stamps(self) -> tuple[_trust.Stamp, ...]:
        """Tell the state of all files.

        :raises InvalidCertificate: if one is missing.
        """
        files = (
            ("a suitable TLS CA certificate bundle", self.ca),
            ("the TLS certificate file", self.cert),
            ("the TLS key file", self.key),
        )
        return tuple([_stamp(what, path) for what, path in files if path is not None])


_DEFAULT = _Settings(verify=True)


class _Contexts:
    """The contexts of the process.  A lock keeps threads from building the same twice."""

    def __init__(self) -> None:
        self._contexts: dict[_Settings, tuple[tuple[_trust.Stamp, ...], ssl.SSLContext]] = {}
        self._lock = threading.Lock()

    def known(self, settings: _Settings, stamps: tuple[_trust.Stamp, ...]) -> ssl.SSLContext | None:
        """Give the context of these settings and file states, if it is built.

        One of the class that was ssl's then is none, once another has taken its place.
        """
        found = self._contexts.get(settings)
        if found is None or found[0] != stamps or not isinstance(found[1], ssl.SSLContext):
            return None
        return found[1]

    def kept(self, settings: _Settings, stamps: tuple[_trust.Stamp, ...]) -> ssl.SSLContext:
        """Give the context of these settings and file states, built if need be."""
        found = self.known(settings, stamps)
        if found is not None:
            return found
        with self._lock:
            found = self.known(settings, stamps)
            if found is not None:
                return found
            context = _build(settings)
            _shared.add(context)
            self._contexts.pop(settings, None)
            while len(self._contexts) >= KEPT:
                del self._contexts[next(iter(self._contexts))]
            self._contexts[settings] = (stamps, context)
            return context

    def forget_lock(self) -> None:
        """Replace the lock in a forked child: a thread that is gone may have held it."""
        self._lock = threading.Lock()


_shared: weakref.WeakSet[ssl.SSLContext] = weakref.WeakSet()
_contexts = _Contexts()
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_contexts.forget_lock)


def _read_settings(verify: object, cert: object) -> _Settings:
    """Check the kinds of the settings; a wrong kind must never turn verification off."""
    ca = None
    if not isinstance(verify, bool):
        ca = _read_path("verify", verify)
        if not ca:
            raise InvalidCertificate(
                "verify='' names no CA bundle. Pass True, False, or the path of one."
            )
    certificate = key = password = None
    if isinstance(cert, tuple | list):
        if len(cert) not in {2, 3}:
            raise InvalidOption(
                "cert= must be a path, (certificate, key) or (certificate, key, password)."
            )
        certificate = _read_path("cert", cert[0])
        key = _read_path("cert", cert[1]) if cert[1] else None
        password = _read_password(cert[2]) if len(cert) == 3 else None
    elif cert:
        certificate = _read_path("cert", cert)
    return _Settings(verify is not False, ca, certificate, key, password)


def _read_path(option: str, value: object) -> str:
    if isinstance(value, str | bytes | os.PathLike):
        return os.fsdecode(value)
    raise InvalidOption(f"{option}= holds {type(value).__name__}, where a path is expected.")


def _read_password(value: object) -> str | bytes | None:
    if value is None or isinstance(value, str | bytes):
        return value
    raise InvalidOption(f"cert= holds a password of {type(value).__name__}; pass str or bytes.")


def _stamp(what: str, path: str) -> _trust.Stamp:
    try:
        return _trust.stamp(path)
    except (OSError, ValueError) as exc:
        raise InvalidCertificate(f"Could not find {what}, invalid path: {path}") from exc


def _build(settings: _Settings) -> ssl.SSLContext:
    """Build a context, and load the files."""
    if settings.verify:
        context = _trusting(settings.ca)
    else:
        from ._tls_context import new_context

        context = new_context()
    _harden(context, verify=settings.verify)
    if settings.cert is not None:
        _load_cert(context, settings.cert, settings.key, settings.password)
    return context


class _Socket(ssl.SSLSocket):
    """A TLS socket that an interrupt of its handshake closes.

    The constructor does the handshake, so that nobody else has the socket then; and it
    closes it itself for an ``OSError`` or a ``ValueError`` only.
    """

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, and close the socket if that is interrupted."""
        try:
            super().do_handshake(block)
        except (OSError, ValueError):
            raise
        except BaseException:
            self.close()
            raise


def _harden(context: ssl.SSLContext, *, verify: bool) -> None:
    """Set what :func:`ssl.create_default_context` and urllib3 set, in any order of versions."""
    if context.sslsocket_class is _Socket.__base__:  # and not that of green threads
        context.sslsocket_class = _Socket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    if sys.version_info >= (3, 13):
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    context.check_hostname = verify
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    context.hostname_checks_common_name = False
    context.post_handshake_auth = True
    context.set_alpn_protocols(["http/1.1"])
    log = os.environ.get("SSLKEYLOGFILE")
    if log:
        try:
            context.keylog_filename = os.path.expandvars(log)
        except OSError as exc:
            raise InvalidOption(
                f"The file that SSLKEYLOGFILE names cannot be written ({exc.strerror}). "
                "Unset the variable, or name another file."
            ) from exc


def default_ca_bundle() -> str:
    """The path of the well-known certificates, certifi's."""
    return _trust.bundle()


def _trusting(ca: str | None) -> ssl.SSLContext:
    """A context that trusts the CAs of a file or directory; ``None`` for the well-known ones."""
    try:
        return _trust.take(ca)
    except (OSError, ValueError) as exc:
        path = ca or default_ca_bundle()
        raise InvalidCertificate(
            f"The TLS CA certificate bundle {path} cannot be used: {_reason(exc)}."
        ) from exc


def _load_cert(
    context: ssl.SSLContext, cert: str, key: str | None, password: str | bytes | None
) -> None:
    """Load the client's certificate and key."""
    names = cert if key is None else f"{cert} with the key {key}"
    try:
        # Without a callback OpenSSL would ask for the password on the terminal.
        context.load_cert_chain(cert, key, _no_password if password is None else password)
    except _PasswordMissing:
        raise InvalidCertificate(
            f"The key of the client certificate {names} is encrypted. "
            "Pass cert=(certificate, key, password)."
        ) from None
    except (OSError, ValueError) as exc:
        hint = "" if password is None else " Check the password, too."
        raise InvalidCertificate(
            f"The client certificate {names} cannot be used: {_reason(exc)}.{hint}"
        ) from exc


class _PasswordMissing(Exception):
    """OpenSSL asks for a password, and there is none."""


def _no_password() -> NoReturn:
    raise _PasswordMissing


def _reason(exc: OSError | ValueError) -> str:
    """Say what went wrong, in OpenSSL's or the system's words."""
    if isinstance(exc, ssl.SSLError) and exc.reason:
        return exc.reason.replace("_", " ").lower()
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    return str(exc)
