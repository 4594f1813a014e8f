"""Figures of a forecast (extra ``plot``). Every function takes a dataset of `krapte_sd.run` and returns a figure."""

from __future__ import annotations

from krapte_sd.plots.curves import beveridge, decomposition, shortage_bands, waterfall
from krapte_sd.plots.figures import headline, openings, population_pyramid, shortage_by_sector
from krapte_sd.plots.tiles import tile_map

__all__ = [
    "beveridge",
    "decomposition",
    "headline",
    "openings",
    "population_pyramid",
    "shortage_bands",
    "shortage_by_sector",
    "tile_map",
    "waterfall",
]
