"""Bringing regional tables to their margins: raking, and who of which region works in which section and region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from krapte_sd.errors import BalanceError

__all__ = ["commuting_by_section", "divide_employed", "rake"]

Floats = NDArray[np.float64]


def rake(
    seed: ArrayLike,
    margins: Sequence[tuple[tuple[int, ...], ArrayLike]],
    *,
    tolerance: float = 1e-12,
    most: int = 2000,
) -> Floats:
    """Bring an array to given margins by proportional fitting, the margins in turn until all hold.

    Parameters
    ----------
    seed : array_like
        Starting values, not negative; zeros stay zero.
    margins : sequence of tuple
        ``(axes, target)``: the axes that the margin keeps, in rising order, and its values.
    tolerance : float
        Largest deviation of a margin, relative to its largest value.
    most : int
        Most rounds.

    Returns
    -------
    numpy.ndarray
        Of the shape of `seed`. The last margin holds to rounding.

    Raises
    ------
    BalanceError
        If the margins have different totals, ask for something where the seed has nothing, or are not met.

    Examples
    --------
    >>> rake([[1.0, 1.0], [1.0, 3.0]], [((0,), [3.0, 7.0]), ((1,), [4.0, 6.0])]).sum(axis=0)
    array([4., 6.])
    """
    array = np.array(seed, np.float64)
    wanted = [(axes, np.asarray(target, np.float64)) for axes, target in margins]
    totals = [float(target.sum()) for _, target in wanted]
    if max(totals) - min(totals) > 1e-9 * abs(max(totals)):
        raise BalanceError(f"the margins have different totals: {', '.join(f'{total:.10g}' for total in totals)}")
    worst = np.inf
    for _ in range(most):
        worst = 0.0
        for axes, target in wanted:
            others = tuple(axis for axis in range(array.ndim) if axis not in axes)
            sums = array.sum(axis=others, keepdims=True)
            shaped = target.reshape(sums.shape)
            if ((sums == 0) & (shaped != 0)).any():
                raise BalanceError(f"the margin over the axes {axes} asks for something where the seed has nothing")
            worst = max(worst, float(np.abs(sums - shaped).max()) / float(np.abs(shaped).max()))
            array *= np.divide(shaped, sums, out=np.zeros_like(sums), where=sums != 0)
        if worst <= tolerance:
            return array
    raise BalanceError(f"margins not met after {most} rounds: off by {worst:.3g} of the largest value")


def divide_employed(national: ArrayLike, resident_share: ArrayLike, residence_share: ArrayLike) -> Floats:
    """Divide the employed of the country over regions of residence, sections, sexes and ages.

    Parameters
    ----------
    national : array_like
        (sectors, sexes, ages) employed residents of the country, persons.
    resident_share : array_like
        (regions, sexes, ages) share of the employed of a sex and age who live in the region.
    residence_share : array_like
        (regions, sectors) share of the workers of a section who live in the region.

    Returns
    -------
    numpy.ndarray
        (regions, sectors, sexes, ages), persons. Adds up to `national` over regions, and has the employed by sex and
        age of each region; the sections of a region are those of `residence_share`, raked to its number of employed.

    Raises
    ------
    BalanceError
        If the margins cannot be met.
    """
    country = np.asarray(national, np.float64)
    residents = np.asarray(resident_share, np.float64) * country.sum(axis=0)
    by_section = country.sum(axis=(1, 2))
    # shares and national table may be of different vintages: sections give way, people do not; shares are written with
    # ten digits, so margins agree to 1e-10 and no better
    seed = np.asarray(residence_share, np.float64) * by_section
    section = rake(seed, [((0,), residents.sum(axis=(1, 2))), ((1,), by_section)], tolerance=1e-9)
    first = (section / by_section)[:, :, None, None] * country
    return rake(first, [((0, 1), section), ((0, 2, 3), residents), ((1, 2, 3), country)], tolerance=1e-9)


def commuting_by_section(commuting_share: ArrayLike, workplace_share: ArrayLike, national: ArrayLike) -> Floats:
    """Return where the employed residents of a region and section work.

    Commuters have the sections of where they work, so that workers by region of work and section are those of
    `workplace_share`; see ``residence_share`` for the same by region of residence.

    Parameters
    ----------
    commuting_share : array_like
        (regions, regions) share of the employed residents of a region (first) who work in another (second).
    workplace_share : array_like
        (regions, sectors) share of the workers of the section who work in the region.
    national : array_like
        (sectors,) employed residents of the country, persons.

    Returns
    -------
    numpy.ndarray
        (residence, work, sectors); adds up to one over the region of work.
    """
    share = np.asarray(commuting_share, np.float64)
    workers = np.asarray(workplace_share, np.float64) * np.asarray(national, np.float64)
    mix = workers / workers.sum(axis=1, keepdims=True)
    out = share[:, :, None] * mix
    return np.asarray(out / out.sum(axis=1, keepdims=True))
