"""The back-test: nothing later than the origin is used, scores are what they are called, and bad scores stay."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from krapte_sd.backtest import benchmarks, measures, outcomes, regional, run
from krapte_sd.errors import ParameterError
from krapte_sd.parameters.observations import Observations, read_observations

pytestmark = pytest.mark.slow

ORIGIN = 2015
SLOW = ("arima", "ets")


@pytest.fixture(scope="module")
def observed() -> Observations:
    return read_observations()


def later_changed(observed: Observations, origin: int) -> Observations:
    table = observed.table.copy()
    early = table["period"].str[:4].replace("", "0").astype(int) < origin
    table["value"] = table["value"].where(early, 3.0 * table["value"] + 12_345.0)
    return Observations(table, observed.info, observed.sources)


@pytest.fixture(scope="module")
def both(observed: Observations) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecasts from true and from changed later figures, without the slow methods."""
    kept = {name: benchmarks.BENCHMARKS[name] for name in benchmarks.BENCHMARKS if name not in SLOW}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "BENCHMARKS", kept)
        true, false = (
            run.forecasts((ORIGIN,), members=4, observed=each) for each in (observed, later_changed(observed, ORIGIN))
        )
    return true, false


def test_changing_what_happened_later_changes_no_forecast(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    keys = ["target", "origin", "unit", "year", "horizon", "method"]
    # the line with the growth that the groups then had is no forecast
    true, false = (each[each["method"] != regional.SHARES_ONLY].set_index(keys) for each in both)
    shared = true.index.intersection(false.index)
    assert len(shared) == len(true)
    assert set(true.index.get_level_values("target")) == {*outcomes.TARGETS, *regional.REGIONAL}
    for column in ("mean", "spread", "last"):
        np.testing.assert_array_equal(true.loc[shared, column], false.loc[shared, column])
    assert not np.isclose(true.loc[shared, "actual"], false.loc[shared, "actual"]).any()


@pytest.mark.parametrize("name", SLOW)
def test_the_automatic_methods_see_nothing_later(observed: Observations, name: str) -> None:
    before = [outcomes.past(each.before(ORIGIN), ORIGIN) for each in (observed, later_changed(observed, ORIGIN))]
    forecasts = [benchmarks.BENCHMARKS[name](each["unemployed"].values[0], 10) for each in before]
    np.testing.assert_array_equal(forecasts[0].mean, forecasts[1].mean)
    assert (forecasts[0].spread > 0).all()
    assert forecasts[0].spread[-1] > forecasts[0].spread[0]


def test_what_was_known_is_a_part_of_what_happened(observed: Observations) -> None:
    whole, known = outcomes.past(observed, ORIGIN), outcomes.past(observed.before(ORIGIN), ORIGIN)
    for target in outcomes.TARGETS:
        assert known[target].years[-1] == ORIGIN - 1
        cut = whole[target].before(ORIGIN)
        np.testing.assert_allclose(known[target].values, cut.values, rtol=1e-12)
    sections = whole["employed_by_section"].values
    np.testing.assert_allclose(sections.sum(axis=0), whole["employed"].values[0], rtol=1e-12)
    np.testing.assert_allclose(whole["employed_by_group"].values.sum(axis=0), whole["employed"].values[0], rtol=1e-12)
    assert whole["employed_by_section"].years[-1] == 2024
    assert whole["vacancies_by_section"].years[-1] == 2022


def test_the_model_starts_where_the_figures_end(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    own = both[0][(both[0]["method"] == run.MODEL) & (both[0]["horizon"] == 1)]
    for target, tolerance in (("employed_by_group", 0.03), ("employed", 0.01), ("labour_force", 0.01)):
        here = own[own["target"] == target]
        np.testing.assert_allclose(here["mean"], here["last"], rtol=tolerance, err_msg=target)


def test_scores_by_hand() -> None:
    mean, actual, last = np.array([90.0, 220.0]), np.array([100.0, 200.0]), np.array([95.0, 210.0])
    assert measures.weighted_error(mean, actual) == pytest.approx(0.1)
    assert measures.bias(mean, actual) == pytest.approx(10 / 300)
    assert measures.direction(mean, actual, last) == 0.0
    assert np.isnan(measures.direction(last, actual, last))
    assert measures.coverage(mean, np.array([7.0, 15.7]), actual) == 0.5  # 10 > 1.2816 x 7, 20 < 1.2816 x 15.7
    assert measures.crps(mean, np.zeros(2), actual) == pytest.approx(0.1)


@pytest.mark.parametrize(("mean", "spread", "actual"), [(0.0, 1.0, 0.3), (5.0, 2.0, 9.0), (3.0, 0.5, 3.0)])
def test_crps_is_the_integral_it_is_defined_by(mean: float, spread: float, actual: float) -> None:
    below = quad(lambda x: norm.cdf(x, mean, spread) ** 2, -np.inf, actual)[0]
    above = quad(lambda x: norm.sf(x, mean, spread) ** 2, actual, np.inf)[0]
    found = measures.crps(np.array([mean]), np.array([spread]), np.array([actual]))
    assert found == pytest.approx((below + above) / actual, rel=1e-6)


def test_a_random_walk_has_no_skill_over_itself(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "BENCHMARKS", dict.fromkeys(("random_walk", "linear_trend")))
        table = run.scores(both[0])
    walk = table[table["method"] == "random_walk"]
    assert (walk["skill"].abs() < 1e-12).all()
    assert set(table["target"]) == {*outcomes.TARGETS, *regional.REGIONAL}
    banded = ~table["target"].isin(regional.REGIONAL)
    assert table.loc[banded, "coverage"].between(0, 1).all()
    assert table.loc[~banded, ["coverage", "crps"]].isna().all(axis=None)
    assert np.isfinite(table[["wmape", "bias"]]).all(axis=None)
    assert np.isfinite(table.loc[banded, "crps"]).all()


def test_noise_of_a_wandering_level_grows_with_the_root_of_time() -> None:
    steps = np.random.default_rng(5).normal(0.01, 0.03, 400)
    found = benchmarks.structural(10 + np.cumsum(steps), 10).spread
    np.testing.assert_allclose(found, 0.03 * np.sqrt(np.arange(1, 11)), rtol=0.15)
    assert (np.diff(found) > 0).all()


def test_noise_sees_nothing_later_and_is_the_same_each_time(observed: Observations) -> None:
    before = [outcomes.past(each.before(ORIGIN), ORIGIN) for each in (observed, later_changed(observed, ORIGIN))]
    first, second = (benchmarks.structural(np.log(each["employed_by_group"].values[2]), 10).spread for each in before)
    np.testing.assert_array_equal(first, second)


def test_a_wrong_start_is_refused() -> None:
    with pytest.raises(ParameterError, match="origin 2011: no start in that year; allowed: 2010, 2013, 2015"):
        run.backtest([2011])
