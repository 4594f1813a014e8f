"""Runs at chosen points of the ranges of the parameters, instead of at drawn ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from krapte_sd.ensemble.drawn import Drawn, draw_inputs
from krapte_sd.ensemble.sampling import Sampling, deviation, read_sampling
from krapte_sd.errors import ParameterError, nearest
from krapte_sd.kernel import MemberResult, Program, compile_model
from krapte_sd.simulation import LoadedModel, default_step

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Points"]

Floats = NDArray[np.float64]


class Points:
    """A model, compiled once, whose ranged parameters take any place in their ranges.

    Parameters
    ----------
    model : LoadedModel
        The model with its tables.
    save, integrate : sequence of str
        Outputs on each 1 January, and integrated over each calendar year.
    years : tuple of int
        First and last 1 January.

    Notes
    -----
    The step is that of the start: a start in the past takes a shorter one than the base year (`default_step`).
    """

    def __init__(
        self, model: LoadedModel, save: Sequence[str], integrate: Sequence[str], years: tuple[int, int]
    ) -> None:
        assert model.parameters is not None
        self.model, self.years = model, years
        self.save, self.integrate = tuple(save), tuple(integrate)
        needed = model.equations.needed((*save, *integrate))
        names = [n for n in needed if n in model.equations.inputs]
        self.sampling: Sampling = read_sampling(model.parameters, names, 0)
        self.drawn: Drawn = draw_inputs(
            model.equations,
            model.parameters,
            names,
            lambda tables, wanted: model.with_parameters(tables).inputs(wanted, *years),
            self.sampling,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters that have a range and reach an output, sorted."""
        return tuple(self.sampling.distributions)

    @cached_property
    def program(self) -> Program:
        """The kernel; compiled when it is first needed."""
        return compile_model(self.drawn.model, self.save, self.integrate, self.drawn.different)

    def quantiles(self, places: Mapping[str, Floats]) -> xr.Dataset:
        """Run members at quantiles of the distributions; see `run`.

        Of values that are drawn one by one it is what they share that takes the place, the root of their correlation.
        """
        shared = {name: float(np.sqrt(each.correlation)) for name, each in self.sampling.apart.items()}
        at = {n: deviation(q, self.sampling.distributions[n]) * shared.get(n, 1.0) for n, q in places.items()}
        return self.run(at)

    def run(self, deviations: Mapping[str, Floats]) -> xr.Dataset:
        """Run members.

        Parameters
        ----------
        deviations : mapping of str to numpy.ndarray, shape (members,)
            For some parameters how far each member is from the value in the table: 1 the upper, -1 the lower end. The
            others stay.

        Returns
        -------
        xarray.Dataset
            The outputs with ``member`` as first dimension.

        Raises
        ------
        ParameterError
            If a parameter has no range.
        """
        return self.model.labelled(self.result(deviations))

    def result(self, deviations: Mapping[str, Floats]) -> MemberResult:
        """Run members and give plain arrays; see `run`."""
        unknown = [f"'{n}' has no range here{nearest(n, self.names)}" for n in deviations if n not in self.names]
        if unknown:
            raise ParameterError.collect("parameters to vary", unknown)
        (count,) = {len(values) for values in deviations.values()}
        full = {name: np.asarray(deviations.get(name, np.zeros(count)), np.float64) for name in self.names}
        draws = self.drawn.draws(full)
        step = default_step("rk4", self.model.origin)
        return self.program.run_members(self.drawn.inputs, draws, *self.years, step, "rk4", chunk=256)
