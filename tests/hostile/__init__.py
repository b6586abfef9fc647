"""Against servers that are broken or mean: what each promise says, as cases for any client.

A :class:`~tests.hostile.case.Case` is a script for one or more servers, what a client is
asked to do (:mod:`tests.hostile.plan`), and how to judge what came of it.  None of this
names a client; :mod:`tests.hostile.clients` plugs them in.  ``test_cases.py`` runs every case
with both sessions of ulak; ``python -m tests.hostile --client requests`` runs the same cases
with another client, in the environment that it is installed in, and compares.

To add a case, write it in the file of its phase (``cases_*.py``), and name the clause of
``docs/threat-model.md`` that it tests.  ``python -m tests.hostile --list`` shows them all.
"""
