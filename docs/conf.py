"""How Sphinx builds these pages: ``make docs``."""

from __future__ import annotations

from ulak import __version__

project = "ulak"
author = "The ulak authors"
copyright = "The ulak authors"  # noqa: A001 - Sphinx's name
release = __version__
version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"ulak {__version__}"

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say what goes in and comes out
autodoc_default_options = {"members": True, "show-inheritance": True}
toc_object_entries_show_parents = "hide"

# A reference to something of ulak's that is not there is an error.
nitpicky = True
# Their documentation is elsewhere, and a build needs no network.
nitpick_ignore_regex = [
    (r"py:.*", r"(urllib3|ssl|http|json|collections|contextlib|socket|urllib)\..*"),
    # What docstrings name, and the reference leaves out.
    (r"py:.*", r"ulak\._.*|ulak\.models\.Request(Hooks|Encoding)Mixin|ulak\.structures\.VT|Mock.*"),
    (r"py:class", r"Response|HTTPError"),  # by their bare names, in other modules
]
