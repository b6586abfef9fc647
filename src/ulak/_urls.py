"""URLs: taken apart, checked, encoded, joined, and shown without their secrets.

For every layer that needs a part of a URL.  :func:`parse` gives an immutable
:class:`URL` whose parts are ready for the wire, and remembers it, so that the
second look at the same URL is one dict lookup.

What it knows: RFC 3986 (syntax and reference resolution), the hosts that
IDNA (UTS 46) and RFC 6874 allow, and one rule of this library: **the path is the
caller's**.  Percent-encodings, dot segments and letter case of path and query are
never touched; characters that cannot stand in a URL are percent-encoded as UTF-8.

The host is read strictly, so that no two readers can see different ones: whatever
:func:`parse` accepts, ``urllib.parse.urlsplit(url.href)`` names the same scheme,
host and port.  What would be read in two ways is :exc:`~ulak.exceptions.InvalidURL`.
IPv4 addresses in odd spellings (``127.1``, ``0x7f.1``, ``2130706433``) are host
names here and reach the resolver as they are written.

It refuses to know: sockets, redirect policy, adapters, the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote

from .exceptions import InvalidOption, InvalidURL, MissingSchema

#: The longest URL that is accepted, in characters.
MAX_LENGTH = 256 * 1024

#: How many URLs are remembered, and the longest of those, in characters.
_REMEMBERED = 1024
_REMEMBERED_LENGTH = 2048

#: What is no part of a reference: blanks and line ends, and no other white space.
_BLANKS = " \t\r\n"

#: A longer URL is cut off in messages.
_SHOWN_LENGTH = 300

DEFAULT_PORTS = {"http": 80, "https": 443}

# RFC 3986, section 3: what may not stand in a component.  A "%" may only begin a
# percent-encoding.  "[" and "]" belong to IPv6 hosts alone.
_CLASS = r"A-Za-z0-9\-._~!$&'()*+,;="
_NOT_IN_USERINFO = rf"[^{_CLASS}:%]+|%(?![0-9A-Fa-f]{{2}})"
_NOT_IN_PATH = rf"[^{_CLASS}:@/%]+|%(?![0-9A-Fa-f]{{2}})"
_NOT_IN_QUERY = rf"[^{_CLASS}:@/?%]+|%(?![0-9A-Fa-f]{{2}})"

# Only what every first URL meets is compiled here; the others are when they are first used.
_HTTP_URL = re.compile(
    r"(https?):(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
# The same without userinfo and fragment, and with nothing to encode: an origin and the rest.
_SAFE = rf"[{_CLASS}:@/]*+(?:%[0-9A-Fa-f]{{2}}[{_CLASS}:@/]*+)*+"
_SAFE_URL = rf"(?a)(https?://[{_CLASS}:\[\]]+)(/{_SAFE})?(?:\?((?:{_SAFE}|\?)*+))?"
_OTHER_URL = r"(?s)([^:]*):(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?"
# RFC 3986, appendix B, with the scheme of section 3.1.
_REFERENCE = r"(?s)(?:([A-Za-z][A-Za-z0-9+.\-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?"
_HTTP_FAMILY = r"(?ai)https?[a-z0-9+\-]*://"
_ABSOLUTE = r"(?ai)[A-Za-z][A-Za-z0-9+.\-]*://|(?:https?|data|mailto):"

_PLAIN_AUTHORITY = re.compile(r"([A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)*\.?)(?::([0-9]*))?")
_HOST_AND_PORT = r"(?s)(\[[^\[\]]*\]|[^:\[\]]*)(?::(.*))?"
_REG_NAME = r"[a-z0-9\-._~!$&'()+,;=]+"
_ZONE = r"[A-Za-z0-9\-._~]+"
_IPV4_LIKE = r"(?:(?:[0-9]+|0x[0-9a-f]*)(?:\.|$))+"
# What a URL without a scheme begins with, as it is shown: a host and perhaps a port.
_HOST_FIRST = r"(?:\*\*\*@)?([\w\-.]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?(?=[/?#]|$)"
_OF_HTTPS = (None, "443", "8443")
_LOCAL = r"(?i)localhost|127(?:\.[0-9]+){3}|\[::1\]"
_FORM_PLAIN = r"[A-Za-z0-9_.\-~]*"
_SINGLE = (str, bytes, int, float)

_REDACTED = "***"
_PREFIX = r"(?ai)\s*(?:[A-Za-z][A-Za-z0-9+.\-]*:(?=[/\\])|https?:)?[/\\]*"
_AUTHORITY_END = r"[/?#]|$"
_NOT_A_PORT = r":(?![0-9]+\Z)"


class URL(NamedTuple):
    """A URL in parts, each as it goes on the wire.  Immutable; made by :func:`parse`."""

    #: In lower case.
    scheme: str
    #: As written (percent-encoded), or ``None`` when there is no "@".
    userinfo: str | None
    #: What is dialled: lower case, A-labels, IPv6 without brackets (``fe80::1%eth0``).
    host: str
    #: The port that is written in the URL, 1 to 65535, or ``None``.
    port: int | None
    #: Never empty for http and https.
    path: str
    #: ``None`` without "?"; may be empty.
    query: str | None
    #: ``None`` without "#"; may be empty.  Never sent.
    fragment: str | None
    #: The origin-form of RFC 9112, section 3.2.1.
    target: str
    #: The whole URL, with userinfo and fragment.
    href: str
    #: The value of the Host field; the zone of an IPv6 address is local (RFC 6874).
    host_header: str
    #: 80 or 443 by default; 0 for another scheme without a port.
    effective_port: int
    #: (scheme, host, effective port), RFC 6454.
    origin: tuple[str, str, int]

    @property
    def authority_form(self) -> str:
        """``host:port`` with the port always written, as CONNECT has it (RFC 9112, 3.2.3)."""
        return f"{_in_brackets(self.host)}:{self.effective_port}"

    @property
    def written_host(self) -> str:
        """The host as it stands in ``href``: IPv6 in brackets, a zone as ``%25`` and its name.

        This is the form that urllib3's pools take.
        """
        return _in_brackets(self.host, zone=True)

    def __str__(self) -> str:
        return self.href

    def __repr__(self) -> str:
        return f"URL({redact(self.href)!r})"


_seen: dict[str, URL] = {}
#: URLs without a path, by their text: origins that were checked.
_origins: dict[str, URL] = {}


def parse(url: str) -> URL:
    """Take a URL apart.  Leading white space is skipped.  Safe to call from any thread.

    http and https URLs are checked.  URLs of other schemes belong to their adapters:
    they are split and not judged, and their ``href`` is the text that was given
    (except for relatives like ``http+unix://``, whose unsafe characters are encoded).

    :raises MissingSchema: if the URL has no scheme.
    :raises InvalidURL: if an http or https URL has no host, or cannot be read in one way.
    :raises InvalidOption: if it is no str.
    """
    try:
        return _seen[url]
    except (KeyError, TypeError):  # not there, or nothing that could be
        pass  # what is raised below must not have this as its context: it shows the URL
    return _parse(url)


def prepare(url: object, params: object = None) -> str:
    """Give the URL that a request uses, as ``PreparedRequest.prepare_url`` does.

    :param url: a str, bytes (UTF-8), or an object whose ``str()`` is the URL.
    :param params: added to the URL's query; what :func:`encode_params` takes.
    :returns: the URL, encoded.  One of a scheme that does not begin with "http" is
        returned as it is, without the params.
    :raises MissingSchema, InvalidURL: see :func:`parse`.
    :raises InvalidOption: if the params cannot be encoded.
    """
    parsed = parse(url if isinstance(url, str) else as_text(url))
    if params is None or not parsed.scheme.startswith("http"):
        return parsed.href
    query = encode_params(params)
    if not query:
        return parsed.href
    if isinstance(params, str | bytes):
        query = _encode(_NOT_IN_QUERY, query, parsed.href)
    return _with_query(parsed, f"{parsed.query}&{query}" if parsed.query else query).href


def as_text(url: object) -> str:
    """Give a URL as str: bytes are UTF-8, and an object's ``str()`` is its URL.

    :raises MissingSchema: for None.
    :raises InvalidURL: for bytes that are not UTF-8.
    """
    if url is None:
        raise MissingSchema("Invalid URL None: No scheme supplied. The url is None.")
    if not isinstance(url, bytes):
        return str(url)
    try:
        return url.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidURL("Invalid URL: the bytes given are not UTF-8. Pass a str.") from None


def encode_params(params: object) -> str:
    """Encode query parameters as application/x-www-form-urlencoded, a space as "+".

    :param params: str or bytes, which are given back as they are; or a mapping, or an
        iterable of pairs.  A list, tuple or other iterable value repeats its key; a
        value of ``None`` is left out; what is not text or bytes becomes ``str(value)``.
    :raises InvalidOption: if it is none of these.
    """
    if isinstance(params, str):
        return params
    if isinstance(params, bytes | bytearray):
        try:
            return params.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidOption("params= holds bytes that are not UTF-8.") from None
    if isinstance(params, Mapping):
        pairs: Iterable[object] = params.items()
    elif isinstance(params, Iterable):
        pairs = params
    else:
        raise InvalidOption(_not_pairs(params))
    fields: list[str] = []
    try:
        for pair in pairs:
            _add_fields(fields, pair)
    except UnicodeEncodeError:
        pass  # what is raised below must not have this as its context: it holds the text
    else:
        return "&".join(fields)
    raise InvalidOption("params= holds a lone surrogate, which UTF-8 cannot encode.")


def join(base: str, location: str) -> str:
    """Resolve a reference such as a Location, strictly by RFC 3986, section 5.2.

    Dot segments are removed as section 5.2.4 says, in the result only; ``%2e`` is not a
    dot.  The fragment is the reference's: inheriting one is the caller's decision.

    :param base: the absolute URL that the reference was found at.
    :returns: the URL as :func:`prepare` gives it.
    :raises InvalidURL: if the result is an http or https URL that cannot be used.
    """
    location = location.strip(_BLANKS)
    scheme, authority, path, query, fragment = _split_reference(location)
    if scheme is not None:
        if authority is None and scheme.lower() not in DEFAULT_PORTS:
            return location
        path = remove_dot_segments(path)
    else:
        scheme, base_authority, base_path, base_query, _ = _split_reference(base.strip(_BLANKS))
        if authority is not None:
            path = remove_dot_segments(path)
        else:
            authority = base_authority
            if not path:
                path = base_path
                query = base_query if query is None else query
            elif path.startswith("/"):
                path = remove_dot_segments(path)
            else:
                path = remove_dot_segments(_merge(base_authority, base_path, path))
    return prepare(_unsplit(scheme, authority, path, query, fragment))


def join_base(base_url: object, url: str) -> str:
    """Put a URL under a session's base URL.  The result is not checked or encoded yet.

    Unlike :func:`join`, the base is a folder: ``https://h/v1`` and ``/users`` (or
    ``users``) give ``https://h/v1/users``, and dots stay.  An absolute URL is given
    back alone; ``""`` gives the base; ``?q=1`` its query.  ``//x`` is a path too, so that
    a path made from user input cannot choose the host.  A query of the base is kept in
    front.

    :param base_url: what :func:`as_text` takes.
    :param url: likewise, but a str.
    :raises InvalidURL: for a base of bytes that are not UTF-8.
    """
    url = url.lstrip()
    if not isinstance(base_url, str):
        base_url = as_text(base_url)
    if not base_url or re.match(_ABSOLUTE, url):
        return url
    if not url:
        return base_url
    base, _, base_query = base_url.partition("#")[0].partition("?")
    if url[0] not in "?#":
        base = f"{base.rstrip('/')}/{url.removeprefix('/')}"
        url = ""
    if base_query:
        rest, mark, fragment = (base + url).partition("#")
        path, _, query = rest.partition("?")
        return f"{path}?{base_query}{'&' if query else ''}{query}{mark}{fragment}"
    return base + url


@lru_cache(maxsize=1)
def _query_fields() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What finds the secrets of a query; compiled when there is something to say.

    :returns: for a field's name with what is around it, for a name that says a secret
        follows, and for a value.  Separators may be percent-encoded, as in a URL that is
        itself in the query.
    """
    flags = re.ASCII | re.IGNORECASE
    return (
        re.compile(r"(?:[?&;#]|%3f|%26|%23)((?:[^?&;#=\s%]|%(?!3f|26|23|3d))*)(?:=|%3d)", flags),
        # By its end, as in X-Amz-Security-Token and user[token], or by all of it.
        re.compile(
            r".*(?:token|secret|passw(?:or)?d|passphrase|signature|credentials?|assertion|jwt|"
            r"(?:api|access|auth|private|secret|subscription)[_-]?key|session[_-]?id)\]?|"
            r"pwd|pass|sig|key|code|code_verifier|auth|authorization|otp|sid",
            flags | re.DOTALL,
        ),
        re.compile(r"[^&;#\s]*"),
    )


def _without_secret_fields(text: str) -> str:
    """``text`` with ``***`` for the values of query fields that are secret by their names."""
    fields, secret, value = _query_fields()
    shown: list[str] = []
    end = 0
    for field in fields.finditer(text):
        # Names may be percent-encoded, and once more in a URL that is in the query.
        if field.start() >= end and secret.fullmatch(unquote(unquote(field[1]))):
            shown += text[end : field.end()], _REDACTED
            end = value.match(text, field.end()).end()  # type: ignore[union-attr]  # it may be empty
    return "".join([*shown, text[end:]])


def redact(url: str | bytes) -> str:
    """Show a URL in a message: user, password and well-known secret fields as ``***``.

    Takes anything that was meant as a URL, however malformed, and never raises.
    """
    text = url.decode("utf-8", "replace") if isinstance(url, bytes) else str(url)
    text = _without_secret_fields(text)
    if "@" not in text:
        return text
    prefix = re.match(_PREFIX, text)
    start = prefix.end() if prefix else 0
    if start == 0 and text.startswith("mailto:"):
        return text
    ends = re.search(_AUTHORITY_END, text[start:])
    end = start + ends.start() if ends else len(text)
    at = text.rfind("@", start, end)
    if at < 0 and (start == 0 or re.search(_NOT_A_PORT, text[start:end])):
        # "http//user:pass@host" has no scheme, and what follows the colon in
        # "http://user:pa/ss@host" is no port: a password may stand anywhere before the "@".
        at = text.rfind("@")
        at = at if ":" in text[:at] else -1
    return text if at < 0 else f"{text[:start]}{_REDACTED}{text[at:]}"


def userinfo_of(url: str) -> tuple[str, str]:
    """Give the unquoted (user, password) of a URL of any scheme, or ("", "").

    As in requests, a user without a ":" is no credential.
    """
    authority = _split_reference(url.lstrip())[1] or ""
    user, colon, password = authority.rpartition("@")[0].partition(":")
    return (unquote(user), unquote(password)) if colon else ("", "")


def without_userinfo(url: str) -> str:
    """Give the URL without "user:password@"; the rest is not touched."""
    scheme, authority, path, query, fragment = _split_reference(url)
    if authority is None or "@" not in authority:
        return url
    return _unsplit(scheme, authority.rpartition("@")[2], path, query, fragment)


def without_fragment(url: str) -> str:
    """Give the URL without "#fragment"; the rest is not touched."""
    return url.partition("#")[0]


def remove_dot_segments(path: str) -> str:
    """Resolve "." and ".." in an absolute path (RFC 3986, section 5.2.4), in linear time."""
    if "/." not in path:
        return path
    segments = path.split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/".join(kept)


def encode_host(host: str) -> str:
    """Give the A-label form of a non-ASCII host (IDNA 2008 with UTS 46 mapping).

    :raises ValueError: if the host has none, or if it only disguises an IP address.
    """
    import idna

    if len(host) > _SHOWN_LENGTH:
        raise ValueError("the host is too long")
    try:
        encoded = idna.encode(host, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as exc:
        raise ValueError("the host is not a valid internationalised name") from exc
    if re.fullmatch(_IPV4_LIKE, encoded):
        raise ValueError("the host is an IP address in other characters; write it in digits")
    return encoded


def _parse(url: str) -> URL:
    """Parse a URL that is not remembered, and remember it."""
    given: object = url
    if not isinstance(given, str):
        raise InvalidOption(f"a URL should be a str here, not {type(given).__name__}")
    match = _compiled(_SAFE_URL).fullmatch(url) if _origins else None
    if match is not None and len(url) <= _REMEMBERED_LENGTH:
        start, path, query = match.groups()
        origin = _origins.get(start)
        if origin is not None:
            return _parse_safe(url, origin, path or "/", query)
    text = url.lstrip()
    if len(text) > MAX_LENGTH:
        raise _invalid(text, f"it is longer than {MAX_LENGTH} characters.")
    match = _HTTP_URL.fullmatch(text)
    if match is not None:
        parsed = _parse_http(text, *match.groups())
    elif re.match(_HTTP_FAMILY, text):
        parsed = _parse_other(text, keep=False)
    elif ":" in text and not text[:4].lower().startswith("http"):
        parsed = _parse_other(text, keep=True)
    else:
        raise MissingSchema(
            f"Invalid URL {_shown(text)!r}: No scheme supplied. {_perhaps_meant(_shown(text))}"
        )
    _remember(url, parsed)
    return parsed


def _parse_safe(url: str, origin: URL, path: str, query: str | None) -> URL:
    """Put the URL together whose origin is known, and which has nothing to encode."""
    target = path if query is None else f"{path}?{query}"
    parsed = URL(
        origin.scheme, None, origin.host, origin.port, path, query, None, target,
        f"{origin.href[:-1]}{target}", origin.host_header, origin.effective_port, origin.origin,
    )  # fmt: skip
    if len(_seen) >= _REMEMBERED:
        _seen.clear()
    _seen[url] = parsed
    if url != parsed.href:
        _seen[parsed.href] = parsed
    return parsed


def _remember_origin(parsed: URL) -> None:
    """Keep what a URL begins with, up to its path."""
    start = parsed.href[: len(parsed.href) - len(parsed.target)]
    if start in _origins:
        return
    if len(_origins) >= _REMEMBERED:
        _origins.clear()
    _origins[start] = parsed._replace(path="/", query=None, target="/", href=f"{start}/")


def _remember(url: str, parsed: URL) -> None:
    """Keep a URL under its text and its href: that is what is looked up next."""
    if len(url) > _REMEMBERED_LENGTH or len(parsed.href) > _REMEMBERED_LENGTH:
        return
    if len(_seen) >= _REMEMBERED:
        _seen.clear()
    _seen[url] = parsed
    if parsed.scheme.startswith("http"):
        if url != parsed.href:
            _seen[parsed.href] = parsed
        if parsed.userinfo is None and parsed.fragment is None and parsed.scheme in DEFAULT_PORTS:
            _remember_origin(parsed)


def _parse_http(
    text: str,
    scheme: str,
    authority: str | None,
    path: str,
    query: str | None,
    fragment: str | None,
) -> URL:
    """Check and encode the parts of an http or https URL (RFC 9110, section 4.2)."""
    if not authority:
        raise _invalid(text, "No host supplied.")
    scheme = scheme.lower()
    plain = _PLAIN_AUTHORITY.fullmatch(authority)
    userinfo: str | None
    if plain is not None:
        userinfo, host, digits = None, plain[1].lower(), plain[2]
        if len(host) > 63:
            _check_labels(text, host)
    else:
        userinfo, host, digits = _split_authority(text, authority)
    port = _read_port(text, digits) if digits else None
    path = _encode(_NOT_IN_PATH, path, text) if path else "/"
    if query:
        query = _encode(_NOT_IN_QUERY, query, text)
    if fragment:
        fragment = _encode(_NOT_IN_QUERY, fragment, text)

    default = DEFAULT_PORTS[scheme]
    header = netloc = host
    if ":" in host:
        header, netloc = _in_brackets(host), _in_brackets(host, zone=True)
    if port is not None:
        netloc = f"{netloc}:{port}"
        if port != default:
            header = f"{header}:{port}"
    if userinfo is not None:
        netloc = f"{userinfo}@{netloc}"
    target = path if query is None else f"{path}?{query}"
    href = f"{scheme}://{netloc}{target}"
    if fragment is not None:
        href = f"{href}#{fragment}"
    number = default if port is None else port
    return URL(
        scheme, userinfo, host, port, path, query, fragment,
        target, href, header, number, (scheme, host, number),
    )  # fmt: skip


def _parse_other(text: str, *, keep: bool) -> URL:
    """Split a URL that another adapter understands, without judging it.

    :param keep: whether ``href`` is the text itself.
    """
    match = re.fullmatch(_OTHER_URL, text)
    if match is None:
        raise _invalid(text, "it has no scheme.")
    scheme, authority, path, query, fragment = match.groups()
    scheme = scheme.lower()
    userinfo, at, address = (authority or "").rpartition("@")
    host, _, digits = address.rpartition(":")
    if not host or not digits.isascii() or not digits.isdigit():
        host, digits = address, ""
    port = int(digits) if digits and len(digits) <= 5 else None
    path = _encode(_NOT_IN_PATH, path, text)
    query = query and _encode(_NOT_IN_QUERY, query, text)
    fragment = fragment and _encode(_NOT_IN_QUERY, fragment, text)
    if authority is not None and not path:
        path = "/"
    target = path if query is None else f"{path}?{query}"
    href = text if keep else _unsplit(scheme, authority, path, query, fragment)
    bare = host.removeprefix("[").removesuffix("]")
    number = port or 0
    return URL(
        scheme, userinfo if at else None, bare, port, path, query, fragment,
        target, href, address, number, (scheme, bare, number),
    )  # fmt: skip


def _with_query(url: URL, query: str) -> URL:
    """Give the same URL with another query, and remember it under its href."""
    target = f"{url.path}?{query}"
    href = f"{url.href.partition('#')[0].partition('?')[0]}?{query}"
    if url.fragment is not None:
        href = f"{href}#{url.fragment}"
    if len(href) > MAX_LENGTH:
        raise _invalid(href, f"with its params it is longer than {MAX_LENGTH} characters.")
    changed = URL(
        url.scheme, url.userinfo, url.host, url.port, url.path, query, url.fragment,
        target, href, url.host_header, url.effective_port, url.origin,
    )  # fmt: skip
    _remember(href, changed)
    return changed


def _split_authority(text: str, authority: str) -> tuple[str | None, str, str | None]:
    """Split "userinfo@host:port" (RFC 3986, section 3.2), strictly.

    :returns: userinfo as it is written in a URL, the host as it is dialled, the port's text.
    """
    if "\\" in authority:
        # Browsers end the host at a backslash, RFC 3986 readers do not.
        raise _invalid(text, "a backslash stands before or in the host. Write it as %5C.")
    if not authority.isascii():
        _check_likeness(text, authority)
    before, at, address = authority.rpartition("@")
    userinfo = _encode(_NOT_IN_USERINFO, before, text) if at else None
    match = re.fullmatch(_HOST_AND_PORT, address)
    if match is None:
        raise _invalid(text, "the host has stray brackets or colons.")
    host, digits = match.groups()
    if not host:
        raise _invalid(text, "No host supplied.")
    if host.startswith("["):
        return userinfo, _read_ipv6(text, host[1:-1]), digits
    if not host.isascii():
        try:
            host = encode_host(host)
        except ValueError as exc:
            raise _invalid(text, f"{exc}.") from exc
    host = host.lower()
    if not re.fullmatch(_REG_NAME, host):
        raise _invalid(text, "the host has characters that no host name has.")
    _check_labels(text, host)
    return userinfo, host, digits


def _check_likeness(text: str, authority: str) -> None:
    """See that no character stands for a delimiter in compatibility form (UTS 46, section 4).

    Other readers, such as :func:`urllib.parse.urlsplit`, refuse it or read another host.

    :raises InvalidURL: when one does.
    """
    from unicodedata import normalize

    for character in authority:
        if not character.isascii() and any(x in "/?#@:" for x in normalize("NFKC", character)):
            raise _invalid(text, f"{character!r} in the host may be read as another character.")


def _check_labels(text: str, host: str) -> None:
    """Hold a host name to RFC 1035's sizes: 253 characters, 63 in a label, none empty."""
    name = host.removesuffix(".")
    if len(name) > 253:
        raise _invalid(text, "the host is longer than 253 characters.")
    for label in name.split("."):
        if not 0 < len(label) <= 63:
            raise _invalid(text, "the host has an empty label or one over 63 characters.")


def _read_ipv6(text: str, inside: str) -> str:
    """Check what stands between brackets: an IPv6 address, perhaps with a zone (RFC 6874)."""
    from ipaddress import IPv6Address

    address, percent, zone = inside.partition("%")
    try:
        IPv6Address(address)
    except ValueError:
        raise _invalid(text, "what stands in brackets is no IPv6 address.") from None
    if not percent:
        return address.lower()
    if not zone.startswith("25") or not re.fullmatch(_ZONE, zone[2:]):
        raise _invalid(text, "the zone of an IPv6 address is written as %25 and its name.")
    return f"{address.lower()}%{zone[2:]}"


def _read_port(text: str, digits: str) -> int:
    """Read a port, 1 to 65535.  Port 0 cannot be dialled and is taken for "none" by many."""
    if ":" in digits:
        raise _invalid(text, "the host has more than one colon. IPv6 stands in brackets.")
    if not (digits.isascii() and digits.isdigit()) or len(digits.lstrip("0")) > 5:
        raise _invalid(text, "the port is not a number from 1 to 65535.")
    port = int(digits)
    if not 0 < port <= 65535:
        raise _invalid(text, "the port is not a number from 1 to 65535.")
    return port


def _in_brackets(host: str, *, zone: bool = False) -> str:
    """Write a dialled host as a URL does; ``zone`` says whether its zone is kept."""
    if ":" not in host:
        return host
    address, percent, name = host.partition("%")
    return f"[{address}%25{name}]" if zone and percent else f"[{address}]"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _encode(unsafe: str, component: str, url: str) -> str:
    """Percent-encode what the pattern ``unsafe`` finds, as UTF-8; the rest is not touched."""
    pattern = _compiled(unsafe)
    if pattern.search(component) is None:
        return component
    try:
        return pattern.sub(_percent, component)
    except UnicodeEncodeError:
        pass  # likewise
    raise _invalid(url, "it holds a lone surrogate, which UTF-8 cannot encode.")


def _percent(match: re.Match[str]) -> str:
    return "".join([f"%{byte:02X}" for byte in match[0].encode("utf-8")])


def _add_fields(fields: list[str], pair: Any) -> None:
    """Add the "key=value" texts of one parameter, which should be a pair."""
    try:
        key, value = pair
    except (TypeError, ValueError):
        raise InvalidOption(_not_pairs(pair)) from None
    if value is None:
        return
    name = _form(key)
    if isinstance(value, _SINGLE) or not isinstance(value, Iterable):
        fields.append(f"{name}={_form(value)}")
        return
    for item in value:
        if isinstance(item, list | tuple):
            fields.extend([f"{name}={_form(part)}" for part in item])
        elif item is not None:
            fields.append(f"{name}={_form(item)}")


def _form(value: object) -> str:
    if not isinstance(value, str):
        if isinstance(value, bytes | bytearray):
            return quote_plus(bytes(value))
        value = str(value)
    if value.isascii() and (value.isalnum() or _compiled(_FORM_PLAIN).fullmatch(value)):
        return value
    return quote_plus(value)


def _not_pairs(value: object) -> str:
    return (
        f"params= must be a mapping, pairs, str or bytes; {type(value).__name__} "
        "is none of these or holds something that is no pair."
    )


def _split_reference(
    text: str,
) -> tuple[str | None, str | None, str, str | None, str | None]:
    """Split by RFC 3986, appendix B: scheme, authority, path, query, fragment."""
    match = re.fullmatch(_REFERENCE, text)
    if match is None:  # pragma: no cover - the pattern matches every string
        raise _invalid(text, "it cannot be read.")
    scheme, authority, path, query, fragment = match.groups()
    return scheme, authority, path, query, fragment


def _unsplit(
    scheme: str | None, authority: str | None, path: str, query: str | None, fragment: str | None
) -> str:
    """Put the parts together again (RFC 3986, section 5.3)."""
    start = "" if scheme is None else f"{scheme}:"
    if authority is not None:
        start = f"{start}//{authority}"
    end = "" if query is None else f"?{query}"
    return f"{start}{path}{end}" if fragment is None else f"{start}{path}{end}#{fragment}"


def _merge(base_authority: str | None, base_path: str, path: str) -> str:
    """Put a relative path in the place of the base's last segment (RFC 3986, 5.2.3)."""
    if base_authority is not None and not base_path:
        return f"/{path}"
    return base_path[: base_path.rfind("/") + 1] + path


def without_scheme(url: str) -> str:
    """What to add to a message about a URL like ``localhost:8000/x``, whose scheme is no scheme."""
    shown = _shown(url)
    looks_like_a_host = re.match(_HOST_FIRST, shown.removeprefix("//"))
    return f". {_perhaps_meant(shown)}" if looks_like_a_host else ""


def _perhaps_meant(shown: str) -> str:
    """A guess at what the caller meant by a URL without a scheme, which is redacted."""
    if not shown:
        return "The url is empty."
    if shown.startswith(("/", "?", "#")) and not shown.startswith("//"):
        return "A URL without a host needs a session with base_url=."
    rest = shown.removeprefix("//")
    found = re.match(_HOST_FIRST, rest)
    local = found is not None and (re.fullmatch(_LOCAL, found[1]) or found[2] not in _OF_HTTPS)
    return f"Perhaps you meant {'http' if local else 'https'}://{rest}?"


def _shown(url: str) -> str:
    shown = redact(url)
    return shown if len(shown) <= _SHOWN_LENGTH else f"{shown[:_SHOWN_LENGTH]}…"


def _invalid(url: str, why: str) -> InvalidURL:
    """Make the error for a URL; its secrets are left out."""
    return InvalidURL(f"Invalid URL {_shown(url)!r}: {why}")
