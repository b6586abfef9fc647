"""How much memory this process has held at most."""

from __future__ import annotations

import resource
import sys

#: The same as :func:`peak_kib`, for a script that must import nothing first.
PEAK_KIB_SOURCE = """\
def peak_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
"""


def peak_kib() -> int:
    """The most resident memory of this process so far, in KiB.

    Linux's ``ru_maxrss`` also counts what the parent held before ``exec``; so
    ``VmHWM`` is read where there is one.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // 1024 if sys.platform == "darwin" else peak
