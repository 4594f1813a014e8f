"""Writes the Python source that numba compiles: one function for each phase, or several.

Every function has the same form ``f(W, U, T, time, year)`` and works on the
workspace ``W``; ``U`` and ``T`` hold what all members share, for a calendar year and
at a point of time (they are used in runs of many members only). Loops have constant
bounds and arrays constant places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

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
_VECTORS = """
from krapte_sd.kernel.lanes import absolute, both, each, either, find, get, ld, no, root, select, splat, st, whole
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
        Rates that a step of Euler's method adds to their stocks at once: the phase
        ``steps`` is the phase ``rates`` with these sums.
    """
    source = Source()
    lines: list[str] = []
    written = [(phase, groups, context) for phase, groups in phases.items()]
    if fused:
        written.append(("steps", phases["rates"], replace(context, fused=fused)))
    for phase, groups, context in written:
        source.functions[phase] = []
        body: list[str] = []
        weight = 0
        for group in groups:
            nest = nest_lines(group, context)
            if body and weight + len(nest) > _WEIGHT:
                lines += _function(source, phase, body)
                body, weight = [], 0
            body += nest
            weight += len(nest)
        if body:
            lines += _function(source, phase, body)
    header = [_HEADER + (_VECTORS if context.vector else "")]
    header += [f"{name} = np.array({list(places)})" for places, name in context.tables.items()]
    if context.helpers:
        from krapte_sd.kernel.lookups import SOURCE

        header += [SOURCE]
    source.text = "\n".join([*header, *lines]) + "\n"
    return source


def _function(source: Source, phase: str, body: Sequence[str]) -> list[str]:
    name = f"{phase}_{len(source.functions[phase])}"
    source.functions[phase].append(name)
    return [
        "",
        '@cfunc(FORM, cache=True, error_model="numpy")',
        f"def {name}(W, U, T, time, year):",
        *("    " + each for each in body),
    ]
