"""How Sphinx builds these pages: Markdown by MyST, docstrings by autodoc, tables from the program itself."""

import sys
from pathlib import Path

from benchsuite import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "benchsuite"
version = release = __version__
language = "en"
copyright = "the authors of benchsuite"

extensions = ["myst_parser", "sphinx.ext.autodoc", "benchsuite_reference"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"benchsuite {release}"
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "literal"  # `name` in docstrings
autodoc_class_signature = "separated"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_default_options = {"undoc-members": True, "exclude-members": "__init__, __new__, model_config, model_post_init"}
add_module_names = False
python_use_unqualified_type_names = True
