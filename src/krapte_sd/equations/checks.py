"""Checks of a whole model that need more than one equation: loops, conditions, varying delays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from krapte_sd.equations.expressions import (
    CONDITIONS,
    TEST_INPUTS,
    Equation,
    Expr,
    Index,
    Initial,
    Number,
    Op,
    Ref,
    TimeRef,
    children,
    rewrite,
    walk,
)
from krapte_sd.equations.hidden import Owner
from krapte_sd.equations.model import Model, Variable, references

__all__ = ["Elements", "check_model", "cover", "evaluation_order", "overlap", "varying_delays"]

#: Elements an index takes at each position; None for all of them.
Elements = tuple[frozenset[int] | None, ...]
#: So many equations for single elements are made at most to resolve a circle.
_MOST = 20_000


def cover(index: Sequence[Index]) -> Elements:
    """Elements that a left-hand side or a reference takes."""
    return tuple(None if each.element is None and each.places is None else each.covers(0) for each in index)


def overlap(left: Elements, right: Elements) -> bool:
    """Tell whether two indices into the same variable share an element."""
    return all(a is None or b is None or not a.isdisjoint(b) for a, b in zip(left, right, strict=True))


def check_model(model: Model) -> tuple[Model, list[str]]:
    """Find what is wrong with a model as a whole.

    Parameters
    ----------
    model : Model
        A model whose single equations are all right.

    Returns
    -------
    Model
        The model; where equations depend on each other in a circle that goes through
        different elements, as in ``x[later]= x[earlier]``, they are given element by
        element, so that they can be evaluated one after the other.
    list of str
        Simultaneous equations, with the path, during the run and at its start
        apart; conditions where a number should stand.
    """
    problems = [
        problem
        for variable in model.variables.values()
        for equation in (*variable.equations, *variable.initial)
        for problem in _conditions(equation.expr, f"{equation.span}: in '{variable.label}'", wanted=False)
    ]
    phases = ((False, ""), (True, " for the initial values"), (None, ", through both values of ACTIVE INITIAL"))
    for start, where in phases:
        model, cycle = _resolve(model, start=start)
        if cycle:
            variables = [model.variables[each.variable] for each in cycle]
            path = " -> ".join(each.label for each in variables)
            span = cycle[0].equation(model).span
            problems.append(f"{span}: the equations depend on each other in a circle{where}: {path}")
            break
    return model, problems


# -- circles ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Node:
    """One equation: of a variable, or of the initial value of a stock."""

    variable: str
    initial: bool
    number: int

    def equation(self, model: Model) -> Equation:
        each = model.variables[self.variable]
        return (each.initial if self.initial else each.equations)[self.number]


def _resolve(model: Model, *, start: bool | None) -> tuple[Model, list[_Node]]:
    """Split equations until there is no circle, or only one that goes through the same element."""
    made = 0
    while True:
        cycle = _cycle(model, start=start)
        if not cycle:
            return model, []
        parts: dict[_Node, list[Equation]] = {}
        for node, reader in zip(cycle[1:], cycle, strict=False):
            keys = _uneven(reader.equation(model), node.equation(model), node.variable)
            for each in (reader, node):
                loops = {index.key for index in each.equation(model).target if index.key is not None}
                if each not in parts and keys & loops:
                    parts[each] = _split(each.equation(model), sorted(keys & loops), model)
        if not parts:
            for each in cycle:
                loops = {index.key for index in each.equation(model).target if index.key is not None}
                if loops:
                    parts[each] = _split(each.equation(model), sorted(loops), model)
        made += sum(len(each) for each in parts.values())
        if not parts or made > _MOST:
            return model, cycle
        model = _replaced(model, parts)


def _uneven(reader: Equation, writer: Equation, name: str) -> set[str]:
    """Loops in which an equation reads other elements of a variable than it computes."""
    found: set[str] = set()
    for part in walk(reader.expr):
        if isinstance(part, Ref) and part.name == name:
            for read, written in zip(part.index, writer.target, strict=True):
                if read != written:
                    found |= {each.key for each in (read, written) if each.key is not None}
    return found


def _split(equation: Equation, keys: Sequence[str], model: Model) -> list[Equation]:
    found = [equation]
    for key in keys:
        found = [_fixed(each, key, place) for each in found for place in range(len(model.ranges[key]))]
    return found


def _fixed(equation: Equation, key: str, place: int) -> Equation:
    """An equation for one turn of a loop."""

    def fix(index: tuple[Index, ...]) -> tuple[Index, ...]:
        return tuple(
            Index(each.dimension, place if each.places is None else each.places[place]) if each.key == key else each
            for each in index
        )

    def change(expr: Expr) -> Expr:
        return Ref(expr.name, fix(expr.index)) if isinstance(expr, Ref) else expr

    return Equation(fix(equation.target), rewrite(equation.expr, change), equation.span)


def _replaced(model: Model, parts: Mapping[_Node, list[Equation]]) -> Model:
    variables = dict(model.variables)
    for name in {each.variable for each in parts}:
        each = variables[name]
        new = {}
        for initial, old in ((False, each.equations), (True, each.initial)):
            new[initial] = tuple(
                equation
                for number, one in enumerate(old)
                for equation in parts.get(_Node(name, initial, number), [one])
            )
        variables[name] = replace(each, equations=new[False], initial=new[True])
    return replace(model, variables=variables)


def _cycle(model: Model, *, start: bool | None) -> list[_Node]:
    """A path of equations that ends where it begins, or nothing; without recursion, as chains can be long."""
    writers: dict[str, list[tuple[Elements, _Node]]] = {}
    for name, variable in model.variables.items():
        if variable.kind == "stock" and not start:
            continue
        initial = variable.kind == "stock"
        for number, equation in enumerate(variable.initial if initial else variable.equations):
            writers.setdefault(name, []).append((cover(equation.target), _Node(name, initial, number)))

    def before(node: _Node) -> list[_Node]:
        found: dict[_Node, None] = {}
        for part in _read(node.equation(model).expr, start=start):
            there = writers.get(part.name, ())
            elements = cover(part.index) if len(there) > 1 or part.name == node.variable else None
            for target, other in there:
                if elements is None or overlap(target, elements):
                    found[other] = None
        return list(found)

    done: set[_Node] = set()
    for root in [node for each in writers.values() for _, node in each]:
        if root in done:
            continue
        path, on_path = [root], {root}
        todo = [iter(before(root))]
        while path:
            following = next((each for each in todo[-1] if each not in done), None)
            if following is None:
                done.add(path[-1])
                on_path.discard(path.pop())
                todo.pop()
            elif following in on_path:
                return [*path[path.index(following) :], following]
            else:
                path.append(following)
                on_path.add(following)
                todo.append(iter(before(following)))
    return []


def _read(expr: Expr, *, start: bool | None) -> list[Ref]:
    """References an expression needs before it can be evaluated; see `model.references`.

    With None for `start`: those during the run, and those of ACTIVE INITIAL at the start, too: the kernel
    computes both of its values in one place.
    """
    if isinstance(expr, Initial) and not start:
        return []
    if isinstance(expr, Ref):
        return [expr]
    parts = children(expr)
    if isinstance(expr, Op) and expr.function == "active_initial" and start is not None:
        parts = parts[1:] if start else parts[:1]
    return [each for part in parts for each in _read(part, start=start)]


def evaluation_order(model: Model) -> tuple[str, ...]:
    """Variables in an order in which they can be evaluated during the run.

    Variables whose elements depend on each other's stand in any order.
    """

    def running(variable: Variable) -> set[str]:
        if variable.kind == "stock":
            return set()
        return set().union(*(references(each.expr, start=False) for each in variable.equations))

    return tuple(_sort(model.variables, running))


def _sort(variables: Mapping[str, Variable], depends: Callable[[Variable], set[str]]) -> list[str]:
    order: list[str] = []
    done: set[str] = set()
    for root in variables:
        if root in done:
            continue
        path = [root]
        todo = [iter(sorted(depends(variables[root])))]
        while path:
            following = next((each for each in todo[-1] if each not in done and each not in path), None)
            if following is None:
                done.add(path[-1])
                order.append(path.pop())
                todo.pop()
            else:
                path.append(following)
                todo.append(iter(sorted(depends(variables[following]))))
    return order


# -- single equations ------------------------------------------------------------------------------------------------


def varying_delays(variables: Mapping[str, Variable], delays: Sequence[tuple[Owner, Expr]]) -> list[str]:
    """Find DELAY N with a delay time that varies: programs differ in what it means.

    Parameters
    ----------
    variables : mapping of str to Variable
        All variables.
    delays : sequence of (Owner, Expr)
        The equations, and their delay times.
    """
    moving = {name for name, each in variables.items() if each.kind in ("stock", "data")}

    def moves(expr: Expr) -> bool:
        if isinstance(expr, Initial):
            return False
        if isinstance(expr, TimeRef) or (isinstance(expr, Op) and expr.function in TEST_INPUTS):
            return True
        return (isinstance(expr, Ref) and expr.name in moving) or any(moves(each) for each in children(expr))

    before = -1
    while delays and before < len(moving):
        before = len(moving)
        moving |= {name for name, each in variables.items() if any(moves(one.expr) for one in each.equations)}
    return [
        f"{owner.span}: in '{owner.label}': the delay time of DELAY N varies, which programs treat differently; "
        "use DELAY1 or DELAY3, or a constant delay time"
        for owner, time in delays
        if moves(time)
    ]


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
