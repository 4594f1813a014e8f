"""The back-test by region and group of sections: shares known at the origin, times the forecast for the country.

The starts in the past are those of the whole country. What a regional run adds in its first step is a division of the
country over regions, and that is what is tested here: every cell keeps the share of its group that it had in the last
year known at the origin, and the group moves as the national back-test says. The loops of a regional run (jobs that
follow people, wages, commuting) are not in it.

Two targets, both published figures:

* jobs of employees of 40 COROP areas in December of 2010, 2015, 2019, 2023 and 2024 (CBS 83582NED). One of these
  years is before the starts of 2013 and 2015, so there is no line through a cell: the line is that of the province.
* workers of 12 provinces, yearly mean, of 2000, 2005, 2010, 2015 and 2017 (Eurostat nama_10r_3empers).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from krapte_sd.backtest.outcomes import GROUPS, Past

if TYPE_CHECKING:
    import pandas as pd

    from krapte_sd.parameters.observations import Observations

__all__ = ["AREAS", "PROVINCES", "REGIONAL", "SHARES_ONLY", "SHARES_WALK", "Cells", "cells", "regional_forecasts"]

Floats = NDArray[np.float64]

AREAS: Final = "jobs_by_area_and_group"
PROVINCES: Final = "employed_by_province_and_group"
REGIONAL: Final = (AREAS, PROVINCES)

SHARES_WALK: Final = "shares_random_walk"
"""The shares of the origin times the group as it was in the year before: what the model adds to knowing both."""

SHARES_ONLY: Final = "shares_only"
"""No forecast: the shares of the origin with the growth that each group then had in the country."""

_SERIES: Final = {AREAS: "employee_jobs_by_region", PROVINCES: "employed_persons_by_region"}
_GROUPS: Final = (*tuple(GROUPS)[:-1], "R-U")
_COUNTRY: Final = "NL"
_LEAST: Final = 0.01


class Cells(NamedTuple):
    """One regional target in the years that are published.

    Attributes
    ----------
    regions : tuple of str
        Codes of COROP areas or provinces.
    years : numpy.ndarray, shape (year,)
        Calendar years.
    values : numpy.ndarray, shape (region, group, year)
        Jobs in December or persons, mean of the year; nan where a cell is suppressed.
    """

    regions: tuple[str, ...]
    years: NDArray[np.int64]
    values: Floats

    def line(self, year: int) -> Floats:
        """Give what a line through all years of each cell says of a year; shape (region, group)."""
        at = self.years - self.years.mean()
        slope = (self.values * at).sum(axis=-1) / (at**2).sum()
        level = self.values.mean(axis=-1)
        found = level + slope * (year - self.years.mean())
        return np.asarray(np.maximum(found, _LEAST * self.values.min(axis=-1)))  # a count may not run below zero


def cells(observed: Observations, target: str) -> Cells | None:
    """Give the published figures of a regional target; none if there is no year.

    Parameters
    ----------
    observed : Observations
        All figures, or those before an origin.
    target : str
        One of `REGIONAL`.

    Returns
    -------
    Cells or None
        Regions and years in ascending order, groups in the order of `krapte_sd.backtest.outcomes.GROUPS`.
    """
    table = observed.table
    here = (table["series"] == _SERIES[target]) & table["sector"].isin(_GROUPS) & (table["region"] != _COUNTRY)
    rows = table[here]
    if rows.empty:
        return None
    regions = tuple(sorted(rows["region"].unique()))
    years = np.array(sorted({int(period[:4]) for period in rows["period"]}))
    values = np.full((len(regions), len(_GROUPS), years.size), np.nan)
    places = (rows[c].to_list() for c in ("region", "sector", "period", "value"))
    for region, group, period, value in zip(*places, strict=True):
        at = (regions.index(region), _GROUPS.index(group), int(np.searchsorted(years, int(period[:4]))))
        values[at] = float(value)
    return Cells(regions, years, values)


def regional_forecasts(
    origin: int,
    until: int,
    observed: Observations,
    nation: Mapping[str, Floats],
    group: Past,
) -> pd.DataFrame:
    """Forecast the cells of both regional targets from an origin, by each method.

    Parameters
    ----------
    origin, until : int
        Year of the start, and the first year that is not forecast.
    observed : Observations
        All figures; those from the origin on only fill the column `actual` and make `SHARES_ONLY`.
    nation : mapping of str to numpy.ndarray, shape (group, year)
        Forecast of workers by group of sections for the country by name of the method, years from the origin on.
    group : Past
        Workers by group of sections in the years before the origin.

    Returns
    -------
    pandas.DataFrame
        Columns as in `krapte_sd.backtest.backtest`; the unit is region and group with a space between, the spread nan.
        The methods are those of `nation`, random_walk, linear_trend, `SHARES_WALK` and `SHARES_ONLY`. No rows
        for a target of which no figure was known.
    """
    import pandas as pd

    before = observed.before(origin)
    parts = []
    for target in REGIONAL:
        known, happened = cells(before, target), cells(observed, target)
        if known is None or happened is None:
            continue
        last = known.values[..., -1]
        for at, year in enumerate(happened.years.tolist()):
            if not origin <= year < until:
                continue
            actual = happened.values[..., at]
            both = np.isfinite(actual) & np.isfinite(last)
            base = group.values[:, group.years.tolist().index(int(known.years[-1]))]
            said = {name: last * each[:, year - origin] / base for name, each in nation.items()}
            said["random_walk"], said[SHARES_WALK] = last, last * group.values[:, -1] / base
            said["linear_trend"] = _line(target, known, before, year)
            grown = np.where(both, actual, 0.0).sum(axis=0) / np.where(both, last, 0.0).sum(axis=0)
            said[SHARES_ONLY] = last * grown
            parts += [
                _rows(target, origin, year, method, happened.regions, (mean, actual, last))
                for method, mean in said.items()
            ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _line(target: str, known: Cells, before: Observations, year: int) -> Floats:
    """Give the linear trend of each cell; of an area that of its province, moved to the last figure of the area."""
    from krapte_sd.parameters.regions import read_region_set, shares

    if target == PROVINCES:
        return known.line(year)
    provinces = cells(before, PROVINCES)
    assert provinces is not None
    areas, division = read_region_set("corop"), read_region_set("province")
    largest = shares(areas, division).argmax(axis=1)  # few areas have a municipality in another province
    of = dict(zip(areas.codes, (division.codes[at] for at in largest), strict=True))
    rows = [provinces.regions.index(of[region]) for region in known.regions]
    growth = provinces.line(year) / provinces.line(int(known.years[-1]))
    return np.asarray(known.values[..., -1] * growth[rows])


def _rows(
    target: str, origin: int, year: int, method: str, regions: tuple[str, ...], figures: tuple[Floats, Floats, Floats]
) -> pd.DataFrame:
    import pandas as pd

    mean, actual, last = (each.ravel() for each in figures)
    found = pd.DataFrame({
        "target": target,
        "origin": origin,
        "unit": [f"{region} {group}" for region in regions for group in _GROUPS],
        "year": year,
        "horizon": year - origin + 1,
        "method": method,
        "mean": mean,
        "spread": np.nan,
        "actual": actual,
        "last": last,
    })  # fmt: skip
    return found[np.isfinite(actual) & np.isfinite(mean)]
