"""Gathers statements that run over the same loops, so that each loop is run once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from krapte_sd.equations.checks import cover, overlap
from krapte_sd.equations.expressions import Ref, walk
from krapte_sd.kernel.lower import Lowered, Statement

__all__ = ["Group", "contracted", "gather"]


@dataclass(frozen=True)
class Group:
    """Statements inside one nest of loops."""

    loops: tuple[str, ...]
    statements: tuple[Statement, ...]


def gather(statements: Sequence[Statement], sizes: Mapping[str, int]) -> list[Group]:
    """Fuse statements into as few nests as their dependences allow.

    A statement may stand in the same nest as one it reads from if it reads, in
    each turn of the loops, only what that turn has written. Small nests go first:
    they unlock large ones, so that the large ones gather as much as possible.

    Parameters
    ----------
    statements : sequence of Statement
        In an order in which they can be evaluated.
    sizes : mapping of str to int
        Length of every dimension.
    """
    writers: dict[str, list[Statement]] = {}
    for each in statements:
        writers.setdefault(each.target, []).append(each)
    left = list(statements)
    groups: list[Group] = []
    done: set[int] = set()
    while left:
        best: list[Statement] = []
        best_size = 0
        for loops in dict.fromkeys(each.loops for each in left):
            size = 1
            for key in loops:
                size *= sizes[key.rstrip("!")]
            if best and size >= best_size:
                continue
            chosen = _joinable([each for each in left if each.loops == loops], writers, done)
            if chosen:
                best, best_size = chosen, size
        groups.append(Group(best[0].loops, tuple(best)))
        done |= {id(each) for each in best}
        left = [each for each in left if id(each) not in done]
    return groups


def _joinable(
    candidates: Sequence[Statement], writers: Mapping[str, list[Statement]], done: set[int]
) -> list[Statement]:
    chosen: list[Statement] = []
    inside: set[int] = set()
    for each in candidates:
        fits = True
        for part in walk(each.expr):
            if not isinstance(part, Ref):
                continue
            conflicting = _conflicting(part, writers)
            for writer in conflicting:
                if id(writer) not in done and not (id(writer) in inside and _aligned(writer, part, conflicting)):
                    fits = False
        if fits:
            chosen.append(each)
            inside.add(id(each))
    return chosen


def _conflicting(read: Ref, writers: Mapping[str, list[Statement]]) -> list[Statement]:
    """Statements that write an element that is read."""
    found = writers.get(read.name, [])
    if len(found) < 2:
        return found
    elements = cover(read.index)
    return [each for each in found if overlap(cover(each.index), elements)]


def _aligned(writer: Statement, read: Ref, conflicting: Sequence[Statement]) -> bool:
    return writer.mode == "set" and len(conflicting) == 1 and writer.index == read.index


def contracted(lowered: Lowered, phases: Mapping[str, Sequence[Group]]) -> set[str]:
    """Find arrays that every nest that reads them computes itself, so that they need no memory.

    Parameters
    ----------
    lowered : Lowered
        All statements.
    phases : mapping of str to sequence of Group
        The nests of each phase.
    """
    kept = {*lowered.save, *lowered.rates, *lowered.integrands, *(body for body, _ in lowered.copies)}
    writers: dict[str, list[Statement]] = {}
    lacking: set[str] = set()
    for groups in phases.values():
        for group in groups:
            inside = {each.target for each in group.statements}
            for each in group.statements:
                known = writers.setdefault(each.target, [])
                if not any(each is other for other in known):
                    known.append(each)
                lacking |= each.reads - inside
    return {
        name
        for name, found in writers.items()
        if name not in kept and name not in lacking and len(found) == 1 and found[0].mode == "set"
    }
