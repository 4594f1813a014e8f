"""Runs in several stretches of time, each from the state that the one before has left.

A file may change its TIME STEP during the run; and where a test input such as STEP or
PULSE jumps, Runge's method must not step over the jump: it would fall to order one. The
run then goes by equal steps, none longer than asked for, to a moment before the jump,
over that moment by one step with the rates before the jump, and on from just behind it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from krapte_sd.equations.expressions import Expr, Number, Op, Ref, TimeRef, walk
from krapte_sd.equations.model import Model, Stretch
from krapte_sd.kernel.run import Array, Run
from krapte_sd.kernel.settings import Settings
from krapte_sd.kernel.stream import MemberResult, check_draws

if TYPE_CHECKING:
    from krapte_sd.kernel.inputs import Checked
    from krapte_sd.kernel.program import Program
    from krapte_sd.kernel.state import State

__all__ = ["Piece", "by_clock", "jumps", "one_by_one", "run_stretches", "switches", "up_to_jumps"]

#: Vensim's test inputs tell times apart by more than 1e-6; so a run stops twice that before a jump.
_MOMENT = 2e-6
_COMPARED = ("=", "<>", "<", "<=", ">", ">=")


@dataclass(frozen=True)
class Piece:
    """One stretch of a run: its settings, and whether outputs are saved before its end and at its end."""

    settings: Settings
    saves: bool
    saves_end: bool


def run_stretches(
    program: Program,
    checked: Checked,
    pieces: Sequence[Piece],
    debug: bool,
    scales: Mapping[str, float] | None,
    state: State | None,
) -> tuple[Array, dict[str, Array], State]:
    """Run through stretches; give times and values of the outputs, and the last state.

    Parameters
    ----------
    program, checked, debug, scales, state
        As for `Run`.
    pieces : sequence of Piece
        The stretches, in order.
    """
    times, saved = [], []
    for piece in pieces:
        run = Run(program, checked, piece.settings, debug, scales, state)
        run.go()
        state = run.final_state()
        kept = slice(0 if piece.saves else -1, None if piece.saves_end else -1)
        times.append(run.times[kept])
        saved.append({name: each[kept] for name, each in run.saved.items()})
    assert state is not None
    return np.concatenate(times), {name: np.concatenate([each[name] for each in saved]) for name in saved[0]}, state


def by_clock(stretches: Sequence[Stretch], method: str) -> list[Piece]:
    """Stretches of a run whose control variables change."""
    made = []
    for each in stretches:
        steps = max(1, round((each.stop - each.start) / each.step))
        every = max(1, round(each.saveper / each.step)) if each.saves else steps
        told = (each.step, each.final, each.saveper, each.step / 2)
        settings = Settings(0, 1, steps, method, every, origin=each.start, width=each.step, told=told)
        made.append(Piece(settings, each.saves, each is stretches[-1]))
    return made


def up_to_jumps(settings: Settings, found: Sequence[float]) -> list[Piece]:
    """Stretches of a run that is cut at jumps."""
    h, start, end = settings.h, settings.begin(0), settings.end
    outputs = [start + k * h for k in range(0, settings.per_year, settings.every)]
    told = (h, end, settings.every * h, _MOMENT / 2)
    marks = sorted({*outputs, end, *(each for each in found if start < each < end)})
    # Two marks within a moment are one.
    marks = [mark for k, mark in enumerate(marks) if k == 0 or mark - marks[k - 1] > 2 * _MOMENT]
    made: list[Piece] = []
    behind = False
    for first, last in pairwise(marks):
        jump = _among(last, found)
        origin = np.nextafter(first, np.inf) if behind else first
        stop = last - _MOMENT if jump else last
        steps = max(1, math.ceil((stop - first) / h - 1e-9))
        width = (stop - origin) / steps
        one = Settings(0, 1, steps, settings.method, steps, origin=float(origin), width=float(width), told=told)
        made.append(Piece(one, _among(first, outputs) and not behind, last == end and not jump))
        if jump:
            over = Settings(0, 1, 1, "euler", 1, origin=stop, width=last - stop, told=told)
            made.append(Piece(over, False, _among(last, outputs) or last == end))
        behind = jump
    return made


def _among(time: float, times: Sequence[float]) -> bool:
    return any(abs(time - each) <= 2 * _MOMENT for each in times)


def switches(model: Model, needed: Sequence[str]) -> tuple[Expr, ...]:
    """Expressions of the times at which a test input, or a comparison with Time, jumps."""
    found: list[Expr] = []
    for name in needed:
        for equation in model.variables[name].equations:
            for part in walk(equation.expr):
                found += _of(part)
    return tuple(dict.fromkeys(found))


def _of(part: Expr) -> Iterator[Expr]:
    match part:
        case Op("step", (_, start)):
            yield start
        case Op("ramp", (_, start, end)):
            yield from (start, end)
        case Op("pulse", (start, width)):
            yield from (start, Op("+", (start, width)))
        case Op("pulse_train", args):
            yield Op("pulse_train", args)
        case Op(function, (TimeRef(), other)) | Op(function, (other, TimeRef())) if function in _COMPARED:
            yield other


def jumps(program: Program, checked: Checked, settings: Settings, scales: Mapping[str, float]) -> list[float]:
    """Times at which test inputs jump, known before the run; those that depend on the state are left out."""
    if not program.switches:
        return []
    run = Run(program, checked, settings, scales=scales)
    run.initialise()
    start, end = settings.begin(0), settings.end
    times = [float(each) for each in range(math.ceil(start), math.floor(end) + 1)] if program.uses_year else []
    for expr in program.switches:
        if isinstance(expr, Op) and expr.function == "pulse_train":
            first, width, interval, stop = (_values(each, run) for each in expr.args)
            if not (len(first) == len(width) == len(interval) == len(stop) == 1) or interval[0] <= 0:
                continue
            for k in range(max(0, int((end - first[0]) / interval[0]) + 1)):
                begin = first[0] + k * interval[0]
                times += [each for each in (begin, begin + width[0]) if each < stop[0]]
            times.append(stop[0])
        else:
            times += _values(expr, run)
    return sorted({each for each in times if np.isfinite(each) and start < each < end})


def _values(expr: Expr, run: Run) -> list[float]:
    """Values of an expression of constants; of one with subscripts all that its parts have."""
    match expr:
        case Number(value):
            return [float(value)]
        case Ref(name) if _constant(run.program, name):
            return [float(each) for each in np.unique(run.views[name])]
        case Op("+" | "-" as function, (left, right)):
            sign = 1.0 if function == "+" else -1.0
            return [one + sign * other for one in _values(left, run) for other in _values(right, run)]
    return []


def _constant(program: Program, name: str) -> bool:
    """True if a variable never changes during a run and its value is at hand."""
    lowered = program._lowered
    computed = any(each.target == name for each in lowered.phases["const"])
    return name in program._layout.offsets and (computed or lowered.slots[name].role == "input")


def one_by_one(
    program: Program,
    inputs: Mapping[str, Any],
    draws: Mapping[str, Any],
    how: tuple[Any, ...],
    state: State | None,
    keep_final: bool,
) -> Iterator[MemberResult]:
    """Run members each by itself, as each may have jumps of its own."""
    found, count = check_draws(program, draws)
    for member in range(count):
        own = {**inputs, **{name: each[member] for name, each in found.items()}}
        result = program.run(own, *how, state=state)
        last = {name: each[..., np.newaxis] for name, each in result.final_state.stocks.items() if keep_final}
        saved = {name: each[..., np.newaxis] for name, each in result.saved.items()}
        yield MemberResult(member, 1, result.times, saved, result.years, {}, last)
