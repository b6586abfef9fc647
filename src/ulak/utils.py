"""The helpers that requests has in a module of this name, for code that imports them.

ulak itself uses none of them: each says in requests' words what a part of the
house decides (``_environment``, ``_headers``, ``_text``, ``_urls``, ``_streams``) or the
standard library does.  What requests promises of them is kept: they take what it
takes and give what it gives.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlparse, urlunparse

from urllib3.util import make_headers, parse_url

from . import _environment, _headers, _multipart, _streams, _text, _trust, _urls
from ._internal_utils import HEADER_VALIDATORS, to_native_string
from ._policy.headers import default_headers, default_user_agent
from .compat import (
    bytes,
    getproxies,
    getproxies_environment,
    integer_types,
    is_urllib3_1,
    proxy_bypass,
    proxy_bypass_environment,
    str,
)
from .cookies import cookiejar_from_dict
from .exceptions import FileModeWarning, InvalidHeader, InvalidURL, UnrewindableBodyError
from .structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from http.cookiejar import CookieJar
    from typing import IO

    from .models import PreparedRequest, Response

__all__ = [
    "DEFAULT_ACCEPT_ENCODING",
    "DEFAULT_CA_BUNDLE_PATH",
    "DEFAULT_PORTS",
    "HEADER_VALIDATORS",
    "NETRC_FILES",
    "UNRESERVED_SET",
    "CaseInsensitiveDict",
    "FileModeWarning",
    "InvalidHeader",
    "InvalidURL",
    "Mapping",
    "OrderedDict",
    "UnrewindableBodyError",
    "add_dict_to_cookiejar",
    "address_in_network",
    "atomic_open",
    "bytes",
    "check_header_validity",
    "cookiejar_from_dict",
    "default_headers",
    "default_user_agent",
    "dict_from_cookiejar",
    "dict_to_sequence",
    "dotted_netmask",
    "extract_zipped_paths",
    "from_key_val_list",
    "get_auth_from_url",
    "get_encoding_from_headers",
    "get_encodings_from_content",
    "get_environ_proxies",
    "get_netrc_auth",
    "get_unicode_from_response",
    "getproxies",
    "getproxies_environment",
    "guess_filename",
    "guess_json_utf",
    "integer_types",
    "is_ipv4_address",
    "is_urllib3_1",
    "is_valid_cidr",
    "iter_slices",
    "make_headers",
    "parse_dict_header",
    "parse_header_links",
    "parse_list_header",
    "parse_url",
    "prepend_scheme_if_needed",
    "proxy_bypass",
    "proxy_bypass_environment",
    "quote",
    "requote_uri",
    "resolve_proxies",
    "rewind_body",
    "select_proxy",
    "set_environ",
    "should_bypass_proxies",
    "str",
    "stream_decode_response_unicode",
    "super_len",
    "to_key_val_list",
    "to_native_string",
    "unquote",
    "unquote_header_value",
    "unquote_unreserved",
    "urldefragauth",
    "urlparse",
    "urlunparse",
]

NETRC_FILES = (".netrc", "_netrc")
DEFAULT_CA_BUNDLE_PATH = _trust.bundle()
DEFAULT_PORTS = {"http": 80, "https": 443}
DEFAULT_ACCEPT_ENCODING = default_headers()["Accept-Encoding"]
#: What need not be percent-encoded anywhere in a URL (RFC 3986, section 2.3).
UNRESERVED_SET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


# -- mappings, pairs, pieces ---------------------------------------------------


def dict_to_sequence(d: Any) -> Iterable[Any]:
    """The items of a mapping; anything else as it is."""
    return d.items() if hasattr(d, "items") else d  # type: ignore[no-any-return]  # as given


def from_key_val_list(value: Any) -> OrderedDict[Any, Any] | None:
    """An ordered dictionary of a mapping or of pairs; ``None`` of ``None``.

    :raises ValueError: for text, bytes and numbers.
    """
    return None if value is None else OrderedDict(_checked_pairs(value))


def to_key_val_list(value: Any) -> list[Any] | None:
    """The pairs of a mapping or of an iterable of pairs, as a list; ``None`` of ``None``.

    :raises ValueError: for text, bytes and numbers.
    """
    if value is None:
        return None
    pairs = _checked_pairs(value)
    return list(pairs.items() if isinstance(pairs, Mapping) else pairs)


def _checked_pairs(value: Any) -> Any:
    if isinstance(value, str | bytes | bool | int):
        raise ValueError("cannot encode objects that are not 2-tuples")
    return value


def iter_slices(string: Any, slice_length: int | None) -> Iterator[Any]:
    """``string``, text or bytes, in slices; whole without a length above zero."""
    step = slice_length if slice_length is not None and slice_length > 0 else len(string)
    return (string[i : i + step] for i in range(0, len(string), step or 1))


def super_len(o: Any) -> int:
    """How many bytes are left to be read of a body; 0 when nobody knows."""
    if hasattr(o, "__len__") and hasattr(o, "tell") and not _tells(o):
        return 0  # what is left of it is not known, whatever its whole length is
    length = _streams.body_length(o)
    if length is None:
        length = len(o) if hasattr(o, "__len__") else 0
    return length


def _tells(file: Any) -> bool:
    try:
        file.tell()
    except OSError:
        return False
    return True


def guess_filename(obj: Any) -> str | bytes | None:
    """The last part of a file's name, if it has one: bytes of one in bytes."""
    name = _multipart.filename_of(obj)
    return os.fsencode(name) if name and isinstance(obj.name, bytes) else name


def rewind_body(prepared_request: PreparedRequest) -> None:
    """Set a prepared request's body back to where it was when it was prepared.

    :raises UnrewindableBodyError: when that is not possible.
    """
    _streams.rewind(prepared_request.body, prepared_request._body_position)


# -- cookies -------------------------------------------------------------------


def dict_from_cookiejar(cj: CookieJar) -> dict[str, str | None]:
    """The names and values of a jar's cookies."""
    return {cookie.name: cookie.value for cookie in cj}


def add_dict_to_cookiejar(cj: CookieJar, cookie_dict: Mapping[str, Any]) -> CookieJar:
    """Add names and values to a jar, and return it."""
    return cookiejar_from_dict(cookie_dict, cj)


# -- header fields -------------------------------------------------------------


def parse_list_header(value: str) -> list[str]:
    """The elements of a comma-separated field, without quotes (RFC 9110, section 5.6.1)."""
    return _headers.parse_list_header(value)


def parse_dict_header(value: str) -> dict[str, str | None]:
    """A comma-separated field of ``name=value``; a name alone has the value ``None``."""
    return _headers.parse_dict_header(value)


def unquote_header_value(value: str, is_filename: bool = False) -> str:
    r"""A quoted-string without its quotes, and with ``\\`` and ``\"`` decoded; other text as it is.

    :param is_filename: leave the backslashes of ``\\server\share`` alone, which some
        browsers send unescaped.
    """
    if not value or len(value) < 2 or not (value[0] == value[-1] == '"'):
        return value
    inner = value[1:-1]
    if is_filename and inner.startswith("\\\\"):
        return inner
    return re.sub(r'\\([\\"])', r"\1", inner)  # of others the backslash stays: C:\path


def parse_header_links(value: str) -> list[dict[str, str]]:
    """The links of a Link field (RFC 8288): dictionaries of ``url`` and parameters."""
    return _headers.parse_links(value)


def _parse_content_type_header(header: str) -> tuple[str, dict[str, Any]]:
    """A media type and its parameters."""
    return _headers.parse_content_type(header)


def check_header_validity(header: tuple[str | bytes, str | bytes]) -> None:
    """See that a name and its value may be sent.

    :raises InvalidHeader: when they may not.
    """
    _headers.prepare_headers([header])  # type: ignore[list-item]  # bytes are looked at as well


# -- text ----------------------------------------------------------------------


def get_encoding_from_headers(headers: Mapping[str, str]) -> str | None:
    """The charset that Content-Type names, or that its type has without one."""
    return _text.encoding_from_content_type(headers.get("content-type"))


def guess_json_utf(data: bytes) -> str | None:
    """Which UTF a JSON text is in, by its first four bytes."""
    return _text.guess_json_utf(data)


def stream_decode_response_unicode(iterator: Iterable[bytes], r: Response) -> Iterator[Any]:
    """The text of a body that comes in pieces; the pieces themselves without an encoding."""
    return _text.iter_decode(iterator, r.encoding) if r.encoding else iter(iterator)


def get_encodings_from_content(content: str) -> list[str]:
    """The charsets that HTML or XML names for itself.  Deprecated, as in requests."""
    _deprecated("get_encodings_from_content", "a parser of HTML, which knows charsets")
    patterns = (
        r"<meta[^>]*?charset=[\"']*(.+?)[\"'>]",
        r"<meta[^>]*?content=[\"']*;?charset=(.+?)[\"'>]",
        r"^<\?xml[^>]*?encoding=[\"']*(.+?)[\"'>]",
    )
    return [name for pattern in patterns for name in re.findall(pattern, content, re.I)]


def get_unicode_from_response(r: Response) -> str | None:
    """The body as text.  Deprecated, as in requests."""
    _deprecated("get_unicode_from_response", "response.text")
    content = r.content
    encoding = get_encoding_from_headers(r.headers)
    return _text.decode(content, encoding or r.apparent_encoding) if content else ""


def _deprecated(name: str, better: str) -> None:
    import warnings

    warnings.warn(f"{name} is deprecated; use {better}", DeprecationWarning, stacklevel=3)


# -- URLs ----------------------------------------------------------------------


def get_auth_from_url(url: str) -> tuple[str, str]:
    """The user and password in a URL, decoded; two empty strings where there are none."""
    try:
        return _urls.userinfo_of(url)
    except InvalidURL:
        return "", ""


def urldefragauth(url: str) -> str:
    """A URL without its fragment, user and password."""
    scheme, netloc, path, params, query, _ = urlparse(url)
    if not netloc:  # as in "example.com/path", whose first part is meant as the host
        netloc, path = path, ""
    netloc = netloc.rpartition("@")[2]
    return urlunparse((scheme, netloc, path, params, query, ""))


def prepend_scheme_if_needed(url: str, new_scheme: str) -> str:
    """A URL with a scheme: ``new_scheme`` where it has none.

    :raises urllib3.exceptions.LocationParseError: when it is no URL.
    """
    parsed = parse_url(url)
    return (parsed if parsed.scheme else parsed._replace(scheme=new_scheme)).url


def unquote_unreserved(uri: str) -> str:
    """A URI in which characters that need no percent-encoding have none.

    :raises InvalidURL: for a percent sign that two letters or digits follow that are
        no hexadecimal number.
    """
    return re.sub(r"%([0-9A-Za-z]{2})", _unreserved, uri)


def _unreserved(escape: re.Match[str]) -> str:
    try:
        character = chr(int(escape[1], 16))
    except ValueError:
        raise InvalidURL(f"Invalid percent-escape sequence: {escape[1]!r}") from None
    return character if character in UNRESERVED_SET else escape[0]


def requote_uri(uri: str) -> str:
    """A URI with everything percent-encoded that has to be, and nothing twice."""
    try:
        return quote(unquote_unreserved(uri), safe="!#$%&'()*+,/:;=?@[]~")
    except InvalidURL:  # a percent sign of its own
        return quote(uri, safe="!#$&'()*+,/:;=?@[]~")


# -- what the environment says -------------------------------------------------


def get_netrc_auth(url: str | bytes, raise_errors: bool = False) -> tuple[str, str] | None:
    """The login and password that netrc has for a URL's host.

    :param raise_errors: whether a file that cannot be read or understood is an error of
        :mod:`netrc` or the system; else it has nothing.
    """
    text = _urls.as_text(url)
    if raise_errors and (path := _environment.netrc_file()) is not None:
        from netrc import netrc

        netrc(path)
    try:
        found = _environment.netrc_credentials(text)
    except InvalidURL:
        return None
    return found if found is not None and any(found) else None


def get_environ_proxies(url: str, no_proxy: str | None = None) -> dict[str, str]:
    """The proxies of the environment, for every scheme; none if NO_PROXY exempts the URL."""
    return {} if should_bypass_proxies(url, no_proxy=no_proxy) else getproxies()


def should_bypass_proxies(url: str, no_proxy: str | None) -> bool:
    """Whether NO_PROXY, or ``no_proxy`` in its place, exempts this URL from proxies."""
    if _environment.bypasses_proxy(url, no_proxy):
        return True
    with set_environ("no_proxy", no_proxy):  # and the system's own list, where it has one
        return bool(proxy_bypass(urlparse(_urls.as_text(url)).hostname or ""))


def select_proxy(url: str, proxies: Mapping[str, str] | None) -> str | None:
    """The proxy for a URL out of a mapping by scheme and host."""
    try:
        return _environment.select_proxy(url, proxies)
    except InvalidURL:  # without a host, say: then the scheme alone decides
        found = proxies or {}
        return found.get(urlparse(url).scheme, found.get("all"))


def resolve_proxies(
    request: Any, proxies: Mapping[str, str] | None, trust_env: bool = True
) -> dict[str, str]:
    """A caller's proxies with the environment's for the URL of ``request``."""
    return _environment.resolve_proxies(request.url, proxies, trust_env)


@contextlib.contextmanager
def set_environ(env_name: str, value: str | None) -> Iterator[None]:
    """Set a variable of the environment for the time of a block; ``None`` changes nothing."""
    if value is None:
        yield
        return
    before = os.environ.get(env_name)
    os.environ[env_name] = value
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(env_name, None)
        else:
            os.environ[env_name] = before


def is_ipv4_address(string_ip: str) -> bool:
    """Whether it is an IPv4 address."""
    from ipaddress import IPv4Address

    try:
        IPv4Address(string_ip)
    except ValueError:
        return False
    return True


def is_valid_cidr(string_network: str) -> bool:
    """Whether it is an IPv4 address with the length of a prefix, 1 to 32."""
    address, slash, length = string_network.partition("/")
    return (
        bool(slash) and is_ipv4_address(address) and length.isdecimal() and 1 <= int(length) <= 32
    )


def address_in_network(ip: str, net: str) -> bool:
    """Whether an IPv4 address is in the network ``address/length``.

    :raises ValueError: when either is none.
    """
    from ipaddress import IPv4Address, IPv4Network

    return IPv4Address(ip) in IPv4Network(net, strict=False)


def dotted_netmask(mask: int) -> str:
    """The netmask of a prefix of that length, in dotted form: 24 is 255.255.255.0."""
    from ipaddress import IPv4Network

    return str(IPv4Network((0, mask)).netmask)


# -- files ---------------------------------------------------------------------


def extract_zipped_paths(path: str) -> str:
    """``path``; when it leads into a zip file, a copy of that member in a temporary folder."""
    if os.path.exists(path):
        return path
    archive, member = path, ""
    while archive and not os.path.exists(archive):
        parent, name = os.path.split(archive)
        if parent == archive:
            return path
        archive, member = parent, f"{name}/{member}" if member else name
    import tempfile
    from zipfile import ZipFile, is_zipfile

    if not os.path.isfile(archive) or not is_zipfile(archive):
        return path
    with ZipFile(archive) as opened:
        if member not in opened.namelist():
            return path
        copied = os.path.join(tempfile.gettempdir(), os.path.basename(member))
        if not os.path.exists(copied):
            with atomic_open(copied) as file:
                file.write(opened.read(member))
    return copied


@contextlib.contextmanager
def atomic_open(filename: str) -> Iterator[IO[bytes]]:
    """A new file to write, which is at ``filename`` only when the block has ended well."""
    import tempfile

    descriptor, written = tempfile.mkstemp(dir=os.path.dirname(filename) or ".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        os.replace(written, filename)
    except BaseException:
        os.remove(written)
        raise
