"""Years, step and method of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ParameterError, SolverError, nearest

_SHOWN = 20

__all__ = ["ADAPTIVE", "Settings", "read_settings"]

FIXED = ("euler", "rk4")
ADAPTIVE = ("lsoda", "rk45", "dop853")


@dataclass(frozen=True)
class Settings:
    """Checked settings of a run.

    A run that does not go from one 1 January to another is one stretch of time, as if
    it were one year: `start` is 0 and `stop` 1, `per_year` is the number of its steps,
    and `origin` and `width` say where it begins and how long a step is. `told` is what
    equations see as TIME STEP, FINAL TIME, SAVEPER and half the step, where that is
    not the width and the end of this stretch.
    """

    start: int
    stop: int
    per_year: int
    method: str
    every: int
    rtol: float = 1e-8
    atol: float = 1e-8
    origin: float | None = None
    width: float = 0.0
    told: tuple[float, float, float, float] | None = None

    @property
    def euler(self) -> bool:
        """True for Euler's method."""
        return self.method == "euler"

    @property
    def adaptive(self) -> bool:
        """True if the solver chooses its steps."""
        return self.method in ADAPTIVE

    @property
    def calendar(self) -> bool:
        """True if the run goes from one 1 January to another, year by year."""
        return self.origin is None

    @property
    def h(self) -> float:
        """Length of a step."""
        return 1.0 / self.per_year if self.origin is None else self.width

    def begin(self, number: int) -> float:
        """Time at which a year begins; the one after the last begins at the end of the run."""
        if self.origin is None:
            return float(self.start + number)
        return self.origin + number * self.per_year * self.width

    @property
    def end(self) -> float:
        """Time at the end of the run."""
        return self.begin(self.stop - self.start)

    def year(self, number: int, time: float) -> float:
        """What INTEGER(Time) is at a time within a year."""
        return float(self.start + number) if self.origin is None else float(np.trunc(time))

    @property
    def given(self) -> dict[str, float]:
        """Values that equations may use and the run gives, by the name of their slot."""
        step, final, saveper, half = self.told or (self.h, self.end, self.every * self.h, self.h / 2)
        return {
            "time_step": step,
            "final_time": final,
            "saveper": saveper,
            "'half_step": half,
            "'starting": 0.0,
        }

    def points(self, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times of a calendar year, and the share of it that is over.

        One entry for the start of each step and its middle, and one for the end of
        the last step. There, Time is its limit from the left.
        """
        shares = np.arange(2 * self.per_year + 1) * (0.5 / self.per_year)
        if self.origin is not None:
            steps = np.arange(2 * self.per_year + 1) * 0.5
            return np.asarray(self.origin + steps * self.width, dtype=np.float64), shares.astype(np.float64, copy=False)
        year = float(self.start + number)
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
    plain: bool = False,
    jumps: bool = False,
) -> Settings:
    """Check the settings of a run; all problems together.

    With `fixed` only fixed steps are allowed; with `plain` any start, stop and step are;
    with `jumps` too the run is one stretch of time even if it goes from one 1 January to another.
    """
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
    if plain and (problems or (jumps and method == "rk4")):
        each = step if problems else 1.0
        return _plain(start, stop, step, method, each if save_step is None else save_step)
    if problems:
        raise ParameterError.collect("settings of the run", problems)
    return Settings(int(start), int(stop), steps[step], method, every, rtol, atol)


def not_finite(model: str, settings: Settings, problems: Iterable[str]) -> SolverError:
    """Make one error out of all outputs of a model that are not finite numbers, with what may help."""
    lines = list(dict.fromkeys(problems))
    if len(lines) > _SHOWN:
        lines = [*lines[:_SHOWN], f"and {len(lines) - _SHOWN} more variables"]
    shorter = "" if settings.adaptive else f"a shorter step than {settings.h:g}, such as {settings.h / 2:g}, or "
    remedy = f"remedy: {shorter}less extreme inputs"
    return SolverError.collect(f"run of {model}: values that are not finite; {remedy}", lines)


def _plain(start: float, stop: float, step: float, method: str, save_step: float) -> Settings:
    """Settings of a run of a model that knows no calendar years."""
    named = {"start": start, "stop": stop, "step": step, "save_step": save_step}
    problems = [
        f"{name} must be a finite number, found {value!r}"
        for name, value in named.items()
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value)
    ]
    steps = every = 1
    if not problems:
        problems += [
            f"{name} must be above zero, found {named[name]!r}" for name in ("step", "save_step") if named[name] <= 0
        ]
        if stop <= start:
            problems.append(f"stop must be after start, found {start}...{stop}")
    if not problems:
        steps, every = round((stop - start) / step), round(save_step / step)
        if not _near(steps * step, stop - start) or steps < 1:
            problems.append(f"step {step!r} does not divide the time from {start} to {stop}")
        if not _near(every * step, save_step) or every < 1:
            problems.append(f"save_step must be a multiple of the step {step!r}, found {save_step!r}")
    if method not in FIXED:
        problems.append(f"method must be 'euler' or 'rk4' if the run is not in whole years, found {method!r}")
    if problems:
        raise ParameterError.collect("settings of the run", problems)
    return Settings(0, 1, steps, method, every, origin=float(start), width=float(step))


def _near(value: float, wanted: float) -> bool:
    return abs(value - wanted) <= 1e-9 * max(1.0, abs(wanted))
