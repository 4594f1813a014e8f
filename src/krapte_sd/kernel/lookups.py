"""Looking up a place in a table of points, as compiled code.

A table lies in memory as the number of its points n, their x and their y, each padded
to the same length. Before the first and after the last point it has the value at
the end, as in Vensim.
"""

from __future__ import annotations

__all__ = ["SOURCE"]

#: Functions ``f(memory, place, points, x)``: `place` is where the table begins, `points` the padded length.
SOURCE = '''
@njit(inline="never", error_model="numpy")
def position(memory, place, points, x):
    """Number of the last point that is not after x (-1: none)."""
    low, high = -1, int(memory[place])
    while high - low > 1:
        middle = (low + high) // 2
        if memory[place + 1 + middle] <= x:
            low = middle
        else:
            high = middle
    return low


@njit(inline="never", error_model="numpy")
def lookup(memory, place, points, x):
    """Value between the points on both sides."""
    if x != x:
        return x
    count = int(memory[place])
    k = position(memory, place, points, x)
    y = place + 1 + points
    if k < 0:
        return memory[y]
    left = memory[place + 1 + k]
    if k == count - 1 or left == x:
        return memory[y + k]
    share = (x - left) / (memory[place + 2 + k] - left)
    return memory[y + k] + share * (memory[y + k + 1] - memory[y + k])


@njit(inline="never", error_model="numpy")
def lookup_backward(memory, place, points, x):
    """Value of the last point that is not after x."""
    if x != x:
        return x
    return memory[place + 1 + points + max(position(memory, place, points, x), 0)]


@njit(inline="never", error_model="numpy")
def lookup_forward(memory, place, points, x):
    """Value of the first point that is not before x."""
    if x != x:
        return x
    count = int(memory[place])
    k = position(memory, place, points, x)
    if k < 0 or memory[place + 1 + k] < x:
        k = min(k + 1, count - 1)
    return memory[place + 1 + points + k]
'''
