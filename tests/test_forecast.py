"""The forecast as a dataset: dimensions, labels, ages, provenance, and what it refuses."""

import numpy as np
import pytest
import xarray as xr

import krapte_sd as ks
from krapte_sd.errors import ParameterError, ScenarioError, SolverError
from krapte_sd.forecast import BY_COHORT, FLOWS, OLDEST, STATES, model_for
from krapte_sd.scenarios import read_scenario

SECTORS = list("ABCDEFGHIJKLMNOPQRS")


@pytest.fixture(scope="module")
def ds() -> xr.Dataset:
    return ks.run("baseline")


@pytest.fixture(scope="module")
def tables():
    return ks.load_model().parameters


def test_what_is_in_it(ds):
    assert set(ds.data_vars) == {*STATES, *FLOWS, *BY_COHORT.values()}
    assert dict(ds.sizes) == {
        "time": 28, "year": 27, "bounds": 2, "region": 1, "sector": 19, "sex": 2, "age": 101, "task": 4,
        "migrant_group": 5,
    }  # fmt: skip
    assert [str(each)[:10] for each in ds["time"].values] == [f"{year}-01-01" for year in range(2024, 2052)]
    assert ds["year"].values.tolist() == list(range(2024, 2051))
    assert (ds["year_bounds"].values[:, 0] == ds["time"].values[:-1]).all()
    assert (ds["year_bounds"].values[:, 1] == ds["time"].values[1:]).all()
    assert ds["sector"].values.tolist() == SECTORS
    assert ds["sex"].values.tolist() == ["female", "male"]
    assert ds["age"].values.tolist() == list(range(101))
    assert "cohort" not in ds.dims


def test_stocks_stand_on_a_day_and_flows_on_a_year(ds):
    for name in (*STATES, *BY_COHORT.values()):
        national = name in (
            "mean_wage_pressure",
            "closure_factor",
            "expected_labour_supply_in_the_country",
            "programme_delivery",
        )
        first = ("time",) if national else ("time", "sector") if name == "in_retraining" else ("time", "region")
        assert ds[name].dims[:2] == first, name
    for name in FLOWS:
        assert ds[name].dims[:2] == ("year", "region"), name
    assert ds["need_gap"].dims == ("time", "region", "sector")
    assert ds["hires"].dims == ("year", "region", "sector")
    assert ds["population_by_age"].dims == ("time", "region", "sex", "age")
    assert ds["employed_by_age"].dims == ("time", "region", "sector", "sex", "age")


def test_every_variable_says_what_it_is(ds):
    variables = ks.load_model().equations.variables
    for name, values in ds.data_vars.items():
        for key in ("long_name", "units", "description"):
            assert values.attrs[key], f"{name} has no {key}"
        assert values.dtype == np.float64
        assert np.isfinite(values).all(), name
    for name in STATES:
        assert ds[name].attrs["units"] == variables[name].unit
        assert ds[name].attrs["description"] == variables[name].doc
    for name in FLOWS:
        # A flow over a year is an amount.
        assert ds[name].attrs["units"] == variables[name].unit.removesuffix("/Year"), name
        assert variables[name].unit.endswith("/Year"), name
    assert ds["age"].attrs["units"] == "year"
    assert ds["need_gap_in_hours"].attrs["units"] == "hour/Year"


def test_ages_add_up(ds):
    by_age = ds["population_by_age"].sum(("sex", "age"))
    np.testing.assert_allclose(by_age, ds["population_total"], rtol=1e-13)
    np.testing.assert_allclose(ds["employed_by_age"].sum(("sex", "age")), ds["employed_in_sector"], rtol=1e-12)
    np.testing.assert_allclose(ds["unemployed_by_age"].sum(("sex", "age")), ds["unemployed_total"], rtol=1e-12)
    ages = ds["population_by_age"].sel(age=slice(15, 74)).sum(("sex", "age"))
    np.testing.assert_allclose(ages, ds["working_age_population"], rtol=1e-12)


def test_ages_are_those_of_the_tables_at_the_start(ds, tables):
    start = tables.values("initial_population")
    found = ds["population_by_age"].isel(time=0).sel(age=start["age"])
    np.testing.assert_array_equal(found.transpose(*start.dims), start)


def test_a_cohort_grows_one_year_older_each_year(ds):
    """The women of 30 on 1 January 2024 are 56 in 2050: fewer by deaths, other by migration, of the same size."""
    women = ds["population_by_age"].sel(region="NL", sex="female")
    path = [float(women.isel(time=k).sel(age=30 + k)) for k in range(28)]
    steps = np.diff(path) / path[:-1]
    assert np.abs(steps).max() < 0.03
    # One wrong step in age would put them beside the smaller cohorts of 1994 + 5.
    other = [float(women.isel(time=k).sel(age=min(30 + 2 * k, 100))) for k in range(28)]
    assert np.abs(np.diff(other) / other[:-1]).max() > 0.05


def test_the_newborn_are_those_of_the_year(ds):
    born = ds["births"].sum("region").values
    infants = ds["population_by_age"].sel(age=0).sum(("region", "sex")).values[1:]
    # Some die or leave and some arrive before their first 1 January.
    assert (np.abs(infants / born - 1) < 0.02).all()


def test_the_oldest_stand_together(ds):
    oldest = ds["population_by_age"].sel(age=OLDEST).sum(("region", "sex")).values
    assert (oldest > 1000).all()
    nine_and_ninety = ds["population_by_age"].sel(age=OLDEST - 1).sum(("region", "sex")).values
    assert (oldest < 3 * nine_and_ninety).all()


def test_the_headline_is_the_sum_of_its_parts(ds):
    parts = ds["structural_shortage"] + ds["suppressed_shortage"]
    scale = float(ds["labour_needed"].max())
    assert float(np.abs(ds["need_gap"] - parts).max()) < 1e-12 * scale
    assert float(np.abs(ds["need_gap"] - (ds["labour_needed"] - ds["employed_in_sector"])).max()) < 1e-12 * scale
    assert bool((ds["labour_force"] == ds["employed_total"] + ds["unemployed_total"]).all())
    tightness = 100 * ds["vacancies_total"] / ds["unemployed_total"]
    np.testing.assert_allclose(ds["tightness"], tightness, rtol=1e-14)


def test_stocks_change_by_the_flows(ds):
    def change(name):
        return np.diff(ds[name].values, axis=0)

    people = ds["births"] - ds["deaths_total"] + ds["net_migration"]
    np.testing.assert_allclose(change("population_total"), people, atol=1e-12 * 2e7)
    vacancies = ds["vacancies_opened"] - ds["vacancy_hires"] - ds["vacancies_lapsed"]
    np.testing.assert_allclose(change("vacancies"), vacancies, atol=1e-12 * 1e6)
    np.testing.assert_allclose(change("employed_in_sector"), ds["expansion_demand"], atol=1e-12 * 1e7)


def test_provenance(ds, tables):
    attrs = ds.attrs
    assert attrs["title"] == "Forecast of the Dutch labour shortage: Baseline"
    assert (attrs["solver"], attrs["step_years"]) == ("rk4", 0.25)
    assert attrs["source"].startswith("krapte_sd ")
    assert attrs["model_sha256"] == ks.load_model().equations.sha256
    assert attrs["parameters_sha256"] == tables.sha256
    counts = dict(each.split(": ") for each in attrs["parameter_status_counts"].split("; "))
    assert {name: int(n) for name, n in counts.items()} == tables.status_counts()
    assert "name: baseline" in attrs["scenario"]
    assert "population: prognose" in attrs["scenario"]


def test_provenance_tells_of_changes(ds):
    changed = ks.run("baseline", population="groen", parameters={"wage_response": 0.03}, until=2024, solver="euler")
    assert "population: groen" in changed.attrs["scenario"]
    assert "wage_response: 0.03" in changed.attrs["scenario"]
    assert (changed.attrs["solver"], changed.attrs["step_years"]) == ("euler", 0.0625)
    assert changed.attrs["parameters_sha256"] != ds.attrs["parameters_sha256"]
    assert changed.attrs["model_sha256"] == ds.attrs["model_sha256"]
    assert changed.attrs["parameter_status_counts"] != ds.attrs["parameter_status_counts"]


@pytest.mark.parametrize("until", [2024, 2030])
def test_until(until):
    short = ks.run("baseline", until=until)
    assert short["year"].values.tolist() == list(range(2024, until + 1))
    assert short.sizes["time"] == until - 2024 + 2


@pytest.mark.parametrize("variant", ks.populations()["name"].tolist())
def test_every_population_variant_runs(ds, variant):
    changed = ks.run("baseline", population=variant, debug=True)
    total = float(changed["population_total"][-1].sum())
    migration = dict(zip(*(ks.populations()[c] for c in ("name", "net_migration")), strict=True))
    forecast = float(ds["population_total"][-1].sum())
    if migration[variant] > 100_000:
        assert total > forecast * 1.02
    elif migration[variant] < 50_000:
        assert total < forecast * 0.98
    else:
        assert 0.9 < total / forecast < 1.1
    # What is observed stays: the variants part after 2024.
    first = ("population_total", "employed_total", "vacancies_total")
    assert all(float(changed[n][0].sum()) == float(ds[n][0].sum()) for n in first)


def test_parameters_given_as_an_array(tables):
    rate = tables.values("retirement_rate")
    more = ks.run("baseline", parameters={"retirement_rate": rate * 1.1}, until=2025)
    less = ks.run("baseline", until=2025)
    assert float(more["retirements_in_sector"].sum()) > float(less["retirements_in_sector"].sum())


BAD = [
    ({"scenario": "baselin"}, ScenarioError, "or a .yaml file; did you mean 'baseline'?"),
    ({"population": "groe"}, ScenarioError, "unknown population variant 'groe'; allowed: prognose, groei, krimp, "
     "groen, grijs, arbeid, asiel, lage_migratie; did you mean 'groe"),
    ({"parameters": {"wage_respons": 0.1}}, ParameterError, "unknown parameter; found 'wage_respons'; allowed: the "),
    ({"parameters": {"wage_respons": 0.1}}, ParameterError, "did you mean 'wage_response'?"),
    ({"parameters": {"turnover": 1.0}}, ParameterError, "turnover: a number is not repeated over the dimensions "
     "[sector]; found '1.0'; remedy: give an xarray.DataArray"),
    ({"parameters": {"wage_response": np.nan}}, ParameterError, "wage_response: a value is not a finite number"),
    ({"parameters": {"wage_response": "0.1"}}, ParameterError, "wage_response: neither an array nor a number"),
    ({"until": 2051}, ScenarioError, "until=2051: the last calendar year must be a whole number between"),
    ({"until": 2023}, ScenarioError, "until=2023: the last calendar year must be a whole number between 2024 and 2050"),
    ({"step": 0.3}, ParameterError, "step must be 1, 1/2, 1/4, ... 1/4096 of a year, found 0.3"),
    ({"solver": "rk5"}, ParameterError, "found 'rk5'; did you mean 'rk"),
    ({"step": 0.0}, ParameterError, "step must be 1, 1/2, 1/4, ... 1/4096 of a year, found 0.0"),
    ({"population": ""}, ScenarioError, "unknown population variant ''"),
    ({"until": 2030.5}, ScenarioError, "until=2030.5: the last calendar year must"),
    ({"until": "2030"}, ScenarioError, "until='2030': the last calendar year must"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "kind", "message"), BAD)
def test_bad_calls(arguments, kind, message):
    with pytest.raises(kind) as caught:
        ks.run(**arguments)
    assert message in str(caught.value)


def test_what_the_step_cannot_follow_is_refused_with_the_step_that_can():
    """Two fifths of all tasks handed to machines in each year."""
    machines = {"lever_automation": 0.4}
    with pytest.raises(
        SolverError, match=r"not finite; remedy: a shorter step than 0\.25, such as 0\.125, or less ext"
    ):
        ks.run("baseline", parameters=machines, until=2027)
    shorter = ks.run("baseline", parameters=machines, until=2027, step=1 / 8)
    assert np.isfinite(shorter["need_gap"].values).all()


def test_all_wrong_parameters_in_one_message():
    with pytest.raises(ParameterError) as caught:
        ks.run("baseline", parameters={"wage_respons": 1.0, "turnover": 1.0, "layoff_time": np.inf})
    assert len(caught.value.problems) == 3


def test_a_parameter_that_the_variant_sets_is_refused(tables):
    net = {"net_migration_assumed": tables.values("net_migration_assumed")}
    with pytest.raises(ScenarioError, match="net_migration_assumed is given as a parameter and set by the population"):
        ks.run("baseline", population="groei", parameters=net)
    # The forecast sets nothing.
    assert ks.run("baseline", parameters=net, until=2024).sizes["year"] == 1


def test_the_shipped_tables_are_left_alone(tables):
    before = tables.sha256, float(tables.values("wage_response"))
    model = model_for(read_scenario("baseline").changed(parameters={"wage_response": 0.03}))
    assert float(model.parameters.values("wage_response")) == 0.03
    assert (tables.sha256, float(tables.values("wage_response"))) == before
    assert ks.load_model().parameters is tables
