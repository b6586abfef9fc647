"""How much of anything a peer may send before it counts as an attack.

Each bound is above what honest servers send and below what would hurt, and
each has a precedent.  They are constants and not settings: a limit that can be
lifted is a limit that will be.
"""

from __future__ import annotations

from typing import Final

#: Bytes of a whole head, or of a trailer section.  Chromium has the same, curl 300 KiB.
MAX_HEAD: Final = 256 * 1024

#: Bytes of one line of either, its CRLF included.  ``http.client`` has the same.
MAX_LINE: Final = 64 * 1024

#: Fields of either, folds not counted.  ``http.client`` stops at 100, curl at 5000.
MAX_FIELDS: Final = 256

#: Digits of a Content-Length: 18 always fit a signed 64-bit integer, and llhttp counts in 64 bits.
MAX_LENGTH_DIGITS: Final = 18

#: Digits of a chunk size: 64 bits, as in Go and llhttp; h11 takes 20.
MAX_CHUNK_DIGITS: Final = 16

#: Bytes of the line before a chunk: the size, extensions and CRLF.  Go has the same.
MAX_CHUNK_LINE: Final = 4096

#: Interim (1xx) answers before the final one.  Go allowed 5 for long, and ``http.client``
#: skips any number; a server that reports progress by 102 sends more than a few.
MAX_INTERIM: Final = 64

#: Content codings applied to one body.  urllib3 has the same.
MAX_CODINGS: Final = 5

#: Bytes of a peer's data that an error message may show: a line of a terminal at most.
MAX_SHOWN: Final = 60
