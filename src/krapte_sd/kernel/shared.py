"""What all members of an ensemble share: worked out once, and kept from one call to the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from krapte_sd.kernel.run import Array, Run
from krapte_sd.kernel.settings import Settings
from krapte_sd.kernel.state import State

if TYPE_CHECKING:
    from krapte_sd.kernel.program import Program
    from krapte_sd.kernel.windows import Windows

__all__ = ["Kept", "Shared", "Span"]

#: What all members share is kept for all years if it takes no more than this.
_KEPT_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Span:
    """Values of some years, kept as long as their addresses are used; distance of two points of time in bytes."""

    values: list[tuple[Array, Array]]
    held: NDArray[np.int64]
    timed: NDArray[np.int64]
    stride: int


class Shared:
    """What all members share: for each calendar year the values of the year, and those of each point of time."""

    def __init__(self, run: Run, windows: Windows) -> None:
        self.run = run
        self.windows = windows
        # Until `_look` has found out more, nests leave nothing out.
        self.bounds = [windows.everything()] * (run.settings.stop - run.settings.start + 1)
        self.lock = threading.Lock()
        self.years: dict[int, tuple[Array, Array]] = {}
        self.spans: dict[tuple[int, int], Span] = {}
        self.spare: list[Any] = []
        layout, settings = run.layout, run.settings
        size = layout.yearly[1] + layout.timed[1] * (2 * settings.per_year + 1)
        self.keep = size * 8 * (settings.stop - settings.start + 1) <= _KEPT_BYTES
        starting = run.views.get("'starting")
        run.initialise()
        copied = [body for body, _ in run.program._lowered.copies if body in run.views]
        self.start = {body: run.views[body].copy() for body in copied}
        # Initial values may be worked out otherwise than values during the run.
        if starting is not None:
            starting[...] = 1.0
        run._year(0)
        self.starting = self._held(0), self._timed()[np.newaxis]
        if starting is not None:
            starting[...] = 0.0
        if self.keep and windows.count:
            self._look()

    def workspace(self, make: Callable[[], Any]) -> Any:
        """Give a workspace that nobody uses; it belongs to `spare` again when its work is done."""
        try:
            return self.spare.pop()
        except IndexError:
            return make()

    def _look(self) -> None:
        """Find the windows of all years."""
        run, values = self.run, None
        if run.state is not None:
            cells = {cell: run.state.initial[key] for cell, key in run.program.cells.items()}
            values = {name: run.state.stocks[name] for name in run.program.stocks} | cells
        years = [self.year(number) for number in range(len(self.bounds))]
        self.bounds = self.windows.bounds(run.program._lowered, self.starting, years, self.start, values)
        for (held, _), bounds in zip(years, self.bounds, strict=True):
            held[len(held) - len(bounds) :] = bounds

    def _held(self, number: int) -> Array:
        first, length = self.run.layout.yearly
        return np.concatenate([self.run.work[first : first + length], self.bounds[number]])

    def _timed(self) -> Array:
        first, length = self.run.layout.timed
        return self.run.work[first : first + length].copy()

    def span(self, first: int, last: int) -> Span:
        """Give the values of some years, with their addresses."""
        if (first, last) in self.spans:
            return self.spans[first, last]
        values = [self.year(number) for number in range(first, last)]
        held, timed = (np.array([each[k].ctypes.data for each in values], dtype=np.int64) for k in (0, 1))
        found = Span(values, held, timed, 8 * self.run.layout.timed[1])
        if self.keep:
            self.spans[first, last] = found
        return found

    def year(self, number: int) -> tuple[Array, Array]:
        """Give the values of a year, shape (cells,), and of its points of time, shape (points, cells)."""
        with self.lock:
            if number in self.years:
                return self.years[number]
            run = self.run
            run._year(number)
            held = self._held(number)
            times, shares = run.settings.points(number)
            last = number == run.settings.stop - run.settings.start
            timed = np.empty((1 if last else times.size, run.layout.timed[1]))
            timed[0] = self._timed()
            for k in range(1, len(timed)):
                run._time(number, float(shares[k]), float(times[k]))
                timed[k] = self._timed()
            if self.keep:
                self.years[number] = held, timed
            return held, timed


class Kept:
    """What all members share, kept from one call to the next one with the same inputs, which must not have changed.

    Calls side by side have their threads in common too, so that no more members run at a time than was asked for.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._pools: dict[int, ThreadPoolExecutor] = {}
        self._found: tuple[Any, Settings, State | None, Shared] | None = None

    def __reduce__(self) -> tuple[type[Kept], tuple[()]]:
        """Stay behind when it is sent to another process."""
        return Kept, ()

    def pool(self, threads: int) -> ThreadPoolExecutor:
        """Give the threads that run members; they end when this object does."""
        with self.lock:
            if threads not in self._pools:
                self._pools[threads] = ThreadPoolExecutor(threads, "members")
            return self._pools[threads]

    def get(
        self, program: Program, inputs: Mapping[str, Any], settings: Settings, state: State | None
    ) -> Shared | None:
        """Give it, if it belongs to this program with these inputs."""
        if self._found is None or self._found[0] is not inputs or self._found[2] is not state:
            return None
        return self._found[3] if self._found[1] == settings and self._found[3].run.program is program else None

    def put(self, inputs: Mapping[str, Any], settings: Settings, state: State | None, shared: Shared) -> None:
        """Keep it; what was kept before is let go."""
        self._found = (inputs, settings, state, shared)
