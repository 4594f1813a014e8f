"""Writes the Python source that numba compiles: one function for each phase, or several.

Every function has the same form ``f(W, U, T, time, year)`` and works on the
workspace ``W``; ``U`` and ``T`` hold what all members share, for a calendar year and
at a point of time (they are used in runs of many members only). Loops have constant
bounds and arrays constant places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from krapte_sd.equations.expressions import Ref, walk
from krapte_sd.kernel.lower import Statement
from krapte_sd.kernel.nest import Context, nest_lines
from krapte_sd.kernel.schedule import Group

__all__ = ["Source", "write"]

#: Functions with more weight than this are cut, as compile time grows faster than their length.
_WEIGHT = 160
_HEADER = '''"""Generated from a model file; never edit it."""
import math

import numpy as np
from numba import cfunc, njit, types

FORM = types.void(*[types.CPointer(types.float64)] * 3, types.float64, types.float64)
'''
_PLAIN = """
from krapte_sd.kernel.sums import add_long_row, add_row
"""
_VECTORS = """
from krapte_sd.kernel.lanes import (
    absolute, add_long_row, add_row, ahead, both, each, either, find, get, ld, no, root, select, splat, st, whole
)
"""


@dataclass
class Source:
    """Source of a kernel, and the names of its functions by phase."""

    text: str = ""
    functions: dict[str, list[str]] = field(default_factory=dict)


def write(context: Context, phases: Mapping[str, Sequence[Group]], fused: Mapping[str, str] | None = None) -> Source:
    """Write the source of all phases.

    Parameters
    ----------
    context : Context
        The statements and the places of all arrays; rows for sums are added.
    phases : mapping of str to sequence of Group
        The nests of each phase.
    fused : mapping of str to str, optional
        Rates that are added to their stocks at once: the phase ``steps`` is the phase
        ``rates`` with these sums.
    """
    source = Source()
    lines: list[str] = []
    for phase, groups in phases.items():
        source.functions[phase] = []
        for part in _parts(groups, fused or {}):
            lines += _function(source, phase, [line for group in part for line in nest_lines(group, context)])
    if fused is not None:
        # Nests without such rates are the same functions.
        inside = replace(context, fused=fused)
        source.functions["steps"] = []
        for part, plain in zip(_parts(phases["rates"], fused), source.functions["rates"], strict=True):
            if any(_adds(group, fused) for group in part):
                lines += _function(source, "steps", [line for group in part for line in nest_lines(group, inside)])
            else:
                source.functions["steps"].append(plain)
    header = [_HEADER + (_VECTORS if context.vector else _PLAIN)]
    header += [f"{name} = np.array({list(places)})" for places, name in context.tables.items()]
    if context.helpers:
        from krapte_sd.kernel.lookups import SOURCE

        header += [SOURCE]
    source.text = "\n".join([*header, *lines]) + "\n"
    return source


def _parts(groups: Sequence[Group], fused: Mapping[str, str]) -> list[list[Group]]:
    """Cut a phase into functions; what is written twice stands alone."""
    parts: list[list[Group]] = []
    weight = 0
    for group in groups:
        size = 4 * len(group.loops) + sum(_weight(each) for each in group.statements)
        alone = _adds(group, fused) or (parts and _adds(parts[-1][-1], fused))
        if not parts or alone or weight + size > _WEIGHT:
            parts.append([])
            weight = 0
        parts[-1].append(group)
        weight += size
    return parts


def _adds(group: Group, fused: Mapping[str, str]) -> bool:
    return any(each.target in fused for each in group.statements)


def _weight(statement: Statement) -> int:
    """About the number of lines a statement takes."""
    return (3 if statement.mode == "set" else 8) + sum(isinstance(each, Ref) for each in walk(statement.expr))


def _function(source: Source, phase: str, body: Sequence[str]) -> list[str]:
    name = f"{phase}_{len(source.functions[phase])}"
    source.functions[phase].append(name)
    return [
        "",
        '@cfunc(FORM, cache=True, error_model="numpy")',
        f"def {name}(W, U, T, time, year):",
        *("    " + each for each in body),
    ]
