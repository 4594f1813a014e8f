"""How wide the forecast is: drawn futures of the population beside the official ones, and where the width comes from.

Both draw members as an ensemble does, on the kernel alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.ensemble.sampling import NORMAL_SHARE, check_members, check_seed
from krapte_sd.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from krapte_sd.ensemble.points import Points

__all__ = ["population_intervals"]

Floats = NDArray[np.float64]

YEARS: Final = (2030, 2040, 2050)
MEMBERS: Final = 1000
SEED: Final = 1
OFFICIAL: Final = "forecast_population"


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
    drawn = replace(points.sampling, seed=int(seed)).deviations(0, int(members))
    return {name: np.concatenate([[0.0], values]) for name, values in drawn.items()}


def _yearly(points: Points, deviations: Mapping[str, Floats], output: str, years: Sequence[int]) -> Floats:
    """Run members and give a sum over all but member and year, shape (members, years)."""
    run = points.run(deviations)[output]
    at = [run["time"].dt.year.values.tolist().index(year) for year in years]
    return np.asarray(run.isel(time=at).sum([d for d in run.dims if d not in ("member", "time")]).values, np.float64)
