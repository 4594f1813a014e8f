"""Which assumption matters most for which shortage: screening and shares of variance over the whole ranges.

Elementary effects (Morris 1991, with the absolute means of Campolongo et al. 2007) rank all parameters that have a
range; Sobol' indices (Saltelli et al. 2010) divide the variance between the leading ones. Both by SALib, on the
compiled kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from krapte_sd.ensemble.points import Points

__all__ = ["morris", "sobol"]

Floats = NDArray[np.float64]

YEARS: Final = (2030, 2040, 2050)
ALL: Final = "all"
TRAJECTORIES: Final = 8
LEVELS: Final = 4
LEADING: Final = 15
BASE_SAMPLES: Final = 128
_EDGE: Final = 0.02
"""Quantiles closer to the ends are not tried: a normal distribution has none there."""


def _points(until: int) -> Points:
    from krapte_sd.ensemble.points import Points
    from krapte_sd.simulation import load_model

    return Points(load_model(), ("need_gap",), (), (2024, until))


def _gaps(points: Points, names: Sequence[str], places: Floats, years: Sequence[int]) -> dict[tuple[str, int], Floats]:
    """Run members at some places of the ranges and give the need gap by sector, and of all, in some years."""
    inside = _EDGE + (1 - 2 * _EDGE) * places
    run = points.quantiles({name: inside[:, k] for k, name in enumerate(names)})["need_gap"].sum("region")
    found: dict[tuple[str, int], Floats] = {}
    for year in years:
        here = run.isel(time=run["time"].dt.year.values.tolist().index(year))
        found[ALL, year] = np.asarray(here.sum("sector").values, np.float64)
        for sector in run["sector"].values.tolist():
            found[sector, year] = np.asarray(here.sel(sector=sector).values, np.float64)
    return found


def _problem(names: Sequence[str]) -> dict[str, Any]:
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def morris(
    years: Sequence[int] = YEARS, *, trajectories: int = TRAJECTORIES, seed: int = 7, points: Points | None = None
) -> pd.DataFrame:
    """Screen all parameters that have a range by elementary effects on the need gap.

    Parameters
    ----------
    years : sequence of int
        1 Januaries.
    trajectories : int
        Paths through the space of parameters; each costs one run more than there are parameters.
    seed : int
        Seed of the paths.
    points : Points, optional
        The compiled model; default: the baseline for the country.

    Returns
    -------
    pandas.DataFrame
        Columns sector (``all`` or a section), year, parameter, effect (mean absolute elementary effect over the range,
        persons), mean (with sign), spread (of the effects: interaction or bend), rank; by sector, year and rank.

    Raises
    ------
    ParameterError
        If SALib is not installed.
    """
    import pandas as pd

    sampling, analysis = _salib("morris")
    here = points or _points(max(years))
    names = here.names
    problem = _problem(names)
    places = sampling.sample(problem, trajectories, num_levels=LEVELS, seed=seed)
    rows = []
    for (sector, year), gaps in _gaps(here, names, places, years).items():
        effect = analysis.analyze(problem, places, gaps, num_levels=LEVELS, seed=seed)
        table = pd.DataFrame({
            "sector": sector,
            "year": year,
            "parameter": names,
            "effect": np.asarray(effect["mu_star"], float),
            "mean": np.asarray(effect["mu"], float),
            "spread": np.asarray(effect["sigma"], float),
        }).sort_values(["effect", "parameter"], ascending=[False, True])  # fmt: skip
        table["rank"] = np.arange(1, len(table) + 1)
        rows.append(table)
    return pd.concat(rows, ignore_index=True)


def sobol(
    parameters: Sequence[str],
    years: Sequence[int] = YEARS,
    *,
    samples: int = BASE_SAMPLES,
    seed: int = 7,
    points: Points | None = None,
) -> pd.DataFrame:
    """Divide the variance of the need gap between some parameters, the others at their values.

    Parameters
    ----------
    parameters : sequence of str
        Parameters that have a range, such as the leading ones of `morris`.
    years : sequence of int
        1 Januaries.
    samples : int
        Base samples, a power of two; there are two more runs for each than parameters.
    seed : int
        Seed of the sequence and of the intervals.
    points : Points, optional
        The compiled model; default: the baseline for the country.

    Returns
    -------
    pandas.DataFrame
        Columns sector, year, parameter, first (share of the variance alone), first_error, total (with interactions),
        total_error (half widths of 95% intervals); by sector, year and total.

    Raises
    ------
    ParameterError
        If a parameter has no range or SALib is not installed.
    """
    import pandas as pd

    sampling, analysis = _salib("sobol")
    here = points or _points(max(years))
    names = list(parameters)
    problem = _problem(names)
    places = sampling.sample(problem, samples, calc_second_order=False, seed=seed)
    rows = []
    for (sector, year), gaps in _gaps(here, names, places, years).items():
        share = analysis.analyze(problem, gaps, calc_second_order=False, seed=seed)
        rows.append(pd.DataFrame({
            "sector": sector,
            "year": year,
            "parameter": names,
            "first": share["S1"],
            "first_error": share["S1_conf"],
            "total": share["ST"],
            "total_error": share["ST_conf"],
        }).sort_values(["total", "parameter"], ascending=[False, True]))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _salib(method: str) -> tuple[Any, Any]:
    import importlib

    try:
        return tuple(importlib.import_module(f"SALib.{part}.{method}") for part in ("sample", "analyze"))  # type: ignore[return-value]
    except ImportError as error:
        raise ParameterError("sensitivity needs SALib; remedy: pip install 'krapte_sd[sensitivity]'") from error
