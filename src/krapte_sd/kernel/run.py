"""One run: the workspace, and the loop over years and steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import BalanceError, SolverError
from krapte_sd.kernel.adaptive import integrate_year
from krapte_sd.kernel.inputs import Checked
from krapte_sd.kernel.members import FACTOR
from krapte_sd.kernel.settings import Settings, not_finite
from krapte_sd.kernel.state import State

if TYPE_CHECKING:
    from krapte_sd.kernel.program import Program

__all__ = ["Array", "Run", "aligned", "stepping"]

Array = NDArray[np.float64]
#: A stock may fall below zero by this share of its largest element: rounding, no more.
_ROUNDING = 1e-12
#: So many outputs that are not finite are named.


@lru_cache(maxsize=1)
def stepping() -> ModuleType:
    """Load the solvers; compiled once for all models."""
    from krapte_sd.kernel import cache

    return cache.load(Path(__file__).with_name("stepping.py").read_text(encoding="utf-8"))


class Run:
    """One run of a program.

    Parameters
    ----------
    program : Program
        The program.
    checked : Checked
        Its inputs.
    settings : Settings
        Years, step and method.
    debug : bool
        Check the stocks after every step.
    scales : mapping of str to float, optional
        Factors on inputs and data, with the prefix of their slots.
    state : State, optional
        State to start from; default: the initial values of the model.
    """

    def __init__(
        self,
        program: Program,
        checked: Checked,
        settings: Settings,
        debug: bool = False,
        scales: Mapping[str, float] | None = None,
        state: State | None = None,
    ) -> None:
        self.program = program
        self.settings = settings
        self.debug = debug
        self.state = state
        self.layout = program._layout
        self.slots = program._lowered.slots
        self.work = aligned(self.layout.size)
        self.base = self.work.ctypes.data
        self.views = {name: self._view(name) for name in self.layout.offsets}
        for name, value in checked.constants.items():
            self.views[name][...] = value
        for name, factor in (scales or {}).items():
            self.views[name][...] = factor
        for name, given in settings.given.items():
            if name in self.views:
                self.views[name][...] = given
        for name in program.tables:
            self.views[name][...] = program.model.variables[name].value
        years = settings.stop - settings.start + 1
        self.hold, self.linear = (
            self._table(names, checked, block, years)
            for names, block in zip(program._data, (self.layout.hold, self.layout.linear), strict=True)
        )
        layout = self.layout
        blocks = (layout.state, layout.rates, layout.saved_state, layout.weighted)
        self.places = np.array([*blocks, layout.linear[0], layout.length, layout.linear[1]])
        first, count = layout.linear
        self.data = self.work[first : first + count]
        count = (settings.stop - settings.start) * -(-settings.per_year // settings.every) + 1
        self.times = np.empty(count)
        self.saved = {name: np.empty((count, *program.model.shape(name))) for name in program.save}
        self.integrals = {name: np.empty((years - 1, *program.model.shape(name))) for name in program.integrate}
        self.filled = 0

    def _view(self, name: str) -> Array:
        slot = self.slots[name]
        first = self.layout.offsets[name]
        return self.work[first : first + slot.size].reshape([self.program._lowered.sizes[each] for each in slot.dims])

    def _table(self, names: Sequence[str], checked: Checked, block: tuple[int, int], years: int) -> Array:
        table = np.zeros((years, block[1]))
        for name in names:
            first = self.layout.offsets[name] - block[0]
            table[:, first : first + self.slots[name].size] = checked.tables[name].reshape(years, -1)
        return table

    # -- evaluating --------------------------------------------------------------------------------------------------

    def _call(self, phase: str, time: float, year: float) -> None:
        stepping().evaluate(self.program._addresses[phase], self.base, 0, 0, time, year)

    def _year(self, number: int) -> None:
        """Load what belongs to a calendar year, at its 1 January."""
        time = self.settings.begin(number)
        year = self.settings.year(number, time)
        first, count = self.layout.hold
        self.work[first : first + count] = self.hold[number]
        self._call("const", time, year)
        self._call("year", time, year)
        self._time(number, 0.0, time)

    def _time(self, number: int, share: float, time: float) -> None:
        """Bring what depends on time alone to a time within a calendar year."""
        if self.data.size:
            after = self.linear[number + 1] if share else self.linear[number]
            stepping().interpolate(self.data, self.linear[number], after, share)
        self._call("time", time, self.settings.year(number, time))

    def initialise(self) -> None:
        """Settle all initial values; one may depend on another, hence the passes."""
        if self.state is not None:
            for name in self.program.stocks:
                self.views[name][...] = self.state.stocks[name]
            for cell, key in self.program.cells.items():
                self.views[cell][...] = self.state.initial[key]
            return
        time = self.settings.begin(0)
        year = self.settings.year(0, time)
        lowered = self.program._lowered
        starting = self.views.get("'starting")
        if starting is not None:
            starting[...] = 1.0
        for _ in range(lowered.passes):
            self._year(0)
            for phase in ("rates", "outputs", "start"):
                self._call(phase, time, year)
            for body, cell in lowered.copies:
                self.views[cell][...] = self.views[body]
        if starting is not None:
            starting[...] = 0.0

    # -- the run -----------------------------------------------------------------------------------------------------

    def go(self) -> None:
        """Run from the start to the end."""
        settings = self.settings
        self.initialise()
        if self.debug:
            self._guard(settings.begin(0))
        first = self.layout.state + self.layout.stocks
        last = self.layout.state + self.layout.length
        for number in range(settings.stop - settings.start):
            self._year(number)
            self.work[first:last] = 0.0
            if settings.adaptive:
                integrate_year(self, number, self._save)
            else:
                self._steps(number)
            for name, out in self.integrals.items():
                out[number] = self.views[f"{name}'integral"]
        self._year(settings.stop - settings.start)
        self._call("rates", settings.end, settings.year(settings.stop - settings.start, settings.end))
        self._save(settings.end)
        self._finite()

    def final_state(self) -> State:
        """What is needed to go on from the end."""
        return State(
            {name: self.views[name].copy() for name in self.program.stocks},
            {key: self.views[cell].copy() for cell, key in self.program.cells.items()},
            self.settings.end,
            self.program.model.sha256,
        )

    def _steps(self, number: int) -> None:
        """Take the steps of a calendar year, from one output to the next."""
        settings = self.settings
        times, shares = settings.points(number)
        rows = self.linear[number : number + 2]
        follow_year = not settings.calendar and self.program.uses_year
        every = 1 if self.debug or follow_year else settings.every
        for k in range(0, settings.per_year, every):
            fresh = k % settings.every == 0
            year = settings.year(number, float(times[2 * k]))
            if follow_year and k:
                self._call("year", float(times[2 * k]), year)
                self._call("time", float(times[2 * k]), year)
            if fresh:
                self._call("rates", float(times[2 * k]), year)
                self._save(float(times[2 * k]))
            stepping().advance(
                *(self.work, self.base, 0, 0, 0, self.places),
                *(self.program._addresses["rates"], self.program._addresses["time"], rows, times, shares, year),
                *(k, min(k + every, settings.per_year), settings.h, settings.euler, fresh),
            )
            if self.debug:
                self._guard(settings.begin(number) + (k + 1) * settings.h)

    def _save(self, time: float) -> None:
        """Store what is wanted; the rates of this time are in the workspace."""
        self._call("outputs", time, float(np.floor(time) if self.settings.calendar else np.trunc(time)))
        self.times[self.filled] = time
        for name, out in self.saved.items():
            out[self.filled] = self.views[name]
        for name in self.program.factors:
            if name in self.saved:
                self.saved[name][self.filled] *= self.views[FACTOR + name]
        self.filled += 1

    # -- checks ------------------------------------------------------------------------------------------------------

    def _guard(self, time: float) -> None:
        for name in self.program.stocks:
            value = self.views[name]
            lowest = self.program.model.variables[name].limits[0]
            bad = np.argwhere(~np.isfinite(value))
            if len(bad):
                raise SolverError(f"{self.program.where(name, bad[0])} is {value[tuple(bad[0])]} at time {time:g}")
            if lowest is not None and lowest < 0:
                continue
            bound = -_ROUNDING * float(np.abs(value).max(initial=0.0))
            if value.min(initial=0.0) < bound:
                worst = np.unravel_index(int(np.argmin(value)), value.shape)
                found = self.program.where(name, [int(each) for each in worst])
                raise BalanceError(
                    f"the stock {found} is {value.min():.6g} at time {time:g}; a stock must not be negative "
                    "(limits such as '[-1,?]' after its unit allow it)"
                )

    def _finite(self) -> None:
        """Check every output; the earliest places come first, as later ones mostly follow from them."""
        last = self.times[-1]
        state = {name: self.views[name][np.newaxis] for name in self.program.stocks}
        starts = np.arange(self.settings.start, self.settings.stop, dtype=float)
        found: list[tuple[float, str]] = []
        for what, points, outputs in (
            ("at time", self.times, self.saved),
            ("over the year", starts, self.integrals),
            ("at time", np.array([last]), state),
        ):
            for name, value in outputs.items():
                finite = np.isfinite(value)
                if finite.all():
                    continue
                place = [int(each) for each in np.argwhere(~finite)[0]]
                text = (
                    f"{self.program.where(name, place[1:])} is {value[tuple(place)]} first {what} {points[place[0]]:g}"
                )
                found.append((float(points[place[0]]), text))
        if found:
            problems = (text for _, text in sorted(found, key=lambda each: each[0]))
            raise not_finite(self.program.model.path, self.settings, problems)


def aligned(size: int) -> Array:
    """Zeros whose first place is at the start of a cache line."""
    raw = np.zeros(size + 8)
    skip = (-raw.ctypes.data // 8) % 8
    return raw[skip : skip + size]
