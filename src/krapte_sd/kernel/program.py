"""Compiles a model for given outputs and runs it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from krapte_sd.equations.expressions import Ref, walk
from krapte_sd.equations.model import Model
from krapte_sd.errors import ParameterError, nearest
from krapte_sd.kernel.inputs import Series, check_inputs
from krapte_sd.kernel.lower import YEAR, lower
from krapte_sd.kernel.members import FACTOR, Vectors, compile_vectors, factors, nests, scalars, scale
from krapte_sd.kernel.nest import Context
from krapte_sd.kernel.run import Run
from krapte_sd.kernel.settings import read_settings
from krapte_sd.kernel.shared import Kept
from krapte_sd.kernel.single import without_single_loops
from krapte_sd.kernel.source import Source, write
from krapte_sd.kernel.state import State, cell_keys, check_state
from krapte_sd.kernel.storage import place
from krapte_sd.kernel.stream import MemberResult, join, stream
from krapte_sd.kernel.stretches import by_clock, jumps, one_by_one, run_stretches, switches, up_to_jumps

__all__ = ["Program", "Result", "compile_model"]

Array = NDArray[np.float64]
Method = Literal["euler", "rk4", "lsoda", "rk45", "dop853"]
Fixed = Literal["euler", "rk4"]


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
    final_state : State
        The stocks at the end by name, and what else is needed to go on with `run`.
    """

    times: Array
    saved: dict[str, Array]
    years: NDArray[np.int64]
    integrals: dict[str, Array]
    final_state: State


def compile_model(
    model: Model, save: Sequence[str], integrate: Sequence[str] = (), members: Sequence[str] | None = None
) -> Program:
    """Compile the equations that some outputs need.

    Parameters
    ----------
    model : Model
        A model, see `krapte_sd.equations.read_model`.
    save : sequence of str
        Variables wanted at points of time (names in lower snake case).
    integrate : sequence of str, optional
        Variables whose integral over each calendar year is wanted.
    members : sequence of str, optional
        What may differ between members of an ensemble: names of inputs or
        constants, and ``scale:NAME`` for a factor on a whole input or data variable
        (1 unless a run sets it). Default: all scalar inputs and constants. The fewer
        differ, the more is computed only once for all.

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
    needed = model.needed((*save, *integrate))
    different = tuple(dict.fromkeys(scalars(model, needed) if members is None else members))
    scaled = factors(model, needed, different)
    lowered = lower(model, tuple(dict.fromkeys(save)), tuple(dict.fromkeys(integrate)))
    scale(lowered, scaled)
    without_single_loops(lowered)
    # What does not depend on the state keeps its memory: runs of many members share it.
    common = {each.target for name in ("const", "year", "time") for each in lowered.phases[name]}
    phases, without = nests(lowered, common)
    data = [name for name, slot in lowered.slots.items() if slot.role == "data"]
    hold = tuple(name for name in data if model.variables[name].interpolation == "hold")
    linear = tuple(name for name in data if name not in hold)
    context = Context(lowered, place(lowered, without, hold, linear), without)
    source = write(context, phases)
    from krapte_sd.kernel import cache

    return Program(model, context, cache.load(source.text), source, (hold, linear), different)


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
    different : tuple of str
        What may differ between members.
    factors : tuple of str
        Inputs and data that have a factor.
    source : str
        The generated Python source.
    """

    def __init__(
        self,
        model: Model,
        context: Context,
        module: ModuleType,
        source: Source,
        data: tuple[tuple[str, ...], tuple[str, ...]],
        different: tuple[str, ...],
    ) -> None:
        lowered = context.lowered
        self.model = model
        self.source = source.text
        self.save = lowered.save
        self.integrate = tuple(each.removesuffix("'integral") for each in lowered.integrals)
        self.stocks = tuple(lowered.stocks)
        self.needed = model.needed((*self.save, *self.integrate))
        self.inputs = tuple(name for name in self.needed if model.variables[name].kind in ("input", "data"))
        self.tables = tuple(name for name in self.needed if model.variables[name].kind == "lookup")
        self.uses_year = any(
            each == YEAR for phase in lowered.phases.values() for one in phase for each in walk(one.expr)
        )
        self.switches = switches(model, self.needed)
        self._lowered = lowered
        self._layout = context.layout
        self._module = module
        self._data = data
        self.different = different
        self.factors = tuple(name.removeprefix(FACTOR) for name in different if name.startswith(FACTOR))
        self.cells = cell_keys(lowered)
        self._vectors: dict[str, Vectors] = {}
        self._lock = threading.Lock()
        self._addresses = addresses(module, source)

    def __repr__(self) -> str:
        return f"<Program {len(self.needed)} variables, {len(self.save)} saved, {len(self.integrate)} integrated>"

    def vectors(self, method: Fixed) -> Vectors:
        """Give the kernel that runs eight members at once; compiled when it is first needed."""
        with self._lock:
            if method not in self._vectors:
                euler = method == "euler"
                self._vectors[method] = compile_vectors(self._lowered, self._layout, self.different, euler=euler)
            return self._vectors[method]

    def split(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
        """Take the factors out of the inputs; those that are not there are 1."""
        scales = {FACTOR + name: 1.0 for name in self.factors}
        problems = []
        for name in scales:
            value = inputs.get(name, 1.0)
            if not np.isscalar(value) or not np.isfinite(np.asarray(value, dtype=float)):
                problems.append(f"'{name}' must be a finite number, found {value!r}")
            else:
                scales[name] = float(np.asarray(value, dtype=float))
        if problems:
            raise ParameterError.collect(f"inputs of {self.model.path}", problems)
        return {name: value for name, value in inputs.items() if name not in scales}, scales

    def where(self, name: str, place: Sequence[int]) -> str:
        """Name of an element of a variable."""
        dimensions = self.model.variables[name].dimensions
        labels = [self.model.ranges[dim].labels[k] for dim, k in zip(dimensions, place, strict=True)]
        return f"{name}[{', '.join(labels)}]" if labels else name

    def run(
        self,
        inputs: Mapping[str, Any | Series],
        start: float,
        stop: float,
        step: float = 0.25,
        method: Method = "rk4",
        save_step: float | None = None,
        *,
        debug: bool = False,
        state: State | None = None,
        rtol: float = 1e-8,
        atol: float = 1e-8,
    ) -> Result:
        """Run the model from one 1 January to another.

        Time is ``year + k*step``, never accumulated. Each calendar year is
        integrated on its own: all stages of a step see the data of the year in
        which the step starts, and at the end of a year Time is its limit from the
        left, so that ``INTEGER(Time)`` and ``Time >= 2030`` turn only with the
        step that starts on 1 January.

        A model without data knows no calendar: it may run from any time to any other
        by any step that divides the time between, in one stretch, with times
        ``start + k*step``. Runge's method is then restarted where STEP, RAMP, PULSE,
        PULSE TRAIN or a comparison with Time jumps, at times made of constants;
        a model with data is restarted at each 1 January alone.

        Parameters
        ----------
        inputs : mapping of str to array or Series
            Arrays of exactly the declared shape for inputs, Series for data.
            Constants of the file may be replaced.
        start, stop : float
            First and last 1 January; without data and integrals any times.
        step : float, optional
            1, 1/2, 1/4, ... of a year; without data and integrals any step.
        method : {"rk4", "euler", "lsoda", "rk45", "dop853"}, optional
            Classic Runge-Kutta of order 4, or Euler as Vensim and PySD have it; or
            one of scipy's solvers that choose their steps, restarted at each
            1 January.
        save_step : float, optional
            Save also between two 1 Januaries, every so many years; a multiple of
            `step` that divides a year.
        debug : bool, optional
            Check after every step that no stock is negative (unless its limits in
            the file allow it) or not finite.
        state : State, optional
            Go on from the final state of another run of this model: a run that is
            cut in two gives the same bits as one in one piece.
        rtol, atol : float, optional
            Tolerances of the adaptive solvers; `atol` is relative to the largest
            element of each stock.

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
        plainly = not any(self._data) and not self.integrate
        jumping = bool(self.switches)
        settings = read_settings(start, stop, step, method, save_step, rtol, atol, plain=plainly, jumps=jumping)
        self.check_method(method)
        if state is not None:
            check_state(state, self.model, self.stocks, self.cells, settings.begin(0))
        plain, scales = self.split(inputs)
        checked = check_inputs(self.model, self.needed, plain, settings.start, settings.stop)
        if not settings.calendar and method == "rk4" and (found := jumps(self, checked, settings, scales)):
            times, saved, last = run_stretches(self, checked, up_to_jumps(settings, found), debug, scales, state)
            return Result(times, saved, np.arange(0), {}, last)
        run = Run(self, checked, settings, debug, scales, state)
        run.go()
        years = np.arange(settings.start, settings.stop if settings.calendar else settings.start)
        return Result(run.times, run.saved, years, run.integrals, run.final_state())

    def run_file(self, inputs: Mapping[str, Any | Series], method: Fixed = "euler", *, debug: bool = False) -> Result:
        """Run the model with the times that its file asks for, even if they change during the run.

        Parameters
        ----------
        inputs, method, debug
            As for `run`.

        Returns
        -------
        Result
            The outputs at the times that SAVEPER gives.
        """
        control = self.model.control
        if not control.stretches:
            return self.run(inputs, control.start, control.stop, control.step, method, control.saveper, debug=debug)
        if any(self._data) or self.integrate:
            raise ParameterError(
                f"{self.model.path}: TIME STEP, FINAL TIME or SAVEPER change during the run; with data variables or "
                "integrals over years they must not; remedy: give start, stop and step"
            )
        self.check_method(method)
        plain, scales = self.split(inputs)
        checked = check_inputs(self.model, self.needed, plain, 0, 1)
        times, saved, last = run_stretches(self, checked, by_clock(control.stretches, method), debug, scales, None)
        return Result(times, saved, np.arange(0), {}, last)

    def check_method(self, method: str) -> None:
        """Refuse every method but Euler's for a model whose equations use TIME STEP.

        Raises
        ------
        ParameterError
            With the places that use it.
        """
        if "time_step" not in self.needed or method == "euler":
            return
        places = [
            f"{equation.span}: in '{each.label}': TIME STEP"
            for each in (self.model.variables[name] for name in self.needed)
            for equation in (*each.equations, *each.initial)
            if any(isinstance(part, Ref) and part.name == "time_step" for part in walk(equation.expr))
        ]
        heading = f"method '{method}' for {self.model.path}: equations with TIME STEP hold for Euler's method only"
        raise ParameterError.collect(heading, places)

    def solver_error(
        self,
        inputs: Mapping[str, Any | Series],
        start: int,
        stop: int,
        step: float = 0.25,
        method: Fixed = "rk4",
        reference: Method = "dop853",
        rtol: float = 1e-10,
        atol: float = 1e-10,
    ) -> dict[str, float]:
        """Measure the error of fixed steps against an adaptive solver.

        Parameters
        ----------
        inputs, start, stop, step, method
            The run in question, see `run`.
        reference : str, optional
            The solver to compare with.
        rtol, atol : float, optional
            Its tolerances.

        Returns
        -------
        dict of str to float
            For each output the largest difference at any time in any element,
            relative to the largest value of the variable.
        """
        run = self.run(inputs, start, stop, step, method)
        exact = self.run(inputs, start, stop, step, reference, rtol=rtol, atol=atol)
        errors = {}
        for ours, theirs in ((run.saved, exact.saved), (run.integrals, exact.integrals)):
            for name, value in theirs.items():
                size = float(np.abs(value).max(initial=0.0)) or 1.0
                key = name if ours is run.saved else f"{name}'integral"
                errors[key] = float(np.abs(ours[name] - value).max(initial=0.0)) / size
        return errors

    def run_members(
        self,
        inputs: Mapping[str, Any | Series],
        draws: Mapping[str, ArrayLike],
        start: float,
        stop: float,
        step: float = 0.25,
        method: Fixed = "rk4",
        save_step: float | None = None,
        *,
        threads: int | None = None,
        chunk: int | None = None,
        state: State | None = None,
        final_state: bool = False,
    ) -> MemberResult:
        """Run many members and gather their outputs in memory.

        Parameters
        ----------
        inputs : mapping of str to array or Series
            What all members share, as for `run`.
        draws : mapping of str to array, shape (members, dimensions)
            What differs: values of names in `different`, for each member.
        start, stop, step, method, save_step
            As for `run`.
        threads : int, optional
            Threads; default: one for each processor.
        chunk : int, optional
            Members that are run between two outputs.
        state : State, optional
            State all members start from, as for `run`.
        final_state : bool, optional
            Give the stocks of all members at the end too.

        Returns
        -------
        MemberResult
            Arrays with the members as last axis. A member holds bit for bit what
            `run` gives for the same inputs, whatever else is run with it.

        Raises
        ------
        ParameterError
            If an input, a draw or a setting is not valid; all problems together.
        SolverError
            If an output is not finite, with the numbers of the members.
        """
        return join(
            self.stream_members(
                inputs,
                draws,
                start,
                stop,
                step,
                method,
                save_step,
                threads=threads,
                chunk=chunk,
                state=state,
                final_state=final_state,
            )
        )

    def stream_members(
        self,
        inputs: Mapping[str, Any | Series],
        draws: Mapping[str, ArrayLike],
        start: float,
        stop: float,
        step: float = 0.25,
        method: Fixed = "rk4",
        save_step: float | None = None,
        *,
        threads: int | None = None,
        chunk: int | None = None,
        state: State | None = None,
        final_state: bool = False,
        kept: Kept | None = None,
    ) -> Iterator[MemberResult]:
        """Run many members and give their outputs block by block.

        The same as `run_members`, for more members than fit into memory. What all members
        share is worked out once for all calls with the same inputs that come with the same `kept`.

        Yields
        ------
        MemberResult
            Outputs of the next members, in order.
        """
        plainly = not any(self._data) and not self.integrate
        jumping = bool(self.switches)
        settings = read_settings(start, stop, step, method, save_step, fixed=True, plain=plainly, jumps=jumping)
        self.check_method(method)
        if not settings.calendar and method == "rk4" and self.switches:
            yield from one_by_one(self, inputs, draws, (start, stop, step, method, save_step), state, final_state)
            return
        if not settings.calendar and self.uses_year:
            raise ParameterError("members: a model with INTEGER(Time) runs from one 1 January to another only")
        yield from stream(self, inputs, draws, settings, threads, chunk, state, final_state, kept)


def addresses(module: ModuleType, source: Source) -> dict[str, NDArray[np.int64]]:
    """Give the addresses of the compiled functions of each phase."""
    return {
        phase: np.array([getattr(module, name).address for name in names], dtype=np.int64)
        for phase, names in source.functions.items()
    }
