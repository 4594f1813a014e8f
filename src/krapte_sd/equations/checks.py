"""Checks of a whole model that need more than one equation: completeness, loops, conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from krapte_sd.equations.expressions import CONDITIONS, Expr, Index, Number, Op, children
from krapte_sd.equations.model import Model, Variable, references

__all__ = ["check_model", "evaluation_order", "missing", "overlap"]


def overlap(left: Sequence[Index], right: Sequence[Index]) -> bool:
    """Tell whether two left-hand sides over the same dimensions share an element."""
    return all(
        a.element is None or b.element is None or a.element == b.element for a, b in zip(left, right, strict=True)
    )


def missing(parts: Sequence[Sequence[Index]], sizes: Sequence[int]) -> tuple[int, ...] | None:
    """First element that no left-hand side covers, or None."""
    covered = np.zeros(tuple(sizes), dtype=bool)
    for part in parts:
        covered[tuple(slice(None) if each.element is None else each.element for each in part)] = True
    if covered.all():
        return None
    return tuple(int(each[0]) for each in np.nonzero(~covered)) if covered.ndim else ()


def check_model(model: Model) -> list[str]:
    """Find what is wrong with a model as a whole.

    Parameters
    ----------
    model : Model
        A model whose single equations are all right.

    Returns
    -------
    list of str
        Simultaneous equations, with the path, during the run and at its start
        apart; conditions where a number should stand; dimensions without element.
    """
    problems = [
        problem
        for variable in model.variables.values()
        for equation in (*variable.equations, *variable.initial)
        for problem in _conditions(equation.expr, f"{equation.span}: in '{variable.label}'", wanted=False)
    ]
    for depends, where in ((_running, ""), (_starting, " for the initial values")):
        cycle = _sort(model.variables, depends)[1]
        if cycle:
            first = model.variables[cycle[0]]
            path = " -> ".join(model.variables[each].label for each in cycle)
            problems.append(f"{first.span}: the equations depend on each other in a circle{where}: {path}")
            break
    return problems


def evaluation_order(model: Model) -> tuple[str, ...]:
    """Variables in an order in which they can be evaluated during the run."""
    return tuple(_sort(model.variables, _running)[0])


def _running(variable: Variable) -> set[str]:
    """What a variable needs at any time of the run; stocks need nothing."""
    if variable.kind == "stock":
        return set()
    return set().union(*(references(each.expr, start=False) for each in variable.equations))


def _starting(variable: Variable) -> set[str]:
    """What a variable needs at the start of the run."""
    equations = variable.initial if variable.kind == "stock" else variable.equations
    return set().union(*(references(each.expr, start=True) for each in equations))


def _sort(
    variables: Mapping[str, Variable], depends: Callable[[Variable], set[str]]
) -> tuple[list[str], list[str] | None]:
    """Sort by dependence without recursion, as chains can be longer than Python's stack."""
    order: list[str] = []
    done: set[str] = set()
    for root in variables:
        if root in done:
            continue
        path = [root]
        on_path = {root}
        todo = [iter(sorted(depends(variables[root])))]
        while path:
            following = next((each for each in todo[-1] if each not in done), None)
            if following is None:
                finished = path.pop()
                on_path.discard(finished)
                todo.pop()
                done.add(finished)
                order.append(finished)
            elif following in on_path:
                return order, [*path[path.index(following) :], following]
            else:
                path.append(following)
                on_path.add(following)
                todo.append(iter(sorted(depends(variables[following]))))
    return order, None


def _conditions(expr: Expr, where: str, *, wanted: bool) -> list[str]:
    """Find conditions where numbers should stand, and numbers where conditions should."""
    problems: list[str] = []
    is_condition = isinstance(expr, Op) and expr.function in CONDITIONS
    if is_condition and not wanted:
        problems.append(f"{where}: a comparison stands where a number is needed; use IF THEN ELSE(..., 1, 0)")
    if wanted and not is_condition:
        shown = f"{expr.value:g}" if isinstance(expr, Number) else "a number"
        problems.append(f"{where}: {shown} stands where a condition is needed; compare it, as in 'x > 0'")
    for position, each in enumerate(children(expr)):
        inner = isinstance(expr, Op) and (
            expr.function in ("and", "or", "not") or (expr.function == "if_then_else" and position == 0)
        )
        problems += _conditions(each, where, wanted=inner)
    return problems
