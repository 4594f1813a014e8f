"""Turns PySD's syntax trees into our expressions, collecting what is not supported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from krapte_sd.equations.declare import Binding, Declaration, index_of
from krapte_sd.equations.expressions import (
    ARITY,
    CONDITIONS,
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
    walk,
)
from krapte_sd.equations.grammar import LITERAL_BASE
from krapte_sd.equations.hidden import POINT, Hidden, Owner, loops, points_of, table
from krapte_sd.equations.model import Variable
from krapte_sd.equations.ranges import Ranges, normal
from krapte_sd.errors import nearest

__all__ = ["Converter", "MacroBody", "Scope"]

_NOT_CALLED = {"+", "-", "*", "/", "^", "neg", "=", "<>", "<", "<=", ">", ">=", "and", "or", "not"} | {
    "lookup", "lookup_backward", "lookup_forward",
}  # fmt: skip
_FUNCTIONS = frozenset(ARITY) - _NOT_CALLED
_STRUCTURES = {
    "DELAY1", "DELAY1I", "DELAY3", "DELAY3I", "DELAY N", "SMOOTH", "SMOOTHI", "SMOOTH3", "SMOOTH3I", "SMOOTH N",
    "TREND", "FORECAST", "SAMPLE IF TRUE", "WITH LOOKUP",
}  # fmt: skip
_SUPPORTED = sorted(
    {*(each.upper().replace("_", " ") for each in _FUNCTIONS | REDUCERS), "POWER", "INITIAL", "INTEG", "ELMCOUNT"}
    | _STRUCTURES
)
_NAMES = {
    "delayfixed": "DELAY FIXED", "game": "GAME", "allocateavailable": "ALLOCATE AVAILABLE",
    "allocatebypriority": "ALLOCATE BY PRIORITY",
}  # fmt: skip
_CONTROLS = {"time_step": "TIME STEP", "final_time": "FINAL TIME", "saveper": "SAVEPER"}
_EXTERNAL = {"getconstants": "CONSTANTS", "getdata": "DATA", "getlookups": "LOOKUPS"}
#: Deeper equations are refused, as each level of them costs levels of Python's stack.
_DEEPEST = 100
_HIGHEST_ORDER = 100


def depth(tree: Any) -> int:
    """Depth of an expression once its operators are taken two by two."""
    deepest, todo = 0, [(tree, 1)]
    while todo:
        each, level = todo.pop()
        deepest = max(deepest, level)
        parts = list(vars(each).values()) if hasattr(each, "__dataclass_fields__") else []
        count = len(getattr(each, "operators", ()))
        for part in parts:
            inner = part if isinstance(part, tuple | list) else (part,)
            todo += [(value, level + max(count, 1)) for value in inner if hasattr(value, "__dataclass_fields__")]
    return deepest


@dataclass(frozen=True)
class Scope:
    """What an expression may refer to."""

    owner: Owner
    bound: Mapping[str, Binding]
    marked: list[str] | None = None
    # Inside a macro: what its arguments and variables stand for; nothing else can be seen there.
    local: Mapping[str, Expr] | None = None

    @property
    def label(self) -> str:
        """Name of the variable whose equation it is."""
        return self.owner.label


@dataclass(frozen=True)
class MacroBody:
    """A macro whose equations are parsed.

    Attributes
    ----------
    name : str
        Its name, which is also that of its result.
    arguments : tuple of str
        Normal names of its arguments.
    parts : mapping of str to (component, Span, str)
        Parsed equation, place and unit of each of its variables, by normal name.
    """

    name: str
    arguments: tuple[str, ...]
    parts: Mapping[str, tuple[Any, Span, str]]


@dataclass
class Converter:
    """Converts the syntax trees of one file.

    Attributes
    ----------
    declared : mapping of str to Declaration
        Declarations by normal name.
    ranges : Ranges
        The subscript ranges.
    failed : collection of str
        Normal names of entries that could not be read and are reported already.
    controls : mapping of str to Variable
        Variables for TIME STEP, FINAL TIME and SAVEPER, by normal name.
    macros : mapping of str to MacroBody
        The macros of the file, by normal name.
    constant : callable
        Gives the value of a syntax tree at the start, or None if it is not made of constants.
    problems : list of str
        What is wrong.
    used : dict of str to Variable
        Those of `controls` that an equation uses.
    """

    declared: Mapping[str, Declaration]
    ranges: Ranges
    failed: Collection[str]
    controls: Mapping[str, Variable]
    macros: Mapping[str, MacroBody]
    constant: Callable[[Any], float | None]
    hidden: Hidden = field(init=False)
    problems: list[str] = field(default_factory=list)
    used: dict[str, Variable] = field(default_factory=dict)
    # Delay times of DELAY N, which must not vary: programs differ in what happens then.
    varying: list[tuple[Owner, Expr]] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hidden = Hidden(self.ranges)

    def right_hand_side(self, tree: Any, scope: Scope) -> tuple[Expr, Expr | None]:
        """Convert a right-hand side: an expression, or the net flow and the initial value of a stock."""
        if depth(tree) > _DEEPEST:
            self.problems.append(
                f"{scope.owner.span}: the equation of '{scope.label}' is nested more than {_DEEPEST} deep; split it"
            )
            return Number(1.0), None
        if type(tree).__name__ == "IntegStructure":
            return self.expr(tree.flow, scope), self.expr(tree.initial, scope)
        return self.expr(tree, scope), None

    def expr(self, tree: Any, scope: Scope) -> Expr:
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
                return Initial(self.expr(tree.initial, replace(scope, marked=None)))
            case "delay" | "delayn" | "smooth" | "smoothn":
                return self._stages(kind, tree, scope)
            case "trend" | "forecast" | "sampleiftrue":
                return self._averages(kind, tree, scope)
            case "inlinelookups":
                return self._inline(tree, scope)
            case "integ":
                return self._problem(scope, "INTEG must stand alone on the right-hand side")
            case "ndarray":
                return self._problem(scope, "a list of numbers must stand alone on the right-hand side")
            case "str":
                return self._problem(scope, f"text '{tree}' is not supported")
        if kind in _EXTERNAL:
            return self._problem(scope, f"GET {_EXTERNAL[kind]} must stand alone on the right-hand side")
        return self._problem(scope, f"{_NAMES.get(kind, kind.upper())} is not supported")

    def _problem(self, scope: Scope, text: str) -> Expr:
        self.problems.append(f"{scope.owner.span}: in '{scope.label}': {text}")
        return Number(1.0)

    # -- operators ---------------------------------------------------------------------------------------------------

    def _arithmetic(self, tree: Any, scope: Scope) -> Expr:
        args = [self.expr(each, scope) for each in tree.arguments]
        operators = list(tree.operators)
        if operators == ["negative"]:
            return Op("neg", (args[0],))
        if operators[0] == "^":
            # Vensim takes a^b^c as a^(b^c); numbers alone in such a chain are rather a slip.
            if len(operators) > 1 and all(isinstance(each, Number) for each in args):
                return self._problem(scope, "'a^b^c' is read differently by different programs; write brackets")
            result = args[-1]
            for left in reversed(args[:-1]):
                result = Op("^", (left, result))
            return result
        result = args[0]
        for operator, right in zip(operators, args[1:], strict=True):
            result = Op(operator, (result, right))
        return result

    def _logic(self, tree: Any, scope: Scope) -> Expr:
        args = [self.expr(each, scope) for each in tree.arguments]
        operators = [each.strip(":").lower() for each in tree.operators]
        if operators and operators[0] in ("and", "or", "not"):
            args = [_condition(each) for each in args]
        if operators == ["not"]:
            return Op("not", (args[0],))
        if len(set(operators)) > 1:
            return self._problem(scope, ":AND: and :OR: side by side; write brackets")
        result = args[0]
        for operator, right in zip(operators, args[1:], strict=True):
            result = Op(operator, (result, right))
        return result

    # -- references --------------------------------------------------------------------------------------------------

    def _reference(self, tree: Any, scope: Scope) -> Expr:
        key = normal(tree.reference)
        subscripts = list(tree.subscripts.subscripts) if tree.subscripts else []
        if scope.local is not None and key in scope.local and not subscripts:
            return scope.local[key]
        if key in self.declared and scope.local is None:
            declaration = self.declared[key]
            if declaration.kind == "lookup":
                return self._problem(scope, f"the lookup '{declaration.label}' is used without an argument")
            index = self._indices(declaration, subscripts, scope)
            return Number(1.0) if index is None else Ref(declaration.variable, index)
        if key == "time":
            return TimeRef()
        if key == "initial_time":
            return Initial(TimeRef())
        if key in _CONTROLS:
            return self._control(key)
        if key in self.failed:
            return Number(1.0)
        if scope.local is not None:
            return self._problem(scope, f"'{key}' is neither an argument nor a variable of the macro")
        if not subscripts and (number := self._position(tree.reference, scope)) is not None:
            return number
        known = {each.label for each in self.declared.values()}
        label = key.replace("_", " ")
        return self._problem(scope, f"'{label}' is not defined{nearest(label, known)}")

    def _control(self, key: str) -> Ref:
        self.used[key] = self.controls[key]
        return Ref(key)

    def _position(self, name: str, scope: Scope) -> Expr | None:
        """The number a range or an element stands for, which is its position in the largest range that holds it."""
        dimension = self.ranges.get(name)
        if dimension is None:
            element = self.ranges.element(name)
            if element is None:
                return None
            return Number(float(self.ranges.main(element).labels.index(element) + 1))
        bound = scope.bound.get(dimension.name)
        if bound is None:
            return self._problem(scope, f"the range '{dimension.name}' is not on the left-hand side")
        places = [float(self.ranges.main(label).labels.index(label) + 1) for label in bound.labels]
        if bound.key is None:
            return Number(places[0])
        variable = f"position__{normal(bound.key)}"
        if variable not in self.hidden.variables:
            self.hidden.variables[variable] = Variable(
                variable, f"position of {bound.key}", "constant", (bound.key,), "Dmnl",
                "number that each element stands for: its position in the largest range that holds it", "", (), (),
                np.array(places), None, (None, None), self.ranges.known[bound.key].span, "",
            )  # fmt: skip
        return Ref(variable, (Index(bound.key),))

    def _indices(self, declaration: Declaration, subscripts: list[str], scope: Scope) -> tuple[Index, ...] | None:
        dimensions = declaration.dimensions
        if len(subscripts) != len(dimensions):
            expected = f"[{','.join(dimensions)}]" if dimensions else "no subscripts"
            found = f"[{','.join(subscripts)}]" if subscripts else "none"
            self._problem(scope, f"'{declaration.label}' has {expected}, found {found}")
            return None
        index = tuple(
            self._index(text, dimension, declaration.label, scope)
            for text, dimension in zip(subscripts, dimensions, strict=True)
        )
        return None if None in index else index  # type: ignore[return-value]

    def _index(self, text: str, dimension: str, label: str, scope: Scope) -> Index | None:
        marked = text.endswith("!")
        written = text.rstrip("!").strip()
        labels = self.ranges.known[dimension].labels
        here = self.ranges.get(written)
        if here is None:
            element = self.ranges.element(written)
            if marked or element is None or element not in labels:
                near = nearest(written, (dimension, *labels))
                self._problem(scope, f"'{text}' is not an element of '{dimension}' (in '{label}'){near}")
                return None
            return Index(dimension, labels.index(element))
        binding = Binding(here.name, here.labels) if marked else self._binding(here.name, scope)
        if binding is None:
            self._problem(scope, f"'{here.name}' in '{label}' is neither on the left-hand side nor marked with '!'")
            return None
        if lost := [each for each in binding.labels if each not in labels]:
            if len(lost) == len(binding.labels):
                self._problem(scope, f"'{label}' has the range '{dimension}' where '{here.name}' stands")
            else:
                self._problem(scope, f"'{label}' has no equation for '{lost[0]}' of '{here.name}'")
            return None
        if marked:
            if scope.marked is None:
                self._problem(scope, f"'{text}' in '{label}' stands outside SUM, PROD, VMIN and VMAX")
                return None
            if here.name not in scope.marked:
                scope.marked.append(here.name)
        return index_of(dimension, binding, self.ranges, reduced=marked)

    def _binding(self, name: str, scope: Scope) -> Binding | None:
        """What a range stands for: itself on the left-hand side, or one there that it is mapped to."""
        if name in scope.bound:
            return scope.bound[name]
        for left, bound in scope.bound.items():
            labels = [self.ranges.mapped(name, label, left) for label in bound.labels]
            if all(each is not None for each in labels):
                return Binding(bound.key, tuple(each for each in labels if each is not None))
        return None

    # -- functions ---------------------------------------------------------------------------------------------------

    def _call(self, tree: Any, scope: Scope) -> Expr:
        name = normal(tree.function.reference)
        shown = name.upper().replace("_", " ")
        arguments = list(tree.arguments)
        if name in self.declared and scope.local is None:
            return self._lookup(tree, self.declared[name], arguments, scope)
        if name in self.failed:
            return Number(1.0)
        if name in self.macros:
            return self._macro(self.macros[name], arguments, scope)
        if name in REDUCERS:
            return self._reduce(name, shown, arguments, scope)
        if name == "elmcount":
            return self._count(arguments, scope)
        if name == normal(LITERAL_BASE) and len(arguments) == 1:
            return self.expr(arguments[0], scope)
        function = "^" if name == "power" else name
        if name not in _FUNCTIONS and name != "power":
            return self._problem(scope, f"the function {shown} is not supported{nearest(shown, _SUPPORTED)}")
        if len(arguments) != ARITY[function]:
            return self._problem(scope, f"{shown} takes {ARITY[function]} argument(s), found {len(arguments)}")
        if name == "pulse_train":
            # PySD's grammar puts the interval before the width.
            arguments[1], arguments[2] = arguments[2], arguments[1]
        args = [self.expr(each, scope) for each in arguments]
        if name == "if_then_else":
            args[0] = _condition(args[0])
        return Op(function, tuple(args))

    def _count(self, arguments: list[Any], scope: Scope) -> Expr:
        name = getattr(arguments[0], "reference", "") if len(arguments) == 1 else ""
        dimension = self.ranges.get(name)
        if dimension is None:
            return self._problem(scope, "ELMCOUNT takes the name of a range")
        return Number(float(len(dimension)))

    def _reduce(self, name: str, shown: str, arguments: list[Any], scope: Scope) -> Expr:
        if len(arguments) != 1:
            return self._problem(scope, f"{shown} takes 1 argument, found {len(arguments)}")
        marked: list[str] = []
        before = len(self.problems)
        body = self.expr(arguments[0], replace(scope, marked=marked))
        if not marked:
            # The subscript may be marked and wrong, which is reported already.
            return (
                Number(1.0)
                if len(self.problems) > before
                else self._problem(scope, f"{shown} without a subscript marked with '!'")
            )
        return Reduce(name, tuple(marked), body)

    def _lookup(self, tree: Any, declaration: Declaration, arguments: list[Any], scope: Scope) -> Expr:
        if declaration.kind != "lookup":
            return self._problem(scope, f"'{declaration.label}' is called like a lookup, but it is no lookup")
        if len(arguments) != 1:
            return self._problem(scope, f"the lookup '{declaration.label}' takes 1 argument, found {len(arguments)}")
        subscripts = tree.function.subscripts
        index = self._indices(declaration, list(subscripts.subscripts) if subscripts else [], scope)
        place = self.expr(arguments[0], scope)
        if index is None:
            return Number(1.0)
        return Op("lookup", (Ref(declaration.variable, (*index, POINT)), place))

    def _inline(self, tree: Any, scope: Scope) -> Expr:
        place = self.expr(tree.argument, scope)
        points, problem = points_of(tree.lookups)
        if points is None:
            return self._problem(scope, problem)
        return Op("lookup", (self.hidden.lookup(scope.owner, (), table([points], ())), place))

    def _macro(self, macro: MacroBody, arguments: list[Any], scope: Scope) -> Expr:
        """Put the equations of a macro in the place of a call."""
        if len(arguments) != len(macro.arguments):
            return self._problem(
                scope, f"the macro {macro.name} takes {len(macro.arguments)} argument(s), found {len(arguments)}"
            )
        if macro.name in self.inside:
            return self._problem(scope, f"the macro {macro.name} calls itself")
        args = self._state(f"the macro {macro.name}", tuple(arguments), scope)
        if args is None:
            return Number(1.0)
        base, label = self.hidden.name(scope.owner, normal(macro.name))
        dims = loops(*args)
        index = tuple(Index(each) for each in dims)
        local: dict[str, Expr] = {name: Ref(f"{base}_{name}", index) for name in macro.parts}
        local |= dict(zip(macro.arguments, args, strict=True))
        self.inside.append(macro.name)
        for name, (component, span, unit) in macro.parts.items():
            owner = Owner(scope.owner.variable, scope.owner.label, unit, scope.owner.group, span)
            inner = Scope(owner, {}, None, local)
            if type(component).__name__ != "Component" or component.subscripts[0]:
                self._problem(inner, f"'{name}': only equations without subscripts are supported in a macro")
                continue
            expr, start = self.right_hand_side(component.ast, inner)
            self.hidden.part(f"{base}_{name}", f"{label}, {name}", owner, dims, expr, start)
        self.inside.pop()
        return local[normal(macro.name)]

    # -- parts that keep a state -------------------------------------------------------------------------------------

    def _state(self, shown: str, parts: tuple[Any, ...], scope: Scope) -> list[Expr] | None:
        """Convert the arguments of a function that keeps a state, which cannot stand inside a SUM."""
        args = [self.expr(each, scope) for each in parts]
        marked = any(
            each.reduced for part in args for piece in walk(part) if isinstance(piece, Ref) for each in piece.index
        )
        if marked:
            self._problem(scope, f"{shown} of a subscript marked with '!'; give it a variable of its own")
            return None
        return args

    def _stages(self, kind: str, tree: Any, scope: Scope) -> Expr:
        is_delay = kind.startswith("delay")
        shown = ("DELAY" if is_delay else "SMOOTH") + (" N" if kind.endswith("n") else "")
        order = tree.order if isinstance(tree.order, int | float) else self.constant(tree.order)
        if not isinstance(order, int | float) or order != int(order) or not 1 <= order <= _HIGHEST_ORDER:
            found = f", found {order:g}" if isinstance(order, int | float) else ", found an expression"
            return self._problem(
                scope, f"the order of {shown} must be a whole number between 1 and {_HIGHEST_ORDER}{found}"
            )
        args = self._state(shown, (tree.input, tree.delay_time if is_delay else tree.smooth_time, tree.initial), scope)
        if args is None:
            return Number(1.0)
        if kind == "delayn":
            self.varying.append((scope.owner, args[1]))
        make = self.hidden.delay if is_delay else self.hidden.smooth
        return make(scope.owner, args[0], args[1], args[2], int(order))

    def _averages(self, kind: str, tree: Any, scope: Scope) -> Expr:
        if kind == "sampleiftrue":
            args = self._state("SAMPLE IF TRUE", (tree.condition, tree.input, tree.initial), scope)
            if args is None:
                return Number(1.0)
            return self.hidden.sample(scope.owner, _condition(args[0]), args[1], args[2], self._control("time_step"))
        if kind == "trend":
            args = self._state("TREND", (tree.input, tree.average_time, tree.initial_trend), scope)
            if args is None:
                return Number(1.0)
            source, time, trend = args
            start = Op("/", (source, Op("+", (Number(1.0), Op("*", (trend, time))))))
            average = self.hidden.average(scope.owner, "trend", source, time, start)
            return Op("zidz", (Op("-", (source, average)), Op("*", (time, Op("abs", (average,))))))
        args = self._state("FORECAST", (tree.input, tree.average_time, tree.horizon), scope)
        if args is None:
            return Number(1.0)
        source, time, horizon = args
        average = self.hidden.average(scope.owner, "forecast", source, time, source)
        growth = Op("zidz", (Op("-", (source, average)), Op("*", (time, average))))
        return Op("*", (source, Op("+", (Number(1.0), Op("*", (growth, horizon))))))


def _condition(expr: Expr) -> Expr:
    """A number as a condition is true if it is not zero; a bare literal is left for the check to refuse."""
    if isinstance(expr, Number) or (isinstance(expr, Op) and expr.function in CONDITIONS):
        return expr
    return Op("<>", (expr, Number(0.0)))
