"""Subscript ranges: lists, subranges, copies, mappings, and the ranges the reader makes itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from krapte_sd.equations.expressions import Span
from krapte_sd.equations.model import Dimension
from krapte_sd.errors import nearest

__all__ = ["Ranges", "normal"]


def normal(name: str) -> str:
    """Form in which names are compared: case, quotes and the kind of blank make no difference."""
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return re.sub(r"[\s_]+", "_", name.strip()).lower()


@dataclass
class _Raw:
    """A range as written: its elements may be names of other ranges."""

    name: str
    items: tuple[str, ...]
    copy_of: str | None
    mapping: tuple[tuple[str, tuple[str, ...] | None], ...]
    span: Span


class Ranges:
    """All ranges of a model, by name in the spelling of their definition."""

    def __init__(self) -> None:
        self.raw: dict[str, _Raw] = {}
        self.known: dict[str, Dimension] = {}
        self.spelling: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.made: dict[tuple[str, tuple[str, ...]], str] = {}

    # -- defining ----------------------------------------------------------------------------------------------------

    def define(
        self,
        name: str,
        items: Sequence[str],
        span: Span,
        copy_of: str | None = None,
        mapping: Sequence[tuple[str, tuple[str, ...] | None]] = (),
    ) -> str | None:
        """Note a definition; gives the problem if there is one already."""
        key = normal(name)
        if key in self.spelling:
            return f"the range '{name}' is already defined in line {self.raw[self.spelling[key]].span.line}"
        self.spelling[key] = name
        self.raw[name] = _Raw(name, tuple(items), copy_of, tuple(mapping), span)
        return None

    def resolve(self, replaced: Mapping[str, Sequence[str]]) -> Iterator[str]:
        """Work out the elements of all ranges, giving every problem."""
        for name in replaced:
            if normal(name) not in self.spelling:
                yield f"dimensions: the model has no range '{name}'{nearest(name, self.raw)}"
        for each in self.raw.values():
            labels: Sequence[str]
            if each.name in replaced:
                labels = tuple(replaced[each.name])
                good = labels and all(isinstance(label, str) and label for label in labels)
                if not good or len(set(labels)) < len(labels):
                    yield f"dimensions: the labels of '{each.name}' must be different non-empty texts, at least one"
                    labels = self._expand(each.name, [])[0]
            else:
                labels, problem = self._expand(each.name, [])
                if problem:
                    yield f"{each.span}: {problem}"
            if double := sorted({label for label in labels if list(labels).count(label) > 1}):
                yield f"{each.span}: the range '{each.name}' holds {', '.join(double)} twice"
            self.known[each.name] = Dimension(each.name, tuple(dict.fromkeys(labels)), each.span)
        for dimension in self.known.values():
            for label in dimension.labels:
                self.labels.setdefault(normal(label), label)
        yield from self._map()

    def _expand(self, name: str, path: list[str]) -> tuple[tuple[str, ...], str | None]:
        raw = self.raw[name]
        if name in path:
            return (), f"the range '{name}' is made of itself: {' -> '.join([*path, name])}"
        path = [*path, name]
        items = raw.items if raw.copy_of is None else (raw.copy_of,)
        labels: list[str] = []
        for item in items:
            other = self.spelling.get(normal(item))
            if other is None and raw.copy_of is not None:
                return (), f"'{item}' is not a range{nearest(item, self.raw)}"
            # A range that holds an element of its own name, as in 'total: total', holds that element.
            if other is None or (other == name and raw.copy_of is None and len(items) == 1):
                labels.append(item)
                continue
            inner, problem = self._expand(other, path)
            if problem:
                return (), problem
            labels += inner
        return tuple(labels), None

    def _map(self) -> Iterator[str]:
        for each in self.raw.values():
            mapping = []
            for target_name, items in each.mapping:
                target = self.get(target_name)
                if target is None:
                    yield (
                        f"{each.span}: '{each.name}' is mapped to '{target_name}', which is not a range"
                        f"{nearest(target_name, self.raw)}"
                    )
                    continue
                labels: list[str] = list(target.labels) if items is None else []
                for item in items or ():
                    inner = self.get(item)
                    labels += inner.labels if inner is not None else (self.labels.get(normal(item), item),)
                if len(labels) != len(self.known[each.name]):
                    yield (
                        f"{each.span}: '{each.name}' has {len(self.known[each.name])} elements and is mapped to "
                        f"{len(labels)} of '{target.name}'; a mapping goes by position"
                    )
                elif lost := [label for label in labels if label not in target.labels]:
                    near = nearest(lost[0], target.labels)
                    yield f"{each.span}: '{lost[0]}' is not an element of '{target.name}'{near}"
                else:
                    mapping.append((target.name, tuple(target.labels.index(label) for label in labels)))
            self.known[each.name] = replace(self.known[each.name], mapping=tuple(mapping))

    # -- using -------------------------------------------------------------------------------------------------------

    def get(self, name: str) -> Dimension | None:
        """A range by its name in any spelling."""
        spelling = self.spelling.get(normal(name))
        return None if spelling is None else self.known.get(spelling)

    def element(self, name: str) -> str | None:
        """An element of any range, in the spelling of its definition."""
        return self.labels.get(normal(name))

    def names(self) -> list[str]:
        """Everything that can stand in brackets."""
        return [*self.raw, *dict.fromkeys(self.labels.values())]

    def part(self, parent: str, labels: Sequence[str], span: Span) -> str:
        """Name of a range with some elements of another, made if there is none."""
        labels = tuple(labels)
        if self.known[parent].labels == labels:
            return parent
        key = (parent, labels)
        if key not in self.made:
            name = self._free(parent)
            self.known[name] = Dimension(name, labels, span)
            self.made[key] = name
        return self.made[key]

    def alias(self, name: str, number: int) -> str:
        """Name of a second or third range with the elements of one that is used twice."""
        wanted = f"{name} ({number + 1} of the same)"
        if wanted not in self.known:
            self.known[wanted] = Dimension(wanted, self.known[name].labels, self.known[name].span)
        return wanted

    def _free(self, parent: str) -> str:
        number = 1
        while f"{parent} (part {number})" in self.known:
            number += 1
        return f"{parent} (part {number})"

    def main(self, label: str) -> Dimension:
        """The largest range that holds an element; its position there is the number it stands for."""
        written = [self.known[name] for name in self.raw]
        owners = [each for each in written if label in each.labels and self.raw[each.name].copy_of is None]
        return min(owners, key=lambda each: (-len(each), normal(each.name)))

    def mapped(self, source: str, label: str, target: str) -> str | None:
        """Element of `source` that stands for an element of `target`, by mapping or copy."""
        for position, place in enumerate(dict(self.known[source].mapping).get(target, ())):
            if self.known[target].labels[place] == label:
                return self.known[source].labels[position]
        for one, other in ((source, target), (target, source)):
            copied = self.raw[one].copy_of if one in self.raw else None
            if copied is not None and normal(copied) == normal(other):
                return label
        return None

    def spelled(self, names: Iterable[str]) -> list[str]:
        """Names of ranges and elements in the spelling of their definition, where there is one."""
        found = []
        for name in names:
            dimension = self.get(name)
            found.append(dimension.name if dimension is not None else self.element(name) or name.strip())
        return found
