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

#: Fields of either, folds not counted.  ``http.client`` stops at 100.
MAX_FIELDS: Final = 256

#: Digits of a Content-Length: 18 always fit a signed 64-bit integer.
MAX_LENGTH_DIGITS: Final = 18

#: Digits of a chunk size: 64 bits, as in Go.
MAX_CHUNK_DIGITS: Final = 16

#: Bytes of the line before a chunk: the size, extensions and CRLF.  Go has the same.
MAX_CHUNK_LINE: Final = 4096

#: Interim (1xx) answers before the final one.
MAX_INTERIM: Final = 64

#: Content codings applied to one body.  urllib3 has the same.
MAX_CODINGS: Final = 5

#: Bytes of a peer's data that an error message may show.
MAX_SHOWN: Final = 60
