"""What the peer's system has taken of what was sent, as far as ours counts it.

A peer that reads slowly may leave our buffers full for longer than it may take nothing:
only what it has acknowledged tells it from one that is gone.  This knows a socket, and
nothing of HTTP, of TLS, or of how either front waits.
"""

from __future__ import annotations

import socket
import sys
from typing import Final

__all__ = ["acknowledged"]

#: Where ``struct tcp_info`` has ``tcpi_bytes_acked``.
_ACKED: Final = slice(120, 128)


def acknowledged(sock: socket.socket) -> int:
    """Bytes that the peer's system has taken, where ours counts them; else 0.

    What TLS has not handed down says nothing of what the layers below it still hold.
    """
    if sys.platform != "linux":
        return 0
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKED.stop)
    except OSError:  # not of TCP, or closed
        return 0
    return int.from_bytes(info[_ACKED], sys.byteorder)
