"""urllib3's own way to carry out an exchange, and when it has to be taken.

A subclass of an adapter may bring pools of urllib3's, and a program may put something
of its own in the place of urllib3's connections or of what they do: recorders and mocks
do.  What stands there expects urllib3's calls, over ``http.client``, and gets them from
:func:`urlopen`.  Others only want to look on, which is :mod:`.watched`.  Knows which parts
of both are their own; knows nothing of who replaced them, nor why.
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
    from collections.abc import Callable

    from urllib3.response import BaseHTTPResponse

    from ..structures import CaseInsensitiveDict
    from ..timeouts import Timeout
    from .payload import Payload

__all__ = [
    "HTTPConnection",
    "HTTPSConnection",
    "OwnParts",
    "call",
    "dials_itself",
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


class OwnParts:
    """What of an exchange others replace, as it is when nobody has.

    What was replaced before it could be seen counts as replaced, whatever stands there.

    :param pool: a class of urllib3's pools.
    :param connection: the class of its connections.
    """

    def __init__(self, pool: Any, connection: Any) -> None:
        self._pool = pool
        self._connection = connection
        #: What carries an exchange out: whoever stands there has to be asked for it.
        self._carriers = connection, *(_own(x) for x in _carriers(pool, connection)[1:])
        #: What is called on the way, by whoever wants to look on.
        self._lookouts = tuple(_own(x) for x in _lookouts(pool, connection))
        #: Whether all is in its place, and ``http.client`` is not to print.
        self.is_untouched = self._asking()

    def are_carried(self) -> bool:
        """Whether something stands in the place of what carries urllib3's exchanges out."""
        return any(map(is_not, _carriers(self._pool, self._connection), self._carriers))

    def are_watched(self) -> bool:
        """Whether somebody looks on, or ``http.client`` is to print."""
        there = _lookouts(self._pool, self._connection)
        return any(map(is_not, there, self._lookouts)) or self._connection.debuglevel != 0

    def has_urlopen(self) -> bool:
        """Whether nobody has replaced what urllib3's pools are called by."""
        return self._pool.urlopen is self._lookouts[0]

    def _asking(self) -> Callable[[], bool]:
        """A function that compares all parts; it is called for every request.

        By identity: a wrapper may call itself equal to what it wraps.
        """
        pool, connection = self._pool, self._connection
        made_of, make_request, get_conn, request, getresponse = self._carriers
        urlopen, putrequest, endheaders, send, *client = self._lookouts
        client_putrequest, client_putheader, client_getresponse = client

        def is_untouched() -> bool:
            return (
                pool.ConnectionCls is made_of
                and pool._make_request is make_request
                and pool._get_conn is get_conn
                and connection.request is request
                and connection.getresponse is getresponse
                and pool.urlopen is urlopen
                and connection.putrequest is putrequest
                and connection.endheaders is endheaders
                and connection.send is send
                and _CLIENT.putrequest is client_putrequest
                and _CLIENT.putheader is client_putheader
                and _CLIENT.getresponse is client_getresponse
                and connection.debuglevel == 0
            )

        return is_untouched


def _carriers(pool: Any, connection: Any) -> tuple[Any, ...]:
    return (
        pool.ConnectionCls,
        pool._make_request,
        pool._get_conn,
        connection.request,
        connection.getresponse,
    )


def _lookouts(pool: Any, connection: Any) -> tuple[Any, ...]:
    return (
        pool.urlopen,
        connection.putrequest,
        connection.endheaders,
        connection.send,
        _CLIENT.putrequest,
        _CLIENT.putheader,
        _CLIENT.getresponse,
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
    body = None if payload is None else guarded(payload.body)
    return call(pool, method, target, headers, timeout, payload, body)


def call(  # noqa: PLR0913 - what urllib3 takes
    pool: urllib3.HTTPConnectionPool,
    method: str,
    target: str,
    headers: CaseInsensitiveDict[Any],
    timeout: Timeout,
    payload: Payload | None,
    body: Any,
) -> BaseHTTPResponse:
    """``pool.urlopen`` for one exchange, without anything else that it can do.

    :param body: that of ``payload``, as it is handed over.
    """
    return pool.urlopen(
        method=method,
        url=target,
        body=body,
        headers=headers.copy(),  # whoever stands there may add some
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
