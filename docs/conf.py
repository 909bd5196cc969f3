"""Sphinx: Markdown by MyST, the furo theme, nothing fetched from anywhere."""

project = "Footfall"
author = "The Footfall authors"
copyright = "the Footfall authors"

extensions = ["myst_nb", "sphinx.ext.autodoc"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build"]
nitpicky = True

nb_execution_mode = "off"  # tools/notebook.py executes; here is what it kept
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "description"

html_theme = "furo"
html_title = "Footfall"
html_copy_source = False
html_show_sourcelink = False
