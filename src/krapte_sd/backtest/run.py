"""Run the model from the past, and score it beside simple methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.backtest.benchmarks import BENCHMARKS, Outlook, structural
from krapte_sd.backtest.measures import bias, coverage, crps, direction, weighted_error
from krapte_sd.backtest.outcomes import GROUPS, SECTIONS, TARGETS, Past, past
from krapte_sd.backtest.regional import REGIONAL, SHARES_ONLY, SHARES_WALK, regional_forecasts
from krapte_sd.errors import ParameterError
from krapte_sd.parameters.history import HORIZON, origins

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from krapte_sd.ensemble.points import Points
    from krapte_sd.parameters.observations import Observations

__all__ = [
    "HORIZONS",
    "MEANS",
    "MODEL",
    "backtest",
    "check_starts",
    "forecasts",
    "model_outlook",
    "scores",
    "start_points",
    "targets",
]

Floats = NDArray[np.float64]

MODEL: Final = "krapte_sd"
HORIZONS: Final = (1, 2, 3, 5, 7, 10)
MEMBERS: Final = 100

SEED: Final = 7
MEANS: Final = ("employed_in_sector", "vacancies", "unemployed_total", "labour_force")
"""Stocks whose mean over each calendar year is compared."""


def backtest(
    starts: Sequence[int] | None = None, *, members: int = MEMBERS, seed: int = SEED
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecast from the past with what was known then, and score it.

    Parameters
    ----------
    starts : sequence of int, optional
        Origins, years on whose 1 January a forecast starts; default: all there are.
    members : int
        Runs with drawn parameters for the bands of the model.
    seed : int
        Seed of the draws.

    Returns
    -------
    scores : pandas.DataFrame
        Columns target, horizon, method, wmape, bias, direction, coverage, crps, skill (1 less wmape over that of the
        random walk), origins, figures. Horizon 1 is the year that begins at the origin. The targets by region and
        group have no band, so no coverage and no crps; see `krapte_sd.backtest.regional`.
    forecasts : pandas.DataFrame
        Columns target, origin, unit, year, horizon, method, mean, spread, actual, last: persons, means of the year.

    Raises
    ------
    ParameterError
        If there are no tables for a start.
    """
    found = forecasts(starts, members=members, seed=seed)
    return scores(found), found


def forecasts(
    starts: Sequence[int] | None = None,
    *,
    members: int = MEMBERS,
    seed: int = SEED,
    observed: Observations | None = None,
) -> pd.DataFrame:
    """Forecast all targets from all starts by all methods; see `backtest`."""
    import pandas as pd

    from krapte_sd.parameters.observations import read_observations

    chosen = check_starts(origins() if starts is None else starts)
    figures = read_observations() if observed is None else observed
    parts = []
    for origin in chosen:
        happened = past(figures, origin)
        before = past(figures.before(origin), origin)
        outlooks = {MODEL: model_outlook(origin, before, members, seed)}
        for name, method in BENCHMARKS.items():
            outlooks[name] = {target: _each(before[target], method) for target in TARGETS}
        for method_name, by_target in outlooks.items():
            parts += [_rows(target, origin, happened[target], by_target[target], method_name) for target in TARGETS]
        nation = {MODEL: outlooks[MODEL]["employed_by_group"].mean}
        parts.append(regional_forecasts(origin, origin + HORIZON, figures, nation, before["employed_by_group"]))
    return pd.concat(parts, ignore_index=True)


def check_starts(starts: Sequence[int]) -> tuple[int, ...]:
    """Give the starts, if there are tables for all of them.

    Raises
    ------
    ParameterError
        With the first one there are none for.
    """
    known = origins()
    if wrong := [each for each in starts if each not in known]:
        raise ParameterError(f"origin {wrong[0]!r}: no start in that year; allowed: {', '.join(map(str, known))}")
    return tuple(starts)


def _each(before: Past, method: object) -> Outlook:
    assert callable(method)
    found = [method(values, HORIZON) for values in before.values]
    return Outlook(np.array([each.mean for each in found]), np.array([each.spread for each in found]))


def model_outlook(origin: int, before: dict[str, Past], members: int, seed: int) -> dict[str, Outlook]:
    """Give what the model says from an origin: the central run, and a spread from its members and from past deviations.

    Parameters
    ----------
    origin : int
        Year of the start.
    before : dict of str to Past
        Figures before the origin, for the spread of what the model leaves out.
    members, seed : int
        Draws of the parameters.

    Returns
    -------
    dict of str to Outlook
        By target; arrays of shape (unit, year).
    """
    points = start_points(origin, origin + HORIZON)
    found = targets(points.run(replace(points.sampling, seed=seed).deviations(0, members, behind_central=True)))
    out = {}
    for target in TARGETS:
        mean = found[target][0]  # the values in the tables
        of_members = np.log(found[target][1:]).std(axis=0, ddof=1)
        # a section may be so small that its figures are noise; the spread of a figure is at most itself
        of_cycles = np.array([structural(np.log(values), HORIZON).spread for values in before[target].values])
        out[target] = Outlook(mean, mean * np.minimum(np.hypot(of_members, of_cycles), 1.0))
    return out


def start_points(origin: int, stop: int) -> Points:
    """Compile the model for a start in the past, up to 1 January of `stop`; all starts share one kernel."""
    from krapte_sd.ensemble.points import Points
    from krapte_sd.simulation import load_model

    return Points(load_model(origin=origin), (), MEANS, (origin, stop))


def targets(run: xr.Dataset) -> dict[str, Floats]:
    """Give the targets (..., unit, year) out of a run."""
    arrays = {}
    for name in MEANS:
        found = run[name].sum("region")
        lead = [d for d in ("member", "sector") if d in found.dims]
        arrays[name] = np.asarray(found.transpose(*lead, "year").values, np.float64)
    employed, openings = arrays["employed_in_sector"], arrays["vacancies"]
    grouped = [employed[..., [SECTIONS.index(k) for k in members], :].sum(axis=-2) for members in GROUPS.values()]
    return {
        "employed_by_group": np.stack(grouped, axis=-2),
        "employed_by_section": employed,
        "vacancies_by_section": openings,
        "employed": employed.sum(axis=-2, keepdims=True),
        "unemployed": arrays["unemployed_total"][..., None, :],
        "labour_force": arrays["labour_force"][..., None, :],
        "vacancies": openings.sum(axis=-2, keepdims=True),
    }


def _rows(target: str, origin: int, happened: Past, outlook: Outlook, method: str) -> pd.DataFrame:
    import pandas as pd

    last_year = int(happened.years[-1])
    years = np.arange(origin, min(origin + HORIZON, last_year + 1))
    at = years - int(happened.years[0])
    n, units = years.size, len(happened.units)
    return pd.DataFrame({
        "target": target,
        "origin": origin,
        "unit": np.repeat(happened.units, n),
        "year": np.tile(years, units),
        "horizon": np.tile(years - origin + 1, units),
        "method": method,
        "mean": outlook.mean[:, :n].ravel(),
        "spread": outlook.spread[:, :n].ravel(),
        "actual": happened.values[:, at].ravel(),
        "last": np.repeat(happened.values[:, origin - 1 - int(happened.years[0])], n),
    })  # fmt: skip


def scores(found: pd.DataFrame, horizons: Sequence[int] = HORIZONS) -> pd.DataFrame:
    """Score forecasts by target, horizon and method; see `backtest`."""
    import pandas as pd

    rows = []
    for target in (*TARGETS, *REGIONAL):
        for horizon in horizons:
            here = found[(found["target"] == target) & (found["horizon"] == horizon)]
            walk = here[here["method"] == "random_walk"]
            if here.empty:
                continue
            naive = weighted_error(walk["mean"].to_numpy(), walk["actual"].to_numpy())
            for method in (MODEL, *BENCHMARKS, SHARES_WALK, SHARES_ONLY):
                own = here[here["method"] == method]
                if own.empty:
                    continue
                mean, spread, actual, last = (own[c].to_numpy(float) for c in ("mean", "spread", "actual", "last"))
                error = weighted_error(mean, actual)
                rows.append({
                    "target": target,
                    "horizon": horizon,
                    "method": method,
                    "wmape": error,
                    "bias": bias(mean, actual),
                    "direction": direction(mean, actual, last),
                    "coverage": coverage(mean, spread, actual),
                    "crps": crps(mean, spread, actual),
                    "skill": 1 - error / naive,
                    "origins": own["origin"].nunique(),
                    "figures": len(own),
                })  # fmt: skip
    return pd.DataFrame(rows)
