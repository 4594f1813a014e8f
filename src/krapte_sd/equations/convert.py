"""Turns PySD's syntax trees into our expressions, collecting what is not supported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from krapte_sd.equations.expressions import (
    ARITY,
    REDUCERS,
    Expr,
    Index,
    Initial,
    Number,
    Op,
    Reduce,
    Ref,
    Span,
    TimeRef,
)
from krapte_sd.equations.model import Dimension
from krapte_sd.errors import nearest

__all__ = ["Converter", "Declaration"]

_FUNCTIONS = {
    "if_then_else", "max", "min", "exp", "ln", "sqrt", "abs", "integer", "xidz", "zidz",
}  # fmt: skip
_SUPPORTED = sorted({*(each.upper().replace("_", " ") for each in _FUNCTIONS | REDUCERS), "POWER", "INITIAL", "INTEG"})
_NAMES = {
    "delay": "DELAY", "delayn": "DELAY N", "delayfixed": "DELAY FIXED", "smooth": "SMOOTH", "smoothn": "SMOOTH N",
    "trend": "TREND", "forecast": "FORECAST", "sampleiftrue": "SAMPLE IF TRUE", "game": "GAME",
    "inlinelookups": "WITH LOOKUP", "lookups": "a lookup", "allocateavailable": "ALLOCATE AVAILABLE",
    "allocatebypriority": "ALLOCATE BY PRIORITY",
}  # fmt: skip


#: Deeper equations are refused, as each level of them costs levels of Python's stack.
_DEEPEST = 100


def _depth(tree: Any) -> int:
    """Depth of an expression once its operators are taken two by two."""
    deepest, todo = 0, [(tree, 1)]
    while todo:
        each, depth = todo.pop()
        deepest = max(deepest, depth)
        parts = list(vars(each).values()) if hasattr(each, "__dataclass_fields__") else []
        count = len(getattr(each, "operators", ()))
        for part in parts:
            inner = part if isinstance(part, tuple | list) else (part,)
            todo += [(value, depth + max(count, 1)) for value in inner if hasattr(value, "__dataclass_fields__")]
    return deepest


@dataclass
class Declaration:
    """What is known of a variable before its expressions are read."""

    label: str
    dimensions: tuple[str, ...]
    variable: str = ""
    parts: list[tuple[Any, tuple[Index, ...], Any]] = field(default_factory=list)


@dataclass
class _Scope:
    """What an expression may refer to."""

    span: Span
    label: str
    loops: frozenset[str]
    marked: list[str] | None = None
    initial: bool = False


class Converter:
    """Converts the syntax trees of one file.

    Parameters
    ----------
    names : mapping of str to str
        Lower snake name by the key PySD's references carry.
    declared : mapping of str to Declaration
        Declarations by the same key.
    ranges : mapping of str to Dimension
        The subscript ranges.
    failed : collection of str
        Keys of entries that could not be read and are reported already.
    """

    def __init__(
        self,
        names: Mapping[str, str],
        declared: Mapping[str, Declaration],
        ranges: Mapping[str, Dimension],
        failed: Collection[str],
    ) -> None:
        self.names = names
        self.declared = declared
        self.ranges = ranges
        self.failed = failed
        self.problems: list[str] = []

    def part(self, component: Any, target: tuple[Index, ...], span: Span, label: str) -> tuple[str, Any, Expr | None]:
        """Convert one definition.

        Returns
        -------
        kind : str
            Kind of variable this definition makes.
        expr : Expr, numpy.ndarray or None
            Right-hand side, or the numbers of a list.
        initial : Expr or None
            Initial value of a stock.
        """
        if type(component).__name__ == "Data":
            if component.keyword not in ("interpolate", "hold_backward"):
                self.problems.append(
                    f"{span}: '{label}' has a keyword that is not supported; use ':INTERPOLATE:' or ':HOLD BACKWARD:'"
                )
            if any(each.element is not None for each in target):
                self.problems.append(f"{span}: the data variable '{label}' must be declared over whole ranges")
            return "data", None, None
        tree = component.ast
        if _depth(tree) > _DEEPEST:
            self.problems.append(f"{span}: the equation of '{label}' is nested more than {_DEEPEST} deep; split it")
            return "auxiliary", Number(1.0), None
        scope = _Scope(span, label, frozenset(each.dimension for each in target if each.element is None))
        if isinstance(tree, np.ndarray):
            if not np.isfinite(tree).all():
                self.problems.append(f"{span}: the list of '{label}' holds a number that is not finite")
            return "constant", tree, None
        if isinstance(tree, int | float) and not isinstance(tree, bool):
            if np.isnan(tree):
                if any(each.element is not None for each in target):
                    self.problems.append(f"{span}: the input '{label}' must be declared over whole ranges")
                return "input", None, None
            return "constant", Number(float(tree)), None
        if type(tree).__name__ == "IntegStructure":
            return "stock", self.expr(tree.flow, scope), self.expr(tree.initial, scope)
        expr = self.expr(tree, scope)
        return ("constant" if isinstance(expr, Number) else "auxiliary"), expr, None

    def expr(self, tree: Any, scope: _Scope) -> Expr:
        """Convert an expression; problems give a number in its place, so that reading goes on."""
        kind = type(tree).__name__.removesuffix("Structure").lower()
        if isinstance(tree, int | float) and not isinstance(tree, bool):
            if np.isfinite(tree):
                return Number(float(tree))
            return self._problem(scope, "':NA:' must stand alone on the right-hand side (an input)")
        match kind:
            case "arithmetic":
                return self._arithmetic(tree, scope)
            case "logic":
                return self._logic(tree, scope)
            case "reference":
                return self._reference(tree, scope)
            case "call":
                return self._call(tree, scope)
            case "initial":
                inner = _Scope(scope.span, scope.label, scope.loops, None, initial=True)
                return Initial(self.expr(tree.initial, inner))
            case "integ":
                return self._problem(scope, "INTEG must stand alone on the right-hand side")
            case "ndarray":
                return self._problem(scope, "a list of numbers must stand alone on the right-hand side")
            case "str":
                return self._problem(scope, f"text '{tree}' is not supported")
        return self._problem(scope, f"{_NAMES.get(kind, kind.upper())} is not supported")

    def _problem(self, scope: _Scope, text: str) -> Expr:
        self.problems.append(f"{scope.span}: in '{scope.label}': {text}")
        return Number(1.0)

    def _arithmetic(self, tree: Any, scope: _Scope) -> Expr:
        args = [self.expr(each, scope) for each in tree.arguments]
        operators = list(tree.operators)
        if operators == ["negative"]:
            return Op("neg", (args[0],))
        if "^" in operators:
            if len(operators) > 1:
                return self._problem(scope, "'a^b^c' is read differently by different programs; write brackets")
            if isinstance(args[0], Number) and args[0].value < 0:
                return self._problem(
                    scope, "'-a^b' of a number is read differently by different programs; write brackets"
                )
        result = args[0]
        for operator, right in zip(operators, args[1:], strict=True):
            result = Op(operator, (result, right))
        return result

    def _logic(self, tree: Any, scope: _Scope) -> Expr:
        args = [self.expr(each, scope) for each in tree.arguments]
        operators = [each.strip(":").lower() for each in tree.operators]
        if operators == ["not"]:
            return Op("not", (args[0],))
        if len(set(operators)) > 1:
            return self._problem(scope, ":AND: and :OR: side by side; write brackets")
        result = args[0]
        for operator, right in zip(operators, args[1:], strict=True):
            result = Op(operator, (result, right))
        return result

    def _reference(self, tree: Any, scope: _Scope) -> Expr:
        key = tree.reference
        subscripts = list(tree.subscripts.subscripts) if tree.subscripts else []
        if key == "time":
            return TimeRef()
        if key == "initial_time":
            return Initial(TimeRef())
        if key in ("time_step", "final_time", "saveper"):
            return self._problem(
                scope,
                f"{key.upper().replace('_', ' ')} in an equation ties the model to one solver; it is not supported",
            )
        if key not in self.declared and key in self.failed:
            return Number(1.0)
        if key not in self.declared:
            known = {each.label for each in self.declared.values()}
            label = key.replace("_", " ")
            return self._problem(scope, f"'{label}' is not defined{nearest(label, known)}")
        declaration = self.declared[key]
        if len(subscripts) != len(declaration.dimensions):
            expected = f"[{','.join(declaration.dimensions)}]" if declaration.dimensions else "no subscripts"
            found = f"[{','.join(subscripts)}]" if subscripts else "none"
            return self._problem(scope, f"'{declaration.label}' has {expected}, found {found}")
        index = tuple(
            self._index(text, dimension, declaration.label, scope)
            for text, dimension in zip(subscripts, declaration.dimensions, strict=True)
        )
        return Ref(self.names[key], index)

    def _index(self, text: str, dimension: str, label: str, scope: _Scope) -> Index:
        name = text.rstrip("!").strip()
        marked = text.endswith("!")
        labels = self.ranges[dimension].labels
        if name == dimension and marked:
            if scope.marked is None:
                self._problem(scope, f"'{text}' in '{label}' stands outside SUM, VMIN and VMAX")
            elif dimension not in scope.marked:
                scope.marked.append(dimension)
            return Index(dimension, reduced=True)
        if name == dimension:
            if dimension not in scope.loops:
                self._problem(scope, f"'{dimension}' in '{label}' is neither on the left-hand side nor marked with '!'")
            return Index(dimension)
        if name in labels and not marked:
            return Index(dimension, labels.index(name))
        if name in self.ranges:
            self._problem(
                scope, f"'{label}' has the range '{dimension}' where '{name}' stands; subranges are not supported"
            )
        else:
            self._problem(
                scope,
                f"'{text}' is not an element of '{dimension}' (in '{label}'){nearest(name, (dimension, *labels))}",
            )
        return Index(dimension, 0)

    def _call(self, tree: Any, scope: _Scope) -> Expr:
        name = tree.function.reference
        shown = name.upper().replace("_", " ")
        if name in self.declared:
            return self._problem(
                scope, f"'{self.declared[name].label}' is called like a lookup; lookups are not supported"
            )
        arguments = list(tree.arguments)
        if name in REDUCERS:
            return self._reduce(name, shown, arguments, scope)
        function = "^" if name == "power" else name
        if name not in _FUNCTIONS and name != "power":
            near = nearest(shown, _SUPPORTED)
            return self._problem(scope, f"the function {shown} is not supported{near}")
        if len(arguments) != ARITY[function]:
            return self._problem(scope, f"{shown} takes {ARITY[function]} argument(s), found {len(arguments)}")
        return Op(function, tuple(self.expr(each, scope) for each in arguments))

    def _reduce(self, name: str, shown: str, arguments: list[Any], scope: _Scope) -> Expr:
        if len(arguments) != 1:
            return self._problem(scope, f"{shown} takes 1 argument, found {len(arguments)}")
        marked: list[str] = []
        inner = _Scope(scope.span, scope.label, scope.loops, marked, scope.initial)
        body = self.expr(arguments[0], inner)
        if not marked:
            return self._problem(scope, f"{shown} without a subscript marked with '!'")
        return Reduce(name, tuple(marked), body)
