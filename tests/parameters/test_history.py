"""Starts in the past: what they rest on, and that nothing later than the origin enters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tools.parameters import history, history_population, vacancies
from tools.parameters.labour_profiles import labour_profiles

import krapte_sd as ks
from krapte_sd.errors import ParameterError, ScenarioError
from krapte_sd.parameters import history as starts
from krapte_sd.parameters import read_parameters
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.observations import Observations, read_observations


@pytest.fixture(scope="module")
def observed() -> Observations:
    return read_observations()


@pytest.fixture(scope="module")
def run_2015() -> xr.Dataset:
    return ks.run("baseline", origin=2015)


def scrambled(observed: Observations, origin: int) -> Observations:
    """Change every figure about the origin or later beyond recognition."""
    early = observed.before(origin).table
    keys = ["series", "region", "sector", "sex", "age", "period"]
    known = set(map(tuple, early[keys].itertuples(index=False)))
    table = observed.table.copy()
    late = np.array([tuple(row) not in known for row in table[keys].itertuples(index=False)])
    assert late.sum() > 10_000
    table.loc[late, "value"] = 7.0 * table.loc[late, "value"] + 1e5
    return Observations(table, observed.info, observed.sources)


@pytest.mark.parametrize("origin", history.ORIGINS)
def test_no_later_figure_reaches_the_tables_of_an_origin(observed: Observations, origin: int) -> None:
    """All that the derivation reads is `before(origin)`, and that does not depend on later figures."""
    true, false = observed.before(origin), scrambled(observed, origin).before(origin)
    pd.testing.assert_frame_equal(true.table, false.table)
    dated = true.table[true.table["period"] != ""]
    assert dated["period"].str[:4].astype(int).max() == origin  # 1 January of the origin itself
    at_origin = dated[dated["period"].str.startswith(str(origin))]
    assert set(at_origin["series"]) == {"residents_by_age", "residents_surplus"} & set(at_origin["series"])
    assert set(at_origin["period"]) == {f"{origin}-01"}


def test_the_tables_of_an_origin_come_from_scrambled_figures_as_well(observed: Observations) -> None:
    """The steps before the search for rates, done again on changed later figures, give the shipped tables."""
    known = scrambled(observed, 2013).before(2013)
    shipped = read_parameters(parameters_folder() / "history" / "2013")
    found = vacancies.vacancies(known, history.window(known, 2013))
    np.testing.assert_allclose(shipped.values("initial_vacancies").values[0], found.open, rtol=1e-8)
    np.testing.assert_allclose(shipped.values("normal_duration").values, found.duration, rtol=1e-8)
    population = history_population.past(known, 2013).residents[-1]
    np.testing.assert_allclose(shipped.values("initial_population").values[0], population, rtol=1e-8)
    profiles = labour_profiles(known, population, history.survey(known, 2013))
    employed = shipped.values("initial_employed").values[0]
    np.testing.assert_allclose(employed, profiles.share * profiles.employed, rtol=1e-4, atol=1e-6)
    path = shipped.values("aow_age").values
    np.testing.assert_allclose(path - path[0], history.retirement_shift(known, 2013)[1], rtol=1e-5, atol=1e-6)


def test_a_start_in_the_past_has_the_figures_of_the_time(run_2015: xr.Dataset, observed: Observations) -> None:
    first = run_2015.isel(time=0)
    employed = observed.series("employed_by_section", sector="A-U", period="2014")["value"].sum()
    # beside the survey, which ends at 75, a few thousand of 75 and 76 are still at work
    assert float(first["employed_total"].sum()) == pytest.approx(employed, rel=5e-4)
    unemployed = observed.value("unemployed_quarterly", period="2014Q4", sex="total")
    assert float(first["unemployed_total"].sum()) == pytest.approx(unemployed, rel=1e-3)
    assert 16.8e6 < float(first["population_total"].sum()) < 17.0e6
    assert run_2015["time"].dt.year.values[[0, -1]].tolist() == [2015, 2025]


@pytest.mark.parametrize("origin", history.ORIGINS)
def test_vacancies_of_a_slump_rise_to_what_growth_asks_for_and_settle(origin: int) -> None:
    """Without the recovery too, as docs/validation.md says: by a fifth to a third in the first year, then ever less."""
    tables = ks.load_model(origin=origin).parameters
    assert tables is not None
    still = {"cyclical_shortfall": 0 * tables.values("cyclical_shortfall")}
    openings, recovering = (
        ks.run("baseline", origin=origin, parameters=given, until=origin + 2)["vacancies_total"].sum("region").values
        for given in (still, {})
    )
    rise = np.diff(np.log(openings))
    assert 0.2 < openings[1] / openings[0] - 1 < 1 / 3
    assert np.all(rise[1:] < 0.6 * rise[:-1])
    assert recovering[0] == openings[0]
    assert recovering[1] > openings[1]


def test_nobody_appears_in_a_start_in_the_past(run_2015: xr.Dataset) -> None:
    people = run_2015["population_total"].sum("region").values
    flows = run_2015["births"] - run_2015["deaths_total"].values + run_2015["net_migration"].values
    np.testing.assert_allclose(np.diff(people), flows.sum("region").values, rtol=1e-9, atol=1e-3)
    by_age = run_2015["employed_by_age"].sum(["region", "sector", "sex"])
    assert float(by_age.sel(age=slice(0, 14)).sum() + by_age.sel(age=slice(80, 100)).sum()) < 1e-3


def test_the_base_year_is_as_without_an_origin() -> None:
    bare, named = ks.load_model(), ks.load_model(origin=2024)
    assert named is bare
    assert bare.equations.dimensions["Cohort"] == tuple(starts.cohort_labels(2024))


def test_what_is_borrowed_from_the_base_year_stands_still() -> None:
    base = read_parameters()
    past = starts.at_origin(base, 2010)
    names = starts.borrowed(2010, base)
    assert {"wage_response", "posting_time", "service_use_per_head", "lapse_share"} <= set(names)
    assert not {"initial_employed", "normal_duration", "trend_output_growth", "aow_age"} & set(names)
    for name in names:
        if "year" in past[name].meta.dimensions and not past[name].meta.sparse:
            values = past.values(name)
            assert values["year"].values.tolist() == list(range(2010, 2021))
            np.testing.assert_array_equal(values.values, np.broadcast_to(values.isel(year=[0]), values.shape))


def test_bad_origins_are_refused_with_a_remedy() -> None:
    with pytest.raises(ScenarioError, match=r"origin=2012: no start in that year; allowed: 2010, 2013, 2015, 2024"):
        ks.run("baseline", origin=2012)
    with pytest.raises(ScenarioError, match=r"until=2030: .* between 2015 and 2024"):
        ks.run("baseline", origin=2015, until=2030)
    with pytest.raises(ScenarioError, match="variants are of 2024"):
        ks.run("baseline", origin=2015, population="groei")
    with pytest.raises(ParameterError, match="of the country as one region; remedy: leave regions out"):
        ks.load_model(regions="province", origin=2015)
    with pytest.raises(ParameterError, match="allowed: 2010, 2013, 2015, 2024"):
        ks.load_model(origin=1999)
