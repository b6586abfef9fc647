"""What is read from the process environment: proxies, NO_PROXY, CA bundle, netrc.

For ``trust_env``: every variable and file that can change a request without being
passed by the caller is read here and nowhere else.  A session looks whether there is
anything to read when a variable was added or removed, and otherwise once a second
(:class:`Environment`); where there is, a request reads the few names that its URL needs.

What it knows: the names that curl and requests established (``http_proxy`` before
``HTTP_PROXY``, ``all_proxy``, ``no_proxy``, ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``,
``NETRC``), and how explicit proxies and the environment's are put together.  It refuses
to know: who asks, what a redirect may take along, sockets; the syntax of NO_PROXY is in
``_no_proxy``.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ._callers import stacklevel
from ._urls import URL, parse, redact
from .exceptions import InvalidOption, InvalidProxyURL, InvalidURL, RequestsWarning

if TYPE_CHECKING:
    from ._no_proxy import NoProxy

#: The schemes that a proxy's URL may have.
PROXY_SCHEMES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})

#: How long a netrc file that was read is taken for unchanged, in seconds.
NETRC_INTERVAL = 1.0
#: How long the environment's variables are taken for unchanged, in seconds.
LOOK_INTERVAL = 1.0

_NAMES = {
    "http": ("http_proxy", "HTTP_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY"),
}
#: Where the system has proxy settings of its own.
_SYSTEM_SETTINGS = sys.platform in {"darwin", "win32"}

_SCHEME = r"[a-z][a-z0-9+.\-]*"
_PROXY_URL = r"(?s)(?:([A-Za-z][A-Za-z0-9+.\-]*):)?//(.*)"


def environment_proxies(url: str, no_proxy: str | None = None) -> dict[str, str]:
    """Give the proxies that the environment names for this URL.

    Of ``<scheme>_proxy`` and ``all_proxy`` the lower-case variable counts first; one that
    is set to nothing means "none".  ``HTTP_PROXY`` is ignored in a CGI process, where a
    client's ``Proxy:`` header ends up in it ("httpoxy").  On macOS and Windows the
    system's settings are asked when no variable is set.

    :param no_proxy: used instead of the environment's ``no_proxy``.
    :returns: the proxy by the URL's scheme; ``{}`` when there is none or NO_PROXY exempts
        the host.
    :raises InvalidURL: if there is a proxy and the URL cannot be read.
    """
    scheme = url.partition(":")[0]
    names = _NAMES.get(scheme)
    if names is None:
        scheme, names = _other_names(scheme)
    get = os.environ.get
    # Read one by one, without a helper: this is paid by each request.
    value = get(names[0])
    if value is None:
        value = get(names[1])
        if value is not None and scheme == "http" and "REQUEST_METHOD" in os.environ:
            value = None
    common = get("all_proxy")
    if common is None:
        common = get("ALL_PROXY")
    if not value and not common:
        return _system_proxies(url, scheme) if _SYSTEM_SETTINGS else {}
    if bypasses_proxy(url, no_proxy):
        return {}
    return {scheme: value or common or ""}


def bypasses_proxy(url: str, no_proxy: str | None) -> bool:
    """Say whether NO_PROXY exempts this URL from proxies.

    Entries are separated by commas or spaces: ``*`` (every host), ``example.com`` or
    ``.example.com`` (that name and all names below it), an IPv4 or IPv6 address, a CIDR
    block; each may be followed by ``:port``, IPv6 in brackets then.  Letter case and
    trailing dots make no difference.  An IPv4-mapped IPv6 address is its IPv4 address.
    What cannot be read matches nothing.  A URL without a host needs no proxy.

    :param no_proxy: the list, or ``None`` for the environment's.
    :raises InvalidURL: if the URL cannot be read.
    """
    if no_proxy is None:
        no_proxy = os.environ.get("no_proxy")
        if no_proxy is None:
            no_proxy = os.environ.get("NO_PROXY")
    parsed = parse(url)
    if not parsed.host:
        return True
    return bool(no_proxy) and _read_no_proxy(no_proxy).exempts(parsed)


@lru_cache(maxsize=64)
def _read_no_proxy(text: str) -> NoProxy:
    from ._no_proxy import NoProxy

    return NoProxy.read(text)


def select_proxy(url: str, proxies: Mapping[str, str] | None) -> str | None:
    """Pick the proxy for a URL from a mapping, as it is written there.

    The first key that is present decides: ``scheme://host``, ``scheme``, ``all://host``,
    ``all``.  A key with the value ``None`` or ``""`` means that no proxy is to be used.

    :raises InvalidURL: if the URL cannot be read.
    :raises InvalidOption: if ``proxies`` is no mapping.
    """
    if not proxies:
        return None
    if type(proxies) is not dict and not isinstance(proxies, Mapping):
        raise InvalidOption("proxies= should be a mapping such as {'https': 'http://host:port'}")
    for key in _proxy_keys(url):
        if key in proxies:
            return proxies[key] or None
    return None


def resolve_proxies(url: str, proxies: Mapping[str, str] | None, trust_env: bool) -> dict[str, str]:
    """Complement a caller's proxies with those of the environment, for this one URL.

    A proxy that the caller named for this URL wins over the environment, its ``"all"``
    too.  A ``"no_proxy"`` key among the caller's proxies exempts hosts from them, and
    stands for the environment's variable.  On a redirect this is asked again with the
    caller's proxies.

    :returns: a new mapping, for :func:`select_proxy`.
    :raises InvalidURL: if the URL cannot be read.
    """
    if not proxies:
        return environment_proxies(url) if trust_env else {}
    no_proxy = proxies.get("no_proxy")
    if no_proxy is not None and bypasses_proxy(url, no_proxy):
        return {}
    named = any(key in proxies for key in _proxy_keys(url))
    if named or not trust_env:
        return dict(proxies)
    return {**environment_proxies(url, no_proxy), **proxies}


@lru_cache(maxsize=128)
def normalise_proxy(url: str) -> str:
    """Give a proxy's URL as ``scheme://[user:password@]host[:port]``.

    Without a scheme ("localhost:3128") it is ``http``; a path is dropped.

    :raises InvalidProxyURL: if it has no usable host or port, or a scheme that is not
        in :data:`PROXY_SCHEMES`.  The message has no credentials.
    :raises InvalidOption: if it is no str.
    """
    given: object = url
    if not isinstance(given, str):
        raise InvalidOption(f"a proxy should be a URL, not {type(given).__name__}")
    text = url.strip()
    match = re.fullmatch(_PROXY_URL, text)
    scheme, rest = match.groups() if match else (None, text)
    scheme = (scheme or "http").lower()
    if scheme not in PROXY_SCHEMES:
        raise _unusable_proxy(
            text, f"its scheme must be one of {', '.join(sorted(PROXY_SCHEMES))}."
        )
    if match is None and rest.partition("/")[0].endswith(":"):
        raise _unusable_proxy(text, "neither // nor a port follows the colon.")
    try:
        parsed = parse(f"http://{rest}")
    except InvalidURL as exc:
        raise _unusable_proxy(text, str(exc).rpartition("': ")[2]) from exc
    return f"{scheme}://{_authority(parsed)}"


def ca_bundle() -> str | None:
    """Give the CA file or directory of REQUESTS_CA_BUNDLE, else of CURL_CA_BUNDLE."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None


class Netrc:
    """The user's netrc file, held by a session.  Safe to share between threads.

    The file is the one that the NETRC variable names, else ``~/.netrc``, else
    ``~/_netrc``.  It is looked at again when the variable changes, and otherwise at most
    once in :data:`NETRC_INTERVAL`.  A file that cannot be read or is malformed gives
    nothing, and one :class:`~ulak.exceptions.RequestsWarning`.  What was read is never
    pickled.
    """

    __slots__ = ("_snapshot",)

    def __init__(self) -> None:
        self._snapshot = _NO_SNAPSHOT

    def lookup(self, host: str) -> tuple[str, str] | None:
        """Give (login, password) for a host, in lower case and without port, or ``None``.

        The file's ``default`` entry answers for hosts that it does not name.
        """
        snapshot = self._snapshot
        if time.monotonic() >= snapshot.expires or os.environ.get("NETRC") != snapshot.variable:
            snapshot = self._read_again(snapshot)
        return _find_login(snapshot.entries, host)

    def lookup_named(self, host: str) -> tuple[str, str] | None:
        """As :meth:`lookup`, but by the host's own entry alone.

        For a host that the caller did not name, such as a redirect's, ``default`` is
        no answer.
        """
        self.lookup(host)
        entries = self._snapshot.entries
        return entries.get(host) if entries and host != "default" else None

    def is_empty(self) -> bool:
        """Whether there is nothing to be found, for any host."""
        self.lookup("")
        return not self._snapshot.entries

    def _read_again(self, old: _Snapshot) -> _Snapshot:
        """Look at the file, and parse it if it is not the one that was parsed before."""
        variable = os.environ.get("NETRC")
        expires = time.monotonic() + NETRC_INTERVAL
        path, identity = _find_netrc(variable)
        if identity == old.identity:
            # Threads may do this at once: each writes a whole snapshot.
            self._snapshot = new = _Snapshot(expires, variable, identity, old.entries)
            return new
        entries, problem = parse_netrc(path) if path else (None, None)
        self._snapshot = new = _Snapshot(expires, variable, identity, entries)
        if problem:
            import warnings

            warnings.warn(
                f"{problem}; its credentials are not used.",
                RequestsWarning,
                stacklevel=stacklevel(),
            )
        return new

    def __reduce__(self) -> tuple[type[Netrc], tuple[()]]:
        return Netrc, ()


class NetrcFile:
    """A netrc file that the caller named, as it is now.

    :raises InvalidOption: when it cannot be read.
    """

    __slots__ = ("_entries",)

    def __init__(self, file: str | os.PathLike[str]) -> None:
        self._entries, problem = parse_netrc(os.path.expanduser(os.fspath(file)))
        if problem:
            raise InvalidOption(f"{problem}; check the file's name, rights and syntax") from None

    def lookup(self, host: str) -> tuple[str, str] | None:
        """As :meth:`Netrc.lookup`."""
        return _find_login(self._entries, host)


class Environment:
    """The part of the process environment that a session depends on.  For many threads.

    Asking for a variable costs more than anything else in a small request, so what
    matters is whether there is anything to ask for: :meth:`look` finds that out when a
    variable was added or removed since, and otherwise once in :data:`LOOK_INTERVAL`.
    """

    __slots__ = ("_glance", "netrc")

    def __init__(self) -> None:
        self.netrc = Netrc()
        self._glance = _Glance(0.0, -1, False, False, None)

    def look(self) -> _Glance:
        """What there is now, or was less than :data:`LOOK_INTERVAL` seconds ago."""
        glance = self._glance
        if time.monotonic() < glance.expires and len(os.environ) == glance.size:
            return glance
        names = {name.lower() for name in os.environ}
        self._glance = glance = _Glance(
            time.monotonic() + LOOK_INTERVAL,
            len(os.environ),
            _SYSTEM_SETTINGS or any(name.endswith("_proxy") for name in names),
            not self.netrc.is_empty(),
            ca_bundle(),
        )
        return glance

    def __reduce__(self) -> tuple[type[Environment], tuple[()]]:
        return Environment, ()


class _Glance:
    """What a look at the environment found, and until when that is believed.

    :param size: how many variables there were.
    """

    __slots__ = ("ca_bundle", "expires", "has_netrc", "has_proxies", "size")

    def __init__(
        self, expires: float, size: int, has_proxies: bool, has_netrc: bool, ca_bundle: str | None
    ) -> None:
        self.expires: Final = expires
        self.size: Final = size
        self.has_proxies: Final = has_proxies
        self.has_netrc: Final = has_netrc
        self.ca_bundle: Final = ca_bundle


def netrc_credentials(url: str) -> tuple[str, str] | None:
    """Give (login, password) of the netrc file for a URL's host, or ``None``.

    Reads the file each time; a session keeps a :class:`Netrc`.

    :raises InvalidURL: if the URL cannot be read.
    """
    return Netrc().lookup(parse(url).host)


def netrc_file() -> str | None:
    """Give the path of the netrc file that counts, or ``None`` when there is none."""
    return _find_netrc(os.environ.get("NETRC"))[0]


class _Snapshot:
    """What a netrc file said, and until when that is believed.

    :param identity: path, modification time, size and inode; ``None`` when there is no file.
    """

    __slots__ = ("entries", "expires", "identity", "variable")

    def __init__(
        self,
        expires: float,
        variable: str | None,
        identity: tuple[str, int, int, int] | None,
        entries: dict[str, tuple[str, str]] | None,
    ) -> None:
        self.expires: Final = expires
        self.variable: Final = variable
        self.identity: Final = identity
        self.entries: Final = entries

    def __repr__(self) -> str:
        return f"<netrc snapshot of {self.identity and self.identity[0]}>"


_NO_SNAPSHOT = _Snapshot(0.0, None, None, None)


def _other_names(scheme: str) -> tuple[str, tuple[str, str]]:
    """Give a scheme in lower case and the variables for it; none for what is no scheme."""
    scheme = scheme.lower()
    if not re.fullmatch(_SCHEME, scheme):
        return "all", ("all_proxy", "ALL_PROXY")
    return scheme, (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")


def _system_proxies(url: str, scheme: str) -> dict[str, str]:
    """Ask the settings of macOS or Windows, by way of the standard library."""
    from urllib.request import getproxies, proxy_bypass

    found = {key: value for key, value in getproxies().items() if key in {scheme, "all"}}
    if scheme == "http" and "REQUEST_METHOD" in os.environ:
        found.pop("http", None)
    return {} if not found or proxy_bypass(parse(url).host) else found


def _proxy_keys(url: str) -> tuple[str, ...]:
    """Give the keys that may name a URL's proxy, the most specific first."""
    parsed = parse(url)
    if not parsed.host:
        return parsed.scheme, "all"
    return f"{parsed.scheme}://{parsed.host}", parsed.scheme, f"all://{parsed.host}", "all"


def _unusable_proxy(url: str, why: str) -> InvalidProxyURL:
    return InvalidProxyURL(
        f"Invalid proxy URL {redact(url)!r}: {why} Please check that it reads like http://host:port."
    )


def _authority(url: URL) -> str:
    """Give "userinfo@host:port" as the URL has it."""
    return url.href.partition("://")[2].partition("/")[0]


def _find_netrc(
    variable: str | None,
) -> tuple[str | None, tuple[str, int, int, int] | None]:
    """Find the netrc file that counts, and what tells whether it changed."""
    candidates = (variable,) if variable else ("~/.netrc", "~/_netrc")
    for candidate in candidates:
        path = os.path.expanduser(candidate)
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(status.st_mode):
            return path, (path, status.st_mtime_ns, status.st_size, status.st_ino)
    return None, None


def _find_login(entries: dict[str, tuple[str, str]] | None, host: str) -> tuple[str, str] | None:
    """What a netrc file has for a host: its own entry, else ``default``."""
    if not entries or not host:
        return None
    return entries.get(host) or entries.get("default")


def parse_netrc(path: str) -> tuple[dict[str, tuple[str, str]] | None, str | None]:
    """Parse a netrc file.

    :returns: (login, password) by host, or ``None`` and what is wrong.  The parser's own
        message is not passed on: it quotes the word that it stumbled on.
    """
    from netrc import NetrcParseError, netrc

    try:
        hosts = netrc(path).hosts
    except NetrcParseError as exc:
        return None, f"The netrc file {path!r} is malformed at line {exc.lineno}"
    except (OSError, ValueError) as exc:
        return None, f"The netrc file {path!r} cannot be read ({type(exc).__name__})"
    return {
        host.lower(): (login or account or "", password or "")
        for host, (login, account, password) in hosts.items()
    }, None
