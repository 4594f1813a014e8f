"""Compiles a model for given outputs and runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from krapte_sd.equations.model import Model
from krapte_sd.errors import BalanceError, ParameterError, SolverError, nearest
from krapte_sd.kernel.inputs import Checked, Series, check_inputs
from krapte_sd.kernel.lower import Lowered, lower
from krapte_sd.kernel.schedule import contracted, gather
from krapte_sd.kernel.source import write
from krapte_sd.kernel.storage import Layout, place

__all__ = ["Program", "Result", "compile_model"]

Array = NDArray[np.float64]
Method = Literal["euler", "rk4"]
#: A stock may fall below zero by this share of its largest element: rounding, no more.
_ROUNDING = 1e-12
#: So many outputs that are not finite are named.
_SHOWN = 20


@dataclass(frozen=True)
class Result:
    """What a run gives: plain arrays, dimensions in the order of the model file.

    Attributes
    ----------
    times : array of float, shape (times,)
        Times of `saved`, the last one included.
    saved : dict of str to array, shape (times, dimensions)
        Values at those times. At a 1 January this is the value that the new year
        starts with: data that hold for a year are those of the new year.
    years : array of int, shape (years,)
        Calendar years of `integrals`.
    integrals : dict of str to array, shape (years, dimensions)
        Integral over each calendar year, with the weights of the solver, so that
        the change of a stock is the integral of its net flow to rounding.
    final_state : dict of str to array
        The stocks at the end.
    """

    times: Array
    saved: dict[str, Array]
    years: NDArray[np.int64]
    integrals: dict[str, Array]
    final_state: dict[str, Array]


def compile_model(model: Model, save: Sequence[str], integrate: Sequence[str] = ()) -> Program:
    """Compile the equations that some outputs need.

    Parameters
    ----------
    model : Model
        A model, see `krapte_sd.equations.read_model`.
    save : sequence of str
        Variables wanted at points of time (names in lower snake case).
    integrate : sequence of str, optional
        Variables whose integral over each calendar year is wanted.

    Returns
    -------
    Program
        Ready to run. The first compilation of a model takes some seconds; it is
        kept on disk, see `krapte_sd.kernel.cache`.

    Raises
    ------
    ParameterError
        If a name is not a variable of the model, or nothing is wanted.
    """
    problems = [
        f"{what}: '{name}' is not a variable of the model{nearest(name, model.variables)}"
        for what, names in (("save", save), ("integrate", integrate))
        for name in names
        if name not in model.variables
    ]
    if not save and not integrate:
        problems.append("nothing is wanted: give names to save or to integrate")
    if problems:
        raise ParameterError.collect(f"outputs of {model.path}", problems)
    lowered = lower(model, tuple(dict.fromkeys(save)), tuple(dict.fromkeys(integrate)))
    phases = {name: gather(statements, lowered.sizes) for name, statements in lowered.phases.items()}
    without = contracted(lowered, phases)
    data = [name for name, slot in lowered.slots.items() if slot.role == "data"]
    hold = [name for name in data if model.variables[name].interpolation == "hold"]
    linear = [name for name in data if name not in hold]
    layout = place(lowered, without, hold, linear)
    writer = write(lowered, layout, phases, without)
    from krapte_sd.kernel import cache

    module = cache.load(writer.text)
    return Program(model, lowered, layout, module, writer.functions, writer.text, (tuple(hold), tuple(linear)))


class Program:
    """Compiled equations of a model for given outputs; made by `compile_model`.

    Attributes
    ----------
    model : Model
        The model.
    save, integrate : tuple of str
        The outputs.
    inputs : tuple of str
        Inputs and data that a run must set.
    stocks : tuple of str
        Stocks that are integrated.
    source : str
        The generated Python source.
    """

    def __init__(
        self,
        model: Model,
        lowered: Lowered,
        layout: Layout,
        module: ModuleType,
        functions: Mapping[str, Sequence[str]],
        source: str,
        data: tuple[tuple[str, ...], tuple[str, ...]],
    ) -> None:
        self.model = model
        self.source = source
        self.save = lowered.save
        self.integrate = tuple(each.removesuffix("'integral") for each in lowered.integrals)
        self.stocks = tuple(lowered.stocks)
        self.needed = model.needed((*self.save, *self.integrate))
        self.inputs = tuple(name for name in self.needed if model.variables[name].kind in ("input", "data"))
        self._lowered = lowered
        self._layout = layout
        self._module = module
        self._data = data
        self._phases = {phase: [getattr(module, name) for name in names] for phase, names in functions.items()}

    def __repr__(self) -> str:
        return f"<Program {len(self.needed)} variables, {len(self.save)} saved, {len(self.integrate)} integrated>"

    def run(
        self,
        inputs: Mapping[str, Any | Series],
        start: int,
        stop: int,
        step: float = 0.25,
        method: Method = "rk4",
        save_step: float | None = None,
        *,
        debug: bool = False,
    ) -> Result:
        """Run the model from one 1 January to another.

        Time is ``year + k*step``, never accumulated. Each calendar year is
        integrated on its own: all stages of a step see the data of the year in
        which the step starts, and at the end of a year Time is its limit from the
        left, so that ``INTEGER(Time)`` and ``Time >= 2030`` turn only with the
        step that starts on 1 January.

        Parameters
        ----------
        inputs : mapping of str to array or Series
            Arrays of exactly the declared shape for inputs, Series for data.
            Constants of the file may be replaced.
        start, stop : int
            First and last 1 January.
        step : float, optional
            1, 1/2, 1/4, ... of a year.
        method : {"rk4", "euler"}, optional
            Classic Runge-Kutta of order 4, or Euler as Vensim and PySD have it.
        save_step : float, optional
            Save also between two 1 Januaries, every so many years; a multiple of
            `step` that divides a year.
        debug : bool, optional
            Check after every step that no stock is negative (unless its limits in
            the file allow it) or not finite.

        Returns
        -------
        Result
            The outputs.

        Raises
        ------
        ParameterError
            If an input or setting is not valid; all problems together.
        BalanceError
            With `debug`, if a stock turns negative.
        SolverError
            If an output is not finite.
        """
        settings = _settings(start, stop, step, method, save_step)
        checked = check_inputs(self.model, self.needed, inputs, settings.start, settings.stop)
        return _Run(self, checked, settings, debug).result()


@dataclass(frozen=True)
class _Settings:
    start: int
    stop: int
    per_year: int
    euler: bool
    every: int


def _settings(start: float, stop: float, step: float, method: str, save_step: float | None) -> _Settings:
    problems = []
    for name, value in (("start", start), ("stop", stop)):
        if not np.isfinite(value) or value != int(value) or not 1 <= value <= 9999:
            problems.append(f"{name} must be a whole year, found {value!r}")
    if not problems and stop <= start:
        problems.append(f"stop must be after start, found {start}...{stop}")
    steps = {1.0 / 2**k: 2**k for k in range(13)}
    if step not in steps:
        problems.append(f"step must be 1, 1/2, 1/4, ... 1/4096 of a year, found {step!r}")
    if method not in ("euler", "rk4"):
        problems.append(f"method must be 'euler' or 'rk4', found {method!r}{nearest(str(method), ('euler', 'rk4'))}")
    every = steps.get(step, 1)
    if save_step is not None and step in steps:
        if save_step not in steps or save_step < step:
            problems.append(f"save_step must be 1, 1/2, 1/4, ... of a year and at least the step, found {save_step!r}")
        else:
            every = steps[step] // steps[save_step]
    if problems:
        raise ParameterError.collect("settings of the run", problems)
    return _Settings(int(start), int(stop), steps[step], method == "euler", every)


class _Run:
    """One run: the workspace and the loop over years and steps."""

    def __init__(self, program: Program, checked: Checked, settings: _Settings, debug: bool) -> None:
        self.program = program
        self.settings = settings
        self.debug = debug
        self.layout = program._layout
        self.slots = program._lowered.slots
        self.work = _aligned(self.layout.size)
        self.views = {name: self._view(name) for name in self.layout.offsets}
        for name, value in checked.constants.items():
            self.views[name][...] = value
        years = settings.stop - settings.start + 1
        self.hold, self.linear = (
            self._table(names, checked, block, years)
            for names, block in zip(program._data, (self.layout.hold, self.layout.linear), strict=True)
        )
        count = (settings.stop - settings.start) * (settings.per_year // settings.every) + 1
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

    def _call(self, phase: str, time: float, year: float) -> None:
        for function in self.program._phases[phase]:
            function(self.work, time, year)

    def _year(self, number: int) -> None:
        """Load what belongs to a calendar year, at its 1 January."""
        year = float(self.settings.start + number)
        first, count = self.layout.hold
        self.work[first : first + count] = self.hold[number]
        self._call("const", year, year)
        self._call("year", year, year)
        self._time(number, 0.0, year)

    def _time(self, number: int, share: float, time: float) -> None:
        """Bring what depends on time alone to a time within a calendar year."""
        self.program._module.interpolate(self.work, self.linear, number, share)
        self._call("time", time, float(self.settings.start + number))

    def _start(self) -> None:
        """Settle all initial values; one may depend on another, hence the passes."""
        year = float(self.settings.start)
        lowered = self.program._lowered
        for _ in range(lowered.passes):
            self._year(0)
            for phase in ("rates", "outputs", "start"):
                self._call(phase, year, year)
            for body, cell in lowered.copies:
                self.views[cell][...] = self.views[body]

    def result(self) -> Result:
        """Run, and gather the outputs."""
        settings = self.settings
        self._start()
        if self.debug:
            self._guard(float(settings.start))
        first = self.layout.state + self.layout.stocks
        last = self.layout.state + self.layout.length
        for number in range(settings.stop - settings.start):
            self._year(number)
            self.work[first:last] = 0.0
            for k in range(settings.per_year):
                self._step(number, k)
            for name, out in self.integrals.items():
                out[number] = self.views[f"{name}'integral"]
        self._year(settings.stop - settings.start)
        self._call("rates", float(settings.stop), float(settings.stop))
        self._save(float(settings.stop))
        self._finite()
        return Result(
            self.times,
            self.saved,
            np.arange(settings.start, settings.stop),
            self.integrals,
            {name: self.views[name].copy() for name in self.program.stocks},
        )

    def _step(self, number: int, k: int) -> None:
        settings = self.settings
        h = 1.0 / settings.per_year
        year = float(settings.start + number)
        time, end, share = year + k * h, year + (k + 1) * h, (k + 1) * h
        if k + 1 == settings.per_year:
            end = float(np.nextafter(end, year))
        solver: Callable[[str], Any] = lambda name: getattr(self.program._module, f"solver_{name}")  # noqa: E731
        self._call("rates", time, year)
        if k % settings.every == 0:
            self._save(time)
        if settings.euler:
            solver("euler")(self.work, h, 0.0)
        else:
            solver("first")(self.work, h / 2, 0.0)
            self._time(number, (k + 0.5) * h, year + (k + 0.5) * h)
            self._call("rates", year + (k + 0.5) * h, year)
            solver("middle")(self.work, h / 2, 0.0)
            self._call("rates", year + (k + 0.5) * h, year)
            solver("middle")(self.work, h, 0.0)
        # After the last step of a year the next year loads its own data.
        if not settings.euler or k + 1 < settings.per_year:
            self._time(number, share, end)
        if not settings.euler:
            self._call("rates", end, year)
            solver("last")(self.work, h / 6, 0.0)
        if self.debug:
            self._guard(year + (k + 1) * h)

    def _save(self, time: float) -> None:
        """Store what is wanted; the rates of this time are in the workspace."""
        year = float(np.floor(time))
        self._call("outputs", time, year)
        self.times[self.filled] = time
        for name, out in self.saved.items():
            out[self.filled] = self.views[name]
        self.filled += 1

    # -- checks ------------------------------------------------------------------------------------------------------

    def _where(self, name: str, place: Sequence[int]) -> str:
        model = self.program.model
        labels = [model.ranges[dim].labels[k] for dim, k in zip(model.variables[name].dimensions, place, strict=True)]
        return f"{name}[{', '.join(labels)}]" if labels else name

    def _guard(self, time: float) -> None:
        for name in self.program.stocks:
            value = self.views[name]
            lowest = self.program.model.variables[name].limits[0]
            bad = np.argwhere(~np.isfinite(value))
            if len(bad):
                raise SolverError(f"{self._where(name, bad[0])} is {value[tuple(bad[0])]} at time {time:g}")
            if lowest is not None and lowest < 0:
                continue
            bound = -_ROUNDING * float(np.abs(value).max(initial=0.0))
            if value.min(initial=0.0) < bound:
                worst = np.unravel_index(int(np.argmin(value)), value.shape)
                found = self._where(name, [int(each) for each in worst])
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
                text = f"{self._where(name, place[1:])} is {value[tuple(place)]} first {what} {points[place[0]]:g}"
                found.append((float(points[place[0]]), text))
        if found:
            problems = list(dict.fromkeys(text for _, text in sorted(found, key=lambda each: each[0])))
            if len(problems) > _SHOWN:
                problems = [*problems[:_SHOWN], f"and {len(problems) - _SHOWN} more variables"]
            raise SolverError.collect(f"run of {self.program.model.path}: values that are not finite", problems)


def _aligned(size: int) -> Array:
    """Zeros whose first place is at the start of a cache line."""
    raw = np.zeros(size + 8)
    skip = (-raw.ctypes.data // 8) % 8
    return raw[skip : skip + size]
