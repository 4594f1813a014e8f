"""
A package of measures
=====================

What each measure of a package contributes, and the smallest package that reaches a target.
"""

# %%
# Six measures. Every subset is run; the contributions are Shapley values and add up to the package.
from matplotlib.figure import Figure

import krapte_sd as ks
from krapte_sd.packages import robust_package

six = ks.attribute(["L01", "L26", "L31", "L32", "L43", "L46"], year=2040)
six.round(0)

# %%
# The waterfall: from the need gap of the baseline to that of the package.
single = six[six["id"] != ""].sort_values("contribution")
start = six.attrs["reference"] / 1000
figure = Figure(figsize=(8, 4.5), layout="constrained")
axes = figure.subplots()
names, at = ["baseline"], start
axes.bar(0, start, color="#4477aa")
for place, (name, value) in enumerate(zip(single["name"], single["contribution"] / 1000, strict=True), start=1):
    axes.bar(place, value, bottom=at, color="#228833" if value < 0 else "#cc3311")
    names.append(name.replace("_", "\n"))
    at += value
axes.bar(len(names), at, color="#4477aa")
axes.set_xticks(range(len(names) + 1), [*names, "package"], fontsize=8)
axes.set_ylim(0.7 * at, 1.05 * start)
axes.set_ylabel("need gap 2040, thousand persons")
axes.set_title("What each measure of a package contributes")
axes.spines[["top", "right"]].set_visible(False)

# %%
# The axis does not begin at zero.
#
# The smallest package that closes a tenth of the gap of 2040, without new technology.
pool = ["L01", "L02", "L20", "L26", "L31", "L32", "L40", "L46"]
found = ks.find_package(0.1, variable="need_gap", year=2040, policies=pool)
found.table, found.notes

# %%
# Three measures that do best whatever happens: the smallest regret over eight populations and draws of the parameters.
package, worlds = robust_package(3, year=2040, policies=pool, draws=4)
package.table

# %%
worlds.round(-2)
