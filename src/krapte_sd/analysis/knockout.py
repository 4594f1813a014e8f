"""What each loop contributes to the shortage: runs in which one loop is cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from krapte_sd.analysis.batch import Batch
from krapte_sd.analysis.loops import loop_metadata
from krapte_sd.errors import ParameterError, nearest
from krapte_sd.forecast import FIRST_YEAR, FLOWS, LAST_YEAR, STATES, model_for

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["YEARS", "check_years", "knockout", "scenario_batch"]

YEARS: Final = (2030, 2040, 2050)
_PARTS: Final = ("need_gap", "structural_shortage", "suppressed_shortage")


def check_years(years: Sequence[int]) -> tuple[int, ...]:
    """Check years of which 1 January is wanted.

    Raises
    ------
    ParameterError
        If there is none, or one is not a whole number in the range of a run.
    """
    wrong = [year for year in years if not isinstance(year, int) or not FIRST_YEAR <= year <= LAST_YEAR + 1]
    if wrong or not years:
        found = ", ".join(map(repr, wrong)) or "none"
        raise ParameterError(f"years: found {found}; allowed: whole numbers from {FIRST_YEAR} to {LAST_YEAR + 1}")
    return tuple(dict.fromkeys(years))


def scenario_batch(scenario: str, population: str | None = None, parameters: Mapping[str, Any] | None = None) -> Batch:
    """Prepare a scenario for runs that differ in parameters, with all outputs of a forecast."""
    from krapte_sd.scenarios import read_scenario

    model = model_for(read_scenario(scenario).changed(population=population, parameters=parameters))
    return Batch(model, STATES, FLOWS)


def knockout(
    scenario: str = "baseline",
    *,
    loops: Sequence[str] | None = None,
    years: Sequence[int] = YEARS,
    population: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    batch: Batch | None = None,
) -> xr.Dataset:
    """Cut each feedback loop alone and see what it contributes to the shortage.

    Parameters
    ----------
    scenario : str
        A name out of `scenarios`.
    loops : sequence of str, optional
        Switches out of `loops`; default: all.
    years : sequence of int
        Years of which 1 January is given.
    population, parameters : optional
        As for `run`.
    batch : Batch, optional
        A scenario prepared before, in place of the three above.

    Returns
    -------
    xarray.Dataset
        By ``loop`` (its switch), ``time`` and ``sector``, in persons: ``need_gap``, ``structural_shortage`` and
        ``suppressed_shortage`` with the loop cut, and each with ``_contribution`` behind it: the value with all loops
        less the value with this one cut; above zero, the loop makes the shortage larger. By ``loop`` and ``time``:
        ``mean_wage_pressure`` and ``unemployment_rate`` with the loop cut. ``loop_name`` and ``loop_name_nl`` are the
        names of the loops. Contributions of loops do not add up, because loops act on each other.

    Raises
    ------
    ParameterError
        If there is no such loop, or a year is not in the run.

    Examples
    --------
    >>> import krapte_sd as ks
    >>> ds = ks.knockout(loops=["participation_switch"], years=[2030])
    >>> ds["need_gap_contribution"].dims
    ('loop', 'time', 'sector')
    """
    import pandas as pd

    wanted = check_years(years)
    prepared = scenario_batch(scenario, population, parameters) if batch is None else batch
    known = loop_metadata(prepared.model)
    chosen = tuple(known) if loops is None else tuple(dict.fromkeys(loops))
    wrong = [f"'{each}' is no switch of a loop{nearest(each, known)}" for each in chosen if each not in known]
    if wrong:
        raise ParameterError.collect("loops", [*wrong, f"allowed: {', '.join(known)}"])
    ran = prepared.run([{}, *({switch: 0.0} for switch in chosen)])
    ran = ran.sel(time=pd.to_datetime([f"{year}-01-01" for year in wanted]))
    ran = ran[[*_PARTS, "mean_wage_pressure", "unemployment_rate"]].sum("region", keep_attrs=True)
    whole, cut = ran.isel(member=0), ran.isel(member=slice(1, None)).rename(member="loop")
    for name in _PARTS:
        less = whole[name] - cut[name]
        what = f"{whole[name].attrs['long_name']} with all loops less that with this one cut"
        cut[f"{name}_contribution"] = less.transpose(*cut[name].dims).assign_attrs(
            long_name=f"contribution to {whole[name].attrs['long_name']}", units="person", description=what
        )
    names = {"loop_name": "label", "loop_name_nl": "label_nl"}
    labels: dict[str, Any] = {
        new: ("loop", [getattr(known[each], key) for each in chosen]) for new, key in names.items()
    }
    labels["loop"] = ("loop", np.array(chosen, dtype=object), {"long_name": "switch that is 0"})
    cut = cut.assign_coords(labels)
    cut = cut.drop_vars([name for name in cut.coords if name not in (*cut.dims, *labels)])
    cut.attrs = {"title": f"Each feedback loop cut alone: {scenario}"}
    return cut
