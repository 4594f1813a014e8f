"""Sphinx configuration. The version is read, not written a second time."""

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))  # for tools.docs.gallery

_project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "krapte_sd"
author = "The krapte_sd developers"
project_copyright = "2026, The krapte_sd developers"
release = version = _project["version"]

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "Thumbs.db", ".DS_Store"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # numpydoc writes types once, in words
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_title = f"krapte_sd {release}"

# Each example runs when the documentation is built, and an example that fails stops it.
_examples = ROOT / "examples"
_scripts = sorted(_examples.glob("plot_*.py"))
if _scripts:
    extensions.append("sphinx_gallery.gen_gallery")
    sphinx_gallery_conf = {
        "examples_dirs": str(_examples),
        "gallery_dirs": "gallery",
        "filename_pattern": r"/plot_",
        # By name: Sphinx cannot keep a function in its cache and would warn.
        "image_scrapers": ("tools.docs.gallery.scrape",),
        "abort_on_example_error": True,
        "show_memory": False,
        "write_computation_times": False,
        "show_signature": False,
        "min_reported_time": 1e9,
    }


def add_gallery(app, docname, source):
    """Name the gallery in the table of contents if there is one."""
    if docname == "index" and _scripts:
        source[0] += "\n```{toctree}\n:maxdepth: 1\n\ngallery/index\n```\n"


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", add_gallery)
