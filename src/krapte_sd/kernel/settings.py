"""Years, step and method of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ParameterError, nearest

__all__ = ["ADAPTIVE", "Settings", "read_settings"]

FIXED = ("euler", "rk4")
ADAPTIVE = ("lsoda", "rk45", "dop853")


@dataclass(frozen=True)
class Settings:
    """Checked settings of a run."""

    start: int
    stop: int
    per_year: int
    method: str
    every: int
    rtol: float = 1e-8
    atol: float = 1e-8

    @property
    def euler(self) -> bool:
        """True for Euler's method."""
        return self.method == "euler"

    @property
    def adaptive(self) -> bool:
        """True if the solver chooses its steps."""
        return self.method in ADAPTIVE

    def points(self, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times of a calendar year, and the share of it that is over.

        One entry for the start of each step and its middle, and one for the end of
        the last step. There, Time is its limit from the left.
        """
        year = float(self.start + number)
        shares = np.arange(2 * self.per_year + 1) * (0.5 / self.per_year)
        times = year + shares
        times[-1] = np.nextafter(times[-1], year)
        return times.astype(np.float64, copy=False), shares.astype(np.float64, copy=False)


def read_settings(
    start: float,
    stop: float,
    step: float,
    method: str,
    save_step: float | None,
    rtol: float = 1e-8,
    atol: float = 1e-8,
    *,
    fixed: bool = False,
) -> Settings:
    """Check the settings of a run; all problems together."""
    problems = []
    for name, value in (("start", start), ("stop", stop)):
        if not np.isfinite(value) or value != int(value) or not 1 <= value <= 9999:
            problems.append(f"{name} must be a whole year, found {value!r}")
    if not problems and stop <= start:
        problems.append(f"stop must be after start, found {start}...{stop}")
    steps = {1.0 / 2**k: 2**k for k in range(13)}
    if step not in steps:
        problems.append(f"step must be 1, 1/2, 1/4, ... 1/4096 of a year, found {step!r}")
    methods = FIXED if fixed else FIXED + ADAPTIVE
    if method not in methods:
        told = ", ".join(f"'{each}'" for each in methods[:-1]) + f" or '{methods[-1]}'"
        problems.append(f"method must be {told}, found {method!r}{nearest(str(method), methods)}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not 1e-13 <= value <= 0.1:
            problems.append(f"{name} must lie between 1e-13 and 0.1, found {value!r}")
    every = steps.get(step, 1)
    if save_step is not None and step in steps:
        if save_step not in steps or save_step < step:
            problems.append(f"save_step must be 1, 1/2, 1/4, ... of a year and at least the step, found {save_step!r}")
        else:
            every = steps[step] // steps[save_step]
    if problems:
        raise ParameterError.collect("settings of the run", problems)
    return Settings(int(start), int(stop), steps[step], method, every, rtol, atol)
