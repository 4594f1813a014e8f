"""The back-test by region: shares known at the origin, times what is said of the country."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from krapte_sd.backtest import regional
from krapte_sd.backtest.outcomes import GROUPS, Past, past
from krapte_sd.parameters.observations import Observations, read_observations

ORIGIN, AHEAD = 2015, 10
GROWTH = 1.01


@pytest.fixture(scope="module")
def observed() -> Observations:
    return read_observations()


def forecasts(observed: Observations, origin: int = ORIGIN) -> pd.DataFrame:
    """Forecasts with a country in which each group grows by one percent a year from the year before the origin."""
    group = past(observed.before(origin), origin)["employed_by_group"]
    nation = {"even": group.values[:, -1:] * GROWTH ** np.arange(1, AHEAD + 1)}
    return regional.regional_forecasts(origin, origin + AHEAD, observed, nation, group)


@pytest.mark.parametrize("origin", [2010, 2013, 2015])
def test_changing_what_happened_later_changes_no_forecast(observed: Observations, origin: int) -> None:
    table = observed.table.copy()
    early = table["period"].str[:4].replace("", "0").astype(int) < origin
    table["value"] = table["value"].where(early, 3.0 * table["value"] + 12_345.0)
    changed = Observations(table, observed.info, observed.sources)
    true, false = (
        each[each["method"] != regional.SHARES_ONLY].reset_index(drop=True)
        for each in (forecasts(observed, origin), forecasts(changed, origin))
    )
    pd.testing.assert_frame_equal(true.drop(columns="actual"), false.drop(columns="actual"), check_exact=True)
    assert not np.isclose(true["actual"], false["actual"]).any()


@pytest.mark.parametrize(
    ("origin", "areas", "provinces"),
    [(2010, set(), {1, 6, 8}), (2013, {3, 7}, {3, 5}), (2015, {1, 5, 9, 10}, {1, 3})],
)
def test_horizons_are_those_of_the_published_years(
    observed: Observations, origin: int, areas: set[int], provinces: set[int]
) -> None:
    found = forecasts(observed, origin)
    for target, horizons in ((regional.AREAS, areas), (regional.PROVINCES, provinces)):
        assert set(found.loc[found["target"] == target, "horizon"]) == horizons


def test_a_cell_by_hand(observed: Observations) -> None:
    found = forecasts(observed).set_index(["target", "unit", "year", "method"]).sort_index()
    group = past(observed.before(ORIGIN), ORIGIN)["employed_by_group"]
    at = list(GROUPS).index("F")
    now, then = group.values[at, -1], group.values[at, group.years.tolist().index(2010)]
    jobs = {
        year: observed.value("employee_jobs_by_region", region="CR23", sector="F", period=f"{year}-12")
        for year in (2010, 2019)
    }
    cell = found.loc[(regional.AREAS, "CR23 F", 2019)]
    assert cell.loc["even", "mean"] == pytest.approx(jobs[2010] * now / then * GROWTH**5, rel=1e-12)
    assert cell.loc["random_walk", "mean"] == cell.loc["even", "last"] == jobs[2010]
    assert cell.loc[regional.SHARES_WALK, "mean"] == pytest.approx(jobs[2010] * now / then, rel=1e-12)
    assert cell.loc["even", "actual"] == jobs[2019]


def test_shares_with_the_true_growth_of_the_country_have_no_bias(observed: Observations) -> None:
    found = forecasts(observed)
    alone = found[found["method"] == regional.SHARES_ONLY].copy()
    alone["group"] = alone["unit"].str.split().str[1]
    sums = alone.groupby(["target", "year", "group"])[["mean", "actual"]].sum()
    np.testing.assert_allclose(sums["mean"], sums["actual"], rtol=1e-12)
    assert (alone["mean"] - alone["actual"]).abs().sum() > 0.02 * alone["actual"].sum()


def test_the_line_of_a_province_goes_through_its_years(observed: Observations) -> None:
    known = regional.cells(observed.before(ORIGIN), regional.PROVINCES)
    assert known is not None
    assert known.years.tolist() == [2000, 2005, 2010]
    cell = known.values[3, 2]
    slope, level = np.polyfit([2000, 2005, 2010], cell, 1)
    assert known.line(2017)[3, 2] == pytest.approx(slope * 2017 + level, rel=1e-9)
    falling = regional.Cells(("PV20",), np.array([2000, 2010]), np.array([[[100.0, 10.0]]]))
    assert falling.line(2030)[0, 0] == pytest.approx(0.1)


def test_suppressed_cells_are_left_out(observed: Observations) -> None:
    found = forecasts(observed)
    counted = found[(found["target"] == regional.AREAS) & (found["method"] == "even")].groupby("year").size()
    assert counted.to_dict() == {2015: 396, 2019: 400, 2023: 400, 2024: 400}
    assert np.isfinite(found[["mean", "actual", "last"]]).all(axis=None)


def test_nothing_known_gives_no_rows(observed: Observations) -> None:
    group = Past(tuple(GROUPS), np.arange(1995, 2000), np.ones((len(GROUPS), 5)))
    assert regional.regional_forecasts(2000, 2010, observed, {}, group).empty
