"""
Forecasts from the past
=======================

Start the model in 2010 and in 2015 with what was known then, and lay what happened over it.

The methods beside it (random walk, trend, ARIMA and exponential smoothing) need the extra ``backtest``. The page on the
back-test says what the model could not know, and what it could.
"""

# %%
# Two starts, by the model and by each simple method. The first table scores them, the second holds every forecast.
from matplotlib.figure import Figure

from krapte_sd.backtest import backtest, published
from krapte_sd.backtest.outcomes import past
from krapte_sd.parameters.observations import read_observations

MEMBERS = 100
STARTS = (2010, 2015)
scores, forecasts = backtest(STARTS, members=MEMBERS)
forecasts.head()

# %%
# From 2010
# ---------
# The blue line is the forecast, the band should hold four of five years, the black line is what happened. The figures
# before the start, in grey, are all that the forecast has seen. Axes of employment do not begin at zero.
OWN, BAND, TRUTH, BEFORE = "#4477aa", "#4477aa", "#222222", "#999999"
WIDTH = 1.2816  # of the 80% band of a normal distribution, in standard deviations
FIRST = 2000
PANELS = {
    "Industry and energy (B-E)": ("employed_by_group", "B-E"),
    "Construction (F)": ("employed_by_group", "F"),
    "Business services (M-N)": ("employed_by_group", "M-N"),
    "Government, education, care (O-Q)": ("employed_by_group", "O-Q"),
    "Vacancies": ("vacancies", "all"),
    "Unemployed": ("unemployed", "all"),
}
observed = read_observations()


def against_what_happened(origin):
    """Draw the forecasts of one start over the figures from 2000 on."""
    history = past(observed, origin)
    figure = Figure(figsize=(10, 6), layout="constrained")
    grid = figure.subplots(2, 3, sharex=True)
    for axes, (title, (target, unit)) in zip(grid.flat, PANELS.items(), strict=True):
        series = history[target]
        values = series.values[series.units.index(unit)] / 1000
        shown = (series.years >= FIRST) & (series.years < origin + 10)
        early = shown & (series.years < origin)
        late = shown & (series.years >= origin - 1)
        own = forecasts[
            (forecasts["method"] == "krapte_sd")
            & (forecasts["origin"] == origin)
            & (forecasts["target"] == target)
            & (forecasts["unit"] == unit)
        ]
        mean, spread = own["mean"] / 1000, own["spread"] / 1000
        axes.fill_between(own["year"], mean - WIDTH * spread, mean + WIDTH * spread, color=BAND, alpha=0.2, lw=0)
        axes.plot(own["year"], mean, color=OWN, lw=2)
        axes.plot(series.years[late], values[late], color=TRUTH, lw=1.5)
        axes.plot(series.years[early], values[early], color=BEFORE, lw=1.5)
        axes.axvline(origin - 0.5, color=BEFORE, lw=0.8, ls=":")
        top = 1.05 * max(values[shown].max(), (mean + WIDTH * spread).max())
        axes.set_ylim(0.7 * values[shown].min() if target == "employed_by_group" else 0, top)
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supylabel("thousand", fontsize=10)
    figure.suptitle(f"Forecast of 1 January {origin} (blue, with 80% band) and what happened (black)", fontsize=12)
    return figure


from_2010 = against_what_happened(2010)

# %%
# The crisis of the euro was still to come: nobody who started in 2010 had it, and construction and unemployment lie
# outside the band for years.
#
# From 2015
# ---------
from_2015 = against_what_happened(2015)

# %%
# The recovery is missed: the start lies near the bottom of the slump. Construction, industry and unemployment leave the
# band after a few years, and the labour force grew by more than the model lets it.
#
# Beside simple methods
# ---------------------
# Weighted absolute error in percent of what happened, by years ahead. Lower is better; no method is best everywhere.
# For unemployment, exponential smoothing finds no trend and is a random walk.
NAMES = {
    "krapte_sd": ("krapte_sd", OWN),
    "random_walk": ("random walk", "#999999"),
    "arima": ("ARIMA", "#ee6677"),
    "ets": ("exponential smoothing", "#ccbb44"),
}
SCORED = {
    "employed_by_group": "Employed by group",
    "vacancies_by_section": "Vacancies by section",
    "unemployed": "Unemployed",
    "labour_force": "Labour force",
}
errors = Figure(figsize=(10, 3.4), layout="constrained")
row = errors.subplots(1, len(SCORED))
for axes, (target, title) in zip(row, SCORED.items(), strict=True):
    for method, (label, colour) in NAMES.items():
        found = scores[(scores["target"] == target) & (scores["method"] == method)]
        own = method == "krapte_sd"
        axes.plot(
            found["horizon"],
            100 * found["wmape"],
            color=colour,
            label=label,
            marker="o",
            ms=5 if own else 3,
            lw=2.5 if own else 1.5,
            ls="--" if method == "ets" else "-",
            zorder=3 if own else 2,
        )
    axes.set_ylim(0, None)
    axes.set_xticks([1, 3, 5, 7, 10])
    axes.set_xlabel("years ahead")
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
row[0].set_ylabel("error, %")
handles, labels = row[0].get_legend_handles_labels()
errors.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)

# %%
# The same in figures, with the bias of the model: below zero, it forecast too little.
table = scores.pivot_table(index=["target", "horizon"], columns="method", values="wmape", sort=False)
own = scores[scores["method"] == "krapte_sd"].set_index(["target", "horizon"])["bias"]
chosen = table.loc[list(SCORED), [name for name in NAMES if name in table]].assign(bias=own)
(100 * chosen).round(1) + 0.0

# %%
# By region
# ---------
# Areas and provinces keep the shares that were known at the start. ``shares_only`` is no forecast: it knows how the
# groups went in the country, and what is left of the error is that of the shares.
cells = table.loc[["jobs_by_area_and_group", "employed_by_province_and_group"]]
(100 * cells[["krapte_sd", "random_walk", "linear_trend", "shares_only"]]).round(1)

# %%
# Forecasts of others at the time, beside the same.
published(forecasts)[["publisher", "quantity", "period", "unit", "forecast", "happened", "own", "remark"]].round(1)
