"""Calibration: known parameters come back from synthetic figures, and what the figures cannot tell is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from krapte_sd import calibration
from krapte_sd.backtest.outcomes import past
from krapte_sd.backtest.run import start_points, targets
from krapte_sd.ensemble.points import Points
from krapte_sd.errors import ParameterError
from krapte_sd.parameters import history, observations

ORIGIN, UNTIL = 2010, 2014
YEARS = UNTIL - ORIGIN + 1


@pytest.fixture(scope="module")
def points() -> Points:
    return start_points(ORIGIN, UNTIL + 1)


def test_known_parameters_come_back_from_synthetic_figures(points: Points) -> None:
    truth = {"separation_rate": 0.4, "posting_time": 0.5, "entry_rate": -0.3}
    figures = calibration.compared(points, {name: np.array([each]) for name, each in truth.items()}, YEARS)[0]
    found = calibration.calibrate(ORIGIN, UNTIL, tuple(truth), figures=figures, prior=100.0, points=points)
    table = found.table.set_index("parameter")
    assert found.fit < 1e-3 < found.fit_before
    model = points.model.parameters
    assert model is not None
    for name, each in truth.items():
        # in the values themselves, not only in the deviations
        half = float(np.mean((model.high(name) - model.low(name)) / 2 / model.values(name)))
        assert 1 + half * table.loc[name, "deviation"] == pytest.approx(1 + half * each, rel=0.05)
        assert table.loc[name, "deviation"] == pytest.approx(each, abs=0.05)
    assert table["identified"].all()


def test_a_parameter_without_effect_is_named(points: Points) -> None:
    """Jobs cannot follow people where the country is one region."""
    names = ("separation_rate", "jobs_follow_people")
    figures = calibration.compared(points, {"separation_rate": np.array([0.3])}, YEARS)[0]
    found = calibration.calibrate(ORIGIN, UNTIL, names, figures=figures, points=points)
    table = found.table.set_index("parameter")
    assert not table.loc["jobs_follow_people", "identified"]
    assert table.loc["jobs_follow_people", "error"] == pytest.approx(1.0)
    assert table.loc["separation_rate", "identified"]
    assert found.eigenvalues[-1] == pytest.approx(0.0, abs=1e-9)
    assert abs(found.directions.iloc[:, -1]["jobs_follow_people"]) == pytest.approx(1.0)


def test_figures_after_the_window_change_no_estimate(points: Points, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("separation_rate", "entry_rate", "reference_tightness")
    true = calibration.calibrate(ORIGIN, UNTIL, names, points=points)
    observed = observations.read_observations()
    for year, same in ((UNTIL + 1, True), (UNTIL, False)):
        table = observed.table.copy()
        early = table["period"].str[:4].replace("", "0").astype(int) < year
        table["value"] = table["value"].where(early, 1.5 * table["value"] + 12_345.0)
        changed = observations.Observations(table, observed.info, observed.sources)
        monkeypatch.setattr(observations, "read_observations", lambda changed=changed: changed)
        other = calibration.calibrate(ORIGIN, UNTIL, names, points=points)
        assert other.table.equals(true.table) == same
        monkeypatch.undo()


def test_estimates_stay_inside_their_ranges_and_say_so(points: Points) -> None:
    figures = calibration.compared(points, {"separation_rate": np.array([1.6])}, YEARS)[0]
    found = calibration.calibrate(ORIGIN, UNTIL, ("separation_rate",), figures=figures, prior=100.0, points=points)
    assert found.table["deviation"].tolist() == [pytest.approx(1.0)]
    assert found.table["at_end"].tolist() == [True]


def test_years_after_the_window_are_scored_with_and_without_estimates() -> None:
    points = start_points(ORIGIN, ORIGIN + 7)
    found = calibration.calibrate(ORIGIN, UNTIL, ("separation_rate", "entry_rate"), points=points)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "HORIZON", 7)
        scores = calibration.judge(ORIGIN, UNTIL, found, points).set_index("target")
        nothing = replace(found, table=found.table.assign(deviation=0.0))
        same = calibration.judge(ORIGIN, UNTIL, nothing, points).set_index("target")
    assert list(scores.index) == list(calibration.ERRORS)
    assert (scores["first"] == UNTIL + 1).all()
    assert (scores["last"] == ORIGIN + 6).all()
    assert (scores["tables"] == same["tables"]).all()
    assert (same["tables"] == same["estimated"]).all()
    assert (scores["tables"] != scores["estimated"]).all()
    run = targets(points.run({"separation_rate": np.zeros(1)}))["unemployed"][0]
    actual = past(observations.read_observations(), ORIGIN)["unemployed"]
    at = slice(UNTIL + 1 - int(actual.years[0]), ORIGIN + 7 - int(actual.years[0]))
    expected = np.abs(run[..., YEARS:7].ravel() - actual.values[0, at]).sum() / actual.values[0, at].sum()
    assert scores.loc["unemployed", "tables"] == pytest.approx(expected)


def test_bad_windows_and_names_are_refused(points: Points) -> None:
    with pytest.raises(ParameterError, match="a window of 1 to 10 years from 2010 on is needed"):
        calibration.calibrate(2010, 2009, points=points)
    with pytest.raises(ParameterError, match=r"'separation_rat' has no range here.*separation_rate"):
        calibration.calibrate(ORIGIN, UNTIL, ("separation_rat",), points=points)
