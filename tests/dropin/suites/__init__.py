"""The packages' own tests, with requests and with ulak in its place, compared test by test.

``python -m tests.dropin.suites`` downloads source distributions, so it is no part of
`make test`.  What it finds is docs/compatibility.md.
"""
