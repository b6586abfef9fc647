"""What sync and async sessions share: settings, preparing, override points, the verbs.

Knows everything about a session that needs no I/O, which is all but sending.
:class:`ulak.Session` and :class:`ulak.AsyncSession` are siblings upon it: each
carries out the steps of a conversation in its way, and decides nothing.

How settings are merged, headers checked, proxies chosen, and strangers turned away, the
files beside this one know.  It is one class because what is public of it is patched
and overridden on the class of a session (``_inheritance``).
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from os import PathLike
from ssl import SSLContext
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from urllib3.util import Retry

from .. import _environment, _urls
from .._forks import renew_lock_in_child
from .._headers import merge
from .._inheritance import hand_down
from .._response import REDIRECT_STATI, BaseResponse
from .._types import UNSET, JSONDumps, JSONLoads
from ..exceptions import InvalidOption, InvalidSchema, RequestException
from ..hooks import default_hooks
from ..models import (
    DEFAULT_REDIRECT_LIMIT,
    PreparedRequest,
    Request,
    checked_hooks,
    hook_list,
    known_event,
)
from ..retries import resolve as resolve_retries
from ..timeouts import DEFAULT_TIMEOUT, Timeout, standard
from . import redirects
from .credentials import may_travel
from .flow import Conversation
from .guards import GUARDS, Guards
from .headers import HeaderCheck, default_headers, default_user_agent
from .proxies import ResolvedProxies as _Resolved  # the name that pickles have for it
from .proxies import checked_proxies, choose_proxies, keep_from_origin
from .settings import merge_hooks, merge_params
from .strangers import check_adapter, check_request, no_response
from .streaming import StreamSwitch, Unentered

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.cookiejar import CookieJar
    from types import FunctionType
    from typing import Unpack

    from .._types import (
        AllOptions,
        BodyOptions,
        Cert,
        Cookies,
        Data,
        Files,
        HeadersInput,
        Hooks,
        Params,
        Proxies,
        PutOptions,
        QueryOptions,
        RetriesInput,
        Unset,
        Verify,
    )
    from ..cookies import RequestsCookieJar
    from .flow import Steps

if TYPE_CHECKING:
    from .._addresses import AddressPolicy
else:  # it is imported with the first policy that there is; who looks annotations up finds a name
    AddressPolicy = Any

# What stood here before keeps its names, by which functions and classes are pickled.
__all__ = [
    "BaseSession",
    "Call",
    "StreamSwitch",
    "Unentered",
    "default_headers",
    "default_user_agent",
    "with_verbs",
]

#: What a verb gives: a response, or what is awaited for one.
Answer = TypeVar("Answer")
#: What ``session.stream(...)`` gives: a context manager.
Opened = TypeVar("Opened")

#: The arguments of one call of :meth:`BaseSession.request`: those of a :class:`Request` in its
#: order; those that :meth:`BaseSession.merge_environment_settings` takes after the URL; and
#: the guards (:data:`.guards.GUARDS`); ``allow_redirects``, ``timeout``, ``retries``,
#: ``raise_for_status``.
Call: TypeAlias = tuple[
    tuple[Any, ...], tuple[Any, ...], tuple[Any, ...], bool, Any, Any, bool | None
]

#: The guards of a call that names none.
_NO_GUARDS = (UNSET, None, UNSET)
#: How many keywords an adapter is sent a request with.
_FOR_ADAPTERS = len(("stream", "timeout", "verify", "cert", "proxies"))


class BaseSession(Generic[Answer, Opened]):
    """The settings of a session, and what it makes of a call before anything is sent.

    Every argument of the constructor is also an attribute, which may be changed later.
    """

    __attrs__: ClassVar[list[str]] = [
        "headers",
        "cookies",
        "auth",
        "proxies",
        "hooks",
        "params",
        "verify",
        "cert",
        "adapters",
        "stream",
        "trust_env",
        "max_redirects",
        "base_url",
        "timeout",
        "retries",
        "raise_for_status",
        "json_loads",
        "json_dumps",
        "max_body_size",
        "https_only",
        "address_policy",
    ]

    #: What responses are; what an adapter returns has to be one.
    _response_class: ClassVar[type[BaseResponse]]
    #: Whether it awaits its adapters and its bodies.
    _asynchronous: ClassVar[bool] = False

    base_url: str | None = None
    timeout: Any = DEFAULT_TIMEOUT
    retries: int | bool | Retry | None = None
    raise_for_status: bool = False
    json_loads: JSONLoads | None = None
    json_dumps: JSONDumps | None = None
    max_body_size: int | None = None
    https_only: bool = False
    address_policy: AddressPolicy | None = None
    headers: MutableMapping[str, Any]
    adapters: dict[str, Any]
    hooks: dict[str, Any]

    _header_check: HeaderCheck
    _streams: Any = False
    #: ``retries`` as it was last read, and what it stands for.
    _last_retries: tuple[Any, Retry | None] = (None, None)
    #: How often it was closed; it can be used again.
    _closings: int = 0
    #: Whether it is for one request, whose response may outlast it.
    _is_brief: bool = False

    def __init__(  # noqa: PLR0913 - keywords, each a setting of its own
        self,
        *,
        base_url: str | Unset | None = UNSET,
        headers: HeadersInput = None,
        params: Params = None,
        auth: Any = None,
        cookies: Cookies = None,
        proxies: Proxies = None,
        verify: Verify = True,
        cert: Cert = None,
        trust_env: bool = True,
        max_redirects: int = DEFAULT_REDIRECT_LIMIT,
        stream: bool = False,
        hooks: Hooks = None,
        adapters: Mapping[str, Any] | None = None,
        timeout: Any = UNSET,
        retries: RetriesInput | Unset = UNSET,
        raise_for_status: bool | Unset = UNSET,
        json_loads: JSONLoads | Unset | None = UNSET,
        json_dumps: JSONDumps | Unset | None = UNSET,
        max_body_size: int | Unset | None = UNSET,
        https_only: bool | Unset = UNSET,
        address_policy: AddressPolicy | Unset | None = UNSET,
    ) -> None:
        """Set what holds for every call that does not say otherwise.

        :param base_url: what a relative URL is appended to.
        :param headers: added to the default headers; ``None`` as a value takes a
            default away.
        :param params: for the query of every request.
        :param auth: ``(user, password)`` or an :class:`~ulak.auth.AuthBase`.
        :param cookies: the first cookies; a cookie jar is used as it is.
        :param proxies: proxy URLs by scheme, ``scheme://host``, or ``all``.
        :param verify: ``True`` for the well-known certificates, a path to other
            ones, an :class:`ssl.SSLContext`, or ``False`` not to verify at all.
        :param cert: the client's certificate: a path, ``(certificate, key)``, or
            ``(certificate, key, password)``.
        :param trust_env: whether to take proxies, a CA bundle and netrc credentials
            from the environment; what is set here or in a call wins.
        :param max_redirects: how many to follow.
        :param stream: whether to leave bodies unread until asked for.
        :param hooks: callables by event; see :mod:`ulak.hooks`.
        :param adapters: adapters by URL prefix, mounted besides those for
            ``http://`` and ``https://``.
        :param timeout: seconds, ``(connect, read)``, a :class:`~ulak.Timeout`, or
            ``None`` to wait for ever; the default is ``connect=10, read=300``.
        :param retries: further attempts, or a :class:`urllib3.util.Retry`.
        :param raise_for_status: whether a 4xx or 5xx raises :class:`HTTPError`.
        :param json_loads: what ``Response.json()`` reads text with.
        :param json_dumps: what ``json=`` is written with.
        :param max_body_size: most bytes of a body, after decoding; more is a
            :class:`~ulak.exceptions.BodyTooLarge`.  ``None`` for any number.
        :param https_only: whether a URL that is not ``https://``, a redirect's too, is
            refused: :class:`~ulak.exceptions.HTTPSRequired`.
        :param address_policy: which addresses may be connected to, on redirects too;
            others are an :class:`~ulak.exceptions.AddressDenied`.  ``None`` for all.
        :raises InvalidOption, InvalidTimeout, InvalidURL: when one makes no sense.
        """
        self.headers = default_headers()
        if headers is not None:
            self.headers = merge(self.headers, headers)
        self.params: Any = {} if params is None else params
        self.auth = auth
        self.proxies: Any = {} if proxies is None else dict(checked_proxies(proxies))
        self.verify = verify
        self.cert = cert
        self.trust_env = trust_env
        self.max_redirects = max_redirects
        self.stream = stream
        self.hooks = default_hooks()
        if hooks:
            for event, hook in checked_hooks(hooks).items():
                self.hooks[known_event(event)] = hook_list(event, hook)
        self._take_settings(
            {
                "base_url": base_url,
                "timeout": timeout,
                "retries": retries,
                "raise_for_status": raise_for_status,
                "json_loads": json_loads,
                "json_dumps": json_dumps,
                "max_body_size": max_body_size,
                "https_only": https_only,
                "address_policy": address_policy,
            }
        )
        self._cookies: CookieJar | None = None
        self._header_check = HeaderCheck()
        if cookies is not None:
            self.cookies = cookies
        self._environment = _environment.Environment()
        self.adapters = {}
        self._set_up()
        if adapters is not None:
            self._mount_all(adapters)

    def _take_settings(self, given: dict[str, Any]) -> None:
        """Set those of the settings that are ``given``, and see that all make sense.

        The others stay what a subclass may have declared or set before.

        :param given: by name; :data:`UNSET` where nothing was.
        :raises InvalidOption, InvalidTimeout, InvalidURL: when one makes no sense.
        """
        for name, value in given.items():
            if value is not UNSET:
                self.__dict__[name] = value
        if self.base_url is not None and not callable(self.base_url):
            _urls.prepare(self.base_url)
        if not callable(self.timeout):
            Timeout.of(self.timeout)
        self._own_retries()
        Guards.of(self, {})

    @property
    def _overrides_send(self) -> bool:
        """Whether ``send`` is a subclass's, or was replaced: then each hop goes through it."""
        raise NotImplementedError

    @property
    def stream(self) -> StreamSwitch[Opened]:
        """Whether to leave bodies unread; called, it sends one request whose body is not read.

        :meth:`StreamSwitch.__call__` takes the arguments of :meth:`request`.
        """
        return StreamSwitch(self._streams, self)

    @stream.setter
    def stream(self, value: object) -> None:
        self._streams = bool(value) if isinstance(value, StreamSwitch) else value

    def _leaves_unread(self) -> bool:
        """The setting; a subclass may have set its attribute of that name."""
        return self._streams if type(self).stream is _OWN_STREAM else bool(self.stream)

    @property
    def cookies(self) -> RequestsCookieJar:
        """The session's cookie jar."""
        if self._cookies is None:
            from ..cookies import RequestsCookieJar

            self._cookies = RequestsCookieJar()
            renew_lock_in_child(self)
        return self._cookies  # type: ignore[return-value]  # or the caller's own CookieJar

    @cookies.setter
    def cookies(self, value: Cookies) -> None:
        from http.cookiejar import CookieJar

        from ..cookies import cookiejar_from_dict

        self._cookies = value if isinstance(value, CookieJar) else cookiejar_from_dict(value)
        renew_lock_in_child(self)

    def _renew_lock(self) -> None:
        """Let a forked child use the jar, which a thread of its parent may have been using."""
        from threading import RLock

        if self._cookies is not None:
            self._cookies._cookies_lock = RLock()  # type: ignore[attr-defined]  # not in typeshed

    def _jar(self) -> CookieJar | None:
        """The jar, if there ever was a cookie."""
        return self._cookies

    # Requests.

    def get(
        self, url: str | bytes, params: Params = None, **kwargs: Unpack[QueryOptions]
    ) -> Answer:
        """Send a GET; for the arguments and errors see :meth:`request`."""
        if "allow_redirects" not in kwargs:  # said always, as a subclass's request() expects
            kwargs["allow_redirects"] = True
        return self.request("GET", url, params=params, **kwargs)

    def options(self, url: str | bytes, **kwargs: Unpack[AllOptions]) -> Answer:
        """Send an OPTIONS; for the arguments and errors see :meth:`request`."""
        if "allow_redirects" not in kwargs:
            kwargs["allow_redirects"] = True
        return self.request("OPTIONS", url, **kwargs)

    def head(self, url: str | bytes, **kwargs: Unpack[AllOptions]) -> Answer:
        """Send a HEAD, by default without following redirects; see :meth:`request`."""
        kwargs.setdefault("allow_redirects", False)
        return self.request("HEAD", url, **kwargs)

    def post(
        self, url: str | bytes, data: Data = None, json: Any = None, **kwargs: Unpack[BodyOptions]
    ) -> Answer:
        """Send a POST; for the arguments and errors see :meth:`request`."""
        return self.request("POST", url, data=data, json=json, **kwargs)

    def put(self, url: str | bytes, data: Data = None, **kwargs: Unpack[PutOptions]) -> Answer:
        """Send a PUT; for the arguments and errors see :meth:`request`."""
        return self.request("PUT", url, data=data, **kwargs)

    def patch(self, url: str | bytes, data: Data = None, **kwargs: Unpack[PutOptions]) -> Answer:
        """Send a PATCH; for the arguments and errors see :meth:`request`."""
        return self.request("PATCH", url, data=data, **kwargs)

    def delete(self, url: str | bytes, **kwargs: Unpack[AllOptions]) -> Answer:
        """Send a DELETE; for the arguments and errors see :meth:`request`."""
        return self.request("DELETE", url, **kwargs)

    def query(
        self, url: str | bytes, data: Data = None, json: Any = None, **kwargs: Unpack[BodyOptions]
    ) -> Answer:
        """Send a QUERY: a safe request with a body; see :meth:`request`."""
        return self.request("QUERY", url, data=data, json=json, **kwargs)

    def request(  # noqa: PLR0913 - the signature of requests
        self,
        method: str,
        url: str | bytes,
        params: Params = None,
        data: Data = None,
        headers: HeadersInput = None,
        cookies: Cookies = None,
        files: Files = None,
        auth: Any = None,
        timeout: Any = UNSET,
        allow_redirects: bool = True,
        proxies: Proxies = None,
        hooks: Hooks = None,
        stream: bool | None = None,
        verify: Verify = None,
        cert: Cert = None,
        json: Any = None,
        retries: RetriesInput | Unset = UNSET,
        raise_for_status: bool | None = None,
        max_body_size: int | Unset | None = UNSET,
        https_only: bool | None = None,
        address_policy: AddressPolicy | Unset | None = UNSET,
    ) -> Answer:
        """Send a request and return its response.

        The arguments are those of :func:`ulak.request`, for this call only.  What is not
        given is the session's; mappings are merged with the session's by key, and a
        value of ``None`` takes the session's away.

        :param url: absolute, or relative to the session's ``base_url``.
        :returns: the response, whose body is read unless ``stream`` is set; then
            the caller reads it to its end or closes it.
        :raises RequestException: of the class that names what failed.
        """
        parts = (method, url, headers, files, data, params, auth, cookies, hooks, json)
        connection = (proxies, stream, verify, cert)
        guards = (max_body_size, https_only, address_policy)
        return self._perform(
            (parts, connection, guards, allow_redirects, timeout, retries, raise_for_status)
        )

    def _perform(self, call: Call) -> Answer:
        """Prepare, send and judge one call."""
        raise NotImplementedError

    def _begin(self, call: Call) -> tuple[PreparedRequest, dict[str, Any]]:
        """What :meth:`send` is given for ``call``."""
        parts, connection, guards, allow_redirects, timeout, retries, raises = call
        request: Request | PreparedRequest | None = None
        try:
            request = Request(*parts)
            request = prepared = self.prepare_request(request)
            if raises is None:
                raises = self.raise_for_status
            if raises and not callable(raises):
                prepared._raises = True
            options = self.merge_environment_settings(prepared.url, *connection)
            if guards != _NO_GUARDS:
                named = zip(GUARDS, guards, _NO_GUARDS, strict=True)
                given = {name: value for name, value, unset in named if value is not unset}
                options.update(given)
                self._guard(prepared, given)
        except RequestException as exc:
            if exc.request is None:  # nothing is prepared yet: it gets what was asked for
                exc.request = Request(*parts[:2]) if request is None else request
            raise
        if type(options.get("proxies")) is _Resolved:
            keep_from_origin(prepared, options["proxies"])
        options["allow_redirects"] = allow_redirects
        if timeout is UNSET:
            timeout = self.timeout
            if callable(timeout):
                timeout = standard()
        options["timeout"] = timeout
        if retries is not UNSET:
            options["retries"] = retries
        return prepared, options

    # A method of a subclass that has the name of a setting is none: the class is older.

    def _own_retries(self) -> Retry | None:
        own: Any = self.retries
        given, policy = self._last_retries
        if own is not given:
            policy = None if callable(own) else resolve_retries(own)
            self._last_retries = own, policy
        return policy

    def prepare_request(self, request: Request) -> PreparedRequest:
        """Merge the session's settings into ``request``; an override point.

        :raises RequestException: of the class that names the part that is wrong.
        """
        url = request.url
        if self.base_url is not None and not callable(self.base_url):
            url = _urls.join_base(self.base_url, _urls.as_text("" if url is None else url))
        prepared = PreparedRequest()
        prepared._json_dumps = self.json_dumps
        prepared._session_jar = self._jar()
        if self._asynchronous:
            prepared._asynchronous = True
        prepared.prepare(
            method=request.method,
            url=url,
            files=request.files,
            data=request.data,
            json=request.json,
            headers=self._header_check.headers_for(self.headers, request.headers),
            params=merge_params(request.params, self.params) if self.params else request.params,
            auth=request.auth or self.auth or self._netrc_if_any(),
            cookies=request.cookies,
            hooks=merge_hooks(request.hooks, self.hooks),
        )
        if self.max_body_size is not None or self.address_policy is not None or self.https_only:
            self._guard(prepared, {})
        return prepared

    def _guard(self, prepared: PreparedRequest, given: dict[str, Any]) -> None:
        """Let ``prepared``, which is new, carry the session's guards and those ``given``."""
        guards = Guards.of(self, dict(given))
        if guards is not None:
            guards.mark(prepared)

    def _netrc_if_any(self) -> Any:
        """An auth that asks netrc, where there is one to ask."""
        return self._add_netrc if self.trust_env and self._environment.look().has_netrc else None

    def _add_netrc(self, prepared: PreparedRequest) -> PreparedRequest:
        """Add netrc's credentials, where neither a header nor the URL has some."""
        url = prepared.url or ""
        if any(_urls.userinfo_of(url)):
            prepared.prepare_auth(None)
        elif "authorization" not in prepared.headers:
            prepared.prepare_auth(self._environment.netrc.lookup(_urls.parse(url).host) or ())
        return prepared

    def merge_environment_settings(
        self,
        url: str | None,
        proxies: Proxies,
        stream: bool | None,
        verify: Verify,
        cert: Cert,
    ) -> dict[str, Any]:
        """The settings for one call: its own, then the session's, then the environment's.

        :returns: ``proxies``, ``stream``, ``verify`` and ``cert``; an override point.
        """
        explicit = self.proxies
        if proxies:
            explicit = {**(explicit or {}), **checked_proxies(proxies)}
        if verify is None:
            verify = self.verify
        if verify is not True and not isinstance(verify, bool | str | PathLike | SSLContext | None):
            raise InvalidOption(
                "verify= should be True, False, a path or an ssl.SSLContext, "
                f"not {type(verify).__name__}"
            )
        if self.trust_env:
            glance = self._environment.look()
            if verify is True or verify is None:
                verify = glance.ca_bundle or verify
            asks = glance.has_proxies
        else:
            asks = False
        return {
            "proxies": choose_proxies(url or "", explicit, self.trust_env, asks),
            "stream": self._leaves_unread() if stream is None else stream,
            "verify": verify,
            "cert": self.cert if cert is None else cert,
        }

    def _proxies_for(self, url: str, explicit: Proxies) -> dict[str, str]:
        """The proxies for ``url``: those that were given, and the environment's."""
        asks = self.trust_env and self._environment.look().has_proxies
        return choose_proxies(url, explicit, self.trust_env, asks)

    # Sending.

    def _converse(self, request: PreparedRequest, options: dict[str, Any]) -> Steps:
        """The conversation about ``request``.

        :param options: the keywords of ``send``; what is not given is filled in, and
            what is not for an adapter is taken out.
        """
        if (
            not isinstance(request, PreparedRequest)  # type: ignore[redundant-expr]  # callers may
            or type(request.url) is not str
            or type(request.hooks) is not dict
        ):
            check_request(request)
        if "timeout" not in options:
            options["timeout"] = self.timeout
        if "stream" not in options:
            options["stream"] = self._leaves_unread()
        if "verify" not in options:
            options["verify"] = self.verify
        if "cert" not in options:
            options["cert"] = self.cert
        try:
            if "proxies" not in options:
                options["proxies"] = self._proxies_for(request.url or "", self.proxies)
            given = options.pop("retries", UNSET)
            if given is not UNSET or self.retries is not None:
                given = self._own_retries() if given is UNSET else resolve_retries(given)
            follows = options.pop("allow_redirects", True)
            guards = None
            if (
                self.max_body_size is not None
                or self.address_policy is not None
                or self.https_only
                or request._guards is not None
                or (len(options) > _FOR_ADAPTERS and not options.keys().isdisjoint(GUARDS))
            ):
                guards = Guards.of(self, options, request._guards)
            raises = request._raises
            if raises:  # by whoever sends it now; it may be sent again for itself
                request._raises = False
            return Conversation(self, options, given, follows, guards, raises).run(request)
        except RequestException as exc:
            exc.request = exc.request or request
            raise

    def _accept(self, response: Any, request: PreparedRequest, adapter: Any, start: float) -> None:
        """See that what ``adapter`` returned for ``request``, sent at ``start``, is complete."""
        if not isinstance(response, self._response_class):
            raise no_response(response, self._response_class, adapter, request)
        response._seconds = perf_counter() - start
        response._elapsed = UNSET
        response._json_loads = self.json_loads
        known: Any = response  # whose attributes a plain adapter may not have set
        if known.request is None:
            response.request = request
        if known.url is None:
            response.url = request.url or ""

    # Redirects: override points, called on every hop.

    def get_redirect_target(self, resp: Any) -> str | None:
        """Where the response ``resp`` redirects to, or ``None``."""
        if resp.status_code not in REDIRECT_STATI:
            return None
        return redirects.redirect_target(resp)

    def should_strip_auth(self, old_url: str, new_url: str) -> bool:
        """Whether credentials for ``old_url`` must not be sent to ``new_url``."""
        return not may_travel(old_url, new_url)

    def rebuild_method(self, prepared_request: PreparedRequest, response: Any) -> None:
        """Set the method of the request that follows ``response``."""
        prepared_request.method = redirects.method_after(
            prepared_request.method or "", response.status_code
        )

    def rebuild_auth(self, prepared_request: PreparedRequest, response: Any) -> None:
        """Take away the credentials that may not travel; add netrc's for a new host.

        One that the redirects have left is not new: netrc knows neither schemes nor
        ports, and a way back might be one without TLS.
        """
        url = prepared_request.url or ""
        if not self.should_strip_auth(response.request.url or "", url):
            return
        prepared_request.headers.pop("Authorization", None)
        prepared_request.auth_flow = None
        host = _urls.parse(url).host
        if self.trust_env and host not in prepared_request._hosts_left:
            found = self._environment.netrc.lookup_named(host)
            if found is not None:
                prepared_request.prepare_auth(found)

    def rebuild_proxies(
        self, prepared_request: PreparedRequest, proxies: Proxies
    ) -> dict[str, str]:
        """The proxies for the next hop; NO_PROXY is looked at anew for its URL."""
        prepared_request.headers.pop("Proxy-Authorization", None)
        explicit = proxies.explicit if isinstance(proxies, _Resolved) else proxies
        return self._proxies_for(prepared_request.url or "", explicit)

    # Adapters.

    def _open_stream(self, method: str, url: str | bytes, options: Any) -> Opened:
        """The context manager of one streamed request."""
        raise NotImplementedError

    def _set_up(self) -> None:
        """Mount the adapters for ``https://`` and ``http://``, and what else a new session has."""
        raise NotImplementedError

    def get_adapter(self, url: str) -> Any:
        """The adapter that is mounted on the longest prefix of ``url``.

        :raises InvalidSchema: when there is none.
        """
        lowered = url.lower()
        for prefix, adapter in self.adapters.items():
            if lowered.startswith(prefix.lower()):
                return adapter
        known = ", ".join(self.adapters)
        raise InvalidSchema(
            f"No connection adapters were found for {_urls.redact(url)!r}; mounted are: {known}"
            f"{_urls.without_scheme(url)}"
        )

    def mount(self, prefix: str, adapter: Any) -> None:
        """Send what begins with ``prefix`` through ``adapter``.

        :raises InvalidOption: when it is no adapter for this kind of session.
        """
        check_adapter(adapter, self)
        mounted = {**self.adapters, prefix: adapter}
        # A new mapping in one step: another thread may be looking through the old one.
        self.adapters = dict(sorted(mounted.items(), key=lambda item: len(item[0]), reverse=True))

    #: What an adapter's class is derived from, for a message.
    _adapter_base: ClassVar[str]

    def _mount_all(self, adapters: Any) -> None:
        """Mount the constructor's adapters."""
        if not isinstance(adapters, Mapping):
            raise InvalidOption(f"adapters={adapters!r} should be a mapping of prefix to adapter")
        for prefix, adapter in adapters.items():
            self.mount(prefix, adapter)

    # What Python asks of an object.

    def __repr__(self) -> str:
        return f"<{type(self).__name__} adapters={list(self.__dict__.get('adapters', ()))}>"

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name, None) for name in self.__attrs__}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._cookies = None
        self._header_check = HeaderCheck()
        self._environment = _environment.Environment()
        for name, value in state.items():
            setattr(self, name, value)
        if not self._asynchronous and "timeout" not in state:  # requests has no such setting
            self.timeout = standard()


_OWN_STREAM = BaseSession.stream

_S = TypeVar("_S", bound="type[BaseSession[Any, Any]]")
_VERBS = ("get", "options", "head", "post", "put", "patch", "delete", "query", "request")


def with_verbs(mark: Callable[[FunctionType], None] | None) -> Callable[[_S], _S]:
    """A decorator: give a session all that is public as its own, of the same code.

    The verbs bear its name, for messages about their arguments.

    :param mark: is called with each verb.
    """

    def decorate(cls: _S) -> _S:
        hand_down(BaseSession, cls)
        if mark is not None:
            for name in _VERBS:
                mark(vars(cls)[name])
        return cls

    return decorate
