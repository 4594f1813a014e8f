"""The typed expressions every equation is made of.

All of them are frozen and hashable, so that equal expressions can be found and
shared. They hold what the author wrote: units, classes and evaluation order are
worked out from them elsewhere and never stored in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

__all__ = [
    "ARITY",
    "COMPARISONS",
    "CONDITIONS",
    "LOOKUPS",
    "REDUCERS",
    "TEST_INPUTS",
    "Expr",
    "Index",
    "Initial",
    "Number",
    "Op",
    "Reduce",
    "Ref",
    "Span",
    "TimeRef",
    "children",
    "rewrite",
    "walk",
]

#: Functions and operators that are understood, with their number of arguments.
ARITY: dict[str, int] = {
    "+": 2, "-": 2, "*": 2, "/": 2, "^": 2, "neg": 1,
    "=": 2, "<>": 2, "<": 2, "<=": 2, ">": 2, ">=": 2,
    "and": 2, "or": 2, "not": 1,
    "min": 2, "max": 2, "abs": 1, "exp": 1, "ln": 1, "log": 2, "sqrt": 1, "integer": 1,
    "modulo": 2, "quantum": 2,
    "sin": 1, "cos": 1, "tan": 1, "arcsin": 1, "arccos": 1, "arctan": 1, "sinh": 1, "cosh": 1, "tanh": 1,
    "if_then_else": 3, "xidz": 3, "zidz": 2,
    # Test inputs over time: (height, start), (slope, start, end), (start, width), (start, width, interval, end).
    "step": 2, "ramp": 3, "pulse": 2, "pulse_train": 4,
    # The first argument is the reference to the table, the second the place to look up.
    "lookup": 2, "lookup_backward": 2, "lookup_forward": 2,
    # Value during the run, value while the initial values are worked out.
    "active_initial": 2,
}  # fmt: skip
COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
CONDITIONS = COMPARISONS | {"and", "or", "not"}
#: Functions that run over the subscripts marked with ``!``.
REDUCERS = frozenset({"sum", "prod", "vmin", "vmax"})
#: Functions that look up a place in a table: between its points (linear), or at the point before or after.
LOOKUPS = frozenset({"lookup", "lookup_backward", "lookup_forward"})
#: Functions whose value follows time even if their arguments do not.
TEST_INPUTS = frozenset({"step", "ramp", "pulse", "pulse_train"})


@dataclass(frozen=True)
class Span:
    """Where a piece of the model file stands.

    Attributes
    ----------
    file : str
        Name of the file.
    line : int
        First line, counted from 1.
    text : str
        The text as written, white space collapsed.
    """

    file: str
    line: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Index:
    """One subscript of a reference: a loop over a dimension, or one element of it.

    Attributes
    ----------
    dimension : str
        Name of the dimension at this position.
    element : int or None
        Position of the element, or None for a loop over the whole dimension.
    reduced : bool
        True if the subscript is marked with ``!``, so that it belongs to the
        innermost SUM, PROD, VMIN or VMAX around it.
    over : str or None
        Range whose loop the index follows, if it is not the dimension itself: a
        subrange, a mapped range or one with the same elements.
    places : tuple of int or None
        With `over`: position in the dimension for each element of that range.
    """

    dimension: str
    element: int | None = None
    reduced: bool = False
    over: str | None = None
    places: tuple[int, ...] | None = None

    @property
    def key(self) -> str | None:
        """The loop this index follows, or None for a fixed element."""
        if self.element is not None:
            return None
        name = self.over or self.dimension
        return name + "!" if self.reduced else name

    def covers(self, size: int) -> frozenset[int]:
        """Positions it takes in the dimension, whose length is `size`."""
        if self.element is not None:
            return frozenset((self.element,))
        return frozenset(range(size) if self.places is None else self.places)


@dataclass(frozen=True)
class Number:
    """A literal number."""

    value: float


@dataclass(frozen=True)
class TimeRef:
    """The current time, in the unit of the time step."""


@dataclass(frozen=True)
class Ref:
    """The value of a variable at an index."""

    name: str
    index: tuple[Index, ...] = ()


@dataclass(frozen=True)
class Op:
    """An operator or function, see `ARITY`, applied to its arguments."""

    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True)
class Reduce:
    """SUM, PROD, VMIN or VMAX over whole ranges."""

    function: str
    over: tuple[str, ...]
    body: Expr


@dataclass(frozen=True)
class Initial:
    """The value an expression has at the start of the run, for the whole run."""

    body: Expr


Expr = Number | TimeRef | Ref | Op | Reduce | Initial


@dataclass(frozen=True)
class Equation:
    """One definition of a variable, or of some elements of it.

    Attributes
    ----------
    target : tuple of Index
        The left-hand side.
    expr : Expr
        The right-hand side; for a stock its net flow.
    span : Span
        Where it stands in the file.
    """

    target: tuple[Index, ...]
    expr: Expr
    span: Span = field(compare=False)


def children(expr: Expr) -> tuple[Expr, ...]:
    """Give the direct parts of an expression."""
    match expr:
        case Op(_, args):
            return args
        case Reduce(_, _, body) | Initial(body):
            return (body,)
        case _:
            return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """Go through an expression and all its parts, outermost first."""
    todo = [expr]
    while todo:
        each = todo.pop()
        yield each
        todo.extend(reversed(children(each)))


def rewrite(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Rebuild an expression from the inside out, passing every part through `change`."""
    match expr:
        case Op(function, args):
            expr = Op(function, tuple(rewrite(each, change) for each in args))
        case Reduce(function, over, body):
            expr = Reduce(function, over, rewrite(body, change))
        case Initial(body):
            expr = Initial(rewrite(body, change))
    return change(expr)
