"""Weakly known parameters estimated on a window of the past, with what the figures can and cannot tell.

The model starts at an origin and is compared with yearly figures of a window. Parameters move inside their ranges: each
has a deviation, 0 its value in the table, 1 the upper and -1 the lower end, and the range is the prior (a normal
distribution with the deviation as its standard deviation). Nonlinear least squares (`scipy.optimize.least_squares`);
all runs that a step needs are members of one run of the kernel. Figures after the window are never read; `judge` looks
at them when the estimates stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from krapte_sd.ensemble.points import Points

__all__ = ["PARAMETERS", "Calibrated", "calibrate", "compared", "judge"]

Floats = NDArray[np.float64]

PARAMETERS: Final = (
    "reference_tightness", "wage_response", "recovery_time", "cyclical_shortfall", "aow_age", "market_makes_room",
    "expectation_time", "posting_time", "wage_elasticity_of_demand", "separation_rate", "entry_rate",
)  # fmt: skip
"""The reference tightness first: the need gap hangs on it."""

ERRORS: Final[Mapping[str, float]] = {
    "employed_by_group": 0.02, "vacancies": 0.10, "unemployed": 0.05, "labour_force": 0.01,
}  # fmt: skip
"""What is compared, and the standard error of its logarithm: sampling and what the model leaves out; assumed."""

STEP: Final = 0.02
IDENTIFIED: Final = 0.5
"""Least share of the prior variance that the figures take away from a parameter that they can tell."""

FURTHEST: Final = 1.0
"""Parameters stay inside their ranges: outside, a time may fall to nothing, where slopes mean nothing either."""


@dataclass(frozen=True)
class Calibrated:
    """The outcome of a calibration.

    Attributes
    ----------
    table : pandas.DataFrame
        By parameter: deviation, error (standard error of the deviation with the prior), told (share of the prior
        variance that the figures take away), identified, at_end (at an end of its range, where the error is that of a
        parameter which could go on).
    eigenvalues : numpy.ndarray
        Of the information in the figures alone, in units of the prior, falling: those below one are directions in which
        the prior leads.
    directions : pandas.DataFrame
        Eigenvectors, one column for each eigenvalue.
    fit, fit_before : float
        Root mean square of the residuals over their errors, after and before.
    """

    table: pd.DataFrame
    eigenvalues: Floats
    directions: pd.DataFrame
    fit: float
    fit_before: float


def compared(points: Points, deviations: Mapping[str, Floats], years: int) -> Floats:
    """Run members and give the logarithms of all that is compared, shape (members, figures)."""
    from krapte_sd.backtest.run import targets

    found = targets(points.run(deviations))
    parts = [np.log(found[name][..., :years]) for name in ERRORS]
    return np.concatenate([part.reshape(part.shape[0], -1) for part in parts], axis=1)


def calibrate(
    origin: int = 2010,
    until: int = 2014,
    parameters: Sequence[str] = PARAMETERS,
    *,
    figures: Floats | None = None,
    prior: float = 1.0,
    points: Points | None = None,
) -> Calibrated:
    """Estimate parameters on the years from an origin to the end of a window.

    Parameters
    ----------
    origin : int
        Year of the start.
    until : int
        Last year of the window.
    parameters : sequence of str
        Parameters that have a range.
    figures : numpy.ndarray, optional
        What to fit instead of the observations, as `compared` gives it.
    prior : float
        Standard deviation of the prior, in deviations; a large one leaves the figures alone.
    points : Points, optional
        The compiled model, see `krapte_sd.backtest.run.start_points`; one serves many calibrations.

    Returns
    -------
    Calibrated
        Estimates with standard errors and what can be told.

    Raises
    ------
    ParameterError
        If the window is empty or too long, or a parameter has no range.
    """
    import pandas as pd
    from scipy.optimize import least_squares

    from krapte_sd.backtest.run import start_points
    from krapte_sd.parameters.history import HORIZON

    years = until - origin + 1
    if not 1 <= years <= HORIZON:
        raise ParameterError(f"until={until}: a window of 1 to {HORIZON} years from {origin} on is needed")
    here = points or start_points(origin, until + 1)
    names = list(parameters)
    wanted = _observed(origin, years) if figures is None else figures
    error = _errors(years)
    k = len(names)

    def misfits(places: Floats) -> Floats:
        found = compared(here, {name: places[:, at] for at, name in enumerate(names)}, years)
        return np.asarray((found - wanted) / error)

    def residuals(place: Floats) -> Floats:
        return np.concatenate([misfits(place[None])[0], place / prior])

    def of_figures(place: Floats) -> Floats:
        moved = misfits(np.concatenate([place + STEP * np.eye(k), place - STEP * np.eye(k)]))
        return np.asarray((moved[:k] - moved[k:]).T / (2 * STEP))

    def jacobian(place: Floats) -> Floats:
        return np.concatenate([of_figures(place), np.eye(k) / prior])

    start = np.zeros(k)
    fit = least_squares(residuals, start, jacobian, bounds=(-FURTHEST, FURTHEST), xtol=1e-10, ftol=1e-12, max_nfev=40)
    slopes = of_figures(fit.x)
    information = slopes.T @ slopes
    variance = np.linalg.inv(information + np.eye(k) / prior**2)
    values, vectors = np.linalg.eigh(information * prior**2)
    told = 1 - np.diag(variance) / prior**2
    table = pd.DataFrame({
        "parameter": names,
        "deviation": fit.x,
        "error": np.sqrt(np.diag(variance)),
        "told": told,
        "identified": told >= IDENTIFIED,
        "at_end": np.abs(fit.x) > FURTHEST - STEP,
    })  # fmt: skip
    order = np.argsort(values)[::-1]
    directions = pd.DataFrame(vectors[:, order], index=names)
    before, after = (float(np.sqrt((misfits(each[None]) ** 2).mean())) for each in (start, fit.x))
    return Calibrated(table, values[order], directions, after, before)


def judge(origin: int, until: int, found: Calibrated, points: Points | None = None) -> pd.DataFrame:
    """Score the years after the window, with the parameters of the tables and with those estimated.

    Parameters
    ----------
    origin, until : int
        The start and the last year of the window of the calibration.
    found : Calibrated
        Its outcome.
    points : Points, optional
        The compiled model, see `krapte_sd.backtest.run.start_points`, up to the horizon of the back-test.

    Returns
    -------
    pandas.DataFrame
        By target: first, last (years scored), tables, estimated (weighted absolute errors).
    """
    import pandas as pd

    from krapte_sd.backtest.measures import weighted_error
    from krapte_sd.backtest.outcomes import past
    from krapte_sd.backtest.run import start_points, targets
    from krapte_sd.parameters.history import HORIZON
    from krapte_sd.parameters.observations import read_observations

    here = points or start_points(origin, origin + HORIZON)
    estimates = found.table.set_index("parameter")["deviation"]
    runs = targets(here.run({str(name): np.array([0.0, each]) for name, each in estimates.items()}))
    happened = past(read_observations(), origin)
    rows = []
    for name in ERRORS:
        years = [y for y in range(until + 1, origin + HORIZON) if y in happened[name].years]
        if not years:
            continue
        actual = happened[name].values[:, np.searchsorted(happened[name].years, years)]
        own = [runs[name][k].reshape(actual.shape[0], -1)[:, np.array(years) - origin] for k in (0, 1)]
        rows.append((name, years[0], years[-1], *(weighted_error(each, actual) for each in own)))
    return pd.DataFrame(rows, columns=["target", "first", "last", "tables", "estimated"])


def _observed(origin: int, years: int) -> Floats:
    """Give the logarithms of the figures of the window, and of no later year."""
    from krapte_sd.backtest.outcomes import past
    from krapte_sd.parameters.observations import read_observations

    found = past(read_observations().before(origin + years), origin)
    parts = []
    for name in ERRORS:
        first = origin - int(found[name].years[0])
        parts.append(np.log(found[name].values[:, first : first + years]).ravel())
    return np.concatenate(parts)


def _errors(years: int) -> Floats:
    from krapte_sd.backtest.outcomes import GROUPS

    units = {"employed_by_group": len(GROUPS)}
    return np.concatenate([np.full(units.get(name, 1) * years, error) for name, error in ERRORS.items()])
