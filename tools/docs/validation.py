"""The page on the back-test and on what the forecast is most sensitive to."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from tools.docs import backtest_tables
from tools.docs.markers import number, refill, signed, table, thousands

from krapte_sd import sensitivity, uncertainty
from krapte_sd.backtest import backtest, labour_force_miss, published, scores_at_ends
from krapte_sd.backtest.miss import PARTS
from krapte_sd.backtest.others import sector_errors
from krapte_sd.backtest.run import HORIZONS, MEMBERS, MODEL
from krapte_sd.parameters.history import borrowed, origins
from krapte_sd.parameters.reading import read_parameters
from krapte_sd.simulation import load_model

PAGE = "docs/validation.md"
METHODS = {MODEL: "krapte_sd", "random_walk": "random walk", "linear_trend": "trend", "arima": "ARIMA", "ets": "ETS"}
TARGETS = {
    "employed_by_group": "Employed by group of sections",
    "employed_by_section": "Employed by section",
    "employed": "Employed",
    "labour_force": "Labour force",
    "unemployed": "Unemployed",
    "vacancies_by_section": "Vacancies by section",
    "vacancies": "Vacancies",
}
LEADING = 15
YEARS = (2030, 2050)
SECTIONS = ("F", "G", "P", "Q")
MISS_YEAR = 2019
"""Last year before the virus and the break of the survey."""
MISSED = ("unemployed", 5)
BESIDE = (*(("unemployed", h) for h in (3, 5, 10)), ("vacancies_by_section", 5), ("employed_by_group", 5))
BEST_ENDS = 6


class Analysis:
    """What the page is about; each part is computed once, when it is first asked for."""

    @cached_property
    def back(self) -> Any:
        """The scores and the forecasts of the back-test."""
        return backtest()

    @cached_property
    def scores(self) -> Any:
        """The scores of the back-test, by target, horizon and method."""
        return self.back[0].set_index(["target", "horizon", "method"])

    @cached_property
    def screening(self) -> Any:
        """Elementary effects of all parameters that have a range."""
        return sensitivity.morris()

    @cached_property
    def leading(self) -> list[str]:
        """Parameters with the largest effects on the gap of the country, over both years."""
        every = self.screening[self.screening["sector"] == sensitivity.ALL]
        here = every[every["year"].isin(YEARS)].groupby("parameter")["effect"].max()
        return [str(name) for name in here.sort_values(ascending=False).index[:LEADING]]

    @cached_property
    def variance(self) -> Any:
        """Shares of the variance between the leading parameters."""
        found = sensitivity.sobol(self.leading)
        return found[found["sector"] == sensitivity.ALL].set_index(["parameter", "year"])

    @cached_property
    def ends(self) -> Any:
        """The scores with each parameter at each end of its range, by parameter, end, target and horizon."""
        return scores_at_ends().set_index(["parameter", "end", "target", "horizon"]).sort_index()

    @cached_property
    def best_ends(self) -> list[tuple[str, str]]:
        """Parameters and ends with the lowest error of what is missed."""
        here = self.ends.xs(MISSED, level=["target", "horizon"])["wmape"].drop("", level="parameter")
        return [(str(name), str(end)) for name, end in here.sort_values(kind="stable").index[:BEST_ENDS]]

    @cached_property
    def population(self) -> Any:
        """The population of the members beside the official intervals."""
        return uncertainty.population_intervals()

    @cached_property
    def sources(self) -> Any:
        """The variance of the need gap by source."""
        return uncertainty.variance_by_source().set_index(["source", "year"])


def errors(found: Analysis) -> str:
    """The weighted absolute error of each method, in per cent."""
    rows = []
    for target, label in TARGETS.items():
        for horizon in HORIZONS:
            cells = {m: float(found.scores.loc[(target, horizon, m), "wmape"]) for m in METHODS}
            best = min(cells.values())
            told = [f"**{100 * v:.1f}**" if v == best else f"{100 * v:.1f}" for v in cells.values()]
            rows.append([label, str(horizon), *told])
    return table(["What", "Horizon", *METHODS.values()], rows)


def own(found: Analysis) -> str:
    """Skill, bias, direction, coverage and CRPS of the model."""
    rows = []
    for target, label in TARGETS.items():
        for horizon in HORIZONS:
            each = found.scores.loc[(target, horizon, MODEL)]
            cells = [number(float(each["skill"]), 2), *(number(100 * float(each[c])) for c in ("bias", "crps"))]
            cells += [f"{100 * float(each[c]):.0f}" for c in ("direction", "coverage")]
            rows.append([label, str(horizon), *cells, str(int(each["figures"]))])
    head = ["What", "Horizon", "Skill", "Bias, %", "CRPS, %", "Direction right, %", "Inside the 80% band, %", "Figures"]
    return table(head, rows)


def miss() -> str:
    """Where the error of the labour force comes from, in thousands, by start."""
    rows = []
    for origin in origins():
        each = labour_force_miss(origin, MISS_YEAR)
        rows.append([str(origin), signed(float(each.sum())), *(signed(float(each[part])) for part in PARTS)])
    return table(["Start", "Error", *(part[:1].upper() + part[1:] for part in PARTS)], rows)


def at_ends(found: Analysis) -> str:
    """The parameters whose ends would have lowered the error of unemployment most, and what they do to others."""
    every = found.ends
    rows = []
    for name, end in [("", "value"), *found.best_ends]:
        cells = every.loc[(name, end)]
        told = [f"{100 * float(cells.loc[pair, 'wmape']):.1f}" for pair in BESIDE]
        rows.append([f"`{name}`" if name else "values in the tables", end if name else "", *told])
    return table(["Parameter", "End", *(f"{TARGETS[t]}, {h} years" for t, h in BESIDE)], rows, left=2)


def lent() -> str:
    """What starts in the past take from the tables of the base year, by theme; the same for all of them.

    Switches of loops and levers, which are where they do nothing, are left out, and tables that no equation reads.
    """
    base = read_parameters()
    (names,) = {borrowed(origin, base) for origin in origins()}
    themes: dict[str, list[str]] = {}
    for name in load_model().equations.inputs:
        if name in names and base[name].theme not in ("loops", "levers"):
            themes.setdefault(base[name].theme, []).append(name)
    rows = [[theme, str(len(found)), " ".join(f"`{name}`" for name in found)] for theme, found in themes.items()]
    return table(["Theme", "Parameters", "Names"], rows)


def screened(found: Analysis) -> str:
    """Elementary effects of the leading parameters, and what they share of the variance."""
    every = found.screening
    whole = every[every["sector"] == sensitivity.ALL].set_index(["parameter", "year"])
    rows = []
    for name in found.leading:
        cells = [thousands(float(whole.loc[(name, year), "effect"])) for year in YEARS]
        cells += [
            number(100 * float(found.variance.loc[(name, year), c]), 0) for year in YEARS for c in ("first", "total")
        ]
        rows.append([f"`{name}`", *cells])
    head = ["Parameter", *(f"Effect {y}" for y in YEARS)]
    head += [f"{what} {y}, %" for y in YEARS for what in ("Alone", "In all")]
    return table(head, rows)


def sections(found: Analysis) -> str:
    """The three parameters that matter most for the gap of some sections in the last year."""
    every = found.screening[found.screening["year"] == YEARS[-1]].set_index(["sector", "rank"])
    rows = []
    for section in SECTIONS:
        each = [every.loc[(section, rank)] for rank in (1, 2, 3)]
        rows.append([section, *(f"`{e['parameter']}` ({thousands(float(e['effect']))})" for e in each)])
    return table(["Section", "First", "Second", "Third"], rows, left=4)


def intervals(found: Analysis) -> str:
    """The population of the members beside the official intervals, in millions."""
    rows = []
    for year, each in found.population.iterrows():
        names = ("official", "official_low", "official_high", "central", "median", "low", "high")
        rows.append([str(year), *(f"{each[name] / 1e6:.2f}" for name in names), f"{each['ratio']:.2f}"])
    head = [
        "1 January",
        "Official",
        "Low",
        "High",
        "Central run",
        "Median",
        "Members low",
        "High",
        "Width over official",
    ]
    return table(head, rows)


def by_source(found: Analysis) -> str:
    """The variance of the need gap by source and year."""
    years = uncertainty.YEARS
    rows = []
    for source in uncertainty.SOURCES:
        each = [found.sources.loc[(source, year)] for year in years]
        cells = [number(100 * float(e[c]), 0) for c in ("share", "alone") for e in each]
        told = [*cells, *(thousands(float(e["deviation"])) for e in each)]
        rows.append([source.capitalize(), *told])
    columns = ("Share {}, %", "Alone {}, %", "Deviation {}")
    return table(["Source", *(what.format(year) for what in columns for year in years)], rows)


def pieces(found: Analysis) -> dict[str, str]:
    """All tables and values of the page."""
    made = {"errors": errors(found), "own": own(found), "screened": screened(found), "sections": sections(found)}
    for target in TARGETS:
        for horizon in HORIZONS:
            for method in METHODS:
                error = 100 * float(found.scores.loc[(target, horizon, method), "wmape"])
                made[f"{target}_{horizon}_{method}"] = f"{error:.1f}"
            covered = 100 * float(found.scores.loc[(target, horizon, MODEL), "coverage"])
            made[f"{target}_{horizon}_coverage"] = f"{covered:.0f}"
            made[f"{target}_{horizon}_bias"] = number(100 * float(found.scores.loc[(target, horizon, MODEL), "bias"]))
    made |= {
        "by_region": backtest_tables.by_region(found.scores),
        "others": backtest_tables.of_others(published(found.back[1])),
    }
    made |= backtest_tables.values(found.scores, sector_errors(found.back[1]))
    made |= {"intervals": intervals(found), "by_source": by_source(found), "miss": miss(), "lent": lent()}
    made["at_ends"] = at_ends(found)
    made["ends"] = str(len(found.ends.xs(MISSED, level=["target", "horizon"])) - 1)
    made["best_end"] = f"{100 * float(found.ends.loc[(*found.best_ends[0], *MISSED), 'wmape']):.1f}"
    made["members"] = str(MEMBERS)
    made["interval_members"] = f"{uncertainty.MEMBERS:,}"
    made["source_members"] = str(uncertainty.SPLIT_MEMBERS)
    made["parameters"] = str(found.screening["parameter"].nunique())
    return made


def make(root: Path, *, write: bool) -> list[str]:
    """Compute the page; give its name if it was stale (and is written, if asked)."""
    return refill(root, PAGE, pieces(Analysis()), write=write)
