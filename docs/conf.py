"""How Sphinx builds these pages: ``make docs``."""

from __future__ import annotations

from ulak import __version__

project = "ulak"
author = "The ulak authors"
copyright = "The ulak authors"
release = __version__
version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"ulak {__version__}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "show-inheritance": True}
# Each public class is documented where it is imported from.
autodoc_class_signature = "mixed"
toc_object_entries_show_parents = "hide"
