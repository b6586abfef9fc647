"""Names of cases: words joined by hyphens, made of what a reader calls them."""

from __future__ import annotations

import re

__all__ = ["slug"]


def slug(words: str) -> str:
    """``words`` as a part of a case's name."""
    return re.sub(r"[^A-Za-z0-9.+]+", "-", words).strip("-").lower()
