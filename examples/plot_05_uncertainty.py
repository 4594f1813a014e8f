"""
How sure is it?
===============

Draw the parameters from their ranges, look at the spread of the need gap and where it comes from, and hold the drawn
population against the official interval.
"""

# %%
# Two hundred members, each with its own draw of every parameter that has a range. Bands hold 50, 80 and 90% of them.
import pandas as pd
from matplotlib.figure import Figure

import krapte_sd as ks
from krapte_sd import uncertainty

MEMBERS = 200
ds = ks.run("baseline", members=MEMBERS, seed=7, by_age=False, full=True)
central = ks.run("baseline", by_age=False)["need_gap"].sum(("region", "sector")) / 1000
gap = ds["need_gap"].sum(("region", "sector")) / 1000
levels = gap.quantile([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95], "member")
years = gap["time"].dt.year

fan = Figure(figsize=(8, 4.5), layout="constrained")
axes = fan.subplots()
for low, high, shade, label in (
    (0.05, 0.95, "#d4e3ec", "90%"),
    (0.1, 0.9, "#a0bdd0", "80%"),
    (0.25, 0.75, "#6b99b6", "50%"),
):
    band = levels.sel(quantile=[low, high])
    axes.fill_between(years, *band, color=shade, linewidth=0, label=f"{label} of members")
axes.plot(years, levels.sel(quantile=0.5), color="#012a4a", label="median")
axes.plot(years, central, color="#d1495b", linestyle="--", label="central run")
axes.axhline(0, color="grey", linewidth=0.8)
axes.set_xlim(2024, 2050)
axes.set_title("Need gap: what the ranges of the parameters imply")
axes.set_ylabel("thousand persons")
axes.legend(frameon=False, loc="upper left")
axes.spines[["top", "right"]].set_visible(False)

# %%
# The central run is one reading, not the middle: half of the members let the market go its own way in part, instead of
# following expected labour supply. See the page on ensembles.
levels.sel(time=["2030-01-01", "2040-01-01", "2050-01-01"]).to_series().unstack("quantile").round().astype(int)

# %%
# Where does the width come from? The variance is divided between groups of parameters, from ensembles in which only
# some of them are drawn. More members than the forty here give steadier shares; they stand on the page on validation.
split = uncertainty.variance_by_source(members=40)
shares = split.pivot(index="year", columns="source", values="share")[list(uncertainty.SOURCES)]

sources = Figure(figsize=(8, 3.6), layout="constrained")
axes = sources.subplots()
colours = ("#2a9d8f", "#8ab17d", "#264653", "#e76f51", "#e9c46a")
height = 0.8 / len(shares.columns)
for k, (name, colour) in enumerate(zip(shares.columns, colours, strict=True)):
    places = [row + (k - 2) * height for row in range(len(shares))]
    bars = axes.barh(places, 100 * shares[name], height, color=colour, label=name)
    axes.bar_label(bars, fmt="%.0f", padding=3, fontsize=8)
axes.set_yticks(range(len(shares)), [str(year) for year in shares.index])
axes.invert_yaxis()
axes.axvline(0, color="grey", linewidth=0.8)
axes.set_title("Where the variance of the need gap comes from")
axes.set_xlabel("share of the variance, %")
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
axes.spines[["top", "right"]].set_visible(False)

# %%
# Start and flows of the labour market matter first, behaviour later. The future of the population moves the gap little
# in the baseline, where market need follows expected labour supply.
#
# The population itself is uncertain all the same. The official forecast (CBS, Bevolkingsprognose 2023-2070) has a 67%
# interval; the share of the range of migration that is drawn was calibrated on it.
people = uncertainty.population_intervals(members=MEMBERS)

population = Figure(figsize=(8, 4), layout="constrained")
axes = population.subplots()
for shift, colour, names, label in (
    (-0.6, "#6c757d", ("official", "official_low", "official_high"), "official, 67% interval"),
    (0.6, "#2a6f97", ("median", "low", "high"), "members, median and 67%"),
):
    middle, low, high = (people[name] / 1e6 for name in names)
    axes.errorbar(
        people.index + shift, middle, [middle - low, high - middle], fmt="o", color=colour, capsize=5, label=label
    )
axes.set_xticks(people.index)
axes.set_title("Population: members and the official interval")
axes.set_ylabel("million persons, 1 January")
axes.legend(frameon=False, loc="upper left")
axes.spines[["top", "right"]].set_visible(False)

# %%
pd.DataFrame({"official": people["official"], "median": people["median"]}).div(1e6).round(2).assign(
    width=people["ratio"].round(2)
)
