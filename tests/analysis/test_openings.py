"""Job openings: accounts that close, and cases worked out by hand."""

import numpy as np
import pytest
import xarray as xr

import krapte_sd as ks
from krapte_sd.errors import ParameterError
from krapte_sd.forecast import wage_plausibility


@pytest.fixture(scope="module")
def forecast():
    return ks.run("baseline")


@pytest.fixture(scope="module")
def openings(forecast):
    return ks.job_openings(forecast)


def test_whole_periods_of_five_years(openings):
    assert openings["period"].values.tolist() == [2024, 2029, 2034, 2039, 2044]


def test_expansion_is_the_change_of_employment(openings, forecast):
    staff = forecast["employed_in_sector"].sum("region")
    change = staff.sel(time="2029-01-01").values - staff.sel(time="2024-01-01").values
    np.testing.assert_allclose(openings["expansion"].sel(period=2024), change, rtol=1e-9, atol=1e-6)


def test_openings_are_newcomers_and_parts_make_the_hires(openings):
    newcomers = openings["expansion"] + openings["outflow"]
    np.testing.assert_allclose(openings["openings"], newcomers, rtol=1e-12)
    parts = openings["openings"] + openings["mobility"] + openings["turnover"]
    np.testing.assert_allclose(parts, openings["hires"], rtol=1e-12)
    for name in ("outflow", "replacement", "openings", "mobility", "hires"):
        assert float(openings[name].min()) >= 0, name


def test_most_openings_replace_people(openings):
    # As in every outlook of ROA: replacement is the larger part, and older staff makes it larger.
    first = openings.sel(period=2024)
    assert float(first["replacement"].sum() / first["openings"].sum()) > 0.7
    assert (openings["replacement_of_country"] < openings["replacement"].sum("sector")).all()


def case(before, after):
    ages = np.zeros((2, 1, 1, 1, 101))
    for at, cells in enumerate((before, after)):
        for age, people in cells.items():
            ages[at, 0, 0, 0, age] = people
    stocks = np.repeat(ages, [5, 1], axis=0)
    time = np.array([f"{year}-01-01" for year in range(2024, 2030)], dtype="datetime64[ns]")
    by_year = (("year", "region", "sector"), np.full((5, 1, 1), 10.0))
    by_time = (("time", "region", "sector"), np.zeros((6, 1, 1)))
    names = {"hires": by_year, "job_leavers": by_year, "employed_in_sector": by_time}
    names |= dict.fromkeys(("labour_replaced_by_automation", "posts_offshored"), by_time)
    data = {"employed_by_age": (("time", "region", "sector", "sex", "age"), stocks), **names}
    return xr.Dataset(data, {"time": time, "year": np.arange(2024, 2029), "sector": ["A"], "age": np.arange(101)})


@pytest.mark.parametrize(
    ("before", "after", "expansion", "replacement", "openings"),
    [
        # Ten of sixty leave, twenty young ones come: ten more.
        ({60: 30, 20: 40}, {65: 20, 25: 60}, 10, 10, 20),
        # Twenty leave and five come: the sector shrinks by fifteen, which are not replaced.
        ({60: 30, 20: 40}, {65: 10, 25: 45}, -15, 5, 5),
        # Nobody comes or goes.
        ({60: 30}, {65: 30}, 0, 0, 0),
        # The oldest stand together.
        ({97: 3, 100: 2}, {100: 1}, -4, 0, 0),
    ],
)
def test_cases_by_hand(before, after, expansion, replacement, openings):
    found = ks.job_openings(case(before, after)).isel(period=0, sector=0)
    assert float(found["expansion"]) == expansion
    assert float(found["replacement"]) == replacement
    assert float(found["openings"]) == openings
    assert float(found["hires"]) == 50


def test_a_forecast_without_ages_or_too_short_is_refused(forecast):
    with pytest.raises(ParameterError, match="lacks employed_by_age; remedy: give a forecast of run with by_age=True"):
        ks.job_openings(forecast.drop_vars("employed_by_age"))
    with pytest.raises(ParameterError, match="the forecast has 2 years; allowed: 5 and more"):
        ks.job_openings(forecast.isel(time=slice(0, 3), year=slice(0, 2)))


def test_a_run_says_whether_its_wages_can_be_believed(forecast):
    assert forecast.attrs["wage_plausibility"] == wage_plausibility(forecast)
    path = forecast[["mean_wage_pressure"]]
    assert wage_plausibility(path * 0).startswith("plausible: the mean wage is at most 0% above its trend in 2024")
    steep = path * 0 + np.log1p(np.linspace(0, 0.54, path.sizes["time"]))
    found = wage_plausibility(steep)
    assert found.startswith("not plausible from 2034 on: the mean wage is up to 54% above its trend in 2051")
