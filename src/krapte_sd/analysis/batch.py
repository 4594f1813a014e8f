"""Runs of the shipped model that differ in a few parameters, as members of one run of the kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.ensemble.drawn import Drawn, draw_inputs
from krapte_sd.ensemble.sampling import read_sampling
from krapte_sd.errors import ParameterError, nearest
from krapte_sd.forecast import FIRST_YEAR, LAST_YEAR
from krapte_sd.kernel import Program, compile_model
from krapte_sd.simulation import DEFAULT_STEP, LoadedModel

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Batch", "Change"]

Floats = NDArray[np.float64]
Change = Mapping[str, float | str]
"""What a member has different: ``low`` or ``high`` of the range of a parameter, or a number if it has no dimensions."""

_ENDS: Final = {"low": -1.0, "high": 1.0}


class Batch:
    """The shipped model, compiled once for runs that differ in parameters.

    Parameters
    ----------
    model : LoadedModel
        The model with the tables of a scenario.
    save, integrate : sequence of str
        Outputs on each 1 January, and integrated over each calendar year.
    until : int
        Last calendar year.
    seed : int
        Seed of `sampling`, the draws that an ensemble of the model has.
    """

    def __init__(
        self,
        model: LoadedModel,
        save: Sequence[str],
        integrate: Sequence[str] = (),
        *,
        until: int = LAST_YEAR,
        seed: int = 0,
    ) -> None:
        assert model.parameters is not None
        self.model = model
        self.tables = model.parameters
        self.years = (FIRST_YEAR, until + 1)
        self.save = tuple(save)
        self.integrate = tuple(integrate)
        names = [n for n in model.equations.needed((*save, *integrate)) if n in model.equations.inputs]
        self.sampling = read_sampling(self.tables, names, seed)
        self.drawn: Drawn = draw_inputs(
            model.equations,
            self.tables,
            names,
            lambda tables, wanted: model.with_parameters(tables).inputs(wanted, *self.years),
            self.sampling,
        )
        variables = self.drawn.model.variables
        self.single = tuple(n for n in names if variables[n].kind == "input" and not variables[n].dimensions)

    @cached_property
    def program(self) -> Program:
        """The kernel; compiled when it is first needed."""
        different = tuple(dict.fromkeys((*self.drawn.different, *self.single)))
        return compile_model(self.drawn.model, self.save, self.integrate, different)

    @property
    def ranged(self) -> tuple[str, ...]:
        """Parameters of the model that have a range and are drawn in an ensemble, sorted by name."""
        return tuple(self.sampling.distributions)

    def run(self, changes: Sequence[Change]) -> xr.Dataset:
        """Run members that differ.

        Parameters
        ----------
        changes : sequence of mapping
            For each member the parameters it has different, see `Change`.

        Returns
        -------
        xarray.Dataset
            The outputs with ``member`` as first dimension, in the order of `changes`.

        Raises
        ------
        ParameterError
            If a parameter or value is not possible; all problems together.
        """
        result = self.program.run_members(
            self.drawn.inputs, self.draws(changes), *self.years, DEFAULT_STEP, "rk4", chunk=256
        )
        return self.model.labelled(result)

    def draws(self, changes: Sequence[Change]) -> dict[str, Floats]:
        """Turn changes into inputs of the kernel, members first."""
        self._check(changes)
        count = len(changes)
        ends = {name: np.zeros(count) for name in self.ranged}
        numbers = {name: np.full(count, float(np.asarray(self.drawn.inputs[name]))) for name in self.single}
        for k, each in enumerate(changes):
            for name, value in each.items():
                if not isinstance(value, str):
                    numbers[name][k] = value
                elif name in ends:
                    ends[name][k] = _ENDS[value]
                else:
                    numbers[name][k] = float(getattr(self.tables, value)(name))
        found = self.drawn.draws(ends)
        for name, values in numbers.items():
            told = np.array([not isinstance(each.get(name, ""), str) for each in changes])
            found[name] = np.where(told, values, found[name]) if name in found else values
        return found

    def _check(self, changes: Sequence[Change]) -> None:
        problems = []
        allowed = sorted({*self.ranged, *self.single})
        for name, value in dict.fromkeys((n, v) for each in changes for n, v in each.items()):
            if name not in allowed:
                problems.append(f"'{name}' is no parameter that can be changed{nearest(name, allowed)}")
            elif isinstance(value, str) and value not in _ENDS:
                problems.append(f"'{name}': found '{value}'; allowed: low, high or a number")
            elif isinstance(value, str) and name not in self.ranged and name not in self.tables:
                problems.append(f"'{name}' has no range; give a number")
            elif not isinstance(value, str) and name not in self.single:
                problems.append(f"'{name}' is a table; found {value!r}; allowed: low or high")
            elif not isinstance(value, str) and not np.isfinite(value):
                problems.append(f"'{name}': found {value!r}; allowed: a finite number")
        if problems:
            raise ParameterError.collect("changed parameters", problems)
