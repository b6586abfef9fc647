"""The shapes that ulak's public signatures are written in.

Only :data:`UNSET` exists at run time: the rest are names for type checkers, so
that importing ulak does not import what the names stand for.  The two protocols
describe a request and a response where a lower floor has to name them.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final


class Unset(Enum):
    """The type of :data:`UNSET`; an enumeration, for type checkers to tell it apart."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


#: A setting that the caller did not give, where ``None`` means something.
UNSET: Final = Unset.UNSET


if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Mapping, MutableMapping
    from http.cookiejar import CookieJar
    from ipaddress import (
        IPv4Address,
        IPv4Network,
        IPv6Address,
        IPv6Network,
    )
    from os import PathLike
    from ssl import SSLContext
    from typing import Any, Protocol, TypeAlias, TypedDict

    from urllib3.util import Retry

    class RequestLike(Protocol):
        """What an error shows of the request that it is about."""

        method: Any
        url: Any
        headers: Any

    class ResponseLike(Protocol):
        """What an error shows of the response that it is about."""

        status_code: Any
        url: Any
        reason: Any
        headers: Any
        request: Any

        @property
        def content(self) -> bytes: ...

        @property
        def text(self) -> str: ...

        def json(self, **kwargs: Any) -> Any: ...

    class AsyncReadable(Protocol):
        """An asynchronous file, or anything else with its ``read``."""

        async def read(self, size: int = -1, /) -> Any: ...

    class Readable(Protocol):
        """A binary file, or anything else with its ``read``."""

        def read(self, size: int = -1, /) -> bytes | str: ...

    Pairs: TypeAlias = Iterable[tuple[Any, Any]]
    Params: TypeAlias = Mapping[Any, Any] | Pairs | str | bytes | None
    Data: TypeAlias = (
        Mapping[Any, Any]
        | Pairs
        | str
        | bytes
        | Readable
        | Iterable[Any]
        | AsyncReadable  # of an AsyncSession
        | AsyncIterable[Any]  # likewise
        | None
    )
    FileContent: TypeAlias = Readable | str | bytes
    FileSpec: TypeAlias = (
        FileContent
        | tuple[str | None, FileContent]
        | tuple[str | None, FileContent, str | None]
        | tuple[str | None, FileContent, str | None, Mapping[str, str]]
    )
    Files: TypeAlias = Mapping[str, FileSpec] | Iterable[tuple[str, FileSpec]] | None
    HeadersInput: TypeAlias = Mapping[str, str | bytes | None] | Iterable[tuple[str, str]] | None
    Cookies: TypeAlias = CookieJar | MutableMapping[str, Any] | Mapping[str, Any] | None
    Path: TypeAlias = str | PathLike[str]
    Verify: TypeAlias = bool | Path | SSLContext | None
    Cert: TypeAlias = (
        Path | tuple[Path, Path | None] | tuple[Path, Path | None, str | bytes | None] | None
    )
    Proxies: TypeAlias = MutableMapping[str, str] | Mapping[str, str] | None
    Hook: TypeAlias = Callable[..., Any]
    Hooks: TypeAlias = Mapping[str, Iterable[Hook] | Hook] | None
    Networks: TypeAlias = Iterable[str | IPv4Network | IPv6Network | IPv4Address | IPv6Address]
    RetriesInput: TypeAlias = int | bool | Retry | None
    JSONLoads: TypeAlias = Callable[..., Any]
    JSONDumps: TypeAlias = Callable[[Any], str | bytes]

    class CallOptions(TypedDict, total=False):
        """The keywords that all verbs have."""

        headers: HeadersInput
        cookies: Cookies
        files: Files
        auth: Any
        timeout: Any
        allow_redirects: bool
        proxies: Proxies
        hooks: Hooks
        stream: bool | None
        verify: Verify
        cert: Cert
        retries: RetriesInput
        raise_for_status: bool | None
        max_body_size: int | None
        https_only: bool | None
        address_policy: Any  # an AddressPolicy or None

    class QueryOptions(CallOptions, total=False):
        """:class:`CallOptions` with the body's keywords."""

        data: Data
        json: Any

    class BodyOptions(CallOptions, total=False):
        """:class:`CallOptions` with ``params``."""

        params: Params

    class PutOptions(BodyOptions, total=False):
        """:class:`CallOptions` with ``params`` and ``json``."""

        json: Any

    class AllOptions(CallOptions, total=False):
        """:class:`CallOptions` with ``params`` and the body's keywords."""

        params: Params
        data: Data
        json: Any
