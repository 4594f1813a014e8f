"""Differences between forecasts: by sector, region and year, in persons, full-time equivalents and hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from krapte_sd.errors import ScenarioError, nearest

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["SHORTAGE", "SIDE_EFFECTS", "compare", "differences", "side_effects"]

SHORTAGE: Final = {"persons": "need_gap", "fte": "need_gap_in_fte", "hours": "need_gap_in_hours"}
"""The need gap in its three units."""

SIDE_EFFECTS: Final = (
    "employed_total", "unemployed_total", "unused_potential", "vacancies_total", "structural_shortage",
    "suppressed_shortage", "mean_wage_pressure", "population_total", "net_migration", "temporary_migrants",
    "housing_shortfall", "homes_built", "service_backlog", "in_retraining", "placements", "programme_delivery",
)  # fmt: skip
"""What is shown beside the need gap: people, homes, care and lessons that wait, places of training, programmes."""

_NEEDED: Final = {"Q": "care, childcare among it", "P": "education", "F": "construction"}


def compare(forecasts: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Compare forecasts with the first of them.

    Parameters
    ----------
    forecasts : mapping of str to xarray.Dataset
        At least two runs with the same regions, sectors and years, by name; the first is the reference.

    Returns
    -------
    xarray.Dataset
        Every variable that all have as the difference from the reference, with ``scenario`` as first dimension and
        the other dimensions and units as in the runs. The attributes hold the measures of each and their notes.

    Raises
    ------
    ScenarioError
        If there are fewer than two, or they do not have the same labels; all in one message.

    Examples
    --------
    >>> import krapte_sd as ks
    >>> runs = {"baseline": ks.run(until=2027), "agreement": ks.run(policies=["job_agreement"], until=2027)}
    >>> ks.compare(runs)["need_gap"].dims
    ('scenario', 'time', 'region', 'sector')
    """
    import xarray as xr

    names = list(forecasts)
    if len(names) < 2:
        raise ScenarioError(
            f"compare needs two forecasts at least, found {len(names)}; remedy: give {{'a': .., 'b': ..}}"
        )
    first = forecasts[names[0]]
    problems = []
    for name in names[1:]:
        for dimension in ("time", "year", "region", "sector", "statistic", "member"):
            one, other = (list(each[dimension].values) if dimension in each.dims else None for each in
                          (first, forecasts[name]))  # fmt: skip
            if one != other:
                said = [f"{len(each)} of them" if each else "none" for each in (one, other)]
                problems.append(
                    f"'{name}' has other labels along {dimension} than '{names[0]}' ({said[1]} against {said[0]}); "
                    "remedy: run both with the same regions, years and members"
                )
    if problems:
        raise ScenarioError.collect("compare", problems)
    shared = [n for n in first.data_vars if all(n in forecasts[name] for name in names)]
    numbers = first[[n for n in shared if first[n].dtype.kind == "f"]]
    parts = [forecasts[name][list(numbers.data_vars)] - numbers for name in names[1:]]
    ds = xr.concat(
        parts, xr.DataArray(names[1:], dims="scenario", name="scenario"), coords="minimal", compat="override"
    )
    for variable in numbers.data_vars:
        told = first[variable].attrs
        ds[variable].attrs = {**told, "long_name": f"{told.get('long_name', variable)}, difference from '{names[0]}'"}
    ds["scenario"].attrs = {"long_name": "scenario, minus the reference"}
    ds.attrs = {"title": f"Differences from '{names[0]}'", "reference": names[0]}
    for name in names:
        for key in ("policies", "policy_notes"):
            if forecasts[name].attrs.get(key):
                ds.attrs[f"{key}: {name}"] = forecasts[name].attrs[key]
    return ds


def _by_year(ds: xr.Dataset, name: str, year: int) -> xr.DataArray:
    """A stock on 1 January, or a flow over the year."""
    values = ds[name]
    if "time" in values.dims:
        return values.isel(time=ds["time"].dt.year.values.tolist().index(year)).drop_vars("time", errors="ignore")
    return values.sel(year=year).drop_vars("year", errors="ignore")


def _years(ds: xr.Dataset, years: Sequence[int]) -> list[int]:
    known = ds["year"].values.tolist()
    wrong = [year for year in years if year not in known]
    if wrong:
        raise ScenarioError(f"years {', '.join(map(str, wrong))}: not in the runs; allowed: {known[0]} to {known[-1]}")
    return list(years)


def differences(ds: xr.Dataset, years: Sequence[int], by: str = "sector") -> pd.DataFrame:
    """Give the change of the need gap as a table.

    Parameters
    ----------
    ds : xarray.Dataset
        Of `compare`.
    years : sequence of int
        The 1 Januaries.
    by : {"sector", "region", "total"}
        What the rows are.

    Returns
    -------
    pandas.DataFrame
        Columns scenario, year, the dimension `by`, persons, fte, hours; the total last.
    """
    import pandas as pd

    if by not in ("sector", "region", "total"):
        raise ScenarioError(f"by='{by}': allowed: sector, region, total{nearest(by, ['sector', 'region', 'total'])}")
    rows = []
    for scenario in ds["scenario"].values:
        for year in _years(ds, years):
            found = {unit: _by_year(ds, name, year).sel(scenario=scenario) for unit, name in SHORTAGE.items()}
            for label in ds[by].values if by != "total" else ():
                parts = {unit: float(each.sel({by: label}).sum()) for unit, each in found.items()}
                rows.append({"scenario": scenario, "year": year, by: label, **parts})
            whole = {unit: float(each.sum()) for unit, each in found.items()}
            rows.append({"scenario": scenario, "year": year, by: "all", **whole})
    return pd.DataFrame(rows)


def side_effects(ds: xr.Dataset, years: Sequence[int]) -> pd.DataFrame:
    """Give the change of what is not the need gap: people, homes, training, wages, need in care and construction.

    Parameters
    ----------
    ds : xarray.Dataset
        Of `compare`.
    years : sequence of int
        1 Januaries, for flows calendar years.

    Returns
    -------
    pandas.DataFrame
        Columns scenario, effect, unit and one for each year; added up over regions and sectors.
    """
    import pandas as pd

    rows: list[dict[Any, Any]] = []
    for scenario in ds["scenario"].values:
        one = ds.sel(scenario=scenario)
        for name in SIDE_EFFECTS:
            values = {year: float(_by_year(one, name, year).sum()) for year in _years(ds, years)}
            rows.append({"scenario": scenario, "effect": name, "unit": ds[name].attrs["units"], **values})
        for sector, what in _NEEDED.items():
            part = one.sel(sector=sector)
            values = {year: float(_by_year(part, "labour_needed", year).sum()) for year in years}
            rows.append({"scenario": scenario, "effect": f"labour needed in {what}", "unit": "person", **values})
    return pd.DataFrame(rows)
