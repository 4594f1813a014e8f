"""A model file and its inputs: loading, running in one of two engines, labelling the outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from krapte_sd.errors import ParameterError, nearest

if TYPE_CHECKING:
    import xarray as xr

    from krapte_sd.equations import Model
    from krapte_sd.kernel import Program, Result
    from krapte_sd.parameters import ParameterSet
    from krapte_sd.parameters.regions import RegionSet

__all__ = ["LoadedModel", "load_model"]

Solver = Literal["rk4", "euler"]
DEFAULT_STEP = 0.25
"""Years. RK4 at a quarter year is right to 0.03% in national figures and 0.1% by sector (against steps of 1/64)."""

LAST_OF_CALENDAR = 9999
REFERENCE_STEP = 0.0625
"""Years. Euler at a sixteenth, the step at which the compiled kernel is compared with PySD."""


def whole(time: float) -> float:
    """Give a time that is a whole number as one."""
    return int(time) if float(time).is_integer() else time


def _in_years(times: np.ndarray) -> bool:
    """Say whether times are consecutive whole years of the calendar."""
    inside = times.size > 1 and times[0] >= 1 and times[-1] <= LAST_OF_CALENDAR
    return bool(inside and float(times[0]).is_integer() and (np.diff(times) == 1).all())


def default_step(solver: Solver) -> float:
    """Give the step of a solver that a run takes if none is given, years."""
    return DEFAULT_STEP if solver == "rk4" else REFERENCE_STEP


_PROGRAMS: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Program] = {}
"""Compiled programs of this process, by checksum of the model and outputs."""


class LoadedModel:
    """A Vensim model, ready to run.

    Attributes
    ----------
    equations : krapte_sd.equations.Model
        The typed equations.
    parameters : ParameterSet or None
        The tables that supply its inputs; None for a model that brings all its numbers.
    regions : RegionSet or None
        The division of the country that the national tables are divided over.
    """

    def __init__(self, equations: Model, parameters: ParameterSet | None, regions: RegionSet | None = None) -> None:
        self.equations = equations
        self.parameters = parameters
        self.regions = regions

    def __repr__(self) -> str:
        return f"<model {Path(self.equations.path).name}: {len(self.equations.variables)} variables>"

    def with_parameters(self, parameters: ParameterSet) -> LoadedModel:
        """Give the same model with other tables."""
        return LoadedModel(self.equations, parameters, self.regions)

    def program(self, save: Sequence[str], integrate: Sequence[str] = ()) -> Program:
        """Compile what some outputs need (kept on disk and in memory)."""
        from krapte_sd.kernel import compile_model

        key = (self.equations.sha256, tuple(save), tuple(integrate))
        if key not in _PROGRAMS:
            _PROGRAMS[key] = compile_model(self.equations, save=save, integrate=integrate)
        return _PROGRAMS[key]

    def inputs(
        self, names: Iterable[str], start: float, stop: float, params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Make the inputs out of the tables; `params` (arrays of the model's shape) replace or add some."""
        names = list(names)
        given = dict(params or {})
        variables = self.equations.variables
        known = [name for name, each in variables.items() if each.kind in ("input", "data", "constant")]
        unknown = [f"'{n}' is not an input of the model{nearest(n, known)}" for n in given if n not in known]
        if unknown:
            raise ParameterError.collect("params", unknown)
        if self.parameters is None:
            return given
        from krapte_sd.parameters.division import divide
        from krapte_sd.parameters.inputs import model_inputs

        wanted = [n for n in names if n not in given]
        tables = self.parameters if self.regions is None else divide(self.parameters, self.regions)
        made = model_inputs(self.equations, tables, years=range(int(start), int(stop) + 1), names=wanted)
        return {**made, **{n: v for n, v in given.items() if n in names}}

    def run(
        self,
        params: Mapping[str, Any] | None = None,
        *,
        start: float | None = None,
        stop: float | None = None,
        step: float | None = None,
        solver: Solver | None = None,
        engine: Literal["compiled", "pysd"] = "compiled",
        save: Sequence[str] = (),
        integrate: Sequence[str] = (),
        debug: bool = False,
        members: int | None = None,
        seed: int = 0,
        full: bool = False,
        out: str | PathLike[str] | None = None,
        client: Any = None,
    ) -> xr.Dataset:
        """Run the model.

        Parameters
        ----------
        params : mapping of str to float, array or Series, optional
            Inputs of the model (lower snake case) that take another value; a number fills an input without dimensions.
        start, stop : float, optional
            First and last time, for the shipped model 1 Januaries; default: as in the file.
        step : float, optional
            For the shipped model a binary fraction of a year, default 1/4 for RK4 and 1/16 for Euler; for a file of
            your own the step of the file.
        solver : {"rk4", "euler"}, optional
            Fixed-step integrator, restarted at each 1 January; default RK4, for PySD and files of your own Euler.
        engine : {"compiled", "pysd"}
            Our kernel, or PySD as the reference (Euler only, much slower).
        save : sequence of str, optional
            Variables to sample on each 1 January; default: all stocks.
        integrate : sequence of str, optional
            Variables to integrate over each calendar year (compiled engine only).
        debug : bool
            Check after every step that no stock is negative.
        members, seed, full, out, client : optional
            An ensemble beside the run, see `krapte_sd.run`; what `params` sets is not drawn.

        Returns
        -------
        xarray.Dataset
            `save` by ``time`` and `integrate` by ``year``, with the model's dimensions, units and descriptions.

        Raises
        ------
        ParameterError
            If an input is missing, unknown, of another shape or not finite.
        BalanceError, SolverError
            If a stock turns negative (with `debug`) or an output is not finite.

        Examples
        --------
        >>> import krapte_sd as ks
        >>> ds = ks.load_model().run(save=["population_total"], stop=2026)
        >>> ds["population_total"].dims
        ('time', 'region')
        """
        control = self.equations.control
        given = [each is not None for each in (start, stop, step)]
        if control.stretches and (members is not None or any(given)) and not all(given):
            raise ParameterError(
                f"{self.equations.path} changes TIME STEP, FINAL TIME or SAVEPER during the run; remedy: give start, "
                "stop and step together, or none of them and no members"
            )
        start = whole(control.start) if start is None else start
        stop = whole(control.stop) if stop is None else stop
        save = tuple(save) or self.equations.stocks
        if engine not in ("compiled", "pysd"):
            raise ParameterError(f"engine: found '{engine}'; allowed: compiled, pysd")
        own = self.parameters is None  # a file of the caller: solver, step and outputs as it says
        if engine == "pysd":
            if solver == "rk4" or debug:
                raise ParameterError("PySD knows Euler only and no debug; remedy: engine='compiled', or leave them out")
            if members is not None:
                raise ParameterError("PySD runs no members; remedy: engine='compiled', or no members")
            used = step if step is not None else control.step if own else REFERENCE_STEP
            return self.labelled(self._reference(save, integrate, start, stop, used, params))
        program = self.program(save, integrate)
        solver = solver or ("euler" if own else "rk4")
        used = step if step is not None else control.step if own else default_step(solver)
        every = control.saveper if own and step is None else None
        inputs = self.inputs(program.inputs, start, stop, params)
        if control.stretches and not any(given):
            return self.labelled(program.run_file(inputs, solver, debug=debug))
        ds = self.labelled(program.run(inputs, start, stop, used, solver, every, debug=debug))
        if members is None:
            return ds
        from krapte_sd.ensemble import run_ensemble

        outputs: dict[str, Any] = {"save": save, "integrate": integrate, "years": (start, stop)}
        settings: dict[str, Any] = {"step": used, "solver": solver, "fixed": params}
        ensemble: dict[str, Any] = {"members": members, "seed": seed, "full": full, "out": out, "client": client}
        return run_ensemble(self, ds, ds, **outputs, **settings, **ensemble)

    def _reference(
        self,
        save: Sequence[str],
        integrate: Sequence[str],
        start: float,
        stop: float,
        step: float,
        params: Mapping[str, Any] | None,
    ) -> Result:
        from krapte_sd.kernel import run_reference

        if integrate:
            raise ParameterError("PySD gives no integrals over a year; remedy: engine='compiled', or no integrate")
        inputs = self.inputs(self.equations.inputs, start, stop, params)
        dimensions = self.equations.dimensions
        return run_reference(self.equations.path, inputs, int(start), int(stop), step, save, dimensions=dimensions)

    def labelled(self, result: Result) -> xr.Dataset:
        """Put labels, units and descriptions on plain arrays."""
        import xarray as xr

        from krapte_sd.files.layout import calendar

        coordinates: dict[str, Any]
        if _in_years(result.times):
            coordinates = dict(calendar(int(result.times[0]), int(result.times[-1]) - 1))
        else:
            coordinates = {"time": ("time", result.times, {"long_name": "time", "units": self.equations.control.unit})}
        for name, labels in self.equations.dimensions.items():
            coordinates[name.lower()] = (name.lower(), list(labels), {"long_name": f"{name.lower()} (code)"})
        data = {}
        for kind, arrays in (("time", result.saved), ("year", result.integrals)):
            for name, values in arrays.items():
                variable = self.equations.variables[name]
                # a place of work has the code of its region; both stand apart only in flows from one to the other
                both = "Region" in variable.dimensions and "Workplace" in variable.dimensions
                own = [d if both or d != "Workplace" else "Region" for d in variable.dimensions]
                dims = (kind, *(d.lower() for d in own))
                unit = variable.unit if kind == "time" else variable.unit.removesuffix("/Year")
                attrs = {"long_name": variable.label, "units": unit, "description": variable.doc}
                data[name] = (dims, np.asarray(values), attrs)
        ds = xr.Dataset(data, coordinates)
        used = {dim for each in ds.data_vars.values() for dim in each.dims}
        return ds.drop_vars([name for name in map(str.lower, self.equations.dimensions) if name not in used])


@lru_cache(maxsize=4)
def _shipped_model(regions: str) -> LoadedModel:
    from krapte_sd.equations import read_model
    from krapte_sd.parameters import read_parameters
    from krapte_sd.parameters.division import workplaces
    from krapte_sd.parameters.locate import models_folder
    from krapte_sd.parameters.regions import read_region_set

    division = read_region_set(regions)
    dimensions = {"Region": list(division.codes), "Workplace": list(workplaces(division.codes))}
    return LoadedModel(read_model(models_folder() / "krapte.mdl", dimensions), read_parameters(), division)


def load_model(path: str | Path | None = None, regions: str | None = None) -> LoadedModel:
    """Load a Vensim model.

    Parameters
    ----------
    path : path-like, optional
        A .mdl file; default: the shipped labour-market model with the shipped parameters.
    regions : str, optional
        Division of the country for the shipped model: nl (default), province or arbeidsmarktregio.

    Returns
    -------
    LoadedModel
        To be run with `LoadedModel.run`.

    Raises
    ------
    ModelError
        With every place of the file that is not supported or has no clear meaning.
    """
    if path is None:
        return _shipped_model(regions or "nl")
    if regions is not None:
        raise ParameterError("regions belong to the shipped model; remedy: leave regions out, or the path")
    from krapte_sd.equations import read_model

    return LoadedModel(read_model(Path(path)), None)
