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
from operator import is_not
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
    "is_untouched",
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
#: How many of :func:`own_parts` are urllib3's.
_OF_URLLIB3 = 6
_CLIENT: Any = http.client.HTTPConnection


def own_parts(pool: Any, connection: Any) -> tuple[Any, ...]:
    """What of an exchange others replace, as it is when nobody has: urllib3's, then http.client's.

    There is ``None`` for what was replaced before it could be seen, and then every
    exchange goes by what stands there.

    :param pool: urllib3's class of pools.
    :param connection: urllib3's class of connections for it.
    """
    return connection, *(_own(part) for part in _parts(pool, connection)[1:])


def _parts(pool: Any, connection: Any) -> tuple[Any, ...]:
    """The same, as it is at this moment."""
    return (
        pool.ConnectionCls,
        pool.urlopen,
        pool._make_request,
        pool._get_conn,
        connection.request,
        connection.getresponse,
        connection.putrequest,
        connection.send,
        _CLIENT.putrequest,
        _CLIENT.putheader,
        _CLIENT.endheaders,
        _CLIENT.getresponse,
    )


def is_untouched(pool: Any, connection: Any, own: tuple[Any, ...]) -> bool:
    """Whether all is in its place, and ``http.client`` is not to print; asked for every request.

    :param own: what :func:`own_parts` told of ``pool`` and ``connection``.
    """
    # By identity: a wrapper may call itself equal to what it wraps.
    return (
        pool.ConnectionCls is own[0]
        and pool.urlopen is own[1]
        and pool._make_request is own[2]
        and pool._get_conn is own[3]
        and connection.request is own[4]
        and connection.getresponse is own[5]
        and connection.putrequest is own[6]
        and connection.send is own[7]
        and _CLIENT.putrequest is own[8]
        and _CLIENT.putheader is own[9]
        and _CLIENT.endheaders is own[10]
        and _CLIENT.getresponse is own[11]
        and connection.debuglevel == 0
    )


def is_replaced(pool: Any, connection: Any, own: tuple[Any, ...]) -> bool:
    """Whether something stands in the place of what is urllib3's, not only http.client's.

    :param own: as for :func:`is_untouched`.
    """
    return any(map(is_not, _parts(pool, connection)[:_OF_URLLIB3], own))


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
