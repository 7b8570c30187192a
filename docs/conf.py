"""Settings of the documentation: ``python -m sphinx -W -b html docs docs/_build``."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext"), str(HERE.parent / "examples")]

import api  # noqa: E402
import inventories  # noqa: E402

import vmm  # noqa: E402

project = "vmm"
author = copyright = "vmm developers"
version = release = vmm.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "commands",
    "files",
    "links",
    "mathml",
    "plots",
]
exclude_patterns = ["_build", "_ext", "sg_execution_times.rst"]
suppress_warnings = ["ref.footnote"]  # the summary of a docstring need not cite each of its references
nitpicky = False

api.write(HERE / "api")

# Markdown
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# The reference of the API: types are in the signatures only, and are shown with the parameters.
autosummary_generate = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_preprocess_types = True
intersphinx_mapping = inventories.mapping(HERE / "inventories", HERE / "_build" / "inventories")

# The gallery
os.environ.setdefault("MPLBACKEND", "agg")
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"(hand_over|real_clips)\.py$",
    "image_scrapers": ("files.scraper", "matplotlib"),
    "within_subsection_order": "files.Order",
    "capture_repr": (),
    "backreferences_dir": None,
    "download_all_examples": False,
    "show_signature": False,
    "min_reported_time": 1e6,
    "write_computation_times": False,
    "thumbnail_size": (320, 224),
    "copyfile_regex": r"hand_over\.py$",
    "abort_on_example_error": True,
}

# The page
html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "vmm"
html_static_path = ["_static"]
html_css_files = ["vmm.css"]
html_favicon = html_logo = "_static/logo.svg"
html_show_sourcelink = False
html_theme_options = {
    "github_url": "https://github.com/vmm-toolkit/vmm",
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher", "navbar-icon-links"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": False,
    "logo": {"text": "vmm"},
}
html_sidebars = {"index": [], "changelog": []}
