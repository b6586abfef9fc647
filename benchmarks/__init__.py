"""Speed and size of ulak beside its peers: ``make bench``, or ``python -m benchmarks``."""
