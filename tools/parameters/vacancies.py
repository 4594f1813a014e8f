"""Vacancies by section: open on 1 January of a year, hires through vacancies, durations, the fill curve.

Sections B, D and E are so small that their yearly figures are mostly rounding (hundreds of vacancies); they share one
duration, one fill limit and one reference tightness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize
from tools.parameters.labour_profiles import SECTORS
from tools.parameters.tables import Row, rows_of

if TYPE_CHECKING:
    from krapte_sd.parameters.observations import Observations

LAPSE_SHARE = 0.10
"""Share of closed vacancies that lapse; `assumed`: CBS counts them with the filled ones."""

POOLED = ("B", "D", "E")
FILL_LIMIT_CAP = 8.0
"""Per year. A higher limit cannot be told from the data and makes the loop too stiff for a quarter-year step."""


class Window(NamedTuple):
    """Which figures stand for a 1 January.

    `quarters` whose shares by section are used; `slack` years whose duration is the normal one and `curve` years of the
    fill curve; `opened` vacancies open and `filled` closed a year, all sections.
    """

    quarters: tuple[str, ...]
    slack: tuple[int, ...]
    curve: range
    opened: float
    filled: float


def window_2024(observations: Observations) -> Window:
    """Give the window of 1 January 2024, with totals adjusted for the season."""
    filled = 2 * sum(observations.value("filled_vacancies_adjusted", period=p) for p in ("2023Q4", "2024Q1"))
    opened = observations.value("open_vacancies_adjusted", period="2023Q4")
    quarters = ("2022Q4", "2023Q1", "2023Q2", "2023Q3")
    return Window(quarters, tuple(range(2010, 2017)), range(1998, 2023), opened, filled)


@dataclass(frozen=True)
class Vacancies:
    """Arrays (19,) by section."""

    open: np.ndarray
    hires: np.ndarray
    """Persons a year hired through a vacancy at the start."""
    duration: np.ndarray
    fill_limit: np.ndarray
    tightness: np.ndarray
    """Mean over the years of the curve of the log of duration over its normal value."""
    tightness_start: np.ndarray


def vacancies(observations: Observations, window: Window) -> Vacancies:
    """Estimate what the model needs of vacancies from CBS 80472ned and the totals of the window."""
    opened = _shares(observations, "open_vacancies", window.quarters) * window.opened
    filled = _shares(observations, "filled_vacancies", window.quarters) * window.filled
    pool = [SECTORS.index(k) for k in POOLED]
    filled[pool] = filled[pool].sum() * opened[pool] / opened[pool].sum()
    hires = filled * (1 - LAPSE_SHARE)
    stock, flow = (yearly(observations, f"{name}_vacancies_annual", window.curve) for name in ("open", "filled"))
    slack = [y - window.curve[0] for y in window.slack]
    duration = stock[:, slack].sum(axis=1) / flow[:, slack].sum(axis=1)
    tightness = np.log(stock / flow / duration[:, None]).mean(axis=1)
    limit = np.array([_fill_limit(stock[q], flow[q] * (1 - LAPSE_SHARE)) for q in range(len(SECTORS))])
    start = opened / filled
    # hires must stay well below the limit at the start, or the seeker side of the fill curve has no room
    limit = np.maximum(1.3 * hires / opened, np.minimum(limit, FILL_LIMIT_CAP))
    return Vacancies(opened, hires, duration, limit, tightness, np.log(start / duration))


def _shares(observations: Observations, series: str, quarters: tuple[str, ...]) -> np.ndarray:
    sums = np.array([sum(observations.value(series, sector=k, period=p) for p in quarters) for k in SECTORS])
    return sums / sums.sum()


def yearly(observations: Observations, series: str, years: range) -> np.ndarray:
    """(19, years) yearly figures, the small sections replaced by their pool in proportion."""
    out = np.array([[observations.value(series, sector=k, period=str(y)) for y in years] for k in SECTORS])
    pool = [SECTORS.index(k) for k in POOLED]
    out[pool] = out[pool].sum(axis=0)
    return out


def _fill_limit(stock: np.ndarray, flow: np.ndarray) -> float:
    """Least squares of ln F on F = 1/(1/(lam V) + 1/(b S)) with a constant b S over the years."""

    def misfit(p: np.ndarray) -> float:
        fitted = 1 / (1 / (np.exp(p[0]) * stock) + 1 / np.exp(p[1]))
        return float(((np.log(flow) - np.log(fitted)) ** 2).sum())

    start = np.array([np.log(2 * (flow / stock).max()), np.log(2 * flow.max())])
    return float(
        np.exp(
            minimize(misfit, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 4000}).x[0]
        )
    )


def rows(found: Vacancies) -> list[Row]:
    """Rows of the theme `vacancies`."""
    by = {"sector": SECTORS}
    out = rows_of(
        "initial_vacancies", found.open[None], {"region": ["NL"], **by}, source="cbs_vacancies", status="estimated"
    )
    out += rows_of("normal_duration", found.duration, by, source="cbs_80472ned", status="estimated")
    share = found.hires / (found.fill_limit * found.open)
    out += rows_of("start_fill_share", share, by, source="cbs_80472ned", status="estimated")
    lower, upper = np.minimum(0, found.tightness), np.maximum(found.tightness_start, found.tightness)
    out += rows_of(
        "reference_tightness",
        found.tightness,
        by,
        low=lower,
        high=upper,
        distribution="uniform",
        source="cbs_80472ned",
        status="estimated",
    )
    out.append(Row("lapse_share", LAPSE_SHARE, "no_source", "assumed", low=0.05, high=0.2, distribution="uniform"))
    return out
