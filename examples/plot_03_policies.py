"""
Measures of policy
==================

Look at the measures, switch some on, and see what they change, where and when.
"""

# %%
# All measures are a table. For most no effect is proven: their central strength is zero.
import pandas as pd
from matplotlib.figure import Figure

import krapte_sd as ks
from krapte_sd.analysis.comparison import side_effects

measures = ks.policies()
measures.groupby(["area", "status"]).size().unstack(fill_value=0)

# %%
# Measures with an effect that was read, computed or assumed.
known = measures[(measures["central"] != 0) & measures["id"].str.startswith("L")]
known[["id", "title", "central", "unit", "status"]]

# %%
# Three of them, each alone, against the baseline.
runs = {"baseline": ks.run("baseline", by_age=False)}
for name in ("childcare_subsidy_95", "pension_age", "temporary_migration"):
    runs[name] = ks.run("baseline", policies=[name], by_age=False)
change = ks.compare(runs)
gap = change["need_gap"].sum(("region", "sector"))

figure = Figure(figsize=(8, 4.5), layout="constrained")
axes = figure.subplots()
years = gap["time"].dt.year
for name in gap["scenario"].values:
    axes.plot(years, gap.sel(scenario=name) / 1000, label=str(name).replace("_", " "))
axes.axhline(0, color="grey", linewidth=0.8)
axes.set_title("What each measure changes")
axes.set_ylabel("need gap, thousand persons, change from the baseline")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %%
# Temporary migration helps while it lasts and leaves nothing. A higher pension age brings workers, and with them the
# market need that follows expected supply.
#
# What happens elsewhere: people, unemployment, wages, need in care (childcare needs staff).
side_effects(change, [2030, 2040]).set_index(["scenario", "effect"]).round(3)

# %%
# A measure without a proven effect does nothing, and the run says so. To explore is a choice.
quiet = ks.run("baseline", policies=["regional_mobility_teams"], by_age=False)
loud = ks.run("baseline", policies=["regional_mobility_teams"], explore=True, by_age=False)
told = pd.DataFrame({"said": [quiet.attrs["policy_notes"], loud.attrs["policies"]]}, index=["not explored", "explored"])
told
