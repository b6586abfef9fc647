"""Servers for the tests: a friendly one, a scripted one, a proxy, and real programs.

All of them listen on loopback only, record what reaches them, and stop in
bounded time.  Each is a context manager; :mod:`tests.support.fixtures` makes
fixtures of them.  None of them imports ulak: a test of ulak must not be judged
by ulak's own parser.  :mod:`tests.support.fronts`, which does, is no server: it
lets one test run on both sessions.
"""

from __future__ import annotations

from .certificates import Certificates
from .forward_proxy import ForwardProxy
from .http_server import Handler, HttpServer
from .messages import Answer, ReceivedRequest
from .ports import free_port, stalled_port, wait_port
from .programs import NginxServer, SocksServer, SquidServer, httpbin, nginx, socks, squid
from .raw_server import PeerClosed, RawConnection, RawServer, Script

__all__ = [
    "Answer",
    "Certificates",
    "ForwardProxy",
    "Handler",
    "HttpServer",
    "NginxServer",
    "PeerClosed",
    "RawConnection",
    "RawServer",
    "ReceivedRequest",
    "Script",
    "SocksServer",
    "SquidServer",
    "free_port",
    "httpbin",
    "nginx",
    "socks",
    "squid",
    "stalled_port",
    "wait_port",
]
