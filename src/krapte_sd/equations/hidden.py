"""Variables that stand for a part of an equation: stocks of delays and smooths, inline tables.

Each has the name of its variable followed by two underscores and what it is, such as
``supply__delay1_stage2``. Delays keep stage times delay time, as Vensim does: stage k
follows ``d/dt s[k] = order*(inflow - s[k]/time)`` with the outflow of the stage before
as inflow, and the output is the last stage over the delay time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from krapte_sd.equations.expressions import Equation, Expr, Index, Number, Op, Ref, Span, walk
from krapte_sd.equations.model import Kind, Variable
from krapte_sd.equations.ranges import Ranges

__all__ = ["POINT", "Hidden", "Owner", "loops", "points_of", "table"]


#: Last index of a reference to a table: its points are never read one by one.
POINT = Index("'points", 0)


def table(points: list[tuple[np.ndarray, np.ndarray]], shape: tuple[int, ...]) -> np.ndarray:
    """Pack the points of lookups into one array of shape ``(*shape, 1 + 2*n)``."""
    longest = max(len(x) for x, _ in points)
    packed = np.zeros((len(points), 1 + 2 * longest))
    for row, (x, y) in zip(packed, points, strict=True):
        row[0] = len(x)
        row[1 : 1 + len(x)] = x
        row[1 + longest : 1 + longest + len(y)] = y
    return packed.reshape(*shape, -1)


def points_of(structure: Any) -> tuple[tuple[np.ndarray, np.ndarray] | None, str]:
    """Points of a lookup written in the file, or what is wrong with them."""
    x, y = np.array(structure.x, dtype=float), np.array(structure.y, dtype=float)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None, "the points of a lookup must be finite numbers"
    if (np.diff(x) <= 0).any():
        double = x[:-1][np.diff(x) <= 0][0]
        return None, f"the lookup has two points at {double:g}"
    return (x, y), ""


@dataclass(frozen=True)
class Owner:
    """The equation a hidden variable is a part of."""

    variable: str
    label: str
    unit: str
    group: str
    span: Span


@dataclass
class Hidden:
    """Makes hidden variables and keeps them."""

    ranges: Ranges
    variables: dict[str, Variable] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def name(self, owner: Owner, what: str) -> tuple[str, str]:
        """Give a new name, and a label, to a part of an equation."""
        number = self.counts[owner.variable, what] = self.counts.get((owner.variable, what), 0) + 1
        return f"{owner.variable}__{what}{number}", f"{owner.label}: {what} {number}"

    def _add(
        self,
        name: str,
        label: str,
        kind: Kind,
        dims: tuple[str, ...],
        owner: Owner,
        equations: tuple[Equation, ...] = (),
        initial: tuple[Equation, ...] = (),
        value: np.ndarray | None = None,
    ) -> None:
        doc = f"part of the equation of {owner.label}"
        self.variables[name] = Variable(
            name, label, kind, dims, owner.unit if kind != "stock" else "", doc, owner.group, equations, initial, value,
            None, (float("-inf"), float("inf")), owner.span, owner.variable,
        )  # fmt: skip

    def constant(self, owner: Owner, dims: tuple[str, ...], value: np.ndarray) -> Ref:
        """A list of numbers that is one of several definitions."""
        name, label = self.name(owner, "list")
        self._add(name, label, "constant", dims, owner, value=value)
        return Ref(name, tuple(Index(each) for each in dims))

    def lookup(self, owner: Owner, dims: tuple[str, ...], value: np.ndarray) -> Ref:
        """A table of points, see `table`."""
        name, label = self.name(owner, "table")
        self._add(name, label, "lookup", dims, owner, value=value)
        return Ref(name, (*(Index(each) for each in dims), POINT))

    def part(self, name: str, label: str, owner: Owner, dims: tuple[str, ...], expr: Expr, start: Expr | None) -> None:
        """A variable of a macro: an auxiliary, or with an initial value a stock."""
        if start is not None:
            self._stock(name, label, owner, dims, expr, start)
            return
        index = tuple(Index(each) for each in dims)
        self._add(name, label, "auxiliary", dims, owner, (Equation(index, expr, owner.span),))

    def _stock(self, name: str, label: str, owner: Owner, dims: tuple[str, ...], flow: Expr, start: Expr) -> Ref:
        index = tuple(Index(each) for each in dims)
        self._add(
            name, label, "stock", dims, owner,
            (Equation(index, flow, owner.span),), (Equation(index, start, owner.span),),
        )  # fmt: skip
        return Ref(name, index)

    def delay(self, owner: Owner, source: Expr, time: Expr, start: Expr, order: int) -> Expr:
        """DELAY1, DELAY3, DELAY N and their forms with an initial value."""
        dims = loops(source, time, start)
        inflow = source
        for name, label in self._stages(owner, "delay", order):
            own = Ref(name, tuple(Index(each) for each in dims))
            outflow = Op("/", (own, time))
            flow = Op("-", (inflow, outflow))
            if order > 1:
                flow = Op("*", (flow, Number(float(order))))
            self._stock(name, label, owner, dims, flow, Op("*", (start, time)))
            inflow = outflow
        return inflow

    def smooth(self, owner: Owner, source: Expr, time: Expr, start: Expr, order: int) -> Expr:
        """SMOOTH, SMOOTH3, SMOOTH N and their forms with an initial value."""
        dims = loops(source, time, start)
        target = source
        for name, label in self._stages(owner, "smooth", order):
            own = Ref(name, tuple(Index(each) for each in dims))
            gap = Op("-", (target, own))
            if order > 1:
                gap = Op("*", (gap, Number(float(order))))
            self._stock(name, label, owner, dims, Op("/", (gap, time)), start)
            target = own
        return target

    def _stages(self, owner: Owner, what: str, order: int) -> Iterator[tuple[str, str]]:
        """Name and label of each stock in a row of them; a single one has no number."""
        name, label = self.name(owner, what)
        if order == 1:
            yield name, label
            return
        for stage in range(1, order + 1):
            yield f"{name}_stage{stage}", f"{label}, stage {stage}"

    def average(self, owner: Owner, what: str, source: Expr, time: Expr, start: Expr) -> Ref:
        """Exponential average, as TREND and FORECAST keep it."""
        dims = loops(source, time, start)
        name, label = self.name(owner, what)
        own = Ref(name, tuple(Index(each) for each in dims))
        return self._stock(name, label, owner, dims, Op("/", (Op("-", (source, own)), time)), start)

    def sample(self, owner: Owner, condition: Expr, source: Expr, start: Expr, step: Ref) -> Expr:
        """SAMPLE IF TRUE: a value that is kept until the condition holds again."""
        dims = loops(condition, source, start)
        name, label = self.name(owner, "sample")
        own = Ref(name, tuple(Index(each) for each in dims))
        now = Op("if_then_else", (condition, source, own))
        self._stock(name, label, owner, dims, Op("/", (Op("-", (now, own)), step)), start)
        return now


def loops(*parts: Expr) -> tuple[str, ...]:
    """Ranges whose loops some expressions run over, those of SUM and the like left out."""
    keys = [
        each.key
        for part in parts
        for piece in walk(part)
        if isinstance(piece, Ref)
        for each in piece.index
        if each.key is not None
    ]
    return tuple(dict.fromkeys(key for key in keys if not key.endswith("!")))
