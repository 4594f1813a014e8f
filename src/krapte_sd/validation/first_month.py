"""The model starts in step: no quantity may jump in the first month."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from krapte_sd import forecast
from krapte_sd.validation.lines import Line, absolute, relative, scaled
from krapte_sd.validation.transitions import Floats

if TYPE_CHECKING:
    from krapte_sd.validation.evidence import Evidence

__all__ = ["SCALES", "first_month", "lines"]

GROUP: Final = "first month"
LIMIT: Final = 2.0
MONTH: Final = 1 / 12
SAME: Final = ("need_gap_in_hours", "need_gap_in_fte")
"""A constant times the need gap: no line of their own."""

LOGARITHM, SHARE = "log points", "points"
SCALES: Final = {
    # Logarithms: the change is the relative change of what they are the logarithm of.
    "wage_pressure": LOGARITHM,
    "mean_wage_pressure": LOGARITHM,
    "duration_tightness": LOGARITHM,
    # Differences of posts needed and filled, zero or nearly so at the start.
    "suppressed_shortage": "labour_needed",
    "structural_shortage": "labour_needed",
    "need_gap": "labour_needed",
    "layoffs": "employed_in_sector",
    # Accounts and shares of technology since the start.
    "labour_replaced_by_automation": "labour_needed",
    "labour_saved_by_productivity": "labour_needed",
    "posts_offshored": "labour_needed",
    "labour_returned": "labour_needed",
    "automated_share": SHARE,
    "offshored_share": SHARE,
    # Hires less outflow.
    "expansion_demand": "hires",
    # Nobody is placed without a measure.
    "placements": "hires",
}
"""Quantities that may be zero at the start, and the quantity of the same sector their change is measured by."""


def first_month(times: Floats, values: Floats) -> Floats:
    """Values from the start to exactly one month later, the last one linear between two steps.

    Parameters
    ----------
    times : ndarray, shape (times,)
        Years, from the start on, to at least a month.
    values : ndarray, shape (times, ...)
        Values at these times.

    Returns
    -------
    ndarray, shape (fewer times, ...)
        Start first, one month later last.
    """
    end = times[0] + MONTH
    after = int(np.searchsorted(times, end))
    share = (end - times[after - 1]) / (times[after] - times[after - 1])
    last = values[after - 1] + share * (values[after] - values[after - 1])
    return np.concatenate([values[:after], last[None]])


def lines(evidence: Evidence) -> Iterator[Line]:
    """Give one line per output of the forecast: the sector and time in the month that are farthest from the start."""
    result = evidence.fine
    equations = evidence.model.equations
    for name in (*forecast.STATES, *forecast.FLOWS):
        if name in SAME:
            continue
        values = first_month(result.times, result.saved[name])
        measure = _scale(evidence, name, values[0])
        change = np.abs(values - values[0]) / measure
        time, *place = (int(k) for k in np.unravel_index(int(np.argmax(change)), change.shape))
        dimensions = equations.variables[name].dimensions
        labels = [equations.dimensions[d][k] for d, k in zip(dimensions, place, strict=True) if d != "Region"]
        text = " ".join([name.replace("_", " "), *labels])
        unit = equations.variables[name].unit
        model, start = float(values[(time, *place)]), float(values[(0, *place)])
        if SCALES.get(name) in (LOGARITHM, SHARE):
            yield absolute(GROUP, text, model, start, LIMIT / 100, unit, SCALES[name])
        elif name in SCALES or start == 0:
            of = SCALES.get(name, "total").replace("_", " ")
            yield scaled(GROUP, text, model, start, (float(measure[tuple(place)]), of), LIMIT, unit)
        else:
            yield relative(GROUP, text, model, start, LIMIT, unit)


def _scale(evidence: Evidence, name: str, start: Floats) -> Floats:
    """What a change is measured by: the start itself, or what `SCALES` says; elements that are zero by the total."""
    other = SCALES.get(name)
    if other in (LOGARITHM, SHARE):
        return np.ones_like(start)
    if other is not None:
        return np.asarray(evidence.fine.saved[other][0], np.float64)
    return np.where(start == 0, np.abs(start).sum(), np.abs(start))
