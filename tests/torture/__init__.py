"""Everything that can go wrong between a client and the network, at every place in turn.

A :mod:`scenario <tests.torture.scenarios>` is a small conversation, written once for both
kinds of session.  It is run once undisturbed, then again and again: the n-th time its n-th
call on a socket goes wrong (:mod:`~tests.torture.faults`), or the n-th piece of data on
its way (:mod:`~tests.torture.relay`).  After each run :mod:`~tests.torture.ground` looks
whether the pool is whole, the next answers right, and nothing left.
"""
