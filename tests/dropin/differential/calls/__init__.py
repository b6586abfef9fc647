"""The table of calls, a module for each subject; importing this package fills it."""

from __future__ import annotations

from . import (
    authentication,
    bodies,
    cookies,
    failures,
    headers,
    params,
    redirects,
    responses,
    sessions,
    urls,
    verbs,
)
from .table import CALLS

__all__ = [
    "CALLS",
    "authentication",
    "bodies",
    "cookies",
    "failures",
    "headers",
    "params",
    "redirects",
    "responses",
    "sessions",
    "urls",
    "verbs",
]
