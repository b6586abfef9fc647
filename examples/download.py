"""Download a file of any size to disk, piece by piece.

Run it::

    python examples/download.py https://example.com/big.iso big.iso

Without arguments it downloads from ``python examples/demo_server.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ulak


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/download?size=50000000"
    target = Path(sys.argv[2] if len(sys.argv) > 2 else "download.bin")

    # With stream=True only the head is read at first.
    with ulak.get(url, stream=True) as response:
        response.raise_for_status()
        print("announced:", response.headers.get("Content-Length", "?"), "bytes")
        with target.open("wb") as file:
            for chunk in response.iter_content(chunk_size=65536):
                file.write(chunk)
    print("written:  ", target.stat().st_size, "bytes to", target)


if __name__ == "__main__":
    main()
