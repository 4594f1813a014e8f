"""Writes one nest of loops, for one run or for eight members at once.

Whatever does not change in the innermost loop is computed outside of it. Sums over
the innermost dimension are gathered in a row first, so that the loop stays vector
code, and the row is added up in a fixed order: results depend neither on the
processor nor on how many members are computed together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from krapte_sd.equations.expressions import Expr, Index, Number, Op, Ref, TimeRef
from krapte_sd.kernel.lower import YEAR, Lowered, Statement
from krapte_sd.kernel.operators import combine, is_atomic, needs_names, write_op
from krapte_sd.kernel.schedule import Group
from krapte_sd.kernel.storage import Layout

__all__ = ["Context", "nest_lines"]

_DEPTH = 12
_LOOKUPS = ("lookup", "lookup_backward", "lookup_forward")
_LANES = 8
#: Larger arrays (in vectors of members: 1 MiB) come from far away.
_FAR = 2**14
_NEUTRAL = {"sum": "0.0", "prod": "1.0", "vmin": "math.inf", "vmax": "-math.inf"}


@dataclass
class Context:
    """What all nests of a module share.

    Attributes
    ----------
    lowered : Lowered
        The statements.
    layout : Layout
        Places in the workspace ``W``; rows for sums are added to it.
    without : set of str
        Arrays that are only local variables of a nest.
    shared : mapping of str to (str, int), optional
        Arrays that are the same for all members: name of the memory, and place.
    vector : bool
        True if the workspace holds vectors of members.
    fused : mapping of str to str
        Rates that are added to the state at once: slot of the rate, and slot of its
        stock.
    stages : bool
        Add them as the stages of Runge's method do; else as Euler's.
    dimension : str
        The dimension of the windows, see `krapte_sd.kernel.windows`.
    windows : mapping of int to int
        Place in ``U`` of the bounds of the window of each nest that has one, by its ``id``.
    """

    lowered: Lowered
    layout: Layout
    without: set[str]
    shared: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    vector: bool = False
    fused: Mapping[str, str] = field(default_factory=dict)
    stages: bool = False
    dimension: str = ""
    windows: Mapping[int, int] = field(default_factory=dict)
    # Names are unique in the whole module: numba gives a name one type in a function.
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    tables: dict[tuple[int, ...], str] = field(default_factory=dict)
    helpers: set[str] = field(default_factory=set)

    def table(self, places: tuple[int, ...]) -> str:
        """Name of a constant array of positions."""
        return self.tables.setdefault(places, f"P{len(self.tables)}")


def nest_lines(group: Group, context: Context) -> list[str]:
    """Write the lines of a nest, with the indentation inside the function body."""
    return _Nest(group, context).lines()


@dataclass(frozen=True)
class _Value:
    """Code of an expression: the loop it must stand in, how deep it is nested, and whether it is a vector."""

    code: str
    level: int
    nested: int
    vector: bool


class _Nest:
    def __init__(self, group: Group, context: Context) -> None:
        self.group = group
        self.context = context
        self.slots = context.lowered.slots
        self.lengths = context.lowered.sizes
        self.layout = context.layout
        self.vector = context.vector
        loops = self._turned(group) if context.vector else group.loops
        self.sizes = [self.lengths[key.rstrip("!")] for key in loops]
        window = context.windows.get(id(group))
        self.ranges = [
            f"int(get(U, {window})), int(get(U, {window + 1}))"
            if window is not None and key.rstrip("!") == context.dimension
            else str(size)
            for key, size in zip(loops, self.sizes, strict=True)
        ]
        self.place = {key: number for number, key in enumerate(loops)}
        self.inner = len(loops) - 1
        # The loop whose sums are gathered in lanes: the last one, wherever it stands now.
        self.across = self.place[group.loops[-1]] if loops else -1
        # Lines by the number of loops around them; those after the inner loops apart.
        self.before: list[list[str]] = [[] for _ in range(len(group.loops) + 1)]
        self.after: list[list[str]] = [[] for _ in range(len(group.loops) + 1)]
        # Lines that stand behind everything that reads the state.
        self.last: list[str] = []
        self.known: dict[object, _Value] = {}

    def _turned(self, group: Group) -> tuple[str, ...]:
        """Move the last loop outwards, to where the sums over it end, so that they need no rows.

        Members are innermost anyway, and the order in which numbers are added stays the same.
        """
        ends = [-1]
        for each in group.statements:
            keys = [index.key for index in each.index if index.key is not None]
            if each.mode != "set" and group.loops and group.loops[-1] not in keys:
                ends.append(max((group.loops.index(key) for key in keys), default=-1))
        if len(ends) == 1:
            return group.loops
        end = max(ends) + 1
        return (*group.loops[:end], *group.loops[-1:], *group.loops[end:-1])

    def lines(self) -> list[str]:
        for each in self.group.statements:
            self._statement(each)
        self.before[self.inner + 1] += self.last
        return self._loops(-1)

    def _loops(self, level: int) -> list[str]:
        """Lines inside loop `level` (-1: outside of all), without their own indentation."""
        result = list(self.before[level + 1])
        if level < self.inner:
            result.append(f"for i{level + 1} in range({self.ranges[level + 1]}):")
            result += ["    " + each for each in self._loops(level + 1)] or ["    pass"]
        return result + self.after[level + 1]

    # -- memory ------------------------------------------------------------------------------------------------------

    def _read(self, place: str) -> str:
        return f"ld(W, {place})" if self.vector else f"W[{place}]"

    def _write(self, place: str, code: str) -> str:
        return f"st(W, {place}, {code})" if self.vector else f"W[{place}] = {code}"

    def _fill(self, depth: int, first: int | str, size: int, value: str) -> None:
        if size == 1:
            self.before[depth].append(self._write(str(first), value))
        else:
            self.before[depth] += [f"for k in range({size}):", "    " + self._write(f"{first} + k", value)]

    # -- statements --------------------------------------------------------------------------------------------------

    def _statement(self, statement: Statement) -> None:
        value = self._expr(statement.expr)
        if statement.mode == "set":
            name = self._name("t")
            self.before[self.inner + 1].append(f"{name} = {value.code}")
            self.known[(statement.target, statement.index)] = _Value(name, self.inner, 0, value.vector)
            stock = self.context.fused.get(statement.target)
            if stock is not None:
                self.last += self._step(stock, statement.index, name)
            if statement.target not in self.context.without and (stock is None or "'rate" not in statement.target):
                place, _ = self._address(statement.target, statement.index)
                self.before[self.inner + 1].append(self._write(place, name))
            return
        self._accumulate(statement, value)

    def _step(self, stock: str, index: tuple[Index, ...], rate: str) -> list[str]:
        """Write what a step does with a rate at once, as `krapte_sd.kernel.stepping.advance` does it later."""
        layout = self.layout
        y, _ = self._address(stock, index)
        h = self._scalar("'h")
        if not self.context.stages:
            return [self._write(y, f"{self._read(y)} + {h} * {rate}")]
        y0, a = (f"{first - layout.state} + {y}" for first in (layout.saved_state, layout.weighted))
        self._fetch(stock, index, y0, a)
        stage = self._scalar("'stage")
        if stock in self.context.lowered.integrals:
            # Nothing reads it before the last stage.
            return [
                f"if {stage} == 0.0:",
                f"    {self._write(a, rate)}",
                f"elif {stage} == 3.0:",
                f"    {self._write(y, f'{self._read(y)} + {h} * ({self._read(a)} + {rate})')}",
                "else:",
                f"    {self._write(a, f'{self._read(a)} + 2.0 * {rate}')}",
            ]
        return [
            f"if {stage} == 0.0:",
            f"    {self._write(y0, self._read(y))}",
            f"    {self._write(a, rate)}",
            f"    {self._write(y, f'{self._read(y)} + {h} * {rate}')}",
            f"elif {stage} == 3.0:",
            f"    {self._write(y, f'{self._read(y0)} + {h} * ({self._read(a)} + {rate})')}",
            "else:",
            f"    {self._write(a, f'{self._read(a)} + 2.0 * {rate}')}",
            f"    {self._write(y, f'{self._read(y0)} + {h} * {rate}')}",
        ]

    def _scalar(self, name: str) -> str:
        """Load what the driver has set for all members alike."""
        if name not in self.known:
            local = self._name("v")
            self.before[0].append(f"{local} = get(W, {self.layout.offsets[name] * _LANES})")
            self.known[name] = _Value(local, -1, 0, False)
        return self.known[name].code

    def _accumulate(self, statement: Statement, value: _Value) -> None:
        target, level = self._address(statement.target, statement.index)
        neutral = _NEUTRAL[statement.mode]
        self._clear(statement, neutral)
        if self.vector:
            self._accumulate_vectors(statement, value, target, level)
            return
        inside = self.before[self.inner + 1]
        if level == self.inner:
            inside.append(self._write(target, self._combine(statement.mode, self._read(target), value)))
            return
        row, length = self.layout.take(self.sizes[self.inner]), self.sizes[self.inner]
        cell = f"{row} + i{self.inner}"
        if level == self.inner - 1:
            inside.append(self._write(cell, value.code))
        else:
            self._fill(level + 1, row, length, neutral)
            inside.append(self._write(cell, self._combine(statement.mode, self._read(cell), value)))
        self.after[level + 1] += self._add_up(statement.mode, row, length, target)

    def _clear(self, statement: Statement, neutral: str) -> None:
        """Set a target to where its sums start from: row by row if the outer loop goes through its rows.

        A row is then near at hand when the inner loops add to it; all rows at once would drive each other out.
        """
        size = self.slots[statement.target].size
        first = self.layout.offsets[statement.target]
        if not self._by_rows(statement.index):
            self._fill(0, first, size, neutral)
            return
        length = size // self.sizes[0]
        begin = self._keep(_Value(f"({first} + {length} * i0)", 0, 0, False), 0).code
        self._fill(1, begin, length, neutral)

    def _by_rows(self, index: tuple[Index, ...]) -> bool:
        """Say whether the outer loop goes through all of the first dimension of an array, which has more of them."""
        if len(index) < 2 or index[0].key is None or getattr(index[0], "places", None) is not None:
            return False
        return self.place[index[0].key] == 0 and self.ranges[0] == str(self.lengths[index[0].dimension])

    def _accumulate_vectors(self, statement: Statement, value: _Value, target: str, level: int) -> None:
        """Add up in a variable, from the loop on that the sum belongs to."""
        mode, neutral = statement.mode, f"splat({_NEUTRAL[statement.mode]})"
        length = self.sizes[self.across] if self.across >= 0 else 1
        before, after = self.before[self.across + 1], self.after[self.across + 1]
        if level >= self.across:
            # The loop of the lanes is one of the target: its elements are added up one by one.
            self._sum(mode, value, level, self._read(target), target)
            return
        lanes = _LANES if mode == "sum" and length >= 2 * _LANES else 1
        if level < self.across - 1:
            # Loops between: a row keeps the sums over them.
            row = self.layout.take(length)
            self._fill(level + 1, row, length, _NEUTRAL[mode])
            self._sum(mode, value, self.across, self._read(f"{row} + i{self.across}"), f"{row} + i{self.across}")
            self.after[level + 1] += self._add_up(mode, row, length, target)
            return
        lane = self.layout.take(lanes)
        self._fill(level + 1, lane, lanes, _NEUTRAL[mode])
        place = str(lane)
        if lanes > 1:
            full = length - length % lanes
            number = f"i{self.across} & {lanes - 1}"
            code = number if full == length else f"({number}) if i{self.across} < {full} else 0"
            place = f"{lane} + " + self._keep(_Value(f"({code})", self.across, 0, False), self.across).code
        if self.across == self.inner:
            total = self._keep(value, self.inner).code if mode in ("vmin", "vmax") else value.code
        else:
            total = self._name("a")
            before.append(f"{total} = {neutral}")
            self.before[self.inner + 1].append(f"{total} = {self._combine(mode, total, value)}")
        old = self._name("v")
        after += [f"{old} = {self._read(place)}", self._write(place, combine(mode, old, total, vector=True))]
        self.after[level + 1] += self._add_up(mode, lane, lanes, target, lanes)

    def _sum(self, mode: str, value: _Value, level: int, old: str, place: str) -> None:
        """Add to a place in a variable, over all loops inside of its own."""
        total = self._name("a")
        self.before[level + 1].append(f"{total} = {old}")
        self.before[self.inner + 1].append(f"{total} = {self._combine(mode, total, value)}")
        where = self.after[level + 1] if level < self.inner else self.before[level + 1]
        where.append(self._write(place, total))

    def _combine(self, mode: str, left: str, right: _Value) -> str:
        if mode in ("vmin", "vmax") and not is_atomic(right.code):
            right = self._keep(right, self.inner)
        return combine(mode, left, right.code, vector=self.vector)

    def _add_up(self, mode: str, row: int, length: int, target: str, lanes: int = 0) -> list[str]:
        """Add up a row in lanes, in an order that is the same on every processor."""
        if mode == "sum":
            long = lanes == _LANES or (not lanes and length >= 2 * _LANES)
            return [f"{'add_long_row' if long else 'add_row'}(W, {row}, {length}, {target})"]
        found, each = self._name("s"), self._name("r")
        return [
            f"{found} = {f'splat({_NEUTRAL[mode]})' if self.vector else _NEUTRAL[mode]}",
            f"for k in range({length}):",
            f"    {each} = {self._read(f'{row} + k')}",
            f"    {found} = {combine(mode, found, each, vector=self.vector)}",
            f"{each} = {self._read(target)}",
            self._write(target, combine(mode, each, found, vector=self.vector)),
        ]

    # -- expressions -------------------------------------------------------------------------------------------------

    def _name(self, kind: str) -> str:
        return f"{kind}{next(self.context.numbers)}"

    def _keep(self, value: _Value, level: int) -> _Value:
        """Compute something in a loop as far out as it may be, once."""
        key = ("code", value.code, level)
        if key not in self.known:
            name = self._name("v")
            self.before[level + 1].append(f"{name} = {value.code}")
            self.known[key] = _Value(name, level, 0, value.vector)
        return self.known[key]

    def _expr(self, expr: Expr) -> _Value:
        if expr == YEAR:
            return _Value("year", -1, 0, False)
        match expr:
            case Number(value):
                return _Value(f"({value!r})" if value < 0 else repr(value), -1, 0, False)
            case TimeRef():
                return _Value("time", -1, 0, False)
            case Ref(name, index):
                return self._load(name, index)
            case Op(function, args) if function in _LOOKUPS:
                return self._lookup(function, args)
            case Op(function, args):
                return self._op(function, args)
        raise AssertionError(expr)

    def _load(self, name: str, index: tuple[Index, ...]) -> _Value:
        key = (name, index)
        if key not in self.known:
            place, level = self._address(name, index)
            memory = self.context.shared.get(name)
            code = self._read(place) if memory is None else f"get({memory[0]}, {place})"
            local = self._name("v")
            if memory is None and level == self.inner:
                self._fetch(name, index, place)
            self.before[level + 1].append(f"{local} = {code}")
            self.known[key] = _Value(local, level, 0, self.vector and memory is None)
        return self.known[key]

    def _fetch(self, name: str, index: tuple[Index, ...], *places: str) -> None:
        """Ask for what the next turn of an outer loop reads of a large array.

        A row is too short for the processor to see where it leads. The loop is the one around that of the row.
        """
        if not self.vector or self.slots[name].size <= _FAR or index[-1].key is None:
            return
        stride = 1
        for each in reversed(index):
            if each.key is not None and self.place[each.key] == self.place[index[-1].key] - 1:
                self.before[self.inner + 1] += [f"ahead(W, {place} + {stride})" for place in places]
            stride *= self.lengths[each.dimension]

    def _first(self, name: str) -> int:
        return self.context.shared[name][1] if name in self.context.shared else self.layout.offsets[name]

    def _address(self, name: str, index: tuple[Index, ...]) -> tuple[str, int]:
        """Place of an element, and the loop it depends on."""
        place = self._first(name)
        stride = 1
        outer: list[tuple[int, str]] = []
        inner = ""
        for each in reversed(index):
            step, number = stride, -1
            if each.element is not None:
                place += each.element * stride
            else:
                number = self.place[each.key or ""]
                variable = f"i{number}"
                places = getattr(each, "places", None)
                if places is not None:
                    if places == tuple(range(places[0], places[0] + len(places))):
                        place += places[0] * stride
                    else:
                        variable = f"{self.context.table(places)}[{variable}]"
                term = variable if step == 1 else f"{step} * {variable}"
                if number == self.inner:
                    inner += f" + {term}"
                else:
                    outer.append((number, term))
            stride *= self.lengths[each.dimension]
        base = ""
        level = max((number for number, _ in outer), default=-1)
        if outer:
            code = " + ".join(term for _, term in sorted(outer))
            base = " + " + self._keep(_Value(code, level, 0, False), level).code
        return f"{place}{base}{inner}", self.inner if inner else level

    def _lookup(self, function: str, args: tuple[Expr, ...]) -> _Value:
        table, x = args[0], self._expr(args[1])
        assert isinstance(table, Ref)
        width = self.lengths[table.index[-1].dimension]
        place, level = self._address(table.name, table.index)
        memory = self.context.shared[table.name][0] if table.name in self.context.shared else "W"
        call = f"find({function}, " if x.vector else f"{function}("
        self.context.helpers.add(function)
        code = f"{call}{memory}, {place}, {(width - 1) // 2}, {x.code})"
        return self._keep(_Value(code, max(level, x.level), 0, x.vector), max(level, x.level))

    def _op(self, function: str, args: tuple[Expr, ...]) -> _Value:
        parts = [self._expr(each) for each in args]
        level = max((each.level for each in parts), default=-1)
        depth = 0
        for number, each in enumerate(parts):
            if each.nested and (each.level < level or each.nested >= _DEPTH):
                parts[number] = self._keep(each, each.level)
            else:
                depth = max(depth, each.nested)
        if needs_names(function, args):
            parts = [each if is_atomic(each.code) else self._keep(each, each.level) for each in parts]
        vectors = [each.vector for each in parts]
        code = write_op(function, [each.code for each in parts], args, vectors)
        return _Value(code, level, depth + 1, any(vectors))
