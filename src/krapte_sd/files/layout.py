"""The two shapes of a dataset: with labels in memory, by the CF conventions in a file.

In memory a dataset is made for people: regions, sectors and sexes are strings,
stocks stand on ``time`` (1 January, datetime64), flows on ``year`` (whole
calendar years, integers). CF wants numbers on every dimension, time last, flows
on periods with bounds, and units that UDUNITS knows. The recipe:

====================  ==========================================================
in memory             in the file
====================  ==========================================================
``time``              ``time``: days, axis T
``year``              ``period``: days (the middle of the year), axis T, with
                      ``period_bounds``; the year itself as auxiliary ``year``
string coordinate x   ``x``: 0, 1, 2, ...; the strings as auxiliary ``x_code``
any other coordinate  as it is; strings as characters in UTF-8
``units``             ``units`` in UDUNITS and ``unit_label`` as in memory
order of dimensions   ``time`` or ``period`` last
====================  ==========================================================

What cannot be seen from the file itself (order of dimensions, types, which
attributes were added) stands as JSON in the attribute ``memory_layout``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

__all__ = [
    "BOUNDS",
    "EPOCH",
    "LAYOUT",
    "PERIOD",
    "PERIOD_BOUNDS",
    "TIME",
    "TIME_ATTRS",
    "YEAR",
    "YEAR_BOUNDS",
    "calendar",
    "is_text",
    "year_starts",
]

TIME, YEAR, YEAR_BOUNDS = "time", "year", "year_bounds"
PERIOD, PERIOD_BOUNDS, BOUNDS = "period", "period_bounds", "bounds"
LAYOUT = "memory_layout"
EPOCH = np.datetime64("2000-01-01", "us")
TIME_ATTRS = {
    "units": "days since 2000-01-01 00:00:00",
    "calendar": "standard",
    "units_metadata": "leap_seconds: none",
}


def calendar(first: int, last: int) -> dict[str, xr.Variable]:
    """Make the time coordinates of a forecast.

    Parameters
    ----------
    first, last : int
        First and last calendar year of the flows.

    Returns
    -------
    dict of str to xarray.Variable
        ``time`` (time,): 1 January of `first` ... `last` + 1, datetime64[ns], for
        stocks. ``year`` (year,): `first` ... `last`, int64, for flows over a
        calendar year. ``year_bounds`` (year, bounds): the two 1 Januaries around
        each year. To be used as ``coords=`` of a dataset.

    Raises
    ------
    ValueError
        If `last` is before `first`.

    Examples
    --------
    >>> made = calendar(2024, 2050)
    >>> made["time"].shape, made["year"].shape, made["year_bounds"].shape
    ((28,), (27,), (27, 2))
    >>> str(made["year_bounds"].values[0, 1])[:10]
    '2025-01-01'
    """
    if last < first:
        raise ValueError(f"calendar({first}, {last}): the last year is before the first")
    starts = year_starts(np.arange(first, last + 2))
    return {
        TIME: xr.Variable((TIME,), starts, {"long_name": "1 January"}),
        YEAR: xr.Variable((YEAR,), np.arange(first, last + 1), {"long_name": "calendar year"}),
        YEAR_BOUNDS: xr.Variable((YEAR, BOUNDS), np.stack([starts[:-1], starts[1:]], axis=1)),
    }


def year_starts(years: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.datetime64]:
    """Give 1 January of each year as datetime64[ns]."""
    return (np.asarray(years, dtype="int64") - 1970).astype("datetime64[Y]").astype("datetime64[ns]")


def is_text(values: npt.NDArray[Any]) -> bool:
    """Say whether an array holds strings and nothing else."""
    if values.dtype.kind in "UT":
        return True
    return values.dtype.kind == "O" and all(isinstance(each, str) for each in values.ravel())
