"""Puts the definitions of a variable together: numbers, tables, equations, or a mixture of them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from krapte_sd.equations.convert import Converter, Scope
from krapte_sd.equations.declare import Box, Declaration, Part
from krapte_sd.equations.expressions import Equation, Expr, Number, Op, TimeRef
from krapte_sd.equations.external import TableError, Tables
from krapte_sd.equations.hidden import Owner, points_of, table
from krapte_sd.equations.model import Kind, Variable
from krapte_sd.equations.ranges import Ranges

__all__ = ["Assembler", "split_unit"]

_LIMITS = re.compile(r"^(?P<unit>.*?)\s*\[(?P<limits>[^\[\]]*)\]$")
_TABBED = re.compile(r"TABBED\s+ARRAY", re.IGNORECASE)
_KEYWORDS = {
    None: "lookup", "interpolate": "lookup", "hold_backward": "lookup_backward", "look_forward": "lookup_forward",
}  # fmt: skip
Points = tuple[np.ndarray, np.ndarray]


def split_unit(text: str) -> tuple[str, tuple[float | None, float | None], str]:
    """Cut the limits off a unit.

    Returns
    -------
    str
        The unit.
    tuple of float or None
        Lowest and highest value; infinite where limits are written without one.
    str
        What is wrong with the limits.
    """
    found = _LIMITS.match(text)
    if not found:
        return text, (None, None), ""
    try:
        low, high = (None if each.strip() == "?" else float(each) for each in found["limits"].split(",")[:2])
    except ValueError:
        problem = f"limits must be '[low,high]' with numbers or '?', found '[{found['limits']}]'"
        return found["unit"], (None, None), problem
    # Written limits without a lower one allow negative values; see the guard in the kernel.
    return found["unit"], (-math.inf if low is None else low, math.inf if high is None else high), ""


@dataclass
class _Pieces:
    """What the definitions of one variable come to."""

    kinds: list[str] = field(default_factory=list)
    numbers: list[tuple[Part, Box, np.ndarray]] = field(default_factory=list)
    points: list[tuple[Part, Box, list[Points]]] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    initial: list[Equation] = field(default_factory=list)


class Assembler:
    """Makes the variables of one file.

    Parameters
    ----------
    converter : Converter
        Converts the expressions; collects the problems.
    tables : Tables
        Reads tables beside the file.
    """

    def __init__(self, converter: Converter, tables: Tables) -> None:
        self.converter = converter
        self.ranges: Ranges = converter.ranges
        self.tables = tables

    def variable(self, declaration: Declaration) -> Variable:
        """Make one variable; problems are left with the converter."""
        first = declaration.parts[0]
        unit, limits, problem = split_unit(next((each.entry.unit for each in declaration.parts if each.entry.unit), ""))
        if problem:
            self._say(first, problem)
        owner = Owner(declaration.variable, declaration.label, unit, first.entry.group, first.span)
        pieces = _Pieces()
        for part in declaration.parts:
            self._part(declaration, part, Owner(*vars(owner).values()), pieces)
        kind = self._kind(declaration, pieces)
        if kind == "auxiliary":
            self._numbers_as_equations(declaration, owner, pieces)
        keyword = getattr(first.component, "keyword", None)
        return Variable(
            declaration.variable, declaration.label, kind, declaration.dimensions, unit,
            next((each.entry.doc for each in declaration.parts if each.entry.doc), ""), first.entry.group,
            tuple(pieces.equations) if kind in ("auxiliary", "stock") else (),
            tuple(pieces.initial) if kind == "stock" else (), self._value(declaration, kind, pieces),
            {"interpolate": "linear", "hold_backward": "hold"}.get(keyword) if kind == "data" else None,  # type: ignore[arg-type]
            limits, first.span,
        )  # fmt: skip

    def _say(self, part: Part, text: str) -> None:
        self.converter.problems.append(f"{part.span}: {text}")

    # -- one definition ----------------------------------------------------------------------------------------------

    def _part(self, declaration: Declaration, part: Part, owner: Owner, pieces: _Pieces) -> None:
        tree = part.component.ast
        kind = type(tree).__name__.removesuffix("Structure").lower()
        whole = len(part.boxes) == 1 and all(name in self.ranges.raw for name in part.names)
        if kind == "data":
            pieces.kinds.append("data")
            if part.component.keyword not in ("interpolate", "hold_backward"):
                self._say(
                    part,
                    f"'{declaration.label}' has a keyword that is not supported without a table; "
                    "use ':INTERPOLATE:' or ':HOLD BACKWARD:'",
                )
            if not whole:
                self._say(part, f"the data variable '{declaration.label}' must be declared over whole ranges")
        elif isinstance(tree, float) and np.isnan(tree):
            pieces.kinds.append("input")
            if not whole:
                self._say(part, f"the input '{declaration.label}' must be declared over whole ranges")
        elif kind in ("lookups", "getlookups"):
            pieces.kinds.append("lookup")
            self._lookup(declaration, part, tree, pieces)
        elif isinstance(tree, np.ndarray) or kind == "getconstants":
            pieces.kinds.append("constant")
            self._list(declaration, part, tree, pieces)
        else:
            owner = Owner(owner.variable, owner.label, owner.unit, owner.group, part.span)
            for box in part.boxes:
                self._equation(declaration, part, box, owner, pieces)

    def _equation(self, declaration: Declaration, part: Part, box: Box, owner: Owner, pieces: _Pieces) -> None:
        tree = part.component.ast
        scope = Scope(owner, declaration.bindings(part, box, self.ranges))
        start: Expr | None = None
        if type(tree).__name__ == "GetDataStructure":
            expr = self._data(declaration, part, box, owner)
        else:
            expr, start = self.converter.right_hand_side(tree, scope)
        if isinstance(expr, Number) and start is None:
            pieces.kinds.append("constant")
            pieces.numbers.append((part, box, np.array(expr.value)))
            return
        target = declaration.target(part, box, self.ranges)
        pieces.kinds.append("auxiliary" if start is None else "stock")
        pieces.equations.append(Equation(target, expr, part.span))
        if start is not None:
            pieces.initial.append(Equation(target, start, part.span))

    def _lengths(self, part: Part, box: Box) -> tuple[int, ...]:
        """Lengths of the ranges of a left-hand side, elements left out."""
        return tuple(len(labels) for name, labels in zip(part.names, box, strict=True) if name in self.ranges.raw)

    def _whole_box(self, declaration: Declaration, part: Part, what: str) -> Box:
        if len(part.boxes) > 1 or any(
            name in self.ranges.raw and len(labels) < len(self.ranges.known[name])
            for name, labels in zip(part.names, part.boxes[0], strict=True)
        ):
            self._say(part, f"'{declaration.label}': {what} and :EXCEPT: together are not supported")
        return part.boxes[0]

    def _list(self, declaration: Declaration, part: Part, tree: Any, pieces: _Pieces) -> None:
        box = self._whole_box(declaration, part, "a list of numbers")
        shape = self._lengths(part, box)
        if isinstance(tree, np.ndarray):
            if not np.isfinite(tree).all():
                self._say(part, f"the list of '{declaration.label}' holds a number that is not finite")
                return
            tabbed = _TABBED.search(part.entry.equation) and tree.size == math.prod(shape)
            if np.squeeze(tree).shape != tuple(each for each in shape if each > 1) and not tabbed:
                self._say(
                    part, f"the list of '{declaration.label}' has shape {tree.shape}, its subscripts have {shape}"
                )
                return
            value = tree
        else:
            try:
                value = self.tables.constants(tree.file, tree.tab, tree.cell, shape)
            except TableError as error:
                self._say(part, f"in '{declaration.label}': {error}")
                return
        pieces.numbers.append((part, box, value.reshape([len(labels) for labels in box])))

    def _lookup(self, declaration: Declaration, part: Part, tree: Any, pieces: _Pieces) -> None:
        for box in part.boxes:
            count = math.prod(len(labels) for labels in box)
            if type(tree).__name__ == "LookupsStructure":
                points, problem = points_of(tree)
                if points is None:
                    self._say(part, f"in '{declaration.label}': {problem}")
                    return
                pieces.points.append((part, box, [points] * count))
                continue
            found = self._series(declaration, part, box, tree.x_row_or_col, tree)
            if found is None:
                return
            pieces.points.append((part, box, found))

    def _series(self, declaration: Declaration, part: Part, box: Box, line: str, tree: Any) -> list[Points] | None:
        box = self._whole_box(declaration, part, "a table")
        try:
            return self.tables.series(tree.file, tree.tab, line, tree.cell, self._lengths(part, box))
        except TableError as error:
            self._say(part, f"in '{declaration.label}': {error}")
            return None

    def _data(self, declaration: Declaration, part: Part, box: Box, owner: Owner) -> Expr:
        """Data from a table: a lookup in time."""
        tree = part.component.ast
        keyword = getattr(part.component, "keyword", None)
        if keyword not in _KEYWORDS:
            self._say(
                part,
                f"'{declaration.label}': ':{str(keyword).upper().replace('_', ' ')}:' has no value between its times; "
                "use ':INTERPOLATE:', ':HOLD BACKWARD:' or ':LOOK FORWARD:'",
            )
            return Op("abs", (TimeRef(),))
        points = self._series(declaration, part, box, tree.time_row_or_col, tree)
        if points is None:
            return Op("abs", (TimeRef(),))
        bound = declaration.bindings(part, box, self.ranges)
        loops = [each.key for each in bound.values() if each.key is not None]
        shape = tuple(len(self.ranges.known[each]) for each in loops)
        reference = self.converter.hidden.lookup(owner, tuple(loops), table(points, shape))
        return Op(_KEYWORDS[keyword], (reference, TimeRef()))

    # -- all of them -------------------------------------------------------------------------------------------------

    def _kind(self, declaration: Declaration, pieces: _Pieces) -> Kind:
        found = set(pieces.kinds)
        if found == {"constant", "auxiliary"}:
            return "auxiliary"
        if len(found) > 1:
            listed = ", ".join(sorted(found))
            self._say(declaration.parts[0], f"the parts of '{declaration.label}' are of different kinds: [{listed}]")
        return pieces.kinds[0]  # type: ignore[return-value]

    def _numbers_as_equations(self, declaration: Declaration, owner: Owner, pieces: _Pieces) -> None:
        """Numbers that define some elements of a variable whose others have equations."""
        for part, box, value in pieces.numbers:
            target = declaration.target(part, box, self.ranges)
            expr: Expr
            if value.ndim == 0 or value.size == 1:
                expr = Number(float(value.ravel()[0]))
            else:
                bound = declaration.bindings(part, box, self.ranges)
                loops = tuple(each.key for each in bound.values() if each.key is not None)
                here = Owner(owner.variable, owner.label, owner.unit, owner.group, part.span)
                sizes = [len(self.ranges.known[each]) for each in loops]
                expr = self.converter.hidden.constant(here, loops, value.reshape(sizes))
            pieces.equations.append(Equation(target, expr, part.span))

    def _value(self, declaration: Declaration, kind: str, pieces: _Pieces) -> np.ndarray | None:
        sizes = tuple(len(self.ranges.known[each]) for each in declaration.dimensions)
        places = [
            {label: place for place, label in enumerate(self.ranges.known[each].labels)}
            for each in declaration.dimensions
        ]

        def where(box: Box) -> Any:
            return np.ix_(*([place[label] for label in labels] for place, labels in zip(places, box, strict=True)))

        if kind == "constant":
            value = np.full(sizes, np.nan)
            for _, box, numbers in pieces.numbers:
                value[where(box)] = numbers
            return value
        if kind == "lookup" and pieces.points:
            every = [each for _, _, points in pieces.points for each in points]
            numbers = np.full(sizes, -1)
            first = 0
            for _, box, points in pieces.points:
                numbers[where(box)] = np.arange(first, first + len(points)).reshape([len(labels) for labels in box])
                first += len(points)
            return table([every[each] for each in numbers.ravel()], sizes)
        return None
