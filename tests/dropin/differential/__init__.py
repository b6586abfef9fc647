"""Each call of a table, made with requests and with ulak against one recording server.

``recorder`` is the server, ``stage`` what a call has at hand, ``observation`` what is
seen of a call and when two observations are the same.  ``calls`` holds the table, and
``differences`` every difference that is meant, with its reason; ``page`` makes
docs/differences.md of these::

    python -m tests.dropin.differential --write
"""
