"""The baseline page and the page on regions: their tables and figures inside the text, and its pictures.

A picture carries a checksum of the numbers drawn, so that a stale one is found without comparing pixels, which differ
from one version of matplotlib to the next.
"""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from tools.docs.markers import refill
from tools.docs.runs import Runs
from tools.docs.tables import pieces

from krapte_sd import plots

PAGES = ("docs/baseline.md", "docs/regions.md", "docs/samenvatting.md", "README.md")
IMAGES = "docs/images"
DPI = 100
PICTURES = {
    "headline": (plots.headline, ("structural_shortage", "suppressed_shortage", "frictional_shortage")),
    "shortage_by_sector": (plots.shortage_by_sector, ("need_gap", "labour_needed")),
    "population_pyramid": (plots.population_pyramid, ("population_by_age", "employed_by_age")),
    "openings": (plots.openings, ("replacement_demand", "expansion_demand")),
}
_TEXT = re.compile(rb"tEXtDescription\x00([0-9a-f]{64})")


def checksum(ds: Any, names: tuple[str, ...]) -> str:
    """Compute the checksum of some variables at four digits, and of what stands under each picture."""
    digest = hashlib.sha256(ds.attrs["parameter_status_counts"].encode())
    for name in names:
        values = ds[name].sum([d for d in ds[name].dims if d in ("region", "sex")]).values
        digest.update("\n".join(f"{v:.4g}" for v in np.ravel(values)).encode())
    return digest.hexdigest()


def told(path: Path) -> str:
    """Read the checksum out of a picture; empty if there is none."""
    found = _TEXT.search(path.read_bytes()) if path.is_file() else None
    return found[1].decode() if found else ""


def draw(path: Path, ds: Any) -> None:
    """Draw one picture, without a date and without the version of the library in it."""
    picture, names = PICTURES[path.stem]
    data = io.BytesIO()
    metadata = {"Software": None, "Description": checksum(ds, names)}
    picture(ds).savefig(data, format="png", dpi=DPI, bbox_inches="tight", facecolor="white", metadata=metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.getvalue())


def make(root: Path, *, write: bool) -> list[str]:
    """Compute the pages and pictures; give the names of those that were stale (and are written, if asked)."""
    runs = Runs()
    stale = pages(root, PAGES, runs, write=write)
    for stem, (_, names) in PICTURES.items():
        path = root / IMAGES / f"{stem}.png"
        if told(path) != checksum(runs.baseline, names):
            stale.append(f"{IMAGES}/{stem}.png")
            if write:
                draw(path, runs.baseline)
    return stale


def pages(root: Path, which: tuple[str, ...], runs: Runs, *, write: bool) -> list[str]:
    """Compute pages alone, without pictures; give the names of those that were stale."""
    found = pieces(runs)
    return [stale for name in which for stale in refill(root, name, found, write=write)]
