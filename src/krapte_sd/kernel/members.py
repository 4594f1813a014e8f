"""Finds out what differs between members, and compiles it for eight members at once.

Every scalar input or constant may differ; tables and larger inputs may if the
program is told so. Whatever depends on none of them and not on the state either
is the same for all members: it is evaluated once, outside of the kernel of vectors.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from krapte_sd.equations.expressions import Expr, Op, Ref, rewrite, walk
from krapte_sd.equations.model import Model
from krapte_sd.errors import ParameterError, nearest
from krapte_sd.kernel.lower import Lowered, Slot, Statement
from krapte_sd.kernel.nest import Context
from krapte_sd.kernel.recompute import covers, recomputed
from krapte_sd.kernel.schedule import Group, contracted, gather
from krapte_sd.kernel.source import write
from krapte_sd.kernel.storage import Layout, place
from krapte_sd.kernel.windows import Windows, find_windows

__all__ = ["FACTOR", "Vectors", "compile_vectors", "factors", "nests", "scalars", "scale"]

#: Before the name of an input or a data variable: a factor on the whole of it.
FACTOR = "scale:"
#: Smaller stocks are brought up to date apart from their rates.
_LARGE = 512
_SHARED = ("const", "year", "time")


@dataclass(frozen=True)
class Vectors:
    """The kernel of vectors.

    Attributes
    ----------
    wide : frozenset of str
        Slots that differ between members.
    layout : Layout
        Their places, in vectors.
    addresses : dict of str to ndarray
        Addresses of the compiled functions of each phase.
    source : str
        The generated source.
    rest : array of int, shape (pieces, 3)
        Pieces of the state that the phase ``steps`` does not bring up to date: first
        place, first place of the rates, length.
    windows : Windows
        Parts of a long dimension in which nests have anything to do; their bounds stand behind all that holds for a
        calendar year.
    """

    wide: frozenset[str]
    layout: Layout
    addresses: dict[str, NDArray[np.int64]]
    source: str
    rest: NDArray[np.int64]
    windows: Windows


def factors(model: Model, needed: Sequence[str], members: Sequence[str]) -> tuple[str, ...]:
    """Check the names of what may differ between members, and give the variables that have a factor.

    Raises
    ------
    ParameterError
        If a name is not an input, constant or data variable that the outputs need.
    """
    problems = []
    found = []
    given = {name: model.variables[name].kind for name in needed}
    allowed = [name for name, kind in given.items() if kind in ("input", "constant", "data")]
    for each in members:
        name = each.removeprefix(FACTOR)
        if name not in allowed:
            why = "the outputs do not need it" if name in model.variables else "it is not a variable of the model"
            if name in given:
                why = f"it is computed by the model ({given[name]})"
            problems.append(f"members: '{each}' cannot differ between members; {why}{nearest(name, allowed)}")
        elif each.startswith(FACTOR):
            found.append(name)
        elif given[name] == "data":
            problems.append(f"members: '{name}' varies by year; only a factor on it can differ: '{FACTOR}{name}'")
    if problems:
        raise ParameterError.collect(f"outputs of {model.path}", problems)
    return tuple(dict.fromkeys(found))


def scale(lowered: Lowered, names: Sequence[str]) -> None:
    """Put a factor on inputs or data wherever the equations read them."""

    def scaled(expr: Expr) -> Expr:
        if isinstance(expr, Ref) and expr.name in names:
            return Op("*", (expr, Ref(FACTOR + expr.name)))
        return expr

    for name in names:
        lowered.slots[FACTOR + name] = Slot(FACTOR + name, (), 1, "input")
    for phase, statements in lowered.phases.items():
        lowered.phases[phase] = [replace(each, expr=rewrite(each.expr, scaled)) for each in statements]


def scalars(model: Model, needed: Sequence[str]) -> tuple[str, ...]:
    """Give the names of all scalar inputs and constants."""
    return tuple(
        name
        for name in needed
        if model.variables[name].kind in ("input", "constant") and not model.variables[name].dimensions
    )


def _wide(lowered: Lowered, different: Sequence[str]) -> frozenset[str]:
    """Find all slots that differ between members, or belong to the state."""
    wide = {*different, *lowered.stocks, *lowered.integrals}
    order = [each for phase in lowered.phases.values() for each in phase]
    for phase in ("rates", "outputs", "start"):
        wide |= {each.target for each in lowered.phases[phase]}
    before = -1
    # A cell may be read by what its own body needs, hence more than one pass.
    while len(wide) > before:
        before = len(wide)
        wide |= {each.target for each in order if not wide.isdisjoint(each.reads)}
        wide |= {cell for body, cell in lowered.copies if body in wide}
    return frozenset(wide)


def nests(lowered: Lowered, kept: Collection[str]) -> tuple[dict[str, list[Group]], set[str]]:
    """Gather statements into nests; gives them, and the arrays that need no memory.

    Parameters
    ----------
    lowered : Lowered
        The statements.
    kept : collection of str
        Arrays that must be in memory, beside those that a run reads.
    """
    phases = {name: gather(found, lowered.sizes) for name, found in lowered.phases.items()}
    read = {*kept, *lowered.save, *lowered.rates, *lowered.integrands, *(body for body, _ in lowered.copies)}
    copied, local = recomputed(phases, lowered.slots, lowered.sizes, read)
    return copied, (contracted(lowered, copied) | local) - set(kept)


def compile_vectors(lowered: Lowered, shared: Layout, different: Sequence[str], *, euler: bool) -> Vectors:
    """Compile the part of a program that differs between members.

    Parameters
    ----------
    lowered : Lowered
        All statements.
    shared : Layout
        Where a single run keeps what all members share.
    different : sequence of str
        Slots that are set for each member.
    euler : bool
        Write the phase ``steps`` for Euler's method; else for Runge's.
    """
    from krapte_sd.kernel import cache
    from krapte_sd.kernel.program import addresses

    wide = _wide(lowered, different)
    statements = {
        phase: [each for each in found if phase not in _SHARED or each.target in wide]
        for phase, found in lowered.phases.items()
    }
    if euler:
        # A step by Euler brings the state up to date where it computes the rates; what outputs need comes before.
        statements["seen"] = _seen(statements, lowered.save)
    part = replace(lowered, phases=statements)
    phases, without = nests(part, ())
    layout = place(part, without, (), (), only=wide)
    layout.offsets |= {name: layout.take(1) for name in ("'h", "'stage")}
    fused = _fused(part, phases["rates"])
    memory = _memory(lowered, shared, wide)
    windows = find_windows(part, phases, without, wide, memory)
    behind = {nest: shared.yearly[1] + 2 * number for nest, number in windows.numbers.items()}
    context = Context(
        part, layout, without, memory, vector=True, stages=not euler, dimension=windows.dimension, windows=behind
    )
    source = write(context, phases, fused)
    pieces = _rest(lowered, layout, fused)
    return Vectors(wide, layout, addresses(cache.load(source.text), source), source.text, pieces, windows)


def _rest(lowered: Lowered, layout: Layout, fused: Mapping[str, str]) -> NDArray[np.int64]:
    """Pieces of the state whose rates are not added at once, as few as may be."""
    pieces: list[list[int]] = []
    follows = False
    for rate, stock in zip((*lowered.rates, *lowered.integrands), (*lowered.stocks, *lowered.integrals), strict=True):
        # A step treats integrals, which no equation reads, in another way than stocks.
        follows &= stock not in lowered.integrals[:1]
        if rate not in fused:
            first, size = layout.offsets[stock], lowered.slots[stock].size
            if follows:
                pieces[-1][2] = first + size - pieces[-1][0]
            else:
                pieces.append([first, layout.offsets[rate], size])
        follows = rate not in fused
    return np.array(pieces, dtype=np.int64).reshape(-1, 3)


def _seen(statements: Mapping[str, Sequence[Statement]], save: Sequence[str]) -> list[Statement]:
    """Statements of the phase ``rates`` that the outputs need, in the same order."""
    wanted = {*save, *(name for each in statements["outputs"] for name in each.reads)}
    found = []
    for each in reversed(statements["rates"]):
        if each.target in wanted:
            wanted |= each.reads
            found.append(each)
    return found[::-1]


def _fused(lowered: Lowered, groups: Sequence[Group]) -> dict[str, str]:
    """Find the rates whose stock nothing reads any more once they are known, in the order of the nests."""
    fused = {}
    for rate, stock in zip((*lowered.rates, *lowered.integrands), (*lowered.stocks, *lowered.integrals), strict=True):
        homes = [k for k, group in enumerate(groups) if any(each.target == rate for each in group.statements)]
        found = [each for k in homes for each in groups[k].statements if each.target == rate]
        if (
            lowered.slots[rate].size < _LARGE
            or len(found) != 1
            or not covers(found[0], lowered.slots[rate].size, lowered.sizes)
        ):
            continue
        later = any(stock in each.reads for group in groups[homes[0] + 1 :] for each in group.statements)
        here = {
            part.index
            for each in groups[homes[0]].statements
            for part in walk(each.expr)
            if isinstance(part, Ref) and part.name == stock
        }
        if not later and here <= {found[0].index}:
            fused[rate] = stock
    return fused


def _memory(lowered: Lowered, shared: Layout, wide: frozenset[str]) -> Mapping[str, tuple[str, int]]:
    memory = {}
    for name in lowered.slots:
        first = shared.offsets.get(name)
        if name in wide or first is None:
            continue
        for what, (begin, count) in (("U", shared.yearly), ("T", shared.timed)):
            if begin <= first < begin + count:
                memory[name] = (what, first - begin)
    return memory
