"""How wide the forecast is: drawn futures of the population beside the official ones, and where the width comes from.

Both draw members as an ensemble does, on the kernel alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.ensemble.sampling import NORMAL_SHARE, check_members, check_seed
from krapte_sd.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from krapte_sd.ensemble.points import Points

__all__ = ["SOURCES", "population_intervals", "variance_by_source"]

Floats = NDArray[np.float64]

YEARS: Final = (2030, 2040, 2050)
MEMBERS: Final = 1000
SEED: Final = 1
OFFICIAL: Final = "forecast_population"
SPLIT_MEMBERS: Final = 400

SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "population": ("population",),
    "supply": ("supply", "programmes", "levers", "loops"),
    "labour market at the start": ("labour", "vacancies", "cycle"),
    "behaviour": ("behaviour",),
    "need and technology": ("demand", "tasks", "housing", "technology"),
}
"""Sources of uncertainty, each with the tables whose parameters belong to it.

Behaviour holds the answers to wages, the pension age and how far need follows expected supply; need holds output,
productivity, the tasks of society and homes.
"""


def population_intervals(
    years: Sequence[int] = YEARS, *, members: int = MEMBERS, seed: int = SEED, points: Points | None = None
) -> pd.DataFrame:
    """Set the population of the members beside the 67% interval of the official forecast.

    Parameters
    ----------
    years : sequence of int
        1 Januaries for which the official forecast is in the tables: 2024, 2030, 2040, 2050.
    members, seed : int
        As in `krapte_sd.run`.
    points : Points, optional
        The compiled model, with ``population_total`` among its outputs; default: the baseline for the country.

    Returns
    -------
    pandas.DataFrame
        By year, in persons: official, official_low, official_high; central (the run without draws), median, low and
        high (16.5% and 83.5% of the members); and ratio, the width from low to high over the official one.

    Raises
    ------
    ParameterError
        If `members` or `seed` is not allowed, or there is no official figure for a year.

    Notes
    -----
    Official: Statistics Netherlands (CBS), Bevolkingsprognose 2023-2070, table 85745NED. All parameters that have a
    range are drawn, as the labour market draws migrants. The share of the range of net migration after 2030 that is
    drawn is calibrated on the intervals of 2040 and 2050, so that these two are no independent test.
    """
    import pandas as pd

    here = points or _points("population_total", max(years))
    official = _official(here, years)
    total = _yearly(here, _deviations(here, members, seed), "population_total", years)
    tail = (1.0 - NORMAL_SHARE) / 2.0
    central, drawn = total[0], total[1:]
    low, median, high = np.quantile(drawn, [tail, 0.5, 1.0 - tail], axis=0)
    table = pd.DataFrame({
        "official": official["value"],
        "official_low": official["low"],
        "official_high": official["high"],
        "central": central,
        "median": median,
        "low": low,
        "high": high,
    }, index=pd.Index(years, name="year"))  # fmt: skip
    table["ratio"] = (table["high"] - table["low"]) / (table["official_high"] - table["official_low"])
    return table


def variance_by_source(
    years: Sequence[int] = YEARS,
    *,
    members: int = SPLIT_MEMBERS,
    seed: int = 7,
    sources: Mapping[str, Sequence[str]] = SOURCES,
    points: Points | None = None,
) -> pd.DataFrame:
    """Split the variance of the need gap of all sectors between sources.

    Parameters
    ----------
    years : sequence of int
        1 Januaries.
    members, seed : int
        As in `krapte_sd.run`; every set of sources is drawn for so many members, with the same draws.
    sources : mapping of str to sequence of str
        The tables of each source. Each parameter that is drawn must belong to exactly one. The number of runs doubles
        with each source: there is an ensemble for every set of them.
    points : Points, optional
        The compiled model, with ``need_gap`` among its outputs; default: the baseline for the country.

    Returns
    -------
    pandas.DataFrame
        By source and year: parameters (how many are drawn), deviation (standard deviation with this source alone,
        persons), alone (its variance over that with all drawn) and share (Shapley). The shares of a year add up to one;
        those alone need not.

    Raises
    ------
    ParameterError
        If `members` or `seed` is not allowed, or the sources do not divide the parameters.

    Notes
    -----
    What sources do only together is divided by Shapley's rule: the mean, over all orders of the sources, of what the
    variance grows by when a source is drawn as well. Sources that are not drawn stay at the values in the tables. So
    these are not the effects of Song, Nelson and Staum (2016), which average over what the others may be.
    """
    import pandas as pd

    if members == 1:
        raise ParameterError("variance by source: one member has no variance; give 2 or more")
    here = points or _points("need_gap", max(years))
    groups = _divided(here, sources)
    sets = [frozenset(each) for size in range(1, len(groups) + 1) for each in combinations(groups, size)]
    variance = dict(zip(sets, _variances(here, _deviations(here, members, seed), groups, sets, years), strict=True))
    variance[frozenset()] = np.zeros(len(years))
    whole = variance[frozenset(groups)]
    if not (whole > 0).all():
        raise ParameterError("variance by source: the need gap is the same for all members")
    rows = []
    for source, group in groups.items():
        alone, share = variance[frozenset({source})], _shapley(source, variance, len(groups)) / whole
        rows += [
            (year, source, len(group), float(np.sqrt(alone[k])), float(alone[k] / whole[k]), float(share[k]))
            for k, year in enumerate(years)
        ]
    table = pd.DataFrame(rows, columns=["year", "source", "parameters", "deviation", "alone", "share"])
    return table.sort_values("year", kind="stable", ignore_index=True)


def _variances(
    points: Points,
    deviations: Mapping[str, Floats],
    groups: Mapping[str, Sequence[str]],
    sets: Sequence[frozenset[str]],
    years: Sequence[int],
) -> Floats:
    """Give the variance of the need gap with some sets of sources drawn, shape (sets, years)."""
    belongs = {name: source for source, group in groups.items() for name in group}
    # One run of all ensembles, one behind the other.
    stacked = {
        name: np.concatenate([values if belongs[name] in each else np.zeros_like(values) for each in sets])
        for name, values in deviations.items()
    }
    gaps = _yearly(points, stacked, "need_gap", years).reshape(len(sets), -1, len(years))
    # The first member is the run without draws.
    return np.asarray(gaps[:, 1:].var(axis=1, ddof=1), np.float64)


def _shapley(source: str, worth: Mapping[frozenset[str], Floats], count: int) -> Floats:
    """Give the mean of what a source adds, over all orders."""
    without = [each for each in worth if source not in each]
    adds = [(worth[each | {source}] - worth[each]) / (count * comb(count - 1, len(each))) for each in without]
    return np.asarray(np.sum(adds, axis=0), np.float64)


def _divided(points: Points, sources: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Give the drawn parameters of each source."""
    assert points.model.parameters is not None
    groups: dict[str, list[str]] = {source: [] for source in sources}
    problems = []
    for name in points.names:
        theme = points.model.parameters[name].theme
        found = [source for source, themes in sources.items() if theme in themes]
        if len(found) == 1:
            groups[found[0]].append(name)
        else:
            problems.append(f"'{name}' of the table '{theme}' belongs to {' and '.join(found) or 'no source'}")
    if problems:
        raise ParameterError.collect("sources of variance; each table belongs to one", problems)
    return groups


def _points(output: str, until: int) -> Points:
    from krapte_sd.ensemble.points import Points
    from krapte_sd.simulation import load_model

    return Points(load_model(), (output,), (), (2024, until))


def _official(points: Points, years: Sequence[int]) -> pd.DataFrame:
    assert points.model.parameters is not None
    rows = points.model.parameters.rows(OFFICIAL).set_index("year")
    known = [int(year) for year in rows.index]
    missing = [f"no official interval for {year}; there are {', '.join(map(str, known))}" for year in years
               if year not in known]  # fmt: skip
    if missing:
        raise ParameterError.collect("population intervals", missing)
    return rows.loc[list(years)]


def _deviations(points: Points, members: Any, seed: Any) -> dict[str, Floats]:
    """Draw members as an ensemble with this seed does, behind a first one at the values in the tables."""
    problems = [problem for check, value in ((check_members, members), (check_seed, seed)) if (problem := check(value))]
    if problems:
        raise ParameterError.collect("ensemble", problems)
    return replace(points.sampling, seed=int(seed)).deviations(0, int(members), behind_central=True)


def _yearly(points: Points, deviations: Mapping[str, Floats], output: str, years: Sequence[int]) -> Floats:
    """Run members and give a sum over all but member and year, shape (members, years)."""
    run = points.run(deviations)[output]
    at = [run["time"].dt.year.values.tolist().index(year) for year in years]
    return np.asarray(run.isel(time=at).sum([d for d in run.dims if d not in ("member", "time")]).values, np.float64)
