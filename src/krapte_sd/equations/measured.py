"""Evaluates equations at one moment with numpy: all values at the start of a run, and slopes at a state.

For reading a model, not for running it: each equation is taken as it is written
and evaluated once, exactly as the sign of an effect at a given state needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from krapte_sd.equations.expressions import (
    COMPARISONS,
    CONDITIONS,
    Equation,
    Expr,
    Index,
    Initial,
    Number,
    Op,
    Reduce,
    Ref,
    TimeRef,
    walk,
)
from krapte_sd.equations.model import Model
from krapte_sd.equations.signs import Sign

__all__ = ["measured_sign", "start_state"]

Array = NDArray[np.float64]
_Pair = tuple[Array, Array]
#: Differences below this share of the largest slope are rounding.
_NOISE = 1e-9
_KNOWN = CONDITIONS | {
    "+", "-", "*", "/", "^", "neg", "min", "max", "abs", "exp", "ln", "sqrt", "tanh", "integer", "if_then_else", "xidz",
    "zidz",
}  # fmt: skip


class UnknownError(Exception):
    """An expression cannot be evaluated here; the caller goes on without its value."""


def start_state(model: Model, inputs: Mapping[str, Any]) -> dict[str, Array]:
    """Evaluate every variable at the start of the run.

    Parameters
    ----------
    model : Model
        The model.
    inputs : mapping of str to array or series
        Values of inputs and data: arrays of the declared shape, or objects with
        ``years`` and ``values``, of which the year of the start is taken. Constants
        of the file may be replaced.

    Returns
    -------
    dict of str to ndarray
        Values by name, of the declared shape. A variable is left out if it needs
        an input that is not given, or something that cannot be evaluated here.
    """
    state: dict[str, Array] = {}
    for name, variable in model.variables.items():
        if variable.kind == "lookup":
            continue
        if name in inputs:
            state[name] = _at(inputs[name], model.control.start).reshape(model.shape(name))
        elif variable.kind == "constant" and variable.value is not None:
            state[name] = np.asarray(variable.value, dtype=float)
    waiting = {name for name, each in model.variables.items() if name not in state and each.kind != "lookup"}
    needs = {
        name: {
            each.name for equation in _defining(model, name) for each in walk(equation.expr) if isinstance(each, Ref)
        }
        for name in waiting
    }
    ready = [name for name in model.variables if name in waiting and not needs[name] & waiting]
    while ready:
        for name in ready:
            waiting.discard(name)
            value = _whole(model, name, state)
            if value is not None:
                state[name] = value
        ready = [name for name in model.variables if name in waiting and not needs[name] & waiting]
    return state


def _defining(model: Model, name: str) -> tuple[Equation, ...]:
    variable = model.variables[name]
    return variable.initial if variable.kind == "stock" else variable.equations


def _at(value: Any, time: float) -> Array:
    years = getattr(value, "years", None)
    if years is None:
        return np.asarray(value, dtype=float)
    place = int(np.searchsorted(np.asarray(years), time, side="right")) - 1
    found: Array = np.asarray(value.values, dtype=float)[max(place, 0)]
    return found


def _whole(model: Model, name: str, state: Mapping[str, Array]) -> Array | None:
    """Evaluate all definitions of a variable; None if one of them cannot be evaluated."""
    value = np.full(model.shape(name), np.nan)
    equations = _defining(model, name)
    for equation in equations:
        try:
            found, _ = _Evaluation(model, equation, state).result(None)
        except UnknownError:
            return None
        where = np.ix_(*(_places(each, size) for each, size in zip(equation.target, value.shape, strict=True)))
        value[where] = found.reshape(value[where].shape)
    return value if equations else None


def _places(index: Index, size: int) -> list[int]:
    """Positions that an index takes in its dimension, in order."""
    if index.element is not None:
        return [index.element]
    return list(range(size) if index.places is None else index.places)


def measured_sign(
    model: Model, equation: Equation, of: Ref, state: Mapping[str, Array], *, start: bool = False
) -> Sign:
    """Sign of the slope of a right-hand side in one of its references, at a state.

    Parameters
    ----------
    model : Model
        The model.
    equation : Equation
        The equation.
    of : Ref
        The reference; all its elements are moved up together.
    state : mapping of str to ndarray
        Values of the variables at one moment.
    start : bool, optional
        True to look through INITIAL, whose body is evaluated at the state; else what
        stands in it is fixed.

    Returns
    -------
    {"+", "-", "?", "0"}
        ``?`` if the sign differs between elements or a value is missing.
    """
    try:
        _, found = _Evaluation(model, equation, state).result(of, start=start)
    except UnknownError:
        return "?"
    if not np.isfinite(found).all():
        return "?"
    largest = float(np.abs(found).max(initial=0.0))
    up, down = bool((found > largest * _NOISE).any()), bool((found < -largest * _NOISE).any())
    return "?" if up and down else "+" if up else "-" if down else "0"


class _Evaluation:
    """Values and slopes of one equation; every loop has an axis of its own."""

    def __init__(self, model: Model, equation: Equation, state: Mapping[str, Array]) -> None:
        self.model = model
        self.expr = equation.expr
        self.state = state
        self.of: Ref | None = None
        self.start = False
        loops = [each.key for each in equation.target if each.key is not None]
        for part in walk(equation.expr):
            if isinstance(part, Ref):
                loops += [each.key for each in part.index if each.key is not None]
        self.axes = {key: place for place, key in enumerate(dict.fromkeys(loops))}
        self.shape = tuple(len(model.ranges[each.over or each.dimension]) for each in equation.target if each.key)
        self.kept = len(self.shape)

    def result(self, of: Ref | None, *, start: bool = False) -> _Pair:
        self.of, self.start = of, start
        with np.errstate(all="ignore"):
            pair = self.value(self.expr)
        ones = (1,) * (len(self.axes) - self.kept)
        value, slope = (np.broadcast_to(each, self.shape + ones).reshape(self.shape) for each in pair)
        return value, slope

    def value(self, expr: Expr) -> _Pair:
        match expr:
            case Number(number):
                return self._fixed(number)
            case TimeRef():
                return self._fixed(self.model.control.start)
            case Ref():
                return self._reference(expr)
            case Initial(body):
                value, slope = self.value(body)
                return value, slope if self.start else np.zeros_like(slope)
            case Reduce(function, over, body):
                return self._reduce(function, over, body)
            case Op(function, args):
                if function not in _KNOWN:
                    raise UnknownError
                return _apply(function, [self.value(each) for each in args])
        raise UnknownError

    def _fixed(self, number: float) -> _Pair:
        ones = (1,) * len(self.axes)
        return np.full(ones, number), np.zeros(ones)

    def _reference(self, ref: Ref) -> _Pair:
        if ref.name not in self.state:
            raise UnknownError
        value = np.asarray(self.state[ref.name], dtype=float)
        places = [self.axes[index.key] for index in ref.index if index.key is not None]
        chosen = [_places(index, size) for index, size in zip(ref.index, value.shape, strict=True)]
        value = value[np.ix_(*chosen)] if chosen else value
        value = value.reshape(
            [len(each) for each, index in zip(chosen, ref.index, strict=True) if index.key is not None]
        )
        if len(set(places)) < len(places):
            raise UnknownError
        value = np.transpose(value, np.argsort(places)) if places else value
        shape = [1] * len(self.axes)
        for place, size in zip(sorted(places), value.shape, strict=True):
            shape[place] = size
        value = value.reshape(shape)
        return value, np.ones_like(value) if ref == self.of else np.zeros_like(value)

    def _reduce(self, function: str, over: Sequence[str], body: Expr) -> _Pair:
        value, slope = self.value(body)
        places = [self.axes[f"{each}!"] for each in over]
        shape = list(value.shape)
        for each, place in zip(over, places, strict=True):
            shape[place] = len(self.model.ranges[each])
        value, slope = np.broadcast_to(value, shape), np.broadcast_to(slope, shape)
        axes = tuple(places)
        if function == "sum":
            return value.sum(axis=axes, keepdims=True), slope.sum(axis=axes, keepdims=True)
        if function not in ("vmin", "vmax"):
            raise UnknownError
        extreme = (value.min if function == "vmin" else value.max)(axis=axes, keepdims=True)
        hit = value == extreme
        return extreme, (slope * hit).sum(axis=axes, keepdims=True) / hit.sum(axis=axes, keepdims=True)


def _apply(function: str, args: list[_Pair]) -> _Pair:
    (a, da), (b, db) = args[0], args[-1]
    match function:
        case "+":
            return a + b, da + db
        case "-":
            return a - b, da - db
        case "*":
            return a * b, da * b + a * db
        case "/":
            return a / b, (da * b - a * db) / b**2
        case "zidz" | "xidz":
            below, dbelow = args[1]
            other, dother = args[2] if function == "xidz" else (np.zeros_like(a), np.zeros_like(a))
            zero = np.abs(below) < 1e-6
            safe = np.where(zero, 1.0, below)
            return np.where(zero, other, a / safe), np.where(zero, dother, (da * safe - a * dbelow) / safe**2)
        case "neg":
            return -a, -da
        case "exp":
            return np.exp(a), np.exp(a) * da
        case "ln":
            return np.log(a), da / a
        case "sqrt":
            return np.sqrt(a), da / (2 * np.sqrt(a))
        case "tanh":
            return np.tanh(a), da / np.cosh(a) ** 2
        case "abs":
            return np.abs(a), np.sign(a) * da
        case "integer":
            return np.trunc(a), np.zeros_like(da)
        case "min" | "max":
            first = a <= b if function == "min" else a >= b
            return np.where(first, a, b), np.where(first, da, db)
        case "if_then_else":
            return np.where(a != 0, args[1][0], b), np.where(a != 0, args[1][1], db)
        case "^":
            power = a**b
            other = np.where(db == 0, 0.0, power * np.log(a) * db)
            return power, b * a ** (b - 1) * da + other
    return _condition(function, a, b), np.zeros_like(a * b)


def _condition(function: str, a: Array, b: Array) -> Array:
    if function in COMPARISONS:
        compare = {"=": np.equal, "<>": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater}
        return np.asarray(compare.get(function, np.greater_equal)(a, b), dtype=float)
    match function:
        case "and":
            return np.asarray((a != 0) & (b != 0), dtype=float)
        case "or":
            return np.asarray((a != 0) | (b != 0), dtype=float)
        case "not":
            return np.asarray(a == 0, dtype=float)
    raise UnknownError
