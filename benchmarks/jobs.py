"""What a worker is told to do; crosses to it as JSON."""

from __future__ import annotations

import json
from typing import NamedTuple

from .target import Target


class Job(NamedTuple):
    """One peer in one scenario."""

    #: The module of the peer, in this package.
    module: str
    #: What is asked for its version; none for the standard library.
    distribution: str | None
    #: How the peer is driven: a name in ``runners.py``, or in ``async_runners.py``.
    runner: str
    target: Target
    #: The method of a synchronous peer.
    operation: str = ""
    #: The event loop of an asynchronous peer; empty for a synchronous one.
    loop: str = ""
    #: What an asynchronous runner counts: tasks, hosts or connections.
    level: int = 0

    def dump(self) -> str:
        """The job as a line of JSON."""
        return json.dumps({**self._asdict(), "target": self.target._asdict()})

    @classmethod
    def load(cls, line: str) -> Job:
        """The reverse of :meth:`dump`."""
        fields = json.loads(line)
        return cls(**{**fields, "target": Target(**fields["target"])})
