"""Where the well-known certificates are, as requests tells it: ``ulak.certs.where()``."""

from __future__ import annotations

from certifi import where

__all__ = ["where"]

if __name__ == "__main__":
    print(where())
