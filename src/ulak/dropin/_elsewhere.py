"""Names that code imports from a module of requests which only passes them on.

``from requests.adapters import urldefragauth`` works with requests because its adapters
happen to import that function.  ulak's modules do not import what they have no use for;
under the drop-in they get these names, so that such code runs.  To replace one
there (``mock.patch("requests.sessions.get_netrc_auth")``) changes nothing that ulak does.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["missing"]

#: Of a module of ulak: where the names are at home -> the names there; the one
#: after ``=``, if any, is what it is called in that module.
_ELSEWHERE: dict[str, dict[str, str]] = {
    "ulak.adapters": {
        "ulak.auth": "_basic_auth_str",
        "ulak.compat": "basestring urlparse",
        "ulak.cookies": "extract_cookies_to_jar",
        "ulak.exceptions": "ConnectTimeout ConnectionError InvalidHeader InvalidProxyURL"
        " InvalidSchema InvalidURL ProxyError ReadTimeout RetryError SSLError",
        "ulak.utils": "DEFAULT_CA_BUNDLE_PATH get_auth_from_url get_encoding_from_headers"
        " prepend_scheme_if_needed urldefragauth",
        "urllib3.exceptions": "ClosedPoolError ConnectTimeoutError HTTPError=_HTTPError"
        " InvalidHeader=_InvalidHeader LocationValueError MaxRetryError NewConnectionError"
        " ProtocolError ProxyError=_ProxyError ReadTimeoutError ResponseError"
        " SSLError=_SSLError",
        "ulak._transport.socks": "SOCKSProxyManager",
        "urllib3.poolmanager": "proxy_from_url",
        "urllib3.util": "Timeout=TimeoutSauce parse_url",
        "": "os socket warnings",
    },
    "ulak.api": {"ulak.models": "Response", "ulak": "sessions"},
    "ulak.auth": {
        "base64": "b64encode",
        "ulak.compat": "basestring str urlparse",
        "ulak.cookies": "extract_cookies_to_jar",
        "ulak.utils": "parse_dict_header to_native_string",
        "": "hashlib re time warnings",
    },
    "ulak.cookies": {
        "http.cookies": "Morsel",
        "ulak.cookies": "copy_cookie_jar=_copy_cookie_jar",
        "ulak.compat": "cookielib urlparse urlunparse",
        "ulak.utils": "to_native_string",
        "": "calendar",
    },
    "ulak.exceptions": {
        "json": "JSONDecodeError=CompatJSONDecodeError",
        "urllib3.exceptions": "HTTPError=BaseHTTPError",
    },
    "ulak.models": {
        "io": "UnsupportedOperation",
        "json": "JSONDecodeError",
        "ulak.auth": "HTTPBasicAuth",
        "ulak.compat": "basestring builtin_str chardet cookielib json=complexjson urlencode"
        " urlsplit urlunparse",
        "ulak.cookies": "copy_cookie_jar=_copy_cookie_jar cookiejar_from_dict get_cookie_header",
        "ulak.exceptions": "ChunkedEncodingError ConnectionError ContentDecodingError HTTPError"
        " InvalidJSONError InvalidURL JSONDecodeError=RequestsJSONDecodeError MissingSchema"
        " SSLError=RequestsSSLError StreamConsumedError",
        "ulak.status_codes": "codes",
        "ulak.utils": "check_header_validity get_auth_from_url guess_filename guess_json_utf"
        " iter_slices parse_header_links parse_url requote_uri stream_decode_response_unicode"
        " super_len to_key_val_list to_native_string",
        "ulak._internal_utils": "unicode_is_ascii",
        "urllib3": "encode_multipart_formdata",
        "urllib3.exceptions": "DecodeError LocationParseError ProtocolError ReadTimeoutError"
        " SSLError",
        "urllib3.fields": "RequestField",
        "": "datetime encodings",
    },
    "ulak.sessions": {
        "datetime": "timedelta",
        "ulak.auth": "_basic_auth_str",
        "ulak.compat": "Mapping MutableMapping OrderedDict cookielib urljoin urlparse",
        "ulak.cookies": "RequestsCookieJar cookiejar_from_dict extract_cookies_to_jar"
        " merge_cookies",
        "ulak.exceptions": "ChunkedEncodingError ContentDecodingError InvalidSchema"
        " TooManyRedirects",
        "ulak.hooks": "default_hooks",
        "ulak.models": "DEFAULT_REDIRECT_LIMIT Request",
        "ulak.status_codes": "codes",
        "ulak.structures": "CaseInsensitiveDict",
        "ulak.utils": "DEFAULT_PORTS get_auth_from_url get_environ_proxies get_netrc_auth"
        " requote_uri resolve_proxies rewind_body should_bypass_proxies to_key_val_list"
        " to_native_string",
        "": "os sys time",
    },
    "ulak.compat": {"types": "ModuleType", "": "importlib sys"},
    "ulak.help": {"": "urllib3"},
    "ulak.structures": {"collections": "OrderedDict"},
    "ulak.utils": {
        "collections.abc": "Iterable",
        "ulak": "certs",
        "urllib.request": "parse_http_list=_parse_list_header",
        "": "codecs io socket struct sys tempfile warnings zipfile",
    },
}


def missing(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """What ``module``, one of ulak's, does not have of these names, with the values."""
    for home, names in _ELSEWHERE.get(module.__name__, {}).items():
        for entry in names.split():
            name, _, given = entry.partition("=")
            given = given or name
            if given not in vars(module):
                source = import_module(home or name)
                yield given, getattr(source, name) if home else source
