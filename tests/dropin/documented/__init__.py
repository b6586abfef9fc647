"""Programs in the manner of requests' documentation, unchanged, on requests and on ulak.

``programs`` has one for each topic of its Quickstart and Advanced pages.  Each prints what
the reader of such a page is shown.
"""
