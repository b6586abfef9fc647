"""How many files and sockets a process may have open."""

from __future__ import annotations

import resource

#: As many as will ever be asked for.
MOST = 32768


def lift() -> int:
    """Have as many as the system allows, up to :data:`MOST`; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft == resource.RLIM_INFINITY or soft >= allowed:
        return allowed
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed
