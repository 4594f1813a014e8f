"""The population of an origin and its projection with the rates known then.

No projection of the time with ages was found, so one is made: death rates go on falling as they fell since 2000, birth
rates stay those of the last year, net migration is forecast by a structural time-series model and has the ages of the
last five years. Gross migration is not known by age; the net flow stands for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tools.parameters.tables import EDGE, Row, rows_of

from krapte_sd.backtest.benchmarks import structural

if TYPE_CHECKING:
    from krapte_sd.parameters.observations import Observations

SEXES = ("female", "male")
AGES = range(101)
FERTILE = range(15, 50)
FIRST_YEAR = 2000
LEVEL_YEARS = 3
"""Years before the origin whose death rates give the level."""

MIGRATION_YEARS = 5
OLDEST_MIGRANT = 74
BANDS = ((0, 39), (40, 64), (65, 79), (80, 89))
"""Ages whose deaths fall together; from 100 on they do not fall."""

LEAST_RATE = 2e-5
"""Per year: a year without a death at some young age is chance."""

PER_THOUSAND = 1000.0
"""The search of statsmodels is at ease with numbers near one."""

GIRLS = 1 / 2.052
"""Share of girls among the newborn, from the sex ratio at birth of 1.052."""


class Past(NamedTuple):
    """Figures by sex and age up to the origin.

    `residents` (year, 2, 101) on 1 January from 2000 to the origin, at the level of CBS; `deaths` (year, 2, 101) rates
    of the calendar years before the origin; `births` (35,) of the last one.
    """

    residents: np.ndarray
    deaths: np.ndarray
    births: np.ndarray


def past(observations: Observations, origin: int) -> Past:
    """Collect what is known on 1 January of the origin."""
    surplus = observations.series("residents_surplus")
    known = surplus["period"].str[:4].astype(int)
    years = np.arange(FIRST_YEAR, origin + 1)
    percent = np.interp(years, known, surplus["value"])
    residents = _by_age(observations, "residents_by_age", "-01", years)
    deaths = _by_age(observations, "death_rate_by_age", "", years[:-1])
    born = observations.series("birth_rate_by_age", period=str(origin - 1))
    births = born.set_index(born["age"].astype(int))["value"].loc[list(FERTILE)].to_numpy()
    return Past(residents / (1 + percent / 100)[:, None, None], deaths, births)


def _by_age(observations: Observations, series: str, ending: str, years: np.ndarray) -> np.ndarray:
    found = observations.series(series)
    table = found.assign(age=found["age"].astype(int)).pivot_table("value", ["period", "sex"], "age")
    return np.array([[table.loc[(f"{year}{ending}", sex)].to_numpy() for sex in SEXES] for year in years])


def rows(observations: Observations, origin: int, horizon: int) -> list[Row]:
    """Rows of the theme `population` of an origin."""
    known = past(observations, origin)
    years = range(origin, origin + horizon + 1)
    net = _net_migration(known)
    ahead = structural(_yearly_net(known) / PER_THOUSAND, len(years), slope=False)
    by = {"sex": SEXES, "age": AGES}
    leaving = np.maximum(-net, 0) / known.residents[-1]
    arriving = np.zeros((2, 102))
    arriving[:, 1:] = np.maximum(net, 0)
    told = {"source": "rates", "status": "estimated"}
    out = rows_of("initial_population", known.residents[-1][None], {"region": ["NL"], **by}, **told)
    out += rows_of("mortality_rate", _mortality(known, origin, years), {**by, "year": years}, **told)
    out += rows_of("emigration_rate", leaving, by, **told)
    out += rows_of("fertility_rate", known.births, {"age": FERTILE}, **told)
    out += rows_of("share_of_births", np.array([GIRLS, 1 - GIRLS]), {"sex": SEXES}, **told)
    out += rows_of("immigration_profile", arriving / arriving.sum(), {"sex": SEXES, "age": range(-1, 101)}, **told)
    low, mean, high = (PER_THOUSAND * (ahead.mean + side * EDGE * ahead.spread)[None] for side in (-1, 0, 1))
    cells = {"low": low, "high": high, "distribution": "normal", **told}
    return out + rows_of("net_migration_assumed", mean, {"region": ["NL"], "year": years}, **cells)


def _mortality(known: Past, origin: int, years: range) -> np.ndarray:
    """Death rates (2, 101, year): mean of the last years, falling on with the pace since 2000."""
    logs = np.log(np.maximum(known.deaths, LEAST_RATE))
    level = logs[-LEVEL_YEARS:].mean(axis=0)
    centred = np.arange(len(logs)) - (len(logs) - 1) / 2
    slopes = (centred[:, None, None] * logs).sum(axis=0) / (centred**2).sum()
    ages = [(low + high) / 2 for low, high in BANDS] + [100]
    decline = np.stack([
        np.interp(AGES, ages, [*(min(s[low : high + 1].mean(), 0.0) for low, high in BANDS), 0.0]) for s in slopes
    ])  # fmt: skip
    since = np.array(years) - (origin - LEVEL_YEARS / 2)
    return np.exp(level[..., None] + decline[..., None] * since)


def _balance(known: Past, at: int) -> np.ndarray:
    """Residents more than those of a year before who were not to die, by sex and age at the start of the year."""
    before, after = known.residents[at], known.residents[at + 1]
    rates = known.deaths[at]
    alive = before * np.exp(-(rates + np.append(rates[:, 1:], rates[:, -1:], axis=1)) / 2)
    return np.append(after[:, 1:], np.zeros((2, 1)), axis=1) - alive


def _yearly_net(known: Past) -> np.ndarray:
    """Net migration of each year, persons, all ages but the oldest."""
    return np.array([_balance(known, at)[:, :OLDEST_MIGRANT].sum() for at in range(len(known.deaths))])


def _net_migration(known: Past) -> np.ndarray:
    """Net migration (2, 101) a year by sex and age on 1 January: mean of the last years, smooth over five ages."""
    last = range(len(known.deaths) - MIGRATION_YEARS, len(known.deaths))
    mean = np.mean([_balance(known, at) for at in last], axis=0)
    mean[:, OLDEST_MIGRANT + 1 :] = 0.0
    padded = np.pad(mean, ((0, 0), (2, 2)), mode="edge")
    smooth = np.stack([np.convolve(side, np.ones(5) / 5, mode="valid") for side in padded])
    smooth[:, OLDEST_MIGRANT + 1 :] = 0.0
    return smooth
