"""Everything that is needed to run some members, in one object that can be sent to another process."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from krapte_sd.ensemble.drawn import Drawn
from krapte_sd.ensemble.sampling import Sampling
from krapte_sd.kernel import Kept, Program, Series, compile_model

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["MEMBER", "Finish", "Recipe", "Slice"]

Floats = NDArray[np.float64]
Finish = Callable[["xr.Dataset"], "xr.Dataset"]
MEMBER = "member"

_PROGRAMS: dict[str, Program] = {}
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Slice:
    """Where a variable stands among the rows of a block of members.

    Attributes
    ----------
    first, last : int
        First row, and the one behind the last.
    dims : tuple of str
        Dimensions without that of the members.
    shape : tuple of int
        Their lengths.
    """

    first: int
    last: int
    dims: tuple[str, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Recipe:
    """A run of members.

    Attributes
    ----------
    drawn : Drawn
        Model, shared inputs, and what differs.
    sampling : Sampling
        The draws.
    save, integrate : tuple of str
        Outputs of the kernel.
    start, stop : int
        First and last 1 January.
    step : float
        Length of a step, years.
    solver : {"rk4", "euler"}
        The integrator.
    labels : xarray.Dataset
        Coordinates of the outputs as the kernel gives them.
    outputs : dict of str to tuple
        Dimensions and attributes of each of them.
    finish : callable or None
        Turns labelled outputs into those of the forecast; it must not mix members.
    slices : dict of str to Slice
        Where each variable of the forecast stands in a block.
    """

    drawn: Drawn
    sampling: Sampling
    save: tuple[str, ...]
    integrate: tuple[str, ...]
    start: int
    stop: int
    step: float
    solver: Any
    labels: xr.Dataset
    outputs: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]]
    finish: Finish | None
    slices: Mapping[str, Slice]
    identity: str = field(init=False)
    kept: Kept = field(init=False, repr=False, compare=False, default_factory=Kept)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", self._identity())

    @property
    def rows(self) -> int:
        """Numbers that each member gives."""
        return max((each.last for each in self.slices.values()), default=0)

    def _identity(self) -> str:
        """Checksum over all that the outcome depends on, apart from the version of the library."""
        digest = hashlib.sha256()
        settings = (self.save, self.integrate, self.start, self.stop, self.step, self.solver)
        shown = (sorted((name, str(each)) for name, each in self.slices.items()), sorted(self.drawn.model.variables))
        digest.update(repr((self.drawn.model.sha256, settings, self.sampling, shown)).encode())
        for name, value in sorted(self.drawn.inputs.items()):
            parts = (value.years, value.values) if isinstance(value, Series) else (value,)
            _add(digest, name, *parts)
        for rule in self.drawn.rules:
            said = repr((rule.target, rule.parameter, rule.kind, rule.floor, rule.order))
            _add(digest, said, rule.low, rule.value, rule.high)
        return digest.hexdigest()

    def program(self) -> Program:
        """Compile the model for these members; once in each process."""
        names = (sorted(self.drawn.model.variables), self.save, self.integrate, self.drawn.different)
        key = hashlib.sha256(repr((self.drawn.model.sha256, *names)).encode()).hexdigest()
        with _LOCK:
            if key not in _PROGRAMS:
                drawn = self.drawn
                _PROGRAMS[key] = compile_model(drawn.model, self.save, self.integrate, drawn.different)
            return _PROGRAMS[key]

    def block(self, first: int, count: int, threads: int | None = None) -> Floats:
        """Run some members.

        Parameters
        ----------
        first, count : int
            First member, and number of members.
        threads : int, optional
            Threads; default: one for each processor.

        Returns
        -------
        numpy.ndarray of float64, shape (rows, count)
            One row for each number of a forecast, ordered by `slices`. The same bits whatever the
            block and the threads.
        """
        import xarray as xr

        draws = self.drawn.draws(self.sampling.deviations(first, count), first)
        years = (self.start, self.stop, self.step, self.solver)
        program = self.program()
        (result,) = program.stream_members(
            self.drawn.inputs, draws, *years, threads=threads, chunk=count, kept=self.kept
        )
        data = {}
        for values in (result.saved, result.integrals):
            for name, each in values.items():
                (lead, *rest), attrs = self.outputs[name]
                data[name] = ((lead, MEMBER, *rest), np.moveaxis(each, -1, 1), attrs)
        ds = xr.Dataset(data, self.labels.coords)
        if self.finish is not None:
            ds = self.finish(ds)
        block = np.empty((self.rows, count))
        for name, place in self.slices.items():
            block[place.first : place.last] = ds[name].transpose(*place.dims, MEMBER).values.reshape(-1, count)
        return block


def _add(digest: Any, name: str, *arrays: Any) -> None:
    digest.update(name.encode() + b"\0")
    for each in arrays:
        array = np.ascontiguousarray(each)
        digest.update(repr((array.shape, array.dtype.newbyteorder("<").str)).encode())
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
