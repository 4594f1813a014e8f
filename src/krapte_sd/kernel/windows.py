"""Finds the part of a long dimension in which a nest has anything to do.

Of the years of birth in a model of people, some are dead, others not born yet, and only some are of working age: there,
all that a nest computes is zero, and it need not run. What may differ from zero is followed through the equations, once
for each calendar year and all members together: a product is zero if one of its factors is, a sum if all its terms are.
A stock may differ from zero where it did at the start or where a flow has come in since; inputs of single members may
everywhere. Nothing is skipped that could
be anything else than zero, so that results stay the same; only a division of zero by zero goes unnoticed there, which a
run of one member refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.equations.expressions import CONDITIONS, Expr, Index, Number, Op, Ref, walk
from krapte_sd.kernel.lower import YEAR, Lowered, Statement
from krapte_sd.kernel.schedule import Group

__all__ = ["Windows", "find_windows"]

Floats = NDArray[np.float64]
Places = Mapping[str, tuple[str, int]]

_LEAST: Final = 32
"""Shorter dimensions are not worth it."""
_PHASES: Final = ("time", "rates", "outputs", "seen")
"""Phases whose nests have windows; the others run once a year at most."""
_EITHER: Final = ("+", "-", "min", "max")
_SAME: Final = ("neg", "abs", "sqrt", "integer")
_PLAIN: Final = ("exp", "sin", "cos", "tanh", "arctan", "lookup", "lookup_backward", "lookup_forward")


@dataclass(frozen=True)
class Windows:
    """Which nests have a window, and how to find it.

    Attributes
    ----------
    dimension : str
        The dimension; empty if there are no windows.
    numbers : dict of int to int
        Number of the window of each nest, by its ``id``.
    length : int
        Length of the dimension.
    names : tuple of str
        Slots, in the order of the masks: an integer each, with a bit for each place in the dimension, all or none of
        them for a slot without it.
    places : mapping of str to (str, int)
        Slots that all members share: name of the memory, and place.
    sizes : dict of str to int
        Lengths of the shared slots.
    axes : dict of str to tuple of int
        Shape of each slot with the dimension in the middle: what stands before it, itself, what stands behind it.
    flow, begin : callable
        Bring the masks (and those of the nests) up to date, in a step and at the start.
    """

    dimension: str
    numbers: dict[int, int]
    length: int
    names: tuple[str, ...]
    places: Places
    sizes: dict[str, int]
    axes: dict[str, tuple[int, int, int]]
    flow: Callable[[list[int], list[int]], None]
    begin: Callable[[list[int], list[int]], None]

    @property
    def count(self) -> int:
        """Number of windows."""
        return len(self.numbers)

    def everything(self) -> Floats:
        """Give bounds that leave nothing out."""
        return np.tile([0.0, float(self.length)], self.count)

    def mask(self, name: str, values: Floats) -> int:
        """Say where a slot differs from zero; values of several members or times may stand one behind the other."""
        if name not in self.axes:
            return self.all_if(bool(np.any(values)))
        before, length, behind = self.axes[name]
        bits = np.any(values.reshape(-1, before, length, behind) != 0.0, axis=(0, 1, 3))
        return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")

    def all_if(self, condition: bool) -> int:
        """Give the mask of a slot without the dimension."""
        return (1 << self.length) - 1 if condition else 0

    def bounds(
        self,
        lowered: Lowered,
        starting: tuple[Floats, Floats],
        years: Sequence[tuple[Floats, Floats]],
        start: Mapping[str, Floats],
        state: Mapping[str, Floats] | None,
    ) -> list[Floats]:
        """Find the bounds of all windows in each year.

        Parameters
        ----------
        lowered : Lowered
            The statements.
        starting : tuple of array
            What all members share at the start: by year, and by time with shape (points, cells).
        years : sequence of tuple of array
            The same for each calendar year.
        start : mapping of str to array
            Initial values that all members share.
        state : mapping of str to array, optional
            Stocks and initial values to go on from, in place of those of the start.

        Returns
        -------
        list of array, shape (2 * windows,)
            First place, and the one behind the last, for each window.
        """
        place = {name: number for number, name in enumerate(self.names)}
        masks = [self.all_if(True)] * len(self.names)
        self._share(masks, place, *starting)
        for _ in range(lowered.passes):
            self.flow(masks, [0] * self.count)
            self.begin(masks, [0] * self.count)
            for body, cell in lowered.copies:
                if cell in place:
                    masks[place[cell]] = masks[place[body]] if body in place else self.mask(cell, start[body])
        for name, values in (state or {}).items():
            if name in place:
                masks[place[name]] = self.mask(name, values)
        stocks = [(place[s], place[r]) for s, r in zip(lowered.stocks, lowered.rates, strict=True)]
        found = []
        before = [self.all_if(True)] * self.count
        for shared in years:
            self._share(masks, place, *shared)
            now = self._settle(masks, stocks)
            # What was computed a year ago and is zero from now on must be set to zero once more.
            ends = [_hull(a | b) for a, b in zip(before, now, strict=True)]
            found.append(np.array(ends, dtype=float).reshape(-1))
            before = now
        return found

    def _settle(self, masks: list[int], stocks: Sequence[tuple[int, int]]) -> list[int]:
        """Follow a year through until nothing changes; gives the masks of the nests."""
        while True:
            now = [0] * self.count
            self.flow(masks, now)
            changed = False
            for stock, rate in stocks:
                more = masks[stock] | masks[rate]
                changed |= more != masks[stock]
                masks[stock] = more
            if not changed:
                return now

    def _share(self, masks: list[int], place: Mapping[str, int], held: Floats, timed: Floats) -> None:
        for name, (memory, first) in self.places.items():
            size = self.sizes[name]
            values = held[first : first + size] if memory == "U" else timed[:, first : first + size]
            masks[place[name]] = self.mask(name, values)


def _hull(mask: int) -> tuple[int, int]:
    return ((mask & -mask).bit_length() - 1, mask.bit_length()) if mask else (0, 0)


def find_windows(
    lowered: Lowered, phases: Mapping[str, Sequence[Group]], without: set[str], wide: frozenset[str], places: Places
) -> Windows:
    """Find the nests of a kernel of vectors that may have a window.

    Parameters
    ----------
    lowered : Lowered
        The statements of the kernel of vectors.
    phases : mapping of str to sequence of Group
        Their nests.
    without : set of str
        Arrays that are only local variables of a nest.
    wide : frozenset of str
        Slots that differ between members.
    places : mapping of str to (str, int)
        Where the slots are that all members share.
    """
    dimension = _longest(lowered)
    homes: dict[int, list[int]] = {}
    numbers: dict[int, int] = {}
    for phase in _PHASES if dimension else ():
        for group in phases.get(phase, ()):
            if _loop(group.loops, dimension):
                numbers[id(group)] = len(numbers)
                for each in group.statements:
                    if each.target not in without:
                        homes.setdefault(id(each), []).append(numbers[id(group)])
    if not numbers:
        places = {}
    writer = _Writer(lowered, dimension, (*sorted(wide), *places), homes)
    every = [each for phase in ("const", "year", "time", "rates", "outputs") for each in lowered.phases[phase]]
    return Windows(
        dimension,
        numbers,
        lowered.sizes.get(dimension, 0),
        writer.names,
        places,
        {name: lowered.slots[name].size for name in places},
        writer.axes,
        writer.function(every if numbers else ()),
        writer.function(lowered.phases["start"] if numbers else ()),
    )


def _longest(lowered: Lowered) -> str:
    """The longest dimension of a stock, if it is long enough."""
    lengths = {each: lowered.sizes[each] for name in lowered.stocks for each in lowered.slots[name].dims}
    dimension = max(lengths, key=lambda each: (lengths[each], each), default="")
    return dimension if lengths.get(dimension, 0) >= _LEAST else ""


def _loop(loops: Sequence[str], dimension: str) -> str:
    """The one loop over the dimension, if there is just one."""
    found = [key for key in loops if key.rstrip("!") == dimension]
    return found[0] if len(found) == 1 else ""


class _Writer:
    """Writes a function that follows what may differ from zero through statements."""

    def __init__(
        self, lowered: Lowered, dimension: str, names: tuple[str, ...], homes: Mapping[int, Sequence[int]]
    ) -> None:
        self.dimension = dimension
        self.homes = homes
        self.names = names
        self.place = {name: number for number, name in enumerate(names)}
        self.all = (1 << lowered.sizes.get(dimension, 0)) - 1
        self.axes: dict[str, tuple[int, int, int]] = {}
        self.twice = set()
        for name in names:
            dims = lowered.slots[name].dims
            if dims.count(dimension) == 1:
                sizes = [lowered.sizes[each] for each in dims]
                at = dims.index(dimension)
                self.axes[name] = int(np.prod(sizes[:at])), sizes[at], int(np.prod(sizes[at + 1 :]))
            elif dimension in dims:
                self.twice.add(name)
        # Arrays with an element that is perhaps not finite: zero times that is not zero.
        self.wild: set[str] = set()

    def function(self, statements: Sequence[Statement]) -> Callable[[list[int], list[int]], None]:
        lines = ["def follow(m, g):", "    pass"]
        for target in dict.fromkeys(each.target for each in statements):
            lines.append(f"    m[{self.place[target]}] = 0")
        for each in statements:
            lines += ["    " + line for line in self._statement(each)]
        space: dict[str, Any] = {}
        exec(compile("\n".join(lines), "<windows>", "exec"), space)
        follow: Callable[[list[int], list[int]], None] = space["follow"]
        return follow

    def _statement(self, statement: Statement) -> Iterator[str]:
        loop = _loop(statement.loops, self.dimension)
        code, wild = self._expr(statement.expr, loop)
        # What does not have the dimension is noticed wherever a nest runs.
        if wild and (statement.target in self.axes or statement.target in self.twice):
            self.wild.add(statement.target)
        if wild or statement.mode in ("prod", "vmin", "vmax"):
            code = str(self.all)
        yield f"x = {code}"
        for number in self.homes.get(id(statement), ()):
            yield f"g[{number}] |= x"
        direct = statement.target in self.axes and any(self._along(each, loop) for each in statement.index)
        yield f"m[{self.place[statement.target]}] |= {'x' if direct else self._any('x')}"

    def _along(self, index: Index, loop: str) -> bool:
        return bool(loop) and index.key == loop and index.dimension == self.dimension and index.places is None

    def _any(self, code: str) -> str:
        return f"({self.all} if {code} else 0)"

    def _expr(self, expr: Expr, loop: str) -> tuple[str, bool]:
        """Code of the mask of an expression, and whether it may be infinite or no number."""
        match expr:
            case Number(value):
                return str(self.all if value != 0.0 else 0), False
            case Ref(name, index):
                return self._ref(name, index, loop)
            case Op(function, args) if expr != YEAR:
                parts = [self._expr(each, loop) for each in args]
                code, wild = self._op(function, args, parts)
                return code, wild and any(self._along(i, loop) for i in _indices(expr))
        return str(self.all), False

    def _ref(self, name: str, index: Sequence[Index], loop: str) -> tuple[str, bool]:
        if name in self.wild or name in self.twice:
            return str(self.all), name in self.wild
        code = f"m[{self.place[name]}]"
        if name in self.axes and not any(self._along(each, loop) for each in index):
            code = self._any(code)
        return code, False

    def _op(self, function: str, args: Sequence[Expr], parts: Sequence[tuple[str, bool]]) -> tuple[str, bool]:
        codes = [code for code, _ in parts]
        wild = any(each for _, each in parts)
        if wild:
            return str(self.all), True
        if function in _EITHER:
            return f"({codes[0]} | {codes[1]})", False
        if function in _SAME:
            return codes[0], False
        match function:
            case "*":
                return f"({codes[0]} & {codes[1]})", False
            case "/" | "zidz":
                return codes[0], False
            case "^" if isinstance(args[1], Number) and args[1].value > 0.0:
                return codes[0], False
            case "if_then_else":
                return f"({codes[1]} | {codes[2]})", False
        # Conditions are read by IF THEN ELSE alone; what is left may be no number.
        plain = function in _PLAIN or function in CONDITIONS
        return str(self.all), not plain


def _indices(expr: Expr) -> Iterator[Index]:
    for part in walk(expr):
        if isinstance(part, Ref):
            yield from part.index
