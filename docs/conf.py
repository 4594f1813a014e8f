"""Sphinx configuration. The version and the table of sources are read, not written a second time."""

import sys
import tomllib
from pathlib import Path

import yaml

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


def write_sources(app):
    """Make the table of sources out of the metadata of the parameter tables."""
    lines = ["| Source | Figures | Vintage | Licence |", "|---|---|---|---|"]
    rows = set()
    for path in sorted((ROOT / "parameters").rglob("*.yaml")):
        metadata = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        sources = metadata.get("sources") if isinstance(metadata, dict) else None
        for source in (sources or {}).values():
            cells = [str(source.get(key, "")) for key in ("citation", "table", "vintage", "licence")]
            rows.add("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ").strip() for cell in cells) + " |")
    folder = HERE / "_build"
    folder.mkdir(exist_ok=True)
    (folder / "sources.md").write_text("\n".join([*lines, *sorted(rows)]) + "\n", encoding="utf-8")


def add_gallery(app, docname, source):
    """Name the gallery in the table of contents if there is one."""
    if docname == "index" and _scripts:
        source[0] += "\n```{toctree}\n:maxdepth: 1\n\ngallery/index\n```\n"


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", add_gallery)
    app.connect("builder-inited", write_sources)
