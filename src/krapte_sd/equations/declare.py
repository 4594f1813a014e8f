"""Left-hand sides: what elements a definition covers, and over which ranges a variable runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from krapte_sd.equations.expressions import Index, Span
from krapte_sd.equations.ranges import Ranges
from krapte_sd.equations.text import Entry
from krapte_sd.errors import nearest

__all__ = ["Binding", "Box", "Declaration", "Part"]

#: Elements at each position of the left-hand side; a definition covers all their combinations.
Box = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Binding:
    """What a range on the left-hand side stands for on the right.

    Attributes
    ----------
    key : str or None
        Range whose loop runs over it, None for a single element.
    labels : tuple of str
        The elements it runs over.
    """

    key: str | None
    labels: tuple[str, ...]


@dataclass
class Part:
    """One definition of a variable."""

    entry: Entry
    component: Any
    names: tuple[str, ...]
    boxes: list[Box]
    span: Span


@dataclass
class Declaration:
    """A variable before its expressions are read."""

    label: str
    variable: str = ""
    dimensions: tuple[str, ...] = ()
    parts: list[Part] = field(default_factory=list)
    kind: str = ""
    # No range fits its elements, which is reported; nothing more can be said of it.
    broken: bool = False

    def settle(self, ranges: Ranges) -> Iterator[str]:
        """Find the ranges the variable runs over, giving every problem."""
        first = self.parts[0]
        for part in self.parts:
            if len(part.names) != len(first.names):
                yield (
                    f"{part.span}: '{self.label}' has {len(part.names)} subscript(s) here, "
                    f"and {len(first.names)} in line {first.span.line}"
                )
        self.parts = [each for each in self.parts if len(each.names) == len(first.names)]
        dimensions: list[str | None] = []
        count = len(first.names)
        unions = [dict.fromkeys(label for box in self._boxes() for label in box[k]) for k in range(count)]
        written = [{part.names[k] for part in self.parts} for k in range(count)]
        for k, union in enumerate(unions):
            dimensions.append(self._written(ranges, k, set(union), dimensions))
        for k, union in enumerate(unions):
            if dimensions[k] is None:
                others = {each for j, each in enumerate(dimensions) if each is not None and j != k}
                others |= {name for j, names in enumerate(written) if j != k for name in names}
                dimensions[k] = self._suitable(ranges, set(union), others)
            if dimensions[k] is None:
                yield (
                    f"{first.span}: no range holds all of {', '.join(union)}, for which '{self.label}' is defined; "
                    "define one"
                )
                self.broken = True
        if self.broken:
            return
        for k, name in enumerate(dimensions):
            # A range that stands for two positions gets a second name, so that both can be told apart.
            if name is not None and name in dimensions[:k]:
                dimensions[k] = ranges.alias(name, dimensions[:k].count(name))
        self.dimensions = tuple(each for each in dimensions if each is not None)
        yield from self._complete(ranges)

    def _boxes(self) -> Iterator[Box]:
        for part in self.parts:
            yield from part.boxes

    def _written(self, ranges: Ranges, k: int, union: set[str], taken: Sequence[str | None]) -> str | None:
        for part in self.parts:
            name = part.names[k]
            if name in ranges.raw and set(ranges.known[name].labels) == union and name not in taken:
                return name
        return None

    def _suitable(self, ranges: Ranges, union: set[str], others: set[str]) -> str | None:
        """Range with exactly these elements, or a new one with them, part of the smallest that holds them."""
        holding = [ranges.known[name] for name in ranges.raw if union <= set(ranges.known[name].labels)]
        if not holding:
            return None
        equal = [each.name for each in holding if len(each) == len(union)]
        for each in equal:
            if each not in others:
                return each
        if equal:
            return equal[0]
        parent = min(holding, key=lambda each: len(each))
        return ranges.part(parent.name, [label for label in parent.labels if label in union], self.parts[0].span)

    def _complete(self, ranges: Ranges) -> Iterator[str]:
        """Check that the definitions cover everything once."""
        labels = [ranges.known[name].labels for name in self.dimensions]
        if len(self.parts) == len(self.parts[0].boxes) == 1:
            return
        places = [{label: place for place, label in enumerate(each)} for each in labels]
        owner = np.full([len(each) for each in labels], -1)
        doubled = False
        for number, part in enumerate(self.parts):
            for box in part.boxes:
                where = np.ix_(*([place[label] for label in each] for place, each in zip(places, box, strict=True)))
                others = owner[where]
                others = others[(others >= 0) & (others != number)]
                if others.size:
                    doubled = True
                    left = part.entry.equation.split("=")[0].strip()
                    yield f"{part.span}: '{left}' is already defined in line {self.parts[int(others[0])].span.line}"
                    break
                owner[where] = number
        if (owner < 0).any() and not doubled:
            missing = [each[k] for each, k in zip(labels, np.argwhere(owner < 0)[0], strict=True)]
            yield f"{self.parts[0].span}: '{self.label}' has no equation for [{','.join(missing)}]"

    # -- one part ----------------------------------------------------------------------------------------------------

    def bindings(self, part: Part, box: Box, ranges: Ranges) -> dict[str, Binding]:
        """What the ranges of a left-hand side stand for on its right-hand side."""
        found = {}
        for name, labels in zip(part.names, box, strict=True):
            if name not in ranges.raw:
                continue
            if len(labels) == 1 and len(ranges.known[name]) > 1:
                found[name] = Binding(None, labels)
            else:
                found[name] = Binding(ranges.part(name, labels, part.span), labels)
        return found

    def target(self, part: Part, box: Box, ranges: Ranges) -> tuple[Index, ...]:
        """The left-hand side as indices into the variable."""
        bound = self.bindings(part, box, ranges)
        return tuple(
            index_of(dimension, bound.get(name, Binding(None, labels)), ranges)
            for name, labels, dimension in zip(part.names, box, self.dimensions, strict=True)
        )


def index_of(dimension: str, binding: Binding, ranges: Ranges, *, reduced: bool = False) -> Index:
    """Index of a loop, or of one element, into a dimension that holds all its elements."""
    labels = ranges.known[dimension].labels
    if binding.key is None:
        return Index(dimension, labels.index(binding.labels[0]))
    if binding.key == dimension:
        return Index(dimension, reduced=reduced)
    where = {label: place for place, label in enumerate(labels)}
    return Index(dimension, None, reduced, binding.key, tuple(where[label] for label in binding.labels))


def boxes_of(
    names: Sequence[str], excepted: Sequence[Sequence[str]], ranges: Ranges, label: str
) -> tuple[list[Box], list[str]]:
    """Elements of a left-hand side without those after ``:EXCEPT:``.

    Returns
    -------
    list of Box
        Boxes that do not overlap.
    list of str
        What is wrong with the subscripts.
    """
    problems: list[str] = []

    def elements(name: str) -> tuple[str, ...]:
        dimension = ranges.get(name)
        if dimension is not None:
            return dimension.labels
        element = ranges.element(name)
        if element is None:
            problems.append(
                f"'{name.strip()}' in '{label}[...]' is neither a range nor an element{nearest(name, ranges.names())}"
            )
            return ()
        return (element,)

    boxes: list[Box] = [tuple(elements(name) for name in names)]
    for group in excepted:
        if len(group) != len(names):
            problems.append(f"':EXCEPT: [{','.join(group)}]' has {len(group)} subscripts, '{label}' has {len(names)}")
            continue
        out = tuple(elements(name) for name in group)
        boxes = [left for box in boxes for left in _without(box, out)]
    if not problems and not boxes:
        problems.append(f"':EXCEPT:' leaves nothing of '{label}'")
    return boxes, problems


def _without(box: Box, out: Box) -> Iterator[Box]:
    """Cut a box out of another; what is left is given in boxes."""
    if not all(set(inner) & set(outer) for inner, outer in zip(out, box, strict=True)):
        yield box
        return
    head: list[tuple[str, ...]] = []
    for k, labels in enumerate(box):
        inside = tuple(each for each in labels if each in out[k])
        outside = tuple(each for each in labels if each not in out[k])
        if outside:
            yield (*head, outside, *box[k + 1 :])
        head.append(inside)
