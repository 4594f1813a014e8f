"""Mean and quantiles over members, from blocks on disk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from krapte_sd.ensemble.parts import Parts

__all__ = ["summary"]

Floats = NDArray[np.float64]
_PIECE = 16 * 2**20  # bytes of members' numbers that one thread holds


def summary(parts: Parts, levels: tuple[float, ...], threads: int) -> Floats:
    """Summarise every row over all members.

    Parameters
    ----------
    parts : Parts
        All blocks.
    levels : tuple of float
        Shares of members below each quantile.
    threads : int
        Threads.

    Returns
    -------
    numpy.ndarray of float64, shape (1 + levels, rows)
        The mean, then the quantiles: exact, straight between two neighbouring members
        (type 7 of Hyndman and Fan, as `numpy.quantile`). The same bits whatever the blocks and threads.
    """
    found = np.empty((1 + len(levels), parts.rows))
    piece = max(1, _PIECE // (8 * parts.members))

    def work(first: int) -> None:
        last = min(first + piece, parts.rows)
        values = parts.read(first, last)
        # Each row by itself and in the order of the members.
        found[0, first:last] = values.mean(axis=1)
        values.sort(axis=1)
        for k, level in enumerate(levels, start=1):
            at = level * (parts.members - 1)
            below = int(at)
            above, share = min(below + 1, parts.members - 1), at - below
            low, high = values[:, below], values[:, above]
            found[k, first:last] = low + (high - low) * share

    with ThreadPoolExecutor(threads, "statistics") as pool:
        list(pool.map(work, range(0, parts.rows, piece)))
    return found
