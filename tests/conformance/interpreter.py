"""Runs a model without compiling it: the statements of the kernel, one numpy call each.

It shares everything with the compiled kernel up to the list of statements, and nothing
after it, so it checks both: against the public suite in seconds instead of minutes, and
the kernel against it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from krapte_sd.equations import Model
from krapte_sd.equations.expressions import LOOKUPS, Expr, Index, Number, Op, Ref, TimeRef
from krapte_sd.equations.model import Stretch
from krapte_sd.kernel.lower import Statement, lower

_FUNCTIONS = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power, "neg": np.negative,
    "=": np.equal, "<>": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not,
    "min": np.minimum, "max": np.maximum, "abs": np.abs, "exp": np.exp, "ln": np.log, "sqrt": np.sqrt,
    "integer": np.trunc, "sin": np.sin, "cos": np.cos, "tan": np.tan, "arcsin": np.arcsin, "arccos": np.arccos,
    "arctan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "if_then_else": np.where,
    "zidz": lambda a, b: np.where(np.abs(b) < 1e-6, 0.0, np.divide(a, b)),
    "xidz": lambda a, b, c: np.where(np.abs(b) < 1e-6, c, np.divide(a, b)),
}  # fmt: skip
_REDUCE = {"sum": np.sum, "prod": np.prod, "vmin": np.min, "vmax": np.max}


class Interpreter:
    """Runs one model by Euler's method with the times of its file.

    Parameters
    ----------
    model : Model
        A model that needs no inputs.
    save : sequence of str
        Variables to save.
    """

    def __init__(self, model: Model, save: Sequence[str]) -> None:
        self.model = model
        self.lowered = lower(model, tuple(save), ())
        self.arrays = {
            name: np.zeros([self.lowered.sizes[each] for each in slot.dims])
            for name, slot in self.lowered.slots.items()
        }
        for name in self.arrays:
            if name in model.variables and model.variables[name].value is not None:
                self.arrays[name][...] = model.variables[name].value
        self.time = model.control.start

    def run(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Run, and give the times and values at them."""
        control = self.model.control
        every = control.saveper or control.step
        plain = Stretch(control.start, control.stop, control.start, control.stop, control.step, every)
        stretches = control.stretches or (plain,)
        times: list[float] = []
        saved: dict[str, list[np.ndarray]] = {name: [] for name in self.lowered.save}
        with np.errstate(all="ignore"):
            self._give(stretches[0])
            self._start()
            for each in stretches:
                self._give(each)
                count, every = round((each.stop - each.start) / each.step), max(1, round(each.saveper / each.step))
                last = each is stretches[-1]
                for number in range(count + last):
                    self.time = each.start + number * each.step
                    self._evaluate("const", "year", "time", "rates")
                    if (each.saves and number % every == 0) or (last and number == count and control.stretches):
                        self._evaluate("outputs")
                        times.append(self.time)
                        for name, values in saved.items():
                            values.append(self.arrays[name].copy())
                    for stock, rate in zip(self.lowered.stocks, self.lowered.rates, strict=True):
                        self.arrays[stock] += each.step * self.arrays[rate]
        return np.array(times), {name: np.array(values) for name, values in saved.items()}

    def _give(self, stretch: Stretch) -> None:
        given = {
            "time_step": stretch.step,
            "final_time": stretch.final,
            "saveper": stretch.saveper,
            "'half_step": stretch.step / 2,
        }
        for name, value in given.items():
            if name in self.arrays:
                self.arrays[name][...] = value

    def _start(self) -> None:
        starting = self.arrays.get("'starting", np.zeros(()))
        starting[...] = 1.0
        for _ in range(self.lowered.passes):
            self._evaluate("const", "year", "time", "rates", "outputs", "start")
            for body, cell in self.lowered.copies:
                self.arrays[cell][...] = self.arrays[body]
        starting[...] = 0.0

    def _evaluate(self, *phases: str) -> None:
        for phase in phases:
            for each in self.lowered.phases[phase]:
                self._statement(each)

    def _statement(self, statement: Statement) -> None:
        loops = statement.loops
        shape = [self.lowered.sizes[key.rstrip("!")] for key in loops]
        turns = {
            key: np.arange(size).reshape([-1 if k == place else 1 for k in range(len(loops))])
            for place, (key, size) in enumerate(zip(loops, shape, strict=True))
        }
        value = np.broadcast_to(self._value(statement.expr, turns), shape)
        if statement.mode != "set":
            kept = {each.key for each in statement.index}
            axes = tuple(place for place, key in enumerate(loops) if key not in kept)
            value = _REDUCE[statement.mode](value, axis=axes)
            left = [key for key in loops if key in kept]
            turns = {
                key: np.arange(self.lowered.sizes[key]).reshape([-1 if k == place else 1 for k in range(len(left))])
                for place, key in enumerate(left)
            }
        self.arrays[statement.target][_where(statement.index, turns)] = value

    def _value(self, expr: Expr, turns: dict[str, np.ndarray]) -> np.ndarray:
        match expr:
            case Number(value):
                return np.array(value)
            case TimeRef():
                return np.array(self.time)
            case Ref(name, index):
                return self.arrays[name][_where(index, turns)]
            case Op(function, (Ref() as table, place)) if function in LOOKUPS:
                tables = self.arrays[table.name][_where(table.index[:-1], turns)]
                return _look_up(function, tables, self._value(place, turns))
            case Op(function, args):
                return np.asarray(_FUNCTIONS[function](*(self._value(each, turns) for each in args)))
        raise AssertionError(expr)


def _where(index: Sequence[Index], turns: dict[str, np.ndarray]) -> tuple[object, ...]:
    where: list[object] = []
    for each in index:
        if each.element is not None:
            where.append(each.element)
        elif each.places is None:
            where.append(turns[each.key or ""])
        else:
            where.append(np.array(each.places)[turns[each.key or ""]])
    return tuple(where)


def _look_up(function: str, tables: np.ndarray, places: np.ndarray) -> np.ndarray:
    shape = np.broadcast_shapes(tables.shape[:-1], places.shape)
    tables = np.broadcast_to(tables, (*shape, tables.shape[-1]))
    places = np.broadcast_to(places, shape)
    out = np.empty(shape)
    for cell in np.ndindex(shape):
        out[cell] = _one(function, tables[cell], float(places[cell]))
    return out


def _one(function: str, table: np.ndarray, place: float) -> float:
    count, longest = int(table[0]), (len(table) - 1) // 2
    x, y = table[1 : 1 + count], table[1 + longest : 1 + longest + count]
    if math.isnan(place):
        return place
    if function == "lookup":
        return float(np.interp(place, x, y))
    if function == "lookup_backward":
        return float(y[max(np.searchsorted(x, place, side="right") - 1, 0)])
    return float(y[min(np.searchsorted(x, place, side="left"), count - 1)])
