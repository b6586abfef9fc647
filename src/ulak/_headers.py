"""Header fields: the mappings that hold them, their checks, and the syntax of some values.

Knows RFC 9110, section 5 (fields) and the value grammars that several places
need: lists and parameters (5.6), challenges (11.6.1), media types (8.3.1) and
links (RFC 8288).  Every parser takes whatever a hostile server sends: none
raises, and each runs in time linear in its input.  Which headers a request
gets, and what a response's mean, is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from .exceptions import InvalidHeader
from .structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from ._types import HeadersInput

# RFC 9110, section 5.6.2; and 5.5: visible characters and obs-text, blanks only inside.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_VALUE = r"(?:[!-~\x80-\xff][\t -~\x80-\xff]*+)?+"

# Names and values in turn, a line each.  Every request needs this pattern; the others
# are compiled when they are first used, so that importing ulak stays cheap.
_FIELDS = re.compile(rf"{_TOKEN}\n{_VALUE}(?:\n{_TOKEN}\n{_VALUE})*+")


class Headers(CaseInsensitiveDict[str]):
    """The fields of a message in their order, repeats included.

    As a mapping it has one entry per name, in the case of the first field, with
    the values of a repeated name joined by ``", "`` (RFC 9110, section 5.3).
    :meth:`get_all` and :meth:`multi_items` give the fields one by one.  Setting
    a name replaces all its fields by one, at the place of the first; deleting
    a name removes them all.

    :param fields: pairs of name and value; or a mapping.
    """

    _fields: list[tuple[str, str]]

    def __init__(
        self,
        fields: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        **kwargs: str,
    ) -> None:
        if type(fields) is list:
            self._fields = fields.copy()
        elif isinstance(fields, Headers):
            self._fields = fields._fields.copy()
        elif isinstance(fields, Mapping):
            self._fields = list(fields.items())  # pyright: ignore[reportAttributeAccessIssue]  # a mapping that yields pairs is none of str
        else:
            self._fields = [] if fields is None else list(fields)
        if kwargs:
            self._fields.extend(kwargs.items())
        self._index()

    def _index(self) -> None:
        """Make the mapping anew from the fields."""
        store = {field[0].lower(): field for field in self._fields}
        if len(store) == len(self._fields):
            self._store = store
            return
        store = {}
        repeated: dict[str, list[str]] = {}
        for field in self._fields:
            key = field[0].lower()
            if key in store:
                repeated.setdefault(key, [store[key][1]]).append(field[1])
            else:
                store[key] = field
        for key, values in repeated.items():
            store[key] = (store[key][0], ", ".join(values))
        self._store = store

    def get_all(self, name: str) -> list[str]:
        """The value of every field called ``name``, in order; empty if there is none."""
        key = name.lower()
        if key not in self._store:
            return []
        return [value for field, value in self._fields if field.lower() == key]

    def multi_items(self) -> list[tuple[str, str]]:
        """Every field as (name, value), in order: a new list."""
        return self._fields.copy()

    def __setitem__(self, key: str, value: str) -> None:
        lower = key.lower()
        if lower not in self._store:
            self._fields.append((key, value))
        else:
            at = next(i for i, (name, _) in enumerate(self._fields) if name.lower() == lower)
            rest = [field for field in self._fields[at + 1 :] if field[0].lower() != lower]
            self._fields[at:] = [(key, value), *rest]
        self._store[lower] = (key, value)

    def __delitem__(self, key: str) -> None:
        lower = key.lower()
        del self._store[lower]
        self._fields = [field for field in self._fields if field[0].lower() != lower]

    def copy(self) -> Headers:
        """New headers with the same fields."""
        return Headers(self)

    def __copy__(self) -> Headers:
        twin = super().__copy__()
        twin._fields = self._fields.copy()  # type: ignore[attr-defined]  # same class as self
        return twin  # type: ignore[return-value]  # likewise


class ReceivedHeaders(Headers):
    """The headers of an answer, taken apart when more than a value or two is asked for.

    :param head: gives ``fields``, and ``get(name)`` for a name in lower-case bytes.
    """

    def __init__(self, head: Any) -> None:
        self._head = head

    def __getattr__(self, name: str) -> Any:
        """Take the head apart: Python calls this for what is not there yet."""
        if name not in ("_fields", "_store"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self._fields = self.__dict__["_head"].fields.copy()
        self._index()
        return self.__dict__[name]

    def _look(self, key: Any) -> str | None:
        """One value, straight from the head."""
        if ":" in key or "\n" in key:  # no name, but it may be found in the bytes of a head
            return None
        try:
            found: str | None = self._head.get(key.lower().encode("latin-1"))
        except UnicodeEncodeError:
            return None
        return found

    def __getitem__(self, key: str) -> str:
        if "_store" in self.__dict__:
            return super().__getitem__(key)
        value = self._look(key)
        if value is None:
            raise KeyError(key.lower())
        return value

    def __contains__(self, key: object) -> bool:
        if "_store" in self.__dict__:
            return super().__contains__(key)
        return self._look(key) is not None

    def get(self, key: str, default: Any = None) -> Any:
        """The value under ``key`` in any case, or ``default``."""
        if "_store" in self.__dict__:
            return super().get(key, default)
        value = self._look(key)
        return default if value is None else value

    def __reduce__(self) -> tuple[type[Headers], tuple[list[tuple[str, str]]]]:
        return Headers, (self._fields,)


# What a caller gives.


def merge(session: HeadersInput, call: HeadersInput) -> CaseInsensitiveDict[Any]:
    """The headers of a session with those of one call over them, in a new mapping.

    A name that the call gives keeps the session's place and takes the call's
    case.  A value of ``None``, from either, takes the name away.  Values are not
    checked: :func:`prepare_headers` does that.

    :raises InvalidHeader: when an argument is neither a mapping nor pairs, or a
        name is neither str nor bytes.
    """
    if type(session) is CaseInsensitiveDict:
        merged: CaseInsensitiveDict[Any] = session.copy()
    else:
        merged = CaseInsensitiveDict()
        _put(merged, session)
    _put(merged, call)
    store = merged._store
    for lower in [key for key, (_, value) in store.items() if value is None]:
        del store[lower]
    return merged


def _put(target: CaseInsensitiveDict[Any], headers: HeadersInput) -> None:
    """Set each of ``headers`` in ``target``, names as str."""
    for name, value in _pairs(headers):
        target[name if type(name) is str else _native_name(name)] = value


class CheckedHeaders(CaseInsensitiveDict[str]):
    """What :func:`prepare_headers` made, for it to copy without checking again.

    Whoever makes one answers for it: it is not changed afterwards.
    """

    @classmethod
    def of(cls, headers: CaseInsensitiveDict[str]) -> CheckedHeaders:
        """A copy of ``headers``, which :func:`prepare_headers` returned."""
        checked = cls.__new__(cls)
        checked._store = headers._store.copy()
        return checked

    def under(self, call: Mapping[str, str]) -> CheckedHeaders:
        """These with a call's over them, as :func:`merge` puts them.

        :raises InvalidHeader: see :func:`prepare_headers`.
        """
        merged = CheckedHeaders.of(self)
        merged._store.update(prepare_headers(call)._store)
        return merged


def prepare_headers(headers: HeadersInput) -> CaseInsensitiveDict[str]:
    """The caller's headers, checked, in a new mapping.

    :param headers: a mapping or pairs.  Names are str, or bytes that are turned
        into str; values are str or bytes, and bytes stay bytes, as in requests.
        A name given twice has the last value.
    :raises InvalidHeader: a name is not a token (RFC 9110, section 5.1), or a value is
        not str or bytes, begins with a blank, or holds a control character or
        a character beyond U+00FF (section 5.5).  The message names the header and never
        shows the value.
    """
    if type(headers) is CheckedHeaders:
        return headers.copy()
    fields = _pairs(headers)
    if not fields:
        return CaseInsensitiveDict()
    try:
        lines = "\n".join(chain.from_iterable(fields))
    except TypeError:  # bytes, or a mistake
        return _prepare_one_by_one(fields)
    if lines.count("\n") != 2 * len(fields) - 1 or not _FIELDS.fullmatch(lines):
        return _prepare_one_by_one(fields)
    prepared: CaseInsensitiveDict[str] = CaseInsensitiveDict.__new__(CaseInsensitiveDict)
    prepared._store = {field[0].lower(): field for field in fields}
    return prepared


def _pairs(headers: object) -> list[tuple[Any, Any]]:
    """A mapping's items, or pairs, as a list of tuples."""
    if headers is None:
        return []
    if type(headers) is dict or isinstance(headers, Mapping):
        return list(headers.items())
    if isinstance(headers, Iterable) and not isinstance(headers, str | bytes):
        with suppress(TypeError, ValueError):
            return [(name, value) for name, value in headers]
    kind = type(headers).__name__
    raise InvalidHeader(f"headers= should be a mapping or pairs of name and value, not {kind}")


def _prepare_one_by_one(fields: list[tuple[Any, Any]]) -> CaseInsensitiveDict[str]:
    """The slow way of :func:`prepare_headers`: takes bytes, and says what is wrong."""
    prepared: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for given, value in fields:
        name = given if isinstance(given, str) else _native_name(given)
        if not re.fullmatch(_TOKEN, name):
            raise InvalidHeader(
                f"{shown_name(name)} is not a token: it may hold letters, digits "
                "and any of !#$%&'*+-.^_`|~"
            )
        _check_value(name, value)
        prepared[name] = value
    return prepared


def shown_name(name: str) -> str:
    """What a message says of a header's name that is none: a whole field may stand there."""
    begin = re.match(rf"{_TOKEN}|", name)
    return f"the header name that begins with {begin[0][:40] if begin else ''!r}"


def _native_name(name: object) -> str:
    """A header's name as str."""
    if isinstance(name, str):
        return name
    if isinstance(name, bytes):
        return name.decode("latin-1")
    raise InvalidHeader(f"a header's name must be str or bytes, not {type(name).__name__}")


def _check_value(name: str, value: object) -> None:
    """Refuse a value that may not go on the wire, without showing it."""
    if isinstance(value, str):
        sound = re.fullmatch(_VALUE, value) is not None
    elif isinstance(value, bytes):
        sound = re.fullmatch(_VALUE.encode("ascii"), value) is not None
    else:
        raise InvalidHeader(
            f"the value of header {name!r} must be str or bytes, not {type(value).__name__}"
        )
    if not sound:
        _refuse_value(name, value)


def _refuse_value(name: str, value: str | bytes) -> NoReturn:
    """Say what is wrong with a value that does not match."""
    text = value if isinstance(value, str) else value.decode("latin-1")
    if text[:1].isspace():
        fault = "begins with white space"
    elif max(text) > "\xff":
        fault = "holds a character outside Latin-1; encode it first, for example as UTF-8 bytes"
    else:
        fault = "holds a line break or another control character"
    raise InvalidHeader(f"the value of header {name!r} {fault}")


# What a server sends.

_QUOTED = r'"(?:[^"\\]++|\\.?)*+"?+'  # an unfinished one goes to the end
_QUOTED_CONTENT = r'(?s)"((?:[^"\\]++|\\.?)*+)'
_LIST_ITEM = rf'(?s)(?:[^",]++|{_QUOTED})++'
_SEPARATOR = r"[\s,]*+"
_SCHEME = rf"({_TOKEN})(?=[\s,]|\Z)"
_TOKEN68 = r"[ \t]++([A-Za-z0-9._~+/-]++=*+)(?=[ \t]*+(?:,|\Z))"
_AUTH_PARAM = rf'(?s)({_TOKEN})[ \t]*+=[ \t]*+({_QUOTED}|[^\s,"]*+)'
_MEDIA_PARAM = rf"(?s)([^=;]*+)(?:=[ \t]*+({_QUOTED}|)([^;]*+))?+(?:;|\Z)"
_LINK_TARGET = r"<([^>]*+)>?+|([^,;<]++)"
_LINK_PARAM = rf'(?s)[ \t]*+;[ \t]*+([^\s=;,"<]*+)[ \t]*+(?:=[ \t]*+({_QUOTED}|[^;,]*+))?+'


def _unquote(text: str) -> str:
    """The content of a quoted-string (RFC 9110, section 5.6.4); other text unchanged."""
    quoted = re.match(_QUOTED_CONTENT, text)
    return re.sub(r"(?s)\\(.)", r"\1", quoted[1]) if quoted else text


def _list_items(value: str) -> Iterator[str]:
    """The elements of a comma-separated list as they are; empty ones are skipped."""
    for match in re.finditer(_LIST_ITEM, value):
        item = match[0].strip()
        if item:
            yield item


def parse_list_header(value: str) -> list[str]:
    """The elements of a list (RFC 9110, section 5.6.1), those in quotes without them.

    Empty elements are left out, as the RFC asks.
    """
    return [_unquote(item) for item in _list_items(value)]


def parse_dict_header(value: str) -> dict[str, str | None]:
    """A list of ``name=value`` as a dictionary; a name alone has the value None.

    Names keep their case; of a repeated name the last value stays.
    """
    result: dict[str, str | None] = {}
    for item in _list_items(value):
        name, equals, text = item.partition("=")
        result[name.strip()] = _unquote(text.strip()) if equals else None
    return result


class Challenge(NamedTuple):
    """One way to authenticate that a server offers (RFC 9110, section 11.6.1)."""

    #: As sent; compare it in lower case.
    scheme: str
    #: By name in lower case, without quotes; of a repeated one the first.
    params: dict[str, str]
    #: What ``Negotiate`` and the like send instead of parameters.
    token68: str | None = None


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """The challenges of WWW-Authenticate or Proxy-Authenticate fields, in order.

    :param values: the value of each field.

    Several challenges in one field, parameters before any scheme, missing commas
    and unfinished quotes are all taken; what cannot be understood is skipped.
    """
    challenges: list[Challenge] = []
    for value in values:
        challenges.extend(_challenges_in(value))
    return challenges


def _challenges_in(value: str) -> list[Challenge]:
    """The challenges of one field."""
    found: list[Challenge] = []
    at = 0
    while True:
        start = at
        at = _end(_SEPARATOR, value, at)
        if at == len(value):
            return found
        if param := _match(_AUTH_PARAM, value, at):
            if found:
                found[-1].params.setdefault(param[1].lower(), _unquote(param[2]))
            at = param.end()
            continue
        # A challenge begins the field or follows a comma.
        begins = not start or "," in value[start:at]
        scheme = _match(_SCHEME, value, at) if begins else None
        if scheme is None:
            at = max(_end(_LIST_ITEM, value, at), at + 1)
            continue
        token = _match(_TOKEN68, value, scheme.end())
        found.append(Challenge(scheme[1], {}, token[1] if token else None))
        at = token.end() if token else scheme.end()


def _match(pattern: str, text: str, at: int) -> re.Match[str] | None:
    """A match of ``pattern`` that begins at ``at``."""
    return _compiled(pattern).match(text, at)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _end(pattern: str, text: str, at: int) -> int:
    """Where a match of ``pattern`` at ``at`` ends; ``at`` when there is none."""
    match = _match(pattern, text, at)
    return match.end() if match else at


def parse_content_type(value: str) -> tuple[str, dict[str, str]]:
    """A media type and its parameters (RFC 9110, section 8.3.1), both names in lower case.

    Values lose their quotes, single ones too; of a repeated parameter the last
    stays; a parameter without ``=`` is left out.
    """
    kind, semicolon, rest = value.partition(";")
    params: dict[str, str] = {}
    if semicolon:
        for name, text in _media_params(rest):
            params[name.strip(" \t\r\n'\"").lower()] = text
    return kind.strip().lower(), params


def _media_params(text: str) -> Iterator[tuple[str, str]]:
    """The parameters after a media type, those that have a name and a value."""
    if '"' not in text:
        for param in text.split(";"):
            name, _, value = param.partition("=")
            if name and value:
                yield name, value.strip(" \t'")
        return
    for name, quoted, plain in re.findall(_MEDIA_PARAM, text):
        if name and (quoted or plain):
            yield name, _unquote(quoted) if quoted else plain.strip(" \t'\"")


def parse_links(value: str) -> list[dict[str, str]]:
    """The links of a Link field (RFC 8288, section 3): each a dictionary.

    ``url`` is the target, as sent; the other keys are the link's parameters, in
    lower case.  Of a repeated parameter the first stays.
    """
    links: list[dict[str, str]] = []
    at = _end(_SEPARATOR, value, 0)
    while target := _match(_LINK_TARGET, value, at):
        link = {"url": (target[1] if target[2] is None else target[2]).strip(" \t'\"")}
        at = target.end()
        while param := _match(_LINK_PARAM, value, at):
            text = param[2]
            if param[1] and text is not None:
                plain = _unquote(text) if text[:1] == '"' else text.strip(" \t'\"")
                link.setdefault(param[1].lower(), plain)
            at = param.end()
        links.append(link)
        at = _end(_SEPARATOR, value, _end(_LIST_ITEM, value, at))
    return links
