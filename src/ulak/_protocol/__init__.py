"""HTTP itself, and SOCKS, without a socket: bytes in, bytes and heads out.

Shared by the synchronous and the asynchronous transport.  Nothing in here
reads or writes, waits, or knows of a clock, and nothing in here imports more
of ulak than its exceptions.
"""
