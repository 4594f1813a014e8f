"""A model as read from a file: dimensions, variables and their equations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from krapte_sd.equations.expressions import Equation, Expr, Initial, Op, Ref, Span, children, walk

__all__ = ["Control", "Dimension", "Kind", "Model", "Stretch", "Variable"]

Kind = Literal["stock", "auxiliary", "constant", "input", "data", "lookup", "control"]


@dataclass(frozen=True)
class Dimension:
    """A subscript range.

    Attributes
    ----------
    name : str
        Name as written in the file; ranges the reader makes itself, such as what
        ``:EXCEPT:`` leaves of a range, have names with a number in brackets.
    labels : tuple of str
        Its elements, in order.
    span : Span
        Where it is defined.
    mapping : tuple of (str, tuple of int)
        Ranges it is mapped to (``->``), with the position in them of each of its elements.
    """

    name: str
    labels: tuple[str, ...]
    span: Span
    mapping: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def __len__(self) -> int:
        return len(self.labels)


# Compared by identity, as the value of a constant is an array.
@dataclass(frozen=True, eq=False)
class Variable:
    """A variable of the model.

    Attributes
    ----------
    name : str
        Name in lower snake case, as PySD's namespace makes it.
    label : str
        Name as written in the file.
    kind : {"stock", "auxiliary", "constant", "input", "data", "lookup", "control"}
        ``constant``: numbers in the file (or in a table it names), which a run may
        replace; ``input``: ``= :NA:``, must be set; ``data``: no equation, must be
        set for every year; ``lookup``: table of points; ``control``: TIME STEP,
        FINAL TIME or SAVEPER used in an equation, given by the settings of a run.
    dimensions : tuple of str
        Names of its dimensions, in order.
    unit : str
        Unit as written.
    doc : str
        Comment.
    group : str
        Name of the group (``.name`` between lines of stars) it stands in.
    equations : tuple of Equation
        Its definitions: one, or one for each part; empty for inputs and data.
    initial : tuple of Equation
        Initial values of a stock, one for each equation; else empty.
    value : numpy.ndarray or None
        Value of a constant, of the shape of its dimensions. Of a lookup: one more
        axis with the number n of its points, their x and their y, each padded to
        the same length.
    interpolation : {"linear", "hold", None}
        How a data variable runs between two 1 Januaries: linear
        (``:INTERPOLATE:``) or the value of the calendar year (``:HOLD BACKWARD:``).
    limits : tuple of float or None
        Lowest and highest sensible value as written after the unit.
    span : Span
        Where it is first defined.
    part_of : str or None
        Name of the variable whose equation this one is a part of, such as the
        stocks of its DELAY3; None for what the file itself defines.
    """

    name: str
    label: str
    kind: Kind
    dimensions: tuple[str, ...]
    unit: str
    doc: str
    group: str
    equations: tuple[Equation, ...]
    initial: tuple[Equation, ...]
    value: np.ndarray | None
    interpolation: Literal["linear", "hold"] | None
    limits: tuple[float | None, float | None]
    span: Span
    part_of: str | None = None


@dataclass(frozen=True)
class Stretch:
    """A part of a run in which no control variable changes.

    Attributes
    ----------
    start, stop : float
        Its first and last time.
    initial, final, step, saveper : float
        INITIAL TIME, FINAL TIME, TIME STEP and SAVEPER in it.
    saves : bool
        False if no output is saved in it, for one that begins between two outputs.
    """

    start: float
    stop: float
    initial: float
    final: float
    step: float
    saveper: float
    saves: bool = True

    @property
    def values(self) -> tuple[float, float, float, float]:
        """The four control variables."""
        return self.initial, self.final, self.step, self.saveper


@dataclass(frozen=True)
class Control:
    """The run the file itself asks for, and the unit of time.

    Attributes
    ----------
    start, stop : float
        First and last time.
    step, saveper : float
        Step and time between outputs at the start.
    unit : str
        Unit of time.
    stretches : tuple of Stretch
        The parts of a run whose control variables change with Time; else empty.
    """

    start: float
    stop: float
    step: float
    unit: str
    saveper: float | None = None
    stretches: tuple[Stretch, ...] = ()


@dataclass(frozen=True, eq=False)
class Model:
    """A checked model.

    Attributes
    ----------
    path : str
        File it was read from.
    dimensions : mapping of str to tuple of str
        Labels of every dimension, in the order of the file.
    ranges : mapping of str to Dimension
        The same, with their place in the file.
    variables : mapping of str to Variable
        By lower snake name, in the order of the file.
    groups : mapping of str to str
        Name and description of each group.
    control : Control
        Times and step as the file states them.
    sha256 : str
        Checksum of the text of the file and of the labels of the dimensions.
    """

    path: str
    ranges: Mapping[str, Dimension]
    variables: Mapping[str, Variable]
    groups: Mapping[str, str]
    control: Control
    sha256: str

    @property
    def dimensions(self) -> Mapping[str, tuple[str, ...]]:
        """Labels of every dimension."""
        return MappingProxyType({name: each.labels for name, each in self.ranges.items()})

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the variables a run must set: inputs and data."""
        return tuple(name for name, each in self.variables.items() if each.kind in ("input", "data"))

    @property
    def stocks(self) -> tuple[str, ...]:
        """Names of the stocks."""
        return tuple(name for name, each in self.variables.items() if each.kind == "stock")

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a variable."""
        return tuple(len(self.ranges[each]) for each in self.variables[name].dimensions)

    def needed(self, names: Iterable[str]) -> tuple[str, ...]:
        """Names of all variables that some variables depend on, themselves included.

        Parameters
        ----------
        names : iterable of str
            The variables wanted.

        Returns
        -------
        tuple of str
            In the order of the file. For a stock this includes its flows and its
            initial value.
        """
        found: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name in found:
                continue
            found.add(name)
            each = self.variables[name]
            for equation in (*each.equations, *each.initial):
                todo.extend(part.name for part in walk(equation.expr) if isinstance(part, Ref))
        return tuple(name for name in self.variables if name in found)


def references(expr: Expr, *, start: bool) -> set[str]:
    """Names an expression needs before it can be evaluated.

    Parameters
    ----------
    expr : Expr
        The expression.
    start : bool
        True at the start of the run, when the body of INITIAL is evaluated too;
        False later, when its value is known.
    """
    if isinstance(expr, Initial) and not start:
        return set()
    if isinstance(expr, Ref):
        return {expr.name}
    parts = children(expr)
    if isinstance(expr, Op) and expr.function == "active_initial":
        parts = parts[1:] if start else parts[:1]
    return set().union(*(references(each, start=start) for each in parts))
