"""The three-month transition table that the model's own gross flows give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["STATUSES", "generators", "three_month_shares"]

Floats = NDArray[np.float64]
STATUSES: Final = ("employed", "unemployed", "inactive")
QUARTER: Final = 0.25


def generators(stocks: Floats, flows: Mapping[tuple[int, int], Floats]) -> Floats:
    """Turn stocks and gross flows into matrices of rates.

    Parameters
    ----------
    stocks : ndarray, shape (3, ...)
        Persons by status (employed, unemployed, inactive) and cell.
    flows : mapping of (int, int) to ndarray, shape (...)
        Persons a year from one status to another; a pair left out is a flow of zero.

    Returns
    -------
    ndarray, shape (..., 3, 3)
        Rates per year, rows add up to zero. A status without people has no rates.

    Raises
    ------
    ValueError
        If people leave a status that has none, or a flow is negative.
    """
    rates = np.zeros((*stocks.shape[1:], 3, 3))
    for (origin, target), flow in flows.items():
        there = stocks[origin] > 0
        if (flow < 0).any() or (flow[~there] > 0).any():
            raise ValueError(
                f"flow from {STATUSES[origin]} to {STATUSES[target]}: found a negative flow, or one out of an empty "
                "cell; allowed: flows of zero or more, out of cells with people"
            )
        np.divide(flow, stocks[origin], out=rates[..., origin, target], where=there)
    diagonal = np.arange(3)
    rates[..., diagonal, diagonal] = -rates.sum(axis=-1)
    return rates


def three_month_shares(stocks: Floats, flows: Mapping[tuple[int, int], Floats]) -> Floats:
    """Simulate the status three months later, as a survey that asks the same people twice would see it.

    A count of moves per quarter is less than the gross flow: who moves twice is seen once or not at all. Hence
    exp(G/4) of the rates of each cell, weighted by its people.

    Parameters
    ----------
    stocks : ndarray, shape (3, ...)
        Persons by status and cell.
    flows : mapping of (int, int) to ndarray, shape (...)
        Persons a year by origin and target.

    Returns
    -------
    ndarray, shape (3, 3)
        Share of the people of each status (row) who are in each status (column) a quarter later; rows add up to one.
    """
    from scipy.linalg import expm

    moved = expm(generators(stocks, flows) * QUARTER)
    counts = (np.moveaxis(stocks, 0, -1)[..., None] * moved).reshape(-1, 3, 3).sum(axis=0)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True), np.float64)
