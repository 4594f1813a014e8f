"""Writes the Python source that numba compiles: one function for each phase, or several.

Every function has the same form ``f(W, time, year)`` and works on the workspace
``W``. Loops have constant bounds and arrays constant offsets. Whatever does not
change in the innermost loop is computed outside of it. Sums over the innermost
dimension are gathered in a row first, so that the loop stays vector code, and the
row is added up in a fixed order: results do not depend on the processor.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from krapte_sd.equations.expressions import Expr, Index, Number, Op, Ref, TimeRef
from krapte_sd.kernel.lower import YEAR, Lowered, Statement
from krapte_sd.kernel.schedule import Group
from krapte_sd.kernel.storage import Layout

__all__ = ["Writer", "write"]

#: Functions with more weight than this are cut, as compile time grows faster than their length.
_WEIGHT = 160
_DEPTH = 12
_LANES = 8
_NEUTRAL = {"sum": "0.0", "vmin": "math.inf", "vmax": "-math.inf"}
_HEADER = '''"""Generated from a model file; never edit it."""
import math

import numpy as np
from numba import njit

FORM = "(float64[::1], float64, float64)"
'''


@dataclass
class Writer:
    """Source of a kernel, and the names of its functions by phase."""

    lines: list[str] = field(default_factory=lambda: [_HEADER])
    functions: dict[str, list[str]] = field(default_factory=dict)
    # Names are unique in the whole module: numba gives a name one type in a function.
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def text(self) -> str:
        """The whole module."""
        return "\n".join(self.lines) + "\n"


def write(lowered: Lowered, layout: Layout, phases: dict[str, list[Group]], without: set[str]) -> Writer:
    """Write the source of all phases and of the solver's sums.

    Parameters
    ----------
    lowered : Lowered
        The statements.
    layout : Layout
        Where every array is; the rows for sums are added to it here.
    phases : dict of str to list of Group
        The nests of each phase.
    without : set of str
        Arrays that are only local variables of a nest.
    """
    writer = Writer()
    for phase, groups in phases.items():
        writer.functions[phase] = []
        body: list[str] = []
        weight = 0
        for group in groups:
            lines = _Nest(group, lowered, layout, without, writer.numbers).lines()
            if body and weight + len(lines) > _WEIGHT:
                _function(writer, phase, body)
                body, weight = [], 0
            body += lines
            weight += len(lines)
        if body:
            _function(writer, phase, body)
    _solver(writer, layout)
    return writer


def _function(writer: Writer, phase: str, body: Sequence[str]) -> None:
    name = f"{phase}_{len(writer.functions[phase])}"
    writer.functions[phase].append(name)
    writer.lines += ["", '@njit(FORM, cache=True, error_model="numpy", nogil=True)', f"def {name}(W, time, year):"]
    writer.lines += ["    " + each for each in body]


def _solver(writer: Writer, layout: Layout) -> None:
    """Write the sums of Euler's and Runge's methods over the state."""
    y, d, y0, a, n = layout.state, layout.rates, layout.saved_state, layout.weighted, layout.length
    steps = {
        "euler": [f"W[{y} + i] += h * W[{d} + i]"],
        "first": [
            f"W[{y0} + i] = W[{y} + i]",
            f"W[{a} + i] = W[{d} + i]",
            f"W[{y} + i] = W[{y0} + i] + h * W[{d} + i]",
        ],
        "middle": [f"W[{a} + i] += 2.0 * W[{d} + i]", f"W[{y} + i] = W[{y0} + i] + h * W[{d} + i]"],
        "last": [f"W[{y} + i] = W[{y0} + i] + h * (W[{a} + i] + W[{d} + i])"],
    }
    for name, lines in steps.items():
        writer.lines += [
            "",
            '@njit(FORM, cache=True, error_model="numpy", nogil=True)',
            f"def solver_{name}(W, h, unused):",
        ]
        writer.lines += [f"    for i in range({n}):", *("        " + each for each in lines)]
    first, count = layout.linear
    writer.lines += [
        "",
        '@njit("(float64[::1], float64[:, ::1], int64, float64)", cache=True, error_model="numpy", nogil=True)',
        "def interpolate(W, rows, year, share):",
        "    if share == 0.0:",
        f"        for i in range({count}):",
        f"            W[{first} + i] = rows[year, i]",
        "    else:",
        f"        for i in range({count}):",
        f"            W[{first} + i] = rows[year, i] + share * (rows[year + 1, i] - rows[year, i])",
    ]


class _Nest:
    """Writes one nest of loops."""

    def __init__(
        self, group: Group, lowered: Lowered, layout: Layout, without: set[str], numbers: Iterator[int]
    ) -> None:
        self.group = group
        self.slots = lowered.slots
        self.sizes = [lowered.sizes[key.rstrip("!")] for key in group.loops]
        self.lengths = lowered.sizes
        self.layout = layout
        self.without = without
        self.place = {key: number for number, key in enumerate(group.loops)}
        self.inner = len(group.loops) - 1
        # Lines by the number of loops around them; those after the inner loops apart.
        self.before: list[list[str]] = [[] for _ in range(len(group.loops) + 1)]
        self.after: list[list[str]] = [[] for _ in range(len(group.loops) + 1)]
        self.known: dict[object, tuple[str, int]] = {}
        self.numbers = numbers

    def lines(self) -> list[str]:
        """All lines, with the indentation inside the function body."""
        for each in self.group.statements:
            self._statement(each)
        return self._loops(-1)

    def _loops(self, level: int) -> list[str]:
        """Lines inside loop `level` (-1: outside of all), without their own indentation."""
        result = list(self.before[level + 1])
        if level < self.inner:
            result.append(f"for i{level + 1} in range({self.sizes[level + 1]}):")
            result += ["    " + each for each in self._loops(level + 1)] or ["    pass"]
        return result + self.after[level + 1]

    # -- statements --------------------------------------------------------------------------------------------------

    def _statement(self, statement: Statement) -> None:
        code, _ = self._value(statement.expr)
        if statement.mode == "set":
            name = self._name("t")
            self.before[self.inner + 1].append(f"{name} = {code}")
            self.known[(statement.target, statement.index)] = (name, self.inner)
            if statement.target not in self.without:
                self.before[self.inner + 1].append(f"{self._address(statement.target, statement.index)[0]} = {name}")
            return
        self._accumulate(statement, code)

    def _accumulate(self, statement: Statement, code: str) -> None:
        target, level = self._address(statement.target, statement.index)
        neutral = _NEUTRAL[statement.mode]
        size = self.slots[statement.target].size
        first = self.layout.offsets[statement.target]
        self._fill(0, first, size, neutral)
        if level == self.inner:
            self.before[self.inner + 1].append(f"{target} = {_combine(statement.mode, target, code, self)}")
            return
        row, length = self.layout.take(self.sizes[self.inner]), self.sizes[self.inner]
        cell = f"W[{row} + i{self.inner}]"
        if level == self.inner - 1:
            self.before[self.inner + 1].append(f"{cell} = {code}")
        else:
            self._fill(level + 1, row, length, neutral)
            self.before[self.inner + 1].append(f"{cell} = {_combine(statement.mode, cell, code, self)}")
        self.after[level + 1] += self._add_up(statement.mode, row, length, target)

    def _fill(self, depth: int, first: int, size: int, value: str) -> None:
        if size == 1:
            self.before[depth].append(f"W[{first}] = {value}")
        else:
            self.before[depth] += [f"for k in range({size}):", f"    W[{first} + k] = {value}"]

    def _add_up(self, mode: str, row: int, length: int, target: str) -> list[str]:
        """Add up a row in lanes, in an order that is the same on every processor."""
        lanes = _LANES if mode == "sum" and length >= 2 * _LANES else 1
        names = [self._name("s") for _ in range(lanes)]
        full = length - length % lanes
        lines = [f"{name} = {_NEUTRAL[mode]}" for name in names]
        lines.append(f"for k in range({full // lanes}):")
        for lane, name in enumerate(names):
            place = f"W[{row + lane} + {lanes} * k]"
            lines.append(f"    {name} = {_combine(mode, name, place, None)}")
        lines += [f"{names[0]} += W[{row + full + rest}]" for rest in range(length - full)]
        while len(names) > 1:
            names = [f"({left} + {right})" for left, right in zip(names[::2], names[1::2], strict=True)]
        return [*lines, f"{target} = {_combine(mode, target, names[0], None)}"]

    # -- expressions -------------------------------------------------------------------------------------------------

    def _name(self, kind: str) -> str:
        return f"{kind}{next(self.numbers)}"

    def _keep(self, code: str, level: int) -> str:
        """Compute something in a loop as far out as it may be, once."""
        key = ("code", code, level)
        if key not in self.known:
            name = self._name("v")
            self.before[level + 1].append(f"{name} = {code}")
            self.known[key] = (name, level)
        return self.known[key][0]

    def _value(self, expr: Expr) -> tuple[str, int]:
        """Give the code of an expression and the loop it must stand in."""
        return self._expr(expr)[:2]

    def _expr(self, expr: Expr) -> tuple[str, int, int]:
        if expr == YEAR:
            return "year", -1, 0
        match expr:
            case Number(value):
                return (f"({value!r})" if value < 0 else repr(value)), -1, 0
            case TimeRef():
                return "time", -1, 0
            case Ref(name, index):
                return *self._load(name, index), 0
            case Op(function, args):
                return self._op(function, args)
        raise AssertionError(expr)

    def _load(self, name: str, index: tuple[Index, ...]) -> tuple[str, int]:
        key = (name, index)
        if key not in self.known:
            code, level = self._address(name, index)
            local = self._name("v")
            self.before[level + 1].append(f"{local} = {code}")
            self.known[key] = (local, level)
        return self.known[key]

    def _address(self, name: str, index: tuple[Index, ...]) -> tuple[str, int]:
        place = self.layout.offsets[name]
        stride = 1
        outer: list[tuple[int, int]] = []
        inner = ""
        for each in reversed(index):
            if each.element is not None:
                place += each.element * stride
            elif self.place[each.key or ""] == self.inner:
                inner = f" + i{self.inner}" if stride == 1 else f" + {stride} * i{self.inner}"
            else:
                outer.append((self.place[each.key or ""], stride))
            stride *= self.lengths[each.dimension]
        base = ""
        level = max((number for number, _ in outer), default=-1)
        if outer:
            code = " + ".join(
                f"{stride} * i{number}" if stride > 1 else f"i{number}" for number, stride in sorted(outer)
            )
            base = " + " + self._keep(code, level)
        return f"W[{place}{base}{inner}]", self.inner if inner else level

    def _op(self, function: str, args: tuple[Expr, ...]) -> tuple[str, int, int]:
        parts = [self._expr(each) for each in args]
        level = max(each[1] for each in parts)
        codes = []
        depth = 0
        for code, own, nested in parts:
            if nested and (own < level or nested >= _DEPTH):
                codes.append(self._keep(code, own))
            else:
                codes.append(code)
                depth = max(depth, nested)
        if function in ("min", "max", "xidz", "zidz"):
            codes = [
                code if _atomic(code) else self._keep(code, own) for code, (_, own, _) in zip(codes, parts, strict=True)
            ]
        return _write_op(function, codes, args), level, depth + 1


def _atomic(code: str) -> bool:
    return (
        code.isidentifier()
        or code.strip("()-").replace(".", "").replace("e", "").replace("-", "").replace("+", "").isdigit()
    )


def _combine(mode: str, left: str, right: str, nest: _Nest | None) -> str:
    if mode == "sum":
        return f"{left} + {right}"
    if nest is not None and not _atomic(right):
        right = nest._keep(right, nest.inner)
    return _extreme("<" if mode == "vmin" else ">", left, right)


def _extreme(sign: str, left: str, right: str) -> str:
    # NaN on either side stays NaN: it must reach the checks, never vanish.
    return f"({left} if ({left} {sign} {right}) | ({left} != {left}) else {right})"


def _write_op(function: str, codes: list[str], args: tuple[Expr, ...]) -> str:
    a = codes[0]
    b = codes[1] if len(codes) > 1 else ""
    match function:
        case "+" | "-" | "*" | "/" | "<" | "<=" | ">" | ">=":
            return f"({a} {function} {b})"
        case "=" | "<>":
            return f"({a} {'==' if function == '=' else '!='} {b})"
        case "and" | "or":
            return f"({a} {'&' if function == 'and' else '|'} {b})"
        case "not":
            return f"(not {a})"
        case "neg":
            return f"(-{a})"
        case "abs" | "exp" | "ln" | "sqrt" | "integer":
            call = {"abs": "abs", "exp": "math.exp", "ln": "math.log", "sqrt": "math.sqrt", "integer": "np.trunc"}[
                function
            ]
            return f"{call}({a})"
        case "min" | "max":
            return _extreme("<" if function == "min" else ">", a, b)
        case "if_then_else":
            return f"({b} if {a} else {codes[2]})"
        case "xidz":
            return f"({codes[2]} if abs({b}) < 1e-6 else {a} / {b})"
        case "zidz":
            return f"(0.0 if abs({b}) < 1e-6 else {a} / {b})"
        case "^":
            return _power(a, b, args[1])
    raise AssertionError(function)


def _power(base: str, exponent: str, expr: Expr) -> str:
    # A power with a literal exponent that is a small whole number, or a half, is worth no call of pow().
    if isinstance(expr, Number) and expr.value == 0.5:
        return f"math.sqrt({base})"
    if isinstance(expr, Number) and expr.value in (1.0, 2.0, 3.0, 4.0):
        return f"({base} ** {int(expr.value)})"
    return f"math.pow({base}, {exponent})"
