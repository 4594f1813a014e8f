"""Turns the equations that a run needs into statements over arrays.

A statement assigns one array, element by element, or accumulates into one. Every
SUM, VMIN and VMAX becomes an array of its own, equal ones only once; the body of
every INITIAL likewise. Statements are sorted by what they depend on: nothing that
changes (``const``), the calendar year (``year``), time (``time``) or the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from krapte_sd.equations.expressions import (
    Equation,
    Expr,
    Index,
    Initial,
    Number,
    Op,
    Reduce,
    Ref,
    TimeRef,
    children,
    rewrite,
    walk,
)
from krapte_sd.equations.model import Model

__all__ = ["YEAR", "Lowered", "Slot", "Statement", "lower"]

CLASSES = ("const", "year", "time", "state")
#: The calendar year, as written in a model file.
YEAR = Op("integer", (TimeRef(),))


@dataclass(frozen=True)
class Slot:
    """An array in the workspace: a variable, or a temporary of the kernel."""

    name: str
    dims: tuple[str, ...]
    size: int
    role: str


@dataclass(frozen=True)
class Statement:
    """One assignment over loops.

    Attributes
    ----------
    target : str
        Slot that is written.
    index : tuple of Index
        Where in it.
    mode : {"set", "sum", "vmin", "vmax"}
        Assign, or accumulate.
    loops : tuple of str
        Loop keys, outermost first.
    expr : Expr
        References are to slots; there is no Reduce and no Initial in it.
    """

    target: str
    index: tuple[Index, ...]
    mode: str
    loops: tuple[str, ...]
    expr: Expr

    @property
    def reads(self) -> set[str]:
        """Slots it reads."""
        return {each.name for each in walk(self.expr) if isinstance(each, Ref)}


@dataclass
class Lowered:
    """Everything the source of a kernel is made from.

    Attributes
    ----------
    sizes : dict of str to int
        Length of every dimension.
    slots : dict of str to Slot
        All arrays.
    phases : dict of str to list of Statement
        ``const``, ``year``, ``time``, ``rates`` (what the stocks and integrals
        need), ``outputs`` (what is only saved), ``start`` (initial values only),
        each in an order in which it can be evaluated.
    stocks, rates, integrals, integrands : list of str
        Slots of the state and of its derivatives, in the same order.
    copies : list of (str, str)
        Slot of an initial value, and the slot it is copied to at the start.
    passes : int
        How often the start must be repeated until every initial value, which
        may depend on others, is settled.
    save : tuple of str
        Variables wanted at points of time.
    """

    sizes: dict[str, int]
    slots: dict[str, Slot] = field(default_factory=dict)
    phases: dict[str, list[Statement]] = field(default_factory=dict)
    stocks: list[str] = field(default_factory=list)
    rates: list[str] = field(default_factory=list)
    integrals: list[str] = field(default_factory=list)
    integrands: list[str] = field(default_factory=list)
    copies: list[tuple[str, str]] = field(default_factory=list)
    passes: int = 0
    save: tuple[str, ...] = ()


def lower(model: Model, save: Sequence[str], integrate: Sequence[str]) -> Lowered:
    """Make the statements that a run with these outputs needs.

    Parameters
    ----------
    model : Model
        The model.
    save, integrate : sequence of str
        Variables wanted at points of time, and integrated over each year.
    """
    return _Lowering(model, tuple(save), tuple(integrate)).result()


class _Lowering:
    def __init__(self, model: Model, save: tuple[str, ...], integrate: tuple[str, ...]) -> None:
        self.model = model
        self.out = Lowered({name: len(each) for name, each in model.ranges.items()}, save=save)
        self.integrate = integrate
        self.rank = _ranks(model)
        self.statements: list[Statement] = []
        self.shared: dict[Expr, Ref] = {}

    def result(self) -> Lowered:
        needed = self.model.needed((*self.out.save, *self.integrate))
        for name in needed:
            variable = self.model.variables[name]
            self._slot(name, variable.dimensions, "input" if variable.kind == "constant" else variable.kind)
        for name in needed:
            variable = self.model.variables[name]
            if variable.kind == "stock":
                rate, start = f"{name}'rate", f"{name}'start"
                self.out.stocks.append(name)
                self.out.rates.append(self._slot(rate, variable.dimensions, "rate"))
                self._define(rate, variable.equations)
                self._define(self._slot(start, variable.dimensions, "temporary"), variable.initial)
                self.out.copies.append((start, name))
            elif variable.kind == "auxiliary":
                self._define(name, variable.equations)
        order = _sorted(self.statements)
        classes = self._classes(order)
        for name in self.integrate:
            self._integral(name, classes, order)
        self._phases(order, classes)
        self.out.passes = self._depth(order)
        return self.out

    # -- statements --------------------------------------------------------------------------------------------------

    def _slot(self, name: str, dims: tuple[str, ...], role: str) -> str:
        size = 1
        for each in dims:
            size *= self.out.sizes[each]
        self.out.slots[name] = Slot(name, dims, size, role)
        return name

    def _define(self, name: str, equations: Iterable[Equation]) -> None:
        for equation in equations:
            expr = rewrite(equation.expr, self._lift)
            loops = self._ordered(each.dimension for each in equation.target if each.element is None)
            self.statements.append(Statement(name, equation.target, "set", loops, expr))

    def _ordered(self, keys: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(set(keys), key=lambda key: (self.rank[key.rstrip("!")], key)))

    def _lift(self, expr: Expr) -> Expr:
        """Give a SUM, or the body of an INITIAL, an array of its own; `rewrite` comes from the inside out."""
        if not isinstance(expr, Reduce | Initial):
            return expr
        if expr in self.shared:
            return self.shared[expr]
        number = len(self.shared)
        if isinstance(expr, Initial):
            dims = self._ordered(_keys(expr.body))
            index = tuple(Index(each) for each in dims)
            body = self._slot(f"initial{number}'start", dims, "temporary")
            cell = self._slot(f"initial{number}", dims, "cell")
            self.statements.append(Statement(body, index, "set", dims, expr.body))
            self.out.copies.append((body, cell))
            reference = Ref(cell, index)
        else:
            keys = _keys(expr.body)
            free = keys - {each + "!" for each in expr.over}
            plain = {each for each in expr.over if each not in free}
            body_expr = rewrite(expr.body, lambda each: _unmark(each, plain))
            dims = self._ordered(free)
            index = tuple(Index(each) for each in dims)
            name = self._slot(f"{expr.function}{number}", dims, "temporary")
            self.statements.append(Statement(name, index, expr.function, self._ordered(_keys(body_expr)), body_expr))
            reference = Ref(name, index)
        self.shared[expr] = reference
        return reference

    def _integral(self, name: str, classes: Mapping[str, int], order: list[Statement]) -> None:
        """Give an integrated variable a place beside the rates; state variables are computed right there."""
        dims = self.model.variables[name].dimensions
        integrand = name
        if self.out.slots[name].role != "auxiliary" or classes[name] < CLASSES.index("state"):
            integrand = self._slot(f"{name}'integrand", dims, "rate")
            index = tuple(Index(each) for each in dims)
            order.append(Statement(integrand, index, "set", self._ordered(dims), Ref(name, index)))
        else:
            self._slot(name, dims, "rate")
        self.out.integrands.append(integrand)
        self.out.integrals.append(self._slot(f"{name}'integral", dims, "integral"))

    # -- classes and phases ------------------------------------------------------------------------------------------

    def _classes(self, order: Sequence[Statement]) -> dict[str, int]:
        roles = {"input": 0, "cell": 0, "stock": 3}
        classes = {name: roles[slot.role] for name, slot in self.out.slots.items() if slot.role in roles}
        for name, slot in self.out.slots.items():
            if slot.role == "data":
                classes[name] = 1 if self.model.variables[name].interpolation == "hold" else 2
        for each in order:
            classes[each.target] = max(classes.get(each.target, 0), _class(each.expr, classes))
        return classes

    def _phases(self, order: Sequence[Statement], classes: dict[str, int]) -> None:
        rates = _closure(order, (*self.out.rates, *self.out.integrands))
        outputs = _closure(order, self.out.save)
        phases: dict[str, list[Statement]] = {
            each: [] for each in ("const", "year", "time", "rates", "outputs", "start")
        }
        for each in order:
            kind = CLASSES[classes.get(each.target, 3)]
            if each.target in self.out.rates or each.target in self.out.integrands:
                # Rates are zeroed with the workspace, but belong to the state whatever they depend on.
                kind = "state"
            if kind == "state":
                kind = "rates" if each.target in rates else "outputs" if each.target in outputs else "start"
            phases[kind].append(each)
        self.out.phases = phases

    def _depth(self, order: Sequence[Statement]) -> int:
        """Length of the longest chain of initial values that depend on each other."""
        bodies = {cell: body for body, cell in self.out.copies}
        needs = {cell: _closure(order, (body,)) & set(bodies) for cell, body in bodies.items()}
        levels: dict[str, int] = {}
        while len(levels) < len(needs):
            ready = {cell for cell, before in needs.items() if cell not in levels and before <= set(levels)}
            if not ready:
                raise AssertionError("initial values depend on each other")
            levels |= {cell: 1 + max((levels[each] for each in needs[cell]), default=0) for cell in ready}
        return max(levels.values(), default=0)


def _ranks(model: Model) -> dict[str, float]:
    """Order of the loops: dimensions that stand last in large variables run innermost."""
    position = dict.fromkeys(model.ranges, 0.0)
    weight = dict.fromkeys(model.ranges, 1e-9)
    for name, variable in model.variables.items():
        size = 1.0
        for each in model.shape(name):
            size *= each
        for place, dimension in enumerate(variable.dimensions):
            position[dimension] += size * (place + 1) / len(variable.dimensions)
            weight[dimension] += size
    order = sorted(model.ranges, key=lambda each: position[each] / weight[each])
    return {each: float(place) for place, each in enumerate(order)}


def _keys(expr: Expr) -> set[str]:
    return {each.key for part in walk(expr) if isinstance(part, Ref) for each in part.index if each.key is not None}


def _unmark(expr: Expr, plain: set[str]) -> Expr:
    if not isinstance(expr, Ref):
        return expr
    return Ref(
        expr.name,
        tuple(Index(each.dimension) if each.reduced and each.dimension in plain else each for each in expr.index),
    )


def _class(expr: Expr, classes: Mapping[str, int]) -> int:
    if expr == YEAR:
        return 1
    if isinstance(expr, TimeRef):
        return 2
    if isinstance(expr, Ref):
        return classes[expr.name]
    if isinstance(expr, Number):
        return 0
    return max(_class(each, classes) for each in children(expr))


def _sorted(statements: Sequence[Statement]) -> list[Statement]:
    """Sort statements so that each stands after those it reads from; the model check excludes circles."""
    writers: dict[str, list[int]] = {}
    for number, each in enumerate(statements):
        writers.setdefault(each.target, []).append(number)
    order: list[Statement] = []
    done: set[int] = set()
    for root in range(len(statements)):
        todo = [root]
        while todo:
            number = todo[-1]
            if number in done:
                todo.pop()
                continue
            before = [
                each for name in sorted(statements[number].reads) for each in writers.get(name, ()) if each not in done
            ]
            if before:
                todo.extend(before)
            else:
                todo.pop()
                done.add(number)
                order.append(statements[number])
    return order


def _closure(order: Sequence[Statement], roots: Iterable[str]) -> set[str]:
    """All slots some slots are computed from, themselves included."""
    found = set(roots)
    for each in reversed(order):
        if each.target in found:
            found |= each.reads
    return found
