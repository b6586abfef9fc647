"""urllib3's own way to carry out an exchange, and when it has to be taken.

A subclass of an adapter may bring pools of urllib3's, and a program may put something
of its own in the place of urllib3's connections, of what they do or of what
``http.client`` does: recorders and mocks do, and so do tracers.  What stands there
expects urllib3's calls, over ``http.client``, and gets them from :func:`urlopen`.  Knows
which parts of both are their own; knows nothing of who replaced them, nor why.
"""

from __future__ import annotations

import http.client
import sys
from types import FunctionType
from typing import TYPE_CHECKING, Any

import urllib3.connection
import urllib3.connectionpool
import urllib3.util.connection

from .._protocol.h1 import request_head
from .payload import guarded

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

    from ..structures import CaseInsensitiveDict
    from ..timeouts import Timeout
    from .payload import Payload

__all__ = [
    "HTTPConnection",
    "HTTPSConnection",
    "dials_itself",
    "is_replaced",
    "is_watched",
    "own_parts",
    "urlopen",
]


def _own_class(name: str) -> Any:
    """The class of urllib3's connections called ``name``.

    This module may be imported while another stands in its place, which is made of it.
    """
    classes: tuple[type, ...] = getattr(urllib3.connection, name).__mro__
    here = urllib3.connection.__name__
    return next(one for one in classes if (one.__module__, one.__name__) == (here, name))


def _own(part: Any) -> Any:
    """``part`` where it is as urllib3 or ``http.client`` has written it; ``None`` where not."""
    if type(part) is not FunctionType:
        return None
    home = sys.modules.get(part.__module__)
    known = part.__module__.partition(".")[0] == "urllib3" or part.__module__ == "http.client"
    return part if known and home is not None and part.__globals__ is vars(home) else None


if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection, HTTPSConnection
else:
    HTTPConnection = _own_class("HTTPConnection")
    HTTPSConnection = _own_class("HTTPSConnection")

_OWN_DIALLING: Any = (
    _own(HTTPConnection._new_conn),
    _own(urllib3.util.connection.create_connection),
)
_CLIENT: Any = http.client.HTTPConnection


def own_parts(pool: Any, connection: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """What of an exchange others replace, as it is when nobody has: urllib3's, http.client's.

    There is ``None`` for what was replaced before it could be seen, and then every
    exchange goes by what stands there.

    :param pool: urllib3's class of pools.
    :param connection: urllib3's class of connections for it.
    """
    of_urllib3 = (
        connection,
        _own(pool.urlopen),
        _own(pool._make_request),
        _own(pool._get_conn),
        _own(connection.request),
        _own(connection.getresponse),
    )
    of_client = (
        _own(connection.putrequest),
        _own(connection.send),
        _own(_CLIENT.putrequest),
        _own(_CLIENT.putheader),
        _own(_CLIENT.endheaders),
        _own(_CLIENT.getresponse),
    )
    return of_urllib3, of_client


def is_replaced(pool: Any, connection: Any, own: tuple[Any, ...]) -> bool:
    """Whether something stands in the place of what is urllib3's.

    :param own: the first of what :func:`own_parts` told of ``pool`` and ``connection``.
    """
    stands, urlopen, make_request, get_conn, request, getresponse = own
    # By identity: a wrapper may call itself equal to what it wraps.
    return not (
        pool.ConnectionCls is stands
        and pool.urlopen is urlopen
        and pool._make_request is make_request
        and pool._get_conn is get_conn
        and connection.request is request
        and connection.getresponse is getresponse
    )


def is_watched(connection: Any, own: tuple[Any, ...]) -> bool:
    """Whether something stands in the place of what is of ``http.client``, or it is to print.

    :param own: the second of what :func:`own_parts` told of it.
    """
    putrequest, send, client_putrequest, putheader, endheaders, getresponse = own
    return not (
        connection.putrequest is putrequest
        and connection.send is send
        and connection.debuglevel == 0
        and _CLIENT.putrequest is client_putrequest
        and _CLIENT.putheader is putheader
        and _CLIENT.endheaders is endheaders
        and _CLIENT.getresponse is getresponse
    )


def dials_itself(connection: Any) -> bool:
    """Whether somebody has replaced how urllib3's connections are dialled.

    :param connection: urllib3's class of connections.
    """
    new_conn, create_connection = _OWN_DIALLING
    return not (
        connection._new_conn is new_conn
        and urllib3.util.connection.create_connection is create_connection
    )


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
