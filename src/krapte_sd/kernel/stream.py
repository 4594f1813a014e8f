"""Runs many members, eight at a time, on all processors.

Members come out in blocks, so that memory does not grow with their number. What a
member gives does not depend on the other members, on the size of the blocks or on
the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ParameterError, nearest
from krapte_sd.kernel.inputs import check_inputs
from krapte_sd.kernel.members import FACTOR
from krapte_sd.kernel.run import Array, Run, aligned, stepping
from krapte_sd.kernel.settings import Settings, not_finite
from krapte_sd.kernel.shared import Kept, Shared
from krapte_sd.kernel.state import State, check_state

if TYPE_CHECKING:
    from krapte_sd.kernel.program import Program

__all__ = ["MemberResult", "check_draws", "join", "stream"]

LANES = 8
#: Outputs of one block take about so many bytes, at least one vector of members.
_BLOCK_BYTES = 64 * 2**20
_BLOCK_MEMBERS = 512


@dataclass(frozen=True)
class MemberResult:
    """What some members give.

    Attributes
    ----------
    first : int
        Number of the first member.
    count : int
        Number of members.
    times : array of float, shape (times,)
        Times of `saved`.
    saved : dict of str to array, shape (times, dimensions, members)
        Values at those times. What is the same for all members is a view of one value.
    years : array of int, shape (years,)
        Calendar years of `integrals`.
    integrals : dict of str to array, shape (years, dimensions, members)
        Integral over each calendar year.
    final_state : dict of str to array, shape (dimensions, members)
        The stocks at the end, if they were asked for; else empty.
    """

    first: int
    count: int
    times: Array
    saved: dict[str, Array]
    years: NDArray[np.int64]
    integrals: dict[str, Array]
    final_state: dict[str, Array]


def check_draws(program: Program, draws: Mapping[str, Any]) -> tuple[dict[str, Array], int]:
    """Check the values of the members: names, shapes, numbers.

    Parameters
    ----------
    program : Program
        The program.
    draws : mapping of str to array, shape (members, dimensions)
        Values of inputs or constants, or of factors, for each member.

    Returns
    -------
    draws : dict of str to ndarray
        The values.
    count : int
        Number of members.
    """
    problems = []
    found: dict[str, Array] = {}
    for name, value in draws.items():
        if name not in program.different:
            why = f"'{name}' cannot differ between members; the program knows {len(program.different)} that can"
            problems.append(f"{why}, see compile_model(members=...){nearest(name, program.different)}")
            continue
        shape = () if name.startswith(FACTOR) else program.model.shape(name)
        try:
            array = np.ascontiguousarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            problems.append(f"'{name}' must be an array of numbers, found {type(value).__name__}")
            continue
        if array.shape[1:] != shape or np.ndim(value) == 0:
            problems.append(f"'{name}' has shape {np.shape(value)}, it must be {('members', *shape)}")
        elif not np.isfinite(array).all():
            bad = int(np.argwhere(~np.isfinite(array))[0][0])
            problems.append(f"'{name}' holds a value that is not finite, first for member {bad}")
        else:
            found[name] = array
    counts = {len(each) for each in found.values()}
    if len(counts) > 1:
        told = ", ".join(f"{name}: {len(each)}" for name, each in found.items())
        problems.append(f"the number of members differs: {told}")
    if not draws or counts == {0}:
        problems.append("no member: give at least one value that differs between members")
    if problems:
        raise ParameterError.collect(f"members of {program.model.path}", problems)
    return found, counts.pop()


class _Worker:
    """A workspace of vectors, and what is done in it for eight members."""

    def __init__(self, plan: _Plan) -> None:
        self.vectors = plan.vectors
        layout = self.vectors.layout
        self.work = aligned(layout.size * LANES)
        self.base = self.work.ctypes.data
        self.cells = self.work.reshape(-1, LANES)
        places = [layout.state, layout.rates, layout.saved_state, layout.weighted, 0, layout.length, 0]
        # The integrals over a year lie behind the stocks.
        places += [layout.state + layout.stocks, layout.state + layout.length]
        places += [layout.offsets["'h"], layout.offsets["'stage"]]
        self.places = np.array(places) * LANES
        self.rest = self.vectors.rest * LANES
        self.cells[layout.offsets["'h"]] = plan.settings.h
        self.saved = np.empty((plan.points, plan.saved_cells, LANES))
        self.integrals = np.empty((plan.years, plan.integral_cells, LANES))
        self.final = np.empty((plan.final_cells, LANES))

    def _call(self, phase: str, held: Array, timed: Array, time: float, year: float) -> None:
        functions = self.vectors.addresses[phase]
        stepping().evaluate(functions, self.base, held.ctypes.data, timed.ctypes.data, time, year)

    def _start(self, plan: _Plan) -> None:
        settings, offsets = plan.settings, self.vectors.layout.offsets
        lowered = plan.program._lowered
        time = settings.begin(0)
        year = settings.year(0, time)
        if plan.state is not None:
            self._go_on(plan, plan.state)
            return
        held, timed = plan.shared.starting
        for _ in range(lowered.passes):
            for phase in ("const", "year", "time", "rates", "outputs", "start"):
                self._call(phase, held, timed, time, year)
            for body, cell in lowered.copies:
                if cell not in self.vectors.wide:
                    continue
                size = lowered.slots[cell].size
                to = self.cells[offsets[cell] : offsets[cell] + size]
                if body in self.vectors.wide:
                    to[...] = self.cells[offsets[body] : offsets[body] + size]
                else:
                    to[...] = plan.shared.start[body].reshape(-1, 1)

    def _go_on(self, plan: _Plan, state: State) -> None:
        cells = {cell: state.initial[key] for cell, key in plan.program.cells.items()}
        for name, value in (*((name, state.stocks[name]) for name in plan.program.stocks), *cells.items()):
            if name in self.vectors.wide:
                first = self.vectors.layout.offsets[name]
                self.cells[first : first + value.size] = value.reshape(-1, 1)

    def run(self, plan: _Plan, members: NDArray[np.int64]) -> None:
        """Run eight members (a member may be repeated)."""
        settings = plan.settings
        offsets = self.vectors.layout.offsets
        for name, values in plan.values.items():
            first = offsets[name]
            flat = values.reshape(len(values), -1)
            self.cells[first : first + flat.shape[1]] = flat[members].T if len(flat) > 1 else flat.T
        self._start(plan)
        call = self.vectors.addresses
        seen = call.get("seen", call["rates"])
        functions = (plan.load, call["time"], call["steps"], seen, call["outputs"])
        saved = self.saved.reshape(plan.points, plan.saved_cells * LANES)
        integrals = self.integrals.reshape(plan.years, plan.integral_cells * LANES)
        for first in range(0, plan.years, plan.span):
            span = plan.shared.span(first, min(first + plan.span, plan.years))
            stepping().advance_years(
                *(self.work, self.base, span.held, span.timed, span.stride),
                *(plan.begins[first:], plan.numbers[first:], plan.grid[first:]),
                *(self.places, self.rest, *functions),
                *(settings.per_year, settings.every, settings.h, settings.euler),
                *(saved[first * plan.per_year :], plan.saved_pieces),
                *(integrals[first:], plan.integral_pieces),
            )
        held_, timed_ = plan.shared.year(plan.years)
        end = settings.end
        year = settings.year(plan.years, end)
        for phase in ("const", "year", "time", "rates", "outputs"):
            self._call(phase, held_, timed_, end, year)
        stepping().gather(self.saved[-1].reshape(-1), self.work, plan.saved_pieces)
        stepping().gather(self.final.reshape(-1), self.work, plan.final_pieces)


class _Plan:
    """Everything that is the same for all blocks."""

    def __init__(
        self,
        program: Program,
        inputs: Mapping[str, Any],
        draws: Mapping[str, Array],
        settings: Settings,
        state: State | None,
        keep_final: bool,
        kept: Kept,
    ) -> None:
        self.program = program
        self.keep_final = keep_final
        self.settings = settings
        self.state = state
        self.vectors = program.vectors("euler" if settings.euler else "rk4")
        with kept.lock:
            shared = kept.get(program, inputs, settings, state)
            if shared is None:
                shared = self._share(inputs, draws)
                kept.put(inputs, settings, state, shared)
        self.shared = shared
        run = shared.run
        vectors, lowered, model = self.vectors, program._lowered, program.model
        self.values: dict[str, Array] = {}
        for name in program.different:
            value = draws.get(name)
            self.values[name] = run.views[name][np.newaxis].copy() if value is None else value
        self.load = np.concatenate([vectors.addresses["const"], vectors.addresses["year"]])
        self.per_year = -(-settings.per_year // settings.every)
        self.years = settings.stop - settings.start
        self.points = self.years * self.per_year + 1
        self.span = self.years if self.shared.keep else 1
        self.begins = np.array([settings.begin(number) for number in range(self.years)])
        self.numbers = np.array([settings.year(number, time) for number, time in enumerate(self.begins)])
        self.grid = np.array([settings.points(number)[0] for number in range(self.years)])
        self.wide = [name for name in program.save if name in vectors.wide]
        self.common = [name for name in program.save if name not in vectors.wide]
        self.saved_pieces, self.saved_cells = self._pieces(self.wide)
        self.integral_pieces, self.integral_cells = self._pieces(lowered.integrals)
        self.final_pieces, self.final_cells = self._pieces(program.stocks)
        self.times = np.empty(self.points)
        self.shared_outputs = {name: np.empty((self.points, *model.shape(name))) for name in self.common}
        self._common()

    def _share(self, inputs: Mapping[str, Any], draws: Mapping[str, Array]) -> Shared:
        """Work out what all members share."""
        program, settings, state = self.program, self.settings, self.state
        # A member's own value stands in where the inputs have none.
        merged = {name: value[0] for name, value in draws.items()} | dict(inputs)
        plain, scales = program.split(merged)
        checked = check_inputs(program.model, program.needed, plain, settings.start, settings.stop)
        if state is not None:
            check_state(state, program.model, program.stocks, program.cells, settings.begin(0))
        return Shared(Run(program, checked, settings, scales=scales, state=state), self.vectors.windows)

    def _pieces(self, names: Sequence[str]) -> tuple[NDArray[np.int64], int]:
        layout, slots = self.vectors.layout, self.program._lowered.slots
        pieces = [(layout.offsets[name] * LANES, slots[name].size * LANES) for name in names]
        array = np.array(pieces, dtype=np.int64).reshape(-1, 2)
        return array, int(array[:, 1].sum()) // LANES

    def _common(self) -> None:
        """Outputs that no member changes, and the times of all outputs."""
        layout, slots = self.program._layout, self.program._lowered.slots
        for at in range(self.points):
            number, k = divmod(at, self.per_year)
            k *= 2 * self.settings.every
            self.times[at] = self.settings.end if number == self.years else self.grid[number, k]
            for name, out in self.shared_outputs.items():
                held, timed = self.shared.year(number)
                first = layout.offsets[name]
                source, begin = (timed[k], layout.timed[0]) if first >= layout.timed[0] else (held, layout.yearly[0])
                out[at] = source[first - begin : first - begin + slots[name].size].reshape(out[at].shape)

    def result(self, members: NDArray[np.int64], first: int, pool: ThreadPoolExecutor) -> MemberResult:
        """Run some members."""
        count = len(members)
        model, stocks = self.program.model, self.program.stocks
        saved = {name: np.empty((self.points, *model.shape(name), count)) for name in self.wide}
        integrals = {name: np.empty((self.years, *model.shape(name), count)) for name in self.program.integrate}
        final = {name: np.empty((*model.shape(name), count)) for name in stocks if self.keep_final}
        broken: list[str] = []

        def work(begin: int) -> None:
            worker = self.shared.workspace(lambda: _Worker(self))
            chosen = members[begin : begin + LANES]
            worker.run(self, np.concatenate([chosen, np.full(LANES - len(chosen), chosen[-1])]))
            for outputs, buffer in ((saved, worker.saved), (integrals, worker.integrals)):
                _spread(outputs, buffer, begin, len(chosen))
            if self.keep_final:
                last = {name: each[np.newaxis] for name, each in final.items()}
                _spread(last, worker.final[np.newaxis], begin, len(chosen))
            elif not np.isfinite(worker.final).all():
                broken.append(self._broken(worker.final, chosen))
            self.shared.spare.append(worker)

        list(pool.map(work, range(0, count, LANES)))
        for name, out in self.shared_outputs.items():
            values = out[..., np.newaxis]
            if name in self.program.factors:
                values = values * self.values[FACTOR + name][members % len(self.values[FACTOR + name])]
            saved[name] = np.broadcast_to(values, (*out.shape, count))
        saved = {name: saved[name] for name in self.program.save}
        years = np.arange(self.settings.start, self.settings.stop if self.settings.calendar else self.settings.start)
        result = MemberResult(first, count, self.times.copy(), saved, years, integrals, final)
        self._finite(result, members, sorted(broken))
        return result

    def _broken(self, final: Array, members: NDArray[np.int64]) -> str:
        """Name the first stock that is not finite at the end."""
        cell, lane = np.argwhere(~np.isfinite(final))[0]
        for name in self.program.stocks:
            shape = self.program.model.shape(name)
            size = int(np.prod(shape))
            if cell < size:
                where = self.program.where(name, [int(each) for each in np.unravel_index(cell, shape)])
                return f"{where} is not finite at the end in member {members[min(lane, len(members) - 1)]}"
            cell -= size
        raise AssertionError

    def _finite(self, result: MemberResult, members: NDArray[np.int64], broken: Sequence[str]) -> None:
        problems = []
        for outputs in (result.saved, result.integrals, result.final_state):
            for name, value in outputs.items():
                if np.isfinite(value).all():
                    continue
                bad = np.unique(np.argwhere(~np.isfinite(value))[:, -1])
                place = np.argwhere(~np.isfinite(value[..., bad[0]]))[0]
                told = ", ".join(str(members[k]) for k in bad[:5]) + (", ..." if len(bad) > 5 else "")
                when = ""
                if outputs is not result.final_state:
                    axis = result.times if outputs is result.saved else result.years
                    when, place = f" first at {axis[place[0]]:g}", place[1:]
                where = self.program.where(name, [int(each) for each in place])
                problems.append(f"{where} is not finite{when} in member {told}")
        problems += broken
        if problems:
            raise not_finite(self.program.model.path, self.settings, problems)


def _spread(outputs: Mapping[str, Array], buffer: Array, begin: int, count: int) -> None:
    """Cut a buffer of shape (points, cells, 8) into variables."""
    first = 0
    for out in outputs.values():
        size = int(np.prod(out.shape[1:-1]))
        out[..., begin : begin + count] = buffer[:, first : first + size, :count].reshape(*out.shape[:-1], count)
        first += size


def stream(
    program: Program,
    inputs: Mapping[str, Any],
    draws: Mapping[str, Any],
    settings: Settings,
    threads: int | None,
    chunk: int | None,
    state: State | None = None,
    keep_final: bool = False,
    kept: Kept | None = None,
) -> Iterator[MemberResult]:
    """Run members block by block, see `Program.stream_members`."""
    found, count = check_draws(program, draws)
    for name, value in (("threads", threads), ("chunk", chunk)):
        if value is not None and (value != int(value) or value < 1):
            raise ParameterError(f"{name} must be a whole number of at least 1, found {value!r}")
    kept = kept or Kept()
    plan = _Plan(program, inputs, found, settings, state, keep_final, kept)
    if chunk is None:
        cells = plan.points * plan.saved_cells + plan.years * plan.integral_cells + keep_final * plan.final_cells
        chunk = min(_BLOCK_MEMBERS, max(LANES, _BLOCK_BYTES // (8 * max(1, cells)) // LANES * LANES))
    members = np.arange(count)
    pool = kept.pool(threads or processors())
    for first in range(0, count, chunk):
        yield plan.result(members[first : first + chunk], first, pool)


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def join(results: Iterator[MemberResult]) -> MemberResult:
    """Put blocks of members one behind the other."""
    blocks = list(results)
    head = blocks[0]

    def joined(which: str) -> dict[str, Array]:
        return {
            name: np.concatenate([getattr(each, which)[name] for each in blocks], axis=-1)
            for name in getattr(head, which)
        }

    count = sum(each.count for each in blocks)
    return MemberResult(0, count, head.times, joined("saved"), head.years, joined("integrals"), joined("final_state"))
