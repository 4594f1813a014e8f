"""Scores of forecasts against what happened."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

__all__ = ["COVERED", "bias", "coverage", "crps", "direction", "weighted_error"]

Floats = NDArray[np.float64]

COVERED: Final = 0.8
"""Probability of the bands whose coverage is counted."""


def weighted_error(forecast: Floats, actual: Floats) -> float:
    """Weighted mean absolute percentage error: absolute errors over what happened, each summed over all figures.

    Examples
    --------
    >>> weighted_error(np.array([90.0, 220.0]), np.array([100.0, 200.0]))
    0.1
    """
    return float(np.abs(forecast - actual).sum() / actual.sum())


def bias(forecast: Floats, actual: Floats) -> float:
    """Errors over what happened, each summed over all figures; positive: forecast too high."""
    return float((forecast - actual).sum() / actual.sum())


def direction(forecast: Floats, actual: Floats, last: Floats) -> float:
    """Share of figures that moved to the side forecast, seen from the last one known; nan if none is to move."""
    moving = forecast != last
    if not moving.any():
        return float("nan")
    return float((np.sign(forecast - last) == np.sign(actual - last))[moving].mean())


def coverage(mean: Floats, spread: Floats, actual: Floats) -> float:
    """Share of figures inside the 80% band of a normal distribution; nan if there is no band."""
    if np.isnan(spread).all():
        return float("nan")
    width = float(ndtri(0.5 + COVERED / 2))
    return float((np.abs(actual - mean) <= width * spread).mean())


def crps(mean: Floats, spread: Floats, actual: Floats) -> float:
    """Continuous ranked probability score of normal distributions, over what happened.

    The closed form of Gneiting and Raftery (2007, Journal of the American Statistical Association 102, 359-378). With
    no spread it is the weighted error; nan if the spread is not known.

    Examples
    --------
    >>> round(crps(np.array([0.0]), np.array([1.0]), np.array([1.0])), 6)
    0.602441
    """
    if np.isnan(spread).all():
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (actual - mean) / spread
        density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        score = spread * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))
    score = np.where(spread > 0, score, np.abs(actual - mean))
    return float(score.sum() / actual.sum())
