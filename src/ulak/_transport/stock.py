"""urllib3's own way to carry out an exchange, and when it has to be taken.

A subclass of an adapter may bring pools of urllib3's, and a program may put something
of its own in the place of urllib3's connections: recorders and mocks do, and so do
tracers.  What stands there expects urllib3's calls, over ``http.client``, and gets them
from :func:`urlopen`.  Knows which parts of urllib3 are its own; knows nothing of who
replaced them, nor why.
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

import urllib3.connection
import urllib3.connectionpool

from .._protocol.h1 import request_head
from .payload import guarded

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

    from ..structures import CaseInsensitiveDict
    from ..timeouts import Timeout
    from .payload import Payload

__all__ = ["URLOPEN", "HTTPConnection", "HTTPSConnection", "urlopen"]


def _own_class(name: str) -> Any:
    """The class of urllib3's connections called ``name``.

    This module may be imported while another stands in its place, which is made of it.
    """
    classes: tuple[type, ...] = getattr(urllib3.connection, name).__mro__
    here = urllib3.connection.__name__
    return next(one for one in classes if (one.__module__, one.__name__) == (here, name))


def _own_function(function: Any) -> Any:
    """``function`` where it is the one that urllib3 has written; ``None`` where another is."""
    own = type(function) is FunctionType and function.__globals__ is vars(urllib3.connectionpool)
    return function if own else None


if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection, HTTPSConnection
else:
    HTTPConnection = _own_class("HTTPConnection")
    HTTPSConnection = _own_class("HTTPSConnection")

#: ``urlopen`` as urllib3 has it; ``None`` if it was replaced before it could be seen, and
#: then every exchange goes by what stands there.
URLOPEN: Any = _own_function(urllib3.connectionpool.HTTPConnectionPool.urlopen)


def urlopen(
    pool: urllib3.HTTPConnectionPool,
    method: str,
    target: str,
    headers: CaseInsensitiveDict[Any],
    timeout: Timeout,
    payload: Payload | None,
) -> BaseHTTPResponse:
    """One exchange by ``pool.urlopen``, with urllib3's leniency in reading.

    :param timeout: of which urllib3's own pools keep what they can.
    :returns: a response of urllib3, its body not yet read.
    :raises urllib3.exceptions.HTTPError, OSError, CallerError: when it fails.
    :raises RequestException: for a head that must not be sent.
    """
    # http.client looks less closely at what it sends.
    request_head(method, target, headers.items())
    return pool.urlopen(
        method=method,
        url=target,
        body=None if payload is None else guarded(payload.body),
        headers=headers,
        redirect=False,
        assert_same_host=False,
        preload_content=False,
        decode_content=False,
        retries=False,
        timeout=_as_urllib3(timeout),
        chunked=payload is not None and payload.length is None,
    )


def _as_urllib3(limits: Timeout) -> urllib3.Timeout:
    """As much of ``limits`` as urllib3's own pools can keep."""
    connect, read, total = limits.connect, limits.read, limits.total
    if total is not None:
        connect = total if connect is None else min(connect, total)
        read = total if read is None else min(read, total)
    return urllib3.Timeout(connect=connect, read=read)
