"""scipy's adaptive solvers for one run: the measure of the error of fixed steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import SolverError

if TYPE_CHECKING:
    from krapte_sd.kernel.run import Run

__all__ = ["integrate_year"]

Array = NDArray[np.float64]
_NAMES = {"lsoda": "LSODA", "rk45": "RK45", "dop853": "DOP853"}


def integrate_year(run: Run, number: int, save: Callable[[float], None]) -> None:
    """Integrate one calendar year of a run, from one discontinuity to the next.

    Parameters
    ----------
    run : Run
        The run, at 1 January of the year; at 31 December afterwards.
    number : int
        Number of the year within the run.
    save : callable
        Called at each point of output but the last.
    """
    from scipy.integrate import solve_ivp

    settings, layout = run.settings, run.layout
    year = float(settings.start + number)
    times, _ = settings.points(number)
    state = run.work[layout.state : layout.state + layout.length]
    rates = run.work[layout.rates : layout.rates + layout.length]
    end = float(times[-1])

    def derivative(time: float, y: Array) -> Array:
        state[:] = y
        run._time(number, time - year, min(time, end))
        run._call("rates", min(time, end), year)
        return rates.copy()

    first = state.copy()
    slope = derivative(year, first)
    absolute = settings.atol * _scale(run, first, slope)
    points = times[: -1 : 2 * settings.every]
    options: dict[str, Any] = {"rtol": settings.rtol, "atol": absolute, "method": _NAMES[settings.method]}
    wanted = np.append(points, year + 1.0)
    solution = solve_ivp(derivative, (year, year + 1.0), first, t_eval=wanted, **options)
    if not solution.success:
        raise SolverError(f"{settings.method} failed in {year:g}: {solution.message}")
    for k, time in enumerate(points):
        derivative(float(time), solution.y[:, k])
        save(float(time))
    state[:] = solution.y[:, -1]


def _scale(run: Run, state: Array, slope: Array) -> Array:
    """Size of each variable: its largest element, or its largest change in a year."""
    scale = np.ones_like(state)
    lowered, layout = run.program._lowered, run.layout
    for name in (*lowered.stocks, *lowered.integrals):
        first = layout.offsets[name] - layout.state
        piece = slice(first, first + lowered.slots[name].size)
        size = max(float(np.abs(state[piece]).max(initial=0.0)), float(np.abs(slope[piece]).max(initial=0.0)))
        scale[piece] = size or 1.0
    return scale
