"""Pictures for the gallery of examples.

The plots of krapte_sd give a plain `matplotlib.figure.Figure`, which the scraper of Sphinx-Gallery does not see: it
looks at the figures of pyplot.
"""

from __future__ import annotations

import weakref
from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

DPI = 100
_shown: weakref.WeakSet[Figure] = weakref.WeakSet()


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures that a block of an example has bound to a name.

    Parameters
    ----------
    block : object
        The block of code; not used.
    block_vars : dict
        `example_globals`, the names of the example so far, and `image_path_iterator`, paths for pictures.
    gallery_conf : dict
        Settings of the gallery, with `src_dir`, the folder of the documentation.

    Returns
    -------
    str
        reStructuredText that shows the new figures in the order of their names in the example; empty if there is none.
    """
    paths, titles = [], []
    found = {id(each): each for each in block_vars["example_globals"].values() if isinstance(each, Figure)}
    for figure in found.values():
        if figure in _shown:
            continue
        _shown.add(figure)
        path = next(block_vars["image_path_iterator"])
        figure.savefig(path, format="png", dpi=DPI, bbox_inches="tight", facecolor="white")
        paths.append(path)
        titles += [axes.get_title() for axes in figure.axes if axes.get_title()]
    return figure_rst(paths, gallery_conf["src_dir"], "; ".join(titles)) if paths else ""
