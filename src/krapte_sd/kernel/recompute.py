"""Computes cheap large arrays anew where they are read, instead of keeping them in memory.

A product of a few numbers costs less than a place in a cache that is full. The
numbers stay the same: each copy does the same operations in the same order.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from krapte_sd.equations.expressions import Expr, Number, Op, Ref, walk
from krapte_sd.kernel.lower import Slot, Statement
from krapte_sd.kernel.schedule import Group

__all__ = ["covers", "recomputed"]

#: Arrays with fewer elements stay near the processor anyway.
_LARGE = 1024
#: Multiplications and additions that a copy may take.
_CHEAP = 12
_COSTS = {"+": 1, "-": 1, "*": 1, "neg": 1, "abs": 1, "/": 6, "min": 2, "max": 2, "sqrt": 8}
_NEVER = 1000


def recomputed(
    phases: Mapping[str, Sequence[Group]], slots: Mapping[str, Slot], sizes: Mapping[str, int], kept: Container[str]
) -> tuple[dict[str, list[Group]], set[str]]:
    """Put copies of cheap statements into every nest that reads them.

    Parameters
    ----------
    phases : mapping of str to sequence of Group
        The nests of each phase.
    slots : mapping of str to Slot
        All arrays.
    sizes : mapping of str to int
        Length of every dimension.
    kept : container of str
        Arrays that must be in memory.

    Returns
    -------
    phases : dict of str to list of Group
        The nests with the copies.
    local : set of str
        Arrays that need no memory any more.
    """
    groups = [group for each in phases.values() for group in each]
    writers: dict[str, list[Statement]] = {}
    for group in groups:
        for each in group.statements:
            known = writers.setdefault(each.target, [])
            if not any(each is other for other in known):
                known.append(each)
    costs: dict[str, int] = {}
    for group in groups:
        for each in group.statements:
            if each.target not in kept and _may(each, writers, slots, sizes):
                costs[each.target] = _cost(each.expr, costs)
    local: set[str] = set()
    # From the last to the first: a copy reads what may be copied in its turn.
    for name in reversed(list(costs)):
        statement = writers[name][0]
        homes = [k for k, group in enumerate(groups) if any(each is statement for each in group.statements)]
        readers = [k for k, group in enumerate(groups) if any(name in each.reads for each in group.statements)]
        if costs[name] > _CHEAP or not all(_fits(statement, groups[k]) for k in readers):
            continue
        local.add(name)
        for k in readers:
            if k not in homes:
                groups[k] = replace(groups[k], statements=(statement, *groups[k].statements))
        for k in set(homes) - set(readers):
            left = tuple(each for each in groups[k].statements if each is not statement)
            groups[k] = replace(groups[k], statements=left)
    result: dict[str, list[Group]] = {}
    for phase, found in phases.items():
        result[phase] = [group for group in groups[: len(found)] if group.statements]
        del groups[: len(found)]
    return result, local


def _may(
    statement: Statement,
    writers: Mapping[str, Sequence[Statement]],
    slots: Mapping[str, Slot],
    sizes: Mapping[str, int],
) -> bool:
    size = slots[statement.target].size
    return len(writers[statement.target]) == 1 and size >= _LARGE and covers(statement, size, sizes)


def covers(statement: Statement, size: int, sizes: Mapping[str, int]) -> bool:
    """Tell whether a statement sets every element of its array once, in loops over nothing else."""
    keys = [each.key for each in statement.index if each.key is not None]
    elements = 1
    for key in keys:
        elements *= sizes[key.rstrip("!")]
    return (
        statement.mode == "set"
        and len(set(keys)) == len(keys)
        and set(keys) == set(statement.loops)
        and elements == size
    )


def _cost(expr: Expr, costs: Mapping[str, int]) -> int:
    """Operations, with those of arrays that would be computed anew too."""
    total = 0
    for each in walk(expr):
        if isinstance(each, Op):
            total += _COSTS.get(each.function, _NEVER)
        elif isinstance(each, Ref):
            total += costs.get(each.name, 0) if costs.get(each.name, 0) <= _CHEAP else 0
        elif not isinstance(each, Number):
            total += _NEVER
    return total


def _fits(statement: Statement, group: Group) -> bool:
    """Tell whether a nest reads only the element that its own turn of the loops would compute, and each only once."""
    if set(statement.loops) != set(group.loops):
        return False
    for each in group.statements:
        for part in walk(each.expr):
            if isinstance(part, Ref) and part.name == statement.target and part.index != statement.index:
                return False
    return True
