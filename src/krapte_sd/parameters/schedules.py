"""From tables by completed age to birth cohorts, and age schedules that shift.

On 1 January of year Y the cohort born in calendar year c has the completed age
``Y - c - 1``: -1 for the children who will be born during the year. Everything
here is evaluated at 1 January; what happens in between is up to the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from krapte_sd.errors import ParameterError
from krapte_sd.parameters.codes import HIGHEST_AGE

__all__ = ["Outside", "aow_shift", "by_cohort", "shift_ages"]

Floats = NDArray[np.float64]
Outside = Literal["zero", "hold"] | None

# The state pension age moves retirement from the age of 57 on, fully from 63 on.
_SHIFT_FROM: Final = 57.0
_SHIFT_OVER: Final = 6.0
_SHIFT_UNTIL: Final = 75.5
_SHIFT_BACK: Final = 5.0


def _whole(name: str, numbers: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(numbers)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise ParameterError(f"{name} must be a list of whole numbers; found {array.dtype} of shape {array.shape}")
    return array.astype(np.int64)


def _consecutive(name: str, numbers: ArrayLike) -> NDArray[np.int64]:
    array = _whole(name, numbers)
    gaps = np.flatnonzero(np.diff(array) != 1)
    if gaps.size:
        at = int(gaps[0])
        raise ParameterError(f"{name} must follow each other one by one; found {array[at + 1]} after {array[at]}")
    return array


def _table(values: ArrayLike, shape: tuple[int, ...], axes: str) -> Floats:
    table = np.asarray(values, np.float64)
    if table.shape[table.ndim - len(shape) :] != shape or table.ndim < len(shape):
        raise ParameterError(f"the table has the shape {table.shape}; its last axes must be {axes}: {shape}")
    if not np.isfinite(table).all():
        raise ParameterError("the table holds values that are not finite numbers")
    return table


def _outside(ages: NDArray[np.int64], lowest: int, highest: int, below: Outside, above: Outside) -> None:
    """Refuse ages for which the table says nothing."""
    if above is None and highest < HIGHEST_AGE and ages.max() > highest:
        raise ParameterError(
            f"the table ends at age {highest}, age {ages.max()} is needed; "
            "remedy: add the ages, or 'ages: {above: zero}' or '{above: hold}' to the metadata"
        )
    if below is None and lowest > 0 and ages.min() < lowest:
        raise ParameterError(
            f"the table begins at age {lowest}, age {max(int(ages.min()), -1)} is needed; "
            "remedy: add the ages, or 'ages: {below: zero}' or '{below: hold}' to the metadata"
        )


def by_cohort(
    values: ArrayLike,
    cohorts: Sequence[int] | NDArray[np.int64],
    years: Sequence[int] | NDArray[np.int64],
    *,
    ages: Sequence[int] | NDArray[np.int64],
    table_years: Sequence[int] | NDArray[np.int64] | None = None,
    below: Outside = None,
    above: Outside = None,
) -> Floats:
    """Look up a table by completed age for birth cohorts, at each 1 January.

    Parameters
    ----------
    values : array_like, shape (..., age) or (..., age, year)
        The table; with a year axis if `table_years` is given. Finite.
    cohorts : sequence of int, shape (cohort,)
        Calendar years of birth.
    years : sequence of int, shape (year,)
        The 1 Januaries wanted.
    ages : sequence of int
        Completed ages along the age axis, consecutive; the last age of 100 stands for 100 and over.
    table_years : sequence of int, optional
        Years along the last axis, consecutive; every year wanted must be among them.
    below, above : {"zero", "hold"}, optional
        What holds below and above the ages of the table: nothing, or the value at its end. Without
        it such an age is an error, with two exceptions: a table that ends at 100 holds above it; and a
        table that begins at 0 gives its value at 0 to the cohort of the coming year (age -1). Cohorts
        that are not born by the end of the year (below -1) have zero whatever holds.

    Returns
    -------
    numpy.ndarray of float64, shape (year, ..., cohort)
        ``values`` at age ``year - cohort - 1``.

    Raises
    ------
    ParameterError
        If an age or year is needed that the table does not have, or if the arrays do not fit.

    Examples
    --------
    >>> by_cohort([10.0, 20.0, 30.0], cohorts=[2021, 2022, 2023], years=[2024], ages=[0, 1, 2])
    array([[30., 20., 10.]])
    """
    born, at = _whole("cohorts", cohorts), _whole("years", years)
    steps = _consecutive("ages", ages)
    lowest, highest = int(steps[0]), int(steps[-1])
    needed = at[:, None] - born[None, :] - 1
    _outside(needed, lowest, highest, below, above)
    place = np.clip(needed - lowest, 0, steps.size - 1)
    if table_years is None:
        table = _table(values, (steps.size,), "(age)")
        # (..., year, cohort) -> (year, ..., cohort)
        found = np.moveaxis(table[..., place], -2, 0)
    else:
        dated = _consecutive("table_years", table_years)
        table = _table(values, (steps.size, dated.size), "(age, year)")
        absent = [str(year) for year in at.tolist() if not dated[0] <= year <= dated[-1]]
        if absent:
            covered = f"{dated[0]} to {dated[-1]}"
            raise ParameterError(
                f"the table covers {covered}, needed are also {', '.join(absent)}; remedy: add these years"
            )
        found = np.moveaxis(table[..., place, (at - dated[0])[:, None]], -2, 0)
    found = np.ascontiguousarray(found)
    nothing = needed < (lowest if below == "zero" else min(lowest, -1))
    if above == "zero":
        nothing |= needed > highest
    found[np.broadcast_to(nothing.reshape(at.size, *(1,) * (found.ndim - 2), born.size), found.shape)] = 0.0
    return found


def aow_shift(ages: Sequence[int] | NDArray[np.int64], aow_age: ArrayLike, reference_aow_age: float) -> Floats:
    """Say by how much the age schedules of work and retirement move with the state pension age.

    Nothing below the exact age of 57, growing linearly to the full change at 63, the full change to 70.5, and from
    there linearly back to nothing at 75.5: the ages of the labour force survey end at 75 whatever the pension age.

    Parameters
    ----------
    ages : sequence of int, shape (age,)
        Completed ages; the exact age is half a year more on average.
    aow_age : array_like, shape (year,)
        State pension age (AOW-leeftijd) in each year, years.
    reference_aow_age : float
        The state pension age to which the schedules belong, years.

    Returns
    -------
    numpy.ndarray of float64, shape (age, year)
        Shift in years; positive if people work longer.
    """
    exact = _whole("ages", ages) + 0.5
    weight = np.clip((exact - _SHIFT_FROM) / _SHIFT_OVER, 0.0, 1.0)
    weight *= np.clip((_SHIFT_UNTIL - exact) / _SHIFT_BACK, 0.0, 1.0)
    change = np.asarray(aow_age, np.float64) - reference_aow_age
    if change.ndim != 1 or not np.isfinite(change).all():
        raise ParameterError(f"aow_age must be one finite number per year; found the shape {change.shape}")
    return np.asarray(weight[:, None] * change[None, :], np.float64)


def shift_ages(
    values: ArrayLike,
    shift: ArrayLike,
    *,
    ages: Sequence[int] | NDArray[np.int64],
    dated: bool = False,
    below: Outside = None,
    above: Outside = None,
) -> Floats:
    """Evaluate an age schedule at ``age - shift``, linearly between ages.

    Parameters
    ----------
    values : array_like, shape (..., age) or (..., age, year)
        The schedule; with a year axis if `dated`.
    shift : array_like, shape (age, year)
        By how many years the schedule moves to higher ages.
    ages : sequence of int
        Completed ages along the age axis, consecutive.
    dated : bool, optional
        Whether `values` has a year axis; it must be as long as that of `shift`.
    below, above : {"zero", "hold"}, optional
        What holds outside the ages of the schedule, as in `by_cohort`. Without it an age outside is
        an error, except above an age of 100, which is held.

    Returns
    -------
    numpy.ndarray of float64, shape (..., age, year)
        The moved schedule.

    Raises
    ------
    ParameterError
        If the schedule is needed where it is not defined, or if the arrays do not fit.
    """
    steps = _consecutive("ages", ages)
    moved = np.asarray(shift, np.float64)
    if moved.ndim != 2 or moved.shape[0] != steps.size or not np.isfinite(moved).all():
        raise ParameterError(
            f"shift must be finite and of shape (age, year); found {moved.shape} for {steps.size} ages"
        )
    wanted = (steps - steps[0])[:, None] - moved
    last = steps.size - 1
    if below is None and wanted.min() < 0:
        raise ParameterError(
            f"the schedule begins at age {steps[0]} and is needed at {steps[0] + wanted.min():.10g}; "
            "remedy: add 'ages: {below: zero}' or '{below: hold}' to the metadata"
        )
    if above is None and steps[-1] < HIGHEST_AGE and wanted.max() > last:
        raise ParameterError(
            f"the schedule ends at age {steps[-1]} and is needed at {steps[0] + wanted.max():.10g}; "
            "remedy: add 'ages: {above: zero}' or '{above: hold}' to the metadata"
        )
    inside = np.clip(wanted, 0, last)
    left = np.minimum(inside.astype(np.int64), max(last - 1, 0))
    right = np.minimum(left + 1, last)
    part = inside - left
    if dated:
        table = _table(values, moved.shape, "(age, year)")
        year = np.arange(moved.shape[1])[None, :]
        low, high = table[..., left, year], table[..., right, year]
    else:
        table = _table(values, (steps.size,), "(age)")
        low, high = table[..., left], table[..., right]
    # `low * (1 - part) + high * part` gives the value itself, bit for bit, where `part` is 0 or 1.
    found = low * (1.0 - part) + high * part
    if below == "zero":
        found[..., wanted < 0] = 0.0
    if above == "zero":
        found[..., wanted > last] = 0.0
    return np.asarray(found, np.float64)
