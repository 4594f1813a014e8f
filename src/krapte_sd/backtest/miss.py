"""Takes the error of a labour force forecast apart: residents not foreseen, and participation by sex and age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.backtest.run import check_starts
from krapte_sd.errors import ParameterError
from krapte_sd.parameters.history import HORIZON

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from krapte_sd.parameters.observations import Observations

__all__ = ["PARTS", "labour_force_miss"]

Floats = NDArray[np.float64]

_BANDS: Final = (*((low, low + 4) for low in range(15, 65, 5)), (65, None))
_SEXES: Final = ("female", "male")
PARTS: Final = {
    "residents": None,
    "15-24": (_SEXES, 15, 25),
    "women 25-59": (("female",), 25, 60),
    "men 25-59": (("male",), 25, 60),
    "60 and over": (_SEXES, 60, 200),
}
"""Residents not foreseen, at the participation of the year; then participation of sexes, from and below an age."""


def labour_force_miss(origin: int, year: int, observed: Observations | None = None) -> pd.Series:
    """Say where the error of the central forecast of the labour force comes from.

    Participation that happened is the level of the start plus the change of the rate by sex and five years of age
    (ILOSTAT); residents are those of 1 January at both ends of the year. The survey breaks in 2021.

    Parameters
    ----------
    origin : int
        Start of the forecast.
    year : int
        Year whose mean is compared, with figures of residents at both its ends.
    observed : Observations, optional
        Figures; default: those that are shipped.

    Returns
    -------
    pandas.Series
        Persons, forecast less what happened, by `PARTS`; their sum is the whole error.

    Raises
    ------
    ParameterError
        If there is no start in that year, or no figure to compare with.
    """
    import pandas as pd

    from krapte_sd.parameters.observations import read_observations
    from krapte_sd.simulation import load_model

    check_starts([origin])
    figures = read_observations() if observed is None else observed
    last = int(figures.table[figures.table["series"] == "residents_by_age"]["period"].max()[:4]) - 1
    if not origin <= year < origin + HORIZON or year > last:
        most = min(origin + HORIZON - 1, last)
        raise ParameterError(f"year {year!r}: nothing to compare with; allowed: {origin} to {most}")
    save = ("population", "employed_all_sectors", "unemployed")
    run = load_model(origin=origin).run(start=origin, stop=year + 1, save=save).sum("region")
    start = _rates(run, origin, origin)
    then = _rates(run, year, year + 1)
    before = (_observed(figures, origin - 1) + _observed(figures, origin)) / 2
    happened = start["rate"] + _observed(figures, year) - before
    residents = (_residents(figures, year) + _residents(figures, year + 1)) / 2
    by_rate = then["people"] * (then["rate"] - happened)
    parts = {"residents": float(((then["people"] - residents) * happened).sum())}
    for name, chosen in PARTS.items():
        if chosen is not None:
            sexes, low, high = chosen
            rows = [_SEXES.index(sex) for sex in sexes]
            columns = [k for k, (first, _) in enumerate(_BANDS) if low <= first < high]
            parts[name] = float(by_rate[np.ix_(rows, columns)].sum())
    return pd.Series(parts, name=f"labour force {year}, start of {origin}")


def _rates(run: xr.Dataset, first: int, last: int) -> dict[str, Floats]:
    """People (sex, band) and their participation, mean of two 1 Januaries."""
    born = np.array([int(str(label)[1:]) for label in run["cohort"].values])
    people, force = np.zeros((2, len(_BANDS))), np.zeros((2, len(_BANDS)))
    for year in (first, last):
        now = run.sel(time=f"{year}-01-01")
        working = now["employed_all_sectors"] + now["unemployed"]
        for k, (low, high) in enumerate(_BANDS):
            age = year - 1 - born
            chosen = (age >= low) & (age <= (200 if high is None else high))
            for s, sex in enumerate(_SEXES):
                people[s, k] += float(now["population"].sel(sex=sex).values[chosen].sum()) / 2
                force[s, k] += float(working.sel(sex=sex).values[chosen].sum()) / 2
    return {"people": people, "rate": force / people}


def _observed(figures: Observations, year: int) -> Floats:
    """Participation by sex and band, mean of the year."""

    def rate(sex: str, low: int, high: int | None) -> float:
        age = f"{low}+" if high is None else f"{low}-{high}"
        return figures.value("participation_rate", sex=sex, age=age, period=str(year)) / 100

    return np.array([[rate(sex, *band) for band in _BANDS] for sex in _SEXES])


def _residents(figures: Observations, year: int) -> Floats:
    found = figures.series("residents_by_age", period=f"{year}-01")
    ages = found["age"].astype(int)
    return np.array([
        [
            found["value"][(found["sex"] == sex) & (ages >= low) & (ages <= (200 if high is None else high))].sum()
            for low, high in _BANDS
        ]
        for sex in _SEXES
    ], dtype=np.float64)  # fmt: skip
