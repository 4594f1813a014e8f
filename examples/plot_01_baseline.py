"""
The baseline
============

Run the baseline for the Netherlands, read the headline, and look at it by sector, by age and by year.
"""

# %%
# One call runs the scenario and gives a labelled dataset. Stocks and indicators stand on ``time`` (1 January), flows on
# ``year``.
import pandas as pd

import krapte_sd as ks
from krapte_sd import plots

ds = ks.run("baseline")
ds.sizes

# %%
# How many people are we short? The need gap is what is wanted and not filled (structural) plus what is given up
# because labour has become dear (suppressed). Frictional vacancies, which exist because filling a post takes time,
# stand beside it.
gap = ds[["structural_shortage", "suppressed_shortage", "need_gap", "frictional_shortage"]].sum(["region", "sector"])
gap.to_dataframe().iloc[[0, 6, 16, 26]].round(-3)

# %%
shortage = plots.headline(ds)

# %%
# The shortage by sector.
by_sector = plots.shortage_by_sector(ds)

# %%
# The population and the workers among it, now and in 2050.
pyramid = plots.population_pyramid(ds)

# %%
# Openings: replacement demand against expansion demand.
openings = plots.openings(ds)

# %%
# What another population future does to the gap depends on how far the market makes room for care and the tasks.
variants = ("prognose", "groei", "krimp", "lage_migratie")
rows = {
    room: {
        name: float(
            ks.run("baseline", population=name, parameters={"market_makes_room": room})["need_gap"]
            .sel(time="2050-01-01")
            .sum()
        )
        for name in variants
    }
    for room in (0.0, 0.5, 1.0)
}
pd.DataFrame(rows).rename_axis(columns="market makes room").div(1000).round().astype(int)
