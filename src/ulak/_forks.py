"""Locks in a forked child: a thread that is not there may have held them.

What holds a lock that a child may want says so once, and is asked for a new one in each
child.  It is held weakly, and told from others by identity.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakValueDictionary

__all__ = ["renew_lock_in_child"]


class LockHolder(Protocol):
    """Something with a lock that lasts."""

    def _renew_lock(self) -> None:
        """Have a new lock, which nobody holds; called where there is one thread only."""
        ...


_holders: WeakValueDictionary[int, LockHolder] = WeakValueDictionary()


def renew_lock_in_child(holder: LockHolder) -> None:
    """Have ``holder`` renew its lock in every child that is forked from now on."""
    _holders[id(holder)] = holder


def _renew_all() -> None:
    for holder in list(_holders.values()):
        holder._renew_lock()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_renew_all)
