"""What a variant of the economy, the tasks or the technology does to the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from krapte_sd.scenarios.schema import Variant

if TYPE_CHECKING:
    import xarray as xr

    from krapte_sd.parameters import ParameterSet

__all__ = ["shift_tasks", "variant_changes"]

_VOLUME = "task_volume"


def variant_changes(variant: Variant, tables: ParameterSet) -> dict[str, Any]:
    """Give the parameters that a variant sets.

    Parameters
    ----------
    variant : Variant
        The variant.
    tables : ParameterSet
        The tables it is applied to; they hold the ends of the ranges.
    """
    changes: dict[str, Any] = {}
    for name, value in variant.parameters.items():
        if isinstance(value, str):
            end = tables.low(name) if value == "low" else tables.high(name)
            changes[name] = end if end.ndim else float(end)
        else:
            changes[name] = value
    if variant.task_delay:
        changes[_VOLUME] = shift_tasks(tables.values(_VOLUME), variant.task_delay)
    return changes


def shift_tasks(volume: xr.DataArray, delay: int) -> xr.DataArray:
    """Move a programme of work in time and leave the first year as it is.

    Parameters
    ----------
    volume : xarray.DataArray
        By ``year`` and other dimensions.
    delay : int
        Years by which it comes later; negative: earlier, reached over as many years at double speed.

    Returns
    -------
    xarray.DataArray
        The moved programme; the last year of the table is held.
    """
    years = volume["year"].values
    since = years - years[0]
    seen = np.where(since < delay, 0, since - delay) if delay > 0 else since + np.minimum(since, -delay)
    at = np.minimum(seen, since[-1]).astype(int)
    return volume.copy(data=volume.isel(year=at).transpose(*volume.dims).values)
