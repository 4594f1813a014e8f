# numba has no types of its own.
# mypy: disable-error-code="import-untyped,no-untyped-call,untyped-decorator"
"""Adds up a row of the workspace, in an order that is the same on every processor.

Called by generated code, which is shorter, and compiled sooner, than with the sums written out. Eight sums run
beside each other, so that they can be vector code, and are then added in pairs.
"""

from __future__ import annotations

from typing import Any

from numba import njit, types

FORM = types.void(types.CPointer(types.float64), types.intp, types.intp, types.intp)


@njit(FORM, cache=True, error_model="numpy")
def add_row(memory: Any, first: int, length: int, target: int) -> None:
    """Add a row to a place, one element after the other."""
    total = 0.0
    for k in range(first, first + length):
        total = total + memory[k]
    memory[target] = memory[target] + total


@njit(FORM, cache=True, error_model="numpy")
def add_long_row(memory: Any, first: int, length: int, target: int) -> None:
    """Add a row to a place, in eight sums; what is left over joins the first of them."""
    a = b = c = d = e = f = g = h = 0.0
    rest = first + length - length % 8
    for k in range(first, rest, 8):
        a = a + memory[k]
        b = b + memory[k + 1]
        c = c + memory[k + 2]
        d = d + memory[k + 3]
        e = e + memory[k + 4]
        f = f + memory[k + 5]
        g = g + memory[k + 6]
        h = h + memory[k + 7]
    for k in range(rest, first + length):
        a = a + memory[k]
    memory[target] = memory[target] + (((a + b) + (c + d)) + ((e + f) + (g + h)))
