"""Cookie jars: what servers and callers store, and what is sent back.

:class:`RequestsCookieJar` is an :class:`http.cookiejar.CookieJar` with the
manners of a dictionary.  It follows RFC 6265bis itself; a request looks only at
the cookies of its host and of the domains above it, however many others there are.
Any other ``CookieJar`` that the caller brings is asked through :class:`MockRequest` and
:class:`MockResponse`, by its own policy.

Nothing here knows of sessions, redirects or credentials: which jar takes part in
which request is decided above.  How cookies are written, which make way when there are
too many, and how they are kept in a file, is known below (``_cookie_field``,
``_cookie_limits``, ``_cookie_files``).
"""

from __future__ import annotations

import copy
import math
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from http.cookiejar import Cookie, CookieJar, CookiePolicy, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from . import _cookie_field as field
from . import _cookie_rules as rules
from . import _cookie_stand_ins as stand_ins
from ._cookie_limits import (
    MAX_PER_DOMAIN,
    MAX_PER_RESPONSE,
    MAX_TOTAL,
    surplus_of_domain,
    surplus_of_jar,
)
from ._cookie_stand_ins import MockRequest, MockResponse
from ._cookie_times import CREATED, USED, created, has_ended
from .exceptions import CookieConflictError, CookieFileError, InvalidOption

if TYPE_CHECKING:
    import os
    from http.cookies import Morsel

    from ._cookie_subdomains import Subdomains
    from ._types import RequestLike

__all__ = [
    "CookieConflictError",
    "CookieFileError",
    "MockRequest",
    "MockResponse",
    "RequestsCookieJar",
    "cookie_header_for",
    "cookiejar_from_dict",
    "copy_cookie_jar",
    "create_cookie",
    "extract_cookies_to_jar",
    "get_cookie_header",
    "merge_cookies",
    "morsel_to_cookie",
    "remove_cookie_by_name",
    "store_from_response",
]

# Stands for "no policy but RFC 6265bis"; shared by all jars that were given none.
_RULES: Final = DefaultCookiePolicy()


class RequestsCookieJar(CookieJar, MutableMapping[str, "str | None"]):
    """A cookie jar that reads like a dictionary of names and values.

    Iteration gives :class:`http.cookiejar.Cookie` objects; ``keys()``,
    ``values()`` and ``items()`` give names and values.  A cookie that the caller
    sets without a domain is sent to every host.  Where several domains or paths
    have a cookie of one name, ``get(name, domain=…, path=…)`` tells them apart.

    Cookies from servers are accepted and sent by RFC 6265bis.  A ``policy``
    that the caller sets may refuse more; it cannot allow more.

    Safe for use by several threads; can be pickled and copied.
    """

    _policy: CookiePolicy
    _cookies: dict[str, dict[str, dict[str, Cookie]]]

    def __init__(self, policy: CookiePolicy | None = None) -> None:
        super().__init__(_RULES if policy is None else policy)
        self._room = MAX_TOTAL
        self._subdomains: Subdomains | None = None

    # As a dictionary.

    def get(
        self,
        name: str,
        default: Any = None,
        domain: str | None = None,
        path: str | None = None,
    ) -> Any:
        """The value of the cookie of that name, or ``default``.

        :raises CookieConflictError: when several match.
        """
        try:
            return self._find_no_duplicates(name, domain, path)
        except KeyError:
            return default

    def set(self, name: str, value: str | Morsel[Any] | None, **kwargs: Any) -> Cookie | None:
        """Store a cookie; ``None`` as the value removes those of that name.

        :param kwargs: ``domain``, ``path`` and the other parameters of
            :func:`create_cookie`.
        :returns: the cookie, or ``None`` when it was one to remove.
        :raises InvalidOption: for a parameter that cookies do not have.
        """
        if value is None:
            remove_cookie_by_name(self, name, kwargs.get("domain"), kwargs.get("path"))
            return None
        cookie = _morsel_or_none(value) or create_cookie(name, value, **kwargs)
        self.set_cookie(cookie)
        return cookie

    def iterkeys(self) -> Iterator[str]:
        """The names, one by one."""
        return iter(self.keys())

    def keys(self) -> list[str]:  # type: ignore[override]  # a list, as in requests
        """The names; one that several cookies have occurs as often."""
        return [cookie.name for cookie in self]

    def itervalues(self) -> Iterator[str | None]:
        """The values, one by one."""
        return iter(self.values())

    def values(self) -> list[str | None]:  # type: ignore[override]  # a list, as in requests
        """The values."""
        return [cookie.value for cookie in self]

    def iteritems(self) -> Iterator[tuple[str, str | None]]:
        """Pairs of name and value, one by one."""
        return iter(self.items())

    def items(self) -> list[tuple[str, str | None]]:  # type: ignore[override]  # a list, as in requests
        """Pairs of name and value."""
        return [(cookie.name, cookie.value) for cookie in self]

    def list_domains(self) -> list[str]:
        """The domains that cookies are stored for, each once."""
        return list(dict.fromkeys(cookie.domain for cookie in self))

    def list_paths(self) -> list[str]:
        """The paths that cookies are stored for, each once."""
        return list(dict.fromkeys(cookie.path for cookie in self))

    def multiple_domains(self) -> bool:
        """Whether cookies are stored for more than one domain."""
        return len(self.list_domains()) > 1

    def get_dict(self, domain: str | None = None, path: str | None = None) -> dict[str, str | None]:
        """A plain dictionary of the cookies, or of those of that domain and path."""
        return {c.name: c.value for c in self if _is_at(c, domain, path)}

    def __iter__(self) -> Iterator[Cookie]:  # type: ignore[override]  # cookies, as in http.cookiejar
        """The cookies as they are now; changes during the iteration do no harm."""
        with self._cookies_lock:
            return iter(
                [
                    cookie
                    for paths in self._cookies.values()
                    for names in paths.values()
                    for cookie in names.values()
                ]
            )

    def __len__(self) -> int:
        with self._cookies_lock:
            return sum(len(names) for paths in self._cookies.values() for names in paths.values())

    def __contains__(self, name: object) -> bool:
        return any(cookie.name == name for cookie in self)

    def __getitem__(self, name: str) -> str | None:
        """The value of the cookie of that name.

        :raises KeyError: when there is none.
        :raises CookieConflictError: when there are several.
        """
        return self._find_no_duplicates(name)

    def __setitem__(self, name: str, value: str | Morsel[Any] | None) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        remove_cookie_by_name(self, name)

    def _find_no_duplicates(
        self, name: str, domain: str | None = None, path: str | None = None
    ) -> str | None:
        found = [c for c in self if c.name == name and _is_at(c, domain, path)]
        if not found:
            raise KeyError(f"name={name!r}, domain={domain!r}, path={path!r}")
        if len(found) > 1:
            raise CookieConflictError(
                f"{len(found)} cookies are named {name!r}; give the domain or path of one: "
                + ", ".join(sorted(f"{c.domain}{c.path}" for c in found))
            )
        return found[0].value

    def update(self, other: Any = (), /, **kwargs: Any) -> None:
        """Add copies of another jar's cookies, or the names and values of a mapping."""
        if isinstance(other, CookieJar):
            for cookie in other:
                self.set_cookie(copy.copy(cookie))
        else:
            super().update(other)
        for name, value in kwargs.items():
            self.set(name, value)

    # As an http.cookiejar.CookieJar.

    def set_cookie(self, cookie: Cookie) -> None:
        """Store a cookie as it is; one of the same domain, path and name makes way.

        :raises InvalidOption: when where it belongs is not told in text.
        """
        for part in (cookie.domain, cookie.path, cookie.port or ""):
            if not isinstance(part, str):
                raise InvalidOption(
                    f"the cookie {cookie.name!r} should have text for its domain, path and port, "
                    f"not {type(part).__name__}"
                )
        with self._cookies_lock:
            domain = cookie.domain
            if domain not in self._cookies:
                self._cookies[domain] = {}
                if self._subdomains is not None:
                    self._subdomains.add(domain)
            names = self._cookies[domain].setdefault(cookie.path, {})
            previous = names.get(cookie.name)
            names[cookie.name] = cookie
            if previous is not None:
                cookie.__dict__[CREATED] = created(previous)
                return
            cookie.__dict__.setdefault(CREATED, time.time())
            if USED in cookie.__dict__:
                self._room -= 1

    def clear(
        self, domain: str | None = None, path: str | None = None, name: str | None = None
    ) -> None:
        """Remove all cookies, or those of a domain, of a path in it, or the one of that name.

        :raises KeyError: when there is none.
        """
        with self._cookies_lock:
            if domain is None:
                super().clear(domain, path, name)
                self._room, self._subdomains = MAX_TOTAL, None
                return
            super().clear(domain, path, name)
            paths = self._cookies.get(domain, {})
            if path is not None and not paths.get(path, True):
                del paths[path]
            if not paths:
                self._cookies.pop(domain, None)
                if self._subdomains is not None:
                    self._subdomains.discard(domain)

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Store what ``response`` sets, by RFC 6265bis.

        :param response: with ``info().get_all("Set-Cookie")``, as of ``urllib.request``.
        :param request: a :class:`MockRequest` or :class:`urllib.request.Request`.
        """
        lines = response.info().get_all("Set-Cookie", [])
        if lines:
            self._store(request.get_full_url(), lines, request)

    def add_cookie_header(self, request: Any) -> None:
        """Give ``request`` its Cookie header, by RFC 6265bis, unless it has one."""
        if request.has_header("Cookie"):
            return
        header = field.value(self._matching(request.get_full_url(), request))
        if header is not None:
            request.add_unredirected_header("Cookie", header)

    def set_policy(self, policy: CookiePolicy) -> None:
        """Let ``policy`` refuse cookies that RFC 6265bis would allow."""
        self._policy = policy

    def get_policy(self) -> CookiePolicy:
        """The policy; from then on this jar asks it, as it may be changed."""
        if self._policy is _RULES:
            self._policy = DefaultCookiePolicy()
        return self._policy

    def copy(self) -> RequestsCookieJar:
        """A jar with copies of the cookies and the same policy."""
        other = copy.copy(self)
        other._cookies = {}  # those of self until here
        other._room = MAX_TOTAL
        other.update(self)
        return other

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_cookies_lock"]
        with self._cookies_lock:  # while they are written, another thread may set some
            state["_cookies"] = {
                domain: {path: names.copy() for path, names in paths.items()}
                for domain, paths in self._cookies.items()
            }
        state["_subdomains"] = None
        if self._policy is _RULES:
            del state["_policy"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__.setdefault("_policy", _RULES)
        self._cookies_lock = threading.RLock()

    # What is sent (RFC 6265bis, section 5.8).

    def _matching(self, url: str, request: Any = None, unbound: bool = True) -> list[Cookie]:
        """The cookies for ``url``, in no order; expired ones that are met are dropped."""
        if not self._cookies:
            return []
        target = rules.read_url(url)
        if target is None:
            return []
        with self._cookies_lock:
            now = time.time()
            found = self._candidates(target, unbound)
            live = [c for c in found if c.expires is None or c.expires > now]
            if len(live) != len(found):
                self._drop([c for c in found if has_ended(c, now)])
            if self._policy is not _RULES:
                live = stand_ins.permitted(
                    self._policy, live, request or stand_ins.request_to(url), now
                )
            for cookie in live:
                if USED in cookie.__dict__:
                    cookie.__dict__[USED] = now
        return live

    def _candidates(self, target: rules.Target, unbound: bool) -> list[Cookie]:
        """The cookies that match ``target``, expired ones among them."""
        found = []
        for domain, host_only_too in rules.lookup_keys(target.host)[0 if unbound else 1 :]:
            for path, names in self._cookies.get(domain, {}).items():
                if path != "/" and not rules.path_matches(target.path, path):
                    continue
                for cookie in names.values():
                    if (
                        (host_only_too or cookie.domain_specified)
                        and (target.secure or not cookie.secure)
                        and (cookie.port is None or str(target.port) in cookie.port.split(","))
                    ):
                        found.append(cookie)
        return found

    def _drop(self, cookies: Iterable[Cookie]) -> None:
        for cookie in cookies:
            self.clear(cookie.domain, cookie.path, cookie.name)

    # What is stored (RFC 6265bis, section 5.7).

    def _store(self, url: str, lines: Sequence[str], request: Any = None) -> None:
        """Store what the Set-Cookie fields ``lines`` of an answer from ``url`` say."""
        target = rules.read_url(url)
        if target is None:
            return
        now = time.time()
        policy = None if self._policy is _RULES else self._policy
        stored = 0
        with self._cookies_lock:
            for line in lines:
                cookie = self._received(line, target, now)
                if cookie is None:
                    continue
                if policy is not None and not stand_ins.acceptable(
                    policy, cookie, request or stand_ins.request_to(url), now
                ):
                    continue
                self._keep(cookie, now)
                stored += 1
                if stored == MAX_PER_RESPONSE:
                    break

    def _received(self, line: str, target: rules.Target, now: float) -> Cookie | None:
        """The cookie of a Set-Cookie field, if ``target`` may set it here."""
        said = rules.parse_set_cookie(line, now)
        place = said and rules.admit(said, target)
        if not said or not place:
            return None
        if not target.secure and self._shadows_secure(said.name, place, now):
            return None
        cookie = create_cookie(
            said.name,
            said.value,
            domain=place.domain if place.host_only else "." + place.domain,
            path=place.path,
            secure=said.secure,
            expires=None if said.expires is None else math.ceil(said.expires),
            discard=said.expires is None,
            rest=said.rest,
        )
        cookie.domain_specified = not place.host_only
        cookie.path_specified = bool(said.path)
        cookie.__dict__[USED] = now
        return cookie

    def _shadows_secure(self, name: str, place: rules.Admitted, now: float) -> bool:
        """Whether a cookie from http would get in the way of a Secure one (step 15)."""
        if not self._cookies:
            return False
        if self._subdomains is None or not self._subdomains.covers(self._cookies):
            from ._cookie_subdomains import Subdomains

            self._subdomains = Subdomains(self._cookies)
        related = [domain for domain, _ in rules.lookup_keys(place.domain) if domain]
        for domain in (*related, *self._subdomains.below(place.domain)):
            for path, names in self._cookies.get(domain, {}).items():
                cookie = names.get(name)
                if cookie is None or not cookie.secure or has_ended(cookie, now):
                    continue
                if rules.path_matches(place.path, path):
                    return True
        return False

    def _keep(self, cookie: Cookie, now: float) -> None:
        """Store a server's cookie, or remove what it replaces when it has ended already."""
        if has_ended(cookie, now):
            names = self._cookies.get(cookie.domain, {}).get(cookie.path, {})
            if cookie.name in names:
                self.clear(cookie.domain, cookie.path, cookie.name)
            return
        self.set_cookie(cookie)
        self._limit_domain(cookie.domain.removeprefix("."), now)
        if self._room < 0:
            self._limit_total(now)

    def _limit_domain(self, domain: str, now: float) -> None:
        """Keep a domain to what servers may store there."""
        here = [self._cookies.get(key, {}) for key in (domain, "." + domain)]
        if sum(len(names) for paths in here for names in paths.values()) > MAX_PER_DOMAIN:
            stored = [c for paths in here for names in paths.values() for c in names.values()]
            self._drop(surplus_of_domain(stored, now))

    def _limit_total(self, now: float) -> None:
        """Keep the jar to what servers may store in it."""
        surplus, room = surplus_of_jar(iter(self), now)
        self._drop(surplus)
        self._room = room

    # On disk.

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the cookies to a JSON file, session cookies too, expired ones not.

        The file is JSON, so that loading runs no code.  It is readable by its owner
        alone, and is replaced as a whole or not at all.  A symbolic link of that name
        is replaced, too, and what it led to is left as it is.

        :raises CookieFileError: when it cannot be written.
        """
        from . import _cookie_files as files

        now = time.time()
        files.write(path, [files.to_json(c) for c in self if not has_ended(c, now)])

    def load(self, path: str | os.PathLike[str]) -> None:
        """Add the cookies that :meth:`save` wrote; all of them or, on an error, none.

        :raises CookieFileError: when the file is missing or is not one of cookies.
        """
        from . import _cookie_files as files

        for cookie in files.read(path):
            self.set_cookie(cookie)


def _is_at(cookie: Cookie, domain: str | None, path: str | None) -> bool:
    return (domain is None or cookie.domain == domain) and (path is None or cookie.path == path)


# -- the two calls of every exchange -------------------------------------------


def cookie_header_for(
    jar: CookieJar, url: str, extra: CookieJar | None = None, *, unbound: bool = True
) -> str | None:
    """The value of the Cookie field for a request to ``url``.

    :param jar: the cookies, usually a session's.
    :param url: the absolute URL, as prepared.
    :param extra: further cookies, usually the call's own; they take the place of
        those in ``jar`` that have the same domain, path and name.
    :param unbound: whether to send cookies that the caller bound to no domain.
    :returns: the value, at most 8,190 octets with the field's name, or ``None``
        when there is nothing to send.
    :raises InvalidHeader: when a cookie that the caller set may not go on the wire.

    The cost depends on the cookies of the URL's host and the domains above it,
    not on how many others a :class:`RequestsCookieJar` holds.
    """
    if isinstance(jar, RequestsCookieJar):
        if extra is None:
            return field.value(jar._matching(url, None, unbound)) if jar._cookies else None
        if isinstance(extra, RequestsCookieJar):
            both = jar._matching(url, None, unbound) + extra._matching(url, None, unbound)
            return field.value(list({(c.domain, c.path, c.name): c for c in both}.values()))
    parts = [_foreign_header(each, url, unbound) for each in (jar, extra) if each is not None]
    return "; ".join(part for part in parts if part) or None


def store_from_response(jar: CookieJar, url: str, set_cookie: Sequence[str]) -> None:
    """Store what an answer set.

    :param jar: where to; a jar of another kind decides by its own policy.
    :param url: the absolute URL of the request.
    :param set_cookie: the values of the Set-Cookie fields, one item for each.
    """
    if not set_cookie:
        return
    if isinstance(jar, RequestsCookieJar):
        jar._store(url, set_cookie)
    else:
        jar.extract_cookies(stand_ins.response_with(set_cookie), stand_ins.request_to(url))


def _foreign_header(jar: CookieJar, url: str, unbound: bool) -> str | None:
    """The Cookie header by the jar's own lights, checked."""
    if not unbound and any(not cookie.domain for cookie in jar):
        jar = copy_cookie_jar(jar)
        jar.clear("")
    request = stand_ins.request_to(url)
    jar.add_cookie_header(request)
    header: str | None = request.get_new_headers().get("Cookie")
    if header is not None:
        field.check(header)
    return header


def extract_cookies_to_jar(jar: CookieJar, request: RequestLike, response: Any) -> None:
    """Store the cookies of a response.

    :param request: the prepared request that was answered.
    :param response: what an adapter has in ``raw``: a
        :class:`urllib3.response.BaseHTTPResponse` or the like.
    """
    store_from_response(jar, stand_ins.effective_url(request), stand_ins.set_cookie_lines(response))


def get_cookie_header(jar: CookieJar, request: RequestLike) -> str | None:
    """The Cookie header for a prepared request; ``None`` when it has one already.

    :raises InvalidHeader: when a cookie that the caller set may not go on the wire.
    """
    if "Cookie" in request.headers:
        return None
    return cookie_header_for(jar, stand_ins.effective_url(request))


# -- making and merging --------------------------------------------------------


def create_cookie(name: str, value: Any, **kwargs: Any) -> Cookie:
    """A cookie; without a domain it is sent to every host.

    :param kwargs: ``domain``, ``path``, ``secure``, ``expires`` (seconds since
        the epoch), ``discard``, ``rest`` (such as ``{"HttpOnly": None}``),
        ``port``, ``version``, ``comment``, ``comment_url``, ``rfc2109``.
    :raises InvalidOption: for any other, or for a value that it cannot have.
    """
    settings: dict[str, Any] = {
        "version": 0,
        "port": None,
        "domain": "",
        "path": "/",
        "secure": False,
        "expires": None,
        "discard": True,
        "comment": None,
        "comment_url": None,
        "rest": {"HttpOnly": None},
        "rfc2109": False,
    }
    unknown = kwargs.keys() - settings.keys()
    if unknown:
        raise InvalidOption(f"a cookie has no {', '.join(sorted(unknown))}")
    settings.update(kwargs)
    domain = settings["domain"] = settings["domain"] or ""
    try:
        return Cookie(
            name=name,
            value=value,
            port_specified=bool(settings["port"]),
            domain_specified=bool(domain),
            domain_initial_dot=domain.startswith("."),
            path_specified=bool(settings["path"]),
            **settings,
        )
    except (ValueError, TypeError, AttributeError, OverflowError) as exc:
        raise InvalidOption(f"the cookie {name!r} cannot be made: {exc}") from exc


def _morsel_or_none(value: Any) -> Cookie | None:
    """The cookie of a morsel; ``None`` for a plain value."""
    if isinstance(value, str):
        return None
    from http.cookies import Morsel

    return morsel_to_cookie(value) if isinstance(value, Morsel) else None


def morsel_to_cookie(morsel: Morsel[Any]) -> Cookie:
    """The cookie that a morsel of :mod:`http.cookies` describes.

    :raises InvalidOption: when its max-age or expires cannot be read.
    """
    return create_cookie(
        morsel.key,
        morsel.value,
        comment=morsel["comment"],
        comment_url=bool(morsel["comment"]),
        discard=False,
        domain=morsel["domain"],
        expires=_morsel_expiry(morsel),
        path=morsel["path"],
        rest={"HttpOnly": morsel["httponly"]},
        secure=bool(morsel["secure"]),
        version=morsel["version"] or 0,
    )


def _morsel_expiry(morsel: Morsel[Any]) -> int | None:
    max_age, expires = morsel["max-age"], morsel["expires"]
    if max_age:
        try:
            return int(time.time() + int(max_age))
        except (ValueError, TypeError) as exc:
            raise InvalidOption(f"max-age should be a number of seconds, not {max_age!r}") from exc
    if not expires:
        return None
    moment = rules.parse_date(expires) if isinstance(expires, str) else None
    if moment is None:
        raise InvalidOption(f"expires should be a date such as RFC 6265 has, not {expires!r}")
    return int(moment)


_Jar = TypeVar("_Jar", bound=CookieJar)


@overload
def cookiejar_from_dict(
    cookie_dict: Mapping[str, Any] | None, cookiejar: None = None, overwrite: bool = True
) -> RequestsCookieJar: ...


@overload
def cookiejar_from_dict(
    cookie_dict: Mapping[str, Any] | None, cookiejar: _Jar, overwrite: bool = True
) -> _Jar: ...


def cookiejar_from_dict(
    cookie_dict: Mapping[str, Any] | None,
    cookiejar: CookieJar | None = None,
    overwrite: bool = True,
) -> CookieJar:
    """A jar with the names and values of a mapping, for every host.

    :param cookiejar: the jar to add them to; a new one when not given.
    :param overwrite: whether they replace cookies of the same name.
    :raises InvalidOption: when it is not a mapping.
    """
    jar = RequestsCookieJar() if cookiejar is None else cookiejar
    if cookie_dict is None:
        return jar
    if not isinstance(cookie_dict, Mapping):
        raise InvalidOption(
            f"cookies are made from a mapping or a cookie jar, not {type(cookie_dict).__name__}"
        )
    present = set() if overwrite else {cookie.name for cookie in jar}
    for name, value in cookie_dict.items():
        if name not in present:
            jar.set_cookie(create_cookie(name, value))
    return jar


def merge_cookies(cookiejar: _Jar, cookies: Mapping[str, Any] | CookieJar | None) -> _Jar:
    """Add cookies to a jar and return it; a mapping does not replace what is there.

    :raises InvalidOption: when ``cookiejar`` is not a jar or ``cookies`` is
        neither a mapping nor a jar.
    """
    if not isinstance(cookiejar, CookieJar):
        raise InvalidOption(
            f"cookies are merged into a CookieJar, not into {type(cookiejar).__name__}"
        )
    if isinstance(cookies, CookieJar):
        for cookie in cookies:
            cookiejar.set_cookie(copy.copy(cookie))
        return cookiejar
    return cookiejar_from_dict(cookies, cookiejar, overwrite=False)


def remove_cookie_by_name(
    cookiejar: CookieJar, name: str, domain: str | None = None, path: str | None = None
) -> None:
    """Remove the cookies of that name, from everywhere or from that domain and path."""
    found = [c for c in cookiejar if c.name == name and _is_at(c, domain, path)]
    for cookie in found:
        cookiejar.clear(cookie.domain, cookie.path, cookie.name)


def copy_cookie_jar(jar: _Jar) -> _Jar:
    """A jar of the same kind and policy with copies of the cookies."""
    if isinstance(jar, RequestsCookieJar):
        return jar.copy()  # type: ignore[return-value]  # of jar's own class
    other = copy.copy(jar)
    other._cookies = {}  # type: ignore[attr-defined]  # clear() would empty the original's
    for cookie in jar:
        other.set_cookie(copy.copy(cookie))
    return other
