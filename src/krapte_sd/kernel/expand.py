"""Writes out the functions of a model file that are made of simpler ones."""

from __future__ import annotations

from collections.abc import Iterator

from krapte_sd.equations.expressions import Expr, Number, Op, Ref, TimeRef, children

__all__ = ["HALF_STEP", "STARTING", "branches", "expand"]

#: Half the step of the run: STEP acts from the step nearest to its time.
HALF_STEP = Ref("'half_step")
#: 1 while initial values are worked out, then 0.
STARTING = Ref("'starting")
#: What Vensim takes for zero.
_SMALL = Number(1e-6)
_ZERO = Number(0.0)
_ONE = Number(1.0)
_IS_START = Op("<>", (STARTING, _ZERO))


def expand(expr: Expr) -> Expr:
    """Write out one function; its arguments are left as they are.

    The meaning is that of PySD 3.14.3, which follows Vensim: differences of time up to
    1e-6 do not count.

    Parameters
    ----------
    expr : Expr
        Any expression.
    """
    if not isinstance(expr, Op):
        return expr
    time = TimeRef()
    match expr.function, expr.args:
        case "step", (height, start):
            return _if(Op(">", (_add(time, HALF_STEP), start)), height, _ZERO)
        case "ramp", (slope, start, end):
            rise = Op("*", (slope, _sub(Op("min", (end, time)), start)))
            return _if(Op(">", (_add(time, _SMALL), start)), rise, _ZERO)
        case "pulse", (start, width):
            return _if(_both(Op("<=", (_sub(start, _SMALL), time)), Op("<", (time, _add(start, width)))), _ONE, _ZERO)
        case "pulse_train", (start, width, interval, end):
            within = _both(Op("<=", (start, time)), Op("<", (time, end)))
            since = _add(_sub(time, start), _SMALL)
            return _if(_both(within, Op("<", (_modulo(since, interval), width))), _ONE, _ZERO)
        case "quantum", (x, unit):
            return _quantum(x, unit)
        case "modulo", (x, unit):
            return _modulo(x, unit)
        case "log", (x, base):
            return Op("/", (Op("ln", (x,)), Op("ln", (base,))))
        case "active_initial", (running, initial):
            return _if(_IS_START, initial, running)
    return expr


def branches(expr: Expr, *, start: bool) -> Iterator[Ref]:
    """References that count at the start of a run, or later: the other branch of ACTIVE INITIAL is left out."""
    if isinstance(expr, Ref):
        yield expr
        return
    parts = children(expr)
    if isinstance(expr, Op) and expr.function == "if_then_else" and parts[0] == _IS_START:
        parts = parts[1:2] if start else parts[2:]
    for each in parts:
        yield from branches(each, start=start)


def _if(condition: Expr, yes: Expr, no: Expr) -> Expr:
    return Op("if_then_else", (condition, yes, no))


def _both(left: Expr, right: Expr) -> Expr:
    return Op("and", (left, right))


def _add(left: Expr, right: Expr) -> Expr:
    return Op("+", (left, right))


def _sub(left: Expr, right: Expr) -> Expr:
    return Op("-", (left, right))


def _quantum(x: Expr, unit: Expr) -> Expr:
    whole = Op("*", (unit, Op("integer", (Op("/", (x, unit)),))))
    return _if(Op("<", (unit, _SMALL)), x, whole)


def _modulo(x: Expr, unit: Expr) -> Expr:
    return _sub(x, _quantum(x, unit))
