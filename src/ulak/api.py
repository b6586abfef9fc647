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

    :param method: ``str``, such as ``"GET"``.
    :param url: ``str`` or ``bytes``, with its scheme: ``https://…``.
    :param params: what is added to the URL's query: a mapping or pairs, where a
        list as a value repeats its name and ``None`` leaves it out; or ``str``, ``bytes``.
    :param data: the body: a form (a mapping or pairs); ``bytes``; ``str``, sent as
        UTF-8; a file that is open in binary mode; or an iterable of ``bytes``.
    :param json: the body: any value that JSON can hold, where there is no ``data``.
    :param files: uploads in a multipart form, with ``data`` as its other fields: a
        mapping or pairs of field name to a file, ``bytes`` or ``str``, or to
        ``(file name, file[, content type[, headers]])``.
    :param headers: a mapping or pairs of ``str``; a value of ``None`` takes a
        default header away.
    :param cookies: a mapping of ``str``, or a cookie jar.
    :param auth: ``(user, password)`` for Basic, or an :class:`~ulak.auth.AuthBase`.
    :param timeout: seconds, an ``int`` or ``float``, to connect and for each read;
        ``(connect, read)``; a :class:`~ulak.Timeout`; or ``None`` to wait for ever.
        Without it: 10 to connect, 300 for each read.
    :param retries: an ``int``, how many further attempts; or a :class:`urllib3.util.Retry`.
    :param allow_redirects: ``bool``, whether to follow redirects; ``True``, but for HEAD.
    :param raise_for_status: ``bool``, whether a 4xx or 5xx raises
        :class:`~ulak.exceptions.HTTPError`; ``False``.
    :param stream: ``bool``, whether to leave the body unread until it is asked for;
        ``False``.
    :param verify: ``True`` for the well-known certificates; a path to a PEM file or a
        directory of others; an :class:`ssl.SSLContext`; or ``False`` not to verify.
    :param cert: the client's certificate: the path of a PEM file, ``(certificate, key)``,
        or ``(certificate, key, password)``.
    :param proxies: a mapping of ``str``: of a scheme, ``scheme://host`` or ``all`` to a
        proxy's URL.
    :param hooks: ``{"response": callable}``, or a list of callables; each is called with
        the response, and may return another.
    :param max_body_size: ``int``, the most bytes of the body after decoding; more is a
        :class:`~ulak.exceptions.BodyTooLarge`.  ``None`` for any number.
    :param https_only: ``bool``, whether a URL that is not ``https://``, a redirect's too,
        is refused; ``False``.
    :param address_policy: an :class:`~ulak.AddressPolicy`, which says what addresses may be
        connected to, on redirects too; ``None`` for all.
    :returns: the :class:`~ulak.Response`; an error status is one too.
    :raises RequestException: of the class that names what failed.
    :raises TypeError: for a keyword that is none of these.
    """
    _look_ahead(url, kwargs)
    from ._policy.session import BaseSession
    from .sessions import Session

    # In a ``with`` and by keywords, as those expect who put another in its place.
    with Session() as session:
        if isinstance(session, BaseSession):
            session._is_brief = True
        return session.request(method=method, url=url, **kwargs)


def _look_ahead(url: object, kwargs: Mapping[str, Any]) -> None:
    """Begin to load the certificates that an https request will want, before the imports."""
    if f"{__package__}.sessions" in sys.modules or str(url)[:6].lower() != "https:":
        return
    ca = kwargs.get("verify")
    if ca is None or ca is True:
        ca = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None
    elif not isinstance(ca, str):
        return
    from . import _trust

    _trust.begin(ca)


def get(url: str | bytes, params: Params = None, **kwargs: Unpack[QueryOptions]) -> Response:
    """Send a GET; for the arguments and errors see :func:`request`."""
    return request("get", url, params=params, **kwargs)


def options(url: str | bytes, **kwargs: Unpack[AllOptions]) -> Response:
    """Send an OPTIONS; for the arguments and errors see :func:`request`."""
    return request("options", url, **kwargs)


def head(url: str | bytes, **kwargs: Unpack[AllOptions]) -> Response:
    """Send a HEAD, by default without following redirects; see :func:`request`."""
    kwargs.setdefault("allow_redirects", False)
    return request("head", url, **kwargs)


def post(
    url: str | bytes, data: Data = None, json: Any = None, **kwargs: Unpack[BodyOptions]
) -> Response:
    """Send a POST; for the arguments and errors see :func:`request`."""
    return request("post", url, data=data, json=json, **kwargs)


def put(url: str | bytes, data: Data = None, **kwargs: Unpack[PutOptions]) -> Response:
    """Send a PUT; for the arguments and errors see :func:`request`."""
    return request("put", url, data=data, **kwargs)


def patch(url: str | bytes, data: Data = None, **kwargs: Unpack[PutOptions]) -> Response:
    """Send a PATCH; for the arguments and errors see :func:`request`."""
    return request("patch", url, data=data, **kwargs)


def delete(url: str | bytes, **kwargs: Unpack[AllOptions]) -> Response:
    """Send a DELETE; for the arguments and errors see :func:`request`."""
    return request("delete", url, **kwargs)


def query(
    url: str | bytes, data: Data = None, json: Any = None, **kwargs: Unpack[BodyOptions]
) -> Response:
    """Send a QUERY: a safe request with a body; see :func:`request`."""
    return request("query", url, data=data, json=json, **kwargs)
