"""Turns the equations that a run needs into statements over arrays.

A statement assigns one array, element by element, or accumulates into one. Every
SUM, VMIN and VMAX becomes an array of its own, equal ones only once; the body of
every INITIAL likewise. Statements are sorted by what they depend on: nothing that
changes (``const``), the calendar year (``year``), time (``time``) or the state.
Functions that have no operator of their own, such as STEP, are written out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from krapte_sd.equations.checks import cover, overlap
from krapte_sd.equations.expressions import (
    LOOKUPS,
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
from krapte_sd.kernel.expand import HALF_STEP, STARTING, branches, expand

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
    mode : {"set", "sum", "prod", "vmin", "vmax"}
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
        self.widths: dict[str, int] = {}

    def result(self) -> Lowered:
        needed = self.model.needed((*self.out.save, *self.integrate))
        for name in needed:
            variable = self.model.variables[name]
            if variable.kind == "lookup" and variable.value is not None:
                width = variable.value.shape[-1]
                self.out.sizes[_points(width)] = width
                self.widths[name] = width
                self._slot(name, (*variable.dimensions, _points(width)), "lookup")
            else:
                role = "input" if variable.kind in ("constant", "control") else variable.kind
                self._slot(name, variable.dimensions, role)
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
            expr = rewrite(equation.expr, self._change)
            loops = self._ordered(each.key for each in equation.target if each.key is not None)
            self.statements.append(Statement(name, equation.target, "set", loops, expr))

    def _ordered(self, keys: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(set(keys), key=lambda key: (self.rank[key.rstrip("!")], key)))

    def _change(self, expr: Expr) -> Expr:
        expr = expand(expr)
        for part in walk(expr):
            if isinstance(part, Ref) and part.name in (HALF_STEP.name, STARTING.name):
                self._slot(part.name, (), "input")
        if isinstance(expr, Op) and expr.function in LOOKUPS:
            table, place = expr.args
            if isinstance(table, Ref):
                axis = Index(_points(self.widths[table.name]), 0)
                return Op(expr.function, (Ref(table.name, (*table.index[:-1], axis)), place))
        return self._lift(expr)

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
        roles = {"input": 0, "cell": 0, "lookup": 0, "stock": 3}
        classes = {name: roles[slot.role] for name, slot in self.out.slots.items() if slot.role in roles}
        for name, slot in self.out.slots.items():
            if slot.role == "data":
                classes[name] = 1 if self.model.variables[name].interpolation == "hold" else 2
        if STARTING.name in classes:
            # It is 0 again before the run begins, when everything that follows time is worked out anew.
            classes[STARTING.name] = 2
        # Again until nothing changes: the class of an array is the highest of its parts, which may read each other.
        before: dict[str, int] = {}
        while before != classes:
            before = dict(classes)
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
        writers = _writers(order)
        levels = dict.fromkeys(range(len(order)), 0)
        for _ in range(len(order) + 1):
            changed = False
            for number, each in enumerate(order):
                level = levels[number]
                for part in branches(each.expr, start=True):
                    through = 1 if part.name in bodies else 0
                    for other in _overlapping(writers, bodies.get(part.name, part.name), part.index):
                        level = max(level, levels[other] + through)
                changed |= level > levels[number]
                levels[number] = level
            if not changed:
                found = [levels[number] for number, each in enumerate(order) if each.target in bodies.values()]
                return 1 + max(found, default=0) if bodies else 0
        raise AssertionError("initial values depend on each other")


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
        tuple(
            replace(each, reduced=False) if each.reduced and (each.over or each.dimension) in plain else each
            for each in expr.index
        ),
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


def _points(width: int) -> str:
    """Name of the axis of the points of a table, with its length."""
    return f"'points {width}"


def _writers(statements: Sequence[Statement]) -> dict[str, list[tuple[int, tuple[frozenset[int] | None, ...]]]]:
    """Statements that write each slot, and the elements they write."""
    writers: dict[str, list[tuple[int, tuple[frozenset[int] | None, ...]]]] = {}
    for number, each in enumerate(statements):
        writers.setdefault(each.target, []).append((number, cover(each.index)))
    return writers


def _overlapping(
    writers: Mapping[str, list[tuple[int, tuple[frozenset[int] | None, ...]]]], name: str, index: tuple[Index, ...]
) -> list[int]:
    """Statements that write an element a reference reads."""
    found = writers.get(name, [])
    if len(found) < 2:
        return [number for number, _ in found]
    elements = cover(index)
    return [number for number, written in found if overlap(written, elements)]


def _sorted(statements: Sequence[Statement]) -> list[Statement]:
    """Sort statements so that each stands after those it reads from; the model check excludes circles."""
    writers = _writers(statements)
    order: list[Statement] = []
    done: set[int] = set()
    for root in range(len(statements)):
        todo = [root]
        while todo:
            number = todo[-1]
            if number in done:
                todo.pop()
                continue
            reads = sorted(
                (each for each in walk(statements[number].expr) if isinstance(each, Ref)), key=lambda each: each.name
            )
            before = [
                other for each in reads for other in _overlapping(writers, each.name, each.index) if other not in done
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
