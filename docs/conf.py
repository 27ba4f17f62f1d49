"""How Sphinx builds these pages: `nox -s docs`."""

import importlib.metadata

project = "arke"
author = "arke contributors"
project_copyright = "2026, arke contributors"
release = version = importlib.metadata.version("arke")

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"arke {version}"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nitpicky = True
