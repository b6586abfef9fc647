"""All cases, in the order of the phases of a request."""

from __future__ import annotations

import importlib

from .case import Case

__all__ = ["CASES", "PHASES"]

#: The modules that have them, ``cases_`` apart.
PHASES: tuple[str, ...] = (
    "names",
    "connect",
    "tls",
    "deadlines",
    "framing",
    "body",
    "decompression",
    "memory",
    "keepalive",
    "pools",
    "redirects",
    "guards",
    "credentials",
    "cookies",
    "auth",
    "proxies",
    "upload",
    "injection",
    "input",
    "process",
)


def _collected() -> dict[str, Case]:
    found: dict[str, Case] = {}
    for phase in PHASES:
        for case in importlib.import_module(f".cases_{phase}", __package__).CASES:
            if case.name in found:
                raise ValueError(f"two cases are called {case.name}")
            found[case.name] = case
    return found


#: By name.
CASES: dict[str, Case] = _collected()
