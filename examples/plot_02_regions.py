"""
Labour-market regions
=====================

Run the baseline by labour-market region, look at one region in depth, and draw all of them on a map.

Residents, unemployed and participation are by region of residence; posts, vacancies and need by region of work.
"""

# %%
# One argument divides the country. The first run compiles the model for 35 regions; after that it takes about a second.
import pandas as pd

import krapte_sd as ks
from krapte_sd import plots

ds = ks.run("baseline", regions="arbeidsmarktregio")
ds["region_name"].to_series().rename("region")

# %%
# One region in depth
# -------------------
# Zuidoost-Brabant (AM28), which is Eindhoven and around it. Posts filled are what is needed less what is not there.
# More people work here than live and work: the rest commute in. The difference is of two estimates and is only known
# to 6% of the employed residents.
here = "AM28"
years = [2024, 2030, 2040, 2050]
dates = [f"{year}-01-01" for year in years]
one = ds.sel(region=here, time=dates)
posts = (one["labour_needed"] - one["need_gap"]).sum("sector")
depth = {
    "residents": one["population_total"],
    "residents of 15-74": one["working_age_population"],
    "employed residents": one["employed_total"],
    "filled posts": posts,
    "net commuting into the region": posts - one["employed_total"],
    "unemployed": one["unemployed_total"],
    "vacancies": one["vacancies_total"],
    "need gap": one["need_gap"].sum("sector"),
}
pd.DataFrame({name: values.values for name, values in depth.items()}, index=years).T.div(1000).round(1)

# %%
# By group of sections
# --------------------
# Below ten groups every region has the national mix of sections, which is an assumption. So sections are added up
# before anything is shown.
GROUPS = {
    "A": "Agriculture",
    "B-E": "Industry, energy and water",
    "F": "Construction",
    "G-I": "Trade, transport and hospitality",
    "J": "Information and communication",
    "K": "Financial services",
    "L": "Real estate",
    "M-N": "Business services",
    "O-Q": "Government, education and care",
    "R-U": "Culture and other services",
}


def group_of(sector):
    """Give the group in which a section lies: both ends are letters in the order of the alphabet."""
    return next(code for code in GROUPS if code[0] <= sector <= code[-1])


def by_group(values):
    """Add up sections to groups."""
    groups = [group_of(str(sector)) for sector in values["sector"].values]
    return values.assign_coords(sector=groups).groupby("sector").sum().sel(sector=list(GROUPS)).to_series()


first = one.sel(time="2024-01-01")
pd.DataFrame(
    {
        "filled posts 2024": by_group(first["labour_needed"] - first["need_gap"]),
        "vacancies 2024": by_group(first["vacancies"]),
        **{
            f"need gap {year}": by_group(one["need_gap"].sel(time=date))
            for year, date in zip(years, dates, strict=True)
        },
    }
).rename(index=GROUPS).div(1000).round(1)

# %%
# The table of a regional office
# ------------------------------
# What has to be filled each year up to 2029, and how short the region and the country will be in 2030. The range is
# that of one open question: how far the market makes room for care and the tasks (0: not at all, 1: need as a whole
# follows labour supply). Thousand persons, and percent of need. Read the gap with care: the regions start
# in balance, and how they part afterwards hangs on how far jobs follow people, which is assumed (see the page on
# regions).
rooms = [ks.run("baseline", regions="arbeidsmarktregio", parameters={"market_makes_room": room}) for room in (1.0, 0.0)]


def gap(forecast, regions):
    """Need gap of 2030 in percent of need, by group."""
    chosen = forecast.sel(time="2030-01-01", region=regions).sum("region")
    return 100 * by_group(chosen["need_gap"]) / by_group(chosen["labour_needed"])


flows = ds.sel(region=here, year=slice(2024, 2029)).mean("year")
everywhere = list(ds["region"].values)
office = pd.DataFrame(
    {
        "filled posts 2024": by_group(first["labour_needed"] - first["need_gap"]) / 1000,
        "replacement a year": by_group(flows["replacement_demand"]) / 1000,
        "expansion a year": by_group(flows["expansion_demand"]) / 1000,
        "gap 2030, %": gap(ds, [here]),
        "least": gap(rooms[0], [here]),
        "most": gap(rooms[1], [here]),
        "country, %": gap(ds, everywhere),
    }
)
print(f"{ds['region_name'].sel(region=here).item()} ({here})")
print((office.rename(index=GROUPS).round(1) + 0.0).to_string())

# %%
# On a map
# --------
# Each labour-market region is a tile in its rough place. Outlines of your own: ``outlines="regions.geojson"``.
tightness_map = plots.tile_map(ds, "tightness", 2024)

# %%
# Where the need gap weighs most. Market need follows the labour supply of a region by half (`jobs_follow_people`,
# assumed); with less, regions that lose people come out shorter, with more, those that grow.
gap_map = plots.tile_map(ds, "need_gap", 2050, relative_to="labour_needed")

# %%
# The same by province.
provinces = ks.run("baseline", regions="province")
province_map = plots.tile_map(provinces, "need_gap", 2050, relative_to="labour_needed")
