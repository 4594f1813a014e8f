"""A scenario becomes a forecast: a labelled dataset with its provenance."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from krapte_sd.errors import ParameterError, ScenarioError
from krapte_sd.parameters.history import BASE_YEAR, HORIZON, origins
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.scenarios.population import FORECAST
from krapte_sd.simulation import LoadedModel, Solver, default_step, dimension_name, load_model

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from krapte_sd.scenarios import Given, Scenario

__all__ = [
    "FIRST_YEAR",
    "FLOWS",
    "LAST_YEAR",
    "STATES",
    "WAGE_BOUND",
    "model_for",
    "run",
    "variables",
    "wage_plausibility",
]

FIRST_YEAR: Final = BASE_YEAR
LAST_YEAR: Final = 2050

STATES: Final = (
    "population_total", "working_age_population", "employed_total", "unemployed_total", "vacancies_total",
    "labour_force",
    "unemployment_rate", "tightness", "net_participation", "gross_participation",
    "labour_supply_at_unchanged_participation", "expected_labour_supply_in_the_country",
    "mean_wage_pressure", "closure_factor", "programme_delivery",
    "employed_in_sector", "vacancies", "desired_labour", "labour_needed",
    "frictional_shortage", "structural_shortage", "suppressed_shortage", "need_gap", "need_gap_in_hours",
    "need_gap_in_fte", "vacancy_rate", "vacancy_duration", "duration_tightness", "wage_pressure", "task_labour",
    "labour_needed_before_technology", "labour_replaced_by_automation", "labour_saved_by_productivity",
    "posts_offshored", "labour_returned", "automated_share", "offshored_share",
    "households", "homes", "homes_wanted", "housing_shortfall", "housing_shortfall_share", "homes_planned",
    "housing_limit_on_inflow", "task_backlog", "task_delay", "service_backlog", "service_delay",
    "unused_potential", "underemployed", "available_not_searching", "searching_not_available", "temporary_migrants",
    "in_retraining", "hours_index",
)  # fmt: skip
"""Sampled on each 1 January."""

FLOWS: Final = (
    "births", "deaths_total", "immigration_total", "emigration_total", "net_migration", "hires", "vacancy_hires",
    "direct_hires", "vacancies_opened", "vacancies_lapsed", "separations_in_sector", "layoffs", "exits_in_sector",
    "retirements_in_sector", "deaths_in_sector", "emigration_from_sector", "job_leavers", "replacement_demand",
    "expansion_demand", "placements", "homes_built", "homes_demolished", "task_done",
    "immigration_by_group",
)  # fmt: skip
"""Integrated over each calendar year, with the weights of the integrator: stocks change by exactly these."""

WAGE_BOUND: Final = 0.2
"""Mean wage above its trend that nobody would believe (docs/baseline.md): with it, a run has set demand too high."""

BY_COHORT: Final = {"population": "population_by_age", "employed": "employed_by_age", "unemployed": "unemployed_by_age"}
"""Stocks by year of birth, and the name under which they are given by completed age."""

OLDEST: Final = 100


_DISCOVERY: Final = {
    "creator_name": "The krapte_sd developers",
    "creator_type": "group",
    "creator_institution": "krapte_sd",
    "institution": "krapte_sd",
    "publisher_name": "The krapte_sd developers",
    "publisher_type": "group",
    "publisher_institution": "krapte_sd",
    "naming_authority": "krapte_sd",
    "processing_level": "model result",
    "acknowledgement": "Statistics Netherlands (CBS) and the other sources named in references",
    "comment": "A scenario, no measurement; much of behaviour is assumed. Quote results with their range.",
    "geospatial_lat_min": 50.75,
    "geospatial_lat_max": 53.56,
    "geospatial_lat_units": "degrees_north",
    "geospatial_lon_min": 3.36,
    "geospatial_lon_max": 7.23,
    "geospatial_lon_units": "degrees_east",
    "geospatial_bounds": "POLYGON ((50.75 3.36, 53.56 3.36, 53.56 7.23, 50.75 7.23, 50.75 3.36))",
    "geospatial_bounds_crs": "EPSG:4326",
    "standard_name_vocabulary": "CF standard names, version 93",
}
"""What catalogues of data ask for (ACDD 1.3); the box holds the European Netherlands."""


def run(
    scenario: Given | Scenario = "baseline",
    *,
    regions: str = "nl",
    population: str | None = None,
    policies: Sequence[Given] = (),
    explore: bool | None = None,
    parameters: Mapping[str, Any] | None = None,
    origin: int = FIRST_YEAR,
    until: int | None = None,
    step: float | None = None,
    solver: Solver = "rk4",
    debug: bool = False,
    members: int | None = None,
    seed: int = 0,
    full: bool = False,
    by_age: bool | None = None,
    out: str | os.PathLike[str] | None = None,
    client: Any = None,
    progress: bool = False,
) -> xr.Dataset:
    """Run a scenario.

    Parameters
    ----------
    scenario : str or mapping
        A name out of `scenarios`, the path of a YAML file, or a mapping that follows the same schema.
    regions : {"nl", "province", "arbeidsmarktregio"}
        Division of the country: as one region (fast), 12 provinces or 35 labour-market regions.
    population : str, optional
        Population variant, a name out of `populations`; default: that of the scenario.
    policies : sequence of str or mapping
        Measures beside those of the scenario: names or numbers out of `policies`, YAML files of your own, or mappings
        such as ``{"measure": "L31", "strength": 0.003, "start": 2028}``.
    explore : bool, optional
        Use the exploratory range of measures whose effect is unknown (their middle in the central run); else they do
        nothing, and the attribute ``policy_notes`` says so.
    parameters : mapping of str to float or xarray.DataArray, optional
        Parameters that take another value, by name (see `parameters`).
    origin : int
        Year on whose 1 January the run starts: 2024, or one of the past with what was known then (2010, 2013, 2015;
        `regions` "nl", no other population variants).
    until : int, optional
        Last calendar year; default and at most 2050, for a start in the past its tenth year.
    step : float, optional
        A binary fraction of a year; default 1/4 for RK4 and 1/16 for Euler.
    solver : {"rk4", "euler"}
        Fixed-step integrator, restarted at each 1 January.
    debug : bool
        Check after every step that no stock is negative (of the central run).
    members : int, optional
        Run so many members beside the central run, each with its own draw of every parameter that has a range.
    seed : int
        Seed of the draws; a member depends on it and on its own number alone.
    full : bool
        Give every member, not the statistics.
    by_age : bool, optional
        Give the stocks by age too; default: not with `members`, whose size it multiplies by seven.
    out : path-like, optional
        With `members`: file to write, netCDF (.nc) or Zarr (.zarr). A stopped call goes on where it was.
    client : distributed.Client, optional
        With `members`: cluster to run them on.
    progress : bool
        With `members`: show a progress bar if standard error is a terminal.

    Returns
    -------
    xarray.Dataset
        Stocks and indicators by ``time`` (1 January `origin` ... `until` + 1) and flows by ``year``, with ``region``,
        ``sector``, ``sex`` and ``age``; persons unless the attribute ``units`` says otherwise. The attributes hold
        the scenario in full, checksums of model and parameters, and how many numbers have which status. With `members`
        there is ``statistic`` in front: central, mean, q05, q10, q25, q50, q75, q90, q95; with `full` there is
        ``member`` (if it is also written to `out`, the statistics come back).

    Raises
    ------
    ScenarioError
        If a scenario, variant or year does not exist.
    ParameterError
        If a parameter does not exist or does not fit.

    Examples
    --------
    >>> import krapte_sd as ks
    >>> ds = ks.run("baseline", until=2026)
    >>> ds["need_gap"].dims
    ('time', 'region', 'sector')
    """
    from krapte_sd.ensemble import check_call, run_ensemble
    from krapte_sd.scenarios import read_scenario
    from krapte_sd.scenarios.notes import policy_attributes

    chosen = read_scenario(scenario).changed(population, parameters, policies, explore)
    until = _last_year(origin, until)
    if origin != FIRST_YEAR and (chosen.policies or chosen.technology != "trend"):
        raise ScenarioError(f"origin={origin} with measures: they start from 2024 on; remedy: leave them out")
    if origin != FIRST_YEAR and chosen.population != FORECAST:
        raise ScenarioError(
            f"origin={origin} with the population variant '{chosen.population}': variants are of 2024; "
            "remedy: leave the variant out"
        )
    told = {"seed": seed != 0, "full": full, "out": out is not None, "client": client is not None}
    if members is None and any(told.values()):
        given = ", ".join(name for name, there in told.items() if there)
        raise ParameterError(
            f"{given}: for ensembles only; remedy: give members, such as members=1000, or leave it out"
        )
    if members is not None:
        # What can be wrong with the call, before the work.
        check_call(members, seed, out)
    model = model_for(chosen, regions, origin)
    used_step = default_step(solver, model.origin) if step is None else step
    program = model.program((*STATES, *BY_COHORT), FLOWS)
    inputs = model.inputs(program.inputs, origin, until + 1)
    result = program.run(inputs, origin, until + 1, used_step, solver, debug=debug)
    raw = model.labelled(result)
    ds = raw.drop_vars([*BY_COHORT, "cohort"]) if by_age is False else _by_age(raw)
    ds = ds.assign_coords(_sector_names(list(ds["sector"].values)) | _region_names(model))
    ds.attrs.update(_provenance(model, chosen, used_step, solver))
    ds.attrs.update(policy_attributes(model.programme, ds))
    ds.attrs["wage_plausibility"] = wage_plausibility(ds)
    if members is not None:
        return run_ensemble(
            *(model, raw, ds),
            save=(*STATES, *BY_COHORT) if by_age else STATES,
            integrate=FLOWS,
            years=(origin, until + 1),
            step=used_step,
            solver=solver,
            members=members,
            seed=seed,
            full=full,
            out=out,
            finish=_by_age if by_age else None,
            client=client,
            progress=progress,
        )
    return ds


def _last_year(origin: int, until: int | None) -> int:
    """Give the last calendar year of a run, or refuse it."""
    known = (*origins(), FIRST_YEAR)
    if origin not in known:
        raise ScenarioError(f"origin={origin!r}: no start in that year; allowed: {', '.join(map(str, known))}")
    last = LAST_YEAR if origin == FIRST_YEAR else origin + HORIZON - 1
    if until is None:
        return last
    if not isinstance(until, int) or not origin <= until <= last:
        raise ScenarioError(
            f"until={until!r}: the last calendar year must be a whole number between {origin} and {last}"
        )
    return until


def model_for(scenario: Scenario, regions: str = "nl", origin: int = FIRST_YEAR) -> LoadedModel:
    """Give the shipped model with the parameters of a scenario, for a division of the country and a start."""
    shipped = load_model(regions=regions, origin=origin)
    assert shipped.parameters is not None
    return shipped.with_parameters(scenario.apply(shipped.parameters)).with_programme(scenario.programme())


def _by_age(ds: xr.Dataset) -> xr.Dataset:
    """Replace the stocks by cohort by stocks by completed age; exact on 1 January.

    A cohort born in calendar year c has completed age Y - c - 1 on 1 January of Y. All who are 100 and over, and those
    born before the first cohort, stand at 100.
    """
    import xarray as xr

    born = np.array([int(str(label)[1:]) for label in ds["cohort"].values])
    years = ds["time"].dt.year.values
    age = np.minimum(years[:, None] - born - 1, OLDEST)
    for name, new in BY_COHORT.items():
        stock = ds[name].values
        by_age = np.zeros((OLDEST + 1, *stock.shape[:-1]))
        for t in range(len(years)):
            alive = age[t] >= 0
            np.add.at(by_age[:, t], age[t][alive], np.moveaxis(stock[t], -1, 0)[alive])
        dims = (*ds[name].dims[:-1], "age")
        told = ds[name].attrs
        attrs = {**told, "long_name": f"{told['long_name']} by completed age"}
        attrs["description"] = told["description"].replace("year of birth", "completed age on 1 January")
        ds[new] = xr.DataArray(np.moveaxis(by_age, 0, -1), dims=dims, attrs=attrs)
    ds = ds.drop_vars([*BY_COHORT, "cohort"])
    attrs = {"long_name": "completed age on 1 January", "units": "year"}
    return ds.assign_coords(age=("age", np.arange(OLDEST + 1), attrs))


def _sector_names(codes: list[str]) -> dict[str, Any]:
    """Give the names of the sections, English and Dutch, as coordinates."""
    with (parameters_folder() / "codes" / "sectors.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    told = {"sector_name": ("name", "section of SBI 2008"), "sector_name_nl": ("name_nl", "sectie van SBI 2008")}
    return {
        new: ("sector", [rows[c][column] for c in codes], {"long_name": label}) for new, (column, label) in told.items()
    }


def wage_plausibility(ds: xr.Dataset) -> str:
    """Say whether the wages that a forecast needs can be believed.

    Parameters
    ----------
    ds : xarray.Dataset
        With ``mean_wage_pressure`` by ``time``, log of the mean wage over its trend.

    Returns
    -------
    str
        Begins with ``plausible`` or ``not plausible``.
    """
    above = np.expm1(np.asarray(ds["mean_wage_pressure"].values, np.float64))
    years = ds["time"].dt.year.values
    percent = f"{100 * above.max():.0f}% above its trend in {int(years[above.argmax()])}"
    bound = f"{100 * WAGE_BOUND:.0f}%"
    passed = np.flatnonzero(above >= WAGE_BOUND)
    if not passed.size:
        return f"plausible: the mean wage is at most {percent}, below {bound}"
    first = int(years[passed[0]])
    return f"not plausible from {first} on: the mean wage is up to {percent}, {bound} and more: demand is set too high"


def _region_names(model: LoadedModel) -> dict[str, Any]:
    """Give the names of the regions as a coordinate."""
    assert model.regions is not None
    return {"region_name": ("region", list(model.regions.names), {"long_name": f"region of '{model.regions.name}'"})}


def _provenance(model: LoadedModel, scenario: Scenario, step: float, solver: Solver) -> dict[str, Any]:
    """Say in the attributes what was run with what."""
    from importlib.metadata import version

    tables = model.parameters
    assert tables is not None
    counts = tables.status_counts()
    release = version("krapte_sd")
    return {
        "title": f"Forecast of the Dutch labour shortage: {scenario.title}",
        "summary": (
            "Stocks on 1 January and flows per calendar year of a system-dynamics model of population, labour-market "
            "status, vacancies and demand for labour in the Netherlands, by section of SBI 2008."
        ),
        "source": f"krapte_sd {release}",
        "license": "BSD-3-Clause for the model; figures keep the licences of their sources, see the documentation",
        **_DISCOVERY,
        "product_version": release,
        "id": f"krapte_sd-{release}-{scenario.name}-{tables.sha256[:12]}",
        "references": "\n".join(tables.citations()),
        "scenario": scenario.text(),
        "model_sha256": model.equations.sha256,
        "parameters_sha256": tables.sha256,
        "solver": solver,
        "step_years": step,
        "parameter_status_counts": "; ".join(f"{status}: {n}" for status, n in sorted(counts.items())),
    }


def variables() -> pd.DataFrame:
    """List the variables of the shipped model.

    Returns
    -------
    pandas.DataFrame
        Columns name, kind, module, dimensions, unit, definition, in_forecast (``state``, ``flow`` or empty).
    """
    import pandas as pd

    equations = load_model().equations
    where = dict.fromkeys(STATES, "state") | dict.fromkeys(FLOWS, "flow")
    where |= {name: f"as {new}" for name, new in BY_COHORT.items()}
    rows = [
        (v.name, v.kind, v.group, ", ".join(map(dimension_name, v.dimensions)), v.unit, v.doc, where.get(v.name, ""))
        for v in equations.variables.values()
    ]
    return pd.DataFrame(rows, columns=["name", "kind", "module", "dimensions", "unit", "definition", "in_forecast"])
