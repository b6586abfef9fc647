"""The values of one exchange: :class:`Request`, :class:`PreparedRequest`, :class:`Response`.

A request is what the caller asked for; a prepared request is what will be sent;
a response is what came back, its body read from ``raw`` on demand.  Nothing here
opens a connection or decides what happens next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from urllib3.response import HTTPResponse

from . import _bodies, _text, _urls
from ._errors import LOWER_ERRORS
from ._headers import prepare_headers
from ._inheritance import hand_down
from ._response import (
    CONTENT_CHUNK_SIZE,
    ITER_CHUNK_SIZE,
    REDIRECT_STATI,
    BaseResponse,
    slices,
)
from ._types import Hook, JSONDumps
from .exceptions import (
    BodyTooLarge,
    InvalidBody,
    InvalidMethod,
    InvalidOption,
    RequestException,
)
from .hooks import HOOKS, default_hooks
from .structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.cookiejar import CookieJar
    from types import TracebackType

    from ._types import (
        Cookies,
        Data,
        Files,
        HeadersInput,
        Hooks,
        Params,
    )

__all__ = ["REDIRECT_STATI", "PreparedRequest", "Request", "Response"]

DEFAULT_REDIRECT_LIMIT: Final = 30


def checked_hooks(hooks: Any) -> Mapping[str, Any]:
    """A caller's ``hooks=``.

    :raises InvalidOption: when it is not a mapping.
    """
    if type(hooks) is not dict and not isinstance(hooks, Mapping):
        raise InvalidOption(f"hooks={hooks!r} should be a mapping such as {{'response': callable}}")
    return hooks


def known_event(event: str) -> str:
    """``event``.

    :raises InvalidOption: when it is not one of :data:`ulak.hooks.HOOKS`.
    """
    if event not in HOOKS:
        raise InvalidOption(f"hooks know no event {event!r}; there is: {', '.join(HOOKS)}")
    return event


def hook_list(event: str, hook: Any) -> list[Hook]:
    """One callable, several, or ``None``, as a list.

    :raises InvalidOption: when there is something else among them.
    """
    if hook is None:
        return []
    found = [hook] if callable(hook) else list(hook) if isinstance(hook, Iterable) else [hook]
    for one in found:
        if not callable(one):
            raise InvalidOption(f"the hook {one!r} for {event!r} should be callable")
    return found


class RequestHooksMixin:
    """Hooks on a request, by the event that they wait for."""

    hooks: dict[str, list[Hook]]

    def register_hook(self, event: str, hook: Any) -> None:
        """Call ``hook`` on ``event``; a list or tuple adds each of its callables.

        :raises InvalidOption: when the event is not one of :data:`ulak.hooks.HOOKS`.
        """
        self.hooks.setdefault(known_event(event), []).extend(hook_list(event, hook))

    def deregister_hook(self, event: str, hook: Hook) -> bool:
        """Take a hook away again; tells whether it was there."""
        try:
            self.hooks[event].remove(hook)
        except (KeyError, ValueError):
            return False
        return True


class Request(RequestHooksMixin):
    """What the caller asks for; :meth:`prepare` makes of it what will be sent.

    :param method: such as ``"GET"``.
    :param url: absolute, or relative to the session's ``base_url``.
    :param headers: a mapping or pairs; in a session, a value of ``None`` takes
        the session's header of that name away.
    :param files: what a form uploads: a mapping or pairs of field name to a
        file, or to ``(filename, file[, content_type[, headers]])``.
    :param data: the body: a form (mapping or pairs), bytes, text, a binary file,
        or an iterator of bytes or text (as UTF-8).
    :param params: what is added to the URL's query.
    :param auth: ``(user, password)``, or an :class:`~ulak.auth.AuthBase`.
    :param cookies: a mapping or a cookie jar.
    :param hooks: callables by event; see :mod:`ulak.hooks`.
    :param json: a value to be sent as JSON, when there is no ``data``.
    """

    def __init__(  # noqa: PLR0913 - the signature of requests
        self,
        method: str | None = None,
        url: str | bytes | None = None,
        headers: HeadersInput = None,
        files: Files = None,
        data: Data = None,
        params: Params = None,
        auth: Any = None,
        cookies: Cookies = None,
        hooks: Hooks = None,
        json: Any = None,
    ) -> None:
        self.method = method
        self.url = url
        self.headers: HeadersInput = {} if headers is None else headers
        self.files: Files = [] if files is None else files
        self.data: Data = [] if data is None else data
        self.params: Params = {} if params is None else params
        self.auth = auth
        self.cookies = cookies
        self.json = json
        self.hooks: dict[str, list[Hook]] = default_hooks()
        if hooks:
            for event, hook in checked_hooks(hooks).items():
                self.register_hook(event, hook)

    def __repr__(self) -> str:
        return f"<Request [{self.method}]>"

    def _for_a_pickle(self) -> Request:
        """What of this the pickle of an error holds: no streams and no callables."""
        return Request(self.method, self.url)

    def prepare(self) -> PreparedRequest:
        """The request as it will be sent, without anything of a session."""
        prepared = PreparedRequest()
        prepared.prepare(
            method=self.method,
            url=self.url,
            headers=self.headers,
            files=self.files,
            data=self.data,
            json=self.json,
            params=self.params,
            auth=self.auth,
            cookies=self.cookies,
            hooks=self.hooks,
        )
        return prepared


class RequestEncodingMixin:
    """What a URL and a body are made of; code for requests calls it by this name."""

    url: str | None

    @property
    def path_url(self) -> str:
        """The target in origin form: path and query (RFC 9112, section 3.2.1)."""
        return _urls.parse(self.url or "").target

    @staticmethod
    def _encode_params(data: Any) -> Any:
        """``data`` as a form where it is a mapping or pairs; anything else as it is."""
        if isinstance(data, Mapping | list | tuple):
            return _bodies.encode_body(data).body if data else ""
        return data

    @staticmethod
    def _encode_files(files: Files, data: Any) -> tuple[bytes, str | None]:
        """A form with files, read into memory: the body and its Content-Type.

        :raises InvalidBody: when there are no files, or of no kind that can be sent.
        """
        if not files:
            raise InvalidBody("files= should name at least one file")
        encoded = _bodies.encode_body(data, files)
        body = encoded.body
        return body if isinstance(body, bytes) else body.read(), encoded.content_type


class PreparedRequest(RequestEncodingMixin, RequestHooksMixin):
    """A request as it goes on the wire.

    The ``prepare_*`` methods are override points; :meth:`prepare` calls each in
    turn, hooks last.  Once handed to a session it is not changed any more: every
    later round works on a :meth:`copy`.

    Attributes: ``method``; ``url``; ``headers``; ``body`` (bytes, text, a
    readable, an iterator or ``None``); ``hooks``; ``auth_flow``, the
    :class:`~ulak.auth.FlowAuth` that takes part in the exchange, or ``None``.
    """

    method: str | None = None
    url: str | None = None
    headers: CaseInsensitiveDict[str]
    body: Any = None
    auth_flow: Any = None
    _own_cookies: Any = None
    _session_jar: Any = None
    _is_away: bool = False
    #: The hosts whose credentials a redirect has left behind.
    _hosts_left: frozenset[str] = frozenset()
    _made_cookie: bool = False
    _body_position: Any = None
    #: Whether the body went out before, so that it has to be rewound.
    _body_was_sent: bool = False
    #: Whether the body may be one that only an AsyncSession can send.
    _asynchronous: bool = False
    _json_dumps: JSONDumps | None = None
    #: Whether its caller raises an error status; taken by the conversation that sends it.
    _raises: bool = False
    #: What is refused on its way, wherever it is sent from.
    _guards: Any = None
    #: Which addresses the adapter may dial for it.
    _address_policy: Any = None  # an AddressPolicy, where one holds

    def __init__(self) -> None:
        self.headers = None  # type: ignore[assignment]  # as requests has it until prepare_headers
        self.hooks: dict[str, list[Hook]] = default_hooks()

    def prepare(  # noqa: PLR0913 - the signature of requests
        self,
        method: str | None = None,
        url: str | bytes | None = None,
        headers: HeadersInput = None,
        files: Files = None,
        data: Data = None,
        params: Params = None,
        auth: Any = None,
        cookies: Cookies = None,
        hooks: Hooks = None,
        json: Any = None,
    ) -> None:
        """Prepare everything.  The parameters are those of :class:`Request`.

        :raises RequestException: of the class that names the part that is wrong.
        """
        self.prepare_method(method)
        self.prepare_url(url, params)
        self.prepare_headers(headers)
        self.prepare_cookies(cookies)
        self.prepare_body(data, files, json)
        self.prepare_auth(auth, url)  # an auth may sign everything above
        self.prepare_hooks(hooks)

    def __repr__(self) -> str:
        return f"<PreparedRequest [{self.method}]>"

    def copy(self) -> PreparedRequest:
        """An independent copy; the body itself is shared."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        if self.headers is not None:  # an auth may have put any mapping there
            other.headers = CaseInsensitiveDict(self.headers)
        if self._own_cookies is not None:
            other._own_cookies = _copy_jar(self._own_cookies)
        other.hooks = {event: list(hooks) for event, hooks in self.hooks.items()}
        return other

    def __getstate__(self) -> dict[str, Any]:
        """For pickling: without what has no meaning elsewhere (streams, callbacks)."""
        state = dict(self.__dict__)
        if not isinstance(self.body, bytes | str | None):
            state["body"] = None
        state["hooks"] = default_hooks()
        for name in ("auth_flow", "_json_dumps", "_body_position", "_session_jar"):
            state.pop(name, None)
        return state

    def prepare_method(self, method: str | bytes | None) -> None:
        """Set ``method``, in upper case."""
        if type(method) is str:
            self.method = method.upper()
            return
        if isinstance(method, bytes):
            method = method.decode("latin-1")
        if method is not None and not isinstance(method, str):
            raise InvalidMethod(f"method={method!r} should be a str such as 'GET'")
        self.method = method.upper() if method is not None else None

    def prepare_url(self, url: Any, params: Params) -> None:
        """Set ``url``: checked, with what must be percent-encoded so, and ``params`` added.

        :raises MissingSchema: when there is no ``http://`` or ``https://``.
        :raises InvalidURL: when the URL cannot be requested.
        """
        self.url = _urls.prepare(url, params or None)

    def prepare_headers(self, headers: HeadersInput) -> None:
        """Set ``headers`` to a new mapping.

        :raises InvalidHeader: when a name or value may not go on the wire.
        """
        self.headers = prepare_headers(headers)

    def prepare_cookies(self, cookies: Cookies) -> None:
        """Set the Cookie header from ``cookies`` and the session's; one that is there stays."""
        if cookies is not None:
            self._own_cookies = _as_jar(cookies)
        if self._own_cookies is None and self._session_jar is None:
            return
        if "Cookie" in self.headers:
            return
        from .cookies import cookie_header_for

        jar: Any
        jar, own = self._session_jar, self._own_cookies
        if jar is None:
            jar, own = own, None
        header = cookie_header_for(jar, self.url or "", own, unbound=not self._is_away)
        if header:
            self.headers["Cookie"] = header
            self._made_cookie = True

    def _renew_cookies(self, session_jar: Any) -> None:
        """Set the Cookie header anew, unless it is the caller's own."""
        if "Cookie" in self.headers and not self._made_cookie:
            return
        self.headers.pop("Cookie", None)
        self._session_jar = session_jar
        self.prepare_cookies(None)

    def _leave_cookies(self) -> None:
        """Leave behind, for this URL and what follows it, the cookies meant for another.

        Those are the call's own, and the ones in the session's jar that are
        bound to no domain.
        """
        self._own_cookies = None
        self._is_away = True

    @property
    def _cookies(self) -> Any:
        """The jar of this request's own cookies, as code written for requests uses it."""
        if self._own_cookies is None:
            self._own_cookies = _as_jar({})
        return self._own_cookies

    @_cookies.setter
    def _cookies(self, value: Any) -> None:
        self._own_cookies = value

    def prepare_body(self, data: Data, files: Files, json: Any = None) -> None:
        """Set ``body``, its Content-Type where the caller named none, and its length.

        :raises InvalidBody: when it is of no kind that can be sent.
        """
        if not data and not files and json is None:
            self.prepare_content_length(None)
            return
        encoded = _bodies.encode_body(
            data, files, json, json_dumps=self._json_dumps, asynchronous=self._asynchronous
        )
        self.body = encoded.body
        self._body_position = encoded.position
        if "transfer-encoding" in self.headers:
            pass  # the caller says how it is framed
        elif encoded.body is not None and encoded.length is None:
            if "content-length" not in self.headers:
                self.headers["Transfer-Encoding"] = "chunked"
        elif encoded.length is not None and not isinstance(encoded.body, bytes | str):
            self.headers["Content-Length"] = str(encoded.length)
        else:
            self.prepare_content_length(encoded.body)
        # After the length, as in requests: some record and compare the order of fields.
        if encoded.content_type and "content-type" not in self.headers:
            self.headers["Content-Type"] = encoded.content_type

    def prepare_content_length(self, body: Any) -> None:
        """Set Content-Length from ``body`` (RFC 9110, section 8.6)."""
        if body:
            length = len(body) if isinstance(body, bytes) else _bodies.body_length(body)
            if length:
                self.headers["Content-Length"] = str(length)
        elif self.method not in ("GET", "HEAD") and "content-length" not in self.headers:
            self.headers["Content-Length"] = "0"

    def prepare_auth(self, auth: Any, url: Any = "") -> None:
        """Let ``auth``, or else the URL's user and password, add what it has to add."""
        if auth is None:
            if "@" not in (self.url or "") or "authorization" in self.headers:
                return
            user = _urls.userinfo_of(self.url or "")
            if not any(user):
                return
            auth = user
        if not auth:
            return
        if isinstance(auth, tuple | list):
            _add_basic(self, auth)
            return
        if not callable(auth):
            raise InvalidOption(
                f"auth= should be (user, password) or an AuthBase, not {type(auth).__name__}"
            )
        signed = auth(self)
        if not isinstance(signed, PreparedRequest):
            raise InvalidOption(
                f"auth= ({type(auth).__name__}) should return the request that it was given, "
                f"not {type(signed).__name__}; what has to ask a server first is a FlowAuth"
            )
        self.__dict__.update(signed.__dict__)
        if not isinstance(self.headers, Mapping):
            raise InvalidOption(
                f"auth= ({type(auth).__name__}) should leave a mapping as the request's headers, "
                f"not {type(self.headers).__name__}"
            )
        if self.body is not None:
            self._recount()

    def _recount(self) -> None:
        """Set the length again after an auth may have changed the body."""
        if "transfer-encoding" not in self.headers and isinstance(self.body, bytes | str):
            self.prepare_content_length(self.body)

    def prepare_hooks(self, hooks: Any) -> None:
        """Add ``hooks`` to those that are there."""
        if hooks:
            for event, hook in checked_hooks(hooks).items():
                if hook or event not in HOOKS:
                    self.register_hook(event, hook)


def _read_on(raw: Any, size: int | None) -> Iterator[Any]:
    """What a readable, or ``None``, has left, in pieces of ``size``."""
    while raw is not None and (piece := raw.read(-1 if size is None else size)):
        yield piece


def _counted(pieces: Iterable[Any], count: Callable[[Any], None]) -> Iterator[Any]:
    """``pieces``, each of which ``count`` is told of first, and may refuse."""
    for piece in pieces:
        count(piece)
        yield piece


def _bound(method: Any, owner: object) -> Any:
    """``method``, which was put into the class of ``owner``, as its attribute would be."""
    bind = getattr(type(method), "__get__", None)
    return method if bind is None else bind(method, owner, type(owner))


def _as_jar(cookies: Any) -> CookieJar:
    """``cookies`` as a jar; a jar is used as it is."""
    from http.cookiejar import CookieJar

    from .cookies import cookiejar_from_dict

    return cookies if isinstance(cookies, CookieJar) else cookiejar_from_dict(cookies)


def _copy_jar(jar: Any) -> CookieJar:
    from .cookies import copy_cookie_jar

    return copy_cookie_jar(jar)  # type: ignore[no-any-return]


def _add_basic(request: PreparedRequest, pair: Any) -> None:
    """Add Basic credentials from ``(user, password)``."""
    from ._credentials import basic

    if len(pair) != 2:
        raise InvalidOption(f"auth= as a tuple is (user, password); this one has {len(pair)} items")
    request.headers["Authorization"] = basic(*pair)


class Response(BaseResponse):
    """What the server answered.

    The body is read on demand: ``content``, ``text`` and ``json()`` read it
    whole and keep it; :meth:`iter_content` and :meth:`iter_lines` hand it over
    piece by piece.  A response that was asked for with ``stream=True`` holds its
    connection until the body is read to its end or :meth:`close` is called; as a
    context manager it closes itself.  Not for use by two threads at once.

    Attributes: ``status_code``; ``reason``; ``url``; ``request``, the
    :class:`PreparedRequest` that this answers; ``history``, the responses that
    led here; ``raw``, a :class:`urllib3.response.HTTPResponse` or what a custom
    adapter put there; ``connection``, the adapter.
    """

    request: PreparedRequest = None  # type: ignore[assignment]  # until an adapter sets it
    history: list[Response]
    _next: PreparedRequest | None = None

    @property
    def content(self) -> bytes:
        """The whole body, decoded from its Content-Encoding.

        :raises StreamConsumedError: when it was already read as a stream.
        """
        if self._content is False:
            if self._content_consumed:
                raise self._consumed()
            if self.status_code == 0 or self.raw is None:
                self._content = None
            else:
                self._content = b"".join(self.iter_content(CONTENT_CHUNK_SIZE))
        self._content_consumed = True
        return self._content  # type: ignore[no-any-return]  # None if made by hand without a body

    def _load_at_hand(self) -> bool:
        """Take the body over, if all of it is here and as it is; tells whether it was."""
        answer = self._answer
        if answer is None or not answer.fits(self._body_limit) or self._is_read_otherwise():
            return False
        self._content = answer.take()
        self._content_consumed = True
        return True

    def _is_read_otherwise(self) -> bool:
        """Whether somebody has replaced how it is read, or read it already."""
        cls = type(self)
        return (
            cls.iter_content is not _OWN_ITER_CONTENT
            or cls.content is not _OWN_CONTENT
            or HTTPResponse.stream is not _URLLIB3_STREAM
            or self._content is not False
            or self._content_consumed
        )

    def _load(self) -> None:
        """Read the body whole, as ``content`` does, the shortest way.

        :raises RequestException: when it cannot be read to its end.
        """
        read_whole = getattr(self.raw, "read_whole", None)
        if read_whole is None or self._body_limit is not None or self._is_read_otherwise():
            self.content  # noqa: B018 - reading it is the point
            return
        try:
            self._content = read_whole()
        except RequestException:
            raise
        except LOWER_ERRORS as exc:
            raise self._body_error(exc) from exc
        finally:
            self._content_consumed = True

    def _load_at_most(self, limit: int, seconds: float) -> None:
        """Read the body of a response that is only passed through, up to ``limit`` bytes.

        What is beyond is not read, nor what has not come within ``seconds``: the
        connection is closed.  Never raises for a broken body, since nobody asked for
        it, nor for one beyond ``max_body_size``, of which that much is kept.
        """
        if self._content is not False or self._content_consumed or self.raw is None:
            return
        hurry = getattr(self.raw, "hurry", None)
        if hurry is not None:
            hurry(seconds)
        if self._body_limit is not None:
            limit, self._body_limit = min(limit, self._body_limit), None
        pieces: list[bytes] = []
        size = 0
        try:
            for piece in self.iter_content(CONTENT_CHUNK_SIZE):
                pieces.append(piece[: limit - size])
                size += len(piece)
                if size >= limit:
                    break
        except LOWER_ERRORS:
            pass
        close = getattr(self.raw, "close", None)
        if close is not None:
            close()
        self._content = b"".join(pieces)
        self._content_consumed = True

    def iter_content(
        self, chunk_size: int | None = 1, decode_unicode: bool = False
    ) -> Iterator[Any]:
        """The body in pieces of at most ``chunk_size`` bytes, decoded from its Content-Encoding.

        :param chunk_size: in bytes; ``None`` hands over each piece as it arrives.
        :param decode_unicode: yield text instead, when the charset is known.
        :raises StreamConsumedError: when the body was already read as a stream.
        """
        self._check_iterable(chunk_size)
        if self._content is not False:
            chunks = slices(self._content, chunk_size)
        else:
            chunks = self._stream(chunk_size)
        encoding = self.encoding if decode_unicode else None
        return _text.iter_decode(chunks, encoding) if encoding else chunks

    def _stream(self, chunk_size: int | None) -> Iterator[bytes]:
        """The body's pieces from ``raw``, which may be any readable."""
        raw = self.raw
        stream = getattr(raw, "stream", None)
        if HTTPResponse.stream is not _URLLIB3_STREAM and isinstance(raw, HTTPResponse):
            stream = _bound(vars(HTTPResponse)["stream"], raw)
        try:
            if self._body_limit is not None:
                self._check_announced()
                chunk_size = self._piece_size(chunk_size)
            pieces = _read_on(raw, chunk_size)
            if stream is not None:
                pieces = stream(chunk_size, decode_content=True)
            yield from pieces if self._body_limit is None else _counted(pieces, self._count)
        except BodyTooLarge:
            self.close()
            self._content_consumed = True
            raise
        except RequestException:
            raise
        except LOWER_ERRORS as exc:
            raise self._body_error(exc) from exc
        except GeneratorExit:  # whoever iterates has enough
            raise
        except BaseException:  # such as what a signal handler raises
            self._lost = "reading the body was interrupted, and what came of it was not kept"
            raise
        if self._lost:  # earlier, of which a ``raw`` of another's says nothing the second time
            raise self._consumed()
        self._content_consumed = True

    def iter_lines(
        self,
        chunk_size: int | None = ITER_CHUNK_SIZE,
        decode_unicode: bool = False,
        delimiter: str | bytes | None = None,
    ) -> Iterator[Any]:
        """The body's lines without their ends, the same however the bytes arrive.

        :param delimiter: what ends a line, instead of any line break.
        """
        chunks = self.iter_content(chunk_size, decode_unicode=decode_unicode)
        return _text.iter_lines(chunks, delimiter)  # pyright: ignore[reportArgumentType]  # it looks itself

    def close(self) -> None:
        """Give the connection back; a body that is not yet read is lost."""
        if self._answer is not None and self._content_consumed:
            return  # it has none, and is not going to be read again
        if self.raw is None:
            return
        if not self._content_consumed:
            self.raw.close()
        release = getattr(self.raw, "release_conn", None)
        if release is not None:
            release()

    # What Python asks of an object.

    def __enter__(self) -> Response:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content(128)

    def __getstate__(self) -> dict[str, Any]:
        if not self._content_consumed and not self._lost:
            self.content  # noqa: B018 - a pickle holds the body
        return {name: getattr(self, name, None) for name in self.__attrs__}


hand_down(BaseResponse, Response)
_OWN_ITER_CONTENT = Response.iter_content
_OWN_CONTENT = Response.content
_URLLIB3_STREAM = HTTPResponse.stream
