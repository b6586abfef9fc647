"""Packages that are built on requests, unchanged, against servers on loopback.

One file for each package; its tests go through what the package's own
documentation shows.  `make ecosystem` runs them where requests is not
installed and ulak stands in for it; a plain run does not collect them.
"""
