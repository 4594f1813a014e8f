"""Which effects vanish when an input is zero: what a switch cuts, read from the equations."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import replace

from krapte_sd.equations.expressions import Equation, Expr, Initial, Number, Op, Reduce, Ref, rewrite, walk
from krapte_sd.equations.graph import running
from krapte_sd.equations.model import Model
from krapte_sd.errors import ModelError, nearest

__all__ = ["cut_edges"]

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def cut_edges(model: Model, name: str) -> frozenset[tuple[str, str]]:
    """Give the effects of one variable on another that vanish when an input is zero.

    Parameters
    ----------
    model : Model
        The model.
    name : str
        An input, such as the switch of a loop.

    Returns
    -------
    frozenset of tuple of str
        From and to. An effect that remains at the start of the run only counts as gone.

    Raises
    ------
    ModelError
        If there is no such variable.

    Notes
    -----
    The equations that use the input are simplified with zero in its place: what is multiplied by zero is gone, so is
    the branch of IF THEN ELSE that is not taken. An effect that stays in any other place of an equation stays.
    """
    if name not in model.variables:
        raise ModelError(f"'{name}' is not a variable of the model{nearest(name, model.variables)}")
    found = set()
    for user, variable in model.variables.items():
        if not any(_uses(each, name) for each in variable.equations):
            continue
        changed = replace(variable, equations=tuple(_without(each, name) for each in variable.equations))
        less = replace(model, variables={**model.variables, user: changed})
        found |= {(source, user) for source in running(model, user) - running(less, user) - {name}}
    return frozenset(found)


def _uses(equation: Equation, name: str) -> bool:
    return any(isinstance(part, Ref) and part.name == name for part in walk(equation.expr))


def _without(equation: Equation, name: str) -> Equation:
    def change(expr: Expr) -> Expr:
        if isinstance(expr, Ref) and expr.name == name:
            return Number(0.0)
        return _simple(expr)

    return replace(equation, expr=rewrite(equation.expr, change))


def _simple(expr: Expr) -> Expr:
    """Carry out what is known; the parts of the expression are simple already."""
    match expr:
        case Initial(Number()) | Reduce("sum", _, Number(0.0)):
            return expr.body
        case Op(function, (Number(a), Number(b))) if function in _ARITHMETIC:
            return Number(float(_ARITHMETIC[function](a, b)))
        case Op("*", (Number(0.0), _)) | Op("*", (_, Number(0.0))) | Op("/" | "zidz", (Number(0.0), _)):
            return Number(0.0)
        case Op("*", (Number(1.0), other)) | Op("*", (other, Number(1.0))) | Op("/", (other, Number(1.0))):
            return other
        case Op("+", (Number(0.0), other)) | Op("+" | "-", (other, Number(0.0))):
            return other
        case Op("-", (Number(0.0), other)):
            return Op("neg", (other,))
        case Op("neg", (Number(a),)):
            return Number(-a)
        case Op("exp", (Number(a),)):
            return Number(math.exp(a))
        case Op("if_then_else", (Number(a), yes, no)):
            return yes if a else no
        case _:
            return expr
