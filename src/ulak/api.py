"""The functions for a single request, each with a session of its own."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from ._types import AllOptions, BodyOptions, Data, Params, PutOptions, QueryOptions
    from .models import Response

__all__ = ["delete", "get", "head", "options", "patch", "post", "put", "query", "request"]


def request(method: str, url: str | bytes, **kwargs: Unpack[AllOptions]) -> Response:
    """Send a request and return its response.

    Connections and cookies are gone afterwards: for more than one request to the
    same place, use a :class:`~ulak.Session`.  A response with ``stream=True``
    keeps its connection until it is read to its end or closed.

    :param method: such as ``"GET"``.
    :param url: absolute.
    :param kwargs: as for :meth:`ulak.Session.request`.
    :raises RequestException: of the class that names what failed.
    """
    _look_ahead(url, kwargs)
    from .sessions import Session

    session = Session()
    try:
        return session.request(method, url, **kwargs)
    finally:
        session._retire()


def _look_ahead(url: object, kwargs: Mapping[str, Any]) -> None:
    """Begin to load the certificates that an https request will want, before the imports."""
    if (
        f"{__package__}.sessions" not in sys.modules
        and str(url)[:6].lower() == "https:"
        and "verify" not in kwargs
        and not (os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"))
    ):
        from . import _trust

        _trust.begin()


def get(url: str | bytes, params: Params = None, **kwargs: Unpack[QueryOptions]) -> Response:
    """Send a GET; for the arguments and errors see :func:`request`."""
    return request("GET", url, params=params, **kwargs)


def options(url: str | bytes, **kwargs: Unpack[AllOptions]) -> Response:
    """Send an OPTIONS; for the arguments and errors see :func:`request`."""
    return request("OPTIONS", url, **kwargs)


def head(url: str | bytes, **kwargs: Unpack[AllOptions]) -> Response:
    """Send a HEAD, by default without following redirects; see :func:`request`."""
    kwargs.setdefault("allow_redirects", False)
    return request("HEAD", url, **kwargs)


def post(
    url: str | bytes, data: Data = None, json: Any = None, **kwargs: Unpack[BodyOptions]
) -> Response:
    """Send a POST; for the arguments and errors see :func:`request`."""
    return request("POST", url, data=data, json=json, **kwargs)


def put(url: str | bytes, data: Data = None, **kwargs: Unpack[PutOptions]) -> Response:
    """Send a PUT; for the arguments and errors see :func:`request`."""
    return request("PUT", url, data=data, **kwargs)


def patch(url: str | bytes, data: Data = None, **kwargs: Unpack[PutOptions]) -> Response:
    """Send a PATCH; for the arguments and errors see :func:`request`."""
    return request("PATCH", url, data=data, **kwargs)


def delete(url: str | bytes, **kwargs: Unpack[AllOptions]) -> Response:
    """Send a DELETE; for the arguments and errors see :func:`request`."""
    return request("DELETE", url, **kwargs)


def query(
    url: str | bytes, data: Data = None, json: Any = None, **kwargs: Unpack[BodyOptions]
) -> Response:
    """Send a QUERY: a safe request with a body; see :func:`request`."""
    return request("QUERY", url, data=data, json=json, **kwargs)
