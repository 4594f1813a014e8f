"""Finds the sign of the effect of one variable on another from the equation alone.

Two tools: bounds of an expression by interval arithmetic, and bounds of its
slope. Both are sound but not sharp: an answer is always right, and "unknown" is
an answer. Quotients are brought over a common denominator first, so that
``(a-b)/a`` and ``x/(x+y)`` are decided and not only products.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from krapte_sd.equations.checks import evaluation_order
from krapte_sd.equations.expressions import (
    COMPARISONS,
    CONDITIONS,
    LOOKUPS,
    Expr,
    Initial,
    Number,
    Op,
    Reduce,
    Ref,
    children,
)
from krapte_sd.equations.model import Model, Variable
from krapte_sd.errors import ModelError, nearest

__all__ = ["Bounds", "Sign", "bounds", "join", "known_bounds", "sign", "slope"]

Bounds = tuple[float, float]
Sign = Literal["+", "-", "?", "0"]
#: A product of powers of expressions that are taken as they are.
_Monomial = frozenset[tuple[Expr, int]]
_Polynomial = dict[_Monomial, float]

ANY: Bounds = (-math.inf, math.inf)
ABOVE: Bounds = (0.0, math.inf)
ZERO: Bounds = (0.0, 0.0)
_LARGEST = 100


def sign(slope: Bounds) -> Sign:
    """Say in one letter on which side of zero an interval lies; ``?`` if on both."""
    low, high = slope
    if low == high == 0:
        return "0"
    if low >= 0:
        return "+"
    return "-" if high <= 0 else "?"


def join(signs: Iterable[Sign]) -> Sign:
    """Sign of several effects of the same variable together."""
    found = {each for each in signs if each != "0"}
    if not found:
        return "0"
    return found.pop() if len(found) == 1 else "?"


def known_bounds(model: Model, positive: Iterable[str] = ()) -> dict[str, Bounds]:
    """Bounds of every variable, from limits in the file, constants and equations.

    Parameters
    ----------
    model : Model
        The model.
    positive : iterable of str, optional
        Variables that the caller knows never to be negative.

    Returns
    -------
    dict of str to tuple of float
        Lowest and highest value, infinite where nothing is known.

    Raises
    ------
    ModelError
        If a name in `positive` is not a variable of the model.
    """
    positive = set(positive)
    if wrong := sorted(positive - set(model.variables)):
        raise ModelError.collect(
            "names said to be positive",
            [f"'{each}' is not a variable of the model{nearest(each, model.variables)}" for each in wrong],
        )
    known = {name: _given(each, name in positive) for name, each in model.variables.items()}
    known |= {_steepness(name): _segments(each) for name, each in model.variables.items() if each.kind == "lookup"}
    # What INITIAL holds may stand later in the order; each round is sound by itself and can only narrow.
    for _ in range(3):
        for name in evaluation_order(model):
            variable = model.variables[name]
            if variable.kind == "auxiliary":
                parts = [bounds(each.expr, known) for each in variable.equations]
                if parts:
                    known[name] = _narrow(known[name], _hull(*parts))
    return known


def _steepness(name: str) -> str:
    """Key of the bounds of the slope of a lookup, among those of the values of variables."""
    return f"slope of {name}"


def _points(variable: Variable) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Points of a lookup, x and y, for each of its elements; see `Variable.value`."""
    if variable.value is None:
        return []
    rows = variable.value.reshape(-1, variable.value.shape[-1])
    half = (rows.shape[1] - 1) // 2
    return [(row[1 : 1 + int(row[0])], row[1 + half : 1 + half + int(row[0])]) for row in rows]


def _segments(variable: Variable) -> Bounds:
    """Bounds of the slope of a lookup, which is flat beyond its ends."""
    rises = [np.diff(y) / np.diff(x) for x, y in _points(variable)]
    return _hull(ZERO, *((float(each.min()), float(each.max())) for each in rises if each.size))


def _given(variable: Variable, positive: bool) -> Bounds:
    if variable.kind == "lookup":
        return (
            _hull(*((float(y.min()), float(y.max())) for _, y in _points(variable)))
            if variable.value is not None
            else ANY
        )
    if variable.kind == "constant" and variable.value is not None and variable.value.size:
        return float(variable.value.min()), float(variable.value.max())
    low, high = variable.limits
    found = (-math.inf if low is None else low, math.inf if high is None else high)
    return _narrow(found, ABOVE) if positive else found


# -- arithmetic of intervals ------------------------------------------------------------------------------------------


def _narrow(a: Bounds, b: Bounds) -> Bounds:
    low, high = max(a[0], b[0]), min(a[1], b[1])
    return (low, high) if low <= high else a


def _hull(*parts: Bounds) -> Bounds:
    return min(each[0] for each in parts), max(each[1] for each in parts)


def _add(a: Bounds, b: Bounds) -> Bounds:
    return a[0] + b[0], a[1] + b[1]


def _neg(a: Bounds) -> Bounds:
    return -a[1], -a[0]


def _times(a: Bounds, b: Bounds) -> Bounds:
    # An infinite bound stands for "as large as you like", so that zero times it is zero.
    products = [0.0 if 0 in (x, y) else x * y for x in a for y in b]
    return min(products), max(products)


def _inverse(a: Bounds) -> Bounds:
    low, high = a
    if low >= 0:
        return (0.0 if high == math.inf else 1 / high if high else math.inf), (1 / low if low else math.inf)
    return _neg(_inverse(_neg(a))) if high <= 0 else ANY


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _ln(value: float) -> float:
    return -math.inf if value <= 0 else math.log(value) if value < math.inf else math.inf


def _square(a: Bounds) -> Bounds:
    magnitudes = [abs(a[0]), abs(a[1])]
    low = 0.0 if a[0] <= 0 <= a[1] else min(magnitudes)
    return low * low, max(magnitudes) ** 2


def _power(a: Bounds, count: int) -> Bounds:
    if count < 0:
        return _power(_inverse(a), -count)
    result: Bounds = (1.0, 1.0)
    for _ in range(count // 2):
        result = _times(result, _square(a))
    return _times(result, a) if count % 2 else result


def bounds(expr: Expr, known: Mapping[str, Bounds]) -> Bounds:
    """Lowest and highest value of an expression.

    Parameters
    ----------
    expr : Expr
        The expression.
    known : mapping of str to tuple of float
        Bounds of variables; a name that is missing may be anything.

    Returns
    -------
    tuple of float
        Infinite where nothing is known, as for a kind of expression that is new here.
    """
    match expr:
        case Number(value):
            return value, value
        case Ref():
            return known.get(expr.name, ANY)
        case Initial(body):
            return bounds(body, known)
        case Reduce(function, _, body):
            inner = bounds(body, known)
            if function in ("vmin", "vmax"):
                return inner
            if function != "sum":
                return ABOVE if inner[0] >= 0 else ANY
            return (inner[0] if inner[0] >= 0 else -math.inf), (inner[1] if inner[1] <= 0 else math.inf)
        case Op(function, args):
            return _operation(function, [bounds(each, known) for each in args], args)
    return ANY


def _operation(function: str, parts: list[Bounds], args: tuple[Expr, ...]) -> Bounds:
    if function in CONDITIONS or function in ("pulse", "pulse_train"):
        return 0.0, 1.0
    if function in LOOKUPS:
        return parts[0]
    if function in ("sin", "cos", "tanh"):
        return -1.0, 1.0
    if function == "step":
        return _hull(ZERO, parts[0])
    if function == "active_initial":
        return _hull(*parts)
    a, b = parts[0], parts[-1]
    match function:
        case "+":
            return _add(a, b)
        case "-":
            return _add(a, _neg(b))
        case "*":
            return _square(a) if args[0] == args[1] else _times(a, b)
        case "/":
            return _times(a, _inverse(b))
        case "zidz":
            return _hull(ZERO, _times(a, _inverse(b)))
        case "xidz":
            return _hull(parts[2], _times(a, _inverse(parts[1])))
        case "neg":
            return _neg(a)
        case "min" | "max":
            choose = min if function == "min" else max
            return choose(a[0], b[0]), choose(a[1], b[1])
        case "abs":
            return (0.0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1]))), max(abs(a[0]), abs(a[1]))
        case "exp":
            return _exp(a[0]), _exp(a[1])
        case "ln":
            return _ln(a[0]), _ln(a[1])
        case "sqrt":
            return math.sqrt(max(a[0], 0.0)), math.sqrt(max(a[1], 0.0))
        case "if_then_else":
            return _hull(parts[1], parts[2])
        case "^":
            exponent = args[1]
            if isinstance(exponent, Number) and exponent.value == int(exponent.value) and abs(exponent.value) < 20:
                return _power(a, int(exponent.value))
            return ABOVE if a[0] >= 0 else ANY
    return ANY


# -- slopes -----------------------------------------------------------------------------------------------------------


def slope(expr: Expr, of: Ref, known: Mapping[str, Bounds], *, start: bool = False) -> Bounds:
    """Bounds of the slope of an expression in one of its references.

    Parameters
    ----------
    expr : Expr
        The expression.
    of : Ref
        The reference; others of the same variable at another index are held fixed.
    known : mapping of str to tuple of float
        Bounds of variables.
    start : bool, optional
        True to look through INITIAL, as at the start of the run; else what stands
        in it is fixed.

    Returns
    -------
    tuple of float
        ``(0, 0)`` without any effect.
    """
    if expr == of:
        return 1.0, 1.0
    if not _holds(expr, of, start):
        return ZERO
    match expr:
        case Initial(body):
            return slope(body, of, known, start=start)
        case Reduce(function, _, body):
            inner = slope(body, of, known, start=start)
            if function in ("vmin", "vmax"):
                return _hull(inner, ZERO)
            if function == "sum" or (function == "prod" and bounds(body, known)[0] >= 0):
                return (0.0 if inner[0] >= 0 else -math.inf), (0.0 if inner[1] <= 0 else math.inf)
            return ANY
        case Op(function, args):
            found = _chain(function, args, of, known, start)
            return found if sign(found) != "?" else _narrow(found, _expanded(expr, of, known, start))
    return ANY


def _holds(expr: Expr, of: Ref, start: bool) -> bool:
    """Tell whether an expression follows a reference, during the run or at its start."""
    if expr == of:
        return True
    if isinstance(expr, Initial) and not start:
        return False
    parts = children(expr)
    if isinstance(expr, Op) and expr.function == "active_initial":
        parts = parts[1:] if start else parts[:1]
    return any(_holds(each, of, start) for each in parts)


def _chain(function: str, args: tuple[Expr, ...], of: Ref, known: Mapping[str, Bounds], start: bool) -> Bounds:
    """Apply the rules of differentiation, function by function."""
    if function == "active_initial":
        return slope(args[1 if start else 0], of, known, start=start)
    values = [bounds(each, known) for each in args]
    slopes = [slope(each, of, known, start=start) for each in args]
    a, da = values[0], slopes[0]
    b, db = values[-1], slopes[-1]
    match function:
        case "+":
            return _add(da, db)
        case "-":
            return _add(da, _neg(db))
        case "*":
            return _add(_times(da, b), _times(a, db))
        case "/":
            return _quotient(args[0], args[1], of, known, start)
        case "zidz":
            return _hull(ZERO, _quotient(args[0], args[1], of, known, start))
        case "xidz":
            return _hull(db, _quotient(args[0], args[1], of, known, start))
        case "neg":
            return _neg(da)
        case "exp":
            return _times(da, (_exp(a[0]), _exp(a[1])))
        case "ln" | "sqrt":
            return _times(da, ABOVE)
        case "abs":
            return da if a[0] >= 0 else _neg(da) if a[1] <= 0 else _hull(da, _neg(da))
        case "integer" | "tanh" | "sinh" | "arctan":
            return _times(da, ABOVE)
        case "quantum" | "step" | "ramp" if db == ZERO:
            return _times(da, ABOVE) if all(each == ZERO for each in slopes[1:]) else ANY
        case "lookup" | "lookup_backward" | "lookup_forward":
            steep = known.get(_steepness(args[0].name), ANY) if isinstance(args[0], Ref) else ANY
            return _add(da, _times(db, steep))
        case "min" | "max":
            return _hull(da, db)
        case "if_then_else":
            return _branches(args, slopes, of, known, start)
        case "^" if a[0] >= 0:
            falling = _times(_times(b, ABOVE), da)
            return _add(falling, _times(_times((_ln(a[0]), _ln(a[1])), ABOVE), db)) if db != ZERO else falling
        case "^" if isinstance(args[1], Number) and args[1].value % 2 == 1 and args[1].value > 0:
            return _times(da, ABOVE)
    return ANY


def _quotient(top: Expr, below: Expr, of: Ref, known: Mapping[str, Bounds], start: bool) -> Bounds:
    """Slope of a quotient, with what cancels in it cancelled; its size is given up, its sign is kept."""
    up, down = slope(top, of, known, start=start), slope(below, of, known, start=start)
    squared = _square(_inverse(bounds(below, known)))
    squared = squared if squared[1] > 0 else ABOVE
    if down == ZERO:
        return _times(up, _inverse(bounds(below, known)))
    plain = _add(_times(up, bounds(below, known)), _neg(_times(bounds(top, known), down)))
    if sign(plain) == "?":
        n, d = _polynomial(top), _polynomial(below)
        if _plain(n, of, start) and _plain(d, of, start):
            joint = _combined(_product(_derivative(n, of), d), _product(n, _derivative(d, of)), -1.0)
            plain = _narrow(plain, _bounded(joint, known))
    return _times(plain, (max(squared[0], 0.0), squared[1]))


def _branches(
    args: tuple[Expr, ...], slopes: list[Bounds], of: Ref, known: Mapping[str, Bounds], start: bool
) -> Bounds:
    """Slope of IF THEN ELSE, with the jump if the condition itself turns."""
    smooth = _hull(slopes[1], slopes[2])
    condition = args[0]
    if not _holds(condition, of, start):
        return smooth
    if not (isinstance(condition, Op) and condition.function in COMPARISONS - {"=", "<>"}):
        return ANY
    step = Op("-", (args[1], args[2]))
    jump = _narrow(bounds(step, known), _bounded(_polynomial(step), known))
    left, right = (slope(each, of, known, start=start) for each in condition.args)
    turning = _add(left, _neg(right)) if condition.function in (">", ">=") else _add(right, _neg(left))
    return _hull(smooth, _times(_times(turning, jump), ABOVE))


# -- polynomials, so that equal terms cancel --------------------------------------------------------------------------


def _expanded(expr: Expr, of: Ref, known: Mapping[str, Bounds], start: bool) -> Bounds:
    polynomial = _polynomial(expr)
    return _bounded(_derivative(polynomial, of), known) if _plain(polynomial, of, start) else ANY


def _polynomial(expr: Expr) -> _Polynomial:
    """Multiply out; what is no sum, product or quotient is taken as it is."""
    whole: _Polynomial = {frozenset({(expr, 1)}): 1.0}
    match expr:
        case Number(value):
            return {frozenset(): value} if value else {}
        case Op("neg", (a,)):
            return _combined({}, _polynomial(a), -1.0)
        case Op("+" | "-" as function, (a, b)):
            return _combined(_polynomial(a), _polynomial(b), 1.0 if function == "+" else -1.0)
        case Op("*", (a, b)):
            left, right = _polynomial(a), _polynomial(b)
            return _product(left, right) if len(left) * len(right) <= _LARGEST else whole
        case Op("/", (a, b)):
            left, below = _polynomial(a), _polynomial(b)
            if len(below) == 1:
                ((monomial, factor),) = below.items()
                inverse: _Polynomial = {frozenset((atom, -power) for atom, power in monomial): 1 / factor}
                return _product(left, inverse)
            return _product(left, {frozenset({(b, -1)}): 1.0})
    return whole


def _combined(a: _Polynomial, b: _Polynomial, factor: float) -> _Polynomial:
    result = dict(a)
    for monomial, value in b.items():
        result[monomial] = result.get(monomial, 0.0) + factor * value
    return {monomial: value for monomial, value in result.items() if value}


def _product(a: _Polynomial, b: _Polynomial) -> _Polynomial:
    result: _Polynomial = {}
    for left, x in a.items():
        for right, y in b.items():
            powers = dict(left)
            for atom, power in right:
                powers[atom] = powers.get(atom, 0) + power
            monomial = frozenset((atom, power) for atom, power in powers.items() if power)
            result[monomial] = result.get(monomial, 0.0) + x * y
    return {monomial: value for monomial, value in result.items() if value}


def _derivative(polynomial: _Polynomial, of: Ref) -> _Polynomial:
    result: _Polynomial = {}
    for monomial, value in polynomial.items():
        powers = dict(monomial)
        power = powers.pop(of, 0)
        if power:
            if power != 1:
                powers[of] = power - 1
            key = frozenset(powers.items())
            result[key] = result.get(key, 0.0) + value * power
    return result


def _plain(polynomial: _Polynomial, of: Ref, start: bool) -> bool:
    """Tell whether the reference stands by itself wherever it stands."""
    atoms = {atom for monomial in polynomial for atom, _ in monomial}
    return not any(atom != of and _holds(atom, of, start) for atom in atoms)


def _bounded(polynomial: _Polynomial, known: Mapping[str, Bounds]) -> Bounds:
    total = ZERO
    for monomial, value in polynomial.items():
        term: Bounds = (value, value)
        for atom, power in monomial:
            term = _times(term, _power(bounds(atom, known), power))
        total = _add(total, term)
    return total
