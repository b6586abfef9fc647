"""The rules of RFC 6265bis as functions of text: no jar, no I/O, no clock.

Reading a Set-Cookie field (:func:`parse_set_cookie`) and a date
(:func:`parse_date`), deciding whether a host may set what it asks for
(:func:`admit`), and the matching of domains and paths.  Section numbers are
those of draft-ietf-httpbis-rfc6265bis-20.  What is stored, for how long, and
what is sent is decided in ``cookies``.

Host names are lower-case ASCII, as ``_urls`` gives them; IPv6 addresses have no
brackets.  Field values are the octets of the wire read as Latin-1.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from . import _urls
from .exceptions import InvalidURL, MissingSchema

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

#: Octets of a cookie's name and value together (section 5.6).
MAX_NAME_AND_VALUE: Final = 4096
#: Octets of an attribute's value; a longer attribute is ignored (section 5.6).
MAX_ATTRIBUTE_VALUE: Final = 1024
#: The cookie age limit: 400 days, in seconds (section 5.5).
MAX_AGE: Final = 400 * 24 * 60 * 60

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_WSP: Final = " \t"
_SECURE_SCHEMES: Final = frozenset(("https", "wss"))
# A host whose last label is a number is an IPv4 address or nothing (WHATWG URL, host parsing).
_ENDS_IN_NUMBER: Final = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$")
_MAX_AGE: Final = re.compile(r"-?[0-9]+")


class Target(NamedTuple):
    """What of a request's URL matters to cookies."""

    secure: bool
    host: str
    port: int
    path: str


class SetCookie(NamedTuple):
    """A Set-Cookie field as it was read; the last of repeated attributes counts.

    ``domain`` and ``path`` are empty where they are absent or unusable;
    ``expires`` is in seconds since the epoch, ``None`` for a session cookie;
    ``rest`` holds the attributes that have no effect here, ``HttpOnly`` among
    them, with ``None`` for the value of a bare one.
    """

    name: str
    value: str
    domain: str
    path: str
    secure: bool
    expires: float | None
    rest: dict[str, str | None]


class Admitted(NamedTuple):
    """A cookie that its host may set; ``domain`` has no leading dot."""

    domain: str
    host_only: bool
    path: str


def read_url(url: str) -> Target | None:
    """What of an absolute URL matters to cookies; ``None`` when it is not one or has no host."""
    try:
        parsed = _urls.parse(url)
    except (MissingSchema, InvalidURL):
        return None
    if not parsed.host:
        return None
    path = parsed.path if parsed.path[:1] == "/" else "/"
    return Target(parsed.scheme in _SECURE_SCHEMES, parsed.host, parsed.effective_port, path)


def is_address(host: str) -> bool:
    """Whether a host is an IP address, to which no other host is related."""
    return ":" in host or _ENDS_IN_NUMBER.search(host) is not None


# -- matching ------------------------------------------------------------------


def domain_matches(host: str, domain: str) -> bool:
    """Domain-match: ``host`` is ``domain`` or lies below it (section 5.1.3)."""
    if host == domain:
        return True
    return host.endswith("." + domain) and not is_address(host)


def path_matches(path: str, cookie_path: str) -> bool:
    """Path-match: ``path`` is ``cookie_path`` or lies below it (section 5.1.4)."""
    if not path.startswith(cookie_path):
        return False
    end = len(cookie_path)
    return end == len(path) or cookie_path[-1:] == "/" or path[end] == "/"


def default_path(path: str) -> str:
    """The path of a cookie that names none: the request's folder (section 5.1.4)."""
    return path[: path.rfind("/")] or "/"


def parents(domain: str) -> list[str]:
    """The domains above ``domain``, nearest first; none for an address."""
    if is_address(domain):
        return []
    labels = domain.split(".")
    return [".".join(labels[i:]) for i in range(1, len(labels))]


@lru_cache(maxsize=1024)
def lookup_keys(host: str) -> tuple[tuple[str, bool], ...]:
    """Under which domains of a jar the cookies for ``host`` may be.

    :returns: pairs of a domain as ``http.cookiejar`` writes it (with a leading
        dot for a Domain attribute), and whether a host-only cookie may be sent
        that is kept there.
    """
    keys = [("", True), (host, True), ("." + host, True)]
    for parent in parents(host):
        keys += [(parent, False), ("." + parent, True)]
    if "." not in host:
        keys.append((host + ".local", False))  # http.cookiejar's name for such a host
    return tuple(keys)


# -- public suffixes -----------------------------------------------------------


@lru_cache(maxsize=1)
def _suffix_list() -> PublicSuffixList | None:
    """The public suffix list, where the optional package is installed."""
    try:
        from publicsuffixlist import PublicSuffixList
    except ImportError:
        return None
    return PublicSuffixList()


@lru_cache(maxsize=1024)
def is_public_suffix(domain: str) -> bool:
    """Whether ``domain`` is one that unrelated parties register names below.

    A single label always is; for the rest it takes the ``publicsuffixlist``
    package (``ulak[psl]``), which is loaded at the first question.
    """
    if "." not in domain.rstrip("."):
        return True
    suffixes = _suffix_list()
    return suffixes is not None and bool(suffixes.is_public(domain))


# -- what a host may set -------------------------------------------------------


def admit(cookie: SetCookie, target: Target) -> Admitted | None:
    """Decide whether ``target`` may set ``cookie`` (section 5.7, steps 7 to 21).

    :returns: where it belongs, or ``None`` to ignore it.  Cookies that are
        already stored have a say as well; that is the jar's business.
    """
    domain = cookie.domain
    if domain and domain != target.host:
        if not domain.isascii() or not domain_matches(target.host, domain):
            return None
        if is_public_suffix(domain):
            return None
        host_only = False
    else:
        # A public suffix or an address may set cookies for itself alone.
        host_only = not domain or is_address(domain) or is_public_suffix(domain)
    if cookie.secure and not target.secure:
        return None
    if not _prefix_honoured(cookie, host_only):
        return None
    return Admitted(domain or target.host, host_only, cookie.path or default_path(target.path))


def _prefix_honoured(cookie: SetCookie, host_only: bool) -> bool:
    """Whether a name that promises something keeps it (section 4.1.3)."""
    name = (cookie.name or cookie.value).lower()
    if not name.startswith(("__secure-", "__host-")):
        return True
    if not cookie.name or not cookie.secure:
        return False  # a nameless one is sent as its bare value, and would pose as the real one
    return name.startswith("__secure-") or (host_only and cookie.path == "/")


# -- Set-Cookie ----------------------------------------------------------------


def parse_set_cookie(line: str, now: float) -> SetCookie | None:
    """Read the value of one Set-Cookie field (section 5.6).

    :param line: the field's value.
    :param now: seconds since the epoch, for Max-Age and the age limit.
    :returns: what it says, or ``None`` when it must be ignored.
    """
    if _CONTROL.search(line):
        return None
    pair, *attributes = line.split(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", pair
    name, value = name.strip(_WSP), value.strip(_WSP)
    if not 0 < len(name) + len(value) <= MAX_NAME_AND_VALUE:
        return None
    known, rest = _read_attributes(attributes)
    path = known.get("path", "")
    return SetCookie(
        name,
        value,
        known.get("domain", "").lower().removeprefix("."),
        path if path[:1] == "/" else "",
        "secure" in known,
        _expiry(known, now),
        rest,
    )


_KNOWN: Final = frozenset(("domain", "path", "secure", "expires", "max-age"))
_SPELLING: Final = {"httponly": "HttpOnly", "samesite": "SameSite"}


def _read_attributes(attributes: list[str]) -> tuple[dict[str, str], dict[str, str | None]]:
    """The attributes that have an effect here, and all others."""
    known: dict[str, str] = {}
    rest: dict[str, str | None] = {}
    for attribute in attributes:
        name, equals, value = attribute.partition("=")
        name, value = name.strip(_WSP), value.strip(_WSP)
        if not name or len(value) > MAX_ATTRIBUTE_VALUE:
            continue
        lower = name.lower()
        if lower not in _KNOWN:
            rest[_SPELLING.get(lower, name)] = value if equals else None
        elif _has_meaning(lower, value):
            known[lower] = value
    return known, rest


def _has_meaning(name: str, value: str) -> bool:
    """Whether an attribute counts: an unreadable time does not even override a readable one."""
    if name == "max-age":
        return _MAX_AGE.fullmatch(value) is not None
    return name != "expires" or parse_date(value) is not None


def _expiry(known: dict[str, str], now: float) -> float | None:
    """When the cookie ends: Max-Age before Expires, and at most 400 days from now."""
    if "max-age" in known:
        delta = int(known["max-age"])
        return now + min(delta, MAX_AGE) if delta > 0 else 0.0
    if "expires" not in known:
        return None
    moment = parse_date(known["expires"])
    return None if moment is None else min(moment, now + MAX_AGE)


# -- dates ---------------------------------------------------------------------

_DATE_TOKENS: Final = re.compile(r"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY: Final = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR: Final = re.compile(r"([0-9]{2,4})(?![0-9])")
_MONTHS: Final = "janfebmaraprmayjunjulaugsepoctnovdec"


def _month(token: str) -> int:
    """1 to 12 for a word that begins like the name of a month, else 0."""
    at = _MONTHS.find(token[:3].lower()) if len(token) >= 3 else -1
    return 0 if at % 3 else at // 3 + 1


def parse_date(text: str) -> float | None:
    """Read a date in any of the ways that servers write one (section 5.1.1).

    :returns: seconds since the epoch (negative before 1970), or ``None``.
    """
    time: tuple[int, int, int] | None = None
    day = month = year = None
    for token in _DATE_TOKENS.findall(text):
        if time is None and (match := _TIME.match(token)):
            time = int(match[1]), int(match[2]), int(match[3])
        elif day is None and (match := _DAY.match(token)):
            day = int(match[1])
        elif month is None and (number := _month(token)):
            month = number
        elif year is None and (match := _YEAR.match(token)):
            year = int(match[1])
    if time is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    if year < 1601:
        return None
    try:
        return datetime(year, month, day, *time, tzinfo=UTC).timestamp()
    except ValueError:
        return None  # no such day or time
